"""Whole rules of portfolio margin: identities, an implementation written a second time, and what venues published."""

import json
import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases import AT_LEAST_0, NOTHING, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import portfolio, stress
from perpnotes.contracts import Cash, Contract, Inverse, Linear, Option, Spot
from perpnotes.margin import Tiers
from perpnotes.portfolio import (
    Asset,
    Expiry,
    FloorRule,
    LayeredRule,
    MarginRule,
    Marks,
    ShockRule,
    Skew,
    TierRule,
    Venue,
    compare,
    portfolio_margin,
    published_rule,
    size_charge,
    venues,
)
from perpnotes.stress import Market, listed, published_grid

MARKET = Market({"BTC": 60_000.0, "ETH": 3_000.0, "GOLD": 4_000.0}, {"BTC": 0.5, "ETH": 0.7})
YEARS = 60 / 365
COIN = Market({"BTC": 60_000.0}, {"BTC": 0.5})
FULL = published_rule("derive_pmrm_v1")
SECOND = published_rule("derive_pmrm_v2")
CALL, PUT = Option("BTC", 66_000.0, YEARS), Option("BTC", 66_000.0, YEARS, call=False)
MIXED = [(Linear("BTC"), 1.0), (Spot("BTC"), 0.5), (CALL, -3.0), (Option("BTC", 50_000.0, YEARS, call=False), -1.0)]
CHARGES = {
    "basis_charge": 9.0,
    "basis_charge_year": 90.0,
    "discount_spread": 0.5,
    "perpetual": 0.2,
    "spot": 0.2,
    "short_option": 0.2,
    "trust_charge": 3.0,
    "peg_factor": 20.0,
}


class TestPortfolioMargin:
    def test_without_charges_it_is_the_grid(self) -> None:
        """A rule of scenarios alone asks what `evaluate` finds on the same book, with the same worst cell."""
        for name in ("paradex", "derive_pmrm_v1", "derive_pmrm_v2"):
            ours = portfolio_margin(MIXED, COIN, MarginRule(published_grid(name)))
            grid_only = stress.evaluate(MIXED, COIN, published_grid(name))
            assert (ours.initial, ours.maintenance) == pytest.approx(
                (grid_only.initial, grid_only.maintenance), rel=1e-12
            )
            assert ours.worst.index == grid_only.worst.index

    @pytest.mark.parametrize("size", [2.0, -2.0])
    def test_a_perpetual_alone_in_closed_form(self, size: float) -> None:
        """The edge of the grid on its own mark, the charge on the index: 20% and 3%; initially 1.25 times that."""
        account = portfolio_margin([(Linear("BTC"), size)], COIN, FULL, Marks(perpetual=60_300.0), unsettled=-7.0)
        assert account.maintenance == pytest.approx(2 * (0.20 * 60_300 + 0.03 * 60_000), rel=1e-12)
        assert account.initial == pytest.approx(1.25 * account.maintenance, rel=1e-12)
        assert (account.equity, account.binding) == (-7.0, "scenario")

    def test_a_synthetic_forward_in_closed_form(self) -> None:
        """Long call, short put is F - K whatever the volatility: no option is naked, and the forward alone costs 5%."""
        market = replace(COIN, implied={CALL: 0.4, PUT: 0.4})
        quoted = Marks(expiries={YEARS: Expiry(61_000.0)})
        account = portfolio_margin([(CALL, 1.0), (PUT, -1.0)], market, FULL, quoted)
        assert account.mark_to_market == pytest.approx(61_000 - 66_000, rel=1e-10)
        assert account.units[0].contingencies == {}
        assert account.units[0].basis == pytest.approx(-0.05 * 61_000 * (1.0 + 1.2 * YEARS), rel=1e-10)
        assert account.maintenance == pytest.approx(0.20 * 61_000, rel=1e-10)

    def test_what_is_worth_something_is_discounted(self) -> None:
        """A sure option is worth F - K in every scenario, of which 0.95 exp(-T (r + 0.12)) counts."""
        sure = Option("BTC", 1_000.0, YEARS)
        market = replace(COIN, implied={sure: 0.0})
        for rate, counted in ((0.03, 0.03), (-0.03, 0.0)):  # a rate below 0 does not make more of it
            account = portfolio_margin(
                [(sure, 1.0)], market, FULL, Marks(expiries={YEARS: Expiry(60_000.0, interest=rate)})
            )
            worst = 0.95 * np.exp(-YEARS * (counted + 0.12)) * (48_000 - 1_000) - 59_000
            assert account.worst.pnl == pytest.approx(worst, rel=1e-12)
        owed = portfolio_margin([(sure, -1.0)], market, FULL)
        assert owed.worst.pnl == pytest.approx(-12_000, rel=1e-12)  # what is owed is not discounted

    def test_only_sold_options_without_a_partner_are_naked(self) -> None:
        """A bought option of the same strike and expiry covers one, be it call or put; no other does."""
        for other, naked in (
            ((PUT, 1.0), 2.0),
            ((replace(CALL, strike=70_000.0), 1.0), 3.0),
            ((replace(CALL, years=0.5), 9.0), 3.0),
            ((PUT, 5.0), 0.0),
            ((PUT, -1.0), 4.0),
        ):
            charged = portfolio_margin([(CALL, -3.0), other], COIN, FULL).units[0].contingencies
            assert charged.get("short options", 0.0) == pytest.approx(0.02 * 60_000 * naked, rel=1e-12)

    def test_the_fixed_part_of_a_forward_does_not_move(self) -> None:
        """Once the settlement average is complete, no price move changes the option and its forward costs nothing."""
        done = Marks(expiries={YEARS: Expiry(0.0, fixed=60_000.0)})
        account = portfolio_margin([(CALL, -1.0)], COIN, FULL, done)
        unmoved = FULL.scenarios.moves["volatility"] == 0
        assert account.units[0].pnl[unmoved] == pytest.approx(0.0, abs=1e-9)  # USD, on options worth thousands
        assert account.units[0].basis == pytest.approx(0.0, abs=1e-9)

    def test_forwards_alone_can_bind(self) -> None:
        """A long against a short of another expiry has no loss in the grid, and its two forwards can part."""
        short, far = Option("BTC", 1_000.0, 30 / 365), Option("BTC", 1_000.0, 0.5)
        market = replace(COIN, implied={short: 0.0, far: 0.0})
        account = portfolio_margin(
            [(short, -1.0), (far, 1.0)], market, replace(FULL, discount=1.0, discount_spread=0.0)
        )
        assert account.binding == "basis"
        assert account.worst.pnl == pytest.approx(0.0, abs=1e-9)
        assert account.maintenance == pytest.approx(0.05 * 60_000 * (2.0 + 1.2 * (30 / 365 + 0.5)) + 1_200, rel=1e-12)

    def test_doubt_and_a_lost_peg_cost_initial_margin_only(self) -> None:
        """Low confidence charges every unit and jumps at its threshold; a lost peg raises the factor."""
        plain = portfolio_margin(MIXED, COIN, FULL)
        for trust, charge in ((0.55, 0.0), (0.5, 0.5 * 60_000 * 5.5)):
            doubted = portfolio_margin(MIXED, COIN, FULL, Marks(trust=trust))
            assert doubted.initial - plain.initial == pytest.approx(charge, rel=1e-12)
            assert doubted.maintenance == plain.maintenance
        of_options = Marks(expiries={YEARS: Expiry(60_000.0, trust=0.5)})
        assert portfolio_margin(MIXED, COIN, FULL, of_options).units[0].initial_contingencies[
            "low confidence"
        ] == pytest.approx(0.5 * 60_000 * 4, rel=1e-12)
        lost = portfolio_margin([(Spot("BTC"), 1.0)], COIN, FULL, Marks(stable=0.96))
        assert lost.why()["initial factor"] == pytest.approx(1.25 + 4 * 0.03, rel=1e-12)
        assert lost.mark_to_market == 60_000 / 0.96

    def test_cash_counts_after_its_haircut(self) -> None:
        """What the venue does not count of a dollar is not equity; the requirement does not know of it."""
        whole, cut = (portfolio_margin([*MIXED, (Cash("USD", h), 50_000.0)], COIN, FULL) for h in (0.0, 0.1))
        assert whole.equity - cut.equity == pytest.approx(0.1 * 50_000, rel=1e-12)
        assert cut.initial == whole.initial

    @pytest.mark.parametrize("name", CHARGES)
    def test_a_charge_never_lowers_the_requirement(self, name: str) -> None:
        """And on a book of everything, in doubt and off its peg, each of them raises it."""
        book = [*MIXED, (Option("BTC", 90_000.0, 0.5), 30.0)]
        marks = Marks(trust=0.3, stable=0.9)
        before, after = (
            portfolio_margin(book, COIN, rule, marks) for rule in (FULL, replace(FULL, **{name: CHARGES[name]}))
        )
        assert after.initial > before.initial

    @given(quantities=st.lists(st.floats(-50, 50), min_size=4, max_size=4), factor=st.floats(0.01, 50))
    def test_twice_the_book_needs_twice_the_margin(self, quantities: list[float], factor: float) -> None:
        """Requirement and worst scenario come from one argmin, and are positively homogeneous; cash is only equity."""
        book = [(contract, q) for (contract, _), q in zip(MIXED, quantities, strict=True)]
        once = portfolio_margin(book, COIN, FULL)
        scaled = portfolio_margin([*((c, factor * q) for c, q in book), (Cash("USD"), 5.0)], COIN, FULL)
        assert scaled.initial == pytest.approx(factor * once.initial, rel=1e-9, abs=1e-6)
        assert once.worst.pnl == once.units[0].pnl.min() == once.units[0].pnl[once.worst.index]
        assert sum(once.worst.contributions) == pytest.approx(once.worst.pnl, rel=1e-9, abs=1e-6)
        assert scaled.cash == 5.0

    def test_why_names_the_scenario_and_each_charge(self) -> None:
        """The terms give the requirement: the worse of scenario and forwards, the contingencies, the factor."""
        account = portfolio_margin(MIXED, COIN, FULL, Marks(trust=0.1))
        why = account.why()
        charges = [term.value for term in why.terms if term.symbol.startswith("c_")]
        assert [term.meaning for term in why.terms if term.symbol.startswith("c_")] == [
            "contingency, perpetual",
            "contingency, spot",
            "contingency, short options",
        ]
        assert why["L"] == pytest.approx(sum(charges) + max(why["S"], -why["B"]), rel=1e-12)
        assert why.value == pytest.approx(why["f"] * why["L"] + why["d_1"], rel=1e-12)
        assert {name: why[rf"\text{{{name}}}"] for name in ("price", "volatility")} == account.worst.moves

    @pytest.mark.parametrize("name", ["derive_pmrm_v2", "paradex_2026_08", "okx_pm_2025_01"])
    def test_why_has_the_parts_before_the_weight_of_the_row(self, name: str) -> None:
        """A far row moves the price fivefold and counts a small part: both are said, and give the worst loss."""
        book = (
            [(Linear("BTC"), -1.0)] if "okx" in name else [(Linear("BTC"), 1.0), (Option("BTC", 66_000.0, 0.1), -3.0)]
        )
        account = portfolio_margin(book, COIN, published_rule(name))
        why, moves = account.why("maintenance"), account.worst.moves
        assert why["w"] == account.worst.weight
        assert why["x_1"] == pytest.approx(book[0][1] * 60_000 * moves["price"], rel=1e-12)
        parts = [term.value for term in why if term.symbol.startswith("x_")]
        assert why["S"] == pytest.approx(max(0.0, -why["w"] * sum(parts)), rel=1e-12)
        assert why["S"] == account.worst.loss

    def test_both_margins_say_why(self) -> None:
        """The maintenance margin has the same loss behind it and its own factor; the same for the scenario part."""
        account = portfolio_margin(MIXED, COIN, FULL, Marks(trust=0.1))
        why = account.why("maintenance")
        assert why.value == account.maintenance == pytest.approx(why["m"] * why["L"], rel=1e-12)
        assert account.why().value == account.why("initial").value == account.initial
        with pytest.raises(ValueError, match="what must be one of"):
            account.why("both")

    def test_an_expiry_that_no_option_has_is_refused(self) -> None:
        """A key that is off by a rounding error would leave its options on the index without a word."""
        near = float(np.nextafter(YEARS, 1.0))
        with pytest.raises(ValueError, match=rf"expiries of the marks must be those of the options, .*{YEARS}.*{near}"):
            portfolio_margin(MIXED, COIN, FULL, Marks(expiries={near: Expiry(61_000.0)}))
        with pytest.raises(ValueError, match=r"those of the options, none, got 0\.5"):
            portfolio_margin([(Linear("BTC"), 1.0)], COIN, FULL, Marks(expiries={0.5: Expiry(61_000.0)}))

    def test_what_it_does_not_value(self) -> None:
        """A foreign currency, a coin without a price or a rule, and contracts that a rule cannot margin are refused."""
        with pytest.raises(ValueError, match="cash in 'USD' only, got 'MXN'"):
            portfolio_margin([(Linear("BTC"), 1.0), (Cash("MXN"), 1.0)], MARKET, FULL)
        with pytest.raises(ValueError, match="rule must name ETH too"):
            portfolio_margin([(Linear("BTC"), 1.0), (Linear("ETH"), 1.0)], MARKET, {"BTC": FULL})
        with pytest.raises(ValueError, match="haircut of USD must be 0 for a debt"):
            portfolio_margin([(Cash("USD", 0.05), -1.0)], COIN, FULL)
        layered, tiered = published_rule("okx_pm_2025_01"), published_rule("binance_tiers_2024_10")
        for book, rule in (
            ([(Inverse("BTC"), 1.0)], layered),
            ([(Linear("BTC", 0.1), 1.0)], layered),
            ([(Inverse("BTC"), 1.0)], tiered),
            ([(CALL, 1.0)], tiered),
        ):
            with pytest.raises(ValueError, match="book must hold"):
                portfolio_margin(book, COIN, rule)
        with pytest.raises(ValueError, match="collateral must be empty under a TierRule"):
            portfolio_margin([(Linear("BTC"), 1.0)], COIN, tiered, collateral=[Asset(1.0, 60_000.0)])
        with pytest.raises(ValueError, match="prices of the market must name 'SOL'"):
            portfolio_margin([(Linear("SOL"), 1.0)], MARKET, FULL)


# --- A second implementation, number by number, of a manager with discounts on both sides, skews and contingencies ---


def black(forward: float, strike: float, volatility: float, years: float, call: bool) -> float:
    spread = volatility * math.sqrt(years)
    if spread == 0:
        return max(0.0, forward - strike if call else strike - forward)
    up, down = (math.log(forward / strike) / spread + sign * spread / 2 for sign in (1, -1))
    sign = 1 if call else -1
    below = [0.5 * math.erfc(-sign * d / math.sqrt(2)) for d in (up, down)]
    return sign * (forward * below[0] - strike * below[1])


def second(rule: dict[str, Any], book: dict[str, Any]) -> tuple[float, float]:
    """What is left after initial and after maintenance margin."""
    spot, peg = book["spot"], book["stable"]
    rows: list[float] = []
    worth, basis, confidence, naked = 0.0, 0.0, 0.0, 0.0
    for e in book["expiries"]:
        t, rate = e["years"], max(0.0, e["rate"])
        discount = math.exp(-rate * t)

        def value(move: float, factor: Any, e: Any = e, t: float = t, discount: float = discount) -> float:
            forward = e["moving"] * (1 + move) + e["fixed"]
            return sum(a * discount * black(forward, k, factor(k, v), t, c) for k, c, a, v in e["options"])

        now = value(0.0, lambda _, v: v)
        worth += now
        gains = [value(move, lambda _, v: v) - now for move in rule["basis"]]
        basis += min(*gains, 0.0) * (rule["basis_add"] + rule["basis_year"] * t)
        plus = rule["s+"] * math.exp(-t * (rate * rule["m+"] + rule["a+"]))
        minus = min(1 / discount, rule["s-"] * math.exp(t * (rate * rule["m-"] + rule["a-"])))
        days = 365 * t
        grows = (30 / max(days, rule["floor_days"])) ** rule["powers"][0 if days <= 30 else 1]
        for n, (move, kind, weight) in enumerate(rule["rows"]):
            if kind in ("linear", "absolute"):
                root = math.sqrt(t)
                cap = rule["cap"][kind][0] + rule["cap"][kind][1] * root
                wide = max(rule["k_min"], rule["width"] * root * (rule["vol"][0] + rule["vol"][1] * root))

                def turned(
                    k: float, v: float, e: Any = e, kind: str = kind, cap: float = cap, wide: float = wide
                ) -> float:
                    x = math.log(k / (e["moving"] + e["fixed"]))
                    x = abs(x) if kind == "absolute" else x
                    return v * max(0.0, 1 + (min(cap, x * cap / wide) if x >= 0 else max(-cap, x * cap / wide)))

                shocked = value(0.0, turned)
            else:
                factor = {
                    "up": lambda _, v, g=grows: max(rule["v_min"], v * (1 + rule["up"] * g)),
                    "down": lambda _, v, g=grows: v * max(0.0, 1 - rule["down"] * g),
                    "none": lambda _, v: v,
                }[kind]
                shocked = value(move, factor)
            pnl = shocked * (plus if shocked >= 0 else minus) - now
            pnl = -abs(pnl) if kind in ("linear", "absolute") else pnl
            if len(rows) <= n:
                rows.append(0.0)
            rows[n] += weight * pnl
        sure = min(book["trust"], e["trust"], *([book["perp_trust"]] if book["perp"] else []))
        confidence += low(rule, sure) * spot * sum(abs(a) for _, _, a, _ in e["options"])
        for strike in {k for k, *_ in e["options"]}:
            naked += max(0.0, -sum(a for k, _, a, _ in e["options"] if k == strike))
    rows = rows or [0.0] * len(rule["rows"])
    held = [(a, a["amount"] * a["price"] / peg) for a in book["collateral"]]
    for n, (move, kind, weight) in enumerate(rule["rows"]):
        shift = 0.0 if kind in ("linear", "absolute") else move
        rows[n] += weight * shift * (book["perp"] * book["perp_price"] + sum(v for a, v in held if a["cancels"]))
    notional = abs(book["perp"]) * spot
    if book["perp"]:
        confidence += low(rule, min(book["trust"], book["perp_trust"])) * notional
    confidence += sum(low(rule, min(book["trust"], a["trust"])) * v for a, v in held)
    lost = min(basis, *rows)
    must = notional * rule["p_m"] + naked * spot * rule["o_m"] + sum(v * a["h_m"] for a, v in held)
    more = notional * rule["p_i"] + naked * spot * rule["o_i"] + sum(v * a["h_i"] for a, v in held) + confidence
    equity = book["unsettled"] + worth + sum(v for _, v in held) + book["cash"]
    first = rule["f_i"] + rule["peg_factor"] * max(0.0, rule["peg"] - peg)
    return first * lost - must - more + equity, rule["f_m"] * lost - must + equity


def low(rule: dict[str, Any], trust: float) -> float:
    return (1 - trust) * rule["doubt"] if trust < rule["threshold"] else 0.0


def drawn(chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and a book, with what is degenerate among them."""
    u = chance.uniform
    some = chance.choice
    kinds = ["up", "down", "none"]
    rows = [(u(-0.7, 2.0), some(kinds), some([1.0, 0.3, 0.0, 2.5])) for _ in range(chance.randint(1, 9))]
    rows += [(0.0, kind, some([1.0, 0.5, 1.7])) for kind in ("linear", "absolute") if chance.random() < 0.7]
    rule = {
        "rows": rows, "basis": (u(0, 0.4), u(-0.4, 0)), "basis_add": some([0.0, 0.5, 3]), "basis_year": some([0.0, 2]),
        "s+": some([0.98, 1.05, 0.0, 0.9]), "m+": some([0.0, 4]), "a+": some([0.0, 0.1]),
        "s-": some([1.02, 0.95, 0.0, 2]), "m-": some([0.0, 3]), "a-": some([0.0, 0.1]),
        "floor_days": some([1.0, 0.5, 45.0]), "powers": some([(0.3, 0.13), (0.0, 0.0), (1.5, 2.0)]),
        "up": some([0.5, 0.0, 3.0]), "down": some([0.3, 0.0, 2.0]), "v_min": some([0.0, 0.4, 5.0]),
        "cap": {kind: some([(0.25, -0.1), (0.0, 0.0), (0.05, -0.6), (3.0, 0.2)]) for kind in ("linear", "absolute")},
        "k_min": some([0.01, 0.5]), "width": some([4.0, 0.0, 1.0]), "vol": some([(0.6, 0.0), (0.2, 1.0), (0.1, -2.0)]),
        "p_m": u(0, 0.1), "p_i": u(0, 0.1), "o_m": u(0, 0.1), "o_i": u(0, 0.1),
        "f_i": u(0.5, 2), "f_m": u(0.5, 2), "peg": some([0.99, 0.0]), "peg_factor": u(0, 5),
        "threshold": some([0.55, 0.0, 1.0]), "doubt": some([1.0, 0.4, 0.0]),
    }  # fmt: skip
    spot = u(500, 90_000)
    expiries = []
    for years in chance.sample([0.0, 1e-12, 0.002, 0.05, 30 / 365, 0.4, 2.0], chance.randint(0, 3)):
        strikes = [spot * u(0.3, 3.0) for _ in range(3)]
        fixed = spot if years <= 1e-12 else some([0.0, 0.0, spot * 0.4])
        expiries.append({
            "years": years, "moving": 0.0 if fixed == spot else (spot - fixed) * u(0.9, 1.1), "fixed": fixed,
            "rate": some([0.0, 0.05, -0.05, 0.4]), "trust": some([1.0, 0.5, 0.0]),
            "options": [
                (k, c, u(-5, 5), some([0.0, u(0.2, 2.0)]))
                for k in strikes for c in (True, False) if chance.random() < 0.6
            ] or [(spot, True, -1.0, 0.8)],
        })  # fmt: skip
    book = {
        "spot": spot, "stable": some([1.0, 0.97, 1.02]), "trust": some([1.0, 0.6, 0.2]), "perp_trust": some([1.0, 0.3]),
        "perp": some([0.0, u(-3, 3)]), "perp_price": spot * u(0.95, 1.05), "unsettled": u(-1e3, 1e3),
        "cash": u(-1e5, 1e5),
        "expiries": expiries,
        "collateral": [
            {
                "amount": u(0, 4), "price": spot * u(0.5, 1.5), "h_m": u(0, 0.4), "h_i": u(0, 0.2),
                "cancels": some([True, False]), "trust": some([1.0, 0.4]),
            }
            for _ in range(chance.randint(0, 2))
        ],
    }  # fmt: skip
    return rule, book


def through_the_library(given: dict[str, Any], held: dict[str, Any]) -> tuple[float, float]:
    moves = {"up": given["up"], "down": -given["down"], "none": 0.0}
    plain = [row for row in given["rows"] if row[1] in moves]
    rule = MarginRule(
        listed(
            [move for move, _, _ in plain],
            [moves[kind] for _, kind, _ in plain],
            [weight for _, _, weight in plain],
            term=given["powers"],
            term_floor=given["floor_days"],
            factors=(given["f_i"], given["f_m"]),
            lowest=[given["v_min"] if kind == "up" else 0.0 for _, kind, _ in plain],
        ),
        skews=tuple(
            Skew(kind, *given["cap"][kind], given["k_min"], given["width"], *given["vol"], weight)
            for _, kind, weight in given["rows"]
            if kind not in moves
        ),
        basis_moves=given["basis"], basis_charge=given["basis_add"], basis_charge_year=given["basis_year"],
        discount=given["s+"], discount_rate=given["m+"], discount_spread=given["a+"],
        debt=given["s-"], debt_rate=given["m-"], debt_spread=given["a-"],
        perpetual=given["p_m"], perpetual_initial=given["p_i"],
        short_option=given["o_m"], short_option_initial=given["o_i"],
        trust_threshold=given["threshold"], trust_charge=given["doubt"],
        peg_threshold=given["peg"], peg_factor=given["peg_factor"], present=True, outside=True,
    )  # fmt: skip
    options = [
        (Option("X", strike, e["years"], call), amount, volatility)
        for e in held["expiries"]
        for strike, call, amount, volatility in e["options"]
    ]
    book: list[tuple[Contract, float]] = [(Linear("X"), held["perp"]), (Cash("USD"), held["cash"])]
    marks = Marks(
        held["perp_price"],
        {e["years"]: Expiry(e["moving"], e["fixed"], e["rate"], e["trust"]) for e in held["expiries"]},
        held["stable"],
        held["trust"],
        held["perp_trust"],
    )
    account = portfolio_margin(
        [*book, *((option, amount) for option, amount, _ in options)],
        Market({"X": held["spot"]}, implied={option: volatility for option, _, volatility in options}),
        rule,
        marks,
        collateral=[
            Asset(a["amount"], a["price"], a["h_m"], a["h_i"], a["cancels"], a["trust"]) for a in held["collateral"]
        ],
        unsettled=held["unsettled"],
    )
    assert account.why().value == account.initial
    assert account.why("maintenance").value == account.maintenance
    return account.equity - account.initial, account.equity - account.maintenance


class TestSecondManager:
    @pytest.mark.parametrize("seed", range(150))
    def test_a_second_implementation_agrees(self, seed: int) -> None:
        """Any parameters, expired options and degenerate values: loops over the equations give the same two numbers."""
        rule, book = drawn(random.Random(seed))  # noqa: S311
        if all(kind in ("linear", "absolute") for _, kind, _ in rule["rows"]):
            rule["rows"].append((0.0, "none", 1.0))
        assert through_the_library(rule, book) == pytest.approx(second(rule, book), rel=1e-9, abs=1e-6)

    # Seven books under the documentation's parameters, and under those of the chain since August 2026, as two others
    # computed them; what is left after initial and maintenance margin.
    BOOKS = (
        (1.0, 30_000.0, 1.0, 1.0, (), (8000, 12600), (14500, 18050)),
        (-1.0, 200_000.0, 1.0, 0.5, (), (128000, 182600), (164500, 188050)),
        (0.0, 0.0, 1.0, 1.0, ((100e3, 30, True, 1, 0.6),), (678.46667, 1907.939664), (1274.77, 2384.98)),
        (
            0.0, 60_000.0, 1.0, 1.0, ((120e3, 30, True, -1, 0.6), (80e3, 30, False, -1, 0.65)),
            (43779.557122, 46759.012013), (50037.96, 51665.74),
        ),
        (0.0, 50_000.0, 1.0, 1.0, ((150e3, 7, True, -10, 0.9),), (-76522.499702, -50222.624572), (6067.68, 15349.52)),
        (
            0.0, 60_000.0, 0.97, 1.0, ((120e3, 30, True, -1, 0.6), (80e3, 30, False, -1, 0.65)),
            (42747.775166, 46759.012013), (49466.85, 51665.74),
        ),
        (None, 0.0, 1.0, 1.0, ((110e3, 30, True, -1, 0.55),), (73350.061778, 78229.384055), (77325.49, 81359.73)),
    )  # fmt: skip

    @pytest.mark.parametrize("case_of", BOOKS)
    def test_seven_books(self, case_of: Any) -> None:
        """The documentation's parameters to 1e-6, those of the chain to the cent."""
        perp, cash, stable, trust, terms, documented, chain = case_of
        options = [(Option("BTC", k, days / 365, call), float(a), v) for k, days, call, a, v in terms]
        book: list[tuple[Contract, float]] = [(Cash("USD"), cash), (Linear("BTC"), perp or 0.0)]
        book += [(option, amount) for option, amount, _ in options]
        market = Market({"BTC": 100_000.0}, implied={option: v for option, _, v in options})
        marks = Marks(
            expiries={option.years: Expiry(100_000.0, interest=0.05, trust=trust) for option, _, _ in options},
            stable=stable, trust=trust, perpetual_trust=trust,
        )  # fmt: skip
        collateral = [Asset(1.0, 100_000.0, 0.056, 0.014, cancels=True)] if perp is None else []
        for name, expected, close in (
            ("derive_pmrm_v2", documented, 1e-6), ("derive_pmrm_v2_2026_08", chain, 0.005),
        ):  # fmt: skip
            account = portfolio_margin(book, market, published_rule(name), marks, collateral=collateral)
            left = account.equity - account.initial, account.equity - account.maintenance
            assert left == pytest.approx(expected, abs=close)

    def test_the_coin_in_the_book_is_collateral_with_the_haircut_of_the_rule(self) -> None:
        """And a coin that is owed has no haircut: it is charged as what it is."""
        asset = Asset(2.0, 60_000.0, SECOND.spot, SECOND.spot_initial, cancels=True)
        short = (Linear("BTC"), -2.0)
        named = portfolio_margin([short, (Spot("BTC"), 2.0)], COIN, SECOND)
        given_ = portfolio_margin([short], COIN, SECOND, collateral=[asset])
        assert (named.initial, named.maintenance, named.equity) == (given_.initial, given_.maintenance, given_.equity)
        owed = portfolio_margin([(Spot("BTC"), -1.0)], COIN, SECOND)
        assert owed.maintenance == pytest.approx((0.8 * 0.18 + SECOND.spot) * 60_000, rel=1e-12)

    def test_a_bought_option_costs_something_without_any_move(self) -> None:
        """The row in which nothing moves values it at its discount: 1 less that is the least loss."""
        still = replace(SECOND, scenarios=listed([0.0], [0.0]), skews=())
        account = portfolio_margin([(CALL, 1.0)], COIN, still)
        worth = account.mark_to_market
        assert account.worst.loss == pytest.approx(worth * (1 - 0.98 * math.exp(-0.1 * YEARS)), rel=1e-12)

    def test_rules_of_one_coin_have_no_own_moves(self) -> None:
        """A coin is margined by itself, so that a move beside the driver would be another rule."""
        with pytest.raises(ValueError, match="scenarios must have no own moves"):
            MarginRule(stress.grid(price=[0.1], own={"ETH": [0.0, 0.1]}))

    def test_collateral_of_several_coins_says_where_it_belongs(self) -> None:
        """One asset without its coin would have to be counted twice or nowhere."""
        book = [(Linear("BTC"), 1.0), (Linear("ETH"), 1.0)]
        held = Asset(1.0, 3_000.0, 0.1, coin="ETH")
        account = portfolio_margin(book, MARKET, SECOND, collateral=[held])
        assert [unit.contingencies.get("haircut") for unit in account.units] == [None, 300.0]
        with pytest.raises(ValueError, match="coin of the collateral must be one of BTC, ETH"):
            portfolio_margin(book, MARKET, SECOND, collateral=[replace(held, coin="")])


class TestDeriveReadASecondTime:
    """The managers of `scripts/config-mainnet.sol` in derivexyz/v2-core at 7736900, under the names that it uses."""

    def test_the_first_manager(self) -> None:
        script = {
            "scenarioSpotUp": 1.05, "scenarioSpotDown": 0.95, "basisContAddFactor": 1.0, "basisContMultFactor": 1.2,
            "pegLossThreshold": 0.99, "pegLossFactor": 4, "confThreshold": 0.55, "confMargin": 1, "basePercent": 0.03,
            "perpPercent": 0.03, "optionPercent": 0.02, "imFactor": 1.25, "baseStaticDiscount": 0.95,
            "rateMultScale": 1, "rateAddScale": 0.12, "volRangeUp": 0.6, "volRangeDown": 0.3, "shortTermPower": 0.3,
            "longTermPower": 0.13,
        }  # fmt: skip
        rule, moves = FULL, FULL.scenarios.moves["volatility"]
        ours = [
            *(1 + move for move in rule.basis_moves), rule.basis_charge, rule.basis_charge_year, rule.peg_threshold,
            rule.peg_factor, rule.trust_threshold, rule.trust_charge, rule.spot, rule.perpetual, rule.short_option,
            rule.scenarios.factors[0], rule.discount, rule.discount_rate, rule.discount_spread, moves.max(),
            -moves.min(), *rule.scenarios.term,
        ]  # fmt: skip
        assert ours == pytest.approx(list(script.values()), rel=1e-12)
        shocks = [1.20, *(s for s in (1.15, 1.10, 1.05, 1.0, 0.95, 0.90, 0.85) for _ in range(3)), 0.80]
        assert (1 + FULL.scenarios.moves["price"]).tolist() == pytest.approx(shocks, rel=1e-12)
        assert np.sign(moves).tolist() == [1, *[1, 0, -1] * 7, 1]

    def test_the_second_manager(self) -> None:
        """As far as the documentation has kept what the contracts began with."""
        script = {
            "scenarioSpotUp": 1.045, "scenarioSpotDown": 0.955, "basisContAddFactor": 0.5, "basisContMultFactor": 2,
            "pegLossThreshold": 0.99, "pegLossFactor": 4, "confThreshold": 0.55, "confMargin": 1,
            "MMPerpPercent": 0.03, "IMPerpPercent": 0.01, "MMOptionPercent": 0.003, "IMOptionPercent": 0.002,
            "imFactor": 1, "mmFactor": 0.8, "volRangeUp": 0.5, "shortTermPower": 0.3, "longTermPower": 0.13,
            "minVolUpShock": 0.4,
        }  # fmt: skip
        rule, scenarios = SECOND, SECOND.scenarios
        ours = [
            *(1 + move for move in rule.basis_moves), rule.basis_charge, rule.basis_charge_year, rule.peg_threshold,
            rule.peg_factor, rule.trust_threshold, rule.trust_charge, rule.perpetual, rule.perpetual_initial,
            rule.short_option, rule.short_option_initial, *scenarios.factors, scenarios.moves["volatility"].max(),
            *scenarios.term, scenarios.lowest.max(),
        ]  # fmt: skip
        assert ours == pytest.approx(list(script.values()), rel=1e-12)
        skews = {
            "linearBaseCap": 0.25, "absBaseCap": 0.25, "linearCBase": -0.1, "absCBase": -0.1, "minKStar": 0.01,
            "widthScale": 4, "volParamStatic": 0.6, "volParamScale": 0,
        }  # fmt: skip
        one, other = rule.skews
        assert (one.kind, other.kind) == ("linear", "absolute")
        assert (one.least, one.width, one.level, one.growth) == (other.least, other.width, other.level, other.growth)
        ours = [one.cap, other.cap, one.cap_slope, other.cap_slope, one.least, one.width, one.level, one.growth]
        assert ours == list(skews.values())
        assert published_rule("derive_pmrm_v2_2026_08").skews == rule.skews


class TestOtherShapes:
    # requirement of one linear perpetual over its notional, initial and maintenance, without fees; Deribit's is inverse
    ONE: tuple[tuple[str, str, float, float | None, float], ...] = (
        ("binance_tiers_2024_10", "BTC", 1.0, 0.01, 0.0041666666666666667),
        ("bybit_tiers_2025_12", "BTC", 1.0, 0.01, 0.005),
        ("bybit_tiers_2025_12", "ETH", -1.0, 0.01, 0.005),
        ("okx_tiers_2026_05", "BTC", 1.0, 0.01, 0.004),
        ("okx_tiers_2026_05", "ETH", -1.0, 0.01, 0.004),
        ("hyperliquid_tiers_2025", "BTC", 1.0, 0.025, 0.0125),
        ("okx_pm_2025_01", "BTC", 1.0, 0.1586, 0.122),
        ("okx_pm_2025_01", "ETH", -1.0, 0.1586, 0.122),
        ("paradex_2026_08", "BTC", -1.0, 0.16, 0.08),
        ("paradex_2026_08", "HYPE", 1.0, 0.28, 0.14),
        ("derive_pmrm_v1", "BTC", 1.0, 0.2875, 0.23),
        ("derive_pmrm_v2", "BTC", 1.0, 0.22, 0.174),
        ("derive_pmrm_v2", "SOL", 1.0, 1.1 * 0.27 + 0.06, 0.9 * 0.27 + 0.05),
        ("derive_pmrm_v2_2026_08", "BTC", 1.0, 0.155, 0.1195),
        ("derive_pmrm_v2_2026_08", "ETH", 1.0, 0.175, 0.1355),
        ("deribit_2024_06", "BTC", 1.0, 0.200476, 0.160381),
        ("deribit_2024_06", "BTC", -1.0, 0.147931, 0.118345),
        ("deribit_2024_06", "ETH", -1.0, 0.157542, 0.126034),
    )

    @pytest.mark.parametrize(("name", "coin", "side", "initial", "maintenance"), ONE)
    def test_one_perpetual(self, name: str, coin: str, side: float, initial: float, maintenance: float) -> None:
        """As fractions of the notional; the first is in the second tier of its table."""
        price = 60_000.0
        book: list[tuple[Contract, float]] = [(Linear(coin), side)]
        if name.startswith("deribit"):
            book = [(Inverse(coin), side * price)]
        account = portfolio_margin(book, Market({coin: price}), published_rule(name, coin))
        assert (account.initial / price, account.maintenance / price) == pytest.approx((initial, maintenance), abs=5e-7)

    def test_a_floor_by_delta_binds_where_the_scan_is_blind(self) -> None:
        """A book that no move hurts still has hedged delta, of which 1 % is asked; provisions come on top."""
        rule = FloorRule(published_grid("paradex"), 0.02, 0.01, fee=0.0005, funding=-0.001)
        near, far = (Linear("BTC"), 3.0), (Linear("BTC", 0.25), -3.0)
        account = portfolio_margin([near, far], COIN, rule)
        assert account.binding == "minimum of the delta"
        assert (account.initial, account.maintenance) == pytest.approx((0.01 * 3 * 60_000, 0.005 * 3 * 60_000))
        lone = portfolio_margin([(Linear("BTC"), -1.0)], COIN, rule)
        beside = 0.0005 * 60_000 + 0.001 * 60_000  # a short pays where funding is below 0
        assert (lone.initial, lone.maintenance) == pytest.approx((9_600 + beside, 4_800 + beside))
        assert dict(lone.units[0].contingencies) == pytest.approx({"fees": 30.0, "funding": 60.0})

    def test_a_future_of_a_coin_loses_at_the_edge_in_every_far_row(self) -> None:
        """Scaled in dollars and converted at the edge, each far row is the edge; the dampener takes from it."""
        rule = replace(published_rule("deribit_2024_06"), dampener=0.0, offset=1.0)
        unit = portfolio_margin([(Inverse("BTC"), 60_000.0)], COIN, rule).units[0]
        moves = rule.scenarios.moves["price"]
        assert unit.pnl == pytest.approx(
            60_000
            * np.where(np.abs(moves) > 0.16, np.sign(moves) * 0.16 / (1 + np.sign(moves) * 0.16), moves / (1 + moves))
        )
        damped = portfolio_margin([(Inverse("BTC"), 60_000.0)], COIN, replace(rule, dampener=1_000.0)).units[0]
        row = int(np.flatnonzero(moves == 0.5)[0])
        assert unit.pnl[row] - damped.pnl[row] == pytest.approx((0.5 / 0.16 - 1) * 1_000 / 1.16)
        assert (
            portfolio_margin([(Inverse("BTC"), 60_000.0)], COIN, replace(rule, dampener=1e9)).units[0].pnl[-8:].tolist()
            == [0.0] * 8
        )

    def test_gains_in_the_other_currency_count_in_part(self) -> None:
        """A linear short against an inverse long: its gain is recognized to 60 %, and up to a cap."""
        rule = replace(published_rule("deribit_2024_06", "ETH"), roll=0.0, roll_year=0.0)
        book = [(Inverse("ETH"), 30_000.0), (Linear("ETH"), -10.0)]
        unit = portfolio_margin(book, MARKET, rule).units[0]
        loss = 30_000 * 0.18 / 0.82 - 0.6 * 0.18 * 30_000
        assert unit.worst.loss == pytest.approx(loss)
        capped = portfolio_margin(book, MARKET, replace(rule, offset_cap=100.0))
        assert capped.worst.loss == pytest.approx(30_000 * 0.18 / 0.82 - 100)

    def test_charges_on_deltas_do_not_net_over_expiries(self) -> None:
        """The roll shock adds sizes expiry by expiry; the delta shock grows with the net beyond what is free."""
        rule = published_rule("deribit_2024_06")
        calendar = [(Inverse("BTC"), 60_000.0), (Inverse("BTC", 0.5), -60_000.0)]
        unit = portfolio_margin(calendar, COIN, rule).units[0]
        assert dict(unit.contingencies) == pytest.approx({"roll": 60_000 * (0.01 + 0.075 * 0.5)})
        large = portfolio_margin([(Inverse("BTC"), 60e6)], COIN, rule).units[0]
        assert large.contingencies["delta"] == pytest.approx(60e6 * 5e-5 * (1000 - 20e6 / 60_000))
        largest = portfolio_margin([(Inverse("BTC"), 600e6)], COIN, rule).units[0]
        assert largest.contingencies["delta"] == pytest.approx(60e6)

    def test_options_are_counted_in_coins(self) -> None:
        """A sold call that is worth the coin loses nothing in coins, and everything but its strike in dollars."""
        deep = Option("BTC", 1e-3, 0.1)
        market = Market({"BTC": 60_000.0}, {"BTC": 0.5})
        rule = replace(published_rule("deribit_2024_06"), roll=0.0, roll_year=0.0, dampener=0.0)
        assert portfolio_margin([(deep, -1.0)], market, rule).maintenance == pytest.approx(0.0, abs=1e-2)

    def test_a_minimum_grows_with_size(self) -> None:
        """Beyond some size the minimum passes the scan: multiples of its parts; twelvefold at the margin."""
        rule = published_rule("okx_pm_2025_01")
        small, huge = (portfolio_margin([(Linear("BTC"), q)], COIN, rule) for q in (1.0, 1e5))
        assert (small.binding, huge.binding) == ("scenario", "scenario")
        strict = replace(rule, minimum=0.02)
        huge = portfolio_margin([(Linear("BTC"), 1e5)], COIN, strict)
        assert huge.binding == "minimum by size"
        parts = [250e3, 250e3, 500e3, 1e6, 1e6, 1e6, 0.02 * 6e9 - 4e6]
        assert huge.maintenance == pytest.approx(
            sum(p * m for p, m in zip(parts, (1, 2, 4, 6, 8, 10, 12), strict=True))
        )
        assert size_charge([0.0, 10.0], [0.0, 5.0], [1.0, 3.0]).tolist() == [0.0, 20.0]

    def test_without_charges_nothing_is_charged(self) -> None:
        """What a rule does not name is 0: each shape alone asks for the scan and nothing else."""
        plain = listed([-0.1, 0.1], [0.0, 0.0])
        book = [(Linear("BTC"), 1.0), (Spot("BTC"), -0.5), (CALL, -1.0)]
        for rule in (MarginRule(plain), FloorRule(plain), ShockRule(0.1, 0.0, 0.0), LayeredRule((0.1,), 0.2)):
            dated = [] if isinstance(rule, LayeredRule) else [(Linear("BTC", 0.5), 1.0)]
            unit = portfolio_margin([*book, *dated], COIN, rule).units[0]
            assert (dict(unit.contingencies), dict(unit.initial_contingencies), unit.basis) == ({}, {}, 0.0)
            ratio = 1.3 if isinstance(rule, LayeredRule) else 1.0
            assert unit.initial == pytest.approx(ratio * unit.worst.loss, rel=1e-12)
        tiered = portfolio_margin(book[:2], COIN, published_rule("binance_tiers_2024_10")).units[0]
        assert (tiered.basis, tiered.delta) == (0.0, 0.5)

    def test_a_coin_stands_against_its_perpetual_in_a_scan(self) -> None:
        """Held and sold, it loses nothing in any row; the hedged delta is both sizes."""
        rule = published_rule("paradex_2026_08")
        account = portfolio_margin([(Spot("BTC"), 2.0), (Linear("BTC"), -2.0)], COIN, rule)
        assert account.units[0].pnl.tolist() == [0.0] * len(rule.scenarios)
        assert account.initial == pytest.approx(0.01 * 2.0 * 60_000)
        assert account.mark_to_market == pytest.approx(120_000)

    def test_funding_and_basis_of_the_scenarios_reach_the_futures(self) -> None:
        """Longs pay on the moved notional, an inverse contract on its dollars."""
        rule = MarginRule(stress.grid(price=[-0.1], basis=[0.02], funding=[0.001]))
        after = 0.9 * 1.02
        linear = portfolio_margin([(Linear("BTC"), 1.0)], COIN, rule)
        assert linear.worst.pnl == pytest.approx(60_000 * (after - 1 - 0.001 * after), rel=1e-12)
        inverse = portfolio_margin([(Inverse("BTC"), 60_000.0)], COIN, rule)
        assert inverse.worst.pnl == pytest.approx(60_000 * (after - 1 - 0.001), rel=1e-12)

    def test_the_table_moves_volatility_up_not_at_all_and_down(self) -> None:
        """Three volatilities at each of nine prices, in this order; far rows have it up."""
        rows = published_rule("deribit_2024_06").scenarios
        assert rows.moves["volatility"].tolist() == [0.5, 0.0, -0.25] * 9 + [0.5] * 8
        assert rows.lowest.tolist() == [0.5, 0.0, 0.0] * 9 + [0.5] * 8
        assert rows.moves["price"][::3][:9] == pytest.approx(np.linspace(-0.16, 0.16, 9))

    def test_at_the_money_no_surface_turns(self) -> None:
        """And beyond k* the turn is the cap, on both sides."""
        for kind in ("linear", "absolute"):
            skew = Skew(kind, 0.25, -0.1)  # type: ignore[arg-type]
            assert skew.factor([0.0], 0.25).tolist() == [1.0]
            assert skew.factor([9.0], 0.25).tolist() == [1.2]
        assert Skew("linear", 0.25).factor([-9.0], 0.25).tolist() == [0.75]
        assert Skew("absolute", 0.25).factor([-9.0], 0.25).tolist() == [1.25]

    def test_what_has_no_order_is_refused(self) -> None:
        """Sizes that do not begin at 0 or do not rise, and far moves that are not far."""
        for sizes in ([1.0, 2.0], [0.0, 0.0], [0.0, -1.0]):
            with pytest.raises(ValueError, match="sizes must"):
                size_charge(1.0, sizes, [1.0, 2.0])
        with pytest.raises(ValueError, match="multipliers must have one entry a size"):
            size_charge(1.0, [0.0], [1.0, 2.0])
        for far in ((0.16,), (-0.1,)):
            with pytest.raises(ValueError, match="far must be moves beyond the reach"):
                ShockRule(0.16, 0.5, 0.25, far=far)

    def test_an_extreme_move_counts_in_part(self) -> None:
        """With half of twice the edge the two are equal; with more the extreme binds."""
        rule = replace(published_rule("okx_pm_2025_01"), extreme_share=0.6)
        assert portfolio_margin([(Linear("BTC"), 1.0)], COIN, rule).worst.moves == {"price": -0.24}

    def test_a_tier_by_size_does_not_know_the_price(self) -> None:
        """Of one size the rate is one, of one notional it is not; a long and a short in one contract are their sum."""
        rule = published_rule("okx_tiers_2026_05")
        for price in (3_000.0, 60_000.0):
            market = Market({"BTC": price})
            asked = [portfolio_margin([(Linear("BTC"), q)], market, rule).maintenance / price for q in (10.0, 10.5)]
            assert asked == pytest.approx([10 * 0.004, 10.5 * 0.005], rel=1e-12)
            both = portfolio_margin([(Linear("BTC"), 60.0), (Linear("BTC"), -55.0)], market, rule)
            assert both.maintenance == pytest.approx(5 * 0.004 * price, rel=1e-12)
            large = portfolio_margin([(Linear("BTC"), -300.0)], market, rule)
            assert (large.initial, large.maintenance) == pytest.approx((300 * 0.025 * price, 300 * 0.0125 * price))

    def test_tiers_charge_each_side(self) -> None:
        """Without scenarios the notional is charged, whichever side; positions in one contract are one position."""
        rule = published_rule("binance_tiers_2024_10")
        long, short = (portfolio_margin([(Linear("BTC"), q)], COIN, rule) for q in (2.0, -2.0))
        assert (long.initial, long.maintenance) == (short.initial, short.maintenance)
        assert portfolio_margin([(Linear("BTC"), 2.0), (Linear("BTC"), -2.0)], COIN, rule).maintenance == 0
        assert long.units[0].worst is None
        with pytest.raises(ValueError, match="the rule has no initial margin"):
            portfolio_margin([(Linear("BTC"), 2.0)], COIN, published_rule("hyperliquid_pm_2025_12")).why()

    def test_the_caps_of_collateral(self) -> None:
        """The supply cap bounds the coins, the other cap the dollars."""
        assert portfolio.collateral_value(10.0, 40.0, 0.5, supply_cap=4.0) == 120.0
        assert portfolio.collateral_value(10.0, 40.0, 0.5, cap=50.0) == 50.0
        assert portfolio.collateral_ratio(75.0, 100.0) == 0.95


BOOKS: dict[str, list[tuple[Contract, float]]] = {
    "perpetual": [(Linear("BTC"), 1.0)],
    "spot and perpetual": [(Spot("BTC"), 1.0), (Linear("BTC"), -1.0)],
    "sold options": [(Linear("BTC"), 1.0), (Option("BTC", 66_000.0, 30 / 365), -3.0)],
    "two coins": [(Linear("BTC"), 1.0), (Linear("ETH"), -14.0)],
    "gold": [(Linear("BTC"), 1.0), (Linear("GOLD"), 4.0)],
    "inverse": [(Inverse("BTC"), 60_000.0)],
}


class TestCompare:
    def test_what_is_not_documented_is_not_ranked(self) -> None:
        """Options under tiers are a lower bound, a coin beside a perpetual not covered where no document has it."""
        status = {
            name: {row.venue.name: row.status for row in compare(book, MARKET).rows} for name, book in BOOKS.items()
        }
        assert set(status["perpetual"].values()) == {"complete"}
        assert status["spot and perpetual"]["paradex_2026_08"] == "not covered"
        assert status["sold options"]["okx_pm_2025_01"] == "at least"
        assert status["sold options"]["derive_pmrm_v2"] == "complete"
        assert set(status["gold"].values()) == {"at least"}
        assert [name for name, found in status["inverse"].items() if found != "not covered"] == ["deribit_2024_06"]
        for book in BOOKS.values():
            found = compare(book, MARKET)
            assert {row.status for row in found.ranked()} <= {"complete"}
            assert all(row.missing for row in found.rows if row.status != "complete")

    def test_a_lower_bound_leaves_out_what_is_missing(self) -> None:
        """Gold has no rule, so what is asked is what Bitcoin asks; a book of gold alone is covered nowhere."""
        for row, bare in zip(
            compare(BOOKS["gold"], MARKET).rows, compare(BOOKS["perpetual"], MARKET).rows, strict=True
        ):
            assert (row.maintenance, row.initial) == (bare.maintenance, bare.initial)
            assert "no rule for GOLD" in row.missing
        first = Market({"AAA": 1.0, **MARKET.prices}, MARKET.volatilities)
        for row, bare in zip(
            compare([(Linear("AAA"), 5.0), *BOOKS["two coins"]], first).rows,
            compare(BOOKS["two coins"], MARKET).rows,
            strict=True,
        ):
            assert row.maintenance == bare.maintenance
            assert row.missing.startswith("no rule for AAA")
        alone = compare(BOOKS["gold"][1:], MARKET)
        assert {row.status for row in alone.rows} == {"not covered"}
        assert {(row.initial, row.maintenance, row.worst, row.binding, row.offset) for row in alone.rows} == {
            (None, None, None, "", None)
        }
        with pytest.raises(ValueError, match="a book that is covered: no rule for GOLD"):
            alone.rows[0].why()

    @pytest.mark.parametrize("name", BOOKS)
    def test_no_rule_nets_across_coins(self, name: str) -> None:
        """What a book of several coins is asked is what the coins are asked alone, to the last digit."""
        book = BOOKS[name]
        coins = sorted({contract.underlying for contract, _ in book})
        parts = [compare([leg for leg in book if leg[0].underlying == coin], MARKET) for coin in coins]
        for k, row in enumerate(compare(book, MARKET).rows):
            if row.status == "not covered":
                continue
            alone = [
                part.rows[k].maintenance - row.venue.fixed for part in parts if part.rows[k].maintenance is not None
            ]
            assert sum(alone) + row.venue.fixed == pytest.approx(row.maintenance, rel=1e-14)
            assert row.offset == pytest.approx(0.0, abs=1e-9)

    @pytest.mark.parametrize("name", BOOKS)
    def test_every_row_says_why(self, name: str) -> None:
        """Both margins end in themselves, and name what is asked of every account where there is such an amount."""
        for row in compare(BOOKS[name], MARKET).rows:
            if row.account is None:
                continue
            why = row.why("maintenance")
            assert why.value == row.maintenance
            named = "F" in {term.symbol for term in why}
            assert named == why.terms[-1].formula.endswith("+ F") == (row.venue.fixed > 0)
            if row.initial is not None:
                assert row.why().value == row.initial
                assert row.initial >= row.maintenance

    def test_the_order_of_what_is_ranked(self) -> None:
        """The lowest first; rules without an initial margin are not ranked by it."""
        found = compare(BOOKS["perpetual"], MARKET)
        asked = [row.maintenance for row in found.ranked()]
        assert asked == sorted(asked)
        assert len(found.ranked("initial")) == len(asked) - 1
        assert found.row("paradex_2026_08").binding == "scenario"
        with pytest.raises(ValueError, match="what must be one of"):
            found.ranked("both")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="name must be one of"):
            found.row("nowhere")

    def test_marks_reach_the_rules_that_have_a_place_for_them(self) -> None:
        """The forward of an expiry is given once; a rule that cannot margin options does not stumble over it."""
        marks = Marks(expiries={30 / 365: Expiry(61_000.0)})
        book = BOOKS["sold options"]
        with_marks, without = compare(book, MARKET, marks), compare(book, MARKET)
        for row, plain in zip(with_marks.rows, without.rows, strict=True):
            assert (row.maintenance == plain.maintenance) == isinstance(row.account.units[0].rule, TierRule)
        with pytest.raises(ValueError, match="expiries of the marks must be those of the options"):
            compare(BOOKS["perpetual"], MARKET, marks)

    def test_a_table_of_plain_values(self) -> None:
        """It says what the rows say, and can be written to a file as it is."""
        for book in BOOKS.values():
            found = compare(book, MARKET)
            assert json.loads(json.dumps(found.table())) == list(found.table())
            for row, plain in zip(found.rows, found.table(), strict=True):
                assert (plain["maintenance"], plain["status"]) == (row.maintenance, row.status)
                assert (plain["venue"], plain["date"]) == (row.venue.name, row.venue.date)

    def test_venues_of_ones_own(self) -> None:
        """A rule that one writes is compared like the published ones; a coin without a haircut is said."""
        mine = Venue("mine", "My rule", "2026-11", {"BTC": FULL}, 100.0)
        row = compare(BOOKS["perpetual"], MARKET, among=[mine]).rows[0]
        assert row.maintenance == pytest.approx(13_900.0)
        assert row.why("maintenance")["F"] == 100.0
        book = [(Spot("SOL"), 1.0), (Linear("SOL"), -1.0)]
        assert compare(book, Market({"SOL": 150.0})).row("derive_pmrm_v2").missing == "no haircut for SOL"
        with pytest.raises(ValueError, match="without of the venue must be one of"):
            Venue("mine", "My rule", "2026-11", {"BTC": FULL}, without={"Future": "x"})
        with pytest.raises(ValueError, match="rules must be a mapping"):
            Venue("mine", "My rule", "2026-11", {})
        with pytest.raises(ValueError, match="book must hold a contract on a coin"):
            compare([(Cash("USD"), 1.0)], MARKET)

    def test_dates(self) -> None:
        """Every row can be printed with the date of its document."""
        assert all(venue.date[:2] == "20" and venue.title for venue in venues())
        assert len({venue.name for venue in venues()}) == len(venues())


MOVES = {"zero", "negative"}
CHARGED = (
    "basis_charge", "basis_charge_year", "discount", "discount_rate", "discount_spread", "debt", "debt_rate",
    "debt_spread", "perpetual", "spot", "short_option", "perpetual_initial", "spot_initial",
    "short_option_initial", "trust_charge", "peg_threshold", "peg_factor",
)  # fmt: skip
SHOCK = {"reach": 0.16, "up": 0.5, "down": 0.25}

BAD_INPUT = {
    "Expiry": case(
        Expiry,
        forward=(1.0, {"zero"}, "[0, inf)"),
        fixed=(1.0, {"zero"}, "[0, inf)"),
        interest=(0.1, {"zero", "negative"}),
        trust=(0.5, {"zero"}, "[0, 1]"),
    ),
    "Marks": case(
        Marks,
        perpetual=(1.0, {"none"}, "(0, inf)"),
        stable=(1.0, NOTHING, "(0, inf)"),
        trust=(0.5, {"zero"}, "[0, 1]"),
        perpetual_trust=(0.5, {"zero"}, "[0, 1]"),
    ),
    "Asset": case(
        Asset,
        amount=(1.0, {"zero"}, "[0, inf)"),
        price=(1.0, NOTHING, "(0, inf)"),
        haircut=(0.1, {"zero"}, "[0, inf)"),
        initial_haircut=(0.1, {"zero"}, "[0, inf)"),
        trust=(0.5, {"zero"}, "[0, 1]"),
    ),
    "Skew": case(
        lambda **values: Skew("linear", **values),
        **{name: (0.5, {"zero"}, "[0, inf)") for name in ("cap", "least", "width", "level", "weight")},
        cap_slope=(0.1, MOVES),
        growth=(0.1, MOVES),
    ),
    "Skew.factor": case(Skew("linear", 0.25).factor, moneyness=(0.1, {*MOVES, "shape"}), years=(0.1, AT_LEAST_0)),
    "MarginRule": case(
        lambda **values: MarginRule(published_grid("paradex"), **values),
        basis_moves=((0.05, -0.05), NOTHING),
        trust_threshold=(0.5, {"zero"}, "[0, 1]"),
        **{name: (0.5, {"zero"}, "[0, inf)") for name in CHARGED},
    ),
    "MarginRule.distrust": case(FULL.distrust, trust=(0.5, {"zero"}, "[0, 1]")),
    "FloorRule": case(
        lambda **values: FloorRule(published_grid("paradex"), **values),
        **{name: (0.5, {"zero"}, "[0, inf)") for name in ("net", "hedged", "fee")},
        funding=(0.1, MOVES),
    ),
    "ShockRule": case(
        lambda **values: ShockRule(**{**SHOCK, "far": (), **values}),
        reach=(0.16, NOTHING, "(0, 1)"),
        up=(0.5, {"zero"}, "[0, inf)"),
        down=(0.5, {"zero"}, "[0, inf)"),
        term=((0.3, 0.1), NOTHING),
        offset=(0.5, {"zero"}, "[0, 1]"),
        offset_cap=(0.5, {"zero", "inf"}, "[0, inf]"),
        maintenance=(0.8, NOTHING, "(0, 1]"),
        **{
            name: (0.5, {"zero"}, "[0, inf)")
            for name in (
                "lowest",
                "factor",
                "dampener",
                "roll",
                "roll_year",
                "delta_share",
                "delta_slope",
                "delta_free",
            )
        },
    ),
    "LayeredRule": case(
        lambda moves, **values: LayeredRule(moves, **{"extreme": 0.24, **values}),
        moves=((0.04, 0.12), NOTHING),
        extreme=(0.24, NOTHING, "(0, 1)"),
        extreme_share=(0.5, {"zero"}, "[0, 1]"),
        basis=(0.1, {"zero"}, "[0, inf)"),
        minimum=(0.1, {"zero"}, "[0, inf)"),
        initial_factor=(1.3, NOTHING, "(0, inf)"),
    ),
    "TierRule": case(lambda health: TierRule(Tiers.flat(0.01), health), health=(0.95, NOTHING, "(0, 1]")),
    "size_charge": case(
        size_charge, charge=(1.0, AT_LEAST_0), sizes=([0.0, 5.0], NOTHING), multipliers=([1.0, 2.0], NOTHING)
    ),
    "collateral_value": case(
        portfolio.collateral_value,
        amount=(1.0, AT_LEAST_0),
        price=(1.0, {"shape"}, "(0, inf)"),
        ltv=(0.5, {"zero", "shape"}, "[0, 1]"),
        supply_cap=(1.0, {*AT_LEAST_0, "inf"}, "[0, inf]"),
        cap=(1.0, {*AT_LEAST_0, "inf"}, "[0, inf]"),
    ),
    "collateral_ratio": case(
        portfolio.collateral_ratio,
        maintenance=(1.0, AT_LEAST_0),
        value=(1.0, {"shape"}, "(0, inf)"),
        borrowed=(1.0, AT_LEAST_0),
        fixed=(1.0, AT_LEAST_0),
    ),
    "span_rule": case(
        portfolio.span_rule,
        scan=(0.1, NOTHING, "(0, 0.5)"),
        volatility=(0.1, {"zero"}, "[0, inf)"),
        extreme=(2.0, NOTHING, "(0, ~10)"),
        share=(0.35, {"zero"}, "[0, inf)"),
    ),
    "portfolio_margin": case(
        lambda size, unsettled: portfolio_margin([(Linear("BTC"), size)], MARKET, FULL, unsettled=unsettled),
        size=(1.0, MOVES),
        unsettled=(1.0, MOVES),
    ),
    "compare": case(lambda size: compare([(Linear("BTC"), size)], MARKET), size=(1.0, MOVES)),
    "Venue": case(
        lambda fixed: Venue("mine", "My rule", "2026-11", {"BTC": FULL}, fixed), fixed=(1.0, {"zero"}, "[0, inf)")
    ),
    "Unit": None,
    "PortfolioMargin": None,
    "Row": None,
    "Comparison": None,
    "Comparison.row": None,
    "Rule": None,
    "published_rule": None,
    "venues": None,
}

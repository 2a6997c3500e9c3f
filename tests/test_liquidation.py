"""Liquidation prices: published numbers of seven venues, closed forms, an independent search, a seeded simulation."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import liquidation
from perpnotes.contracts import Inverse, Linear
from perpnotes.liquidation import (
    TOPICS,
    VENUES,
    Estimate,
    Interval,
    Rule,
    Settlement,
    bankruptcy_value,
    budget,
    cross_move,
    interval,
    intervals,
    overtaken,
    price,
    published_practice,
    published_rule,
    settle,
    stop_deviations,
    stop_slippage,
)
from perpnotes.margin import Account, Collateral, Position, Tiers, published_tiers

BINANCE_2021 = Tiers((0, 50e3, 250e3, 1e6, 10e6), (0.004, 0.005, 0.01, 0.025, 0.05))
CENT = 0.005  # published to two decimals
NEVER_LONG, NEVER_SHORT = 0.0, math.inf


def gap(p: float, size: float, entry: float, wallet: float, tiers: Tiers, *, inverse: bool, fee: float) -> float:
    """Equity less requirement at a mark, from the definitions, for the independent searches."""
    if inverse:
        pnl, notional = size * (1 / entry - 1 / p), abs(size) / p
    else:
        pnl, notional = size * (p - entry), abs(size) * p
    tier = max(k for k, floor in enumerate(tiers.floors) if notional >= floor)
    deduction = sum((tiers.rates[k] - tiers.rates[k - 1]) * tiers.floors[k] for k in range(1, tier + 1))
    return wallet + pnl - (tiers.rates[tier] * notional - deduction) - fee * notional


class TestPublished:
    @pytest.mark.parametrize(
        ("size", "entry", "wallet", "rate", "amount", "expected", "digits"),
        [
            (3683.979, 1456.84, 1535443.01, 0.10, 135365.0, 1114.78, CENT),
            (109.488, 32481.98, 1535443.01, 0.025, 16300.0, 18778.73, CENT),
            (-1.0, 10.0, 2.0, 0.01, 0.01, 11.89108910891089, 1e-13),
            (-1.0, 10.0, 10 / 3, 0.01, 0.01, 13.211221122079207, 1e-8),  # printed after a truncated margin
            (0.6, 10.0, 1.2, 0.01, 0.01, 8.063973063973064, 1e-13),
            (20.0, 6563.665, 15517.54150468 - 2316.8342356, 0.005, 50.0, 5930.78, CENT),  # API: margin less its P&L
        ],
        ids=["faq-eth", "faq-btc", "short-5x", "short-3x", "long-0.6", "api"],
    )
    def test_binance_isolated(
        self, size: float, entry: float, wallet: float, rate: float, amount: float, expected: float, digits: float
    ) -> None:
        """Binance: maintenance on mark notional, a tier amount, no close fee; FAQ example, API payload, test values."""
        actual = price(size, entry, wallet, rate, deduction=amount)
        assert actual == pytest.approx(expected, rel=0, abs=digits)  # as printed

    def test_binance_cross(self) -> None:
        """Binance's FAQ example, cross: the other leg's P&L and maintenance at its own frozen mark, to the cent."""
        size, entry = np.array([3683.979, 109.488]), np.array([1456.84, 32481.98])
        mark, rate, amount = np.array([1335.18, 31967.27]), np.array([0.10, 0.025]), np.array([135365.0, 16300.0])
        pnl, needed = size * (mark - entry), rate * size * mark - amount
        actual = price(
            size, entry, 1535443.01, rate, deduction=amount, other_pnl=pnl[::-1], other_maintenance=needed[::-1]
        )
        assert actual == pytest.approx([1153.26, 26316.89], rel=0, abs=CENT)  # as printed

    @pytest.mark.parametrize(
        ("size", "leverage", "expected"),
        [
            (1.0, 5, 8.085708510208207),
            (1.0, 3, 6.738090425173506),
            (-2.0, 5, 11.87413417771621),
            (-1.0, 3, 13.193482419684678),
        ],
    )
    def test_gate_and_okx(self, size: float, leverage: float, expected: float) -> None:
        """Gate and OKX: the taker fee is inside the check, `(E -/+ W/q) / (1 -/+ (m + phi))`."""
        actual = price(size, 10.0, abs(size) * 10.0 / leverage, 0.01, close_fee=0.0006)
        assert actual == pytest.approx(expected, rel=1e-14)  # printed to 16 digits

    @pytest.mark.parametrize(
        ("size", "entry", "leverage", "rate", "extra", "expected", "digits"),
        [
            (1.0, 10.0, 1, 0.01, 0.0, 0.1, 1e-6),
            (1.0, 10.0, 3, 0.01, 0.0, 6.7666666, 1e-6),
            (-1.0, 10.0, 5, 0.01, 0.0, 11.9, 1e-6),
            (1.0, 20_000.0, 50, 0.005, 0.0, 19_700.0, 1e-9),
            (-1.0, 20_000.0, 50, 0.005, 3_000.0, 23_300.0, 1e-9),
            (-1.0, 0.008866, 1, 0.02, 0.0, 0.017554, 1e-6),  # printed after rounding down to the tick
        ],
    )
    def test_bybit(
        self, size: float, entry: float, leverage: float, rate: float, extra: float, expected: float, digits: float
    ) -> None:
        """Bybit, isolated USDT: maintenance on *entry* notional, `E -/+ (IM - MM)/q -/+ extra/q`."""
        actual = price(size, entry, abs(size) * entry / leverage + extra, rate, basis="entry")
        assert actual == pytest.approx(expected, rel=0, abs=digits)  # as printed

    def test_okx_inverse(self) -> None:
        """OKX's API, a coin-margined long: `Q(1 + m + phi)/(Q/E + M)`; the printed value is one tick of 0.01 higher."""
        actual = price(10.0, 2566.31, 0.0003896645377994, 0.008, close_fee=0.0005, inverse=True)
        assert actual == pytest.approx(2352.8496681818233 - 0.01, rel=1e-12)

    def test_bybit_inverse_bankruptcy(self) -> None:
        """Bybit, inverse: bankruptcy with the closing fee inside, and `E L/(L + 1)` without it."""
        actual = price(10_000.0, 8_000.0, 0.5, 0.0, close_fee=0.00075, inverse=True, multiple=0.0)
        assert actual == pytest.approx(5718.57, rel=0, abs=CENT)
        assert price(1.0, 6_400.0, 1 / 6_400 / 25, 0.005, inverse=True, multiple=0.0) == pytest.approx(6_400 * 25 / 26)

    def test_hyperliquid(self) -> None:
        """Hyperliquid: any price serves as entry, with the equity there as wallet; cash of -95.06 beside 0.0335 ETH.

        In 2023 the requirement stayed at its value at the current mark: a requirement of other legs, and no rate.
        """
        size, cash, at = 0.0335, -95.059824, 3_000.0
        assert price(size, at, cash + size * at, 0.01) == pytest.approx(2866.26936529, rel=0, abs=2e-5)
        fixed = price(-0.00785, 26_961.2, 1182.312496, 0.0, other_maintenance=0.01 * 3434.815334)
        room = 1182.312496 - 0.01 * 3434.815334
        assert fixed == pytest.approx(26_961.2 + room / 0.00785, rel=1e-13)
        assert fixed == pytest.approx(173198.69592357, rel=0, abs=8e-5)

    def test_dydx(self) -> None:
        """The protocol dYdX v4: short 3 at 3000 with 1000 deposited and 5% maintenance is liquidated at 10000/3.15."""
        assert price(-3.0, 3_000.0, 1_000.0, 0.05) == pytest.approx(10_000 / 3.15, rel=1e-14)

    @pytest.mark.parametrize(
        ("size", "mark", "cash", "other", "proceeds"),
        [(0.1, 50e3, -4501.0, 0.0, 4501.0), (-0.1, 50e3, 5499.0, 0.0, -5499.0), (-0.1, 3e3, 510.0, -200.0, -306.0)],
    )
    def test_dydx_bankruptcy(self, size: float, mark: float, cash: float, other: float, proceeds: float) -> None:
        """In its own tests, dYdX v4 shares the account's equity among its legs by maintenance, 10% of each notional."""
        equity, share = cash + size * mark + other, abs(size) * mark / (abs(size) * mark + abs(other))
        bankrupt = price(size, mark, share * equity, 0.1, multiple=0.0)
        assert size * bankrupt == pytest.approx(proceeds, rel=1e-13)

    @pytest.mark.parametrize(
        ("size", "wallet", "bankrupt", "liquidated"),
        [(1, 2, 0, 0), (1, 2 / 3, 1 / 3, 0.37037), (-4, 8 / 3, 5 / 3, 1.51515), (1, 2 / 19, 17 / 19, 0.994152)],
    )
    def test_chitra(self, size: float, wallet: float, bankrupt: float, liquidated: float) -> None:
        """The worked examples of Chitra (2025): a mark of 1 and maintenance of 10%."""
        actual = price(size, 1.0, wallet, 0.1, multiple=[0.0, 1.0])
        assert actual == pytest.approx([bankrupt, liquidated], rel=0, abs=6e-6)  # printed digits

    def test_another_leg_without_its_maintenance_overstates_the_room(self) -> None:
        """An issue's arithmetic: 99.4 with the other leg's maintenance inside, 95.4 without it."""
        assert price(1.0, 100.0, 5.0, 0.004, other_maintenance=4.0) == pytest.approx(99.4, rel=0, abs=0.006)
        assert price(1.0, 100.0, 5.0, 0.004) == pytest.approx(95.4, rel=0, abs=0.02)


class TestPrice:
    @pytest.mark.parametrize("inverse", [False, True])
    @given(
        size=st.floats(0.5, 400.0),
        entry=st.floats(1_000.0, 100_000.0),
        leverage=st.floats(0.7, 60.0),
        fee=st.floats(0.0, 0.002),
        side=st.sampled_from([-1.0, 1.0]),
    )
    def test_it_separates_life_from_liquidation(
        self, size: float, entry: float, leverage: float, fee: float, side: float, inverse: bool
    ) -> None:
        """At every mark, equity from the definitions is at or below the requirement exactly on the adverse side."""
        tiers = Tiers((0, 8, 40, 200), (0.004, 0.01, 0.025, 0.05)) if inverse else BINANCE_2021
        units = side * size * (entry if inverse else 1.0)
        wallet = size * (1.0 if inverse else entry) / leverage
        level = float(price(units, entry, wallet, tiers, inverse=inverse, close_fee=fee))
        for mark in entry * np.geomspace(0.01, 100.0, 41):
            room = gap(mark, units, entry, wallet, tiers, inverse=inverse, fee=fee)
            if abs(room) > 1e-9 * size * (1.0 if inverse else entry) * (1 + mark / entry):  # else rounding decides
                assert (room < 0) == (side * mark < side * level)

    @pytest.mark.parametrize("side", [-1.0, 1.0])
    @given(size=st.floats(0.01, 400.0), leverage=st.floats(1.5, 90.0), fee=st.floats(0.0, 0.001))
    def test_it_is_the_distance_of_an_account(self, side: float, size: float, leverage: float, fee: float) -> None:
        """One isolated position: the same mark as `Account.distance`, which walks the tiers instead."""
        wallet = size * 60_000.0 / leverage
        position = Position(Linear("BTC"), side * size, 60_000.0, 60_000.0, BINANCE_2021, close_fee=fee)
        account = Account([position], [Collateral(wallet)])
        if account.assess().buffer <= 0:
            return
        actual = price(side * size, 60_000.0, wallet, BINANCE_2021, close_fee=fee)
        assert actual == pytest.approx(account.distance({"BTC": -side}).prices["BTC"], rel=1e-11)

    def test_tiers_are_continuous_at_a_floor(self) -> None:
        """Where the notional at liquidation lies on a floor, both tiers give the same price."""
        size = 50_000 / 45_000.0  # 50,000 USD at a liquidation price of 45,000
        wallet = 0.004 * 50_000 + size * 5_000.0
        prices = price(size, 50_000.0, wallet, np.array([0.004, 0.005]), deduction=np.array([0.0, 50.0]))
        assert prices == pytest.approx([45_000.0, 45_000.0], rel=1e-12)
        assert price(size, 50_000.0, wallet, BINANCE_2021) == pytest.approx(45_000.0, rel=1e-12)

    def test_distance_has_the_closed_form(self) -> None:
        """(1/L - m)/(1 - m) for a long, (1/L - m)/(1 + m) for a short: .09547739 at L = 10, m = 0.5%."""
        long, short = price([1.0, -1.0], 100.0, 10.0, 0.005)
        assert 1 - long / 100 == pytest.approx((0.1 - 0.005) / 0.995, rel=1e-12)
        assert 1 - long / 100 == pytest.approx(0.09547739, rel=0, abs=5e-9)
        assert short / 100 - 1 == pytest.approx((0.1 - 0.005) / 1.005, rel=1e-12)

    def test_open_fee_and_funding_shift_it(self) -> None:
        """A long at L = 10: an open fee of 5 bp and 30 payments of 1 bp move it by (fee + n f)/(1 - m) = .00351759."""
        bare = price(1.0, 1.0, 0.1, 0.005)
        shifted = price(1.0, 1.0, 0.1, 0.005, open_fee=0.0005, funding=30 * 0.0001)
        assert shifted - bare == pytest.approx(0.0035 / 0.995, rel=1e-12)
        assert shifted - bare == pytest.approx(0.00351759, rel=0, abs=5e-9)

    @pytest.mark.parametrize("inverse", [False, True])
    def test_a_funding_path_is_its_running_sum(self, inverse: bool) -> None:
        """After each payment the price is that of a wallet from which the payments have been taken; shorts receive."""
        rates = np.array([3e-4, -1e-4, 5e-4, 2e-4])
        for size in (2.0, -2.0):
            notional = abs(size) * (1 / 50_000.0 if inverse else 50_000.0)
            wallet = notional / 8
            path = price(size, 50_000.0, wallet, 0.01, funding=np.cumsum(rates), inverse=inverse)
            for n, actual in enumerate(path, start=1):
                left = wallet - np.sign(size) * rates[:n].sum() * notional
                assert actual == pytest.approx(price(size, 50_000.0, left, 0.01, inverse=inverse), rel=1e-13)

    def test_the_basis_matters_only_away_from_the_entry(self) -> None:
        """On the mark and on the entry basis it is the same without a maintenance rate, or where it is the entry."""
        assert price(1.0, 10.0, 2.0, 0.0) == price(1.0, 10.0, 2.0, 0.0, basis="entry")
        assert price(1.0, 10.0, 0.1, 0.01) == pytest.approx(10.0, rel=1e-14)
        assert price(1.0, 10.0, 0.1, 0.01, basis="entry") == pytest.approx(10.0, rel=1e-14)
        assert price(1.0, 10.0, 2.0, 0.01, basis="entry") > price(1.0, 10.0, 2.0, 0.01)

    def test_entry_basis_uses_the_tier_of_the_entry_notional(self) -> None:
        """300,000 USD at entry ask 1,700 USD by the third tier, wherever the mark goes."""
        assert price(5.0, 60_000.0, 30_000.0, BINANCE_2021, basis="entry") == pytest.approx(
            60_000 - (30_000 - 1_700) / 5
        )

    def test_the_multiple_counts_every_leg_and_not_the_fee(self) -> None:
        """At half of maintenance, the other legs' maintenance is halved too; the close fee is whole on either basis."""
        half = price(1.0, 100.0, 20.0, 0.02, close_fee=0.001, other_maintenance=4.0, multiple=0.5)
        assert 20 + (half - 100) == pytest.approx(0.5 * (0.02 * half + 4) + 0.001 * half, rel=1e-12)
        fixed = price(1.0, 100.0, 20.0, 0.02, close_fee=0.001, other_maintenance=4.0, multiple=0.5, basis="entry")
        assert 20 + (fixed - 100) == pytest.approx(0.5 * (0.02 * 100 + 4) + 0.001 * 100, rel=1e-12)

    def test_bankruptcy_does_not_move_with_the_mark(self) -> None:
        """Re-based to any mark with the equity there, every level of the family stays where it was."""
        mark = np.array([95.0, 100.0, 120.0])
        for multiple in (0.0, 1.0):
            levels = price(2.0, mark, 20.0 + 2.0 * (mark - 100.0), 0.02, multiple=multiple)
            assert levels == pytest.approx(np.full(3, levels[0]), rel=1e-13)

    def test_isolated_is_cross_with_nothing_else(self) -> None:
        """Other legs enter as equity that is there or not: their P&L less their maintenance is wallet."""
        cross = price(-2.0, 100.0, 20.0, 0.01, other_pnl=7.0, other_maintenance=3.0)
        assert cross == pytest.approx(price(-2.0, 100.0, 24.0, 0.01), rel=1e-14)

    def test_many_accounts_agree_with_one_at_a_time(self) -> None:
        """Across blocks, mixed sides, tiers and shapes, each account gets its own price."""
        rng = np.random.default_rng(5)
        n = 3 * 8192 + 7
        table = published_tiers("binance_btcusdt_2024_10")
        size, entry = rng.choice([-1.0, 1.0], n) * np.exp(rng.normal(2, 3, n)), rng.uniform(2e4, 9e4, n)
        wallet = np.abs(size) * entry / rng.uniform(1.5, 90, n)
        actual = price(size, entry, wallet, table, close_fee=0.0005, multiple=1.25)
        for i in (0, 1, 8191, 8192, n // 2, n - 1, *rng.integers(0, n, 40)):
            assert actual[i] == price(size[i], entry[i], wallet[i], table, close_fee=0.0005, multiple=1.25)
        grid = price(size[:6].reshape(2, 3), 5e4, wallet[:3], table, multiple=np.ones((4, 1, 1)))
        assert grid.shape == (4, 2, 3)

    def test_a_silent_change_of_tiers_moves_it(self) -> None:
        """The same position under two tables: only the notional above the changed floor feels the change."""
        stricter = Tiers((0, 50e3, 250e3), (0.004, 0.005, 0.02))
        before, after = (price([0.5, 10.0], 60_000.0, [3_000.0, 60_000.0], table) for table in (BINANCE_2021, stricter))
        assert before[0] == after[0]
        assert (1 - 0.02) * (after[1] - before[1]) == pytest.approx(0.01 * (before[1] - 25_000), rel=1e-10)


class TestNoPrice:
    def test_a_fully_paid_long_is_never_liquidated(self) -> None:
        """Wallet at or above the notional: no mark above 0 takes it, and the answer is 0."""
        assert price(1.0, 100.0, [100.0, 150.0], 0.005).tolist() == [NEVER_LONG] * 2

    def test_an_inverse_short_at_one_times_is_never_liquidated(self) -> None:
        """Its coins are worth the same dollars at every mark, less maintenance: the answer is infinity."""
        assert price(-60_000.0, 50_000.0, [1.2, 1.5], 0.0, inverse=True).tolist() == [NEVER_SHORT] * 2
        assert math.isfinite(price(-60_000.0, 50_000.0, 1.19, 0.005, inverse=True))

    def test_a_hopeless_short_is_liquidated_at_every_mark(self) -> None:
        """A debt larger than the entry notional: a short's price is 0, an inverse long's infinity."""
        assert price(-1.0, 100.0, -101.0, 0.005) == 0.0
        assert price(60_000.0, 50_000.0, -1.3, 0.005, inverse=True) == math.inf

    def test_an_estimate_says_so(self) -> None:
        """`exists` and the derivation tell the answer from a price."""
        paid = Estimate(1.0, 100.0, 100.0, 0.005)
        assert not paid.exists
        assert paid.why().terms[-1].meaning == "no liquidation price, never"
        assert paid.distance(100.0) == 1.0
        assert Estimate(-1.0, 100.0, -101.0, 0.005).why().terms[-1].meaning == "no liquidation price, at every mark"


class TestDefaults:
    @pytest.mark.parametrize("inverse", [False, True])
    def test_what_is_not_stated_costs_nothing(self, inverse: bool) -> None:
        """No fee, no funding, no deduction, no other legs, and liquidation at once the requirement."""
        terms = (-2.0, 100.0, 30.0, 0.01)
        nothing = dict.fromkeys(
            ("deduction", "open_fee", "close_fee", "funding", "other_pnl", "other_maintenance"), 0.0
        )
        assert price(*terms, inverse=inverse) == price(*terms, **nothing, multiple=1.0, inverse=inverse, basis="mark")
        assert Estimate(*terms, inverse=inverse) == Estimate(*terms, **nothing, inverse=inverse, basis="mark")
        assert price(*terms) == pytest.approx((2 * 100 + 30) / (2 * 1.01), rel=1e-14)

    def test_a_rate_of_the_whole_notional_is_none_at_any_multiple(self) -> None:
        """Half of a maintenance rate of 1 would leave a price; the rate itself is no rate."""
        with pytest.raises(ValueError, match="maintenance must be < 1"):
            price(1.0, 100.0, 10.0, 1.0, multiple=0.5)

    def test_a_stop_without_side_or_slippage_is_a_long_that_is_filled_at_its_price(self) -> None:
        """The closed form of the gap over the move in that time, for a year of 365 days."""
        expected = math.log(100.5 / 100) / (0.9 * math.sqrt(30 / (365 * 86_400)))
        assert stop_deviations(100.5, 100.0, 0.9, 30.0) == pytest.approx(expected, rel=1e-12)
        assert stop_deviations(100.5, 100.0, 0.9, 30.0, side=1, slippage=0) == pytest.approx(expected, rel=1e-12)
        assert overtaken(100.5, 100.0, 0.9, 300.0) == overtaken(100.5, 100.0, 0.9, 300.0, side=1, slippage=0)


class TestEstimate:
    @pytest.mark.parametrize(
        "estimate",
        [
            Estimate(5.0, 60_000.0, 30_000.0, BINANCE_2021, close_fee=0.0005, open_fee=0.0002, funding=0.003),
            Estimate(-5.0, 60_000.0, 30_000.0, BINANCE_2021, close_fee=0.0005, funding=0.003, other_pnl=-900.0),
            Estimate(60_000.0, 50_000.0, 0.12, 0.005, deduction=0.001, inverse=True, close_fee=0.0005),
            Estimate(-60_000.0, 50_000.0, 0.12, 0.005, inverse=True, other_maintenance=0.01),
            Estimate(-5.0, 60_000.0, 30_000.0, BINANCE_2021, basis="entry", close_fee=0.0005),
            Estimate(5.0, 60_000.0, 80_000.0, BINANCE_2021),  # entered in one tier and liquidated in the one below
            Estimate(5.0, 60_000.0, 80_000.0, BINANCE_2021, basis="entry"),
        ],
    )
    def test_its_derivation_adds_up(self, estimate: Estimate) -> None:
        """The terms shown, put into the formula shown, give the price."""
        why = estimate.why()
        q, s, entry = abs(estimate.size), estimate.side, estimate.entry
        free = why["W"] - why["F_o"] - why["F"] + why["U"] - why["M_o"]
        assert why["B"] == pytest.approx(free, rel=1e-15)
        m, c, phi = why["m_k"], why["c_k"], why[r"\phi"]
        if estimate.basis == "entry":
            expected = entry + s * ((m + phi) * q * entry - c - free) / q
        elif estimate.inverse:
            expected = q * (1 + s * (m + phi)) / (q / entry + s * (free + c))
        else:
            expected = (s * q * entry - free - c) / (q * (s - m - phi))
        assert why.value == estimate.price == pytest.approx(expected, rel=1e-12)

    def test_distance_is_adverse_on_both_sides(self) -> None:
        """A long's price lies below the mark, a short's above; beyond it the distance is negative."""
        assert Estimate(1.0, 100.0, 10.0, 0.0).distance(100.0) == pytest.approx(0.10, rel=1e-12)
        assert Estimate(-1.0, 100.0, 10.0, 0.0).distance(100.0) == pytest.approx(0.10, rel=1e-12)
        assert Estimate(-1.0, 100.0, 10.0, 0.0).distance(125.0) == pytest.approx(-0.15 / 1.25, rel=1e-12)

    def test_budget_steps_add_up(self) -> None:
        """The gap is the sum of its steps, and each step is what exchanging that assumption does."""
        kind = Estimate(5.0, 60_000.0, 30_000.0, BINANCE_2021)
        cautious = replace(kind, maintenance=0.02, deduction=10.0, open_fee=5e-4, close_fee=1e-3, funding=9e-3)
        result = budget(kind, cautious)
        assert list(result.steps) == ["maintenance", "open_fee", "close_fee", "funding"]
        assert result.gap == pytest.approx(cautious.price - kind.price, rel=1e-12)
        assert result.why().value == result.gap
        first = replace(kind, maintenance=0.02, deduction=10.0)
        assert result.steps["maintenance"] == first.price - kind.price > 0

    def test_budget_steps_are_numbered_in_their_order(self) -> None:
        """The derivation calls the first step 1, as a reader counts."""
        kind = Estimate(1.0, 60_000.0, 6_000.0, 0.005)
        found = budget(kind, replace(kind, maintenance=0.01, funding=0.006))
        assert [found.why()[rf"\Delta_{{{i}}}"] for i in (1, 2)] == list(found.steps.values())

    def test_budget_of_a_short_is_positive_when_the_price_comes_closer(self) -> None:
        """For a short, closer is lower; an infinite optimistic price is an infinite budget, never a NaN."""
        kind = Estimate(-60_000.0, 50_000.0, 1.2, 0.0, inverse=True)
        assert budget(kind, replace(kind, close_fee=0.001, funding=-0.01)).gap == math.inf
        short = Estimate(-1.0, 100.0, 10.0, 0.005)
        assert budget(short, replace(short, maintenance=0.01)).gap > 0

    def test_budget_compares_one_position(self) -> None:
        """Another size, entry or contract is another position."""
        kind = Estimate(1.0, 100.0, 10.0, 0.005)
        for change in ({"size": 2.0}, {"entry": 99.0}, {"inverse": True}):
            with pytest.raises(ValueError, match="must be the same in both"):
                budget(kind, replace(kind, **change))  # type: ignore[arg-type]


FLAT = Tiers.flat(0.01)


def book(btc: float, eth: float, money: float) -> Account:
    legs = [
        Position(Linear("BTC"), btc, 60_000.0, 60_000.0, FLAT),
        Position(Linear("ETH"), eth, 3_000.0, 3_000.0, FLAT),
    ]
    return Account(legs, [Collateral(money)])


class TestInterval:
    def test_frozen_legs_are_the_cross_price(self) -> None:
        """Without betas the ends are `price` with the other leg's P&L and maintenance."""
        actual = interval(book(1.0, -30.0, 9_000.0), "BTC")
        expected = price(1.0, 60_000.0, 9_000.0, 0.01, other_maintenance=900.0)
        assert actual.low == pytest.approx(expected, rel=1e-12)
        assert actual.high == math.inf

    @given(
        beta=st.floats(-2.0, 2.0).filter(lambda b: abs(b) > 0.3),
        eth=st.floats(-60.0, 60.0).filter(lambda x: abs(x) > 1),
    )
    def test_following_legs_have_the_closed_form(self, beta: float, eth: float) -> None:
        """With one leg, a beta is a power: the other coin's own end, raised to `1 / beta`."""
        legs = [
            Position(Linear("BTC"), 1e-9, 60_000.0, 60_000.0, FLAT),
            Position(Linear("ETH"), eth, 3_000.0, 3_000.0, FLAT),
        ]
        account = Account(legs, [Collateral(abs(eth) * 3_000.0 * 0.3)])
        own = float(price(eth, 3_000.0, abs(eth) * 3_000.0 * 0.3, 0.01)) / 3_000.0
        actual = interval(account, "BTC", {"ETH": beta})
        end = 60_000.0 * own ** (1 / beta)
        if own ** (1 / beta) < 1:
            assert (actual.low, actual.high) == (pytest.approx(end, rel=1e-6), math.inf)  # the speck of Bitcoin
        else:
            assert (actual.low, actual.high) == (0.0, pytest.approx(end, rel=1e-6))

    def test_correlation_one_liquidates_two_longs_sooner_and_a_pair_later(self) -> None:
        """Betas of sigma ratios: longs fall together; the short leg of a pair pays for the long one."""
        at_one = {"ETH": 0.7 / 0.5}
        assert interval(book(1.0, 10.0, 9_000.0), "BTC", at_one).low > interval(book(1.0, 10.0, 9_000.0), "BTC").low
        assert interval(book(1.0, -10.0, 9_000.0), "BTC", at_one).low < interval(book(1.0, -10.0, 9_000.0), "BTC").low

    def test_an_account_can_have_two_ends(self) -> None:
        """An inverse long whose coins are its margin, against a linear short: both directions end it."""
        long = Position(Inverse("BTC"), 60_000.0, 60_000.0, 60_000.0, FLAT)
        short = Position(Linear("ETH"), -30.0, 3_000.0, 3_000.0, Tiers((0, 80_000), (0.01, 0.2)))
        account = Account([long, short], [Collateral(4_000.0), Collateral(0.2, "BTC", fx=60_000.0)])
        low = interval(account, "BTC").low
        high = interval(account, "ETH", {"BTC": 0.1}).high
        assert 0 < low < 60_000
        assert 3_000 < high < math.inf

    def test_its_distance_is_the_nearer_end(self) -> None:
        """A short has its end above, and infinity or 0 on the other side are never the nearer one."""
        short = interval(book(-1.0, -1.0, 9_000.0), "BTC")
        assert (short.low, short.distance) == (0.0, pytest.approx(short.high / 60_000 - 1, rel=1e-15))
        assert short.distance < 0.2

    def test_no_end_is_no_distance(self) -> None:
        """A fully paid long has an end on neither side; a low of 0 is not a fall of all."""
        paid = Account([Position(Linear("BTC"), 1.0, 100.0, 100.0, FLAT)], [Collateral(100.0)])
        assert interval(paid, "BTC").distance == math.inf
        far = interval(book(-1.0, -1.0, 99_000.0), "BTC")
        assert (far.low, far.distance) == (0.0, pytest.approx(far.high / 60_000 - 1, rel=1e-15))
        assert far.distance > 1.0

    def test_what_is_shown_is_the_distance(self) -> None:
        """The derivation ends in the distance and names only the ends that are there."""
        for account in (book(-1.0, -1.0, 9_000.0), book(1.0, 10.0, 9_000.0), book(1.0, 1.0, 99_000.0)):
            found = interval(account, "BTC", {"ETH": 1.2})
            why = found.why()
            assert why.value == found.distance
            symbols = [term.symbol for term in why.terms]
            assert ("P_l" in symbols, "P_h" in symbols) == (found.low > 0, found.high < math.inf)

    @pytest.mark.parametrize(("low", "high"), [(90.0, 130.0), (60.0, 110.0), (90.0, 110.0), (0.0, 110.0)])
    def test_its_distance_is_the_smaller_relative_move(self, low: float, high: float) -> None:
        """Down to the lower end or up to the higher one, as a part of the mark."""
        assert Interval(100.0, low, high).distance == pytest.approx(0.1, rel=1e-14)
        long = interval(book(1.0, 1.0, 9_000.0), "BTC")
        assert long.distance == pytest.approx(1 - long.low / 60_000, rel=1e-15)

    def test_too_late_is_distance_zero(self) -> None:
        """An account below its requirement has both ends at the mark."""
        late = interval(book(1.0, 10.0, 100.0), "BTC")
        assert (late.low, late.high, late.distance) == (60_000.0, 60_000.0, 0.0)

    def test_it_refuses_what_it_does_not_hold(self) -> None:
        """An unknown coin or a beta of the driver itself is named."""
        with pytest.raises(ValueError, match="driver must be one of 'BTC', 'ETH'"):
            interval(book(1, 1, 1), "SOL")
        with pytest.raises(ValueError, match="must not name the driver"):
            interval(book(1, 1, 1), "BTC", {"BTC": 1.0})
        with pytest.raises(ValueError, match="asked must hold pairs of a driver and betas, got 7"):
            intervals(book(1, 1, 1), 7)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="asked must hold pairs"):
            intervals(book(1, 1, 1), ["BTC"])  # type: ignore[list-item]

    def test_several_questions_have_the_answers_of_each(self) -> None:
        """Straight and curved ones, in any order; no question has no answer."""
        account = book(1.0, -30.0, 9_000.0)
        asked = [("BTC", {}), ("ETH", {"BTC": 0.7}), ("BTC", {"ETH": 1.2}), ("ETH", {})]
        for found, (driver, betas) in zip(intervals(account, asked), asked, strict=True):
            alone = interval(account, driver, betas)
            assert (found.low, found.high) == (
                pytest.approx(alone.low, rel=1e-14),
                pytest.approx(alone.high, rel=1e-14),
            )
        assert intervals(account, []) == ()


LAWS = ("straight", "power", "power of each account")


def random_books(rng: np.random.Generator, accounts: int, legs: int) -> dict[str, Any]:
    """Books of linear and inverse legs of like value, long, short or none, entered near the mark."""
    mark = 10.0 ** rng.integers(-2, 5, legs)
    inverse = rng.random(legs) < 0.3
    side = rng.choice([-1.0, 0.0, 1.0], (accounts, legs), p=(0.4, 0.1, 0.5))
    value = side * np.exp(rng.normal(0.0, 1.0, (accounts, legs)))
    return {
        "size": np.where(inverse, value, value / mark),
        "entry": mark * np.exp(rng.normal(0.0, 0.05, (accounts, legs))),
        "mark": mark,
        "wallet": np.exp(rng.normal(0.0, 1.0, accounts)),
        "inverse": inverse,
        "close_fee": 0.0005,
    }


def gaps(books: dict[str, Any], tables: list[Tiers], beta: Any, logs: Any) -> tuple[Any, Any]:
    """Equity less maintenance and close fee of each account at log moves of the driver, and its gross value there."""
    gap = books["wallet"][:, None] + np.zeros(np.shape(logs)[-1])
    gross = np.abs(gap)
    for j, (mark, inverse, table) in enumerate(zip(books["mark"], books["inverse"], tables, strict=True)):
        size, entry = books["size"][:, [j]], books["entry"][:, [j]]
        then = mark * np.exp(np.broadcast_to(beta, books["size"].shape)[:, [j]] * logs)
        notional = np.abs(size) / then if inverse else np.abs(size) * then
        pnl = size * (1 / entry - 1 / then) if inverse else size * (then - entry)
        usd = then if inverse else 1.0
        gap = gap + (pnl - table.maintenance(notional) - books["close_fee"] * notional) * usd
        gross = gross + (np.abs(pnl) + notional) * usd
    return gap, gross


class TestCrossMove:
    @pytest.mark.parametrize("down", [True, False])
    @pytest.mark.parametrize("law", LAWS)
    def test_it_is_the_first_crossing_of_a_dense_grid(self, down: bool, law: str) -> None:
        """Equity less maintenance is 0 there, and nowhere on a grid of 6,001 moves before it is it 0 or less."""
        rng = np.random.default_rng(LAWS.index(law) + 10 * down)
        grid = (-1.0 if down else 1.0) * np.linspace(0.0, 6.0, 6001)
        hits = several = 0
        for legs in (1, 2, 3, 6):
            books = random_books(rng, 150, legs)
            units = np.where(books["inverse"], 1.0 / books["mark"], 1.0)
            tables = [Tiers((0.0, 0.4 * unit, 2.0 * unit), (0.01, 0.03, 0.1)) for unit in units]
            shape = (150, legs) if law == "power of each account" else (legs,)
            beta = np.arange(legs) % 3 != 1 if law == "straight" else rng.normal(0.7, 1.0, shape)
            moves = cross_move(**books, maintenance=tables, beta=1.0 * beta, down=down)
            with np.errstate(divide="ignore"):
                found = np.log1p(-moves if down else moves, where=np.isfinite(moves), out=np.full(150, np.inf))
            rows, gross = gaps(books, tables, beta, grid)
            before = np.abs(grid) < np.abs(found)[:, None] * (1.0 - 1e-9)
            late = rows[:, 0] <= 0
            assert (moves[late] == 0).all()
            assert (rows[before] > -1e-12 * gross[before]).all()
            ends = (np.abs(found) < 6.0) & ~late  # far out the move itself, near 1, no longer holds the price
            there, size = gaps(books, tables, beta, np.where(ends, found, 0.0)[:, None])
            assert (np.abs(there[ends, 0]) < 1e-12 * size[ends, 0]).all()
            hits += ends.sum()
            several += (np.abs(np.diff(np.sign(rows), axis=1)).sum(axis=1) > 2).sum()
        assert hits > 100
        assert several > 10 or law == "straight"  # accounts that would live again beyond the first crossing

    def test_it_is_the_distance_of_an_account(self) -> None:
        """Account by account the same move, with coins as collateral as a leg without maintenance."""
        table = published_tiers("binance_btcusdt_2024_10")
        free = Tiers.flat(1e-12)
        sizes = [[20.0, -300.0, 2.0], [-20.0, 300.0, 0.0], [1.0, 5.0, 1.0]]
        for beta in ([1.0, 1.3, 1.0], [1.0, 0.0, 1.0], [1.0, -0.4, 1.0]):
            for down in (True, False):
                sign = -1.0 if down else 1.0
                expected = []
                for btc, eth, coins in sizes:
                    legs = [
                        Position(Linear("BTC"), btc, 61_000.0, 60_000.0, table),
                        Position(Linear("ETH"), eth, 3_000.0, 3_100.0, table),
                    ]
                    account = Account(legs, [Collateral(90_000.0), Collateral(coins, "BTC", fx=60_000.0)])
                    expected.append(account.distance({"BTC": sign, "ETH": sign * beta[1]}).move)
                actual = cross_move(
                    sizes,
                    [61_000.0, 3_000.0, 60_000.0],
                    [60_000.0, 3_100.0, 60_000.0],
                    90_000.0 + 60_000.0 * np.array(sizes)[:, 2],
                    [table, table, free],
                    beta=beta,
                    down=down,
                )
                assert actual == pytest.approx(expected, rel=1e-9)

    def test_one_leg_is_the_liquidation_price(self) -> None:
        """A cross account of one leg is an isolated position, at every size and through blocks of accounts."""
        table = published_tiers("binance_btcusdt_2024_10")
        rng = np.random.default_rng(3)
        size = np.exp(rng.normal(2.0, 2.0, 70_000))
        wallet = size * 60_000.0 / rng.uniform(2.0, 20.0, size.size)
        for sign in (1.0, -1.0):
            ends = price(sign * size, 60_000.0, wallet, table)
            moves = cross_move(sign * size[:, None], 60_000.0, 60_000.0, wallet, table, down=sign > 0)
            late = sign * (60_000.0 - ends) <= 0
            there = sign * (1.0 - ends[~late] / 60_000.0)
            assert (np.abs(moves[~late] - there) <= np.maximum(1e-9 * np.abs(there), 1e-12)).all()
            assert not moves[late].any()

    def test_a_hedge_is_not_ended_by_rounding(self) -> None:
        """An inverse short against as many coins is worth the same dollars at every price, under either law."""
        book = {"size": [[-60_000.0, 1.2, 0.1]], "entry": [50_000.0, 50_000.0, 1.0], "mark": [50_000.0, 50_000.0, 1.0]}
        for beta in ([1.0, 1.0, 0.0], [1.0, 1.0, 0.3], [1.0, 1.0, -0.3]):
            for down in (True, False):
                moves = cross_move(
                    **book, wallet=60_000.0, maintenance=[[0.005, 0.0, 0.0]], inverse=[True, False, False],
                    beta=beta, down=down,
                )  # fmt: skip
                assert moves.tolist() == [math.inf]

    def test_shapes_that_do_not_fit(self) -> None:
        """Legs and accounts are named."""
        with pytest.raises(ValueError, match="must broadcast"):
            cross_move([[1.0, 1.0]], 1.0, [1.0, 1.0, 1.0], 1.0, 0.01)
        with pytest.raises(ValueError, match="wallet and accounts must broadcast"):
            cross_move([[1.0, 1.0], [1.0, 1.0]], 1.0, 1.0, [1.0, 1.0, 1.0], 0.01)
        with pytest.raises(ValueError, match="tables must broadcast"):
            cross_move([[1.0, 1.0, 1.0]], 1.0, 1.0, 1.0, [FLAT, FLAT])


class TestStop:
    def test_known_values(self) -> None:
        """A log gap of 50 bp at 90% volatility: about 0 in half a second, 1.2e-8 in 30 s, .0717 in 300 s."""
        stop = 100.0 * math.exp(0.005)
        actual = overtaken(stop, 100.0, 0.9, [0.5, 30.0, 300.0])
        assert actual[0] < 1e-300 or actual[0] == 0.0
        assert actual[1] == pytest.approx(1.2e-8, rel=0.03)  # printed to two digits
        assert actual[2] == pytest.approx(0.0717, rel=0, abs=5e-5)

    def test_it_is_what_a_simulation_finds(self) -> None:
        """Paths of a driftless log price, with the exact law of the minimum between steps, within 4 standard errors."""
        rng = np.random.default_rng(11)
        paths, steps, gap = 40_000, 8, 0.004
        step = 0.9 * math.sqrt(300.0 / (365 * 86_400) / steps)
        x, low = np.zeros(paths), np.zeros(paths)
        for _ in range(steps):  # minimum of a Brownian bridge from x to x + dx
            dx = step * rng.normal(size=paths)
            low = np.minimum(low, x + 0.5 * (dx - np.sqrt(dx**2 - 2 * step**2 * np.log(rng.uniform(size=paths)))))
            x += dx
        expected = overtaken(100.0 * math.exp(gap), 100.0, 0.9, 300.0)
        error = math.sqrt(expected * (1 - expected) / paths)
        assert float((low <= -gap).mean()) == pytest.approx(float(expected), rel=0, abs=4 * error)

    def test_long_and_short_mirror_each_other(self) -> None:
        """In log prices a short above is a long below."""
        assert overtaken(101.0, 100.0, 0.8, 60.0) == pytest.approx(
            overtaken(1 / 101.0, 1 / 100.0, 0.8, 60.0, side=-1), rel=1e-11
        )

    def test_slippage_moves_the_stop(self) -> None:
        """A slippage of x counts as a stop that much nearer; from the whole gap on it is certain."""
        useless = 1 / 101
        assert overtaken(101.0, 100.0, 0.8, 60.0, slippage=0.004) == overtaken(101.0 * 0.996, 100.0, 0.8, 60.0)
        assert stop_deviations(101.0, 100.0, 0.8, 60.0, slippage=useless) == pytest.approx(0.0, abs=1e-9)
        assert overtaken(101.0, 100.0, 0.8, 60.0, slippage=useless + 1e-6) == 1.0

    def test_no_liquidation_price_overtakes_nothing(self) -> None:
        """Never: probability 0 and any slippage is bearable; at every mark: 1 and none is."""
        assert overtaken([100.0], [0.0], 0.8, 60.0, side=1).tolist() == [0.0]
        assert overtaken([100.0], [math.inf], 0.8, 60.0, side=-1).tolist() == [0.0]
        assert overtaken([100.0], [math.inf], 0.8, 60.0, side=1).tolist() == [1.0]


class TestEquity:
    @given(
        side=st.sampled_from([1, -1]), inverse=st.booleans(), basis=st.sampled_from(["mark", "entry"]),
        leverage=st.floats(2, 50), fee=st.floats(0, 0.002), paid=st.floats(-0.01, 0.01), tiered=st.booleans(),
    )  # fmt: skip
    def test_at_the_liquidation_price_it_is_what_is_asked(
        self, side: int, inverse: bool, basis: Any, leverage: float, fee: float, paid: float, tiered: bool
    ) -> None:
        """Equity at the price of the solver is maintenance and close fee there, from two methods that share no code."""
        size, unit = (side * 60_000.0, 1 / 60_000) if inverse else (side * 1.0, 60_000.0)
        rate = Tiers((0, 0.4 * abs(size) * unit), (0.002, 0.01)) if tiered else 0.005
        position = Estimate(
            size, 60_000.0, abs(size) * unit / leverage, rate, inverse=inverse, basis=basis, close_fee=fee, funding=paid
        )
        if position.exists:
            at = position.price
            charged = fee * abs(size) * (1 / at if inverse else at)
            if basis == "entry":
                charged = fee * abs(size) * unit
            assert position.equity(at) == pytest.approx(
                position.maintenance_at(at) + charged, rel=1e-9, abs=1e-9 * unit
            )


class TestSettle:
    LONG = Estimate(0.5, 60_000.0, 1_500.0, 0.004)

    @given(equity=st.floats(-1e4, 1e4), slipped=st.floats(0, 1e4), fee=st.floats(0, 1e4), keeps=st.booleans())
    def test_every_dollar_has_an_owner(self, equity: float, slipped: float, fee: float, keeps: bool) -> None:
        """What comes back, what fee and fund get and what the fill loses are the equity and what others add."""
        one = Settlement(equity, slipped, fee, keeps)
        parts = one.returned + one.charged + one.to_fund + one.slipped
        assert parts == pytest.approx(one.equity + one.shortfall, abs=1e-8)
        assert min(one.returned, one.charged, one.to_fund, one.shortfall) >= 0
        assert one.shortfall == 0 or one.returned == one.charged == one.to_fund == 0

    def test_a_stop_by_hand(self) -> None:
        """Half a coin from 60,000 to 57,500 loses 1,250; then the fill and the fee, both of them on half a coin."""
        stop = settle(self.LONG, 57_500.0, slippage=0.002, fee=0.0005)
        assert stop.equity == pytest.approx(250.0)
        assert stop.slipped == pytest.approx(0.5 * 57_500 * 0.002)
        assert stop.charged == pytest.approx(0.0005 * 0.5 * 57_500 * 0.998)
        assert stop.returned == pytest.approx(250 - 57.5 - 14.34625)

    def test_a_short_slips_upward_and_an_inverse_is_settled_in_coins(self) -> None:
        """By hand: the fill is above the mark, and the P&L of contracts is in one over the price."""
        short = settle(Estimate(-0.5, 60_000.0, 1_500.0, 0.004), 62_000.0, slippage=0.002, fee=0.001)
        assert short.slipped == pytest.approx(62.0)
        assert short.fee == pytest.approx(0.001 * 0.5 * 62_000 * 1.002)
        coins = settle(Estimate(60_000.0, 60_000.0, 0.1, 0.005, inverse=True), 57_000.0, slippage=0.01)
        assert coins.equity == pytest.approx(0.1 + 1 - 60 / 57)
        assert coins.returned == pytest.approx(0.1 + 1 - 60 / (57 * 0.99))
        assert coins.currency == "coins"

    def test_a_fee_on_the_margin_and_a_fee_beyond_what_is_left(self) -> None:
        """Seven tenths of maintenance leave three; a fee of more than the margin leaves nothing, and no debt."""
        liquidated = self.LONG.price
        kept = settle(self.LONG, liquidated, margin_fee=0.7)
        assert kept.returned == pytest.approx(0.3 * self.LONG.maintenance_at(liquidated))
        dear = settle(self.LONG, liquidated, fee=0.0125)
        assert (dear.returned, dear.shortfall, dear.charged) == (0.0, 0.0, dear.equity)

    @pytest.mark.parametrize("position", [LONG, Estimate(-0.5, 60_000.0, 1_500.0, 0.004)])
    def test_at_its_slippage_a_stop_brings_back_what_was_asked(self, position: Estimate) -> None:
        """The inverse function of what comes back, for longs and shorts and both kinds of contract."""
        coin = Estimate(position.side * 30_000.0, 60_000.0, 0.025, 0.004, inverse=True)
        for one, least in ((position, 100.0), (coin, 0.001)):
            stop = one.price * (1 + 0.01 * one.side)
            slip = stop_slippage(one, stop, least, fee=0.0005)
            assert 0 < slip < 0.02
            assert settle(one, stop, slippage=slip, fee=0.0005).returned == pytest.approx(least, rel=1e-9)
        assert stop_slippage(position, position.bankruptcy, fee=0.0005) == 0.0

    def test_what_has_no_price_cannot_be_settled_there(self) -> None:
        """A long that is paid in full is liquidated at no price, and only a position can be settled."""
        paid = Estimate(0.5, 60_000.0, 30_000.0, 0.004)
        with pytest.raises(ValueError, match="position must have a liquidation price"):
            Rule("nobody", 0.004).settle(paid)
        with pytest.raises(ValueError, match="position must be an Estimate"):
            settle(None, 100.0)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="position must be an Estimate"):
            stop_slippage(None, 100.0)  # type: ignore[arg-type]


class TestVenues:
    @pytest.mark.parametrize("venue", VENUES)
    def test_every_statement_names_its_document_and_date(self, venue: str) -> None:
        """What is said has a document, a date and a basis; what is not found says nothing at all."""
        for topic in TOPICS:
            said = published_practice(venue, topic)
            assert bool(said.words) == bool(said.document) == bool(said.date) == (said.basis != "")
            assert said.basis in ("", "read", "second", "derived")
            assert said.url.startswith("https://") or not said.url

    def test_numbers_and_words_of_a_rule_agree(self) -> None:
        """Where the words say that a fund takes the rest, that no fee is counted or charged, the numbers do, too."""
        rules = [published_rule(venue) for venue in VENUES if venue not in ("OKX", "Deribit", "Drift", "Derive")]
        assert len(rules) == 7
        for rule in rules:
            rest, check = (published_practice(rule.venue, topic).words for topic in ("remainder", "close fee"))
            assert rule.keeps == rest.startswith("the trader")
            assert rule.counts_fee == check.startswith("yes")
            assert rule.complete == bool(published_practice(rule.venue, "fee").words)
        with pytest.raises(ValueError, match="venue must be one of 'Binance'"):
            published_rule("OKX")

    def test_paradex_by_hand(self) -> None:
        """One percent of margin and the taker fee stand at the price; seven tenths of the margin are the fee."""
        rule = published_rule("Paradex")
        long = rule.position(1.0, 60_000.0, 3_000.0, taker=0.0005)
        assert long.price == pytest.approx(57_000 / (1 - 0.0105))
        assert rule.settle(long).returned == pytest.approx((0.3 * 0.01 + 0.0005) * long.price)

    def test_a_fee_that_is_not_published_says_so(self) -> None:
        """Of Kraken, Bybit and BitMEX no fee was found: what comes back is an upper bound. Hyperliquid says: none."""
        assert [venue for venue in ("Kraken", "Bybit", "BitMEX", "Hyperliquid") if published_rule(venue).complete] == [
            "Hyperliquid"
        ]


class TestRejects:
    def test_what_cannot_be_a_position(self) -> None:
        """Size 0, a table with an extra deduction, and a requirement of the whole notional are refused."""
        with pytest.raises(ValueError, match="size must not be 0"):
            price([1.0, 0.0], 100.0, 10.0, 0.005)
        with pytest.raises(ValueError, match="deduction must be 0 beside a Tiers table"):
            price(1.0, 100.0, 10.0, FLAT, deduction=1.0)
        with pytest.raises(ValueError, match="must be < 1"):
            price(1.0, 100.0, 10.0, 0.5, multiple=2.0)
        with pytest.raises(ValueError, match="basis must be one of"):
            price(1.0, 100.0, 10.0, 0.5, basis="last")
        with pytest.raises(ValueError, match="inverse must be True or False"):
            price(1.0, 100.0, 10.0, 0.5, inverse=1)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="side must be 1 or -1"):
            overtaken(101.0, 100.0, 0.8, 60.0, side=0.5)

    def test_what_is_no_position_no_account_and_no_price(self) -> None:
        """The message names the parameter also where the value is of another kind altogether."""
        position = Estimate(1.0, 100.0, 10.0, 0.005)
        account = Account([Position(Linear("BTC"), 1.0, 100.0, 100.0, FLAT)], [Collateral(10.0)])
        with pytest.raises(ValueError, match="optimistic must be an Estimate, got None"):
            budget(None, position)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="conservative must be an Estimate, got 5"):
            budget(position, 5)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="account must be an Account, got None"):
            interval(None, "BTC")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"betas must map underlyings to numbers, got 1\.4"):
            interval(account, "BTC", 1.4)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="liquidation must be a number or an array of numbers, got 'none'"):
            overtaken(101.0, "none", 0.8, 60.0)


ONE = Estimate(1.0, 100.0, 10.0, 0.005)
SIGNED = {"negative", "shape"}
NUMBERS = {"zero", "negative"}
LEVEL = {"inf", "zero", "shape"}  # 0 and infinity are answers


class TestBankruptcyValue:
    @given(side=st.sampled_from([1, -1]), coins=st.floats(0.1, 100), mark=st.floats(10, 1e5), part=st.floats(-0.5, 0.9))
    def test_over_the_size_it_is_the_bankruptcy_price(self, side: int, coins: float, mark: float, part: float) -> None:
        """The solver at a maintenance rate of 0 gives the same price, wherever it is one."""
        size, equity = side * coins, part * coins * mark
        assert bankruptcy_value(size, mark, equity) / size == pytest.approx(float(price(size, mark, equity, 0.0)))

    @given(shares=st.lists(st.floats(0.01, 1), min_size=1, max_size=6), equity=st.floats(-1e4, 1e4))
    def test_the_parts_use_up_the_equity_once(self, shares: list[float], equity: float) -> None:
        """Closing every leg at its own value leaves the account with nothing, and owing nothing."""
        weights = np.array(shares) / sum(shares)
        legs = np.linspace(-3.0, 3.5, len(shares))
        cash = equity - float((legs * 100.0).sum())  # so that cash and legs at their mark are the equity
        closed = bankruptcy_value(legs, 100.0, equity, share=weights)
        assert cash + float(closed.sum()) == pytest.approx(0.0, abs=1e-8)

    def test_a_paid_up_long_may_be_given_away(self) -> None:
        """No price is below 0, but cash can be: one coin at 50,000 with a credit of 1 still costs that 1."""
        assert bankruptcy_value(1.0, 50_000.0, 50_001.0) == -1.0
        assert price(1.0, 50_000.0, 50_001.0, 0.0) == 0.0


BAD_INPUT = {
    "bankruptcy_value": case(
        bankruptcy_value, size=(1, ANY), mark=(1, POSITIVE), equity=(1, ANY), share=(0.5, AT_LEAST_0, "[0, 1]")
    ),
    "price": case(
        price,
        size=(1, SIGNED, "(-inf, inf)"),
        entry=(1, POSITIVE),
        wallet=(0.5, ANY),
        maintenance=(0.01, AT_LEAST_0, "[0, 1)"),
        deduction=(0, AT_LEAST_0),
        open_fee=(0, ANY),
        close_fee=(0, AT_LEAST_0, "[0, ~0.99)"),
        funding=(0, ANY),
        other_pnl=(0, ANY),
        other_maintenance=(0, AT_LEAST_0),
        multiple=(1, AT_LEAST_0, "[0, ~100)"),
    ),
    "Estimate": case(
        Estimate,
        size=(1, {"negative"}, "(-inf, inf)"),
        entry=(1, NOTHING, "(0, inf)"),
        wallet=(0.5, NUMBERS),
        maintenance=(0.01, {"zero"}, "[0, 1)"),
        deduction=(0, {"zero"}, "[0, inf)"),
        open_fee=(0, NUMBERS),
        close_fee=(0, {"zero"}, "[0, ~0.99)"),
        funding=(0, NUMBERS),
        other_pnl=(0, NUMBERS),
        other_maintenance=(0, {"zero"}, "[0, inf)"),
    ),
    "Estimate.at": case(ONE.at, multiple=(1, AT_LEAST_0, "[0, 200)")),
    "Estimate.distance": case(ONE.distance, mark=(1, NOTHING, "(0, inf)")),
    "cross_move": case(
        lambda size, entry, mark, beta, close_fee: cross_move(
            size, entry, mark, 0.5, 0.01, beta=beta, close_fee=close_fee
        ),
        size=(1, {"zero", "negative", "shape"}),
        entry=(1, POSITIVE),
        mark=(1, POSITIVE),
        beta=(0.5, {"zero", "negative", "shape"}),
        close_fee=(0.1, AT_LEAST_0, "[0, 1)"),
    ),
    "cross_move.wallet": case(
        lambda wallet: cross_move([[1], [1]], 1, 1, wallet, 0.01), wallet=(0.5, {"zero", "negative"})
    ),
    "intervals": case(lambda beta: intervals(book(1, 1, 9e3), [("BTC", {"ETH": beta})]), beta=(1, NUMBERS)),
    "interval": case(lambda beta: interval(book(1, 1, 9e3), "BTC", {"ETH": beta}), beta=(1, NUMBERS)),
    **{
        name: case(
            getattr(liquidation, name),
            stop=(1, POSITIVE),
            liquidation=(0.9, LEVEL, "[0, inf]"),
            volatility=(0.5, POSITIVE),
            seconds=(60, POSITIVE),
            side=(1, NOTHING, "{-1, 1}"),
            slippage=(0, AT_LEAST_0, "[0, 1)"),
        )
        for name in ("stop_deviations", "overtaken")
    },
    "Estimate.equity": case(ONE.equity, mark=(1, NOTHING, "(0, inf)")),
    "Estimate.maintenance_at": case(ONE.maintenance_at, mark=(1, NOTHING, "(0, inf)")),
    "Settlement": case(
        lambda equity, slipped, fee: Settlement(equity, slipped, fee, True),
        equity=(1, NUMBERS),
        slipped=(1, {"zero"}, "[0, inf)"),
        fee=(1, {"zero"}, "[0, inf)"),
    ),
    "settle": case(
        lambda mark, slippage, fee, margin_fee: settle(ONE, mark, slippage=slippage, fee=fee, margin_fee=margin_fee),
        mark=(1, NOTHING, "(0, inf)"),
        slippage=(0, {"zero"}, "[0, 1)"),
        fee=(0, {"zero"}, "[0, 1)"),
        margin_fee=(0, {"zero"}, "[0, 1]"),
    ),
    "stop_slippage": case(
        lambda stop, returned, fee: stop_slippage(ONE, stop, returned, fee=fee),
        stop=(1, NOTHING, "(0, inf)"),
        returned=(0, {"zero"}, "[0, inf)"),
        fee=(0, {"zero"}, "[0, 1)"),
    ),
    "Rule": case(
        lambda maintenance, fee, margin_fee: Rule("nobody", maintenance, fee=fee, margin_fee=margin_fee),
        maintenance=(0.01, {"zero"}, "[0, 1)"),
        fee=(0, {"zero"}, "[0, 1)"),
        margin_fee=(0, {"zero"}, "[0, 1]"),
    ),
    "Rule.position": case(
        lambda size, entry, wallet, taker: Rule("nobody", 0.01, counts_fee=True).position(
            size, entry, wallet, taker=taker
        ),
        size=(1, {"negative"}, "(-inf, inf)"),
        entry=(1, NOTHING, "(0, inf)"),
        wallet=(0.5, NUMBERS),
        taker=(0, {"zero"}, "[0, ~0.99)"),
    ),
    "Rule.settle": case(
        lambda slippage: Rule("nobody", 0.01).settle(ONE, slippage=slippage), slippage=(0, {"zero"}, "[0, 1)")
    ),
    "TOPICS": None,
    "VENUES": None,
    "published_rule": None,
    "published_practice": None,
    "Statement": None,
    "budget": None,
    "Budget": None,
    "Interval": None,
}

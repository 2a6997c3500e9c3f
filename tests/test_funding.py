"""Funding: published rows, closed forms, five real histories against a loop, first passage by simulation."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import partial
from typing import Any

import histories
import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes.contracts import Linear
from perpnotes.funding import (
    AR1,
    annual,
    distance,
    equity_left,
    impact_price,
    index_move,
    liquidation_probability,
    margin_cap,
    mean_premium,
    payment,
    premium,
    rate,
    settled,
    settlements,
    skew_rate,
    survival,
    timed_mean,
    total,
)
from perpnotes.margin import Account, Collateral, Position, Tiers

PRINTED = 5.1e-7  # check values have six decimals: half a unit of the last one
EIGHT = 5.1e-9  # recorded rates have eight decimals
fractions = st.floats(-0.01, 0.01)
MOMENT = st.floats(0, 100).map(lambda hours: round(hours, 6))  # on a stamp or clearly beside it


class TestRate:
    @pytest.mark.parametrize(
        ("given_premium", "expected"),
        [(0.0010, 0.0005), (-0.0010, -0.0005), (-0.0004, 0.0001), (0.0001, 0.0001), (0.0006, 0.0001), (0.0, 0.0001)],
    )
    def test_the_dead_band_and_its_two_sides(self, given_premium: float, expected: float) -> None:
        """F is I for |I - P| <= k, P - k above and P + k below."""
        assert rate(given_premium) == pytest.approx(expected, rel=1e-12, abs=0)

    @given(a=fractions, b=fractions)
    def test_it_never_moves_further_than_the_premium(self, a: float, b: float) -> None:
        """1-Lipschitz and rising: the clamp dampens a change and never adds to it or turns it."""
        change = float(rate(max(a, b)) - rate(min(a, b)))
        assert -1e-18 <= change <= abs(a - b) + 1e-18  # rounding of numbers up to 0.01

    @given(x=fractions)
    def test_it_is_odd_about_the_interest_rate(self, x: float) -> None:
        """As far above I on one side as below I on the other."""
        assert rate(1e-4 + x) - 1e-4 == pytest.approx(-(rate(1e-4 - x) - 1e-4), rel=1e-9, abs=1e-17)

    @pytest.mark.parametrize(
        ("given_premium", "rules", "expected"),
        [
            (-0.00042881, {"clamp": 3e-4}, -0.00012881),
            (-0.00047541, {"clamp": 3e-4}, -0.00017541),
            (-0.00009001, {"clamp": 3e-4}, 0.0001),
            (0.00068931, {"clamp": 3e-4, "share": 1 / 8}, 4.866e-05),
            (0.00026996, {"interest": 0.0, "clamp": 0.0, "share": 1 / 8}, 3.375e-05),
            (0.00072308, {"interest": 0.0, "clamp": 0.0, "share": 1 / 8}, 9.038e-05),
            (0.00036458, {"clamp": 3e-4, "share": 1 / 8}, 1.25e-05),
            (0.00032981, {"clamp": 2e-4, "share": 1 / 8}, 1.623e-05),
        ],
    )
    def test_recorded_hyperliquid_rows(self, given_premium: float, rules: dict[str, float], expected: float) -> None:
        """Rows of the venue's own recorded funding history of 2023, under the four rules it had in nine weeks."""
        assert rate(given_premium, **rules) == pytest.approx(expected, rel=0, abs=EIGHT)

    @pytest.mark.parametrize(
        ("premium_ppm", "cap_ppm", "expected_ppm"),
        [(1000, 1.5e6, 1000), (-1000, 1.5e6, -1000), (2147483647, 1.5e6, 1.5e6), (150000, 120000, 120000),
         (-150000, 120000, -120000), (120000, 0, 0)],
    )  # fmt: skip
    def test_dydx_caps(self, premium_ppm: float, cap_ppm: float, expected_ppm: float) -> None:
        """The test of dYdX v4 (keeper/perpetual_test.go): no clamp, a cap on the 8-hour rate, paid hourly."""
        actual = rate(premium_ppm / 1e6, interest=0.0, clamp=0.0, cap=cap_ppm / 1e6, share=1 / 8)
        assert actual == pytest.approx(expected_ppm / 8e6, rel=1e-12, abs=0)

    def test_every_recorded_row_under_the_rule_of_its_day(self) -> None:
        """1,038 Hyperliquid rows under five stretches of rules; no fixed rule fits them all."""
        history = histories.funding(histories.HYPERLIQUID)
        stretches: list[tuple[int, int, dict[str, float]]] = [
            (0, 82, {"clamp": 3e-4}),
            (82, 294, {"clamp": 3e-4, "share": 1 / 8}),
            (294, 971, {"interest": 0.0, "clamp": 0.0, "share": 1 / 8}),
            (971, 993, {"clamp": 3e-4, "share": 1 / 8}),
            (993, 1038, {"clamp": 2e-4, "share": 1 / 8}),
        ]
        premiums = np.array([row.premium for row in history], dtype=float)
        rates = np.array([row.rate for row in history])
        assert len(history) == stretches[-1][1]
        for start, stop, rules in stretches:
            assert rate(premiums[start:stop], **rules) == pytest.approx(rates[start:stop], rel=0, abs=EIGHT)
        worst_single = [np.abs(rate(premiums, **rules) - rates).max() for _, _, rules in stretches]
        assert min(worst_single) > 1000 * EIGHT


class TestPremium:
    def test_it_is_zero_while_the_index_is_inside(self) -> None:
        """Above the book, inside it, below it."""
        assert premium(100.0, 100.2, [99.0, 100.1, 101.0]) == pytest.approx([1 / 99, 0.0, -0.8 / 101], rel=1e-12)

    @given(bid=st.floats(90, 110), spread=st.floats(0, 5))
    def test_it_mirrors(self, bid: float, spread: float) -> None:
        """A book mirrored about the index has the opposite premium."""
        ask = bid + spread
        assert premium(200 - ask, 200 - bid, 100.0) == pytest.approx(-premium(bid, ask, 100.0), rel=1e-9, abs=1e-15)

    def test_a_crossed_pair_is_refused(self) -> None:
        """A bid above the ask is a broken feed."""
        with pytest.raises(ValueError, match="crossed"):
            premium(101.0, 100.0, 100.0)

    @given(
        sizes=st.lists(st.floats(0.01, 50), min_size=1, max_size=8),
        part=st.floats(0.001, 1),
        side=st.sampled_from([1, -1]),
    )
    def test_a_walk_in_small_steps_pays_the_same(self, sizes: list[float], part: float, side: int) -> None:
        """Spend the notional level by level with a loop: the average price is the same, and no better than the best."""
        prices = [100.0 + side * 0.5 * i for i in range(len(sizes))]
        notional = part * sum(p * s for p, s in zip(prices, sizes, strict=True))
        left, coins = notional, 0.0
        for price, size in zip(prices, sizes, strict=True):
            take = min(size, left / price)
            coins, left = coins + take, left - take * price
        actual = impact_price(prices, sizes, notional)
        assert actual == pytest.approx(notional / coins, rel=1e-9)
        assert side * (actual - prices[0]) >= -1e-9

    def test_the_whole_book_can_be_spent(self) -> None:
        """A notional of exactly what is there is the average over all levels."""
        assert impact_price([100.0, 99.0], [1.0, 2.0], 298.0) == pytest.approx(298 / 3, rel=1e-12)

    @pytest.mark.parametrize(
        ("prices", "sizes", "notional", "message"),
        [
            ([100.0, 101.0, 100.5], [1, 1, 1], 10.0, "prices must fall"),
            ([100.0, 100.0], [1, 1], 10.0, "prices must fall"),
            ([100.0], [1.0], 100.5, "notional must be <= 100"),
            ([100.0], [1.0, 2.0], 10.0, "sizes must have one entry a price"),
        ],
    )
    def test_a_book_that_is_none(self, prices: list[float], sizes: list[float], notional: float, message: str) -> None:
        """Levels out of order, and a book too thin: refused, not extrapolated."""
        with pytest.raises(ValueError, match=message):
            impact_price(prices, sizes, notional)


class TestPayment:
    @pytest.mark.parametrize(
        ("mark", "given_rate", "received_by_shorts"),
        [(2.77, -8e-6, -0.0006648), (2.73, -4e-6, -0.0003276), (2.78, 1.9e-5, 0.0015846), (2.82, 9.7e-5, 0.0082062)],
    )
    def test_published_payments(self, mark: float, given_rate: float, received_by_shorts: float) -> None:
        """The table in freqtrade of 30 coins (tests/exchange/test_exchange.py): what a short receives, a long pays."""
        assert payment(-30.0, mark, given_rate) == pytest.approx(received_by_shorts, rel=0, abs=1e-9)
        assert payment(30.0, mark, given_rate) == pytest.approx(-received_by_shorts, rel=0, abs=1e-9)

    @given(sizes=st.lists(st.integers(-1000, 1000), min_size=1, max_size=20), f=fractions)
    def test_payments_sum_to_zero(self, sizes: list[int], f: float) -> None:
        """Every contract has a long and a short, so what one side pays the other receives."""
        book = np.array([*sizes, -sum(sizes)], dtype=float)
        assert math.fsum(payment(book, 60_000.0, f)) == pytest.approx(0.0, abs=1e-6)  # of up to 1e7 USD

    def test_the_daily_bar_pays_three_times(self) -> None:
        """HKUDS/Vibe-Trading#1307: 60,000 USD at one basis point over three daily bars is 54, not 18."""
        due = settlements([0.0, 24.0, 48.0], [24.0, 48.0, 72.0])
        assert float(-payment(1.0, 60_000.0, 0.0001) * due.sum()) == pytest.approx(54.0, rel=1e-12)

    @given(first=st.integers(0, 10_000), held=st.integers(0, 1_000), step=st.sampled_from([0.1, 1 / 60, 1 / 3, 8.0]))
    def test_hours_that_rounding_has_put_beside_a_settlement_are_on_it(
        self, first: int, held: int, step: float
    ) -> None:
        """0.3 hours are three steps of 0.1, though 0.3 / 0.1 is less than 3 in floats; and 0.1 + 0.2 are three, too."""
        assert settlements(0.0, 0.3, 0.1) == settlements(0.0, 0.1 + 0.2, 0.1) == 3.0
        assert settlements(first * step, (first + held) * step, step) == held

    @given(a=MOMENT, b=MOMENT, c=MOMENT, step=st.sampled_from([1.0, 4.0, 8.0]))
    def test_settlements_add_up_over_bars(self, a: float, b: float, c: float, step: float) -> None:
        """Cutting a holding time in two never loses or doubles a payment."""
        first, second, third = sorted((a, b, c))
        whole = settlements(first, third, step)
        assert whole == settlements(first, second, step) + settlements(second, third, step)
        assert whole == sum(first < k * step <= third for k in range(102))

    @pytest.mark.parametrize("name", histories.FUNDING)
    @pytest.mark.parametrize("coins", [1.0, -1.0], ids=["long", "short"])
    def test_one_coin_held_through_a_real_history(self, name: str, coins: float) -> None:
        """Cash flow after each row: ours, and an exact decimal ledger that moves money from the payer to the payee."""
        history = histories.funding(name)
        rates = [row.rate for row in history]
        marks = np.round(20_000 * np.exp(np.cumsum(np.random.default_rng(7).normal(0, 0.02, len(rates)))), 2)
        ours = np.cumsum(payment(coins, marks, rates))

        purses = {"long": Decimal(0), "short": Decimal(0)}
        ledger = []
        for mark, f in zip(marks.tolist(), rates, strict=True):
            amount = Decimal(mark) * abs(Decimal(f))
            payer, payee = ("long", "short") if f > 0 else ("short", "long")
            purses[payer] -= amount
            purses[payee] += amount
            ledger.append(float(purses["long" if coins > 0 else "short"]))
        assert len(ours) == len(ledger) > 1000
        # sums of up to 17,520 terms of up to a few hundred USD, in doubles
        assert (np.abs(ours - ledger) <= np.maximum(1e-12 * np.abs(ledger), 1e-8)).all()

    @pytest.mark.parametrize(
        ("name", "interval", "missing"),
        [
            (histories.BINANCE, 8.0, 0),
            (histories.BINANCE_EXPORT, 8.0, 0),
            (histories.BYBIT, 8.0, 0),
            (histories.DYDX, 1.0, 0),
        ],
    )
    def test_a_real_history_has_the_settlements_that_the_clock_asks_for(
        self, name: str, interval: float, missing: int
    ) -> None:
        """From just before the first row to just after the last, one row for each settlement."""
        history = histories.funding(name)
        due = settlements(history[0].hours - 0.01, history[-1].hours + 0.01, interval)
        assert int(due) - len(history) == missing

    def test_two_histories_of_one_contract_pay_the_same(self) -> None:
        """Binance's own export and a collected one, on one clock: the same payments within a unit of the last digit."""
        export = {round(row.hours): row.rate for row in histories.funding(histories.BINANCE_EXPORT)}
        other = {round(row.hours): row.rate for row in histories.funding(histories.BINANCE)}
        shared = sorted(export.keys() & other.keys())
        assert len(shared) == len(other) == 4383
        ours, theirs = (payment(1.0, 30_000.0, [h[k] for k in shared]) for h in (export, other))
        assert ours == pytest.approx(theirs, rel=0, abs=30_000 * 1.01e-8)


class TestSimpleOrCompounded:
    def test_check_values(self) -> None:
        """One basis point three times a day; 20x, three basis points, 90 payments; leverage after 50 of them."""
        assert annual(0.0001) == pytest.approx(0.1095, rel=1e-12)
        assert annual(0.0001, compounded=True) == pytest.approx(0.115714, abs=PRINTED)
        assert annual(0.0001 / 8, 1.0, compounded=True) == pytest.approx(0.115719, abs=PRINTED)
        assert equity_left(20.0, 3e-4, 90) == pytest.approx(0.46, rel=1e-12)
        assert equity_left(20.0, 3e-4, 90, hold="leverage") == pytest.approx(0.581801, abs=PRINTED)
        assert 20 / equity_left(20.0, 3e-4, 50) == pytest.approx(28.571429, abs=PRINTED)

    @given(leverage=st.floats(0, 50), f=st.floats(-0.01, 0.01), n=st.integers(1, 300))
    def test_compounding_is_never_worse(self, leverage: float, f: float, n: int) -> None:
        """Bernoulli: (1 - Lf)^n >= 1 - nLf, for the payer and for the receiver."""
        simple, compounded = equity_left(leverage, f, n), equity_left(leverage, f, n, hold="leverage")
        assert compounded >= simple - 1e-9 * max(1.0, abs(float(simple)))

    @pytest.mark.parametrize("hold", ["size", "leverage"])
    def test_a_ledger_agrees(self, hold: str) -> None:
        """Pay each time from the equity; resize to the leverage, or do not."""
        equity, notional = 1_000.0, 20_000.0
        for n in range(1, 91):
            equity += float(payment(notional / 50_000.0, 50_000.0, 3e-4))
            if hold == "leverage":
                notional = 20.0 * equity
            assert equity_left(20.0, 3e-4, n, hold=hold) == pytest.approx(equity / 1_000.0, rel=1e-10)

    @given(
        leverage=st.floats(1.0, 50.0),
        m=st.floats(0.001, 0.015),
        paid=st.floats(-0.01, 0.01),
        side=st.sampled_from([1.0, -1.0]),
    )
    def test_the_distance_is_the_account_s_own(self, leverage: float, m: float, paid: float, side: float) -> None:
        """The margin module walks an account whose collateral has paid; it stops where the formula says."""
        position = Position(Linear("BTC"), side, 100.0, 100.0, Tiers.flat(m))
        account = Account([position], [Collateral(100.0 * (1 / leverage - paid))])
        walked = account.distance({"BTC": -side}).move
        formula = float(distance(leverage, m, paid, side=side))
        if formula < 1 or side < 0:
            assert walked == pytest.approx(formula, rel=1e-9, abs=1e-12)
        else:
            assert math.isinf(walked)  # a long cannot fall by more than everything

    @given(leverage=st.floats(2.0, 40.0), f=st.floats(1e-5, 3e-4), n=st.integers(1, 60))
    def test_compounding_never_moves_the_distance(self, leverage: float, f: float, n: int) -> None:
        """Resized after each payment, equity over notional is what it was; unresized, the distance falls in a line."""
        m, equity, notional = 0.005, 1.0, leverage
        for _ in range(n):
            equity -= f * notional
            notional = leverage * equity
        assert distance(notional / equity, m) == pytest.approx(float(distance(leverage, m)), rel=1e-9)
        straight = max(0.0, float(distance(leverage, m)) - n * f / (1 - m))
        assert distance(leverage, m, n * f) == pytest.approx(straight, rel=1e-9, abs=1e-12)


class TestSurvival:
    def test_check_value(self) -> None:
        """20x, m = 0.5%, three basis points: the 150th payment."""
        assert survival(20.0, 0.005, 0.0003).payments == 150

    @given(
        leverage=st.floats(1.5, 100.0),
        m=st.floats(0.0, 0.02),
        f=st.floats(1e-4, 0.01),
        fees=st.floats(0.0, 0.005),
        multiple=st.floats(0.5, 3.0),
    )
    def test_it_is_the_first_payment_that_does_it(
        self, leverage: float, m: float, f: float, fees: float, multiple: float
    ) -> None:
        """Equity is at the end or below it after n payments, and above it after n - 1."""
        n = survival(leverage, m, f, fees=fees, multiple=multiple).payments
        left = 1 / leverage - fees - multiple * m
        assert left - n * f <= 1e-9
        assert n == 0 or left - (n - 1) * f > -1e-9

    @pytest.mark.parametrize("received", [0.0, -0.0001])
    def test_who_does_not_pay_is_never_liquidated_by_it(self, received: float) -> None:
        """Infinitely many payments; none where it is too late already."""
        assert survival(20.0, 0.005, received).payments == math.inf
        assert survival(20.0, 0.005, received, fees=0.05).payments == 0

    def test_fees_are_payments_made_early(self) -> None:
        """A fee of k payments shortens the life by k."""
        assert survival(20.0, 0.005, 0.0003, fees=10 * 0.0003).payments == 140

    def test_what_is_shown_adds_up(self) -> None:
        """The derivation ends in the number of payments, from terms that give it."""
        result = survival(20.0, 0.005, 0.0003, fees=0.0011, multiple=1.5)
        why = result.why()
        assert why.value == result.payments
        assert why["b"] == pytest.approx(1 / why["L"] - why[r"\varphi"] - why[r"\lambda"] * why["m"], rel=1e-12)


class TestHitProbability:
    WEEK = 7 / 365

    def test_check_values(self) -> None:
        """4% of log distance, 60% volatility, seven days: a martingale price, no drift at all, 30% of carry a year."""
        assert liquidation_probability(0.04, 0.6, self.WEEK) == pytest.approx(0.642791, abs=PRINTED)
        assert liquidation_probability(0.04, 0.6, self.WEEK, growth=0.18) == pytest.approx(0.630232, abs=PRINTED)
        assert liquidation_probability(0.04, 0.6, self.WEEK, carry=0.30) == pytest.approx(0.663490, abs=PRINTED)

    def test_without_drift_it_is_the_reflection_principle(self) -> None:
        """2 Phi(-a / (sigma sqrt T))."""
        expected = math.erfc(0.04 / (0.6 * math.sqrt(self.WEEK)) / math.sqrt(2))
        assert liquidation_probability(0.04, 0.6, self.WEEK, growth=0.18) == pytest.approx(expected, rel=1e-12)

    def test_with_time_it_is_the_exponential_law(self) -> None:
        """Drift away from the barrier: exp(-2 nu a / sigma^2) in the end; drift toward it: 1."""
        nu = 0.5 - 0.18
        assert liquidation_probability(0.3, 0.6, 1e4, growth=0.5) == pytest.approx(
            math.exp(-2 * nu * 0.3 / 0.36), rel=1e-12
        )
        assert liquidation_probability(0.3, 0.6, 1e4) == pytest.approx(1.0, rel=1e-12)

    def test_almost_no_volatility_is_the_date_of_the_last_payment(self) -> None:
        """The carry alone uses up the distance at T = a/g: before it never, after it surely, and no overflow."""
        assert liquidation_probability(0.04, 1e-4, [0.09, 0.11], carry=0.4).tolist() == pytest.approx(
            [0.0, 1.0], abs=1e-12
        )

    @given(mu=st.floats(-1, 1), g=st.floats(-1, 1), sigma=st.floats(0.1, 1.5))
    def test_a_short_is_a_long_in_the_mirror(self, mu: float, g: float, sigma: float) -> None:
        """A log price that drifts down for the long drifts up for the short; funding costs both the same."""
        long = liquidation_probability(0.1, sigma, 0.1, growth=mu, carry=g)
        short = liquidation_probability(0.1, sigma, 0.1, growth=sigma**2 - mu, carry=g, side=-1)
        assert short == pytest.approx(float(long), rel=1e-9, abs=1e-15)

    @given(a=st.floats(0, 0.5), sigma=st.floats(0.001, 2), t=st.floats(0.001, 3), g=st.floats(-2, 2))
    def test_it_rises_with_time_and_carry(self, a: float, sigma: float, t: float, g: float) -> None:
        """More time and more to pay never make it safer; the answer is a probability."""
        now, later = liquidation_probability(a, sigma, [t, 1.1 * t], carry=g)
        more = liquidation_probability(a, sigma, t, carry=g + 0.1)
        assert 0 <= now <= later + 1e-9
        assert now <= float(more) + 1e-9
        assert more <= 1

    def test_the_deep_tail_joins_the_direct_formula(self) -> None:
        """Where the two ways to compute the second term meet there is no step (Mills' series: 15/30^6 = 2e-8)."""
        sigma, t, g = 0.01, 1.0, 0.15
        a = np.linspace(0.147, 0.153, 2001)  # z = (-a - g T)/sigma passes -30 at a = 0.15
        p = liquidation_probability(a, sigma, t, carry=g)
        assert np.abs(np.diff(p, 2)).max() < 1e-6

    def test_a_simulation_with_brownian_bridges_agrees(self) -> None:
        """200,000 seeded paths of 6 steps; between steps the chance of a touch is exact, so no step is too long."""
        a, sigma, t, g, n, steps = 0.04, 0.6, self.WEEK, 0.30, 200_000, 6
        rng, dt = np.random.default_rng(11), t / steps
        x, untouched = np.full(n, a), np.ones(n)
        for _ in range(steps):
            y = x + (-(sigma**2) / 2 - g) * dt + sigma * math.sqrt(dt) * rng.normal(size=n)
            gap = np.clip(x * y, 0.0, None)
            untouched *= np.where((x > 0) & (y > 0), -np.expm1(-2 * gap / (sigma**2 * dt)), 0.0)
            x = y
        hit = 1 - untouched
        error = hit.std() / math.sqrt(n)
        assert hit.mean() == pytest.approx(float(liquidation_probability(a, sigma, t, carry=g)), abs=4 * error)

    @pytest.mark.parametrize("leverage", [3.0, 5.0, 10.0, 20.0])
    def test_payments_every_eight_hours_are_close_to_a_steady_carry(self, leverage: float) -> None:
        """The real barrier jumps at each settlement, in price: over a month the law is at most a point too kind."""
        m, f, sigma, n, steps = 0.005, 3e-4, 0.5, 40_000, 90
        rng, dt = np.random.default_rng(12), 8 / 8760
        barrier, log_price = np.full(n, (1 - 1 / leverage) / (1 - m)), np.zeros(n)
        untouched = np.ones(n)
        for _ in range(steps):
            later = log_price - sigma**2 / 2 * dt + sigma * math.sqrt(dt) * rng.normal(size=n)
            x, y = log_price - np.log(barrier), later - np.log(barrier)
            gap = np.clip(x * y, 0.0, None)
            untouched *= np.where((x > 0) & (y > 0), -np.expm1(-2 * gap / (sigma**2 * dt)), 0.0)
            barrier += f * np.exp(later) / (1 - m)
            untouched *= later > np.log(barrier)
            log_price = later
        hit = 1 - untouched
        a = -math.log1p(-float(distance(leverage, m)))
        law = float(liquidation_probability(a, sigma, steps * dt, carry=float(annual(f)) / (1 - m)))
        error = 4 * hit.std() / math.sqrt(n)
        assert law - error <= hit.mean() <= law + 0.01 + error


class TestPersistence:
    def test_check_values(self) -> None:
        """Shocks of two basis points over 90 payments: with persistence 0.9, and with none."""
        assert AR1(0.0, 0.9, 2e-4).sum_deviation(90) == pytest.approx(0.017466, abs=PRINTED)
        assert AR1(0.0, 0.0, 2e-4).sum_deviation(90) == pytest.approx(0.001897, abs=PRINTED)

    @given(rho=st.floats(0, 0.99), n=st.integers(1, 60))
    def test_the_sum_is_what_the_covariances_give(self, rho: float, n: int) -> None:
        """Add up the covariance matrix of the next n rates, entry by entry, knowing the last one."""
        i = np.arange(1, n + 1)
        low, gap = np.minimum.outer(i, i), np.abs(np.subtract.outer(i, i))
        covariance = rho**gap * (1 - rho ** (2 * low)) / (1 - rho**2)
        actual = AR1(0.0, rho, 1e-4).sum_deviation(n)
        assert actual == pytest.approx(1e-4 * math.sqrt(covariance.sum()), rel=1e-7, abs=0)

    def test_the_expected_path_is_the_recursion(self) -> None:
        """Without shocks each rate keeps the same part of the deviation before it."""
        model, f = AR1(0.0001, 0.9, 2e-4), 0.001
        for ahead in model.expected(0.001, 90):
            f = 0.0001 + 0.9 * (f - 0.0001)
            assert ahead == pytest.approx(f, rel=1e-12, abs=0)

    def test_simulation_agrees(self) -> None:
        """Mean and deviation of 20,000 seeded sums, and the single rate's deviation at the end."""
        model, n, paths = AR1(0.0001, 0.9, 2e-4), 90, 20_000
        rng = np.random.default_rng(3)
        f, total = np.full(paths, 0.0005), np.zeros(paths)
        for _ in range(n):
            f = model.mean + model.persistence * (f - model.mean) + model.shock * rng.normal(size=paths)
            total += f
        spread = float(model.sum_deviation(n))
        assert total.mean() == pytest.approx(model.expected(0.0005, n).sum(), abs=4 * spread / math.sqrt(paths))
        assert total.std() == pytest.approx(spread, rel=4 / math.sqrt(2 * paths))
        assert f.std() == pytest.approx(model.deviation, rel=4 / math.sqrt(2 * paths))

    def test_the_fit_finds_what_made_the_history(self) -> None:
        """20,000 seeded rates; the slope's standard error is sqrt((1 - rho^2)/n)."""
        rng, f, history = np.random.default_rng(5), 1e-4, []
        for _ in range(20_000):
            f = 1e-4 + 0.9 * (f - 1e-4) + 2e-4 * rng.normal()
            history.append(f)
        model = AR1.fit(history)
        assert model.persistence == pytest.approx(0.9, abs=4 * math.sqrt((1 - 0.81) / 20_000))
        assert model.mean == pytest.approx(1e-4, abs=4 * 2e-4 / 0.1 / math.sqrt(20_000))
        assert model.shock == pytest.approx(2e-4, rel=4 / math.sqrt(40_000))

    def test_the_fit_is_the_textbook_regression(self) -> None:
        """Slope and residual variance of five pairs from numpy's polynomial fit, with two parameters estimated."""
        rates = np.array([1.0, 2.0, 2.5, 2.0, 3.0, 2.5])
        (slope, intercept), (squares, *_) = np.polyfit(rates[:-1], rates[1:], 1, full=True)[:2]
        model = AR1.fit(rates)
        assert model.persistence == pytest.approx(slope, rel=1e-12)
        assert model.mean == pytest.approx(intercept / (1 - slope), rel=1e-12)
        assert model.shock == pytest.approx(math.sqrt(squares / (5 - 2)), rel=1e-12)

    @pytest.mark.parametrize(
        "bad", [[1e-4, 1e-4, 1e-4, 1e-4], [1.0, -1.0, 1.0, -1.0], [1.0, 2.0], [1.0, 2.0, 4.0, 8.0]]
    )
    def test_a_history_that_is_none_is_refused(self, bad: list[float]) -> None:
        """Constant, alternating, too short, exploding: refused, not forced into the model."""
        with pytest.raises(ValueError, match="rates must"):
            AR1.fit(bad)

    @pytest.mark.parametrize(("name", "month"), [(histories.BINANCE, 90), (histories.BYBIT, 90), (histories.DYDX, 720)])
    def test_real_funding_remembers_more_than_the_model(self, name: str, month: int) -> None:
        """Sums over 30 days vary more than the fitted AR(1) says, and that is more than twice independence."""
        rates = np.array([row.rate for row in histories.funding(name)])
        model = AR1.fit(rates)
        sums = np.convolve(rates, np.ones(month), "valid")
        independent = rates.std() * math.sqrt(month)
        assert 0.75 < model.persistence < 0.95
        assert model.sum_deviation(month) > 2 * independent
        assert sums.std() > 1.5 * float(model.sum_deviation(month))

    def test_the_article_s_model_is_near_a_real_one(self) -> None:
        """The round numbers of the article against the fit of four years of Binance's BTC contract."""
        model = AR1.fit([row.rate for row in histories.funding(histories.BINANCE)])
        assert model.mean == pytest.approx(1.4e-4, rel=0.05)
        assert model.persistence == pytest.approx(0.8, abs=0.02)
        assert model.shock == pytest.approx(1.6e-4, rel=0.05)


BOOK: dict[str, Any] = {"prices": [100.0, 99.0], "sizes": [5.0, 5.0]}
MODEL = AR1(1e-4, 0.9, 2e-4)


class TestSettlement:
    @given(
        rates=st.lists(st.floats(-0.01, 0.01), min_size=1, max_size=12),
        cut=st.integers(0, 100),
        at_open=st.booleans(),
    )
    def test_a_holding_time_can_be_cut_in_two(self, rates: list[float], cut: int, at_open: bool) -> None:
        """Nothing is lost or charged twice at the cut, where a position that stays open is not opened again."""
        hours = 8.0 * np.arange(len(rates))
        history = (1.5, hours, 100.0 + hours, rates)
        end = float(cut % (8 * len(rates)))
        whole = total(*history, 0.0, 999.0, at_open=at_open, missing="zero")
        first = total(*history, 0.0, end, at_open=at_open, interval=8.0)
        parts = first + total(*history, end, 999.0, missing="zero")
        assert float(whole) == pytest.approx(float(parts), rel=0, abs=1e-9)

    def test_it_pays_as_often_as_settlements_says(self) -> None:
        """With one rate and one mark it is the number of payments times one payment."""
        hours = np.arange(0.0, 240.0, 8.0)
        flat = np.ones(hours.size)
        for opened, closed in ((0.0, 24.0), (0.1, 7.9), (7.9, 8.1), (8.0, 8.0)):
            due = float(settlements(opened, closed))
            paid = total(2.0, hours, 50.0 * flat, 0.001 * flat, opened, closed)
            assert float(paid) == pytest.approx(due * float(payment(2.0, 50.0, 0.001)), rel=1e-12, abs=1e-12)

    @given(path=st.lists(st.tuples(st.floats(1, 1e5), st.floats(-0.01, 0.01)), min_size=1, max_size=20))
    def test_a_cumulative_index_pays_what_the_payments_would(self, path: list[tuple[float, float]]) -> None:
        """Settled once at the end or at each stamp: the same cash."""
        marks, rates = map(np.array, zip(*path, strict=True))
        index = np.concatenate([[7.0], 7.0 + np.cumsum(index_move(marks, rates, 8.0))])
        lazy = settled(-3.0, index[0], index[-1])
        assert float(lazy) == pytest.approx(float(payment(-3.0, marks, rates).sum()), rel=0, abs=1e-7)

    @given(
        kept=st.lists(st.booleans(), min_size=2, max_size=14).filter(any),
        opened=st.integers(-30, 70),
        held=st.integers(0, 90),
        step=st.sampled_from([0.1, 1.0, 4.0, 8.0]),
        offset=st.sampled_from([0.0, 3.0, -7.25]),
        at_open=st.booleans(),
    )
    def test_what_is_due_and_missing_is_counted(
        self, kept: list[bool], opened: int, held: int, step: float, offset: float, at_open: bool
    ) -> None:
        """On a grid with holes, before it and after it: the number and the first hour of a listing one by one."""
        grid = np.arange(-50.0, 60.0)
        present = np.array([k for k, keep in enumerate(kept) if keep], dtype=float)
        start, end = opened / 4, (opened + held) / 4  # in steps, on a stamp or between two
        inside = ((grid >= start) if at_open else (grid > start)) & (grid <= end)
        lost = grid[inside & ~np.isin(grid, present)]
        ones = np.ones(present.size)
        hours = {"hours": offset + step * present, "opened": offset + step * start, "closed": offset + step * end}
        settle = partial(total, 1.0, **hours, marks=ones, rates=ones, at_open=at_open)
        if lost.size:
            named = f"got {lost.size} too few, the first at {offset + step * lost[0] + 0.0:g}:"
            with pytest.raises(ValueError, match=re.escape(named)):
                settle(interval=step)
        else:
            assert settle(interval=step) == settle(missing="zero")
        assert settle(missing="zero") == -(inside & np.isin(grid, present)).sum()

    def test_a_hole_of_a_month_is_no_month_without_funding(self) -> None:
        """752 hours between two stamps are 93 settlements that nobody paid; jitter of a stamp is no hole."""
        before, after = np.arange(0.0, 81.0, 8.0), 832.0 + np.arange(0.0, 81.0, 8.0)
        hours = np.concatenate([before, after])
        ones = np.ones(hours.size)
        with pytest.raises(ValueError, match="got 93 too few, the first at 88:"):
            total(1.0, hours, ones, 1e-4 * ones, 80.0, 831.0)
        assert total(1.0, hours, ones, 1e-4 * ones, 80.0, 831.0, missing="zero") == 0.0
        late = before + np.linspace(0.0, 0.3, before.size)
        assert total(1.0, late, ones[:11], ones[:11], 1.0, 80.5) == -10.0

    def test_one_stamp_does_not_say_what_is_due(self) -> None:
        """Then the interval is asked for; a history that changes from 8 to 4 hours states the longer one."""
        with pytest.raises(ValueError, match="interval must be stated"):
            total(1.0, [8.0], [1.0], [0.1], 0.0, 9.0)
        changing = np.concatenate([np.arange(0.0, 24.1, 8.0), 24.0 + np.arange(4.0, 100.0, 4.0)])
        ones = np.ones(changing.size)
        with pytest.raises(ValueError, match="too few"):
            total(1.0, changing, ones, ones, 0.0, 100.0)
        assert total(1.0, changing, ones, ones, 0.0, 100.0, interval=8.0) == -(changing[changing <= 100].size - 1)

    @given(size=st.floats(-1e6, 1e6), mark=st.floats(1, 1e5), f=st.floats(-0.01, 0.01))
    def test_an_inverse_payment_is_the_same_dollars_in_coins(self, size: float, mark: float, f: float) -> None:
        """`-f Q / P` coins are worth `-f Q` dollars at the mark; a linear position of that notional pays as much."""
        coins = float(payment(size, mark, f, inverse=True))
        assert coins * mark == pytest.approx(-f * size, rel=1e-12, abs=1e-12)
        assert coins * mark == pytest.approx(float(payment(size / mark, mark, f)), rel=1e-9, abs=1e-9)

    @given(path=st.lists(st.tuples(st.floats(1, 1e5), st.floats(-0.01, 0.01)), min_size=2, max_size=20))
    def test_an_inverse_contract_settles_one_way(self, path: list[tuple[float, float]]) -> None:
        """One by one, over the holding time and by the index: the same coins."""
        marks, rates = map(np.array, zip(*path, strict=True))
        hours = 8.0 * np.arange(len(path))
        each = payment(-500.0, marks, rates, inverse=True)
        whole = total(-500.0, hours, marks, rates, 0.0, hours[-1], at_open=True, inverse=True)
        index = np.cumsum(index_move(marks, rates, 8.0, inverse=True))
        assert float(whole) == pytest.approx(float(each.sum()), rel=1e-12, abs=1e-12)
        assert float(settled(-500.0, 0.0, index[-1])) == pytest.approx(float(each.sum()), rel=1e-9, abs=1e-12)

    def test_an_hour_of_an_eight_hour_rate_is_an_eighth(self) -> None:
        """And the interval is an argument."""
        assert index_move(50_000.0, 0.001, 1.0) == pytest.approx(50_000.0 * rate(0.001, clamp=0.0, share=1 / 8))
        assert index_move(100.0, 0.001, 2.0, interval=1.0) == pytest.approx(0.2, rel=1e-12)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"marks": [1.0]}, "one entry a stamp"),
            ({"hours": [8.0, 0.0]}, "must rise"),
            ({"opened": 9.0, "closed": 8.0}, "closed must be >= opened"),
        ],
    )
    def test_a_history_that_does_not_fit_is_refused(self, change: dict[str, Any], message: str) -> None:
        """Lengths that differ, stamps out of order, and time that runs backward."""
        valid = {"hours": [0.0, 8.0], "marks": [1.0, 1.0], "rates": [0.1, 0.1], "opened": 0.0, "closed": 8.0}
        with pytest.raises(ValueError, match=message):
            total(1.0, **{**valid, **change})


class TestCaps:
    @given(
        mean=st.floats(-1, 1), cap=st.floats(0, 0.1), floor=st.floats(-0.1, 0), share=st.floats(0.01, 1),
        limit=st.floats(0, 0.1),
    )  # fmt: skip
    def test_each_cap_holds_where_it_is_stated(
        self, mean: float, cap: float, floor: float, share: float, limit: float
    ) -> None:
        """The rate of the interval within floor and cap, the payment's within its limit, and nothing else moved."""
        free = float(rate(mean))
        assert float(rate(mean, cap=cap, floor=floor)) == min(max(free, floor), cap)
        assert rate(mean, cap=cap) == rate(mean, cap=cap, floor=-cap)
        assert float(rate(mean, floor=floor)) == max(free, floor)
        assert float(rate(mean, share=share, limit=limit)) == min(max(share * free, -limit), limit)


class TestTerms:
    @given(
        values=st.lists(st.floats(-1, 1), min_size=1, max_size=8),
        gaps=st.lists(st.integers(1, 50), min_size=8, max_size=8),
        start=st.integers(0, 60),
        length=st.integers(1, 200),
    )
    def test_a_timed_mean_is_that_of_every_minute(
        self, values: list[float], gaps: list[int], start: int, length: int
    ) -> None:
        """Of whole minutes: the plain mean of what was last seen in each, whatever comes at the end or later."""
        stamps = np.cumsum([0, *gaps])[: len(values)]
        every = [values[np.searchsorted(stamps, minute, "right") - 1] for minute in range(start, start + length)]
        found = timed_mean(values, stamps / 60.0, start=start / 60.0, end=(start + length) / 60.0)
        assert found == pytest.approx(np.mean(every), rel=0, abs=1e-12)
        more = timed_mean([*values, 9.0], [*stamps / 60.0, 1e6], start=start / 60.0, end=(start + length) / 60.0)
        assert more == pytest.approx(found, rel=0, abs=1e-12)

    def test_a_timed_mean_has_to_know_the_beginning(self) -> None:
        for hours, start, end in (
            ([1.0, 2.0], 0.5, 3.0),
            ([1.0, 1.0], 1.0, 3.0),
            ([2.0, 1.0], 2.0, 3.0),
            ([1.0, 2.0], 3.0, 3.0),
        ):
            with pytest.raises(ValueError, match="must"):
                timed_mean([0.1, 0.2], hours, start=start, end=end)
        with pytest.raises(ValueError, match="hours must have one stamp"):
            timed_mean([0.1, 0.2], [1.0], start=1.0, end=2.0)
        assert timed_mean([1e300, -1e300], [-1e308, 0.0], start=-1e308, end=1e308) == pytest.approx(0.0, abs=1e285)

    @given(samples=st.lists(st.floats(-0.01, 0.01), min_size=1, max_size=30), extra=st.integers(0, 30))
    def test_a_missing_sample_counts_as_zero(self, samples: list[float], extra: int) -> None:
        """As if the zeros had been there; samples beyond the expected number are all counted."""
        padded = mean_premium([*samples, *[0.0] * extra])
        assert mean_premium(samples, len(samples) + extra) == pytest.approx(padded, rel=1e-12, abs=1e-18)
        assert mean_premium(samples, 1) == mean_premium(samples)

    def test_the_cap_is_what_leverage_leaves(self) -> None:
        """At the full gap, one payment takes a position at the highest leverage to its maintenance margin."""
        gap = float(margin_cap(0.02, 0.012, 1.0))
        assert survival(1 / 0.02, 0.012, gap).payments == 1.0
        assert survival(1 / 0.02, 0.012, gap * 0.999).payments == 2.0
        with pytest.raises(ValueError, match="maintenance must be <= initial"):
            margin_cap(0.01, 0.02, 1.0)

    @given(ratio=st.floats(0, 5), mark=st.floats(1, 100), spot=st.floats(1, 100), k=st.floats(0, 3))
    def test_a_balanced_book_leaves_the_premium(self, ratio: float, mark: float, spot: float, k: float) -> None:
        """With as many longs as shorts it is the relative basis; each further long per short lowers it by `k`."""
        balanced = float(skew_rate(1.0, mark, spot, sensitivity=k))
        assert balanced == pytest.approx(k * (mark - spot) / spot, rel=1e-9, abs=1e-12)
        assert float(skew_rate(ratio, mark, spot, sensitivity=k)) == pytest.approx(
            balanced - k * (ratio - 1.0), rel=1e-9, abs=1e-9
        )


BAD_INPUT = {
    "timed_mean": case(
        lambda value, hour, start, end: timed_mean([0.1, value], [0.0, hour], start=start, end=end),
        value=(0.1, {"zero", "negative"}, "(-inf, inf)"),
        hour=(5.0, NOTHING, "(0, inf)"),
        start=(1.0, {"zero"}, "[0, 8)"),
        end=(8.0, NOTHING, "(1, inf)"),
    ),
    "mean_premium": case(
        lambda sample, expected: mean_premium([0.1, sample], expected),
        sample=(0.1, {"zero", "negative"}),
        expected=(3, {"none"}, "[1, inf)"),
    ),
    "margin_cap": case(
        margin_cap, initial=(1, AT_LEAST_0, "[0, 1]"), maintenance=(0.0, AT_LEAST_0, "[0, 1]"), factor=(6, AT_LEAST_0)
    ),
    "skew_rate": case(
        skew_rate, ratio=(1, AT_LEAST_0), mark=(1, POSITIVE), index=(1, POSITIVE), sensitivity=(1, AT_LEAST_0)
    ),
    "total": case(
        lambda size, hour, mark, rate, opened, closed, interval: total(
            size, [0, hour], [1, mark], [1, rate], opened, closed, interval=interval
        ),
        size=(1, ANY),
        hour=(8, NOTHING, ""),
        mark=(1, NOTHING, "(0, inf)"),
        rate=(0.1, {"zero", "negative"}),
        opened=(-1, {"zero", "negative"}, ""),
        closed=(9, {"zero", "negative"}, ""),
        interval=(8, {"none"}, ""),
    ),
    "index_move": case(index_move, price=(1, POSITIVE), rate=(0.1, ANY), hours=(1, AT_LEAST_0), interval=(8, POSITIVE)),
    "settled": case(settled, size=(1, ANY), index_then=(1, ANY), index_now=(1, ANY)),
    "impact_price": case(
        lambda price, size, notional: impact_price([price, *BOOK["prices"][1:]], [size, 5.0], notional),
        price=(100, NOTHING, "(99, inf)"),
        size=(5, NOTHING, "(0, inf)"),
        notional=(0.5, NOTHING, "(0, ~995)"),
    ),
    "premium": case(
        premium,
        impact_bid=(0.1, POSITIVE, "(0, 1]"),
        impact_ask=(1, POSITIVE, "[0.1, inf)"),
        index=(1, POSITIVE),
    ),
    "rate": case(
        rate,
        premium=(0.1, ANY),
        interest=(0.1, ANY),
        clamp=(0.1, AT_LEAST_0),
        cap=(0.1, AT_LEAST_0 | {"none"}, "[0, inf)"),
        floor=(-0.1, {"zero", "negative", "none"}, "(-inf, 0]"),
        share=(0.5, POSITIVE, "(0, 1]"),
        limit=(0.1, AT_LEAST_0 | {"none"}, "[0, inf)"),
    ),
    "payment": case(payment, size=(1, ANY), mark=(1, POSITIVE), rate=(0.1, ANY)),
    "settlements": case(
        settlements, opened=(-9, ANY, "(-inf, 9]"), closed=(9, ANY, "[-9, inf)"), interval=(8, POSITIVE)
    ),
    "annual": case(annual, rate=(0.1, ANY, "(-1, inf)"), interval=(8, POSITIVE)),
    "equity_left": case(
        lambda leverage, rate, payments: equity_left(leverage, rate, payments, hold="leverage"),
        leverage=(1, AT_LEAST_0, "[0, 10)"),
        rate=(0.1, ANY, "(-inf, 1)"),
        payments=(1, AT_LEAST_0),
    ),
    "distance": case(
        distance,
        leverage=(1, POSITIVE),
        maintenance=(0.1, AT_LEAST_0, "[0, 1)"),
        paid=(0.1, ANY),
        side=(1, NOTHING, "{-1, 1}"),
    ),
    "Survival": None,
    "survival": case(
        survival,
        leverage=(9, NOTHING, "(0, inf)"),
        maintenance=(0.1, {"zero"}, "[0, 1)"),
        rate=(0.1, {"zero", "negative"}),
        fees=(0, {"zero"}, "[0, inf)"),
        multiple=(1, NOTHING, "(0, inf)"),
    ),
    "liquidation_probability": case(
        liquidation_probability,
        log_distance=(0.1, AT_LEAST_0),
        volatility=(0.5, POSITIVE),
        years=(1, POSITIVE),
        growth=(0.1, ANY),
        carry=(0.1, ANY),
        side=(1, NOTHING, "{-1, 1}"),
    ),
    "AR1": case(
        AR1, mean=(0.1, {"zero", "negative"}), persistence=(0.5, {"zero"}, "[0, 1)"), shock=(0.1, {"zero"}, "[0, inf)")
    ),
    "AR1.fit": case(AR1.fit, rates=([1.0, 2.0, 2.0, 1.0, 1.0], NOTHING)),
    "AR1.expected": case(MODEL.expected, now=(0.1, {"zero", "negative"}), payments=(3, NOTHING, "1..")),
    "AR1.sum_deviation": case(MODEL.sum_deviation, payments=(3, NOTHING, "[1, inf)")),
}

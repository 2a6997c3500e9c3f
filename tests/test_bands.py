"""Bands: prices, first-passage times and the smallest forced reduction, each against another route to it."""

import itertools
import math

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import assume, given
from hypothesis import strategies as st

from perpnotes import funding
from perpnotes.bands import (
    LEVELS,
    band,
    close_at,
    close_by_steps,
    fillable,
    hit_hours,
    hit_probability,
    ladder,
    restoring_equity,
    smallest_close,
    spiral_ratio,
)
from perpnotes.liquidation import Estimate
from perpnotes.margin import published_tiers

YEAR_HOURS = 8760.0
LONG = Estimate(10.0, 100.0, 100.0, 0.02)


class TestBand:
    def test_known_values(self) -> None:
        """At s = +1, q = 10, E = 100, W = 100, m = 2% at 1.25, 1, 2/3 and 0 times maintenance."""
        expected = [92.3077, 91.8367, 91.2162, 90.0]
        assert list(band(LONG).prices.values()) == pytest.approx(expected, rel=0, abs=5e-5)  # printed digits

    @given(
        side=st.sampled_from([-1.0, 1.0]),
        leverage=st.floats(1.5, 80.0),
        size=st.floats(0.01, 5_000.0),
        fee=st.floats(0.0, 0.001),
    )
    def test_prices_come_in_order(self, side: float, leverage: float, size: float, fee: float) -> None:
        """Less equity is demanded further along the adverse side: strictly, from warning to bankruptcy."""
        table = published_tiers("binance_btcusdt_2024_10")
        position = Estimate(side * size, 60_000.0, size * 60_000.0 / leverage, table, close_fee=fee)
        prices = np.array(list(band(position).prices.values()))
        assert (np.diff(side * prices) < 0).all()

    def test_each_price_is_where_equity_is_that_multiple(self) -> None:
        """At every level, equity rebuilt from the definitions is the multiple times maintenance plus the close fee."""
        position = Estimate(-3.0, 200.0, 90.0, 0.02, close_fee=0.001, funding=-0.01, other_maintenance=5.0)
        result = band(position)
        for name, level in result.prices.items():
            equity = 90.0 - 0.01 * 600.0 - 3.0 * (level - 200.0)
            needed = LEVELS[name] * (0.02 * 3.0 * level + 5.0) + 0.001 * 3.0 * level
            assert equity == pytest.approx(needed, rel=1e-12)

    def test_its_width_is_the_move_across_it(self) -> None:
        """From the first price to the last, over the first; and the derivation ends in it."""
        result = band(LONG)
        assert result.width == result.why().value == pytest.approx(1 - 90.0 / result.prices["warning"], rel=1e-12)

    def test_inverse_and_short_keep_their_order(self) -> None:
        """A short's band lies above its entry; a coin-margined long's is wider than a dollar-margined one's."""
        short = list(band(Estimate(-10.0, 100.0, 100.0, 0.02)).prices.values())
        assert short == sorted(short)
        inverse = band(Estimate(1_000.0, 100.0, 1.0, 0.02, inverse=True))
        assert list(inverse.prices.values()) == sorted(inverse.prices.values(), reverse=True)

    def test_levels_fall(self) -> None:
        """A band has two or more levels in falling order."""
        for levels in ({"only": 1.0}, {"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 1.0}):
            with pytest.raises(ValueError, match="two or more falling"):
                band(LONG, levels)
        with pytest.raises(ValueError, match="must be an Estimate"):
            band(1.0)  # type: ignore[arg-type]


class TestHit:
    @pytest.mark.parametrize(("drift", "expected"), [(-0.18, 0.642791), (0.0, 0.630232), (-0.18 - 0.3, 0.663490)])
    def test_known_values(self, drift: float, expected: float) -> None:
        """A log distance of 4%, 60% volatility, 7 days: with -sigma^2/2, without drift, with 30% of carry a year."""
        actual = hit_probability(1.0, math.exp(-0.04), 0.6, 168.0, drift=drift)
        assert actual == pytest.approx(expected, rel=0, abs=5e-7)  # printed digits

    @pytest.mark.parametrize("side", [1, -1])
    def test_it_is_the_law_of_funding_in_prices_and_hours(self, side: int) -> None:
        """Growth and carry are a drift of the log price, `mu - sigma^2/2 - s g`; a distance is a level."""
        a, sigma, years, mu, g = 0.04, 0.6, 7 / 365, 0.2, 0.3
        drift = mu - sigma**2 / 2 - side * g
        here = hit_probability(1.0, math.exp(-side * a), sigma, years * YEAR_HOURS, drift=drift, side=side)
        there = funding.liquidation_probability(a, sigma, years, growth=mu, carry=g, side=side)
        assert here == pytest.approx(there, rel=1e-12)

    def test_it_integrates_its_density(self) -> None:
        """The probability is the integral of a/(sigma sqrt(2 pi t^3)) exp(-(a - n t)^2/(2 sigma^2 t)) over time."""
        a, sigma, nu, years = 0.04, 0.6, 0.5, 168.0 / YEAR_HOURS
        t = np.linspace(0, 1, 200_001)[1:] ** 2 * years  # fine near 0, where the density rises
        density = a / (sigma * np.sqrt(2 * np.pi * t**3)) * np.exp(-((a - nu * t) ** 2) / (2 * sigma**2 * t))
        expected = float(((density[1:] + density[:-1]) / 2 * np.diff(t)).sum())
        assert hit_probability(1.0, math.exp(-a), sigma, 168.0, drift=-nu) == pytest.approx(expected, rel=1e-7)

    @pytest.mark.parametrize("a", [0.02, 0.1, 0.3, 0.6])
    def test_it_is_the_formula_where_that_is_safe(self, a: float) -> None:
        """N(d1) + exp(2 n a/sigma^2) N(d2), written out with erfc, far into the tails."""
        sigma, nu, years = 0.5, 0.4, 0.02
        spread = sigma * math.sqrt(years)
        first, second = ((sign * nu * years - a) / spread for sign in (1, -1))
        expected = math.erfc(-first / math.sqrt(2)) / 2
        expected += math.exp(2 * nu * a / sigma**2) * math.erfc(-second / math.sqrt(2)) / 2
        actual = hit_probability(1.0, math.exp(-a), sigma, years * YEAR_HOURS, drift=-nu)
        assert actual == pytest.approx(expected, rel=1e-11, abs=0.0)

    def test_a_drift_has_a_side(self) -> None:
        """A rising price reaches a short's level as a falling one reaches a long's, and sooner than without drift."""
        up = hit_probability(1.0, math.exp(0.05), 0.6, 48.0, drift=2.0, side=-1)
        assert up == pytest.approx(hit_probability(1.0, math.exp(-0.05), 0.6, 48.0, drift=-2.0), rel=1e-12)
        assert up > hit_probability(1.0, math.exp(0.05), 0.6, 48.0, side=-1)
        hours = hit_hours(1.0, math.exp(0.05), 0.6, 0.5, drift=[2.0, 0.0, -2.0], side=-1)
        assert hours[0] < hours[1] < hours[2]

    def test_in_the_long_run_a_drift_away_leaves_exp(self) -> None:
        """With a drift away from the level the probability ends at exp(-2 n a/sigma^2): no quantile lies above."""
        a, sigma, nu = 0.3, 0.5, 0.4
        limit = math.exp(-2 * nu * a / sigma**2)
        level = math.exp(-a)
        assert hit_probability(1.0, level, sigma, 1e8, drift=nu) == pytest.approx(limit, rel=1e-9)
        assert hit_hours(1.0, level, sigma, limit * 1.001, drift=nu) == math.inf
        assert math.isfinite(hit_hours(1.0, level, sigma, limit * 0.99, drift=nu))

    def test_a_strong_drift_does_not_overflow(self) -> None:
        """exp(2 n a/sigma^2) beyond the largest double, times a tail below the smallest: still a probability."""
        actual = hit_probability(1.0, math.exp(-1.0), 0.02, [10.0, 4_000.0, 8_760.0, 20_000.0], drift=-1.0)
        assert actual[0] == 0.0
        assert actual[-1] == 1.0
        assert (np.diff(actual) >= 0).all()
        assert 0.49 < actual[2] < 0.52  # after the time that the drift alone needs

    def test_without_drift_the_quantile_has_the_closed_form(self) -> None:
        """(a/(sigma z))^2: for the median z = .67449."""
        expected = (0.04 / (0.6 * 0.6744897501960817)) ** 2 * YEAR_HOURS
        assert hit_hours(1.0, math.exp(-0.04), 0.6, 0.5) == pytest.approx(expected, rel=1e-10)

    @given(
        a=st.floats(1e-4, 0.8),
        sigma=st.floats(0.1, 2.0),
        chance=st.floats(0.01, 0.99),
        drift=st.floats(-2.0, 2.0),
        side=st.sampled_from([-1, 1]),
    )
    def test_quantiles_invert_the_probability(
        self, a: float, sigma: float, chance: float, drift: float, side: int
    ) -> None:
        """At its quantile the level has been reached with that probability."""
        level = math.exp(-side * a)
        hours = hit_hours(1.0, level, sigma, chance, drift=drift, side=side)
        assume(math.isfinite(hours) and 1e-9 < hours < 1e7)
        assert hit_probability(1.0, level, sigma, hours, drift=drift, side=side) == pytest.approx(chance, rel=1e-6)

    @given(
        a=st.floats(1e-4, 20.0),
        sigma=st.floats(0.01, 5.0),
        chance=st.floats(1e-6, 0.999),
        drift=st.floats(-20.0, 20.0),
    )
    def test_one_number_is_answered_as_an_array_of_one_is(
        self, a: float, sigma: float, chance: float, drift: float
    ) -> None:
        """The first in plain floats; what rounding of the probability moves is left to them."""
        one = hit_hours(1.0, math.exp(-a), sigma, chance, drift=drift)
        (among,) = hit_hours(1.0, [math.exp(-a)], sigma, chance, drift=drift)
        lower, upper = hit_hours(1.0, math.exp(-a), sigma, [chance * (1 - 1e-12), chance * (1 + 1e-12)], drift=drift)
        assert lower * (1 - 1e-12) <= one <= upper * (1 + 1e-12)
        assert math.isinf(one) == math.isinf(among) or math.isinf(upper)

    def test_sizes_of_any_kind(self) -> None:
        """The smallest and the largest, one by one and as arrays: just before that time the chance is less."""
        sizes, chances = [1e-12, 1e-3, 1.0, 1e12], [1e-9, 0.3, 0.9]
        for a, sigma, drift in itertools.product([1e-12, 1e-3, 1.0, 600.0], sizes, [0.0, 1e-12, 1.0, -1.0, -1e12]):
            level = math.exp(-a)
            alone = np.array([hit_hours(1.0, level, sigma, chance, drift=drift) for chance in chances])
            assert hit_hours(1.0, level, sigma, chances, drift=drift).tolist() == pytest.approx(alone, rel=1e-6)
            hours = np.where(np.isinf(alone), 1.0, alone)
            before, after = (hit_probability(1.0, level, sigma, hours * (1 + d), drift=drift) for d in (-1e-12, 1e-12))
            assert (np.isinf(alone) | ((before < chances) & (chances < after))).all()

    def test_answers_that_are_no_price(self) -> None:
        """A level that is never reached, or has been: 0 and infinity are answers on both sides."""
        assert hit_probability(100.0, [0.0, 101.0, math.inf], 0.6, 1.0).tolist() == [0.0, 1.0, 1.0]
        assert hit_probability(100.0, [math.inf, 99.0, 0.0], 0.6, 1.0, side=-1).tolist() == [0.0, 1.0, 1.0]
        assert hit_hours(100.0, [0.0, 101.0, math.inf], 0.6, 0.5).tolist() == [math.inf, 0.0, 0.0]

    def test_a_band_is_reached_in_its_order(self) -> None:
        """Each level takes longer than the one before, at every probability."""
        hours = band(LONG).hours(95.0, 0.8, [0.1, 0.5, 0.9])
        assert (np.diff([hours[name] for name in LEVELS], axis=0) > 0).all()


def after(
    x: float, size: float, mark: float, equity: float, rate: float, impact: float, fee: float, stays: float
) -> float:
    """Equity less requirement after closing `x`, told step by step: sell, pay, mark the rest, ask for its margin."""
    side = math.copysign(1.0, size)
    filled = mark - side * impact * x / 2
    new_mark = mark - side * stays * impact * x
    rest = abs(size) - x
    cash = side * x * (filled - mark)
    marked = side * rest * (new_mark - mark)
    return equity + cash + marked - fee * mark * x - rate * new_mark * rest


class TestReduction:
    def test_known_value(self) -> None:
        """P = 100, q = 10, m = 5%, alpha = .2, fee = 5 bp, e = 30: x = 4.438365, and it restores exactly."""
        x = float(smallest_close(10.0, 100.0, 30.0, 0.05, 0.2, close_fee=0.0005))
        assert x == pytest.approx(4.438365, rel=0, abs=5e-7)
        assert after(x, 10.0, 100.0, 30.0, 0.05, 0.2, 0.0005, 0.0) == pytest.approx(0.0, abs=1e-10)

    def test_without_impact_it_is_a_ratio(self) -> None:
        """What is missing over what a coin releases: (m P q - e)/((m - phi) P)."""
        assert smallest_close(10.0, 100.0, 30.0, 0.05, 0.0, close_fee=0.001) == pytest.approx(20 / 4.9, rel=1e-12)

    @given(
        side=st.sampled_from([-1.0, 1.0]),
        equity=st.floats(-20.0, 60.0),
        rate=st.floats(0.005, 0.2),
        impact=st.floats(0.0, 3.0),
        fee=st.floats(0.0, 0.004),
        stays=st.floats(0.0, 1.0),
    )
    def test_it_is_the_first_size_that_a_search_finds(
        self, side: float, equity: float, rate: float, impact: float, fee: float, stays: float
    ) -> None:
        """On a fine grid of sizes told step by step, none below restores the account, and this one does."""
        size = side * 10.0
        x = float(smallest_close(size, 100.0, equity, rate, impact, close_fee=fee, permanent=stays))
        sizes = np.linspace(0.0, 10.0, 2_001)
        rooms = np.array([after(s, size, 100.0, equity, rate, impact, fee, stays) for s in sizes])
        floor = float(restoring_equity(size, 100.0, rate, impact, close_fee=fee, permanent=stays))
        if math.isinf(x):
            assert (rooms < 1e-9).all()
            assert equity < floor + 1e-9
        else:
            assert (rooms[sizes < x] < 1e-9).all()
            assert after(x, size, 100.0, equity, rate, impact, fee, stays) >= -1e-8
            assert equity >= floor - 1e-9

    def test_no_more_is_closed_than_there_is(self) -> None:
        """Below the vertex's reach the parabola has a root beyond the position; it is no answer."""
        lowest = restoring_equity(10.0, 100.0, 0.05, 0.2, close_fee=0.0005)
        assert lowest == pytest.approx(0.2 * 100 / 2 + 0.0005 * 1_000, rel=1e-12)  # impact and fee of closing it all
        assert smallest_close(10.0, 100.0, lowest + 1e-9, 0.05, 0.2, close_fee=0.0005) == pytest.approx(10.0, rel=1e-8)
        assert smallest_close(10.0, 100.0, lowest - 1e-9, 0.05, 0.2, close_fee=0.0005) == math.inf

    def test_inside_the_position_the_vertex_decides(self) -> None:
        """With alpha large enough, e < m P q - ((m - phi) P)^2/(2 alpha) and no size restores."""
        expected = 0.05 * 1_000 - (0.0495 * 100) ** 2 / (2 * 2.0)
        assert restoring_equity(10.0, 100.0, 0.05, 2.0, close_fee=0.0005) == pytest.approx(expected, rel=1e-12)

    def test_more_impact_never_needs_less(self) -> None:
        """The smallest closing rises with the impact, and with the share of it that stays, until there is none."""
        by_impact = smallest_close(10.0, 100.0, 40.0, 0.05, np.linspace(0.0, 3.0, 31))
        by_share = smallest_close(10.0, 100.0, 40.0, 0.05, 0.2, permanent=np.linspace(0.0, 1.0, 31))
        for sizes in (by_impact, by_share):
            finite = sizes[np.isfinite(sizes)]
            assert (np.diff(finite) > 0).all()
            assert np.isfinite(sizes[: finite.size]).all()
        assert np.isinf(by_impact[-1])


class TestSpiral:
    @pytest.mark.parametrize("side", [-1.0, 1.0])
    def test_it_is_what_the_first_coin_does(self, side: float) -> None:
        """One minus the ratio is the slope of the room at 0, over what a coin releases."""
        size, rate, impact, fee, step = side * 10.0, 0.05, 0.3, 0.001, 1e-6
        ratio = spiral_ratio(size, 100.0, rate, impact, close_fee=fee, permanent=0.7)
        slope = (
            after(step, size, 100.0, 30.0, rate, impact, fee, 0.7)
            - after(0.0, size, 100.0, 30.0, rate, impact, fee, 0.7)
        ) / step
        assert 1 - ratio == pytest.approx(slope / ((rate - fee) * 100.0), rel=1e-6)  # one-sided difference

    def test_above_one_no_small_closing_helps(self) -> None:
        """Below 1 a small lack needs a small closing; above 1 it jumps to where the parabola comes back, near the end.

        From about twice that impact on nothing works: closing it all costs more than the whole requirement.
        """
        lack, needs = 1e-6, []
        for impact in (0.4, 0.6, 1.0):
            ratio = spiral_ratio(10.0, 100.0, 0.05, impact)
            needs.append(float(smallest_close(10.0, 100.0, 50.0 - lack, 0.05, impact, permanent=1.0)))
            back = (impact * 10.0 * 0.95 - 5.0) / (impact * 0.45)  # where the parabola is back at its start
            assert (ratio > 1) == (back > 0)
        assert needs[0] < 1e-5
        assert needs[1] == pytest.approx((0.6 * 9.5 - 5.0) / (0.6 * 0.45), rel=1e-5)  # the lack adds its part
        assert needs[2] == math.inf
        assert restoring_equity(10.0, 100.0, 0.05, 1.1, permanent=1.0) == 50.0  # the whole requirement, never more

    def test_rounds_of_closing_add_up_to_the_geometric_series(self) -> None:
        """Close what is due, let it move the mark, close what is then due: the sum is the first over (1 - ratio)."""
        rate, impact = 0.05, 0.2
        ratio = float(spiral_ratio(10.0, 100.0, rate, impact))
        lack = 1e-4  # small, so that the series holds to first order
        due = total = lack / (rate * 100.0)
        for _ in range(60):
            due *= impact * 10.0 * (1 - rate) / (rate * 100.0)
            total += due
        assert total == pytest.approx(lack / (rate * 100.0) / (1 - ratio), rel=1e-12)
        actual = smallest_close(10.0, 100.0, 50.0 - lack, rate, impact, permanent=1.0)
        assert actual == pytest.approx(total, rel=1e-4)  # first order in the lack

    @given(rate=st.floats(0.005, 0.2), fee=st.floats(0, 0.004), coins=st.floats(1, 1_000))
    def test_the_two_thresholds_of_a_long_have_closed_forms(self, rate: float, fee: float, coins: float) -> None:
        """Closing it all moves the price by (m - f)/(1 - m) where it begins to spiral, by 2(m - f) where it is lost."""
        spiral, lost = (rate - fee) / (1 - rate), 2 * (rate - fee)
        terms = {"size": coins, "mark": 100.0, "maintenance": rate, "close_fee": fee, "permanent": 1.0}
        assert spiral_ratio(impact=spiral * 100.0 / coins, **terms) == pytest.approx(1.0, rel=1e-9)
        required = rate * 100.0 * coins
        for part in (0.999, 1.0, 1.001):
            floor = restoring_equity(impact=part * lost * 100.0 / coins, **terms)
            relief = max(0.0, 1 - part) * (rate - fee) * 100.0 * coins  # of closing it all
            assert floor == pytest.approx(required - relief, rel=1e-9)

    def test_a_fee_that_takes_all_is_infinite(self) -> None:
        """Where the fee exceeds the maintenance rate, closing releases nothing."""
        assert spiral_ratio(10.0, 100.0, 0.005, 0.1, close_fee=0.005) == math.inf


class TestFillable:
    @pytest.mark.parametrize(
        ("size", "cash", "adjustment", "spread", "expected"),
        [
            (0.1, -4501.0, 2.0, 0.1, 49998.0),
            (0.1, -4501.0, 1.0, 0.2, 49998.0),
            (-0.1, 5499.0, 1.0, 0.1, 50001.0),
            (-0.1, 5499.0, 2.0, 0.1, 50002.0),
            (0.1, -5500.0, 1.0, 0.1, 49500.0),
            (-0.1, 4500.0, 1.0, 0.1, 50500.0),
        ],
    )
    def test_dydx(self, size: float, cash: float, adjustment: float, spread: float, expected: float) -> None:
        """The fillable prices in dYdX v4's own tests, 10% maintenance at an oracle price of 50,000."""
        equity, requirement = cash + size * 50_000.0, 0.1 * abs(size) * 50_000.0
        side = 1 if size > 0 else -1
        actual = fillable(50_000.0, equity, requirement, 0.1, adjustment=adjustment, spread=spread, side=side)
        assert actual == pytest.approx(expected, rel=1e-14)

    def test_a_healthy_account_is_filled_at_the_mark(self) -> None:
        """At or above the requirement there is nothing to give."""
        assert fillable(100.0, [50.0, 80.0], 50.0, 0.05, adjustment=1.0, spread=1.0).tolist() == [100.0, 100.0]


class TestLadder:
    ETHER = Estimate(200.0, 3_000.0, 30_000.0, 0.02)

    def test_a_fifth_of_what_is_left_until_it_is_small(self) -> None:
        """Without impact: sizes are powers of four fifths, and each price is the solver's for what is left."""
        found = ladder(self.ETHER, share=0.2, above=100e3)
        sizes = [200 * 0.8**k for k in range(len(found.steps))]
        assert [step.closed for step in found.steps[:-1]] == pytest.approx([0.2 * size for size in sizes[:-1]])
        assert found.steps[-1].closed == pytest.approx(sizes[-1])
        assert found.steps[-1].closed * found.steps[-1].price <= 100e3 < found.steps[-2].price * sizes[-2]
        # cash is 30,000 less the losses so far: the price from the definition, without the solver's state
        for k, step in enumerate(found.steps[1:], start=1):
            lost = sum((3_000 - one.price) * one.closed for one in found.steps[:k])
            assert step.price == pytest.approx((sizes[k] * 3_000 - 30_000 + lost) / (sizes[k] * 0.98))
        assert found.depth == pytest.approx(1 - found.steps[-1].price / found.steps[0].price)

    @given(
        side=st.sampled_from([1, -1]), share=st.floats(0.05, 1.0), slope=st.floats(0, 0.5), stays=st.floats(0, 1),
        fee=st.floats(0, 0.002),
    )  # fmt: skip
    def test_money_is_conserved(self, side: int, share: float, slope: float, stays: float, fee: float) -> None:
        """What is left at the end is the margin, less what each fill lost against the entry and paid in fees."""
        position = Estimate(side * 200.0, 3_000.0, 30_000.0, 0.02)
        found = ladder(position, share=share, above=50e3, impact=slope, permanent=stays, close_fee=fee)
        fills = [(one.price - side * slope * one.closed / 2, one.closed, one.price) for one in found.steps]
        cash = 30_000 + sum(side * (fill - 3_000) * coins - fee * at * coins for fill, coins, at in fills)
        assert found.steps[-1].left == 0
        assert sum(coins for _, coins, _ in fills) == pytest.approx(200.0)
        assert found.steps[-1].equity == pytest.approx(cash, abs=1e-6)

    def test_what_is_not_restored_is_closed_at_once(self) -> None:
        """Where a fifth costs more than it frees, the next order is for everything, at the mark that it left."""
        found = ladder(self.ETHER, share=0.2, above=100e3, impact=0.6, permanent=1.0)
        first, second = found.steps
        assert not first.restored
        assert (second.price, second.closed) == (first.mark, first.left)

    def test_what_it_does_not_know(self) -> None:
        """Inverse contracts, the entry basis and positions that are paid for in full are refused."""
        for one in (
            Estimate(1_000.0, 100.0, 1.0, 0.01, inverse=True),
            Estimate(1.0, 100.0, 10.0, 0.01, basis="entry"),
            Estimate(1.0, 100.0, 200.0, 0.01),
        ):
            with pytest.raises(ValueError, match="position must be linear"):
                ladder(one)
        with pytest.raises(ValueError, match="position must be an Estimate"):
            ladder(None)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="impact \\* size must be"):
            ladder(LONG, impact=10.0)


class TestCloseBySteps:
    @given(
        equity=st.floats(-50, 150),
        fee=st.floats(0, 1),
        step=st.sampled_from([0.1, 0.2, 0.25, 1.0]),
        aim=st.floats(0.5, 1),
    )
    def test_it_is_the_smallest_share_of_a_search(self, equity: float, fee: float, step: float, aim: float) -> None:
        """Against the definition, share by share."""
        shares = [k * step for k in range(1, round(1 / step) + 1)]
        enough = [x for x in shares if 100 * (1 - x) < aim * (equity - fee * 100 * x)]
        expected = 0.0 if equity > 100 else enough[0] if enough else 1.0
        found = float(close_by_steps(equity, 100.0, margin_fee=fee, step=step, target=aim))
        assert found == pytest.approx(expected)


class TestRejects:
    def test_a_long_that_would_empty_the_price(self) -> None:
        """A linear impact that pushes the price to 0 is not a book; for a short the price only rises."""
        with pytest.raises(ValueError, match="must be < mark for a long"):
            smallest_close(10.0, 100.0, 30.0, 0.05, 10.0)
        assert smallest_close(-10.0, 100.0, 30.0, 0.05, 10.0) == math.inf

    def test_a_size_of_nothing(self) -> None:
        """There is nothing to close in a position of 0, and no third side."""
        with pytest.raises(ValueError, match="size must not be 0"):
            smallest_close(0.0, 100.0, 30.0, 0.05, 0.2)
        with pytest.raises(ValueError, match="side must be 1 or -1"):
            hit_hours(100.0, 99.0, 0.6, 0.5, side=0)
        with pytest.raises(ValueError, match="levels must map names to multiples"):
            band(LONG, [1.25, 1.0])  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="level must be a number"):
            hit_hours(100.0, "ninety", 0.6, 0.5)

    def test_a_requirement_above_the_notional(self) -> None:
        """No part of a position can release more than it is worth: not a ratio below 0, and not a size."""
        for multiple in (20.0, 30.0):
            for call in (smallest_close, close_at):
                with pytest.raises(ValueError, match=r"multiple \* maintenance must be < 1"):
                    call(10.0, 100.0, 30.0, 0.05, 0.1, multiple=multiple)
            for ratio in (spiral_ratio, restoring_equity):
                with pytest.raises(ValueError, match=r"multiple \* maintenance must be < 1"):
                    ratio(10.0, 100.0, 0.05, 0.1, multiple=multiple)

    def test_a_spread_wider_than_the_price(self) -> None:
        """A long is never sold below 0, at any equity; a short may be bought back at more than twice the mark."""
        for equity in (0.0, 10.0):
            with pytest.raises(ValueError, match=r"spread \* maintenance must be < 1"):
                fillable(100.0, equity, 10.0, 0.5, adjustment=1.0, spread=2.0)
        assert fillable(100.0, 0.0, 10.0, 0.5, adjustment=1.0, spread=2.5, side=-1) == pytest.approx(225.0, rel=1e-14)


SIGNED = {"negative", "shape"}
LEVEL = {"inf", "zero", "shape"}  # 0 and infinity are answers
CLOSING = {
    "size": (1, SIGNED, "(-inf, ~100)"),
    "mark": (1, POSITIVE, "(~0.01, inf)"),
    "maintenance": (0.05, AT_LEAST_0, "[0, 1)"),
    "impact": (0.01, AT_LEAST_0, "[0, 1)"),
    "close_fee": (0, AT_LEAST_0),
    "permanent": (0.5, AT_LEAST_0, "[0, 1]"),
    "multiple": (1, POSITIVE, "(0, ~20)"),
}


class TestCloseAt:
    @given(
        side=st.sampled_from([1, -1]),
        equity=st.floats(1, 49),
        slip=st.floats(0, 0.03),
        fee=st.floats(0, 0.005),
        multiple=st.floats(1, 1.5),
    )
    def test_it_restores_exactly_what_is_asked(
        self, side: int, equity: float, slip: float, fee: float, multiple: float
    ) -> None:
        """After the close the equity is the requirement of the rest: nothing more was closed, and nothing less."""
        mark, coins, rate = 100.0, 10.0, 0.05
        fill = mark * (1 - side * slip)
        x = float(close_at(side * coins, mark, equity, rate, fill, close_fee=fee, multiple=multiple))
        after = equity + side * x * (fill - mark) - fee * mark * x
        assert after == pytest.approx(multiple * rate * mark * (coins - x), rel=0, abs=1e-7 * max(1.0, x))

    def test_without_impact_both_rules_agree(self) -> None:
        """A fill at the mark is a book that does not move."""
        asked = smallest_close(10.0, 100.0, [60.0, 30.0, 10.0], 0.05, 0.0, close_fee=0.0005)
        known = close_at(10.0, 100.0, [60.0, 30.0, 10.0], 0.05, 100.0, close_fee=0.0005)
        assert known == pytest.approx(asked, rel=1e-12)

    def test_a_fill_that_costs_the_margin_never_restores(self) -> None:
        """Sold at 5% below the mark, a coin costs what its 5% of maintenance releases."""
        assert close_at(10.0, 100.0, 30.0, 0.05, [95.0, 94.0]).tolist() == [math.inf, math.inf]
        assert close_at(-10.0, 100.0, 30.0, 0.05, 105.0) == math.inf


BAD_INPUT = {
    "close_at": case(
        close_at,
        size=(1, {"negative", "shape"}, "(-inf, inf)"),
        mark=(1, POSITIVE),
        equity=(0.02, ANY),
        maintenance=(0.05, AT_LEAST_0, "[0, 1)"),
        fill=(1, POSITIVE),
        close_fee=(0, AT_LEAST_0, "[0, 1)"),
        multiple=(1, POSITIVE, "(0, ~20)"),
    ),
    "band": case(lambda multiple: band(LONG, {"first": multiple, "last": 0.0}), multiple=(1, NOTHING, "(0, 50)")),
    "Band.hours": case(
        band(LONG).hours,
        mark=(95.0, POSITIVE),
        volatility=(0.5, POSITIVE),
        probability=(0.5, POSITIVE, "(0, 1)"),
        drift=(0, ANY),
    ),
    "hit_probability": case(
        hit_probability,
        mark=(1, POSITIVE),
        level=(0.9, LEVEL, "[0, inf]"),
        volatility=(0.5, POSITIVE),
        hours=(1, POSITIVE),
        drift=(0, ANY),
        side=(1, NOTHING, "{-1, 1}"),
    ),
    "hit_hours": case(
        hit_hours,
        mark=(1, POSITIVE),
        level=(0.9, LEVEL, "[0, inf]"),
        volatility=(0.5, POSITIVE),
        probability=(0.5, POSITIVE, "(0, 1)"),
        drift=(0, ANY),
        side=(1, NOTHING, "{-1, 1}"),
    ),
    "smallest_close": case(smallest_close, equity=(0.02, ANY), **CLOSING),
    "restoring_equity": case(restoring_equity, **CLOSING),
    "spiral_ratio": case(spiral_ratio, **CLOSING),
    "fillable": case(
        fillable,
        mark=(1, POSITIVE),
        equity=(1, ANY),
        requirement=(1, POSITIVE),
        maintenance=(0.05, AT_LEAST_0, "[0, 1)"),
        adjustment=(1, AT_LEAST_0),
        spread=(0.1, AT_LEAST_0, "[0, 20)"),
        side=(1, NOTHING, "{-1, 1}"),
    ),
    "ladder": case(
        lambda share, above, impact, permanent, close_fee: ladder(
            LONG, share=share, above=above, impact=impact, permanent=permanent, close_fee=close_fee
        ),
        share=(0.5, NOTHING, "(0, 1]"),
        above=(10, {"zero"}, "[0, inf)"),
        impact=(0.01, {"zero"}, "[0, ~9.183673469387755)"),
        permanent=(0.5, {"zero"}, "[0, 1]"),
        close_fee=(0.001, {"zero"}, "[0, 1)"),
    ),
    "close_by_steps": case(
        lambda equity, requirement, margin_fee, target: close_by_steps(
            equity, requirement, margin_fee=margin_fee, target=target
        ),
        equity=(1, ANY),
        requirement=(1, POSITIVE),
        margin_fee=(0.5, AT_LEAST_0, "[0, 1]"),
        target=(0.5, POSITIVE, "(0, 1]"),
    ),
    "close_by_steps.step": case(lambda step: close_by_steps(1.0, 2.0, step=step), step=(0.5, NOTHING, "(0, 1]")),
    "LEVELS": None,
    "Band": None,
    "Ladder": None,
    "Step": None,
}

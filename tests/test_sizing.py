"""Sizing: check values, the account that a size describes, a search that knows no formula, Kelly by simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes.contracts import Linear
from perpnotes.margin import Account, Collateral, Position, Tiers
from perpnotes.sizing import Mode, Sizing, growth, kelly, together

FLAT = Tiers.flat(0.02)
STEPS = Tiers((0, 2e3, 5e3, 20e3), (0.01, 0.02, 0.05, 0.10))
GAP = Mode("gap", gap=0.10)
HAIRCUT = Mode("haircut", gap=0.03, unusable=0.35)
MODES = st.builds(
    Mode,
    st.uuids().map(str),
    gap=st.floats(0.001, 0.6),
    fees=st.floats(0, 0.01),
    funding=st.floats(0, 0.02),
    unusable=st.floats(0, 0.9),
)


@st.composite
def hedged(draw: st.DrawFn) -> Mode:
    """A mode whose hedge may go on the way."""
    mode = draw(MODES)
    return replace(mode, hedge_lost=draw(st.none() | st.floats(0, 1).map(lambda part: part * mode.gap)))


def sizing(*modes: Mode, tiers: Tiers = FLAT, side: int = 1, hedge: float = 0.0) -> Sizing:
    return Sizing(1_000.0, 100.0, tiers, modes, side, hedge)


class TestCheckValues:
    def test_each_mode_alone(self) -> None:
        """W = 1000, P = 100, m = 2%: 84.7458 for a 10% gap, 131.58 for a 35% haircut and a 3% gap."""
        limits = sizing(GAP, HAIRCUT).limits
        assert limits["gap"] == pytest.approx(1_000 / (100 * (0.1 + 0.02 * 0.9)), rel=1e-13)
        assert limits["gap"] == pytest.approx(84.7458, abs=5e-5)
        assert limits["haircut"] == pytest.approx(131.58, abs=5e-3)

    def test_a_gap_with_a_taker_fee_and_nine_fundings(self) -> None:
        """5% gap, 10 bp of fees and 9 payments of 3 bp: 137.55 coins."""
        costs = Mode("costs", gap=0.05, fees=0.001, funding=9 * 0.0003)
        assert sizing(costs).size == pytest.approx(137.55, abs=5e-3)

    def test_the_smallest_binds_and_its_liquidation_price_is_the_failure(self) -> None:
        """The 10% gap sets the size, and that size is liquidated at 90, not above and not below."""
        result = sizing(HAIRCUT, GAP)
        assert result.binding is GAP
        assert result.size == result.limits["gap"]
        assert result.liquidation_price == pytest.approx(90.0, rel=1e-13)
        assert result.leverage == pytest.approx(8.47458, abs=5e-6)
        assert result.why().value == result.size


class TestSurvival:
    @given(mode=MODES, side=st.sampled_from([1, -1]), wallet=st.floats(50.0, 1e5))
    def test_the_account_of_that_size_is_liquidated_exactly_at_the_gap(
        self, mode: Mode, side: int, wallet: float
    ) -> None:
        """Independent route: margin.Account with what is left of the wallet goes as far as the gap, across tiers."""
        result = Sizing(wallet, 100.0, STEPS, [mode], side)
        size = result.size
        left = wallet * (1 - mode.unusable) - size * 100.0 * (mode.fees + mode.funding)
        account = Account([Position(Linear("A"), side * size, 100.0, 100.0, STEPS)], [Collateral(left)])
        actual = account.distance({"A": -float(side)})
        assert actual.move == pytest.approx(mode.gap, rel=1e-9)
        assert result.liquidation_price == pytest.approx(actual.prices["A"], rel=1e-12)
        assert result.liquidation_price == pytest.approx(100 * (1 - side * mode.gap), rel=1e-9)

    @given(mode=hedged(), side=st.sampled_from([1, -1]), hedge=st.floats(0, 1))
    def test_it_is_the_largest_size_that_a_path_survives(self, mode: Mode, side: int, hedge: float) -> None:
        """Independent search: walk the mode in small steps, with the hedge until it is lost, and bisect on the size."""
        path = np.union1d(np.linspace(0, mode.gap, 301), [mode.hedge_lost or 0.0])
        lost = mode.gap if mode.hedge_lost is None else mode.hedge_lost
        earned = hedge * (np.minimum(path, lost) + mode.funding)

        def survives(size: float) -> bool:
            spent = size * 100.0 * (mode.fees + mode.funding + path - earned)
            equity = 1_000.0 * (1 - mode.unusable) - spent
            notional = size * 100.0 * (1 - side * path)
            needed = STEPS.maintenance(notional) + STEPS.maintenance(hedge * notional) * (path <= lost)
            return bool((equity >= needed).all())

        low, high = 0.0, 1e5
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if survives(middle) else (low, middle)
        assert sizing(mode, tiers=STEPS, side=side, hedge=hedge).size == pytest.approx(low, rel=1e-11)

    @given(mode=hedged(), side=st.sampled_from([1, -1]), hedge=st.floats(0, 1), part=st.floats(0.2, 3.0))
    def test_any_size_is_liquidated_where_a_walk_finds_it(
        self, mode: Mode, side: int, hedge: float, part: float
    ) -> None:
        """Below the limit beyond the gap, above it before: equity meets maintenance there and not earlier."""
        result = sizing(mode, tiers=STEPS, side=side, hedge=hedge)
        size = part * result.size
        move = result.move(size, mode)

        lost = math.inf if mode.hedge_lost is None else mode.hedge_lost

        def slack(x: float) -> float:
            earned = hedge * (min(x, lost) + mode.funding)
            equity = 1_000.0 * (1 - mode.unusable) - size * 100.0 * (mode.fees + mode.funding + x - earned)
            notional = size * 100.0 * (1 - side * x)
            return equity - float(STEPS.maintenance(notional) + STEPS.maintenance(hedge * notional) * (x <= lost))

        walk = np.linspace(0, min(move, 0.999 if side > 0 else 5.0), 60)[:-1]
        assert all(slack(x) > -1e-7 for x in walk if x < move)
        if math.isfinite(move):
            assert slack(move) <= 1e-7  # of a wallet of 1,000
        if part < 0.999:
            assert move > mode.gap * (1 - 1e-9) or hedge > 0.9

    @given(first=MODES, second=MODES, side=st.sampled_from([1, -1]), hedge=st.floats(0, 1))
    def test_together_is_never_larger_than_each_alone(self, first: Mode, second: Mode, side: int, hedge: float) -> None:
        """Every part is at least as bad, so one more failure at the same time never raises the size."""
        both = together([replace(first, name="a"), replace(second, name="b")])
        if side > 0 and both.gap >= 1:
            with pytest.raises(ValueError, match="gap of 'together'"):
                sizing(both)
            return
        result = sizing(first, replace(second, name="second"), both, side=side, hedge=hedge)
        assert result.limits["together"] <= min(result.limits.values()) * (1 + 1e-12)

    @given(modes=st.lists(MODES, min_size=1, max_size=5, unique_by=lambda m: m.name), extra=MODES)
    def test_one_more_mode_never_raises_the_size(self, modes: list[Mode], extra: Mode) -> None:
        """A minimum over more is no larger; and the size scales with wallet over price."""
        assert sizing(*modes, extra).size <= sizing(*modes).size
        scaled = Sizing(3_000.0, 50.0, FLAT, modes)
        assert scaled.size == pytest.approx(6 * sizing(*modes).size, rel=1e-12)

    def test_a_hedge_helps_until_it_is_taken_away(self) -> None:
        """Kept, it halves the loss; lost on the way, it helped up to there; lost at once, it never was."""
        kept = sizing(GAP, hedge=0.5).size
        lost = [sizing(replace(GAP, hedge_lost=at), hedge=0.5).size for at in (0.10, 0.04, 0.0)]
        assert lost[0] == pytest.approx(kept, rel=1e-14)
        assert lost[1] == pytest.approx(1_000 / (100 * (0.10 - 0.02 + 0.018)), rel=1e-13)
        assert lost[2] == pytest.approx(sizing(GAP).size, rel=1e-14)

    def test_together_takes_the_worst_of_every_part(self) -> None:
        """Gaps and costs add up, what is usable of each cut multiplies, the hedge goes at the first of its losses."""
        late, early = Mode("late", gap=0.1, fees=0.001, hedge_lost=0.06), Mode("early", 0.05, 0.002, 0.003, 0.2, 0.02)
        both = together([late, early, Mode("cut", unusable=0.5)], "all")
        assert (both.name, both.hedge_lost) == ("all", 0.02)
        assert (both.gap, both.fees, both.funding, both.unusable) == pytest.approx((0.15, 0.003, 0.003, 0.6), rel=1e-12)

    def test_a_full_hedge_fails_at_once_or_not_at_all(self) -> None:
        """With no price risk the account needs most at the start, maintenance of both legs and costs."""
        result = sizing(Mode("costs", gap=0.1, fees=0.01), hedge=1.0)
        assert result.size == pytest.approx(1_000 / (100 * 0.05), rel=1e-13)
        assert result.liquidation_price == 100.0
        assert math.isinf(result.move(result.size * 0.99, result.binding))

    def test_a_small_size_has_no_liquidation_price(self) -> None:
        """No more than the wallet is worth in coins: no price above 0 takes a long, and 0 is no price."""
        assert math.isinf(sizing(GAP).move(9.0, GAP))
        assert math.isinf(sizing(GAP).move(10.0, GAP))
        assert math.isfinite(sizing(GAP, side=-1).move(9.0, GAP))


class TestRejects:
    def test_a_size_that_no_failure_sets(self) -> None:
        """No modes, or a mode in which nothing fails: an error, not a size."""
        with pytest.raises(ValueError, match="modes must not be empty"):
            sizing()
        with pytest.raises(ValueError, match="must have a part that fails"):
            Mode("calm")
        with pytest.raises(ValueError, match="must have a part that fails"):
            Mode("hedge", hedge_lost=0.0)

    def test_what_makes_no_sense(self) -> None:
        """A long cannot gap by all of its price, names must differ, a side is one of two, a name is a name."""
        with pytest.raises(ValueError, match="gap of 'all' must be < 1"):
            sizing(Mode("all", gap=1.0))
        assert sizing(Mode("squeeze", gap=1.5), side=-1).size > 0
        with pytest.raises(ValueError, match="different names"):
            sizing(GAP, replace(HAIRCUT, name="gap"))
        with pytest.raises(ValueError, match="side must be 1 or -1"):
            sizing(GAP, side=0)
        with pytest.raises(ValueError, match="name must be a non-empty string"):
            Mode("", gap=0.1)

    def test_a_move_in_what_is_no_mode(self) -> None:
        """The name of a mode is not the mode: a short error, not a missing attribute."""
        with pytest.raises(ValueError, match=r"^mode must hold Mode, got 'gap'$"):
            ONE.move(1.0, "gap")  # type: ignore[arg-type]


class TestKelly:
    def test_the_check_values(self) -> None:
        """With mu = .5, s^2 = .36: 1.388889 without gaps, .833333 with gaps, .972222 at their mean."""
        assert kelly(0.5, 0.6) == pytest.approx(1.388889, abs=5e-7)
        assert kelly(0.5, 0.6, 0.5, 0.3) == pytest.approx(0.833333, abs=5e-7)
        assert kelly(0.5 - 0.5 * 0.3, 0.6) == pytest.approx(0.972222, abs=5e-7)

    @given(mu=st.floats(-3, 6), sigma=st.floats(0.1, 2), rate=st.floats(0, 12), jump=st.floats(0, 0.95))
    def test_it_solves_the_first_order_condition_and_nothing_grows_faster(
        self, mu: float, sigma: float, rate: float, jump: float
    ) -> None:
        """The root of mu - s^2 f - lam J/(1 - fJ) = 0; growth on both sides is lower; f stays below 1/J."""
        f = float(kelly(mu, sigma, rate, jump))
        scale = abs(mu) + sigma**2 * abs(f) + rate
        assert f * jump < 1 or rate < 1e-9  # so rare that the root rounds to 1/J
        if f * jump < 1 - 1e-6:
            assert mu - sigma**2 * f - rate * jump / (1 - f * jump) == pytest.approx(0, abs=1e-8 * scale)
            best = growth(f, mu, sigma, rate, jump)
            assert (growth([f - 0.01, f + 0.01], mu, sigma, rate, jump) < best).all()

    def test_without_gaps_growth_is_drift_less_half_the_variance(self) -> None:
        """A rate of gaps of no size, and a size of gaps that never come, change nothing."""
        assert growth(0.8, 0.5, 0.6) == pytest.approx(0.4 - 0.32 * 0.36, rel=1e-14, abs=0)
        assert growth(0.8, 0.5, 0.6, 3.0) == growth(0.8, 0.5, 0.6, jump=0.3) == growth(0.8, 0.5, 0.6)

    def test_growth_is_what_simulated_wealth_does(self) -> None:
        """A year of daily rebalancing with gaps, 20,000 paths: mean log wealth, within 4 standard errors."""
        rng = np.random.default_rng(5)
        f, mu, sigma, rate, jump, days = 0.8, 0.5, 0.6, 0.5, 0.3, 365
        total = np.zeros(20_000)
        for _ in range(days):
            moves = mu / days + sigma / math.sqrt(days) * rng.standard_normal(20_000)
            total += np.log1p(f * moves - f * jump * (rng.random(20_000) < rate / days))
        error = total.std() / math.sqrt(20_000)
        # one step loses terms of order 1/days: f^2 (mu^2 + s^2 mu f) / (2 days) and the like, below 1e-3
        assert total.mean() == pytest.approx(float(growth(f, mu, sigma, rate, jump)), abs=4 * error + 1e-3)

    def test_one_gap_can_take_everything(self) -> None:
        """At 1/J and beyond the growth is minus infinity, unless gaps never come."""
        assert growth([4.0, 5.0], 0.5, 0.6, 0.01, 0.25).tolist() == [-math.inf, -math.inf]
        assert growth(4.0, 0.5, 0.6, 0.0, 0.25) == pytest.approx(2.0 - 16 * 0.18, rel=1e-12)

    def test_small_gaps_leave_the_rate_of_drift_to_variance(self) -> None:
        """As J goes to 0 at a fixed rate, mu / s^2."""
        assert kelly(0.5, 0.6, 3.0, 1e-9) == pytest.approx(0.5 / 0.36, rel=1e-7)


ONE = sizing(GAP)

BAD_INPUT = {
    "Mode": case(
        lambda gap, fees, funding, unusable, hedge_lost: Mode(
            "m", gap, fees, funding, unusable, hedge_lost if gap else None
        ),
        gap=(0.5, {"zero"}, "[0.1, inf)"),
        fees=(0.001, {"zero"}, "[0, inf)"),
        funding=(0.001, {"zero"}, "[0, inf)"),
        unusable=(0.1, {"zero"}, "[0, 1)"),
        hedge_lost=(0.1, {"zero", "none"}, "[0, 0.5]"),
    ),
    "together": case(together, modes=([GAP], NOTHING)),
    "Sizing": case(
        lambda wallet, price, side, hedge, modes: Sizing(wallet, price, FLAT, modes, side, hedge),
        wallet=(1_000.0, NOTHING, "(0, inf)"),
        price=(100.0, NOTHING, "(0, inf)"),
        side=(1, NOTHING, "{-1, 1}"),
        hedge=(0.5, {"zero"}, "[0, 1]"),
        modes=([GAP], NOTHING),
    ),
    "Sizing.move": case(lambda size: ONE.move(size, GAP), size=(1.0, NOTHING, "(0, inf)")),
    "kelly": case(
        kelly,
        drift=(0.5, ANY),
        volatility=(0.6, POSITIVE),
        jump_rate=(0.5, AT_LEAST_0),
        jump=(0.3, AT_LEAST_0, "[0, 1)"),
    ),
    "growth": case(
        growth,
        leverage=(1.0, ANY),
        drift=(0.5, ANY),
        volatility=(0.6, POSITIVE),
        jump_rate=(0.5, AT_LEAST_0),
        jump=(0.3, AT_LEAST_0, "[0, 1)"),
    ),
}

"""Crowding: ranks and states against loops, tail dependence against its limits, and what real files say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes._validate import FloatArray
from perpnotes.crowding import (
    QUADRANTS,
    crowding_index,
    quadrants,
    realized_volatility,
    simulate,
    tail_dependence,
    trailing_rank,
)

ranks = st.lists(st.floats(0, 1), min_size=1, max_size=60)


class TestRealizedVolatility:
    def test_a_known_volatility_is_found(self) -> None:
        """50,000 seeded hourly returns at 60%: one window over all of them; relative error 1/sqrt(2n)."""
        n, sigma = 50_000, 0.6
        returns = np.random.default_rng(2).normal(0, sigma / math.sqrt(8760), n)
        prices = 100 * np.exp(np.concatenate(([0.0], np.cumsum(returns))))
        assert realized_volatility(prices, n, 1.0) == pytest.approx([sigma], rel=4 / math.sqrt(2 * n))

    def test_it_looks_back_only(self) -> None:
        """What happens later changes nothing that was known before."""
        prices = 100 + np.arange(50.0) % 7
        later = prices.copy()
        later[40:] *= 2
        before, after = (realized_volatility(p, 10, 1.0) for p in (prices, later))
        assert before[:30].tolist() == after[:30].tolist()
        assert before[30] != after[30]

    def test_it_is_the_sum_of_squares(self) -> None:
        """A loop over the definition, in another unit of time."""
        prices = [100.0, 101.0, 99.5, 99.5, 104.0]
        expected = [
            math.sqrt(sum(math.log(prices[i + 1] / prices[i]) ** 2 for i in range(j, j + 3)) * 365 / 3) for j in (0, 1)
        ]
        assert realized_volatility(prices, 3, 24.0) == pytest.approx(expected, rel=1e-12)


class TestTrailingRank:
    @given(values=st.lists(st.integers(-5, 5), min_size=3, max_size=40), window=st.integers(2, 3))
    def test_a_loop_agrees(self, values: list[int], window: int) -> None:
        """Count below and equal in each window; ties share their rank."""
        expected = []
        for i in range(window - 1, len(values)):
            part = values[i - window + 1 : i + 1]
            expected.append((sum(x < values[i] for x in part) + sum(x == values[i] for x in part) / 2) / window)
        assert trailing_rank(values, window).tolist() == expected

    @given(values=st.lists(st.integers(-50, 50), min_size=5, max_size=60))
    def test_a_rising_transform_changes_nothing(self, values: list[int]) -> None:
        """Percent or fractions, hourly or annual: the ranks are the same."""
        x = np.array(values, dtype=float)
        assert trailing_rank(x, 5).tolist() == trailing_rank(np.exp(x / 10) - 3, 5).tolist()

    def test_blocks_change_nothing(self) -> None:
        """A history long enough to be ranked in several blocks has the ranks of a short one at its end."""
        x = np.random.default_rng(4).normal(size=30_000)
        assert trailing_rank(x, 500)[-1000:].tolist() == trailing_rank(x[-1499:], 500).tolist()

    def test_ranks_of_noise_are_uniform(self) -> None:
        """Mean 1/2 exactly in expectation, variance (1 - 1/w^2)/12."""
        u = trailing_rank(np.random.default_rng(8).normal(size=50_000), 50)
        independent = u[::50]  # windows that share no value
        assert independent.mean() == pytest.approx(0.5, abs=4 / math.sqrt(12 * independent.size))
        assert u.var() == pytest.approx((1 - 1 / 50**2) / 12, rel=0.05)


class TestQuadrants:
    @given(
        rows=st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=60),
        enter=st.floats(0.5, 1),
        gap=st.floats(0, 0.5),
    )
    def test_a_state_machine_agrees(self, rows: list[tuple[float, float, float]], enter: float, gap: float) -> None:
        """Two switches stepped one time after another, and the table of their four settings."""
        leave = enter - gap
        crowded = volatile = False
        expected = []
        for f, u, v in rows:
            crowded = u >= enter or (crowded and u >= leave)
            volatile = v >= enter or (volatile and v >= leave)
            high = "stress" if crowded else ("capitulation" if f < 0 else "turbulent")
            expected.append(high if volatile else ("crowded" if crowded else "calm"))
        rates, us, vs = zip(*rows, strict=True)
        assert quadrants(rates, us, vs, enter=enter, leave=leave).tolist() == expected

    def test_every_state_can_be_reached(self) -> None:
        """One time each."""
        state = quadrants([1, 1, 1, 1, -1], [0.1, 0.95, 0.95, 0.1, 0.1], [0.1, 0.1, 0.95, 0.95, 0.95])
        assert tuple(state.tolist()) == QUADRANTS

    @given(u=ranks, gap=st.floats(0, 0.4))
    def test_hysteresis_never_adds_a_change(self, u: list[float], gap: float) -> None:
        """One switch: a lower exit can only join what was apart."""
        f, still = [1.0] * len(u), [0.0] * len(u)
        wide, none = (quadrants(f, u, still, enter=0.9, leave=leave) for leave in (0.9 - gap, 0.9))
        assert (wide[1:] != wide[:-1]).sum() <= (none[1:] != none[:-1]).sum()

    def test_the_borders(self) -> None:
        """*High* includes the rank that enters and the rank at which it may leave; a rate of zero is not negative."""
        assert quadrants([1, 1, 1], [0.9, 0.8, 0.7999], [0, 0, 0]).tolist() == ["crowded", "crowded", "calm"]
        assert quadrants([0.0], [0.5], [0.9]).tolist() == ["turbulent"]

    def test_an_exit_above_the_entry_is_refused(self) -> None:
        """A switch that leaves where it enters would be on and off at once."""
        with pytest.raises(ValueError, match=r"leave must be <= 0\.9"):
            quadrants([1.0], [0.5], [0.5], enter=0.9, leave=0.95)


class TestTailDependence:
    @pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
    def test_independence(self, level: float) -> None:
        """Uniform and independent: P(both > u) = (1 - u)^2 and chi(u) = 1 - u, within four standard errors."""
        n = 200_000
        u, v = np.random.default_rng(1).random((2, n))
        tail, joint = tail_dependence(u, v, level), (1 - level) ** 2
        assert tail.both / n == pytest.approx(joint, abs=4 * math.sqrt(joint / n))
        assert tail.chi == pytest.approx(1 - level, abs=4 * math.sqrt(level * (1 - level) / tail.high_volatility))
        assert tail.independent == pytest.approx(1 - level, abs=4 * math.sqrt(level * (1 - level) / n))

    def test_comonotone_is_one(self) -> None:
        """The same ranks: always together, and no shift does as well."""
        u = np.random.default_rng(1).random(1000)
        tail = tail_dependence(u, u)
        assert tail.chi == 1.0
        assert tail.chance == 1 / 1000

    def test_countermonotone_is_zero(self) -> None:
        """Never together: every shift does at least as well."""
        u = np.random.default_rng(1).random(1000)
        tail = tail_dependence(u, 1 - u)
        assert (tail.chi, tail.lift, tail.chance) == (0.0, 0.0, 1.0)

    @given(
        rows=st.lists(st.tuples(st.sampled_from([0.1, 0.95]), st.sampled_from([0.1, 0.95])), min_size=2, max_size=40)
    )
    def test_every_shift_is_counted(self, rows: list[tuple[float, float]]) -> None:
        """Turn one series round by each number of steps and count: the part that does as well is `chance`."""
        u, v = zip(*[(0.95, 0.1), (0.1, 0.95), *rows], strict=True)
        n = len(u)
        joint = [sum(u[(i + k) % n] > 0.9 and v[i] > 0.9 for i in range(n)) for k in range(n)]
        tail = tail_dependence(u, v)
        assert tail.both == joint[0]
        assert tail.chance == sum(x >= joint[0] for x in joint) / n

    def test_shifts_are_honest_where_a_plain_test_is_not(self) -> None:
        """Two slow independent series: shifts rarely call them dependent at one in twenty, a plain test often does."""
        rng, trials, n = np.random.default_rng(6), 200, 1500
        by_shift = by_count = 0
        for _ in range(trials):
            u, v = (trailing_rank(slow(rng, n, 0.97), 300) for _ in range(2))
            tail = tail_dependence(u, v, 0.8)
            by_shift += tail.chance <= 0.05
            expected = tail.independent * tail.high_volatility
            by_count += tail.both > expected + 1.645 * math.sqrt(expected * (1 - tail.independent))
        assert by_shift / trials < 0.12
        assert by_count / trials > 0.25

    def test_the_level_itself_is_not_above_it(self) -> None:
        """Strictly above."""
        tail = tail_dependence([0.9, 0.95, 0.1], [0.95, 0.9, 0.95])
        assert (tail.high_funding, tail.high_volatility, tail.both) == (1, 2, 0)

    def test_what_is_shown_adds_up(self) -> None:
        """The derivation ends in chi."""
        u, v = np.random.default_rng(1).random((2, 500))
        why = tail_dependence(u, v).why()
        assert why.value == why["n_{FV}"] / why["n_V"]

    def test_lengths_that_differ_are_named(self) -> None:
        """Which arguments must agree, and what they are."""
        with pytest.raises(ValueError, match=r"^funding_rank and volatility_rank must have one length, got 2 and 1$"):
            tail_dependence([0.95, 0.1], [0.95])
        with pytest.raises(ValueError, match=r"^funding, funding_rank and .* must have one length, got 2, 1 and 1$"):
            quadrants([1.0, 2.0], [0.5], [0.5])

    def test_a_series_that_is_never_high_is_refused(self) -> None:
        """Nothing to condition on."""
        with pytest.raises(ValueError, match="volatility_rank must be above level"):
            tail_dependence([0.95, 0.1], [0.1, 0.2])

    @given(lag=st.integers(-30, 30))
    def test_a_lag_takes_volatility_later(self, lag: int) -> None:
        """The same as shifting the two series against each other by hand."""
        u, v = np.random.default_rng(3).random((2, 300))
        first, then = (u[: 300 - lag], v[lag:]) if lag > 0 else (u[-lag:], v[: 300 + lag])
        assert tail_dependence(u, v, 0.8, lag) == tail_dependence(first, then, 0.8)


class TestSimulate:
    def test_a_link_has_crashes_follow_pressure_and_none_has_not(self) -> None:
        """Crashes a year grow with the factor; without one they are as frequent under high premium as under any."""
        linked, plain = ([simulate(seed, raised=raised, payments=2000) for seed in range(40)] for raised in (30.0, 1.0))
        assert np.mean([crash.mean() for *_, crash in linked]) > 2 * np.mean([crash.mean() for *_, crash in plain])
        premium, crash = (np.concatenate([path[k] for path in plain]) for k in (1, 2))
        high = premium > 0.0006
        error = math.sqrt(0.001 / high.sum())
        assert crash[high].mean() == pytest.approx(0.001, abs=4 * error)

    def test_a_crash_takes_pressure_out_and_moves_the_price(self) -> None:
        """At the crash the premium falls by about `drop` times its scale; the price by five percent and its noise."""
        falls, steps = [], []
        for seed in range(60):
            prices, premium, crash = simulate(seed, drop=4.0)
            at = np.flatnonzero(crash)
            at = at[at > 0]
            falls += (premium[at] - premium[at - 1]).tolist()
            steps += np.log(prices[8 * at + 1] / prices[8 * at]).tolist()
        assert np.mean(falls) == pytest.approx(-4.0 * 0.0005, rel=0.1)
        assert np.mean(steps) == pytest.approx(-0.05, abs=0.005)

    def test_a_common_mood_moves_both(self) -> None:
        """Without crashes the correlation of premium and log volatility is about the square of the share."""
        found = []
        for seed in range(40):
            prices, premium, _ = simulate(seed, drop=0.0, raised=0.0, mood=0.8)
            day = realized_volatility(prices, 24, 1.0)[::8]
            found.append(np.corrcoef(premium[3:], np.log(day[: premium.size - 3]))[0, 1])
        assert 0.4 < np.mean(found) < 0.64

    def test_the_same_seed_is_the_same_market(self) -> None:
        """And another seed is another."""
        one, again, other = (simulate(seed, payments=50)[0].tolist() for seed in (1, 1, 2))
        assert one == again != other


class TestCrowdingIndex:
    @given(f=st.floats(-0.01, 0.01), u=st.floats(0, 1), oi=st.floats(0, 1e6), depth=st.floats(1, 1e4))
    def test_it_has_the_sign_of_the_payer_and_doubles_with_a_thin_book(
        self, f: float, u: float, oi: float, depth: float
    ) -> None:
        """Mirror the funding: mirrored. Halve the depth or double the open interest: doubled."""
        k = float(crowding_index(f, u, oi, depth))
        assert crowding_index(-f, u, oi, depth) == -k
        assert crowding_index(f, u, oi, depth / 2) == pytest.approx(2 * k, rel=1e-12, abs=0)
        assert crowding_index(f, u, 2 * oi, depth) == pytest.approx(2 * k, rel=1e-12, abs=0)
        assert np.sign(k) in (0, np.sign(f))


def slow(rng: np.random.Generator, n: int, persistence: float) -> FloatArray:
    """An AR(1) series in its stationary state."""
    x = np.empty(n)
    x[0] = rng.normal() / math.sqrt(1 - persistence**2)
    noise = rng.normal(size=n)
    for i in range(1, n):
        x[i] = persistence * x[i - 1] + noise[i]
    return x


TAIL: dict[str, Any] = {"u": [0.2, 0.95, 0.97, 0.1, 0.3], "v": [0.1, 0.96, 0.4, 0.5, 0.2]}

BAD_INPUT = {
    "QUADRANTS": None,
    "TailDependence": None,
    "realized_volatility": case(
        realized_volatility,
        prices=([1.0, 2.0, 1.0, 2.0], NOTHING, "(0, inf)"),
        window=(2, NOTHING, "1..3"),
        interval=(1, NOTHING, "(0, inf)"),
    ),
    "trailing_rank": case(trailing_rank, values=([1.0, 2.0, 3.0], NOTHING, "(-inf, inf)"), window=(2, NOTHING, "2..3")),
    "quadrants": case(
        lambda funding, funding_rank, volatility_rank, enter, leave: quadrants(
            [funding], [funding_rank], [volatility_rank], enter=enter, leave=leave
        ),
        funding=(1, {"zero", "negative"}),
        funding_rank=(0.5, {"zero"}, "[0, 1]"),
        volatility_rank=(0.5, {"zero"}, "[0, 1]"),
        enter=(0.9, NOTHING, "[0.8, 1]"),
        leave=(0.8, {"zero"}, "[0, 0.9]"),
    ),
    "tail_dependence": case(
        tail_dependence,
        funding_rank=(TAIL["u"], NOTHING, "[0, 1]"),
        volatility_rank=(TAIL["v"], NOTHING, "[0, 1]"),
        level=(0.9, NOTHING, "(0, 0.96)"),
        lag=(0, {"zero"}, ""),
    ),
    "simulate": case(
        lambda seed, drop, raised, mood, payments: simulate(
            seed, drop=drop, raised=raised, mood=mood, payments=payments
        ),
        seed=(1, {"zero"}, "0.."),
        drop=(2.5, {"zero"}, "[0, inf)"),
        raised=(30.0, {"zero"}, "[0, 1000]"),
        mood=(0.5, {"zero"}, "[0, 1]"),
        payments=(3, NOTHING, "1.."),
    ),
    "crowding_index": case(
        crowding_index,
        funding=(1, ANY),
        rank=(0.5, {"zero", "shape"}, "[0, 1]"),
        open_interest=(1, AT_LEAST_0),
        depth=(1, POSITIVE),
    ),
}

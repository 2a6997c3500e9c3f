"""Drift: published limits, limits by simulation, and the day on which a real venue changed its formula."""

from __future__ import annotations

import math

import histories
import numpy as np
import pytest
from cases import NOTHING, case
from hypothesis import given, settings
from hypothesis import strategies as st

from perpnotes._validate import FloatArray
from perpnotes.drift import (
    KS,
    PSI,
    adwin,
    adwin_bound,
    cusum,
    divergence,
    ks,
    mmd,
    psi,
    psi_limit,
    run_length,
    switches,
)
from perpnotes.funding import rate

samples = st.lists(st.integers(-20, 20), min_size=20, max_size=60).filter(lambda x: len(set(x)) > 12)


class TestPSI:
    def test_one_bin_for_another(self) -> None:
        """Two bins trade five points: 0.05 ln 3."""
        assert divergence([0.1, 0.1, 0.8], [0.15, 0.05, 0.8]) == pytest.approx(0.05 * math.log(3), rel=1e-12, abs=0)

    @given(
        a=st.lists(st.floats(0.01, 1), min_size=3, max_size=3), b=st.lists(st.floats(0.01, 1), min_size=3, max_size=3)
    )
    def test_it_is_symmetric_and_never_negative(self, a: list[float], b: list[float]) -> None:
        """It is the sum of the two Kullback-Leibler divergences."""
        p, q = np.array(a) / sum(a), np.array(b) / sum(b)
        both = float(np.sum(p * np.log(p / q)) + np.sum(q * np.log(q / p)))
        assert divergence(p, q) == pytest.approx(divergence(q, p), rel=1e-9, abs=1e-15)
        assert divergence(p, q) == pytest.approx(both, rel=1e-9, abs=1e-13)  # sums of terms that cancel
        assert divergence(p, q) >= 0

    def test_the_limit_at_a_thousand(self) -> None:
        """Two samples of 1,000 in ten bins: 0.033838 at 95%, 0.018 on average."""
        result = psi(np.arange(1000.0), np.arange(1000.0))
        assert result.limit == pytest.approx(0.033838, rel=0, abs=5e-7)
        assert result.mean == pytest.approx(0.018, rel=1e-12, abs=0)

    @pytest.mark.parametrize("bins", [2, 5, 10])
    def test_the_limit_holds_in_simulation(self, bins: int) -> None:
        """Without change one in twenty is above the limit: four standard errors of 1,500 seeded trials."""
        rng, trials = np.random.default_rng(bins), 1500
        above = np.mean([psi(*rng.normal(size=(2, 800)), bins=bins).changed for _ in range(trials)])
        assert above == pytest.approx(0.05, rel=0, abs=4 * math.sqrt(0.05 * 0.95 / trials))

    def test_many_bins_have_a_limit(self) -> None:
        """Of 1,000 bins: the 95% quantile of chi-squared with 999 degrees of freedom is 1,073.643."""
        x = np.arange(2000.0)
        assert psi(x, x, bins=1000).limit * 1000 == pytest.approx(1073.643, rel=0, abs=5e-4)

    def test_ties_merge_bins(self) -> None:
        """Half of the values at one point: fewer bins, and a limit for so many."""
        x = np.concatenate((np.zeros(500), np.arange(1.0, 501.0)))
        result = psi(x, x)
        assert result.bins == 6  # that of the zeros, and five
        assert result.value == 0.0
        assert result.mean == pytest.approx((result.bins - 1) / 500, rel=1e-12, abs=0)

    def test_a_value_never_seen_before_counts(self) -> None:
        """Beyond both ends of the reference."""
        x = np.random.default_rng(1).normal(size=300)
        assert psi(x, x + 10).value > 1

    def test_what_is_shown_ends_in_the_index(self) -> None:
        """The derivation's value is the index; that of the distance, the distance."""
        x = np.random.default_rng(1).normal(size=(2, 50))
        assert psi(*x).why().value == psi(*x).value
        assert ks(*x).why().value == ks(*x).value


def test_proportions_are_positive() -> None:
    """Before and after; they sum to one with a negative one, too."""
    for odd in ([1.2, -0.2], [1.0, 0.0]):
        with pytest.raises(ValueError, match="before must be"):
            divergence(odd, [0.5, 0.5])
        with pytest.raises(ValueError, match="after must be"):
            divergence([0.5, 0.5], odd)


@pytest.mark.parametrize("bins", [2, 7, 10])
def test_a_bin_has_two_values_of_the_reference(bins: int) -> None:
    """Fewer are refused, with the number that is needed."""
    x = np.arange(2.0 * bins)
    assert psi(x, x, bins=bins).bins == bins
    with pytest.raises(ValueError, match=rf"\b{2 * bins}\b.*got {2 * bins - 1}"):
        psi(x[1:], x, bins=bins)


def test_at_its_limit_nothing_has_changed() -> None:
    for value, changed in ((0.5, False), (0.5000001, True)):
        assert KS(value, 0.5, 0.0, 9, 9).changed is changed
        assert PSI(value, 0.1, 0.5, 9, 9, 9).changed is changed


class TestKS:
    @pytest.mark.parametrize(("confidence", "limit"), [(0.3, 0.4 * math.log(1 / 0.35)), (0.95, 0.4 * math.log(40.0))])
    def test_the_limit_at_any_confidence(self, confidence: float, limit: float) -> None:
        """`-ln(alpha / 2) / 2 (n + m) / (n m)` is the square: of five and five values 0.4 / 2."""
        x = [1.0, 2.0, 3.0, 4.0, 5.0]
        assert ks(x, x, confidence=confidence).limit ** 2 == pytest.approx(limit / 2, rel=1e-12, abs=0)

    def test_the_constant_at_five_percent(self) -> None:
        """`c(0.05) = 1.358102`; for equal samples of 2 n the limit is c / sqrt(n)."""
        assert ks(np.arange(200.0), np.arange(200.0)).limit * 10 == pytest.approx(1.358102, rel=0, abs=5e-7)

    @given(x=samples, y=samples)
    def test_a_loop_agrees_and_order_does_not_matter(self, x: list[int], y: list[int]) -> None:
        """The largest difference of two counts, over all values; monotone maps change nothing."""
        expected = max(abs(sum(a <= v for a in x) / len(x) - sum(b <= v for b in y) / len(y)) for v in x + y)
        assert ks(x, y).value == ks(y, x).value == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert ks(np.exp(np.array(x) / 9), np.exp(np.array(y) / 9)).value == ks(x, y).value

    def test_apart_is_one_and_same_is_zero(self) -> None:
        """The two ends of the range."""
        assert ks([1.0, 2.0], [3.0, 4.0]).value == 1.0
        assert ks([1.0, 2.0], [2.0, 1.0]).value == 0.0


class TestMMD:
    def test_two_rows_each_are_enough(self) -> None:
        assert 0 < mmd([0.0, 1.0], [5.0, 6.0], seed=1).chance <= 1
        with pytest.raises(ValueError, match="sample must be at least 2"):
            mmd([0.0, 1.0], [5.0], seed=1)

    def test_two_normals_with_a_known_distance(self) -> None:
        """N(0,1) against N(1,1), width 1: `2/sqrt(3) (1 - exp(-1/6))` = 0.177268, within three standard errors."""
        x = np.random.default_rng(4).normal(size=(2, 1200))
        exact = 2 / math.sqrt(3) * (1 - math.exp(-1 / 6))
        assert exact == pytest.approx(0.177268, rel=0, abs=5e-7)
        assert mmd(x[0], x[1] + 1, seed=1, width=1.0, shuffles=20).value == pytest.approx(exact, rel=0, abs=0.03)

    @given(x=samples, y=samples)
    def test_a_loop_agrees(self, x: list[int], y: list[int]) -> None:
        """The unbiased estimate by its definition: mean kernels within, less the diagonal, less twice that across."""

        def mean(a: list[int], b: list[int], same: bool) -> float:
            pairs = [(i, j) for i in range(len(a)) for j in range(len(b)) if not (same and i == j)]
            return sum(math.exp(-((a[i] - b[j]) ** 2) / 18) for i, j in pairs) / len(pairs)

        expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
        assert mmd(x, y, seed=0, width=3.0, shuffles=20).value == pytest.approx(expected, rel=0, abs=1e-12)

    def test_it_sees_dependence_where_each_feature_alone_is_the_same(self) -> None:
        """Correlation turned from 0.9 to -0.9: every margin is as before, KS sees nothing."""
        rng = np.random.default_rng(2)
        a, b = (
            rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 150),
            rng.multivariate_normal([0, 0], [[1, -0.9], [-0.9, 1]], 150),
        )
        assert mmd(a, b, seed=1).chance == pytest.approx(1 / 401, rel=1e-12, abs=0)
        assert not ks(a[:, 0], b[:, 0]).changed

    def test_false_alarms_are_one_in_twenty(self) -> None:
        """Without change, 300 seeded trials: within four standard errors of 5%."""
        rng = np.random.default_rng(9)
        found = np.mean([mmd(*rng.normal(size=(2, 25)), seed=i, shuffles=100).chance <= 0.05 for i in range(300)])
        assert found == pytest.approx(0.05, rel=0, abs=4 * math.sqrt(0.05 * 0.95 / 300))

    @pytest.mark.parametrize(("scale", "start"), [(1e-13, 0.0), (1.0, 2.0**30), (1e-9, 1e-5)])
    def test_units_do_not_matter(self, scale: float, start: float) -> None:
        """Distances are of differences, so a price of a billion or a rate near zero is as good as a standard normal."""
        x, y = np.random.default_rng(1).normal(size=(2, 50))
        known, other = mmd(x, y + 1, seed=1), mmd(start + scale * x, start + scale * (y + 1), seed=1)
        assert other.value == pytest.approx(known.value, rel=1e-5, abs=0)
        assert other.chance == known.chance

    def test_the_same_seed_gives_the_same(self) -> None:
        """No hidden randomness."""
        x = np.random.default_rng(1).normal(size=(2, 30))
        assert mmd(*x, seed=3) == mmd(*x, seed=3) != mmd(*x, seed=4)


class TestCusum:
    @pytest.mark.parametrize(
        ("limit", "sides", "shift", "expected"),
        [(4, 1, 0, 335.4), (5, 1, 0, 930.9), (4, 2, 0, 167.68), (5, 2, 0, 465.43), (4, 2, 1, 8.38), (5, 2, 1, 10.38)],
    )
    def test_run_lengths(self, limit: float, sides: int, shift: float, expected: float) -> None:
        """Brook and Evans; Montgomery's table has 168, 465, 8.38 and 10.4. A chain of 300 states is within 0.02%."""
        assert run_length(limit, sides=sides, shift=shift) == pytest.approx(expected, rel=6e-4, abs=0)

    def test_rare_alarms_are_no_rounding(self) -> None:
        """Far out, each deviation of the limit makes alarms rarer by the factor `exp(2 k)`; a shift makes it one value.

        The chain of 600 states is coarse at 40: a twentieth of a deviation, and some parts in a thousand.
        """
        far, farther = (run_length(limit, sides=1, states=600) for limit in (40.0, 41.0))
        assert farther / far == pytest.approx(math.e, rel=0.01, abs=0)
        assert run_length(5.0, shift=40.0) == pytest.approx(1.0, rel=1e-12, abs=0)
        assert run_length(5.0, shift=-40.0, sides=1) == run_length(10_000.0, states=100) == math.inf

    def test_simulation_agrees(self) -> None:
        """First alarms of 3,000 seeded paths at h = 3: within four standard errors; deviation about equal to mean."""
        z = np.random.default_rng(8).normal(size=(3000, 900))
        up = down = np.zeros(3000)
        first = np.full(3000, 900)
        for t in range(900):
            up, down = np.maximum(0, up + z[:, t] - 0.5), np.maximum(0, down - z[:, t] - 0.5)
            first = np.where((np.maximum(up, down) > 3) & (first == 900), t + 1, first)
        expected = run_length(3.0)
        assert first.mean() == pytest.approx(expected, rel=4 / math.sqrt(3000), abs=0)

    def test_mirror(self) -> None:
        """A fall is a rise seen from below; run lengths do not know the sign."""
        z = np.random.default_rng(3).normal(0.4, 1, 400)
        assert [(a.at, a.since, not a.up) for a in cusum(z)] == [(a.at, a.since, a.up) for a in cusum(-z)]
        assert run_length(4.0, shift=0.7) == pytest.approx(run_length(4.0, shift=-0.7), rel=1e-9, abs=0)

    def test_units_do_not_matter(self) -> None:
        """Target and deviation standardize."""
        z = np.random.default_rng(3).normal(0.4, 1, 400)
        assert cusum(7 + 3 * z, target=7, deviation=3) == cusum(z)


class TestAdwin:
    def test_the_bound(self) -> None:
        """200 and 100 values, variance 1/4, 0.002: 0.341178."""
        assert adwin_bound(200, 100, 0.25) == pytest.approx(0.341178, rel=0, abs=5e-7)

    def test_a_step_is_cut_where_it_is(self) -> None:
        """From 0.2 to 0.8 at 300: seen within fifty values, and the last cut within ten of it."""
        for seed in range(6):
            x = np.random.default_rng(seed).random(600) < np.where(np.arange(600) < 300, 0.2, 0.8)
            alarms = adwin(x)
            assert 300 < alarms[0].at < 350
            assert abs(alarms[-1].since - 300) <= 10
            assert all(alarm.up for alarm in alarms)

    def test_a_change_is_seen_in_the_last_value(self) -> None:
        """Fifteen ones after fifty zeros are just enough: no value after them is needed, and one fewer is too few."""
        x = [0.0] * 50 + [1.0] * 15
        assert adwin(x) == adwin(x + [1.0] * 35)
        assert [(alarm.at, alarm.since) for alarm in adwin(x)] == [(64, 50)]
        assert adwin(x[:-1]) == ()

    def test_no_change_no_cut(self) -> None:
        """Twenty seeded streams of 400 fair coins: none is cut at 0.002."""
        rng = np.random.default_rng(2)
        assert [adwin(rng.random(400) < 0.5) for _ in range(20)] == [()] * 20

    @settings(max_examples=30)
    @given(
        parts=st.lists(
            st.tuples(st.integers(1, 300), st.floats(0, 1), st.sampled_from([0.0, 0.02, 0.3])), min_size=1, max_size=4
        ),
        least=st.integers(2, 8),
        false_alarm=st.sampled_from([0.002, 0.3]),
        seed=st.integers(0, 999),
    )
    def test_it_answers_as_trying_every_cut_does(
        self, parts: list[tuple[int, float, float]], least: int, false_alarm: float, seed: int
    ) -> None:
        """What it leaves out changes nothing: means of both parts and their bound, for each cut after each value."""
        rng = np.random.default_rng(seed)
        x = np.concatenate([np.clip(rng.normal(mean, width, size), 0, 1) for size, mean, width in parts])
        expected, start = [], 0
        for end in range(1, x.size + 1):
            n = np.arange(least, end - start - least + 1)
            if n.size:
                total = np.cumsum(x[start:end])
                old, new = total[n - 1] / n, (total[-1] - total[n - 1]) / (end - start - n)
                limit = adwin_bound(n, end - start - n, x[start:end].var(), false_alarm=false_alarm)
                excess = np.abs(old - new) - limit
                if abs(excess.max()) < 1e-9:
                    return  # rounding decides
                if excess.max() > 0:
                    cut = int(np.argmax(excess))
                    start += int(n[cut])
                    expected.append((end - 1, start, bool(new[cut] > old[cut])))
        found = adwin(x, false_alarm=false_alarm, least=least)
        assert [(alarm.at, alarm.since, alarm.up) for alarm in found] == expected


class TestSwitches:
    def test_a_rule_that_hides_is_found_when_it_shows(self) -> None:
        """Both rules explain the rows until 50; the change at 40 is dated to where it can be seen."""
        one, two = np.zeros(80), np.ones(80)
        two[40:], one[50:] = 0, 1
        (switch,) = switches([one, two])
        assert (switch.at, switch.since, switch.rule) == (52, 50, 1)

    @pytest.mark.parametrize(
        ("misfits", "message"),
        [
            ([[0.0] * 40], r"at least 2 rules and 30 rows, got shape \(1, 40\)"),
            ([[0.5] * 40, [0.0] * 40], "must be 0 or 1, got 0.5"),
        ],
    )
    def test_what_is_wrong_is_said(self, misfits: list[list[float]], message: str) -> None:
        """One rule, and a misfit by half."""
        with pytest.raises(ValueError, match=message):
            switches(misfits)


@pytest.fixture(scope="module")
def recorded() -> tuple[FloatArray, FloatArray]:
    """Premiums and rates of 1,038 Hyperliquid rows."""
    rows = histories.funding(histories.HYPERLIQUID)
    return np.array([row.premium for row in rows], dtype=float), np.array([row.rate for row in rows])


RULES: list[dict[str, float]] = [
    {"interest": interest, "clamp": clamp, "share": share}
    for share in (1.0, 1 / 8)
    for interest, clamp in ((1e-4, 3e-4), (1e-4, 5e-4), (1e-4, 2e-4), (0.0, 0.0))
]
CHANGES = (82, 294, 971, 993)


def misfits(recorded: tuple[FloatArray, FloatArray]) -> FloatArray:
    premium, given_rate = recorded
    return np.array([np.abs(rate(premium, **rule) - given_rate) > 1.1e-8 for rule in RULES], dtype=float)


class TestLimitFromHistory:
    def test_on_independent_rows_it_is_the_chi_squared_limit(self) -> None:
        """With many rows in each bin: within a tenth, which 2,000 draws allow."""
        x = np.random.default_rng(3).normal(size=20_000)
        assert psi_limit(x, 1_000, draws=2_000) == pytest.approx(psi(x[:1_000], x[1_000:2_000]).limit, rel=0.1)

    def test_blocks_keep_the_promise_on_slow_rows_and_independent_draws_do_not(self) -> None:
        """On stretches that no bootstrap has seen, of persistence 0.8: about 5% above, and several times that."""
        rng, n, rho = np.random.default_rng(8), 42, 0.8

        def slow(rows: int, paths: int) -> FloatArray:
            noise = rng.normal(size=(rows, paths)) * np.sqrt(1 - rho**2)
            x = [rng.normal(size=paths)]
            for shock in noise:
                x.append(rho * x[-1] + shock)
            return np.array(x[1:]).T

        history = slow(4_000, 1)[0]
        values = np.array([psi(a, b).value for a, b in zip(slow(n, 600), slow(n, 600), strict=True)])
        assert (values > psi_limit(history, n, block=1)).mean() > 0.2
        assert (values > psi_limit(history, n, block=21)).mean() == pytest.approx(0.05, abs=0.04)

    def test_the_same_seed_gives_the_same_limit(self) -> None:
        x = np.random.default_rng(1).normal(size=300)
        assert psi_limit(x, 50, seed=4) == psi_limit(x, 50, seed=4) != psi_limit(x, 50, seed=5)
        assert psi_limit(x, 50, confidence=0.5) < psi_limit(x, 50, confidence=0.99)

    def test_a_history_that_stands_still_has_no_limit(self) -> None:
        """A few constant samples are left out; where most are, there is no index to speak of."""
        rests = np.r_[np.zeros(400), np.random.default_rng(1).normal(size=600)]
        assert np.isfinite(psi_limit(rests, 42, block=42))
        with pytest.raises(ValueError, match="so constant"):
            psi_limit(np.r_[np.zeros(999), 1.0], 42)

    def test_a_whole_history_as_one_block_only_turns_it(self) -> None:
        """Two turned copies of all rows have the same distribution: the index is zero."""
        x = np.random.default_rng(1).normal(size=60)
        assert psi_limit(x, 60, block=60) == pytest.approx(0.0, abs=1e-12)


class TestRealFiles:
    """Hyperliquid, May to July 2023: the funding formula changed before rows 82, 294, 971 and 993."""

    def test_three_changes_are_dated_to_the_row_and_seen_two_rows_later(
        self, recorded: tuple[FloatArray, FloatArray]
    ) -> None:
        """Each since its first row, with a delay of two further rows, and to the right rule; no false alarm."""
        found = switches(misfits(recorded))
        assert [(s.since, s.at - s.since, s.rule) for s in found] == [(82, 2, 4), (294, 2, 7), (971, 2, 4)]

    def test_the_fourth_hides_in_the_dead_band(self, recorded: tuple[FloatArray, FloatArray]) -> None:
        """The clamp narrows at 993, and of the 45 rows that are left one shows it: no statistic can see that."""
        wrong = misfits(recorded)
        assert wrong[4, 993:].sum() == 1
        assert wrong[6, 993:].sum() == 0
        assert 993 not in [s.since for s in switches(wrong)]

    def test_adwin_finds_the_same_later(self, recorded: tuple[FloatArray, FloatArray]) -> None:
        """On the misfits of the hourly rule: the same three rows, with delays of 11, 8 and 7 rows."""
        found = adwin(misfits(recorded)[4])
        assert [alarm.since for alarm in found] == [82, 294, 971]
        assert [alarm.at - alarm.since for alarm in found] == [11, 8, 7]

    def test_the_rate_alone_says_only_that_something_is_different(
        self, recorded: tuple[FloatArray, FloatArray]
    ) -> None:
        """PSI and KS of the rates before and after row 294 are more than twice their limits, and so are they of the
        premiums: the formula is not what they see.
        """
        for series in reversed(recorded):
            for found in (psi(series[82:294], series[294:971]), ks(series[82:294], series[294:971])):
                assert found.value > 2 * found.limit


X = [float(x) for x in np.random.default_rng(1).normal(size=60)]


BAD_INPUT = {
    **dict.fromkeys(("Alarm", "KS", "MMD", "PSI", "Switch")),
    "divergence": case(
        lambda before, after: divergence([before, 0.5], [after, 0.5]),
        before=(0.5, NOTHING, ""),
        after=(0.5, NOTHING, ""),
    ),
    "psi": case(
        lambda reference, sample, bins, confidence: psi(
            [reference, *X], [sample, *X], bins=bins, confidence=confidence
        ).value,
        reference=(1, {"zero", "negative"}),
        sample=(1, {"zero", "negative"}),
        bins=(5, NOTHING, "2.."),
        confidence=(0.9, NOTHING, "(0, 1)"),
    ),
    "psi_limit": case(
        lambda history, rows, bins, confidence, block, draws, seed: psi_limit(
            [history, *X], rows, bins=bins, confidence=confidence, block=block, draws=draws, seed=seed
        ),
        history=(1, {"zero", "negative"}),
        rows=(30, NOTHING, "10.."),
        bins=(5, NOTHING, "2..15"),
        confidence=(0.9, NOTHING, "(0, 1)"),
        block=(2, NOTHING, f"1..{len(X) + 1}"),
        draws=(20, NOTHING, "20..10000"),
        seed=(1, {"zero"}, "0.."),
    ),
    "ks": case(
        lambda reference, sample, confidence: ks([reference, *X], [sample, *X], confidence=confidence).value,
        reference=(1, {"zero", "negative"}),
        sample=(1, {"zero", "negative"}),
        confidence=(0.9, NOTHING, "(0, 1)"),
    ),
    "mmd": case(
        lambda reference, sample, seed, width, shuffles, confidence: mmd(
            [reference, *X], [sample, *X], seed=seed, width=width, shuffles=shuffles, confidence=confidence
        ).value,
        reference=(1, {"zero", "negative"}),
        sample=(1, {"zero", "negative"}),
        seed=(1, {"zero"}, "0.."),
        width=(1.0, {"none"}, "(0, inf)"),
        shuffles=(20, NOTHING, "20.."),
        confidence=(0.9, NOTHING, "(0, 1)"),
    ),
    "cusum": case(
        lambda values, target, deviation, slack, limit: cusum(
            [values, *X], target=target, deviation=deviation, slack=slack, limit=limit
        ),
        values=(1, {"zero", "negative"}),
        target=(0.5, {"zero", "negative"}),
        deviation=(1, NOTHING, "(0, inf)"),
        slack=(0.5, {"zero"}, "[0, inf)"),
        limit=(5, NOTHING, "(0, inf)"),
    ),
    "run_length": case(
        run_length,
        limit=(4, NOTHING, "(0, inf)"),
        slack=(0.5, {"zero"}, "[0, inf)"),
        shift=(0.5, {"zero", "negative"}),
        sides=(2, NOTHING, "1..2"),
        states=(20, NOTHING, "10.."),
    ),
    "adwin_bound": case(
        adwin_bound,
        n=(5, NOTHING, "[1, inf)"),
        m=(5, NOTHING, "[1, inf)"),
        variance=(0.25, {"zero", "shape"}),
        false_alarm=(0.002, NOTHING, "(0, 1)"),
    ),
    "adwin": case(
        lambda values, false_alarm, least: adwin([values, 0.5, 1.0], false_alarm=false_alarm, least=least),
        values=(1, {"zero", "truth", "truths"}, "[0, 1]"),
        false_alarm=(0.002, NOTHING, "(0, 1)"),
        least=(5, NOTHING, "2.."),
    ),
    "switches": case(
        lambda misfits, limit, warmup: switches([[misfits, 1.0], [0.0, 1.0]], limit=limit, warmup=warmup),
        misfits=(1, {"zero", "truth", "truths"}, "{0, 1}"),
        limit=(1.4, NOTHING, "(0, inf)"),
        warmup=(1, NOTHING, "1.."),
    ),
}  # fmt: skip

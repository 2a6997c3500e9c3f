"""Tails against exact sums, ranks that do not depend on order, and rankings against those that know nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal, localcontext

import numpy as np
import pytest
import scipy
from cases import NOTHING, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes.anomalies import (
    Alarms,
    Episode,
    alarms,
    average_precision,
    dispersion,
    episode,
    features,
    precision_at,
    robust_z,
    score,
    surprise,
)

WINDOW = 15


def exact(count: int, mean: float, alpha: float) -> float:
    """`-log10 P(N >= count)` by summing what is below it with four hundred digits."""
    with localcontext() as context:
        context.prec = 400
        m, a = Decimal(mean), Decimal(alpha)
        term = (-m if a == 0 else -(1 + a * m).ln() / a).exp()
        below = Decimal(0)
        for k in range(count):
            below += term
            term *= m * (1 + a * k) / ((1 + a * m) * (k + 1))
        return float(-(1 - below).log10())


class TestRobustZ:
    def test_known_values(self) -> None:
        """The example of models.md: four neighbors and one far away."""
        assert robust_z([1, 2, 3, 4, 100])[-1] == pytest.approx(0.6744897501960817 * 97, rel=1e-12)

    def test_of_a_normal_sample_it_is_the_usual_z(self) -> None:
        """For what is normal, the robust scale is the standard deviation."""
        x = np.random.default_rng(1).normal(5.0, 3.0, 200_001)
        assert np.allclose(robust_z(x), (x - 5.0) / 3.0, atol=0.03)

    @given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=30), st.floats(0.1, 100), st.floats(-1e3, 1e3))
    def test_units_do_not_matter(self, values: list[float], factor: float, shift: float) -> None:
        """Scaled and shifted values have the same z."""
        x = np.round(np.array(values), 3)
        assert robust_z(x * factor + shift) == pytest.approx(robust_z(x), rel=1e-3, abs=1e-3)

    def test_half_of_the_values_may_be_anything(self) -> None:
        """With 49% of them at a million the rest keep scores of ordinary size; the standard deviation would not."""
        rng = np.random.default_rng(2)
        x = rng.normal(size=1_001)
        bad = x.copy()
        bad[:490] = 1e6
        assert np.abs(robust_z(bad)[490:]).max() < 10
        assert np.abs((bad - bad.mean()) / bad.std())[490:].max() < 1.1
        assert robust_z(bad)[:490].min() > 1e4

    def test_without_spread_it_falls_back_and_never_divides_by_nothing(self) -> None:
        """Most equal: the mean absolute deviation; all equal: zero. Rows are judged by themselves."""
        assert robust_z([5.0, 5, 5, 5, 10]) == pytest.approx([0, 0, 0, 0, 5 * math.sqrt(2 / math.pi)])
        assert robust_z([[3.0, 3.0, 3.0], [1.0, 2.0, 3.0]]).tolist()[0] == [0.0, 0.0, 0.0]


class TestSurprise:
    @pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-9, 1e-7, 9e-4, 2e-3, 0.1, 0.6, 1.0, 5.0, 50.0])
    @pytest.mark.parametrize(
        ("count", "mean"), [(1, 0.01), (3, 10), (10, 10), (26, 27.06), (99, 105), (300, 250), (40, 500), (725, 113.4)]
    )
    def test_it_is_the_exact_tail(self, count: int, mean: float, alpha: float) -> None:
        """Below the mean, at it and hundreds of decades above, from Poisson to very clustered."""
        assert float(surprise(count, mean, dispersion=alpha)) == pytest.approx(exact(count, mean, alpha), rel=1e-9)

    def test_published_tails(self) -> None:
        """P(N >= 10 | 3) and P(N >= 20 | 10) of a Poisson count."""
        assert 10 ** -surprise([10, 20], [3.0, 10.0]) == pytest.approx([0.0011025, 0.0034543], rel=1e-4)

    def test_many_of_large_means_are_answered_as_each(self) -> None:
        """20,000 of means up to the largest, in blocks; each is done as soon as it is exact."""
        rng = np.random.default_rng(4)
        mean = rng.uniform(1.0, 10_000.0, 20_000)
        count = np.minimum(10_000, np.round(mean + 8.0 * rng.normal(size=mean.size) * np.sqrt(mean)).clip(0))
        found = surprise(count, mean)
        with np.errstate(divide="ignore"):
            assert found == pytest.approx(
                -scipy.stats.poisson.logsf(count - 1, mean) / math.log(10.0), rel=1e-8, abs=1e-12
            )
        for i in range(0, mean.size, 997):
            assert found[i] == pytest.approx(surprise(count[i], mean[i]), rel=1e-13, abs=1e-15)
        table = surprise(count[:200].reshape(10, 20), mean[:20], dispersion=[[0.2]])
        assert table[3, 7] == pytest.approx(surprise(count[67], mean[7], dispersion=0.2), rel=1e-13)

    def test_none_at_all_is_no_surprise(self) -> None:
        """P(N >= 0) is one."""
        assert surprise([0, 0], [0.1, 10_000.0], dispersion=[0.0, 3.0]).tolist() == [0.0, 0.0]

    @given(st.integers(0, 400), st.floats(0.5, 100), st.floats(0, 3))
    def test_more_is_never_less_surprising(self, count: int, mean: float, alpha: float) -> None:
        """In the count; and against a busier account the same count is less surprising."""
        here, more = surprise([count, count + 1], mean, dispersion=alpha)
        assert more >= here
        assert surprise(count, mean * 1.5, dispersion=alpha) <= here + 1e-12

    def test_dispersion_is_that_of_its_own_sample(self) -> None:
        """Estimated from draws with a known one; Poisson draws have about none."""
        rng = np.random.default_rng(3)
        clustered = rng.poisson(20 * rng.gamma(1 / 0.5, 0.5, (3, 40_000)))
        assert dispersion(clustered) == pytest.approx([0.5] * 3, abs=0.02)
        assert dispersion(rng.poisson(20, 40_000)) < 0.001
        assert dispersion([0, 0, 0]) == 0.0


class TestScore:
    @given(st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=1, max_size=20), st.floats(0.5, 15))
    def test_the_parts_are_the_whole(self, rows: list[tuple[float, float]], cap: float) -> None:
        """Each score is the sum of what its `why()` lists, no part is below 0 or above the cap, the order falls."""
        first, second = zip(*rows, strict=True)
        found = score({"a": first, "b": second}, cap=cap)
        for account in range(len(rows)):
            why = found.why(account)
            assert why.value == pytest.approx(found.total[account])
            assert why.value == pytest.approx(sum(term.value for term in why.terms[:-1]))
            assert (
                found.why(account).terms[found.names.index(found.leading[account])].value == found.parts[account].max()
            )
        assert 0 <= found.parts.min() <= found.parts.max() <= cap
        assert (np.diff(found.total[found.order]) <= 0).all()

    def test_one_broken_feature_does_not_decide_every_place(self) -> None:
        """A feature at a billion for everybody in half of the accounts leaves the others their place by the rest."""
        broken = score({"a": [1e9, 1e9, 0.0], "b": [0.0, 3.0, 12.0]}, cap=10.0)
        assert broken.order.tolist() == [1, 0, 2]
        assert broken.total.tolist() == [10.0, 13.0, 10.0]

    def test_nonsense_is_refused(self) -> None:
        """No features, or of different lengths."""
        with pytest.raises(ValueError, match="at least one"):
            score({})
        with pytest.raises(ValueError, match="at least one, each with its values"):
            score([[1.0], [2.0]])  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="one entry per account, got 1, 2"):
            score({"a": [1.0], "b": [1.0, 2.0]})
        with pytest.raises(ValueError, match="account must be"):
            score({"a": [1.0]}).why(1)


class TestMeasures:
    LABELS = np.array([False, True, False, True, True, False, False, False])

    def test_known_values(self) -> None:
        """The example of models.md."""
        ranks = np.arange(8, 0, -1)
        assert precision_at(ranks, self.LABELS, 3) == pytest.approx(1 / 3)
        assert average_precision(ranks, self.LABELS) == pytest.approx(0.53333, abs=5e-6)

    def test_who_knows_nothing_has_the_base_rate(self) -> None:
        """All scores equal: the part of positives, at any k; no luck of the order in which they came."""
        for k in range(1, 9):
            assert precision_at(np.zeros(8), self.LABELS, k) == pytest.approx(3 / 8)
        assert average_precision(np.zeros(8), self.LABELS) == pytest.approx(3 / 8)

    @given(st.permutations(range(12)), st.integers(1, 12))
    def test_the_order_of_the_input_does_not_matter(self, order: list[int], k: int) -> None:
        """Also with many ties."""
        ranks, labels = np.arange(12) // 4, np.arange(12) % 3 == 0
        assert precision_at(ranks[order], labels[order], k) == pytest.approx(precision_at(ranks, labels, k))
        assert average_precision(ranks[order], labels[order]) == pytest.approx(average_precision(ranks, labels))

    @given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
    def test_average_precision_is_scikit_learns(self, rows: list[tuple[int, bool]]) -> None:
        """An independent implementation, ties included."""
        from sklearn.metrics import average_precision_score  # long to import

        ranks, labels = (np.array(column) for column in zip(*rows, strict=True))
        if labels.any():
            assert average_precision(ranks, labels) == pytest.approx(average_precision_score(labels, ranks))
        else:
            with pytest.raises(ValueError, match="at least one True"):
                average_precision(ranks, labels)

    def test_labels_are_true_or_false(self) -> None:
        """A zero and a one may be a score by mistake."""
        with pytest.raises(ValueError, match="True or False"):
            precision_at([1.0, 2.0], [0, 1], 1)
        with pytest.raises(ValueError, match=r"one entry per score, 500, got shape \(499,\)$"):
            precision_at(np.zeros(500), np.zeros(499, dtype=bool), 1)


class TestAlarms:
    def test_windows(self) -> None:
        """In time, too late, too early, none; one long alarm is one."""
        watched = np.zeros(100)
        watched[[10, 12, 30, 31, 32, 59, 95]] = 1.0
        found = alarms(watched, 1.0, [20, 40, 60, 80], horizon=10, least=2)
        assert found == Alarms(leads=(10, 10, -1, -1), false=2, steps=100)
        assert found.recall == 0.5
        assert found.per_day(steps=50) == 1.0

    def test_a_value_that_starts_high_is_an_alarm_at_once(self) -> None:
        """There is no step before the first."""
        assert alarms([2.0, 2.0, 0.0], 1.0, [2], horizon=2).leads == (2,)

    def test_events_are_steps(self) -> None:
        """Between two steps nothing is watched."""
        with pytest.raises(ValueError, match=r"events must be whole numbers, got 1\.5"):
            alarms([0.0, 1.0, 0.0], 1.0, [1.5], horizon=1)

    def test_a_higher_threshold_is_never_earlier(self) -> None:
        """On a value that only rises."""
        leads = [alarms(np.arange(50.0), level, [49], horizon=49).leads[0] for level in (5.0, 10.0, 30.0)]
        assert leads == [44, 39, 19]


@pytest.fixture(scope="module")
def days() -> list[Episode]:
    return [episode(seed) for seed in range(6)]


def precision(days: list[Episode], after: int) -> float:
    """Of the sum, on average over the days, so many minutes after the onset."""
    return float(
        np.mean([precision_at(score(features(day, day.onset + after)).total, day.planted, 20) for day in days])
    )


class TestEpisodes:
    def test_before_it_begins_nothing_can_be_found(self, days: list[Episode]) -> None:
        """An hour before the onset the culprits are ordinary accounts: about the base rate over six days."""
        assert precision(days, -60) < 0.1

    def test_the_sum_finds_more_than_its_parts_the_rules_and_a_forest(self, days: list[Episode]) -> None:
        """Fifteen minutes in, over six days: each feature, leverage alone, and an isolation forest on all three."""
        from sklearn.ensemble import IsolationForest  # long to import, for every process that collects tests

        found: dict[str, list[float]] = {}
        for seed, day in enumerate(days):
            minute = day.onset + WINDOW
            parts = features(day, minute)
            forest = IsolationForest(random_state=seed).fit(table := np.stack(list(parts.values()), axis=1))
            ranks = {
                "sum": score(parts).total,
                **parts,
                "rules": day.leverage[minute],
                "forest": -forest.score_samples(table),
            }
            for name, rank in ranks.items():
                found.setdefault(name, []).append(precision_at(rank, day.planted, 20))
        best = np.mean(found.pop("sum"))
        assert best > 0.8
        assert all(np.mean(values) < best for values in found.values())
        assert np.mean(found["rules"]) < 0.15

    def test_a_smaller_effect_is_harder_to_find(self, days: list[Episode]) -> None:
        """Cancels, leverage and book scale with it, and so does what the sum finds; nothing done is nothing found."""
        none, half = (precision([episode(seed, effect=effect) for seed in range(6)], WINDOW) for effect in (0.0, 0.5))
        assert none < 0.12 < half < precision(days, WINDOW)

    def test_the_price_falls_after_the_event_and_leverage_with_it(self) -> None:
        """By 5% and its noise within the hour; the leverage of the innocent rises as their margin shrinks."""
        falls, rises = [], []
        for seed in range(30):
            day = episode(seed, accounts=100, minutes=1_440)
            end = min(day.event + 60, 1_439)
            falls.append(math.log(day.prices[end] / day.prices[day.event - 1]))
            rises.append(np.median(day.leverage[end] / day.leverage[day.event - 1]))
        assert np.mean(falls) == pytest.approx(-0.05, abs=0.01)
        assert np.median(rises) > 1.1

    def test_features_look_at_the_last_minutes_only(self) -> None:
        """What comes after the minute changes none of them."""
        day = episode(2, accounts=40, culprits=4)
        later = day.cancels.copy()
        later[day.onset + 1 :] += 50
        same = features(replace(day, cancels=later), day.onset)
        assert all((features(day, day.onset)[name] == values).all() for name, values in same.items())

    def test_equal_seeds_give_equal_days(self) -> None:
        """All that is random is in the seed."""
        first, again = episode(5, accounts=30, culprits=3), episode(5, accounts=30, culprits=3)
        assert (first.cancels == again.cancels).all()
        assert first.planted.sum() == 3
        assert (replace(first, onset=0).leverage != episode(6, accounts=30, culprits=3).leverage).any()


BAD_INPUT = {
    "robust_z": case(robust_z, values=([1.0, 2.0], {"shape"}, "(-inf, inf)")),
    "dispersion": case(dispersion, counts=([1, 2], NOTHING, "[0, inf)")),
    "surprise": case(
        lambda counts, mean, dispersion: surprise(counts, mean, dispersion=dispersion),
        counts=(1, {"zero"}, "0..10000"),
        mean=(1.0, {"shape"}, "(0, 10000]"),
        dispersion=(1.0, {"zero", "shape"}, "[0, 100]"),
    ),
    "score": case(
        lambda values, cap: score({"a": values}, cap=cap),
        values=([1.0], NOTHING),
        cap=(1.0, NOTHING, "(0, inf)"),
    ),
    "Score": None,
    "precision_at": case(
        lambda scores, k: precision_at(scores, [True, False], k),
        scores=([1.0, 2.0], NOTHING, "(-inf, inf)"),
        k=(1, NOTHING, "1..2"),
    ),
    "average_precision": case(lambda scores: average_precision(scores, [True, False]), scores=([1.0, 2.0], NOTHING)),
    "alarms": case(
        lambda watched, threshold, events, horizon, least: alarms(
            watched, threshold, events, horizon=horizon, least=least
        ),
        watched=([1.0, 2.0], NOTHING),
        threshold=(1.0, {"zero", "negative"}, "(-inf, inf)"),
        events=([1], NOTHING, "0..1"),
        horizon=(2, NOTHING, "1.."),
        least=(1, {"zero"}, "0..2"),
    ),
    "Alarms": None,
    "Alarms.per_day": case(lambda steps: Alarms((1,), 1, 10).per_day(steps), steps=(10, NOTHING, "1..")),
    "episode": case(
        lambda seed, accounts, culprits, minutes, effect: episode(
            seed, accounts=accounts, culprits=culprits, minutes=minutes, effect=effect
        ),
        seed=(1, {"zero"}, "0.."),
        accounts=(10, NOTHING, "3.."),
        culprits=(2, NOTHING, "1..9"),
        minutes=(400, NOTHING, "400..1440"),
        effect=(1.0, {"zero"}, "[0, 10]"),
    ),
    "features": case(
        lambda minute, window: features(episode(1, accounts=10, culprits=2, minutes=400), minute, window),
        minute=(200, NOTHING, "15..399"),
        window=(15, NOTHING, "1..180"),
    ),
    "Episode": None,
}

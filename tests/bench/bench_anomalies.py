"""Ranking 500 accounts on ten days with a known cause: the sum of three features against an isolation forest."""

from collections.abc import Iterator

import numpy as np
from scipy.special import pdtrc
from scipy.stats import nbinom
from sklearn.ensemble import IsolationForest

from perpnotes.anomalies import dispersion, episode, precision_at, robust_z, score, surprise
from perpnotes.drift import adwin
from tests.bench.timing import best

DAYS, WINDOW = 10, 15


def run() -> Iterator[tuple[str, str]]:
    """Time both on the same features, and say what each finds among the first twenty."""
    days = [episode(seed) for seed in range(DAYS)]

    def features(seed: int) -> dict[str, np.ndarray]:
        day, now = days[seed], days[seed].onset + WINDOW
        blocks = day.cancels[:180].reshape(-1, WINDOW, day.cancels.shape[1]).sum(axis=1)
        mean = np.maximum(blocks.mean(axis=0), 0.1)
        counts = day.cancels[now - WINDOW + 1 : now + 1].sum(axis=0)
        return {
            "cancels": surprise(counts, mean, dispersion=dispersion(blocks.T)),
            "leverage": robust_z(np.log(day.leverage[now] / day.leverage[now - WINDOW])),
            "thin book": day.sizes * (1 / day.leverage[now] < 0.05) / day.depth[now],
        }

    ready = [features(seed) for seed in range(DAYS)]

    def forest(seed: int) -> np.ndarray:
        table = np.stack(list(ready[seed].values()), axis=1)
        return -IsolationForest(random_state=seed).fit(table).score_samples(table)

    rankers = {
        "sum": lambda seed: score(ready[seed]).total,
        "isolation forest": forest,
    }
    making, adding, growing = best(
        lambda: features(0),
        *(lambda make=make: make(0) for make in rankers.values()),  # type: ignore[misc]
    )
    yield "the features of one minute", f"{1e3 * making:.1f} ms"
    yield "time of the forest to features and sum together", f"{growing / (making + adding):.1f}"
    for name, make in rankers.items():
        found = [precision_at(make(seed), days[seed].planted, 20) for seed in range(DAYS)]
        yield f"precision at 20, {name}", f"{np.mean(found):.2f} (lowest day {min(found):.2f})"

    mean = np.random.default_rng(2).uniform(0.5, 50.0, 300_000)
    counts = np.random.default_rng(3).poisson(mean)
    for name, alpha, tail in (
        ("Poisson", 0.0, lambda: pdtrc(counts - 1, mean)),
        ("negative binomial", 0.3, lambda: nbinom.sf(counts - 1, 1 / 0.3, 1 / (1 + 0.3 * mean))),
    ):
        ours, theirs = best(lambda: surprise(counts, mean, dispersion=alpha), tail)  # noqa: B023
        yield f"surprise, {mean.size:,}, {name}", f"{ours:.2f} s"
        yield "time to the same tail in scipy (aim: 1.5 or less)", f"{ours / theirs:.2f}"

    stream = np.random.default_rng(1).random(200_000)
    short, long = best(lambda: adwin(stream[:10_000]), lambda: adwin(stream))
    yield f"drift.adwin, {stream.size:,} values without a change", f"{long / stream.size * 1e6:.1f} µs a value"
    yield "time a value to that of 10,000 values (1: linear)", f"{long / short * 10_000 / stream.size:.2f}"

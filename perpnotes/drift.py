"""Has something changed? Two samples compared, or a stream watched: PSI, KS, MMD, CUSUM, ADWIN, each with its limit.

Every statistic comes with what it would be if nothing had changed. Folk thresholds do not: they ignore how much data
there is.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from perpnotes._derivation import Derivation, Term
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, real, scalar, whole

__all__ = [
    "KS",
    "MMD",
    "PSI",
    "Alarm",
    "Switch",
    "adwin",
    "adwin_bound",
    "cusum",
    "divergence",
    "ks",
    "mmd",
    "psi",
    "psi_limit",
    "run_length",
    "switches",
]


def divergence(before: ArrayLike, after: ArrayLike) -> float:
    """Population stability index of two sets of proportions: `sum (q - p) ln(q / p)`. Symmetric; 0 for equal ones.

    Parameters:
        before: proportions `p`, `> 0`, with sum 1. Shape `(B,)`, `B >= 2`.
        after: proportions `q`, likewise.

    Returns:
        `>= 0`.

    Raises:
        ValueError: for proportions that are not positive, do not sum to 1, or differ in number.

    Examples:
        >>> round(divergence([0.1, 0.1, 0.8], [0.15, 0.05, 0.8]), 6)
        0.054931
    """
    p, q = real("before", before, gt=0, ndim=1), real("after", after, gt=0, ndim=1)
    if p.shape != q.shape or p.size < 2:
        raise ValueError(f"after must match before, at least 2 proportions, got {p.size} and {q.size}")
    for name, x in (("before", p), ("after", q)):
        if abs(x.sum() - 1) > 1e-9:
            raise ValueError(f"{name} must sum to 1, got {x.sum():g}")
    return float(np.sum((q - p) * np.log(q / p)))


@dataclass(frozen=True, slots=True)
class PSI:
    """Population stability index of two samples, and its sampling limit. Made by `psi`.

    Parameters:
        value: the index.
        mean: what it is on average without any change: `(1/n + 1/m) (B - 1)`.
        limit: what it stays below without any change, with the confidence that was asked for.
        bins: how many there were after equal edges were merged, `B`.
        n: size of the reference.
        m: size of the sample.
    """

    value: float
    mean: float
    limit: float
    bins: int
    n: int
    m: int

    @property
    def changed(self) -> bool:
        """True where the index is above its limit."""
        return self.value > self.limit

    def why(self) -> Derivation:
        """The terms behind the limit and the index."""
        return Derivation(
            (
                Term("n", "reference", self.n),
                Term("m", "sample", self.m),
                Term("B", "bins", self.bins),
                Term(r"\mu", "mean without change", self.mean, "", "(1/n + 1/m) (B - 1)"),
                Term("c", "limit", self.limit, "", r"(1/n + 1/m) \chi^2_{B-1}"),
                Term("s", "index", self.value, "", r"\sum (q - p) \ln(q / p)"),
            )
        )


def psi(reference: ArrayLike, sample: ArrayLike, *, bins: int = 10, confidence: float = 0.95) -> PSI:
    """Population stability index over quantile bins of the reference, with its limit `(1/n + 1/m) chi2_{B-1}`.

    `chi2_{B-1}` is the quantile, at the confidence, of chi-square with one degree of freedom less than the bins `B`.
    Half a count is added to each bin, so that an empty one is finite. Ties can merge bins.

    Parameters:
        reference: values before. Shape `(n,)`, `n >= 2 * bins`.
        sample: values after. Shape `(m,)`.
        bins: quantile bins, a whole number `>= 2`.
        confidence: of the limit, in `(0, 1)`.

    Returns:
        The index, its mean and its limit without a change; `changed` says whether it is above the limit.

    Raises:
        ValueError: for a value outside its range, too small a reference, or one that is constant.

    Examples:
        >>> import numpy as np
        >>> x = np.random.default_rng(1).normal(size=(2, 200))
        >>> result = psi(*x)
        >>> round(result.value, 3), round(result.limit, 3), result.changed
        (0.052, 0.169, False)

    Source: after Yurdakul (2018), "Statistical properties of population stability index".
    """
    x, y = real("reference", reference, ndim=1), real("sample", sample, ndim=1)
    count, level = whole("bins", bins, ge=2), scalar("confidence", confidence, gt=0, lt=1)
    if x.size < 2 * count:
        raise ValueError(f"reference must hold at least 2 * bins = {2 * count}, got {x.size}")
    p, q = _shares(_edges(x, count), x, y)
    noise = 1 / x.size + 1 / y.size
    return PSI(divergence(p, q), noise * (p.size - 1), noise * _chi2(p.size - 1, level), int(p.size), x.size, y.size)


def _edges(references: FloatArray, count: int) -> FloatArray:
    """Where the bins of a reference meet: its quantiles, in the place of the last axis."""
    return np.moveaxis(np.quantile(references, np.arange(1, count) / count, axis=-1), 0, -1)


def _shares(edges: FloatArray, reference: FloatArray, sample: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The shares of two samples in each bin of the reference, given its edges."""
    edges = edges[np.diff(edges, prepend=-np.inf) > 0]
    tallies = [
        np.bincount(np.searchsorted(edges, z, side="right"), minlength=edges.size + 1) + 0.5
        for z in (reference, sample)
    ]
    # ties can leave an edge bin without any of the reference's values: it is no bin of the reference
    used = tallies[0] > 0.5
    used[-1] |= tallies[1][-1] > 0.5
    used[0] |= tallies[1][0] > 0.5
    if used.sum() < 2:
        raise ValueError("reference must not be constant")
    p, q = (tally[used] / tally[used].sum() for tally in tallies)
    return p, q


def psi_limit(
    history: ArrayLike,
    rows: int,
    *,
    bins: int = 10,
    confidence: float = 0.95,
    block: int = 1,
    draws: int = 400,
    seed: int = 0,
) -> float:
    """What the index of two samples stays below without any change, found from a history: a block bootstrap.

    Both samples are put together from blocks of the history, which keep the memory of slow series; the limit of `psi`
    assumes independent rows. Blocks wrap around the end of the history, so that each row is as likely. Pairs whose
    first sample is constant have no index and are left out.

    Parameters:
        history: values of a time in which nothing changed, the longer the better. Shape `(n,)`.
        rows: in each of the two samples, a whole number `>= 2 * bins`.
        bins: as in `psi`.
        confidence: of the limit, in `(0, 1)`.
        block: rows that stay together, from 1 (none) to the length of the history: several times the memory.
        draws: pairs of samples, a whole number from 20 to 10,000.
        seed: of the draws, a whole number `>= 0`.

    Returns:
        The quantile of the index over the draws, `>= 0`: compare it with `PSI.value` of as many rows and bins.

    Raises:
        ValueError: for a value outside its range, or a history so constant that most samples of it are.

    Examples:
        >>> import numpy as np
        >>> x = np.random.default_rng(1).normal(size=1_000)
        >>> round(psi_limit(x, 200), 2)
        0.16

    Source: the block bootstrap after Künsch (1989), with blocks that wrap around.
    """
    x, count = real("history", history, ndim=1), whole("bins", bins, ge=2)
    size, level = whole("rows", rows, ge=2 * count, le=1_000_000), scalar("confidence", confidence, gt=0, lt=1)
    length, pairs = whole("block", block, ge=1, le=x.size), whole("draws", draws, ge=20, le=10_000)
    rng = np.random.default_rng(whole("seed", seed, ge=0))
    blocks = -(-size // length)
    found = []
    step = max(1, 100_000 // (blocks * length))  # pairs that are drawn, and whose quantiles are found, at once
    for first in range(0, pairs, step):
        starts = rng.integers(x.size, size=(min(step, pairs - first), 2, blocks, 1))
        both = x[(starts + np.arange(length)) % x.size].reshape(len(starts), 2, -1)[..., :size]
        for edges, pair in zip(_edges(both[:, 0], count), both, strict=True):
            with suppress(ValueError):  # the first is constant: no index
                p, q = _shares(edges, *pair)
                found.append(float(np.sum((q - p) * np.log(q / p))))
    if 2 * len(found) < pairs:
        raise ValueError("history must not be so constant that most samples of it are")
    return float(np.quantile(found, level))


@lru_cache(maxsize=128)
def _chi2(freedom: int, level: float) -> float:
    """Quantile of the chi-squared distribution, by bisection of its closed form for whole degrees of freedom."""

    def tail(x: float) -> float:
        half = x / 2
        powers = [i + (freedom % 2) / 2 for i in range(freedom // 2)]
        # in logarithms, because powers and factorials overflow for hundreds of bins
        terms = math.fsum(math.exp(i * math.log(half) - half - math.lgamma(i + 1)) for i in powers)
        return terms + (math.erfc(math.sqrt(half)) if freedom % 2 else 0.0)

    low, high = 0.0, freedom + 40 * math.sqrt(freedom) + 40
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > 1 - level else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class KS:
    """Largest distance of two empirical distributions, and its limit. Made by `ks`.

    Parameters:
        value: the distance, in `[0, 1]`.
        limit: what it stays below without any change, for large samples without ties.
        at: the value at which the distance is largest.
        n: size of the reference.
        m: size of the sample.
    """

    value: float
    limit: float
    at: float
    n: int
    m: int

    @property
    def changed(self) -> bool:
        """True where the distance is above its limit."""
        return self.value > self.limit

    def why(self) -> Derivation:
        """The terms behind the limit and the distance."""
        return Derivation(
            (
                Term("n", "reference", self.n),
                Term("m", "sample", self.m),
                Term("x", "where they differ most", self.at),
                Term("c", "limit", self.limit, "", r"\sqrt{-\ln(\alpha/2)/2} \sqrt{(n+m)/(nm)}"),
                Term("D", "distance", self.value, "", r"\max |F - G|"),
            )
        )


def ks(reference: ArrayLike, sample: ArrayLike, *, confidence: float = 0.95) -> KS:
    """Two-sample Kolmogorov-Smirnov: `max |F_n - G_m|` against `sqrt(-ln(alpha / 2) / 2) sqrt((n + m) / (n m))`.

    `F_n` and `G_m` are the parts of both samples at or below a value. With ties the limit is too high, never too low.

    Parameters:
        reference: values before. Shape `(n,)`.
        sample: values after. Shape `(m,)`.
        confidence: `1 - alpha`, in `(0, 1)`.

    Returns:
        The distance, its limit and where it is largest; `changed` says whether it is above the limit.

    Raises:
        ValueError: for a non-finite value, an empty sample or a confidence outside its range.

    Examples:
        >>> result = ks([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0])
        >>> result.value, result.at, round(result.limit, 4)
        (0.5, 2.0, 0.9603)

    Source: Smirnov (1948), "Table for estimating the goodness of fit of empirical distributions".
    """
    x, y = np.sort(real("reference", reference, ndim=1)), np.sort(real("sample", sample, ndim=1))
    alpha = 1 - scalar("confidence", confidence, gt=0, lt=1)
    points = np.concatenate((x, y))
    apart = np.abs(np.searchsorted(x, points, "right") / x.size - np.searchsorted(y, points, "right") / y.size)
    limit = math.sqrt(-math.log(alpha / 2) / 2 * (x.size + y.size) / (x.size * y.size))
    best = int(np.argmax(apart))
    return KS(float(apart[best]), limit, float(points[best]), x.size, y.size)


@dataclass(frozen=True, slots=True)
class MMD:
    """Maximum mean discrepancy of two samples, and the limit that shuffling gives. Made by `mmd`.

    Parameters:
        value: the unbiased estimate of the squared discrepancy; it can be below 0.
        limit: the quantile of it over shuffles.
        chance: the part of all shuffles, the observed one included, with at least this value.
        width: of the Gaussian kernel.
    """

    value: float
    limit: float
    chance: float
    width: float

    @property
    def changed(self) -> bool:
        """True where the discrepancy is above its limit."""
        return self.value > self.limit


def mmd(
    reference: ArrayLike,
    sample: ArrayLike,
    *,
    seed: int,
    width: float | None = None,
    shuffles: int = 400,
    confidence: float = 0.95,
) -> MMD:
    """Squared maximum mean discrepancy with the kernel `exp(-|x - y|^2 / (2 w^2))`, against shuffles of the labels.

    `x` and `y` are two rows and `w` is the width. It sees any change of a joint distribution, of dependence too, and
    needs no bins. Rows must be exchangeable: those of a slow series are not.

    Parameters:
        reference: values before, shape `(n,)`, or rows of features, shape `(n, d)`; `n >= 2`.
        sample: values after, shape `(m,)` or `(m, d)`; `m >= 2`.
        seed: of the shuffles, a whole number `>= 0`.
        width: `w > 0`; without one, the median distance of the pooled rows.
        shuffles: a whole number `>= 20`.
        confidence: of the limit, in `(0, 1)`.

    Returns:
        The discrepancy, its limit and the chance of so much without a change; `changed` says whether it is above the
        limit.

    Raises:
        ValueError: for a value outside its range, other features, or rows that are all equal.

    Examples:
        >>> import numpy as np
        >>> x = np.random.default_rng(1).normal(size=(2, 60))
        >>> mmd(x[0], x[1], seed=1).changed, mmd(x[0], x[1] + 1, seed=1).changed
        (False, True)

    Source: Gretton et al. (2012), "A kernel two-sample test", Journal of Machine Learning Research 13.
    """
    x, y = _rows("reference", reference), _rows("sample", sample)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"sample must have the features of reference, {x.shape[1]}, got {y.shape[1]}")
    times, level = whole("shuffles", shuffles, ge=20), scalar("confidence", confidence, gt=0, lt=1)
    rng = np.random.default_rng(whole("seed", seed, ge=0))
    pooled = np.concatenate((x, y))
    unit = float(np.ldexp(1.0, np.frexp(np.abs(pooled).max())[1] - 1))  # a power of two moves no digit, only squares
    pooled = pooled / unit
    apart = np.zeros((len(pooled), len(pooled)))
    for column in pooled.T:  # by differences: squares of large values would cancel
        apart += (column[:, None] - column[None, :]) ** 2
    scale = (
        min(max(scalar("width", width, gt=0) / unit, 1e-150), 1e150)
        if width is not None
        else float(np.sqrt(np.median(apart[apart > 0])) if apart.max() > 0 else 0)
    )
    if scale == 0:
        raise ValueError("reference and sample must not all be equal")
    kernel = np.exp(-apart / (2 * scale**2))
    np.fill_diagonal(kernel, 0.0)
    n, m = len(x), len(y)
    labels = np.zeros((times + 1, n + m))
    labels[0, :n] = 1
    for i in range(1, times + 1):
        labels[i, rng.permutation(n + m)[:n]] = 1
    inside = np.einsum("ij,ij->i", labels @ kernel, labels)
    across = (labels @ kernel).sum(axis=1) - inside
    outside = kernel.sum() - inside - 2 * across
    values = inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m)
    # rounding must not decide ties between the observed split and its equals
    chance = float((values >= values[0] - 1e-12).mean())
    bandwidth = scale * unit if width is None else float(width)
    return MMD(float(values[0]), float(np.quantile(values[1:], level)), chance, bandwidth)


def _rows(name: str, value: Any) -> FloatArray:
    x = real(name, value)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"{name} must be at least 2 values or rows of features, got shape {np.shape(value)}")
    return x


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change that a detector saw in a stream. Made by `cusum` and `adwin`.

    Parameters:
        at: the index of the value with which it was seen.
        since: the index of the first value after the change, as estimated.
        up: True where the values rose.
    """

    at: int
    since: int
    up: bool


def cusum(
    values: ArrayLike, *, target: float = 0.0, deviation: float = 1.0, slack: float = 0.5, limit: float = 5.0
) -> tuple[Alarm, ...]:
    """Two-sided CUSUM: `S = max(0, S + z - k)` and its mirror, with an alarm above `h` and a new start after it.

    `S` begins at 0, and `z = (x - target) / deviation` for each value `x`. A slack of half the shift that matters finds
    that shift fastest.

    Parameters:
        values: in order. Shape `(n,)`.
        target: their mean without change.
        deviation: their standard deviation without change, `> 0`.
        slack: `k`, in deviations, `>= 0`.
        limit: `h`, in deviations, `> 0`.

    Returns:
        The alarms in order; empty where there was none.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> cusum([0.0, 0.0, 2.0, 2.0, 2.0, 2.0], limit=4.0)
        (Alarm(at=4, since=2, up=True),)

    Source: Page (1954), "Continuous inspection schemes", Biometrika 41.
    """
    z = (real("values", values, ndim=1) - scalar("target", target)) / scalar("deviation", deviation, gt=0)
    k, h = scalar("slack", slack, ge=0), scalar("limit", limit, gt=0)
    alarms, up, down, up_since, down_since = [], 0.0, 0.0, 0, 0
    for i, x in enumerate(z.tolist()):
        up, down = max(0.0, up + x - k), max(0.0, down - x - k)
        up_since, down_since = (i + 1 if up == 0 else up_since), (i + 1 if down == 0 else down_since)
        if max(up, down) > h:
            alarms.append(Alarm(i, up_since if up >= down else down_since, up >= down))
            up = down = 0.0
            up_since = down_since = i + 1
    return tuple(alarms)


def run_length(limit: float, *, slack: float = 0.5, shift: float = 0.0, sides: int = 2, states: int = 300) -> float:
    """Average number of independent normal values until CUSUM gives an alarm, by the Markov chain of Brook and Evans.

    Without a shift it is the time between false alarms; with one, the delay. For two sides the length `L` follows from
    those of one: `1/L = 1/L_up + 1/L_down`.

    Parameters:
        limit: `h`, in deviations, `> 0`.
        slack: `k`, in deviations, `>= 0`.
        shift: of the mean, in deviations, any sign.
        sides: 1 or 2.
        states: of the chain, a whole number `>= 10`.

    Returns:
        Values; infinite where no number is large enough.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> round(run_length(5.0), 1), round(run_length(5.0, shift=1.0), 2)
        (465.4, 10.38)

    Source: Brook and Evans (1972), "An approach to the probability distribution of CUSUM run length", Biometrika 59.
    """
    h, k, mean = scalar("limit", limit, gt=0), scalar("slack", slack, ge=0), scalar("shift", shift)
    both, size = whole("sides", sides, ge=1, le=2), whole("states", states, ge=10)
    if both == 1:
        return _one_sided(h, k, mean, size)
    often = 1 / _one_sided(h, k, mean, size) + 1 / _one_sided(h, k, -mean, size)
    return 1 / often if often > 0 else math.inf


@lru_cache(maxsize=128)  # without a shift both sides are one
def _one_sided(h: float, k: float, mean: float, size: int) -> float:
    step = 2 * h / (2 * size - 1)
    apart = np.arange(size)[None, :] - np.arange(size)[:, None]
    steps = ((np.arange(1 - size, size) + 0.5) * step + k - mean) / math.sqrt(2)
    edges = steps[apart + size - 1]
    below, above = (np.array([0.5 * math.erfc(s * x) for x in steps])[apart + size - 1] for s in (-1, 1))
    # state 0 takes all that falls below it; each difference is of the tails that are small there
    move = np.where(edges < 0, np.diff(below, axis=1, prepend=0.0), -np.diff(above, axis=1, prepend=1.0))
    move[:, 0] = below[:, 0]
    # One state after the other is taken out, without a subtraction (Grassmann, Taksar and Heyman 1985): a linear solver
    # returns noise where alarms are rarer than rounding.
    alarm, rows = above[:, -1].copy(), np.ones(size)
    with np.errstate(all="ignore"):  # all terms are positive: what is not finite is too large
        for last in range(size - 1, 0, -1):
            into = move[:last, last] / (alarm[last] + move[last, :last].sum())
            rows[:last] += into * rows[last]
            alarm[:last] += into * alarm[last]
            move[:last, :last] += np.outer(into, move[last, :last])
        length = float(rows[0] / alarm[0])
    return length if math.isfinite(length) else math.inf


@overload
def adwin_bound(n: float, m: float, variance: float, *, false_alarm: float = ...) -> float: ...
@overload
def adwin_bound(n: ArrayLike, m: ArrayLike, variance: ArrayLike, *, false_alarm: float = ...) -> FloatArray: ...
def adwin_bound(n: ArrayLike, m: ArrayLike, variance: ArrayLike, *, false_alarm: float = 0.002) -> Floats:
    """How far two window means may lie apart: `sqrt(2 v ln(2/d') / M) + 2 ln(2/d') / (3 M)`.

    `v` is the variance, `1/M = 1/n + 1/m` and `d' = false_alarm / ln(n + m)`.

    Parameters:
        n: values in the older window, `>= 1`. Any shape; the arguments broadcast.
        m: values in the newer one, `>= 1`, with `n + m >= 3`.
        variance: of all of them, `>= 0`; the values lie in `[0, 1]`.
        false_alarm: the chance of a false cut, in `(0, 1)`.

    Returns:
        A distance of the means, `> 0`, the broadcast shape; above 1 no difference is enough.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> round(float(adwin_bound(200, 100, 0.25)), 6)
        0.341178

    Source: Bifet and Gavalda (2007), "Learning from time-changing data with adaptive windowing".
    """
    a, b, v = real("n", n, ge=1), real("m", m, ge=1), real("variance", variance, ge=0)
    broadcast(n=a, m=b, variance=v)
    if np.any(a + b < 3):
        raise ValueError("n + m must be >= 3, got 2")
    return _bound(a, b, v, scalar("false_alarm", false_alarm, gt=0, lt=1))[()]


def _bound(n: FloatArray, m: FloatArray, variance: FloatArray, false_alarm: float) -> FloatArray:
    log = np.log(2 * np.log(n + m) / false_alarm)
    inverse = 1 / n + 1 / m
    return np.asarray(np.sqrt(2 * variance * log * inverse) + 2 / 3 * log * inverse)


def adwin(values: ArrayLike, *, false_alarm: float = 0.002, least: int = 5) -> tuple[Alarm, ...]:
    """Adaptive window: after each value, drop the older part wherever two parts of the window differ by `adwin_bound`.

    It answers for every cut, where the published algorithm tries those of an exponential histogram. Cuts that no value
    of a stretch can make significant are left out for all of it, so the time is about proportional to the values.

    Parameters:
        values: in order, in `[0, 1]`, or True and False. Shape `(n,)`.
        false_alarm: the chance of a false cut at one time, in `(0, 1)`.
        least: values on each side of a cut, a whole number `>= 2`.

    Returns:
        The changes in the order in which they were seen; empty where there was none.

    Raises:
        ValueError: for a value outside `[0, 1]`, or a parameter outside its range.

    Examples:
        >>> adwin([0.0] * 50 + [1.0] * 50)
        (Alarm(at=64, since=50, up=True),)

    Source: Bifet and Gavalda (2007), "Learning from time-changing data with adaptive windowing".
    """
    x, shortest = real("values", values, ge=0, le=1, ndim=1, truths=True), whole("least", least, ge=2)
    level = scalar("false_alarm", false_alarm, gt=0, lt=1)
    window = _Window(x, shortest, level)
    alarms, end = [], 2 * shortest
    while end <= x.size:
        last = min(x.size, end + max(_STRETCH, (end - window.start) // 4))
        seen = window.search(end, last, np.arange(window.start + shortest, end - shortest + 1))
        if seen is None:
            end = last + 1
            continue
        cuts = np.arange(window.start + shortest, seen - shortest + 1)
        (excess,), (rise,) = window.excess(np.array([seen]), cuts)
        best = int(np.argmax(excess))
        window.start = int(cuts[best])
        alarms.append(Alarm(seen - 1, window.start, bool(rise[best] > 0)))
        end = max(seen + 1, window.start + 2 * shortest)
    return tuple(alarms)


_STRETCH = 32  # so many ends are tried at all cuts that are left, in one piece


class _Window:
    """The cuts of an adaptive window: a cut at `k` and an end at `e` compare the values from the start to `k` and `e`.

    What is tried is exact; what is left out has a bound on the excess over a stretch of ends that stays below 0.
    """

    def __init__(self, x: FloatArray, shortest: int, false_alarm: float) -> None:
        self.sums, self.squares = (np.concatenate(([0.0], np.cumsum(power))) for power in (x, x * x))
        self.shortest, self.false_alarm, self.start = shortest, false_alarm, 0

    def variance(self, ends: npt.NDArray[np.intp]) -> FloatArray:
        """Of all values from the start to each end."""
        size = ends - self.start
        mean = (self.sums[ends] - self.sums[self.start]) / size
        return np.asarray(np.maximum((self.squares[ends] - self.squares[self.start]) / size - mean * mean, 0.0))

    def excess(self, ends: npt.NDArray[np.intp], cuts: npt.NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """How far the two means lie beyond their bound, a row for each end, and by how much the second is higher."""
        n, m = (cuts - self.start).astype(float), (ends[:, None] - cuts).astype(float)
        possible = m >= self.shortest
        m[~possible] = self.shortest
        old, new = (self.sums[cuts] - self.sums[self.start]) / n, (self.sums[ends][:, None] - self.sums[cuts]) / m
        beyond = np.abs(old - new) - _bound(n, m, self.variance(ends)[:, None], self.false_alarm)
        return np.where(possible, beyond, -np.inf), new - old

    def search(self, first: int, last: int, cuts: npt.NDArray[np.intp]) -> int | None:
        """The first end, from `first` to `last`, at which a cut exceeds its bound; `cuts` are those of the first."""
        cuts = cuts[self.could_exceed(first, last, cuts)]
        if last - first < _STRETCH:
            cuts = np.concatenate((cuts, np.arange(first - self.shortest + 1, last - self.shortest + 1)))
            ends = np.arange(first, last + 1)
            hits = np.flatnonzero((self.excess(ends, cuts)[0] > 0).any(axis=1))
            return int(ends[hits[0]]) if hits.size else None
        middle = (first + last) // 2
        seen = self.search(first, middle, cuts)
        if seen is not None:
            return seen
        later = np.arange(first - self.shortest + 1, middle - self.shortest + 2)
        return self.search(middle + 1, last, np.concatenate((cuts, later)))

    def could_exceed(self, first: int, last: int, cuts: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Whether a cut could exceed its bound at any of the ends: by the extremes of the sums, less their trend.

        Squared deviations never shrink when values are added, and the logarithm grows: so the bound is at least this.
        """
        size, more = first - self.start, last - first
        trend = (self.sums[last] - self.sums[self.start]) / (last - self.start)
        path = self.sums[first : last + 1] - trend * np.arange(first, last + 1)
        here = self.sums[cuts] - trend * cuts
        n, m = (cuts - self.start).astype(float), (first - cuts).astype(float)
        old = (here - (self.sums[self.start] - trend * self.start)) / n
        up, down = path.max() - here, path.min() - here
        rise = np.maximum(up / m, up / (m + more)) - old
        fall = old - np.minimum(down / m, down / (m + more))
        spread = self.variance(np.array([first])) * (size / (size + more))
        log = math.log(2 * math.log(size) / self.false_alarm)
        inverse = 1 / n + 1 / (m + more)
        least = np.sqrt(2 * spread * log * inverse) + 2 / 3 * log * inverse
        return np.asarray(np.maximum(rise, fall) > least - 1e-9)


@dataclass(frozen=True, slots=True)
class Switch:
    """A change of the rule that a stream follows. Made by `switches`.

    Parameters:
        at: the index of the row with which it was seen.
        since: the index of the first row after the change, as estimated.
        rule: the index of the rule that fits best from then on.
    """

    at: int
    since: int
    rule: int


def switches(misfits: ArrayLike, *, limit: float = 1.4, warmup: int = 30) -> tuple[Switch, ...]:
    """When a stream stops following one known rule and follows another: `cusum` of the misfits of the rule in force.

    The rule in force is at first the one that fits the warm-up best, then the one that fits best since the change.
    With a slack of one half, the alarm comes when misfits outnumber fits by more than `2 * limit`.

    Parameters:
        misfits: 1 (or True) where a rule does not explain a row, 0 (or False) where it does; shape `(rules, n)`, at
            least 2 rules.
        limit: of the CUSUM, `> 0`.
        warmup: rows that choose the first rule, a whole number `>= 1`.

    Returns:
        The switches in order; empty where the first rule stays in force.

    Raises:
        ValueError: for fewer than two rules, anything but 0 and 1, or fewer rows than the warm-up.

    Examples:
        >>> import numpy as np
        >>> one, two = np.zeros(60), np.ones(60)
        >>> one[40:], two[40:] = 1, 0
        >>> switches([one, two])
        (Switch(at=42, since=40, rule=1),)
    """
    x = real("misfits", misfits, ndim=2, truths=True)
    h, first = scalar("limit", limit, gt=0), whole("warmup", warmup, ge=1)
    if len(x) < 2 or x.shape[1] < first:
        raise ValueError(f"misfits must have at least 2 rules and {first} rows, got shape {x.shape}")
    if (odd := (x != 0) & (x != 1)).any():
        raise ValueError(f"misfits must be 0 or 1, got {x[odd][0]:g}")
    found: list[Switch] = []
    rule, start = int(np.argmin(x[:, :first].mean(axis=1))), 0
    while start < x.shape[1]:
        alarm = next((a for a in cusum(x[rule, start:], limit=h) if a.up), None)
        if alarm is None:
            break
        at, since = start + alarm.at, start + alarm.since
        rule, start = int(np.argmin(x[:, since : at + 1].mean(axis=1))), at + 1
        found.append(Switch(at, since, rule))
    return tuple(found)

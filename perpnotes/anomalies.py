"""What stands out, and why: cancel bursts, changes of leverage, crowding around a thin book, and the sum of them.

A ranking is a list of whom to look at first. It decides nothing: see `guardrails` for what a model may do. Each feature
says how unusual it is, a score is their sum, and a ranking is measured against rankings that know nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from perpnotes import _normal
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, flags, instance, real, scalar, whole

__all__ = [
    "Alarms",
    "Episode",
    "Score",
    "alarms",
    "average_precision",
    "dispersion",
    "episode",
    "features",
    "precision_at",
    "robust_z",
    "score",
    "surprise",
]

_NORMAL_MAD = 0.6744897501960817  # the median of |N(0, 1)|
_NORMAL_MEAN = 0.7978845608028654  # its mean


# --- Features ---


def robust_z(values: ArrayLike) -> FloatArray:
    """How far from the median, in robust standard deviations, over the last axis: `z = 0.67449 (x - med) / MAD`.

    `x` is a value, `med` the median of its row and `MAD` the median of the distances from it. Up to half of the values
    may be anything without moving the others' scale to it. Where more than half are equal the MAD is 0; then the mean
    absolute deviation takes its place, and where that is 0 too, all are equal and `z` is 0.

    Parameters:
        values: shape (..., n); each row is judged by itself.

    Returns:
        Robust standard deviations, the shape of `values`: `> 0` above the median.

    Raises:
        ValueError: for a non-finite value, an empty array or a single number.

    Examples:
        >>> robust_z([1.0, 2.0, 3.0, 4.0, 100.0]).round(2).tolist()
        [-1.35, -0.67, 0.0, 0.67, 65.43]
        >>> robust_z([5.0, 5.0, 5.0, 6.0]).round(2).tolist()
        [0.0, 0.0, 0.0, 3.19]

    Source: Iglewicz and Hoaglin (1993), who flag 3.5, and for the mean absolute deviation.
    """
    x = real("values", values)
    if x.ndim == 0:
        raise ValueError("values must have at least 1 dimension, got shape ()")
    away = x - _median(x)
    distance = np.abs(away)
    scale = _median(distance) / _NORMAL_MAD
    if not scale.all():
        scale = np.where(scale > 0, scale, distance.mean(axis=-1, keepdims=True) / _NORMAL_MEAN)
        scale[scale == 0] = 1.0  # all are equal: 0 on any scale
    z: FloatArray = away / scale
    return z


def _median(x: FloatArray) -> FloatArray:
    """The median over the last axis, which stays; `np.median` also looks for NaN, and takes several times as long."""
    half = x.shape[-1] // 2
    parted = np.partition(x, half, axis=-1)
    upper = parted[..., half : half + 1]
    if x.shape[-1] % 2:
        return upper
    return np.asarray((parted[..., :half].max(axis=-1, keepdims=True) + upper) / 2.0)


def dispersion(counts: ArrayLike) -> FloatArray:
    """Overdispersion of counts, by moments, over the last axis: `alpha = max(0, (s^2 - m) / m^2)`; 0 is Poisson.

    `m` is the mean and `s^2` the variance of the counts.

    Parameters:
        counts: whole numbers, `>= 0`; shape (..., n) with at least 2.

    Returns:
        `>= 0`, shape (...); 0 where all counts are 0.

    Raises:
        ValueError: for a count below 0 or not whole, or fewer than 2.

    Examples:
        >>> float(dispersion([0, 0, 0, 8]))
        3.5

    Source: the negative binomial's variance `m + alpha m^2`.
    """
    n = _counts(counts)
    if n.ndim == 0 or n.shape[-1] < 2:
        raise ValueError(f"counts must have at least 2 along the last axis, got shape {n.shape}")
    mean, variance = n.mean(axis=-1), n.var(axis=-1, ddof=1)
    excess = np.maximum(0.0, variance - mean)
    alpha: FloatArray = np.divide(excess, mean**2, out=np.zeros_like(mean), where=mean > 0)
    return alpha[()]


@overload
def surprise(counts: float, mean: float, *, dispersion: float = ...) -> float: ...
@overload
def surprise(counts: ArrayLike, mean: ArrayLike, *, dispersion: ArrayLike = ...) -> FloatArray: ...
def surprise(counts: ArrayLike, mean: ArrayLike, *, dispersion: ArrayLike = 0.0) -> Floats:
    """How unlikely so many are, as a power of ten: `-log10 P(N >= n)`; negative binomial, or Poisson at dispersion 0.

    `P` is the probability that the count `N` of an ordinary account is at least the one that was seen, `n`.

    Parameters:
        counts: `n`, whole numbers from 0 to 10,000. Any shape; the arguments broadcast.
        mean: expected count `m`, `> 0` and at most 10,000.
        dispersion: `alpha` of the variance `m + alpha m^2`, in `[0, 100]`.

    Returns:
        Powers of ten, `>= 0`, the broadcast shape: 3 is one in a thousand, 0 what is certain.

    Raises:
        ValueError: for a value outside its range, or a count that is not whole.

    Examples:
        >>> counts, spread = [3, 20, 20], [0.0, 0.0, 0.5]
        >>> surprise(counts, 10.0, dispersion=spread).round(3).tolist()
        [0.001, 2.462, 0.947]

    Source: the tails of both distributions, by continued fractions (Abramowitz and Stegun 26.5.8 and 26.5.9).
    """
    n = real("counts", _counts(counts), le=10_000)
    m, alpha = real("mean", mean, gt=0, le=10_000), real("dispersion", dispersion, ge=0, le=100)
    broadcast(counts=n, mean=m, dispersion=alpha)
    return np.asarray(_normal.by_blocks(_surprise, n, m, alpha))[()]


def _surprise(counts: FloatArray, mean: FloatArray, dispersion: FloatArray) -> FloatArray:
    shape = np.broadcast_shapes(counts.shape, mean.shape, dispersion.shape)
    n, m, alpha = (np.broadcast_to(part, shape).ravel() for part in (counts, mean, dispersion))
    above = n > m  # there the tail is small, and computed as it is; else what is below it, from 1
    at = np.where(above, n, np.maximum(n - 1.0, 0.0))
    decades = _log_mass(at, m, alpha)
    decades[above] += np.log(_tail_over_mass(n[above], m[above], np.maximum(alpha[above], 1e-20)))
    below = np.where(n > 0, np.exp(decades), 0.0)[~above] * _head_over_mass(at[~above], m[~above], alpha[~above])
    decades[~above] = np.log1p(-np.minimum(below, 1.0 - 1e-16))
    return np.maximum(0.0, -decades / math.log(10.0)).reshape(shape)


def _tail_over_mass(n: FloatArray, mean: FloatArray, alpha: FloatArray) -> FloatArray:
    """`P(N >= n) / P(N = n)` for `n` above the mean: the incomplete beta function, Abramowitz and Stegun 26.5.8."""
    size, x = 1.0 / alpha, alpha * mean / (1.0 + alpha * mean)

    def steps(k: int, n: FloatArray, size: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return (
            k * (size - k) * x / ((n + 2 * k - 1) * (n + 2 * k)),
            -(n + k) * (n + size + k) * x / ((n + 2 * k) * (n + 2 * k + 1)),
        )

    return _fraction(-(n + size) * x / (n + 1.0), steps, n, size, x)


def _head_over_mass(n: FloatArray, mean: FloatArray, alpha: FloatArray) -> FloatArray:
    """`P(N <= n) / P(N = n)` for `n` below the mean: 26.5.9, with numerator and denominator times powers of `alpha`."""

    def steps(k: int, n: FloatArray, mean: FloatArray, a: FloatArray) -> tuple[FloatArray, FloatArray]:
        middle = mean * (1.0 + 2 * k * a)
        return (
            k * (1.0 + a * (n + k)) / (middle * (1.0 + (2 * k - 1) * a)),
            -(n - k) * (1.0 + k * a) / (middle * (1.0 + (2 * k + 1) * a)),
        )

    return (1.0 + alpha * n) * _fraction(-n / (mean * (1.0 + alpha)), steps, n, mean, alpha)


def _fraction(first: FloatArray, steps: Callable[..., tuple[FloatArray, FloatArray]], *given: FloatArray) -> FloatArray:
    """The continued fraction `1 / (1 + first / (1 + ...`, by Lentz: `steps(k, *given)` are the next two each time."""
    c, d = np.ones(first.size), 1.0 / (1.0 + first)
    result, left, last = d.copy(), np.arange(first.size), d.copy()
    for k in range(1, 10_000):
        for step in steps(k, *given):
            d, c = 1.0 / (1.0 + step * d), 1.0 + step / c
            last *= d * c
        more = np.abs(d * c - 1.0) >= 1e-15
        if not more.all():
            result[left] = last
            left = left[more]
            c, d, last = c[more], d[more], last[more]
            given = tuple(part[more] for part in given)
        if not left.size:
            break
    result[left] = last
    return result


def _log_mass(k: FloatArray, mean: FloatArray, alpha: FloatArray) -> FloatArray:
    """Logarithm of the probability of `k`."""
    size = 1.0 / np.maximum(alpha, 1e-20)
    # Of Gamma(k + size) / Gamma(size) / size^k nothing would be left for a large size: Stirling's series without it.
    rising = (k + size - 0.5) * np.log1p(k / size) - k + (1.0 / (k + size) - 1.0 / size) / 12.0
    if (near := size <= 1e3).any():
        s, n = size[near], k[near]
        rising[near] = _log_gamma(n + s) - _log_gamma(s) - n * np.log(s)
    none = np.log1p(mean / size) * size
    return np.asarray(k * np.log(mean / (1.0 + alpha * mean)) + rising - none - _log_factorials()[k.astype(np.intp)])


@cache
def _log_factorials() -> FloatArray:
    """Of all counts that `surprise` takes."""
    return _log_gamma(np.arange(1.0, 10_002.0))


def _log_gamma(values: FloatArray) -> FloatArray:
    return np.asarray(np.frompyfunc(math.lgamma, 1, 1)(values), dtype=np.float64)


def _counts(value: Any) -> FloatArray:
    n = real("counts", value, ge=0, le=2.0**53)  # beyond, floats are no longer whole numbers one by one
    if (odd := n != np.floor(n)).any():
        raise ValueError(f"counts must be whole numbers, got {n[odd].flat[0]:g}")
    return n


# --- One ranking that says why ---


@dataclass(frozen=True, eq=False)
class Score(ByValue):
    """A ranking with the part of each feature in it. Made by `score`.

    Parameters:
        names: of the features.
        parts: what each adds, `>= 0`; shape (accounts, features).
    """

    names: tuple[str, ...]
    parts: FloatArray

    @property
    def total(self) -> FloatArray:
        """The score of each account: the sum of its parts; shape (accounts,)."""
        return np.asarray(self.parts.sum(axis=1))

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """Accounts from the highest score down; equal scores in the order given."""
        return np.argsort(-self.total, kind="stable")

    @property
    def leading(self) -> tuple[str, ...]:
        """For each account the feature with the largest part."""
        return tuple(self.names[column] for column in self.parts.argmax(axis=1))

    def why(self, account: int) -> Derivation:
        """The parts of one account's score, as given, and their sum.

        Parameters:
            account: its index.

        Raises:
            ValueError: for an account that there is not.
        """
        row = self.parts[whole("account", account, ge=0, le=len(self.parts) - 1)]
        terms = [
            Term(f"f_{{{k}}}", name, float(part)) for k, (name, part) in enumerate(zip(self.names, row, strict=True), 1)
        ]
        return Derivation((*terms, Term("S", "score", float(row.sum()), "", r"\sum_k f_k")))


def score(features: Mapping[str, ArrayLike], *, cap: float = 10.0) -> Score:
    """Add up features that are in units of how unusual they are: `S = sum_k min(max(f_k, 0), c)`.

    `f_k` is the value of feature `k` and `c` the cap. What is unusually low adds nothing: a quiet account is not half
    as suspicious as a busy one is. The cap keeps one broken feature from deciding every place.

    Parameters:
        features: name to values, such as `surprise` or `robust_z`; all of shape (accounts,).
        cap: the most that one feature adds, `> 0`.

    Returns:
        The part of each feature in each account's score, from 0 to `cap`; higher is to be looked at first.

    Raises:
        ValueError: for no features, shapes that differ, or a value outside its range.

    Examples:
        >>> cancels, leverage = [0.2, 6.0, 1.0], [1.0, -2.0, 40.0]
        >>> ranked = score({"cancels": cancels, "leverage": leverage})
        >>> ranked.order.tolist(), ranked.leading[2]
        ([2, 1, 0], 'leverage')
        >>> print(ranked.why(2))
        cancels    1   f_1
        leverage  10   f_2
        score     11   S = Σ_k f_k

    Source: ours; a sum is the one combination whose parts need no method to be told apart.
    """
    if not isinstance(features, Mapping) or not features:
        raise ValueError("features must name at least one, each with its values")
    top = scalar("cap", cap, gt=0)
    columns = [np.clip(real(f"features[{name!r}]", column, ndim=1), 0.0, top) for name, column in features.items()]
    if len({column.shape for column in columns}) > 1:
        raise ValueError(f"features must have one entry per account, got {', '.join(str(len(c)) for c in columns)}")
    return Score(tuple(features), np.stack(columns, axis=1))


# --- Is it any good? ---


def precision_at(scores: ArrayLike, positives: ArrayLike, k: int) -> float:
    """The part of the first `k` that are positives; equal scores count as if they were shuffled.

    A ranker that knows nothing has the part of positives among all, for every `k`.

    Parameters:
        scores: higher is earlier; shape (n,).
        positives: True for what should be found; shape (n,).
        k: how many are looked at, from 1 to `n`.

    Returns:
        From 0 to 1.

    Raises:
        ValueError: for shapes that differ, labels that are not True or False, or a value outside its range.

    Examples:
        >>> precision_at([0.9, 0.8, 0.8, 0.1], [True, False, True, False], 2)
        0.75

    Source: the definition; over ties the expectation.
    """
    rank, label = _labelled(scores, positives)
    places = whole("k", k, ge=1, le=len(rank))
    edge = np.sort(rank)[-places]
    sure, tied = rank > edge, rank == edge
    left = places - sure.sum()
    return float((label[sure].sum() + left * label[tied].mean()) / places)


def average_precision(scores: ArrayLike, positives: ArrayLike) -> float:
    """Precision at each distinct score, averaged over the positives that appear there.

    A ranker that knows nothing has about the part of positives among all; a perfect one has 1.

    Parameters:
        scores: higher is earlier; shape (n,). Equal scores are one step.
        positives: True for what should be found, at least one; shape (n,).

    Returns:
        From just above 0 to 1.

    Raises:
        ValueError: for shapes that differ, labels that are not True or False, or no positive.

    Examples:
        >>> scores = [5, 4, 3, 2, 1]
        >>> positives = [False, True, False, True, True]
        >>> round(average_precision(scores, positives), 5)
        0.53333

    Source: the area under the precision-recall curve as steps.
    """
    rank, label = _labelled(scores, positives)
    if not label.any():
        raise ValueError("positives must hold at least one True")
    order = np.argsort(-rank, kind="stable")
    last = np.append(rank[order][1:] != rank[order][:-1], True)
    hits, seen = np.cumsum(label[order])[last], (np.arange(len(rank)) + 1)[last]
    return float((hits / seen * np.diff(hits, prepend=0)).sum() / label.sum())


def _labelled(scores: Any, positives: Any) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    rank, label = real("scores", scores, ndim=1), flags("positives", positives)
    if label.shape != rank.shape:
        raise ValueError(f"positives must have one entry per score, {len(rank)}, got shape {label.shape}")
    return rank, label


@dataclass(frozen=True, slots=True)
class Alarms:
    """How well a series of alarms announced the events. Made by `alarms`.

    Parameters:
        leads: for each event, steps from the first alarm in its window to the event; -1 where there was none.
        false: alarms outside every window.
        steps: steps watched.
    """

    leads: tuple[int, ...]
    false: int
    steps: int

    @property
    def recall(self) -> float:
        """The part of the events with an alarm in time."""
        return sum(lead >= 0 for lead in self.leads) / len(self.leads)

    def per_day(self, steps: int = 1_440) -> float:
        """False alarms a day.

        Parameters:
            steps: of a day, `>= 1`; one a minute by default.

        Returns:
            A rate, `>= 0`.

        Raises:
            ValueError: for what is no whole number `>= 1`.
        """
        return self.false * whole("steps", steps, ge=1) / self.steps


def alarms(watched: ArrayLike, threshold: float, events: ArrayLike, *, horizon: int, least: int = 1) -> Alarms:
    """Alarms at the moments when a value reaches its threshold, against the events that they should have announced.

    An alarm counts for an event if it is raised from `horizon` to `least` steps before it; a later one is no warning.
    While the value stays at the threshold or above, it is one alarm. Nothing is moved in its favor afterwards.

    Parameters:
        watched: shape (steps,).
        threshold: an alarm is raised when the value comes to it or above it from below.
        events: steps at which they happen, from 0; shape (events,), at least one.
        horizon: how long before an event an alarm counts for it, `>= least`.
        least: how long before the event it must come, `>= 0`.

    Returns:
        Steps of warning before each event, -1 where none was in time, and the number of false alarms.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> found = alarms([0, 5, 0, 0, 5, 5, 5, 0, 0, 0], 3.0, [6], horizon=3)
        >>> found.leads, found.false, found.recall
        ((2,), 1, 1.0)

    Source: ours; windows without the "point adjustment" that Kim et al. (2022), arXiv 2109.05257, warn of.
    """
    series, limit = real("watched", watched, ndim=1), scalar("threshold", threshold)
    times = real("events", events, ge=0, lt=len(series), ndim=1)
    if (odd := times != np.floor(times)).any():
        raise ValueError(f"events must be whole numbers, got {times[odd][0]:g}")
    near = whole("least", least, ge=0)
    far = whole("horizon", horizon, ge=near)
    on = series >= limit
    raised = np.flatnonzero(on & ~np.concatenate([[False], on[:-1]]))
    before = times[:, None] - raised
    counts = (before >= near) & (before <= far)
    leads = [int(row[mask].max()) if mask.any() else -1 for row, mask in zip(before, counts, strict=True)]
    return Alarms(tuple(leads), int((~counts.any(axis=0)).sum()), len(series))


# --- Days with a known cause ---


@dataclass(frozen=True, eq=False)
class Episode(ByValue):
    """A synthetic day on which we know who caused what. Made by `episode`.

    Parameters:
        cancels: orders canceled, whole numbers; shape (minutes, accounts).
        leverage: `> 0`; shape (minutes, accounts).
        sizes: coins of each account's long, `> 0`; shape (accounts,).
        depth: coins of bids within one percent, `> 0`; shape (minutes,).
        prices: from 1; those of longs' margin fall with it; shape (minutes,).
        planted: the accounts that do it; shape (accounts,).
        onset: the minute in which they begin.
        event: the minute in which the price falls.
    """

    cancels: npt.NDArray[np.int64]
    leverage: FloatArray
    sizes: FloatArray
    depth: FloatArray
    prices: FloatArray
    planted: npt.NDArray[np.bool_]
    onset: int
    event: int


def episode(seed: int, *, accounts: int = 500, culprits: int = 20, minutes: int = 720, effect: float = 1.0) -> Episode:
    """Half a day of ordinary traders, among whom a few raise their leverage, cancel in bursts and drain the book.

    Ordinary means: activity that differs a hundredfold between accounts, cancels that cluster, and leverage whose
    changes have fat tails. One in twenty of the others moves its leverage by as much as a culprit, once, for no reason.
    The price wanders as at a volatility of 60% a year, and leverage with it: a long's rises as the price falls. In the
    hour after the event the price falls by 5% times the effect, because that is planted as well.

    Parameters:
        seed: of the random numbers; equal seeds give equal days.
        accounts: how many, above `culprits`.
        culprits: who do it together, `>= 1`.
        minutes: length, from 400 to 1,440.
        effect: how much they do, `>= 0`: 1 doubles their cancels, multiplies their leverage by 1.6 and halves the book
            within the hour; 0.5 does half of each; 0 does nothing.

    Returns:
        What was to be seen in each minute, and what only the maker of the day knows: who did it and when.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> day = episode(1)
        >>> day.cancels.shape, int(day.planted.sum()), day.event - day.onset
        ((720, 500), 20, 60)
    """
    few = whole("culprits", culprits, ge=1)
    count, length = whole("accounts", accounts, ge=few + 1), whole("minutes", minutes, ge=400, le=1_440)
    much = scalar("effect", effect, ge=0, le=10)
    rng = np.random.default_rng(whole("seed", seed, ge=0))
    onset = int(rng.integers(length // 2, length - 80))
    event = onset + 60
    planted = np.zeros(count, dtype=np.bool_)
    planted[rng.choice(count, few, replace=False)] = True
    ramp = np.clip((np.arange(length) - onset) / 60.0, 0.0, 1.0)[:, None]

    rate = np.exp(rng.normal(1.0, 1.2, count)) * (1.0 + much * (ramp > 0) * planted)
    cancels = rng.poisson(rate * rng.gamma(1.0 / 0.6, 0.6, (length, count)))
    steps = rng.standard_t(4, (length, count)) * 0.006
    restless = ~planted & (rng.random(count) < 0.05)
    jump = rng.integers(0, length, count)
    steps[jump[restless], np.flatnonzero(restless)] += 0.4
    wander = np.cumsum(steps, axis=0)
    chosen = np.exp(rng.uniform(np.log(2.0), np.log(25.0), count) + wander + ramp * 0.5 * much * planted)
    drift = np.cumsum(rng.normal(0.0, 0.02, length))
    depth = 300.0 * np.exp(0.3 * np.tanh(drift)) * (1.0 - min(0.5 * much, 0.9) * ramp[:, 0])
    sizes = rng.lognormal(0.0, 1.0, count)
    steps_of_price = rng.normal(0.0, 0.6 / np.sqrt(365 * 1_440), length)
    steps_of_price[event : event + 60] -= 0.05 * much / min(60, length - event)
    steps_of_price[0] = 0.0
    prices = np.exp(np.cumsum(steps_of_price))
    # A long that does nothing: its notional moves with the price, its equity by as much. Below a tenth it is closed.
    moved = (prices[:, None] - 1.0) * chosen
    leverage = chosen * prices[:, None] / np.maximum(1.0 + moved, 0.1)
    return Episode(cancels, leverage, sizes, depth, prices, planted, onset, event)


def features(day: Episode, minute: int, window: int = 15) -> dict[str, FloatArray]:
    """What was unusual about each account in the last minutes: three features for `score`.

    Each account's cancels are compared with its own first three hours, the change of its leverage with that of all
    others, and its part of the branching ratio of the next 5% down is in percent.

    Parameters:
        day: from `episode`, or your own.
        minute: the last one that counts, from `window` on.
        window: minutes, from 1 to 180; the first three hours should hold several.

    Returns:
        Name to values of shape (accounts,): `cancels` in decades, `leverage` in robust standard deviations, `thin book`
            in percent.

    Raises:
        ValueError: for a value outside its range, or a day of another type.

    Examples:
        >>> day = episode(1)
        >>> sorted(features(day, day.onset + 15))
        ['cancels', 'leverage', 'thin book']
    """
    instance("day", day, Episode)
    size = whole("window", window, ge=1, le=180)
    at = whole("minute", minute, ge=size, le=len(day.cancels) - 1)
    accounts = len(day.sizes)
    past = day.cancels[: 180 // size * size].reshape(-1, size, accounts).sum(axis=1)
    canceled = day.cancels[at - size + 1 : at + 1].sum(axis=0)
    now, then = day.leverage[at], day.leverage[at - size]
    usual = np.maximum(past.mean(axis=0), 0.1)
    spread = dispersion(past.T) if len(past) > 1 else np.zeros(accounts)
    return {
        "cancels": np.asarray(surprise(canceled, usual, dispersion=spread)),
        "leverage": robust_z(np.log(now / then)),
        "thin book": 100.0 * day.sizes * (1.0 / now < 0.05) / (5.0 * day.depth[at]),
    }

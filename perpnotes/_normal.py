"""The normal distribution over arrays, from the standard library's, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from perpnotes._validate import FloatArray

_LOWEST, _HIGHEST, _STEPS = -39, 9, 256  # beyond these it is 0 and 1; a power of two, so that steps are exact
_FAR = 30  # from here on Mills' ratio is its continued fraction
_BLOCK = 16_384  # what is worked on at a time stays in the cache
_LARGE = 1e150  # its square is a float


def by_blocks(work: Callable[..., FloatArray], *arrays: npt.NDArray[Any]) -> FloatArray:
    """What an elementwise `work` makes of arrays that broadcast: of large ones in blocks of rows that fit the cache."""
    whole = np.broadcast(*arrays)
    shape, size = whole.shape, whole.size
    if size <= _BLOCK:
        return work(*arrays)
    parts = np.broadcast_arrays(*arrays)
    result, rows = np.empty(shape), max(1, _BLOCK * shape[0] // size)
    for start in range(0, shape[0], rows):
        block = slice(start, start + rows)
        result[block] = work(*(part[block] for part in parts))
    return result


def cdf(x: FloatArray) -> FloatArray:
    """Standard normal distribution function; accurate in both tails, unlike one built on `erf`.

    Its Taylor series about the nearest of a table of points that `math.erfc` fills: many times faster than calling it
    for each value, and as exact (in the tail, to what `x` itself is known to).
    """
    return _nearest(_taylor(), np.asarray(x, dtype=np.float64), _LOWEST, _HIGHEST)


def mills(x: FloatArray) -> FloatArray:
    """Mills' ratio `N(-x) / n(x)` for `x >= 0`, which falls like `1/x` where both underflow; in the same way."""
    values = np.asarray(x, dtype=np.float64)
    result = _nearest(_mills(), values, 0, _FAR)
    if (far := values > _FAR).any():
        result[far] = _fraction(values[far])
    return result


def _nearest(table: FloatArray, values: FloatArray, lowest: int, highest: int) -> FloatArray:
    """The Taylor series of a table, one row for each point and its highest power first, about the nearest point."""
    result = np.empty(values.size)
    flat = values.ravel()
    for start in range(0, flat.size, _BLOCK):
        scaled = np.maximum(flat[start : start + _BLOCK], lowest)
        np.minimum(scaled, highest, out=scaled)
        scaled *= _STEPS
        nearest = np.rint(scaled)
        scaled -= nearest
        rows = nearest.astype(np.intp)
        rows -= lowest * _STEPS
        part, *rest = table.take(rows, axis=0, mode="clip").T  # all are there: the other modes look
        for coefficients in rest:
            part = part * scaled
            part += coefficients
        result[start : start + _BLOCK] = part
    return result.reshape(values.shape)


@cache
def _taylor() -> FloatArray:
    """Coefficients `N^(k)(x) h^k / k!`, one row for each point; the derivatives are Hermite polynomials."""
    points = np.arange(_LOWEST * _STEPS, _HIGHEST * _STEPS + 1) / _STEPS
    rows = [np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in points.tolist()])]
    hermite, following, scale = np.ones_like(points), -points, pdf(points)
    for k in range(1, 7):
        scale = scale / (k * _STEPS)
        rows.append(hermite * scale)
        hermite, following = following, -points * following - k * hermite
    return np.stack(rows[::-1], axis=1)


@cache
def _mills() -> FloatArray:
    """The same for Mills' ratio `M`: `M' = x M - 1`, so `M^(k+1) = x M^(k) + k M^(k-1)`."""
    points = np.arange(_FAR * _STEPS + 1) / _STEPS
    near = points < 4  # where the argument's rounding in erfc is small; beyond, the fraction is exact
    rows = [np.empty_like(points)]
    rows[0][near] = [0.5 * math.erfc(x / math.sqrt(2.0)) for x in points[near].tolist()] / pdf(points[near])
    rows[0][~near] = _fraction(points[~near])
    rows.append(points * rows[0] - 1.0)
    for k in range(1, 6):
        rows.append(points * rows[k] + k * rows[k - 1])
    return np.stack([row / (math.factorial(k) * float(_STEPS) ** k) for k, row in enumerate(rows)][::-1], axis=1)


def _fraction(x: FloatArray) -> FloatArray:
    """Mills' ratio as the continued fraction `1/(x + 1/(x + 2/(x + …)))`, for `x >= 4`."""
    tail = x
    for k in range(120, 0, -1):
        tail = x + k / tail
    return np.asarray(1.0 / tail)


def pdf(x: FloatArray) -> FloatArray:
    """Standard normal density."""
    return np.asarray(np.exp(-0.5 * np.square(x)) / math.sqrt(2.0 * math.pi))


def first_passage(distance: FloatArray, toward: FloatArray, sigma: FloatArray, years: FloatArray) -> FloatArray:
    """Probability that a Brownian motion covers a `distance > 0` within a time, with a drift toward it.

    `N(r) + exp(2 n a / sigma^2) N(-f)` with `r = (n T - a)/v`, `f = (n T + a)/v` and `v = sigma sqrt(T)`. The second
    term is a large factor times a small tail: it is `n(r) N(-f)/n(f)`, which has neither. Sizes that floats cannot hold
    are those at which it is 0 or 1 anyway.
    """
    arrays = np.broadcast_arrays(distance, toward, sigma, years)
    result = np.empty(arrays[0].shape)
    flat, parts = result.reshape(-1), [array.reshape(-1) for array in arrays]
    for start in range(0, flat.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        flat[block] = _first_passage(*(part[block] for part in parts))
    return result


def _first_passage(distance: FloatArray, toward: FloatArray, sigma: FloatArray, years: FloatArray) -> FloatArray:
    spread = np.clip(sigma * np.sqrt(years), 1e-300, 1e300)
    path = np.clip(toward * years, -1e300, 1e300)
    reach, far = (np.clip((path + way) / spread, -_LARGE, _LARGE) for way in (-distance, distance))
    mirrored = pdf(reach) * mills(np.maximum(far, 0.0))
    if (against := far < 0).any():  # there the factor is small
        drift, way = (np.clip(part / sigma, -_LARGE, _LARGE)[against] for part in (toward, distance))
        mirrored[against] = np.exp(np.maximum(-1e3, 2.0 * drift * way)) * cdf(-far[against])
    return np.minimum(1.0, cdf(reach) + mirrored)


def passage_time(distance: float, toward: float, sigma: float, chance: float, guess: float) -> float:
    """The time at which `first_passage` is `chance`, for one position; infinite where it never is.

    Newton on the logarithms of both, with the density `a / (sigma sqrt(2 pi T^3)) exp(-r^2/2)` of the time as the
    derivative, held between bounds that each step narrows. Plain floats: arrays of one number cost many times more.

    Parameters:
        distance: `a`, from 1e-9 to 1e9, as all sizes here: none of their squares overflows.
        toward: drift toward the level, at most 1e9 in size.
        sigma: volatility, from 1e-9 to 1e9.
        chance: in `(0, 1)`.
        guess: a first logarithm of the time.
    """
    apart = 2.0 * (toward / sigma) * (distance / sigma)

    def reached(time: float) -> tuple[float, float]:
        """The probability and its derivative by the logarithm of the time."""
        spread = sigma * math.sqrt(time)
        near, far = (toward * time - distance) / spread, (toward * time + distance) / spread
        density = math.exp(-0.5 * near * near) / math.sqrt(2.0 * math.pi)
        if far < _FAR:
            mirrored = math.exp(min(apart, 700.0)) * 0.5 * math.erfc(far / math.sqrt(2.0))
        else:
            tail = far
            for k in range(12, 0, -1):
                tail = far + k / tail
            mirrored = density / tail
        return min(1.0, 0.5 * math.erfc(-near / math.sqrt(2.0)) + mirrored), density * distance / spread

    low, high, at = guess - 60.0, guess + 60.0, guess
    if reached(math.exp(high))[0] < chance:
        return math.inf
    for _ in range(200):
        probability, slope = reached(math.exp(at))
        low, high = (low, at) if probability >= chance else (at, high)
        step = probability * math.log(chance / probability) / slope if probability > 0 and slope > 0 else math.inf
        after = at + step
        if not low <= after <= high:
            after = (low + high) / 2.0
        if abs(after - at) <= 4e-16 * max(1.0, abs(at)) or high - low <= 4e-16 * max(1.0, abs(at)):
            break
        at = after
    return math.exp(after)


def passage_times(
    distance: FloatArray, toward: FloatArray, sigma: FloatArray, chance: FloatArray, guess: FloatArray
) -> FloatArray:
    """`passage_time` for many, of any sizes.

    Parameters:
        distance: `a > 0`; all arrays have one shape.
        toward: drift toward the level.
        sigma: volatility, `> 0`.
        chance: in `(0, 1)`.
        guess: a first logarithm of the time.
    """
    result = np.full(distance.size, np.inf)
    low, high = np.clip(guess - 60.0, -1e3, 600.0), np.clip(guess + 60.0, -600.0, 700.0)
    here = np.flatnonzero(first_passage(distance, toward, sigma, np.exp(high)) >= chance)
    a, n, s, c, below, above = (part.ravel()[here] for part in (distance, toward, sigma, chance, low, high))
    at = (below + above) / 2.0
    for _ in range(200):
        time = np.exp(at)
        reached = first_passage(a, n, s, time)
        hit = reached >= c
        below, above = np.where(hit, below, at), np.where(hit, at, above)
        with np.errstate(all="ignore"):  # where a step is no number, the middle of the bounds is taken
            spread = s * np.sqrt(time)
            slope = pdf((n * time - a) / spread) * a / spread
            after = at + reached * np.log(c / reached) / slope
        after = np.where((below < after) & (after < above), after, (below + above) / 2.0)
        close = 4e-16 * np.maximum(1.0, np.abs(at))
        done = (np.abs(after - at) <= close) | (above - below <= close)
        result[here] = np.exp(after)
        if done.all():
            break
        here = here[~done]
        a, n, s, c, below, above, at = (part[~done] for part in (a, n, s, c, below, above, after))
    return result.reshape(distance.shape)

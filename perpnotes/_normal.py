"""The normal distribution over arrays, from the standard library's, and what follows from it."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from perpnotes._validate import FloatArray

_LOWEST, _HIGHEST, _STEPS = -39, 9, 256  # beyond these it is 0 and 1; a power of two, so that steps are exact
_FAR = 30  # from here on Mills' ratio is its continued fraction
_BLOCK = 16_384  # what is worked on at a time stays in the cache
_LARGE = 1e150  # its square is a float


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
    """The Taylor series of a table, one row for each power, about its point nearest to each value."""
    result = np.empty(values.size)
    flat = values.ravel()
    for start in range(0, flat.size, _BLOCK):
        scaled = np.clip(flat[start : start + _BLOCK], lowest, highest) * _STEPS
        nearest = np.rint(scaled)
        scaled -= nearest
        row = nearest.astype(np.intp) - lowest * _STEPS
        part = table[-1].take(row)
        for coefficients in table[-2::-1]:
            part *= scaled
            part += coefficients.take(row)
        result[start : start + _BLOCK] = part
    return result.reshape(values.shape)


@cache
def _taylor() -> FloatArray:
    """Coefficients `N^(k)(x) h^k / k!` at each point, one row for each `k`; the derivatives are Hermite polynomials."""
    points = np.arange(_LOWEST * _STEPS, _HIGHEST * _STEPS + 1) / _STEPS
    rows = [np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in points.tolist()])]
    hermite, following, scale = np.ones_like(points), -points, pdf(points)
    for k in range(1, 7):
        scale = scale / (k * _STEPS)
        rows.append(hermite * scale)
        hermite, following = following, -points * following - k * hermite
    return np.stack(rows)


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
    return np.stack([row / (math.factorial(k) * float(_STEPS) ** k) for k, row in enumerate(rows)])


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

"""The normal distribution over arrays, from the standard library's, and what follows from it."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from perpnotes._validate import FloatArray

_LOWEST, _HIGHEST, _STEPS = -39, 9, 256  # beyond these it is 0 and 1; a power of two, so that steps are exact
_BLOCK = 16_384  # what is worked on at a time stays in the cache


def cdf(x: FloatArray) -> FloatArray:
    """Standard normal distribution function; accurate in both tails, unlike one built on `erf`.

    Its Taylor series about the nearest of a table of points that `math.erfc` fills: many times faster than calling it
    for each value, and as exact (in the tail, to what `x` itself is known to).
    """
    values = np.asarray(x, dtype=np.float64)
    result = np.empty(values.size)
    flat, table = values.ravel(), _taylor()
    for start in range(0, flat.size, _BLOCK):
        scaled = np.clip(flat[start : start + _BLOCK], _LOWEST, _HIGHEST) * _STEPS
        nearest = np.rint(scaled)
        scaled -= nearest
        row = nearest.astype(np.intp) - _LOWEST * _STEPS
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


def pdf(x: FloatArray) -> FloatArray:
    """Standard normal density."""
    return np.asarray(np.exp(-0.5 * np.square(x)) / math.sqrt(2.0 * math.pi))


def log_cdf(x: FloatArray) -> FloatArray:
    """Logarithm of the distribution function, also where the function itself underflows."""
    deep = np.minimum(x, -30.0)  # from here on the neglected term of Mills' series is below 1e-8 of the sum
    series = -deep * deep / 2 - np.log(-deep * math.sqrt(2 * math.pi)) + np.log1p(-(deep**-2) + 3 * deep**-4)
    result: FloatArray = np.where(x < -30.0, series, np.log(np.maximum(cdf(np.maximum(x, -30.0)), 1e-300)))
    return result


def first_passage(distance: FloatArray, toward: FloatArray, sigma: FloatArray, years: FloatArray) -> FloatArray:
    """Probability that a Brownian motion covers a `distance > 0` within a time, with a drift toward it."""
    spread = sigma * np.sqrt(years)
    # the second term is a large factor times a small tail, so it is a sum of logarithms
    tail = log_cdf((-toward * years - distance) / spread)
    mirrored = np.exp(np.minimum(0.0, 2.0 * toward * distance / sigma**2 + tail))
    return np.minimum(1.0, cdf((toward * years - distance) / spread) + mirrored)

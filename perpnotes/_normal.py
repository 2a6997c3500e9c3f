"""The normal distribution from the standard library, applied over arrays, and what follows from it."""

from __future__ import annotations

import math

import numpy as np

from perpnotes._validate import FloatArray

_erfc = np.frompyfunc(math.erfc, 1, 1)


def cdf(x: FloatArray) -> FloatArray:
    """Standard normal distribution function; accurate in both tails, unlike one built on `erf`."""
    return np.asarray(0.5 * np.asarray(_erfc(np.asarray(x) / -math.sqrt(2.0)), dtype=np.float64))


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

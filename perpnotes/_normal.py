"""The normal distribution from the standard library, applied over arrays."""

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

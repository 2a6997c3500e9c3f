"""The normal distribution over arrays and first passage, against scipy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import _normal
from perpnotes._validate import FloatArray

GRID = np.concatenate([np.linspace(-38, 9, 9_401), np.arange(-39 * 4, 9 * 4) / 4, [-0.0, 0.0, 1e-300]])


def test_the_distribution_function_in_both_tails() -> None:
    """As scipy's to 14 digits near the middle, and in the far tail to what the argument itself is known to."""
    floats = GRID[GRID > -37]
    assert _normal.cdf(floats) == pytest.approx(np.exp(scipy.special.log_ndtr(floats)), rel=1e-11, abs=0)
    assert _normal.cdf(np.array([-50.0, -39.0, 9.0, 50.0])).tolist() == [0.0, 0.0, 1.0, 1.0]
    near = GRID[np.abs(GRID) < 3]
    assert _normal.cdf(near) == pytest.approx(scipy.special.ndtr(near), rel=1e-14, abs=0)


def test_mills_ratio_near_and_far() -> None:
    """Also where tail and density both are no floats any more; it falls like 1/x."""
    x = np.concatenate([np.linspace(0, 37, 3_701), [3.999, 4.001, 29.99, 30.0, 30.01, 1e3]])
    assert _normal.mills(x) == pytest.approx(
        math.sqrt(math.pi / 2) * scipy.special.erfcx(x / math.sqrt(2)), rel=5e-15, abs=0
    )
    assert _normal.mills(np.array([1e8])) == pytest.approx(1e-8, rel=1e-15, abs=0)


def test_the_density() -> None:
    assert _normal.pdf(GRID) == pytest.approx(scipy.stats.norm.pdf(GRID), rel=1e-13, abs=0)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (5, 7_001), (40_000,)])
def test_any_shape_is_worked_on_in_blocks_and_keeps_its_place(shape: tuple[int, ...]) -> None:
    """More than a block of numbers, too, with parts that broadcast."""
    x = np.random.default_rng(1).normal(size=shape)
    assert _normal.cdf(x).shape == shape
    np.testing.assert_allclose(_normal.cdf(x), scipy.special.ndtr(x), rtol=1e-13, atol=0)
    calls: list[int] = []

    def work(a: FloatArray, b: FloatArray) -> FloatArray:
        calls.append(np.broadcast(a, b).size)
        return np.asarray(a - 2.0 * b)

    y = np.arange(float(shape[-1]))
    assert (_normal.by_blocks(work, x, y) == x - 2.0 * y).all()
    assert sum(calls) == x.size
    assert len(calls) == 1 if x.size <= 16_384 else 1 < len(calls) <= 8


POSITIVE = st.floats(-2, 2).map(lambda x: 10.0**x)


@given(distance=POSITIVE, toward=st.floats(-3, 3), sigma=POSITIVE, years=POSITIVE)
def test_first_passage_is_its_closed_form(distance: float, toward: float, sigma: float, years: float) -> None:
    """`N(r) + exp(2 n a/s^2) N(-f)` with either sign of the drift."""
    found = float(_normal.first_passage(*(np.array([x]) for x in (distance, toward, sigma, years)))[0])
    spread = sigma * math.sqrt(years)
    reach, far = (toward * years - distance) / spread, (toward * years + distance) / spread
    wanted = scipy.special.ndtr(reach) + np.exp(
        np.minimum(0.0, 2 * toward * distance / sigma**2 + scipy.special.log_ndtr(-far))
    )
    # an exponent is known to a part in 1e16, so that what it is of is to the exponent times that
    size = reach**2 + abs(2 * toward * distance / sigma**2) + far**2
    assert found == pytest.approx(min(1.0, float(wanted)), rel=1e-14 * (10 + size), abs=1e-300)


def test_first_passage_of_many_is_that_of_each() -> None:
    """40,000 of them, in blocks."""
    rng = np.random.default_rng(2)
    parts = [
        rng.uniform(0.1, 2, 40_000),
        rng.normal(0, 1, 40_000),
        rng.uniform(0.2, 1, 40_000),
        rng.uniform(0.1, 3, 40_000),
    ]
    together = _normal.first_passage(*parts)
    for i in (0, 16_383, 16_384, 16_385, 32_768, 39_999):
        assert together[i] == _normal.first_passage(*(part[i : i + 1] for part in parts))[0]
    assert ((together >= 0) & (together <= 1)).all()


def test_first_passage_where_floats_end() -> None:
    """No drift and endless time: sure; a drift away of any size: never, or `exp(2 n a / s^2)`."""
    huge, one = np.array([1e200]), np.array([1.0])
    assert _normal.first_passage(one, huge, one, one).tolist() == [1.0]
    assert _normal.first_passage(one, -huge, one, one).tolist() == [0.0]
    assert _normal.first_passage(huge, one, one, one).tolist() == [0.0]
    assert _normal.first_passage(one, one * 0, one, huge) == pytest.approx(1.0, rel=1e-12, abs=0)
    assert _normal.first_passage(one, -one, one, huge) == pytest.approx(math.exp(-2.0), rel=1e-12, abs=0)
    tiny = np.array([1e-300])  # and a spread that is 0 as a float
    for toward in (one, one * 0, -one):
        assert _normal.first_passage(one, toward, tiny, np.array([1e-60])).tolist() == [0.0]


@given(distance=POSITIVE, toward=st.floats(-2, 2), sigma=POSITIVE, chance=st.floats(1e-6, 0.999))
def test_the_time_of_a_chance_is_where_that_chance_is(
    distance: float, toward: float, sigma: float, chance: float
) -> None:
    """And infinite where even endless time has a smaller one."""
    forever = min(1.0, math.exp(min(0.0, 2.0 * toward * distance / sigma**2))) if toward < 0 else 1.0
    if toward <= 0 and (abs(forever - chance) < 1e-6 or (toward == 0 and chance > 0.99)):
        return  # the time is longer than any that is looked at
    guess = 2.0 * math.log(distance / sigma)
    time = _normal.passage_time(distance, toward, sigma, chance, guess)
    if chance > forever:
        assert time == math.inf
        return
    reached = _normal.first_passage(*(np.array([x]) for x in (distance, toward, sigma, time)))[0]
    assert reached == pytest.approx(chance, rel=1e-9, abs=0)

"""The first move at which accounts meet their requirement: against gaps whose zero is known or can be searched."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import _crossing
from perpnotes._crossing import first_move
from perpnotes._validate import FloatArray
from perpnotes.margin import published_tiers


@pytest.fixture(autouse=True, scope="module")
def bounded() -> Iterator[None]:
    """A search that looks at the gap more than 500 times fails; else one that does not end would run for ever."""
    stepped, log, looks = _crossing._stepped, _crossing._log, itertools.count()

    def search(*parts: Any) -> FloatArray:
        nonlocal looks
        looks = itertools.count()
        return stepped(*parts)

    def look(*parts: FloatArray) -> tuple[FloatArray, FloatArray]:
        assert next(looks) < 500
        return log(*parts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_crossing, "_stepped", search)
        patch.setattr(_crossing, "_log", look)
        yield


def move(constant: float, legs: list[list[tuple[float, float]]], exponents: list[float], *, down: bool) -> float:
    """For one account: of each leg its lines `(v, s)`, and its exponent."""
    ordered = [sorted(leg, key=lambda line: line[::-1]) for leg in legs]  # by their slopes
    lines = np.array(ordered, dtype=float).transpose(1, 0, 2)  # lines, legs, (v, s)
    values, slopes = lines[..., 0, None], lines[..., 1, None]
    powers = np.array(exponents)[:, None]
    return float(first_move(np.array([constant]), lambda _: (values, slopes), powers, down=down)[0])


def gap(r: float, constant: float, legs: list[list[tuple[float, float]]], exponents: list[float]) -> float:
    """What is above the requirement after a move of the driver."""
    grown = [(1.0 + r) ** b for b in exponents]
    return constant + math.fsum(min(v + s * (g - 1.0) for v, s in leg) for leg, g in zip(legs, grown, strict=True))


class TestStraight:
    """Exponents 0 and 1: the gap is a concave line of pieces."""

    def test_one_line(self) -> None:
        """100 and a slope of 400: zero at a fall of a quarter, and never upward."""
        assert move(100.0, [[(0.0, 400.0)]], [1.0], down=True) == 0.25
        assert move(100.0, [[(0.0, 400.0)]], [1.0], down=False) == math.inf
        assert move(100.0, [[(0.0, -400.0)]], [1.0], down=False) == 0.25

    @pytest.mark.parametrize("exponent", [1.0, 2.0])
    def test_a_zero_at_the_price_zero_is_none(self, exponent: float) -> None:
        """What is fully paid for is worth nothing only where the price is nothing."""
        assert move(0.0, [[(1.0, 1.0)]], [exponent], down=True) == math.inf

    @pytest.mark.parametrize("exponents", [[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]])
    def test_where_nothing_is_left_the_move_is_zero(self, exponents: list[float]) -> None:
        """On either side, hedged or not: it is there already."""
        for constant in (0.0, -1.0):
            for slopes in ((5.0, -5.0), (5.0, 2.0), (-5.0, 2.0)):
                for down in (True, False):
                    assert move(constant, [[(0.0, s)] for s in slopes], exponents, down=down) == 0.0

    @pytest.mark.parametrize("exponents", [[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]])
    def test_a_hedged_account_never_gets_there(self, exponents: list[float]) -> None:
        for down in (True, False):
            assert move(1.0, [[(0.0, 5.0)], [(0.0, -5.0)]], exponents, down=down) == math.inf

    def test_one_account_is_looked_at_as_long_as_it_takes(self) -> None:
        """Six legs that ask for ten times as much, each from twice as far: one is left behind at each step inward."""
        legs = [[(0.0, -1.0), (0.0, -1.0)], *([(0.0, 0.0), (20.0**k, -(10.0**k))] for k in range(6))]
        assert move(0.5, legs, [1.0] * 7, down=False) == pytest.approx(0.5, rel=1e-12)

    def test_the_tier_that_is_reached_decides(self) -> None:
        """From a fall of 10% on, a second tier asks for more: 100 - 200 r until there, and 120 - 400 r beyond."""
        legs = [[(0.0, 200.0), (20.0, 400.0)]]
        assert move(100.0, legs, [1.0], down=True) == pytest.approx(0.3, rel=1e-15, abs=0)
        assert move(15.0, legs, [1.0], down=True) == pytest.approx(0.075, rel=1e-15, abs=0)


LINES = st.tuples(st.floats(-50, 50), st.floats(-200, 200))
ACCOUNTS = st.integers(1, 3).flatmap(
    lambda tiers: st.lists(
        st.tuples(st.lists(LINES, min_size=tiers, max_size=tiers), st.sampled_from([0.0, 0.5, 1.0, 1.7, -0.6])),
        min_size=1,
        max_size=3,
    )
)


@given(constant=st.floats(-20, 200), account=ACCOUNTS, down=st.booleans())
def test_it_is_the_first_zero_that_a_search_finds(
    constant: float, account: list[tuple[list[tuple[float, float]], float]], down: bool
) -> None:
    """The gap is above zero on the way there, and zero there; where there is none it is above zero everywhere."""
    legs, exponents = [leg for leg, _ in account], [b for _, b in account]

    def at(r: float) -> float:
        return gap(r, constant, legs, exponents)

    found = move(constant, legs, exponents, down=down)
    size = abs(constant) + sum(abs(v) + abs(s) for leg in legs for v, s in leg)
    if at(0.0) <= 1e-9 * size:
        assert found == 0.0 or at(0.0) > 0
        return
    logs = np.linspace(0.0, -np.log(1e-9) if down else np.log(20.0), 4001)[1:]
    moves = np.expm1(-logs) if down else np.expm1(logs)
    before = np.array([at(r) for r in moves if abs(r) < found])
    assert before.size == 0 or before.min() > -1e-9 * size
    if found <= abs(moves[-1]):
        assert at(math.copysign(found, moves[0])) == pytest.approx(0.0, rel=0, abs=1e-9 * size)
        below = next((i for i, r in enumerate(moves) if at(r) < -1e-6 * size), None)
        if below is not None:
            inside = 0.0 if below == 0 else moves[below - 1]
            if at(inside) > 0:
                root = abs(scipy.optimize.brentq(at, inside, moves[below], xtol=1e-14))
                assert found <= root * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("exponents", [[1.0, 1.3, 0.5], [1.0, 0.4, 1.1]])
def test_tiers_that_an_account_never_meets_do_not_blur_it(side: float, exponents: list[float]) -> None:
    """A dollar and a billion beside a table whose last tiers are for billions, alone and together: equally exact."""
    table, money = published_tiers("binance_btcusdt_2024_10"), 10.0 ** np.arange(0, 10)
    rates, cuts = (np.array(part)[:, None, None] for part in (table.rates, table.deductions))
    sizes = side * np.array([4.0, -2.0, 1.0])[:, None] * money
    values, slopes = cuts - rates * np.abs(sizes), sizes - rates * np.abs(sizes)
    for down in (True, False):
        together = first_move(
            money, lambda part: (values[..., part], slopes[..., part]), np.array(exponents)[:, None], down=down
        )
        grid = np.expm1(np.linspace(0.0, -1.5 if down else 1.5, 601))
        for i, found in enumerate(together):
            legs = [[(v, s) for v, s in zip(values[:, j, i], slopes[:, j, i], strict=True)] for j in range(3)]
            assert found == pytest.approx(move(money[i], legs, exponents, down=down), rel=1e-12)
            below = np.flatnonzero([gap(r, money[i], legs, exponents) <= 0 for r in grid])
            if below.size and below[0] == 0:
                assert found == 0.0
            elif below.size:
                inside = grid[below[0] - 1 : below[0] + 1]
                root = scipy.optimize.brentq(gap, *inside, args=(money[i], legs, exponents), xtol=1e-15, rtol=1e-14)
                assert found == pytest.approx(abs(root), rel=1e-10)
            else:
                assert found > abs(grid[-1])


def test_each_account_follows_by_exponents_of_its_own() -> None:
    """Among them one of which no leg moves; each is answered as alone."""
    powers = np.array([[0.0, 0.5, 2.0, 0.0], [0.0, 1.0, -1.0, 3.0]])
    constant, values, slopes = np.full(4, 60.0), np.zeros((1, 2, 4)), np.array([[[90.0] * 4, [40.0] * 4]])

    def lines(part: slice) -> tuple[FloatArray, FloatArray]:
        return values[..., part], slopes[..., part]

    for down in (True, False):
        together = first_move(constant, lines, powers, down=down)
        alone = [move(60.0, [[(0.0, 90.0)], [(0.0, 40.0)]], powers[:, i].tolist(), down=down) for i in range(4)]
        assert together.tolist() == pytest.approx(alone, rel=1e-12)
        assert together[0] == math.inf


@pytest.mark.parametrize("exponent", [1.0, 1.5])
def test_many_accounts_are_answered_as_one_by_one(exponent: float) -> None:
    """300 of them, three legs of two tiers, in blocks and alone."""
    rng = np.random.default_rng(5)
    constant, values, slopes = rng.normal(60, 40, 300), rng.normal(0, 20, (2, 3, 300)), rng.normal(0, 90, (2, 3, 300))
    powers = np.array([[1.0], [exponent], [0.0]])
    order = np.argsort(slopes, axis=0)
    values, slopes = (np.take_along_axis(part, order, axis=0) for part in (values, slopes))

    def lines(part: slice) -> tuple[FloatArray, FloatArray]:
        return values[..., part], slopes[..., part]

    each = rng.random(300) < 0.5
    for down in (True, False, each):
        together = first_move(constant, lines, powers, down=down)
        for i, falls in enumerate(np.broadcast_to(down, 300).tolist()):
            legs = [[(values[k, j, i], slopes[k, j, i]) for k in range(2)] for j in range(3)]
            alone = move(constant[i], legs, powers[:, 0].tolist(), down=falls)
            assert together[i] == pytest.approx(alone, rel=1e-9, abs=1e-12) or together[i] == alone
        assert np.isinf(together).any()
        assert (together == 0).any()
        assert (np.isfinite(together) & (together > 0)).any()

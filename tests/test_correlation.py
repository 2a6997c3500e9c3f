"""Correlation: the stresses, the risk of a book, and the two repairs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, case
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from perpnotes import correlation
from perpnotes._validate import FloatArray
from perpnotes.correlation import (
    breakeven,
    check,
    contributions,
    equicorrelation,
    nearest,
    netting_benefit,
    one_factor,
    spectral,
    toward_adverse,
    toward_blocks,
    toward_one,
    volatility,
)

PRINTED = 6e-9  # the check values have eight decimals: half a unit of the last one
ROUNDING = 1e-12  # sums of at most a few dozen terms of order one

modest = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.differing_executors]
)
thetas = st.floats(0, 1)


def eigenvalues(matrix: Any) -> FloatArray:
    values: FloatArray = np.linalg.eigvalsh(np.asarray(matrix, dtype=float))
    return values


def distance(a: Any, b: Any) -> float:
    return float(np.linalg.norm(np.asarray(a, dtype=float) - np.asarray(b, dtype=float)))


def random_correlation(rng: np.random.Generator, n: int) -> FloatArray:
    """A correlation matrix of any rank from 1 to n: rows of unit length, multiplied with one another."""
    rows = rng.normal(size=(n, rng.integers(1, n + 1)))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    c = np.clip(rows @ rows.T, -1, 1)
    np.fill_diagonal(c, 1.0)
    symmetric: FloatArray = (c + c.T) / 2
    return symmetric


@st.composite
def correlations(draw: st.DrawFn, n: int | None = None) -> FloatArray:
    n = draw(st.integers(1, 6)) if n is None else n
    return random_correlation(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), n)


@st.composite
def books(draw: st.DrawFn) -> tuple[FloatArray, FloatArray]:
    c = draw(correlations())
    return draw(arrays(float, len(c), elements=st.floats(-100, 100).map(lambda x: round(x, 3)))), c


@st.composite
def edited(draw: st.DrawFn) -> FloatArray:
    """Symmetric, a unit diagonal, entries in [-1, 1]; most have a negative eigenvalue."""
    n = draw(st.integers(2, 5))
    lower = np.tril(draw(arrays(float, (n, n), elements=st.floats(-1, 1).map(lambda x: round(x, 3)))), -1)
    a: FloatArray = lower + lower.T + np.eye(n)
    return a


# What is a correlation matrix


@modest
@given(correlations())
def test_check_returns_what_it_was_given(c: FloatArray) -> None:
    """A correlation matrix of any rank passes, and nothing in it is changed."""
    assert np.array_equal(check(c), c)


def test_check_names_the_offending_eigenvalue() -> None:
    """The message says which eigenvalue is negative, of what, and which functions repair it."""
    with pytest.raises(ValueError, match=r"^edited must have .* got -0\.00735244; nearest\(\) or spectral\(\) repairs"):
        check([[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]], name="edited")


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 0.5], [0.4, 1]], "correlation must be symmetric, got entries that differ by 0.1"),
        ([[1, 0.5], [0.5, 0.9]], "correlation must have ones on its diagonal, got 0.9"),
        ([[1, 1.5], [1.5, 1]], "correlation must have entries from -1 to 1, got 1.5"),
        ([[1, 0], [0, 1 + 1e-9]], "correlation must have ones on its diagonal, got 1.000000001"),
        ([[1, 1 + 1e-9], [1 + 1e-9, 1]], "correlation must have entries from -1 to 1, got 1.000000001"),
        ([[1, 0.5, 0], [0.5, 1, 0]], "correlation must be square, got shape (2, 3)"),
        ([[1, math.nan], [math.nan, 1]], "correlation must be finite, got nan"),
        ([1, 1], "correlation must be square, got shape (2,)"),
        (1.0, "correlation must be square, got shape ()"),
        ([[]], "correlation must not be empty"),
        ([["a"]], "correlation must be a number or an array of numbers, got [['a']]"),
    ],
)
def test_check_says_what_is_wrong(matrix: Any, message: str) -> None:
    """Each fault has its own short message: the parameter, what is allowed, the value."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        check(matrix)
    assert str(caught.value) == message


@pytest.mark.parametrize(("error", "passes"), [(0.9e-10, True), (1.1e-8, False)])
def test_check_forgives_rounding_and_no_more(error: float, passes: bool) -> None:
    """Entries within 1e-10, eigenvalues within n times that; an error a hundred times as large is refused."""
    c = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0 - error], [1.0, 1.0 - error, 1.0]])
    assert eigenvalues(c)[0] < 0
    if passes:
        assert np.array_equal(check(c), c)
    else:
        with pytest.raises(ValueError, match="no negative eigenvalue"):
            check(c)


def test_check_takes_a_stack() -> None:
    """Leading axes are a stack, and one bad matrix in it is found."""
    stack = equicorrelation(3, [-0.5, 0.0, 1.0])
    assert check(stack).shape == (3, 3, 3)
    stack[1, 0, 1] = stack[1, 1, 0] = stack[1, 0, 2] = stack[1, 2, 0] = 0.9
    with pytest.raises(ValueError, match="negative eigenvalue"):
        check(stack)


# Matrices by formula


@modest
@given(st.integers(2, 8), st.floats(0, 1))
def test_equicorrelation_eigenvalues(n: int, fraction: float) -> None:
    """The eigenvalues are 1 - ρ (n - 1 times) and 1 + (n - 1) ρ."""
    rho = -1 / (n - 1) + fraction * (1 + 1 / (n - 1))
    rho = min(rho, 1.0)  # rounding
    expected = np.sort([1 - rho] * (n - 1) + [1 + (n - 1) * rho])
    assert eigenvalues(check(equicorrelation(n, rho))) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("n", [2, 3, 7, 11])
def test_equicorrelation_has_a_floor(n: int) -> None:
    """ρ = -1/(n - 1) is a correlation matrix, anything lower is none."""
    floor = -1 / (n - 1)
    assert eigenvalues(check(equicorrelation(n, floor)))[0] == pytest.approx(0, abs=ROUNDING)
    with pytest.raises(ValueError, match="rho must be >= -"):
        equicorrelation(n, floor - 1e-9)


def test_equicorrelation_of_one_asset() -> None:
    """One asset has no pair: the matrix is [[1]] whatever ρ."""
    assert equicorrelation(1, -1.0).tolist() == [[1.0]]


@modest
@given(arrays(float, st.integers(1, 7), elements=st.floats(-1, 1)), thetas)
def test_one_factor_is_always_a_correlation_matrix(b: FloatArray, theta: float) -> None:
    """C = bb' + diag(1 - b²), also with stressed loadings b + θ (1 - b), which reach 11' at θ = 1."""
    stressed = b + theta * (1 - b)
    expected = np.outer(stressed, stressed) + np.diag(1 - stressed**2)
    assert check(one_factor(stressed)) == pytest.approx(expected, abs=ROUNDING)
    assert np.array_equal(one_factor(b + 1.0 * (1 - b)).round(12), np.ones((len(b), len(b))))


def test_one_factor_with_equal_loadings_is_equicorrelation() -> None:
    """Loadings sqrt(ρ) make every pair's correlation ρ."""
    assert one_factor([math.sqrt(0.3)] * 4) == pytest.approx(equicorrelation(4, 0.3), abs=ROUNDING)


# Stresses


@modest
@given(books(), thetas)
def test_every_stress_leaves_a_correlation_matrix(book: tuple[FloatArray, FloatArray], theta: float) -> None:
    """A mixture of two correlation matrices is one; its lowest eigenvalue is at least (1 - θ) times the lowest of C."""
    u, c = book
    bound = (1 - theta) * eigenvalues(c)[0] - ROUNDING
    for stressed in (
        toward_one(c, theta),
        toward_adverse(c, theta, u),
        toward_blocks(c, theta, [i % 2 for i in range(len(u))]),
    ):
        assert eigenvalues(check(stressed))[0] >= bound


@modest
@given(books(), thetas)
def test_variance_is_linear_on_the_way(book: tuple[FloatArray, FloatArray], theta: float) -> None:
    """σ² moves on a straight line to (Σu)², to (Σ|u|)² and to the sum over groups of (Σu)²."""
    u, c = book
    groups = np.arange(len(u)) % 2
    today = u @ c @ u
    ends = {
        (u.sum()) ** 2: toward_one(c, theta),
        (np.abs(u).sum()) ** 2: toward_adverse(c, theta, u),
        sum(float(u[groups == g].sum()) ** 2 for g in (0, 1)): toward_blocks(c, theta, groups),
    }
    tolerance = 1e-12 * (1 + np.abs(u).sum() ** 2)  # rounding, relative to the largest terms of the sum
    for end, stressed in ends.items():
        assert volatility(u, stressed) ** 2 == pytest.approx((1 - theta) * today + theta * end, abs=tolerance)


@modest
@given(books())
def test_the_ends_of_the_way_are_exact(book: tuple[FloatArray, FloatArray]) -> None:
    """θ = 0 is today's matrix and θ = 1 the target, to the last bit."""
    u, c = book
    s = np.where(u < 0, -1.0, 1.0)
    groups = list("abcabc"[: len(u)])
    blocks = np.array([[float(g == h) for h in groups] for g in groups])
    assert np.array_equal(toward_one(c, 0), c)
    assert np.array_equal(toward_one(c, 1), np.ones_like(c))
    assert np.array_equal(toward_adverse(c, 0, u), c)
    assert np.array_equal(toward_adverse(c, 1, u), np.outer(s, s))
    assert np.array_equal(toward_blocks(c, 0, groups), c)
    assert np.array_equal(toward_blocks(c, 1, groups), blocks)


def test_adverse_is_the_maximum_over_all_correlation_matrices() -> None:
    """Σ|u| bounds the volatility under 2,000 random matrices, and is reached at θ = 1."""
    rng = np.random.default_rng(7)
    u = np.array([10.0, -4.0, 2.5, -0.5])
    worst = volatility(u, toward_adverse(np.eye(4), 1.0, u))
    assert worst == pytest.approx(np.abs(u).sum(), rel=ROUNDING)
    anywhere = [float(volatility(u, random_correlation(rng, 4))) for _ in range(2_000)]
    assert max(anywhere) <= worst
    assert max(anywhere) > 0.95 * worst  # the bound is not idle: rank-one draws come near it


def test_a_jump_helps_a_book_whose_legs_offset() -> None:
    """Toward one, a long and a short of one size lose all their risk; two longs lose all their netting."""
    c = equicorrelation(2, 0.5)
    assert volatility([10.0, -10.0], toward_one(c, [0.0, 0.5, 1.0])) == pytest.approx(
        [10.0, math.sqrt(50.0), 0.0], rel=ROUNDING
    )
    assert netting_benefit([10.0, 10.0], toward_one(c, 1.0)) == 0.0
    assert netting_benefit([0.1, 0.3, 0.1], equicorrelation(3, 1.0)) == 0.0  # in floats Σ|u| - σ is -1e-16


def test_blocks_scale_down_across_groups() -> None:
    """Inside a group toward one, across groups (1 - θ) C."""
    c = equicorrelation(4, 0.5)
    stressed = toward_blocks(c, 0.4, [1, 2, 1, 2])
    assert stressed[0] == pytest.approx([1, 0.3, 0.7, 0.3], abs=ROUNDING)


def test_one_group_is_toward_one() -> None:
    """With one group for all, blocks are the jump to one; with one group each, they are the shrinkage to I."""
    c = random_correlation(np.random.default_rng(3), 5)
    assert np.array_equal(toward_blocks(c, 0.3, ["all"] * 5), toward_one(c, 0.3))
    assert toward_blocks(c, 0.3, range(5)) == pytest.approx(0.7 * c + 0.3 * np.eye(5), abs=ROUNDING)


def test_blocks_without_the_scaling_would_break_the_matrix() -> None:
    """Why the cross-group entries shrink: two assets cannot near one while a third still tells them apart."""
    c = np.array([[1, 0, 0.7], [0, 1, -0.7], [0.7, -0.7, 1]])
    naive = check(c).copy()
    naive[0, 1] = naive[1, 0] = 0.5
    with pytest.raises(ValueError, match="negative eigenvalue"):
        check(naive)
    check(toward_blocks(c, 0.5, ["a", "a", "b"]))


def test_a_zero_exposure_keeps_the_adverse_target_a_correlation_matrix() -> None:
    """sign(0) would leave a hole in the diagonal; a zero counts as long, and changes no volatility."""
    u = [3.0, 0.0, -4.0]
    assert toward_adverse(np.eye(3), 1.0, u).tolist() == [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]
    assert volatility(u, toward_adverse(np.eye(3), 1.0, u)) == pytest.approx(7.0, rel=ROUNDING)


def test_stresses_broadcast_like_a_loop() -> None:
    """Thetas and books along leading axes give what one call each gives."""
    rng = np.random.default_rng(11)
    c, theta, u = random_correlation(rng, 3), np.array([0.0, 0.3, 1.0]), rng.normal(size=(2, 1, 3))
    stack, each = toward_one(c, theta), toward_adverse(c, theta, u)
    assert stack.shape == (3, 3, 3)
    assert each.shape == (2, 3, 3, 3)
    for j, t in enumerate(theta):
        assert np.array_equal(stack[j], toward_one(c, t))
        for i in range(2):
            one = u[i, 0]
            assert np.array_equal(each[i, j], toward_adverse(c, t, one))
            # a stacked product may sum in another order
            assert volatility(u, stack)[i, j] == pytest.approx(volatility(one, stack[j]), rel=ROUNDING)
            assert contributions(u, stack)[i, j] == pytest.approx(contributions(one, stack[j]), abs=ROUNDING)
            assert netting_benefit(u, stack)[i, j] == pytest.approx(netting_benefit(one, stack[j]), abs=ROUNDING)


# The risk of a book


@modest
@given(books())
def test_contributions_sum_to_the_volatility(book: tuple[FloatArray, FloatArray]) -> None:
    """Euler: σ is homogeneous of degree one, so the legs' shares sum to it; also where it is zero."""
    u, c = book
    # dividing by a σ near the rounding threshold sqrt(n ε) Σ|u| leaves half of the digits
    assert contributions(u, c).sum() == pytest.approx(float(volatility(u, c)), abs=1e-7 * (1 + np.abs(u).sum()))


@modest
@given(books())
def test_contributions_are_the_derivative(book: tuple[FloatArray, FloatArray]) -> None:
    """u_i ∂σ/∂u_i by a central difference, wherever the book is well away from volatility zero."""
    u, c = book
    gross = float(np.abs(u).sum())
    assume(gross > 1 and volatility(u, c) > 0.05 * gross)
    h = 1e-6 * gross  # error h² σ''' ~ 1e-9 and ε/h ~ 1e-10, times |u|
    steps = h * np.eye(len(u))
    slope = (volatility(u + steps, c) - volatility(u - steps, c)) / (2 * h)
    assert contributions(u, c) == pytest.approx(u * slope, abs=1e-6 * gross)


@modest
@given(books(), st.floats(0.01, 100))
def test_risk_scales_and_does_not_know_the_side(book: tuple[FloatArray, FloatArray], k: float) -> None:
    """Twice the book is twice the risk, and the mirrored book has the same."""
    u, c = book
    for risk in (volatility, netting_benefit, contributions):
        assert risk(k * u, c) == pytest.approx(k * risk(u, c), rel=1e-7, abs=1e-7 * k)
        assert np.array_equal(risk(-u, c), risk(u, c))


@modest
@given(books())
def test_netting_is_never_negative(book: tuple[FloatArray, FloatArray]) -> None:
    """σ lies between 0 and Σ|u|, so what netting saves does too."""
    u, c = book
    assert 0 <= netting_benefit(u, c) <= np.abs(u).sum() * (1 + ROUNDING)


def test_a_perfect_hedge_has_no_volatility_and_no_contributions() -> None:
    """Where σ is zero there is no gradient: contributions are zeros, which still sum to σ. So for a flat book."""
    for u, c in (
        ([0.1, -0.1], equicorrelation(2, 1.0)),
        ([0.1, 0.3, -0.4], equicorrelation(3, 1.0)),  # in floats the variance is 1e-32, not 0
        ([7.0, 7.0, 7.0], equicorrelation(3, -0.5)),
        ([0.0, 0.0], np.eye(2)),
    ):
        assert volatility(u, c) == 0.0
        assert contributions(u, c).tolist() == [0.0] * len(u)
        assert netting_benefit(u, c) == np.abs(u).sum()


@pytest.mark.parametrize("unit", [1e-149, 1.0, 1e149])
def test_the_unit_of_the_exposures_does_not_matter(unit: float) -> None:
    """No overflow and no loss in the squares, in satoshi or in anything else."""
    assert volatility([3 * unit, 4 * unit], np.eye(2)) / unit == pytest.approx(5.0, rel=ROUNDING)


# When a hedge stops hedging


def test_the_hedge_turns_at_minus_b_over_a() -> None:
    """Main leg 10, hedge 1: the hedge's contribution changes sign at ρ = -0.1 and is all of b at ρ = 1."""
    assert breakeven(10.0, 1.0) == -0.1
    below, at, above, one = (contributions([10.0, 1.0], equicorrelation(2, r))[1] for r in (-0.11, -0.1, -0.09, 1.0))
    assert below < 0 < above
    assert at == pytest.approx(0.0, abs=ROUNDING)
    assert one == pytest.approx(1.0, rel=ROUNDING)


signed = st.floats(0.1, 100).flatmap(lambda x: st.sampled_from([x, -x]))


@modest
@given(signed, signed)
def test_breakeven_is_the_zero_of_the_contribution(a: float, b: float) -> None:
    """Marginal: the hedge's contribution is zero there. None: no correlation makes it negative."""
    rho = breakeven(a, b)
    if rho is None:
        assert abs(b) > abs(a)
        assert all(contributions([a, b], equicorrelation(2, r))[1] >= 0 for r in np.linspace(-1, 1, 9))
    else:
        assert contributions([a, b], equicorrelation(2, rho))[1] == pytest.approx(0.0, abs=1e-7 * abs(a))
        # at the break-even the hedge is the one with the least variance for that correlation
        sizes = b * np.linspace(0.5, 1.5, 11)
        risk = volatility(np.stack([np.full(11, a), sizes], axis=-1), equicorrelation(2, rho))
        assert risk[5] <= risk.min() + 1e-7 * abs(a)


@modest
@given(signed, signed)
def test_breakeven_of_the_whole_hedge(a: float, b: float) -> None:
    """Whole: the book is exactly as risky as without the hedge. None: every correlation makes it riskier."""
    rho = breakeven(a, b, basis="whole")
    if rho is None:
        assert abs(b) > 2 * abs(a)
        assert all(volatility([a, b], equicorrelation(2, r)) > abs(a) for r in np.linspace(-1, 1, 9))
    else:
        assert volatility([a, b], equicorrelation(2, rho)) == pytest.approx(abs(a), rel=1e-9)


def test_between_the_breakevens_the_hedge_is_too_large_yet_better_than_none() -> None:
    """At ρ = -0.08, between -0.1 and -0.05, the hedge contributes risk and still lowers the risk of the book."""
    c = equicorrelation(2, -0.08)
    assert contributions([10.0, 1.0], c)[1] > 0
    assert volatility([10.0, 1.0], c) == pytest.approx(math.sqrt(99.4), rel=ROUNDING)


def test_a_short_hedge_stops_hedging_from_the_other_side() -> None:
    """With opposite signs the break-even is positive, and the jump to one makes the hedge work, not fail."""
    assert breakeven(10.0, -1.0) == 0.1
    assert contributions([10.0, -1.0], equicorrelation(2, 0.05))[1] > 0
    assert contributions([10.0, -1.0], equicorrelation(2, 1.0))[1] == pytest.approx(-1.0, rel=ROUNDING)


# Repairs

INDEFINITE = [[1, 1, 0], [1, 1, 1], [0, 1, 1]]
TRIDIAGONAL = 2 * np.eye(4) - np.eye(4, k=1) - np.eye(4, k=-1)
REBONATO = [[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]]


def test_nearest_of_the_indefinite_example() -> None:
    """[[1,1,0],[1,1,1],[0,1,1]]: off-diagonals .76068985 and .15729811 at distance .52779046."""
    x = nearest(INDEFINITE)
    assert x[[0, 0, 1], [1, 2, 2]] == pytest.approx([0.76068985, 0.15729811, 0.76068985], abs=PRINTED)
    assert distance(x, INDEFINITE) == pytest.approx(0.52779046, abs=PRINTED)


def test_nearest_of_the_indefinite_example_by_algebra() -> None:
    """The nearest is singular and symmetric, so y = 2x² - 1, and minimizing 4(1-x)² + 2y² gives 4x³ - x - 1 = 0."""
    (x,) = (root.real for root in np.roots([4, 0, -1, -1]) if abs(root.imag) < ROUNDING)
    # the stopping rule bounds the last change; the error is a few times as large
    assert nearest(INDEFINITE)[0] == pytest.approx([1, x, 2 * x**2 - 1], abs=1e-11)


def test_nearest_of_the_tridiagonal_example() -> None:
    """tridiag(-1, 2, -1), 4 x 4, which is positive definite but has no unit diagonal."""
    x = nearest(TRIDIAGONAL)
    assert x[0] == pytest.approx([1, -0.8084125, 0.1915875, 0.10677505], abs=PRINTED)
    assert x[1, 2] == pytest.approx(-0.65623269, abs=PRINTED)
    assert distance(x, TRIDIAGONAL) == pytest.approx(2.13372911, abs=PRINTED)


def test_the_rebonato_jaeckel_example() -> None:
    """Eigenvalues, spectral repair, nearest matrix, and the distances of both."""
    upper = ([0, 0, 1], [1, 2, 2])
    assert eigenvalues(REBONATO) == pytest.approx([-0.00735244, 0.71062465, 2.29672779], abs=PRINTED)
    assert spectral(REBONATO)[upper] == pytest.approx([0.89402441, 0.69631907, 0.30096904], abs=PRINTED)
    assert nearest(REBONATO)[upper] == pytest.approx([0.89457529, 0.69662077, 0.30254360], abs=PRINTED)
    assert distance(spectral(REBONATO), REBONATO) == pytest.approx(0.0100196, abs=6e-8)  # printed with fewer decimals
    assert distance(nearest(REBONATO), REBONATO) == pytest.approx(0.0097280, abs=6e-8)


@modest
@given(edited())
def test_nearest_carries_its_certificate(a: FloatArray) -> None:
    """Optimality, independent of the algorithm: X - A = diag(d) + Z with Z positive semidefinite and XZ = 0.

    Off the diagonal Z is X - A, and XZ = 0 fixes its diagonal; the problem is convex, so this proves X the nearest.
    """
    x = check(nearest(a))
    z = x - a
    np.fill_diagonal(z, 0.0)
    np.fill_diagonal(z, -(x * z).sum(axis=1))
    # X is within about 1e-11 of the limit; where convergence is slow, the certificate sees the square root of tol
    assert eigenvalues(z)[0] >= -1e-6
    assert np.abs(x @ z).max() <= 1e-6


@modest
@given(edited())
def test_both_repairs_are_valid_and_nearest_is_no_farther(a: FloatArray) -> None:
    """Each returns an exact unit diagonal, symmetry and no negative eigenvalue; Higham's is at most as far away."""
    near, quick = check(nearest(a)), check(spectral(a))
    for x in (near, quick):
        assert np.array_equal(x, x.T)
        assert np.array_equal(np.diagonal(x), np.ones(len(x)))
        assert eigenvalues(x)[0] >= -ROUNDING
    assert distance(near, a) <= distance(quick, a) + 1e-9  # the stopping tolerance, with room


@modest
@given(correlations())
def test_repairs_leave_a_correlation_matrix_alone(c: FloatArray) -> None:
    """A valid matrix, singular ones included, comes back up to rounding."""
    assert nearest(c) == pytest.approx(c, abs=ROUNDING)
    assert spectral(c) == pytest.approx(c, abs=ROUNDING)


@modest
@given(edited())
def test_repairs_are_idempotent(a: FloatArray) -> None:
    """Repairing a repaired matrix changes nothing."""
    for repair in (nearest, spectral):
        once = repair(a)
        assert repair(once) == pytest.approx(once, abs=1e-11)


@pytest.mark.parametrize(("n", "rho"), [(3, -0.9), (4, -1.0), (6, -0.3)])
def test_repair_of_an_impossible_equicorrelation(n: int, rho: float) -> None:
    """By symmetry both repairs of a ρ below -1/(n - 1) give exactly -1/(n - 1)."""
    impossible = np.full((n, n), rho) + (1 - rho) * np.eye(n)
    possible = equicorrelation(n, -1 / (n - 1))
    assert nearest(impossible) == pytest.approx(possible, abs=1e-11)  # the stopping tolerance, with room
    assert spectral(impossible) == pytest.approx(possible, abs=ROUNDING)


def test_spectral_of_a_covariance_matrix_is_its_correlation_matrix() -> None:
    """Rows to unit length is what standardizing does; the nearest matrix to a covariance matrix is another thing."""
    covariance = np.array([[4.0, 3.0], [3.0, 9.0]])
    assert spectral(covariance) == pytest.approx(equicorrelation(2, 0.5), abs=ROUNDING)
    assert nearest(covariance) == pytest.approx(equicorrelation(2, 1.0), abs=1e-9)


def test_spectral_refuses_a_row_of_which_nothing_is_left() -> None:
    """A negative definite matrix has nothing to rescale; the nearest correlation matrix still exists."""
    with pytest.raises(ValueError, match="keep something of every row"):
        spectral(-np.eye(2))
    assert nearest(-np.eye(2)).tolist() == [[1, 0], [0, 1]]
    assert nearest(np.zeros((2, 2))).tolist() == [[1, 0], [0, 1]]


def test_nearest_says_when_it_did_not_converge() -> None:
    """Too few iterations are an error with the last change, never a matrix that is not there yet."""
    with pytest.raises(
        ValueError, match=r"^max_iterations must be > 3 for this matrix and tol: its last change was 0\.0"
    ):
        nearest(INDEFINITE, max_iterations=3)


def test_an_early_stop_is_still_a_correlation_matrix() -> None:
    """With a loose tol the answer is farther away, and still valid."""
    loose = check(nearest(INDEFINITE, tol=1e-2))
    assert distance(loose, INDEFINITE) > distance(nearest(INDEFINITE), INDEFINITE)


def test_arguments_are_not_modified() -> None:
    """No function writes into what it was given."""
    a, u = np.array(REBONATO), np.array([1.0, -2.0, 3.0])
    before, valid = a.copy(), nearest(a)
    kept = valid.copy()
    spectral(a)
    for stressed in (toward_one(valid, 0.5), toward_adverse(valid, 0.5, u), toward_blocks(valid, 0.5, [0, 0, 1])):
        stressed[:] = 0.0
    contributions(u, valid)
    nearest(valid)[:] = 0.0
    spectral(np.eye(3))[:] = 0.0
    assert np.array_equal(a, before)
    assert np.array_equal(valid, kept)
    assert u.tolist() == [1.0, -2.0, 3.0]


# Bad input

I2: Any = np.eye(2)
MATRICES = [
    math.nan, 1.0, 0.0, -1.0, [], [[]], [1.0, 1.0], "ab", None, [[1, 0]], [[0, 0], [0, 0]], [[-1, 0], [0, -1]],
    [[1, math.nan], [math.nan, 1]], [[1, math.inf], [math.inf, 1]], [[1, 2], [2, 1]], [[1, 0.1], [0.2, 1]],
]  # fmt: skip
REPAIRABLE = [[[0, 0], [0, 0]], [[-1, 0], [0, -1]], [[1, 2], [2, 1]]]
THETAS = [math.nan, math.inf, -0.1, 1.1, [], [0.5, math.nan], "ab", None]
EXPOSURES = [math.nan, 1.0, [], [1.0], [1.0, math.nan], [1.0, math.inf], [1.0, 2.0, 3.0], [[1.0], [2.0]], "ab", None]
RHOS: list[Any] = [math.nan, math.inf, -0.51, 1.01, [], "ab", None]
NUMBERS: list[Any] = [math.nan, math.inf, -math.inf, 0.0, [], [1.0, 2.0], "ab", None]

BAD: dict[str, list[tuple[Any, ...]]] = {
    "check": [(m,) for m in MATRICES],
    "equicorrelation": [(n, 0.5) for n in [*NUMBERS, -2, 2.5]] + [(3, r) for r in RHOS],
    "one_factor": [(b,) for b in (math.nan, 0.5, [], [math.nan], [math.inf], [1.1, 0], [-1.1, 0], "ab", None)],
    "toward_one": [(m, 0.5) for m in MATRICES]
    + [(I2, t) for t in THETAS]
    + [(equicorrelation(2, [0, 0.5]), [0.5] * 3)],
    "toward_adverse": [(m, 0.5, [1.0, 1.0]) for m in MATRICES]
    + [(I2, t, [1.0, 1.0]) for t in THETAS]
    + [(I2, 0.5, u) for u in EXPOSURES],
    "toward_blocks": [(m, 0.5, [0, 1]) for m in MATRICES]
    + [(I2, t, [0, 1]) for t in THETAS]
    + [
        (I2, 0.5, g)
        for g in (
            0,
            "ab",
            None,
            [],
            [0],
            [0, 1, 2],
            [0.0, 1.0],
            [0.0, math.nan],
            ["a", math.nan],
            ["a", None],
            ["a", 1],
        )
    ],
    "volatility": [([1.0, 1.0], m) for m in MATRICES] + [(u, I2) for u in EXPOSURES],
    "contributions": [([1.0, 1.0], m) for m in MATRICES] + [(u, I2) for u in EXPOSURES],
    "netting_benefit": [([1.0, 1.0], m) for m in MATRICES] + [(u, I2) for u in EXPOSURES],
    "breakeven": [(x, 1.0) for x in NUMBERS] + [(1.0, x) for x in NUMBERS],
    "nearest": [(m,) for m in MATRICES if m not in REPAIRABLE] + [([[[1.0]]],)],
    "spectral": [(m,) for m in MATRICES if m not in REPAIRABLE] + [([[[1.0]]],), ([[0, 0], [0, 0]],)],
}


def test_every_public_function_has_bad_input() -> None:
    """The table below covers `__all__`, no more and no less."""
    assert sorted(BAD) == sorted(correlation.__all__)


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_input_is_a_value_error(name: str) -> None:
    """NaN, infinities, zero, the wrong sign, the wrong shape, an empty array: a `ValueError` that says so."""
    for arguments in BAD[name]:
        with pytest.raises(ValueError, match=r"\w+ must (be|not be|have|keep|broadcast)"):
            getattr(correlation, name)(*arguments)


@pytest.mark.parametrize(
    "options",
    [
        {"tol": 0.0},
        {"tol": math.nan},
        {"tol": -1.0},
        {"max_iterations": 0},
        {"max_iterations": math.inf},
        {"max_iterations": 2.5},
    ],
)
def test_nearest_checks_its_options(options: dict[str, float]) -> None:
    """A tolerance is positive, a number of iterations at least one."""
    with pytest.raises(ValueError, match=next(iter(options))):
        nearest(I2, **options)


def test_breakeven_knows_two_bases() -> None:
    """Another word is an error that lists both."""
    with pytest.raises(ValueError, match="basis must be one of 'marginal', 'whole'"):
        breakeven(1.0, 1.0, basis="total")


PAIR = [[1.0, 0.5], [0.5, 1.0]]
BOOK = {"exposures": ([1, 1], NOTHING), "corr": (PAIR, NOTHING)}

BAD_INPUT = {
    "check": case(check, matrix=(PAIR, NOTHING)),
    "equicorrelation": case(equicorrelation, n=(2, NOTHING, "1.."), rho=(0.5, ANY, "[-1, 1]")),
    "one_factor": case(one_factor, loadings=([0.5, 0.5], {"shape"}, "[-1, 1]")),
    "toward_one": case(toward_one, corr=(PAIR, NOTHING), theta=(0.5, AT_LEAST_0, "[0, 1]")),
    "toward_adverse": case(toward_adverse, **BOOK, theta=(0.5, AT_LEAST_0, "[0, 1]")),
    "toward_blocks": case(
        lambda corr, theta: toward_blocks(corr, theta, ["a", "b"]),
        corr=(PAIR, NOTHING),
        theta=(0.5, AT_LEAST_0, "[0, 1]"),
    ),
    "volatility": case(volatility, **BOOK),
    "contributions": case(contributions, **BOOK),
    "netting_benefit": case(netting_benefit, **BOOK),
    "breakeven": case(breakeven, main=(1, {"negative"}, "(-inf, inf)"), hedge=(0.5, {"negative"}, "(-inf, inf)")),
    "nearest": case(
        nearest, matrix=(PAIR, NOTHING), tol=(1e-9, NOTHING, "(0, inf)"), max_iterations=(99, NOTHING, "1..")
    ),
    "spectral": case(spectral, matrix=(PAIR, NOTHING)),
}

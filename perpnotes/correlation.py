"""What could happen to correlations: toward one, toward the worst, and back to a valid matrix.

A book is its vector `u` of *signed dollar volatilities*: `size * price * volatility`, positive for a long, in USD per
square root of a year. Its volatility under the correlation matrix `C` is `sqrt(u' C u)`, where the prime transposes.

A correlation matrix is symmetric, has a unit diagonal and no negative eigenvalue. The stresses (`toward_…`) mix two of
them, and a mixture of correlation matrices is one: no stress needs a repair. An edited cell does. Two functions repair
(`nearest`, `spectral`), and every other refuses a matrix that is not a correlation matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from perpnotes._types import ArrayLike, FloatArray
from perpnotes._validate import brief, broadcast, one_of, real, scalar, whole

__all__ = [
    "breakeven",
    "check",
    "contributions",
    "equicorrelation",
    "nearest",
    "netting_benefit",
    "one_factor",
    "spectral",
    "toward_adverse",
    "toward_blocks",
    "toward_one",
    "volatility",
]

_ENTRY = 1e-10  # how far an entry may be off; n such errors move an eigenvalue by at most n times as much
_EPS = float(np.finfo(np.float64).eps)
_HUGE = 1e150  # squares of larger entries overflow


def check(matrix: ArrayLike, *, name: str = "correlation") -> FloatArray:
    """`matrix` itself, as floats, when it is a correlation matrix: `C = C'`, `C_ii = 1`, `|C_ij| <= 1`, no `λ < 0`.

    A prime transposes, and `λ` is an eigenvalue. Rounding is forgiven, not repaired: `1e-10` in an entry, and so
    `n * 1e-10` in an eigenvalue.

    Parameters:
        matrix: pure numbers, shape (..., n, n); leading axes are a stack of matrices.
        name: what the error message calls it.

    Returns:
        Shape (..., n, n), neither rounded nor repaired.

    Raises:
        ValueError: for anything else; it names the most negative eigenvalue where only that is wrong.

    Examples:
        >>> check([[1, 0.5], [0.5, 1]])
        array([[1. , 0.5],
               [0.5, 1. ]])
        >>> check([[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]])
        Traceback (most recent call last):
            ...
        ValueError: correlation must have no negative eigenvalue, got -0.00735244; nearest() or spectral() repairs it

    Source: the definition.
    """
    c = _symmetric(name, matrix)
    diagonal = np.diagonal(c, axis1=-2, axis2=-1)
    if (off := np.abs(diagonal - 1) > _ENTRY).any():
        raise ValueError(f"{name} must have ones on its diagonal, got {diagonal[off][0]:.12g}")
    if (out := np.abs(c) > 1 + _ENTRY).any():
        raise ValueError(f"{name} must have entries from -1 to 1, got {c[out][0]:.12g}")
    if (lowest := float(np.linalg.eigvalsh(c).min())) < -_ENTRY * c.shape[-1]:
        raise ValueError(
            f"{name} must have no negative eigenvalue, got {lowest:.6g}; nearest() or spectral() repairs it"
        )
    return c


def equicorrelation(n: ArrayLike, rho: ArrayLike) -> FloatArray:
    """The matrix in which every pair has the same correlation: `C = (1 - ρ) I + ρ 11'`.

    `I` has ones on its diagonal, `11'` everywhere. Its eigenvalues are `1 - ρ` (n - 1 times) and `1 + (n - 1) ρ`, so
    `ρ` can fall no lower than `-1 / (n - 1)`: many assets cannot all move against each other.

    Parameters:
        n: number of assets, a whole number `>= 1`.
        rho: correlation, from `-1 / (n - 1)` to 1 (for `n = 1`, from -1). Shape (...).

    Returns:
        A correlation matrix, shape (..., n, n).

    Raises:
        ValueError: outside those ranges.

    Examples:
        >>> equicorrelation(2, -0.1)
        array([[ 1. , -0.1],
               [-0.1,  1. ]])

    Source: the eigenvectors are 1 and whatever is orthogonal to it.
    """
    count = whole("n", n, ge=1)
    r = real("rho", rho, ge=-1 / max(count - 1, 1), le=1)[..., None, None]
    return np.where(np.eye(count, dtype=bool), 1.0, r)


def one_factor(loadings: ArrayLike) -> FloatArray:
    """The matrix of assets that share one factor and nothing else: `C_ij = b_i b_j` for `i ≠ j`.

    `b` are the loadings. It is always a correlation matrix: `C = bb' + diag(1 - b²)`. To stress the factor by the
    fraction `θ` of its way to one, pass `b + θ (1 - b)`.

    Parameters:
        loadings: correlation of each asset with the factor, from -1 to 1, shape (..., n).

    Returns:
        A correlation matrix, shape (..., n, n).

    Raises:
        ValueError: for a loading outside [-1, 1], a non-finite value, a single number or an empty array.

    Examples:
        >>> one_factor([0.9, 0.5, -0.2]).round(2)
        array([[ 1.  ,  0.45, -0.18],
               [ 0.45,  1.  , -0.1 ],
               [-0.18, -0.1 ,  1.  ]])

    Source: the sum of two matrices without negative eigenvalues.
    """
    b = real("loadings", loadings, ge=-1, le=1)
    if b.ndim == 0:
        raise ValueError("loadings must have shape (..., n), got one number")
    return np.where(np.eye(b.shape[-1], dtype=bool), 1.0, b[..., :, None] * b[..., None, :])


def toward_one(corr: ArrayLike, theta: ArrayLike) -> FloatArray:
    """Every correlation moved the fraction `θ` of its way to one: `C_θ = (1 - θ) C + θ 11'`.

    `C` is the matrix, and `11'` has ones everywhere. For the signed dollar volatilities `u` of a book the variance is
    linear on the way: `u' C_θ u = (1 - θ) u' C u + θ (Σu)²`. It rises when the net exposure `|Σu|` exceeds today's
    volatility, and falls when it does not: the jump *helps* a book whose longs and shorts offset.

    Parameters:
        corr: correlation matrix, shape (..., n, n).
        theta: fraction of the way, from 0 to 1. Shape (...), broadcast against the leading axes of `corr`.

    Returns:
        A correlation matrix, shape (..., n, n); `corr` itself where `theta` is 0.

    Raises:
        ValueError: for a matrix that `check` refuses, a `theta` outside [0, 1], or shapes that do not broadcast.

    Examples:
        >>> toward_one([[1, -0.5], [-0.5, 1]], 0.6).round(12)
        array([[1. , 0.4],
               [0.4, 1. ]])

    Source: a convex combination; Ledoit and Wolf (2004) shrink a sample matrix to a target in the same way.
    """
    c = check(corr, name="corr")
    return _blend(c, theta, np.ones_like(c))


def toward_adverse(corr: ArrayLike, theta: ArrayLike, exposures: ArrayLike) -> FloatArray:
    """Every correlation moved the fraction `θ` of its way to the worst for the book `u`: `(1 - θ) C + θ ss'`.

    `C` is the matrix. With `s = sign(u)`, every leg loses together at `θ = 1` and the volatility is `Σ|u|`: no
    correlation matrix gives the book more. A zero exposure counts as long, since either sign is as bad and the diagonal
    needs its one.

    Parameters:
        corr: correlation matrix, shape (..., n, n).
        theta: fraction of the way, from 0 to 1. Shape (...), broadcast against the leading axes.
        exposures: signed dollar volatilities `u`, shape (..., n), in any one unit: only the signs count.

    Returns:
        A correlation matrix, shape (..., n, n); `corr` itself where `theta` is 0.

    Raises:
        ValueError: for a matrix that `check` refuses, a `theta` outside [0, 1], or shapes that do not broadcast.

    Examples:
        >>> toward_adverse([[1, 0.5], [0.5, 1]], 1.0, [10.0, -3.0])
        array([[ 1., -1.],
               [-1.,  1.]])

    Source: `u' C u = Σ C_ij u_i u_j <= Σ |u_i| |u_j|`, with equality at `C = ss'`.
    """
    u, c = _book(exposures, corr)
    s = np.where(u < 0, -1.0, 1.0)
    return _blend(c, theta, s[..., :, None] * s[..., None, :])


def toward_blocks(corr: ArrayLike, theta: ArrayLike, groups: Iterable[object]) -> FloatArray:
    """Assets move together inside their group and apart across groups: `(1 - θ) C + θ B`, `B_ij = 1` inside a group.

    `C` is the matrix. Across groups the entry is `(1 - θ) C_ij`. The result needs no repair: `B` is a correlation
    matrix (each block is an `11'`), and so is the mixture. Keeping the cross-group entries as they are would break
    that.

    Parameters:
        corr: correlation matrix, shape (..., n, n).
        theta: fraction of the way, from 0 to 1. Shape (...), broadcast against the leading axes of `corr`.
        groups: one label per asset, words or integers, shape (n,).

    Returns:
        A correlation matrix, shape (..., n, n); `corr` itself where `theta` is 0.

    Raises:
        ValueError: for a matrix that `check` refuses, a `theta` outside [0, 1], or labels of another kind or number.

    Examples:
        >>> corr = [[1, 0.6, 0.5], [0.6, 1, 0.4], [0.5, 0.4, 1]]
        >>> toward_blocks(corr, 0.5, ["major", "major", "meme"])
        array([[1.  , 0.8 , 0.25],
               [0.8 , 1.  , 0.2 ],
               [0.25, 0.2 , 1.  ]])

    Source: a convex combination.
    """
    c = check(corr, name="corr")
    labels = np.asarray(groups)
    words = labels.dtype.kind == "U" and all(isinstance(label, str) for label in groups)  # numpy makes a word of NaN
    if labels.shape != c.shape[-1:] or not (words or labels.dtype.kind in "iu"):
        raise ValueError(f"groups must be {c.shape[-1]} labels, words or integers, got {brief(groups)}")
    return _blend(c, theta, np.where(labels[:, None] == labels, 1.0, 0.0))


def volatility(exposures: ArrayLike, corr: ArrayLike) -> FloatArray:
    """Volatility of a book: `σ = sqrt(u' C u)`, in the unit of `u`.

    `C` is the matrix. A variance that rounding cannot tell from zero, below `n ε (Σ|u|)²` with the precision `ε` of
    floats, is zero: a perfect hedge has no volatility.

    Parameters:
        exposures: signed dollar volatilities `u`, `size * price * volatility`, shape (..., n).
        corr: correlation matrix, shape (..., n, n); the leading axes broadcast.

    Returns:
        `>= 0`, shape (...).

    Raises:
        ValueError: for a matrix that `check` refuses, non-finite or empty exposures, or shapes that do not broadcast.

    Examples:
        >>> volatility([3.0, 4.0], [[1, 0], [0, 1]])
        np.float64(5.0)

    Source: Markowitz (1952).
    """
    sigma, _, unit = _volatility(*_book(exposures, corr))
    return np.asarray(sigma * unit)[()]


def contributions(exposures: ArrayLike, corr: ArrayLike) -> FloatArray:
    """What each leg adds to the volatility of the book: `u_i (C u)_i / σ`. They sum to `σ`.

    `C` is the matrix and `σ` the volatility of the book. A leg contributes less than zero while growing it would lower
    the volatility. A book without volatility, flat or perfectly hedged, has no gradient; its contributions are zeros,
    and sum to its volatility too.

    Parameters:
        exposures: signed dollar volatilities `u`, `size * price * volatility`, shape (..., n).
        corr: correlation matrix, shape (..., n, n); the leading axes broadcast.

    Returns:
        In the unit of `u`, shape (..., n).

    Raises:
        ValueError: for a matrix that `check` refuses, non-finite or empty exposures, or shapes that do not broadcast.

    Examples:
        >>> contributions([10.0, 1.0], equicorrelation(2, -0.1)).round(4)
        array([9.9499, 0.    ])

    Source: Euler's theorem: `σ` is homogeneous of degree one in `u`; after Tasche (1999).
    """
    u, c = _book(exposures, corr)
    return u * _gradient(u, c)[1]


def netting_benefit(exposures: ArrayLike, corr: ArrayLike) -> FloatArray:
    """What the book saves because its legs do not all lose together: `Σ|u| - σ`, `>= 0`, in the unit of `u`.

    `σ` is the `volatility` of the book.

    Parameters:
        exposures: signed dollar volatilities `u`, `size * price * volatility`, shape (..., n).
        corr: correlation matrix, shape (..., n, n); the leading axes broadcast.

    Returns:
        Shape (...); 0 where all legs lose together.

    Raises:
        ValueError: for a matrix that `check` refuses, non-finite or empty exposures, or shapes that do not broadcast.

    Examples:
        >>> netting_benefit([3.0, 4.0], [[1, 0], [0, 1]])
        np.float64(2.0)

    Source: `Σ|u|` is the bound of `toward_adverse`.
    """
    u, c = _book(exposures, corr)
    saved: FloatArray = np.maximum(np.abs(u).sum(axis=-1) - _gradient(u, c)[0], 0.0)
    return saved


def breakeven(main: ArrayLike, hedge: ArrayLike, *, basis: Literal["marginal", "whole"] = "marginal") -> float | None:
    """The correlation at which a hedge stops hedging: `-b/a` for its last dollar, `-b/(2a)` for the whole of it.

    With the correlation `ρ` and the volatility `σ` of both, `σ² = a² + 2ρab + b²`: the last dollar of the hedge adds
    risk once `b (b + ρa) > 0`, and the book is riskier with the hedge than without it once `b² + 2ρab > 0`. In between
    the hedge is too large, yet better than none. Where `a` and `b` have the same sign, a correlation below the
    break-even hedges; where they differ, one above it.

    Parameters:
        main: signed dollar volatility `a` of the main position, not zero.
        hedge: signed dollar volatility `b` of the hedge, not zero, in the same unit.
        basis: `"marginal"` for the last dollar, `"whole"` for the hedge against no hedge.

    Returns:
        A correlation from -1 to 1, or `None` where no correlation makes it a hedge (`|b| > |a|`; whole: `|b| > 2|a|`).

    Raises:
        ValueError: for a leg that is zero, non-finite or not one number, or another `basis`.

    Examples:
        >>> breakeven(10.0, 1.0)
        -0.1
        >>> breakeven(10.0, 1.0, basis="whole")
        -0.05
        >>> print(breakeven(1.0, 10.0))
        None

    Source: the zero of the hedge's entry in `contributions`, and of `σ² - a²`.
    """
    legs = {"main": scalar("main", main), "hedge": scalar("hedge", hedge)}
    for name, leg in legs.items():
        if leg == 0:
            raise ValueError(f"{name} must not be 0")
    size = {"marginal": 1.0, "whole": 0.5}[one_of("basis", basis, ("marginal", "whole"))] * legs["hedge"]
    return -size / legs["main"] if abs(size) <= abs(legs["main"]) else None


def nearest(matrix: ArrayLike, *, tol: ArrayLike = 1e-12, max_iterations: ArrayLike = 10_000) -> FloatArray:
    """The correlation matrix nearest to `matrix`: the smallest `Σ (X_ij - A_ij)²`, the same weight on every entry.

    `A` is the matrix given and `X` the one returned. Alternating projections: drop the negative eigenvalues, put ones
    on the diagonal, and again, with Dykstra's correction (without it they find *a* correlation matrix, not the
    nearest). A correlation matrix comes back unchanged, up to rounding.

    Parameters:
        matrix: symmetric, finite entries, shape (n, n). Entries far beyond 1 take iterations in proportion to them.
        tol: relative change (Frobenius) at which to stop, `> 0`; by default a little above what rounding permits.
        max_iterations: at most so many, a whole number `>= 1`. A hundred assets take about a hundred.

    Returns:
        A correlation matrix, shape (n, n).

    Raises:
        ValueError: for a matrix that is not square, symmetric and finite, or no convergence within `max_iterations`.

    Examples:
        >>> nearest([[1, 1, 0], [1, 1, 1], [0, 1, 1]]).round(4)
        array([[1.    , 0.7607, 0.1573],
               [0.7607, 1.    , 0.7607],
               [0.1573, 0.7607, 1.    ]])

    Source: Higham (2002), IMA Journal of Numerical Analysis 22(3), 329-343, with the identity as weights.
    """
    y = a = _symmetric("matrix", matrix, ndim=2)
    limit, most = scalar("tol", tol, gt=0), whole("max_iterations", max_iterations, ge=1)
    correction, change = np.zeros_like(a), np.inf
    for _ in range(most):
        before, target = y, y - correction
        x = _without_negative(target)
        correction = x - target
        np.fill_diagonal(y := x.copy(), 1.0)
        change = float(max(np.linalg.norm(y - before), np.linalg.norm(y - x)) / np.linalg.norm(y))
        if change <= limit:
            return _unit_diagonal(x)
    raise ValueError(f"max_iterations must be > {most} for this matrix and tol: its last change was {change:.3g}")


def spectral(matrix: ArrayLike) -> FloatArray:
    """A correlation matrix close to `matrix` in one pass: negative eigenvalues to zero, then every row to unit length.

    `X_ij = P_ij / sqrt(P_ii P_jj)` where `P` is `matrix` without its negative eigenvalues. It is not the nearest: it is
    faster than `nearest`, and farther. A correlation matrix comes back unchanged, up to rounding.

    Parameters:
        matrix: symmetric, finite entries, shape (n, n).

    Returns:
        A correlation matrix, shape (n, n).

    Raises:
        ValueError: for a matrix that is not square, symmetric and finite, or when nothing is left of a row; a positive
            diagonal excludes that.

    Examples:
        >>> spectral([[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]]).round(4)
        array([[1.    , 0.894 , 0.6963],
               [0.894 , 1.    , 0.301 ],
               [0.6963, 0.301 , 1.    ]])

    Source: Rebonato and Jäckel (1999), Journal of Risk 2(2).
    """
    a = _symmetric("matrix", matrix, ndim=2)
    kept = _without_negative(a)
    if (np.diagonal(kept) <= len(a) * _EPS * np.linalg.norm(a)).any():
        raise ValueError(
            "matrix must keep something of every row without its negative eigenvalues; nearest() needs less"
        )
    return _unit_diagonal(kept)


def _symmetric(name: str, value: Any, ndim: int | None = None) -> FloatArray:
    a = real(name, value, ge=-_HUGE, le=_HUGE, ndim=ndim)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"{name} must be square, got shape {a.shape}")
    if (gap := float(np.abs(a - np.swapaxes(a, -1, -2)).max())) > _ENTRY * max(1.0, float(np.abs(a).max())):
        raise ValueError(f"{name} must be symmetric, got entries that differ by {gap:g}")
    return a


def _book(exposures: Any, corr: Any) -> tuple[FloatArray, FloatArray]:
    c = check(corr, name="corr")
    u = real("exposures", exposures, ge=-_HUGE, le=_HUGE)
    if u.shape[-1:] != c.shape[-1:]:
        raise ValueError(f"exposures must have shape (..., {c.shape[-1]}) as corr has, got {u.shape}")
    broadcast(**{"leading axes of exposures": u[..., 0], "of corr": c[..., 0, 0]})
    return u, c


def _blend(c: FloatArray, theta: Any, target: FloatArray) -> FloatArray:
    t = real("theta", theta, ge=0, le=1)
    leading = np.broadcast_arrays(c[..., 0, 0], target[..., 0, 0])[0]
    broadcast(**{"theta": t, "leading axes of corr": leading})
    t = t[..., None, None]
    return (1 - t) * c + t * target


def _gradient(u: FloatArray, c: FloatArray) -> tuple[FloatArray, FloatArray]:
    """`σ` and `∂σ/∂u`; zeros where `σ` is zero up to rounding."""
    sigma, cv, unit = _volatility(u, c)
    sigma = sigma[..., None]
    gradient = np.where(sigma > 0, cv / np.where(sigma > 0, sigma, 1.0), 0.0)
    return sigma[..., 0] * unit, gradient


def _volatility(u: FloatArray, c: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """`σ` and `C u`, over the unit that is the third: 1 unless squares of the exposures are no floats."""
    ones = np.ones(u.shape[-1])
    size, unit = np.abs(u) @ ones, np.ones(u.shape[:-1])
    if not (size.max() < 1e150 and size.min() > 1e-150):
        unit = np.where(size == 0, 1.0, size)
        u = u / unit[..., None]
        size = np.abs(u) @ ones
    cv = u @ c if c.ndim == 2 else (u[..., None, :] @ c)[..., 0, :]
    variance = np.einsum("...i,...i->...", u, cv)
    noise = u.shape[-1] * _EPS * size**2
    return np.sqrt(np.where(variance > noise, variance, 0.0)), cv, unit


def _without_negative(a: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(a)
    if values[0] >= 0:
        return a
    half = vectors * np.sqrt(np.maximum(values, 0.0))
    product: FloatArray = half @ half.T
    return (product + product.T) / 2


def _unit_diagonal(a: FloatArray) -> FloatArray:
    length = np.sqrt(np.diagonal(a))
    result: FloatArray = np.clip(a / np.outer(length, length), -1.0, 1.0)
    np.fill_diagonal(result, 1.0)
    return result

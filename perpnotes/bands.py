"""The liquidation band: the prices and the timing between the first pressure on a position and its forced reduction.

The prices are one family, `P_lambda`: where equity is `lambda` times the maintenance margin, from a warning through
liquidation and backstop down to bankruptcy. The timing is the first-passage law of each price. How much of the position
must go, and whether any amount is enough, is set by how far the liquidation itself moves the price.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np

from perpnotes import _normal
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import brief, broadcast, defined, instance, real, scalar, sides
from perpnotes.liquidation import Estimate

__all__ = [
    "LEVELS",
    "Band",
    "Ladder",
    "Step",
    "band",
    "close_at",
    "close_by_steps",
    "fillable",
    "hit_hours",
    "hit_probability",
    "ladder",
    "restoring_equity",
    "smallest_close",
    "spiral_ratio",
]

LEVELS: Mapping[str, float] = {"warning": 1.25, "liquidation": 1.0, "backstop": 2 / 3, "bankruptcy": 0.0}
"""Names of the levels of a band and their multiples of the maintenance margin: an example, not a venue's rule."""

_YEAR_HOURS = 8760.0
_STEPS = 200  # orders of a ladder, of which the last is for everything


@dataclass(frozen=True, eq=False, slots=True)
class Band(ByValue):
    """The prices from pressure to bankruptcy. Made by `band`.

    Parameters:
        position: the position with its assumptions.
        levels: multiple of maintenance of each level, falling.
        prices: price of each level, USD; 0 and infinity mean the same as in `liquidation.price`.
    """

    position: Estimate
    levels: Mapping[str, float]
    prices: Mapping[str, float]

    @property
    def width(self) -> float:
        """Adverse move from the first level to the last, as a fraction of the first."""
        first, *_, last = self.prices.values()
        return self.position.side * (1.0 - last / first) if 0 < first < math.inf else 0.0

    @overload
    def hours(
        self, mark: float, volatility: float, probability: float, *, drift: float = ...
    ) -> Mapping[str, float]: ...
    @overload
    def hours(
        self, mark: float, volatility: float, probability: ArrayLike, *, drift: float = ...
    ) -> Mapping[str, FloatArray]: ...
    def hours(
        self, mark: float, volatility: float, probability: ArrayLike, *, drift: float = 0.0
    ) -> Mapping[str, float] | Mapping[str, FloatArray]:
        """Hours by which each level is reached with these probabilities, from a mark: see `hit_hours`.

        Parameters:
            mark: mark price now, `> 0`, USD per coin.
            volatility: volatility per square root of a year, `> 0`.
            probability: in `(0, 1)`; any shape.
            drift: of the log price, per year.

        Returns:
            Hours for each level by its name, `>= 0`, the shape of `probability`: 0 where it has been reached, infinite
            where it never gets so likely.

        Raises:
            ValueError: for a value outside its range.
        """
        side = self.position.side
        return {
            name: hit_hours(mark, level, volatility, probability, drift=drift, side=side)
            for name, level in self.prices.items()
        }

    def why(self) -> Derivation:
        """The terms behind the band, the width last."""
        levels = (
            Term(rf"P_{{{self.levels[name]:.4g}}}", f"{name} price", level, "USD", r"P \text{ at } E = \lambda\, M")
            for name, level in self.prices.items()
        )
        return Derivation(
            (
                Term("q", "size, long above 0", self.position.size),
                Term("E_0", "entry price", self.position.entry, "USD"),
                Term("W", "wallet", self.position.wallet, "coins" if self.position.inverse else "USD"),
                *levels,
                Term("w", "width of the band", self.width, "", r"s (1 - P_{last} / P_{first})"),
            )
        )


def band(position: Estimate, levels: Mapping[str, float] = LEVELS) -> Band:
    """The band of a position: for each level the price at which equity is that multiple of maintenance.

    Parameters:
        position: size, entry, wallet and every assumption.
        levels: name and multiple of each level, multiples `>= 0` and falling; at least two.

    Returns:
        The price of each level, USD per coin, with 0 and infinity as in `liquidation.price`.

    Raises:
        ValueError: for what is no `Estimate` or no mapping, fewer than two levels, or multiples out of order or
            outside their range.

    Examples:
        >>> from perpnotes.liquidation import Estimate
        >>> print(band(Estimate(10.0, 100.0, 100.0, 0.02)).why())
        size, long above 0   10          q
        entry price         100.00 USD   E_0
        wallet              100.00 USD   W
        warning price        92.31 USD   P_1.25 = P at E = λ M
        liquidation price    91.84 USD   P_1 = P at E = λ M
        backstop price       91.22 USD   P_0.6667 = P at E = λ M
        bankruptcy price     90.00 USD   P_0 = P at E = λ M
        width of the band     0.025      w = s (1 - P_last / P_first)
    """
    if not isinstance(position, Estimate):
        raise ValueError(f"position must be an Estimate, got {brief(position)}")
    if not isinstance(levels, Mapping):
        raise ValueError(f"levels must map names to multiples, got {brief(levels)}")
    multiples = real("levels", list(levels.values()), ge=0)
    if len(levels) < 2 or np.any(np.diff(multiples) >= 0):
        raise ValueError(f"levels must be two or more falling multiples, got {multiples.tolist()}")
    prices = dict(zip(levels, position.at(multiples).tolist(), strict=True))
    return Band(position, dict(levels), prices)


@overload
def hit_probability(
    mark: float, level: float, volatility: float, hours: float, *, drift: float = ..., side: float = ...
) -> float: ...
@overload
def hit_probability(
    mark: ArrayLike,
    level: ArrayLike,
    volatility: ArrayLike,
    hours: ArrayLike,
    *,
    drift: ArrayLike = ...,
    side: ArrayLike = ...,
) -> FloatArray: ...
def hit_probability(
    mark: ArrayLike,
    level: ArrayLike,
    volatility: ArrayLike,
    hours: ArrayLike,
    *,
    drift: ArrayLike = 0.0,
    side: ArrayLike = 1,
) -> Floats:
    """Probability that the mark reaches a level within a time: the first-passage law of a Brownian log price.

    `N((n T - a) / (sigma sqrt T)) + exp(2 n a / sigma^2) N((-n T - a) / (sigma sqrt T))` with the distance
    `a = s ln(mark / level)`, the drift toward the level `n = -s drift` and the normal distribution function `N`.

    With the growth of the mark and the funding that moves the level, the same law is `funding.liquidation_probability`.

    Parameters:
        mark: mark price now, `> 0`, USD per coin. Any shape; the arguments broadcast.
        level: the price to reach, `>= 0`; with side 1 it lies below the mark, else it has been reached. 0 and infinity
            are the answers of `liquidation.price`.
        volatility: volatility `sigma` per square root of a year, `> 0`.
        hours: time, `> 0`; in the formula it is `T` years.
        drift: of the log price, per year; a price without drift has `-volatility**2 / 2`.
        side: `s`, 1 for a long position, which a fall reaches; -1 for a short.

    Returns:
        In `[0, 1]`; 1 where the level has been reached.

    Raises:
        ValueError: for a NaN, or a value outside its range.

    Examples:
        >>> import numpy as np
        >>> round(float(hit_probability(1.0, np.exp(-0.04), 0.6, 7 * 24.0)), 6)
        0.630232

    Source: the reflection principle with drift, as in Borodin and Salminen's handbook of Brownian motion.
    """
    sigma, span = real("volatility", volatility, gt=0), real("hours", hours, gt=0)
    away, toward = _approach(mark, level, drift, side, volatility=sigma, hours=span)
    span = span / _YEAR_HOURS
    finite = np.isfinite(away)
    chance = _normal.first_passage(np.where(finite, away, 1.0), toward, sigma, span)
    result: FloatArray = np.where(finite, np.where(away > 0, chance, 1.0), 0.0)
    return result[()]


@overload
def hit_hours(
    mark: float, level: float, volatility: float, probability: float, *, drift: float = ..., side: float = ...
) -> float: ...
@overload
def hit_hours(
    mark: ArrayLike,
    level: ArrayLike,
    volatility: ArrayLike,
    probability: ArrayLike,
    *,
    drift: ArrayLike = ...,
    side: ArrayLike = ...,
) -> FloatArray: ...
def hit_hours(
    mark: ArrayLike,
    level: ArrayLike,
    volatility: ArrayLike,
    probability: ArrayLike,
    *,
    drift: ArrayLike = 0.0,
    side: ArrayLike = 1,
) -> Floats:
    """The time by which the mark has reached a level with this probability; infinite if it never gets so likely.

    Without drift it is `(a / (sigma z))^2` years, with the distance `a = |ln(mark / level)|`, the volatility `sigma`
    and `z = -N^{-1}(probability / 2)` of the normal distribution function `N`: half the distance takes a quarter of the
    time. Found by Newton's method on `hit_probability`.

    Parameters:
        mark: mark price now, `> 0`, USD per coin. Any shape; the arguments broadcast.
        level: the price to reach, `>= 0`; see `hit_probability`.
        volatility: volatility per square root of a year, `> 0`.
        probability: in `(0, 1)`: 0.5 is the median time.
        drift: of the log price, per year.
        side: 1 for a long position, -1 for a short.

    Returns:
        Hours, `>= 0`, the broadcast shape: 0 where the level has been reached, infinite where it never gets so likely.

    Raises:
        ValueError: for a NaN, or a value outside its range.

    Examples:
        >>> hit_hours(60_000.0, 58_800.0, 0.6, [0.1, 0.5]).round(2).tolist()
        [3.67, 21.83]
    """
    from statistics import NormalDist  # slow to import, and only needed here

    sigma, chance = real("volatility", volatility, gt=0), real("probability", probability, gt=0, lt=1)
    away, toward = _approach(mark, level, drift, side, volatility=sigma, probability=chance)
    away, toward, sigma, chance = np.broadcast_arrays(away, toward, sigma, chance)
    if away.ndim == 0:
        one, drifts, deviation, asked = away.item(), toward.item(), sigma.item(), chance.item()
        if one == 0 or one == math.inf:
            return np.float64(one)
        if all(1e-9 < size < 1e9 for size in (one, deviation)) and abs(drifts) < 1e9:
            guess = 2.0 * math.log(one / (deviation * -NormalDist().inv_cdf(asked / 2.0)))
            guess = min(guess, math.log(one / drifts)) if drifts > 0 else guess
            return np.float64(_normal.passage_time(one, drifts, deviation, asked, guess) * _YEAR_HOURS)
    moving = np.isfinite(away) & (away > 0)
    a = np.where(moving, away, 1.0)
    quantile = np.asarray(np.frompyfunc(NormalDist().inv_cdf, 1, 1)(chance / 2.0), dtype=np.float64)
    about = 2.0 * (np.log(a) - np.log(sigma) - np.log(-quantile))  # logarithm of years: the time without drift
    alone = np.log(a) - np.log(toward, out=np.full(toward.shape, -np.inf), where=toward > 0)  # by the drift alone
    years = _normal.passage_times(a, toward, sigma, chance, np.minimum(about, alone))
    result: FloatArray = np.where(np.isinf(away), np.inf, np.where(moving, years * _YEAR_HOURS, 0.0))
    return result[()]


def _approach(mark: Any, level: Any, drift: Any, side: Any, **others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log distance to the level, `>= 0` and infinite where it is never reached, and the drift of the log toward it."""
    price, target = real("mark", mark, gt=0), real("level", level, ge=0, infinite=True)
    nu, s = real("drift", drift), sides(side)
    broadcast(mark=price, level=target, **others, drift=nu, side=s)
    with np.errstate(divide="ignore"):
        away: FloatArray = np.maximum(0.0, s * (np.log(price) - np.log(target)))
    return away, -s * nu


@overload
def smallest_close(
    size: float,
    mark: float,
    equity: float,
    maintenance: float,
    impact: float,
    *,
    close_fee: float = ...,
    permanent: float = ...,
    multiple: float = ...,
) -> float: ...
@overload
def smallest_close(
    size: ArrayLike,
    mark: ArrayLike,
    equity: ArrayLike,
    maintenance: ArrayLike,
    impact: ArrayLike,
    *,
    close_fee: ArrayLike = ...,
    permanent: ArrayLike = ...,
    multiple: ArrayLike = ...,
) -> FloatArray: ...
def smallest_close(
    size: ArrayLike,
    mark: ArrayLike,
    equity: ArrayLike,
    maintenance: ArrayLike,
    impact: ArrayLike,
    *,
    close_fee: ArrayLike = 0.0,
    permanent: ArrayLike = 0.0,
    multiple: ArrayLike = 1.0,
) -> Floats:
    """The smallest part of a linear position whose forced closing leaves equity at its requirement; infinite if none.

    Closing `x` coins moves the price by `alpha x`, so on average it fills `alpha x / 2` away from the mark. A share
    `eta` of the move stays in the mark of the rest. With a size `q` of the sign `s`, the mark `P`, the equity `e`, the
    fee `phi` and `l` times the maintenance rate `m` asked of the rest it is the smallest `x` in `[0, q]` with
    `e - alpha x^2/2 - eta alpha x (q - x) - phi P x >= l m (P - s eta alpha x)(q - x)`.

    Parameters:
        size: coins; long `> 0`, short `< 0`, not 0. Any shape; the arguments broadcast.
        mark: mark price before the closing, `> 0`, USD per coin.
        equity: equity at that mark, USD; either sign.
        maintenance: maintenance rate, in `[0, 1)`.
        impact: `alpha`, USD that the price moves per coin closed, `>= 0`; a long's whole size must not empty the price.
        close_fee: fee as a fraction of the notional at the mark, `>= 0`.
        permanent: `eta`, the share of the impact that stays in the mark, in `[0, 1]`.
        multiple: the multiple of maintenance to restore, `> 0`, times `maintenance` below 1; above 1 leaves room before
            the next time.

    Returns:
        Coins to close, in `[0, |size|]`; 0 where nothing is asked, infinite where no size restores the account.

    Raises:
        ValueError: for a value outside its range, or a long whose closing would push the price to 0.

    Examples:
        >>> equity = [60.0, 30.0, 10.0]
        >>> coins = smallest_close(
        ...     10.0, 100.0, equity, 0.05, 0.2, close_fee=0.0005
        ... )
        >>> coins.round(6).tolist()
        [0.0, 4.438365, inf]

    Source: after Chitra (2025), arXiv 2512.01112, with an impact that may stay in the mark, and no more closed
    than there is.
    """
    worth = real("equity", equity)
    terms = (size, mark, maintenance, impact, close_fee, permanent, multiple)
    coins, linear, square, asked = _closing(*terms, equity=worth)
    lack = asked - worth
    # square x^2 + linear x - lack = 0: the smaller root above 0 in the form that does not cancel
    inside = linear**2 + 4.0 * square * lack
    divisor = linear + np.sqrt(np.maximum(0.0, inside))
    lack, inside, divisor, coins = np.broadcast_arrays(lack, inside, divisor, coins)
    solved = (inside >= 0) & (divisor > 0)
    root = np.divide(2.0 * lack, divisor, out=np.full(lack.shape, np.inf), where=solved)
    root = np.where(root <= coins * (1.0 + 1e-12), np.minimum(root, coins), np.inf)
    result: FloatArray = np.where(lack <= 0, 0.0, root)
    return result[()]


@overload
def close_at(
    size: float,
    mark: float,
    equity: float,
    maintenance: float,
    fill: float,
    *,
    close_fee: float = ...,
    multiple: float = ...,
) -> float: ...
@overload
def close_at(
    size: ArrayLike,
    mark: ArrayLike,
    equity: ArrayLike,
    maintenance: ArrayLike,
    fill: ArrayLike,
    *,
    close_fee: ArrayLike = ...,
    multiple: ArrayLike = ...,
) -> FloatArray: ...
def close_at(
    size: ArrayLike,
    mark: ArrayLike,
    equity: ArrayLike,
    maintenance: ArrayLike,
    fill: ArrayLike,
    *,
    close_fee: ArrayLike = 0.0,
    multiple: ArrayLike = 1.0,
) -> Floats:
    """Coins to close at a known price to meet the requirement: `(l m P q - e) / ((l m - phi) P + s (F - P))`.

    `q` is the size without its sign `s`. The fill price `F` is given and the mark stays; where the closing itself moves
    the price, see `smallest_close`.

    Parameters:
        size: coins; long `> 0`, short `< 0`, not 0. Any shape; the arguments broadcast.
        mark: mark price `P`, `> 0`, USD per coin.
        equity: equity at that mark `e`, USD; either sign.
        maintenance: maintenance rate `m`, in `[0, 1)`.
        fill: price at which coins are closed, `> 0`, USD per coin.
        close_fee: fee `phi` as a fraction of the notional at the mark, in `[0, 1)`.
        multiple: the multiple `l` of maintenance to restore, `> 0`, times `maintenance` below 1.

    Returns:
        Coins, `>= 0`; more than the position has where closing all of it is not enough, infinite where each coin
        closed makes it worse.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> equity = [60.0, 30.0, -10.0]
        >>> close_at(10.0, 100.0, equity, 0.05, 99.5).round(4).tolist()
        [0.0, 4.4444, 13.3333]

    Source: after the liquidation strategies in Chitra (2025), arXiv 2512.01112.
    """
    signed, price, worth = _size(size), real("mark", mark, gt=0), real("equity", equity)
    fee, filled = real("close_fee", close_fee, ge=0, lt=1), real("fill", fill, gt=0)
    m, scale = real("maintenance", maintenance, ge=0, lt=1), real("multiple", multiple, gt=0)
    broadcast(size=signed, mark=price, equity=worth, maintenance=m, fill=filled, close_fee=fee, multiple=scale)
    rate = _rate(m, scale)
    lack = rate * price * np.abs(signed) - worth
    gain = (rate - fee) * price + np.sign(signed) * (filled - price)
    lack, gain = np.broadcast_arrays(lack, gain)
    coins: FloatArray = np.divide(lack, gain, out=np.full(lack.shape, np.inf), where=gain > 0)
    return np.where(lack <= 0, 0.0, coins)[()]


@overload
def restoring_equity(
    size: float,
    mark: float,
    maintenance: float,
    impact: float,
    *,
    close_fee: float = ...,
    permanent: float = ...,
    multiple: float = ...,
) -> float: ...
@overload
def restoring_equity(
    size: ArrayLike,
    mark: ArrayLike,
    maintenance: ArrayLike,
    impact: ArrayLike,
    *,
    close_fee: ArrayLike = ...,
    permanent: ArrayLike = ...,
    multiple: ArrayLike = ...,
) -> FloatArray: ...
def restoring_equity(
    size: ArrayLike,
    mark: ArrayLike,
    maintenance: ArrayLike,
    impact: ArrayLike,
    *,
    close_fee: ArrayLike = 0.0,
    permanent: ArrayLike = 0.0,
    multiple: ArrayLike = 1.0,
) -> Floats:
    """The equity below which no forced closing of any size restores the account, USD.

    The requirement less the most that closing can give back, over all sizes from nothing to the whole position: the
    vertex of the parabola of `smallest_close` where it lies inside, else the whole position.

    Parameters:
        size: coins; long `> 0`, short `< 0`, not 0. Any shape; the arguments broadcast.
        mark: mark price before the closing, `> 0`, USD per coin.
        maintenance: maintenance rate, in `[0, 1)`.
        impact: USD that the price moves per coin closed, `>= 0`.
        close_fee: fee as a fraction of the notional at the mark, `>= 0`.
        permanent: the share of the impact that stays in the mark, in `[0, 1]`.
        multiple: the multiple of maintenance to restore, `> 0`, times `maintenance` below 1.

    Returns:
        `>= 0`, the broadcast shape; 0 where closing costs nothing.

    Raises:
        ValueError: for a value outside its range, or a long whose closing would push the price to 0.

    Examples:
        >>> impact = [0.0, 0.2, 2.0]
        >>> least = restoring_equity(
        ...     10.0, 100.0, 0.05, impact, close_fee=0.0005
        ... )
        >>> least.round(4).tolist()
        [0.5, 10.5, 43.8744]
    """
    coins, linear, square, asked = _closing(size, mark, maintenance, impact, close_fee, permanent, multiple)
    linear, square, coins = np.broadcast_arrays(linear, square, coins)
    vertex = np.divide(-linear, 2.0 * square, out=np.full(coins.shape, np.inf), where=square < 0)
    best = np.where((vertex > 0) & (vertex < coins), vertex, coins)
    relief = np.maximum(0.0, linear * best + square * best**2)
    result: FloatArray = asked - relief
    return defined(result, "size", "mark", "impact")


@overload
def spiral_ratio(
    size: float,
    mark: float,
    maintenance: float,
    impact: float,
    *,
    close_fee: float = ...,
    permanent: float = ...,
    multiple: float = ...,
) -> float: ...
@overload
def spiral_ratio(
    size: ArrayLike,
    mark: ArrayLike,
    maintenance: ArrayLike,
    impact: ArrayLike,
    *,
    close_fee: ArrayLike = ...,
    permanent: ArrayLike = ...,
    multiple: ArrayLike = ...,
) -> FloatArray: ...
def spiral_ratio(
    size: ArrayLike,
    mark: ArrayLike,
    maintenance: ArrayLike,
    impact: ArrayLike,
    *,
    close_fee: ArrayLike = 0.0,
    permanent: ArrayLike = 1.0,
    multiple: ArrayLike = 1.0,
) -> Floats:
    """Coins that the closing of one coin makes due: `eta alpha q (1 - s l m) / ((l m - phi) P)`; above 1 it spirals.

    What the first coin's impact costs the rest of the position, over what it releases. Below 1 the coins due are a
    geometric series. Above 1 the first coins closed leave the account further from its requirement than before: no
    small closing helps, though a large one may (see `restoring_equity`).

    Parameters:
        size: coins, `q` without its sign `s`; long `> 0`, short `< 0`, not 0. Any shape; the arguments broadcast.
        mark: mark price `P` before the closing, `> 0`, USD per coin.
        maintenance: maintenance rate `m`, in `[0, 1)`.
        impact: USD that the price moves per coin closed, `alpha`, `>= 0`.
        close_fee: fee `phi` as a fraction of the notional at the mark, `>= 0`.
        permanent: the share `eta` of the impact that stays in the mark, in `[0, 1]`.
        multiple: the multiple `l` of maintenance to restore, `> 0`, times `maintenance` below 1.

    Returns:
        `>= 0`; infinite where the fee takes all that a closed coin releases.

    Raises:
        ValueError: for a value outside its range, or a long whose closing would push the price to 0.

    Examples:
        >>> spiral_ratio([10.0, 100.0], 100.0, 0.05, 0.1).round(6).tolist()
        [0.19, 1.9]
    """
    eta = real("permanent", permanent, ge=0, le=1)
    _, whole, _, _ = _closing(size, mark, maintenance, impact, close_fee, eta, multiple)
    _, released, _, _ = _closing(size, mark, maintenance, 0.0, close_fee, eta, multiple)
    cost = released - whole
    cost, released = np.broadcast_arrays(cost, released)
    result: FloatArray = np.divide(cost, released, out=np.full(cost.shape, np.inf), where=released > 0)
    return result[()]


@dataclass(frozen=True, slots=True)
class Step:
    """One forced order of a ladder. Made by `ladder`.

    Parameters:
        price: mark at which it is sent, USD per coin.
        closed: coins that it closes, `> 0`.
        left: coins that are left, `>= 0`.
        mark: the mark after it, with the share of its impact that stays, USD per coin.
        equity: after fill and fee, at that mark, USD; below 0 it is a debt.
        restored: whether the account is restored, so that the next order waits for another fall.
    """

    price: float
    closed: float
    left: float
    mark: float
    equity: float
    restored: bool


@dataclass(frozen=True, eq=False, slots=True)
class Ladder(ByValue):
    """The orders by which a position is closed in parts while the mark falls slowly. Made by `ladder`.

    Parameters:
        position: what is closed.
        steps: in order; at least one.
    """

    position: Estimate
    steps: tuple[Step, ...]

    @property
    def depth(self) -> float:
        """Adverse move from the first order to the last, a fraction of the first price."""
        return self.position.side * (1.0 - self.steps[-1].price / self.steps[0].price)

    def why(self) -> Derivation:
        """The terms behind the ladder, its depth last."""
        orders = (
            Term(f"P_{{{i}}}", f"order {i}, {step.closed:.4g}", step.price, "USD")
            for i, step in enumerate(self.steps, start=1)
        )
        return Derivation(
            (
                Term("q", "size, long above 0", self.position.size),
                *orders,
                Term("E_n", "equity after the last", self.steps[-1].equity, "USD"),
                Term("d", "depth of the ladder", self.depth, "", "s (1 - P_n / P_1)"),
            )
        )


def ladder(
    position: Estimate,
    *,
    share: float = 1.0,
    above: float = 0.0,
    impact: float = 0.0,
    permanent: float = 0.0,
    close_fee: float = 0.0,
) -> Ladder:
    """The orders of a rule that closes a share of a large position at a time, as the mark falls from one to the next.

    Where the notional is above a limit an order is for a share of what is left, else for all of it. If the account is
    restored, the next order waits until the mark has reached the new liquidation price; a fall that gets there sooner
    than the venue's pause meets an order for everything instead. If it is not restored, the next order follows at once
    and is for everything. An order of `x` coins fills `alpha x / 2` beyond the mark on average, and a share `eta` of
    the move `alpha x` stays in the mark.

    Parameters:
        position: linear, on the mark basis; its wallet holds what has been paid by then.
        share: of what is left, in `(0, 1]`.
        above: notional above which an order is for a share only, `>= 0`, USD.
        impact: `alpha`, USD that the price moves per coin closed, `>= 0`; a long's whole size must not empty the price.
        permanent: `eta`, in `[0, 1]`.
        close_fee: fee of the forced close as a fraction of the notional at the mark, in `[0, 1)`.

    Returns:
        The orders one after another, with the mark and the equity after each, USD.

    Raises:
        ValueError: for what is no linear `Estimate` on the mark basis, has no liquidation price, or a value outside
            its range.

    Examples:
        >>> from perpnotes.liquidation import Estimate
        >>> from perpnotes.margin import published_tiers
        >>> table = published_tiers("hyperliquid_eth_2025")
        >>> long = Estimate(60.0, 3_000.0, 9_000.0, table)
        >>> print(ladder(long, share=0.2, above=100e3).why())
        size, long above 0        60           q
        order 1, 12            2,908.16 USD    P_1
        order 2, 9.6           2,893.33 USD    P_2
        order 3, 7.68          2,878.56 USD    P_3
        order 4, 30.72         2,863.88 USD    P_4
        equity after the last  1,759.57 USD    E_n
        depth of the ladder        0.0152282   d = s (1 - P_n / P_1)

    Source: the form of Hyperliquid's rule: a fifth above 100,000 USD, and everything in the 30 seconds after it.
    """
    instance("position", position, Estimate)
    if position.inverse or position.basis != "mark" or not position.exists:
        raise ValueError("position must be linear, on the mark basis and have a liquidation price")
    part, limit = scalar("share", share, gt=0, le=1), scalar("above", above, ge=0)
    slope, stays = scalar("impact", impact, ge=0), scalar("permanent", permanent, ge=0, le=1)
    fee = scalar("close_fee", close_fee, ge=0, lt=1)
    side = position.side
    if position.size * slope >= position.price:
        raise ValueError("impact * size must be < the liquidation price for a long: else its closing empties the price")
    steps: list[Step] = []
    now: Estimate | None = position
    at, restored = position.price, True
    while now is not None:
        coins = abs(now.size)
        order = part * coins if coins * at > limit and restored and len(steps) < _STEPS else coins
        mark = at - side * stays * slope * order
        equity = now.equity(at) - slope * order**2 / 2 - stays * slope * order * (coins - order) - fee * at * order
        left = coins - order
        rest = (
            replace(now, size=side * left, entry=mark, wallet=equity, open_fee=0.0, funding=0.0, other_pnl=0.0)
            if left
            else None
        )
        restored = (
            rest is None or equity > rest.maintenance_at(mark) + rest.other_maintenance + rest.close_fee * left * mark
        )
        steps.append(Step(at, order, left, mark, equity, restored))
        if rest is not None:
            at = rest.price if restored else mark
            if restored and not rest.exists:
                break  # what is left is paid for in full
        now = rest
    return Ladder(position, tuple(steps))


@overload
def close_by_steps(
    equity: float, requirement: float, *, margin_fee: float = ..., step: float = ..., target: float = ...
) -> float: ...
@overload
def close_by_steps(
    equity: ArrayLike,
    requirement: ArrayLike,
    *,
    margin_fee: ArrayLike = ...,
    step: float = ...,
    target: ArrayLike = ...,
) -> FloatArray: ...
def close_by_steps(
    equity: ArrayLike,
    requirement: ArrayLike,
    *,
    margin_fee: ArrayLike = 0.0,
    step: float = 0.2,
    target: ArrayLike = 1.0,
) -> Floats:
    """The share of all positions that is closed in equal steps until maintenance is below a part of the equity.

    The smallest multiple `x` of the step with `M (1 - x) < t (e - f M x)`: closing frees margin, and its fee is a part
    of the margin that is freed. Everything is closed where no share is enough.

    Parameters:
        equity: of the account `e`, USD; either sign. Any shape; the arguments broadcast.
        requirement: its maintenance margin `M`, `> 0`, USD.
        margin_fee: `f`, of the maintenance margin of what is closed, in `[0, 1]`.
        step: in `(0, 1]`.
        target: `t`, the part of the equity, in `(0, 1]`.

    Returns:
        A share in `[0, 1]`; 0 where nothing is asked: the requirement is below the equity.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> fees = [0.5, 0.7]
        >>> close_by_steps(80.0, 88.8, margin_fee=fees, target=0.9).round(2)
        array([0.4, 0.6])

    Source: the form of Paradex's documentation.
    """
    worth, asked = real("equity", equity), real("requirement", requirement, gt=0)
    rate, aim = real("margin_fee", margin_fee, ge=0, le=1), real("target", target, gt=0, le=1)
    size = scalar("step", step, gt=0, le=1)
    broadcast(equity=worth, requirement=asked, margin_fee=rate, target=aim)
    freed = asked * (1.0 - aim * rate)  # of room, by closing everything
    lack, freed = np.broadcast_arrays(asked - aim * worth, freed)
    least = np.divide(lack, freed, out=np.full(lack.shape, np.inf), where=freed > 0)
    share = np.minimum(1.0, (np.floor(np.maximum(least, 0.0) / size + 1e-12) + 1.0) * size)
    result: FloatArray = np.where(asked < worth, 0.0, share)
    return result[()]


def _closing(
    size: Any,
    mark: Any,
    maintenance: Any,
    impact: Any,
    close_fee: Any,
    permanent: Any,
    multiple: Any,
    **others: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Coins `q`, and `linear`, `square`, `asked` with: equity less requirement after closing `x` is
    `equity - asked + linear x + square x^2`.
    """
    signed, price, fee = _size(size), real("mark", mark, gt=0), real("close_fee", close_fee, ge=0)
    slope, stays = real("impact", impact, ge=0), real("permanent", permanent, ge=0, le=1)
    m, scale = real("maintenance", maintenance, ge=0, lt=1), real("multiple", multiple, gt=0)
    broadcast(
        size=signed, mark=price, **others, maintenance=m, impact=slope, close_fee=fee, permanent=stays, multiple=scale
    )
    rate = _rate(m, scale)
    if np.any(signed * slope >= price):
        raise ValueError("impact * size must be < mark for a long: else its closing pushes the price to 0")
    coins = np.abs(signed)
    kept = stays * (1.0 - np.sign(signed) * rate)
    linear = (rate - fee) * price - slope * coins * kept
    return coins, linear, slope * (kept - 0.5), rate * price * coins


def _size(value: Any) -> FloatArray:
    size = real("size", value)
    if not size.all():
        raise ValueError("size must not be 0")
    return size


def _rate(maintenance: FloatArray, multiple: FloatArray) -> FloatArray:
    """The multiple of the maintenance rate that is asked of what remains."""
    rate: FloatArray = multiple * maintenance
    if np.any(rate >= 1):
        raise ValueError("multiple * maintenance must be < 1: else the requirement exceeds the notional")
    return rate


@overload
def fillable(
    mark: float,
    equity: float,
    requirement: float,
    maintenance: float,
    *,
    adjustment: float,
    spread: float,
    side: float = ...,
) -> float: ...
@overload
def fillable(
    mark: ArrayLike,
    equity: ArrayLike,
    requirement: ArrayLike,
    maintenance: ArrayLike,
    *,
    adjustment: ArrayLike,
    spread: ArrayLike,
    side: ArrayLike = ...,
) -> FloatArray: ...
def fillable(
    mark: ArrayLike,
    equity: ArrayLike,
    requirement: ArrayLike,
    maintenance: ArrayLike,
    *,
    adjustment: ArrayLike,
    spread: ArrayLike,
    side: ArrayLike = 1,
) -> Floats:
    """The worst price at which a venue lets a liquidation be filled: `P (1 - s clip(a (1 - e/M), 0, 1) b m)`.

    The range opens as the equity falls below the requirement: at `e = M` the liquidation may only be filled at the
    mark, and from `e = M (1 - 1/a)` down it may cost the position the share `b` of its maintenance margin.

    Parameters:
        mark: mark price `P`, `> 0`, USD per coin. Any shape; the arguments broadcast.
        equity: equity of the account `e`, USD; either sign.
        requirement: maintenance margin of the account `M`, `> 0`, USD.
        maintenance: maintenance rate `m` of the position that is closed, in `[0, 1)`.
        adjustment: `a`, how fast the price opens, `>= 0`.
        spread: `b`, the largest spread as a multiple of the maintenance rate, `>= 0`.
        side: `s`, 1 for a long position, -1 for a short.

    Returns:
        USD per coin, the broadcast shape: at or below the mark for a long, at or above it for a short.

    Raises:
        ValueError: for a value outside its range, or a spread that lets a long be filled at 0 or below.

    Examples:
        >>> fillable(50_000.0, 499.0, 500.0, 0.1, adjustment=2.0, spread=0.1)
        np.float64(49998.0)

    Source: the fillable price of the dYdX v4 protocol.
    """
    price, worth, asked = real("mark", mark, gt=0), real("equity", equity), real("requirement", requirement, gt=0)
    m, s = real("maintenance", maintenance, ge=0, lt=1), sides(side)
    a, b = real("adjustment", adjustment, ge=0), real("spread", spread, ge=0)
    broadcast(mark=price, equity=worth, requirement=asked, maintenance=m, adjustment=a, spread=b, side=s)
    share, widest = np.clip(a * (1.0 - worth / asked), 0.0, 1.0), b * m
    if np.any(s * widest >= 1):
        raise ValueError("spread * maintenance must be < 1 for a long: else it may be filled at 0 or below")
    return defined(price * (1.0 - s * share * widest), "equity", "requirement", "adjustment")

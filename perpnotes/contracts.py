"""What is traded: linear and inverse perpetuals, the European option on a forward, spot and cash.

A *linear* contract is sized in coins and settles in the quote currency. An *inverse* contract is sized in USD and
settles in the coin. A *quanto* contract on one coin pays a fixed amount of another for each dollar of its move. The
option is Black's (1976) European option on a forward.

The functions broadcast over arrays. The classes name one instrument each and know the one thing that stress tests and
margin need: the P&L in USD of one unit when the market moves (`pnl_usd`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from perpnotes import _normal
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, defined, flag, flags, one_of, real, scalar, text

__all__ = [
    "Cash",
    "Contract",
    "Holding",
    "Inverse",
    "Linear",
    "Option",
    "Spot",
    "holding",
    "inverse_notional",
    "inverse_pnl",
    "linear_notional",
    "linear_pnl",
    "option_delta",
    "option_value",
    "option_vega",
    "quanto_gain",
    "quanto_pnl",
    "to_step",
]


@overload
def linear_pnl(size: float, entry: float, mark: float) -> float: ...
@overload
def linear_pnl(size: ArrayLike, entry: ArrayLike, mark: ArrayLike) -> FloatArray: ...
def linear_pnl(size: ArrayLike, entry: ArrayLike, mark: ArrayLike) -> Floats:
    """P&L of a linear position, in quote currency: `size * (mark - entry)`.

    Parameters:
        size: coins; long `> 0`, short `< 0`. Any shape; the arguments broadcast.
        entry: average entry price, `> 0`, USD per coin.
        mark: mark price, `> 0`, USD per coin.

    Returns:
        Quote currency, the broadcast shape: `> 0` is a gain.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> linear_pnl(2.0, 60_000.0, 61_500.0)
        np.float64(3000.0)
    """
    q, e, p = real("size", size), real("entry", entry, gt=0), real("mark", mark, gt=0)
    broadcast(size=q, entry=e, mark=p)
    return q * (p - e)


@overload
def linear_notional(size: float, mark: float) -> float: ...
@overload
def linear_notional(size: ArrayLike, mark: ArrayLike) -> FloatArray: ...
def linear_notional(size: ArrayLike, mark: ArrayLike) -> Floats:
    """Notional of a linear position, in quote currency: `|size| * mark`.

    Parameters:
        size: coins, either sign. Any shape; the arguments broadcast.
        mark: mark price, `> 0`, USD per coin.

    Returns:
        Quote currency, `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> linear_notional(-2.0, 61_500.0)
        np.float64(123000.0)
    """
    q, p = real("size", size), real("mark", mark, gt=0)
    broadcast(size=q, mark=p)
    return np.abs(q) * p


@overload
def inverse_pnl(size: float, entry: float, mark: float) -> float: ...
@overload
def inverse_pnl(size: ArrayLike, entry: ArrayLike, mark: ArrayLike) -> FloatArray: ...
def inverse_pnl(size: ArrayLike, entry: ArrayLike, mark: ArrayLike) -> Floats:
    """P&L of an inverse position, in coins: `size * (1/entry - 1/mark)`.

    A long gains fewer coins in a rally than it loses in a fall of the same size: the P&L is concave in the mark.

    Parameters:
        size: USD of contracts; long `> 0`, short `< 0`. Any shape; the arguments broadcast.
        entry: average entry price, `> 0`, USD per coin.
        mark: mark price, `> 0`, USD per coin.

    Returns:
        Coins, the broadcast shape: `> 0` is a gain.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> inverse_pnl(60_000.0, 50_000.0, 60_000.0).round(12)
        np.float64(0.2)
    """
    q, e, p = real("size", size), real("entry", entry, gt=0), real("mark", mark, gt=0)
    broadcast(size=q, entry=e, mark=p)
    return q * (1.0 / e - 1.0 / p)


@overload
def inverse_notional(size: float, mark: float) -> float: ...
@overload
def inverse_notional(size: ArrayLike, mark: ArrayLike) -> FloatArray: ...
def inverse_notional(size: ArrayLike, mark: ArrayLike) -> Floats:
    """Notional of an inverse position, in coins: `|size| / mark`. It grows as the price falls.

    Parameters:
        size: USD of contracts, either sign. Any shape; the arguments broadcast.
        mark: mark price, `> 0`, USD per coin.

    Returns:
        Coins, `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> inverse_notional(60_000.0, 50_000.0)
        np.float64(1.2)
    """
    q, p = real("size", size), real("mark", mark, gt=0)
    broadcast(size=q, mark=p)
    return np.abs(q) / p


@overload
def quanto_pnl(size: float, entry: float, mark: float, settlement: float) -> float: ...
@overload
def quanto_pnl(size: ArrayLike, entry: ArrayLike, mark: ArrayLike, settlement: ArrayLike) -> FloatArray: ...
def quanto_pnl(size: ArrayLike, entry: ArrayLike, mark: ArrayLike, settlement: ArrayLike) -> Floats:
    """P&L of a quanto position, in USD: `size * (mark - entry) * settlement`.

    It pays in coins of its own, whose number is fixed in advance and whose price is not. Where both prices rise
    together a long wins more in a rise than it loses in a fall of the same size: the P&L is convex in dollars.

    Parameters:
        size: coins of the settlement paid for each USD of the mark's move; long `> 0`, short `< 0`. Any shape.
        entry: average entry price, `> 0`, USD per coin of the underlying.
        mark: mark price, `> 0`, USD per coin of the underlying.
        settlement: price of the coin that it pays in, `> 0`, USD.

    Returns:
        USD, the broadcast shape: `> 0` is a gain.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> ether, bitcoin = [3_300.0, 2_700.0], [55_000.0, 45_000.0]
        >>> quanto_pnl(0.02, 3_000.0, ether, bitcoin).round(6).tolist()
        [330000.0, -270000.0]
    """
    q, e, p = real("size", size), real("entry", entry, gt=0), real("mark", mark, gt=0)
    s = real("settlement", settlement, gt=0)
    broadcast(size=q, entry=e, mark=p, settlement=s)
    return q * (p - e) * s


@overload
def quanto_gain(correlation: float, volatility: float, settlement_volatility: float, years: float) -> float: ...
@overload
def quanto_gain(
    correlation: ArrayLike, volatility: ArrayLike, settlement_volatility: ArrayLike, years: ArrayLike
) -> FloatArray: ...
def quanto_gain(
    correlation: ArrayLike, volatility: ArrayLike, settlement_volatility: ArrayLike, years: ArrayLike
) -> Floats:
    """What a quanto long gains on average over prices without drift, of its notional: `exp(rho s s' T) - 1`.

    The gain is what the coins are worth more when more of them are paid. A market charges for it, in funding or in the
    basis.

    Parameters:
        correlation: of the two logarithmic prices `rho`, in `[-1, 1]`. The arguments broadcast.
        volatility: of the underlying `s`, per square root of a year, `>= 0`.
        settlement_volatility: of the coin that it pays in `s'`, `>= 0`.
        years: how long the position is held without a change `T`, `>= 0`.

    Returns:
        A fraction of the notional at the entry; infinite where no float can hold it.

    Raises:
        ValueError: for a non-finite value, an empty array or one outside its range.

    Examples:
        >>> quanto_gain(0.8, 0.7, 0.5, 1.0).round(4)
        np.float64(0.3231)

    Source: the covariance of two lognormal prices.
    """
    rho, s = real("correlation", correlation, ge=-1, le=1), real("volatility", volatility, ge=0)
    other, t = real("settlement_volatility", settlement_volatility, ge=0), real("years", years, ge=0)
    broadcast(correlation=rho, volatility=s, settlement_volatility=other, years=t)
    with np.errstate(over="ignore"):
        return defined(np.asarray(np.expm1(rho * s * other * t)), "volatility", "settlement_volatility", "years")[()]


@overload
def to_step(value: float, step: float, *, toward: Literal["nearest", "down", "up", "zero"] = ...) -> float: ...
@overload
def to_step(
    value: ArrayLike, step: ArrayLike, *, toward: Literal["nearest", "down", "up", "zero"] = ...
) -> FloatArray: ...
def to_step(
    value: ArrayLike, step: ArrayLike, *, toward: Literal["nearest", "down", "up", "zero"] = "nearest"
) -> Floats:
    """A price or an amount on a venue's grid of ticks or smallest units: a whole multiple of `step`.

    Venues count in integers and say which way they round: a requirement up, a rate toward zero. A value that a rounding
    error of floats has put beside a step counts as on it.

    Parameters:
        value: any finite number. Any shape; the arguments broadcast.
        step: tick or smallest unit, `> 0`, in the unit of `value`.
        toward: `"nearest"` (a half away from zero), `"down"`, `"up"` or `"zero"`.

    Returns:
        In the unit of `value`, the broadcast shape.

    Raises:
        ValueError: for a non-finite value, a step that is not positive, or another word.

    Examples:
        >>> for way in ("nearest", "down", "up", "zero"):
        ...     print(way, to_step(-102.75, 0.5, toward=way))
        nearest -103.0
        down -103.0
        up -102.5
        zero -102.5
        >>> 0.1 + 0.2  # three steps of 0.1, not four
        0.30000000000000004
        >>> to_step(0.1 + 0.2, 0.1, toward="up").round(12)
        np.float64(0.3)
    """
    one_of("toward", toward, ("nearest", "down", "up", "zero"))
    amount, unit = real("value", value), real("step", step, gt=0)
    broadcast(value=amount, step=unit)
    steps = amount / unit
    whole = np.copysign(np.floor(np.abs(steps) + 0.5), steps)
    near = np.abs(steps - whole) <= 1e-12 * np.maximum(1.0, np.abs(steps))
    if toward != "nearest":
        rounded = {"down": np.floor, "up": np.ceil, "zero": np.trunc}[toward](steps)
        whole = np.where(near, whole, rounded)
    return np.asarray(whole * unit)[()]


@dataclass(frozen=True, slots=True)
class Holding:
    """What a sequence of fills leaves. Made by `holding`.

    Parameters:
        size: coins, or USD of contracts; long `> 0`, short `< 0`, 0 for none.
        entry: average entry price of what is left, USD per coin; 0 for none.
        realized: P&L of what was closed, before fees, in the settlement currency.
        fees: fees paid, in the settlement currency.
    """

    size: float
    entry: float
    realized: float
    fees: float

    @property
    def net(self) -> float:
        """Realized P&L after all fees, those of the opening fills too, in the settlement currency."""
        return self.realized - self.fees


def holding(sizes: ArrayLike, prices: ArrayLike, *, fee: float = 0.0, inverse: bool = False) -> Holding:
    """Position, average entry and realized P&L after fills: adding re-weights the entry, reducing keeps and realizes.

    The average weighs by coins; for an inverse contract by USD in `1/price`, so that the P&L of the parts is the P&L
    of the whole. A fill through zero closes the position and opens the rest at its own price.

    Parameters:
        sizes: coins (USD of contracts with `inverse`) of each fill, bought `> 0`, sold `< 0`. Shape `(n,)`.
        prices: price of each fill, `> 0`, USD per coin. Shape `(n,)`.
        fee: fee as a fraction of each fill's notional, in `(-1, 1)`; below 0 a rebate.
        inverse: True for an inverse contract.

    Returns:
        What is left and what was realized: size and entry are 0 where all is closed, `realized > 0` is a gain and
        `fees < 0` a rebate.

    Raises:
        ValueError: for a value outside its range, lengths that differ, or sizes that floats cannot hold together.

    Examples:
        >>> after = holding([12, 17, -9], [100.0, 99.0, 101.0], fee=0.0001)
        >>> after.size, round(after.entry, 6)
        (20.0, 99.413793)
        >>> round(after.realized, 6), round(after.net, 6)
        (14.275862, 13.896662)
    """
    signed, fills = real("sizes", sizes, ndim=1), real("prices", prices, gt=0, ndim=1)
    if signed.shape != fills.shape:
        raise ValueError(f"prices must have one entry a fill, got {fills.size} for {signed.size} sizes")
    rate = scalar("fee", fee, gt=-1, lt=1)
    reciprocal = flag("inverse", inverse)
    # What a unit is worth grows with the price: linear by the price itself, inverse by -1/price coins.
    size = worth = realized = 0.0
    for traded, value in zip(signed.tolist(), (-1.0 / fills if reciprocal else fills).tolist(), strict=True):
        closed = min(abs(traded), abs(size)) * math.copysign(1.0, size) if traded * size < 0 else 0.0
        realized += closed * (value - worth)
        size, opened = size - closed, traded + closed
        if opened:
            worth = (size * worth + opened * value) / (size + opened)
        size += opened
    with np.errstate(over="ignore", invalid="ignore"):  # told
        notionals = np.abs(signed) / fills if reciprocal else np.abs(signed) * fills
        fees = rate * float(notionals.sum())
    defined(np.array([worth, realized, fees]), "sizes", "prices")
    entry = 0.0 if size == 0 else -1.0 / worth if reciprocal else worth
    return Holding(size, entry, realized, fees)


@overload
def option_value(
    forward: float, strike: float, volatility: float, years: float, *, call: bool = ..., discount: float = ...
) -> float: ...
@overload
def option_value(
    forward: ArrayLike,
    strike: ArrayLike,
    volatility: ArrayLike,
    years: ArrayLike,
    *,
    call: ArrayLike = ...,
    discount: ArrayLike = ...,
) -> FloatArray: ...
def option_value(
    forward: ArrayLike,
    strike: ArrayLike,
    volatility: ArrayLike,
    years: ArrayLike,
    *,
    call: ArrayLike = True,
    discount: ArrayLike = 1.0,
) -> Floats:
    """Value of one European option on a forward, in quote currency per coin.

    `discount * (F N(d1) - K N(d2))` for a call and `discount * (K N(-d2) - F N(-d1))` for a put, with
    `d1 = ln(F/K)/s + s/2`, `d2 = d1 - s` and `s = volatility * sqrt(years)`: `F` is the forward, `K` the strike and `N`
    the normal distribution function. With `s = 0` it is the intrinsic value.

    Parameters:
        forward: forward price for the expiry, `> 0`.
        strike: strike, `> 0`.
        volatility: implied volatility per square root of a year, `>= 0`.
        years: time to expiry in years, `>= 0`.
        call: True for a call, False for a put. Broadcasts with the rest.
        discount: discount factor to expiry, in `(0, 1]` or above for negative rates; `> 0`.

    Returns:
        Quote currency per coin, `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> round(float(option_value(60_000.0, 60_000.0, 0.5, 0.25)), 2)
        5968.59

    Source: Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3.
    """
    df = real("discount", discount, gt=0)

    def value(f: FloatArray, k: FloatArray, *rest: npt.NDArray[Any]) -> FloatArray:
        return rest[3] * _valued(f, k, *rest[:3])[0]

    return defined(
        _normal.by_blocks(value, *_terms(forward, strike, volatility, years, call, discount=df), df),
        *_GIVEN,
        "discount",
    )


@overload
def option_delta(forward: float, strike: float, volatility: float, years: float, *, call: bool = ...) -> float: ...
@overload
def option_delta(
    forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike, *, call: ArrayLike = ...
) -> FloatArray: ...
def option_delta(
    forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike, *, call: ArrayLike = True
) -> Floats:
    """Undiscounted sensitivity of the option's value to its forward: `N(d1)` for a call, `N(d1) - 1` for a put.

    `N` is the normal distribution function and `d1` that of `option_value`. With zero volatility or time, at the money,
    it is the midpoint (0.5 or -0.5).

    Parameters:
        forward: forward price for the expiry, `> 0`.
        strike: strike, `> 0`.
        volatility: implied volatility per square root of a year, `>= 0`.
        years: time to expiry in years, `>= 0`.
        call: True for a call, False for a put. Broadcasts with the rest.

    Returns:
        Coins of the forward for one option, the broadcast shape: from 0 to 1 for a call, from -1 to 0 for a put.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> put = option_delta(60_000.0, 60_000.0, 0.5, 0.25, call=False)
        >>> round(float(put), 4)
        -0.4503

    Source: Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3.
    """

    def delta(*terms: npt.NDArray[Any]) -> FloatArray:
        d1, _, sign = _black(*terms)
        return sign * _normal.cdf(sign * d1)

    return defined(_normal.by_blocks(delta, *_terms(forward, strike, volatility, years, call)), *_GIVEN)


@overload
def option_vega(forward: float, strike: float, volatility: float, years: float) -> float: ...
@overload
def option_vega(forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike) -> FloatArray: ...
def option_vega(forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike) -> Floats:
    """Undiscounted sensitivity of the option's value to its volatility: `F n(d1) sqrt(years)`, the same for both kinds.

    `F` is the forward, `n` the normal density and `d1` that of `option_value`.

    Parameters:
        forward: forward price for the expiry, `> 0`.
        strike: strike, `> 0`.
        volatility: implied volatility per square root of a year, `> 0`: at zero the sensitivity is not defined.
        years: time to expiry in years, `> 0`.

    Returns:
        Quote currency per coin for a volatility higher by 1 (100 points), `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> round(float(option_vega(60_000.0, 60_000.0, 0.5, 0.25)), 1)
        11875.1

    Source: Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3.
    """
    sigma, t = real("volatility", volatility, gt=0), real("years", years, gt=0)

    def vega(f: FloatArray, k: FloatArray, sigma: FloatArray, t: FloatArray, kind: npt.NDArray[np.bool_]) -> FloatArray:
        return f * _normal.pdf(_black(f, k, sigma, t, kind)[0]) * np.sqrt(t)

    return defined(_normal.by_blocks(vega, *_terms(forward, strike, sigma, t, True)), *_GIVEN)


_GIVEN = ("forward", "strike", "volatility", "years")


def _terms(
    forward: Any, strike: Any, volatility: Any, years: Any, call: Any, **others: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """The terms of an option, checked."""
    f, k = real("forward", forward, gt=0), real("strike", strike, gt=0)
    sigma, t, kind = real("volatility", volatility, ge=0), real("years", years, ge=0), flags("call", call)
    broadcast(forward=f, strike=k, volatility=sigma, years=t, call=kind, **others)
    return f, k, sigma, t, kind


def _value_and_delta(
    options: Sequence[Option], volatility: FloatArray
) -> Callable[[FloatArray], tuple[FloatArray, FloatArray]]:
    """Value and delta of options, on the last axis, at forwards `> 0`: most of their work is the same."""
    terms = [(option.strike, option.years, option.call) for option in options]
    strikes, years, calls = (np.array(column) for column in zip(*terms, strict=True))
    return lambda forward: _valued(forward[..., None], strikes, volatility, years, calls)


def _valued(f: FloatArray, k: FloatArray, *terms: npt.NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    d1, d2, sign = _black(f, k, *terms)
    near, far = _normal.cdf(np.array([sign * d1, sign * d2]))  # at once: two calls cost small arrays twice as much
    return sign * (f * near - k * far), sign * near


def _black(
    f: FloatArray, k: FloatArray, sigma: FloatArray, t: FloatArray, kind: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """`d1`, `d2` and the sign (+1 call, -1 put)."""
    s = sigma * np.sqrt(t)
    moneyness = np.log(f / k)
    if s.all():
        ratio = moneyness / s
    else:  # s -> 0 sends d1 and d2 to plus or minus infinity, or to 0 exactly at the money
        limit = np.where(moneyness == 0, 0.0, np.copysign(np.inf, moneyness))
        moneyness, s, limit = np.broadcast_arrays(moneyness, s, limit)
        ratio = np.divide(moneyness, s, out=limit.copy(), where=s > 0)
    half = s / 2
    return ratio + half, ratio - half, np.where(kind, 1.0, -1.0)


class Contract:
    """What a book can hold: the base of `Linear`, `Inverse`, `Option`, `Spot` and `Cash`.

    A list of different contracts with their quantities is a `list[tuple[Contract, float]]` to a type checker.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Linear(Contract):
    """A linear perpetual or dated future; one unit is one coin.

    Parameters:
        underlying: the coin, such as `"BTC"`.
        years: time to expiry of a dated future, `>= 0`; 0 for a perpetual.

    Raises:
        ValueError: for an empty name or a negative time.
    """

    underlying: str
    years: float = 0.0

    def __post_init__(self) -> None:
        text("underlying", self.underlying)
        scalar("years", self.years, ge=0)

    @overload
    def pnl_usd(self, before: float, after: float) -> float: ...
    @overload
    def pnl_usd(self, before: ArrayLike, after: ArrayLike) -> FloatArray: ...
    def pnl_usd(self, before: ArrayLike, after: ArrayLike) -> Floats:
        """USD P&L of one coin when the mark goes from `before` to `after`: `after - before`.

        Parameters:
            before: mark before, USD per coin, `> 0`; any shape, the arguments broadcast.
            after: mark after, USD per coin, `> 0`.

        Returns:
            USD, the broadcast shape: `> 0` is a gain.

        Raises:
            ValueError: for a price that is not positive and finite.

        Examples:
            >>> Linear("BTC").pnl_usd(60_000.0, 54_000.0)
            np.float64(-6000.0)
        """
        return linear_pnl(1.0, before, after)


@dataclass(frozen=True, slots=True)
class Inverse(Contract):
    """An inverse (coin-margined) perpetual or dated future; one unit is one USD of contracts.

    Parameters:
        underlying: the coin, such as `"BTC"`; also the settlement currency.
        years: time to expiry of a dated future, `>= 0`; 0 for a perpetual.

    Raises:
        ValueError: for an empty name or a negative time.
    """

    underlying: str
    years: float = 0.0

    def __post_init__(self) -> None:
        text("underlying", self.underlying)
        scalar("years", self.years, ge=0)

    @overload
    def pnl_usd(self, before: float, after: float) -> float: ...
    @overload
    def pnl_usd(self, before: ArrayLike, after: ArrayLike) -> FloatArray: ...
    def pnl_usd(self, before: ArrayLike, after: ArrayLike) -> Floats:
        """USD P&L of one USD of contracts: the coins won, valued at the mark `after`.

        `(1/before - 1/after) * after = after/before - 1`: in dollars an inverse perpetual is linear.
        Its convexity lies in the coin that it is margined and paid in, so hold that coin as `Spot` beside it.

        Parameters:
            before: mark before, USD per coin, `> 0`; any shape, the arguments broadcast.
            after: mark after, USD per coin, `> 0`.

        Returns:
            USD, the broadcast shape: `> 0` is a gain.

        Raises:
            ValueError: for a price that is not positive and finite.

        Examples:
            >>> Inverse("BTC").pnl_usd(60_000.0, 54_000.0).round(12)
            np.float64(-0.1)
        """
        return inverse_pnl(1.0, before, after) * real("after", after, gt=0)


@dataclass(frozen=True, slots=True)
class Option(Contract):
    """A European option on the forward of a coin; one unit is one option on one coin.

    Parameters:
        underlying: the coin, such as `"BTC"`.
        strike: strike, `> 0`, USD per coin.
        years: time to expiry in years, `>= 0`; at 0 it has expired and is worth what it pays.
        call: True for a call, False for a put.
    """

    underlying: str
    strike: float
    years: float
    call: bool = True

    def __post_init__(self) -> None:
        text("underlying", self.underlying)
        scalar("strike", self.strike, gt=0)
        scalar("years", self.years, ge=0)
        flag("call", self.call)

    @overload
    def pnl_usd(self, before: float, after: float, volatility_before: float, volatility_after: float) -> float: ...
    @overload
    def pnl_usd(
        self, before: ArrayLike, after: ArrayLike, volatility_before: ArrayLike, volatility_after: ArrayLike
    ) -> FloatArray: ...
    def pnl_usd(
        self, before: ArrayLike, after: ArrayLike, volatility_before: ArrayLike, volatility_after: ArrayLike
    ) -> Floats:
        """USD P&L of one option when forward and implied volatility move together.

        Parameters:
            before: forward before, USD per coin, `> 0`; any shape, the arguments broadcast.
            after: forward after, USD per coin, `> 0`.
            volatility_before: implied volatility before, per square root of a year, `>= 0`.
            volatility_after: implied volatility after.

        Returns:
            USD, the broadcast shape: `> 0` is a gain.

        Raises:
            ValueError: for a forward that is not positive and finite, or a negative volatility.

        Examples:
            >>> put = Option("BTC", 60_000.0, 0.25, call=False)
            >>> round(float(put.pnl_usd(60_000.0, 54_000.0, 0.5, 0.7)), 2)
            5301.94
        """
        worth = option_value(before, self.strike, volatility_before, self.years, call=self.call)
        then = option_value(after, self.strike, volatility_after, self.years, call=self.call)
        broadcast(before=worth, after=then)
        return then - worth


@dataclass(frozen=True, slots=True)
class Spot(Contract):
    """The coin itself, held or owed; one unit is one coin.

    Parameters:
        underlying: the coin, such as `"BTC"`.
    """

    underlying: str

    def __post_init__(self) -> None:
        text("underlying", self.underlying)

    @overload
    def pnl_usd(self, before: float, after: float) -> float: ...
    @overload
    def pnl_usd(self, before: ArrayLike, after: ArrayLike) -> FloatArray: ...
    def pnl_usd(self, before: ArrayLike, after: ArrayLike) -> Floats:
        """USD P&L of one coin when its price goes from `before` to `after`.

        Parameters:
            before: price before, USD, `> 0`; any shape, the arguments broadcast.
            after: price after, USD, `> 0`.

        Returns:
            USD, the broadcast shape: `> 0` is a gain.

        Raises:
            ValueError: for a price that is not positive and finite.

        Examples:
            >>> Spot("ETH").pnl_usd(3_000.0, 3_150.0)
            np.float64(150.0)
        """
        return linear_pnl(1.0, before, after)


@dataclass(frozen=True, slots=True)
class Cash(Contract):
    """Money in any currency, held or owed; one unit is one unit of that currency.

    Parameters:
        currency: `"USD"`, `"MXN"`, ….
        haircut: the fraction of its value that the venue does not count, in `[0, 1)`; for a debt, 0.
    """

    currency: str
    haircut: float = 0.0

    def __post_init__(self) -> None:
        text("currency", self.currency)
        scalar("haircut", self.haircut, ge=0, lt=1)

    @overload
    def pnl_usd(self, before: float, after: float) -> float: ...
    @overload
    def pnl_usd(self, before: ArrayLike, after: ArrayLike) -> FloatArray: ...
    def pnl_usd(self, before: ArrayLike, after: ArrayLike) -> Floats:
        """Change of the counted USD value of one unit when its FX rate goes from `before` to `after` (USD per unit).

        Parameters:
            before: rate before, USD per unit, `> 0`; any shape, the arguments broadcast.
            after: rate after, USD per unit, `> 0`.

        Returns:
            USD, the broadcast shape: `> 0` is a gain.

        Raises:
            ValueError: for a rate that is not positive and finite.

        Examples:
            >>> round(float(Cash("MXN", haircut=0.05).pnl_usd(0.055, 0.050)), 6)
            -0.00475
        """
        return (1.0 - self.haircut) * linear_pnl(1.0, before, after)

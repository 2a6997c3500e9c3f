"""What is traded: linear and inverse perpetuals, the European option on a forward, spot and cash.

A *linear* contract is sized in coins and settles in the quote currency. An *inverse* contract is sized in USD and
settles in the coin. The option is Black's (1976) European option on a forward.

The functions broadcast over arrays. The classes name one instrument each and know the one thing that stress tests and
margin need: the P&L in USD of one unit when the market moves (`pnl_usd`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from perpnotes import _normal
from perpnotes._validate import FloatArray, real, scalar

__all__ = [
    "Cash",
    "Contract",
    "Inverse",
    "Linear",
    "Option",
    "Spot",
    "inverse_notional",
    "inverse_pnl",
    "linear_notional",
    "linear_pnl",
    "option_delta",
    "option_value",
    "option_vega",
]


def linear_pnl(size: Any, entry: Any, mark: Any) -> FloatArray:
    """P&L of a linear position, in quote currency: `size * (mark - entry)`.

    Parameters:
        size: coins; long `> 0`, short `< 0`. Any shape; the arguments broadcast.
        entry: average entry price, `> 0`, USD per coin.
        mark: mark price, `> 0`, USD per coin.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> linear_pnl(2.0, 60_000.0, 61_500.0)
        np.float64(3000.0)
    """
    return real("size", size) * (real("mark", mark, gt=0) - real("entry", entry, gt=0))


def linear_notional(size: Any, mark: Any) -> FloatArray:
    """Notional of a linear position, in quote currency: `|size| * mark`.

    Parameters:
        size: coins, either sign. Any shape; the arguments broadcast.
        mark: mark price, `> 0`, USD per coin.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> linear_notional(-2.0, 61_500.0)
        np.float64(123000.0)
    """
    return np.abs(real("size", size)) * real("mark", mark, gt=0)


def inverse_pnl(size: Any, entry: Any, mark: Any) -> FloatArray:
    """P&L of an inverse position, in coins: `size * (1/entry - 1/mark)`.

    A long gains fewer coins in a rally than it loses in a fall of the same size: the P&L is concave in the mark.

    Parameters:
        size: USD of contracts; long `> 0`, short `< 0`. Any shape; the arguments broadcast.
        entry: average entry price, `> 0`, USD per coin.
        mark: mark price, `> 0`, USD per coin.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> inverse_pnl(60_000.0, 50_000.0, 60_000.0).round(12)
        np.float64(0.2)
    """
    return real("size", size) * (1.0 / real("entry", entry, gt=0) - 1.0 / real("mark", mark, gt=0))


def inverse_notional(size: Any, mark: Any) -> FloatArray:
    """Notional of an inverse position, in coins: `|size| / mark`. It grows as the price falls.

    Parameters:
        size: USD of contracts, either sign. Any shape; the arguments broadcast.
        mark: mark price, `> 0`, USD per coin.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> inverse_notional(60_000.0, 50_000.0)
        np.float64(1.2)
    """
    return np.abs(real("size", size)) / real("mark", mark, gt=0)


def option_value(
    forward: Any, strike: Any, volatility: Any, years: Any, *, call: Any = True, discount: Any = 1.0
) -> FloatArray:
    """Value of one European option on a forward, in quote currency per coin.

    `discount * (F N(d1) - K N(d2))` for a call and `discount * (K N(-d2) - F N(-d1))` for a put, with
    `d1 = ln(F/K)/s + s/2`, `d2 = d1 - s` and `s = volatility * sqrt(years)`. With `s = 0` it is the intrinsic value.

    Parameters:
        forward: forward price for the expiry, `> 0`.
        strike: strike, `> 0`.
        volatility: implied volatility per square root of a year, `>= 0`.
        years: time to expiry in years, `>= 0`.
        call: True for a call, False for a put. Broadcasts with the rest.
        discount: discount factor to expiry, in `(0, 1]` or above for negative rates; `> 0`.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> round(float(option_value(60_000.0, 60_000.0, 0.5, 0.25)), 2)
        5968.59

    Source: Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3.
    """
    d1, d2, sign, f, k, _ = _black(forward, strike, volatility, years, call)
    df = real("discount", discount, gt=0)
    return df * sign * (f * _normal.cdf(sign * d1) - k * _normal.cdf(sign * d2))


def option_delta(forward: Any, strike: Any, volatility: Any, years: Any, *, call: Any = True) -> FloatArray:
    """Undiscounted sensitivity of the option's value to its forward: `N(d1)` for a call, `N(d1) - 1` for a put.

    With zero volatility or time, at the money, it is the midpoint (0.5 or -0.5).

    Parameters:
        forward: forward price for the expiry, `> 0`.
        strike: strike, `> 0`.
        volatility: implied volatility per square root of a year, `>= 0`.
        years: time to expiry in years, `>= 0`.
        call: True for a call, False for a put. Broadcasts with the rest.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> round(float(option_delta(60_000.0, 60_000.0, 0.5, 0.25, call=False)), 4)
        -0.4503

    Source: Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3.
    """
    d1, _, sign, _, _, _ = _black(forward, strike, volatility, years, call)
    return sign * _normal.cdf(sign * d1)


def option_vega(forward: Any, strike: Any, volatility: Any, years: Any) -> FloatArray:
    """Undiscounted sensitivity of the option's value to its volatility: `F n(d1) sqrt(years)`, the same for both kinds.

    Parameters:
        forward: forward price for the expiry, `> 0`.
        strike: strike, `> 0`.
        volatility: implied volatility per square root of a year, `> 0`: at zero the sensitivity is not defined.
        years: time to expiry in years, `> 0`.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> round(float(option_vega(60_000.0, 60_000.0, 0.5, 0.25)), 1)
        11875.1

    Source: Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3.
    """
    real("volatility", volatility, gt=0)
    t = real("years", years, gt=0)
    d1, _, _, f, _, _ = _black(forward, strike, volatility, years, True)
    return f * _normal.pdf(d1) * np.sqrt(t)


def _black(
    forward: Any, strike: Any, volatility: Any, years: Any, call: Any
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """`d1`, `d2`, the sign (+1 call, -1 put), forward, strike and total volatility `s`, checked."""
    f = real("forward", forward, gt=0)
    k = real("strike", strike, gt=0)
    s = real("volatility", volatility, ge=0) * np.sqrt(real("years", years, ge=0))
    kind = np.asarray(call)
    if kind.dtype != np.bool_:
        raise ValueError(f"call must be True or False, got {call!r}")
    moneyness = np.log(f / k)
    # s -> 0 sends d1 and d2 to plus or minus infinity, or to 0 exactly at the money
    limit = np.where(moneyness == 0, 0.0, np.copysign(np.inf, moneyness))
    moneyness, s, limit = np.broadcast_arrays(moneyness, s, limit)
    ratio = np.divide(moneyness, s, out=limit.copy(), where=s > 0)
    return ratio + s / 2, ratio - s / 2, np.where(kind, 1.0, -1.0), f, k, s


def _name(label: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{label} must be a non-empty string, got {value!r}")


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear perpetual or dated future; one unit is one coin.

    Parameters:
        underlying: the coin, such as `"BTC"`.
    """

    underlying: str

    def __post_init__(self) -> None:
        _name("underlying", self.underlying)

    def pnl_usd(self, before: Any, after: Any) -> FloatArray:
        """USD P&L of one coin when the mark goes from `before` to `after`: `after - before`.

        Examples:
            >>> Linear("BTC").pnl_usd(60_000.0, 54_000.0)
            np.float64(-6000.0)
        """
        return linear_pnl(1.0, before, after)


@dataclass(frozen=True, slots=True)
class Inverse:
    """An inverse (coin-margined) perpetual or dated future; one unit is one USD of contracts.

    Parameters:
        underlying: the coin, such as `"BTC"`; also the settlement currency.
    """

    underlying: str

    def __post_init__(self) -> None:
        _name("underlying", self.underlying)

    def pnl_usd(self, before: Any, after: Any) -> FloatArray:
        """USD P&L of one USD of contracts: the coins won, valued at the mark `after`.

        `(1/before - 1/after) * after = after/before - 1`: in dollars an inverse perpetual is linear.
        Its convexity lies in the coin that it is margined and paid in, so hold that coin as `Spot` beside it.

        Examples:
            >>> Inverse("BTC").pnl_usd(60_000.0, 54_000.0).round(12)
            np.float64(-0.1)
        """
        return inverse_pnl(1.0, before, after) * real("after", after, gt=0)


@dataclass(frozen=True, slots=True)
class Option:
    """A European option on the forward of a coin; one unit is one option on one coin.

    Parameters:
        underlying: the coin, such as `"BTC"`.
        strike: strike, `> 0`, USD per coin.
        years: time to expiry in years, `> 0`.
        call: True for a call, False for a put.
    """

    underlying: str
    strike: float
    years: float
    call: bool = True

    def __post_init__(self) -> None:
        _name("underlying", self.underlying)
        scalar("strike", self.strike, gt=0)
        scalar("years", self.years, gt=0)
        if not isinstance(self.call, bool):
            raise ValueError(f"call must be True or False, got {self.call!r}")

    def pnl_usd(self, before: Any, after: Any, volatility_before: Any, volatility_after: Any) -> FloatArray:
        """USD P&L of one option when forward and implied volatility move together.

        Examples:
            >>> put = Option("BTC", 60_000.0, 0.25, call=False)
            >>> round(float(put.pnl_usd(60_000.0, 54_000.0, 0.5, 0.7)), 2)
            5301.94
        """
        return option_value(after, self.strike, volatility_after, self.years, call=self.call) - option_value(
            before, self.strike, volatility_before, self.years, call=self.call
        )


@dataclass(frozen=True, slots=True)
class Spot:
    """The coin itself, held or owed; one unit is one coin.

    Parameters:
        underlying: the coin, such as `"BTC"`.
    """

    underlying: str

    def __post_init__(self) -> None:
        _name("underlying", self.underlying)

    def pnl_usd(self, before: Any, after: Any) -> FloatArray:
        """USD P&L of one coin when its price goes from `before` to `after`.

        Examples:
            >>> Spot("ETH").pnl_usd(3_000.0, 3_150.0)
            np.float64(150.0)
        """
        return linear_pnl(1.0, before, after)


@dataclass(frozen=True, slots=True)
class Cash:
    """Money in any currency, held or owed; one unit is one unit of that currency.

    Parameters:
        currency: `"USD"`, `"MXN"`, ….
        haircut: the fraction of its value that the venue does not count, in `[0, 1)`; for a debt, 0.
    """

    currency: str
    haircut: float = 0.0

    def __post_init__(self) -> None:
        _name("currency", self.currency)
        scalar("haircut", self.haircut, ge=0, lt=1)

    def pnl_usd(self, before: Any, after: Any) -> FloatArray:
        """Change of the counted USD value of one unit when its FX rate goes from `before` to `after` (USD per unit).

        Examples:
            >>> round(float(Cash("MXN", haircut=0.05).pnl_usd(0.055, 0.050)), 6)
            -0.00475
        """
        return (1.0 - self.haircut) * linear_pnl(1.0, before, after)


Contract: TypeAlias = Linear | Inverse | Option | Spot | Cash
"""Anything that a book can hold."""

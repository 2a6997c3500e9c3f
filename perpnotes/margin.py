"""What an account must hold, and how far it is from it: tiers, collateral, equity, initial and maintenance margin.

Every amount is valued in USD. The equity of an account of linear and inverse positions is linear in each price and its
maintenance margin the largest of a few lines, so the first price at which the two meet is found, never passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

import numpy as np

from perpnotes._crossing import first_move
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import brief, broadcast, flag, items, one_of, real, scalar, text
from perpnotes._venues import SIZE_TIERS, TIERS
from perpnotes.contracts import Inverse, Linear, inverse_notional, inverse_pnl, linear_notional, linear_pnl

__all__ = [
    "Account",
    "Assessment",
    "Collateral",
    "Distance",
    "Position",
    "SizeTiers",
    "Tiers",
    "close_reserve",
    "crowded_rate",
    "grown_haircut",
    "grown_rate",
    "maintenance_rate",
    "published_size_tiers",
    "published_tiers",
]


def _check_rows(table: Tiers | SizeTiers) -> tuple[FloatArray, FloatArray]:
    """Check the rows of a table, and keep them as tuples; its floors and its rates."""
    floors = real("floors", table.floors, ge=0, ndim=1)
    rates = real("rates", table.rates, gt=0, lt=1, ndim=1)
    if len(rates) != len(floors):
        raise ValueError(f"rates must have one entry a floor, got {len(rates)} for {len(floors)} floors")
    if floors[0] != 0:
        raise ValueError(f"floors must begin at 0, got {floors[0]:g}")
    for name, values in (("floors", floors), ("rates", rates)):
        if (values[1:] <= values[:-1]).any():
            raise ValueError(f"{name} must rise from tier to tier, got {values.tolist()}")
    leverage: tuple[float, ...] = ()
    if np.size(table.max_leverage):
        steps = real("max_leverage", table.max_leverage, ge=1, ndim=1)
        if len(steps) != len(floors):
            raise ValueError(f"max_leverage must have one entry a floor, got {len(steps)} for {len(floors)} floors")
        if (steps[1:] >= steps[:-1]).any():
            raise ValueError(f"max_leverage must fall from tier to tier, got {steps.tolist()}")
        leverage = tuple(steps.tolist())
    object.__setattr__(table, "floors", tuple(floors.tolist()))
    object.__setattr__(table, "rates", tuple(rates.tolist()))
    object.__setattr__(table, "max_leverage", leverage)
    return floors, rates


@dataclass(frozen=True, slots=True)
class Tiers:
    """A maintenance-margin table by notional: `MM(N) = m_k N - c_k` in tier `k`, continuous in `N`.

    `MM` is the maintenance margin of a notional `N`, `m_k` the rate of the tier and `c_k` its deduction. The deductions
    follow from the rest: `c_1 = 0`, `c_{k+1} = c_k + (m_{k+1} - m_k) * floor_{k+1}`.

    Parameters:
        floors: notional at which each tier begins; the first is 0, then rising. Settlement currency
            (USD for linear contracts, coins for inverse ones).
        rates: maintenance rate of each tier, in `(0, 1)`, rising.
        max_leverage: the highest leverage allowed in each tier, `>= 1`, falling; empty if the table states none.

    Raises:
        ValueError: for tiers out of order, lengths that differ, or a rate or leverage outside its range.

    Examples:
        >>> table = Tiers((0, 50_000, 250_000), (0.004, 0.005, 0.01))
        >>> table.deductions
        (0.0, 50.0, 1300.0)
        >>> table.maintenance(300_000.0)
        np.float64(1700.0)

    Source: the form of Binance's, Bybit's and Hyperliquid's published tables.
    """

    floors: Sequence[float]
    rates: Sequence[float]
    max_leverage: Sequence[float] = ()
    _deductions: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        floors, rates = _check_rows(self)
        steps = (rates[1:] - rates[:-1]) * floors[1:]
        object.__setattr__(self, "_deductions", (0.0, *np.cumsum(steps).tolist()))

    @classmethod
    def flat(cls, rate: float) -> Tiers:
        """One rate for every size.

        Parameters:
            rate: maintenance rate, in `(0, 1)`.

        Returns:
            A table of one tier, without a highest leverage.

        Raises:
            ValueError: for a rate outside its range.

        Examples:
            >>> Tiers.flat(0.005).maintenance(1_000_000.0)
            np.float64(5000.0)
        """
        return cls((0.0,), (rate,))

    @property
    def deductions(self) -> tuple[float, ...]:
        """The amounts `c_k` that make the requirement continuous, one a tier, in the currency of the floors."""
        return self._deductions

    def tier(self, notional: ArrayLike) -> np.intp | np.ndarray[Any, np.dtype[np.intp]]:
        """The 0-based tier of each notional; a notional on a floor belongs to the tier that begins there.

        Parameters:
            notional: `>= 0`, in the currency of the floors; any shape.

        Returns:
            Whole numbers, 0 for the first tier, the shape of `notional`.

        Raises:
            ValueError: for a negative or non-finite notional.
        """
        index: np.intp | np.ndarray[Any, np.dtype[np.intp]]
        index = np.asarray(self.floors).searchsorted(real("notional", notional, ge=0), side="right") - 1
        return index

    @overload
    def maintenance(self, notional: float) -> float: ...
    @overload
    def maintenance(self, notional: ArrayLike) -> FloatArray: ...
    def maintenance(self, notional: ArrayLike) -> Floats:
        """Maintenance margin, in the currency of the floors: rate of the tier times notional, less its deduction.

        Parameters:
            notional: `>= 0`, in the currency of the floors; any shape.

        Returns:
            `>= 0`, the shape of `notional`.

        Raises:
            ValueError: for a negative or non-finite notional.
        """
        return self._margin(real("notional", notional, ge=0))

    def _margin(self, notional: FloatArray) -> FloatArray:
        """The same for notionals that need no check."""
        if len(self.rates) == 1:
            return self.rates[0] * notional
        tier = np.asarray(self.floors).searchsorted(notional, side="right") - 1
        margin: FloatArray = np.asarray(self.rates)[tier] * notional - np.asarray(self.deductions)[tier]
        return margin


@dataclass(frozen=True, slots=True)
class SizeTiers:
    """A maintenance-margin table by the size of the position: all of it pays the rate of its tier, without a deduction.

    Its price does not move a position to another tier, so each position has one rate: `at` gives it as a table of one
    tier, which is what positions, liquidation prices and sizing take.

    Parameters:
        floors: size above which each tier begins; the first is 0, then rising. Coins.
        rates: maintenance rate of each tier, in `(0, 1)`, rising.
        max_leverage: the highest leverage allowed in each tier, `>= 1`, falling; empty if the table states none.

    Raises:
        ValueError: for tiers out of order, lengths that differ, or a rate or leverage outside its range.

    Examples:
        >>> table = SizeTiers((0, 10, 50), (0.004, 0.005, 0.0075))
        >>> table.at(10.0).maintenance(600_000.0)
        np.float64(2400.0)
        >>> table.at(10.1).maintenance(606_000.0)
        np.float64(3030.0)

    Source: the form of OKX's published tables.
    """

    floors: Sequence[float]
    rates: Sequence[float]
    max_leverage: Sequence[float] = ()

    def __post_init__(self) -> None:
        _check_rows(self)

    def at(self, size: float) -> Tiers:
        """The rate and the highest leverage of a position, for every notional that it may have.

        Parameters:
            size: signed, coins. A size on a floor belongs to the tier that ends there.

        Returns:
            A table of one tier, with its highest leverage where this table has one.

        Raises:
            ValueError: for a size that is not a finite number.
        """
        tier = max(int(np.searchsorted(self.floors, abs(scalar("size", size)))) - 1, 0)
        return Tiers((0.0,), (self.rates[tier],), self.max_leverage[tier : tier + 1])


def published_tiers(name: str) -> Tiers:
    """A margin-tier table by notional, as a venue published it.

    Parameters:
        name: one of `"binance_btcusdt_2024_10"`, `"binance_ethusdt_2024_10"`, `"bybit_btcusdt_2025_12"`,
            `"bybit_ethusdt_2025_12"`, `"hyperliquid_btc_2025"`, `"hyperliquid_eth_2025"`, `"hyperliquid_sol_2025"`.

    Returns:
        The table, with its floors in USD and the highest leverage of each tier.

    Raises:
        ValueError: for an unknown name.

    Examples:
        >>> table = published_tiers("binance_btcusdt_2024_10")
        >>> [round(amount) for amount in table.deductions[:4]]
        [0, 50, 950, 11450]

    Source: in `perpnotes/_venues.py`, beside each table.
    """
    return Tiers(*TIERS[one_of("name", name, tuple(TIERS))])


def published_size_tiers(name: str) -> SizeTiers:
    """A margin-tier table by size, as a venue published it.

    Parameters:
        name: `"okx_btcusdt_2026_05"` or `"okx_ethusdt_2026_05"`.

    Returns:
        The table, with its floors in coins and the highest leverage of each tier; its `at` gives the rate of one
        position.

    Raises:
        ValueError: for an unknown name.

    Examples:
        >>> published_size_tiers("okx_btcusdt_2026_05").at(-300.0).rates
        (0.0125,)

    Source: in `perpnotes/_venues.py`, beside each table.
    """
    return SizeTiers(*SIZE_TIERS[one_of("name", name, tuple(SIZE_TIERS))])


@overload
def maintenance_rate(initial: float, fraction: float = ...) -> float: ...
@overload
def maintenance_rate(initial: ArrayLike, fraction: ArrayLike = ...) -> FloatArray: ...
def maintenance_rate(initial: ArrayLike, fraction: ArrayLike = 0.5) -> Floats:
    """Maintenance rate where a venue states it as a part of the initial rate: `fraction * initial`.

    Parameters:
        initial: initial margin rate, in `(0, 1]`: one over the highest leverage. Any shape; the arguments broadcast.
        fraction: the part, in `[0, 1]`: half at Hyperliquid; dYdX names one for each tier.

    Returns:
        A fraction of the notional, in `[0, 1]`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> maintenance_rate(1 / 20)
        np.float64(0.025)

    Source: the documentation of Hyperliquid and of the dYdX v4 protocol.
    """
    first, part = real("initial", initial, gt=0, le=1), real("fraction", fraction, ge=0, le=1)
    broadcast(initial=first, fraction=part)
    return part * first


@overload
def crowded_rate(base: float, open_interest: float, lower: float, upper: float) -> float: ...
@overload
def crowded_rate(base: ArrayLike, open_interest: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> FloatArray: ...
def crowded_rate(base: ArrayLike, open_interest: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Floats:
    """Initial margin rate that grows with the market: from `base` at an open interest of `lower` to 1 at `upper`.

    `base + (1 - base) * clip((OI - lower) / (upper - lower), 0, 1)`; where both bounds are equal it stays at `base`.

    Parameters:
        base: initial margin rate of a small market, in `(0, 1]`. Any shape; the arguments broadcast.
        open_interest: notional of the market `OI`, `>= 0`, USD.
        lower: open interest from which the rate grows, `>= 0`, USD.
        upper: open interest from which nothing is lent, `>= lower`, USD.

    Returns:
        A fraction of the notional, in `[base, 1]`, the broadcast shape; at 1 nothing is lent.

    Raises:
        ValueError: for a value outside its range, or bounds out of order.

    Examples:
        >>> crowded_rate(0.2, [0.0, 1.5e6, 3e6], 1e6, 2e6).round(9).tolist()
        [0.2, 0.6, 1.0]

    Source: the liquidity tiers of the dYdX v4 protocol.
    """
    rate, interest = real("base", base, gt=0, le=1), real("open_interest", open_interest, ge=0)
    low, high = real("lower", lower, ge=0), real("upper", upper, ge=0)
    broadcast(base=rate, open_interest=interest, lower=low, upper=high)
    if np.any(low > high):
        raise ValueError("upper must be >= lower, got bounds out of order")
    above, width = np.broadcast_arrays(interest - low, high - low)
    part = np.clip(np.divide(above, width, out=np.zeros(above.shape), where=width > 0), 0.0, 1.0)
    result: FloatArray = rate + (1.0 - rate) * part
    return result[()]


@overload
def grown_rate(base: float, size: float, slope: float, *, power: float = ..., start: float = ...) -> float: ...
@overload
def grown_rate(
    base: ArrayLike, size: ArrayLike, slope: ArrayLike, *, power: ArrayLike = ..., start: ArrayLike = ...
) -> FloatArray: ...
def grown_rate(
    base: ArrayLike, size: ArrayLike, slope: ArrayLike, *, power: ArrayLike = 1.0, start: ArrayLike = 1.0
) -> Floats:
    """Margin rate that grows with the position: `max(base, start * base + slope * |size|^power)`.

    It grows with the coins and not with their value, so `liquidation.price` takes it as a rate: by the size itself at
    Deribit (`power=1`), by its root at Drift (`power=0.5, start=0.8`).

    Parameters:
        base: the smallest rate, in `(0, 1)`. Any shape; the arguments broadcast.
        size: coins, either sign.
        slope: growth of the rate, `>= 0`, for one coin to the `power`.
        power: in `(0, 1]`.
        start: the part of the base from which it grows, in `[0, 1]`.

    Returns:
        A fraction of the notional, in `[base, 1)`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range, or a size whose rate reaches 1.

    Examples:
        >>> grown_rate(0.01, [1.0, 100.0], 0.00005).round(9).tolist()
        [0.01005, 0.015]
        >>> sizes = [1.0, -10_000.0]
        >>> by_root = grown_rate(0.05, sizes, 0.0005, power=0.5, start=0.8)
        >>> by_root.round(9).tolist()
        [0.05, 0.09]

    Source: the form of Deribit's margin documentation and of the margin code of the Drift v2 protocol.
    """
    least, coins, rise = real("base", base, gt=0, lt=1), real("size", size), real("slope", slope, ge=0)
    exponent, part = real("power", power, gt=0, le=1), real("start", start, ge=0, le=1)
    broadcast(base=least, size=coins, slope=rise, power=exponent, start=part)
    rates: FloatArray = np.maximum(least, part * least + rise * np.abs(coins) ** exponent)
    if np.any(rates >= 1):
        raise ValueError(f"size must have a rate below 1, got a rate of {np.max(rates):g}")
    return rates


@overload
def grown_haircut(base: float, amount: float, slope: float) -> float: ...
@overload
def grown_haircut(base: ArrayLike, amount: ArrayLike, slope: ArrayLike) -> FloatArray: ...
def grown_haircut(base: ArrayLike, amount: ArrayLike, slope: ArrayLike) -> Floats:
    """Haircut that grows with the root of the amount: `max(base, 1 - 1.1 / (1 + slope sqrt(amount)))`.

    For `Collateral`, whose coins are then worth less the more there are of them. A venue that gives each part of the
    amount its own haircut, as in a table of tiers, takes `portfolio.size_charge(amount, floors, haircuts)` coins away.

    Parameters:
        base: the smallest haircut, in `[0, 1)`. Any shape; the arguments broadcast.
        amount: coins, `>= 0`.
        slope: growth for the root of one coin, `>= 0`.

    Returns:
        The fraction of the value that is not counted, in `[base, 1)`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> amounts = [0.0, 1_000.0, 1_000_000.0]
        >>> grown_haircut(0.1, amounts, 0.01).round(4).tolist()
        [0.1, 0.1643, 0.9]

    Source: the margin code of the Drift v2 protocol.
    """
    least, coins, rise = real("base", base, ge=0, lt=1), real("amount", amount, ge=0), real("slope", slope, ge=0)
    broadcast(base=least, amount=coins, slope=rise)
    haircut: FloatArray = np.maximum(least, 1.0 - 1.1 / (1.0 + rise * np.sqrt(coins)))
    return haircut


@overload
def close_reserve(size: float, bankruptcy: float, fee: float, *, inverse: bool = ...) -> float: ...
@overload
def close_reserve(size: ArrayLike, bankruptcy: ArrayLike, fee: ArrayLike, *, inverse: bool = ...) -> FloatArray: ...
def close_reserve(size: ArrayLike, bankruptcy: ArrayLike, fee: ArrayLike, *, inverse: bool = False) -> Floats:
    """The fee for closing at the bankruptcy price, which some venues reserve in both margins.

    It is `fee * |size| * bankruptcy`, or `fee * |size| / bankruptcy` for an inverse contract. It is added to the
    notional over the leverage for the initial margin, to the rate times the notional for maintenance, and to initial
    margin and open fee for the cost of an order.

    Parameters:
        size: coins, or USD of contracts with `inverse`; either sign. Any shape; the arguments broadcast.
        bankruptcy: bankruptcy price, `> 0`, USD per coin: `liquidation.price` with a maintenance rate of 0, on the
            venue's tick where it rounds.
        fee: taker fee, a fraction in `[0, 1)`.
        inverse: True for an inverse contract, whose fee is in coins.

    Returns:
        USD, or coins with `inverse`; `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> close_reserve(1.0, 9_800.0, 0.00075).round(9)
        np.float64(7.35)

    Source: order cost and position margin in Bybit's documentation.
    """
    flag("inverse", inverse)
    notional = inverse_notional if inverse else linear_notional
    q, p, f = real("size", size), real("bankruptcy", bankruptcy, gt=0), real("fee", fee, ge=0, lt=1)
    broadcast(size=q, bankruptcy=p, fee=f)
    return f * notional(q, p)


@dataclass(frozen=True, slots=True)
class Collateral:
    """Money that backs an account: `amount * fx * (1 - haircut)` USD; a debt (`amount < 0`) gets no haircut.

    Parameters:
        amount: in `currency`; `< 0` is a debt, such as funding that is due and not yet taken.
        currency: `"USD"`, `"MXN"`, `"BTC"`, …. A coin moves with the positions on that coin.
        haircut: the fraction of its value that the venue does not count, in `[0, 1)`.
        fx: USD for one unit of `currency`, `> 0`. USD itself is 1; any other currency must say.

    Raises:
        ValueError: for a non-finite value or one outside its range, or a currency without its rate.

    Examples:
        >>> round(Collateral(200_000.0, "MXN", haircut=0.05, fx=0.055).usd, 2)
        10450.0
    """

    amount: float
    currency: str = "USD"
    haircut: float = 0.0
    fx: float = None  # type: ignore[assignment]  # always a number once made

    def __post_init__(self) -> None:
        scalar("amount", self.amount)
        scalar("haircut", self.haircut, ge=0, lt=1)
        text("currency", self.currency)
        if self.fx is None:
            if self.currency != "USD":
                raise ValueError(f"fx must be stated for {self.currency}: USD for one unit of it")
            object.__setattr__(self, "fx", 1.0)
        scalar("fx", self.fx, gt=0)
        if self.currency == "USD" and self.fx != 1:
            raise ValueError(f"fx must be 1 for USD, got {self.fx:g}")

    @property
    def usd(self) -> float:
        """Counted value, USD."""
        return self.amount * self.fx * (1.0 - (self.haircut if self.amount > 0 else 0.0))


@dataclass(frozen=True, slots=True)
class Position:
    """One open position and the rules that its margin follows.

    Parameters:
        contract: `Linear` or `Inverse`.
        size: coins (linear) or USD of contracts (inverse); long `> 0`, short `< 0`, not 0.
        entry: average entry price, `> 0`, USD per coin.
        mark: mark price now, `> 0`, USD per coin.
        tiers: maintenance table, in the contract's settlement currency.
        leverage: notional over initial margin, `>= 1`; not above what the tiers allow.
        basis: whether margin is charged on `"mark"` or on `"entry"` notional.
        close_fee: fee to close as a fraction of that notional, in `[0, 1)`, charged inside the maintenance margin; with
            the next funding rate where it will be paid and the check counts it, as BitMEX's does.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> table = Tiers.flat(0.005)
        >>> long = Position(Linear("BTC"), 0.5, 60_000.0, 62_000.0, table)
        >>> long.maintenance_usd
        155.0
    """

    contract: Linear | Inverse
    size: float
    entry: float
    mark: float
    tiers: Tiers
    leverage: float = 1.0
    basis: Literal["mark", "entry"] = "mark"
    close_fee: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.contract, Linear | Inverse):
            raise ValueError(f"contract must be Linear or Inverse, got {brief(self.contract)}")
        if scalar("size", self.size) == 0:
            raise ValueError("size must not be 0")
        scalar("entry", self.entry, gt=0)
        scalar("mark", self.mark, gt=0)
        scalar("leverage", self.leverage, ge=1)
        one_of("basis", self.basis, ("mark", "entry"))
        scalar("close_fee", self.close_fee, ge=0, lt=1)
        if not isinstance(self.tiers, Tiers):
            raise ValueError(f"tiers must be a Tiers table, got {brief(self.tiers)}")
        if self.tiers.max_leverage:
            allowed = self.tiers.max_leverage[int(self.tiers.tier(self._charged))]
            if self.leverage > allowed:
                raise ValueError(f"leverage must be <= {allowed:g} at this notional, got {self.leverage:g}")

    @overload
    def _notional(self, price: float) -> float: ...
    @overload
    def _notional(self, price: FloatArray) -> FloatArray: ...
    def _notional(self, price: float | FloatArray) -> float | FloatArray:
        """Notional at a checked price, in the settlement currency."""
        size = abs(float(self.size))
        return size / price if isinstance(self.contract, Inverse) else size * price

    @property
    def _charged(self) -> float:
        """Notional on which margin is charged now, in the settlement currency."""
        return self._notional(float(self.mark if self.basis == "mark" else self.entry))

    def _usd(self, mark: float) -> float:
        """USD for one unit of the settlement currency."""
        return mark if isinstance(self.contract, Inverse) else 1.0

    def _pnl(self, mark: float) -> float:
        """Unrealized P&L at `mark`, USD."""
        pnl = inverse_pnl if isinstance(self.contract, Inverse) else linear_pnl
        return float(pnl(self.size, self.entry, mark)) * self._usd(mark)

    @overload
    def maintenance_at(self, mark: float) -> float: ...
    @overload
    def maintenance_at(self, mark: ArrayLike) -> FloatArray: ...
    def maintenance_at(self, mark: ArrayLike) -> Floats:
        """Maintenance margin at a mark, close fee included, USD.

        Parameters:
            mark: mark price, `> 0`, USD per coin; any shape.

        Raises:
            ValueError: for a mark that is not positive and finite.

        Examples:
            >>> from perpnotes.contracts import Linear
            >>> table = Tiers.flat(0.005)
            >>> long = Position(Linear("BTC"), 0.5, 60_000.0, 60_000.0, table)
            >>> long.maintenance_at([60_000.0, 50_000.0])
            array([150., 125.])
        """
        return self._maintenance(real("mark", mark, gt=0), self.tiers.maintenance)

    def _maintenance(self, price: FloatArray, margin: Callable[[FloatArray], Floats]) -> FloatArray:
        """The same at a checked mark, with what the table asks for a notional."""
        notional = self._notional(price if self.basis == "mark" else np.full_like(price, self.entry))
        asked: FloatArray = margin(notional) + self.close_fee * notional
        return asked * price if isinstance(self.contract, Inverse) else asked

    def _lines(self) -> tuple[float, FloatArray, FloatArray]:
        """What it adds to the account in its relative price `rho`, USD: the slope of the P&L, and lines of the margin.

        The maintenance margin is the largest of `-(v + s (rho - 1))` over the lines, one a tier.
        """
        inverse = isinstance(self.contract, Inverse)
        slope = self.size * (self.mark / self.entry if inverse else self.mark)
        if self.basis == "entry":
            held = np.array([-self.maintenance_usd])
            return slope, held, held if inverse else np.zeros(1)
        usd, notional = self._usd(self.mark), self.notional_usd
        rates, deductions = np.array(self.tiers.rates) + self.close_fee, np.array(self.tiers.deductions) * usd
        return slope, deductions - rates * notional, deductions if inverse else -rates * notional

    @property
    def notional_usd(self) -> float:
        """Notional on which margin is charged, USD."""
        return self._charged * self._usd(self.mark)

    @property
    def pnl_usd(self) -> float:
        """Unrealized P&L, USD."""
        return self._pnl(self.mark)

    @property
    def initial_usd(self) -> float:
        """Initial margin: notional over leverage, USD."""
        return self.notional_usd / self.leverage

    @property
    def maintenance_usd(self) -> float:
        """Maintenance margin with the close fee, USD."""
        return float(self.maintenance_at(self.mark))


@dataclass(frozen=True, slots=True)
class Assessment:
    """Where an account stands against its margin. Every amount is in USD. Made by `Account.assess`.

    Parameters:
        collateral: counted value of the collateral.
        unrealized: P&L of the open positions at their marks.
        notional: sum of the notionals, without netting.
        initial: initial margin.
        maintenance: maintenance margin.
    """

    collateral: float
    unrealized: float
    notional: float
    initial: float
    maintenance: float

    @property
    def equity(self) -> float:
        """Collateral plus unrealized P&L."""
        return self.collateral + self.unrealized

    @property
    def ratio(self) -> float:
        """Margin ratio: maintenance over equity. Liquidation begins at 1; infinite where no equity is left."""
        return self.maintenance / self.equity if self.equity > 0 else math.inf

    @property
    def buffer(self) -> float:
        """What the account can lose before liquidation: equity less maintenance. Negative when it is too late."""
        return self.equity - self.maintenance

    @property
    def available(self) -> float:
        """What can back new positions: equity less initial margin. Negative when margin must be added."""
        return self.equity - self.initial

    def why(self, what: Literal["equity", "ratio", "buffer", "available"] = "ratio") -> Derivation:
        """The terms behind one of the results.

        Parameters:
            what: `"equity"`, `"ratio"`, `"buffer"` or `"available"`.

        Raises:
            ValueError: for another word.
        """
        one_of("what", what, ("equity", "ratio", "buffer", "available"))
        equity = (
            Term("C", "collateral after haircuts", self.collateral, "USD", r"\sum_j a_j x_j (1 - h_j)"),
            Term("U", "unrealized P&L", self.unrealized, "USD", r"\sum_i u_i"),
            Term("E", "equity", self.equity, "USD", "C + U"),
        )
        initial = Term("I", "initial margin", self.initial, "USD", r"\sum_i N_i / L_i")
        maintenance = Term(
            "M", "maintenance margin", self.maintenance, "USD", r"\sum_i (m_k N_i - c_k + \varphi_i N_i)"
        )
        last = {
            "equity": (),
            "ratio": (maintenance, Term("R", "margin ratio", self.ratio, "", "M / E")),
            "buffer": (maintenance, Term("B", "buffer", self.buffer, "USD", "E - M")),
            "available": (initial, Term("A", "available", self.available, "USD", "E - I")),
        }[what]
        return Derivation(equity + last)


@dataclass(frozen=True, eq=False, slots=True)
class Distance(ByValue):
    """How far the market can move in a stated direction before equity falls to maintenance. Made by `Account.distance`.

    Parameters:
        move: the multiple of the direction at which it happens, `>= 0`; infinite where it never does.
        prices: the mark of each underlying at that point; empty where it never does.
        equity: equity there, USD; 0 where it never happens.
        buffer: equity less maintenance now, USD.
    """

    move: float
    prices: Mapping[str, float]
    equity: float
    buffer: float

    def why(self) -> Derivation:
        """The terms behind the distance; without marks and equity where nothing ends the account."""
        prices = [Term(f"P_{{{name}}}", f"mark of {name} there", p, "USD") for name, p in self.prices.items()]
        if self.buffer <= 0:
            there = [Term("E", "equity now, not above maintenance", self.equity, "USD")]
        elif math.isinf(self.move):
            there = []
        else:
            there = [Term("E_t", "equity there, equal to maintenance", self.equity, "USD", "M_t")]
        return Derivation(
            (
                Term("B", "buffer now", self.buffer, "USD", "E - M"),
                *prices,
                *there,
                Term("t", "distance", self.move, "", r"\min t \ge 0, E_t \le M_t"),
            )
        )


@dataclass(frozen=True, slots=True)
class Account:
    """Positions that share collateral. With one position it is isolated margin; with several it is cross margin.

    Parameters:
        positions: at least one.
        collateral: at least one.

    Raises:
        ValueError: for an empty list, or two positions on one coin with different marks.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> table = Tiers.flat(0.005)
        >>> long = Position(Linear("BTC"), 1.0, 60_000.0, 60_000.0, table)
        >>> account = Account([long], [Collateral(6_000.0)])
        >>> print(account.assess().why())
        collateral after haircuts  6,000.00 USD   C = Σ_j a_j x_j (1 - h_j)
        unrealized P&L                 0.00 USD   U = Σ_i u_i
        equity                     6,000.00 USD   E = C + U
        maintenance margin           300.00 USD   M = Σ_i (m_k N_i - c_k + φ_i N_i)
        margin ratio                   0.05       R = M / E
        >>> round(account.distance({"BTC": -1.0}).move, 6)
        0.095477
    """

    positions: Sequence[Position]
    collateral: Sequence[Collateral]

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", items("positions", self.positions, (Position,)))
        object.__setattr__(self, "collateral", items("collateral", self.collateral, (Collateral,)))
        marks: dict[str, float] = {}
        for position in self.positions:
            coin = position.contract.underlying
            if marks.setdefault(coin, position.mark) != position.mark:
                raise ValueError(f"mark of {coin} must be one price, got {marks[coin]:g} and {position.mark:g}")
        for money in self.collateral:
            if money.currency in marks and money.fx != (mark := marks[money.currency]):
                raise ValueError(f"fx of {money.currency} must equal its mark {mark:g}, got {money.fx:g}")

    def assess(self) -> Assessment:
        """Equity, initial and maintenance margin, and what follows from them.

        Returns:
            The sums over positions and collateral, USD.
        """
        return Assessment(
            collateral=math.fsum(item.usd for item in self.collateral),
            unrealized=math.fsum(p.pnl_usd for p in self.positions),
            notional=math.fsum(p.notional_usd for p in self.positions),
            initial=math.fsum(p.initial_usd for p in self.positions),
            maintenance=math.fsum(p.maintenance_usd for p in self.positions),
        )

    def distance(self, direction: Mapping[str, float]) -> Distance:
        """How far the market can go before equity falls to maintenance, as a multiple of `direction`.

        The first underlying that is named with a move `d` is the driver: its mark goes to `mark (1 + t d)`. Another one
        with a move `d_i` follows by its beta `d_i / d` on log prices, `mark_i (1 + t d)^(d_i / d)`, the law of
        `stress`, so no price reaches 0 before the driver's; what is not named stays. `{"BTC": -1}` freezes the other
        legs, as the one number that venues show does; `{"BTC": -1, "ETH": -1.2}` lets ETH follow with a beta of 1.2. A
        coin held as collateral moves with its underlying; other currencies stay.

        Parameters:
            direction: relative move of the driver for `t = 1` and, divided by it, the betas of the others; at least one
                is not 0. The order changes the unit of `t`, not the prices that are found.

        Returns:
            The first `t >= 0` at which `equity <= maintenance`, across tiers and past every dip; infinite if no price
            above 0 does it.

        Raises:
            ValueError: for what is no mapping, an unknown underlying, a non-finite move or beta, or no move.
        """
        return self.distances([direction])[0]

    def distances(self, directions: Sequence[Mapping[str, float]]) -> tuple[Distance, ...]:
        """The `distance` in each of several directions; to ask for all at once takes little longer than for one.

        Parameters:
            directions: each as in `distance`; at least one.

        Returns:
            One `Distance` a direction, in the same order.

        Raises:
            ValueError: as `distance`, or for no direction.

        Examples:
            >>> from perpnotes.contracts import Linear
            >>> table = Tiers.flat(0.005)
            >>> long = Position(Linear("BTC"), 1.0, 60_000.0, 60_000.0, table)
            >>> account = Account([long], [Collateral(6_000.0)])
            >>> found = account.distances([{"BTC": -1.0}, {"BTC": 1.0}])
            >>> [round(each.move, 6) for each in found]
            [0.095477, inf]
        """
        asked = [self._direction(each) for each in items("directions", directions, (object,))]
        marks = {p.contract.underlying: p.mark for p in self.positions}

        def prices(driver: str, move: float, betas: Mapping[str, float]) -> dict[str, float]:
            log = math.log1p(move)
            then = {name: mark * math.exp(betas.get(name, 0.0) * log) for name, mark in marks.items()}
            return then | {driver: marks[driver] * (1.0 + move)}

        def equity(at: Mapping[str, float]) -> float:
            money = (c.usd * (at[c.currency] / marks[c.currency] if c.currency in at else 1.0) for c in self.collateral)
            return math.fsum((*money, *(p._pnl(at[p.contract.underlying]) for p in self.positions)))

        now = self.assess()
        buffer = now.buffer
        if buffer <= 0:
            return (Distance(0.0, marks, equity(marks), buffer),) * len(asked)
        found = []
        for move, (driver, step, betas) in zip(self._first_moves(now.equity, asked), asked, strict=True):
            if math.isinf(move):
                found.append(Distance(math.inf, {}, 0.0, buffer))
                continue
            there = prices(driver, math.copysign(move, step), betas)
            found.append(Distance(move / abs(step), there, equity(there), buffer))
        return tuple(found)

    def _direction(self, direction: Any) -> tuple[str, float, dict[str, float]]:
        """The driver of a direction, its own move, and the beta of each underlying that is named."""
        if not isinstance(direction, Mapping):
            raise ValueError(f"direction must map underlyings to moves, got {brief(direction)}")
        moves = {name: scalar(f"direction[{name!r}]", move) for name, move in direction.items()}
        self._check_names(moves)
        driver = next((name for name, move in moves.items() if move), None)
        if driver is None:
            raise ValueError("direction must have a move that is not 0")
        step = moves[driver]
        with np.errstate(over="ignore"):
            return driver, step, {name: scalar(f"beta of {name!r}", np.divide(m, step)) for name, m in moves.items()}

    def _check_names(self, direction: Mapping[str, float]) -> None:
        """A `ValueError` where a direction names what the account does not hold."""
        held = {position.contract.underlying for position in self.positions}
        if unknown := sorted((name for name in direction if name not in held), key=str):
            raise ValueError(f"direction must name underlyings of the account, got {', '.join(map(str, unknown))}")

    def _first_moves(self, equity: float, asked: Sequence[tuple[str, float, Mapping[str, float]]]) -> list[float]:
        """Relative move of each driver to the requirement, `>= 0`, where each underlying follows by its beta."""
        slopes: dict[str, list[float]] = {}
        for money in self.collateral:
            slopes.setdefault(money.currency, []).append(money.usd)
        legs: list[tuple[str, FloatArray, FloatArray]] = []
        for position in self.positions:
            coin = position.contract.underlying
            slope, value, along = position._lines()
            slopes.setdefault(coin, []).append(slope)
            legs.append((coin, value, along))
        for coin, parts in slopes.items():  # one sum a coin: what is hedged in it cancels before it meets the rest
            total = math.fsum(parts)
            hedged = abs(total) <= 1e-12 * math.fsum(map(abs, parts))
            legs.append((coin, np.zeros(1), np.array([0.0 if hedged else total])))
        tiers = max(len(value) for _, value, _ in legs)
        last = [np.minimum(np.arange(tiers), len(value) - 1) for _, value, _ in legs]  # a short table repeats its last
        values, along = (
            np.stack([leg[k][rows] for leg, rows in zip(legs, last, strict=True)], axis=1)[..., None] for k in (1, 2)
        )
        names = list(dict.fromkeys(coin for coin, _, _ in legs))
        follow = np.array([[betas.get(name, 0.0) for _, _, betas in asked] for name in names])
        follow = follow[[names.index(coin) for coin, _, _ in legs]]
        straight = ((follow == 0) | (follow == 1)).all(axis=0)
        down = np.array([step < 0 for _, step, _ in asked])

        def lines(part: slice) -> tuple[FloatArray, FloatArray]:
            wide = (*values.shape[:2], part.stop - part.start)
            return np.broadcast_to(values, wide), np.broadcast_to(along, wide)

        found = np.empty(len(asked))
        for some in (np.flatnonzero(straight), np.flatnonzero(~straight)):
            found[some] = first_move(np.full(len(some), equity), lines, follow[:, some], down=down[some])
        result: list[float] = found.tolist()
        return result

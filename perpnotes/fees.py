"""What trading costs: maker, taker, rebate and liquidation fees, and what they leave of a leveraged position.

A fee is charged on the notional, an account is measured by its equity: leverage stands between the two. All rates are
fractions of notional; a rebate is a fee below 0.

What many fees leave is what many funding payments leave: a round trip is a payment of twice the fee to
`funding.equity_left` and `funding.distance`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from perpnotes._derivation import Derivation, Term
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, defined, real, scalar, sides

__all__ = [
    "RoundTrips",
    "breakeven_move",
    "forced_loss",
    "insurance_flow",
    "liquidation_fee",
    "ramped_fee",
    "round_trip",
    "round_trips",
    "slippage_covered",
]


@overload
def round_trip(notional: float, open_fee: float, close_fee: float, *, move: float = ...) -> float: ...
@overload
def round_trip(
    notional: ArrayLike, open_fee: ArrayLike, close_fee: ArrayLike, *, move: ArrayLike = ...
) -> FloatArray: ...
def round_trip(notional: ArrayLike, open_fee: ArrayLike, close_fee: ArrayLike, *, move: ArrayLike = 0.0) -> Floats:
    """Fees of opening and closing, in quote currency: `notional * (open_fee + close_fee * (1 + move))`.

    Parameters:
        notional: at the open, `>= 0`, USD. Any shape; the arguments broadcast.
        open_fee: fee rate of the opening order, in `(-1, 1)`; below 0 a rebate.
        close_fee: fee rate of the closing order, in `(-1, 1)`.
        move: relative price move between the two, `> -1`: the close is charged on the notional of then.

    Returns:
        Quote currency, the broadcast shape: `> 0` is paid.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> round_trip(60_000.0, 0.00015, 0.00045)
        np.float64(36.0)
    """
    n, r = real("notional", notional, ge=0), real("move", move, gt=-1)
    first, last = _fee("open_fee", open_fee), _fee("close_fee", close_fee)
    broadcast(notional=n, open_fee=first, close_fee=last, move=r)
    return n * (first + last * (1.0 + r))


@overload
def breakeven_move(open_fee: float, close_fee: float, *, side: float = ...) -> float: ...
@overload
def breakeven_move(open_fee: ArrayLike, close_fee: ArrayLike, *, side: ArrayLike = ...) -> FloatArray: ...
def breakeven_move(open_fee: ArrayLike, close_fee: ArrayLike, *, side: ArrayLike = 1.0) -> Floats:
    """Price move at which a round trip has earned its fees: `(open_fee + close_fee) / (side - close_fee)`.

    It is more than the sum of the fees for a long, whose close is charged on a higher price, and less for a short.
    Leverage is not in it.

    Parameters:
        open_fee: fee rate of the opening order, in `(-1, 1)`; below 0 a rebate. Any shape; the arguments broadcast.
        close_fee: fee rate of the closing order, in `(-1, 1)`.
        side: 1 for a long, -1 for a short.

    Returns:
        A signed fraction of the opening price: above 0 for a long that pays, below 0 for a short that pays.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> moves = breakeven_move(0.0005, 0.0005, side=[1, -1])
        >>> (moves * 1e4).round(4).tolist()  # basis points
        [10.005, -9.995]
    """
    s, first, last = sides(side), _fee("open_fee", open_fee), _fee("close_fee", close_fee)
    broadcast(open_fee=first, close_fee=last, side=s)
    move: FloatArray = (first + last) / (s - last)
    return move


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """How many round trips a position can pay for before its equity meets a requirement. Made by `round_trips`.

    Parameters:
        leverage: notional over equity `L`.
        maintenance: the requirement as a part of the notional `m`.
        fee: fee rate of one side `f`.
    """

    leverage: float
    maintenance: float
    fee: float

    @property
    def room(self) -> float:
        """What can be paid, as a part of the notional."""
        return 1.0 / self.leverage - self.maintenance

    @property
    def trips(self) -> float:
        """The number of trips, not rounded; infinite where a trip costs nothing or earns."""
        return self.room / (2.0 * self.fee) if self.fee > 0 else math.inf

    @property
    def last(self) -> float:
        """The trip that brings equity to the requirement or below it; infinite where none does."""
        # a room of exactly k trips ends with the kth, not with the one after it for a rounding error
        return float(math.ceil(self.trips * (1.0 - 1e-12))) if self.fee > 0 else math.inf

    def why(self) -> Derivation:
        """The terms behind the number of trips."""
        return Derivation(
            (
                Term("L", "leverage", self.leverage),
                Term("m", "required, of the notional", self.maintenance),
                Term("d", "room, of the notional", self.room, "", "1/L - m"),
                Term("f", "fee of one side", self.fee),
                Term("k", "round trips", self.trips, "", "d / (2 f)"),
            )
        )


def round_trips(leverage: float, maintenance: float, fee: float) -> RoundTrips:
    """Round trips at a flat price and a fixed size until fees bring equity to a requirement: `(1/L - m) / (2 f)`.

    Parameters:
        leverage: notional over equity `L`, `> 0`, below `1/m`.
        maintenance: the requirement `m`, in `(0, 1)`: the maintenance rate for a position that is kept, one over the
            highest allowed leverage for one that is opened anew each time.
        fee: fee rate of one side `f`, in `(-1, 1)`; 0 or a rebate never gets there.

    Returns:
        What was given, and from it the `room` for fees and the number of trips, which is infinite where a trip costs
        nothing or earns.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> print(round_trips(10.0, 0.005, 0.00045).why())
        leverage                    10         L
        required, of the notional    0.005     m
        room, of the notional        0.095     d = 1/L - m
        fee of one side              0.00045   f
        round trips                105.556     k = d / (2 f)
        >>> round_trips(10.0, 0.005, 0.00045).last
        106.0
    """
    m = scalar("maintenance", maintenance, gt=0, lt=1)
    return RoundTrips(scalar("leverage", leverage, gt=0, lt=1.0 / m), m, scalar("fee", fee, gt=-1, lt=1))


@overload
def liquidation_fee(
    size: float, mark: float, execution: float, *, mark_rate: float, execution_rate: float = ...
) -> float: ...
@overload
def liquidation_fee(
    size: ArrayLike, mark: ArrayLike, execution: ArrayLike, *, mark_rate: ArrayLike, execution_rate: ArrayLike = ...
) -> FloatArray: ...
def liquidation_fee(
    size: ArrayLike, mark: ArrayLike, execution: ArrayLike, *, mark_rate: ArrayLike, execution_rate: ArrayLike = 0.0
) -> Floats:
    """What a forced close is charged: `|size| * (mark_rate * mark + execution_rate * execution)`.

    Parameters:
        size: coins, either sign. Any shape; the arguments broadcast.
        mark: mark price, `> 0`.
        execution: price at which it was closed, `> 0`.
        mark_rate: rate on the notional at the mark, in `[0, 1)`.
        execution_rate: rate on the notional at the execution price, in `[0, 1)`.

    Returns:
        Quote currency, `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> rates = {"mark_rate": 0.002, "execution_rate": 0.001}
        >>> liquidation_fee(0.5, 1.30, 1.32, **rates).round(6)
        np.float64(0.00196)

    Source: after the fee rules in Chitra (2025), arXiv 2512.01112.
    """
    q, p, e = np.abs(real("size", size)), real("mark", mark, gt=0), real("execution", execution, gt=0)
    a, b = real("mark_rate", mark_rate, ge=0, lt=1), real("execution_rate", execution_rate, ge=0, lt=1)
    broadcast(size=q, mark=p, execution=e, mark_rate=a, execution_rate=b)
    return np.asarray(q * (a * p + b * e))[()]


@overload
def ramped_fee(base: float, elapsed: float, slope: float, most: float, *, grace: float = ...) -> float: ...
@overload
def ramped_fee(
    base: ArrayLike, elapsed: ArrayLike, slope: ArrayLike, most: ArrayLike, *, grace: ArrayLike = ...
) -> FloatArray: ...
def ramped_fee(
    base: ArrayLike, elapsed: ArrayLike, slope: ArrayLike, most: ArrayLike, *, grace: ArrayLike = 0.0
) -> Floats:
    """A liquidation fee that grows until somebody takes the position: `min(most, base + slope t)` from `grace` on.

    Before that it is `base`. The time counts from the start and not from the end of the grace, so the fee jumps by
    `slope * grace` there. It is a rate for `liquidation_fee`.

    Parameters:
        base: the fee at first, a fraction of the notional in `[0, 1)`. Any shape; the arguments broadcast.
        elapsed: time `t` since the liquidation began, `>= 0`, in any unit.
        slope: what is added in one such unit, `>= 0`.
        most: the largest fee, in `[base, 1)`.
        grace: time without growth, `>= 0`, in the same unit.

    Returns:
        A fraction of the notional, from `base` to `most`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range, or a largest fee below the first.

    Examples:
        >>> elapsed = [1_499, 1_500, 10_000, 100_000]
        >>> fees = ramped_fee(0.02, elapsed, 1e-6, 0.05, grace=1_500)
        >>> fees.round(6).tolist()
        [0.02, 0.0215, 0.03, 0.05]

    Source: the form of the liquidation code of the Drift v2 protocol, which counts in slots of about 0.4 s.
    """
    first, last = real("base", base, ge=0, lt=1), real("most", most, ge=0, lt=1)
    time, rise, pause = real("elapsed", elapsed, ge=0), real("slope", slope, ge=0), real("grace", grace, ge=0)
    broadcast(base=first, elapsed=time, slope=rise, most=last, grace=pause)
    if np.any(first > last):
        raise ValueError("most must be >= base, got a largest fee below the first")
    grown: FloatArray = np.where(time < pause, first, np.minimum(last, first + rise * time))
    return grown[()]


@overload
def insurance_flow(proceeds: float, bankruptcy: float, max_fee: float) -> float: ...
@overload
def insurance_flow(proceeds: ArrayLike, bankruptcy: ArrayLike, max_fee: ArrayLike) -> FloatArray: ...
def insurance_flow(proceeds: ArrayLike, bankruptcy: ArrayLike, max_fee: ArrayLike) -> Floats:
    """Cash from a liquidation to the insurance fund: `min(f |C|, C - B)`; below 0 the fund pays the shortfall.

    What a forced close brings beyond the bankruptcy value belongs to the account, less a liquidation fee of at most `f`
    of the trade. What it lacks, the fund adds.

    Parameters:
        proceeds: cash `C` that the close brings to the account: `> 0` where a long is sold, `< 0` where a short is
            bought back. Any shape; the arguments broadcast.
        bankruptcy: the same cash at the bankruptcy price `B`: see `liquidation.bankruptcy_value`.
        max_fee: highest liquidation fee `f` as a fraction of the trade, in `[0, 1]`; 0 leaves the shortfall alone.

    Returns:
        Quote currency, the broadcast shape: `> 0` goes to the fund.

    Raises:
        ValueError: for a non-finite value, an empty array or a fee outside its range.

    Examples:
        >>> proceeds = [5_610.0, 5_105.1, 5_000.0]
        >>> insurance_flow(proceeds, 5_100.0, 0.005).round(2).tolist()
        [28.05, 5.1, -100.0]

    Source: the insurance fund of the dYdX v4 protocol; with no fee, the bad debt in Chitra (2025), arXiv 2512.01112.
    """
    cash, owed = real("proceeds", proceeds), real("bankruptcy", bankruptcy)
    fee = real("max_fee", max_fee, ge=0, le=1)
    broadcast(proceeds=cash, bankruptcy=owed, max_fee=fee)
    flow: FloatArray = np.minimum(fee * np.abs(cash), cash - owed)
    return flow


@overload
def forced_loss(leverage: float, maintenance: float, cost: float) -> float: ...
@overload
def forced_loss(leverage: ArrayLike, maintenance: ArrayLike, cost: ArrayLike) -> FloatArray: ...
def forced_loss(leverage: ArrayLike, maintenance: ArrayLike, cost: ArrayLike) -> Floats:
    """Part of the first equity that the liquidation of a long at maintenance takes, price move and cost together.

    The move takes the equity of a long down to maintenance, and the cost `c` of the forced close comes on top, both on
    the notional at the liquidation price: `1 - L (m - c) (1 - d)` with `d = (1/L - m)/(1 - m)`.

    Parameters:
        leverage: notional over equity `L`, `> 0`. Any shape; the arguments broadcast.
        maintenance: maintenance rate `m`, in `[0, 1)`, at most `1/L`.
        cost: fee and slippage of the forced close, as a fraction of notional, `>= 0`.

    Returns:
        A fraction; above 1 the loss is larger than the equity, and somebody else pays.

    Raises:
        ValueError: for a value outside its range, or leverage above `1/m`.

    Examples:
        >>> forced_loss(10.0, 0.005, [0.0, 0.002, 0.005]).round(4)
        array([0.9548, 0.9729, 1.    ])
    """
    lev, m, c = real("leverage", leverage, gt=0), real("maintenance", maintenance, ge=0, lt=1), real("cost", cost, ge=0)
    broadcast(leverage=lev, maintenance=m, cost=c)
    if np.any(m * lev > 1.0):
        raise ValueError("leverage must be at most 1 / maintenance")
    left: FloatArray = lev * (m - c) * (1.0 - (1.0 / lev - m) / (1.0 - m))
    return defined(1.0 - left, "leverage", "maintenance", "cost")


@overload
def slippage_covered(maintenance: float, fee: float) -> float: ...
@overload
def slippage_covered(maintenance: ArrayLike, fee: ArrayLike) -> FloatArray: ...
def slippage_covered(maintenance: ArrayLike, fee: ArrayLike) -> Floats:
    """The slippage that maintenance margin can pay for before a liquidation costs more than the account has: `m - f`.

    Both are on the notional at the mark. A fee on the execution price is smaller by the fee times the slippage.

    Parameters:
        maintenance: maintenance rate `m`, in `[0, 1)`. Any shape; the arguments broadcast.
        fee: all fees of the forced close `f`, as a fraction of notional, in `(-1, 1)`.

    Returns:
        A fraction of the notional; 0 or below where the fee alone is more than the margin.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> slippage_covered(0.005, 0.00045).round(5)
        np.float64(0.00455)
    """
    m, f = real("maintenance", maintenance, ge=0, lt=1), _fee("fee", fee)
    broadcast(maintenance=m, fee=f)
    return m - f


def _fee(name: str, value: Any) -> FloatArray:
    return real(name, value, gt=-1, lt=1)

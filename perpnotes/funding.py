"""What holding a perpetual costs: the rate from the order book, the payment, and what many payments do to a position.

Two things that a payment can do are often told as one. At a fixed size it takes the same amount each time and brings
liquidation closer. At a fixed leverage it takes the same *share* of the equity each time, so it compounds, and the
distance to liquidation never changes. `equity_left` and `distance` keep the two apart, for funding as for trading fees:
to the equity every charge on the notional is alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np

from perpnotes import _normal
from perpnotes._derivation import Derivation, Term
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import brief, broadcast, defined, flag, one_of, real, scalar, sides, whole
from perpnotes.contracts import to_step

__all__ = [
    "AR1",
    "Survival",
    "annual",
    "distance",
    "equity_left",
    "impact_price",
    "index_move",
    "liquidation_probability",
    "margin_cap",
    "mean_premium",
    "payment",
    "premium",
    "rate",
    "settled",
    "settlements",
    "skew_rate",
    "survival",
    "timed_mean",
    "total",
]

_YEAR_HOURS = 8760.0


def impact_price(prices: ArrayLike, sizes: ArrayLike, notional: float) -> float:
    """Average price of a market order of a fixed notional: `notional / coins`, filled level by level from the best.

    Parameters:
        prices: one side of the book, best first, `> 0`, USD per coin: falling for bids, rising for asks. Shape `(n,)`.
        sizes: coins at each level, `> 0`. Shape `(n,)`.
        notional: value to trade, `> 0`, USD; not above the value of the levels given.

    Returns:
        USD per coin, between the best price and that of the last level that is needed.

    Raises:
        ValueError: for a value outside its range, levels out of order, or a book too thin for the notional.

    Examples:
        >>> round(impact_price([100.0, 99.0], [1.0, 5.0], 199.0), 9)
        99.5

    Source: impact bid and ask price in Binance's and BitMEX's funding documentation.
    """
    levels = real("prices", prices, gt=0, ndim=1)
    coins = real("sizes", sizes, gt=0, ndim=1)
    target = scalar("notional", notional, gt=0)
    if levels.shape != coins.shape:
        raise ValueError(f"sizes must have one entry a price, got {coins.size} for {levels.size} prices")
    steps = np.sign(np.diff(levels))
    if np.any(steps == 0) or np.any(steps != steps[:1]):
        raise ValueError(f"prices must fall (bids) or rise (asks) from level to level, got {brief(levels.tolist())}")
    value = np.cumsum(levels * coins)
    if target > value[-1]:
        raise ValueError(f"notional must be <= {value[-1]:g}, the value of the levels given, got {target:g}")
    last = int(np.searchsorted(value, target))
    if last == 0:
        return float(levels[0])
    before = float(value[last - 1])
    return target / (float(coins[:last].sum()) + (target - before) / float(levels[last]))


@overload
def premium(impact_bid: float, impact_ask: float, index: float) -> float: ...
@overload
def premium(impact_bid: ArrayLike, impact_ask: ArrayLike, index: ArrayLike) -> FloatArray: ...
def premium(impact_bid: ArrayLike, impact_ask: ArrayLike, index: ArrayLike) -> Floats:
    """How far the book stands outside the index: `(max(0, bid - X) - max(0, X - ask)) / X` with impact prices.

    `bid` and `ask` are the impact prices. It is 0 as long as the index lies between the two. A venue averages many
    samples of it over the interval.

    Parameters:
        impact_bid: average price at which the impact notional can be sold, `> 0`, USD per coin. Any shape.
        impact_ask: the same for buying, not below `impact_bid`, USD per coin.
        index: index price `X`, `> 0`, USD per coin.

    Returns:
        A fraction of the index, the broadcast shape: `> 0` where the book stands above it, and longs pay.

    Raises:
        ValueError: for a non-finite value, a price that is not positive, or a crossed pair.

    Examples:
        >>> premium([100.1, 99.9], [100.2, 100.1], 100.0).round(6).tolist()
        [0.001, 0.0]

    Source: premium index in Binance's, BitMEX's and Hyperliquid's funding documentation.
    """
    bid, ask = real("impact_bid", impact_bid, gt=0), real("impact_ask", impact_ask, gt=0)
    spot = real("index", index, gt=0)
    broadcast(impact_bid=bid, impact_ask=ask, index=spot)
    if np.any(bid > ask):
        raise ValueError("impact_bid must be <= impact_ask, got a crossed pair")
    result: FloatArray = (np.maximum(0.0, bid - spot) - np.maximum(0.0, spot - ask)) / spot
    return result


def mean_premium(samples: ArrayLike, expected: ArrayLike | None = None) -> float:
    """Average premium of an interval; a sample that is missing counts as 0: `sum(samples) / max(n, expected)`.

    Parameters:
        samples: premium samples taken, as fractions. Shape `(n,)`.
        expected: how many there should have been, `>= 1`; None for as many as there are.

    Returns:
        A fraction of the index, either sign.

    Raises:
        ValueError: for a non-finite sample, none at all, or an expected number below 1.

    Examples:
        >>> round(mean_premium([0.001] * 30, expected=60), 6)
        0.0005

    Source: the funding tick of the dYdX v4 protocol.
    """
    taken = real("samples", samples, ndim=1)
    due = taken.size if expected is None else scalar("expected", expected, ge=1)
    return float(taken.sum()) / max(taken.size, due)


def timed_mean(values: ArrayLike, hours: ArrayLike, *, start: float, end: float) -> float:
    """Average over time of what was seen at irregular stamps: each value counts until the next one comes.

    Parameters:
        values: premiums, prices or rates, of any sign. Shape `(n,)`.
        hours: the stamp of each, rising; the first at or before `start`. Shape `(n,)`.
        start: beginning of the time, on the same clock.
        end: its end, above `start`. What is seen at it or later does not count.

    Returns:
        In the unit of the values.

    Raises:
        ValueError: for a non-finite value, lengths that differ, stamps out of order, a time without length, or one that
            begins before the first stamp.

    Examples:
        >>> six_hours_and_two = [0.0, 6.0]
        >>> timed_mean([0.001, 0.003], six_hours_and_two, start=0.0, end=8.0)
        0.0015

    Source: the definition of the mean of a step function.
    """
    seen, stamps = real("values", values, ndim=1), real("hours", hours, ndim=1)
    begin, stop = scalar("start", start), scalar("end", end)
    if seen.shape != stamps.shape:
        raise ValueError(f"hours must have one stamp for each of {seen.size} values, got {stamps.size}")
    if (stamps[1:] <= stamps[:-1]).any():
        raise ValueError(f"hours must rise from stamp to stamp, got {brief(stamps.tolist())}")
    if not stamps[0] <= begin < stop:
        raise ValueError(f"start must be from the first stamp, {stamps[0]:g}, to below end, {stop:g}, got {begin:g}")
    span = stop / 2 - begin / 2  # half of it, which is a float even where the whole is none
    until = np.clip(np.append(stamps[1:], stop), begin, stop)
    since = np.clip(stamps, begin, stop)
    return float(seen @ ((until / 2 - since / 2) / span))


@overload
def rate(
    premium: float,
    *,
    interest: float = ...,
    clamp: float = ...,
    cap: float | None = ...,
    floor: float | None = ...,
    share: float = ...,
    limit: float | None = ...,
) -> float: ...
@overload
def rate(
    premium: ArrayLike,
    *,
    interest: ArrayLike = ...,
    clamp: ArrayLike = ...,
    cap: ArrayLike | None = ...,
    floor: ArrayLike | None = ...,
    share: ArrayLike = ...,
    limit: ArrayLike | None = ...,
) -> FloatArray: ...
def rate(
    premium: ArrayLike,
    *,
    interest: ArrayLike = 0.0001,
    clamp: ArrayLike = 0.0005,
    cap: ArrayLike | None = None,
    floor: ArrayLike | None = None,
    share: ArrayLike = 1.0,
    limit: ArrayLike | None = None,
) -> Floats:
    """Funding rate of one payment: `share * F` with `F = P + clip(I - P, -k, k)`, then held within `±cap`.

    Inside the *dead band* `|I - P| <= k` it is the interest rate `I`, whatever the premium.

    Parameters:
        premium: mean premium `P` of the interval, a fraction. Any shape; the arguments broadcast.
        interest: interest rate `I` of the interval, either sign.
        clamp: half-width `k` of the dead band, `>= 0`; 0 gives `F = P`.
        cap: largest `|F|`, `>= 0`, or None; the largest `F` beside a `floor`.
        floor: smallest `F`, `<= 0`, where it is not `-cap`; or None.
        share: the part of `F` that one payment carries, in `(0, 1]`: 1/8 where an 8-hour rate is paid hourly.
        limit: largest size of the payment's own rate, after the share, `>= 0`: a cap an hour; or None.

    Returns:
        A fraction of the notional, the broadcast shape: longs pay shorts where it is `> 0`.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> premiums = [-0.0010, -0.0004, 0.0, 0.0006, 0.0010]
        >>> (rate(premiums) * 1e4).round(9).tolist()
        [-5.0, 1.0, 1.0, 1.0, 5.0]
        >>> rate(0.0, share=1 / 8)
        np.float64(1.25e-05)
        >>> rate([-0.5, 0.5], cap=0.02, floor=-0.01).tolist()
        [-0.01, 0.02]
        >>> hourly = rate([0.1, 0.5], share=1 / 8, limit=0.04)
        >>> hourly.round(6).tolist()  # at most 4% an hour
        [0.012438, 0.04]

    Source: the form of Binance's, BitMEX's and Hyperliquid's funding documentation; without clamp, dYdX's.
    """
    p, i, k = real("premium", premium), real("interest", interest), real("clamp", clamp, ge=0)
    none = np.asarray(np.inf)
    most = none if cap is None else real("cap", cap, ge=0)
    least = -most if floor is None else real("floor", floor, le=0)
    part, each = real("share", share, gt=0, le=1), none if limit is None else real("limit", limit, ge=0)
    broadcast(premium=p, interest=i, clamp=k, cap=most, floor=least, share=part, limit=each)
    result: FloatArray = np.clip(part * np.clip(p + np.clip(i - p, -k, k), least, most), -each, each)
    return result


@overload
def margin_cap(initial: float, maintenance: float, factor: float) -> float: ...
@overload
def margin_cap(initial: ArrayLike, maintenance: ArrayLike, factor: ArrayLike) -> FloatArray: ...
def margin_cap(initial: ArrayLike, maintenance: ArrayLike, factor: ArrayLike) -> Floats:
    """The largest funding rate that margin allows: `factor * (initial rate - maintenance rate)`, for `rate(cap=...)`.

    Between the two stands what a position at the highest leverage can pay before it is liquidated.

    Parameters:
        initial: initial margin rate, in `[0, 1]`. Any shape; the arguments broadcast.
        maintenance: maintenance margin rate, in `[0, initial]`.
        factor: `>= 0`: 6 for dYdX's rate over eight hours, 0.75 for BitMEX's.

    Returns:
        A fraction of the notional, `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range, or maintenance above initial.

    Examples:
        >>> margin_cap(0.15, 0.12, 6.0).round(9)
        np.float64(0.18)

    Source: the documentation of the dYdX v4 protocol and of BitMEX.
    """
    first, last = real("initial", initial, ge=0, le=1), real("maintenance", maintenance, ge=0)
    scale = real("factor", factor, ge=0)
    broadcast(initial=first, maintenance=last, factor=scale)
    if np.any(last > first):
        raise ValueError("maintenance must be <= initial, got a maintenance rate above it")
    return scale * (first - last)


@overload
def skew_rate(ratio: float, mark: float, index: float, *, sensitivity: float = ...) -> float: ...
@overload
def skew_rate(ratio: ArrayLike, mark: ArrayLike, index: ArrayLike, *, sensitivity: ArrayLike = ...) -> FloatArray: ...
def skew_rate(ratio: ArrayLike, mark: ArrayLike, index: ArrayLike, *, sensitivity: ArrayLike = 1.0) -> Floats:
    """Funding rate from prices and open interest: `k (P / X - L / S)`, with the long over the short notional `L / S`.

    With as many longs as shorts it is the premium. The two terms can disagree: with `L / S` below `P / X` longs pay,
    even if the mark stands below the index.

    Parameters:
        ratio: `L / S`, `>= 0`. Any shape; the arguments broadcast.
        mark: mark price `P`, `> 0`, USD per coin.
        index: index price `X`, `> 0`, USD per coin.
        sensitivity: `k`, `>= 0`.

    Returns:
        A fraction of the notional, the broadcast shape: longs pay shorts where it is `> 0`.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> skew_rate(0.6, [1.4, 1.3], [1.5, 1.25]).round(4).tolist()
        [0.3333, 0.44]

    Source: after Chitra (2025), arXiv 2512.01112, which has the opposite sign.
    """
    p, x, skew = real("mark", mark, gt=0), real("index", index, gt=0), real("ratio", ratio, ge=0)
    k = real("sensitivity", sensitivity, ge=0)
    broadcast(ratio=skew, mark=p, index=x, sensitivity=k)
    return defined(k * (p / x - skew), "ratio", "mark", "index", "sensitivity")


@overload
def payment(size: float, mark: float, rate: float, *, inverse: bool = ...) -> float: ...
@overload
def payment(size: ArrayLike, mark: ArrayLike, rate: ArrayLike, *, inverse: bool = ...) -> FloatArray: ...
def payment(size: ArrayLike, mark: ArrayLike, rate: ArrayLike, *, inverse: bool = False) -> Floats:
    """Cash flow to the holder at one settlement: `-size * mark * rate`, or `-size / mark * rate` coins with `inverse`.

    It is the rate on the notional, in the settlement currency. Over all holders of a contract it sums to zero, because
    their sizes do.

    Parameters:
        size: coins, or USD of contracts with `inverse`; long `> 0`, short `< 0`. Any shape; the arguments broadcast.
        mark: the price on which the venue charges (mark or index), `> 0`, USD per coin.
        rate: funding rate of this payment; `> 0` is paid by longs.
        inverse: True for an inverse contract.

    Returns:
        USD, or coins with `inverse`; `> 0` is received.

    Raises:
        ValueError: for a non-finite value, an empty array or a price that is not positive.

    Examples:
        >>> payment([1.0, -1.0], 60_000.0, 0.0001).tolist()
        [-6.0, 6.0]
        >>> payment(60_000.0, 60_000.0, 0.0001, inverse=True)  # in coins
        np.float64(-0.0001)
    """
    q, p, f = real("size", size), real("mark", mark, gt=0), real("rate", rate)
    broadcast(size=q, mark=p, rate=f)
    paid = -q / p * f if flag("inverse", inverse) else -q * p * f
    return defined(paid, "size", "mark", "rate")


@overload
def total(
    size: float,
    hours: ArrayLike,
    marks: ArrayLike,
    rates: ArrayLike,
    opened: float,
    closed: float,
    *,
    at_open: bool = ...,
    inverse: bool = ...,
    interval: float | None = ...,
    missing: Literal["refuse", "zero"] = ...,
) -> float: ...
@overload
def total(
    size: ArrayLike,
    hours: ArrayLike,
    marks: ArrayLike,
    rates: ArrayLike,
    opened: float,
    closed: float,
    *,
    at_open: bool = ...,
    inverse: bool = ...,
    interval: float | None = ...,
    missing: Literal["refuse", "zero"] = ...,
) -> FloatArray: ...
def total(
    size: ArrayLike,
    hours: ArrayLike,
    marks: ArrayLike,
    rates: ArrayLike,
    opened: float,
    closed: float,
    *,
    at_open: bool = False,
    inverse: bool = False,
    interval: float | None = None,
    missing: Literal["refuse", "zero"] = "refuse",
) -> Floats:
    """Cash flow to the holder over a holding time: the sum of `payment` at the stamps in `(opened, closed]`.

    A settlement that was due and that the history does not have is refused: where two stamps lie one and a half
    intervals apart or more, and where the history ends an interval or more before the holding time does, or begins
    after it has.

    Parameters:
        size: coins, or USD of contracts with `inverse`; long `> 0`, short `< 0`. Any shape.
        hours: stamps of a funding history, rising, on any clock. Shape `(n,)`.
        marks: the price charged on at each stamp, `> 0`, USD per coin. Shape `(n,)`.
        rates: funding rate of each stamp. Shape `(n,)`.
        opened: when the position was opened, on the same clock.
        closed: when it was closed, not before `opened`.
        at_open: True where the venue also charges a position opened on the very stamp.
        inverse: True for an inverse contract.
        interval: hours from one settlement to the next, `> 0`, the longest where they change; None for the median of
            the history's, which then must have two stamps.
        missing: `"refuse"`, or `"zero"` to count what is due and missing as nothing paid.

    Returns:
        The settlement currency (USD, or coins with `inverse`), the shape of `size`; `> 0` is received.

    Raises:
        ValueError: for a non-finite value, lengths that differ, stamps out of order, a close before the opening, or
            settlements that are due and missing.

    Examples:
        >>> history = {
        ...     "hours": [0, 8, 16],
        ...     "marks": [100.0, 101.0, 99.0],
        ...     "rates": [0.0001, 0.0002, -0.0001],
        ... }
        >>> round(float(total(1.0, **history, opened=0, closed=8)), 6)
        -0.0202
        >>> both = total(1.0, **history, opened=0, closed=8, at_open=True)
        >>> round(float(both), 6)
        -0.0302
        >>> total(1.0, **history, opened=0, closed=48)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: hours must hold every settlement due, got 4 too few, the first at 24: ...
    """
    stamps, price, f = (real(n, v, ndim=1) for n, v in (("hours", hours), ("marks", marks), ("rates", rates)))
    start, end = scalar("opened", opened), scalar("closed", closed)
    if not stamps.shape == price.shape == f.shape:
        raise ValueError(
            f"marks and rates must have one entry a stamp, got {price.size} and {f.size} for {stamps.size}"
        )
    if np.any(np.diff(stamps) <= 0):
        raise ValueError(f"hours must rise from stamp to stamp, got {brief(stamps.tolist())}")
    if end < start:
        raise ValueError(f"closed must be >= opened, got {end:g} and {start:g}")
    one_of("missing", missing, ("refuse", "zero"))
    if interval is None and stamps.size < 2 and missing == "refuse":
        raise ValueError("interval must be stated where hours holds one stamp: nothing says what is due")
    first = flag("at_open", at_open)
    if missing == "refuse":
        step = float(np.median(np.diff(stamps))) if interval is None else scalar("interval", interval, gt=0)
        lacking, hour = _lacking(stamps, start, end, step, at_open=first)
        if lacking:
            raise ValueError(
                f"hours must hold every settlement due, got {lacking:g} too few, the first at {hour:g}: "
                "state interval, or missing='zero'"
            )
    held = ((stamps >= start) if first else (stamps > start)) & (stamps <= end)
    per_unit = float(np.where(held, payment(1.0, price, f, inverse=inverse), 0.0).sum())
    return defined(real("size", size) * per_unit, "size", "marks", "rates")


def _lacking(stamps: FloatArray, start: float, end: float, step: float, *, at_open: bool) -> tuple[float, float]:
    """How many settlements were due in the holding time that the history does not have, and the hour of the first."""

    def steps(hours: Any) -> Any:
        """Whole steps, where a rounding error beside one counts as on it."""
        return np.rint(to_step(hours, step, toward="down") / step)

    # after each stamp they are whole steps from it: between two those that fit, after the last to the end
    fit = np.append(np.diff(stamps) / step, np.inf)
    fit = np.where(fit >= 1.5, np.rint(fit) - 1.0, 0.0)
    begin = np.maximum(1.0, -steps(stamps - start) if at_open else steps(start - stamps) + 1.0)
    count = np.maximum(0.0, np.minimum(fit, steps(end - stamps)) - begin + 1.0)
    # before the first stamp they are whole steps before it
    before = steps(stamps[0] - start) if at_open else -steps(start - stamps[0]) - 1.0
    early = max(0.0, before - max(1.0, -steps(end - stamps[0])) + 1.0)
    first = stamps[0] - before * step if early else float((stamps + begin * step)[np.argmax(count > 0)])
    return early + float(count.sum()), first


@overload
def index_move(price: float, rate: float, hours: float, *, interval: float = ..., inverse: bool = ...) -> float: ...
@overload
def index_move(
    price: ArrayLike, rate: ArrayLike, hours: ArrayLike, *, interval: ArrayLike = ..., inverse: bool = ...
) -> FloatArray: ...
def index_move(
    price: ArrayLike, rate: ArrayLike, hours: ArrayLike, *, interval: ArrayLike = 8.0, inverse: bool = False
) -> Floats:
    """How far a cumulative funding index moves: `price * rate * hours / interval`, the funding of one unit of size.

    With `inverse` a unit is 1 USD of contracts and the move is `rate / price * hours / interval` coins. A venue that
    settles a position only when it is touched keeps the sum of these; see `settled`.

    Parameters:
        price: the price charged on, `> 0`, USD per coin. Any shape; the arguments broadcast.
        rate: funding rate over `interval`; `> 0` is paid by longs.
        hours: time that has passed, `>= 0`.
        interval: hours for which the rate is quoted, `> 0`.
        inverse: True for an inverse contract.

    Returns:
        USD per coin, or coins per USD of contracts with `inverse`; `> 0` where longs pay.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> index_move(50_000.0, 0.001, 1.0)
        np.float64(6.25)

    Source: the funding index of the dYdX v4 protocol.
    """
    p, f = real("price", price, gt=0), real("rate", rate)
    passed, unit = real("hours", hours, ge=0), real("interval", interval, gt=0)
    broadcast(price=p, rate=f, hours=passed, interval=unit)
    charged = 1.0 / p if flag("inverse", inverse) else p
    return defined(charged * (f / unit) * passed, "price", "rate", "hours", "interval")


@overload
def settled(size: float, index_then: float, index_now: float) -> float: ...
@overload
def settled(size: ArrayLike, index_then: ArrayLike, index_now: ArrayLike) -> FloatArray: ...
def settled(size: ArrayLike, index_then: ArrayLike, index_now: ArrayLike) -> Floats:
    """Cash flow to the holder from a cumulative funding index: `-size * (index_now - index_then)`.

    The index is in the settlement currency per unit of size, so it serves linear and inverse contracts: USD per coin
    for a size in coins, coins per USD for a size in USD of contracts.

    Parameters:
        size: coins, or USD of inverse contracts; long `> 0`, short `< 0`. Any shape; the arguments broadcast.
        index_then: the index when the position was last settled, settlement currency per unit of size.
        index_now: the index now.

    Returns:
        The settlement currency (USD, or coins for USD of contracts), the broadcast shape: `> 0` is received.

    Raises:
        ValueError: for a non-finite value or an empty array.

    Examples:
        >>> settled([1.0, -1.0], 120.0, 126.25).tolist()
        [-6.25, 6.25]
        >>> coins = index_move(50_000.0, 0.001, 8.0, inverse=True)
        >>> paid = payment(50_000.0, 50_000.0, 0.001, inverse=True)
        >>> settled(50_000.0, 0.0, coins) == paid
        np.True_
    """
    q, then, now = real("size", size), real("index_then", index_then), real("index_now", index_now)
    broadcast(size=q, index_then=then, index_now=now)
    return defined(-q * (now - then), "size", "index_then", "index_now")


@overload
def settlements(opened: float, closed: float, interval: float = ...) -> float: ...
@overload
def settlements(opened: ArrayLike, closed: ArrayLike, interval: ArrayLike = ...) -> FloatArray: ...
def settlements(opened: ArrayLike, closed: ArrayLike, interval: ArrayLike = 8.0) -> Floats:
    """Number of payments due on a position: settlements in `(opened, closed]`, `floor(closed/i) - floor(opened/i)`.

    Half-open, so that consecutive bars add up. A venue may also charge a position opened on the very stroke. Hours that
    a rounding error of floats has put beside a settlement are on it.

    Parameters:
        opened: hours since a settlement, such as midnight UTC. Any shape; the arguments broadcast.
        closed: hours on the same clock, not before `opened`.
        interval: hours from one settlement to the next, `> 0`.

    Returns:
        Whole numbers, as floats, `>= 0`; the broadcast shape.

    Raises:
        ValueError: for a non-finite value, an interval that is not positive, or a close before the opening.

    Examples:
        >>> settlements([0.0, 0.1, 7.9], [24.0, 7.9, 8.1]).tolist()
        [3.0, 0.0, 1.0]
    """
    start, end, step = real("opened", opened), real("closed", closed), real("interval", interval, gt=0)
    broadcast(opened=start, closed=end, interval=step)
    if np.any(end < start):
        raise ValueError("closed must be >= opened, got a close before the opening")
    # 0.3 hours are three steps of 0.1, though 0.3 / 0.1 < 3 in floats: `to_step` knows
    due, before = (np.rint(to_step(hours, step, toward="down") / step) for hours in (end, start))
    return defined(due - before, "opened", "closed", "interval")


@overload
def annual(rate: float, interval: float = ..., *, compounded: bool = ...) -> float: ...
@overload
def annual(rate: ArrayLike, interval: ArrayLike = ..., *, compounded: bool = ...) -> FloatArray: ...
def annual(rate: ArrayLike, interval: ArrayLike = 8.0, *, compounded: bool = False) -> Floats:
    """A funding rate over a year of 8,760 hours: `n f`, or `(1 + f)^n - 1` where every payment is reinvested.

    `f` is the rate and `n` the number of payments in that time.

    Parameters:
        rate: funding rate of one payment, `> -1`. Any shape.
        interval: hours from one payment to the next, `> 0`.
        compounded: False for the sum, True for the reinvested payment.

    Returns:
        A fraction a year, with the sign of the rate; the broadcast shape.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> round(float(annual(0.0001)), 6)
        0.1095
        >>> round(float(annual(0.0001, compounded=True)), 6)
        0.115714
    """
    f, hours = real("rate", rate, gt=-1), real("interval", interval, gt=0)
    broadcast(rate=f, interval=hours)
    n = _YEAR_HOURS / hours
    result: FloatArray = np.expm1(n * np.log1p(f)) if flag("compounded", compounded) else n * f
    return result


@overload
def equity_left(leverage: float, rate: float, payments: float, *, hold: Literal["size", "leverage"] = ...) -> float: ...
@overload
def equity_left(
    leverage: ArrayLike, rate: ArrayLike, payments: ArrayLike, *, hold: Literal["size", "leverage"] = ...
) -> FloatArray: ...
def equity_left(
    leverage: ArrayLike, rate: ArrayLike, payments: ArrayLike, *, hold: Literal["size", "leverage"] = "size"
) -> Floats:
    """Equity after equal payments at a flat price, as a multiple of the equity at the start; it can go below 0.

    A payment is any charge on the notional: funding, or the `2 fee` of a round trip.

    With `n` payments, leverage `L` and rate `f`, holding the size it is `1 - n L f`: simple. Holding the leverage, the
    position is resized to the equity after each payment, and it is `(1 - L f)^n`: compounded. The second is never the
    smaller one (Bernoulli's inequality).

    Parameters:
        leverage: notional over equity at the start, `>= 0`. Any shape; the arguments broadcast.
        rate: paid by the holder at each payment, a fraction of the notional; `< 0` is received. With
            `hold="leverage"`, `L f < 1`.
        payments: number of payments, `>= 0`.
        hold: what stays the same from payment to payment, `"size"` or `"leverage"`.

    Returns:
        A multiple of the equity at the start, the broadcast shape: 1 is all of it, 0 or less is none; with
        `hold="leverage"` it stays above 0.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> round(float(equity_left(20.0, 0.0003, 90)), 6)
        0.46
        >>> round(float(equity_left(20.0, 0.0003, 90, hold="leverage")), 6)
        0.581801
    """
    one_of("hold", hold, ("size", "leverage"))
    lever, f, n = real("leverage", leverage, ge=0), real("rate", rate), real("payments", payments, ge=0)
    broadcast(leverage=lever, rate=f, payments=n)
    each = lever * f
    if hold == "size":
        return 1.0 - n * each
    real("leverage * rate", each, lt=1)
    result: FloatArray = np.exp(n * np.log1p(-each))
    return result


@overload
def distance(leverage: float, maintenance: float, paid: float = ..., *, side: float = ...) -> float: ...
@overload
def distance(
    leverage: ArrayLike, maintenance: ArrayLike, paid: ArrayLike = ..., *, side: ArrayLike = ...
) -> FloatArray: ...
def distance(leverage: ArrayLike, maintenance: ArrayLike, paid: ArrayLike = 0.0, *, side: ArrayLike = 1.0) -> Floats:
    """Relative adverse move of the mark to maintenance, never below 0.

    It is `(1/leverage - paid - maintenance) / (1 - side * maintenance)`.

    Parameters:
        leverage: notional over equity before the payments, `> 0`. Any shape; the arguments broadcast.
        maintenance: maintenance rate on mark notional, in `[0, 1)`.
        paid: funding and fees paid so far as a fraction of the notional, at a flat price; `< 0` was received. At a
            fixed leverage the position is resized after each payment and `paid` stays 0.
        side: 1 for a long, -1 for a short.

    Returns:
        A fraction of the mark, `>= 0`, the broadcast shape: 0 where it is too late.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> distance(20.0, 0.005, [0.0, 0.015, 0.045]).round(6).tolist()
        [0.045226, 0.030151, 0.0]
        >>> hundred_round_trips = 100 * 2 * 0.00045
        >>> distance(10.0, 0.005, hundred_round_trips).round(6)
        np.float64(0.005025)
    """
    lever, m = real("leverage", leverage, gt=0), real("maintenance", maintenance, ge=0, lt=1)
    spent, s = real("paid", paid), sides(side)
    broadcast(leverage=lever, maintenance=m, paid=spent, side=s)
    result: FloatArray = np.maximum(0.0, 1.0 / lever - spent - m) / (1.0 - s * m)
    return result


@dataclass(frozen=True, slots=True)
class Survival:
    """How many payments a position of fixed size stands at a flat price. Made by `survival`.

    Parameters:
        leverage: notional over equity at the start.
        maintenance: maintenance rate.
        rate: rate paid by the holder at each payment.
        fees: fees already paid, as a fraction of the notional.
        multiple: the multiple of the maintenance margin that counts as the end.
    """

    leverage: float
    maintenance: float
    rate: float
    fees: float
    multiple: float

    @property
    def room(self) -> float:
        """What can be paid, as a fraction of the notional; 0 where it is too late."""
        return max(0.0, 1.0 / self.leverage - self.fees - self.multiple * self.maintenance)

    @property
    def payments(self) -> float:
        """The payment that brings equity to the end or below it; infinite where the holder is not paying."""
        if self.rate <= 0:
            return math.inf if self.room > 0 else 0.0
        # a room of exactly n payments ends with the nth, not with the one after it for a rounding error
        return float(math.ceil(self.room / self.rate * (1.0 - 1e-12)))

    def why(self) -> Derivation:
        """The terms behind the number of payments."""
        return Derivation(
            (
                Term("L", "leverage", self.leverage),
                Term("m", "maintenance rate", self.maintenance),
                Term(r"\lambda", "multiple of maintenance", self.multiple),
                Term(r"\varphi", "fees paid", self.fees),
                Term("b", "room, of the notional", self.room, "", r"1/L - {\varphi} - {\lambda} m"),
                Term("f", "rate paid at each payment", self.rate),
                Term("n", "payments", self.payments, "", r"{\min} n \text{ with } n f {\ge} b"),
            )
        )


def survival(leverage: float, maintenance: float, rate: float, *, fees: float = 0.0, multiple: float = 1.0) -> Survival:
    """Payments until maintenance at a fixed size and a flat price.

    The first number `n` with `n * rate >= 1/leverage - fees - multiple * maintenance`.

    Parameters:
        leverage: notional over equity at the start, `> 0`.
        maintenance: maintenance rate, in `[0, 1)`.
        rate: rate paid by the holder at each payment; `<= 0` never ends it.
        fees: fees already paid, as a fraction of the notional, `>= 0`.
        multiple: the multiple of the maintenance margin that counts as the end, `> 0`: 1 is liquidation,
            1.5 is a warning before it.

    Returns:
        What was given, and from it the `room` for payments and their number: infinite where the holder does not pay, 0
        where it is too late already.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> survival(20.0, 0.005, 0.0003).payments
        150.0
        >>> survival(20.0, 0.005, 0.0003, fees=0.001, multiple=1.5).payments
        139.0
    """
    return Survival(
        scalar("leverage", leverage, gt=0),
        scalar("maintenance", maintenance, ge=0, lt=1),
        scalar("rate", rate),
        scalar("fees", fees, ge=0),
        scalar("multiple", multiple, gt=0),
    )


@overload
def liquidation_probability(
    log_distance: float, volatility: float, years: float, *, growth: float = ..., carry: float = ..., side: float = ...
) -> float: ...
@overload
def liquidation_probability(
    log_distance: ArrayLike,
    volatility: ArrayLike,
    years: ArrayLike,
    *,
    growth: ArrayLike = ...,
    carry: ArrayLike = ...,
    side: ArrayLike = ...,
) -> FloatArray: ...
def liquidation_probability(
    log_distance: ArrayLike,
    volatility: ArrayLike,
    years: ArrayLike,
    *,
    growth: ArrayLike = 0.0,
    carry: ArrayLike = 0.0,
    side: ArrayLike = 1.0,
) -> Floats:
    """Probability that the mark reaches liquidation within a time, while funding moves liquidation toward it.

    With the side `s`, `nu = s (mu - sigma^2/2) - g` and `v = sigma sqrt(T)` it is
    `Phi((-a - nu T)/v) + exp(-2 nu a/sigma^2) Phi((-a + nu T)/v)`: a Brownian motion with drift meeting a barrier;
    `Phi` is the normal distribution function.

    In prices and hours, for any level, the same law is `bands.hit_probability`.

    Parameters:
        log_distance: `a = |ln(mark / liquidation price)|`, `>= 0`. Any shape; the arguments broadcast.
        volatility: `sigma`, per square root of a year, `> 0`.
        years: time `T` in years, `> 0`.
        growth: expected growth `mu` of the mark per year; 0 for a martingale.
        carry: `g`, funding paid per year as a fraction of the notional, over `1 - s m` with the maintenance rate `m`;
            `< 0` is received.
        side: 1 for a long, -1 for a short.

    Returns:
        A probability in `[0, 1]`, the broadcast shape; 1 at a distance of 0.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> week, carry = 7 / 365, [0.0, 0.3]
        >>> liquidation_probability(0.04, 0.6, week, carry=carry).round(6)
        array([0.642791, 0.66349 ])

    Source: the first-passage law of Brownian motion with drift, after Borodin and Salminen (2002).
    """
    a, sigma = real("log_distance", log_distance, ge=0), real("volatility", volatility, gt=0)
    t, s = real("years", years, gt=0), sides(side)
    mu, g = real("growth", growth), real("carry", carry)
    broadcast(log_distance=a, volatility=sigma, years=t, growth=mu, carry=g, side=s)
    toward = np.clip(g - s * (np.clip(mu, -1e300, 1e300) - np.minimum(sigma, 1e150) ** 2 / 2), -1e300, 1e300)
    chance = _normal.first_passage(np.where(a > 0, a, 1.0), toward, sigma, t)
    result: FloatArray = np.where(a > 0, chance, 1.0)
    return result[()]


@dataclass(frozen=True, slots=True)
class AR1:
    """Funding that remembers: `f_{t+1} = mean + persistence * (f_t - mean) + e`, with independent shocks `e`.

    `f_t` is the rate of payment `t`.

    Parameters:
        mean: the rate to which it returns, per payment.
        persistence: the part of a deviation that is left at the next payment, in `[0, 1)`; 0 remembers nothing.
        shock: standard deviation of `e`, `>= 0`.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> model = AR1(mean=0.0001, persistence=0.9, shock=0.0002)
        >>> round(float(model.sum_deviation(90)), 6)
        0.017466
        >>> without_memory = AR1(mean=0.0001, persistence=0.0, shock=0.0002)
        >>> round(float(without_memory.sum_deviation(90)), 6)
        0.001897
    """

    mean: float
    persistence: float
    shock: float

    def __post_init__(self) -> None:
        scalar("mean", self.mean)
        scalar("persistence", self.persistence, ge=0, lt=1)
        scalar("shock", self.shock, ge=0)

    @classmethod
    def fit(cls, rates: ArrayLike) -> AR1:
        """Least squares of each rate on the one before it; a negative slope is refused, not set to 0.

        Parameters:
            rates: a history in order, at least 3 rates, not all the same. Shape `(n,)`.

        Returns:
            The model; its mean and its shock are fractions of the notional, per payment.

        Raises:
            ValueError: for a history that is too short, constant, or that does not return to a mean.
        """
        f = real("rates", rates, ndim=1)
        if f.size < 3 or np.ptp(f[:-1]) == 0:
            raise ValueError("rates must hold at least 3 rates that are not all the same")
        x, y = f[:-1] - f[:-1].mean(), f[1:]
        slope = float(x @ y / (x @ x))
        if not 0 <= slope < 1:
            raise ValueError(f"rates must have a persistence in [0, 1), got {slope:g}")
        mean = float(y.mean() - slope * f[:-1].mean()) / (1.0 - slope)
        residual = y - mean - slope * (f[:-1] - mean)
        return cls(mean, slope, math.sqrt(float(residual @ residual) / (f.size - 3 or 1)))

    @property
    def deviation(self) -> float:
        """Standard deviation of a single rate, long after the start: `shock / sqrt(1 - persistence^2)`."""
        return self.shock / math.sqrt(1.0 - self.persistence**2)

    def expected(self, now: float, payments: int) -> FloatArray:
        """Expected rate of each of the next payments: `mean + persistence^j (now - mean)`, `j = 1, …, payments`.

        Parameters:
            now: the last rate.
            payments: how many, a whole number `>= 1`.

        Returns:
            The rates in order, shape `(payments,)`.

        Raises:
            ValueError: for a non-finite rate or a number of payments that is not a whole number.
        """
        ahead = np.arange(1.0, whole("payments", payments, ge=1) + 1)
        path: FloatArray = self.mean + self.persistence**ahead * (scalar("now", now) - self.mean)
        return path

    @overload
    def sum_deviation(self, payments: float) -> float: ...
    @overload
    def sum_deviation(self, payments: ArrayLike) -> FloatArray: ...
    def sum_deviation(self, payments: ArrayLike) -> Floats:
        """Standard deviation of the sum of the next `n` rates, knowing the last one.

        `shock/(1 - rho) * sqrt(n - 2 rho (1 - rho^n)/(1 - rho) + rho^2 (1 - rho^(2n))/(1 - rho^2))` with the
        persistence `rho`.

        Parameters:
            payments: `n >= 1`, any shape.

        Returns:
            A fraction of the notional, `>= 0`, the shape of `payments`.

        Raises:
            ValueError: for a number of payments below 1.
        """
        n, rho = real("payments", payments, ge=1), self.persistence
        memory = n - 2 * rho * (1 - rho**n) / (1 - rho) + rho**2 * (1 - rho ** (2 * n)) / (1 - rho**2)
        result: FloatArray = self.shock / (1 - rho) * np.sqrt(np.maximum(memory, 0.0))
        return result

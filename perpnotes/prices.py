"""Index, mark and last price, and the event that triggers a liquidation check.

The *index* is what spot venues say, the *mark* is what positions are valued at, the *last* is what somebody just paid.
Venues smooth the mark in three shapes. `Basis` and `Window` are filters: `start` gives a state, `step` takes a state
and a tick and gives the next state and the mark, and `mark_path` does it for whole histories. Ticks may be arrays of
many paths. The third shape, `median_mark`, has no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, overload

import numpy as np
import numpy.typing as npt

from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import brief, broadcast, defined, flag, instance, one_of, real, scalar, whole

__all__ = [
    "Basis",
    "Closed",
    "Filter",
    "Trigger",
    "Window",
    "crossing_seconds",
    "index",
    "mark_path",
    "median_mark",
    "wick_depth",
]

_State = TypeVar("_State")


@overload
def index(  # type: ignore[overload-overlap]  # a row of numbers is one index
    prices: Sequence[float],
    *,
    method: Literal["median", "mean"] = ...,
    weights: Sequence[float] | None = ...,
    ages_seconds: float | Sequence[float] = ...,
    max_age_seconds: float = ...,
    cap: float | None = ...,
) -> float: ...
@overload
def index(
    prices: ArrayLike,
    *,
    method: Literal["median", "mean"] = ...,
    weights: ArrayLike | None = ...,
    ages_seconds: ArrayLike = ...,
    max_age_seconds: float = ...,
    cap: float | None = ...,
) -> FloatArray: ...
def index(
    prices: ArrayLike,
    *,
    method: Literal["median", "mean"] = "median",
    weights: ArrayLike | None = None,
    ages_seconds: ArrayLike = 0.0,
    max_age_seconds: float = np.inf,
    cap: float | None = None,
) -> Floats:
    """Index price from several spot feeds: their median, or their weighted mean with outliers capped.

    A feed older than `max_age_seconds` is dropped. With a cap, each feed is first moved to within `median * (1 ± cap)`.

    Parameters:
        prices: one price a feed, `> 0`, shape (..., n).
        method: `"median"`, or `"mean"` for the weighted mean.
        weights: of the feeds, `>= 0`, shape (n,) or as `prices`; equal where None. Only for `"mean"`.
        ages_seconds: age of each price, `>= 0`, broadcasts with `prices`.
        max_age_seconds: the oldest that counts, `> 0`; infinite: all count.
        cap: largest relative distance to the median, in `(0, 1)`; None for no cap. It does not move the median itself.

    Returns:
        In the unit of the prices, shape (...).

    Raises:
        ValueError: for a value outside its range, weights for the median, or a row in which no feed counts.

    Examples:
        >>> index([100.0, 101.0, 150.0])
        np.float64(101.0)
        >>> index([100.0, 101.0, 150.0], method="mean", cap=0.01).round(4)
        np.float64(101.0033)
    """
    one_of("method", method, ("median", "mean"))
    p = np.atleast_1d(real("prices", prices, gt=0))
    age = real("ages_seconds", ages_seconds, ge=0)
    oldest = max_age_seconds if max_age_seconds == np.inf else scalar("max_age_seconds", max_age_seconds, gt=0)
    reach = None if cap is None else scalar("cap", cap, gt=0, lt=1)
    if weights is not None and method == "median":
        raise ValueError("weights must be None for the median, which has none")
    weight = np.ones(p.shape[-1]) if weights is None else real("weights", weights, ge=0)
    try:
        p, age, weight = np.broadcast_arrays(p, age, weight)
    except ValueError:
        raise ValueError(f"weights and ages_seconds must fit prices of shape {p.shape}") from None
    fresh = (age <= oldest) & ((weight > 0) | (method == "median"))
    if not fresh.any(axis=-1).all():
        raise ValueError("prices must have a feed that is fresh and has a weight in every row")
    middle = np.nanmedian(np.where(fresh, p, np.nan), axis=-1)
    if method == "median":
        return np.asarray(middle)[()]
    if reach is not None:
        p = np.clip(p, middle[..., None] * (1.0 - reach), middle[..., None] * (1.0 + reach))
    counted = np.where(fresh, weight, 0.0)
    mean: FloatArray = (p * counted).sum(axis=-1) / counted.sum(axis=-1)
    return defined(mean, "prices", "weights")


class Filter(Protocol[_State]):
    """A rule that makes a mark out of index and book price, tick by tick."""

    def start(self, spot: ArrayLike, book: ArrayLike) -> _State:
        """The state after a market that has stood still at these prices.

        Parameters:
            spot: index, `> 0`, USD per coin; any shape.
            book: price in the book, `> 0`, USD per coin; broadcasts.

        Returns:
            What `step` takes.
        """

    def step(self, state: _State, spot: ArrayLike, book: ArrayLike) -> tuple[_State, FloatArray]:
        """The next state and the mark, for one tick.

        Parameters:
            state: from `start`, or from the tick before.
            spot: as in `start`.
            book: as in `start`.

        Returns:
            The state after the tick, and the mark, USD per coin.
        """


@dataclass(frozen=True, slots=True)
class Basis:
    """Index plus the smoothed basis: `M = X + EWMA(B - X)`, the average with time constant `tau`.

    `M` is the mark, `X` the index, `B` the book price and EWMA an exponentially weighted moving average.

    Parameters:
        tau_seconds: time constant, `> 0`.
        tick_seconds: time between ticks, `> 0`.

    Raises:
        ValueError: for a value that is not a positive number.

    Examples:
        >>> rule = Basis(tau_seconds=5.0)
        >>> state, mark = rule.step(rule.start(100.0, 100.0), 100.0, 90.0)
        >>> round(float(mark), 4)
        98.1873
    """

    tau_seconds: float
    tick_seconds: float = 1.0

    def __post_init__(self) -> None:
        scalar("tau_seconds", self.tau_seconds, gt=0)
        scalar("tick_seconds", self.tick_seconds, gt=0)

    def start(self, spot: ArrayLike, book: ArrayLike) -> FloatArray:
        """The basis at rest; prices `> 0`, any shape."""
        x, b = real("spot", spot, gt=0), real("book", book, gt=0)
        broadcast(spot=x, book=b)
        return np.asarray(b - x)

    def step(self, state: FloatArray, spot: ArrayLike, book: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """The next basis and the mark; prices `> 0`, any shape."""
        x, b = real("spot", spot, gt=0), real("book", book, gt=0)
        before = real("state", state)
        broadcast(state=before, spot=x, book=b)
        basis = before + (b - x - before) * self._weight
        return basis, x + basis

    @property
    def _weight(self) -> float:
        """The exact answer of the continuous average to a price that stood still since the last tick."""
        return -float(np.expm1(-self.tick_seconds / self.tau_seconds))

    def _run(self, spot: FloatArray, book: FloatArray) -> FloatArray:
        """The mark at each tick of checked histories: the sums of `step`, without its checks."""
        weight, apart = self._weight, book - spot
        basis = apart[0] if apart.ndim > 1 else float(apart[0])
        path = [basis := basis + (now - basis) * weight for now in (apart if apart.ndim > 1 else apart.tolist())]
        return np.asarray(spot + np.asarray(path))


@dataclass(frozen=True, slots=True)
class Window:
    """The plain average of the last book prices: `M = mean(B_{t-w+1}, …, B_t)`.

    `M` is the mark at tick `t`, `B` the book price and `w` the length of the window.

    Parameters:
        ticks: length of the window, `>= 1`.

    Raises:
        ValueError: for a length that is not a whole number of ticks.

    Examples:
        >>> rule = Window(4)
        >>> state, mark = rule.step(rule.start(100.0, 100.0), 100.0, 90.0)
        >>> mark
        np.float64(97.5)
    """

    ticks: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "ticks", whole("ticks", self.ticks, ge=1))

    def start(self, spot: ArrayLike, book: ArrayLike) -> FloatArray:  # noqa: ARG002  (every filter starts from both)
        """A window full of one price, `> 0`; shape (ticks, ...)."""
        b = real("book", book, gt=0)
        return np.broadcast_to(b, (self.ticks, *b.shape))

    def step(self, state: FloatArray, spot: ArrayLike, book: ArrayLike) -> tuple[FloatArray, FloatArray]:  # noqa: ARG002  (as every filter)
        """The next window and the mark; prices `> 0`, any shape."""
        before, b = real("state", state), real("book", book, gt=0)
        if before.ndim == 0 or before.shape[1:] != b.shape != ():
            raise ValueError(f"book must be one number or have the shape (...) of state (ticks, ...) {before.shape}")
        window = np.concatenate([before[1:], np.broadcast_to(b, before.shape[1:])[None]])
        return window, np.asarray(window.mean(axis=0))[()]

    def _run(self, book: FloatArray) -> FloatArray:
        """The mark at each tick of one checked history."""
        rest = np.full(self.ticks - 1, book[0])
        windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([rest, book]), self.ticks)
        return np.asarray(windows.mean(axis=1))


def mark_path(rule: Filter[Any], spot: ArrayLike, book: ArrayLike) -> FloatArray:
    """The mark of a whole history: `step` at every tick after a start at rest at the first.

    Parameters:
        rule: `Basis`, `Window`, or anything with their two methods.
        spot: index at each tick, `> 0`, shape (n, ...).
        book: book price at each tick, `> 0`, the same shape.

    Returns:
        The mark at each tick, the same shape.

    Raises:
        ValueError: for shapes that differ, an empty history or a price that is not positive.

    Examples:
        >>> mark_path(Window(2), [100.0, 100.0, 100.0], [100.0, 90.0, 90.0])
        array([100.,  95.,  90.])
    """
    x, b = real("spot", spot, gt=0), real("book", book, gt=0)
    if x.ndim == 0 or x.shape != b.shape:
        raise ValueError(f"book must have the shape (n, ...) of spot {x.shape}, got {b.shape}")
    if type(rule) is Basis:
        return rule._run(x, b)
    if type(rule) is Window and x.ndim == 1:
        return rule._run(b)
    if isinstance(rule, type) or not all(callable(getattr(rule, name, None)) for name in ("start", "step")):
        raise ValueError(f"rule must be a Basis, a Window or an object with start and step, got {brief(rule)}")
    state = rule.start(x[0], b[0])
    marks = np.empty_like(x)
    for i in range(len(x)):
        state, marks[i] = rule.step(state, x[i], b[i])
    return marks


@overload
def median_mark(first: float, second: float, third: float) -> float: ...
@overload
def median_mark(first: ArrayLike, second: ArrayLike, third: ArrayLike) -> FloatArray: ...
def median_mark(first: ArrayLike, second: ArrayLike, third: ArrayLike) -> Floats:
    """The median of three prices: usually index with smoothed basis, the book, and outside perpetuals.

    With one input that is wrong by any amount it still lies between the other two.

    Parameters:
        first: a price, `> 0`. Any shape; the arguments broadcast.
        second: a price, `> 0`.
        third: a price, `> 0`.

    Returns:
        In the unit of the prices, the broadcast shape.

    Raises:
        ValueError: for a price that is not a positive finite number, or an empty array.

    Examples:
        >>> median_mark(100.0, 101.0, 1_000_000.0)
        np.float64(101.0)
    """
    a, b, c = real("first", first, gt=0), real("second", second, gt=0), real("third", third, gt=0)
    broadcast(first=a, second=b, third=c)
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))


@overload
def crossing_seconds(depth: float, distance: float, tau_seconds: float) -> float: ...
@overload
def crossing_seconds(depth: ArrayLike, distance: ArrayLike, tau_seconds: ArrayLike) -> FloatArray: ...
def crossing_seconds(depth: ArrayLike, distance: ArrayLike, tau_seconds: ArrayLike) -> Floats:
    """How long a step of `depth` must last until a smoothed basis has followed by `distance`: `-tau ln(1 - a/h)`.

    Parameters:
        depth: size of the step `h`, `> 0`, in units of the price. The arguments broadcast.
        distance: how far the mark must move `a`, `> 0`, in the same unit.
        tau_seconds: time constant `tau`, `> 0`.

    Returns:
        Seconds; infinite where `distance >= depth`: then it never does.

    Raises:
        ValueError: for a value that is not a positive finite number, or an empty array.

    Examples:
        >>> crossing_seconds(0.10, 0.06, 5.0).round(4)
        np.float64(4.5815)
    """
    h, a, tau = (real(n, v, gt=0) for n, v in (("depth", depth), ("distance", distance), ("tau_seconds", tau_seconds)))
    broadcast(depth=h, distance=a, tau_seconds=tau)
    part = np.asarray(a / h)
    passed = np.log1p(-part, out=np.full(part.shape, -np.inf), where=part < 1.0)
    return np.asarray(-tau * passed)[()]


@overload
def wick_depth(depth: float, seconds: float, rule: Basis | Window, *, tick_seconds: float = ...) -> float: ...
@overload
def wick_depth(
    depth: ArrayLike, seconds: ArrayLike, rule: Basis | Window, *, tick_seconds: float = ...
) -> FloatArray: ...
def wick_depth(depth: ArrayLike, seconds: ArrayLike, rule: Basis | Window, *, tick_seconds: float = 1.0) -> Floats:
    """How far a mark follows a wick: `h (1 - exp(-d/tau))` for a smoothed basis, `h min(d/w, 1)` for a window.

    `tau` is the time constant of the basis and `w` the length of the window, in seconds.

    Parameters:
        depth: how far `h` the book price jumps and comes back, `> 0`, in units of the price. The arguments broadcast.
        seconds: how long `d` it stays there, `>= 0`.
        rule: the filter, a `Basis` or a `Window`.
        tick_seconds: time between the ticks of a window, `> 0`; a smoothed basis does not need it.

    Returns:
        In units of the price, from 0 to `depth`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range, another rule, or an empty array.

    Examples:
        >>> wick_depth(10.0, 2.0, Basis(30.0)).round(4)
        np.float64(0.6449)
        >>> wick_depth(10.0, 2.0, Window(10))
        np.float64(2.0)
    """
    h, d = real("depth", depth, gt=0), real("seconds", seconds, ge=0)
    broadcast(depth=h, seconds=d)
    tick = scalar("tick_seconds", tick_seconds, gt=0)
    instance("rule", rule, Basis, Window)
    if isinstance(rule, Basis):
        return h * -np.expm1(-d / rule.tau_seconds)
    return h * np.minimum(d / (rule.ticks * tick), 1.0)


@dataclass(frozen=True, slots=True)
class Closed:
    """What a liquidation leaves: when it came, at what price, and how much margin is left. Made by `Trigger.close`.

    Parameters:
        tick: at which the check fired.
        price: at which the position was closed, USD per coin.
        left: margin that is left after the close, USD; `< 0` is a debt.

    Examples:
        >>> closed = Closed(3, 85.0, -5.0)
        >>> closed.returned, closed.owed
        (0.0, 5.0)
    """

    tick: int
    price: float
    left: float

    @property
    def returned(self) -> float:
        """What the trader gets back where nothing is kept as a fee: `max(left, 0)`, USD."""
        return max(self.left, 0.0)

    @property
    def owed(self) -> float:
        """What the margin did not cover, and the insurance fund pays: `max(-left, 0)`, USD."""
        return max(-self.left, 0.0)


@dataclass(frozen=True, slots=True)
class Trigger:
    """The event that begins a liquidation, with every convention named.

    A position is checked at `equity <= multiple * (maintenance + fee) * notional`, with the equity at the price that
    counts.

    Parameters:
        price: which price counts: `"mark"`, `"index"` or `"last"`.
        inclusive: True for `<=`, False for `<`.
        multiple: of maintenance margin, `> 0`: 1 for liquidation, above for a warning, below for a backstop.
        basis: notional on which maintenance is charged: `"mark"`, at the price that counts, or `"entry"`.
        close_fee: taker fee inside the maintenance margin, a fraction of that notional in `[0, 1)`; 0 for outside.
        every: checked at every so many ticks, `>= 1`, beginning with the first.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> Trigger().fires(1.0, 100.0, 10.0, 0.0, 90.0)  # at the limit
        np.True_
        >>> Trigger(inclusive=False).fires(1.0, 100.0, 10.0, 0.0, 90.0)
        np.False_
    """

    price: Literal["mark", "index", "last"] = "mark"
    inclusive: bool = True
    multiple: float = 1.0
    basis: Literal["mark", "entry"] = "mark"
    close_fee: float = 0.0
    every: int = 1

    def __post_init__(self) -> None:
        one_of("price", self.price, ("mark", "index", "last"))
        flag("inclusive", self.inclusive)
        scalar("multiple", self.multiple, gt=0)
        one_of("basis", self.basis, ("mark", "entry"))
        scalar("close_fee", self.close_fee, ge=0, lt=1)
        whole("every", self.every, ge=1)

    @overload
    def fires(self, size: float, entry: float, wallet: float, maintenance: float, price: float) -> np.bool_: ...
    @overload
    def fires(
        self, size: ArrayLike, entry: ArrayLike, wallet: ArrayLike, maintenance: ArrayLike, price: ArrayLike
    ) -> npt.NDArray[np.bool_]: ...
    def fires(
        self, size: ArrayLike, entry: ArrayLike, wallet: ArrayLike, maintenance: ArrayLike, price: ArrayLike
    ) -> np.bool_ | npt.NDArray[np.bool_]:
        """Whether a linear position is past its limit at a price.

        Parameters:
            size: coins; long `> 0`, short `< 0`. The arguments broadcast.
            entry: entry price, `> 0`.
            wallet: margin of the position, USD; in a cross account with the P&L of the other legs that counts, less
                their maintenance.
            maintenance: maintenance rate, in `[0, 1)`.
            price: the price that counts, `> 0`.

        Returns:
            True or False, the broadcast shape.

        Raises:
            ValueError: for a value outside its range, or an empty array.
        """
        q, p, e = real("size", size), real("price", price, gt=0), real("entry", entry, gt=0)
        cash, m = real("wallet", wallet), real("maintenance", maintenance, ge=0, lt=1)
        broadcast(size=q, entry=e, wallet=cash, maintenance=m, price=p)
        equity = cash + q * (p - e)
        notional = np.abs(q) * (p if self.basis == "mark" else e)
        limit = self.multiple * (m + self.close_fee) * notional
        return np.asarray(equity <= limit if self.inclusive else equity < limit)[()]

    def first(
        self,
        size: ArrayLike,
        entry: ArrayLike,
        wallet: ArrayLike,
        maintenance: ArrayLike,
        *,
        mark: ArrayLike,
        spot: ArrayLike | None = None,
        last: ArrayLike | None = None,
    ) -> int | None:
        """The first tick at which the check fires, or None.

        Parameters:
            size: coins; long `> 0`, short `< 0`; one number, as the next three.
            entry: entry price, `> 0`.
            wallet: margin of the position, USD.
            maintenance: maintenance rate, in `[0, 1)`.
            mark: mark at each tick, `> 0`, shape (n,). Only the history of the price that counts is read.
            spot: index at each tick; needed where `price` is `"index"`.
            last: last price at each tick; needed where `price` is `"last"`.

        Returns:
            The number of the tick, from 0.

        Raises:
            ValueError: for the history that counts missing, or a value outside its range.
        """
        name, history = {"mark": ("mark", mark), "index": ("spot", spot), "last": ("last", last)}[self.price]
        if history is None:
            raise ValueError(f"{name} must be given where the price that counts is {self.price!r}")
        path = real(name, history, gt=0, ndim=1)[:: self.every]
        q, e = scalar("size", size), scalar("entry", entry)
        fired = self.fires(q, e, scalar("wallet", wallet), scalar("maintenance", maintenance), path)
        return int(fired.argmax()) * self.every if fired.any() else None

    def close(
        self,
        size: ArrayLike,
        entry: ArrayLike,
        wallet: ArrayLike,
        maintenance: ArrayLike,
        *,
        fills: ArrayLike,
        mark: ArrayLike,
        spot: ArrayLike | None = None,
        last: ArrayLike | None = None,
        fee: float = 0.0,
    ) -> Closed | None:
        """The whole position closed at the tick at which the check fires, or None where it never does.

        The check looks at one price, the close is done at another:
        `wallet + size * (fill - entry) - fee * |size| * fill` is left.

        Parameters:
            size: as in `first`.
            entry: as in `first`.
            wallet: as in `first`.
            maintenance: as in `first`.
            fills: price at which the position can be closed at each tick, `> 0`, shape (n,).
            mark: as in `first`.
            spot: as in `first`.
            last: as in `first`.
            fee: charged on the notional at the close, a fraction, `>= 0`.

        Returns:
            The tick, the fill, and the margin that is left, USD; `< 0` is a debt.

        Raises:
            ValueError: for fills of another length than the history that counts, or what `first` refuses.

        Examples:
            >>> mark, fills = [100.0, 91.0, 89.0], [100.0, 90.0, 87.0]
            >>> Trigger().close(1.0, 100.0, 10.0, 0.0, mark=mark, fills=fills)
            Closed(tick=2, price=87.0, left=-3.0)
        """
        at, rate = real("fills", fills, gt=0, ndim=1), scalar("fee", fee, ge=0)
        tick = self.first(size, entry, wallet, maintenance, mark=mark, spot=spot, last=last)
        counts = {"mark": mark, "index": spot, "last": last}[self.price]
        if at.shape != np.asarray(counts).shape:
            raise ValueError(f"fills must have the shape (n,) of the history that counts, got {at.shape}")
        if tick is None:
            return None
        price, q = float(at[tick]), scalar("size", size)
        left = scalar("wallet", wallet) + q * (price - scalar("entry", entry)) - rate * abs(q) * price
        return Closed(tick, price, float(defined(np.asarray(left), "size", "entry", "wallet", "fee")))

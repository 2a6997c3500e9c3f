"""What lateness costs: an order that meets the price on arrival, one that is passed by it, and a spike that lasts.

Every cost is a fraction of the order's notional against the mid price at the moment of decision, and a cost `> 0` is
paid: a taker pays the fee and half the spread, a maker who is filled pays the fee and *earns* half the spread. Whether
an order is filled, and what the price does then, come from one model of price and queue, or from a recorded market.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from perpnotes._books import Book, Message, Quote, Trade, Update
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, instance, items, real, scalar, sides, whole

__all__ = [
    "Attempt",
    "Market",
    "Placed",
    "Regimes",
    "attempt",
    "fill_probability",
    "orders_left",
    "placed",
]

_YEAR_SECONDS = 365.0 * 86_400.0
_TINY = 1e-18

BoolArray: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Market:
    """Price and queue in one model: the mid price moves in steps, and orders at a quote leave from the front.

    Each direction has the same rate, so the price has no drift. A step down is longer than the spread: it trades
    through a resting bid and fills it, whatever its place. Orders ahead of it leave only while it stands at the best
    price. A sell order is the mirror image.

    Parameters:
        step: move of the mid price at once, a fraction of it, `>= 2 * half_spread`.
        moves: steps a second in each direction, from 0 to 1,000.
        half_spread: half the quoted spread over the mid price, `>= 0`.
        place: place in the queue of an order that arrived at once, a whole number from 1 (the front) to 1,000.
        leaving: orders a second that leave from the front while their price is the best, from 0 to 1,000.
        joining: places a second that an order on its way falls behind, from 0 to 1,000: a young queue grows.

    Raises:
        ValueError: for a non-finite value, one outside its range, or a step that does not reach the quote.

    Examples:
        >>> market = Market(0.00009, 0.4, 0.000001, place=50, leaving=18.0)
        >>> round(market.volatility, 3)
        0.452

    Source: queues at the best price after Cont, Stoikov and Talreja (2010), and a compound Poisson price.
    """

    step: float
    moves: float
    half_spread: float
    place: int
    leaving: float
    joining: float = 0.0

    def __post_init__(self) -> None:
        scalar("half_spread", self.half_spread, ge=0)
        for name in ("moves", "leaving", "joining"):
            scalar(name, getattr(self, name), ge=0, le=1_000)
        whole("place", self.place, ge=1, le=1_000)
        if scalar("step", self.step, ge=0) < 2.0 * self.half_spread:
            raise ValueError(f"step must be >= 2 * half_spread = {2.0 * self.half_spread:g}, got {self.step:g}")

    @property
    def volatility(self) -> float:
        """Volatility per square root of a year of 365 days: `step * sqrt(2 * moves * year)`."""
        return self.step * math.sqrt(2.0 * self.moves * _YEAR_SECONDS)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What becomes of a limit order at the best price, and what it costs. Made by `attempt`.

    Parameters:
        crossed: probability that the price has come to the order before it arrives: it trades at once, as a taker.
        queued: probability that its turn in the queue comes.
        swept: probability that a step of the price trades through it.
        missed: probability that none of this happens in time; then it crosses the spread. The four add up to 1.
        step: as in `Market`.
        half_spread: as in `Market`.

    Raises:
        ValueError: for a non-finite value, one outside its range, or probabilities that do not add up to 1.

    Examples:
        >>> late = Attempt(
        ...     crossed=0.4,
        ...     queued=0.0,
        ...     swept=0.25,
        ...     missed=0.35,
        ...     step=0.00009,
        ...     half_spread=0.000001,
        ... )
        >>> print(late.why(0.00015, 0.00045))
        taker order        0.000451   C_T = f_T + h
        filled as a maker  0.25       p = q + s
        saved by a fill    0.000302   g = f_T - f_M + 2 h
        swept              0.25       s
        lost to a sweep    0.00009    d
        maker attempt      0.000398   C_M = C_T - p g + s d
    """

    crossed: float
    queued: float
    swept: float
    missed: float
    step: float
    half_spread: float

    def __post_init__(self) -> None:
        chances = [scalar(n, getattr(self, n), ge=0, le=1) for n in ("crossed", "queued", "swept", "missed")]
        if abs(sum(chances) - 1.0) > 1e-6:
            raise ValueError(f"crossed, queued, swept and missed must add up to 1, got {sum(chances):.6g}")
        scalar("half_spread", self.half_spread, ge=0)
        scalar("step", self.step, ge=0)

    @property
    def filled(self) -> float:
        """Probability of a fill as a maker: `queued + swept`."""
        return self.queued + self.swept

    @property
    def adverse(self) -> float:
        """How far the mid price has fallen at a fill, on average, over it: `step * swept / filled`; 0 without fills."""
        return self.step * self.swept / self.filled if self.filled else 0.0

    def taker(self, taker_fee: float) -> float:
        """What a taker order costs against the mid price at the decision: `taker_fee + half_spread`.

        Parameters:
            taker_fee: fraction of the notional.

        Returns:
            A fraction of the notional; `> 0` is paid.

        Raises:
            ValueError: for a non-finite value.
        """
        return scalar("taker_fee", taker_fee) + self.half_spread

    def cost(self, maker_fee: float, taker_fee: float) -> float:
        """Expected cost against the mid price at the decision.

        It is `taker(taker_fee) - filled * (taker_fee - maker_fee + 2 * half_spread) + swept * step`. No drift is in the
        price, so what an order that is not filled runs after is what a filled one loses: each is charged once. With the
        fees of a taker lower than a maker's the attempt costs more than taking.

        Parameters:
            maker_fee: fraction of the notional; `< 0` is a rebate.
            taker_fee: the same for a taker.

        Returns:
            A fraction of the notional; `> 0` is paid.

        Raises:
            ValueError: for a non-finite value.
        """
        saved = scalar("taker_fee", taker_fee) - scalar("maker_fee", maker_fee) + 2.0 * self.half_spread
        return self.taker(taker_fee) - self.filled * saved + self.swept * self.step

    def limit(self, maker_fee: float, taker_fee: float) -> float:
        """The step from which the attempt costs as much as a taker order.

        It is `(taker_fee - maker_fee + 2 * half_spread) * filled / swept`.

        Parameters:
            maker_fee: as in `cost`.
            taker_fee: as in `cost`.

        Returns:
            A fraction of the price; infinite where no fill is a sweep, so that no step is too long.

        Raises:
            ValueError: for a non-finite value.
        """
        saved = scalar("taker_fee", taker_fee) - scalar("maker_fee", maker_fee) + 2.0 * self.half_spread
        return saved * self.filled / self.swept if self.swept else math.inf

    def why(self, maker_fee: float, taker_fee: float) -> Derivation:
        """The terms behind the cost.

        Parameters:
            maker_fee: as in `cost`.
            taker_fee: as in `cost`.

        Raises:
            ValueError: for a non-finite value.
        """
        taker, cost = self.taker(taker_fee), self.cost(maker_fee, taker_fee)
        saved = taker_fee - maker_fee + 2.0 * self.half_spread
        return Derivation(
            (
                Term("C_T", "taker order", taker, "", "f_T + h"),
                Term("p", "filled as a maker", self.filled, "", "q + s"),
                Term("g", "saved by a fill", saved, "", "f_T - f_M + 2 h"),
                Term("s", "swept", self.swept),
                Term("d", "lost to a sweep", self.step),
                Term("C_M", "maker attempt", cost, "", "C_T - p g + s d"),
            )
        )


def attempt(market: Market, latency: float, patience: float) -> Attempt:
    """The outcome of a limit bid that is sent late: filled, or crossed at the end of its patience.

    The chain of price and place is followed exactly (by uniformization), to about 1e-12.

    Parameters:
        market: how prices and queues move.
        latency: from the decision to the arrival, `>= 0`, seconds.
        patience: from the decision until the order gives up, `>= latency`, seconds.

    Returns:
        The probabilities of what becomes of the order; its `cost` and `limit` follow from them.

    Raises:
        ValueError: for what is no `Market`, a non-finite value, one outside its range, more than 20,000 expected
            moves and departures before the order gives up, or a place beyond 1,000 on arrival.

    Examples:
        >>> market = Market(0.00009, 0.4, 0.000001, place=50, leaving=18.0)
        >>> for seconds in (0.05, 5.0):
        ...     order = attempt(market, seconds, 10.0)
        ...     cost = order.cost(0.00015, 0.00045) * 1e4
        ...     print(f"{order.crossed:.3f} {order.filled:.3f} {cost:.2f} bp")
        0.019 0.786 2.64 bp
        0.396 0.237 3.96 bp
        >>> f"{order.limit(0.00015, 0.00045) * 1e4:.1f} bp"
        '3.9 bp'

    Source: uniformization after Jensen (1953); the cost follows from the price having no drift (optional stopping).
    """
    instance("market", market, Market)
    late = scalar("latency", latency, ge=0)
    rests = scalar("patience", patience, ge=late) - late
    pace = 2.0 * market.moves + market.leaving
    if (events := pace * rests + 2.0 * market.moves * late) > 20_000:
        raise ValueError(f"patience must leave at most 20,000 expected moves and departures, got {events:g}")
    place = math.ceil(market.place + market.joining * late)
    if place > 1_000:
        raise ValueError(f"latency must leave a place of at most 1,000 on arrival, got {place}")
    chances = _chances(market.moves, market.leaving, place, late, rests)
    return Attempt(*chances, market.step, market.half_spread)


@lru_cache(maxsize=256)  # what a market charges changes none of them
def _chances(moves: float, leaving: float, place: int, late: float, rests: float) -> tuple[float, float, float, float]:
    """How likely an order is crossed, queued, swept or missed: the fields of `Attempt`."""
    pace = 2.0 * moves + leaving
    steps = _poisson(moves * late)
    arrival = np.convolve(steps, steps[::-1])  # of the difference of up and down: from -n to n
    crossed, above = float(arrival[: len(steps) - 1].sum()), arrival[len(steps) - 1 :]
    above = above[: np.flatnonzero(above > _TINY)[-1] + 1]
    # rows: steps above the quote, of which a price beyond the last never comes back in time; columns: places to go
    reach = len(above) + math.ceil(10.0 * math.sqrt(2.0 * moves * rests)) + 20
    state = np.zeros((reach, place))
    state[: len(above), -1] = above
    queued = swept = 0.0
    if pace:
        up, leaves = moves / pace, leaving / pace
        reached = 1.0 - np.cumsum(_poisson(pace * rests))[:-1]  # the probability of one more event in time
        best = np.empty((len(reached), place))  # at the quote before each event
        for before in best:
            before[:] = state[0]
            moved = up * state
            state *= leaves
            state[0, :-1] = leaves * before[1:]
            state[0, -1] = 0.0
            state[1:] += moved[:-1]
            state[:-1] += moved[1:]
        queued = leaves * float(reached @ best[:, 0])
        swept = up * float(reached @ best.sum(axis=1))
    queued, swept = min(max(queued, 0.0), 1.0), min(max(swept, 0.0), 1.0)
    missed = max(0.0, 1.0 - crossed - queued - swept)
    return crossed, queued, swept, missed


def _poisson(mean: float) -> FloatArray:
    """Probabilities of 0, 1, … as far as they matter."""
    if mean < _TINY:
        return np.array([1.0])
    n = np.arange(math.ceil(mean + 10.0 * math.sqrt(mean)) + 21)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(n[1:]))])
    weights = np.exp(n * math.log(mean) - mean - log_factorial)
    result: FloatArray = weights / weights.sum()
    return result


@dataclass(frozen=True, eq=False, slots=True)
class Placed(ByValue):
    """What would have become of limit orders in a recording. Made by `placed`; one entry an order.

    Parameters:
        crossed: the opposite quote had come to the order before it arrived. Shape `(n,)`.
        queued: filled, and the mid price was still on its side of the order afterwards. Shape `(n,)`.
        swept: filled, and the mid price had passed it. Shape `(n,)`.
        paid: the price over the mid price at the decision, so that `> 0` costs: a fraction. Shape `(n,)`.
        lost: how far the mid price stood beyond the price paid a moment after the trade, `> 0` a loss. Shape `(n,)`.
    """

    crossed: BoolArray
    queued: BoolArray
    swept: BoolArray
    paid: FloatArray
    lost: FloatArray

    def __post_init__(self) -> None:
        freeze(self)

    @property
    def filled(self) -> BoolArray:
        """Filled as a maker: `queued or swept`. Shape `(n,)`."""
        result: BoolArray = self.queued | self.swept
        return result

    @property
    def missed(self) -> BoolArray:
        """Crossed the spread in the end. Shape `(n,)`."""
        result: BoolArray = ~(self.crossed | self.filled)
        return result

    def cost(self, maker_fee: float, taker_fee: float) -> FloatArray:
        """Cost of each against the mid price at its decision: the price and the fee. Shape `(n,)`.

        Parameters:
            maker_fee: fraction of the notional; `< 0` is a rebate.
            taker_fee: the same for a taker.

        Returns:
            Fractions of the notional; `> 0` is paid.

        Raises:
            ValueError: for a non-finite value.
        """
        fees = np.where(self.filled, scalar("maker_fee", maker_fee), scalar("taker_fee", taker_fee))
        result: FloatArray = self.paid + fees
        return result


def placed(
    messages: Iterable[Message],
    latency: float,
    patience: float,
    *,
    side: int = 1,
    every: float = 0.05,
    settle: float = 0.1,
) -> Placed:
    """Puts small limit orders at the best price of a recording, late, and sees what becomes of them.

    An order joins the back of what stands at its price. Ahead of it only trades leave, so a real one, behind which
    others cancel, would be filled sooner. It is filled when trades at its price exceed what stood ahead, when a trade
    or the opposite quote passes it. At a price that the quotes have left, what stood there at the decision counts.

    Parameters:
        messages: with quotes and trades of one contract, from `feeds.read_messages`.
        latency: from the decision to the arrival, `>= 0`, seconds.
        patience: from the decision until the order crosses the spread, `>= latency`, seconds.
        side: 1 for bids, -1 for asks.
        every: seconds from one order to the next, `> 0`.
        settle: seconds after a fill at which its mid price is read, `>= 0`.

    Returns:
        One entry an order, in the order of the decisions: what became of it, what it paid and what it lost.

    Raises:
        ValueError: for a non-finite value or one outside its range, or a recording that is too short.

    Examples:
        >>> from perpnotes.feeds import Quote, Trade
        >>> tape = [
        ...     Quote(99.0, 1.0, 101.0, 1.0, received=0.0),
        ...     Trade(99.0, -2.0, received=2.0),
        ...     Quote(97.0, 1.0, 99.0, 1.0, received=2.05),
        ...     Quote(97.0, 1.0, 99.0, 1.0, received=9.0),
        ... ]
        >>> orders = placed(tape, 0.5, 5.0, every=1.0)
        >>> orders.swept.tolist(), orders.crossed.tolist()
        ([True, True, False, False], [False, False, True, False])
        >>> orders.cost(0.0002, 0.0005).round(4).tolist()
        [-0.0098, -0.0098, -0.0095, 0.0107]

    Source: the rules above are ours; a replay without the order's own effect.
    """
    late = scalar("latency", latency, ge=0)
    rests, gap, pause = (
        scalar("patience", patience, ge=late),
        scalar("every", every, gt=0),
        scalar("settle", settle, ge=0),
    )
    sign = float(sides(scalar("side", side)))
    tape = items("messages", messages, (Book, Update, Quote, Trade))
    quotes = [each for each in tape if isinstance(each, Quote)]
    trades = [each for each in tape if isinstance(each, Trade) and each.size * sign < 0]
    clock, bid, ask, *rest = _columns(quotes, "received", "bid", "ask", "bid_size", "ask_size")
    if not quotes or not clock[-1] - clock[0] > rests + pause or (np.diff(clock) < 0).any():
        raise ValueError("messages must hold quotes in the order of their receipt, for longer than patience and settle")
    # asks are bids in a market turned over
    best, other, standing = (bid, ask, rest[0]) if sign > 0 else (-ask, -bid, rest[1])
    mid = (best + other) / 2.0
    at, price, size = _columns(trades, "received", "price", "size")
    price, size = sign * price, np.abs(size)

    def seen(moment: FloatArray | float) -> Any:
        return np.searchsorted(clock, moment, "right") - 1

    if (span := clock[-1] - clock[0] - rests - pause) > 1e5 * gap:
        raise ValueError(f"every must leave at most 100,000 orders, got {gap:g} for {span:g} seconds")
    decided = np.arange(clock[0], clock[-1] - rests - pause, gap)
    start, arrives, ends = seen(decided), seen(decided + late), seen(decided + rests)
    low, high = np.searchsorted(at, decided + late, "right"), np.searchsorted(at, decided + rests, "right")
    limit = best[start]
    crossed = other[arrives] <= limit
    paid, when = np.where(crossed, other[arrives], other[ends]), decided + np.where(crossed, late, rests)
    # orders that meet the same messages share their fate, and follow each other
    met = np.stack([start, arrives, ends, low, high])
    firsts = np.flatnonzero(np.diff(met, prepend=-1).any(axis=0))
    fill = np.full(firsts.size, np.inf)  # when
    for k, i in enumerate(firsts):
        if crossed[i]:
            continue
        now = arrives[i]
        ahead = standing[now] if best[now] == limit[i] else standing[start[i]] if best[now] > limit[i] else 0.0
        passed = np.flatnonzero(other[now + 1 : ends[i] + 1] <= limit[i])
        prices, sizes = price[low[i] : high[i]], size[low[i] : high[i]]
        here = np.cumsum(np.where(prices == limit[i], sizes, 0.0))
        reached = np.flatnonzero((prices < limit[i]) | (here > ahead))
        fill[k] = min([*clock[now + 1 + passed[:1]], *at[low[i] + reached[:1]]], default=np.inf)
    fills = np.repeat(fill, np.diff(firsts, append=decided.size))
    filled = np.isfinite(fills)
    paid, when = np.where(filled, limit, paid), np.where(filled, fills, when)
    through = mid[seen(when + pause)] - limit
    scale = np.abs(mid[start])
    return Placed(
        crossed=crossed,
        queued=filled & (through >= 0),
        swept=filled & (through < 0),
        paid=(paid - mid[start]) / scale,
        lost=(paid - mid[seen(when + pause)]) / scale,
    )


def _columns(messages: Sequence[Message], *names: str) -> list[FloatArray]:
    """One array a field."""
    rows = [*map(operator.attrgetter(*names), messages)]
    return [*np.array(rows, dtype=float).reshape(-1, len(names)).T.copy()]


@overload
def fill_probability(position: float, departures: float, seconds: float) -> float: ...
@overload
def fill_probability(position: ArrayLike, departures: ArrayLike, seconds: ArrayLike) -> FloatArray: ...
def fill_probability(position: ArrayLike, departures: ArrayLike, seconds: ArrayLike) -> Floats:
    """Probability that an order is reached in time: `1 - sum_{j<k} exp(-x) x^j / j!` with `x = departures * seconds`.

    Orders ahead leave one at a time, by trade or by cancellation, as a Poisson process: the wait for place `k` is
    Erlang. The sum is finite and exact; the result is right to about 1e-15, not in relative terms where it is tiny.

    Parameters:
        position: place `k` in the queue, a whole number from 1 (the front) to 100,000. Any shape; arguments broadcast.
        departures: orders a second that leave from the front of the queue, `>= 0`.
        seconds: how long the order rests, `>= 0`.

    Returns:
        A probability in `[0, 1]`, the broadcast shape.

    Raises:
        ValueError: for a non-finite value, one outside its range, or a position that is not whole.

    Examples:
        >>> fill_probability(5, 2.0, 3.0).round(7)
        np.float64(0.7149435)

    Source: the Erlang distribution; queues at the best price as in Cont, Stoikov and Talreja (2010).
    """
    place = real("position", position, ge=1, le=100_000)
    if np.any(odd := place != np.floor(place)):
        raise ValueError(f"position must be a whole number, got {place[odd].flat[0]:g}")
    pace, rests = real("departures", departures, ge=0), real("seconds", seconds, ge=0)
    broadcast(position=place, departures=pace, seconds=rests)
    place, expected = np.broadcast_arrays(place, pace * rests)
    below = np.zeros(expected.shape)
    log_factorial = 0.0
    with np.errstate(divide="ignore"):
        log = np.log(expected)
    for j in range(int(place.max())):
        log_factorial += math.log(j) if j else 0.0
        power = j * log if j else np.zeros(expected.shape)  # x^0 is 1 at x = 0 too
        below = below + np.where(j < place, np.exp(power - expected - log_factorial), 0.0)
    return np.clip(1.0 - below, 0.0, 1.0)[()]


@dataclass(frozen=True, slots=True)
class Regimes:
    """Latency that is calm or spiking: a two-state Markov chain, with exponential stretches of each.

    Parameters:
        calm_hours: mean length of a calm stretch, `> 0`.
        spike_hours: mean length of a spike, `> 0`.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> regimes = Regimes(calm_hours=49.0, spike_hours=1.0)
        >>> regimes.share
        0.02
        >>> far_apart = regimes.spiked_orders(2, 1e9)  # independent
        >>> far_apart.round(6).tolist()
        [0.9604, 0.0392, 0.0004]

    Source: the stationary law and the transition probabilities of a two-state chain in continuous time.
    """

    calm_hours: float
    spike_hours: float

    def __post_init__(self) -> None:
        scalar("calm_hours", self.calm_hours, gt=0)
        scalar("spike_hours", self.spike_hours, gt=0)

    @property
    def share(self) -> float:
        """Share of the time spent in spikes: `spike_hours / (calm_hours + spike_hours)`."""
        return self.spike_hours / (self.calm_hours + self.spike_hours)

    def spiked_orders(self, orders: int, hours_between: float) -> FloatArray:
        """Exact distribution of how many of a row of equally spaced orders meet a spike.

        The mean is `orders * share` whatever the spacing; the closer the orders, the wider the distribution.

        Parameters:
            orders: how many, a whole number from 1 to 10,000.
            hours_between: time from one order to the next, hours, `> 0`.

        Returns:
            The probability of 0, 1, …, `orders` of them, shape `(orders + 1,)`.

        Raises:
            ValueError: for a non-finite value or one outside its range.
        """
        n = whole("orders", orders, ge=1, le=10_000)
        hours = scalar("hours_between", hours_between, gt=0)
        memory = math.exp(-hours * (1.0 / self.calm_hours + 1.0 / self.spike_hours))
        to_spike, to_calm = self.share * (1.0 - memory), (1.0 - self.share) * (1.0 - memory)
        calm, spike = np.zeros(n + 1), np.zeros(n + 1)
        calm[0], spike[1] = 1.0 - self.share, self.share
        for _ in range(n - 1):
            into = calm * to_spike + spike * (1.0 - to_calm)
            calm = calm * (1.0 - to_spike) + spike * to_calm
            spike[1:] = into[:-1]
        return calm + spike


@overload
def orders_left(leverage: float, maintenance: float, cost: float) -> float: ...
@overload
def orders_left(leverage: ArrayLike, maintenance: ArrayLike, cost: ArrayLike) -> FloatArray: ...
def orders_left(leverage: ArrayLike, maintenance: ArrayLike, cost: ArrayLike) -> Floats:
    """Orders of the position's own notional until liquidation at an unchanged price and size: `(1/L - m) / cost`.

    What fewer of them leave of the distance is `funding.distance` with `paid = orders * cost`.

    Parameters:
        leverage: notional over margin `L` at the start, `> 0`. Any shape; the arguments broadcast.
        maintenance: maintenance rate `m`, in `[0, 1)`.
        cost: cost of one order, a fraction of its notional, `> 0`. A round trip is two orders.

    Returns:
        The number of orders, not rounded; 0 where liquidation is due at once.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> orders = orders_left(10.0, 0.005, [0.00015, 0.00045])
        >>> (orders / 2).round(2)  # round trips
        array([316.67, 105.56])

    Source: the isolated liquidation price of a linear contract, with all costs paid from its margin.
    """
    lever, m = real("leverage", leverage, gt=0), real("maintenance", maintenance, ge=0, lt=1)
    each = real("cost", cost, gt=0)
    broadcast(leverage=lever, maintenance=m, cost=each)
    return np.maximum(0.0, 1.0 / lever - m) / each

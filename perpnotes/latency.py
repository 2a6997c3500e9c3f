"""What lateness costs: a maker order that does not fill, a quote that goes stale, and a spike that lasts.

Every cost is a fraction of the order's notional against the mid price at the moment of decision, and a cost `> 0` is
paid: a taker pays the fee and half the spread, a maker who is filled pays the fee and *earns* half the spread. Between
the two stand the probability of a fill and what the market does to those who wait.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import overload

import numpy as np

from perpnotes import _normal
from perpnotes._derivation import Derivation, Term
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, instance, real, scalar, whole

__all__ = [
    "Execution",
    "Regimes",
    "fill_probability",
    "orders_left",
    "stale_quote",
    "switch_latency",
]

_YEAR_SECONDS = 365.0 * 86_400.0


@dataclass(frozen=True, slots=True)
class Execution:
    """What one order costs, as a taker and as a maker who crosses the spread in the end if not filled.

    Parameters:
        maker_fee: fraction of the notional; `< 0` is a rebate.
        taker_fee: the same for a taker.
        half_spread: half the quoted spread over the mid price, `>= 0`.
        adverse: adverse selection, the loss that follows a maker's fill, over the mid price; `< 0` is a gain.
        miss: how far the price has gone when an unfilled order gives up and crosses, over the mid price, `>= 0`.
        impact: what a taker's order pays beyond the best price, over the mid price, `>= 0`.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> order = Execution(0.00015, 0.00045, 0.00005, adverse=0.00003, miss=0.00015)
        >>> print(order.why(0.6))
        fill probability     0.6        p
        taker order          0.0005     C_T = f_T + h + i
        maker order, filled  0.00013    M = f_M - h + A
        maker order, missed  0.00065    X = C_T + d
        maker attempt        0.000338   C_M = p M + (1 - p) X
        >>> round(order.breakeven, 5)
        0.28846

    Source: the expected-cost comparison of a limit and a market order; after Harris and Hasbrouck (1996).
    """

    maker_fee: float
    taker_fee: float
    half_spread: float
    adverse: float = 0.0
    miss: float = 0.0
    impact: float = 0.0

    def __post_init__(self) -> None:
        for name in ("maker_fee", "taker_fee", "adverse"):
            scalar(name, getattr(self, name))
        for name in ("half_spread", "miss", "impact"):
            scalar(name, getattr(self, name), ge=0)

    @property
    def taker(self) -> float:
        """A taker order: `C_T = f_T + h + i`."""
        return self.taker_fee + self.half_spread + self.impact

    @property
    def filled(self) -> float:
        """A maker order that is filled: `f_M - h + A`."""
        return self.maker_fee - self.half_spread + self.adverse

    @property
    def missed(self) -> float:
        """A maker order that is not filled: a taker order after all, at a price that has moved away: `C_T + d`."""
        return self.taker + self.miss

    @property
    def breakeven(self) -> float:
        """Fill probability from which a maker attempt costs no more than a taker order: `d / (C_T + d - M)`.

        Infinite where a filled maker order costs more than a taker order: then no fill probability is enough.
        """
        saving = self.taker - self.filled
        if saving < 0:
            return math.inf
        return self.miss / (self.miss + saving) if self.miss else 0.0

    @overload
    def cost(self, fill: float) -> float: ...
    @overload
    def cost(self, fill: ArrayLike) -> FloatArray: ...
    def cost(self, fill: ArrayLike) -> Floats:
        """Expected cost of a maker attempt: `p M + (1 - p) (C_T + d)`.

        Parameters:
            fill: probability of a fill, in `[0, 1]`; any shape.

        Raises:
            ValueError: for a probability outside its range.
        """
        p = real("fill", fill, ge=0, le=1)
        return p * self.filled + (1.0 - p) * self.missed

    @overload
    def adverse_limit(self, fill: float) -> float: ...
    @overload
    def adverse_limit(self, fill: ArrayLike) -> FloatArray: ...
    def adverse_limit(self, fill: ArrayLike) -> Floats:
        """Adverse selection at which a maker attempt costs what a taker order does: `C_T - f_M + h - d (1 - p)/p`.

        Parameters:
            fill: probability of a fill, in `(0, 1]`; any shape.

        Raises:
            ValueError: for a probability outside its range.
        """
        p = real("fill", fill, gt=0, le=1)
        return self.taker - self.maker_fee + self.half_spread - self.miss * (1.0 - p) / p

    def why(self, fill: float) -> Derivation:
        """The terms behind the cost of a maker attempt.

        Parameters:
            fill: probability of a fill, in `[0, 1]`.

        Raises:
            ValueError: for a probability outside its range.
        """
        p = scalar("fill", fill, ge=0, le=1)
        return Derivation(
            (
                Term("p", "fill probability", p),
                Term("C_T", "taker order", self.taker, "", "f_T + h + i"),
                Term("M", "maker order, filled", self.filled, "", "f_M - h + A"),
                Term("X", "maker order, missed", self.missed, "", "C_T + d"),
                Term("C_M", "maker attempt", float(self.cost(p)), "", "p M + (1 - p) X"),
            )
        )


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


@overload
def stale_quote(half_spread: float, volatility: float, seconds: float) -> float: ...
@overload
def stale_quote(half_spread: ArrayLike, volatility: ArrayLike, seconds: ArrayLike) -> FloatArray: ...
def stale_quote(half_spread: ArrayLike, volatility: ArrayLike, seconds: ArrayLike) -> Floats:
    """Expected loss on a quote that cannot be changed for a while: `2 (s n(h/s) - h N(-h/s))` with `s = sigma sqrt(t)`.

    For that long the quote is a free option to whoever is faster: a strangle with both strikes at the half-spread, on
    a driftless normal price. It is also the loss of *one* order beyond the half-spread, given that the price moved
    toward it.

    Parameters:
        half_spread: distance `h` of the quote from the mid price, over the mid price, `>= 0`. Arguments broadcast.
        volatility: `sigma` per square root of a year (of 365 days), `>= 0`.
        seconds: how long the quote cannot be changed, `>= 0`.

    Returns:
        A fraction of the price; 0 where nothing can move.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> (stale_quote(0.00005, 0.6, [0.01, 0.1, 1.0, 10.0]) * 1e4).round(4)
        array([0.    , 0.0207, 0.4442, 2.2253])

    Source: the quote as an option after Copeland and Galai (1983); the value is Bachelier's.
    """
    h, sigma = real("half_spread", half_spread, ge=0), real("volatility", volatility, ge=0)
    stuck = real("seconds", seconds, ge=0)
    broadcast(half_spread=h, volatility=sigma, seconds=stuck)
    h, sd = np.broadcast_arrays(h, sigma * np.sqrt(stuck / _YEAR_SECONDS))
    far = 100.0  # standard deviations: worth nothing, and safe to square
    ratio = np.divide(h, sd, out=np.full(sd.shape, far), where=far * sd > h)
    # out of the money the two terms cancel to rounding: a loss is never below 0
    result: FloatArray = 2.0 * np.maximum(0.0, sd * _normal.pdf(ratio) - h * _normal.cdf(-ratio))
    return result


def switch_latency(order: Execution, fill: float, volatility: float) -> float:
    """Latency from which a taker order is cheaper: `adverse + stale_quote(h, sigma, t) = adverse_limit`, seconds.

    Parameters:
        order: the costs; `adverse` is what a fill costs without latency.
        fill: probability of a fill, in `(0, 1]`, held fixed: a real one falls with latency, so the switch is earlier.
        volatility: per square root of a year, `> 0`.

    Returns:
        Seconds; 0 where the taker order is no dearer even without latency.

    Raises:
        ValueError: for what is no `Execution`, a non-finite value or one outside its range.

    Examples:
        >>> order = Execution(0.00015, 0.00045, 0.00005, adverse=0.00003, miss=0.00015)
        >>> round(switch_latency(order, 0.6, 0.6), 3)
        13.871
    """
    instance("order", order, Execution)
    sigma = scalar("volatility", volatility, gt=0)
    limit = float(order.adverse_limit(scalar("fill", fill, gt=0, le=1))) - order.adverse
    if limit <= 0:
        return 0.0
    # E(|X| - h)+ lies between E|X| - h and E|X|, and E|X| = s sqrt(2/pi): that brackets the root
    low, high = (
        math.pi / 2.0 * _YEAR_SECONDS * (part / sigma) * (part / sigma) for part in (limit, limit + order.half_spread)
    )
    if high == math.inf:  # nothing moves
        return high
    for _ in range(200):
        middle = (low + high) / 2.0
        if stale_quote(order.half_spread, sigma, middle) < limit:
            low = middle
        else:
            high = middle
    return high


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
        >>> regimes.spiked_orders(2, 1e9).round(6).tolist()  # far apart, orders meet independent weather
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
        """Share of the time spent in spikes: `s / (c + s)`."""
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
        >>> (orders_left(10.0, 0.005, [0.00015, 0.00045]) / 2).round(2)  # round trips
        array([316.67, 105.56])

    Source: the isolated liquidation price of a linear contract, with all costs paid from its margin.
    """
    lever, m = real("leverage", leverage, gt=0), real("maintenance", maintenance, ge=0, lt=1)
    each = real("cost", cost, gt=0)
    broadcast(leverage=lever, maintenance=m, cost=each)
    return np.maximum(0.0, 1.0 / lever - m) / each

"""Funding and realized volatility on one map: how high each is against its own past, and how often both are at once.

A rank says "higher than this part of the recent past" and nothing about units, so funding and volatility can stand on
one map, and so can two venues. All ranks look back only: what is known at a time uses nothing after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from perpnotes._derivation import Derivation, Term
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, real, scalar, whole

__all__ = [
    "QUADRANTS",
    "TailDependence",
    "crowding_index",
    "quadrants",
    "realized_volatility",
    "simulate",
    "tail_dependence",
    "trailing_rank",
]

QUADRANTS = ("calm", "crowded", "stress", "turbulent", "capitulation")
"""What `quadrants` answers; the last two are the quadrant of high volatility without high funding, by the sign."""


def realized_volatility(prices: ArrayLike, window: int, interval: float) -> FloatArray:
    """Annualized volatility over a trailing window: `sqrt(sum of squared log returns * 8760 / (window * interval))`.

    Parameters:
        prices: prices in order and equally spaced, `> 0`. Shape `(n,)`, with `n > window`.
        window: returns in each sum, a whole number `>= 1`.
        interval: hours from one price to the next, `> 0`.

    Returns:
        Per square root of a year, shape `(n - window,)`: the first value is known at the price number `window`,
            counted from 0.

    Raises:
        ValueError: for a value outside its range, or fewer prices than a window needs.

    Examples:
        >>> daily = [100.0, 101.0, 100.0, 102.0]
        >>> found = realized_volatility(daily, window=2, interval=24.0)
        >>> found.round(4).tolist()
        [0.1901, 0.2994]

    Source: realized variance, after Andersen and Bollerslev (1998).
    """
    p = real("prices", prices, gt=0, ndim=1)
    size, hours = whole("window", window, ge=1), scalar("interval", interval, gt=0)
    if p.size <= size:
        raise ValueError(f"prices must hold more than window = {size}, got {p.size}")
    squares = np.lib.stride_tricks.sliding_window_view(np.diff(np.log(p)) ** 2, size)
    result: FloatArray = np.sqrt(squares.sum(axis=1) * (8760.0 / (size * hours)))
    return result


def trailing_rank(values: ArrayLike, window: int) -> FloatArray:
    """Rank of each value in the window that ends with it: `(values below + half of those equal) / window`.

    It lies in `(0, 1)`; the value itself is one of those equal. A strictly rising transform changes no rank.

    Parameters:
        values: in order, any sign. Shape `(n,)`, with `n >= window`.
        window: values in a window, a whole number `>= 2`.

    Returns:
        Shape `(n - window + 1,)`: the first rank belongs to the value number `window - 1`, counted from 0.

    Raises:
        ValueError: for a non-finite value, or fewer values than a window needs.

    Examples:
        >>> trailing_rank([1.0, 2.0, 3.0, 3.0, 0.0], window=4).tolist()
        [0.75, 0.125]
    """
    x, size = real("values", values, ndim=1), whole("window", window, ge=2)
    if x.size < size:
        raise ValueError(f"values must hold at least window = {size}, got {x.size}")
    ranks = np.empty(x.size - size + 1)
    block = max(1, 4_000_000 // size)  # the comparisons of one block stay within some megabytes
    for start in range(0, ranks.size, block):
        part = np.lib.stride_tricks.sliding_window_view(x[start : start + block + size - 1], size)
        last = part[:, -1:]
        ranks[start : start + block] = ((part < last).sum(axis=1) + 0.5 * (part == last).sum(axis=1)) / size
    return ranks


def quadrants(
    funding: ArrayLike, funding_rank: ArrayLike, volatility_rank: ArrayLike, *, enter: float = 0.9, leave: float = 0.8
) -> npt.NDArray[np.str_]:
    """The state at each time, one of `QUADRANTS`, with hysteresis: *high* from `rank >= enter` until `rank < leave`.

    | | volatility not high | volatility high |
    | --- | --- | --- |
    | funding high | crowded | stress |
    | funding not high | calm | turbulent, or capitulation where funding is negative |

    It watches longs. For crowded shorts pass `-funding` and its ranks.

    Parameters:
        funding: funding rates, either sign. Shape `(n,)`.
        funding_rank: their trailing ranks, in `[0, 1]`. Shape `(n,)`.
        volatility_rank: trailing ranks of realized volatility at the same times, in `[0, 1]`. Shape `(n,)`.
        enter: rank at which *high* begins, in `(0, 1]`.
        leave: rank below which it ends, in `[0, enter]`; equal to `enter` for no hysteresis.

    Returns:
        The names of the states, shape `(n,)`.

    Raises:
        ValueError: for a value outside its range, or lengths that differ.

    Examples:
        >>> funding, rank = [2e-4, 2e-4, -1e-4], [0.95, 0.85, 0.05]
        >>> quadrants(funding, rank, [0.50, 0.92, 0.85]).tolist()
        ['crowded', 'stress', 'capitulation']
    """
    f = real("funding", funding, ndim=1)
    u = real("funding_rank", funding_rank, ge=0, le=1, ndim=1)
    v = real("volatility_rank", volatility_rank, ge=0, le=1, ndim=1)
    start = scalar("enter", enter, gt=0, le=1)
    stop = scalar("leave", leave, ge=0, le=start)
    if not f.shape == u.shape == v.shape:
        raise ValueError(
            f"funding, funding_rank and volatility_rank must have one length, got {f.size}, {u.size} and {v.size}"
        )
    crowded, volatile = _latched(u, start, stop), _latched(v, start, stop)
    code = np.where(volatile, np.where(crowded, 2, np.where(f < 0, 4, 3)), np.where(crowded, 1, 0))
    return np.asarray(QUADRANTS)[code]


def _latched(ranks: FloatArray, enter: float, leave: float) -> npt.NDArray[np.bool_]:
    """True from a rank that enters until a rank that leaves; between the two, what it was. It starts as False."""
    event = np.where(ranks >= enter, 1, np.where(ranks < leave, -1, 0))
    last = np.maximum.accumulate(np.where(event != 0, np.arange(event.size), 0))
    high: npt.NDArray[np.bool_] = event[last] == 1
    return high


@dataclass(frozen=True, slots=True)
class TailDependence:
    """How often funding is high when volatility is. Made by `tail_dependence`.

    Parameters:
        level: the rank above which a value counts as high.
        high_funding: times at which funding is high.
        high_volatility: times at which volatility is high.
        both: times at which both are.
        times: all times.
        chance: the share of all time shifts of one series against the other with at least as many joint times. A shift
            keeps what each series does alone, and breaks what they do together.
    """

    level: float
    high_funding: int
    high_volatility: int
    both: int
    times: int
    chance: float

    @property
    def chi(self) -> float:
        """`P(funding high | volatility high)`; 1 where they always come together."""
        return self.both / self.high_volatility

    @property
    def independent(self) -> float:
        """What `chi` would be if they were independent: how often funding is high at all, close to `1 - level`."""
        return self.high_funding / self.times

    @property
    def lift(self) -> float:
        """How many times as often both are high as under independence; 1 is what independence gives."""
        return self.chi / self.independent

    def why(self) -> Derivation:
        """The terms behind `chi`."""
        return Derivation(
            (
                Term("u", "level", self.level),
                Term("n", "times", self.times),
                Term("n_F", "times of high funding", self.high_funding),
                Term("n_V", "times of high volatility", self.high_volatility),
                Term("n_{FV}", "times of both", self.both),
                Term("p", "independence would give", self.independent, "", "n_F / n"),
                Term("c", "share of shifts at least as good", self.chance),
                Term(r"\chi", "funding high, given volatility high", self.chi, "", "n_{FV} / n_V"),
            )
        )


def tail_dependence(
    funding_rank: ArrayLike, volatility_rank: ArrayLike, level: float = 0.9, lag: int = 0
) -> TailDependence:
    """Joint exceedances of two series of ranks, `chi(u) = P(U_F > u | U_V > u)`, against independence and all shifts.

    `P` is a probability, `U_F` the rank of funding and `U_V` that of volatility. Under independence `chi(u) = 1 - u`;
    for ranks that rise and fall together it is 1.

    Parameters:
        funding_rank: in `[0, 1]`. Shape `(n,)`.
        volatility_rank: in `[0, 1]`, at the same times. Shape `(n,)`.
        level: `u`, in `(0, 1)`; at least one rank of each series must lie above it.
        lag: times by which volatility comes later, a whole number from `1 - n` to `n - 1`; below 0 for earlier.

    Returns:
        How often each is high and both are, from which `chi`, `independent` and `lift` follow, and the `chance` of as
        many joint times by a shift of one of the two.

    Raises:
        ValueError: for a value outside its range, lengths that differ, or a series that is never above the level where
            the two overlap.

    Examples:
        >>> funding = [0.2, 0.95, 0.97, 0.1, 0.3]
        >>> volatility = [0.1, 0.96, 0.4, 0.5, 0.2]
        >>> tail = tail_dependence(funding, volatility)
        >>> tail.chi, tail.independent, tail.chance
        (1.0, 0.4, 0.4)

    Source: Coles, Heffernan and Tawn (1999), "Dependence measures for extreme value analyses", Extremes 2.
    """
    u = real("funding_rank", funding_rank, ge=0, le=1, ndim=1)
    v = real("volatility_rank", volatility_rank, ge=0, le=1, ndim=1)
    above = scalar("level", level, gt=0, lt=1)
    if u.shape != v.shape:
        raise ValueError(f"funding_rank and volatility_rank must have one length, got {u.size} and {v.size}")
    steps = whole("lag", lag, ge=1 - u.size, le=u.size - 1)
    u, v = u[max(-steps, 0) : u.size - max(steps, 0)], v[max(steps, 0) : v.size - max(-steps, 0)]
    f, w = u > above, v > above
    for name, high in (("funding_rank", f), ("volatility_rank", w)):
        if not high.any():
            raise ValueError(f"{name} must be above level = {above:g} at least once")
    # joint times at every circular shift at once: a cross-correlation, in whole numbers
    size = 1 << f.size.bit_length() + 1  # of a power of two it is fast; shifts below 0 stand at its end
    joint = np.fft.irfft(np.fft.rfft(f, size) * np.conj(np.fft.rfft(w, size)), size)
    shifted = np.rint(joint[: f.size] + np.append(0.0, joint[size - f.size + 1 :])).astype(np.int64)
    both = int((f & w).sum())
    return TailDependence(above, int(f.sum()), int(w.sum()), both, f.size, float((shifted >= both).mean()))


def simulate(
    seed: int, *, drop: float = 2.5, raised: float = 30.0, mood: float = 0.0, payments: int = 6570
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """A market of six years in which crowding can cause crashes, or a common mood can raise funding and volatility.

    Pressure from longs comes and goes slowly and drives the premium. A crash follows a payment with a probability of
    0.001, and `raised` times that where pressure is above one standard deviation. It takes `drop` standard deviations
    out of the pressure, moves the price by -5% and raises volatility for about a day.

    Parameters:
        seed: of the generator, a whole number `>= 0`.
        drop: what a crash takes out of the pressure, in its standard deviations, `>= 0`.
        raised: how many times as likely a crash is under high pressure, in `[0, 1000]`; 1 for no link.
        mood: share of a slow factor that pressure and the logarithm of volatility have in common, in `[0, 1]`: the
            correlation of the two without crashes is its square.
        payments: eight-hourly payments, a whole number `>= 1`.

    Returns:
        Hourly prices, shape `(8 * payments + 1,)`, from 1; the premium of each payment, a fraction of either sign,
            shape `(payments,)`; and whether a crash followed it, shape `(payments,)`.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> prices, premium, crash = simulate(1, payments=3)
        >>> prices.size, premium.round(6).tolist(), crash.tolist()
        (25, [2.9e-05, 6.9e-05, 0.000218], [False, False, False])

    Source: this site's own model; its constants are round numbers without a source.
    """
    rng = np.random.default_rng(whole("seed", seed, ge=0))
    taken, times = scalar("drop", drop, ge=0), scalar("raised", raised, ge=0, le=1000)
    common, n = scalar("mood", mood, ge=0, le=1), whole("payments", payments, ge=1)
    own_weight = float(np.sqrt(1 - common**2))
    noise = rng.normal(size=(4, n))
    drawn = rng.random(n)
    feeling = own = log_vol = burst = 0.0
    premium, sigma, crash = np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool)
    for t in range(n):
        feeling = 0.98 * feeling + 0.2 * noise[0, t]
        own = 0.98 * own + 0.2 * noise[1, t]
        log_vol = 0.98 * log_vol + 0.2 * noise[2, t]
        burst *= 0.9
        pressure = own_weight * own + common * feeling
        if drawn[t] < 0.001 * (times if pressure > 1 else 1.0):
            crash[t], burst = True, 1.0
            own -= taken
            pressure -= own_weight * taken
        premium[t] = 0.0001 + 0.0005 * pressure + 0.0002 * noise[3, t]
        sigma[t] = 0.45 * np.exp(0.25 * (own_weight * log_vol + common * feeling) + burst)
    returns = rng.normal(size=(n, 8)) * sigma[:, None] / np.sqrt(8760)
    returns[:, 0] -= 0.05 * crash
    prices: FloatArray = np.exp(np.append(0.0, returns.cumsum()))
    return prices, premium, crash


@overload
def crowding_index(funding: float, rank: float, open_interest: float, depth: float) -> float: ...
@overload
def crowding_index(funding: ArrayLike, rank: ArrayLike, open_interest: ArrayLike, depth: ArrayLike) -> FloatArray: ...
def crowding_index(funding: ArrayLike, rank: ArrayLike, open_interest: ArrayLike, depth: ArrayLike) -> Floats:
    """Open positions over the depth that they would leave through, weighted by the rank: `sign(F) * u * OI / D`.

    Its sign is the side that pays; its size says how many times over the book would have to absorb that side.

    Parameters:
        funding: funding rate `F`, either sign. Any shape; the arguments broadcast.
        rank: trailing rank `u` of `|F|`, in `[0, 1]`.
        open_interest: `OI`, one side, `>= 0`, in the unit of `depth`.
        depth: `D`, size resting within 1% of the mid on the side through which the payers would leave, `> 0`.

    Returns:
        A signed multiple of the depth, the broadcast shape: `> 0` where longs pay.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> crowding_index([3e-4, -3e-4], 0.95, 40_000.0, 500.0).tolist()
        [76.0, -76.0]
    """
    f, u = real("funding", funding), real("rank", rank, ge=0, le=1)
    held, door = real("open_interest", open_interest, ge=0), real("depth", depth, gt=0)
    broadcast(funding=f, rank=u, open_interest=held, depth=door)
    result: FloatArray = np.sign(f) * u * held / door
    return result

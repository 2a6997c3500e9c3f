"""One venue on one bad day: every part at work at once, and the same day with parts removed.

Each minute, in this order: prices arrive, feeds are judged, the mark is made; funding is settled every eight hours;
the early warning and the model say who may still add; longs add if they may; accounts at or below maintenance
are closed into the book; fees, the insurance fund and deleveraging settle what that cost. Each step is a function of
another module; this one only puts them in order and keeps the accounts.

It leaves out: a second asset, anything faster than a minute, deposits and withdrawals on the day, traders who react to
the venue, market makers who run out of money, and the time between a decision and its order. The two sides of one
minute are netted, and all of them trade at one average price. Deleveraging takes profit in cash instead of closing
positions.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from perpnotes import anomalies, bands, cascades, deleveraging, fees, funding, guardrails, latency, liquidation, prices
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._validate import FloatArray, instance, items, one_of, real, scalar, whole

__all__ = ["PARTS", "SHAPES", "Day", "Outcome", "Traders", "Venue", "bad_day", "crowd", "run"]

PARTS = ("feed checks", "median mark", "partial closing", "early warning", "model", "insurance fund")
"""What `run` can do without, one or several at a time."""

SHAPES = ("fall", "wick", "grind", "october")
"""How the price of `bad_day` falls: in 45 minutes, in 5 and back, over five hours, or as on 10 October 2025."""


@dataclass(frozen=True, eq=False)
class Day(ByValue):
    """What happens to the venue, minute by minute, whatever it does.

    Parameters:
        index: the price outside as it would be without this venue, `> 0`, USD per coin; shape (minutes,).
        density: coins in the book per USD of price, `> 0`; shape (minutes,).
        latency: of orders, `>= 0`, seconds; shape (minutes,).
        ages: minutes since each of two feeds published, whole, `>= 0`, not before the day; shape (2, minutes).
        errors: by which fraction each feed is off without saying so, `> -1`; shape (2, minutes).

    Raises:
        ValueError: for a value outside its range, or shapes that do not fit.
    """

    index: FloatArray
    density: FloatArray
    latency: FloatArray
    ages: npt.NDArray[np.int64]
    errors: FloatArray

    def __post_init__(self) -> None:
        minutes = real("index", self.index, gt=0, ndim=1).shape
        feeds = (2, *minutes)
        for name, array, shape in (
            ("index", real("index", self.index), minutes),
            ("density", real("density", self.density, gt=0), minutes),
            ("latency", real("latency", self.latency, ge=0), minutes),
            ("ages", real("ages", self.ages, ge=0), feeds),
            ("errors", real("errors", self.errors, gt=-1), feeds),
        ):
            if array.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
            object.__setattr__(self, name, array)
        ages = self.ages.astype(np.int64)
        if (self.ages != ages).any() or (ages > np.arange(minutes[0])).any():
            raise ValueError("ages must be whole minutes that do not reach back before the day")
        object.__setattr__(self, "ages", ages)
        freeze(self)


@dataclass(frozen=True, eq=False)
class Traders(ByValue):
    """Who is there in the morning.

    Parameters:
        sizes: coins of each account; long `> 0`, short `< 0`; shape (accounts,). A market maker holds the other side.
        deposits: equity of each at the first price, `>= 0`, USD; shape (accounts,).
        steps: the move since its last purchase, up or down, at which a long adds half of what it has, in `(0, 1]`; 1
            for never; shape (accounts,).

    Raises:
        ValueError: for a value outside its range, or shapes that differ.
    """

    sizes: FloatArray
    deposits: FloatArray
    steps: FloatArray

    def __post_init__(self) -> None:
        sizes = real("sizes", self.sizes, ndim=1)
        for name, array in (
            ("sizes", sizes),
            ("deposits", real("deposits", self.deposits, ge=0)),
            ("steps", real("steps", self.steps, gt=0, le=1)),
        ):
            if array.shape != sizes.shape:
                raise ValueError(f"{name} must have shape {sizes.shape}, as sizes, got {array.shape}")
            object.__setattr__(self, name, array)
        freeze(self)


@dataclass(frozen=True)
class Venue:
    """The rules of the venue.

    Parameters:
        maintenance: maintenance rate, in `(0, 1)`.
        initial: initial margin rate: who adds must have it afterwards, above `maintenance`.
        restore: multiple of maintenance to which partial closing brings an account back, `>= 1`.
        maker: fee of a forced order that rests, a fraction of its notional, in `[0, 1)`.
        taker: fee of one that does not, in `[0, 1)`.
        penalty: highest liquidation fee, to the insurance fund, in `[0, 1)`.
        fund: insurance fund in the morning, `>= 0`, USD.
        window: the fall for which the branching ratio is taken, in `(0, 1)`.
        warning: the branching ratio at which only reductions are allowed, `> 0`.
        calm: minutes at or below half of it that end that, `>= 1`.
        outlier: the model flags a change of leverage with a robust z above this, `> 0`.
        permanent: share of the venue's own impact that the outside price follows, in `[0, 1]`.
        recovery: minutes in which the rest of it decays to `1/e`, `> 0`.

    Raises:
        ValueError: for a value outside its range.
    """

    maintenance: float = 0.02
    initial: float = 0.04
    restore: float = 1.5
    maker: float = 0.0002
    taker: float = 0.0005
    penalty: float = 0.005
    fund: float = 3_000_000.0
    window: float = 0.05
    warning: float = 0.5
    calm: int = 60
    outlier: float = 6.0
    permanent: float = 0.3
    recovery: float = 15.0

    def __post_init__(self) -> None:
        scalar("maintenance", self.maintenance, gt=0, lt=1)
        scalar("initial", self.initial, gt=self.maintenance, lt=1)
        scalar("restore", self.restore, ge=1)
        for name in ("maker", "taker", "penalty"):
            scalar(name, getattr(self, name), ge=0, lt=1)
        scalar("fund", self.fund, ge=0)
        scalar("window", self.window, gt=0, lt=1)
        scalar("warning", self.warning, gt=0)
        whole("calm", self.calm, ge=1)
        scalar("outlier", self.outlier, gt=0)
        scalar("permanent", self.permanent, ge=0, le=1)
        scalar("recovery", self.recovery, gt=0)


@dataclass(frozen=True, eq=False)
class Outcome(ByValue):
    """What became of the day. Made by `run`. Arrays have one entry a minute where nothing else is said.

    Parameters:
        outside: price outside, which the feeds report, USD per coin; moved by the venue, see `Venue.permanent`.
        own: price in the venue's book, USD per coin.
        mark: mark price, USD per coin.
        usable: whether at least one feed could be used.
        ratio: branching ratio of the next fall, see `Venue.window`.
        warned: whether the early warning was on.
        flagged: accounts that may only reduce because of the model alone.
        forced: coins sold by liquidations, less those bought.
        fund: insurance fund, USD.
        deleveraged: profits taken from winners, USD.
        position: sum of all positions, coins; 0 but for rounding.
        cash: sum of all cash, USD; the same all day but for rounding.
        liquidated: whether each account was closed, in part or whole; shape (accounts,).
        ruined: whether it was closed for less than nothing; shape (accounts,).
        equity: of the traders in the evening, USD; shape (accounts,).
        flows: name to USD, from the traders' equity in the morning on; they add up to that in the evening.
    """

    outside: FloatArray
    own: FloatArray
    mark: FloatArray
    usable: npt.NDArray[np.bool_]
    ratio: FloatArray
    warned: npt.NDArray[np.bool_]
    flagged: FloatArray
    forced: FloatArray
    fund: FloatArray
    deleveraged: FloatArray
    position: FloatArray
    cash: FloatArray
    liquidated: npt.NDArray[np.bool_]
    ruined: npt.NDArray[np.bool_]
    equity: FloatArray
    flows: dict[str, float]

    @property
    def bad_debt(self) -> float:
        """What closed accounts lacked, and the fund or the winners paid, USD."""
        return self.flows["bad debt"]

    def why(self) -> Derivation:
        """From the traders' equity in the morning to that in the evening."""
        terms = [Term(_SYMBOLS[name], name, usd, "USD") for name, usd in self.flows.items()]
        evening = sum(self.flows.values())
        return Derivation((*terms, Term("E", "in the evening", evening, "USD", " + ".join(_SYMBOLS.values()))))


_SYMBOLS = {
    "in the morning": "E_0",
    "move of the mark": "M",
    "slippage": "S",
    "fees": "C",
    "funding": "F",
    "liquidation fees": "L",
    "bad debt": "B",
    "deleveraging": "A",
}


def bad_day(
    seed: int, *, price: float = 60_000.0, density: float = 1.0, minutes: int = 1_440, shape: str = "fall"
) -> Day:
    """A day with a fall, a book that thins, late orders, two feeds that freeze at its worst, and later a wrong print.

    A *fall* of 7 to 10% takes 45 minutes, and a third of it comes back. A *wick* falls as much in 5 minutes and is back
    after 15 more. A *grind* takes five hours. An *october* drifts down all morning, falls by 9 to 13% in 20 minutes in
    a book with a tenth of its depth, and comes back in 40: the shape of Bitcoin's price on 10 October 2025.

    Parameters:
        seed: of the random numbers; equal seeds give equal days.
        price: in the morning, `> 0`, USD per coin.
        density: coins in the book per USD of price while it is calm, `> 0`.
        minutes: length of the day, from 600 to 1,440.
        shape: one of `SHAPES`.

    Returns:
        What happens in each minute, for `run`.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> day = bad_day(1)
        >>> day.index.shape, int(day.ages.max())
        ((1440,), 25)
    """
    start, calm = scalar("price", price, gt=0), scalar("density", density, gt=0)
    count, rng = whole("minutes", minutes, ge=600, le=1_440), np.random.default_rng(whole("seed", seed, ge=0))
    kind = one_of("shape", shape, SHAPES)
    clock = np.arange(count)
    begin = int(count * rng.uniform(0.35, 0.45))
    steps = rng.normal(0.0, 0.6 / np.sqrt(365 * 1_440), count)
    depth = rng.uniform(-0.10, -0.07)
    before, legs, thin = {
        "fall": (0.03, [(45, depth), (135, 0.03)], 0.6),
        "wick": (0.03, [(5, depth), (15, -depth)], 0.6),
        "grind": (0.03, [(300, depth)], 0.6),
        "october": (-0.05, [(20, 1.3 * depth), (40, -1.2 * depth)], 0.9),
    }[kind]
    at = begin
    for length, move in legs:
        steps += np.where((clock >= at) & (clock < at + length), move / length, 0.0)
        at += length
    steps += np.where(clock < begin, before / begin, 0.0)
    steps[0] = 0.0
    end, ease = max(at, begin + 60), max(at - begin, 60) / 2
    stress = np.clip(np.minimum((clock - begin + 30) / 30, (end - clock) / ease), 0.0, 1.0)
    frozen = int(begin + rng.integers(5, 15))
    ages = np.where((clock >= frozen) & (clock < frozen + 25), clock - frozen + 1, 0)
    errors = rng.normal(0.0, 0.0002, (2, count))
    errors[0, int(count * rng.uniform(0.7, 0.9))] = -0.12
    return Day(
        index=start * np.exp(np.cumsum(steps)),
        density=calm * (1.0 - thin * stress),
        latency=0.2 + 20.0 * stress**2,
        ages=np.stack([ages, ages]),
        errors=errors,
    )


def crowd(seed: int, accounts: int, *, price: float = 60_000.0, coins: float = 6_000.0) -> Traders:
    """A crowd in which longs outweigh shorts, some with little margin, and three in ten add as the price moves.

    Parameters:
        seed: of the random numbers; equal seeds give equal crowds.
        accounts: how many, `>= 1`.
        price: at which they hold their positions in the morning, `> 0`, USD per coin.
        coins: open interest of all accounts together, however many they are, `> 0`.

    Returns:
        Who is there in the morning, for `run`; in expectation seven in ten are long.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> traders = crowd(1, 1_000)
        >>> bool(traders.sizes.sum() > 0)
        True
        >>> float(abs(traders.sizes).sum().round(6))
        6000.0
    """
    count, rng = whole("accounts", accounts, ge=1), np.random.default_rng(whole("seed", seed, ge=0))
    sizes = rng.lognormal(0.0, 1.0, count) * np.where(rng.random(count) < 0.7, 1.0, -1.0)
    sizes *= scalar("coins", coins, gt=0) / np.abs(sizes).sum()
    leverage = np.exp(rng.uniform(np.log(2.0), np.log(20.0), count))
    steps = np.where(rng.random(count) < 0.3, rng.uniform(0.01, 0.03, count), 1.0)
    return Traders(sizes, np.abs(sizes) * scalar("price", price, gt=0) / leverage, steps)


def run(day: Day, traders: Traders, venue: Venue | None = None, *, without: Collection[str] = ()) -> Outcome:
    """Simulate a venue through the day, minute by minute.

    A part that is removed is replaced by the simplest thing that a venue could do instead: every feed is taken as it
    comes; the mark is the first feed that may be used; a whole position is closed at once; nobody warns; no model; no
    fund and no liquidation fee, so winners pay.

    Parameters:
        day: what happens, from `bad_day` or your own.
        traders: who is there, from `crowd` or your own.
        venue: the rules; the defaults of `Venue` without one.
        without: any of `PARTS`.

    Returns:
        Prices, checks and flows of each minute, and what became of each account; amounts in USD.

    Raises:
        ValueError: for a part that there is not, or a day, traders or venue of another type.

    Examples:
        >>> end = run(bad_day(1), crowd(1, 500), without=["insurance fund"])
        >>> abs(float(end.position.sum())) < 1e-6
        True
        >>> end.bad_debt > 0, float(end.fund[-1])
        (True, 0.0)

    Source: the order of steps is ours; each step names its own source.
    """
    named = () if isinstance(without, Collection) and not without else items("without", without, (str,))
    gone = {one_of("without", part, PARTS) for part in named}
    rules = Venue() if venue is None else venue
    instance("day", day, Day)
    instance("traders", traders, Traders)
    instance("venue", rules, Venue)
    penalty, fund = (0.0, 0.0) if "insurance fund" in gone else (rules.penalty, rules.fund)
    mark = float(day.index[0])
    books, monitor = _Books(traders, mark, fund), _Monitor(traders, rules, mark, gone)
    resting = latency.fill_probability(_PLACE, _LEAVING, np.maximum(0.0, _PATIENCE - day.latency))
    closing_fee = resting * rules.maker + (1.0 - resting) * rules.taker
    decay = float(np.exp(-1.0 / rules.recovery))
    usable = _usable(day) | ("feed checks" in gone)

    minutes, accounts = len(day.index), len(traders.sizes)
    outside, premium = np.empty(minutes), np.empty(minutes)
    path: dict[str, Any] = {name: np.zeros(minutes) for name in _PATHS}
    path |= {name: np.zeros(minutes, dtype=np.bool_) for name in ("usable", "warned")}
    liquidated, ruined = np.zeros(accounts, dtype=np.bool_), np.zeros(accounts, dtype=np.bool_)
    shift = pressure = 0.0  # what the venue did to the outside price, and what is left of its own impact; logarithms
    for now in range(minutes):
        # Prices arrive, feeds are judged, the mark is made; funding is settled at it.
        outside[now] = day.index[now] * np.exp(shift)
        own = float(outside[now] * np.exp(pressure))
        feeds, good = outside[now - day.ages[:, now]] * (1.0 + day.errors[:, now]), usable[:, now]
        before, mark = mark, _mark(own, feeds, good, median="median mark" not in gone)
        books.revalue(before, mark)
        premium[now] = own / outside[now] - 1.0
        if now % _SETTLEMENT == _SETTLEMENT - 1:
            mean = funding.mean_premium(premium[now - _SETTLEMENT + 1 : now + 1])
            books.settle(funding.payment(books.sizes, mark, funding.rate(mean)))

        # Who is at or below maintenance, and what the next fall would force.
        sizes, equity = books.sizes[:-1], books.equity(mark)[:-1]
        required = rules.maintenance * np.abs(sizes) * mark
        below = (sizes != 0) & (equity <= required)
        after = equity - rules.window * mark * sizes
        next_down = (sizes > 0) & ~below & (after <= (1.0 - rules.window) * required)
        ratio = float(cascades.branching_ratio(sizes[next_down].sum(), rules.window * own * day.density[now]))
        free, flagged = monitor.step(sizes, equity, mark, ratio, usable=bool(good.any()))

        # Longs add where they may; the others are closed; both trade against the same book.
        bought = monitor.added(sizes, equity, mark, free & ~below)
        who = np.flatnonzero(below)
        sold = _closing(sizes[who], mark, equity[who], rules, penalty, part="partial closing" not in gone)
        net = float(bought.sum() - sold.sum())
        move = float(np.sign(net) * cascades.linear_impact(abs(net), day.density[now] * own))
        fill = own * (float(np.expm1(move)) / move if move else 1.0)  # the average on the way there
        if bought.any():
            books.trade(bought, fill, mark, rules.taker * bought * fill)
        if who.size:
            flow = books.close(who, sold, fill, mark, float(closing_fee[now]), penalty)
            path["deleveraged"][now] = books.cover(flow, mark)
            liquidated[who] = True
            ruined[who[flow < 0]] = True
        shift, pressure = shift + rules.permanent * move, decay * (pressure + (1.0 - rules.permanent) * move)

        for name, value in zip(
            _PATHS,
            (own, mark, good.any(), ratio, monitor.warned, flagged, sold.sum(), books.fund, books.net, books.total),
            strict=False,  # what was taken from winners is there already
        ):
            path[name][now] = value
    evening = books.equity(mark)[:-1]
    return Outcome(outside, **path, liquidated=liquidated, ruined=ruined, equity=evening, flows=books.flows)


_PATHS = (
    *("own", "mark", "usable", "ratio", "warned", "flagged", "forced"),
    *("fund", "position", "cash", "deleveraged"),
)
_MINUTE, _SETTLEMENT = 60.0, 480  # seconds; minutes
_PLACE, _LEAVING, _PATIENCE = 5, 0.5, 20.0  # of a forced order: place in the queue, orders a second, seconds to rest
_CENT = 0.01


def _usable(day: Day) -> npt.NDArray[np.bool_]:
    """Whether each feed may be used for margin, each minute; what it says of its own age is all that gives it away."""
    clock = np.arange(len(day.index))
    state = guardrails.validity(
        day.index[clock - day.ages] * (1.0 + day.errors),
        average=day.index,
        half_width=0.0,
        age_seconds=day.ages * _MINUTE,
        points=guardrails.FeedLimits().points,
    )
    return guardrails.allowed("margin", state)


def _mark(own: float, feeds: FloatArray, good: npt.NDArray[np.bool_], *, median: bool) -> float:
    """The median of book and feeds, what may not be used replaced by the mean of the rest; or the first good feed."""
    if not median:
        return float(feeds[good][0]) if good.any() else own
    rest = (own + feeds[good].sum()) / (1 + good.sum())
    return float(prices.median_mark(own, *np.where(good, feeds, rest)))


def _closing(
    sizes: FloatArray, mark: float, equity: FloatArray, rules: Venue, penalty: float, *, part: bool
) -> FloatArray:
    """Coins to sell, less than 0 to buy: the whole position, or what brings the account back."""
    if not (part and sizes.size):
        return sizes.copy()
    fee = rules.taker + penalty
    coins = bands.close_at(sizes, mark, equity, rules.maintenance, mark, close_fee=fee, multiple=rules.restore)
    return np.asarray(np.sign(sizes) * np.minimum(np.abs(sizes), coins))


class _Monitor:
    """Who may add: rules first, and a model that can only tighten what they say."""

    def __init__(self, traders: Traders, rules: Venue, price: float, gone: Collection[str]) -> None:
        self.rules, self.steps = rules, real("steps", traders.steps)
        self.latch = None if "early warning" in gone else guardrails.Latch(rules.warning, rules.warning / 2, rules.calm)
        self.model = "model" not in gone
        allow, reduce, halt = guardrails.Action.ALLOW, guardrails.Action.REDUCE_ONLY, guardrails.Action.HALT
        # Who may add. Rows: the rules allow it, or not; columns: an account without the model's flag, and with it.
        self.may = guardrails.resolve([[allow], [reduce]], [allow, halt]) < reduce
        self.left = 0  # calm minutes until the early warning is off
        self.held = np.zeros(len(traders.sizes), dtype=np.int64)  # minutes for which the model's flag counts
        self.leverage = np.abs(traders.sizes) * price / np.maximum(traders.deposits, _CENT)
        self.reference = np.full(len(traders.sizes), price)  # where each account added last

    @property
    def warned(self) -> bool:
        return self.left > 0

    def step(
        self, sizes: FloatArray, equity: FloatArray, mark: float, ratio: float, *, usable: bool
    ) -> tuple[npt.NDArray[np.bool_], int]:
        """Whether each account may add, and how many may not because of the model alone."""
        self.left = self.latch.step(self.left, ratio) if self.latch else 0
        if self.model:
            self._watch(sizes, equity, mark)
        unflagged, flagged = self.may[int(self.warned or not usable)]
        free = np.where(self.held > 0, flagged, unflagged)
        return free, int(np.count_nonzero(~free)) if unflagged else 0

    def _watch(self, sizes: FloatArray, equity: FloatArray, mark: float) -> None:
        """The model flags accounts whose leverage has changed far more within the minute than that of the others."""
        was, self.leverage = self.leverage, np.abs(sizes) * mark / np.maximum(equity, _CENT)
        alive = np.flatnonzero((sizes != 0) & (equity > 0))  # none of them was gone before: a closed account stays so
        self.held = np.maximum(self.held - 1, 0)
        if alive.size:
            z = anomalies.robust_z(np.log(self.leverage[alive] / was[alive]))
            self.held[alive[z > self.rules.outlier]] = self.rules.calm

    def added(self, sizes: FloatArray, equity: FloatArray, mark: float, may: npt.NDArray[np.bool_]) -> FloatArray:
        """Coins that longs buy: half of what they have, if the price has moved and initial margin allows it."""
        moved = np.abs(mark / self.reference - 1.0) >= self.steps
        who = np.flatnonzero(moved & may & (sizes > 0))
        coins = 0.5 * sizes[who]
        enough = equity[who] >= self.rules.initial * (sizes[who] + coins) * mark
        who, coins = who[enough], coins[enough]
        bought = np.zeros(len(sizes))
        bought[who] = coins
        self.reference[who] = mark
        return bought


class _Books:
    """Positions and cash of the traders, of a market maker (the last entry), of the fund and of the venue."""

    def __init__(self, traders: Traders, price: float, fund: float) -> None:
        sizes = real("sizes", traders.sizes)
        self.sizes = np.append(sizes, -sizes.sum())
        self.morning = np.append(real("deposits", traders.deposits), 0.0)
        self.money = self.morning - self.sizes * price
        self.fund, self.revenue = fund, 0.0
        self.flows = dict.fromkeys(_SYMBOLS, 0.0) | {"in the morning": float(self.morning.sum())}

    @property
    def net(self) -> float:
        return float(self.sizes.sum())

    @property
    def total(self) -> float:
        return float(self.money.sum()) + self.fund + self.revenue

    def equity(self, mark: float) -> FloatArray:
        return self.money + self.sizes * mark

    def revalue(self, before: float, mark: float) -> None:
        self.flows["move of the mark"] += float(self.sizes[:-1].sum()) * (mark - before)

    def settle(self, payments: FloatArray) -> None:
        self.money += payments
        self.flows["funding"] += float(payments[:-1].sum())

    def trade(self, coins: FloatArray, fill: float, mark: float, fees: FloatArray) -> None:
        self.sizes[:-1] += coins
        self.sizes[-1] -= coins.sum()
        self.money[:-1] -= coins * fill + fees
        self.money[-1] += coins.sum() * fill
        self.revenue += float(fees.sum())
        self.flows["slippage"] -= float(coins.sum()) * (fill - mark)
        self.flows["fees"] -= float(fees.sum())

    def close(
        self, who: npt.NDArray[np.intp], sold: FloatArray, fill: float, mark: float, rate: float, penalty: float
    ) -> FloatArray:
        """What each close brings to the fund, or asks of it where it is below 0."""
        paid = rate * np.abs(sold) * fill
        share = np.abs(sold) / np.abs(self.sizes[who])
        must = liquidation.bankruptcy_value(sold, mark, self.equity(mark)[who], share=share)
        flow = fees.insurance_flow(sold * fill - paid, must, penalty)
        coins, charged = np.zeros(len(self.sizes) - 1), np.zeros(len(self.sizes) - 1)
        coins[who], charged[who] = -sold, paid
        self.trade(coins, fill, mark, charged)
        self.money[who] -= flow
        self.flows["liquidation fees"] -= float(np.maximum(flow, 0.0).sum())
        self.flows["bad debt"] += float(np.maximum(-flow, 0.0).sum())
        return flow

    def cover(self, flow: FloatArray, mark: float) -> float:
        """Pays what closes lack: the fund first, then all who have gained today, in proportion; the latter, USD."""
        self.fund += float(np.maximum(flow, 0.0).sum())
        _, paid, rest = deleveraging.deficit(flow, self.fund)
        self.fund -= paid
        taken = deleveraging.pro_rata(np.maximum(0.0, self.equity(mark) - self.morning), rest)
        self.money -= taken
        self.flows["deleveraging"] -= float(taken[:-1].sum())
        return float(taken.sum())

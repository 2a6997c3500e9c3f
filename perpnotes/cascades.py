"""What spreads: forced selling moves the price that forces the next sale.

A *forced* sale is one that a margin rule makes. Its impact is the price move that selling into the book leaves. The
number that decides between a dip and a cascade is the branching ratio: coins forced by a price move, over coins of book
depth within it. Below one a shock is amplified; at one it runs until the positions or the book end.

Prices in USD per coin, sizes in coins. A *fall* is a loss and so `>= 0`; the book is the bid side and accounts are long
unless a function says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, defined, real, scalar, whole

__all__ = [
    "Book",
    "Cascade",
    "Rounds",
    "branching_ratio",
    "cascade",
    "exponential_depth",
    "exponential_impact",
    "forced",
    "linear_impact",
    "radius",
    "rounds",
    "running_ratio",
    "spread",
    "spread_path",
    "square_root_impact",
    "venue_impact",
]

Impact: TypeAlias = Callable[[FloatArray], FloatArray]


# --- Impact ---


@dataclass(frozen=True, eq=False)
class Book(ByValue):
    """One side of an order book, the best price first.

    Parameters:
        prices: `> 0`, USD per coin, strictly falling (bids) or strictly rising (asks); shape (levels,).
        sizes: coins at each price, `> 0`; shape (levels,).

    Raises:
        ValueError: for prices out of order, or a value outside its range.

    Examples:
        >>> bids = Book([100.0, 99.0, 97.0], [2.0, 3.0, 5.0])
        >>> bids.fill([1.0, 4.0])  # average prices
        array([100. ,  99.5])
        >>> bids.impact([1.0, 2.5, 11.0])  # the last price, against the best
        array([ 0.,  1., inf])
        >>> bids.depth(1.0)
        np.float64(5.0)

    Source: the definition of a limit order book.
    """

    prices: FloatArray
    sizes: FloatArray

    if TYPE_CHECKING:  # lists go in, arrays come out

        def __init__(self, prices: ArrayLike, sizes: ArrayLike) -> None: ...

    def __post_init__(self) -> None:
        prices, sizes = real("prices", self.prices, gt=0, ndim=1), real("sizes", self.sizes, gt=0, ndim=1)
        if prices.shape != sizes.shape:
            raise ValueError(f"sizes must have one entry per price, {len(prices)}, got {len(sizes)}")
        steps = np.diff(prices)
        if not ((steps < 0).all() or (steps > 0).all()):
            raise ValueError("prices must be strictly falling or strictly rising, the best first")
        object.__setattr__(self, "prices", prices)
        object.__setattr__(self, "sizes", sizes)
        freeze(self)

    @overload
    def fill(self, quantity: float) -> float: ...
    @overload
    def fill(self, quantity: ArrayLike) -> FloatArray: ...
    def fill(self, quantity: ArrayLike) -> Floats:
        """Average price of an order that walks the book, USD per coin.

        Parameters:
            quantity: coins, `> 0` and at most all that the book holds; any shape.

        Raises:
            ValueError: for a quantity that the book does not hold.
        """
        total = np.concatenate([[0.0], np.cumsum(self.sizes)])
        quantity = real("quantity", quantity, gt=0, le=total[-1])
        paid = np.concatenate([[0.0], np.cumsum(self.sizes * self.prices)])
        return np.asarray(np.interp(quantity, total, paid) / quantity)[()]

    @overload
    def impact(self, quantity: float) -> float: ...
    @overload
    def impact(self, quantity: ArrayLike) -> FloatArray: ...
    def impact(self, quantity: ArrayLike) -> Floats:
        """How far the last coin is filled from the best price, USD; infinite for more than the book holds.

        Parameters:
            quantity: coins, `>= 0`; any shape.

        Raises:
            ValueError: for a value outside its range.
        """
        quantity = real("quantity", quantity, ge=0)
        moves = np.concatenate([np.abs(self.prices - self.prices[0]), [np.inf]])
        return np.asarray(moves[np.searchsorted(np.cumsum(self.sizes), quantity)])[()]

    @overload
    def depth(self, distance: float) -> float: ...
    @overload
    def depth(self, distance: ArrayLike) -> FloatArray: ...
    def depth(self, distance: ArrayLike) -> Floats:
        """Coins within a distance of the best price.

        Parameters:
            distance: `>= 0`, USD; any shape.

        Returns:
            Coins, `>= 0`, the shape of `distance`.

        Raises:
            ValueError: for a value outside its range.
        """
        total = np.concatenate([[0.0], np.cumsum(self.sizes)])
        found = np.searchsorted(np.abs(self.prices - self.prices[0]), real("distance", distance, ge=0), side="right")
        return np.asarray(total[found])[()]

    def refilled(self, share: float) -> Book:
        """The book as forced sales meet it when new bids replace a part of every fill before the next sale.

        Of each coin sold, `share` comes back at the price where it was. So a quantity goes as far as the rest of it
        would alone: every size counts `1 / (1 - share)` times.

        Parameters:
            share: in `[0, 1)`.

        Returns:
            A book at the same prices, with sizes that are larger in that proportion.

        Raises:
            ValueError: for a value outside its range.

        Examples:
            >>> Book([100.0, 99.0], [2.0, 3.0]).refilled(0.5).sizes
            array([4., 6.])
        """
        return Book(self.prices, self.sizes / (1.0 - scalar("share", share, ge=0, lt=1)))


@overload
def linear_impact(quantity: float, density: float) -> float: ...
@overload
def linear_impact(quantity: ArrayLike, density: ArrayLike) -> FloatArray: ...
def linear_impact(quantity: ArrayLike, density: ArrayLike) -> Floats:
    """Move of the price when the book is evenly filled: `quantity / density`, USD. The average fill is half of it away.

    Parameters:
        quantity: coins, `>= 0`.
        density: coins per USD of price, `> 0`; shapes broadcast.

    Returns:
        USD, `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> linear_impact([10.0, 20.0], 5.0)
        array([2., 4.])

    Source: the definition; Kyle (1985), doi 10.2307/1913210, derives it.
    """
    coins, even = real("quantity", quantity, ge=0), real("density", density, gt=0)
    broadcast(quantity=coins, density=even)
    return np.asarray(coins / even)[()]


@overload
def exponential_impact(quantity: float, total: float, scale: float) -> float: ...
@overload
def exponential_impact(quantity: ArrayLike, total: ArrayLike, scale: ArrayLike) -> FloatArray: ...
def exponential_impact(quantity: ArrayLike, total: ArrayLike, scale: ArrayLike) -> Floats:
    """Move of the price when depth thins out with distance: `-λ log(1 - Q / D_0)`, USD.

    Parameters:
        quantity: `Q`, coins, `>= 0`; all of the book and more have infinite impact.
        total: `D_0`, coins in the whole book, `> 0`.
        scale: `λ`, USD of distance at which depth per USD has fallen by the factor e, `> 0`; shapes broadcast.

    Returns:
        USD, `>= 0`, the broadcast shape; infinite for all of the book and more.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> exponential_impact([10.0, 90.0, 100.0], 100.0, 50.0).round(2)
        array([  5.27, 115.13,    inf])

    Source: the inverse of `exponential_depth`.
    """
    coins, whole_book, unit = real("quantity", quantity, ge=0), real("total", total, gt=0), real("scale", scale, gt=0)
    broadcast(quantity=coins, total=whole_book, scale=unit)
    with np.errstate(divide="ignore"):
        return np.asarray(-unit * np.log1p(-np.minimum(coins / whole_book, 1.0))) + 0.0


@overload
def exponential_depth(distance: float, total: float, scale: float) -> float: ...
@overload
def exponential_depth(distance: ArrayLike, total: ArrayLike, scale: ArrayLike) -> FloatArray: ...
def exponential_depth(distance: ArrayLike, total: ArrayLike, scale: ArrayLike) -> Floats:
    """Coins within a distance when depth thins out with it: `D_0 (1 - e^(-x / λ))`.

    Parameters:
        distance: `x`, `>= 0`, USD from the best price.
        total: `D_0`, coins in the whole book, `> 0`.
        scale: `λ`, `> 0`, USD; shapes broadcast.

    Returns:
        Coins, from 0 to `total`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> exponential_depth([0.0, 50.0], 100.0, 50.0).round(2)
        array([ 0.  , 63.21])

    Source: after Cont and Schaanning (2017), doi 10.2139/ssrn.2541114, whose impact has this form.
    """
    x, whole_book, unit = real("distance", distance, ge=0), real("total", total, gt=0), real("scale", scale, gt=0)
    broadcast(distance=x, total=whole_book, scale=unit)
    return np.asarray(-whole_book * np.expm1(-x / unit))[()]


@overload
def square_root_impact(quantity: float, volume: float, volatility: float, *, coefficient: float = ...) -> float: ...
@overload
def square_root_impact(
    quantity: ArrayLike, volume: ArrayLike, volatility: ArrayLike, *, coefficient: float = ...
) -> FloatArray: ...
def square_root_impact(
    quantity: ArrayLike, volume: ArrayLike, volatility: ArrayLike, *, coefficient: float = 1.0
) -> Floats:
    """Relative move of the price after an order worked over hours: `Y σ √(Q / V)`.

    The law is about orders that are split and worked. A liquidation is one aggressive order in seconds: walk the book
    for it, and take this as the limit of a venue that can wait.

    Parameters:
        quantity: `Q`, coins, `>= 0`.
        volume: `V`, coins traded in a day, `> 0`.
        volatility: `σ`, of a day, as a fraction, `>= 0`; shapes broadcast.
        coefficient: `Y`, of order one, `> 0`.

    Returns:
        A fraction of the price, `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> one_percent_of_a_day = square_root_impact(1.0, 100.0, 0.03)
        >>> float(one_percent_of_a_day.round(6))
        0.003

    Source: Sato and Kanazawa (2024), arXiv 2411.13965, measure the exponent; Donier and Bonart (2015) for Bitcoin.
    """
    coins, traded = real("quantity", quantity, ge=0), real("volume", volume, gt=0)
    sigma, y = real("volatility", volatility, ge=0), scalar("coefficient", coefficient, gt=0)
    broadcast(quantity=coins, volume=traded, volatility=sigma)
    return defined(y * sigma * np.sqrt(coins / traded), "quantity", "volume", "volatility", "coefficient")


@overload
def branching_ratio(forced: float, depth: float) -> float: ...
@overload
def branching_ratio(forced: ArrayLike, depth: ArrayLike) -> FloatArray: ...
def branching_ratio(forced: ArrayLike, depth: ArrayLike) -> Floats:
    """Coins forced to be sold by a price move, over coins of book depth within the same move.

    The ratio `n` is `forced / depth`: each coin that is sold forces `n` more. An even crowd below an even book falls by
    `d / (1 - n)` after a shock `d`.

    Parameters:
        forced: coins that a fall through the window forces, `>= 0`.
        depth: coins of bids in the same window, `> 0`; shapes broadcast.

    Returns:
        `>= 0`, the broadcast shape: below 1 a fall ends by itself, at 1 and above it runs.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> branching_ratio([60.0, 120.0], 100.0)
        array([0.6, 1.2])

    Source: the mean offspring of a branching process; models of cascades as `1 / (1 - n)` after Hawkes (1971).
    """
    coins, bids = real("forced", forced, ge=0), real("depth", depth, gt=0)
    broadcast(forced=coins, depth=bids)
    return np.asarray(coins / bids)[()]


# --- One asset ---


def running_ratio(
    price: float, shock: float, levels: ArrayLike, sizes: ArrayLike, depth: Impact, distances: ArrayLike
) -> FloatArray:
    """Coins forced by a fall so far, over coins bid on the way: `C(d + x) / D(x)`. A fall stops where it is 1 or less.

    `C` counts the crowd down to the shocked price less `x`, `D` the book from the shocked price down to there. A
    cascade passes `x` where the ratio is above 1 at every distance up to `x`: the branching ratio, summed on the way.

    Parameters:
        price: before the shock, `> 0`, USD per coin.
        shock: the fall that begins it, `d`, `>= 0`, USD.
        levels: liquidation prices of the longs, `>= 0`, at or below `price`; shape (accounts,).
        sizes: coins of each, `>= 0`; shape (accounts,).
        depth: coins within a distance (an array) of the best bid, such as `Book.depth`.
        distances: `x`, below the shocked price, `>= 0`, USD; shape (n,).

    Returns:
        Shape (n,); infinite where nothing is bid and something is forced, 0 where neither.

    Raises:
        ValueError: for a value outside its range, or a depth that is not a number per distance.

    Examples:
        >>> levels, sizes = [95.0, 94.0, 90.0], [2.0, 1.0, 1.0]
        >>> distances, depth = [0.5, 2.0, 4.0], lambda x: 1.0 * x
        >>> running_ratio(100.0, 5.0, levels, sizes, depth, distances)
        array([4.  , 1.5 , 0.75])

    Source: the least fixed point that `cascade` finds, read as a crossing of two curves.
    """
    start, fall = scalar("price", price, gt=0), scalar("shock", shock, ge=0)
    level, size = real("levels", levels, ge=0, le=start, ndim=1), real("sizes", sizes, ge=0, ndim=1)
    far = real("distances", distances, ge=0, ndim=1)
    if level.shape != size.shape:
        raise ValueError(f"sizes must have one entry per level, {len(level)}, got {len(size)}")
    if not callable(depth):
        raise ValueError(f"depth must be a function of distances, such as Book.depth, got a {type(depth).__name__}")
    order = np.argsort(-level, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(size[order])])
    crowd = total[np.searchsorted(-level[order], far + fall - start, side="right")]
    bids = np.asarray(depth(far))
    if bids.shape != far.shape or not (bids >= 0).all():
        raise ValueError("depth must be at least 0, and give one number per distance")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(crowd > 0, crowd / bids, 0.0)


@dataclass(frozen=True, eq=False)
class Cascade(ByValue):
    """Where falls end, one entry per shock. Made by `cascade`.

    Parameters:
        price: before the shock, USD per coin.
        shocks: the falls that begin it, USD.
        direct: accounts that the shock alone liquidates.
        accounts: accounts liquidated in the end.
        coins: coins that they are forced to sell.
        impact: the further fall that this causes, USD; infinite where the book is empty.
    """

    price: float
    shocks: FloatArray
    direct: npt.NDArray[np.intp]
    accounts: npt.NDArray[np.intp]
    coins: FloatArray
    impact: FloatArray

    @property
    def end(self) -> FloatArray:
        """The price at the end, USD per coin; 0 where no bid is left."""
        return np.maximum(0.0, self.price - self.shocks - self.impact)

    @property
    def amplification(self) -> FloatArray:
        """Whole fall over the shock; 1 where the shock is 0 and nothing follows."""
        fall = self.shocks + self.impact
        return np.divide(fall, self.shocks, out=np.where(fall > 0, np.inf, 1.0), where=self.shocks > 0)

    def why(self, index: int = 0) -> Derivation:
        """The terms of one of the falls.

        Parameters:
            index: of the shock, from 0.

        Raises:
            ValueError: for a shock that there is not.
        """
        at = whole("index", index, ge=0, le=self.shocks.size - 1)
        shock, impact = float(self.shocks[at]), float(self.impact[at])
        return Derivation(
            (
                Term("p_0", "price before", self.price, "USD"),
                Term("d", "shock", shock, "USD"),
                Term("k_0", "accounts that the shock alone liquidates", int(self.direct[at])),
                Term("k", "accounts liquidated in the end", int(self.accounts[at])),
                Term("Q", "coins forced", float(self.coins[at]), "coins", r"\sum_j z_j"),
                Term("I", "impact of selling them", impact, "USD", "I(Q)"),
                Term("A", "amplification", float(self.amplification[at]), "", "(d + I) / d"),
                Term("p", "price at the end", float(self.end[at]), "USD", r"\max(0, p_0 - d - I)"),
            )
        )


def cascade(price: float, shocks: ArrayLike, levels: ArrayLike, sizes: ArrayLike, impact: Impact) -> Cascade:
    """The exact end of every fall: account `k` goes if `p_0 - d - I(z_1 + … + z_(k-1)) <= P_k`, highest level first.

    `p_0` is the price before, `d` the shock, `I` the impact, `z_k` the size and `P_k` the level of account `k`. A lower
    price can only force more sales, so the smallest set that is consistent with its own impact exists, and waiting
    between the sales does not change it. A running minimum finds it for all shocks at once.

    Parameters:
        price: before the shock, `> 0`, USD per coin.
        shocks: `>= 0`, USD; shape (shocks,) or one number.
        levels: liquidation price of each account's long, `>= 0`, at or below `price`; shape (accounts,).
        sizes: coins of each, `>= 0`; shape (accounts,).
        impact: USD by which selling a number of coins (an array) lowers the price; not falling in it, 0 at 0, may be
            infinite: such as `Book.impact`.

    Returns:
        For each shock the accounts that go, the coins forced and the further fall in USD, which is infinite where they
        empty the book.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> levels, sizes = [95.0, 94.0, 90.0], [1.0, 1.0, 1.0]
        >>> impact = lambda quantity: linear_impact(quantity, 1.0)
        >>> print(cascade(100.0, 5.0, levels, sizes, impact).why())
        price before                    100.00 USD     p_0
        shock                             5.00 USD     d
        accounts that the shock alone     1            k_0
          liquidates
        accounts liquidated in the end    2            k
        coins forced                      2.00 coins   Q = Σ_j z_j
        impact of selling them            2.00 USD     I = I(Q)
        amplification                     1.4          A = (d + I) / d
        price at the end                 93.00 USD     p = max(0, p_0 - d - I)

    Source: the least fixed point of a monotone map (Tarski 1955); the running minimum is ours.
    """
    start = scalar("price", price, gt=0)
    falls = np.atleast_1d(real("shocks", shocks, ge=0))
    level, size = real("levels", levels, ge=0, le=start, ndim=1), real("sizes", sizes, ge=0, ndim=1)
    if falls.ndim != 1:
        raise ValueError(f"shocks must have 1 dimension, got shape {falls.shape}")
    if level.shape != size.shape:
        raise ValueError(f"sizes must have one entry per level, {len(level)}, got {len(size)}")
    if not callable(impact):
        raise ValueError(f"impact must be a function of coins, such as Book.impact, got a {type(impact).__name__}")
    order = np.argsort(-level)
    if (np.diff(level[order]) == 0).any():  # only then the stable order is another, and it takes several times as long
        order = np.argsort(-level, kind="stable")
    level, sold = level[order], np.concatenate([[0.0], np.cumsum(size[order])])
    moves = np.asarray(impact(sold))
    if moves.shape != sold.shape or not (moves[0] == 0 and (moves[1:] >= moves[:-1]).all()):
        raise ValueError("impact must be 0 at 0 and not fall, and give one number per quantity")
    reach = np.minimum.accumulate(level + moves[:-1])  # the price from which on the first k accounts all go
    shocked = start - falls
    accounts = np.searchsorted(-reach, -shocked, side="right")
    direct = np.searchsorted(-level, -shocked, side="right")
    return Cascade(start, falls, direct, accounts, sold[accounts], moves[accounts])


# --- Longs and shorts ---


@dataclass(frozen=True, eq=False)
class Rounds(ByValue):
    """A cascade of longs and shorts, round by round. Made by `rounds`.

    Parameters:
        moves: of the prices since before the shock, after it and after each round of forced orders; a fall is below 0;
            USD per coin, shape (rounds + 1, assets).
        closed: which accounts were closed; shape (accounts,).
    """

    moves: FloatArray
    closed: npt.NDArray[np.bool_]


def rounds(positions: ArrayLike, buffers: ArrayLike, shock: ArrayLike, density: ArrayLike) -> Rounds:
    """Rounds in which all accounts without a buffer are closed at once, and prices then follow the net orders.

    Where accounts are long one thing and short another, what one is forced to buy can save the next, who might have
    saved the first: there is no smallest set, and who is closed depends on the order. So the algorithm is the
    definition: rounds, all at once, linear impact, and nobody comes back. It ends after at most as many rounds as there
    are accounts. With longs alone in one asset it ends where `cascade` ends.

    Parameters:
        positions: coins, above 0 long and below 0 short; shape (accounts, assets).
        buffers: equity above maintenance of each account, `> 0`, USD; shape (accounts,). Maintenance is held fixed.
        shock: fall of each price that begins it, USD; below 0 is a rise; shape (assets,).
        density: coins per USD of price in the book of each asset, `> 0`; shape (assets,).

    Returns:
        The moves of the prices since before the shock, USD per coin and `< 0` for a fall, one row a round, and which
        accounts were closed.

    Raises:
        ValueError: for a value outside its range, or shapes that do not fit.

    Examples:
        >>> found = rounds([[1.0], [1.0]], [5.0, 6.0], [5.0], [1.0])
        >>> found.moves.ravel().tolist(), found.closed.tolist()
        ([-5.0, -6.0, -7.0], [True, True])

        Two pairs are closed at once. Had either gone first, the other would have lost 4 of its 5:

        >>> import numpy as np
        >>> pairs = np.array([[2.0, -1.0], [0.0, 1.0]])
        >>> rounds(pairs, [5.0, 5.0], [5.0, 5.0], [1.0, 1.0]).closed.tolist()
        [True, True]
        >>> [float(one @ (5.0 + other)) for one, other in (pairs, pairs[::-1])]
        [4.0, 4.0]

    Source: the definition.
    """
    held, room = real("positions", positions, ndim=2), real("buffers", buffers, gt=0, ndim=1)
    falls, depth = real("shock", shock, ndim=1), real("density", density, gt=0, ndim=1)
    if held.shape != (len(room), len(falls)) or falls.shape != depth.shape:
        raise ValueError(
            f"positions must have shape ({len(room)}, {len(falls)}), and density one entry per shock, "
            f"got {held.shape} and {depth.shape}"
        )
    moves, closed = [-falls], np.zeros(len(room), dtype=bool)
    while True:
        hit = ~closed & (held @ moves[-1] <= -room)
        if not hit.any():
            return Rounds(np.array(moves), closed)
        closed |= hit
        moves.append(-falls - held[closed].sum(axis=0) / depth)


# --- Several assets and venues ---


def forced(positions: ArrayLike, buffers: ArrayLike, window: ArrayLike) -> FloatArray:
    """Coins of each asset forced to be sold per USD that another falls: `L_ab = Σ_i q_ia [q_ib h_b >= B_i] / h_b`.

    Account `i` holds `q_ia` coins of asset `a`, has the buffer `B_i` and counts where a fall of `b` through the window
    `h_b` takes all of it. A cross account that holds two assets is forced to sell both when either falls: those are the
    entries off the diagonal. An isolated account is a row with one asset.

    Parameters:
        positions: coins, `>= 0`; shape (accounts, assets).
        buffers: equity above maintenance of each account, `> 0`, USD; shape (accounts,).
        window: `h`, the fall of each asset over which accounts are counted, `> 0`, USD per coin; shape (assets,).

    Returns:
        Of shape `(assets, assets)`: of the asset in the row, per USD of the asset in the column.

    Raises:
        ValueError: for a value outside its range, or shapes that do not fit.

    Examples:
        >>> forced([[1.0, 10.0], [2.0, 0.0]], [100.0, 300.0], [200.0, 10.0])
        array([[0.015, 0.1  ],
               [0.05 , 1.   ]])

    Source: the definition, as a difference over a window instead of a derivative.
    """
    held, room = real("positions", positions, ge=0, ndim=2), real("buffers", buffers, gt=0, ndim=1)
    step = real("window", window, gt=0, ndim=1)
    if held.shape != (len(room), len(step)):
        raise ValueError(f"positions must have shape ({len(room)}, {len(step)}), got {held.shape}")
    gone = held * step >= room[:, None]
    return np.asarray(held.T @ gone / step)


def venue_impact(density: ArrayLike, shared: float) -> FloatArray:
    """Fall of the price on each venue per coin sold on another: `K = (1 - s) diag(1 / D) + s / (D_1 + … + D_n)`.

    `D` is the density and `s` the part shared. Arbitrage spreads a sale over all books. What it does not manage before
    the next forced sale, `1 - s`, stays where the sale was made.

    Parameters:
        density: coins per USD of price on each venue, `> 0`; shape (venues,).
        shared: `s`, the part that arbitrage spreads within a round of forced sales, in `[0, 1]`.

    Returns:
        Of shape `(venues, venues)`, USD per coin: of the venue in the row, per coin sold on the venue in the column.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> venue_impact([10.0, 40.0], 0.5)
        array([[0.06 , 0.01 ],
               [0.01 , 0.0225]])

    Source: two limits, separate books and one book, and the straight line between them.
    """
    depth, s = real("density", density, gt=0, ndim=1), scalar("shared", shared, ge=0, le=1)
    return np.asarray((1.0 - s) * np.diag(1.0 / depth) + s / depth.sum())


def radius(graph: ArrayLike) -> tuple[float, FloatArray, FloatArray]:
    """The branching ratio of a graph: the spectral radius of `G`, the mode that runs, and who feeds it.

    Parameters:
        graph: `G_ab`, the further fall of `a` that a fall of `b` forces, `>= 0`; shape (n, n). Books and accounts make
            it: `K @ L`, impact times forced coins.

    Returns:
        The radius; the mode `v` with `G v = r v`: how the nodes fall together; the importance `w` with `w G = r w`: how
        much a fall of each node adds to it. Both `>= 0`, and add up to 1.

    Raises:
        ValueError: for a graph that is not square or has an entry below 0.

    Examples:
        >>> r, mode, importance = radius([[0.3, 0.2], [0.1, 0.4]])
        >>> round(r, 12), mode.round(3).tolist(), importance.round(3).tolist()
        (0.5, [0.5, 0.5], [0.333, 0.667])

    Source: Perron (1907), Frobenius (1912).
    """
    matrix = _square(graph)
    found = []
    for side in (matrix, matrix.T):
        values, vectors = np.linalg.eig(side)
        first = np.argmax(values.real)
        vector = np.abs(vectors[:, first].real)
        found.append((max(0.0, float(values[first].real)), vector / vector.sum()))
    return found[0][0], found[0][1], found[1][1]


def spread(graph: ArrayLike, shock: ArrayLike) -> FloatArray:
    """The whole fall of each node after a shock: `x = d + G x`, so `x = (I - G)^(-1) d`.

    `G` is the graph, `d` the shock, `x` the fall in the end and `I` the identity.

    Parameters:
        graph: as in `radius`; shape (n, n).
        shock: the falls that begin it, `>= 0`; shape (..., n).

    Returns:
        Falls, in the units of the shock; its shape.

    Raises:
        ValueError: for a radius of 1 or more, where only the end of positions or books stops the fall; a shock that
            does not fit; or a value outside its range.

    Examples:
        >>> spread([[0.3, 0.2], [0.1, 0.4]], [1.0, 1.0]).round(12)
        array([2., 2.])

    Source: Leontief's inverse (1941); the geometric series of the rounds.
    """
    matrix = _square(graph)
    falls = real("shock", shock, ge=0)
    if falls.shape[-1:] != matrix.shape[:1]:
        raise ValueError(f"shock must have {len(matrix)} entries, got shape {falls.shape}")
    if (size := radius(matrix)[0]) >= 1.0 - 1e-12:
        raise ValueError(f"graph must have a radius below 1, or the fall has no end; got {size:g}")
    return np.asarray(np.linalg.solve(np.eye(len(matrix)) - matrix, falls[..., None])[..., 0])


def spread_path(graph: ArrayLike, shock: ArrayLike, delays: ArrayLike, steps: int) -> FloatArray:
    """The fall of each node over time: `x_a(t) = d_a + Σ_b G_ab x_b(t - τ_ab)`.

    `x_a(t)` is the fall of the node `a` by the time `t`, `d_a` the shock to it and `G_ab` the graph.

    Parameters:
        graph: as in `radius`; shape (n, n). Its radius may be 1 or more.
        shock: the falls at time 0, `>= 0`; shape (n,).
        delays: `τ_ab`, whole steps from a fall of `b` to the sale that it forces in `a`, `>= 1`; shape (n, n) or one.
        steps: how many, `>= 1`.

    Returns:
        Shape (steps + 1, n); the first row is the shock.

    Raises:
        ValueError: for a value outside its range, or shapes that do not fit.

    Examples:
        >>> spread_path([[0.5]], [1.0], 2, 6)[:, 0].tolist()
        [1.0, 1.0, 1.5, 1.5, 1.75, 1.75, 1.875]

    Source: the definition.
    """
    matrix, falls = _square(graph), real("shock", shock, ge=0, ndim=1)
    if falls.shape != matrix.shape[:1]:
        raise ValueError(f"shock must have {len(matrix)} entries, got shape {falls.shape}")
    late = real("delays", delays, ge=1)
    if late.shape not in {(), matrix.shape} or (late != np.floor(late)).any():
        raise ValueError(f"delays must be whole numbers, one or of shape {matrix.shape}, got shape {late.shape}")
    path = np.zeros((whole("steps", steps, ge=1) + 1, len(matrix)))
    # a delay beyond the last step is never over, and may be more than an integer holds
    lag = np.broadcast_to(np.minimum(late, len(path)).astype(np.int64), matrix.shape)
    path[0] = falls
    nodes = np.arange(len(matrix))
    for step in range(1, len(path)):
        seen = np.where(step >= lag, path[np.maximum(step - lag, 0), nodes], 0.0)
        path[step] = falls + (matrix * seen).sum(axis=1)
    return path


def _square(graph: Any) -> FloatArray:
    matrix = real("graph", graph, ge=0, ndim=2)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"graph must be square, got shape {matrix.shape}")
    return matrix

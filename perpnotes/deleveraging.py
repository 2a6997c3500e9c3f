"""Who pays last: what bankrupt accounts leave, what the fund pays of it, and how the rest is taken from the others.

Two families of rules are kept apart. A venue closes *positions*: accounts are put in an order, their positions are
closed at one price, and each keeps what the position has gained up to that price. The literature cuts *profits*: it
takes dollars, and the positions stay. The rules that allocate are the same for both: `claims` are coins of positions in
the first, dollars of profit in the second, and `amount` is what must be closed, or raised.

Prices in USD per coin, sizes in coins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, defined, real, scalar, whole

__all__ = [
    "Closed",
    "capped",
    "close",
    "deficit",
    "effective_leverage",
    "margin_score",
    "place",
    "price_score",
    "pro_rata",
    "queue",
    "return_score",
    "socialized",
    "walk",
    "withdrawal_cut",
]


# --- What is missing ---


def deficit(equities: ArrayLike, fund: float = 0.0) -> tuple[float, float, float]:
    """What bankrupt accounts leave, what the insurance fund pays of it, what remains: `D`, `min(F, D)`, `(D - F)^+`.

    Parameters:
        equities: of the accounts after they were closed, USD; any shape. `D` is the sum of those below 0.
        fund: `F`, insurance fund, `>= 0`, USD.

    Returns:
        The three amounts in this order, USD, each `>= 0`; the last two add up to the first.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> deficit([10.0, 5.0, 1.0, -3.0, -12.0], fund=5.0)
        (15.0, 5.0, 10.0)

    Source: Chitra (2025), arXiv 2512.01112.
    """
    missing = float(np.maximum(0.0, -real("equities", equities)).sum())
    paid = min(scalar("fund", fund, ge=0), missing)
    return missing, paid, missing - paid


# --- Who comes first ---


@overload
def effective_leverage(mark_value: float, bankruptcy_value: float) -> float: ...
@overload
def effective_leverage(mark_value: ArrayLike, bankruptcy_value: ArrayLike) -> FloatArray: ...
def effective_leverage(mark_value: ArrayLike, bankruptcy_value: ArrayLike) -> Floats:
    """Value of a position over what stands between it and bankruptcy: `|V_m| / (V_m - V_b)`.

    For a position with an equity of its own, this is notional over equity.

    Parameters:
        mark_value: `V_m`, the position at the mark price, signed: `> 0` for a linear long, `< 0` for a linear short;
            of an inverse contract `-size / price`, in coins.
        bankruptcy_value: `V_b`, the same at its bankruptcy price, `< V_m`; shapes broadcast.

    Returns:
        A multiple, `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a position at or beyond its bankruptcy price, or a value that is not finite.

    Examples:
        >>> effective_leverage(100.0, 95.0)  # a long with 5 behind it
        np.float64(20.0)
        >>> effective_leverage(-100.0, -110.0)  # a short with 10
        np.float64(10.0)

    Source: BitMEX, What is Auto-Deleveraging.
    """
    at_mark, at_end = real("mark_value", mark_value), real("bankruptcy_value", bankruptcy_value)
    broadcast(mark_value=at_mark, bankruptcy_value=at_end)
    if (at_end >= at_mark).any():
        raise ValueError("bankruptcy_value must be below mark_value: such a position is bankrupt, and closed itself")
    return np.asarray(np.abs(at_mark) / (at_mark - at_end))[()]


@overload
def return_score(gain: float, leverage: float) -> float: ...
@overload
def return_score(gain: ArrayLike, leverage: ArrayLike) -> FloatArray: ...
def return_score(gain: ArrayLike, leverage: ArrayLike) -> Floats:
    """Place in the queue by leveraged return: `r l` for a position that has gained, `r / l` for one that has lost.

    Parameters:
        gain: `r`, unrealized profit as a fraction of the value at entry: `(V_m - V_e) / |V_e|`, with the value `V_m` at
            the mark and `V_e` at the entry.
        leverage: `l`, `> 0`, such as `effective_leverage` or one over the margin ratio; shapes broadcast.

    Returns:
        The higher, the sooner a position is closed.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> return_score([0.10, 0.05, -0.10], [4.0, 10.0, 5.0])
        array([ 0.4 ,  0.5 , -0.02])

    Source: BitMEX; Bybit and OKX rank by the same product.
    """
    r, size = real("gain", gain), real("leverage", leverage, gt=0)
    broadcast(gain=r, leverage=size)
    return np.asarray(np.where(r > 0, r * size, r / size))[()]


@overload
def price_score(entry: float, mark: float, leverage: float) -> float: ...
@overload
def price_score(entry: ArrayLike, mark: ArrayLike, leverage: ArrayLike) -> FloatArray: ...
def price_score(entry: ArrayLike, mark: ArrayLike, leverage: ArrayLike) -> Floats:
    """Place in the queue by the ratio of prices and leverage: `p_m / p_e l`.

    As printed, the ratio of a short falls as it gains: of two shorts with the same leverage the one that has gained
    less is closed first. The page does not say whether a short uses the inverse.

    Parameters:
        entry: `p_e`, average entry price, `> 0`, USD per coin.
        mark: `p_m`, `> 0`, USD per coin.
        leverage: `l`, notional of the position over the value of the account, `> 0`; shapes broadcast.

    Returns:
        The higher, the sooner a position is closed.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> price_score([50.0, 50.0], 55.0, [2.0, 4.0])
        array([2.2, 4.4])

    Source: Hyperliquid, Auto-deleveraging.
    """
    start, now = real("entry", entry, gt=0), real("mark", mark, gt=0)
    size = real("leverage", leverage, gt=0)
    broadcast(entry=start, mark=now, leverage=size)
    return np.asarray(now / start * size)[()]


@overload
def margin_score(profit: float, wallet: float, maintenance: float) -> float: ...
@overload
def margin_score(profit: ArrayLike, wallet: ArrayLike, maintenance: ArrayLike) -> FloatArray: ...
def margin_score(profit: ArrayLike, wallet: ArrayLike, maintenance: ArrayLike) -> Floats:
    """Place in the queue by profit over wallet, times the margin ratio: `U^+ / max(1, W) M / (W + U)`.

    Parameters:
        profit: `U`, unrealized, USD; `U^+` is 0 for a loss.
        wallet: `W`, balance without it, `>= 0`, USD; below one dollar it counts as one in the first factor.
        maintenance: `M`, maintenance margin, `>= 0`, USD; shapes broadcast.

    Returns:
        The higher, the sooner a position is closed; 0 where nothing is left or nothing was gained.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> margin_score([40.2, -1.0], 4.27, 6.0).round(3)
        array([1.27, 0.  ])

    Source: Binance, What Is Auto-Deleveraging (ADL) and How Does It Work.
    """
    gained, cash = real("profit", profit), real("wallet", wallet, ge=0)
    least = real("maintenance", maintenance, ge=0)
    broadcast(profit=gained, wallet=cash, maintenance=least)
    equity = cash + gained
    won = np.maximum(0.0, gained)
    part = np.divide(won, equity, out=np.zeros(equity.shape), where=equity > 0)
    return np.asarray(part * (least / np.maximum(1.0, cash)))[()]


# --- What each gives ---


def queue(claims: ArrayLike, amount: float, scores: ArrayLike) -> FloatArray:
    """By rank: the highest score gives all of its claim first, then the next.

    Parameters:
        claims: what may be taken from each, `>= 0`: coins of a position, or USD of profit; shape (accounts,).
        amount: what must be taken, `>= 0`, in the same unit.
        scores: of any size; equal scores go in the order given; shape (accounts,).

    Returns:
        Taken from each, in the unit of the claims; shape (accounts,).

    Raises:
        ValueError: as `pro_rata`.

    Examples:
        >>> claims = [10.0, 10.0, 20.0, 30.0, 20.0, 10.0]
        >>> queue(claims, 20.0, scores=[3, 6, 1, 4, 5, 2])
        array([ 0., 10.,  0.,  0., 10.,  0.])

    Source: BitMEX, Auto-Deleveraging Further Information (the example); of profits: Chitra (2025), arXiv 2512.01112.
    """
    claim, order = _ranked(claims, scores)
    return _in_order(claim, _claims(claims, amount)[1], order)


def place(claims: ArrayLike, scores: ArrayLike) -> FloatArray:
    """Place in the queue: the part of all claims that is taken by the time an account has given all of its own.

    Venues show it in fifths, as lights.

    Parameters:
        claims: coins of the positions on one side, `>= 0`, not all 0; shape (accounts,).
        scores: as in `queue`; shape (accounts,).

    Returns:
        In `[0, 1]`, small for who comes first; shape (accounts,).

    Raises:
        ValueError: for a value outside its range, or shapes that differ.

    Examples:
        >>> claims = [10.0, 10.0, 20.0, 30.0, 20.0, 10.0]
        >>> place(claims, scores=[3, 6, 1, 4, 5, 2])
        array([0.7, 0.1, 1. , 0.6, 0.3, 0.8])

    Source: BitMEX, Auto-Deleveraging Further Information, which rounds it up to a fifth.
    """
    claim, order = _ranked(claims, scores)
    if not claim.any():
        raise ValueError("claims must not all be 0")
    reached = np.empty_like(claim)
    reached[order] = np.cumsum(claim[order])
    return defined(reached / claim.sum(), "claims")


def walk(claims: ArrayLike, amount: float, start: int) -> FloatArray:
    """Without a rank: the accounts in their order from one of them on, and from the last to the first.

    The mean over all starts is what each account gives on average where the start is drawn.

    Parameters:
        claims: as in `queue`; shape (accounts,).
        amount: what must be taken, `>= 0`.
        start: the account that comes first, from 0.

    Returns:
        Taken from each, in the unit of the claims; shape (accounts,).

    Raises:
        ValueError: as `pro_rata`, or for a start that is no account.

    Examples:
        >>> walk([4.0, 6.0, 2.0], 7.0, start=1)
        array([0., 6., 1.])

    Source: dYdX v4, deleveraging: the start is drawn in each block. It also passes over accounts that the price would
    leave bankrupt; give those a claim of 0.
    """
    claim, budget = _claims(claims, amount)
    first = whole("start", start, ge=0, le=len(claim) - 1)
    return _in_order(claim, budget, np.roll(np.arange(len(claim)), -first))


def pro_rata(claims: ArrayLike, amount: float) -> FloatArray:
    """In proportion: everyone gives the same part `h` of the claim, `h = A / Σ w`.

    Parameters:
        claims: `w`, what may be taken from each, `>= 0`: coins of a position, or USD of profit; shape (accounts,).
        amount: `A`, what must be taken, `>= 0`, in the same unit.

    Returns:
        Taken from each, in the unit of the claims; shape (accounts,).

    Raises:
        ValueError: if the claims together are less than the amount: profits that do not suffice would mean that
            someone's deposit is touched; or for a value outside its range.

    Examples:
        >>> pro_rata([8.0, 4.0, 0.5], 7.5)
        array([4.8, 2.4, 0.3])

    Source: Chitra (2025), arXiv 2512.01112.
    """
    return capped(claims, amount, 1.0)


def capped(claims: ArrayLike, amount: float, caps: ArrayLike) -> FloatArray:
    """In proportion up to a cap: `h_i = min(η, c_i)`, at the level `η` that raises the amount.

    `h_i` is the part of claim `i`. No other way within the caps makes the largest part smaller. With equities as claims
    and profit over equity as caps it is the way that costs the hardest-hit account least of its equity, without
    touching a deposit.

    Parameters:
        claims: what may be taken from each, `>= 0`; shape (accounts,).
        amount: what must be taken, `>= 0`, in the same unit.
        caps: `c`, the largest part of each claim, in `[0, 1]`; shape (accounts,) or one.

    Returns:
        Taken from each, in the unit of the claims; shape (accounts,).

    Raises:
        ValueError: if the capped claims together are less than the amount; or for a value outside its range.

    Examples:
        >>> capped([8.0, 4.0, 0.5], 7.5, [0.5, 0.9, 0.9]).round(4)
        array([4.    , 3.1111, 0.3889])

    Source: Chitra (2025), arXiv 2512.01112.
    """
    limit = real("caps", caps, ge=0, le=1)
    claim, _ = _claims(claims, 0.0)
    if limit.shape not in {(), claim.shape}:
        raise ValueError(f"caps must be one number or one per claim, {len(claim)}, got shape {limit.shape}")
    cap = np.broadcast_to(limit, claim.shape)
    budget = _claims(claims, amount, cap)[1]
    order = np.argsort(cap, kind="stable")
    full = np.concatenate([[0.0], np.cumsum((cap * claim)[order])])  # from those whose cap is reached
    rest = np.concatenate([np.cumsum(claim[order][::-1])[::-1], [0.0]])  # claims of the others
    raised = full[:-1] + cap[order] * rest[:-1]  # at the level of each cap
    first = min(int(np.searchsorted(raised, budget)), len(claim) - 1)
    level = (budget - full[first]) / rest[first] if rest[first] else 0.0
    return np.asarray(claim * np.minimum(level, cap))


def socialized(weights: ArrayLike, amount: float) -> FloatArray:
    """A loss that all share in proportion to something, however little they have gained: `A w / Σ w`.

    Parameters:
        weights: `w`, `>= 0`: sizes of the positions on both sides where a funding index carries the loss, profits of a
            session, balances; shape (accounts,). Not all 0.
        amount: `A`, the loss, `>= 0`, USD.

    Returns:
        Paid by each, USD; shape (accounts,).

    Raises:
        ValueError: for a value outside its range, or weights that are all 0.

    Examples:
        >>> socialized([5.0, 3.0, 2.0], 1_000.0)  # coins long and short
        array([500., 300., 200.])

    Source: Drift v2, the resolution of a bankruptcy, through the funding index; Deribit and Crypto.com over profits.
    """
    weight, loss = real("weights", weights, ge=0, ndim=1), scalar("amount", amount, ge=0)
    if not weight.any():
        raise ValueError("weights must not all be 0")
    return np.asarray(loss * (weight / weight.sum()))


@overload
def withdrawal_cut(shortfall: float, claims: float) -> float: ...
@overload
def withdrawal_cut(shortfall: ArrayLike, claims: ArrayLike) -> FloatArray: ...
def withdrawal_cut(shortfall: ArrayLike, claims: ArrayLike) -> Floats:
    """Part of each withdrawal that a venue keeps while its fund is bankrupt: `min(1, X / C)`.

    Who does not withdraw pays nothing once the fund has recovered.

    Parameters:
        shortfall: `X`, what the fund owes beyond its money, `>= 0`, USD.
        claims: `C`, what all accounts could withdraw together without the cut, `> 0`, USD; shapes broadcast.

    Returns:
        A fraction of the withdrawal, in `[0, 1]`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> withdrawal_cut(1_000.0, 5_000.0)
        np.float64(0.2)

    Source: Paradex, Socialized losses; GRVT, When does socialized losses happen.
    """
    missing, owed = real("shortfall", shortfall, ge=0), real("claims", claims, gt=0)
    broadcast(shortfall=missing, claims=owed)
    return np.asarray(np.minimum(1.0, missing / owed))[()]


# --- What a closed position costs ---


@dataclass(frozen=True, eq=False)
class Closed(ByValue):
    """Positions after deleveraging, one entry per account. Made by `close`.

    Parameters:
        sizes: before, `> 0` long and `< 0` short, coins.
        entries: average entry prices, USD per coin.
        coins: closed of each, `>= 0`.
        price: at which they were closed, USD per coin.
    """

    sizes: FloatArray
    entries: FloatArray
    coins: FloatArray
    price: float

    def __post_init__(self) -> None:
        freeze(self)

    @property
    def left(self) -> FloatArray:
        """Positions that remain, signed, coins."""
        return np.sign(self.sizes) * (np.abs(self.sizes) - self.coins) + 0.0

    @property
    def kept(self) -> FloatArray:
        """Profit that each realizes on what was closed, USD; a loss where the price is worse than the entry."""
        return np.sign(self.sizes) * self.coins * (self.price - self.entries) + 0.0

    def cost(self, price: float) -> FloatArray:
        """What being closed has cost each, if the market stands at `price`, USD; below 0 it was a gain.

        At the mark of the moment it is what goes to the bankrupt accounts. At a later price it is that and luck.

        Parameters:
            price: of the market, `> 0`, USD per coin.

        Raises:
            ValueError: for a price that is not positive and finite.
        """
        return np.sign(self.sizes) * self.coins * (scalar("price", price, gt=0) - self.price) + 0.0

    def why(self, index: int, mark: float) -> Derivation:
        """The terms of one account.

        Parameters:
            index: of the account.
            mark: of the moment, `> 0`, USD per coin.

        Raises:
            ValueError: for an account that there is not, or a mark that is not positive and finite.
        """
        at = whole("index", index, ge=0, le=self.sizes.size - 1)
        return Derivation(
            (
                Term("q", "position before", float(self.sizes[at]), "coins"),
                Term("s", "side", float(np.sign(self.sizes[at])), "", r"\operatorname{sign}(q)"),
                Term("c", "closed", float(self.coins[at]), "coins"),
                Term("p_e", "entry", float(self.entries[at]), "USD"),
                Term("p", "price of the closing", self.price, "USD"),
                Term("p_m", "mark", scalar("mark", mark, gt=0), "USD"),
                Term("K", "profit kept", float(self.kept[at]), "USD", "s c (p - p_e)"),
                Term("X", "given up at the mark", float(self.cost(mark)[at]), "USD", "s c (p_m - p)"),
                Term("q'", "position after", float(self.left[at]), "coins", "q - s c"),
            )
        )


def close(sizes: ArrayLike, entries: ArrayLike, coins: ArrayLike, price: float) -> Closed:
    """Closes a part of each position at one price.

    Parameters:
        sizes: `> 0` long, `< 0` short, coins; shape (accounts,).
        entries: average entry prices, `> 0`, USD per coin; shape (accounts,).
        coins: to close of each, `>= 0` and no more than it has, such as from `queue`; shape (accounts,).
        price: `> 0`, USD per coin: the bankruptcy price of the account that is closed against them, or a mark.

    Returns:
        The positions with what was closed of each; from it `left`, `kept` and `cost`.

    Raises:
        ValueError: for a value outside its range, or shapes that differ.

    Examples:
        >>> found = close([-4.0, -6.0], [63.0, 58.0], [0.0, 6.0], 57.0)
        >>> found.kept, found.cost(54.0)
        (array([0., 6.]), array([ 0., 18.]))
        >>> print(found.why(1, mark=54.0))
        position before       -6.00 coins   q
        side                  -1            s = sign(q)
        closed                 6.00 coins   c
        entry                 58.00 USD     p_e
        price of the closing  57.00 USD     p
        mark                  54.00 USD     p_m
        profit kept            6.00 USD     K = s c (p - p_e)
        given up at the mark  18.00 USD     X = s c (p_m - p)
        position after         0.00 coins   q' = q - s c

    Source: the definition.
    """
    held, start = real("sizes", sizes, ndim=1), real("entries", entries, gt=0, ndim=1)
    gone = real("coins", coins, ge=0, ndim=1)
    if not held.shape == start.shape == gone.shape:
        raise ValueError(
            f"sizes, entries and coins must have one entry per account, got {len(held)}, {len(start)} and {len(gone)}"
        )
    if (gone > np.abs(held) * (1 + 1e-12)).any():
        raise ValueError("coins must be at most what each account holds")
    return Closed(held, start, np.minimum(gone, np.abs(held)), scalar("price", price, gt=0))


def _ranked(claims: Any, scores: Any) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    claim, rank = real("claims", claims, ge=0, ndim=1), real("scores", scores, ndim=1)
    if rank.shape != claim.shape:
        raise ValueError(f"scores must have one entry per claim, {len(claim)}, got {len(rank)}")
    return claim, np.argsort(-rank, kind="stable")


def _in_order(claim: FloatArray, budget: float, order: Any) -> FloatArray:
    before = np.concatenate([[0.0], np.cumsum(claim[order])[:-1]])
    taken = np.empty_like(claim)
    taken[order] = np.clip(budget - before, 0.0, claim[order])
    return taken


def _claims(claims: Any, amount: float, caps: FloatArray | float = 1.0) -> tuple[FloatArray, float]:
    claim, budget = real("claims", claims, ge=0, ndim=1), scalar("amount", amount, ge=0)
    if budget > (most := float((claim * caps).sum())) * (1 + 1e-12):
        raise ValueError(f"amount must be at most what may be taken, {most:g}, got {budget:g}")
    return claim, min(budget, most)

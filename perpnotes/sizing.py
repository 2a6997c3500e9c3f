"""The largest position that survives a named list of failures, and which of them sets it; Kelly as the contrast.

A failure mode says what goes wrong before the position can be closed: the price gaps, fees and funding are paid, a part
of the wallet turns out to be unusable, the hedge is deleveraged. A size survives a mode when equity covers maintenance
margin all the way through it. The largest such size meets maintenance exactly where the mode is worst: its liquidation
price *is* the failure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from perpnotes._derivation import Derivation, Term
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, defined, items, real, scalar, sides, text
from perpnotes.margin import Tiers

__all__ = ["Mode", "Sizing", "growth", "kelly", "together"]


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to fail: all of its parts happen before the position can be closed.

    Parameters:
        name: what it is called.
        gap: adverse move of the mark, a fraction of the entry price, `>= 0`; for a long below 1.
        fees: fees and slippage, a fraction of the entry notional, `>= 0`.
        funding: funding paid, a fraction of the entry notional, `>= 0`: the number of payments times the rate.
        unusable: share of the wallet that does not count, in `[0, 1)`: a haircut, a frozen or a depegged collateral.
        hedge_lost: adverse move at which the hedge is deleveraged, in `[0, gap]`; None where it stays.

    Raises:
        ValueError: for a non-finite value or one outside its range, or a mode in which nothing fails.

    Examples:
        >>> Mode("nothing happens")
        Traceback (most recent call last):
            ...
        ValueError: mode 'nothing happens' must have a part that fails: every part is 0
    """

    name: str
    gap: float = 0.0
    fees: float = 0.0
    funding: float = 0.0
    unusable: float = 0.0
    hedge_lost: float | None = None

    def __post_init__(self) -> None:
        text("name", self.name)
        parts = [scalar(part, getattr(self, part), ge=0) for part in ("gap", "fees", "funding")]
        parts.append(scalar("unusable", self.unusable, ge=0, lt=1))
        if self.hedge_lost is not None:
            scalar("hedge_lost", self.hedge_lost, ge=0, le=self.gap)
        if not any(parts):
            raise ValueError(f"mode {self.name!r} must have a part that fails: every part is 0")


def together(modes: Sequence[Mode], name: str = "together") -> Mode:
    """Several failures at once: gaps, costs add up, usable shares multiply, the hedge goes at the first loss.

    Every part is at least as bad as in each of the modes, so the size that survives is no larger; except that a hedge
    that is lost needs no maintenance any more, which can outweigh what it would have earned on the last bit of a gap.

    Parameters:
        modes: at least one.
        name: of the combination.

    Returns:
        One mode, for `Sizing`; its `hedge_lost` is None where none of them loses the hedge.

    Raises:
        ValueError: for an empty list.

    Examples:
        >>> costs = Mode("costs", fees=0.001, funding=0.0009)
        >>> together([Mode("gap", gap=0.1), costs])
        Mode(name='together', gap=0.1, fees=0.001, funding=0.0009, unusable=0.0, hedge_lost=None)

    Source: the definition.
    """
    members: tuple[Mode, ...] = items("modes", modes, (Mode,))
    lost = [mode.hedge_lost for mode in members if mode.hedge_lost is not None]
    return Mode(
        name,
        gap=math.fsum(mode.gap for mode in members),
        fees=math.fsum(mode.fees for mode in members),
        funding=math.fsum(mode.funding for mode in members),
        unusable=1.0 - math.prod(1.0 - mode.unusable for mode in members),
        hedge_lost=min(lost, default=None),
    )


@dataclass(frozen=True, slots=True)
class Sizing:
    """The largest size that survives every one of the modes, and which of them sets it.

    In a mode, after an adverse move `x`, a position of `q` coins has cost `q P (fees + (1 - h) funding + x - h y)`,
    where `P` is the price, `h` the hedged share and `y` the part of the move before the hedge was lost. It needs the
    maintenance margin of its notional then, `MM(q P (1 - s x))` with the side `s`, and the hedge, while it is there,
    `MM(h q P (1 - s x))`. All must fit into the usable wallet for every `x` up to the gap.

    Parameters:
        wallet: what the position can lose before the modes cut it, `> 0`, USD.
        price: entry price and mark now, `> 0`, USD per coin.
        tiers: maintenance table.
        modes: what may fail, at least one, with different names. Each alone; `together` makes one of several.
        side: 1 for a long, -1 for a short.
        hedge: size of an opposite position in the same account, as a share of the position, in `[0, 1]`: another
            contract on the same coin with the same table. While it is there it earns back that share of the price loss
            and of the funding, and needs maintenance of its own.

    Raises:
        ValueError: for a value outside its range, two modes of one name, a long with a gap of 1 or more, or no mode: a
            size that no failure sets is no result.

    Examples:
        >>> from perpnotes.margin import Tiers
        >>> gap = Mode("gap", gap=0.10)
        >>> costs = Mode("costs", gap=0.05, fees=0.001)
        >>> sizing = Sizing(1_000.0, 100.0, Tiers.flat(0.02), [gap, costs])
        >>> round(sizing.size, 4), sizing.binding.name
        (84.7458, 'gap')
        >>> round(sizing.liquidation_price, 9)
        90.0
        >>> {name: round(size, 2) for name, size in sizing.limits.items()}
        {'gap': 84.75, 'costs': 142.86}

    Source: the isolated maintenance test of a linear contract, solved for the size.
    """

    wallet: float
    price: float
    tiers: Tiers
    modes: Sequence[Mode]
    side: int = 1
    hedge: float = 0.0

    def __post_init__(self) -> None:
        scalar("wallet", self.wallet, gt=0)
        scalar("price", self.price, gt=0)
        items("tiers", (self.tiers,), (Tiers,))
        sides(scalar("side", self.side))
        scalar("hedge", self.hedge, ge=0, le=1)
        object.__setattr__(self, "modes", items("modes", self.modes, (Mode,)))
        names = [mode.name for mode in self.modes]
        if len(set(names)) < len(names):
            raise ValueError(f"modes must have different names, got {names}")
        for mode in self.modes if self.side > 0 else ():
            scalar(f"gap of {mode.name!r}", mode.gap, lt=1)

    def _need(self, mode: Mode, move: float, rate: float) -> float:
        """USD per coin after an adverse move: costs, price loss and maintenance at this rate, without its deduction."""
        hedged = move if mode.hedge_lost is None else min(move, mode.hedge_lost)
        lost = self._costs(mode) + move - self.hedge * hedged
        return self.price * (lost + rate * (1.0 - self.side * move))

    def _costs(self, mode: Mode) -> float:
        return mode.fees + (1.0 - self.hedge) * mode.funding

    def _lines(self, *, hedged: bool) -> list[tuple[float, float]]:
        """Rate and deduction of each line whose highest is the maintenance of the position, and of its hedge."""
        lines = list(zip(self.tiers.rates, self.tiers.deductions, strict=True))
        if not (hedged and self.hedge):
            return lines
        return [(rate + self.hedge * own, deduction + less) for rate, deduction in lines for own, less in lines]

    def _usable(self, mode: Mode) -> float:
        return self.wallet * (1.0 - mode.unusable)

    def _limit(self, mode: Mode) -> tuple[float, float, float, float]:
        """Largest size that survives the mode, where it is worst, and the rate and deduction there.

        A maintenance table is the highest of its tiers' lines, so the need along a move is convex between kinks: the
        lowest size over all kinks and tiers is exact.
        """
        lost = mode.gap if mode.hedge_lost is None else mode.hedge_lost
        kinks = [(0.0, True), (lost, True), *([] if mode.hedge_lost is None else [(lost, False), (mode.gap, False)])]
        return min(
            ((self._usable(mode) + deduction) / self._need(mode, move, rate), move, rate, deduction)
            for move, hedged in kinks
            for rate, deduction in self._lines(hedged=hedged)
        )

    @property
    def limits(self) -> Mapping[str, float]:
        """Largest size that survives each mode alone, coins, `> 0`, by name in the order of `modes`."""
        return {mode.name: self._limit(mode)[0] for mode in self.modes}

    @property
    def binding(self) -> Mode:
        """The mode that sets the size; the first of equals."""
        return min(self.modes, key=lambda mode: self._limit(mode)[0])

    @property
    def size(self) -> float:
        """Largest size that survives every mode, coins, `> 0`; not rounded down to a lot."""
        return self._limit(self.binding)[0]

    @property
    def leverage(self) -> float:
        """Notional of that size over the wallet."""
        return self.size * self.price / self.wallet

    @property
    def liquidation_price(self) -> float:
        """Liquidation price of that size in the mode that sets it, USD per coin: exactly the price in that failure."""
        return self.price * (1.0 - self.side * self.move(self.size, self.binding))

    def move(self, size: float, mode: Mode) -> float:
        """Adverse move at which a position of this size is liquidated once the mode's costs and cuts have happened.

        Parameters:
            size: coins, `> 0`.
            mode: what fails; not only one of `modes`.

        Returns:
            A fraction of the entry price; 0 where it is liquidated at once, infinite where no price does it.

        Raises:
            ValueError: for a size outside its range, or anything but a `Mode`.
        """
        coins = scalar("size", size, gt=0)
        items("mode", (mode,), (Mode,))
        usable = self._usable(mode)
        end = 1.0 if self.side > 0 else math.inf
        lost_at = end if mode.hedge_lost is None else mode.hedge_lost
        for start, stop, hedged in ((0.0, lost_at, True), (lost_at, end, False)):
            first = math.inf
            for rate, deduction in self._lines(hedged=hedged):
                left = usable + deduction - coins * self._need(mode, start, rate)
                kept = self.hedge if hedged else 0.0
                slope = coins * self.price * (1.0 - kept - self.side * rate)
                if left <= 1e-12 * usable:  # rounding, where a limit is met exactly
                    return start
                if slope > 0:
                    first = min(first, start + left / slope)
            if first <= stop and first < end:
                return first
            if stop == end:
                break
        return math.inf

    def why(self) -> Derivation:
        """The terms behind the size."""
        mode = self.binding
        size, move, rate, deduction = self._limit(mode)
        hedged = move if mode.hedge_lost is None else min(move, mode.hedge_lost)
        sign = "-" if self.side > 0 else "+"
        return Derivation(
            (
                Term("W", f"usable wallet in {mode.name!r}", self._usable(mode), "USD", "W_0 (1 - u)"),
                Term("P", "price", self.price, "USD"),
                Term("g", "adverse move", move),
                Term("k", "fees, and funding less that of the hedge", self._costs(mode)),
                Term("e", "earned by the hedge", self.hedge * hedged, "", r"\eta \min(g, a)"),
                Term("m", "maintenance rate there, with the hedge", rate),
                Term("c", "deduction of those tiers", deduction, "USD"),
                Term("n", "needed per coin", self._need(mode, move, rate), "USD", f"P (g + k - e + m (1 {sign} g))"),
                Term("q", "largest size, coins", size, "", "(W + c) / n"),
            )
        )


@overload
def kelly(drift: float, volatility: float, jump_rate: float = ..., jump: float = ...) -> float: ...
@overload
def kelly(drift: ArrayLike, volatility: ArrayLike, jump_rate: ArrayLike = ..., jump: ArrayLike = ...) -> FloatArray: ...
def kelly(drift: ArrayLike, volatility: ArrayLike, jump_rate: ArrayLike = 0.0, jump: ArrayLike = 0.0) -> Floats:
    """Leverage of the fastest growth when the price also gaps: the root of `mu - s^2 f - lam J / (1 - f J) = 0`.

    `f` is the leverage, `mu` the drift, `s` the volatility, `lam` the rate of the jumps and `J` their size. It never
    reaches `1 / J`, where one gap takes everything. Without gaps it is `mu / s^2`.

    Parameters:
        drift: expected return of the position a year without the gaps, costs deducted. Arguments broadcast.
        volatility: per square root of a year, `> 0`.
        jump_rate: gaps a year, `>= 0`.
        jump: adverse size of a gap, a fraction of the price, in `[0, 1)`.

    Returns:
        Notional over equity, kept constant; below 0 where the other side of the bet grows.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> kelly(0.5, 0.6, [0.0, 0.5], 0.3).round(6)
        array([1.388889, 0.833333])

    Source: Kelly (1956) in continuous time with Poisson gaps; after Merton (1971).
    """
    mu = real("drift", drift)
    variance = np.square(real("volatility", volatility, gt=0))
    rate, j = real("jump_rate", jump_rate, ge=0), real("jump", jump, ge=0, lt=1)
    broadcast(drift=mu, volatility=variance, jump_rate=rate, jump=j)
    # variance J f^2 - (variance + mu J) f + mu - rate J = 0: the smaller root, written so that J = 0 needs no case
    b = variance + mu * j
    root = np.sqrt(np.square(variance - mu * j) + 4.0 * variance * rate * np.square(j))
    result: FloatArray = 2.0 * (mu - rate * j) / (b + root)
    return defined(result, "drift", "volatility", "jump_rate", "jump")


@overload
def growth(leverage: float, drift: float, volatility: float, jump_rate: float = ..., jump: float = ...) -> float: ...
@overload
def growth(
    leverage: ArrayLike, drift: ArrayLike, volatility: ArrayLike, jump_rate: ArrayLike = ..., jump: ArrayLike = ...
) -> FloatArray: ...
def growth(
    leverage: ArrayLike, drift: ArrayLike, volatility: ArrayLike, jump_rate: ArrayLike = 0.0, jump: ArrayLike = 0.0
) -> Floats:
    """Long-run growth of log equity a year at constant leverage: `f mu - f^2 s^2 / 2 + lam ln(1 - f J)`.

    `f` is the leverage; the other symbols are those of `kelly`.

    Parameters:
        leverage: notional over equity, kept constant. Arguments broadcast.
        drift: expected return of the position a year without the gaps, costs deducted.
        volatility: per square root of a year, `> 0`.
        jump_rate: gaps a year, `>= 0`.
        jump: adverse size of a gap, a fraction of the price, in `[0, 1)`.

    Returns:
        Growth a year; minus infinity where one gap takes everything.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> growth([0.833333, 3.4], 0.5, 0.6, 0.5, 0.3).round(4)
        array([0.1478,   -inf])

    Source: as `kelly`.
    """
    f, mu = real("leverage", leverage), real("drift", drift)
    variance = np.square(real("volatility", volatility, gt=0))
    rate, j = real("jump_rate", jump_rate, ge=0), real("jump", jump, ge=0, lt=1)
    broadcast(leverage=f, drift=mu, volatility=variance, jump_rate=rate, jump=j)
    f, mu, variance, rate, j = np.broadcast_arrays(f, mu, variance, rate, j)
    kept = 1.0 - f * j
    ruin = np.where(rate > 0, -np.inf, 0.0)
    gaps = np.multiply(rate, np.log(kept, out=np.ones_like(kept), where=kept > 0), out=ruin, where=kept > 0)
    result: FloatArray = f * mu - np.square(f) * variance / 2.0 + gaps
    return defined(result, "leverage", "drift", "volatility", "jump_rate")

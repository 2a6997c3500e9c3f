"""Portfolio margin as venues write it: one account under whole rules, and the same book under all of them.

A rule has scenarios, and charges beside them. What is scanned, what is charged and which factors make initial and
maintenance margin differs by venue, so there is one class for each shape of rule:

- `MarginRule`: the worst scenario or a move of the forwards alone, and *contingencies* (Derive, SPAN).
- `FloorRule`: the worst scenario, at least a charge on the delta, and provisions (Paradex).
- `ShockRule`: a table in the currency of settlement, damped far rows, and charges on deltas (Deribit).
- `LayeredRule`: the largest of several scans, a charge for the basis, and a minimum that grows with size (OKX).
- `TierRule`: no scenarios; the notional in tiers (everyone else, and Hyperliquid's portfolio margin).

`portfolio_margin` asks one account for its margin under a rule. Each coin of an account is margined by itself and the
requirements are added up: no rule that is complete here nets across coins. `compare` asks every published rule at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._legs import legs
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import brief, broadcast, flag, instance, items, one_of, real, scalar, text
from perpnotes._venues import CHARGES, FLOORS, LAYERS, SHOCKS, SKEWS
from perpnotes.contracts import Cash, Contract, Inverse, Linear, Option, Spot, option_delta, option_value
from perpnotes.margin import SizeTiers, Tiers, published_size_tiers, published_tiers
from perpnotes.stress import AXES, Cell, Market, Scenarios, listed, published_grid

__all__ = [
    "Asset",
    "Comparison",
    "Expiry",
    "FloorRule",
    "LayeredRule",
    "MarginRule",
    "Marks",
    "PortfolioMargin",
    "Row",
    "Rule",
    "ShockRule",
    "Skew",
    "TierRule",
    "Unit",
    "Venue",
    "collateral_ratio",
    "collateral_value",
    "compare",
    "portfolio_margin",
    "published_rule",
    "size_charge",
    "span_rule",
    "venues",
]

_KINDS = (Linear, Inverse, Spot, Option, Cash)


# --- What a venue marks beside the index ---


@dataclass(frozen=True, slots=True)
class Expiry:
    """What the market says of the options that expire together.

    Parameters:
        forward: the part of their forward that moves with the index, `>= 0`, USD per coin.
        fixed: the part that no longer moves, because the settlement price is an average and its window has begun,
            `>= 0`; the two together are the forward, `> 0`.
        interest: interest rate to the expiry per year; one below 0 counts as 0.
        trust: how sure the oracle is of forward, rate and volatilities, the least of them, in `[0, 1]`.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> Expiry(60_100.0, interest=0.05).trust
        1.0
    """

    forward: float
    fixed: float = 0.0
    interest: float = 0.0
    trust: float = 1.0

    def __post_init__(self) -> None:
        scalar("forward", self.forward, ge=0)
        scalar("fixed", self.fixed, ge=0)
        scalar("forward + fixed", self.forward + self.fixed, gt=0)
        scalar("interest", self.interest)
        scalar("trust", self.trust, ge=0, le=1)


@dataclass(frozen=True, eq=False, slots=True)
class Marks(ByValue):
    """What a venue marks beside the index of one coin.

    Parameters:
        perpetual: mark of the perpetual, `> 0`, USD per coin; None where it is on the index.
        expiries: forward and rate of each expiry, by its time in years, the `years` of the options; an expiry that it
            does not name has its forward on the index and no rate, and one that no option has is refused. Two expiries
            that are both over are told apart by a time of 0 and one of `1e-12`.
        stable: price of the coin in which the account settles, `> 0`, USD.
        trust: how sure the oracle is of the index, in `[0, 1]`.
        perpetual_trust: how sure it is of the perpetual, in `[0, 1]`; counts where one is held.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> Marks(60_050.0, {30 / 365: Expiry(60_100.0)}, stable=0.99).trust
        1.0
    """

    perpetual: float | None = None
    expiries: Mapping[float, Expiry] = field(default_factory=dict)
    stable: float = 1.0
    trust: float = 1.0
    perpetual_trust: float = 1.0

    def __post_init__(self) -> None:
        if self.perpetual is not None:
            scalar("perpetual", self.perpetual, gt=0)
        if not isinstance(self.expiries, Mapping):
            raise ValueError(f"expiries must be a mapping, got {brief(self.expiries)}")
        if self.expiries:
            real("expiries", list(self.expiries), ge=0)
            items("expiries", self.expiries.values(), (Expiry,))
        scalar("stable", self.stable, gt=0)
        scalar("trust", self.trust, ge=0, le=1)
        scalar("perpetual_trust", self.perpetual_trust, ge=0, le=1)
        freeze(self)


@dataclass(frozen=True, slots=True)
class Asset:
    """A coin held as collateral with haircuts of its own, such as a wrapped or a staked one.

    Parameters:
        amount: `>= 0`, in its own unit.
        price: USD for one unit, `> 0`.
        haircut: part of its value that maintenance margin asks for, `>= 0`.
        initial_haircut: what initial margin asks for beyond that, `>= 0`.
        cancels: True where a move of the index moves its value in the scenarios, against the positions.
        trust: how sure the oracle is of its price, in `[0, 1]`.
        coin: the coin of the account to which it belongs; empty where the account has only one.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> haircuts = {"haircut": 0.056, "initial_haircut": 0.014}
        >>> Asset(2.0, 3_000.0, **haircuts, cancels=True).trust
        1.0
    """

    amount: float
    price: float
    haircut: float = 0.0
    initial_haircut: float = 0.0
    cancels: bool = False
    trust: float = 1.0
    coin: str = ""

    def __post_init__(self) -> None:
        scalar("amount", self.amount, ge=0)
        scalar("price", self.price, gt=0)
        scalar("haircut", self.haircut, ge=0)
        scalar("initial_haircut", self.initial_haircut, ge=0)
        flag("cancels", self.cancels)
        scalar("trust", self.trust, ge=0, le=1)
        if not isinstance(self.coin, str):
            raise ValueError(f"coin must be a string, got {brief(self.coin)}")


# --- Shapes of rules ---


def _of_one(scenarios: Any) -> None:
    """Scenarios of one coin: what moves an underlying by itself has no place here."""
    if instance("scenarios", scenarios, Scenarios).moves.keys() != set(AXES):
        raise ValueError("scenarios must have no own moves: each coin is margined by itself")


@dataclass(frozen=True, slots=True)
class Skew:
    """A row that turns the volatility surface about its forward and moves nothing else.

    An option of moneyness `k = ln(K/F)`, or `|k|`, has its volatility multiplied by `1 + k cap / k*`, with the strike
    `K`, the forward `F` and the time `T`, at most `1 + cap` and at least `1 - cap`, with `cap + cap_slope sqrt(T)` and
    `k* = max(least, width sqrt(T) (level + growth sqrt(T)))`. The result of each expiry counts as a loss, whatever its
    sign: the surface may turn either way.

    Parameters:
        kind: `"linear"` for `k`, `"absolute"` for `|k|`.
        cap: largest relative move of a volatility at an expiry of now, `>= 0`.
        cap_slope: what is added to it per square root of a year.
        least: smallest `k*`, `>= 0`.
        width: in square roots of a year, `>= 0`.
        level: volatility that the width is stated in, `>= 0`.
        growth: what is added to that volatility per square root of a year.
        weight: factor on the result, `>= 0`.

    Raises:
        ValueError: for a value outside its range.
    """

    kind: Literal["linear", "absolute"]
    cap: float
    cap_slope: float = 0.0
    least: float = 0.01
    width: float = 4.0
    level: float = 0.6
    growth: float = 0.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        one_of("kind", self.kind, ("linear", "absolute"))
        for name in ("cap", "least", "width", "level", "weight"):
            scalar(name, getattr(self, name), ge=0)
        scalar("cap_slope", self.cap_slope)
        scalar("growth", self.growth)

    def factor(self, moneyness: ArrayLike, years: ArrayLike) -> FloatArray:
        """What multiplies the volatility of an option, `>= 0`.

        Parameters:
            moneyness: `ln(K/F)`; any shape.
            years: time to expiry, `>= 0`; broadcasts.

        Returns:
            The broadcast shape; 1 leaves the volatility as it is.

        Raises:
            ValueError: for a value outside its range.

        Examples:
            >>> skew = Skew("linear", 0.25, -0.1)
            >>> skew.factor([-0.1, 0.1], 0.25).round(4).tolist()
            [0.9833, 1.0167]
        """
        k, time = real("moneyness", moneyness), real("years", years, ge=0)
        broadcast(moneyness=k, years=time)
        root = np.sqrt(time)
        cap = self.cap + self.cap_slope * root
        wide = np.maximum(self.least, self.width * root * (self.level + self.growth * root))
        if self.kind == "absolute":
            k = np.abs(k)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(k == 0, 0.0, k * cap / wide)
        turned = np.where(k >= 0, np.minimum(cap, slope), np.maximum(-cap, slope))
        result: FloatArray = np.maximum(0.0, 1.0 + turned)
        return result


@dataclass(frozen=True, eq=False, slots=True)
class MarginRule(ByValue):
    """The worst scenario or a move of the forwards alone, and what is charged for risks that no scenario moves.

    With the scenarios alone it asks what `stress.evaluate` does. A *contingency* is a charge for a risk beside the
    grid. With the worst loss `S >= 0` of scenarios and skews, the charge `B <= 0` of the forwards, contingencies `c`,
    the factors `f` and `m` of the scenarios, and `O`, what `distrust` adds for initial margin:

    - inside: `L = max(S, -B) + sum c`, initial `f L + O`, maintenance `m L`;
    - `outside`: `L = max(S, -B)`, initial `f L + sum (c + c_initial) + O`, maintenance `m L + sum c`.

    Options are valued by Black (1976) at the forward of their expiry. In a scenario, what the options of an expiry are
    worth together is multiplied by `discount exp(-T (discount_rate r + discount_spread))`, where it is above 0, or by
    `min(1/D, debt exp(T (debt_rate r + debt_spread)))`, where it is below, with the time `T` to the expiry, the
    interest rate `r` and `D` the discount to the expiry (1 without `present`). Without any move, a bought option thus
    already costs something.

    Parameters:
        scenarios: the grid, with the factors for initial and maintenance margin.
        skews: rows that turn the volatility surface.
        basis_moves: moves of every forward by itself, at unchanged volatility, `> -1`; none by default.
        basis_charge: part of the worst of these moves that an expiry is charged, `>= 0`.
        basis_charge_year: the same, in addition, per year to the expiry, `>= 0`.
        discount: what counts of options that are worth something in a scenario, `>= 0`.
        discount_rate: multiple of the interest rate by which that is discounted further, `>= 0`.
        discount_spread: rate per year that is added to it, `>= 0`.
        debt: what counts of options that are owed in a scenario, `>= 0`.
        debt_rate: multiple of the interest rate by which that grows, `>= 0`.
        debt_spread: rate per year that is added to it, `>= 0`.
        perpetual: charge on perpetuals held or owed, as a fraction of the index, `>= 0`.
        spot: charge on the coin, as a fraction of its value, `>= 0`.
        short_option: charge on each option sold and not bought at the same strike and expiry, be it call or put, as a
            fraction of the index, `>= 0`.
        perpetual_initial: what initial margin charges beyond `perpetual`, `>= 0`; with `outside` only, as the next two.
        spot_initial: the same beyond `spot`.
        short_option_initial: the same beyond `short_option`.
        trust_threshold: trust below which initial margin has an addition, in `[0, 1]`.
        trust_charge: that addition for a trust of 0, as a fraction of the index on every unit, `>= 0`.
        peg_threshold: price of the settlement coin below which the initial factor rises, `>= 0`, USD.
        peg_factor: by how much, per USD below it, `>= 0`.
        present: True where the value of an option is discounted by the interest rate to its expiry.
        outside: True where the contingencies are added after the factors.

    Raises:
        ValueError: for a value outside its range.
    """

    scenarios: Scenarios
    skews: tuple[Skew, ...] = ()
    basis_moves: tuple[float, ...] = (0.0,)
    basis_charge: float = 0.0
    basis_charge_year: float = 0.0
    discount: float = 1.0
    discount_rate: float = 0.0
    discount_spread: float = 0.0
    debt: float = 1.0
    debt_rate: float = 0.0
    debt_spread: float = 0.0
    perpetual: float = 0.0
    spot: float = 0.0
    short_option: float = 0.0
    perpetual_initial: float = 0.0
    spot_initial: float = 0.0
    short_option_initial: float = 0.0
    trust_threshold: float = 0.0
    trust_charge: float = 0.0
    peg_threshold: float = 0.0
    peg_factor: float = 0.0
    present: bool = False
    outside: bool = False

    def __post_init__(self) -> None:
        _of_one(self.scenarios)
        if self.skews:
            items("skews", self.skews, (Skew,))
        real("basis_moves", self.basis_moves, gt=-1, ndim=1)
        scalar("trust_threshold", self.trust_threshold, ge=0, le=1)
        for name in (
            "basis_charge", "basis_charge_year", "discount", "discount_rate", "discount_spread", "debt", "debt_rate",
            "debt_spread", "perpetual", "spot", "short_option", "perpetual_initial", "spot_initial",
            "short_option_initial", "trust_charge", "peg_threshold", "peg_factor",
        ):  # fmt: skip
            scalar(name, getattr(self, name), ge=0)
        flag("present", self.present)
        flag("outside", self.outside)
        freeze(self)

    def distrust(self, trust: float) -> float:
        """What initial margin charges for a low trust in the oracle, as a fraction of the index on every unit.

        `(1 - trust) * trust_charge` below the threshold, else 0: it jumps at the threshold.

        Parameters:
            trust: how sure the oracle is, in `[0, 1]`.

        Raises:
            ValueError: for a trust outside its range.
        """
        low = scalar("trust", trust, ge=0, le=1) < self.trust_threshold
        return (1.0 - trust) * self.trust_charge if low else 0.0


@dataclass(frozen=True, eq=False, slots=True)
class FloorRule(ByValue):
    """The worst scenario, but at least a charge on the delta, and provisions for funding and fees.

    `M = max(S, (net |D| + hedged h) P)` with the worst loss `S`, the net delta `D` and the hedged delta
    `h = (gross - |D|)/2` in coins, where `gross` is the sum of the deltas without their signs, and the index `P`.
    Initial margin is `f M + F`, maintenance margin `m M + F`, with the factors `f` and `m` of the scenarios and the
    provisions `F`.

    Parameters:
        scenarios: the grid, with the factors for initial and maintenance margin.
        net: charge on the net delta, as a fraction of the index, `>= 0`.
        hedged: charge on the hedged delta, as a fraction of the index, `>= 0`.
        fee: taker fee on the notional of the futures, `>= 0`: the provision for closing them.
        funding: funding of the period for which it is provided, as a fraction of the notional; longs pay `> 0`, and
            what would be received counts as nothing.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> from perpnotes.stress import published_grid
        >>> rule = FloorRule(published_grid("paradex"), net=0.02, hedged=0.01)
        >>> rule.scenarios.factors
        (1.0, 0.5)

    Source: the form of "Portfolio margin" in Paradex's documentation (2026-08).
    """

    scenarios: Scenarios
    net: float = 0.0
    hedged: float = 0.0
    fee: float = 0.0
    funding: float = 0.0

    def __post_init__(self) -> None:
        _of_one(self.scenarios)
        for name in ("net", "hedged", "fee"):
            scalar(name, getattr(self, name), ge=0)
        scalar("funding", self.funding)
        freeze(self)


@dataclass(frozen=True, eq=False, slots=True)
class ShockRule(ByValue):
    """A table of prices and volatilities in the currency of settlement, damped far rows, and charges on deltas.

    Inverse futures and options settle in the coin: their P&L is counted in coins, so that a future of `q` coins makes
    `q (1 - 1/(1 + m))` in a move `m`. Linear futures are counted in USD. In a far row, whose move is beyond the
    `reach`, the P&L in USD counts for `factor reach/|m|` of itself, converted at the edge of the table; of a future
    that is the edge. Then it is brought toward 0 by up to `(|m|/reach - 1) dampener`. Gains of one currency count for
    `offset` of themselves, at most `offset_cap`, against losses of the other.

    The margin is the worst loss, and beside it the *roll shock* `sum |delta_T| max(roll_year T, roll)` over the
    expiries, with the time `T` and the delta `delta_T` of each, and the *delta shock*
    `|D| min(delta_share, delta_slope max(0, |D| - delta_free/P))`, with the net delta `D` in coins and the index `P`.

    Parameters:
        reach: the largest regular move, in `(0, 1)`; there are four steps to each side.
        up: relative move of the implied volatilities upward, `>= 0`.
        down: the same downward, `>= 0`.
        lowest: least implied volatility after the move upward, `>= 0`.
        term: exponents of `(30 days / max(1 day, T))` up to and beyond 30 days, `>= 0`.
        far: far moves, `> -1` and beyond the reach, all with volatility up; empty for none.
        factor: what counts of a far row at the edge, `>= 0`.
        dampener: USD, `>= 0`.
        offset: part of a currency's gain that counts, in `[0, 1]`.
        offset_cap: the most that counts of it, USD, `>= 0`.
        roll: least charge on the delta of an expiry, `>= 0`; that of a perpetual.
        roll_year: the charge per year to the expiry, `>= 0`.
        delta_share: largest charge on the net delta, `>= 0`.
        delta_slope: growth of that charge for each coin, `>= 0`.
        delta_free: delta that is free of it, USD, `>= 0`.
        maintenance: maintenance margin as a part of initial margin, in `(0, 1]`.

    Attributes:
        scenarios: the rows, made from these: nine prices by three volatilities, then the far ones.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> len(ShockRule(reach=0.16, up=0.5, down=0.25).scenarios)
        35

    Source: the answers of Deribit's `private/simulate_portfolio` and support article 25944756247837. How gains up to
    the cap and options in far rows are counted follows from these answers and is not stated there; the delta shock is a
    third party's word, and the correlations of its cross-currency margin are not published.
    """

    reach: float
    up: float
    down: float
    lowest: float = 0.0
    term: tuple[float, float] = (0.30, 0.13)
    far: tuple[float, ...] = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
    factor: float = 1.0
    dampener: float = 0.0
    offset: float = 0.0
    offset_cap: float = math.inf
    roll: float = 0.0
    roll_year: float = 0.0
    delta_share: float = 0.0
    delta_slope: float = 0.0
    delta_free: float = 0.0
    maintenance: float = 0.8
    scenarios: Scenarios = field(init=False, repr=False)

    def __post_init__(self) -> None:
        scalar("reach", self.reach, gt=0, lt=1)
        for name in (
            "up", "down", "lowest", "factor", "dampener", "roll", "roll_year", "delta_share", "delta_slope",
            "delta_free",
        ):  # fmt: skip
            scalar(name, getattr(self, name), ge=0)
        if real("offset_cap", self.offset_cap, ge=0, infinite=True).ndim:
            raise ValueError(f"offset_cap must be one number, got {brief(self.offset_cap)}")
        scalar("offset", self.offset, ge=0, le=1)
        scalar("maintenance", self.maintenance, gt=0, le=1)
        if real("term", self.term, ge=0).shape != (2,):
            raise ValueError(f"term must be two numbers, got {self.term!r}")
        if self.far != () and (np.abs(real("far", self.far, gt=-1, ndim=1)) <= self.reach).any():
            raise ValueError(f"far must be moves beyond the reach, {self.reach:g}, got {brief(self.far)}")
        steps = np.arange(-4, 5) * self.reach / 4
        price = [*np.repeat(steps, 3).tolist(), *self.far]
        volatility = [*[self.up, 0.0, -self.down] * 9, *[self.up] * len(self.far)]
        lowest = [*[self.lowest, 0.0, 0.0] * 9, *[self.lowest] * len(self.far)]
        rows = listed(price, volatility, term=self.term, lowest=lowest, factors=(1.0, self.maintenance))
        object.__setattr__(self, "scenarios", rows)
        freeze(self)


@dataclass(frozen=True, eq=False, slots=True)
class LayeredRule(ByValue):
    """The largest of two scans, a charge for the basis, and a minimum that grows with the size of the account.

    Maintenance margin is `max(max(S, extreme_share E) + B, minimum)`, with the worst loss `S` of the moves, `E` that of
    the extreme move, the charge `B` on the delta, and the minimum of `size_charge`. Initial margin is a multiple of it.

    It holds for linear perpetuals. Layers of the venue for options and dated futures are not in it, because their
    formulas are not public: theta, the term structure of volatility, interest, and the basis of dated futures. Of a
    book with options, whose values are scanned at unmoved volatilities, it is the least that the rule can ask.

    Parameters:
        moves: relative moves of the index, `> 0`, each taken up and down.
        extreme: the extreme move, in `(0, 1)`.
        extreme_share: what counts of its loss, in `[0, 1]`.
        basis: charge on the net delta of the perpetuals, as a fraction of the index, `>= 0`.
        minimum: charge on the net delta before it grows, as a fraction of the index, `>= 0`.
        sizes: amounts of that charge at which the next multiplier begins, USD, rising from 0.
        multipliers: what multiplies each part of it, `>= 0`, as many.
        initial_factor: initial over maintenance margin, `> 0`.

    Attributes:
        scenarios: the rows, made from these: no move, each move up and down, and the extreme one with its share.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> rule = LayeredRule(moves=(0.04, 0.08, 0.12), extreme=0.24)
        >>> rule.scenarios.moves["price"].tolist()
        [0.0, 0.04, -0.04, 0.08, -0.08, 0.12, -0.12, 0.24, -0.24]

    Source: OKX, announcement of 2025-01-02, and the answer of its position builder. Layers of its documents that have
    no public formula are named above.
    """

    moves: tuple[float, ...]
    extreme: float
    extreme_share: float = 0.5
    basis: float = 0.0
    minimum: float = 0.0
    sizes: tuple[float, ...] = (0.0,)
    multipliers: tuple[float, ...] = (1.0,)
    initial_factor: float = 1.3
    scenarios: Scenarios = field(init=False, repr=False)

    def __post_init__(self) -> None:
        real("moves", self.moves, gt=0, lt=1, ndim=1)
        scalar("extreme", self.extreme, gt=0, lt=1)
        scalar("extreme_share", self.extreme_share, ge=0, le=1)
        scalar("basis", self.basis, ge=0)
        scalar("minimum", self.minimum, ge=0)
        scalar("initial_factor", self.initial_factor, gt=0)
        size_charge(0.0, self.sizes, self.multipliers)
        price = [0.0, *(sign * move for move in self.moves for sign in (1, -1)), self.extreme, -self.extreme]
        weight = [1.0] * (1 + 2 * len(self.moves)) + [self.extreme_share] * 2
        rows = listed(price, np.zeros(len(price)), weight, factors=(self.initial_factor, 1.0))
        object.__setattr__(self, "scenarios", rows)
        freeze(self)


@dataclass(frozen=True, slots=True)
class TierRule:
    """No scenarios: each contract is charged by its notional in tiers, whatever stands against it.

    Initial margin is the notional over the highest leverage that its tier allows, maintenance margin that of the table.

    Parameters:
        tiers: the table, in USD or by size in coins.
        health: part of the account's value that maintenance margin may be before it is liquidated, in `(0, 1]`.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> from perpnotes.margin import Tiers
        >>> TierRule(Tiers.flat(0.0125)).health
        1.0
    """

    tiers: Tiers | SizeTiers
    health: float = 1.0

    def __post_init__(self) -> None:
        instance("tiers", self.tiers, Tiers, SizeTiers)
        scalar("health", self.health, gt=0, le=1)


Rule: TypeAlias = MarginRule | FloorRule | ShockRule | LayeredRule | TierRule
"""Any of the shapes of a rule."""

_RULES = (MarginRule, FloorRule, ShockRule, LayeredRule, TierRule)


# --- Parts of rules that stand alone ---


@overload
def size_charge(charge: float, sizes: ArrayLike, multipliers: ArrayLike) -> float: ...
@overload
def size_charge(charge: ArrayLike, sizes: ArrayLike, multipliers: ArrayLike) -> FloatArray: ...
def size_charge(charge: ArrayLike, sizes: ArrayLike, multipliers: ArrayLike) -> Floats:
    """A charge that grows with itself: each part of it between two sizes is multiplied by its own factor.

    Parameters:
        charge: the charge before it grows, `>= 0`, USD. Any shape.
        sizes: where each part begins, USD, rising from 0, shape `(n,)`.
        multipliers: factor of each part, `>= 0`, shape `(n,)`.

    Returns:
        USD, `>= 0`, the shape of `charge`.

    Raises:
        ValueError: for a value outside its range, sizes out of order, or lengths that differ.

    Examples:
        >>> size_charge(30_000.0, [0.0, 10_000.0, 70_000.0], [1, 2, 4])
        np.float64(50000.0)

    Source: the minimum charge (MR7) in OKX's description of portfolio margin, whose example is this one.
    """
    raw, starts = real("charge", charge, ge=0), real("sizes", sizes, ge=0, ndim=1)
    factors = real("multipliers", multipliers, ge=0, ndim=1)
    if starts.shape != factors.shape:
        raise ValueError(f"multipliers must have one entry a size, got {factors.size} for {starts.size} sizes")
    if starts[0] != 0 or (np.diff(starts) <= 0).any():
        raise ValueError(f"sizes must rise from 0, got {brief(starts.tolist())}")
    widths = np.append(np.diff(starts), np.inf)
    parts = np.clip(raw[..., None] - starts, 0.0, widths)
    result: FloatArray = (parts * factors).sum(axis=-1)
    return result


@overload
def collateral_value(
    amount: float, price: float, ltv: float, *, supply_cap: float = ..., cap: float = ...
) -> float: ...
@overload
def collateral_value(
    amount: ArrayLike, price: ArrayLike, ltv: ArrayLike, *, supply_cap: ArrayLike = ..., cap: ArrayLike = ...
) -> FloatArray: ...
def collateral_value(
    amount: ArrayLike, price: ArrayLike, ltv: ArrayLike, *, supply_cap: ArrayLike = math.inf, cap: ArrayLike = math.inf
) -> Floats:
    """What a coin counts for before liquidation: `min(cap, min(amount, supply_cap) price (0.5 + 0.5 ltv))`, USD.

    What may be borrowed against it is `amount price ltv`: between the two lies the room to liquidation.

    Parameters:
        amount: coins, `>= 0`. Any shape; the arguments broadcast.
        price: USD per coin, `> 0`.
        ltv: loan to value, in `[0, 1]`.
        supply_cap: the most coins that count, `>= 0`; infinite for no cap.
        cap: the most that it counts for, `>= 0`, USD; infinite for no cap.

    Returns:
        `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> collateral_value(10_000.0, 40.0, 0.5), 10_000.0 * 40.0 * 0.5
        (np.float64(300000.0), 200000.0)

    Source: "Portfolio margin" in the documentation of Hyperliquid (alpha edition).
    """
    coins, p, share = real("amount", amount, ge=0), real("price", price, gt=0), real("ltv", ltv, ge=0, le=1)
    most = real("supply_cap", supply_cap, ge=0, infinite=True)
    limit = real("cap", cap, ge=0, infinite=True)
    broadcast(amount=coins, price=p, ltv=share, supply_cap=most, cap=limit)
    result: FloatArray = np.asarray(np.minimum(limit, np.minimum(coins, most) * p * (0.5 + 0.5 * share)))[()]
    return result


@overload
def collateral_ratio(maintenance: float, value: float, *, borrowed: float = ..., fixed: float = ...) -> float: ...
@overload
def collateral_ratio(
    maintenance: ArrayLike, value: ArrayLike, *, borrowed: ArrayLike = ..., fixed: ArrayLike = ...
) -> FloatArray: ...
def collateral_ratio(
    maintenance: ArrayLike, value: ArrayLike, *, borrowed: ArrayLike = 0.0, fixed: ArrayLike = 20.0
) -> Floats:
    """What the account needs over what it holds: `(fixed + maintenance + borrowed) / value`; above 0.95 it is
    liquidated.

    Where several tokens can be borrowed, the largest of their ratios counts. Which of position and loan goes first is
    not determined, says the venue.

    Parameters:
        maintenance: sum of the maintenance margins of the positions, `>= 0`, USD. Any shape; the arguments broadcast.
        value: balance of the token and what the collateral counts for, `> 0`, USD: `collateral_value`.
        borrowed: value of what is borrowed, `>= 0`, USD.
        fixed: an amount that every account needs, `>= 0`, USD.

    Returns:
        `>= 0`, the broadcast shape.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> collateral_ratio(750.0, 45_000.0, borrowed=30_000.0).round(6)
        np.float64(0.683778)

    Source: "Portfolio margin" in the documentation of Hyperliquid (alpha edition).
    """
    need, held = real("maintenance", maintenance, ge=0), real("value", value, gt=0)
    loan, least = real("borrowed", borrowed, ge=0), real("fixed", fixed, ge=0)
    broadcast(maintenance=need, value=held, borrowed=loan, fixed=least)
    return np.asarray((least + need + loan) / held)[()]


def span_rule(scan: float, volatility: float, *, extreme: float = 2.0, share: float = 0.35) -> MarginRule:
    """The sixteen rows of the classic SPAN, for a price scan range and a volatility scan range.

    Eight pairs: no move, a third, two thirds and all of the range, up and down, each with volatility up and down; then
    an extreme move to each side at unmoved volatility, of which a share counts. What SPAN adds for deliveries and
    spreads between months, and what it takes off between commodities, are not in it.

    Parameters:
        scan: price scan range, `> 0` and below `1/extreme`, as a fraction of the price.
        volatility: volatility scan range, `>= 0`, in points that are added to implied volatilities.
        extreme: the extreme move in ranges, `> 0`.
        share: what counts of its P&L, `>= 0`.

    Returns:
        A rule without charges beside its rows, and with the same initial and maintenance margin.

    Raises:
        ValueError: for a value outside its range.

    Examples:
        >>> rows = span_rule(0.12, 0.05).scenarios
        >>> counted = 10_000.0 / 0.12 * rows.moves["price"] * rows.weight
        >>> counted[-4:].round().tolist()
        [-10000.0, -10000.0, 7000.0, -7000.0]

    Source: the array of a future of 10,000 in two textbooks; the first row in CME's "Risk Arrays". Older parameters
    have three ranges at 33%, which the library's authors could not check.
    """
    far = scalar("extreme", extreme, gt=0)
    reach = scalar("scan", scan, gt=0)
    if reach * max(1.0, far) >= 1:
        raise ValueError(f"scan must be a range of which {max(1.0, far):g} are below 1, got {reach:g}")
    up, part = scalar("volatility", volatility, ge=0), scalar("share", share, ge=0)
    steps = [0.0, *(sign * k / 3.0 for k in (1, 2, 3) for sign in (1.0, -1.0))]
    price = [*np.repeat(steps, 2) * reach, far * reach, -far * reach]
    return MarginRule(listed(price, [*([up, -up] * 7), 0.0, 0.0], [1.0] * 14 + [part] * 2, points=True))


# --- An account under a rule ---


@dataclass(frozen=True, eq=False, slots=True)
class Unit(ByValue):
    """One coin of an account under its rule. Made by `portfolio_margin`.

    Parameters:
        coin: the coin.
        rule: its rule.
        parts: what is valued together: `perpetual`, `inverse`, `spot`, `collateral` and the options of each expiry.
        parts_pnl: P&L of each part in each row before weights, USD, shape `(S, P)`; of options after the discount.
        pnl: P&L of the coin in each row as the rule counts it, USD, shape `(S,)`: weighted, damped, offset.
        worst: the row with the lowest of these, the first of equals; None for a rule without scenarios.
        mark_to_market: value of the positions and of the coin, USD; of futures only what is unsettled.
        delta: net delta, coins.
        basis: P&L for which a move of the forwards alone is charged, USD, `<= 0`.
        contingencies: charges beside the worst row by name, USD, each `>= 0`.
        initial_contingencies: charges that only initial margin has, by name, USD, each `>= 0`.
        binding: what sets the requirement.
        initial: initial margin, USD, `>= 0`; None where the rule has none.
        maintenance: maintenance margin, USD, `>= 0`.
        reasons: the terms behind initial margin, None where the rule has none, and those behind maintenance margin.
    """

    coin: str
    rule: Rule
    parts: tuple[str, ...]
    parts_pnl: FloatArray
    pnl: FloatArray
    worst: Cell | None
    mark_to_market: float
    delta: float
    basis: float
    contingencies: Mapping[str, float]
    initial_contingencies: Mapping[str, float]
    binding: str
    initial: float | None
    maintenance: float
    reasons: tuple[Derivation | None, Derivation]

    def why(self, what: Literal["initial", "maintenance"] = "initial") -> Derivation:
        """The terms behind a margin: the worst row part by part, each charge, the factors.

        Parameters:
            what: `"initial"` or `"maintenance"`.

        Raises:
            ValueError: for another word, or for `"initial"` where the rule has none.
        """
        one_of("what", what, ("initial", "maintenance"))
        reason = self.reasons[0 if what == "initial" else 1]
        if reason is None:
            raise ValueError("what must be 'maintenance': the rule has no initial margin")
        return reason


@dataclass(frozen=True, eq=False, slots=True)
class PortfolioMargin(ByValue):
    """What a portfolio-margin rule asks of an account, and why. Made by `portfolio_margin`.

    Parameters:
        units: one for each coin; their requirements are added up.
        cash: USD, after its haircut.
        fixed: what the rule asks of every account, USD, `>= 0`.
    """

    units: tuple[Unit, ...]
    cash: float
    fixed: float = 0.0

    @property
    def largest(self) -> Unit:
        """The coin with the largest maintenance margin, the first of equals."""
        return max(self.units, key=lambda unit: unit.maintenance)

    @property
    def mark_to_market(self) -> float:
        """Value of the account without its cash, USD."""
        return sum(unit.mark_to_market for unit in self.units)

    @property
    def equity(self) -> float:
        """Mark-to-market and cash, USD."""
        return self.mark_to_market + self.cash

    @property
    def initial(self) -> float | None:
        """Initial margin, USD, `>= 0`; the account may open positions while its equity is above it. None where the rule
        has none.
        """
        each = [unit.initial for unit in self.units]
        return None if any(margin is None for margin in each) else self.fixed + sum(filter(None, each))

    @property
    def maintenance(self) -> float:
        """Maintenance margin, USD, `>= 0`; the account is liquidated when its equity falls to it."""
        return self.fixed + sum(unit.maintenance for unit in self.units)

    @property
    def worst(self) -> Cell | None:
        """The worst row of the coin with the largest requirement."""
        return self.largest.worst

    @property
    def binding(self) -> str:
        """What sets the requirement of that coin."""
        return self.largest.binding

    def why(self, what: Literal["initial", "maintenance"] = "initial") -> Derivation:
        """The terms behind a margin: those of the coin where there is one, else the coins that add up.

        Parameters:
            what: `"initial"` or `"maintenance"`.

        Raises:
            ValueError: for another word, or for `"initial"` where the rule has none.
        """
        reasons = [unit.why(what) for unit in self.units]
        if len(reasons) == 1 and not self.fixed:
            return reasons[0]
        symbol = "I" if what == "initial" else "M"
        terms = [
            Term(rf"{symbol}_{{\text{{{unit.coin}}}}}", f"{what} margin, {unit.coin}", reason.value, "USD")
            for unit, reason in zip(self.units, reasons, strict=True)
        ]
        if self.fixed:
            terms.append(Term("F", "asked of every account", self.fixed, "USD"))
        total = self.initial if what == "initial" else self.maintenance
        formula = rf"\sum_k {symbol}_k" + (" + F" if self.fixed else "")
        return Derivation((*terms, Term(symbol, f"{what} margin", float(total or 0.0), "USD", formula)))


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of one coin as arrays, each of shape `(K,)`, and their expiries `(E,)`."""

    contracts: tuple[Option, ...]
    amounts: FloatArray
    implied: FloatArray
    strikes: FloatArray
    years: FloatArray
    calls: npt.NDArray[np.bool_]
    forward: FloatArray  # the part that moves
    fixed: FloatArray
    interest: FloatArray
    times: FloatArray
    members: FloatArray  # (K, E)
    deltas: FloatArray  # of each position, coins

    @property
    def names(self) -> list[str]:
        """What an expiry is called."""
        return [f"{365 * t:.4g}-day options" for t in self.times.tolist()]

    def worth(self, factors: FloatArray, volatilities: FloatArray, *, present: bool = False) -> FloatArray:
        """What each expiry is worth in rows that move the forwards and set the volatilities, shape `(S, E)`."""
        forwards = factors[:, None] * self.forward + self.fixed
        values = option_value(forwards, self.strikes, volatilities, self.years, call=self.calls)
        if present:
            values = values * np.exp(-self.interest * self.years)
        result: FloatArray = (values * self.amounts) @ self.members
        return result

    def naked(self) -> float:
        """Options sold of which none is bought at the same strike and expiry, be it call or put."""
        net: dict[tuple[float, float], float] = {}
        for option, amount in zip(self.contracts, self.amounts.tolist(), strict=True):
            net[option.years, option.strike] = net.get((option.years, option.strike), 0.0) + amount
        return sum(max(0.0, -amount) for amount in net.values())


@dataclass(frozen=True, slots=True)
class _Held:
    """The positions of one coin, and what the market says of them."""

    coin: str
    index: float
    marks: Marks
    linear: tuple[tuple[float, float], ...]  # coins, years
    inverse: tuple[tuple[float, float], ...]  # USD, years
    spot: float
    assets: tuple[Asset, ...]
    options: _Options | None
    unsettled: float

    @property
    def perpetual(self) -> float:
        """Price of the perpetual."""
        return self.index if self.marks.perpetual is None else self.marks.perpetual

    @property
    def coins(self) -> float:
        """Net size of the linear futures."""
        return sum(size for size, _ in self.linear)

    @property
    def usd(self) -> float:
        """Net size of the inverse futures."""
        return sum(size for size, _ in self.inverse)

    def deltas(self) -> list[float]:
        """Delta of each position, coins."""
        return [
            *(size for size, _ in self.linear),
            *(size / self.index for size, _ in self.inverse),
            *([self.spot] if self.spot else []),
            *(self.options.deltas.tolist() if self.options else ()),
        ]


def _hold(
    coin: str,
    contracts: Sequence[Any],
    sizes: FloatArray,
    market: Market,
    marks: Marks,
    assets: Sequence[Asset] = (),
    unsettled: float = 0.0,
) -> _Held:
    """The positions of one coin."""
    index = market.prices.get(coin)
    if index is None:
        raise ValueError(f"prices of the market must name {coin!r}")
    own = [
        (contract, size)
        for contract, size in zip(contracts, sizes.tolist(), strict=True)
        if not isinstance(contract, Cash) and contract.underlying == coin
    ]
    options = [(contract, size) for contract, size in own if isinstance(contract, Option)]
    times = {option.years for option, _ in options}
    if strange := sorted(marks.expiries.keys() - times):
        there = ", ".join(map(repr, sorted(times))) or "none"
        raise ValueError(f"expiries of the marks must be those of the options, {there}, got {strange[0]!r}")
    return _Held(
        coin,
        float(index),
        marks,
        tuple((size, contract.years) for contract, size in own if isinstance(contract, Linear) and size),
        tuple((size, contract.years) for contract, size in own if isinstance(contract, Inverse) and size),
        sum(size for contract, size in own if isinstance(contract, Spot)),
        tuple(assets),
        _optioned(options, float(index), market, marks) if options else None,
        unsettled,
    )


def _optioned(options: Sequence[tuple[Option, float]], index: float, market: Market, marks: Marks) -> _Options:
    contracts = tuple(option for option, _ in options)
    years = np.array([option.years for option in contracts], dtype=float)
    times = np.unique(years)
    marked = [marks.expiries.get(option.years) for option in contracts]
    forward = np.array([index if expiry is None else expiry.forward for expiry in marked], dtype=float)
    fixed = np.array([0.0 if expiry is None else expiry.fixed for expiry in marked])
    interest = np.array([0.0 if expiry is None else max(0.0, expiry.interest) for expiry in marked])
    strikes = np.array([option.strike for option in contracts], dtype=float)
    calls = np.array([option.call for option in contracts])
    amounts = np.array([amount for _, amount in options])
    implied = market.implied_volatilities(contracts).astype(float)
    deltas = amounts * option_delta(forward + fixed, strikes, implied, years, call=calls)
    members = (years[:, None] == times).astype(float)
    return _Options(
        contracts, amounts, implied, strikes, years, calls, forward, fixed, interest, times, members, deltas
    )


def _words(cell: Cell) -> tuple[Term, ...]:
    """The moves of the worst row as terms."""
    moves = [Term(rf"\text{{{name}}}", f"{name} move", move) for name, move in cell.moves.items()]
    return (Term("s", "worst row, from 0", cell.index), *moves)


def _numbered(symbol: str, amounts: Mapping[str, float], what: str) -> tuple[Term, ...]:
    return tuple(
        Term(f"{symbol}_{{{k}}}", f"{what}, {name}", amount, "USD")
        for k, (name, amount) in enumerate(amounts.items(), start=1)
    )


def _lost(rows: tuple[tuple[str, ...], FloatArray, FloatArray, Cell]) -> tuple[Term, ...]:
    """The worst row as terms: its moves, what each part gains in it, how much of that counts, and the loss."""
    names, table, _, cell = rows
    return (
        *_words(cell),
        *_numbered("x", dict(zip(names, table[cell.index].tolist(), strict=True)), "P&L"),
        Term("w", "weight of the row", cell.weight),
        Term("S", "worst loss", cell.loss, "USD", r"\max(0, -w \sum_k x_k)"),
    )


def _some(charges: Mapping[str, float]) -> dict[str, float]:
    """The charges that are not 0."""
    return {name: charge for name, charge in charges.items() if charge}


def _futures(held: _Held, scenarios: Scenarios) -> list[tuple[str, FloatArray]]:
    """P&L of the futures in each scenario, USD: a move of the index and of the basis, and the funding."""
    moves = scenarios.moves
    after = (1.0 + moves["price"]) * (1.0 + moves["basis"])
    parts = []
    if held.coins:
        parts.append(("perpetual", held.coins * held.perpetual * (after - 1.0 - moves["funding"] * after)))
    if held.usd:  # in dollars an inverse contract is linear, and pays funding on its dollars
        parts.append(("inverse", held.usd * (after - 1.0 - moves["funding"])))
    return parts


def _moved(held: _Options, scenarios: Scenarios, *, present: bool = False) -> tuple[FloatArray, FloatArray]:
    """What each expiry is worth now and in each scenario."""
    moved = (1.0 + scenarios.moves["price"]) * (1.0 + scenarios.moves["basis"])
    volatilities = np.concatenate([held.implied[None], scenarios.volatility(held.implied, held.years)])
    worth = held.worth(np.concatenate([[1.0], moved]), volatilities, present=present)
    return worth[0], worth[1:]


def _found(
    parts: Sequence[tuple[str, FloatArray]], scenarios: Scenarios, skews: Sequence[Skew] = ()
) -> tuple[tuple[str, ...], FloatArray, FloatArray, Cell]:
    """Names of the parts, their P&L, the weighted P&L of all, and the worst row. Parts that cancel leave 0."""
    count = len(scenarios)
    weight = np.append(scenarios.weight, [skew.weight for skew in skews]) if skews else scenarios.weight
    table = np.array([pnl for _, pnl in parts]).reshape(len(parts), len(weight)).T
    total = table.sum(axis=1)
    total[np.abs(total) <= 1e-14 * np.abs(table).sum(axis=1)] = 0.0
    pnl = weight * total
    at = int(pnl.argmin())
    if at < count:
        moves = {name: float(move[at]) for name, move in scenarios.moves.items() if move[at]}
    else:
        moves = {f"{skews[at - count].kind} skew": skews[at - count].cap}
    cell = Cell(at, moves, float(weight[at]), float(pnl[at]), tuple((weight[at] * table[at]).tolist()))
    return tuple(name for name, _ in parts), table, pnl, cell


def _scanned(held: _Held, scenarios: Scenarios) -> tuple[list[tuple[str, FloatArray]], float]:
    """P&L of all positions in each scenario, USD, without discounts, and what the options are worth."""
    parts, worth = _futures(held, scenarios), 0.0
    if held.spot:
        parts.append(("spot", held.spot * held.index * scenarios.moves["price"]))
    if held.options:
        now, then = _moved(held.options, scenarios)
        parts += zip(held.options.names, (then - now).T, strict=True)
        worth = float(now.sum())
    return parts, worth


def _unit(
    held: _Held,
    rule: Rule,
    rows: tuple[tuple[str, ...], FloatArray, FloatArray, Cell | None],
    head: Sequence[Term],
    initial: Sequence[Term] | None,
    maintenance: Sequence[Term],
    *,
    value: float,
    delta: float,
    binding: str,
    basis: float = 0.0,
    charges: Mapping[str, float] | None = None,
    extra: Mapping[str, float] | None = None,
) -> Unit:
    """A coin under its rule: the terms that both margins begin with, and those that each ends with, its value last."""
    parts, table, pnl, cell = rows
    first, second = None if initial is None else Derivation((*head, *initial)), Derivation((*head, *maintenance))
    return Unit(
        coin=held.coin,
        rule=rule,
        parts=parts,
        parts_pnl=table,
        pnl=pnl,
        worst=cell,
        mark_to_market=value,
        delta=delta,
        basis=basis,
        contingencies=charges or {},
        initial_contingencies=extra or {},
        binding=binding,
        initial=None if first is None else first.value,
        maintenance=second.value,
        reasons=(first, second),
    )


def _manager(held: _Held, rule: MarginRule) -> Unit:
    scenarios, index, marks = rule.scenarios, held.index, held.marks
    still = np.zeros(len(rule.skews))
    moves = np.append(scenarios.moves["price"], still)
    parts = [(name, np.append(pnl, still)) for name, pnl in _futures(held, scenarios)]
    futures = abs(held.coins) * index + abs(held.usd)
    trust = min(marks.trust, marks.perpetual_trust) if futures else marks.trust
    charges, extra = {"perpetual": rule.perpetual * futures}, {"perpetual": rule.perpetual_initial * futures}
    doubt, value, basis = rule.distrust(trust) * futures, held.unsettled, 0.0

    owned = list(held.assets)
    if rule.outside and held.spot > 0:
        owned.append(Asset(held.spot, index, rule.spot, rule.spot_initial, cancels=True))
    elif held.spot:
        worth = held.spot * index / marks.stable
        parts.append(("spot", worth * moves))
        charges["spot"] = rule.spot * abs(held.spot) * index
        doubt += rule.distrust(trust) * abs(held.spot) * index
        value += worth
    if owned:
        worths = [asset.amount * asset.price / marks.stable for asset in owned]
        pairs = list(zip(owned, worths, strict=True))
        parts.append(("collateral", sum(worth for asset, worth in pairs if asset.cancels) * moves))
        charges["haircut"] = sum(asset.haircut * worth for asset, worth in pairs)
        extra["haircut"] = sum(asset.initial_haircut * worth for asset, worth in pairs)
        doubt += sum(rule.distrust(min(asset.trust, marks.trust)) * worth for asset, worth in pairs)
        value += sum(worths)
    if held.options:
        pnl, basis, worth = _discounted(held.options, rule)
        parts += zip(held.options.names, pnl.T, strict=True)
        naked = held.options.naked() * index
        charges["short options"], extra["short options"] = rule.short_option * naked, rule.short_option_initial * naked
        for years, many in zip(
            held.options.times.tolist(), (np.abs(held.options.amounts) @ held.options.members).tolist(), strict=True
        ):
            marked = marks.expiries.get(years)
            doubt += rule.distrust(trust if marked is None else min(trust, marked.trust)) * index * many
        value += worth

    charges = _some(charges)
    extra = _some({**(extra if rule.outside else {}), "low confidence": doubt})
    rows = *_, cell = _found(parts, scenarios, rule.skews)
    first = scenarios.factors[0] + rule.peg_factor * max(0.0, rule.peg_threshold - marks.stable)
    second = scenarios.factors[1]
    scanned, beside, more = max(0.0, -min(cell.pnl, basis)), sum(charges.values()), sum(extra.values())
    sums, added = r" + \sum_k c_k" if charges else "", r" + \sum_k d_k" if extra else ""
    if rule.outside:
        initial, maintenance = first * scanned + beside + more, second * scanned + beside
        loss = Term("L", "the larger of the two", scanned, "USD", r"\max(S, -B)")
        formulas = f"f L{sums}{added}", f"m L{sums}"
    else:
        initial, maintenance = first * (scanned + beside) + more, second * (scanned + beside)
        loss = Term("L", "the larger, and contingencies", scanned + beside, "USD", r"\max(S, -B)" + sums)
        formulas = f"f L{added}", "m L"
    head = (
        *_lost(rows),
        Term("B", "forwards alone", basis, "USD"),
        *_numbered("c", charges, "contingency"),
        loss,
    )
    return _unit(
        held,
        rule,
        rows,
        head,
        (
            Term("f", "initial factor", first),
            *_numbered("d", extra, "initial only"),
            Term("I", "initial margin", initial, "USD", formulas[0]),
        ),
        (
            Term("m", "maintenance factor", second),
            Term("M", "maintenance margin", maintenance, "USD", formulas[1]),
        ),
        value=value,
        delta=sum(held.deltas()),
        binding="basis" if basis < cell.pnl else "scenario",
        basis=basis,
        charges=charges,
        extra=extra,
    )


def _discounted(held: _Options, rule: MarginRule) -> tuple[FloatArray, float, float]:
    """P&L of each expiry in each row, the charge for the forwards, and what all options are worth now."""
    scenarios, count = rule.scenarios, len(rule.scenarios) + len(rule.skews)
    moved = (1.0 + scenarios.moves["price"]) * (1.0 + scenarios.moves["basis"])
    alone, moneyness = 1.0 + np.array(rule.basis_moves), np.log(held.strikes / (held.forward + held.fixed))
    volatilities = np.concatenate(
        [
            held.implied[None],
            scenarios.volatility(held.implied, held.years),
            *(held.implied * skew.factor(moneyness, held.years)[None] for skew in rule.skews),
            np.broadcast_to(held.implied, (len(alone), len(held.implied))),
        ]
    )
    factors = np.concatenate([[1.0], moved, np.ones(len(rule.skews)), alone])
    worth = held.worth(factors, volatilities, present=rule.present)
    now, then = worth[0], worth[1 : 1 + count]
    rate = (held.interest @ held.members) / held.members.sum(axis=0)
    kept = rule.discount * np.exp(-held.times * (rule.discount_rate * rate + rule.discount_spread))
    with np.errstate(over="ignore"):
        owed = rule.debt * np.exp(held.times * (rule.debt_rate * rate + rule.debt_spread))
        owed = np.minimum(owed, np.exp(rate * held.times) if rule.present else 1.0)
    pnl = np.where(then >= 0, kept, owed) * then - now
    pnl[len(scenarios) :] = -np.abs(pnl[len(scenarios) :])
    apart = np.minimum(0.0, worth[1 + count :].min(axis=0) - now)
    basis = float((apart * (rule.basis_charge + rule.basis_charge_year * held.times)).sum())
    return pnl, basis, float(now.sum())


def _floored(held: _Held, rule: FloorRule) -> Unit:
    parts, worth = _scanned(held, rule.scenarios)
    rows = *_, cell = _found(parts, rule.scenarios)
    deltas = held.deltas()
    net = sum(deltas)
    hedged = (sum(map(abs, deltas)) - abs(net)) / 2.0
    least = (rule.net * abs(net) + rule.hedged * hedged) * held.index
    loss = max(cell.loss, least)
    signed = held.coins * held.perpetual + held.usd
    charges = _some(
        {
            "fees": rule.fee * (abs(held.coins) * held.perpetual + abs(held.usd)),
            "funding": max(0.0, rule.funding * signed),
        }
    )
    beside, sums = sum(charges.values()), r" + \sum_k c_k" if charges else ""
    first, second = rule.scenarios.factors
    head = (
        *_lost(rows),
        Term(r"\Delta", "net delta", net, held.coin),
        Term("h", "hedged delta", hedged, held.coin),
        Term("D", "minimum of the delta", least, "USD"),
        Term("L", "the larger of the two", loss, "USD", r"\max(S, D)"),
        *_numbered("c", charges, "provision"),
    )
    return _unit(
        held,
        rule,
        rows,
        head,
        (
            Term("f", "initial factor", first),
            Term("I", "initial margin", first * loss + beside, "USD", f"f L{sums}"),
        ),
        (
            Term("m", "maintenance factor", second),
            Term("M", "maintenance margin", second * loss + beside, "USD", f"m L{sums}"),
        ),
        value=held.unsettled + held.spot * held.index + worth,
        delta=net,
        binding="scenario" if cell.loss >= least else "minimum of the delta",
        charges=charges,
    )


def _shocked(held: _Held, rule: ShockRule) -> Unit:
    scenarios, index = rule.scenarios, held.index
    moves = scenarios.moves["price"]
    far = np.abs(moves) > rule.reach * (1.0 + 1e-12)
    price = index * (1.0 + moves)
    # the P&L in USD at the moved price; a far row is scaled to the edge of the table, and converted there
    edge = np.where(far, index * (1.0 + np.sign(moves) * rule.reach), price)
    scale = np.where(far, rule.factor * rule.reach / np.maximum(np.abs(moves), rule.reach), 1.0)
    futures = dict(_futures(held, scenarios))
    parts: list[tuple[str, FloatArray]] = []
    worth = 0.0
    if "inverse" in futures:
        parts.append(("inverse", futures["inverse"] * scale * index / edge))
    if held.options:
        now, then = _moved(held.options, scenarios)
        worth = float(now.sum())
        in_coins = then / price[:, None] - now / index
        parts += zip(held.options.names, (in_coins * (price * scale * index / edge)[:, None]).T, strict=True)
    own = sum((pnl for _, pnl in parts), np.zeros(len(moves)))
    linear = futures.get("perpetual", np.zeros(len(moves))) * scale
    if "perpetual" in futures:
        parts.append(("perpetual", linear))
    room = np.where(far, (np.abs(moves) / rule.reach - 1.0) * rule.dampener, 0.0)
    pnl = np.zeros(len(moves))
    for part, most in ((own, room * index / edge), (linear, room)):
        damped = np.sign(part) * np.maximum(0.0, np.abs(part) - most)
        pnl += np.where(damped > 0, np.minimum(rule.offset_cap, rule.offset * damped), damped)
    shown, table, _, _ = _found(parts, scenarios)
    at = int(pnl.argmin())
    named = {name: float(move[at]) for name, move in scenarios.moves.items() if move[at]}
    cell = Cell(at, named, 1.0, float(pnl[at]), tuple(table[at].tolist()))
    by_time: dict[float, float] = {}
    for size, years in (*held.linear, *((usd / index, years) for usd, years in held.inverse)):
        by_time[years] = by_time.get(years, 0.0) + size
    if held.options:
        each = (held.options.deltas @ held.options.members).tolist()
        for years, delta in zip(held.options.times.tolist(), each, strict=True):
            by_time[years] = by_time.get(years, 0.0) + delta
    net = sum(by_time.values())
    size = min(rule.delta_share, rule.delta_slope * max(0.0, abs(net) - rule.delta_free / index))
    charges = _some(
        {
            "roll": index * sum(abs(delta) * max(rule.roll_year * t, rule.roll) for t, delta in by_time.items()),
            "delta": abs(net) * size * index,
        }
    )
    initial = cell.loss + sum(charges.values())
    head = (
        *_words(cell),
        *_numbered("x", dict(zip(shown, cell.contributions, strict=True)), "P&L"),
        Term("L", "worst loss, damped and offset", cell.loss, "USD"),
        *_numbered("c", charges, "charge"),
        Term("I", "initial margin", initial, "USD", r"L + \sum_k c_k" if charges else "L"),
    )
    return _unit(
        held,
        rule,
        (shown, table, pnl, cell),
        head,
        (),
        (
            Term("m", "maintenance factor", rule.maintenance),
            Term("M", "maintenance margin", rule.maintenance * initial, "USD", "m I"),
        ),
        value=held.unsettled + held.spot * index + worth,
        delta=net,
        binding="far row" if far[at] else "scenario",
        charges=charges,
    )


def _layered(held: _Held, rule: LayeredRule) -> Unit:
    parts, worth = _scanned(held, rule.scenarios)
    rows = *_, cell = _found(parts, rule.scenarios)
    net = sum(held.deltas())
    basis = rule.basis * abs(held.coins) * held.index
    least = float(size_charge(rule.minimum * abs(net) * held.index, rule.sizes, rule.multipliers))
    maintenance = max(cell.loss + basis, least)
    head = (
        *_lost(rows),
        Term("B", "charge for the basis", basis, "USD"),
        Term("D", "minimum by size", least, "USD"),
        Term("M", "maintenance margin", maintenance, "USD", r"\max(S + B, D)"),
    )
    return _unit(
        held,
        rule,
        rows,
        head,
        (
            Term("f", "initial factor", rule.initial_factor),
            Term("I", "initial margin", rule.initial_factor * maintenance, "USD", "f M"),
        ),
        (),
        value=held.unsettled + held.spot * held.index + worth,
        delta=net,
        binding="scenario" if cell.loss + basis >= least else "minimum by size",
        charges=_some({"basis": basis}),
    )


def _tiered(held: _Held, rule: TierRule) -> Unit:
    notional = abs(held.coins) * held.perpetual
    table = rule.tiers if isinstance(rule.tiers, Tiers) else rule.tiers.at(held.coins)
    tier = int(table.tier(notional))
    maintenance = float(table.maintenance(notional)) / rule.health
    leverage = table.max_leverage[tier] if table.max_leverage and rule.health == 1 else None
    first = None
    if leverage is not None:
        first = (
            Term("l", "highest leverage of its tier", leverage),
            Term("I", "initial margin", notional / leverage, "USD", r"\frac{N}{l}"),
        )
    whole = rule.health == 1
    return _unit(
        held,
        rule,
        ((), np.zeros((0, 0)), np.zeros(0), None),
        (Term("N", "notional", notional, "USD"),),
        first,
        (
            Term("r", "maintenance rate of its tier", table.rates[tier]),
            Term("c", "deduction of its tier", table.deductions[tier], "USD"),
            *(() if whole else (Term("h", "part of the value that it may be", rule.health),)),
            Term("M", "maintenance margin", maintenance, "USD", "r N - c" if whole else r"\frac{r N - c}{h}"),
        ),
        value=held.unsettled + held.spot * held.index,
        delta=sum(held.deltas()),
        binding="notional",
    )


_WORK: dict[type, Any] = {
    MarginRule: _manager,
    FloorRule: _floored,
    ShockRule: _shocked,
    LayeredRule: _layered,
    TierRule: _tiered,
}


def _margin(helds: Sequence[_Held], rules: Sequence[Rule], cash: float, fixed: float = 0.0) -> PortfolioMargin:
    """The coins under their rules, added up."""
    with np.errstate(over="ignore", invalid="ignore"):  # told below
        units = tuple(_WORK[type(rule)](held, rule) for held, rule in zip(helds, rules, strict=True))
    result = PortfolioMargin(units, cash, fixed)
    numbers = [result.maintenance, result.initial or 0.0, result.equity, *(unit.basis + unit.delta for unit in units)]
    if not all(map(math.isfinite, numbers)) or not all(np.isfinite(unit.parts_pnl).all() for unit in units):
        raise ValueError("quantities must be of sizes that floats can hold together: the margin is no number")
    return result


def portfolio_margin(
    book: Sequence[tuple[Contract, float]],
    market: Market,
    rule: Rule | Mapping[str, Rule],
    marks: Marks | Mapping[str, Marks] | None = None,
    *,
    collateral: Sequence[Asset] = (),
    unsettled: float = 0.0,
) -> PortfolioMargin:
    """What a rule asks of an account. Each coin is margined by itself, and the requirements are added up.

    Every coin moves by the scenarios' moves; the correlations of the market are not used.

    Parameters:
        book: pairs of a contract and its signed quantity: futures, options, the coin, and cash in USD.
        market: prices and implied volatilities before the stress.
        rule: from `published_rule`, or your own; or one for each coin.
        marks: what the venue marks beside the index, of the one coin or by coin; None where everything is on the index
            and nothing is in doubt.
        collateral: coins with haircuts of their own; under a `MarginRule` only.
        unsettled: P&L of the perpetuals that is not yet in the cash, USD; counts with the first coin.

    Returns:
        One unit a coin, and the sums: initial and maintenance margin in USD, `>= 0`; initial margin is None where the
        rule has none.

    Raises:
        ValueError: for an empty book, a foreign currency, a non-finite quantity, a debt with a haircut, a coin or
            option that the market does not price, a coin without a rule, contracts that a rule cannot margin, an expiry
            of the marks that no option has, or sizes that floats cannot hold together.

    Examples:
        >>> from perpnotes.contracts import Linear, Option
        >>> from perpnotes.stress import Market
        >>> market = Market({"BTC": 60_000.0}, {"BTC": 0.5})
        >>> call = Option("BTC", 66_000.0, 30 / 365)
        >>> book = [(Linear("BTC"), 1.0), (call, -3.0)]
        >>> rule = published_rule("derive_pmrm_v1")
        >>> account = portfolio_margin(book, market, rule)
        >>> print(account.why())
        worst row, from 0                 0          s
        price move                        0.2        price
        volatility move                   0.6        volatility
        P&L, perpetual               12,000.00 USD   x_1
        P&L, 30-day options         -25,140.00 USD   x_2
        weight of the row                 1          w
        worst loss                   13,140.00 USD   S = max(0, -w Σ_k x_k)
        forwards alone               -3,335.88 USD   B
        contingency, perpetual        1,800.00 USD   c_1
        contingency, short options    3,600.00 USD   c_2
        the larger, and              18,540.00 USD   L = max(S, -B) + Σ_k c_k
          contingencies
        initial factor                    1.25       f
        initial margin               23,175.00 USD   I = f L

    Source: in `perpnotes/_venues.py`, beside each rule.
    """
    none = isinstance(collateral, Sequence) and not len(collateral)
    owned = () if none else items("collateral", collateral, (Asset,))
    bare = bool(owned) and isinstance(book, Sequence) and not book
    contracts, sizes = ((), np.zeros(0)) if bare else legs(book, _KINDS)
    instance("market", market, Market)
    if foreign := [c.currency for c in contracts if isinstance(c, Cash) and c.currency != "USD"]:
        raise ValueError(f"book must hold cash in 'USD' only, got {foreign[0]!r}")
    coins = sorted({c.underlying for c in contracts if not isinstance(c, Cash)} | {a.coin for a in owned if a.coin})
    if not coins:
        coins = [next(iter(market.prices))]
    if len(coins) > 1 and any(not asset.coin for asset in owned):
        raise ValueError(f"coin of the collateral must be one of {', '.join(coins)}")
    rules = _by_coin("rule", rule, coins, _RULES)
    marked = _by_coin("marks", {} if marks is None else marks, coins, (Marks,))
    floating = scalar("unsettled", unsettled)
    helds: list[_Held] = []
    for coin in coins:
        mine = [asset for asset in owned if asset.coin in ("", coin)]
        held = _hold(coin, contracts, sizes, market, marked[coin], mine, 0.0 if helds else floating)
        _refuse(held, rules[coin])
        helds.append(held)
    return _margin(helds, [rules[coin] for coin in coins], _cash(contracts, sizes))


def _cash(contracts: Sequence[Any], sizes: FloatArray) -> float:
    counted = [q * (1.0 - c.haircut) for c, q in zip(contracts, sizes.tolist(), strict=True) if isinstance(c, Cash)]
    return float(sum(counted))


def _by_coin(name: str, given: Any, coins: Sequence[str], kinds: tuple[type, ...]) -> dict[str, Any]:
    """One thing for each coin: the same for all, or from a mapping; a coin without marks is on its index."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(coins, instance(name, given, *kinds))
    if kinds == (Marks,):
        given = {coin: given.get(coin, _ON_INDEX) for coin in coins}
    if missing := [coin for coin in coins if coin not in given]:
        raise ValueError(f"{name} must name {', '.join(missing)} too")
    return {coin: instance(name, given[coin], *kinds) for coin in coins}


_ON_INDEX = Marks()


def _refuse(held: _Held, rule: Rule) -> None:
    """A `ValueError` for positions that the shape of the rule has no place for."""
    if held.assets and not isinstance(rule, MarginRule):
        raise ValueError(f"collateral must be empty under a {type(rule).__name__}")
    if isinstance(rule, TierRule) and (held.inverse or held.options):
        raise ValueError("book must hold Linear or Spot or Cash under a TierRule")
    if isinstance(rule, LayeredRule) and (held.inverse or any(years for _, years in held.linear)):
        raise ValueError("book must hold linear perpetuals, Option, Spot or Cash under a LayeredRule")


# --- What venues publish ---


@dataclass(frozen=True, eq=False, slots=True)
class Venue(ByValue):
    """A venue's rule, for the coins and contracts for which its documents are complete.

    Parameters:
        name: a short name, such as `"paradex_2026_08"`.
        title: as a reader knows it.
        date: of the document, `YYYY-MM` or `YYYY-MM-DD`.
        rules: the rule of each coin.
        fixed: what it asks of every account, USD, `>= 0`.
        inverse: True where its futures are inverse: a linear position is margined as an inverse one of its notional.
        without: kinds of contracts whose treatment is not documented, each with what is missing: a book with one is not
            covered.
        least: kinds of contracts for which a charge is missing, each with what it is: the margin of a book with one is
            a lower bound.
        note: what is left out for every book, and which parameters are not the venue's own word.

    Raises:
        ValueError: for something else than rules, or an unknown kind of contract.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> from perpnotes.margin import Tiers
        >>> from perpnotes.stress import Market
        >>> rules = {"BTC": TierRule(Tiers.flat(0.01))}
        >>> mine = Venue("mine", "My rule", "2026-11", rules)
        >>> book, market = [(Linear("BTC"), 1.0)], Market({"BTC": 60_000.0})
        >>> compare(book, market, among=[mine]).rows[0].maintenance
        600.0
    """

    name: str
    title: str
    date: str
    rules: Mapping[str, Rule]
    fixed: float = 0.0
    inverse: bool = False
    without: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("name", "title", "date"):
            text(name, getattr(self, name))
        scalar("fixed", self.fixed, ge=0)
        flag("inverse", self.inverse)
        if not isinstance(self.rules, Mapping) or not self.rules:
            raise ValueError(f"rules must be a mapping from coins to rules, got {brief(self.rules)}")
        items("rules", self.rules.values(), _RULES)
        for name in ("without", "least"):
            if not isinstance(getattr(self, name), Mapping):
                raise ValueError(f"{name} must be a mapping, got {brief(getattr(self, name))}")
            for kind in getattr(self, name):
                one_of(f"{name} of the venue", kind, ("Linear", "Inverse", "Option", "Spot"))
        freeze(self)


def _managers(**coins: str) -> dict[str, Rule]:
    return {coin: _manager_rule(name) for coin, name in coins.items()}


def _manager_rule(name: str) -> MarginRule:
    grid = "derive_pmrm_v2" if name == "derive_pmrm_v2_btc" else name
    skews = () if name == "derive_pmrm_v1" else tuple(Skew(**skew) for skew in SKEWS)
    return MarginRule(published_grid(grid), skews=skews, **CHARGES[name])


@cache
def _published() -> dict[str, Venue]:
    """Every rule that is complete enough to compute, those without scenarios first."""
    options_apart = "options are margined in a way that is not in these documents"
    no_inverse = "its contracts are linear"
    layers = LAYERS["okx_2025"]

    def tiers(venue: str, date: str, health: float, **tables: str) -> dict[str, Rule]:
        return {coin: TierRule(published_tiers(f"{venue}_{table}_{date}"), health) for coin, table in tables.items()}

    made = [
        Venue(
            "binance_tiers_2024_10", "Binance, tiers", "2024-10-24",
            tiers("binance", "2024_10", 1.0, BTC="btcusdt", ETH="ethusdt"),
            without={"Inverse": "coin-margined contracts have other tables"}, least={"Option": options_apart},
        ),
        Venue(
            "bybit_tiers_2025_12", "Bybit, tiers", "2025-12-29",
            tiers("bybit", "2025_12", 1.0, BTC="btcusdt", ETH="ethusdt"),
            without={"Inverse": "coin-margined contracts have other tables"}, least={"Option": options_apart},
            note="without the fee of the close, which both margins hold; Bitcoin's first tier was split by 2026-09",
        ),
        Venue(
            "okx_tiers_2026_05", "OKX, tiers", "2026-05-28",
            {coin: TierRule(published_size_tiers(f"okx_{coin.lower()}usdt_2026_05")) for coin in ("BTC", "ETH")},
            without={"Inverse": "coin-margined contracts have other tables"}, least={"Option": options_apart},
            note="without the fee of the close, which is compared with the account's equity too",
        ),
        Venue(
            "hyperliquid_tiers_2025", "Hyperliquid, tiers", "2025",
            tiers("hyperliquid", "2025", 1.0, BTC="btc", ETH="eth", SOL="sol"),
            without={"Inverse": no_inverse}, least={"Option": "it lists none"},
        ),
        Venue(
            "hyperliquid_pm_2025_12", "Hyperliquid, portfolio margin", "2025-12",
            tiers("hyperliquid", "2025", 0.95, BTC="btc", ETH="eth", SOL="sol"), 20.0 / 0.95,
            without={"Inverse": no_inverse}, least={"Option": "it lists none"},
            note="no scenarios and no initial margin: the tiers again, over 95 % of what the account counts",
        ),
        Venue(
            "okx_pm_2025_01", "OKX, portfolio margin", "2025-01", dict.fromkeys(("BTC", "ETH"), LayeredRule(**layers)),
            without={
                "Inverse": "its formulas are stated for linear contracts",
                "Spot": "how a coin is set against a perpetual is not in these documents",
            },
            least={"Option": "no volatility table, and no formulas for theta (MR2), vega (MR3) and rates (MR5)"},
            note="charges for basis and minimum follow from one published answer; the sizes are a third party's word",
        ),
        Venue(
            "paradex_2026_08", "Paradex", "2026-08-20",
            {
                **dict.fromkeys(("BTC", "ETH"), FloorRule(published_grid("paradex"), **FLOORS["paradex"])),
                "HYPE": FloorRule(published_grid("paradex_hype"), **FLOORS["paradex_hype"]),
            },
            without={"Inverse": no_inverse, "Spot": "how a coin is set against a perpetual is not in this document"},
            note="without the provisions for funding and fees",
        ),
        Venue(
            "deribit_2024_06", "Deribit, S:PM", "2024-06 and 2026-02",
            {"BTC": ShockRule(**SHOCKS["deribit_btc_2024_06"]), "ETH": ShockRule(**SHOCKS["deribit_eth_2026_02"])},
            inverse=True,
            note="as inverse contracts, whose coin is the account's currency; Bitcoin's parameters are of 2024-06-17, "
            "Ether's of 2026-02-15, the delta shock is a third party's word",
        ),
        Venue(
            "derive_pmrm_v1", "Derive, first manager", "2026-01-21",
            dict.fromkeys(("BTC", "ETH"), _manager_rule("derive_pmrm_v1")),
            without={"Inverse": no_inverse}, note="parameters of the deployment script",
        ),
        Venue(
            "derive_pmrm_v2", "Derive, second manager", "2025-26",
            _managers(
                BTC="derive_pmrm_v2_btc", ETH="derive_pmrm_v2", SOL="derive_pmrm_v2_sol", HYPE="derive_pmrm_v2_hype",
            ),
            without={"Inverse": no_inverse}, note="parameters of the documentation",
        ),
        Venue(
            "derive_pmrm_v2_2026_08", "Derive, second manager, on chain", "2026-08-20",
            _managers(
                BTC="derive_pmrm_v2_2026_08", ETH="derive_pmrm_v2_2026_08_eth", HYPE="derive_pmrm_v2_2026_08_hype",
            ),
            without={"Inverse": no_inverse}, note="parameters of the contracts as a third party read them",
        ),
    ]  # fmt: skip
    return {venue.name: venue for venue in made}


def venues(coin: str | None = None) -> tuple[Venue, ...]:
    """Every published rule that `compare` knows, those without scenarios first.

    Parameters:
        coin: only venues that have a rule for this coin; None for all.

    Raises:
        ValueError: for something else than the name of a coin.

    Examples:
        >>> for venue in venues():
        ...     print(venue.name)
        binance_tiers_2024_10
        bybit_tiers_2025_12
        okx_tiers_2026_05
        hyperliquid_tiers_2025
        hyperliquid_pm_2025_12
        okx_pm_2025_01
        paradex_2026_08
        deribit_2024_06
        derive_pmrm_v1
        derive_pmrm_v2
        derive_pmrm_v2_2026_08
        >>> [venue.name for venue in venues("SOL")]
        ['hyperliquid_tiers_2025', 'hyperliquid_pm_2025_12', 'derive_pmrm_v2']

    Source: in `perpnotes/_venues.py`, beside each rule.
    """
    every = tuple(_published().values())
    return every if coin is None else tuple(venue for venue in every if text("coin", coin) in venue.rules)


def published_rule(name: str, coin: str = "BTC") -> Any:
    """A venue's rule for a coin, as its documents have it.

    Parameters:
        name: of one of `venues`, which lists them, such as `derive_pmrm_v1`.
        coin: one for which that venue's documents have parameters.

    Returns:
        A `TierRule`, `FloorRule`, `MarginRule`, `ShockRule` or `LayeredRule`, for `portfolio_margin`.

    Raises:
        ValueError: for an unknown name or coin.

    Examples:
        >>> rule = published_rule("derive_pmrm_v1")
        >>> rule.scenarios.factors, rule.perpetual
        ((1.25, 1.0), 0.03)

    Source: in `perpnotes/_venues.py`, beside each rule.
    """
    venue = _published()[one_of("name", name, tuple(_published()))]
    return venue.rules[one_of("coin", coin, tuple(venue.rules))]


@dataclass(frozen=True, eq=False, slots=True)
class Row(ByValue):
    """A book under one venue's rule. Made by `compare`.

    Parameters:
        venue: the venue and its rule.
        status: `"complete"`; `"at least"` where a charge is missing, so that the margins are lower bounds; or `"not
            covered"`.
        missing: what the venue's documents lack for this book; empty where it is complete.
        account: the account behind the row; None where it is not covered.
    """

    venue: Venue
    status: Literal["complete", "at least", "not covered"]
    missing: str
    account: PortfolioMargin | None

    @property
    def offset(self) -> float | None:
        """What the rule takes off because of the other coins, USD: 0 where coins are added up, as all of these do."""
        if self.account is None:
            return None
        return self.account.fixed + sum(unit.maintenance for unit in self.account.units) - self.account.maintenance

    @property
    def initial(self) -> float | None:
        """Initial margin, USD; None where it is not covered or the rule has none."""
        return None if self.account is None else self.account.initial

    @property
    def maintenance(self) -> float | None:
        """Maintenance margin, USD; None where it is not covered."""
        return None if self.account is None else self.account.maintenance

    @property
    def worst(self) -> Cell | None:
        """The worst row of the coin with the largest requirement; None for a rule without scenarios."""
        return None if self.account is None else self.account.worst

    @property
    def binding(self) -> str:
        """What sets the requirement of that coin; empty where it is not covered."""
        return "" if self.account is None else self.account.binding

    def why(self, what: Literal["initial", "maintenance"] = "initial") -> Derivation:
        """The terms behind a margin.

        Parameters:
            what: `"initial"` or `"maintenance"`.

        Raises:
            ValueError: for another word, or a book that is not covered.
        """
        one_of("what", what, ("initial", "maintenance"))
        if self.account is None:
            raise ValueError(f"what must be asked of a book that is covered: {self.missing}")
        return self.account.why(what)


@dataclass(frozen=True, eq=False, slots=True)
class Comparison(ByValue):
    """A book under several rules. Made by `compare`.

    Parameters:
        rows: one for each venue, in their order.
    """

    rows: tuple[Row, ...]

    def row(self, name: str) -> Row:
        """The row of a venue.

        Parameters:
            name: of the venue.

        Raises:
            ValueError: for a venue that is not compared.
        """
        names = [row.venue.name for row in self.rows]
        return self.rows[names.index(one_of("name", name, names))]

    def table(self) -> tuple[dict[str, Any], ...]:
        """The rows as plain values, for a page or a file: text, numbers in USD, None for what there is not.

        Examples:
            >>> from perpnotes.contracts import Linear
            >>> from perpnotes.stress import Market
            >>> book, market = [(Linear("BTC"), 1.0)], Market({"BTC": 60_000.0})
            >>> rows = compare(book, market).table()
            >>> list(rows[0])
            ['venue', 'title', 'date', 'status', 'missing', 'note', 'initial', 'maintenance', 'worst', 'binding',
             'offset']
            >>> rows[6]["title"], round(rows[6]["maintenance"]), rows[6]["worst"]
            ('Paradex', 4800, {'price': -0.16, 'volatility': 0.4})
        """
        return tuple(
            {
                "venue": row.venue.name,
                "title": row.venue.title,
                "date": row.venue.date,
                "status": row.status,
                "missing": row.missing,
                "note": row.venue.note,
                "initial": row.initial,
                "maintenance": row.maintenance,
                "worst": None if row.worst is None else dict(row.worst.moves),
                "binding": row.binding,
                "offset": row.offset,
            }
            for row in self.rows
        )

    def ranked(self, what: Literal["initial", "maintenance"] = "maintenance") -> tuple[Row, ...]:
        """The rows that are complete and have that margin, the lowest first.

        Parameters:
            what: `"initial"` or `"maintenance"`.

        Raises:
            ValueError: for another word.
        """
        one_of("what", what, ("initial", "maintenance"))
        whole = [row for row in self.rows if row.status == "complete" and getattr(row, what) is not None]
        return tuple(sorted(whole, key=lambda row: getattr(row, what)))


def compare(
    book: Sequence[tuple[Contract, float]],
    market: Market,
    marks: Marks | Mapping[str, Marks] | None = None,
    *,
    among: Sequence[Venue] | None = None,
) -> Comparison:
    """A book under the rule of each venue.

    A row is complete where the venue's documents have all that the book needs. Where a coin has no rule there, or a
    charge is missing, the rest is a lower bound; where it cannot be known what a contract is set against, it is not
    covered.

    Parameters:
        book: pairs of a contract and its signed quantity: futures, options, the coin, and cash in USD.
        market: prices and implied volatilities.
        marks: as in `portfolio_margin`.
        among: the venues; None for all of `venues`.

    Returns:
        One row a venue, in the order of the venues: its status, and both margins in USD, None where there is none.

    Raises:
        ValueError: as `portfolio_margin`, for what no venue could margin, or for something else than venues.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> from perpnotes.stress import Market
        >>> found = compare([(Linear("BTC"), 1.0)], Market({"BTC": 60_000.0}))
        >>> for row in found.ranked():
        ...     print(f"{row.venue.title:32} {row.maintenance:7,.0f}")
        OKX, tiers                           240
        Binance, tiers                       250
        Bybit, tiers                         300
        Hyperliquid, tiers                   750
        Hyperliquid, portfolio margin        811
        Paradex                            4,800
        Derive, second manager, on chain   7,170
        OKX, portfolio margin              7,320
        Deribit, S:PM                      9,623
        Derive, second manager            10,440
        Derive, first manager             13,800
        >>> print(found.row("paradex_2026_08").why("maintenance"))
        worst row, from 0          15          s
        price move                 -0.16       price
        volatility move             0.4        volatility
        P&L, perpetual         -9,600.00 USD   x_1
        weight of the row           1          w
        worst loss              9,600.00 USD   S = max(0, -w Σ_k x_k)
        net delta                   1.00 BTC   Δ
        hedged delta                0.00 BTC   h
        minimum of the delta    1,200.00 USD   D
        the larger of the two   9,600.00 USD   L = max(S, D)
        maintenance factor          0.5        m
        maintenance margin      4,800.00 USD   M = m L
    """
    chosen = venues() if among is None else items("among", among, (Venue,))
    contracts, sizes = legs(book, _KINDS)
    instance("market", market, Market)
    coins = sorted({contract.underlying for contract in contracts if not isinstance(contract, Cash)})
    if not coins:
        raise ValueError("book must hold a contract on a coin, got cash alone")
    marked = _by_coin("marks", {} if marks is None else marks, coins, (Marks,))
    helds = [_hold(coin, contracts, sizes, market, marked[coin]) for coin in coins]
    cash = _cash(contracts, sizes)
    return Comparison(tuple(_row(venue, helds, cash) for venue in chosen))


def _row(venue: Venue, helds: Sequence[_Held], cash: float) -> Row:
    lower: list[str] = []
    kept: list[_Held] = []
    for held in helds:
        kinds = {"Linear": held.linear, "Inverse": held.inverse, "Option": held.options, "Spot": held.spot}
        if missing := [why for kind, why in venue.without.items() if kinds[kind]]:
            return Row(venue, "not covered", "; ".join(missing), None)
        lower += [why for kind, why in venue.least.items() if kinds[kind]]
        rule = venue.rules.get(held.coin)
        if rule is None:
            lower.append(f"no rule for {held.coin}")
            continue
        if held.spot and isinstance(rule, MarginRule) and not rule.spot:
            lower.append(f"no haircut for {held.coin}")
        if venue.inverse:
            as_inverse = tuple((coins * held.perpetual, years) for coins, years in held.linear)
            held = replace(held, linear=(), inverse=held.inverse + as_inverse)
        if isinstance(rule, TierRule):
            held = replace(held, options=None)
        kept.append(held)
    missing_here = "; ".join(dict.fromkeys(lower))
    if not any(held.linear or held.inverse or held.options or held.spot for held in kept):
        return Row(venue, "not covered", missing_here, None)
    account = _margin(kept, [venue.rules[held.coin] for held in kept], cash, venue.fixed)
    return Row(venue, "at least" if lower else "complete", missing_here, account)

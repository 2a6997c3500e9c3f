"""Portfolio margin stress grids: scenarios on named axes, each instrument valued once in each of them.

A book's P&L in a scenario is `quantities @ unit_pnl`: the instruments are valued once per scenario, never once per
position, so that a million accounts on the same instruments are one blocked matrix product.

How a scenario moves the market:

- `price` is the relative move of the market's *driver*. Without a correlation matrix every underlying makes the same
  move. With one, each log price moves by its beta to the driver's: `P_i (1 + r)^b_i` with
  `b_i = ((1 - theta) rho_i + theta) * sigma_i / sigma_driver`, the median of a jointly lognormal move: `P_i` is the
  price, `r` the driver's move, `rho_i` the correlation with the driver and `sigma_i` the volatility.
- `correlation` is `theta` in `[0, 1]`: 0 is the market's own matrix, 1 is every correlation at one.
- `volatility` is the relative move of every implied volatility.
- `basis` moves perpetuals, futures and option forwards on top of the index; spot stays on the index.
- `funding` is paid once on the shocked notional of perpetuals: longs pay a rate above 0.
- `fx` is the relative move of every currency but the USD, in USD.
- an *own* move of an underlying comes on top of what it does with the driver: without one, no scenario asks what it
  does by itself.

`evaluate` is the scenario part of a rule, over several underlyings. What a venue charges beside it, and its whole rule,
is `perpnotes.portfolio`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from perpnotes import _labels
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._legs import legs
from perpnotes._types import ArrayLike, FloatArray
from perpnotes._validate import brief, flag, instance, items, numbers, one_of, real, scalar, text, whole
from perpnotes._venues import GRIDS
from perpnotes.contracts import Cash, Contract, Inverse, Linear, Option, Spot, option_value
from perpnotes.correlation import check

__all__ = [
    "AXES",
    "Cell",
    "Evaluation",
    "Market",
    "Netting",
    "Scenarios",
    "WorstAccounts",
    "evaluate",
    "grid",
    "listed",
    "merge_worst",
    "published_grid",
    "unit_pnl",
    "worst_accounts",
    "worst_cases",
]

AXES = ("price", "volatility", "correlation", "basis", "funding", "fx")
"""The names of the axes, in the order in which `grid` nests them (the last varies fastest)."""

_CONTRACTS = (Linear, Inverse, Option, Spot, Cash)
_OWN = "own "


# --- Market and scenarios ---


@dataclass(frozen=True, eq=False, slots=True)
class Market(ByValue):
    """Where the market stands before the stress.

    Parameters:
        prices: index price of each underlying, `> 0`, USD per coin. The first is the driver.
        volatilities: volatility of each underlying per square root of a year, `> 0`; needed with `correlation`, and as
            the implied volatility of options that `implied` does not name.
        correlation: correlation matrix in the order of `prices`, or None: all move alike. The labels of a data frame
            must be the names of `prices` in their order.
        implied: implied volatility of single options, `>= 0`.
        fx: USD for one unit of each currency, `> 0`; USD itself is 1.

    Raises:
        ValueError: for what is no mapping, a value outside its range, a missing volatility, labels that differ, or a
            matrix that is no correlation matrix.
    """

    prices: Mapping[str, float]
    volatilities: Mapping[str, float] = field(default_factory=dict)
    correlation: FloatArray | None = None
    implied: Mapping[Option, float] = field(default_factory=dict)
    fx: Mapping[str, float] = field(default_factory=dict)

    if TYPE_CHECKING:  # a list of lists or a data frame goes in, an array comes out

        def __init__(
            self,
            prices: Mapping[str, float],
            volatilities: Mapping[str, float] = {},
            correlation: ArrayLike | None = None,
            implied: Mapping[Option, float] = {},
            fx: Mapping[str, float] = {},
        ) -> None: ...

    def __post_init__(self) -> None:
        for name, values, lowest in (
            ("prices", self.prices, "gt"),
            ("fx", self.fx, "gt"),
            ("implied", self.implied, "ge"),
            ("volatilities", self.volatilities, "gt"),
        ):
            if not isinstance(values, Mapping):
                raise ValueError(f"{name} must be a mapping, got {brief(values)}")
            for key, value in values.items():
                scalar(f"{name}[{key!r}]", value, **{lowest: 0.0})
        if not self.prices:
            raise ValueError("prices must not be empty")
        if self.fx.get("USD", 1.0) != 1:
            raise ValueError(f"fx['USD'] must be 1, got {self.fx['USD']:g}")
        if self.implied:
            items("implied", self.implied, (Option,))
        if self.correlation is None:
            freeze(self)
            return
        names = list(self.prices)
        for axis in ("index", "columns"):
            _labels.agree(f"{axis} of correlation", _labels.of(self.correlation, axis), "prices", names)
        matrix = check(self.correlation)
        if matrix.shape != (len(self.prices), len(self.prices)):
            raise ValueError(f"correlation must be {len(self.prices)}×{len(self.prices)}, got shape {matrix.shape}")
        if missing := self.prices.keys() - self.volatilities.keys():
            raise ValueError(f"volatilities must name {', '.join(sorted(missing))} too: betas need them")
        object.__setattr__(self, "correlation", matrix)
        freeze(self)

    def implied_volatilities(self, options: Sequence[Option]) -> FloatArray:
        """The implied volatility of each of `K` options, shape `(K,)`: its own, else that of its underlying.

        Parameters:
            options: the options, at least one.

        Returns:
            Per square root of a year, `>= 0`.

        Raises:
            ValueError: for no options, or one whose volatility the market does not state.

        Examples:
            >>> from perpnotes.contracts import Option
            >>> market = Market({"BTC": 60_000.0}, {"BTC": 0.5})
            >>> market.implied_volatilities([Option("BTC", 66_000.0, 0.1)])
            array([0.5])
        """
        members = items("options", options, (Option,))
        implied = [self.implied.get(option, self.volatilities.get(option.underlying)) for option in members]
        if None in implied:
            missing = members[implied.index(None)]
            raise ValueError(f"implied or volatilities of the market must give a volatility for {missing!r}")
        return np.array(implied)

    def beta(self, underlying: str, theta: ArrayLike) -> FloatArray:
        """Beta of an underlying to the driver at correlation stress `theta`: 1 for all without a correlation matrix.

        Parameters:
            underlying: one of `prices`.
            theta: correlation stress, in `[0, 1]`; any shape.

        Returns:
            Relative to the driver's log move, the shape of `theta`: 1 for the driver, `< 0` for what moves against it.

        Raises:
            ValueError: for an unknown underlying, or a `theta` outside its range or above 0 without a matrix.

        Examples:
            >>> prices = {"BTC": 60_000.0, "ETH": 3_000.0}
            >>> volatilities = {"BTC": 0.5, "ETH": 0.7}
            >>> market = Market(prices, volatilities, [[1.0, 0.8], [0.8, 1.0]])
            >>> market.beta("ETH", [0.0, 1.0]).round(6)
            array([1.12, 1.4 ])
        """
        names = list(self.prices)
        one_of("underlying", underlying, names)
        stressed = real("theta", theta, ge=0, le=1)
        if self.correlation is None:
            if stressed.any():
                raise ValueError("theta must be 0 in a market without a correlation matrix")
            return np.ones_like(stressed)
        rho = self.correlation[0, names.index(underlying)]
        scale = self.volatilities[underlying] / self.volatilities[names[0]]
        beta: FloatArray = ((1.0 - stressed) * rho + stressed) * scale
        return beta


@dataclass(frozen=True, eq=False, slots=True)
class Scenarios(ByValue):
    """A set of `S` scenarios: a move on each axis and a weight on the P&L.

    Made by `grid` (every combination of the values of its axes) or `listed` (one row each), from which
    `published_grid` takes a venue's.

    Parameters:
        moves: the move on each of `AXES`, arrays of shape `(S,)`; fractions, `theta` for correlation. Beside them
            `"own ETH"` is a move that Ether makes by itself, and so for each underlying.
        weight: factor on the P&L of each scenario, `>= 0`, shape `(S,)`: below 1 for dampened tail rows.
        axes: values of each axis of a full grid, in order; empty for a list of rows.
        term: exponents of `(30 days / max(term_floor, time to expiry))` that scale a volatility move up to and beyond
            30 days; None moves every expiry alike.
        factors: what multiplies the worst loss for initial and for maintenance margin, `> 0`.
        lowest: the least that an implied volatility is in each scenario, after the move, `>= 0`, shape `(S,)`; None
            for 0. Venues have it in the rows in which volatility rises.
        term_floor: days to expiry below which no volatility move grows, `>= 0`.
        points: True where a volatility move is added to implied volatilities; else they are multiplied by 1 plus it.

    Raises:
        ValueError: for an axis that is missing or unknown, shapes that differ, or a value outside its range.
    """

    moves: Mapping[str, FloatArray]
    weight: FloatArray
    axes: Mapping[str, FloatArray]
    term: tuple[float, float] | None = None
    factors: tuple[float, float] = (1.0, 1.0)
    lowest: FloatArray = None  # type: ignore[assignment]  # always an array once made
    term_floor: float = 1.0
    points: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.moves, Mapping) or not self.moves.keys() >= set(AXES):
            raise ValueError(f"moves must name {', '.join(AXES)}, got {brief(self.moves)}")
        own = [name for name in self.moves if name not in AXES]
        if strange := [name for name in own if not str(name).startswith(_OWN)]:
            raise ValueError(f"moves must be named as {', '.join(AXES)} or 'own …', got {brief(strange[0])}")
        bounds: dict[str, Any] = {"volatility": {}, "correlation": {"ge": 0, "le": 1}, "funding": {}}
        moves = {name: real(name, move, **bounds.get(name, {"gt": -1})) for name, move in self.moves.items()}
        weight = real("weight", self.weight, ge=0, ndim=1)
        lowest = np.zeros(weight.shape) if self.lowest is None else real("lowest", self.lowest, ge=0)
        if lowest.shape != weight.shape:
            raise ValueError(f"lowest must have shape {weight.shape} like weight, got {lowest.shape}")
        scalar("term_floor", self.term_floor, ge=0)
        flag("points", self.points)
        for name, move in moves.items():
            if move.shape != weight.shape:
                raise ValueError(f"{name} must have shape {weight.shape} like weight, got {move.shape}")
        for name, pair in (("term", (0.0, 0.0) if self.term is None else self.term), ("factors", self.factors)):
            if real(name, pair, ge=0).shape != (2,):
                raise ValueError(f"{name} must be two numbers, got {pair!r}")
        real("factors", self.factors, gt=0)
        object.__setattr__(self, "moves", moves)
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "lowest", lowest)
        freeze(self)

    def __len__(self) -> int:
        return len(self.weight)

    def volatility(self, implied: ArrayLike, years: ArrayLike) -> FloatArray:
        """The implied volatility of each of `K` options in each scenario, shape `(S, K)`; never below 0.

        `max(lowest, implied (1 + move g))` with `g = (30 days / max(term_floor, time))^p`, where `p` is the exponent
        that `term` has for that expiry, or 0 without one; `implied + move g` where the moves are points.

        Parameters:
            implied: implied volatilities now, `>= 0`, shape `(K,)`.
            years: time to each expiry in years, `>= 0`, shape `(K,)`.

        Raises:
            ValueError: for a value outside its range, or shapes that differ.

        Examples:
            >>> scenarios = listed([0.1, -0.1], [0.4, -0.2], lowest=[0.4, 0.0])
            >>> scenarios.volatility([0.2, 0.5], [0.1, 0.1]).round(6).tolist()
            [[0.4, 0.7], [0.16, 0.4]]
        """
        before, time = real("implied", implied, ge=0, ndim=1), real("years", years, ge=0, ndim=1)
        if before.shape != time.shape:
            raise ValueError(f"years must have shape {before.shape} like implied, got {time.shape}")
        move = self.moves["volatility"][:, None]
        if self.term is not None:
            days = 365.0 * time
            power = np.where(days <= 30.0 * (1.0 + 1e-12), *self.term)
            move = move * (30.0 / np.maximum(max(self.term_floor, 1e-9), days)) ** power
        after = before + move if self.points else before * np.maximum(0.0, 1.0 + move)
        result: FloatArray = np.maximum(self.lowest[:, None], after)
        return result


def grid(
    *,
    price: ArrayLike = 0.0,
    volatility: ArrayLike = 0.0,
    correlation: ArrayLike = 0.0,
    basis: ArrayLike = 0.0,
    funding: ArrayLike = 0.0,
    fx: ArrayLike = 0.0,
    own: Mapping[str, ArrayLike] | None = None,
) -> Scenarios:
    """Every combination of the values of the named axes, each with weight 1.

    Parameters:
        price: relative moves of the driver, `> -1`.
        volatility: relative moves of the implied volatilities; below -1 they are 0.
        correlation: correlation stress `theta`, in `[0, 1]`.
        basis: relative moves of perpetuals and forwards on top of the index, `> -1`.
        funding: funding rates paid once on the shocked notional; longs pay `> 0`.
        fx: relative moves of currencies other than USD, `> -1`.
        own: relative moves that an underlying makes on top of what it does with the driver, `> -1`; by its name.

    Returns:
        The scenarios, as many as there are combinations; their `axes` leave out what has the one value 0.

    Raises:
        ValueError: for an empty axis, more than one dimension, repeated values or a value outside its range.

    Examples:
        >>> falls, stress = [-0.16, 0.0, 0.16], [0.0, 0.5, 1.0]
        >>> scenarios = grid(price=falls, correlation=stress)
        >>> len(scenarios), list(scenarios.axes)
        (9, ['price', 'correlation'])
        >>> list(grid(price=[-0.16, 0.16], own={"ETH": [-0.1, 0.0, 0.1]}).axes)
        ['price', 'own ETH']
    """
    given = {"price": price, "volatility": volatility, "correlation": correlation}
    given |= {"basis": basis, "funding": funding, "fx": fx}
    if own is not None:
        if not isinstance(own, Mapping):
            raise ValueError(f"own must be a mapping, got {brief(own)}")
        given |= {_OWN + text("own", name): value for name, value in own.items()}
    values = {name: np.atleast_1d(real(name, value)) for name, value in given.items()}
    for name, axis in values.items():
        if axis.ndim != 1 or len(set(axis.tolist())) != len(axis):
            raise ValueError(f"{name} must be one-dimensional without repeated values, got {brief(given[name])}")
    mesh = np.meshgrid(*values.values(), indexing="ij")
    return Scenarios(
        moves={name: points.ravel() for name, points in zip(given, mesh, strict=True)},
        weight=np.ones(mesh[0].size),
        axes={name: axis for name, axis in values.items() if len(axis) > 1 or axis[0] != 0},
    )


def listed(
    price: ArrayLike,
    volatility: ArrayLike,
    weight: ArrayLike = 1.0,
    *,
    term: tuple[float, float] | None = None,
    factors: tuple[float, float] = (1.0, 1.0),
    lowest: ArrayLike = 0.0,
    term_floor: float = 1.0,
    points: bool = False,
) -> Scenarios:
    """Scenarios that are a list of rows, as venues publish theirs: a price and a volatility move each.

    Parameters:
        price: relative move of the driver in each row, `> -1`, shape `(S,)`.
        volatility: relative move of the implied volatilities, shape `(S,)`; below -1 they are 0.
        weight: factor on the P&L of the rows, `>= 0`; a number or shape `(S,)`.
        term: as in `Scenarios`, each `>= 0`.
        factors: as in `Scenarios`, each `> 0`.
        lowest: as in `Scenarios`, `>= 0`; a number or shape `(S,)`.
        term_floor: as in `Scenarios`, `>= 0`.
        points: as in `Scenarios`.

    Returns:
        The scenarios in the order of the rows, without `axes`: there is no grid to draw a surface of.

    Raises:
        ValueError: for shapes that do not fit, an empty array or a value outside its range.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> crash_and_squeeze = listed([-0.3, 0.3], [0.5, 0.5])
        >>> market = Market({"BTC": 60_000.0})
        >>> short = [(Linear("BTC"), -1.0)]
        >>> evaluate(short, market, crash_and_squeeze).worst.loss
        18000.0
    """
    moves = {axis: np.zeros(real("price", price, ndim=1).size) for axis in AXES}
    moves["price"], moves["volatility"] = real("price", price), real("volatility", volatility)
    shape = moves["price"].shape
    if moves["volatility"].shape != shape:
        raise ValueError(f"volatility must have shape {shape} like price, got {moves['volatility'].shape}")
    each = {}
    for name, value in (("weight", real("weight", weight)), ("lowest", real("lowest", lowest))):
        if value.shape not in ((), shape):
            raise ValueError(f"{name} must be one number or have shape {shape}, got {value.shape}")
        each[name] = np.broadcast_to(value, shape)
    return Scenarios(moves, each["weight"], {}, term, factors, each["lowest"], term_floor, points)


def published_grid(name: str) -> Scenarios:
    """The price and volatility scenarios of a venue's portfolio margin, with its dampened tail rows.

    It is the scenario part of the venue's rule only: contingencies, minimum charges, fee provisions and rows that turn
    the volatility surface are not in it. They are in `portfolio.published_rule`.

    Parameters:
        name: `"paradex"`, `"paradex_hype"`, `"derive_pmrm_v1"`, `"derive_pmrm_v2"`, `"derive_pmrm_v2_sol"`,
            `"derive_pmrm_v2_hype"`, `"derive_pmrm_v2_2026_08"`, `"derive_pmrm_v2_2026_08_eth"` or
            `"derive_pmrm_v2_2026_08_hype"`.

    Returns:
        The rows in the venue's order, with their weights and the factors for initial and maintenance margin.

    Raises:
        ValueError: for an unknown name.

    Examples:
        >>> scenarios = published_grid("paradex")
        >>> len(scenarios), int((scenarios.weight < 1).sum())
        (24, 8)

    Source: in `perpnotes/_venues.py`, beside each grid.
    """
    return _published(one_of("name", name, tuple(GRIDS)))


@cache
def _published(name: str) -> Scenarios:
    rows, up, down, lowest, term, factors = GRIDS[name]
    return listed(
        [row[0] for row in rows],
        [{"up": up, "none": 0.0, "down": down}[row[1]] for row in rows],
        [row[2] for row in rows],
        term=term,
        factors=factors,
        lowest=[lowest if row[1] == "up" else 0.0 for row in rows],
    )


# --- What one unit is worth ---


def unit_pnl(contracts: Sequence[Contract], market: Market, scenarios: Scenarios) -> FloatArray:
    """P&L in USD of one unit of each contract in each scenario, before weights, shape `(S, K)`.

    Parameters:
        contracts: the `K` instruments, at least one.
        market: the state before the stress.
        scenarios: the `S` scenarios.

    Raises:
        ValueError: for no contracts, or one whose underlying, currency or volatility the market does not state.

    Examples:
        >>> from perpnotes.contracts import Inverse, Linear
        >>> market = Market({"BTC": 60_000.0})
        >>> contracts = [Linear("BTC"), Inverse("BTC")]
        >>> moves = grid(price=[-0.1, 0.1])
        >>> unit_pnl(contracts, market, moves).round(9).tolist()
        [[-6000.0, -0.1], [6000.0, 0.1]]
    """
    instruments = items("contracts", contracts, _CONTRACTS)
    instance("market", market, Market)
    instance("scenarios", scenarios, Scenarios)
    named = [name.removeprefix(_OWN) for name in scenarios.moves if name not in AXES]
    if unknown := [name for name in named if name not in market.prices]:
        raise ValueError(f"prices of the market must name {unknown[0]!r}, which the scenarios move")
    pnl = np.empty((len(scenarios), len(instruments)))
    *_, last = ("", *scenarios.axes)
    alike = len(scenarios.axes[last]) if last == "fx" else 1  # so many in turn are one and the same to an option
    moved = cache(partial(_moved, market=market, scenarios=scenarios))  # contracts on one underlying move alike
    options: dict[str, list[int]] = {}  # those on one underlying are valued at once
    for k, contract in enumerate(instruments):
        if isinstance(contract, Option):
            options.setdefault(contract.underlying, []).append(k)
        else:
            pnl[:, k] = _contract_pnl(contract, market, scenarios.moves, moved)
    for underlying, columns in options.items():
        before, after = moved(underlying)
        group = [instruments[k] for k in columns]
        implied = market.implied_volatilities(group)
        then = scenarios.volatility(implied, [option.years for option in group])
        forward = after * (1.0 + scenarios.moves["basis"])
        worth = _option_values(group, forward[::alike], then[::alike]) - _option_values(group, before, implied)
        pnl[:, columns] = worth.repeat(alike, axis=0)
    return pnl


def _contract_pnl(
    contract: Linear | Inverse | Spot | Cash,
    market: Market,
    moves: Mapping[str, FloatArray],
    moved: Callable[[str], tuple[float, FloatArray]],
) -> FloatArray:
    if isinstance(contract, Cash):
        if contract.currency == "USD":
            return np.zeros(len(moves["fx"]))
        rate = market.fx.get(contract.currency)
        if rate is None:
            raise ValueError(f"fx of the market must name {contract.currency!r}")
        return contract.pnl_usd(rate, rate * (1.0 + moves["fx"]))
    before, index = moved(contract.underlying)
    if isinstance(contract, Spot):
        return contract.pnl_usd(before, index)
    after = index * (1.0 + moves["basis"])
    notional = after if isinstance(contract, Linear) else np.ones_like(after)  # one inverse unit is 1 USD at any price
    return contract.pnl_usd(before, after) - moves["funding"] * notional


def _moved(underlying: str, market: Market, scenarios: Scenarios) -> tuple[float, FloatArray]:
    """The index of an underlying now and in each scenario."""
    index = market.prices.get(underlying)
    if index is None:
        raise ValueError(f"prices of the market must name {underlying!r}")
    moves = scenarios.moves
    alone = 1.0 + moves.get(_OWN + underlying, np.zeros(len(scenarios)))
    return index, index * (1.0 + moves["price"]) ** market.beta(underlying, moves["correlation"]) * alone


def _option_values(options: Sequence[Option], forward: Any, volatility: FloatArray) -> FloatArray:
    """Value of each option, on the last axis, at forwards and volatilities."""
    terms = [(option.strike, option.years, option.call) for option in options]
    strikes, years, calls = (np.array(column) for column in zip(*terms, strict=True))
    return option_value(np.asarray(forward)[..., None], strikes, volatility, years, call=calls)


def worst_cases(
    quantities: ArrayLike, unit: ArrayLike, weight: ArrayLike = 1.0
) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Worst weighted loss of many books on the same instruments, and the scenario of each.

    `loss_n = max(0, -min_s weight_s * (unit @ quantities_n)_s)`, in blocks, so that memory stays bounded.

    Each product is small enough for OpenBLAS, which numpy brings, to compute it in the calling thread: on busy cores,
    threads that wait for each other cost more than they save. Blocks are padded to whole tiles, so that a book has the
    same result, to the bit, whichever books stand beside it: books may be split over processes and machines.

    Parameters:
        quantities: signed units of each instrument, shape `(N, K)`; `N` may be 0, as in an empty partition.
        unit: P&L of one unit, shape `(S, K)`, from `unit_pnl`.
        weight: factor on the P&L of each scenario, `>= 0`; a number or shape `(S,)`.
            Data frames and series keep their order: where two of the three have labels, these must agree.

    Returns:
        The losses in USD, `>= 0`, and the index of the scenario with the lowest weighted P&L (the first of equals),
        both of shape `(N,)`.

    Raises:
        ValueError: for shapes or labels that do not fit, no instruments, no scenarios, or a value or loss that is not
            finite.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> market, moves = Market({"BTC": 60_000.0}), grid(price=[-0.1, 0.1])
        >>> unit = unit_pnl([Linear("BTC")], market, moves)
        >>> losses, scenario = worst_cases([[1.0], [-2.0]], unit)
        >>> losses.round(6), scenario
        (array([ 6000., 12000.]), array([0, 1]))
    """
    columns = _labels.of(quantities, "columns"), _labels.of(unit, "columns")
    _labels.agree("columns of quantities", columns[0], "unit", columns[1])
    _labels.agree("index of weight", _labels.of(weight, "index"), "unit", _labels.of(unit, "index"))
    books = numbers("quantities", quantities)
    if books.ndim != 2 or len(books):
        books = real("quantities", books, ndim=2)
    values = real("unit", unit, ndim=2)
    if books.shape[1] != values.shape[1]:
        raise ValueError(f"quantities must have {values.shape[1]} columns, one an instrument, got {books.shape[1]}")
    factor = real("weight", weight, ge=0)
    if factor.shape not in ((), (len(values),)):
        raise ValueError(f"weight must be one number or have shape ({len(values)},), got {factor.shape}")
    lowest = np.empty(len(books))
    scenario = np.empty(len(books), dtype=np.intp)
    with np.errstate(over="ignore", invalid="ignore"):  # told below
        for part, pnl in _blocks(books, values * np.broadcast_to(factor, len(values))[:, None]):
            worst = pnl.argmin(axis=1)
            scenario[part] = worst
            lowest[part] = pnl[np.arange(len(pnl)), worst]
    if not np.isfinite(lowest).all():
        raise ValueError("quantities must give finite losses, got a sum beyond the largest number")
    return np.maximum(0.0, -lowest) + 0.0, scenario  # plus zero: never minus zero


_PRODUCT = 2**18
"""How many multiplications OpenBLAS does in the calling thread, at most (`interface/gemm.c`)."""

_TILE = (8, 16)
"""Rows and columns of a tile, multiples of what the kernels of OpenBLAS compute at once: the rows and columns left over
from these are added up in another order."""


def _blocks(books: FloatArray, values: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
    """Books of one block after another, and their P&L in each scenario, which is overwritten by the next.

    Every product has the same shape, of whole tiles and no larger than `_PRODUCT`; columns beyond the scenarios repeat
    the first. Books are rows, scenarios columns: a minimum is vectorized along contiguous memory only, else it copies.
    """
    count, depth = values.shape
    weighted = np.tile(values[:1].T, -(-count // _TILE[1]) * _TILE[1])
    weighted[:, :count] = values.T
    deep = min(depth, 256)
    width = min(weighted.shape[1], _PRODUCT // (24 * deep) // _TILE[1] * _TILE[1])  # fewer rows than 24 are slow
    height = min(512, _PRODUCT // (deep * width) // _TILE[0] * _TILE[0])
    rows, pnl = np.zeros((height, depth)), np.empty((height, weighted.shape[1]))
    for start in range(0, len(books), height):
        part = slice(start, min(start + height, len(books)))
        rows[: part.stop - start] = books[part]
        for left in range(0, weighted.shape[1], width):
            panel = weighted[:, left : left + width]
            into = pnl[:, left : left + width]
            np.matmul(rows[:, :deep], panel[:deep], out=into)
            for top in range(deep, depth, deep):
                into += rows[:, top : top + deep] @ panel[top : top + deep]
        yield part, pnl[: part.stop - start]


@dataclass(frozen=True, eq=False, slots=True)
class WorstAccounts(ByValue):
    """The accounts with the largest losses among those seen. Made by `worst_accounts` and `merge_worst`.

    Parameters:
        top: how many are kept, `>= 1`; fewer where fewer were seen.
        seen: how many accounts were looked at.
        accounts: their labels, the largest loss first and, of equal losses, the smaller label.
        losses: worst weighted loss of each, USD, `>= 0`.
        scenario: the index of the scenario of each.
    """

    top: int
    seen: int
    accounts: npt.NDArray[Any]
    losses: FloatArray
    scenario: npt.NDArray[np.intp]


def worst_accounts(
    accounts: ArrayLike, quantities: ArrayLike, unit: ArrayLike, weight: ArrayLike = 1.0, *, top: int = 10
) -> WorstAccounts:
    """The accounts that lose most in their worst case: `worst_cases`, of which the `top` largest losses are kept.

    Parts of the accounts may be seen by themselves, and `merge_worst` makes the whole of them.

    Parameters:
        accounts: label of each book: texts or whole numbers, shape `(N,)`, none twice; `N` may be 0.
        quantities: as in `worst_cases`, shape `(N, K)`.
        unit: as in `worst_cases`; the same for all parts.
        weight: as in `worst_cases`; the same for all parts.
        top: how many accounts to keep, `>= 1`.

    Returns:
        At most `top` accounts with their losses in USD, `>= 0`: the largest first and, of equal ones, the smaller
        label; and how many were seen.

    Raises:
        ValueError: as `worst_cases`; for labels that are neither texts nor whole numbers, are not one a book, or of
            which one is kept twice.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> market, moves = Market({"BTC": 60_000.0}), grid(price=[-0.1, 0.1])
        >>> unit = unit_pnl([Linear("BTC")], market, moves)
        >>> names, books = ["ann", "bob", "cho"], [[1.0], [-2.0], [0.5]]
        >>> worst = worst_accounts(names, books, unit, top=2)
        >>> worst.accounts.tolist(), worst.losses.round(6).tolist(), worst.seen
        (['bob', 'ann'], [12000.0, 6000.0], 3)
    """
    labels = _account_labels(accounts)
    count = whole("top", top, ge=1)
    losses, scenario = worst_cases(quantities, unit, weight)
    if labels.shape != losses.shape:
        raise ValueError(f"accounts must have shape {losses.shape}, one label a book, got {labels.shape}")
    return _largest(count, len(labels), labels, losses, scenario)


def merge_worst(first: WorstAccounts, second: WorstAccounts) -> WorstAccounts:
    """The worst accounts of two parts together: as if one call of `worst_accounts` had seen both.

    The order and the grouping of merges make no difference: it is commutative and associative.

    Parameters:
        first: of one part.
        second: of another part, with the same `top`, and with the same `unit` and `weight` behind it.

    Returns:
        At most `top` accounts of both, in the same order, and how many were seen in both together.

    Raises:
        ValueError: for another type, two values of `top`, texts beside whole numbers, or an account in both parts.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> market, moves = Market({"BTC": 60_000.0}), grid(price=[-0.1, 0.1])
        >>> unit = unit_pnl([Linear("BTC")], market, moves)
        >>> one = worst_accounts([4, 9], [[4.0], [9.0]], unit, top=2)
        >>> other = worst_accounts([7], [[7.0]], unit, top=2)
        >>> merge_worst(one, other).accounts.tolist()
        [9, 7]
    """
    instance("first", first, WorstAccounts)
    instance("second", second, WorstAccounts)
    if first.top != second.top:
        raise ValueError(f"second must keep as many accounts as first, {first.top}, got {second.top}")
    kept = [part for part in (first, second) if len(part.accounts)] or [first]
    if len({part.accounts.dtype.kind for part in kept}) > 1:
        raise ValueError("accounts of second must be texts or whole numbers as those of first are")
    labels, losses, scenario = (
        np.concatenate([getattr(part, name) for part in kept]) for name in ("accounts", "losses", "scenario")
    )
    return _largest(first.top, first.seen + second.seen, labels, losses, scenario)


def _largest(
    top: int, seen: int, labels: npt.NDArray[Any], losses: FloatArray, scenario: npt.NDArray[np.intp]
) -> WorstAccounts:
    """The `top` largest losses; equal ones in the order of their labels, whatever the order of the input."""
    among = np.arange(len(losses))
    if len(losses) > top:
        among = np.flatnonzero(losses >= np.partition(losses, -top)[-top])
    kept = among[np.lexsort((labels[among], -losses[among]))[:top]]
    names, counts = np.unique(labels[kept], return_counts=True)
    if (counts > 1).any():
        raise ValueError(f"accounts must be one book each, got {names[counts > 1][0].item()!r} twice")
    return WorstAccounts(top, seen, labels[kept], losses[kept], scenario[kept])


def _account_labels(accounts: Any) -> npt.NDArray[Any]:
    """Labels as 64-bit integers or texts, of which numpy makes no third kind when it joins them."""
    labels = np.asarray(accounts)
    if labels.ndim == 1 and not isinstance(accounts, np.ma.MaskedArray):
        if not len(labels):
            return np.empty(0, dtype=np.int64)
        if labels.dtype.kind in "iu" and (labels.dtype.kind == "i" or labels.max() < 2**63):
            return labels.astype(np.int64)
        if labels.dtype.kind in "UT" or (labels.dtype.kind == "O" and all(isinstance(name, str) for name in labels)):
            return labels.astype(str)
    raise ValueError(f"accounts must be texts or whole numbers in one dimension, got {brief(accounts)}")


# --- A book in every scenario ---


@dataclass(frozen=True, eq=False, slots=True)
class Cell(ByValue):
    """One scenario of a stressed book. Made by `Evaluation.cell`.

    Parameters:
        index: its number among the scenarios, from 0.
        moves: the move on each axis of the grid.
        weight: factor on the P&L.
        pnl: weighted P&L of the book, USD.
        contributions: weighted P&L of each leg, USD; they add up to `pnl`.
    """

    index: int
    moves: Mapping[str, float]
    weight: float
    pnl: float
    contributions: tuple[float, ...]

    @property
    def loss(self) -> float:
        """The loss in this cell, USD, `>= 0`."""
        return max(0.0, -self.pnl)


@dataclass(frozen=True, eq=False, slots=True)
class Netting(ByValue):
    """What netting saves at each value of the correlation stress, USD. Made by `Evaluation.netting`.

    Parameters:
        theta: correlation stress, shape `(T,)`, rising.
        standalone: sum of the worst losses of the legs, each alone.
        book: worst loss of the book.
    """

    theta: FloatArray
    standalone: FloatArray
    book: FloatArray

    @property
    def benefit(self) -> FloatArray:
        """What netting saves: the legs alone less the book, `>= 0`, shape `(T,)`."""
        return self.standalone - self.book

    @property
    def destroyed(self) -> float:
        """The benefit at the lowest stress less that at the highest; below 0 where the jump adds to it."""
        return float(self.benefit[0] - self.benefit[-1])

    def why(self) -> Derivation:
        """The terms behind what the highest stress destroys of the benefit at the lowest."""
        ends = [
            (
                Term(rf"\theta_{{{name}}}", f"{word} correlation stress", float(self.theta[k])),
                Term(f"A_{{{name}}}", f"legs alone at the {word}", float(self.standalone[k]), "USD"),
                Term(f"L_{{{name}}}", f"book at the {word}", float(self.book[k]), "USD"),
                Term(
                    f"B_{{{name}}}",
                    f"benefit at the {word}",
                    float(self.benefit[k]),
                    "USD",
                    f"A_{{{name}}} - L_{{{name}}}",
                ),
            )
            for k, name, word in ((0, "0", "lowest"), (-1, "1", "highest"))
        ]
        destroyed = Term("D", "benefit destroyed", self.destroyed, "USD", "B_0 - B_1")
        return Derivation((*ends[0], *ends[1], destroyed))


@dataclass(frozen=True, eq=False, slots=True)
class Evaluation(ByValue):
    """A book in every scenario. Made by `evaluate`.

    Parameters:
        contracts: the `K` instruments.
        quantities: signed units of each, shape `(K,)`.
        scenarios: the `S` scenarios.
        legs: P&L of each leg in each scenario before weights, USD, shape `(S, K)`.
    """

    contracts: tuple[Contract, ...]
    quantities: FloatArray
    scenarios: Scenarios
    legs: FloatArray

    @property
    def pnl(self) -> FloatArray:
        """Weighted P&L of the book in each scenario, USD, shape `(S,)`."""
        total: FloatArray = self.scenarios.weight * self.legs.sum(axis=1)
        return total

    def cell(self, index: int) -> Cell:
        """The scenario with this number.

        Parameters:
            index: from 0 to `len(scenarios) - 1`.

        Returns:
            Its moves and weight, and the weighted P&L of the book and of each leg, USD.

        Raises:
            ValueError: for a number outside that range.
        """
        return _cell(self.scenarios, whole("index", index, ge=0, le=len(self.scenarios) - 1), self.legs)

    @property
    def worst(self) -> Cell:
        """The scenario with the lowest weighted P&L, the first of equals."""
        return self.cell(int(self.pnl.argmin()))

    @property
    def initial(self) -> float:
        """Initial margin that the worst loss implies, USD: the scenario part of the rule, without add-ons."""
        return self.scenarios.factors[0] * self.worst.loss

    @property
    def maintenance(self) -> float:
        """Maintenance margin that the worst loss implies, USD: the scenario part of the rule, without add-ons."""
        return self.scenarios.factors[1] * self.worst.loss

    def surface(self, rows: str, columns: str) -> FloatArray:
        """The lowest weighted P&L for each pair of values of two axes, over all the others, USD.

        Parameters:
            rows: the axis that runs down.
            columns: the axis that runs across, not the same.

        Returns:
            Shape `(len(axes[rows]), len(axes[columns]))`.

        Raises:
            ValueError: for an axis that the grid does not have, or the same one twice.
        """
        axes = self.scenarios.axes
        if len(axes) < 2:
            raise ValueError(f"rows and columns must be two axes of the grid, which has {', '.join(axes) or 'none'}")
        one_of("rows", rows, tuple(axes))
        one_of("columns", columns, tuple(name for name in axes if name != rows))
        cube = self.pnl.reshape([len(axis) for axis in axes.values()])
        names = list(axes)
        rest = tuple(i for i, name in enumerate(names) if name not in (rows, columns))
        flat: FloatArray = cube.min(axis=rest)
        return flat if names.index(rows) < names.index(columns) else flat.T

    def netting(self) -> Netting:
        """What netting saves at each value of the correlation axis, and so what a jump to one destroys.

        Returns:
            Losses in USD, `>= 0`, one for each value of the axis: a single one where the correlation is not stressed.
        """
        stressed = self.scenarios.moves["correlation"]
        theta = np.unique(stressed)
        weighted = self.scenarios.weight[:, None] * self.legs
        slices = [weighted[stressed == value] for value in theta]
        alone = np.array([np.maximum(0.0, -part.min(axis=0)).sum() for part in slices])
        book = np.array([max(0.0, -part.sum(axis=1).min()) for part in slices])
        return Netting(theta, alone, book)

    def why(self, what: Literal["initial", "maintenance"] = "initial") -> Derivation:
        """The terms behind a margin: each leg in the worst cell, the weight, the factor.

        Parameters:
            what: `"initial"` or `"maintenance"`.

        Raises:
            ValueError: for another word.
        """
        one_of("what", what, ("initial", "maintenance"))
        symbol, margin = ("I", self.initial) if what == "initial" else ("M", self.maintenance)
        factor = self.scenarios.factors[0 if what == "initial" else 1]
        worst = self.worst
        legs = tuple(
            Term(
                f"x_{{{k}}}", f"{_label(contract)}, {quantity:g}", float(self.legs[worst.index, k - 1]), "USD", "q v_s"
            )
            for k, (contract, quantity) in enumerate(zip(self.contracts, self.quantities, strict=True), start=1)
        )
        moves = tuple(Term(rf"\text{{{name}}}", f"{name} move", move) for name, move in worst.moves.items())
        return Derivation(
            (
                *moves,
                *legs,
                Term("w", "weight of the scenario", worst.weight),
                Term("L", "worst loss", worst.loss, "USD", r"\max(0, -w \sum_k x_k)"),
                Term("f", f"{what} factor", factor),
                Term(symbol, f"{what} margin", margin, "USD", "f L"),
            )
        )


def _cell(scenarios: Scenarios, index: int, legs: FloatArray) -> Cell:
    moves = {name: float(move[index]) for name, move in scenarios.moves.items() if move.any()}
    weight = float(scenarios.weight[index])
    return Cell(index, moves, weight, weight * float(legs[index].sum()), tuple((weight * legs[index]).tolist()))


def _label(contract: Any) -> str:
    name = contract.currency if isinstance(contract, Cash) else contract.underlying
    return f"{type(contract).__name__} {name}"


def evaluate(book: Sequence[tuple[Contract, float]], market: Market, scenarios: Scenarios) -> Evaluation:
    """Value a book in every scenario.

    Parameters:
        book: pairs of a contract and its signed quantity (coins, USD of inverse contracts, options, currency units).
        market: the state before the stress.
        scenarios: from `grid`, `listed` or `published_grid`.

    Returns:
        The P&L of each leg in each scenario, USD; from it the worst cell, both margins and what netting saves.

    Raises:
        ValueError: for an empty book, a non-finite quantity, a debt with a haircut, or a contract that the market does
            not price.

    Examples:
        >>> from perpnotes.contracts import Linear
        >>> market = Market({"BTC": 60_000.0})
        >>> book, scenarios = [(Linear("BTC"), 0.5)], published_grid("paradex")
        >>> result = evaluate(book, market, scenarios)
        >>> print(result.why())
        price move                  -0.16       price
        volatility move              0.4        volatility
        Linear BTC, 0.5         -4,800.00 USD   x_1 = q v_s
        weight of the scenario       1          w
        worst loss               4,800.00 USD   L = max(0, -w Σ_k x_k)
        initial factor               1          f
        initial margin           4,800.00 USD   I = f L
    """
    contracts, quantities = legs(book, _CONTRACTS)
    return Evaluation(contracts, quantities, scenarios, unit_pnl(contracts, market, scenarios) * quantities)

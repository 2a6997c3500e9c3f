"""Portfolio margin stress grids: scenarios on named axes, each instrument valued once in each of them.

A book's P&L in a scenario is `quantities @ unit_pnl`: the instruments are valued once per scenario, never once per
position, so that a million accounts on the same instruments are one blocked matrix product.

How a scenario moves the market:

- `price` is the relative move of the market's *driver*. Without a correlation matrix every underlying makes the same
  move. With one, each log price moves by its beta to the driver's: `P_i (1 + r)^b_i` with
  `b_i = ((1 - theta) rho_i + theta) * sigma_i / sigma_driver`, the median of a jointly lognormal move.
- `correlation` is `theta` in `[0, 1]`: 0 is the market's own matrix, 1 is every correlation at one.
- `volatility` is the relative move of every implied volatility.
- `basis` moves perpetuals, futures and option forwards on top of the index; spot stays on the index.
- `funding` is paid once on the shocked notional of perpetuals: longs pay a rate above 0.
- `fx` is the relative move of every currency but the USD, in USD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from perpnotes._derivation import Derivation, Term
from perpnotes._validate import FloatArray, items, one_of, real, scalar, whole
from perpnotes._venues import GRIDS
from perpnotes.contracts import Cash, Contract, Linear, Option, Spot
from perpnotes.correlation import check

__all__ = [
    "AXES",
    "Cell",
    "Evaluation",
    "Market",
    "Netting",
    "Scenarios",
    "evaluate",
    "grid",
    "published_grid",
    "unit_pnl",
    "worst_cases",
]

AXES = ("price", "volatility", "correlation", "basis", "funding", "fx")
"""The names of the axes, in the order in which `grid` nests them (the last varies fastest)."""


@dataclass(frozen=True, slots=True)
class Market:
    """Where the market stands before the stress.

    Parameters:
        prices: index price of each underlying, `> 0`, USD per coin. The first is the driver.
        volatilities: volatility of each underlying per square root of a year, `> 0`; needed with `correlation`, and as
            the implied volatility of options that `implied` does not name.
        correlation: correlation matrix in the order of `prices`, or None: all move alike.
        implied: implied volatility of single options, `>= 0`.
        fx: USD for one unit of each currency, `> 0`; USD itself is 1.

    Raises:
        ValueError: for a value outside its range, a missing volatility, or a matrix that is no correlation matrix.
    """

    prices: Mapping[str, float]
    volatilities: Mapping[str, float] = field(default_factory=dict)
    correlation: Any = None
    implied: Mapping[Option, float] = field(default_factory=dict)
    fx: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.prices:
            raise ValueError("prices must not be empty")
        for name, values, lowest in (
            ("prices", self.prices, "gt"),
            ("fx", self.fx, "gt"),
            ("implied", self.implied, "ge"),
        ):
            for key, value in values.items():
                scalar(f"{name}[{key!r}]", value, **{lowest: 0.0})
        for key, value in self.volatilities.items():
            scalar(f"volatilities[{key!r}]", value, gt=0)
        if self.correlation is None:
            return
        matrix = check(self.correlation)
        if matrix.shape != (len(self.prices), len(self.prices)):
            raise ValueError(f"correlation must be {len(self.prices)}×{len(self.prices)}, got shape {matrix.shape}")
        if missing := self.prices.keys() - self.volatilities.keys():
            raise ValueError(f"volatilities must name {', '.join(sorted(missing))} too: betas need them")
        object.__setattr__(self, "correlation", matrix)

    def beta(self, underlying: str, theta: Any) -> FloatArray:
        """Beta of an underlying to the driver at correlation stress `theta`: 1 for all without a correlation matrix.

        Parameters:
            underlying: one of `prices`.
            theta: correlation stress, in `[0, 1]`; any shape.

        Raises:
            ValueError: for an unknown underlying, or a `theta` outside its range or above 0 without a matrix.

        Examples:
            >>> market = Market({"BTC": 60_000.0, "ETH": 3_000.0}, {"BTC": 0.5, "ETH": 0.7}, [[1.0, 0.8], [0.8, 1.0]])
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


@dataclass(frozen=True, slots=True)
class Scenarios:
    """A set of `S` scenarios: a move on each axis and a weight on the P&L.

    Made by `grid` (every combination of the values of its axes) or `published_grid` (a venue's list of rows).

    Parameters:
        moves: the move on each of `AXES`, arrays of shape `(S,)`; fractions, `theta` for correlation.
        weight: factor on the P&L of each scenario, in `(0, 1]`, shape `(S,)`: below 1 for dampened tail rows.
        axes: values of each axis of a full grid, in order; empty for a list of rows.
        term: exponents of `(30 days / max(1 day, time to expiry))` that scale a volatility move up to and beyond 30
            days; None moves every expiry alike.
        factors: what multiplies the worst loss for initial and for maintenance margin, `> 0`.
    """

    moves: Mapping[str, FloatArray]
    weight: FloatArray
    axes: Mapping[str, FloatArray]
    term: tuple[float, float] | None = None
    factors: tuple[float, float] = (1.0, 1.0)

    def __len__(self) -> int:
        return len(self.weight)

    def volatility_factor(self, years: float) -> FloatArray:
        """What multiplies the implied volatility of an option with this time to expiry, shape `(S,)`; never below 0."""
        move = self.moves["volatility"]
        if self.term is not None:
            days = max(1.0, 365.0 * years)
            move = move * (30.0 / days) ** self.term[0 if days <= 30 else 1]
        return np.maximum(0.0, 1.0 + move)


def grid(
    *,
    price: Any = 0.0,
    volatility: Any = 0.0,
    correlation: Any = 0.0,
    basis: Any = 0.0,
    funding: Any = 0.0,
    fx: Any = 0.0,
) -> Scenarios:
    """Every combination of the values of the named axes, each with weight 1.

    Parameters:
        price: relative moves of the driver, `> -1`.
        volatility: relative moves of the implied volatilities, `>= -1`.
        correlation: correlation stress `theta`, in `[0, 1]`.
        basis: relative moves of perpetuals and forwards on top of the index, `> -1`.
        funding: funding rates paid once on the shocked notional; longs pay `> 0`.
        fx: relative moves of currencies other than USD, `> -1`.

    Raises:
        ValueError: for an empty axis, more than one dimension, repeated values or a value outside its range.

    Examples:
        >>> scenarios = grid(price=[-0.16, 0.0, 0.16], correlation=[0.0, 0.5, 1.0])
        >>> len(scenarios), list(scenarios.axes)
        (9, ['price', 'correlation'])
    """
    given = {"price": price, "volatility": volatility, "correlation": correlation}
    given |= {"basis": basis, "funding": funding, "fx": fx}
    values = {name: np.atleast_1d(real(name, value)) for name, value in given.items()}
    for name in ("price", "basis", "fx"):
        real(name, values[name], gt=-1)
    real("volatility", values["volatility"], ge=-1)
    real("correlation", values["correlation"], ge=0, le=1)
    for name, axis in values.items():
        if axis.ndim != 1 or len(np.unique(axis)) != len(axis):
            raise ValueError(f"{name} must be one-dimensional without repeated values, got {given[name]!r}")
    mesh = np.meshgrid(*values.values(), indexing="ij")
    return Scenarios(
        moves={name: points.ravel() for name, points in zip(AXES, mesh, strict=True)},
        weight=np.ones(mesh[0].size),
        axes={name: axis for name, axis in values.items() if len(axis) > 1 or axis[0] != 0},
    )


def published_grid(name: str) -> Scenarios:
    """The price and volatility scenarios of a venue's portfolio margin, with its dampened tail rows.

    It is the scenario part of the venue's rule only: contingencies, minimum charges and fee provisions are not in it.

    Parameters:
        name: `"paradex"`, `"derive_pmrm_v1"` or `"derive_pmrm_v2"`.

    Raises:
        ValueError: for an unknown name.

    Examples:
        >>> scenarios = published_grid("paradex")
        >>> len(scenarios), int((scenarios.weight < 1).sum())
        (24, 8)

    Source: in `perpnotes/_venues.py`, beside each grid.
    """
    rows, up, down, term, factors = GRIDS[one_of("name", name, tuple(GRIDS))]
    moves = {axis: np.zeros(len(rows)) for axis in AXES}
    moves["price"] = np.array([row[0] for row in rows], dtype=np.float64)
    moves["volatility"] = np.array([{"up": up, "none": 0.0, "down": down}[row[1]] for row in rows])
    return Scenarios(moves, np.array([row[2] for row in rows], dtype=np.float64), {}, term, factors)


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
        >>> unit_pnl([Linear("BTC"), Inverse("BTC")], market, grid(price=[-0.1, 0.1])).round(9).tolist()
        [[-6000.0, -0.1], [6000.0, 0.1]]
    """
    instruments = items("contracts", contracts, get_args(Contract))
    return np.stack([_contract_pnl(contract, market, scenarios) for contract in instruments], axis=1)


def _contract_pnl(contract: Contract, market: Market, scenarios: Scenarios) -> FloatArray:
    moves = scenarios.moves
    if isinstance(contract, Cash):
        if contract.currency == "USD":
            return np.zeros(len(scenarios))
        rate = market.fx.get(contract.currency)
        if rate is None:
            raise ValueError(f"fx of the market must name {contract.currency!r}")
        return contract.pnl_usd(rate, rate * (1.0 + moves["fx"]))
    before = market.prices.get(contract.underlying)
    if before is None:
        raise ValueError(f"prices of the market must name {contract.underlying!r}")
    index = before * (1.0 + moves["price"]) ** market.beta(contract.underlying, moves["correlation"])
    if isinstance(contract, Spot):
        return contract.pnl_usd(before, index)
    after = index * (1.0 + moves["basis"])
    if isinstance(contract, Option):
        implied = market.implied.get(contract, market.volatilities.get(contract.underlying))
        if implied is None:
            raise ValueError(f"implied or volatilities of the market must give a volatility for {contract!r}")
        return contract.pnl_usd(before, after, implied, implied * scenarios.volatility_factor(contract.years))
    notional = after if isinstance(contract, Linear) else np.ones_like(after)  # one inverse unit is 1 USD at any price
    return contract.pnl_usd(before, after) - moves["funding"] * notional


def worst_cases(
    quantities: Any, unit: Any, weight: Any = 1.0, *, block: int = 512
) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Worst weighted loss of many books on the same instruments, and the scenario of each.

    `loss_n = max(0, -min_s weight_s * (unit @ quantities_n)_s)`, in blocks, so that memory stays bounded.

    Parameters:
        quantities: signed units of each instrument, shape `(N, K)`.
        unit: P&L of one unit, shape `(S, K)`, from `unit_pnl`.
        weight: factor on the P&L of each scenario, `> 0`; a number or shape `(S,)`.
        block: accounts at a time, `>= 1`; 512 keeps a block of 861 scenarios inside a usual cache.

    Returns:
        The losses in USD, `>= 0`, and the index of the scenario with the lowest weighted P&L (the first of equals),
        both of shape `(N,)`.

    Raises:
        ValueError: for shapes that do not fit, an empty array or a non-finite value.

    Examples:
        >>> unit = unit_pnl([Linear("BTC")], Market({"BTC": 60_000.0}), grid(price=[-0.1, 0.1]))
        >>> losses, scenario = worst_cases([[1.0], [-2.0]], unit)
        >>> losses.round(6), scenario
        (array([ 6000., 12000.]), array([0, 1]))
    """
    books = real("quantities", quantities, ndim=2)
    values = real("unit", unit, ndim=2)
    if books.shape[1] != values.shape[1]:
        raise ValueError(f"quantities must have {values.shape[1]} columns, one an instrument, got {books.shape[1]}")
    factor = real("weight", weight, gt=0)
    if factor.shape not in ((), (len(values),)):
        raise ValueError(f"weight must be one number or have shape ({len(values)},), got {factor.shape}")
    size = whole("block", block, ge=1)
    # argmin is vectorized along contiguous memory only: accounts are rows, scenarios columns
    weighted = np.ascontiguousarray((values * np.broadcast_to(factor, len(values))[:, None]).T)
    losses = np.empty(len(books))
    scenario = np.empty(len(books), dtype=np.intp)
    pnl = np.empty((size, len(values)))
    for start in range(0, len(books), size):
        part = slice(start, min(start + size, len(books)))
        rows = np.matmul(books[part], weighted, out=pnl[: part.stop - start])
        worst = rows.argmin(axis=1)
        scenario[part] = worst
        losses[part] = rows[np.arange(len(rows)), worst]
    return np.maximum(0.0, -losses), scenario


@dataclass(frozen=True, slots=True)
class Cell:
    """One scenario of a stressed book.

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


@dataclass(frozen=True, slots=True)
class Netting:
    """What netting saves at each value of the correlation stress, USD.

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


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A book in every scenario.

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

        Raises:
            ValueError: for a number outside that range.
        """
        index = whole("index", index, ge=0, le=len(self.scenarios) - 1)
        moves = {name: float(move[index]) for name, move in self.scenarios.moves.items() if move.any()}
        weight = float(self.scenarios.weight[index])
        contributions = tuple((weight * self.legs[index]).tolist())
        return Cell(index, moves, weight, float(self.pnl[index]), contributions)

    @property
    def worst(self) -> Cell:
        """The scenario with the lowest weighted P&L; the first of equals."""
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
        one_of("rows", rows, tuple(axes))
        one_of("columns", columns, tuple(name for name in axes if name != rows))
        cube = self.pnl.reshape([len(axis) for axis in axes.values()])
        names = list(axes)
        rest = tuple(i for i, name in enumerate(names) if name not in (rows, columns))
        flat: FloatArray = cube.min(axis=rest)
        return flat if names.index(rows) < names.index(columns) else flat.T

    def netting(self) -> Netting:
        """What netting saves at each value of the correlation axis, and so what a jump to one destroys."""
        stressed = self.scenarios.moves["correlation"]
        theta = np.unique(stressed)
        weighted = self.scenarios.weight[:, None] * self.legs
        slices = [weighted[stressed == value] for value in theta]
        alone = np.array([np.maximum(0.0, -part.min(axis=0)).sum() for part in slices])
        book = np.array([max(0.0, -part.sum(axis=1).min()) for part in slices])
        return Netting(theta, alone, book)

    def why(self) -> Derivation:
        """The terms behind the initial margin: each leg in the worst cell, the weight, the factor."""
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
                Term("f", "initial factor", self.scenarios.factors[0]),
                Term("I", "initial margin", self.initial, "USD", "f L"),
            )
        )


def _label(contract: Contract) -> str:
    name = contract.currency if isinstance(contract, Cash) else contract.underlying
    return f"{type(contract).__name__} {name}"


def evaluate(book: Sequence[tuple[Contract, float]], market: Market, scenarios: Scenarios) -> Evaluation:
    """Value a book in every scenario.

    Parameters:
        book: pairs of a contract and its signed quantity (coins, USD of inverse contracts, options, currency units).
        market: the state before the stress.
        scenarios: from `grid` or `published_grid`.

    Raises:
        ValueError: for an empty book, a non-finite quantity, or a contract that the market does not price.

    Examples:
        >>> market = Market({"BTC": 60_000.0})
        >>> result = evaluate([(Linear("BTC"), 0.5)], market, published_grid("paradex"))
        >>> print(result.why())
        price move: -0.16   [price]
        volatility move: 0.4   [volatility]
        Linear BTC, 0.5: -4,800.00 USD   [x_1 = q v_s]
        weight of the scenario: 1   [w]
        worst loss: 4,800.00 USD   [L = max(0, -w Σ_k x_k)]
        initial factor: 1   [f]
        initial margin: 4,800.00 USD   [I = f L]
    """
    if not book:
        raise ValueError("book must not be empty")
    contracts = tuple(contract for contract, _ in book)
    quantities = real("quantities", [quantity for _, quantity in book], ndim=1)
    return Evaluation(contracts, quantities, scenarios, unit_pnl(contracts, market, scenarios) * quantities)

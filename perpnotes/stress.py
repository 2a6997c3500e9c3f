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

`evaluate` is the scenario part of a rule, over several underlyings. `portfolio_margin` is a whole rule, for one
underlying: the worst scenario and what a venue charges beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from perpnotes import _labels
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._types import ArrayLike, FloatArray
from perpnotes._validate import brief, instance, items, numbers, one_of, real, scalar, whole
from perpnotes._venues import GRIDS, RULES
from perpnotes.contracts import Cash, Contract, Inverse, Linear, Option, Spot, option_value
from perpnotes.correlation import check

__all__ = [
    "AXES",
    "Cell",
    "Evaluation",
    "Expiry",
    "MarginRule",
    "Market",
    "Marks",
    "Netting",
    "PortfolioMargin",
    "Scenarios",
    "WorstAccounts",
    "evaluate",
    "grid",
    "listed",
    "merge_worst",
    "portfolio_margin",
    "published_grid",
    "published_rule",
    "unit_pnl",
    "worst_accounts",
    "worst_cases",
]

AXES = ("price", "volatility", "correlation", "basis", "funding", "fx")
"""The names of the axes, in the order in which `grid` nests them (the last varies fastest)."""

_CONTRACTS = (Linear, Inverse, Option, Spot, Cash)


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
    correlation: Any = None
    implied: Mapping[Option, float] = field(default_factory=dict)
    fx: Mapping[str, float] = field(default_factory=dict)

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

    def beta(self, underlying: str, theta: ArrayLike) -> FloatArray:
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


@dataclass(frozen=True, eq=False, slots=True)
class Scenarios(ByValue):
    """A set of `S` scenarios: a move on each axis and a weight on the P&L.

    Made by `grid` (every combination of the values of its axes) or `listed` (one row each), from which
    `published_grid` takes a venue's.

    Parameters:
        moves: the move on each of `AXES`, arrays of shape `(S,)`; fractions, `theta` for correlation.
        weight: factor on the P&L of each scenario, in `(0, 1]`, shape `(S,)`: below 1 for dampened tail rows.
        axes: values of each axis of a full grid, in order; empty for a list of rows.
        term: exponents of `(30 days / max(1 day, time to expiry))` that scale a volatility move up to and beyond 30
            days; None moves every expiry alike.
        factors: what multiplies the worst loss for initial and for maintenance margin, `> 0`.

    Raises:
        ValueError: for an axis that is missing or unknown, shapes that differ, or a value outside its range.
    """

    moves: Mapping[str, FloatArray]
    weight: FloatArray
    axes: Mapping[str, FloatArray]
    term: tuple[float, float] | None = None
    factors: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if not isinstance(self.moves, Mapping) or self.moves.keys() != set(AXES):
            raise ValueError(f"moves must name {', '.join(AXES)} and nothing else, got {brief(self.moves)}")
        for name in ("price", "basis", "fx"):
            real(name, self.moves[name], gt=-1)
        real("volatility", self.moves["volatility"], ge=-1)
        real("correlation", self.moves["correlation"], ge=0, le=1)
        weight = real("weight", self.weight, gt=0, le=1, ndim=1)
        moves = {name: real(name, move) for name, move in self.moves.items()}
        for name, move in moves.items():
            if move.shape != weight.shape:
                raise ValueError(f"{name} must have shape {weight.shape} like weight, got {move.shape}")
        for name, pair in (("term", (0.0, 0.0) if self.term is None else self.term), ("factors", self.factors)):
            if real(name, pair, ge=0).shape != (2,):
                raise ValueError(f"{name} must be two numbers, got {pair!r}")
        real("factors", self.factors, gt=0)
        object.__setattr__(self, "moves", moves)
        object.__setattr__(self, "weight", weight)
        freeze(self)

    def __len__(self) -> int:
        return len(self.weight)

    def volatility_factor(self, years: float) -> FloatArray:
        """What multiplies the implied volatility of an option, shape `(S,)`; never below 0.

        Parameters:
            years: time to expiry in years, `>= 0`.

        Raises:
            ValueError: for a value outside its range.
        """
        move, days = self.moves["volatility"], max(1.0, 365.0 * scalar("years", years, ge=0))
        if self.term is not None:
            move = move * (30.0 / days) ** self.term[0 if days <= 30 else 1]
        return np.maximum(0.0, 1.0 + move)


def grid(
    *,
    price: ArrayLike = 0.0,
    volatility: ArrayLike = 0.0,
    correlation: ArrayLike = 0.0,
    basis: ArrayLike = 0.0,
    funding: ArrayLike = 0.0,
    fx: ArrayLike = 0.0,
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
    for name, axis in values.items():
        if axis.ndim != 1 or len(np.unique(axis)) != len(axis):
            raise ValueError(f"{name} must be one-dimensional without repeated values, got {brief(given[name])}")
    mesh = np.meshgrid(*values.values(), indexing="ij")
    return Scenarios(
        moves={name: points.ravel() for name, points in zip(AXES, mesh, strict=True)},
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
) -> Scenarios:
    """Scenarios that are a list of rows, as venues publish theirs: a price and a volatility move each.

    Parameters:
        price: relative move of the driver in each row, `> -1`, shape `(S,)`.
        volatility: relative move of the implied volatilities, `>= -1`, shape `(S,)`.
        weight: factor on the P&L of the rows, in `(0, 1]`; a number or shape `(S,)`.
        term: as in `Scenarios`, each `>= 0`.
        factors: as in `Scenarios`, each `> 0`.

    Raises:
        ValueError: for shapes that do not fit, an empty array or a value outside its range.

    Examples:
        >>> crash_and_squeeze = listed([-0.3, 0.3], [0.5, 0.5])
        >>> evaluate([(Linear("BTC"), -1.0)], Market({"BTC": 60_000.0}), crash_and_squeeze).worst.loss
        18000.0
    """
    moves = {axis: np.zeros(real("price", price, ndim=1).size) for axis in AXES}
    moves["price"], moves["volatility"] = real("price", price), real("volatility", volatility)
    weights = real("weight", weight)
    shape = moves["price"].shape
    if moves["volatility"].shape != shape:
        raise ValueError(f"volatility must have shape {shape} like price, got {moves['volatility'].shape}")
    if weights.shape not in ((), shape):
        raise ValueError(f"weight must be one number or have shape {shape}, got {weights.shape}")
    return Scenarios(moves, np.broadcast_to(weights, shape), {}, term, factors)


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
    return listed(
        [row[0] for row in rows],
        [{"up": up, "none": 0.0, "down": down}[row[1]] for row in rows],
        [row[2] for row in rows],
        term=term,
        factors=factors,
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
        >>> unit_pnl([Linear("BTC"), Inverse("BTC")], market, grid(price=[-0.1, 0.1])).round(9).tolist()
        [[-6000.0, -0.1], [6000.0, 0.1]]
    """
    instruments = items("contracts", contracts, _CONTRACTS)
    instance("market", market, Market)
    instance("scenarios", scenarios, Scenarios)
    pnl = np.empty((len(scenarios), len(instruments)))
    options: dict[str, list[int]] = {}  # those on one underlying are valued at once
    for k, contract in enumerate(instruments):
        if isinstance(contract, Option):
            options.setdefault(contract.underlying, []).append(k)
        else:
            pnl[:, k] = _contract_pnl(contract, market, scenarios)
    for underlying, columns in options.items():
        before, after = _moved(underlying, market, scenarios)
        group = [instruments[k] for k in columns]
        factors = {years: scenarios.volatility_factor(years) for years in {option.years for option in group}}
        volatility = np.stack([factors[option.years] for option in group], axis=1)
        pnl[:, columns] = _option_values(group, market, after * (1.0 + scenarios.moves["basis"]), volatility)
        pnl[:, columns] -= _option_values(group, market, before)
    return pnl


def _contract_pnl(contract: Linear | Inverse | Spot | Cash, market: Market, scenarios: Scenarios) -> FloatArray:
    moves = scenarios.moves
    if isinstance(contract, Cash):
        if contract.currency == "USD":
            return np.zeros(len(scenarios))
        rate = market.fx.get(contract.currency)
        if rate is None:
            raise ValueError(f"fx of the market must name {contract.currency!r}")
        return contract.pnl_usd(rate, rate * (1.0 + moves["fx"]))
    before, index = _moved(contract.underlying, market, scenarios)
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
    return index, index * (1.0 + moves["price"]) ** market.beta(underlying, moves["correlation"])


def _option_values(options: Sequence[Option], market: Market, forward: Any, volatility: Any = 1.0) -> FloatArray:
    """Value of each option, on the last axis, at forwards and with its implied volatility multiplied."""
    implied = [market.implied.get(option, market.volatilities.get(option.underlying)) for option in options]
    if None in implied:
        missing = options[implied.index(None)]
        raise ValueError(f"implied or volatilities of the market must give a volatility for {missing!r}")
    terms = [(option.strike, option.years, option.call) for option in options]
    strikes, years, calls = (np.array(column) for column in zip(*terms, strict=True))
    volatilities = np.array(implied) * volatility
    return option_value(np.asarray(forward)[..., None], strikes, volatilities, years, call=calls)


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
        weight: factor on the P&L of each scenario, `> 0`; a number or shape `(S,)`.
            Data frames and series keep their order: where two of the three have labels, these must agree.

    Returns:
        The losses in USD, `>= 0`, and the index of the scenario with the lowest weighted P&L (the first of equals),
        both of shape `(N,)`.

    Raises:
        ValueError: for shapes or labels that do not fit, no instruments, no scenarios, or a value or loss that is not
            finite.

    Examples:
        >>> unit = unit_pnl([Linear("BTC")], Market({"BTC": 60_000.0}), grid(price=[-0.1, 0.1]))
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
    factor = real("weight", weight, gt=0)
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


def worst_accounts(accounts: Any, quantities: Any, unit: Any, weight: Any = 1.0, *, top: int = 10) -> WorstAccounts:
    """The accounts that lose most in their worst case: `worst_cases`, of which the `top` largest losses are kept.

    Parts of the accounts may be seen by themselves, and `merge_worst` makes the whole of them.

    Parameters:
        accounts: label of each book: texts or whole numbers, shape `(N,)`, none twice; `N` may be 0.
        quantities: as in `worst_cases`, shape `(N, K)`.
        unit: as in `worst_cases`; the same for all parts.
        weight: as in `worst_cases`; the same for all parts.
        top: how many accounts to keep, `>= 1`.

    Raises:
        ValueError: as `worst_cases`; for labels that are neither texts nor whole numbers, are not one a book, or of
            which one is kept twice.

    Examples:
        >>> unit = unit_pnl([Linear("BTC")], Market({"BTC": 60_000.0}), grid(price=[-0.1, 0.1]))
        >>> worst = worst_accounts(["ann", "bob", "cho"], [[1.0], [-2.0], [0.5]], unit, top=2)
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

    Raises:
        ValueError: for another type, two values of `top`, texts beside whole numbers, or an account in both parts.

    Examples:
        >>> unit = unit_pnl([Linear("BTC")], Market({"BTC": 60_000.0}), grid(price=[-0.1, 0.1]))
        >>> parts = [worst_accounts([n], [[float(n)]], unit, top=2) for n in (4, 9, 7)]
        >>> merge_worst(merge_worst(parts[0], parts[1]), parts[2]).accounts.tolist()
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
        """What netting saves at each value of the correlation axis, and so what a jump to one destroys."""
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


def _legs(book: Sequence[tuple[Contract, float]], kinds: tuple[type, ...]) -> tuple[tuple[Any, ...], FloatArray]:
    """The contracts of a book, all of the `kinds`, and their quantities."""
    try:
        pairs = [(contract, quantity) for contract, quantity in book]
    except (TypeError, ValueError):
        raise ValueError(f"book must hold pairs of a contract and a quantity, got {brief(book)}") from None
    contracts = items("book", [contract for contract, _ in pairs], kinds)
    quantities = real("quantities", [quantity for _, quantity in pairs], ndim=1)
    for contract, quantity in zip(contracts, quantities, strict=True):
        if isinstance(contract, Cash) and contract.haircut and quantity < 0:  # it would make the debt smaller
            raise ValueError(f"haircut of {contract.currency} must be 0 for a debt, got {contract.haircut:g}")
    return contracts, quantities


def evaluate(book: Sequence[tuple[Contract, float]], market: Market, scenarios: Scenarios) -> Evaluation:
    """Value a book in every scenario.

    Parameters:
        book: pairs of a contract and its signed quantity (coins, USD of inverse contracts, options, currency units).
        market: the state before the stress.
        scenarios: from `grid`, `listed` or `published_grid`.

    Raises:
        ValueError: for an empty book, a non-finite quantity, a debt with a haircut, or a contract that the market does
            not price.

    Examples:
        >>> market = Market({"BTC": 60_000.0})
        >>> result = evaluate([(Linear("BTC"), 0.5)], market, published_grid("paradex"))
        >>> print(result.why())
        price move                  -0.16       price
        volatility move              0.4        volatility
        Linear BTC, 0.5         -4,800.00 USD   x_1 = q v_s
        weight of the scenario       1          w
        worst loss               4,800.00 USD   L = max(0, -w Σ_k x_k)
        initial factor               1          f
        initial margin           4,800.00 USD   I = f L
    """
    contracts, quantities = _legs(book, _CONTRACTS)
    return Evaluation(contracts, quantities, scenarios, unit_pnl(contracts, market, scenarios) * quantities)


# --- A whole rule ---


@dataclass(frozen=True, slots=True)
class Expiry:
    """What the market says of the options that expire together.

    Parameters:
        forward: the part of their forward that moves with the index, `>= 0`, USD per coin.
        fixed: the part that no longer moves, because the settlement price is an average and its window has begun,
            `>= 0`; the two together are the forward, `> 0`.
        interest: interest rate to the expiry per year; one below 0 counts as 0.
        trust: how sure the oracle is of its data, in `[0, 1]`.

    Raises:
        ValueError: for a value outside its range.
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
    """What a venue marks beside the index of the one coin that `portfolio_margin` is about.

    Parameters:
        perpetual: mark of the perpetual, `> 0`, USD per coin; None where it is on the index.
        expiries: forward and rate of each expiry, by its time in years, the `years` of the options; an expiry that it
            does not name has its forward on the index and no rate, and one that no option has is refused.
        stable: price of the coin in which the account settles, `> 0`, USD.
        trust: how sure the oracle is of index and perpetual, in `[0, 1]`.

    Raises:
        ValueError: for a value outside its range.
    """

    perpetual: float | None = None
    expiries: Mapping[float, Expiry] = field(default_factory=dict)
    stable: float = 1.0
    trust: float = 1.0

    def __post_init__(self) -> None:
        if self.perpetual is not None:
            scalar("perpetual", self.perpetual, gt=0)
        if not isinstance(self.expiries, Mapping):
            raise ValueError(f"expiries must be a mapping, got {brief(self.expiries)}")
        if self.expiries:
            real("expiries", list(self.expiries), gt=0)
            items("expiries", self.expiries.values(), (Expiry,))
        scalar("stable", self.stable, gt=0)
        scalar("trust", self.trust, ge=0, le=1)
        freeze(self)


@dataclass(frozen=True, eq=False, slots=True)
class MarginRule(ByValue):
    """A portfolio-margin rule: the scenarios, and what is charged for the risks that no scenario moves.

    With the scenarios alone it asks what `evaluate` does. A *contingency* is a charge for a risk beside the grid.

    Parameters:
        scenarios: the grid, with the factors for initial and maintenance margin.
        basis_moves: moves of every forward by itself, at unchanged volatility, `> -1`; none by default.
        basis_charge: part of the worst of these moves that an expiry is charged, `>= 0`.
        basis_charge_year: the same, in addition, per year to the expiry, `>= 0`.
        discount: what counts of an expiry whose options are worth something in a scenario, in `(0, 1]`.
        discount_rate: multiple of the expiry's interest rate by which that is discounted further, `>= 0`.
        discount_spread: rate per year that is added to it, `>= 0`.
        perpetual: charge on perpetuals held or owed, as a fraction of the index, `>= 0`.
        spot: charge on the coin, as a fraction of the index, `>= 0`.
        short_option: charge on each option sold and not bought at the same strike and expiry, be it call or put, as a
            fraction of the index, `>= 0`.
        trust_threshold: trust below which initial margin has an addition, in `[0, 1]`.
        trust_charge: that addition for a trust of 0, as a fraction of the index on every unit, `>= 0`.
        peg_threshold: price of the settlement coin below which the initial factor rises, `>= 0`, USD.
        peg_factor: by how much, per USD below it, `>= 0`.

    Raises:
        ValueError: for a value outside its range.
    """

    scenarios: Scenarios
    basis_moves: tuple[float, ...] = (0.0,)
    basis_charge: float = 0.0
    basis_charge_year: float = 0.0
    discount: float = 1.0
    discount_rate: float = 0.0
    discount_spread: float = 0.0
    perpetual: float = 0.0
    spot: float = 0.0
    short_option: float = 0.0
    trust_threshold: float = 0.0
    trust_charge: float = 0.0
    peg_threshold: float = 0.0
    peg_factor: float = 0.0

    def __post_init__(self) -> None:
        instance("scenarios", self.scenarios, Scenarios)
        real("basis_moves", self.basis_moves, gt=-1, ndim=1)
        scalar("discount", self.discount, gt=0, le=1)
        scalar("trust_threshold", self.trust_threshold, ge=0, le=1)
        for name in (
            "basis_charge", "basis_charge_year", "discount_rate", "discount_spread", "perpetual", "spot",
            "short_option", "trust_charge", "peg_threshold", "peg_factor",
        ):  # fmt: skip
            scalar(name, getattr(self, name), ge=0)
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


def published_rule(name: str) -> MarginRule:
    """The whole portfolio-margin rule of a venue, with its contingencies.

    Parameters:
        name: `"derive_pmrm_v1"`, for options, perpetuals and the coin itself.

    Raises:
        ValueError: for an unknown name.

    Examples:
        >>> rule = published_rule("derive_pmrm_v1")
        >>> rule.scenarios.factors, rule.perpetual
        ((1.25, 1.0), 0.03)

    Source: in `perpnotes/_venues.py`, beside each rule.
    """
    return MarginRule(published_grid(one_of("name", name, tuple(RULES))), **RULES[name])


@dataclass(frozen=True, eq=False, slots=True)
class PortfolioMargin(ByValue):
    """What a portfolio-margin rule asks of an account, and why. Made by `portfolio_margin`.

    Parameters:
        rule: the rule.
        parts: what is valued together: `perpetual`, `spot` and the options of each expiry; `P` names.
        parts_pnl: P&L of each part in each scenario before weights, USD, shape `(S, P)`; of options after the discount.
        mark_to_market: value of the book without its cash, USD.
        cash: USD, after its haircut.
        basis: P&L for which a move of the forwards alone is charged, USD, `<= 0`.
        contingencies: the other charges by name, USD, each `>= 0`.
        distrust: charge for a low confidence of the oracle, initial margin only, USD, `>= 0`.
        initial_factor: what multiplies the worst loss for initial margin, with the addition for a lost peg.
    """

    rule: MarginRule
    parts: tuple[str, ...]
    parts_pnl: FloatArray
    mark_to_market: float
    cash: float
    basis: float
    contingencies: Mapping[str, float]
    distrust: float
    initial_factor: float

    @property
    def equity(self) -> float:
        """Mark-to-market and cash, USD."""
        return self.mark_to_market + self.cash

    @property
    def pnl(self) -> FloatArray:
        """Weighted P&L of the book in each scenario, USD, shape `(S,)`."""
        total: FloatArray = self.rule.scenarios.weight * self.parts_pnl.sum(axis=1)
        return total

    @property
    def worst(self) -> Cell:
        """The scenario with the lowest weighted P&L, the first of equals; its contributions are those of the parts."""
        return _cell(self.rule.scenarios, int(self.pnl.argmin()), self.parts_pnl)

    @property
    def binding(self) -> str:
        """What sets the requirement: `"scenario"`, or `"basis"` where the forwards alone cost more than any of them."""
        return "basis" if self.basis < self.worst.pnl else "scenario"

    @property
    def loss(self) -> float:
        """The larger of the worst scenario's loss and the basis charge, with the contingencies, USD, `>= 0`."""
        return max(0.0, -min(self.worst.pnl, self.basis)) + sum(self.contingencies.values())

    @property
    def initial(self) -> float:
        """Initial margin, USD, `>= 0`; the account may open positions while its equity is above it."""
        return self.initial_factor * self.loss + self.distrust

    @property
    def maintenance(self) -> float:
        """Maintenance margin, USD, `>= 0`; the account is liquidated when its equity falls to it."""
        return self.rule.scenarios.factors[1] * self.loss

    def why(self, what: Literal["initial", "maintenance"] = "initial") -> Derivation:
        """The terms behind a margin: the worst scenario part by part, each contingency, the factor.

        Parameters:
            what: `"initial"` or `"maintenance"`.

        Raises:
            ValueError: for another word.
        """
        one_of("what", what, ("initial", "maintenance"))
        worst = self.worst
        moves = [Term(rf"\text{{{name}}}", f"{name} move", move) for name, move in worst.moves.items()]
        parts = [
            Term(f"x_{{{k}}}", f"P&L, {part}", pnl, "USD")
            for k, (part, pnl) in enumerate(zip(self.parts, worst.contributions, strict=True), start=1)
        ]
        charges = [
            Term(f"c_{{{k}}}", f"contingency, {name}", charge, "USD")
            for k, (name, charge) in enumerate(self.contingencies.items(), start=1)
        ]
        last = {
            "initial": (
                Term("f", "initial factor", self.initial_factor),
                Term("O", "low oracle confidence", self.distrust, "USD"),
                Term("I", "initial margin", self.initial, "USD", "f L + O"),
            ),
            "maintenance": (
                Term("m", "maintenance factor", self.rule.scenarios.factors[1]),
                Term("M", "maintenance margin", self.maintenance, "USD", "m L"),
            ),
        }[what]
        return Derivation(
            (
                Term("s", "worst scenario, counted from 0", worst.index),
                *moves,
                *parts,
                Term("S", "P&L in the worst scenario", worst.pnl, "USD", r"\sum_k x_k"),
                Term("B", "forwards alone", self.basis, "USD"),
                *charges,
                Term(
                    "L",
                    "worst loss and contingencies",
                    self.loss,
                    "USD",
                    r"\max(0, -\min(S, B)) + \sum_k c_k",
                ),
                *last,
            )
        )


def portfolio_margin(
    book: Sequence[tuple[Contract, float]],
    market: Market,
    rule: MarginRule,
    marks: Marks | None = None,
    *,
    unsettled: float = 0.0,
) -> PortfolioMargin:
    """What a portfolio-margin rule asks of an account on one coin: the worst scenario and the contingencies.

    `L = max(0, -min(S, B)) + sum_k c_k` with the worst scenario's `S` and the basis charge `B`; initial margin is
    `f L + O`, maintenance margin `m L`. Options of an expiry that are worth `V > 0` in a scenario count as `d V` there.

    Parameters:
        book: pairs of a contract and its signed quantity: linear perpetuals, options, the coin, and cash in USD.
        market: the state before the stress.
        rule: from `published_rule`, or your own.
        marks: what the venue marks beside the index; None where everything is on the index and nothing is in doubt.
        unsettled: P&L of the perpetuals that is not yet in the cash, USD.

    Raises:
        ValueError: for an empty book, another contract or currency, two coins, a non-finite quantity, a debt with a
            haircut, a coin or option that the market does not price, or an expiry of the marks that no option has.

    Examples:
        >>> market = Market({"BTC": 60_000.0}, {"BTC": 0.5})
        >>> call = Option("BTC", 66_000.0, 30 / 365)
        >>> account = portfolio_margin([(Linear("BTC"), 1.0), (call, -3.0)], market, published_rule("derive_pmrm_v1"))
        >>> print(account.why())
        worst scenario, counted           0          s
          from 0
        price move                        0.2        price
        volatility move                   0.6        volatility
        P&L, perpetual               12,000.00 USD   x_1
        P&L, 30-day options         -25,140.00 USD   x_2
        P&L in the worst scenario   -13,140.00 USD   S = Σ_k x_k
        forwards alone               -3,335.88 USD   B
        contingency, perpetual        1,800.00 USD   c_1
        contingency, short options    3,600.00 USD   c_2
        worst loss and               18,540.00 USD   L = max(0, -min(S, B)) + Σ_k c_k
          contingencies
        initial factor                    1.25       f
        low oracle confidence             0.00 USD   O
        initial margin               23,175.00 USD   I = f L + O

    Source: the structure and the names of the charges are those of Derive's "Portfolio Margin Parameters"
    (docs.derive.xyz, first manager); a rule without contingencies is the scenario grid of any venue.
    """
    contracts, sizes = _legs(book, (Linear, Spot, Option, Cash))
    instance("market", market, Market)
    instance("rule", rule, MarginRule)
    coins = sorted({contract.underlying for contract in contracts if not isinstance(contract, Cash)})
    if len(coins) > 1:
        raise ValueError(f"book must be on one coin, got {', '.join(coins)}: the rule nets within one only")
    if foreign := [c.currency for c in contracts if isinstance(c, Cash) and c.currency != "USD"]:
        raise ValueError(f"book must hold cash in 'USD' only, got {foreign[0]!r}")
    coin = coins[0] if coins else next(iter(market.prices))
    index, _ = _moved(coin, market, rule.scenarios)
    marks = Marks() if marks is None else instance("marks", marks, Marks)
    held = list(zip(contracts, sizes.tolist(), strict=True))
    perpetuals, spot = (sum(q for c, q in held if isinstance(c, kind)) for kind in (Linear, Spot))
    cash = sum(q * (1.0 - c.haircut) for c, q in held if isinstance(c, Cash))
    expiries = sorted({contract.years for contract in contracts if isinstance(contract, Option)})
    if strange := sorted(marks.expiries.keys() - set(expiries)):
        held_ones = ", ".join(map(repr, expiries)) or "none"
        raise ValueError(f"expiries of the marks must be those of the options, {held_ones}, got {strange[0]!r}")

    value = scalar("unsettled", unsettled)
    basis, naked = 0.0, 0.0
    distrust = rule.distrust(marks.trust) * index * (abs(perpetuals) + abs(spot))
    parts: list[tuple[str, FloatArray]] = []
    for name, contract, quantity, price in (
        ("perpetual", Linear(coin), perpetuals, index if marks.perpetual is None else marks.perpetual),
        ("spot", Spot(coin), spot, index / marks.stable),
    ):
        if quantity:
            marked = replace(market, prices={**market.prices, coin: price})
            parts.append((name, quantity * unit_pnl([contract], marked, rule.scenarios)[:, 0]))
    value += spot * index / marks.stable
    for years in expiries:
        options = [(c, q) for c, q in held if isinstance(c, Option) and c.years == years]
        expiry = marks.expiries.get(years, Expiry(index))
        now, then, alone = _expiry(options, market, rule, expiry)
        parts.append((f"{365 * years:.4g}-day options", then - now))
        value += now
        basis += min(0.0, alone - now) * (rule.basis_charge + rule.basis_charge_year * years)
        naked += _naked(options)
        doubt = rule.distrust(min(marks.trust, expiry.trust))
        distrust += doubt * index * sum(abs(quantity) for _, quantity in options)

    charged = {
        "perpetual": abs(perpetuals) * rule.perpetual,
        "spot": abs(spot) * rule.spot,
        "short options": naked * rule.short_option,
    }
    return PortfolioMargin(
        rule=rule,
        parts=tuple(name for name, _ in parts),
        parts_pnl=np.array([pnl for _, pnl in parts]).reshape(len(parts), len(rule.scenarios)).T,
        mark_to_market=value,
        cash=cash,
        basis=basis,
        contingencies={name: index * units for name, units in charged.items() if units},
        distrust=distrust,
        initial_factor=rule.scenarios.factors[0] + rule.peg_factor * max(0.0, rule.peg_threshold - marks.stable),
    )


def _expiry(
    options: Sequence[tuple[Option, float]], market: Market, rule: MarginRule, expiry: Expiry
) -> tuple[float, FloatArray, float]:
    """Value of the options of one expiry now, in each scenario after the discount, and in the worst basis move."""
    scenarios, held = rule.scenarios, [option for option, _ in options]
    quantities = np.array([quantity for _, quantity in options])
    index, moved = _moved(held[0].underlying, market, scenarios)

    def worth(move: Any, volatility: Any = 1.0) -> FloatArray:
        forward = expiry.forward * np.asarray(move) + expiry.fixed
        total: FloatArray = _option_values(held, market, forward, volatility) @ quantities
        return total

    years = held[0].years
    then = worth(moved / index * (1.0 + scenarios.moves["basis"]), scenarios.volatility_factor(years)[:, None])
    rate = rule.discount_rate * max(0.0, expiry.interest) + rule.discount_spread
    counted = np.where(then > 0, rule.discount * np.exp(-rate * years) * then, then)
    return float(worth(1.0)), counted, float(worth(1.0 + np.array(rule.basis_moves)).min())


def _naked(options: Sequence[tuple[Option, float]]) -> float:
    """Options sold of which none is bought at the same strike, be it call or put."""
    strikes: dict[float, float] = {}
    for option, quantity in options:
        strikes[option.strike] = strikes.get(option.strike, 0.0) + quantity
    return sum(max(0.0, -net) for net in strikes.values())

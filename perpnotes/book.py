"""Your own book: positions, collateral and a market as plain values, and what they say together."""

from __future__ import annotations

import json
import math
import pprint
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from perpnotes._crossing import first_touch
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue
from perpnotes._positions import FIELDS, parse
from perpnotes._types import FloatArray
from perpnotes._validate import brief, flag, one_of, real, scalar, text
from perpnotes._venues import LIQUIDATIONS, SIZE_TIERS, TIERS
from perpnotes.contracts import (
    Cash,
    Contract,
    Inverse,
    Linear,
    Option,
    Spot,
    _value_and_delta,
    holding,
    option_value,
)
from perpnotes.liquidation import Estimate, Interval, Settlement, _intervals
from perpnotes.liquidation import Rule as Practice
from perpnotes.liquidation import published_rule as practice
from perpnotes.margin import Account, Assessment, Collateral, Position, Tiers, published_size_tiers, published_tiers
from perpnotes.portfolio import Comparison, TierRule, compare, venues
from perpnotes.stress import Evaluation, Market, evaluate, grid, published_grid

__all__ = [
    "TABLES",
    "VENUES",
    "Assumption",
    "Exit",
    "Leg",
    "Prices",
    "Report",
    "Standing",
    "as_python",
    "parse",
    "report",
    "rules",
    "traded",
]

VENUES: tuple[str, ...] = tuple(LIQUIDATIONS)
"""The venues whose rule a book can name: Binance, Bybit, Hyperliquid, dYdX, BitMEX, Kraken, Paradex."""

TABLES: tuple[str, ...] = (*TIERS, *SIZE_TIERS)
"""The margin tables that a leg can name as its `maintenance`.

In USD: `binance_btcusdt_2024_10`, `binance_ethusdt_2024_10`, `bybit_btcusdt_2025_12`, `bybit_ethusdt_2025_12`,
`hyperliquid_btc_2025`, `hyperliquid_eth_2025`, `hyperliquid_sol_2025`. By size, in coins: `okx_btcusdt_2026_05`,
`okx_ethusdt_2026_05`.
"""

# What counts where a book does not say: from the records `book-defaults` and `liquidation-slip` and the fact
# `hyperliquid_taker_fee`; a test compares them.
_COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "AVAX", "BNB")
_VOLATILITY = (0.594346, 0.8032, 1.17452, 1.04708, 1.39623, 1.17773, 0.80606)
_CORRELATION: tuple[tuple[float, ...], ...] = (  # with the coins before
    (),
    (0.809629,),
    (0.595925, 0.672176),
    (0.579355, 0.617647, 0.534157),
    (0.543593, 0.541515, 0.426692, 0.448436),
    (0.624538, 0.671878, 0.635058, 0.563841, 0.446654),
    (0.677206, 0.711654, 0.584896, 0.552819, 0.420468, 0.623685),
)
_FUNDING = 0.0001
_LEVERAGE = 10.0
_TAKER = 0.00045
_SLIPPAGE = 0.0002251
_PESO = 0.0555188
_FX_MOVES = (-0.0609397, 0.0407471)
_DAILY = "daily returns on Binance, September 2020 to March 2026"
_SOURCES = {
    "volatility": _DAILY,
    "correlation": _DAILY,
    "funding": "median of Binance's payments, January 2020 to March 2026",
    "taker": "Hyperliquid, Fees, first tier, 2026",
    "slippage": "median move while large positions were closed by force on Hyperliquid, 2025 to 2026",
    "fx": "reference rate of the European Central Bank, 2026-03-31",
    "fx_moves": "largest fall and rise of the peso from day to day, European Central Bank, 2017 to 2026",
}
_TIERED = {
    "Binance": "binance_tiers_2024_10", "Bybit": "bybit_tiers_2025_12", "Hyperliquid": "hyperliquid_tiers_2025",
}  # fmt: skip

_GRID = published_grid("paradex")  # its prices and volatilities, without the far rows
_NEAR = _GRID.weight == 1
_MOVES, _VOLATILITIES = (np.unique(np.append(_GRID.moves[name][_NEAR], 0.0)) for name in ("price", "volatility"))

_BOOK = (
    "legs", "collateral", "currency", "fx", "marks", "volatility", "correlation", "venue", "taker", "slippage", "days",
    "hours", "funding", "moves", "fx_moves", "driver",
)  # fmt: skip
_LEG = tuple(dict.fromkeys(name for names in FIELDS.values() for name in names))
_MONEY = ("amount", "currency", "haircut")
_T = TypeVar("_T")
_flat = lru_cache(Tiers.flat)  # the legs of a book share a few rates
_FAR = 27.0  # logarithm of the largest move of a price that is looked at where options are held


# --- What a report holds ---


@dataclass(frozen=True, slots=True)
class Assumption:
    """A field that the book left out, and the default that was used. Made by `report`.

    Parameters:
        field: where it would stand, such as `volatility.BTC`.
        value: in the unit of the field.
        source: where it comes from.
    """

    field: str
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Exit:
    """How a position would end, and what is left then, USD. Made by `report`.

    Parameters:
        price: the mark at which it ends, USD.
        settlement: where the equity of its account goes.
        in_time: False for a stop that liquidation overtakes: then it is what liquidation leaves.
        complete: False where the venue's fee was not found, and counts as 0: what comes back is then at most this.
    """

    price: float
    settlement: Settlement
    in_time: bool = True
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a book. Amounts are in USD. Made by `report`.

    Parameters:
        name: the coin and the size.
        coin: its coin.
        kind: `"linear"`, `"inverse"`, `"spot"` or `"option"`.
        size: as in the book.
        entry: as in the book; of an option that does not say, its value now.
        mark: price of the coin.
        account: the number of its account, from 0.
        notional: at the mark, `>= 0`.
        unrealized: P&L since the entry.
        value: what a coin or an option is worth now; None for a perpetual.
        initial: initial margin.
        maintenance: maintenance margin.
        stop: what its stop leaves of its account; None without a stop.
        liquidation: what liquidation leaves of its account; None where there is no liquidation price on its side.
    """

    name: str
    coin: str
    kind: str
    size: float
    entry: float
    mark: float
    account: int
    notional: float
    unrealized: float
    value: float | None
    initial: float
    maintenance: float
    stop: Exit | None
    liquidation: Exit | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Legs that share margin: the cross account, or one isolated position. Amounts are in USD. Made by `report`.

    Parameters:
        name: `"cross"`, or the name of the isolated leg.
        isolated: whether it is one.
        legs: numbers of its legs, from 0.
        collateral: counted value of money and coins.
        open_fees: what opening costs, `>= 0`.
        funding: the cash flow of the expected funding; `< 0` is paid.
        options: what the options are worth.
        assessment: where it stands after fees and funding, at the marks; its collateral is the sum of these four.
    """

    name: str
    isolated: bool
    legs: tuple[int, ...]
    collateral: float
    open_fees: float
    funding: float
    options: float
    assessment: Assessment

    def why(self, what: str = "ratio") -> Derivation:
        """The terms behind a number of the account.

        Parameters:
            what: `"equity"`, `"ratio"`, `"buffer"` or `"available"`.

        Raises:
            ValueError: for any other word.
        """
        one_of("what", what, ("equity", "ratio", "buffer", "available"))
        found = self.assessment.why(what)  # type: ignore[arg-type]  # checked above
        _, unrealized, equity, *rest = found.terms
        parts = [Term("C", "collateral after haircuts", self.collateral, "USD", r"\sum_j a_j x_j (1 - h_j)")]
        formula = "C + U"
        for symbol, meaning, amount, sign in (
            ("V", "value of options", self.options, "+"),
            ("F_o", "fees to open", self.open_fees, "-"),
            ("F", "expected funding", self.funding, "+"),
        ):
            if amount:
                parts.append(Term(symbol, meaning, amount, "USD"))
                formula += f" {sign} {symbol}"
        return Derivation((*parts, unrealized, replace(equity, formula=formula), *rest))


@dataclass(frozen=True, slots=True)
class Prices:
    """The range of a coin's mark within which an account is not liquidated. Made by `report`.

    Parameters:
        account: its number, from 0.
        coin: the coin.
        alone: every other coin stands still, as on a venue's screen.
        following: the others follow by their betas.
        together: all move as at correlation one.
    """

    account: int
    coin: str
    alone: Interval
    following: Interval
    together: Interval
    _perpetual: tuple[tuple[str, Any], ...] = field(repr=False)  # empty for none

    @property
    def estimate(self) -> Estimate | None:
        """The perpetual behind the price *alone*, with the rest of the account as it stands.

        None where more than one leg or coin moves with it. It is made when it is asked for.
        """
        return Estimate(**dict(self._perpetual)) if self._perpetual else None


@dataclass(frozen=True, eq=False, slots=True)
class Report(ByValue):
    """The report on a book. Printed, it is all of it in text. Made by `report`.

    Parameters:
        currency: the account's currency.
        usd: USD for one unit of it.
        coins: every coin, and its mark in USD.
        legs: one for each leg of the book.
        accounts: the cross account, if there are cross legs or collateral, and each isolated position.
        prices: of each account and each coin in it.
        stressed: the legs, and the collateral that moves, in each cell of the grid; an isolated leg loses at most its
            margin.
        fails: in which cells the cross account is liquidated, shape `(S,)`.
        fails_at: the lowest correlation stress at which one of the moves liquidates the cross account; infinite for
            none.
        rules: the cross legs under the rule of each venue; None without cross legs, or where it was not asked for.
        closing: what closing every perpetual at its mark costs in fees, USD, `>= 0`.
        payments: how many funding payments are expected.
        assumed: what the book did not say.
    """

    currency: str
    usd: float
    coins: Mapping[str, float]
    legs: tuple[Leg, ...]
    accounts: tuple[Standing, ...]
    prices: tuple[Prices, ...]
    stressed: Evaluation
    fails: Any
    fails_at: float
    rules: Comparison | None
    closing: float
    payments: int
    assumed: tuple[Assumption, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What `why` can be asked, by the place of the number in `to_dict`."""
        return tuple(name for name, _ in self._askable())

    def _askable(self) -> Iterator[tuple[str, Callable[[], Derivation]]]:
        for k, account in enumerate(self.accounts):
            for what in ("ratio", "equity", "buffer", "available"):
                yield f"accounts[{k}].{what}", partial(account.why, what)
        for k, prices in enumerate(self.prices):
            for name in ("alone", "following", "together"):
                yield f"prices[{k}].{name}", getattr(prices, name).why
            if prices._perpetual:
                end = "low" if dict(prices._perpetual)["size"] > 0 else "high"
                if 0 < getattr(prices.alone, end) < math.inf:
                    yield f"prices[{k}].alone.{end}", partial(self._alone, k)
        for k, leg in enumerate(self.legs):
            for name in ("stop", "liquidation"):
                if (end := getattr(leg, name)) is not None:
                    yield f"legs[{k}].{name}", end.settlement.why
        yield "grid.worst", self._worst
        for k, row in enumerate(self.rules.rows if self.rules else ()):
            if row.initial is not None:
                yield f"rules[{k}].initial", partial(row.why, "initial")
            if row.maintenance is not None:
                yield f"rules[{k}].maintenance", partial(row.why, "maintenance")

    def _alone(self, k: int) -> Derivation:
        return Estimate(**dict(self.prices[k]._perpetual)).why()

    def _worst(self) -> Derivation:
        return Derivation(self.stressed.why().terms[:-2])  # without the factor and the margin of a rule

    def why(self, name: str) -> Derivation:
        """The terms behind one number of the report.

        Parameters:
            name: one of `reasons`, such as `"accounts[0].ratio"`.

        Raises:
            ValueError: for another name.
        """
        asked = dict(self._askable())
        return asked[one_of("name", name, tuple(asked))]()

    def terms(self, name: str) -> list[dict[str, Any]]:
        """The same terms as plain values: meaning, value, unit, symbol, and the equation as text.

        Parameters:
            name: one of `reasons`.

        Returns:
            One mapping a term, the result last; a value that is not finite is None.

        Raises:
            ValueError: for another name.

        Examples:
            >>> leg = {"coin": "BTC", "size": 0.5, "mark": 60_000, "margin": 3_000}
            >>> ratio = report({"legs": [leg]}).terms("accounts[0].ratio")[-1]
            >>> ratio["meaning"], ratio["value"], ratio["equation"]
            ('margin ratio', 0.04, 'R = M / E')
        """
        return [
            {
                "meaning": term.meaning,
                "value": _finite(term.value),
                "unit": term.unit,
                "symbol": term.key,
                "equation": term.equation,
            }
            for term in self.why(name)
        ]

    @property
    def _others(self) -> list[str]:
        """The currencies of the collateral that moves in the grid."""
        contracts: Sequence[Any] = self.stressed.contracts[len(self.legs) :]
        return [each.currency if isinstance(each, Cash) else each.underlying for each in contracts]

    def _surface(self, values: FloatArray, least: Callable[..., Any]) -> Any:
        """What each correlation (down) and price move (across) has of values in all cells, the worst of the rest."""
        axes = self.stressed.scenarios.axes
        cube = values.reshape([len(axis) for axis in axes.values()])
        rest = tuple(k for k, name in enumerate(axes) if name not in ("price", "correlation"))
        flat = least(cube, axis=rest)
        return flat.T.tolist() if "correlation" in axes else [flat.tolist()]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for a page or a file: what there is not is None, amounts are in USD.

        Returns:
            Mappings, lists, texts and numbers alone, as JSON has them.

        Examples:
            >>> leg = {"coin": "BTC", "size": 0.5, "mark": 60_000}
            >>> book = {"legs": [leg], "collateral": [{"amount": 3_000}]}
            >>> alone = report(book).to_dict()["prices"][0]["alone"]
            >>> round(alone["low"], 2), alone["high"]
            (54216.87, None)
        """
        worst = self.stressed.worst
        count = len(self.legs)
        axes = self.stressed.scenarios.axes
        cross = next((account for account in self.accounts if not account.isolated), None)
        held = {(prices.account, prices.coin): k for k, prices in enumerate(self.prices)}
        return {
            "currency": {"name": self.currency, "usd": self.usd},
            "coins": list(self.coins),
            "marks": dict(self.coins),
            "legs": [
                {
                    **_plain(leg),
                    "price": held.get((leg.account, leg.coin)),
                    "stop": _exit(leg.stop),
                    "liquidation": _exit(leg.liquidation),
                }
                for leg in self.legs
            ],
            "accounts": [_account_values(account, self.usd) for account in self.accounts],
            "prices": [
                {
                    "account": prices.account,
                    "coin": prices.coin,
                    "mark": prices.alone.mark,
                    **{
                        name: {
                            "low": each.low or None,
                            "high": _finite(each.high),
                            "distance": _finite(each.distance),
                        }
                        for name in ("alone", "following", "together")
                        for each in [getattr(prices, name)]
                    },
                }
                for prices in self.prices
            ],
            "grid": {
                "driver": next(iter(self.coins)),
                "price": axes["price"].tolist(),
                "correlation": axes["correlation"].tolist() if "correlation" in axes else [0.0],
                "pnl": self._surface(self.stressed.pnl, np.min),
                "fails": self._surface(self.fails, np.any),
                "worst": {
                    "moves": dict(worst.moves),
                    "pnl": worst.pnl,
                    "contributions": list(worst.contributions[:count]),
                    "others": dict(zip(self._others, worst.contributions[count:], strict=True)),
                },
            },
            "fails_at": _finite(self.fails_at),
            "rules": [
                {
                    **row,
                    "ratio": row["maintenance"] / cross.assessment.equity
                    if row["maintenance"] is not None and cross is not None and cross.assessment.equity > 0
                    else None,
                }
                for row in (self.rules.table() if self.rules else ())
            ],
            "ranked": [row.venue.name for row in self.rules.ranked()] if self.rules else [],
            "costs": {
                "open_fees": sum(account.open_fees for account in self.accounts),
                "funding": sum(account.funding for account in self.accounts),
                "closing": self.closing,
                "payments": self.payments,
            },
            "assumed": [{"field": each.field, "value": each.value, "source": each.source} for each in self.assumed],
        }

    def __str__(self) -> str:
        lines: list[str] = []
        for account in self.accounts:
            lines += [f"account: {account.name}", str(account.why()), ""]
            if self.currency != "USD":
                lines[-1:] = [f"equity in {self.currency}: {_own(account.assessment.equity / self.usd)}", ""]
        if self.prices:
            lines.append(f"{'liquidation':16} {'alone':>19} {'others follow':>19} {'together':>19}")
            for prices in self.prices:
                name = f"{prices.coin}, {self.accounts[prices.account].name}" if len(self.accounts) > 1 else prices.coin
                marks = (_between(each) for each in (prices.alone, prices.following, prices.together))
                lines.append(" ".join([f"{name:16}", *(f"{each:>19}" for each in marks)]))
            lines.append("")
        for leg in self.legs:
            for name, end in (("stop", leg.stop), ("liquidation", leg.liquidation)):
                if end is not None:
                    most = "" if end.complete or not end.settlement.returned else "at most "
                    late = "" if end.in_time else ": liquidation comes first"
                    left = f"{most}{end.settlement.returned:,.2f} USD left"
                    lines.append(f"{leg.name}, {name} at {_price(end.price)}: {left}{late}")
        worst = self.stressed.worst
        moves = ", ".join(
            f"{name} {move:.1f}" if name == "correlation" else f"{name} {move:+.0%}"
            for name, move in worst.moves.items()
        )
        lines += ["", f"worst cell: {moves or 'no move'}: {worst.pnl:z,.0f} USD"]
        names = [*(leg.name for leg in self.legs), *(f"collateral in {name}" for name in self._others)]
        lines += [f"  {leg:24} {pnl:>z14,.0f}" for leg, pnl in zip(names, worst.contributions, strict=True)]
        if any(not account.isolated for account in self.accounts):
            fails = f"from correlation stress {self.fails_at:.2f} on" if math.isfinite(self.fails_at) else "at none"
            lines.append(f"a move of the grid liquidates the account {fails}")
        if self.rules:
            lines += ["", f"{'rule':34} {'initial':>12} {'maintenance':>12}"]
            for row in self.rules.rows:
                least = "from " if row.status == "at least" else ""
                margins = ("" if each is None else f"{least}{each:,.0f}" for each in (row.initial, row.maintenance))
                shown = " ".join(f"{each:>12}" for each in margins)
                lines.append(f"{row.venue.title:34} {row.status if row.account is None else shown}".rstrip())
        paid = sum(account.funding for account in self.accounts)
        lines += [
            "",
            f"closing all costs {self.closing:,.2f} USD; {self.payments} payments of funding {paid:+,.2f} USD",
        ]
        lines += [f"assumed {each.field}: {each.value:.4g} ({each.source})" for each in self.assumed]
        return "\n".join(lines)


def _exit(end: Exit | None) -> dict[str, Any] | None:
    if end is None:
        return None
    found = end.settlement
    amounts = {name: getattr(found, name) for name in ("equity", "slipped", "returned", "to_fund", "shortfall")}
    return {"price": end.price, **amounts, "fee": found.charged, "in_time": end.in_time, "complete": end.complete}


def _account_values(account: Standing, usd: float) -> dict[str, Any]:
    names = ("equity", "initial", "maintenance", "buffer", "available")
    found = account.assessment
    amounts = {name: getattr(found, name) for name in names}
    return {
        **_plain(account),
        "legs": list(account.legs),
        "unrealized": found.unrealized,
        "notional": found.notional,
        **amounts,
        "ratio": _finite(found.ratio),
        "currency": {name: amount / usd for name, amount in amounts.items()},
    }


def _plain(made: Any) -> dict[str, Any]:
    """The fields of a dataclass that are plain values."""
    every = ((name, getattr(made, name)) for name in made.__dataclass_fields__)
    return {name: value for name, value in every if value is None or isinstance(value, (str, float, int))}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _price(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:,.2f}" if value >= 1 else f"{value:.4g}"


def _own(amount: float) -> str:
    return f"{amount:,.2f}" if abs(amount) >= 100 else f"{amount:.5g}"


def _between(found: Interval) -> str:
    low = _price(found.low) if found.low > 0 else "none"
    high = "none" if math.isinf(found.high) else "over 10×" if found.high > 10 * found.mark else _price(found.high)
    return f"{low} to {high}"


# --- Reading a book ---


class _Leg(NamedTuple):
    """A leg as the book states it, checked."""

    name: str
    coin: str
    kind: str
    size: float
    entry: float
    mark: float
    contract: Contract
    charged: Position | None  # what is charged for it: itself, for a sold option a short of so many coins
    margin: float | None
    stop: float | None
    haircut: float
    implied: float
    open_fee: float
    value: float  # of an option or a coin, USD; 0 for a perpetual
    unrealized: float

    @property
    def side(self) -> int:
        return 1 if self.size > 0 else -1

    @property
    def future(self) -> bool:
        return self.kind in ("linear", "inverse")

    def pnl(self, price: Any) -> Any:
        """What equity gains on a perpetual from the mark to another price of the coin, USD."""
        if self.kind == "inverse":
            return self.moved * ((1.0 / self.mark - 1.0 / price) * price)
        return self.moved * (price - self.mark)

    def closed(self, mark: float, slippage: float) -> tuple[float, float]:
        """What the fill of a close at a mark loses against it, and its notional, USD; coins count at the mark."""
        fill = mark * (1.0 - self.side * slippage)
        worth = mark / fill if self.kind == "inverse" else 1.0
        lost = worth - 1.0 if self.kind == "inverse" else mark - fill
        return self.size * lost, self.notional(fill) * worth

    def notional(self, price: float) -> float:
        """USD."""
        return abs(self.size) * (1.0 if self.kind == "inverse" else price)

    def settled(self, price: float) -> float:
        """Notional of a perpetual in what it settles in."""
        return abs(self.size) / price if self.kind == "inverse" else abs(self.size) * price

    @property
    def moved(self) -> float:
        """The size of which equity gains: an inverse perpetual has its P&L since the entry in coins, which move too."""
        return self.size * (self.mark / self.entry) if self.kind == "inverse" else self.size

    @property
    def counted(self) -> float:
        """The same after the haircut of a coin."""
        return self.moved * (1.0 - (self.haircut if self.size > 0 else 0.0))


class _Book(NamedTuple):
    """A book, checked, with what was assumed."""

    legs: tuple[_Leg, ...]
    money: tuple[Collateral, ...]
    currency: str
    usd: float
    market: Market  # the driver first
    rule: Practice
    taker: float
    slippage: float
    payments: int
    funding: Mapping[str, float]
    moves: FloatArray
    fx_moves: FloatArray
    assumed: tuple[Assumption, ...]


def _fields(name: str, value: Any, known: Sequence[str], needed: Sequence[str] = (), dot: str = "") -> dict[str, Any]:
    """The fields that are stated; None states nothing."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping, got {brief(value)}")
    if strange := [key for key in value if key not in known]:
        raise ValueError(f"{name} must have {', '.join(known)} and no other field, got {brief(strange[0])}")
    stated = {key: each for key, each in value.items() if each is not None}
    if missing := [key for key in needed if key not in stated]:
        raise ValueError(f"{dot}{missing[0]} must be stated")
    return stated


def _list(name: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} must be a list, got {brief(value)}")
    return value


def _read(book: Any) -> _Book:
    """The book, checked field by field."""
    stated = _fields("book", book, _BOOK, ("legs",))
    assumed: list[Assumption] = []

    def given(name: str, otherwise: float, **bounds: float) -> float:
        if name in stated:
            return scalar(name, stated[name], **bounds)
        assumed.append(Assumption(name, otherwise, _SOURCES[name]))
        return otherwise

    raw = [_stated(f"legs[{i}]", leg) for i, leg in enumerate(_list("legs", stated["legs"]))]
    if not raw:
        raise ValueError("legs must hold at least one leg")
    rule = practice(one_of("venue", stated.get("venue", VENUES[0]), VENUES))
    taker, slippage = given("taker", _TAKER, ge=0, lt=1), given("slippage", _SLIPPAGE, ge=0, lt=1)
    marks = _marks(stated.get("marks", {}), raw)
    coins = list(dict.fromkeys(leg["coin"] for leg in raw))
    cash = [
        _money(f"collateral[{i}]", each) for i, each in enumerate(_list("collateral", stated.get("collateral", ())))
    ]
    fx = _each("fx", stated.get("fx", {}), gt=0)
    money_in = dict.fromkeys(each["currency"] for each in cash)
    marks |= {
        c: fx[c] for c in money_in if c in fx and c in _COINS and c not in marks
    }  # a coin moves, whoever states it
    coins += [c for c in money_in if c in marks and c not in coins]
    driver = one_of("driver", stated.get("driver", coins[0]), coins)
    if fx.get("USD", 1.0) != 1:
        raise ValueError(f"fx.USD must be 1, got {fx['USD']:g}")

    def worth(currency: str) -> float:
        """USD for one unit."""
        if currency == "USD" or currency in marks:
            return marks.get(currency, 1.0)
        if currency in fx:
            return fx[currency]
        if currency != "MXN":
            raise ValueError(f"fx.{currency} must be stated: USD for one unit of it")
        fx[currency] = _PESO
        assumed.append(Assumption("fx.MXN", _PESO, _SOURCES["fx"]))
        return _PESO

    optioned = {leg["coin"] for leg in raw if leg["kind"] == "option" and "volatility" not in leg}
    stressed = coins if len(coins) > 1 else [coin for coin in coins if coin in optioned]
    volatility = _volatility(stated.get("volatility", {}), coins, stressed, assumed)
    order = [driver, *(coin for coin in coins if coin != driver)]
    matrix = _correlation(stated.get("correlation"), coins, order, assumed)
    legs = _valued([_leg(f"legs[{i}]", leg, marks, volatility, rule, taker, assumed) for i, leg in enumerate(raw)])
    currency = text("currency", stated.get("currency", "USD"))
    money = tuple(
        Collateral(each["amount"], each["currency"], each["haircut"], worth(each["currency"])) for each in cash
    )
    usd = worth(currency)
    days, hours = scalar("days", stated.get("days", 0.0), ge=0), scalar("hours", stated.get("hours", 8.0), gt=0)
    count = days * 24.0 / hours * (1.0 + 1e-12)
    if not math.isfinite(count):
        raise ValueError(f"days must be a finite number of payments at hours of {hours:g}, got {days:g}")
    payments = math.floor(count)
    rates = _funding(stated.get("funding"), coins, assumed if payments else [])
    moves = np.unique(real("moves", stated.get("moves", _MOVES), gt=-1, ndim=1))
    if not moves.any():
        raise ValueError("moves must hold one that is not 0")
    fx_moves = real("fx_moves", stated.get("fx_moves", 0.0), gt=-1)
    if "fx_moves" not in stated and any(each.currency == "MXN" for each in money):
        fx_moves = np.array(_FX_MOVES)
        assumed += (Assumption(f"fx_moves[{k}]", move, _SOURCES["fx_moves"]) for k, move in enumerate(_FX_MOVES))
    implied: dict[Option, float] = {}
    for i, leg in enumerate(legs):
        if isinstance(leg.contract, Option) and (one := implied.setdefault(leg.contract, leg.implied)) != leg.implied:
            raise ValueError(f"legs[{i}].volatility must be {one:g}, as of the same option before, got {leg.implied:g}")
    foreign = {each.currency: each.fx for each in money if each.currency not in ("USD", *coins)}
    market = Market({coin: marks[coin] for coin in order}, volatility, matrix, implied, foreign)
    return _Book(
        legs=legs,
        money=money,
        currency=currency,
        usd=usd,
        market=market,
        rule=rule,
        taker=taker,
        slippage=slippage,
        payments=payments,
        funding=rates,
        moves=moves,
        fx_moves=np.unique(np.append(fx_moves, 0.0)),
        assumed=tuple(assumed),
    )


def _stated(path: str, value: Any) -> dict[str, Any]:
    """A leg with the fields of its kind."""
    leg = _fields(path, value, _LEG, ("coin", "size"), f"{path}.")
    kind = leg["kind"] = one_of(f"{path}.kind", leg.get("kind", "linear"), tuple(FIELDS))
    text(f"{path}.coin", leg["coin"])
    if strange := [name for name in leg if name not in FIELDS[kind]]:
        raise ValueError(f"{path}.{strange[0]} must be left out for {'an' if kind[0] in 'io' else 'a'} {kind} leg")
    if kind == "option":
        _fields(path, leg, tuple(leg), [name for name in ("strike", "days") if name not in leg], f"{path}.")
    if scalar(f"{path}.size", leg["size"]) == 0:
        raise ValueError(f"{path}.size must not be 0")
    return leg


def _marks(value: Any, legs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The price of each coin, from wherever it is stated."""
    marks = _each("marks", value, gt=0)
    whose = dict.fromkeys(marks, "marks")
    for i, leg in enumerate(legs):
        if "mark" in leg:
            mark, coin = scalar(f"legs[{i}].mark", leg["mark"], gt=0), leg["coin"]
            if marks.setdefault(coin, mark) != mark:
                raise ValueError(
                    f"legs[{i}].mark must be the price of {coin} that {whose[coin]} has, {marks[coin]:g}, got {mark:g}"
                )
            whose.setdefault(coin, f"legs[{i}]")
    for i, leg in enumerate(legs):
        if leg["coin"] not in marks:
            raise ValueError(f"legs[{i}].mark must be stated: the price of {leg['coin']}, USD")
    return marks


def _each(name: str, value: Any, **bounds: float) -> dict[str, float]:
    """Numbers by name; what the book has no use for may be there, as a market has more coins than a book."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping, got {brief(value)}")
    stated = {key: each for key, each in value.items() if each is not None}
    return {text(f"a key of {name}", key): scalar(f"{name}.{key}", each, **bounds) for key, each in stated.items()}


def _money(path: str, value: Any) -> dict[str, Any]:
    stated = _fields(path, value, _MONEY, ("amount",), f"{path}.")
    return {
        "amount": scalar(f"{path}.amount", stated["amount"]),
        "currency": text(f"{path}.currency", stated.get("currency", "USD")),
        "haircut": scalar(f"{path}.haircut", stated.get("haircut", 0.0), ge=0, lt=1),
    }


def _volatility(value: Any, coins: Sequence[str], needed: Sequence[str], assumed: list[Assumption]) -> dict[str, float]:
    stated = _each("volatility", value, gt=0)
    found = {coin: stated[coin] for coin in coins if coin in stated}
    for coin in needed:
        if coin in found:
            continue
        if coin not in _COINS:
            raise ValueError(f"volatility.{coin} must be stated: measured are {', '.join(_COINS)}")
        found[coin] = _VOLATILITY[_COINS.index(coin)]
        assumed.append(Assumption(f"volatility.{coin}", found[coin], _SOURCES["volatility"]))
    return found


def _correlation(value: Any, coins: Sequence[str], order: Sequence[str], assumed: list[Assumption]) -> Any:
    """The matrix with the driver first; None for one coin."""
    count = len(coins)
    if isinstance(value, list | tuple | np.ndarray):
        matrix = real("correlation", value)
        if matrix.shape != (count, count):
            raise ValueError(f"correlation must have shape {(count, count)}, got {matrix.shape}")
    elif value is not None and not isinstance(value, Mapping):
        rho = scalar("correlation", value, ge=-1, le=1)
        matrix = np.full((count, count), rho) + (1.0 - rho) * np.eye(count)
    else:
        matrix = _paired({} if value is None else value, coins, assumed)
    if count == 1:
        return None
    moved = [coins.index(coin) for coin in order]
    return matrix[np.ix_(moved, moved)]


def _paired(value: Mapping[str, Any], coins: Sequence[str], assumed: list[Assumption]) -> FloatArray:
    """The matrix of stated pairs, such as `BTC-ETH`; a pair that is not stated is the measured one."""
    pairs = {f"{a}-{b}": (i, k) for i, a in enumerate(coins) for k, b in enumerate(coins) if i != k}
    matrix = np.full((len(coins), len(coins)), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for pair, rho in _each("correlation", value, ge=-1, le=1).items():
        if pair in pairs:
            i, k = pairs[pair]
            matrix[i, k] = matrix[k, i] = rho
    for pair, (i, k) in pairs.items():
        if math.isnan(matrix[i, k]):
            if unknown := [coin for coin in (coins[i], coins[k]) if coin not in _COINS]:
                raise ValueError(f"correlation.{pair} must be stated: {unknown[0]} is none of {', '.join(_COINS)}")
            first, last = sorted((_COINS.index(coins[i]), _COINS.index(coins[k])))
            matrix[i, k] = matrix[k, i] = rho = _CORRELATION[last][first]
            assumed.append(Assumption(f"correlation.{pair}", rho, _SOURCES["correlation"]))
    return matrix


def _funding(value: Any, coins: Sequence[str], assumed: list[Assumption]) -> dict[str, float]:
    if isinstance(value, Mapping):
        rates = _each("funding", value)
    else:
        rates = {} if value is None else dict.fromkeys(coins, scalar("funding", value))
    for coin in coins:
        if coin not in rates:
            rates[coin] = _FUNDING
            assumed.append(Assumption(f"funding.{coin}", _FUNDING, _SOURCES["funding"]))
    return rates


def _leg(
    path: str,
    leg: Mapping[str, Any],
    marks: Mapping[str, float],
    volatility: Mapping[str, float],
    rule: Practice,
    taker: float,
    assumed: list[Assumption],
) -> _Leg:
    kind, coin, size = leg["kind"], leg["coin"], float(leg["size"])
    mark = marks[coin]

    def number(name: str, otherwise: Any, **bounds: float) -> Any:
        return scalar(f"{path}.{name}", leg[name], **bounds) if name in leg else otherwise

    implied, name = 0.0, f"{coin} {size:+,.10g}"
    contract: Contract
    if kind == "option":
        implied = number("volatility", volatility.get(coin, 0.0), ge=0)
        strike, days = number("strike", None, gt=0), number("days", None, ge=0)
        contract = Option(coin, strike, days / 365.0, flag(f"{path}.call", leg.get("call", True)))
        name += f" {'call' if contract.call else 'put'} {strike:,g}, {days:g} days"
    else:
        contract = {"linear": Linear, "inverse": Inverse, "spot": Spot}[kind](coin)
        name += {"linear": "", "inverse": " USD", "spot": " spot"}[kind]
    margin, stop = number("margin", None, gt=0), number("stop", None, gt=0)
    if stop is not None and (mark - stop) * size <= 0:
        where = f"below the mark {mark:g} for a long" if size > 0 else f"above the mark {mark:g} for a short"
        raise ValueError(f"{path}.stop must be {where}, got {stop:g}")
    value = size * mark if kind == "spot" else 0.0
    entry = number("entry", math.nan, ge=0) if kind == "option" else number("entry", mark, gt=0)
    charged = None
    perpetual = kind in ("linear", "inverse")
    if perpetual or (kind == "option" and size < 0):
        future = Inverse(coin) if kind == "inverse" else Linear(coin)
        table = _table(path, leg, mark, rule, assumed)
        leverage = number("leverage", 1.0, ge=1)
        try:
            charged = Position(
                future,
                size,
                entry if perpetual else mark,
                mark,
                table,
                leverage,
                rule.basis if perpetual else "mark",
                taker if rule.counts_fee and perpetual else 0.0,
            )
            if "leverage" not in leg:
                charged = replace(charged, leverage=_leverage(charged, margin))
                source = "a choice of this library" if margin is None else "notional over its margin, as far as allowed"
                assumed.append(Assumption(f"{path}.leverage", charged.leverage, source))
        except ValueError as error:
            raise ValueError(f"{path}.{error}") from None
    return _Leg(
        name=name,
        coin=coin,
        kind=kind,
        size=size,
        entry=entry,
        mark=mark,
        contract=contract,
        charged=charged,
        margin=margin,
        stop=stop,
        haircut=number("haircut", 0.0, ge=0, lt=1),
        implied=implied,
        open_fee=number("open_fee", 0.0, gt=-1, lt=1),
        value=value,
        unrealized=charged.pnl_usd if charged is not None and perpetual else value - size * entry,
    )


def _valued(legs: Sequence[_Leg]) -> tuple[_Leg, ...]:
    """The legs with what the options are worth now, all at once, and without an entry that is what they cost."""
    options = [(leg.mark, leg.contract, leg.implied) for leg in legs if isinstance(leg.contract, Option)]
    if not options:
        return tuple(legs)
    marks, contracts, implied = zip(*options, strict=True)
    strikes, years, calls = zip(*((each.strike, each.years, each.call) for each in contracts), strict=True)
    units = iter(option_value(marks, strikes, implied, years, call=calls).tolist())

    def worth(leg: _Leg) -> _Leg:
        value = leg.size * next(units)
        entry = value / leg.size if math.isnan(leg.entry) else leg.entry
        return leg._replace(value=value, entry=entry, unrealized=value - leg.size * entry)

    return tuple(worth(leg) if leg.kind == "option" else leg for leg in legs)


def _leverage(position: Position, margin: float | None) -> float:
    """The leverage that is assumed, of an isolated leg that of its margin; less where the table allows less."""
    settled = position.notional_usd / (position.mark if isinstance(position.contract, Inverse) else 1.0)
    wanted = _LEVERAGE if margin is None else max(1.0, settled / margin)
    allowed = position.tiers.max_leverage
    return min(wanted, allowed[int(position.tiers.tier(settled))]) if allowed else wanted


def _table(path: str, leg: Mapping[str, Any], mark: float, rule: Practice, assumed: list[Assumption]) -> Tiers:
    """The maintenance table of a leg: its own rate or table, else what the venue publishes for it."""
    kind, coin, stated = leg["kind"], leg["coin"], leg.get("maintenance")
    if isinstance(stated, str):
        one_of(f"{path}.maintenance", stated, TABLES)
        return published_size_tiers(stated).at(leg["size"]) if stated in SIZE_TIERS else published_tiers(stated)
    if stated is not None:
        return _flat(scalar(f"{path}.maintenance", stated, gt=0, lt=1))
    published = next((venue for venue in venues() if venue.name == _TIERED.get(rule.venue)), None)
    tiered = None if published is None else published.rules.get(coin)
    table = tiered.tiers if isinstance(tiered, TierRule) else None
    if kind == "linear" and published is not None and isinstance(table, Tiers):
        rate = table.rates[int(table.tier(abs(leg["size"]) * mark))]
        assumed.append(Assumption(f"{path}.maintenance", rate, f"{published.title}, {published.date}"))
        return table
    if kind == "linear" and coin == "BTC":
        assumed.append(Assumption(f"{path}.maintenance", rule.maintenance, f"{rule.venue}, a small position in BTC"))
        return Tiers.flat(rule.maintenance)
    what = {"linear": coin, "inverse": "inverse contracts", "option": "sold options"}[kind]
    raise ValueError(f"{path}.maintenance must be stated: {rule.venue}'s rate for {what} is not in the library")


# --- The report ---


class _Shared(NamedTuple):
    """An account with what is behind it."""

    standing: Standing
    legs: tuple[_Leg, ...]
    initial: tuple[float, ...]  # margin of each leg, USD
    maintenance: tuple[float, ...]
    money: tuple[Collateral, ...]  # fees and funding are debts in it
    coins: tuple[Collateral, ...]  # of spot legs

    def gained(self, coin: str, price: Any, *, options: bool = True) -> Any:
        """What legs and coins gain when one coin goes from its mark to a price and the others stand, USD."""
        legs = [leg for leg in self.legs if leg.coin == coin and (leg.future or (options and leg.kind == "option"))]
        coins = [each.usd * (price / each.fx - 1.0) for each in (*self.money, *self.coins) if each.currency == coin]
        worth = iter(_gains([leg for leg in legs if not leg.future], price))
        won = [leg.pnl(price) if leg.future else next(worth) for leg in legs]
        return sum([*won, *coins], np.zeros(np.shape(price)))

    @property
    def owes_nothing(self) -> bool:
        """Whether it holds only what is bought and paid, so that no price can liquidate it."""
        return all(leg.size > 0 and not leg.future for leg in self.legs) and all(each.amount > 0 for each in self.money)

    def required(self, coin: str, price: Any) -> Any:
        """Maintenance margin of the legs on one coin at a price of it, USD."""
        charged = [leg.charged for leg in self.legs if leg.coin == coin and leg.charged is not None]
        return sum((each._maintenance(price, each.tiers._margin) for each in charged), np.zeros(np.shape(price)))


def _gains(options: Sequence[_Leg], price: Any) -> list[Any]:
    """What each of several options on one coin gains from its mark to another price, USD."""
    if not options:
        return []
    worth = _worth(options)
    now, then = (worth(np.asarray(each))[0] for each in (options[0].mark, price))
    return [leg.size * (then[..., k] - now[k]) for k, leg in enumerate(options)]


def _worth(legs: Sequence[_Leg]) -> Callable[[FloatArray], tuple[FloatArray, FloatArray]]:
    """Value and delta of one of each of several options at prices of their coin."""
    contracts = [leg.contract for leg in legs if isinstance(leg.contract, Option)]
    return _value_and_delta(contracts, np.array([leg.implied for leg in legs]))


def report(book: Mapping[str, Any], *, with_rules: bool = True) -> Report:
    """The full report on a book: margin, liquidation prices, stops, the worst of a stress grid, each venue's rule.

    A book is a mapping of plain values, as JSON has them. A field that is None counts as left out. Prices are in USD
    per coin; what is missing and taken from data is listed in the report's `assumed`.

    The book:

    - `legs`: a list of positions, at least one; their fields are below.
    - `collateral`: a list of what backs the cross account, each with `amount` and, if wanted, `currency` (default USD)
      and `haircut` (a fraction in `[0, 1)`, default 0). Default: none.
    - `currency`: the currency of the account. Default: USD.
    - `fx`: for each currency, USD for one unit of it. Needed unless that is USD, MXN or a coin with a price.
    - `marks`: for each coin, its price. Needed unless a leg has it, or `fx` for a coin that is only collateral.
    - `venue`: whose rule for liquidations counts, one of `VENUES`. Default: `"Binance"`.
    - `taker`: fee of a close, a fraction in `[0, 1)`. Default: 0.00045.
    - `slippage`: how much worse than its price a stop or a liquidation is filled, a fraction in `[0, 1)`. Default:
      0.0002251.
    - `days`: how long the book is held, `>= 0`; its funding is taken off first. Default: 0.
    - `hours`: from one funding payment to the next, `> 0`. Default: 8.
    - `funding`: rate of each payment, one number or one for each coin; longs pay if it is `> 0`. Default: 0.0001.
    - `volatility`: for each coin, per square root of a year, `> 0`. Default: as measured, for BTC, ETH, SOL, XRP, DOGE,
      AVAX and BNB.
    - `correlation`: one number for every pair, a mapping of pairs such as `"BTC-ETH"`, or a matrix in the order in
      which the legs name the coins. Default: as measured, for the same coins.
    - `driver`: the coin that the stress grid moves. Default: the coin of the first leg.
    - `moves`: of the driver in the grid, fractions `> -1`. Default: from -16% to 16%, as in Paradex's grid, which also
      moves volatilities by -22% and 40%.
    - `fx_moves`: of currencies in the grid, fractions `> -1`. Default: the largest ones of the peso in a day if it is
      held, else none.

    Each leg:

    - `coin`: such as `"BTC"`. Needed.
    - `size`: coins, USD of contracts if inverse, or number of options; `> 0` is long or bought. Needed.
    - `kind`: `"linear"`, `"inverse"`, `"spot"` or `"option"`. Default: linear.
    - `mark`: price of the coin, `> 0`. Needed unless another leg or `marks` has it.
    - `entry`: the price at which it was opened, `> 0`; of an option, the premium for one. Default: the price now.

    A perpetual, if wanted:

    - `margin`: makes it isolated, with this as its own margin, `> 0`: USD, or coins if inverse. Default: it is cross.
    - `stop`: the mark at which it is closed. Default: none.
    - `leverage`: for its initial margin, `>= 1`. Default: 10, or of an isolated leg notional over `margin`; less where
      the table allows less.
    - `maintenance`: a rate in `(0, 1)`, or one of `TABLES`. Default: what `venue` publishes for the coin.
    - `open_fee`: still to be paid for opening, a fraction of the notional at the entry. Default: 0.

    A spot leg, if wanted: `haircut`, a fraction in `[0, 1)`, default 0.

    An option:

    - `strike`: `> 0`. Needed.
    - `days`: until it expires, `>= 0`. Needed.
    - `call`: True or False. Default: True.
    - `volatility`: per square root of a year, `>= 0`. Default: the coin's.
    - `maintenance`: only if it is sold, and needed then: a rate of the coin's price in `(0, 1)`, or one of `TABLES`.
    - `leverage`: only if it is sold: as of a perpetual.

    How it is computed: fees to open and expected funding are taken off first. A liquidation price is asked three times:
    with the other coins frozen, as a venue's screen does; with the others following by their betas
    `rho sigma_i / sigma_j`, correlation times the ratio of the volatilities; and with all at correlation one. The grid
    moves the driver, and the others by their betas, at eleven correlation stresses from 0 to 1; volatilities move where
    there are options, currencies where there is collateral in them. An isolated leg loses at most its margin.

    Parameters:
        book: the fields above.
        with_rules: whether the report has `rules`, which can take as long as all the rest.

    Returns:
        The report; its `rules` are None without cross legs or with `with_rules=False`, and `fails_at` is infinite where
        no cell liquidates the cross account.

    Raises:
        ValueError: for a field that is unknown, missing or outside its range; the message begins with where it stands,
            such as `legs[1].size`.

    Examples:
        >>> bitcoin = {"coin": "BTC", "size": 0.5, "mark": 60_000}
        >>> ether = {"coin": "ETH", "size": 5, "mark": 3_000}
        >>> found = report(
        ...     {"legs": [bitcoin, ether], "collateral": [{"amount": 5_000}]}
        ... )
        >>> price = found.prices[0]
        >>> round(price.alone.low), round(price.together.low)
        (50321, 54183)
        >>> found.fails_at
        0.0
        >>> print(found.why("accounts[0].ratio"))
        collateral after haircuts  5,000.00 USD   C = Σ_j a_j x_j (1 - h_j)
        unrealized P&L                 0.00 USD   U = Σ_i u_i
        equity                     5,000.00 USD   E = C + U
        maintenance margin           180.00 USD   M = Σ_i (m_k N_i - c_k + φ_i N_i)
        margin ratio                   0.036      R = M / E
    """
    return _sized(partial(_report, with_rules=with_rules), _read(book))


def rules(book: Mapping[str, Any]) -> Comparison | None:
    """The cross legs of a book under the rule of each venue, as the report has them; None without cross legs.

    Parameters:
        book: as in `report`.

    Returns:
        One row a venue, amounts in USD.

    Raises:
        ValueError: as `report`.

    Examples:
        >>> leg = {"coin": "BTC", "size": 0.5, "mark": 60_000}
        >>> found = rules({"legs": [leg]})
        >>> round(found.row("deribit_2024_06").maintenance)
        4811
    """
    return _sized(_rules, _read(book))


def traded(book: Mapping[str, Any], trade: Mapping[str, Any]) -> dict[str, Any]:
    """The book after a trade, as plain values.

    A trade in a coin that the book holds in cross margin changes that leg: it grows, shrinks or changes sides. What
    closing realizes goes to the collateral, less the fee to open. A bought coin or option is paid out of
    the collateral, a sold one pays into it. Any other trade is a leg of its own.

    Parameters:
        book: as in `report`. A matrix of correlations must fit the coins that remain.
        trade: like one of its legs; its `entry` is the price of the trade.

    Returns:
        The book, perhaps without a leg: then there is no position left.

    Raises:
        ValueError: as `report` of the book with the trade as the last of its legs.

    Examples:
        >>> leg = {"coin": "BTC", "size": 0.5, "entry": 58_000}
        >>> mine = {"legs": [leg], "marks": {"BTC": 60_000}}
        >>> after = traded(mine, {"coin": "BTC", "size": -0.2})
        >>> after["legs"]
        [{'coin': 'BTC', 'size': 0.3, 'entry': 58000.0}]
        >>> after["collateral"]
        [{'amount': 400.0}]
    """
    book = _fields("book", book, _BOOK, ("legs",))
    stated = (
        {name: value for name, value in trade.items() if value is not None} if isinstance(trade, Mapping) else trade
    )
    if isinstance(stated, dict) and stated.get("kind") != "spot":  # what is sold to close needs no rate of its own
        stated = {"maintenance": 0.5, **stated}
    *held, new = _read({**book, "legs": [*_list("legs", book["legs"]), stated]}).legs
    legs, money = [dict(leg) for leg in book["legs"]], list(book.get("collateral") or ())
    after = {**book, "legs": legs, "collateral": money, "marks": {**(book.get("marks") or {}), new.coin: new.mark}}

    def pay(amount: float) -> None:
        if amount:
            money.append({"amount": amount} | ({"currency": new.coin} if new.kind == "inverse" else {}))

    if not new.future:
        pay(-new.size * new.entry)
    same = [i for i, leg in enumerate(held) if leg.contract == new.contract and leg.margin is new.margin is None]
    if not same:
        legs.append(dict(trade))
        return after
    i = min(same, key=lambda k: held[k].side == new.side)  # what it closes, where the book has both sides
    old = held[i]
    size, entry = old.size + new.size, old.entry
    if old.future:
        left = holding([old.size, new.size], [old.entry, new.entry], inverse=old.kind == "inverse")
        entry = left.entry
        pay(left.realized - math.fsum(each.open_fee * each.settled(each.entry) for each in (old, new)))
    if abs(size) <= 1e-12 * abs(new.size):
        del legs[i]
        if all(leg["coin"] != new.coin for leg in legs) and after.get("driver") == new.coin:
            del after["driver"]
        return after
    legs[i] |= {name: value for name, value in trade.items() if value is not None} | {"size": size, "entry": entry}
    legs[i].pop("open_fee", None)
    if size * old.size < 0 and trade.get("stop") is None:
        legs[i].pop("stop", None)
    return after


def _sized(what: Callable[[_Book], _T], read: _Book) -> _T:
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return what(read)
    except ValueError as error:  # each field is right by itself
        raise ValueError(f"book must be of sizes that floats can hold together: {error}") from None


def _rules(read: _Book) -> Comparison | None:
    cross = [(leg.contract, leg.size) for leg in read.legs if leg.margin is None]
    return compare(cross, read.market) if cross else None


def _report(read: _Book, *, with_rules: bool) -> Report:
    shared = _shared(read)
    prices = tuple(each for k, one in enumerate(shared) for each in _prices(k, one, read))
    stressed, fails = _stressed(read, shared, np.linspace(0.0, 1.0, 11))
    fails_at = _first(stressed, fails)
    if 0.0 < fails_at < math.inf:  # the same again between the last stress that it survives and this one
        fails_at = _first(*_stressed(read, shared, fails_at - np.linspace(0.1, 0.0, 11)))
    where = {i: k for k, one in enumerate(shared) for i in one.standing.legs}
    return Report(
        currency=read.currency,
        usd=read.usd,
        coins=read.market.prices,
        legs=tuple(_described(i, where[i], shared[where[i]], prices, read) for i in range(len(read.legs))),
        accounts=tuple(one.standing for one in shared),
        prices=prices,
        stressed=stressed,
        fails=fails,
        fails_at=fails_at,
        rules=_rules(read) if with_rules else None,
        closing=math.fsum(read.taker * leg.notional(leg.mark) for leg in read.legs if leg.future),
        payments=read.payments,
        assumed=read.assumed,
    )


def _shared(read: _Book) -> list[_Shared]:
    """The cross account first, then each isolated leg."""
    cross = [i for i, leg in enumerate(read.legs) if leg.margin is None]
    found = [_share("cross", cross, read, read.money)] if cross or read.money else []
    for i, leg in enumerate(read.legs):
        if leg.margin is not None:
            found.append(_share(leg.name, [i], read, [_settled(leg, leg.margin)], isolated=True))
    return found


def _settled(leg: _Leg, amount: float) -> Collateral:
    """An amount in what a perpetual settles in."""
    return Collateral(amount, leg.coin, fx=leg.mark) if leg.kind == "inverse" else Collateral(amount)


def _share(
    name: str, numbers: Sequence[int], read: _Book, money: Sequence[Collateral], *, isolated: bool = False
) -> _Shared:
    legs = tuple(read.legs[i] for i in numbers)
    futures = [leg for leg in legs if leg.future]
    coins = [Collateral(leg.size, leg.coin, leg.haircut, leg.mark) for leg in legs if leg.kind == "spot"]
    fees = [_settled(leg, -leg.open_fee * leg.settled(leg.entry)) for leg in futures]
    paid = [
        _settled(leg, -leg.side * leg.settled(leg.mark) * read.funding[leg.coin] * read.payments) for leg in futures
    ]
    collateral, opened, flow = (math.fsum(each.usd for each in some) for some in ((*money, *coins), fees, paid))
    options = math.fsum(leg.value for leg in legs if leg.kind == "option")
    charged = [leg.charged for leg in legs]
    initial = tuple(0.0 if position is None else position.initial_usd for position in charged)
    maintenance = tuple(0.0 if position is None else position.maintenance_usd for position in charged)
    assessment = Assessment(
        collateral=math.fsum((collateral, opened, flow, options)),
        unrealized=math.fsum(leg.unrealized for leg in futures),
        notional=math.fsum(position.notional_usd for position in charged if position is not None),
        initial=math.fsum(initial),
        maintenance=math.fsum(maintenance),
    )
    standing = Standing(name, isolated, tuple(numbers), collateral, -opened, flow, options, assessment)
    return _Shared(
        standing,
        legs,
        initial,
        maintenance,
        tuple(each for each in (*money, *fees, *paid) if each.amount),
        tuple(coins),
    )


# --- Liquidation prices ---


def _prices(number: int, shared: _Shared, read: _Book) -> Iterator[Prices]:
    """Where each coin of an account is liquidated, asked three times."""
    marks, sigma, matrix = read.market.prices, read.market.volatilities, np.asarray(read.market.correlation)
    order, coins = list(marks), list(dict.fromkeys(leg.coin for leg in shared.legs))
    if not coins:  # money beside isolated legs
        return
    moving = list(dict.fromkeys([*coins, *(each.currency for each in shared.money if each.currency in marks)]))
    asked: list[tuple[str, dict[str, float]]] = []
    for driver in coins:
        scales = {coin: sigma[coin] / sigma[driver] for coin in moving if coin != driver}
        rho = {coin: float(matrix[order.index(coin), order.index(driver)]) for coin in scales}
        asked += [(driver, {}), (driver, {coin: rho[coin] * scale for coin, scale in scales.items()}), (driver, scales)]
    futures = [leg.charged for leg in shared.legs if leg.charged is not None]
    if all(leg.kind != "option" for leg in shared.legs) and {leg.contract.underlying for leg in futures} == set(moving):
        account = Account(futures, (*shared.money, *shared.coins, Collateral(0.0)))
        found = _intervals(account, shared.standing.assessment, asked)
    else:
        found = _touched(shared, moving, marks, asked)
    for k, coin in enumerate(coins):
        alone, following, together = found[3 * k : 3 * k + 3]
        yield Prices(number, coin, alone, following, together, tuple(_perpetual(shared, coin, read).items()))


def _perpetual(shared: _Shared, coin: str, read: _Book) -> dict[str, Any]:
    """The only leg on a coin, as the formula of the liquidation price has it, if nothing else of the account moves."""
    (leg, *more), rest = ([each for each in shared.legs if (each.coin == coin) == own] for own in (True, False))
    held, inverse = {each.currency for each in (*shared.money, *shared.coins)}, leg.kind == "inverse"
    if more or not leg.future or leg.charged is None or (rest or held - {coin} if inverse else coin in held):
        return {}
    if shared.standing.assessment.buffer <= 0:  # then it is the mark, not where the formula had it
        return {}
    settles = leg.mark if inverse else 1.0  # USD
    rates = read.funding[coin] * read.payments * (leg.entry / leg.mark if inverse else leg.mark / leg.entry)
    pnl = math.fsum(each.unrealized for each in rest if each.future)
    costs = (leg.open_fee + leg.side * rates) * leg.settled(leg.entry)
    return {
        "size": leg.size,
        "entry": leg.entry,
        "wallet": (shared.standing.assessment.equity - leg.unrealized - pnl) / settles + costs,
        "maintenance": leg.charged.tiers,
        "inverse": inverse,
        "basis": leg.charged.basis,
        "open_fee": leg.open_fee,
        "close_fee": leg.charged.close_fee,
        "funding": rates,
        "other_pnl": pnl,
        "other_maintenance": math.fsum(
            asked for each, asked in zip(shared.legs, shared.maintenance, strict=True) if each.coin != coin
        ),
    }


def _touched(
    shared: _Shared, moving: Sequence[str], marks: Mapping[str, float], asked: Sequence[tuple[str, Mapping[str, float]]]
) -> tuple[Interval, ...]:
    """`liquidation.intervals` for an account with options, or with coins on which there is no perpetual."""
    if shared.owes_nothing:
        return tuple(Interval(marks[driver], 0.0, math.inf) for driver, _ in asked)
    if shared.standing.assessment.buffer <= 0:
        return tuple(Interval(marks[driver], marks[driver], marks[driver]) for driver, _ in asked)
    follow = [[1.0 if coin == driver else each.get(coin, 0.0) for driver, each in asked] for coin in moving]
    betas = np.array([[0.0] * len(asked), *follow])  # the equity now stays where it is
    powers = np.hstack([-betas, betas])  # falls, then rises
    options = [[leg for leg in shared.legs if leg.coin == coin and leg.kind == "option"] for coin in moving]
    along = [_along(legs) if legs else None for legs in options]
    now = np.array([1.0, *(marks[coin] for coin in moving)])[:, None, None]

    def parts(u: FloatArray, here: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
        power = powers[:, here, None]
        price = now * np.exp(power * u)
        first, last = price[..., :-1], price[..., 1:]
        values, below = np.empty(price.shape), np.zeros(first.shape)
        values[0] = shared.standing.assessment.equity
        for k, (coin, held) in enumerate(zip(moving, along, strict=True), start=1):
            values[k] = shared.gained(coin, price[k], options=False) - shared.required(coin, price[k])
            if held is not None:
                worth, below[k] = held(price[k])
                values[k] += worth
        real("values", values, infinite=True)
        rise, gain = last - first, np.abs(values[..., 1:] - values[..., :-1] - below)
        slope = np.divide(gain, np.abs(rise), out=np.zeros(gain.shape), where=rise != 0)
        bend = slope * np.maximum(first, last) * (power * (u[:, 1:] - u[:, :-1])) ** 2 / 8.0
        return values, below, bend

    ends = _FAR / np.maximum(1.0, np.abs(betas).max(axis=0))  # so far that the coin that moves most moves by it
    far = first_touch(parts, np.tile(ends, 2))
    low, high = np.exp(-far[: len(asked)]).tolist(), np.exp(far[len(asked) :]).tolist()
    return tuple(
        Interval(marks[driver], marks[driver] * down, marks[driver] * up)
        for (driver, _), down, up in zip(asked, low, high, strict=True)
    )


def _along(legs: Sequence[_Leg]) -> Callable[[FloatArray], tuple[FloatArray, FloatArray]]:
    """What options gain along prices, and how far the tangents of bought ones lie below them at the next price.

    The value of a sold one is concave in the price, so it lies above the chord between two prices.
    """
    sizes, worth, now = np.array([leg.size for leg in legs]), _worth(legs), math.fsum(leg.value for leg in legs)
    bought = sizes.clip(min=0.0)

    def along(price: FloatArray) -> tuple[FloatArray, FloatArray]:
        value, slope = worth(price)
        rise = price[..., 1:] - price[..., :-1]
        sag = value[..., 1:, :] - value[..., :-1, :] - slope[..., :-1, :] * rise[..., None]
        return value @ sizes - now, sag.clip(min=0.0) @ bought

    return along


# --- The grid ---


def _stressed(read: _Book, shared: Sequence[_Shared], theta: FloatArray) -> tuple[Evaluation, Any]:
    """The legs and the collateral that moves in each cell of the grid, and in which cells the cross account fails."""
    marks, count = read.market.prices, len(read.legs)
    held: list[tuple[Contract, float]] = [(leg.contract, leg.counted) for leg in read.legs]
    columns, others = list(range(count)), dict[str, int]()
    for one in shared:
        for each in one.money:
            if each.currency != "USD":
                new = others.setdefault(each.currency, count + len(others)) if not one.standing.isolated else count
                contract = Spot(each.currency) if each.currency in marks else Cash(each.currency)
                held.append((contract, each.usd / each.fx))
                columns.append(one.standing.legs[0] if one.standing.isolated else new)
    axes: dict[str, Any] = {"price": read.moves}
    if any(leg.kind == "option" for leg in read.legs):
        axes["volatility"] = _VOLATILITIES
    if others.keys() - marks.keys():
        axes["fx"] = read.fx_moves
    scenarios = grid(**axes, correlation=theta if len(marks) > 1 else 0.0)
    found = evaluate(held, read.market, scenarios)
    legs = np.zeros((len(scenarios), count + len(others)))
    amounts = np.zeros(count + len(others))
    for column, pnl, (_, quantity) in zip(columns, found.legs.T, held, strict=True):
        legs[:, column] += pnl
        amounts[column] += quantity
    fails = np.zeros(len(scenarios), dtype=bool)
    for one in shared:
        equity, mine = one.standing.assessment.equity, list(one.standing.legs)
        if one.standing.isolated:
            legs[:, mine] = np.maximum(legs[:, mine], -max(0.0, equity))
            continue
        left = equity + legs[:, [*mine, *others.values()]].sum(axis=1)
        for coin, mark in marks.items():
            power = read.market.beta(coin, scenarios.moves["correlation"])
            left -= one.required(coin, mark * (1.0 + scenarios.moves["price"]) ** power)
        fails = (left <= 0.0) & (not one.owes_nothing)
    contracts = [*found.contracts[:count], *(Spot(name) if name in marks else Cash(name) for name in others)]
    return Evaluation(tuple(contracts), amounts, scenarios, legs), fails


def _first(stressed: Evaluation, fails: Any) -> float:
    theta = stressed.scenarios.moves["correlation"]
    return float(theta[fails].min()) if fails.any() else math.inf


# --- How each leg may end ---


def _described(i: int, number: int, shared: _Shared, prices: Sequence[Prices], read: _Book) -> Leg:
    leg, place = read.legs[i], shared.standing.legs.index(i)
    stop = liquidation = None
    found = next((each.alone for each in prices if (each.account, each.coin) == (number, leg.coin)), None)
    if leg.future and found is not None:
        end, rule = found.low if leg.side > 0 else found.high, read.rule
        if 0 < end < math.inf:
            every = [each for each in shared.legs if each.future]
            left = _closed(shared, leg.coin, end, every, read.slippage, rule.fee, rule.margin_fee, keeps=rule.keeps)
            liquidation = Exit(end, left, complete=rule.complete)
        if leg.stop is not None:
            stop = Exit(leg.stop, _closed(shared, leg.coin, leg.stop, [leg], read.slippage, read.taker))
            if liquidation is not None and (leg.stop - end) * leg.side <= 0:
                stop = replace(liquidation, price=leg.stop, in_time=False)
    return Leg(
        name=leg.name,
        coin=leg.coin,
        kind=leg.kind,
        size=leg.size,
        entry=leg.entry,
        mark=leg.mark,
        account=number,
        notional=leg.notional(leg.mark),
        unrealized=leg.unrealized,
        value=None if leg.future else leg.value,
        initial=shared.initial[place],
        maintenance=shared.maintenance[place],
        stop=stop,
        liquidation=liquidation,
    )


def _closed(
    shared: _Shared,
    coin: str,
    price: float,
    closed: Sequence[_Leg],
    slippage: float,
    fee: float,
    margin_fee: float = 0.0,
    *,
    keeps: bool = True,
) -> Settlement:
    """Where the equity of an account goes when perpetuals are closed, one coin at a price and the others standing."""
    equity = shared.standing.assessment.equity + float(shared.gained(coin, price))
    slipped = charged = 0.0
    for leg in closed:
        mark = price if leg.coin == coin else leg.mark
        lost, notional = leg.closed(mark, slippage)
        slipped += lost
        charged += fee * notional
        if margin_fee and leg.charged is not None:
            charged += margin_fee * float(replace(leg.charged, close_fee=0.0).maintenance_at(mark))
    return Settlement(equity, slipped, charged, keeps)


# --- As a script ---


def as_python(book: Mapping[str, Any]) -> str:
    """A script that prints the report of a book; it needs this library and numpy.

    Parameters:
        book: as in `report`.

    Returns:
        The text of the script.

    Raises:
        ValueError: as `report`, or for what cannot be written as JSON.

    Examples:
        >>> leg = {"coin": "BTC", "size": 0.5, "mark": 60_000, "margin": 3_000}
        >>> print(as_python({"legs": [leg]}))
        from perpnotes.book import report
        <BLANKLINE>
        book = {'legs': [{'coin': 'BTC', 'size': 0.5, 'mark': 60000, 'margin': 3000}]}
        <BLANKLINE>
        print(report(book))
        <BLANKLINE>
    """
    _read(book)
    try:
        plain = json.loads(json.dumps(book, allow_nan=False))
    except (TypeError, ValueError):
        raise ValueError(f"book must be of plain values, as JSON has them, got {brief(book)}") from None
    written = pprint.pformat(plain, sort_dicts=False)
    return f"from perpnotes.book import report\n\nbook = {written}\n\nprint(report(book))\n"

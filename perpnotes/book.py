"""Your own book: positions, collateral and a market as plain values, and what they say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from perpnotes._frozen import ByValue
from perpnotes._validate import brief, scalar, whole
from perpnotes.contracts import Inverse, Linear
from perpnotes.liquidation import Interval, interval
from perpnotes.margin import Account, Assessment, Collateral, Position, Tiers
from perpnotes.stress import Cell, Market, evaluate, grid

__all__ = ["Report", "report"]

_BOOK = ("legs", "collateral", "volatility", "correlation", "funding", "payments", "moves")
_LEG = ("coin", "size", "entry", "mark", "maintenance", "leverage", "close_fee", "inverse")
_MONEY = ("amount", "currency", "haircut", "fx")


@dataclass(frozen=True, eq=False, slots=True)
class Report(ByValue):
    """What a book says. Printed, it is the whole report. Made by `report`.

    Parameters:
        legs: the label of each leg, in the order of the book.
        account: equity and margin now.
        frozen: for each coin the marks between which the account lives while every other coin stands still.
        following: the same while the others follow by their betas.
        together: the same while all move together, as at correlation one.
        worst: the worst cell of the grid of moves and correlations.
        fails_at: the correlation stress from which the worst move liquidates the account; infinite if none does.
        closing: what closing every leg at its mark costs in fees, USD, `>= 0`.
        funding: the cash flow of the expected funding, USD; `< 0` is paid.
    """

    legs: tuple[str, ...]
    account: Assessment
    frozen: Mapping[str, Interval]
    following: Mapping[str, Interval]
    together: Mapping[str, Interval]
    worst: Cell
    fails_at: float
    closing: float
    funding: float

    def __str__(self) -> str:
        lines = [
            str(self.account.why()),
            "",
            f"{'liquidation':12} {'alone':>21} {'others follow':>21} {'together':>21}",
        ]
        for coin, alone in self.frozen.items():
            marks = (alone, self.following[coin], self.together[coin])
            lines.append(" ".join([f"{coin:12}", *(f"{_between(each):>21}" for each in marks)]))
        moves = ", ".join(
            f"{name} {move:+.0%}" if name == "price" else f"{name} {move:.1f}"
            for name, move in self.worst.moves.items()
        )
        lines += ["", f"worst cell: {moves}: {self.worst.pnl:,.0f} USD"]
        lines += [f"  {leg:24} {pnl:>12,.0f}" for leg, pnl in zip(self.legs, self.worst.contributions, strict=True)]
        fails = f"from correlation stress {self.fails_at:.1f} on" if math.isfinite(self.fails_at) else "at none"
        lines += [f"the worst move liquidates the account {fails}"]
        lines += [f"closing all costs {self.closing:,.2f} USD; expected funding {self.funding:+,.2f} USD"]
        return "\n".join(lines)


def report(book: Mapping[str, Any]) -> Report:
    """What a book of perpetuals says: margin, liquidation prices, the worst of a stress grid, and what holding costs.

    Liquidation prices are asked three times: with the other coins frozen, as a venue's screen does; with the others
    following by their betas `rho sigma_i / sigma_j`; and with all at correlation one. The grid moves the first coin of
    the book, and the others by their betas, at eleven correlation stresses from 0 to 1.

    Parameters:
        book: a mapping of plain values, so that it can be written as JSON.
            `legs`: at least one mapping each with `coin`, `size` (coins, or USD of contracts if `inverse`; long `> 0`),
            `entry` and `mark` (USD per coin, `> 0`), and if wanted `maintenance` (rate in `(0, 1)`, 0.005), `leverage`
            (`>= 1`, 10), `close_fee` (fraction, inside the maintenance, 0) and `inverse` (False).
            `collateral`: at least one mapping with `amount` and if wanted `currency`, `haircut` and `fx`, as in
            `margin.Collateral`.
            `volatility`: of each coin per square root of a year, `> 0`; needed with more than one coin.
            `correlation`: one number in `[-1, 1]` for every pair, or a matrix; 0.8.
            `funding`: rate of each expected payment, paid by longs if `> 0`; 0.
            `payments`: how many are expected, `>= 0`; 0.
            `moves`: relative moves of the first coin, each `> -1`; from -16% to 16% in nine steps.

    Raises:
        ValueError: for a field that is unknown, missing or outside its range; the message begins with where it stands,
            such as `legs[1].size`.

    Examples:
        >>> book = {
        ...     "legs": [
        ...         {"coin": "BTC", "size": 0.5, "entry": 60_000, "mark": 60_000},
        ...         {"coin": "ETH", "size": 5, "entry": 3_000, "mark": 3_000},
        ...     ],
        ...     "collateral": [{"amount": 5_000}],
        ...     "volatility": {"BTC": 0.5, "ETH": 0.7},
        ... }
        >>> found = report(book)
        >>> round(found.frozen["BTC"].low), round(found.together["BTC"].low)
        (50402, 54309)
        >>> found.fails_at
        0.0
    """
    fields = _fields("book", book, _BOOK, ("legs", "collateral"))
    positions = [_leg(f"legs[{i}]", leg) for i, leg in enumerate(_list("legs", fields["legs"]))]
    money = [_money(f"collateral[{i}]", each) for i, each in enumerate(_list("collateral", fields["collateral"]))]
    account = Account(positions, money)
    prices = {position.contract.underlying: position.mark for position in positions}
    coins = list(prices)
    volatility = _volatility(fields.get("volatility", {}), coins)
    correlation = _correlation(fields.get("correlation", 0.8), len(coins))
    rate, payments = scalar("funding", fields.get("funding", 0.0)), whole("payments", fields.get("payments", 0), ge=0)
    assessment = account.assess()

    def apart(driver: str, one: bool) -> dict[str, float]:
        j = coins.index(driver)
        return {
            coin: (1.0 if one else float(correlation[i, j])) * volatility[coin] / volatility[driver]
            for i, coin in enumerate(coins)
            if coin != driver
        }

    moves = fields.get("moves", np.linspace(-0.16, 0.16, 9))
    market = Market(prices, volatility, correlation if len(coins) > 1 else None)
    scenarios = grid(price=moves, correlation=np.linspace(0.0, 1.0, 11) if len(coins) > 1 else 0.0)
    stressed = evaluate([(position.contract, position.size) for position in positions], market, scenarios)
    netting = stressed.netting()
    fails = netting.theta[netting.book >= assessment.buffer]
    return Report(
        legs=tuple(f"{position.contract.underlying} {position.size:+,g}" for position in positions),
        account=assessment,
        frozen={coin: interval(account, coin) for coin in coins},
        following={coin: interval(account, coin, apart(coin, False)) for coin in coins},
        together={coin: interval(account, coin, apart(coin, True)) for coin in coins},
        worst=stressed.worst,
        fails_at=float(fails[0]) if fails.size else math.inf,
        closing=sum(position.close_fee * position.notional_usd for position in positions),
        funding=-sum(math.copysign(position.notional_usd, position.size) for position in positions) * rate * payments,
    )


def _between(found: Interval) -> str:
    low = f"{found.low:,.0f}" if found.low > 0 else "none"
    return f"{low} to {f'{found.high:,.0f}' if math.isfinite(found.high) else 'none'}"


def _fields(name: str, value: Any, known: Sequence[str], needed: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping, got {brief(value)}")
    if strange := [key for key in value if key not in known]:
        raise ValueError(f"{name} must have {', '.join(known)} and no other field, got {brief(strange[0])}")
    if missing := [key for key in needed if key not in value]:
        raise ValueError(f"{name} must have {missing[0]}")
    return value


def _list(name: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{name} must be a list with at least one entry, got {brief(value)}")
    return value


def _leg(name: str, value: Any) -> Position:
    leg = _fields(name, value, _LEG, ("coin", "size", "entry", "mark"))
    try:
        inverse = leg.get("inverse", False)
        if not isinstance(inverse, bool):
            raise ValueError(f"inverse must be True or False, got {brief(inverse)}")
        return Position(
            (Inverse if inverse else Linear)(leg["coin"]),
            leg["size"],
            leg["entry"],
            leg["mark"],
            Tiers.flat(leg.get("maintenance", 0.005)),
            leverage=leg.get("leverage", 10.0),
            close_fee=leg.get("close_fee", 0.0),
        )
    except ValueError as error:
        raise ValueError(f"{name}.{error}") from None


def _money(name: str, value: Any) -> Collateral:
    fields = _fields(name, value, _MONEY, ("amount",))
    try:
        return Collateral(**fields)
    except ValueError as error:
        raise ValueError(f"{name}.{error}") from None


def _volatility(value: Any, coins: Sequence[str]) -> dict[str, float]:
    if len(coins) == 1 and not value:
        return {coins[0]: 1.0}
    known = _fields("volatility", value, coins, coins)
    return {coin: scalar(f"volatility[{coin!r}]", known[coin], gt=0) for coin in coins}


def _correlation(value: Any, count: int) -> Any:
    if isinstance(value, list | tuple | np.ndarray):
        matrix = np.asarray(value, dtype=float)
        if matrix.shape != (count, count):
            raise ValueError(f"correlation must have shape {(count, count)}, got {matrix.shape}")
        return matrix
    rho = scalar("correlation", value, ge=-1, le=1)
    return np.full((count, count), rho) + (1.0 - rho) * np.eye(count)

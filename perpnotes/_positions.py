"""Positions as venues export them, as the legs of a book."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from perpnotes._export import key, table
from perpnotes._validate import brief, one_of, scalar
from perpnotes._venues import SIZE_TIERS, TIERS

_EVERY = ("coin", "kind", "size", "entry", "mark")
_FUTURE = (*_EVERY, "margin", "stop", "leverage", "maintenance", "open_fee")
FIELDS = {
    "linear": _FUTURE,
    "inverse": _FUTURE,
    "spot": (*_EVERY, "haircut"),
    "option": (*_EVERY, "strike", "days", "call", "volatility", "leverage", "maintenance"),
}
"""The fields of each kind of leg."""

# field: what venues call it, in letters alone
_NAMES = {
    "coin": ("coin", "symbol", "instrument", "instrumentname", "instid", "market", "pair", "ticker", "asset"),
    "side": ("side", "direction", "positionside", "posside"),
    "size": ("size", "szi", "qty", "quantity", "positionamt", "positionsize", "amount"),
    "entry": (
        "entry",
        "entryprice",
        "entrypx",
        "avgprice",
        "averageprice",
        "avgpx",
        "avgentryprice",
        "averageentryprice",
    ),
    "mark": ("mark", "markprice", "markpx"),
    "mode": ("margintype", "marginmode", "mgnmode"),
    "margin": ("margin", "isolatedwallet"),
    **{name: (key(name),) for names in FIELDS.values() for name in names if name not in (*_EVERY, "margin")},
    "kind": ("kind",),
}
_COUNTS = ("contracts", "pos", "lots", "currentqty", "numcontracts")
_SIDES = {"long": 1.0, "buy": 1.0, "short": -1.0, "sell": -1.0, "both": 0.0, "net": 0.0}
_PERPETUAL = ("future", "futures", "perpetual", "perp", "swap")  # kinds that do not tell linear from inverse
_NUMBER = re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(,\d{3})+)(\.\d*)?(e[+-]?\d+)?", re.ASCII)
_SYMBOL = re.compile(r"(PF_|PI_)?([A-Z0-9]*?[A-Z])(?:[-_/]?(USDT|USDC|USD))?(?::[A-Z]+)?([-_](?:PERP|PERPETUAL|SWAP))?")


def parse(text: str) -> list[dict[str, Any]]:
    r"""Positions as a venue exports them, as the `legs` of a book.

    A table is CSV with a line of names, or JSON with mappings somewhere in it. Columns may be called as Binance, Bybit,
    Hyperliquid and others call them, or as the fields of a leg; other columns are left out, and so are positions of
    size 0. A size is signed, or has its side beside it. Nothing is guessed: numbers of contracts, whose size only the
    venue knows, dated contracts, and symbols that may be linear or inverse are refused.

    Parameters:
        text: the export.

    Returns:
        One mapping a position, in the order of the text, with the fields of a leg that the text has: at least `coin`
        and `size`.

    Raises:
        ValueError: for text without positions, a column that is missing, doubled or not understood, or a value that is
            no number; it names the row, counted from 1, and the column.

    Examples:
        >>> parse("Symbol;Side;Size;Entry Price\nBTCUSDT;Sell;0.5;60,000")
        [{'coin': 'BTC', 'size': -0.5, 'entry': 60000.0}]
        >>> parse('[{"coin": "ETH", "szi": "-2", "entryPx": "3000"}]')
        [{'coin': 'ETH', 'size': -2.0, 'entry': 3000.0}]
    """
    legs = [_leg(f"row {i}", row) for i, row in enumerate(_rows(text), start=1)]
    return [leg for leg in legs if leg]


def _rows(text: Any) -> list[dict[str, tuple[str, Any]]]:
    """Each row: the letters of a column's name, its whole name, and what stands there."""
    if not isinstance(text, str):
        raise ValueError(f"text must be a string, got {brief(text)}")
    rows: list[Mapping[str, Any]]
    if text.lstrip()[:1] in ("{", "["):
        try:
            rows = _listed(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"text must be JSON where it begins like it: {error}") from None
        if not rows:
            raise ValueError(f"text must hold mappings with a coin: one of {', '.join(_NAMES['coin'])}")
    else:
        columns = table(f"{text}\n", []).cells
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return [{key(name): (name, cell) for name, cell in row.items() if cell not in (None, "")} for row in rows]


def _listed(value: Any) -> list[Mapping[str, Any]]:
    """All mappings that name a coin, however deep they lie."""
    if isinstance(value, list):
        return [row for each in value for row in _listed(each)]
    if not isinstance(value, Mapping):
        return []
    return [value] if {key(name) for name in value} & {*_NAMES["coin"]} else _listed(list(value.values()))


def _leg(where: str, row: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """One leg; empty where the size is 0."""
    cells: dict[str, tuple[str, Any]] = {}
    for field, names in _NAMES.items():
        there = [row[name] for name in names if name in row]
        if len({str(cell) for _, cell in there}) > 1:
            raise ValueError(f"{where} must have one of {' and '.join(name for name, _ in there)}: they differ")
        if there:
            cells[field] = there[0]
    if "size" not in cells and (counts := [row[name][0] for name in _COUNTS if name in row]):
        raise ValueError(f"{where}, {counts[0]} must be a size in coins: how large a contract is, only the venue knows")
    if missing := [field for field in ("coin", "size") if field not in cells]:
        raise ValueError(f"{where} must have a {missing[0]}: one of {', '.join(_NAMES[missing[0]])}")
    mode = str(cells.pop("mode", ("", ""))[1]).lower()
    lever = cells.get("leverage", ("", None))[1]
    if isinstance(lever, Mapping):  # Hyperliquid keeps the two in one place
        mode, cells["leverage"] = str(lever.get("type")).lower(), ("leverage", lever.get("value"))
    symbol, side = cells.pop("coin"), cells.pop("side", ("side", "net"))
    leg = _instrument(f"{where}, {symbol[0]}", symbol[1], cells.pop("kind", ("", None))[1])
    leg |= {field: _value(f"{where}, {name}", field, cell) for field, (name, cell) in cells.items()}
    if not leg["size"]:
        return {}
    sign = _SIDES.get(str(side[1]).strip().lower())
    if sign is None:
        raise ValueError(f"{where}, {side[0]} must be one of {', '.join(_SIDES)}, got {brief(side[1])}")
    if sign > 0 > leg["size"]:
        raise ValueError(f"{where}, {cells['size'][0]} must be > 0 beside {side[0]} {side[1]}, got {leg['size']:g}")
    leg["size"] = sign * abs(leg["size"]) or leg["size"]
    if mode.startswith("isolated") and not leg.get("margin"):
        raise ValueError(f"{where} must have the margin of an isolated position: margin or isolatedWallet")
    if mode.startswith("cross") or not leg.get("margin"):
        leg.pop("margin", None)
    return leg


def _value(where: str, field: str, cell: Any) -> Any:
    if field == "maintenance" and cell in (*TIERS, *SIZE_TIERS):
        return cell
    if field == "call":
        return {"true": True, "false": False}.get(str(cell).lower(), cell)
    if not isinstance(cell, str):
        return scalar(where, cell)
    plain = cell.strip().replace("\u2212", "-").lower()
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"{where} must be a number such as 1,234.5, got {brief(cell)}")
    return float(plain.replace(",", ""))


def _instrument(where: str, symbol: Any, kind: Any) -> dict[str, Any]:
    """Coin and kind."""
    found = _SYMBOL.fullmatch(str(symbol).strip().upper())
    if found is None:
        raise ValueError(f"{where} must be a coin or the symbol of a perpetual, such as BTCUSDT, got {brief(symbol)}")
    prefix, coin, quote, suffix = found.groups()
    coin = "BTC" if coin == "XBT" else coin
    kind = str(kind or "").strip().lower()
    if kind and kind not in _PERPETUAL:
        return {"coin": coin, "kind": one_of(f"{where.partition(',')[0]}, kind", kind, tuple(FIELDS))}
    if prefix == "PI_" or (suffix == "-PERPETUAL" and not quote):  # Kraken's and Deribit's inverse contracts
        return {"coin": coin, "kind": "inverse"}
    if quote == "USD" and prefix != "PF_":
        raise ValueError(f"{where} must say whether {symbol} is linear or inverse: add a column named kind")
    return {"coin": coin}

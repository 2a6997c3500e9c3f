"""Order books as venues send them: snapshots, updates, quotes and trades, read and replayed. `feeds` exports it.

Sizes come in coins, whatever the venue counts in; stamps in seconds since 1970. Where an update is missing, there
is an error, not a book that looks complete.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from perpnotes import _export
from perpnotes._frozen import ByValue, freeze
from perpnotes._validate import FloatArray, brief, one_of, real, scalar

_WHOLE = (0.0, float(np.finfo(np.float64).max))


def _pair(name: str, value: Any) -> tuple[float, float]:
    if (both := real(name, value)).shape != (2,):
        raise ValueError(f"{name} must be two prices, got {brief(value)}")
    return float(both[0]), float(both[1])


class Levels(NamedTuple):
    """One side of a book, best price first.

    Attributes:
        prices: `> 0`, USD per coin: falling for bids, rising for asks. Shape `(n,)`.
        sizes: coins at each price. Shape `(n,)`.
    """

    prices: FloatArray
    sizes: FloatArray


@dataclass(frozen=True, eq=False, slots=True)
class Book(ByValue):
    """An order book at one moment.

    Parameters:
        bids: prices that fall, and coins, `> 0`.
        asks: prices that rise, and coins, `> 0`.
        symbol: the contract, as the venue calls it; empty where the text does not say.
        sequence: the venue's number of the last change in it; None where it sends none.
        seconds: the venue's stamp, since 1970; NaN where it sends none.
        received: the receiver's stamp, since 1970, on a clock of its own; NaN where nobody recorded it.
        known: the lowest and the highest price between which every order is in the book, USD per coin; the ends of the
            levels where None. Beyond them the venue sent nothing, and empty is not the same as unknown.

    Raises:
        ValueError: for a side without a level, levels out of order, prices or sizes that are not positive, or a crossed
            book.

    Examples:
        >>> bids = Levels([99.0, 98.0], [1.0, 4.0])
        >>> asks = Levels([101.0, 103.0], [2.0, 1.0])
        >>> book = Book(bids, asks)
        >>> book.bid, book.ask, book.mid, book.spread
        (99.0, 101.0, 100.0, 2.0)
        >>> book.depth(0.02)
        (5.0, 2.0)
    """

    bids: Levels
    asks: Levels
    symbol: str = ""
    sequence: int | None = None
    seconds: float = np.nan
    received: float = np.nan
    known: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name, sign in (("bids", -1.0), ("asks", 1.0)):
            prices, sizes = _side(name, getattr(self, name))
            if (sizes <= 0).any():
                raise ValueError(f"{name} must have sizes > 0, got {sizes[sizes <= 0][0]:g}")
            if (sign * np.diff(prices) <= 0).any():
                raise ValueError(f"{name} must have prices that {'rise' if sign > 0 else 'fall'} from the best on")
            object.__setattr__(self, name, Levels(prices, sizes))
        if self.bids.prices[0] >= self.asks.prices[0]:
            raise ValueError(
                f"bids must stand below asks, got a crossed book: {self.bids.prices[0]:g} and {self.asks.prices[0]:g}"
            )
        low, high = (float(self.bids.prices[-1]), float(self.asks.prices[-1]))
        if self.known is not None:
            low, high = _pair("known", self.known)
        scalar("known", low, ge=0, le=float(self.bids.prices[0]))
        scalar("known", high, ge=float(self.asks.prices[0]))
        object.__setattr__(self, "known", (float(low), float(high)))
        freeze(self)

    @property
    def bid(self) -> float:
        """The best bid, USD per coin."""
        return float(self.bids.prices[0])

    @property
    def ask(self) -> float:
        """The best ask, USD per coin."""
        return float(self.asks.prices[0])

    @property
    def mid(self) -> float:
        """The middle of the best quotes: `(bid + ask) / 2`."""
        return (self.bid + self.ask) / 2.0

    @property
    def spread(self) -> float:
        """The quoted spread: `ask - bid`, USD per coin."""
        return self.ask - self.bid

    @property
    def reach(self) -> float:
        """How far from the mid price the book is known on both sides, a fraction."""
        low, high = self.known or (self.bid, self.ask)
        return min(1.0 - low / self.mid, high / self.mid - 1.0)

    def depth(self, within: float) -> tuple[float, float]:
        """Coins bid and coins asked no further than a part of the mid price from it.

        Parameters:
            within: distance from the mid price, a fraction, `>= 0`: 0.001 is 10 bp. Not above `reach`.

        Raises:
            ValueError: for a distance at which the book is not known.
        """
        far = scalar("within", within, ge=0)
        if far > self.reach * (1 + 1e-12):
            raise ValueError(f"within must be <= {self.reach:.6g}, as far as the book is known, got {far:g}")
        low, high = self.mid * (1.0 - far) * (1.0 - 1e-12), self.mid * (1.0 + far) * (1.0 + 1e-12)
        return (
            float(self.bids.sizes[self.bids.prices >= low].sum()),
            float(self.asks.sizes[self.asks.prices <= high].sum()),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Update(ByValue):
    """What changed in a book. Made by `parse_messages` and `read_messages`.

    Parameters:
        bids: prices and what stands there now, coins; 0 where nothing does.
        asks: the same for asks.
        symbol: the contract.
        first: the venue's number of the first change in it; None where it sends none.
        last: the number of the last.
        previous: the number of the last change before it, where the venue says so.
        seconds: as in `Book`.
        received: as in `Book`.
    """

    bids: Levels
    asks: Levels
    symbol: str = ""
    first: int | None = None
    last: int | None = None
    previous: int | None = None
    seconds: float = np.nan
    received: float = np.nan


@dataclass(frozen=True, slots=True, eq=False)
class Quote(ByValue):
    """The best prices, as a stream of their own. Made by `parse_messages` and `read_messages`.

    Parameters:
        bid: the best bid, USD per coin.
        bid_size: coins there.
        ask: the best ask, USD per coin.
        ask_size: coins there.
        symbol: the contract.
        sequence: as in `Book`.
        seconds: as in `Book`.
        received: as in `Book`.
    """

    bid: float
    bid_size: float
    ask: float
    ask_size: float
    symbol: str = ""
    sequence: int | None = None
    seconds: float = np.nan
    received: float = np.nan


@dataclass(frozen=True, slots=True, eq=False)
class Trade(ByValue):
    """One trade. Made by `parse_messages` and `read_messages`.

    Parameters:
        price: USD per coin.
        size: coins, `> 0` where the taker bought, `< 0` where the taker sold.
        symbol: the contract.
        id: the venue's.
        seconds: as in `Book`.
        received: as in `Book`.
    """

    price: float
    size: float
    symbol: str = ""
    id: str = ""
    seconds: float = np.nan
    received: float = np.nan


Message: TypeAlias = Book | Update | Quote | Trade


_Some = TypeVar("_Some", float, FloatArray)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What a size of the text is worth."""

    unit: str
    multiplier: float

    def coins(self, prices: _Some, sizes: _Some) -> _Some:
        return sizes * self.multiplier if self.unit == "coins" else sizes * self.multiplier / prices


def _unit(unit: str, multiplier: float) -> _Unit:
    return _Unit(one_of("unit", unit, ("coins", "USD")), scalar("multiplier", multiplier, gt=0))


def _side(name: str, levels: Any) -> Levels:
    try:
        prices, sizes = levels
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be prices and sizes, got {brief(levels)}") from None
    prices, sizes = real(f"{name}.prices", prices, gt=0, ndim=1), real(f"{name}.sizes", sizes, ge=0, ndim=1)
    if prices.shape != sizes.shape:
        raise ValueError(f"{name} must have one size a price, got {sizes.size} for {prices.size}")
    return Levels(prices, sizes)


def read_book(
    path: str | Path, *, unit: str = "coins", multiplier: float = 1.0, symbol: str = "", whole: bool = False
) -> Book:
    r"""The order book in a file of levels: `parse_book` of what it holds.

    Parameters:
        path: a file, as it is or compressed by gzip.
        unit: as in `parse_book`.
        multiplier: as in `parse_book`.
        symbol: as in `parse_book`.
        whole: as in `parse_book`.

    Returns:
        As from `parse_book`.

    Raises:
        ValueError: as `parse_book`, with the name of the file first.
        OSError: for a file that cannot be read.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "book.csv"
        ...     _ = file.write_text("side,price,size\nbid,99,1\nask,101,2\n")
        ...     read_book(file).mid
        100.0
    """
    try:
        return parse_book(_export.content(path), unit=unit, multiplier=multiplier, symbol=symbol, whole=whole)
    except ValueError as error:
        raise ValueError(f"{Path(path).name}: {error}") from None


def parse_book(
    text: str | bytes, *, unit: str = "coins", multiplier: float = 1.0, symbol: str = "", whole: bool = False
) -> Book:
    r"""The order book in a table of levels, with columns `side`, `price` and `size`, in any order of rows.

    Parameters:
        text: the content of the table; sides are bid or buy, ask or sell.
        unit: what a size counts: `"coins"`, or `"USD"` for contracts of a fixed value in USD, which hold
            `size * multiplier / price` coins.
        multiplier: coins or USD that a size of 1 is worth, `> 0`: 1 USD on BitMEX's XBTUSD, 100 USD on Binance's
            BTCUSD_PERP.
        symbol: the contract.
        whole: True where the table has every order, so that nothing stands beyond its last levels.

    Returns:
        The book, sizes in coins; without stamps (NaN) and without a number (None), which a table does not have.

    Raises:
        ValueError: for another unit, columns that are missing, a side of another name, and what `Book` refuses.

    Examples:
        >>> text = "side,price,size\nsell,50000,100\nbuy,40000,200\n"
        >>> book = parse_book(text, unit="USD", multiplier=100.0)
        >>> book.asks.sizes.tolist(), book.bids.sizes.tolist()
        ([0.2], [0.5])
    """
    worth = _unit(unit, multiplier)
    cells = _export.table(text, []).cells
    if missing := [name for name in ("side", "price", "size") if name not in cells]:
        raise ValueError(f"text must have columns side, price and size, got none named {missing[0]}")
    numbers = [_export.values_of(name, cells[name], range(2, len(cells[name]) + 2), []) for name in ("price", "size")]
    prices, sizes = numbers
    bought = np.array([_bought(side) for side in cells["side"]])
    sides = []
    for name, mask, sign in (("bids", bought, -1.0), ("asks", ~bought, 1.0)):
        side = _side(name, (prices[mask], sizes[mask]))
        order = np.argsort(sign * side.prices)
        sides.append(Levels(side.prices[order], worth.coins(*side)[order]))
    return Book(sides[0], sides[1], symbol, known=_WHOLE if whole else None)


def _bought(side: Any) -> bool:
    """True for a bid or a taker who bought; the venues' words for it."""
    word = str(side).lower()
    if word in ("bid", "buy", "b", "bids"):
        return True
    if word in ("ask", "sell", "a", "s", "asks"):
        return False
    raise ValueError(f"side must be bid or buy, ask or sell, got {side!r}")


def read_messages(
    path: str | Path, *, symbol: str | None = None, unit: str = "coins", multiplier: float = 1.0
) -> tuple[Message, ...]:
    r"""The messages in a recording: `parse_messages` of what the file holds.

    Parameters:
        path: a file, as it is or compressed by gzip.
        symbol: as in `parse_messages`.
        unit: as in `parse_messages`.
        multiplier: as in `parse_messages`.

    Returns:
        As from `parse_messages`.

    Raises:
        ValueError: as `parse_messages`, with the name of the file first.
        OSError: for a file that cannot be read.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "trades.txt"
        ...     _ = file.write_text(
        ...         '1000000000 {"e":"trade","s":"X","t":1,'
        ...         '"p":"9","q":"2","T":1000,"m":true}'
        ...     )
        ...     read_messages(file)[0].size
        -2.0
    """
    try:
        return parse_messages(_export.content(path), symbol=symbol, unit=unit, multiplier=multiplier)
    except ValueError as error:
        raise ValueError(f"{Path(path).name}: {error}") from None


def parse_messages(
    text: str | bytes, *, symbol: str | None = None, unit: str = "coins", multiplier: float = 1.0
) -> tuple[Message, ...]:
    r"""Snapshots, updates, quotes and trades of one contract, in the order in which they were received.

    It knows Binance's depth snapshots, depth updates, book ticker and trades (spot and futures), BitMEX's
    `orderBookL2`, `quote` and `trade`, and Hyperliquid's `l2Book` and `trades`; one message a line, with the receiver's
    stamp in front: nanoseconds and a space (as hftbacktest records), or seconds and a colon (as cryptofeed does). Lines
    about the connection are passed over, and so are trades with an insurance fund.

    Parameters:
        text: the content of a recording.
        symbol: the contract to keep; needed where the recording holds several.
        unit: what a size counts, as in `parse_book`.
        multiplier: what a size of 1 is worth, as in `parse_book`.

    Returns:
        A `Book` for each snapshot, and the updates, quotes and trades; at least one message, sizes in coins.

    Raises:
        ValueError: for a line that is no message, another layout, several contracts and no symbol, or a change of a
            BitMEX order that was never sent (a message is missing).

    Examples:
        >>> snapshot = (
        ...     '1000000000 {"lastUpdateId":5,'
        ...     '"bids":[["99","1"]],"asks":[["101","2"]]}'
        ... )
        >>> update = (
        ...     '1001000000 {"data":{"e":"depthUpdate","E":1001,"s":"X",'
        ...     '"U":6,"u":7,"pu":5,"b":[["100","3"]],"a":[]}}'
        ... )
        >>> messages = parse_messages(f"{snapshot}\n{update}")
        >>> [type(message).__name__ for message in messages]
        ['Book', 'Update']
    """
    worth = _unit(unit, multiplier)
    reader = _Reader(worth, symbol)
    for number, line in enumerate(_text(text).splitlines(), 1):
        if not line.strip():
            continue
        try:
            reader.line(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
        except (KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
            raise ValueError(f"line {number} is no message of a known layout: {brief(line)} ({error!r})") from None
    if len(reader.symbols) > 1:
        raise ValueError(f"symbol must name one contract of {', '.join(sorted(reader.symbols)[:9])}, got none")
    if reader.nameless and reader.others:
        raise ValueError(f"a snapshot must say its contract where the text holds several, got one beside {symbol}")
    if not reader.messages:
        held = f"; it holds {', '.join(sorted(reader.others)[:9])}" if reader.others else ""
        raise ValueError(f"text must hold messages of {symbol or 'a contract'}, got none{held}")
    name = next(iter(reader.symbols), symbol or "")
    return tuple(message if message.symbol else replace(message, symbol=name) for message in reader.messages)


def _text(text: str | bytes) -> str:
    if isinstance(text, bytes):
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise ValueError("text must be text, got bytes that are no UTF-8 (an archive?)") from None
    if not isinstance(text, str):
        raise ValueError(f"text must be text or bytes, got {type(text).__name__}")
    return text


_LINE = re.compile(r"(?:(\S+) (<->|<-|->) )?(\d+(?:\.\d+)?)(?::? (.*))?$")


@dataclass(slots=True)
class _Reader:
    """What a recording has said so far."""

    worth: _Unit
    symbol: str | None
    messages: list[Message] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    nameless: bool = False  # a snapshot did not say its contract
    prices: dict[tuple[str, int], float] = field(default_factory=dict)  # of BitMEX's orders, by symbol and id

    def line(self, line: str) -> None:
        match = _LINE.match(line)
        if not match:
            raise ValueError(f"a message must begin with the stamp of its receiver, got {brief(line[:40])}")
        address, arrow, stamp, body = match.groups()
        if body is None or arrow in ("<->", "<-"):
            return  # a connection that opens, or what the receiver sent
        received = float(stamp) if "." in stamp or len(stamp) < 12 else int(stamp) / 1e9
        try:
            data = json.loads(body)
        except (json.JSONDecodeError, RecursionError):
            raise ValueError(f"a message must be JSON, got {brief(body[-40:])} (half a file?)") from None
        asked = re.search(r"[?&]symbol=(\w+)", address or "")
        self.message(data, received, asked[1] if asked else "")

    def message(self, data: Any, received: float, asked: str) -> None:
        if not isinstance(data, Mapping):
            raise ValueError(f"a message must be a JSON object, got {brief(data)}")
        if "table" in data:
            self.bitmex(data, received)
        elif data.get("channel") == "l2Book":
            book = data["data"]
            if self.wants(book["coin"]):
                sides = [[(level["px"], level["sz"]) for level in side] for side in book["levels"]]
                bids, asks = map(self.levels, sides)
                self.messages.append(Book(bids, asks, book["coin"], None, _ms(book.get("time")), received))
        elif data.get("channel") == "trades":
            for trade in data["data"]:
                self.trade(
                    trade["coin"], trade["px"], trade["sz"], _bought(trade["side"]), trade["tid"],
                    _ms(trade["time"]), received,
                )  # fmt: skip
        else:
            self.binance(data.get("data", data), received, asked or str(data.get("stream", "")).partition("@")[0])

    def wants(self, symbol: str) -> bool:
        if self.symbol is not None and symbol.lower() != self.symbol.lower():
            self.others.add(symbol)
            return False
        self.symbols.add(symbol)
        return True

    def pairs(self, rows: Sequence[tuple[Any, Any]]) -> list[tuple[float, float]]:
        """Prices, and sizes in coins; without arrays, which cost more than all else where a message has one level."""
        found = [(float(price), float(size)) for price, size in rows]
        if not all(0 < price < np.inf and 0 <= size < np.inf for price, size in found):
            raise ValueError(f"levels must have prices > 0 and sizes >= 0, got {brief(rows)}")
        return [(price, self.worth.coins(price, size)) for price, size in found]

    def levels(self, rows: Sequence[tuple[Any, Any]]) -> Levels:
        prices, sizes = np.array(self.pairs(rows)).reshape(-1, 2).T
        return Levels(prices, sizes)

    def trade(self, symbol: str, price: Any, size: Any, bought: bool, id: Any, seconds: float, received: float) -> None:
        if self.wants(symbol):
            ((at, coins),) = self.pairs([(price, size)])
            self.messages.append(Trade(at, coins if bought else -coins, symbol, str(id), seconds, received))

    def quote(self, symbol: str, pairs: Sequence[tuple[Any, Any]], last: int | None, seconds: float, at: float) -> None:
        (bid, bid_size), (ask, ask_size) = self.pairs(pairs)
        self.messages.append(Quote(bid, bid_size, ask, ask_size, symbol, last, seconds, at))

    def binance(self, data: Mapping[str, Any], received: float, asked: str) -> None:
        kind, symbol = data.get("e"), data.get("s") or data.get("symbol") or ""
        if "lastUpdateId" in data:
            symbol = symbol or asked
            self.nameless |= not symbol
            if not symbol or self.wants(symbol):
                bids, asks = self.levels(data["bids"]), self.levels(data["asks"])
                stamp = _ms(data.get("T", data.get("E")))
                self.messages.append(Book(bids, asks, symbol, int(data["lastUpdateId"]), stamp, received))
        elif kind == "depthUpdate":
            if self.wants(symbol):
                bids, asks = self.levels(data["b"]), self.levels(data["a"])
                first, last, previous = int(data["U"]), int(data["u"]), int(data["pu"]) if "pu" in data else None
                stamp = _ms(data.get("T", data["E"]))
                self.messages.append(Update(bids, asks, symbol, first, last, previous, stamp, received))
        elif kind == "trade":
            if data.get("X", "MARKET") == "MARKET":  # with an insurance fund it is another word
                self.trade(symbol, data["p"], data["q"], not data["m"], data["t"], _ms(data["T"]), received)
        elif kind == "bookTicker" or (kind is None and {"u", "b", "B", "a", "A"} <= data.keys()):
            if self.wants(symbol):
                pairs = [(data["b"], data["B"]), (data["a"], data["A"])]
                self.quote(symbol, pairs, int(data["u"]), _ms(data.get("T")), received)
        elif not {"result", "id", "code", "info", "success"} & data.keys():
            raise ValueError(f"a message must have a known layout, got {brief(dict(data))}")

    def bitmex(self, data: Mapping[str, Any], received: float) -> None:
        table, action, rows = data["table"], data["action"], data["data"]
        if table not in ("orderBookL2", "orderBookL2_25", "quote", "trade"):
            return
        rows = [row for row in rows if self.wants(row["symbol"])]
        if not rows:
            return
        if table == "quote":
            for row in rows:
                if row.get("bidPrice") and row.get("askPrice"):
                    pairs = [(row["bidPrice"], row["bidSize"]), (row["askPrice"], row["askSize"])]
                    self.quote(row["symbol"], pairs, None, _iso(row["timestamp"]), received)
        elif table == "trade":
            for row in rows:
                self.trade(
                    row["symbol"], row["price"], row["size"], _bought(row["side"]), row.get("trdMatchID", ""),
                    _iso(row["timestamp"]), received,
                )  # fmt: skip
        else:
            self.orders(action, rows, received)

    def orders(self, action: str, rows: Sequence[Mapping[str, Any]], received: float) -> None:
        """BitMEX's levels go by an id; what one costs is said when it is new."""
        one_of("action", action, ("partial", "insert", "update", "delete"))
        symbol, stamp = rows[0]["symbol"], max(_iso(row.get("timestamp")) for row in rows)
        if action == "partial":
            self.prices = {key: price for key, price in self.prices.items() if key[0] != symbol}
        changes: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        for row in rows:
            at = (symbol, row["id"])
            if action in ("partial", "insert"):
                self.prices[at] = float(row["price"])
            elif at not in self.prices:
                raise ValueError(
                    f"{action} of {symbol}'s order {row['id']}, which was never sent: a message is missing"
                )
            price = self.prices.pop(at) if action == "delete" else self.prices[at]
            changes[_bought(row["side"])].append((price, 0.0 if action == "delete" else float(row["size"])))
        bids, asks = (self.levels(changes[bought]) for bought in (True, False))
        if action == "partial":
            falling, rising = np.argsort(-bids.prices), np.argsort(asks.prices)
            bids, asks = Levels(bids[0][falling], bids[1][falling]), Levels(asks[0][rising], asks[1][rising])
            self.messages.append(Book(bids, asks, symbol, None, stamp, received, _WHOLE))
        else:
            self.messages.append(Update(bids, asks, symbol, None, None, None, stamp, received))


def _ms(value: Any) -> float:
    return float(value) / 1e3 if value is not None else np.nan


def _iso(value: str | None) -> float:
    return dt.datetime.fromisoformat(value).timestamp() if value else np.nan


def replay(messages: Iterable[Message], *, gaps: str = "error") -> Iterator[Book]:
    r"""The book after each snapshot and each update; quotes and trades are passed over.

    Updates that came before the snapshot and are newer than it are applied to it, older ones are dropped. Binance
    numbers its changes: a number that is missing is a gap. BitMEX does not: there a gap shows as a change of an order
    that was never sent (`parse_messages`), or as a crossed book. Hyperliquid sends whole books.

    Parameters:
        messages: of one contract, from `parse_messages` or `read_messages`.
        gaps: `"error"`, or `"wait"`: no book until the next snapshot.

    Returns:
        The books one after another; each is made, and what is wrong with it told, when it is asked for.

    Raises:
        ValueError: for messages of several contracts, a gap, or a book that the updates leave empty or crossed.

    Examples:
        >>> snapshot = (
        ...     '1000000000 {"lastUpdateId":5,'
        ...     '"bids":[["99","1"]],"asks":[["101","2"]]}'
        ... )
        >>> update = (
        ...     '1001000000 {"data":{"e":"depthUpdate","E":1001,"s":"X",'
        ...     '"U":4,"u":7,"pu":3,"b":[["100","3"]],"a":[]}}'
        ... )
        >>> messages = parse_messages(f"{snapshot}\n{update}")
        >>> [(book.bid, book.ask, book.sequence) for book in replay(messages)]
        [(99.0, 101.0, 5), (100.0, 101.0, 7)]
    """
    one_of("gaps", gaps, ("error", "wait"))
    return _replay(messages, waits=gaps == "wait")


def _replay(messages: Iterable[Message], *, waits: bool) -> Iterator[Book]:
    book: Book | None = None
    early: list[Update] = []
    fresh = False  # no update was applied to the snapshot yet: the first may overlap it
    symbol = None
    for message in messages:
        if not isinstance(message, Book | Update | Quote | Trade):
            raise ValueError(f"messages must hold Book, Update, Quote or Trade, got {brief(message)}")
        symbol = symbol or message.symbol
        if message.symbol != symbol:
            raise ValueError(f"messages must be of one contract, got {symbol} and {message.symbol}")
        if isinstance(message, Book):
            if book is not None and _seen(book, message.sequence):
                continue  # a snapshot that took longer than the updates
            book, fresh, due = message, True, early
            early = []
            yield book
        elif isinstance(message, Update):
            if book is None:
                early.append(message)
                continue
            due = [message]
        else:
            continue
        for update in due:
            if book is None:
                early.append(update)
            elif _seen(book, update.last):
                continue
            elif _follows(book, update, fresh=fresh):
                book, fresh = _applied(book, update), False
                yield book
            elif waits:
                book, early = None, [update]
            else:
                raise ValueError(
                    f"updates must follow one another, got a gap of {symbol}: {update.previous or update.first} "
                    f"after {book.sequence}"
                )


def _seen(book: Book, number: int | None) -> bool:
    """Whether a book is already as new as a number; what has none is not compared."""
    return number is not None and book.sequence is not None and number <= book.sequence


def _follows(book: Book, update: Update, *, fresh: bool) -> bool:
    """Whether nothing is missing between a book and an update that is newer."""
    if update.first is None or update.last is None or book.sequence is None:
        return True
    if fresh:
        return (update.first - 1 if update.previous is None else update.previous) <= book.sequence
    return update.first == book.sequence + 1 if update.previous is None else update.previous == book.sequence


def _applied(book: Book, update: Update) -> Book:
    """The book with the sizes of an update at its prices."""
    return Book(
        _merged(book.bids, update.bids, -1.0), _merged(book.asks, update.asks, 1.0), book.symbol,
        update.last if update.last is not None else book.sequence, update.seconds, update.received, book.known,
    )  # fmt: skip


def _merged(side: Levels, changes: Levels, sign: float) -> Levels:
    if not changes.prices.size:
        return side
    # of one price the first size counts: of two changes in an update the last one, and a change before what stood there
    prices, first = np.unique(sign * np.concatenate([changes.prices[::-1], side.prices]), return_index=True)
    sizes = np.concatenate([changes.sizes[::-1], side.sizes])[first]
    left = sizes > 0
    return Levels(sign * prices[left], sizes[left])

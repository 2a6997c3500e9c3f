"""Order books: each layout in a few lines with known answers, what is refused, and what real recordings must obey."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import histories
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import feeds, funding
from perpnotes.feeds import Book, Levels, Quote, Trade, Update, parse_book, parse_messages, replay


def stamped(*messages: Any, start: int = 1_700_000_000_000_000_000) -> str:
    """One message a line, a millisecond apart, with the receiver's nanoseconds in front."""
    return "".join(f"{start + i * 1_000_000} {json.dumps(message)}\n" for i, message in enumerate(messages))


def snapshot(last: int, bids: list[Any], asks: list[Any]) -> dict[str, Any]:
    """Binance's answer to a question for the depth."""
    return {"lastUpdateId": last, "E": 1000, "T": 999, "bids": bids, "asks": asks}


def change(first: int, last: int, bids: list[Any], asks: list[Any], previous: int | None = None) -> dict[str, Any]:
    """Binance's depth update, of the futures where it names the one before it."""
    chain = {} if previous is None else {"pu": previous}
    data = {"e": "depthUpdate", "E": 1002, "T": 1001, "s": "X", "U": first, "u": last, **chain, "b": bids, "a": asks}
    return {"stream": "x@depth@0ms", "data": data}


def lists(side: Levels) -> list[tuple[float, float]]:
    return list(zip(side.prices.tolist(), side.sizes.tolist(), strict=True))


START = snapshot(10, [["99", "1"], ["98", "2"]], [["101", "3"], ["102", "4"]])


class TestBook:
    BOOK = Book(Levels([99.0, 98.0, 90.0], [1.0, 4.0, 7.0]), Levels([101.0, 103.0], [2.0, 1.0]))  # type: ignore[arg-type]

    def test_best_prices(self) -> None:
        """The first of each side, their middle and their distance."""
        assert (self.BOOK.bid, self.BOOK.ask, self.BOOK.mid, self.BOOK.spread) == (99.0, 101.0, 100.0, 2.0)

    @pytest.mark.parametrize(
        ("within", "depth"),
        [(0.0, (0.0, 0.0)), (0.0099, (0.0, 0.0)), (0.01, (1.0, 2.0)), (0.0199, (1.0, 2.0)),
         (0.02, (5.0, 2.0)), (0.03, (5.0, 3.0))],
    )  # fmt: skip
    def test_depth_counts_coins_up_to_the_distance(self, within: float, depth: tuple[float, float]) -> None:
        """A level at the distance exactly is in it."""
        assert self.BOOK.depth(within) == depth

    def test_depth_is_not_told_where_the_book_is_not_known(self) -> None:
        """The nearer of the two ends is the reach; beyond it a sum would be too small without a word."""
        assert self.BOOK.reach == pytest.approx(0.03, rel=1e-12)
        with pytest.raises(ValueError, match=r"within must be <= 0\.03, as far as the book is known, got 0\.031"):
            self.BOOK.depth(0.031)
        whole = dataclasses.replace(self.BOOK, known=(0.0, 1e300))
        assert (whole.reach, whole.depth(0.1), whole.depth(1.0)) == (1.0, (12.0, 3.0), (12.0, 3.0))
        low = dataclasses.replace(self.BOOK, known=(98.0, 1000.0))
        assert low.reach == pytest.approx(0.02, rel=1e-12)

    def test_a_side_is_what_funding_takes(self) -> None:
        """Prices and sizes of a side go into the impact price as they are."""
        assert funding.impact_price(*self.BOOK.asks, notional=202.0 + 51.5) == pytest.approx(253.5 / 2.5, rel=1e-14)

    @pytest.mark.parametrize(
        ("bids", "asks", "message"),
        [
            (([99.0, 99.0], [1, 1]), ([101.0], [1]), "bids must have prices that fall"),
            (([98.0, 99.0], [1, 1]), ([101.0], [1]), "bids must have prices that fall"),
            (([99.0], [1]), ([102.0, 101.0], [1, 1]), "asks must have prices that rise"),
            (([99.0], [0]), ([101.0], [1]), "bids must have sizes > 0, got 0"),
            (([99.0], [1]), ([101.0], [-1]), "asks.sizes must be >= 0, got -1"),
            (([0.0], [1]), ([101.0], [1]), "bids.prices must be > 0, got 0"),
            (([101.0], [1]), ([101.0], [1]), "bids must stand below asks, got a crossed book: 101 and 101"),
            (([102.0], [1]), ([101.0], [1]), "a crossed book: 102 and 101"),
            (([], []), ([101.0], [1]), "bids.prices must not be empty"),
            (([99.0], [1]), ([], []), "asks.prices must not be empty"),
            (([99.0, 98.0], [1]), ([101.0], [1]), "bids must have one size a price, got 1 for 2"),
            (7, ([101.0], [1]), "bids must be prices and sizes, got 7"),
            (([float("nan")], [1]), ([101.0], [1]), "bids.prices must be finite"),
        ],
    )
    def test_what_is_no_book_is_refused(self, bids: Any, asks: Any, message: str) -> None:
        """Out of order, empty, crossed or not of numbers."""
        with pytest.raises(ValueError, match=message):
            Book(bids, asks)

    @pytest.mark.parametrize("known", [(99.5, 200.0), (0.0, 100.5), (-1.0, 200.0)])
    def test_what_is_known_holds_the_best_prices(self, known: tuple[float, float]) -> None:
        """A range that leaves one out is no range."""
        with pytest.raises(ValueError, match="known must be"):
            dataclasses.replace(self.BOOK, known=known)

    def test_a_book_cannot_be_written_to(self) -> None:
        """Nor does it keep an array of the caller."""
        prices = np.array([99.0])
        book = Book(Levels(prices, np.ones(1)), Levels(np.array([101.0]), np.ones(1)))
        prices[0] = 1.0
        assert book.bid == 99.0
        with pytest.raises(ValueError, match="read-only"):
            book.asks.sizes[0] = 3.0


class TestTables:
    ROWS = "side,price,size\nask,50,10\nbid,40,5\nask,45,9\nbid,20,4\n"

    def test_levels_come_best_first_in_any_order_of_rows(self) -> None:
        """Bids fall and asks rise."""
        book = parse_book(self.ROWS, symbol="X")
        assert (lists(book.bids), lists(book.asks), book.symbol) == ([(40, 5), (20, 4)], [(45, 9), (50, 10)], "X")
        assert book.known == (20.0, 50.0)
        assert parse_book(self.ROWS, whole=True).reach == 1.0

    def test_contracts_become_coins(self) -> None:
        """Of a fixed value in USD, by the price of their level; of a number of coins, by the multiplier alone."""
        assert lists(parse_book(self.ROWS, unit="USD", multiplier=100.0).bids) == [(40, 12.5), (20, 20.0)]
        assert lists(parse_book(self.ROWS, multiplier=0.01).asks) == [(45, 0.09), (50, 0.1)]

    @pytest.mark.parametrize(
        ("text", "options", "message"),
        [
            ("side,price\nask,1\nbid,2\n", {}, "columns side, price and size, got none named size"),
            ("side,price,size\nask,50,1\nmid,45,1\n", {}, "side must be bid or buy, ask or sell, got 'mid'"),
            ("side,price,size\nask,50,1\nbid,x,1\n", {}, "line 3: price must be a number, got 'x'"),
            ("side,price,size\nask,50,1\nask,45,1\n", {}, "bids.prices must not be empty"),
            (ROWS, {"unit": "contracts"}, "unit must be one of 'coins', 'USD'"),
        ],
    )
    def test_another_table_is_refused(self, text: str, options: dict[str, Any], message: str) -> None:
        """Missing columns, other words, a side without levels, a unit that nobody knows."""
        with pytest.raises(ValueError, match=message):
            parse_book(text, **options)

    def test_a_file_is_read_and_named_in_errors(self, tmp_path: Path) -> None:
        """Packed or not."""
        (tmp_path / "a.csv.gz").write_bytes(gzip.compress(self.ROWS.encode()))
        (tmp_path / "b.csv").write_text("side,price,size\n")
        assert feeds.read_book(tmp_path / "a.csv.gz", unit="USD").asks.sizes[0] == 9 / 45
        with pytest.raises(ValueError, match=r"b\.csv: "):
            feeds.read_book(tmp_path / "b.csv")


class TestLayouts:
    def test_binance_futures(self) -> None:
        """Snapshot, update, book ticker and trades, with the venue's stamps and the receiver's."""
        trade = {"e": "trade", "E": 1006, "T": 1005, "s": "X"}
        text = stamped(
            START,
            change(11, 14, [["99", "0"]], [["100.5", "2"]], previous=10),
            {"data": {"e": "bookTicker", "u": 14, "s": "X", "b": "98", "B": "2", "a": "100.5", "A": "2", "T": 1003}},
            {"data": {**trade, "t": 7, "p": "98", "q": "0.5", "X": "MARKET", "m": True}},
            {"data": {**trade, "t": 8, "p": "99", "q": "9", "X": "INSURANCE_FUND", "m": True}},
            {"data": {**trade, "t": 9, "p": "100.5", "q": "0.25", "X": "MARKET", "m": False}},
        )  # fmt: skip
        book, update, quote, sold, bought = parse_messages(text)
        assert isinstance(book, Book)
        assert (book.symbol, book.sequence, book.seconds, book.known) == ("X", 10, 0.999, (98.0, 102.0))
        assert book.received == pytest.approx(1.7e9, abs=1e-6)
        assert isinstance(update, Update)
        assert (update.first, update.last, update.previous, update.seconds) == (11, 14, 10, 1.001)
        assert (lists(update.bids), lists(update.asks)) == ([(99, 0)], [(100.5, 2)])
        assert update.received - book.received == pytest.approx(1e-3, abs=1e-6)
        assert quote == Quote(98.0, 2.0, 100.5, 2.0, "X", 14, 1.003, quote.received)
        assert sold == Trade(98.0, -0.5, "X", "7", 1.005, sold.received)
        assert isinstance(bought, Trade)
        assert (bought.size, bought.id) == (0.25, "9")

    def test_binance_spot(self) -> None:
        """Its book ticker has no kind and no stamp, its updates do not name the one before."""
        text = stamped(
            {"lastUpdateId": 10, "bids": [["99", "1"]], "asks": [["101", "3"]]},
            {"stream": "x@bookTicker", "data": {"u": 11, "s": "X", "b": "99", "B": "1", "a": "101", "A": "2"}},
            {"data": {"e": "depthUpdate", "E": 1002, "s": "X", "U": 11, "u": 12, "b": [], "a": [["101", "2"]]}},
        )  # fmt: skip
        book, quote, update = parse_messages(text)
        assert isinstance(book, Book)
        assert isinstance(quote, Quote)
        assert isinstance(update, Update)
        assert math.isnan(book.seconds)
        assert (quote.sequence, quote.ask_size, math.isnan(quote.seconds)) == (11, 2.0, True)
        assert (update.previous, update.seconds) == (None, 1.002)

    def test_bitmex(self) -> None:
        """Levels go by an id whose price is said once; sizes are USD; several contracts in one recording."""
        stamp = {"symbol": "XBTUSD", "timestamp": "2021-07-22T22:36:10.014Z"}
        orders = [
            ("partial", {"id": 1, "side": "Sell", "size": 200, "price": 200.0},
                        {"id": 2, "side": "Sell", "size": 50, "price": 125.0},
                        {"id": 3, "side": "Buy", "size": 100, "price": 50.0},
                        {"id": 4, "side": "Buy", "size": 100, "price": 100.0}),
            ("update", {"id": 4, "side": "Buy", "size": 300}),
            ("delete", {"id": 2, "side": "Sell"}),
            ("insert", {"id": 9, "side": "Sell", "size": 32, "price": 160.0}),
            ("update", {"id": 7, "side": "Buy", "size": 300, "symbol": "ETHUSD"}),
        ]  # fmt: skip
        rows: list[dict[str, Any]] = [
            {"table": "orderBookL2", "action": action, "data": [{"symbol": "XBTUSD", **order} for order in changed]}
            for action, *changed in orders
        ]
        best = {**stamp, "bidPrice": 100, "bidSize": 300, "askPrice": 160.0, "askSize": 32}
        rows += [
            {"table": "quote", "action": "insert", "data": [best]},
            {"table": "trade", "action": "insert", "data": [
                {**stamp, "side": "Sell", "size": 50, "price": 100.0, "trdMatchID": "q"}]},
            {"table": "funding", "action": "insert", "data": [stamp]},
        ]  # fmt: skip
        text = "wss://example <-> 1626993367.388005\nwss://example <- 1626993367.874177: {}\n"
        text += '1626993367.9: {"info": "hi"}\n'
        text += '1626993367.95: {"success": true, "subscribe": "trade"}\n'
        text += "".join(f"{1626993368.0 + i / 8}: {json.dumps(row)}\n" for i, row in enumerate(rows))
        messages = parse_messages(text, symbol="XBTUSD", unit="USD")
        books = list(replay(messages))
        assert [lists(book.bids) for book in books] == [[(100, 1), (50, 2)], *[[(100, 3), (50, 2)]] * 3]
        assert [lists(book.asks) for book in books] == [
            *[[(125, 0.4), (200, 1)]] * 2,
            [(200, 1)],
            [(160, 0.2), (200, 1)],
        ]
        assert [book.received for book in books] == [1626993368.0, 1626993368.125, 1626993368.25, 1626993368.375]
        assert books[-1].reach == 1.0
        quote, trade = messages[-2:]
        assert isinstance(trade, Trade)
        assert quote == Quote(100.0, 3.0, 160.0, 0.2, "XBTUSD", None, 1626993370.014, 1626993368.625)
        assert (trade.size, trade.id, trade.seconds) == (-0.5, "q", 1626993370.014)
        with pytest.raises(ValueError, match=r"line 9: update of ETHUSD's order 7, which was never sent"):
            parse_messages(text)
        with pytest.raises(ValueError, match="text must hold messages of SOLUSD, got none; it holds ETHUSD, XBTUSD"):
            parse_messages(text, symbol="SOLUSD")

    def test_hyperliquid(self) -> None:
        """Whole books of twenty levels; a taker's side is B or A."""

        def sides(ask: str) -> list[list[dict[str, Any]]]:
            return [[{"n": 1, "px": px, "sz": "2"}] for px in ("99.5", ask)]

        text = stamped(
            {"channel": "l2Book", "data": {"coin": "BTC", "time": 5000, "levels": sides("100.5")}},
            {"channel": "trades", "data": [
                {"coin": "BTC", "px": "100.5", "side": "B", "sz": "0.5", "tid": 1, "time": 5001},
                {"coin": "BTC", "px": "99.5", "side": "A", "sz": "0.25", "tid": 2, "time": 5002}]},
            {"channel": "l2Book", "data": {"coin": "BTC", "time": 5500, "levels": sides("101.5")}},
        )  # fmt: skip
        messages = parse_messages(text)
        assert [book.ask for book in replay(messages)] == [100.5, 101.5]
        assert [m.size for m in messages if isinstance(m, Trade)] == [0.5, -0.25]
        assert [m.seconds for m in messages] == [5.0, 5.001, 5.002, 5.5]

    def test_cryptofeed_asks_for_a_snapshot_by_address(self) -> None:
        """The contract stands in the address, and nowhere else."""
        text = "".join(
            f"https://x.com/depth?symbol={s}&limit=1000 -> 1626992741.5: "
            f"{json.dumps(snapshot(1, [[bid, '1']], [['9', '1']]))}\n"
            for s, bid in (("AAA", "7"), ("BBB", "8"))
        )
        (book,) = parse_messages(text, symbol="BBB")
        assert isinstance(book, Book)
        assert (book.bid, book.symbol, book.received) == (8.0, "BBB", 1626992741.5)
        with pytest.raises(ValueError, match="symbol must name one contract of AAA, BBB, got none"):
            parse_messages(text)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "text must hold messages of a contract, got none"),
            (b"\xff\xfe\x00", "no UTF-8"),
            (None, "text must be text or bytes, got NoneType"),
            ("hello\n", "line 1: a message must begin with the stamp of its receiver"),
            ('1000000000 {"a": \n', "line 1: a message must be JSON, .*half a file"),
            ("1000000000 [1]\n", "line 1: a message must be a JSON object"),
            ('1000000000 {"data": 3}\n', "line 1 is no message of a known layout"),
            ('1000000000 {"e": "kline"}\n', "line 1: a message must have a known layout"),
            (stamped(START) + '1000000000 {"e": "depthUpdate"}\n', "line 2 is no message of a known layout"),
            (stamped(snapshot(1, [["x", "1"]], [["9", "1"]])), "line 1: could not convert"),
            (stamped(snapshot(1, [["nan", "1"]], [["9", "1"]])), "line 1: levels must have prices > 0"),
            (stamped(snapshot(1, [["0", "1"]], [["9", "1"]])), "line 1: levels must have prices > 0"),
            (stamped(snapshot(1, [["1", "-1"]], [["9", "1"]])), "line 1: levels must have prices > 0 and sizes >= 0"),
            (stamped(snapshot(1, [["10", "1"]], [["9", "1"]])), "line 1: bids must stand below asks"),
        ],
    )
    def test_what_is_no_recording_is_refused(self, text: Any, message: str) -> None:
        """With the line, and what was wrong with it."""
        with pytest.raises(ValueError, match=message):
            parse_messages(text)

    def test_a_nameless_snapshot_beside_several_contracts_is_refused(self) -> None:
        """It could be of any of them; beside one it is of that one."""
        other = change(1, 2, [["5", "1"]], [])
        other["data"]["s"] = "Y"
        with pytest.raises(ValueError, match="a snapshot must say its contract where the text holds several"):
            parse_messages(stamped(START, change(11, 12, [], []), other), symbol="X")
        assert {m.symbol for m in parse_messages(stamped(START, change(11, 12, [], [])))} == {"X"}


def run(*messages: Any, gaps: str = "error") -> list[tuple[int | None, list[tuple[float, float]]]]:
    """Sequence and bids after each snapshot and update."""
    return [(book.sequence, lists(book.bids)) for book in replay(parse_messages(stamped(*messages)), gaps=gaps)]


class TestReplay:
    def test_levels_are_set_removed_and_inserted_in_their_place(self) -> None:
        """A size of 0 removes; one that was not there removes nothing; of two for one price the last counts."""
        books = run(
            START,
            change(11, 11, [["98.5", "7"], ["99", "0"]], [], 10),
            change(12, 12, [["97", "0"], ["98", "5"], ["100", "1"], ["100", "2"]], [], 11),
        )
        assert books == [
            (10, [(99, 1), (98, 2)]), (11, [(98.5, 7), (98, 2)]), (12, [(100, 2), (98.5, 7), (98, 5)]),
        ]  # fmt: skip

    def test_updates_before_the_snapshot_are_applied_where_they_are_newer(self) -> None:
        """A snapshot takes longer than the stream: older updates are dropped, the first may overlap it."""
        early = [change(5, 9, [["1", "1"]], [], 4), change(10, 12, [["98", "9"]], [], 9)]
        assert run(*early, START, change(13, 13, [["99", "4"]], [], 12)) == [
            (10, [(99, 1), (98, 2)]), (12, [(99, 1), (98, 9)]), (13, [(99, 4), (98, 9)]),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("first", "previous", "good"),
        [(11, None, True), (9, None, True), (12, None, False), (15, 10, True), (15, 9, True), (15, 11, False)],
    )
    def test_the_first_update_has_to_reach_the_snapshot(self, first: int, previous: int | None, good: bool) -> None:
        """Spot numbers every change; the futures skip numbers and name the change before instead."""
        messages = START, change(first, 20, [["98", "9"]], [], previous)
        if good:
            assert run(*messages)[-1] == (20, [(99, 1), (98, 9)])
        else:
            with pytest.raises(ValueError, match=r"updates must follow one another, got a gap of X: .* after 10"):
                run(*messages)

    @pytest.mark.parametrize(
        ("first", "previous", "good"),
        [(13, None, True), (14, None, False), (12, None, False), (17, 12, True), (17, 13, False), (17, 11, False)],
    )
    def test_later_updates_follow_exactly(self, first: int, previous: int | None, good: bool) -> None:
        """No number is missing and none comes twice."""
        second = change(11, 12, [["98", "9"]], [], None if previous is None else 10)
        messages = START, second, change(first, 20, [["97", "9"]], [], previous)
        if good:
            assert run(*messages)[-1] == (20, [(99, 1), (98, 9), (97, 9)])
        else:
            with pytest.raises(ValueError, match=r"got a gap of X: .* after 12"):
                run(*messages)

    def test_after_a_gap_there_is_no_book_until_a_snapshot(self) -> None:
        """Waiting, the books on both sides of the gap are right and none lies in it."""
        gap = START, change(11, 11, [["98", "3"]], [], 10), change(14, 15, [["98", "9"]], [], 13)
        later = snapshot(14, [["97", "1"]], [["101", "1"]])
        assert run(*gap, later, change(16, 16, [["96", "1"]], [], 15), gaps="wait") == [
            (10, [(99, 1), (98, 2)]), (11, [(99, 1), (98, 3)]), (14, [(97, 1)]), (15, [(98, 9), (97, 1)]),
            (16, [(98, 9), (97, 1), (96, 1)]),
        ]  # fmt: skip
        with pytest.raises(ValueError, match="gaps must be one of 'error', 'wait', got 'ignore'"):
            run(*gap, gaps="ignore")

    def test_a_late_snapshot_changes_nothing_and_a_new_one_begins_anew(self) -> None:
        """Older than the book it is passed over."""
        update = change(11, 12, [["98", "9"]], [], 10)
        assert run(START, update, snapshot(12, [["50", "1"]], [["60", "1"]]))[-1] == (12, [(99, 1), (98, 9)])
        assert run(START, update, snapshot(13, [["50", "1"]], [["60", "1"]]))[-1] == (13, [(50, 1)])

    def test_without_numbers_on_either_side_nothing_can_be_checked(self) -> None:
        """A book or an update that names none is taken as it comes."""
        book = parse_book("side,price,size\nbid,99,1\nask,101,2\n", symbol="X")
        numbered = Update(Levels(np.array([98.0]), np.ones(1)), Levels(np.empty(0), np.empty(0)), "X", 5, 6, 4)
        nameless = dataclasses.replace(numbered, first=None, last=None, previous=None)
        for number in (6, 0, -1):
            counted = dataclasses.replace(numbered, last=number)
            assert [len(b.bids.prices) for b in replay([book, counted])] == [1, 2]
            assert [b.sequence for b in replay([book, dataclasses.replace(book, sequence=number)])] == [None, number]
        later = dataclasses.replace(book, sequence=3)
        assert [(len(b.bids.prices), b.sequence) for b in replay([later, nameless])] == [(1, 3), (2, 3)]

    def test_a_crossed_or_empty_book_is_an_error(self) -> None:
        """It shows where a venue that numbers nothing has lost a message."""
        with pytest.raises(ValueError, match="got a crossed book: 101 and 101"):
            run(START, change(11, 11, [["101", "1"]], [], 10))
        with pytest.raises(ValueError, match=r"bids.prices must not be empty"):
            run(START, change(11, 11, [["99", "0"], ["98", "0"]], [], 10))

    def test_what_is_no_message_of_the_contract_is_refused(self) -> None:
        """Other things, other contracts."""
        with pytest.raises(ValueError, match="messages must hold Book, Update, Quote or Trade, got 3"):
            list(replay([3]))  # type: ignore[list-item]
        with pytest.raises(ValueError, match="messages must be of one contract, got X and Y"):
            list(replay([Trade(1.0, 1.0, "X"), Trade(1.0, 1.0, "Y")]))

    @given(st.lists(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), max_size=8), max_size=12))
    def test_any_updates_give_what_a_dictionary_of_prices_gives(self, updates: list[list[tuple[int, int]]]) -> None:
        """Sizes by price, the last one said counts, zero is gone."""
        told: dict[int, int] = {50: 1}
        messages: list[Any] = [snapshot(0, [["50", "1"]], [["60", "1"]])]
        expected = [sorted(told.items(), reverse=True)]
        for i, rows in enumerate(updates, 1):
            messages.append(change(i, i, [[str(p), str(s)] for p, s in rows], [], i - 1))
            told.update(rows)
            expected.append(sorted(((p, s) for p, s in told.items() if s), reverse=True))
        assert [bids for _, bids in run(*messages)] == expected


@cache
def recorded(name: str) -> tuple[Book | Update | Quote | Trade, ...]:
    """The messages of a real recording."""
    file, symbol, unit, multiplier = histories.BOOKS[name]
    return feeds.read_messages(histories.locate(file), symbol=symbol, unit=unit, multiplier=multiplier)


def quotes(messages: Iterable[Any]) -> list[Quote]:
    return [message for message in messages if isinstance(message, Quote)]


class TestRealRecordings:
    """Whole recordings replay without a gap, and what two streams say of one moment is the same."""

    @pytest.mark.parametrize(
        ("name", "updates", "stated", "trades"),
        [("linear", 1717, 16436, 3332), ("inverse", 6897, 4959, 304), ("spot", 897, 6994, 1708)],
    )
    def test_best_prices_are_those_of_the_book_ticker(self, name: str, updates: int, stated: int, trades: int) -> None:
        """At every number that both streams have: prices and sizes; and no update is lost."""
        messages = recorded(name)
        counts = [sum(isinstance(m, kind) for m in messages) for kind in (Book, Update, Quote, Trade)]
        assert counts == [1, updates, stated, trades]
        tops = {b.sequence: (b.bid, b.ask, b.bids.sizes[0], b.asks.sizes[0]) for b in replay(messages)}
        both = [quote for quote in quotes(messages) if quote.sequence in tops]
        assert len(both) > 150
        assert [(q.bid, q.ask, q.bid_size, q.ask_size) for q in both] == [tops[q.sequence] for q in both]
        received = [message.received for message in messages]
        assert received == sorted(received)

    @pytest.mark.parametrize(("name", "reach"), [("linear", 0.0024), ("inverse", 0.011), ("spot", 0.0033)])
    def test_a_snapshot_of_a_thousand_levels_does_not_reach_far(self, name: str, reach: float) -> None:
        """Depth at 2 % is not known from it, and is refused."""
        book = next(replay(recorded(name)))
        assert book.reach == pytest.approx(reach, rel=0.15)
        assert all(side > 0 for side in book.depth(reach / 2))
        with pytest.raises(ValueError, match="as far as the book is known"):
            book.depth(0.02)

    def test_bitmex_quotes_are_seen_in_its_book(self) -> None:
        """Every quote that came in the same second stands at the top of a replayed book; no order is unknown."""
        messages = recorded("bitmex")
        tops = {(b.bid, b.ask) for b in replay(messages)}
        first = next(m.received for m in messages if isinstance(m, Book))
        seen = [(q.bid, q.ask) in tops for q in quotes(messages) if q.seconds > first]
        assert len(seen) > 100
        assert np.mean(seen) > 0.95

    def test_hyperliquid_sends_whole_books(self) -> None:
        """Twenty levels a side, and trades at prices within the range of the levels."""
        messages = recorded("hyperliquid")
        books = list(replay(messages))
        assert {len(book.bids.prices) for book in books} == {len(book.asks.prices) for book in books} == {20}
        assert [book.seconds for book in books] == sorted(book.seconds for book in books)

    def test_answers_to_questions_name_their_contract(self) -> None:
        """Four contracts in one recording of Binance; one is chosen."""
        (book,) = recorded("snapshots")
        assert isinstance(book, Book)
        assert (book.symbol, book.bid, book.sequence) == ("SUSHIUSDT", 7.611, 600859605926)

    @pytest.mark.parametrize(
        ("name", "unit", "multiplier", "reach"),
        [
            ("bitmex_XBTUSD_2021-07-22", "USD", 1.0, 0.41), ("dydx_ETH-USD_2021-10-28", "coins", 1.0, 0.41),
            ("binance_coinm_BTCUSD_211231_2021-07-22", "USD", 100.0, 0.41),
            ("okx_BTC-USD-220527_2022-05-13", "USD", 100.0, 0.41),
        ],
    )  # fmt: skip
    def test_whole_books_reach_far(self, name: str, unit: str, multiplier: float, reach: float) -> None:
        """Each side goes at least 41 % from the best; value in USD is what the table counts."""
        path = histories.locate(f"books/snapshot_{name}.csv")
        book = feeds.read_book(path, unit=unit, multiplier=multiplier)
        assert book.reach > reach
        near, far = book.depth(0.001), book.depth(0.4)
        assert 0 < near[0] < far[0]
        assert 0 < near[1] < far[1]
        raw = feeds.read_book(path)
        value = book.bids.sizes * book.bids.prices if unit == "USD" else book.bids.sizes
        assert value == pytest.approx(raw.bids.sizes * multiplier, rel=1e-12)

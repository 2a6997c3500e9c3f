"""Feeds: what real files hold, what a planted trap looks like, and what is refused."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import gzip
import io
import json
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import histories
import numpy as np
import pytest
from cases import NOTHING, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import _export, feeds, funding
from perpnotes.feeds import History, examine, join, parse, read, reconcile

EIGHT = 5e-9  # half a unit of the eighth decimal
START = dt.datetime(2023, 1, 1, tzinfo=dt.UTC)


def rates(n: int, seed: int = 1) -> list[float]:
    """Rates with eight decimals, no two alike in a row."""
    return np.round(np.random.default_rng(seed).normal(1e-4, 5e-5, n), 8).tolist()


def write(
    n: int = 400,
    hours: float = 8,
    zone: dt.tzinfo = dt.UTC,
    form: Callable[[dt.datetime], str] = lambda t: t.strftime("%Y-%m-%d %H:%M:%S"),
    value: Callable[[float], str] = lambda x: f"{x:.8f}",
    header: tuple[str, str] = ("Date", "Funding Rate"),
    without: range = range(0),
    delimiter: str = ",",
    newest_first: bool = False,
) -> str:
    """A history as a venue might export it, with true rates `rates(n)` from `START` on."""
    stamps = [START + i * dt.timedelta(hours=hours) for i in range(n)]
    rows = [
        (form(t.astimezone(zone)), value(x))
        for i, (t, x) in enumerate(zip(stamps, rates(n), strict=True))
        if i not in without
    ]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([header, *(rows[::-1] if newest_first else rows)])
    return file.getvalue()


def test_the_mark_that_separates_is_the_one_that_is_regular() -> None:
    """Of marks that are in as many lines, the one that is there more often; else the one in more lines."""
    rows = [f"2024-01-0{i};0.0{i};a, b" for i in range(1, 8)]
    for header in ("time;rate;one, other", "time;rate;note"):  # a comma in every line, and in all but the first
        assert parse("\n".join([header, *rows]) + "\n").values[0] == 0.01
    rows[3] = "2024-01-04;0.04;" + "a, " * 9 + "b"
    assert parse("\n".join(["time;rate;note", *rows]) + "\n").values[3] == 0.04
    swapped = [row.replace(",", "|").replace(";", ",").replace("|", ";") for row in ("time;rate;one, other", *rows)]
    assert parse("\n".join(swapped) + "\n").values[3] == 0.04


def test_only_the_last_line_can_be_half_a_row() -> None:
    """A stamp that is none says so, in the last line and in one before it."""
    lines = write(80).splitlines()
    for broken, half in ((80, True), (79, False), (60, False)):
        text = "\n".join("2023-01-,0.1" if i == broken else line for i, line in enumerate(lines))
        with pytest.raises(ValueError, match=f"line {broken + 1}: Date must be a stamp") as refused:
            parse(text + "\n")
        assert ("half a file" in str(refused.value)) == half


class TestReading:
    @pytest.mark.parametrize(
        "text",
        [
            write(),
            "\ufeff" + write(),
            write(delimiter=";"),
            write(delimiter="\t"),
            write(delimiter=";", value=lambda x: f"{x:.8f}".replace(".", ",")),
            write(newest_first=True),
            write(value=lambda x: f"{100 * x:.6f}%"),
            write(value=lambda x: f"{100 * x:.6f}", header=("Time", "Funding Rate (%)")),
            write(form=lambda t: str(int(t.timestamp())), header=("calc_time", "last_funding_rate")),
            write(form=lambda t: str(int(t.timestamp() * 1000)), header=("fundingTime", "fundingRate")),
            write(form=lambda t: str(int(t.timestamp() * 1_000_000)), header=("ts", "rate")),
            write(form=lambda t: t.isoformat(), header=("effectiveAt", "rate")),
            write(form=lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.000Z"), header=("timestamp", "funding")),
            write(form=lambda t: t.strftime("%Y-%m-%d %H:%M:%S UTC")),
            write(form=lambda t: t.strftime("%d.%m.%Y %H:%M")),
            write(form=lambda t: t.strftime("%m/%d/%Y %I:%M %p")),
            write(header=("when", "x")),
            "https://www.example.com\n" + write(),
            write().encode("utf-16"),
            json.dumps([{"fundingRate": x, "time": 1672531200000 + i * 28_800_000} for i, x in enumerate(rates(400))]),
        ],
        ids=str,
    )  # fmt: skip
    def test_the_same_history_in_twenty_costumes(self, text: str | bytes) -> None:
        """Marks, delimiters, decimal commas, order, units, stamps and names change nothing in what is read."""
        history = parse(text)
        assert history.kind == "funding"
        assert history.values == pytest.approx(rates(400), rel=0, abs=EIGHT)
        assert history.hours.tolist() == [START.timestamp() / 3600 + 8 * i for i in range(400)]

    def test_a_zone_in_the_stamp_is_undone(self) -> None:
        """With an offset in the text the clock is known; without one it is not."""
        zone = ZoneInfo("America/New_York")
        aware = parse(write(form=lambda t: t.isoformat(), zone=zone))
        assert (aware.clock, parse(write(zone=zone)).clock) == ("UTC", "")
        assert aware.hours.tolist() == parse(write()).hours.tolist()

    def test_a_price_column_has_to_be_named_where_there_are_two(self) -> None:
        """Guessing between two prices would be silent."""
        text = "time,spot,perp\n2024-01-01,1,2\n2024-01-02,1,2\n2024-01-03,1,2\n"
        with pytest.raises(ValueError, match="not exactly one: 'spot', 'perp'"):
            parse(text)
        assert (parse(text, column="perp").values.tolist(), parse(text, column="perp").kind) == (
            [2.0, 2.0, 2.0],
            "price",
        )

    def test_candles_are_their_close_on_their_opening_stamp(self) -> None:
        """The best-known name wins."""
        text = "open_time,open,high,low,close,volume,close_time\n" + "".join(
            f"{1704067200000 + i * 3_600_000},1,3,1,{2 + i},9,{1704067200000 + i * 3_600_000 + 3_599_999}\n"
            for i in range(5)
        )
        history = parse(text)
        assert history.column == "close"
        assert history.hours[0] == 1704067200 / 3600

    def test_missing_values_stay_missing(self) -> None:
        """Nothing is filled in, and the report says so."""
        lines = write().splitlines()
        lines[5] = lines[5].split(",")[0] + ","
        report = examine(parse("\n".join(lines) + "\n"))
        assert np.isnan(report.history.values).sum() == report.count("impossible") == 1

    def test_a_name_that_begins_like_another_is_another(self) -> None:
        """`BTC` and `BTCDOM` are two contracts, in either order; a column that holds one name needs no choice."""
        rows = [
            f"{name},{1_700_000_000_000 + 28_800_000 * i},0.000{i}1" for i in range(9) for name in ("BTC", "BTCDOM")
        ]
        for order in (rows, rows[::-1]):
            with pytest.raises(ValueError, match=r"symbol holds 2 \(BTC, BTCDOM\)"):
                parse("\n".join(["symbol,time,rate", *order]) + "\n")
        assert parse("\n".join(["symbol,time,rate", *rows[::2]]) + "\n").values.size == 9

    def test_one_contract_of_several(self) -> None:
        """Two contracts in one text are refused until one is named."""
        text = "symbol,time,rate\n" + "".join(
            f"{s},2024-01-{d:02d},{d}e-5\n" for d in range(1, 10) for s in ("BTC", "ETH")
        )
        with pytest.raises(ValueError, match=r"symbol holds 2 \(BTC, ETH\): choose with where=\{'symbol': …\}"):
            parse(text)
        assert parse(text, where={"symbol": "ETH"}).hours.size == 9

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "must not be empty"),
            (b" \n\n", "must not be empty"),
            (gzip.compress(write().encode()), "no UTF-8"),
            (b"PK\x03\x04\x00\x00text", "control characters"),
            ("just prose\nof two lines\n", "two columns at least, got one"),
            (write().split("\n", 1)[1], "must hold the names"),
            (write()[:-7], "half a file"),
            (write()[:-22], "half a file"),
            ('time,rate\n"2024-01-01","1%"\n"2024-01-02","1', "half a file"),
            ('[{"time": 1704067200, "rate": 1e-4}, {"ti', "half a file"),
            (write().replace("0.0001", "0.01%", 1), "must be a number"),
            ("time,rate\n2024-01-01,1%\n2024-01-02,0.01\n2024-01-03,1%\n", "mix percent"),
            ("time,rate\n2024-01-01,x\n2024-01-02,y\n", "not exactly one: none holds numbers"),
            ("a,b\n1,2\n3,4\n", "no column holds stamps"),
            ("time,rate\n01/02/2024,1e-4\n02/02/2024,1e-4\n03/02/2024,1e-4\n", "no day above 12"),
            ("time,rate\n2024-01-01,1e-4\n2024-01-02,1e-4\n", "at least 3 rows"),
            (write() + write(), "must be a number|stamp like the others"),
        ],
    )
    def test_nonsense_is_refused(self, text: str | bytes, message: str) -> None:
        """Each with what was wrong, never with a history."""
        with pytest.raises(ValueError, match=message):
            parse(text)

    @given(cut=st.integers(1, 9_000))
    def test_half_a_file_is_refused_or_said_to_be_cut(self, cut: int) -> None:
        """Cut anywhere: refused, warned about, or cut between two rows."""
        text = write(300)
        part = text[: min(cut, len(text) - 1)]
        try:
            history = parse(part)
        except ValueError:
            return
        whole_rows = part[-1] in "\r\n" or text[len(part)] in "\r\n"
        assert whole_rows or any("cut" in note.evidence for note in history.notes)

    def test_mixed_intervals_are_refused(self) -> None:
        """Hourly and eight-hourly rows in turn, two clocks in turn, two histories of the same hours."""
        hourly, eight = write(400, 1), write(60, 8).split("\n", 1)[1]
        with pytest.raises(ValueError, match=r"one history|mixed intervals"):
            parse(hourly + eight)
        other = write(400, 8, zone=dt.timezone(dt.timedelta(hours=3))).split("\n", 1)[1]
        with pytest.raises(ValueError, match="mixed intervals"):
            parse(write() + other)
        steps = np.random.default_rng(3).choice([3600, 28_800], 200).cumsum()
        with pytest.raises(ValueError, match="mixed intervals: "):
            parse("time,rate\n" + "".join(f"{1.7e9 + s:.0f},{i}e-6\n" for i, s in enumerate(steps)))

    def test_the_file_is_named(self) -> None:
        """Whoever reads twenty files must know which one is wrong."""
        with pytest.raises(ValueError, match=r"test_feeds\.py: "):
            read(__file__)


class TestInspect:
    def test_a_clean_history_is_clean(self) -> None:
        """No warning where nothing is planted, and full coverage."""
        report = examine(parse(write(form=lambda t: t.isoformat())))
        assert report.clean
        assert report.why().value == 1.0

    @pytest.mark.parametrize("hours", [-11, -5, 2, 3, 5.5, 9])
    @pytest.mark.parametrize("weeks", [0, 5])
    def test_a_clock_offset_is_found_with_and_without_a_hole(self, hours: float, weeks: int) -> None:
        """The true offset is among the clocks, all of which agree modulo the interval."""
        zone = dt.timezone(dt.timedelta(hours=hours))
        report = examine(parse(write(zone=zone, without=range(100, 100 + 21 * weeks)), settles=0))
        ahead = [report.history.hours[0] - report.history.on(clock).hours[0] for clock in report.clocks]
        assert hours in ahead
        assert {(x - hours) % 8 for x in ahead} == {0.0}
        assert (report.missing, report.count("holes")) == (21 * weeks, int(weeks > 0))

    @pytest.mark.parametrize("zone", ["Europe/London", "Europe/Berlin", "America/New_York", "Australia/Sydney"])
    @pytest.mark.parametrize("hours", [1, 4, 8])
    def test_daylight_saving_is_no_hole_and_no_duplicate(self, zone: str, hours: int) -> None:
        """A year in a zone: found, and undone to the second; the hole that is planted stays."""
        n = 24 * 330 // hours
        report = examine(parse(write(n, hours, zone=ZoneInfo(zone), without=range(50, 50 + 24 * 14 // hours))))
        true = [START.timestamp() / 3600 + i * hours for i in range(n) if not 50 <= i < 50 + 24 * 14 // hours]
        assert zone in report.clocks or (hours == 1 and report.count("clock"))
        assert report.history.on(zone).hours.tolist() == true
        assert (report.count("holes"), report.missing, report.count("duplicates")) == (1, 24 * 14 // hours, 0)

    def test_jitter_counts_the_gaps_that_truncation_would_break(self) -> None:
        """Stamps late by 0 or 5 ms in turn: every second gap is short by 5 ms."""
        text = write(form=lambda t: f"{int(t.timestamp() * 1000) + 5 * (t.hour == 8)}", header=("time", "rate"))
        report = examine(parse(text))
        assert "makes 133 short" in str(report)

    def test_one_late_row_is_off_the_grid(self) -> None:
        """A settlement 24 minutes late is one finding, not jitter of all."""
        lines = write().splitlines()
        lines[50] = lines[50].replace(":00:00", ":24:00")
        assert examine(parse("\n".join(lines) + "\n")).count("off grid") == 1

    def test_duplicates_and_their_conflicts(self) -> None:
        """The same row twice, and another value at the same stamp."""
        lines = write().splitlines()
        lines[10:10] = [lines[10], lines[11].split(",")[0] + ",0.5"]
        report = examine(parse("\n".join(lines) + "\n"))
        assert report.count("duplicates") == 2
        assert "1 with different values" in str(report)
        assert report.slots == 400

    def test_an_interval_that_changes_is_two_regimes(self) -> None:
        """From eight hours to one: the day, and no hole for it."""
        first = write(100).rstrip()
        change = START + dt.timedelta(hours=800)
        rest = [f"{change + i * dt.timedelta(hours=1):%Y-%m-%d %H:%M:%S},{x:.8f}" for i, x in enumerate(rates(200, 2))]
        report = examine(parse("\n".join([*first.splitlines(), *rest]) + "\n"))
        assert [regime.interval for regime in report.regimes] == [8.0, 1.0]
        assert abs(report.regimes[1].start - change.timestamp() / 3600) <= 8
        assert report.missing == 0

    def test_a_stated_interval_is_held_against_the_stamps(self) -> None:
        """Rows that say 4h and come every eight hours."""
        rows = write().splitlines()
        said = ["Date,Funding Rate,Funding Interval", *(f"{row},4h" for row in rows[1:])]
        report = examine(parse("\n".join(said) + "\n"))
        assert report.count("units") == 399

    def test_percent_without_a_sign_is_doubted(self) -> None:
        """Rates a hundred times too large: a thousand percent a year."""
        report = examine(parse(write(value=lambda x: f"{100 * x:.6f}")))
        assert report.count("units") == 1
        assert not report.clean

    def test_a_feed_that_stands_still(self) -> None:
        """Ten equal prices among moving ones; equal funding at a rate to which it returns is the dead band."""
        prices = 100 + np.random.default_rng(1).normal(size=300).cumsum() / 10
        prices[100:110] = prices[100]
        prices[200] *= 1.5
        prices[250] = 0.0
        text = "time,close\n" + "".join(f"{1.7e9 + 3600 * i:.0f},{p:.4f}\n" for i, p in enumerate(prices))
        report = examine(parse(text))
        assert (report.count("stale"), report.count("impossible")) == (1, 2)
        x = rates(300)
        for start in range(0, 300, 30):
            x[start : start + 6] = [1e-4] * 6
        rest = "time,rate\n" + "".join(f"{1.7e9 + 3600 * i:.0f},{r:.8f}\n" for i, r in enumerate(x))
        assert all(finding.severity == "note" for finding in examine(parse(rest)).findings if finding.trap == "stale")

    def test_what_is_shown_adds_up(self) -> None:
        """Coverage: slots less holes, over slots."""
        why = examine(parse(write(without=range(50, 71)))).why()
        assert (why["s"], why["h"], why.value) == (400, 21, 379 / 400)

    @pytest.mark.parametrize("clock", ["UTC+15", "UTC-13", "UTC+99", "UTC+3:75"])
    def test_a_clock_that_no_zone_keeps_is_refused(self, clock: str) -> None:
        """From twelve hours behind to fourteen ahead, with minutes below sixty."""
        with pytest.raises(ValueError, match="clock must be between"):
            parse(write()).on(clock)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"values": [1.0, float("inf"), 2.0]}, "values must be finite"),
            ({"values": ["a", "b", "c"]}, "values must be a number or an array of numbers"),
            ({"stated": [8.0, 8.0]}, "stated must have shape"),
            ({"stated": [8.0, float("nan"), 8.0]}, "stated must be finite"),
            ({"clock": "Europe/London"}, "clock must be one of"),
        ],
    )
    def test_a_history_made_by_hand_is_checked(self, change: dict[str, Any], message: str) -> None:
        """What no file could give is refused where it is made, not somewhere inside the inspection."""
        given_: dict[str, Any] = {"hours": [0.0, 8.0, 16.0], "values": [1.0, 2.0, 3.0], "kind": "price"}
        with pytest.raises(ValueError, match=message):
            History(**{**given_, **change})

    def test_a_number_too_large_for_a_float_is_refused(self) -> None:
        """1e999 would read as infinite, and an infinite rate would count as a missing one."""
        with pytest.raises(ValueError, match="values must be finite"):
            parse("time,price\n2024-01-01 00:00,1\n2024-01-01 08:00,1e999\n2024-01-01 16:00,3\n")


class TestReconcile:
    def test_clock_and_unit_are_found_together(self) -> None:
        """London percent strings, newest first, against milliseconds UTC: all rows."""
        ours = parse(write(zone=ZoneInfo("Europe/London"), value=lambda x: f"{100 * x:.6f}%", newest_first=True))
        theirs = parse(write(form=lambda t: str(int(t.timestamp() * 1000)), value=lambda x: f"{x / 8:.10f}"))
        same = reconcile(ours, theirs)
        assert (same.clock_first, same.clock_second, same.shared, same.agree) == ("Europe/London", "UTC", 400, 400)
        assert same.scale == 8.0

    def test_a_hole_shows_on_its_side(self) -> None:
        """Rows of one alone are counted where the two overlap."""
        same = reconcile(parse(write(without=range(40, 50))), parse(write()))
        assert (same.shared, same.only_first, same.only_second) == (390, 0, 10)
        assert same.why().value == 390 / 400

    def test_other_things_are_refused(self) -> None:
        """Another interval, another kind, another year."""
        with pytest.raises(ValueError, match="interval of the first, 8 h, got 1 h"):
            reconcile(parse(write()), parse(write(hours=1)))
        with pytest.raises(ValueError, match="must be a funding history"):
            reconcile(parse(write()), parse(write(header=("time", "close"), value=lambda x: f"{1 + x}")))
        late = parse(write(form=lambda t: (t + dt.timedelta(days=4000)).isoformat()))
        with pytest.raises(ValueError, match="none on any clock"):
            reconcile(parse(write(form=lambda t: t.isoformat())), late)


NAIVE = "%Y-%m-%d %H:%M:%S"


def shifted(hours: float, n: int = 400, seed: int = 1, form: str = NAIVE) -> str:
    """Eight-hourly rates whose stamps are so many hours after `START`, no zone stated."""
    stamps = [START + dt.timedelta(hours=hours + 8 * i) for i in range(n)]
    return "time,rate\n" + "".join(f"{t:{form}},{x:.8f}\n" for t, x in zip(stamps, rates(n, seed), strict=True))


def utc(hours: list[float], values: list[float], kind: str = "funding") -> History:
    """A history on UTC, made by hand."""
    return History(hours, values, kind, clock="UTC")


class TestWhichColumn:
    """Where two columns could be meant, the reader asks; it never takes one without a word."""

    @pytest.mark.parametrize(
        ("rows", "names"),
        [
            ({"timestamp": "2024-01-01T0{}Z", "fundingRate": "0.2{}", "relativeFundingRate": "0.00000{}"},
             "'fundingRate', 'relativeFundingRate'"),
            ({"timestamp": "170406{}200000", "index_price": "4200{}", "prev_index_price": "4100{}",
              "interest_8h": "0.0000{}", "interest_1h": "0.00000{}"}, "'interest_8h', 'interest_1h'"),
            ({"time": "2024-01-01T0{}Z", "BTC_funding_1h": "0.1{}", "ETH_funding_1h": "0.2{}"},
             "'BTC_funding_1h', 'ETH_funding_1h'"),
            ({"time": "2024-01-01T0{}Z", "mark_price": "10{}", "index_price": "11{}"}, "'mark_price', 'index_price'"),
            ({"time": "2024-01-01T0{}Z", "close": "10{}", "mark_close": "11{}"}, "'close', 'mark_close'"),
            ({"time": "2024-01-01T0{}Z", "open": "1{}", "close": "10{}", "funding_rate": "0.1{}"},
             "'funding_rate', 'close'"),
        ],
    )  # fmt: skip
    def test_of_two_that_could_be_meant_both_are_named(self, rows: dict[str, str], names: str) -> None:
        """Absolute and relative rates, of one hour and of eight, two contracts, two prices, candles with a rate."""
        records = [{name: cell.format(digit) for name, cell in rows.items()} for digit in range(1, 6)]
        if "170406{}200000" in rows.values():
            for i, record in enumerate(records):
                record["timestamp"] = str(1704067200000 + 3_600_000 * i)
        for text in (json.dumps(records), json.dumps({"result": records})):
            with pytest.raises(ValueError, match=f"column must name the values, there is not exactly one: {names}$"):
                parse(text)
        last = list(rows)[-1]
        chosen = parse(json.dumps(records), column=last)
        assert chosen.column == last
        assert chosen.values.tolist() == [float(record[last]) for record in records]

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (("timestamp", "interest_8h", "index_price", "prev_index_price"), "interest_8h"),
            (("timestamp", "fundingRate", "fundingRateDaily"), "fundingRate"),
            (("time", "markPrice", "lastFundingRate", "interestRate", "nextFundingRate"), "lastFundingRate"),
            (("effectiveAt", "price", "rate"), "rate"),
            (("time", "premium", "fundingRate"), "fundingRate"),
            (("time", "open", "high", "low", "close", "volume"), "close"),
            (("time", "mark"), "mark"),
            (("time", "previous_price", "price"), "price"),
        ],
    )  # fmt: skip
    def test_what_venues_print_beside_it_does_not_confuse(self, names: tuple[str, ...], expected: str) -> None:
        """Prices beside a rate, rates of a day, of interest or of the next interval, and candles are told apart."""
        lines = [",".join(names)]  # every column has values of its own
        for i in range(6):
            cells = (f"{0.001 * (k + 1) + i * 1e-6:.6f}" for k in range(len(names) - 1))
            lines += [",".join([f"2024-01-01T0{i}Z", *cells])]
        history = parse("\n".join(lines) + "\n")
        assert history.column == expected
        assert history.kind == ("price" if expected in ("close", "mark", "price") else "funding")

    def test_two_columns_with_the_same_cells_are_one(self) -> None:
        """A rate that is printed twice is not two rates."""
        text = "time,fundingRate,realizedRate\n" + "".join(f"2024-01-0{d},{d}e-5,{d}e-5\n" for d in range(1, 6))
        assert parse(text).column == "fundingRate"
        with pytest.raises(ValueError, match="'fundingRate', 'realizedRate'"):
            parse(text.replace("3e-5\n", "4e-5\n"))

    def test_a_table_of_venues_and_contracts_is_filtered_by_both(self) -> None:
        """The error names each column that has to be said, and only those."""
        text = "exchange,symbol,time,rate\n" + "".join(
            f"{e},{s},2024-01-{d:02d},{d}e-{p}\n"
            for d in range(1, 10) for e, s, p in (("a", "BTC", 5), ("a", "ETH", 6), ("b", "BTC", 7), ("b", "ETH", 8))
        )  # fmt: skip
        with pytest.raises(ValueError, match=r"exchange holds 2 \(a, b\); symbol holds 2 \(BTC, ETH\): choose with "
                                             r"where=\{'exchange': …, 'symbol': …\}"):  # fmt: skip
            parse(text)
        with pytest.raises(
            ValueError, match=r"several: exchange holds 2 \(a, b\): choose with where=\{'exchange': …\}$"
        ):
            parse(text, where={"symbol": "BTC"})
        chosen = parse(text, where={"exchange": "b", "symbol": "BTC"})
        assert chosen.values.tolist() == [float(f"{d}e-7") for d in range(1, 10)]
        with pytest.raises(ValueError, match=r"where: symbol must be one of BTC, ETH, got 'SOL'"):
            parse(text, where={"symbol": "SOL"})
        with pytest.raises(ValueError, match=r"where must name columns of exchange, symbol, time, rate, got 'venue'"):
            parse(text, where={"venue": "a"})
        with pytest.raises(ValueError, match="where must be a mapping of columns to values, got 'BTC'"):
            parse(text, where="BTC")  # type: ignore[arg-type]

    def test_of_many_contracts_four_are_shown(self) -> None:
        """Nine where one was asked for that is not there."""
        for n, shown in ((4, "A, B, C, D"), (5, "A, B, C, D, …")):
            text = "coin,time,rate\n" + "".join(
                f"{c},2024-01-{d:02d},{d}e-5\n" for d in range(1, 9) for c in "ABCDE"[:n]
            )
            with pytest.raises(ValueError, match=rf"coin holds {n} \({shown}\): choose"):
                parse(text)
        names = "ABCDEFGHIJ"
        for n, shown in ((9, ", ".join(names[:9])), (10, ", ".join(names[:9]) + ", …")):
            text = "coin,time,rate\n" + "".join(f"{c},2024-01-01,1e-5\n" for c in names[:n])
            with pytest.raises(ValueError, match=f"coin must be one of {shown}, got 'Z'"):
                parse(text, where={"coin": "Z"})

    def test_a_column_of_another_name_that_tells_them_apart_is_named_too(self) -> None:
        """Two histories told apart by a column that nobody could know."""
        text = "desk,time,rate\n" + "".join(
            f"{w},2024-01-{d:02d},{d}e-{p}\n" for d in range(1, 20) for w, p in (("x", 5), ("y", 6))
        )
        with pytest.raises(ValueError, match="desk holds x, y: choose with where"):
            parse(text)
        assert parse(text, where={"desk": "y"}).values[1] == 2e-6
        for desks, shown in (("uvxy", "u, v, x, y"), ("uvwxy", "u, v, w, x")):  # four of them
            text = "desk,time,rate\n" + "".join(
                f"{w},2024-01-{d:02d},{d}e-{p}\n" for d in range(1, 20) for p, w in enumerate(desks, 5)
            )
            with pytest.raises(ValueError, match=rf"desk holds {shown}: choose with where"):
                parse(text)

    def test_a_numeric_column_is_no_contract(self) -> None:
        """`marketPrice` begins like a market and holds prices."""
        text = "time,marketPrice\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"
        assert parse(text).values.tolist() == [1.0, 2.0, 3.0]


class TestCells:
    def test_a_column_without_a_telling_name_is_known_by_its_size(self) -> None:
        """Rates are small, prices are not; where nothing is known it counts as prices."""
        for values, kind in (([1e-4, -2e-4], "funding"), ([100.0, 101.0], "price"), ([np.nan], "price")):
            assert _export.kind("x", np.array(values), ["1"]) == kind

    def test_what_stands_behind_a_number_makes_it_none(self) -> None:
        """But for a sign of percent, behind all of them or some."""
        for cells, values in (
            (["1.5x", "2.5x"], [np.nan, np.nan]),
            (["1.5%", "2.5%"], [1.5, 2.5]),
            (["1.5%", "2"], [1.5, 2.0]),
        ):
            assert _export._numbers(cells)[0] == pytest.approx(values, nan_ok=True)

    def test_words_that_hardly_repeat_tell_no_histories_apart(self) -> None:
        """Each has to have two rows on average."""
        for words, found in (
            (["a", "b"] * 4, {"desk": ["a", "b"]}),
            (list("aabc"), {}),
            (list("aabb"), {"desk": ["a", "b"]}),
            (["a"] * 4, {}),
        ):
            assert _export.texts({"desk": words}) == found

    @given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=3, max_size=40))
    def test_every_number_is_read_as_python_reads_it(self, values: list[float]) -> None:
        """Bare, quoted and padded cells give the very same floats."""
        bare = "time,price\n" + "".join(f"{1.7e9 + 3600 * i:.0f},{x!r}\n" for i, x in enumerate(values))
        quoted = '"time","price"\n' + "".join(f'"{1.7e9 + 3600 * i:.0f}","{x!r}"\n' for i, x in enumerate(values))
        for text in (bare, quoted, bare.replace(",", ", "), bare.replace("\n", "\r\n"), bare.replace(",", "\t")):
            assert parse(text, column="price").values.tolist() == values

    @pytest.mark.parametrize(
        ("cell", "value"),
        [("1,234.5", 1234.5), ("-1,234,567", -1234567.0), ("0,5", 0.5), ("\u22120.5", -0.5), ("$7", 7.0),
         ("+.5", 0.5), ("5.", 5.0)],
    )  # fmt: skip
    def test_numbers_as_people_write_them(self, cell: str, value: float) -> None:
        """Thousands, decimal commas, a minus sign of typesetters, dollars."""
        text = f'time;price\n2024-01-01;"{cell}"\n2024-01-02;2\n2024-01-03;3\n'
        assert parse(text).values.tolist() == [value, 2.0, 3.0]

    @pytest.mark.parametrize("cell", ["1_000", "inf", "1e", "0x10", "--1", "1 2", "\u0661"])
    def test_what_only_a_programmer_would_call_a_number_is_refused(self, cell: str) -> None:
        """Python would take some of them."""
        with pytest.raises(ValueError, match=f"line 3: price must be a number, got '{cell}'"):
            parse(f"time,price\n2024-01-01,1\n2024-01-02,{cell}\n2024-01-03,3\n2024-01-04,4\n")

    @pytest.mark.parametrize("cell", ["", "nan", "NaN", "null", "None", "-", "N/A", "na"])
    def test_words_for_nothing_are_missing_values(self, cell: str) -> None:
        """Each becomes NaN, and the others stay."""
        values = parse(f"time,price\n2024-01-01,1\n2024-01-02,{cell}\n2024-01-03,3\n2024-01-04,4\n").values
        assert np.isnan(values).tolist() == [False, True, False, False]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (b",", "text must not be empty, got rows without a content"),
            (b";;\n;;", "text must not be empty"),
            ("time,rate\n", "must have rows below the names"),
            ("[]", "list of records"),
            ("[{}]", "list of records"),
            ('{"a": {"b": 1}}', "list of records"),
            ("[" * 100_000, "JSON"),
            (None, "text must be text or bytes, got NoneType"),
            (b"\xff\xfe\x00", "no UTF-8"),
        ],
    )
    def test_odd_content_is_a_value_error(self, text: Any, message: str) -> None:
        """No content, no rows, no records."""
        with pytest.raises(ValueError, match=message):
            parse(text)

    @given(st.binary(max_size=60) | st.text("time,rate;\n\r\t \"'0123456789.e-%[]{}:", max_size=80))
    def test_no_text_raises_anything_else(self, text: str | bytes) -> None:
        """Whatever is in it, it is a history or a `ValueError`."""
        try:
            parse(text)
        except ValueError:
            return

    @pytest.mark.parametrize(
        ("seconds", "good"),
        [(1_230_000_000, True), (1_229_999_999, False), (4_099_999_999, True), (4_100_000_000, False)],
    )
    def test_stamps_lie_between_2008_and_2099(self, seconds: int, good: bool) -> None:
        """From the year in which Bitcoin began; numbers outside are no stamps."""
        near = [seconds, seconds - 3600, seconds - 7200] if seconds > 2e9 else [seconds + 7200, seconds + 3600, seconds]
        for scale in (1, 1000, 10**6, 10**9):
            text = "time,price\n" + "".join(f"{t * scale},{i}.5\n" for i, t in enumerate(near))
            if good:
                assert sorted(parse(text).hours.tolist()) == pytest.approx(sorted(t / 3600 for t in near), rel=1e-15)
            else:
                with pytest.raises(ValueError, match="stamp"):
                    parse(text)

    @pytest.mark.parametrize("header", ["rate_percent", "Rate (%)"])
    def test_percent_may_stand_in_the_name(self, header: str) -> None:
        """Plain numbers under such a name are divided by a hundred; others are not."""
        text = "time,{}\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n"
        assert parse(text.format(header)).values.tolist() == [0.01, 0.02, 0.04]
        assert parse(text.format("rate")).values.tolist() == [1.0, 2.0, 4.0]

    @pytest.mark.parametrize(
        ("label", "cell", "hours"),
        [("fundingInterval", "8h", 8), ("x", "240m", 4), ("intervalMinutes", "480", 8), ("interval", "4", 4)],
    )
    def test_stated_intervals_are_hours(self, label: str, cell: str, hours: float) -> None:
        """With a unit, or in a column whose name says what it is."""
        rows = "".join(f"2024-01-{d:02d},{d}e-5,{cell}\n" for d in range(1, 6))
        stated = parse(f"time,rate,{label}\n{rows}").stated
        assert stated is not None
        assert stated.tolist() == [hours] * 5

    def test_stated_intervals_that_change_are_those_of_the_stamps(self) -> None:
        """From 8 h to 4 h where the stamps do the same; the other way round is refused."""
        start = START.timestamp()
        stamps = [start + 28_800 * i for i in range(60)] + [start + 28_800 * 59 + 14_400 * i for i in range(1, 61)]
        right = ["8"] * 60 + ["4"] * 60
        for stated, good in ((right, True), (right[::-1], False)):
            rows = zip(stamps, rates(120), stated, strict=True)
            text = "time,rate,interval\n" + "".join(f"{t:.0f},{x:.8f},{h}\n" for t, x, h in rows)
            if good:
                assert examine(parse(text)).count("units") <= 1
            else:
                with pytest.raises(ValueError, match="stated intervals must be those of the stamps"):
                    parse(text)

    def test_a_plain_table_is_not_cut_into_cells(self) -> None:
        """Its numbers are read from the bytes; one padded or quoted cell takes the careful reader."""
        plain = "time,rate\n2024-01-01,1\n2024-01-02,2\n2024-01-03,-0.5\n"
        for text, bare in ((plain, True), (plain.replace(",", '","'), False), (plain.replace(",1", ", 1"), False)):
            try:
                cells = _export.table(text, []).cells
            except ValueError:
                continue
            assert isinstance(cells["rate"], _export._Column) is bare

    @given(
        st.lists(st.decimals(-99999, 99999, places=6), min_size=1, max_size=30)
        | st.lists(st.integers(0, 10**14), min_size=1)
    )
    def test_numbers_from_bytes_are_those_of_python(self, values: list[Any]) -> None:
        """Up to fifteen digits, with point and sign anywhere: the very same floats."""
        text = "a,b\n" + "".join(f"1,{x:f}\n" if not isinstance(x, int) else f"1,{x}\n" for x in values)
        column = _export.table(text, []).cells["b"]
        assert isinstance(column, _export._Column)
        found = column.numbers()
        assert found is not None
        assert found.tolist() == [float(x) for x in values]

    def test_packed_files_are_unpacked_and_half_of_one_is_refused(self, tmp_path: Path) -> None:
        """Gzip, whole and cut."""
        packed = gzip.compress(write().encode())
        (tmp_path / "a.csv.gz").write_bytes(packed)
        (tmp_path / "b.csv.gz").write_bytes(packed[: len(packed) // 2])
        assert read(tmp_path / "a.csv.gz").values.tolist() == parse(write()).values.tolist()
        with pytest.raises(ValueError, match=r"b\.csv\.gz: text must be a whole gzip file"):
            read(tmp_path / "b.csv.gz")


class TestSettlements:
    """Settlement hours are a fact of the venue: stated, or left open and said so."""

    def test_a_venue_that_settles_at_four_is_not_called_wrong(self) -> None:
        """04, 12, 20 h as BitMEX and KuCoin settle: UTC is likeliest, the other reading is listed, no warning."""
        report = examine(parse(shifted(4)))
        assert report.clocks[:3] == ("UTC", "UTC-4", "UTC+4")
        assert {_ahead(clock) % 8 for clock in report.clocks} == {0.0, 4.0}
        assert report.clean
        assert "no zone stated, first at 04:00: UTC-4 or UTC+4 or UTC" in str(report)
        assert "settlements count from 0 h UTC" in str(report)
        assert "settlements count from 4 h UTC" in str(report)

    def test_stated_hours_leave_the_offset_alone_open(self) -> None:
        """With the hour of a settlement all clocks agree modulo the interval."""
        for settles, hours, first in ((4, 4, "UTC"), (0, 4, "UTC-4"), (4, 3, "UTC-1"), (0, 3, "UTC+3"), (12, 4, "UTC")):
            report = examine(parse(shifted(hours), settles=settles))
            assert report.clocks[0] == first
            assert {(hours - settles - _ahead(clock)) % 8 for clock in report.clocks} == {0.0}
            assert report.clean == (first == "UTC")

    @pytest.mark.parametrize(("settles", "warned"), [(None, 0), (4, 0), (20, 0), (0, 1), (3, 1)])
    def test_stamps_on_utc_are_held_against_the_stated_hours(self, settles: float | None, warned: int) -> None:
        """A zone in the stamp is believed; hours that do not fit it are a warning."""
        report = examine(parse(shifted(4, form=NAIVE + "Z"), settles=settles))
        assert report.clocks == ("UTC",)
        assert report.count("clock") == warned

    def test_the_hours_of_hourly_rows_tell_nothing(self) -> None:
        """Both conventions fit alike, and are not told twice."""
        report = examine(parse(write(hours=1)))
        assert report.clocks[0] == "UTC"
        assert "count from" not in str(report)

    def test_two_venues_are_not_aligned_four_hours_off(self) -> None:
        """Another venue's rates at 04, 12, 20 h agree on no clock; the same rates do, and say the offset."""
        ours = parse(shifted(0, form=NAIVE + "Z"))
        with pytest.raises(ValueError, match=r"must be stated with History\.on .* at best \d of 400"):
            reconcile(ours, parse(shifted(4, seed=2)))
        with pytest.raises(ValueError, match="none on any clock"):
            reconcile(ours, parse(shifted(4, seed=2)).on("UTC"))
        same = reconcile(ours, parse(shifted(4)))
        assert (same.clock_first, same.clock_second, same.shared, same.agree) == ("UTC", "UTC+4", 400, 400)

    def test_an_interest_rate_that_returns_is_no_evidence(self) -> None:
        """Two venues at rest most of the time agree on every clock, and prove nothing."""
        rest = np.random.default_rng(4).random((2, 300)) < 0.9
        texts = []
        for k, hours in enumerate((0, 4)):
            values = np.where(rest[k], 1e-4, rates(300, k + 5))
            texts.append(
                "time,rate\n"
                + "".join(
                    f"{START + dt.timedelta(hours=hours + 8 * i):{NAIVE}},{x:.8f}\n" for i, x in enumerate(values)
                )
            )
        with pytest.raises(ValueError, match="on no clock do most agree"):
            reconcile(*map(parse, texts))

    def test_two_venues_on_stated_clocks_are_compared(self) -> None:
        """Nothing was inferred, so nothing has to agree."""
        apart = reconcile(parse(shifted(0)).on("UTC"), parse(shifted(0, seed=2)).on("UTC"))
        assert (apart.shared, apart.clock_first, apart.clock_second) == (400, "UTC", "UTC")
        assert apart.agree < 20

    def test_a_machine_without_time_zones_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Daylight saving that could not be looked for is a warning, a clock that is asked for an error, no change."""
        london = parse(write(zone=ZoneInfo("Europe/London")))
        whole, holed = parse(write()), parse(write(without=range(9, 12)))
        epoch = parse(write(form=lambda t: str(int(t.timestamp()))))

        def lost(_: str) -> None:
            raise zoneinfo.ZoneInfoNotFoundError

        monkeypatch.setattr(zoneinfo, "ZoneInfo", lost)
        for history, said in ((london, True), (holed, True), (whole, False)):
            assert ("no time-zone database here" in str(examine(history))) is said
        assert not examine(holed).clean
        with pytest.raises(ValueError, match=r"got 'Europe/London' \(no time-zone database on this machine"):
            london.on("Europe/London")
        for history in (london, holed):
            with pytest.raises(ValueError, match="there is no time-zone database"):
                reconcile(history, epoch)
        assert reconcile(whole, epoch).agree == 400
        assert reconcile(holed.on("UTC"), epoch).only_second == 3


def _ahead(clock: str) -> float:
    """Hours by which a fixed clock is ahead of UTC."""
    hours, _, minutes = clock.removeprefix("UTC").partition(":")
    return float(hours or 0) + (float(minutes) / 60 if minutes else 0.0) * (-1 if hours.startswith("-") else 1)


class TestJoin:
    def test_a_funding_history_and_prices_meet_in_the_unit_of_funding(self) -> None:
        """Hours of both go into `funding.total` as they are."""
        stamps = [(START.timestamp() / 3600) + 8 * i for i in range(4)]
        both = join(
            utc(stamps, [1e-4, 2e-4, -1e-4, 5e-4]),
            utc([s + h for s in stamps for h in (0, 4)], [100.0, 7.0, 101.0, 7.0, 99.0, 7.0, 98.0, 7.0], "price"),
        )
        assert (both.first.tolist(), both.second.tolist()) == ([1e-4, 2e-4, -1e-4, 5e-4], [100.0, 101.0, 99.0, 98.0])
        paid = funding.total(2.0, both.hours, both.second, both.first, both.hours[0], both.hours[2])
        assert float(paid) == pytest.approx(-2.0 * (101 * 2e-4 - 99 * 1e-4), rel=1e-14)

    def test_the_last_value_counts_until_it_is_too_old(self) -> None:
        """At its age exactly it still does; before its stamp never."""
        first, second = utc([8.0, 16.0, 24.0, 32.0], [1e-4] * 4), utc([7.0, 13.5, 40.0], [1.0, 2.0, 3.0], "price")
        both = join(first, second, age=2.5)
        assert (both.hours.tolist(), both.second.tolist()) == ([8.0, 16.0], [1.0, 2.0])
        assert both.age.tolist() == [1.0, 2.5]
        assert both.alone.tolist() == [24.0, 32.0]
        assert join(first, second, age=2.4).alone.tolist() == [16.0, 24.0, 32.0]
        with pytest.raises(ValueError, match="second must have a value at a stamp of the first, got none"):
            join(first, second)

    def test_jitter_below_half_a_minute_is_the_same_stamp(self) -> None:
        """On either side; beyond it is another."""
        minute = 1 / 60
        first = utc([0.0, 8.0, 16.0], [1e-4, 2e-4, 3e-4])
        for shift, found in ((0.49, 3), (-0.49, 3), (0.51, 0), (-0.51, 0)):
            second = utc([100.0 + shift * minute, 108.0 + shift * minute, 116.0 + shift * minute], [1.0, 2.0, 3.0])
            moved = dataclasses.replace(first, hours=first.hours + 100)
            if found:
                both = join(moved, second)
                assert (both.second.tolist(), both.age.tolist()) == ([1.0, 2.0, 3.0], [0.0] * 3)
            else:
                with pytest.raises(ValueError, match="got none"):
                    join(moved, second)

    def test_missing_values_and_equal_rows_are_no_rows(self) -> None:
        """A conflict at one stamp is refused; a clock that nobody stated too."""
        nan = float("nan")
        first = utc([0.0, 8.0, 8.0, 16.0, 24.0], [1e-4, 2e-4, 2e-4, nan, 3e-4])
        both = join(first, utc([0.0, 8.0, 16.0, 24.0], [1.0, 2.0, 3.0, nan], "price"))
        assert (both.hours.tolist(), both.alone.tolist()) == ([0.0, 8.0], [24.0])
        with pytest.raises(ValueError, match="second must have one value a stamp, got two at 1970-01-01 08:00"):
            join(first, utc([0.0, 8.0, 8.0, 16.0], [1.0, 2.0, 2.5, 3.0]))
        with pytest.raises(ValueError, match="first must be on UTC"):
            join(History([0.0, 8.0, 16.0], [1.0, 2.0, 3.0], "price"), first)
        with pytest.raises(ValueError, match="second must be a History, got 3"):
            join(first, 3)  # type: ignore[arg-type]


class TestLimits:
    """Each limit at its very value and just beyond."""

    def findings(self, values: list[float], kind: str = "funding", **options: Any) -> feeds.Report:
        return examine(utc([8.0 * i for i in range(len(values))], values, kind), **options)

    @pytest.mark.parametrize("sign", [1, -1])
    def test_a_rate_at_the_cap_is_possible(self, sign: int) -> None:
        """Beyond it is not, on either side."""
        calm = rates(40)
        assert self.findings([*calm, sign * 0.04]).count("impossible") == 0
        assert self.findings([*calm, sign * 0.0401]).count("impossible") == 1
        assert self.findings([*calm, sign * 0.0401], cap=0.0401).count("impossible") == 0

    def test_any_positive_price_is_possible(self) -> None:
        """Below a dollar, below a cent; zero is not, nor a negative one."""
        for price, found in ((0.5, 0), (1e-9, 0), (0.0, 1), (-1.0, 1)):
            prices = [abs(price or 1.0) * (1 + 0.001 * i) for i in range(20)]
            assert self.findings([*prices, price], "price").count("impossible") == found

    def test_a_spike_jumps_and_comes_back(self) -> None:
        """A jump that stays is a move; one below the limit is none."""
        base = [100.0 + i for i in range(20)]
        for factor, back, found in ((1.25, True, 1), (0.8, True, 1), (1.2, True, 0), (1.25, False, 0)):
            prices = [x * factor if (i == 9 if back else i >= 9) else x for i, x in enumerate(base)]
            assert self.findings(prices, "price").count("impossible") == found
        assert (
            self.findings([x * 1.2 if i == 9 else x for i, x in enumerate(base)], "price", spike=0.15).count(
                "impossible"
            )
            == 1
        )

    def test_equal_values_are_suspect_from_the_fourth_on(self) -> None:
        """Or from the number that is asked for."""
        prices = [100.0, 101, 102, 102, 102, 103, 104, 104, 105]
        assert self.findings(prices, "price").count("stale") == 0
        assert self.findings(prices, "price", stale=3).count("stale") == 1
        assert self.findings(prices, "price", stale=2).count("stale") == 2
        assert "the longest: 3 equal values from 1970-01-01 16:00" in str(self.findings(prices, "price", stale=2))
        with pytest.raises(ValueError, match="stale must be >= 2, got 1"):
            self.findings(prices, "price", stale=1)

    def test_a_rate_rests_where_it_returned_five_times(self) -> None:
        """Five stretches at one rate are a dead band; four of them are stale."""
        for times, severity in ((5, "note"), (4, "warning")):
            values = rates(100)
            for k in range(times):
                values[20 * k : 20 * k + 4] = [1e-4] * 4
            report = self.findings(values)
            assert [f.severity for f in report.findings if f.trap == "stale"] == [severity]
            assert report.count("stale") == (1 if severity == "note" else times)
        assert "20% of the rows stand at 0.0001" in str(
            self.findings([1e-4 if i % 20 < 4 else x for i, x in enumerate(rates(100))])
        )

    @pytest.mark.parametrize(("rate", "doubted"), [(0.0027, 0), (0.0028, 1), (-0.0028, 1)])
    def test_a_median_of_three_hundred_percent_a_year_is_doubted(self, rate: float, doubted: int) -> None:
        """Eight-hourly 0.274 % is 300 % a year, whatever the sign."""
        assert self.findings([rate * (1 + 1e-6 * i) for i in range(30)]).count("units") == doubted

    def test_a_gap_of_two_intervals_is_one_missing_row(self) -> None:
        """And of n intervals n - 1; the longest is named."""
        hours = [8.0 * i for i in range(60) if i not in (10, 30, 31, 32)]
        report = examine(utc(hours, rates(56)))
        assert (report.count("holes"), report.missing, report.slots) == (2, 4, 60)
        assert "4 rows missing; the longest after 1970-01-10 16:00, 1.33 days" in str(report)
        assert report.why()["c"] == 56 / 60

    def test_the_longest_hole_is_that_of_the_most_hours(self) -> None:
        """Not that of the most rows, nor the first: one row of eight hours is longer than one of one hour."""
        hours = [*(float(i) for i in range(100) if i != 40), *(100.0 + 8 * i for i in range(60) if i != 30)]
        report = examine(utc(hours, rates(len(hours))))
        assert (report.count("holes"), report.missing) == (2, 2)
        assert f"the longest after {feeds._stamp(3600 * (100.0 + 8 * 29))}, 0.667 days" in str(report)

    def test_a_hole_before_the_last_row_of_a_shorter_interval_is_one(self) -> None:
        """The gap is as long as the interval used to be, and not where it changed."""
        hours = [*(8.0 * i for i in range(100)), *(792.0 + i for i in range(1, 101)), 900.0]
        assert examine(utc(hours, rates(len(hours)))).missing == 7

    @pytest.mark.parametrize("extra", [0, 1, 2, 3])
    def test_a_change_of_the_interval_is_no_hole(self, extra: int) -> None:
        """To a shorter one, after any number of rows."""
        for last in (8.0, 4.0):
            hours = [last * i for i in range(60 + extra)]
            hours += [hours[-1] + i for i in range(1, 101)]
            assert examine(utc(hours, rates(len(hours)))).missing == 0

    @pytest.mark.parametrize(("conflicts", "refused"), [(10, False), (11, True)])
    def test_one_history_has_few_stamps_twice_with_different_values(self, conflicts: int, refused: bool) -> None:
        """One in twenty rows; stamps twice with the same value are as many as they like to be."""
        values = rates(200)
        twice = [(8.0 * i, values[i] + (1e-5 if i % 2 and i < 2 * conflicts else 0.0)) for i in range(2 * conflicts)]
        rows = sorted([*((8.0 * i, value) for i, value in enumerate(values)), *twice])
        text = "time,rate\n" + "".join(f"{1.7e9 + 3600 * hour:.0f},{value:.8f}\n" for hour, value in rows)
        assert len(rows) == 200 + 2 * conflicts
        assert parse(text).values.size == len(rows)  # half of those twice differ: fewer than one in twenty
        text = text.replace("time,rate\n", "time,rate\n" + "".join(
            f"{1.7e9 + 8 * 3600 * (100 + i):.0f},0.5\n" for i in range(11 if refused else 1)))  # fmt: skip
        if refused:
            with pytest.raises(ValueError, match="twice with different values"):
                parse(text)

    def test_newest_first_is_one_note(self) -> None:
        report = examine(parse(write(newest_first=True)))
        assert [(note.severity, note.count) for note in report.findings if note.trap == "order"] == [("note", 1)]

    def test_a_regime_says_its_stretch(self) -> None:
        """First and last stamp in hours, rows and the median of the absolute rates."""
        hours = [8.0 * i for i in range(100)] + [792.0 + i for i in range(1, 101)]
        values = [-1e-4] * 50 + [3e-4] * 50 + [2e-5] * 100
        first, second = examine(utc(hours, values)).regimes
        assert (first.interval, first.start, second.interval, second.stop) == (8.0, 0.0, 1.0, 892.0)
        assert first.rows + second.rows == 200
        assert (first.stop, second.median) == (second.start, 2e-5)
        assert first.median in (1e-4, 2e-4, 3e-4)

    def test_minute_rows_are_counted_in_seconds(self) -> None:
        """A hole of one minute among minutes."""
        hours = [i / 60 for i in range(100) if i != 40]
        report = examine(utc(hours, [100.0 + i for i in range(99)], "price"))
        assert ([r.interval * 60 for r in report.regimes], report.missing) == (pytest.approx([1.0]), 1)

    @pytest.mark.parametrize(("seconds", "found"), [(59, 0), (290, 1)])
    def test_a_late_row_is_off_the_grid_beyond_a_hundredth_of_the_interval(self, seconds: float, found: int) -> None:
        """288 seconds of eight hours; below that it is jitter."""
        hours = [8.0 * i + (seconds / 3600 if i == 20 else 0.0) for i in range(40)]
        report = examine(utc(hours, rates(40)))
        assert report.count("off grid") == found
        if found:
            assert "5 min away" in str(report)

    def test_duplicates_say_where_and_how_many_differ(self) -> None:
        """First stamp, and how many have another value."""
        hours = [0.0, 8.0, 8.0, *(16.0 + 8 * i for i in range(20)), 168.0]
        values = rates(24)
        report = examine(utc(hours, [*values[:2], values[1], *values[3:]]))
        assert report.count("duplicates") == 2
        assert "first at 1970-01-01 08:00; 1 with different values" in str(report)

    def test_notes_do_not_make_a_report_unclean(self) -> None:
        """Warnings do; counts add up over findings of one trap."""
        history = utc([0.0, 8.0, 16.0], [1e-4, 2e-4, 3e-4])
        notes = (feeds.Finding("file", "note", 2, "a"), feeds.Finding("file", "note", 3, "b"))
        report = feeds.Report(history, notes, (), ("UTC",), 3, 0)
        assert (report.clean, report.count("file"), report.count("holes")) == (True, 5, 0)
        assert not dataclasses.replace(report, findings=(*notes, feeds.Finding("order", "warning", 1, "c"))).clean
        assert str(dataclasses.replace(report, findings=())) == "nothing found"
        assert str(notes[0]) == "note    file            2  a"

    @pytest.mark.parametrize(("change", "agree"), [(1e-6, 400), (1.01e-6, 0)])
    def test_values_agree_up_to_the_tolerance(self, change: float, agree: int) -> None:
        """At it exactly they do; the largest difference is told."""
        ours, theirs = (
            utc([8.0 * i for i in range(400)], rates(400)),
            utc([8.0 * i for i in range(400)], [x + change for x in rates(400)]),
        )
        same = reconcile(ours, theirs, tolerance=1e-6)
        assert same.agree == agree
        assert same.worst == pytest.approx(change, rel=1e-6)

    def test_rows_of_one_alone_count_where_both_are(self) -> None:
        """Rows before the other begins or after it ends are not missing in it."""
        first, second = (
            utc([8.0 * i for i in range(10)], rates(10)),
            utc([8.0 * i for i in range(4, 20) if i != 6], [x for i, x in enumerate(rates(20)) if i >= 4 and i != 6]),
        )
        same = reconcile(first, second)
        assert (same.stored, same.shared, same.only_first, same.only_second, same.agree, same.scale) == (
            5,
            5,
            1,
            0,
            5,
            1.0,
        )

    @pytest.mark.parametrize("scale", [100.0, 0.01, 8.0, 1 / 8, 1e4, 1e-4, 800.0, 1 / 800, 2.0, 0.5, 4.0, 0.25])
    def test_usual_factors_between_units_are_found(self, scale: float) -> None:
        """Percent, basis points, hours of eight; an unusual factor is none."""
        hours = [8.0 * i for i in range(50)]
        ours, theirs = utc(hours, [x * scale for x in rates(50)]), utc(hours, rates(50))
        same = reconcile(ours, theirs, tolerance=1e-12)
        assert (same.scale, same.agree) == (scale, 50)
        assert reconcile(utc(hours, [x * 3 for x in rates(50)]), theirs).scale == 1.0

    @pytest.mark.parametrize(
        ("clock", "hours"),
        [("UTC+14", 14), ("UTC-12", -12), ("UTC+5:45", 5.75), ("UTC-3:30", -3.5), ("UTC", 0), ("UTC+0:59", 59 / 60)],
    )
    def test_a_clock_ahead_of_utc_reads_later(self, clock: str, hours: float) -> None:
        """Undone, the stamps are earlier by as much; minutes follow the sign of the hours."""
        history = History([100.0, 108.0, 116.0], [1.0, 2.0, 3.0], "price")
        assert history.on(clock).hours.tolist() == pytest.approx([h - hours for h in (100, 108, 116)], rel=1e-15)
        assert history.on(clock).clock == "UTC"

    def test_a_history_keeps_nothing_of_the_caller(self) -> None:
        """What the caller does to an array later changes nothing; nor can anybody write to the copy."""
        values = np.array([1e-4, 2e-4, 3e-4])
        history = utc([0.0, 8.0, 16.0], values)  # type: ignore[arg-type]
        values[0] = 9.0
        assert history.values[0] == 1e-4
        for array in (history.hours, history.values):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0.0

    def test_stamps_go_through_hours_unharmed(self) -> None:
        """Seconds and milliseconds that are no binary fraction of an hour come back: no jitter that was not there."""
        text = "time,price\n" + "".join(f"{1704067200123 + 60_000 * i},{100 + i}\n" for i in range(500))
        report = examine(parse(text))
        assert (report.count("jitter"), report.missing, report.count("off grid")) == (0, 0, 0)


class TestRealFiles:
    """Every trap that data/README.md lists, found without being told."""

    def test_the_two_binance_histories_share_nothing_and_then_everything(self) -> None:
        """None of 4,383 stamps as stored; all on UTC+3 and London time, within 1e-8."""
        same = reconcile(read(histories.locate(histories.BINANCE)), read(histories.locate(histories.BINANCE_EXPORT)))
        assert (same.clock_first, same.clock_second) == ("UTC+3", "Europe/London")
        assert (same.stored, same.shared, same.agree, same.only_first, same.only_second) == (0, 4383, 4383, 0, 0)
        assert same.worst <= 1.0001e-8

    def test_binance_jitter_breaks_a_third_of_the_gaps(self) -> None:
        """Stamps up to 47 ms late: of 4,382 gaps, a third become seven hours when gaps are truncated."""
        report = examine(read(histories.locate(histories.BINANCE)))
        assert "makes 1,482 short" in str(report)
        assert report.clocks[0] == "UTC+3"

    def test_the_export_has_a_mark_runs_backwards_and_keeps_london_time(self) -> None:
        """Byte-order mark, newest first, percent strings, ten changes of the clock, no hole."""
        report = examine(read(histories.locate(histories.BINANCE_EXPORT)))
        assert [report.count(trap) for trap in ("file", "order", "clock", "holes")] == [5387, 1, 10, 0]
        assert report.clocks == ("Europe/London",)
        assert float(np.median(report.history.values)) == pytest.approx(1e-4, rel=1e-9, abs=0)

    @pytest.mark.parametrize(
        ("name", "hours", "clock"), [(histories.BYBIT, 8.0, "UTC+3"), (histories.DYDX, 1.0, "UTC")]
    )
    def test_others_are_whole(self, name: str, hours: float, clock: str) -> None:
        """Eight-hourly on UTC+3, hourly on any whole hour; nothing missing."""
        report = examine(read(histories.locate(name)))
        assert ([regime.interval for regime in report.regimes], report.missing) == ([hours], 0)
        assert report.clocks[0] == clock

    def test_hyperliquid_changes_its_interval_and_misses_an_hour(self) -> None:
        """From 8 h to 1 h on 8 June 2023; one settlement 24 minutes late, one missing."""
        report = examine(read(histories.locate(histories.HYPERLIQUID)))
        assert [regime.interval for regime in report.regimes] == [8.0, 1.0]
        assert dt.datetime.fromtimestamp(report.regimes[1].start * 3600, dt.UTC).date() == dt.date(2023, 6, 8)
        assert (report.missing, report.count("off grid"), report.clocks) == (1, 1, ("UTC",))

    def test_hourly_prices_have_holes_at_the_ends_of_months(self) -> None:
        """Fifteen holes, nineteen rows, in both columns; which column must be said."""
        path = histories.locate(histories.PRICES)
        with pytest.raises(ValueError, match="there is not exactly one"):
            read(path)
        report = examine(read(path, column="BTCUSDT Spot"))
        assert (report.count("holes"), report.missing, report.history.kind) == (15, 19, "price")

    @pytest.mark.parametrize("name", histories.FUNDING)
    def test_half_of_each_is_refused(self, name: str) -> None:
        """The first half ends in a cut row; the second begins without names."""
        data = histories.locate(name).read_bytes()
        for part in (data[: len(data) // 2], data[len(data) // 2 :]):
            with pytest.raises(ValueError, match=r"half a file|names of the columns|cells"):
                parse(part)

    def test_reading_agrees_with_a_reader_that_was_told_everything(self) -> None:
        """The tests' own reader knows names, units and clocks; this one found them."""
        for name in histories.FUNDING:
            history = read(histories.locate(name))
            history = history.on(examine(history).clocks[0])
            told = histories.funding(name)
            np.testing.assert_allclose(history.values, [row.rate for row in told], rtol=0, atol=1e-15)
            np.testing.assert_allclose(history.hours, [row.hours for row in told], rtol=0, atol=1e-6)


ROWS = parse(write())
UTC = ROWS.on("UTC")
LEVELS = "side,price,size\nbid,99,1\nask,101,2\n"
BOOK = feeds.parse_book(LEVELS)
TRADE = '1000000000 {"e":"trade","s":"X","t":1,"p":"9","q":"2","T":1000,"m":true}'

BAD_INPUT = {
    "Finding": None,
    "Regime": None,
    "Report": None,
    "Reconciliation": None,
    "History": case(
        lambda hours, values, settles: History([hours, 1.0, 2.0], [values, 1.0, 1.0], "price", settles=settles).hours,
        hours=(0.5, {"zero", "negative"}, "(-inf, 1]"),
        values=(0.5, {"zero", "negative", "nan", "decimal nan"}),
        settles=(4.0, {"zero", "none"}, "[0, 24)"),
    ),
    "Joined": None,
    "parse": case(lambda settles: parse(write(20), settles=settles).hours, settles=(4.0, {"zero", "none"}, "[0, 24)")),
    "read": None,
    "Book": case(
        lambda price, size, known: (
            feeds.Book(feeds.Levels([price, 0.25], [size, 1.0]), feeds.Levels([2.0], [1.0]), known=(0.1, known)).mid
        ),
        price=(0.5, NOTHING, "(0.25, 2)"),
        size=(0.5, NOTHING, "(0, inf)"),
        known=(3.0, NOTHING, "[2, inf)"),
    ),
    "Book.depth": case(lambda within: BOOK.depth(within), within=(0.01, {"zero"}, f"[0, ~{BOOK.reach}]")),
    "Levels": None,
    "Quote": None,
    "Trade": None,
    "Update": None,
    "parse_book": case(
        lambda multiplier: feeds.parse_book(LEVELS, multiplier=multiplier).bids.sizes,
        multiplier=(100.0, NOTHING, "(0, inf)"),
    ),
    "read_book": None,
    "parse_messages": case(
        lambda multiplier: feeds.parse_messages(TRADE, multiplier=multiplier)[0],
        multiplier=(100.0, NOTHING, "(0, inf)"),
    ),
    "read_messages": None,
    "replay": None,
    "join": case(lambda age: join(UTC, UTC, age=age).second, age=(1.0, {"zero"}, "[0, inf)")),
    "examine": case(
        lambda stale, cap, spike: examine(ROWS, stale=stale, cap=cap, spike=spike).missing,
        stale=(4, NOTHING, "2.."),
        cap=(0.04, NOTHING, "(0, inf)"),
        spike=(0.2, NOTHING, "(0, inf)"),
    ),
    "reconcile": case(
        lambda tolerance: reconcile(ROWS, ROWS, tolerance=tolerance), tolerance=(1e-8, {"zero"}, "[0, inf)")
    ),
}
assert set(feeds.__all__) == {name.partition(".")[0] for name in BAD_INPUT}

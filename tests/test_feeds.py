"""Feeds: what real files hold, what a planted trap looks like, and what is refused."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import histories
import numpy as np
import pytest
from cases import NOTHING, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import feeds
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
            ("just prose\nof two lines\n", "one column"),
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

    def test_jitter_counts_what_truncation_would_break(self) -> None:
        """Stamps late by 0 or 5 ms in turn: every second gap is short by 5 ms."""
        text = write(form=lambda t: f"{int(t.timestamp() * 1000) + 5 * (t.hour == 8)}", header=("time", "rate"))
        report = examine(parse(text))
        assert "133 gaps come out short" in str(report)

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


class TestRealFiles:
    """Every trap that data/README.md lists, found without being told."""

    def test_the_two_binance_histories_share_nothing_and_then_everything(self) -> None:
        """None of 4,383 stamps as stored; all on UTC+3 and London time, within 1e-8."""
        same = reconcile(read(histories.locate(histories.BINANCE)), read(histories.locate(histories.BINANCE_EXPORT)))
        assert (same.clock_first, same.clock_second) == ("UTC+3", "Europe/London")
        assert (same.stored, same.shared, same.agree, same.only_first, same.only_second) == (0, 4383, 4383, 0, 0)
        assert same.worst <= 1.0001e-8

    def test_binance_jitter_breaks_a_third_of_the_gaps(self) -> None:
        """Up to 47 ms late: truncated, a third of 4,382 gaps become seven hours."""
        report = examine(read(histories.locate(histories.BINANCE)))
        assert "1,482 gaps come out short" in str(report)
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
            assert history.values == pytest.approx([row.rate for row in told], rel=0, abs=1e-15)
            assert history.hours == pytest.approx([row.hours for row in told], rel=0, abs=1e-6)


ROWS = parse(write())
UTC = ROWS.on("UTC")

BAD_INPUT = {
    "Finding": None,
    "Regime": None,
    "Report": None,
    "Reconciliation": None,
    "History": case(
        lambda hours, values, settles: History([hours, 1.0, 2.0], [values, 1.0, 1.0], "price", settles=settles).hours,
        hours=(0.5, {"zero", "negative"}),
        values=(0.5, {"zero", "negative", "nan"}),
        settles=(4.0, {"zero"}),
    ),
    "Joined": None,
    "parse": case(lambda settles: parse(write(20), settles=settles).hours, settles=(4.0, {"zero"})),
    "read": None,
    "join": case(lambda age: join(UTC, UTC, age=age).second, age=(1.0, {"zero"})),
    "examine": case(
        lambda stale, cap, spike: examine(ROWS, stale=stale, cap=cap, spike=spike).missing,
        stale=(4, NOTHING),
        cap=(0.04, NOTHING),
        spike=(0.2, NOTHING),
    ),
    "reconcile": case(lambda tolerance: reconcile(ROWS, ROWS, tolerance=tolerance), tolerance=(1e-8, {"zero"})),
}
assert set(feeds.__all__) == set(BAD_INPUT)

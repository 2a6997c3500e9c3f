"""Records agree with what the library measures now: all of them where the data are, a sample of each sweep always."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import histories
import numpy as np
import pytest

from perpnotes.publish import cli
from perpnotes.publish.compute import records
from perpnotes.publish.compute.records import Record
from perpnotes.publish.evidence import datasets, measure

ROOT = Path(__file__).parents[3]
NAMES = sorted(file.stem for file in (ROOT / records.FOLDER).glob("*.yaml"))
FIGURES = 700  # numbers that a record keeps at most: it is a table, and no copy of the data


def data_of(record: Record) -> Path | None:
    """The folder with the data of a record; skips where one is not there."""
    folder = None
    for file in record.data.values():
        path = histories.locate(file)
        folder = path.parents[len(Path(file).parts) - 1]
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_record_agrees_with_what_is_measured_now(name: str) -> None:
    """Within half a unit of the last digit that it keeps; of a sweep, the first seed is run again."""
    record = records.read(name)
    assert list(measure.differences(record, data_of(record), 1)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_what_a_reader_needs(name: str) -> None:
    """Window and number of observations of what was measured, a unit or a text for each figure, few numbers."""
    record, text = records.read(name), (ROOT / records.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert measure.text(record) == text
    assert not record.data or {"window", "observations"} <= record.figures.keys()
    assert record.data or record.sweep or "tried" in record.given  # or the count of a run that tests made
    assert not record.sweep or record.sweep["seeds"] >= 100
    assert all("unit" in how or np.array(how["is"]).dtype.kind == "U" for how in record.figures.values())
    assert sum(np.size(how["is"]) for how in record.figures.values()) + np.size(record.sweep.get("is", ())) <= FIGURES


def test_every_data_set_is_measured_and_known() -> None:
    """Each has one origin, a license and a hash, and a commit that names one state of a repository."""
    known = records.datasets()
    used = {file for name in NAMES for file in records.read(name).data.values()}
    assert used == set(known)
    for data in known.values():
        assert len(data.sha256) == 64
        assert data.license
        assert bool(data.repository) != bool(data.package)
        assert not data.repository or (len(data.commit) == 40 and data.paths)
        assert set(data.fetch) <= set(data.paths)
        assert bool(data.fetch) == bool(data.maker)
        assert not data.maker or hasattr(datasets, data.maker)


MOST = {"most": {"call": "runs.max()"}}
SWEEP = Record("walk", "A walk", "2026-01-31", sweep={"seeds": 5, "each": "seed / 3"}, figures=MOST)


def test_what_is_measured_again_is_the_same() -> None:
    """A measured record agrees with itself, and keeps its date until a figure moves."""
    found = measure.measure(SWEEP, None, "2026-02-28")
    assert found.sweep["is"] == [0.0, 0.333333, 0.666667, 1.0, 1.33333]
    assert (found.figures["most"]["is"], found.date) == (1.33333, "2026-02-28")
    assert list(measure.differences(found, None)) == []
    assert measure.measure(found, None, "2026-03-31") == found


@pytest.mark.parametrize(
    ("place", "forged"), [(0, 0.000001), (2, 0.66668), (4, 1.3334)], ids=["first", "middle", "last"]
)
def test_a_forged_run_of_the_sample_is_found(place: int, forged: float) -> None:
    """In the last digit, too."""
    found = measure.measure(SWEEP, None)
    runs = [forged if at == place else value for at, value in enumerate(found.sweep["is"])]
    (first, *_) = measure.differences(replace(found, sweep={**found.sweep, "is": runs}), None)
    assert f"the run of seed {place} gives" in first


def test_a_forged_figure_is_found() -> None:
    found = measure.measure(SWEEP, None)
    forged = replace(found, figures={"most": {"call": "runs.max()", "is": 1.33335}})
    assert list(measure.differences(forged, None)) == ["walk: most is measured as 1.33333, and was 1.33335"]


@pytest.mark.parametrize(
    ("kept", "now", "same"),
    [
        (1.23457, 1.234571, True),
        (1.23457, 1.23458, False),
        (0.0, 1e-13, True),
        (0.0, 1e-6, False),
        ([1.0, 2.0], [1.0, 2.0], True),
        ([1.0, 2.0], [1.0], False),
        ("2020-03-12", "2020-03-12", True),
        ("2020-03-12", "2020-03-13", False),
        ("1", 1, False),
    ],
)
def test_figures_agree_within_the_digits_that_are_kept(kept: Any, now: Any, same: bool) -> None:
    assert measure.agrees(kept, now) == same


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record of one small file."""
    for folder in ("docs", "perpnotes", "tests/records", "data"):
        (tmp_path / folder).mkdir(parents=True)
    content = b"date,close\n2026-01-01,1\n2026-01-02,3\n"
    (tmp_path / "data/prices.csv").write_bytes(content)
    digest = measure.sha256(content)
    known = f"prices.csv: {{what: w, license: MIT, sha256: {digest}, package: p 1}}\n"
    (tmp_path / "tests/datasets.yaml").write_text(known)
    call = "{call: 'datasets.column(file, \"close\")[1].max()', unit: usd, is: 3.0}"
    text = f"title: T\ndate: 2026-01-31\ndata: {{file: prices.csv}}\nfigures:\n  most: {call}\n"
    (tmp_path / "tests/records/walk.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(measure.VARIABLE, str(tmp_path / "data"))
    return tmp_path


def test_measure_writes_what_has_moved(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else; `--check` says so and writes nothing."""
    file = repository / "tests/records/walk.yaml"
    before = file.read_text()
    assert cli.main(["measure"]) == 0
    assert (capsys.readouterr().out, file.read_text()) == ("tests/records/walk.yaml: as it was\n", before)
    file.write_text(before.replace("3.0", "4.0"))
    assert cli.main(["measure", "--check"]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (
        "tests/records/walk.yaml: differs\n",
        "walk: most is measured as 3.0, and was 4.0\n",
    )
    assert "4.0" in file.read_text()
    assert cli.main(["measure", "walk"]) == 0
    assert records.read("walk").figures["most"]["is"] == 3.0
    assert cli.main(["measure", "--check"]) == 0


def test_other_data_are_not_measured(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with another hash is another data set, and none at all is said; only the latter can be left out."""
    (repository / "data/prices.csv").write_text("date,close\n2026-01-01,1\n2026-01-02,9\n")
    assert cli.main(["measure", "--check", "--present"]) == 1
    assert "is not the file that was measured: its SHA-256 is" in capsys.readouterr().err
    (repository / "data/prices.csv").unlink()
    assert cli.main(["measure"]) == 1
    assert "prices.csv is not in" in capsys.readouterr().err
    assert cli.main(["measure", "--present"]) == 0
    assert cli.main(["measure", "none"]) == 1


def test_without_the_variable_the_command_says_what_to_set(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(measure.VARIABLE)
    assert cli.main(["measure"]) == 1
    assert "prices.csv: set PERPNOTES_DATA to the folder" in capsys.readouterr().err
    assert (repository / "tests/records/walk.yaml").exists()


# --- What reads the data ---


def test_correlations_are_those_of_each_window() -> None:
    """Numpy's own, window by window."""
    x, y = np.random.default_rng(1).normal(size=(2, 40))
    expected = [np.corrcoef(x[i : i + 9], y[i : i + 9])[0, 1] for i in range(32)]
    np.testing.assert_allclose(datasets.correlations(x, y, 9), expected, rtol=1e-12)


def test_rolling_uses_the_days_that_both_have() -> None:
    """A price that moves in proportion is perfectly correlated, whatever days are missing in one of them."""
    days = 24.0 * np.arange(10)
    price = np.exp(np.random.default_rng(1).normal(size=10))
    times, found = datasets.rolling((days, price), (days[[0, 2, 3, 5, 6, 8]], 7 * price[[0, 2, 3, 5, 6, 8]]), 3)
    np.testing.assert_array_equal(times, days[[5, 6, 8]])
    np.testing.assert_allclose(found, 1.0)


def test_a_sum_has_no_hole_in_its_window() -> None:
    """A missing payment would make a month look cheap."""
    times = 8.0 * np.array([0, 1, 2, 3, 5, 6, 7, 8])
    ends, sums = datasets.rolling_sum(times, np.arange(8.0), 1, 8)
    np.testing.assert_array_equal(ends, 8.0 * np.array([2, 3, 7, 8]))
    np.testing.assert_array_equal(sums, [3.0, 6.0, 15.0, 18.0])


def test_a_column_has_the_rows_that_have_a_value(tmp_path: Path) -> None:
    """A mark at the beginning is no part of a name; days and stamps are UTC; what does not rise is refused."""
    file = tmp_path / "x.csv"
    file.write_text("\ufefftime,a\n2020-01-01T00:00:00Z,1\n2020-01-01T08:00:00Z,\n2020-01-02,3\n", encoding="utf-8")
    hours, values = datasets.column(file, "a")
    np.testing.assert_array_equal(hours - hours[0], [0.0, 24.0])
    assert (values.tolist(), datasets.span(hours)) == ([1.0, 3.0], ["2020-01-01", "2020-01-02"])
    assert datasets.at((hours, values), "2020-01-02") == 3.0
    np.testing.assert_allclose(datasets.years(hours), [2020.0, 2020 + 1 / 366])
    with pytest.raises(ValueError, match="name must be one of time, a"):
        datasets.column(file, "b")
    file.write_text("time,a\n2020-01-02,1\n2020-01-01,2\n")
    with pytest.raises(ValueError, match="must rise"):
        datasets.column(file, "a")


def test_a_table_without_stamps_is_read_by_column(tmp_path: Path) -> None:
    """Numbers where each entry is one, with a hole as NaN; text otherwise."""
    file = tmp_path / "t.csv"
    file.write_text("coin,size\nBTC,1.5\nETH,\n")
    found = datasets.table(file)
    assert found["coin"].tolist() == ["BTC", "ETH"]
    np.testing.assert_array_equal(found["size"], [1.5, np.nan])


def test_a_column_of_one_of_several_coins(tmp_path: Path) -> None:
    """Only the rows that hold what was asked for count; their stamps must rise, and those of the others need not."""
    file = tmp_path / "x.csv"
    file.write_text("time,coin,close\n2020-01-02,A,1\n2020-01-01,B,5\n2020-01-03,A,2\n2020-01-02,B,6\n")
    assert datasets.column(file, "close", where={"coin": "A"})[1].tolist() == [1.0, 2.0]
    assert datasets.column(file, "close", where={"coin": "B"})[1].tolist() == [5.0, 6.0]


def test_trailing_is_the_root_mean_square_of_each_window() -> None:
    """With the last value of a window in it."""
    np.testing.assert_allclose(datasets.trailing([3.0, -4.0, 0.0], 2), np.sqrt([12.5, 8.0]))
    np.testing.assert_allclose(datasets.trailing([3.0, -4.0], 1), [3.0, 4.0])


def test_a_hole_takes_its_part_of_the_year() -> None:
    """At every place in it; a year that is not whole has no part."""
    hours = datasets._hours("2021-01-01") + 8.0 * np.arange(3 * 365)
    paid = np.ones(hours.size)
    lost = datasets.missing((hours, paid), "2021", 21, 8)
    np.testing.assert_allclose(lost, np.full(3 * 365 - 62, 21 / 365))
    paid[:63] = 2.0
    lost = datasets.missing((hours, paid), "2021", 21, 8)
    assert (lost.argmax(), lost[0]) == (0, pytest.approx(42 / 386))
    with pytest.raises(ValueError, match="must have 1095 payments, got 1094"):
        datasets.missing((hours[:-1], paid[:-1]), "2021", 21, 8)


def test_thinning_keeps_both_ends() -> None:
    assert datasets.thinned(np.arange(101.0), 5).tolist() == [0.0, 25.0, 50.0, 75.0, 100.0]
    assert datasets.thinned([1.0, 2.0], 5).tolist() == [1.0, 2.0]


def test_payments_stand_at_whole_hours_and_prices_at_every_hour() -> None:
    """A stamp some seconds late is that hour's; one of another hour is left out; a missing price is the last one."""
    times, values = datasets.every((np.array([0.0, 8.001, 9.0, 16.0]), np.arange(4.0)), 8)
    assert (times.tolist(), values.tolist()) == ([0.0, 8.0, 16.0], [0.0, 1.0, 3.0])
    times, values = datasets.hourly((np.array([0.0, 1.0, 4.0]), np.array([5.0, 6.0, 7.0])))
    assert values.tolist() == [5.0, 6.0, 6.0, 6.0, 7.0]


def test_ranks_on_the_map_belong_to_one_payment_and_look_back() -> None:
    """What comes after a payment changes none of its ranks, and its volatility ends at it."""
    rng = np.random.default_rng(2)
    closes = (np.arange(24.0 * 20), np.exp(np.cumsum(rng.normal(0, 0.01, 24 * 20))))
    rates = (8.0 * np.arange(60), rng.normal(size=60))
    times, u, v = datasets.mapped(rates, closes, 2, 10)
    assert times[0] == 48 + 9 * 8  # two days of prices, then ten payments
    later = closes[1].copy()
    later[int(times[5]) + 1 :] *= 3.0
    _, _, after = datasets.mapped(rates, (closes[0], later), 2, 10)
    assert v[:6].tolist() == after[:6].tolist()
    assert v[6] != after[6]
    assert u.size == v.size == times.size


def test_the_lowest_close_ahead_leaves_out_the_present_and_what_is_not_known() -> None:
    """Over two hours from each; at the end of the prices there is none."""
    closes = (np.arange(6.0), np.array([10.0, 9.0, 12.0, 6.0, 8.0, 8.0]))
    found = datasets.ahead(closes, np.array([0.0, 1.0, 3.0, 4.0]), 2)
    np.testing.assert_allclose(found, [-0.1, 6 / 9 - 1, 8 / 6 - 1, np.nan])


def test_positions_end_at_the_first_of_two_prices() -> None:
    """Ten times, no maintenance: liquidation at 90, the stop at 91; each path meets what its end says, by hand."""
    due, hours = np.array([0.0]), np.arange(49.0)
    rule = {"leverage": 10, "gap": 1 / 90, "maintenance": 0.0, "days": 1}
    for closes, ended in (
        ([100.0] * 49, 0),
        ([100.0, 95, 90.5] + [80.0] * 46, 1),  # the stop, with room
        ([100.0, 95, 89.5] + [100.0] * 46, 2),  # one hour through both
        ([100.0] * 25 + [80.0] * 24, 0),  # too late
    ):
        opened, ends = datasets.exits((hours, np.array(closes)), (due, np.array([0.0])), **rule)
        assert (opened.tolist(), ends.tolist()) == ([0.0], [ended])
    # the payment at the entry is not the position's; the one after eight hours lifts its liquidation from 90 to 92
    rates = (np.array([0.0, 8.0]), np.array([0.5, 0.02]))
    falls = np.array([100.0] * 20 + [91.5] * 29)
    assert datasets.exits((hours, falls), rates, **rule)[1].tolist() == [3.0, 0.0]
    assert datasets.exits((hours, falls), (rates[0], np.array([0.5, 0.0])), **rule)[1].tolist() == [0.0, 0.0]
    rises = 200 - falls
    assert datasets.exits((hours, rises), (rates[0], np.array([0.5, -0.02])), side=-1, **rule)[1].tolist() == [3.0, 0.0]
    # a balance of two tenths of the margin pays those two percent, and the margin nothing
    for closes, paid, side in ((falls, 0.02, 1), (rises, -0.02, -1)):
        for balance, ended in ((0.0, 3.0), (0.2, 0.0), (np.inf, 0.0)):
            found = datasets.exits((hours, closes), (rates[0], np.array([0.5, paid])), side=side, free=balance, **rule)
            assert found[1].tolist() == [ended, 0.0]
    # what comes back later goes to the balance, and does not heal the margin
    more = (np.array([0.0, 8.0, 16.0]), np.array([0.5, 0.02, -0.02]))
    assert datasets.exits((hours, falls), more, **rule)[1].tolist() == [0.0, 0.0, 0.0]
    assert datasets.exits((hours, falls), more, free=0.0, **rule)[1].tolist() == [3.0, 0.0, 0.0]


def test_realized_volatility_is_of_whole_windows() -> None:
    """Moves of one percent an hour are 93.6% a year; a window with a hole is none."""
    hours = np.array([0.0, 1, 2, 3, 5, 6, 7])
    times, found = datasets.realized((hours, np.exp(0.01 * np.array([0.0, 1, 0, 1, 0, 1, 0]))), 2)
    assert times.tolist() == [2.0, 3.0, 7.0]
    np.testing.assert_allclose(found, 0.01 * np.sqrt(8760))


def test_journeys_start_at_nothing_and_have_every_hour() -> None:
    """Two starts two hours apart, by hand; a start before a hole is none."""
    moves = datasets.journeys((np.arange(5.0), np.array([1.0, 2, 4, 2, 1])), 2, 2)
    assert moves.tolist() == [[1.0, 3.0], [-0.5, -0.75]]
    assert datasets.journeys((np.array([0.0, 2, 3]), np.array([1.0, 1, 3])), 1, 1).tolist() == [[2.0]]


def test_levels_that_are_emptied_are_counted_by_the_venues_clock(tmp_path: Path) -> None:
    """Both sides, only size zero, only changes of depth; the step that the recording ends in is left out."""
    rows = [
        (0, [["1", "0"], ["2", "3"]], [["4", "0.0"]]),
        (900, [["1", "0"]], []),
        (1100, [], [["5", "0"]]),
        (2500, [], []),
    ]
    lines = [json.dumps({"data": {"e": "depthUpdate", "E": ms, "b": b, "a": a}}) for ms, b, a in rows]
    lines.insert(1, json.dumps({"data": {"e": "trade", "E": 50}}))
    file = tmp_path / "raw.gz"
    file.write_bytes(gzip.compress("\n".join(f"123 {line}" for line in lines).encode()))
    assert datasets.emptied(file, 1.0).tolist() == [3.0, 1.0]

"""Is the data clean? Histories of funding and prices as venues export them, read, inspected and set against each other.

Reading refuses what is no history, and changes nothing in what is: missing values stay missing, duplicates stay twice,
stamps keep the clock of the file. `examine` says what is wrong, with evidence. Only this idea reads files.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from perpnotes import _export
from perpnotes._books import (
    Book,
    Levels,
    Quote,
    Trade,
    Update,
    parse_book,
    parse_messages,
    read_book,
    read_messages,
    replay,
)
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._validate import FloatArray, brief, instance, numbers, one_of, real, scalar, whole

__all__ = [
    "Book",
    "Finding",
    "History",
    "Joined",
    "Levels",
    "Quote",
    "Reconciliation",
    "Regime",
    "Report",
    "Trade",
    "Update",
    "examine",
    "join",
    "parse",
    "parse_book",
    "parse_messages",
    "read",
    "read_book",
    "read_messages",
    "reconcile",
    "replay",
]

HOUR = 3600.0

_CLOCK_ZONES = (
    "Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "Australia/Sydney",
)  # fmt: skip
_OFFSETS = (0, *sorted([*range(-12, 0), *range(1, 15), -3.5, 3.5, 4.5, 5.5, 5.75, 6.5, 9.5], key=abs))
_SCALES = (1.0, 100.0, 0.01, 8.0, 1 / 8, 1e4, 1e-4, 800.0, 1 / 800, 2.0, 0.5, 4.0, 0.25)
_SETTLES = (0.0, 4.0)  # where venues begin to count: most at midnight UTC; BitMEX at 04, 12 and 20 h
_WINDOW = 25  # gaps whose median is the interval in force: a new interval shows after half of them


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a history. Made by `parse` and `examine`.

    Parameters:
        trap: which: `"file"`, `"order"`, `"interval"`, `"clock"`, `"jitter"`, `"off grid"`, `"holes"`, `"duplicates"`,
            `"units"`, `"stale"` or `"impossible"`.
        severity: `"note"` for what a reader of the file must know, `"warning"` for what makes a careless result wrong.
        count: how many rows, gaps or stretches.
        evidence: what was seen, with numbers and stamps.
    """

    trap: str
    severity: str
    count: int
    evidence: str

    def __str__(self) -> str:
        return f"{self.severity:<8}{self.trap:<11}{self.count:>6,}  {self.evidence}"


@dataclass(frozen=True, eq=False, slots=True)
class History(ByValue):
    """A funding or price history, oldest first, otherwise as stored.

    Parameters:
        hours: hours since 1970 as the stamps say it, the unit of the functions of `funding`; a stamp without a zone is
            taken as if it were UTC. Shape `(n,)`.
        values: funding rates as fractions, or prices; NaN where the file has none. Shape `(n,)`.
        kind: `"funding"` or `"price"`.
        column: where the values come from.
        clock: `"UTC"` where the stamps say so (epoch, or with a zone), else empty.
        stated: the interval that each row states, in hours; None where no column does. Shape `(n,)`.
        notes: what was met while reading.
        settles: the hour of the day, UTC, of one of the settlements, in `[0, 24)`, as the venue says it: 0 at most
            venues, 4 where they fall at 04, 12 and 20 h (BitMEX, many contracts of KuCoin). None where not known.

    Raises:
        ValueError: for fewer than 3 rows, stamps that fall, an infinite value, another kind or clock, or other shapes.
    """

    hours: FloatArray
    values: FloatArray
    kind: str
    column: str = ""
    clock: str = ""
    stated: FloatArray | None = None
    notes: tuple[Finding, ...] = ()
    settles: float | None = None

    def __post_init__(self) -> None:
        hours = real("hours", self.hours, ndim=1)
        one_of("kind", self.kind, ("funding", "price"))
        one_of("clock", self.clock, ("", "UTC"))
        values = numbers("values", self.values)
        if values.shape != hours.shape:
            raise ValueError(f"values must have shape {hours.shape}, got {values.shape}")
        if np.isinf(values).any():
            raise ValueError("values must be finite, or NaN where one is missing, got an infinite one")
        if self.stated is not None:
            stated = real("stated", self.stated, ge=0)
            if stated.shape != hours.shape:
                raise ValueError(f"stated must have shape {hours.shape}, got {stated.shape}")
            object.__setattr__(self, "stated", stated)
        if self.settles is not None:
            object.__setattr__(self, "settles", scalar("settles", self.settles, ge=0, lt=24))
        if hours.size < 3:
            raise ValueError(f"a history must have at least 3 rows, got {hours.size}")
        if (np.diff(hours) < 0).any():
            raise ValueError("hours must not fall, got a step back")
        object.__setattr__(self, "hours", hours)
        object.__setattr__(self, "values", values)
        freeze(self)

    def on(self, clock: str) -> History:
        r"""The same history on UTC, given the clock that its stamps were written with.

        Parameters:
            clock: `"UTC"`, `"UTC+3"`, `"UTC-3:30"`, or a zone such as `"Europe/London"`, daylight saving included.

        Returns:
            The history with UTC as its clock, oldest first again.

        Raises:
            ValueError: for an unknown clock, or stamps that already are on UTC.

        Examples:
            >>> history = parse(
            ...     "time,price\n2024-01-01 03:00,1\n"
            ...     "2024-01-01 11:00,2\n2024-01-01 19:00,3\n"
            ... )
            >>> (history.on("UTC+3").hours % 24).tolist()
            [0.0, 8.0, 16.0]
        """
        if self.clock == "UTC" and clock != "UTC":
            raise ValueError(f"clock must be 'UTC' for stamps that are on UTC, got {clock!r}")
        seconds = _seconds(self)
        hours = (seconds - _offsets(clock, seconds)) / HOUR
        order = np.argsort(hours, kind="stable")
        stated = None if self.stated is None else self.stated[order]
        return replace(self, hours=hours[order], values=self.values[order], stated=stated, clock="UTC")


@dataclass(frozen=True, slots=True)
class Regime:
    """A stretch of a history with one interval. Made by `examine`.

    Parameters:
        interval: hours from one row to the next.
        start: its first stamp, hours since 1970.
        stop: its last stamp, hours since 1970.
        rows: how many.
        median: the median of the absolute values in it.
    """

    interval: float
    start: float
    stop: float
    rows: int
    median: float


@dataclass(frozen=True, eq=False, slots=True)
class Report(ByValue):
    """What is wrong with a history, and what its reader must know. Made by `examine`.

    Parameters:
        history: the history that was inspected, as stored.
        findings: in the order of the checks.
        regimes: stretches with one interval, in order.
        clocks: the clocks that fit the stamps best, likeliest first. Settlements stand at whole intervals from the
            `settles` of the history; where it states none, from midnight or from 04:00 UTC, and both are here.
        slots: rows that a history without holes would have.
        missing: slots without a row.
    """

    history: History
    findings: tuple[Finding, ...]
    regimes: tuple[Regime, ...]
    clocks: tuple[str, ...]
    slots: int
    missing: int

    def count(self, trap: str) -> int:
        """How often a trap was found, 0 where it was not."""
        return sum(finding.count for finding in self.findings if finding.trap == trap)

    @property
    def clean(self) -> bool:
        """True where nothing worse than a note was found."""
        return all(finding.severity == "note" for finding in self.findings)

    def why(self) -> Derivation:
        """The terms behind the coverage: the part of the slots that have a row."""
        coverage = (self.slots - self.missing) / self.slots
        return Derivation(
            (
                Term("n", "rows", self.history.hours.size),
                Term("d", "duplicates", self.count("duplicates")),
                Term("h", "slots without a row", self.missing),
                Term("s", "slots", self.slots, "", "n - d + h"),
                Term("c", "coverage", coverage, "", "(s - h) / s"),
            )
        )

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings)) or "nothing found"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Two histories of one thing against each other. Made by `reconcile`.

    Parameters:
        clock_first: the clock that the first was read with.
        clock_second: the clock that the second was read with. Only the difference of the two is evidence.
        stored: stamps shared as stored.
        shared: stamps shared on these clocks.
        only_first: stamps of the first alone, where the two overlap.
        only_second: stamps of the second alone, where the two overlap.
        scale: the first's values over the second's, where their units differ by a usual factor; else 1.
        agree: shared stamps whose values differ by no more than the tolerance.
        worst: the largest difference at a shared stamp, in the unit of the first.
    """

    clock_first: str
    clock_second: str
    stored: int
    shared: int
    only_first: int
    only_second: int
    scale: float
    agree: int
    worst: float

    def why(self) -> Derivation:
        """The terms behind the part of the overlap that agrees."""
        union = self.shared + self.only_first + self.only_second
        return Derivation(
            (
                Term("n_0", "stamps shared as stored", self.stored),
                Term("n", f"shared: {self.clock_first} against {self.clock_second}", self.shared),
                Term("a", "of the first alone", self.only_first),
                Term("b", "of the second alone", self.only_second),
                Term("k", "scale", self.scale),
                Term("d", "largest difference", self.worst),
                Term("m", "within the tolerance", self.agree),
                Term("p", "part of the overlap that agrees", self.agree / union, "", "m / (n + a + b)"),
            )
        )


def read(
    path: str | Path,
    *,
    column: str | None = None,
    time: str | None = None,
    where: Mapping[str, str] | None = None,
    settles: float | None = None,
) -> History:
    r"""The history in a file: `parse` of what it holds.

    Parameters:
        path: a file of comma, semicolon or tab separated values, or of JSON records; as it is, or compressed by gzip.
        column: as in `parse`.
        time: as in `parse`.
        where: as in `parse`.
        settles: as in `parse`.

    Returns:
        As from `parse`.

    Raises:
        ValueError: as `parse`, with the name of the file first.
        OSError: for a file that cannot be read.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "funding.csv"
        ...     _ = file.write_text(
        ...         "Time;Rate\n2024-01-01 08:00;0,01%\n"
        ...         "2024-01-01 16:00;0,01%\n2024-01-02;0,02%\n"
        ...     )
        ...     read(file).values.tolist()
        [0.0001, 0.0001, 0.0002]
    """
    try:
        return parse(_export.content(path), column=column, time=time, where=where, settles=settles)
    except ValueError as error:
        raise ValueError(f"{Path(path).name}: {error}") from None


def parse(
    text: str | bytes,
    *,
    column: str | None = None,
    time: str | None = None,
    where: Mapping[str, str] | None = None,
    settles: float | None = None,
) -> History:
    r"""The history in a text: columns found by well-known names first, then by what is in them.

    It knows stamps in seconds, milli-, micro- and nanoseconds, ISO and common local forms; fractions and percent
    strings; decimal commas; a byte-order mark; lines before the header; newest first. Where two columns could be meant
    it asks which. It guesses no unit: `examine` doubts one.

    Parameters:
        text: the whole content of a file.
        column: the column of the values; needed where several could be it, such as a rate per contract in USD and the
            rate as a fraction.
        time: the column of the stamps; needed where the guess is wrong.
        where: the value that each of these columns must hold, such as `{"exchange": "binance", "symbol": "BTCUSDT"}`;
            needed where the text holds several venues or contracts.
        settles: the hour of the day, UTC, of one of the settlements, in `[0, 24)`, as the venue says it; see `History`.

    Returns:
        The history, oldest first: rates as fractions, or prices; NaN where the text has no value. What was met while
        reading is in its `notes`.

    Raises:
        ValueError: for what is no history: nothing, bytes that are no text, a row cut off, a column that is not there
            or not the only one, several contracts, percent and fractions mixed, stamps that follow no interval.

    Examples:
        >>> history = parse(
        ...     "coin,time_ms,fundingRate\nBTC,1704067200000,0.0001\n"
        ...     "BTC,1704096000000,0.0002\nBTC,1704124800003,-0.0001\n"
        ... )
        >>> history.kind, history.clock, history.values.tolist()
        ('funding', 'UTC', [0.0001, 0.0002, -0.0001])
    """
    for name, word in (("column", column), ("time", time)):
        if word is not None:
            instance(name, word, str)
    met: _export.Notes = []
    if where is not None and not isinstance(where, Mapping):
        raise ValueError(f"where must be a mapping of columns to values, got {brief(where)}")
    table = _export.choose(_export.table(text, met), where or {})
    cells, lines = table
    stamp, times, clock = _export.times_of(table, time, met)
    stated = next(
        (
            found
            for name in cells
            if name != stamp and (found := _export.hours(cells[name], _export.key(name))) is not None
        ),
        None,
    )
    value = _export.value_column({name: column for name, column in cells.items() if name != stamp}, column)
    values = _export.values_of(value, cells[value], lines, met)

    steps = np.diff(times)
    back, forth = int((steps < 0).sum()), int((steps > 0).sum())
    if back > forth:
        met.append(("order", "note", 1, "newest first"))
        times, values = times[::-1], values[::-1]
        stated = None if stated is None else stated[::-1]
        back = forth
    notes = [Finding(*note) for note in met]
    if back:
        notes.append(Finding("order", "warning", back, "rows out of order; the stamps are sorted here"))
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    history = History(
        times / HOUR, values, _export.kind(value, values, cells[value]), value, clock,
        None if stated is None else stated[order], tuple(notes), settles,
    )  # fmt: skip
    try:
        _regimes(history)
    except ValueError as error:
        several = "; ".join(f"{name} holds {', '.join(held[:4])}" for name, held in _export.texts(cells).items())
        raise ValueError(f"{error} (several histories? {several}: choose with where)" if several else error) from None
    return history


def _seconds(history: History) -> FloatArray:
    """The stamps in seconds, to the microsecond: hours that are no binary fraction come back exactly."""
    seconds: FloatArray = np.round(history.hours * HOUR, 6)
    return seconds


def _offsets(clock: str, times: FloatArray) -> FloatArray:
    """Seconds by which a clock is ahead of UTC at stamps written with it; the second of two equal stamps is later."""
    match = re.fullmatch(r"UTC(?:([+-])(\d{1,2})(?::(\d\d))?)?", clock) if isinstance(clock, str) else None
    if match:
        hours = (int(match[2] or 0) + int(match[3] or 0) / 60) * (-1 if match[1] == "-" else 1)
        if not -12 <= hours <= 14 or int(match[3] or 0) > 59:
            raise ValueError(f"clock must be between UTC-12 and UTC+14, got {clock!r}")
        return np.full(times.size, hours * HOUR)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to import, and most histories need none

    try:
        zone = ZoneInfo(clock)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        lacking = "" if _database() else " (no time-zone database on this machine: install tzdata)"
        raise ValueError(f"clock must be UTC, UTC+h, UTC-h or a known zone, got {clock!r}{lacking}") from None
    key, index = np.unique(np.floor(times / 900.0), return_inverse=True)
    early, late = np.array([_ahead(zone, quarter) for quarter in key.tolist()]).T[:, index]
    offsets: FloatArray = np.where(np.concatenate(([False], np.diff(times) < 1.0)), late, early)
    # an hour that the clock shows twice: where only one of the two is there, the one that keeps the interval
    alone = np.concatenate(([True], np.diff(times) >= 1.0)) & np.concatenate((np.diff(times) >= 1.0, [True]))
    step = np.median(np.diff(times))
    for i in np.flatnonzero((early > late) & alone & (step > 0)).tolist():
        gaps = times[i] - np.array([early[i], late[i]]) - (times[i - 1] - offsets[i - 1]) if i else np.zeros(2)
        away = np.abs((gaps + step / 2) % step - step / 2)
        offsets[i] = late[i] if away[1] < away[0] else early[i]
    return offsets


def _ahead(zone: dt.tzinfo, quarter: float) -> tuple[float, ...]:
    """Seconds by which a zone is ahead of UTC from a quarter of an hour on, and where the clock shows it once more.

    No zone ever changed twice within a day, so what is the same at both ends of a day holds all day.
    """
    day = quarter // 96.0 * 96.0
    before = _ahead_at(zone, day)
    return before if before == _ahead_at(zone, day + 96.0) else _ahead_at(zone, quarter)


@lru_cache(maxsize=1 << 15)
def _ahead_at(zone: dt.tzinfo, quarter: float) -> tuple[float, ...]:
    shown = dt.datetime.fromtimestamp(quarter * 900.0, dt.UTC)
    both = (shown.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return tuple(ahead.total_seconds() if ahead is not None else 0.0 for ahead in both)


def _database() -> bool:
    """Whether this machine knows time zones: a browser or a bare container may not."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return bool(ZoneInfo(_CLOCK_ZONES[0]))
    except (ZoneInfoNotFoundError, OSError):
        return False


def _name(hours: float) -> str:
    minutes = f":{round(abs(hours) % 1 * 60):02d}" if hours % 1 else ""
    return f"UTC{'+' if hours > 0 else '-'}{int(abs(hours))}{minutes}" if hours else "UTC"


def _tick(times: FloatArray) -> float:
    """The unit to which gaps are rounded: a minute, or a second where rows come by the minute."""
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    return 60.0 if gaps.size and np.median(gaps) > 300 else 1.0


def _local(gaps: FloatArray) -> FloatArray:
    """The interval in force at each gap: the median of those around it."""
    half = min(_WINDOW, gaps.size - 1 + gaps.size % 2) // 2
    wide: FloatArray = np.pad(gaps, half, mode="reflect")  # or a hole at an end would be an interval
    windows = np.lib.stride_tricks.sliding_window_view(wide, 2 * half + 1)
    result = gaps.copy()
    changes = np.concatenate(([0], np.cumsum(np.diff(wide) != 0)))
    mixed = np.flatnonzero(changes[2 * half :] != changes[: gaps.size])  # elsewhere all gaps of a window are equal
    result[mixed] = np.median(windows[mixed], axis=1)
    return result


def _grid(times: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.intp]]:
    """Gaps between different stamps, rounded; the interval in force at each; the stamps; and where each stands."""
    tick = _tick(times)
    first = np.flatnonzero(np.concatenate(([True], np.diff(times) >= tick / 2)))
    if first.size < 3:
        raise ValueError(f"a history must have at least 3 different stamps, got {first.size}")
    gaps = np.round(np.diff(times[first]) / tick) * tick
    return gaps, _local(gaps), times[first], first


def _regimes(history: History) -> tuple[Regime, ...]:
    """Stretches with one interval, or a `ValueError` where the stamps follow none."""
    stored = _seconds(history)
    gaps, local, stamps, rows = _grid(stored)
    edges = np.concatenate(([0], np.flatnonzero(np.diff(local)) + 1, [gaps.size]))
    kept = float((gaps == local).mean())
    twice = stored.size - stamps.size
    if kept < 0.6 or edges.size - 2 > gaps.size // 24:
        common = Counter((gaps / HOUR).tolist()).most_common(2)
        seen = " and ".join(f"{hours:g} h ({n} times)" for hours, n in common)
        raise ValueError(f"stamps must follow one interval at a time, got mixed intervals: {seen}")
    if twice > 5:
        tick = np.flatnonzero(np.diff(stored) < _tick(stored) / 2)
        conflicts = int((history.values[tick] != history.values[tick + 1]).sum())
        if conflicts > 0.05 * stored.size:
            raise ValueError(f"stamps must belong to one history, got {conflicts} twice with different values")
    if history.stated is not None and np.unique(history.stated).size > 1:
        wrong = (np.abs(history.stated[rows][1:] * HOUR - local) > 60) & (
            np.abs(history.stated[rows][:-1] * HOUR - local) > 60
        )
        if wrong.mean() > 0.05:
            raise ValueError(
                f"stated intervals must be those of the stamps, got mixed intervals in {int(wrong.sum())} rows"
            )
    regimes = []
    for begin, end in pairwise(edges.tolist()):
        inside = history.values[rows[begin] : (rows[end] if end < gaps.size else None)]
        known = np.abs(inside[np.isfinite(inside)])
        regimes.append(
            Regime(
                float(local[begin]) / HOUR, float(stamps[begin]) / HOUR, float(stamps[end]) / HOUR, int(inside.size),
                float(np.median(known)) if known.size else 0.0,
            )
        )  # fmt: skip
    return tuple(regimes)


class _Fit(NamedTuple):
    """Clocks that put most stamps on whole intervals from a settlement, and how they were found."""

    clocks: tuple[str, ...]
    saving: bool = False  # daylight saving shows
    blind: bool = False  # it could not be looked for: no time-zone database
    assumed: tuple[tuple[float, tuple[str, ...]], ...] = ()  # for each hour of settlement, the clocks under it


def _clocks(history: History) -> _Fit:
    """Clocks that put most stamps on whole intervals from a settlement, likeliest first."""
    if history.clock == "UTC":
        return _Fit(("UTC",))
    stored = _seconds(history)
    gaps, local, stamps, _ = _grid(stored)
    even, zones, blind = int((gaps == local).sum()), [], False
    begins = _SETTLES[: 1 if history.kind == "price" else None] if history.settles is None else (history.settles,)

    if even < gaps.size or stamps.size < stored.size:
        for name in _CLOCK_ZONES:
            try:
                times = np.sort(stored - _offsets(name, stored))
            except ValueError:
                blind = not _database()
                continue
            steps, usual, moved, _ = _grid(times)
            fit = max(moved.size - _off(moved - begin * HOUR, usual) for begin in begins)
            zones.append((int((steps == usual).sum()), fit, name))
    if zones and max(zones)[0] > even:
        most = max(zones)[:2]
        return _Fit(tuple(name for steady, fit, name in zones if (steady, fit) == most), saving=True)
    fits = {(begin, hours): _off(stamps - (begin + hours) * HOUR, local) for begin in begins for hours in _OFFSETS}
    best = min(fits.values())
    assumed = tuple(
        (begin, tuple(_name(hours) for hours in _OFFSETS if fits[begin, hours] == best))
        for begin in begins
        if best in (fits[begin, hours] for hours in _OFFSETS)
    )
    clocks = dict.fromkeys(clock for _, found in assumed for clock in found)
    return _Fit(tuple(sorted(clocks, key=lambda clock: clock != "UTC")), False, blind, assumed)


def _stamp(seconds: float) -> str:
    return dt.datetime.fromtimestamp(round(seconds), dt.UTC).strftime("%Y-%m-%d %H:%M")


def examine(history: History, *, stale: int = 4, cap: float = 0.04, spike: float = 0.2) -> Report:
    r"""Every trap in a history, with evidence: interval, clock, jitter, holes, duplicates, units, stale and impossible.

    Parameters:
        history: from `read` or `parse`.
        stale: equal values in a row that are suspect, a whole number `>= 2`. A funding rate to which the history
            returns again and again (the interest rate, while the premium is in its dead band) is not.
        cap: the largest funding rate that a venue could charge, a fraction per interval, `> 0`.
        spike: log move of a price that reverts at once and is taken as an error, `> 0`.

    Returns:
        What was found, in the order of the checks, with the stretches of one interval, the clocks that fit and the
        number of rows missing.

    Raises:
        ValueError: for a value outside its range, or stamps that follow no interval.

    Examples:
        >>> rows = [
        ...     f"2024-01-{day:02d} {hour:02d}:00,{day * hour}e-6"
        ...     for day in range(1, 11)
        ...     for hour in (3, 11, 19)
        ... ]
        >>> del rows[7]
        >>> report = examine(parse("\n".join(["time,funding rate", *rows])))
        >>> report.clocks
        ('UTC+3', 'UTC-5', 'UTC+11', 'UTC-1', 'UTC+7', 'UTC-9')
        >>> report.count("holes"), report.missing
        (1, 1)
    """
    instance("history", history, History)
    run, limit, jump = whole("stale", stale, ge=2), scalar("cap", cap, gt=0), scalar("spike", spike, gt=0)
    found = list(history.notes)

    def add(trap: str, severity: str, count: int, evidence: str) -> None:
        if count:
            found.append(Finding(trap, severity, count, evidence))

    fit = _clocks(history)
    clocks, saving = fit.clocks, fit.saving
    utc = history.on(clocks[0]) if saving else history
    times, values = _seconds(utc), utc.values
    gaps, local, stamps, rows = _grid(times)
    regimes = _regimes(utc)
    tick = _tick(times)

    changes = [(b.start * HOUR, a.interval, b.interval) for a, b in pairwise(regimes)]
    steps = ", ".join(f"{_stamp(start)} from {old:g} h to {new:g} h" for start, old, new in changes)
    add("interval", "note", len(regimes) == 1, f"{regimes[0].interval:g} h")
    add("interval", "warning", len(regimes) - 1, f"it changes: {steps}")
    if utc.stated is not None:
        wrong = np.abs(utc.stated[rows][:-1] * HOUR - local) > 60
        add("units", "warning", int(wrong.sum()), "rows state another interval than their stamps keep")

    if saving:
        stored = _seconds(history)
        edges = np.flatnonzero(np.diff(_offsets(clocks[0], stored)))
        first = f", first at {_stamp(stored[edges[0] + 1])}" if edges.size else ""
        add("clock", "warning", int(edges.size), f"daylight saving: fits {' or '.join(clocks)}{first}")
    elif history.clock:
        begin = None if history.settles is None else history.settles * HOUR
        if begin is not None and 2 * _off(stamps - begin, local) > stamps.size:
            text = f"on UTC, but not at whole intervals from {history.settles:g} h, where the venue settles"
            add("clock", "warning", 1, text)
    else:
        _doubt(history, fit, stamps, add)

    interval = np.append(local, local[-1])
    base = np.median(stamps - np.round(stamps / tick) * tick)
    phase = float(np.median(stamps[gaps.size // 2 :] % interval.min()))
    away = (stamps - phase + interval.min() / 2) % interval.min() - interval.min() / 2
    late = np.abs(away) > max(tick, 0.01 * interval.min())
    spread = np.abs(stamps - np.round(stamps / tick) * tick - base)[~late]
    short = int(np.sum(np.floor(np.diff(stamps) / tick) * tick < gaps))
    if spread.size and spread.max() > 1e-6:
        text = f"stamps lie up to {spread.max():.3g} s off; truncating gaps, not rounding them, makes {short:,} short"
        add("jitter", "warning" if short else "note", int((spread > 1e-6).sum()), text)
    if 0 < late.sum() < 0.5 * late.size:
        i = int(np.flatnonzero(late)[0])
        add("off grid", "warning", int(late.sum()), f"first at {_stamp(stamps[i])}, {abs(away[i]) / 60:.0f} min away")

    wide = gaps > 1.5 * local
    lost = np.round(gaps[wide] / local[wide]).astype(np.int64) - 1
    # a gap where the interval falls ends with the old interval, not with a hole
    before = np.concatenate(([local[0]], local[:-1]))[wide]
    after = np.concatenate((local[1:], [local[-1]]))[wide]
    lost = np.where(np.abs(gaps[wide] - np.maximum(before, after)) < 0.25 * gaps[wide], 0, lost)
    missing = int(lost.sum())
    if missing:
        i = int(np.argmax(np.where(lost > 0, gaps[wide], 0)))
        at = np.flatnonzero(wide)[i]
        text = f"{missing:,} rows missing; the longest after {_stamp(stamps[at])}, {gaps[at] / HOUR / 24:.3g} days"
        add("holes", "warning", int((lost > 0).sum()), text)
    near = np.flatnonzero(np.diff(times) < tick / 2)
    conflict = int((values[near] != values[near + 1]).sum())
    if near.size:
        text = f"first at {_stamp(times[near[0]])}; {conflict} with different values"
        add("duplicates", "warning", int(near.size), text)

    bad = ~np.isfinite(values)
    odd = ["values missing"] * bool(bad.any())
    if history.kind == "funding":
        wild = np.abs(np.where(bad, 0.0, values)) > limit
        odd += [f"rates beyond {limit:.0%} an interval"] * bool(wild.any())
        yearly = [regime.median * 8760 / regime.interval for regime in regimes]
        high = [f"{regime.interval:g} h: {year:.0%}" for regime, year in zip(regimes, yearly, strict=True) if year > 3]
        add(
            "units",
            "warning",
            len(high),
            f"median rate a year at {', '.join(high)}: percent or basis points as fractions?",
        )
    else:
        wild = np.where(bad, 1.0, values) <= 0
        odd += ["prices not above zero"] * bool(wild.any())
        moves = np.diff(np.log(np.where(bad | wild, np.nan, values)))
        with np.errstate(invalid="ignore"):
            peak = (
                (np.abs(moves[:-1]) > jump) & (np.abs(moves[1:]) > jump) & (np.abs(moves[1:] + moves[:-1]) < jump / 2)
            )
        wild[1:-1] |= peak
        odd += [f"prices that jump by {jump:g} in logs and back"] * bool(peak.any())
    where = np.flatnonzero(bad | wild)
    if where.size:
        add("impossible", "warning", int(where.size), f"{'; '.join(odd)}; first at {_stamp(times[where[0]])}")
    _stale(times, values, history.kind, run, add)
    return Report(history, tuple(found), regimes, clocks, int(stamps.size + missing), missing)


def _off(stamps: FloatArray, local: FloatArray) -> int:
    """How many stamps are not on whole intervals."""
    interval = np.append(local, local[-1])
    away = np.abs((stamps + interval / 2) % interval - interval / 2)
    return int((away > max(_tick(stamps) / 2, 1.0)).sum())


def _doubt(history: History, fit: _Fit, stamps: FloatArray, add: Callable[[str, str, int, str], None]) -> None:
    """What stamps without a zone leave open: the clock, and with it the hours at which the venue settles."""
    add("clock", "warning", int(fit.blind), "no time-zone database here: daylight saving could not be looked for")
    first = _stamp(stamps[0])[-5:]
    under: dict[tuple[str, ...], list[str]] = {}
    for begin, found in fit.assumed:
        under.setdefault(found, []).append(f"{begin:g} h")
    each = "; ".join(
        f"{' or '.join(found[:3])}{' or …' if len(found) > 3 else ''}"
        + (f" where settlements count from {' or '.join(begins)} UTC" if len(under) > 1 or history.settles else "")
        for found, begins in under.items()
    )
    severity = "note" if "UTC" in fit.clocks else "warning"
    add("clock", severity, 1, f"no zone stated, first at {first}: {'' if severity == 'note' else 'not UTC: '}{each}")


def _stale(
    times: FloatArray, values: FloatArray, kind: str, run: int, add: Callable[[str, str, int, str], None]
) -> None:
    """Stretches of equal values, less those at a rate to which funding returns by itself."""
    edges = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1], [True])))
    length, start = np.diff(edges), edges[:-1]
    long = length >= run
    if kind == "funding":
        repeats = Counter(values[start[length >= 2]].tolist())
        resting = [value for value, n in repeats.items() if n >= 5]
        part = float(np.isin(values, resting).mean())
        shown = ", ".join(f"{value:g}" for value in resting[:3])
        text = f"{part:.0%} of the rows stand at {shown}: a dead band, not stale"
        add("stale", "note", int(bool(resting)), text)
        long &= ~np.isin(values[start], resting)
    if long.any():
        i = int(np.argmax(np.where(long, length, 0)))
        text = f"the longest: {length[i]} equal values from {_stamp(times[start[i]])}"
        add("stale", "warning", int(long.sum()), text)


def reconcile(first: History, second: History, *, tolerance: float = 1e-8) -> Reconciliation:
    r"""Two histories of one contract on the clocks on which most of their values agree.

    Every clock that fits a file's stamps is tried. Eight-hourly stamps also fit when they are eight hours off, and a
    venue that settles at 04, 12 and 20 h looks like one that is four hours off: only the values tell. A clock is
    taken where more than half of the values agree that are not usual ones (an interest rate that returns agrees with
    itself on every clock); two venues do not agree, so their clocks have to be stated.

    Parameters:
        first: from `read` or `parse`.
        second: of the same kind, with the same interval where they overlap.
        tolerance: the largest difference of two equal values, `>= 0`, in the unit of the first: a fraction, or a price.

    Returns:
        The two clocks, the factor between the units, and how many stamps and values are the same on these clocks.

    Raises:
        ValueError: for other kinds, other intervals, histories that share no stamp on any clock, or clocks that
            nobody stated and the values do not tell.

    Examples:
        >>> one = [
        ...     f"2024-01-{day:02d} {hour:02d}:00,{day * hour}e-6"
        ...     for day in range(1, 11)
        ...     for hour in (3, 11, 19)
        ... ]
        >>> two = [
        ...     f"2024-01-{day:02d} {hour:02d}:00,{day * (hour + 3)}e-4%"
        ...     for day in range(1, 11)
        ...     for hour in (0, 8, 16)
        ... ]
        >>> first = parse("\n".join(["time,rate", *one]))
        >>> second = parse("\n".join(["time,rate", *two]))
        >>> same = reconcile(first, second)
        >>> same.clock_first, same.clock_second
        ('UTC+3', 'UTC')
        >>> same.stored, same.shared, same.agree
        (0, 30, 30)
    """
    limit = scalar("tolerance", tolerance, ge=0)
    instance("first", first, History)
    instance("second", second, History)
    if first.kind != second.kind:
        raise ValueError(f"second must be a {first.kind} history, got {second.kind}")
    spans = [_regimes(history)[-1] for history in (first, second)]
    ours, theirs = ({regime.interval for regime in _regimes(history)} for history in (first, second))
    if not ours & theirs:
        raise ValueError(
            f"second must have the interval of the first, {spans[0].interval:g} h, got {spans[1].interval:g} h"
        )
    tick = _tick(_seconds(first))

    def slots(history: History) -> tuple[npt.NDArray[np.int64], FloatArray]:
        keys, index = np.unique(np.round(_seconds(history) / tick).astype(np.int64), return_index=True)
        return keys, history.values[index]

    stored = np.intersect1d(slots(first)[0], slots(second)[0]).size
    fits = [_clocks(history) for history in (first, second)]
    sides = [
        [(clock, *slots(history.on(clock))) for clock in fit.clocks]
        for history, fit in zip((first, second), fits, strict=True)
    ]
    best: tuple[tuple[int, int, int], int, Reconciliation] | None = None
    for clock_a, keys_a, values_a in sides[0]:
        for clock_b, keys_b, values_b in sides[1]:
            shared, i, j = np.intersect1d(keys_a, keys_b, assume_unique=True, return_indices=True)
            if not shared.size:
                continue
            a, b = values_a[i], values_b[j]
            usable = np.isfinite(a) & np.isfinite(b) & (b != 0)
            ratio = float(np.median(a[usable] / b[usable])) if usable.any() else 1.0
            scale = next((known for known in _SCALES if abs(ratio / known - 1) < 0.01), 1.0)
            apart = np.abs(a - scale * b)
            same, telling = apart <= limit * (1 + 1e-9), _rare(a)
            low, high = max(keys_a[0], keys_b[0]), min(keys_a[-1], keys_b[-1])
            alone = [int(((keys >= low) & (keys <= high)).sum()) - int(shared.size) for keys in (keys_a, keys_b)]
            rank = int((same & telling).sum()), int(same.sum()), int(shared.size)
            if best is None or rank > best[0]:
                known = apart[np.isfinite(apart)]
                worst = float(known.max()) if known.size else 0.0
                counts = int(stored), int(shared.size), alone[0], alone[1]
                found = Reconciliation(clock_a, clock_b, *counts, scale, int(same.sum()), worst)
                best = rank, int(telling.sum()), found
    if best is None:
        raise ValueError("second must share stamps with the first, got none on any clock")
    (agree, *_), telling_rows, result = best
    if not all(history.clock for history in (first, second)):
        if 2 * agree <= telling_rows or telling_rows < 3:
            raise ValueError(
                f"the clocks of first and second must be stated with History.on where their values do not tell them: "
                f"on no clock do most agree, at best {agree} of {telling_rows} (two venues, or another tolerance?)"
            )
        if any(fit.blind for fit in fits) and (result.agree < result.shared or result.only_first or result.only_second):
            raise ValueError(
                "daylight saving must be looked for, as not all rows agree, and there is no time-zone database on "
                "this machine: install tzdata, or state the clocks with History.on"
            )
    return result


def _rare(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Values that tell one moment from another: those that stand in no more than a hundredth of the rows."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    rare: npt.NDArray[np.bool_] = (counts <= max(1, values.size // 100))[index] & np.isfinite(values)
    return rare


@dataclass(frozen=True, eq=False, slots=True)
class Joined(ByValue):
    """Two histories side by side, one row a stamp of the first. Made by `join`.

    Parameters:
        hours: stamps of the first that found a value of the second, hours since 1970, rising. Shape `(n,)`.
        first: values of the first. Shape `(n,)`.
        second: values of the second. Shape `(n,)`.
        age: by how many hours the second's value is older than the stamp, `>= 0`. Shape `(n,)`.
        alone: stamps of the first that found none, hours since 1970.
    """

    hours: FloatArray
    first: FloatArray
    second: FloatArray
    age: FloatArray
    alone: FloatArray


def join(first: History, second: History, *, age: float = 0.0) -> Joined:
    r"""Each row of one history with the value that another had at that stamp: two rates, or a rate and a price.

    With `age` a value also counts some time after its stamp: the last one before it. Stamps that miss each other by
    less than half a minute (half a second where rows come by the minute) are the same. A missing value is no row; a
    row that stands twice with one value counts once.

    Parameters:
        first: on UTC: stamps with a zone, or `History.on`.
        second: on UTC, of any kind and interval. The close of a candle belongs to the *end* of its hour: where candles
            carry their opening, give `dataclasses.replace(second, hours=second.hours + 1)`.
        age: how old a value of the second may be, hours, `>= 0`.

    Returns:
        One row a stamp of the first that found a value of the second; the other stamps of the first are its `alone`.

    Raises:
        ValueError: for a history that is not on UTC, two values at one stamp, or none at all in common.

    Examples:
        >>> rates = parse(
        ...     "time,rate\n2024-01-01T00Z,1e-4\n"
        ...     "2024-01-01T08Z,2e-4\n2024-01-01T16Z,-1e-4\n"
        ... )
        >>> marks = parse(
        ...     "time,mark\n2024-01-01T00Z,100\n"
        ...     "2024-01-01T07Z,101\n2024-01-01T14Z,99\n"
        ... )
        >>> both = join(rates, marks, age=1.0)
        >>> both.second.tolist(), both.age.tolist(), both.alone.size
        ([100.0, 101.0], [0.0, 1.0], 1)
    """
    oldest = scalar("age", age, ge=0)
    instance("first", first, History)
    instance("second", second, History)
    rows = []
    for name, history in (("first", first), ("second", second)):
        if history.clock != "UTC":
            raise ValueError(f"{name} must be on UTC, got stamps without a zone: say which with History.on")
        known = np.isfinite(history.values)
        seconds, values = _seconds(history)[known], history.values[known]
        tick = _tick(seconds)
        again = np.diff(seconds, prepend=-np.inf) < tick / 2
        if (conflict := again[1:] & (np.diff(values) != 0)).any():
            at = _stamp(seconds[1:][conflict][0])
            raise ValueError(f"{name} must have one value a stamp, got two at {at}")
        rows.append((seconds[~again], values[~again], tick))
    (ours, values, tick), (theirs, others, their_tick) = rows
    slack = min(tick, their_tick) / 2
    last = np.searchsorted(theirs, ours + slack, side="left") - 1
    gap = np.where(last >= 0, ours - theirs[np.maximum(last, 0)], np.inf) if theirs.size else np.full(ours.size, np.inf)
    found = gap <= oldest * HOUR + slack
    if not found.any():
        raise ValueError("second must have a value at a stamp of the first, got none")
    older = np.where(gap[found] < slack, 0.0, gap[found]) / HOUR
    return Joined(ours[found] / HOUR, values[found], others[last[found]], older, ours[~found] / HOUR)

"""Tables as venues export them: header, rows, and which column is what. Reading only; nothing is judged here."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import NamedTuple, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from perpnotes._validate import FloatArray

_Cells: TypeAlias = tuple[int, list[str], Sequence[Sequence[str]], Sequence[int]]
"""The line of the header, the header, the columns below it, and the line of each row."""
_Places: TypeAlias = npt.NDArray[np.intp]
Notes: TypeAlias = list[tuple[str, str, int, str]]
"""What is met while reading: the trap, the severity, how often, what was seen."""

_MISSING = frozenset({"", "nan", "null", "none", "-", "n/a", "na"})
_PRICE = ("close", "price", "markprice", "lastprice", "indexprice", "mark", "last", "index", "closeprice", "settlement")
_SERIES = (
    "symbol", "contract", "coin", "market", "instrument", "instid", "instrumentname", "ticker", "pair", "asset",
    "exchange", "venue", "base", "currency",
)  # fmt: skip
_ASIDE = ("volume", "trade", "count", "id", "interval", "premium", "open", "high", "low", "amount", "turnover", "next")
_NO_RATE = (
    "next", "predict", "estimat", "interval", "amount", "payment", "fee", "cap", "floor", "premium", "interestrate",
    "daily", "annual", "year", "apr", "apy", "count",
)  # fmt: skip
_NO_PRICE = ("open", "high", "low", "prev", "next", "change", "volume")
_FORMATS = tuple(
    f"{date}{time}"
    for date in ("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y")
    for time in (" %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p", "")
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Table(NamedTuple):
    """The columns of a text, cell by cell, and the line of each row."""

    cells: Mapping[str, Sequence[str]]
    lines: Sequence[int]


class _Column(Sequence[str]):
    """A column that is cut into cells only where they are asked for: numbers are read from the bytes at once."""

    def __init__(self, text: str, data: npt.NDArray[np.uint8], starts: _Places, ends: _Places) -> None:
        self.text, self.data, self.starts, self.ends = text, data, starts, ends

    def __len__(self) -> int:
        return self.starts.size

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self.text[i:j] for i, j in zip(self.starts[at].tolist(), self.ends[at].tolist(), strict=True)]
        return self.text[self.starts[at] : self.ends[at]]

    def __iter__(self) -> Iterator[str]:
        return iter(self[:])

    def numbers(self) -> FloatArray | None:
        """Numbers such as -0.00012345 as `float` reads them; None where a cell is another, or has over 15 digits.

        A whole number below 2**53 over a power of ten up to 10**22 are both exact, so that their ratio is rounded once.
        """
        lengths = self.ends - self.starts
        values = np.empty(len(self))
        sizes = np.flatnonzero(np.bincount(lengths, minlength=1)).tolist()
        if sizes[0] == 0 or sizes[-1] > 17:
            return None
        for size in sizes:
            rows = np.flatnonzero(lengths == size) if len(sizes) > 1 else np.arange(len(self))
            cells = np.lib.stride_tricks.sliding_window_view(self.data, size)[self.starts[rows]]
            while rows.size:  # those that have point and sign where the first of them has them
                point, sign = self[int(rows[0])].find(".") % (size + 1), int(cells[0, 0] == ord("-"))
                same = (cells[:, 0] == ord("-")) == sign
                same &= cells[:, point] == ord(".") if point < size else (cells != ord(".")).all(axis=1)
                alike = cells if same.all() else cells[same]
                digits = np.delete(alike, [*range(sign), *range(point, min(point + 1, size))], axis=1) - np.uint8(48)
                if not 0 < digits.shape[1] <= 15 or digits.max() > 9:
                    return None
                whole = digits @ 10.0 ** np.arange(digits.shape[1])[::-1]
                values[rows[same]] = (-whole if sign else whole) / 10.0 ** max(size - point - 1, 0)
                rows, cells = rows[~same], cells[~same]
        return values

    def held(self) -> list[str]:
        """What stands in it, sorted."""
        same = np.ptp(self.ends - self.starts) == 0 and len(self[0]) > 0
        if same:
            cells = np.lib.stride_tricks.sliding_window_view(self.data, len(self[0]))[self.starts]
            same = bool((cells == cells[0]).all())
        return [self[0]] if same else sorted(set(self))


def content(path: str | Path) -> bytes:
    """The bytes of a file, unpacked where gzip packed them."""
    data = Path(path).read_bytes()
    if data[:2] != b"\x1f\x8b":
        return data
    import gzip  # here, as most files need neither
    import zlib

    try:
        return gzip.decompress(data)
    except (EOFError, zlib.error, OSError) as error:
        raise ValueError(f"text must be a whole gzip file: {error}") from None


def table(text: str | bytes, notes: Notes) -> Table:
    """The columns by name; every row has as many cells as the header."""
    if isinstance(text, bytes):
        try:
            wide = text[:2] in (b"\xff\xfe", b"\xfe\xff")
            text = text.decode("utf-16" if wide else "utf-8")
        except UnicodeDecodeError:
            raise ValueError("text must be text, got bytes that are no UTF-8 (an archive?)") from None
    if not isinstance(text, str):
        raise ValueError(f"text must be text or bytes, got {type(text).__name__}")
    if text.startswith("\ufeff"):
        notes.append(("file", "note", 1, "begins with a byte-order mark"))
        text = text[1:]
    if not text.strip():
        raise ValueError("text must not be empty")
    if re.search(r"[\x00-\x08\x0e-\x1f]", text[:100_000]):
        raise ValueError("text must be text, got control characters (a binary file?)")
    if text.lstrip()[0] in "[{":
        return _records(text)
    head = text[:20_000].splitlines()[:20]

    def regular(mark: str) -> tuple[int, int]:
        """How many lines have the usual count of this mark: decimal commas are not in the header."""
        counts = Counter(n for line in head if (n := line.count(mark)))
        return (counts.most_common(1)[0][1], counts.most_common(1)[0][0]) if counts else (0, 0)

    delimiter = max(",;\t|", key=regular)
    if delimiter != ",":
        notes.append(("file", "note", 1, f"separated by {delimiter!r}"))
    number, header, columns, lines = _plain(text, delimiter) or _careful(text, delimiter, notes)
    if any(_number(cell) is not None for cell in header) or len(set(header)) < len(header):
        raise ValueError(f"line {number} must hold the names of the columns, got {', '.join(header[:4])}")
    if not columns[0]:
        raise ValueError("text must have rows below the names of the columns, got none")
    if text[-1] not in '\r\n"':  # no line break, and no quote that would show the cell to be whole
        *others, last = columns[-1]
        if others and (len(last) < min(map(len, others)) or _decimals(last) < min(map(_decimals, others))):
            raise ValueError(f"line {lines[-1]} ends in {last!r}, shorter than any other row: half a file?")
        notes.append(("file", "warning", 1, "no line break at the end: the last row may be cut"))
    return Table(dict(zip(header, columns, strict=True)), lines)


def _plain(text: str, delimiter: str) -> _Cells | None:
    """The cells where every line is one row of bare cells, or of quoted ones; None where it takes a careful reader."""
    text = (text.replace("\r\n", "\n") if "\r" in text else text).rstrip("\n")
    rows, width = text.count("\n") + 1, text.partition("\n")[0].count(delimiter) + 1
    if '"' in text:  # every quote begins or ends a cell, and none is inside of one
        edges = text.count(f'"{delimiter}"'), text.count('"\n"'), text.count('"')
        if edges != (rows * (width - 1), rows - 1, 2 * rows * width) or text[0] + text[-1] != '""':
            return None
        text = text.replace('"', "")
    if not text.isascii() or width < 2 or rows < 2 or any(mark in text for mark in {*"\r\v\f\t"} - {delimiter}):
        return None
    if " " in text and (
        any(mark in text for mark in (f" {delimiter}", f"{delimiter} ", "\n ", " \n")) or " " in text[:1] + text[-1:]
    ):
        return None
    data = np.frombuffer(text.encode(), np.uint8)
    ends = np.append(np.flatnonzero((data == ord(delimiter)) | (data == ord("\n"))), data.size)
    if ends.size != rows * width or (data[ends[width - 1 : -1 : width]] != ord("\n")).any():
        return None
    if (np.diff(ends[width - 1 :: width]) <= width).any():  # a row without a content
        return None
    starts = np.append(0, ends[:-1] + 1)
    columns = [_Column(text, data, starts[width + i :: width], ends[width + i :: width]) for i in range(width)]
    return 1, text.partition("\n")[0].split(delimiter), columns, range(2, rows + 1)


def _careful(text: str, delimiter: str, notes: Notes) -> _Cells:
    """The same with quotes, padding, lines before the header, and rows without a content."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    numbered: list[tuple[int, list[str]]] = []
    try:
        numbered += [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} cannot be read: {error} (half a file?)") from None
    if not numbered:
        raise ValueError("text must not be empty, got rows without a content")
    width = Counter(len(row) for _, row in numbered).most_common(1)[0][0]
    first = next(i for i, (_, row) in enumerate(numbered) if len(row) == width)
    if width < 2:
        raise ValueError("text must have two columns at least, got one")
    if first:
        notes.append(("file", "note", first, "lines before the header"))
    (number, header), body = numbered[first], numbered[first + 1 :]
    for line, row in body:
        if len(row) != width:
            cut = " (half a file?)" if line == body[-1][0] else ""
            raise ValueError(f"line {line} must have {width} cells, got {len(row)}{cut}")
    columns = list(map(list, zip(*(row for _, row in body), strict=True))) or [[] for _ in header]
    return number, header, columns, [line for line, _ in body]


def _decimals(cell: str) -> int:
    return len(cell.partition(".")[2])


def _records(text: str) -> Table:
    """The same from JSON: a list of objects, or an object that holds one."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno} is no JSON: {error.msg} (half a file?)") from None
    except RecursionError:
        raise ValueError("JSON must be a list of records with the same keys") from None
    while isinstance(data, dict):
        data = next((value for value in data.values() if isinstance(value, dict | list)), None)
    if (
        not data
        or not isinstance(data, list)
        or not all(isinstance(row, dict) and row.keys() == data[0].keys() for row in data)
        or not data[0]
    ):
        raise ValueError("JSON must be a list of records with the same keys")
    cells = {name: ["" if row[name] is None else str(row[name]) for row in data] for name in data[0]}
    return Table(cells, range(1, len(data) + 1))


def choose(table: Table, where: Mapping[str, str]) -> Table:
    """The rows in which each column of `where` holds its value."""
    cells, lines = table
    for name, wanted in where.items():
        if name not in cells:
            raise ValueError(f"where must name columns of {', '.join(cells)}, got {name!r}")
        mask = [cell == wanted for cell in cells[name]]
        if not any(mask):
            held = _held(cells[name])
            more = ", …" if len(held) > 9 else ""
            raise ValueError(f"where: {name} must be one of {', '.join(held[:9])}{more}, got {wanted!r}")
        cells = {key: list(compress(column, mask)) for key, column in cells.items()}
        lines = list(compress(lines, mask))
    held_by = {name: held for name in cells if _tells(name, cells[name]) and len(held := _held(cells[name])) > 1}
    if held_by:
        listed = "; ".join(
            f"{name} holds {len(held)} ({', '.join(held[:4])}{', …' if len(held) > 4 else ''})"
            for name, held in held_by.items()
        )
        keys = ", ".join(f"{name!r}: …" for name in held_by)
        raise ValueError(f"text must hold one contract, got several: {listed}: choose with where={{{keys}}}")
    return Table(cells, lines)


def _held(column: Sequence[str]) -> list[str]:
    return column.held() if isinstance(column, _Column) else sorted(set(column))


def _tells(name: str, column: Sequence[str]) -> bool:
    """Whether a column says which venue or contract a row is of."""
    label = key(name)
    if label in _SERIES or not label.startswith(_SERIES):
        return label in _SERIES
    return _no_stamps(column) and all(_number(cell) is None for cell in column[:50])


def texts(cells: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Columns of words that repeat, which may tell the rows of several histories apart, and what they hold."""
    found = {}
    for name, column in cells.items():
        held = _held(column)
        words = all(_number(cell) is None for cell in held[:50]) and _no_stamps(held)
        if 1 < len(held) <= len(column) // 2 and words:
            found[name] = held
    return found


def key(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _number(cell: str) -> float | None:
    """A number as people write it, percent signs aside; None for what is none."""
    text = cell.rstrip("%").strip().replace("\u2212", "-").lstrip("$")
    if "," in text:
        if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d*)?", text):
            text = text.replace(",", "")
        elif "." not in text:
            text = text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def _plain_numbers(column: Sequence[str]) -> FloatArray | None:
    """The numbers of a column that holds nothing but finite ones; None where a cell is anything else."""
    if isinstance(column, _Column) and (read := column.numbers()) is not None:
        return read
    joined = "".join(column)
    if "_" in joined or not joined.isascii():  # Python reads 1_000 and digits of other scripts; no export means them
        return None
    try:
        values = np.fromiter(map(float, column), np.float64, len(column))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _signs(column: Sequence[str]) -> int:
    """How many cells end in a percent sign."""
    joined = "\n".join(column)
    return joined.count("%\n") + joined.endswith("%")


def _numbers(column: Sequence[str]) -> tuple[FloatArray, int]:
    """The numbers of a column, percent signs aside, NaN for a cell that is none; and how many signs there were."""
    values, signs = _plain_numbers(column), 0
    if values is None and (signs := _signs(column)) == len(column):
        values = _plain_numbers([cell[:-1] for cell in column])
    if values is None:
        read = ((cell if _NUMBER.fullmatch(cell) else _number(cell)) for cell in column)
        values = np.fromiter((np.nan if x is None else float(x) for x in read), np.float64, len(column))
    return values, signs


def times_of(table: Table, wanted: str | None, notes: Notes) -> tuple[str, FloatArray, str]:
    """The column of stamps, their seconds, and `"UTC"` where they say so."""
    cells, lines = table
    if wanted is not None and wanted not in cells:
        raise ValueError(f"time must be one of {', '.join(cells)}, got {wanted!r}")
    found: list[tuple[tuple[bool, bool, int], str, Stamps]] = []
    for place, (name, column) in enumerate(cells.items()):
        if wanted not in (None, name):
            continue
        reader = _stamps(column)
        if reader is not None:
            last = any(word in key(name) for word in ("next", "close", "created", "updated", "end", "interval"))
            found.append(((last, reader.clock != "UTC", place), name, reader))
    if not found:
        raise ValueError(
            f"no column holds stamps: {', '.join(cells)}" if wanted is None else f"{wanted} holds no stamps"
        )
    _, name, reader = min(found, key=lambda item: item[0])
    times = reader.read(cells[name])
    if (odd := np.flatnonzero(np.isnan(times))).size:
        i = int(odd[0])
        cut = " (half a file?)" if i == len(lines) - 1 else ""
        raise ValueError(f"line {lines[i]}: {name} must be a stamp like the others, got {cells[name][i]!r}{cut}")
    notes.append(("file", "note", len(times), f"stamps in {name!r}: {reader.form}"))
    return name, times, reader.clock


class Stamps(NamedTuple):
    """How to read a column of stamps: the form, the function (NaN for a cell that is none) and the clock."""

    form: str
    read: Callable[[Sequence[str]], FloatArray]
    clock: str


def _stamps(column: Sequence[str]) -> Stamps | None:
    """How to read a column of stamps, from its first cells; None where it holds none."""
    sample = [cell for cell in column[:50] if cell.lower() not in _MISSING]
    if not sample:
        return None
    epoch = [_number(cell) for cell in sample]
    for unit, scale in (("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)):
        if all(x is not None and 1.23e9 <= x / scale < 4.1e9 for x in epoch):

            def from_epoch(cells: Sequence[str], scale: float = scale) -> FloatArray:
                seconds = _numbers(cells)[0] / scale
                return np.where((seconds >= 1.23e9) & (seconds < 4.1e9), seconds, np.nan)

            return Stamps(f"{unit} since 1970", from_epoch, "UTC")
    if any(x is not None for x in epoch):
        return None
    stamps = [_iso(cell) for cell in sample]
    if all(stamps):
        if next(stamp for stamp in stamps if stamp).tzinfo is not None:
            return Stamps("ISO, with a zone", _from_aware, "UTC")
        return Stamps("ISO, no zone", _from_naive, "")
    fits = [form for form in _FORMATS if not np.isnan(_from_form(sample, form)).any()]
    fits = [form for form in fits if not np.isnan(_from_form(column, form)).any()] or fits[:1]
    if not fits:
        return None
    if len(fits) > 1:
        raise ValueError(f"stamps such as {sample[0]!r} may be {' or '.join(fits)}: no day above 12 tells")
    return Stamps(fits[0], lambda cells: _from_form(cells, fits[0]), "")


def _iso(cell: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(re.sub(r"\s*UTC$", "+00:00", cell))
    except ValueError:
        return None


def _from_naive(cells: Sequence[str]) -> FloatArray:
    """Seconds of ISO stamps without a zone, as if they were UTC."""
    try:  # a zone that is there already makes this an error, and then the cell is told from the others below
        stamps = map(dt.datetime.fromisoformat, [f"{cell}+00:00" for cell in cells])
        return np.fromiter(map(dt.datetime.timestamp, stamps), np.float64, len(cells))
    except ValueError:
        known = ((stamp := _iso(cell)) and stamp.tzinfo is None and stamp.replace(tzinfo=dt.UTC) for cell in cells)
        return np.fromiter((stamp.timestamp() if stamp else np.nan for stamp in known), np.float64, len(cells))


def _from_aware(cells: Sequence[str]) -> FloatArray:
    """Seconds of ISO stamps with a zone."""
    try:
        stamps: list[dt.datetime | None] = list(map(dt.datetime.fromisoformat, cells))
    except ValueError:
        stamps = list(map(_iso, cells))
    return np.fromiter(
        (stamp.timestamp() if stamp and stamp.tzinfo is not None else np.nan for stamp in stamps),
        np.float64, len(cells),
    )  # fmt: skip


def _from_form(cells: Sequence[str], form: str) -> FloatArray:
    """Seconds of stamps in one form; the days and the times of day are few, so each is read once."""
    date_form, _, time_form = form.partition(" ")
    parts = [cell.partition(" ")[::2] for cell in cells]
    midnight = dt.datetime(1900, 1, 1, tzinfo=dt.UTC).timestamp()
    dates = {date: _strptime(date, date_form) for date in {date for date, _ in parts}}
    times = {time: _strptime(time, time_form) - midnight for time in {time for _, time in parts}}
    return np.fromiter((dates[date] + times[time] for date, time in parts), np.float64, len(parts))


def _strptime(cell: str, form: str) -> float:
    try:
        return dt.datetime.strptime(cell, form).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return np.nan


def hours(column: Sequence[str], label: str) -> FloatArray | None:
    """Stated intervals in hours, where this is a column of them."""
    form = re.compile(r"(\d+(?:\.\d+)?)\s*(h|hour|hours|hr|m|min|)")
    first = form.fullmatch(column[0].lower())
    if not first or ("interval" not in label and not first[2]):
        return None
    found = {cell: form.fullmatch(cell.lower()) for cell in set(column)}
    if not all(match and ("interval" in label or match[2]) for match in found.values()):
        return None
    scale = 60.0 if any(word in label for word in ("minute", "mins")) else 1.0
    known = {
        cell: float(match[1]) / (60.0 if match[2] in ("m", "min") else scale) for cell, match in found.items() if match
    }
    return np.fromiter(map(known.__getitem__, column), np.float64, len(column))


def value_column(cells: Mapping[str, Sequence[str]], wanted: str | None) -> str:
    """The column of the values: the one that is wanted, or the only one of rates, of prices, or of numbers.

    Rates go before the prices that a venue prints beside them. Columns that hold the same cells are one.
    """
    if wanted is not None:
        if wanted not in cells:
            raise ValueError(f"column must be one of {', '.join(cells)}, got {wanted!r}")
        return wanted
    numeric = []
    for name, column in cells.items():
        sample = column[:: max(1, len(column) // 200)]
        if (
            2 * sum(_number(cell) is not None for cell in sample) > len(sample)
            and _no_stamps(sample)
            and hours(column, key(name)) is None
        ):
            numeric.append(name)
    rates, prices = [name for name in numeric if _is_rate(name)], [name for name in numeric if _is_price(name)]
    candles = [name for name in prices if key(name) == "close"]
    aside = [name for name in numeric if key(name) and not any(word in key(name) for word in _ASIDE)]
    left = rates + candles if rates else prices or aside or numeric
    distinct = [
        name for i, name in enumerate(left) if all(list(cells[name]) != list(cells[other]) for other in left[:i])
    ]
    if len(distinct) != 1:
        names = ", ".join(map(repr, distinct)) or "none holds numbers"
        raise ValueError(f"column must name the values, there is not exactly one: {names}")
    return distinct[0]


def _is_rate(name: str) -> bool:
    """Whether a name is one of a funding rate: of the interval itself, not of a day, of the next one, of interest."""
    label = key(name)
    known = "fund" in label or label.endswith("rate") or re.match(r"interest_?\d+h", name.lower())
    return bool(known) and not any(word in label for word in _NO_RATE)


def _is_price(name: str) -> bool:
    label = key(name)
    return (label in _PRICE or label.endswith(("price", "close"))) and not any(word in label for word in _NO_PRICE)


def _no_stamps(column: Sequence[str]) -> bool:
    try:
        return _stamps(column) is None
    except ValueError:
        return False


def values_of(name: str, column: Sequence[str], lines: Sequence[int], notes: Notes) -> FloatArray:
    """The values as fractions or prices; NaN for a cell that says that there is none."""
    values, signs = _numbers(column)
    odd = np.flatnonzero(np.isnan(values)).tolist()
    for i in odd:
        if column[i].lower() not in _MISSING:
            raise ValueError(f"line {lines[i]}: {name} must be a number, got {column[i]!r}")
    known = len(column) - len(odd)
    if 0 < signs < known:
        raise ValueError(f"{name} must not mix percent and plain numbers, got {signs} of {known} in percent")
    if signs or "%" in name or "percent" in name.lower():
        notes.append(("units", "note", len(column), f"{name!r} is in percent; read as fractions"))
        values = values / 100.0
    return values


def kind(name: str, values: FloatArray, column: Sequence[str]) -> str:
    label = key(name)
    if _is_rate(name) or any(word in label for word in ("fund", "rate")) or column[0].endswith("%"):
        return "funding"
    if any(word in label for word in (*_PRICE, "spot", "future", "perp", "open", "high", "low")):
        return "price"
    known = np.abs(values[np.isfinite(values)])
    return "funding" if known.size and np.median(known) < 0.02 else "price"

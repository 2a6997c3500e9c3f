"""Tables as venues export them: header, rows, and which column is what. Reading only; nothing is judged here."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from perpnotes._validate import FloatArray

Notes: TypeAlias = list[tuple[str, str, int, str]]
"""What is met while reading: the trap, the severity, how often, what was seen."""

_MISSING = frozenset({"", "nan", "null", "none", "-", "n/a", "na"})
_FUNDING = ("fundingrate", "realizedrate", "rate", "funding")
_PRICE = ("close", "price", "markprice", "lastprice", "indexprice", "mark", "last", "index", "closeprice", "settlement")
SYMBOL = ("symbol", "contract", "coin", "market", "instrument", "instid", "instrumentname", "ticker", "pair", "asset")
_ASIDE = ("volume", "trade", "count", "id", "interval", "premium", "open", "high", "low", "amount", "turnover", "next")
_FORMATS = tuple(
    f"{date}{time}"
    for date in ("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y")
    for time in (" %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p", "")
)


def table(text: str | bytes, notes: Notes) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, rows and the line of each row; every row has as many cells as the header."""
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
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    numbered: list[tuple[int, list[str]]] = []
    try:
        numbered += [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} cannot be read: {error} (half a file?)") from None
    width = Counter(len(row) for _, row in numbered).most_common(1)[0][0]
    first = next(i for i, (_, row) in enumerate(numbered) if len(row) == width)
    if width < 2:
        raise ValueError("text must have a column of stamps and one of values, got one column")
    if first:
        notes.append(("file", "note", first, "lines before the header"))
    (_, header), body = numbered[first], numbered[first + 1 :]
    if any(_number(cell) is not None for cell in header) or len(set(header)) < width:
        raise ValueError(f"line {numbered[first][0]} must hold the names of the columns, got {', '.join(header[:4])}")
    for line, row in body:
        if len(row) != width:
            cut = " (half a file?)" if line == body[-1][0] else ""
            raise ValueError(f"line {line} must have {width} cells, got {len(row)}{cut}")
    if body and text[-1] not in '\r\n"':  # no line break, and no quote that would show the cell to be whole
        last, others = body[-1][1][-1], [row[-1] for _, row in body[:-1]]
        if others and (len(last) < min(map(len, others)) or _decimals(last) < min(map(_decimals, others))):
            raise ValueError(f"line {body[-1][0]} ends in {last!r}, shorter than any other row: half a file?")
        notes.append(("file", "warning", 1, "no line break at the end: the last row may be cut"))
    return header, [row for _, row in body], [line for line, _ in body]


def _decimals(cell: str) -> int:
    return len(cell.partition(".")[2])


def _records(text: str) -> tuple[list[str], list[list[str]], list[int]]:
    """The same from JSON: a list of objects, or an object that holds one."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno} is no JSON: {error.msg} (half a file?)") from None
    while isinstance(data, dict):
        data = next((value for value in data.values() if isinstance(value, dict | list)), None)
    if (
        not data
        or not isinstance(data, list)
        or not all(isinstance(row, dict) and row.keys() == data[0].keys() for row in data)
    ):
        raise ValueError("JSON must be a list of records with the same keys")
    return (
        list(data[0]),
        [["" if v is None else str(v) for v in row.values()] for row in data],
        list(range(1, len(data) + 1)),
    )


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
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return None
    return float(text)


def times_of(
    cells: dict[str, list[str]], keys: dict[str, str], wanted: str | None, lines: list[int], notes: Notes
) -> tuple[str, FloatArray, str]:
    """The column of stamps, their seconds, and `"UTC"` where they say so."""
    if wanted is not None and wanted not in cells:
        raise ValueError(f"time must be one of {', '.join(cells)}, got {wanted!r}")
    found: list[tuple[tuple[bool, bool, int], str, Callable[[str], float | None], str, str]] = []
    for place, (name, column) in enumerate(cells.items()):
        if wanted not in (None, name):
            continue
        reader = _stamp_reader(column)
        if reader is not None:
            form, parser, clock = reader
            last = any(word in keys[name] for word in ("next", "close", "created", "updated", "end"))
            found.append(((last, clock != "UTC", place), name, parser, clock, form))
    if not found:
        raise ValueError(
            f"no column holds stamps: {', '.join(cells)}" if wanted is None else f"{wanted} holds no stamps"
        )
    _, name, parser, clock, form = min(found, key=lambda item: item[0])
    times = np.empty(len(cells[name]))
    for i, cell in enumerate(cells[name]):
        seconds = parser(cell)
        if seconds is None:
            cut = " (half a file?)" if i == len(lines) - 1 else ""
            raise ValueError(f"line {lines[i]}: {name} must be a stamp like the others, got {cell!r}{cut}")
        times[i] = seconds
    notes.append(("file", "note", len(times), f"stamps in {name!r}: {form}"))
    return name, times, clock


def _stamp_reader(column: Sequence[str]) -> tuple[str, Callable[[str], float | None], str] | None:
    """How to read a column of stamps, from its first cells: the form, the function and the clock."""
    sample = [cell for cell in column[:50] if cell.lower() not in _MISSING]
    if not sample:
        return None
    epoch = [_number(cell) for cell in sample]
    for unit, scale in (("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)):
        if all(x is not None and 1.23e9 <= x / scale < 4.1e9 for x in epoch):

            def from_epoch(cell: str, scale: float = scale) -> float | None:
                x = _number(cell)
                return x / scale if x is not None and 1.23e9 <= x / scale < 4.1e9 else None

            return f"{unit} since 1970", from_epoch, "UTC"
    if any(x is not None for x in epoch):
        return None

    def iso(cell: str) -> dt.datetime | None:
        try:
            return dt.datetime.fromisoformat(re.sub(r"\s*UTC$", "+00:00", cell))
        except ValueError:
            return None

    stamps = [iso(cell) for cell in sample]
    if all(stamps):
        aware = next(stamp for stamp in stamps if stamp).tzinfo is not None

        def from_iso(cell: str) -> float | None:
            stamp = iso(cell)
            if stamp is None or (stamp.tzinfo is not None) is not aware:
                return None
            return (stamp if aware else stamp.replace(tzinfo=dt.UTC)).timestamp()

        return "ISO, with a zone" if aware else "ISO, no zone", from_iso, "UTC" if aware else ""
    fits = [form for form in _FORMATS if all(_strptime(cell, form) is not None for cell in sample)]
    fits = [form for form in fits if all(_strptime(cell, form) is not None for cell in column)] or fits[:1]
    if not fits:
        return None
    if len(fits) > 1:
        raise ValueError(f"stamps such as {sample[0]!r} may be {' or '.join(fits)}: no day above 12 tells")
    return fits[0], lambda cell: _strptime(cell, fits[0]), ""


def _strptime(cell: str, form: str) -> float | None:
    try:
        return dt.datetime.strptime(cell, form).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None


def hours(column: Sequence[str], label: str) -> FloatArray | None:
    """Stated intervals in hours, where this is a column of them."""
    found = [re.fullmatch(r"(\d+(?:\.\d+)?)\s*(h|hour|hours|hr|m|min|)", cell.lower()) for cell in column]
    if "interval" not in label and not all(match and match[2] for match in found):
        return None
    if not all(found):
        return None
    pairs = [(float(match[1]), match[2]) for match in found if match]
    scale = 60.0 if any(word in label for word in ("minute", "mins")) else 1.0
    return np.array([x / (60.0 if unit in ("m", "min") else scale) for x, unit in pairs])


def value_column(cells: dict[str, list[str]], keys: dict[str, str], wanted: str | None) -> str:
    """The column of the values: the one that is wanted, the best-known name, or the only one with numbers."""
    if wanted is not None:
        if wanted not in cells:
            raise ValueError(f"column must be one of {', '.join(cells)}, got {wanted!r}")
        return wanted
    numeric = [
        name
        for name, column in cells.items()
        if sum(_number(cell) is not None for cell in column) > 0.5 * len(column)
        and _stamp_reader_or_none(column) is None
        and hours(column, keys[name]) is None
    ]
    for known in (*_FUNDING, *_PRICE):
        for test in (str.__eq__, str.endswith, str.__contains__) if known == "fundingrate" else (str.__eq__,):
            best = [name for name in numeric if test(keys[name], known) and "next" not in keys[name]]
            if len(best) == 1:
                return best[0]
    left = [name for name in numeric if keys[name] and not any(word in keys[name] for word in _ASIDE)] or numeric
    if len(left) != 1:
        names = ", ".join(map(repr, left)) or "none holds numbers"
        raise ValueError(f"column must name the values, there is not exactly one: {names}")
    return left[0]


def _stamp_reader_or_none(column: Sequence[str]) -> object:
    try:
        return _stamp_reader(column)
    except ValueError:
        return column


def values_of(name: str, column: Sequence[str], lines: list[int], notes: Notes) -> FloatArray:
    """The values as fractions or prices; NaN for a cell that says that there is none."""
    values, missing = np.full(len(column), np.nan), [cell.lower() in _MISSING for cell in column]
    signs = [cell.endswith("%") for cell, none in zip(column, missing, strict=True) if not none]
    for i, cell in enumerate(column):
        number = _number(cell)
        if number is not None:
            values[i] = number
        elif not missing[i]:
            raise ValueError(f"line {lines[i]}: {name} must be a number, got {cell!r}")
    if any(signs) and not all(signs):
        raise ValueError(f"{name} must not mix percent and plain numbers, got {sum(signs)} of {len(signs)} in percent")
    if any(signs) or "%" in name or "percent" in name.lower():
        notes.append(("units", "note", len(column), f"{name!r} is in percent; read as fractions"))
        values /= 100.0
    return values


def kind(name: str, values: FloatArray, column: Sequence[str]) -> str:
    label = key(name)
    if any(word in label for word in ("fund", "rate")) or column[0].endswith("%"):
        return "funding"
    if any(word in label for word in (*_PRICE, "spot", "future", "perp", "open", "high", "low")):
        return "price"
    known = np.abs(values[np.isfinite(values)])
    return "funding" if known.size and np.median(known) < 0.02 else "price"

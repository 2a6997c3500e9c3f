"""Numbers as readers see them: the one place where they are formatted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from perpnotes.publish.articles import did_you_mean

NBSP = "\u00a0"
MINUS = "\u2212"

# name: (what it is, prefix, factor, default digits, suffix)
_FORMATS: Mapping[str, tuple[str, str, float, int, str]] = {
    "usd": ("US dollars", "$", 1, 2, ""),
    "mxn": ("Mexican pesos", "MXN" + NBSP, 1, 2, ""),
    "price": ("USD per coin", "$", 1, 2, ""),
    "btc": ("bitcoin", "", 1, 4, NBSP + "BTC"),
    "eth": ("ether", "", 1, 4, NBSP + "ETH"),
    "pct": ("a fraction, shown in percent", "", 100, 1, "%"),
    "pp": ("a difference of fractions, in percentage points", "", 100, 1, NBSP + "pp"),
    "bp": ("a fraction, shown in basis points", "", 1e4, 1, NBSP + "bp"),
    "x": ("a multiple, such as leverage", "", 1, 1, "×"),
    "ratio": ("a quotient of two like amounts", "", 1, 2, ""),
    "number": ("a plain number", "", 1, 2, ""),
    "count": ("a whole number of things", "", 1, 0, ""),
    "seconds": ("seconds", "", 1, 0, NBSP + "s"),
    "minutes": ("minutes", "", 1, 0, NBSP + "min"),
    "hours": ("hours", "", 1, 0, NBSP + "h"),
    "days": ("days", "", 1, 1, NBSP + "days"),
    "year": ("a year of the calendar", "", 1, 0, ""),
}


_UNIT = re.compile(r"(?<=\d) (?=(?:BTC|ETH|USD|bp|pp|ms|s|min|h|days?|hours?|minutes?|seconds?|million|billion)\b)")


def together(text: str) -> str:
    """`text` in which no line ends between a number and its unit."""
    return _UNIT.sub(NBSP, text)


def fmt(value: Any, unit: str = "", infinite: str = "") -> str:
    """`value` as text, in a unit.

    Parameters:
        value: one number (a fraction for `pct`, `pp` and `bp`), or anything for `text`.
        unit: a name of `UNITS`, with `.digits` for other decimals than its own; empty for `str(value)`, with that sign.
        infinite: what an infinite number means in words, whatever its sign; empty where there can be none.

    Returns:
        The text, with a true minus sign, thousands separators and no line break before a unit.

    Raises:
        ValueError: for an unknown unit, more than one number, or a number that is not finite and has no word.

    Examples:
        >>> fmt(-1234.5, "usd"), fmt(0.0954773, "pct.2"), fmt(-0.0, "number.1"), fmt(float("inf"), "pct", "never")
        ('−$1,234.50', '9.55%', '0.0', 'never')
    """
    if unit in ("", "text"):
        if isinstance(value, (int, float, np.number)):
            if not np.isfinite(value):
                raise ValueError(f"a value must be finite, got {value}")
            return str(value).replace("-", MINUS)
        return str(value)
    if message := fault(unit):
        raise ValueError(message)
    name, _, digits = unit.partition(".")
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise ValueError(f"a value in {name} must be one number, got {value!r}")
    number = float(array.reshape(())[()])
    if infinite and math.isinf(number):
        return infinite
    if not math.isfinite(number):
        raise ValueError(f"a value in {name} must be finite, got {number}")
    _, prefix, factor, decimals, suffix = _FORMATS[name]
    text = f"{abs(number * factor):,.{int(digits) if digits else decimals}f}"
    if name == "year":
        text = text.replace(",", "")
    sign = MINUS if number < 0 and any(digit in "123456789" for digit in text) else ""
    return f"{sign}{prefix}{text}{suffix}"


def fault(unit: str) -> str:
    """What is wrong with a unit.

    Parameters:
        unit: as for `fmt`.

    Returns:
        What is allowed, and what is close to it; empty if there is nothing wrong.

    Examples:
        >>> fault("usd.0"), fault("usdd").rpartition(", ")[2]
        ('', "got 'usdd'; did you mean usd?")
    """
    name, point, digits = unit.partition(".")
    if unit in ("", "text") or (name in _FORMATS and (not point or digits.isdecimal())):
        return ""
    hint = "" if name in _FORMATS else did_you_mean(name.lower(), UNITS)
    return f"unit must be one of {', '.join(UNITS)}, with or without .digits, got {unit!r}{hint}"


def split(value: Any, unit: str) -> tuple[str, str]:
    """`fmt`, as number and symbol: where room is short, the symbol is written once for many numbers.

    Parameters:
        value: one number.
        unit: a name of `UNITS` other than `text`.

    Returns:
        The number with its sign, and the unit's symbol, which may be empty.

    Raises:
        ValueError: as `fmt`; for `text`, too.

    Examples:
        >>> split(-1234.5, "usd.0"), split(0.05, "pct")
        (('−1,234', '$'), ('5.0', '%'))
    """
    name = unit.partition(".")[0]
    if name not in _FORMATS:
        raise ValueError(f"unit must be one of {', '.join(_FORMATS)}, got {unit!r}")
    _, prefix, _, _, suffix = _FORMATS[name]
    return fmt(value, unit).replace(prefix, "", 1).removesuffix(suffix), (prefix or suffix).strip(NBSP)


def parts(unit: str) -> tuple[str, int, str]:
    """What stands before a number in a unit, how many decimals it has, and what stands behind it.

    Parameters:
        unit: a name of `UNITS` other than `text`, with or without `.digits`.

    Examples:
        >>> parts("usd.0"), parts("pct")
        (('$', 0, ''), ('', 1, '%'))
    """
    name, _, digits = unit.partition(".")
    _, prefix, _, decimals, suffix = _FORMATS[name]
    return prefix, int(digits) if digits else decimals, suffix


def whole(value: Any, unit: str) -> int:
    """How many of its last digit `fmt` shows of a value.

    Parameters:
        value: one number.
        unit: as for `parts`.

    Raises:
        ValueError: as `fmt`.

    Examples:
        >>> whole(-1234.5, "usd.2"), whole(0.0955, "pct.1")
        (-123450, 96)
    """
    number, _ = split(value, unit)
    return int(re.sub(r"[,.]", "", number.replace(MINUS, "-")))


def exact(values: Any, unit: str) -> str:
    """`unit` with just the decimals that write all `values` exactly, for the labels of an axis.

    Parameters:
        values: numbers, such as ticks.
        unit: a name of `UNITS`; its own `.digits` are ignored.

    Returns:
        The unit with decimals, at most six.

    Raises:
        ValueError: for an unknown unit.

    Examples:
        >>> exact([0.0, 0.025, 0.05], "pct.0"), exact([8_000.0, 10_000.0], "usd")
        ('pct.1', 'usd.0')
    """
    name = unit.partition(".")[0] or "number"
    if name not in _FORMATS:
        raise ValueError(f"unit must be one of {', '.join(_FORMATS)}, got {unit!r}")
    scaled = np.asarray(values, dtype=float) * _FORMATS[name][2]
    near = 1e-9 * max(1e-300, float(np.max(np.abs(scaled), initial=0.0)))  # what binary fractions leave
    needed = (n for n in range(6) if np.all(np.abs(scaled - np.round(scaled, n)) <= near))
    return f"{name}.{next(needed, 6)}"


def distinct(values: Sequence[Any], unit: str) -> str:
    """`unit` with as many more decimals as it takes that no two of `values` are written alike.

    Parameters:
        values: different numbers, such as the rows of a table.
        unit: a name of `UNITS`, with or without `.digits`.

    Returns:
        The unit itself if its decimals suffice, else with more of them, at most six.

    Raises:
        ValueError: as `fmt`.

    Examples:
        >>> distinct([0.0, 0.5, 1.0], "number.0"), distinct([1.0, 2.0], "usd.0")
        ('number.1', 'usd.0')
    """
    name, _, digits = unit.partition(".")
    more = range(int(digits or _FORMATS[name][3]) + 1, 7) if name in _FORMATS else ()
    forms = [unit, *(f"{name}.{n}" for n in more)]
    return next((form for form in forms if len({fmt(v, form) for v in values}) == len(set(values))), forms[-1])


# An example that is no round number, so that each shows what its unit does with decimals.
UNITS: Mapping[str, str] = {
    name: f"{row[0]}: {fmt(0.0512 if row[2] != 1 else 1234.5678, name)}" for name, row in _FORMATS.items()
} | {"text": "text, as it is"}
"""Each unit's name, what it formats and an example; `.digits` after a name sets the decimals, as in `usd.0`."""

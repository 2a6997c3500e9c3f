"""Numbers as readers see them: the one place where they are formatted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

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
}


def fmt(value: Any, unit: str = "") -> str:
    """`value` as text, in a unit.

    Parameters:
        value: one number (a fraction for `pct`, `pp` and `bp`), or anything for `text`.
        unit: a name of `UNITS`, with `.digits` for other decimals than its own; empty for `str(value)`, with that sign.

    Returns:
        The text, with a true minus sign, thousands separators and no line break before a unit.

    Raises:
        ValueError: for an unknown unit, more than one number, or a number that is not finite.

    Examples:
        >>> fmt(-1234.5, "usd"), fmt(0.0954773, "pct.2"), fmt(-0.0, "number.1")
        ('−$1,234.50', '9.55%', '0.0')
    """
    if unit in ("", "text"):
        if isinstance(value, (int, float, np.number)):
            if not np.isfinite(value):
                raise ValueError(f"a value must be finite, got {value}")
            return str(value).replace("-", MINUS)
        return str(value)
    name, _, digits = unit.partition(".")
    if name not in _FORMATS or (digits and not digits.isdecimal()) or unit.endswith("."):
        raise ValueError(f"unit must be one of {', '.join(UNITS)}, with or without .digits, got {unit!r}")
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise ValueError(f"a value in {name} must be one number, got {value!r}")
    number = float(array.reshape(())[()])
    if not math.isfinite(number):
        raise ValueError(f"a value in {name} must be finite, got {number}")
    _, prefix, factor, decimals, suffix = _FORMATS[name]
    text = f"{abs(number * factor):,.{int(digits) if digits else decimals}f}"
    sign = MINUS if number < 0 and any(digit in "123456789" for digit in text) else ""
    return f"{sign}{prefix}{text}{suffix}"


# An example that is no round number, so that each shows what its unit does with decimals.
UNITS: Mapping[str, str] = {
    name: f"{row[0]}: {fmt(0.0512 if row[2] != 1 else 1234.5678, name)}" for name, row in _FORMATS.items()
} | {"text": "text, as it is"}
"""Each unit's name, what it formats and an example; `.digits` after a name sets the decimals, as in `usd.0`."""

"""Units: every number on a page goes through one function."""

import math

import numpy as np
import pytest

from perpnotes.publish.units import UNITS, fmt


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (15771.494, "usd", "$15,771.49"),
        (-95.5, "usd", "−$95.50"),
        (-95.5, "usd.0", "−$96"),
        (0.0954773, "pct", "9.5%"),
        (-0.16, "pct.0", "−16%"),
        (0.00045, "bp", "4.5\u00a0bp"),
        (300_000, "mxn.0", "MXN\u00a0300,000"),
        (20, "x.0", "20×"),
        (1_000_000, "count", "1,000,000"),
        (0.12, "btc", "0.1200\u00a0BTC"),
        (np.float64(2.5), "number.1", "2.5"),
        (np.array([[3]]), "count", "3"),
        ("GOLD", "text", "GOLD"),
        (-3, "", "−3"),
        (0.02345, "pp", "2.3\u00a0pp"),
        (1.5, "ratio", "1.50"),
    ],
)
def test_a_number_is_formatted_for_readers(value: object, unit: str, text: str) -> None:
    """True minus sign, thousands separators, and a space that does not break before a unit."""
    assert fmt(value, unit) == text


def test_what_rounds_to_zero_has_no_sign() -> None:
    """No reader should see a minus zero."""
    assert fmt(-0.0, "usd") == "$0.00"
    assert fmt(-0.001, "usd") == "$0.00"
    assert fmt(-0.004, "usd.3") == "−$0.004"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [1, 2], [], "1", True, None, 1j])
def test_what_is_not_one_finite_number_is_refused(value: object) -> None:
    """A NaN never reaches a page, nor does an array that was meant to be a number."""
    with pytest.raises(ValueError, match="a value in usd must be"):
        fmt(value, "usd")


def test_without_a_unit_a_number_is_still_finite() -> None:
    """A NaN does not slip through where the unit was left out."""
    with pytest.raises(ValueError, match="must be finite"):
        fmt(math.nan)


@pytest.mark.parametrize("unit", ["dollars", "usd.", "usd.x", "usd.-1", "pct.1.2"])
def test_an_unknown_unit_lists_the_known_ones(unit: str) -> None:
    """The message says what could have been meant."""
    with pytest.raises(ValueError, match="usd, mxn"):
        fmt(1.0, unit)


def test_every_unit_can_be_used() -> None:
    """The table that contributors see is the one that formats, and its examples are made by it."""
    assert all(fmt(1.0, unit) for unit in UNITS)
    assert UNITS["pct"].endswith(": 5.1%")

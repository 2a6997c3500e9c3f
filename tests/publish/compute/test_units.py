"""Units: every number on a page goes through one function."""

import math

import numpy as np
import pytest

from perpnotes.publish.compute.units import UNITS, distinct, exact, fmt, split


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


def test_infinity_is_a_word_where_there_is_one() -> None:
    """Whoever shows the number knows what it means; NaN means nothing."""
    assert fmt(math.inf, "pct", "never") == fmt(np.float64(-math.inf), "usd.0", "never") == "never"
    assert fmt(0.5, "pct", "never") == "50.0%"
    with pytest.raises(ValueError, match="must be finite"):
        fmt(math.nan, "pct", "never")


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


@pytest.mark.parametrize(
    ("values", "unit", "found"),
    [
        ([0.0, 0.025], "pct.0", "pct.1"),
        ([0.1, 0.2, 0.3], "pct.4", "pct.0"),
        ([0.0, 2500.0], "usd", "usd.0"),
        ([0.1 + 0.2], "number", "number.1"),
        ([1 / 3], "number", "number.6"),
        ([], "count", "count.0"),
    ],
)
def test_labels_of_an_axis_are_exact(values: list[float], unit: str, found: str) -> None:
    """As many decimals as the numbers have, not as their binary fractions have; at most six."""
    assert exact(values, unit) == found


@pytest.mark.parametrize(
    ("values", "unit", "found"),
    [
        ([0.0, 0.5, 1.0], "number.0", "number.1"),
        ([0.0, 0.05, 0.1], "pct.0", "pct.0"),
        ([0.001, 0.0012, 0.0014], "pct", "pct.2"),
        ([1.0, 2.0, 2.0], "usd", "usd"),
        ([1.0, 1.0 + 1e-9], "count", "count.6"),
        (["a", "b"], "text", "text"),
    ],
)
def test_rows_of_a_table_have_names_of_their_own(values: list[object], unit: str, found: str) -> None:
    """More decimals than the unit has only where two different values would be written alike; at most six."""
    assert distinct(values, unit) == found


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != "text"])
def test_a_number_and_its_symbol_are_what_is_formatted(unit: str) -> None:
    """Nothing is lost where the symbol is written once for many numbers."""
    number, symbol = split(-1.5, unit)
    assert sorted(fmt(-1.5, unit).replace("\u00a0", "")) == sorted(number + symbol)
    assert number[0] == "−"


@pytest.mark.parametrize("function", [lambda: exact([1.0], "text"), lambda: split("a", "text")])
def test_text_has_neither_decimals_nor_a_symbol(function: object) -> None:
    """Only numbers can be taken apart."""
    with pytest.raises(ValueError, match="unit must be one of"):
        function()  # type: ignore[operator]


def test_every_unit_can_be_used() -> None:
    """The table that contributors see is the one that formats, and its examples are made by it."""
    assert all(fmt(1.0, unit) for unit in UNITS)
    assert UNITS["pct"].endswith(": 5.1%")

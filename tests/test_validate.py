"""The checks that every public function shares: what they let through, and what an error says."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from perpnotes import contracts, funding, liquidation, margin, prices
from perpnotes._validate import brief, broadcast, flag, flags, numbers, real, scalar, sides, text


class TestNumbers:
    @pytest.mark.parametrize("value", [0.5, 1, np.float32(0.5), np.int8(1), Decimal("0.5"), Fraction(1, 2)])
    def test_any_kind_of_number_becomes_a_float(self, value: Any) -> None:
        assert numbers("x", [value, value]).tolist() == [float(value)] * 2

    @pytest.mark.parametrize(
        "value",
        [
            *("0.1", b"0.1", True, np.True_, None, 1j, np.datetime64("2024-01-01"), len),
            *(["0.1"], [1.0, "0.1"], [True, False], np.array([0.1, True], dtype=object), [Decimal(1), None]),
            [[1.0, 2.0], [3.0]],
        ],
        ids=repr,
    )
    def test_what_only_converts_to_a_number_is_none(self, value: Any) -> None:
        """To numpy numerals are numbers, True is 1 and None is NaN; a caller who passes one made a mistake."""
        with pytest.raises(ValueError, match="x must be a number or an array of numbers, got "):
            numbers("x", value)

    def test_outcomes_may_be_truths_where_a_function_says_so(self) -> None:
        assert real("x", [True, False], truths=True).tolist() == [1.0, 0.0]

    def test_an_array_of_floats_is_not_copied(self) -> None:
        array = np.ones(3)
        assert numbers("x", array) is array

    def test_an_error_shows_the_beginning_of_a_long_value_in_one_line(self) -> None:
        ragged = [*range(1_000), [1.0, 2.0]]
        with pytest.raises(ValueError, match="x must be") as error:
            scalar("x", ragged)
        assert str(error.value).endswith("got [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, …")
        assert "\n" not in brief(np.array([["a", "b"], ["c", "d"]]))


class TestFlags:
    @pytest.mark.parametrize("value", [True, False, np.True_, np.array(False)])
    def test_true_and_false_are_flags(self, value: Any) -> None:
        assert flag("x", value) is bool(value)
        assert flags("x", [value, value]).tolist() == [bool(value)] * 2

    @pytest.mark.parametrize("value", [1, 0, 0.0, "False", "", None, [], [1, 0], [[True], [True, False]]])
    def test_nothing_else_is_read_as_one(self, value: Any) -> None:
        for check in (flag, flags):
            with pytest.raises(ValueError, match="x must be True or False, got "):
                check("x", value)

    def test_one_flag_is_not_an_array_of_them(self) -> None:
        with pytest.raises(ValueError, match=re.escape("x must be one of True and False, got shape (2,)")):
            flag("x", [True, False])

    @pytest.mark.parametrize(
        ("name", "call"),
        [
            ("at_open", lambda odd: funding.total(1.0, [0, 8], [1.0, 1.0], [0.1, 0.1], 0, 8, at_open=odd)),
            ("compounded", lambda odd: funding.annual(0.0001, compounded=odd)),
            ("inverse", lambda odd: contracts.holding([1.0], [100.0], inverse=odd)),
            ("inverse", lambda odd: liquidation.price(1.0, 100.0, 10.0, 0.01, inverse=odd)),
            ("inverse", lambda odd: margin.close_reserve(1.0, 100.0, 0.001, inverse=odd)),
            ("inclusive", lambda odd: prices.Trigger(inclusive=odd)),
            ("call", lambda odd: contracts.option_value(100.0, 100.0, 0.5, 0.1, call=odd)),
            ("call", lambda odd: contracts.Option("BTC", 100.0, 0.1, call=odd)),
        ],
    )
    def test_every_switch_of_the_library_is_true_or_false(self, name: str, call: Any) -> None:
        for odd in ("no", 1, None):
            with pytest.raises(ValueError, match=f"{name} must be True or False, got {odd!r}"):
                call(odd)


@pytest.mark.parametrize("value", ["", None, 1.0, b"BTC", ["BTC"]])
def test_a_name_is_a_string_that_says_something(value: Any) -> None:
    with pytest.raises(ValueError, match="x must be a non-empty string, got "):
        text("x", value)


class TestBroadcast:
    def test_shapes_that_fit_are_no_error(self) -> None:
        broadcast(size=np.ones((2, 3)), price=np.ones(3), fee=np.asarray(0.1))

    def test_an_error_names_what_has_a_shape(self) -> None:
        with pytest.raises(ValueError, match=re.escape("size and price must broadcast, got shapes (2,) and (3,)")):
            broadcast(size=np.ones(2), price=np.ones(3), fee=np.asarray(0.1))
        with pytest.raises(ValueError, match=re.escape("a, b and c must broadcast, got shapes (2,), (1, 2) and (3,)")):
            broadcast(a=np.ones(2), b=np.ones((1, 2)), c=np.ones(3))


class TestSides:
    def test_a_side_is_one_or_minus_one(self) -> None:
        assert sides([1, -1.0]).tolist() == [1.0, -1.0]

    @pytest.mark.parametrize("odd", [0, 2, -0.5, [1, 3]])
    def test_no_other_number_is_one(self, odd: Any) -> None:
        with pytest.raises(ValueError, match=r"side must be 1 or -1, got (0|2|-0\.5|3)$"):
            sides(odd)

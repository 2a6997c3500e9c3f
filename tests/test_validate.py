"""The checks that every public function shares: what they let through, and what an error says."""

import datetime
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from perpnotes import contracts, funding, liquidation, margin, prices
from perpnotes._validate import brief, broadcast, flag, flags, instance, numbers, real, scalar, sides, text, whole


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
            *([1.0, True], [[1.0], [np.False_]], np.array([1.0, 2j], dtype=object), Decimal("sNaN")),
            *(np.datetime64("NaT", "s"), [1.0, np.datetime64("NaT", "s")]),
            *(np.timedelta64(1, "h"), [1.0, np.timedelta64(1, "s")]),
            *(np.array(["2024-01-01", "NaT"], dtype="M8[s]"), datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)),
        ],
        ids=repr,
    )
    def test_what_only_converts_to_a_number_is_none(self, value: Any) -> None:
        """To numpy numerals are numbers, True is 1 and None is NaN; a caller who passes one made a mistake."""
        with pytest.raises(ValueError, match="x must be a number or an array of numbers, got "):
            numbers("x", value)

    @pytest.mark.parametrize(
        "value",
        [10**400, -(10**5000), [1.0, 10**400], Fraction(10**400), Decimal("1e400"), np.longdouble("1e4000")],
        ids=["int", "very long int", "in a list", "Fraction", "Decimal", "longdouble"],
    )
    def test_a_number_too_large_for_a_float_is_refused_not_infinite(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"x must be of a size that a float can hold, up to 1\.8e308, got "):
            numbers("x", value)

    def test_infinity_may_be_said_in_any_kind_of_number(self) -> None:
        assert numbers("x", [Decimal("Infinity"), np.longdouble("-inf")]).tolist() == [np.inf, -np.inf]

    @pytest.mark.parametrize("mask", [False, [False, True], [True, True]])
    def test_a_masked_array_is_refused_and_the_error_says_what_to_do(self, mask: Any) -> None:
        """`np.asarray` drops the mask, so that values which were declared invalid would count; deep in a list too."""
        masked = np.ma.array([1.0, 2.0], mask=mask)
        for value in (masked, [masked], ([1.0, 2.0], masked), [1.0, np.ma.masked]):
            with pytest.raises(ValueError, match="x must not be a masked array: fill or compress it first"):
                numbers("x", value)
        assert numbers("x", masked.filled(0.0)).shape == numbers("x", masked.data).shape == (2,)
        with pytest.raises(ValueError, match="x must be True or False"):
            flags("x", np.ma.array([True, False], mask=mask))

    def test_the_bounds_hold_for_every_value_of_an_array(self) -> None:
        """Lowest and highest stand for all, NaN and infinity included, wherever they are."""
        for odd, bound, rule in ((0.0, {"gt": 0}, "> 0"), (3.0, {"lt": 3}, "< 3"), (np.nan, {}, "finite")):
            for at in range(3):
                values = np.array([1.0, 2.0, 1.5])
                values[at] = odd
                with pytest.raises(ValueError, match=f"x must be {rule}, got {odd:g}"):
                    real("x", values, **bound)
        assert real("x", [1.0, np.inf], infinite=True)[1] == np.inf
        for odd in (-np.inf, np.nan):
            with pytest.raises(ValueError, match="x must be finite, got "):
                real("x", [odd, np.inf], infinite=True)

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


class TestWhole:
    def test_the_largest_is_that_of_64_bits(self) -> None:
        assert whole("n", 2**63 - 1, ge=1) == 2**63 - 1
        with pytest.raises(ValueError, match="n must be"):
            whole("n", 2**63, ge=1)

    def test_an_integer_keeps_all_of_its_digits(self) -> None:
        """A float has 53 binary digits: two seeds that differ in the last of 60 would be one."""
        for value in (2**60 + 1, np.int64(2**60 + 1)):
            assert whole("x", value, ge=0) == 2**60 + 1

    @pytest.mark.parametrize("value", [2**63, 1e300, 10**400, np.uint64(2**63)])
    def test_it_is_one_that_numpy_can_count_with(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"x must be .*got "):
            whole("x", value, ge=0)

    @pytest.mark.parametrize("value", [True, 0, 6, 1.5, "3", None, [3]])
    def test_nothing_outside_its_range_is_one(self, value: Any) -> None:
        with pytest.raises(ValueError, match="x must be "):
            whole("x", value, ge=1, le=5)


class TestInstance:
    def test_an_object_of_the_kind_is_given_back(self) -> None:
        rule = prices.Basis(1.0)
        assert instance("rule", rule, prices.Basis, prices.Window) is rule

    def test_an_error_names_what_is_allowed(self) -> None:
        with pytest.raises(ValueError, match="rule must be a Basis or a Window, got 'median'"):
            instance("rule", "median", prices.Basis, prices.Window)
        with pytest.raises(ValueError, match="account must be an Account, got None"):
            instance("account", None, margin.Account)


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

    def test_no_flags_are_not_flags(self) -> None:
        with pytest.raises(ValueError, match="x must be True or False"):
            flags("x", np.empty(0, dtype=np.bool_))

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

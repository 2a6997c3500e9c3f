"""What a derivation looks like where it is printed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import Derivation, Term


def printed(*terms: Term) -> list[str]:
    return str(Derivation(terms)).split("\n")


class TestPrinted:
    def test_decimal_points_stand_below_each_other(self) -> None:
        """Also those of numbers without a unit, and of numbers without a point the place where it would be."""
        rows = printed(
            Term("W", "wallet", 10_500.0, "USD"),
            Term("m", "rate", 0.000125),
            Term("n", "payments", 150.0),
            Term("L", "loss", -9.5, "USD", "m W"),
        )
        assert rows == [
            "wallet    10,500.00 USD   W",
            "rate           0.000125   m",
            "payments     150          n",
            "loss          -9.50 USD   L = m W",
        ]

    def test_a_long_meaning_is_wrapped_and_its_amount_stays_in_the_column(self) -> None:
        """On a phone, about 38 characters wide, every number is in sight without scrolling."""
        rows = printed(
            Term("c", "share of all shifts of time that do at least as well", 1_234.5, "USD"),
            Term("n", "times", 6_293.0, "USD"),
        )
        assert rows == [
            "share of all shifts of time  1,234.50 USD   c",
            "  that do at least as well",
            "times                        6,293.00 USD   n",
        ]
        assert rows[0].index(" USD") <= 38

    def test_a_meaning_beside_a_very_long_number_keeps_some_room(self) -> None:
        rows = printed(Term("x", "a meaning of a few words", 1e40, "USD"))
        assert [row.split("  ")[0] for row in rows] == ["a meaning of a", ""]
        assert rows[1] == "  few words"

    @pytest.mark.parametrize(("value", "word", "width"), [(7, "a", 35), (77, "a", 33), (77, "aa", 32), (777, "a", 33)])
    def test_a_phone_shows_meaning_and_amount_and_no_room_is_left(self, value: float, word: str, width: int) -> None:
        """38 characters: two between them, the rest of what the amount leaves for as many words as fit."""
        first, *_ = printed(Term("x", " ".join([word] * 40), value))
        meaning = first.partition(f"  {value}")[0].rstrip()
        assert len(meaning) == width

    @pytest.mark.parametrize(("word", "width"), [("a", 15), ("aa", 14), ("abcdefghijklmnop", 16)])
    def test_beside_a_very_long_number_a_meaning_has_sixteen_characters(self, word: str, width: int) -> None:
        first, *_ = printed(Term("x", " ".join([word] * 9), 1e30, "USD"))
        assert len(first.partition("  1,000")[0].rstrip()) == width

    def test_no_line_ends_in_spaces(self) -> None:
        rows = printed(Term("", "", 1.0), Term("x", "an input", 2.0, "USD"))
        assert rows == ["          1", "an input  2.00 USD   x"]

    @pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e-20])
    def test_a_number_without_a_point_ends_where_it_would_stand(self, value: float) -> None:
        first, second = printed(Term("a", "odd", value), Term("b", "even", 1_000_000.5, "USD"))
        assert first.index(f"{value:g}") + len(f"{value:g}") == second.index(".")

    def test_one_term_is_one_line(self) -> None:
        assert str(Term("M", "margin", 325.0, "USD", "m N")) == "margin: 325.00 USD   [M = m N]"
        assert str(Term("m", "rate", 0.005)) == "rate: 0.005   [m]"


class TestAmounts:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (0.00002, "0.00002"),
            (0.0000123456, "0.000012346"),
            (0.5, "0.50"),
            (-0.05, "-0.05"),
            (2.12346, "2.1235"),
            (9.12346, "9.1235"),
            (9.99999, "10.00"),
            (12.3456, "12.35"),
            (54_207.104, "54,207.10"),
            (0.0, "0.00"),
            (3e-12, "3e-12"),
        ],
    )
    def test_a_cheap_coin_has_its_digits(self, value: float, shown: str) -> None:
        """Below 10 an amount has five digits where it has them, never fewer than two decimals; from 10 up two."""
        assert str(Term("E", "entry price", value, "USD")) == f"entry price: {shown} USD   [E]"

    @given(st.floats(1e-9, 1e9))
    def test_no_amount_is_off_by_more_than_its_last_digit(self, value: float) -> None:
        """What is printed is the value to half of its fifth digit, or to half a cent from 10 up."""
        shown = float(str(Term("x", "x", value, "USD")).split(" ")[1].replace(",", ""))
        digit = 1e-4 * 10 ** math.floor(math.log10(value)) if value < 10 else 0.01
        assert shown == pytest.approx(value, rel=1e-12, abs=0.5 * digit)

    def test_what_rounding_leaves_of_large_amounts_is_nothing(self) -> None:
        """A difference of amounts of 100,000 is exact to about 1e-11: less than that is shown as none."""
        large, rest = printed(Term("C", "collateral", 1e5, "USD"), Term("B", "buffer", 1.4e-11 / 10, "USD"))
        assert rest == "buffer            0.00 USD   B"
        assert large == "collateral  100,000.00 USD   C"

    def test_what_is_exactly_the_noise_is_nothing_and_more_is_shown(self) -> None:
        """One part in 1e13 of the largest amount."""
        for rest, shown in ((1e-13 * 1e5, "0.00"), (1.0001e-13 * 1e5, "0.000000010001")):
            assert f" {shown} USD" in printed(Term("C", "collateral", 1e5, "USD"), Term("B", "buffer", rest, "USD"))[1]


class TestReading:
    WHY = Derivation((Term("P_{BTC}", "mark of BTC", 60_000.0, "USD"), Term(r"\Delta_{1}", "step", 0.1)))

    def test_a_value_has_three_names(self) -> None:
        """The symbol in LaTeX, the symbol as printed, and the meaning."""
        for name in ("P_{BTC}", "P_BTC", "mark of BTC"):
            assert self.WHY[name] == 60_000.0
        with pytest.raises(KeyError, match="'P' is none of 'P_BTC', 'Δ_1'"):
            self.WHY["P"]

    def test_it_is_a_sequence_of_terms_and_a_dict_of_values(self) -> None:
        assert list(self.WHY) == list(self.WHY.terms)
        assert len(self.WHY) == 2
        assert dict(self.WHY) == {"P_BTC": 60_000.0, "Δ_1": 0.1}


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        (r"\sqrt{a/2} \sqrt{n}", "√(a/2) √(n)"),
        (r"\frac{\max(0, x)}{\lambda_1}", "(max(0, x))/(λ_1)"),
        (r"\sum_k x_k \text{ at } M = 0", "Σ_k x_k at M = 0"),
    ],
)
def test_a_formula_is_one_line_that_means_the_same(latex: str, line: str) -> None:
    assert printed(Term("y", "result", 1.0, "", latex)) == [f"result  1   y = {line}"]

"""What a derivation looks like where it is printed."""

import pytest

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

"""Tables: what a computed table on a page must be."""

import pytest

from perpnotes import Derivation, Term
from perpnotes.publish import tables
from perpnotes.publish.displays import Display, collect

COLUMNS = {"what": ("Failure", "text"), "loss": ("Loss", "usd.0")}
WHY = Derivation((Term("N", "notional", 65_000.0, "USD"), Term("M", "margin", 325.0, "USD", r"m N")))


def table(**change: object) -> Display:
    rows = [{"what": "Gap <10%>", "loss": -1234.5}, {"what": "Fees", "loss": 12.0}]
    with collect() as shown:
        tables.table(**{"rows": rows, "columns": COLUMNS, "caption": "Ways to lose", "id": "t"} | change)  # type: ignore[arg-type]
    return shown[0]


def test_headers_have_a_scope_and_numbers_are_aligned() -> None:
    """Screen readers can name each cell; a number's column is to the right, header included."""
    content = table().content
    assert '<th scope="col" class="pn-number">Loss</th>' in content
    assert '<th scope="row">Fees</th><td class="pn-number">$12</td>' in content


def test_text_is_escaped() -> None:
    """What a row says is text, never markup."""
    assert "Gap &lt;10%&gt;" in table().content


def test_a_wide_table_scrolls_by_itself() -> None:
    """The box can be reached with the keyboard and has a name."""
    assert 'class="pn-scroll" role="region" tabindex="0" aria-label="Ways to lose"' in table().content


def test_the_ledger_gets_what_the_page_shows() -> None:
    """Data and text hold the values as published."""
    display = table()
    assert display.data["rows"] == [["Gap <10%>", "−$1,234"], ["Fees", "$12"]]
    assert display.text.splitlines() == ["Ways to lose", "Gap <10%>: Loss −$1,234", "Fees: Loss $12"]


def test_a_derivation_shows_each_term_with_its_formula() -> None:
    """The answer to "why?": meaning, formula as MathML, value with its unit."""
    with collect() as shown:
        tables.derivation(WHY, caption="Why this margin", id="why")
    assert shown[0].content.count("<math") == 2
    assert '<th scope="row">margin</th>' in shown[0].content
    assert '<td class="pn-number">325.00 USD</td>' in shown[0].content
    assert shown[0].text == f"Why this margin\n{WHY}"


@pytest.mark.parametrize("change", [{"rows": []}, {"caption": ""}, {"rows": [{"what": "x", "loss": float("nan")}]}])
def test_a_table_without_rows_caption_or_numbers_is_refused(change: dict[str, object]) -> None:
    """An error instead of an empty box or a NaN."""
    with pytest.raises(ValueError, match="must"):
        table(**change)

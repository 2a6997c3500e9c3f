"""Tables: what a computed table on a page must be."""

from pathlib import Path
from typing import Any

import pytest

from perpnotes import Derivation, Term
from perpnotes.publish.compute.outputs import Output, collect
from perpnotes.publish.show import tables

CSS = (Path(__file__).parents[3] / "docs/assets/figures.css").read_text(encoding="utf-8")
COLUMNS = {"what": ("Failure", "text"), "loss": ("Loss", "usd.0")}
WHY = Derivation((Term("N", "notional", 65_000.0, "USD"), Term("M", "margin", 325.0, "USD", r"m N")))


def table(**change: object) -> Output:
    rows = [{"what": "Gap <10%>", "loss": -1234.5}, {"what": "Fees", "loss": 12.0}]
    with collect() as shown:
        tables.table(**{"rows": rows, "columns": COLUMNS, "caption": "Ways to lose", "id": "t"} | change)  # type: ignore[arg-type]
    return shown[0]


def test_headers_have_a_scope_and_numbers_are_aligned() -> None:
    """Screen readers can name each cell; a number's column is to the right, header included."""
    content = table().content
    assert '<th scope="col" class="pn-n">Loss</th>' in content
    assert '<th scope="row">Fees</th><td class="pn-n">$12</td>' in content
    assert '<table class="pn-rows" data-trace="t">' in content


def test_a_column_of_numbers_may_have_a_word_for_infinity() -> None:
    """It stays a column of numbers; without a word, what is infinite is refused."""
    rows = [{"what": "Gap", "loss": -1234.5}, {"what": "Fees", "loss": float("-inf")}]
    output = table(rows=rows, columns={"what": ("Failure", "text"), "loss": ("Loss", "usd.0", "never")})
    assert output.data["rows"] == [["Gap", "−$1,234"], ["Fees", "never"]]
    assert '<td class="pn-n">never</td>' in output.content
    with pytest.raises(ValueError, match="must be finite"):
        table(rows=rows)


def test_dollars_with_words_among_them_are_aligned_like_numbers() -> None:
    """A column of words with an amount here and there is not. No line ends between a number and its unit."""
    columns = {"what": ("Venue", "text"), "back": ("Comes back", "text"), "when": ("When", "text")}
    rows = [
        {"what": "A", "back": "$332", "when": "after 5 min"},
        {"what": "B", "back": "≤ $259", "when": "$5 later"},
        {"what": "C", "back": "not found", "when": "never"},
    ]
    content = table(rows=rows, columns=columns).content
    for text in ("$332", "≤ $259", "not found"):
        assert f'<td class="pn-n">{text}</td>' in content
    assert "<td>after 5\u00a0min</td>" in content


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_text_keeps_away_from_the_number_before_it(browser: Any, width: int) -> None:
    """The number ends where the text begins: on a phone, too, a reader sees two columns."""
    rows = [{"loss": -1234.5, "what": "Gap"}]
    content = table(rows=rows, columns={"loss": COLUMNS["loss"], "what": COLUMNS["what"]}).content
    page = browser.new_page(viewport={"width": width, "height": 600})
    page.set_content(f'<body class="md-typeset" style="margin:16px"><style>{CSS}</style>{content}')
    number, text = page.evaluate("""[...document.querySelectorAll("tbody tr > *")].map(cell => {
        const range = document.createRange()
        range.selectNodeContents(cell)
        return range.getBoundingClientRect()
    })""")
    assert text["left"] - number["right"] >= 12  # px: four word spaces, and it was less than three
    page.close()


def test_text_is_escaped() -> None:
    """What a row says is text, never markup."""
    assert "Gap &lt;10%&gt;" in table().content


def test_a_wide_table_scrolls_by_itself() -> None:
    """The box can be reached with the keyboard and has a name."""
    assert 'class="pn-scroll" role="region" tabindex="0" aria-label="Ways to lose"' in table().content


def test_the_ledger_gets_what_the_page_shows() -> None:
    """Data and text hold the values as published."""
    output = table()
    assert output.data["rows"] == [["Gap <10%>", "−$1,234"], ["Fees", "$12"]]
    assert output.text.splitlines() == ["Ways to lose", "Gap <10%>: Loss −$1,234", "Fees: Loss $12"]


def test_a_derivation_shows_each_term_with_its_formula() -> None:
    """The answer to "why?": meaning, formula as MathML, value with its unit."""
    with collect() as shown:
        tables.derivation(WHY, caption="Why this margin", id="why")
    assert shown[0].content.count("<math") == 2
    assert '<th scope="row">margin</th>' in shown[0].content
    assert 'data-trace="why.1">$325.00</td>' in shown[0].content
    assert shown[0].text == f"Why this margin\n{WHY}"


@pytest.mark.parametrize(
    ("unit", "text"), [("BTC", "−1.5000\u00a0BTC"), ("USD/BTC", "−1.50\u00a0USD/BTC"), ("", "−1.5")]
)
def test_a_term_may_have_any_unit(unit: str, text: str) -> None:
    """Units that the site knows are formatted its way; others stand behind the number."""
    with collect() as shown:
        tables.derivation(Derivation((Term("x", "x", -1.5, unit),)), caption="x", id="x")
    assert shown[0].data["rows"] == [["x", text]]


@pytest.mark.parametrize("term", [Term("x", "x", float("inf")), Term(r"\frac{", "x", 1.0)])
def test_a_derivation_that_cannot_be_shown_is_refused(term: Term) -> None:
    """Neither a value that is not finite nor LaTeX with a fault reaches a page."""
    with pytest.raises(ValueError, match=r"finite|LaTeX: .*frac"):
        tables.derivation(Derivation((term,)), caption="c", id="i")


@pytest.mark.parametrize("name", ["An id", "", "1st", "a_b"])
def test_an_id_can_be_linked_to(name: str) -> None:
    """Lower-case letters, digits and hyphens: nothing that an address would have to escape."""
    with pytest.raises(ValueError, match="id must"):
        table(id=name)


@pytest.mark.parametrize(
    "change", [{"rows": []}, {"columns": {}}, {"caption": ""}, {"rows": [{"what": "x", "loss": float("nan")}]}]
)
def test_a_table_without_rows_caption_or_numbers_is_refused(change: dict[str, object]) -> None:
    """An error instead of an empty box or a NaN."""
    with pytest.raises(ValueError, match="must"):
        table(**change)

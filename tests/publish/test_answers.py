"""Answers: a question that opens to a computed text."""

import pytest
from markdown import markdown

from perpnotes.publish.answers import answer
from perpnotes.publish.displays import collect


def test_an_answer_is_markdown_in_an_element_that_opens() -> None:
    """It works without a script, and its links and emphasis are rendered."""
    with collect() as shown:
        answer("Is a < b?", "Yes, **always**.")
    html = markdown(shown[0].content, extensions=["md_in_html"])
    assert "<summary>Is a &lt; b?</summary>" in html
    assert "<strong>always</strong>" in html
    assert "open" not in html.partition(">")[0]


def test_the_ledger_gets_question_and_answer() -> None:
    """The same words feed the page, the ledger and whatever else lists questions."""
    with collect() as shown:
        answer("Why?", " Because. ")
    assert shown[0].data == {"question": "Why?", "answer": "Because."}
    assert shown[0].text == "Q: Why?\nA: Because."


@pytest.mark.parametrize(("question", "text"), [("", "x"), ("x", ""), (" ", " ")])
def test_an_empty_question_or_answer_is_refused(question: str, text: str) -> None:
    """Nothing to ask or nothing to say is a fault of the article."""
    with pytest.raises(ValueError, match="must have"):
        answer(question, text)

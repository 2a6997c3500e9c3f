"""Answers: a question that opens to a computed text."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from markdown import markdown

from perpnotes.publish.compute.outputs import collect
from perpnotes.publish.show.answers import answer, judged


def test_an_answer_is_markdown_in_an_element_that_opens() -> None:
    """It works without a script, and its links and emphasis are rendered."""
    with collect() as shown:
        answer("Is a < b?", "Yes, **always**.")
    html = markdown(shown[0].content, extensions=["md_in_html"])
    assert "<summary>Is a &lt; b?</summary>" in html
    assert "<strong>always</strong>" in html
    assert "open" not in html.partition(">")[0]


PAGE = """\
# Page

```python exec="on"
from perpnotes.publish.show.answers import answer
answer("Is 2 * 3 * 4 <b> & `x`?", f"It is **{2 * 3 * 4}**, see [home](index.md).\\n\\nAnd *more*.")
answer("Second?", "Yes, 2.")
```
"""


def test_the_question_is_text_and_the_answer_markdown(site: Callable[..., Any], generator: str) -> None:
    """Stars in a question stay stars; in the answer they emphasize, links are followed, and all answers are closed."""
    built = site(page=PAGE)
    result = built.build(generator)
    assert result.returncode == 0, result.stderr + result.stdout
    html = built.page("page")
    assert "<summary>Is 2 * 3 * 4 &lt;b&gt; &amp; `x`?</summary>" in html
    assert '<strong><data class="calc" value="24" data-trace="a0.0">24</data></strong>' in html  # and can be asked
    assert "<em>more</em>" in html
    assert 'href="../"' in html
    assert re.findall(r'<details class="pn-answer" id="([^"]*)">', html) == ["q-is-2-3-4-b-x", "q-second"]


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


def test_a_claim_is_judged_in_one_of_three_ways() -> None:
    """By what the article computed, not by words of its own; what does not hold says what does."""
    assert judged(np.bool_(True)) == "Holds"
    assert judged(True, "prices jump.") == "Holds if prices jump"
    assert judged(False, "costs add up") == "Does not hold as said: costs add up"
    with pytest.raises(ValueError, match="what is true instead"):
        judged(False)
    with pytest.raises(ValueError, match="True or False"):
        judged("yes")

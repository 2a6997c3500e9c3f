"""Questions that readers ask, with computed answers, and what became of a claim."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from markdown.extensions.toc import slugify

from perpnotes.publish.compute.outputs import Output, show


def answer(question: str, text: str) -> None:
    """Show a question that opens to its answer.

    Parameters:
        question: plain text, not empty.
        text: Markdown, not empty: usually an f-string whose numbers come from `units.fmt`.

    Raises:
        ValueError: for an empty question or answer.
    """
    if not question.strip() or not text.strip():
        raise ValueError("an answer must have a question and a text")
    summary = f"<summary>{escape(question)}</summary>"
    name = f"q-{slugify(question, '-')}"
    content = f'<details class="pn-answer" id="{name}" markdown="1">\n{summary}\n\n{text.strip()}\n\n</details>'
    data = {"question": question, "answer": text.strip()}
    show(Output("answer", content, "markdown", f"Q: {question}\nA: {text.strip()}", data))


def judged(holds: Any, condition: str = "") -> str:
    """What became of a claim: `Holds`, `Holds if …` or `Does not hold as said: …`.

    The article computes whether it holds, so that the words change with the numbers. The primer quotes them.

    Parameters:
        holds: True or False, computed.
        condition: under which it holds, without the *if*; or what is true instead. Numbers in it come from `units.fmt`.

    Raises:
        ValueError: for what is neither True nor False, or a claim that does not hold and nothing in its place.

    Examples:
        >>> judged(True), judged(True, "the hedge is a long one")
        ('Holds', 'Holds if the hedge is a long one')
        >>> judged(False, "only a holder who resizes compounds")
        'Does not hold as said: only a holder who resizes compounds'
    """
    if not isinstance(holds, bool | np.bool_):
        raise ValueError(f"holds must be True or False, got {holds!r}")
    said = condition.strip().rstrip(".")
    if holds:
        return f"Holds if {said}" if said else "Holds"
    if not said:
        raise ValueError("condition must say what is true instead")
    return f"Does not hold as said: {said}"

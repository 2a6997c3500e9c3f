"""Questions that readers ask, with computed answers."""

from __future__ import annotations

from html import escape

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

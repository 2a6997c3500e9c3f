"""Tables of computed numbers, and the derivation that answers "why?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from math_core import LatexToMathML

from perpnotes import Derivation
from perpnotes.publish.displays import Display, show
from perpnotes.publish.units import fmt

Columns = Mapping[str, tuple[str, str]]
"""For each key of a row, in order: the header and the unit."""

_converter = LatexToMathML(fancy_error=False)


def table(rows: Sequence[Mapping[str, Any]], *, columns: Columns, caption: str, id: str) -> None:  # noqa: A002
    """Show rows as a table; numbers are aligned to the right, the first column names the row.

    Parameters:
        rows: at least one; each has every key of `columns`.
        columns: key to `(header, unit)`, in the order of the columns.
        caption: what the table shows; not empty.
        id: of the element; unique on the page.

    Raises:
        ValueError: for no rows, no caption, or a value that its unit cannot format.
        KeyError: for a row without one of the keys.
    """
    if not rows or not caption:
        raise ValueError("a table must have rows and a caption")
    cells = [[fmt(row[key], unit) for key, (_, unit) in columns.items()] for row in rows]
    headers = [header for header, _ in columns.values()]
    numeric = [unit not in ("", "text") for _, unit in columns.values()]
    show(
        Display(
            "table",
            wrap(html_table(headers, cells, numeric), caption=caption, id=id),
            "html",
            text_table(headers, cells, caption),
            {"id": id, "caption": caption, "headers": headers, "rows": cells},
        )
    )


def derivation(why: Derivation, *, caption: str, id: str) -> None:  # noqa: A002
    """Show the terms behind a number: what each is, its formula, its value.

    Parameters:
        why: from the `why()` of a result.
        caption: which number is explained; not empty.
        id: of the element; unique on the page.

    Raises:
        ValueError: for no caption, or LaTeX that cannot be set.
    """
    if not caption:
        raise ValueError("a derivation must have a caption")
    rows = []
    for term in why.terms:
        latex = f"{term.symbol} = {term.formula}" if term.formula else term.symbol
        formula = _converter.convert_with_local_state(latex, displaystyle=False)
        value = f"{fmt(term.value, 'number.2')} {term.unit}" if term.unit else f"{term.value:.6g}"
        rows.append((term.meaning, formula, value))
    body = "".join(
        f'<tr><th scope="row">{escape(meaning)}</th><td>{formula}</td><td class="pn-number">{escape(value)}</td></tr>'
        for meaning, formula, value in rows
    )
    head = '<tr><th scope="col">Term</th><th scope="col">Formula</th><th scope="col" class="pn-number">Value</th></tr>'
    html = f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
    cells = [[meaning, value] for meaning, _, value in rows]
    data = {"id": id, "caption": caption, "headers": ["Term", "Value"], "rows": cells}
    show(Display("table", wrap(html, caption=caption, id=id), "html", f"{caption}\n{why}", data))


def html_table(headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """A `table` element; `numeric` says which columns hold numbers."""

    def cell(tag: str, scope: str, text: str, number: bool) -> str:
        attributes = (f' scope="{scope}"' if scope else "") + (' class="pn-number"' if number else "")
        return f"<{tag}{attributes}>{escape(text)}</{tag}>"

    head = "".join(cell("th", "col", text, number) for text, number in zip(headers, numeric, strict=True))
    body = "".join(
        "<tr>"
        + cell("th", "row", row[0], numeric[0])
        + "".join(cell("td", "", text, number) for text, number in zip(row[1:], numeric[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def wrap(html: str, *, caption: str, id: str) -> str:  # noqa: A002
    """A table with its caption, in a box that scrolls by itself and can be reached with the keyboard."""
    # A figure, so that the caption stays put while a wide table scrolls under it.
    return (
        f'<figure class="pn-table" id="{escape(id)}"><figcaption>{escape(caption)}</figcaption>'
        f'<div class="pn-scroll" role="region" tabindex="0" aria-label="{escape(caption)}">{html}</div></figure>'
    )


def text_table(headers: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """The same for a terminal and the ledger."""
    lines = [f"{row[0]}: " + "; ".join(f"{h} {c}" for h, c in zip(headers[1:], row[1:], strict=True)) for row in rows]
    return "\n".join([caption, *lines])

"""Tables of computed numbers, and the derivation that answers "why?"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from math_core import LatexError, LatexToMathML

from perpnotes import Derivation
from perpnotes.publish.compute.outputs import Output, show
from perpnotes.publish.compute.units import MINUS, NBSP, UNITS, fmt, together

Columns = Mapping[str, tuple[str, str] | tuple[str, str, str]]
"""For each key of a row, in order: the header, the unit and, if there can be one, a word for an infinite number."""

_DOLLARS = re.compile(rf"[≤≥~]?\s?{MINUS}?\$[\d,.]+")

_converter = LatexToMathML(fancy_error=False)  # a plain message: it may end in a log


def table(rows: Sequence[Mapping[str, Any]], *, columns: Columns, caption: str, id: str) -> None:
    """Show rows as a table; numbers are aligned to the right, the first column names the row.

    Parameters:
        rows: at least one; each has every key of `columns`.
        columns: key to `(header, unit)` or, for numbers that may be infinite, `(header, unit, word)`, in the order of
            the columns.
        caption: what the table shows; not empty.
        id: of the element; lower case, unique on the page.

    Raises:
        ValueError: for no rows, no columns, no caption, an id that is none, or a value that its unit cannot format.
        KeyError: for a row without one of the keys.
    """
    check(caption=caption, id=id)
    headers, cells, numeric = formatted(rows, columns)
    show(
        Output(
            "table",
            wrap(html_table(headers, cells, numeric, id), caption=caption, id=id),
            "html",
            text_table(headers, cells, caption),
            {"id": id, "caption": caption, "headers": headers, "rows": cells},
        )
    )


def derivation(why: Derivation, *, caption: str, id: str) -> None:
    """Show the terms behind a number: what each is, its value, its formula. The last row is the result.

    Parameters:
        why: from the `why()` of a result.
        caption: which number is explained; not empty.
        id: of the element; lower case, unique on the page.

    Raises:
        ValueError: for no caption, an id that is none, a value that is not finite, or LaTeX that cannot be set.
    """
    check(caption=caption, id=id)
    cells = [[term.meaning, _amount(term.value, term.unit)] for term in why.terms]
    formulas = [mathml(f"{term.symbol} = {term.formula}" if term.formula else term.symbol) for term in why.terms]
    body = "".join(
        f'<tr><th scope="row">{escape(meaning)}</th><td class="pn-n" data-trace="{id}.1">{escape(value)}</td>'
        f"<td>{formula}</td></tr>"
        for (meaning, value), formula in zip(cells, formulas, strict=True)
    )
    head = '<tr><th scope="col">Term</th><th scope="col" class="pn-n">Value</th><th scope="col">Formula</th></tr>'
    html = f'<table class="pn-rows pn-why"><thead>{head}</thead><tbody>{body}</tbody></table>'
    data = {"id": id, "caption": caption, "headers": ["Term", "Value"], "rows": cells}
    show(Output("table", wrap(html, caption=caption, id=id), "html", f"{caption}\n{why}", data))


def check(**texts: str) -> None:
    """Raises ValueError for an empty text, or an `id` that could not be linked to."""
    for name, text in texts.items():
        if not text.strip():
            raise ValueError(f"{name} must not be empty")
        if name == "id" and not re.fullmatch(r"[a-z][a-z0-9-]*", text):
            raise ValueError(f"id must be lower-case letters, digits and hyphens, got {text!r}")


def formatted(rows: Sequence[Mapping[str, Any]], columns: Columns) -> tuple[list[str], list[list[str]], list[bool]]:
    """Headers, formatted cells, and which columns hold numbers.

    Parameters:
        rows: as for `table`.
        columns: as for `table`.

    Raises:
        ValueError: for no rows, no columns, or a value that its unit cannot format.
    """
    if not rows or not columns:
        raise ValueError("a table must have rows and columns")
    cells = [[fmt(row[key], *how) for key, (_, *how) in columns.items()] for row in rows]
    headers = [header for header, *_ in columns.values()]
    numeric = [unit not in ("", "text") for _, unit, *_ in columns.values()]
    for k, column in enumerate(zip(*cells, strict=True)):  # dollars with words among them are numbers, too
        numeric[k] |= k > 0 and 2 * sum(bool(_DOLLARS.fullmatch(text)) for text in column) >= len(column)
    return headers, cells, numeric


def html_table(headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], id: str) -> str:
    """A `table` element.

    Parameters:
        headers: of the columns.
        rows: of cells.
        numeric: which columns hold numbers.
        id: of the table or figure; a reader can ask each cell with a number in it, by this and its column. The first
            column of a figure is an axis and cannot be asked.
    """

    def cell(tag: str, scope: str, text: str, number: bool) -> str:
        attributes = (f' scope="{scope}"' if scope else "") + (' class="pn-n"' if number else "")
        shown = escape(together(text), quote=False)
        if not number:
            shown = re.sub(r"\b\d{4}-\d\d(?:-\d\d)?\b", r'<span class="pn-d">\g<0></span>', shown)  # a date stays whole
        return f"<{tag}{attributes}>{shown}</{tag}>"

    head = "".join(cell("th", "col", text, number) for text, number in zip(headers, numeric, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            cell("td" if column else "th", "" if column else "row", text, number)
            for column, (text, number) in enumerate(zip(row, numeric, strict=True))
        )
        + "</tr>"
        for row in rows
    )
    # The class keeps the theme's script from wrapping it once more.
    return f'<table class="pn-rows" data-trace="{id}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def scroll(html: str, label: str) -> str:
    """`html` in a box that scrolls by itself and can be reached with the keyboard."""
    return f'<div class="pn-scroll" role="region" tabindex="0" aria-label="{escape(label)}">{html}</div>'


def wrap(html: str, *, caption: str, id: str) -> str:
    """A table with its caption; a figure, so that the caption stays put while a wide table scrolls under it."""
    return (
        f'<figure class="pn-table" id="{id}"><figcaption>{escape(caption, quote=False)}</figcaption>'
        f"{scroll(html, caption)}</figure>"
    )


def text_table(headers: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """The same for a terminal and the ledger: a line for each row."""
    lines = [f"{row[0]}: " + "; ".join(f"{h} {c}" for h, c in zip(headers[1:], row[1:], strict=True)) for row in rows]
    return "\n".join([caption, *lines])


def _amount(value: float, unit: str) -> str:
    if unit.lower() in UNITS:
        return fmt(value, unit.lower())
    if unit:
        return fmt(value, "number") + NBSP + unit
    fmt(value, "number")  # refuses what is not finite
    return f"{value:,.6g}".replace("-", MINUS)


def mathml(tex: str, *, displayed: bool = False) -> str:
    """LaTeX as MathML Core, which keeps it for search and for copying.

    Parameters:
        tex: without dollars around it.
        displayed: whether it stands between paragraphs.

    Raises:
        ValueError: the LaTeX has a fault.
    """
    try:  # each formula by itself: numbers and macros of one page must not depend on another
        html = _converter.convert_with_local_state(tex, displaystyle=displayed)
    except LatexError as error:
        raise ValueError(f"LaTeX: {error} in {tex!r}") from None
    # A table begins at this level by itself, and HTML does not let it say so.
    html = html.replace('<mtable displaystyle="true" scriptlevel="0"', '<mtable displaystyle="true"')
    return html.replace("<math", f'<math alttext="{escape(" ".join(tex.split()))}"', 1)

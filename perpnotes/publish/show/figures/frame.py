"""The scale of a chart, and the figure around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from perpnotes.publish.compute.outputs import Output, show
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.svg import Drawing
from perpnotes.publish.show.tables import check, html_table, scroll, text_table

LOG = ", log scale"  # said of each axis that has one


def scaled(values: Sequence[float], log: bool = False) -> tuple[Callable[[float], float], list[float]]:
    """Where each value stands from 0 at the low end of an axis to 1 at the high one, and its ticks."""
    if log and min(values) <= 0:
        raise ValueError(f"every value must be > 0 for a logarithmic axis, got {min(values)}")
    to = math.log if log else float
    low, high = to(min(values)), to(max(values))
    edge = (high - low or abs(high) or 1.0) * 0.05
    low, high = low - edge, high + edge
    ticks = layout.log_ticks(math.exp(low), math.exp(high)) if log else layout.ticks(low, high)
    return lambda value: (to(value) - low) / (high - low), ticks


def key(name: str, color: str = "", *, kind: str = "") -> str:
    """What a color, or a sign that the style sheet knows, stands for."""
    sign = f'style="background:{color}"' if color else f'class="pn-{kind}"'
    return f"<i {sign}></i> {escape(name, quote=False)}"


def show_figure(
    drawing: Drawing,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str,
    alternative: str,
    id: str,
    *,
    title: str,
    notes: Sequence[str] = (),
    numeric: Sequence[bool] = (),
) -> None:
    """Show a chart as a figure, with its caption, its text alternative and its data.

    Parameters:
        drawing: of the chart.
        headers: of the table below it.
        rows: its cells, formatted.
        caption: says what is shown.
        alternative: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        title: what stands above the chart.
        notes: keys that stand beside it, as HTML.
        numeric: which columns hold numbers; by default all but the first.

    Raises:
        ValueError: for a missing text, or an alternative that only names a chart.
    """
    check(caption=caption, alt=alternative, id=id)
    if alternative.lower().startswith(("a chart", "chart of", "a figure", "figure")):
        raise ValueError("alt must say what the reader should see, not that it is a chart")
    table = html_table(headers, rows, numeric or [False] + [True] * (len(headers) - 1), id)
    note = "".join(f"<span>{text}</span>" for text in [escape(title, quote=False), *notes])
    html = (
        f'<figure class="pn-figure" id="{id}"><figcaption>{escape(caption, quote=False)}</figcaption>'
        f'<div class="pn-head"><output class="pn-readout" aria-live="polite"></output>'
        f'<div class="pn-note">{note}</div></div>'
        f'<div class="pn-plot" style="{drawing.style()}" role="img" aria-label="{escape(alternative)}" '
        f"data-search-exclude>{drawing.svg()}</div>"
        '<details class="pn-data" data-search-exclude><summary>Data</summary>'
        f"{scroll(table, f'Data: {caption}')}</details></figure>"
    )
    text = text_table(headers, rows, caption)
    data = {
        "id": id, "caption": caption, "alt": alternative,
        "headers": list(headers), "rows": [list(r) for r in rows],
    }  # fmt: skip
    show(Output("figure", html, "html", text, data))

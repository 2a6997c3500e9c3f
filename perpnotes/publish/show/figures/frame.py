"""What every chart is made of: data, axes whose labels we write, a frame of our width, and the figure around it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import altair as _alt

from perpnotes.publish.compute.outputs import Output, show
from perpnotes.publish.show.figures import layout, svg
from perpnotes.publish.show.figures.svg import WIDTH
from perpnotes.publish.show.tables import check, html_table, scroll, text_table

BELOW = {"titleBaseline": "top", "titleY": 23}
"""Where the title of a horizontal axis stands."""


def chart_of(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A chart of these rows, without a mark."""
    return _alt.Chart(_alt.Data(values=list(rows)))  # type: ignore[no-untyped-call]


def fill_of(field: str) -> Any:
    """A fill in the color that is in a field of the rows."""
    return _alt.Fill(f"{field}:N", scale=None)


def framed(
    layers: Sequence[Any], *, left: float, right: float, top: float, bottom: float, height: float
) -> Mapping[str, Any]:
    """Layers in a drawing of our width, with just the room given.

    Put together here: Altair would copy each several times and look at each again, which takes longer than drawing.
    """
    left, right = math.ceil(left), math.ceil(right)
    datasets: dict[str, Any] = {}
    return {
        "layer": [
            layer.to_dict(validate=False, context={"top_level": False, "datasets": datasets}) for layer in layers
        ],
        "datasets": datasets,
        "width": WIDTH - left - right,
        "height": height,
        "padding": {"left": left, "right": right, "top": top, "bottom": bottom},
        "autosize": {"type": "none"},
    }


def axis_of(values: Sequence[float], labels: Sequence[str], **options: Any) -> Any:
    """An axis with these labels at these values: `units` formats them, not Vega."""
    lines = [label.split("\n") if "\n" in label else label for label in labels]
    expression = f"{json.dumps(lines)}[indexof({json.dumps([float(v) for v in values])}, datum.value)]"
    return _alt.Axis(values=list(values), labelExpr=expression, labelOverlap=False, **options)


def px_axis(channel: Any, size: float, axis: Any = None) -> Any:
    """An axis of a drawing in px, from its left or its top."""
    ends = [0, size] if channel is _alt.X else [size, 0]
    name = "x:Q" if channel is _alt.X else "y:Q"
    return channel(name, title=None, scale=_alt.Scale(domain=ends, nice=False, zero=False), axis=axis)


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


def show_figure(
    chart: Any,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str,
    alternative: str,
    id: str,
    *,
    notes: Sequence[str] = (),
    numeric: Sequence[bool] = (),
    crisp: bool = False,
) -> None:
    """Show a chart as a figure, with its caption, its text alternative and its data.

    Parameters:
        chart: what `svg.render` takes.
        headers: of the table below the chart.
        rows: its cells, formatted.
        caption: says what is shown.
        alternative: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        notes: HTML of what stands above the chart.
        numeric: which columns hold numbers; by default all but the first.
        crisp: as for `svg.render`.

    Raises:
        ValueError: for a missing text, an alternative that only names a chart, or what `svg.render` refuses.
    """
    check(caption=caption, alt=alternative, id=id)
    if alternative.lower().startswith(("a chart", "chart of", "a figure", "figure")):
        raise ValueError("alt must say what the reader should see, not that it is a chart")
    table = html_table(headers, rows, numeric or [False] + [True] * (len(headers) - 1), id)
    note = "".join(f"<span>{text}</span>" for text in notes)
    drawn = svg.render(chart, id, crisp=crisp)
    html = (
        f'<figure class="pn-figure" id="{id}"><figcaption>{escape(caption, quote=False)}</figcaption>'
        f'<div class="pn-head"><output class="pn-readout" aria-live="polite"></output>'
        f'<div class="pn-note">{note}</div></div>'
        f'<div class="pn-plot" style="aspect-ratio:{svg.aspect(drawn)}" role="img" aria-label="{escape(alternative)}" '
        f"data-search-exclude>{drawn}</div>"
        '<details class="pn-data" data-search-exclude><summary>Data</summary>'
        f"{scroll(table, f'Data: {caption}')}</details></figure>"
    )
    text = text_table(headers, rows, caption)
    data = {
        "id": id, "caption": caption, "alt": alternative,
        "headers": list(headers), "rows": [list(r) for r in rows],
    }  # fmt: skip
    show(Output("figure", html, "html", text, data))

"""Charts: `heatmap`, `lines`, `bars`, `intervals`, `specification`, and `figure` for what they cannot show.

A page gets an inline SVG and no chart runtime.
They are drawn as wide as a phone's column, so that their labels are readable there; on a wide
screen they grow with the column, and `figures.css` keeps their text from growing with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as _alt

from perpnotes.publish.show.figures.barcharts import bars
from perpnotes.publish.show.figures.frame import show_figure
from perpnotes.publish.show.figures.heatmaps import heatmap
from perpnotes.publish.show.figures.levels import ladder, slopes
from perpnotes.publish.show.figures.linecharts import lines
from perpnotes.publish.show.figures.networks import network
from perpnotes.publish.show.figures.panels import panels
from perpnotes.publish.show.figures.ranges import intervals, specification, verdict
from perpnotes.publish.show.figures.svg import GAIN, INK, LOSS, MUTED, PAPER, PLAIN, RULE, SERIES, WIDTH
from perpnotes.publish.show.tables import Columns, formatted

__all__ = [
    "GAIN",
    "INK",
    "LOSS",
    "MUTED",
    "PAPER",
    "PLAIN",
    "RULE",
    "SERIES",
    "bars",
    "figure",
    "heatmap",
    "intervals",
    "ladder",
    "lines",
    "network",
    "panels",
    "slopes",
    "specification",
    "verdict",
]


def figure(
    chart: Any,
    *,
    caption: str,
    alt: str,
    id: str,
    data: Sequence[Mapping[str, Any]],
    columns: Columns,
) -> None:
    """Show any Altair chart; for what `heatmap`, `lines` and `bars` cannot show.

    Parameters:
        chart: an `altair.Chart` or layers. Use the colors of this module only, they follow the scheme. Give each mark a
            `description` that says its value, with `units.fmt`. Without a width it is made to fit.
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        data: the rows of the table below the chart.
        columns: its columns, as for `tables.table`.

    Raises:
        ValueError: for a color that would not follow the scheme, a chart wider than a phone, no data, no text.
    """
    headers, table, numeric = formatted(data, columns)
    if chart.to_dict().get("width") is None:
        chart = chart.properties(width=WIDTH, autosize=_alt.AutoSizeParams(type="fit", contains="padding"))
    show_figure(chart.to_dict(), headers, table, caption, alt, id, numeric=numeric)

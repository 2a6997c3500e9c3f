"""Charts, each form for a point of its own. A page gets an inline SVG and no chart runtime.

They are drawn as wide as a phone's column, so that their labels are readable there. On a wide screen the plot is
stretched across the column, and texts keep their size.
"""

from __future__ import annotations

from perpnotes.publish.show.figures.barcharts import bars
from perpnotes.publish.show.figures.heatmaps import heatmap
from perpnotes.publish.show.figures.levels import ladder, slopes
from perpnotes.publish.show.figures.linecharts import lines
from perpnotes.publish.show.figures.networks import network
from perpnotes.publish.show.figures.panels import panels
from perpnotes.publish.show.figures.ranges import intervals, specification, verdict

__all__ = [
    "bars",
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

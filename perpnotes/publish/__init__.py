"""Articles into pages: the only part of the project that knows Markdown, charts or HTML; the library never imports it.

Its rooms, in the way of an article. Each imports from those above it, never back:

- `inputs`: what a page is made from, noted while it renders.
- `articles`: an article is read, once.
- `compute`: its code runs in a process; results are kept; every number goes into the ledger; records are read.
- `show`: what an author can put on a page: figures, tables, answers, pictures that a reader moves.
- `evidence`: what stands behind a number: published examples, tests, measured market data.
- `page`: Markdown extensions that both site generators load.
- `site`: what is added to a built site: structured data, feeds, search, styles, copies, downloads.
- `checks`: the rules for articles. They may read what `show` and `page` declare.
- `cli`, `scaffold`, `loop`: what a contributor types. `serve`: what shows an edit at once.

An article imports what it shows with from here: `from perpnotes.publish import answer, bars, fmt, lines, table`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perpnotes.publish.checks import rule_list
    from perpnotes.publish.compute.records import fact, record
    from perpnotes.publish.compute.units import UNITS, fmt
    from perpnotes.publish.evidence.verification import verify
    from perpnotes.publish.show.answers import answer, judged
    from perpnotes.publish.show.explore import columns, explore, rungs, standing
    from perpnotes.publish.show.figures import (
        bars,
        heatmap,
        intervals,
        ladder,
        lines,
        network,
        slopes,
        specification,
        verdict,
    )
    from perpnotes.publish.show.figures.panels import panels
    from perpnotes.publish.show.tables import derivation, table, tiles
    from perpnotes.publish.show.yours import yours

__all__ = [
    "UNITS", "answer", "bars", "columns", "derivation", "explore", "fact", "fmt", "heatmap",
    "intervals", "judged", "ladder", "lines", "network", "panels", "record", "rule_list", "rungs", "slopes",
    "specification", "standing", "table", "tiles", "verdict", "verify", "yours",
]  # fmt: skip

_HOMES = {  # but for the figures
    "checks": ("rule_list",),
    "compute.records": ("fact", "record"),
    "compute.units": ("UNITS", "fmt"),
    "evidence.verification": ("verify",),
    "show.answers": ("answer", "judged"),
    "show.explore": ("columns", "explore", "rungs", "standing"),
    "show.tables": ("derivation", "table", "tiles"),
    "show.yours": ("yours",),
}


def __getattr__(name: str) -> Any:
    """What an author uses, loaded when it is first asked for: a page without a chart does not wait for the library."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_home(name)), name)


def _home(name: str) -> str:
    """The module that has what an author uses."""
    return f"{__name__}.{next((home for home, names in _HOMES.items() if name in names), 'show.figures')}"

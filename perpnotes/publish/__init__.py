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
from typing import Any

_HOMES = {  # a page does not wait for, and does not depend on, what it does not use
    name: f"{__name__}.{home}"
    for home, names in {
        "checks": "rule_list",
        "compute.records": "fact record",
        "compute.units": "UNITS fmt",
        "evidence.verification": "verify",
        "show.answers": "answer judged",
        "show.explore": "columns explore rungs standing",
        "show.figures": "bars heatmap intervals ladder lines network panels slopes specification verdict",
        "show.tables": "derivation table",
        "show.yours": "yours",
    }.items()
    for name in names.split()
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """What an author uses, loaded when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

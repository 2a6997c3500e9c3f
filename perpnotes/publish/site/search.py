"""What the search puts first: the thing that is called what the reader typed.

The theme's index weighs a title by how short it is and a page twice a section, so that an article about mark prices
comes before the definition of the mark price, and a function called `grid` after every page that has a grid. A name of
its own, in the field that the theme weighs most (`tags`, by which articles are not found: their names are), puts that
right.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

_EXACT = 3  # what an exact name counts beside an article called after the same idea, which the theme counts twice


def name_entries(site: Path) -> int:
    """Gives terms, articles and public functions of one word their names in the search index of a built site.

    A function of several words needs nothing: no prose has its name.

    Parameters:
        site: the folder; its `search/search_index.json` is written again.

    Returns:
        How many entries have a name.
    """
    path = site / "search/search_index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    for entry in index["docs"]:
        entry.pop("tags", None)
        page, _, anchor = entry["location"].partition("#")
        folder, _, rest = page.partition("/")
        if folder == "glossary" and anchor:
            entry |= {"tags": [re.sub(r"<[^>]+>", "", entry["title"])], "boost": _EXACT}
        elif folder == "insights" and rest and not anchor:
            entry["tags"] = [rest.rstrip("/")]
        elif folder == "reference" and re.fullmatch(r"perpnotes\.[a-z]+\.[A-Za-z][a-z]*", anchor):
            entry |= {"tags": [anchor.rpartition(".")[2]], "boost": _EXACT}
    path.write_text(json.dumps(index, separators=(",", ":")), encoding="utf-8")
    return sum("tags" in entry for entry in index["docs"])

"""An article's key numbers as tiles and its perspectives as cards.

Beside a key number stands what kind of evidence it is: in tiles, and wherever another page quotes it.
"""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree.ElementTree import Element

from markdown import Markdown

from perpnotes.publish.articles import KINDS
from perpnotes.publish.page import fences

EVIDENCE = Path("docs/evidence.md")
"""The page that explains the kinds, from the root of the repository."""

PERSPECTIVES = {"trade": "If you trade", "build": "If you build an exchange", "manage": "If you manage risk"}
"""For each `audience` of the front matter, the `###` heading of its perspective."""


def tiles(_md: Markdown, root: Element) -> None:
    """A list above the first section whose items begin with a computed number: each is a tile."""
    for child in root:
        if child.tag == "h2":
            return
        if child.tag == "ul" and all(len(item) and item[0].tag == "data" and not item.text for item in child):
            child.set("class", "pn-tiles pn-key")


def kinds(md: Markdown, root: Element) -> None:
    """Behind each number that is quoted, or begins a tile, and has a kind: the kind, and the range if there is one."""
    for parent in list(root.iter()):
        for place, child in reversed(list(enumerate(parent))):
            quoted = child.tag == "a" and len(child) == 1 and child[0].tag == "data"
            key = child.tag == "data" and place == 0 and parent.tag == "li" and not parent.text
            number = child[0] if quoted else child
            if (quoted or key) and (kind := number.get("data-kind")):
                path = fences.path_of(getattr(md, "_original_md", md)) or EVIDENCE.absolute()
                target = Path(os.path.relpath(EVIDENCE.absolute(), path.parent)).as_posix()
                label = Element("a", {"class": "pn-kind", "href": f"{target}#{kind}", "title": KINDS[kind]})
                span = number.get("data-span")
                label.text = f"{kind}, {span}" if span else kind
                both = Element("span", {"class": "pn-known"})
                parent[place] = both
                both.tail, child.tail = child.tail, " "
                both.extend((child, label))


def cards(_md: Markdown, root: Element) -> None:
    """A perspective's heading and what follows, up to the next heading, go into a section."""
    children, card = list(root), None
    for child in children:
        if child.tag in ("h1", "h2", "h3"):
            perspective = child.tag == "h3" and "".join(child.itertext()) in PERSPECTIVES.values()
            card = Element("section", {"class": "pn-card"}) if perspective else None
            if card is not None:
                root.insert(list(root).index(child), card)
        if card is not None:
            root.remove(child)
            card.append(child)

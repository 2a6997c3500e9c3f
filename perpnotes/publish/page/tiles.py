"""An article's key numbers as tiles and its perspectives as cards; a Python-Markdown extension, for `mkdocs.yml`."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

PERSPECTIVES = {"trade": "If you trade", "build": "If you build an exchange", "manage": "If you manage risk"}
"""For each `audience` of the front matter, the `###` heading of its perspective."""


class _Tiles(Treeprocessor):
    """A list above the first section whose items begin with a computed number: each is a tile."""

    def run(self, root: Element) -> None:
        for child in root:
            if child.tag == "h2":
                return
            if child.tag == "ul" and all(len(item) and item[0].tag == "data" and not item.text for item in child):
                child.set("class", "pn-tiles pn-key")


class _Cards(Treeprocessor):
    """A perspective's heading and what follows, up to the next heading, go into a section."""

    def run(self, root: Element) -> None:
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


class _Extension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        md.treeprocessors.register(_Tiles(md), "tiles", 15)  # after 20, where inline values are computed
        md.treeprocessors.register(_Cards(md), "perspectives", 15)  # before 5, where headings get a link with text


def makeExtension(**options: Any) -> Extension:
    """What `mkdocs.yml` names."""
    return _Extension(**options)

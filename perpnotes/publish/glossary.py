"""Gives every link to a term of the glossary that term's definition as its tooltip.

A Python-Markdown extension, so that any generator runs it. The glossary is a page with a `##` heading for each term;
the definition is the first paragraph below it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.extensions.toc import slugify
from markdown.treeprocessors import Treeprocessor

from perpnotes.publish import fences

_TERM = re.compile(r"^## +(?P<term>.+?)\s*\n+(?P<definition>(?:[^\s#].*\n?)+)", re.MULTILINE)
_LINK = re.compile(r"(?:.*/)?glossary\.md#(?P<anchor>.+)")


def terms(path: Path) -> dict[str, tuple[str, str]]:
    """The terms of a glossary: anchor to term and definition.

    Parameters:
        path: the Markdown file.

    Raises:
        OSError: the file cannot be read.
    """
    found = _TERM.finditer(path.read_text(encoding="utf-8"))
    return {slugify(m["term"], "-"): (m["term"], re.sub(r"\s+", " ", m["definition"]).strip()) for m in found}


class _Tooltips(Treeprocessor):
    def __init__(self, md: Markdown, path: Path) -> None:
        super().__init__(md)
        self.path = path

    def run(self, root: Element) -> None:
        links = [(a, m["anchor"]) for a in root.iter("a") if (m := _LINK.fullmatch(a.get("href", "")))]
        if not links:
            return
        known = terms(self.path)
        for link, anchor in links:
            if anchor not in known:
                fences.stop(self.md, f"{self.path.name} has no term #{anchor}", f"#{anchor}")
            link.set("title", known[anchor][1])
            link.set("class", f"{link.get('class', '')} pn-term".strip())


class GlossaryExtension(Extension):
    """Python-Markdown extension; its option `path` names the glossary's file."""

    def __init__(self, **options: Any) -> None:
        self.config = {"path": ["docs/glossary.md", "the glossary's file, from the working directory"]}
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  (Markdown's name)
        """Look at links after they were parsed (inline patterns: 20) and before MkDocs rewrites them (relpath: 0)."""
        md.treeprocessors.register(_Tooltips(md, Path(self.getConfig("path"))), "perpnotes_glossary", 10)


def makeExtension(**options: Any) -> GlossaryExtension:  # noqa: N802  (Markdown's name)
    """What Python-Markdown calls to load the extension."""
    return GlossaryExtension(**options)

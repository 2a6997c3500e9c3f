"""PN402: what the text of a page must not do to the page, or have a generator do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown

from perpnotes.publish.articles import CODE, Article, line_of, strange_fields
from perpnotes.publish.checks import permitted
from perpnotes.publish.checks.reading import mask, meta_line
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import nodes
from perpnotes.publish.page import markup

_DIRECTIVE = re.compile(
    r"(?:^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(?:#{1,6}[ \t]*)?|(?<=\s)):::.*$|-{1,}8<-{1,}|\{[{%#]", re.MULTILINE
)
_REFERENCE = re.compile(r"::: (perpnotes(?:\.\w+)?)")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_ACTIVE = re.compile(r"<[a-z/!]|(?:javascript|vbscript)\s*:|data:\s*\w+/", re.IGNORECASE)
_OPTIONS = {"exec", "code", "output", "title", "id", "seconds", "hl_lines", "linenums"}
"""Of a fence: what its renderer takes for itself."""

EXTENSIONS = (
    "abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "toc", "pymdownx.details",
    "pymdownx.inlinehilite", "pymdownx.superfences", "pymdownx.tabbed",
)  # fmt: skip
"""Of those in `mkdocs.yml`, what turns text into HTML by itself."""


@rule(
    "PN402",
    "active markup",
    "a page is shown under this site's name to everybody who reads it",
    "write Markdown, and of HTML what page/markup.py lists; link to the web, for mail or within the site; leave "
    "figures, formulas and references to their own syntax",
    everywhere=True,
)
def active_markup(page: Page) -> Found:
    """The text is rendered without its code, and the result read as a build reads the finished page."""
    article = page.article
    for message, needle in markup.faults(_rendered(article), markup.WRITTEN):
        at = article.text.lower().find(needle.lower())
        yield line_of(article.text, max(at, 0)), message
    for name in strange_fields(article.meta, article.path):
        yield meta_line(page, name), f"front matter with a field that is none of ours: {name}"
    yield from _directives(article)
    for found in _UNSEEN.finditer(article.text):
        yield line_of(article.text, found.start()), f"a character that nobody sees: U+{ord(found[0]):04X}"
    for line, tree in [*((block.line, tree) for block, tree in page.trees), *page.values]:
        for node in nodes(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and (active := _ACTIVE.search(node.value))
            ):
                at = line if isinstance(tree, ast.Expression) else node.lineno
                yield at, f"a text with markup in it: {active[0]}"


def _directives(article: Article) -> Iterator[tuple[int, str]]:
    """What would have a generator include something: only the reference may, a module of the library."""
    reference = Path(article.path).parent.name == "reference"
    lines = article.prose.split("\n")
    for text in (article.prose, mask(article.prose, CODE)):
        for found in _DIRECTIVE.finditer(text):
            line = line_of(text, found.start())
            exact = _REFERENCE.fullmatch(lines[line - 1])
            follows = "".join(lines[line : line + 1]).strip()
            if not (reference and exact and permitted.importable(exact[1]) and not follows):
                yield line, f"what has a generator include something: {found[0].strip()}"


def _rendered(article: Article) -> str:
    """A page's text as HTML; of its blocks, only their attributes; of inline values and formulas, nothing."""

    def accept(_language: str, inputs: dict[str, str], chosen: dict[str, Any], _attrs: Any, _md: Markdown) -> bool:
        chosen.update({name: value for name, value in inputs.items() if name not in _OPTIONS})
        return True

    def fence(_source: str, _language: str, _class: str, chosen: dict[str, Any], _md: Markdown, **more: Any) -> str:
        given = {"id": more["id_value"], "class": " ".join(more["classes"]), **chosen}
        attributes = " ".join(f"{name}='{value}'" for name, value in given.items() if value)
        return f"<pre {attributes}></pre>"

    def inline(*_given: Any) -> Element:
        return Element("span")

    md = Markdown(
        extensions=list(EXTENSIONS),
        extension_configs={
            "pymdownx.inlinehilite": {
                "custom_inline": [{"name": name, "class": "", "format": inline} for name in ("calc", "math")]
            },
            "pymdownx.superfences": {
                "relaxed_headers": True,
                "custom_fences": [{"name": "*", "class": "", "validator": accept, "format": fence}],
            },
            "pymdownx.tabbed": {"alternate_style": True},
            "toc": {"permalink": True},
        },
    )
    return md.convert("\n".join(article.text.split("\n")[article.begins :]))

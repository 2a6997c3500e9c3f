"""Leads from articles to the terms of the glossary, and back.

The glossary is a page with a `##` heading for each term; the definition is the first paragraph below it. Every link to
a term gets the definition as its tooltip; the glossary's own page gets, below each term, links to the articles that
link to it, and above the first a letter for each initial.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.extensions.toc import slugify

from perpnotes.publish import inputs
from perpnotes.publish.articles import Article, text_of
from perpnotes.publish.page import fences
from perpnotes.publish.show.listing import published

GLOSSARY = Path("docs/glossary.md")
"""From the root of the repository."""

_TERM = re.compile(r"^## +(?P<term>.+?)\s*\n+(?P<definition>(?:[^\s#].*\n?)+)", re.MULTILINE)
_LINK = re.compile(r"(?:.*/)?glossary\.md#(?P<anchor>.+)")


def terms(path: Path) -> dict[str, tuple[str, str]]:
    """The terms of a glossary: anchor to term and definition.

    Parameters:
        path: the Markdown file.

    Raises:
        ArticleError: bytes that are no UTF-8.
        OSError: the file cannot be read.
    """
    return dict(_found(text_of(path)))


def uses(found: Iterable[Article]) -> Mapping[str, Sequence[Article]]:
    """The articles that link to each term, by its anchor.

    Parameters:
        found: the articles, in the order in which they are to be named.
    """
    using: dict[str, list[Article]] = {}
    for article in found:
        for anchor in dict.fromkeys(re.findall(r"\bglossary\.md#([\w-]+)", article.text)):
            using.setdefault(anchor, []).append(article)
    return using


def _plain(text: str) -> str:
    """A paragraph of Markdown as a tooltip can show it: on one line, without links and marks."""
    text = re.sub(r"`(?:#!\w+ )?([^`]*)`", r"\1", re.sub(r"\s+", " ", text.strip()))
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"(?<!\w)(\*\*|[*_])(?=\S)(.+?)(?<=\S)\1(?!\w)", r"\2", text)


@lru_cache(maxsize=1)
def _found(text: str) -> Mapping[str, tuple[str, str]]:
    return {slugify(m["term"], "-"): (m["term"], _plain(m["definition"])) for m in _TERM.finditer(text)}


def _definition(path: Path, anchor: str) -> str | None:
    found = _found(text_of(path)).get(anchor)
    return found and found[1]


def _using() -> Mapping[str, Sequence[tuple[str, str]]]:
    """For each term, by its anchor, titles and files of the articles that link to it."""
    return {
        anchor: [(str(one.meta["title"]), one.path) for one in found] for anchor, found in uses(published()).items()
    }


def tooltips(md: Markdown, root: Element) -> None:
    """Each link to a term gets its definition."""
    links = [(a, m["anchor"]) for a in root.iter("a") if (m := _LINK.fullmatch(a.get("href", "")))]
    if not links:
        return
    for link, anchor in links:
        definition = inputs.ask(_definition, GLOSSARY, anchor)
        if definition is None:
            fences.stop(md, f"{GLOSSARY.name} has no term #{anchor}", f"#{anchor}")
        link.set("title", definition)
        link.set("class", f"{link.get('class', '')} pn-term".strip())


def ways(md: Markdown, root: Element) -> None:
    """On the glossary's own page: a letter for each initial, and below each term the articles that use it."""
    page = fences.own_page(md)
    headings = [child for child in root if child.tag == "h2"]
    if page is None or not headings or page.resolve() != GLOSSARY.resolve():
        return
    using = inputs.ask(_using)
    names = ["".join(heading.itertext()) for heading in headings]
    ends = [*(list(root).index(heading) for heading in headings[1:]), len(root)]
    for name, end in reversed(list(zip(names, ends, strict=True))):  # from the end, so that places stay right
        used = using.get(slugify(name, "-"), ())
        links = [(title, Path(path).relative_to(GLOSSARY.parent).as_posix()) for title, path in used]
        if links:
            root.insert(end, _links("p", {"class": "pn-used"}, "Used in: ", links, ", "))
    initials = [
        (letter, f"#{slugify(next(same), '-')}") for letter, same in groupby(names, key=lambda name: name[0].upper())
    ]
    bar = {"class": "pn-letters", "aria-label": "Terms by initial"}
    root.insert(list(root).index(headings[0]), _links("nav", bar, "", initials, " "))


def _links(tag: str, attributes: dict[str, str], text: str, links: Sequence[tuple[str, str]], between: str) -> Element:
    """An element with links in it, which the search does not read: it would find a term under every other."""
    element = Element(tag, {**attributes, "data-search-exclude": ""})
    element.text = text
    for name, href in links:
        link = SubElement(element, "a", href=href)
        link.text, link.tail = name, between
    link.tail = ""
    return element

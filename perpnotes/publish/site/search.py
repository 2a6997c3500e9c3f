"""The index of the search: what each page is about, its headings, and how each section begins.

It is made from the built pages, so that it is the same whatever built them, and stands in a script, because a page that
is read from a disk may not ask for data. `docs/assets/search.js` looks things up in it, once a reader searches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import NamedTuple

PLACE = "search/index.js"
_ABOUT, _OPENING = 300, 160  # characters of what a page and a section say

_ARTICLE = re.compile(r"<article\b[^>]*>(.*)</article>", re.DOTALL)
_DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)"')
_APART = re.compile(  # what is not read as text
    r"<(svg|pre|script|math|table|button|footer|summary)\b.*?</\1>|<(\w+)[^>]* data-search-exclude\b.*?</\2>"
    r"|<p class=\"pn-(?:byline|used)\b.*?</p>|<a[^>]* class=\"headerlink\".*?</a>"
    r"|<small class=\"doc doc-label.*?</small>",
    re.DOTALL,
)
_ANSWER = re.compile(r'<details\b[^>]* id="([^"]+)"[^>]*>\s*<summary>(.*?)</summary>', re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|li|div|d[dt]|t[rdh]|[uo]l|br|h\d|details|fig\w+|blockquote|section)\b[^>]*>")
_HEAD = re.compile(r'<(h[1-6])\b[^>]* id="([^"]+)"[^>]*>(.*?)</\1>', re.DOTALL)


class Section(NamedTuple):
    """A heading of a page, the anchor that leads to it, and how the text below it begins."""

    anchor: str
    title: str
    opening: str


class Page(NamedTuple):
    """What the search knows of a page; a script reads it as a list in this order."""

    address: str
    title: str
    about: str
    sections: list[Section]
    rest: str  # every other word of the page, once


def read(html: str, address: str) -> Page | None:
    """What the search knows of a page, or nothing for one without a title.

    Parameters:
        html: the built page.
        address: of the page, from the root of the site.
    """
    article = _ARTICLE.search(html)
    text = _ANSWER.sub(r'<h6 id="\1">\2</h6>', article[1]) if article else ""
    parts = _HEAD.split(_APART.sub(" ", text))
    heads = list(zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True))
    if not heads:
        return None
    (_, _, title, opening), *rest = heads
    description = _DESCRIPTION.search(html)
    about = f"{unescape(description[1]) if description else ''} {_text(opening)}"
    sections = [Section(anchor, _text(head), _cut(_text(body), _OPENING)) for _, anchor, head, body in rest]
    page = Page(address, _text(title), _cut(about.strip(), _ABOUT), sections, "")
    known = {*_words(" ".join([page.title, page.about, *(text for section in sections for text in section[1:])]))}
    every = _words(_text(" ".join([opening, *(body for _, _, _, body in rest)])))
    return page._replace(rest=" ".join(sorted({*every} - known)))


def script(pages: Iterable[Page]) -> str:
    """The index as a script."""
    return f"pnIndex({json.dumps(list(pages), ensure_ascii=False, separators=(',', ':'))})"


def pages(folder: Path) -> Iterator[Page]:
    """Every page of a built site that has a title."""
    for file in folder.rglob("index.html"):
        address = file.parent.relative_to(folder).as_posix()
        if page := read(file.read_text(encoding="utf-8"), "" if address == "." else f"{address}/"):
            yield page


def write(folder: Path, found: Iterable[Page] | None = None) -> int:
    """Write the index into a built site.

    Parameters:
        folder: what a generator has written.
        found: its pages, where they are known already.

    Returns:
        How many headings it has.
    """
    known = sorted(pages(folder) if found is None else found)
    target = folder / PLACE
    target.parent.mkdir(exist_ok=True)
    target.write_text(script(known), encoding="utf-8")
    return sum(1 + len(page.sections) for page in known)


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", _BLOCK.sub(" ", html))).split())


def _words(text: str) -> Iterator[str]:
    """Words of three letters or more, as somebody may type them."""
    yield from re.findall(r"[^\W\d_]{3,}", text.lower())


def _cut(text: str, length: int) -> str:
    """The beginning, up to the end of a word."""
    return text if len(text) <= length else text[:length].rpartition(" ")[0].rstrip(",;:") + " …"

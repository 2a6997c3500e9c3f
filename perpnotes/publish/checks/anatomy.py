"""PN001 and PN1xx: what a page is made of, whether it can be read, and what an article must have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from typing import Any

from markdown.extensions.toc import slugify

from perpnotes.publish.articles import CODE, did_you_mean, line_of
from perpnotes.publish.checks.reading import (
    ATTRIBUTES,
    LINK,
    end_of,
    filled,
    mask,
    meta_line,
    span,
    until,
)
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import FIGURES, ids
from perpnotes.publish.page.tiles import PERSPECTIVES

SECTIONS = (
    "Myth and reality",
    "Exact definitions",
    "Worked example",
    "What the numbers say",
    "What breaks first",
    "Aivora perspective",
    "Quick Q&A",
    "Sources",
)
"""The `##` headings of an article, in order. The opening above them is its ninth part."""

MARK = "To write:"
"""What a sentence that a scaffold leaves to its author begins with."""

_DESCRIPTION = 160  # characters that search engines show
_FIELDS = ("title", "description", "claim", "date", "updated", "authors", "audience", "tags")


def _instead(missing: str, there: Iterable[str]) -> str:
    """What to add to the message about something missing: what looks as if it were meant to be it."""
    close = get_close_matches(missing, list(there), 1)
    return f"; is {close[0]!r} meant to be it?" if close else ""


@rule(
    "PN001",
    "unreadable",
    "what cannot be read cannot be built",
    "correct the front matter, fence, inline value or Python that the message names",
    everywhere=True,
)
def unreadable(page: Page) -> Found:  # noqa: ARG001  (as every rule)
    """Found where a page is read; here, so that the rule stands in the list."""
    yield from ()


@rule(
    "PN101",
    "front matter",
    "lists, feeds and search results are made of it",
    "give title, description, date, updated, authors, audience (trade, build, manage), claim and tags",
)
def _front_matter(page: Page) -> Found:
    meta = page.article.meta

    def texts(value: Any) -> bool:
        return isinstance(value, list) and bool(value) and all(isinstance(v, str) and v.strip() for v in value)

    for name in _FIELDS:
        value = meta.get(name)
        if value is None:
            hint = _instead(name, [other for other in meta if isinstance(other, str) and other not in _FIELDS])
            yield meta_line(page, name), f"front matter: {name} is missing{hint}"
        elif name in ("title", "description", "claim"):
            if not isinstance(value, str) or not value.strip():
                yield meta_line(page, name), f"front matter: {name} must be a text"
        elif name in ("date", "updated"):
            if not isinstance(value, date):
                yield meta_line(page, name), f"front matter: {name} must be a date such as 2026-01-31, got {value!r}"
        elif not texts(value):
            yield meta_line(page, name), f"front matter: {name} must be a list of texts"
        elif name == "audience":
            for reader in value:
                if reader not in PERSPECTIVES:
                    hint = did_you_mean(reader, PERSPECTIVES)
                    message = f"front matter: audience is {', '.join(PERSPECTIVES)}, got {reader}{hint}"
                    yield meta_line(page, name), message
    first, last = meta.get("date"), meta.get("updated")
    if isinstance(first, date) and isinstance(last, date) and last < first:
        yield meta_line(page, "updated"), "front matter: updated is before date"


@rule(
    "PN102",
    "long description",
    "search results and previews cut it off",
    f"say it in at most {_DESCRIPTION} characters",
)
def _long_description(page: Page) -> Found:
    text = page.article.meta.get("description")
    if isinstance(text, str) and len(text) > _DESCRIPTION:
        yield meta_line(page, "description"), f"the description has {len(text)} characters"


@rule(
    "PN103",
    "sections",
    "a reader finds the same parts in the same order in every article",
    "write an opening with a computed number, then the sections " + ", ".join(SECTIONS),
)
def _sections(page: Page) -> Found:
    article = page.article
    at = {section.title.casefold(): section for section in article.sections if section.level == 2}
    first = min((section.line for section in article.sections if section.level == 2), default=end_of(article))
    top = next((section.line for section in article.sections if section.level == 1), 0)
    if not top or not filled(article, top + 1, first):
        yield top or 1, "the opening is missing: a # heading, and the claim below it"
    elif not any(top < value.line < first for value in article.values):
        yield top, "the opening has no computed number"
    others = [section.title for section in article.sections if section.title not in SECTIONS]
    latest = 0
    for title in SECTIONS:
        section = at.get(title.casefold())
        if section is None:
            yield max(latest, top, 1), f"section {title!r} is missing{_instead(title, others)}"
            continue
        if section.line < latest:
            yield section.line, f"section {title!r} comes too early"
        if not filled(article, section.line + 1, until(article, section)):
            yield section.line, f"section {title!r} is empty"
        latest = max(latest, section.line)


@rule(
    "PN104",
    "perspective",
    "who is named as a reader gets one thing to do",
    'write the perspective as "### If you …" in "Aivora perspective", or correct audience',
)
def _perspective(page: Page) -> Found:
    start, end = span(page.article, "Aivora perspective")
    there = {s.title.casefold() for s in page.article.sections if s.level == 3 and start < s.line < end}
    readers = page.article.meta.get("audience")
    for reader in readers if isinstance(readers, list) else []:
        if (title := PERSPECTIVES.get(reader)) and title.casefold() not in there:
            yield start or meta_line(page, "audience"), f"audience {reader} has no perspective {title!r}"


@rule(
    "PN105",
    "to write",
    "a scaffold is not an article",
    "write the sentence",
)
def _to_write(page: Page) -> Found:
    for number, line in enumerate(page.article.text.split("\n"), 1):
        if found := re.search(re.escape(MARK) + r"\W*([^\"]{0,60})", line):
            yield number, f"a sentence to write: {found[1]}…"


@rule(
    "PN106",
    "repeated id",
    "a link leads to the first thing on a page that has its id, and nothing leads to the second",
    "give each block, heading, figure and table of the page an id or a title of its own",
    everywhere=True,
)
def _repeated_id(page: Page) -> Found:
    """Exempt: what branches of one statement show, because only one of them runs."""
    first: dict[str, tuple[int, str, int]] = {}
    for line, what, name, place in sorted(_ids(page)):
        before, other, where = first.setdefault(name, (line, what, place))
        if (before, other) != (line, what) and not (place and place == where):
            yield line, f"the {what} has the id {name}, as the {other} at line {before}"


def _ids(page: Page) -> Iterator[tuple[int, str, str, int]]:
    """Line, kind and name of everything with an id, and the line of the top-level statement that may not run, or 0."""
    yield from ((block.line - 1, "block", block.id, 0) for block in page.article.executed)
    branches: dict[ast.AST, int] = {}
    for _, tree in page.trees:
        choices = (node for node in tree.body if isinstance(node, ast.If | ast.Match | ast.Try))
        branches |= {inner: choice.lineno for choice in choices for inner in ast.walk(choice)}
    for name, call, id in ids(page):
        yield id.lineno, "figure" if name in FIGURES else "table", str(id.value), branches.get(call, 0)
    prose = mask(page.article.prose, CODE)
    written: set[int] = set()
    for found in ATTRIBUTES.finditer(prose):
        for name in re.findall(r"""(?<=#)[\w-]+(?=[\s}])|(?<=\sid=["'])[^"']+""", found[0]):
            written.add(line_of(prose, found.start()))
            yield line_of(prose, found.start()), "element", name, 0
    for section in page.article.sections:
        if section.line not in written and "#!" not in section.title:  # what is computed there is not known
            yield section.line, "heading", slugify(LINK.sub(r"\g<text>", section.title), "-"), 0

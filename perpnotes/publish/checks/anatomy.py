"""PN001 and PN1xx: what a page is made of, whether it can be read, and what an article must have."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from perpnotes.publish.checks.reading import end_of, filled, meta_line, span, until
from perpnotes.publish.checks.rules import Found, Page, rule
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

    for name in ("title", "description", "claim", "date", "updated", "authors", "audience", "tags"):
        value = meta.get(name)
        if value is None:
            yield meta_line(page, name), f"front matter: {name} is missing"
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
                    yield meta_line(page, name), f"front matter: audience is {', '.join(PERSPECTIVES)}, got {reader}"
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
    latest = 0
    for title in SECTIONS:
        section = at.get(title.casefold())
        if section is None:
            yield max(latest, top, 1), f"section {title!r} is missing"
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

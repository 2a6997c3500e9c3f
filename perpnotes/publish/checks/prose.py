"""PN2xx: numbers, terms, sources, quotations and lists in the text of a page."""

from __future__ import annotations

import ast
import re
from difflib import get_close_matches

from perpnotes.publish.articles import CODE, did_you_mean, line_of
from perpnotes.publish.checks.reading import (
    ATTRIBUTES,
    DEFINITIONS,
    HEADINGS,
    LINK,
    URL,
    blank,
    mask,
    numbers,
    passages,
    span,
)
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import nodes, typed_text, words
from perpnotes.publish.compute.slices import names_of


@rule(
    "PN201",
    "typed number",
    "a number that was typed does not change when the code that should compute it does",
    "write `#!calc expression | unit`, or words, or link the source of a fact in the same sentence",
)
def _typed_number(page: Page) -> Found:
    start, end = span(page.article, "Sources")
    for line, number in numbers(page.article.prose):
        if not start < line < end:
            yield line, f"{number} is typed, not computed"
    for value, (line, tree) in zip(page.article.evaluated, page.values, strict=False):
        if not names_of(tree):
            yield line, f"`#!calc {value.source}` names nothing that the page computes"
    for argument in words(page):
        for _, number in numbers(typed_text(argument)):
            yield argument.lineno, f"{number} is typed in a string that readers see, not computed"


@rule(
    "PN202",
    "unlinked term",
    "a term has one meaning here, and a reader must be able to look it up",
    "link the term where it is first used",
)
def _unlinked_term(page: Page) -> Found:
    text = mask(page.article.prose, CODE, HEADINGS, DEFINITIONS, URL, ATTRIBUTES)
    linked = set(re.findall(r"glossary\.md#([\w-]+)", text))
    text = LINK.sub(lambda m: blank(m[0]) if "glossary.md#" in (m["target"] or "") else m[0], text)
    start, end = span(page.article, "Sources")
    lines = text.split("\n")
    if start:
        lines[start - 1 : end - 1] = [""] * (end - start)
    text = "\n".join(lines)
    # The longest first, so that "distance to liquidation" is not a use of "liquidation".
    for anchor, term in sorted(page.terms.items(), key=lambda item: -len(item[1])):
        phrase = r"\s+".join(map(re.escape, term.split()))
        pattern = re.compile(rf"(?<![\w-]){phrase}s?(?![\w-])", re.IGNORECASE)
        found = pattern.search(text)
        text = mask(text, pattern)
        if found and anchor not in linked and term.casefold() not in _EVERYDAY:
            yield line_of(text, found.start()), f"{term.lower()!r} is in the glossary (#{anchor}) and never linked here"


# Words that mostly mean something else, and two that every article is about: known before it is opened.
_EVERYDAY = {"basis", "clock", "drift", "driver", "gap", "leverage", "perpetual", "persistence", "premium"}


@rule(
    "PN203",
    "source without link",
    "a reader must be able to open what a fact rests on",
    "link the document itself, or its DOI",
)
def _source_without_link(page: Page) -> Found:
    start, end = span(page.article, "Sources")
    prose = page.article.prose.split("\n")[start : end - 1]
    items = [(line, text) for line, text, whole in passages("\n".join(prose)) if whole]
    if start and not items:
        yield start, "Sources has no list of sources"
    for line, text in items:
        if not URL.search(text) and not LINK.search(text):
            yield start + line, "a source without a link"


@rule(
    "PN204",
    "lost quotation",
    "a page that quotes a number which its article no longer has cannot be built",
    "quote a value of the article by the expression and unit that it has there, or put the value back",
    everywhere=True,
)
def _lost_quotation(page: Page) -> Found:
    for value in page.article.values:
        if not value.idea or page.quotable is None:
            continue
        wanted, known = value.asked, page.quotable.get(value.idea)
        if known is None:
            hint = did_you_mean(value.idea, page.quotable)
            yield value.line, f"`#!calc {value.source}`: there is no article {value.idea} that can be read{hint}"
        elif wanted not in known:
            close = ", ".join(f"`{other}`" for other in get_close_matches(wanted, known, 3, 0.0)) or "none"
            yield value.line, f"the article {value.idea} has no inline value `{wanted}`; it has {close}"


@rule(
    "PN205",
    "swallowed line",
    "Markdown makes a list item directly below a line of text, and an indented heading, part of a paragraph",
    "leave an empty line before a list, and begin a heading at the margin",
    everywhere=True,
)
def _swallowed_line(page: Page) -> Found:
    prose = CODE.sub(lambda span: re.sub(r"[^\n]", "x", span[0]), page.article.prose)
    running = listed = False  # a paragraph, or a list, that the next line would belong to
    for number, (line, written) in enumerate(zip(prose.split("\n"), page.article.text.split("\n"), strict=False), 1):
        line = _QUOTE.sub("", line)
        if not line.strip():
            # A fence stands for what it shows, and text directly below it belongs to the same paragraph.
            running, listed = bool(_FENCE.match(written)), False
        elif _LISTED.match(line):
            if running:
                yield number, f"{line.strip()[:30]!r} is part of the paragraph above it, no list item"
            running, listed = False, True
        elif re.match(r" {1,3}#{1,6}[ \t]", line):
            yield number, f"{line.strip()[:30]!r} is a paragraph, no heading"
        elif re.match(r"#{1,6}[ \t]", line) or (not running and _OPENING.match(line)):
            running = listed = False
        else:
            running = not listed


_QUOTE = re.compile(r"^(?: {0,3}> ?)+")
_FENCE = re.compile(r"[> \t]*(?:```|~~~)")
_LISTED = re.compile(r"[ \t]*(?:[-*+]|\d{1,2}\.)[ \t]+\S")
_OPENING = re.compile(r"[ \t]*(?:</?[a-z]|!!!|\?\?\?|===|\[[^^\]][^\]]*\]:)")  # an element, a box, a link


@rule(
    "PN206",
    "dead term",
    "a term that the glossary does not have cannot be looked up, and the page cannot be built",
    "link a term of the glossary by the anchor that it has there, or add the term",
    everywhere=True,
)
def _dead_term(page: Page) -> Found:
    texts = [(1, mask(page.article.prose, CODE))]
    typed = [node for _, tree in page.trees for node in nodes(tree) if isinstance(node, ast.Constant)]
    texts += [(node.lineno, node.value) for node in typed if isinstance(node.value, str)]
    for begin, text in texts if page.terms else []:  # without a glossary, nothing is known of it
        for found in re.finditer(r"glossary\.md#([\w-]+)", text):
            if found[1] not in page.terms:
                hint = did_you_mean(found[1], page.terms)
                yield begin + line_of(text, found.start()) - 1, f"the glossary has no term #{found[1]}{hint}"

"""Reads the text of a page as rules do: passages with their lines, numbers without a source, parts of an article."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perpnotes.publish.articles import CODE, Article, Section, line_of
from perpnotes.publish.checks.rules import Page

LINK = re.compile(r"!?\[(?P<text>[^\]\[]*)\](?:\((?P<target>[^()\s]*(?:\([^()]*\)[^()\s]*)*)[^()]*\)|\[[^\]]+\])")
URL = re.compile(r"<?https?://[^\s>]+>?")
HEADINGS = re.compile(r"^#{1,6}[ \t].*$", re.MULTILINE)
DEFINITIONS = re.compile(r"^\[[^\]]+\]:.*(?:\n[ \t]+\S.*)*$", re.MULTILINE)
ATTRIBUTES = re.compile(r"\{:?\s*[#.][^}\n]*\}|</?[a-zA-Z][^<>]*>")
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATES = re.compile(
    rf"\b\d{{4}}-\d\d(?:-\d\d)?\b|\b\d{{1,2}}:\d\d(?::\d\d)?\b|\b\d{{1,2}}\s+{_MONTH}(?:\s+\d{{4}})?|\b{_MONTH}\s+\d{{1,2}}"
    rf"(?:,?\s+\d{{4}})?\b|\b{_MONTH}\s+\d{{4}}\b"
    # A year by itself; not an amount.
    r"|(?<![$€£−+.,\w-])(?:19|20)\d\d(?:[-–]\d\d(?:\d\d)?)?(?![\d,.]*\d)(?!\s*(?:%|×|x\b|bp\b|[A-Z]{3,4}\b|dollars|"
    r"percent|contracts|coins|positions|accounts|hours|days|seconds))"
)
_NUMBER = re.compile(
    r"(?<![\w/^])(?<!\w-)(?:[-+−±][$€£]?|[$€£])?\d+(?:[.,]\d+)*(?:\s?(?:%|×|x\b|bps?\b|k\b|m\b))?(?!\w)"
)
_SMALL = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|a hundred"
_SHARE = re.compile(
    rf"\b(?:{_SMALL})\s+(?:\w+\s+)?(?:in|out\s+of)\s+(?:{_SMALL})\b|\b(?:{_SMALL})\s+to\s+(?:{_SMALL})\b", re.IGNORECASE
)
_ITEM = re.compile(r"^[ \t>]*(?:[-*+]|\d+[.)])[ \t]+")
_ROW = re.compile(r"^[ \t>]*\|")
_SENTENCE = re.compile(r"(?<=[.!?])['\"”’)*_]*\s+(?=[\"“'*_\[`(]*[A-Z0-9])")


def blank(text: str) -> str:
    """Spaces in place of a text, with its ends of lines."""
    return re.sub(r"[^\n]", " ", text)


def mask(text: str, *patterns: re.Pattern[str]) -> str:
    """`text` with spaces in place of what `patterns` find, so that every position stays."""
    for pattern in patterns:
        text = pattern.sub(lambda found: blank(found[0]), text)
    return text


def numbers(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each number that stands in prose without a source."""
    plain = mask(text, CODE, HEADINGS, DEFINITIONS)
    for start, passage, _ in passages(plain):
        if _cited(passage):
            continue
        words = mask(passage, LINK, URL, _FOOTNOTE, ATTRIBUTES, _DATES, _ITEM)
        for found in _NUMBER.finditer(words):
            yield start + line_of(words, found.start()) - 1, found[0].strip()


def shares(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each share or range that stands in words, such as two payments in five, without a source."""
    plain = mask(text, CODE, HEADINGS, DEFINITIONS)
    for start, passage, _ in passages(plain):
        if not _cited(passage):
            for found in _SHARE.finditer(passage):
                yield start + line_of(passage, found.start()) - 1, " ".join(found[0].split())


def _cited(passage: str) -> bool:
    """Whether a passage carries its source: a footnote, or a link to anything but the glossary or this page."""
    if _FOOTNOTE.search(passage) or URL.search(passage):
        return True
    targets = [found["target"] for found in LINK.finditer(passage)]
    return any(target is None or not re.match(r"#(?!sources)|.*glossary\.md", target) for target in targets)


def passages(text: str) -> Iterator[tuple[int, str, bool]]:
    """First line, text and whether it is a list item or a row of a table; of other text, each sentence."""
    chunk: list[str] = []
    begin = 1
    for number, line in enumerate([*text.split("\n"), ""], 1):
        new = _ITEM.match(line) or _ROW.match(line)
        if chunk and (new or not line.strip()):
            yield from _split(begin, "\n".join(chunk))
            chunk = []
        if line.strip():
            begin = begin if chunk else number
            chunk.append(line)


def _split(begin: int, text: str) -> Iterator[tuple[int, str, bool]]:
    if _ITEM.match(text) or _ROW.match(text):
        yield begin, text, True
        return
    position = 0
    for found in [*_SENTENCE.finditer(text), None]:
        end = found.end() if found else len(text)
        yield begin + line_of(text, position) - 1, text[position:end], False
        position = end


def meta_line(page: Page, name: str) -> int:
    """The line of a field of the front matter; the first line of the page where there is none."""
    found = re.search(rf"^{re.escape(str(name))}[ \t]*:", page.article.text, re.MULTILINE)
    return line_of(page.article.text, found.start()) if found and page.article.meta else 1


def end_of(article: Article) -> int:
    """The line after the last."""
    return article.text.count("\n") + 2


def until(article: Article, section: Section) -> int:
    """The line of the next section of the same rank, or the line after the last."""
    after = (s.line for s in article.sections if s.line > section.line and s.level <= section.level)
    return next(after, end_of(article))


def span(article: Article, title: str) -> tuple[int, int]:
    """The lines of a `##` heading and of the one after it; `(0, 0)` where there is none."""
    for section in article.sections:
        if section.level == 2 and section.title.casefold() == title.casefold():
            return section.line, until(article, section)
    return 0, 0


def filled(article: Article, start: int, end: int) -> bool:
    """Whether there is prose, or a block that runs, between two lines."""
    prose = mask(article.prose, HEADINGS).split("\n")[start - 1 : end - 1]
    return any(line.strip() for line in prose) or any(start <= block.line < end for block in article.executed)

"""All articles at a glance, computed from them: by question, with a number and a small picture each, and what breaks
first in each of them.

A page asks for them with the line `<!-- ideas -->` or `<!-- thresholds -->`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from markdown import Markdown

from perpnotes.publish import articles, inputs
from perpnotes.publish.articles import Article
from perpnotes.publish.compute import results
from perpnotes.publish.compute.units import together
from perpnotes.publish.compute.worker import Computed
from perpnotes.publish.page import fences
from perpnotes.publish.show.listing import grouped
from perpnotes.publish.show.tables import html_table, scroll

_KEY = re.compile(r"^- `#!calc (?P<value>[^`]+)`(?P<label>.*(?:\n  .*)*)", re.MULTILINE)
_NUMBER = re.compile(r"(?P<sign>[−-]?)[$€]?(?P<digits>\d[\d,]*(?:\.\d+)?)(?P<unit>.*)")
_WIDTH, _HEIGHT = 96, 44
_POINTS, _CELLS = 24, 9  # at most, along a side


def _numbers(cells: Sequence[str]) -> list[float] | None:
    """A column as numbers; None where it is no column of numbers in one unit."""
    found = [_NUMBER.fullmatch(cell.strip()) for cell in cells]
    if not all(found) or len({one["unit"].strip() for one in found if one}) != 1:
        return None
    return [float(one["digits"].replace(",", "")) * (-1 if one["sign"] else 1) for one in found if one]


def _thinned(values: Sequence[Any], most: int) -> list[Any]:
    step = max(1, -(-len(values) // most))
    return list(values[::step])


def picture(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A figure as small as an icon: its lines, its bars or its cells, without words; empty where there are none.

    Parameters:
        headers: of its table.
        rows: of its table, as they are shown.
    """
    columns = [_numbers(column) for column in list(zip(*rows, strict=True))[1:]] if rows else []
    known = [column for column in columns if column]
    if not known:
        return ""
    if "\\" in headers[0] and len(known) == len(columns):
        drawn = _cells(list(zip(*known, strict=True)))
    elif len(rows) > _CELLS:
        drawn = _lines(known[:3])
    else:
        drawn = _bars(known[0])
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true" focusable="false">{drawn}</svg>'


def _lines(columns: Sequence[Sequence[float]]) -> str:
    low, high = min(map(min, columns)), max(map(max, columns))
    drawn = []
    for number, column in enumerate(columns):
        values = _thinned(column, _POINTS)
        across = (_WIDTH - 4) / max(1, len(values) - 1)
        places = (
            f"{2 + i * across:.0f} {_HEIGHT - 3 - (v - low) / (high - low or 1) * (_HEIGHT - 6):.0f}"
            for i, v in enumerate(values)
        )
        color = "accent" if number == 0 else "muted"
        drawn.append(f'<path fill="none" stroke="var(--pn-{color})" stroke-width="2" d="M{"L".join(places)}"/>')
    return "".join(reversed(drawn))


def _bars(values: Sequence[float]) -> str:
    most, high = max(map(abs, values)) or 1, _HEIGHT / len(values)
    bars = (
        f"M0 {i * high + 1:.0f}h{max(1, abs(v) / most * _WIDTH):.0f}v{max(2, high - 3):.0f}H0z"
        for i, v in enumerate(values)
    )
    return f'<path fill="var(--pn-accent)" d="{"".join(bars)}"/>'


def _cells(rows: Sequence[Sequence[float]]) -> str:
    thin = [_thinned(row, _CELLS) for row in _thinned(rows, _CELLS)]
    most = max(abs(v) for row in thin for v in row) or 1
    across, down = _WIDTH / len(thin[0]), _HEIGHT / len(thin)
    shades: dict[str, list[str]] = {}
    for j, row in enumerate(thin):
        for i, v in enumerate(row):
            depth = round(abs(v) / most * 4)
            color = f"{'loss' if v < 0 else 'gain'}-{depth}" if depth else "neutral"
            cell = f"M{i * across:.0f} {j * down:.0f}h{across - 1:.0f}v{down - 1:.0f}h-{across - 1:.0f}z"
            shades.setdefault(color, []).append(cell)
    return "".join(f'<path fill="var(--pn-{color})" d="{"".join(cells)}"/>' for color, cells in shades.items())


def key(article: Article, computed: Computed) -> tuple[str, str, str]:
    """The first key number of an article: as text, what it is, and its kind; all empty where there is none.

    Parameters:
        article: the page.
        computed: what it computes.
    """
    found = _KEY.search(article.text.partition("\n## ")[0])
    if not found:
        return "", "", ""
    result = computed.values[articles.inline_source(found["value"])]
    return result.text, _plain(found["label"], computed), result.kind


def _plain(text: str, computed: Computed) -> str:
    """Markdown as text, its numbers in it."""

    def number(match: re.Match[str]) -> str:
        return computed.values[articles.inline_source(match[1])].text

    text = re.sub(r"`#!calc ([^`]+)`", number, text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return " ".join(re.sub(r"[*`]", "", text).split()).rstrip(".")


def _shown(computed: Computed) -> Iterator[Mapping[str, Any]]:
    """Figures and tables, in their order."""
    for shown in computed.outputs:
        yield from (output.data for output in shown if "headers" in output.data and "id" in output.data)


def _card(file: Path) -> tuple[str, str, str, str, str]:
    article = articles.read(file)
    computed = results.of(article)
    drawn = (picture(data["headers"], data["rows"]) for data in _shown(computed))
    return str(article.meta["title"]), next(filter(None, drawn), ""), *key(article, computed)


def ideas(up: str) -> str:
    """The articles, by the question that they answer.

    Parameters:
        up: from the page to the root of the site.
    """
    parts = []
    for question, files in inputs.ask(grouped).items():
        parts.append(f'<h3 id="{_anchor(question)}">{escape(question)}</h3>\n<ul class="pn-ideas">')
        for file in files:
            title, drawn, number, label, kind = inputs.ask(_card, Path(file))
            link = f'<a href="{up}{file.removeprefix("docs/").removesuffix(".md")}/">{escape(title)}</a>'
            said = f"<p><strong>{escape(number)}</strong> {escape(label)}</p>" if number else ""
            said += f"<small>{escape(kind)}</small>" if kind else ""
            parts.append(f"<li>{drawn}<div>{link}{said}</div></li>")
        parts.append("</ul>")
    return "\n".join(parts)


def _breaks(file: Path) -> tuple[str, Mapping[str, Any]]:
    article = articles.read(file)
    found = next((data for data in _shown(results.of(article)) if data["id"] == "breaks-first"), None)
    if found is None:
        raise articles.ArticleError(str(file), 1, 'what breaks first must be a table with id="breaks-first"')
    return str(article.meta["title"]), found


def thresholds(up: str) -> str:
    """What breaks first, the table of each article under its title.

    Parameters:
        up: from the page to the root of the site.
    """
    parts: list[str] = []
    source = up.removeprefix("../")  # headings are Markdown, whose links go from file to file
    for question, files in inputs.ask(grouped).items():
        parts.append(f"## {question}")
        for file in files:
            title, found = inputs.ask(_breaks, Path(file))
            parts.append(f"### [{title}]({source}{file.removeprefix('docs/')}#{found['id']})")
            home = f"{Path(file).stem}:{found['id']}"  # what answers a number is the article's
            cells = html_table(found["headers"], found["rows"], [False] * len(found["headers"]), home)
            cells = cells.replace("pn-rows", "pn-rows pn-sorted", 1)
            parts.append(f"<p>{escape(together(found['caption']))}</p>{scroll(cells, f'What breaks first: {title}')}")
    return "\n\n".join(parts)


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z]+", "-", text.lower()).strip("-")


PARTS: Mapping[str, Callable[[str], str]] = {"<!-- ideas -->": ideas, "<!-- thresholds -->": thresholds}


def lists(md: Markdown, lines: list[str]) -> list[str]:
    """A page's lines with the lists that it asks for."""
    if PARTS.keys().isdisjoint(lines) or (path := fences.own_page(md)) is None:
        return lines
    deep = len(Path(os.path.relpath(path, Path("docs").absolute())).with_suffix("").parts)
    up = "../" * (deep - (path.stem == "index"))
    try:
        for at, line in [*enumerate(lines)][::-1]:
            if line in PARTS:  # headings stay Markdown, for the contents of the page; all else is HTML
                parts = PARTS[line](up).split("\n\n")
                stored = (each if each.startswith("#") else md.htmlStash.store(each) for each in parts)
                lines[at : at + 1] = [text for each in stored for text in ("", each, "")]
        return lines
    except articles.ArticleError as error:
        raise fences.Stop(str(error)) from None

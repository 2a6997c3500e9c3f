"""Adds to a page what stands behind its functions and its data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markdown import Markdown

from perpnotes.publish import articles, inputs
from perpnotes.publish.compute import records
from perpnotes.publish.compute.units import fmt
from perpnotes.publish.evidence import coverage
from perpnotes.publish.page import fences


def provenance(article: articles.Article) -> str:
    """Where the data and the quoted facts of an article come from, in Markdown; empty where it has none.

    Parameters:
        article: the page.
    """
    cited = records.cited(article)
    known, facts = (inputs.once(records.datasets), inputs.once(records.facts)) if any(cited.values()) else ({}, {})
    items = [item for name in cited["records"] for item in _measured(records.read(name), known)]
    items += (
        f"- {_sentence(fact.what)}: {fmt(fact.value, fact.unit)}. [{fact.source}]({fact.url}), {fact.date}."
        for fact in (facts[name] for name in cited["facts"])
    )
    if not items:
        return ""
    text = "\n".join(["Where the data of this article come from:", "", *items])
    return f'<div class="pn-evidence pn-sources" markdown>\n\n{text}\n\n</div>'


def _provenance(path: Path) -> str:
    return provenance(articles.read(path))


def _measured(record: records.Record, known: Any) -> Iterator[str]:
    """A record as list items: what it is, and each of its data sets down to the hash."""
    figures = {name: how["is"] for name, how in record.figures.items()}
    said = [f"measured {record.date}"]
    if "window" in figures:
        window = figures["window"]
        ends = [window] if isinstance(window, str) else list(dict.fromkeys(window))
        said.append(f"of {ends[0]}" if len(ends) == 1 else f"from {ends[0]} to {ends[-1]}")
    if "observations" in figures:
        said.append(f"{fmt(figures['observations'], 'count')} observations")
    if record.sweep:
        said.append(f"simulated with {record.sweep['seeds']} seeds")
    yield f'- <span id="record-{record.name}"></span>{record.title}: {", ".join(said)}.'
    for file in record.data.values():
        data = known[file]
        origin = f"{data.repository} at {data.commit[:7]}" if data.repository else data.source or data.package
        link = f"[{origin}]({data.link})" if data.link else origin
        package = f", by way of the package {data.package}" if data.package and data.source else ""
        name = f"`{Path(data.file).name}`, <span class='pn-d'>SHA-256</span> `{data.sha256}`"
        yield f"    - {_sentence(data.what)}. {link}{package}. License: {data.license}. {name}."


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def sections(md: Markdown, lines: list[str]) -> list[str]:
    """A page's lines with what stands behind it: an article's at its end, a module's above its entries.

    Not in a docstring: each is converted on its own, as text of the same page.
    """
    path = fences.own_page(md)
    if path is None:
        return lines
    article = path.parent.name == "insights"
    at = next((i for i, line in enumerate(lines) if line.startswith("::: ")), len(lines) if article else None)
    if at is None:
        return lines
    found = [inputs.ask(coverage.section, path)]
    if article:
        try:
            found.insert(0, inputs.ask(_provenance, path))
        except articles.ArticleError as error:
            raise fences.Stop(str(error)) from None
    added = [line for section in found if section for line in ("", *section.split("\n"), "")]
    return [*lines[:at], *added, *lines[at:]]

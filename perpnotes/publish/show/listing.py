"""The list of articles, in the order and in the groups of the navigation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from perpnotes.publish import articles


def published() -> Sequence[articles.Article]:
    """The articles in the order of the navigation; those that it does not name come last, newest first."""
    order = [file for files in grouped().values() for file in files]
    found = [articles.read(path) for path in Path("docs/insights").glob("*.md")]
    found.sort(key=lambda article: str(article.meta["title"]))
    found.sort(key=lambda article: article.meta["date"], reverse=True)
    return sorted(found, key=lambda article: order.index(article.path) if article.path in order else len(order))


def grouped(nav: str = "mkdocs.yml") -> Mapping[str, Sequence[str]]:
    """The articles in the groups of the navigation: the question of each group, and its files in their order.

    Parameters:
        nav: the file with the navigation, from the working directory.
    """
    return _grouped(Path(nav).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _grouped(text: str) -> Mapping[str, Sequence[str]]:
    config: Any = yaml.load(text, yaml.BaseLoader) or {}  # noqa: S506  (no objects)
    groups = [group for section in _lists(config.get("nav", ())).values() for group in _lists(section).items()]
    return {question: [f"docs/{file}" for file in files] for question, files in groups}


def _lists(entries: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """The entries of a navigation that have a title and entries of their own; the others are pages."""
    titled = [pair for entry in entries if isinstance(entry, dict) for pair in entry.items()]
    return {title: inside for title, inside in titled if isinstance(inside, list)}

"""The list of articles, in the order and in the groups of the navigation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    config: Any = yaml.load(Path(nav).read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  (makes no objects)
    sections = [group for section in config.get("nav", ()) for group in section.values() if isinstance(group, list)]
    groups = [entry for section in sections for entry in section if isinstance(entry, dict)]
    return {
        question: [f"docs/{file}" for file in files]
        for group in groups
        for question, files in group.items()
        if isinstance(files, list)
    }

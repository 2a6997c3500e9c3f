"""The list of articles, in the order and in the groups of the navigation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from perpnotes.publish import articles


def published() -> Sequence[articles.Article]:
    """The articles in the order of the navigation; those that it does not name come last, newest first."""
    folder, order = Path("docs/insights"), Path("mkdocs.yml").read_text(encoding="utf-8")
    found = sorted((articles.read(path) for path in folder.glob("*.md")), key=lambda a: str(a.meta["title"]))
    found.sort(key=lambda article: article.meta["date"], reverse=True)

    def place(article: articles.Article) -> int:
        at = order.find(f" {Path(article.path).relative_to(folder.parent).as_posix()}\n")
        return at if at >= 0 else len(order)

    return sorted(found, key=place)


def grouped(nav: str = "mkdocs.yml") -> Mapping[str, Sequence[str]]:
    """The articles in the groups of the navigation: the question of each group, and its files in their order.

    Parameters:
        nav: the file with the navigation, from the working directory.
    """
    groups: dict[str, list[str]] = {}
    for question, file in re.findall(
        r"^      - (.+):\n|^          - (insights/\w+\.md)$", Path(nav).read_text(encoding="utf-8"), re.MULTILINE
    ):
        if question:
            groups[str(yaml.safe_load(question))] = []
        elif groups:
            groups[next(reversed(groups))].append(f"docs/{file}")
    return {question: files for question, files in groups.items() if files}

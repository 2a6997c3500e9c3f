"""The articles that an article leads to: by the imports between their modules, in both directions, and by shared tags.

They are added to the end of each article.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from markdown import Markdown

from perpnotes.publish import articles, inputs
from perpnotes.publish.page import fences

_INSIGHTS, _LIBRARY = Path("docs/insights"), Path("perpnotes")
_IMPORT, _TAG = 2, 1  # how near an import brings two ideas, and a tag in common
_MOST = 4


def related(idea: str, tags: Mapping[str, Sequence[str]], imports: Mapping[str, set[str]]) -> Sequence[str]:
    """The ideas nearest to one, nearest first; equally near ones by name.

    Parameters:
        idea: whose.
        tags: idea to the tags of its article, for all articles.
        imports: idea to the ideas that its module imports.
    """
    near: Counter[str] = Counter()
    for other in tags.keys() - {idea}:
        near[other] += _IMPORT * (other in imports.get(idea, set())) + _IMPORT * (idea in imports.get(other, set()))
        near[other] += _TAG * len(set(tags[idea]) & set(tags[other]))
    return sorted((name for name, weight in near.items() if weight), key=lambda name: (-near[name], name))[:_MOST]


def why(idea: str, other: str, tags: Mapping[str, Sequence[str]], imports: Mapping[str, set[str]]) -> str:
    """What makes one idea the next to read after another.

    Parameters:
        idea: which has been read.
        other: one that it is related to.
        tags: idea to the tags of its article.
        imports: idea to the ideas that its module imports.
    """
    if other in imports.get(idea, set()):
        return "its functions are used here"
    if idea in imports.get(other, set()):
        return "it uses the functions of this one"
    return "also about " + " and ".join(tag for tag in tags[idea] if tag in tags[other])


@lru_cache(maxsize=64)  # a module does not change when an article does
def imported(source: str) -> set[str]:
    """The modules of the library that a module imports at its top.

    Parameters:
        source: its text.
    """
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom) and node.module]
    named = {alias.name for node in nodes if node.module == "perpnotes" for alias in node.names}
    return named | {str(node.module).split(".")[1] for node in nodes if str(node.module).startswith("perpnotes.")}


def _known() -> tuple[Mapping[str, str], Mapping[str, Sequence[str]], Mapping[str, set[str]]]:
    found = {file.stem: articles.read(file) for file in sorted(_INSIGHTS.glob("*.md"))}
    titles = {idea: str(article.meta.get("title", idea)) for idea, article in found.items()}
    tags = {idea: article.meta.get("tags", []) for idea, article in found.items()}
    modules = {idea: _LIBRARY / f"{idea}.py" for idea in found}
    return (
        titles,
        tags,
        {i: imported(file.read_text(encoding="utf-8")) for i, file in modules.items() if file.is_file()},
    )


def _links(idea: str) -> str | None:
    """The list of what an idea leads to, in Markdown; None where it has no article."""
    titles, tags, imports = inputs.once(_known)
    if idea not in tags:
        return None
    return "".join(
        f"\n- [{titles[name]}]({name}.md): {why(idea, name, tags, imports)}" for name in related(idea, tags, imports)
    )


def section(md: Markdown, lines: list[str]) -> list[str]:
    """An article's lines with what to read next below them."""
    path = fences.own_page(md)
    if path is None or path.parent.name != _INSIGHTS.name:
        return lines
    links = inputs.ask(_links, path.stem)
    if links is None:
        return lines
    return [*lines, "", '<div class="pn-related" markdown>', "", "Read next", *links.split("\n"), "", "</div>", ""]

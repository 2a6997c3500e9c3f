"""The Python-Markdown extension that `mkdocs.yml` names: what this room adds to a page, step after step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from griffe import ModuleFinder
from markdown import Extension, Markdown
from markdown.util import Processor

from perpnotes.publish.page import apilinks, evidence, glossary, guard, overview, reference, related, tiles

_STEPS: Mapping[str, Mapping[Callable[[Markdown, Any], Any], int]] = {  # the highest number comes first
    "preprocessors": {
        reference.entries: 41,
        evidence.sections: 40,  # above the entries, but below their list; of an article at the end
        related.section: 39,  # below the evidence
        overview.lists: 27,  # before 20, which takes comments for HTML
    },
    "treeprocessors": {
        tiles.tiles: 16,  # after 20, where inline values are computed
        tiles.cards: 15,  # before 5, where headings get a link with text
        tiles.kinds: 14,  # after the list has been seen to be tiles
        glossary.tooltips: 10,  # after 20, where links are parsed
        glossary.ways: 9,  # before 0, where MkDocs rewrites links
    },
    "postprocessors": {
        apilinks.links: 5,  # after 30, where stashed HTML comes back
        guard.guard: -100,  # after every other
    },
}


class _Step(Processor):
    """A function of the instance that renders and of the lines, the tree or the HTML of a page."""

    def __init__(self, md: Markdown, function: Callable[[Markdown, Any], Any]) -> None:
        super().__init__(md)
        self.run = partial(function, md)


class _Page(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        for kind, steps in _STEPS.items():
            for step, priority in steps.items():
                getattr(md, kind).register(_Step(md, step), f"{step.__module__}.{step.__name__}", priority)


def makeExtension(**options: Any) -> Extension:
    """What Python-Markdown calls to load the extension."""
    ModuleFinder.submodules = reference.submodules  # type: ignore[method-assign]  # what no page documents is not read
    return _Page(**options)

"""Adds to a page what stands behind its functions; a Python-Markdown extension, for `mkdocs.yml`."""

from __future__ import annotations

from typing import Any

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from perpnotes.publish import inputs
from perpnotes.publish.evidence import coverage
from perpnotes.publish.page import fences


class _Section(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        path = None if hasattr(self.md, "_original_md") else fences.path_of(self.md)
        if path is None:
            return lines
        # In an article at its end; in a reference page above the functions, below what it says first. Not in a
        # docstring: each is converted on its own, as text of the same page.
        ends = len(lines) if path.parent.name == "insights" else None
        at = next((i for i, line in enumerate(lines) if line.startswith("::: ")), ends)
        if at is None or not (section := inputs.ask(coverage.section, path)):
            return lines
        return [*lines[:at], "", *section.split("\n"), "", *lines[at:]]


class _Extension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.register(_Section(md), "perpnotes_evidence", 40)  # before fences and raw HTML are taken out


def makeExtension(**options: Any) -> Extension:
    """What `mkdocs.yml` names."""
    return _Extension(**options)

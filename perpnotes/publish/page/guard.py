"""Stops a build at a page with what must not stand in one; a Python-Markdown extension, for `mkdocs.yml`."""

from __future__ import annotations

from typing import Any

from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor

from perpnotes.publish import articles
from perpnotes.publish.page import fences, markup


class _Guard(Postprocessor):
    """Reads a page when no other extension will add to it; what its blocks show is in it by then."""

    def run(self, text: str) -> str:
        path = None if hasattr(self.md, "_original_md") else fences.path_of(self.md)
        if path is not None:
            try:
                meta, _ = articles.front_matter(path.read_text(encoding="utf-8-sig"), path.name)
            except articles.ArticleError as error:
                fences.stop(self.md, error.message)
            for name in articles.strange_fields(meta, path.name):
                fences.stop(self.md, f"front matter must not have {name}", f"{name}:")
            for message, needle in markup.faults(text, markup.COMPUTED):
                fences.stop(self.md, f"a page must not have {message}", needle)
        return text


class _Extension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        md.postprocessors.register(_Guard(md), "perpnotes_guard", -100)  # after every other


def makeExtension(**options: Any) -> Extension:
    """What `mkdocs.yml` names."""
    return _Extension(**options)

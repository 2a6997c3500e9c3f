"""Stops a build at a page with what must not stand in one."""

from __future__ import annotations

from markdown import Markdown

from perpnotes.publish import articles
from perpnotes.publish.page import fences, markup


def guard(md: Markdown, text: str) -> str:
    """Reads a page when no other extension will add to it; what its blocks show is in it by then."""
    in_page = "mkdocstrings_ids" in md.treeprocessors  # a docstring, which is read with its page
    if not in_page and (path := fences.own_page(md)) is not None:
        try:
            meta, _ = articles.front_matter(path.read_text(encoding="utf-8-sig"), path.name)
        except articles.ArticleError as error:
            fences.stop(md, error.message)
        for name in articles.strange_fields(meta, path.name):
            fences.stop(md, f"front matter must not have {name}", f"{name}:")
        for message, needle in markup.faults(text, markup.COMPUTED):
            fences.stop(md, f"a page must not have {message}", needle)
    return text

"""Renders LaTeX as MathML Core while the site is built: nothing is left for a script in the reader's browser."""

from __future__ import annotations

from typing import Any

from markdown import Markdown

from perpnotes.publish.page import fences
from perpnotes.publish.show.tables import mathml


def block(source: str, _language: str, _class: str, _options: dict[str, Any], md: Markdown, **_given: Any) -> str:
    """Render a `math` fence.

    Parameters:
        source: LaTeX.
        md: the instance that renders the page.

    Returns:
        A displayed formula, in a box that can scroll by itself.

    Raises:
        perpnotes.publish.page.fences.Stop: the LaTeX has a fault; it names the line of the formula.
    """
    return f'<div class="pn-math" tabindex="0">{_convert(source, md, displayed=True)}</div>'


def inline(source: str, _language: str, _class: str, md: Markdown) -> str:
    """Render an inline formula, `` `#!math x^2` ``.

    Parameters:
        source: LaTeX.
        md: the instance that renders the page.

    Returns:
        A formula in a line of text.

    Raises:
        perpnotes.publish.page.fences.Stop: as `block`.
    """
    return _convert(source, md, displayed=False)


def _convert(source: str, md: Markdown, *, displayed: bool) -> str:
    tex = source.strip()
    try:
        return mathml(tex, displayed=displayed)
    except ValueError as error:
        fences.stop(md, str(error), tex)

"""The picture that a link to an article shows elsewhere."""

from __future__ import annotations

import textwrap
from html import escape

from perpnotes.publish.articles import Article
from perpnotes.publish.site.structured import Page, Site


def card(article: Article, page: Page, site: Site) -> bytes:
    """The picture that a link to the article shows elsewhere: its key number and its title, as PNG.

    Parameters:
        article: its source.
        page: what its built page says.
        site: whose name it carries.
    """
    import vl_convert

    width, height = 1200, 630
    title = textwrap.wrap(str(article.meta["title"]), 34)[:3]
    claim = textwrap.wrap(str(article.meta.get("claim", article.meta["description"])), 62)[:3]
    top = 300 if page.key else 200
    spans = [(72, top + 74 * k, 60, "#1a1e22", "bold", line) for k, line in enumerate(title)]
    spans += [(72, top + 74 * len(title) + 44 * k, 32, "#596068", "normal", line) for k, line in enumerate(claim)]
    spans.append((72, height - 44, 28, "#0a6758", "bold", f"{site.name}: computed while the page was built"))
    if page.key:
        spans.append((72, 196, 128, "#0a6758", "bold", page.key))
    text = "".join(
        f'<text x="{x}" y="{y}" font-family="Noto Sans, DejaVu Sans, sans-serif" font-size="{size}" '
        f'font-weight="{weight}" fill="{fill}">{escape(line)}</text>'
        for x, y, size, fill, weight, line in spans
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<rect width="{width}" height="{height}" fill="#fcfcfa"/><rect width="{width}" height="12" fill="#0a6758"/>'
        f"{text}</svg>"
    )
    return bytes(vl_convert.svg_to_png(svg))

"""The list of articles, from their front matter."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from perpnotes.publish import articles
from perpnotes.publish.displays import Display, show

_READERS = {"trade": "traders", "build": "exchange builders", "manage": "risk managers"}


def published(folder: str = "docs/insights") -> Sequence[articles.Article]:
    """The articles in a folder, newest first.

    Parameters:
        folder: from the working directory.
    """
    found = sorted((articles.read(path) for path in Path(folder).glob("*.md")), key=lambda a: str(a.meta["title"]))
    return sorted(found, key=lambda article: article.meta["date"], reverse=True)


def article_list(folder: str = "docs/insights") -> None:
    """Show the articles of a folder as cards: title, claim, readers.

    Parameters:
        folder: from the working directory; links are relative to `docs/`.
    """
    found = published(folder)
    cards = []
    for article in found:
        link = f"[{article.meta['title']}]({Path(article.path).relative_to('docs').as_posix()})"
        chips = "".join(f"<li>{escape(_READERS[name])}</li>" for name in article.meta["audience"])
        parts = ('<li markdown="block">', link, article.meta["claim"], f'<ul class="pn-chips">{chips}</ul>', "</li>")
        cards.append("\n\n".join(parts))
    rows = [[str(a.meta["title"]), str(a.meta["claim"])] for a in found]
    content = '<ul class="pn-articles" markdown>\n' + "\n".join(cards) + "\n</ul>"
    text = "\n".join(f"{title}: {claim}" for title, claim in rows)
    show(Display("table", content, "markdown", text, {"headers": ["Article", "Claim"], "rows": rows}))

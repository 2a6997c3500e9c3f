"""The list of articles, from their front matter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import yaml

from perpnotes.publish import articles
from perpnotes.publish.compute.outputs import Output, show

_READERS = {"trade": "traders", "build": "exchange builders", "manage": "risk managers"}


def published(folder: str = "docs/insights", nav: str = "mkdocs.yml") -> Sequence[articles.Article]:
    """The articles in a folder, in the order of the navigation; those that it does not name come last, newest first.

    Parameters:
        folder: from the working directory.
        nav: the file with the navigation, from the working directory.
    """
    order = Path(nav).read_text(encoding="utf-8")
    found = sorted((articles.read(path) for path in Path(folder).glob("*.md")), key=lambda a: str(a.meta["title"]))
    found.sort(key=lambda article: article.meta["date"], reverse=True)

    def place(article: articles.Article) -> int:
        at = order.find(f" {Path(article.path).relative_to(Path(folder).parent).as_posix()}\n")
        return at if at >= 0 else len(order)

    return sorted(found, key=place)


def in_navigation(nav: str = "mkdocs.yml") -> Mapping[str, str]:
    """The short titles of the articles: file, from the working directory, to its title in the navigation.

    Parameters:
        nav: the file with the navigation, from the working directory.
    """
    entries = re.findall(r"^ +- (.+): (insights/\S+\.md)$", Path(nav).read_text(encoding="utf-8"), re.MULTILINE)
    return {f"docs/{file}": str(yaml.safe_load(title)) for title, file in entries}  # some titles are in quotes there


def article_list(folder: str = "docs/insights") -> None:
    """Show the articles of a folder as cards: title, claim, and for whom it is where that is not everybody.

    Parameters:
        folder: from the working directory; links are relative to `docs/`.
    """
    found = published(folder)
    cards = []
    for article in found:
        link = f"[{article.meta['title']}]({Path(article.path).relative_to('docs').as_posix()})"
        readers = [_READERS[name] for name in article.meta["audience"]]
        chips = "".join(f"<li>{escape(name)}</li>" for name in readers if len(readers) < len(_READERS))
        parts = [link, article.meta["claim"], *([f'<ul class="pn-chips">{chips}</ul>'] if chips else [])]
        cards.append("\n\n".join(('<li markdown="block">', *parts, "</li>")))
    rows = [[str(a.meta["title"]), str(a.meta["claim"])] for a in found]
    content = '<ul class="pn-articles" markdown>\n' + "\n".join(cards) + "\n</ul>"
    text = "\n".join(f"{title}: {claim}" for title, claim in rows)
    show(Output("table", content, "markdown", text, {"headers": ["Article", "Claim"], "rows": rows}))

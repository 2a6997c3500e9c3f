"""Every link inside of the built site leads somewhere, and every name of a place is there once."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Its places, and what it points to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.places: Counter[str] = Counter()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.places[values.get("id") or ""] += 1
        self.links += [link for name in ("href", "src") if (link := values.get(name)) and tag != "base"]


def test_links_and_anchors(site: Path) -> None:
    """Those in generated output too; a page that is not found asks from anywhere, so its links begin at the root."""
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")}
    faults = []
    for file, page in pages.items():
        faults += [f"{file}: {name} is there {n} times" for name, n in page.places.items() if name and n > 1]
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            path = unquote(url.path)
            target = (site / path.lstrip("/") if path.startswith("/") else file.parent / path) if path else file
            target = (target / "index.html" if target.is_dir() else target).resolve()
            if not target.exists():
                faults.append(f"{file}: {link} leads nowhere")
            elif url.fragment and target in pages and unquote(url.fragment) not in pages[target].places:
                faults.append(f"{file}: {link} names no place")
    assert faults == []

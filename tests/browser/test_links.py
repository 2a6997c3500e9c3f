"""Every link inside of the built site and to its repository leads somewhere, and no name of a place is there twice."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from .conftest import REPOSITORY, ROOT, articles


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


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")}


def test_links_and_anchors(site: Path, pages: dict[Path, Page]) -> None:
    """Those in generated output too; a page that is not found asks from anywhere, so its links begin at the root."""
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
            elif target == site / "book/index.html" and url.fragment.startswith("v1="):
                continue  # a book, which the page reads
            elif url.fragment and target in pages and unquote(url.fragment) not in pages[target].places:
                faults.append(f"{file}: {link} names no place")
    assert faults == []


def test_links_to_the_repository(site: Path, pages: dict[Path, Page]) -> None:
    """Each article links its text, module, tests and ledger there, at paths that exist; every footer links it."""
    for file, page in pages.items():
        assert REPOSITORY in page.links, file
        for link in page.links:
            if link.startswith(f"{REPOSITORY}/"):
                path = re.fullmatch(r"/blob/[^/]+/(.+)", link.removeprefix(REPOSITORY))
                assert path, link
                assert (ROOT / path[1]).is_file(), link
    for name in articles(site):
        html = (site / f"insights/{name}/index.html").read_text(encoding="utf-8")
        files = ("docs/insights/{}.md", "perpnotes/{}.py", "tests/test_{}.py", "tests/ledger/{}.txt")
        for path in (file.format(name) for file in files):
            assert re.search(f'href="{re.escape(REPOSITORY)}/blob/[^/"]+/{re.escape(path)}"', html), path

"""The built site, as programs read it."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from .conftest import articles


def test_every_article_carries_what_programs_read(site: Path) -> None:
    """Structured data whose answers stand on the page, a card and a copy that exist, feeds and list that name it."""
    feed = {item["url"] for item in json.loads((site / "feed.json").read_text())["items"]}
    listed = (site / "llms.txt").read_text()
    digests = json.loads((site / "provenance.json").read_text())["articles"]
    for name in articles(site):
        html = (site / f"insights/{name}/index.html").read_text()
        (said,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
        about, way, questions = json.loads(said)
        section = urlsplit(way["itemListElement"][1]["item"])
        assert f'id="{section.fragment}"' in (site / f"{section.path.lstrip('/')}index.html").read_text()
        text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
        for asked in questions["mainEntity"]:
            assert asked["name"] in text
        shown = html.count('<details class="pn-answer"')
        assert len(questions["mainEntity"]) == shown > 0
        image = re.search(r'<meta property="og:image" content="([^"]+)"', html)
        assert image
        assert image[1] == about["image"]
        assert (site / urlsplit(image[1]).path.lstrip("/")).is_file()
        copy = (site / f"insights/{name}/index.md").read_text()
        assert "#!" not in copy
        assert "<details" not in copy
        assert about["url"] in feed
        assert f"{about['url']}index.md" in listed
        assert name in digests


def test_the_site_says_what_it_is_and_when_its_articles_changed(site: Path) -> None:
    """On its home page; to robots; and with the days of the sources, not with that of the build."""
    (said,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', (site / "index.html").read_text())
    assert json.loads(said)["@type"] == "WebSite"
    places = (site / "sitemap.xml").read_text()
    days = dict(re.findall(r"<loc>(\S+)</loc>\s*<lastmod>(\S+)</lastmod>", places))
    items = json.loads((site / "feed.json").read_text())["items"]
    assert days == {item["url"]: item["date_modified"].partition("T")[0] for item in items}
    assert f"Sitemap: {json.loads(said)['url']}sitemap.xml" in (site / "robots.txt").read_text()

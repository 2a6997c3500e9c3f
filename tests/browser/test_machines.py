"""The built site, as programs read it."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from .conftest import articles


def test_every_article_carries_what_programs_read(site: Path) -> None:
    """Structured data whose answers stand on the page, a card and a twin that exist, feeds and list that name it."""
    feed = {item["url"] for item in json.loads((site / "feed.json").read_text())["items"]}
    listed = (site / "llms.txt").read_text()
    digests = json.loads((site / "provenance.json").read_text())["articles"]
    for name in articles(site):
        html = (site / f"insights/{name}/index.html").read_text()
        (said,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
        about, _, questions = json.loads(said)
        text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
        for asked in questions["mainEntity"]:
            assert asked["name"] in text
        shown = html.count('<details class="pn-answer"')
        assert len(questions["mainEntity"]) == shown > 0
        image = re.search(r'<meta property="og:image" content="([^"]+)"', html)
        assert image
        assert image[1] == about["image"]
        assert (site / urlsplit(image[1]).path.lstrip("/")).is_file()
        twin = (site / f"insights/{name}/index.md").read_text()
        assert "#!" not in twin
        assert "<details" not in twin
        assert about["url"] in feed
        assert f"{about['url']}index.md" in listed
        assert name in digests

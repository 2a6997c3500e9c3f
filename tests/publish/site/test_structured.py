"""What other programs read says what the page says."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from perpnotes.publish import articles
from perpnotes.publish.site.feeds import feeds, llms, sitemap
from perpnotes.publish.site.finish import describe, provenance
from perpnotes.publish.site.social import card
from perpnotes.publish.site.structured import Page, Site, read, structured, website

ROOT = Path(__file__).parents[3]
SITE = Site("Notes", "About risk.", "https://example.org/notes/")
PAGE = """
<h1>T</h1><p>Some <strong>bold</strong>, <data class="calc">1</data>, <strong><data class="calc">$2</data></strong>
and <strong><data class="calc">$3</data></strong>.</p>
<details class="pn-data"><summary>Data</summary><p>no answer</p></details>
<details class="pn-answer"><summary>Is it &lt; 3?</summary>
<p>Yes: <em>2</em>.</p> <details><summary>More</summary><p>Inside.</p></details></details>
"""
TEXT = """\
---
title: A grid
description: Of what a grid is.
date: 2026-01-02
updated: 2026-01-03
authors: [Us]
claim: Grids help.
tags: [grid]
---

# A grid

It is **`#!calc 1 + 1 | usd.0`**, see [term](../glossary.md#term) and `#!math x^2`.

```python exec="on" id="first"
print("hello")
```

The end: [primer](../primer.md).
"""


@pytest.fixture
def article(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> articles.Article:
    monkeypatch.chdir(tmp_path)
    file = Path("docs/insights/grid.md")
    file.parent.mkdir(parents=True)
    file.write_text(TEXT)
    return articles.read(file)


def test_questions_and_key_number_are_read_from_the_page() -> None:
    """The first computed number in bold; each question with all of its answer, and no other details."""
    assert read(PAGE) == Page("$2", {"Is it < 3?": "Yes: 2. More Inside."})
    assert read("<p>nothing</p>") == Page("", {})


# For each type what Google's documentation of its feature asks for or recommends, and what else we say. All of it is
# defined for the type, or for what it inherits from: https://schema.org/TechArticle and so on, as in schema-dts 2.1.0.
PROPERTIES = {
    "TechArticle": (
        "headline image author datePublished dateModified",
        "description url mainEntityOfPage publisher license isAccessibleForFree inLanguage keywords",
    ),
    "Organization": ("name url", ""),
    "BreadcrumbList": ("itemListElement", ""),
    "ListItem": ("position name item", ""),
    "FAQPage": ("mainEntity", ""),
    "Question": ("name acceptedAnswer", ""),
    "Answer": ("text", ""),
    "WebSite": ("name url", "description license inLanguage"),
}


def things(value: Any) -> Iterator[Mapping[str, Any]]:
    """Everything that has a type in some JSON-LD, however deep."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from things(inner)


def test_structured_data_says_what_schema_org_defines_and_google_asks_for(article: articles.Article) -> None:
    """No property that its type does not have, and none is missing; addresses are whole."""
    said = [*structured(article, read(PAGE), SITE), website(SITE)]
    found = [thing for one in said for thing in things(one)]
    assert {thing["@type"] for thing in found} == PROPERTIES.keys()
    for thing in found:
        names = {name for name in thing if not name.startswith("@")}
        asked, more = (set(part.split()) for part in PROPERTIES[thing["@type"]])
        assert asked <= names <= asked | more
        for name in names & {"url", "item", "image", "mainEntityOfPage"}:
            assert thing[name].startswith(SITE.home)
    assert all(one["@context"] == "https://schema.org" for one in said)


def test_an_article_its_way_and_its_questions(article: articles.Article) -> None:
    """Days as in its source, its section between it and the home page, and its questions word by word, if any."""
    about, way, questions = structured(article, read(PAGE), SITE)
    assert about["url"] == "https://example.org/notes/insights/grid/"
    assert (about["datePublished"], about["dateModified"]) == ("2026-01-02", "2026-01-03")
    assert [(item["position"], item["name"], item["item"]) for item in way["itemListElement"]] == [
        (1, "Home", "https://example.org/notes/"),
        (2, "Insights", "https://example.org/notes/#articles"),
        (3, "A grid", "https://example.org/notes/insights/grid/"),
    ]
    (asked,) = questions["mainEntity"]
    assert (asked["name"], asked["acceptedAnswer"]["text"]) == ("Is it < 3?", "Yes: 2. More Inside.")
    assert [one["@type"] for one in structured(article, Page("", {}), SITE)] == ["TechArticle", "BreadcrumbList"]


def test_feeds_list_articles(article: articles.Article) -> None:
    """RSS and JSON Feed with the same entries, each feed with its own address; a day is a day in UTC."""
    rss, feed = feeds([article], SITE)
    channel = ET.fromstring(rss).find("channel")  # noqa: S314  (our own)
    assert channel is not None
    assert all(channel.findtext(name) for name in ("title", "link", "description"))
    own = channel.find("{http://www.w3.org/2005/Atom}link")
    assert own is not None
    assert own.attrib == {"href": "https://example.org/notes/feed.xml", "rel": "self", "type": "application/rss+xml"}
    item = channel.find("item")
    assert item is not None
    assert (item.findtext("title"), item.findtext("link")) == ("A grid", "https://example.org/notes/insights/grid/")
    assert item.findtext("pubDate") == "Fri, 02 Jan 2026 00:00:00 GMT"
    assert parsedate_to_datetime(str(item.findtext("pubDate"))) == datetime(2026, 1, 2, tzinfo=UTC)
    whole = json.loads(feed)
    assert whole["version"] == "https://jsonfeed.org/version/1.1"
    assert (whole["title"], whole["feed_url"]) == ("Notes", "https://example.org/notes/feed.json")
    (entry,) = whole["items"]
    assert entry["id"] == item.findtext("guid")
    assert entry["content_text"]
    assert (entry["url"], entry["date_modified"]) == (item.findtext("link"), "2026-01-03T00:00:00Z")


def test_the_sitemap_has_the_days_of_the_sources() -> None:
    """An article's own; a page that states none has none, whatever day the generator wrote."""
    home, page = "<url>\n <loc>https://a/</loc>{}\n</url>", "<url>\n <loc>https://a/b/</loc>{}\n</url>"
    wrote = (home + page).replace("{}", "\n <lastmod>2030-01-01</lastmod>")
    assert sitemap(wrote, {"https://a/b/": "2026-01-03"}) == (
        home.replace("{}", "") + page.replace("{}", "\n <lastmod>2026-01-03</lastmod>")
    )


def test_llms_txt_leads_to_the_copies(article: articles.Article) -> None:
    """A title, a quotation that says what it is, and links with a sentence each."""
    lines = llms([article], SITE).split("\n")
    assert lines[0] == "# Notes"
    assert lines[2].startswith("> About risk.")
    assert "- [A grid](https://example.org/notes/insights/grid/index.md): Grids help." in lines


def test_the_card_is_a_picture_of_the_size_that_others_expect(article: articles.Article) -> None:
    """A PNG, 1200 by 630, that differs with its number."""
    pictures = [card(article, Page(key, {}), SITE) for key in ("$1", "$2", "")]
    for picture in pictures:
        assert picture.startswith(b"\x89PNG")
        assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (1200, 630)
    assert len(set(pictures)) == 3


def test_finishing_twice_is_finishing_once(
    article: articles.Article, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page gets its structured data in its head, once; nothing in it can end the script."""
    monkeypatch.setenv("SITE_URL", SITE.home)
    Path("mkdocs.yml").write_text("site_name: Notes\nsite_description: About risk.\nsite_url: !ENV [SITE_URL, x]\n")
    Path("docs/primer.md").write_text("---\ntitle: All\ndescription: All of it.\n---\n\n# All\n")
    Path("tests/ledger").mkdir(parents=True)
    Path("tests/ledger/grid.txt").write_text("numbers")
    for page in (".", "primer", "insights/grid"):
        folder = tmp_path / "site" / page
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(f"<html><head></head><body>{PAGE}</body></html>")
    (tmp_path / "site/sitemap.xml").write_text(f"<loc>{SITE.home}</loc><lastmod>2030-01-01</lastmod>")
    first = {file: file.read_bytes() for file in describe(Path("site"))}
    assert {file: file.read_bytes() for file in describe(Path("site"))} == first
    html = first[Path("site/insights/grid/index.html")].decode()
    rest = html.partition("</head>")[2]
    page, _, said = rest.partition('<script type="application/ld+json">')
    said = said.removesuffix("</script></body></html>")
    assert json.loads(said)[2]["mainEntity"][0]["name"] == "Is it < 3?"
    assert "<" not in said
    assert b'"@type": "WebSite"' in first[Path("site/index.html")]
    assert first[Path("site/robots.txt")].endswith(b"\nSitemap: https://example.org/notes/sitemap.xml\n")
    assert gzip.decompress(first[Path("site/sitemap.xml.gz")]) == first[Path("site/sitemap.xml")]
    assert b"2030" not in first[Path("site/sitemap.xml")]
    assert PAGE in page
    assert article.path == provenance([article])["articles"]["grid"]["source"]


def test_provenance_lists_records_down_to_the_hash_of_their_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the articles that use one; where none does, nothing is said of data."""
    monkeypatch.chdir(ROOT)
    measured = articles.read(Path("docs/insights/correlation.md"))
    text = re.sub(r"record\(", "dict(", Path("docs/insights/stress.md").read_text(encoding="utf-8"))
    without = articles.parse(text, "docs/insights/stress.md")
    said = provenance([measured, without])
    assert said["articles"]["correlation"]["records"] == ("rolling-correlation", "constant-correlation")
    assert "records" not in said["articles"]["stress"]
    record = said["records"]["rolling-correlation"]
    assert record["source_sha256"] == hashlib.sha256(Path(record["source"]).read_bytes()).hexdigest()
    assert {said["datasets"][file]["license"] for file in record["datasets"]} >= {"MIT"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", data["sha256"]) for data in said["datasets"].values())
    assert not {"records", "datasets", "facts"} & provenance([without]).keys()

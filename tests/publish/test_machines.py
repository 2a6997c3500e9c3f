"""What other programs read says what the page says."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from perpnotes.publish import articles
from perpnotes.publish.machines import Page, Site, card, feeds, finish, llms, provenance, read, structured

ROOT = Path(__file__).parents[2]
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


def test_structured_data_names_what_schema_org_asks_for(article: articles.Article) -> None:
    """An article, its way from the home page, and its questions, word by word; none where there are none."""
    about, way, questions = structured(article, read(PAGE), SITE)
    assert about["@type"] == "TechArticle"
    assert {"headline", "author", "datePublished", "dateModified", "image", "publisher", "license"} <= about.keys()
    assert about["url"] == "https://example.org/notes/insights/grid/"
    assert [item["position"] for item in way["itemListElement"]] == [1, 2]
    (asked,) = questions["mainEntity"]
    assert (asked["name"], asked["acceptedAnswer"]["text"]) == ("Is it < 3?", "Yes: 2. More Inside.")
    assert [one["@type"] for one in structured(article, Page("", {}), SITE)] == ["TechArticle", "BreadcrumbList"]


def test_feeds_list_articles(article: articles.Article) -> None:
    """RSS and JSON Feed with the same entries; a day is a day in UTC."""
    rss, feed = feeds([article], SITE)
    item = ET.fromstring(rss).find("channel/item")  # noqa: S314  (our own)
    assert item is not None
    assert (item.findtext("title"), item.findtext("link")) == ("A grid", "https://example.org/notes/insights/grid/")
    assert item.findtext("pubDate") == "Fri, 02 Jan 2026 00:00:00 GMT"
    (entry,) = json.loads(feed)["items"]
    assert (entry["url"], entry["date_modified"]) == (item.findtext("link"), "2026-01-03T00:00:00Z")


def test_llms_txt_leads_to_the_twins(article: articles.Article) -> None:
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
    for page in ("primer", "insights/grid"):
        folder = tmp_path / "site" / page
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(f"<html><head></head><body>{PAGE}</body></html>")
    first = {file: file.read_bytes() for file in finish(Path("site"))}
    assert {file: file.read_bytes() for file in finish(Path("site"))} == first
    html = first[Path("site/insights/grid/index.html")].decode()
    head, _, rest = html.partition("</head>")
    said = head.partition('<script type="application/ld+json">')[2].removesuffix("</script>")
    assert json.loads(said)[2]["mainEntity"][0]["name"] == "Is it < 3?"
    assert "<" not in said
    assert PAGE in rest
    assert article.path == provenance([article])["articles"]["grid"]["source"]

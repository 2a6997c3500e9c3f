"""Feeds, sitemap and `llms.txt`: how programs learn what there is on the site, and what is new.

Days are those that articles state: building a site again does not make it younger.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from perpnotes.publish.articles import Article, address
from perpnotes.publish.site.structured import Site

_ATOM = "http://www.w3.org/2005/Atom"


def feeds(found: Sequence[Article], site: Site) -> tuple[str, str]:
    """The articles as RSS 2.0 and as JSON Feed 1.1, newest first.

    Parameters:
        found: the articles.
        site: where they are.
    """
    newest = sorted(found, key=lambda article: str(article.meta["updated"]), reverse=True)
    ET.register_namespace("atom", _ATOM)
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    ET.SubElement(channel, f"{{{_ATOM}}}link", href=f"{site.home}feed.xml", rel="self", type="application/rss+xml")
    for tag, text in (("title", site.name), ("link", site.home), ("description", site.about), ("language", "en-US")):
        ET.SubElement(channel, tag).text = text
    entries = []
    for article in newest:
        here = site.home + address(article.path)
        day = str(article.meta["date"])
        item = ET.SubElement(channel, "item")
        stamp = format_datetime(datetime.fromisoformat(day).replace(tzinfo=UTC), usegmt=True)
        for tag, text in (
            ("title", str(article.meta["title"])),
            ("link", here),
            ("guid", here),
            ("pubDate", stamp),
            ("description", str(article.meta["description"])),
        ):
            ET.SubElement(item, tag).text = text
        entries.append(
            {
                "id": here,
                "url": here,
                "title": str(article.meta["title"]),
                "summary": str(article.meta["description"]),
                "content_text": str(article.meta["claim"]),
                "date_published": f"{day}T00:00:00Z",
                "date_modified": f"{article.meta['updated']}T00:00:00Z",
                "tags": list(article.meta["tags"]),
            }
        )
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.name,
        "description": site.about,
        "home_page_url": site.home,
        "feed_url": f"{site.home}feed.json",
        "language": "en-US",
        "items": entries,
    }
    ET.indent(rss)
    return ET.tostring(rss, encoding="unicode", xml_declaration=True) + "\n", json.dumps(
        feed, indent=1, ensure_ascii=False
    ) + "\n"


def sitemap(text: str, days: Mapping[str, str]) -> str:
    """A sitemap with the days on which pages say that they were updated; of others it says nothing.

    Parameters:
        text: as a generator wrote it, where the day of the build may be the day of every page.
        days: by address.
    """
    text = re.sub(r"\s*<lastmod>.*?</lastmod>", "", text)

    def dated(match: re.Match[str]) -> str:
        day = days.get(match[2])
        return f"{match[0]}{match[1]}<lastmod>{day}</lastmod>" if day else match[0]

    return re.sub(r"(\s*)<loc>(.*?)</loc>", dated, text)


def llms(found: Sequence[Article], site: Site) -> str:
    """What a language model should know of the site, after the proposal of llmstxt.org.

    Parameters:
        found: the articles, in order.
        site: where they are.
    """
    home = site.home
    listed = "\n".join(
        f"- [{a.meta['title']}]({home}{address(a.path)}index.md): {a.meta.get('claim', a.meta['description'])}"
        for a in found
    )
    return f"""# {site.name}

> {site.about} Educational: about systems, not advice.

Each article proves one claim with numbers that tested code computed. The addresses below lead to Markdown with the
computed values in their places; the pages themselves are at the same addresses without `index.md`.

## Articles

{listed}

## More

- [Definitions]({home}glossary/): one meaning for each term
- [Published examples]({home}verification/): numbers of venues and papers beside ours
- [Provenance]({home}provenance.json): versions, commit and digests of sources and numbers
"""

"""What other programs read of the built site: JSON-LD, feeds, `llms.txt`, card images, sitemap, provenance.

`perpnotes finish` adds all of it, and each article's Markdown, to the folder that a generator has written. Questions,
answers and key numbers are taken from the built pages, so that they cannot differ from what a reader sees. Addresses
begin with `SITE_URL`. Days are those that articles state: building a site again does not make it younger.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import platform
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml

from perpnotes import __version__
from perpnotes.publish import articles, ledger
from perpnotes.publish.articles import Article
from perpnotes.publish.listing import published
from perpnotes.publish.twins import twin

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
_CARD = (1200, 630)
_ATOM = "http://www.w3.org/2005/Atom"
_CONTEXT = "https://schema.org"


@dataclass(frozen=True, slots=True)
class Site:
    """What is true of the whole site.

    Parameters:
        name: as in the navigation.
        about: in a sentence.
        home: address of its first page, with a slash at the end.
    """

    name: str
    about: str
    home: str

    @classmethod
    def configured(cls, file: str = "mkdocs.yml") -> Site:
        """As `mkdocs.yml` and the environment have it.

        Parameters:
            file: from the working directory.
        """
        config = yaml.load(Path(file).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  (makes no objects)
        home = os.environ.get("SITE_URL") or config["site_url"][1]
        return cls(config["site_name"], config["site_description"], home.rstrip("/") + "/")


@dataclass(frozen=True, slots=True)
class Page:
    """What the built page of an article says.

    Parameters:
        key: its first computed number in bold, as text; empty where there is none.
        answers: question to answer, both plain text, in the order of the page.
    """

    key: str
    answers: Mapping[str, str]


class _Reader(HTMLParser):
    """Collects the questions, their answers and the key number."""

    def __init__(self) -> None:
        super().__init__()
        self.key = ""
        self.answers: dict[str, str] = {}
        self._open: list[str] = []  # details.pn-answer, summary, strong, data: the ancestors that matter
        self._question = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        answer = tag == "details" and "pn-answer" in classes
        if answer:
            self._question = self._text = ""
        if tag in ("details", "summary", "strong") or (tag == "data" and "calc" in classes):
            self._open.append("answer" if answer else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "li", "summary", "td", "th"):
            self._text += " "
        if tag == "summary" and self._open[-2:] == ["answer", "summary"]:
            self._question, self._text = _plain(self._text), ""
        if tag == "details" and self._open[-1:] == ["answer"]:
            self.answers[self._question] = _plain(self._text)
        if tag in ("details", "summary", "strong", "data") and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "answer" in self._open:
            self._text += data
        elif not self.key and self._open[-2:] == ["strong", "data"]:
            self.key = data


def _plain(text: str) -> str:
    return " ".join(text.split())


def read(html: str) -> Page:
    """What a built page says.

    Parameters:
        html: the page.
    """
    reader = _Reader()
    reader.feed(html)
    return Page(reader.key, reader.answers)


def structured(article: Article, page: Page, site: Site) -> Sequence[Mapping[str, Any]]:
    """The article in the words of schema.org: itself, its way from the home page, and its questions.

    Parameters:
        article: its source.
        page: what its built page says.
        site: where it is.
    """
    meta, address, home = article.meta, _address(article, site.home), site.home
    about: dict[str, Any] = {
        "@type": "TechArticle",
        "headline": str(meta["title"]),
        "description": str(meta["description"]),
        "url": address,
        "mainEntityOfPage": address,
        "image": f"{home}assets/cards/{Path(article.path).stem}.png",
        "publisher": {"@type": "Organization", "name": site.name, "url": home},
        "license": LICENSE,
        "isAccessibleForFree": True,
        "inLanguage": "en-US",
    }
    way = [("Home", home), (str(meta["title"]), address)]
    if "claim" in meta:  # an article, as it must be by the rules
        about["author"] = [{"@type": "Organization", "name": name, "url": f"{home}about/"} for name in meta["authors"]]
        about |= {"datePublished": str(meta["date"]), "dateModified": str(meta["updated"])}
        about |= {"keywords": ", ".join(meta["tags"])}
        way.insert(1, ("Insights", f"{home}#articles"))  # the section has no page of its own
    crumbs = [{"@type": "ListItem", "position": k, "name": name, "item": item} for k, (name, item) in enumerate(way, 1)]
    found: list[dict[str, Any]] = [about, {"@type": "BreadcrumbList", "itemListElement": crumbs}]
    if page.answers:
        asked = [
            {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}}
            for question, answer in page.answers.items()
        ]
        found.append({"@type": "FAQPage", "mainEntity": asked})
    return [{"@context": _CONTEXT, **one} for one in found]


def website(site: Site) -> Mapping[str, Any]:
    """The site in the words of schema.org, for its home page.

    Parameters:
        site: the site.
    """
    named = {"@context": _CONTEXT, "@type": "WebSite", "name": site.name, "url": site.home}
    return named | {"description": site.about, "license": LICENSE, "inLanguage": "en-US"}


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
        address = _address(article, site.home)
        day = str(article.meta["date"])
        item = ET.SubElement(channel, "item")
        stamp = format_datetime(datetime.fromisoformat(day).replace(tzinfo=UTC), usegmt=True)
        for tag, text in (
            ("title", str(article.meta["title"])),
            ("link", address),
            ("guid", address),
            ("pubDate", stamp),
            ("description", str(article.meta["description"])),
        ):
            ET.SubElement(item, tag).text = text
        entries.append(
            {
                "id": address,
                "url": address,
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
    return ET.tostring(rss, encoding="unicode", xml_declaration=True) + "\n", _json(feed)


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
        f"- [{a.meta['title']}]({_address(a, home)}index.md): {a.meta.get('claim', a.meta['description'])}"
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


def provenance(found: Sequence[Article]) -> Mapping[str, Any]:
    """Of what and by what the site was made, so that anyone can make it again.

    Parameters:
        found: the articles.
    """
    return {
        "perpnotes": __version__,
        "commit": os.environ.get("COMMIT", ""),
        "date": datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or 0), UTC).isoformat(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in ("numpy", "altair", "vl-convert-python", "mkdocs-material")},
        "articles": {
            Path(article.path).stem: {
                "source": article.path,
                "source_sha256": _digest(Path(article.path)),
                "numbers": (numbers := Path(ledger.FOLDER, f"{Path(article.path).stem}.txt")).as_posix(),
                "numbers_sha256": _digest(numbers),
                "library": f"perpnotes/{Path(article.path).stem}.py",
                "tests": f"tests/test_{Path(article.path).stem}.py",
            }
            for article in found
        },
    }


def card(article: Article, page: Page, site: Site) -> bytes:
    """The picture that a link to the article shows elsewhere: its key number and its title, as PNG.

    Parameters:
        article: its source.
        page: what its built page says.
        site: whose name it carries.
    """
    import vl_convert

    width, height = _CARD
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


def finish(folder: Path) -> Sequence[Path]:
    """Add all of it to a built site.

    Parameters:
        folder: what a generator has written, from the root of the repository.

    Returns:
        The files written, in order.

    Raises:
        FileNotFoundError: the page of an article, the home page or the sitemap is not in the folder.
    """
    site, found = Site.configured(), published()
    told = [articles.read(Path("docs/primer.md")), *found]
    home = folder / "index.html"
    written = {**dict(_pages(folder, told, site)), home: _told(home.read_text(encoding="utf-8"), website(site))}
    rss, feed = feeds(found, site)
    written |= {folder / "feed.xml": rss, folder / "feed.json": feed, folder / "llms.txt": llms(told, site)}
    written[folder / "provenance.json"] = _json(provenance(found))
    days = {_address(article, site.home): str(article.meta["updated"]) for article in found}
    places = sitemap((folder / "sitemap.xml").read_text(encoding="utf-8"), days)
    written |= {folder / "sitemap.xml": places, folder / "sitemap.xml.gz": gzip.compress(places.encode(), mtime=0)}
    written[folder / "robots.txt"] = f"User-agent: *\nAllow: /\n\nSitemap: {site.home}sitemap.xml\n"
    for file, content in written.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(written)


def _pages(folder: Path, found: Sequence[Article], site: Site) -> Iterator[tuple[Path, str | bytes]]:
    for article in found:
        file = folder / _address(article, "") / "index.html"
        html = file.read_text(encoding="utf-8")
        page = read(html)
        yield file, _told(html, structured(article, page, site))
        yield file.with_name("index.md"), twin(article, site.home)
        yield folder / f"assets/cards/{Path(article.path).stem}.png", card(article, page, site)


def _told(html: str, things: Any) -> str:
    """A page with JSON-LD in its head, once."""
    html = re.sub(r'<script type="application/ld\+json">.*?</script>', "", html)
    said = json.dumps(things, ensure_ascii=False).replace("<", "\\u003c")
    return html.replace("</head>", f'<script type="application/ld+json">{said}</script></head>', 1)


def _address(article: Article, home: str) -> str:
    return home + Path(article.path).relative_to("docs").with_suffix("").as_posix() + "/"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"

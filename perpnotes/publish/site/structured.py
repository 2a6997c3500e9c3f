"""Structured data: what schema.org has words for, of the site, its articles and their questions.

Questions, answers and key numbers are taken from the built pages, so that they cannot differ from what a reader sees.
Addresses begin with `SITE_URL`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import yaml

from perpnotes.publish.articles import Article, address

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
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
    def configured(cls) -> Site:
        """As `mkdocs.yml` and the environment have it."""
        config = yaml.load(Path("mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  (makes no objects)
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


_ANSWER = re.compile(r'<details class="pn-answer"[^>]*>\s*<summary>(.*?)</summary>(.*?)</details>', re.DOTALL)
_KEY = re.compile(r"<strong>\s*<data\b[^>]*\bcalc\b[^>]*>([^<]*)")


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", re.sub(r"</(?:p|li|summary|td|th)>", " ", html))).split())


def read(html: str) -> Page:
    """What a built page says.

    Parameters:
        html: the page.
    """
    key = _KEY.search(html)
    answers = {_text(question): _text(answer) for question, answer in _ANSWER.findall(html)}
    return Page(unescape(key[1]) if key else "", answers)


def structured(article: Article, page: Page, site: Site) -> Sequence[Mapping[str, Any]]:
    """The article in the words of schema.org: itself, its way from the home page, and its questions.

    Parameters:
        article: its source.
        page: what its built page says.
        site: where it is.
    """
    meta, here, home = article.meta, site.home + address(article.path), site.home
    about: dict[str, Any] = {
        "@type": "TechArticle",
        "headline": str(meta["title"]),
        "description": str(meta["description"]),
        "url": here,
        "mainEntityOfPage": here,
        "image": f"{home}assets/cards/{Path(article.path).stem}.png",
        "publisher": {"@type": "Organization", "name": site.name, "url": home},
        "license": LICENSE,
        "isAccessibleForFree": True,
        "inLanguage": "en-US",
    }
    way = [("Home", home), (str(meta["title"]), here)]
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


def told(html: str, things: Any) -> str:
    """A page with JSON-LD at its end, once: it repeats the answers there, and packs best beside them.

    Parameters:
        html: the page.
        things: from `structured` or `website`.
    """
    html = re.sub(r'<script type="application/ld\+json">.*?</script>', "", html)
    said = json.dumps(things, ensure_ascii=False).replace("<", "\\u003c")
    page, body, end = html.rpartition("</body>")
    return f'{page}<script type="application/ld+json">{said}</script>{body}{end}'

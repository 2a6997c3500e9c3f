"""What `make site` does once a generator has written the site: every step that adds to it, in order."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from perpnotes import __version__
from perpnotes.publish import articles
from perpnotes.publish.articles import Article
from perpnotes.publish.compute import ledger, records
from perpnotes.publish.show.listing import published
from perpnotes.publish.site import (
    feeds,
    fonts,
    html,
    offline,
    policy,
    runtime,
    search,
    social,
    structured,
    styles,
    traces,
)
from perpnotes.publish.site.copies import copy


def finish(folder: Path) -> Iterator[str]:
    """Finish a built site, and say after each step what it did.

    Parameters:
        folder: what a generator has written, from the root of the repository.

    Raises:
        FileNotFoundError: the page of an article, the home page or the sitemap is not in the folder.
        ValueError: pages or stylesheets that cannot be read.
    """
    yield f"{len(describe(folder))} files in {folder}"
    yield f"{len(traces.write(folder))} files that tell of numbers and move pictures, when a reader asks"
    runs = runtime.add(folder)
    yield f"{runs} blocks run in the browser" if runs else "no block runs in the browser: see make runtime"
    yield f"{search.write(folder)} headings in its search"
    yield f"{_changed(folder, html.tidy)} pages with tidier HTML"
    yield styles.trim(folder).as_posix()
    yield f"{_changed(folder, partial(fonts.link, site=folder))} pages with their typefaces"
    yield f"{_changed(folder, policy.restrict)} pages that run no other script"
    yield offline.pack(folder).as_posix()


def _changed(folder: Path, change: Callable[[str], str]) -> int:
    """Write the pages of a site again, and say how many are others now."""
    count = 0
    for file in folder.rglob("*.html"):
        was = file.read_text(encoding="utf-8")
        if (now := change(was)) != was:
            file.write_text(now, encoding="utf-8")
            count += 1
    return count


def describe(folder: Path) -> Sequence[Path]:
    """Add what other programs read, and each article's Markdown, to a built site.

    Parameters:
        folder: what a generator has written, from the root of the repository.

    Returns:
        The files written, in order.

    Raises:
        FileNotFoundError: the page of an article, the home page or the sitemap is not in the folder.
    """
    site, found = structured.Site.configured(), published()
    told = [articles.read(Path("docs/primer.md")), *found]
    home = folder / "index.html"
    written = {
        **dict(_pages(folder, told, site)),
        home: structured.told(home.read_text(encoding="utf-8"), structured.website(site)),
    }
    rss, feed = feeds.feeds(found, site)
    written |= {folder / "feed.xml": rss, folder / "feed.json": feed, folder / "llms.txt": feeds.llms(told, site)}
    written[folder / "provenance.json"] = json.dumps(provenance(found), indent=1, ensure_ascii=False) + "\n"
    days = {site.home + articles.address(article.path): str(article.meta["updated"]) for article in found}
    places = feeds.sitemap((folder / "sitemap.xml").read_text(encoding="utf-8"), days)
    written |= {folder / "sitemap.xml": places, folder / "sitemap.xml.gz": gzip.compress(places.encode(), mtime=0)}
    written[folder / "robots.txt"] = f"User-agent: *\nAllow: /\n\nSitemap: {site.home}sitemap.xml\n"
    for file, content in written.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(written)


def _pages(folder: Path, found: Sequence[Article], site: structured.Site) -> Iterator[tuple[Path, str | bytes]]:
    for article in found:
        file = folder / articles.address(article.path) / "index.html"
        html = file.read_text(encoding="utf-8")
        page = structured.read(html)
        yield file, structured.told(html, structured.structured(article, page, site))
        yield file.with_name("index.md"), copy(article, site.home)
        yield folder / f"assets/cards/{Path(article.path).stem}.png", social.card(article, page, site)


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
        "libraries": {name: version(name) for name in ("numpy", "vl-convert-python", "mkdocs-material")},
        "articles": {
            Path(article.path).stem: {
                "source": article.path,
                "source_sha256": _digest(Path(article.path)),
                "numbers": (numbers := Path(ledger.FOLDER, f"{Path(article.path).stem}.txt")).as_posix(),
                "numbers_sha256": _digest(numbers),
                "library": f"perpnotes/{Path(article.path).stem}.py",
                "tests": f"tests/test_{Path(article.path).stem}.py",
                **{kind: names for kind, names in records.cited(article).items() if names},
            }
            for article in found
        },
        **_data([records.cited(article) for article in found]),
    }


def _data(cited: Sequence[Mapping[str, Sequence[str]]]) -> Mapping[str, Any]:
    """The records and facts that articles use, with the data sets down to the hash; nothing where there are none."""
    names, facts = ({name for each in cited for name in each[kind]} for kind in ("records", "facts"))
    used = [records.read(name) for name in sorted(names)]
    files = {file for record in used for file in record.data.values()}
    found = {
        "records": {
            record.name: {
                "source": (source := records.FOLDER / f"{record.name}.yaml").as_posix(),
                "source_sha256": _digest(source),
                "measured": record.date,
                "datasets": list(record.data.values()),
            }
            for record in used
        },
        "datasets": {
            file: {"origin": data.link or data.package, "license": data.license, "sha256": data.sha256}
            for file, data in records.datasets().items()
            if file in files
        },
        "facts": {name: asdict(fact) for name, fact in records.facts().items() if name in facts},
    }
    return {kind: entries for kind, entries in found.items() if entries}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()

"""What is served while one writes is, after any edit, what a strict build of everything makes of the files."""

from __future__ import annotations

import filecmp
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from queue import Queue
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser, expect

from perpnotes.publish import serve
from perpnotes.publish.site import runtime

ROOT = Path(__file__).parents[2]
ARTICLE = """\
---
title: {title}
description: A small article.
date: 2026-01-0{day}
authors: [Somebody]
audience: [trade]
claim: Fees add up.
tags: [{tag}]
---

# {title}

It costs `#!calc cost | usd.2`, a [fee](../glossary.md#fee).

## Worked example

```python exec="on" id="trip"
from perpnotes import {idea}
from perpnotes.fees import round_trip

notional = 1_000.0
cost = float(round_trip(notional, 0.001, 0.001))
print(cost)
```
"""
PAGES = {
    "index": """\
# Home

It costs `#!calc fees: cost | usd.2`: see [about](about.md).

<!-- ideas -->
""",
    "about": "# About\n\nWords, and a [function][perpnotes.fees.round_trip].\n",
    "glossary": "# Glossary\n\n## Fee\n\nWhat a venue takes.\n\n## Tick\n\nThe smallest step.\n",
    "verification": """\
# Verification

```python exec="on" code="folded" title="Code of the tables"
from perpnotes.publish import verify

verify().sections()
```
""",
    "insights/fees": ARTICLE.format(title="Fees", day=1, tag="fees", idea="fees"),
    "insights/latency": ARTICLE.format(title="Latency", day=2, tag="fees", idea="latency"),
    "reference/fees": "# `perpnotes.fees`\n\n::: perpnotes.fees\n",
    "reference/latency": "# `perpnotes.latency`\n\n::: perpnotes.latency\n",
}
PUBLISHED = """\
source: A venue
groups:
  - kind: round trip
    document: its page
    call: fees.round_trip(notional, 0.001, 0.001)
    examples:
      - {id: venue_1, given: {notional: 1000}, published: 2.0, within: 0.001}
"""
EXTENSION = """
from functools import cache
from pathlib import Path
from markdown import Extension
from markdown.preprocessors import Preprocessor

@cache
def words():
    return Path("words.txt").read_text()

class Words(Preprocessor):
    def run(self, lines):
        return [line.replace("Words", words()) for line in lines]

class WordsExtension(Extension):
    def extendMarkdown(self, md):
        md.preprocessors.register(Words(md), "words", 1)

def makeExtension(**options):
    return WordsExtension(**options)
"""
# Each build in a process of its own, which has loaded everything and built nothing; templates are compiled once.
FULL = """
import os, sys
from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.commands.build import build
from mkdocs.config import load_config
import mkdocs_autorefs, mkdocstrings, mkdocstrings_handlers.python, markdown_exec
from pathlib import Path
from perpnotes.publish.page import extension
from perpnotes.publish.site import search

made, compiled = Environment.__init__, FileSystemBytecodeCache("cache")
Environment.__init__ = lambda self, *args, **options: made(self, *args, **{"bytecode_cache": compiled, **options})
for url in sys.stdin:
    child = os.fork()
    if not child:
        config = load_config("mkdocs.yml", site_dir="full", site_url=url.strip(), strict=True)
        config.plugins.on_startup(command="build", dirty=False)
        try:
            build(config)
            search.write(Path("full"))
        except BaseException as error:
            print(f"failed: {error!r}", flush=True)
            os._exit(1)
        print("built", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


class Served:
    """A small site with the real configuration, extensions and library; one process serves it, another builds it."""

    def __init__(self, root: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.root, self.url = root, f"http://{address}/"
        self.server = self._run("-m", "perpnotes.publish", "serve", "--address", address)
        self.full = self._run("-c", FULL)
        self.lines: Queue[str] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _run(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "PYTHONUNBUFFERED": "1",
            "SOURCE_DATE_EPOCH": "1700000000",
            "NO_MKDOCS_2_WARNING": "1",
            "TMPDIR": str(self.root / "served"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=self.root, env=environment, text=True, stdin=pipe, stdout=pipe,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def _listen(self) -> None:
        for line in self.server.stdout or ():
            self.lines.put(line.strip())

    def said(self) -> str:
        """The next line in the terminal."""
        return self.lines.get(timeout=120)

    def started(self) -> str:
        """What it says after the first build."""
        assert self.said() == f"Serving on {self.url}"
        return self.said()

    def replace(self, file: str, old: str, new: str) -> str:
        """Change a file at once, as editors do, and return what the server then says."""
        path, written = self.root / file, self.root / "written"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert text.count(old) >= 1
        written.write_text(text.replace(old, new, 1), encoding="utf-8")
        written.replace(path)
        return self.said()

    def same(self) -> None:
        """Compare every file with a build of everything."""
        assert self.full.stdin is not None
        assert self.full.stdout is not None
        print(self.url, file=self.full.stdin, flush=True)
        assert self.full.stdout.readline() == "built\n"
        (folder,) = self.root.glob("served/perpnotes_*")
        assert list(_differences(filecmp.dircmp(self.root / "full", folder, ignore=[]))) == []

    def raw(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=120) as answer:  # noqa: S310
            return bytes(answer.read())

    def get(self, path: str = "") -> str:
        try:
            return self.raw(path).decode()
        except HTTPError as error:
            return error.read().decode()


def _differences(found: filecmp.dircmp[str]) -> Iterator[str]:
    yield from (f"{found.right}: {name}" for name in found.left_only + found.right_only)
    _, wrong, odd = filecmp.cmpfiles(found.left, found.right, found.common_files, shallow=False)
    yield from (f"{found.right}: {name}" for name in wrong + odd)
    for below in found.subdirs.values():
        yield from _differences(below)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A small site, being served; each test leaves it without a fault."""
    root = tmp_path_factory.mktemp("served")
    shutil.copytree(ROOT / "perpnotes", root / "perpnotes", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs/assets", root / "docs/assets")
    shutil.copy(ROOT / "pyproject.toml", root)
    for name, text in PAGES.items():
        (root / f"docs/{name}.md").parent.mkdir(exist_ok=True)
        (root / f"docs/{name}.md").write_text(text, encoding="utf-8")
    (root / "tests/published").mkdir(parents=True)
    (root / "tests/published/venue.yaml").write_text(PUBLISHED, encoding="utf-8")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    articles = "".join(f"          - {name}.md\n" for name in PAGES if "insights" in name)
    nav = "".join(f"  - {name}.md\n" for name in PAGES if "insights" not in name)
    nav += f"  - Insights:\n      - All:\n{articles}"
    config = re.sub(r"\nnav:\n(.*\n)+?\n", f"\nnav:\n{nav}\n", config)
    last = "perpnotes.publish.page.extension\n"
    assert config.count(last) == 1
    (root / "mkdocs.yml").write_text(config.replace(last, f"{last}  - words\n"), encoding="utf-8")
    (root / "words.py").write_text(EXTENSION, encoding="utf-8")  # no part of the publishing layer
    (root / "words.txt").write_text("One", encoding="utf-8")
    for name in ("served", "cache"):
        (root / name).mkdir()
    served = Served(root)
    assert _pages(served.started()) == len(PAGES)
    yield served
    for process in (served.server, served.full):
        process.terminate()
        process.communicate()


def _pages(line: str) -> int:
    found = re.match(r"(\d+) pages in ", line)
    assert found, line
    return int(found[1])


def test_a_click_on_a_number_opens_its_card_as_it_is_now(site: Served, browser: Browser) -> None:
    """What the card tells is made when it is asked for: after an edit of the article, and of the library."""
    page = browser.new_page()
    page.goto(f"{site.url}insights/fees/")
    number, card, seen = page.locator("data.calc[data-trace]").first, page.locator(".pn-trace"), [""]
    examples = site.get("verification/numbers.js")
    for edit in (
        (),
        ("docs/insights/fees.md", "notional = ", "notional = 3 * "),
        ("perpnotes/fees.py", "last * (1.0 + r)", "last * (3.0 + r)"),
    ):
        if edit:
            site.replace(*edit)
            expect(number).not_to_have_text(seen[-1])
        seen.append(number.text_content() or "")
        number.click()
        expect(card.locator(".pn-steps")).to_contain_text(f"= {seen[-1]}")
        page.keyboard.press("Escape")
    assert len(set(seen)) == 4
    assert site.get("verification/numbers.js") != examples
    page.close()


def test_python_for_browsers_has_the_library_as_it_is_now(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is prepared there are buttons, and what they load; elsewhere neither. No file of the site has them."""
    library, button = site.root / "perpnotes/drift.py", 'data-run="trip"'
    assert button not in site.get("insights/fees/")
    with pytest.raises(HTTPError, match="404"):
        site.raw("assets/run/perpnotes.tar.gz")
    monkeypatch.setenv("XDG_CACHE_HOME", str(site.root / "cache"))
    runtime.folder().mkdir()
    (runtime.folder() / "numpy.zip").write_bytes(b"numpy")
    try:
        for edit in ((), ("from __future__", "# A comment.\nfrom __future__")):
            if edit:
                site.replace("perpnotes/drift.py", *edit)
            assert site.get("insights/fees/").count(button) == 1
            with tarfile.open(fileobj=io.BytesIO(site.raw("assets/run/perpnotes.tar.gz"))) as packed:
                found = packed.extractfile("perpnotes/drift.py")
                assert found is not None
                assert found.read() == library.read_bytes()
        assert site.raw("assets/run/numpy.zip") == b"numpy"
        site.same()
    finally:
        shutil.rmtree(runtime.folder())


def test_after_any_edit_it_is_what_a_build_of_everything_makes(site: Served) -> None:
    """One edit of each kind of input, one after the other; each writes the pages that it touches, and no others.

    Every fifth time all files are compared, which takes most of the time: what is old stays old.
    """
    every = len(list(site.root.glob("docs/**/*.md")))
    article, library, examples = "docs/insights/fees.md", "perpnotes/fees.py", "tests/published/venue.yaml"
    kinds = {
        "text of an article": (1, article, "# Fees\n", "# Fees\n\nMore words.\n"),
        "comment": (1, article, "# Fees\n", "<!-- a note -->\n\n# Fees\n"),
        "value of an article, quoted by another": (2, article, "1_000.0", "2_000.0"),
        "no tag in common": (every, article, "tags: [fees]", "tags: [other]"),  # a theme may show it everywhere
        "title": (every, article, "title: Fees", "title: All fees"),
        "heading": (1, "docs/about.md", "# About\n", "# About\n\n## More\n"),
        "definition of a term": (3, "docs/glossary.md", "What a venue takes.", "What a venue keeps."),
        "link to another term": (2, "docs/insights/latency.md", "glossary.md#fee", "glossary.md#tick"),
        "value of the library": (5, library, "n * (first + last", "n * (first + 2 * last"),
        "docstring": (1, library, "Fees of opening and closing", "What opening and closing cost"),
        "name that goes": (2, library, "def slippage_covered", "def slippage_paid"),
        "published example": (1, examples, "published: 2.0", "published: 2.5"),
        "call of a published example": (3, examples, "fees.round_trip(notional, 0.001, 0.001)", "notional * 0.002"),
        "home page": (1, "docs/index.md", "It costs", "In sum it costs"),
        "styles": (0, "docs/assets/site.css", "{", "{ "),
    }
    for place, (kind, (number, file, old, new)) in enumerate(kinds.items(), 1):
        said = site.replace(file, old, new)
        assert (kind, _pages(said)) == (kind, number)
        if place % 5 == 0:
            site.same()

    assert site.replace("docs/new.md", "", "# New\n").endswith("starting anew")  # as for each file that comes
    assert "exist in the docs directory, but are not included" in site.started()
    assert site.replace("mkdocs.yml", "\nnav:\n", "\nnav:\n  - new.md\n").endswith("starting anew")
    assert _pages(site.started()) == every + 1
    site.same()


def test_a_file_that_an_extension_reads_starts_the_process_anew(site: Served) -> None:
    """Whether it keeps what it read is not known, so that rendering a page again may not be enough.

    A fault in the first build then shows until it is mended; who asks before that build has ended waits for it.
    """
    assert "<p>One, and a" in site.get("about/")
    # The page that read it does not read it again.
    _pages(site.replace("docs/index.md", "# Home\n", "# Home\n\nHere.\n"))
    assert "ZeroDivisionError" in site.replace("docs/insights/fees.md", "cost = ", "cost = 1 / 0 + ")
    assert site.replace("words.txt", "One", "Two").endswith("starting anew")
    assert site.said() == f"Serving on {site.url}"
    assert "ZeroDivisionError" in site.get("about/")
    assert "ZeroDivisionError" in site.said()
    _pages(site.replace("docs/insights/fees.md", "cost = 1 / 0 + ", "cost = "))
    site.same()
    assert "<p>Two, and a" in site.get("about/")


def test_what_is_loaded_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether an edit of a file starts the process anew; a file that comes or goes always does."""
    monkeypatch.chdir(tmp_path)
    files = {
        "mkdocs.yml": True,
        "perpnotes/__init__.py": True,
        "perpnotes/publish/page/fences.py": True,
        "perpnotes/publish/theme/main.html": True,
        "perpnotes/fees.py": False,
        "tests/published/venue.yaml": False,
        "docs/index.md": False,
    }
    for name in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    for name, anew in files.items():
        before = serve._frame()
        Path(name).write_text("Another.", encoding="utf-8")
        assert (name, serve._frame() != before) == (name, anew)
    for name in ("docs/index.md", "perpnotes/fees.py"):
        before = serve._frame()
        Path(name).unlink()
        assert serve._frame() != before


FAULTS = [
    ("docs/insights/fees.md", "cost = ", "cost = 1 / 0 + ", "ZeroDivisionError: division by zero"),
    ("docs/insights/fees.md", 'exec="on"', 'exec="of"', 'exec="of": allowed is on'),
    ("docs/insights/fees.md", "glossary.md#fee", "glossary.md#fees", "glossary.md has no term #fees"),
    ("docs/about.md", "Words", "[Words](no.md)", "Doc file 'about.md' contains a link 'no.md'"),
    ("docs/about.md", "round_trip]", "no_trip]", "about.md: Could not find cross-reference target"),
    ("perpnotes/fees.py", "def round_trip(", "def round_trip(:", "invalid syntax"),
]


def test_a_fault_shows_in_the_browser_and_in_one_line(site: Served) -> None:
    """In the place of every page, until the edit that mends it, after which the browser reloads."""
    for file, old, new, reason in FAULTS:
        said = site.replace(file, old, new)
        before = (site.root / file).read_text(encoding="utf-8").partition(new)[0]
        told = f"{file}:{before.count(chr(10)) + 1}: {reason}"
        assert said.startswith(told)
        for path in ("", "about/", "nowhere/"):
            shown = site.get(path)
            assert told in unescape(shown)
            epoch = int(re.findall(r"livereload\((\d+),", shown)[0])
        _pages(site.replace(file, new, old))
        assert int(site.get(f"livereload/{epoch}/1")) > epoch
        assert told not in unescape(site.get("about/"))

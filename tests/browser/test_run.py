"""Code that runs in a reader's browser: all of it, to the last character; changed, stopped, and never in the way."""

from __future__ import annotations

import doctest
import gzip
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

import perpnotes
from perpnotes.publish.site import runtime

from .conftest import articles
from .test_accessibility import AXE, violations

pytestmark = pytest.mark.skipif(not runtime.ready(), reason="no Python for browsers here: make runtime fetches it")

BYTES = 7_600_000
"""What the first click may load, compressed."""

_HELD = (
    "globalThis.Worker = class extends Worker { constructor(...given) { super(...given); globalThis.tried = this } }"
)
"""The page's own Python can be asked for more than the page asks."""
_ASK = """codes => new Promise((done, failed) => {
  const ran = []
  tried.onerror = event => failed(Error(event.message))
  tried.onmessage = ({ data }) => {
    if (data.type === "block") ran.push([data.out, data.error])
    if (data.type === "block" && data.error || data.type === "done") done(ran)
    if (data.type === "fault") failed(Error(data.text))
  }
  tried.postMessage({ type: "run", id: 1, blocks: codes.map((code, i) => ({ name: `test${i}.py`, code })) })
})"""
_RUNS = """async path => {
  const text = await (await fetch(path)).text(), page = new DOMParser().parseFromString(text, "text/html")
  return [...page.querySelectorAll("[data-run]")].map(button => {
    const home = button.closest(".pn-block"), printed = home.querySelector(".pn-output pre")
    return [home.querySelector(".highlight code").textContent.replace(/\\n$/, ""), printed?.textContent ?? ""]
  })
}"""


@pytest.fixture(scope="module")
def article(address: str, window: BrowserContext) -> Iterator[tuple[Page, list[str], list[str]]]:
    """An article whose blocks have run once, each test leaving them as the build did; what was asked before, and then.

    To start Python takes ten seconds of the processor, so it is started once.
    """
    page = window.new_page()
    page.add_init_script(_HELD)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}insights/fees/", wait_until="networkidle")
    before = asked.copy()
    page.locator("[data-run]").first.click()
    expect(page.locator(".pn-state").first).to_have_attribute("data-verdict", "identical")
    expect(page.locator("[data-run]").first).to_be_visible()  # again: all blocks have run
    yield page, before, asked
    page.close()


@pytest.fixture
def ran(article: tuple[Page, list[str], list[str]]) -> Page:
    """The article itself."""
    return article[0]


def test_every_open_block_prints_what_the_build_printed(site: Path, address: str, ran: Page) -> None:
    """Articles and reference: the blocks of a page in their order, with names of their own, one after the other."""
    different, blocks = [], 0
    reference = sorted(page.parent.name for page in site.glob("reference/*/index.html"))
    for name in (*(f"insights/{name}" for name in articles(site)), *(f"reference/{name}" for name in reference)):
        runs = ran.evaluate(_RUNS, f"{address}{name}/")
        found = ran.evaluate(_ASK, [code for code, _ in runs])  # up to the first error
        blocks += len(found)
        for (code, built), (printed, error) in zip(runs, found, strict=False):
            if error or printed.rstrip() != built.rstrip():
                different.append((name, code, built, printed, error))
    assert different == []
    assert blocks > 60 + len(reference)


def test_a_click_runs_every_open_block_of_the_page(address: str, article: tuple[Page, list[str], list[str]]) -> None:
    """Each says that it printed the same. Nothing is asked of another host, nothing loaded before the click."""
    page, before, asked = article
    assert not [url for url in before if "/run" in url]
    assert [url for url in asked if "/run" in url]
    blocks = page.locator(".pn-block:has([data-run])")
    assert blocks.count() > 1
    expect(blocks.locator(".pn-state[data-verdict]")).to_have_count(blocks.count())
    expect(blocks.locator(".pn-state[data-verdict=identical]")).to_have_count(blocks.count())
    assert [url for url in asked if not url.startswith(address)] == []


def test_the_librarys_doctests_hold_in_the_browser(ran: Page) -> None:
    """The same examples, run by the browser's Python, compared by doctest here."""
    checker, faults, count = doctest.OutputChecker(), [], 0
    finder = doctest.DocTestFinder()
    for name in perpnotes.__all__:
        module = getattr(perpnotes, name)
        if not getattr(module, "__name__", "").startswith("perpnotes."):
            continue
        for test in finder.find(importlib.import_module(module.__name__), module.__name__):
            if not test.examples:
                continue
            sources = [example.source for example in test.examples]
            code = (
                f"import {module.__name__}\nnames = dict({module.__name__}.__dict__)\nfor source in {sources!r}:\n"
                "    print(chr(30), end='')\n"
                "    try:\n        exec(compile(source, '<doctest>', 'single'), names)\n"
                "    except Exception as problem:\n"
                "        print('Traceback (most recent call last):')\n"
                "        print(f'{type(problem).__name__}: {problem}')\n"
            )
            ((out, error),) = ran.evaluate(_ASK, [code])
            assert error is None, (test.name, error)
            for example, got in zip(test.examples, out.split("\x1e")[1:], strict=True):
                count += 1
                want = example.want if not example.exc_msg else f"Traceback (most recent call last):\n{example.exc_msg}"
                if not checker.check_output(want, got, doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS):
                    faults.append((test.name, example.source, want, got))
    assert faults == []
    assert count > 200


def test_a_change_moves_what_later_blocks_print_and_reset_brings_the_build_back(ran: Page) -> None:
    """The text keeps the build's numbers and says so; an error names the reader's line; nothing is stored."""
    first, second = (ran.locator(".pn-block:has([data-run])").nth(place) for place in (0, 1))
    built = [each.locator(".pn-output pre").text_content() for each in (first, second)]
    first.get_by_role("button", name="Change it").click()
    editor = first.get_by_role("textbox")
    editor.fill(editor.input_value().replace("10.0", "9.0"))
    editor.press("Control+Enter")
    expect(second.locator(".pn-state")).to_have_attribute("data-verdict", "different")
    expect(second.locator(".pn-state")).to_contain_text("keeps the numbers of the build")
    assert second.locator(".pn-differs tr").count() > 0
    editor.fill("size = 1\n\nsize / 0")
    first.locator("[data-run]").click()
    expect(first.locator(".pn-state")).to_have_text("Stopped at line 3.")
    expect(first.locator(".pn-output pre")).to_have_text("line 3: ZeroDivisionError: division by zero")
    first.get_by_role("button", name="Reset").click()
    second.locator("[data-run]").click()
    expect(second.locator(".pn-state")).to_have_attribute("data-verdict", "identical")
    assert [each.locator(".pn-output pre").text_content() for each in (first, second)] == [
        text and text.rstrip() for text in built
    ]
    assert ran.evaluate("[localStorage.length, sessionStorage.length, location.hash, document.cookie]")[2:] == ["", ""]


def test_stop_always_works(ran: Page) -> None:
    block = ran.locator(".pn-block:has([data-run])").first
    block.get_by_role("button", name="Change it").click()
    block.get_by_role("textbox").fill("while True:\n    pass")
    block.locator("[data-run]").click()
    stop = block.get_by_role("button", name="Stop")
    expect(stop).to_be_focused()
    stop.click()
    expect(block.locator(".pn-state")).to_have_text("Stopped.")
    block.get_by_role("button", name="Reset").click()
    block.locator("[data-run]").click()
    expect(block.locator(".pn-state")).to_have_attribute("data-verdict", "identical")


def test_the_first_click_loads_little_and_the_button_says_how_much(site: Path, address: str, page: Page) -> None:
    files = [each for each in (site / runtime.TARGET).iterdir() if each.name != "NOTICE.txt"]  # nobody loads it
    size = sum(len(gzip.compress(each.read_bytes(), 6)) for each in files)
    assert size <= BYTES
    page.goto(f"{address}insights/fees/")
    expect(page.locator(".pn-runs small").first).to_contain_text("MB, once")


def test_axe_finds_nothing_with_an_editor_open(ran: Page) -> None:
    block = ran.locator(".pn-block:has([data-run])").first
    block.get_by_role("button", name="Change it").click()
    ran.evaluate(AXE)
    for width, scheme in ((390, "dark"), (1280, "light")):
        ran.set_viewport_size({"width": width, "height": 900})
        ran.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert violations(ran, ".pn-runs, .pn-editor") == [], scheme
        assert ran.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    block.get_by_role("button", name="Reset").click()

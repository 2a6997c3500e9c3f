"""The reader's own book: what the page says is what the library says, and the link carries it; nothing else leaves."""

from __future__ import annotations

import base64
import json
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from perpnotes import book
from perpnotes.publish.show.yours import fragment
from perpnotes.publish.site import runtime

from .conftest import ENVIRONMENT, until
from .test_accessibility import AXE, violations
from .test_pages import _tab_to

pytestmark = pytest.mark.skipif(not runtime.ready(), reason="no Python for browsers here: make runtime fetches it")

BOOK: dict[str, Any] = {
    "legs": [
        {"coin": "BTC", "size": 0.5, "entry": 60_500.5, "stop": 52_000},
        {"coin": "ETH", "size": -2, "entry": 3_100, "margin": 900},
        {"coin": "BTC", "kind": "inverse", "size": -10_000, "entry": 59_000, "maintenance": 0.005},
        {"coin": "ETH", "kind": "spot", "size": 1.5, "haircut": 0.1},
        {"coin": "BTC", "kind": "option", "size": 0.2, "strike": 50_000, "days": 30, "call": False},
    ],
    "marks": {"BTC": 60_000, "ETH": 3_000},
    "collateral": [{"amount": 6_000}, {"amount": 20_000, "currency": "MXN", "haircut": 0.05}],
    "fx": {"MXN": 0.055},
    "volatility": {"BTC": 0.55},
    "days": 10,
}


TRADED: dict[str, Any] = {
    **BOOK,
    "legs": [{**BOOK["legs"][0], "size": 0.6}, *BOOK["legs"][1:4], {"coin": "SOL", "size": -20, "maintenance": 0.01}],
    "marks": {**BOOK["marks"], "SOL": 150},
    "trade": {"coin": "BTC", "size": -0.2},
}
"""That book after the edits of a reader, with a trade that is only tried."""


_ANEW = """hash => {
  for (const each of document.querySelectorAll(".pn-book details")) each.open = false
  document.querySelector(".pn-in").firstElementChild.classList.add("pn-old") // until the form is drawn
  document.querySelector('[data-key="text"]')?.remove() // until there is an answer
  history.replaceState(null, "", "#") // or the same book would be no change
  location.hash = hash
}"""


@dataclass
class Started:
    """The page with Python in it, and what was seen on the way there."""

    page: Page
    asked: list[Request]
    before: list[Request]
    example: bool
    text: str = ""
    trade: str = ""


@pytest.fixture(scope="module")
def started(address: str, window: BrowserContext) -> Iterator[Started]:
    """A link is opened and Python started with the keyboard: once, for it takes ten seconds of the processor."""
    page = window.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(reduced_motion="reduce")
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(f"{address}book/", wait_until="networkidle")
    seen = Started(page, asked, asked.copy(), page.locator(".pn-key").is_visible())
    page.goto("about:blank")  # or the link would be a place on the page that is there
    page.goto(f"{address}book/{fragment(json.dumps(TRADED))}")
    _tab_to(page, "[data-book]")
    page.keyboard.press("Enter")
    expect(page.locator(".pn-price").first).to_be_visible()
    expect(page.locator(".pn-key")).to_be_hidden()
    row = page.locator(".pn-top .pn-rows tbody tr").first
    seen.trade = row.locator("td").last.text_content() or ""
    seen.text = _text(page)
    yield seen
    page.close()


@pytest.fixture
def python(started: Started) -> Page:
    """That page; links bring the books of the tests to it."""
    return started.page


def _opened(page: Page, given: dict[str, Any] = BOOK, width: int = 1280, scheme: str = "light") -> Page:
    """The page with a book in its address and nothing unfolded, once Python has answered."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.evaluate(_ANEW, fragment(json.dumps(given)))
    expect(page.locator(".pn-old")).to_have_count(0)
    said = book.report({key: value for key, value in given.items() if key != "trade"})
    _says(page, str(said))
    return page


def _says(page: Page, text: str) -> None:
    """The report as text, which Python writes while it is unfolded."""
    folded = page.locator('[data-key="text"]')
    folded.evaluate("details => details.open = true")
    expect(folded.locator("pre")).to_have_text(text)
    folded.evaluate("details => details.open = false")


def _field(page: Page, path: str) -> Any:
    return page.locator(f'[data-path="{path}"]')


def _text(page: Page) -> str:
    report = page.locator('[data-key="text"]')
    if not report.evaluate("it => it.open"):
        report.locator("summary").click()
    return report.locator("pre").text_content() or ""


def _carried(page: Page) -> dict[str, Any]:
    """The book in the address, read as Python reads it."""
    packed = urlsplit(page.url).fragment.removeprefix("v1=")
    text = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), wbits=-zlib.MAX_WBITS)
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_browser_prints_what_python_prints_for_every_kind_of_leg(python: Page) -> None:
    """To the last character: of the book in the link, and of the one that the reader makes of it."""
    page = _opened(python)
    assert _text(page) == str(book.report(BOOK))
    _field(page, "legs[0].size").fill("0.75")
    changed = {**BOOK, "legs": [{**BOOK["legs"][0], "size": 0.75}, *BOOK["legs"][1:]]}
    _says(page, str(book.report(changed)))


def test_each_large_price_is_the_one_in_the_report(python: Page) -> None:
    page = _opened(python)
    said = book.report(BOOK).to_dict()
    for card, one in zip(page.locator(".pn-price").all(), said["prices"], strict=True):
        ways = ["alone"] if said["accounts"][one["account"]]["isolated"] else ["alone", "following", "together"]
        for value, way in zip(card.locator(".pn-value").all(), ways, strict=True):
            ends = [end for end in (one[way]["low"], one[way]["high"]) if end is not None]
            near = min(ends, key=lambda end: abs(end - one["mark"]), default=None)
            assert value.text_content() == ("never" if near is None else f"${near:,.{0 if near >= 1_000 else 2}f}")
    cells = page.locator(".pn-grid td")
    assert cells.count() == len(said["grid"]["price"]) * len(said["grid"]["correlation"])
    assert page.locator(".pn-grid .pn-worst").count() == 1
    assert page.locator(".pn-grid .pn-fails").count() == sum(map(sum, said["grid"]["fails"]))


def test_the_rules_of_every_venue_follow_the_book(python: Page) -> None:
    """They come after the rest: the table is that of the newest book."""
    page = _opened(python)
    for size in ("0.75", "0.5", "2"):
        _field(page, "legs[0].size").fill(size)
    found = book.rules({**BOOK, "legs": [{**BOOK["legs"][0], "size": 2.0}, *BOOK["legs"][1:]]})
    assert found is not None
    shown = ["" if row.maintenance is None else f"${row.maintenance:,.0f}" for row in found.rows]
    expect(page.get_by_role("table", name="Margin under every rule").locator("td:last-child")).to_have_text(shown)


def test_a_reason_is_asked_and_follows_the_book(python: Page) -> None:
    page = _opened(python)
    path = "prices[0].alone"
    asked = page.locator(f'[data-key="{path}"]')
    asked.locator("summary").click()
    for size in ("0.5", "0.25"):
        _field(page, "legs[0].size").fill(size)
        given = {**BOOK, "legs": [{**BOOK["legs"][0], "size": float(size)}, *BOOK["legs"][1:]]}
        expect(asked.locator("pre")).to_have_text(str(book.report(given).why(path)))


def test_a_fault_is_told_at_its_field_and_the_last_results_stay(python: Page) -> None:
    """Of numbers that cannot be, of what is no number, and of what is missing; mended, it is gone."""
    page = _opened(python)
    before = page.locator(".pn-price").all_text_contents()
    for path, typed in {
        "legs[0].size": "0",
        "legs[1].margin": "many",
        "legs[4].strike": "",
        "collateral[1].haircut": "120",
        "fx.MXN": "-1",
        "volatility.BTC": "0",
        "correlation.BTC-ETH": "2",
        "slippage": "200",
    }.items():
        field = _field(page, path)
        if not field.is_visible():
            page.locator(f'.pn-in [data-key="{path.rpartition(".")[0]}"] > summary').click()
        good = field.input_value()
        field.fill(typed)
        expect(field).to_have_attribute("aria-invalid", "true")
        said = page.locator(f"#{field.get_attribute('aria-describedby')}")
        assert "must" in (said.text_content() or "").lower()
        expect(page.locator(".pn-stale")).to_have_count(1)
        assert page.locator(".pn-price").all_text_contents() == before
        field.fill(good)
        expect(page.locator(".pn-stale, .pn-fault, [aria-invalid]")).to_have_count(0)


TWO: dict[str, Any] = {
    "legs": [{"coin": "BTC", "size": 0.5}, {"coin": "ETH", "size": 5}],
    "marks": {"BTC": 60_000, "ETH": 3_000},
    "collateral": [{"amount": 5_000}],
}
ONE: dict[str, Any] = {**TWO, "legs": TWO["legs"][:1]}


def test_a_new_coin_asks_for_its_mark_and_is_named_where_it_counts(python: Page) -> None:
    """Its size is in it, and the grid can move it; a coin that leaves takes that choice with it."""
    page = _opened(python, {**ONE, "marks": {"BTC": 60_000}})
    page.get_by_role("button", name="Add a leg").click()
    _field(page, "legs[1].coin").fill("eth")
    _field(page, "legs[1].size").fill("5")
    expect(_field(page, "marks.ETH")).to_have_attribute("aria-invalid", "true")
    _field(page, "marks.ETH").fill("3000")
    _says(page, str(book.report(TWO)))
    expect(page.locator("label", has=_field(page, "legs[1].size")).locator("i")).to_have_text("ETH")
    _field(page, "driver").select_option("ETH")
    _says(page, str(book.report({**TWO, "driver": "ETH"})))
    page.get_by_role("button", name="Remove leg 2").click()
    _says(page, str(book.report(ONE)))


@pytest.mark.parametrize(
    ("typed", "size"), [("0,5", 0.5), ("1,5", 1.5), ("1,500", 1_500), ("−1,234.5", -1_234.5), ("0,125", 0.125)]
)
def test_a_comma_stands_between_thousands_or_before_decimals(python: Page, typed: str, size: float) -> None:
    page = _opened(python, {**ONE, "legs": [{"coin": "BTC", "size": 7, "leverage": 1}]})
    _field(page, "legs[0].size").fill(typed)
    _says(page, str(book.report({**ONE, "legs": [{"coin": "BTC", "size": size, "leverage": 1}]})))
    _field(page, "legs[0].size").fill("1.234,5")
    expect(_field(page, "legs[0].size")).to_have_attribute("aria-invalid", "true")


def _compared(page: Page, given: dict[str, Any]) -> list[list[str]]:
    _opened(page, given)
    rows = page.get_by_role("table", name="Before and after the trade").locator("tbody tr").all()
    return [row.locator("th, td").all_text_contents() for row in rows]


def test_a_trade_is_compared_in_its_account(python: Page) -> None:
    """One that closes a leg leaves no margin of two; an isolated leg beside it is no account of before."""
    closes = _compared(python, {**TWO, "trade": {"coin": "BTC", "size": -0.5}})
    assert closes[1] == ["maintenance", "$180.00", "$60.00"]
    assert closes[3] == ["BTC, others following", "$53,733", "not held"]
    isolated = {**ONE, "legs": [{"coin": "BTC", "size": 0.5, "margin": 3_000}], "collateral": None}
    beside = _compared(python, {**isolated, "trade": {"coin": "BTC", "size": -0.5}})
    assert beside[1] == ["maintenance", "none", "$120.00"]
    opened = _compared(python, {**ONE, "trade": {"coin": "BTC", "size": -0.5, "margin": 3_000}})
    assert opened[1] == ["maintenance", "none", "$120.00"]
    assert _compared(python, {**ONE, "trade": {"coin": "BTC", "size": -0.5}}) == []
    expect(python.locator(".pn-top")).to_contain_text("It closes the only position")


def test_prices_are_told_to_the_digit_that_counts_and_what_is_passed_is_now(python: Page) -> None:
    cheap = {"coin": "PEPE", "size": -5e8, "mark": 1.234e-5, "maintenance": 0.02, "stop": 1.4e-5}
    page = _opened(python, {"legs": [cheap], "collateral": [{"amount": 1_500}]})
    expect(page.locator(".pn-price .pn-value")).to_have_text("$0.000015039")
    carry = [{"coin": "BTC", "kind": "spot", "size": 1}, {"coin": "BTC", "size": -1}]
    _opened(python, {**ONE, "legs": carry, "collateral": None})
    expect(page.locator(".pn-price .pn-value")).to_have_text("over 10×")  # as in the printed report
    _opened(python, {**ONE, "collateral": [{"amount": 50}]})
    expect(page.locator(".pn-price dd")).to_have_text(["now", "equity is below maintenance"])
    expect(page.locator(".pn-status")).to_contain_text("Liquidated: BTC now.")
    _opened(python, {**TWO, "legs": [TWO["legs"][0], {"coin": "ETH", "size": 5, "margin": 3_000}], "currency": "BTC"})
    expect(page.locator(".pn-price dt")).to_have_text(["liquidated at"] * 2)  # no other coin is in either account
    expect(page.locator(".pn-account").first).to_contain_text("$5,0000.0833 BTC")
    _opened(python, {**ONE, "legs": [{"coin": "BTC", "size": 0.5, "margin": 3_000}]})
    expect(page.locator(".pn-status")).to_contain_text("Liquidated: BTC $54,217. Margin ratio 4.0%")


def test_the_parts_of_the_worst_cell_add_up_and_a_hedge_loses_nothing(python: Page) -> None:
    """Collateral that moves is one of them; what rounding leaves of a hedge is no loss."""
    page = _opened(python, {**ONE, "collateral": [{"amount": 0.1, "currency": "BTC"}]})
    parts = page.get_by_role("table", name="Legs in the worst cell").locator("tr")
    expect(parts).to_have_text(["BTC +0.5−$4,800", "collateral in BTC−$960.00"])
    spot = {"coin": "BTC", "kind": "spot", "size": 1}
    short = {"coin": "BTC", "kind": "inverse", "size": -60_000, "maintenance": 0.01}
    _opened(python, {**ONE, "legs": [spot, short]})
    expect(page.locator(".pn-grid td")).to_have_text(["0"] * 9)


def test_a_shared_link_brings_the_same_book_back(python: Page, window: BrowserContext) -> None:
    """Also with what was changed, added and taken out, and with the trade; the address alone carries it."""
    page = _opened(python)
    _field(page, "legs[0].size").fill("0.6")
    page.get_by_role("button", name="Remove leg 5").click()
    page.get_by_role("button", name="Add a leg").click()
    _field(page, "legs[4].coin").fill("sol")
    _field(page, "legs[4].size").fill("-20")
    _field(page, "marks.SOL").fill("150")
    _field(page, "legs[4].maintenance").fill("1")  # the library has no rate for it, so its field has come into sight
    page.get_by_role("button", name="before and after").click()
    _field(page, "trade.size").fill("-0.2")
    expect(page.locator(".pn-top .pn-rows tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Share").click()
    until(page, "location.hash.startsWith('#v1=')")
    expect(page.locator(".pn-done")).to_contain_text("holds this book")
    assert _carried(page) == TRADED
    said = book.report({key: value for key, value in TRADED.items() if key != "trade"})
    assert _text(page) == str(said)
    again = window.new_page()
    again.goto(page.url)
    expect(_field(again, "legs[4].size")).to_have_value("-20")
    again.close()


def test_python_answers_the_book_of_the_link_that_was_opened(started: Started) -> None:
    """As it does in a page that has answered others: its text, and what the trade in it changes."""
    held, trade = {key: value for key, value in TRADED.items() if key != "trade"}, TRADED["trade"]
    assert started.text == str(book.report(held))
    after = book.report(book.traded(held, trade)).to_dict()["accounts"][0]["ratio"]
    assert started.trade == f"{after:.1%}"


@pytest.mark.parametrize("hash_", ["#v1=!", "#v1=q64FAA", "#v1=AAAA"])
def test_a_link_that_cannot_be_read_says_so(address: str, page: Page, hash_: str) -> None:
    page.goto(f"{address}book/{hash_}")
    expect(page.locator("article .pn-runs")).to_contain_text("does not hold a book")
    expect(page.locator(".pn-key")).to_be_visible()


def test_copied_python_prints_the_same_elsewhere(python: Page, bare: Path) -> None:
    """Where there is numpy and the library, and nothing else."""
    page = _opened(python)
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator(".pn-done")).to_contain_text("Copied")
    script = page.evaluate("navigator.clipboard.readText()")
    assert script == book.as_python(BOOK)
    done = subprocess.run([bare, "-c", script], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert done.stdout.rstrip("\n") == _text(page)


def test_positions_are_pasted(python: Page) -> None:
    """As CSV with a venue's headings, and as JSON; what is neither is told at the field."""
    page = _opened(python)
    page.get_by_role("button", name="Paste").click()
    _field(page, "paste").fill("no, positions\n1")
    page.get_by_role("button", name="Read them").click()
    expect(_field(page, "paste")).to_have_attribute("aria-invalid", "true")
    for pasted in (
        "Symbol,Side,Size,Entry Price,Mark Price\nBTCUSDT,Long,0.25,61000,60000\nETHUSDT,Short,4,3100,3000\n",
        '[{"coin": "BTC", "size": 0.5}, {"coin": "SOL", "size": -40, "mark": 150, "maintenance": 0.01}]',
    ):
        if not _field(page, "paste").is_visible():
            page.get_by_role("button", name="Paste").click()
        _field(page, "paste").fill(pasted)
        page.get_by_role("button", name="Read them").click()
        legs = book.parse(pasted)
        marks = {leg["coin"]: leg.pop("mark") for leg in legs if "mark" in leg}
        expected = str(book.report({**BOOK, "legs": legs, "marks": {**BOOK["marks"], **marks}}))
        _text(page)
        expect(page.locator('[data-key="text"] pre')).to_have_text(expected)
        assert [_field(page, f"legs[{i}].size").input_value() for i in (0, 1)] == [f"{leg['size']:g}" for leg in legs]
        expect(page.locator(".pn-stale, .pn-fault")).to_have_count(0)


def test_nothing_is_loaded_before_the_button_nothing_sent_and_nothing_stored(address: str, started: Started) -> None:
    page = started.page
    assert started.example
    assert not [request for request in started.before if "/run" in request.url or "book.css" in request.url]
    assert [request for request in started.asked if "/run" in request.url]
    page.get_by_role("button", name="Share").click()
    expect(page.locator(".pn-done")).not_to_be_empty()
    assert {urlsplit(request.url).netloc for request in started.asked} == {urlsplit(address).netloc}
    assert {request.method for request in started.asked} == {"GET"}
    assert not [request for request in started.asked if "v1=" in request.url.partition("#")[0]]
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert page.evaluate("indexedDB.databases().then(them => them.length)") == 0
    assert page.evaluate("caches.keys().then(them => them.length)") == 0


def test_it_works_with_the_keyboard_alone(python: Page) -> None:
    """Once Python has been started, which the keyboard did."""
    page = _opened(python, {"legs": BOOK["legs"][:1], "marks": {"BTC": 60_000}, "collateral": [{"amount": 6_000}]})
    page.evaluate("document.activeElement.blur()")
    before = page.locator(".pn-price").first.text_content()
    _tab_to(page, '[data-path="legs[0].size"]')
    page.keyboard.press("End")
    page.keyboard.type("5")
    until(page, "was => document.querySelector('.pn-price').textContent !== was", before)
    _tab_to(page, '[data-do="add legs"]')
    page.keyboard.press("Enter")
    focused = "document.activeElement.dataset.path ?? document.activeElement.dataset.do"
    count = page.locator('[data-path$="].strike"], [data-path$="].leverage"]').count()
    assert page.evaluate(focused) == f"legs[{count - 1}].size"
    _tab_to(page, f'[data-do="drop legs[{count - 1}]"]')
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "add legs"
    _tab_to(page, '[data-path="collateral[0].currency"]')
    page.keyboard.type("mxn")  # a field for its rate comes while one types
    expect(_field(page, "collateral[0].currency")).to_have_value("MXN")
    _tab_to(page, '[data-path="fx.MXN"]')
    page.keyboard.type("0.055")
    expect(page.locator(".pn-stale")).to_have_count(0)


_SMALL = """() => [...document.querySelectorAll(".pn-book :is(button, input, select, summary)")]
  .filter(it => it.checkVisibility() && it.getBoundingClientRect().height < 43.5).map(it => it.outerHTML)"""


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing_with_the_book_open(python: Page, width: int, scheme: str) -> None:
    """With results, with every part unfolded, and with a fault; on a phone everything is large enough for a finger."""
    page = _opened(python, {**BOOK, "trade": {"coin": "BTC", "size": -0.1}}, width, scheme)
    page.evaluate("for (const each of document.querySelectorAll('.pn-book details')) each.open = true")
    expect(page.locator(".pn-steps").first).to_be_visible()
    expect(page.locator(".pn-asks > details[open]:not(:has(.pn-steps))")).to_have_count(0)  # all are answered
    page.get_by_role("button", name="Paste").click()
    page.evaluate(AXE)
    page.evaluate("scrollTo(0, 0)")  # or the header, which stays, covers a part of what it is above
    assert violations(page, ".pn-book") == []
    _field(page, "legs[0].size").fill("no")
    expect(page.locator(".pn-fault")).to_be_visible()
    assert violations(page, ".pn-book") == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if width == 390:
        assert page.evaluate(_SMALL) == []


def test_articles_link_to_the_page_with_their_positions(site: Path, address: str, page: Page) -> None:
    """The links of the five articles are books that the library takes; without a runtime there is no link."""
    for name in ("funding", "liquidation", "margin", "portfolio", "stress"):
        page.goto(f"{address}insights/{name}/")
        link = page.locator('.pn-runs a[href*="book/#v1="]')
        expect(link).to_be_visible()
        link.click()
        until(page, "document.querySelector('.pn-book .pn-leg')")
        assert book.report(_carried(page)).legs
    assert "pn-yours" not in "".join(file.read_text(encoding="utf-8") for file in site.glob("insights/*/index.html"))

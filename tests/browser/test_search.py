"""Whoever types a question, a term or the name of something finds the page for it."""

from __future__ import annotations

import gzip
import inspect
import re
from pathlib import Path

import pytest
from markdown.extensions.toc import slugify
from playwright.sync_api import Page, Response, Route, expect

import perpnotes

from .conftest import until

ROOT = Path(__file__).parents[2]
BYTES = 130_000
FIRST = {
    "liquidation price": "insights/liquidation/",
    "liquidation price with funding and fees": "insights/liquidation/",
    "stress grid": "insights/stress/",
}
QUESTIONS = {
    "where am I liquidated?": "insights/liquidation/",
    "liquidaton price": "insights/liquidation/",
    "stop loss": "insights/liquidation/",
    "what does funding cost": "insights/funding/",
    "how is funding compounded": "insights/funding/",
    "funding payments": "insights/funding/",
    "is high funding a warning of volatility": "insights/crowding/",
    "crowded trade": "insights/crowding/",
    "cross or isolated margin": "insights/margin/",
    "margin distance": "insights/margin/",
    "position sizing": "insights/sizing/",
    "how large may my position be to survive": "insights/sizing/",
    "maker or taker": "insights/latency/",
    "latency": "insights/latency/",
    "what do fees cost at 20x leverage": "insights/fees/",
    "round trip cost": "insights/fees/",
    "mark price or last price": "insights/prices/",
    "index price": "insights/prices/",
    "bad data in price feeds": "insights/feeds/",
    "stale feed": "insights/feeds/",
    "is my data clean": "insights/feeds/",
    "liquidation cascade": "insights/cascades/",
    "portfolio margin": "insights/stress/",
    "how would I build a stress grid": "insights/stress/",
    "correlation goes to one": "insights/correlation/",
    "when does a hedge stop working": "insights/correlation/",
    "population stability index": "insights/drift/",
    "model drift": "insights/drift/",
    "what does the anomaly model flag": "insights/anomalies/",
    "guardrails": "insights/guardrails/",
    "may a model loosen a rule": "insights/guardrails/",
    "liquidation bands": "insights/bands/",
    "inverse contract": "glossary/",
    "linear or inverse": "insights/contracts/",
    "insurance fund": "glossary/",
    "bankruptcy price": "glossary/",
    "first passage": "glossary/",
    "kinds of evidence": "evidence/",
    "scale out over processes": "scale-out/",
    "how do I contribute": "contributing/",
    "license": "about/",
    "stress.evaluate": "reference/stress/",
}
IDEAS = [name for name in perpnotes.__all__ if inspect.ismodule(getattr(perpnotes, name))]


def wanted() -> dict[str, list[str]]:
    """What is typed, and the pages that answer it."""
    terms = re.findall(r"^## (.+)$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    found: dict[str, list[str]] = {term: ["glossary/#" + slugify(term, "-")] for term in terms}
    for idea in IDEAS:
        found.setdefault(idea, []).extend([f"insights/{idea}/", f"reference/{idea}/"])
        for name in getattr(perpnotes, idea).__all__:
            if inspect.isfunction(getattr(getattr(perpnotes, idea), name)):
                found.setdefault(name, []).append(f"reference/{idea}/#perpnotes.{idea}.{name}")
    return found


@pytest.fixture
def searched(address: str, page: Page) -> Page:
    """The home page with the search open, and its index there."""
    page.goto(address)
    page.get_by_role("button", name="Search").click()
    until(page, "window.pnFind?.('funding').length > 0")
    return page


def found(page: Page, query: str) -> list[list[str]]:
    """The addresses of each hit."""
    return list(page.evaluate("query => pnFind(query).map(page => page.hits.map(hit => hit.address))", query))


def test_terms_ideas_and_functions_are_the_first_or_second_hit(searched: Page) -> None:
    """By their names."""
    lost = {}
    for query, homes in wanted().items():
        hits = [one for hit in found(searched, query)[:2] for one in hit]
        if not any(hit in homes for hit in hits):
            lost[query] = hits
    assert lost == {}


def test_questions_lead_to_the_page_that_answers_them(searched: Page) -> None:
    """As people ask, with a misspelling among them: first or second, and first for the three that are asked most."""
    lost = {}
    for questions, places in ((FIRST, 1), (QUESTIONS, 2)):
        for query, home in questions.items():
            hits = [hit[0] for hit in found(searched, query)[:places]]
            if home not in hits:
                lost[query] = hits
    assert lost == {}
    assert len(QUESTIONS) >= 40
    assert found(searched, "zzzzzz") == []


def test_the_keyboard_searches(address: str, page: Page) -> None:
    """A slash opens it, arrows walk over the hits, typing goes on, Enter opens the first, Escape closes it."""
    page.goto(f"{address}about/")
    page.keyboard.press("/")
    page.keyboard.type("stress grid")
    expect(page.get_by_role("status").first).to_have_text(re.compile(r"\d+ pages found"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator(".pn-search a:focus").count() == 1
    page.keyboard.type("s")
    assert page.get_by_role("searchbox").input_value() == "stress grids"
    page.keyboard.press("Escape")
    assert not page.locator(".pn-search").is_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("stress grid")
    expect(page.locator(".pn-search li a").first).to_have_attribute("href", f"{address}insights/stress/")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}insights/stress/")


def test_the_first_search_is_light(address: str, page: Page) -> None:
    """What comes when a reader turns to the search, with gzip; nothing of it comes before."""
    seen: list[Response] = []
    page.goto(address, wait_until="networkidle")
    page.on("response", lambda response: seen.append(response))
    page.get_by_role("button", name="Search").click()
    until(page, "window.pnFind?.('funding').length > 0")
    assert len(seen) == 2
    assert sum(len(gzip.compress(response.body(), 6)) for response in seen) <= BYTES


def test_what_is_typed_before_the_index_has_come_is_answered(address: str, page: Page) -> None:
    """On a slow line a reader types faster than the index arrives."""
    held: list[Route] = []
    page.route("**/search/index.js", lambda route: held.append(route))
    page.goto(address)
    page.keyboard.press("/")
    page.keyboard.type("netting benefit")
    until(page, lambda: held)
    held[0].continue_()
    expect(page.locator(".pn-search a[href$='#netting-benefit']")).to_be_visible()

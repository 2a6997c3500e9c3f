"""Whoever types the name of something finds it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from markdown.extensions.toc import slugify
from playwright.sync_api import Browser, Route, expect

import perpnotes

from .conftest import until

ROOT = Path(__file__).parents[2]
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


def test_terms_ideas_and_functions_are_the_first_or_second_hit(address: str, browser: Browser) -> None:
    """Typed into the search of the built site."""
    page = browser.new_page()
    page.goto(address)
    page.locator(".md-search__input").first.focus()
    until(page, "!document.querySelector('.md-search-result__meta').textContent.includes('Initializing')")
    lost = {}
    for query, homes in wanted().items():
        hits = page.evaluate(
            """async query => {
              const input = document.querySelector(".md-search__input")
              const list = document.querySelector(".md-search-result__list")
              const before = list.innerHTML
              input.value = query
              input.dispatchEvent(new Event("keyup", { bubbles: true }))
              for (let i = 0; i < 60 && list.innerHTML === before; i++) await new Promise(go => setTimeout(go, 10))
              await new Promise(go => setTimeout(go, 20))
              return [...list.children].slice(0, 2).map(item => [...item.querySelectorAll("a")].map(a => a.href))
            }""",
            query,
        )
        flat = [
            link.removeprefix(address).partition("?")[0] + ("#" + link.partition("#")[2] if "#" in link else "")
            for hit in hits
            for link in hit
        ]
        if not any(link == home or link.partition("#")[0] == home for home in homes for link in flat):
            lost[query] = flat
    assert lost == {}


def test_what_is_typed_before_the_index_has_come_is_answered(address: str, browser: Browser) -> None:
    """On a slow line a reader types faster than a megabyte arrives."""
    page = browser.new_page()
    held: list[Route] = []
    page.route("**/search_index.json", lambda route: held.append(route))
    page.goto(address)
    with page.expect_request("**/search_index.json"):
        page.locator(".md-search__input").first.press_sequentially("netting benefit")
    held[0].continue_()
    expect(page.locator(".md-search-result__item a[href*='#netting-benefit']")).to_be_visible()
    page.close()

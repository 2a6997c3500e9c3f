"""Every computed number answers, with keyboard, finger and mouse, and reading costs nothing for it."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import until
from .test_accessibility import AXE, violations
from .test_pages import _tab_to

ASKED = 15_000
"""Bytes that a page may load for all the questions that a reader has, compressed."""


def _told(file: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(file.read_text(encoding="utf-8").partition("=")[2])
    return found


def test_every_number_can_be_asked_and_is_told_of(site: Path) -> None:
    """In prose, tiles, tables, data of charts, answers and on the verification page; each leads to a number told of."""
    seen = 0
    for page in sorted(site.rglob("index.html")):
        html = page.read_text(encoding="utf-8")
        assert not re.findall(r'<data class="calc"(?![^>]*data-trace)[^>]*>', html), page
        tables = re.findall(
            r'(<figure class="pn-figure.*?)?<table class="([^"]+)"(?: data-trace="([^"]+)")?>(.*?)</table>', html
        )
        assert all(name or kind != "pn-rows" for _, kind, name, _ in tables), page
        asked = set(re.findall(r'<(?!table)[^>]*data-trace="([^"]+)"', html))
        for figure, _, name, table in tables:
            for row in table.partition("<tbody>")[2].split("<tr>")[1:] if name else []:
                cells = re.split(r"<t[dh][^>]*>", row)[1:]
                asked |= {f"{name}.{k}" for k, cell in enumerate(cells) if re.search(r"\d", cell) and (k or not figure)}
        for name in asked:
            idea, _, own = name.rpartition(":")
            folder = site / "insights" / idea if idea else page.parent
            at = _told(folder / "numbers.js")["at"]
            assert isinstance(at, dict)
            answer = re.fullmatch(r"a(\d+)\.(\d+)", own)
            if own.startswith("p."):
                assert int(own[2:]) + at["p"] < len(_told(page.parent / "numbers.js")["numbers"])  # type: ignore[arg-type]
                continue
            found = at["answers"][int(answer[1])][int(answer[2])] if answer else at.get(own)
            assert found is not None, f"{page.parent.name}: nothing is told of {name}"
            seen += 1
    assert seen > 1_500


def test_questions_are_light_and_reading_loads_none_of_it(site: Path, address: str, page: Page) -> None:
    """The card and a page's numbers come with the first question, and are small."""
    card = sum(len(gzip.compress((site / f"assets/trace.{kind}").read_bytes())) for kind in ("js", "css"))
    sizes = {file.parent.name: card + len(gzip.compress(file.read_bytes())) for file in site.rglob("numbers.js")}
    assert {name: size for name, size in sizes.items() if size > ASKED} == {}
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(address)))
    page.goto(f"{address}insights/liquidation/", wait_until="networkidle")
    assert not [url for url in asked if "trace" in url or "numbers" in url]
    asked.clear()
    page.locator("[data-trace]").first.click()
    expect(page.locator(".pn-trace")).to_be_visible()
    assert sorted(asked) == ["assets/trace.css", "assets/trace.js", "insights/liquidation/numbers.js"]
    page.keyboard.press("Escape")
    asked.clear()
    page.locator("[data-trace]").nth(2).click()
    expect(page.locator(".pn-trace")).to_be_visible()
    assert asked == []


def test_the_keyboard_asks_a_number_and_comes_back_to_it(address: str, page: Page) -> None:
    """One stop in a section, arrows to the others, Enter opens, Escape and Tab out come back, code and back again."""
    page.goto(f"{address}insights/stress/")
    _tab_to(page, "data.calc")
    first = page.locator("data.calc:focus").text_content()
    page.keyboard.press("ArrowRight")
    second = page.locator("data.calc:focus").text_content()
    assert second != first
    page.keyboard.press("ArrowLeft")
    assert page.locator("data.calc[tabindex='0']").count() <= page.locator("article h2").count() + 1
    page.keyboard.press("Enter")
    card = page.locator(".pn-trace")
    expect(card).to_be_visible()
    assert card.get_by_role("heading").first.text_content() == first
    name, _, rest = (card.locator(".pn-steps").text_content() or "").partition("\n= ")
    assert name.isidentifier()
    assert rest.endswith(str(first))
    assert card.evaluate("card => card === document.activeElement && card.matches('dialog')")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    assert page.locator("data.calc:focus").text_content() == first
    page.keyboard.press("Enter")
    expect(card).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(card).to_have_count(0)
    assert page.locator("data.calc:focus").text_content() == first
    page.keyboard.press("Enter")
    card.get_by_role("button", name="Show the code").click()
    expect(card).to_have_count(0)
    assert page.evaluate("[...CSS.highlights.get('pn-hit')][0].toString()").startswith(name)
    page.get_by_role("button", name="Back to").click()
    assert page.locator("data.calc:focus").text_content() == first
    _tab_to(page, "td > [role=button]")
    page.keyboard.press("Enter")
    expect(card).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(390, 700), (1280, 800)])
def test_the_card_stays_in_the_window_and_off_its_number(address: str, page: Page, width: int, height: int) -> None:
    """Wherever the number stands; on a phone it is a sheet from below, and what is to be touched is large enough."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{address}insights/liquidation/")
    for place in ("start", "center", "end"):
        number = page.locator("[data-trace=v3]").first
        number.evaluate("(number, block) => number.scrollIntoView({ block })", place)
        number.evaluate("number => number.click()")
        card = page.locator(".pn-trace")
        expect(card).to_be_visible()
        box, at = card.bounding_box(), number.bounding_box()
        assert box is not None
        assert at is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height + 0.5
        if width > 640:
            assert box["y"] >= at["y"] + at["height"] or box["y"] + box["height"] <= at["y"]
        else:
            assert box["width"] == width
            assert box["y"] + box["height"] == pytest.approx(height, abs=1)
        for target in card.locator("button:visible, summary:visible").all():
            size = target.bounding_box()
            assert size is not None
            assert size["height"] >= 44
        page.keyboard.press("Escape")
        expect(card).to_have_count(0)


def test_a_quotation_a_cell_an_answer_and_a_mark_open_the_same_card(address: str, page: Page) -> None:
    """A quoted number leads to its article; a mark of a chart to its series; a published number to its call."""
    card = page.locator(".pn-trace")
    for path, selector, said in (
        ("", "a > [data-trace*=':']", "="),
        ("insights/fees/", ".pn-table td[data-trace]", "="),
        ("insights/fees/", "[data-trace='a0.0']", "="),
        ("verification/", "td[data-trace^='p.']", "("),
    ):
        page.goto(address + path)
        number = page.locator(selector).first
        number.evaluate(
            "it => { for (let f = it.closest('details'); f; f = f.parentElement.closest('details')) f.open = true }"
        )
        number.click()
        expect(card.locator(".pn-steps")).to_contain_text(said)
        assert page.url == address + path
        page.keyboard.press("Escape")
    page.goto(f"{address}insights/stress/")
    until(page, "document.querySelector('.pn-plot[tabindex]')")
    page.locator(".pn-plot").first.focus()
    expect(page.locator(".pn-readout").first).not_to_be_empty()
    page.keyboard.press("Enter")
    expect(card).to_be_visible()


def test_without_scripts_the_expression_is_the_title(address: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}insights/fees/")
    assert page.locator("[data-trace=v0]").first.get_attribute("title") == "taker"
    context.close()


def test_axe_finds_nothing_with_a_card_open(address: str, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{address}insights/liquidation/")
    page.evaluate(AXE)
    for width, scheme in ((390, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.locator("[data-trace=v3]").first.click()
        expect(page.locator(".pn-trace")).to_be_visible()
        page.evaluate("for (const details of document.querySelectorAll('.pn-trace details')) details.open = true")
        assert violations(page, ".pn-trace") == [], scheme
        page.keyboard.press("Escape")

"""Every page of the built site in a browser: narrow and wide, light and dark, by keyboard, and without scripts."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Browser, Page, Route, expect

from perpnotes import cascades, liquidation, stress
from perpnotes.contracts import Linear
from perpnotes.publish.compute.units import fmt
from perpnotes.publish.site.fonts import HEADINGS

from .conftest import ROOT, articles, until

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


_WIDTHS = {320: 800, 390: 844, 768: 800, 1280: 900}
_TEXTS = """() => Array.from(document.querySelectorAll("article :is(p, li, h2, h3, td, pre)"), it => it.innerText)"""
# Characters that are set in the site's own typeface and that it does not have, and whether it is there.
_FACE = """has => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), missing = new Set()
  while (texts.nextNode()) {
    const others = Array.from(texts.currentNode.data.replace(/\\s/g, "")).filter(it => !has.includes(it))
    if (others.length && getComputedStyle(texts.currentNode.parentElement).fontFamily.startsWith('"Perp Serif"'))
      for (const it of others) missing.add(it)
  }
  return [[...missing].join(""), Array.from(document.fonts).find(it => it.family.includes("Perp Serif"))?.status]
}"""
_TOP = "document.querySelector('.pn-figure').getBoundingClientRect().top"
# What is amiss on a page without scripts: figures that do not show or name their values, answers that do not open.
_PLAIN = """() => {
  const box = it => it.getBoundingClientRect(), faults = []
  const seen = it => it.checkVisibility({ visibilityProperty: true }) && box(it).width > 0 && box(it).height > 0
  for (const figure of document.querySelectorAll(".pn-plot > svg")) {
    const marks = figure.querySelectorAll(".m"), named = figure.querySelectorAll(".m title")
    if (!seen(figure)) faults.push("a figure is not shown")
    if (marks.length !== named.length) faults.push("a mark has no name")
    if (!marks.length && !Array.from(figure.querySelectorAll("text")).some(it => /\\d/.test(it.textContent)))
      faults.push("a figure has no value")
  }
  if (!seen(document.querySelector("data.calc"))) faults.push("no number is shown")
  for (const answer of document.querySelectorAll("details.pn-answer")) {
    const text = answer.querySelector("p")
    if (seen(text)) faults.push("an answer stands open")
    answer.querySelector("summary").click()
    if (!seen(text)) faults.push("an answer does not open")
  }
  return faults
}"""


def test_every_page_fits_its_window_fails_nowhere_and_reads_without_scripts(
    site: Path, address: str, browser: Browser, page: Page
) -> None:
    """From a small phone to a desktop: no error in the console, no failed request, none to elsewhere.

    The site's own typeface is there, and has what is set in it. Of an article, a figure begins within the first two
    screens, and without scripts it is the same text, with figures that show and name their values, and answers that
    open.
    """
    faults: list[str] = []
    page.on("console", lambda m: faults.append(f"{page.url}: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("requestfailed", lambda request: faults.append(f"{page.url}: {request.url} {request.failure}"))
    page.on("response", lambda r: faults.append(f"{page.url}: {r.url} {r.status}") if r.status >= 400 else None)
    page.on("request", lambda r: _foreign(r.url, address) and faults.append(f"{page.url} asks {r.url}"))
    plain = browser.new_context(java_script_enabled=False).new_page()
    told = [f"insights/{name}/index.html" for name in articles(site)]
    widths = list(_WIDTHS.items())
    for file in sorted(site.rglob("*.html")):
        name = file.relative_to(site).as_posix()
        page.goto(address + name.removesuffix("index.html"))
        missing, face = page.evaluate(_FACE, HEADINGS)
        if face != "loaded" or missing:
            faults.append(f"{name}: the typeface of headings is {face} and does not have: {missing}")
        for width, height in widths:
            page.set_viewport_size({"width": width, "height": height})
            try:  # what moves to its place after a change of size is no fault; what stays is
                until(page, f"{SIDEWAYS} <= 0", seconds=5.0)
            except TimeoutError:
                faults.append(f"{name}: scrolls sideways at {width} px")
            if name in told and width in (390, 1280) and (top := page.evaluate(_TOP)) > 2 * height:
                faults.append(f"{name}: the first figure is at screen {top / height:.1f} at {width} px")
        widths.reverse()  # the next page opens at the width that this one ends with
        if name in told:
            texts = page.evaluate(_TEXTS)
            plain.goto(page.url)
            if plain.evaluate(_TEXTS) != texts:
                faults.append(f"{name}: another text without scripts")
            plain.locator("details.pn-answer summary").first.click()
            expect(plain.locator("details.pn-answer p").first).to_be_visible()
            plain.locator("details.pn-answer summary").first.click()
            faults += [f"{name}: without scripts {fault}" for fault in plain.evaluate(_PLAIN)]
    plain.context.close()
    assert faults == []


def _foreign(url: str, address: str) -> bool:
    return urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != urlsplit(address).netloc


def test_both_schemes_are_there_without_a_choice(address: str, page: Page) -> None:
    """The operating system's scheme decides; ink and paper change places."""
    papers = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(address)
        papers.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert papers[0] != papers[1]


def test_a_chosen_scheme_stays_chosen(address: str, page: Page) -> None:
    """Light, dark, and as the system again; the next page has it before it is drawn."""
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Color scheme").click()
    light = page.evaluate(paper)
    assert light != dark
    page.goto(f"{address}about/")
    assert page.evaluate(paper) == light
    for expected in (dark, dark):
        page.get_by_role("button", name="Color scheme").click()
        assert page.evaluate(paper) == expected
    assert page.evaluate("localStorage.length") == 0


def test_the_menu_opens_by_keyboard_and_closes(address: str, page: Page) -> None:
    """On a phone: Enter opens it, Escape closes it, and so does a link within the page."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}insights/fees/")
    menu, contents = page.locator("[for=__drawer].md-header__button"), page.locator(".md-sidebar--primary")

    def leave() -> None:
        contents.locator(".md-nav__link[for=__toc]").click()
        contents.locator("a[href='#sources']").click()

    for close in (lambda: page.keyboard.press("Escape"), leave):
        menu.press("Enter")
        expect(contents).to_be_in_viewport()
        close()
        expect(contents).not_to_be_in_viewport()


def test_contents_follow_the_reader_and_code_is_copied(address: str, page: Page) -> None:
    """What is copied is the code and nothing else; of a session, without prompts and what was printed."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{address}insights/stress/")
    page.locator("#what-breaks-first").scroll_into_view_if_needed()
    page.locator("#what-breaks-first").evaluate("heading => heading.scrollIntoView()")
    expect(page.locator(".md-sidebar--secondary .md-nav__link--active")).to_have_text("What breaks first")
    contents = page.locator(".md-sidebar--secondary .md-sidebar__scrollwrap")
    contents.evaluate("box => { box.style.maxHeight = '120px'; box.scrollTop = 80 }")
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator(".md-sidebar--secondary .md-nav__link--active")).to_have_count(0)
    assert contents.evaluate("box => box.scrollTop") == 0
    code = page.locator(".highlight:not(.doc-signature) pre:visible").first
    code.locator("button").click()
    expect(code.locator("button")).to_have_attribute("title", "Copied")
    assert page.evaluate("navigator.clipboard.readText()") == code.locator("code").text_content()
    page.goto(f"{address}reference/correlation/#perpnotes.correlation.check")
    code = page.locator("pre:has(.gp)").first
    code.locator("button").click()
    expect(code.locator("button")).to_have_attribute("title", "Copied")
    typed = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert [f">>> {line}" for line in typed] == [line for line in code.inner_text().split("\n") if line[:4] == ">>> "]


def test_the_title_in_the_header_leads_to_the_contents(address: str, page: Page) -> None:
    """Narrow and wide: once the title is out of sight, the header has it, and it opens the contents."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{address}insights/stress/")
        title = page.locator(".pn-now")
        assert not title.is_visible()
        page.locator("#what-breaks-first").evaluate("heading => heading.scrollIntoView()")
        expect(title).to_be_visible()
        assert title.text_content() == page.locator("h1").evaluate("title => title.firstChild.textContent")
        title.click()
        page.locator("#pn-contents").get_by_role("link", name="Sources").click()
        expect(page.locator("#sources")).to_be_in_viewport()
        assert not page.locator("#pn-contents").is_visible()


def test_a_title_among_the_thresholds_leads_to_its_table(address: str, page: Page) -> None:
    """Not to the top of the article."""
    page.goto(f"{address}thresholds/")
    page.locator("h3 a").first.click()
    expect(page.locator(":target")).to_have_count(1)  # the table is far down, and the click does not wait for it


def test_thresholds_are_sorted_by_their_headings(address: str, page: Page) -> None:
    """By value, whatever the sign and the unit; one way and the other. What is no number is sorted as text."""
    page.goto(f"{address}thresholds/")
    page.evaluate(
        """() => {
          const rows = ["b|−9.5%|x", "a|−15.9%|y", "c|1,200 BTC|w", "d|3.2 BTC|z"].map(row => row.split("|"))
          document.querySelector(".pn-sorted").tBodies[0].innerHTML =
            rows.map(cells => `<tr>${cells.map(cell => `<td>${cell}</td>`).join("")}</tr>`).join("")
        }"""
    )
    table = page.locator(".pn-sorted").first
    heads = table.get_by_role("columnheader")
    for column, rising in ((0, "abcd"), (1, "abdc"), (2, "cbad")):
        for order in ("ascending", "descending"):
            heads.nth(column).get_by_role("button").click()
            expect(heads.nth(column)).to_have_attribute("aria-sort", order)
            shown = "".join(table.locator("tbody tr td:first-child").all_text_contents())
            assert shown == (rising if order == "ascending" else rising[::-1])


def test_a_threshold_is_asked_as_in_its_article_also_where_it_is_sorted(address: str, page: Page) -> None:
    page.goto(f"{address}thresholds/")
    table = page.locator("#linear-inverse-quanto-and-option-contracts ~ .pn-scroll table").first
    heading = table.get_by_role("columnheader").nth(1).get_by_role("button")
    told = []
    for clicks in (0, 1, 1):
        for _ in range(clicks):
            heading.click()
        row = table.get_by_role("row", name="Inverse long at 1×")
        row.locator("td").first.click()
        expect(page.locator(".pn-trace").get_by_role("link", name="Read the article")).to_be_visible()
        told.append((row.evaluate("row => row.sectionRowIndex"), page.locator(".pn-full code").text_content()))
        page.keyboard.press("Escape")
    assert len({place for place, _ in told}) > 1
    assert len({value for _, value in told}) == 1


def test_an_address_that_does_not_exist_is_searched(address: str, page: Page) -> None:
    """Its words are typed already."""
    page.goto(f"{address}404.html")
    page.keyboard.press("/")
    assert page.get_by_role("searchbox").input_value() == "404 html"


def test_every_page_describes_itself(site: Path) -> None:
    """No two have the same description."""
    pages = {file: file.read_text(encoding="utf-8") for file in site.rglob("index.html")}
    said = {file: re.findall(r'<meta name="description" content="([^"]+)"', html) for file, html in pages.items()}
    assert all(len(found) == 1 for found in said.values())
    assert len({found[0] for found in said.values()}) == len(said)


def test_the_keyboard_reads_a_figure(address: str, page: Page) -> None:
    """Tab reaches it, arrows walk over its marks and fill the readout, Escape empties it, Tab leaves."""
    page.goto(f"{address}insights/stress/")
    _tab_to(page, ".pn-plot")
    readout = page.locator(".pn-figure").filter(has=page.locator(":focus")).locator(".pn-readout")
    expect(readout).not_to_be_empty()  # what fills it comes with the first touch
    seen = [readout.text_content()]
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        seen.append(readout.text_content())
    assert all(seen)
    assert len(set(seen)) == 4  # around a square, and back
    assert seen[0] == seen[-1]
    page.keyboard.press("Escape")
    assert readout.text_content() == ""
    page.keyboard.press("Tab")
    assert page.locator(".pn-plot:focus").count() == 0


def test_a_picture_is_moved_and_without_scripts_its_start_stands(
    site: Path, address: str, browser: Browser, page: Page
) -> None:
    """By keyboard: picture, sentence and labels change together. It comes with the first touch, and is small."""
    asked = {file.stem for file in (ROOT / "docs/insights").glob("*.md") if "\nexplore(" in file.read_text()}
    found = set()
    plain = browser.new_context(java_script_enabled=False).new_page()
    for name in articles(site):
        if '<input type="range"' not in (site / f"insights/{name}/index.html").read_text():
            continue
        found.add(name)
        parts = (".pn-stage svg", ".pn-said", ".pn-slider")
        first = []
        for scripts, shown in ((True, page), (False, plain)):
            came: list[str] = []
            shown.on("response", keep := lambda response, came=came: came.append(response.url))
            shown.goto(f"{address}insights/{name}/", wait_until="networkidle" if scripts else "load")
            figure = shown.locator(".pn-figure:has(input[type=range])")
            slider = figure.locator("input").last
            assert slider.is_visible() == scripts
            assert figure.locator(".pn-stage svg").is_visible()
            first.append([figure.locator(part).text_content() for part in parts])
            if scripts:
                before = [figure.locator(part).evaluate("it => it.outerHTML") for part in parts]
                came.clear()
                slider.press(slider.evaluate("it => it.value === it.max ? 'ArrowLeft' : 'ArrowRight'"))
                until(page, "text => document.querySelector('.pn-said').textContent !== text", first[-1][1])
                after = [figure.locator(part).evaluate("it => it.outerHTML") for part in parts]
                assert all(a != b for a, b in zip(before, after, strict=True)), name
                steps = f"insights/{name}/{figure.get_attribute('id')}.js"
                assert sorted(came) == [f"{address}assets/explore.js", f"{address}{steps}"]
                assert (
                    sum(len(gzip.compress((site / file).read_bytes())) for file in ("assets/explore.js", steps))
                    <= 16_000
                )
            shown.remove_listener("response", keep)
        assert first[0] == first[1]
    plain.context.close()
    assert found == asked
    assert found


def test_the_ladder_shows_the_liquidation_price_of_what_is_set(address: str, page: Page) -> None:
    """By keyboard, and by dragging the stop above it."""
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{address}insights/liquidation/")
    figure = page.locator("#ladder")
    said = figure.locator(".pn-said")

    def shows(times: int, days: int, stop: float | None = None) -> None:
        price = liquidation.price(0.5, 60_000.0, 30_000.0 / times, 0.004, open_fee=0.0005, funding=3 * days * 0.0001)
        wanted = f"liquidated at {fmt(price, 'usd.0')}"
        expect(figure.locator("svg text", has_text=re.compile(f"^{re.escape(wanted)}$"))).to_be_attached()
        if stop is not None:
            first = "The stop comes first" if stop >= price else "Liquidation comes first"
            expect(said).to_contain_text(f"{first}, ")
            expect(said).to_contain_text(fmt(abs(stop - round(price)), "usd.0"))

    shows(20, 21, 57_500.0)
    figure.get_by_label("days held", exact=True).press("Home")
    shows(20, 0, 57_500.0)
    figure.get_by_label("leverage", exact=True).press("ArrowRight")
    shows(25, 0, 57_500.0)
    grip, line = figure.locator(".pn-held").last.bounding_box(), figure.locator(".pn-held").first.bounding_box()
    assert grip
    assert line
    page.mouse.move(grip["x"] + 80, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(grip["x"] + 80, line["y"] + 30, steps=4)
    page.mouse.up()
    stop = float(
        (figure.get_by_label("stop", exact=True).get_attribute("aria-valuetext") or "")
        .replace("$", "")
        .replace(",", "")
    )
    assert stop > 58_500
    shows(25, 0, stop)


def test_the_standing_book_falls_as_far_as_the_cascade(address: str, page: Page) -> None:
    """Thinned until it runs, and back to the shock alone."""
    rng = np.random.default_rng(10)
    drawn = rng.gamma(2.0, 0.03, 20_000)
    levels = 60_000.0 * (1 - drawn[drawn < 0.5])
    sizes = rng.lognormal(-2.4, 1.0, levels.size)
    steps = 60_000.0 * np.arange(0.0, 0.40, 0.0005)
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{address}insights/cascades/")
    figure = page.locator("#standing-book")
    said = figure.locator(".pn-said")
    for key, depth in (("ArrowRight", 0.65), ("ArrowRight", 0.70), ("Home", 0.40), ("End", 1.0)):
        figure.get_by_label("depth").press(key)
        book = cascades.Book(60_000.0 - steps, np.full(steps.size, 30 * depth))
        found = cascades.cascade(60_000.0, 600.0, levels, sizes, book.impact)
        accounts, fall = fmt(found.accounts[0], "count"), fmt(1 - found.end[0] / 60_000.0, "pct.1")
        expect(said).to_contain_text(f"{accounts} accounts with {fmt(found.coins[0], 'count')} coins")
        expect(said).to_contain_text(f"the price is {fall} below where it began. Nobody else is closed.")
        price = fmt(found.end[0], "usd.0")
        expect(figure.locator("svg text", has_text=re.compile(f"^price {re.escape(price)}$"))).to_be_attached()
    figure.get_by_label("round").press("Home")
    expect(said).to_contain_text(f"{fmt(found.direct[0], 'count')} accounts")
    expect(said).to_contain_text(f"It ends with {accounts}.")


def test_a_cell_of_the_stress_map_shows_what_each_leg_pays_there(address: str, browser: Browser) -> None:
    """Pointed at, tapped, or reached with the arrow keys; the sliders go with it, and back."""
    market = stress.Market(
        {"BTC": 60_000.0, "ETH": 3_000.0, "GOLD": 4_000.0},
        {"BTC": 0.50, "ETH": 0.70, "GOLD": 0.18},
        [[1.0, 0.8, -0.3], [0.8, 1.0, -0.3], [-0.3, -0.3, 1.0]],
    )
    book = {"Bitcoin": (Linear("BTC"), 1.0), "Ether": (Linear("ETH"), 8.0), "gold": (Linear("GOLD"), 12.0)}

    def paid(theta: float, move: float) -> list[str]:
        grid = stress.grid(price=move, correlation=theta)
        return [fmt(stress.evaluate([leg], market, grid).pnl[0], "usd.0") for leg in book.values()]

    page = browser.new_page(viewport={"width": 390, "height": 900}, has_touch=True)
    held: list[Route] = []
    page.route("**/marks.js", lambda route: held.append(route))
    page.goto(f"{address}insights/stress/")
    figure = page.locator(".pn-figure:has(.pn-map)")
    cells, columns = figure.locator(".pn-map .m"), figure.locator(".pn-stage svg text")
    figure.scroll_into_view_if_needed()

    def shows(theta: float, move: float) -> None:
        for text in paid(theta, move):
            expect(columns.filter(has_text=re.compile(f"^{re.escape(text)}$")).first).to_be_attached()
        side = "gains" if paid(theta, move)[2][0] == "$" else "loses"
        expect(figure.locator(".pn-said")).to_contain_text(f"Gold {side} {paid(theta, move)[2].lstrip('−')}.")
        expect(figure.get_by_label("correlation")).to_have_attribute(
            "aria-valuetext", f"{fmt(1.3 * theta - 0.3, 'number.2')} (θ {fmt(theta, 'number.1')})"
        )

    def outlined(cell: int) -> None:
        expect(figure.locator(".pn-map .on")).to_have_count(1)
        expect(figure.locator(".pn-map .on")).to_have_attribute("d", cells.nth(cell).get_attribute("d") or "")

    outlined(9 * 10)
    figure.get_by_label("correlation").press("Home")
    shows(0.0, -0.16)
    page.unroute("**/marks.js")
    for route in held:  # what reads the marks comes after what moves the picture
        route.continue_()
    cells.nth(9 * 3 + 1).hover()
    shows(0.3, -0.12)
    cells.nth(9 * 1 + 0).tap()
    shows(0.1, -0.16)
    figure.locator(".pn-map .pn-plot").focus()
    page.keyboard.press("ArrowDown")
    shows(0.2, -0.16)
    figure.get_by_label("Bitcoin moves").press("End")
    shows(0.2, 0.16)
    outlined(9 * 2 + 8)
    page.close()


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(300):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


def test_paper_has_the_article_and_spells_out_where_it_leads(address: str, page: Page) -> None:
    """Everything unfolds for print: answers stay, code of figures and their data go, links say where to."""
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}insights/stress/")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for gone in ("details.pn-code", ".pn-figure .pn-data", ".pn-take", ".md-header", ".pn-copy"):
        assert not any(part.is_visible() for part in page.locator(gone).all()), gone
    for kept in ("details.pn-answer p", ".pn-figure svg", "#worked-example ~ .pn-block pre"):
        assert page.locator(kept).first.is_visible(), kept
    source = page.locator("#sources ~ ul a").first
    assert source.evaluate("link => getComputedStyle(link, '::after').content.includes(link.href)")
    assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--pn-paper')") == "#fff"


def test_figures_out_of_sight_are_drawn_once_the_page_stands(address: str, page: Page) -> None:
    """A picture of the whole page has them, though nobody has scrolled there."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}insights/margin/")
    last = page.locator(".pn-plot svg").last
    assert last.evaluate("drawing => drawing.getBoundingClientRect().top") > 2_000
    until(page, "drawing => drawing.checkVisibility({ contentVisibilityAuto: true })", last.element_handle())

"""Nothing that axe finds against WCAG 2.2 AA, in either scheme, narrow and wide, with everything open."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_RUN = """([within, rules]) => axe.run(within, {
  runOnly: rules, resultTypes: ["violations"], elementRef: false,
}).then(found => found.violations.map(v =>
  `${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join(" ")).join("; ")}`))"""
# Everything opened, and of what differs in its text alone the first of all articles (around them, of the page): words,
# rows of a table, marks of a figure, then the blocks that are alike without them.
_ONCE = """() => {
  for (const details of document.querySelectorAll("details")) details.open = true
  const seen = new Set(JSON.parse(sessionStorage.seen ?? "[]"))
  const shape = (it, place) => [it.tagName, it.getAttribute("class"), it.getAttribute("role"), place % 2,
    it.textContent.trim() !== "", Array.from(it.attributes, one => one.name).sort(), Array.from(it.children, shape)]
  const once = elements => {
    for (const it of elements) {
      const around = [it.closest("article") ? "" : location.pathname]
      for (let up = it.parentElement; up; up = up.parentElement) around.push(up.tagName, up.getAttribute("class"))
      const place = it.parentElement && Array.from(it.parentElement.children).indexOf(it)
      const term = it.tagName === "DT" ? it.nextElementSibling : null // goes with what it means, or the list is none
      const kind = JSON.stringify([shape(it, place), around, term && shape(term, 1)])
      if (seen.has(kind)) it.remove(), term?.remove()
      seen.add(kind)
    }
  }
  once(document.querySelectorAll(
    ":is(a, abbr, code, data, em, span, strong):not(:has(*), :is(a, button, label, summary) *)"))
  once(document.querySelectorAll("tr, li, p, dt, details, .highlight, .pn-published, svg *, math *"))
  once(Array.from(document.querySelectorAll(
    "article :is(table, ul, details, pre, figure, .highlight, .pn-scroll, .pn-published, .doc-object)")).reverse())
  sessionStorage.seen = JSON.stringify([...seen])
}"""
_LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def violations(page: Page, within: str = "html") -> list[str]:
    """What axe finds in a part of a page that has it."""
    found: list[str] = page.evaluate(_RUN, [within, _LEVELS])
    return found


class _Components(HTMLParser):
    """The components of a page: each element with each class, role and kind of input that it has; a formula is one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self._formula = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._formula:
            return
        self._formula = tag == "math"
        values = dict(attrs)
        kinds = (f"{key}={values[key]}" for key in ("role", "type") if key in values)
        self.found |= {(tag, name) for name in ("", *(values.get("class") or "").split(), *kinds)}

    def handle_endtag(self, tag: str) -> None:
        self._formula = self._formula and tag != "math"


def covering(pages: dict[str, set[tuple[str, str]]]) -> Iterator[str]:
    """Pages that together have every component of all pages, each adding as much as any could."""
    left = set().union(*pages.values())
    while left:
        best = max(sorted(pages), key=lambda name: len(pages[name] & left))
        left -= pages[best]
        yield best


def test_axe_finds_nothing_on_any_component(site: Path, address: str, page: Page) -> None:
    """Pages that have every component of the site among them, each narrow and dark, and wide and light, all opened."""
    pages = {
        file.relative_to(site).as_posix(): _Components(file.read_text(encoding="utf-8")).found
        for file in site.rglob("*.html")
    }
    seen = list(covering(pages))
    assert set().union(*(pages[name] for name in seen)) == set().union(*pages.values())
    found = {}
    page.emulate_media(reduced_motion="reduce")
    for name in seen:
        page.set_viewport_size({"width": 390, "height": 900})
        page.goto(address + name.removesuffix("index.html"))
        page.evaluate(_ONCE)
        page.evaluate(AXE)
        for width, scheme in ((390, "dark"), (1280, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            if said := violations(page):
                found[name, width, scheme] = said
    assert found == {}


def test_the_pages_that_axe_sees_have_all_that_any_page_has() -> None:
    """A component that stands on one page alone brings that page in."""
    pages = {"a": {("p", "")}, "b": {("p", ""), ("em", "")}, "c": {("em", ""), ("p", ""), ("hr", "")}}
    assert list(covering(pages)) == ["c"]
    pages["a"] |= {("table", "")}
    assert sorted(covering(pages)) == ["a", "c"]
    for names in itertools.permutations(pages):
        assert sorted(covering({name: pages[name] for name in names})) == ["a", "c"]

"""Nothing that axe finds against WCAG 2.2 AA, on any page, in either scheme, narrow or wide, with everything open."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_RUN = """rules => axe.run(document, {
  runOnly: rules, resultTypes: ["violations"], elementRef: false,
}).then(found => found.violations.map(v =>
  `${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join(" ")).join("; ")}`))"""
# Both tests together see every page in either scheme; of each kind of page, one is seen in both at both widths.
BOTH = ("", "primer/", "insights/stress/", "reference/contracts/", "glossary/", "verification/", "404.html")
_LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing(width: int, scheme: str, site: Path, address: str, browser: Browser) -> None:
    """Every page, details opened, without motion; the colors of some as the other scheme has them, too."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    faults = {}
    for file in sorted(site.rglob("*.html")):
        name = file.relative_to(site).as_posix().removesuffix("index.html")
        page = context.new_page()
        page.goto(address + name)
        page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
        page.evaluate(AXE)
        found = page.evaluate(_RUN, _LEVELS)
        if name in BOTH:
            page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
            found += page.evaluate(_RUN, ["color-contrast"])
        if found:
            faults[name] = found
        page.close()
    context.close()
    assert faults == {}

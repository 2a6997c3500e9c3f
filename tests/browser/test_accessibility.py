"""Nothing that axe finds against WCAG 2.2 AA, on any page, in either scheme, narrow or wide, with everything open."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_RUN = """() => axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"], elementRef: false,
}).then(found => found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(" ")).slice(0, 3).join("; ")}`))"""


def test_axe_finds_nothing(site: Path, address: str, browser: Browser) -> None:
    """Narrow and dark, wide and light: each page twice, details opened, without motion."""
    faults = {}
    for width, scheme in ((390, "dark"), (1280, "light")):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        for file in sorted(site.rglob("*.html")):
            name = file.relative_to(site).as_posix().removesuffix("index.html")
            page = context.new_page()
            page.goto(address + name)
            page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
            page.evaluate(AXE)
            if found := page.evaluate(_RUN):
                faults[f"{name} {width} {scheme}"] = found
            page.close()
        context.close()
    assert faults == {}

"""What a page costs its reader: bytes on the wire, requests, and text that jumps."""

from __future__ import annotations

import gzip
from pathlib import Path

from playwright.sync_api import Page, Response

from .conftest import articles

BYTES, HOME, FRAME, REQUESTS, SHIFT = 60_000, 40_000, 25_000, 8, 0.01
_SHIFTS = """() => new Promise(done => {
  let sum = 0
  new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value })
    .observe({ type: "layout-shift", buffered: true })
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum))))
})"""


def test_a_cold_visit_is_light_and_still(site: Path, address: str, page: Page) -> None:
    """Home, primer, book and every article, with gzip and before the reader acts: size, requests, layout shift."""
    heavy = {}
    sizes: dict[str, int] = {}  # what many pages share is weighed once
    page.set_viewport_size({"width": 390, "height": 800})
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    for path in ("", "primer/", "book/", *(f"insights/{name}/" for name in articles(site))):
        seen: dict[str, Response] = {}
        page.on("response", keep := lambda response, seen=seen: seen.setdefault(response.url, response))
        page.goto(address + path, wait_until="networkidle")
        shift = page.evaluate(_SHIFTS)
        page.remove_listener("response", keep)
        sizes |= {url: len(gzip.compress(seen[url].body(), 6)) for url in seen if url not in sizes}
        size = sum(sizes[url] for url in seen)
        if size > (BYTES if path else HOME) or len(seen) > REQUESTS or shift > SHIFT:
            heavy[path] = (size, sorted(seen), shift)
        page.evaluate("localStorage.clear()")
    assert heavy == {}


def test_what_all_pages_share_is_light(site: Path) -> None:
    """Styles, typeface, scripts and the mark, with gzip."""
    shared = [
        *site.glob("assets/all.*.css"),
        *site.glob("assets/perp-serif.*.css"),
        *(site / f"assets/{name}" for name in ("site.js", "figures.js", "mark.svg")),
    ]
    assert sum(len(gzip.compress(file.read_bytes(), 6)) for file in shared) <= FRAME

"""What a page costs its reader: bytes on the wire, requests, and text that jumps."""

from __future__ import annotations

import gzip
from pathlib import Path

from playwright.sync_api import Browser, Response

from .conftest import articles

BYTES, HOME, REQUESTS, SHIFT = 60_000, 40_000, 8, 0.01
_SHIFTS = """() => new Promise(done => {
  let sum = 0
  new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value })
    .observe({ type: "layout-shift", buffered: true })
  setTimeout(() => done(sum), 300)
})"""


def test_a_cold_visit_is_light_and_still(site: Path, address: str, browser: Browser) -> None:
    """Home, primer and every article, with gzip and before the reader acts: size, requests, layout shift."""
    heavy = {}
    for path in ("", "primer/", *(f"insights/{name}/" for name in articles(site))):
        page = browser.new_context(viewport={"width": 390, "height": 800}).new_page()
        seen: dict[str, Response] = {}
        page.on("response", lambda response, seen=seen: seen.setdefault(response.url, response))
        page.goto(address + path, wait_until="networkidle")
        shift = page.evaluate(_SHIFTS)
        size = sum(len(gzip.compress(response.body(), 6)) for response in seen.values())
        if size > (BYTES if path else HOME) or len(seen) > REQUESTS or shift > SHIFT:
            heavy[path] = (size, sorted(seen), shift)
        page.context.close()
    assert heavy == {}

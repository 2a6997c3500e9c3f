"""The reader's own book of ten legs: the report, and in a browser the time from a keystroke to the painted result."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from perpnotes import book
from perpnotes.publish.show.yours import fragment
from perpnotes.publish.site import runtime
from tests.bench.bench_build import ROOT
from tests.bench.timing import best
from tests.needs import CHROMIUM

TIMES = 200
PAGE = """<!doctype html><meta charset="utf-8">
<link rel="stylesheet" href="../assets/site.css"><link rel="stylesheet" href="../assets/figures.css">
<body class="md-typeset"><article class="md-content__inner">
<div class="pn-block"><p><button data-book="{book}">Go</button></p></div></article>
<script>pnRoot = new URL("..", location).href</script><script src="../assets/book.js"></script>"""
_TYPE = """([times, place]) => new Promise(done => {
  const field = document.querySelector('[data-path="legs[0].size"]'), found = []
  const go = () => {
    if (found.length === times) return done(found)
    const began = performance.now()
    new MutationObserver((_, seen) => {
      seen.disconnect()
      requestAnimationFrame(() => setTimeout(() => {
        found.push(performance.now() - began)
        setTimeout(go, 30 + found.length % 17)
      }))
    }).observe(document.querySelector(place), { childList: true, characterData: true, subtree: true })
    field.value = 1 + found.length / 100
    field.dispatchEvent(new Event("input", { bubbles: true }))
  }
  go()
})"""
PLACES = {
    "keystroke to painted result (aim: 50)": ".pn-rest > :first-child",
    "and to every venue's rule, which come after it": ".pn-rest > :nth-child(2)",
}
MARKS = {"BTC": 60_000.0, "ETH": 3_000.0, "SOL": 150.0, "XRP": 2.0, "DOGE": 0.2, "AVAX": 30.0, "BNB": 600.0}


def run() -> Iterator[tuple[str, str]]:
    """Time the report, and what the page shows of it first: plain values and two derivations."""
    for name, given in BOOKS.items():
        report, shown = best(lambda: book.report(given), lambda: ask(given), times=20)  # noqa: B023
        yield f"report of {name} (aim: 30 ms)", f"{report * 1e3:.1f} ms"
        yield "what a keystroke asks of it first (aim: 30 ms)", f"{shown * 1e3:.1f} ms"
        yield from typed(given)


def typed(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Type into the size of the first leg, again and again, each time once the result before it is there."""
    if not runtime.ready() or CHROMIUM.path() is None:
        yield "in a browser", "needs make runtime, and Chromium"
        return
    with TemporaryDirectory() as folder:
        site = Path(folder)
        shutil.copytree(ROOT / "docs/assets", site / "assets")
        runtime.add(site)
        (site / "book").mkdir()
        (site / "book/index.html").write_text(PAGE.format(book=fragment(json.dumps(given))), encoding="utf-8")

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_args: object) -> None:
                pass

        with (
            ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server,
            sync_playwright() as playwright,
        ):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(executable_path=CHROMIUM.path())
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/book/")
            page.locator("[data-book]").click()
            page.wait_for_selector(".pn-price", timeout=180_000)
            for opened in ("nothing unfolded", "two reasons unfolded"):
                for shown, place in PLACES.items():
                    took = page.evaluate(_TYPE, [TIMES, place])[TIMES // 10 :]
                    yield (
                        f"{shown}, {opened}: median, 95th percentile",
                        ", ".join(f"{value:.0f} ms" for value in np.quantile(took, [0.5, 0.95])),
                    )
                for name in ("prices[0].alone", "grid.worst"):
                    page.locator(f'[data-key="{name}"] summary').click()
            browser.close()
            server.shutdown()


def ask(given: dict[str, Any]) -> None:
    """What a keystroke asks first, with two reasons unfolded."""
    found = book.report(given, with_rules=False)
    found.to_dict()
    found.terms("accounts[0].ratio")
    found.terms("prices[0].together")


def option(coin: str, size: float, strike: float, days: float, *, call: bool) -> dict[str, Any]:
    """A leg."""
    leg = {"coin": coin, "kind": "option", "size": size, "strike": strike * MARKS[coin], "days": days, "call": call}
    return leg | ({"maintenance": 0.1} if size < 0 else {})


def perpetual(coin: str, notional: float, kind: str = "linear") -> dict[str, Any]:
    """A leg of so many dollars."""
    size = notional if kind == "inverse" else notional / MARKS[coin]
    return {"coin": coin, "kind": kind, "size": size, "maintenance": 0.01}


MONEY = [{"amount": 60_000.0}, {"amount": 100_000.0, "currency": "MXN", "haircut": 0.05}]
BITCOIN = [
    option("BTC", -2, 0.83, 7, call=False),
    option("BTC", 3, 0.87, 7, call=False),
    option("BTC", 1, 1.00, 30, call=True),
    option("BTC", -2, 1.08, 30, call=True),
    option("BTC", -1, 1.17, 91, call=True),
    option("BTC", 2, 0.75, 91, call=False),
]
ETHER = [option("ETH", -1, 1.00, 91, call=False), option("ETH", 1, 1.33, 182, call=True)]
BOOKS: dict[str, dict[str, Any]] = {
    "ten perpetuals on seven coins": {
        "legs": [
            *(perpetual(coin, size) for coin, size in zip(MARKS, (9e3, 6e3, -3e3, 2e3, -2e3, 1e3, 1e3), strict=True)),
            *(perpetual(coin, -3e3, "inverse") for coin in ("BTC", "ETH", "SOL")),
        ],
        "marks": MARKS,
        "collateral": MONEY,
    },
    "two perpetuals and eight options on two coins": {
        "legs": [perpetual("BTC", 9e4), perpetual("ETH", -6e4), *BITCOIN, *ETHER],
        "marks": MARKS,
        "collateral": MONEY,
    },
}

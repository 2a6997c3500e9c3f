"""What should get past every check of an article still does nothing in a reader's browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from .conftest import until

TRIES = {
    "a script": "<script>tried = 1</script>",
    "a script from elsewhere": '<script src="{elsewhere}x.js"></script>',
    "an attribute": '<img src="missing.png" onerror="tried = 1">',
    "an address": '<a id="go" href="javascript:void(tried = 1)">go</a>',
    "a frame": '<iframe srcdoc="<script>parent.tried = 1</script>"></iframe>',
    "a picture from elsewhere": '<img src="{elsewhere}x.png">',
    "another base": '<base href="{elsewhere}"><script src="x.js"></script>',
    "an object": '<object data="data:text/html,<script>parent.tried = 1</script>"></object>',
}


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another host, and what it is asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()


def test_a_page_runs_the_scripts_of_the_site_and_no_other(
    site: Path, elsewhere: tuple[str, list[str]], address: str, page: Page
) -> None:
    """Each of the ways in which markup runs something or asks another host; the site's own scripts go on working."""
    html = (site / "about/index.html").read_text(encoding="utf-8")
    page.add_init_script("top.refused = 0; addEventListener('securitypolicyviolation', () => { top.refused += 1 })")
    page.goto(f"{address}about/")
    assert page.evaluate("refused") == 0
    other, asked = elsewhere
    for name, markup in TRIES.items():
        tried = html.replace("</h1>", f"</h1>{markup.replace('{elsewhere}', other)}", 1)
        page.route("**/about/", partial(Route.fulfill, body=tried, content_type="text/html"))
        page.goto(f"{address}about/")
        if page.locator("#go").count():
            page.locator("#go").click()
        until(page, "refused > 0")
        assert page.evaluate("typeof tried") == "undefined", name
        assert page.locator(".pn-scheme").is_visible(), name
    assert asked == []


def test_every_page_states_its_policy_before_anything_else(site: Path) -> None:
    """It holds for what follows it in a page."""
    for file in site.rglob("*.html"):
        before, found, after = file.read_text(encoding="utf-8").partition('<meta http-equiv="Content-Security-Policy"')
        assert found, file
        assert "<script" not in before
        assert "unsafe-eval" not in after.partition(">")[0]

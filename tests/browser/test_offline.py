"""The downloaded archive, unpacked and opened from the disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from perpnotes.publish.site.offline import NAME

from .conftest import until


def test_a_downloaded_copy_reads_and_searches_from_the_disk(site: Path, tmp_path: Path, browser: Browser) -> None:
    """No server and no network: links lead to pages, figures answer, the search finds and its hits open."""
    with zipfile.ZipFile(site / NAME) as archive:
        archive.extractall(tmp_path)
    context = browser.new_context(offline=True)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.goto((tmp_path / Path(NAME).stem / "index.html").as_uri())
    page.get_by_role("link", name="Portfolio margin stress grids").click()
    expect(page.locator("h1")).to_contain_text("Portfolio margin")
    until(page, "Array.from(document.fonts, it => it.status).join() === 'loaded,loaded'")  # of headings and formulas
    page.locator(".pn-plot[tabindex]").first.focus()  # nothing can focus it before the script has run
    expect(page.locator(".pn-readout").first).not_to_be_empty()
    page.keyboard.press("/")
    page.keyboard.type("netting benefit")
    page.locator(".pn-search a[href$='#netting-benefit']").click()
    expect(page.get_by_role("heading", name="Netting benefit")).to_be_in_viewport()
    assert faults == []
    context.close()

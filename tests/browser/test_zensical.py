"""The real site, in the generator that it does not use yet."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from perpnotes.publish.site import fonts, search

from .conftest import articles, run, until


def test_the_site_builds_in_zensical_too(site: Path, tmp_path: Path, page: Page) -> None:
    """mkdocs-material ends in 2027; its successor builds every page, strictly, and the scripts work there."""
    folder = tmp_path / "copy"  # with the results that are kept, which `--clean` would remove
    shutil.copytree(site.parent, folder, ignore=shutil.ignore_patterns("site"))
    run(sys.executable, "-m", "zensical", "build", "--strict", cwd=folder)
    assert list(articles(folder / "site")) == list(articles(site))
    stress = folder / "site/insights/stress/index.html"
    assert "<math" in stress.read_text(encoding="utf-8")
    search.write(folder / "site")
    stress.write_text(fonts.link(stress.read_text(encoding="utf-8"), folder / "site"), encoding="utf-8")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(stress.as_uri())
    until(page, "Array.from(document.fonts, it => it.status).join() === 'loaded,loaded'")  # of headings and formulas
    scripts = [script.get_attribute("src") for script in page.locator("script[src]").all()]
    assert scripts == ["../../assets/site.js", "../../assets/figures.js"]
    page.locator("[for=__drawer].md-header__button").press("Enter")
    expect(page.locator(".md-sidebar--primary")).to_be_in_viewport()
    page.keyboard.press("/")
    page.keyboard.type("netting benefit")
    expect(page.locator(".pn-search a[href$='#netting-benefit']")).to_be_visible()
    assert page.locator(".pn-copy").count() > 0

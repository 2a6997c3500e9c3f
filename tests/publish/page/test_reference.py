"""Pages of the reference begin with an example, and say what there is, functions first."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown import Markdown

from perpnotes.publish import articles
from perpnotes.publish.page import fences
from perpnotes.publish.page.reference import names
from perpnotes.publish.site import runtime

ROOT = Path(__file__).parents[3]
SOURCE = '''
__all__ = ["LIMIT", "Result", "rare", "often"]
LIMIT = 3
class Result:
    """What comes out."""
def rare(): """Used once, in
    two lines.

    More."""
def often(): ...
def _hidden(): ...
'''


def test_functions_come_first_and_the_most_used_ahead() -> None:
    """Then classes, then values; with the first sentence that documents each."""
    found = names(SOURCE, "x.often x.rare x.often")
    assert [one.name for one in found] == ["often", "rare", "Result", "LIMIT"]
    assert [one.kind for one in found] == ["function", "function", "class", ""]
    assert found[1].says == "Used once, in two lines."


def test_a_page_lists_its_names_and_the_index_every_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """The members are named to the generator in the same order; other pages stay as they are."""
    monkeypatch.chdir(ROOT)
    for page, there, missing in (
        ("reference/fees", '<a href="#perpnotes.fees.round_trip">', "pn-index"),
        ("reference/index", '<a href="fees/#perpnotes.fees.round_trip">', "pn-names"),
        ("about", "&lt;!--", "pn-names"),
    ):
        monkeypatch.setattr(fences, "path_of", lambda _md, page=page: ROOT / f"docs/{page}.md")
        text = "# T\n\n::: perpnotes.fees\n\n<!-- functions -->\n"
        html = Markdown(extensions=["perpnotes.publish.page.reference"]).convert(text).replace("<!--", "&lt;!--")
        assert there in html
        assert missing not in html
    monkeypatch.setattr(fences, "path_of", lambda _md: ROOT / "docs/reference/fees.md")
    html = Markdown(extensions=["perpnotes.publish.page.reference"]).convert("::: perpnotes.fees")
    assert html.index("members:") < html.index("- round_trip") < html.index("- RoundTrips")


PAGES = sorted(file.stem for file in (ROOT / "docs/reference").glob("*.md") if file.stem != "index")


@pytest.mark.parametrize("idea", PAGES)
def test_a_page_begins_with_an_example_that_a_reader_can_run(idea: str) -> None:
    """It imports the module, uses it, and stands on its own, above the entries of the module."""
    article = articles.read(ROOT / f"docs/reference/{idea}.md")
    assert runtime.runnable(article) == ["example"]
    (block,) = article.executed
    assert f"from perpnotes import {idea if idea != 'perpnotes' else ''}" in block.source
    assert article.text.index(block.source.rstrip()) < article.text.index("::: perpnotes")

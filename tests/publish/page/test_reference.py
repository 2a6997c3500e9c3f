"""Pages of the reference begin with an example, and say what there is, functions first; the index has all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown import Markdown

from perpnotes import feeds
from perpnotes.publish import articles
from perpnotes.publish.page import fences
from perpnotes.publish.page.reference import _uses, names
from perpnotes.publish.site import runtime

ROOT = Path(__file__).parents[3]
SOURCE = '''
__all__ = ["LIMIT", "Result", "example", "often", "rare"]
LIMIT = 3
class Result:
    """What comes out."""
def rare(): """Used once, in
    two lines.

    More."""
def often(): ...
def example(): ...
def _hidden(): ...
'''


def test_functions_come_first_and_the_most_used_ahead() -> None:
    """Then classes, then values; with the first sentence that documents each. An example counts before all pages."""
    found = names(SOURCE, {"example": 1}, {"often": 2, "rare": 1})
    assert [one.name for one in found] == ["example", "often", "rare", "Result", "LIMIT"]
    assert [one.kind for one in found] == ["function", "function", "function", "class", ""]
    assert found[2].says == "Used once, in two lines."


def test_a_name_is_counted_however_it_was_imported() -> None:
    """As a member of its module, under another name, or bare; a word that only looks like it is not counted."""
    text = """
from perpnotes import fees, correlation as co
from perpnotes.margin import (
    Tiers,
    Account as Acc,
)
fees.total(1) + co.nearest(x) + other.total(2); Tiers.flat(1), Acc([]), Tiers. The Account (or index) of fees.
"""
    assert _uses(text) == {
        ("fees", "total"): 1, ("correlation", "nearest"): 1, ("margin", "Tiers"): 1, ("margin", "Account"): 1,
    }  # fmt: skip


def test_a_name_that_comes_from_a_private_module_has_its_kind_and_its_sentence() -> None:
    """It stands with the functions, after those of the module itself where uses do not tell."""
    source = (ROOT / "perpnotes/feeds.py").read_text(encoding="utf-8")
    found = {one.name: one for one in names(source)}
    assert list(found).index("read") < list(found).index("read_book") < list(found).index("History")
    assert found["read_book"].says.endswith(".")
    assert set(found) == set(feeds.__all__)


EXTENSIONS = ["perpnotes.publish.page.extension", "attr_list", "md_in_html", "tables"]


def test_a_page_lists_its_names_and_the_index_every_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """The members are named to the generator in the same order; other pages stay as they are."""
    monkeypatch.chdir(ROOT)
    for page, there, missing in (
        ("reference/fees", '<a href="#perpnotes.fees.round_trip">', "pn-index"),
        ("reference/index", '<a href="fees/#perpnotes.fees.round_trip">', "pn-names"),
        ("reference/index", '<a href="feeds/#perpnotes.feeds.parse_book">', "pn-names"),
        ("reference/index", '<a href="margin/#perpnotes.margin.Account">', "pn-names"),
        (
            "reference/index",
            "in coins: <code>size * (1/entry - 1/mark)</code>.</dd>",
            "`",
        ),
        ("reference/index", "<em>high</em> from", "`"),
        ("about", "&lt;!--", "pn-names"),
    ):
        monkeypatch.setattr(fences, "path_of", lambda _md, page=page: ROOT / f"docs/{page}.md")
        text = "# T\n\n::: perpnotes.fees\n\n<!-- functions -->\n"
        html = Markdown(extensions=EXTENSIONS).convert(text).replace("<!--", "&lt;!--")
        assert there in html
        assert missing not in html
    monkeypatch.setattr(fences, "path_of", lambda _md: ROOT / "docs/reference/fees.md")
    html = Markdown(extensions=EXTENSIONS).convert("`> 0`\n\n::: perpnotes.fees")
    assert '<code class="pn-whole">&gt; 0</code>' in html
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

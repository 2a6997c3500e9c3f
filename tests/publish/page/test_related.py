"""What an article leads to is computed from imports and tags."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown import Markdown

from perpnotes.publish.page import fences
from perpnotes.publish.page.related import imported, related, why

ROOT = Path(__file__).parents[3]
TAGS = {"a": ["x", "y"], "b": ["x"], "c": [], "d": ["x", "y"], "e": []}


def test_imports_in_either_direction_count_twice_a_shared_tag() -> None:
    """What it uses, what uses it and what shares tags, nearest first; never itself, and nothing that is not near."""
    assert related("a", TAGS, {"a": {"c"}, "b": set()}) == ["c", "d", "b"]
    assert related("c", TAGS, {"a": {"c"}, "e": {"c"}}) == ["a", "e"]
    assert related("e", TAGS, {}) == []


def test_no_more_than_four() -> None:
    """A list of everything leads nowhere."""
    tags = {name: ["x"] for name in "abcdefgh"}
    assert related("a", tags, {}) == ["b", "c", "d", "e"]


def test_it_says_why() -> None:
    """An import in either direction comes before what both are about."""
    imports = {"a": {"c"}}
    assert why("a", "c", TAGS, imports) == "its functions are used here"
    assert why("c", "a", TAGS, imports) == "it uses the functions of this one"
    assert why("a", "d", TAGS, imports) == "also about x and y"


def test_imports_are_read_from_the_source() -> None:
    """Both ways of writing them; not those of other packages."""
    source = "import numpy\nfrom perpnotes import bands, fees\nfrom perpnotes.margin import Tiers\nfrom os import path"
    assert imported(source) == {"bands", "fees", "margin"}


@pytest.mark.parametrize(("page", "there"), [("docs/insights/pipeline.md", True), ("docs/about.md", False)])
def test_it_stands_at_the_end_of_articles(monkeypatch: pytest.MonkeyPatch, page: str, there: bool) -> None:
    """With the titles of the others; on no other page."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(fences, "path_of", lambda _md: ROOT / page)
    html = Markdown(extensions=["perpnotes.publish.page.extension", "md_in_html"]).convert("# Title\n\nText.")
    assert ('<a href="guardrails.md">Guardrails' in html) == there
    assert html.endswith("</div>") == there

"""Lists that are made from all articles: by question, with a number and a picture, and what breaks first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown import Markdown

from perpnotes.publish.articles import ArticleError
from perpnotes.publish.page import fences, overview
from perpnotes.publish.show.listing import grouped

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("headers", "rows", "drawn"),
    [
        (["x", "a", "b"], [[str(i), f"${i}", f"−{i}%"] for i in range(12)], 2),  # lines
        (["x", "a"], [["one", "1.5×"], ["two", "3.0×"]], 1),  # bars
        (["θ \\\\ move", "−1%", "0%"], [["0", "−$1", "$0"], ["1", "−$2,000", "$2,000"]], 3),  # a shade each
        (["x", "text"], [["one", "words"]], 0),
        (["x", "a"], [["one", "10 min"], ["two", "1.0 h"]], 0),  # no unit in common
        (["x"], [], 0),
    ],
)
def test_a_picture_is_made_of_the_numbers_of_a_figure(headers: list[str], rows: list[list[str]], drawn: int) -> None:
    """Lines, bars or cells, inside its frame; and none where a table holds words or different units."""
    picture = overview.picture(headers, rows)
    assert picture.count("<path") == drawn
    for x, y in re.findall(r"[ML](\d+) (\d+)", picture):
        assert int(x) <= 96
        assert int(y) <= 44


@pytest.mark.kept
def test_every_article_is_in_both_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its title, linked from the page on which the list stands; thresholds lead to the table that has them."""
    monkeypatch.chdir(ROOT)
    for page, line, end in (("index", "<!-- ideas -->", "/"), ("thresholds", "<!-- thresholds -->", ".md")):
        monkeypatch.setattr(fences, "path_of", lambda _md, page=page: ROOT / f"docs/{page}.md")
        html = Markdown(extensions=["perpnotes.publish.page.extension"]).convert(f"# T\n\n{line}\n\nText.")
        linked = {address.partition("#")[0] for address in re.findall(r'href="([^"]+)"', html)}
        every = {f"insights/{Path(file).stem}{end}" for files in grouped().values() for file in files}
        assert linked == every
        assert "<p>Text.</p>" in html
    assert Markdown(extensions=["perpnotes.publish.page.extension"]).convert("Text.") == "<p>Text.</p>"


@pytest.mark.kept
def test_an_article_without_a_table_of_thresholds_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of being left out of the page that says that it has them all."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(overview, "_shown", lambda _computed: iter(()))
    with pytest.raises(ArticleError, match="breaks-first"):
        overview.thresholds("")

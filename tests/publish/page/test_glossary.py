"""The glossary: exact definitions as tooltips, and no link to a term that is not there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markdown import Markdown

from perpnotes.publish.page import fences
from perpnotes.publish.page.fences import Stop
from perpnotes.publish.page.glossary import terms
from perpnotes.publish.site import search

TEXT = "# Glossary\n\nIntro.\n\n## Mark price\n\nThe price of\nvaluation.\n\nMore.\n\n## P&L\n\nProfit.\n"
DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A text beside a glossary as HTML."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/glossary.md").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return lambda text: Markdown(extensions=["perpnotes.publish.page.extension"]).convert(text)


def test_a_link_to_a_term_carries_its_definition(render: Callable[[str], str]) -> None:
    """The first paragraph below the heading, on one line; other links stay as they are."""
    html = render("[mark](../glossary.md#mark-price) and [page](other.md#mark-price)")
    assert 'title="The price of valuation."' in html
    assert html.count("pn-term") == 1


ARTICLE = "---\ntitle: {0}, at length\ndate: 2026-01-02\n---\n\n# {0}\n\n{1}\n"


def places(tmp_path: Path) -> dict[str, str]:
    """Two articles that use terms, one of them in the navigation, as pages of a small site."""
    (tmp_path / "docs/insights").mkdir(parents=True)
    return {
        "glossary": TEXT,
        "insights/b": ARTICLE.format("Bands", "[P&L](../glossary.md#pl), [P&L](../glossary.md#pl) again."),
        "insights/a": ARTICLE.format("Fees", "The [mark](../glossary.md#mark-price) and [P&L](../glossary.md#pl)."),
    }


NAV = "nav:\n  - index.md\n  - glossary.md\n  - Insights:\n      - insights/b.md\n"


def test_a_term_leads_to_the_articles_that_use_it(
    site: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, in the order of the navigation and by its title; the search and the tooltips have none."""
    built = site(**places(tmp_path))
    with (built.root / "mkdocs.yml").open("a") as config:
        config.write(NAV)
    monkeypatch.chdir(built.root)
    monkeypatch.setattr(fences, "path_of", lambda _md: built.root / "docs/glossary.md")
    html = Markdown(extensions=["toc", "perpnotes.publish.page.extension"]).convert(TEXT)
    below_mark, below_pl = re.findall(r'<p class="pn-used" data-search-exclude="">(.*?)</p>', html)
    assert below_mark == 'Used in: <a href="insights/a.md">Fees, at length</a>'
    assert (
        below_pl == 'Used in: <a href="insights/b.md">Bands, at length</a>, <a href="insights/a.md">Fees, at length</a>'
    )
    assert html.index("<p>More.</p>") < html.index(below_mark) < html.index('id="pl"') < html.index(below_pl)
    assert "Used in" not in str(terms(Path("docs/glossary.md")))


def test_a_letter_leads_to_the_first_term_of_that_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the first term, on the glossary's own page and on no other."""
    text = "# Glossary\n\nIntro.\n\n" + "\n\n".join(f"## {name}\n\nIt." for name in ("Mark", "margin", "P&L"))
    (tmp_path / "mkdocs.yml").write_text("")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    pages = {}
    for page in ("glossary", "other"):
        (tmp_path / f"docs/{page}.md").write_text(text)
        monkeypatch.setattr(fences, "path_of", lambda _md, page=page: tmp_path / f"docs/{page}.md")
        pages[page] = Markdown(extensions=["toc", "perpnotes.publish.page.extension"]).convert(text)
    (bar,) = re.findall(r"<p>Intro.</p>\s*<nav ([^>]*)>(.*?)</nav>\s*<h2", pages["glossary"])
    assert bar[1] == '<a href="#mark">M</a> <a href="#pl">P</a>'
    assert "data-search-exclude" in bar[0]
    assert "<nav" not in pages["other"]


def test_ways_there_and_on_in_a_built_site(site: Callable[..., Any], tmp_path: Path, generator: str) -> None:
    """Both generators keep the tooltip and turn the link into one that leads to the term; they turn the articles into
    addresses, find every anchor, and the search leaves the lines out.
    """
    built = site(**places(tmp_path))
    config = built.root / "mkdocs.yml"
    config.write_text(config.read_text() + NAV)
    result = built.build(generator)
    assert result.returncode == 0, result.stdout + result.stderr
    page = built.page("glossary")
    assert 'Used in: <a href="../insights/a/">Fees, at length</a>' in page
    assert '<a href="#mark-price">M</a>' in page
    link = next(
        link for link in re.findall(r"<a [^>]*pn-term[^>]*>", built.page("insights/a")) if "#mark-price" in link
    )
    assert 'title="The price of valuation."' in link
    assert 'href="../../glossary/#mark-price"' in link
    index = search.script(search.pages(built.root / "site"))
    assert "The price of" in index
    assert "Used in" not in index


def test_a_definition_is_plain_text(tmp_path: Path) -> None:
    """A tooltip shows no links and no marks; what only looks like a mark stays."""
    (tmp_path / "glossary.md").write_text(
        "## Loss\n\nThe **worst** [cell](#cell), `#!math x` of *all*: 2 * 3 * a_b_c.\n"
    )
    assert terms(tmp_path / "glossary.md")["loss"] == ("Loss", "The worst cell, x of all: 2 * 3 * a_b_c.")


def test_an_unknown_term_stops_both_generators(site: Callable[..., Any], generator: str) -> None:
    """With the file and the line of the link, and the term."""
    built = site(glossary=TEXT, page="# Page\n\nText.\n\nThe [mark](glossary.md#markprice).\n")
    result = built.build(generator)
    assert result.returncode != 0
    assert re.search(r"docs/page\.md:5: glossary\.md has no term #markprice", result.stdout + result.stderr)


def test_a_link_to_an_unknown_term_stops_the_build(render: Callable[[str], str]) -> None:
    """Ambiguity starts with a term that nobody defined."""
    with pytest.raises(Stop, match=r"glossary\.md has no term #markprice"):
        render("[mark](glossary.md#markprice)")


def test_terms_are_found_by_the_anchor_of_their_heading(tmp_path: Path) -> None:
    """The anchor is the one that the table of contents gives the heading."""
    (tmp_path / "glossary.md").write_text(TEXT)
    assert terms(tmp_path / "glossary.md") == {
        "mark-price": ("Mark price", "The price of valuation."),
        "pl": ("P&L", "Profit."),
    }


def test_the_glossary_is_in_alphabetical_order() -> None:
    """A reader finds a term, and a contributor its place."""
    names = [name for name, _ in terms(DOCS / "glossary.md").values()]
    assert names == sorted(names, key=str.casefold)

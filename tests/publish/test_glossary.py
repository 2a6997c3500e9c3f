"""The glossary: exact definitions as tooltips, and no link to a term that is not there."""

from pathlib import Path

import pytest
from markdown import Markdown

from perpnotes.publish.fences import Stop
from perpnotes.publish.glossary import GlossaryExtension, terms

TEXT = "# Glossary\n\nIntro.\n\n## Mark price\n\nThe price of\nvaluation.\n\nMore.\n\n## P&L\n\nProfit.\n"
DOCS = Path(__file__).parents[2] / "docs"


def render(tmp_path: Path, text: str) -> str:
    (tmp_path / "glossary.md").write_text(TEXT)
    return Markdown(extensions=[GlossaryExtension(path=str(tmp_path / "glossary.md"))]).convert(text)


def test_a_link_to_a_term_carries_its_definition(tmp_path: Path) -> None:
    """The first paragraph below the heading, on one line; other links stay as they are."""
    html = render(tmp_path, "[mark](../glossary.md#mark-price) and [page](other.md#mark-price)")
    assert 'title="The price of valuation."' in html
    assert html.count("pn-term") == 1


def test_a_link_to_an_unknown_term_stops_the_build(tmp_path: Path) -> None:
    """Ambiguity starts with a term that nobody defined."""
    with pytest.raises(Stop, match=r"glossary\.md has no term #markprice"):
        render(tmp_path, "[mark](glossary.md#markprice)")


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

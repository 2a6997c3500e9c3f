"""Key numbers are tiles and each perspective is one card, and nothing else becomes one."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from markdown import Markdown

from perpnotes.publish.articles import KINDS
from perpnotes.publish.page.tiles import EVIDENCE

ROOT = Path(__file__).parents[3]

TEXT = """\
## Aivora perspective

Before.

### If you trade

One.

- Two.

### If you manage risk

Three.

### Another

Four.

## If you trade
"""


def test_a_card_ends_where_the_next_heading_begins() -> None:
    """Headings keep their ids and their place in the contents."""
    md = Markdown(
        extensions=["toc", "perpnotes.publish.page.extension"], extension_configs={"toc": {"permalink": True}}
    )
    html = md.convert(TEXT)
    cards = html.split('<section class="pn-card">')
    assert len(cards) == 3
    assert "<p>Before.</p>" in cards[0]
    assert '<h3 id="if-you-trade">' in cards[1]
    assert cards[1].index("<li>Two.</li>") < cards[1].index("</section>")
    assert cards[2].index("<p>Three.</p>") < cards[2].index("</section>") < cards[2].index('<h3 id="another">')
    assert [section["name"] for section in md.toc_tokens[0]["children"]] == [
        "If you trade",
        "If you manage risk",
        "Another",
    ]  # type: ignore[attr-defined]


VALUE = {"name": "calc", "class": "calc", "format": lambda source, *_args: _data(source)}


def _data(source: str) -> Element:
    element = Element("data")
    element.text = source
    return element


@pytest.mark.parametrize(
    ("text", "tiles"),
    [
        ("# A\n\n- `#!calc x` of it\n- `#!calc y` of that\n", 1),
        ("# A\n\n- `#!calc x` of it\n- of that `#!calc y`\n", 0),
        ("# A\n\n- plain\n", 0),
        ("# A\n\n## B\n\n- `#!calc x` of it\n", 0),
    ],
)
def test_key_numbers_are_a_list_above_the_first_section(text: str, tiles: int) -> None:
    """Each of its items begins with a computed number; any other list stays a list."""
    md = Markdown(
        extensions=["pymdownx.inlinehilite", "perpnotes.publish.page.extension"],
        extension_configs={"pymdownx.inlinehilite": {"custom_inline": [VALUE]}},
    )
    assert md.convert(text).count('<ul class="pn-tiles pn-key">') == tiles


LABELED = {"name": "calc", "class": "calc", "format": lambda source, *_args: _labeled(source)}


def _labeled(source: str) -> Element:
    """A number with a kind; quoted where it names an article."""
    element = _data(source)
    element.set("data-kind", "simulated" if "range" in source else "exact")
    if "range" in source:
        element.set("data-span", "$1 to $2")
    if ":" not in source:
        return element
    link = Element("a", {"href": "insights/x.md"})
    link.append(element)
    return link


def labeled(text: str) -> str:
    md = Markdown(
        extensions=["pymdownx.inlinehilite", "perpnotes.publish.page.extension"],
        extension_configs={"pymdownx.inlinehilite": {"custom_inline": [LABELED]}},
    )
    return md.convert(text)


def test_a_tile_says_its_kind_beside_the_number() -> None:
    """With what it means, and a link to the page that says more; the range too, if it has one."""
    html = labeled("# A\n\n- `#!calc x` of it\n- `#!calc range` of that\n")
    link = f'<a class="pn-kind" href="evidence.md#exact" title="{KINDS["exact"]}">exact</a>'
    assert f'<li><span class="pn-known"><data data-kind="exact">x</data> {link}</span> of it</li>' in html
    assert ">simulated, $1 to $2</a></span> of that</li>" in html


def test_a_quoted_number_says_its_kind_and_one_in_a_sentence_does_not() -> None:
    """The reader of a sentence asks; on another page the number has left what stands around it."""
    html = labeled("# A\n\nIt is **`#!calc x: y`** and `#!calc x`.\n")
    assert html.count("pn-kind") == 1
    quoted = '<a href="insights/x.md"><data data-kind="exact">x: y</data></a>'
    assert f'<strong><span class="pn-known">{quoted} <a class' in html


def test_the_page_about_evidence_has_a_place_for_each_kind() -> None:
    """To which every label leads."""
    page = (ROOT / EVIDENCE).read_text(encoding="utf-8")
    assert re.findall(r"^## \w+ \{ #(\w+) \}$", page, re.MULTILINE) == list(KINDS)

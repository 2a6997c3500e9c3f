"""Key numbers are tiles and each perspective is one card, and nothing else becomes one."""

from xml.etree.ElementTree import Element

import pytest
from markdown import Markdown

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
    md = Markdown(extensions=["toc", "perpnotes.publish.page.tiles"], extension_configs={"toc": {"permalink": True}})
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
        extensions=["pymdownx.inlinehilite", "perpnotes.publish.page.tiles"],
        extension_configs={"pymdownx.inlinehilite": {"custom_inline": [VALUE]}},
    )
    assert md.convert(text).count('<ul class="pn-tiles pn-key">') == tiles

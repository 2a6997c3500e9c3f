"""Each perspective is one card, and nothing else becomes one."""

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
    md = Markdown(extensions=["toc", "perpnotes.publish.perspectives"], extension_configs={"toc": {"permalink": True}})
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

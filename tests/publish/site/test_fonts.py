"""Formulas bring the glyphs that they show, and no page brings more."""

from __future__ import annotations

import io

import pytest
from fontTools.ttLib import TTFont

from perpnotes.publish.page import math
from perpnotes.publish.site import fonts


def _formula(tex: str) -> str:
    return math._converter.convert_with_local_state(tex, displaystyle=True)


def test_letters_alone_are_italic_and_text_is_the_page() -> None:
    """As MathML Core has browsers show them; a root is drawn with a sign that stands nowhere in the page."""
    formulas = _formula(r"h + \sigma\,\log 2 + \text{qz} + \mathrm{d}") + _formula(r"\sqrt{x_i}")
    shown = fonts.characters(f"<p>q</p>{formulas}<p>q</p>")
    assert {"ℎ", "𝜎", "𝑥", "𝑖", "√", "2", "+", "l", "o", "g", "d"} <= shown
    assert not shown & set("hσxiqz ")
    assert fonts.characters("<p>math</p>") == set()


def test_brackets_grow_and_nothing_else_is_there() -> None:
    """The same characters give the same bytes; a bracket brings its other half."""
    data = fonts.woff2("(𝑥")
    assert data == fonts.woff2(iter("𝑥("))
    font = TTFont(io.BytesIO(data))
    assert sorted(map(chr, font.getBestCmap())) == ["(", ")", "𝑥"]
    grown = font["MATH"].table.MathVariants.VertGlyphConstruction[0]
    assert grown.VariantCount > 3
    assert grown.GlyphAssembly.PartCount >= 3
    assert "OFL" in str(font["name"].getName(14, 3, 1)) or "SIL" in str(font["name"].getName(13, 3, 1))


def test_a_character_that_the_typeface_lacks_is_named() -> None:
    with pytest.raises(ValueError, match="lacks 漢"):
        fonts.woff2("x漢")


def test_a_page_has_the_typeface_of_its_own_formulas() -> None:
    """Once, at the end of its head; a page without formulas has none."""
    texts = ("<p>x</p>", _formula("x"), _formula(r"\sum_{i} y_i"))
    none, one, two = (fonts.embed(f"<head><title>t</title></head>{text}</head>") for text in texts)
    assert "font" not in none
    start = '</title><style>@font-face{font-family:"STIX Two Math";src:url(data:font/woff2;base64,'
    assert start in one
    assert one.count("<style>") == two.count("<style>") == 1
    assert len(one) < len(two)

"""Headings and formulas bring the glyphs that they show, and no page brings more."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import USE_MY_METRICS

from perpnotes.publish.show.tables import mathml
from perpnotes.publish.site import fonts


def _formula(tex: str) -> str:
    return mathml(tex, displayed=True)


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
    assert "OFL" in str(font["name"].getName(14, 3, 1))


def test_a_glyph_that_is_made_of_others_has_a_width_of_its_own(tmp_path: Path) -> None:
    """The original says that a percent sign is as wide as its stroke: where widths are whole pixels, it was."""
    (tmp_path / "assets").mkdir()
    fonts.link('<link rel="stylesheet" href="assets/all.css"><p>x</p>', tmp_path)
    (sheet,) = (tmp_path / "assets").iterdir()
    (data,) = re.findall(r"base64,([^)]+)", sheet.read_text(encoding="utf-8"))
    font = TTFont(io.BytesIO(base64.b64decode(data)))
    made = [name for name in font.getGlyphOrder() if font["glyf"][name].isComposite()]
    assert font.getBestCmap()[ord("%")] in made
    assert not any(part.flags & USE_MY_METRICS for name in made for part in font["glyf"][name].components)


def test_a_character_that_the_typeface_lacks_is_named() -> None:
    with pytest.raises(ValueError, match="lacks 漢"):
        fonts.woff2("x漢")


def test_a_page_has_the_typefaces_of_its_headings_and_of_its_own_formulas(tmp_path: Path) -> None:
    """In stylesheets that pages share, before all others; a page without formulas has the first alone."""
    (tmp_path / "assets").mkdir()
    head = '<head><link rel="stylesheet" href="../assets/all.css"></head>'
    texts = ("<p>x</p>", _formula("x"), _formula(r"\sum_{i} y_i"), _formula("x + x"))
    none, one, two, more = (
        re.findall(r'href="../assets/([^"]*)"', fonts.link(head + text, tmp_path).split("</head>")[0]) for text in texts
    )
    assert [len(links) for links in (none, one, two, more)] == [2, 3, 3, 3]
    assert [links[-1] for links in (none, one, two, more)] == ["all.css"] * 4
    assert none[0] == one[0] == two[0]
    assert one[1] != two[1]
    assert len({*none, *one, *two, *more}) == 1 + len([*(tmp_path / "assets").iterdir()])
    serif, formulas = ((tmp_path / "assets" / name).read_text(encoding="utf-8") for name in one[:2])
    assert serif.startswith('@font-face{font-family:"Perp Serif";')
    assert formulas.startswith('@font-face{font-family:"STIX Two Math";')
    font = TTFont(io.BytesIO(base64.b64decode(serif.split("base64,")[1].split(")")[0])))
    assert set(fonts.HEADINGS) == {chr(point) for point in font.getBestCmap()}
    assert len({font["hmtx"][font.getBestCmap()[ord(digit)]][0] for digit in "0123456789"}) == 1  # as in a table
    assert {record.nameID for record in font["name"].names} == {0, 14}  # its license keeps the original's name

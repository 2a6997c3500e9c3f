"""The typeface of formulas, with the glyphs that a page shows and no others.

A browser sets MathML in whatever mathematical typeface the reader happens to have; on a phone that is often none, and
brackets do not grow. STIX Two Math (SIL Open Font License 1.1; `ziamath` ships it) has all that formulas need. The part
that a page needs weighs about 3 kB, and travels in the page, so that nothing jumps when it arrives.
"""

from __future__ import annotations

import base64
import io
import re
import unicodedata
from collections.abc import Iterable
from html import unescape
from importlib.metadata import distribution

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "STIX Two Math"
_SIZES = 4  # of a bracket, before it is put together
_MATH = re.compile(r"<math\b.*?</math>", re.DOTALL)
_TOKEN = re.compile(r"<(m[ino])\b([^>]*)>([^<]+)</")
# MathML Core: a browser shows an identifier of one letter in italics, which are characters of their own.
_ITALIC = {
    chr(int(parts[1], 16)): chr(point)
    for point in (0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C))
    if (parts := unicodedata.decomposition(chr(point)).split())
}


def characters(html: str) -> set[str]:
    """What the formulas of a page show. Text within a formula is set in the typeface of the page, and not counted.

    Parameters:
        html: the page.
    """
    shown: set[str] = set()
    for formula in _MATH.findall(html):
        for element, attributes, escaped in _TOKEN.findall(formula):
            text = unescape(escaped).strip()
            upright = element != "mi" or "normal" in attributes
            shown |= set(text if upright else _ITALIC.get(text, text))
        if "<msqrt" in formula or "<mroot" in formula:
            shown.add("√")
    return {c for c in shown if not c.isspace() and unicodedata.category(c) != "Cf"}  # no glyph for what is invisible


def woff2(shown: Iterable[str]) -> bytes:
    """The typeface with the glyphs of `shown` and what they grow into; the same bytes for the same characters.

    Raises:
        ValueError: the typeface lacks a character.
    """
    wanted = set(shown)
    path = str(distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf"))
    with TTFont(path, recalcTimestamp=False) as font:
        if lost := sorted(wanted - {chr(point) for point in font.getBestCmap()}):
            raise ValueError(f"formulas must use characters of {FAMILY}, which lacks {' '.join(lost)}")
        options = subset.Options(
            hinting=False, layout_features=[], glyph_names=False, notdef_outline=False, name_IDs=[0, 13, 14]
        )
        options.drop_tables += ["GDEF", "GPOS", "GSUB", "gasp"]  # for features and hints that nothing here uses
        variants = font["MATH"].table.MathVariants
        for grown in [*variants.VertGlyphConstruction, *variants.HorizGlyphConstruction]:
            if grown.GlyphAssembly:  # what is put together of parts needs no drawing for each size
                grown.MathGlyphVariantRecord = grown.MathGlyphVariantRecord[:_SIZES]
                grown.VariantCount = len(grown.MathGlyphVariantRecord)
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(sorted(wanted)))
        subsetter.subset(font)
        font.flavor = "woff2"
        target = io.BytesIO()
        font.save(target)
    return target.getvalue()


def embed(html: str) -> str:
    """A page with the typeface of what its formulas show; one without formulas as it is.

    Parameters:
        html: the page.

    Raises:
        ValueError: as `woff2`.
    """
    if not (shown := characters(html)):
        return html
    data = base64.b64encode(woff2(shown)).decode()
    rule = f'@font-face{{font-family:"{FAMILY}";src:url(data:font/woff2;base64,{data}) format("woff2")}}'
    return html.replace("</head>", f"<style>{rule}</style></head>", 1)

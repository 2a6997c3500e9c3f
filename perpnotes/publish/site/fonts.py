"""The two typefaces that travel with the site, with the glyphs that it shows; text is in one of the reader's own.

Headings and large numbers are set in Source Serif. A browser sets MathML in whatever mathematical typeface the reader
happens to have; on a phone that is often none, and brackets do not grow. STIX Two Math has all that formulas need. Both
are under the SIL Open Font License 1.1 (`docs/assets/OFL.txt`); two packages of Python ship them. Each is in a
stylesheet, for which a browser waits before it draws, so nothing jumps; a page that is read from a disk has it, too.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import string
import unicodedata
from collections.abc import Iterable
from functools import cache
from html import unescape
from importlib.metadata import distribution
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.ttLib.tables._g_l_y_f import USE_MY_METRICS

SERIF = "Perp Serif"  # as site.css calls it; its license keeps the name of the original for the original
HEADINGS = string.ascii_letters + string.digits + " $%&'(),-.:;?×−"
FORMULAS = "STIX Two Math"
_GRID = 400  # units an em, of a thousand that the originals have: 0.13 px in the largest heading
_LOAD = "document.fonts.forEach(it => it.load())"  # or browsers begin when they first draw a glyph, and then draw twice
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
    """The typeface of formulas with the glyphs of `shown` and what they grow into; the same for the same characters.

    Raises:
        ValueError: the typeface lacks a character.
    """
    return _cut("ziamath", "ziamath/fonts/STIXTwoMath-Regular.ttf", "".join(sorted(set(shown))))


@cache
def _cut(package: str, path: str, shown: str) -> bytes:
    with TTFont(str(distribution(package).locate_file(path)), recalcTimestamp=False) as font:
        if lost := sorted({*shown} - {chr(point) for point in font.getBestCmap()}):
            raise ValueError(f"text must use characters of {Path(path).stem}, which lacks {' '.join(lost)}")
        options = subset.Options(
            hinting=False, layout_features=[], glyph_names=False, notdef_outline=False, name_IDs=[0, 14]
        )  # with whose it is and where its license stands
        options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "gasp"]  # for features and hints that nothing here uses
        if "MATH" in font:
            variants = font["MATH"].table.MathVariants
            for grown in [*variants.VertGlyphConstruction, *variants.HorizGlyphConstruction]:
                if grown.GlyphAssembly:  # what is put together of parts needs no drawing for each size
                    grown.MathGlyphVariantRecord = grown.MathGlyphVariantRecord[:_SIZES]
                    grown.VariantCount = len(grown.MathGlyphVariantRecord)
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=shown)
        subsetter.subset(font)
        scale_upem(font, _GRID)
        for name in font.getGlyphOrder():  # or, where widths are whole pixels, a percent sign is as wide as its stroke
            for part in getattr(font["glyf"][name], "components", ()):
                part.flags &= ~USE_MY_METRICS
        font.flavor = "woff2"
        target = io.BytesIO()
        font.save(target)
    return target.getvalue()


def link(html: str, site: Path) -> str:
    """A page with the stylesheets of its typefaces, which are written into the site.

    Parameters:
        html: the page.
        site: the folder of the whole site.

    Raises:
        ValueError: as `woff2`.
    """
    faces = {SERIF: _cut("font-source-serif-pro", "font_source_serif_pro/files/SourceSerifPro-Semibold.ttf", HEADINGS)}
    if shown := characters(html):
        faces[FORMULAS] = woff2(shown)
    before, sheet, after = html.partition('<link rel="stylesheet" href="')
    base, links = after.partition("assets/")[0], ""
    for family, data in faces.items():
        source = f"data:font/woff2;base64,{base64.b64encode(data).decode()}"
        rule = f'@font-face{{font-family:"{family}";font-weight:400 700;src:url({source}) format("woff2")}}'
        name = f"{family.replace(' ', '-').lower()}.{hashlib.sha256(rule.encode()).hexdigest()[:8]}.css"
        (site / "assets" / name).write_text(rule, encoding="utf-8")
        links += f'<link rel="stylesheet" href="{base}assets/{name}">'
    return f"{before}{links}<script>{_LOAD}</script>{sheet}{after}"

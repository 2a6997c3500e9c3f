"""The HTML that may stand in a page: elements, attributes and addresses that are permitted by name.

Each `<` must begin a tag that is written out in full, and what is opened must be closed: then there is one way to read
the page, and no browser finds another. Rules look at what an author writes (`WRITTEN`), a build at the finished page
(`COMPUTED`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WRITTEN = _words("""
    a abbr b blockquote br caption cite code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img
    ins kbd li mark nav ol p pre q s section small span strong sub summary sup table tbody td tfoot th thead time tr
    ul input label
""")
"""Elements that Markdown makes, and that an author may write."""

_SHAPES = _words("svg g path rect circle ellipse line polyline polygon text tspan title desc defs clipPath")
_MATH = _words("""
    math menclose merror mfrac mi mn mo mmultiscripts mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt
    mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics annotation
""")
PRINTED = WRITTEN | _MATH | {"autoref"}
"""Elements of what a block prints as Markdown: it draws no figure by hand, and makes no number look computed."""

COMPUTED = PRINTED | _SHAPES | {"data", "output"}
"""Elements of a page with what was computed: figures, formulas, numbers."""

_ATTRIBUTES = _words("""
    alt checked class colspan dir download for headers height href id lang max min name open rel role rowspan scope
    src start step style tabindex title type value width autocomplete datetime cite loading data-trace
    data-kind data-about data-low data-high data-span data-search-exclude data-tabs identifier optional
    hover backlink-type backlink-anchor
""")
_OF_NUMBERS = _words("data-kind data-about data-low data-high data-span")
_DRAWN = _words("""
    xmlns viewbox preserveaspectratio focusable x y x1 y1 x2 y2 dx dy cx cy r rx ry d points transform fill
    fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-dasharray
    stroke-dashoffset stroke-miterlimit opacity font-size font-weight font-style font-family text-anchor
    dominant-baseline clip-path vector-effect paint-order letter-spacing alttext display displaystyle scriptlevel
    mathvariant form fence separator lspace rspace stretchy symmetric minsize maxsize largeop movablelimits accent
    accentunder linethickness columnalign rowalign columnspacing rowspacing columnlines rowlines columnspan rowspan
    depth voffset encoding intent arg notation
""")
FOLLOWING = _words("d dx dy cx cy x y width fill transform")
"""Attributes of a drawing that a reader's hand may move."""
_VOID = frozenset({"br", "hr", "img", "input"})

_NAME = r"[a-zA-Z][a-zA-Z0-9:-]*"
_PARTS = re.compile(rf"""\s+({_NAME})(?:=(?:"([^"<]*)"|'([^'<]*)'|([^\s"'=<>`]+)))?""")
_TAG = re.compile(rf"""<(/?)({_NAME})((?:\s+{_NAME}(?:=(?:"[^"<]*"|'[^'<]*'|[^\s"'=<>`]+))?)*)\s*(/?)>""")
_COMMENT = re.compile(r"<!--(?!-?>)(?:(?!--)[^<])*-->")
_START = re.compile("<")

_STYLE = re.compile(
    r"(?:\s*(?:aspect-ratio:\d{1,4}/\d{1,4}|background:var\(--pn-[a-z0-9-]{1,20}\)"
    r"|height:\d{1,4}px|padding:\d{1,3}px(?: \d{1,3}px){3}"
    r"|text-align: ?(?:left|right|center)|justify-items: ?(?:start|end|center)"
    r"|padding-(?:left|right): ?\d[\d.]{0,5}(?:em)?|width: ?\d{1,3}%"
    r"|border-(?:top|right|bottom|left): 0\.05em \w+ currentcolor)"
    r"(?:;|$))+\s*"
)
_ID = re.compile(
    r"(?!_)[\w:.()-]+|__(?:codelineno|span|tabbed)[-_][\w-]+|(?:[a-z][a-z0-9-]*)__(?:codelineno|span)-[\w-]+"
)
_CLASS = re.compile(r"(?!md-|js-)[\w-]+")
_ADDRESS = re.compile(
    r"(?:https?://[^\s/\\?#@]+(?:[/?#][^\s\\]*)?|mailto:[^\s\\]+|(?![\w+.-]*:|//)[^\s\\]*)", re.IGNORECASE
)
_INSIDE = re.compile(r"(?![\w+.-]*:|//)[^\s\\]*")
_ASKED = re.compile(r"(?:[a-z][a-z0-9_]*:)?[a-z][a-z0-9-]*(?:\.\d+)*")
_INPUTS = ("range", "radio", "checkbox")


def faults(html: str, elements: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What must not stand in a page: what is wrong, and the text by which to find it.

    Parameters:
        html: of the page.
        elements: those that are permitted, `WRITTEN` or `COMPUTED`.
    """
    known: dict[str, tuple[str, bool, bool]] = {}
    opened: list[str] = []
    end = 0
    for start in _START.finditer(html):
        at = start.start()
        if at < end:
            continue
        tag = _TAG.match(html, at)
        if tag is None:
            if comment := _COMMENT.match(html, at):
                end = comment.end()
                continue
            text = html[at : at + 40].partition("\n")[0]
            yield f"{text} is no tag that can be read in one way only", text
            return
        end = tag.end()
        whole = tag[0]
        if whole not in known:
            if fault := _fault(tag, elements):
                yield fault
            known[whole] = (tag[2], bool(tag[1]), tag[2].lower() in _VOID or bool(tag[4] and tag[2] in _SHAPES | _MATH))
        name, closing, alone = known[whole]
        if closing:
            if not opened or opened.pop() != name:
                yield f"</{name}> closes what is not open", f"</{name}"
                return
        elif not alone:
            opened.append(name)
    if opened:
        yield f"<{opened[-1]}> is never closed", f"<{opened[-1]}"


def _fault(tag: re.Match[str], elements: frozenset[str]) -> tuple[str, str] | None:
    """Why a tag must not be in a page, and the text by which to find it."""
    name, found = tag[2], f"<{tag[1]}{tag[2]}"
    if name not in elements:
        return f"the element {name}", found
    given = [(part[1].lower(), unescape(part[2] or part[3] or part[4] or "")) for part in _PARTS.finditer(tag[3])]
    if tag[1] and given:
        return f"</{name}> with attributes", found
    drawn = name in _SHAPES or name in _MATH
    for attribute, value in given:
        if not (attribute in _ATTRIBUTES or attribute.startswith("aria-") or (drawn and attribute in _DRAWN)):
            return f"the attribute {attribute} of {name}", attribute
        if (attribute == "data-trace" and elements is WRITTEN) or not _harmless(name, attribute, value):
            return f'{attribute}="{value}" of {name}', value.strip()
    return None


def _harmless(element: str, attribute: str, value: str) -> bool:
    if attribute == "href":
        return element == "a" and is_address(value)
    if attribute == "src":
        return element == "img" and is_address(value, inside=True)
    if attribute == "type" and element == "input":
        return value in _INPUTS
    if element == "img" and attribute in ("width", "height"):
        return bool(re.fullmatch(r"\d{1,4}", value))
    if attribute in _OF_NUMBERS:
        return element == "data"
    if attribute == "data-trace":  # what a reader asks a number by
        return element in ("data", "table", "td", "th") and bool(_ASKED.fullmatch(value))
    if attribute == "tabindex":
        return value in ("0", "-1")
    if attribute in ("id", "for", "name"):
        return bool(_ID.fullmatch(value))
    if attribute == "class":
        return all(map(_CLASS.fullmatch, value.split())) and (element == "data" or "calc" not in value.split())
    if attribute == "style":
        return bool(_STYLE.fullmatch(value))
    if attribute in _DRAWN and attribute != "alttext":
        return "url(" not in re.sub(r"url\(#[\w-]+\)", "", value.lower()) and "\\" not in value
    return True


def is_address(value: str, *, inside: bool = False) -> bool:
    """Whether a page may link to an address: of the web or for mail, or a place in this site.

    Parameters:
        value: as a browser reads it, entities resolved.
        inside: whether it must be in this site.
    """
    pattern = _INSIDE if inside else _ADDRESS
    text = value.strip(" ")
    return all(pattern.fullmatch(each) and each.isprintable() for each in (text, unquote(text)) if each or not value)

"""A chart as the inline SVG of a page: colors that follow the scheme, ids of its own, and no markup that says nothing.

Altair describes a chart, vl-convert draws it. Colors are given as marker values and become CSS custom properties. Every
mark carries its value as a `title`; `figures.js` shows it on hover, on touch and for the arrow keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from perpnotes.publish.compute import drawing

WIDTH = 370  # px of the whole drawing: a phone's column
FONT = 11.5  # px, in that drawing

# What Vega may write, and what the page says instead.
INK, MUTED, RULE, PAPER, LOSS, GAIN, PLAIN = (f"#01000{i}" for i in range(7))
SERIES = tuple(f"#02000{i}" for i in range(4))
BASE, STRESSED, LIMIT, BREACH = SERIES[0], SERIES[3], INK, "#050000"
SHADES = tuple(f"#03000{i}" for i in range(9))  # from the largest loss to the largest gain
PLAINS = tuple(f"#04000{i}" for i in range(6))  # from the lowest to the highest
COLORS = {
    INK: "currentColor",
    MUTED: "var(--pn-muted)",
    RULE: "var(--pn-rule)",
    PAPER: "var(--pn-paper)",
    LOSS: "var(--pn-loss)",
    GAIN: "var(--pn-gain)",
    PLAIN: "var(--pn-plain)",
    BREACH: "var(--pn-breach)",
    **{color: f"var(--pn-series-{i})" for i, color in enumerate(SERIES, 1)},
    **{color: f"var(--pn-loss-{4 - i})" for i, color in enumerate(SHADES[:4])},
    SHADES[4]: "var(--pn-neutral)",
    **{color: f"var(--pn-gain-{i})" for i, color in enumerate(SHADES[5:], 1)},
    **{color: f"var(--pn-plain-{i})" for i, color in enumerate(PLAINS, 1)},
}

_CONFIG = {
    "background": "transparent",
    "font": "sans-serif",
    "view": {"stroke": None},
    "mark": {"color": SERIES[0]},
    "text": {"color": INK, "fontSize": FONT},
    "rule": {"color": INK, "strokeWidth": 1},
    "axis": {
        "labelColor": MUTED, "labelFontSize": FONT, "labelLimit": 0, "labelPadding": 4, "labelFlush": False,
        "titleColor": MUTED, "titleFontSize": FONT, "titleFontWeight": 400,
        "gridColor": RULE, "domainColor": RULE, "tickColor": RULE,
    },
    "axisX": {"labelAngle": 0},
    "legend": {"labelColor": INK, "labelFontSize": FONT, "titleColor": MUTED, "titleFontSize": FONT},
}  # fmt: skip
_KEPT = {
    "clip-path", "cx", "cy", "d", "dx", "dy", "fill", "fill-opacity", "font-size", "font-style", "font-weight",
    "height", "id", "opacity", "r", "stroke", "stroke-dasharray", "stroke-linecap", "stroke-opacity", "stroke-width",
    "text-anchor", "transform", "width", "x", "x1", "x2", "y", "y1", "y2",
}  # fmt: skip
DEFAULTS = {  # what is not said
    "opacity": "1", "stroke-opacity": "1", "fill-opacity": "1", "transform": "translate(0,0)", "stroke-width": "1",
    "stroke-dasharray": "1,0", "font-weight": "400", "text-anchor": "start", "x2": "0", "y2": "0",
}  # fmt: skip
INHERITED = {  # what a group may say for all in it
    "fill", "fill-opacity", "font-weight", "stroke", "stroke-dasharray", "stroke-linecap", "stroke-opacity",
    "stroke-width", "text-anchor",
}  # fmt: skip
_SVG = "{http://www.w3.org/2000/svg}"
_CIRCLE = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0")
_PLACE = re.compile(r"translate\(([-\d.e]+),([-\d.e]+)\)")


def render(chart: Mapping[str, Any], id: str, *, crisp: bool = False) -> str:
    """`chart` as one `svg` element.

    Parameters:
        chart: in the colors of this module, as Vega-Lite has it.
        id: of the figure; those in the drawing begin with it.
        crisp: cells share their edges, and no hairline of paper shines through.

    Raises:
        ValueError: for a color that would not follow the scheme, or a chart wider than a phone.
    """
    root = ElementTree.fromstring(drawing.draw(chart, _CONFIG))  # noqa: S314  (we drew it)
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    if width > WIDTH + 15:
        raise ValueError(f"a figure must be at most {WIDTH} px wide, got {width:g}")
    ids: dict[str, str] = {}  # Vega numbers clip paths through the whole process: number them within the figure
    _tidy(root, "", ids, id)
    for element in root.iter():
        if found := re.fullmatch(r"url\(#(.+)\)", element.get("clip-path", "")):
            element.set("clip-path", f"url(#{ids[found[1]]})")
    root.attrib = {
        "viewBox": f"0 0 {width:g} {height:g}", "font-size": str(FONT), "aria-hidden": "true", "focusable": "false",
    }  # fmt: skip
    if crisp:
        root.set("class", "pn-crisp")
    ElementTree.register_namespace("", _SVG[1:-1])
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def aspect(drawn: str) -> str:
    """Width and height of a rendered chart as CSS has them, so that its place is known before it is drawn."""
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)[0]
    return f"{width}/{height}"


def _tidy(element: ElementTree.Element, role: str, ids: dict[str, str], prefix: str) -> None:
    """Rewrite one element and those in it; `role` is Vega's class of the group that it stands in."""
    # Vega describes a whole line by its first point: a line has no value of its own.
    label = element.get("aria-label") if "role-mark" in role and not re.search("mark-(line|area|trail)", role) else None
    role = element.get("class", role)
    kept = {name: value for name, value in element.attrib.items() if name in _KEPT and DEFAULTS.get(name) != value}
    for name in ("fill", "stroke"):
        if (color := kept.get(name, "none")) not in ("none", "transparent"):
            if color not in COLORS:
                raise ValueError(f"{name} must be a color of perpnotes.publish.show.figures, got {color}")
            kept[name] = COLORS[color]
    if "id" in kept:
        kept["id"] = ids.setdefault(kept["id"], f"{prefix}-{len(ids)}")
    if element.tag == f"{_SVG}text":
        _relative(element, kept, role)
    elif circle := _CIRCLE.fullmatch(kept.get("d", "")):
        element.tag = f"{_SVG}circle"
        x, y = found.groups() if (found := _PLACE.fullmatch(kept.pop("transform", ""))) else ("0", "0")
        kept = {"cx": x, "cy": y, "r": circle[1]} | {name: value for name, value in kept.items() if name != "d"}
    element.attrib = {name: _round(name, value) for name, value in kept.items()}
    if "d" in element.attrib:
        element.set("d", _short(element.attrib["d"]))
    for child in list(element):
        if "background" in child.get("class", "") or child.get("display") == "none":
            element.remove(child)
        else:
            _tidy(child, role, ids, prefix)
    if label:
        element.set("class", "m")
        ElementTree.SubElement(element, f"{_SVG}title").text = label
    if element.tag == f"{_SVG}g":
        _hoist(element)
    # Groups that hold nothing go, and those that do nothing but hold give way to what they hold.
    children: list[ElementTree.Element] = []
    for child in element:
        group = child.tag == f"{_SVG}g"
        children += [child] if not group or (child.attrib and len(child)) else list(child) if not child.attrib else []
    element[:] = children


def _hoist(group: ElementTree.Element) -> None:
    """Have the group say once what all of several in it say."""
    for name in sorted(INHERITED):
        values = {child.get(name) for child in group}
        if len(group) > 1 and len(values) == 1 and None not in values:
            group.set(name, str(values.pop()))
            for child in group:
                del child.attrib[name]


def _relative(text: ElementTree.Element, kept: dict[str, str], role: str) -> None:
    """Have offsets of a text follow its size, which the style sheet sets: Vega writes them in px of its own size."""
    size = float(kept.get("font-size", str(FONT)).removesuffix("px"))
    if size == FONT:
        kept.pop("font-size", None)
    place = _PLACE.fullmatch(kept.get("transform", "translate(0,0)"))
    lines = [line for line in text if line.tag == f"{_SVG}tspan"]
    below = "role-axis" in role and kept.get("text-anchor") == "middle"  # what stands under the horizontal axis hangs
    if not place or not (below or re.search("role-(mark|axis-label|legend-label)", role)):
        return
    shift = 0.79 if below else 0.3
    pitch = float(lines[1].get("dy", "0")) / size if len(lines) > 1 else 0.0
    lift = 0.0 if below else (len(lines) - 1) / 2 * pitch if lines else 0.0
    kept.pop("transform", None)
    kept |= {"x": place[1], "y": f"{float(place[2]) - shift * size:.2f}", "dy": f"{shift - lift:.2f}em"}
    for number, line in enumerate(lines):
        line.attrib = {"x": place[1], "dy": f"{pitch:.2f}em"} if number else {"x": place[1], "dy": kept.pop("dy")}


def _short(path: str) -> str:
    """The same path in steps from each point to the next, which repeat where shapes do. No point moves."""
    parts = re.findall(r"([A-Za-z])([^A-Za-z]*)", path)
    if any(letter not in "MLZ" for letter, _ in parts):
        return path
    here = begun = (0.0, 0.0)
    text = ""
    for letter, given in parts:
        if letter == "Z":
            here, text = begun, text + "z"
            continue
        x, y = map(float, given.split(","))
        dx, dy = f"{round(x - here[0], 1):g}", f"{round(y - here[1], 1):g}"
        if letter == "M":
            begun, text = (x, y), text + (f"m{dx},{dy}" if text else f"M{x:g},{y:g}")
        elif here != (x, y):
            text += f"h{dx}" if dy == "0" else f"v{dy}" if dx == "0" else f"l{dx},{dy}"
        here = (x, y)
    return text


def _round(name: str, value: str) -> str:
    """A tenth of a px is less than a reader can see; parts of an em and opacities need two decimals."""
    digits = 1 if name in {"cx", "cy", "d", "r", "transform", "x", "x1", "x2", "y", "y1", "y2"} else 2
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.{digits}f}".rstrip("0").rstrip("."), value)

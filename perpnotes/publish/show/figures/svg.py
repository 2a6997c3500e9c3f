"""A chart as the inline SVG of a page: its size, its colors, and the shapes of which it is made.

Colors are custom properties that follow the scheme. Every mark carries its value as a `title`; `marks.js` shows it on
hover, on touch and for the arrow keys.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby, pairwise

WIDTH = 358  # px of the whole drawing in a phone's column
FONT = 11.5  # px, in that drawing
LINE = 13.0  # px between lines of text
RIM = 4  # px around a drawing, for the outlines of marks at its edge

INK = LIMIT = "currentColor"
MUTED, RULE, PAPER, LOSS, GAIN, PLAIN, BREACH = (
    f"var(--pn-{name})" for name in ("muted", "rule", "paper", "loss", "gain", "plain", "breach")
)
SERIES = BASE, _, _, STRESSED = tuple(f"var(--pn-series-{i})" for i in range(1, 5))
SHADES = (  # from the largest loss to the largest gain
    *(f"var(--pn-loss-{i})" for i in (4, 3, 2, 1)),
    "var(--pn-neutral)",
    *(f"var(--pn-gain-{i})" for i in (1, 2, 3, 4)),
)
PLAINS = tuple(f"var(--pn-plain-{i})" for i in range(1, 7))  # from the lowest to the highest


class Drawing:
    """The shapes of a chart in the order in which they are painted, in px from the upper left of the plot.

    On a column wider than a phone's the plot is stretched across, and what is beside it is not: lines and boxes stand
    in an `svg` of their own, which the browser stretches, and the places of texts and dots are parts of the width. So
    lines must stay within the width of the plot; a text may stand beside it.

    Its methods take the attributes of SVG by name, with `_` for `-`. A shape with a label is a mark; an empty label is
    none.

    Parameters:
        height: of the plot.
        left: room beside the plot; this and the next three leave the rest of our width to it.
        right: room on the other side.
        top: room above.
        bottom: room below.
        crisp: whether cells share their edges, and no hairline of paper shines through.
        whole: whether all of it grows with the column instead, as what has arrows must.
    """

    def __init__(
        self,
        height: float,
        *,
        left: float = 0.0,
        right: float = 0.0,
        top: float = 0.0,
        bottom: float = 0.0,
        crisp: bool = False,
        whole: bool = False,
    ) -> None:
        self.height = math.ceil(height)
        self._around = [math.ceil(room) for room in (top, right, bottom, left)]
        self.width = WIDTH - self._around[1] - self._around[3]
        self._crisp, self._whole, self._parts = crisp, whole, list[tuple[bool, str]]()

    def rules(
        self, ends: Iterable[tuple[float, float, float, float]], stroke: str = RULE, **style: str | float
    ) -> None:
        """Straight lines, each from a place to another."""
        lines = [(_placed({"x1": x, "y1": y, "x2": x2, "y2": y2}), "") for x, y, x2, y2 in ends]
        self._add("line", lines, stroke=stroke, **style)

    def lines(self, *runs: Sequence[tuple[float, float]], closed: bool = False, **style: str | float) -> None:
        """A line through the points of each run, or what the closed lines hold."""
        text = ""
        for before, run in pairwise([(), *runs]):
            text += path(run, before[0 if closed else -1] if before else None) + "z" * closed
        self._add("path", [({"d": text}, "")] if text else [], **style)

    def arc(self, begin: complex, control: complex, end: complex, **style: str | float) -> None:
        """A quadratic curve; its places are complex, across and down."""
        at, toward, to = (f"{_short(place.real)},{_short(place.imag)}" for place in (begin, control, end))
        self._add("path", [({"d": f"M{at}Q{toward} {to}"}, "")], **style)

    def boxes(
        self, boxes: Iterable[tuple[float, float, float, float, str]], fills: Sequence[str] = (), **style: str | float
    ) -> None:
        """Boxes from one corner to the opposite one, each with a label; and each with a color of its own, if given."""
        made = [({"d": f"{path([(x, y), (x2, y), (x2, y2), (x, y2)])}z"}, label) for x, y, x2, y2, label in boxes]
        for (attributes, _), fill in zip(made, fills, strict=False):
            attributes["fill"] = fill
        self._add("path", [_mark(*box) for box in made], **style)

    def dots(self, dots: Iterable[tuple[float, float, str]], radius: float, **style: str | float) -> None:
        """Circles around places, each with a label."""
        made = [_mark({"cx": self._part(x), **_placed({"cy": y, "r": radius})}, label) for x, y, label in dots]
        self._add("circle", made, **style)

    def texts(
        self, texts: Iterable[tuple[float, float, str]], fill: str = INK, *, hangs: bool = False, **style: str | float
    ) -> None:
        """Texts at the middle of their places, or hanging from them; offsets follow the size that CSS sets."""
        made = []
        for x, y, text in texts:
            lines = [escape(line, quote=False) for line in text.split("\n")]
            on = min(max(x, 0.0), float(self.width))
            across = {"x": self._part(on)} | _placed({"dx": x - on})
            shift = f"{round((0.79 if hangs else 0.3) - (len(lines) - 1) / 2 * LINE / FONT, 2):g}em"
            if len(lines) == 1:
                made.append((across | _placed({"y": y}) | {"dy": shift}, lines[0]))
                continue
            shifts = [shift] + [f"{LINE / FONT:.2f}em"] * (len(lines) - 1)
            spans = (_element("tspan", across | {"dy": dy}, each) for dy, each in zip(shifts, lines, strict=True))
            made.append((_placed({"y": y}), "".join(spans)))
        self._add("text", made, fill=fill, **style)

    def axis(self, ticks: Iterable[tuple[float, str]], fill: str = MUTED) -> None:
        """What stands left of the plot at some heights."""
        self.texts([(-3.5, y, text) for y, text in ticks], fill, text_anchor="end")

    def svg(self) -> str:
        """All of it as one `svg` element, as high as the plot."""
        box = {"viewBox": f"0 0 {self.width} {self.height}"}
        frame = box if self._whole else {"height": f"{self.height}"}
        frame |= {"font-size": f"{FONT}", "fill": "none", "aria-hidden": "true"}
        inside = ""
        for stretched, parts in groupby(self._parts, lambda part: part[0] and not self._whole):
            some = "".join(text for _, text in parts)
            inside += _element("svg", {**box, "preserveAspectRatio": "none"}, some) if stretched else some
        return _element("svg", {**frame, **({"class": "pn-crisp"} if self._crisp else {})}, inside)

    def style(self) -> str:
        """What the element around it must say, so that its size is known before it is drawn."""
        if self._whole:
            return f"aspect-ratio:{self.width}/{self.height}"
        top, right, bottom, left = (room + RIM for room in self._around)
        return f"height:{top + self.height + bottom}px;padding:{top}px {right}px {bottom}px {left}px"

    def _part(self, x: float) -> str:
        """A place across, as a part of the width where that is stretched."""
        return _short(x) if self._whole else f"{round(100 * x / self.width, 1):g}%"

    def _add(self, tag: str, each: Sequence[tuple[Mapping[str, str], str]], **style: str | float) -> None:
        """Elements that look alike: several are a group that says it once."""
        look = {name.replace("_", "-"): v if isinstance(v, str) else f"{v:g}" for name, v in style.items() if v != ""}
        if not each:
            return
        text = "".join(_element(tag, *one) for one in each)
        if len(each) == 1:
            text = _element(tag, {**each[0][0], **look}, each[0][1])
        elif look:
            text = _element("g", look, text)
        self._parts.append((tag in ("line", "path"), text))


def path(points: Iterable[tuple[float, float]], after: tuple[float, float] | None = None) -> str:
    """The way through some points in steps from each to the next, which repeat where shapes do; no point moves.

    Parameters:
        points: the places, px.
        after: where the path before it ended, if it is the continuation of one.
    """
    text, here = "", (0.0, 0.0) if after is None else (round(after[0], 1), round(after[1], 1))
    for x, y in ((round(x, 1), round(y, 1)) for x, y in points):
        dx, dy = _short(x - here[0]), _short(y - here[1])
        if not text:
            text = f"{'M' if after is None else 'm'}{dx},{dy}"
        elif here != (x, y):
            text += f"h{dx}" if dy == "0" else f"v{dy}" if dx == "0" else f"l{dx},{dy}"
        here = (x, y)
    return text


def _mark(attributes: Mapping[str, str], label: str) -> tuple[Mapping[str, str], str]:
    return ({**attributes, "class": "m"}, f"<title>{escape(label, quote=False)}</title>") if label else (attributes, "")


def _placed(places: Mapping[str, float]) -> dict[str, str]:
    """Places as attributes; what is zero need not be said."""
    return {name: text for name, value in places.items() if (text := _short(value)) != "0"}


def _short(value: float) -> str:
    """A tenth of a px is less than a reader can see."""
    return f"{round(value, 1) + 0.0:g}"


def _element(tag: str, attributes: Mapping[str, str], inside: str) -> str:
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{said}>{inside}</{tag}>" if inside else f"<{tag}{said}/>"

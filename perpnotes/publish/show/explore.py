"""A picture that a reader moves: what it shows is computed while the page is built, at every step of every control.

The page has the picture at its start, as SVG that needs no script. The numbers of all other steps are a file of their
own, which comes with the first touch. `explore.js` looks up there what was computed here and puts it in place. It adds
nothing but where a number stands on the scale, and the difference of two numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, TypeAlias

import numpy as np

from perpnotes.publish.compute import units
from perpnotes.publish.compute.outputs import Output, collect, show
from perpnotes.publish.show.figures import colors, heatmap, layout
from perpnotes.publish.show.figures.svg import FONT, GAIN, LOSS, MUTED, PAPER, RULE
from perpnotes.publish.show.tables import check, html_table, scroll, text_table

Control: TypeAlias = tuple[Sequence[Any], str | Sequence[str], Any]
"""The steps of a control; their unit, or a label for each; the step at which it starts."""

Text: TypeAlias = str | tuple[str, str, str]
"""With `{name}` for a quantity, `{|name}` without its sign, `{@name}` for its place on the scale. Or the name of a
quantity, the text where it is 0 or more, and the text where it is less."""

WIDTH = 370  # px of a picture, which grows and shrinks with its column as a whole
TOP = 18  # px above the scale, and below it
ROWS = 6  # of the table, for a control at most
_INKS = {meaning: colors.COLORS[slot] for meaning, slot in colors.MEANINGS.items()}


def explore(
    quantities: Mapping[str, Any],
    *,
    unit: str | Mapping[str, str],
    controls: Mapping[str, Control],
    picture: Callable[[Stage], None],
    say: Sequence[Text],
    title: str,
    caption: str,
    alt: str,
    id: str,
    over: Mapping[str, Any] | None = None,
) -> None:
    """Show a picture whose parts follow what a reader sets.

    Parameters:
        quantities: name to values, with a dimension for each control in the order of the controls, of length one where
            it does not matter; or to two names, whose difference it is.
        unit: of all quantities, or of each (see `units`).
        controls: name to steps, unit or labels, and start.
        picture: draws it, such as `rungs`.
        say: sentences that say what the reader sees; they are announced to who does not see it.
        title: what the scale measures.
        caption: says what is shown.
        alt: says in words what a reader should see at the start.
        id: of the element; lower case, unique on the page.
        over: what `heatmap` takes, for a map beside the picture; pointing at a cell sets the first control to its row
            and the second to its column. The table is then that of the map.

    Raises:
        ValueError: for a start that is no step, values that do not fit the controls or are not finite, a text that is
            missing, or one that names what is no quantity.
    """
    check(caption=caption, alt=alt, id=id)
    grid = _Grid(controls, quantities, unit)
    stage = Stage(id, title, grid)
    picture(stage)
    said = " ".join(stage.at(text) for text in say)
    beside, (headers, rows) = "", grid.table()
    if over is not None:
        with collect() as shown:
            heatmap(**over, caption=caption, alt=alt, id=id)
        headers, rows = shown[0].data["headers"], shown[0].data["rows"]
        beside = shown[0].content.partition("</figcaption>")[2].partition('<details class="pn-data"')[0]
        cells = re.findall(r'<path d="[^"]*" fill="[^"]*" class="m">', beside)
        ring = cells[grid.start[0] * len(grid.labels[1]) + grid.start[1]].replace('"m">', '"on"/>')
        beside = f'<div class="pn-map">{beside.replace("</title></path></g>", f"</title></path>{ring}</g>")}</div>'
    sliders = "".join(
        f'<label for="{id}-c{number}">{escape(name, quote=False)}</label>'
        f'<input type="range" id="{id}-c{number}" max="{len(labels) - 1}" value="{start}" autocomplete="off"'
        f' aria-valuetext="{escape(labels[start])}">'
        f'<output for="{id}-c{number}">{escape(labels[start], quote=False)}</output>'
        for number, (name, labels, start) in enumerate(zip(controls, grid.labels, grid.start, strict=True))
    )
    data_table = scroll(html_table(headers, rows, [False] + [True] * (len(headers) - 1), id), f"Data: {caption}")
    html = (
        f'<figure class="pn-figure" id="{id}"><figcaption>{escape(caption, quote=False)}</figcaption>'
        f'<div class="pn-explore">{beside}<div class="pn-stage"><div class="pn-note">{escape(title, quote=False)}</div>'
        f'<div class="pn-plot" style="aspect-ratio:{WIDTH}/{stage.bottom:g}" role="img" aria-label="{escape(alt)}"'
        f' data-search-exclude><svg viewBox="0 0 {WIDTH} {stage.bottom:g}" font-size="{FONT}" aria-hidden="true"'
        f' focusable="false">{"".join(stage.parts)}</svg></div></div><div class="pn-slider">{sliders}</div></div>'
        f'<p class="pn-said" aria-live="polite">{escape(said, quote=False)}</p>'
        f'<details class="pn-data" data-search-exclude><summary>Data</summary>{data_table}</details></figure>'
    )
    steps = json.dumps(
        {
            "labels": grid.labels,
            "of": {name: [grid.on(name), grid.changes(name), *grid.written[name]] for name in grid.of},
            "less": grid.less,
            "say": list(say),
            "fill": stage.fills,
            "held": stage.held,
            "y": [stage.high, stage.scale, TOP],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    data = {
        "id": id, "caption": caption, "alt": alt, "headers": headers, "rows": rows, "say": said,
        "steps": steps, "digest": hashlib.sha256(steps.encode()).hexdigest()[:12],
    }  # fmt: skip
    show(Output("figure", html, "html", text_table(headers, rows, f"{caption}\n{said}"), data))


def rungs(
    *, held: Sequence[str], found: Sequence[str], meanings: Mapping[str, str], height: float = 300.0
) -> Callable[[Stage], None]:
    """Draw a ladder: levels that a reader drags, and levels that follow, with a shade from the last to the first.

    Parameters:
        held: one or two quantities that are the steps of a control, the higher first.
        found: one or two that are computed, the higher first.
        meanings: what each is: `base`, `stressed`, `limit` or `breach`.
        height: of the scale, px of a phone.
    """
    inks = {name: _INKS[meaning] for name, meaning in meanings.items()}

    def draw(stage: Stage) -> None:
        left = stage.scaled([*held, *found], height)
        shade = f"M{left} {{@{found[-1]}}}H{WIDTH}V{{@{found[0]}}}H{left}Z"
        stage.add("path", d=shade, fill=inks[found[0]], fill_opacity=0.2)
        for names, x, anchor in ((held, left + 4, "start"), (found, WIDTH - 2, "end")):
            for name, dy in zip(names, ("-.4em", "1.15em"), strict=False):
                across, ink = f"M{left} {{@{name}}}H{WIDTH}", inks[name]
                stage.add("path", d=across, stroke=ink, stroke_width=2)
                stage.add(
                    "text", f"{name} {{{name}}}", x=x, y=f"{{@{name}}}", dy=dy, fill=ink, font_weight=600,
                    text_anchor=anchor,
                )  # fmt: skip
        for name in held:
            stage.add("circle", cx=(left + WIDTH) // 2, cy=f"{{@{name}}}", r=5, fill=inks[name])
            stage.add("path", held=name, d=f"M{left} {{@{name}}}H{WIDTH}")

    return draw


def columns(names: Sequence[str], total: str) -> Callable[[Stage], None]:
    """Draw what adds up: a column for each quantity, up for a gain and down for a loss, and a gray one for their sum.

    Parameters:
        names: the quantities.
        total: the quantity that is their sum.
    """

    def draw(stage: Stage) -> None:
        left = stage.scaled([*names, total], 200.0, with_zero=True)
        wide, zero = (WIDTH - left) / (len(names) + 1), stage.y(0.0)
        for place, name in enumerate([*names, total]):
            x = round(left + wide * place + wide / 8)
            bar, middle = f"M{x} {zero:g}V{{@{name}}}h{wide * 0.75:.0f}V{zero:g}Z", round(x + wide * 3 / 8)
            stage.add("path", d=bar, fill=MUTED if name == total else (name, GAIN, LOSS))
            stage.add(
                "text", f"{{{name}}}", x=middle, y=f"{{@{name}}}", dy=(name, "-.4em", "1.1em"), font_weight=600,
                text_anchor="middle", fill="currentColor",
            )  # fmt: skip
            under = (name, "1.1em", "-.4em")
            head = f"= {name}" if name == total else name
            stage.add("text", head, x=middle, y=zero, dy=under, text_anchor="middle", fill="currentColor")
        stage.add("path", d=f"M{left} {zero:g}H{WIDTH}", stroke="currentColor")

    return draw


def standing(
    *,
    before: str,
    shocked: str,
    price: str,
    depth: str,
    bids: Sequence[float],
    crowd: Sequence[float],
    step: float,
    grain: float,
) -> Callable[[Stage], None]:
    """Draw a standing book: bids on the left, accounts as grains on the right, and a price that eats and forces both.

    Parameters:
        before: the quantity that is the price before the shock.
        shocked: after it; the bids begin there.
        price: where it has fallen to: all above is sold into, or closed.
        depth: the part of the bids that is there.
        bids: coins in each row below the shocked price, at full depth.
        crowd: coins of the accounts in each row below the price before.
        step: height of a row, in the unit of the prices.
        grain: coins of a grain.
    """

    def draw(stage: Stage) -> None:
        height = 300.0
        left = stage.scaled([before, price], height)
        pitch, bottom = step * stage.scale, TOP + height
        coin = (WIDTH - left - 12) / (max(bids) + max(crowd))
        middle = math.floor(left + max(bids) * coin)
        rows = math.floor(height / pitch)
        size, first = grain * coin, middle + 12 + grain * coin / 2
        bars = "".join(f"M0 {k * pitch + 1:.1f}h{-n * coin:.0f}v{pitch - 2:.1f}H0" for k, n in enumerate(bids[:rows]))
        dots = "".join(
            f"M{first:.1f} {TOP + (k + 0.5) * pitch:.1f}h0" + f"m{size:.1f} 0h0" * (round(n / grain) - 1)
            for k, n in enumerate(crowd[:rows])
            if n >= grain / 2
        )
        stage.clip("all", f"M{left} {TOP}H{WIDTH}V{bottom}H{left}Z")
        stage.clip("past", f"M{left} {TOP}H{WIDTH}V{{@{price}}}H{left}Z")
        stage.parts.append(f'<g clip-path="url(#{stage.id}-all)">')
        stage.add(
            "path", d=bars, fill=_INKS["base"], transform=f"translate({middle} {{@{shocked}}}) scale({{{depth}}} 1)"
        )
        stage.parts.append("</g>")
        eaten = f"M{left} {TOP}H{middle + 1}V{{@{price}}}H{left}Z"
        stage.add("path", d=eaten, fill=PAPER, fill_opacity=0.75)
        width = round(min(size, pitch) * 0.8, 1)
        for ink, clip in ((MUTED, {}), (_INKS["breach"], {"clip-path": f"url(#{stage.id}-past)"})):
            stage.add("path", d=dots, stroke=ink, stroke_width=width, stroke_linecap="round", **clip)
        stage.add("path", d=f"M{left} {{@{shocked}}}H{WIDTH}", stroke=MUTED, stroke_dasharray="4 3")
        stage.add("path", d=f"M{left} {{@{price}}}H{WIDTH}", stroke=_INKS["breach"], stroke_width=2)
        for text, x, y, dy, ink, anchor in (
            ("bids", middle, f"{TOP:g}", "-.5em", MUTED, "end"),
            ("accounts", middle + 12, f"{TOP:g}", "-.5em", MUTED, "start"),
            (shocked, left + 4, f"{{@{shocked}}}", "1.15em", MUTED, "start"),
            (f"{price} {{{price}}}", left + 4, f"{{@{price}}}", "-.4em", _INKS["breach"], "start"),
        ):
            stage.add("text", text, x=x, y=y, dy=dy, fill=ink, text_anchor=anchor)

    return draw


@dataclass
class Stage:
    """A drawing whose parts follow quantities.

    Parameters:
        id: of the figure.
        title: what its scale measures.
        grid: the quantities.
    """

    id: str
    title: str
    grid: _Grid
    parts: list[str] = field(default_factory=list)
    fills: list[tuple[str, str, Text]] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    high: float = 1.0
    scale: float = 1.0
    bottom: float = 0.0

    def scaled(self, names: Sequence[str], height: float, *, with_zero: bool = False) -> int:
        """Draw a scale that has room for every value of some quantities.

        Parameters:
            names: the quantities.
            height: of the scale.
            with_zero: whether it has room for zero, too.

        Returns:
            Where its labels end.
        """
        values = [float(value) for name in names for value in self.grid.values(name).ravel()] + [0.0] * with_zero
        self.high, low = max(values), min(values)
        self.scale = round(height / ((self.high - low) or 1.0), 9)
        self.bottom = height + 2 * TOP
        ticks = layout.ticks(low, self.high)
        prefix, digits, suffix = self.grid.written[names[0]]
        labels = [_written(round(tick * 10**digits), prefix, digits, suffix) for tick in ticks]
        left = math.ceil(max(map(layout.wide, labels))) + 6
        for tick, label in zip(ticks, labels, strict=True):
            self.add("path", d=f"M{left} {self.y(tick):g}H{WIDTH}", stroke=RULE)
            self.add("text", label, x=left - 6, y=self.y(tick), dy=".3em", fill=MUTED, text_anchor="end")
        return left

    def clip(self, name: str, shape: Text) -> None:
        """What is drawn with the clip path of this name is cut to a shape."""
        self.parts.append(f'<clipPath id="{self.id}-{name}">')
        self.add("path", d=shape)
        self.parts.append("</clipPath>")

    def y(self, value: float) -> float:
        """How far down a value stands, px of a phone."""
        return math.floor((TOP + (self.high - value) * self.scale) * 10 + 0.5) / 10

    def add(self, tag: str, text: Text = "", *, held: str = "", **given: Text | float) -> None:
        """Add an element. What names a quantity follows it.

        Parameters:
            tag: of the element.
            text: in it.
            held: a quantity that moves when the element is dragged.
            **given: attributes, with `_` for `-`.
        """
        attributes = {
            name.replace("_", "-"): f"{v:g}" if isinstance(v, float | int) else v for name, v in given.items()
        }
        follows = [
            (name, value)
            for name, value in [*attributes.items(), ("", text)]
            if not isinstance(value, str) or "{" in value
        ]
        shown = {name: self.at(value) for name, value in attributes.items()}
        if follows or held:
            shown["id"] = own = f"{self.id}-p{len(self.parts)}"
            self.fills += [(own, name, value) for name, value in follows]
            if held:
                self.held[own], shown["class"] = held, "pn-held"
        written = "".join(f' {name}="{escape(value)}"' for name, value in shown.items())
        self.parts.append(f"<{tag}{written}>{escape(self.at(text), quote=False)}</{tag}>")

    def at(self, text: Text) -> str:
        """A text at the start."""
        if not isinstance(text, str):
            name, plus, minus = text
            text = plus if self.grid.first(name) >= 0 else minus

        def put(match: re.Match[str]) -> str:
            how, name = match.groups()
            first = self.grid.first(name)
            prefix, digits, suffix = self.grid.written[name]
            if how == "@":
                return f"{self.y(first / 10**digits):g}"
            return _written(abs(first) if how else first, prefix, digits, suffix)

        return re.sub(r"\{([@|]?)([^{}]+)\}", put, text)


def _written(number: int, prefix: str, digits: int, suffix: str) -> str:
    """A whole number of last digits as `units.fmt` writes it."""
    return f"{units.MINUS if number < 0 else ''}{prefix}{abs(number) / 10**digits:,.{digits}f}{suffix}"


def _few(labels: Sequence[str]) -> list[tuple[int, str]]:
    """Some steps with their labels: the first, the last and what lies evenly between."""
    last = len(labels) - 1
    return [(step, labels[step]) for step in sorted({round(k * last / (ROWS - 1)) for k in range(ROWS)})]


class _Grid:
    """Quantities at every step of the controls, as whole numbers of their last digit."""

    def __init__(
        self, controls: Mapping[str, Control], quantities: Mapping[str, Any], unit: str | Mapping[str, str]
    ) -> None:
        self.controls = controls
        self.labels = [
            [units.fmt(step, how) for step in steps] if isinstance(how, str) else list(how)
            for steps, how, _ in controls.values()
        ]
        self.start = []
        for name, (steps, _, first) in controls.items():
            if list(steps).count(first) != 1:
                raise ValueError(f"controls[{name!r}] must start at one of its steps, got {first}")
            self.start.append(list(steps).index(first))
        self.of: dict[str, np.ndarray[Any, Any]] = {}
        self.less: dict[str, tuple[str, str]] = {}
        self.written: dict[str, tuple[str, int, str]] = {}
        sizes = [len(labels) for labels in self.labels]
        for name, values in quantities.items():
            own = unit if isinstance(unit, str) else unit[name]
            self.written[name] = units.parts(own)
            if isinstance(values, tuple):
                self.less[name] = values
                continue
            array = np.asarray(values)
            if array.ndim != len(sizes) or not all(n in (1, size) for n, size in zip(array.shape, sizes, strict=True)):
                raise ValueError(f"{name} must have a dimension for each control, {sizes} or 1, got {array.shape}")
            self.of[name] = np.array([units.whole(value, own) for value in array.ravel()]).reshape(array.shape)

    def on(self, name: str) -> list[int]:
        """The controls that a quantity depends on."""
        return [k for k, size in enumerate(self.of[name].shape) if size > 1]

    def changes(self, name: str) -> list[int]:
        """The first value of a quantity, and how far each is from the one before: small numbers, which pack well."""
        return [int(value) for value in np.diff(self.of[name].ravel(), prepend=0)]

    def values(self, name: str) -> np.ndarray[Any, Any]:
        """A quantity in its unit, as it is shown."""
        return np.asarray(self.of[name] / 10 ** self.written[name][1])

    def first(self, name: str, place: Mapping[int, int] | None = None) -> int:
        """A quantity at the start, or with some controls elsewhere."""
        if name in self.less:
            one, other = self.less[name]
            return self.first(one, place) - self.first(other, place)
        if name not in self.of:
            raise ValueError(f"a text must name one of {', '.join(self.written)}, got {name!r}")
        spot = [(place or {}).get(k, at) if k in self.on(name) else 0 for k, at in enumerate(self.start)]
        return int(self.of[name][tuple(spot)])

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headers and rows: what several controls decide, as each of them moves from the start alone."""
        names = [name for name in self.of if len(self.on(name)) >= min(2, len(self.controls))]
        rows = [
            [f"{control}: {label}", *(_written(self.first(name, {k: step}), *self.written[name]) for name in names)]
            for k, control in enumerate(self.controls)
            if any(k in self.on(name) for name in names)
            for step, label in _few(self.labels[k])
        ]
        return ["Moved", *names], rows

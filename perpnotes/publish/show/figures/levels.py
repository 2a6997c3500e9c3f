"""Prices on a ladder, and what changed from before to after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show.figures import colors as palette
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import scaled, show_figure
from perpnotes.publish.show.figures.svg import GAIN, INK, LOSS, MUTED, PLAIN, Drawing

_TALL = 260.0  # px: the scale of a ladder


def ladder(
    levels: Mapping[str, float],
    *,
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,
    zones: Mapping[str, tuple[float, float]] | None = None,
    colors: Mapping[str, str] | None = None,
) -> None:
    """Show levels, such as prices, above each other on one scale, each with its name and value.

    Parameters:
        levels: name to level, 1 to 14.
        title: what the levels are.
        unit: their unit (see `units`).
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        zones: name to two levels, shaded between them, such as what fees and funding cost.
        colors: what a level or a zone is: `base`, `stressed`, `limit` or `breach`; without one it is ink.

    Raises:
        ValueError: for no levels or too many, one that is not finite, an unknown color, or a text that is missing.
    """
    if not 1 <= len(levels) <= 14:
        raise ValueError(f"levels must have 1 to 14 entries, got {len(levels)}")
    areas = {name: sorted(map(float, ends)) for name, ends in (zones or {}).items()}
    if any(len(ends) != 2 for ends in areas.values()):
        raise ValueError("zones must have two levels each")
    every = [*map(float, levels.values()), *(end for ends in areas.values() for end in ends)]
    if not np.isfinite(every).all():
        raise ValueError("levels and zones must be finite")
    if set(levels) & set(areas):
        raise ValueError("a level and a zone must not have the same name")
    inks = {**dict.fromkeys([*levels, *areas], INK), **palette.meant(colors, [*levels, *areas])}
    part_of, ticks = scaled(every)
    tick_labels = layout.labels(ticks, unit)
    said = {name: f"{name} {fmt(level, unit)}" for name, level in levels.items()}
    texts = {name: layout.wrapped(text, 20) for name, text in {**said, **{name: name for name in areas}}.items()}
    left = max(map(layout.wide, tick_labels)) + 10
    right = max(layout.wide(text, bold=True) for text in texts.values()) + 8
    drawing = Drawing(_TALL, left=left, right=right, top=8, bottom=8)
    wide = drawing.width - 18.0

    def down(value: float) -> float:
        return _TALL * (1 - part_of(value))

    drawing.axis(zip(map(down, ticks), tick_labels, strict=True))
    drawing.rules([(0, down(tick), wide, down(tick)) for tick in ticks])
    for name, (low, high) in areas.items():
        label = f"{name}: {title} {fmt(low, unit)} to {fmt(high, unit)}"
        drawing.boxes([(0, down(high), wide * 0.6, down(low), label)], fill=inks[name], fill_opacity=0.16)
    middles = {name: sum(ends) / 2 for name, ends in areas.items()}
    heights = {name: part_of(value) for name, value in {**levels, **middles}.items()}
    places = layout.spread(heights, texts, (0.0, 1.0), _TALL)
    for name, part in heights.items():
        y, at, zone = _TALL * (1 - part), _TALL * (1 - places[name]), name in areas
        drawing.rules([(wide * 0.6 if zone else wide, y, drawing.width, at)], MUTED, opacity=0.7)
        drawing.texts([(drawing.width + 4, at, texts[name])], inks[name], font_weight=400 if zone else 600)
    for name, level in levels.items():
        y, label = down(float(level)), f"{name}: {title} {fmt(level, unit)}"
        drawing.boxes([(0, y - 1.5, wide, y + 1.5, label)], fill=inks[name])
    order = sorted([*levels, *areas], key=lambda name: -heights[name])
    table = [
        [name, *([fmt(levels[name], unit)] * 2 if name in levels else [fmt(end, unit) for end in areas[name]])]
        for name in order
    ] if areas else [[name, fmt(levels[name], unit)] for name in order]  # fmt: skip
    headers = ["Level", f"{title}, from", "to"] if areas else ["Level", title]
    show_figure(drawing, headers, table, caption, alt, id, title=title)


def slopes(
    changes: Mapping[str, tuple[float, float]],
    *,
    ends: tuple[str, str] = ("before", "after"),
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,
    scale: Literal["pnl", "loss", "plain"] = "plain",
) -> None:
    """Show what each of several amounts was before and is after: a line for each, with its name and value at both ends.

    Parameters:
        changes: name to the two amounts, 1 to 12.
        ends: what stands above the two sides.
        title: what the amounts are.
        unit: their unit (see `units`).
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        scale: `pnl` has falls warm and rises cool, `loss` the other way around; `plain` changes are neither.

    Raises:
        ValueError: for no changes or too many, one that is not two finite amounts, or a text that is missing.
    """
    if not 1 <= len(changes) <= 12:
        raise ValueError(f"changes must have 1 to 12 entries, got {len(changes)}")
    for name, pair in changes.items():
        if len(pair) != 2 or not np.isfinite(pair).all():
            raise ValueError(f"changes[{name!r}] must be two finite amounts, got {pair}")
    part_of, _ = scaled([float(v) for pair in changes.values() for v in pair])
    height = max(150.0, 22.0 * len(changes))
    texts = [
        {
            name: layout.wrapped(" ".join([name, fmt(pair[side], unit)][:: 1 - 2 * side]), 20)
            for name, pair in changes.items()
        }
        for side in (0, 1)  # the value next to the line
    ]
    need = [max(map(layout.wide, [*side.values(), end])) + 18 for side, end in zip(texts, ends, strict=True)]
    drawing = Drawing(height, left=need[0], right=need[1], top=34, bottom=8)
    sides = ((0.0, -8.0, "end"), (drawing.width, drawing.width + 8.0, ""))
    parts = [{name: part_of(float(pair[side])) for name, pair in changes.items()} for side in (0, 1)]
    places = [layout.spread(part, text, (0.0, 1.0), height) for part, text in zip(parts, texts, strict=True)]
    drawing.rules([(x, 0, x, height) for x, _, _ in sides])
    rise, fall = {"pnl": (GAIN, LOSS), "loss": (LOSS, GAIN), "plain": (PLAIN, PLAIN)}[scale]
    for name, pair in changes.items():
        color = rise if pair[1] > pair[0] else fall if pair[1] < pair[0] else MUTED
        points = [
            (x, height * (1 - part[name]), f"{name}, {end}: {title} {fmt(value, unit)}")
            for (x, _, _), part, end, value in zip(sides, parts, ends, pair, strict=True)
        ]
        drawing.lines([point[:2] for point in points], stroke=color, stroke_width=2)
        drawing.dots(points, 3.2, fill=color)
        for (_, x, anchor), place, text in zip(sides, places, texts, strict=True):
            drawing.texts([(x, height * (1 - place[name]), text[name])], text_anchor=anchor)
    for (_, x, anchor), end in zip(sides, ends, strict=True):
        drawing.texts([(x, -22, end)], MUTED, text_anchor=anchor)
    table = [[name, *(fmt(value, unit) for value in pair)] for name, pair in changes.items()]
    show_figure(drawing, [title, *ends], table, caption, alt, id, title=title)

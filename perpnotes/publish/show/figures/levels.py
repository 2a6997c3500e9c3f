"""Prices on a ladder, and what changed from before to after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

import altair as _alt
import numpy as np

from perpnotes.publish.compute.units import exact, fmt
from perpnotes.publish.show.figures import colors as palette
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import axis_of, chart_of, framed, px_axis, scaled, show_figure
from perpnotes.publish.show.figures.svg import GAIN, INK, LOSS, MUTED, PLAIN, RULE, WIDTH

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
    inks = {**dict.fromkeys([*levels, *areas], INK), **meant(colors, [*levels, *areas])}
    part_of, ticks = scaled(every)
    tick_labels = [fmt(tick, exact(ticks, unit)) for tick in ticks]
    said = {name: f"{name} {fmt(level, unit)}" for name, level in levels.items()}
    left = max(map(layout.wide, tick_labels)) + 10
    text_room = max(layout.wide(text, bold=True) for text in said.values()) + 8
    text_room = max(text_room, *(layout.wide(name, bold=True) + 8 for name in areas)) if areas else text_room
    wide = max(WIDTH - left - text_room - 22, 40.0)
    height, tick_px = _TALL, [_TALL * (1 - part_of(tick)) for tick in ticks]
    y_axis = px_axis(_alt.Y, height, axis_of(tick_px, tick_labels, grid=False, domain=False, ticks=False))
    x_axis = px_axis(_alt.X, WIDTH - left)
    spine = [{"x": 0, "x2": wide, "y": y} for y in tick_px]
    layers: list[Any] = [chart_of(spine).mark_rule(aria=False, color=RULE).encode(x=x_axis, x2="x2:Q", y=y_axis)]
    for name, (low, high) in areas.items():
        box = {
            "x": 0, "x2": wide * 0.6, "y": height * (1 - part_of(high)), "y2": height * (1 - part_of(low)),
            "label": f"{name}: {title} {fmt(low, unit)} to {fmt(high, unit)}",
        }  # fmt: skip
        mark = chart_of([box]).mark_rect(fill=inks[name], fillOpacity=0.16)
        layers.append(mark.encode(x=x_axis, x2="x2:Q", y=y_axis, y2="y2:Q", description="label:N"))
    middles = {name: sum(ends) / 2 for name, ends in areas.items()}
    heights = {name: part_of(value) for name, value in {**levels, **middles}.items()}
    texts = {**said, **{name: name for name in areas}}
    places = layout.spread(heights, texts, (0.0, 1.0), height)
    for name, part in heights.items():
        y, at, color = height * (1 - part), height * (1 - places[name]), inks[name]
        zone = name in areas
        lead = chart_of([{"x": wide * 0.6 if zone else wide, "y": y, "x2": wide + 18, "y2": at}])
        layers.append(
            lead.mark_rule(aria=False, color=MUTED, strokeWidth=1, opacity=0.7).encode(
                x=x_axis, x2="x2:Q", y=y_axis, y2="y2:Q"
            )
        )
        text = chart_of([{"x": wide + 20, "y": at, "name": texts[name]}])
        weight = 400 if zone else 600
        layers.append(
            text.mark_text(aria=False, align="left", color=color, fontWeight=weight).encode(
                x=x_axis, y=y_axis, text="name:N"
            )
        )
    for name, level in levels.items():
        y = height * (1 - part_of(float(level)))
        bar = {"x": 0, "x2": wide, "y": y - 1.5, "y2": y + 1.5, "label": f"{name}: {title} {fmt(level, unit)}"}
        mark = chart_of([bar]).mark_rect(fill=inks[name])
        layers.append(mark.encode(x=x_axis, x2="x2:Q", y=y_axis, y2="y2:Q", description="label:N"))
    order = sorted([*levels, *areas], key=lambda name: -heights[name])
    table = [
        [name, *([fmt(levels[name], unit)] * 2 if name in levels else [fmt(end, unit) for end in areas[name]])]
        for name in order
    ] if areas else [[name, fmt(levels[name], unit)] for name in order]  # fmt: skip
    show_figure(
        framed(layers, left=left, right=0, top=8, bottom=8, height=height),
        ["Level", f"{title}, from", "to"] if areas else ["Level", title],
        table, caption, alt, id, notes=[escape(title, quote=False)],
    )  # fmt: skip


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
    """Show what each of several amounts was before and is after: a line for each, with both values written.

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
            name: layout.wrapped((f"{name} " if not side else "") + fmt(pair[side], unit), 20)
            for name, pair in changes.items()
        }
        for side in (0, 1)
    ]
    lines = [
        [*(line for text in side.values() for line in text.split("\n")), end]
        for side, end in zip(texts, ends, strict=True)
    ]
    need = [max(map(layout.wide, each)) + 14 for each in lines]
    full = max(WIDTH - sum(need), 60.0)
    parts = [{name: part_of(float(pair[side])) for name, pair in changes.items()} for side in (0, 1)]
    places = [layout.spread(part, text, (0.0, 1.0), height) for part, text in zip(parts, texts, strict=True)]
    x_axis = px_axis(_alt.X, full)
    y_axis = px_axis(_alt.Y, height)
    poles = [{"x": x, "y": 0, "y2": height} for x in (0, full)]
    layers: list[Any] = [chart_of(poles).mark_rule(aria=False, color=RULE).encode(x=x_axis, y=y_axis, y2="y2:Q")]
    rise, fall = {"pnl": (GAIN, LOSS), "loss": (LOSS, GAIN), "plain": (PLAIN, PLAIN)}[scale]
    for name, pair in changes.items():
        color = rise if pair[1] > pair[0] else fall if pair[1] < pair[0] else MUTED
        points = [{"x": full * side, "y": height * (1 - parts[side][name])} for side in (0, 1)]
        layers.append(chart_of(points).mark_line(aria=False, color=color, strokeWidth=2).encode(x=x_axis, y=y_axis))
        labels = [
            {**point, "label": f"{name}, {end}: {title} {fmt(value, unit)}"}
            for point, end, value in zip(points, ends, pair, strict=True)
        ]
        dots = chart_of(labels).mark_circle(size=40, opacity=1, color=color)
        layers.append(dots.encode(x=x_axis, y=y_axis, description="label:N"))
        for side in (0, 1):
            text = chart_of([{"x": full * side, "y": height * (1 - places[side][name]), "name": texts[side][name]}])
            beside: dict[str, Any] = {"align": "left", "dx": 8} if side else {"align": "right", "dx": -8}
            layers.append(
                text.mark_text(aria=False, color=INK, lineBreak="\n", lineHeight=layout.LINE, **beside).encode(
                    x=x_axis, y=y_axis, text="name:N"
                )
            )
    for side, end in enumerate(ends):
        head = chart_of([{"x": full * side, "y": -22, "name": end}])
        beside = {"align": "left", "dx": 8} if side else {"align": "right", "dx": -8}
        layers.append(head.mark_text(aria=False, color=MUTED, **beside).encode(x=x_axis, y=y_axis, text="name:N"))
    table = [[name, *(fmt(value, unit) for value in pair)] for name, pair in changes.items()]
    show_figure(
        framed(layers, left=need[0], right=need[1], top=34, bottom=8, height=height),
        [title, *ends], table, caption, alt, id, notes=[escape(title, quote=False)],
    )  # fmt: skip


def meant(colors: Mapping[str, str] | None, names: Sequence[str]) -> dict[str, str]:
    """The color of each name that means something."""
    meant = [name for name in names if name in (colors or {})]
    if unknown := set(colors or {}) - set(names):
        raise ValueError(f"colors must name what the figure shows ({', '.join(names)}), got {', '.join(unknown)}")
    return {name: palette.color(slot) for name, slot in palette.slots(meant, colors).items()}

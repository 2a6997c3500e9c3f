"""Small multiples: the same drawing once for every case, on the same axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perpnotes.publish.compute.units import distinct, fmt
from perpnotes.publish.show.figures import colors as palette
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import key, scaled, show_figure
from perpnotes.publish.show.figures.svg import INK, LINE, MUTED, PLAIN, WIDTH, Drawing

_TALL, _TALLER = 84.0, 140.0  # px: a panel, and one in the only row
_GAP, _HEAD = 16.0, 17.0  # px: between panels, and the name above one
_POINTS = 25  # marks on a line of a panel


def panels(
    x: Sequence[Any],
    series: Mapping[str, Mapping[str, Any]],
    *,
    x_title: str,
    y_title: str,
    x_unit: str,
    y_unit: str,
    caption: str,
    alt: str,
    id: str,
    form: str = "lines",
    columns: int = 2,
    rules: Mapping[str, float] | None = None,
    zero: bool = False,
) -> None:
    """Show up to twelve small drawings, named, on the same axes: lines, or bars where `x` are names or classes.

    Parameters:
        x: shape `(n,)`, `n` from 2 to 200: rising numbers for lines; numbers or texts for bars.
        series: name of a panel to its series, at most four: name to values, each of shape `(n,)`. Bars have one.
        x_title: what runs across.
        y_title: what runs up.
        x_unit: unit of `x` (see `units`); `text` for names.
        y_unit: unit of the series.
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        form: `lines` or `bars`.
        columns: panels beside each other, from 1 to 3.
        rules: horizontal lines, name to value, the same in every panel; named above the figure.
        zero: begin the vertical axis at 0; bars always do.

    Raises:
        ValueError: for a wrong shape or order, too many panels or series, a value that is not finite, or a missing
            text.
    """
    if form not in ("lines", "bars") or columns not in (1, 2, 3):
        raise ValueError(f"form must be lines or bars, and columns from 1 to 3, got {form!r} and {columns}")
    if not 1 <= len(series) <= 12 or not 2 <= len(x) <= 200:
        raise ValueError(f"there must be 1 to 12 panels and 2 to 200 points, got {len(series)} and {len(x)}")
    drawn = {panel: _values(panel, own, len(x), form) for panel, own in series.items()}
    names = list(dict.fromkeys(name for own in drawn.values() for name in own))
    if form == "lines":
        across = np.asarray(x, dtype=np.float64)
        if not np.isfinite(across).all() or (np.diff(across) <= 0).any():
            raise ValueError("x must be finite and rising")
        places = (across - across[0]) / (across[-1] - across[0])
        inside = layout.ticks(float(across[0]), float(across[-1]), 3)
        along = [(tick - across[0]) / (across[-1] - across[0]) for tick in inside]
        x_ticks = list(zip(along, layout.labels(inside, x_unit), strict=True))
    else:
        places = (np.arange(len(x)) + 0.5) / len(x)
        x_ticks = [(float(place), fmt(value, x_unit)) for place, value in zip(places, x, strict=True)]
    slots = palette.slots(names) if form == "lines" else {}
    every = [v for own in drawn.values() for values in own.values() for v in values.tolist()]
    from_zero = [0.0] if zero or form == "bars" else []
    part_of, y_ticks = scaled([*every, *(rules or {}).values(), *from_zero])
    y_labels = layout.labels(y_ticks, y_unit)
    left = max(map(layout.wide, y_labels)) + 8
    columns = min(columns, len(series))
    wide = (WIDTH - left - 8 - _GAP * (columns - 1)) / columns
    deep = 0
    if form == "bars" and x_unit in ("", "text"):  # names are broken into lines before any is left out
        room_of_one = wide / len(x_ticks)
        broken = [(place, layout.wrapped(text, max(3, int(room_of_one / 6.5)))) for place, text in x_ticks]
        if max(layout.wide(text) for _, text in broken) <= room_of_one + 2:
            x_ticks, deep = broken, max(text.count("\n") for _, text in broken)
    need = max(layout.wide(text) for _, text in x_ticks)
    every_k = 1 if deep else next(k for k in range(1, 201) if k * wide / len(x_ticks) >= need + 4 or k >= len(x_ticks))
    x_ticks = x_ticks[::every_k]
    tall = _TALL if len(series) > columns else _TALLER
    pitch = _HEAD + tall + _GAP

    corners = {panel: (i % columns * (wide + _GAP), i // columns * pitch + _HEAD) for i, panel in enumerate(drawn)}
    rows = -(-len(drawn) // columns)
    drawing = Drawing(rows * pitch + LINE * deep, left=left, right=8, top=2, bottom=4)
    lowest = {i % columns: panel for i, panel in enumerate(drawn)}  # the last panel of a column bears the labels

    def up(value: float) -> float:
        return tall * (1.0 - part_of(value))

    ticks = [(up(tick), label) for tick, label in zip(y_ticks, y_labels, strict=True)]
    drawing.axis([(row * pitch + _HEAD + y, label) for row in range(rows) for y, label in ticks])
    drawing.rules([(a, b + y, a + wide, b + y) for a, b in corners.values() for y, _ in ticks])
    drawing.texts([(a, b - 8, panel) for panel, (a, b) in corners.items()], font_weight=600)
    texts = []
    for a, b in (corners[panel] for panel in lowest.values()):
        for place, text in x_ticks:  # the first and the last do not reach into the panel beside
            half = layout.wide(text) / 2
            at = max(min(place * wide, wide + 4 - half), half - 4) if form == "lines" else place * wide
            texts.append((a + at, b + tall + 11 + LINE * text.count("\n") / 2, text))
    drawing.texts(texts, MUTED, text_anchor="middle")
    limits = [up(value) for value in (rules or {}).values()]
    dashes = [(a, b + y, a + wide, b + y) for a, b in corners.values() for y in limits]
    drawing.rules(dashes, INK, stroke_dasharray="3,3")
    fine = x_unit if form == "bars" else distinct(across.tolist(), x_unit)
    seen = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).round().astype(np.int64))
    for panel, (a, b) in corners.items():
        for name, values in drawn[panel].items():
            who = f"{panel}, {name}" if len(names) > 1 else panel
            labels = [f"{who}, {x_title} {fmt(at, fine)}: {fmt(v, y_unit)}" for at, v in zip(x, values, strict=True)]
            points = [*zip(a + wide * places, [b + up(v) for v in values.tolist()], labels, strict=True)]
            if form == "bars":
                half = min(0.4 * wide / len(x), 14.0)
                drawing.boxes([(u - half, v, u + half, b + up(0.0), label) for u, v, label in points], fill=PLAIN)
                continue
            color = palette.COLORS[slots[name]]
            px = np.array([point[:2] for point in points])
            run = px[layout.thinned(px[:, 0], px[:, 1], 0.08)]
            dashed = palette.DASHES[slots[name]] if len(names) > 1 else ""
            drawing.lines(run.tolist(), stroke=color, stroke_width=2, stroke_dasharray=dashed)
            drawing.dots([points[i] for i in seen], 3.2, fill=color, fill_opacity=0)
    notes = [key(name, palette.COLORS[slot]) for name, slot in slots.items()] if len(names) > 1 else []
    notes += [key(name, kind="limit") for name in rules or {}]
    headers = [
        x_title,
        *(f"{panel}, {name}" if len(names) > 1 else panel for panel, own in drawn.items() for name in own),
    ]
    table = [
        [fmt(value, fine), *(fmt(values[i], y_unit) for own in drawn.values() for values in own.values())]
        for i, value in enumerate(x)
    ]
    show_figure(drawing, headers, table, caption, alt, id, title=f"{y_title} by {x_title}", notes=notes)


def _values(panel: str, own: Mapping[str, Any], count: int, form: str) -> dict[str, NDArray[np.float64]]:
    """The series of a panel as arrays."""
    if not 1 <= len(own) <= (1 if form == "bars" else 4):
        raise ValueError(f"series[{panel!r}] must have 1 to {1 if form == 'bars' else 4} entries, got {len(own)}")
    found = {name: np.asarray(values, dtype=np.float64) for name, values in own.items()}
    for name, values in found.items():
        if values.shape != (count,) or not np.isfinite(values).all():
            raise ValueError(
                f"series[{panel!r}][{name!r}] must be finite and have shape {(count,)}, got {values.shape}"
            )
    return found

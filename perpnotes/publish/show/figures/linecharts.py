"""Series over one variable, each named at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from perpnotes.publish.compute.units import distinct, fmt
from perpnotes.publish.show.figures import colors as palette
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import LOG, show_figure
from perpnotes.publish.show.figures.svg import INK, MUTED, SERIES, Drawing

_POINTS = 41  # marks on a line: closer ones could not be told apart with a finger
_NEAR = 0.08  # px from the line of all points, which nobody can see


def lines(
    x: Any,
    series: Mapping[str, Any],
    *,
    x_title: str,
    y_title: str,
    x_unit: str,
    y_unit: str,
    caption: str,
    alt: str,
    id: str,
    rules: Mapping[str, float] | None = None,
    x_rules: Mapping[str, float] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    zero: bool = False,
    colors: Mapping[str, str] | None = None,
    bands: Mapping[str, Any] | None = None,
) -> None:
    """Show up to four series over one variable, each named at its end.

    Parameters:
        x: shape `(n,)`, rising, `n` from 2 to 500.
        series: name to values, each of shape `(n,)`.
        x_title: what runs across.
        y_title: what runs up.
        x_unit: unit of `x` (see `units`).
        y_unit: unit of the series.
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        rules: horizontal lines, name to value.
        x_rules: vertical lines, name to value, within the range of `x`.
        log_x: logarithmic horizontal axis.
        log_y: logarithmic vertical axis.
        zero: begin the vertical axis at 0, which a logarithmic one cannot.
        colors: what a series is, name to `base`, `stressed`, `limit` or `breach`. A name keeps its color on
            the whole page.
        bands: name of a series to low and high around it, each of shape `(n,)`, such as 5 and 95% over seeds.

    Raises:
        ValueError: for a wrong shape or order, more than four series, a value that is not finite, or a missing text.
    """
    across = np.asarray(x, dtype=np.float64)
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in series.items()}
    if across.ndim != 1 or not 2 <= across.size <= 500 or not np.isfinite(across).all() or (np.diff(across) <= 0).any():
        raise ValueError("x must be finite, rising and of shape (n,) with n from 2 to 500")
    if log_x and across[0] <= 0:
        raise ValueError(f"x must be > 0 for a logarithmic axis, got {across[0]}")
    if not 1 <= len(columns) <= len(SERIES):
        raise ValueError(f"series must have 1 to {len(SERIES)} entries, got {len(columns)}")
    for name, values in columns.items():
        if values.shape != across.shape or not np.isfinite(values).all():
            raise ValueError(f"series[{name!r}] must be finite and have shape {across.shape}, got {values.shape}")
    around = {name: np.asarray(ends, dtype=np.float64) for name, ends in (bands or {}).items()}
    for name, ends in around.items():
        if name not in columns or ends.shape != (2, across.size) or not np.isfinite(ends).all():
            raise ValueError(f"bands[{name!r}] must be low and high of a series, finite and of shape {across.shape}")
        if (ends[0] > columns[name]).any() or (ends[1] < columns[name]).any():
            raise ValueError(f"bands[{name!r}] must hold the series between low and high")
    every = np.concatenate(
        [*columns.values(), *(ends.ravel() for ends in around.values()), list((rules or {}).values())]
    )
    if log_y and zero:
        raise ValueError("zero must be False for a logarithmic axis")
    if log_y and every.min() <= 0:
        raise ValueError(f"series and rules must be > 0 for a logarithmic axis, got {every.min()}")
    # Drawn is the logarithm, on an axis that is linear and says at each tick what it stands for.
    to_x, to_y = (np.log if log else np.asarray for log in (log_x, log_y))
    run, heights = to_x(across), {name: to_y(values) for name, values in columns.items()}
    height, first, last = 230.0, float(across[0]), float(across[-1])
    low, high = float(to_y(every.min())), float(to_y(every.max()))
    low = min(low, 0.0) if zero else low
    edge = (high - low or abs(high) or 1.0) * 0.06
    domain = (low if zero and low == 0 else low - edge, high + edge)
    ticks = layout.log_ticks(*np.exp(domain)) if log_y else layout.ticks(*domain)
    y_labels = layout.labels(ticks, y_unit, log_y)
    names = {name: layout.wrapped(name, 15) for name in columns}
    left = max(map(layout.wide, y_labels)) + 10
    right = max(layout.wide(name, bold=True) for name in names.values()) + 8
    drawing = Drawing(height, left=left, right=right, top=6, bottom=36)
    width = drawing.width
    x_ticks = layout.log_ticks(first, last) if log_x else layout.ticks(first, last, int(width / 46))

    def right_of(value: Any) -> Any:
        return (to_x(value) - run[0]) / (run[-1] - run[0]) * width

    def below(value: Any) -> Any:
        return (domain[1] - value) / (domain[1] - domain[0]) * height

    up = [below(to_y(tick)) for tick in ticks]
    drawing.rules([(0, y, width, y) for y in up])
    drawing.axis(zip(up, y_labels, strict=True))
    drawing.rules([(0, height, width, height), *((x, height, x, height + 4) for x in map(right_of, x_ticks))])
    labels = layout.labels(x_ticks, x_unit, log_x)
    under = [(right_of(tick), height + 8, label) for tick, label in zip(x_ticks, labels, strict=True)]
    under.append((width / 2, height + 23, x_title + LOG * log_x))
    drawing.texts(under, MUTED, hangs=True, text_anchor="middle")
    positions = (run - run[0]) / (run[-1] - run[0])
    for name, value in (x_rules or {}).items():
        if not first <= value <= last:
            raise ValueError(f"x_rules[{name!r}] must be from {first:g} to {last:g}, got {value:g}")
    taken = [float(np.interp(value, across, positions)) for value in (x_rules or {}).values()]
    for name, value in (rules or {}).items():
        level = float(to_y(value))
        part, side = layout.free(name, level, positions, heights.values(), domain, width, taken)
        drawing.rules([(0, below(level), width, below(level))], INK, stroke_dasharray="3,3")
        drawing.texts([(part * width + 3, below(level) - 8 * side, name)])
    for (name, value), part in zip((x_rules or {}).items(), taken, strict=True):
        x, late = right_of(value), part > 0.5
        drawing.rules([(x, 0, x, height)], INK, stroke_dasharray="3,3")
        drawing.texts([(x - 4 if late else x + 4, 6, name)], text_anchor="end" if late else "")
    fine = distinct(across.tolist(), x_unit)  # what the axis rounds to one number are different rows of the table
    kept = np.unique(np.linspace(0, across.size - 1, min(across.size, _POINTS)).round().astype(np.int64))

    def told(name: str, i: int) -> str:
        between = f" ({fmt(around[name][0, i], y_unit)} to {fmt(around[name][1, i], y_unit)})" if name in around else ""
        return f"{fmt(columns[name][i], y_unit)}{between}"

    # Names of lines that end in one place stand in the order of the lines before it.
    ranked = sorted(heights, key=lambda name: float(heights[name].mean()))
    places = layout.spread({name: float(heights[name][-1]) for name in ranked}, names, domain, height)
    slots = palette.slots(columns, colors)
    x = positions * width
    for name, ends in around.items():
        floor, ceiling = below(to_y(ends))
        outline = [*zip(x, floor, strict=True), *zip(x[::-1], ceiling[::-1], strict=True)]
        drawing.lines(outline, closed=True, fill=palette.COLORS[slots[name]], fill_opacity=0.16)
    for number, name in enumerate(columns):
        color, y = palette.COLORS[slots[name]], below(heights[name])
        dashed = palette.DASHES[slots[name]] if len(columns) > 1 else ""
        seen = layout.thinned(x, (heights[name] - low) / (high - low or 1.0) * height, _NEAR)
        drawing.lines(
            np.stack([x, y], axis=1)[seen].tolist(),
            stroke=color, stroke_width=2 if number else 2.5, stroke_dasharray=dashed,
        )  # fmt: skip
        drawing.dots(
            [(x[i], y[i], f"{name}, {x_title} {fmt(across[i], fine)}: {told(name, i)}") for i in kept],
            3.5, fill=color, fill_opacity=0,
        )  # fmt: skip
        drawing.texts([(width + 6, below(places[name]), names[name])], color, font_weight=600)
    table = [[fmt(a, fine), *(told(name, i) for name in columns)] for i, a in enumerate(across)]
    show_figure(drawing, [x_title, *columns], table, caption, alt, id, title=y_title + LOG * log_y)

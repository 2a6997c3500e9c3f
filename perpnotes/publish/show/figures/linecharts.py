"""Series over one variable, each named at its end."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import altair as _alt
import numpy as np

from perpnotes.publish.compute.units import distinct, exact, fmt
from perpnotes.publish.show.figures import colors as palette
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import BELOW, axis_of, chart_of, framed, show_figure
from perpnotes.publish.show.figures.svg import INK, SERIES, WIDTH

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
    height, first, last = 220.0, float(across[0]), float(across[-1])
    low, high = float(to_y(every.min())), float(to_y(every.max()))
    low = min(low, 0.0) if zero else low
    edge = (high - low or abs(high) or 1.0) * 0.06
    domain = (low if zero and low == 0 else low - edge, high + edge)
    ticks = layout.log_ticks(*np.exp(domain)) if log_y else layout.ticks(*domain)
    y_labels = [fmt(tick, exact([tick] if log_y else ticks, y_unit)) for tick in ticks]
    names = {name: layout.wrapped(name, 15) for name in columns}
    left = max(map(layout.wide, y_labels)) + 10
    right = max(layout.wide(line, bold=True) for name in names.values() for line in name.split("\n")) + 8
    width = WIDTH - left - right
    x_ticks = layout.log_ticks(first, last) if log_x else layout.ticks(first, last, int(width / 46))
    x_labels = [fmt(tick, exact([tick] if log_x else x_ticks, x_unit)) for tick in x_ticks]
    x_axis = _alt.X(
        "x:Q",
        title=x_title,
        scale=_alt.Scale(domain=[float(run[0]), float(run[-1])], nice=False, zero=False),
        axis=axis_of(to_x(x_ticks).tolist(), x_labels, grid=False, domain=True, ticks=True, tickSize=4, **BELOW),
    )
    y_axis = _alt.Y(
        "y:Q",
        title=None,
        scale=_alt.Scale(domain=list(domain), nice=False, zero=False),
        axis=axis_of(to_y(ticks).tolist(), y_labels, grid=True, domain=False, ticks=False),
    )
    positions = (run - run[0]) / (run[-1] - run[0])
    for name, value in (x_rules or {}).items():
        if not first <= value <= last:
            raise ValueError(f"x_rules[{name!r}] must be from {first:g} to {last:g}, got {value:g}")
    taken = [float(np.interp(value, across, positions)) for value in (x_rules or {}).values()]
    layers: list[Any] = []
    for name, value in (rules or {}).items():
        level = float(to_y(value))
        part, side = layout.free(name, level, positions, heights.values(), domain, width, taken)
        rule = chart_of([{"x": float(run[0] + (run[-1] - run[0]) * part), "y": level, "name": name}])
        text = rule.mark_text(aria=False, align="left", dx=3, dy=-8 * side, color=INK)
        layers.append(rule.mark_rule(aria=False, color=INK, strokeDash=[3, 3]).encode(y=y_axis))
        layers.append(text.encode(x=x_axis, y=y_axis, text="name:N"))
    for name, value in (x_rules or {}).items():
        at = chart_of([{"x": float(to_x(value)), "y": domain[1], "name": name}])
        late = np.interp(value, across, positions) > 0.5
        beside: dict[str, Any] = {"align": "right", "dx": -4} if late else {"align": "left", "dx": 4}
        layers.append(at.mark_rule(aria=False, color=INK, strokeDash=[3, 3]).encode(x=x_axis))
        layers.append(at.mark_text(aria=False, dy=6, color=INK, **beside).encode(x=x_axis, y=y_axis, text="name:N"))
    fine = distinct(across.tolist(), x_unit)  # what the axis rounds to one number are different rows of the table
    kept = np.unique(np.linspace(0, across.size - 1, min(across.size, _POINTS)).round().astype(np.int64))

    def told(name: str, i: int) -> str:
        between = f" ({fmt(around[name][0, i], y_unit)} to {fmt(around[name][1, i], y_unit)})" if name in around else ""
        return f"{fmt(columns[name][i], y_unit)}{between}"

    places = layout.spread({name: float(up[-1]) for name, up in heights.items()}, names, domain, height)
    slots = palette.slots(columns, colors)
    for name, ends in around.items():
        spans = [{"x": a, "y": b, "y2": c} for a, b, c in zip(run.tolist(), *to_y(ends).tolist(), strict=True)]
        area = chart_of(spans).mark_area(aria=False, color=palette.color(slots[name]), fillOpacity=0.16)
        layers.append(area.encode(x=x_axis, y=y_axis, y2="y2:Q"))
    for number, name in enumerate(columns):
        color, up = palette.color(slots[name]), heights[name]
        dashed = palette.dash(slots[name]) if len(columns) > 1 else [1, 0]
        seen = layout.thinned(positions * width, (up - low) / (high - low or 1.0) * height, _NEAR)
        path = chart_of([{"x": float(run[i]), "y": float(up[i])} for i in seen])
        line = path.mark_line(aria=False, color=color, strokeWidth=2 if number else 2.5, strokeDash=dashed)
        points = [
            {
                "x": float(run[i]),
                "y": float(up[i]),
                "label": f"{name}, {x_title} {fmt(across[i], fine)}: {told(name, i)}",
            }
            for i in kept
        ]
        dots = (
            chart_of(points)
            .mark_circle(color=color, size=50, fillOpacity=0, opacity=1)
            .encode(x=x_axis, y=y_axis, description="label:N")
        )
        end = chart_of([{"x": float(run[-1]), "y": places[name], "name": names[name]}])
        tag = end.mark_text(
            aria=False, align="left", dx=6, fontWeight=600, color=color, lineBreak="\n", lineHeight=layout.LINE
        )
        layers += [line.encode(x=x_axis, y=y_axis), dots, tag.encode(x=x_axis, y=y_axis, text="name:N")]
    table = [[fmt(a, fine), *(told(name, i) for name in columns)] for i, a in enumerate(across)]
    show_figure(
        framed(layers, left=left, right=right, top=6, bottom=36, height=height),
        [x_title, *columns], table, caption, alt, id, notes=[escape(y_title, quote=False)],
    )  # fmt: skip

"""Charts: Altair describes them, vl-convert draws them while the page is built, and the page gets an inline SVG.

Colors are written as marker values and become CSS custom properties, so that a figure follows the color scheme. Charts
are drawn about as wide as a phone, so that their labels are readable there; on a wide screen they grow with the column.
Every mark carries its value as a `title`; `figures.js` shows it on hover, on touch and for the arrow keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from xml.etree import ElementTree

import altair as _alt
import numpy as np
import vl_convert

from perpnotes.publish.displays import Display, show
from perpnotes.publish.tables import html_table, text_table
from perpnotes.publish.units import _FORMATS, MINUS, fmt

WIDTH = 370  # px of the whole drawing: a phone's column
_STEPS = 4  # shades of loss, and of gain, beside the neutral one

# What Vega may write, and what the page says instead.
_INK, _MUTED, _RULE = "#010101", "#020202", "#030303"
_SERIES = [f"#0400{i:02x}" for i in range(4)]
_SHADES = {k: f"#05{k + _STEPS:02x}00" for k in range(-_STEPS, _STEPS + 1)}
_COLORS = {
    _INK: "currentColor",
    _MUTED: "var(--pn-muted)",
    _RULE: "var(--pn-rule)",
    **{color: f"var(--pn-series-{i})" for i, color in enumerate(_SERIES, 1)},
    **{
        color: f"var(--pn-{'loss' if k < 0 else 'gain'}-{abs(k)})" if k else "var(--pn-neutral)"
        for k, color in _SHADES.items()
    },
}
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]  # so that series differ in print, too
_SVG = "{http://www.w3.org/2000/svg}"


def heatmap(
    values: Any,
    *,
    rows: Sequence[float],
    columns: Sequence[float],
    row_title: str,
    column_title: str,
    row_unit: str,
    column_unit: str,
    value_title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,  # noqa: A002
    threshold: float | None = None,
    mark_worst: bool = False,
) -> None:
    """Show a grid of gains and losses; losses are warm, gains are cool, and the shade is the size.

    Parameters:
        values: shape `(len(rows), len(columns))`, gains `> 0`.
        rows: the values of the axis that runs down; drawn with the first at the top.
        columns: the values of the axis that runs across.
        row_title: what the rows are.
        column_title: what the columns are.
        row_unit: unit of the rows (see `units`).
        column_unit: unit of the columns.
        value_title: what a cell is.
        unit: unit of the values.
        caption: says what is shown and, where there are any, which cells are outlined.
        alt: says in words what a reader should see.
        id: of the element; unique on the page.
        threshold: outline the cells below this value.
        mark_worst: outline the cell with the lowest value.

    Raises:
        ValueError: for a wrong shape, a value that is not finite, or no caption or alternative text.
    """
    grid = np.asarray(values, dtype=np.float64)
    if grid.shape != (len(rows), len(columns)) or not np.isfinite(grid).all():
        raise ValueError(f"values must be finite and have shape {(len(rows), len(columns))}, got {grid.shape}")
    row_labels = [fmt(value, row_unit) for value in rows]
    column_labels = [fmt(value, column_unit) for value in columns]
    marked = grid < threshold if threshold is not None else np.zeros(grid.shape, dtype=bool)
    if mark_worst:
        marked |= grid == grid.min()
    largest = float(np.abs(grid).max()) or 1.0
    cells = [
        {
            "row": row_labels[i],
            "column": column_labels[j],
            "shade": _SHADES[round(float(grid[i, j]) / largest * _STEPS)],
            "text": _short(float(grid[i, j])),
            "marked": bool(marked[i, j]),
            "label": f"{column_title} {column_labels[j]}, {row_title} {row_labels[i]}: "
            f"{value_title} {fmt(grid[i, j], unit)}",
        }
        for i in range(len(rows))
        for j in range(len(columns))
    ]
    base = _alt.Chart(_data(cells)).encode(
        x=_alt.X(
            "column:O", sort=column_labels, title=column_title, axis=_alt.Axis(labelAngle=0, ticks=False, domain=False)
        ),
        y=_alt.Y("row:O", sort=row_labels, title=row_title, axis=_alt.Axis(ticks=False, domain=False)),
    )
    boxes = base.mark_rect().encode(fill=_alt.Fill("shade:N", scale=None), description="label:N")
    texts = base.mark_text(fontSize=9.5, color=_INK).encode(text="text:N")
    outlines = base.mark_rect(fillOpacity=0, stroke=_INK, strokeWidth=1.4).transform_filter("datum.marked")
    chart = (boxes + outlines + texts).properties(width=WIDTH - 62, height=max(22 * len(rows), 30 * min(len(rows), 5)))
    table = [[label, *(fmt(value, unit) for value in line)] for label, line in zip(row_labels, grid, strict=True)]
    _show(chart, [f"{row_title} \\ {column_title}", *column_labels], table, caption, alt, id, crisp=True)


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
    id: str,  # noqa: A002
    rules: Mapping[str, float] | None = None,
    log_x: bool = False,
    zero: bool = False,
) -> None:
    """Show up to four series over one variable, each named at its end.

    Parameters:
        x: shape `(n,)`, rising.
        series: name to values, each of shape `(n,)`.
        x_title: what runs across.
        y_title: what runs up.
        x_unit: unit of `x` (see `units`).
        y_unit: unit of the series.
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; unique on the page.
        rules: horizontal lines, name to value.
        log_x: logarithmic horizontal axis.
        zero: begin the vertical axis at 0.

    Raises:
        ValueError: for a wrong shape, more than four series, a value that is not finite, or no caption or alternative.
    """
    across = np.asarray(x, dtype=np.float64)
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in series.items()}
    if not 1 <= len(columns) <= len(_SERIES):
        raise ValueError(f"series must have 1 to {len(_SERIES)} entries, got {len(columns)}")
    for name, values in columns.items():
        if values.shape != across.shape or not np.isfinite(values).all():
            raise ValueError(f"series[{name!r}] must be finite and have shape {across.shape}, got {values.shape}")
    height = 210
    every = np.concatenate([*columns.values(), np.array(list((rules or {}).values()))])
    low, high = float(every.min()), float(every.max())
    low = min(low, 0.0) if zero else low
    pad = (high - low or abs(high) or 1.0) * 0.06
    domain = [low if zero and low == 0 else low - pad, high + pad]
    scale_x = _alt.Scale(type="log" if log_x else "linear", domain=[float(across[0]), float(across[-1])], nice=False)
    x_axis = _alt.X(
        "x:Q", title=x_title, scale=scale_x, axis=_alt.Axis(labelExpr=_label(x_unit), tickCount=5, grid=False)
    )
    y_axis = _alt.Y(
        "y:Q",
        title=y_title,
        scale=_alt.Scale(domain=domain, nice=False, zero=False),
        axis=_alt.Axis(labelExpr=_label(y_unit), tickCount=5, domain=False, ticks=False),
    )
    ends = _spread({name: float(values[-1]) for name, values in columns.items()}, domain, height)
    longest = max(len(name) for name in columns)
    layers = []
    for name, value in (rules or {}).items():
        rule = _data([{"x": float(across[0]), "y": value, "name": name}])
        layers.append(_alt.Chart(rule).mark_rule(color=_INK, strokeWidth=1, strokeDash=[3, 3]).encode(y=y_axis))
        text = _alt.Chart(rule).mark_text(align="left", dx=3, dy=-6, fontSize=11, color=_INK)
        layers.append(text.encode(x=x_axis, y=y_axis, text="name:N"))
    for number, (name, values) in enumerate(columns.items()):
        points = [
            {"x": float(a), "y": float(b), "label": f"{name}, {x_title} {fmt(a, x_unit)}: {fmt(b, y_unit)}"}
            for a, b in zip(across, values, strict=True)
        ]
        data = _alt.Chart(_data(points)).encode(x=x_axis, y=y_axis)
        color = _SERIES[number]
        layers.append(data.mark_line(color=color, strokeWidth=2, strokeDash=_DASHES[number]))
        layers.append(data.mark_circle(color=color, size=64, opacity=0).encode(description="label:N"))
        end = _data([{"x": float(across[-1]), "y": ends[name], "name": name}])
        tag = _alt.Chart(end).mark_text(align="left", dx=6, fontSize=11, fontWeight=600, color=color, clip=False)
        layers.append(tag.encode(x=x_axis, y=y_axis, text="name:N"))
    chart = _alt.layer(*layers).properties(width=WIDTH - 64 - 6.2 * longest, height=height)
    table = [[fmt(a, x_unit), *(fmt(values[i], y_unit) for values in columns.values())] for i, a in enumerate(across)]
    _show(chart, [x_title, *columns], table, caption, alt, id)


def bars(
    values: Mapping[str, float],
    *,
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,  # noqa: A002
) -> None:
    """Show signed amounts side by side, gains to the right and losses to the left.

    Parameters:
        values: name to amount, in order from the top.
        title: what an amount is.
        unit: its unit (see `units`).
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; unique on the page.

    Raises:
        ValueError: for no values, one that is not finite, or no caption or alternative text.
    """
    if not values:
        raise ValueError("values must not be empty")
    rows = [
        {
            "name": name,
            "value": float(value),
            "text": fmt(value, unit),
            "shade": _SHADES[_STEPS if value >= 0 else -_STEPS],
            "label": f"{name}: {title} {fmt(value, unit)}",
        }
        for name, value in values.items()
    ]
    low, high = min(0.0, *values.values()), max(0.0, *values.values())
    pad = (high - low or 1.0) * 0.28  # room for the numbers beyond the bars
    domain = [low - (pad if low < 0 else 0), high + (pad if high > 0 else 0)]
    base = _alt.Chart(_data(rows)).encode(
        y=_alt.Y("name:O", sort=list(values), title=None, axis=_alt.Axis(ticks=False, domain=False, labelColor=_INK)),
        x=_alt.X(
            "value:Q",
            title=title,
            scale=_alt.Scale(domain=domain, nice=False),
            axis=_alt.Axis(labels=False, ticks=False, grid=False, domain=False),
        ),
    )
    boxes = base.mark_bar(height={"band": 0.62}).encode(fill=_alt.Fill("shade:N", scale=None), description="label:N")
    right = base.mark_text(align="left", dx=4, fontSize=11, color=_INK).encode(text="text:N")
    left = base.mark_text(align="right", dx=-4, fontSize=11, color=_INK).encode(text="text:N")
    chart = (boxes + right.transform_filter("datum.value >= 0") + left.transform_filter("datum.value < 0")).properties(
        width=WIDTH - 20 - 6.4 * max(map(len, values)), height=30 * len(rows)
    )
    table = [[name, fmt(value, unit)] for name, value in values.items()]
    _show(chart, ["", title], table, caption, alt, id)


def _data(rows: list[dict[str, Any]]) -> Any:
    return _alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _short(value: float) -> str:
    """A number short enough for a cell: thousands as k."""
    size = abs(value)
    text = f"{size / 1e6:.1f}m" if size >= 999_500 else f"{size / 1e3:.1f}k" if size >= 999.5 else f"{size:.0f}"
    return text if value >= 0 or text == "0" else MINUS + text


def _label(unit: str) -> str:
    """A Vega expression that formats a tick as `units.fmt` does, with as many decimals as the ticks need."""
    name, _, digits = unit.partition(".")
    if name not in _FORMATS:
        raise ValueError(f"unit must be one of {', '.join(_FORMATS)}, got {unit!r}")
    _, prefix, factor, decimals, suffix = _FORMATS[name]
    number = f"format(abs(datum.value) * {factor}, ',.{digits or decimals}f')"
    return f"(datum.value < 0 ? '{MINUS}' : '') + '{prefix}' + {number} + '{suffix}'"


def _spread(ends: Mapping[str, float], domain: Sequence[float], height: float) -> dict[str, float]:
    """Where to write the names at the ends of lines so that they do not touch: at least 14 px apart."""
    gap = 14.0 / height * (domain[1] - domain[0])
    placed: dict[str, float] = {}
    for name, value in sorted(ends.items(), key=lambda item: item[1]):
        placed[name] = max(value, max(placed.values(), default=value - gap) + gap)
    over = max(placed.values()) - domain[1]
    return {name: value - max(over, 0.0) for name, value in placed.items()}


def _show(
    chart: Any,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str,
    alternative: str,
    id: str,  # noqa: A002
    *,
    crisp: bool = False,
) -> None:
    if not caption.strip() or not alternative.strip():
        raise ValueError("a figure must have a caption and an alternative text")
    svg = _svg(chart, id, crisp=crisp)
    table = html_table(headers, rows, [False] + [True] * (len(headers) - 1))
    name = escape(caption)
    html = (
        f'<figure class="pn-figure" id="{escape(id)}"><figcaption>{name}</figcaption>'
        f'<div class="pn-plot" role="img" aria-label="{escape(alternative)}">{svg}</div>'
        '<output class="pn-readout" aria-live="polite"></output>'
        f'<details class="pn-data"><summary>Data</summary><div class="pn-scroll" role="region" tabindex="0" '
        f'aria-label="Data: {name}">{table}</div></details></figure>'
    )
    text = text_table(headers, rows, caption)
    data = {"id": id, "caption": caption, "alt": alternative, "headers": list(headers), "rows": [list(r) for r in rows]}
    show(Display("figure", html, "html", text, data))


def _svg(chart: Any, id: str, *, crisp: bool) -> str:  # noqa: A002
    """The chart as SVG for a page: our colors and ids, no fonts, no attributes that say nothing."""
    configured = chart.configure(background="transparent", font="sans-serif", padding=2).configure_view(stroke=None)
    configured = configured.configure_axis(
        labelColor=_MUTED, titleColor=_INK, gridColor=_RULE, domainColor=_RULE, tickColor=_RULE, labelFontSize=11,
        titleFontSize=11, titleFontWeight=400, titlePadding=6, labelLimit=140,
    )  # fmt: skip
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(configured.to_dict()))  # noqa: S314  (we drew it)
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    ids: dict[str, str] = {}  # Vega numbers clip paths through the whole process: number them within the figure
    for parent in root.iter():
        for child in list(parent):
            if "background" in child.get("class", ""):
                parent.remove(child)
    for element in root.iter():
        label = element.get("aria-label")
        is_mark = element.get("role") == "graphics-symbol" and element.get("aria-roledescription") in _MARKS
        kept = {
            name: _COLORS.get(value, value)
            for name, value in element.attrib.items()
            if not name.startswith("aria-")
            and name not in ("role", "class", "font-family", "pointer-events", "version", "width", "height")
            and (name, value) not in _DEFAULTS
        }
        if "id" in kept:
            kept["id"] = ids.setdefault(kept["id"], f"{id}-{len(ids)}")
        element.attrib.clear()
        element.attrib.update({name: _round(value) for name, value in kept.items()})
        if is_mark and label:
            element.set("class", "m")
            ElementTree.SubElement(element, f"{_SVG}title").text = label
    for element in root.iter():
        for name, value in element.attrib.items():
            if reference := re.fullmatch(r"url\(#(.+)\)", value):
                element.set(name, f"url(#{ids[reference[1]]})")
    root.attrib.clear()
    root.attrib.update({"viewBox": f"0 0 {width:g} {height:g}", "aria-hidden": "true", "focusable": "false"})
    if crisp:
        root.set("class", "pn-crisp")
    _unnest(root)
    ElementTree.register_namespace("", _SVG[1:-1])
    return ElementTree.tostring(root, encoding="unicode")


_MARKS = {"rect mark", "circle", "bar"}
_DEFAULTS = {("opacity", "1"), ("stroke-opacity", "1"), ("fill-opacity", "1"), ("transform", "translate(0,0)")}


def _round(value: str) -> str:
    """Coordinates with at most two decimals."""
    return re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value)


def _unnest(parent: ElementTree.Element) -> None:
    """Drop groups that hold nothing, and those that do nothing but hold."""
    children: list[ElementTree.Element] = []
    for child in list(parent):
        _unnest(child)
        if child.tag != f"{_SVG}g" or (child.attrib and len(child)):
            children.append(child)
        elif not child.attrib:
            children += list(child)
    parent[:] = children

"""Charts: Altair describes them, vl-convert draws them while the page is built, and the page gets an inline SVG.

Colors are written as marker values and become CSS custom properties, so that a figure follows the color scheme. Charts
are drawn as wide as a phone's column, so that their labels are readable there; on a wide screen they grow with the
column, and `figures.css` keeps their text from growing with them. All room for labels is computed here, never measured:
measuring depends on the fonts of the machine that builds. Every mark carries its value as a `title`; `figures.js` shows
it on hover, on touch and for the arrow keys.
"""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any, Literal
from xml.etree import ElementTree

import altair as _alt
import numpy as np
import vl_convert
from numpy.typing import NDArray

from perpnotes.publish.displays import Display, show
from perpnotes.publish.tables import Columns, check, formatted, html_table, scroll, text_table
from perpnotes.publish.units import exact, fmt, split

WIDTH = 370  # px of the whole drawing: a phone's column
_FONT = 11.5  # px, in that drawing

# What Vega may write, and what the page says instead. The first eight are for `figure`, too.
INK, MUTED, RULE, PAPER, LOSS, GAIN = (f"#01000{i}" for i in range(6))
SERIES = tuple(f"#02000{i}" for i in range(4))
_SHADES = tuple(f"#03000{i}" for i in range(9))  # from the largest loss to the largest gain
_PLAIN = tuple(f"#04000{i}" for i in range(6))  # from the lowest to the highest
_COLORS = {
    INK: "currentColor",
    MUTED: "var(--pn-muted)",
    RULE: "var(--pn-rule)",
    PAPER: "var(--pn-paper)",
    LOSS: "var(--pn-loss)",
    GAIN: "var(--pn-gain)",
    **{color: f"var(--pn-series-{i})" for i, color in enumerate(SERIES, 1)},
    **{color: f"var(--pn-loss-{4 - i})" for i, color in enumerate(_SHADES[:4])},
    _SHADES[4]: "var(--pn-neutral)",
    **{color: f"var(--pn-gain-{i})" for i, color in enumerate(_SHADES[5:], 1)},
    **{color: f"var(--pn-plain-{i})" for i, color in enumerate(_PLAIN, 1)},
}
_STEPS = len(_SHADES) // 2
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]  # so that series differ in print, too
_POINTS = 41  # marks on a line: closer ones could not be told apart with a finger
_LINE = 13.0  # px between lines of text
_BELOW = {"titleBaseline": "top", "titleY": 23}
_Grid = NDArray[np.float64]


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
    scale: Literal["pnl", "loss", "plain"] = "pnl",
    threshold: float | None = None,
    threshold_label: str = "",
    mark_worst: bool = False,
) -> None:
    """Show a grid of values over two axes; the shade is the size, and where there is room the number is in the cell.

    Parameters:
        values: shape `(len(rows), len(columns))`.
        rows: the values of the axis that runs down; drawn with the first at the top.
        columns: the values of the axis that runs across.
        row_title: what the rows are.
        column_title: what the columns are.
        row_unit: unit of the rows (see `units`).
        column_unit: unit of the columns.
        value_title: what a cell is.
        unit: unit of the values.
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        scale: `pnl` has losses (`< 0`) warm and gains cool; `loss` has amounts that are worse the larger they are;
            `plain` runs from the lowest value to the highest, which are neither good nor bad.
        threshold: outline the cells beyond this value: below it for `pnl`, else above.
        threshold_label: what it means to be in the outline.
        mark_worst: outline the lowest cell for `pnl`, else the highest.

    Raises:
        ValueError: for a wrong shape, a value that is not finite, or a text that is missing.
    """
    grid = np.asarray(values, dtype=np.float64)
    if grid.shape != (len(rows), len(columns)) or not grid.size or not np.isfinite(grid).all():
        raise ValueError(f"values must be finite and have shape {(len(rows), len(columns))}, got {grid.shape}")
    row_labels, column_labels = ([fmt(v, u) for v in axis] for axis, u in ((rows, row_unit), (columns, column_unit)))
    n, m = grid.shape
    # Whole px: neighbors then share an edge exactly, and no paper shines through.
    height = 28 if n < 6 else 24 if n <= 13 else max(4, 300 // n)
    left = math.ceil(max(map(_wide, row_labels))) + 8
    width = max(1, (WIDTH - left - 2) // m)
    texts, symbol = _cell_texts(grid, unit, width, height)
    bad = -grid if scale == "pnl" else grid
    beyond = (
        np.zeros(grid.shape, dtype=bool) if threshold is None else bad > (-threshold if scale == "pnl" else threshold)
    )
    worst: Any = np.argwhere(bad == bad.max()) if mark_worst else []

    def label(i: int, j: int) -> str:
        text = f"{column_title} {column_labels[j]}, {row_title} {row_labels[i]}: {value_title} {fmt(grid[i, j], unit)}"
        return f"{text}, {threshold_label}" if threshold_label and beyond[i, j] else text

    cells = [
        {"x": j, "x2": j + 1, "y": i, "y2": i + 1, "fill": fill, "text": texts[i * m + j], "label": label(i, j)}
        for (i, j), fill in zip(np.ndindex(n, m), _shades(bad, scale), strict=True)
    ]
    x = _indexed("x", m, column_labels, column_title, max(map(_wide, column_labels)) + 5, width)
    y = _indexed("y", n, row_labels, row_title, 16, height, left)
    gap = {"stroke": PAPER, "strokeWidth": 1} if any(texts) else {}
    layers: list[Any] = [
        _chart(cells)
        .mark_rect(**gap)
        .encode(x=x, x2="x2:Q", y=y, y2="y2:Q", fill=_as_is("fill"), description="label:N")
    ]
    if any(texts):
        middle = _chart([{"x": c["x"] + 0.5, "y": c["y"] + 0.5, "text": c["text"]} for c in cells])
        layers.append(middle.mark_text(aria=False, color=INK).encode(x=x, y=y, text="text:N"))
    boxes = [box for i, j in worst for box in _outline(np.arange(n)[:, None] == i, np.arange(m)[None, :] == j)]
    edges = [*_edges(beyond), *boxes]
    if edges:
        outline = _chart(edges).mark_rule(aria=False, color=INK, strokeWidth=2, strokeCap="square")
        layers.append(outline.encode(x=x, x2="x2:Q", y=y, y2="y2:Q"))
    table = [[name, *(fmt(value, unit) for value in line)] for name, line in zip(row_labels, grid, strict=True)]
    notes = [escape(value_title + (f", {symbol}" if symbol else ""), quote=False)]
    if beyond.any() and threshold_label:
        notes.append(f'<i class="pn-box"></i>{escape(threshold_label, quote=False)}')
    if not any(texts):
        used = sorted({(float(v), str(c["fill"])) for v, c in zip(grid.flat, cells, strict=True)})
        shades = "".join(f'<i style="background:{_COLORS[fill]}"></i>' for fill in dict.fromkeys(f for _, f in used))
        notes.append(f'{fmt(grid.min(), unit)} <span class="pn-scale">{shades}</span> {fmt(grid.max(), unit)}')
    _show(
        _frame(layers, left=left, right=WIDTH - left - width * m, top=22, bottom=36, height=height * n),
        [f"{row_title} \\ {column_title}", *column_labels], table, caption, alt, id, notes=notes, crisp=True,
    )  # fmt: skip


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
    x_rules: Mapping[str, float] | None = None,
    log_x: bool = False,
    zero: bool = False,
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
        zero: begin the vertical axis at 0.

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
    height, first, last = 220.0, float(across[0]), float(across[-1])
    every = np.concatenate([*columns.values(), list((rules or {}).values())])
    low, high = float(every.min()), float(every.max())
    low = min(low, 0.0) if zero else low
    room = (high - low or abs(high) or 1.0) * 0.06
    domain = (low if zero and low == 0 else low - room, high + room)
    ticks = _ticks(*domain)
    y_labels = [fmt(tick, exact(ticks, y_unit)) for tick in ticks]
    names = {name: _wrapped(name, 15) for name in columns}
    left = max(map(_wide, y_labels)) + 8
    right = 1.1 * max(_wide(line) for name in names.values() for line in name.split("\n")) + 8  # they are bold
    width = WIDTH - left - right
    x_ticks = _log_ticks(first, last) if log_x else _ticks(first, last, int(width / 46))
    x_labels = [fmt(tick, exact([tick] if log_x else x_ticks, x_unit)) for tick in x_ticks]
    x_axis = _alt.X(
        "x:Q",
        title=x_title,
        scale=_alt.Scale(type="log" if log_x else "linear", domain=[first, last], nice=False),
        axis=_axis(x_ticks, x_labels, grid=False, domain=True, ticks=True, tickSize=4, **_BELOW),
    )
    y_axis = _alt.Y(
        "y:Q",
        title=None,
        scale=_alt.Scale(domain=list(domain), nice=False, zero=False),
        axis=_axis(ticks, y_labels, grid=True, domain=False, ticks=False),
    )
    run = np.log(across) if log_x else across
    positions = (run - run[0]) / (run[-1] - run[0])
    for name, value in (x_rules or {}).items():
        if not first <= value <= last:
            raise ValueError(f"x_rules[{name!r}] must be from {first:g} to {last:g}, got {value:g}")
    taken = [float(np.interp(value, across, positions)) for value in (x_rules or {}).values()]
    layers: list[Any] = []
    for name, value in (rules or {}).items():
        place = _free(name, value, positions, columns.values(), domain, width, taken)
        layers += _rule(name, value, place, (first, last, log_x), x_axis, y_axis)
    for name, value in (x_rules or {}).items():
        at = _chart([{"x": value, "y": domain[1], "name": name}])
        late = np.interp(value, across, positions) > 0.5
        beside: dict[str, Any] = {"align": "right", "dx": -4} if late else {"align": "left", "dx": 4}
        layers.append(at.mark_rule(aria=False, color=INK, strokeDash=[3, 3]).encode(x=x_axis))
        layers.append(at.mark_text(aria=False, dy=6, color=INK, **beside).encode(x=x_axis, y=y_axis, text="name:N"))
    kept = np.unique(np.linspace(0, across.size - 1, min(across.size, _POINTS)).round().astype(int))
    ends = _spread({name: float(values[-1]) for name, values in columns.items()}, names, domain, height)
    for number, (name, values) in enumerate(columns.items()):
        color = SERIES[number]
        path = _chart([{"x": float(a), "y": float(b)} for a, b in zip(across, values, strict=True)])
        line = path.mark_line(aria=False, color=color, strokeWidth=2 if number else 2.5, strokeDash=_DASHES[number])
        points = [
            {
                "x": float(across[i]),
                "y": float(values[i]),
                "label": f"{name}, {x_title} {fmt(across[i], x_unit)}: {fmt(values[i], y_unit)}",
            }
            for i in kept
        ]
        dots = (
            _chart(points)
            .mark_circle(color=color, size=50, opacity=0)
            .encode(x=x_axis, y=y_axis, description="label:N")
        )
        end = _chart([{"x": last, "y": ends[name], "name": names[name]}])
        tag = end.mark_text(
            aria=False, align="left", dx=6, fontWeight=600, color=color, lineBreak="\n", lineHeight=_LINE
        )
        layers += [line.encode(x=x_axis, y=y_axis), dots, tag.encode(x=x_axis, y=y_axis, text="name:N")]
    table = [[fmt(a, x_unit), *(fmt(values[i], y_unit) for values in columns.values())] for i, a in enumerate(across)]
    _show(
        _frame(layers, left=left, right=right, top=6, bottom=36, height=height),
        [x_title, *columns], table, caption, alt, id, notes=[escape(y_title, quote=False)],
    )  # fmt: skip


def bars(
    values: Mapping[str, float],
    *,
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,  # noqa: A002
    total: str = "",
) -> None:
    """Show signed amounts below each other, gains to the right and losses to the left.

    Parameters:
        values: name to amount, in order from the top.
        title: what an amount is.
        unit: its unit (see `units`).
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        total: name of one more bar, their sum; empty for none.

    Raises:
        ValueError: for no values, one that is not finite, or a text that is missing.
    """
    if not values:
        raise ValueError("values must not be empty")
    if total in values:
        raise ValueError(f"total must be a name of its own, got {total!r}")
    amounts = {name: float(value) for name, value in values.items()} | (
        {total: float(sum(values.values()))} if total else {}
    )
    texts = {name: fmt(value, unit) for name, value in amounts.items()}
    names = {name: _wrapped(name, 18) for name in amounts}
    left = max(_wide(line) for name in names.values() for line in name.split("\n")) + 8
    sides = [[k for k, v in amounts.items() if v < 0], [k for k, v in amounts.items() if v >= 0]]
    beside = [max((_wide(texts[k]) for k in side), default=0.0) + 6 for side in sides]
    low, high = min(0.0, *amounts.values()), max(0.0, *amounts.values())
    pixels = (high - low or 1.0) / max(WIDTH - left - sum(beside), 60.0)  # what a px is worth
    domain = [low - beside[0] * pixels, high + beside[1] * pixels]
    step = 28 + 12 * max(name.count("\n") for name in names.values())
    rows: list[dict[str, Any]] = [
        {
            "y": i + 0.5, "y1": i + 0.5 - 8 / step, "y2": i + 0.5 + 8 / step,
            "value": value, "zero": 0, "text": texts[name],
            "fill": MUTED if name == total else GAIN if value >= 0 else LOSS, "label": f"{name}: {title} {texts[name]}",
        }
        for i, (name, value) in enumerate(amounts.items())
    ]  # fmt: skip
    middles = [row["y"] for row in rows]
    y_axis = _axis(
        middles, list(names.values()), grid=False, domain=False, ticks=False, labelColor=INK, labelLineHeight=_LINE
    )
    y_scale = _alt.Scale(domain=[len(rows), 0], nice=False)
    y = _alt.Y("y:Q", title=None, scale=y_scale, axis=y_axis)
    y1 = _alt.Y("y1:Q", title=None, scale=y_scale, axis=y_axis)
    x = _alt.X("value:Q", title=None, scale=_alt.Scale(domain=domain, nice=False), axis=None)
    boxes = _chart(rows).mark_rect().encode(
        x=x, x2="zero:Q", y=y1, y2="y2:Q", fill=_as_is("fill"), description="label:N"
    )  # fmt: skip
    layers: list[Any] = [boxes]
    for align, dx in (("left", 4), ("right", -4)):
        if some := [row for row in rows if (row["value"] >= 0) == (dx > 0)]:
            numbers = _chart(some).mark_text(aria=False, align=align, dx=dx, color=INK)
            layers.append(numbers.encode(x=x, y=y, text="text:N"))
    layers.append(_chart([{"value": 0.0}]).mark_rule(aria=False, color=INK).encode(x=x))
    table = [[name, texts[name]] for name in amounts]
    _show(
        _frame(layers, left=left, right=0, top=4, bottom=4, height=step * len(rows)),
        ["Part", title], table, caption, alt, id, notes=[escape(title, quote=False)],
    )  # fmt: skip


def figure(
    chart: Any,
    *,
    caption: str,
    alt: str,
    id: str,  # noqa: A002
    data: Sequence[Mapping[str, Any]],
    columns: Columns,
) -> None:
    """Show any Altair chart; for what `heatmap`, `lines` and `bars` cannot show.

    Parameters:
        chart: an `altair.Chart` or layers. Use the colors of this module only, they follow the scheme. Give each mark a
            `description` that says its value, with `units.fmt`. Without a width it is made to fit.
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        data: the rows of the table below the chart.
        columns: its columns, as for `tables.table`.

    Raises:
        ValueError: for a color that would not follow the scheme, a chart wider than a phone, no data, no text.
    """
    headers, table, numeric = formatted(data, columns)
    if chart.to_dict().get("width") is None:
        chart = chart.properties(width=WIDTH, autosize=_alt.AutoSizeParams(type="fit", contains="padding"))
    _show(chart, headers, table, caption, alt, id, numeric=numeric)


def _chart(rows: Sequence[Mapping[str, Any]]) -> Any:
    return _alt.Chart(_alt.Data(values=list(rows)))  # type: ignore[no-untyped-call]


def _as_is(field: str) -> Any:
    return _alt.Fill(f"{field}:N", scale=None)


def _frame(layers: Sequence[Any], *, left: float, right: float, top: float, bottom: float, height: float) -> Any:
    """Layers in a drawing of our width, with just the room given."""
    left, right = math.ceil(left), math.ceil(right)
    padding = {"left": left, "right": right, "top": top, "bottom": bottom}
    chart = _alt.layer(*layers).properties(width=WIDTH - left - right, height=height, padding=padding)
    return chart.properties(autosize=_alt.AutoSizeParams(type="none"))


def _axis(values: Sequence[float], labels: Sequence[str], **options: Any) -> Any:
    """An axis with these labels at these values: `units` formats them, not Vega."""
    lines = [label.split("\n") if "\n" in label else label for label in labels]
    expression = f"{json.dumps(lines)}[indexof({json.dumps([float(v) for v in values])}, datum.value)]"
    return _alt.Axis(values=list(values), labelExpr=expression, labelOverlap=False, **options)


def _flat_title(left: float) -> dict[str, Any]:
    """Above the vertical axis and level: nobody should have to turn their head."""
    return {"titleAngle": 0, "titleAlign": "left", "titleBaseline": "bottom", "titleX": -left, "titleY": -9}


def _indexed(
    name: Literal["x", "y"], count: int, labels: Sequence[str], title: str, need: float, room: float, left: float = 0.0
) -> Any:
    """The axis of a grid: cell `i` reaches from `i` to `i + 1`; as many labels as there is room for."""
    steps = range(1, count + 1)
    fitting = [k for k in steps if k * room >= need] or [count]
    step = next((k for k in fitting[:4] if (count - 1) % k == 0), fitting[0])  # rather one that ends at the last
    shown = range(0, count, step)
    options = {"grid": False, "domain": False, "ticks": False}
    middles = [i + 0.5 for i in shown]
    if name == "x":
        axis = _axis(middles, [labels[i] for i in shown], **options, **_BELOW)
        return _alt.X("x:Q", title=title, scale=_alt.Scale(domain=[0, count], nice=False), axis=axis)
    axis = _axis(middles, [labels[i] for i in shown], **options, **_flat_title(left))
    return _alt.Y("y:Q", title=title, scale=_alt.Scale(domain=[count, 0], nice=False), axis=axis)


def _cell_texts(grid: _Grid, unit: str, width: float, height: float) -> tuple[list[str], str]:
    """What to write into the cells, and the symbol that then stands above the grid; empty texts where nothing fits."""
    name, largest = unit.partition(".")[0], float(np.abs(grid).max())
    ways = [
        (1.0, unit, ""),
        (1e3, f"{name}.1", "thousand"),
        (1e3, f"{name}.0", "thousand"),
        (1e6, f"{name}.1", "million"),
    ]
    for factor, form, word in ways:
        if factor > max(largest, 1.0):
            continue
        pairs = [split(value / factor, form) for value in grid.flat]
        texts = [fmt(value, form) for value in grid.flat] if not word else []
        for candidate, symbol in ((texts, ""), ([number for number, _ in pairs], f"{pairs[0][1]} {word}".strip())):
            if candidate and height >= 18 and max(map(_wide, candidate)) <= width - 3:
                return candidate, symbol
    return [""] * grid.size, ""


def _shades(bad: _Grid, scale: str) -> Iterator[str]:
    """The color of each cell; `bad` is larger the worse it is."""
    if scale == "plain":
        low, span = float(bad.min()), float(np.ptp(bad)) or 1.0
        return (_PLAIN[min(int((v - low) / span * len(_PLAIN)), len(_PLAIN) - 1)] for v in bad.flat)
    largest = float(np.abs(bad).max()) or 1.0
    return (_SHADES[_STEPS - round(float(v) / largest * _STEPS)] for v in bad.flat)


def _outline(row: NDArray[np.bool_], column: NDArray[np.bool_]) -> list[dict[str, int]]:
    return _edges(row & column)


def _edges(inside: NDArray[np.bool_]) -> list[dict[str, int]]:
    """The line around the cells inside, as long horizontal and vertical pieces."""
    pieces = []
    padded = np.pad(inside, 1)
    for across in (True, False):
        changes = padded[1:, 1:-1] != padded[:-1, 1:-1] if across else (padded[1:-1, 1:] != padded[1:-1, :-1]).T
        for at, run in enumerate(changes):
            ends = np.flatnonzero(np.diff(np.pad(run.astype(int), 1)))
            for a, b in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
                pieces.append({"x": a, "x2": b, "y": at, "y2": at} if across else {"x": at, "x2": at, "y": a, "y2": b})
    return pieces


def _free(
    name: str,
    value: float,
    positions: _Grid,
    series: Any,
    domain: tuple[float, float],
    width: float,
    taken: Sequence[float],
) -> tuple[float, int]:
    """Where the name of a horizontal line is farthest from the series: how far along, 0 to 1; above 1, below -1."""
    need, lift = _wide(name) / width + 0.04, (domain[1] - domain[0]) * 0.04
    fine = np.linspace(0.0, 1.0, 101)  # where a series has few points, too
    curves = [np.interp(fine, positions, values) for values in series]

    def room(place: tuple[float, int]) -> float:
        start, side = place
        here = (fine >= start) & (fine <= start + need)
        level = value + side * lift
        if not domain[0] < level < domain[1] or any(start <= x <= start + need for x in taken):
            return -1.0
        return min(2.0 * lift, *(float(np.abs(curve[here] - level).min()) for curve in curves))

    starts = [0.0, *(k * (1.0 - need) for k in (1.0, 0.25, 0.5, 0.75) if need < 1.0)]
    return max(((start, side) for side in (1, -1) for start in starts), key=room)


def _rule(
    name: str, value: float, place: tuple[float, int], x: tuple[float, float, bool], x_axis: Any, y_axis: Any
) -> list[Any]:
    """A horizontal line with its name beside it."""
    (part, side), (first, last, log) = place, x
    at = first * (last / first) ** part if log else first + (last - first) * part
    rule = _chart([{"x": at, "y": value, "name": name}])
    return [
        rule.mark_rule(aria=False, color=INK, strokeDash=[3, 3]).encode(y=y_axis),
        rule.mark_text(aria=False, align="left", dx=3, dy=-8 * side, color=INK).encode(
            x=x_axis, y=y_axis, text="name:N"
        ),
    ]


def _wrapped(text: str, width: int) -> str:
    """`text` in as few lines as `width` allows, about equally long."""
    count = len(textwrap.wrap(text, width))
    return next("\n".join(lines) for k in range(1, width + 1) if len(lines := textwrap.wrap(text, k)) <= count)


def _spread(
    ends: Mapping[str, float], names: Mapping[str, str], domain: tuple[float, float], height: float
) -> dict[str, float]:
    """Where to write the names at the ends of lines so that they do not touch."""
    unit = (domain[1] - domain[0]) / height
    order = sorted(ends, key=lambda name: ends[name])
    half = {name: (names[name].count("\n") + 1) * (_LINE + 1) * unit / 2 for name in order}
    placed = dict(ends)
    for _ in range(50):  # push those that overlap apart, both by half
        for below, above in pairwise(order):
            overlap = placed[below] + half[below] - (placed[above] - half[above])
            if overlap > 0:
                placed[below] -= overlap / 2
                placed[above] += overlap / 2
    return placed


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round values from `low` to `high`, about `count`."""
    rough = (high - low) / max(count, 2)
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next((k for k in (1.0, 2.0, 2.5, 5.0) if k * power >= rough * 0.9), 10.0)
    first = int(np.ceil(low / step - 1e-9))
    return [round(i * step, 12) for i in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1, 2, 5), (1,)):
        ticks = [k * 10.0**p for p in powers for k in steps if low * (1 - 1e-9) <= k * 10.0**p <= high * (1 + 1e-9)]
        if len(ticks) <= 6:
            break
    return ticks if len(ticks) > 1 else [low, high]


def _wide(text: str) -> float:
    """About how wide a text is, in px: for the fonts that readers have, rather too wide than too narrow."""
    thin, broad = sum(c in ".,:;'il|!  \u00a0" for c in text), sum(c.isupper() or c in "mw%×" for c in text)
    return _FONT * (0.58 * len(text) - 0.27 * thin + 0.12 * broad)


def _show(
    chart: Any,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str,
    alternative: str,
    id: str,  # noqa: A002
    *,
    notes: Sequence[str] = (),
    numeric: Sequence[bool] = (),
    crisp: bool = False,
) -> None:
    check(caption=caption, alt=alternative, id=id)
    if alternative.lower().startswith(("a chart", "chart of", "a figure", "figure")):
        raise ValueError("alt must say what the reader should see, not that it is a chart")
    table = html_table(headers, rows, numeric or [False] + [True] * (len(headers) - 1))
    name = escape(caption)
    note = "".join(f"<span>{text}</span>" for text in notes)
    html = (
        f'<figure class="pn-figure" id="{id}"><figcaption>{escape(caption, quote=False)}</figcaption>'
        f'<div class="pn-head"><output class="pn-readout" aria-live="polite"></output>'
        f'<div class="pn-note">{note}</div></div>'
        f'<div class="pn-plot" role="img" aria-label="{escape(alternative)}" data-search-exclude>'
        f"{_svg(chart, id, crisp=crisp)}</div>"
        f'<details class="pn-data"><summary>Data</summary>{scroll(table, f"Data: {name}")}</details></figure>'
    )
    text = text_table(headers, rows, caption)
    data = {"id": id, "caption": caption, "alt": alternative, "headers": list(headers), "rows": [list(r) for r in rows]}
    show(Display("figure", html, "html", text, data))


_CONFIG = {
    "background": "transparent",
    "font": "sans-serif",
    "view": {"stroke": None},
    "mark": {"color": SERIES[0]},
    "text": {"color": INK, "fontSize": _FONT},
    "rule": {"color": INK, "strokeWidth": 1},
    "axis": {
        "labelColor": MUTED, "labelFontSize": _FONT, "labelLimit": 0, "labelPadding": 4, "labelFlush": False,
        "titleColor": MUTED, "titleFontSize": _FONT, "titleFontWeight": 400,
        "gridColor": RULE, "domainColor": RULE, "tickColor": RULE,
    },
    "axisX": {"labelAngle": 0},
    "legend": {"labelColor": INK, "labelFontSize": _FONT, "titleColor": MUTED, "titleFontSize": _FONT},
}  # fmt: skip
_KEPT = {
    "clip-path", "cx", "cy", "d", "dx", "dy", "fill", "fill-opacity", "font-size", "font-style", "font-weight",
    "height", "id", "opacity", "r", "stroke", "stroke-dasharray", "stroke-linecap", "stroke-opacity", "stroke-width",
    "text-anchor", "transform", "width", "x", "x1", "x2", "y", "y1", "y2",
}  # fmt: skip
_DEFAULTS = {
    ("opacity", "1"), ("stroke-opacity", "1"), ("fill-opacity", "1"), ("transform", "translate(0,0)"),
    ("stroke-width", "1"), ("stroke-dasharray", "1,0"), ("font-weight", "400"), ("font-weight", "normal"),
}  # fmt: skip
_SVG = "{http://www.w3.org/2000/svg}"


def _svg(chart: Any, id: str, *, crisp: bool) -> str:  # noqa: A002
    """The chart as SVG for a page: our colors and ids, no fonts, no attributes that say nothing."""
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(chart.to_dict(), config=_CONFIG))  # noqa: S314  (we drew it)
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    if width > WIDTH + 15:
        raise ValueError(f"a figure must be at most {WIDTH} px wide, got {width:g}")
    ids: dict[str, str] = {}  # Vega numbers clip paths through the whole process: number them within the figure
    _tidy(root, "", ids, id)
    for element in root.iter():
        if found := re.fullmatch(r"url\(#(.+)\)", element.get("clip-path", "")):
            element.set("clip-path", f"url(#{ids[found[1]]})")
    root.attrib = {
        "viewBox": f"0 0 {width:g} {height:g}", "font-size": str(_FONT), "aria-hidden": "true", "focusable": "false",
    }  # fmt: skip
    if crisp:
        root.set("class", "pn-crisp")
    ElementTree.register_namespace("", _SVG[1:-1])
    return ElementTree.tostring(root, encoding="unicode")


def _tidy(element: ElementTree.Element, role: str, ids: dict[str, str], prefix: str) -> None:
    """Rewrite one element and those in it; `role` is Vega's class of the group that it stands in."""
    label = element.get("aria-label") if "role-mark" in role and not re.search("mark-(line|area|trail)", role) else None
    role = element.get("class", role)
    kept = {name: value for name, value in element.attrib.items() if name in _KEPT and (name, value) not in _DEFAULTS}
    for name in ("fill", "stroke"):
        if (color := kept.get(name, "none")) not in ("none", "transparent"):
            if color not in _COLORS:
                raise ValueError(f"{name} must be a color of perpnotes.publish.figures, got {color}")
            kept[name] = _COLORS[color]
    if "id" in kept:
        kept["id"] = ids.setdefault(kept["id"], f"{prefix}-{len(ids)}")
    if element.tag == f"{_SVG}text":
        _relative(element, kept, role)
    element.attrib = {name: _round(value) for name, value in kept.items()}
    for child in list(element):
        if "background" in child.get("class", "") or child.get("display") == "none":
            element.remove(child)
        else:
            _tidy(child, role, ids, prefix)
    if label:
        element.set("class", "m")
        ElementTree.SubElement(element, f"{_SVG}title").text = label
    # Groups that hold nothing go, and those that do nothing but hold give way to what they hold.
    children: list[ElementTree.Element] = []
    for child in element:
        group = child.tag == f"{_SVG}g"
        children += [child] if not group or (child.attrib and len(child)) else list(child) if not child.attrib else []
    element[:] = children


def _relative(text: ElementTree.Element, kept: dict[str, str], role: str) -> None:
    """Have offsets of a text follow its size, which the style sheet sets: Vega writes them in px of its own size."""
    size = float(kept.get("font-size", str(_FONT)).removesuffix("px"))
    if size == _FONT:
        kept.pop("font-size", None)
    place = re.fullmatch(r"translate\(([-\d.e]+),([-\d.e]+)\)", kept.get("transform", "translate(0,0)"))
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


def _round(value: str) -> str:
    """Coordinates with at most two decimals."""
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value)

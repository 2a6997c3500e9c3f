"""Charts: `heatmap`, `lines`, `bars`, and `figure` for what they cannot show.

A page gets an inline SVG and no chart runtime.
They are drawn as wide as a phone's column, so that their labels are readable there; on a wide
screen they grow with the column, and `figures.css` keeps their text from growing with them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Literal

import altair as _alt
import numpy as np
from numpy.typing import NDArray

from perpnotes.publish import layout, svg
from perpnotes.publish.displays import Display, show
from perpnotes.publish.svg import GAIN, INK, LOSS, MUTED, PAPER, PLAIN, RULE, SERIES, WIDTH
from perpnotes.publish.tables import Columns, check, formatted, html_table, scroll, text_table
from perpnotes.publish.units import distinct, exact, fmt, split

__all__ = ["GAIN", "INK", "LOSS", "MUTED", "PAPER", "PLAIN", "RULE", "SERIES", "bars", "figure", "heatmap", "lines"]

_STEPS = len(svg.SHADES) // 2
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]  # so that series differ in print, too
_POINTS = 41  # marks on a line: closer ones could not be told apart with a finger
_NEAR = 0.08  # px from the line of all points, which nobody can see
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
    axes = ((rows, row_unit), (columns, column_unit))
    row_labels, column_labels = ([fmt(v, u) for v in axis] for axis, u in axes)
    down, across = (
        [fmt(v, distinct(axis, u)) for v in axis] for axis, u in axes
    )  # one name for each row, and no other
    n, m = grid.shape
    # Whole px: neighbors then share an edge exactly, and no paper shines through.
    height = 28 if n < 6 else 24 if n <= 13 else max(4, 300 // n)
    left = math.ceil(max(map(layout.wide, row_labels))) + 8
    width = max(1, (WIDTH - left - 2) // m)
    texts, symbol = _cell_texts(grid, unit, width, height)
    bad = -grid if scale == "pnl" else grid
    beyond = (
        np.zeros(grid.shape, dtype=bool) if threshold is None else bad > (-threshold if scale == "pnl" else threshold)
    )
    worst: Any = np.argwhere(bad == bad.max()) if mark_worst else []

    def label(i: int, j: int) -> str:
        text = f"{column_title} {across[j]}, {row_title} {down[i]}: {value_title} {fmt(grid[i, j], unit)}"
        return f"{text}, {threshold_label}" if threshold_label and beyond[i, j] else text

    cells = [
        {"x": j, "x2": j + 1, "y": i, "y2": i + 1, "fill": fill, "text": texts[i * m + j], "label": label(i, j)}
        for (i, j), fill in zip(np.ndindex(n, m), _shades(bad, scale), strict=True)
    ]
    x = _indexed("x", m, column_labels, column_title, max(map(layout.wide, column_labels)) + 5, width)
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
    edges = [*layout.edges(beyond), *boxes]
    if edges:
        outline = _chart(edges).mark_rule(aria=False, color=INK, strokeWidth=2, strokeCap="square")
        layers.append(outline.encode(x=x, x2="x2:Q", y=y, y2="y2:Q"))
    table = [[name, *(fmt(value, unit) for value in line)] for name, line in zip(down, grid, strict=True)]
    notes = [escape(value_title + (f", {symbol}" if symbol else ""), quote=False)]
    if beyond.any() and threshold_label:
        notes.append(f'<i class="pn-box"></i>{escape(threshold_label, quote=False)}')
    if not any(texts):
        used = sorted({(float(v), str(c["fill"])) for v, c in zip(grid.flat, cells, strict=True)})
        shades = "".join(f'<i style="background:{svg.COLORS[fill]}"></i>' for fill in dict.fromkeys(f for _, f in used))
        notes.append(f'{fmt(grid.min(), unit)} <span class="pn-scale">{shades}</span> {fmt(grid.max(), unit)}')
    _show(
        _frame(layers, left=left, right=WIDTH - left - width * m, top=22, bottom=36, height=height * n),
        [f"{row_title} \\ {column_title}", *across], table, caption, alt, id, notes=notes, crisp=True,
        axes=[float(np.abs(bad).max())],
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
    log_y: bool = False,
    zero: bool = False,
    room: Sequence[float] = (),
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
        room: values that the vertical axis has room for, whatever the series need: frames of one scale for `explore`.

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
    every = np.concatenate([*columns.values(), list((rules or {}).values()), room])
    if log_y and zero:
        raise ValueError("zero must be False for a logarithmic axis")
    if log_y and every.min() <= 0:
        raise ValueError(f"series, rules and room must be > 0 for a logarithmic axis, got {every.min()}")
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
        axis=_axis(to_x(x_ticks).tolist(), x_labels, grid=False, domain=True, ticks=True, tickSize=4, **_BELOW),
    )
    y_axis = _alt.Y(
        "y:Q",
        title=None,
        scale=_alt.Scale(domain=list(domain), nice=False, zero=False),
        axis=_axis(to_y(ticks).tolist(), y_labels, grid=True, domain=False, ticks=False),
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
        rule = _chart([{"x": float(run[0] + (run[-1] - run[0]) * part), "y": level, "name": name}])
        text = rule.mark_text(aria=False, align="left", dx=3, dy=-8 * side, color=INK)
        layers.append(rule.mark_rule(aria=False, color=INK, strokeDash=[3, 3]).encode(y=y_axis))
        layers.append(text.encode(x=x_axis, y=y_axis, text="name:N"))
    for name, value in (x_rules or {}).items():
        at = _chart([{"x": float(to_x(value)), "y": domain[1], "name": name}])
        late = np.interp(value, across, positions) > 0.5
        beside: dict[str, Any] = {"align": "right", "dx": -4} if late else {"align": "left", "dx": 4}
        layers.append(at.mark_rule(aria=False, color=INK, strokeDash=[3, 3]).encode(x=x_axis))
        layers.append(at.mark_text(aria=False, dy=6, color=INK, **beside).encode(x=x_axis, y=y_axis, text="name:N"))
    fine = distinct(across.tolist(), x_unit)  # what the axis rounds to one number are different rows of the table
    kept = np.unique(np.linspace(0, across.size - 1, min(across.size, _POINTS)).round().astype(int))
    ends = layout.spread({name: float(up[-1]) for name, up in heights.items()}, names, domain, height)
    for number, (name, values) in enumerate(columns.items()):
        color, up = SERIES[number], heights[name]
        seen = layout.thinned(positions * width, (up - low) / (high - low or 1.0) * height, _NEAR)
        path = _chart([{"x": float(run[i]), "y": float(up[i])} for i in seen])
        line = path.mark_line(aria=False, color=color, strokeWidth=2 if number else 2.5, strokeDash=_DASHES[number])
        points = [
            {
                "x": float(run[i]),
                "y": float(up[i]),
                "label": f"{name}, {x_title} {fmt(across[i], fine)}: {fmt(values[i], y_unit)}",
            }
            for i in kept
        ]
        dots = (
            _chart(points)
            .mark_circle(color=color, size=50, fillOpacity=0, opacity=1)
            .encode(x=x_axis, y=y_axis, description="label:N")
        )
        end = _chart([{"x": float(run[-1]), "y": ends[name], "name": names[name]}])
        tag = end.mark_text(
            aria=False, align="left", dx=6, fontWeight=600, color=color, lineBreak="\n", lineHeight=layout.LINE
        )
        layers += [line.encode(x=x_axis, y=y_axis), dots, tag.encode(x=x_axis, y=y_axis, text="name:N")]
    table = [[fmt(a, fine), *(fmt(values[i], y_unit) for values in columns.values())] for i, a in enumerate(across)]
    _show(
        _frame(layers, left=left, right=right, top=6, bottom=36, height=height),
        [x_title, *columns], table, caption, alt, id, notes=[escape(y_title, quote=False)], axes=[first, last, *domain],
    )  # fmt: skip


def bars(
    values: Mapping[str, float],
    *,
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,  # noqa: A002
    scale: Literal["pnl", "loss", "plain"] = "pnl",
    total: str = "",
    room: Sequence[float] = (),
) -> None:
    """Show signed amounts below each other, from zero to the right and below it to the left.

    Parameters:
        values: name to amount, in order from the top.
        title: what an amount is.
        unit: its unit (see `units`).
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        scale: as for `heatmap`: `pnl` has losses (`< 0`) warm and gains cool; of a `loss` what is above zero is warm;
            `plain` amounts are neither good nor bad.
        total: name of one more bar, their sum; empty for none.
        room: amounts that there is room for, whatever the values need: frames of one scale for `explore`.

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
    names = {name: layout.wrapped(name, 18) for name in amounts}
    left = max(layout.wide(line) for name in names.values() for line in name.split("\n")) + 8
    every = [*amounts.values(), *room]
    sides = [[v for v in every if v < 0], [v for v in every if v >= 0]]
    beside = [max((layout.wide(fmt(v, unit)) for v in side), default=0.0) + 8 for side in sides]
    low, high = min(0.0, *every), max(0.0, *every)
    pixels = (high - low or 1.0) / max(WIDTH - left - sum(beside), 60.0)  # what a px is worth
    domain = [low - beside[0] * pixels, high + beside[1] * pixels]
    step = 28 + 12 * max(name.count("\n") for name in names.values())
    above, below = {"pnl": (GAIN, LOSS), "loss": (LOSS, GAIN), "plain": (PLAIN, PLAIN)}[scale]
    rows: list[dict[str, Any]] = [
        {
            "y": i + 0.5, "y1": i + 0.5 - 8 / step, "y2": i + 0.5 + 8 / step,
            "value": value, "zero": 0, "text": texts[name],
            "fill": MUTED if name == total else above if value >= 0 else below,
            "label": f"{name}: {title} {texts[name]}",
        }
        for i, (name, value) in enumerate(amounts.items())
    ]  # fmt: skip
    middles = [row["y"] for row in rows]
    y_axis = _axis(
        middles,
        list(names.values()),
        grid=False,
        domain=False,
        ticks=False,
        labelColor=INK,
        labelLineHeight=layout.LINE,
    )
    y_scale = _alt.Scale(domain=[len(rows), 0], nice=False)
    y = _alt.Y("y:Q", title=None, scale=y_scale, axis=y_axis)
    y1 = _alt.Y("y1:Q", title=None, scale=y_scale, axis=y_axis)
    x = _alt.X("value:Q", title=None, scale=_alt.Scale(domain=domain, nice=False), axis=None)
    boxes = _chart(rows).mark_rect().encode(
        x=x, x2="zero:Q", y=y1, y2="y2:Q", fill=_as_is("fill"), description="label:N"
    )  # fmt: skip
    layers: list[Any] = [boxes]
    beyond = {"align": _alt.expr("datum.value < 0 ? 'right' : 'left'"), "dx": _alt.expr("datum.value < 0 ? -4 : 4")}
    numbers = _chart(rows).mark_text(aria=False, color=INK, **beyond)
    layers.append(numbers.encode(x=x, y=y, text="text:N"))
    layers.append(_chart([{"value": 0.0}]).mark_rule(aria=False, color=INK).encode(x=x))
    table = [[name, texts[name]] for name in amounts]
    _show(
        _frame(layers, left=left, right=0, top=4, bottom=4, height=step * len(rows)),
        ["Part", title], table, caption, alt, id, notes=[escape(title, quote=False)], axes=[*amounts, *domain],
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
            if candidate and height >= 18 and max(map(layout.wide, candidate)) <= width - 3:
                return candidate, symbol
    return [""] * grid.size, ""


def _shades(bad: _Grid, scale: str) -> Iterator[str]:
    """The color of each cell; `bad` is larger the worse it is."""
    if scale == "plain":
        low, span = float(bad.min()), float(np.ptp(bad)) or 1.0
        return (svg.PLAINS[min(int((v - low) / span * len(svg.PLAINS)), len(svg.PLAINS) - 1)] for v in bad.flat)
    largest = float(np.abs(bad).max()) or 1.0
    return (svg.SHADES[_STEPS - round(float(v) / largest * _STEPS)] for v in bad.flat)


def _outline(row: NDArray[np.bool_], column: NDArray[np.bool_]) -> list[dict[str, int]]:
    return layout.edges(row & column)


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
    axes: Sequence[Any] = (),
    crisp: bool = False,
) -> None:
    check(caption=caption, alt=alternative, id=id)
    if alternative.lower().startswith(("a chart", "chart of", "a figure", "figure")):
        raise ValueError("alt must say what the reader should see, not that it is a chart")
    table = html_table(headers, rows, numeric or [False] + [True] * (len(headers) - 1))
    note = "".join(f"<span>{text}</span>" for text in notes)
    html = (
        f'<figure class="pn-figure" id="{id}"><figcaption>{escape(caption, quote=False)}</figcaption>'
        f'<div class="pn-head"><output class="pn-readout" aria-live="polite"></output>'
        f'<div class="pn-note">{note}</div></div>'
        f'<div class="pn-plot" role="img" aria-label="{escape(alternative)}" data-search-exclude>'
        f"{svg.render(chart, id, crisp=crisp)}</div>"
        '<details class="pn-data" data-search-exclude><summary>Data</summary>'
        f"{scroll(table, f'Data: {caption}')}</details></figure>"
    )
    text = text_table(headers, rows, caption)
    data = {
        "id": id, "caption": caption, "alt": alternative, "axes": list(axes),
        "headers": list(headers), "rows": [list(r) for r in rows],
    }  # fmt: skip
    show(Display("figure", html, "html", text, data))

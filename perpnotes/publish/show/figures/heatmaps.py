"""A grid of values, each cell in the shade of its size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from perpnotes.publish.compute.units import distinct, fmt, split
from perpnotes.publish.show.figures import layout, svg
from perpnotes.publish.show.figures.frame import key, show_figure
from perpnotes.publish.show.figures.svg import INK, MUTED, PAPER, WIDTH, Drawing

_STEPS = len(svg.SHADES) // 2
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
    id: str,
    scale: Literal["pnl", "loss", "plain"] = "pnl",
    threshold: float | None = None,
    threshold_label: str = "",
    mark_worst: bool = False,
    regions: Sequence[str] = (),
    curves: Mapping[str, tuple[Any, Any]] | None = None,
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
        regions: names of regions; `values` are then their numbers, from 0, and each region is one area with its name.
        curves: lines over the grid, such as an exact frontier: name to values of the columns' and of the rows' axis,
            each of shape `(k,)`; where they leave the grid they are cut off.

    Raises:
        ValueError: for a wrong shape, a value that is not finite, or a text that is missing.
    """
    grid = np.asarray(values, dtype=np.float64)
    if grid.shape != (len(rows), len(columns)) or not grid.size or not np.isfinite(grid).all():
        raise ValueError(f"values must be finite and have shape {(len(rows), len(columns))}, got {grid.shape}")
    axes = ((rows, row_unit), (columns, column_unit))
    row_labels, column_labels = ([fmt(v, u) for v in axis] for axis, u in axes)
    # In the data each row and column has a name of its own, where the axis rounds two to one.
    down, across = ([fmt(v, distinct(axis, u)) for v in axis] for axis, u in axes)
    n, m = grid.shape
    # Whole px: neighbors then share an edge exactly, and no paper shines through.
    height = 28 if n < 6 else 24 if n <= 13 else max(4, 300 // n)
    left = math.ceil(max(map(layout.wide, row_labels))) + 8
    width = max(1, (WIDTH - left - 2) // m)
    drawing = Drawing(height * n, left=left, right=WIDTH - left - width * m, top=22, bottom=36, crisp=True)
    if regions and not np.isin(grid, np.arange(len(regions))).all():
        raise ValueError(f"values must be numbers of regions, from 0 to {len(regions) - 1}")
    texts, symbol = ([""] * grid.size, "") if regions else _cell_texts(grid, unit, width, height)
    bad = -grid if scale == "pnl" else grid
    beyond = (
        np.zeros(grid.shape, dtype=bool) if threshold is None else bad > (-threshold if scale == "pnl" else threshold)
    )

    def told(value: float) -> str:
        return regions[int(value)] if regions else fmt(value, unit)

    def label(i: int, j: int) -> str:
        text = f"{column_title} {across[j]}, {row_title} {down[i]}: {value_title} {told(grid[i, j])}"
        return f"{text}, {threshold_label}" if threshold_label and beyond[i, j] else text

    shown = _shown(m, max(map(layout.wide, column_labels)) + 7, width)
    under = [((j + 0.5) * width, height * n + 4, column_labels[j]) for j in shown]
    under.append((width * m / 2, height * n + 23, column_title))
    drawing.texts(under, MUTED, hangs=True, text_anchor="middle")
    drawing.axis([((i + 0.5) * height, row_labels[i]) for i in _shown(n, 16, height)])
    drawing.texts([(-left, -14, row_title)], MUTED)  # level, so that nobody has to turn their head
    fills = list(_shades(bad, scale))
    cells = [(j * width, i * height, (j + 1) * width, (i + 1) * height, label(i, j)) for i, j in np.ndindex(n, m)]
    drawing.boxes(cells, fills, stroke=PAPER if any(texts) else "")
    if any(texts):
        middles = [((j + 0.5) * width, (i + 0.5) * height) for i, j in np.ndindex(n, m)]
        drawing.texts([(*middle, text) for middle, text in zip(middles, texts, strict=True)], text_anchor="middle")

    def outline(inside: Sequence[NDArray[np.bool_]], color: str) -> None:
        pieces = [piece for each in inside for piece in layout.edges(each)]
        ends = [(x * width, y * height, x2 * width, y2 * height) for x, y, x2, y2 in pieces]
        drawing.rules(ends, color, stroke_width=2, stroke_linecap="square")

    for k, name in enumerate(regions):
        if (grid == k).any():
            outline([grid == k], PAPER)
            i, j = _inmost(grid == k)
            place = ((j + 0.5) * width, (i + 0.5) * height, layout.wrapped(name, 16))
            drawing.texts([place], font_weight=600, text_anchor="middle")
    for name, (xs, ys) in (curves or {}).items():
        runs = _curve(name, xs, ys, columns, rows)
        pixels = [[(x * width, y * height) for x, y in run] for run in runs]
        drawing.lines(*pixels, stroke=INK, stroke_width=1.5, stroke_dasharray="4,3")
    worst = np.argwhere(bad == bad.max()) if mark_worst else np.empty((0, 2))
    outline([beyond, *((np.arange(n)[:, None] == i) & (np.arange(m) == j) for i, j in worst)], INK)
    table = [[name, *(told(value) for value in line)] for name, line in zip(down, grid, strict=True)]
    notes = [key(threshold_label, kind="box")] if beyond.any() and threshold_label else []
    notes += [key(name, kind="limit") for name in curves or {}]
    if not any(texts) and not regions:
        used = dict.fromkeys(fill for _, fill in sorted(zip(grid.flat, fills, strict=True)))
        shades = "".join(f'<i style="background:{fill}"></i>' for fill in used)
        notes.append(f'{fmt(grid.min(), unit)} <span class="pn-scale">{shades}</span> {fmt(grid.max(), unit)}')
    title = value_title + (f", {symbol}" if symbol else "")
    headers = [f"{row_title} \\ {column_title}", *across]
    show_figure(drawing, headers, table, caption, alt, id, title=title, notes=notes)


def _inmost(inside: NDArray[np.bool_]) -> tuple[int, int]:
    """The cell of a region that is farthest from its edge, where its name has most room; a name is wide and low."""
    best, where = -1.0, (0, 0)
    for i, j in np.argwhere(inside).tolist():
        run = next((k for k in range(inside.shape[1]) if not _spans(inside[i], j, k)), inside.shape[1])
        rise = next((k for k in range(inside.shape[0]) if not _spans(inside[:, j], i, k)), inside.shape[0])
        room = min(run, 3 * rise) + 0.01 * (run + rise)
        if room > best:
            best, where = room, (i, j)
    return where


def _spans(line: NDArray[np.bool_], at: int, reach: int) -> bool:
    """Whether a line is inside from `reach` before a place to `reach` behind it."""
    return bool(at - reach >= 0 and at + reach < line.size and line[at - reach : at + reach + 1].all())


def _curve(
    name: str, xs: Any, ys: Any, columns: Sequence[float], rows: Sequence[float]
) -> list[list[tuple[float, float]]]:
    """A line in the units of the axes, over cells whose middles are the values of the axes: its runs on the grid."""
    points = [np.asarray(line, dtype=np.float64) for line in (xs, ys)]
    if points[0].shape != points[1].shape or points[0].ndim != 1 or not np.isfinite(points).all():
        raise ValueError(f"curves[{name!r}] must be two lists of the same length, finite")
    places = []
    for line, axis in zip(points, (columns, rows), strict=True):
        steps = np.asarray(axis, dtype=np.float64)
        rising = steps[-1] >= steps[0]
        if steps.size < 2 or not (np.diff(steps) > 0 if rising else np.diff(steps) < 0).all():
            raise ValueError("curves need axes of at least two values that rise or fall")
        known = np.arange(steps.size) + 0.5
        before, behind = 2 * steps[0] - steps[1], 2 * steps[-1] - steps[-2]  # half a cell more on each side
        stretched, at = np.array([before, *steps, behind]), np.array([-0.5, *known, steps.size + 0.5])
        places.append(np.interp(line, *((stretched, at) if rising else (stretched[::-1], at[::-1]))))
    inside = (places[0] >= 0) & (places[0] <= len(columns)) & (places[1] >= 0) & (places[1] <= len(rows))
    path = zip(*places, inside, strict=True)
    return [[(a, b) for a, b, _ in run] for kept, run in groupby(path, lambda place: bool(place[2])) if kept]


def _shown(count: int, need: float, room: float) -> range:
    """The cells along an axis that get a label: as many as there is room for."""
    fitting = [k for k in range(1, count + 1) if k * room >= need] or [count]
    step = next((k for k in fitting[:4] if (count - 1) % k == 0), fitting[0])  # rather one that ends at the last
    return range(0, count, step)


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

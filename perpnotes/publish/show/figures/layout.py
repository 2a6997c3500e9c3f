"""Where things go in a chart: ticks, the room that a text needs, names that keep out of each other's way.

All of it is computed, nothing measured: measuring depends on the fonts of the machine that builds.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perpnotes.publish.compute.units import exact, fmt, together
from perpnotes.publish.show.figures.svg import FONT, LINE


def edges(inside: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """The line around the cells inside, as long horizontal and vertical pieces."""
    pieces = []
    padded = np.pad(inside, 1)
    for across in (True, False):
        changes = padded[1:, 1:-1] != padded[:-1, 1:-1] if across else (padded[1:-1, 1:] != padded[1:-1, :-1]).T
        for at, run in enumerate(changes):
            ends = np.flatnonzero(np.diff(np.pad(run.astype(np.int64), 1)))
            for a, b in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
                pieces.append((a, at, b, at) if across else (at, a, at, b))
    return pieces


def free(
    name: str,
    value: float,
    positions: NDArray[np.float64],
    series: Any,
    domain: tuple[float, float],
    width: float,
    taken: Sequence[float],
) -> tuple[float, int]:
    """Where the name of a horizontal line is farthest from the series: how far along, 0 to 1; above 1, below -1."""
    need, lift = wide(name) / width + 0.04, (domain[1] - domain[0]) * 0.04
    fine = np.linspace(0.0, 1.0, 101)  # where a series has few points, too
    curves = [np.interp(fine, positions, values) for values in series]

    def room(place: tuple[float, int]) -> float:
        start, side = place
        here = (fine >= start) & (fine <= start + need)
        level = value + side * lift
        if not domain[0] < level < domain[1] or any(start <= x <= start + need for x in taken):
            return -1.0
        away = [curve[here] - level for curve in curves]
        return min(2.0 * lift, *(max(float(each.min()), float(-each.max()), 0.0) for each in away))  # 0 if one crosses

    starts = [0.0, *(k * (1.0 - need) for k in (1.0, 0.25, 0.5, 0.75) if need < 1.0)]
    return max(((start, side) for side in (1, -1) for start in starts), key=room)


def wrapped(text: str, width: int) -> str:
    """`text` in as few lines as `width` allows, about equally long; a word stays whole, and a number with its unit."""

    def lines(width: int) -> list[str]:
        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)

    text = together(text)
    return "\n".join(next(found for k in range(1, width + 1) if len(found := lines(k)) <= len(lines(width))))


def spread(
    ends: Mapping[str, float], names: Mapping[str, str], domain: tuple[float, float], height: float
) -> dict[str, float]:
    """Where to write the names at the ends of lines so that they touch neither each other nor the axis below."""
    unit = (domain[1] - domain[0]) / height
    order = sorted(ends, key=lambda name: ends[name])
    half = {name: (names[name].count("\n") + 1) * (LINE + 1) * unit / 2 for name in order}
    placed = dict(ends)
    for _ in range(50):  # push those that overlap apart, both by half
        for below, above in pairwise(order):
            overlap = placed[below] + half[below] - (placed[above] - half[above])
            if overlap > 0:
                placed[below] -= overlap / 2
                placed[above] += overlap / 2
    floor = domain[0] - (LINE + 1) * unit / 2  # below it are the numbers of the axis
    for name in order:
        placed[name] = max(placed[name], floor + half[name])
        floor = placed[name] + half[name]
    return placed


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round values from `low` to `high`, about `count`."""
    rough = (high - low) / max(count, 2)
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next((k for k in (1.0, 2.0, 2.5, 5.0) if k * power >= rough * 0.9), 10.0)
    first = int(np.ceil(low / step - 1e-9))
    return [round(i * step, 12) for i in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """The same for a logarithmic axis: 1, 2 and 5 times powers of ten where there is room for them, or 1 and 3."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [k * 10.0**p for p in powers for k in steps if low * (1 - 1e-9) <= k * 10.0**p <= high * (1 + 1e-9)]
        if len(ticks) <= 6:
            break
    return ticks if len(ticks) > 1 else [low, high]


def labels(ticks: Sequence[float], unit: str, log: bool = False) -> list[str]:
    """What to write at ticks: with the decimals that all of them need, or on a logarithmic axis each with its own."""
    return [fmt(tick, exact([tick] if log else ticks, unit)) for tick in ticks]


def wide(text: str, *, bold: bool = False) -> float:
    """About how wide the longest line of a text is, in px: for the fonts that readers have, rather too wide."""
    if "\n" in text:
        return max(wide(line, bold=bold) for line in text.split("\n"))
    thin, broad = sum(c in ".,:;'il|!  \u00a0" for c in text), sum(c.isupper() or c in "mw×" for c in text)
    return FONT * (0.58 * len(text) - 0.27 * thin + 0.12 * broad + 0.3 * text.count("%")) * (1.2 if bold else 1.0)


def thinned(x: NDArray[np.float64], y: NDArray[np.float64], near: float) -> NDArray[np.intp]:
    """Which points a line must keep to pass within `near` of all of them; `x` and `y` in px."""
    kept, open_ = {0, x.size - 1}, [(0, x.size - 1)]
    while open_:
        a, b = open_.pop()
        if b - a < 2:
            continue
        inside = slice(a + 1, b)
        run, rise = x[b] - x[a], y[b] - y[a]
        off = np.abs((x[inside] - x[a]) * rise - (y[inside] - y[a]) * run) / np.hypot(run, rise)
        far = int(off.argmax())
        if off[far] > near:
            kept.add(a + 1 + far)
            open_ += [(a, a + 1 + far), (a + 1 + far, b)]
    return np.array(sorted(kept))

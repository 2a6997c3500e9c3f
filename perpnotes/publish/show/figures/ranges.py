"""Uncertainty: one dot for every defensible choice, and ranges over seeds beside ranges over choices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import LOG, key, scaled, show_figure
from perpnotes.publish.show.figures.svg import BASE, INK, LINE, MUTED, PAPER, WIDTH, Drawing

_PLOT = 170.0  # px: the height of the curve above the matrix
_ROW = 15.0  # px: the height of a row of the matrix
_INSET = 6.0  # px: from the names of the rows to the first dot
_OURS = "this article"  # the choice that it reports
_SEEDS = "median and 5–95% over seeds"


def verdict(holds: Any) -> str:
    """In how many choices a claim holds, in words for a caption or a sentence.

    Parameters:
        holds: True or False for each choice, any shape.

    Returns:
        Such as `212 of 240`.

    Raises:
        ValueError: for no choices, or values that are not True or False.

    Examples:
        >>> verdict([2.0 > 1.0, 1.5 > 1.0, 0.7 > 1.0])
        '2 of 3'
    """
    kept = np.asarray(holds)
    if kept.dtype != np.bool_ or not kept.size:
        raise ValueError(f"holds must be True or False for each of at least one choice, got {kept.dtype} {kept.shape}")
    return f"{fmt(int(kept.sum()), 'count')} of {fmt(kept.size, 'count')}"


def specification(
    choices: Mapping[str, Sequence[Any]],
    values: Any,
    holds: Any,
    *,
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,
    published: int | None = None,
    rules: Mapping[str, float] | None = None,
    log: bool = False,
    words: tuple[str, str] = ("claim holds", "claim fails"),
) -> None:
    """Show a result under every defensible choice: a dot each, sorted, and below it which choices they are.

    Parameters:
        choices: what had to be chosen, to the choice (a text) for each of `n` results, 2 to 400. Leave out what
            cannot be.
        values: the results, shape `(n,)`, in any order.
        holds: whether the claim holds in each, shape `(n,)`, True or False. It is counted above the figure; `verdict`
            says it in a sentence.
        title: what a result is.
        unit: its unit (see `units`).
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        published: which of them the article reports, from 0.
        rules: horizontal lines, name to value.
        log: logarithmic axis.
        words: what it is called that the claim holds, and that it does not, where other words are plainer.

    Raises:
        ValueError: for a wrong shape, a value that is not finite, too many choices, or a text that is missing.
    """
    results = np.asarray(values, dtype=np.float64)
    count = results.size
    if results.ndim != 1 or not 2 <= count <= 400 or not np.isfinite(results).all():
        raise ValueError(f"values must be 2 to 400 finite numbers in a row, got shape {results.shape}")
    kept = np.asarray(holds)
    if kept.dtype != np.bool_ or kept.shape != results.shape:
        raise ValueError(f"holds must be True or False for each value, got {kept.dtype} {kept.shape}")
    if not choices or any(len(chosen) != count for chosen in choices.values()):
        raise ValueError(f"choices must have a text for each of {count} values")
    if published is not None and not 0 <= published < count:
        raise ValueError(f"published must be from 0 to {count - 1}, got {published}")
    order = np.argsort(results, kind="stable")
    levels = [(name, level) for name, chosen in choices.items() for level in dict.fromkeys(map(str, chosen))]
    if len(levels) > 32:
        raise ValueError(f"choices must have at most 32 levels together, got {len(levels)}")

    part_of, ticks = scaled([*results.tolist(), *(rules or {}).values()], log)
    tick_labels = layout.labels(ticks, unit, log)
    names = {level: layout.wrapped(level[1], 22).replace("\n", " ") for level in levels}
    shares = {level: _among(choices, level) for level in levels}
    counted = {level: f"{(kept & inside).sum()}/{inside.sum()}" for level, inside in shares.items()}
    left = max(map(layout.wide, [*tick_labels, *names.values()])) + 10
    right = max(map(layout.wide, counted.values())) + 8
    at = _PLOT + 8
    rows: dict[tuple[str, str], float] = {}  # where each level of the matrix stands
    heads = []
    for name, group in groupby(levels, key=lambda level: level[0]):
        heads.append((-left, at + _ROW / 2, name))
        for level in group:
            at += _ROW
            rows[level] = at + _ROW / 2
        at += _ROW + 3
    drawing = Drawing(at, left=left, right=right, top=16, bottom=4)
    width = drawing.width
    free = width - _INSET
    pitch = math.floor(free / count * 10) / 10 or free / count  # coordinates repeat, which makes a page lighter

    def to_px(value: float) -> float:
        return _PLOT * (1.0 - part_of(value))

    x = _INSET + pitch * np.arange(0.5, count)
    px = np.array([to_px(value) for value in results[order]])
    drawing.axis([*zip(map(to_px, ticks), tick_labels, strict=True), *((y, names[level]) for level, y in rows.items())])
    drawing.rules([(0, y, width, y) for y in (*map(to_px, ticks), *rows.values())])
    rank = {int(i): k for k, i in enumerate(order)}
    taken = [] if published is None else [x[rank[published]] / width]  # by the line that goes down from it
    for name, value in (rules or {}).items():
        y = to_px(value)
        part, side = layout.free(name, -y, x / width, [-px], (-_PLOT, 0.0), width, taken)
        drawing.rules([(0, y, width, y)], INK, stroke_dasharray="3,3")
        drawing.texts([(part * width + 3, y - 8 * side, name)])
    drawing.texts(heads, font_weight=600)
    for level, y in rows.items():
        for state, color, half in ((True, BASE, 4.5), (False, MUTED, 1.5)):
            runs = _runs((shares[level] & (kept == state))[order])
            boxes = [((a, y - half), (b, y - half), (b, y + half), (a, y + half)) for a, b in _INSET + pitch * runs]
            drawing.lines(*boxes, closed=True, fill=color)
    drawing.texts([(width + right, y, counted[level]) for level, y in rows.items()], MUTED, text_anchor="end")
    places = {i: f"{k + 1}" + (f", {_OURS}" if i == published else "") for i, k in rank.items()}
    if published is not None:
        at_x, y = x[rank[published]], px[rank[published]]
        drawing.rules([(at_x, y, at_x, drawing.height)], INK)
        drawing.dots([(at_x, y, "")], 5.2, stroke=INK, stroke_width=2)
        # The curve rises: what is above and left of a dot is free, and so is what is below and right of it.
        early = at_x < layout.wide(_OURS) + 12
        place = (at_x + 8, y + 11, _OURS) if early else (at_x - 6, y - 12, _OURS)
        drawing.texts([place], font_weight=600, text_anchor="" if early else "end")

    def said(i: int) -> str:
        return f"{places[i]}: {title} {fmt(results[i], unit)}, {words[not kept[i]]}"

    for state, color in ((True, BASE), (False, MUTED)):
        dots = [(x[k], px[k], said(int(i))) for k, i in enumerate(order) if kept[i] == state]
        radius, filled = 3.2 if count <= 60 else 2.3, "" if state else 0
        drawing.dots(dots, radius, fill=color, fill_opacity=filled, stroke=color, stroke_width=1.2)
    headers = ["Rank", title, "Verdict", *choices]
    table = [
        [
            places[int(i)],
            fmt(results[i], unit),
            words[not kept[i]],
            *(str(chosen[i]) for chosen in choices.values()),
        ]
        for k, i in enumerate(order)
    ]
    notes = [key(f"{words[0]} in {verdict(kept)}", BASE)]
    if not kept.all():
        notes.append(key(f"{words[1]} in {fmt(int((~kept).sum()), 'count')}", MUTED))
    numeric = [False, True, *[False] * (1 + len(choices))]
    show_figure(drawing, headers, table, caption, alt, id, title=title + LOG * log, notes=notes, numeric=numeric)


def intervals(
    *,
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,
    seeds: Mapping[str, Sequence[float]] | None = None,
    choices: Mapping[str, Sequence[float]] | None = None,
    choices_title: str = "range over choices",
    rules: Mapping[str, float] | None = None,
    log: bool = False,
) -> None:
    """Show ranges below each other. One over seeds is a probability, one over choices is none: they are drawn apart.

    Parameters:
        title: what the results are.
        unit: their unit (see `units`).
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        seeds: name to low, middle and high over random draws; a thick bar. At least one of these two.
        choices: name to low, published and high over choices; a thin line with an open dot. What has a name of `seeds`
            stands below that.
        choices_title: what the three numbers over choices are.
        rules: vertical lines, name to value, such as the value of no effect.
        log: logarithmic axis.

    Raises:
        ValueError: for no ranges, one that does not rise or is not finite, or a text that is missing.
    """
    kinds = (("seeds", _SEEDS, seeds or {}), ("choices", choices_title, choices or {}))
    names = list(dict.fromkeys(name for _, _, ranges in kinds for name in ranges))
    if not names:
        raise ValueError("seeds and choices must not both be empty")
    for argument, _, ranges in kinds:
        for name, ends in ranges.items():
            low_mid_high = np.asarray(ends, dtype=np.float64)
            rising = low_mid_high.shape == (3,) and (np.diff(low_mid_high) >= 0).all()
            if not rising or not np.isfinite(low_mid_high).all():
                raise ValueError(f"{argument}[{name!r}] must be low, middle and high, rising, got {ends}")
    every = [float(v) for _, _, ranges in kinds for ends in ranges.values() for v in ends]
    part_of, ticks = scaled([*every, *(rules or {}).values()], log)
    tick_labels = layout.labels(ticks, unit, log)
    labels = {name: layout.wrapped(name, 18) for name in names}
    middles = [fmt(ends[1], unit) for _, _, ranges in kinds for ends in ranges.values()]
    left = max(map(layout.wide, labels.values())) + 10
    right = max(layout.wide(tick_labels[-1]) / 2, *(layout.wide(text) + 10 for text in ["circle", *middles]))
    width = WIDTH - math.ceil(left) - math.ceil(right)
    if width / len(ticks) < max(map(layout.wide, tick_labels)) + 8:
        ticks, tick_labels = ticks[::2], tick_labels[::2]

    def to_px(value: float) -> float:
        return width * part_of(value)

    marks: dict[str, list[tuple[float, list[float], str, str]]] = {"seeds": [], "choices": []}
    centers: list[float] = []
    at = 18.0
    for name in names:
        present = [kind for kind in kinds if name in kind[2]]
        tall = max(15.0 * len(present), LINE * (labels[name].count("\n") + 1)) + 7
        centers.append(at + tall / 2)
        for k, (argument, what, ranges) in enumerate(present):
            low, middle, high = (fmt(v, unit) for v in ranges[name])
            y = centers[-1] + 15.0 * (k - (len(present) - 1) / 2)
            label = f"{name}: {title} {middle} ({low} to {high}), {what}"
            marks[argument].append((y, [to_px(float(v)) for v in ranges[name]], middle, label))
        at += tall
    drawing = Drawing(at, left=left, right=right, top=4, bottom=20)
    drawing.rules([(to_px(tick), 0, to_px(tick), at) for tick in ticks])
    under = [(to_px(tick), at + 4, label) for tick, label in zip(ticks, tick_labels, strict=True)]
    drawing.texts(under, MUTED, hangs=True, text_anchor="middle")
    drawing.axis(zip(centers, labels.values(), strict=True), INK)
    for name, value in (rules or {}).items():
        x, late = to_px(value), part_of(value) > 0.5
        drawing.rules([(x, 0, x, at)], INK, stroke_dasharray="3,3")
        drawing.texts([(x - 4 if late else x + 4, 6, name)], text_anchor="end" if late else "")
    # The ends of a range over choices are closed: nothing is beyond them.
    drawing.rules([(x, y - 4, x, y + 4) for y, (low, _, high), *_ in marks["choices"] for x in (low, high)], INK)
    for argument, color, fill, thick in (
        ("seeds", BASE, BASE, {"stroke_width": 5, "stroke_opacity": 0.45}),
        ("choices", INK, PAPER, {}),
    ):
        own = marks[argument]
        drawing.rules([(low, y, high, y) for y, (low, _, high), *_ in own], color, **thick)
        dots = [(middle, y, label) for y, (_, middle, _), _, label in own]
        drawing.dots(dots, 3.7, fill=fill, stroke=color, stroke_width=1.5)
    numbers = [(width + right, y, text) for own in marks.values() for y, _, text, _ in own]
    drawing.texts(numbers, text_anchor="end")
    drawing.texts([(width + right, 6, "circle")], MUTED, text_anchor="end")
    table = [
        [name, what, *(fmt(v, unit) for v in ranges[name])]
        for name in names
        for _, what, ranges in kinds
        if name in ranges
    ]
    notes = [key(what, kind=argument) for argument, what, ranges in kinds if ranges]
    show_figure(
        drawing, ["Result", "Range", "Low", "Middle", "High"], table, caption, alt, id,
        title=title + LOG * log, notes=notes, numeric=[False, False, True, True, True],
    )  # fmt: skip


def _among(choices: Mapping[str, Sequence[Any]], level: tuple[str, str]) -> NDArray[np.bool_]:
    """Which results were computed with a level of a choice."""
    return np.array([str(text) == level[1] for text in choices[level[0]]])


def _runs(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Begin and end of each run of places that are inside."""
    return np.flatnonzero(np.diff(np.pad(inside.astype(np.int64), 1))).reshape(-1, 2)

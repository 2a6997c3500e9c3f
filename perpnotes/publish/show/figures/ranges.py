"""Uncertainty: one dot for every defensible choice, and ranges over seeds beside ranges over choices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

import altair as _alt
import numpy as np
from numpy.typing import NDArray

from perpnotes.publish.compute.units import exact, fmt
from perpnotes.publish.show.figures import layout, svg
from perpnotes.publish.show.figures.frame import axis_of, chart_of, framed, px_axis, scaled, show_figure
from perpnotes.publish.show.figures.svg import BASE, BREACH, INK, MUTED, PAPER, RULE, WIDTH

_PLOT = 170.0  # px: the height of the curve above the matrix
_ROW = 15.0  # px: the height of a row of the matrix
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
    tick_labels = [fmt(tick, exact([tick] if log else ticks, unit)) for tick in ticks]
    names = {level: layout.wrapped(level[1], 22).replace("\n", " ") for level in levels}
    shares = {level: _among(choices, level) for level in levels}
    counted = {level: f"{(kept & inside).sum()}/{inside.sum()}" for level, inside in shares.items()}
    left = max(map(layout.wide, [*tick_labels, *names.values()])) + 10
    right = max(map(layout.wide, counted.values())) + 8
    width = WIDTH - math.ceil(left) - math.ceil(right)
    pitch = math.floor(width / count * 10) / 10 or width / count  # coordinates repeat, which makes a page lighter
    across = width / pitch  # choices that there is room for

    rows: list[tuple[float, str]] = []  # where each level of the matrix stands
    heads: list[dict[str, Any]] = []
    at = _PLOT + 8
    for name, group in groupby(levels, key=lambda level: level[0]):
        heads.append({"x": -left / pitch, "y": at + _ROW / 2, "name": name})
        at += _ROW
        for level in group:
            rows.append((at + _ROW / 2, names[level]))
            at += _ROW
        at += 3
    height = at

    def to_px(value: float) -> float:
        return _PLOT * (1.0 - part_of(value))

    tick_px = [to_px(tick) for tick in ticks]
    marked, said_there = [*tick_px, *(y for y, _ in rows)], [*tick_labels, *(name for _, name in rows)]
    y_axis = px_axis(_alt.Y, height, axis_of(marked, said_there, grid=False, domain=False, ticks=False))
    x_axis = px_axis(_alt.X, across)
    middles = np.arange(0.5, count)
    px = np.array([to_px(value) for value in results[order]])

    def level_rule(y: float, color: str, **options: Any) -> Any:
        return chart_of([{"y": y}]).mark_rule(aria=False, color=color, **options).encode(y=y_axis)

    layers: list[Any] = [level_rule(y, RULE) for y in tick_px]
    for name, value in (rules or {}).items():
        y = to_px(value)
        part, side = layout.free(name, -y, middles / across, [-px], (-_PLOT, 0.0), width, ())
        at_rule = chart_of([{"x": part * across, "y": y - 8 * side, "name": name}])
        layers.append(level_rule(y, INK, strokeDash=[3, 3]))
        layers.append(
            at_rule.mark_text(aria=False, align="left", dx=3, color=INK).encode(x=x_axis, y=y_axis, text="name:N")
        )
    head = chart_of(heads).mark_text(aria=False, align="left", color=INK, fontWeight=600)
    layers.append(head.encode(x=x_axis, y=y_axis, text="name:N"))
    for level, (y, _) in zip(levels, rows, strict=True):
        layers.append(level_rule(y, RULE))
        for state, color, half in ((True, BASE, 4.5), (False, BREACH, 2.5)):
            if runs := _runs((shares[level] & (kept == state))[order], y, half):
                area = chart_of(runs).mark_area(aria=False, color=color)
                layers.append(area.encode(x=x_axis, y=y_axis, y2="y2:Q"))
    tally = chart_of(
        [{"x": across, "y": y, "name": counted[level]} for level, (y, _) in zip(levels, rows, strict=True)]
    )
    layers.append(
        tally.mark_text(aria=False, align="right", dx=right, color=MUTED).encode(x=x_axis, y=y_axis, text="name:N")
    )
    rank = {int(i): k for k, i in enumerate(order)}
    places = {i: f"{k + 1}" + (", published" if i == published else "") for i, k in rank.items()}
    if published is not None:
        x, y = rank[published] + 0.5, float(px[rank[published]])
        line = chart_of([{"x": x, "y": y, "y2": height}])
        layers.append(line.mark_rule(aria=False, color=INK).encode(x=x_axis, y=y_axis, y2="y2:Q"))
        ring = line.mark_circle(aria=False, fillOpacity=0, stroke=INK, strokeWidth=2, size=110, opacity=1)
        layers.append(ring.encode(x=x_axis, y=y_axis))
        # The curve rises: what is above and left of a dot is free, and so is what is below and right of it.
        early = x * pitch < layout.wide("published") + 12
        beside: dict[str, Any] = (
            {"align": "left", "dx": 8, "dy": 9} if early else {"align": "right", "dx": -6, "dy": -9}
        )
        text = chart_of([{"x": x, "y": y, "name": "published"}]).mark_text(
            aria=False, color=INK, fontWeight=600, **beside
        )
        layers.append(text.encode(x=x_axis, y=y_axis, text="name:N"))

    def said(i: int) -> str:
        return f"{places[i]}: {title} {fmt(results[i], unit)}, {'holds' if kept[i] else 'fails'}"

    size = 40 if count <= 60 else 22
    for state, color in ((True, BASE), (False, BREACH)):
        dots = [
            {"x": k + 0.5, "y": float(px[k]), "label": said(int(i))} for k, i in enumerate(order) if kept[i] == state
        ]
        if dots:
            mark = chart_of(dots).mark_circle(
                size=size, opacity=1, color=color, stroke=color, strokeWidth=1.2, fillOpacity=1 if state else 0
            )
            layers.append(mark.encode(x=x_axis, y=y_axis, description="label:N"))
    headers = ["Rank", title, "Claim", *choices]
    table = [
        [
            places[int(i)],
            fmt(results[i], unit),
            "holds" if kept[i] else "fails",
            *(str(chosen[i]) for chosen in choices.values()),
        ]
        for k, i in enumerate(order)
    ]
    key = f'<i style="background:{svg.COLORS[BASE]}"></i> holds in {verdict(kept)}'
    if not kept.all():
        key += f', <i style="background:{svg.COLORS[BREACH]}"></i> fails in {fmt(int((~kept).sum()), "count")}'
    show_figure(
        framed(layers, left=left, right=right, top=8, bottom=4, height=height),
        headers, table, caption, alt, id, notes=[escape(title, quote=False), key],
        numeric=[False, True, *[False] * (1 + len(choices))],
    )  # fmt: skip


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
    tick_labels = [fmt(tick, exact([tick] if log else ticks, unit)) for tick in ticks]
    labels = {name: layout.wrapped(name, 18) for name in names}
    middles = [fmt(ends[1], unit) for _, _, ranges in kinds for ends in ranges.values()]
    left = max(layout.wide(line) for label in labels.values() for line in label.split("\n")) + 10
    right = max(layout.wide(tick_labels[-1]) / 2, *(layout.wide(text) + 10 for text in middles))
    width = WIDTH - left - right
    if width / len(ticks) < max(map(layout.wide, tick_labels)) + 8:
        ticks, tick_labels = ticks[::2], tick_labels[::2]

    def to_px(value: float) -> float:
        return width * part_of(value)

    marks: list[dict[str, Any]] = []
    centers: list[float] = []
    at = 18.0 if rules else 4.0
    for name in names:
        present = [kind for kind in kinds if name in kind[2]]
        tall = max(15.0 * len(present), layout.LINE * (labels[name].count("\n") + 1)) + 7
        centers.append(at + tall / 2)
        for k, (argument, what, ranges) in enumerate(present):
            low, middle, high = map(float, ranges[name])
            span = f"{fmt(middle, unit)} ({fmt(low, unit)} to {fmt(high, unit)})"
            marks.append({
                "kind": argument, "y": centers[-1] + 15.0 * (k - (len(present) - 1) / 2), "x": to_px(middle),
                "x1": to_px(low), "x2": to_px(high), "text": fmt(middle, unit),
                "label": f"{name}: {title} {span}, {what}",
            })  # fmt: skip
        at += tall
    plain: dict[str, Any] = {"domain": False, "ticks": False}
    inked = axis_of(centers, [*labels.values()], grid=False, **plain, labelColor=INK, labelLineHeight=layout.LINE)
    y_axis = px_axis(_alt.Y, at, inked)
    x_axis = px_axis(_alt.X, width, axis_of([to_px(tick) for tick in ticks], tick_labels, grid=True, **plain))
    layers: list[Any] = []
    for name, value in (rules or {}).items():
        line = chart_of([{"x": to_px(value), "y": 6, "name": name}])
        late = part_of(value) > 0.5
        beside: dict[str, Any] = {"align": "right", "dx": -4} if late else {"align": "left", "dx": 4}
        layers.append(line.mark_rule(aria=False, color=INK, strokeDash=[3, 3]).encode(x=x_axis))
        layers.append(line.mark_text(aria=False, color=INK, **beside).encode(x=x_axis, y=y_axis, text="name:N"))
    for argument, color in (("seeds", BASE), ("choices", INK)):
        own = [mark for mark in marks if mark["kind"] == argument]
        if not own:
            continue
        solid = argument == "seeds"
        bar = [{"x": m["x1"], "x2": m["x2"], "y": m["y"]} for m in own]
        if not solid:  # its ends are closed: nothing is beyond them
            caps = [{"x": m[end], "y": m["y"] - 4, "y2": m["y"] + 4} for m in own for end in ("x1", "x2")]
            layers.append(chart_of(caps).mark_rule(aria=False, color=color).encode(x=x_axis, y=y_axis, y2="y2:Q"))
        thick: dict[str, Any] = {"strokeWidth": 5, "strokeOpacity": 0.45} if solid else {"strokeWidth": 1}
        ranged = chart_of(bar).mark_rule(aria=False, color=color, **thick)
        layers.append(ranged.encode(x=x_axis, x2="x2:Q", y=y_axis))
        dots = chart_of(own).mark_circle(
            size=55, opacity=1, color=color if solid else PAPER, stroke=color, strokeWidth=1.5, fillOpacity=1
        )
        layers.append(dots.encode(x=x_axis, y=y_axis, description="label:N"))
    numbers = chart_of([{"x": width, "y": m["y"], "name": m["text"]} for m in marks])
    layers.append(
        numbers.mark_text(aria=False, align="right", dx=right, color=INK).encode(x=x_axis, y=y_axis, text="name:N")
    )
    table = [
        [name, what, *(fmt(v, unit) for v in ranges[name])]
        for name in names
        for _, what, ranges in kinds
        if name in ranges
    ]
    notes = [escape(title, quote=False)]
    if seeds:
        notes.append(f'<i class="pn-seeds"></i> {escape(_SEEDS, quote=False)}')
    if choices:
        notes.append(f'<i class="pn-choices"></i> {escape(choices_title, quote=False)}')
    show_figure(
        framed(layers, left=left, right=right, top=4, bottom=20, height=at),
        ["Result", "Range", "Low", "Middle", "High"], table, caption, alt, id, notes=notes,
        numeric=[False, False, True, True, True],
    )  # fmt: skip


def _among(choices: Mapping[str, Sequence[Any]], level: tuple[str, str]) -> NDArray[np.bool_]:
    """Which results were computed with a level of a choice."""
    return np.array([str(text) == level[1] for text in choices[level[0]]])


def _runs(inside: NDArray[np.bool_], y: float, half: float) -> list[dict[str, Any]]:
    """Boxes over the runs of places that are inside, as one path: a gap ends each."""
    ends = np.flatnonzero(np.diff(np.pad(inside.astype(np.int64), 1)))
    points: list[dict[str, Any]] = []
    for a, b in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        points += [{"x": x, "y": y - half, "y2": y + half} for x in (a, b)] + [{"x": b, "y": None, "y2": None}]
    return points

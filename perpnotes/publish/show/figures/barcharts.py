"""Signed amounts below each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from html import escape
from typing import Any, Literal

import altair as _alt

from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import axis_of, chart_of, fill_of, framed, show_figure
from perpnotes.publish.show.figures.svg import GAIN, INK, LOSS, MUTED, PLAIN, WIDTH


def bars(
    values: Mapping[str, float],
    *,
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,
    scale: Literal["pnl", "loss", "plain"] = "pnl",
    total: str = "",
    waterfall: bool = False,
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
        waterfall: each bar begins where the one above it ends, so that one sees how they add up to `total`.

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
    ends = list(itertools.accumulate(values.values(), initial=0.0)) if waterfall else [0.0] * (len(values) + 1)
    starts = dict(zip(amounts, [*ends[: len(values)], 0.0], strict=False))
    every = [value + starts[name] for name, value in amounts.items()]
    sides = (
        [[v for v in amounts.values() if v < 0], [v for v in amounts.values() if v >= 0]]
        if waterfall
        else [[v for v in every if v < 0], [v for v in every if v >= 0]]
    )
    beside = [max((layout.wide(fmt(v, unit)) for v in side), default=0.0) + (14 if waterfall else 8) for side in sides]
    low, high = min(0.0, *every), max(0.0, *every)
    pixels = (high - low or 1.0) / max(WIDTH - left - sum(beside), 60.0)  # what a px is worth
    domain = [low - beside[0] * pixels, high + beside[1] * pixels]
    step = 28 + 12 * max(name.count("\n") for name in names.values())
    above, below = {"pnl": (GAIN, LOSS), "loss": (LOSS, GAIN), "plain": (PLAIN, PLAIN)}[scale]
    rows: list[dict[str, Any]] = [
        {
            "y": i + 0.5, "y1": i + 0.5 - 8 / step, "y2": i + 0.5 + 8 / step,
            "value": starts[name] + value, "zero": starts[name], "text": texts[name],
            "fill": MUTED if name == total else above if value >= 0 else below,
            "label": f"{name}: {title} {texts[name]}",
        }
        for i, (name, value) in enumerate(amounts.items())
    ]  # fmt: skip
    middles = [row["y"] for row in rows]
    y_axis = axis_of(
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
    boxes = chart_of(rows).mark_rect().encode(
        x=x, x2="zero:Q", y=y1, y2="y2:Q", fill=fill_of("fill"), description="label:N"
    )  # fmt: skip
    layers: list[Any] = [boxes]
    if waterfall:
        steps = [{"value": row["value"], "y": row["y2"], "y2": below["y1"]} for row, below in itertools.pairwise(rows)]
        link = chart_of(steps).mark_rule(aria=False, color=MUTED)
        layers.append(link.encode(x=x, y=y, y2="y2:Q"))
    backward = "datum.value < datum.zero"
    beyond = {"align": _alt.expr(f"{backward} ? 'right' : 'left'"), "dx": _alt.expr(f"{backward} ? -4 : 4")}
    numbers = chart_of(rows).mark_text(aria=False, color=INK, **beyond)
    layers.append(numbers.encode(x=x, y=y, text="text:N"))
    layers.append(chart_of([{"value": 0.0}]).mark_rule(aria=False, color=INK).encode(x=x))
    table = [[name, texts[name]] for name in amounts]
    show_figure(
        framed(layers, left=left, right=0, top=4, bottom=4, height=step * len(rows)),
        ["Part", title], table, caption, alt, id, notes=[escape(title, quote=False)],
    )  # fmt: skip

"""Signed amounts below each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Literal

from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import show_figure
from perpnotes.publish.show.figures.svg import GAIN, INK, LOSS, MUTED, PLAIN, Drawing


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
    left = max(map(layout.wide, names.values())) + 10
    ends = [*itertools.accumulate(values.values(), initial=0.0)][: len(values)] if waterfall else [0.0] * len(values)
    spans = {name: (start, start + value) for (name, value), start in zip(amounts.items(), [*ends, 0.0], strict=False)}
    beside = [  # the room that numbers need on the side of losses, and on that of gains
        max((layout.wide(texts[name]) for name, value in amounts.items() if (value < 0) == loss), default=0.0)
        + (14 if waterfall else 8)
        for loss in (True, False)
    ]
    low, high = (bound(0.0, *(end for span in spans.values() for end in span)) for bound in (min, max))
    step = 28 + 12 * max(name.count("\n") for name in names.values())
    drawing = Drawing(step * len(amounts), left=left + beside[0], right=beside[1], top=4, bottom=4)

    def right_of(value: float) -> float:
        return (value - low) / (high - low or 1.0) * drawing.width

    middles = {name: (i + 0.5) * step for i, name in enumerate(amounts)}
    drawing.texts([(-4 - beside[0], middles[name], text) for name, text in names.items()], text_anchor="end")
    above, below = {"pnl": (GAIN, LOSS), "loss": (LOSS, GAIN), "plain": (PLAIN, PLAIN)}[scale]
    for name, value in amounts.items():
        left_end, right_end = sorted(map(right_of, spans[name]))
        x, y = right_of(spans[name][1]), middles[name]
        color = MUTED if name == total else above if value >= 0 else below
        drawing.boxes([(left_end, y - 8, right_end, y + 8, f"{name}: {title} {texts[name]}")], fill=color)
        if waterfall and y + step < drawing.height:
            drawing.rules([(x, y + 8, x, y + step - 8)], MUTED)
        drawing.texts([(x, y, texts[name])], dx=-5 if value < 0 else 5, text_anchor="end" if value < 0 else "")
    drawing.rules([(right_of(0.0), 0, right_of(0.0), drawing.height)], INK)
    table = [[name, texts[name]] for name in amounts]
    show_figure(drawing, ["Part", title], table, caption, alt, id, title=title)

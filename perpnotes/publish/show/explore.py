"""A figure with a slider: every frame is computed while the page is built, by the same code as the first.

The page gets the figure at its starting value and, for the other values, only what changes. `figures.js` puts that in
place; without it the starting figure and its table remain.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from perpnotes.publish.compute.outputs import Output, collect, remembered, show
from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show.figures import svg

LIMIT = 6_500
"""Bytes that the frames of one figure may take in the page, compressed; with the script it is less than 10 kB."""


def explore(draw: Callable[[Any], str], values: Sequence[float], *, start: float, name: str, unit: str) -> None:
    """Show the figure that `draw` draws, with a slider over `values`.

    Parameters:
        draw: called with each of `values`. Shows one figure, always with the same id, caption, axes and number of marks
            (give `lines` and `bars` a `room`), and returns what this value means for the reader, in at most 95
            characters: it stands under the slider, on two lines of a phone, and is announced to who sees no figure.
        values: 3 to 25, rising.
        start: the one that is shown first, and the only one without scripts and on paper.
        name: what the slider moves.
        unit: of the values (see `units`).

    Raises:
        ValueError: for values that do not rise, a `start` that is not among them, a `draw` that shows anything but one
            figure or says nothing, frames that differ in more than their values, or more than a page can carry.
    """
    steps = [float(value) for value in values]
    if not 3 <= len(steps) <= 25 or any(a >= b for a, b in pairwise(steps)):
        raise ValueError(f"values must be 3 to 25 that rise, got {list(values)}")
    if float(start) not in steps:
        raise ValueError(f"start must be one of the values, got {start}")
    first = steps.index(float(start))
    frames, said = zip(*(_frame(draw, value, values[-1]) for value in values), strict=True)
    labels = [fmt(value, unit) for value in values]
    base: Output = frames[first]
    for label, frame in zip(labels, frames, strict=True):
        for part in ("id", "caption", "axes", "headers"):
            if frame.data[part] != base.data[part]:
                more = " (lines and bars take a room)" if part == "axes" else ""
                raise ValueError(f"frames must have one and the same {part}{more}; at {label} it differs")
    slots, lists = _changes([_parts(frame) for frame in frames], labels)
    stored = {"label": labels, "say": said, "alt": [f.data["alt"] for f in frames], "of": lists, "at": slots}
    script = json.dumps(stored, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    if (size := len(zlib.compress(script.encode(), 9))) > LIMIT:
        raise ValueError(f"frames must take at most {LIMIT} bytes, compressed, got {size}: fewer values or points")
    figure = base.data["id"]
    slider = (
        f'<div class="pn-slider"><label for="{figure}-slider">{escape(name, quote=False)}</label>'
        f'<input type="range" id="{figure}-slider" max="{len(steps) - 1}" value="{first}" autocomplete="off"'
        f' aria-valuetext="{escape(labels[first])}">'
        f'<output for="{figure}-slider">{escape(labels[first], quote=False)}</output></div>'
        f'<p class="pn-said" aria-live="polite">{escape(said[first], quote=False)}</p>'
        f'<script type="application/json">{script}</script>'
    )
    data = dict(base.data) | {
        "slider": name,
        "start": labels[first],
        "frames": [
            {"value": label, "say": text, "alt": frame.data["alt"], "rows": frame.data["rows"]}
            for label, text, frame in zip(labels, said, frames, strict=True)
        ],
    }
    show(
        replace(
            base,
            content=base.content.replace('<div class="pn-head">', slider + '<div class="pn-head">', 1),
            text="\n".join([base.text, *(f"{name} {label}: {text}" for label, text in zip(labels, said, strict=True))]),
            data=data,
        )
    )


def _frame(draw: Callable[[Any], str], value: float, last: float) -> tuple[Output, str]:
    before = dict(remembered)
    with collect() as shown:
        said = draw(value)
    if value != last:  # every frame gives its names the colors that the first one gives
        remembered.clear()
        remembered.update(before)
    if len(shown) != 1 or shown[0].kind != "figure":
        raise ValueError(f"draw must show one figure, at {value:g} it shows {[d.kind for d in shown]}")
    if not isinstance(said, str) or not 0 < len(said.strip()) <= 95:
        raise ValueError(f"draw must return a sentence of at most 95 characters, at {value:g} it returns {said!r}")
    return shown[0], said


def _parts(frame: Output) -> list[tuple[str, dict[str, str]]]:
    """Every element that may change, as `figures.js` counts them: shapes and texts, then the cells of the table.

    Each has the attributes of the groups around it, too: what a group says depends on whether all in it agree.
    """
    parts: list[tuple[str, dict[str, str]]] = []

    def walk(element: ElementTree.Element, outer: dict[str, str]) -> None:
        for child in element:
            group = child.tag.endswith("}g")
            own = outer | {k: v for k, v in child.attrib.items() if not group or k in svg.INHERITED}
            if not group:
                parts.append((child.tag, own if len(child) else own | {"": child.text or ""}))
            walk(child, {k: v for k, v in own.items() if k in svg.INHERITED})

    drawing = re.search("<svg.*</svg>", frame.content, re.DOTALL)
    walk(ElementTree.fromstring(drawing[0] if drawing else "<svg/>"), {})  # noqa: S314  (we drew it)
    return parts + [("td", {"": cell}) for row in frame.data["rows"] for cell in row[1:]]


def _changes(
    frames: Sequence[list[tuple[str, dict[str, str]]]], labels: Sequence[str]
) -> tuple[list[tuple[int, str, int, int, int]], list[tuple[str, ...]]]:
    """Where something changes, and to what.

    A place is an element, an attribute (empty for its text), how much of it is kept at the beginning and at the end,
    and the number of the list that has, for each frame, what stands between. A value that is in a label, in a cell and
    in the table is one list.
    """
    for label, frame in zip(labels, frames, strict=True):
        if [tag for tag, _ in frame] != [tag for tag, _ in frames[0]]:
            raise ValueError(f"frames must have the same marks; at {label} some are missing or new")
    places: list[tuple[int, str, int, int, int]] = []
    lists: dict[tuple[str, ...], int] = {}
    for element, same in enumerate(zip(*frames, strict=True)):
        for name in sorted({name for _, names in same for name in names}):
            texts = [names.get(name, svg.DEFAULTS.get(name, "")) for _, names in same]
            if len(set(texts)) == 1:
                continue
            # What may be said by a group, or not at all, is written anew.
            head, tail = (0, 0) if name in svg.INHERITED | svg.DEFAULTS.keys() else _common(texts)
            between = tuple(text[head : len(text) - tail] for text in texts)
            places.append((element, name, head, tail, lists.setdefault(between, len(lists))))
    return places, list(lists)


def _common(texts: Sequence[str]) -> tuple[int, int]:
    """How many characters all have in common at the beginning, and then at the end."""
    head = _alike(texts)
    return head, _alike([text[head:][::-1] for text in texts])


def _alike(texts: Sequence[str]) -> int:
    lowest, highest = min(texts), max(texts)  # what these two begin with, all between them do
    return next((i for i, pair in enumerate(zip(lowest, highest, strict=False)) if len(set(pair)) > 1), len(lowest))

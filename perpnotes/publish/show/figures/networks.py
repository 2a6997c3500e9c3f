"""Who acts on whom: nodes, and arrows between them as wide as what flows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show.figures import colors as palette
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import show_figure
from perpnotes.publish.show.figures.svg import BREACH, INK, LINE, MUTED, PAPER, WIDTH, Drawing

_RADIUS = 9.0  # px: a node, with its rim


def network(
    nodes: Mapping[str, tuple[float, float]] | Sequence[str],
    edges: Sequence[tuple[str, str, float]],
    *,
    title: str,
    unit: str,
    caption: str,
    alt: str,
    id: str,
    colors: Mapping[str, str] | None = None,
    loop: Sequence[str] = (),
) -> None:
    """Show nodes and the edges between them; an edge is as wide as its weight.

    Parameters:
        nodes: names to places, each 0 to 1 across and 0 to 1 up; or names alone, put on a circle in this order.
        edges: from, to and weight, which must be >= 0; two that run both ways are bent apart.
        title: what a weight is.
        unit: its unit (see `units`).
        caption: says what is shown.
        alt: says in words what a reader should see.
        id: of the element; lower case, unique on the page.
        colors: what a node is: `base`, `stressed`, `limit` or `breach`.
        loop: nodes in order; the edges from each to the next, and from the last to the first, are in the color of a
            breach.

    Raises:
        ValueError: for unknown nodes, a weight below 0 or not finite, places outside, or a text that is missing.
    """
    names = list(nodes)
    if not 2 <= len(names) <= 30 or len(set(names)) < len(names):
        raise ValueError(f"nodes must be 2 to 30 different names, got {len(names)}")
    places = {name: tuple(map(float, place)) for name, place in nodes.items()} if isinstance(nodes, Mapping) else {
        name: (0.5 + 0.5 * math.sin(2 * math.pi * k / len(names)), 0.5 + 0.5 * math.cos(2 * math.pi * k / len(names)))
        for k, name in enumerate(names)
    }  # fmt: skip
    if not all(len(place) == 2 and all(0 <= part <= 1 for part in place) for place in places.values()):
        raise ValueError("places of nodes must be 0 to 1 across and 0 to 1 up")
    for edge in edges:
        if len(edge) != 3 or not {edge[0], edge[1]} <= set(names) or edge[0] == edge[1]:
            raise ValueError(f"edges must be from one node to another with a weight, got {edge}")
        if not 0 <= edge[2] < math.inf:
            raise ValueError(f"weights must be >= 0 and finite, got {edge[2]}")
    if not edges or len({edge[:2] for edge in edges}) < len(edges):
        raise ValueError("edges must be given, each pair of nodes once")
    if set(loop) - set(names):
        raise ValueError(f"loop must name nodes, got {', '.join(set(loop) - set(names))}")
    heaviest = max(edge[2] for edge in edges) or 1.0
    spoken = [min(layout.wide(line), 120.0) / 2 for name in names for line in layout.wrapped(name, 14).split("\n")]
    side = max(_RADIUS, *spoken) + 2
    rim = _RADIUS + 4 + LINE * 2  # for a name above the highest node and one below the lowest
    height = 260.0
    px = {
        name: (side + (WIDTH - 2 * side) * x, height - rim - (height - 2 * rim) * y) for name, (x, y) in places.items()
    }
    drawing = Drawing(height, whole=True)
    looped = set(zip(loop, [*loop[1:], *loop[:1]], strict=True)) if loop else set()
    hits = []
    pairs = {edge[:2] for edge in edges}
    for start, end, weight in sorted(edges, key=lambda edge: edge[:2] in looped):
        color = BREACH if (start, end) in looped else MUTED
        wide = 1.0 + 7.0 * weight / heaviest
        bend = 0.16 if (end, start) in pairs else 0.0
        curve = _bent(px[start], px[end], bend, _RADIUS + 1, _RADIUS + 4 + 1.2 * wide)
        drawing.lines(curve, stroke=color, stroke_width=round(wide, 2), opacity=0.75)
        (a, b), (c, d) = curve[-2], curve[-1]
        along = math.hypot(c - a, d - b) or 1.0
        u, v = (c - a) / along, (d - b) / along
        half, long = 2.0 + 0.9 * wide, 4.0 + 1.2 * wide
        tip = [(c + u * long, d + v * long), (c - v * half, d + u * half), (c + v * half, d - u * half)]
        drawing.lines(tip, closed=True, fill=color, stroke=color, stroke_width=0.5)
        hits.append((*curve[len(curve) // 2], f"{start} to {end}: {title} {fmt(weight, unit)}"))
    drawing.dots(hits, 4.2, fill=MUTED, fill_opacity=0)
    inks = {**dict.fromkeys(names, INK), **palette.meant(colors, names)}
    for name in names:
        x, y = px[name]
        drawing.dots([(x, y, "")], _RADIUS - 1, fill=PAPER)
        ink = inks[name]
        drawing.dots([(x, y, name)], _RADIUS - 1, fill=ink, stroke=ink, stroke_width=1.5, fill_opacity=0.25)
        lines = layout.wrapped(name, 14)
        away = _RADIUS + 8 + LINE * lines.count("\n") / 2
        across, up = places[name]  # out of the way of the edges: above or below, and half way up toward the middle
        text, anchor = [(x, y - away if up > 0.5 else y + away, lines)], "middle"
        if abs(up - 0.5) < 0.2 < abs(across - 0.5):
            right = across < 0.5
            text, anchor = [(x + (_RADIUS + 5) * (1 if right else -1), y, lines)], "" if right else "end"
        drawing.texts(text, text_anchor=anchor, stroke=PAPER, stroke_width=4)  # readable where an edge runs below it
        drawing.texts(text, text_anchor=anchor)
    table = [[start, end, fmt(weight, unit)] for start, end, weight in edges]
    show_figure(drawing, ["From", "To", title], table, caption, alt, id, title=title, numeric=[False, False, True])


def _bent(
    start: tuple[float, float], end: tuple[float, float], bend: float, before: float, behind: float
) -> list[tuple[float, float]]:
    """A curve from the rim of one node to that of another."""
    a, b = np.array(start), np.array(end)
    middle = (a + b) / 2 + bend * 2 * np.array([-(b - a)[1], (b - a)[0]])
    t = np.linspace(0.0, 1.0, 41)[:, None]
    curve = (1 - t) ** 2 * a + 2 * t * (1 - t) * middle + t**2 * b
    kept = curve[(np.hypot(*(curve - a).T) >= before) & (np.hypot(*(curve - b).T) >= behind)]
    shown = kept if len(kept) >= 2 else curve[[0, -1]]
    picked = shown[np.linspace(0, len(shown) - 1, 9 if bend else 3).round().astype(np.int64)]
    return [(float(x), float(y)) for x, y in picked]

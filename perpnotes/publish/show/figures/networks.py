"""Who acts on whom: nodes, and arrows between them as wide as what flows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show.figures import colors as palette
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.frame import key, show_figure
from perpnotes.publish.show.figures.svg import BREACH, INK, LINE, MUTED, PAPER, WIDTH, Drawing

_RADIUS = 9.0  # px: a node, with its rim
_ALONG = (0.5, 0.4, 0.6, 0.3, 0.7)  # parts of the way where a weight is written, if there is room


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
    """Show nodes and the edges between them; an edge is as wide as its weight, which stands on it where there is room.

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
    labels = {name: layout.wrapped(name, 14) for name in names}
    side = max(_RADIUS, *(min(layout.wide(label), 120.0) / 2 for label in labels.values())) + 2
    rim = _RADIUS + 4 + LINE * 2  # for a name above the highest node and one below the lowest
    height = 260.0
    px = {
        name: (side + (WIDTH - 2 * side) * x, height - rim - (height - 2 * rim) * y) for name, (x, y) in places.items()
    }
    drawing = Drawing(height, whole=True)
    looped = set(zip(loop, [*loop[1:], *loop[:1]], strict=True)) if loop else set()
    names_at, taken = [], [(x, y, _RADIUS, _RADIUS) for x, y in px.values()]  # middles, and half of what they take up
    for name in names:
        x, y = px[name]
        lines = labels[name]
        half, deep = layout.wide(lines) / 2, LINE * (lines.count("\n") + 1) / 2
        across, up = places[name]  # out of the way of the edges: above or below, and half way up toward the middle
        if abs(up - 0.5) < 0.2 < abs(across - 0.5):
            at = (x + math.copysign(_RADIUS + 5 + half, 0.5 - across), y)
        else:
            outward = min(max(x + half * 2 * (across - 0.5), half), WIDTH - half)
            at = (outward, y + math.copysign(_RADIUS + 2 + deep, 0.5 - up))
        names_at.append((*at, lines))
        taken.append((*at, half, deep))
    hits, numbers = [], []
    pairs = {edge[:2] for edge in edges}
    for start, end, weight in sorted(edges, key=lambda edge: edge[:2] in looped):
        color = BREACH if (start, end) in looped else MUTED
        wide = 1.0 + 7.0 * weight / heaviest
        bend = 0.16 if (end, start) in pairs else 0.0
        long = 4.0 + wide
        begin, control, last = _bent(complex(*px[start]), complex(*px[end]), bend, _RADIUS + 1, _RADIUS + long)
        drawing.arc(begin, control, last, stroke=color, stroke_width=round(wide, 2), opacity=0.75)
        ahead = (last - control) / (abs(last - control) or 1.0)
        aside = ahead * 1j * (2.5 + 0.65 * wide)
        tip = [(p.real, p.imag) for p in (last + ahead * long, last + aside, last - aside)]
        drawing.lines(tip, closed=True, fill=color, stroke=color, stroke_width=0.5)
        text = fmt(weight, unit)
        room = (layout.wide(text) / 2, LINE / 2)
        ways = [(1 - t) ** 2 * begin + 2 * t * (1 - t) * control + t**2 * last for t in _ALONG]
        hits.append((ways[0].real, ways[0].imag, f"{start} to {end}: {title} {text}"))
        for way in ways:
            u, v = way.real, way.imag
            if all(abs(u - x) > w + room[0] or abs(v - y) > h + room[1] for x, y, w, h in taken):
                numbers.append((u, v, text))
                taken.append((u, v, *room))
                break
    drawing.dots(hits, 4.2, fill=MUTED, fill_opacity=0)
    inks = {**dict.fromkeys(names, INK), **palette.meant(colors, names)}
    for name in names:
        x, y = px[name]
        drawing.dots([(x, y, "")], _RADIUS - 1, fill=PAPER)
        ink = inks[name]
        drawing.dots([(x, y, name)], _RADIUS - 1, fill=ink, stroke=ink, stroke_width=1.5, fill_opacity=0.25)
    # The stroke keeps a text readable where an edge runs below it; styles paint it first.
    drawing.texts([*names_at, *numbers], text_anchor="middle", stroke=PAPER, stroke_width=4)
    table = [[start, end, fmt(weight, unit)] for start, end, weight in edges]
    show_figure(
        drawing, ["From", "To", title], table, caption, alt, id,
        title=title, notes=[key("loop", BREACH)] if loop else [], numeric=[False, False, True],
    )  # fmt: skip


def _bent(a: complex, b: complex, bend: float, before: float, behind: float) -> tuple[complex, complex, complex]:
    """A quadratic curve from the rim of one node to that of another: its begin, control point and end."""
    middle = (a + b) / 2 + bend * 2j * (b - a)

    def at(s: float, t: float) -> complex:  # a point of the curve for s = t, else the control point between two
        return (1 - s) * (1 - t) * a + (s + t - 2 * s * t) * middle + s * t * b

    steps = [k / 100 for k in range(101)]
    kept = [t for t in steps if abs(at(t, t) - a) >= before and abs(at(t, t) - b) >= behind] or [0.0, 1.0]
    return at(kept[0], kept[0]), at(kept[0], kept[-1]), at(kept[-1], kept[-1])

"""Colors that mean something, the same for a name in every figure of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from perpnotes.publish.compute.outputs import remembered
from perpnotes.publish.show.figures.svg import BREACH, LIMIT, SERIES

MEANINGS: Mapping[str, int] = {"base": 0, "stressed": 3, "limit": 4, "breach": 5}
"""What a series can be, and the slot that stands for it; the rest of the first four mean nothing."""

COLORS = (*SERIES, LIMIT, BREACH)
DASHES = ("", "6,3", "2,2", "8,3,2,3", "3,3", "10,3")
"""What each slot is drawn in, and with, so that series differ in print, too."""


def slots(names: Iterable[str], colors: Mapping[str, str] | None = None) -> dict[str, int]:
    """The slot of each series of a figure: the one that it had on this page, else the first that is free.

    Parameters:
        names: of the series of one figure.
        colors: name to meaning, of those that have one.

    Raises:
        ValueError: for an unknown meaning or name, or one that is another color on this page.
    """
    found: dict[str, int] = {}
    own = list(names)
    for name, meaning in (colors or {}).items():
        if meaning not in MEANINGS:
            raise ValueError(f"colors[{name!r}] must be one of {', '.join(MEANINGS)}, got {meaning!r}")
        if name not in own:
            raise ValueError(f"colors must name series of this figure ({', '.join(own)}), got {name!r}")
        if remembered.get(name, slot := MEANINGS[meaning]) != slot:
            raise ValueError(f"{name!r} has another color on this page: say what it means where it comes first")
        found[name] = slot
    for name in own:
        if name in remembered and remembered[name] not in found.values():
            found.setdefault(name, remembered[name])
    for name in own:
        if name not in found:
            free = [slot for slot in range(len(SERIES)) if slot not in found.values()]
            shown = list(remembered.values())
            found[name] = min(free, key=lambda slot: (shown.count(slot), slot))
    for name in own:
        remembered.setdefault(name, found[name])
    return found


def meant(colors: Mapping[str, str] | None, names: Sequence[str]) -> dict[str, str]:
    """The color of each name that means something."""
    meant = [name for name in names if name in (colors or {})]
    if unknown := set(colors or {}) - set(names):
        raise ValueError(f"colors must name what the figure shows ({', '.join(names)}), got {', '.join(unknown)}")
    return {name: COLORS[slot] for name, slot in slots(meant, colors).items()}

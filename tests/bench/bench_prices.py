"""The mark of 200,000 ticks against a plain loop, and what the checks of arguments cost beside the arithmetic."""

import math
from collections.abc import Iterator

import numpy as np

from perpnotes._validate import real
from perpnotes.contracts import linear_pnl
from perpnotes.prices import Basis, mark_path
from tests.bench.timing import best

TICKS = 200_000


def run() -> Iterator[tuple[str, str]]:
    """Time a smoothed basis both ways, and checks against the operations that they guard."""
    rng = np.random.default_rng(0)
    spot = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, TICKS)))
    book = spot * (1.0 + rng.normal(0.0, 1e-3, TICKS))

    def loop() -> list[float]:
        weight, basis, path = 1.0 - math.exp(-1.0 / 30.0), float(book[0] - spot[0]), []
        for x, b in zip(spot.tolist(), book.tolist(), strict=True):
            basis += (b - x - basis) * weight
            path.append(x + basis)
        return path

    ours, plain = best(lambda: mark_path(Basis(30.0), spot, book), loop)
    apart = float(np.abs(mark_path(Basis(30.0), spot, book) - loop()).max())
    yield f"prices.mark_path on a basis, {TICKS:,} ticks", f"{ours * 1e3:.0f} ms"
    yield "time to a plain Python loop's (aim: 1 or less)", f"{ours / plain:.2f}"
    yield "largest difference", f"{apart:.1e}"

    array, entry = rng.random(1_000_000) + 1.0, np.full(1_000_000, 1.5)
    checked, product = best(lambda: real("x", array, gt=0), lambda: array * entry, times=9)
    yield "checking a million floats to multiplying them", f"{checked / product:.2f}"
    one, bare = best(
        lambda: [linear_pnl(1.0, 100.0, 101.0) for _ in range(2_000)],
        lambda: [np.float64(1.0) * (np.float64(101.0) - np.float64(100.0)) for _ in range(2_000)],
    )
    yield "linear_pnl of one position", f"{one / 2_000 * 1e6:.1f} µs = {one / bare:.0f} times the arithmetic in numpy"

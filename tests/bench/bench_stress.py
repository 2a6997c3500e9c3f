"""Worst case of 1,000,000 accounts × 10 instruments × 861 scenarios."""

import tracemalloc
from collections.abc import Iterator

import numpy as np

from perpnotes import stress
from perpnotes.contracts import Linear
from perpnotes.stress import Market, grid
from tests.bench.timing import best

ACCOUNTS, COINS, LOOPED = 1_000_000, 10, 2_000


def run() -> Iterator[tuple[str, str]]:
    """Time `worst_cases` against the matrix products alone and against a loop over accounts."""
    names = [f"C{i}" for i in range(COINS)]
    correlation = 0.6 + 0.4 * np.eye(COINS)
    market = Market(dict.fromkeys(names, 100.0), {n: 0.5 + 0.05 * i for i, n in enumerate(names)}, correlation)
    scenarios = grid(price=np.linspace(-0.2, 0.2, 41), correlation=np.linspace(0, 1, 21))
    unit = stress.unit_pnl([Linear(name) for name in names], market, scenarios)
    books = np.random.default_rng(1).normal(size=(ACCOUNTS, COINS))

    product, worst = best(lambda: products(books, unit, 512), lambda: stress.worst_cases(books, unit), times=5)
    (looped,) = best(lambda: [float((unit @ book).min()) for book in books[:LOOPED]])
    loop = looped / LOOPED * ACCOUNTS
    tracemalloc.start()
    stress.worst_cases(books, unit)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    yield "worst_cases", f"{worst:.2f} s = {ACCOUNTS / worst / 1e6:.2f} million accounts a second"
    yield "the same blocked products without any reduction", f"{product:.2f} s"
    yield "rate of worst_cases to the products alone (aim: 0.5 or more)", f"{product / worst:.2f}"
    yield f"rate of worst_cases to a loop over accounts ({LOOPED:,} timed)", f"{loop / worst:.1f}"
    yield "peak memory beyond the inputs (aim: below 500 MB)", f"{peak / 1e6:.0f} MB"


def products(books: np.ndarray, unit: np.ndarray, block: int) -> None:
    """The floor: every account's P&L in every scenario, computed into one buffer and not looked at."""
    transposed = np.ascontiguousarray(unit.T)
    buffer = np.empty((block, len(unit)))
    for start in range(0, len(books), block):
        part = books[start : start + block]
        np.matmul(part, transposed, out=buffer[: len(part)])

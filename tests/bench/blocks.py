"""Many accounts on a few coins, and the matrix products alone; run as a program, it prints how long each takes."""

import numpy as np

from perpnotes import stress
from perpnotes.contracts import Linear
from perpnotes.stress import Market, grid
from tests.bench.timing import best

COINS, FEWER, MANY = 10, 100_000, 300
BLOCK = 24
"""Accounts in a product that OpenBLAS does not give to threads, at ten coins and 861 scenarios."""


def book(accounts: int, coins: int = COINS) -> tuple[np.ndarray, np.ndarray]:
    """Accounts on some coins, and what one unit of each coin gains in 861 scenarios."""
    names = [f"C{i}" for i in range(coins)]
    correlation = 0.6 + 0.4 * np.eye(coins)
    market = Market(dict.fromkeys(names, 100.0), {n: 0.5 + 0.05 * i for i, n in enumerate(names)}, correlation)
    scenarios = grid(price=np.linspace(-0.2, 0.2, 41), correlation=np.linspace(0, 1, 21))
    unit = stress.unit_pnl([Linear(name) for name in names], market, scenarios)
    return np.random.default_rng(1).normal(size=(accounts, coins)), unit


def products(books: np.ndarray, unit: np.ndarray, block: int) -> None:
    """The floor: every account's P&L in every scenario, computed into one buffer and not looked at."""
    transposed = np.ascontiguousarray(unit.T)
    buffer = np.empty((block, len(unit)))
    for start in range(0, len(books), block):
        part = books[start : start + block]
        np.matmul(part, transposed, out=buffer[: len(part)])


if __name__ == "__main__":
    for shape in ((FEWER, COINS), (FEWER // 40, MANY)):
        few, values = book(*shape)
        print(*best(lambda: stress.worst_cases(few, values), lambda: products(few, values, 512)))  # noqa: B023

"""The end of 1,000 shocks for 1,000,000 accounts in one asset."""

from collections.abc import Iterator

import numpy as np

from perpnotes.cascades import cascade, linear_impact
from tests.bench.timing import best

ACCOUNTS, SHOCKS, LOOPED = 1_000_000, 1_000, 3


def run() -> Iterator[tuple[str, str]]:
    """Time `cascade` against the definition: a loop over the accounts for each shock."""
    rng = np.random.default_rng(1)
    levels, sizes = 60_000.0 * (1 - rng.exponential(0.05, ACCOUNTS) % 0.9), rng.exponential(0.02, ACCOUNTS)
    density = sizes.sum() / 4_500.0  # coins a USD: a branching ratio near 0.7 at the price

    def impact(quantity: np.ndarray) -> np.ndarray:
        return linear_impact(quantity, density)

    shocks = np.linspace(1.0, 6_000.0, SHOCKS)
    (all_at_once,) = best(lambda: cascade(60_000.0, shocks, levels, sizes, impact))
    found = cascade(60_000.0, shocks, levels, sizes, impact)

    order = np.argsort(-levels, kind="stable")
    sorted_levels, sorted_sizes = levels[order].tolist(), sizes[order].tolist()
    picked = np.linspace(0, SHOCKS - 1, LOOPED).astype(int)

    def loop() -> list[int]:
        counts = []
        for shock in shocks[picked]:
            sold = count = 0
            for level, size in zip(sorted_levels, sorted_sizes, strict=True):
                if 60_000.0 - shock - sold / density > level:
                    break
                sold, count = sold + size, count + 1
            counts.append(count)
        return counts

    (looped,) = best(loop)
    same = [abs(int(found.accounts[index]) - count) for index, count in zip(picked, loop(), strict=True)]
    each = looped / LOOPED
    yield "cascade, sorting included", f"{all_at_once:.2f} s = {SHOCKS / all_at_once:,.0f} shocks a second"
    yield f"a loop over sorted accounts ({LOOPED} shocks timed)", f"{each:.3f} s a shock"
    yield "rate to the loop, for all shocks", f"{each * SHOCKS / all_at_once:,.0f}"
    yield "largest difference, accounts", f"{max(same)}"

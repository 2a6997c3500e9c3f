"""Single formulas against scipy and numpy: what an array of a million, or of a thousand books, costs beside theirs."""

from collections.abc import Iterator

import numpy as np
from scipy.special import log_ndtr, ndtr

from perpnotes.correlation import equicorrelation, volatility
from perpnotes.funding import liquidation_probability
from tests.bench.timing import best

VALUES, BOOKS, COINS = 1_000_000, 1_000, 10


def run() -> Iterator[tuple[str, str]]:
    """Time each on the same numbers."""
    rng = np.random.default_rng(1)
    away, sigma = rng.uniform(0.001, 2.0, VALUES), rng.uniform(0.2, 1.5, VALUES)
    years, carry = rng.uniform(0.001, 1.0, VALUES), rng.normal(0.0, 2.0, VALUES)

    def passage() -> np.ndarray:
        toward, spread = carry + sigma**2 / 2.0, sigma * np.sqrt(years)
        tail = log_ndtr((-toward * years - away) / spread)
        mirrored = np.exp(np.minimum(0.0, 2.0 * toward * away / sigma**2 + tail))
        return np.minimum(1.0, ndtr((toward * years - away) / spread) + mirrored)

    ours, theirs = best(lambda: liquidation_probability(away, sigma, years, carry=carry), passage)
    apart = np.abs(liquidation_probability(away, sigma, years, carry=carry) - passage()).max()
    yield f"funding.liquidation_probability, {VALUES:,}", f"{ours:.2f} s"
    yield "time to the same law in scipy (aim: 1.5 or less)", f"{ours / theirs:.2f}"
    yield "largest difference", f"{apart:.1e}"

    books, matrix = rng.normal(size=(BOOKS, COINS)), equicorrelation(COINS, 0.4)
    ours, one, two = best(
        lambda: volatility(books, matrix),
        lambda: np.sqrt(np.einsum("ni,ij,nj->n", books, matrix, books)),
        lambda: np.sqrt(np.einsum("ni,ni->n", books @ matrix, books)),
        times=50,
    )
    yield f"correlation.volatility, {BOOKS:,} × {COINS}, the matrix checked", f"{ours * 1e6:.0f} µs"
    yield "time to one einsum of three operands (aim: 2 or less)", f"{ours / one:.2f}"
    yield "time to a matrix product and an einsum", f"{ours / two:.1f}"

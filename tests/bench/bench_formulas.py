"""Single formulas against scipy and numpy: what an array of a million, or of a thousand books, costs beside theirs."""

from collections.abc import Iterator

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from perpnotes.bands import hit_hours
from perpnotes.contracts import option_delta, option_value, option_vega
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

    def root() -> float:
        a, drift, deviation, chance = np.log(60_000.0 / 55_000.0), 0.1, 0.6, 0.3

        def apart(span: float) -> float:
            spread = deviation * span**0.5
            tail = log_ndtr((-drift * span - a) / spread)
            return ndtr((drift * span - a) / spread) + np.exp(2.0 * drift * a / deviation**2 + tail) - chance

        return 8_760.0 * brentq(apart, 1e-8, 10.0, xtol=1e-14, rtol=1e-14)

    ours, theirs = best(lambda: hit_hours(60_000.0, 55_000.0, 0.6, 0.3, drift=-0.1), root, times=200)
    yield "bands.hit_hours, one number", f"{ours * 1e6:.0f} µs"
    yield "time to scipy's brentq on the same law (aim: 2 or less)", f"{ours / theirs:.2f}"
    yield "relative difference", f"{abs(hit_hours(60_000.0, 55_000.0, 0.6, 0.3, drift=-0.1) / root() - 1.0):.1e}"

    forward, strike = rng.uniform(20_000.0, 80_000.0, VALUES), rng.uniform(20_000.0, 80_000.0, VALUES)
    implied, call = rng.uniform(0.2, 1.5, VALUES), rng.random(VALUES) < 0.5

    def black() -> np.ndarray:
        spread = implied * np.sqrt(years)
        ratio, sign = np.log(forward / strike) / spread, np.where(call, 1.0, -1.0)
        one, two = ratio + spread / 2.0, ratio - spread / 2.0
        return sign * (forward * ndtr(sign * one) - strike * ndtr(sign * two))

    def sensitivities() -> tuple[np.ndarray, np.ndarray]:
        spread = implied * np.sqrt(years)
        one, sign = np.log(forward / strike) / spread + spread / 2.0, np.where(call, 1.0, -1.0)
        return sign * ndtr(sign * one), forward * np.exp(-one * one / 2.0) * np.sqrt(years / (2.0 * np.pi))

    ours, theirs = best(lambda: option_value(forward, strike, implied, years, call=call), black)
    yield f"contracts.option_value, {VALUES:,}", f"{ours:.2f} s"
    yield "time to the same formula in scipy (aim: 1.2 or less)", f"{ours / theirs:.2f}"
    distance = np.abs(option_value(forward, strike, implied, years, call=call) - black()) / forward
    yield "largest difference, of the forward", f"{distance.max():.1e}"
    ours, theirs = best(
        lambda: (
            option_delta(forward, strike, implied, years, call=call),
            option_vega(forward, strike, implied, years),
        ),
        sensitivities,
    )
    yield f"contracts.option_delta and option_vega, {VALUES:,}", f"{ours:.2f} s"
    yield "time to both in scipy, which share their d1 (aim: 1.2 or less)", f"{ours / theirs:.2f}"

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

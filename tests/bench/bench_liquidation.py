"""Liquidation prices of 1,000,000 accounts, long and short, in a table of twelve tiers."""

from collections.abc import Iterator

import numpy as np

from perpnotes.liquidation import price
from perpnotes.margin import published_tiers
from tests.bench.timing import best

ACCOUNTS, LOOPED = 1_000_000, 20_000


def run() -> Iterator[tuple[str, str]]:
    """Time `price` on one core against a scalar loop that walks the tiers and checks nothing."""
    table = published_tiers("binance_btcusdt_2024_10")
    rng = np.random.default_rng(1)
    entry = 60_000.0 * (1.0 + 0.05 * rng.normal(size=ACCOUNTS))
    size = np.exp(rng.normal(2.0, 2.0, ACCOUNTS)) * rng.choice([-1.0, 1.0], ACCOUNTS)
    wallet = np.abs(size) * entry / rng.uniform(2.0, 50.0, ACCOUNTS)

    (vector,) = best(lambda: price(size, entry, wallet, table, close_fee=0.0005))
    tiers = list(zip(table.floors, (*table.floors[1:], np.inf), table.rates, table.deductions, strict=True))
    few = list(zip(*(column[:LOOPED].tolist() for column in (size, entry, wallet)), strict=True))
    (looped,) = best(lambda: [walk(*account, tiers, 0.0005) for account in few])
    loop = looped / LOOPED * ACCOUNTS
    walked = [walk(*account, tiers, 0.0005) for account in few]
    same = np.allclose(walked, price(*np.transpose(few), table, close_fee=0.0005), rtol=1e-9, atol=0.0)

    yield "price (aim: 10 million or more)", f"{vector:.3f} s = {ACCOUNTS / vector / 1e6:.1f} million prices a second"
    yield f"rate of price to a scalar loop over accounts ({LOOPED:,} timed)", f"{loop / vector:.0f}"
    yield "the loop finds the same prices", "yes" if same else "NO"


def walk(size: float, entry: float, wallet: float, tiers: list[tuple[float, ...]], fee: float) -> float:
    """One account as one would write it: try each tier, keep the price whose notional lies in it."""
    side, coins = (1.0 if size > 0 else -1.0), abs(size)
    for floor, ceiling, rate, deduction in tiers:
        at = (side * coins * entry - wallet - deduction) / (coins * (side - rate - fee))
        if floor <= coins * at <= ceiling:
            return at
    return 0.0

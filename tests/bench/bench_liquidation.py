"""Liquidation prices of 1,000,000 accounts in a table of twelve tiers, and liquidation moves of cross accounts."""

from collections.abc import Iterator

import numpy as np

from perpnotes.contracts import Linear
from perpnotes.liquidation import cross_move, price
from perpnotes.margin import Account, Collateral, Position, Tiers, published_tiers
from tests.bench.timing import best

ACCOUNTS, LOOPED = 1_000_000, 20_000
CROSS, ONE_BY_ONE = 200_000, 50


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
    yield from cross()


def cross() -> Iterator[tuple[str, str]]:
    """Time `cross_move` on one core, on books of long and short legs under a fall of the driver."""
    rng = np.random.default_rng(2)
    power = np.array([1.0, 1.2, 1.5, 0.8, 1.9, 0.4, 1.1, 1.3, 0.9, 1.7, 0.6, 1.4])
    for legs in (3, 6, 12):
        mark = 10.0 ** rng.integers(-1, 5, legs)
        size = rng.choice([-1.0, 1.0], (CROSS, legs), p=(0.3, 0.7)) * rng.uniform(0.1, 1.0, (CROSS, legs)) * 1e5 / mark
        entry = mark * (1.0 + 0.05 * rng.normal(size=(CROSS, legs)))
        wallet = (np.abs(size) * mark).sum(axis=1) / rng.uniform(2.0, 20.0, CROSS)
        book = (size, entry, mark, wallet)
        for name, rule in (("one rate", 0.01), ("twelve tiers", published_tiers("binance_btcusdt_2024_10"))):
            line, curve = best(lambda: cross_move(*book, rule), lambda: cross_move(*book, rule, beta=power[:legs]))  # noqa: B023
            rates = f"{CROSS / line / 1e6:.2f} million straight, {CROSS / curve / 1e6:.2f} million by powers, a second"
            yield f"cross accounts of {legs} legs, {name} (aim at 6: 1 and 0.1)", rates
        moves = cross_move(*book, 0.01, beta=power[:legs])
        one = [
            Account(
                [
                    Position(Linear(str(j)), *map(float, leg), Tiers.flat(0.01))
                    for j, leg in enumerate(zip(size[i], entry[i], mark, strict=True))
                ],
                [Collateral(float(wallet[i]))],
            ).distance({str(j): -beta for j, beta in enumerate(power[:legs])}).move
            for i in range(ONE_BY_ONE)
        ]  # fmt: skip
        same = np.allclose(one, moves[:ONE_BY_ONE], rtol=1e-9, atol=1e-12)
        yield f"{legs} legs: Account.distance finds the same moves", "yes" if same else "NO"


def walk(size: float, entry: float, wallet: float, tiers: list[tuple[float, ...]], fee: float) -> float:
    """One account as one would write it: try each tier, keep the price whose notional lies in it."""
    side, coins = (1.0 if size > 0 else -1.0), abs(size)
    for floor, ceiling, rate, deduction in tiers:
        at = (side * coins * entry - wallet - deduction) / (coins * (side - rate - fee))
        if floor <= coins * at <= ceiling:
            return at
    return 0.0

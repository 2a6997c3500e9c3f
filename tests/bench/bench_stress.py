"""Worst case of 1,000,000 accounts × 10 instruments × 861 scenarios; 200 options and perpetuals against QuantLib."""

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator

import numpy as np
import QuantLib

from perpnotes import stress
from perpnotes.contracts import Linear, Option
from perpnotes.stress import Market, Scenarios, grid
from tests.bench import blocks
from tests.bench.timing import best

ACCOUNTS, LOOPED = 1_000_000, 2_000
EXPIRIES, STRIKES = (7 / 365, 30 / 365, 91 / 365, 0.5, 1.0), np.linspace(0.6, 1.5, 19)


def run() -> Iterator[tuple[str, str]]:
    """Many accounts on few instruments, and many options in one book."""
    yield from many_accounts()
    yield from threads()
    yield from many_options()


def many_options() -> Iterator[tuple[str, str]]:
    """Time `unit_pnl` against QuantLib's formula, called for each option in each scenario."""
    market = Market({"BTC": 60_000.0}, {"BTC": 0.5})
    scenarios = grid(price=np.linspace(-0.4, 0.4, 41), volatility=np.linspace(-0.5, 1.0, 21))
    book = [
        *(Option("BTC", 60_000.0 * k, years, call) for years in EXPIRIES for k in STRIKES for call in (True, False)),
        *[Linear("BTC")] * 10,
    ]
    ours, theirs = stress.unit_pnl(book, market, scenarios), looped_formula(book, market, scenarios)
    apart = np.abs(ours - theirs).max() / market.prices["BTC"]
    if apart > 1e-10:
        raise RuntimeError(f"the two disagree by {apart:.1e} of the price")
    grid_at_once, loop = best(
        lambda: stress.unit_pnl(book, market, scenarios), lambda: looped_formula(book, market, scenarios)
    )

    yield f"unit_pnl of {len(book)} options and perpetuals × {len(scenarios)} scenarios", f"{grid_at_once * 1e3:.0f} ms"
    yield "largest difference to QuantLib, of the price (allowed: 1e-10)", f"{apart:.0e}"
    yield "rate of unit_pnl to QuantLib's blackFormula in a loop (aim: 5)", f"{loop / grid_at_once:.1f}"


def looped_formula(book: list[Linear | Option], market: Market, scenarios: Scenarios) -> np.ndarray:
    """The same P&L from `blackFormula`, one option and one scenario at a time."""
    price, implied = market.prices["BTC"], market.volatilities["BTC"]
    moves = (1.0 + np.stack([scenarios.moves["price"], scenarios.moves["volatility"]], axis=1)).tolist()
    formula = QuantLib.blackFormula
    pnl = np.empty((len(moves), len(book)))
    for k, contract in enumerate(book):
        if isinstance(contract, Linear):
            pnl[:, k] = [price * p - price for p, _ in moves]
            continue
        kind = QuantLib.Option.Call if contract.call else QuantLib.Option.Put
        strike, deviation = float(contract.strike), implied * contract.years**0.5
        now = formula(kind, strike, price, deviation)
        pnl[:, k] = [formula(kind, strike, price * p, deviation * v) - now for p, v in moves]
    return pnl


def many_accounts() -> Iterator[tuple[str, str]]:
    """Time `worst_cases` against the matrix products alone and against a loop over accounts."""
    books, unit = blocks.book(ACCOUNTS)

    product, worst = best(
        lambda: blocks.products(books, unit, blocks.BLOCK), lambda: stress.worst_cases(books, unit), times=5
    )
    (looped,) = best(lambda: [float((unit @ book).min()) for book in books[:LOOPED]])
    loop = looped / LOOPED * ACCOUNTS
    tracemalloc.start()
    stress.worst_cases(books, unit)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    yield "worst_cases", f"{worst:.2f} s = {ACCOUNTS / worst / 1e6:.2f} million accounts a second"
    yield "the same products, and nothing looked at", f"{product:.2f} s"
    yield "rate of worst_cases to the products alone (aim: 0.5 or more)", f"{product / worst:.2f}"
    yield f"rate of worst_cases to a loop over accounts ({LOOPED:,} timed)", f"{loop / worst:.1f}"
    yield "peak memory beyond the inputs (aim: below 500 MB)", f"{peak / 1e6:.0f} MB"


def threads() -> Iterator[tuple[str, str]]:
    """Time a process with the default number of threads and one with a single thread, in turns; seconds are printed."""
    default, single = {**os.environ}, {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    default.pop("OPENBLAS_NUM_THREADS", None)
    runs = [
        [
            [float(word) for word in subprocess.check_output([sys.executable, "-m", blocks.__name__], env=env).split()]
            for env in (default, single)
        ]
        for _ in range(3)
    ]
    (ours, large, *_), (ours_single, large_single, many, many_large) = np.min(runs, axis=0).tolist()
    busy = f"{os.getloadavg()[0]:.0f} processes on {os.cpu_count()} cores"
    yield f"worst_cases of {blocks.FEWER:,} accounts, default threads, {busy}", f"{ours:.2f} s"
    yield "  ratio to one thread (aim: 1)", f"{ours / ours_single:.1f}"
    yield "products of 512 accounts, ratio of default threads to one thread", f"{large / large_single:.1f}"
    yield f"worst_cases at {blocks.MANY} instruments, ratio to such products in one thread", f"{many / many_large:.1f}"

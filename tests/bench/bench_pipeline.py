"""A day of 1,440 minutes with 10,000 accounts, everything in place, against its margin check alone in a loop."""

from collections.abc import Iterator

import numpy as np

from perpnotes.pipeline import bad_day, crowd
from perpnotes.pipeline import run as run_day
from tests.bench.timing import best

ACCOUNTS, LOOPED = 10_000, 5


def run() -> Iterator[tuple[str, str]]:
    """Time the day, and the least that a loop over accounts would have to do in each of its minutes."""
    day, traders = bad_day(1), crowd(1, ACCOUNTS)
    sizes, deposits = traders.sizes.tolist(), traders.deposits.tolist()
    start = float(day.index[0])

    def margin_checks() -> int:
        below = 0
        for mark in day.index[:LOOPED].tolist():
            for size, deposit in zip(sizes, deposits, strict=True):
                below += deposit + size * (mark - start) < 0.02 * abs(size) * mark
        return below

    whole, looped = best(lambda: run_day(day, traders), margin_checks)
    checks = looped / LOOPED * len(day.index)
    end = run_day(day, traders)
    yield (
        "the whole day",
        f"{whole:.2f} s = {ACCOUNTS * len(day.index) / whole / 1e6:,.1f} million account-minutes a second",
    )
    yield f"its margin check in a loop ({LOOPED} minutes timed)", f"{checks:.2f} s"
    yield "time of the whole day to that loop", f"{whole / checks:.2f}"
    yield "largest drift of all cash, USD", f"{np.ptp(end.cash):.1e}"

"""Ten million accounts in Parquet files: one process and two Dask workers, beside the matrix products alone.

`python -m tests.bench.bench_scale` also copies what it measured to the page on scaling out.
"""

import datetime
import os
import platform
import re
import runpy
import time
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from distributed import Client

from perpnotes import stress
from tests import scaling
from tests.bench.blocks import BLOCK, products

FILES, ROWS, WORKERS = 20, 500_000, 2


def run() -> Iterator[tuple[str, str]]:
    """Time the program of the page in one process and in two workers; both must give the same result in every bit."""
    accounts = FILES * ROWS
    with TemporaryDirectory() as folder:
        script = Path(folder) / "scale_out.py"
        script.write_text(scaling.program(), encoding="utf-8")
        program = runpy.run_path(str(script))
        paths = scaling.write(Path(folder), [ROWS] * FILES)
        unit = program["values"]()
        books = scaling.quantities(0, ROWS)
        found: dict[str, stress.WorstAccounts] = {}

        def alone() -> None:
            found["alone"] = reduce(stress.merge_worst, (program["worst_of"](path, unit) for path in paths))

        def spread() -> None:
            found["spread"] = program["worst_of_all"](client, paths)

        def bare() -> None:
            for _ in paths:
                products(books, unit, BLOCK)

        with Client(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as client:
            one, one_busy = spent(alone, time.process_time)
            two, two_busy = spent(spread, lambda: sum(client.run(time.process_time).values()))
            floor, floor_busy = spent(bare, time.process_time)
        for name in ("accounts", "losses", "scenario"):
            if getattr(found["alone"], name).tobytes() != getattr(found["spread"], name).tobytes():
                raise RuntimeError(f"one process and {WORKERS} workers disagree on {name}")

    today = datetime.date.today()
    yield "measured", f"{today:%B} {today.day}, {today.year}"
    yield "machine", f"{processor()}, {os.cpu_count()} cores, {os.getloadavg()[0]:.0f} processes running"
    yield "software", f"Python {platform.python_version()}, numpy {np.__version__}"
    yield "accounts × instruments × scenarios", f"{accounts:,} × {scaling.COINS} × {len(unit)}"
    for label, wall, busy in (
        ("one process", one, one_busy),
        (f"{WORKERS} workers", two, two_busy),
        ("bare products", floor, floor_busy),
    ):
        yield f"{label}, by the clock", f"{wall:.1f} s = {accounts / wall:,.0f} accounts a second"
        yield f"{label}, processor time", f"{busy:.1f} s = {accounts / busy:,.0f} accounts a second"
    yield "bare products to one process, clock", f"{floor / one:.2f}"
    yield "bare products to one process, processor", f"{floor_busy / one_busy:.2f}"
    yield f"one process to {WORKERS} workers, clock", f"{one / two:.2f}"
    yield "equal in every bit", "yes"


def spent(work: Callable[[], object], clock: Callable[[], float]) -> tuple[float, float]:
    """Seconds that one run takes by the clock, and of processor time by the clock that is given."""
    start, busy = time.perf_counter(), clock()
    work()
    return time.perf_counter() - start, clock() - busy


def processor() -> str:
    """What the machine calls its processor."""
    try:
        return re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def main() -> None:
    """Measure, print, and copy it to the page."""
    lines = "".join(f"| {label} | {value} |\n" for label, value in run())
    print(lines, end="")
    rows = re.compile(r"(?<=^\| --- \| --- \|\n)(?:\|.*\n)+", re.MULTILINE)
    scaling.PAGE.write_text(rows.sub(lambda _: lines, scaling.PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

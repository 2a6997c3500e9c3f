"""A funding history of 500,000 rows read from a file, in four layouts, against pandas; and a book replayed."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from perpnotes import feeds
from tests.bench.timing import best

ROWS, UPDATES = 500_000, 2_000


def run() -> Iterator[tuple[str, str]]:
    """Time `read` against `read_csv` with the stamps and rates made into numbers, as a reader of the file would."""
    rng = np.random.default_rng(1)
    rates = rng.normal(1e-4, 5e-5, ROWS)
    stamps = np.datetime64("2020-01-01", "m") + np.arange(ROWS)
    epoch = stamps.astype("datetime64[ms]").astype("int64").tolist()
    iso = np.datetime_as_string(stamps, unit="s").tolist()
    plain = [t.replace("T", " ") for t in iso]
    layouts = {
        "milliseconds": ("symbol,time,rate", (f"BTC,{t},{x:.8f}" for t, x in zip(epoch, rates, strict=True))),
        "ISO with a zone": ("time,rate", (f"{t}Z,{x:.8f}" for t, x in zip(iso, rates, strict=True))),
        "ISO without": ("time,rate", (f"{t},{x:.8f}" for t, x in zip(plain, rates, strict=True))),
        "quoted percent": ('"time","rate"', (f'"{t}","{100 * x:.6f}%"' for t, x in zip(plain, rates, strict=True))),
    }
    with TemporaryDirectory() as folder:
        for name, (header, lines) in layouts.items():
            file = Path(folder) / "history.csv"
            file.write_text("\n".join([header, *lines]) + "\n")
            apart = np.abs(feeds.read(file).values - by_pandas(file)[1]).max()
            if apart > 1e-18:  # a unit in the last place of a rate
                raise RuntimeError(f"the two disagree on {name} by {apart:.1e}")
            ours, theirs = best(lambda path=file: feeds.read(path), lambda path=file: by_pandas(path))
            yield f"read, {name}: {ROWS / ours / 1e6:.1f} million rows a second", f"{ours:.2f} s"
            yield "  ratio to pandas (aim: at most 5)", f"{ours / theirs:.1f}"

    messages = feeds.parse_messages(recording(rng))
    (replayed,) = best(lambda: sum(1 for _ in feeds.replay(messages)))
    yield "replay of a book of 2,000 levels, updates of 20", f"{UPDATES / replayed:,.0f} updates a second"


def by_pandas(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Stamps and rates of a file that the caller knows."""
    table = pd.read_csv(file)
    numeric = pd.api.types.is_numeric_dtype
    times = pd.to_datetime(table["time"], unit="ms" if numeric(table["time"]) else None)
    rates = table["rate"]
    rates = rates if numeric(rates) else rates.str.rstrip("%").astype(float) / 100
    return times.to_numpy(), rates.to_numpy()


def recording(rng: np.random.Generator) -> str:
    """A snapshot of 1,000 levels a side, and updates of ten on each."""
    sides = [[[f"{60_000 + sign * (k + 1)}", "1"] for k in range(1000)] for sign in (-1, 1)]
    messages = [{"lastUpdateId": 0, "bids": sides[0], "asks": sides[1]}]
    for i in range(1, UPDATES + 1):
        steps, sizes = rng.integers(2, 1000, (2, 10)), rng.integers(0, 3, (2, 10))
        bids, asks = (
            [[str(60_000 + sign * k), str(q)] for k, q in zip(steps[j].tolist(), sizes[j].tolist(), strict=True)]
            for j, sign in enumerate((-1, 1))
        )
        messages.append({"e": "depthUpdate", "E": i, "s": "X", "U": i, "u": i, "pu": i - 1, "b": bids, "a": asks})
    return "".join(f"{1_700_000_000_000_000_000 + i} {json.dumps(m)}\n" for i, m in enumerate(messages))

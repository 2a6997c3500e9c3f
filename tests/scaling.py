"""The program of the page on scaling out, and Parquet files of accounts for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

PAGE = Path(__file__).parents[1] / "docs/scale-out.md"
COINS = 10


def program() -> str:
    """The code of the block that a reader saves as `scale_out.py`."""
    (code,) = re.findall(
        r'^```python title="scale_out\.py"\n(.*?)^```$', PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return str(code)


def write(folder: Path, sizes: Sequence[int], *, texts: bool = False) -> list[Path]:
    """A file for each size, with as many accounts; labels go on from file to file, and columns turn."""
    paths, first = [], 0
    for number, size in enumerate(sizes):
        labels = np.arange(first, first + size)
        columns = {f"coin{k}": column for k, column in enumerate(quantities(number, size).T)}
        columns["account"] = np.array([f"account {n:08d}" for n in labels], dtype=object) if texts else labels
        turned = dict(reversed(columns.items())) if number % 2 else columns
        kinds = {"account": pa.string() if texts else pa.int64()}
        table = pa.table({name: pa.array(column, kinds.get(name, pa.float64())) for name, column in turned.items()})
        paths.append(folder / f"part-{number:04d}.parquet")
        pq.write_table(table, paths[-1])
        first += size
    return paths


def quantities(number: int, size: int) -> npt.NDArray[np.float64]:
    """What the accounts of a file hold of each coin."""
    return np.random.default_rng(number).normal(scale=10_000.0, size=(size, COINS))

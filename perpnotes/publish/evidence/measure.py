"""Measures records anew from the data sets that they name, and says where one no longer agrees."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from perpnotes.publish.compute import records
from perpnotes.publish.compute.records import Dataset, Record
from perpnotes.publish.evidence import datasets, published

VARIABLE = "PERPNOTES_DATA"
"""The environment variable that names the folder with the data sets."""

DIGITS = 6
"""Significant digits that a record keeps: more would be noise of the measurement, and make the file longer."""

# Half a unit of the last kept digit is at most 5e-6 of the number; the rest allows sums in another order.
_RELATIVE, _ABSOLUTE = 5.1e-6, 1e-12


class MissingDataError(OSError):
    """A data set is not where it should be."""


class OtherDataError(OSError):
    """A data set is not the file that was measured."""


def folder() -> Path | None:
    """Where the data sets are; None where the environment does not say."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def measure(record: Record, data: Path | None, today: str = "") -> Record:
    """A record with every figure measured now; as it was, with its date, where none has moved.

    Parameters:
        record: what to measure.
        data: the folder with the data sets; None for a record of a sweep, which needs none.
        today: the date of a record that has changed; by default that of now, in UTC.

    Raises:
        MissingDataError: a data set is missing.
        OtherDataError: a data set differs from the one in `tests/datasets.yaml`.
    """
    names = _names(record, data)
    sweep = dict(record.sweep)
    if sweep:
        sweep["is"] = [_kept(_run(record, names, seed)) for seed in range(int(sweep["seeds"]))]
        names["runs"] = np.array(sweep["is"])
    figures = {name: {**how, "is": _kept(_value(how["call"], names))} for name, how in record.figures.items()}
    found = replace(record, sweep=sweep, figures=figures)
    if found == record:
        return record
    return replace(found, date=today or dt.datetime.now(dt.UTC).date().isoformat())


def differences(record: Record, data: Path | None, again: int = 3) -> Iterator[str]:
    """What a record says otherwise than the library now measures.

    Of a sweep, some seeds are run again, and the figures are computed from the kept results.

    Parameters:
        record: what to measure again.
        data: the folder with the data sets; None where the record needs none.
        again: how many seeds of a sweep are run again, evenly spaced.

    Raises:
        MissingDataError: a data set is missing.
        OtherDataError: a data set differs from the one in `tests/datasets.yaml`.
    """
    names = _names(record, data)
    if record.sweep:
        kept = names["runs"] = np.array(record.sweep["is"])
        if kept.shape[:1] != (int(record.sweep["seeds"]),):
            yield f"{record.name}: {kept.shape[:1]} runs for {record.sweep['seeds']} seeds"
            return
        for seed in np.linspace(0, len(kept) - 1, again).round().astype(np.int64).tolist():
            if not agrees(kept[seed].tolist(), now := _kept(_run(record, names, seed))):
                yield f"{record.name}: the run of seed {seed} gives {now}, and was {kept[seed]}"
    for name, how in record.figures.items():
        if not agrees(how["is"], now := _kept(_value(how["call"], names))):
            yield f"{record.name}: {name} is measured as {now}, and was {how['is']}"


def agrees(kept: Any, now: Any) -> bool:
    """Whether two figures are the same within the digits that a record keeps.

    Parameters:
        kept: a number, a text or a list of one of them.
        now: another one.
    """
    first, second = np.asarray(kept), np.asarray(now)
    if first.shape != second.shape or (first.dtype.kind in "US") != (second.dtype.kind in "US"):
        return False
    if first.dtype.kind in "US":
        return bool((first == second).all())
    return bool(np.allclose(first, second, rtol=_RELATIVE, atol=_ABSOLUTE))


def located(dataset: Dataset, data: Path | None) -> Path:
    """The file of a data set, after a look at its hash.

    Parameters:
        dataset: which.
        data: the folder with the data sets.

    Raises:
        MissingDataError: it is not there.
        OtherDataError: it is another file than was measured.
    """
    if data is None:
        raise MissingDataError(f"{dataset.file}: set {VARIABLE} to the folder that it is in")
    path = data / dataset.file
    if not path.is_file():
        raise MissingDataError(f"{dataset.file} is not in {data}")
    if (digest := sha256(path.read_bytes())) != dataset.sha256:
        raise OtherDataError(f"{dataset.file} is not the file that was measured: its SHA-256 is {digest}")
    return path


def sha256(content: bytes) -> str:
    """The hash by which a file is known, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def text(record: Record) -> str:
    """The file of a record.

    Parameters:
        record: what to write.
    """
    lines: list[str] = []
    for key, value in asdict(record).items():
        if isinstance(value, dict):
            lines += [f"{key}:", *(f"  {line}" for each in value.items() for line in _entry(*each))] if value else []
        elif key != "name":
            lines += _entry(key, value)
    return "\n".join([*lines, ""])


def _entry(key: str, value: Any) -> list[str]:
    """One entry: a mapping of plain things on a line, a list as many as it takes."""
    style = None if isinstance(value, dict | list) else False
    dumped: str = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=112, default_flow_style=style)
    return dumped.rstrip("\n").split("\n")


def _names(record: Record, data: Path | None) -> dict[str, Any]:
    """What the expressions of a record can use."""
    known = records.datasets()
    if unknown := set(record.data.values()) - known.keys():
        raise OtherDataError(f"{records.DATASETS.as_posix()} has no {', '.join(sorted(unknown))}")
    files = {name: located(known[file], data) for name, file in record.data.items()}
    return published.namespace(record.name, {**record.given, **files}, record.let, datasets=datasets)


def _run(record: Record, names: Mapping[str, Any], seed: int) -> Any:
    return _value(record.sweep["each"], {**names, "seed": seed})


def _value(expression: str, names: Mapping[str, Any]) -> Any:
    return eval(expression, dict(names))  # noqa: S307  (the project's own data, like the published examples)


def _kept(value: Any) -> Any:
    """A figure as a file keeps it: plain, and with `DIGITS` significant digits."""
    if isinstance(value, np.ndarray | list | tuple):
        return [_kept(each) for each in value]
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    return float(f"{float(value):.{DIGITS}g}")

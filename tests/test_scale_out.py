"""The page on scaling out: its program, with two worker processes, and the numbers that were measured for it."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perpnotes import stress
from tests import scaling

SIZES = [400, 0, 1, 2_311, 37]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "scale_out.py"
    path.write_text(scaling.program(), encoding="utf-8")
    return path


def whole(unit: Any, labels: list[Any]) -> stress.WorstAccounts:
    """One pass over all accounts in this process, that has no files."""
    books = np.concatenate([scaling.quantities(number, size) for number, size in enumerate(SIZES)])
    return stress.worst_accounts(labels, books, unit, top=10)


def test_the_program_prints_what_one_process_finds(program: Path, tmp_path: Path) -> None:
    """As a reader runs it: two workers, files of unequal size, one of them empty, columns in any order."""
    scaling.write(tmp_path, SIZES)
    printed = subprocess.run(
        [sys.executable, program, tmp_path],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (scaling.PAGE.parents[1], *sys.path)))},
    ).stdout
    expected = whole(runpy.run_path(str(program))["values"](), list(range(sum(SIZES))))
    rows = zip(expected.accounts, expected.losses, expected.scenario, strict=True)
    assert printed.splitlines() == [f"{sum(SIZES)} accounts", *(" ".join(map(str, row)) for row in rows)]


# Sockets that Dask leaves to the garbage collector are not ours to close.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_two_workers_find_every_loss_of_one_process(program: Path, tmp_path: Path) -> None:
    """Not only the largest: all losses, bit for bit, in two processes that are not this one; labels may be texts."""
    from distributed import Client  # long to import, for every process that collects tests

    parts = [scaling.quantities(number, size) for number, size in enumerate(SIZES)]
    theirs = runpy.run_path(str(program))
    unit = theirs["values"]()
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        workers = list(client.scheduler_info()["workers"])
        processes = set(client.run(os.getpid).values())
        found = client.gather(
            [
                client.submit(stress.worst_cases, part, unit, workers=[workers[number % 2]], pure=False)
                for number, part in enumerate(parts)
            ]
        )
        worst = theirs["worst_of_all"](client, scaling.write(tmp_path, SIZES, texts=True))
    assert len(processes - {os.getpid()}) == 2
    for k, expected in enumerate(stress.worst_cases(np.concatenate(parts), unit)):
        assert np.concatenate([part[k] for part in found]).tobytes() == expected.tobytes()
    assert worst == whole(unit, [f"account {n:08d}" for n in range(sum(SIZES))])

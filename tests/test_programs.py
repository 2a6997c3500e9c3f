"""Programs as a user writes them: type checkers accept them in strict mode (`make check`), and here they run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted(path for path in (ROOT / "tests/programs").glob("*.py") if path.stem != "refused")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_of_a_user_runs_without_a_warning(path: Path) -> None:
    """It checks its own results, and prints them."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [sys.executable, "-W", "error", path], env=environment, check=False, capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("\n") >= 5


def test_there_are_five_programs() -> None:
    """A folder that was moved would leave the test above without a case."""
    assert len(PROGRAMS) == 5

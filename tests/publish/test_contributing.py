"""The contribution guide promises what a newcomer sees."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from perpnotes.publish.evidence import published

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/contributing/index.md"


def test_the_guide_shows_what_its_commands_print(tmp_path: Path) -> None:
    """Each command of the guide on articles, run in order in a fresh copy; a line … stands for any lines."""
    # Whoever follows the guide to the letter has its idea already, and has registered it.
    left_out = shutil.ignore_patterns("__pycache__", "examples", "*funding_drift.*")
    for name in ("docs", "perpnotes", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    for name in ("perpnotes/__init__.py", "pyproject.toml", "mkdocs.yml"):
        lines = (ROOT / name).read_text().splitlines(keepends=True)
        (tmp_path / name).write_text("".join(line for line in lines if "funding_drift" not in line))
    tried = []
    for fence in re.findall(r"^```console\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE):
        for command, promised in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", fence, re.MULTILINE):
            if not command.startswith("python -m perpnotes.publish "):
                continue
            arguments = [sys.executable, *shlex.split(command)[1:]]
            seen = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
            pattern = "(?:.*\n)*".join(map(re.escape, re.split(r"^…\n", promised, flags=re.MULTILINE)))
            assert re.fullmatch(pattern, seen.stdout), f"{command}\n{seen.stdout}{seen.stderr}"
            tried.append(arguments[3])
    assert tried == ["new", "run", "check", "accept"]


def test_the_published_example_of_the_guide_is_one(tmp_path: Path) -> None:
    """What the guide shows as a group of examples can be read as it stands, and its call gives the printed number."""
    shown = re.search(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert shown
    (tmp_path / "a.yaml").write_text(f"source: s\ngroups:\n{shown[1]}")
    assert [row.agrees for row in published.rows(published.groups(tmp_path))] == [True]

"""Building the site: cold, and against its floor."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
EXPORT = ("-m", "perpnotes.publish", "export")
BUILD = ("-m", "mkdocs", "build", "--quiet")
# The same blocks and inline values, one page after the other in one process, with nothing around them.
PLAIN = """
import builtins, random, sys
from pathlib import Path
from types import ModuleType
from perpnotes.publish.compute import outputs, units
from perpnotes.publish.articles import read

for path in sorted(Path("docs/insights").glob("*.md")):
    page = read(path)
    main = sys.modules["__main__"] = ModuleType("__main__")
    with outputs.collect():
        for block in page.executed:
            exec(compile(block.source, page.path, "exec"), main.__dict__)
        for value in page.evaluated:
            found = eval(value.expression, main.__dict__)
            units.fmt(found, value.unit) if value.unit else str(found)
"""


def run() -> Iterator[tuple[str, str]]:
    """Build the articles as they are, and copied until there are 20 and 80."""
    real = len(list((ROOT / "docs/insights").glob("*.md")))
    for number in (real, 20, 80):
        with TemporaryDirectory() as folder:
            site = copies(Path(folder), number)
            start = time.perf_counter()
            timed(site, *EXPORT)
            build, memory = timed(site, *BUILD)
            cold = time.perf_counter() - start
            floor = timed(site, "-c", PLAIN)[0]
            yield f"{number} articles: make site, cold, {os.cpu_count()} cores", f"{cold:.1f} s, {memory:.0f} MB"
            yield "  of which the generator, after the export", f"{build:.1f} s"
            still(site)
            floor += timed(site, *BUILD)[0]
            yield "  floor: blocks in one process, then pages without execution", f"{floor:.1f} s"
            yield "  ratio to the floor (aim: below 1)", f"{cold / floor:.2f}"


def copies(folder: Path, number: int) -> Path:
    """The site in a folder of its own, with `number` articles; copies have other names and the same content."""
    shutil.copytree(ROOT / "perpnotes", folder / "perpnotes", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("examples"))
    shutil.copytree(ROOT / "tests/ledger", folder / "tests/ledger")
    for name in ("published", "records"):
        shutil.copytree(ROOT / "tests" / name, folder / "tests" / name)
    for name in ("datasets.yaml", "facts.yaml"):
        shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
    for name in ("mkdocs.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    articles = sorted((folder / "docs/insights").glob("*.md"))
    for index in range(len(articles), number):
        source = articles[index % len(articles)]
        shutil.copy(source, source.with_stem(f"{source.stem}_{index}"))
    return folder


def still(site: Path) -> None:
    """Let nothing run any more: blocks are shown only, inline values are code."""
    for file in (site / "docs").rglob("*.md"):
        text = re.sub(r'^(\s*```python) exec="on".*$', r"\1", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        file.write_text(text.replace("`#!calc ", "`"), encoding="utf-8")


def timed(site: Path, *arguments: str) -> tuple[float, float]:
    """Seconds of a Python command, and the largest memory so far of any of them in MB."""
    start = time.perf_counter()
    output(site, *arguments)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def output(site: Path, *arguments: str) -> str:
    """What a Python command prints."""
    environment = {**os.environ, "PYTHONPATH": str(site), "SOURCE_DATE_EPOCH": "0", "NO_MKDOCS_2_WARNING": "1"}
    command: Sequence[str] = (sys.executable, *arguments)
    return subprocess.run(
        command, cwd=site, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout.strip()

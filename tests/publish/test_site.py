"""The real site, in the generator that it does not use yet."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_site_builds_in_zensical_too(tmp_path: Path) -> None:
    """mkdocs-material ends in 2027; its successor reads the same configuration and builds every page, strictly."""
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)  # a copy: the output goes beside the file
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("perpnotes", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0"}
    built = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    pages = {path.parent.name for path in (tmp_path / "site/insights").glob("*/index.html")}
    assert pages == {path.stem for path in (ROOT / "docs/insights").glob("*.md")}

"""The real site, in the generator that it does not use yet."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from .conftest import articles, run


def test_the_site_builds_in_zensical_too(site: Path, tmp_path: Path) -> None:
    """mkdocs-material ends in 2027; its successor reads the same configuration and builds every page, strictly."""
    folder = tmp_path / "copy"  # with the results that are kept, which `--clean` would remove
    shutil.copytree(site.parent, folder, ignore=shutil.ignore_patterns("site"))
    run(sys.executable, "-m", "zensical", "build", "--strict", cwd=folder)
    assert list(articles(folder / "site")) == list(articles(site))
    assert "<math" in (folder / "site/insights/stress/index.html").read_text(encoding="utf-8")

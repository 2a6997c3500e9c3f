"""Small sites, built for real by both generators."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

CONFIG = """\
site_name: Test
site_url: https://example.org/
theme: {name: material, font: false}
use_directory_urls: true
plugins:
  - markdown-exec: {languages: []}
markdown_extensions:
  - admonition
  - attr_list
  - md_in_html
  - tables
  - toc: {permalink: true}
  - pymdownx.details
  - pymdownx.tabbed: {alternate_style: true}
  - pymdownx.highlight: {anchor_linenums: true, line_spans: __span, pygments_lang_class: true}
  - pymdownx.superfences:
      relaxed_headers: true
      custom_fences:
        - name: python
          class: python
          validator: !!python/name:perpnotes.publish.page.fences.validate
          format: !!python/name:perpnotes.publish.page.fences.format
        - {name: math, class: math, format: !!python/name:perpnotes.publish.page.math.block }
  - pymdownx.inlinehilite:
      custom_inline:
        - {name: calc, class: calc, format: !!python/name:perpnotes.publish.page.fences.value }
        - {name: math, class: math, format: !!python/name:perpnotes.publish.page.math.inline }
  - perpnotes.publish.page.extension
"""
COMMANDS = {
    "mkdocs": ["mkdocs", "build"],
    "mkdocs-quiet": ["mkdocs", "build", "--quiet"],
    "mkdocs-strict": ["mkdocs", "build", "--strict"],
    "zensical": ["zensical", "build", "--clean", "--strict"],
}


@dataclass
class Site:
    """A site in a folder of its own; `pages` are Markdown texts by name."""

    root: Path

    def write(self, **pages: str) -> Site:
        (self.root / "docs").mkdir(exist_ok=True)
        (self.root / "tests/published").mkdir(parents=True, exist_ok=True)
        (self.root / "tests/published/none.yaml").write_text("source: Nobody\ngroups: []\n")
        (self.root / "mkdocs.yml").write_text(CONFIG)
        for name, text in {"index": "# Home\n", **pages}.items():
            (self.root / f"docs/{name}.md").write_text(text)
        return self

    def build(self, generator: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *COMMANDS[generator]]
        return self._run(command)

    def python(self, script: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-c", script])

    def rendered(self) -> dict[str, str]:
        """What is said of each page, rendered alone: all of them in one process, where a build stops at the first."""
        said = self.python(
            "import json; from pathlib import Path; from perpnotes.publish import loop\n"
            "print(json.dumps({page.stem: '\\n'.join(loop.rendered(page)) for page in Path('docs').glob('*.md')}))"
        )
        assert said.returncode == 0, said.stderr
        found: dict[str, str] = json.loads(said.stdout)
        return found

    def page(self, name: str) -> str:
        return (self.root / "site" / name / "index.html").read_text()

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        # A hash seed of its own: the pages must not depend on the one that the generator has.
        environment = {
            **os.environ,
            "SOURCE_DATE_EPOCH": "1700000000",
            "PYTHONHASHSEED": "random",
            "NO_MKDOCS_2_WARNING": "1",
            "PYTHONPATH": str(Path(__file__).parents[2]),  # nothing is installed: a site elsewhere has to find it
        }
        return subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=False, timeout=120, env=environment
        )


@pytest.fixture(autouse=True)
def _nothing_kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test computes, it computes itself, and leaves nothing; but for the articles, which sites need later."""
    if "kept" not in request.keywords:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Site]:
    return Site(tmp_path).write


@pytest.fixture(params=["mkdocs-strict", "zensical"])
def generator(request: pytest.FixtureRequest) -> str:
    return str(request.param)

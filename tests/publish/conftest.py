"""Small sites, built for real by both generators."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
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
# Runs scripts, each in a process of its own, forked from one that has loaded what takes most of a build's time.
FORKED = """
import json, os, signal, sys
import mkdocs.commands.build, mkdocs_autorefs, zensical.main, zensical.markdown.render
from perpnotes.publish.page import extension

for line in sys.stdin:
    folder, environment, script = json.loads(line)
    if not (child := os.fork()):
        signal.alarm(120)
        os.chdir(folder)
        sys.path[0] = folder
        os.environ.update(environment)
        for stream, name in enumerate(("stdout", "stderr"), 1):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        exec(script, {"__name__": "__main__"})
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
BUILD = "import runpy, sys; sys.argv[1:] = {}; runpy.run_module({!r}, run_name='__main__', alter_sys=True)"
COMMANDS = {
    "mkdocs": ["mkdocs", "build"],
    "mkdocs-quiet": ["mkdocs", "build", "--quiet"],
    "mkdocs-strict": ["mkdocs", "build", "--strict"],
    "zensical": ["zensical", "build", "--clean", "--strict"],
}


def builder(root: Path = Path(__file__).parents[2]) -> subprocess.Popen[str]:
    """What builds sites with the library in a folder; its hash seed is its own: pages must not depend on it."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "random"}  # nothing is installed
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", FORKED], stdin=pipe, stdout=pipe, text=True, env=environment)


@dataclass
class Site:
    """A site in a folder of its own; `pages` are Markdown texts by name."""

    root: Path
    builder: subprocess.Popen[str]

    def write(self, **pages: str) -> Site:
        (self.root / "docs").mkdir(exist_ok=True)
        (self.root / "tests/published").mkdir(parents=True, exist_ok=True)
        (self.root / "tests/published/none.yaml").write_text("source: Nobody\ngroups: []\n")
        (self.root / "mkdocs.yml").write_text(CONFIG)
        for name, text in {"index": "# Home\n", **pages}.items():
            (self.root / f"docs/{name}.md").write_text(text)
        return self

    def build(self, generator: str) -> subprocess.CompletedProcess[str]:
        module, *arguments = COMMANDS[generator]
        return self.python(BUILD.format(arguments, module))

    def python(self, script: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "NO_MKDOCS_2_WARNING": "1"}
        assert self.builder.stdin is not None
        assert self.builder.stdout is not None
        print(json.dumps([str(self.root), environment, script]), file=self.builder.stdin, flush=True)
        status = int(self.builder.stdout.readline())
        said = [(self.root / name).read_text() for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(script, status, *said)

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


@pytest.fixture(autouse=True)
def _nothing_kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test computes, it computes itself, and leaves nothing; but for the articles, which sites need later."""
    if "kept" not in request.keywords:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))


@pytest.fixture(scope="session")
def builds() -> Iterator[subprocess.Popen[str]]:
    with builder() as started:
        yield started


@pytest.fixture
def site(tmp_path: Path, builds: subprocess.Popen[str]) -> Callable[..., Site]:
    return Site(tmp_path, builds).write


@pytest.fixture(params=["mkdocs-strict", "zensical"])
def generator(request: pytest.FixtureRequest) -> str:
    return str(request.param)

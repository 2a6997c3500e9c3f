"""One idea as its author sees it while writing: its tests, its page rendered alone, and warnings at their place.

The whole suite takes minutes and a site half a minute; what concerns one idea takes seconds.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeAlias

Verdict: TypeAlias = Callable[[], tuple[bool, str]]

PLACE = re.compile(r"(?P<path>[\w./-]+):\d+: ")
"""What a message begins with that says where in a file its fault is."""


@contextmanager
def testing(idea: str) -> Iterator[Verdict]:
    """Run the tests of an idea in a process beside this one.

    Parameters:
        idea: its name.

    Yields:
        What waits for them and says whether they passed, and in which words: all of them if not.
    """
    with TemporaryFile("w+", encoding="utf-8") as said:
        command = [sys.executable, "-m", "pytest", "-q", *selection(idea)]
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)  # noqa: S603  (our own tests)

        def verdict() -> tuple[bool, str]:
            passed = process.wait() == 0
            said.seek(0)
            text = said.read().strip()
            return passed, text.rpartition("\n")[2] if passed else text

        try:
            yield verdict
        finally:
            process.kill()
            process.wait()


def selection(idea: str) -> list[str]:
    """What pytest is told to run: the idea's own tests, its doctests, what holds for every idea, published examples.

    Parameters:
        idea: its name.
    """
    from perpnotes.publish.evidence import published

    file = "tests/published/test_published.py"
    names = [
        f"{file}::{'test_contradiction' if example.contradicts else 'test_published_example'}[{example.id}]"
        for group in published.groups()
        if not group.pending and any(function.startswith(f"{idea}.") for function in group.functions)
        for example in group.examples
    ]
    # Of the tests for every idea, those of this one have its name in theirs.
    own = [f"tests/test_{idea}.py", f"perpnotes/{idea}.py", "tests/test_public.py"]
    return [*own, *names, "-k", f"{idea} or test_published"]


def rendered(page: Path) -> list[str]:
    """Render a page as the site generator does, without the rest of the site.

    Parameters:
        page: the Markdown file, below `docs/`.

    Returns:
        What the generator stops at or warns of, each with path and line: links to files that do not exist, to places
        that the page itself does not have, and what our extensions refuse. Places on other pages are not known here.
    """
    from click import ClickException
    from mkdocs.config import load_config
    from mkdocs.structure.files import get_files
    from mkdocs.structure.pages import Page

    with Warnings() as found:
        config = load_config("mkdocs.yml")
        config.plugins.on_startup(command="build", dirty=False)
        config = config.plugins.on_config(config)
        files = get_files(config)
        file = files.get_file_from_path(page.relative_to("docs").as_posix())
        assert file is not None  # noqa: S101  (it is below docs/)
        alone = Page(None, file, config)
        try:
            alone.read_source(config)
            alone.render(config, files)
            alone.validate_anchor_links(files=files, log_level=logging.WARNING)
        except ClickException as error:  # what our extensions raise, with path and line
            return [error.message]
    return found


class Warnings(logging.Handler):
    """Gathers what MkDocs and its plugins warn of, each with its place where that can be found."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def __enter__(self) -> list[str]:
        logging.getLogger("mkdocs").addHandler(self)
        return self.messages

    def __exit__(self, *_error: object) -> None:
        logging.getLogger("mkdocs").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Called with each warning."""
        self.messages.append(_placed(record.getMessage()))


def _placed(message: str) -> str:
    """A warning with the line that holds what it quotes; MkDocs names the page only."""
    message = re.sub(r"^\w+: (?=[\w./-]+:)", "", message)  # which plugin says it
    page = re.search(r"[\w/.-]+\.md\b", message)
    if PLACE.match(message) or page is None or not (file := Path("docs", page[0])).is_file():
        return message
    quoted = [text for text in re.findall(r"'([^']+)'", message) if text != page[0]]
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    at = next((at for text in quoted for at, line in enumerate(lines, 1) if text in line), 1)
    return f"{file.as_posix()}:{at}: {message}"

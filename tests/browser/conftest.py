"""The real site, built once and served, a browser that reads it, and an environment that has numpy alone."""

from __future__ import annotations

import fcntl
import inspect
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from sysconfig import get_path
from typing import Any

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
# As the workflows publish it, with links to the repository. The theme knows this host, and could ask it for the stars.
REPOSITORY = "https://github.com/owner/perpnotes"
SETTINGS = {"SOURCE_DATE_EPOCH": "1700000000", "NO_MKDOCS_2_WARNING": "1", "REPO_URL": REPOSITORY}
# Without the repository's own folder on Python's path: what runs elsewhere has to do with what is there.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | SETTINGS


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first of all worker processes makes."""
    shared = factory.getbasetemp()
    folder = (shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared) / name
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)  # what a failed attempt left
            folder.mkdir()
            make(folder)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make site` builds it, from a copy: exported examples first."""

    def make(folder: Path) -> None:
        left = shutil.ignore_patterns("examples", "__pycache__")
        shutil.copytree(ROOT / "docs", folder / "docs", ignore=left)
        for name in ("published", "ledger", "records"):
            shutil.copytree(ROOT / "tests" / name, folder / "tests" / name, ignore=left)
        for name in ("datasets.yaml", "facts.yaml"):
            shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
        shutil.copytree(ROOT / "perpnotes", folder / "perpnotes", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("mkdocs.yml", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        run(sys.executable, "-m", "perpnotes.publish", "export", cwd=folder)
        run(sys.executable, "-m", "mkdocs", "build", "--quiet", cwd=folder)
        run(sys.executable, "-m", "perpnotes.publish", "finish", cwd=folder)

    return once(tmp_path_factory, "built-site", make) / "site"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a release makes it, from the source distribution; without a network."""

    def make(folder: Path) -> None:
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)

    return next(once(tmp_path_factory, "distributions", make).glob("*.whl"))


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The Python of an environment with the built wheel, numpy and nothing else; made without a network."""

    def make(folder: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
        python = folder / "env/bin/python"
        packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
        for part in Path(get_path("platlib")).glob("numpy*"):  # numpy, numpy.libs, numpy-….dist-info
            (packages / part.name).symlink_to(part)
        # pip looks for what the wheel requires, and without an index it finds numpy or fails.
        run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", wheel, cwd=folder)

    return once(tmp_path_factory, "bare", make) / "env/bin/python"


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def until(page: Page, true: str | Callable[[], object], argument: Any = None, seconds: float = 30.0) -> None:
    """Wait until an expression is true of a page; Playwright's own waiting evaluates text, which the site forbids.

    A function is asked here, while the events of the page come in.
    """
    end = time.monotonic() + seconds
    while not (page.evaluate(true, argument) if isinstance(true, str) else true()):
        if time.monotonic() > end:
            raise TimeoutError(true if isinstance(true, str) else inspect.getsource(true))
        page.wait_for_timeout(20)


def articles(site: Path) -> list[str]:
    return sorted(page.parent.name for page in site.glob("insights/*/index.html"))

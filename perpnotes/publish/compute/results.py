"""What articles computed, kept on disk until something that it depends on changes.

`make site` runs every article to export it, and the generator that follows would run them all again. Beside what an
article computed stand the hashes of all that it read: the modules of the library that it loaded, other files, the
content of folders that it listed. The process that builds takes them, not the article's own. A result is used again
while they agree, so a change in `fees.py` computes anew what depends on `fees`, and nothing else.

Results are kept outside the repository: what comes with somebody's branch is never taken for one.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import json
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from perpnotes.publish import articles
from perpnotes.publish.articles import Article, ArticleError, Value
from perpnotes.publish.compute import moves, slices, worker
from perpnotes.publish.compute.outputs import Output
from perpnotes.publish.compute.worker import Computed, Result

_KEPT = 32  # files of an article: of earlier texts, and of branches
_DEEP = "-deep"

INSIGHTS = "docs/insights"
"""Where the articles are that can be quoted, from the root of the repository."""


def folder() -> Path:
    """Where results are kept: `perpnotes` in the user's cache, which is `XDG_CACHE_HOME` or else `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "perpnotes")


def of(article: Article, folder: str = INSIGHTS) -> Computed:
    """What a page computes, as kept or else by running it, and what it quotes from other articles.

    Safe to call from several threads and processes.

    Parameters:
        article: the page.
        folder: where the quoted articles are, from the working directory.

    Returns:
        As `worker.run`; its values include the quoted ones.

    Raises:
        RunError: the page or an article that it quotes fails.
        ArticleError: it quotes an article or an inline value that does not exist.
    """
    computed = _own(article)
    if quotes := [value for value in article.values if value.idea]:
        computed = replace(computed, values={**computed.values, **dict(_quoted(article.path, quotes, folder))})
    return computed


def runs(article: Article) -> bool:
    """Whether what an article computes itself is not kept, so that `of` would run it.

    Parameters:
        article: the page.
    """
    return bool(article.executed or article.evaluated) and not any(_kept(_name(article)))


def _quoted(path: str, values: Iterable[Value], folder: str) -> Iterator[tuple[str, Result]]:
    """The results of other articles' inline values."""
    results: dict[str, dict[str, Result]] = {}
    for value in values:
        file = Path(folder, f"{value.idea}.md")
        if not file.is_file():
            raise ArticleError(path, value.line, f"`{value.source}`: there is no {file.as_posix()}")
        if value.idea not in results:
            quoted = articles.read(file)
            there = _own(quoted)
            results[value.idea] = {each.asked: there.values[each.source] for each in quoted.evaluated}
            results[value.idea] |= {
                f"{output.data['id']} | figure": Result(output.content, output.data["caption"])
                for output in itertools.chain.from_iterable(there.outputs)
                if output.kind == "figure"
            }
        known = results[value.idea]
        wanted = value.asked
        if wanted not in known:
            close = get_close_matches(wanted, known, 3, 0.0)
            raise ArticleError(
                path,
                value.line,
                f"{file.as_posix()} has no {'figure' if value.pictures else 'inline value'} `{wanted}`; "
                f"it has {', '.join(close)}",
            )
        yield value.source, known[wanted]


def deep(article: Article) -> Mapping[str, Any]:
    """What is told of each number that an article computes, with how far its inputs move it; kept like the rest.

    Parameters:
        article: the page.

    Raises:
        RunError: the page fails.
    """
    page = slices.Page(article)
    tried = any(moves.tried(page, page.following(literal.statement)) for literal in page.literals)
    return _own(article, tried).told  # what cannot be tried is not run once more for it


def _own(article: Article, deep: bool = False) -> Computed:
    if not article.executed and not article.evaluated:
        return Computed()
    name = _name(article)
    with _alone(name):
        for file in _kept(f"{name}{_DEEP * deep}"):  # what is told in depth holds all the rest, too
            with suppress(FileNotFoundError):  # another article's edit removed it
                return _load(file, file.stat().st_mtime_ns)
        started = time.time_ns()
        computed = worker.run(article, deep)
        here = Path.cwd()
        files = {os.path.relpath(path, here) if Path(path).is_relative_to(here) else path for path in computed.trace}
        if all(_changed(Path(path)) < started for path in files):  # or it is unknown which of two contents was read
            text = json.dumps(
                {"trace": {path: _digest(Path(path)) for path in sorted(files)}, "computed": asdict(computed)}
            )
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            (folder() / f"{name}{_DEEP * deep}-{digest}.json").write_text(text, encoding="utf-8")
            for old in sorted(folder().glob(f"{_page(article)}-*"), key=_changed)[:-_KEPT]:
                old.unlink(missing_ok=True)
        return computed


def _page(article: Article) -> str:
    return article.path.replace("/", "-")


def _name(article: Article) -> str:
    """How the files begin that keep what an article computed."""
    return f"{_page(article)}-{_key(article)[:16]}"


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """For one process and thread at a time: who waits finds what the first has computed."""
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _key(article: Article) -> str:
    """The hash of what an article can depend on beside files: its text, the clock, the versions below the library."""
    parts = [article.path, article.text, os.environ.get("SOURCE_DATE_EPOCH") or "0", platform.python_version()]
    return hashlib.sha256("\0".join([*parts, *_versions()]).encode()).hexdigest()


@cache
def _versions() -> tuple[str, ...]:
    return tuple(version(name) for name in ("numpy", "altair", "vl-convert-python"))


def _kept(name: str) -> Iterator[Path]:
    """The files with a result of which nothing that it was made from has changed.

    There are several files where branches or checkouts have the same article with other modules.
    """
    for file in folder().glob(f"{name}-*.json"):
        with suppress(FileNotFoundError, ValueError):  # removed meanwhile, or who wrote it was stopped
            if all(_digest(Path(path)) == digest for path, digest in _trace(file, file.stat().st_mtime_ns).items()):
                yield file


@lru_cache(maxsize=256)
def _trace(file: Path, _changed: int) -> Mapping[str, str]:
    """The digests of what a kept result was made from."""
    trace: Mapping[str, str] = json.loads(file.read_text(encoding="utf-8"))["trace"]
    return trace


@lru_cache(maxsize=128)
def _load(file: Path, _changed: int) -> Computed:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["computed"]
    return Computed(
        tuple(tuple(Output(**output) for output in shown) for shown in found["outputs"]),
        {source: Result(**result) for source, result in found["values"].items()},
        tuple(found["trace"]),
        found["told"],
    )


def _digest(path: Path) -> str:
    """The hash of a file, or of the names in a folder; empty where there is neither."""
    try:
        stat = path.stat()
        return _hash(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=4096)
def _hash(path: Path, _changed: int, _size: int) -> str:
    names = (
        (name for name in sorted(entry.name for entry in path.iterdir()) if name != "__pycache__")
        if path.is_dir()
        else ()
    )
    return hashlib.sha256("\0".join(names).encode() if path.is_dir() else path.read_bytes()).hexdigest()


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0

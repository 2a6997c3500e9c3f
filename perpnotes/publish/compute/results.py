"""What articles computed, kept on disk until something that it depends on changes.

`make site` runs every article to export it, and the generator that follows would run them all again. Beside what an
article computed stand the hashes of all that it read: the modules of the library that it loaded, other files, the
content of folders that it listed. The process that builds takes them, not the article's own. A result is used again
while they agree, so a change in `fees.py` computes anew what depends on `fees`, and nothing else; and a change of an
article's words or comments computes nothing.

Results are kept outside the repository: what comes with somebody's branch is never taken for one.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import itertools
import json
import os
import platform
import re
import time
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from perpnotes.publish import articles, inputs
from perpnotes.publish.articles import Article, ArticleError, Value
from perpnotes.publish.compute import moves, slices, worker
from perpnotes.publish.compute.outputs import Output
from perpnotes.publish.compute.worker import Computed, Result, RunError

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
    computed = inputs.once(_own, article)
    if quotes := [value for value in article.values if value.idea]:
        computed = replace(computed, values={**computed.values, **dict(_quoted(article.path, quotes, folder))})
    return computed


def _quoted(path: str, values: Iterable[Value], folder: str) -> Iterator[tuple[str, Result]]:
    """The results of other articles' inline values."""
    results: dict[str, dict[str, Result]] = {}
    for value in values:
        file = Path(folder, f"{value.idea}.md")
        if not file.is_file():
            raise ArticleError(path, value.line, f"`{value.source}`: there is no {file.as_posix()}")
        if value.idea not in results:
            quoted = articles.read(file)
            there = inputs.once(_own, quoted)
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


def own(path: Path) -> Computed:
    """As `of`, but for what the page in a file quotes.

    Parameters:
        path: the page.
    """
    return inputs.once(_own, articles.read(path))


def deep(article: Article) -> Mapping[str, Any]:
    """What is told of each number that an article computes, with how far its inputs move it; kept like the rest.

    Parameters:
        article: the page.

    Raises:
        RunError: the page fails.
    """
    page = slices.Page(article)
    tried = any(moves.tried(page, page.following(literal.statement)) for literal in page.literals)
    told = _own(article, tried).told  # what cannot be tried is not run once more for it
    places = {block.id: [number for number, _ in _code(block.source)] for block in article.executed}
    nodes = [[id, places[id][first], places[id][last], *more] for id, first, last, *more in told.get("nodes", ())]
    return {**told, "nodes": nodes} if nodes else told


def _own(article: Article, deep: bool = False) -> Computed:
    if not article.executed and not article.evaluated:
        return Computed()
    runs, lines = _runs(article)
    name = _name(runs)
    with _alone(name):
        for file in _kept(f"{name}{_DEEP * deep}"):  # what is told in depth holds all the rest, too
            with suppress(FileNotFoundError):  # another article's edit removed it
                return _load(file, file.stat().st_mtime_ns)
        started = time.time_ns()
        try:
            computed = worker.run(runs, deep)
        except RunError as error:
            raise _placed(error, lines) from None
        here = Path.cwd()
        files = {os.path.relpath(path, here) if Path(path).is_relative_to(here) else path for path in computed.trace}
        if all(_changed(Path(path)) < started for path in files):  # or it is unknown which of two contents was read
            text = json.dumps({"trace": {path: _digest(path) for path in sorted(files)}, "computed": asdict(computed)})
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            (folder() / f"{name}{_DEEP * deep}-{digest}.json").write_text(text, encoding="utf-8")
            for old in sorted(folder().glob(f"{_page(article)}-*"), key=_changed)[:-_KEPT]:
                old.unlink(missing_ok=True)
        return computed


@lru_cache(maxsize=128)
def _runs(article: Article) -> tuple[Article, tuple[int, ...]]:
    """What runs of an article, closed up, and the line in the file of each of its lines.

    It is without prose, comments and blank lines, so that an edit of these computes nothing anew.
    """
    lines: list[str] = []
    places: list[int] = []
    blocks = []
    for block in article.executed:
        code = [*_code(block.source), (block.source.count("\n") + 1, "")]  # what is missing is missed at the end
        blocks.append(replace(block, line=len(lines) + 1, source="\n".join(line for _, line in code[:-1])))
        lines += (line for _, line in code)
        places += (block.line + number for number, _ in code)
    values = [replace(value, line=len(lines) + number) for number, value in enumerate(article.evaluated, 1)]
    places += (value.line for value in article.evaluated)
    text = "\n".join(lines)
    return Article(article.path, text, "", {}, 0, (), tuple(blocks), tuple(values)), tuple(places)


@lru_cache(maxsize=1024)
def _code(source: str) -> tuple[tuple[int, str], ...]:
    """The lines of a block that do something, each with its number from 0."""
    lines, used = source.split("\n"), set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            (first, column), (last, _) = token.start, token.end
            if token.type == tokenize.COMMENT:
                lines[first - 1] = lines[first - 1][:column].rstrip()
            elif token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
                used |= set(range(first - 1, last))
    except (SyntaxError, tokenize.TokenError):  # running it says so
        return tuple(enumerate(source.split("\n")))
    return tuple((number, line) for number, line in enumerate(lines) if number in used)


def _placed(error: RunError, lines: Sequence[int]) -> RunError:
    """An error at the lines of the file."""

    def line(number: int) -> int:
        return lines[min(number, len(lines)) - 1]

    path = re.escape(error.path)
    message = re.sub(rf'(?<=File "{path}", line )\d+', lambda found: str(line(int(found[0]))), error.message)
    return RunError(error.path, line(error.line), message)


def _page(article: Article) -> str:
    return article.path.replace("/", "-")


def _name(article: Article) -> str:
    """How the files begin that keep what an article computed.

    The hash is of what that can depend on beside files: the article's code, and the versions below the library.
    """
    parts = [article.path, repr((article.blocks, article.values)), platform.python_version(), _numpy()]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{_page(article)}-{digest[:16]}"


@cache
def _numpy() -> str:
    return version("numpy")


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """For one process and thread at a time: who waits finds what the first has computed."""
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _kept(name: str) -> Iterator[Path]:
    """The files with a result of which nothing that it was made from has changed.

    There are several files where branches or checkouts have the same article with other modules.
    """
    for file in folder().glob(f"{name}-*.json"):
        with suppress(FileNotFoundError, ValueError):  # removed meanwhile, or who wrote it was stopped
            if all(_digest(path) == digest for path, digest in _trace(file, file.stat().st_mtime_ns).items()):
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


def _digest(path: str) -> str:
    """The hash of a file, or of the names in a folder; empty where there is neither."""
    try:
        stat = os.stat(path)  # noqa: PTH116  (of dozens of files, for each result)
        return _hash(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=4096)
def _hash(path: str, _changed: int, _size: int) -> str:
    file = Path(path)
    if not file.is_dir():
        return hashlib.sha256(file.read_bytes()).hexdigest()
    names = sorted(entry.name for entry in file.iterdir() if entry.name != "__pycache__")
    return hashlib.sha256("\0".join(names).encode()).hexdigest()


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0

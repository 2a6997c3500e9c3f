"""Runs the blocks and inline values of one article, in a process of their own that ends with the page.

The process is forked from a server that has the third-party packages loaded but not perpnotes: each page therefore
starts at once, sees the library as it is on disk, and shares nothing with another page or an earlier build.
"""

from __future__ import annotations

import builtins
import linecache
import math
import multiprocessing
import multiprocessing.forkserver
import os
import random
import sys
import threading
import time
import traceback
import warnings
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from sysconfig import get_paths
from types import CodeType, ModuleType
from typing import Any

import time_machine

from perpnotes.publish.articles import SECONDS, Article, ArticleError, Value
from perpnotes.publish.compute import drawing, outputs

_PRELOAD = ["altair", "markdown", "numpy", "pymdownx.superfences", "time_machine", "yaml"]
# What must be set before Python or BLAS start. One BLAS thread: the order of a sum, and with it the last digit,
# depends on the number of threads, and that on the machine.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_START_SECONDS = 120.0

_server = multiprocessing.get_context("forkserver")
_starting = threading.Lock()


class RunError(ArticleError):
    """A block or an inline value that failed; the message ends with the traceback."""


@dataclass(frozen=True, slots=True)
class Result:
    """An inline value: the plain value, and the text that a reader sees."""

    raw: str
    text: str


@dataclass(frozen=True, slots=True)
class Computed:
    """What an article computed.

    Parameters:
        outputs: for each block that runs, in order, what it shows.
        values: the result of each inline value, by the value's `source`.
        read: files that it read and that belong neither to Python nor to the library.
    """

    outputs: tuple[tuple[outputs.Output, ...], ...] = ()
    values: Mapping[str, Result] = field(default_factory=dict)
    read: tuple[str, ...] = ()


def run(article: Article) -> Computed:
    """Run an article's blocks in order, then its inline values.

    Safe to call from several threads: each call has a process of its own.

    Parameters:
        article: what to run.

    Returns:
        What it computed.

    Raises:
        RunError: something failed, warned, exited or took too long; it names the line.
    """
    if not article.executed and not article.evaluated:
        return Computed()
    mine, theirs = _server.Pipe()
    process = _start(_work, article, int(os.environ.get("SOURCE_DATE_EPOCH") or 0), theirs)
    theirs.close()  # or the end of the process would not be the end of the pipe
    try:
        first = (article.executed or article.evaluated)[0].line
        _receive(article, first, mine, _START_SECONDS)
        shown = tuple(_receive(article, block.line, mine, block.seconds) for block in article.executed)
        last = article.evaluated[0].line if article.evaluated else first
        return Computed(shown, *_receive(article, last, mine, SECONDS))
    finally:
        process.kill()
        process.join()
        process.close()
        mine.close()


def _start(target: Callable[..., None], *arguments: object) -> multiprocessing.process.BaseProcess:
    process = _server.Process(target=target, args=arguments, daemon=True)
    with _starting:
        before = {name: os.environ.get(name) for name in _ENVIRONMENT}
        main = sys.modules["__main__"]
        try:
            _server.set_forkserver_preload(_PRELOAD)
            os.environ.update(_ENVIRONMENT)
            multiprocessing.forkserver.ensure_running()
            # Without a file, or every page's process would first import the site generator once more.
            sys.modules["__main__"] = ModuleType("__main__")
            process.start()
        finally:
            sys.modules["__main__"] = main
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
    return process


_engine = drawing.Engine(_start)


def _receive(article: Article, line: int, connection: Connection, seconds: float) -> Any:
    end = time.monotonic() + seconds
    while True:
        if not connection.poll(max(0.0, end - time.monotonic())):
            raise RunError(article.path, line, f'still running after {seconds:g} seconds; seconds="…" allows more')
        try:
            reply = connection.recv()
            if not isinstance(reply, drawing.Request):
                break
            asked = time.monotonic()
            connection.send(_engine.draw(reply))
            end += time.monotonic() - asked  # that other pages' charts came first is not the block's fault
        except (EOFError, OSError):
            raise RunError(article.path, line, "the process running this page ended without a result") from None
    if isinstance(reply, RunError):
        raise reply
    return reply


# --- What follows runs in the page's own process. ---


def _work(article: Article, epoch: int, connection: Connection) -> None:
    namespace = _prepare(article)
    read = _watch()
    drawing.remote(connection)
    connection.send("ready")  # time limits count from here
    line = 1
    with time_machine.travel(epoch, tick=False), outputs.collect() as sink:
        try:
            for block in article.executed:
                line = block.line
                exec(_compile(block.source, article.path, line, "exec"), namespace)  # noqa: S102  (what it is for)
                # One buffer for the whole page, not one a block: whoever kept `sys.stdout` in an earlier block
                # still prints into it.
                outputs.flush()
                connection.send(tuple(sink))
                sink.clear()
            results = {}
            for value in article.evaluated:
                line = value.line
                if value.source not in results:
                    results[value.source] = _evaluate(value, article.path, namespace)
            connection.send((results, tuple(sorted(read))))
        except BaseException as error:  # noqa: BLE001, RUF100  (sys.exit() is a fault of the article, too)
            connection.send(_explain(error, article.path, line))


def _prepare(article: Article) -> dict[str, Any]:
    """Fix time zone, randomness and warnings; return the names that the page's blocks share."""
    import numpy as np
    from numpy.random import bit_generator

    os.environ["TZ"] = "UTC"
    time.tzset()
    sys.argv = [article.path]
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  (articles might use it)
    bit_generator.randbits = lambda _bits: 0  # type: ignore[attr-defined]  # where an unseeded generator gets its seed
    warnings.resetwarnings()
    warnings.simplefilter("error")
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
        # Of these, what other packages do to one another is not the article's fault.
        warnings.simplefilter("ignore", category)
        warnings.filterwarnings("error", category=category, module=r"__main__$|perpnotes\b")
    # Tracebacks quote the code as it ran, without the indentation of its fence.
    lines = [line + "\n" for line in article.text.split("\n")]
    for block in article.executed:
        code = [line + "\n" for line in block.source.split("\n")]
        lines[block.line - 1 : block.line - 1 + len(code)] = code
    linecache.cache[article.path] = (len(article.text), None, lines, article.path)
    main = sys.modules["__main__"] = ModuleType("__main__")  # a real module: dataclasses look theirs up
    main.__dict__["__builtins__"] = builtins
    return main.__dict__


def _watch() -> set[str]:
    """The files that are opened from now on, less those of Python, its packages, the library and the time zones."""
    known = (*map(os.path.realpath, {*get_paths().values(), *zoneinfo.TZPATH}), str(Path(__file__).parents[1]), "/dev/")
    opened: set[str] = set()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            file = os.path.realpath(os.fsdecode(arguments[0]))
            if not file.startswith(known) and os.path.isfile(file):  # noqa: PTH113  (cheap, for every file opened)
                opened.add(file)

    sys.addaudithook(note)
    return opened


def _compile(source: str, path: str, line: int, mode: str) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a doubtful escape is attributed to no module
        return compile("\n" * (line - 1) + source, path, mode, dont_inherit=True)


def _evaluate(value: Value, path: str, namespace: dict[str, Any]) -> Result:
    found = eval(_compile(value.expression, path, value.line, "eval"), namespace)  # noqa: S307  (what it is for)
    if value.unit:
        from perpnotes.publish.compute import units  # not before it is needed: an article without units runs without

        return Result(str(found), units.fmt(found, value.unit))
    if isinstance(found, float) and math.isnan(found):
        raise ValueError(f"{value.expression} is not a number")
    return Result(str(found), str(found))


def _explain(error: BaseException, path: str, line: int) -> RunError:
    """The error with its traceback, from the article's first frame on, at the innermost line of the article."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    for frame in traceback.extract_tb(trace):
        if frame.filename == path and frame.lineno:
            line = frame.lineno
    if isinstance(error, SyntaxError) and error.filename == path and error.lineno:
        line = error.lineno
    summary = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    full = "".join(traceback.format_exception(error.with_traceback(trace)))
    return RunError(path, line, summary if full.strip() == summary else f"{summary}\n\n{full.rstrip()}")

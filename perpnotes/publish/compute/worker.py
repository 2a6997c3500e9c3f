"""Runs the blocks and inline values of one article, in a process of their own that ends with the page.

The process is forked from a server that has the third-party packages loaded but not perpnotes: each page therefore
starts at once, sees the library as it is on disk, and shares nothing with another page or an earlier build. It is
confined (`confine`) before any of the article's code runs, its time, memory and output have limits, and what it sends
back is JSON of a known shape: nothing that it says is executed here.
"""

from __future__ import annotations

import builtins
import compileall
import json
import linecache
import math
import multiprocessing
import multiprocessing.forkserver
import os
import random
import resource
import signal
import sys
import threading
import time
import traceback
import warnings
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from py_compile import PycInvalidationMode
from sysconfig import get_paths
from types import CodeType, FrameType, ModuleType
from typing import Any, NoReturn

from perpnotes.publish.articles import MOST_SECONDS, SECONDS, Article, ArticleError, Value
from perpnotes.publish.compute import confine, outputs, slices
from perpnotes.publish.compute import trace as told
from perpnotes.publish.compute.outputs import Output

_PRELOAD = ["markdown", "numpy", "pymdownx.superfences", "time_machine", "yaml"]
# What must be set before Python or BLAS start. One BLAS thread: the order of a sum, and with it the last digit,
# depends on the number of threads, and that on the machine.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_START_SECONDS = 120.0
_GRACE = 5  # seconds of processor time, in which a block that is out of time may end by itself
_PATIENCE = 10.0  # how many times its processor time a block may take by the clock, and a minute: machines are busy
_MESSAGE = 8 << 20  # bytes that a block, with all that it shows, may send
_OUTPUTS, _CHARACTERS = 200, 4_000_000  # that a page may show, with what its readers do not see at once

_server = multiprocessing.get_context("forkserver")
_starting = threading.Lock()
_LIBRARY = Path(__file__).parents[2]


class RunError(ArticleError):
    """A block or an inline value that failed; the message ends with the traceback."""


@dataclass(frozen=True, slots=True)
class Result:
    """An inline value.

    Parameters:
        raw: the plain value.
        text: what a reader sees.
        kind: of evidence; see `articles.KINDS`.
        about: what the kind names: a figure, a published example, a record.
        low: the plain lower end of the range; empty where there is none, as the two that follow.
        high: the plain upper end.
        span: both ends as a reader sees them.
    """

    raw: str
    text: str
    kind: str = ""
    about: str = ""
    low: str = ""
    high: str = ""
    span: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """What an article computed.

    Parameters:
        outputs: for each block that runs, in order, what it shows.
        values: the result of each inline value, by the value's `source`.
        trace: files that it read or looked for and folders that it listed, the library's modules among them; but not
            those of Python and its packages.
        told: where each of its numbers comes from; see `trace.traces`.
    """

    outputs: tuple[tuple[Output, ...], ...] = ()
    values: Mapping[str, Result] = field(default_factory=dict)
    trace: tuple[str, ...] = field(default=(), repr=False)  # where they lie is no part of what a page is made from
    told: Mapping[str, Any] = field(default_factory=dict)


def warm() -> None:
    """Have ready what runs pages, so that the first does not wait for it."""
    process = _start(int)
    process.join()
    process.close()


def run(article: Article, deep: bool = False) -> Computed:
    """Run an article's blocks in order, then its inline values.

    Safe to call from several threads: each call has a process of its own.

    Parameters:
        article: what to run.
        deep: whether to tell, too, how far each input moves each number.

    Returns:
        What it computed.

    Raises:
        RunError: something failed, warned, exited, took too long or sent what it must not; it names the line. In
            continuous integration (`CI`) also where the process cannot be confined.
    """
    if not article.executed and not article.evaluated:
        return Computed()
    mine, theirs = _server.Pipe()
    process = _start(_work, article, deep, theirs)
    theirs.close()  # or the end of the process would not be the end of the pipe
    first = (article.executed or article.evaluated)[0].line
    page = _Page(article, process, mine)
    try:
        _heed(page.receive(first, _START_SECONDS), article, first)
        shown = tuple(page.outputs(block.line, block.seconds) for block in article.executed)
        last = article.evaluated[0].line if article.evaluated else first
        return page.values(shown, last)
    finally:
        process.kill()
        process.join()
        process.close()
        mine.close()


_said: set[str] = set()


def _heed(unconfined: Any, article: Article, line: int) -> None:
    """Stop where a page's process should have been confined and is not; elsewhere say so, once."""
    if not unconfined:
        return
    message = f"article code is not confined here: {unconfined}"
    if os.environ.get("CI"):
        raise RunError(article.path, line, message)
    if message not in _said:
        _said.add(message)
        print(message, file=sys.stderr)


class _Page:
    """The page's process, as seen from here: what it sends is checked before it is believed to be a result."""

    def __init__(self, article: Article, process: BaseProcess, connection: Connection) -> None:
        self.article, self.process, self.connection = article, process, connection
        self.shown = self.characters = 0

    def receive(self, line: int, seconds: float) -> Any:
        """The next message."""
        patience = _PATIENCE * seconds + 60
        if not self.connection.poll(patience):
            self._fail(line, f"no result after {patience:g} seconds by the clock: it waits for something")
        try:
            kind, content = self._read(line)
        except (EOFError, OSError):
            self._ended(line, seconds)
        if kind == "error":
            self._fail(*content)
        return content

    def outputs(self, line: int, seconds: float) -> tuple[Output, ...]:
        """What a block shows."""
        content = self.receive(line, seconds)
        try:
            found = tuple(outputs.checked(each) for each in _typed(content, list))
        except (TypeError, ValueError) as error:
            self._fail(line, f"the block shows what is no output: {error}")
        self.shown += len(found)
        self.characters += sum(len(output.content) + len(output.text) for output in found)
        if self.shown > _OUTPUTS or self.characters > _CHARACTERS:
            self._fail(line, f"a page must show at most {_OUTPUTS} outputs and {_CHARACTERS:,} characters")
        return found

    def values(self, shown: tuple[tuple[Output, ...], ...], line: int) -> Computed:
        """All of what the page computed; its inline values come last."""
        content = self.receive(line, SECONDS + MOST_SECONDS)
        try:
            asked = {value.source: value for value in self.article.evaluated}
            if content["values"].keys() != asked.keys():
                raise ValueError("not the values of this page")
            found = {
                source: Result(_typed(raw, str), _typed(text, str), asked[source].kind, *_about(asked[source], *ends))
                for source, (raw, text, *ends) in content["values"].items()
            }
            texts = "".join(each.raw + each.text + each.low + each.high + each.span for each in found.values())
            if len(texts) > _CHARACTERS or outputs.CONTROL.search(texts):
                raise ValueError("they are too long, or have control characters")
            trace = tuple(_typed(path, str) for path in content["trace"])
            told = _typed(content["told"], dict)
            if outputs.CONTROL.search(json.dumps(told, ensure_ascii=False)):
                raise ValueError("what is told of them must not have control characters")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self._fail(line, f"inline values that are none: {error}")
        return Computed(shown, found, trace, told)

    def _read(self, line: int) -> tuple[str, Any]:
        try:
            kind, content = json.loads(self.connection.recv_bytes(_MESSAGE))
            if kind == "error":
                message = outputs.CONTROL.sub("\ufffd", _typed(content["message"], str))
                content = (_typed(content["line"], int), message)
        except (KeyError, TypeError, ValueError, RecursionError):
            self._fail(line, "the process running this page sent what is no message")
        return kind, content

    def _ended(self, line: int, seconds: float) -> NoReturn:
        self.process.join(1)
        if self.process.exitcode == -signal.SIGXCPU:
            self._fail(line, _late(seconds))
        self._fail(line, "the process running this page ended without a result")

    def _fail(self, line: int, message: str) -> NoReturn:
        raise RunError(self.article.path, line, message) from None


def _late(seconds: float) -> str:
    return f'still running after {seconds:g} seconds of processor time; seconds="…" allows more'


def _about(value: Value, low: Any, high: Any, span: Any) -> tuple[str, str, str, str]:
    """What stands beside a kind: what it names, or the range of a simulated number."""
    about = "" if value.kind == "simulated" else value.about
    return about, _typed(low, str), _typed(high, str), _typed(span, str)


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _start(target: Callable[..., object], *arguments: object) -> BaseProcess:
    # A page's process writes nothing, and would compile the library each time. By time, or where the time of a build is
    # given everything would be compiled again.
    compileall.compile_dir(_LIBRARY, quiet=2, invalidation_mode=PycInvalidationMode.TIMESTAMP)
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


# --- What follows runs in the page's own process. ---


class _OutOfTimeError(BaseException):
    """Not an `Exception`: an article that handles every error must not handle this one."""


def _work(article: Article, deep: bool, connection: Connection) -> None:
    def send(kind: str, content: Any) -> None:
        message = json.dumps([kind, content]).encode()
        if len(message) > _MESSAGE:
            raise ValueError(f"what a block shows must take at most {_MESSAGE >> 20} MB, got {len(message) >> 20}")
        connection.send_bytes(message)

    namespace = _prepare(article)
    send("ready", _confine())
    trace = _watch()
    import time_machine  # loaded already, by the server; elsewhere it would bring pytest

    line = 1
    with time_machine.travel(0, tick=False), outputs.collect() as sink:
        try:
            recorder = told.Recorder(slices.Page(article))
            namespace["__noted__"] = recorder.note
            outputs.hear(recorder.show)
            for number, block in enumerate(article.executed):
                line = block.line
                _compile(block.source, article.path, line, "exec")  # for what it warns of
                code = compile(recorder.instrumented(number), article.path, "exec", dont_inherit=True)
                with _Limit(block.seconds):
                    exec(code, namespace)  # noqa: S102  (what it is for)
                    # One buffer for the whole page, not one a block: whoever kept `sys.stdout` in an earlier block
                    # still prints into it.
                    outputs.flush()
                send("outputs", [asdict(output) for output in sink])
                sink.clear()
            results: dict[str, tuple[str, ...]] = {}
            with _Limit(SECONDS):
                for value in article.evaluated:
                    line = value.line
                    if value.source not in results:
                        results[value.source] = _evaluate(value, article.path, namespace)
            outputs.hear(None)
            with _Limit(MOST_SECONDS):
                story = told.traces(recorder, namespace, deep)
            send("values", {"values": results, "trace": sorted(trace()), "told": story})
        except BaseException as error:  # noqa: BLE001, RUF100  (sys.exit() is a fault of the article, too)
            line, message = _explain(error, article.path, line)
            send("error", {"line": line, "message": message})


class _Limit:
    """Ends what runs inside after so many seconds of processor time, and the process soon after if it goes on."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        hard = math.ceil(usage.ru_utime + usage.ru_stime + self.seconds) + _GRACE
        resource.setrlimit(resource.RLIMIT_CPU, (hard, resource.RLIM_INFINITY))
        signal.signal(signal.SIGPROF, self._out_of_time)
        signal.setitimer(signal.ITIMER_PROF, self.seconds)

    def __exit__(self, *_error: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _out_of_time(self, _signal: int, _frame: FrameType | None) -> None:
        raise _OutOfTimeError(_late(self.seconds))


def _confine() -> str:
    """Confine this process; why not, where it cannot be done."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what goes around `sys.stdout` would flood the terminal
        os.dup2(nothing, stream)
    readable = [*sys.path, sys.prefix, sys.base_prefix, *zoneinfo.TZPATH, str(_LIBRARY), str(Path.cwd()), os.devnull]
    try:
        confine.confine([path or "." for path in [*readable, "/usr/lib", "/lib", "/etc/localtime", "/dev/urandom"]])
    except confine.CannotConfineError as error:
        return str(error)
    return ""


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


def _watch() -> Callable[[], set[str]]:
    """Look from now on at what is opened, listed and imported; the function returned says what it was."""
    foreign = (*map(os.path.realpath, {*get_paths().values(), *zoneinfo.TZPATH}), "/dev/", "/proc/")
    seen: set[str] = set()

    def own(path: Any) -> Iterator[str]:
        if isinstance(path, str | bytes | os.PathLike):
            real = os.path.realpath(os.fsdecode(path))
            if not real.startswith(foreign) and "__pycache__" not in real:
                yield real

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        # The import system lists every folder that it looks into.
        if event in ("open", "os.listdir", "os.scandir") and "importlib" not in sys._getframe(1).f_code.co_filename:
            seen.update(own(arguments[0]))

    def trace() -> set[str]:
        modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        return seen | {path for file in modules for path in own(file)}

    sys.addaudithook(note)
    return trace


def _compile(source: str, path: str, line: int, mode: str) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a doubtful escape is attributed to no module
        return compile("\n" * (line - 1) + source, path, mode, dont_inherit=True)


def _evaluate(value: Value, path: str, namespace: dict[str, Any]) -> tuple[str, ...]:
    """Plain value and text, the plain ends of its range and their text; the last three are empty without a range."""

    def evaluated(expression: str) -> Any:
        return eval(_compile(expression, path, value.line, "eval"), namespace)  # noqa: S307  (what it is for)

    found = evaluated(value.expression)
    if not value.unit:
        if isinstance(found, float) and math.isnan(found):
            raise ValueError(f"{value.expression} is not a number")
        return str(found), str(found), "", "", ""
    from perpnotes.publish.compute import units  # not before it is needed: an article without units runs without

    if not value.bounds:
        return str(found), units.fmt(found, value.unit), "", "", ""
    low, high = (float(evaluated(end)) for end in value.bounds)
    if not low <= float(found) <= high:
        raise ValueError(f"{value.expression} is {found}, which its range from {low} to {high} does not hold")
    span = f"{units.fmt(low, value.unit)} to {units.fmt(high, value.unit)}"
    return str(found), units.fmt(found, value.unit), str(low), str(high), span


def _explain(error: BaseException, path: str, line: int) -> tuple[int, str]:
    """The error with its traceback, from the article's first frame on, at the innermost line of the article."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    for frame in traceback.extract_tb(trace):
        if frame.filename == path and frame.lineno:
            line = frame.lineno
    if isinstance(error, _OutOfTimeError):
        return line, str(error)
    if isinstance(error, SyntaxError) and error.filename == path and error.lineno:
        line = error.lineno
    # The parts before the message are the place of a syntax error, indented; those behind it are notes.
    said = next(part for part in traceback.format_exception_only(error) if not part.startswith(" "))
    lines = [text.strip() for text in said.splitlines() if text.strip()]
    summary = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
    full = "".join(traceback.format_exception(error.with_traceback(trace)))
    return line, summary if full.strip() == summary else f"{summary}\n\n{full.rstrip()}"

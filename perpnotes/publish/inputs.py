"""What a page is made from, noted while it renders, so that an edit tells which pages are stale.

What the publishing layer looks up for a page (a term, a result, the neighbors of an article), it looks up through
`ask`: question and answer are noted, and the page is stale when the same question has another answer. A file that is
opened in any other way is noted as a stray: nothing tells what was made of it or where it is kept, so that a change of
it calls for a new process. While answers are kept (`kept`), each question is asked once, by whichever page comes first.
Where nobody notes or keeps, as in a build of everything, `ask` only calls.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from sysconfig import get_paths
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

R = TypeVar("R")
Arguments = TypeVarTuple("Arguments")
Question: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]

_PYTHON = (*{os.path.realpath(path) for path in (*get_paths().values(), f"{sys.base_prefix}/lib")}, "/dev/", "/proc/")


@dataclass(slots=True)
class Trace:
    """What was looked up.

    Parameters:
        answers: of each question, a function with its arguments, the digest of the answer; in the order of asking.
        files: every file that was opened, but for those of Python and its packages.
        strays: those that were not opened by a question, each with the digest of its content.
    """

    answers: dict[Question, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    strays: dict[str, str] = field(default_factory=dict)
    asking: bool = False

    def holds(self) -> bool:
        """Whether every question still has its answer.

        They are asked in order and up to the first that has another: what a later one asks may rest on it.
        """
        try:
            return all(_answer(*question).digest == digest for question, digest in self.answers.items())
        except Exception:  # whoever asks in earnest says what is wrong
            return False


class _Answer:
    """What a function returned or raised, and the digest of what it returned."""

    def __init__(self, question: Question) -> None:
        function, arguments = question
        self._value: Any = None
        self._error: Exception | None = None
        try:
            self._value = aside(function, *arguments)
        except Exception as error:
            self._error = error
        before = _before.get(question)
        self._digest: str = before._digest if before is not None and before._value is self._value else ""

    @property
    def value(self) -> Any:
        if self._error:
            raise self._error
        return self._value

    @property
    def digest(self) -> str:
        self._digest = self._digest or hashlib.sha256(repr(self.value).encode("utf-8", "surrogatepass")).hexdigest()
        return self._digest


_current: ContextVar[Trace | None] = ContextVar("_current", default=None)
_before: dict[Question, _Answer] = {}
_known: dict[Question, _Answer] | None = None


@contextmanager
def kept() -> Iterator[None]:
    """Keep answers meanwhile; for all threads."""
    global _before, _known
    _known = {}
    try:
        yield
    finally:
        _before, _known = _known, None


@contextmanager
def noted() -> Iterator[Trace]:
    """Note what this thread looks up inside."""
    _listen()
    trace = Trace()
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


def ask(function: Callable[[*Arguments], R], *arguments: *Arguments) -> R:
    """What a function returns; question and answer are noted.

    Parameters:
        function: answers from files as they are now, and keeps nothing of them that it does not verify.
        *arguments: hashable.
    """
    answer, trace = _answer(function, arguments), _current.get()
    if trace is not None and not trace.asking:
        trace.answers.setdefault((function, arguments), answer.digest)
    value: R = answer.value
    return value


def once(function: Callable[[*Arguments], R], *arguments: *Arguments) -> R:
    """What a function returns; inside a question, and while answers are kept, it is called once.

    Parameters:
        function: as for `ask`.
        *arguments: hashable.
    """
    trace = _current.get()
    if _known is None or trace is None or not trace.asking:  # who asks nothing is to be seen to open files
        return function(*arguments)
    value: R = _answer(function, arguments).value
    return value


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> _Answer:
    question = function, arguments
    if _known is None:
        return _Answer(question)
    if question not in _known:
        _known[question] = _Answer(question)
    return _known[question]


def aside(function: Callable[[*Arguments], R], *arguments: *Arguments) -> R:
    """What a function returns; files that it opens are no strays.

    Parameters:
        function: whose answer is noted in another way.
        *arguments: its own.
    """
    trace = _current.get()
    if trace is None or trace.asking:
        return function(*arguments)
    trace.asking = True
    try:
        return function(*arguments)
    finally:
        trace.asking = False


def content(path: str) -> str:
    """The digest of a file's content; empty where there is none."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""


@cache
def _listen() -> None:
    """From now on hear of every file that is opened; Python has no way to stop it."""
    sys.addaudithook(_note)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or (trace := _current.get()) is None or not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100  (cheap, for every file opened)
    written = isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    nothing = os.path.basename(path).startswith("<")  # noqa: PTH119  (Python looks for the line of a syntax error)
    if written or nothing or path.endswith(".pyc") or os.path.realpath(path).startswith(_PYTHON):
        return
    trace.files.add(path)
    if not trace.asking and path not in trace.strays:
        trace.strays[path] = aside(content, path)

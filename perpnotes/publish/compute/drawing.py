"""Turns chart specifications into SVG, in one process for all pages of a build.

The engine that draws is a JavaScript one, which takes a second or two to start and a tenth of one for a chart. A page's
process therefore asks for its charts (`remote`), and the process that runs the pages has them drawn (`Engine`).
Anywhere else, such as in a script or a test, a chart is drawn on the spot.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

_asked: Connection | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A chart to be drawn: a Vega-Lite specification and configuration."""

    specification: dict[str, Any]
    config: dict[str, Any]


def draw(specification: dict[str, Any], config: dict[str, Any]) -> str:
    """A chart as SVG.

    Parameters:
        specification: of Vega-Lite.
        config: of Vega-Lite.

    Raises:
        ValueError: the specification cannot be drawn.
    """
    request = Request(specification, config)
    if _asked is None:
        return _draw(request)
    _asked.send(request)
    return _result(_asked.recv())


def remote(connection: Connection | None) -> None:
    """Have the process at the other end draw the charts of this one.

    Parameters:
        connection: to a process that answers a `Request` with what `Engine.draw` returns; None to draw here again.
    """
    global _asked
    _asked = connection


class Engine:
    """A process that draws; started when it is first needed, and ended with this one.

    Parameters:
        start: starts a process that runs a function with arguments.
    """

    def __init__(self, start: Callable[..., object]) -> None:
        self._start, self._turn = start, threading.Lock()
        self._connection: Connection | None = None

    def draw(self, request: Request) -> str | Exception:
        """Have a chart drawn; charts of several threads take turns.

        Parameters:
            request: the chart.

        Returns:
            SVG, or what went wrong, for the process that asked.
        """
        with self._turn:
            if self._connection is None:
                self._connection, theirs = Pipe()
                self._start(_serve, theirs)
                theirs.close()
            try:
                self._connection.send(request)
                answer: str | Exception = self._connection.recv()
            except (EOFError, OSError):
                self._connection = None
                return RuntimeError("the process that draws charts ended without a result")
            return answer


def _serve(connection: Connection) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        try:
            connection.send(_draw(request))
        except ValueError as error:
            connection.send(error)


def _draw(request: Request) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(request.specification, config=request.config))


def _result(answer: str | Exception) -> str:
    if isinstance(answer, Exception):
        raise answer
    return answer

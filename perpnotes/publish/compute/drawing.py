"""Turns chart specifications into SVG, in one process for all pages of a build.

The engine that draws is a JavaScript one, which takes a second or two to start and a tenth of one for a chart. A page's
process therefore asks for its charts (`remote`), and the process that runs the pages has them drawn (`Engine`).
Anywhere else, such as in a script or a test, a chart is drawn on the spot. A chart has its data in it: a specification
that names an address is refused, and the process that draws can open none.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from perpnotes.publish.compute import confine

SECONDS = 60.0
"""How long one chart may take, the start of the engine included."""

_ask: Callable[[str], str] | None = None


def draw(specification: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """A chart as SVG.

    Parameters:
        specification: of Vega-Lite, with inline data.
        config: of Vega-Lite.

    Raises:
        ValueError: the specification cannot be drawn, or names an address.
    """
    request = json.dumps([specification, config])
    return _draw(request) if _ask is None else _ask(request)


def remote(ask: Callable[[str], str] | None) -> None:
    """Have the charts of this process drawn elsewhere.

    Parameters:
        ask: returns the SVG for a request, or raises `ValueError`; None to draw here again.
    """
    global _ask
    _ask = ask


class Engine:
    """A process that draws; started when it is first needed, and ended with this one.

    Parameters:
        start: starts a process that runs a function with arguments.
    """

    def __init__(self, start: Callable[..., BaseProcess]) -> None:
        self._start, self._turn = start, threading.Lock()
        self._connection: Connection | None = None
        self._process: BaseProcess | None = None

    def draw(self, request: str) -> str:
        """Have a chart drawn; charts of several threads take turns.

        Parameters:
            request: specification and configuration, as JSON.

        Returns:
            SVG.

        Raises:
            ValueError: it cannot be drawn.
        """
        with self._turn:
            if self._connection is None:
                self._connection, theirs = Pipe()
                self._process = self._start(_serve, theirs)
                theirs.close()
            try:
                self._connection.send(request)
                late = not self._connection.poll(SECONDS)
                drawn, text = (False, "") if late else self._connection.recv()
            except (EOFError, OSError):
                self._end()
                raise ValueError("the process that draws charts ended without a result") from None
            if late:
                self._end()
                raise ValueError(f"the chart was not drawn within {SECONDS:g} seconds")
        if not drawn:
            raise ValueError(text)
        return str(text)

    def _end(self) -> None:
        if self._process and self._connection:
            self._process.kill()
            self._connection.close()
        self._connection = None


def _serve(connection: Connection) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    import vl_convert  # noqa: F401  (before it is confined)

    with suppress(confine.CannotConfineError):  # a page's process, which runs before any chart is drawn, has said so
        # It reads fonts; and V8 reserves more address space than it uses.
        confine.confine([*sys.path, sys.prefix, sys.base_prefix, "/usr", "/etc/fonts", "/dev", "/proc"], memory=None)
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        try:
            connection.send((True, _draw(request)))
        except ValueError as error:
            connection.send((False, str(error)))


def _draw(request: str) -> str:
    import vl_convert

    specification, config = json.loads(request)
    _refuse_addresses([specification, config])
    return str(vl_convert.vegalite_to_svg(specification, config=config, allowed_base_urls=[]))


def _refuse_addresses(value: Any) -> None:
    """Raise ValueError where anything names a file or an address: a source of data, an image, a link."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("url", "href", "loader", "baseURL"):
                raise ValueError(f"a chart must have its data in it, got {name}")
            if name != "values":  # rows of data are numbers and names
                _refuse_addresses(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_addresses(inner)

"""What a block of an article shows, beside what it prints.

`figures`, `tables` and `answers` each make a `Output` and hand it to `show`. While a page is being built, a
`collect` context gathers them, in order and together with printed text; anywhere else they print themselves.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Output:
    """One computed thing that reaches a page.

    Parameters:
        kind: `"text"` is what the block printed; the others come from the module of that name.
        content: the markup for the page.
        markup: how to read `content`: finished HTML, Markdown still to be rendered, or plain text.
        text: the same for a terminal and for the ledger, readable line by line.
        data: what it was made from (rows of a figure or table, question and answer), JSON-able.
    """

    kind: Literal["text", "figure", "table", "answer"]
    content: str
    markup: Literal["html", "markdown", "text"]
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ue0a0-\ue0a2]")
"""What would have a terminal do something, or a text read other than it is written."""

PRINTED = 200_000
"""Characters that a block may print."""

_sink: list[Output] | None = None
_heard: Callable[[Output], None] | None = None

remembered: dict[str, int] = {}
"""What figures of a page keep from one to the next: the slot of each name that has a color. A new page begins empty."""


class _Printed(io.StringIO):
    """What is printed until the next output, up to a limit."""

    def write(self, text: str) -> int:
        if self.tell() + len(text) > PRINTED:
            raise ValueError(f"a block must print at most {PRINTED:,} characters at a time")
        return super().write(text)


def checked(fields: Mapping[str, Any]) -> Output:
    """An output that came as plain data from a process that is not trusted.

    Parameters:
        fields: of `Output`.

    Raises:
        ValueError: a field is missing, unknown or of another kind.
        TypeError: `fields` is no mapping.
    """
    output = Output(**fields)
    kinds = (output.kind in ("text", "figure", "table", "answer"), output.markup in ("html", "markdown", "text"))
    if not all(kinds) or not all(isinstance(text, str) for text in (output.content, output.text)):
        raise ValueError(f"an output must be text, figure, table or answer, got {output.kind!r}")
    if found := CONTROL.search(output.content + output.text):
        raise ValueError(f"an output must not have control characters, got U+{ord(found[0]):04X}")
    if not isinstance(output.data, dict) or not isinstance(output.data.get("id", ""), str):
        raise ValueError("the data of an output must be a mapping, and its id a text")
    return output


def show(output: Output) -> None:
    """Hand `output` to the page being built, or print it as text where there is none."""
    if _sink is None:
        print(output.text)
        return
    flush()
    _sink.append(output)
    if _heard is not None:
        _heard(output)


def hear(heard: Callable[[Output], None] | None) -> None:
    """Have each output told to a function, from inside the call that shows it.

    Parameters:
        heard: called with the output; None to stop.
    """
    global _heard
    _heard = heard


@contextmanager
def collect() -> Iterator[list[Output]]:
    """Gather everything that is shown or printed inside, in order; what is printed becomes `kind="text"`."""
    global _sink
    if _sink is None:
        remembered.clear()
    outer, _sink = _sink, []
    with redirect_stdout(_Printed()):
        try:
            yield _sink
            flush()
        finally:
            _sink = outer


def flush() -> None:
    """Move what was printed since the last output into the sink."""
    assert _sink is not None  # noqa: S101  (only called inside collect)
    buffer = sys.stdout
    if isinstance(buffer, io.StringIO) and (printed := buffer.getvalue()):
        buffer.seek(0)
        buffer.truncate()
        _sink.append(Output("text", printed, "text", printed))

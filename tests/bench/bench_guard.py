"""Reading a page for what must not stand in it: text made to be slow costs its length, not the square of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from perpnotes.publish.page.markup import COMPUTED, faults

from .timing import best

MADE: Mapping[str, Callable[[int], str]] = {
    "a page in which every tag is another": lambda n: "".join(f'<p id="a{i}" class="pn-x"></p>' for i in range(n)),
    "a tag that never ends, of names": lambda n: "<p " + "a " * n,
    "a tag that never ends, of attributes": lambda n: "<p " + 'a="1" ' * n,
    "a tag that never ends, of blanks": lambda n: "<p a" + " " * n,
    "a comment that never ends": lambda n: "<!--" + " -" * n,
    "tags that begin and nothing else": lambda n: "<" * n,
}


def run() -> Iterator[tuple[str, str]]:
    """Read each once and ten times as long."""
    for what, made in MADE.items():
        once, ten = best(*(partial(_read, made(n)) for n in (2_000, 20_000)))
        yield f"{what}: ten times as long", f"{ten / once:.1f} times as slow, {ten * 1e3:.0f} ms"


def _read(html: str) -> None:
    assert len(list(faults(html, COMPUTED))) <= 1

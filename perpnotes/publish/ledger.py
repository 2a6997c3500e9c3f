"""Every computed number of every article, written down, so that a change in the library shows as a diff.

`tests/ledger/<idea>.txt` holds a line for each inline value, each printed line, each row of a table or figure and each
answer: where it stands (the heading above it, so that an edit further up moves nothing), what it is, and what a reader
sees. A test compares; `perpnotes accept` rewrites.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import TypeAlias

from perpnotes.publish.articles import Article, Block, Value
from perpnotes.publish.displays import Display
from perpnotes.publish.worker import Outcome, Result

FOLDER = Path("tests/ledger")
"""Where the ledgers are, from the root of the repository."""

Item: TypeAlias = tuple[Block, tuple[Display, ...]] | tuple[Value, Result]
"""A block and what it shows, or an inline value and its result."""

_HEAD = "# The numbers that docs/insights/{name}.md publishes. Written by `perpnotes accept`; not edited by hand."


def path(article: Article) -> Path:
    """The ledger of an article, from the root of the repository."""
    return FOLDER / f"{Path(article.path).stem}.txt"


def items(article: Article, outcome: Outcome) -> Iterator[Item]:
    """Blocks and inline values in the order in which they stand in the file, each with what it computed.

    Parameters:
        article: the page.
        outcome: of running it.
    """
    blocks = zip(article.executed, outcome.displays, strict=True)
    values = ((value, outcome.values[value.source]) for value in article.values)
    found: list[Item] = [*blocks, *values]
    yield from sorted(found, key=lambda item: item[0].line)


def lines(article: Article, outcome: Outcome) -> list[str]:
    """What an article publishes, a line for each number or row.

    Parameters:
        article: the page.
        outcome: of running it.

    Returns:
        Lines of the form `heading · what · value`.
    """
    found: list[str] = []
    unnamed: dict[str, int] = {}
    for thing, result in items(article, outcome):
        where = heading(article, thing.line)
        if isinstance(thing, Value) and isinstance(result, Result):
            found.append(f"{where} · `{thing.source}` = {result.text}")
        elif isinstance(thing, Block) and isinstance(result, tuple):
            name = thing.id
            if re.fullmatch(rf"{re.escape(Path(article.path).stem.lower())}-\d+", name):
                # A default name counts from the top of the page; count from the heading instead.
                unnamed[where] = unnamed.get(where, 0) + 1
                name = str(unnamed[where])
            for display in result:
                found += (f"{where} · {row}" for row in _rows(display, name))
    return [_plain(line) for line in found]


def text(article: Article, outcome: Outcome) -> str:
    """The ledger of an article.

    Parameters:
        article: the page.
        outcome: of running it.
    """
    return "\n".join([_HEAD.format(name=Path(article.path).stem), *lines(article, outcome), ""])


def difference(article: Article, outcome: Outcome) -> str:
    """What moved since the ledger was written, as a diff that says what to do; empty if nothing did.

    Parameters:
        article: the page.
        outcome: of running it.
    """
    file = path(article)
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    new = text(article, outcome)
    if old == new:
        return ""
    diff = unified_diff(old.splitlines(), new.splitlines(), "in the ledger", "computed now", n=0, lineterm="")
    changes = [line for line in diff if not line.startswith("@@")]
    what = "is not what the article computes" if old else "does not exist"
    return "\n".join(
        [
            f"{file.as_posix()} {what}.",
            *changes,
            f"If the change is meant: perpnotes accept {article.path}, and commit the ledger with what caused it.",
        ]
    )


def heading(article: Article, line: int) -> str:
    """The heading above a line; what stands above the first `##` is the opening."""
    above = [section for section in article.sections if section.line < line]
    return above[-1].title if above and above[-1].level > 1 else "Opening"


def _rows(display: Display, block: str) -> Iterator[str]:
    data = display.data
    if display.kind == "answer":
        yield f"answer · {data['question']} = {data['answer']}"
    elif "rows" in data:
        what = f"{display.kind} {data.get('id', block)}"
        yield from (f"{what} · {name} = {data[name]}" for name in ("caption", "alt") if data.get(name))
        yield from _table(what, data["headers"], data["rows"])
        for frame in data.get("frames", ()):
            at = f"{what} · {data['slider']} {frame['value']}"
            yield from (f"{at} · {name} = {frame[name]}" for name in ("say", "alt"))
            yield from _table(at, data["headers"], frame["rows"])
    else:
        yield from (f"block {block} · {line}" for line in display.text.splitlines() if line.strip())


def _table(what: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        cells = (f"{head} = {cell}" for head, cell in zip(headers[1:], row[1:], strict=True))
        yield f"{what} · {row[0]}: {'; '.join(cells)}"


def _plain(line: str) -> str:
    """On one line, and with plain spaces: what kind of space it is would be a difference that nobody sees."""
    return re.sub(r"[\n\u00a0]", " ", line).rstrip()

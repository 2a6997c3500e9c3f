"""Every computed number of every article, written down, so that a change in the library shows as a diff.

`tests/ledger/<idea>.txt` holds a line for each inline value, each printed line, each row of a table or figure and each
answer. What they belong to is named once, above them: the heading (so that an edit further up moves nothing), the
block, table or figure, the heads of its columns. So a diff shows what moved, and a new name is one line. A test
compares; the command `accept` rewrites.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import TypeAlias

from perpnotes.publish.articles import Article, Block, Value
from perpnotes.publish.compute.outputs import Output
from perpnotes.publish.compute.worker import Computed, Result

FOLDER = Path("tests/ledger")
"""Where the ledgers are, from the root of the repository."""

Item: TypeAlias = tuple[Block, tuple[Output, ...]] | tuple[Value, Result]
"""A block and what it shows, or an inline value and its result."""

_HEAD = "# The numbers that docs/insights/{name}.md publishes. Written by the command `accept`; not edited by hand."


def path(article: Article) -> Path:
    """The ledger of an article, from the root of the repository."""
    return FOLDER / f"{Path(article.path).stem}.txt"


def items(article: Article, computed: Computed) -> Iterator[Item]:
    """Blocks and inline values in the order in which they stand in the file, each with what it computed.

    Parameters:
        article: the page.
        computed: of running it.
    """
    blocks = zip(article.executed, computed.outputs, strict=True)
    values = ((value, computed.values[value.source]) for value in article.values)
    found: list[Item] = [*blocks, *values]
    yield from sorted(found, key=lambda item: item[0].line)


def lines(article: Article, computed: Computed) -> list[str]:
    """What an article publishes, a line for each number or row.

    Parameters:
        article: the page.
        computed: of running it.

    Returns:
        For each heading an empty line, the heading, its inline values, and then what its blocks show, each named on a
        line that is not indented: git writes the last such line above a change.
    """
    sections: dict[str, tuple[list[str], list[str]]] = {}
    unnamed: dict[str, int] = {}
    for thing, result in items(article, computed):
        where = heading(article, thing.line)
        values, shown = sections.setdefault(where, ([], []))
        if isinstance(thing, Value) and isinstance(result, Result):
            values.append(f"`{thing.source}` = {result.text}" + (f", {result.span}" if result.span else ""))
        elif isinstance(thing, Block) and isinstance(result, tuple):
            name = thing.id
            if re.fullmatch(rf"{re.escape(Path(article.path).stem.lower())}-\d+", name):
                # A default name counts from the top of the page; count from the heading instead.
                unnamed[where] = unnamed.get(where, 0) + 1
                name = str(unnamed[where])
            shown += (line for output in result for line in _shown(output, name))
    filled = ((where, values + shown) for where, (values, shown) in sections.items() if values or shown)
    return [_plain(line) for where, below in filled for line in ("", where, *below)]


def text(article: Article, computed: Computed) -> str:
    """The ledger of an article.

    Parameters:
        article: the page.
        computed: of running it.
    """
    return "\n".join([_HEAD.format(name=Path(article.path).stem), *lines(article, computed), ""])


def difference(article: Article, computed: Computed) -> str:
    """What moved since the ledger was written, as a diff that says what to do; empty if nothing did.

    Parameters:
        article: the page.
        computed: of running it.
    """
    file = path(article)
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    new = text(article, computed)
    if old == new:
        return ""
    what = "is not what the article computes" if old else "does not exist"
    return "\n".join(
        [
            f"{file.as_posix()} {what}.",
            *changes(old.splitlines(), new.splitlines()),
            f"If the change is meant: python -m perpnotes.publish accept {article.path}",
            "Commit the ledger with what caused it.",
        ]
    )


def changes(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """What differs between two ledgers, each change below the lines that name it.

    Parameters:
        old: lines of a ledger.
        new: lines of another.

    Returns:
        Lines that begin with `-` where they are gone, with `+` where they are new, and with a space where they name
        what follows.
    """
    found: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            found += (f" {line}" for line in (_above(new, c) if tag == "insert" else _above(old, a)))
            found += [*(f"-{line}" for line in old[a:b]), *(f"+{line}" for line in new[c:d])]
    return found


def heading(article: Article, line: int) -> str:
    """The heading above a line; what stands above the first `##` is the opening."""
    above = [section for section in article.sections if section.line < line]
    return above[-1].title if above and above[-1].level > 1 else "Opening"


def _shown(output: Output, block: str) -> Iterator[str]:
    data = output.data
    if output.kind == "answer":
        yield f"answer {data['question']}"
        yield f"  {data['answer']}"
    elif "rows" in data:
        yield f"{output.kind} {data.get('id', block)}"
        yield from (f"  {name} = {data[name]}" for name in ("caption", "alt", "say", "digest") if data.get(name))
        yield f"  {' | '.join(data['headers'])}"
        yield from (f"    {' | '.join(row)}" for row in data["rows"])
    else:
        yield f"block {block}"
        yield from (f"  {line}" for line in output.text.splitlines() if line.strip())


def _above(lines: Sequence[str], at: int) -> list[str]:
    """The lines that name what line `at` belongs to: each less indented than the next, and first the heading."""
    names: list[str] = []
    depth = _depth(lines[at])
    while at > 1 and lines[at] and lines[at - 1]:  # above a heading is an empty line
        at -= 1
        if _depth(lines[at]) < depth or not lines[at - 1]:
            names.append(lines[at])
            depth = _depth(lines[at])
    return names[::-1]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _plain(line: str) -> str:
    """On one line, and with plain spaces: what kind of space it is would be a difference that nobody sees."""
    return re.sub(r"[\n\u00a0]", " ", line).rstrip()

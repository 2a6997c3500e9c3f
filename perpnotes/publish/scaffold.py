"""The four files of a new idea, which run and keep every rule, and its place in the lists of all ideas.

What is left to write begins with `checks.MARK`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from datetime import date
from itertools import takewhile
from pathlib import Path

from perpnotes.publish.checks import MARK

_MODULE = '''\
"""@title@. @mark@ what the module computes, in one sentence."""

from __future__ import annotations

import numpy as np

from perpnotes._types import ArrayLike, FloatArray
from perpnotes._validate import real

__all__ = ["loss"]


def loss(size: ArrayLike, price: ArrayLike, move: ArrayLike) -> FloatArray:
    """Loss of a linear position after a move of the price: `L = max(0, -q P r)`.

    @mark@ what the function is for; or replace it.

    Parameters:
        size: coins, `> 0` is long.
        price: USD per coin, `> 0`.
        move: fraction of the price, `> -1`; broadcasts with the others.

    Returns:
        USD, `>= 0`.

    Raises:
        ValueError: a value out of range or not finite.

    Examples:
        >>> float(loss(2.0, 100.0, -0.1))
        20.0

    Source: the definition. @mark@ the paper or venue document.
    """
    q, p, r = real("size", size), real("price", price, gt=0), real("move", move, gt=-1)
    try:
        np.broadcast_shapes(q.shape, p.shape, r.shape)
    except ValueError:
        shapes = f"{q.shape}, {p.shape}, {r.shape}"
        raise ValueError(f"size, price and move must broadcast, got shapes {shapes}") from None
    result: FloatArray = np.maximum(0.0, -q * p * r)
    return result
'''

_ARTICLE = """\
---
title: @quoted@
description: "@mark@ what a reader learns, in at most 160 characters."
date: @today@
updated: @today@
authors: ["@mark@ your name"]
audience: [trade, build, manage]
claim: "@mark@ the sentence that the article proves."
tags: ["@mark@ a tag"]
---

# @title@

@mark@ the claim, with the number that proves it: the position loses `#!calc worst | usd.0`.

- `#!calc room | pct.1 | example(losses)` @mark@ what this number is, and under which condition
- `#!calc worst / deposit | x | example(losses)` @mark@ the next result, in at most ten words

## Myth and reality

**Myth.** @mark@ the popular sentence.

**Reality.** @mark@ what the numbers say instead.

## Exact definitions

@mark@ the terms, each linked to the [glossary](../glossary.md).

## Worked example

@mark@ which position, and why these round numbers.

```python exec="on" id="example"
import numpy as np
from perpnotes import @idea@

size, price = 2.0, 60_000.0
moves = np.linspace(-0.2, 0.2, 9)
losses = @idea@.loss(size, price, moves)
worst = losses.max()
print(f"worst loss: {worst:,.0f} USD")
```

## What the numbers say

@mark@ the surprise in the figure.

```python exec="on" code="folded" title="Code of the figure"
from perpnotes.publish import fmt, lines

lines(
    moves,
    {"loss": losses},
    x_title="move of the price",
    y_title="loss",
    x_unit="pct.0",
    y_unit="usd.0",
    id="losses",
    caption="@mark@ what the figure shows.",
    alt=f"@mark@ what a reader should see: the loss falls from {fmt(worst, 'usd.0')} to zero.",
)
```

## What breaks first

@mark@ how to read the table.

```python exec="on" code="folded" title="Code of the table"
from perpnotes.publish import table

deposit = 10_000.0
room = -deposit / (size * price)
table(
    [{"what": "@mark@ the failure", "where": room}],
    columns={"what": ("Failure", "text"), "where": ("Threshold", "pct.1")},
    caption="@mark@ what the rows have in common.",
    id="breaks-first",
)
```

## Aivora perspective

### If you trade

@mark@ one thing to do, with its number: `#!calc room | pct.1`.

### If you build an exchange

@mark@ one thing to do, with its number: `#!calc worst | usd.0`.

### If you manage risk

@mark@ one thing to do, with its number: `#!calc worst / deposit | x`.

## Quick Q&A

```python exec="on" code="folded" title="Code of the answers"
from perpnotes.publish import answer

answer("@mark@ a question?", f"@mark@ the answer, with its number: {fmt(worst, 'usd.0')}.")
answer("@mark@ another question?", f"@mark@ the answer, with its number: {fmt(room, 'pct.1')}.")
answer("@mark@ a third question?", f"@mark@ the answer, with its number: {fmt(worst / deposit, 'x')}.")
```

## Sources

- @mark@ author (year), [title](https://example.org/): what the article takes from it.
"""

_TEST = '''\
"""@title@: @mark@ which closed forms, limits and published numbers hold the module."""

from __future__ import annotations

import pytest
from cases import ANY, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes.@idea@ import loss

# How every public name takes odd input; tests/test_public.py runs it.
BAD_INPUT = {"loss": case(loss, size=(2.0, ANY), price=(100.0, POSITIVE), move=(-0.1, ANY, "(-1, inf)"))}

sizes = st.floats(-1e6, 1e6)
moves = st.floats(-0.99, 10)


@pytest.mark.parametrize(("size", "move", "expected"), [(2.0, -0.1, 20.0), (2.0, 0.1, 0.0), (-2.0, 0.1, 20.0)])
def test_a_long_loses_when_the_price_falls_and_a_short_when_it_rises(size: float, move: float, expected: float) -> None:
    """@mark@ the rule that this proves, and where the expected value comes from."""
    assert loss(size, 100.0, move) == pytest.approx(expected, rel=1e-12)  # one rounding per product


@given(sizes, moves)
def test_two_opposite_positions_never_both_lose(size: float, move: float) -> None:
    """What one side loses, the other gains."""
    assert min(loss(size, 100.0, move), loss(-size, 100.0, move)) == 0


def test_no_move_no_loss() -> None:
    """The limit of small moves, and the shape of an array."""
    assert (loss([1.0, -1.0], 100.0, 0.0) == 0).all()
    assert loss(1.0, 100.0, [[-0.1, 0.0]]).shape == (1, 2)
'''
_REFERENCE = """\
---
description: "Reference of perpnotes.@idea@. @mark@ what the module computes, in one sentence."
---

# `perpnotes.@idea@`

The idea in prose: [@title@](../insights/@idea@.md).

```python exec="on" id="example"
from perpnotes import @idea@

print(@idea@.loss(2.0, 60_000.0, -0.1))
```

::: perpnotes.@idea@
"""

_PACKAGE, _PROJECT, _SITE = Path("perpnotes/__init__.py"), Path("pyproject.toml"), Path("mkdocs.yml")
# The lists that have every idea: file, line above the list, what a line of it is like, the line to add, and whether the
# list is sorted. Else the new line is the last, or, of the layers, the first before the publishing layer's ideas.
_LISTS = (
    (_PACKAGE, r" *from perpnotes import \(", r" *\w+,", "{idea},", True),
    (_PACKAGE, r"__all__ = \[", r' *"\w+",', '"{idea}",', True),
    (_PROJECT, r"layers = \[.*", r' *"perpnotes\.publish",', '"perpnotes.{idea}",', False),
    (_PROJECT, r"source_modules = \[", r' *"perpnotes\.\w+",', '"perpnotes.{idea}",', False),
    (_SITE, r" *- Who notices\?:", r" *- insights/\w+\.md", "- insights/{idea}.md", False),
    (_SITE, r" *- Reference:", r" *- (\w+): reference/\1\.md", "- {idea}: reference/{idea}.md", False),
)


def idea(title: str, name: str | None = None) -> str:
    """The name of an idea and its files.

    Parameters:
        title: of the article.
        name: if it shall not be made from the title.

    Raises:
        ValueError: it cannot be the name of a module, or exists.
    """
    plain = " ".join(title.split())
    if not plain or plain != title:
        raise ValueError(f"title must be one line without spaces around it, got {title!r}")
    made = name if name is not None else re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", made) or keyword.iskeyword(made):
        raise ValueError(f"name must be lower-case letters, digits and _, a letter first, got {made!r}; give --name")
    if made in ("publish", "perpnotes"):
        raise ValueError(f"name {made!r} is taken; give --name")
    return made


def files(title: str, idea: str) -> Mapping[Path, str]:
    """Path and text of each of the four files.

    Parameters:
        title: of the article.
        idea: its name.

    Raises:
        ValueError: one of them exists.
    """
    templates = {
        Path(f"perpnotes/{idea}.py"): _MODULE,
        Path(f"docs/insights/{idea}.md"): _ARTICLE,
        Path(f"tests/test_{idea}.py"): _TEST,
        Path(f"docs/reference/{idea}.md"): _REFERENCE,
    }
    if there := [path.as_posix() for path in templates if path.exists()]:
        raise ValueError(f"{', '.join(there)} exists; give another --name")
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    plain = title.replace("\\", "/").replace('"', "'")  # in Python, the title stands in a docstring
    words = {"quoted": f'"{escaped}"', "idea": idea, "mark": MARK, "today": date.today().isoformat()}
    made = {}
    for path, text in templates.items():
        own = {**words, "title": plain if path.suffix == ".py" else title}
        made[path] = re.sub(r"@(\w+)@", lambda found: own[found[1]], text)  # noqa: B023  (called at once)
    return made


def registered(idea: str) -> Mapping[Path, str]:
    """Path and text of each of the three files that list the ideas, with a new one in them.

    Parameters:
        idea: its name.

    Raises:
        ValueError: a file has not the list to which the idea would be added.
        OSError: a file cannot be read.
    """
    made: dict[Path, str] = {}
    for path, above, like, line, ordered in _LISTS:
        text = made[path] if path in made else path.read_text(encoding="utf-8")
        added = line.format(idea=idea)
        try:
            made[path] = _with(text, above, like, added, ordered)
        except LookupError:
            raise ValueError(f"{path.as_posix()} has no list to which {added!r} could be added") from None
    return made


def _with(text: str, above: str, like: str, added: str, ordered: bool) -> str:
    """`text` with one more line in the list whose lines are `like` and which begins somewhere after `above`.

    Raises:
        LookupError: there is no such list.
    """
    lines = text.split("\n")
    begin = next((n for n, line in enumerate(lines) if re.fullmatch(above, line)), len(lines))
    first = next((n for n in range(begin, len(lines)) if re.fullmatch(like, lines[n])), None)
    if first is None:
        raise LookupError(above)
    last = next(n for n in range(first, len(lines) + 1) if n == len(lines) or not re.fullmatch(like, lines[n]))
    whole = takewhile(lambda line: line not in ("", ")", "]"), (line.strip() for line in lines[begin:]))
    if added not in whole:
        place = first + sum(line.strip() < added for line in lines[first:last]) if ordered else last
        lines.insert(place, lines[first].replace(lines[first].strip(), added))
    return "\n".join(lines)

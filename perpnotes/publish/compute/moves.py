"""By how much a number moves when an input does: the statements between the two run again with another input.

An input is raised by one percent, and a count by one. Where nothing moves, a large step the other way is tried before
the number is said not to depend on it here. What draws at random is not run again: its answer would be one draw's.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perpnotes.publish.articles import SECONDS
from perpnotes.publish.compute.slices import Literal, Page

_NOISE = 1e-9  # of a number: what rounding alone can move it by


def moves(
    page: Page,
    namespace: Mapping[str, Any],
    numbers: Sequence[tuple[ast.expr, frozenset[int], Any]],
    literals: Sequence[Literal],
) -> list[dict[int, float]]:
    """For each number, by place of an input, its change in percent; 0 where nothing moves it here.

    Parameters:
        page: its statements.
        namespace: its names after its blocks.
        numbers: of each its expression, the statements behind it and its value.
        literals: the inputs.

    Returns:
        What was not tried is missing.
    """
    found: list[dict[int, float]] = [{} for _ in numbers]
    codes = [
        compile(ast.fix_missing_locations(ast.Expression(copy.deepcopy(tree))), "<moves>", "eval")
        for tree, *_ in numbers
    ]
    for place, literal in enumerate(literals):
        after = page.following(literal.statement)
        if not tried(page, after):
            continue
        mine = [i for i, (_, needed, _) in enumerate(numbers) if literal.statement in needed]
        for attempt, step in enumerate(steps(literal)):
            wanted = frozenset().union(*(numbers[i][1] for i in mine))
            names = _again(page, namespace, literal, step, [place for place in after if place in wanted])
            if names is None:
                continue
            for i in mine:
                before = float(numbers[i][2])
                if attempt and found[i].get(place, 1.0) != 0.0:
                    continue
                now = _number(codes[i], names)
                if now is not None:
                    change = (now - before) / abs(before) * 100 if before else (now - before) * 100
                    found[i][place] = 0.0 if abs(change) < _NOISE * 100 else float(f"{change:.2g}")
            mine = [i for i in mine if found[i].get(place, 0.0) == 0.0]
            if not mine:
                break
    return found


def tried(page: Page, after: Sequence[int]) -> bool:
    """Whether statements run again: not what draws at random, nor what was allowed more time than usual.

    Parameters:
        page: whose.
        after: the places of the statements.
    """
    blocks = page.article.executed
    functions = [each for each in page.statements if isinstance(each.tree, ast.FunctionDef)]
    drawing = frozenset[str]()
    for _ in functions:  # one that calls one that draws, draws, too
        drawing |= frozenset().union(*(e.binds for e in functions if e.draws or e.reads & drawing))
    found = [page.statements[i] for i in after]
    return not any(e.draws or e.reads & drawing or blocks[e.block].seconds > SECONDS for e in found)


def steps(literal: Literal) -> Iterator[ast.expr]:
    """Other inputs in the place of one: what it becomes."""
    if literal.value is None:
        for factor in (1.01, 0.7):
            other = [v + (factor > 1) - (factor < 1) if isinstance(v, int) else v * factor for v in literal.several]
            yield ast.List([ast.Constant(v) for v in other], ast.Load())
    elif isinstance(literal.value, int):
        yield from (ast.Constant(literal.value + step) for step in (1, -1))
    elif literal.value == 0.0:
        yield from (ast.Constant(step) for step in (0.01, -0.01))
    else:
        yield from (ast.Constant(literal.value * factor) for factor in (1.01, 0.7))


def _again(
    page: Page, namespace: Mapping[str, Any], literal: Literal, step: ast.expr, after: Sequence[int]
) -> dict[str, Any] | None:
    """The names of a page with another input; None where that is refused."""
    names = {**namespace, "__name__": "__main__"}
    for place in after:
        tree = page.statements[place].tree
        if place == literal.statement:
            tree = _replaced(tree, literal.node, step)
        try:
            code = compile(ast.fix_missing_locations(ast.Module([tree], [])), "<moves>", "exec")
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(code, names)  # noqa: S102  (the page's own)
        except Exception:
            return None
    return names


def _replaced(tree: ast.stmt, old: ast.expr, new: ast.expr) -> ast.stmt:
    """A statement with another expression in one place."""
    memo: dict[int, Any] = {id(old): ast.copy_location(new, old)}
    return copy.deepcopy(tree, memo)


def _number(code: Any, names: dict[str, Any]) -> float | None:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            value = float(eval(code, names))  # noqa: S307  (the page's own)
    except Exception:
        return None
    return value if math.isfinite(value) else None

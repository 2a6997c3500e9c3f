"""PN306 to PN308: what would fail when the page runs, found in its syntax trees: names, units and calls."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from inspect import signature
from symtable import symtable

from perpnotes import publish
from perpnotes.publish.articles import did_you_mean
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import calls, read, required_texts
from perpnotes.publish.compute import units


@rule(
    "PN306",
    "unbound name",
    "an inline value is computed from what the blocks of its page leave behind",
    "bind the name in a block that runs, or correct it",
    everywhere=True,
)
def _unbound_name(page: Page) -> Found:
    if len(page.trees) < len(page.article.executed):
        return  # what a block binds that cannot be read is not known
    bound: set[str] = set()
    for block, _ in page.trees:
        symbols = symtable(block.source, page.article.path, "exec").get_symbols()
        bound |= {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
    for line, tree in page.values:
        for name in sorted(read(tree) - bound - set(dir(builtins))):
            yield line, f"no block binds {name}{did_you_mean(name, bound)}"


@rule(
    "PN307",
    "unknown unit",
    "a number that cannot be formatted stops the build",
    "use a unit of the list on the page Contribute, with or without .digits",
    everywhere=True,
)
def _unknown_unit(page: Page) -> Found:
    for value in page.article.evaluated:
        if fault := units.fault(value.unit):
            yield value.line, fault
    for name, call in calls(page):
        for node in _units(name, call):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and (fault := units.fault(node.value)):
                yield node.lineno, fault


def _units(name: str, call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that are units, as far as they are written there."""
    if not name.startswith("perpnotes.publish."):
        return
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    yield from (value for argument, value in given.items() if argument == "unit" or argument.endswith("_unit"))
    if name == "perpnotes.publish.fmt":
        yield from call.args[1:2]
    columns = given.get("columns")
    rows: list[ast.expr] = columns.values if isinstance(columns, ast.Dict) else []
    yield from (row.elts[1] for row in rows if isinstance(row, ast.Tuple) and len(row.elts) > 1)


@rule(
    "PN308",
    "wrong argument",
    "a call with an argument too many or too few stops the build",
    "name the arguments as the function does; the page Contribute shows each function with those that it must have",
    everywhere=True,
)
def _wrong_argument(page: Page) -> Found:
    """A missing text is PN303's."""
    for full, call in calls(page):
        name = full.removeprefix("perpnotes.publish.")
        if name not in publish.__all__:
            continue
        has = signature(getattr(publish, name)).parameters
        placed = [argument for argument, of in has.items() if of.kind is of.POSITIONAL_OR_KEYWORD]
        taken = placed[: len(call.args)]
        for keyword in call.keywords:
            if keyword.arg in taken:
                yield keyword.value.lineno, f"{name} is given {keyword.arg} twice"
            elif keyword.arg and keyword.arg not in has:
                hint = did_you_mean(keyword.arg, has)
                yield keyword.value.lineno, f"{name} has no argument {keyword.arg}{hint}"
        if len(call.args) > len(placed):
            yield call.lineno, f"{name} takes at most {len(placed)} arguments without their names, got {len(call.args)}"
        if any(isinstance(argument, ast.Starred) for argument in call.args) or any(not k.arg for k in call.keywords):
            continue  # what else it is given is known when it runs
        given = {*taken, *(keyword.arg for keyword in call.keywords), *required_texts(full)}
        if missing := [argument for argument, of in has.items() if of.default is of.empty and argument not in given]:
            yield call.lineno, f"{name} without {', '.join(missing)}"

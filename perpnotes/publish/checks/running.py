"""PN306 to PN308: what would fail when the page runs, found in its syntax trees: names, units and calls."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from symtable import symtable

from perpnotes import publish
from perpnotes.publish.articles import did_you_mean
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import calls, read, required_texts
from perpnotes.publish.compute import units

_FMT, _TILES = "perpnotes.publish.fmt", "perpnotes.publish.tiles"


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
    if name == _FMT:
        yield from call.args[1:2]
    columns = given.get("columns")
    rows: list[ast.expr] = columns.values if isinstance(columns, ast.Dict) else []
    yield from (row.elts[1] for row in rows if isinstance(row, ast.Tuple) and len(row.elts) > 1)
    items = [*call.args[:1], given.get("items")] if name == _TILES else []
    tiles = [tile for item in items if isinstance(item, ast.List | ast.Tuple) for tile in item.elts]
    yield from (tile.elts[2] for tile in tiles if isinstance(tile, ast.Tuple) and len(tile.elts) > 2)


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
        if name == full or (has := parameters(name)) is None:
            continue
        placed = [argument.arg for argument in (*has.posonlyargs, *has.args)]
        named = [argument.arg for argument in has.kwonlyargs]
        needed = placed[: len(placed) - len(has.defaults)]
        needed += [argument for argument, default in zip(named, has.kw_defaults, strict=True) if default is None]
        taken = placed[: len(call.args)]
        for keyword in call.keywords:
            if keyword.arg in taken:
                yield keyword.value.lineno, f"{name} is given {keyword.arg} twice"
            elif keyword.arg and keyword.arg not in (*placed, *named):
                hint = did_you_mean(keyword.arg, [*placed, *named])
                yield keyword.value.lineno, f"{name} has no argument {keyword.arg}{hint}"
        if len(call.args) > len(placed):
            yield call.lineno, f"{name} takes at most {len(placed)} arguments without their names, got {len(call.args)}"
        if any(isinstance(argument, ast.Starred) for argument in call.args) or any(not k.arg for k in call.keywords):
            continue  # what else it is given is known when it runs
        given = {*taken, *(keyword.arg for keyword in call.keywords), *required_texts(full)}
        if missing := [argument for argument in needed if argument not in given]:
            yield call.lineno, f"{name} without {', '.join(missing)}"


@cache
def parameters(name: str) -> ast.arguments | None:
    """The parameters of a function that authors import; None for what is no function.

    Read from its source, because to import a figure's would load the chart library.

    Parameters:
        name: in `perpnotes.publish.__all__`.
    """
    return _defined(publish._home(name), name)


def _defined(module: str, name: str) -> ast.arguments | None:
    file = Path(publish.__file__).parents[1].joinpath(*module.split(".")[1:])
    file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node.args
        if isinstance(node, ast.ImportFrom) and node.module and name in (alias.name for alias in node.names):
            return _defined(node.module, name)
    return None

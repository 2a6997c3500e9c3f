"""Reads the code of a page as rules do: what is imported, called, bound and shown."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from symtable import symtable

from perpnotes.publish.articles import Block
from perpnotes.publish.checks.rules import Page

FIGURES = {
    f"perpnotes.publish.{name}"
    for name in (
        "bars", "explore", "heatmap", "intervals", "ladder", "lines", "network", "panels", "slopes",
        "specification",
    )
}  # fmt: skip
TABLES = {f"perpnotes.publish.{name}" for name in ("derivation", "table")}
ANSWER = "perpnotes.publish.answer"
SHOWING = {*FIGURES, *TABLES, ANSWER, "perpnotes.publish.yours"}
"""What puts something on a page."""


@lru_cache(maxsize=256)
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Everything in a syntax tree of a page: many rules look through it."""
    return tuple(ast.walk(tree))


def required_texts(name: str) -> tuple[str, ...]:
    """The arguments of a figure or table, by its full name, that say what it shows; of anything else none."""
    return ("caption", "alt") if name in FIGURES else ("caption",) if name in TABLES else ()


def read(tree: ast.AST) -> set[str]:
    """Names of a page that are read, and not those that a function or a comprehension inside has for itself."""
    found, tables = set(), [symtable(ast.unparse(tree), "", "exec")]
    for table in tables:
        tables += table.get_children()
        symbols = [symbol for symbol in table.get_symbols() if symbol.is_referenced()]
        found |= {s.get_name() for s in symbols if s.is_global() or table is tables[0]}
    return found


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that is imported."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def origins(page: Page) -> dict[str, str]:
    """What each imported name stands for."""
    return origins_of(tree for _, tree in page.trees)


def origins_of(trees: Iterable[ast.AST]) -> dict[str, str]:
    """What each imported name stands for, in some syntax trees."""
    found: dict[str, str] = {}
    for tree in trees:
        for node in nodes(tree):
            if isinstance(node, ast.Import):
                found |= {
                    a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
                }
            elif isinstance(node, ast.ImportFrom):
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def calls(page: Page) -> tuple[tuple[str, ast.Call], ...]:
    """Every call of something imported, by its full name."""
    return _calls(page.trees)


@lru_cache(maxsize=8)
def _calls(trees: tuple[tuple[Block, ast.Module], ...]) -> tuple[tuple[str, ast.Call], ...]:
    names = origins_of(tree for _, tree in trees)
    found = []
    for node in (node for _, tree in trees for node in nodes(tree) if isinstance(node, ast.Call)):
        root, _, rest = ast.unparse(node.func).partition(".")
        if root in names:
            found.append((f"{names[root]}.{rest}".rstrip("."), node))
    return tuple(found)


def ids(page: Page) -> Iterator[tuple[str, ast.Call, ast.Constant]]:
    """The typed id of each figure and table, with the full name of what shows it and the call."""
    for name, call in calls(page):
        for keyword in call.keywords if name in FIGURES | TABLES else []:
            if keyword.arg == "id" and isinstance(keyword.value, ast.Constant):
                yield name, call, keyword.value


def words(page: Page) -> Iterator[ast.expr]:
    """The arguments of calls that a reader reads as prose."""
    for name, call in calls(page):
        if name == ANSWER:
            yield from [*call.args, *(keyword.value for keyword in call.keywords)]
        elif name in SHOWING:
            yield from (keyword.value for keyword in call.keywords if keyword.arg in ("caption", "alt", "say"))


def typed_text(node: ast.expr) -> str:
    """The typed text of a string; what it computes is an x."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(typed_text(part) if isinstance(part, ast.Constant) else "x" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return typed_text(node.left) + typed_text(node.right)
    if isinstance(node, ast.List | ast.Tuple):
        return " ".join(map(typed_text, node.elts))
    return ""


def bindings(body: Iterable[ast.stmt], statement: str = "") -> Iterator[tuple[str, int, str]]:
    """Name, line and kind of what top-level statements bind; equal kinds of one name are one binding."""
    for node in body:
        # The branches of one `if` or `try` bind one thing.
        place = statement or f"at {node.lineno}:{node.col_offset}"
        yield from ((n.target.id, n.lineno, place) for n in _outer(node) if isinstance(n, ast.NamedExpr))
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                yield alias.asname or whole, node.lineno, f"import {whole}"
        elif isinstance(node, ast.ImportFrom):
            yield from ((a.asname or a.name, node.lineno, f"import {node.module}.{a.name}") for a in node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node.lineno, place
        elif isinstance(node, ast.Assign):
            yield from ((name, node.lineno, place) for target in node.targets for name in _stored(target))
        elif isinstance(node, ast.AnnAssign) and node.value:
            yield from ((name, node.lineno, place) for name in _stored(node.target))
        elif isinstance(node, ast.AugAssign):
            yield from ((name, node.lineno, "augmented") for name in _stored(node.target))
        elif isinstance(node, ast.For):
            yield from ((name, node.lineno, "loop") for name in _stored(node.target))
            yield from bindings([*node.body, *node.orelse])
        elif isinstance(node, ast.While):
            yield from bindings([*node.body, *node.orelse])
        elif isinstance(node, ast.With):
            targets = [item.optional_vars for item in node.items if item.optional_vars]
            yield from ((name, node.lineno, place) for target in targets for name in _stored(target))
            yield from bindings(node.body, statement)
        elif isinstance(node, ast.If):
            yield from bindings([*node.body, *node.orelse], place)
        elif isinstance(node, ast.Try):
            handled = [inner for handler in node.handlers for inner in handler.body]
            yield from bindings([*node.body, *handled, *node.orelse, *node.finalbody], place)
        elif isinstance(node, ast.Match):
            yield from bindings([inner for case in node.cases for inner in case.body], place)


def _outer(node: ast.stmt) -> Iterator[ast.AST]:
    """What a statement evaluates itself: neither what is inside a function, nor the statements in its body."""
    waiting: list[ast.AST] = [] if isinstance(node, ast.FunctionDef | ast.ClassDef) else [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += [c for c in ast.iter_child_nodes(found) if not isinstance(c, ast.stmt | ast.Lambda)]


def _stored(target: ast.expr) -> list[str]:
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def changed(tree: ast.Module) -> set[str]:
    """Names of what a block changes without binding it: `x.append(…)`, `x[0] = …`."""
    found: set[str] = set()
    for node in nodes(tree):
        target: ast.AST | None = None
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            target = node.value.func
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            target = node
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
            if isinstance(target, ast.Name):
                found.add(target.id)
    return found

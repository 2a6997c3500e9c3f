"""Follows by names, through the code of a page, what random draws and records have touched. Nothing runs.

Whole statements at the top of a block: whatever one binds or changes is touched by all that it reads. That is more than
the values say, never less.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from perpnotes.publish.articles import Block
from perpnotes.publish.checks import permitted
from perpnotes.publish.checks.syntax import changed, origins_of, read
from perpnotes.publish.compute.slices import stored

SEED = "seed"
RECORD = "record "
"""What can touch a number: `SEED`, or `RECORD` and the name of a record."""

Touch: TypeAlias = frozenset[str]
_RANDOM = {"seed", "rng"}


@lru_cache(maxsize=1)
def _drawing() -> tuple[frozenset[str], frozenset[str]]:
    """The library's functions with a parameter `seed` or `rng`, by full name, and its methods with one, by name."""
    functions, methods = set(), set()
    for module, tree in permitted.sources().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and _RANDOM & _parameters(node):
                functions.add(f"perpnotes.{module}.{node.name}")
            elif isinstance(node, ast.ClassDef):
                inside = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                methods |= {n.name for n in inside if _RANDOM & _parameters(n) and n.name != "__init__"}
                fields = {
                    n.target.id for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
                }
                if _RANDOM & fields:
                    functions.add(f"perpnotes.{module}.{node.name}")
    return frozenset(functions), frozenset(methods)


class Flow:
    """What has touched each name of a page.

    Parameters:
        blocks: those that run, in order, with their syntax trees.
    """

    def __init__(self, blocks: tuple[tuple[Block, ast.Module], ...]) -> None:
        trees = [tree for _, tree in blocks]
        self._origins = origins_of(trees)
        self._touched: defaultdict[str, Touch] = defaultdict(frozenset)
        statements = [node for tree in trees for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
        effects = {node.name: self._changes(node) for node in statements if isinstance(node, ast.FunctionDef)}
        takes = [self._sources(node) for node in statements]
        gives = [
            {*stored(node)} | self._changes(node).union(*(effects.get(name, ()) for name in reads))
            for node, (_, reads) in zip(statements, takes, strict=True)
        ]
        before = -1
        while before != (before := sum(map(len, self._touched.values()))):  # until nothing more is touched
            for (marks, reads), names in zip(takes, gives, strict=True):
                touch = marks.union(*(self._touched[name] for name in reads))
                for name in names:
                    self._touched[name] |= touch

    def of(self, node: ast.AST) -> Touch:
        """What has touched an expression or a statement.

        Parameters:
            node: of an inline value, or in a block.
        """
        marks, reads = self._sources(node)
        return marks.union(*(self._touched[name] for name in reads))

    def _sources(self, node: ast.AST) -> tuple[Touch, set[str]]:
        """What touches it by its own calls, and the names that it reads."""
        calls = [call for call in ast.walk(node) if isinstance(call, ast.Call)]
        return frozenset(mark for call in calls for mark in self._marks(call)), read(node)

    def _marks(self, call: ast.Call) -> Iterator[str]:
        functions, methods = _drawing()
        full = self._full(call.func)
        if full == "perpnotes.publish.record":
            yield f"{RECORD}{getattr(call.args[0], 'value', '') if call.args else ''}"
        method = isinstance(call.func, ast.Attribute) and not full and call.func.attr in methods
        named = any(keyword.arg in _RANDOM for keyword in call.keywords)
        if named or method or full in functions or full.startswith("numpy.random."):
            yield SEED

    def _full(self, function: ast.expr) -> str:
        """The full name of something imported; empty for anything else."""
        root, _, rest = ast.unparse(function).partition(".")
        return f"{self._origins[root]}.{rest}".rstrip(".") if root in self._origins else ""

    def _changes(self, node: ast.stmt) -> set[str]:
        """Names that a statement puts something into: what it assigns to a part of, and what its calls are given.

        A function of the library or of the page's figures changes nothing, and neither does `print`.
        """
        found = changed(ast.Module([node], []))
        for inner in ast.walk(node):
            call = inner.value if isinstance(inner, ast.Expr) else None
            if isinstance(call, ast.Call) and not self._full(call.func).startswith("perpnotes."):
                found |= {name for each in call.args for name in read(each) if ast.unparse(call.func) != "print"}
        return found - self._origins.keys()


def _parameters(node: ast.FunctionDef) -> set[str]:
    return {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}


followed = lru_cache(maxsize=8)(Flow)
"""The flow through a page's blocks: several rules ask for it."""

"""Follows by names, through the code of a page, what random draws and records have touched. Nothing runs.

A name is touched if anything is that was bound to it, was put into it, or decided whether it was bound. That is more
than the values say; in code as articles write it, it is never less.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from perpnotes.publish.articles import Block
from perpnotes.publish.checks.syntax import origins_of

SEED = "seed"
RECORD = "record "
"""What can touch a number: `SEED`, or `RECORD` and the name of a record."""

Touch: TypeAlias = frozenset[str]
_NOTHING: Touch = frozenset()
_RANDOM = {"seed", "rng"}
_LIBRARY = Path(__file__).parents[2]
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@lru_cache(maxsize=8)
def followed(trees: tuple[tuple[Block, ast.Module], ...]) -> Flow:
    """The flow through a page's blocks.

    Parameters:
        trees: the blocks that run, with their syntax trees.
    """
    return Flow([tree for _, tree in trees])


@lru_cache(maxsize=1)
def _drawing() -> tuple[frozenset[str], frozenset[str]]:
    """The library's functions with a parameter `seed` or `rng`, by full name, and its methods with one, by name."""
    functions, methods = set(), set()
    for file in _LIBRARY.glob("[!_]*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and _RANDOM & set(_parameters(node)):
                functions.add(f"perpnotes.{file.stem}.{node.name}")
            elif isinstance(node, ast.ClassDef):
                inside = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                methods |= {n.name for n in inside if _RANDOM & set(_parameters(n)) and n.name != "__init__"}
                fields = {
                    n.target.id for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
                }
                if _RANDOM & fields:
                    functions.add(f"perpnotes.{file.stem}.{node.name}")
    return frozenset(functions), frozenset(methods)


class Flow:
    """What has touched each name of a page.

    Parameters:
        trees: of its blocks, in order.
    """

    def __init__(self, trees: Sequence[ast.Module]) -> None:
        self._origins = origins_of(trees)
        self._touched: defaultdict[tuple[str, str], Touch] = defaultdict(frozenset)  # by scope and name
        self._locals: dict[str, set[str]] = {}
        self._functions: dict[tuple[str, str], tuple[_Function, str]] = {}
        self._passed: defaultdict[str, Touch] = defaultdict(frozenset)  # by mark of a parameter
        self._returned: defaultdict[str, Touch] = defaultdict(frozenset)  # by scope of a function
        self._asked = 0
        before = -1
        while before != (before := self._size()):  # until nothing more is touched
            for tree in trees:
                self._body(tree.body, "", _NOTHING)

    def of(self, expression: ast.expr) -> Touch:
        """What has touched an expression.

        Parameters:
            expression: of an inline value.
        """
        self._asked += 1
        return self._resolved(self._expression(expression, f"/={self._asked}"))

    def _size(self) -> int:
        return sum(len(t) for table in (self._touched, self._passed, self._returned) for t in table.values())

    def _resolved(self, touch: Touch) -> Touch:
        """With what was passed for a parameter in place of its mark."""
        found, waiting, seen = set(), list(touch), set()
        while waiting:
            each = waiting.pop()
            if not each.startswith("@"):
                found.add(each)
            elif each not in seen:
                seen.add(each)
                waiting += self._passed[each]
        return frozenset(found)

    # --- Names ---

    def _home(self, scope: str, name: str) -> str:
        """The scope in which a name is bound: the innermost around `scope`."""
        while scope and name not in self._locals.get(scope, ()):
            scope = scope.rpartition("/")[0]
        return scope

    def _add(self, scope: str, name: str, touch: Touch) -> None:
        self._touched[self._home(scope, name), name] |= touch

    def _bind(self, target: ast.expr, touch: Touch, scope: str) -> None:
        if isinstance(target, ast.Name):
            self._add(scope, target.id, touch)
        elif isinstance(target, ast.Tuple | ast.List):
            for each in target.elts:
                self._bind(each, touch, scope)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, touch, scope)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            index = self._expression(target.slice, scope) if isinstance(target, ast.Subscript) else _NOTHING
            self._mutate(target, touch | index, scope)

    def _mutate(self, node: ast.expr, touch: Touch, scope: str) -> None:
        """Something is put into what an expression stands for."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and node.id not in self._origins:
            self._add(scope, node.id, touch)

    # --- Statements ---

    def _body(self, body: Iterable[ast.stmt], scope: str, context: Touch) -> None:
        for node in body:
            self._statement(node, scope, context)

    def _statement(self, node: ast.stmt, scope: str, context: Touch) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(node, scope, context)
        elif isinstance(node, ast.ClassDef):
            self._class(node, scope, context)
        elif isinstance(node, ast.Return):
            self._returned[scope] |= self._expression(node.value, scope) | context
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value, scope, context)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            self._bind(node.target, self._expression(node.value, scope) | context, scope)
        elif isinstance(node, ast.Expr):
            touch = self._expression(node.value, scope) | context
            if isinstance(node.value, ast.Call):
                self._called(node.value, touch, scope)
        elif isinstance(node, ast.For | ast.AsyncFor):
            touch = self._expression(node.iter, scope) | context
            self._bind(node.target, touch, scope)
            self._loop(node, scope, touch)
        elif isinstance(node, ast.While):
            self._loop(node, scope, self._expression(node.test, scope) | context)
        elif isinstance(node, ast.If):
            self._body([*node.body, *node.orelse], scope, self._expression(node.test, scope) | context)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                touch = self._expression(item.context_expr, scope) | context
                if item.optional_vars:
                    self._bind(item.optional_vars, touch, scope)
            self._body(node.body, scope, context)
        elif isinstance(node, ast.Try | ast.TryStar):
            self._body([*node.body, *node.orelse, *node.finalbody], scope, context)
            tried = frozenset().union(*(self._read(inner, scope) for inner in node.body)) | context
            for handler in node.handlers:
                if handler.name:
                    self._add(scope, handler.name, tried)
                self._body(handler.body, scope, tried)
        elif isinstance(node, ast.Match):
            touch = self._expression(node.subject, scope) | context
            for case in node.cases:
                for name in _captured(case.pattern):
                    self._add(scope, name, touch)
                self._body(case.body, scope, touch)

    def _assign(self, target: ast.expr, value: ast.expr, scope: str, context: Touch) -> None:
        if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            starred = any(isinstance(each, ast.Starred) for each in (*target.elts, *value.elts))
            if not starred and len(target.elts) == len(value.elts):
                for left, right in zip(target.elts, value.elts, strict=True):
                    self._assign(left, right, scope, context)
                return
        self._bind(target, self._expression(value, scope) | context, scope)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, scope: str, context: Touch) -> None:
        self._body([*node.body, *node.orelse], scope, context)
        # What decides when a loop ends decides what its names hold afterwards.
        ends = [
            self._expression(inner.test, scope)
            for inner in ast.walk(node)
            if isinstance(inner, ast.If) and any(isinstance(n, ast.Break | ast.Continue) for n in ast.walk(inner))
        ]
        if touch := _NOTHING.union(*ends):
            for name in _stored(node):
                self._add(scope, name, touch)

    def _function(self, node: _Function, scope: str, context: Touch) -> None:
        inner = f"{scope}/{node.name}"
        self._functions[self._home(scope, node.name), node.name] = (node, inner)
        if inner not in self._locals:
            outside = {n for s in ast.walk(node) if isinstance(s, ast.Global | ast.Nonlocal) for n in s.names}
            self._locals[inner] = ({*_parameters(node)} | set(_stored(node))) - outside
        for name in _parameters(node):
            self._touched[inner, name] |= {f"@{inner} {name}"}
        self._body(node.body, inner, context)
        for yielded in ast.walk(node):
            if isinstance(yielded, ast.Yield | ast.YieldFrom):
                self._returned[inner] |= self._expression(yielded.value, inner)
        own = {f"@{inner} {name}" for name in _parameters(node)}  # at a call, the arguments stand in their place
        given = [*node.args.defaults, *(default for default in node.args.kw_defaults if default), *node.decorator_list]
        touch = (self._returned[inner] - own) | context
        self._add(scope, node.name, touch.union(*(self._expression(each, scope) for each in given)))

    def _class(self, node: ast.ClassDef, scope: str, context: Touch) -> None:
        inner = f"{scope}/{node.name}"
        self._locals.setdefault(inner, set())  # its methods do not see its names
        self._body(node.body, inner, context)
        inside = [touch for (place, _), touch in list(self._touched.items()) if place.startswith(inner)]
        read = self._read(node, inner)
        marks = frozenset(each for touch in [*inside, read] for each in touch if not each.startswith(f"@{inner}"))
        self._add(scope, node.name, marks)

    def _read(self, node: ast.AST, scope: str) -> Touch:
        """What has touched anything that is read or called inside."""
        inner = (n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Call))
        return _NOTHING.union(*(self._expression(n, scope) for n in inner))

    # --- Expressions ---

    def _expression(self, node: ast.AST | None, scope: str) -> Touch:
        if node is None or isinstance(node, ast.Constant):
            return _NOTHING
        if isinstance(node, ast.Name):
            return self._touched[self._home(scope, node.id), node.id]
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        if isinstance(node, ast.NamedExpr):
            touch = self._expression(node.value, scope)
            self._add(scope, node.target.id, touch)
            return touch
        if isinstance(node, ast.Lambda):
            inner = self._inner(scope, node, _parameters(node))
            given = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
            return self._expression(node.body, inner).union(*(self._expression(each, scope) for each in given))
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            targets = [n.id for each in node.generators for n in ast.walk(each.target) if isinstance(n, ast.Name)]
            inner = self._inner(scope, node, targets)
            touch = _NOTHING
            for each in node.generators:
                over = self._expression(each.iter, inner)
                self._bind(each.target, over, inner)
                touch = touch.union(over, *(self._expression(test, inner) for test in each.ifs))
            parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            return touch.union(*(self._expression(part, inner) for part in parts))
        return _NOTHING.union(*(self._expression(child, scope) for child in ast.iter_child_nodes(node)))

    def _inner(self, scope: str, node: ast.expr, names: Iterable[str]) -> str:
        inner = f"{scope}/{node.lineno}:{node.col_offset}"
        self._locals.setdefault(inner, set(names))
        return inner

    def _call(self, node: ast.Call, scope: str) -> Touch:
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        touches = [self._expression(each, scope) for each in arguments]
        touch = self._expression(node.func, scope).union(*touches)
        functions, methods = _drawing()
        full = self._full(node.func)
        if full == "perpnotes.publish.record":
            name = str(node.args[0].value) if node.args and isinstance(node.args[0], ast.Constant) else ""
            touch |= {f"{RECORD}{name}"}
        named = any(keyword.arg in _RANDOM for keyword in node.keywords)
        method = isinstance(node.func, ast.Attribute) and not full and node.func.attr in methods
        if named or method or full in functions or full.startswith("numpy.random."):
            touch |= {SEED}
        if isinstance(node.func, ast.Name):
            home = self._home(scope, node.func.id)
            if (home, node.func.id) in self._functions:
                self._pass(node, *self._functions[home, node.func.id], scope)
        return touch

    def _full(self, function: ast.expr) -> str:
        """The full name of something imported; empty for anything else."""
        root, _, rest = ast.unparse(function).partition(".")
        return f"{self._origins[root]}.{rest}".rstrip(".") if root in self._origins else ""

    def _pass(self, call: ast.Call, node: _Function, inner: str, scope: str) -> None:
        """What arguments bring into a function of the article, and what it puts into them."""
        names = _parameters(node)
        plain = not any(isinstance(each, ast.Starred) for each in call.args) and all(k.arg for k in call.keywords)
        inside = [
            names[place : place + 1] if plain and place < len(names) else names for place in range(len(call.args))
        ]
        pairs = [*zip(inside, call.args, strict=True)]
        pairs += [([k.arg] if k.arg in names else names, k.value) for k in call.keywords]
        for parameters, argument in pairs:
            touch = self._expression(argument, scope)
            for name in parameters:
                mark = f"@{inner} {name}"
                self._passed[mark] |= touch
                if put := self._touched[inner, name] - {mark}:
                    self._mutate(argument, put, scope)

    def _called(self, call: ast.Call, touch: Touch, scope: str) -> None:
        """A call that is a statement: it can put what it is given into its object, or into its first argument."""
        full = self._full(call.func)
        if isinstance(call.func, ast.Attribute) and not full:
            self._mutate(call.func.value, touch, scope)
            if self._expression(call.func.value, scope):  # `rng.shuffle(x)`
                for argument in call.args:
                    self._mutate(argument, touch, scope)
        elif full and not full.startswith("perpnotes."):
            for argument in call.args[:1]:
                self._mutate(argument, touch, scope)


def _parameters(node: _Function | ast.Lambda) -> list[str]:
    a = node.args
    more = [each for each in (a.vararg, a.kwarg) if each]
    return [each.arg for each in (*a.posonlyargs, *a.args, *a.kwonlyargs, *more)]


def _stored(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds, but not inside a function or a comprehension of its own."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        found = waiting.pop()
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield found.name
            continue
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store):
            yield found.id
        elif isinstance(found, ast.ExceptHandler) and found.name:
            yield found.name
        elif isinstance(found, ast.pattern):
            yield from _captured(found)
        if isinstance(found, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp | ast.Lambda):
            yield from (n.target.id for n in ast.walk(found) if isinstance(n, ast.NamedExpr))
        else:
            waiting += ast.iter_child_nodes(found)


def _captured(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        name = getattr(node, "rest" if isinstance(node, ast.MatchMapping) else "name", None)
        if isinstance(name, str):
            yield name

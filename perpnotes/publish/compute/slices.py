"""Which statements of a page a number rests on, and which numbers stand typed in them: its inputs.

Whole statements at the top of a block, followed by names: more than the number needs, never less.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from perpnotes.publish.articles import Article

MUTATES = frozenset(
    ["append", "add", "extend", "insert", "pop", "popleft", "appendleft", "remove", "update", "setdefault", "sort",
     "clear", "fill", "reverse", "discard", "shuffle", "heappush", "heappop", "heapify"]
)  # fmt: skip
"""Functions and methods that change what they are given."""

_ROW = 4  # as many typed numbers side by side are one input
_DRAWS = frozenset(
    ["normal", "standard_normal", "uniform", "choice", "integers", "random", "exponential", "poisson", "permutation",
     "permuted", "beta", "binomial", "chisquare", "gamma", "geometric", "gumbel", "laplace", "logistic", "lognormal",
     "multivariate_normal", "pareto", "standard_exponential", "standard_gamma", "standard_t", "triangular", "wald",
     "weibull"]
)  # fmt: skip
_SEEDED = frozenset({"rng", "seed", "default_rng"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A number typed in the code of a page.

    Parameters:
        statement: its place among the statements.
        node: where it stands; a minus sign before it belongs to it.
        value: the number; None for a row of several.
        label: what it is called: a name, a key, a parameter.
        call: whose argument it is, where it has no name.
        index: which one.
    """

    statement: int
    node: ast.expr
    value: float | None
    label: str
    call: ast.Call | None = None
    index: int = 0

    @property
    def several(self) -> list[Any]:
        """The numbers of a row of several; none where it is one."""
        return [ast.literal_eval(each) for each in getattr(self.node, "elts", ())]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement at the top of a block.

    Parameters:
        block: its place among the blocks that run.
        tree: the statement.
        reads: names that anything in it reads.
        binds: names that it binds.
        changes: names whose object it may change.
        shows: whether it only puts something on the page.
        draws: whether it draws at random.
    """

    block: int
    tree: ast.stmt
    reads: frozenset[str]
    binds: frozenset[str]
    changes: frozenset[str]
    shows: bool
    draws: bool


@dataclass(slots=True)
class Page:
    """The statements of a page and what is typed in them.

    Parameters:
        article: the page.
    """

    article: Article
    trees: list[ast.Module] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    by_name: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shown: set[str] = set()
        for place, block in enumerate(self.article.executed):
            tree = ast.parse("\n" * (block.line - 1) + block.source, self.article.path)
            self.trees.append(tree)
            for node in tree.body:
                if isinstance(node, ast.ImportFrom) and node.module == "perpnotes.publish":
                    shown |= {alias.asname or alias.name for alias in node.names}
                found = _statement(place, node, shown)
                self.statements.append(found)
                for name in found.binds | found.changes:
                    self.by_name.setdefault(name, []).append(len(self.statements) - 1)
                if not found.shows:
                    self.literals += typed(node, len(self.statements) - 1)

    def needed(self, names: Iterable[str]) -> frozenset[int]:
        """The statements that bind or change some names, and all that these rest on."""
        seen: set[int] = set()
        waiting = list(names)
        asked: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in asked:
                continue
            asked.add(name)
            for place in self.by_name.get(name, ()):
                if place not in seen and not self.statements[place].shows:
                    seen.add(place)
                    waiting += self.statements[place].reads
        return frozenset(seen)

    def following(self, place: int) -> list[int]:
        """A statement and those that can be otherwise when it is, in order."""
        hit = {place}
        names = set(self.statements[place].binds | self.statements[place].changes)
        while True:
            more = {
                i
                for i, each in enumerate(self.statements)
                if i not in hit
                and not each.shows
                and ((i > place and each.reads & names) or (each.binds | each.changes) & self._changed(hit))
            }
            if not more:
                return sorted(hit)
            hit |= more
            names = names.union(*(self.statements[i].binds | self.statements[i].changes for i in more))

    def _changed(self, hit: Iterable[int]) -> frozenset[str]:
        """What the statements that run again put something into: it must be made anew, too."""
        return frozenset().union(*(self.statements[i].changes for i in hit))


def names_of(node: ast.AST) -> frozenset[str]:
    """Names that are read."""
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def _statement(block: int, node: ast.stmt, shown: set[str]) -> Statement:
    binds, changes = set(stored(node)), set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Subscript | ast.Attribute) and isinstance(inner.ctx, ast.Store | ast.Del):
            changes |= _root(inner)
        elif isinstance(inner, ast.AugAssign):
            changes |= _root(inner.target)
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            if inner.func.attr in MUTATES | _DRAWS:
                changes |= _root(inner.func)
            if inner.func.attr in MUTATES:
                changes |= set().union(*(_root(each) for each in inner.args[:1]))
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in MUTATES:
            changes |= set().union(*(_root(each) for each in inner.args[:1]))
    call = node.value if isinstance(node, ast.Expr) else None
    name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
    shows = name == "print" or name in shown
    if isinstance(call, ast.Call) and not shows:  # a function of the article can put something into what it is given
        changes = changes.union(*(_root(each) for each in call.args))
    draws = any(
        (isinstance(n, ast.Attribute) and n.attr in _SEEDED)
        or (isinstance(n, ast.Name) and n.id in _SEEDED)
        or (isinstance(n, ast.keyword) and n.arg in _SEEDED)
        for n in ast.walk(node)
    )
    return Statement(block, node, names_of(node), frozenset(binds), frozenset(changes - binds), shows, draws)


def _root(node: ast.AST) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def stored(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds, but not inside a function or a comprehension of its own."""
    waiting: list[ast.AST] = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, ast.FunctionDef | ast.ClassDef):
            yield found.name
            continue
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store):
            yield found.id
        elif isinstance(found, ast.alias):
            yield (found.asname or found.name).partition(".")[0]
        if isinstance(found, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp | ast.Lambda):
            yield from (n.target.id for n in ast.walk(found) if isinstance(n, ast.NamedExpr))
        else:
            waiting += ast.iter_child_nodes(found)


def _number(node: ast.AST) -> bool:
    node = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def typed(tree: ast.AST, place: int) -> Iterator[Literal]:
    """The numbers typed in a statement or an expression, but for indices.

    Parameters:
        tree: the statement.
        place: its place.
    """

    def walk(node: ast.AST, label: str, inside: bool = False) -> Iterator[Literal]:
        minus = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        number: ast.AST = node.operand if isinstance(node, ast.UnaryOp) and minus else node
        if isinstance(number, ast.Constant):
            value: Any = number.value
            if type(value) in (int, float) and isinstance(node, ast.expr):
                yield Literal(place, node, -value if minus else value, label)
            return
        if isinstance(node, ast.List | ast.Tuple) and len(node.elts) >= _ROW and all(map(_number, node.elts)):
            yield Literal(place, node, None, label)
        elif isinstance(node, ast.Call):
            yield from walk(node.func, label)
            for index, argument in enumerate(node.args):
                for found in walk(argument, label):
                    yield replace(found, call=node, index=index) if found.node is argument else found
            for given in node.keywords:
                yield from walk(given, label)
        elif isinstance(node, ast.Subscript):
            yield from walk(node.value, label)
            if any(isinstance(n, ast.Name | ast.Call) for n in ast.walk(node.slice)):
                yield from walk(node.slice, label)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            pairs: Sequence[tuple[ast.expr, ast.expr]] = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for name, value in pairs:
                yield from walk(value, ast.unparse(name))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                word = str(key.value) if isinstance(key, ast.Constant) else label
                yield from walk(value, f"{label}: {word}" if inside and word != label else word)
                if key is not None and not isinstance(key, ast.Constant):
                    yield from walk(key, label)
        elif isinstance(node, ast.keyword):
            yield from walk(node.value, node.arg or label, inside=True)
        elif isinstance(node, ast.FormattedValue):
            yield from walk(node.value, label)
        elif isinstance(node, ast.FunctionDef):
            defaults = [*zip(node.args.args[::-1], node.args.defaults[::-1], strict=False)]
            defaults += [
                (arg, value) for arg, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value
            ]
            for arg, default in defaults:
                yield from walk(default, f"{node.name}: {arg.arg}")
            for part in node.body:
                yield from walk(part, node.name)
        else:
            for child in ast.iter_child_nodes(node):
                yield from walk(child, label)

    yield from walk(tree, "")

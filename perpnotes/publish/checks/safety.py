"""PN401: what the code of a page must not reach for. Nothing is followed: what is not permitted by name is refused."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from perpnotes.publish.checks import permitted
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import nodes

_TYPES = re.compile(r"bool|u?int\d*|float\d*|complex\d*|str|(?:datetime|timedelta)64(?:\[\w+\])?")
_AFTER_COLON = ("annotation", "returns")


_BUILTINS = frozenset(dir(builtins)) - {"_"}  # where doctests have run, `_` is the last value


@rule(
    "PN401",
    "unsafe code",
    "article code is somebody else's code and runs on the machine of whoever builds the site",
    "use perpnotes, numpy and a few modules of the standard library; no files, processes, network, private attributes "
    "or dynamic execution; what is harmless and missing can be added to perpnotes/publish/checks/permitted.py",
    everywhere=True,
)
def unsafe_code(page: Page) -> Found:
    """Keeps honest articles simple and refuses what they never need; the wall is the process (`compute.confine`)."""
    trees: list[tuple[int, ast.AST]] = [*((block.line, tree) for block, tree in page.trees), *page.values]
    bound = permitted.BUILTINS.union(*(_bound(tree) for _, tree in trees))
    own = frozenset[str]().union(*(_own(tree) for _, tree in trees))
    for line, tree in trees:
        selves = {node for part in nodes(tree) if isinstance(part, ast.ClassDef) for node in _selves(part)}
        literal = {node.func for node in nodes(tree) if isinstance(node, ast.Call) and _gets_literally(node)}
        for node in nodes(tree):
            # An inline value is parsed without its place in the file.
            at = line if isinstance(tree, ast.Expression) else getattr(node, "lineno", line)
            if type(node).__name__ not in permitted.SYNTAX or getattr(node, "is_async", False):
                yield at, f"syntax that no article needs: {type(node).__name__}"
            elif isinstance(node, ast.Import | ast.ImportFrom):
                yield from ((at, f"import of {name}") for name in _imports(node, page.article.path))
            elif isinstance(node, ast.Attribute):
                kept = node.attr in own and not node.attr.startswith("__") and node.attr not in _taken()
                if isinstance(node.ctx, ast.Store):
                    if not (node in selves and kept):
                        yield at, f"assignment to .{node.attr}: only to `self`, and to a name that nothing else has"
                elif node.attr not in permitted.attributes() and not kept:
                    yield at, f"use of .{node.attr}"
            elif isinstance(node, ast.MatchClass):
                yield from ((at, f"use of .{name}") for name in node.kwd_attrs if name not in permitted.attributes())
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                known = node.id in bound or node in literal
                if not known and (node.id in _BUILTINS or node.id.startswith("__")):  # any other is no name yet
                    yield at, f"use of {node.id}"
            elif isinstance(node, ast.Constant):
                yield from ((at, message) for message in _constant(node))
            elif isinstance(node, ast.Call | ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
                yield from ((at, message) for message in _shape(node))
            yield from ((at, f"use of the name {name}") for name in _binds(node) if _reserved(name, node))
            yield from ((at, "an annotation in quotes") for name in _AFTER_COLON if _quotes(getattr(node, name, None)))


def _imports(node: ast.Import | ast.ImportFrom, path: str) -> Iterator[str]:
    """What is imported and must not be; an article that comes before its module may name what that will have."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            if not permitted.importable(alias.name):
                yield alias.name
        elif any(permitted.to_come(m, Path(path).stem) for m in (f"{node.module}", f"{node.module}.{alias.name}")):
            continue
        elif node.level or alias.name not in permitted.offers(node.module or ""):
            yield f"{'.' * node.level}{node.module or ''}.{alias.name}"


def _gets_literally(call: ast.Call) -> bool:
    """Whether a call is `getattr` with a name that may follow a dot."""
    name = call.args[1] if len(call.args) in (2, 3) and not call.keywords else None
    return (
        isinstance(call.func, ast.Name)
        and call.func.id == "getattr"
        and isinstance(name, ast.Constant)
        and name.value in permitted.attributes()
    )


def _constant(node: ast.Constant) -> Iterator[str]:
    if isinstance(node.value, bytes):
        yield "bytes, which no article needs"
    elif isinstance(node.value, str) and (found := re.search(r"__\w+__", node.value)):
        yield f"{found[0]} in a string"


def _shape(node: ast.Call | ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) -> Iterator[str]:
    """What the form of a call, a definition or a handler must not be."""
    if isinstance(node, ast.Call):
        kinds = [keyword.value for keyword in node.keywords if keyword.arg == "dtype"]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "astype":
            kinds += node.args[:1]
        for kind in kinds:
            if not isinstance(kind, ast.Name | ast.Attribute) and not (
                isinstance(kind, ast.Constant) and _TYPES.fullmatch(str(kind.value))
            ):
                yield f"a type of numbers that is none: {ast.unparse(kind)}"
    elif isinstance(node, ast.ExceptHandler):
        if node.type is None:
            yield "except without an error: name the one that is expected"
    else:
        for decorator in node.decorator_list:
            applied = decorator.func if isinstance(decorator, ast.Call) else decorator
            if not isinstance(applied, ast.Name) or applied.id not in permitted.DECORATORS:
                yield f"the decorator {ast.unparse(decorator)}"
        if isinstance(node, ast.ClassDef) and (node.bases or node.keywords):
            yield f"class {node.name} is made from another"


def _quotes(annotation: ast.AST | None) -> bool:
    """Whether an annotation has a text in it, which some would evaluate."""
    return annotation is not None and any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in ast.walk(annotation)
    )


def _binds(node: ast.AST) -> Iterator[str]:
    """The names that a node by itself gives a meaning to."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg | ast.keyword):
        yield from [node.arg] if node.arg else []
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        yield from [node.name] if node.name else []
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


def _reserved(name: str, node: ast.AST) -> bool:
    """Whether a name means something to Python, or would hide what is refused."""
    if name.startswith("__"):
        return not (isinstance(node, ast.FunctionDef) and name in permitted.METHODS)
    # `f(vars=…)` binds nothing here.
    return not isinstance(node, ast.keyword) and name in _BUILTINS and name not in permitted.BUILTINS


def _bound(tree: ast.AST) -> set[str]:
    return {name for node in nodes(tree) for name in _binds(node) if not isinstance(node, ast.keyword)}


def _own(tree: ast.AST) -> set[str]:
    """The names of fields and methods that the classes of a page give to their objects."""
    found: set[str] = set()
    for node in nodes(tree):
        if isinstance(node, ast.ClassDef):
            found |= {name for part in node.body for name in _bound(part)} | {part.attr for part in _selves(node)}
    return found


def _selves(node: ast.ClassDef) -> Iterator[ast.Attribute]:
    """Every assignment to an attribute of a method's first parameter."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.args.args:
            first = method.args.args[0].arg
            stored = (n for n in ast.walk(method) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
            yield from (n for n in stored if isinstance(n.value, ast.Name) and n.value.id == first)


@cache
def _taken() -> frozenset[str]:
    """The names that attributes of anything have: an article that uses one for its own could mean something else by it.

    `A.method(module)` makes a module of what the method calls `self`.
    """
    import numpy  # noqa: F401  (so that what it loads is here)

    classes, waiting = {object}, [object]
    while waiting:
        new = {*type.__subclasses__(waiting.pop())} - classes
        classes |= new
        waiting += new
    modules = [module for module in list(sys.modules.values()) if isinstance(module, ModuleType)]
    # Other packages are out of an article's reach, and which of them are loaded differs from one command to another.
    near = {"numpy", "perpnotes"} | sys.stdlib_module_names
    named = [(str(thing.__module__), thing) for thing in classes] + [(module.__name__, module) for module in modules]
    return frozenset(name for home, thing in named if home.partition(".")[0] in near for name in vars(thing))

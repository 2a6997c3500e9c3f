"""PN401: what the code of a page must not reach for."""

from __future__ import annotations

import ast
import re

from perpnotes import publish
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import imported

_AUTHORS = {f"perpnotes.publish.{name}" for name in publish.__all__}
_MODULES = {
    "bisect", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools",
    "heapq", "itertools", "math", "statistics", "textwrap", "numpy", "numpy.fft", "numpy.linalg", "numpy.polynomial",
    "numpy.random",
}  # fmt: skip
_BUILTINS = {
    "__import__", "breakpoint", "compile", "delattr", "dir", "eval", "exec", "exit", "getattr", "globals", "help",
    "input", "locals", "open", "quit", "setattr", "vars",
}  # fmt: skip
_REACHING = {
    # numpy's files, memory and C
    "DataSource", "ctypes", "ctypeslib", "distutils", "dump", "dumps", "f2py", "fromfile", "fromregex", "genfromtxt",
    "lib", "load", "loads", "loadtxt", "memmap", "npyio", "open_memmap", "save", "savetxt", "savez", "savez_compressed",
    "testing", "tofile",
    # modules that an allowed one has imported
    "asyncio", "attrgetter", "bltns", "builtins", "copyreg", "gc", "importlib", "inspect", "io", "linecache",
    "methodcaller", "multiprocessing", "operator", "os", "pathlib", "pickle", "posix", "runpy", "shutil", "socket",
    "subprocess", "sys", "tempfile", "threading", "types", "urllib", "Path",
    "read_bytes", "read_text", "write_bytes", "write_text",
    # frames, and what evaluates annotations or source, or gets and sets attributes by name
    "ForwardRef", "ag_frame", "annotationlib", "cr_frame", "f_back", "f_builtins", "f_globals", "f_locals",
    "get_type_hints", "gi_code", "gi_frame", "make_dataclass", "singledispatch", "singledispatchmethod",
    "tb_frame", "tb_next", "update_wrapper", "wraps",
}  # fmt: skip
_PUBLIC = {"_asdict", "_fields", "_replace"}  # of named tuples


@rule(
    "PN401",
    "unsafe code",
    "article code is somebody else's code and runs on the machine of whoever builds the site",
    "use perpnotes, numpy and a few modules of the standard library; no files, processes, network, private attributes "
    "or dynamic execution",
    everywhere=True,
)
def unsafe_code(page: Page) -> Found:
    """A sieve that keeps honest articles simple and refuses what they never need; not a sandbox."""
    trees: list[tuple[int, ast.AST]] = [(block.line, tree) for block, tree in page.trees]
    for line, tree in [*trees, *page.values]:
        literal = {
            node.func
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "getattr"
            and len(node.args) > 1
            and isinstance(node.args[1], ast.Constant)
            and _allowed(str(node.args[1].value))
        }
        for node in ast.walk(tree):
            # An inline value is parsed without its place in the file.
            at = line if isinstance(tree, ast.Expression) else getattr(node, "lineno", line)
            if isinstance(node, ast.Import | ast.ImportFrom):
                for _, module in imported(node):
                    if not _importable(module, node):
                        yield at, f"import of {module}"
            elif isinstance(node, ast.Name) and node not in literal:
                if isinstance(node.ctx, ast.Load) and (node.id in _BUILTINS or _dunder(node.id)):
                    yield at, f"use of {node.id}"
            elif isinstance(node, ast.Attribute):
                own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                if _dunder(node.attr) or not (_allowed(node.attr) or (own and node.attr not in _REACHING)):
                    yield at, f"use of .{node.attr}"
            elif isinstance(node, ast.MatchClass):
                for name in node.kwd_attrs:
                    if not _allowed(name):
                        yield at, f"use of .{name}"
            elif isinstance(node, ast.Constant) and (found := re.search(r"__\w+__", str(node.value))):
                yield at, f"{found[0]} in a string"


def _importable(module: str, node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Import):
        return module in _MODULES or _idea(module)
    if node.level or module.endswith(".*"):
        return False
    origin, _, name = module.rpartition(".")
    if origin == "perpnotes.publish":
        return module in _AUTHORS
    return (origin in _MODULES or _idea(origin)) and _allowed(name) and module != "perpnotes.publish"


def _idea(module: str) -> bool:
    first, _, name = module.partition(".")
    return first == "perpnotes" and "." not in name and not name.startswith("_") and name != "publish"


def _allowed(name: str) -> bool:
    return name in _PUBLIC or (not name.startswith("_") and name not in _REACHING)


def _dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")

"""Where each number of a page comes from, told by the code that ran and the values that it had.

While the blocks run, a `Recorder` notes every mapping and every text that they build, with the names that were at hand,
and which call showed what. Afterwards `traces` tells of each number: its expression with values put in, the
statements behind it, the numbers typed in them, and by how much it moves when one of these does. It runs in the page's
own process; what it returns is plain data.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import functools
import inspect
import io
import math
import re
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from perpnotes import Derivation
from perpnotes.publish.articles import Article
from perpnotes.publish.compute import moves, records, slices
from perpnotes.publish.compute.outputs import Output
from perpnotes.publish.compute.slices import Literal, names_of
from perpnotes.publish.compute.units import MINUS, fmt

NUMBER = re.compile(r"\d")
_KEEP = 20_000  # notes of a page
_TEXTS = 200  # characters of a value in words
_NOTE = "__noted__"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A call that showed something: the call, the names at hand there, and what its function was given."""

    output: Output
    call: ast.Call | None
    names: Mapping[str, Any]
    given: Mapping[str, Any]


@dataclass(slots=True)
class Recorder:
    """What a page's blocks build and show, noted while they run.

    Parameters:
        page: its statements.
    """

    page: slices.Page
    sites: list[ast.expr] = field(default_factory=list)
    built: dict[int, tuple[ast.expr, Mapping[str, Any], Any]] = field(default_factory=dict)
    texts: dict[str, tuple[ast.expr, Mapping[str, Any]]] = field(default_factory=dict)
    shown: list[_Shown] = field(default_factory=list)
    calls: dict[tuple[int | None, ...], ast.Call] = field(default_factory=dict)

    def instrumented(self, place: int) -> ast.Module:
        """The tree of a block, which notes what it builds and otherwise does the same.

        Parameters:
            place: of the block among those that run.
        """
        tree = self.page.trees[place]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self.calls[node.lineno, node.end_lineno, node.col_offset, node.end_col_offset] = node
        noting: ast.Module = _Noting(self).visit(copy.deepcopy(tree))
        return ast.fix_missing_locations(noting)

    def note(self, site: int, value: Any, names: Mapping[str, Any]) -> Any:
        """Called by the instrumented code with each mapping and text that it has built."""
        if len(self.built) + len(self.texts) < _KEEP:
            if isinstance(value, str):
                self.texts[value] = (self.sites[site], names)
            else:
                self.built[id(value)] = (self.sites[site], names, value)
        return value

    def show(self, output: Output) -> None:
        """Called with each output, from inside the function that shows it."""
        given: Mapping[str, Any] = {}
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != self.page.article.path:
            code = frame.f_code
            taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            given, frame = {name: frame.f_locals[name] for name in taken if name in frame.f_locals}, frame.f_back
        if frame is None:
            return
        place = list(frame.f_code.co_positions())[frame.f_lasti // 2]
        names = {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)
        self.shown.append(_Shown(output, self.calls.get(place), names, given))


class _Noting(ast.NodeTransformer):
    """Wraps each mapping and each text with values in it."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.scopes: list[set[str]] = []

    def visit(self, node: ast.AST) -> Any:
        original = copy.deepcopy(node) if isinstance(node, ast.Dict | ast.DictComp | ast.JoinedStr) else None
        if not isinstance(node, ast.JoinedStr):
            self.scopes.append(_own(node))
            self.generic_visit(node)
            self.scopes.pop()
        return self._wrapped(node, original) if original else node

    def _wrapped(self, node: ast.AST, original: ast.expr) -> ast.AST:
        self.recorder.sites.append(original)
        near = set().union(*self.scopes)
        names = sorted(_always(original) & near)
        mapping = ast.Dict([ast.Constant(n) for n in names], [ast.Name(n, ast.Load()) for n in names])
        arguments = [ast.Constant(len(self.recorder.sites) - 1), node, mapping]
        return ast.copy_location(ast.Call(ast.Name(_NOTE, ast.Load()), arguments, []), original)  # type: ignore[arg-type]  # `node` is an expression, too


def _own(node: ast.AST) -> set[str]:
    """The names that a function, a loop or a comprehension has for itself."""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        return {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
    targets = [node.target] if isinstance(node, ast.For) else [each.target for each in getattr(node, "generators", ())]
    return {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}


def _always(node: ast.AST) -> set[str]:
    """The names that evaluating an expression reads in any case, and that are its own to read."""
    found: set[str] = set()
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.IfExp):
            waiting.append(each.test)
        elif isinstance(each, ast.BoolOp):
            waiting.append(each.values[0])
        elif isinstance(each, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            waiting.append(each.generators[0].iter)
        elif not isinstance(each, ast.Lambda):
            waiting += ast.iter_child_nodes(each)
    return found


# --- What is told of a number. ---


@dataclass(slots=True)
class _Number:
    """A number to be told of: its expression, the names near it, and what it is."""

    tree: ast.expr
    near: Mapping[str, Any]
    unit: str
    value: Any


def traces(recorder: Recorder, namespace: Mapping[str, Any], deep: bool) -> dict[str, Any]:
    """What is told of each number of a page, as plain data.

    Parameters:
        recorder: what was noted while its blocks ran.
        namespace: the names of the page after its blocks.
        deep: whether to try how far each input moves each number, which runs statements again.

    Returns:
        `at`: for the id of a number its place in `numbers`, or a list of places by row. `numbers`: expression, values
        put in, full value, statements, inputs and moves. `nodes`, `inputs`, `functions`: what they refer to.
    """
    told = _Told(recorder, namespace)
    values = {value.source: value for value in recorder.page.article.evaluated}
    for source, id in numbered(recorder.page.article).items():
        tree = ast.parse(values[source].expression, mode="eval").body
        told.at[id] = told.number(_Number(tree, {}, values[source].unit, _evaluated(tree, namespace)))
    for shown in recorder.shown:
        told.output(shown)
    return told.data(deep)


@functools.lru_cache(maxsize=128)
def numbered(article: Article) -> Mapping[str, str]:
    """The id of each inline value that is computed in an article, by its source.

    Parameters:
        article: the page.
    """
    sources = dict.fromkeys(value.source for value in article.evaluated)
    return {source: f"v{number}" for number, source in enumerate(sources)}


class _Told:
    def __init__(self, recorder: Recorder, namespace: Mapping[str, Any]) -> None:
        self.recorder, self.page, self.namespace = recorder, recorder.page, namespace
        self.at: dict[str, Any] = {}
        self.numbers: list[dict[str, Any]] = []
        self.inside: list[tuple[_Number, frozenset[int], list[Literal]]] = []
        self.keys: dict[tuple[str, str, str], int] = {}
        self.functions: dict[str, str] = {}
        self.whys: list[list[list[str]]] = []

    # --- Numbers ---

    def number(self, asked: _Number) -> int:
        """The place of a number among those told of."""
        source = ast.unparse(asked.tree)
        near = {name: each for name, each in asked.near.items() if name in names_of(asked.tree)}
        key = (source, repr(sorted((name, id(each)) for name, each in near.items())), asked.unit)
        if key in self.keys:
            return self.keys[key]
        names = {**self.namespace, **asked.near}
        steps, tree = [source], asked.tree
        while isinstance(tree, ast.Name) and tree.id not in asked.near and (bound := self._bound(tree.id)) is not None:
            tree = bound
            steps.append(ast.unparse(tree))
        found: dict[str, Any] = {
            "x": steps[:1] if len(steps[-1]) > _TEXTS else list(dict.fromkeys([steps[0], steps[-1]]))
        }
        value = asked.value
        if _is_number(value):
            plain = value.item() if isinstance(value, np.generic | np.ndarray) else value
            found["v"] = repr(int(plain) if isinstance(plain, int) else float(plain))
        if put := self._put(tree, names, asked.unit, value):
            found["p"] = put
        if around := {
            name: short(each) for name, each in asked.near.items() if isinstance(each, str) or _is_number(each)
        }:
            found["near"] = dict(list(around.items())[:4])
        if (call := self._call(tree, names, asked.near)) is not None:
            found["f"] = call
        if (why := self._why(tree, names, value)) is not None:
            found["w"] = why
        needed = self.page.needed(names_of(asked.tree) - set(asked.near) | self._around(asked))
        own = list(slices.typed(asked.tree, -1))
        self.keys[key] = len(self.numbers)
        self.numbers.append(found)
        self.inside.append((asked, needed, own))
        return self.keys[key]

    def _around(self, asked: _Number) -> frozenset[str]:
        """What the names near a number came from: all that the statement around it reads."""
        if not asked.near:
            return frozenset()
        line = getattr(asked.tree, "lineno", 0)
        for each in self.page.statements:
            if each.tree.lineno <= line <= (each.tree.end_lineno or line):
                return each.reads
        return frozenset()

    def _bound(self, name: str) -> ast.expr | None:
        """What a name was bound to, if by one plain assignment."""
        places = self.page.by_name.get(name, ())
        tree = self.page.statements[places[0]].tree if len(places) == 1 else None
        return tree.value if isinstance(tree, ast.Assign) and isinstance(tree.targets[0], ast.Name) else None

    def _put(self, tree: ast.expr, names: Mapping[str, Any], unit: str, value: Any) -> str:
        """An expression with values in the place of names; empty where there is none, or where it is not the number."""
        if isinstance(tree, ast.Name | ast.Attribute | ast.Subscript | ast.Constant) or not _is_number(value):
            return ""
        texts: list[str] = []
        numbers: dict[str, float] = {}

        def leaf(node: ast.expr, unit: str) -> ast.expr:
            found: Any = _evaluated(node, names) if not isinstance(node, ast.Call) or self._pure(node, names) else None
            if not _is_number(found):
                raise _NotPutError
            place = f"_{len(texts)}_"
            texts.append(_amount(found, unit))
            numbers[place] = float(found)
            return ast.Name(place, ast.Load())

        def walk(node: ast.expr, unit: str) -> ast.expr:
            if isinstance(node, ast.BinOp):
                inner = unit if isinstance(node.op, ast.Add | ast.Sub) else ""
                return ast.BinOp(walk(node.left, inner), node.op, walk(node.right, inner))
            if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
                return ast.UnaryOp(node.op, walk(node.operand, unit))
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("abs", "float", "max", "min")
                and not node.keywords
                and not any(isinstance(a, ast.Starred | ast.GeneratorExp) for a in node.args)
            ):
                with contextlib.suppress(_NotPutError):
                    inside = [walk(a, unit) for a in node.args]
                    return inside[0] if node.func.id == "float" else ast.Call(node.func, inside, [])
            return leaf(node, unit)

        try:
            put = walk(tree, unit)
        except _NotPutError:
            return ""
        if isinstance(put, ast.Name):
            return ""
        text = ast.unparse(put)
        again = _evaluated(put, numbers)
        if not _is_number(again) or not math.isclose(float(again), float(value), rel_tol=1e-9, abs_tol=1e-12):
            return ""
        for sign, better in ((" - ", f" {MINUS} "), (" * ", " × "), (" ** ", "^")):
            text = text.replace(sign, better)
        return re.sub(r"_(\d+)_", lambda m: texts[int(m[1])], text)[:_TEXTS]

    def _pure(self, node: ast.Call, names: Mapping[str, Any]) -> bool:
        """Whether calling once more is harmless and gives the same: nothing that draws, nothing that is used up."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                value = _evaluated(part, names)
                if isinstance(value, np.random.Generator | types.GeneratorType) or hasattr(value, "__next__"):
                    return False
                if isinstance(value, types.FunctionType) and value.__module__ == "__main__":
                    return False
            word = part.attr if isinstance(part, ast.Attribute) else part.arg if isinstance(part, ast.keyword) else ""
            if word in slices.MUTATES | {"seed", "rng"}:
                return False
        return True

    def _call(self, tree: ast.expr, names: Mapping[str, Any], near: Mapping[str, Any]) -> dict[str, Any] | None:
        """The function of the library that an expression calls, with what goes in."""
        while isinstance(tree, ast.Attribute | ast.Subscript):
            tree = tree.value
            if isinstance(tree, ast.Name):
                if (bound := self._bound(tree.id)) is None or tree.id in near:
                    return None
                tree = bound
        if not isinstance(tree, ast.Call):
            return None
        name = ast.unparse(tree.func)
        function = _evaluated(tree.func, names)
        full = self._named(function)
        if not full and isinstance(tree.func, ast.Attribute):
            inner = self._call(tree.func.value, names, near)
            return inner and {**inner, "then": tree.func.attr}
        if not full:
            return None
        given: dict[str, Any] = {}
        with contextlib.suppress(Exception):
            arguments = [_evaluated(a, names) for a in tree.args if not isinstance(a, ast.Starred)]
            words: dict[str, Any] = {}
            for word in tree.keywords:
                found = _evaluated(word.value, names)
                words |= {word.arg: found} if word.arg else dict(found)
            given = inspect.signature(function).bind(*arguments, **words).arguments
        return {"name": full, "as": name, "in": [[key, short(value)] for key, value in given.items()]}

    def _named(self, function: Any) -> str:
        """`module.name` of a public function or class of the library; remembers what it says of itself."""
        module = str(getattr(function, "__module__", ""))
        name = str(getattr(function, "__qualname__", ""))
        if not module.startswith("perpnotes.") or module.startswith("perpnotes.publish") or "._" in module:
            return ""
        full = f"{module.removeprefix('perpnotes.')}.{name}"
        said = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
        self.functions.setdefault(full, said[:240])
        return full

    def _why(self, tree: ast.expr, names: Mapping[str, Any], value: Any) -> int | None:
        """The derivation of the result that a number belongs to, if it ends in this number."""
        for part in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.Attribute | ast.Subscript | ast.Name))]:
            if isinstance(part, ast.Call) and not self._pure(part, names):
                continue
            owner: Any = _evaluated(part, names)
            if isinstance(owner, type | types.ModuleType) or not callable(getattr(owner, "why", None)):
                continue
            with contextlib.suppress(Exception):
                why = owner.why()
                if isinstance(why, Derivation) and _is_number(value):
                    ends = [i for i, t in enumerate(why.terms) if math.isclose(t.value, float(value), rel_tol=1e-9)]
                    if ends:
                        return self._terms(Derivation(why.terms[: ends[-1] + 1]))
        return None

    def _terms(self, why: Derivation) -> int:
        rows = [[t.key, t.meaning, _in_unit(t.value, t.unit), t.equation] for t in why.terms]
        if rows not in self.whys:
            self.whys.append(rows)
        return self.whys.index(rows)

    # --- What is shown ---

    def output(self, shown: _Shown) -> None:
        """The numbers of a figure, a table or an answer."""
        output, name = shown.output, str(shown.output.data.get("id", ""))
        if output.kind == "answer":
            self.at.setdefault("answers", []).append(self._answer(shown))
        elif output.kind in ("table", "figure") and name and shown.call is not None:
            rows = output.data.get("rows", [])
            columns = max(map(len, rows), default=0)
            for column in range(columns):
                if any(NUMBER.search(row[column]) for row in rows):
                    with contextlib.suppress(Exception):  # what cannot be told is not: the call itself is
                        places = [
                            self._cell(shown, place, column) if NUMBER.search(row[column]) else None
                            for place, row in enumerate(rows)
                        ]
                        same = len(set(places)) == 1
                        self.at[f"{name}.{column}"] = places[0] if same else places

    def _cell(self, shown: _Shown, row: int, column: int) -> int:
        """The number in a cell."""
        data, given = shown.output.data, shown.given
        header = data["headers"][column] if column < len(data["headers"]) else ""
        first = data["rows"][row][0]
        if isinstance(why := given.get("why"), Derivation):
            return self._derived(shown, why, row)
        if isinstance(given.get("columns"), Mapping):  # rows and columns, as a table takes them
            key = list(given["columns"])[column]
            rows = given["rows"]
            unit, value = given["columns"][key][1], rows[row][key]
            site, near, _ = self.recorder.built.get(id(rows[row])) or (None, {}, None)
            if isinstance(site, ast.Dict):
                for name, part in zip(site.keys, site.values, strict=True):
                    if isinstance(name, ast.Constant) and name.value == key:
                        return self._said(part, near, unit, value)
                return self.number(_Number(site, near, unit, value))
            return self._whole(shown, unit, value)
        for each in given.values():  # series, bars: by name
            if not isinstance(each, Mapping):
                continue
            key = header if header in each else first
            if key not in each:
                continue
            site, noted, _ = self.recorder.built.get(id(each)) or (None, {}, None)
            near = {**shown.names, **noted}
            if isinstance(site, ast.Dict):
                for name, part in zip(site.keys, site.values, strict=True):
                    if name is not None and _evaluated(name, {**self.namespace, **near}) == key:
                        return self.number(_Number(part, near, "", each[key]))
            if isinstance(site, ast.DictComp):
                return self.number(_Number(site.value, near, "", each[key]))
        return self._whole(shown, "", None)

    def _derived(self, shown: _Shown, why: Derivation, row: int) -> int:
        place = self._whole(shown, "", why.terms[row].value)
        found = {
            **self.numbers[place],
            "w": self._terms(Derivation(why.terms[: row + 1])),
            "v": repr(why.terms[row].value),
        }
        self.numbers.append(found)
        self.inside.append(self.inside[place])
        return len(self.numbers) - 1

    def _whole(self, shown: _Shown, unit: str, value: Any) -> int:
        """Of what no expression of its own is known: the first argument of the call."""
        assert shown.call is not None  # noqa: S101  (looked at by whoever asks)
        tree = shown.call.args[0] if shown.call.args else shown.call
        names = [n for n in shown.call.args[1:] if isinstance(n, ast.Name)]
        if isinstance(tree, ast.Name) and names and shown.output.kind == "figure":
            tree = names[0]
        return self.number(_Number(tree, shown.names, unit, value))

    def _said(self, part: ast.expr, near: Mapping[str, Any], unit: str, value: Any) -> int:
        """The expression of a cell, without what only formats it."""
        if isinstance(value, str):
            pieces = self._pieces(part, {**self.namespace, **near})
            if len(pieces) == 1:
                _, tree, unit = pieces[0]
                return self.number(_Number(tree, near, unit, _evaluated(tree, {**self.namespace, **near})))
        return self.number(_Number(part, near, unit, value))

    def _answer(self, shown: _Shown) -> list[list[Any]]:
        """The numbers in the text of an answer: from where, to where, and the place of each."""
        text = shown.output.data["answer"]
        found: list[list[Any]] = []
        whole = shown.given.get("text", "")
        start = len(whole) - len(whole.lstrip())
        texts = [(whole, self.recorder.texts[whole])] if whole in self.recorder.texts else [
            (each, noted) for each, noted in self.recorder.texts.items() if len(each) > 1 and each in whole
        ]  # fmt: skip
        for each, (tree, near) in texts:
            at = whole.find(each) - start
            names = {**self.namespace, **shown.names, **near}
            for (begin, end), part, unit in self._pieces(tree, names, each):
                if NUMBER.search(text[at + begin : at + end]) and not any(
                    b < at + end and at + begin < e for b, e, _ in found
                ):
                    near_all = {k: v for k, v in {**shown.names, **near}.items() if k in names_of(part)}
                    place = self.number(_Number(part, near_all, unit, _evaluated(part, names)))
                    found.append([at + begin, at + end, place])
        return sorted(found)

    def _pieces(
        self, tree: ast.expr, names: Mapping[str, Any], whole: str | None = None
    ) -> list[tuple[tuple[int, int], ast.expr, str]]:
        """The values in a text: where each stands, what computes it and in which unit."""
        parts = tree.values if isinstance(tree, ast.JoinedStr) else [tree]
        found: list[tuple[tuple[int, int], ast.expr, str]] = []
        at = 0
        for part in parts:
            if isinstance(part, ast.Constant):
                at += len(str(part.value))
                continue
            text = _evaluated(ast.JoinedStr([part]) if isinstance(part, ast.FormattedValue) else part, names)
            if not isinstance(text, str) or (whole is not None and whole[at : at + len(text)] != text):
                return found if whole is None else []
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            unit = ""
            if (
                isinstance(inner, ast.Call)
                and isinstance(inner.func, ast.Name)
                and inner.func.id == "fmt"
                and inner.args
            ):
                word = (
                    inner.args[1]
                    if len(inner.args) > 1
                    else next((k.value for k in inner.keywords if k.arg == "unit"), None)
                )
                unit = str(word.value) if isinstance(word, ast.Constant) else ""
                inner = inner.args[0]
            if NUMBER.search(text):
                found.append(((at, at + len(text)), inner, unit))
            at += len(text)
        return found

    # --- The whole ---

    def data(self, deep: bool) -> dict[str, Any]:
        """Everything, with the inputs behind each number and, if asked for, how far each moves it."""
        behind = frozenset().union(*(needed for _, needed, _ in self.inside))
        used = sorted(i for i in behind if not isinstance(self.page.statements[i].tree, ast.Import | ast.ImportFrom))
        nodes = {place: number for number, place in enumerate(used)}
        inputs: list[list[Any]] = []
        literals = [literal for literal in self.page.literals if literal.statement in nodes]
        for literal in literals:
            step = int(isinstance(literal.value, int))
            inputs.append([self._label(literal), _typed_text(literal), nodes[literal.statement], step])
        for found, (asked, needed, own) in zip(self.numbers, self.inside, strict=True):
            if needed:
                found["n"] = sorted(nodes[place] for place in needed if place in nodes)
            if own and not isinstance(asked.tree, ast.Constant | ast.UnaryOp):
                found["own"] = [[self._label(literal), _typed_text(literal)] for literal in own]
        if deep:
            plain = [
                (found, asked, needed)
                for found, (asked, needed, _) in zip(self.numbers, self.inside, strict=True)
                if not asked.near and _is_number(asked.value)
            ]
            numbers = [(asked.tree, needed, asked.value) for _, asked, needed in plain]
            moved = moves.moves(self.page, self.namespace, numbers, literals)
            for (found, _, _), each in zip(plain, moved, strict=True):
                if each:
                    found["m"] = {str(place): change for place, change in each.items()}
        return {
            "at": self.at,
            "numbers": self.numbers,
            "nodes": [self._node(self.page.statements[place]) for place in used],
            "inputs": inputs,
            "functions": self.functions,
            "whys": self.whys,
        }

    def _node(self, statement: slices.Statement) -> list[Any]:
        """A statement behind a number: its block and lines, what it binds or changes, what that holds, its records."""
        block, tree = self.page.article.executed[statement.block], statement.tree
        lines = (tree.lineno - block.line, (tree.end_lineno or tree.lineno) - block.line)
        names = [name for name in statement.binds if name in self.namespace]
        held = short(self.namespace[names[0]]) if len(names) == 1 and isinstance(tree, ast.Assign) else ""
        measured = [name for word, name in records.calls(tree) if word == "record"]
        return [block.id, *lines, " ".join(sorted(statement.binds | statement.changes)), held, measured]

    def _label(self, literal: Literal) -> str:
        if literal.call is not None:
            function = _evaluated(literal.call.func, self.namespace)
            with contextlib.suppress(Exception):
                name = list(inspect.signature(function).parameters)[literal.index]
                if str(getattr(function, "__module__", "")).startswith(("perpnotes", "numpy")):
                    return f"{literal.label}: {name}" if literal.label else name
        return literal.label


class _NotPutError(Exception):
    """A part of an expression is no number, or cannot be asked again."""


def _evaluated(tree: ast.AST, names: Mapping[str, Any]) -> Any:
    """What an expression is worth; None where it fails."""
    try:
        code = compile(ast.fix_missing_locations(ast.Expression(tree)), "<trace>", "eval")  # type: ignore[arg-type]  # an expression
        with contextlib.redirect_stdout(io.StringIO()):
            return eval(code, {**names, "__builtins__": builtins})  # noqa: S307  (the page's own)
    except Exception:
        return None


def _is_number(value: Any) -> bool:
    try:
        return (
            not isinstance(value, bool | np.bool_ | str) and np.asarray(value).size == 1 and math.isfinite(float(value))
        )
    except (TypeError, ValueError):
        return False


def _amount(value: Any, unit: str) -> str:
    if unit:
        with contextlib.suppress(ValueError):
            return fmt(value, unit)
    return short(value)


def _in_unit(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return str(value)
    with contextlib.suppress(ValueError):
        if unit:
            return fmt(value, unit.lower())
    return f"{short(value)} {unit}".rstrip()


def _typed_text(literal: Literal) -> str:
    if literal.value is None:
        values = literal.several
        return f"{len(values)} values from {short(min(values))} to {short(max(values))}"
    return short(literal.value)


def short(value: Any) -> str:
    """A value in a few words.

    Parameters:
        value: anything.
    """
    if isinstance(value, np.generic | np.ndarray) and np.asarray(value).size == 1:
        value = np.asarray(value).item()
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return (f"{int(value):,}" if whole else f"{value:,.6g}").replace("-", MINUS)
    if isinstance(value, str):
        return value if len(value) <= 40 else value[:39] + "…"
    if isinstance(value, np.ndarray):
        if value.size and value.dtype.kind in "fiu" and np.isfinite(value).all():
            low, high = short(value.min()), short(value.max())
            shape = " × ".join(map(str, value.shape))
            return f"{shape} values, {low} to {high}" if low != high else f"{shape} values, all {low}"
        return f"{' × '.join(map(str, value.shape))} values"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key} {short(each)}" for key, each in list(value.items())[:4])
        return inside[:79] + "…" if len(inside) > 80 or len(value) > 4 else inside
    if isinstance(value, list | tuple):
        inside = ", ".join(short(each) for each in value[:6])
        return f"{len(value)} items" if len(inside) > 80 or len(value) > 6 else inside
    if isinstance(value, range):
        return f"{len(value)} values from {value[0]:,} to {value[-1]:,}" if len(value) else "no values"
    return type(value).__name__

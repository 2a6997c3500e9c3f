"""Published examples: numbers that venues, protocols and papers printed, computed anew through the public API.

The facts lie in `tests/published/`, one file a source. Each group of examples there names the call that a reader would
write; it is evaluated with the example's numbers as names. The tests and the verification page use the same groups, so
what a test holds is what the page shows.
"""

from __future__ import annotations

import ast
import csv
import importlib
import inspect
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from perpnotes.publish.compute import records

FOLDER = Path("tests/published")
_SIDES = {"long": 1.0, "short": -1.0}
_HEADERS = (
    "source", "document", "where", "kind", "example", "quantity", "published", "within", "computed", "difference",
    "status", "remark",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)  # arrays among the inputs do not compare to True or False
class Example:
    """One published example.

    Parameters:
        id: unique among all.
        given: the inputs by name, in the source's convention; `long` and `short` have become 1 and -1.
        published: what the source printed; the name of the quantity is empty where there is only one.
        within: the absolute difference that the printed digits allow.
        where: the place in the document.
        inferred: inputs that the source does not print.
        note: a remark, in our words.
        contradicts: for an example that its own formula does not give, how; else empty.
    """

    id: str
    given: Mapping[str, Any]
    published: Mapping[str, float]
    within: float
    where: str = ""
    inferred: tuple[str, ...] = ()
    note: str = ""
    contradicts: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Examples of one document that one call computes.

    Parameters:
        source: who published them.
        kind: what they are about.
        document: the page, or the file at a commit.
        rule: the convention, in our words.
        given: the inputs that all examples share, as in `Example`.
        let: intermediate names and their expressions, in order.
        call: for each quantity of `published`, the expression that computes it; empty where the library has none.
        say: an expression whose text stands beside each example on the page; empty for none.
        pending: why there is none; else empty.
        examples: at least one.
    """

    source: str
    kind: str
    document: str
    rule: str
    given: Mapping[str, Any]
    let: Mapping[str, str]
    call: Mapping[str, str]
    say: str
    pending: str
    examples: tuple[Example, ...]

    @property
    def sound(self) -> tuple[Example, ...]:
        """Those that do not contradict themselves."""
        return tuple(example for example in self.examples if not example.contradicts)

    @property
    def functions(self) -> tuple[str, ...]:
        """The public names that the call uses, as `module.name`."""
        return _functions((*self.let.values(), *self.call.values()))


@cache  # every page of the reference asks all groups
def _functions(expressions: tuple[str, ...]) -> tuple[str, ...]:
    found = (node for text in expressions for node in ast.walk(ast.parse(text, mode="eval")))
    members = (node for node in found if isinstance(node, ast.Attribute))
    names = {f"{n.value.id}.{n.attr}" for n in members if isinstance(n.value, ast.Name) and n.value.id in ideas()}
    return tuple(sorted(names))


@dataclass(frozen=True, slots=True)
class Row:
    """One published number beside ours."""

    group: Group
    example: Example
    quantity: str
    published: float
    computed: float

    @property
    def difference(self) -> float:
        """Computed less published."""
        return self.computed - self.published

    @property
    def agrees(self) -> bool:
        """Whether the difference is within what the printed digits allow."""
        return abs(self.difference) <= self.example.within

    @property
    def status(self) -> str:
        """`reproduced`, `differs`, or `contradicts itself`."""
        if self.example.contradicts:
            return "contradicts itself"
        return "reproduced" if self.agrees else "differs"


def groups(folder: Path = FOLDER) -> tuple[Group, ...]:
    """Every group of examples, in the order of the files.

    Parameters:
        folder: where the files are, from the working directory.

    Raises:
        OSError: a file cannot be read.
        ValueError: no files, an id that two examples have, or a field that is unknown.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ValueError(f"there are no published examples in {folder}")
    read = [_group(str(text["source"]), raw) for text in map(records.load, files) for raw in text["groups"]]
    ids = [example.id for group in read for example in group.examples]
    if double := {name for name in ids if ids.count(name) > 1}:
        raise ValueError(f"ids must be unique, got {', '.join(sorted(double))} twice")
    return tuple(read)


def rows(found: Sequence[Group]) -> tuple[Row, ...]:
    """Each published number with ours, computed now; groups that wait for a model have none.

    Parameters:
        found: from `groups`.
    """
    return tuple(
        row for group in found if not group.pending for example in group.examples for row in rows_of(group, example)
    )


def rows_of(group: Group, example: Example) -> tuple[Row, ...]:
    """Each number of an example with ours, computed now.

    Parameters:
        group: with the call.
        example: of that group.
    """
    computed = compute(group, example).items()
    return tuple(
        Row(group, example, quantity, float(example.published[quantity]), value) for quantity, value in computed
    )


def compute(group: Group, example: Example) -> dict[str, float]:
    """What the library gives for an example, by quantity.

    Parameters:
        group: with the call.
        example: of that group.

    Raises:
        ValueError: where the call gives another number of values than the source printed.
    """
    names = _names(group, example)
    values = {quantity: np.asarray(eval(text, names)) for quantity, text in group.call.items()}  # noqa: S307
    if values.keys() != example.published.keys() or any(value.size != 1 for value in values.values()):
        raise ValueError(f"{example.id}: the call must give one number for each of {sorted(example.published)}")
    return {quantity: float(value.reshape(())) for quantity, value in values.items()}


def remark(group: Group, example: Example) -> str:
    """What the group has to say about an example, computed; empty for nothing.

    Parameters:
        group: with the expression.
        example: of that group.
    """
    return str(eval(group.say, _names(group, example))) if group.say else ""  # noqa: S307  (the project's own)


def holders(found: Sequence[Group]) -> Mapping[str, Sequence[Group]]:
    """For each public name, `module.name`, the groups whose call uses it and that have examples to agree with.

    Parameters:
        found: from `groups`.
    """
    held: dict[str, list[Group]] = {}
    for group in found:
        for name in group.functions if group.sound else ():
            held.setdefault(name, []).append(group)
    return held


def table_csv(found: Sequence[Group]) -> str:
    """The whole table as comma-separated text: one line a published number.

    Parameters:
        found: from `groups`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADERS)

    def line(group: Group, e: Example, quantity: str, numbers: Sequence[float], *end: str) -> None:
        start = (group.source, group.document, e.where, group.kind, e.id, quantity)
        writer.writerow([*map(_cell, start), *(repr(float(number)) for number in numbers), *map(_cell, end)])

    for row in rows(found):
        e = row.example
        remark = "; ".join(filter(None, (e.contradicts, *(f"inferred: {item}" for item in e.inferred), e.note)))
        numbers = (row.published, e.within, row.computed, row.difference)
        line(row.group, e, row.quantity, numbers, row.status, remark)
    for group in (group for group in found if group.pending):
        for e in group.examples:
            for quantity, value in e.published.items():
                line(group, e, quantity, (value, e.within), "", "", "not computed", group.pending)
    return text.getvalue()


def _cell(text: str) -> str:
    """A text that a spreadsheet would take for a formula, marked as text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


@cache
def ideas() -> frozenset[str]:
    """The modules that expressions can use by name; `book` is what examples call the positions that they are about."""
    package = importlib.import_module("perpnotes")
    return frozenset(name for name in package.__all__ if name != "book" and inspect.ismodule(getattr(package, name)))


def namespace(who: str, given: Mapping[str, Any], let: Mapping[str, str], **modules: Any) -> dict[str, Any]:
    """What expressions can use: the modules of the library, what they are given, the intermediate names.

    Parameters:
        who: what messages name.
        given: name and value.
        let: name and expression, which may use all that stands before it.
        **modules: others beside the library's.

    Raises:
        ValueError: a name is that of a module.
    """
    names = {**{name: importlib.import_module(f"perpnotes.{name}") for name in ideas()}, "np": np, **modules}
    if clash := names.keys() & (given.keys() | let.keys()):
        raise ValueError(f"{who}: {', '.join(sorted(clash))} is the name of a module")
    names |= given
    for name, text in let.items():
        names[name] = eval(text, names)  # noqa: S307  (the project's own data, like the inline values of a page)
    return names


def _names(group: Group, example: Example) -> dict[str, Any]:
    return namespace(example.id, example.given, group.let)


def _group(source: str, raw: Mapping[str, Any]) -> Group:
    fields = {
        "kind", "document", "where", "rule", "let", "call", "say", "given", "within", "inferred", "pending", "examples",
    }  # fmt: skip
    if unknown := raw.keys() - fields:
        raise ValueError(f"{source}: a group must not have {', '.join(sorted(unknown))}")
    shared = {name: raw[name] for name in ("where", "within", "inferred") if name in raw}
    return Group(
        source=source,
        kind=raw["kind"],
        document=raw["document"],
        rule=raw.get("rule", ""),
        given={name: _value(value) for name, value in raw.get("given", {}).items()},
        let=raw.get("let", {}),
        call=_named(raw.get("call", {})),
        say=raw.get("say", ""),
        pending=raw.get("pending", ""),
        examples=tuple(_example(raw.get("given", {}), {**shared, **each}) for each in raw["examples"]),
    )


def _example(shared: Mapping[str, Any], raw: Mapping[str, Any]) -> Example:
    inferred = raw.get("inferred", ())
    given = {name: _value(value) for name, value in {**shared, **raw["given"]}.items()}
    rest = {name: raw[name] for name in raw.keys() - {"given", "published", "inferred"}}
    items = (inferred,) if isinstance(inferred, str) else tuple(inferred)
    return Example(given=given, published=_named(raw["published"]), inferred=items, **rest)


def _named(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"": value}


def _value(value: Any) -> Any:
    """A side as its sign, a list of numbers as an array; the rest as it is."""
    if isinstance(value, str):
        return _SIDES.get(value, value)
    if isinstance(value, list) and all(isinstance(x, int | float) and not isinstance(x, bool) for x in _flat(value)):
        return np.array(value, dtype=float)
    return value


def _flat(value: Any) -> Iterator[Any]:
    for item in value:
        yield from _flat(item) if isinstance(item, list) else (item,)

"""PN5xx: what kind of evidence a number is, whether it can be that, and numbers typed into tables and figures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from perpnotes.publish.articles import Value
from perpnotes.publish.checks.flow import RECORD, SEED, followed
from perpnotes.publish.checks.reading import numbers, shares
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import FIGURES, TABLES, calls, ids, nodes, origins, typed_text, words
from perpnotes.publish.compute import records
from perpnotes.publish.compute.slices import names_of
from perpnotes.publish.evidence import published

_KEY = re.compile(r"[ \t]*[-*+][ \t]+`+#!calc[ \t]")


def _stated(page: Page, *kinds: str) -> Iterator[tuple[Value, ast.expr]]:
    """Each computed value with one of these kinds, once an expression and kind, and its syntax tree."""
    seen = set()
    for value, (_, tree) in zip(page.article.evaluated, page.values, strict=False):
        if value.kind in kinds and (value.expression, value.kind, value.about) not in seen:
            seen.add((value.expression, value.kind, value.about))
            yield value, tree.body


@rule(
    "PN501",
    "key number without kind",
    "a number that does not say what kind of evidence it is claims more than it may prove",
    "write `#!calc expression | unit | kind` with exact, example(figure), published(example), measured(record) or "
    "simulated(low, high)",
)
def _without_kind(page: Page) -> Found:
    first = min((section.line for section in page.article.sections if section.level == 2), default=0)
    for number, line in enumerate(page.article.prose.split("\n")[: max(first - 1, 0)], 1):
        if _KEY.match(line):
            value = next(value for value in page.article.values if value.line == number)
            if not value.kind and not value.idea:
                yield number, f"`{value.asked}` is a key number without a kind"


@rule(
    "PN502",
    "kind that the code contradicts",
    "what random draws have touched is true of these draws, and what a record has touched of its days",
    "call it simulated and give its range, or measured and name its record, or compute it without them",
    everywhere=True,
)
def _contradicted(page: Page) -> Found:
    for value, tree in _stated(page, "exact", "example", "published"):
        touched = followed(page.trees).of(tree)
        behind = ["random draws"] * (SEED in touched)
        behind += [f"the record {t.removeprefix(RECORD)}".rstrip() for t in sorted(touched) if t.startswith(RECORD)]
        if behind:
            yield value.line, f"`{value.asked}` is called {value.kind}; behind it: {' and '.join(behind)}"


@rule(
    "PN503",
    "simulated without range",
    "one seed proves nothing; the range over many says how far the number can be trusted",
    "write simulated(low, high): two expressions, for 5 and 95 percent over at least a hundred seeds",
    everywhere=True,
)
def _without_range(page: Page) -> Found:
    for value, _ in _stated(page, "simulated"):
        if not value.bounds:
            yield value.line, f"`{value.asked}` is simulated, and has no range"
        elif not any(names_of(ast.parse(end, mode="eval")) for end in value.bounds):
            yield value.line, f"`{value.asked}` has a range that was typed"


@rule(
    "PN504",
    "measured without record",
    "a measured number must lead to the data and to the expression that measured it",
    "write measured(record) with the name of a file in tests/records, and compute the number from record(…)",
    everywhere=True,
)
def _without_record(page: Page) -> Found:
    for value, tree in _stated(page, "measured"):
        if value.about not in records.names():
            yield value.line, f"`{value.asked}` is measured, and there is no record {value.about or 'named'}"
        elif f"{RECORD}{value.about}" not in followed(page.trees).of(tree):
            yield value.line, f"`{value.asked}` does not read the record {value.about}"


@rule(
    "PN505",
    "example without figure",
    "the inputs were chosen: a reader must see how the number moves when they do",
    "write example(id) with the id of a figure or table of this page",
    everywhere=True,
)
def _without_figure(page: Page) -> Found:
    known = {str(id.value) for _, _, id in ids(page)}
    for value, _ in _stated(page, "example"):
        if value.about not in known:
            which = f"there is no figure {value.about}" if value.about else "it names no figure"
            there = ", ".join(sorted(known)) or "none"
            yield value.line, f"`{value.asked}` is an example, and {which}; there are {there}"


@rule(
    "PN506",
    "published without example",
    "only what is computed anew from the printed inputs, and agrees, is a published number",
    "write published(id) with the id of an example in tests/published that the verification page reproduces",
    everywhere=True,
)
def _without_example(page: Page) -> Found:
    stated = list(_stated(page, "published"))
    known = (
        {example.id: (group, example) for group in published.groups() for example in group.examples} if stated else {}
    )
    for value, _ in stated:
        if value.about not in known:
            yield value.line, f"`{value.asked}` is published, and there is no example {value.about or 'named'}"
            continue
        group, example = known[value.about]
        if group.pending or any(row.status != "reproduced" for row in published.rows_of(group, example)):
            yield value.line, f"`{value.asked}`: the example {value.about} is not reproduced"


@rule(
    "PN507",
    "typed figure",
    "a number typed into a table or a chart, or a share written in words, does not change when the code that should "
    "compute it does",
    "compute it, quote it with record(…) or fact(…), or write it with fmt(…) from the name that holds it",
    everywhere=True,
)
def _typed_figure(page: Page) -> Found:
    for line, found in shares(page.article.prose):
        yield line, f"{found!r} is a number in words, not computed"
    for argument in words(page):
        for _, found in shares(typed_text(argument)):
            yield argument.lineno, f"{found!r} is a number in words that readers see, not computed"
    lists = _lists(page)
    used = _computed_with(page)
    for name, call in calls(page):
        if name not in FIGURES | TABLES:
            continue
        for argument in [*call.args, *(k.value for k in call.keywords if k.arg in _DATA)]:
            read = isinstance(argument, ast.Name) and argument.id in used  # an input of the computation, shown again
            sources = lists.get(argument.id, []) if isinstance(argument, ast.Name) else [argument]
            for source in sources:
                for node in _cells(source):
                    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
                        if not read and not isinstance(node.value, bool):
                            yield (
                                node.lineno,
                                f"{ast.unparse(node)} is typed into what {_last(name)} shows, not computed",
                            )
                    else:
                        text = typed_text(node)
                        for _, found in [*numbers(text), *shares(text)]:
                            yield node.lineno, f"{found!r} is typed into what {_last(name)} shows, not computed"


_DATA = {
    "rows", "values", "series", "x", "seeds", "choices", "changes", "levels", "zones", "edges", "bands", "curves",
}  # fmt: skip
"""Arguments that hold what is shown. The lines of a limit are inputs, and not among them."""


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _lists(page: Page) -> dict[str, list[ast.expr]]:
    """What is bound to each name, or appended to it, at the top level and in loops there."""
    found: dict[str, list[ast.expr]] = {}
    for _, tree in page.trees:
        for node in nodes(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, []).append(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                root = node.func.value
                if node.func.attr == "append" and isinstance(root, ast.Name):
                    found.setdefault(root.id, []).extend(node.args)
    return found


def _computed_with(page: Page) -> set[str]:
    """Names that something other than a table or a figure reads."""
    shown = {name for name, full in origins(page).items() if full in FIGURES | TABLES}
    found: set[str] = set()

    def look(node: ast.AST) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in shown:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if not isinstance(argument, ast.Name):
                    look(argument)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        else:
            for child in ast.iter_child_nodes(node):
                look(child)

    for _, tree in page.trees:
        look(tree)
    return found | {name for _, value in page.values for name in names_of(value)}


def _cells(node: ast.expr) -> Iterator[ast.expr]:
    """The strings and numbers of a list, as they stand there; not what goes into a calculation."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        for each in node.elts:
            yield from _cells(each)
    elif isinstance(node, ast.Dict):
        for each in node.values:
            yield from _cells(each)
    elif isinstance(node, ast.ListComp | ast.GeneratorExp):
        yield from _cells(node.elt)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        yield node.operand
    elif isinstance(node, ast.Constant | ast.JoinedStr) or typed_text(node):
        yield node

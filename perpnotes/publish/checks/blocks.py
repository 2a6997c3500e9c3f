"""PN3xx: the code of a page, what it shows and what it leaves behind."""

from __future__ import annotations

import ast
import re

from perpnotes.publish.articles import CODE, Block, line_of
from perpnotes.publish.checks.reading import mask, span
from perpnotes.publish.checks.rules import Found, Page, rule
from perpnotes.publish.checks.syntax import (
    ANSWER,
    SHOWING,
    bindings,
    calls,
    changed,
    imported,
    nodes,
    origins,
    required_texts,
    typed_text,
)
from perpnotes.publish.compute.slices import names_of


@rule(
    "PN301",
    "rebound name",
    "inline values are computed after all blocks: a name that changes would show its last value at its first mention",
    "give the second thing its own name",
)
def _rebound_name(page: Page) -> Found:
    """Exempt: the same import again; loop variables that no inline value reads; branches of one statement; `x += …`
    in the block that binds `x`.
    """
    read_inline = set().union(*(names_of(tree) for _, tree in page.values))
    first: dict[str, tuple[int, str, Block]] = {}
    for block, tree in page.trees:
        for name, line, what in bindings(tree.body):
            if name == "_":
                continue
            where, kind, home = first.setdefault(name, (line, what, block))
            if where == line and kind == what:
                continue
            if what == "augmented" and home is block:
                continue
            if what != kind or (what == "loop" and name in read_inline) or what == "augmented":
                yield line, f"{name} is bound again; it means something else since line {where}"
    for line, value in page.values:
        if any(isinstance(node, ast.NamedExpr) for node in nodes(value)):
            yield line, "an inline value binds a name"


@rule(
    "PN302",
    "idle block",
    "a block that shows nothing and defines nothing used is code that a reader has to read for nothing",
    "print or show a result, use what the block defines, or remove it; a bare expression shows nothing",
)
def _idle_block(page: Page) -> Found:
    showing = {"print"} | {name for name, full in origins(page).items() if full in SHOWING}
    functions = [node for _, tree in page.trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    for _ in functions:  # a function shows if one that it calls does
        showing |= {function.name for function in functions if names_of(function) & showing}
    later = set().union(*(names_of(tree) for _, tree in page.values))
    for block, tree in reversed(page.trees):
        runs = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom)]
        shows = any(names_of(node) & showing for node in runs)
        if not shows and not ({name for name, _, _ in bindings(tree.body)} | changed(tree)) & later:
            yield block.line, "the block shows nothing and defines nothing that is used later"
        later |= names_of(tree)


@rule(
    "PN303",
    "figure without text",
    "who cannot see a figure reads its text, and a caption says what everybody else is looking at",
    "give caption and alt (for a table: caption); in Markdown, `![text](path)`",
    everywhere=True,
)
def _figure_without_text(page: Page) -> Found:
    for name, call in calls(page):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        for argument in required_texts(name):
            value = given.get(argument)
            if (value is None and None not in given) or (
                isinstance(value, ast.Constant) and not typed_text(value).strip()
            ):
                yield call.lineno, f"{name.rpartition('.')[2]} without {argument}"
    for found in re.finditer(r"!\[\s*\](?=[(\[])", mask(page.article.prose, CODE)):
        yield line_of(page.article.prose, found.start()), "an image without alternative text"


@rule(
    "PN304",
    "answer without value",
    "an answer that was typed is an opinion; a computed one can be asked why",
    "put at least one computed value into the answer: an f-string with a placeholder",
)
def _answer_without_value(page: Page) -> Found:
    typed = {name for name, full in origins(page).items() if full.startswith("perpnotes.publish.")} | {
        target.id
        for _, tree in page.trees
        for node in tree.body
        if isinstance(node, ast.Assign) and not names_of(node.value)
        for target in node.targets
        if isinstance(target, ast.Name) and typed_text(node.value)
    }
    for name, call in calls(page):
        if name == ANSWER:
            given = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "text")]
            if given and not names_of(given[0]) - typed:
                yield call.lineno, "an answer without a computed value"


@rule(
    "PN305",
    "example imports",
    "a reader runs the worked example with perpnotes and numpy, and nothing else",
    "import perpnotes (not perpnotes.publish) and numpy only; figures and tables belong below",
)
def _example_import(page: Page) -> Found:
    start, end = span(page.article, "Worked example")
    for block, tree in page.trees:
        if start < block.line < end:
            for line, module in imported(tree):
                home, *inside = module.split(".")
                if home not in ("numpy", "perpnotes") or inside[:1] == ["publish"]:
                    yield line, f"the worked example imports {module}"

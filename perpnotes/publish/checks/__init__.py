"""The rules of an article, each with a code, a reason and a fix. Nothing runs: a page's text and syntax trees suffice.

A rule is a function in one of the modules beside this one, registered with `@rule`, and the command `check --rules`
and the page of rules list them from there. Codes are stable: a rule that goes takes its code with it, and no other rule
gets it.
"""

from __future__ import annotations

import ast
import re
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path

from perpnotes.publish import articles
from perpnotes.publish.articles import Article, ArticleError, Block
from perpnotes.publish.checks import blocks, kinds, markup, prose, running  # noqa: F401  (their rules are registered)
from perpnotes.publish.checks.anatomy import MARK, unreadable
from perpnotes.publish.checks.rules import REGISTERED, Fault, Page, Quotable
from perpnotes.publish.checks.safety import unsafe_code

__all__ = ["MARK", "RULES", "Fault", "check", "check_article", "quotable", "refused", "rule_list"]

_WARNING = threading.Lock()

RULES = tuple(sorted(REGISTERED, key=lambda rule: rule.code))
"""Every rule, in the order of the codes."""


def check(path: str | Path, terms: Mapping[str, str] | None = None, quotable: Quotable | None = None) -> list[Fault]:
    """The faults of a page, in the order of its lines.

    Parameters:
        path: a Markdown file; in a folder named `insights` it is an article.
        terms: of the glossary, anchor to term.
        quotable: the inline values of each article, by the name of its idea; without it, quotations are not checked.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        article = articles.read(path)
    except ArticleError as error:
        return [Fault(error.path, error.line, unreadable, error.message)]
    return check_article(article, terms, quotable)


def check_article(
    article: Article, terms: Mapping[str, str] | None = None, quotable: Quotable | None = None
) -> list[Fault]:
    """As `check`, for a page that was read already.

    Parameters:
        article: the page.
        terms: of the glossary, anchor to term.
        quotable: as for `check`.
    """
    faults: list[Fault] = []
    trees: list[tuple[Block, ast.Module]] = []
    values: list[tuple[int, ast.Expression]] = []
    for block in article.executed:
        try:
            trees.append((block, _parsed(block, article.path)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = block.line - 1 + (getattr(error, "lineno", None) or 1)
            faults.append(Fault(article.path, line, unreadable, f"Python: {getattr(error, 'msg', error)}"))
    for value in article.evaluated:
        try:
            values.append((value.line, ast.parse(value.expression, mode="eval")))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            message = f"`#!calc {value.source}`: {getattr(error, 'msg', error)}"
            faults.append(Fault(article.path, value.line, unreadable, message))
    page = Page(article, tuple(trees), tuple(values), terms or {}, quotable)
    full = Path(article.path).parent.name == "insights"
    for rule in RULES:
        if rule.everywhere or full:
            faults += [Fault(article.path, line, rule, message) for line, message in rule.find(page)]
    return sorted(faults, key=lambda fault: (fault.line, fault.rule.code))


def _parsed(block: Block, path: str) -> ast.Module:
    """The syntax tree of a block with the lines of the file; what the compiler refuses or warns of is an error."""
    with _WARNING, warnings.catch_warnings():  # whose filters are those of the process
        warnings.simplefilter("error")
        tree = ast.parse(block.source)
        compile(block.source, path, "exec", dont_inherit=True)
    return ast.increment_lineno(tree, block.line - 1)


_ID = re.compile(r'\bid="([a-z0-9-]+)"')


def refused(article: Article) -> list[Fault]:
    """Why a page should not even be run: what cannot be read, and what its code must not do.

    Parameters:
        article: the page.
    """
    return [fault for fault in check_article(article) if fault.rule in (unreadable, unsafe_code)]


def quotable(folder: Path) -> dict[str, set[str]]:
    """The values and figures that pages can quote, by the name of the idea; none of an article that cannot be read.

    Parameters:
        folder: where the articles are.
    """
    found: dict[str, set[str]] = {}
    for file in folder.glob("*.md"):
        try:
            article = articles.read(file)
            shown = {f"{id} | figure" for block in article.executed for id in _ID.findall(block.source)}
            found[file.stem] = shown | {value.asked for value in article.evaluated}
        except ArticleError:
            continue
    return found


def rule_list() -> str:
    """The rules as Markdown, for the page that lists them."""
    where = {True: "every page", False: "articles"}
    text = "\n".join(
        f"### {rule.code}: {rule.name}\n\n{_sentence(rule.reason)} *Fix:* {_sentence(rule.fix)} "
        f"*Holds for:* {where[rule.everywhere]}.\n"
        for rule in RULES
    )
    return re.sub(r"`#!calc [^`]*`", r"`` \g<0> ``", text)  # shown, not computed


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."

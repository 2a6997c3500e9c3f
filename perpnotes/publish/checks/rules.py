"""What a rule is, what breaks one, and what rules look at."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from perpnotes.publish.articles import Article, Block

Found: TypeAlias = Iterator[tuple[int, str]]
Quotable: TypeAlias = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is checked, why, and what to do about it.

    Parameters:
        code: stable; what messages name.
        name: in two or three words.
        reason: why it is a rule.
        fix: what to do.
        everywhere: whether it holds for every page of the site, or for articles (`docs/insights/`) only.
        find: yields line and message of each fault.
    """

    code: str
    name: str
    reason: str
    fix: str
    everywhere: bool
    find: Callable[[Page], Found]


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a page breaks, printed as `path:line: code message (fix)`."""

    path: str
    line: int
    rule: Rule
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule.code} {self.message} ({self.rule.fix})"


@dataclass(frozen=True, slots=True)
class Page:
    """What rules look at.

    Parameters:
        article: the page.
        trees: the blocks that run and their syntax trees, with the file's line numbers.
        values: line and syntax tree of each inline value.
        terms: of the glossary, anchor to term.
        quotable: the inline values of each article, by the name of its idea; None where they are not known.
    """

    article: Article
    trees: tuple[tuple[Block, ast.Module], ...]
    values: tuple[tuple[int, ast.Expression], ...]
    terms: Mapping[str, str]
    quotable: Quotable | None


REGISTERED: list[Rule] = []
"""Every rule, as the modules that define them are imported."""


def rule(
    code: str, name: str, reason: str, fix: str, *, everywhere: bool = False
) -> Callable[[Callable[[Page], Found]], Rule]:
    """Register a function that finds what breaks a rule, and make a `Rule` of it."""

    def register(find: Callable[[Page], Found]) -> Rule:
        made = Rule(code, name, reason, fix, everywhere, find)
        REGISTERED.append(made)
        return made

    return register

"""What a page of the reference says before its entries: what there is, most used first.

A Python-Markdown extension, which `mkdocs.yml` names. `reference/index.md` lists every function where it has the
line `<!-- functions -->`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from griffe import Module, ModuleFinder
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from perpnotes.publish import inputs
from perpnotes.publish.page import fences

_LIBRARY, _DOCS = Path("perpnotes"), Path("docs")
_ENTRY = re.compile(r"::: perpnotes\.(\w+)")
_ALL = "<!-- functions -->"


class Name(NamedTuple):
    """A public name of a module: a function, a class or a value, and the first sentence that documents it."""

    name: str
    kind: str
    says: str


def names(source: str, used: str) -> Sequence[Name]:
    """The public names of a module: functions, then classes, then values, each by how often it is used.

    Parameters:
        source: of the module.
        used: the text in which uses are counted.
    """
    order = ["function", "class", ""]
    known = _public(source)
    counts = {one.name: len(re.findall(rf"\b{one.name}\b", used)) for one in known}
    return sorted(known, key=lambda one: (order.index(one.kind), -counts[one.name], one.name))


@lru_cache(maxsize=128)
def _public(source: str) -> Sequence[Name]:
    public: list[str] = []
    found: dict[str, Name] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == "__all__":
                public = list(ast.literal_eval(node.value))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            kind = "function" if isinstance(node, ast.FunctionDef) else "class"
            said = (ast.get_docstring(node) or found.get(node.name, Name("", "", "")).says).partition("\n\n")[0]
            found[node.name] = Name(node.name, kind, " ".join(said.split()))
    return tuple(found.get(name, Name(name, "", "")) for name in public)


@lru_cache(maxsize=128)
def _uses(text: str) -> Mapping[str, Sequence[str]]:
    """What an article names of each module: `module.name`, and the lines that import from it."""
    found: dict[str, list[str]] = {}
    for module, name in re.findall(r"\b(\w+)(?=\.(\w+))", text):
        found.setdefault(module, []).append(f"{module}.{name}")
    for line, module in re.findall(r"^( *from perpnotes\.(\w+) import .*)", text, re.MULTILINE):
        found.setdefault(module, []).append(line)
    return found


def _names(idea: str) -> Sequence[Name]:
    """Uses are counted in the code of all articles; a name without a function's call there comes after."""
    code = "\n".join(use for uses in inputs.once(_articles) for use in uses.get(idea, ()))
    return names((_LIBRARY / f"{idea}.py").read_text(encoding="utf-8"), code)


def _articles() -> Sequence[Mapping[str, Sequence[str]]]:
    return [_uses(file.read_text(encoding="utf-8")) for file in sorted((_DOCS / "insights").glob("*.md"))]


def _ideas() -> Sequence[str]:
    return [
        file.stem for file in sorted((_DOCS / "reference").glob("*.md")) if (_LIBRARY / f"{file.stem}.py").is_file()
    ]


def _page(idea: str, lines: Sequence[str]) -> Iterator[str]:
    known = inputs.ask(_names, idea)
    for line in lines:
        if not _ENTRY.fullmatch(line):
            yield line
            continue
        links = ", ".join(f'<a href="#perpnotes.{idea}.{one.name}"><code>{one.name}</code></a>' for one in known)
        yield from (f'<p class="pn-names" data-search-exclude="">{links}</p>', "", line)
        yield from ("    options:", "      group_by_category: false", "      members:")
        yield from (f"        - {one.name}" for one in known)


def _index() -> str:
    parts = []
    for idea in inputs.ask(_ideas):
        rows = "".join(
            f'<dt><a href="{idea}/#perpnotes.{idea}.{one.name}"><code>{one.name}</code></a></dt>'
            f"<dd>{escape(one.says)}</dd>"
            for one in inputs.ask(_names, idea)
            if one.kind == "function"
        )
        if rows:
            parts.append(
                f'<h2 id="{idea}" data-search-exclude=""><a href="{idea}/"><code>{idea}</code></a></h2>\n'
                f'<dl class="pn-index" data-search-exclude="">{rows}</dl>'
            )
    return "\n".join(parts)


class _Reference(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        path = None if hasattr(self.md, "_original_md") else fences.path_of(self.md)
        if path is None or path.parent.name != "reference":
            return lines
        if path.stem == "index":
            listed = _index().split("\n") if _ALL in lines else []
            return [new for line in lines for new in (listed if line == _ALL else [line])]
        here = next((found[1] for line in lines if (found := _ENTRY.fullmatch(line))), None)
        return list(_page(here, lines)) if here and (_LIBRARY / f"{here}.py").is_file() else lines


def _submodules(
    self: ModuleFinder, module: Module, every: Callable[..., list[Any]] = ModuleFinder.submodules
) -> list[Any]:
    """What there is to read for mkdocstrings: of this package all but what makes the site, which no page documents."""
    return [found for found in every(self, module) if found[0][0] != "publish"]


class _Extension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.register(_Reference(md), "perpnotes_reference", 41)  # before evidence is put above the entries


def makeExtension(**options: Any) -> Extension:
    """What `mkdocs.yml` names."""
    ModuleFinder.submodules = _submodules  # type: ignore[method-assign]  # what no page documents is not read
    return _Extension(**options)

"""What a page of the reference says before its entries: what there is, most used first.

`reference/index.md` lists every function where it has the line `<!-- functions -->`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from griffe import Module, ModuleFinder
from markdown import Markdown

from perpnotes.publish import inputs
from perpnotes.publish.page import fences

_LIBRARY, _DOCS = Path("perpnotes"), Path("docs")
_ENTRY = re.compile(r"::: perpnotes\.(\w+)")
_ALL = "<!-- functions -->"
_IMPORT = re.compile(r"^ *from perpnotes\.?(\w*) import (\([^)]*\)|.*)", re.MULTILINE)
_USE = re.compile(r"(?<![\w.])(\w+)(?:\.(\w+))?(?=\(|\.\w)")
_CODE = re.compile(r"`([^`]+)`")
_KINDS = ("function", "class", "")


class Name(NamedTuple):
    """A public name of a module: a function, a class or a value, and the first sentence that documents it."""

    name: str
    kind: str
    says: str


def names(source: str, *uses: Mapping[str, int]) -> Sequence[Name]:
    """The public names of a module: functions, classes, values; of each the most used first, then as in the source.

    Parameters:
        source: of the module.
        *uses: how often a name is used, in what decides first, in what decides next, and so on.
    """
    public, found = _defined(source)
    for module, imported in _IMPORT.findall(source):
        if module.startswith("_") and public & {*re.findall(r"\w+", imported)}:
            _, theirs = _defined((_LIBRARY / f"{module}.py").read_text(encoding="utf-8"))
            found = {**found, **theirs, **found}  # its own come first
    known = [one for one in found.values() if one.name in public]
    return sorted(known, key=lambda one: (_KINDS.index(one.kind), *(-used.get(one.name, 0) for used in uses)))


@lru_cache(maxsize=128)
def _defined(source: str) -> tuple[frozenset[str], Mapping[str, Name]]:
    """The names in `__all__`, and what the module itself defines."""
    public: frozenset[str] = frozenset()
    found: dict[str, Name] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            kind = "function" if isinstance(node, ast.FunctionDef) else "class"
            says = (ast.get_docstring(node) or "").partition("\n\n")[0]
            found[node.name] = Name(node.name, kind, " ".join(says.split()))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if ast.unparse(target) == "__all__" and node.value:
                public = frozenset(ast.literal_eval(node.value))
            found[ast.unparse(target)] = Name(ast.unparse(target), "", "")
    return public, found


@lru_cache(maxsize=128)
def _uses(text: str) -> Counter[tuple[str, ...]]:
    """How often a page uses each name that it imports: its module and the name."""
    known: dict[str, str] = {}
    for module, imported in _IMPORT.findall(text):
        for name, alias in re.findall(r"(\w+)(?: as (\w+))?", imported):
            known[alias or name] = f"{module}.{name}".strip(".")
    found = (f"{known[name]}.{member}" for name, member in _USE.findall(text) if name in known)
    return Counter(tuple(each.split(".")[:2]) for each in found)


def _everywhere() -> Counter[tuple[str, ...]]:
    """The same for all pages together."""
    return _total(tuple(file.read_text(encoding="utf-8") for file in sorted(_DOCS.rglob("*.md"))))


@lru_cache(maxsize=1)
def _total(texts: Sequence[str]) -> Counter[tuple[str, ...]]:
    return sum(map(_uses, texts), Counter())


def _names(idea: str) -> Sequence[Name]:
    """What the example of the page uses comes first, then what all pages use most."""
    example = _uses((_DOCS / f"reference/{idea}.md").read_text(encoding="utf-8"))
    uses = [example, inputs.once(_everywhere)]
    source = (_LIBRARY / f"{idea}.py").read_text(encoding="utf-8")
    return names(source, *({name: n for (module, name), n in use.items() if module == idea} for use in uses))


def _ideas() -> Sequence[str]:
    """In the order of the navigation."""
    pages = re.findall(r"reference/(\w+)\.md", Path("mkdocs.yml").read_text(encoding="utf-8"))
    return [page for page in pages if (_LIBRARY / f"{page}.py").is_file()]


def _page(idea: str, lines: Sequence[str]) -> Iterator[str]:
    known = inputs.ask(_names, idea)
    for line in lines:
        if not _ENTRY.fullmatch(line):
            yield line
            continue
        links = ", ".join(f'<a href="#perpnotes.{idea}.{one.name}"><code>{one.name}</code></a>' for one in known)
        before = f"The examples begin with <code>from perpnotes.{idea} import *</code>."
        yield from (f'<p class="pn-names" data-search-exclude="">{links}<br>{before}</p>', "", line)
        yield from ("    options:", "      group_by_category: false", "      members:")
        yield from (f"        - {one.name}" for one in known)


def _whole(text: str) -> str:
    """Text in which no line ends inside of short code, such as between `>=` and a number."""
    return _CODE.sub(lambda code: f"{code[0]}{{.pn-whole}}" if " " in code[0] and len(code[0]) < 24 else code[0], text)


def _html(says: str) -> str:
    """A sentence with its code and emphasis."""
    return re.sub(r"\*(\w[^*]*)\*", r"<em>\1</em>", _CODE.sub(r"<code>\1</code>", escape(says)))


def _index() -> Iterator[str]:
    for idea in inputs.ask(_ideas):
        rows = "".join(
            f'<dt><a href="{idea}/#perpnotes.{idea}.{one.name}"><code>{one.name}</code></a></dt>'
            f"<dd>{_html(one.says)}</dd>"
            for one in inputs.ask(_names, idea)
            if one.kind
        )
        yield from (f'## [`{idea}`]({idea}.md) {{ #{idea} data-search-exclude="" }}', "")
        yield from (f'<dl class="pn-index" data-search-exclude="">{rows}</dl>', "")


def entries(md: Markdown, lines: list[str]) -> list[str]:
    """The lines of a page of the reference: its names in order, or in the index every function."""
    path = fences.own_page(md)
    if path is None or path.parent.name != "reference":
        return lines
    if path.stem == "index":
        return [new for line in lines for new in (_index() if line == _ALL else [line])]
    here = next((found[1] for line in lines if (found := _ENTRY.fullmatch(line))), None)
    lines = _whole("\n".join(lines)).split("\n")  # of the page, or of a docstring in it
    return list(_page(here, lines)) if here and (_LIBRARY / f"{here}.py").is_file() else lines


def submodules(
    self: ModuleFinder, module: Module, every: Callable[..., list[Any]] = ModuleFinder.submodules
) -> list[Any]:
    """What there is to read for mkdocstrings: of this package all but what makes the site, which no page documents."""
    return [found for found in every(self, module) if found[0][0] != "publish"]

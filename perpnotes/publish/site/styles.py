"""One stylesheet instead of many, without the rules that no page of the built site can match.

A theme styles everything that it can do; a site does a part of it. A rule goes only if each of its selectors asks for
an element, a class, an id or an attribute that is in no built page and in no script: what a script adds stays styled.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tinycss2

_LINK = re.compile(r'\s*<link rel="stylesheet" href="(?P<href>[^"]+\.css)">')
_NAME = re.compile(r"[\w-]+")
_TAG = re.compile(r"<([a-z][a-z0-9-]*)((?:\s[^<>]*)?)>")
_VALUE = re.compile(r"([\w-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_ASKED = re.compile(
    r"[.#](-?[_a-zA-Z][\w-]*)|(?:^|(?<=[\s>+~]))([a-z][a-z0-9]*)(?![\w-]*\()|\[([\w-]+)(?:=[\"']?([\w-]+))?"
)
# Parts of the theme that scripts could make and this site never asks them for, and writing from right to left; and a
# rule for everything, against the fading of colors, for which the browser styles the page twice when it opens.
_OFF = re.compile(
    r"rtl$|md-(annotation|version|consent|announce|banner|progress|pagination|post|profile|author|status|tag|feedback|hero|tooltip2?)"
    r"|--md-mermaid|tabbed|mermaid|glightbox|linenos|highlighttable|data-md-color-switching"
)


def trimmed(css: str, used: Iterable[str]) -> str:
    """The stylesheet without rules, animations and custom properties that nothing uses.

    Parameters:
        css: a stylesheet.
        used: every word in pages and scripts, class names, ids and custom properties among them.

    Raises:
        ValueError: for a stylesheet that cannot be read.
    """
    words = set(used)
    rules = list(_rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), words))
    while True:
        text = "".join(rule for rule in rules)
        known = words | set(re.findall(r"var\(\s*(--[\w-]+)", text))
        less = re.sub(r"(?<=[{;])(--[\w-]+):((?:[^;}\"']|\"[^\"]*\"|'[^']*')*)(;|(?=\}))", _keep(known), text)
        if less == text:
            return _without_animations(text, words)
        rules = [less]


def bare(script: str) -> str:
    """A script without indentation and without the lines that only explain it; none of its texts may go over a line."""
    return re.sub(r"(?m)^\s*//.*\n|^\s+", "", script)


def _keep(known: set[str]) -> Any:
    return lambda match: match[0] if match[1] in known else ""


def _rules(nodes: Iterable[Any], words: set[str]) -> Iterator[str]:
    for node in nodes:
        if node.type == "error":
            raise ValueError(f"css must be a stylesheet: line {node.source_line}: {node.message}")
        if node.type == "qualified-rule":
            selectors = [s for s in _selectors(node.prelude) if _matches(s, words)]
            body = _squeezed(tinycss2.serialize(node.content))
            if selectors and body:
                yield f"{','.join(selectors)}{{{body}}}"
        elif (
            node.type == "at-rule"
            and node.content is not None
            and node.lower_at_keyword in ("media", "supports", "layer")
        ):
            inner = "".join(
                _rules(tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True), words)
            )
            if inner:
                yield f"@{node.at_keyword} {tinycss2.serialize(node.prelude).strip()}{{{inner}}}"
        elif node.type == "at-rule" and node.lower_at_keyword != "charset":
            yield _squeezed(tinycss2.serialize([node]))


def _words(html: str) -> Iterator[str]:
    """Names of elements and attributes, and the values of those that name something; not what is there to be read."""
    yield from re.findall(r"--[\w-]+", html)  # custom properties, in attributes of a drawing
    for tag, attributes in _TAG.findall(html):
        yield tag
        for name, *values in _VALUE.findall(attributes):
            yield name
            if name in ("class", "id", "dir", "type", "role") or name.startswith("data-md-"):
                yield from _NAME.findall(" ".join(values))


def _selectors(prelude: Sequence[Any]) -> Iterator[str]:
    """The parts between commas; those inside brackets belong to one part."""
    part: list[Any] = []
    for token in [*prelude, None]:
        if token is None or (token.type == "literal" and token.value == ","):
            yield _squeezed(tinycss2.serialize(part))
            part = []
        else:
            part.append(token)


def _matches(selector: str, words: set[str]) -> bool:
    """Whether a page or a script knows all that it asks for; what stands in brackets, as in `:not(…)`, asks nothing."""
    bare = selector
    while (less := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = less
    return all(name in words for asked in _ASKED.findall(bare) for name in asked if name)


def _squeezed(css: str) -> str:
    """Without line breaks and runs of spaces, which mean nothing outside of quotes."""
    parts = re.split(r"(\"[^\"]*\"|'[^']*')", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL).strip())
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", parts[i]))
        parts[i] = re.sub(r"(^|(?<=[{;]))([\w-]+): ", r"\2:", parts[i])
    return "".join(parts).strip().removesuffix(";")


def _without_animations(css: str, words: set[str]) -> str:
    def kept(match: re.Match[str]) -> str:
        name = match[1]
        used = re.search(rf"animation(?:-name)?:[^;}}]*(?<![\w-]){re.escape(name)}(?![\w-])", css) or name in words
        return match[0] if used else ""

    return re.sub(r"@keyframes ([\w-]+)\s*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", kept, css)


def trim(site: Path, more: str = "") -> Path:
    """Replace the stylesheets of all pages of a built site by one that they share.

    Parameters:
        site: the folder that a generator has written.
        more: rules to add.

    Returns:
        The new stylesheet; its name changes with its content. Those that it replaces are removed.

    Raises:
        ValueError: pages name different stylesheets, or one that refers to another file.
    """
    pages = {file: file.read_text(encoding="utf-8") for file in sorted(site.rglob("*.html"))}
    named = {file: _LINK.findall(html) for file, html in pages.items()}
    sheets = {
        tuple((file.parent / href).resolve() for href in hrefs if "://" not in href and href[0] != "/")
        for file, hrefs in named.items()
    }
    sheets = {found for found in sheets if found}
    if len(sheets) != 1:
        raise ValueError(f"site must have one list of stylesheets on all its pages, got {len(sheets)}")
    css = "\n".join(sheet.read_text(encoding="utf-8") for sheet in next(iter(sheets)))
    if far := re.search(r"url\(\s*['\"]?(?!data:|#|['\"])([^)]*)\)", css):
        raise ValueError(f"stylesheets must be complete, got a reference to {far[1]}")
    for file in [*site.rglob("*.map"), *site.glob("assets/javascripts/lunr/**/*.js")]:
        file.unlink()  # for the theme's developers, and for other languages
    for file in site.glob("assets/*.js"):  # our own
        file.write_text(bare(file.read_text(encoding="utf-8")), encoding="utf-8")
    scripts = [file.read_text(encoding="utf-8") for file in sorted(site.rglob("*.js"))]
    words = {word for text in scripts for word in _NAME.findall(text) if not _OFF.match(word)}
    for html in pages.values():
        words |= set(_words(html))
    text = trimmed(css, words) + more
    target = site / f"assets/all.{hashlib.sha256(text.encode()).hexdigest()[:8]}.css"
    target.write_text(text, encoding="utf-8")
    for file, html in pages.items():
        first = True

        def one(match: re.Match[str]) -> str:
            nonlocal first
            first, was = False, first
            depth = match["href"].partition("assets/")[0]
            return f'\n<link rel="stylesheet" href="{depth}assets/{target.name}">' if was else ""

        file.write_text(_LINK.sub(one, html), encoding="utf-8")
    for sheet in {*next(iter(sheets))} - {target.resolve()}:
        sheet.unlink()
    return target

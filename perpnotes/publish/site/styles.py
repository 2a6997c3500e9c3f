"""One stylesheet instead of many, without what no page of the built site can show.

A theme styles everything that it can do; a site does a part of it, and some of that in its own way. A rule goes only if
each of its selectors names a class, an element, an id or an attribute that no page has, counting what a script may add:
every word in a text of a script is taken for one. A declaration goes if a later rule with the same selectors sets the
same property.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinycss2

_LINK = re.compile(r'\s*<link rel="stylesheet" href="(?P<href>[^"]+\.css)">')
_NAME = re.compile(r"[\w-]+")
_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]*)((?:\s[^<>]*)?)>")
_VALUE = re.compile(r"([\w-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_TEXT = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`")
_FEATURE = re.compile(r"([.#])(-?[_a-zA-Z][\w-]*)|\[([\w-]+)(?:=[\"']?([\w-]+))?[^\]]*\]")
# Of elements that are there and that only the theme's script would use, what its script says of the focus, the icons of
# what folds, scrollbars as one browser draws them, lists and menus deeper than ours, and what the theme has for words
# that our scripts use for something else.
_OFF = re.compile(
    r"md-dialog|md-tabs__item:nth-child|highlighttable|linenodiv|columnheader|md-(?:header|tabs)\[hidden|\.focus-visible"
    r"|\.grid\b|#gh-|#only-|__comments|\.md-typeset mark|\.md-tabs__link svg|summary::?before"
    r"|::-webkit-scrollbar|\b[ou]l (?:li )?ol\b|\[type\]|\.md-nav__link svg|figure img|(?:\.md-nav ){3}"
)
_PALETTES = {":root", "[data-md-color-scheme=default]", "body[data-md-color-scheme]"}  # the theme's, and last our own
_PART = re.compile(r"^(margin|padding|font|background)-")  # of a property that sets all its parts
_STATES = {"open", "hidden", "checked", "disabled"}  # attributes that an element may come to have without a script


@dataclass(frozen=True)
class Used:
    """What there is for selectors to match.

    Parameters:
        features: of the elements of all pages, as a selector can ask: `<tag`, `.class`, `#id`, `[name`, `[name=value`.
        said: words in the texts of scripts, any of which may be added to any element.
        properties: custom properties that pages name.
    """

    features: frozenset[str]
    said: frozenset[str]
    properties: frozenset[str]

    @classmethod
    def of(cls, pages: Iterable[str], scripts: Iterable[str] = ()) -> Used:
        """What `pages` and `scripts` have."""
        features, properties = set(), set()
        tags: set[tuple[str, str]] = set()
        for html in pages:
            tags |= set(_TAG.findall(html))
            properties |= set(re.findall(r"--[\w-]+", html))
        for tag, attributes in tags:
            features.add(f"<{tag.lower()}")
            for name, *values in _VALUE.findall(attributes):
                value = "".join(values)
                features |= {f"[{name}", f"[{name}={value}"}
                features |= {f".{one}" for one in value.split()} if name == "class" else set()
                features |= {f"#{value}"} if name == "id" else set()
        texts = (text for script in scripts for text in _TEXT.findall(script))
        said = {word for text in texts for word in _NAME.findall(text)}
        return cls(frozenset(features), frozenset(said), frozenset(properties))

    def matches(self, selector: str) -> bool:
        """Whether all that a selector names is there; what stands in brackets, as in `:not(…)`, asks nothing."""
        bare = selector
        while (less := re.sub(r":?:?[\w-]*\([^()]*\)", "", bare)) != bare:
            bare = less
        return all(self._fits(part) for part in re.split(r"(?:\s*[>+~]\s*|\s+)(?![^\[]*\])", bare) if part)

    def _fits(self, part: str) -> bool:
        named = re.match(r"[a-zA-Z][\w-]*", part)
        asked = [(f"<{named[0].lower()}", named[0])] if named else []
        for sign, name, attribute, value in _FEATURE.findall(part):
            feature = f"{sign}{name}" if sign else f"[{attribute}={value}" if value else f"[{attribute}"
            asked.append((feature, name or attribute))
        return all(name in self.said or name in _STATES or feature in self.features for feature, name in asked)


def trimmed(css: str, used: Used) -> str:
    """The stylesheet without rules, animations and custom properties that nothing uses.

    Parameters:
        css: a stylesheet.
        used: what there is for its selectors to match.

    Raises:
        ValueError: for a stylesheet that cannot be read.
    """
    rules = [*_rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), used)]
    text, before = "".join(rules[::-1]), ""
    while text != before:  # a property can be all that names another
        before = text
        known = used.properties | used.said | set(re.findall(r"var\(\s*(--[\w-]+)", text))
        text = re.sub(r"(?<=[{;])(--[\w-]+):((?:[^;}\"']|\"[^\"]*\"|'[^']*')*)(;|(?=\}))", _keep(known), text)
        text = re.sub(r"(?<=[{}])[^{}@;]+\{\}", "", text)
    return _without_animations(text)


def bare(script: str) -> str:
    """A script without indentation and without the lines that only explain it; none of its texts may go over a line."""
    return re.sub(r"(?m)^\s*//.*\n|^\s+", "", script)


def _keep(known: frozenset[str]) -> Any:
    return lambda match: match[0] if match[1] in known else ""


def _rules(nodes: Sequence[Any], used: Used) -> Iterator[str]:
    """From the last to the first."""
    again = set[tuple[str, str]]()  # which selector sets which property later
    for node in reversed(nodes):
        if node.type == "error":
            raise ValueError(f"css must be a stylesheet: line {node.source_line}: {node.message}")
        if node.type == "qualified-rule":
            selectors = [s for s in _selectors(node.prelude) if used.matches(s) and not _OFF.search(s)]
            body = _declared(_squeezed(tinycss2.serialize(node.content)), selectors, again)
            if selectors and body:
                yield f"{','.join(selectors)}{{{body}}}"
        elif (
            node.type == "at-rule"
            and node.content is not None
            and node.lower_at_keyword in ("media", "supports", "layer")
        ):
            inner = "".join(
                [*_rules(tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True), used)][::-1]
            )
            if inner:
                yield f"@{node.at_keyword} {tinycss2.serialize(node.prelude).strip()}{{{inner}}}"
        elif node.type == "at-rule" and node.lower_at_keyword != "charset":
            yield _squeezed(tinycss2.serialize([node]))


def _selectors(prelude: Sequence[Any]) -> Iterator[str]:
    """The parts between commas; those inside brackets belong to one part."""
    part: list[Any] = []
    for token in [*prelude, None]:
        if token is None or (token.type == "literal" and token.value == ","):
            yield _squeezed(tinycss2.serialize(part))
            part = []
        else:
            part.append(token)


def _declared(body: str, selectors: Sequence[str], again: set[tuple[str, str]]) -> str:
    """Declarations that no later rule with these selectors sets again, each of which it adds to `again`.

    Those of one browser go where the same one of the standard stands beside them.
    """
    parts = re.split(r";(?=(?:[^\"']|\"[^\"]*\"|'[^']*')*$)", body)
    names = {part.partition(":")[0] for part in parts}
    left, said = [], set[tuple[str, str]]()
    for part in parts:
        name = part.partition(":")[0]
        places = [":root" if name.startswith("--") and one in _PALETTES else one for one in selectors]
        forms = {name, *_PART.findall(name)}
        known = all(any((place, form) in again for form in forms) for place in places) and "!important" not in part
        if not known and re.sub("^-(?:webkit|moz)-", "", name) not in names - {name}:
            left.append(part)
            said |= {(place, name) for place in places}
    again |= said
    return ";".join(left)


def _squeezed(css: str) -> str:
    """Without line breaks and runs of spaces, which mean nothing outside of quotes."""
    parts = re.split(r"(\"[^\"]*\"|'[^']*')", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL).strip())
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", parts[i]))
        parts[i] = re.sub(r"(^|(?<=[{;]))([\w-]+): ", r"\2:", parts[i])
    return "".join(parts).strip().removesuffix(";")


def _without_animations(css: str) -> str:
    def kept(match: re.Match[str]) -> str:
        name = match[1]
        used = re.search(rf"animation(?:-name)?:[^;}}]*(?<![\w-]){re.escape(name)}(?![\w-])", css)
        return match[0] if used else ""

    return re.sub(r"@keyframes ([\w-]+)\s*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", kept, css)


def trim(site: Path) -> Path:
    """Replace the stylesheets of all pages of a built site by one that they share.

    Parameters:
        site: the folder that a generator has written.

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
    shutil.rmtree(site / "assets/javascripts", ignore_errors=True)  # the theme's, which no page asks for
    for file in site.rglob("*.map"):
        file.unlink()
    for file in site.glob("assets/*.js"):  # our own
        file.write_text(bare(file.read_text(encoding="utf-8")), encoding="utf-8")
    scripts = [file.read_text(encoding="utf-8") for file in sorted(site.glob("assets/*.js"))]
    text = trimmed(css, Used.of(pages.values(), scripts))
    target = site / f"assets/all.{hashlib.sha256(text.encode()).hexdigest()[:8]}.css"
    target.write_text(text, encoding="utf-8")
    for file, html in pages.items():
        if link := _LINK.search(html):
            shared = f'\n<link rel="stylesheet" href="{link["href"].partition("assets/")[0]}assets/{target.name}">'
            file.write_text(html[: link.start()] + shared + _LINK.sub("", html[link.end() :]), encoding="utf-8")
    for sheet in {*next(iter(sheets))} - {target.resolve()}:
        sheet.unlink()
    return target

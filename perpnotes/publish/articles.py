"""Reads an article once: front matter, sections, Python blocks and inline values, each with its line in the file.

Everything that looks at an article builds on this. Which text is a code fence is decided by pymdownx's SuperFences
itself, as in a build, so that what is found here and what a generator renders cannot differ.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from keyword import iskeyword
from pathlib import Path
from symtable import symtable
from typing import Any, Literal

import yaml
from markdown import Markdown
from markdown.util import HTML_PLACEHOLDER_RE
from pymdownx.superfences import RE_HL_LINES, RE_LINENUMS

from perpnotes.publish import inputs as _inputs

SECONDS = 20.0
"""How long a block, or all inline values of a page together, may run unless a block says otherwise."""

MOST_SECONDS = 120.0
"""What `seconds="…"` may allow at most."""

FIELDS = ("title", "description", "date", "updated", "authors", "audience", "claim", "tags", "hide")
"""Of front matter. A theme acts on many others: `template`, `icon`, `status`, `search`."""

KINDS: Mapping[str, str] = {
    "exact": "True for all inputs within the stated assumptions: a formula or an identity.",
    "example": "Exact arithmetic on inputs that were chosen for this article.",
    "published": "A venue, a protocol or a paper printed it, and we compute the same.",
    "measured": "Computed from recorded market data.",
    "simulated": "Depends on random draws or on the constants of a model. The range is 5 to 95% over seeds.",
}
"""What a number can be evidence of, and what each kind means in a sentence."""

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_LIKE_FRONT_MATTER = re.compile(
    r"[\s\ufeff]*(?:-{3}|\+{3}|[\w-]+:)"
)  # MkDocs reads `name: value` without the lines, too
_MARKUP = re.compile(r"[<>\[\]{}`\\\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_HEADING = re.compile(r"^(#{1,6})[ \t]*([^#\n].*?)[ \t]*#*[ \t]*(?:\{[^}\n]*\})?[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
CODE = re.compile(r"(?<![\\`])(`+)(?!`)((?:[^\n]|\n(?!\s*\n))+?)(?<!`)\1(?!`)")
_CALC = re.compile(r"\s*(?:#!|:{3,})calc\s+(.*)", re.DOTALL)
_OPEN = "the code fence that begins here is not closed{}; end it at the same indentation"
_QUOTED = re.compile(r"(?P<idea>[a-z][a-z0-9_]*):\s+(?P<source>\S.*)", re.DOTALL)
_UNIT = re.compile(r"(?P<expression>.*\S)\s+\|\s+(?P<unit>[^\s()\[\]{}'\"|]+)", re.DOTALL)
_STRAY_FENCE = re.compile(r"^[> \t]*(?P<header>(?P<fence>```+|~~~+)[^`\n]*)$", re.MULTILINE)
_KIND = re.compile(rf"(?P<value>.*\S)\s+\|\s+(?P<kind>{'|'.join(KINDS)})\s*(?:\((?P<about>.*)\))?", re.DOTALL)


class ArticleError(Exception):
    """A fault of an article, printed as `path:line: message`.

    Parameters:
        path: the Markdown file.
        line: the line in that file, counted from 1.
        message: what is wrong, and what is allowed.
    """

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(path, line, message)  # all three, so that it survives the way back from a worker process
        self.path, self.line, self.message = path, line, message

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading: its text, its level (1 to 6) and its line."""

    line: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Block:
    """A Python block.

    Parameters:
        line: the line of the first line of code.
        source: the code, without the indentation of the fence.
        id: of the rendered block; unique in the page. Empty where the block is only shown.
        exec: whether it runs; all that follows matters only if it does.
        code: whether a reader sees the code at once or has to unfold it.
        output: whether printed text is shown as it is, or is Markdown.
        title: the title of the code.
        seconds: how long it may run.
    """

    line: int
    source: str
    id: str = ""
    exec: bool = False
    code: Literal["shown", "folded"] = "shown"
    output: Literal["text", "markdown"] = "text"
    title: str = ""
    seconds: float = SECONDS


@dataclass(frozen=True, slots=True)
class Value:
    """An inline value, `` `#!calc expression | unit | kind` ``: where it stands, what computes and what formats it.

    `` `#!calc stress: added | usd.0` `` has an `idea`: it is the inline value `added | usd.0` of that idea's article.
    `` `#!calc stress: live | figure` `` is its figure with that id.

    Parameters:
        line: where it begins in the file.
        source: all of it, as written.
        expression: what computes it.
        unit: what formats it; empty for none.
        idea: whose article is quoted; empty where it is computed here.
        kind: a name of `KINDS`, stated here or where the same expression states one; empty for none.
        about: what the kind says in parentheses: an id, a name, or two expressions.
    """

    line: int
    source: str
    expression: str
    unit: str = ""
    idea: str = ""
    kind: str = ""
    about: str = ""

    @property
    def asked(self) -> str:
        """Expression and unit: what a quotation of it says."""
        return f"{self.expression} | {self.unit}" if self.unit else self.expression

    @property
    def pictures(self) -> bool:
        """Whether it is another article's figure."""
        return bool(self.idea) and self.unit == "figure"

    @property
    def bounds(self) -> tuple[str, ...]:
        """The expressions of the two ends of a simulated number; none where it has none, or not two."""
        if self.kind != "simulated":
            return ()
        try:
            found = ast.parse(f"({self.about})", mode="eval").body
        except SyntaxError:
            return ()
        ends = tuple(map(ast.unparse, found.elts)) if isinstance(found, ast.Tuple) else ()
        return ends if len(ends) == 2 else ()


@dataclass(frozen=True, slots=True, eq=False)  # of a text there is one: what is kept of it is found by identity
class Article:
    """What a Markdown page says, before anything runs.

    Parameters:
        path: the file, as messages name it.
        text: the whole file.
        prose: the same lines, blank where there is front matter, a code fence or an HTML comment.
        meta: the front matter.
        begins: the number of lines before the text proper.
        sections: the headings (`#` style) in order.
        blocks: the Python blocks in order, those that only show code included.
        values: the inline values in order.
    """

    path: str
    text: str
    prose: str
    meta: Mapping[str, Any]
    begins: int
    sections: tuple[Section, ...]
    blocks: tuple[Block, ...]
    values: tuple[Value, ...]

    @property
    def executed(self) -> tuple[Block, ...]:
        """The blocks that run."""
        return tuple(block for block in self.blocks if block.exec)

    @property
    def evaluated(self) -> tuple[Value, ...]:
        """The inline values that are computed here, and not quoted from another article."""
        return tuple(value for value in self.values if not value.idea)

    def homes(self, expression: str) -> dict[str, str]:
        """For each name in an expression that a block computed: the id of the first block that binds it.

        Parameters:
            expression: of an inline value of this article.
        """
        read = {symbol.get_name() for symbol in symtable(expression, self.path, "eval").get_symbols()}
        found: dict[str, str] = {}
        for block in self.executed:
            for name in _bound(block.source, self.path):
                if name in read:
                    found.setdefault(name, block.id)
        return found


@lru_cache(maxsize=1024)  # asked again for every inline value of a page
def _bound(source: str, path: str) -> tuple[str, ...]:
    """The names that a block binds, in the order in which it names them."""
    return tuple(one.get_name() for one in symtable(source, path, "exec").get_symbols() if one.is_assigned())


def read(path: str | os.PathLike[str]) -> Article:
    """The article in a file; messages name the file relative to the working directory where it is below it.

    Parameters:
        path: a Markdown file in UTF-8.

    Returns:
        The article.

    Raises:
        ArticleError: bytes that are no UTF-8, or front matter, a fence, a block's options or an inline value that
            cannot be read.
        OSError: the file cannot be read.
    """
    return _inputs.once(_read, os.fspath(path))


def _read(path: str) -> Article:
    return parse(text_of(path), _name(path))


def text_of(path: str | os.PathLike[str]) -> str:
    """The text of a file.

    Parameters:
        path: a file in UTF-8.

    Raises:
        ArticleError: bytes that are no UTF-8; it names the line of the first.
        OSError: the file cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{error.object[error.start]:02x} is no UTF-8; save the file in that encoding"
        raise ArticleError(_name(path), line, message) from None


def _name(path: str | os.PathLike[str]) -> str:
    file = Path(path).absolute()
    return (file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file).as_posix()


def address(path: str | os.PathLike[str]) -> str:
    """Where the page of a file in `docs/` is in the site, with a slash at the end; empty for the first.

    Parameters:
        path: from the root of the repository.
    """
    here = Path(path).relative_to("docs").with_suffix("")
    name = (here.parent if here.name == "index" else here).as_posix()
    return "" if name == "." else f"{name}/"


@lru_cache(maxsize=128)  # whoever quotes an article, lists it or renders it reads it once more
def parse(text: str, path: str) -> Article:
    """The article in a text.

    Parameters:
        text: Markdown with front matter.
        path: how messages name it.

    Returns:
        The article.

    Raises:
        ArticleError: as `read`.
    """
    meta, start = front_matter(text, path)
    fences, prose = _fences(text, start)
    prose = _COMMENT.sub(lambda comment: re.sub(r"[^\n]", "", comment[0]), prose)
    if stray := _STRAY_FENCE.search(prose):
        raise ArticleError(path, line_of(prose, stray.start()), _why_no_fence(stray))
    return Article(
        path=path,
        text=text,
        prose=prose,
        meta=meta,
        begins=start,
        sections=tuple(
            Section(line_of(prose, found.start()), len(found[1]), found[2]) for found in _HEADING.finditer(prose)
        ),
        blocks=_blocks(fences, text, path),
        values=_values(prose, path),
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to add to the message about an unknown word: the known one that is most like it; empty if none is.

    Parameters:
        word: as written.
        known: what it could have been.
    """
    close = get_close_matches(word, list(known), 1, 0.7)  # with less, "percent" would be "price"
    return f"; did you mean {close[0]}?" if close else ""


def options(inputs: Mapping[str, str]) -> dict[str, Any]:
    """The options of a Python fence, checked.

    Parameters:
        inputs: names and values as written.

    Returns:
        Those that `Block` takes, converted.

    Raises:
        ValueError: an unknown option, or a value that the option cannot have.
    """
    highlighting = {"hl_lines": RE_HL_LINES, "linenums": RE_LINENUMS}
    choices = {"exec": ("on",), "code": ("shown", "folded"), "output": ("text", "markdown")}
    known = [*choices, "title", "id", "seconds", *highlighting]
    for name, value in inputs.items():
        if name not in known:
            hint = did_you_mean(name, known) or f"; known are {', '.join(known)}"
            raise ValueError(f"unknown option {name}{hint}")
        if name in choices and value not in choices[name]:
            hint = did_you_mean(value, choices[name])
            raise ValueError(f'{name}="{value}": allowed is {" or ".join(choices[name])}{hint}')
        if name in highlighting and not highlighting[name].fullmatch(value):
            raise ValueError(f'{name}="{value}": give line numbers')
        if name == "id" and not re.fullmatch(r"[a-z][a-z0-9-]*", value):
            raise ValueError(f'id="{value}": use lower-case letters, digits and hyphens, a letter first')
        if name == "seconds" and not re.fullmatch(r"0*[1-9]\d*|\d*\.\d*[1-9]\d*", value):
            raise ValueError(f'seconds="{value}": give a positive number')
        if name == "seconds" and float(value) > MOST_SECONDS:
            raise ValueError(f'seconds="{value}": allowed are at most {MOST_SECONDS:g}')
        if name in {"code", "output", "id", "seconds"} and "exec" not in inputs:
            raise ValueError(f'{name}="{value}" needs exec="on"')
    convert: dict[str, Callable[[str], Any]] = {"exec": lambda _: True, "seconds": float}
    return {name: convert.get(name, str)(value) for name, value in inputs.items() if name not in highlighting}


def inline_source(text: str) -> str:
    """The text of an inline value as both a file and a Markdown parser give it: on one line."""
    return re.sub(r"\s*\n\s*", " ", text.strip())


@lru_cache(maxsize=64)  # asked again for every heading of a page that is guarded
def front_matter(text: str, path: str) -> tuple[Mapping[str, Any], int]:
    """What a page says about itself, as text: no markup, nothing that a template or a loader would act on.

    Parameters:
        text: the whole page.
        path: how messages name it.

    Returns:
        The fields, and the number of lines before the text proper.

    Raises:
        ArticleError: front matter that cannot be read, or that more than one reader could read differently.
    """
    if not (found := _FRONT_MATTER.match(text)):
        if _LIKE_FRONT_MATTER.match(text):
            raise ArticleError(path, 1, "front matter: begin and end it with ---")
        return {}, 0
    try:
        for event in yaml.parse(found[1], yaml.SafeLoader) if re.search("[&*!]", found[1]) else ():
            if getattr(event, "anchor", None) or getattr(event, "tag", None):
                line = event.start_mark.line + 2 if event.start_mark else 1
                raise ArticleError(path, line, "front matter: write plain values, no & * or !")
        node = (loader := yaml.SafeLoader(found[1])).get_single_node()
        meta = loader.construct_document(node) if node else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = f"front matter: {getattr(error, 'problem', None) or error}"
        raise ArticleError(path, mark.line + 2 if mark else 1, message) from None
    if not isinstance(node, yaml.MappingNode):
        raise ArticleError(path, 1, "front matter: write name: value")
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 2
        if key.value in seen:
            raise ArticleError(path, line, f"front matter: {key.value} stands there twice")
        seen.add(key.value)
        for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if not isinstance(part, yaml.ScalarNode) or _MARKUP.search(part.value.strip()):
                raise ArticleError(
                    path, line, f"front matter: {key.value} must be plain text without < > [ ] {{ }} ` or \\"
                )
            if key.value == "hide" and part.value not in ("navigation", "toc"):
                raise ArticleError(path, line, f"front matter: hide must be navigation or toc, got {part.value}")
    return meta, found[0].count("\n")


def strange_fields(meta: Mapping[str, Any], path: str) -> list[str]:
    """The fields of a page's front matter that are not ours; only the home page hides its navigation.

    Parameters:
        meta: from `front_matter`.
        path: of the page.
    """
    return [name for name in meta if name not in FIELDS or (name == "hide" and Path(path).name != "index.md")]


@dataclass(slots=True)
class _Fence:
    """A fence as SuperFences hands it over; `line` is that of the first line of code."""

    language: str
    options: dict[str, str]
    attributes: bool
    source: str
    length: int
    line: int = 0


def _fences(text: str, start: int) -> tuple[list[_Fence], str]:
    """Every code fence, and the text with blank lines in place of fences and front matter."""
    fences: list[_Fence] = []

    def accept(_language: str, inputs: dict[str, str], chosen: dict[str, Any], _attrs: Any, _md: Markdown) -> bool:
        chosen.update(inputs)
        return True

    def keep(source: str, language: str, _class: str, chosen: dict[str, Any], _md: Markdown, **kwargs: Any) -> str:
        attributes = bool(kwargs["classes"] or kwargs["id_value"])
        fences.append(_Fence(language or "", chosen, attributes, source, finder.line_count))
        return ""

    every = {"name": "*", "class": "", "validator": accept, "format": keep}
    md = Markdown(
        extensions=["pymdownx.superfences"], extension_configs={"pymdownx.superfences": {"custom_fences": [every]}}
    )
    finder: Any = md.preprocessors["fenced_code_block"]
    # The two preprocessors that lie between a text and its fences: both keep the number of lines.
    lines = [""] * start + text.split("\n")[start:]
    lines = md.preprocessors["normalize_whitespace"].run(lines)
    prose: list[str] = []
    for line in finder.run(lines):
        if placeholder := HTML_PLACEHOLDER_RE.search(line):
            fence = fences[int(placeholder[1])]
            fence.line = len(prose) + 2
            prose += [""] * (fence.length + 2)
        else:
            prose.append(line)
    return fences, "\n".join(prose)


def _why_no_fence(stray: re.Match[str]) -> str:
    """What is wrong with a line that looks like the beginning of a fence and is none: its header, or its end."""
    if _fences(f"{stray['header']}\n{stray['fence']}", 0)[0]:
        return _OPEN.format("")
    return 'not a code fence: write options as name="value"'


def _fence_inside(fence: _Fence, lines: list[str]) -> int:
    """The line of another fence that begins inside of an equally long one, which is then open; 0 where there is none.

    Who shows a fence in a fence makes the outer one longer.
    """
    opening = _STRAY_FENCE.match(lines[fence.line - 2])
    for number, line in enumerate(fence.source.split("\n"), fence.line):
        found = _STRAY_FENCE.match(line)
        if opening and found and found["fence"].startswith(opening["fence"]):
            return number
    return 0


def _blocks(fences: list[_Fence], text: str, path: str) -> tuple[Block, ...]:
    lines = text.split("\n")
    blocks: list[Block] = []
    ids: dict[str, int] = {}
    for fence in fences:
        try:
            if inner := _fence_inside(fence, lines):
                raise ValueError(_OPEN.format(f" before the one at line {inner}"))
            if fence.language != "python":
                if run := {"exec", "code", "output", "seconds"} & fence.options.keys():
                    hint = did_you_mean(fence.language, ["python"])
                    raise ValueError(
                        f"only a python fence runs; {fence.language or 'this one'} has no {min(run)}{hint}"
                    )
                continue
            chosen = options(fence.options)
            if chosen.get("exec") and fence.attributes:
                raise ValueError('write the options of a block that runs as name="value"')
            # Markdown would make text and block one paragraph.
            around = (*lines[fence.line - 3 : fence.line - 2], *lines[fence.line + fence.length :][:1])
            if chosen.get("exec") and any(line.strip(" \t>") for line in around):
                raise ValueError("leave a blank line before and after a block that runs")
        except ValueError as error:
            raise ArticleError(path, fence.line - 1, str(error)) from None
        if chosen.get("exec"):
            chosen.setdefault("id", f"{Path(path).stem.lower()}-{sum(block.exec for block in blocks) + 1}")
            if (earlier := ids.setdefault(chosen["id"], fence.line - 1)) != fence.line - 1:
                raise ArticleError(path, fence.line - 1, f'id="{chosen["id"]}" is taken by the block at line {earlier}')
        blocks.append(Block(fence.line, fence.source, **chosen))
    return tuple(blocks)


def _values(prose: str, path: str) -> tuple[Value, ...]:
    values: list[Value] = []
    for span in CODE.finditer(prose):
        if not (calc := _CALC.fullmatch(span[2])):
            continue
        line, source = line_of(prose, span.start()), inline_source(calc[1])
        if not source:
            raise ArticleError(path, line, "an inline value without an expression")
        quoted = _QUOTED.fullmatch(source)
        idea, rest = (quoted["idea"], quoted["source"]) if quoted and not iskeyword(quoted["idea"]) else ("", source)
        # What follows the last " | " is a kind or a unit only if it looks like one: `sum(a | b)` has none.
        kind = _KIND.fullmatch(rest)
        rest, named, about = (kind["value"], kind["kind"], kind["about"] or "") if kind else (rest, "", "")
        unit = _UNIT.fullmatch(rest)
        if kind and (idea or not unit):
            why = "a quotation has the kind of what it quotes" if idea else "write expression | unit | kind"
            raise ArticleError(path, line, f"`#!calc {source}`: {why}")
        if named == "exact" and about:
            raise ArticleError(path, line, f"`#!calc {source}`: exact names nothing in parentheses")
        expression = unit["expression"] if unit else rest
        values.append(Value(line, source, expression, unit["unit"] if unit else "", idea, named, about.strip()))
    return _alike(values, path)


def _alike(values: list[Value], path: str) -> tuple[Value, ...]:
    """The values, each with the kind that its expression states anywhere in the article."""
    stated: dict[str, Value] = {}
    for value in values:
        if value.kind and (first := stated.setdefault(value.expression, value)).kind != value.kind:
            message = f"{value.expression} is {value.kind} here, and {first.kind} at line {first.line}"
            raise ArticleError(path, value.line, message)
    return tuple(
        replace(value, kind=found.kind, about=found.about)
        if not value.kind and not value.idea and (found := stated.get(value.expression))
        else value
        for value in values
    )


def line_of(text: str, position: int) -> int:
    """The line of a position, from 1."""
    return text.count("\n", 0, position) + 1

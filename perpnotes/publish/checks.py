"""The rules of an article, each with a code, a reason and a fix. Nothing runs: a page's text and syntax trees suffice.

A rule is a function below, registered with `@_rule`; `perpnotes check --rules` and the page of rules list them from
here. Codes are stable: a rule that goes takes its code with it, and no other rule gets it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

from perpnotes.publish import articles
from perpnotes.publish.articles import Article, ArticleError, Block, Section

SECTIONS = (
    "Myth and reality",
    "Exact definitions",
    "Worked example",
    "What the numbers say",
    "What breaks first",
    "Aivora perspective",
    "Quick Q&A",
    "Sources",
)
"""The `##` headings of an article, in order. The opening above them is its ninth part."""

PERSPECTIVES = {"trade": "If you trade", "build": "If you build an exchange", "manage": "If you manage risk"}
"""For each `audience`, the `###` heading of its perspective."""

MARK = "To write:"
"""What a sentence that a scaffold leaves to its author begins with."""

_DESCRIPTION = 160  # characters that search engines show

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


RULES: list[Rule] = []
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
        return [Fault(error.path, error.line, _UNREADABLE, error.message)]
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
            trees.append((block, ast.increment_lineno(ast.parse(block.source), block.line - 1)))
        except (SyntaxError, ValueError) as error:
            line = block.line - 1 + (getattr(error, "lineno", None) or 1)
            faults.append(Fault(article.path, line, _UNREADABLE, f"Python: {getattr(error, 'msg', error)}"))
    for value in article.evaluated:
        try:
            values.append((value.line, ast.parse(value.expression, mode="eval")))
        except (SyntaxError, ValueError) as error:
            message = f"`#!calc {value.source}`: {getattr(error, 'msg', error)}"
            faults.append(Fault(article.path, value.line, _UNREADABLE, message))
    page = Page(article, tuple(trees), tuple(values), terms or {}, quotable)
    full = is_article(article.path)
    for rule in RULES:
        if rule.everywhere or full:
            faults += [Fault(article.path, line, rule, message) for line, message in rule.find(page)]
    return sorted(faults, key=lambda fault: (fault.line, fault.rule.code))


def refused(article: Article) -> list[Fault]:
    """Why a page should not even be run: what cannot be read, and what its code must not do.

    Parameters:
        article: the page.
    """
    return [fault for fault in check_article(article) if fault.rule in (_UNREADABLE, _unsafe_code)]


def quotable(folder: Path) -> dict[str, set[str]]:
    """The inline values that pages can quote, by the name of the idea; none of an article that cannot be read.

    Parameters:
        folder: where the articles are.
    """
    found: dict[str, set[str]] = {}
    for file in folder.glob("*.md"):
        try:
            found[file.stem] = {value.source for value in articles.read(file).evaluated}
        except ArticleError:
            continue
    return found


def is_article(path: str | Path) -> bool:
    """Whether a page must have the anatomy of an article: it lies in `insights`."""
    return Path(path).parent.name == "insights"


def markdown() -> str:
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


def _rule(
    code: str, name: str, reason: str, fix: str, *, everywhere: bool = False
) -> Callable[[Callable[[Page], Found]], Rule]:
    def register(find: Callable[[Page], Found]) -> Rule:
        rule = Rule(code, name, reason, fix, everywhere, find)
        RULES.append(rule)
        return rule

    return register


# --- The page ---


@_rule(
    "PN001",
    "unreadable",
    "what cannot be read cannot be built",
    "correct the front matter, fence, inline value or Python that the message names",
    everywhere=True,
)
def _UNREADABLE(page: Page) -> Found:  # noqa: ARG001, N802
    """Found where a page is read; here, so that the rule stands in the list."""
    yield from ()


@_rule(
    "PN101",
    "front matter",
    "lists, feeds and search results are made of it",
    "give title, description, date, updated, authors, audience (trade, build, manage), claim and tags",
)
def _front_matter(page: Page) -> Found:
    meta = page.article.meta

    def texts(value: Any) -> bool:
        return isinstance(value, list) and bool(value) and all(isinstance(v, str) and v.strip() for v in value)

    for name in ("title", "description", "claim", "date", "updated", "authors", "audience", "tags"):
        value = meta.get(name)
        if value is None:
            yield _meta_line(page, name), f"front matter: {name} is missing"
        elif name in ("title", "description", "claim"):
            if not isinstance(value, str) or not value.strip():
                yield _meta_line(page, name), f"front matter: {name} must be a text"
        elif name in ("date", "updated"):
            if not isinstance(value, date):
                yield _meta_line(page, name), f"front matter: {name} must be a date such as 2026-01-31, got {value!r}"
        elif not texts(value):
            yield _meta_line(page, name), f"front matter: {name} must be a list of texts"
        elif name == "audience":
            for reader in value:
                if reader not in PERSPECTIVES:
                    yield _meta_line(page, name), f"front matter: audience is {', '.join(PERSPECTIVES)}, got {reader}"
    first, last = meta.get("date"), meta.get("updated")
    if isinstance(first, date) and isinstance(last, date) and last < first:
        yield _meta_line(page, "updated"), "front matter: updated is before date"


@_rule(
    "PN102",
    "long description",
    "search results and previews cut it off",
    f"say it in at most {_DESCRIPTION} characters",
)
def _long_description(page: Page) -> Found:
    text = page.article.meta.get("description")
    if isinstance(text, str) and len(text) > _DESCRIPTION:
        yield _meta_line(page, "description"), f"the description has {len(text)} characters"


@_rule(
    "PN103",
    "sections",
    "a reader finds the same parts in the same order in every article",
    "write an opening with a computed number, then the sections " + ", ".join(SECTIONS),
)
def _sections(page: Page) -> Found:
    article = page.article
    at = {section.title.casefold(): section for section in article.sections if section.level == 2}
    first = min((section.line for section in article.sections if section.level == 2), default=_end(article))
    top = next((section.line for section in article.sections if section.level == 1), 0)
    if not top or not _filled(article, top + 1, first):
        yield top or 1, "the opening is missing: a # heading, and the claim below it"
    elif not any(top < value.line < first for value in article.values):
        yield top, "the opening has no computed number"
    latest = 0
    for title in SECTIONS:
        section = at.get(title.casefold())
        if section is None:
            yield max(latest, top, 1), f"section {title!r} is missing"
            continue
        if section.line < latest:
            yield section.line, f"section {title!r} comes too early"
        if not _filled(article, section.line + 1, _until(article, section)):
            yield section.line, f"section {title!r} is empty"
        latest = max(latest, section.line)


@_rule(
    "PN104",
    "perspective",
    "who is named as a reader gets one thing to do",
    'write the perspective as "### If you …" in "Aivora perspective", or correct audience',
)
def _perspective(page: Page) -> Found:
    start, end = _span(page.article, "Aivora perspective")
    there = {s.title.casefold() for s in page.article.sections if s.level == 3 and start < s.line < end}
    readers = page.article.meta.get("audience")
    for reader in readers if isinstance(readers, list) else []:
        if (title := PERSPECTIVES.get(reader)) and title.casefold() not in there:
            yield start or _meta_line(page, "audience"), f"audience {reader} has no perspective {title!r}"


@_rule(
    "PN105",
    "to write",
    "a scaffold is not an article",
    "write the sentence",
)
def _to_write(page: Page) -> Found:
    for number, line in enumerate(page.article.text.split("\n"), 1):
        if found := re.search(re.escape(MARK) + r"\W*([^\"]{0,60})", line):
            yield number, f"a sentence to write: {found[1]}…"


# --- Prose ---

_CODE = re.compile(r"(?<![\\`])(`+)(?!`)((?:[^\n]|\n(?!\s*\n))+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"!?\[(?P<text>[^\]\[]*)\](?:\((?P<target>[^()\s]*(?:\([^()]*\)[^()\s]*)*)[^()]*\)|\[[^\]]+\])")
_URL = re.compile(r"<?https?://[^\s>]+>?")
_HEADINGS = re.compile(r"^#{1,6}[ \t].*$", re.MULTILINE)
_DEFINITIONS = re.compile(r"^\[[^\]]+\]:.*(?:\n[ \t]+\S.*)*$", re.MULTILINE)
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]")
_ATTRIBUTES = re.compile(r"\{:?\s*[#.][^}\n]*\}|</?[a-zA-Z][^<>]*>")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATES = re.compile(
    rf"\b\d{{4}}-\d\d(?:-\d\d)?\b|\b\d{{1,2}}:\d\d(?::\d\d)?\b|\b\d{{1,2}}\s+{_MONTH}(?:\s+\d{{4}})?|\b{_MONTH}\s+\d{{1,2}}"
    rf"(?:,?\s+\d{{4}})?\b|\b{_MONTH}\s+\d{{4}}\b"
    # A year by itself; not an amount.
    r"|(?<![$€£−+.,\w-])(?:19|20)\d\d(?:[-–]\d\d(?:\d\d)?)?(?![\d,.]*\d)(?!\s*(?:%|×|x\b|bp\b|[A-Z]{3,4}\b|dollars|"
    r"percent|contracts|coins|positions|accounts|hours|days|seconds))"
)
_NUMBER = re.compile(
    r"(?<![\w/^])(?<!\w-)(?:[-+−±][$€£]?|[$€£])?\d+(?:[.,]\d+)*(?:\s?(?:%|×|x\b|bps?\b|k\b|m\b))?(?!\w)"
)
_ITEM = re.compile(r"^[ \t>]*(?:[-*+]|\d+[.)])[ \t]+")
_ROW = re.compile(r"^[ \t>]*\|")
_SENTENCE = re.compile(r"(?<=[.!?])['\"”’)*_]*\s+(?=[\"“'*_\[`(]*[A-Z0-9])")


@_rule(
    "PN201",
    "typed number",
    "a number that was typed does not change when the code that should compute it does",
    "write `#!calc expression | unit`, or words, or link the source of a fact in the same sentence",
)
def _typed_number(page: Page) -> Found:
    start, end = _span(page.article, "Sources")
    for line, number in _numbers(page.article.prose):
        if not start < line < end:
            yield line, f"{number} is typed, not computed"
    for value, (line, tree) in zip(page.article.values, page.values, strict=False):
        if not _loaded(tree):
            yield line, f"`#!calc {value.source}` names nothing that the page computes"
    for name, call in _calls(page):
        for argument in _words(page, name, call):
            text = _text(argument)
            if text:
                for _, number in _numbers(text):
                    yield argument.lineno, f"{number} is typed in a string that readers see, not computed"


@_rule(
    "PN202",
    "unlinked term",
    "a term has one meaning here, and a reader must be able to look it up",
    "link the term where it is first used",
)
def _unlinked_term(page: Page) -> Found:
    text = _mask(page.article.prose, _CODE, _HEADINGS, _DEFINITIONS, _URL, _ATTRIBUTES)
    linked = set(re.findall(r"glossary\.md#([\w-]+)", text))
    text = _LINK.sub(lambda m: _blank(m[0]) if "glossary.md#" in (m["target"] or "") else m[0], text)
    start, end = _span(page.article, "Sources")
    lines = text.split("\n")
    if start:
        lines[start - 1 : end - 1] = [""] * (end - start)
    text = "\n".join(lines)
    # The longest first, so that "distance to liquidation" is not a use of "liquidation".
    for anchor, term in sorted(page.terms.items(), key=lambda item: -len(item[1])):
        words = r"\s+".join(map(re.escape, term.split()))
        pattern = re.compile(rf"(?<![\w-]){words}s?(?![\w-])", re.IGNORECASE)
        found = pattern.search(text)
        text = _mask(text, pattern)
        if found and anchor not in linked and term.casefold() not in _EVERYDAY:
            yield _line(text, found.start()), f"{term.lower()!r} is in the glossary (#{anchor}) and never linked here"


_EVERYDAY = {"basis", "clock", "drift", "driver", "gap", "persistence", "premium"}  # mostly mean something else


@_rule(
    "PN203",
    "source without link",
    "a reader must be able to open what a fact rests on",
    "link the document itself, or its DOI",
)
def _source_without_link(page: Page) -> Found:
    start, end = _span(page.article, "Sources")
    prose = page.article.prose.split("\n")[start : end - 1]
    items = [(line, text) for line, text, whole in _passages("\n".join(prose)) if whole]
    if start and not items:
        yield start, "Sources has no list of sources"
    for line, text in items:
        if not _URL.search(text) and not _LINK.search(text):
            yield start + line, "a source without a link"


@_rule(
    "PN204",
    "lost quotation",
    "a page that quotes a number which its article no longer has cannot be built",
    "quote a value of the article by the expression and unit that it has there, or put the value back",
    everywhere=True,
)
def _lost_quotation(page: Page) -> Found:
    for value in page.article.values:
        if not value.idea or page.quotable is None:
            continue
        wanted, known = value.source.partition(":")[2].strip(), page.quotable.get(value.idea)
        if known is None:
            yield value.line, f"`#!calc {value.source}`: there is no article {value.idea} that can be read"
        elif wanted not in known:
            close = ", ".join(f"`{other}`" for other in get_close_matches(wanted, known, 3, 0.0)) or "none"
            yield value.line, f"the article {value.idea} has no inline value `{wanted}`; it has {close}"


@_rule(
    "PN205",
    "swallowed line",
    "Markdown makes a list item directly below a line of text, and an indented heading, part of a paragraph",
    "leave an empty line before a list, and begin a heading at the margin",
    everywhere=True,
)
def _swallowed_line(page: Page) -> Found:
    prose = _CODE.sub(lambda span: re.sub(r"[^\n]", "x", span[0]), page.article.prose)
    running = listed = False  # a paragraph, or a list, that the next line would belong to
    for number, (line, written) in enumerate(zip(prose.split("\n"), page.article.text.split("\n"), strict=False), 1):
        line = _QUOTE.sub("", line)
        if not line.strip():
            # A fence stands for what it shows, and text directly below it belongs to the same paragraph.
            running, listed = bool(_FENCE.match(written)), False
        elif _LISTED.match(line):
            if running:
                yield number, f"{line.strip()[:30]!r} is part of the paragraph above it, no list item"
            running, listed = False, True
        elif re.match(r" {1,3}#{1,6}[ \t]", line):
            yield number, f"{line.strip()[:30]!r} is a paragraph, no heading"
        elif re.match(r"#{1,6}[ \t]", line) or (not running and _OPENING.match(line)):
            running = listed = False
        else:
            running = not listed


_QUOTE = re.compile(r"^(?: {0,3}> ?)+")
_FENCE = re.compile(r"[> \t]*(?:```|~~~)")
_LISTED = re.compile(r"[ \t]*(?:[-*+]|\d{1,2}\.)[ \t]+\S")
_OPENING = re.compile(r"[ \t]*(?:</?[a-z]|!!!|\?\?\?|===|\[[^^\]][^\]]*\]:)")  # an element, a box, a link


# --- Code ---

_FIGURES = {f"perpnotes.publish.figures.{name}" for name in ("bars", "figure", "heatmap", "lines")}
_TABLES = {f"perpnotes.publish.tables.{name}" for name in ("derivation", "table", "tiles")}
_ANSWER = "perpnotes.publish.answers.answer"
_EXPLORE = "perpnotes.publish.explore.explore"


@_rule(
    "PN301",
    "rebound name",
    "inline values are computed after all blocks: a name that changes would show its last value at its first mention",
    "give the second thing its own name",
)
def _rebound_name(page: Page) -> Found:
    """Exempt: the same import again; loop variables that no inline value reads; branches of one statement; `x += …`
    in the block that binds `x`.
    """
    read_inline = set().union(*(_loaded(tree) for _, tree in page.values))
    first: dict[str, tuple[int, str, Block]] = {}
    for block, tree in page.trees:
        for name, line, what in _bindings(tree.body):
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
        if any(isinstance(node, ast.NamedExpr) for node in ast.walk(value)):
            yield line, "an inline value binds a name"


@_rule(
    "PN302",
    "idle block",
    "a block that shows nothing and defines nothing used is code that a reader has to read for nothing",
    "print or show a result, use what the block defines, or remove it; a bare expression shows nothing",
)
def _idle_block(page: Page) -> Found:
    showing = {"print"} | {n for n, full in _origins(page).items() if full.startswith("perpnotes.publish.")}
    showing -= {n for n, full in _origins(page).items() if full.startswith("perpnotes.publish.units")}
    functions = [node for _, tree in page.trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    for _ in functions:  # a function shows if one that it calls does
        showing |= {function.name for function in functions if _loaded(function) & showing}
    later = set().union(*(_loaded(tree) for _, tree in page.values))
    for block, tree in reversed(page.trees):
        runs = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom)]
        shows = any(_loaded(node) & showing for node in runs)
        if not shows and not ({name for name, _, _ in _bindings(tree.body)} | _changed(tree)) & later:
            yield block.line, "the block shows nothing and defines nothing that is used later"
        later |= _loaded(tree)


@_rule(
    "PN303",
    "figure without text",
    "who cannot see a figure reads its text, and a caption says what everybody else is looking at",
    "give caption and alt (for a table: caption); in Markdown, `![text](path)`",
)
def _figure_without_text(page: Page) -> Found:
    for name, call in _calls(page):
        needed = ("caption", "alt") if name in _FIGURES else ("caption",) if name in _TABLES else ()
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        for argument in needed:
            value = given.get(argument)
            if (value is None and None not in given) or (isinstance(value, ast.Constant) and not _text(value).strip()):
                yield call.lineno, f"{name.rpartition('.')[2]} without {argument}"
    for found in re.finditer(r"!\[\s*\](?=[(\[])", _mask(page.article.prose, _CODE)):
        yield _line(page.article.prose, found.start()), "an image without alternative text"


@_rule(
    "PN304",
    "answer without value",
    "an answer that was typed is an opinion; a computed one can be asked why",
    "put at least one computed value into the answer: an f-string with a placeholder",
)
def _answer_without_value(page: Page) -> Found:
    typed = {name for name, full in _origins(page).items() if full.startswith("perpnotes.publish.")} | {
        target.id
        for _, tree in page.trees
        for node in tree.body
        if isinstance(node, ast.Assign) and not _loaded(node.value)
        for target in node.targets
        if isinstance(target, ast.Name) and _text(node.value)
    }
    for name, call in _calls(page):
        if name == _ANSWER:
            given = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "text")]
            if given and not _loaded(given[0]) - typed:
                yield call.lineno, "an answer without a computed value"


@_rule(
    "PN305",
    "example imports",
    "a reader runs the worked example with perpnotes and numpy, and nothing else",
    "import perpnotes (not perpnotes.publish) and numpy only; figures and tables belong below",
)
def _example_import(page: Page) -> Found:
    start, end = _span(page.article, "Worked example")
    for block, tree in page.trees:
        if start < block.line < end:
            for line, module in _imported(tree):
                if module.split(".")[0] not in ("numpy", "perpnotes") or module.split(".")[:2] == _PUBLISH:
                    yield line, f"the worked example imports {module}"


_PUBLISH = ["perpnotes", "publish"]
_ROOMS = {
    f"perpnotes.publish.{room}"
    for room in ("answers", "checks", "explore", "figures", "listing", "tables", "units", "verification")
}
_MODULES = {
    "bisect", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools",
    "heapq", "itertools", "math", "statistics", "textwrap", "numpy", "numpy.fft", "numpy.linalg", "numpy.polynomial",
    "numpy.random",
}  # fmt: skip
_BUILTINS = {
    "__import__", "breakpoint", "compile", "delattr", "dir", "eval", "exec", "exit", "getattr", "globals", "help",
    "input", "locals", "open", "quit", "setattr", "vars",
}  # fmt: skip
_REACHING = {
    # numpy's files, memory and C
    "DataSource", "ctypes", "ctypeslib", "distutils", "dump", "dumps", "f2py", "fromfile", "fromregex", "genfromtxt",
    "lib", "load", "loads", "loadtxt", "memmap", "npyio", "open_memmap", "save", "savetxt", "savez", "savez_compressed",
    "testing", "tofile",
    # modules that an allowed one has imported
    "asyncio", "attrgetter", "bltns", "builtins", "copyreg", "gc", "importlib", "inspect", "io", "linecache",
    "methodcaller", "multiprocessing", "operator", "os", "pathlib", "pickle", "posix", "runpy", "shutil", "socket",
    "subprocess", "sys", "tempfile", "threading", "types", "urllib", "Path",
    "read_bytes", "read_text", "write_bytes", "write_text",
    # rooms of perpnotes.publish that run or read things
    "Display", "ElementTree", "articles", "cli", "displays", "examples", "export", "fences", "ledger", "published",
    "scaffold", "show", "vl_convert", "worker",
    # frames, and what evaluates annotations or source, or gets and sets attributes by name
    "ForwardRef", "ag_frame", "annotationlib", "cr_frame", "f_back", "f_builtins", "f_globals", "f_locals",
    "get_type_hints", "gi_code", "gi_frame", "make_dataclass", "singledispatch", "singledispatchmethod",
    "tb_frame", "tb_next", "update_wrapper", "wraps",
}  # fmt: skip
_PUBLIC = {"_asdict", "_fields", "_replace"}  # of named tuples


@_rule(
    "PN401",
    "unsafe code",
    "article code is somebody else's code and runs on the machine of whoever builds the site",
    "use perpnotes, numpy and a few modules of the standard library; no files, processes, network, private attributes "
    "or dynamic execution",
    everywhere=True,
)
def _unsafe_code(page: Page) -> Found:
    """A sieve that keeps honest articles simple and refuses what they never need; not a sandbox."""
    trees: list[tuple[int, ast.AST]] = [(block.line, tree) for block, tree in page.trees]
    for line, tree in [*trees, *page.values]:
        literal = {
            node.func
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "getattr"
            and len(node.args) > 1
            and isinstance(node.args[1], ast.Constant)
            and _allowed(str(node.args[1].value))
        }
        for node in ast.walk(tree):
            # An inline value is parsed without its place in the file.
            at = line if isinstance(tree, ast.Expression) else getattr(node, "lineno", line)
            if isinstance(node, ast.Import | ast.ImportFrom):
                for _, module in _imported(node):
                    if not _importable(module, node):
                        yield at, f"import of {module}"
            elif isinstance(node, ast.Name) and node not in literal:
                if isinstance(node.ctx, ast.Load) and (node.id in _BUILTINS or _dunder(node.id)):
                    yield at, f"use of {node.id}"
            elif isinstance(node, ast.Attribute):
                own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                if _dunder(node.attr) or not (_allowed(node.attr) or (own and node.attr not in _REACHING)):
                    yield at, f"use of .{node.attr}"
            elif isinstance(node, ast.MatchClass):
                for name in node.kwd_attrs:
                    if not _allowed(name):
                        yield at, f"use of .{name}"
            elif isinstance(node, ast.Constant) and (found := re.search(r"__\w+__", str(node.value))):
                yield at, f"{found[0]} in a string"


def _importable(module: str, node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Import):
        return module in _MODULES | _ROOMS or _idea(module)
    if node.level or module.endswith(".*"):
        return False
    origin, _, name = module.rpartition(".")
    if origin == "perpnotes.publish":
        return module in _ROOMS
    return (origin in _MODULES | _ROOMS or _idea(origin)) and _allowed(name) and module != "perpnotes.publish"


def _idea(module: str) -> bool:
    first, _, name = module.partition(".")
    return first == "perpnotes" and "." not in name and not name.startswith("_") and name != "publish"


def _allowed(name: str) -> bool:
    return name in _PUBLIC or (not name.startswith("_") and name not in _REACHING)


def _dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


# --- Reading text ---


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _mask(text: str, *patterns: re.Pattern[str]) -> str:
    """`text` with spaces in place of what `patterns` find, so that every position stays."""
    for pattern in patterns:
        text = pattern.sub(lambda found: _blank(found[0]), text)
    return text


def _numbers(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each number that stands in prose without a source."""
    plain = _mask(text, _CODE, _HEADINGS, _DEFINITIONS)
    for start, passage, _ in _passages(plain):
        if _cited(passage):
            continue
        words = _mask(passage, _LINK, _URL, _FOOTNOTE, _ATTRIBUTES, _DATES, _ITEM)
        for found in _NUMBER.finditer(words):
            yield start + _line(words, found.start()) - 1, found[0].strip()


def _cited(passage: str) -> bool:
    """Whether a passage carries its source: a footnote, or a link to anything but the glossary or this page."""
    if _FOOTNOTE.search(passage) or _URL.search(passage):
        return True
    targets = [found["target"] for found in _LINK.finditer(passage)]
    return any(target is None or not re.match(r"#(?!sources)|.*glossary\.md", target) for target in targets)


def _passages(text: str) -> Iterator[tuple[int, str, bool]]:
    """First line, text and whether it is a list item or a row of a table; of other text, each sentence."""
    chunk: list[str] = []
    begin = 1
    for number, line in enumerate([*text.split("\n"), ""], 1):
        new = _ITEM.match(line) or _ROW.match(line)
        if chunk and (new or not line.strip()):
            yield from _split(begin, "\n".join(chunk))
            chunk = []
        if line.strip():
            begin = begin if chunk else number
            chunk.append(line)


def _split(begin: int, text: str) -> Iterator[tuple[int, str, bool]]:
    if _ITEM.match(text) or _ROW.match(text):
        yield begin, text, True
        return
    position = 0
    for found in [*_SENTENCE.finditer(text), None]:
        end = found.end() if found else len(text)
        yield begin + _line(text, position) - 1, text[position:end], False
        position = end


def _meta_line(page: Page, name: str) -> int:
    found = re.search(rf"^{name}[ \t]*:", page.article.text, re.MULTILINE)
    return _line(page.article.text, found.start()) if found and page.article.meta else 1


def _end(article: Article) -> int:
    return article.text.count("\n") + 2


def _until(article: Article, section: Section) -> int:
    """The line of the next section of the same rank, or the line after the last."""
    after = (s.line for s in article.sections if s.line > section.line and s.level <= section.level)
    return next(after, _end(article))


def _span(article: Article, title: str) -> tuple[int, int]:
    """The lines of a `##` heading and of the one after it; `(0, 0)` where there is none."""
    for section in article.sections:
        if section.level == 2 and section.title.casefold() == title.casefold():
            return section.line, _until(article, section)
    return 0, 0


def _filled(article: Article, start: int, end: int) -> bool:
    """Whether there is prose, or a block that runs, between two lines."""
    prose = _mask(article.prose, _HEADINGS).split("\n")[start - 1 : end - 1]
    return any(line.strip() for line in prose) or any(start <= block.line < end for block in article.executed)


# --- Reading code ---


def _loaded(tree: ast.AST) -> set[str]:
    """Names that are read."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def _origins(page: Page) -> dict[str, str]:
    """What each imported name stands for."""
    origins: dict[str, str] = {}
    for _, tree in page.trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                origins |= {
                    a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
                }
            elif isinstance(node, ast.ImportFrom):
                origins |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return origins


def _calls(page: Page) -> Iterator[tuple[str, ast.Call]]:
    """Every call of something imported, by its full name."""
    origins = _origins(page)
    for _, tree in page.trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                root, _, rest = ast.unparse(node.func).partition(".")
                if root in origins:
                    yield f"{origins[root]}.{rest}".rstrip("."), node


def _words(page: Page, name: str, call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that a reader reads as prose; of `explore`, what its function returns."""
    if name == _EXPLORE:
        drawn = {node.id for node in call.args if isinstance(node, ast.Name)}
        bodies = [node for _, tree in page.trees for node in tree.body if getattr(node, "name", "") in drawn]
        return [r.value for body in bodies for r in ast.walk(body) if isinstance(r, ast.Return) and r.value]
    if name == _ANSWER:
        return [*call.args, *(keyword.value for keyword in call.keywords)]
    if name in _FIGURES | _TABLES:
        return [keyword.value for keyword in call.keywords if keyword.arg in ("caption", "alt")]
    return []


def _text(node: ast.expr) -> str:
    """The typed text of a string; what it computes is an x."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "x" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return ""


def _bindings(body: Iterable[ast.stmt], statement: str = "") -> Iterator[tuple[str, int, str]]:
    """Name, line and kind of what top-level statements bind; equal kinds of one name are one binding."""
    for node in body:
        # The branches of one `if` or `try` bind one thing.
        place = statement or f"at {node.lineno}:{node.col_offset}"
        yield from ((n.target.id, n.lineno, place) for n in _outer(node) if isinstance(n, ast.NamedExpr))
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                yield alias.asname or whole, node.lineno, f"import {whole}"
        elif isinstance(node, ast.ImportFrom):
            yield from ((a.asname or a.name, node.lineno, f"import {node.module}.{a.name}") for a in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno, place
        elif isinstance(node, ast.Assign):
            yield from ((name, node.lineno, place) for target in node.targets for name in _stored(target))
        elif isinstance(node, ast.AnnAssign) and node.value:
            yield from ((name, node.lineno, place) for name in _stored(node.target))
        elif isinstance(node, ast.AugAssign):
            yield from ((name, node.lineno, "augmented") for name in _stored(node.target))
        elif isinstance(node, ast.For | ast.AsyncFor):
            yield from ((name, node.lineno, "loop") for name in _stored(node.target))
            yield from _bindings([*node.body, *node.orelse])
        elif isinstance(node, ast.While):
            yield from _bindings([*node.body, *node.orelse])
        elif isinstance(node, ast.With | ast.AsyncWith):
            targets = [item.optional_vars for item in node.items if item.optional_vars]
            yield from ((name, node.lineno, place) for target in targets for name in _stored(target))
            yield from _bindings(node.body, statement)
        elif isinstance(node, ast.If):
            yield from _bindings([*node.body, *node.orelse], place)
        elif isinstance(node, ast.Try):
            handled = [inner for handler in node.handlers for inner in handler.body]
            yield from _bindings([*node.body, *handled, *node.orelse, *node.finalbody], place)
        elif isinstance(node, ast.Match):
            yield from _bindings([inner for case in node.cases for inner in case.body], place)


def _outer(node: ast.stmt) -> Iterator[ast.AST]:
    """What a statement evaluates itself: neither what is inside a function, nor the statements in its body."""
    waiting: list[ast.AST] = [] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += [c for c in ast.iter_child_nodes(found) if not isinstance(c, ast.stmt | ast.Lambda)]


def _stored(target: ast.expr) -> list[str]:
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def _changed(tree: ast.Module) -> set[str]:
    """Names of what a block changes without binding it: `x.append(…)`, `x[0] = …`."""
    changed: set[str] = set()
    for node in ast.walk(tree):
        target: ast.AST | None = None
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            target = node.value.func
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            target = node
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
            if isinstance(target, ast.Name):
                changed.add(target.id)
    return changed

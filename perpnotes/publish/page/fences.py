"""Renders what an article's blocks and inline values computed, as Python-Markdown extension functions.

`mkdocs.yml` names `validate`, `format` and `value`. Both generators call them; a fault stops either of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from click import ClickException
from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import HTML_PLACEHOLDER, AtomicString
from markdown_exec import InsertHeadings, base_format, markdown_config
from markdown_exec._internal.rendering import _register_headings_processors
from pymdownx.inlinehilite import InlineHiliteException
from pymdownx.superfences import SuperFencesException, highlight_validator

from perpnotes.publish import articles, inputs
from perpnotes.publish.compute import results, trace
from perpnotes.publish.compute.outputs import Output
from perpnotes.publish.compute.worker import Computed
from perpnotes.publish.page import markup

_LONE_BLOCK = re.compile(f"<p>({HTML_PLACEHOLDER % r'[0-9]+'})\\s+</p>")
_DATA = re.compile(r'<details class="pn-data".*?</details>', re.DOTALL)
_BEGIN, _MIDDLE, _END = "\ue0a0", "\ue0a1", "\ue0a2"  # for private use, around a number while Markdown is rendered
_MARKED = re.compile(f"{_BEGIN}([a-z0-9.]+) ([-+.\\w]*){_MIDDLE}([^<>{_BEGIN}{_END}]*){_END}")
_INCLUDING = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(?:#{1,6}[ \t]*)?:::", re.MULTILINE)


class Stop(SuperFencesException, InlineHiliteException, ClickException):  # type: ignore[misc]  # they have no types
    """A fault that ends the build.

    The first two bases are what pymdownx does not swallow; with the third, MkDocs prints the message and no traceback
    of its own.
    """


def validate(
    language: str, inputs: dict[str, str], options: dict[str, Any], attrs: dict[str, Any], md: Markdown
) -> bool:
    """Check the options of a Python fence.

    Parameters:
        language: as written.
        inputs: the options as written.
        options: where those that `format` gets are put.
        attrs: untouched.
        md: the instance that renders the page.

    Returns:
        True; a faulty fence never falls back to text.

    Raises:
        Stop: an unknown option or a wrong value, with its line.
    """
    _read(md)  # fails at a faulty fence of the page, with its line; SuperFences is lenient with some
    try:
        chosen = articles.options(inputs)
    except ValueError as error:
        stop(md, str(error))
    shown = {"hl_lines", "linenums"} | ({"title"} if chosen.get("code") != "folded" else set())
    highlight_validator(language, {name: inputs[name] for name in inputs if name in shown}, options, attrs, md)
    options["exec"] = chosen.get("exec", False)
    return True


def format(source: str, language: str, _class: str, options: dict[str, Any], md: Markdown, **kwargs: Any) -> str:  # noqa: A001  (mkdocs.yml names it)
    """Render a Python fence: highlighted code and, where it runs, what it shows.

    Parameters:
        source: the code.
        language: as written.
        options: from `validate`.
        md: the instance that renders the page.
        **kwargs: for the highlighter.

    Returns:
        HTML.

    Raises:
        Stop: the page failed.
    """
    executed = options.pop("exec")
    page = _Page.of(md) if executed else None
    fence: Any = md.preprocessors["fenced_code_block"]
    code: str = fence.highlight(src=source, language=language, options=options, md=md, **kwargs)
    if page is None:
        return code
    block, shown = page.next(source)
    headings: list[Element] = []
    shown = [page.answered(output) if output.kind == "answer" else output for output in shown]
    parts = [
        _output(output, block, md, headings, block.id if number == 1 else f"{block.id}-{number}")
        for number, output in enumerate(shown, 1)
    ]
    if block.code == "folded":
        title = escape(block.title or "Code")
        parts.append(f'<details class="pn-code"><summary>{title}</summary>{code}</details>')
    else:
        parts.insert(0, code)
    html = f'<div class="pn-block" id="{block.id}">' + "\n".join(parts) + "</div>"
    if headings:  # markdown-exec finds them by the whole text of the stashed block
        md.treeprocessors[InsertHeadings.name].headings[html] = headings  # type: ignore[attr-defined]
    if "mkdocs_extract_anchors" in md.treeprocessors:  # MkDocs does not look for link targets in stashed HTML
        md.treeprocessors["mkdocs_extract_anchors"].present_anchor_ids.update(re.findall(r'\sid="([^"]+)"', html))  # type: ignore[attr-defined]
    return html


def value(source: str, _language: str, css_class: str, md: Markdown) -> Element | str:
    """Render an inline value.

    Parameters:
        source: the expression and its unit.
        css_class: the class of the element.
        md: the instance that renders the page.

    Returns:
        A `data` element with the formatted value. Its title is the expression; by its `data-trace` a reader asks it.
        Another article's number is a link to the block there. `data-kind` is its kind of evidence, quoted or not,
        `data-about` what that names, and `data-low` and `data-high` are its range, which `data-span` has as text. For
        another article's figure its HTML, without the table of its data.

    Raises:
        Stop: the page failed.
    """
    text = articles.inline_source(source)
    page = _Page.of(md)
    if text not in page.values:
        stop(md, f"`#!calc {text}` is not in the text of the page's file", text)
    found, result = page.values[text]
    if found.pictures:
        return _DATA.sub("", result.raw)
    title = f"{found.idea}: {found.expression}" if found.idea else found.expression
    element = Element("data", {"class": css_class, "value": _ten_digits(result.raw), "title": title})
    element.text = AtomicString(result.text)
    element.set("data-trace", _asked(page.article, found))
    for name in ("kind", "about", "low", "high", "span"):
        if (said := getattr(result, name)) and not (name == "about" and found.idea):
            element.set(f"data-{name}", said)
    if not found.idea:
        return element
    file = Path(results.INSIGHTS, f"{found.idea}.md")
    home = inputs.ask(_home, file, found.expression)
    target = Path(os.path.relpath(file, Path(page.article.path).parent)).as_posix()
    link = Element("a", {"href": f"{target}#{home}".removesuffix("#")})
    link.append(element)
    return link


def _ten_digits(raw: str) -> str:
    """A long number as far as machines need it in the page; the card that answers a reader has all of it."""
    return f"{float(raw):.10g}" if re.fullmatch(r"-?\d+\.\d{8,}(e-?\d+)?", raw) else raw


def _asked(article: articles.Article, value: articles.Value) -> str:
    """The id by which a reader asks an inline value; that of another article begins with its idea."""
    if not value.idea:
        return trace.numbered(article)[value.source]
    return f"{value.idea}:{inputs.ask(_elsewhere, Path(results.INSIGHTS, f'{value.idea}.md'), value.asked)}"


def _elsewhere(path: Path, asked: str) -> str:
    article = articles.read(path)
    ids = trace.numbered(article)
    return next(ids[value.source] for value in article.evaluated if value.asked == asked)


def path_of(md: Markdown) -> Path | None:
    """The file of the page that `md` renders; None for text that is not a page, such as a docstring."""
    if "relpath" in md.treeprocessors:  # MkDocs
        found = md.treeprocessors["relpath"].file.abs_src_path  # type: ignore[attr-defined]  # as MkDocs has it
        return Path(found) if found else None
    if "rendering_context" in md.preprocessors:  # Zensical
        context = md.preprocessors["rendering_context"]
        return Path(context.config["docs_dir"], context.page.path)  # type: ignore[attr-defined]  # as Zensical has it
    return None


def own_page(md: Markdown) -> Path | None:
    """The same, but None for what a block prints, too."""
    return None if hasattr(md, "_original_md") else path_of(md)


def stop(md: Markdown, message: str, text: str = "") -> NoReturn:
    """End the build with a fault in `text` of the page.

    Parameters:
        md: the instance that renders the page.
        message: what is wrong.
        text: what the page's file is searched for, to name the line; the first of its lines is enough.

    Raises:
        Stop: always.
    """
    outer = getattr(md, "_original_md", md)
    path = path_of(outer)
    if path is None:
        raise Stop(message)
    where = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    first = text.strip().partition("\n")[0]
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    number = next((number for number, line in enumerate(lines, 1) if first and first in line), 1)
    raise Stop(f"{where.as_posix()}:{number}: {message}")


def compute(path: Path) -> Computed:
    """What the page in a file computes; as `results.of`."""
    return results.of(articles.read(path))


def _home(path: Path, expression: str) -> str:
    """The block of an article that binds the first name of an inline value; empty for none."""
    return next(iter(articles.read(path).homes(expression).values()), "")


def _read(md: Markdown) -> articles.Article | None:
    path = own_page(md)
    try:
        return articles.read(path) if path else None
    except articles.ArticleError as error:
        raise Stop(str(error)) from None


class _Page(Postprocessor):
    """What one page computed, kept by the instance that renders it, and only until it has."""

    name = "perpnotes_page"

    def __init__(self, md: Markdown, article: articles.Article) -> None:
        super().__init__(md)
        try:
            computed = inputs.ask(compute, Path(article.path))
        except articles.ArticleError as error:
            raise Stop(str(error)) from None
        owners = {block.id: block.line - 1 for block in article.executed}
        for block, shown in zip(article.executed, computed.outputs, strict=True):
            for name in (output.data["id"] for output in shown if "id" in output.data):
                if (owner := owners.get(name)) is not None:
                    raise Stop(f'{article.path}:{block.line - 1}: id="{name}" is taken by the block at line {owner}')
                owners[name] = block.line - 1
        self.done, self.article = False, article
        self.values = {value.source: (value, computed.values[value.source]) for value in article.values}
        self._blocks = list(zip(article.executed, computed.outputs, strict=True))[::-1]
        self._told = computed.told.get("numbers", [])
        self._answers = list(enumerate(computed.told.get("at", {}).get("answers", [])))[::-1]

    @classmethod
    def of(cls, md: Markdown) -> _Page:
        """The page that `md` renders; computed when first asked for."""
        page = md.postprocessors[cls.name] if cls.name in md.postprocessors else None  # noqa: SIM401  (no mapping)
        if not isinstance(page, cls) or page.done:
            article = _read(md)
            if article is None:
                stop(md, "code runs only in a page's own text, not in what a block prints or in a docstring")
            page = cls(md, article)
            md.postprocessors.register(page, cls.name, 35)  # before 30, where stashed HTML comes back
        return page

    def next(self, source: str) -> tuple[articles.Block, Sequence[Output]]:
        """The next block and what it shows, if it is the one that is being rendered."""
        if not self._blocks or self._blocks[-1][0].source != source:
            stop(self.md, "the code to be shown is not the code that ran: it is not in the page's file", source)
        return self._blocks.pop()

    def answered(self, output: Output) -> Output:
        """An answer with a mark before and behind each of its numbers."""
        number, spans = self._answers.pop() if self._answers else (0, [])
        text = output.data["answer"]
        head, found, tail = output.content.rpartition(text)
        if not found:
            return output
        for place, (begin, end, told) in reversed(list(enumerate(spans))):
            marked = f"{_BEGIN}a{number}.{place} {self._told[told].get('v', '')}{_MIDDLE}{text[begin:end]}{_END}"
            text = text[:begin] + marked + text[end:]
        return replace(output, content=head + text + tail)

    def run(self, text: str) -> str:
        """Called once everything is rendered: let go of it."""
        self.done = True
        self.values.clear()
        self._blocks.clear()
        self._answers.clear()
        # markdown-exec keeps every instance that printed Markdown for good, and with it the whole page.
        _register_headings_processors.cache_clear()
        # Where a block printed headings, markdown-exec leaves white space beside the stashed HTML, which Markdown
        # then takes for a paragraph's text.
        return _LONE_BLOCK.sub(r"<p>\1</p>", text)


class _Links(Extension):
    """Has the links in printed Markdown checked and rewritten like those of the page; markdown-exec does neither."""

    def __init__(self, outer: Markdown, block: articles.Block) -> None:
        super().__init__()
        self.outer, self.block = outer, block

    def extendMarkdown(self, md: Markdown) -> None:
        mkdocs = "relpath" in self.outer.treeprocessors
        links = self.outer.treeprocessors["relpath"] if mkdocs else _ZensicalLinks(self.outer, self.block)
        md.treeprocessors.register(links, "relpath", 0)


class _ZensicalLinks(Treeprocessor):
    """Zensical rewrites links in HTML, but validates only those that it finds in the file."""

    def __init__(self, outer: Markdown, block: articles.Block) -> None:
        super().__init__(outer)
        self.outer, self.block = outer, block

    def run(self, root: Element) -> None:
        path = path_of(self.outer)
        for element in root.iter():
            url = urlsplit(element.get("href") or element.get("src") or "")
            if (
                path
                and url.path
                and not url.scheme
                and not url.netloc
                and not (path.parent / unquote(url.path)).exists()
            ):
                stop(self.outer, f"the block prints a link to {url.path}, which does not exist", self.block.source)


def _output(output: Output, block: articles.Block, md: Markdown, headings: list[Element], prefix: str) -> str:
    if output.markup == "html":
        return output.content
    if output.markup == "text" and block.output == "text":
        return f'<div class="pn-output"><pre tabindex="0">{escape(output.content.rstrip(), quote=False)}</pre></div>'
    if _INCLUDING.search(output.content):
        stop(md, "what a block prints must not include anything: no :::", block.source)
    extensions, configs = markdown_config.exts, markdown_config.exts_config
    if extensions is None or configs is None:
        stop(md, "printed Markdown needs the plugin in mkdocs.yml: markdown-exec: {languages: []}")
    try:
        markdown_config.save([*extensions, _Links(md, block)], configs)  # type: ignore[list-item]
        html = base_format(
            language="python",
            run=lambda *_args, **_kwargs: output.content,
            code=block.source,
            md=md,
            id=prefix,
        )
    finally:
        markdown_config.save(extensions, configs)
    for message, _ in markup.faults(str(html), markup.PRINTED):
        stop(md, f"what a block prints must not have {message}", block.source)
    headings += md.treeprocessors[InsertHeadings.name].headings.pop(html, [])  # type: ignore[attr-defined]  # put above
    # The converter prefixes ids, but not those in code that a block prints; that of a question is an address.
    named = str(html).replace(f'id="{prefix}-q-', 'id="q-')
    named = re.sub(r'(?<=["#])__(?=(?:codelineno|span)-)', f"{prefix}-__", named)
    return _MARKED.sub(r'<data class="calc" value="\2" data-trace="\1">\3</data>', named)

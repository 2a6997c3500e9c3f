"""Each article as Markdown for readers and language models, with its computed values in their places.

What a page shows, a copy says: a figure as its caption, what there is to see and a few rows of its data, a table as a
table, an answer below its question. Code that the page folds is a link to the page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perpnotes.publish.articles import Article, Block, address
from perpnotes.publish.compute import results
from perpnotes.publish.compute.outputs import Output

_ROWS = 13  # of a figure: every fifth of 61, every second of 25


def copy(article: Article, home: str) -> str:
    """An article as Markdown.

    Parameters:
        article: its source.
        home: address of the site's first page, with a slash at the end: where links lead.
    """
    here = Path(article.path).relative_to("docs")
    computed = results.of(article)
    lines = article.text.split("\n")
    ran = list(zip(article.executed, computed.outputs, strict=True))
    for block, shown in reversed(ran):  # from the end, so that the lines above keep their numbers
        opened, closed = block.line - 2, block.line - 1 + len(block.source.rstrip("\n").split("\n"))
        fence = re.match(r"\s*`{3,}", lines[opened])
        assert fence  # noqa: S101  (where `articles` says that it is)
        code = "\n".join([f"{fence[0]}python", *lines[opened + 1 : closed + 1]])
        if block.code == "folded":
            code = f"[{block.title or 'Code'}, on the page]({home}{address(article.path)}#{block.id})"
        parts = [_said(output, block, fence[0]) for output in shown]
        parts.insert(len(parts) if block.code == "folded" else 0, code)
        lines[opened : closed + 1] = "\n\n".join(parts).split("\n")
    text = re.sub(r"\A---\n.*?\n---\n", "", "\n".join(lines), flags=re.DOTALL)
    kinds = {value.source for value in article.values if value.source != value.asked and not value.idea}

    def said(match: re.Match[str]) -> str:
        source = match[1].strip()
        found = computed.values[source]
        kind = ", ".join(filter(None, (found.kind, found.span)))
        return f"{found.text} ({kind})" if source in kinds else found.text

    text = re.sub(r"`#!calc (.*?)`", said, text)
    text = re.sub(r"`#!math (.*?)`", r"$\1$", text)
    text = re.sub(r"^(#+ .*?) *\{ *#[\w-]+ *\}$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^<details[^>]*>\n<summary>(.*?)</summary>", r"**\1**", text, flags=re.MULTILINE)
    text = re.sub(r"\n+</details>$", "", text, flags=re.MULTILINE)

    def absolute(match: re.Match[str]) -> str:
        target = os.path.normpath(here.parent / match[1]).replace(os.sep, "/")
        return f"]({home}{target.removesuffix('index')}{'' if target == 'index' else '/'}{match[2] or ''})"

    return re.sub(r"\]\(([\w./-]+)\.md(#[\w-]+)?\)", absolute, text).lstrip("\n")


def _said(output: Output, block: Block, fence: str) -> str:
    data = output.data
    if output.kind == "answer":
        return f"**{data['question']}**\n\n{data['answer']}"
    if output.kind == "figure":
        return "\n\n".join(_figure(data))
    if output.kind == "table" and "pn-why" not in output.content:
        return f"**{data['caption']}**\n\n{_table(data['headers'], data['rows'])}"
    if block.output == "markdown" and output.kind == "text":
        return output.text.strip("\n")
    return "\n".join([f"{fence}text", output.text.rstrip("\n"), fence])


def _figure(data: Mapping[str, Any]) -> Iterator[str]:
    yield f"**Figure: {data['caption']}**"
    yield data["alt"]
    if "say" in data:
        yield f"On the page the reader moves it. This is its start: {data['say']}"
    rows = data["rows"]
    few = min(len(rows), _ROWS)
    yield _table(data["headers"], [rows[round(k * (len(rows) - 1) / max(few - 1, 1))] for k in range(few)])
    if few < len(rows):
        yield f"{few} of {len(rows)} rows; the page has all of them, as a table and as CSV."


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split("\n")).replace("|", "\\|")

"""What a reader takes away: each article's worked example as a script and as an executed notebook.

Both are made from the blocks that the article shows in its section "Worked example", and from nothing else. They are
written before a site generator runs, as plain files that either of them copies.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from perpnotes import __version__
from perpnotes.publish import articles
from perpnotes.publish.compute import results
from perpnotes.publish.evidence import published
from perpnotes.publish.site import wheel

SECTION = "Worked example"
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
    "license": "MIT",
}


def example(article: articles.Article) -> Mapping[str, str]:
    """The worked example of an article, with what it prints.

    Parameters:
        article: what to run.

    Returns:
        The text of a script and of a notebook, by the ends of their names; the same for the same article.

    Raises:
        ArticleError: the article has no worked example, or it fails.
    """
    blocks = _shown(article)
    texts = {
        block.id: "".join(output.text for output in shown if output.kind == "text")
        for block, shown in zip(article.executed, results.of(article).outputs, strict=True)
    }
    name = Path(article.path).stem
    title, *facts = _header(article, name)
    head = "\n".join(f"# {line}" for line in (title, *facts, f"Install: {wheel.install()}"))
    script = "\n\n".join((head, *(block.source.strip() for block in blocks))) + "\n"
    about = "\n".join((f"# {title}", "", *(f"- {fact}" for fact in facts), "", f"Install: `{wheel.install()}`"))
    cells = [_cell("markdown", "about", about)]
    for number, block in enumerate(blocks, 1):
        text = texts[block.id]
        output = {"output_type": "stream", "name": "stdout", "text": text.splitlines(True)}
        run = {"execution_count": number, "outputs": [output] if text else []}
        cells.append(_cell("code", block.id[:64], block.source.strip(), **run))
    notebook = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return {".py": script, ".ipynb": json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"}


def _cell(kind: str, id: str, source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "id": id, "metadata": {}, "source": source.splitlines(True), **more}


def export(folder: str = "docs/insights", target: str = "docs/examples") -> Sequence[Path]:
    """Write every article's example, the library that they need and the table of published examples.

    Parameters:
        folder: where the articles are, from the working directory.
        target: where the files go; those of articles that no longer exist are removed.

    Returns:
        The files. One whose content is the same is not touched, so that a live reload does not see it.

    Raises:
        ArticleError: as `example`.
    """
    found = [articles.read(path) for path in sorted(Path(folder).glob("*.md"))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = zip(found, pool.map(example, found), strict=True)
        texts = {f"{Path(article.path).stem}{end}": text for article, one in made for end, text in one.items()}
    texts["published.csv"] = published.table_csv(published.groups())
    files = {Path(target, name): text.encode() for name, text in texts.items()}
    files[Path(target, wheel.NAME)] = wheel.packed()
    Path(target).mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
    for file in {each for each in Path(target).iterdir() if each.suffix in (".py", ".ipynb", ".whl")} - files.keys():
        file.unlink()
    return list(files)


def _shown(article: articles.Article) -> tuple[articles.Block, ...]:
    """The blocks of the worked example that run and that a reader sees at once."""
    starts = [section.line for section in article.sections if section.level == 2 and section.title == SECTION]
    start = starts[0] if starts else 0
    end = min((s.line for s in article.sections if s.level <= 2 and s.line > start), default=sys.maxsize)
    blocks = tuple(b for b in article.executed if start < b.line < end and b.code == "shown") if starts else ()
    if not blocks:
        message = f"nothing to take away: show a block that runs in a section ## {SECTION}"
        raise articles.ArticleError(article.path, start or 1, message)
    return blocks


def _header(article: articles.Article, name: str) -> Sequence[str]:
    """Title, origin and license; the address is known only where the site's is."""
    site = os.environ.get("SITE_URL", "").rstrip("/")
    origin = f" at {site}/insights/{name}/" if site else ""
    return (
        str(article.meta.get("title", name)),
        f"Worked example of the article{origin}, made with perpnotes {__version__}",
        "Code: MIT License",
    )

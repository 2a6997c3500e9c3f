"""What a reader takes away: each article's worked example as a script and as an executed notebook.

Both are made from the blocks that the article shows in its section "Worked example", and from nothing else. They are
written before a site generator runs, as plain files that either of them copies.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perpnotes import __version__
from perpnotes.publish import articles
from perpnotes.publish.compute import results
from perpnotes.publish.site import wheel

SECTION = "Worked example"
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
    "license": "MIT",
}


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example.

    Parameters:
        name: of the idea.
        blocks: the shown blocks, in order.
        printed: what each of them prints.
        script: the text of the `.py` file.
        notebook: the text of the `.ipynb` file.
    """

    name: str
    blocks: tuple[articles.Block, ...]
    printed: tuple[str, ...]
    script: str
    notebook: str


def example(article: articles.Article) -> Example:
    """The worked example of an article, with what it prints.

    Parameters:
        article: what to run.

    Returns:
        The example; the same article gives the same bytes.

    Raises:
        ArticleError: the article has no worked example, or it fails.
    """
    blocks = _shown(article)
    texts = {
        block.id: "".join(output.text for output in shown if output.kind == "text")
        for block, shown in zip(article.executed, results.of(article).outputs, strict=True)
    }
    name = Path(article.path).stem
    printed = tuple(texts[block.id] for block in blocks)
    title, *facts = _header(article, name)
    head = "\n".join(f"# {line}" for line in (title, *facts, f"Install: {wheel.install()}"))
    script = "\n\n".join((head, *(block.source.strip() for block in blocks))) + "\n"
    about = "\n".join((f"# {title}", "", *(f"- {fact}" for fact in facts), "", f"Install: `{wheel.install()}`"))
    cells = [_cell("markdown", "about", about)]
    for number, (block, text) in enumerate(zip(blocks, printed, strict=True), 1):
        output = {"output_type": "stream", "name": "stdout", "text": text.splitlines(True)}
        run = {"execution_count": number, "outputs": [output] if text else []}
        cells.append(_cell("code", block.id[:64], block.source.strip(), **run))
    notebook = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    written = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return Example(name, blocks, printed, script, written)


def _cell(kind: str, id: str, source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "id": id, "metadata": {}, "source": source.splitlines(True), **more}


def export(folder: str = "docs/insights", target: str = "docs/examples") -> Sequence[Path]:
    """Write every article's example, and remove those of articles that no longer exist.

    Parameters:
        folder: where the articles are, from the working directory.
        target: where the files go.

    Returns:
        The files, in order. One whose content is the same is not touched, so that a live reload does not see it.

    Raises:
        ArticleError: as `example`.
    """
    found = [articles.read(path) for path in sorted(Path(folder).glob("*.md"))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(example, found))
    files = {}
    for one in made:
        files[Path(target, f"{one.name}.py")] = one.script
        files[Path(target, f"{one.name}.ipynb")] = one.notebook
    Path(target).mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    package, packed = Path(target, wheel.NAME), wheel.packed()
    if not package.exists() or package.read_bytes() != packed:
        package.write_bytes(packed)
    for file in {*Path(target).glob("*.whl")} - {package}:
        file.unlink()
    for file in {*Path(target).glob("*.py"), *Path(target).glob("*.ipynb")} - files.keys():
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


def main() -> int:
    """Write the examples of `docs/insights` to `docs/examples`."""
    try:
        # All that `finish` will ask of a page is asked first, or the page would have to run once more for it.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(results.deep, map(articles.read, sorted(Path("docs").rglob("*.md")))))
        files = export()
    except articles.ArticleError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(files)} files in docs/examples")
    return 0

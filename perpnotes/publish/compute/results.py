"""What articles computed, kept on disk until an article or the library changes.

`perpnotes export` runs every article, and the generator that follows would run them all again. A result is kept under
the hash of everything that it can depend on: the article, the library's sources, the versions below them and the
clock. An article that read a file of any other kind is never kept, because nothing would tell when that file changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path

from perpnotes.publish import articles
from perpnotes.publish.articles import Article, ArticleError, Value
from perpnotes.publish.compute import worker
from perpnotes.publish.compute.outputs import Output
from perpnotes.publish.compute.worker import Computed, Result

FOLDER = Path(".cache/results")
"""Where results are kept, from the root of the repository; `make clean` removes it."""

INSIGHTS = "docs/insights"
"""Where the articles are that can be quoted, from the root of the repository."""

_LIBRARY = Path(__file__).parents[1]


def of(article: Article, folder: str = INSIGHTS) -> Computed:
    """What a page computes, as kept or else by running it, and what it quotes from other articles.

    Safe to call from several threads and processes.

    Parameters:
        article: the page.
        folder: where the quoted articles are, from the working directory.

    Returns:
        As `worker.run`; its values include the quoted ones.

    Raises:
        RunError: the page or an article that it quotes fails.
        ArticleError: it quotes an article or an inline value that does not exist.
    """
    computed = _own(article)
    if quotes := [value for value in article.values if value.idea]:
        computed = replace(computed, values={**computed.values, **dict(_quoted(article.path, quotes, folder))})
    return computed


def _quoted(path: str, values: Iterable[Value], folder: str) -> Iterator[tuple[str, Result]]:
    """The results of other articles' inline values."""
    results: dict[str, Mapping[str, Result]] = {}
    for value in values:
        file = Path(folder, f"{value.idea}.md")
        if not file.is_file():
            raise ArticleError(path, value.line, f"`{value.source}`: there is no {file.as_posix()}")
        if value.idea not in results:
            results[value.idea] = _own(articles.read(file)).values
        known = results[value.idea]
        wanted = value.source.partition(":")[2].strip()
        if wanted not in known:
            close = get_close_matches(wanted, known, 3, 0.0)
            raise ArticleError(
                path, value.line, f"{file.as_posix()} has no inline value `{wanted}`; it has {', '.join(close)}"
            )
        yield value.source, known[wanted]


def _own(article: Article) -> Computed:
    if not article.executed and not article.evaluated:
        return Computed()
    name = article.path.replace("/", "-")
    file = FOLDER / f"{name}-{_key(article)}.json"
    try:
        return _load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    computed = worker.run(article)
    if not computed.read:
        FOLDER.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
        part.write_text(json.dumps(asdict(computed)), encoding="utf-8")
        part.replace(file)  # whoever reads at the same time finds all of it or nothing
        for old in set(FOLDER.glob(f"{name}-*.json")) - {file}:
            old.unlink(missing_ok=True)
    return computed


def _key(article: Article) -> str:
    parts = [article.path, article.text, os.environ.get("SOURCE_DATE_EPOCH") or "0", platform.python_version()]
    parts += [version(name) for name in ("numpy", "altair", "vl-convert-python")]
    sources = (file.read_bytes() for file in sorted(_LIBRARY.rglob("*.py")))
    return hashlib.sha256(b"\0".join([*(part.encode() for part in parts), *sources])).hexdigest()[:32]


def _load(text: str) -> Computed:
    found = json.loads(text)
    outputs = tuple(tuple(Output(**output) for output in shown) for shown in found["outputs"])
    return Computed(outputs, {source: Result(**result) for source, result in found["values"].items()})

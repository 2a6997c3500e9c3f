"""What a reader is told who asks a number: a file beside each page, loaded with the first question.

`compute.trace` tells it while the page runs. Added here is what other pages and files know: the published examples and
the tests behind a function, the raw file behind a record, and where else the number is quoted.
"""

from __future__ import annotations

import ast
import gzip
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from perpnotes.publish import articles
from perpnotes.publish.articles import Article
from perpnotes.publish.compute import records, results, trace
from perpnotes.publish.evidence import coverage, published, verification
from perpnotes.publish.page import markup

NAME = "numbers.js"
STEPS = 15_000
"""Bytes that the steps of a picture may take, compressed."""
_DOCS, _VERIFICATION = Path("docs"), "verification"


def write(site: Path) -> Sequence[Path]:
    """Write the files that pages ask for.

    Parameters:
        site: what a generator has written, from the root of the repository.

    Returns:
        The files.

    Raises:
        RunError: a page fails.
        ValueError: as `files`.
    """
    written = []
    for name, text in files():
        written.append(site / name)
        written[-1].write_text(text, encoding="utf-8")
    return written


def files(only: str | None = None) -> Iterator[tuple[str, str]]:
    """Name and text of each file that a page asks for: of each page that computes something, or quotes it, what is told
    of its numbers, and of each picture that a reader moves, what was computed for it at every step of its controls.

    Scripts, because a page from a disk may not ask for data.

    Parameters:
        only: the folder of the one page that is wanted, with a slash at its end; None for all of them.

    Raises:
        RunError: a page fails.
        ValueError: a picture would move an attribute that none needs, or is heavier than a reader should wait for.
    """
    found = map(articles.read, sorted(_DOCS.rglob("*.md")))
    pages = [article for article in found if article.executed or article.values]
    wanted = [page for page in pages if only in (None, articles.address(page.path))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = list(zip(wanted, pool.map(results.deep, wanted), strict=True))
    groups = published.groups()
    known = _Known(groups, _quotes(pages))
    for page, story in told:
        folder = articles.address(page.path)
        if folder == f"{_VERIFICATION}/":
            story = _joined(story, published.rows(groups))
        text = _plain(json.dumps(known.told(page, story), ensure_ascii=False, separators=(",", ":")))
        yield f"{folder}{NAME}", f'pnNumbers[new URL(".",document.currentScript.src).pathname]={text}'
        for name, steps in _steps(page):
            yield f"{folder}{name}.js", steps


def _steps(page: Article) -> Iterator[tuple[str, str]]:
    """The id of each picture of a page that a reader moves, and its file."""
    for output in chain.from_iterable(results.of(page).outputs) if page.executed else ():
        if "steps" not in output.data:
            continue
        name, told = output.data["id"], json.loads(output.data["steps"])
        if strange := {attribute for _, attribute, _ in told["fill"]} - markup.FOLLOWING - {""}:
            raise ValueError(f"{name} must not move {', '.join(sorted(strange))}")
        text = _plain(f"pnSteps[{json.dumps(name)}]={output.data['steps']}")
        if (size := len(gzip.compress(text.encode(), 6))) > STEPS:
            raise ValueError(f"{name} must take at most {STEPS:,} bytes, compressed, got {size:,}: fewer steps")
        yield name, text


def _plain(script: str) -> str:
    """A script that no text in it can end."""
    return script.replace("<", "\\u003c")


def _joined(story: Mapping[str, Any], rows: Sequence[published.Row]) -> dict[str, Any]:
    """What is told of a page's own numbers, and behind them of the published ones."""
    mine, (numbers, functions) = story.get("numbers", ()), verification.told(rows)
    return {
        **story,
        "at": {**story.get("at", {}), "p": len(mine)},
        "numbers": [*mine, *numbers],
        "functions": {**story.get("functions", {}), **functions},
    }


def _quotes(pages: Sequence[Article]) -> Mapping[tuple[str, str], list[list[str]]]:
    """For idea and text of each value that is quoted: title and address of the pages that quote it."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    for page in pages:
        here = articles.address(page.path)
        place = [str(page.meta.get("title") or page.sections[0].title) if here else "Home", here]
        for value in page.values:
            if value.idea and place not in found.setdefault((value.idea, value.asked), []):
                found[value.idea, value.asked].append(place)
    return found


def calls(name: str) -> Iterator[str]:
    """The public functions of the same module that a function or class calls, the nearest first.

    Parameters:
        name: as `module.name`.
    """
    module, _, own = name.partition(".")
    seen, waiting = {own}, [own]
    bodies = _bodies(module)
    while waiting:
        for node in ast.walk(bodies.get(waiting.pop(0), ast.Module([], []))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if called in bodies and called not in seen:
                seen.add(called)
                waiting.append(called)
                yield f"{module}.{called}"


@cache
def _bodies(module: str) -> Mapping[str, ast.AST]:
    file = Path(__file__).parents[2] / f"{module}.py"
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


class _Known:
    """What the whole site knows about a number.

    Parameters:
        groups: from `published.groups`.
        quotes: from `_quotes`.
    """

    def __init__(self, groups: Sequence[published.Group], quotes: Mapping[tuple[str, str], list[list[str]]]) -> None:
        self.groups, self.quotes = groups, quotes
        self.held, self.evidence = published.holders(groups), coverage.load()
        self.datasets = records.datasets()

    def told(self, page: Article, found: Mapping[str, Any]) -> dict[str, Any]:
        """What is told on a page, with what else is known of it."""
        names = {name for node in found.get("nodes", ()) for name in node[5]}
        ids = trace.numbered(page)
        quoted = {
            ids[value.source]: places
            for value in page.evaluated
            if (places := self.quotes.get((Path(page.path).stem, value.asked)))
        }
        functions = {name: [said, *self._function(name)] for name, said in found.get("functions", {}).items()}
        return {
            "at": {}, "numbers": [], "nodes": [], "inputs": [], "whys": [], **found,
            "functions": functions,
            "records": {name: self._record(name) for name in sorted(names)},
            "quoted": quoted,
        }  # fmt: skip

    def _function(self, name: str) -> tuple[int, int, int, str, str]:
        """How many published examples, tests and property tests hold a function, where the first example is, and the
        function through which they hold it, if it is another one that this one calls.
        """
        public = ".".join(name.split(".")[:2])
        mine = self.held.get(public, ())
        through = "" if mine else next((each for each in calls(public) if each in self.held), "")
        mine = mine or self.held.get(through, ())
        tests = set(self.evidence["functions"].get(public, ())) if self.evidence else set()
        properties = tests & set(self.evidence["properties"]) if self.evidence else set()
        first = verification.anchor(mine[0], self.groups) if mine else ""
        return sum(len(group.sound) for group in mine), len(tests), len(properties), first, through

    def _record(self, name: str) -> list[Any]:
        """Title and date of a record, and the hashes of the files that it was measured from."""
        record = records.read(name)
        return [record.title, record.date, [self.datasets[file].sha256 for file in record.data.values()]]

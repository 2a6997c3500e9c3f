"""What articles take from outside: records, which the library measured from real data, and facts that others published.

A record is a file in `tests/records/`: how each figure was measured, from what, and the figures. `evidence.measure`
measures it anew; an article reads it, and needs neither the data nor a network. A fact is an entry of
`tests/facts.yaml`: a number or a rule that somebody published, with its source and date. The data sets themselves stay
outside; `tests/datasets.yaml` says what they are and where they come from.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml

from perpnotes.publish.articles import Article

FOLDER, DATASETS, FACTS = Path("tests/records"), Path("tests/datasets.yaml"), Path("tests/facts.yaml")
"""Where they are, from the root of the repository."""

_CITED = {"record": "records", "fact": "facts"}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file of market data that a record was measured from. The file itself is not part of the project.

    Parameters:
        file: below the folder that `PERPNOTES_DATA` names.
        what: what it holds, in our words.
        license: of the repository or package that it comes from.
        sha256: of the file.
        repository: on GitHub, as owner/name; empty for another origin.
        commit: all 40 digits.
        paths: of the published files in the repository.
        package: name and version, where it comes from a package.
        source: where the numbers come from originally, if not from the repository's owner; with `url`.
        url: of that source.
        cut: how rows and columns were chosen; empty where the file is the published one.
        fetch: SHA-256 of each published file, by path; empty where it cannot be fetched and cut here.
        maker: the function of `evidence.datasets` that cuts it; empty for none.
    """

    file: str
    what: str
    license: str
    sha256: str
    repository: str = ""
    commit: str = ""
    paths: tuple[str, ...] = ()
    package: str = ""
    source: str = ""
    url: str = ""
    cut: str = ""
    fetch: Mapping[str, str] = field(default_factory=dict)
    maker: str = ""

    @property
    def link(self) -> str:
        """The page of its origin, at the commit: of the file, or of its folder where a name has blanks."""
        if not self.repository:
            return self.url
        kind, path = ("blob", self.paths[0]) if len(self.paths) == 1 else ("tree", "")
        if " " in path:
            kind, path = "tree", path.rpartition("/")[0]
        return f"https://github.com/{self.repository}/{kind}/{self.commit}/{path}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Record:
    """A record as its file states it.

    Parameters:
        name: of the file.
        title: what was measured.
        date: the day on which it was.
        data: the name that expressions use for a data set, to its file.
        given: names of constants, as written.
        let: intermediate names and their expressions, in order.
        sweep: seeds and the expression that is evaluated for each, with the results; empty where nothing is simulated.
        figures: for each name the expression (`call`), the unit, and the figure (`is`).
    """

    name: str
    title: str
    date: str
    data: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    let: Mapping[str, str] = field(default_factory=dict)
    sweep: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number or a rule that somebody else published: what it is, its source, and the date of the source.

    A rule is in our words, and its unit is `text`.
    """

    name: str
    what: str
    value: float | str
    unit: str
    source: str
    url: str
    date: str


def record(name: str) -> Mapping[str, Any]:
    """The figures of a record, for an article.

    Parameters:
        name: of the file in `tests/records/`.

    Returns:
        For each figure its name and the number, the text, or for a list a read-only array of shape `(n,)`.

    Raises:
        ValueError: there is no such record.
    """
    return MappingProxyType({key: _figure(how["is"]) for key, how in read(name).figures.items()})


def fact(name: str) -> Any:
    """A published number or rule, for an article. The page shows its source.

    Parameters:
        name: in `tests/facts.yaml`.

    Raises:
        ValueError: there is no such fact.
    """
    known = facts()
    if name not in known:
        raise ValueError(f"name must be one of {', '.join(sorted(known))}, got {name!r}")
    return known[name].value


def names() -> tuple[str, ...]:
    """Every record, by name."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


def read(name: str) -> Record:
    """A record as its file states it.

    Parameters:
        name: of the file.

    Raises:
        ValueError: there is no such record, or a field that a record does not have.
    """
    if not (FOLDER / f"{name}.yaml").is_file():
        raise ValueError(f"name must be one of {', '.join(names())}, got {name!r}")
    raw: dict[str, Any] = {**load(FOLDER / f"{name}.yaml")}
    try:
        return Record(name, **{**raw, "date": str(raw["date"])})
    except TypeError as error:
        raise ValueError(f"{FOLDER / name}.yaml: {error}") from None


def datasets() -> Mapping[str, Dataset]:
    """Every data set, by file."""
    return {file: Dataset(file, **_tuples(raw)) for file, raw in load(DATASETS).items()} if DATASETS.is_file() else {}


def facts() -> Mapping[str, Fact]:
    """Every fact, by name."""
    if not FACTS.is_file():
        return {}
    return {name: Fact(name, **{**raw, "date": str(raw["date"])}) for name, raw in load(FACTS).items()}


@lru_cache(maxsize=128)
def cited(article: Article) -> Mapping[str, tuple[str, ...]]:
    """The names in an article's calls of `record` and `fact`, as `records` and `facts`, each once.

    Nothing is read, and nothing parsed where neither word occurs.

    Parameters:
        article: the page.
    """
    found: dict[str, dict[str, None]] = {kind: {} for kind in _CITED.values()}
    sources = [*(block.source for block in article.executed), *(value.expression for value in article.evaluated)]
    for source in sources:
        if any(f"{word}(" in source for word in _CITED):
            for word, name in calls(ast.parse(source)):
                found[_CITED[word]][name] = None
    return {kind: tuple(named) for kind, named in found.items()}


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """`record` or `fact`, and the name that is asked for, of each such call.

    Parameters:
        tree: of a block, a statement or an expression.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CITED:
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant):
                    yield node.func.id, str(argument.value)


def load(path: Path) -> Mapping[str, Any]:
    """A file of the project in YAML.

    Parameters:
        path: the file.
    """
    return _load(path.absolute(), path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _load(path: Path, _changed: int) -> Mapping[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text: Mapping[str, Any] = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506  (a safe loader)
    return text


def _figure(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    array = np.array(value)
    array.flags.writeable = False
    return array


def _tuples(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}

"""What stands behind a public function: published examples that go through it, and the tests that execute it.

`make evidence` runs the library's tests with coverage contexts and has `record` write one file. `section` says it for a
page: a list for each page of the reference, a line for each article. Published examples are read from their calls. Of
tests it speaks only if the file was recorded from these very sources; where it was not, it says nothing.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from perpnotes.publish import inputs
from perpnotes.publish.evidence import published, verification
from perpnotes.publish.evidence.published import Group

FILE = Path("evidence.json")
_LIBRARY, _TESTS = Path("perpnotes"), Path("tests")


def record(contexts: Mapping[str, Mapping[int, Sequence[str]]]) -> dict[str, Any]:
    """What `evidence.json` says: for each public name the tests that execute a line of it, and the property tests.

    Parameters:
        contexts: by path of a module, for each line the contexts in which it ran, as `coverage` names them.
    """
    functions = {}
    for path, lines in contexts.items():
        for name, body in _bodies(Path(path)).items():
            ran = {_test(context) for line in body for context in lines.get(line, ()) if context.endswith("|run")}
            if ran:
                functions[f"{Path(path).stem}.{name}"] = sorted(ran)
    tests = {test for ran in functions.values() for test in ran}
    return {"sources": _digest(), "functions": functions, "properties": sorted(tests & _properties())}


def load() -> Mapping[str, Any] | None:
    """The recorded evidence; None where there is none, or none of these sources."""
    if not FILE.is_file():
        return None
    found: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found if found["sources"] == _digest() else None


def reference(idea: str, groups: Sequence[Group], evidence: Mapping[str, Any] | None) -> str:
    """What stands on top of a reference page, in Markdown; empty where there is nothing to say.

    Parameters:
        idea: the name of the module.
        groups: from `published.groups`.
        evidence: from `load`.
    """
    held = published.holders(groups)
    tested = evidence["functions"] if evidence else {}
    names = sorted(name for name in {*held, *tested} if name.startswith(f"{idea}."))
    if not names:
        return ""
    lines = [
        f"- [`{name.partition('.')[2]}`][perpnotes.{name}]: {'; '.join(filter(None, said))}"
        for name in names
        if (said := (_examples(held.get(name, ()), groups), _tests(tested.get(name, ()), evidence)))
    ]
    examples = {id(group): group for name in names for group in held.get(name, ())}.values()
    tests = {test for name in names for test in tested.get(name, ())}
    whole = " and ".join(filter(None, (_count(_number(examples), "published example"), _count(len(tests), "test"))))
    return "\n".join(
        [
            '<details class="pn-data pn-evidence" id="evidence" markdown>',
            f"<summary>Checked by {whole}</summary>",
            "",
            "Published examples are computed on the [verification page](../verification.md)."
            + " A test counts for what it executes, directly or through another function." * bool(tests),
            "",
            *lines,
            "",
            "</details>",
        ]
    )


def article(idea: str, groups: Sequence[Group], evidence: Mapping[str, Any] | None) -> str:
    """The line at the end of an article, in Markdown; empty where there is nothing to say.

    Parameters:
        idea: the name of its module.
        groups: from `published.groups`.
        evidence: from `load`.
    """
    mine = [group for group in groups if group.sound and any(name.startswith(f"{idea}.") for name in group.functions)]
    tested = evidence["functions"] if evidence else {}
    tests = {test for name, ran in tested.items() if name.startswith(f"{idea}.") for test in ran}
    parts = [text for text in (_examples(mine, groups), _tests(tests, evidence)) if text]
    if not parts:
        return ""
    text = f"The functions of this article are checked by {' and '.join(parts)}."
    return f'<div class="pn-evidence" markdown>\n\n{text}\n\n</div>'


def _number(groups: Iterable[Group]) -> int:
    return sum(len(group.sound) for group in groups)


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'s'[: number != 1]}" if number else ""


def _examples(groups: Iterable[Group], among: Sequence[Group]) -> str:
    """How many, and the sources with a link to the first group of each."""
    found = list(groups)
    first = {group.source: verification.anchor(group, among) for group in reversed(found)}
    links = (f"[{source}](../verification.md#{first[source]})" for source in sorted(first, key=str.casefold))
    return f"{_count(_number(found), 'published example')} ({', '.join(links)})" if found else ""


def _tests(tests: Iterable[str], evidence: Mapping[str, Any] | None) -> str:
    """How many, how many of them property tests, and where, with a link where the repository is known."""
    found = sorted(tests)
    if not found or evidence is None:
        return ""
    properties = len(set(found) & set(evidence["properties"]))
    files = Counter(test.partition("::")[0] for test in found).most_common()
    others = f" and {_count(len(files) - 1, 'other file')}" if len(files) > 1 else ""
    kind = f" ({_count(properties, 'property test')})" if properties else ""
    return f"{_count(len(found), 'test')}{kind} in {_source(files[0][0])}{others}"


def _source(file: str) -> str:
    base = os.environ.get("REPO_URL", "").rstrip("/")
    name = f"`{file.removeprefix('tests/')}`"
    return f"[{name}]({base}/blob/HEAD/{file})" if base else name


def _bodies(path: Path) -> dict[str, set[int]]:
    """The lines of each public function and of the methods of each public class, without signatures and docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            functions = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef)]
            lines = {
                line
                for function in functions
                for statement in function.body[ast.get_docstring(function, clean=False) is not None :]
                for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
            }
            if lines:
                bodies[node.name] = lines
    return bodies


def _test(context: str) -> str:
    """`tests/test_x.py::TestA::test_b[1-2]|run` without parameters and phase: one test, however many cases."""
    return re.sub(r"\[.*", "", context.removesuffix("|run"))


def _properties() -> set[str]:
    """The tests that hypothesis feeds: those that `@given` decorates."""
    found = set()
    for file in _TESTS.rglob("test_*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        scopes = [("", tree.body), *((f"{n.name}::", n.body) for n in tree.body if isinstance(n, ast.ClassDef))]
        for prefix, body in scopes:
            for node in body:
                if isinstance(node, ast.FunctionDef) and any(_given(d) for d in node.decorator_list):
                    found.add(f"{file.as_posix()}::{prefix}{node.name}")
    return found


def _given(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "given"


def _digest() -> str:
    """The hash of everything that tests and library consist of."""
    whole = hashlib.sha256()
    for file in _sources():
        whole.update(f"{file.as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return whole.hexdigest()


def _sources() -> list[Path]:
    return sorted([*_LIBRARY.rglob("*.py"), *_TESTS.rglob("*.py"), *_TESTS.rglob("*.yaml")])


def _read() -> tuple[tuple[Group, ...], Mapping[str, Any] | None]:
    """Read anew if a file changed; the sources matter where evidence was recorded from them."""
    files = [*sorted(published.FOLDER.glob("*.yaml")), *([FILE, *_sources()] if FILE.is_file() else [])]
    return _known(tuple(file.stat().st_mtime_ns for file in files))


@lru_cache(maxsize=1)
def _known(_stamps: tuple[int, ...]) -> tuple[tuple[Group, ...], Mapping[str, Any] | None]:
    return published.groups(), load()


def section(path: Path) -> str:
    """What a page says of it, in Markdown: `article` for an article, `reference` for a page of the reference.

    Parameters:
        path: the page; any other says nothing.
    """
    content = {"insights": article, "reference": reference}.get(path.parent.name)
    if content is None:
        return ""
    return content(path.stem, *inputs.once(_read))


def main() -> int:
    """Write `evidence.json` from the `.coverage` of the working directory."""
    from coverage import CoverageData

    data = CoverageData()
    data.read()
    modules = [file.as_posix() for file in sorted(_LIBRARY.glob("[!_]*.py"))]
    contexts = {file: data.contexts_by_lineno(str(Path(file).resolve())) for file in modules}
    found = record(contexts)
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{FILE}: {len(found['functions'])} public names executed by tests")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

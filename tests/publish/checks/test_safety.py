"""What an article must not do is refused before anything runs, whatever its name; what it may do is let through."""

from __future__ import annotations

import ast
import datetime
import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import attacks
import numpy as np
import pytest

from perpnotes import publish
from perpnotes.publish import checks
from perpnotes.publish.articles import ArticleError, parse
from perpnotes.publish.checks import permitted, tracked
from perpnotes.publish.checks.markup import EXTENSIONS

ROOT = Path(__file__).parents[3]
REFUSING = ("PN001", "PN401", "PN402")


def refused(text: str, path: str = "docs/page.md") -> list[checks.Fault]:
    try:
        return [fault for fault in checks.check_article(parse(text, path)) if fault.rule.code in REFUSING]
    except ArticleError as error:  # what `check` reports as PN001
        return [checks.Fault(path, error.line, checks.RULES[0], error.message)]


def block(code: str) -> str:
    return f'# Page\n\n```python exec="on"\n{code}\n```\n'


def listed(table: dict[str, str]) -> list[object]:
    return [pytest.param(a, id=f"{kind}-{n}") for kind, text in table.items() for n, a in enumerate(attacks.each(text))]


@pytest.mark.parametrize("code", listed(attacks.CODE))
def test_code_that_reaches_out_is_refused(code: str) -> None:
    """With a line of the block, and what to do."""
    compile(code, "x", "exec", flags=0x2000)  # it is Python: that it cannot be read is not why it is refused
    faults = refused(block(code))
    assert faults
    assert all(fault.rule.code == "PN401" and 4 <= fault.line < 4 + len(code.split("\n")) for fault in faults), faults
    assert "permitted.py" in str(faults[0])


@pytest.mark.parametrize("text", listed(attacks.TEXT))
def test_text_that_acts_on_the_page_is_refused(text: str) -> None:
    """In the line where it stands, or a line near it."""
    faults = refused(f"# Page\n\n{text}\n")
    assert faults
    assert all(1 <= fault.line <= 4 + text.count("\n") for fault in faults)


@pytest.mark.parametrize("front", attacks.FRONT)
def test_front_matter_is_text(front: str) -> None:
    """Nothing in it is markup, a tag, or a field that a theme acts on; and there is one way to read it."""
    assert refused(f"{front}\n# Page\n")


@pytest.mark.parametrize("name", attacks.FILES)
def test_files_that_no_check_reads_are_refused(name: str, tmp_path: Path) -> None:
    """Among the files of a branch that has all others as they should be."""
    files = {
        "docs/insights/idea.md": "# X",
        "docs/assets/z.svg": "<svg></svg>",
        "tests/conftest.py": "",
        "Makefile": "",
    }
    for file, text in {**files, name: attacks.FILES[name]}.items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text.removeprefix("-> "))
        else:
            path.write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-f", "."], cwd=tmp_path, check=True)
    assert [fault.partition(": ")[0] for fault in tracked.stray(tmp_path)] == [name]


def test_the_files_of_this_repository_are_of_known_kinds() -> None:
    assert list(tracked.stray(ROOT)) == []


def test_without_git_the_pages_are_looked_at(tmp_path: Path) -> None:
    """A build reads what is there; what an export has written is not a branch's."""
    assert list(tracked.stray(tmp_path)) == []
    for name in ("docs/x.md", "docs/x.mkd", "docs/examples/x.py", "y.mkd"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "docs/link.md").symlink_to("/etc/passwd")
    assert [fault.partition(": ")[0] for fault in tracked.stray(tmp_path)] == ["docs/link.md", "docs/x.mkd"]


HONEST = """
from dataclasses import dataclass, field, replace
@dataclass(frozen=True)
class Leg:
    size: float
    tags_of_mine: list[str] = field(default_factory=list)
    @property
    def twice(self) -> float:
        return 2 * self.size
print(replace(Leg(1.0), size=2.0).twice)
---
class Walk:
    def __init__(self, steps):
        self._at = 0
        self.steps_of_mine = steps
    def __len__(self):
        return self._at
    def __call__(self):
        self._at += 1
        return self.steps_of_mine
print(len(Walk(3)))
---
import itertools, math
import datetime as dt
from collections import Counter, defaultdict
from functools import reduce
print(math.erf(1), list(itertools.chain.from_iterable([[1], [2]])), dt.timedelta(hours=1).total_seconds())
print(Counter("aab").most_common(1), defaultdict(list), reduce(max, [1, 2]))
---
import numpy as np
from numpy.linalg import eigvalsh
rng = np.random.default_rng(7)
with np.errstate(divide="ignore"):
    walk = np.cumsum(rng.standard_normal((3, 4)), axis=1).astype("float64")
print(walk.T[::-1, ...].max(axis=0), np.linalg.norm(walk), eigvalsh(np.eye(2)), np.add.outer([1], [2]))
---
def _mean(xs, *more, scale=1.0, **rest):
    try:
        return scale * sum(xs) / len(xs)
    except ZeroDivisionError as error:
        print(error)
        raise ValueError("xs must not be empty") from None
print(_mean([1.0, 2.0]), f"{_mean([3.0]):>{8}.2f}", "a,b".split(",")[0].upper())
---
def rising():
    size = 0
    while size < 3:
        yield size
        size += 1
match list(rising()):
    case [first, *rest] if first == 0:
        print(first, rest)
    case {"size": size, **other}:
        print(size, other)
print(getattr(1.0, "real"), [y := 2, y**2], {x for x in rising()}, (lambda a, /, b=1: a @ b if False else a)(1))
"""


@pytest.mark.parametrize("code", attacks.each(HONEST))
def test_honest_code_is_let_through(code: str) -> None:
    """What an article could want beside the library: a small class, a generator, the standard library's mathematics."""
    compile(code, "x", "exec")
    assert [str(fault) for fault in refused(block(code))] == []


def test_an_article_may_come_before_its_module_but_no_other() -> None:
    text = block("from perpnotes import later\nfrom perpnotes.later import cost\nprint(later, cost)")
    assert refused(text, "docs/insights/later.md") == []
    assert [fault.line for fault in refused(text, "docs/insights/other.md")] == [4, 5]
    assert refused(block("from perpnotes.publish import checks"), "docs/insights/publish.md")


def test_permitted_names_lead_to_no_module_that_is_not_permitted() -> None:
    """A walk along every permitted name from everything that an article can begin with: modules, builtins, values."""
    names = permitted.attributes()
    modules = [*permitted.MODULES, *permitted._library()]
    waiting: list[tuple[str, Any]] = [(module, importlib.import_module(module)) for module in modules]
    waiting += [(name, getattr(publish, name)) for name in publish.__all__]
    waiting += [(name, __builtins__[name]) for name in permitted.BUILTINS]  # type: ignore[index]
    for value in (
        1, 1.0, 1j, "", [], (), {}, set(), frozenset(), True, None, {}.keys(), {}.items(), (x for x in ()), lambda: 0,
        np.zeros(3), np.float64(1), np.int64(1), np.bool_(1), np.datetime64("2020"), np.random.default_rng(1),
        datetime.datetime(2020, 1, 1), ValueError(), AttributeError(), np.errstate(), publish.verify,
    ):  # fmt: skip
        waiting.append((f"a {type(value).__name__}", value))
    known = {id(thing) for _, thing in waiting}
    kept = [thing for _, thing in waiting]
    whole = {module for module in modules if permitted.importable(module)}
    found = []
    while waiting:
        path, thing = waiting.pop()
        if isinstance(thing, ModuleType) and thing.__name__ in permitted.PARTS_ONLY:
            continue
        for name in names:
            try:
                value = getattr(thing, name)
            except Exception:  # noqa: S112  (a descriptor of another kind of object)
                continue
            if isinstance(value, CodeType | FrameType) or (
                isinstance(value, ModuleType) and value.__name__ not in whole
            ):
                found.append(f"{path}.{name}")
            if callable(value) or isinstance(value, ModuleType):
                new = id(value) not in known and path.count(".") < 6
                known.add(id(value))
                kept.append(value)  # or another object could get its id
                waiting += [(f"{path}.{name}", value)] * new
    assert found == []


def test_no_function_of_the_library_that_opens_a_file_is_permitted() -> None:
    """They are known by a parameter that is a path; whatever opens something else would not be."""
    opened = set()
    for file in (ROOT / "perpnotes").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                called = {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
                if any(
                    re.fullmatch(r"open|Path|.*\.(?:open|read_text|read_bytes|write_text)", name) for name in called
                ):
                    opened.add(node.name)
    assert {"read", "content"} <= opened
    assert opened <= permitted.opening()


LEADING_OUT = """
    __class__ _core args base bit_generator ctypes data decode dump dumps encode f_globals format format_map func
    gi_frame groups lib load mro np obj open os publish r_ read register save send setflags sys tb_frame testing throw
    tofile view with_traceback
"""


@pytest.mark.parametrize("name", LEADING_OUT.split())
def test_names_that_open_a_way_are_not_permitted(name: str) -> None:
    """Whatever the library's classes are called one day: each of these leads out on something."""
    assert name not in permitted.attributes()


def test_the_text_of_a_page_is_rendered_as_a_build_renders_it() -> None:
    """With every extension of the site that makes HTML from text, so that both see the same."""
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = [line.strip("- :").partition(":")[0] for line in config.split("markdown_extensions:")[1].split("\n")]
    own = {"pymdownx.highlight"} | {name for name in named if name.startswith("perpnotes.")}
    extensions = {name for name in named if name in EXTENSIONS or name.startswith(("pymdownx.", "perpnotes."))}
    assert extensions - own == set(EXTENSIONS)


def test_deep_code_is_a_fault_and_no_crash() -> None:
    assert [fault.rule.code for fault in refused(block("x = " + "(" * 5000))] == ["PN001"]
    assert refused(block("x = " + "-" * 100_000 + "1"))


def test_the_policy_says_how_much_was_tried() -> None:
    """The count cannot go stale."""
    sys.path.insert(0, str(ROOT / "tests/publish/compute"))
    confined = importlib.import_module("test_confine")
    sys.path.pop(0)
    before = sum(len(attacks.each(text)) for table in (attacks.CODE, attacks.TEXT) for text in table.values())
    before += len(attacks.FRONT) + len(attacks.FILES)
    classes = len(attacks.CODE) + len(attacks.TEXT) + 2
    during = len(confined.REACHING) + len(confined.FORGING)
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert f"{before} attacks of {classes} classes" in text, (before, classes)
    assert f"{during} more run" in text, during
    assert f"{len(attacks.BUILT)} print" in text, len(attacks.BUILT)

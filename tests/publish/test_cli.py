"""The commands of a contributor, in a repository of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from perpnotes.publish import checks, cli, loop, scaffold
from perpnotes.publish.evidence import published
from perpnotes.publish.show import listing

ROOT = Path(__file__).parents[2]
ARTICLE = """\
# A title

It is `#!calc x | count`.

```python exec="on" id="first"
from perpnotes.publish import answer

x = 41 + 1
print("x is", x)
answer("Why?", f"Because of {x}.")
```
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs/insights").mkdir(parents=True)
    (tmp_path / "perpnotes").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(repository: Path, text: str, name: str = "docs/insights/idea.md") -> str:
    (repository / name).write_text(text, encoding="utf-8")
    return name


def test_run_prints_blocks_outputs_values_and_answers(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the file, each at its path:line."""
    assert cli.main(["run", write(repository, ARTICLE)]) == 0
    assert capsys.readouterr().out == (
        "\n== Opening ==\ndocs/insights/idea.md:3: x | count = 42\n\ndocs/insights/idea.md:6: block first\n"
        "  > from perpnotes.publish import answer\n  >\n  > x = 41 + 1\n"
        '  > print("x is", x)\n  > answer("Why?", f"Because of {x}.")\n'
        "    x is 42\n    Q: Why?\n    A: Because of 42.\n"
    )


def test_run_reports_a_fault_at_its_line(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the article's own traceback, and exit code 1."""
    assert cli.main(["run", write(repository, ARTICLE.replace("41 + 1", "41 + y"))]) == 1
    assert capsys.readouterr().err.startswith(
        "docs/insights/idea.md:8: NameError: name 'y' is not defined\n\nTraceback"
    )


def test_run_does_not_run_what_the_check_refuses(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule comes before the code, not after it."""
    name = write(repository, ARTICLE.replace("x = 41", "open('made', 'w')\nx = 41"))
    assert cli.main(["run", name]) == 1
    assert cli.main(["accept", name]) == 1
    assert "docs/insights/idea.md:8: PN401 use of open" in capsys.readouterr().err
    assert not (repository / "made").exists()


def test_check_exits_with_1_where_there_is_a_fault(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the pages and folders that are named, or else of all in docs/."""
    write(repository, "# Good\n", "docs/good.md")
    write(repository, "# Bad\n\n```python exec='on'\nimport os\n```\n", "docs/bad.md")
    assert cli.main(["check", "docs/good.md"]) == 0
    assert capsys.readouterr().err == "no faults in 1 page\n"
    assert cli.main(["check"]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("docs/bad.md:4: PN401 import of os (use perpnotes, numpy")
    assert shown.err == "1 fault in 2 pages\n"


def test_check_knows_the_glossary(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Terms come from the page that defines them."""
    write(repository, "# Glossary\n\n## Haircut\n\nWhat is not counted.\n", "docs/glossary.md")
    assert cli.main(["check", write(repository, ARTICLE + "\nThe haircut.\n")]) == 1
    assert "idea.md:13: PN202 'haircut' is in the glossary" in capsys.readouterr().out


def test_check_knows_what_can_be_quoted(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that is checked alone, too: the articles are read for it."""
    write(repository, ARTICLE)
    page = write(repository, "It is `#!calc idea: x | count`.\n", "docs/page.md")
    assert cli.main(["check", page]) == 0
    write(repository, ARTICLE.replace("x | count", "x | usd"))
    assert cli.main(["check", page]) == 1
    lost = "page.md:1: PN204 the article idea has no inline value `x | count`; it has `x | usd`"
    assert lost in capsys.readouterr().out


@pytest.mark.usefixtures("repository")
def test_check_lists_its_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """Code, name, reason and fix of each."""
    assert cli.main(["check", "--rules"]) == 0
    shown = capsys.readouterr().out
    for rule in checks.RULES:
        assert f"{rule.code}  {rule.name}" in shown
        assert f"why: {rule.reason}\n    fix: {rule.fix}\n" in shown


def test_accept_writes_the_ledger_and_drops_those_without_article(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run changes nothing."""
    write(repository, ARTICLE)
    (repository / "tests/ledger").mkdir(parents=True)
    write(repository, "old\n", "tests/ledger/old.txt")
    assert cli.main(["accept"]) == 0
    assert (repository / "tests/ledger/idea.txt").read_text(encoding="utf-8").splitlines()[1:] == [
        "",
        "Opening",
        "`x | count` = 42",
        "block first",
        "  x is 42",
        "answer Why?",
        "  Because of 42.",
    ]
    assert not (repository / "tests/ledger/old.txt").exists()
    capsys.readouterr()
    assert cli.main(["accept"]) == 0
    assert capsys.readouterr().out == "tests/ledger/idea.txt: as it was\n"


@pytest.fixture(scope="module")
def scaffolded(tmp_path_factory: pytest.TempPathFactory) -> Scaffolded:
    """A copy of this repository with a new idea in it."""
    root = tmp_path_factory.mktemp("copy")
    for name in ("docs", "perpnotes", "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "examples"))
    for name in ("mkdocs.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    made = Scaffolded(root, "")
    new = made.run("-m", "perpnotes.publish", "new", 'The "tail": a test', "--name", "tail")
    assert new.returncode == 0, new.stderr
    return Scaffolded(root, new.stdout)


@dataclass
class Scaffolded:
    """The copy, and what the command printed that made the idea."""

    root: Path
    said: str

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=300
        )


def test_new_says_all_that_it_writes_and_adds(scaffolded: Scaffolded) -> None:
    """Each file, and each line in another file, where it now stands; nothing else changed."""
    files = ["perpnotes/tail.py", "docs/insights/tail.md", "tests/test_tail.py", "docs/reference/tail.md"]
    said = scaffolded.said.partition("\n\n")[0].splitlines()
    assert said[:4] == files
    assert said[-1] == "tests/ledger/tail.txt: 40 lines new or changed"
    for path in files:
        text = (scaffolded.root / path).read_text(encoding="utf-8")
        assert checks.MARK in text or "reference" in path
    groups = listing.grouped(str(scaffolded.root / "mkdocs.yml"))
    assert groups["Who notices?"][-1] == "docs/insights/tail.md"
    for path in ("perpnotes/__init__.py", "pyproject.toml", "mkdocs.yml"):
        lines = (scaffolded.root / path).read_text(encoding="utf-8").splitlines()
        added = {}
        for line in said[4:-1]:
            place, _, text = line.partition(": added ")
            if place.startswith(f"{path}:"):
                added[int(place.rpartition(":")[2])] = text
        assert len(added) == 2
        assert {number: lines[number - 1].strip() for number in added} == added
        assert [line for n, line in enumerate(lines, 1) if n not in added] == (ROOT / path).read_text().splitlines()


def test_a_new_idea_passes_every_check_and_test_as_it_stands(scaffolded: Scaffolded) -> None:
    """The tests for it and for every idea, the check of its pages, its ledger and page, layers, lint, formatting."""
    found = scaffolded.run("-m", "perpnotes.publish", "article", "tail")
    *faults, passed = found.stdout.splitlines()
    assert re.fullmatch(r"\d\d passed, \d+ deselected in .*", passed), found.stdout + found.stderr
    assert faults
    assert {line.split()[:2][1] for line in faults} == {"PN105"}
    assert found.stderr == f"docs/insights/tail.md: {len(faults)} faults; its tests are running\n"
    pages = scaffolded.run("-m", "perpnotes.publish", "check", "docs/insights/tail.md", "docs/reference/tail.md")
    assert pages.stdout.splitlines() == faults
    for step in (
        ("-c", "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"),
        ("-m", "ruff", "check", "--no-cache", "perpnotes/__init__.py", "perpnotes/tail.py", "tests/test_tail.py"),
        ("-m", "ruff", "format", "--check", "--no-cache", "perpnotes/__init__.py", "perpnotes/tail.py"),
    ):
        done = scaffolded.run(*step)
        assert done.returncode == 0, done.stdout + done.stderr


def test_new_overwrites_nothing(scaffolded: Scaffolded) -> None:
    """Where one of the files exists, none is written and no list changed."""
    before = (scaffolded.root / "mkdocs.yml").read_bytes()
    again = scaffolded.run("-m", "perpnotes.publish", "new", "Tail")
    assert again.returncode == 1
    assert "docs/insights/tail.md, tests/test_tail.py, docs/reference/tail.md exists" in again.stderr
    assert (scaffolded.root / "mkdocs.yml").read_bytes() == before


LISTS = {
    "perpnotes/__init__.py": "from perpnotes import (\n    fees,\n    stress,\n)\n__all__ = [\n"
    '    "Term",\n    "fees",\n    "stress",\n]\n',
    "pyproject.toml": 'layers = [ # why\n    "perpnotes.publish",\n    "perpnotes.fees",\n]\n'
    'source_modules = [\n    "perpnotes.fees",\n]\n',
    "mkdocs.yml": "nav:\n  - Insights:\n      - Who notices?:\n          - insights/fees.md\n"
    "  - Reference:\n      - fees: reference/fees.md\n      - derivation: reference/perpnotes.md\n",
}


@pytest.mark.parametrize(
    ("name", "line"), [("pyproject.toml", "source_modules = ["), ("mkdocs.yml", "      - Who notices?:")]
)
def test_new_writes_nothing_where_a_list_is_not_found(
    repository: Path, capsys: pytest.CaptureFixture[str], name: str, line: str
) -> None:
    """It says which line it could not add, and to which file."""
    for path, text in LISTS.items():
        write(repository, text.replace(line, ""), path)
    assert cli.main(["new", "Tail"]) == 1
    assert capsys.readouterr().err.startswith(f"{name} has no list to which ")
    assert not (repository / "perpnotes/tail.py").exists()
    assert "tail" not in (repository / "perpnotes/__init__.py").read_text()


def test_an_idea_is_added_where_its_list_has_it(repository: Path) -> None:
    """In order where a list is sorted, indented as its neighbors; and only once."""
    for path, text in LISTS.items():
        write(repository, text.replace("\n    fees,\n    stress,", "\n        fees,\n        stress,"), path)
    made = scaffold.registered("low")
    assert made[Path("perpnotes/__init__.py")] == (
        "from perpnotes import (\n        fees,\n        low,\n        stress,\n)\n__all__ = [\n"
        '    "Term",\n    "fees",\n    "low",\n    "stress",\n]\n'
    )
    assert made[Path("pyproject.toml")] == (
        'layers = [ # why\n    "perpnotes.publish",\n    "perpnotes.low",\n    "perpnotes.fees",\n]\n'
        'source_modules = [\n    "perpnotes.fees",\n    "perpnotes.low",\n]\n'
    )
    assert yaml.safe_load(made[Path("mkdocs.yml")])["nav"] == [
        {"Insights": [{"Who notices?": ["insights/fees.md", "insights/low.md"]}]},
        {
            "Reference": [
                {"fees": "reference/fees.md"},
                {"low": "reference/low.md"},
                {"derivation": "reference/perpnotes.md"},
            ]
        },
    ]
    lower = '    "perpnotes.fees",\n    "perpnotes.low",\n'
    moved = made[Path("pyproject.toml")].replace('"perpnotes.low",\n    "perpnotes.fees",\n]', lower.strip() + "\n]", 1)
    assert moved != made[Path("pyproject.toml")]  # as its author does who wants another idea to import it
    again = {**made, Path("pyproject.toml"): moved}
    for path, text in again.items():
        write(repository, text, path.as_posix())
    assert scaffold.registered("low") == again


def test_article_knows_which_idea_could_be_meant(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is run for one that does not exist."""
    write(repository, ARTICLE, "docs/insights/fees.md")
    assert cli.main(["article", "fee"]) == 1
    assert capsys.readouterr().err == "there is no docs/insights/fee.md; did you mean fees?\n"


def test_article_runs_the_published_examples_that_call_the_idea(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in the test that holds it, and none of another idea."""
    monkeypatch.chdir(ROOT)
    chosen = [name for name in loop.selection("fees") if "::" in name]
    calls = {
        example.id: any(name.startswith("fees.") for name in group.functions)
        for group in published.groups()
        for example in group.examples
        if not group.pending
    }
    assert {re.sub(r".*\[(.*)\]", r"\1", name) for name in chosen} == {id for id, called in calls.items() if called}
    assert not all(calls.values())
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *chosen], cwd=ROOT, capture_output=True, check=False
    )
    assert collected.returncode == 0


ALONE = {
    "Fine, [here](#here).\n\n## Here\n": "",
    "Word.\n\nA [link](none.md).\n": ":3: Doc file '{}.md' contains a link 'none.md'",
    "Word.\n\nA [place](#none).\n": ":3: Doc file '{}.md' contains a link '#none'",
    '```python exce="on"\n1\n```\n': ":1: unknown option exce; did you mean exec?",
    "It is `#!math \\nonsense`.\n": ":1: ",
}


def test_a_page_rendered_alone_says_what_the_generator_would(site: Callable[..., Any]) -> None:
    """Its warnings and what our extensions refuse, with the line."""
    pages = {f"x{n}": text for n, text in enumerate(ALONE)}
    said = site(**pages).rendered()
    for name, text in pages.items():
        fault = ALONE[text].format(name)
        assert said[name].startswith(f"docs/{name}.md{fault}") if fault else said[name] == "", said


def test_a_file_that_is_no_utf8_is_one_fault(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every other page is checked as before, and of the glossary that it is all of them depend on, it is said, too."""
    page = write(repository, "# Page\n\nA [term](glossary.md#term).\n", "docs/page.md")
    for bad in ("docs/insights/bad.md", "docs/glossary.md"):
        (repository / bad).write_bytes("# Schröder\n".encode("latin-1"))
        assert cli.main(["check"]) == 1
        shown = capsys.readouterr()
        assert f"{bad}:1: PN001 byte 0xf6 is no UTF-8; save the file in that encoding" in shown.out
    assert shown.err == "2 faults in 3 pages\n"
    assert cli.main(["check", page]) == 1
    assert capsys.readouterr().out.startswith("docs/glossary.md:1: PN001 byte 0xf6 is no UTF-8")


@pytest.mark.parametrize("arguments", [["new", "42"], ["new", "Class", "--name", "class"], ["new", " x"]])
def test_new_refuses_a_name_that_no_module_can_have(repository: Path, arguments: list[str]) -> None:
    """Nothing is written."""
    assert cli.main(arguments) == 1
    assert not list(repository.rglob("*.*"))


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "docs/insights/none.md"], ["chekc"]])
@pytest.mark.usefixtures("repository")
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    """A missing file, too."""
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2


def test_commands_run_at_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere they would write files where nobody looks for them."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["check"])

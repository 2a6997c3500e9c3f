"""The commands of a contributor, in a repository of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perpnotes.publish import checks, cli

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
    assert cli.main(["run", "--no-code", "docs/insights/idea.md"]) == 0
    assert "  > " not in capsys.readouterr().out


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


def test_new_writes_an_idea_that_runs_and_keeps_every_rule(tmp_path: Path) -> None:
    """Module, article, test and reference page pass as they stand; only marked sentences are left to write."""
    shutil.copytree(ROOT / "perpnotes", tmp_path / "perpnotes", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests").mkdir()
    for name in ("cases.py", "conftest.py", "needs.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    made = python("perpnotes.publish.cli", "new", 'The "tail": a test', "--name", "tail")
    assert made.returncode == 0, made.stderr
    for path in ("perpnotes/tail.py", "docs/insights/tail.md", "tests/test_tail.py", "docs/reference/tail.md"):
        assert f"{path}\n" in made.stdout
        assert (tmp_path / path).is_file()
        assert checks.MARK in (tmp_path / path).read_text(encoding="utf-8") or "reference" in path
    for step in ("perpnotes/__init__.py", "pyproject.toml", "mkdocs.yml"):
        assert step in made.stdout

    found = python("perpnotes.publish.cli", "check", "docs")
    assert {line.split()[1] for line in found.stdout.splitlines()} == {"PN105"}
    options = ("-q", "--doctest-modules", "-p", "no:cacheprovider", "-n0", "-c", "/dev/null", "--rootdir", ".")
    tested = python("pytest", *options, "tests/test_tail.py", "perpnotes/tail.py")
    assert tested.returncode == 0, tested.stdout
    linted = python(
        "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), "perpnotes/tail.py", "tests"
    )
    assert linted.returncode == 0, linted.stdout
    assert "tail.md exists" in python("perpnotes.publish.cli", "new", "Tail").stderr


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

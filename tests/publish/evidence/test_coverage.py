"""Evidence: what the tests executed, and no word of it once a source has changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown import Markdown

from perpnotes.publish.evidence import coverage, published
from perpnotes.publish.page import fences

ROOT = Path(__file__).parents[3]
GROUPS = published.groups(ROOT / published.FOLDER)
LIBRARY = '''\
LIMIT = 1.0


def price(x):
    """Doc."""
    return x + 1


def _hidden(x):
    return x


class Position:
    """Doc."""

    size: float = LIMIT

    def why(self):
        """Doc."""
        return self.size


def idle(x):
    return x
'''
TESTS = """\
from hypothesis import given


def test_plain(): ...


class TestAll:
    @given(x=1)
    def test_property(self, x): ...
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of one module and its tests, as the working directory."""
    for file, text in (("perpnotes/idea.py", LIBRARY), ("tests/test_idea.py", TESTS)):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def line(text: str) -> int:
    return LIBRARY.split("\n").index(text) + 1


def test_a_test_stands_behind_what_it_executed(project: Path) -> None:  # noqa: ARG001
    """By lines of bodies, in the test itself: no import and no fixture counts. All cases of a test are one."""
    body, method = line("    return x + 1"), line("        return self.size")
    ran = {
        line("def price(x):"): ["", "tests/test_idea.py::test_plain|run"],
        line("    size: float = LIMIT"): ["tests/test_idea.py::test_plain|run"],
        body: ["tests/test_idea.py::TestAll::test_property|run", "tests/test_idea.py::test_other|setup"],
        method: ["tests/test_idea.py::test_plain[1-a]|run", "tests/test_idea.py::test_plain[2-[b]]|run"],
    }
    found = coverage.record({"perpnotes/idea.py": ran})
    assert found["functions"] == {
        "idea.price": ["tests/test_idea.py::TestAll::test_property"],
        "idea.Position": ["tests/test_idea.py::test_plain"],
    }
    assert found["properties"] == ["tests/test_idea.py::TestAll::test_property"]


@pytest.mark.parametrize("changed", ["perpnotes/idea.py", "tests/test_idea.py", "tests/new.yaml"])
def test_a_changed_source_silences_it(project: Path, changed: str) -> None:
    """The build never claims what was not run on these sources."""
    assert coverage.load() is None
    coverage.FILE.write_text(json.dumps(coverage.record({})))
    assert coverage.load() is not None
    with (project / changed).open("a") as file:
        file.write("# changed\n")
    assert coverage.load() is None


FOUND: dict[str, Any] = {
    "functions": {
        "liquidation.price": ["tests/test_a.py::test_x", "tests/test_a.py::test_y", "tests/test_b.py::test_z"],
        "drift.psi": ["tests/test_a.py::test_x"],
    },
    "properties": ["tests/test_a.py::test_y"],
}


def test_the_reference_names_examples_and_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name with its sources and its tests; a link to the file only where the repository is known."""
    monkeypatch.delenv("REPO_URL", raising=False)
    section = coverage.reference("liquidation", GROUPS, FOUND)
    row = next(text for text in section.split("\n") if "[`price`]" in text)
    assert "[Bybit](../verification.md#bybit-liquidation-price-isolated)" in row
    assert "3 tests (1 property test) in `test_a.py` and 1 other file" in row
    held = [group for group in GROUPS if "liquidation.price" in group.functions]
    assert f": {sum(len(group.sound) for group in held)} published examples (" in row
    monkeypatch.setenv("REPO_URL", "https://example.org/r/")
    assert "[`test_a.py`](https://example.org/r/blob/HEAD/tests/test_a.py)" in coverage.reference("drift", (), FOUND)


def test_without_a_recording_nothing_is_said_of_tests() -> None:
    """Published examples are facts of the repository; tests are claimed only where they ran."""
    section, end = coverage.reference("liquidation", GROUPS, None), coverage.article("liquidation", GROUPS, None)
    assert "[`price`]" in section
    assert "verification.md" in end
    assert "test" not in section + end
    assert coverage.reference("drift", GROUPS, None) == coverage.article("drift", GROUPS, None) == ""


def test_examples_that_contradict_themselves_hold_nothing() -> None:
    """They are not counted for the function that disproves them."""
    broken = [
        replace(group, examples=tuple(replace(example, contradicts="no") for example in group.examples))
        for group in GROUPS
    ]
    assert coverage.reference("liquidation", broken, None) == ""
    assert coverage.article("liquidation", broken, None) == ""


@pytest.mark.parametrize(
    ("page", "nested", "top", "end"),
    [
        ("docs/reference/liquidation.md", False, True, False),
        ("docs/insights/liquidation.md", False, False, True),
        ("docs/about.md", False, False, False),
        ("docs/insights/liquidation.md", True, False, False),
    ],
)
def test_it_is_added_to_the_pages_of_ideas(
    monkeypatch: pytest.MonkeyPatch, page: str, nested: bool, top: bool, end: bool
) -> None:
    """Above the functions of the reference, at the end of an article; nowhere else, and not in what a block prints."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(fences, "path_of", lambda _md: ROOT / page)
    md = Markdown(extensions=["perpnotes.publish.page.extension", "md_in_html", "tables", "attr_list"])
    if nested:
        md._original_md = md  # type: ignore[attr-defined]  # what markdown-exec leaves on the instances it makes
    html = md.convert("# Title\n\nText." + "\n\n::: perpnotes.liquidation" * ("reference" in page))
    assert html.startswith("<h1>Title</h1>\n<p>Text.</p>")
    assert ("<summary>Checked by " in html.partition("<p>:::")[0]) == top
    assert html.endswith("</div>") == end
    assert ("pn-evidence" in html) == (top or end)


def test_a_docstring_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of a reference converts each docstring with the same extensions: the section stands there once."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(fences, "path_of", lambda _md: ROOT / "docs/reference/liquidation.md")
    html = Markdown(extensions=["perpnotes.publish.page.extension"]).convert("Where a position is liquidated.")
    assert html == "<p>Where a position is liquidated.</p>"

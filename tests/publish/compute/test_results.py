"""What was computed is kept as long as nothing that it depends on has changed, and can be quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from perpnotes.publish.articles import Article, ArticleError, parse
from perpnotes.publish.compute import results, worker

TEXT = """\
# X

```python exec="on"
from perpnotes.publish import table

worst = 1234.5
table([{"a": worst}], columns={"a": ("A", "usd.0")}, caption="C", id="t")
print("printed")
```

`#!calc worst | usd.0`
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the pages that ran."""
    ran: list[str] = []
    run = worker.run

    def count(article: Article) -> worker.Computed:
        ran.append(article.path)
        return run(article)

    monkeypatch.setattr(worker, "run", count)
    return ran


def test_what_is_kept_is_what_was_computed(runs: list[str]) -> None:
    """Displays and values come back from the disk as they came from the page's process."""
    page = parse(TEXT, "docs/x.md")
    first = results.of(page)
    assert results.of(page) == first == worker.run(page)
    assert runs == ["docs/x.md", "docs/x.md"]  # once by `of`, once in the line above


def test_another_text_or_time_is_computed_anew(runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And takes the place of what was kept before."""
    results.of(parse(TEXT, "docs/x.md"))
    changed = results.of(parse(TEXT.replace("1234.5", "5.0"), "docs/x.md"))
    assert changed.values["worst | usd.0"].text == "$5"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    results.of(parse(TEXT, "docs/x.md"))
    assert len(runs) == 3
    assert len(list(results.FOLDER.iterdir())) == 1


def test_another_library_is_another_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any source of perpnotes may have taken part."""
    page = parse(TEXT, "docs/x.md")
    before = results._key(page)
    (tmp_path / "library").mkdir()
    (tmp_path / "library/stress.py").write_text("")
    monkeypatch.setattr(results, "_LIBRARY", tmp_path / "library")
    empty = results._key(page)
    (tmp_path / "library/stress.py").write_text("x = 1")
    assert len({before, empty, results._key(page)}) == 3


def test_a_page_that_reads_a_file_is_not_kept(tmp_path: Path, runs: list[str]) -> None:
    """Nothing would tell that the file has changed."""
    (tmp_path / "data.csv").write_text("1")
    page = parse('```python exec="on"\nwith open("data.csv") as file:\n    print(file.read())\n```\n', "docs/x.md")
    assert results.of(page).read == (str(tmp_path / "data.csv"),)
    (tmp_path / "data.csv").write_text("2")
    assert results.of(page).outputs[0][0].text == "2\n"
    assert len(runs) == 2


def test_time_zones_and_the_library_are_no_files_of_the_page() -> None:
    """They belong to Python, or to the key."""
    code = "from zoneinfo import ZoneInfo\nimport perpnotes, wave\nprint(ZoneInfo('Europe/London'))"
    assert results.of(parse(f'```python exec="on"\n{code}\n```\n', "docs/x.md")).read == ()


def test_a_fault_is_not_kept(runs: list[str]) -> None:
    page = parse('```python exec="on"\n1 / 0\n```\n', "docs/x.md")
    for _ in range(2):
        with pytest.raises(worker.RunError):
            results.of(page)
    assert len(runs) == 2
    assert not results.FOLDER.exists()


# --- Quotes ---


@pytest.fixture
def quoted(tmp_path: Path) -> Path:
    (tmp_path / "docs/insights").mkdir(parents=True)
    (tmp_path / "docs/insights/x.md").write_text(TEXT)
    return tmp_path / "docs/insights/x.md"


def test_a_quote_is_the_other_articles_number(quoted: Path, runs: list[str]) -> None:
    """As that article prints it, and computed there once."""
    page = parse("It loses `#!calc x: worst | usd.0`, `#!calc x: worst\n| usd.0`.\n", "docs/primer.md")
    assert results.of(page).values["x: worst | usd.0"] == worker.Result("1234.5", "$1,234")
    quoted.write_text(TEXT.replace("1234.5", "5.0"))
    assert results.of(page).values["x: worst | usd.0"].text == "$5"
    assert runs == ["docs/insights/x.md"] * 2


@pytest.mark.parametrize(
    ("quote", "message"),
    [
        ("y: worst | usd.0", "docs/primer.md:1: `y: worst | usd.0`: there is no docs/insights/y.md"),
        ("x: wrost | usd.0", "docs/primer.md:1: docs/insights/x.md has no inline value `wrost | usd.0`; it has worst"),
        ("x: worst | usd.2", "docs/primer.md:1: docs/insights/x.md has no inline value `worst | usd.2`; it has worst"),
    ],
)
@pytest.mark.usefixtures("quoted")
def test_a_quote_of_what_the_article_does_not_publish_is_refused(quote: str, message: str) -> None:
    """Only what its reader finds there can be quoted, in the same form."""
    with pytest.raises(ArticleError) as caught:
        results.of(parse(f"`#!calc {quote}`\n", "docs/primer.md"))
    assert str(caught.value).startswith(message)


def test_python_with_a_colon_is_no_quote() -> None:
    page = parse("`#!calc (lambda: 3)()` `#!calc [1, 2][1:]` `#!calc {'a': 1}['a']`\n", "docs/x.md")
    assert [result.text for result in results.of(page).values.values()] == ["3", "[2]", "1"]

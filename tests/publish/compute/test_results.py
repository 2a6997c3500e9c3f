"""What was computed is kept as long as nothing that it depends on has changed, and can be quoted."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
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

    def count(article: Article, deep: bool = False) -> worker.Computed:
        ran.append(article.path)
        return run(article, deep)

    monkeypatch.setattr(worker, "run", count)
    return ran


def test_what_is_kept_is_what_was_computed(runs: list[str]) -> None:
    """Displays and values come back from the disk as they came from the page's process."""
    page = parse(TEXT, "docs/x.md")
    first = results.of(page)
    again = worker.run(page)
    assert results.of(page) == first
    assert (first.outputs, first.values, first.trace) == (again.outputs, again.values, again.trace)
    assert runs == ["docs/x.md", "docs/x.md"]  # once by `of`, once in the line above


def test_another_text_is_computed_anew_and_another_commit_is_not(
    runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of the commit, which `make` sets, changes no number."""
    results.of(parse(TEXT, "docs/x.md"))
    changed = results.of(parse(TEXT.replace("1234.5", "5.0"), "docs/x.md"))
    assert changed.values["worst | usd.0"].text == "$5"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    results.of(parse(TEXT, "docs/x.md"))
    assert len(runs) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# X\n", "# X\n\nWords.\n"),
        ("worst = 1234.5", "# A comment.\n\nworst = 1234.5  # another"),
    ],
)
def test_words_and_comments_compute_nothing_anew(runs: list[str], old: str, new: str) -> None:
    """What runs is the same; what is told of a number names the lines as they are now."""
    assert TEXT.count(old) == 1
    before, page = parse(TEXT, "docs/x.md"), parse(TEXT.replace(old, new), "docs/x.md")
    told = [results.deep(page) for page in (before, page)]
    assert results.of(before).outputs == results.of(parse(TEXT.replace(old, new), "docs/x.md")).outputs
    assert len(runs) == 1
    for source, (node, *_) in zip((before, page), (each["nodes"] for each in told), strict=True):
        assert source.executed[0].source.split("\n")[node[1]].startswith("worst = ")
    text = TEXT.replace("1234.5", "'''# no comment\n\n1'''").replace(" | usd.0", "").replace('"usd.0"', '"text"')
    assert results.of(parse(text, "docs/x.md")).values["worst"].text == "# no comment\n\n1"


def test_a_module_that_changes_is_computed_anew_and_another_is_not(tmp_path: Path, runs: list[str]) -> None:
    """A result depends on what was loaded: here on one of two modules beside the page."""
    for name in ("used", "other"):
        (tmp_path / f"{name}.py").write_text("x = 1\n")
    page = parse(
        '```python exec="on"\nimport sys\nsys.path.insert(0, ".")\nimport used\nprint(used.x)\n```\n', "docs/x.md"
    )
    assert results.of(page).outputs[0][0].text == "1\n"
    (tmp_path / "other.py").write_text("x = 2\n")
    results.of(page)
    assert len(runs) == 1
    (tmp_path / "used.py").write_text("x = 22\n")
    assert results.of(page).outputs[0][0].text == "22\n"
    assert len(runs) == 2


def test_an_idea_depends_on_what_it_imports_and_on_nothing_else() -> None:
    """So that an edit of `pipeline` leaves the article on fees alone."""
    page = parse('```python exec="on"\nfrom perpnotes import fees\n```\n', "docs/x.md")
    loaded = {Path(path).stem for path in results.of(page).trace}
    assert {"fees", "_validate"} <= loaded
    assert not {"pipeline", "cascades", "feeds"} & loaded


@pytest.mark.parametrize("code", ["print(open('data/a.csv').read())", "import os\nprint(len(os.listdir('data')))"])
def test_a_file_or_a_folder_that_changes_is_read_anew(tmp_path: Path, runs: list[str], code: str) -> None:
    """Also one that comes."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("1")
    page = parse(f'```python exec="on"\n{code}\n```\n', "docs/x.md")
    for text in ("1\n", "1\n"):
        assert results.of(page).outputs[0][0].text == text
    assert len(runs) == 1
    (tmp_path / "data/a.csv").write_text("2")
    (tmp_path / "data/b.csv").write_text("2")
    assert results.of(page).outputs[0][0].text == "2\n"
    assert len(runs) == 2


def test_a_result_that_comes_with_the_repository_changes_nothing(tmp_path: Path, runs: list[str]) -> None:
    """Results lie in the user's own cache; whatever a branch brings is not read."""
    page = parse(TEXT, "docs/x.md")
    results.of(page)
    kept = next(results.folder().glob("*.json"))
    forged = kept.read_text().replace("$1,234", "$9")
    assert not results.folder().is_relative_to(tmp_path / "docs")
    for place in (".cache", ".cache/outcomes", ".cache/results", "docs/.cache"):
        (tmp_path / "branch" / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / "branch" / place / kept.name).write_text(forged)
    kept.unlink()
    os.chdir(tmp_path / "branch")
    assert results.of(page).values["worst | usd.0"].text == "$1,234"
    assert len(runs) == 2


def test_an_article_is_computed_once_for_all_who_ask(runs: list[str]) -> None:
    """A page that quotes it and the page itself, at the same time."""
    page = parse(TEXT, "docs/x.md")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(results.of, [page] * 4))
    assert found == [found[0]] * 4
    assert runs == ["docs/x.md"]


def test_time_zones_are_no_files_of_the_page() -> None:
    """They belong to Python, whose version is in the key."""
    code = "from zoneinfo import ZoneInfo\nimport wave\nprint(ZoneInfo('Europe/London'))"
    trace = results.of(parse(f'```python exec="on"\n{code}\n```\n', "docs/x.md")).trace
    assert not [path for path in trace if "perpnotes" not in path]


@pytest.mark.parametrize(
    ("code", "value", "line"),
    [
        ("# A comment.\n\nx = (\n    # another\n    1 / 0\n)", "1", 8),
        ("x = 1  # a comment\n\ny = (", "1", 6),
        ("# A comment.\nx = 1", "x / 0", 8),
    ],
)
def test_a_fault_names_its_line_in_the_file(code: str, value: str, line: int) -> None:
    """Whatever of the file did not run."""
    page = parse(f'# X\n\n```python exec="on"\n{code}\n```\n\n`#!calc {value}`\n', "docs/x.md")
    with pytest.raises(worker.RunError) as caught:
        results.of(page)
    assert caught.value.line == line
    assert f'File "docs/x.md", line {line}' in caught.value.message


def test_a_fault_is_not_kept(runs: list[str]) -> None:
    page = parse('```python exec="on"\n1 / 0\n```\n', "docs/x.md")
    for _ in range(2):
        with pytest.raises(worker.RunError):
            results.of(page)
    assert len(runs) == 2
    assert not list(results.folder().glob("*.json"))


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


DRAWN = (
    '# X\n\n```python exec="on"\nfrom perpnotes.publish import lines\n\n'
    'lines([1, 2], {"a": [1, 2]}, x_title="x", y_title="y", x_unit="count", y_unit="count",\n'
    '    caption="It rises.", alt="A line that rises.", id="rise")\n```\n'
)


def test_a_figure_is_quoted_by_its_id(quoted: Path) -> None:
    """The finished figure, with its caption as text; one that is not there is named, with those that are."""
    quoted.write_text(DRAWN)
    found = results.of(parse("`#!calc x: rise | figure`\n", "docs/primer.md")).values["x: rise | figure"]
    assert found.raw.startswith('<figure class="pn-figure" id="rise">')
    assert found.text == "It rises."
    with pytest.raises(ArticleError, match=r"x.md has no figure `fall \| figure`; it has rise"):
        results.of(parse("`#!calc x: fall | figure`\n", "docs/primer.md"))


def test_python_with_a_colon_is_no_quote() -> None:
    page = parse("`#!calc (lambda: 3)()` `#!calc [1, 2][1:]` `#!calc {'a': 1}['a']`\n", "docs/x.md")
    assert [result.text for result in results.of(page).values.values()] == ["3", "[2]", "1"]


def test_what_is_told_in_depth_is_not_computed_once_more(runs: list[str]) -> None:
    """Whoever asks for less than is kept takes it from there; whoever asks for more has the page run again."""
    page = parse('`#!calc worst | usd.0`\n\n```python exec="on"\nworst = 1234.5 + 1.0\n```\n', "docs/x.md")
    told = results.deep(page)
    assert results.of(page).told == told
    assert len(runs) == 1
    other = parse(page.text.replace("worst", "worse"), "docs/x.md")
    plain = results.of(other).told
    told = results.deep(other)
    assert len(runs) == 3
    assert told["numbers"][0].pop("m")
    assert told == plain

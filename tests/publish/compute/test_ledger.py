"""Published numbers do not change silently: every article computes what its ledger says."""

from __future__ import annotations

from pathlib import Path

import pytest

from perpnotes.publish.articles import Article, Block, parse, read
from perpnotes.publish.compute import ledger, results, worker
from perpnotes.publish.compute.outputs import Output

ROOT = Path(__file__).parents[3]
ARTICLES = sorted((ROOT / "docs/insights").glob("*.md"))
TEXT = """\
# A title

It loses `#!calc worst | usd.0`.

## Worked example

```python exec="on" id="book"
print("a", 1)
```

### A figure

```python exec="on"
figure()
```

And `#!calc worst | usd.0` again.
"""
FIGURE = {
    "id": "f",
    "caption": "C",
    "alt": "Falls to 2",
    "headers": ["move", "loss"],
    "rows": [["1%", "$2"], ["2%", "$3"]],
}


def drawn(change: dict[str, object]) -> Output:
    return Output("figure", "<svg/>", "html", "…", FIGURE | change)


def displayed(markup: str = "<svg/>") -> tuple[tuple[Output, ...], ...]:
    return (
        (Output("text", "a 1\n\nb 2\n", "text", "a 1\n\nb 2\n"),),
        (
            Output("figure", markup, "html", "…", FIGURE),
            Output("answer", "…", "markdown", "…", {"question": "Why?", "answer": "Because\nof\u00a02."}),
        ),
    )


def computed(markup: str = "<svg/>") -> worker.Computed:
    return worker.Computed(displayed(markup), {"worst | usd.0": worker.Result("5.0", "$5")})


def article(text: str = TEXT) -> Article:
    return parse(text, "docs/insights/x.md")


@pytest.mark.kept
@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_an_article_computes_what_its_ledger_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that moves is shown, with the command that accepts it."""
    monkeypatch.chdir(ROOT)
    page = read(path)
    if moved := ledger.difference(page, results.of(page)):
        pytest.fail(moved, pytrace=False)


def test_every_ledger_belongs_to_an_article() -> None:
    """An idea that goes takes its ledger with it."""
    assert {file.stem for file in (ROOT / ledger.FOLDER).glob("*")} <= {path.stem for path in ARTICLES}


def test_what_a_number_belongs_to_is_named_once_above_it() -> None:
    """A heading; its inline values; then each block, figure and answer with its rows, in the order of the page."""
    assert ledger.lines(article(), computed()) == [
        "",
        "Opening",
        "`worst | usd.0` = $5",
        "",
        "Worked example",
        "block book",
        "  a 1",
        "  b 2",
        "",
        "A figure",
        "`worst | usd.0` = $5",
        "figure f",
        "  caption = C",
        "  alt = Falls to 2",
        "  move | loss",
        "    1% | $2",
        "    2% | $3",
        "answer Why?",
        "  Because of 2.",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [("### A figure", "### Another"), ("headers", ["move", "harm"]), ("id", "g"), ("caption", "D")],
)
def test_another_name_is_one_line(old: str, new: object) -> None:
    """A reviewer sees that no number moved."""
    before = ledger.lines(article(), computed())
    shown = displayed() if old.startswith("#") else (displayed()[0], (drawn({old: new}), displayed()[1][1]))
    text = TEXT.replace(old, str(new)) if old.startswith("#") else TEXT
    after = ledger.lines(article(text), worker.Computed(shown, computed().values))
    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_git_names_what_a_changed_row_belongs_to() -> None:
    """Above a change it writes the last line that begins with a letter: a heading, or what is shown below it."""
    found = [line for line in ledger.lines(article(), computed()) if line[:1].isalpha()]
    assert found == ["Opening", "Worked example", "block book", "A figure", "figure f", "answer Why?"]


def test_markup_is_no_number() -> None:
    """A figure that is drawn in another way publishes the same."""
    assert ledger.lines(article(), computed("<svg>other</svg>")) == ledger.lines(article(), computed())


def test_an_edit_further_up_moves_nothing() -> None:
    """No line number, and no name that counts blocks from the top."""
    plain = TEXT.replace(' id="book"', "")
    longer = plain.replace("# A title\n", '# A title\n\nWord.\n\n```python exec="on"\nx = 1\n```\n')
    shown = worker.Computed(((), *displayed()), computed().values)
    assert ledger.lines(article(longer), shown) == ledger.lines(article(plain), computed())


def test_a_difference_shows_both_numbers_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a contributor needs when the test fails, and nothing when it does not."""
    monkeypatch.chdir(tmp_path)
    assert ledger.difference(article(), computed()).startswith("tests/ledger/x.txt does not exist.")
    ledger.FOLDER.mkdir(parents=True)
    ledger.path(article()).write_text(ledger.text(article(), computed()), encoding="utf-8")
    assert ledger.difference(article(), computed()) == ""
    moved = worker.Computed(displayed(), {"worst | usd.0": worker.Result("6.0", "$6")})
    found = ledger.difference(article(), moved)
    assert "\n Opening\n-`worst | usd.0` = $5\n+`worst | usd.0` = $6\n" in found
    assert "python -m perpnotes.publish accept docs/insights/x.md" in found


def test_a_difference_names_what_a_row_belongs_to() -> None:
    """Its heading, its figure and the heads of its columns, however far above it they stand; not other rows."""
    rows = [[f"{k}%", f"${k}"] for k in range(40)]
    old, new = (
        ledger.text(article(), worker.Computed((displayed()[0], (drawn({"rows": found}),)), computed().values))
        for found in (rows, [*rows[:30], ["30%", "$31"], *rows[31:], ["40%", "$40"]])
    )
    above = [" A figure", " figure f", "   move | loss"]
    assert ledger.changes(old.splitlines(), new.splitlines()) == [
        *above,
        "-    30% | $30",
        "+    30% | $31",
        *above,
        "+    40% | $40",
    ]


def test_items_stand_in_the_order_of_the_file() -> None:
    """For the ledger and for the command `run`."""
    kinds = [type(thing) is Block for thing, _ in ledger.items(article(), computed())]
    assert kinds == [False, True, True, False]


def test_what_a_reader_moves_is_in_the_ledger() -> None:
    """What it says at its start, and a digest of every other step."""
    output = drawn({"say": "Once.", "digest": "ab12", "steps": "{}"})
    found = ledger.lines(article(), worker.Computed((displayed()[0], (output,)), computed().values))
    assert found[found.index("figure f") :] == [
        "figure f",
        "  caption = C",
        "  alt = Falls to 2",
        "  say = Once.",
        "  digest = ab12",
        "  move | loss",
        "    1% | $2",
        "    2% | $3",
    ]

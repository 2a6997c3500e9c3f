"""The copy of an article says in Markdown what its page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from perpnotes.publish import articles
from perpnotes.publish.site.copies import copy

HOME = "https://example.org/notes/"


@pytest.fixture(autouse=True)
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def copy_of(text: str) -> str:
    """The copy of an article with this text."""
    file = Path("docs/insights/grid.md")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"---\ntitle: A grid\n---\n\n# A grid\n\n{text}")
    return copy(articles.read(file), HOME).removeprefix("# A grid\n\n")


def block(code: str, options: str = 'code="folded" title="Code of it"') -> str:
    return f'```python exec="on" id="it" {options}\n{code}\n```\n'


def test_the_copy_is_markdown_with_the_values_in_their_places() -> None:
    """Values, shown code and what it prints below it, links that lead to the site, formulas between dollars."""
    text = (
        "It is **`#!calc 1 + 1 | usd.0`**, see [term](../glossary.md#term) and `#!math x^2`.\n\n"
        + block('print("hello")', "")
        + "\nThe end: [primer](../primer.md).\n"
    )
    assert copy_of(text).split("\n") == [
        "It is **$2**, see [term](https://example.org/notes/glossary/#term) and $x^2$.",
        "",
        "```python",
        'print("hello")',
        "```",
        "",
        "```text",
        "hello",
        "```",
        "",
        "The end: [primer](https://example.org/notes/primer/).",
        "",
    ]


TITLES = "x_title='day', y_title='USD', x_unit='number.0', y_unit='usd.0'"
LINES = f"""\
from perpnotes.publish import lines
def draw(rows, slope=1.0):
    days = [float(day) for day in range(rows)]
    lines(days, {{"a|b": [slope * day for day in days]}}, {TITLES}, caption="Two.", alt="It rises.", id="f")
"""


def test_a_figure_is_its_caption_its_text_and_a_few_rows() -> None:
    """Evenly spaced, first and last kept, and how many of how many; its code is on the page."""
    said = copy_of(block(f"{LINES}draw(61)")).split("\n")
    assert said[:7] == ["**Figure: Two.**", "", "It rises.", "", "| day | a\\|b |", "| --- | --- |", "| 0 | $0 |"]
    assert [row.split(" | ")[0] for row in said[6:19]] == [f"| {day}" for day in range(0, 61, 5)]
    assert said[19:] == [
        "",
        "13 of 61 rows; the page has all of them, as a table and as CSV.",
        "",
        "[Code of it, on the page](https://example.org/notes/insights/grid/#it)",
        "",
    ]


def test_a_figure_with_few_rows_keeps_them_all() -> None:
    """And then nothing is said of more."""
    said = copy_of(block(f"{LINES}draw(13)"))
    assert said.count("\n| ") == 15
    assert "of 13 rows" not in said


def test_what_a_reader_moves_shows_its_start() -> None:
    """What it says there, and what each control does alone."""
    code = """\
import numpy as np
from perpnotes.publish import explore, rungs
coins = [1, 2]
explore({"worth": 5.0 * np.array(coins)}, unit="usd.0", controls={"coins": (coins, "count", 2)},
    say=["It is {worth}."], picture=rungs(held=[], found=["worth"], meanings={"worth": "base"}), title="worth",
    caption="C.", alt="A.", id="m")"""
    said = copy_of(block(code)).split("\n")
    assert "On the page the reader moves it. This is its start: It is $10." in said
    assert [line for line in said if line.startswith("| coins")] == ["| coins: 1 | $5 |", "| coins: 2 | $10 |"]


def test_a_table_is_a_table_and_an_answer_follows_its_question() -> None:
    """Neither stands in a fence; links in an answer lead to the site."""
    code = """\
from perpnotes.publish import answer, table
table([{"a": "x", "b": 2.0}], columns={"a": ("Name", "text"), "b": ("Loss", "usd.0")}, caption="All.", id="t")
answer("Why?", "Because of [it](../primer.md).")"""
    assert copy_of(block(code)).split("\n")[:9] == [
        "**All.**",
        "",
        "| Name | Loss |",
        "| --- | --- |",
        "| x | $2 |",
        "",
        "**Why?**",
        "",
        "Because of [it](https://example.org/notes/primer/).",
    ]


def test_a_derivation_is_printed_as_elsewhere() -> None:
    """With the formula of each term, which a table of values would lose."""
    code = """\
from perpnotes import Derivation, Term
from perpnotes.publish import derivation
derivation(Derivation((Term("x", "size", 2.0, "", "a | b"),)), caption="Why two.", id="why")"""
    assert "```text\nWhy two.\nsize  2   x = a | b\n```" in copy_of(block(code))


def test_printed_markdown_stays_markdown() -> None:
    """It is text of the page, not output."""
    assert copy_of(block("print('*So.*')", 'output="markdown" code="folded"')).startswith(
        "*So.*\n\n[Code, on the page]"
    )


def test_what_only_html_says_is_said_in_markdown() -> None:
    """Questions that are written and not computed, and headings with a place of their own."""
    text = '## Part { #part }\n\n<details class="pn-answer" id="q" markdown>\n<summary>Why?</summary>\n\nSo.\n\n'
    assert copy_of(f"{text}</details>\n") == "## Part\n\n**Why?**\n\nSo.\n"

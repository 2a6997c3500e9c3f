"""What is told of a number: the code that ran, the values that it had, and every input that can move it."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path
from typing import Any

import pytest

from perpnotes.publish import articles
from perpnotes.publish.compute import moves, results, slices, trace, worker

ROOT = Path(__file__).parents[3]
_HEAD = "---\ntitle: T\n---\n\n# T\n\n"


def told(code: str, *values: str, deep: bool = False) -> dict[str, Any]:
    """What is told of a page with one block and some inline values."""
    text = (
        _HEAD + f'```python exec="on" id="one"\n{code}\n```\n\n' + "\n\n".join(f"`#!calc {v}`" for v in values) + "\n"
    )
    return dict(worker.run(articles.parse(text, "t.md"), deep).told)


def number(found: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(found["numbers"][found["at"][name]])


def test_a_bare_name_is_told_as_what_it_was_bound_to_with_values_put_in() -> None:
    found = told("rich, poor = 15_771.4, 14_798.0\nadded = rich - poor", "added | usd.0")
    one = number(found, "v0")
    assert one["x"] == ["added", "rich - poor"]
    assert one["p"] == "$15,771 − $14,798"
    assert float(one["v"]) == pytest.approx(973.4)


def test_what_is_put_in_gives_the_number_again_or_is_not_said() -> None:
    """A generator is used up, a draw is another one: neither is asked a second time."""
    found = told(
        "import numpy as np\nrng = np.random.default_rng(1)\nit = iter([1.0, 2.0])\na = 3 * next(it)",
        "a + 0",
        "rng.normal() * 2",
    )
    assert "p" not in number(found, "v1")
    assert number(found, "v0").get("p", "3 + 0") == "3 + 0"


def test_the_function_of_the_library_is_named_with_what_went_in_and_its_derivation() -> None:
    code = (
        "from perpnotes.liquidation import Estimate\nplan = Estimate(0.5, 60_000.0, wallet=1_500.0, maintenance=0.004)"
    )
    one = number(found := told(code, "plan.price | usd.0"), "v0")
    assert one["f"]["name"] == "liquidation.Estimate"
    assert one["f"]["in"] == [["size", "0.5"], ["entry", "60,000"], ["wallet", "1,500"], ["maintenance", "0.004"]]
    steps = found["whys"][one["w"]]
    assert steps[-1][1:3] == ["liquidation price", "$57,228.92"]
    assert {each[0] for each in found["inputs"]} >= {"plan: size", "plan: entry", "wallet", "maintenance"}


def test_cells_answers_and_series_are_told_each_by_its_own_expression() -> None:
    code = """
from perpnotes.publish import answer, fmt, lines, table
a, b = 2.0, 3.0
rows = []
for name, k in (("one", 1.0), ("two", 2.0)):
    rows.append({"name": name, "both": k * (a + b)})
table(rows, columns={"name": ("Name", "text"), "both": ("Both", "usd.0")}, caption="C", id="sums")
answer("How much?", f"It is {fmt(a * b, 'usd.0')}, not {a:.1f}.")
lines([0, 1], {"up": [a, b], "down": [b, a]}, x_title="x", y_title="y", x_unit="count", y_unit="usd.0",
      caption="C", alt="Two lines that cross.", id="cross")
"""
    found = told(code)
    cells = [found["numbers"][place] for place in found["at"]["sums.1"]]
    assert [cell["x"] for cell in cells] == [["k * (a + b)"]] * 2
    assert [cell["p"] for cell in cells] == ["1 × ($2 + $3)", "2 × ($2 + $3)"] or [c["p"] for c in cells] == [
        "1 × (2 + 3)",
        "2 × (2 + 3)",
    ]
    assert [cell["near"]["name"] for cell in cells] == ["one", "two"]
    ((first, second),) = found["at"]["answers"]
    text = "It is $6, not 2.0."
    assert [text[begin:end] for begin, end, _ in (first, second)] == ["$6", "2.0"]
    assert found["numbers"][first[2]]["x"] == ["a * b"]
    assert found["numbers"][found["at"]["cross.2"]]["x"] == ["[b, a]"]


def test_an_input_says_how_far_it_moves_the_number_or_that_it_does_not_here() -> None:
    found = told("price = 100.0\nfloor = 5.0\ncount = 3\nworst = max(count * price, floor)", "worst | usd.0", deep=True)
    labels = [each[0] for each in found["inputs"]]
    moved = number(found, "v0")["m"]
    assert moved[str(labels.index("price"))] == pytest.approx(1.0)
    assert moved[str(labels.index("floor"))] == 0.0
    assert moved[str(labels.index("count"))] == pytest.approx(33.0)


def test_what_is_filled_step_by_step_is_made_anew_for_each_input() -> None:
    """A list grows in a loop: with another input it begins empty again, whichever input was tried before."""
    code = "scale = 2.0\nrows = []\nfor k in (1.0, 3.0):\n    rows.append(k * scale)\ntotal = sum(rows)"
    found = told(code, "total | number.2", deep=True)
    labels = [each[0] for each in found["inputs"]]
    moved = number(found, "v0")["m"]
    assert moved[str(labels.index("scale"))] == pytest.approx(1.0)
    assert sorted(moved.values()) == pytest.approx([0.25, 0.75, 1.0])


def test_what_a_number_does_not_rest_on_may_fail_with_another_input() -> None:
    """Beside the number, a statement takes the input that stands there and no other."""
    code = "scale = 2.0\nplace = [1.0, 2.0].index(scale)\nprice = 3 * scale"
    assert number(told(code, "price | number.2", deep=True), "v0")["m"]["0"] == pytest.approx(1.0)


def test_a_function_that_draws_is_not_called_again() -> None:
    drawn = "import numpy as np\nrng = np.random.default_rng(7)\ndef draw(n):\n    return rng.normal(size=n)\n"
    code = f"{drawn}def mean(n):\n    return float(draw(n).mean())\ncount = 10\nfound = mean(count)"
    assert "m" not in number(told(code, "found | number.2", deep=True), "v0")


def test_what_draws_is_not_run_again() -> None:
    code = "import numpy as np\nn = 10\nmean = float(np.random.default_rng(7).normal(size=n).mean())"
    found = told(code, "mean | number.2", deep=True)
    assert "m" not in number(found, "v0")
    assert {each[0] for each in found["inputs"]} >= {"n"}


def test_what_an_article_builds_is_what_it_would_build_without_being_watched() -> None:
    """The instrumented code and the shown code do the same."""
    code = """
def f(k, scale=2.0):
    return {name: f"{value * scale:.1f}" for name, value in {"a": k, "b": -k}.items() if value > 0 or name == "b"}
seen = [f(k) for k in range(3)]
"""
    page = slices.Page(articles.parse(_HEAD + f'```python exec="on"\n{code}\n```\n', "t.md"))
    recorder = trace.Recorder(page)
    plain: dict[str, Any] = {}
    watched: dict[str, Any] = {"__noted__": recorder.note}
    exec(code, plain)  # noqa: S102
    exec(compile(recorder.instrumented(0), "t.md", "exec"), watched)  # noqa: S102
    assert watched["seen"] == plain["seen"]


# --- Nothing is left out: what a card does not list never moves its number. ---

_SAMPLE = ("liquidation", "contracts", "fees")
_EACH = 4  # inputs of an article, beside one that its cards say moves a number
_NUMBER = r"-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?"


def _with(article: articles.Article, literal: slices.Literal, value: float | int) -> articles.Article:
    """The article with another number typed in one place."""
    lines = article.text.split("\n")
    row = literal.node.lineno - 1
    line = lines[row].encode()
    begin, end = literal.node.col_offset, literal.node.end_col_offset
    lines[row] = (line[:begin] + repr(value).encode() + line[end:]).decode()
    return articles.parse("\n".join(lines), article.path)


@pytest.mark.kept
@pytest.mark.parametrize("idea", _SAMPLE)
def test_an_input_that_a_card_does_not_list_never_moves_the_number(idea: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of the article itself are typed anew and everything is run again: whatever moves had listed it."""
    monkeypatch.chdir(ROOT)
    article = articles.read(f"docs/insights/{idea}.md")
    found, ids = results.deep(article), trace.numbered(article)
    computed = results.of(article)
    page = slices.Page(article)
    places = {
        literal: next((i for i, each in enumerate(found["inputs"]) if _is(found, i, each, literal, page)), None)
        for literal in page.literals
        if literal.value is not None
    }
    moves_some = {place for one in found["numbers"] for place, change in one.get("m", {}).items() if change}
    told = [literal for literal, place in places.items() if str(place) in moves_some]
    draw = random.Random(20)  # noqa: S311
    moved_somewhere = 0
    for literal in (draw.choice(told), *draw.sample(list(places), _EACH)):
        other = next(moves.steps(literal))
        assert isinstance(other, ast.Constant)
        try:
            again = worker.run(_with(article, literal, other.value))
        except worker.RunError:
            continue  # refused: then there is no number that could have moved
        place = places[literal]
        for value in article.evaluated:
            one = found["numbers"][found["at"][ids[value.source]]]
            before, after = computed.values[value.source].raw, again.values[value.source].raw
            listed = place is not None and found["inputs"][place][2] in one.get("n", ())
            if _far(before, after):
                moved_somewhere += 1
                assert listed, f"{value.source} moves with {literal.label} at line {literal.node.lineno}, unlisted"
                if str(place) in one.get("m", {}) and float(before):
                    change = (float(after) - float(before)) / abs(float(before)) * 100
                    assert one["m"][str(place)] == pytest.approx(change, rel=0.06), value.source
    assert moved_somewhere


def _is(found: dict[str, Any], place: int, listed: list[Any], literal: slices.Literal, page: slices.Page) -> bool:
    block = next(b for b in reversed(page.article.executed) if b.line <= literal.node.lineno)
    node = found["nodes"][listed[2]]
    line = literal.node.lineno - block.line
    same = [i for i, each in enumerate(found["inputs"]) if each[2] == listed[2]]
    typed = [each for each in page.literals if each.statement == literal.statement]
    order = [(each.node.lineno, each.node.col_offset) for each in typed]
    return (
        node[0] == block.id
        and node[1] <= line <= node[2]
        and len(same) == len(typed)
        and (same.index(place) == order.index((literal.node.lineno, literal.node.col_offset)))
    )


def _far(before: str, after: str) -> bool:
    """Whether two plain values differ by more than rounding."""
    if not re.fullmatch(_NUMBER, before) or not re.fullmatch(_NUMBER, after):
        return before != after  # a day, a name
    return abs(float(before) - float(after)) > 1e-9 * max(abs(float(before)), 1e-300)

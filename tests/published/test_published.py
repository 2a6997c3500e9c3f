"""Numbers that nobody here wrote: each published example is a test case named after it."""

import csv
import io
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perpnotes.publish.evidence import published
from perpnotes.publish.evidence.published import Example, Group, Row

ROOT = Path(__file__).parents[2]
GROUPS = published.groups(ROOT / published.FOLDER)
COLLECTED = 328  # examples that agree with their own formula, as they were collected
CONTRADICT = 10  # and examples that do not


def cases(*, sound: bool) -> list[Any]:
    return [
        pytest.param(group, example, id=example.id)
        for group in GROUPS
        if not group.pending
        for example in group.examples
        if bool(example.contradicts) != sound
    ]


def table(group: Group, example: Example) -> list[Row]:
    computed = published.compute(group, example)
    return [Row(group, example, name, float(example.published[name]), value) for name, value in computed.items()]


@pytest.mark.parametrize(("group", "example"), cases(sound=True))
def test_published_example(group: Group, example: Example) -> None:
    """The public API gives the published number, within the digits that the source printed."""
    assert [row.computed for row in table(group, example)] == pytest.approx(
        [row.published for row in table(group, example)], rel=0, abs=example.within
    )


@pytest.mark.parametrize(("group", "example"), cases(sound=False))
def test_contradiction(group: Group, example: Example) -> None:
    """We say that a source contradicts its own formula: the formula, computed, is not the number that it printed."""
    assert not any(row.agrees for row in table(group, example))


def test_none_is_dropped() -> None:
    """What was collected is what is reproduced, and what waits for a model and says so."""
    count = Counter(
        "contradicts" if example.contradicts else "waits" if group.pending else "reproduced"
        for group in GROUPS
        for example in group.examples
    )
    assert count["reproduced"] + count["waits"] == COLLECTED
    assert count["contradicts"] == CONTRADICT
    assert all(group.call or group.pending for group in GROUPS)


def test_the_facts_are_numbers_with_a_source() -> None:
    """A number read as text, a missing source or a tolerance below 0 would make a test that means nothing."""
    for group in GROUPS:
        assert group.source
        assert group.document
        for example in group.examples:
            assert example.within >= 0
            assert all(type(value) in (int, float) and math.isfinite(value) for value in example.published.values())
            if not group.pending:
                assert not any(isinstance(value, str) for value in example.given.values()), example.id


def test_a_number_beyond_its_digits_is_caught() -> None:
    """Each case fails when the published number moves by its tolerance and a little: none is too loose to fail."""
    for group, example in (case.values for case in cases(sound=True)):
        for row in table(group, example):
            off = example.within * (1 + 1e-9) + 1e-9 * abs(row.computed) + 1e-15
            assert not replace(row, published=row.computed + off).agrees


def test_a_call_is_checked_against_what_was_printed() -> None:
    """A call for other quantities than the source printed, or that shadows a module, is an error, not a pass."""
    group = next(group for group in GROUPS if not group.pending and group.call.keys() == {""})
    example = group.examples[0]
    with pytest.raises(ValueError, match="one number for each of"):
        published.compute(replace(group, call={"other": "1.0"}), example)
    with pytest.raises(ValueError, match="one number for each of"):
        published.compute(replace(group, call={"": "[1.0, 2.0]"}), example)
    with pytest.raises(ValueError, match="margin is the name of a module"):
        published.compute(group, replace(example, given={"margin": 1.0}))


def test_a_remark_is_computed() -> None:
    """What a group says of an example comes from the same names as its call; most say nothing."""
    group, example = replace(GROUPS[0], let={"b": "2 * a"}), replace(GROUPS[0].examples[0], given={"a": -0.15})
    assert published.remark(replace(group, say="f'{b:+.0%}'"), example) == "-30%"
    assert published.remark(group, example) == ""


def test_every_portfolio_names_its_worst_scenario() -> None:
    """A long perpetual loses most in the first row with the lowest price, a short one in the first with the highest."""
    said = {
        e.id: published.remark(g, e)
        for g in GROUPS
        if g.kind == "portfolio margin" and g.source == "Derive"
        for e in g.examples
    }
    assert said["derive_pmrm1_test_long_ATM_perp_pm"] == "worst scenario: price -15%, volatility up"
    assert said["derive_pmrm1_test_short_ATM_perp_pm"] == "worst scenario: price +15%, volatility up"
    assert said["derive_pmrm1_Test13"] == "the forwards alone bind"
    assert all(said.values())


def test_the_functions_of_a_call_are_read_from_it() -> None:
    """Public names of idea modules, from the call and its intermediate names; numpy is not one of them."""
    group = replace(
        GROUPS[0], let={"x": "margin.Tiers.flat(0.1).maintenance(1.0)"}, call={"": "np.sum(funding.rate(x) + fees.x)"}
    )
    assert group.functions == ("fees.x", "funding.rate", "margin.Tiers")


def test_every_named_function_is_public() -> None:
    """What the reference is told to link to exists."""
    import perpnotes

    for name in published.holders(GROUPS):
        module, _, function = name.partition(".")
        assert function in getattr(perpnotes, module).__all__


def test_the_table_has_every_published_number() -> None:
    """One line each, with the source; what is not computed has a reason in place of a number."""
    lines = list(csv.DictReader(io.StringIO(published.table_csv(GROUPS))))
    assert Counter(line["example"] for line in lines) == Counter(
        {example.id: len(example.published) for group in GROUPS for example in group.examples}
    )
    for line in lines:
        assert line["source"]
        assert line["document"]
        if line["status"] == "not computed":
            assert not line["computed"]
            assert line["remark"]
        else:
            difference = float(line["computed"]) - float(line["published"])
            assert difference == float(line["difference"])
            assert (abs(difference) <= float(line["within"])) == (line["status"] == "reproduced")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{kind: a, document: d, call: '1', surprise: 1, examples: []}", "must not have surprise"),
        (
            "{kind: a, document: d, call: '1', within: 0, examples: ["
            + "{id: x, given: {}, published: 1}, " * 2
            + "]}",
            "x twice",
        ),
    ],
)
def test_a_fault_in_the_facts_is_named(tmp_path: Path, text: str, message: str) -> None:
    """A misspelt field and an id used twice would silently lose an example."""
    (tmp_path / "a.yaml").write_text(f"source: s\ngroups:\n- {text}\n")
    with pytest.raises(ValueError, match=message):
        published.groups(tmp_path)


def test_texts_that_a_spreadsheet_would_run_leave_as_text() -> None:
    """A quote before it says that it is text; negative numbers stay numbers."""
    group = next(group for group in GROUPS if group.sound and not group.pending)
    strange = replace(group, source="=cmd", kind="@x", document="+1", say="")
    lines = list(csv.DictReader(io.StringIO(published.table_csv([strange]))))
    assert {(line["source"], line["kind"], line["document"]) for line in lines} == {("'=cmd", "'@x", "'+1")}
    for line in csv.DictReader(io.StringIO(published.table_csv(GROUPS))):
        float(line["published"])
        assert not any(text[:1] in "=+-@\t\r" for name, text in line.items() if text and not _number(line, name))


def _number(line: dict[str, str], name: str) -> bool:
    return name in ("published", "within", "computed", "difference") and float(line[name]) is not None

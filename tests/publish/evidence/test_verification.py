"""The verification page says what was computed, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from perpnotes.publish.compute import outputs
from perpnotes.publish.evidence import published, verification
from perpnotes.publish.evidence.verification import Verification

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def now() -> Verification:
    groups = published.groups(ROOT / published.FOLDER)
    return Verification(groups, published.rows(groups))


def shown(show: object) -> str:
    with outputs.collect() as sink:
        show()  # type: ignore[operator]
    return "\n".join(output.content for output in sink)


def wrong(now: Verification) -> Verification:
    """The same with one computed number far from its printed one."""
    first = next(row for row in now.rows if row.status == "reproduced")
    return Verification(now.groups, tuple(replace(r, computed=r.computed + 1e9) if r is first else r for r in now.rows))


def test_every_example_is_counted_once(now: Verification) -> None:
    """Reproduced, different or waiting: together they are what was collected, and contradictions come on top."""
    assert now.reproduced + now.differing + now.waiting == now.collected
    assert now.collected + now.contradicting == sum(len(group.examples) for group in now.groups)
    assert now.numbers == sum(row.agrees for row in now.rows)


def test_a_wrong_number_lowers_the_count_and_is_listed(now: Verification) -> None:
    """The page does not repeat that all is well: it counts what was computed."""
    changed = wrong(now)
    assert (changed.reproduced, changed.differing) == (now.reproduced - 1, now.differing + 1)
    name = next(row.example.id for row in changed.rows if row.status == "differs")
    assert f"`{name}`" in shown(changed.missing)
    assert f"`{name}`" not in shown(now.missing)
    group = next(row.group for row in changed.rows if row.status == "differs")
    assert f"0 of {len(group.sound)} example" in shown(changed.sections)


def test_every_computed_example_is_shown_with_its_call(now: Verification) -> None:
    """Each id once, each number beside ours, below the call that made it."""
    page = shown(now.sections)
    for row in (row for row in now.rows if not row.example.contradicts):
        assert page.count(f"<b>{row.example.id}</b>") == 1
    for group in (group for group in now.groups if group.sound and not group.pending):
        for name in group.functions:
            assert f'identifier="perpnotes.{name}"' in page


def test_contradictions_show_both_numbers(now: Verification) -> None:
    """What was printed and what the formula gives."""
    page = shown(now.contradictions)
    for row in (row for row in now.rows if row.example.contradicts):
        printed = re.escape(verification.number(row.published))
        ours = re.findall(rf"{printed} is printed; its own formula gives <strong>([^<]+)<", page)
        assert any(
            float(text.replace(",", "").replace("\u2212", "-")) == pytest.approx(row.computed, rel=5e-3)
            for text in ours
        )


def test_anchors_are_unique_and_on_the_page(now: Verification) -> None:
    """Reference and articles link to them."""
    page = shown(now.sections) + shown(now.contradictions)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for group in (group for group in now.groups if group.sound and not group.pending):
        assert verification.anchor(group, now.groups) in ids


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567.0, "1,234,567"),
        (-0.25, "\u22120.25"),
        (23456789123000000.0, "23,456,789,123,000,000"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_numbers_are_set_like_numbers(value: float, text: str) -> None:
    """Whole numbers in full, others to twelve digits."""
    assert verification.number(value) == text


@pytest.mark.parametrize("by", ["kind", "source"])
def test_the_summary_adds_up(now: Verification, by: str) -> None:
    """Every row counts its own examples, and all rows together count all."""
    with outputs.collect() as sink:
        now.summary(by, caption="c", id="i")
    rows = sink[0].data["rows"]
    assert sum(int(row[1]) for row in rows) == now.collected + now.contradicting
    assert sum(int(row[2]) for row in rows) == now.reproduced
    assert sum(int(row[3]) for row in rows) == now.contradicting

"""What an article reads of a record or a fact, and where a page says that it comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perpnotes.publish import fact, record
from perpnotes.publish.articles import parse
from perpnotes.publish.compute import records, results, worker
from perpnotes.publish.page import evidence

ROOT = Path(__file__).parents[3]
HASHED = "<span class='pn-d'>SHA-256</span>"
RECORD = """\
title: A walk
date: 2026-01-31
data: {prices: daily/prices.csv}
figures:
  window: {call: 'x', is: [2026-01-01, '2026-01-30']}
  observations: {call: 'x', is: 30}
  highest: {call: 'x', unit: usd, is: 2.5}
  path: {call: 'x', is: [1.0, 2.5]}
"""
DATASETS = """\
daily/prices.csv:
  what: prices of a coin
  license: MIT
  sha256: abc
  repository: owner/name
  commit: 0123456789012345678901234567890123456789
  paths: [data/prices.csv]
"""
FACTS = """\
cap: {what: the cap of a venue, value: 0.04, unit: pct.0, source: A venue, url: "https://example.org/", date: 2026}
turn: {what: who pays, value: the last one, unit: text, source: A venue, url: "https://example.org/", date: 2026}
"""
PAGE = """\
# A page

It is `#!calc walk["highest"] | usd | measured(walk)`, under `#!calc fact("cap") | pct`.
Who pays is `#!calc fact("turn") | text`.

```python exec="on"
from perpnotes.publish import fact, record

walk = record("walk")
print(walk["path"].max())
```
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tests/records").mkdir(parents=True)
    for name, text in {"records/walk.yaml": RECORD, "datasets.yaml": DATASETS, "facts.yaml": FACTS}.items():
        (tmp_path / "tests" / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("repository")
def test_a_record_is_read_only() -> None:
    """Figures that an article could change would not be the measured ones."""
    walk = record("walk")
    assert walk["highest"] == 2.5
    np.testing.assert_array_equal(walk["path"], [1.0, 2.5])
    with pytest.raises(ValueError, match="read-only"):
        walk["path"][0] = 3.0
    with pytest.raises(TypeError):
        walk["highest"] = 3.0  # type: ignore[index]


@pytest.mark.usefixtures("repository")
def test_unknown_names_are_refused() -> None:
    """With those that there are."""
    with pytest.raises(ValueError, match="name must be one of walk, got 'wlak'"):
        record("wlak")
    with pytest.raises(ValueError, match="name must be one of cap, turn, got 'cpa'"):
        fact("cpa")


def test_a_record_with_an_unknown_field_is_refused(repository: Path) -> None:
    (repository / "tests/records/walk.yaml").write_text(RECORD + "figure: {}\n")
    with pytest.raises(ValueError, match=r"walk.*figure"):
        records.read("walk")


def test_a_kept_result_is_computed_anew_when_its_record_changes(repository: Path) -> None:
    """The file is among those that the article read."""
    article = parse(PAGE, "docs/insights/page.md")
    computed = results.of(article)
    assert computed.outputs[0][0].text == "2.5\n"
    shown = computed.values['walk["highest"] | usd | measured(walk)']
    assert (shown.text, shown.kind, shown.about, shown.low) == ("$2.50", "measured", "walk", "")
    (repository / "tests/records/walk.yaml").write_text(RECORD.replace("2.5", "4.5"))
    assert results.of(article).outputs[0][0].text == "4.5\n"


@pytest.mark.usefixtures("repository")
def test_a_page_says_where_its_data_come_from() -> None:
    """Down to the hash of the file, with a link to it at its commit; facts with source and date."""
    text = evidence.provenance(parse(PAGE, "docs/insights/page.md"))
    assert '<span id="record-walk"></span>A walk: measured 2026-01-31, from 2026-01-01 to 2026-01-30, 30 obs' in text
    link = "https://github.com/owner/name/blob/0123456789012345678901234567890123456789/data/prices.csv"
    assert f"Prices of a coin. [owner/name at 0123456]({link}). License: MIT. `prices.csv`, {HASHED} `abc`." in text
    assert "- The cap of a venue: 4%. [A venue](https://example.org/), 2026." in text
    assert "- Who pays: the last one. [A venue](https://example.org/), 2026." in text
    assert evidence.provenance(parse("# A page\n\nNothing.\n", "docs/insights/page.md")) == ""


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("[2026-01-01, 2026-01-30]", "from 2026-01-01 to 2026-01-30"),
        ("[2026-01-01, 2026-01-01]", "of 2026-01-01"),
        ("a sampled year", "of a sampled year"),
    ],
)
def test_a_page_says_when_its_data_were_made(repository: Path, window: str, said: str) -> None:
    (repository / "tests/records/walk.yaml").write_text(RECORD.replace("[2026-01-01, '2026-01-30']", window))
    text = evidence.provenance(parse(PAGE, "docs/insights/page.md"))
    assert f"A walk: measured 2026-01-31, {said}, 30 obs" in text


# --- The range of a simulated number ---

SIMULATED = (
    '# P\n\n`#!calc x | usd.0 | simulated(low, high)`\n\n```python exec="on"\nx, low, high = {}\nprint(x)\n```\n'
)


def test_a_range_is_evaluated_like_its_value() -> None:
    """As plain numbers, and as text in its unit."""
    computed = worker.run(parse(SIMULATED.format("5, 1, 9"), "docs/p.md"))
    (result,) = computed.values.values()
    assert (result.text, result.low, result.high, result.span) == ("$5", "1.0", "9.0", "$1 to $9")


@pytest.mark.parametrize("numbers", ["10, 1, 9", "0, 1, 9", "5, 9, 1", "5, 1, float('nan')"])
def test_a_range_must_hold_its_value(numbers: str) -> None:
    """One that does not is of something else."""
    with pytest.raises(worker.RunError, match="does not hold"):
        worker.run(parse(SIMULATED.format(numbers), "docs/p.md"))


def test_every_page_names_records_that_exist() -> None:
    """And every record and fact is one that a page names."""
    cited = [records.cited(parse(file.read_text(), file.as_posix())) for file in (ROOT / "docs").rglob("*.md")]
    assert {name for each in cited for name in each["records"]} == set(records.names())
    assert {name for each in cited for name in each["facts"]} == set(records.facts())

"""What a reader downloads from a figure is numbers and texts; a spreadsheet runs none of it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[2] / "docs/assets/marks.js"
CELLS = [
    "=1+1",
    "+1+1",
    "-2+3|' /C'!A0",
    "@SUM(1)",
    "\t=1",
    "−1.5",
    "−$1,234.50",
    "−7%",
    "−3 h",
    "+0.2",
    "a=b",
    "−1e-9",
    "x\ny",
]
WANTED = [
    "'=1+1",
    "'+1+1",
    "'-2+3|' /C'!A0",
    "'@SUM(1)",
    "'\t=1",
    "-1.5",
    "-$1,234.50",
    "-7%",
    "-3 h",
    "+0.2",
    "a=b",
    "-1e-9",
    "x\ny",
]


def test_texts_that_a_spreadsheet_would_run_leave_as_text(page: Page) -> None:
    """Negative numbers stay numbers, with or without a unit; a quote before a text says that it is one."""
    page.set_content('<figure id="f"><table></table></figure>')
    page.evaluate(
        "cells => [['Name', 'Cell'], ...cells.map((c, i) => ['row ' + i, c])].forEach(row => {"
        " const tr = document.querySelector('table').insertRow();"
        " row.forEach(c => { tr.insertCell().textContent = c }) })",
        CELLS,
    )
    page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
    with page.expect_download() as download:
        page.evaluate("pnTake(document.querySelector('figure'))")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert [row[1] for row in csv.reader(io.StringIO(text, newline=""))][1:] == WANTED

"""What a reader takes away is what the page shows."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import nbformat
import pytest
from markdown import Markdown

import perpnotes
from perpnotes.publish.articles import ArticleError, parse
from perpnotes.publish.site import downloads

ARTICLE = """\
---
title: Two plus two
---

## Exact definitions

```python exec="on"
elsewhere = 1
```

## Worked example

```python exec="on" id="first"
from perpnotes import stress

print("four:", 2 + 2)
```

### A part of it

```python exec="on" code="folded"
print("unfolded by few")
```

```python
shown = "but never run"
```

```python exec="on" id="second"
answer = 5
```

## What the numbers say

```python exec="on"
print("later")
```
"""


def test_an_example_is_the_shown_blocks_of_its_section_and_nothing_else() -> None:
    """Neither folded code, nor code that does not run, nor another section's; headed by title, version and license."""
    made = downloads.example(parse(ARTICLE, "docs/insights/sums.md"))
    assert made[".py"] == (
        "# Two plus two\n"
        f"# Worked example of the article, made with perpnotes {perpnotes.__version__}\n"
        "# Code: MIT License\n"
        f"# Install: pip install ./perpnotes-{perpnotes.__version__}-py3-none-any.whl\n"
        '\nfrom perpnotes import stress\n\nprint("four:", 2 + 2)\n'
        "\nanswer = 5\n"
    )


def test_the_notebook_is_valid_and_carries_its_outputs() -> None:
    text = downloads.example(parse(ARTICLE, "docs/insights/sums.md"))[".ipynb"]
    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]  # has no types
    nbformat.validate(notebook)
    about, first, second = notebook.cells
    assert about.source.startswith("# Two plus two\n")
    assert [output.text for output in first.outputs] == ["four: 4\n"]
    assert second.outputs == []


def test_two_exports_give_the_same_bytes() -> None:
    """Or every build would change every notebook."""
    article = parse(ARTICLE, "docs/insights/sums.md")
    assert downloads.example(article) == downloads.example(article)


def test_export_removes_what_is_no_longer_there(tmp_path: Path) -> None:
    """A file that did not change is left alone, so that a live reload does not see it."""
    insights, target = tmp_path / "insights", tmp_path / "examples"
    insights.mkdir()
    (insights / "sums.md").write_text(ARTICLE)
    files = downloads.export(str(insights), str(target))
    assert {file.name for file in files} == {"sums.py", "sums.ipynb", "published.csv", downloads.wheel.NAME}
    (target / "gone.py").touch()
    times = [file.stat().st_mtime_ns for file in files]
    downloads.export(str(insights), str(target))
    assert [file.stat().st_mtime_ns for file in files] == times
    assert not (target / "gone.py").exists()


@pytest.mark.parametrize(("old", "new"), [("## Worked", "## Spoiled"), ('id="first"', 'code="folded"')])
def test_an_article_without_an_example_is_a_fault_at_its_line(old: str, new: str) -> None:
    text = ARTICLE.replace('exec="on" id="second"', "").replace(old, new)
    with pytest.raises(ArticleError, match=r"^docs/insights/sums\.md:\d+: nothing to take away"):
        downloads.example(parse(text, "docs/insights/sums.md"))


@pytest.mark.parametrize(
    ("code", "linked"),
    [
        ("from perpnotes import stress\nstress.grid(price=0.1)", {"perpnotes.stress.grid"}),
        ("from perpnotes import stress as s\ns.grid().axes", {"perpnotes.stress.grid"}),
        ("from perpnotes.contracts import Linear\nLinear('BTC')", {"perpnotes.contracts.Linear"}),
        ("from perpnotes import stress\nother.stress.grid()", set()),
        ("from perpnotes.publish import fmt\nfmt(1)", set()),
        ("import numpy as np\nnp.sum", set()),
        ("$ from perpnotes import stress", set()),
    ],
)
def test_names_of_the_library_are_links_and_the_text_stays(code: str, linked: set[str]) -> None:
    """A name is a link where an import of the page says what it is; what is copied has no trace of it."""
    extensions = ["pymdownx.superfences", "pymdownx.highlight", "perpnotes.publish.page.extension"]
    html = Markdown(extensions=extensions).convert(f"```python\n{code}\n```")
    assert set(re.findall(r'<autoref identifier="([^"]+)" optional>', html)) == linked
    assert unescape(re.sub("<[^>]+>", "", html)).strip() == code

"""What a reader can run: chosen by what it needs, checked by hash, and absent where nobody prepared it."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from perpnotes.publish import articles
from perpnotes.publish.site import offline, runtime, wheel

PAGE = """---
title: T
---

# T

```python exec="on" id="first"
import numpy as np
size = 2.0
```

```python exec="on" id="folded" code="folded"
from perpnotes.publish import fmt
hidden = 3.0
```

```python exec="on" id="second"
def twice(k):
    return [k * each for each in (size, size)]
try:
    print(np.array(twice(2)))
except ValueError as error:
    print(error)
```

```python exec="on" id="third"
print(hidden)
```
"""


def test_open_code_runs_if_it_needs_open_code_alone() -> None:
    assert runtime.runnable(articles.parse(PAGE, "t.md")) == ["first", "second"]


def test_every_open_block_can_be_run() -> None:
    """It stands open so that a reader can copy it: what it needs stands open above it, imports too."""
    for file in Path("docs/insights").glob("*.md"):
        article = articles.read(file)
        shown = [block.id for block in article.executed if block.code == "shown" and block.output == "text"]
        assert runtime.runnable(article) == shown, file


def test_a_file_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in runtime.HASHES:
        (tmp_path / name).write_bytes(b"something else")
    monkeypatch.setenv("PERPNOTES_PYODIDE", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert not runtime.ready()
    with pytest.raises(ValueError, match=r"pyodide\.mjs must have the SHA-256"):
        runtime.prepare()
    assert runtime.add(tmp_path) == 0
    assert not (tmp_path / runtime.TARGET).exists()


def test_the_library_that_travels_is_the_library_alone() -> None:
    names = zipfile.ZipFile(io.BytesIO(wheel.packed())).namelist()
    assert "perpnotes/liquidation.py" in names
    assert not [name for name in names if "publish" in name]
    assert wheel.packed() == wheel.packed()


def test_the_served_wheel_is_the_released_one(tmp_path: Path) -> None:
    """Pip installs it where there is no network, and finds the files that its record names."""
    file = tmp_path / wheel.NAME
    file.write_bytes(wheel.packed())
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        tmp_path / "t",
        file,
    ]
    subprocess.run(command, check=True)
    assert {each.name for each in (tmp_path / "t/perpnotes").glob("*.py")} == {
        each.name for each in Path("perpnotes").glob("*.py")
    }


def test_the_address_is_the_sites_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SITE_URL", raising=False)
    assert wheel.install() == f"pip install ./{wheel.NAME}"
    monkeypatch.setenv("SITE_URL", "https://example.org/notes/")
    assert wheel.install() == f"pip install https://example.org/notes/examples/{wheel.NAME}"


def test_links_to_the_readers_own_book_lead_there_from_any_page() -> None:
    """On that page the same link is the button, and only there is the script."""
    link = '<p class="pn-yours"><a href="#v1=q-_4">Try it</a></p></body>'
    assert runtime._doors(link, "insights/fees/", "") == (
        '<p class="pn-runs"><a href="../../book/#v1=q-_4">Try it</a></p></body>'
    )
    there = runtime._doors(link, "book/", "<small>once</small>")
    assert '<button type="button" data-book="#v1=q-_4">Try it</button><small>once</small>' in there
    assert '<script src="../assets/book.js"></script></body>' in there


def test_without_python_no_page_leads_to_the_readers_own_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden links, too, are followed by what reads a page without its styles."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    page = tmp_path / "insights/fees/index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<p>Before</p><p class="pn-yours"><a href="#v1=q-_4">Try it</a></p><p>after</p>')
    assert runtime.add(tmp_path) == 0
    assert page.read_text() == "<p>Before</p><p>after</p>"


def test_the_offline_copy_has_no_button(tmp_path: Path) -> None:
    """A page from a disk may start no Python."""
    (tmp_path / "search").mkdir()
    (tmp_path / "search/search_index.json").write_text("{}")
    (tmp_path / runtime.TARGET).mkdir(parents=True)
    (tmp_path / runtime.TARGET / "numpy.zip").write_bytes(b"x")
    (tmp_path / "index.html").write_text('<div><p class="pn-runs"><button data-run="a">Run</button></p>text</div>')
    with zipfile.ZipFile(offline.pack(tmp_path)) as packed:
        assert packed.read("perpnotes-site/index.html") == b"<div>text</div>"
        assert not [name for name in packed.namelist() if runtime.TARGET in name]

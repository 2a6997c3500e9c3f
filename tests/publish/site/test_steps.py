"""What a reader's hand may move is a file of its own, small, and moves nothing but shapes and texts."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from perpnotes.publish.compute.outputs import Output
from perpnotes.publish.site import traces


def written(folder: Path, monkeypatch: pytest.MonkeyPatch, steps: Any) -> str:
    """The file of a picture with these steps, on a page of its own."""
    page = folder / "docs/insights/x.md"
    page.parent.mkdir(parents=True)
    page.write_text('# X\n\n```python exec="on" id="x"\nprint(1)\n```\n', encoding="utf-8")
    (folder / "site/insights/x").mkdir(parents=True)
    monkeypatch.chdir(folder)
    output = Output("figure", "", "html", "", {"id": "moved", "steps": json.dumps(steps)})
    monkeypatch.setattr(traces.results, "of", lambda _article: SimpleNamespace(outputs=((output,),)))
    (file,) = traces.steps(Path("site"))
    assert file.as_posix() == "site/insights/x/moved.js"
    return file.read_text(encoding="utf-8")


def test_steps_stand_beside_their_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a script, because a page from a disk may not ask for data, which no text in it can end."""
    told = {"fill": [["a", "d", "M{@x}"], ["a", "", "{x}"]], "say": ["</script>"]}
    text = written(tmp_path, monkeypatch, told)
    assert "<" not in text
    assert json.loads(text.removeprefix('pnSteps["moved"]=')) == told


@pytest.mark.parametrize("name", ["onclick", "href", "style", "id"])
def test_nothing_but_shapes_and_texts_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What an article computes is data; it must not become something that acts."""
    with pytest.raises(ValueError, match=f"must not move {name}"):
        written(tmp_path, monkeypatch, {"fill": [["a", name, "{x}"]]})


def test_steps_that_a_reader_would_wait_for_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for what is sent, compressed."""
    many = [(k * 7919) % 99_991 for k in range(10_000)]
    with pytest.raises(ValueError, match="at most 15,000 bytes"):
        written(tmp_path, monkeypatch, {"fill": [], "of": many})

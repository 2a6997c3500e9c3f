"""What a reader's hand may move is a file of its own, small, and moves nothing but shapes and texts."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from perpnotes.publish import articles
from perpnotes.publish.compute.outputs import Output
from perpnotes.publish.site import traces


def written(monkeypatch: pytest.MonkeyPatch, steps: Any) -> str:
    """The file of a picture with these steps."""
    output = Output("figure", "", "html", "", {"id": "moved", "steps": json.dumps(steps)})
    monkeypatch.setattr(traces.results, "of", lambda _article: SimpleNamespace(outputs=((output,),)))
    ((name, text),) = traces._steps(articles.parse('```python exec="on"\nprint(1)\n```\n', "docs/x.md"))
    assert name == "moved"
    return text


def test_steps_are_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a script, because a page from a disk may not ask for data, which no text in it can end."""
    told = {"fill": [["a", "d", "M{@x}"], ["a", "", "{x}"]], "say": ["</script>"]}
    text = written(monkeypatch, told)
    assert "<" not in text
    assert json.loads(text.removeprefix('pnSteps["moved"]=')) == told


@pytest.mark.parametrize("name", ["onclick", "href", "style", "id"])
def test_nothing_but_shapes_and_texts_moves(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What an article computes is data; it must not become something that acts."""
    with pytest.raises(ValueError, match=f"must not move {name}"):
        written(monkeypatch, {"fill": [["a", name, "{x}"]]})


def test_steps_that_a_reader_would_wait_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for what is sent, compressed."""
    many = [(k * 7919) % 99_991 for k in range(10_000)]
    with pytest.raises(ValueError, match="at most 15,000 bytes"):
        written(monkeypatch, {"fill": [], "of": many})

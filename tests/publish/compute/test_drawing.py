"""A chart is the same wherever it is drawn, and a fault in it belongs to the page that asked."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

import pytest

from perpnotes.publish.articles import parse
from perpnotes.publish.compute import drawing, worker

FIGURE = """\
```python exec="on"
from perpnotes.publish import lines

lines(
    [0, 1, 2], {"a": [0.0, 1.0, NUMBER]}, x_title="x", y_title="y", x_unit="count", y_unit="count",
    caption="C", alt="Rises to the right", id="f",
)
```
"""


def request(name: str) -> str:
    specification = {
        "mark": "bar",
        "data": {"values": [{"a": name, "b": 1}]},
        "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
    }
    return json.dumps([specification, {}])


@pytest.fixture
def started() -> list[BaseProcess]:
    return []


@pytest.fixture
def engine(started: list[BaseProcess]) -> drawing.Engine:
    def start(target: Callable[..., None], *arguments: object) -> BaseProcess:
        process = get_context("spawn").Process(target=target, args=arguments, daemon=True)
        process.start()
        started.append(process)
        return process

    return drawing.Engine(start)


def test_one_engine_draws_for_all(engine: drawing.Engine, started: list[BaseProcess]) -> None:
    """Each thread gets its own chart, as it would be drawn on the spot."""
    names = ["first", "second", "third"]
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(engine.draw, map(request, names)))
    for name, svg in zip(names, drawn, strict=True):
        assert f">{name}</text>" in str(svg)
    assert len(started) == 1
    (started[0].kill(), started[0].join())


def test_a_page_shows_what_a_script_shows() -> None:
    """Whatever was drawn before it."""
    from perpnotes.publish.compute import outputs

    other, page = (parse(FIGURE.replace("NUMBER", number), "docs/x.md") for number in ("7.0", "3.0"))
    worker.run(other)
    with outputs.collect() as shown:
        exec(page.executed[0].source, {})  # noqa: S102
    assert worker.run(page).outputs[0][0].content == shown[0].content


def test_a_chart_that_cannot_be_drawn_is_the_callers_fault(engine: drawing.Engine, started: list[BaseProcess]) -> None:
    """And the engine goes on."""
    with pytest.raises(ValueError, match="conversion failed"):
        engine.draw(json.dumps([{"mark": "no such mark"}, {}]))
    assert ">next</text>" in str(engine.draw(request("next")))
    (started[0].kill(), started[0].join())


def test_an_engine_that_died_is_replaced(engine: drawing.Engine, started: list[BaseProcess]) -> None:
    """One page fails, with a reason; the next is drawn."""
    engine.draw(request("first"))
    os.kill(started[0].pid or 0, signal.SIGKILL)
    started[0].join()
    with pytest.raises(ValueError, match="ended without a result"):
        engine.draw(request("second"))
    assert ">third</text>" in str(engine.draw(request("third")))
    (started[1].kill(), started[1].join())

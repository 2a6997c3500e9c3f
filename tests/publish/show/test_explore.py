"""What a reader sets is looked up in what the library computed, in the page and in the browser alike."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perpnotes.publish.compute.outputs import Output, collect
from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show import explore

ROOT = Path(__file__).parents[3]
TIMES, STOPS, DAYS = [5, 10, 20], np.arange(40, 100, 5), np.arange(0, 7)
Given = dict[str, Any]


def floor(times: Any, day: Any) -> Any:
    """Stands in for the library."""
    return 100.0 * (1 - 1 / times) + 1.25 * day


def given(**change: Any) -> Given:
    times, stop, day = np.ix_(TIMES, STOPS, DAYS)
    return {
        "quantities": {
            "stop": stop,
            "floor": floor(times, day),
            "bare": floor(times, 0 * day),
            "room": ("stop", "floor"),
        },
        "unit": "usd.1",
        "controls": {"leverage": (TIMES, "x.0", 10), "stop": (STOPS, "usd.0", 95), "days": (DAYS, "count", 2)},
        "picture": explore.rungs(
            held=["stop"],
            found=["floor", "bare"],
            meanings={"stop": "limit", "floor": "breach", "bare": "stressed"},
        ),
        "say": [("room", "Stop first, {room} <to> spare.", "Liquidation first, {|room} above."), "Bare {bare}."],
        "title": "price",
        "caption": "What is shown",
        "alt": "Levels",
        "id": "moved",
    } | change


def explored(**change: Any) -> Output:
    with collect() as shown:
        explore.explore(**given(**change))
    assert len(shown) == 1
    return shown[0]


def said(times: int, stop: float, day: int) -> str:
    """The sentences of a state, from the function itself."""
    level = floor(times, day)
    room = fmt(abs(stop - level), "usd.1")
    first = f"Stop first, {room} <to> spare." if stop >= level else f"Liquidation first, {room} above."
    return f"{first} Bare {fmt(floor(times, 0), 'usd.1')}."


def test_what_is_stored_is_what_was_computed_at_every_step() -> None:
    """Each number is stored as its difference from the one before, in units of the last digit that is shown."""
    of = json.loads(explored().data["steps"])["of"]
    for name, values in given()["quantities"].items():
        if isinstance(values, tuple):
            continue
        on, changes, prefix, digits, suffix = of[name]
        assert on == [k for k, size in enumerate(values.shape) if size > 1]
        stored = np.cumsum(changes) / 10**digits
        assert (stored == [float(f"{value:.1f}") for value in values.ravel()]).all()
        assert f"{prefix}{stored[0]:.{digits}f}{suffix}" == fmt(values.ravel()[0], "usd.1")


def test_the_page_has_the_start_and_needs_no_script_for_it() -> None:
    """Picture, sentences and labels; the data table tells what each control does alone."""
    output = explored()
    assert said(10, 95, 2).replace("<", "&lt;").replace(">", "&gt;") in output.content
    for text in ("stop $95.0", "floor $92.5", "bare $90.0"):
        assert f">{text}</text>" in output.content
    assert '<label for="moved-c0">leverage</label><input type="range" id="moved-c0" max="2" value="1"' in output.content
    assert 'aria-valuetext="10×"><output for="moved-c0">10×</output>' in output.content
    assert '<p class="pn-said" aria-live="polite">' in output.content
    assert output.data["headers"] == ["Moved", "floor", "bare"]
    assert ["days: 6", "$97.5", "$90.0"] in output.data["rows"]
    assert not any(row[0].startswith("stop") for row in output.data["rows"])  # it moves nothing that is computed


def test_the_digest_moves_with_any_number() -> None:
    """The ledger has the digest: what no row of the table shows cannot change unseen."""
    values = given()["quantities"]
    other = values["floor"].copy()
    other[2, 0, 5] += 0.1
    moved = explored(quantities={**values, "floor": other})
    assert moved.data["rows"] == explored().data["rows"]
    assert moved.data["digest"] != explored().data["digest"] == explored().data["digest"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"controls": {**given()["controls"], "days": (DAYS, "count", 9)}}, "start at one of its steps"),
        ({"quantities": {**given()["quantities"], "bare": np.zeros(3)}}, "a dimension for each control"),
        ({"quantities": {**given()["quantities"], "bare": np.zeros((2, 1, 1))}}, "a dimension for each control"),
        ({"quantities": {**given()["quantities"], "bare": np.full((3, 1, 1), np.nan)}}, "finite"),
        ({"say": ["It is {flor}."]}, "must name one of stop, floor"),
        ({"alt": ""}, "alt must not be empty"),
    ],
)
def test_what_would_mislead_is_refused(change: Given, message: str) -> None:
    """Each message says what to do."""
    with pytest.raises(ValueError, match=message):
        explored(**change)


@pytest.fixture
def moved(browser: Any) -> Any:
    """The picture in a browser, begun."""
    output = explored()
    page = browser.new_page(viewport={"width": 390, "height": 900})
    style = (ROOT / "docs/assets/figures.css").read_text(encoding="utf-8")
    page.set_content(f"<style>{style}</style><body>{output.content}")
    page.add_script_tag(path=ROOT / "docs/assets/explore.js")
    before = page.locator("figure").evaluate("it => it.outerHTML")
    page.evaluate(f"pnExplore(document.querySelector('figure'), {output.data['steps']})")
    assert page.locator("figure").evaluate("it => it.outerHTML") == before  # it begins where the page stands
    yield page
    page.close()


def test_the_keyboard_moves_to_the_number_that_the_library_gives(moved: Any) -> None:
    """Sentences, labels, what a screen reader hears and the picture."""
    state = {"leverage": 1, "stop": 11, "days": 2}
    for name, key, by in [("days", "ArrowRight", 1), ("leverage", "ArrowRight", 1), ("stop", "ArrowLeft", -1),
                          ("days", "End", 3), ("leverage", "Home", -2)]:  # fmt: skip
        slider = moved.get_by_label(name, exact=True)
        slider.press(key)
        state[name] += by
        times, stop, day = TIMES[state["leverage"]], STOPS[state["stop"]], int(DAYS[state["days"]])
        assert moved.locator(".pn-said").text_content() == said(times, float(stop), day)
        label = {"leverage": fmt(times, "x.0"), "stop": fmt(stop, "usd.0"), "days": fmt(day, "count")}[name]
        assert slider.get_attribute("aria-valuetext") == label
        assert moved.locator(f"output[for={slider.get_attribute('id')}]").text_content() == label
        texts = moved.locator("svg text").all_text_contents()
        assert f"floor {fmt(floor(times, day), 'usd.1')}" in texts


def test_a_level_is_dragged_to_the_nearest_step(moved: Any) -> None:
    """By mouse; the slider of the same control goes with it."""
    held = moved.locator(".pn-held").bounding_box()
    x, y = held["x"] + held["width"] / 2, held["y"] + held["height"] / 2
    axis = [box for box in moved.locator("svg text").all() if re.fullmatch(r"\$[\d.]+", box.text_content() or "")]
    ticks = {float((box.text_content() or "")[1:]): box.bounding_box() for box in axis}
    middle = {value: box["y"] + box["height"] / 2 for value, box in ticks.items() if box}
    wanted = next(value for value in middle if value in STOPS and value != 95)
    moved.mouse.move(x, y)
    moved.mouse.down()
    moved.mouse.move(x, middle[wanted] + 2, steps=3)
    moved.mouse.up()
    assert moved.get_by_label("stop", exact=True).get_attribute("aria-valuetext") == fmt(wanted, "usd.0")
    assert moved.locator(".pn-said").text_content() == said(10, wanted, 2)


def test_targets_are_large_enough_for_a_finger(moved: Any) -> None:
    """44 px, sliders and what is dragged."""
    for slider in moved.locator("input").all():
        assert slider.bounding_box()["height"] >= 44
    assert moved.locator(".pn-held").evaluate("it => parseFloat(getComputedStyle(it).strokeWidth)") >= 44

"""A slider's frames are what its code computed, stored small, and reach every reader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perpnotes.publish.compute.outputs import Output, collect
from perpnotes.publish.show import explore, figures

ROOT = Path(__file__).parents[3]
LEVERAGES = [2.0, 5.0, 10.0]
WORDS = {"caption": "What is shown", "id": "moved"}


def legs(leverage: float) -> str:
    """The second bar changes its sign, and with it its color and the side of its number."""
    amounts = {"BTC": -100.0 * leverage, "GOLD": 40.0 - 10.0 * leverage}
    figures.bars(amounts, title="P&L", unit="usd.0", room=[-1000.0, 40.0], alt=f"At {leverage:g} <times>", **WORDS)
    return f"Times {leverage:g}."


def walk(leverage: float) -> str:
    drawn = {"a": [1.0, leverage, 3.0], "b": [leverage, 2.0, 1.0]}
    units = {"x_title": "day", "y_title": "equity", "x_unit": "count", "y_unit": "usd.0"}
    figures.lines([0, 1, 2], drawn, room=[0, 10], rules={"limit": 5.0}, alt=f"Peak {leverage:g}", **units, **WORDS)
    return f"Times {leverage:g}."


def explored(draw: Callable[[float], str], values: Any = LEVERAGES, start: float = 5.0) -> Output:
    with collect() as shown:
        explore.explore(draw, values, start=start, name="leverage", unit="x.0")
    assert len(shown) == 1
    return shown[0]


def alone(draw: Callable[[float], str], value: float) -> Output:
    with collect() as shown:
        draw(value)
    return shown[0]


def stored(output: Output) -> dict[str, Any]:
    found = re.search(r'<script type="application/json">(.*?)</script>', output.content, re.DOTALL)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("draw", [legs, walk])
def test_every_frame_is_the_figure_that_its_value_draws(draw: Callable[[float], str]) -> None:
    """What is stored, put in place of what the first figure has, gives each other figure, part by part."""
    output = explored(draw)
    frames = stored(output)
    first = explore._parts(output)
    for number, value in enumerate(LEVERAGES):
        parts = [(tag, dict(names)) for tag, names in first]
        for part, name, head, tail, where in frames["at"]:
            was = parts[part][1].get(name, "")
            parts[part][1][name] = was[:head] + frames["of"][where][number] + was[len(was) - tail :]
        wanted = alone(draw, value)
        for (tag, names), (other, expected) in zip(parts, explore._parts(wanted), strict=True):
            assert tag == other
            default = {k: v for k, v in explore.svg.DEFAULTS.items() if k in names | expected.keys()}
            assert default | names == default | expected
        assert frames["alt"][number] == wanted.data["alt"]
        assert frames["say"][number] == f"Times {value:g}."


def test_a_sign_that_changes_moves_number_and_color() -> None:
    """A gain and a loss are not the same bar with another length."""
    where = {name for _, name, *_ in stored(explored(legs))["at"]}
    assert {"fill", "text-anchor", "d", "x", ""} <= where


def test_a_frame_cannot_end_the_script_it_is_stored_in() -> None:
    """Markup in a text stays text."""
    assert "<times>" not in explored(legs).content
    assert stored(explored(legs))["alt"][0] == "At 2 <times>"


def test_the_slider_is_named_and_says_where_it_stands() -> None:
    """A label, the value with its unit instead of a number of steps, and the sentence as a live region."""
    content = explored(legs).content
    assert (
        '<label for="moved-slider">leverage</label><input type="range" id="moved-slider" max="2" value="1"' in content
    )
    assert 'aria-valuetext="5×"><output for="moved-slider">5×</output>' in content
    assert '<p class="pn-said" aria-live="polite">Times 5.</p>' in content


def test_frames_are_stored_the_same_in_every_build() -> None:
    """Nothing of the process, such as the number of figures drawn before, is in them."""
    assert explored(walk).content == explored(walk).content


def mute(leverage: float) -> str:
    walk(leverage)
    return ""


def twice(leverage: float) -> str:
    walk(leverage)
    return walk(leverage)


def jumping(leverage: float) -> str:
    figures.bars({"BTC": -leverage}, title="P&L", unit="usd.0", alt="One bar", **WORDS)
    return "Jumps."


def growing(leverage: float) -> str:
    values = [[-10.0 * (leverage < 4), 10.0]]
    axes = {"row_title": "a", "column_title": "b", "row_unit": "count", "column_unit": "count", "value_title": "P&L"}
    figures.heatmap(values, rows=[1], columns=[1, 2], threshold=-1.0, unit="usd.0", alt="Cells", **axes, **WORDS)
    return "Grows."


def heavy(leverage: float) -> str:
    many = range(400)
    walks = {name: [(leverage * 7919 * k * k) % 97 for k in many] for name in "abcd"}
    units = {"x_title": "day", "y_title": "equity", "x_unit": "count", "y_unit": "usd.2"}
    figures.lines(many, walks, room=[0, 97], alt="Noise", **units, **WORDS)
    return "Heavy."


@pytest.mark.parametrize(
    ("draw", "change", "message"),
    [
        (walk, {"values": [2.0, 1.0, 3.0]}, "rise"),
        (walk, {"values": [1.0, 5.0]}, "3 to 25"),
        (walk, {"start": 4.0}, "start must be one"),
        (mute, {}, "sentence"),
        (twice, {}, "one figure"),
        (jumping, {}, "axes .*room"),
        (growing, {}, "same marks"),
        (heavy, {}, "6500 bytes"),
    ],
)
def test_frames_that_would_mislead_or_weigh_are_refused(
    draw: Callable[[float], str], change: dict[str, Any], message: str
) -> None:
    """Axes that jump make a change look like none; each message says what to do."""
    with pytest.raises(ValueError, match=message):
        explored(draw, **change)


def test_the_slider_moves_by_keyboard_and_with_it_all_that_it_says(browser: Any) -> None:
    """Drawing, table, sentence, text alternative, and what a mark says when it is pointed at afterwards."""
    page = browser.new_page()
    page.set_content(f"<body>{explored(legs).content}")
    page.add_script_tag(path=ROOT / "docs/assets/figures.js")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    for key, number in (("ArrowLeft", 0), ("ArrowRight", 1), ("End", 2)):
        page.keyboard.press(key)
        wanted = alone(legs, LEVERAGES[number])
        assert page.locator(".pn-said").text_content() == f"Times {LEVERAGES[number]:g}."
        assert page.locator("input").get_attribute("aria-valuetext") == f"{LEVERAGES[number]:g}×"
        assert page.locator(".pn-plot").get_attribute("aria-label") == wanted.data["alt"]
        assert page.locator("td").all_text_contents() == [cell for row in wanted.data["rows"] for cell in row[1:]]
        page.locator(".m").nth(1).hover(force=True)
        assert page.locator(".pn-readout").text_content() == f"GOLD: P&L {wanted.data['rows'][1][1]}"
        page.locator("input").focus()
    fill = page.locator(".m").nth(1).get_attribute("fill") or page.locator("g:has(> .m)").get_attribute("fill")
    assert fill == "var(--pn-loss)"
    page.close()

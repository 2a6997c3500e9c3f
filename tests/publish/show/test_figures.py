"""Figures: what a chart on a page must be, read from its markup."""

import csv
import gzip
import json
import math
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from perpnotes.publish.compute.outputs import Output, collect
from perpnotes.publish.compute.units import fmt
from perpnotes.publish.show import figures
from perpnotes.publish.show.figures import layout
from perpnotes.publish.show.figures.svg import path
from perpnotes.publish.site import styles

ROOT = Path(__file__).parents[3]
CSS = (ROOT / "docs/assets/figures.css").read_text()
SITE_CSS = (ROOT / "docs/assets/site.css").read_text()
GRID = {"rows": [0.0, 0.5, 1.0], "columns": [-0.1, 0.0, 0.1], "row_unit": "number.1", "column_unit": "pct.0"}
TITLES = {"row_title": "stress", "column_title": "move", "value_title": "P&L", "unit": "usd.0"}
WORDS = {"caption": "What is shown", "alt": "What to see"}
VALUES = [[-100.0, 0.0, 90.0], [-120.0, 1.0, 80.0], [-150.0, 2.0, 70.0]]


def heatmap(**change: object) -> Output:
    with collect() as shown:
        figures.heatmap(**{"values": VALUES, **GRID, **TITLES, **WORDS, "id": "grid"} | change)  # type: ignore[arg-type]
    return shown[0]


def lines(**change: object) -> Output:
    axes = {"x_title": "day", "y_title": "equity", "x_unit": "days.0", "y_unit": "usd.0"}
    both = {"x": [0, 1, 2], "series": {"a": [1.0, 2.0, 3.0], "b": [3.0, 2.5, 2.9]}}
    with collect() as shown:
        figures.lines(**{**both, **axes, **WORDS, "id": "walk"} | change)  # type: ignore[arg-type]
    return shown[0]


def bars(**change: object) -> Output:
    legs = {"values": {"BTC": -9600.0, "GOLD": 973.4}, "title": "P&L", "unit": "usd.0"}
    with collect() as shown:
        figures.bars(**{**legs, **WORDS, "id": "legs"} | change)  # type: ignore[arg-type]
    return shown[0]


CHOICES = {"window": ["3 days", "3 days", "7 days", "7 days"], "venue": ["A", "B", "A", "B"]}
LIFTS = np.array([2.0, 0.9, 1.5, 1.7])


def specification(**change: object) -> Output:
    results = {"choices": CHOICES, "values": LIFTS, "holds": LIFTS > 1.0, "title": "lift", "unit": "number.1"}
    with collect() as shown:
        figures.specification(**{**results, **WORDS, "id": "curve"} | change)  # type: ignore[arg-type]
    return shown[0]


def intervals(**change: object) -> Output:
    ranges = {"seeds": {"warning": (0.9, 2.3, 6.0)}, "choices": {"warning": (1.0, 2.3, 3.0), "feed": (1.0, 2.0, 4.0)}}
    with collect() as shown:
        figures.intervals(**{**ranges, "title": "debt", "unit": "x.1", **WORDS, "id": "ranges"} | change)  # type: ignore[arg-type]
    return shown[0]


def panels(**change: object) -> Output:
    both = {"x": [0, 1, 2], "series": {"one coin": {"cost": [1.0, 2.0, 3.0]}, "two coins": {"cost": [2.0, 4.0, 6.0]}}}
    axes = {"x_title": "day", "y_title": "loss", "x_unit": "count", "y_unit": "usd.0"}
    with collect() as shown:
        figures.panels(**{**both, **axes, **WORDS, "id": "multiples"} | change)  # type: ignore[arg-type]
    return shown[0]


def ladder(**change: object) -> Output:
    levels = {"levels": {"entry": 100.0, "floor": 80.0}, "zones": {"fees": (78.0, 80.0)}, "title": "price"}
    with collect() as shown:
        figures.ladder(**{**levels, "unit": "usd.0", **WORDS, "id": "prices"} | change)  # type: ignore[arg-type]
    return shown[0]


def slopes(**change: object) -> Output:
    changes = {"changes": {"a": (3.0, 9.0), "b": (5.0, 4.0), "c": (2.0, 2.0)}, "title": "fall", "unit": "number.0"}
    with collect() as shown:
        figures.slopes(**{**changes, **WORDS, "id": "change"} | change)  # type: ignore[arg-type]
    return shown[0]


def network(**change: object) -> Output:
    graph = {"nodes": ["sale", "price", "margin"], "edges": [("sale", "price", 2.0), ("price", "margin", 1.0)]}
    with collect() as shown:
        figures.network(**{**graph, "title": "sold", "unit": "number.0", **WORDS, "id": "graph"} | change)  # type: ignore[arg-type]
    return shown[0]


EVERY = [heatmap, lines, bars, specification, intervals, panels, ladder, slopes, network]


def svg(output: Output) -> ElementTree.Element:
    """The drawing, with places that are parts of its width as numbers."""
    found = re.search(r"<svg.*</svg>", output.content, re.DOTALL)
    assert found
    return ElementTree.fromstring(re.sub(r' (c?x)="([\d.]+)%"', r' \1="\2"', found[0]))  # noqa: S314  (ours)


def labels(output: Output) -> list[str]:
    return [title.text or "" for title in svg(output).iter("title")]


@pytest.mark.parametrize("make", EVERY)
def test_a_figure_has_caption_alternative_text_and_its_data(make: object) -> None:
    """A reader who does not see the chart gets its point in words and its numbers in a table."""
    content = make().content  # type: ignore[operator]
    assert "<figcaption>What is shown</figcaption>" in content
    assert 'role="img" aria-label="What to see"' in content
    assert "<details" in content
    assert '<th scope="row">' in content


@pytest.mark.parametrize("make", EVERY)
def test_a_figure_follows_the_color_scheme(make: object) -> None:
    """No color is fixed: text is the page's, marks are custom properties that the style sheet defines."""
    content = make().content  # type: ignore[operator]
    assert not re.search(r"#[0-9a-f]{3,6}\b|\bblack\b|\bwhite\b", re.sub(r"url\(#[^)]*\)", "", content))
    for name in set(re.findall(r"var\((--pn-[a-z0-9-]+)\)", content)):
        assert f"{name}:" in CSS + SITE_CSS, name


@pytest.mark.parametrize("make", EVERY)
def test_a_figure_brings_no_width_and_no_font(make: object) -> None:
    """It is as wide as its column, in the typeface of the page."""
    root = svg(make())  # type: ignore[operator]
    assert "width" not in root.attrib
    assert not [element for element in root.iter() if "font-family" in element.attrib]


def test_a_plot_fills_its_column_and_its_texts_keep_their_size(browser: Any) -> None:
    """On a desk as on a phone what is beside the plot takes the room that it needs; no text outgrows the caption."""
    page = browser.new_page()
    content = "".join(make().content for make in EVERY)
    page.set_content(f"<style>html {{ font-size: 20px }} {SITE_CSS}{CSS}</style><body class=md-typeset>{content}")
    measured = []
    for width in (374, 700, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        figures = """() => [...document.querySelectorAll(".pn-figure")].map(figure => {
            const plot = figure.querySelector("svg"), size = part => parseFloat(getComputedStyle(part).fontSize)
            const text = plot.getScreenCTM().a * size(plot), caption = size(figure.querySelector("figcaption"))
            return [figure.clientWidth - plot.clientWidth, text, caption]
        })"""
        measured.append(page.evaluate(figures))
    for phone, tablet, desk in zip(*measured, strict=True):
        assert phone[0] == tablet[0] == desk[0] < 170  # px beside the plot
        for _, size, caption in (phone, tablet, desk):
            assert 11 <= size <= caption
    page.close()


def test_every_cell_says_its_value() -> None:
    """Each mark carries the axes and the formatted value that it stands for, and nothing else does."""
    assert labels(heatmap()) == [
        f"move {column}, stress {row}: P&L {value}"
        for row, values in zip(["0.0", "0.5", "1.0"], VALUES, strict=True)
        for column, value in zip(
            ["−10%", "0%", "10%"], [f"{'−' if v < 0 else ''}${abs(v):.0f}" for v in values], strict=True
        )
    ]


def test_every_point_and_bar_says_its_value() -> None:
    """Each point of a line and each bar can be read, not only the first."""
    assert len(labels(lines())) == 6
    assert labels(lines())[4] == "b, day 1\u00a0days: $2"  # 2.5 rounds half to even, as Python's formatting does
    assert labels(bars()) == ["BTC: P&L −$9,600", "GOLD: P&L $973"]


def test_fine_steps_have_names_of_their_own() -> None:
    """What the axis rounds to one number are two rows of the data, and two points to be pointed at."""
    steps = [0.0, 0.5, 1.0]
    output = lines(x=steps, series={"a": [1.0, 2.0, 3.0]}, x_unit="count")
    assert [row[0] for row in output.data["rows"]] == ["0.0", "0.5", "1.0"]
    assert labels(output) == [f"a, day {x}: ${y}" for x, y in (("0.0", 1), ("0.5", 2), ("1.0", 3))]
    output = heatmap(rows=steps, row_unit="count", columns=[-0.001, 0.0, 0.001])
    assert [row[0] for row in output.data["rows"]] == ["0.0", "0.5", "1.0"]
    assert output.data["headers"][1:] == ["−0.1%", "0.0%", "0.1%"]
    assert labels(output)[3] == "move −0.1%, stress 0.5: P&L −$120"
    drawn = [element.text for element in svg(output).iter("text")]
    assert "0%" in drawn  # the axis is as it was asked for
    assert "0.5" not in drawn


def test_losses_are_warm_gains_are_cool_and_the_shade_is_the_size() -> None:
    """The lowest value has the strongest shade of loss; nothing is neutral but zero and what is next to it."""
    content = heatmap().content
    assert content.count("var(--pn-loss-4)") == 1
    assert "var(--pn-gain-2)" in content
    assert content.count("var(--pn-neutral)") == 3


@pytest.mark.parametrize(
    ("option", "length"),
    [
        ({}, 0),
        ({"threshold": -110.0}, 6),
        ({"threshold": 0.5}, 10),
        ({"mark_worst": True}, 4),
        ({"threshold": -999}, 0),
    ],
)
def test_the_outline_goes_around_the_cells_that_were_asked_for(option: dict[str, Any], length: int) -> None:
    """One line around all cells below the threshold, or around the worst; it is as long as their common edge."""
    output = heatmap(**option)
    across, down = (float(size) for size in re.findall(r"h([\d.]+)v([\d.]+)h", output.content)[0])
    pieces = [line for group in svg(output).iter("g") if group.get("stroke-width") == "2" for line in group]
    ends = [[float(piece.get(name, 0)) for name in ("x1", "y1", "x2", "y2")] for piece in pieces]
    sides = [abs(x2 - x) / across + abs(y2 - y) / down for x, y, x2, y2 in ends]
    assert sum(sides) == pytest.approx(length)


def test_what_is_beyond_the_threshold_is_said_not_only_outlined() -> None:
    """Whoever does not see the outline hears it, and the outline is explained where it is seen."""
    output = heatmap(threshold=-110.0, threshold_label="below maintenance")
    beyond = [text for text in labels(output) if text.endswith(", below maintenance")]
    assert beyond == [
        "move −10%, stress 0.5: P&L −$120, below maintenance",
        "move −10%, stress 1.0: P&L −$150, below maintenance",
    ]
    assert '<i class="pn-box"></i> below maintenance' in output.content


def test_an_amount_that_is_worse_the_larger_is_warm_where_it_is_large() -> None:
    """Of losses the largest is the worst: outlined by `mark_worst`, and in the strongest warm shade."""
    content = heatmap(values=np.abs(VALUES), scale="loss", threshold=110.0).content
    assert content.count('"var(--pn-loss-4)"') == 1
    assert "gain" not in content


def test_what_is_neither_good_nor_bad_has_one_hue() -> None:
    """From the lightest at the lowest value to the strongest at the highest."""
    fills = re.findall(r"var\(--pn-plain-(\d)\)", heatmap(values=np.arange(9).reshape(3, 3), scale="plain").content)
    assert fills == sorted(fills)
    assert (fills[0], fills[-1]) == ("1", "6")


@pytest.mark.parametrize(
    ("scale", "note", "text"),
    [(1.0, "P&amp;L", "−$100"), (1e3, "P&amp;L, $ thousand", "−100.0"), (1e5, "P&amp;L, $ million", "−10.0")],
)
def test_numbers_in_cells_are_as_exact_as_there_is_room_for(scale: float, note: str, text: str) -> None:
    """In full where they fit; else in thousands or millions, and then that stands above the grid."""
    columns = np.linspace(-0.4, 0.4, 9 if scale == 1e5 else 7)
    output = heatmap(values=np.full((3, columns.size), -100.0 * scale), columns=columns)
    assert text in {element.text for element in svg(output).iter("text")}
    assert f"<span>{note}</span>" in output.content


def test_a_large_grid_has_a_key_instead_of_numbers() -> None:
    """861 numbers could not be read; the shades are explained, and each cell still says its value."""
    rows, columns = np.linspace(0, 1, 21), np.linspace(-0.4, 0.4, 41)
    output = heatmap(values=rows[:, None] + 10_000 * columns, rows=rows, columns=columns)
    assert len(labels(output)) == 861
    assert "pn-scale" in output.content
    assert len(list(svg(output).iter("text"))) < 40
    shapes = re.findall(r"M([\d.]+),([\d.]+)h([\d.]+)v([\d.]+)h", output.content)
    assert all(float(number).is_integer() for shape in shapes for number in shape)  # or neighbors leave a gap


def test_ticks_are_written_exactly() -> None:
    """A tick at 2.5% is not called 3%, whatever the unit's decimals."""
    output = lines(series={"a": [0.0, 0.05, 0.1]}, y_unit="pct.0")
    texts = [element.text or "" for element in svg(output).iter("text")]
    assert [text for text in texts if text.endswith("%")] == ["0.0%", "2.5%", "5.0%", "7.5%", "10.0%"]


def test_equal_factors_are_equal_distances_on_a_logarithmic_axis() -> None:
    """Ticks, points and lines between them; what a mark says and the table are the values, not their logarithms."""
    output = lines(x=[1, 10, 100], series={"a": [0.01, 0.1, 1.0]}, log_x=True, log_y=True, y_unit="number.2")
    assert [row[1] for row in output.data["rows"]] == ["0.01", "0.10", "1.00"]
    assert labels(output)[1] == "a, day 10\u00a0days: 0.10"
    root = svg(output)
    points = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in root.iter("circle")]
    assert np.ptp(np.diff(points, axis=0), axis=0) == pytest.approx(0.0, abs=0.2)  # written to a tenth of a px
    heights = {text.text: float(text.get("y", 0)) for text in root.iter("text") if text.text in ("0.01", "0.1", "1")}
    assert heights["0.01"] - heights["0.1"] == pytest.approx(heights["0.1"] - heights["1"], abs=0.2)
    assert "equity, log scale<" in output.content
    assert "day, log scale" in {text.text for text in root.iter("text")}
    straight = re.findall(r'd="(M[^"hvz]*l[^"hvz]*)"', output.content)
    assert [path.count("l") for path in straight] == [1]  # three points in a line are drawn as two


@pytest.mark.parametrize("low", [-50.0, -0.01, 0.0, 5.0])
@pytest.mark.parametrize("span", [1e-4, 0.3, 9.9, 7e6])
def test_ticks_are_round_and_within(low: float, span: float) -> None:
    """At least two, at most nine, evenly spaced, none outside."""
    ticks = layout.ticks(low, low + span)
    assert 2 <= len(ticks) <= 9
    assert low - 1e-9 * span <= ticks[0] < ticks[-1] <= low + span * (1 + 1e-9)
    assert np.ptp(np.diff(ticks)) <= 1e-6 * span + 1e-11


def test_names_at_the_ends_of_lines_do_not_touch() -> None:
    """Lines that end in one point have names at least a line apart, in the order of the lines where there is one."""
    output = lines(series={name: [0.0, 1.0, 2.0 + i * 1e-6] for i, name in enumerate("abcd")})
    heights = {e.text: float(e.attrib["y"]) for e in svg(output).iter("text") if e.get("font-weight") == "600"}
    assert list(heights) == list("abcd")
    assert np.diff(list(heights.values())).max() <= -13  # up is less


def test_names_of_lines_that_meet_stand_in_the_order_of_the_lines() -> None:
    """Whichever is given first."""
    meeting = {"upper": [3.0, 3.0, 2.0], "lower": [1.0, 1.0, 2.0]}
    for names in (["upper", "lower"], ["lower", "upper"]):
        output = lines(series={name: meeting[name] for name in names})
        heights = {e.text: float(e.attrib["y"]) for e in svg(output).iter("text") if e.get("font-weight") == "600"}
        assert heights["upper"] < heights["lower"]  # up is less


def test_names_at_the_ends_of_lines_stay_above_the_numbers_of_the_axis() -> None:
    """Lines that end together at zero have the lowest name on it and the others above."""
    placed = layout.spread(dict.fromkeys("abcd", 0.0), {name: name for name in "abcd"}, (0.0, 1.0), 220.0)
    heights = sorted(220 * place for place in placed.values())
    assert heights[0] == pytest.approx(0.0, abs=1e-9)
    assert np.diff(heights).min() >= layout.LINE


def test_the_name_of_a_rule_keeps_away_from_the_lines() -> None:
    """It moves along the rule, or below it, to where there is room."""
    x = np.linspace(0, 1, 50)
    assert layout.free("rule", 0.5, x, [0.55 - 0.5 * x], (0.0, 1.0), 250.0, ())[0] > 0.4
    assert layout.free("rule", 0.5, x, [0.54 + 0 * x], (0.0, 1.0), 250.0, ())[1] == -1
    steep = np.where(x < 0.1, 0.9, 0.1)  # far from the name at every point, and across it between two
    assert layout.free("rule", 0.5, x, [steep], (0.0, 1.0), 250.0, ())[0] > 0.1
    assert layout.free("rule", 0.5, x, [0 * x], (0.0, 1.0), 250.0, [0.0])[0] > 0.0


def test_a_long_series_has_as_many_marks_as_a_finger_can_tell_apart() -> None:
    """The line and the table keep every point; the ends are always among the marks."""
    x = np.arange(200.0)
    output = lines(x=x, series={"a": x})
    assert len(labels(output)) == 41
    assert (labels(output)[0], labels(output)[-1]) == ("a, day 0\u00a0days: $0", "a, day 199\u00a0days: $199")
    assert len(output.data["rows"]) == 200


def test_a_line_is_drawn_from_the_points_that_show() -> None:
    """A straight run needs two of 500; what is left out is nowhere farther from the line than a reader can see."""
    x = np.linspace(0.0, 250.0, 500)
    assert list(layout.thinned(x, 3 * x, 0.08)) == [0, 499]
    wave = 100 + 90 * np.sin(x / 20)
    kept = layout.thinned(x, wave, 0.08)
    assert len(kept) < 125
    assert np.abs(np.interp(x, x[kept], wave[kept]) - wave).max() <= 0.08 * np.hypot(1, 90 / 20)  # seen from above
    assert len(layout.thinned(x, np.arange(500) % 2 * 9.0, 0.08)) == 500


def test_the_name_of_a_line_breaks_between_words() -> None:
    """Never inside one, however long it is, and not at its hyphen."""
    assert layout.wrapped("counterfactual-benchmark of a long-short book", 15).split() == [
        *("counterfactual-benchmark", "of", "a", "long-short", "book")
    ]
    assert layout.wrapped("long-short pair", 15) == "long-short pair"


@pytest.mark.parametrize(
    ("scale", "above", "below"), [("pnl", "gain", "loss"), ("loss", "loss", "gain"), ("plain", "plain", "plain")]
)
def test_bars_are_warm_for_what_is_bad(scale: str, above: str, below: str) -> None:
    """A positive loss is no gain, and what is neither good nor bad is not colored as one."""
    fills = re.findall(r'fill="var\(--pn-(gain|loss|plain)\)"', bars(scale=scale).content)
    assert fills == [below, above]


def test_bars_may_add_up() -> None:
    """The total is their sum, named, and neither a gain nor a loss of its own."""
    output = bars(total="Book")
    assert output.data["rows"][-1] == ["Book", fmt(-9600.0 + 973.4, "usd.0")]
    assert "var(--pn-muted)" in output.content


def test_the_dots_of_a_specification_curve_rise_and_say_where_they_stand(browser: Any) -> None:
    """Sorted, whatever the order they come in; each says its row, and whether the claim holds there.

    A reader who points at it is told its choices.
    """
    output = specification(published=2)
    assert labels(output) == [  # those where it holds, then those where it does not
        "2, this article: lift 1.5, claim holds",
        "3: lift 1.7, claim holds",
        "4: lift 2.0, claim holds",
        "1: lift 0.9, claim fails",
    ]
    assert [row[:3] for row in output.data["rows"]] == [
        ["1", "0.9", "claim fails"],
        ["2, this article", "1.5", "claim holds"],
        ["3", "1.7", "claim holds"],
        ["4", "2.0", "claim holds"],
    ]
    places = {float(c.get("cx", 0)): float(c.get("cy", 0)) for c in svg(output).iter("circle")}
    assert [y for _, y in sorted(places.items())] == sorted(places.values(), reverse=True)
    opened = browser.new_page()
    opened.set_content(f"<body>{output.content}")
    _script(opened)
    opened.locator(".pn-plot").focus()
    said = "2, this article: lift 1.5, claim holds: window 7\u00a0days, venue A"
    assert opened.locator(".pn-readout").text_content() == said
    opened.close()


def test_the_matrix_stands_under_the_dots_and_counts_each_choice() -> None:
    """A box below each dot in the rows of its choices, in the color of its verdict; a share at the end of a row."""
    output = specification()
    texts = [text.text for text in svg(output).iter("text")]
    assert {"window", "3\u00a0days", "7\u00a0days", "venue", "A", "B"} <= set(texts)
    assert [text for text in texts if text and "/" in text] == ["1/2", "2/2", "2/2", "1/2"]
    boxes = {
        color: re.findall(rf'd="([^"]*z)" fill="var\(--pn-{color}\)"', output.content)
        for color in ("series-1", "muted")
    }
    assert sum(path.count("z") for path in boxes["series-1"]) == 5  # two of the six boxes touch
    assert [path.count("z") for path in boxes["muted"]] == [1, 1]
    assert "claim holds in 3 of 4" in output.content
    assert "pays in 3 of 4" in specification(words=("pays", "costs")).content


def test_a_verdict_is_counted() -> None:
    """The same words for the caption as above the figure; no choices are no verdict, and numbers are none."""
    assert figures.verdict(LIFTS > 1.0) == "3 of 4"
    assert figures.verdict(np.ones((20, 60), dtype=bool)) == "1,200 of 1,200"
    for wrong in ([], [1, 0]):
        with pytest.raises(ValueError, match="True or False"):
            figures.verdict(wrong)


def test_ranges_over_seeds_and_over_choices_are_drawn_apart() -> None:
    """One filled and thick, one open and thin, each on a line of its own, with a key that names both."""
    output = intervals()
    assert labels(output) == [
        "warning: debt 2.3× (0.9× to 6.0×), median and 5–95% over seeds",
        "warning: debt 2.3× (1.0× to 3.0×), range over choices",
        "feed: debt 2.0× (1.0× to 4.0×), range over choices",
    ]
    circles = [(c.get("fill"), float(c.get("cy", 0))) for c in svg(output).iter("circle")]
    heights = [height for _, height in circles]
    assert len({*heights}) == 3
    assert "pn-seeds" in output.content
    assert "pn-choices" in output.content
    assert "pn-seeds" not in intervals(seeds=None).content


def fill(output: Output, name: str) -> str:
    """The color that the name of a series is written in."""
    return next(str(text.get("fill")) for text in svg(output).iter("text") if text.text == name)


def test_a_series_keeps_its_color_on_a_page() -> None:
    """Wherever it stands in a figure; another page begins anew, and red is nobody's by default."""
    with collect() as shown:
        for series in ({"a": [1, 2, 3], "b": [3, 2, 1]}, {"c": [1, 1, 1], "b": [2, 2, 2]}, {"a": [0, 0, 1]}):
            figures.lines([0, 1, 2], series, x_title="day", y_title="equity", x_unit="days.0", y_unit="usd.0",
                          **WORDS, id="walk")  # fmt: skip
    first, second, third = shown
    assert fill(first, "b") == fill(second, "b")
    assert fill(first, "a") == fill(third, "a")
    assert len({fill(first, "a"), fill(first, "b"), fill(second, "c")}) == 3
    assert fill(lines(series={"c": [1, 2, 3]}), "c") == fill(first, "a")
    assert "breach" not in lines(series={name: [1, 2, 3] for name in "abcd"}).content


def test_colors_mean_something() -> None:
    """What is stated holds for the page; without one, no series takes the color of a stated one in its figure."""
    output = lines(colors={"b": "base"})
    assert fill(output, "b") == "var(--pn-series-1)" != fill(output, "a")
    assert fill(lines(colors={"a": "breach"}), "a") == "var(--pn-breach)"
    axes = {"x_title": "day", "y_title": "equity", "x_unit": "days.0", "y_unit": "usd.0"}
    with collect():
        figures.lines([0, 1], {"b": [1, 2]}, colors={"b": "base"}, **axes, **WORDS, id="one")
        with pytest.raises(ValueError, match="another color on this page"):
            figures.lines([0, 1], {"b": [1, 2]}, colors={"b": "stressed"}, **axes, **WORDS, id="two")


def test_a_band_is_drawn_and_said() -> None:
    """The area around its series, in its color; each point and each row of the data say where it ends."""
    output = lines(bands={"a": ([0.0, 1.0, 2.0], [2.0, 3.0, 9.0])})
    assert labels(output)[2] == "a, day 2\u00a0days: $3 ($2 to $9)"
    assert output.data["rows"][2] == ["2\u00a0days", "$3 ($2 to $9)", "$3"]
    assert 'fill-opacity="0.16"' in output.content
    at = {text.text: float(text.get("y", 0)) for text in svg(output).iter("text")}
    assert at["$8"] > (at["$0"] - at["$8"]) / 8  # there is room for the ninth


def test_each_bar_of_a_waterfall_begins_where_the_last_ended() -> None:
    """The end of the last step is the end of the total; labels and data are the amounts, not where they end."""
    output = bars(values={"deposit": 100.0, "fees": -30.0, "funding": -20.0}, total="left", waterfall=True)
    assert labels(output) == ["deposit: P&L $100", "fees: P&L −$30", "funding: P&L −$20", "left: P&L $50"]
    boxes = re.findall(r"M([\d.]+),[\d.]+h([\d.]+)v", output.content)
    spans = [(float(x), float(x) + float(w)) for x, w in boxes]
    zero = spans[0][0]
    unit = (spans[0][1] - zero) / 100.0
    assert [[round((end - zero) / unit) for end in span] for span in spans] == [[0, 100], [70, 100], [50, 70], [0, 50]]


def test_panels_share_their_axes() -> None:
    """Equal values are equally high in each; every point says its panel."""
    output = panels()
    assert labels(output)[:4] == [
        "one coin, day 0: $1", "one coin, day 1: $2", "one coin, day 2: $3", "two coins, day 0: $2",
    ]  # fmt: skip
    heights = [float(c.get("cy", 0)) for c in svg(output).iter("circle")]
    assert heights[1] == heights[3]
    boxes = panels(x=["calm", "crash", "after"], x_unit="text", form="bars").content
    tall = [float(h) for h in re.findall(r"h[\d.]+v(-?[\d.]+)h", boxes)]
    assert tall[1] == pytest.approx(2 * tall[0], abs=0.3)
    assert tall[1] == tall[3]


def test_a_ladder_is_to_scale_and_its_names_do_not_touch() -> None:
    """Levels where they belong, highest first in the data; names of close ones are moved apart."""
    output = ladder(levels={"entry": 100.0, "stop": 80.2, "floor": 80.0, "zero": 60.0})
    assert [row[0] for row in output.data["rows"]] == ["entry", "stop", "floor", "fees", "zero"]
    at = {t.text: float(t.get("y", 0)) for t in svg(output).iter("text")}
    assert at["floor $80"] - at["stop $80"] >= 13
    entry, _, floor, zero = (float(y) for y in re.findall(r"M[\d.]+,([\d.]+)h", output.content)[-4:])
    assert zero - floor == pytest.approx(floor - entry, abs=0.2)
    assert fill(ladder(colors={"floor": "breach"}), "floor $80") == "var(--pn-breach)"


def test_slopes_say_both_ends_and_are_colored_by_their_direction() -> None:
    """Of a loss a rise is bad; what did not change has no color. A line that crosses others is named at both ends."""
    output = slopes(scale="loss")
    assert labels(output)[:2] == ["a, before: fall 3", "a, after: fall 9"]
    assert {"a 3", "9 a"} < {text.text for text in svg(output).iter("text")}
    lines_of = re.findall(r'stroke="var\(--pn-(loss|gain|muted)\)" stroke-width="2"', output.content)
    assert lines_of == ["loss", "gain", "muted"]


def test_a_network_says_each_edge_and_shows_its_loop() -> None:
    """Arrows end outside of the nodes; only edges of the loop are red; the same input gives the same drawing."""
    output = network(
        loop=["sale", "price"], edges=[("sale", "price", 2.0), ("price", "sale", 1.0), ("price", "margin", 1.0)]
    )
    assert labels(output) == [
        "price to margin: sold 1", "sale to price: sold 2", "price to sale: sold 1", "sale", "price", "margin",
    ]  # fmt: skip
    assert output.content.count('"var(--pn-breach)"') >= 2
    assert "breach" not in network().content
    assert network().content == network().content
    placed = network(nodes={"sale": (0.0, 1.0), "price": (1.0, 0.5), "margin": (0.0, 0.0)})
    x = {c.findtext("title"): float(c.get("cx", 0)) for c in svg(placed).iter("circle")}
    assert x["sale"] == x["margin"] < x["price"]


def test_a_network_writes_weights_where_they_touch_nothing() -> None:
    """Two edges that cross in their middles have their numbers apart; between two nodes that touch there is no room."""
    corners = {"a": (0.0, 0.0), "b": (1.0, 1.0), "c": (0.0, 1.0), "d": (1.0, 0.0), "near": (0.02, 0.0)}
    output = network(nodes=corners, edges=[("a", "b", 70.0), ("c", "d", 80.0), ("a", "near", 90.0)])
    at = {t.text: (float(t.get("x", 0)), float(t.get("y", 0))) for t in svg(output).iter("text")}
    assert math.dist(at["70"], at["80"]) > 13
    assert "90" not in at
    assert "a to near: sold 90" in labels(output)


def test_regions_are_named_where_they_are_and_in_the_data() -> None:
    """Their numbers are nowhere shown; the name stands inside of its region, and a curve is cut at the grid."""
    sides = np.repeat([[0, 1]], 3, axis=0)
    output = heatmap(
        values=sides, columns=[0.0, 0.1], regions=["closed", "open"], curves={"exact": ([0.05] * 3, [-9, 0.5, 1])}
    )
    assert output.data["rows"][0] == ["0.0", "closed", "open"]
    at = {t.text: float(t.get("x", 0)) for t in svg(output).iter("text")}
    assert at["closed"] < at["open"]
    assert labels(output)[0] == "move 0%, stress 0.0: P&L closed"
    assert "pn-limit" in output.content
    assert "pn-scale" not in output.content


def test_data_are_what_the_ledger_lists() -> None:
    """The rows as published, JSON-able; the text has a line for each."""
    for output in (make() for make in EVERY):
        assert json.loads(json.dumps(output.data)) == output.data
        assert len(output.text.splitlines()) == 1 + len(output.data["rows"])


@pytest.mark.parametrize(
    ("make", "change", "message"),
    [
        (heatmap, {"caption": ""}, "caption"),
        (lines, {"alt": " "}, "alt must not"),
        (lines, {"alt": "A chart of losses"}, "alt must say"),
        (lines, {"id": "Two words"}, "id must be"),
        (lines, {"x": [0, 2, 1]}, "rising"),
        (lines, {"log_x": True}, "logarithmic"),
        (lines, {"log_y": True, "rules": {"none": 0.0}}, "must be > 0 for a logarithmic axis, got 0.0"),
        (lines, {"log_y": True, "zero": True}, "zero must be False"),
        (lines, {"x_rules": {"late": 3.0}}, "x_rules"),
        (bars, {"total": "BTC"}, "name of its own"),
        (heatmap, {"values": [[1.0]]}, "shape"),
        (heatmap, {"values": np.full((3, 3), np.nan)}, "finite"),
        (lines, {"series": {}}, "1 to 4"),
        (lines, {"series": {"a": [1.0, 2.0]}}, "shape"),
        (lines, {"y_unit": "dollars"}, "unit must be one of"),
        (bars, {"values": {}}, "empty"),
        (bars, {"values": {"a": np.inf}}, "finite"),
        (specification, {"holds": [1.0, 0.0, 1.0, 1.0]}, "True or False"),
        (specification, {"holds": [True]}, "True or False"),
        (specification, {"choices": {"window": ["3 days"]}}, "a text for each of 4"),
        (
            specification,
            {
                "choices": {"seed": [*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"]},
                "values": np.arange(36.0),
                "holds": np.ones(36, dtype=bool),
            },
            "at most 32 levels",
        ),
        (specification, {"values": [2.0]}, "2 to 400"),
        (specification, {"published": 4}, "published must be"),
        (specification, {"log": True, "rules": {"none": 0.0}}, "logarithmic"),
        (lines, {"colors": {"a": "red"}}, "must be one of base"),
        (lines, {"colors": {"z": "base"}}, "must name series"),
        (lines, {"bands": {"a": ([5.0] * 3, [6.0] * 3)}}, "hold the series"),
        (lines, {"bands": {"z": ([0.0] * 3, [6.0] * 3)}}, "of a series"),
        (heatmap, {"regions": ["one", "two"]}, "numbers of regions"),
        (heatmap, {"curves": {"a": ([0.0], [0.0, 1.0])}}, "same length"),
        (panels, {"form": "pie"}, "lines or bars"),
        (panels, {"series": {}}, "1 to 12"),
        (panels, {"series": {"a": {"b": [1.0]}}}, "finite and have shape"),
        (panels, {"series": {"a": {"b": [1, 2, 3], "c": [1, 2, 3]}}, "form": "bars"}, "1 to 1"),
        (panels, {"x": [0, 2, 1]}, "rising"),
        (ladder, {"levels": {}}, "1 to 14"),
        (ladder, {"levels": {"a": np.inf}}, "finite"),
        (ladder, {"colors": {"z": "base"}}, "must name what"),
        (ladder, {"zones": {"entry": (1.0, 2.0)}}, "the same name"),
        (slopes, {"changes": {}}, "1 to 12"),
        (slopes, {"changes": {"a": (1.0, np.nan)}}, "two finite"),
        (network, {"edges": []}, "edges must be given"),
        (network, {"edges": [("sale", "moon", 1.0)]}, "from one node to another"),
        (network, {"edges": [("sale", "price", -1.0)]}, "weights must be"),
        (network, {"nodes": {"sale": (0, 2), "price": (0, 0), "margin": (0, 1)}}, "0 to 1"),
        (network, {"loop": ["moon"]}, "loop must name"),
        (intervals, {"seeds": None, "choices": None}, "both be empty"),
        (intervals, {"seeds": {"a": (2.0, 1.0, 3.0)}}, "rising"),
        (intervals, {"choices": {"a": (1.0, 2.0)}}, "low, middle and high"),
    ],
)
def test_a_figure_that_would_mislead_is_refused(make: object, change: dict[str, object], message: str) -> None:
    """No caption, no alternative, no data, or data that are not numbers: an error instead of a chart."""
    with pytest.raises(ValueError, match=message):
        make(**change)  # type: ignore[operator]


SHADE = re.compile(r"--pn-(neutral|(loss|gain|plain)-\d)$")


def contrast(one: str, two: str) -> float:
    """The WCAG 2 contrast ratio of two colors written as `#rrggbb`."""

    def luminance(color: str) -> float:
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme: int) -> None:
    """WCAG 2.2 AA: text on every shade 4.5, names of lines on paper 4.5, in both schemes."""
    colors = dict(re.findall(r"(--pn-[a-z0-9-]+): light-dark\(([^)]*)\)", CSS + SITE_CSS))
    value = {name: pair.split(", ")[scheme] for name, pair in colors.items()}
    assert len([name for name in value if SHADE.match(name)]) == 15
    for name in value:
        if SHADE.match(name):
            assert contrast(value["--pn-ink"], value[name]) >= 4.5, name
        if name.startswith("--pn-series"):
            assert contrast(value["--pn-paper"], value[name]) >= 4.5, name
    for name in ("--pn-loss", "--pn-gain", "--pn-plain", "--pn-muted", "--pn-ink"):  # bars and outlines
        assert contrast(value["--pn-paper"], value[name]) >= 3, name
    for name in ("--pn-breach",):  # names of lines, too
        assert contrast(value["--pn-paper"], value[name]) >= 4.5, name


def test_on_paper_a_shade_has_one_meaning_without_its_color() -> None:
    """Printed in gray, the darker cell has the larger loss, all the way to the largest gain; numbers stay readable."""
    shades = dict(re.findall(r"(--pn-[a-z0-9-]+): (#[0-9a-f]{6})", CSS.partition("@media print")[2]))
    order = [*(f"--pn-loss-{i}" for i in (4, 3, 2, 1)), "--pn-neutral", *(f"--pn-gain-{i}" for i in (1, 2, 3, 4))]
    light = [contrast("#000000", shades[name]) for name in order]
    assert light == sorted(light)
    assert min(b / a for a, b in pairwise(light)) >= 1.05
    assert light[0] >= 4.5


def test_a_path_in_steps_goes_through_the_same_points() -> None:
    """Exactly: what is rounded to a tenth of a px does not drift."""
    points = np.round(np.random.default_rng(3).uniform(-400, 400, (60, 2)), 1)
    points[::7, 0] = points[1::7, 0][: len(points[::7])]  # some run straight up
    here, passed = np.zeros(2), []
    for letter, given in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", path(points.tolist())):
        step = [float(n) for n in given.split(",")]
        here = np.round(here + {"h": [*step, 0.0], "v": [0.0, *step]}.get(letter, step), 1)
        passed.append(here)
    assert np.array_equal(passed, points)


@pytest.mark.parametrize(("name", "most"), [("figures", 2304), ("marks", 2048)])
def test_the_scripts_are_small(name: str, most: int) -> None:
    """What a page can do beyond being read, and what a figure answers, as they travel: without comments."""
    assert len(gzip.compress(styles.bare((ROOT / f"docs/assets/{name}.js").read_text()).encode(), 9)) <= most


def _script(page: Any) -> None:
    """Both scripts of figures; there is no site from which the first could load the second."""
    page.evaluate("globalThis.pnTool = async () => {}")
    for name in ("marks", "figures"):
        page.add_script_tag(path=ROOT / f"docs/assets/{name}.js")


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 390, "height": 900}, has_touch=True)
    content = "".join(output.content for output in (heatmap(), lines()))
    opened.set_content(f'<body class="md-typeset" style="margin:16px"><style>{SITE_CSS}{CSS}</style>{content}')
    _script(opened)
    yield opened
    opened.close()


LONG: list[tuple[Any, dict[str, Any]]] = [
    (lines, {"series": {"without compounding": [0, 1, 2], "window": [1, 0, 1], "mean": [0, 1, 0]}}),
    (lines, {"series": {"equity": [-20_000, 0, 0]}}),
    (lines, {"series": {"equity": [-0.22, 0, 0]}, "y_unit": "pct.0"}),
    (bars, {"values": {"policy": -0.352, "rules": 0.352}, "unit": "pct.1"}),
    (bars, {"values": {"policy": -0.352, "rules": 0.0}, "unit": "pct.1"}),
    (
        specification,
        {"choices": CHOICES | {"counterfactual venue": ["a median of all venues"] * 4}, "published": 0},
    ),
    (intervals, {"rules": {"no effect of the warning": 1.0}, "log": True}),
    (bars, {"values": {"deposit": 1e6, "funding": -9e5}, "waterfall": True, "total": "what is left of it"}),
    (panels, {"x_unit": "days.0"}),
    (ladder, {"levels": {"liquidation after thirty days": 95e3, "entry": 1e5}, "colors": {"entry": "base"}}),
    (slopes, {"changes": {"a venue with a long name": (1e6, 2e6)}, "unit": "usd.0"}),
    (
        network,
        {
            "nodes": {"forced selling": (0, 0.5), "price": (0.5, 1), "collateral": (1, 0.5)},
            "edges": [("price", "collateral", 1.0)],
        },
    ),
]


def test_every_text_is_inside_the_drawing(browser: Any) -> None:
    """On a phone, where the room is smallest, and on a desk, in the widest of the typefaces that readers have."""
    content = "".join(make(**change).content for make, change in LONG)
    page, wide = browser.new_page(), "margin:16px;--pn-sans:DejaVu Sans"
    page.set_content(f'<body class="md-typeset" style="{wide}"><style>{SITE_CSS}{CSS}</style>{content}')
    for width in (320, 390, 700):
        page.set_viewport_size({"width": width, "height": 900})
        outside = page.evaluate("""() => [...document.querySelectorAll(".pn-plot")].map(plot => {
            const box = plot.getBoundingClientRect()
            const at = text => [text.textContent, text.getBoundingClientRect()]
            const texts = [...plot.querySelectorAll("text")].map(at)
            return texts.filter(([, at]) => at.left < box.left || at.right > box.right).map(([text]) => text)
        })""")
        assert outside == [[]] * len(LONG), width
    page.close()


def test_each_value_can_be_reached_by_pointer_touch_and_keyboard(page: Any) -> None:
    """The plot is one tab stop; arrows move over the grid; near is near enough for a finger."""
    plot, readout = page.locator("#grid .pn-plot"), page.locator("#grid .pn-readout")
    assert plot.get_attribute("tabindex") == "0"
    assert page.locator("#grid .pn-plot [tabindex]").count() == 0
    plot.locator(".m").nth(4).hover()
    assert readout.text_content() == "move 0%, stress 0.5: P&L $1"
    page.mouse.move(0, 0)
    assert readout.text_content() == ""
    plot.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert readout.text_content() == "move −10%, stress 1.0: P&L −$150"
    page.keyboard.press("Escape")
    assert readout.text_content() == ""
    box = page.locator("#walk .pn-plot .m").nth(1).bounding_box()
    page.touchscreen.tap(box["x"] + 6, box["y"] + 16)
    assert page.locator("#walk .pn-readout").text_content() == "a, day 1\u00a0days: $2"


def test_the_data_of_a_figure_can_be_taken_along(page: Any) -> None:
    """As numbers, with the unit in the header; a header that begins like a formula stays a text in a spreadsheet."""
    page.locator("#grid summary").click()
    with page.expect_download() as taken:
        page.locator("#grid").get_by_role("button", name="Download as CSV").click()
    assert taken.value.suggested_filename == "grid.csv"
    rows = list(csv.reader(taken.value.path().read_text("utf-8-sig").splitlines()))
    assert rows == [
        ["stress \\ move", "'-10% ($)", "0% ($)", "10% ($)"],
        *(
            [f"{row:.1f}", *(f"{value:.0f}" for value in values)]
            for row, values in zip(GRID["rows"], VALUES, strict=True)
        ),
    ]


def test_nothing_moves_when_a_value_is_shown(page: Any) -> None:
    """The line for the value has its room from the beginning, on a phone, too; and the page never scrolls sideways."""
    before = page.locator("#walk").bounding_box()
    page.locator("#grid .pn-plot .m").first.hover()
    assert page.locator("#grid .pn-readout").text_content() != ""
    assert page.locator("#walk").bounding_box() == before
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

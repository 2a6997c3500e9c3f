"""Figures: what a chart on a page must be, read from its markup."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from perpnotes.publish import figures
from perpnotes.publish.displays import Display, collect

ROOT = Path(__file__).parents[2]
CSS = (ROOT / "docs/assets/figures.css").read_text()
SITE_CSS = (ROOT / "docs/assets/site.css").read_text()
GRID = {"rows": [0.0, 0.5, 1.0], "columns": [-0.1, 0.0, 0.1], "row_unit": "number.1", "column_unit": "pct.0"}
TITLES = {"row_title": "stress", "column_title": "move", "value_title": "P&L", "unit": "usd.0"}
WORDS = {"caption": "What is shown", "alt": "What to see"}
VALUES = [[-100.0, 0.0, 90.0], [-120.0, 1.0, 80.0], [-150.0, 2.0, 70.0]]


def heatmap(**change: object) -> Display:
    with collect() as shown:
        figures.heatmap(**{"values": VALUES, **GRID, **TITLES, **WORDS, "id": "grid"} | change)  # type: ignore[arg-type]
    return shown[0]


def lines(**change: object) -> Display:
    axes = {"x_title": "day", "y_title": "equity", "x_unit": "days.0", "y_unit": "usd.0"}
    both = {"x": [0, 1, 2], "series": {"a": [1.0, 2.0, 3.0], "b": [3.0, 2.5, 2.9]}}
    with collect() as shown:
        figures.lines(**{**both, **axes, **WORDS, "id": "walk"} | change)  # type: ignore[arg-type]
    return shown[0]


def bars(**change: object) -> Display:
    legs = {"values": {"BTC": -9600.0, "GOLD": 973.4}, "title": "P&L", "unit": "usd.0"}
    with collect() as shown:
        figures.bars(**{**legs, **WORDS, "id": "legs"} | change)  # type: ignore[arg-type]
    return shown[0]


def svg(display: Display) -> ElementTree.Element:
    found = re.search(r"<svg.*</svg>", display.content, re.DOTALL)
    assert found
    return ElementTree.fromstring(found[0])  # noqa: S314  (ours)


def labels(display: Display) -> list[str]:
    return [title.text or "" for title in svg(display).iter("{http://www.w3.org/2000/svg}title")]


@pytest.mark.parametrize("make", [heatmap, lines, bars])
def test_a_figure_has_caption_alternative_text_and_its_data(make: object) -> None:
    """A reader who does not see the chart gets its point in words and its numbers in a table."""
    content = make().content  # type: ignore[operator]
    assert "<figcaption>What is shown</figcaption>" in content
    assert 'role="img" aria-label="What to see"' in content
    assert "<details" in content
    assert '<th scope="row">' in content


@pytest.mark.parametrize("make", [heatmap, lines, bars])
def test_a_figure_follows_the_color_scheme(make: object) -> None:
    """No color is fixed: text is the page's, marks are custom properties that the style sheet defines."""
    content = make().content  # type: ignore[operator]
    assert not re.search(r"#[0-9a-f]{3,6}\b|\bblack\b|\bwhite\b", re.sub(r"url\(#[^)]*\)", "", content))
    for name in set(re.findall(r"var\((--pn-[a-z0-9-]+)\)", content)):
        assert f"{name}:" in CSS + SITE_CSS, name


@pytest.mark.parametrize("make", [heatmap, lines, bars])
def test_a_figure_scales_with_its_column(make: object) -> None:
    """It has a view box and no size, brings no font, and is about as wide as a phone's column."""
    root = svg(make())  # type: ignore[operator]
    assert "width" not in root.attrib
    assert 340 <= float(root.attrib["viewBox"].split()[2]) <= 385
    assert not [element for element in root.iter() if "font-family" in element.attrib]


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


def test_losses_are_warm_gains_are_cool_and_the_shade_is_the_size() -> None:
    """The lowest value has the strongest shade of loss; nothing is neutral but zero and what is next to it."""
    content = heatmap().content
    assert content.count("var(--pn-loss-4)") == 1
    assert "var(--pn-gain-2)" in content
    assert content.count("var(--pn-neutral)") == 3


@pytest.mark.parametrize(("option", "outlined"), [({}, 0), ({"threshold": -110.0}, 2), ({"mark_worst": True}, 1)])
def test_outlined_cells_are_those_that_were_asked_for(option: dict[str, object], outlined: int) -> None:
    """Cells below the threshold, or the worst one, have an outline in ink."""
    strokes = [element for element in svg(heatmap(**option)).iter() if element.get("stroke") == "currentColor"]
    assert len(strokes) == outlined


def test_a_figure_does_not_depend_on_those_before_it() -> None:
    """vl-convert counts ids through the whole process; ours start anew in each figure and carry its id."""
    first = lines().content
    heatmap()
    assert lines().content == first
    ids = re.findall(r'\sid="([^"]+)"', first)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("walk") for name in ids)


@pytest.mark.parametrize(
    ("make", "change", "message"),
    [
        (heatmap, {"caption": ""}, "caption"),
        (lines, {"alt": " "}, "alternative text"),
        (heatmap, {"values": [[1.0]]}, "shape"),
        (heatmap, {"values": np.full((3, 3), np.nan)}, "finite"),
        (lines, {"series": {}}, "1 to 4"),
        (lines, {"series": {"a": [1.0, 2.0]}}, "shape"),
        (lines, {"y_unit": "dollars"}, "unit must be one of"),
        (bars, {"values": {}}, "empty"),
        (bars, {"values": {"a": np.inf}}, "finite"),
    ],
)
def test_a_figure_that_would_mislead_is_refused(make: object, change: dict[str, object], message: str) -> None:
    """No caption, no alternative, no data, or data that are not numbers: an error instead of a chart."""
    with pytest.raises(ValueError, match=message):
        make(**change)  # type: ignore[operator]


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
    for name in value:
        if name.startswith(("--pn-loss", "--pn-gain", "--pn-neutral")):
            assert contrast(value["--pn-ink"], value[name]) >= 4.5, name
        if name.startswith("--pn-series"):
            assert contrast(value["--pn-paper"], value[name]) >= 4.5, name

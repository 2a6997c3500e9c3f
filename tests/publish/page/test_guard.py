"""A build stops at a page with what must not stand in one, and at nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attacks
import numpy as np
import pytest

from perpnotes import publish
from perpnotes.publish.compute import outputs
from perpnotes.publish.page import markup

if TYPE_CHECKING:
    from conftest import Site


TYPED = ["<script>alert(1)</script>", "[x](javascript:alert(1))", "Word\n{: onclick=alert(1) }", "<details>"]


def test_what_code_prints_is_read_before_it_is_a_page(site: Callable[..., Site]) -> None:
    """No check sees it before it runs; the fault names the page."""
    printed = {f"x{n}": code for n, code in enumerate(attacks.BUILT.values())}
    pages = {name: f'# X\n\n```python exec="on" output="markdown"\n{code}\n```\n' for name, code in printed.items()}
    said = site(**pages).rendered()
    for name in pages:
        assert said[name].startswith(f"docs/{name}.md:"), printed[name]
        assert "must not" in said[name], printed[name]
    assert said["index"] == ""


def test_a_build_stops_at_what_code_prints(site: Callable[..., Site]) -> None:
    """And writes no page of it."""
    printed = f'# X\n\n```python exec="on" output="markdown"\n{attacks.BUILT["a script"]}\n```\n'
    built = site(x=printed).build("mkdocs")
    assert built.returncode
    assert "docs/x.md:" in built.stdout + built.stderr, built.stderr
    assert "must not" in built.stdout + built.stderr


def test_a_page_without_code_is_read_too(site: Callable[..., Site]) -> None:
    pages = {f"x{n}": f"# X\n\n{text}\n" for n, text in enumerate(TYPED)}
    said = site(**pages).rendered()
    assert all("a page must not have" in said[name] for name in pages), said


def test_both_generators_stop_at_a_page_without_code(site: Callable[..., Site], generator: str) -> None:
    built = site(x=f"# X\n\n{TYPED[0]}\n").build(generator)
    assert built.returncode
    assert "a page must not have" in built.stdout + built.stderr


def test_front_matter_stops_a_build(site: Callable[..., Site], generator: str) -> None:
    """The theme writes titles as they are, and acts on fields that are not ours."""
    for front in ("title: <script>alert(1)</script>", "template: redirect.html"):
        built = site(x=f"---\n{front}\n---\n\n# X\n").build(generator)
        assert built.returncode
        assert "front matter" in built.stdout + built.stderr


KEPT = (
    '<p class="pn-key" id="a-1">x <b>y</b><br>z</p>',
    '<a href="https://example.org/a?b=c:d#e" title="x > y">x</a>',
    '<a href="mailto:a@example.org">x</a><a href="../glossary.md#a:b">x</a><a href="#fn:1">x</a><a href="">x</a>',
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0,0" fill="var(--pn-gain)"/></svg>',
    "<svg><g><title>x</title></g></svg>",
    '<svg><rect clip-path="url(#a)"/></svg>',
    '<math alttext="\\frac"><mtd style="text-align: left;padding-left: 0.5em;">x</mtd></math>',
    "<!-- a remark -->",
    '<input type="range" max="3" value="1" autocomplete="off"/>',
    '<td style="text-align: right;">1</td>',
    '<i style="background:var(--pn-series-1)"></i>',
)
REFUSED = (
    "<p",
    "<p x='",
    "<p/>",
    "<p>",
    "</p>",
    "<p></div>",
    '<p title="<b>"></p>',
    "<svg><script>1</script></svg>",
    "<svg><style>x</style></svg>",
    "<svg><use href='#a'/></svg>",
    '<svg><a href="x"><text>x</text></a>',
    "<svg><foreignObject></foreignObject></svg>",
    '<svg><rect fill="url(https://example.org/x)"/></svg>',
    '<svg><rect fill="u\\72l(//example.org/x)"/></svg>',
    '<rect onclick="x"/>',
    '<p style="text-align:left;position:fixed"></p>',
    '<p style="text-align:expression(1)"></p>',
    '<i style="background:url(//x)"></i>',
    '<a href="javascript:1"></a>',
    '<a href=" javascript:1"></a>',
    '<a href="java\tscript:1"></a>',
    '<a href="&#1;javascript:1"></a>',
    '<a href="javascript&colon;1"></a>',
    '<a href="/\\example.org"></a>',
    '<a href="//example.org"></a>',
    '<a href="blob:x"></a>',
    '<div href="x"></div>',
    '<img src="//example.org/x.png">',
    '<img src="x:y">',
    '<input type="text">',
    '<input type="image" src="x">',
    '<script type="application/json">{}</script>',
    '<script type="module">1</script>',
    "<!-->",
    "<!--->",
    "<!-- a -- b -->",
    "<!-- a <b> -->",
    "<!doctype html>",
    '<p id="__config"></p>',
    '<p class="md-search"></p>',
    '<p class="pn-x calc"></p>',
    '<p class="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"></p>',
    '<p class="x" CLASS="md-search"></p>',
    '<p dir="rtl" hidden></p>',
)


def test_what_authors_show_is_let_through() -> None:
    """One of each figure and table, as the library of figures draws it."""
    with outputs.collect() as shown:
        publish.bars({"a": 1.0, "b": -2.0}, title="T", unit="usd", caption="<b>", alt="A", id="x-1")
        publish.table([{"a": 1.0}], columns={"a": ('A "b"', "usd")}, caption="C & <d>", id="x-2")
        publish.heatmap(
            [[1.0, -2.0], [3.0, 4.0]], rows=[1.0, 2.0], columns=[1.0, 2.0], row_title="R", column_title="C",
            value_title="T", unit="usd", row_unit="number", column_unit="number", caption="C", alt="A", id="x-4",
            threshold=2.0, threshold_label="limit", mark_worst=True,
        )  # fmt: skip

        publish.explore(
            {"a": np.array([1.0, 2.0])}, unit="usd", controls={"C": ([1, 2], "count", 1)}, say=["It is {a}."],
            picture=publish.rungs(held=["a"], found=["a"], meanings={"a": "base"}), title="T",
            caption="C", alt="A", id="x-5",
        )  # fmt: skip
    assert len(shown) == 4
    assert [list(markup.faults(output.content, markup.COMPUTED)) for output in shown] == [[]] * 4


@pytest.mark.parametrize("html", KEPT)
def test_what_our_own_figures_formulas_and_tables_need_is_let_through(html: str) -> None:
    assert list(markup.faults(html, markup.COMPUTED)) == []


@pytest.mark.parametrize("html", REFUSED)
def test_what_is_not_listed_is_refused(html: str) -> None:
    assert list(markup.faults(html, markup.COMPUTED))


def test_figures_and_formulas_are_not_written_by_hand() -> None:
    for html in ("<svg></svg>", "<math></math>", '<data value="1">1</data>', "<output>1</output>"):
        assert list(markup.faults(html, markup.COMPUTED)) == []
        assert list(markup.faults(html, markup.WRITTEN))


def test_a_tag_is_judged_once_however_often_it_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the largest article there are some thousand, most of them alike; how the rest grows is in `tests/bench`."""
    judged, judge = [], markup._fault
    monkeypatch.setattr(markup, "_fault", lambda tag, elements: judged.append(tag[0]) or judge(tag, elements))
    assert list(markup.faults('<p class="pn-x"><b>1</b></p>' * 9, markup.COMPUTED)) == []
    assert judged == ['<p class="pn-x">', "<b>", "</b>", "</p>"]

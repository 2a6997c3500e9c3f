"""Of a stylesheet only goes what no page and no script can ask for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perpnotes.publish.site.styles import Used, trim, trimmed

USED = Used.of(
    [
        '<p class="a b-c" id="i"><nav class="md-nav" dir=ltr style="--used:1"><p open><a for="x"><svg viewBox="0 0">',
        "<body data-md-color-scheme=x>",
    ],
    ["x.className = 'said'; list.add(`told`); classList.toggle('a');"],
)


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".a { color: red }", ".a{color:red}"),
        (".b { color: red } .a.b { x: y } p.b { x: y }", ""),
        (".b-c { x: y } .i { x: y } #i { x: y } #b { x: y }", ".b-c{x:y}#i{x:y}"),
        (".a, .b, p > .a { color: red; }", ".a,p > .a{color:red}"),
        (
            ".a.b-c { x: y } .a.md-nav { x: y } nav.a { x: y } p.b-c { x: y }",
            ".a.b-c{x:y}.a.md-nav{x:y}nav.a{x:y}p.b-c{x:y}",
        ),
        (
            ".said { x: y } .told > p { x: y } .md-nav.said { x: y } .list { x: y }",
            ".said{x:y}.told > p{x:y}.md-nav.said{x:y}",
        ),
        (".md-dialog, .a:not(.focus-visible) { x: y } .a:focus-visible { x: y }", ".a:focus-visible{x:y}"),
        (".a:not(.b) { x: y }", ".a:not(.b){x:y}"),
        (".a:is(.b, .a) { x: y }", ".a:is(.b,.a){x:y}"),
        (":is(.b, .a) ~ p { x: y } * { x: y } ::before { x: y }", ":is(.b,.a) ~ p{x:y}*{x:y}::before{x:y}"),
        ("audio { x: y } p { x: y } svg { x: y }", "p{x:y}svg{x:y}"),
        ("details[open] { x: y } p[open] { x: y } p[hidden] { x: y }", "p[open]{x:y}p[hidden]{x:y}"),
        ("[dir=ltr] p { x: y } [dir=rtl] p { x: y } [for=x] { x: y } [href] { x: y }", "[dir=ltr] p{x:y}[for=x]{x:y}"),
        ("@media print { .b { x: y } }", ""),
        ("@media (width > 1px) { .a { x: y } .b { x: y } }", "@media (width > 1px){.a{x:y}}"),
        (":root { --used: 1; --not: 2 }", ":root{--used:1;}"),
        (":root { --a1: 1; --b1: var(--a1) } .a { x: var(--b1) }", ":root{--a1:1;--b1:var(--a1)}.a{x:var(--b1)}"),
        ("p { x: y } :root { --not: url('x;}y') } .a { x: y }", "p{x:y}.a{x:y}"),
        ("@keyframes k { to { x: y } } .a { animation: k 1s }", "@keyframes k{to{x:y}}.a{animation:k 1s}"),
        ("@keyframes k { to { x: y } } .a { x: y }", ".a{x:y}"),
        (".a { content: ' ;  } ' }", '.a{content:" ;  } "}'),
        (".a { -webkit-mask: url('a;b'); mask: none; -webkit-line-clamp: 2 }", ".a{mask:none;-webkit-line-clamp:2}"),
        ('@charset "utf-8"; /* .a */ .a { x: y }', ".a{x:y}"),
        (".a { x: 1; y: 1 } p { x: 1 } .a { x: 2 }", ".a{y:1}p{x:1}.a{x:2}"),
        (".a, p { x: 1 } p { x: 2 } .a > p { x: 3 }", ".a,p{x:1}p{x:2}.a > p{x:3}"),
        (".a { margin-top: 1; scroll-margin: 1 } .a { margin: 2 }", ".a{scroll-margin:1}.a{margin:2}"),
        (".a { margin: 1 } .a { margin-top: 2 }", ".a{margin:1}.a{margin-top:2}"),
        (".a { x: 1 !important } .a { x: 2; x: 3 }", ".a{x:1 !important}.a{x:2;x:3}"),
        (".a { x: 1 } @media print { .a { x: 2 } .a { x: 3 } }", ".a{x:1}@media print{.a{x:3}}"),
        (
            ":root { --used: 1; x: 1 } body[data-md-color-scheme] { --used: 2; x: 2 }",
            ":root{x:1}body[data-md-color-scheme]{--used:2;x:2}",
        ),
    ],
)
def test_what_is_left(css: str, left: str) -> None:
    """Rule by rule: lists, parts, brackets, elements, attributes, media, custom properties, animations, quotes.

    At the end what a later rule with the same selectors sets again.
    """
    assert trimmed(css, USED) == left


def test_a_broken_stylesheet_is_refused() -> None:
    """Half of a rule may have meant anything."""
    with pytest.raises(ValueError, match="css must be a stylesheet"):
        trimmed("p", USED)


def test_all_pages_share_one_stylesheet(tmp_path: Path) -> None:
    """In the order of the links, at any depth; what a page or a script names stays, words that are only read do not."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/a.css").write_text(".kept { x: 1 } .scripted { x: 1 } .read { x: 1 }")
    (tmp_path / "assets/b.css").write_text(".kept { x: 2 } [fill] { x: var(--drawn) } :root { --drawn: 3; --own: 4 }")
    (tmp_path / "assets/s.js").write_text('// why\nif (a)\n  // how\n  b.className = "scripted" // "http://x"\n')
    links = '<link rel="stylesheet" href="{0}assets/a.css">\n <link rel="stylesheet" href="{0}assets/b.css">'
    for page, up in (("index.html", ""), ("deep/index.html", "../")):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        body = f'<p class="kept" title="read" fill="var(--own)">read</p>{links.format(up)}<b>'
        (tmp_path / page).write_text(body)
    sheet = trim(tmp_path)
    assert sheet.read_text() == ".scripted{x:1}.kept{x:2}[fill]{x:var(--drawn)}:root{--drawn:3;--own:4}"
    assert f'<link rel="stylesheet" href="../assets/{sheet.name}"><b>' in (tmp_path / "deep/index.html").read_text()
    assert (tmp_path / "assets/s.js").read_text() == 'if (a)\nb.className = "scripted" // "http://x"\n'
    assert [file.name for file in sorted(tmp_path.rglob("*.css"))] == [sheet.name]
    assert trim(tmp_path) == sheet  # again, and nothing is lost
    assert sheet.is_file()
    (tmp_path / "assets/b.css").touch()
    (tmp_path / "other.html").write_text('<link rel="stylesheet" href="assets/b.css">')
    with pytest.raises(ValueError, match="one list of stylesheets"):
        trim(tmp_path)


def test_lines_under_numbers_are_drawn_in_safari_too() -> None:
    """It takes no line, style and color in one declaration, and then draws none."""
    for sheet in (Path(__file__).parents[3] / "docs/assets").glob("*.css"):
        values = re.findall(r"text-decoration: *([^;}]+)", sheet.read_text(encoding="utf-8"))
        assert [value for value in values if " " in value.strip()] == [], sheet.name

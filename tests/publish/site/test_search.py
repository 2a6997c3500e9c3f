"""What the search knows of a page."""

from __future__ import annotations

import json
from pathlib import Path

from perpnotes.publish.site import search

PAGE = """<meta name="description" content="Costs &amp; gains.">
<nav><h2 id="no">Not read</h2></nav>
<article class="md-content__inner">
<h1 id="fees">Fees<a class="headerlink" href="#fees">&para;</a></h1>
<p class="pn-byline">2026</p><p>They <em>add</em> up.</p><svg><text>drawn</text></svg>
<h2 id="code"><code>round_trip</code> <small class="doc doc-label"><code>dataclass</code></small></h2>
<pre><code>secret</code></pre><p>Opening, and <a href="#x">closing</a>.</p><ul><li>One</li><li>Two</li></ul>
<p class="pn-used" data-search-exclude="">Used in: nothing</p>
<details class="pn-answer" id="q-why">
<summary>Why &lt; 3?</summary>
<p>Because.</p></details>
<footer>foot</footer>
</article>"""


def test_a_page_has_its_headings_and_questions_and_how_each_begins() -> None:
    """Text and no code, no drawing and nothing that the page leaves out; words meet no words of another block."""
    page = search.read(PAGE, "insights/fees/")
    assert page == (
        "insights/fees/",
        "Fees",
        "Costs & gains. They add up.",
        [("code", "round_trip", "Opening, and closing. One Two"), ("q-why", "Why < 3?", "Because.")],
        "",
    )
    assert search.read("<article><p>No title</p></article>", "") is None
    assert search.read("<p>No text</p>", "") is None


def test_a_long_text_is_cut_and_its_other_words_are_kept_once() -> None:
    """At the end of a word."""
    words = [f"{chr(97 + i // 26)}{chr(97 + i % 26)}x" for i in range(200)]
    page = search.read(f'<article><h1 id="a">A</h1><p>{" ".join(words * 2)}</p></article>', "a/")
    assert page is not None
    begun, end = page.about.split(" "), page.about[-3:]
    assert len(page.about) <= 302
    assert end == begun[-2][-1] + " …"
    assert begun[:-1] == words[: len(begun) - 1]
    assert page.rest.split(" ") == words[len(begun) - 1 :]


def test_the_index_is_a_script_in_the_order_of_the_pages(tmp_path: Path) -> None:
    for name in ("b", "a", "."):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "index.html").write_text(f'<article><h1 id="t">{name}</h1><h2 id="u">U</h2></article>')
    (tmp_path / "404.html").write_text('<article><h1 id="t">Gone</h1></article>')
    assert search.write(tmp_path) == 6
    text = (tmp_path / search.PLACE).read_text()
    index = json.loads(text.removeprefix("pnIndex(").removesuffix(")"))
    assert [page[0] for page in index] == ["", "a/", "b/"]
    assert index[1] == ["a/", "a", "", [["u", "U", ""]], ""]

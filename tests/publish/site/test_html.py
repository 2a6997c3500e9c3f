"""Pages as HTML allows them, and no larger than they need to be."""

from pathlib import Path

from perpnotes.publish.site import html


def test_attributes_that_html_does_not_know_go() -> None:
    """A text field keeps its attribute, and a link its place in the order."""
    box = '<input class="md-toggle" type="checkbox" id="__search" autocomplete="off">'
    assert html.valid(box) == '<input class="md-toggle" type="checkbox" id="__search">'
    assert html.valid('<label id="a" tabindex="">') == '<label id="a" tabindex="-1">'
    for good in ('<input type="text" autocomplete="off">', '<label tabindex="0">', "<p>tabindex</p>"):
        assert html.valid(good) == good


def test_nobody_sees_what_goes() -> None:
    """Spaces count within code; outside of it the same classes may mean something."""
    code = '<pre><span></span><code><span class="n">x</span>\n  <span class="w"> </span><i>1</i></code></pre>'
    page = f'<p>\n\n  a  b\n</p>\n{code}\n  <p><span class="n">x</span></p>'
    left = '<p>\na  b\n</p>\n<pre><code>x\n   <i>1</i></code></pre>\n<p><span class="n">x</span></p>'
    assert html.plain(page) == left


def test_code_of_one_color_is_one_span() -> None:
    """The parts of a string are, and two strings that stand apart are not."""
    code = '<pre><span class="s2">a</span><span class="si">{</span><span class="n">b</span><span class="si">}</span>'
    code += '<span class="s2">c</span><span class="s1">d</span>, <span class="mi">1</span></pre>'
    left = '<pre><span class="s">a{</span>b<span class="s">}cd</span>, <span class="m">1</span></pre>'
    assert html.plain(code) == left


def test_folded_code_has_no_colors() -> None:
    """It is most of a page's code; what stands open keeps them."""
    code = '<pre><code><span class="k">if</span> <span class="m">1</span></code></pre>'
    folded = '<details class="pn-code"><summary>Code</summary>'
    page = f"{folded}{code}</details>{code}"
    assert html.plain(page) == f"{folded}<pre><code>if 1</code></pre></details>{code}"


def test_cells_end_where_the_next_begins() -> None:
    """No space comes to stand in one."""
    table = "<table><thead><tr><th>a</th>\n<th>b</th></tr></thead><tbody><tr><td>1</td> <td>2</td></tr></tbody></table>"
    left = "<table><thead><tr><th>a<th>b<tbody><tr><td>1<td>2</table>"
    assert html.plain(table) == left
    assert (
        html.plain('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>')
        == '<svg viewBox="0 0 1 1"></svg>'
    )


def test_pages_that_need_nothing_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.html").write_text("<p>one</p>")
    (tmp_path / "deep/b.html").write_text('<label tabindex="">')
    assert html.tidy(tmp_path) == 1
    assert (tmp_path / "deep/b.html").read_text() == '<label tabindex="-1">'
    assert html.tidy(tmp_path) == 0

"""Pages as HTML allows them, and no larger than they need to be."""

from perpnotes.publish.site import html


def test_attributes_that_html_does_not_know_go() -> None:
    """A text field keeps its attribute, and a link its place in the order."""
    box = '<input class="md-toggle" type="checkbox" id="__search" autocomplete="off">'
    assert html.tidy(box) == '<input class="md-toggle" type="checkbox" id="__search">'
    assert html.tidy('<label id="a" tabindex="">') == '<label id="a" tabindex="-1">'
    for good in ('<input type="text" autocomplete="off">', '<label tabindex="0">', "<p>tabindex</p>"):
        assert html.tidy(good) == good


def test_nobody_sees_what_goes() -> None:
    """Spaces count within code; outside of it one is enough, and the same classes may mean something."""
    code = '<pre><span></span><code><span class="n">x</span>\n  <span class="w"> </span><i>1</i></code></pre>'
    page = f'<p>\n\n  a  b\n</p>\n{code}\n  <p><span class="n">x</span></p>'
    left = '<p> a  b </p> <pre><code>x\n   <i>1</i></code></pre> <p><span class="n">x</span></p>'
    assert html.tidy(page) == left
    named = '<a class="autorefs autorefs-internal" href="#x"><i data-md-type="x" data-md-scrollfix data-md-level="1">'
    assert html.tidy(named) == '<a href="#x"><i data-md-level="1">'


def test_code_of_one_color_is_one_span() -> None:
    """The parts of a string are, and two strings that stand apart are not."""
    code = '<pre><span class="s2">a</span><span class="si">{</span><span class="n">b</span><span class="si">}</span>'
    code += '<span class="s2">c</span><span class="s1">d</span>, <span class="mi">1</span></pre>'
    left = '<pre><span class="s">a{</span>b<span class="s">}cd</span>, <span class="m">1</span></pre>'
    assert html.tidy(code) == left


def test_folded_code_has_no_colors() -> None:
    """It is most of a page's code; what stands open keeps them."""
    code = '<pre><code><span class="k">if</span> <span class="m">1</span></code></pre>'
    folded = '<details class="pn-code"><summary>Code</summary>'
    page = f"{folded}{code}</details>{code}"
    assert html.tidy(page) == f"{folded}<pre><code>if 1</code></pre></details>{code}"


def test_cells_end_where_the_next_begins() -> None:
    """No space comes to stand in one."""
    table = "<table><thead><tr><th>a</th>\n<th>b</th></tr></thead><tbody><tr><td>1</td> <td>2</td></tr></tbody></table>"
    left = "<table><thead><tr><th>a<th>b<tbody><tr><td>1<td>2</table>"
    assert html.tidy(table) == left
    assert html.tidy('<svg viewBox="0 0 1 1" focusable="false"></svg>') == '<svg viewBox="0 0 1 1"></svg>'


def test_cells_and_shapes_have_quotes_where_they_need_them() -> None:
    """Not where a blank, a quote or the end of the element would be taken for something else."""
    drawn = '<path d="M0,1h2" fill="var(--a)" class="m"/><td class="n" title="a b"><text x="5%"/><p class="n">'
    left = '<path d=M0,1h2 fill=var(--a) class="m"/><td class=n title="a b"><text x="5%"/><p class="n">'
    assert html.tidy(drawn) == left
    assert html.tidy('<th title="a=b" data-a="">') == '<th title="a=b" data-a="">'

"""An article is read as the generators read it, and knows the line of everything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perpnotes.publish.articles import Article, ArticleError, Block, Section, Value, parse, read

OPEN = "the code fence that begins here is not closed"
TEXT = """\
---
title: A grid
tags: [margin]
---

# A grid

The worst is `#!calc worst.loss | usd`, of `#!calc len({1} | {2})`.

```python exec="on" title="A book"
worst = 1
```

=== "Tab"

    ```python exec="on" id="loss" code="folded" seconds="2.5" hl_lines="1"

    for x in [1]:
        print(x)
    ```

1.  Item

    > ```python
    > shown = "only"
    > ```

````markdown
```python exec="on"
1 / 0
```

`#!calc nothing`
````

## Why `#!calc (1 | 2)` { #why }

Code, not a value: ```` `#!calc x` ````, and an empty fence:

```python

```

`#!calc "a | b"` and `#!calc
worst | pct`
<!--
# Not a heading `#!calc hidden`
-->
"""


@pytest.fixture(scope="module")
def article() -> Article:
    return parse(TEXT, "docs/a.md")


def test_front_matter_is_read(article: Article) -> None:
    assert article.meta == {"title": "A grid", "tags": ["margin"]}


def test_sections_know_their_line(article: Article) -> None:
    """A heading in a comment or a fence is none."""
    assert article.sections == (Section(6, 1, "A grid"), Section(36, 2, "Why `#!calc (1 | 2)`"))


def test_blocks_are_found_where_the_generators_find_them(article: Article) -> None:
    """In tabs, lists and quotes, without indentation; not inside a longer fence. Lines are those of the file."""
    assert article.blocks == (
        Block(11, "worst = 1", "a-1", exec=True, title="A book"),
        Block(17, "\nfor x in [1]:\n    print(x)", "loss", exec=True, code="folded", seconds=2.5),
        Block(25, 'shown = "only"'),
        Block(41, ""),
    )
    assert [block.id for block in article.executed] == ["a-1", "loss"]


def test_values_know_expression_unit_and_line(article: Article) -> None:
    """The unit follows the last bar; a bar inside parentheses or quotes belongs to the expression."""
    assert article.values == (
        Value(8, "worst.loss | usd", "worst.loss", "usd"),
        Value(8, "len({1} | {2})", "len({1} | {2})"),
        Value(36, "(1 | 2)", "(1 | 2)"),
        Value(44, '"a | b"', '"a | b"'),
        Value(44, "worst | pct", "worst", "pct"),
    )


def test_a_kind_is_the_third_part_of_a_value() -> None:
    """Only behind a unit, so that an expression with the same word stays one; what follows in parentheses is kept."""
    text = "`#!calc a | usd | exact` `#!calc b | x | simulated(f(1, 2), max(c, d))` `#!calc c|exact`"
    first, second, third = parse(text, "docs/x.md").values
    assert (first.expression, first.unit, first.kind, first.asked, first.bounds) == ("a", "usd", "exact", "a | usd", ())
    assert (second.kind, second.about) == ("simulated", "f(1, 2), max(c, d)")
    assert second.bounds == ("f(1, 2)", "max(c, d)")
    assert (third.expression, third.kind) == ("c|exact", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("`#!calc a | exact`", "write expression | unit | kind"),
        ("`#!calc stress: a | usd | exact`", "a quotation has the kind of what it quotes"),
        ("`#!calc a | usd | exact(b)`", "exact names nothing in parentheses"),
        ("`#!calc a | usd | exact` `#!calc a | x | measured(b)`", "a is measured here, and exact at line 1"),
    ],
)
def test_a_kind_that_cannot_be_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ArticleError, match=re.escape(message)):
        parse(text, "docs/x.md")


def test_an_expression_has_its_kind_wherever_it_stands() -> None:
    """Also above the place that states it, and in another unit."""
    values = parse("`#!calc a | usd` `#!calc a | x | measured(b)` `#!calc a + 1 | x`", "docs/x.md").values
    assert [(value.kind, value.about) for value in values] == [("measured", "b"), ("measured", "b"), ("", "")]


def test_prose_keeps_the_lines(article: Article) -> None:
    """Checks read prose, and name its lines without counting anew."""
    lines = article.prose.split("\n")
    assert lines[7] == TEXT.split("\n")[7]
    assert [line for line in lines if "1 / 0" in line or "title:" in line or "worst = 1" in line] == []


@pytest.mark.parametrize(
    ("fence", "message"),
    [
        ('exce="on"', "unknown option exce; did you mean exec?"),
        ('exec="yes"', 'exec="yes": allowed is on'),
        ("exec", 'exec="exec": allowed is on'),
        ('exec="on" code="hidden"', 'code="hidden": allowed is shown or folded'),
        ('exec="on" code="fold"', 'code="fold": allowed is shown or folded; did you mean folded?'),
        ('exec="on" zzz="1"', "unknown option zzz; known are exec, code,"),
        ('exec="on" output="html"', 'output="html": allowed is text or markdown'),
        ('exec="on" seconds="0"', 'seconds="0": give a positive number'),
        ('exec="on" seconds="inf"', 'seconds="inf": give a positive number'),
        ('exec="on" id="A b"', 'id="A b": use lower-case letters'),
        ('exec="on" hl_lines="x"', 'hl_lines="x": give line numbers'),
        ('seconds="3"', 'seconds="3" needs exec="on"'),
        ("exec=on", "not a code fence"),
    ],
)
def test_a_faulty_option_is_an_error_at_its_line(fence: str, message: str) -> None:
    """Nothing misspelt is ignored: a block that silently does not run is a number that nobody computed."""
    with pytest.raises(ArticleError) as caught:
        parse(f"---\ntitle: x\n---\n\n```python {fence}\n1\n```\n", "docs/x.md")
    assert str(caught.value).startswith(f"docs/x.md:5: {message}")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("---\ntitle: x\nbad: [\n---\n", "docs/x.md:4: front matter"),
        ("---\n- x\n---\n", "docs/x.md:1: front matter: write name: value"),
        ("text\n\n```python\nnever closed\n", f"docs/x.md:3: {OPEN}"),
        ('text\n\n```python exec="on"\nnever closed\n', f"docs/x.md:3: {OPEN}"),
        ("text\n\n  ```python\n  closed elsewhere\n```\n", f"docs/x.md:3: {OPEN}"),
        (
            '---\ntitle: x\n---\n\n```python exec="on"\nx = 1\n\n```python\n1\n```\n',
            f"docs/x.md:5: {OPEN} before the one at line 8",
        ),
        (
            "> ```text\n> open\n> ~~~\n>  ```math\n> x\n> ```\n",
            f"docs/x.md:1: {OPEN} before the one at line 4",
        ),
        ('text\n```python exec="on"\n1\n```\n', "docs/x.md:2: leave a blank line"),
        ('```python exec="on"\n1\n```\ntext', "docs/x.md:1: leave a blank line"),
        ('```py exec="on"\n1\n```\n', "docs/x.md:1: only a python fence runs; py has no exec"),
        (
            '```pyhton exec="on"\n1\n```\n',
            "docs/x.md:1: only a python fence runs; pyhton has no exec; did you mean python?",
        ),
        ('```{.python #a exec="on"}\n1\n```\n', "docs/x.md:1: write the options"),
        ('```python exec="on" id="a"\n1\n```\n\n```python exec="on" id="a"\n1\n```\n', 'docs/x.md:5: id="a" is taken'),
    ],
)
def test_what_cannot_be_read_is_an_error_at_its_line(text: str, where: str) -> None:
    with pytest.raises(ArticleError) as caught:
        parse(text, "docs/x.md")
    assert str(caught.value).startswith(where)


def test_messages_name_files_as_a_reader_types_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the working directory; Windows line ends and a byte-order mark change no line."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a.md"
    file.write_bytes("\ufeff---\r\ntitle: x\r\n---\r\n# A\r\n".encode())
    article = read(file)
    assert (article.path, article.sections) == ("a.md", (Section(4, 1, "A"),))


def test_bytes_that_are_no_utf8_are_a_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the line of the first of them, however lines end."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_bytes("# A\r\n\r\n".encode("utf-8-sig") + "Schröder\r\n".encode("latin-1"))
    with pytest.raises(ArticleError) as caught:
        read("a.md")
    assert str(caught.value) == "a.md:3: byte 0xf6 is no UTF-8; save the file in that encoding"

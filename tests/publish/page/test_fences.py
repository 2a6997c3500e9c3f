"""What a block shows is what it computed, on its own, and a fault never reaches the site."""

from __future__ import annotations

import multiprocessing
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Site, builder

from perpnotes.publish.articles import parse
from perpnotes.publish.compute import worker


def block(code: str, options: str = "") -> str:
    return f'```python exec="on" {options}\n{code}\n```\n\n'


def printed(*codes: str) -> list[str]:
    computed = worker.run(parse("".join(map(block, codes)), "docs/x.md"))
    return ["".join(output.text for output in shown) for shown in computed.outputs]


# --- Faults, in the built site ---

FAULTS = {
    "raises": (block("def f():\n    return 1 / 0\n\nf()"), 8, "ZeroDivisionError"),
    "exits": (block("import sys\n\nsys.exit(0)"), 9, "SystemExit: 0"),
    "misspelt option": (block("1", 'cdoe="folded"'), 6, "unknown option cdoe; did you mean code?"),
    "misspelt exec": ('```python exce="on"\n1\n```\n', 6, "unknown option exce; did you mean exec?"),
    "no quotes": ("```python exec=on\n1\n```\n", 6, "not a code fence: write options as name="),
    "warns": (block("import numpy as np\n\nnp.array([1.0]) / 0"), 9, "RuntimeWarning: divide by zero"),
    "over its time": (block("x = 1\nwhile True: x += 1", 'seconds="0.2"'), 8, "still running after 0.2 seconds"),
    "an id twice": (
        block("from perpnotes.publish import table", 'id="one"')
        + block("table([{'a': 1}], columns={'a': ('A', 'count')}, caption='c', id='one')"),
        10,
        'id="one" is taken by the block at line 6',
    ),
    "unknown name": ("The loss is `#!calc wrost.loss`.\n", 6, "NameError: name 'wrost' is not defined"),
}


def test_a_fault_names_its_line(site: Callable[..., Site]) -> None:
    """The line of the article, whatever the fault."""
    pages = {f"bad{n}": f"---\ntitle: Bad\n---\n# Bad\n\n{text}" for n, (text, _, _) in enumerate(FAULTS.values())}
    said = site(**pages).rendered()
    for name, (_, line, message) in zip(pages, FAULTS.values(), strict=True):
        assert said[name].startswith(f"docs/{name}.md:{line}: {message}")


# One of each way in which an extension ends a build: fence, options, inline value.
@pytest.mark.parametrize("generator", ["mkdocs-quiet", "zensical"])
@pytest.mark.parametrize("fault", ["raises", "misspelt option", "unknown name"])
def test_a_fault_stops_the_build_and_names_its_line(site: Callable[..., Site], generator: str, fault: str) -> None:
    """Also under -q; and no page with a traceback is left where it could be published."""
    text, line, message = FAULTS[fault]
    bad = site(good="# Good\n", bad=f"---\ntitle: Bad\n---\n# Bad\n\n{text}")
    result = bad.build(generator)
    assert result.returncode != 0
    assert f"docs/bad.md:{line}: {message}" in result.stderr
    assert not (bad.root / "site/bad").exists()
    assert not [page for page in (bad.root / "site").rglob("*.html") if "Traceback" in page.read_text()]


def test_a_fault_stops_the_strict_build_too(site: Callable[..., Site]) -> None:
    text, line, message = FAULTS["raises"]
    result = site(bad=f"---\ntitle: Bad\n---\n# Bad\n\n{text}").build("mkdocs-strict")
    assert result.returncode != 0
    assert f"docs/bad.md:{line}: {message}" in result.stderr


def test_a_broken_link_that_a_block_prints_stops_the_build(site: Callable[..., Site], generator: str) -> None:
    """It is validated like any other, and named."""
    result = site(a="# A\n\n" + block('print("[gone](gone.md)")', 'output="markdown"')).build(generator)
    assert result.returncode != 0
    assert "gone.md" in result.stderr
    assert "a.md" in result.stderr


def test_printed_markdown_runs_nothing(site: Callable[..., Site], generator: str) -> None:
    """What is printed is a result; code in it would be code that no reader and no check has seen."""
    said = "code runs only in a page's own text"
    pages = site(
        a="# A\n\n" + block("""print("```python exec='on'\\n1\\n```")""", 'output="markdown"'),
        b="# B\n\n" + block("""print("`#!calc 1`")""", 'output="markdown"'),
    )
    result = pages.build(generator)
    assert result.returncode != 0
    assert said in result.stderr
    assert all(said in fault for name, fault in pages.rendered().items() if name != "index")


# --- What a page looks like ---

PAGE = (
    "# Page\n\nA value: `#!calc answer + 1`, and [a result](#named).\n\n"
    + block("answer = 41\nprint('<b>', answer)", 'title="Code" id="named"')
    + block("print('## Printed\\n\\n[other](other.md)\\n\\n```python\\n1\\n```')", 'code="folded" output="markdown"')
    + '!!! note\n\n    ```python exec="on"\n    import calendar\n\n    calendar.prmonth(2024, 1)\n    ```\n\n'
    + '````\n```python exec="on"\n1 / 0\n```\n````\n'
)


DRAW = (
    "from perpnotes.publish import lines\n"
    "lines([1, 2], {'a': [1, 2]}, x_title='x', y_title='y', x_unit='count', y_unit='count', caption='It rises.', "
    "alt='A line that rises.', id='rise')"
)
TAKEN = block("import math\nmath.pi = 3\nsecret = 1")
FREE = block("import math\nprint(math.pi > 3, 'secret' in globals())")
PAGES = {
    "page": PAGE,
    "other": "# Other\n\n" + block("print(1)"),
    "home": "# Home\n\nSee `#!calc idea: answer + 1`.\n\nFirst.\n\n`#!calc idea: rise | figure`\n\nLast.\n",
    "insights/idea": "# Idea\n\n`#!calc answer + 1`\n\n" + block("answer = 41", 'id="born"') + block(DRAW),
    "a": f"{TAKEN}# A\n\n{FREE}",
    "b": f"# B\n\n{FREE}",
    "c": f"{TAKEN}# C\n\n",
    "d": f"# D\n\n{FREE}",
}


@pytest.fixture(scope="module", params=["mkdocs-strict", "zensical"])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, builds: subprocess.Popen[str]
) -> Site:
    root = tmp_path_factory.mktemp("site")
    (root / "docs/insights").mkdir(parents=True)
    site = Site(root, builds).write(**PAGES)
    result = site.build(request.param)
    assert result.returncode == 0, result.stderr
    return site


def test_an_inline_value_is_computed_after_all_blocks(built: Site) -> None:
    """So that an answer can stand at the top; the expression is its title."""
    value = '<data class="calc" data-trace="v0" title="answer + 1" value="42">42</data>'
    assert value in built.page("page")


def test_another_articles_number_links_to_the_block_that_computed_it(built: Site) -> None:
    """Without a script, too: the link is one that the generator checks."""
    assert re.search(
        r'<a href="\.\./insights/idea/#born">'
        r'<data class="calc" data-trace="idea:v0" title="idea: answer \+ 1" value="42">42</data></a>',
        built.page("home"),
    )


def test_another_articles_figure_is_shown_without_its_data(built: Site) -> None:
    """A block of its own and no paragraph; the table of its data stays with the article."""
    html = built.page("home")
    assert re.search(r'<p>First.</p>\s*<figure class="pn-figure" id="rise">', html)
    assert "pn-data" not in html.partition("<p>Last.</p>")[0].rpartition("<p>First.</p>")[2]


def test_pages_do_not_see_each_other(built: Site) -> None:
    """Neither names nor what they do to a module."""
    assert '<pre tabindex="0">False True</pre>' in built.page("a")
    assert '<pre tabindex="0">True False</pre>' in built.page("b")
    assert '<pre tabindex="0">True False</pre>' in built.page("d")


def test_printed_text_stands_below_its_code(built: Site) -> None:
    """Escaped, in the block's own element, and in no paragraph."""
    assert re.search(
        r'<div class="pn-block" id="named"><div class="language-python highlight"><span class="filename">Code</span>'
        r'.*?</div>\n<div class="pn-output"><pre tabindex="0">&lt;b&gt; 41</pre></div></div>',
        built.page("page"),
        re.DOTALL,
    )
    assert not re.search(r"<p>\s*<div class=.pn", built.page("page"))


def test_printed_markdown_is_part_of_the_page(built: Site) -> None:
    """Its headings are in the table of contents, its links are rewritten; folded code comes after it."""
    page = built.page("page")
    assert page.count('href="#page-2-printed" class="md-nav__link"') >= 1
    assert re.search(
        r'<h2 id="page-2-printed">.*<a href="\.\./other/">other</a>.*<details class="pn-code">', page, re.DOTALL
    )


def test_what_an_imported_function_prints_is_captured(built: Site) -> None:
    assert "January 2024" in built.page("page")


def test_no_id_occurs_twice(built: Site) -> None:
    """Lines of code have ids too, also of code that is printed."""
    ids = re.findall(r'\sid="?([^\s">]+)', built.page("page").split("<article")[1].split("</article")[0])
    assert sorted(ids) == sorted(set(ids))


def test_an_example_of_a_block_is_not_run(built: Site) -> None:
    assert "Traceback" not in built.page("page")


# --- Builds ---


def files(site: Site) -> dict[str, bytes]:
    root = site.root / "site"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_builds_are_identical(site: Callable[..., Site], generator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever depends on hashes, time or chance: the same sources give the same bytes."""
    code = (
        "import random, time, numpy as np\nfrom datetime import datetime\n"
        "print({'a', 'b', 'c', 'd'}, hash('x'), time.time(), datetime.now(), time.tzname, random.random())\n"
        "print(np.random.default_rng().random(), np.random.Generator(np.random.PCG64()).random(), np.random.rand())"
    )
    sources = site(a="# A\n\n" + block(code), b="# B\n\n" + block("print(1)", 'output="markdown"'))
    assert sources.build(generator).returncode == 0
    first = files(sources)
    monkeypatch.setenv("XDG_CACHE_HOME", str(sources.root / "another"))  # in which nothing is kept
    with builder() as sources.builder:  # with other hashes
        assert sources.build(generator).returncode == 0
        assert files(sources) == first
        sources.write(a="# A\n\n" + block(code), b="# B\n\n" + block("print('[A](a.md)')", 'output="markdown"') * 2)
        assert sources.build(generator).returncode == 0
    assert files(sources)["a/index.html"] == first["a/index.html"]
    assert files(sources)["b/index.html"] != first["b/index.html"]


def test_a_rebuild_starts_clean_and_nothing_is_kept(site: Callable[..., Site]) -> None:
    """In one process, as `mkdocs serve` does it: a changed library is seen, and no page stays in memory."""
    page = "# P\n\n" + block("import library\nlibrary.calls += 1\nprint('calls', library.calls, library.NAME)")
    page += block("print('## H')", 'output="markdown"') + "`#!calc library.calls`\n"
    sites = site(**{f"p{number}": page for number in range(4)})
    (sites.root / "library.py").write_text("calls = 0\nNAME = 'old'\n")
    script = """
import gc, multiprocessing, pathlib
from markdown import Markdown
from mkdocs.commands.build import build
from mkdocs.config import load_config
from perpnotes.publish.compute import outputs, worker
from perpnotes.publish.page import fences

for name in ("old", "newer"):
    pathlib.Path("library.py").write_text(f"calls = 0\\nNAME = {name!r}\\n")
    build(load_config("mkdocs.yml", strict=True))
    print("calls 1 " + name in pathlib.Path("site/p3/index.html").read_text())
gc.collect()
kept = [type(thing).__name__ for thing in gc.get_objects()
        if isinstance(thing, (Markdown, fences._Page, worker.Computed, outputs.Output))]
print(kept.count("Markdown") <= 1, sorted(set(kept) - {"Markdown"}), multiprocessing.active_children())
"""
    result = sites.python(script)
    assert result.stdout.splitlines() == ["True", "True", "True [] []"], result.stderr


# --- The worker ---


def test_the_shown_code_is_the_code_that_ran(site: Callable[..., Site]) -> None:
    """If something rewrites the page on its way to the renderer, the build stops."""
    sites = site(a="# A\n\n" + block("print(1)"))
    script = """
from mkdocs.commands.build import build
from mkdocs.config import load_config
config = load_config("mkdocs.yml")
config.plugins.events["page_markdown"].append(lambda markdown, **_: markdown.replace("print(1)", "print(2)"))
build(config)
"""
    result = sites.python(script)
    assert result.returncode != 0
    assert "the code to be shown is not the code that ran" in result.stderr


def test_pages_can_be_computed_at_once() -> None:
    """From several threads, each page has a process of its own."""
    pages = [parse(block(f"import time\ntime.sleep(0.1)\nprint({number})"), "docs/x.md") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(worker.run, pages))
    assert [computed.outputs[0][0].text for computed in results] == ["0\n", "1\n", "2\n", "3\n"]


def test_a_page_has_one_standard_output() -> None:
    """Whoever keeps `sys.stdout` in one block prints into the next one's result from there."""
    codes = ("import sys\nkept = sys.stdout", "print('a')\nprint('b', file=kept)")
    assert printed(*codes) == ["", "a\nb\n"]


def test_time_chance_and_hashes_are_fixed() -> None:
    """Whenever an article runs, it is the first second of 1970."""
    code = "import sys, time\nprint(time.time(), time.localtime().tm_hour, sys.flags.hash_randomization)"
    chance = "import random, numpy as np\nprint(random.random(), np.random.rand(), np.random.default_rng().random())"
    assert printed(code)[0] == "0.0 0 0\n"
    assert printed(code, chance) == printed(code, chance)


def test_article_code_is_the_main_module() -> None:
    """As when a reader runs it: dataclasses, doctests and `__main__` guards work."""
    code = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n"
        "if __name__ == '__main__':\n    print(A(1))"
    )
    assert printed(code) == ["A(x=1)\n"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = [1,\nx x", "docs/x.md:2: SyntaxError: '[' was never closed"),
        ("x = '\\d'", "docs/x.md:2: SyntaxError: invalid escape sequence"),
        ("import warnings\nwarnings.warn('old', DeprecationWarning)", "docs/x.md:3: DeprecationWarning: old"),
        ("\n\nimport json\njson.loads('{')", "docs/x.md:5: json.decoder.JSONDecodeError"),
        ("raise KeyboardInterrupt", "docs/x.md:2: KeyboardInterrupt"),
        ("raise ValueError('got [0.5\\n0.18181818])')", "docs/x.md:2: ValueError: got [0.5\n\nTraceback"),
        ("raise ValueError('\\nfirst\\nsecond')", "docs/x.md:2: ValueError: first\n\nTraceback"),
        (
            "e = ValueError('said')\ne.add_note('and more')\nraise e",
            "docs/x.md:4: ValueError: said\n\nTraceback",
        ),
        ("import os\nos._exit(0)", "docs/x.md:2: the process running this page ended without a result"),
    ],
)
def test_a_fault_is_explained_in_the_articles_lines(code: str, message: str) -> None:
    """The traceback begins in the article: how the site runs it is not the author's concern."""
    with pytest.raises(worker.RunError) as caught:
        printed(code)
    assert str(caught.value).startswith(message)
    assert "worker.py" not in str(caught.value)


def test_a_value_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(worker.RunError, match=r"docs/x.md:1: ValueError: float\('nan'\) is not a number"):
        worker.run(parse("`#!calc float('nan')`", "docs/x.md"))


def test_the_process_ends_with_the_page(tmp_path: Path) -> None:
    """However the page ends; the one that draws charts for all pages may stay."""
    before = set(multiprocessing.active_children())
    for code in ("print(1)", "1 / 0", f"open({str(tmp_path / 'x')!r}, 'w').write('')\nwhile True: pass"):
        with suppress(worker.RunError):
            worker.run(parse(block(code, 'seconds="0.3"'), "docs/x.md"))
        assert set(multiprocessing.active_children()) <= before

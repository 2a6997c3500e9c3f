"""Each rule finds what breaks it, with its line, and leaves alone what only looks like it."""

from __future__ import annotations

import re
from itertools import cycle
from pathlib import Path

import pytest
from markdown import markdown

from perpnotes.publish import checks, scaffold
from perpnotes.publish.articles import parse

ROOT = Path(__file__).parents[3]
TERMS = {"haircut": "Haircut", "worst-cell": "Worst cell", "liquidation": "Liquidation", "premium": "Premium"}
TERMS["distance-to-liquidation"] = "Distance to liquidation"
QUOTABLE = {"stress": {"added | usd.0", "worst | usd.0"}, "prices": set[str]()}
ARTICLE = scaffold.files("A title", "idea")[Path("docs/insights/idea.md")].replace(checks.MARK, "Here is")

OPENING = ARTICLE[ARTICLE.index("# A title\n") : ARTICLE.index("\n## Myth")]
MYTH = "**Myth.** Here is the popular sentence."
BLOCK = "## What the numbers say\n"


def faults(text: str, path: str = "docs/insights/idea.md") -> list[checks.Fault]:
    return checks.check_article(parse(text, path), TERMS, QUOTABLE)


def edited(old: str, new: str, text: str = ARTICLE) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def prose(text: str) -> str:
    """The article with another sentence in it."""
    return edited(MYTH, text)


def code(text: str, after: str = "") -> str:
    """The article with another block in it, below the worked example; `after` makes use of it."""
    return edited(BLOCK, f'{BLOCK}\n```python exec="on"\n{text}\n```\n\n{after}\n')


def example(text: str) -> str:
    return edited("import numpy as np\n", f"import numpy as np\n{text}\n")


FIGURE = "from perpnotes.publish import bars\nbars({{'a': size}}, title='t', unit='usd', id='x'{})"
TABLE = "from perpnotes.publish import table\ntable([{{'a': 1}}], columns={{'a': ('A', 'x')}}, id='y'{})"
EXPLORE = (
    "from perpnotes.publish import explore\nexplore({{'a': size}}, unit='x', controls=moves, picture=size, say=[{}]"
    ", title='t', caption='c', alt='a', id='z')"
)
ANSWER = "from perpnotes.publish import answer\nanswer('Why?', {})"

MOVED = code(EXPLORE.format("'It is {a}.'"))

# What Markdown makes part of a paragraph, and what it does not though it stands below a line.
SWALLOWED = [
    "A line\n- swallowed",
    "A line\n1. swallowed",
    "A line\n    - swallowed",
    "- item\n\n```math\nx\n```\n\n  where\n- swallowed",
    "- item\n\n    ```math\n    x\n    ```\n- swallowed",
    "- item\n\n    second paragraph\n    - swallowed",
    "> A line\n> - swallowed",
    "!!! note\n    A line\n    - swallowed",
    "| a |\n| --- |\n| b |\n- swallowed",
    " ## swallowed",
    "- item\n\n  ## swallowed",
]
LISTED = [
    "A line\n\n- swallowed",
    "- item\n  its second line\n- swallowed",
    "- item\n\n    second paragraph\n\n- swallowed",
    "- item\n\n    ```math\n    x\n    ```\n\n- swallowed",
    "- item\n    - swallowed",
    "#### Heading\n- swallowed",
    "A line\n#### swallowed",
    "- item\n\n    #### swallowed",
    "!!! note\n    - swallowed",
    "<!-- A line -->\n- swallowed",
    "[name]: https://example.org/\n- swallowed",
]


def kinded(text: str, value: str) -> str:
    """The article with another block, and an inline value below it."""
    return code(f"import numpy as np\n{text}", f"It is `#!calc {value}`.")


# What random draws touch, in every way in which an article passes a value on.
SEEDED = [
    "x = np.random.default_rng(1).normal()",
    "x = np.random.normal()",
    "from numpy.random import default_rng\nx = default_rng(1).normal()",
    "rng = np.random.default_rng(1)\ny = rng.normal(size=3)\nx = y[0]",
    "rng = np.random.default_rng(1)\nx = 0.0\nx += rng.normal()",
    "rng = np.random.default_rng(1)\nx, y = rng.normal(size=2)",
    "x = 0\nfor y in np.random.default_rng(1).normal(size=3):\n    x = max(x, y)",
    "rng = np.random.default_rng(1)\nrows = []\nfor y in range(3):\n    rows.append(rng.normal())\nx = rows[0]",
    "rng = np.random.default_rng(1)\nrows = [{'a': rng.normal()} for _ in range(3)]\nx = rows[0]['a']",
    "rng = np.random.default_rng(1)\nrows = {}\nrows['a'] = rng.normal()\nx = sum(rows.values())",
    "rng = np.random.default_rng(1)\ndef draw():\n    return rng.normal()\nx = draw()",
    "def draw(seed):\n    rng = np.random.default_rng(seed)\n    y = rng.normal()\n    return y\nx = draw(1)",
    "def twice(y):\n    return 2 * y\nx = twice(np.random.default_rng(1).normal())",
    "def fill(rows, y):\n    rows.append(y)\nx = []\nfill(x, np.random.default_rng(1).normal())",
    "rows = []\ndef fill(y):\n    rows.append(y)\nfill(np.random.default_rng(1).normal())\nx = rows[0]",
    "draw = lambda: np.random.default_rng(1).normal()\nx = draw()",
    "x = list(map(lambda seed: np.random.default_rng(seed).normal(), [1]))[0]",
    "x = np.arange(3.0)\nnp.random.default_rng(1).shuffle(x)",
    "rng = np.random.default_rng(1)\nx = np.arange(3.0)\nrng.shuffle(x)",
    "y = np.random.default_rng(1).normal()\nx = 0\nwhile x < y:\n    x += 1",
    "y = np.random.default_rng(1).normal()\nif y > 0:\n    x = 1\nelse:\n    x = 2",
    "y = np.random.default_rng(1).normal(size=9)\nfor x in range(9):\n    if y[x] > 0:\n        break",
    "y = np.random.default_rng(1).normal(size=9)\nx = sum(1 for value in y if value > 0)",
    "y = np.random.default_rng(1).normal()\ntry:\n    x = 1 / max(y, 0)\nexcept ZeroDivisionError:\n    x = 0",
    "class Path:\n    def __init__(self):\n        self.end = np.random.default_rng(1).normal()\nx = Path().end",
    "class End:\n    def __init__(self, at):\n        self.at = at\nx = End(np.random.default_rng(1).normal()).at",
    "print(y := np.random.default_rng(1).normal())\nx = y",
    "from perpnotes import pipeline\nx = pipeline.bad_day(1).price[0]",
    "from perpnotes.drift import mmd\nx = mmd([1.0, 2.0], [1.0, 3.0], seed=1).value",
    "from perpnotes.publish import record\nr = record('funding-months')\nx = r['binance_share']",
]

# For each code: texts that break the rule, each with what stands in the faulty line and what the message says.
BREAKS: dict[str, list[tuple[str, str, str]]] = {
    "PN501": [
        (
            edited(" | example(losses)` Here is what this", "` Here is what this"),
            "- `#!calc room",
            "`room | pct.1` is a key",
        ),
        (
            edited("- `#!calc room | pct.1 | example(losses)`", "* `#!calc size | usd`"),
            "* `#!calc size",
            "`size | usd` is a key",
        ),
    ],
    "PN502": [
        *(
            (kinded(text, f"x | usd | {kind}"), "It is `#!calc x", f"called {kind.partition('(')[0]}; behind it:")
            for text, kind in zip(
                SEEDED, cycle(("exact", "example(losses)", "published(bybit_usdt_ex1_long)")), strict=False
            )
        ),
        (kinded("x = size", "np.random.default_rng(1).normal() | usd | exact"), "It is", "behind it: random draws"),
        (kinded(SEEDED[-1], "2 * x | pct | exact"), "It is", "behind it: the record funding-months"),
    ],
    "PN503": [
        (kinded("x = size", "x | usd | simulated"), "It is `#!calc x", "has no range"),
        (kinded("x = size", "x | usd | simulated(x)"), "It is `#!calc x", "has no range"),
        (kinded("x = size", "x | usd | simulated(1, 2)"), "It is `#!calc x", "a range that was typed"),
    ],
    "PN504": [
        (kinded(SEEDED[-1], "x | pct | measured"), "It is `#!calc x", "there is no record named"),
        (kinded(SEEDED[-1], "x | pct | measured(none)"), "It is `#!calc x", "there is no record none"),
        (
            kinded(SEEDED[-1], "x | pct | measured(rolling-correlation)"),
            "It is `#!calc x",
            "does not read the record rolling",
        ),
        (
            kinded("x = size", "x | pct | measured(funding-months)"),
            "It is `#!calc x",
            "does not read the record funding",
        ),
    ],
    "PN505": [
        (kinded("x = size", "x | usd | example"), "It is `#!calc x", "it names no figure"),
        (
            kinded("x = size", "x | usd | example(none)"),
            "It is `#!calc x",
            "no figure none; there are breaks-first, losses",
        ),
    ],
    "PN506": [
        (kinded("x = size", "x | usd | published"), "It is `#!calc x", "there is no example named"),
        (kinded("x = size", "x | usd | published(none)"), "It is `#!calc x", "there is no example none"),
        (kinded("x = size", "x | usd | published(chitra_liq_E)"), "It is `#!calc x", "is not reproduced"),
    ],
    "PN507": [
        (code(TABLE.format(", caption='c'")), "table([", "1 is typed into what table shows"),
        (code(TABLE.format(", caption='c'").replace("'a': 1", "'a': 'From $19.1 bn'")), "table([", "'$19.1' is typed"),
        (
            code(TABLE.format(", caption='c'").replace("'a': 1", "'a': f'{size} of 40 venues'")),
            "table([",
            "'40' is typed",
        ),
        (
            code(
                "rows = []\nrows.append({'a': 'seven to eleven rows'})\n"
                + TABLE.format(", caption='c'").replace("[{'a': 1}]", "rows")
            ),
            "rows.append",
            "'seven to eleven' is typed",
        ),
        (
            code(FIGURE.format(", caption='c', alt='a'").replace("size", "-2.5")),
            "bars(",
            "2.5 is typed into what bars shows",
        ),
        (code(FIGURE.format(", caption='one day in ten', alt='a'")), "bars(", "'one day in ten' is a number in words"),
        (
            prose("In a history two payments in five stand there."),
            "In a history",
            "'two payments in five' is a number in words",
        ),
    ],
    "PN001": [
        (code("x = = 1"), "x = = 1", "Python"),
        (code("print(size is 1)"), "size is 1", "Python"),
        (code("print(1)\nreturn 2"), "return 2", "Python: 'return' outside function"),
        (prose("It is `#!calc worst + | usd`."), "worst +", "`#!calc worst + | usd`"),
    ],
    "PN101": [
        (edited('claim: "Here is the sentence that the article proves."\n', ""), "---", "claim is missing"),
        (edited("audience: [trade, build, manage]", "audience: [trade, everyone]"), "audience:", "got everyone"),
        (edited("audience: [trade, build, manage]", "audience: [trader]"), "audience:", "did you mean trade?"),
        (edited("description:", "descripton:"), "---", "is 'descripton' meant to be it?"),
        (edited('tags: ["Here is a tag"]', "tags: margin"), "tags:", "must be a list"),
        (edited('title: "A title"', "title: 7"), "title:", "must be a text"),
        (edited("updated: ", "updated: on "), "updated:", "must be a date"),
        (edited("updated: 2", "updated: 1"), "updated:", "before date"),
    ],
    "PN102": [(edited("at most 160 characters", "as many as there are" * 9), "description:", "characters")],
    "PN103": [
        (edited("## What breaks first", "## What breaks"), "## What the numbers say", "'What breaks first' is missing"),
        (edited("## What breaks first", "## What breaks"), "## What the numbers say", "is 'What breaks' meant to be"),
        (edited("# A title\n", "A title\n"), "---", "opening is missing"),
        (edited(OPENING, "# A title\n\nA lot.\n"), "# A title", "no computed number"),
        (edited("Here is the terms, each linked to the [glossary](../glossary.md).\n", ""), "## Exact", "is empty"),
        (
            edited("## Exact definitions\n", "## Later\n") + "\n## Exact definitions\n\nWord.\n",
            "## Worked example",
            "comes too early",
        ),
    ],
    "PN104": [
        (edited("### If you build an exchange", "### If you build"), "## Aivora", "audience build"),
        (edited("### If you trade", "#### If you trade"), "## Aivora", "'If you trade'"),
    ],
    "PN105": [(prose(f"{checks.MARK} the myth."), "the myth", "a sentence to write: the myth.")],
    "PN106": [
        (code(FIGURE.format(", caption='c', alt='a'").replace("'x'", "'losses'")), 'id="losses"', "has the id losses"),
        (code(TABLE.format(", caption='c'").replace("'y'", "'example'")), "table(", "as the block at line"),
        (prose("Word.\n\n### Sources\n\nWord."), "## Sources", "the heading has the id sources, as the heading"),
        (prose("Word. {: #example .wide }"), 'id="example"', "the block has the id example, as the element"),
        (prose('<a id="worked-example"></a>'), "## Worked example", "has the id worked-example"),
    ],
    "PN201": [
        (prose("The loss is $1,234.50 today."), "$1,234.50", "$1,234.50 is typed"),
        (prose("Words come first,\nthen −16%, and 3× after."), "−16%", "−16% is typed"),
        (prose("A [haircut](../glossary.md#haircut) of 5% is usual."), "5%", "5% is typed"),
        (prose("A fact of [2021](https://example.org/). Another of 30 days."), "30 days", "30 is typed"),
        (prose("- an item\n- another with 12 of them"), "12 of", "12 is typed"),
        (prose("| a | b |\n| --- | --- |\n| one | 17 |"), "17", "17 is typed"),
        (prose("It costs 2000 dollars."), "2000", "2000 is typed"),
        (prose("It is `#!calc 12.5 | usd`."), "12.5", "names nothing"),
        (prose("As `#!calc stress: added | usd.0`, `#!calc 12.5 | usd`."), "12.5", "`#!calc 12.5 | usd` names nothing"),
        (code(ANSWER.format("f'It is 40 times {size}.'")), "40 times", "40 is typed"),
        (code(FIGURE.format(", caption='At 7% less', alt='a')")[:-1]), "7%", "7% is typed"),
        (code(EXPLORE.format("('a', 'It takes 9 days.', '')")), "9 days", "9 is typed"),
    ],
    "PN202": [
        (prose("The haircuts of the venue."), "haircuts", "'haircut'"),
        (prose("Look at the worst\ncell, always."), "the worst", "'worst cell'"),
    ],
    "PN203": [
        (edited("[title](https://example.org/)", "title"), "author (year)", "a source without a link"),
        (edited("- Here is author (year), [t", "Here is author (year), [t"), "## Sources", "no list"),
    ],
    "PN204": [
        (prose("It is `#!calc stress: lost | usd.0`."), "stress: lost", "has no inline value `lost | usd.0`"),
        (prose("It is `#!calc stress: added | usd`."), "stress: added", "it has `added | usd.0`"),
        (prose("It is `#!calc prices: mark | usd`."), "prices: mark", "it has none"),
        (prose("It is `#!calc haircut: added | usd`."), "haircut: added", "there is no article haircut"),
        (prose("It is `#!calc price: added | usd`."), "price: added", "did you mean prices?"),
    ],
    "PN205": [(prose(text), "swallowed", "swallowed") for text in SWALLOWED],
    "PN206": [
        (prose("A [cut](../glossary.md#haircuts)."), "haircuts", "no term #haircuts; did you mean haircut?"),
        (code(ANSWER.format("f'A [cut](../glossary.md#cut) of {size}.'")), "#cut", "no term #cut"),
    ],
    "PN301": [
        (code("size = 3.0\nprint(size)"), "size = 3.0", "size is bound again"),
        (code("import math as np\nprint(np)"), "import math", "np is bound again"),
        (code("size += 1\nprint(size)"), "size += 1", "size is bound again"),
        (code("def worst():\n    return 1\nprint(worst())"), "def worst", "worst is bound again"),
        (code("for size in moves:\n    print(size)"), "for size", "size is bound again"),
        (
            code("for k in moves:\n    print(k)\nfor k in losses:\n    print(k)", "`#!calc k`"),
            "in losses",
            "k is bound",
        ),
        (code("if size > 1:\n    worst = 2\nprint(worst)"), "worst = 2", "worst is bound again"),
        (prose("It is `#!calc (a := worst)`."), "a := worst", "binds a name"),
    ],
    "PN302": [
        (code("idle = 2 * size"), "idle", "shows nothing"),
        (code("worst"), "worst", "shows nothing"),
        (code("def idle():\n    print(1)"), "def idle", "shows nothing"),
    ],
    "PN303": [
        (code(FIGURE.format(", caption='c'")), "bars(", "bars without alt"),
        (code(FIGURE.format(", caption=' ', alt='a'")), "bars(", "bars without caption"),
        (code(TABLE.format("")), "table(", "table without caption"),
        (
            code(FIGURE.replace("import bars\nbars(", "import bars as b\nb(").format("")),
            "b(",
            "bars without",
        ),
        (prose("![](picture.png)"), "picture.png", "an image without"),
    ],
    "PN304": [
        (code(ANSWER.format("'Because.'")), "answer(", "without a computed value"),
        (code(ANSWER.format("text=f'Because {3}.'")), "answer(", "without a computed value"),
        (code("reply = 'Because.'\n" + ANSWER.format("reply")), "answer(", "without a computed value"),
    ],
    "PN305": [
        (example("import math"), "import math", "imports math"),
        (example("from perpnotes.publish import fmt"), "import fmt", "imports perpnotes.publish.fmt"),
        (example("from perpnotes import publish"), "import publish", "imports perpnotes.publish"),
    ],
    "PN306": [
        (prose("It is `#!calc worts | usd`."), "worts", "no block binds worts; did you mean worst?"),
        (prose("It is `#!calc sum(m * k for m in moves) | usd`."), "sum(", "no block binds k"),
        (code("def f():\n    inner = 1\n    return inner\nprint(f())", "`#!calc inner`"), "inner`", "binds inner"),
    ],
    "PN307": [
        (prose("It is `#!calc worst | usdd.0`."), "usdd", "got 'usdd.0'; did you mean usd?"),
        (prose("It is `#!calc worst | usd.`."), "usd.", "got 'usd.'"),
        (code("from perpnotes.publish import fmt\nprint(fmt(size, 'coin'))"), "'coin'", "got 'coin'"),
        (code(FIGURE.format(", caption='c', alt='a'").replace("'usd'", "'USD'")), "'USD'", "did you mean usd?"),
        (edited('x_unit="pct.0"', 'x_unit="percent"'), "percent", "with or without .digits, got 'percent'"),
        (edited('"pct.1")}', '"pct.x")}'), "pct.x", "got 'pct.x'"),
        (MOVED.replace("'x'", "'leverage'"), "'leverage'", "got 'leverage'"),
    ],
    "PN308": [
        (edited("x_title=", "x_titel="), "x_titel", "lines has no argument x_titel; did you mean x_title?"),
        (edited('    y_title="loss",\n', ""), "lines(", "lines without y_title"),
        (edited('    id="breaks-first",\n', ""), "table(", "table without id"),
        (code("from perpnotes.publish import answer\nanswer(f'It is {size}.')"), "answer(", "answer without text"),
        (code(ANSWER.format("f'It is {size}.', 'more'")), "answer(", "takes at most 2 arguments without their names"),
        (code(ANSWER.format("f'It is {size}.', question='Who?'")), "Who", "answer is given question twice"),
        (MOVED.replace("unit='x', controls=moves, ", ""), "explore(", "explore without unit, controls"),
    ],
}
REFUSED = """
open('x')                             f = open
eval('1')                             exec('1')
compile('1', '', 'eval')              __import__('os')
getattr(size, name)                   getattr(size, '__class__')
globals()                             vars(size)
import os                             import subprocess
from socket import socket             import numpy.ctypeslib
from pathlib import Path              import importlib.util
import pickle                         import urllib.request
from math import *                    from . import secrets
import perpnotes.publish.compute.worker   from perpnotes.publish import articles
from perpnotes.publish.show.listing import Path   from perpnotes import publish
from perpnotes import _venues         from perpnotes.stress import _scenarios
np.load('x')                          losses.tofile('x')
from numpy import genfromtxt          np.lib.npyio
np.save                               np.ctypeslib
size.__class__                        print(__builtins__)
losses._private                       '{0.__class__}'.format(size)
math.os                               from perpnotes.publish.compute import units
(x for x in moves).gi_frame           dataclasses.sys
from operator import attrgetter       from functools import singledispatch
breakpoint()                          input()
import perpnotes.publish.show.figures   from perpnotes.publish.show.answers import show
from functools import update_wrapper   from perpnotes.publish.checks import articles
"""
BREAKS["PN401"] = [
    (code(line.strip()), line.strip(), "")
    for row in REFUSED.strip().split("\n")
    for line in row.split("   ")
    if line.strip()
]
BREAKS["PN401"] += [
    (prose("It is `#!calc open('x').read()`."), "open(", "use of open"),
    (code("match size:\n    case object(__class__=kind):\n        print(kind)"), "__class__", "use of .__class__"),
    (code("def f():\n    import os\n    return os\nprint(f())"), "import os", "import of os"),
]

BREAKS["PN402"] = [
    (prose("A <script>alert(1)</script> in a line."), "<script>", "the element script"),
    (prose("A [link](javascript:alert(1))."), "javascript:", 'href="javascript:alert(1)"'),
    (prose("Word.\n{: onclick=x }"), "onclick", "the attribute onclick"),
    (prose("::: perpnotes.stress"), "::: perpnotes", "include something"),
    (code("print('<b>', size)"), "<b>", "a text with markup"),
]

# For each code: texts that keep the rule though they look as if they did not.
KEEPS: dict[str, list[str]] = {
    "PN501": [
        edited("`#!calc room | pct.1 | example(losses)`", "`#!calc room | pct.1`")
        + "\nIt is `#!calc room | pct.1 | example(losses)`.\n",  # what it is can be said elsewhere
        edited("- `#!calc room | pct.1 | example(losses)`", "- Later `#!calc room | pct.1`"),
        edited("- `#!calc room | pct.1 | example(losses)`", "- `#!calc stress: added | usd.0`"),
        ARTICLE + "\n- `#!calc room | pct.1` below the first section\n",
    ],
    "PN502": [
        kinded("draws = np.random.default_rng(1).normal(size=9)\nx = draws.mean()", "x | usd | simulated(x, x)"),
        kinded("plain = [1.0, size]\ndraws = np.random.default_rng(1)\nx = max(plain)", "x | usd | exact"),
        kinded(
            "def f(rng):\n    return size\ndef g(a):\n    return a\nx = g(size)\ny = g(np.random.default_rng(1))",
            "x | usd | exact",
        ),
        kinded("x = [size for size in (1, 2)]\nsize_of = np.random.default_rng(1)", "len(x) | usd | exact"),
        kinded("from perpnotes.publish import record\nr = record('funding-months')\nx = 1 + size", "x | usd | exact"),
    ],
    "PN503": [kinded("x = size\nlow, high = 1, 9", "x | usd | simulated(low, max(high, x))")],
    "PN504": [
        kinded(
            "from perpnotes.publish import record\nr = record('funding-months')\nx = r['binance_share']",
            "100 * x | pct | measured(funding-months)",
        )
    ],
    "PN505": [kinded("x = size", "x | usd | example(losses)"), kinded("x = size", "x | usd | example(breaks-first)")],
    "PN506": [kinded("x = size", "x | usd | published(bybit_usdt_ex1_long)")],
    "PN507": [
        code(TABLE.format(", caption='c'").replace("'a': 1", "'a': size, 'b': f'{size} USD', 'c': 'one of many'")),
        code(
            "import numpy as np\ncs = [1, 2]\ntotal = sum(cs)\n"
            + FIGURE.format(", caption='c', alt='a'").replace("size", "total")
        ),
        code(
            "given = [{'a': 1}]\nsum(row['a'] for row in given)\n"
            + TABLE.format(", caption='c'").replace("[{'a': 1}]", "given")
        ),
        prose("One position or two in a year: a source says [two in five](https://example.org/)."),
    ],
    "PN001": [code("print(1)")],
    "PN101": [edited("audience: [trade, build, manage]", "audience: [trade]")],
    "PN102": [edited("Here is what a reader learns, in at most 160 characters.", "x" * 160)],
    "PN103": [edited("## Sources", "## How to cite\n\nAs you like.\n\n## Sources")],
    "PN104": [
        edited("### If you build an exchange", "### If you build", edited("[trade, build, manage]", "[trade, manage]"))
    ],
    "PN105": [prose("What I have to write: a sentence.")],
    "PN106": [
        code(
            FIGURE.format(", caption='c', alt='a'").replace("bars({", "if size > 1:\n    bars({")
            + "\nelse:\n    bars({'a': -size}, title='t', unit='usd', id='x', caption='c', alt='a')"
        ),
        prose("Word.\n\n### Sources and more {: #more }\n\nWord. `{: #more }`"),
        prose("Word.\n\n### A `#!calc worst | usd`\n\nWord.\n\n### B `#!calc room | pct`\n\nWord."),
    ],
    "PN201": [
        prose("A share of `#!calc worst | usd`, of `12` and of `#!math 3x`."),
        prose("In 2020, on 2020-03-12, on 12 March 2020 and March 12, 2020, from 08:00 UTC, in 2019-2021."),
        prose("It fell by 50% in a day ([venue](https://example.org/)). The next is one."),
        prose("It fell by 50% in a day.[^1]\n\n[^1]: Venue, page 12."),
        prose("- Venue: 125× at most,\n  by [its rules](https://example.org/)."),
        prose("1. First\n2. Second, with three words"),
        prose("ERC-20, P_1, USDC4 and v2 are names.\n\n#### The 3 cases\n\nWord."),
        prose("<!-- 12 -->\nWord. {: #id-12 .wide }"),
    ],
    "PN202": [
        prose("A [haircut](../glossary.md#haircut), and then the haircut."),
        prose("The distance to [liquidation](../glossary.md#distance-to-liquidation) is `haircut`."),
        prose("A [distance to liquidation](../glossary.md#distance-to-liquidation) and a premium."),
        prose("Word.\n\n#### A haircut\n\nWord."),
    ],
    "PN203": [edited("[title](https://example.org/)", "<https://example.org/>")],
    "PN204": [prose("It is `#!calc stress: added | usd.0`, and `#!calc stress:  worst | usd.0`.")],
    "PN205": [
        *map(prose, LISTED),
        prose("It is `a\n- b`, as `#!math a\n+ b` is, and\n2020. Not\n-0.5, **too**."),
        prose("```text\nA line\n- item\n ## Heading\n```"),
    ],
    "PN206": [
        prose("A [haircut](../glossary.md#haircut), the [glossary](../glossary.md), and `glossary.md#cut`."),
        code("print(size)  # glossary.md#cut"),
    ],
    "PN301": [
        code("import numpy as np\nprint(np.pi)"),
        code("for k in moves:\n    print(k)\nfor k in losses:\n    print(k)"),
        code("total = 0\nfor k in moves:\n    total += k\nprint(total)"),
        code("if size > 1:\n    side = 1\nelse:\n    side = 2\nprint(side)"),
        code("def f(size):\n    worst = size\n    return worst\nprint(f(1), [size for size in moves])"),
    ],
    "PN302": [
        code("used = 2 * size", "`#!calc used`"),
        code('rows = []\n```\n\n```python exec="on"\nrows.append(size)', "`#!calc len(rows)`"),
        code("def show():\n    print(1)\n\n\nshow()"),
        code("from perpnotes.publish import yours\n\nyours({'legs': []}, 'Try it')"),
    ],
    "PN303": [
        code(FIGURE.format(", caption='c', alt='a'")),
        code("words = {'caption': 'c', 'alt': 'a'}\n" + FIGURE.format(", **words")),
        prose("![a picture](picture.png)"),
    ],
    "PN304": [
        code("reply = f'It is {size}.'\n" + ANSWER.format("reply")),
        code("from perpnotes.publish import fmt\n" + ANSWER.format("'It is ' + fmt(size)")),
    ],
    "PN306": [
        prose("`#!calc max(abs(m) for m in moves)`, `#!calc (lambda a: a + size)(1)` and `#!calc np.pi`."),
        prose("It is `#!calc stress: added | usd.0`."),
        code("for k in moves:\n    print(k)\nimport math as m", "`#!calc k + m.pi`"),
        code("match size:\n    case other:\n        print(other)", "`#!calc other`"),
        code("x = = 1", "`#!calc x`"),
    ],
    "PN307": [
        prose("It is `#!calc worst`, `#!calc worst | text` or `#!calc worst | pct.12`."),
        code("from perpnotes.publish import fmt\nunit = 'usd'\nprint(fmt(size, unit), fmt(size))"),
        MOVED,
    ],
    "PN308": [
        code("words = {'caption': 'c', 'alt': 'a', 'id': 'z'}\n" + FIGURE.replace(", id='x'", "").format(", **words")),
        code("pair = ['Why?', f'It is {size}.']\nfrom perpnotes.publish import answer\nanswer(*pair)"),
        code(FIGURE.format("")),
        MOVED,
    ],
    "PN305": [example("from perpnotes.contracts import Linear"), code("import math\nprint(math.pi)")],
    "PN401": [
        code("from dataclasses import dataclass, replace\nprint(replace, dataclass)"),
        code("rng = np.random.default_rng(7)\nprint(rng.normal(), np.linalg.norm(moves), getattr(size, 'real'))"),
        code("class A:\n    def __init__(self):\n        self._a = 1\n\n\nprint(A())"),
        edited("# A title\n", "# A title\n\n```python\nimport os\n```\n"),
    ],
    "PN402": [
        prose("Of <b>all</b> <kbd>Tab</kbd>[^1], `<script>`, a < b.\n\n[^1]: A note, [here](https://example.org/a:b)."),
        prose('Word.\n{: #here .pn-key }\n\n<div class="pn-key" markdown>\n\nWord.\n\n</div>\n\n<!-- a remark -->'),
        prose('| a | b |\n| :-- | --: |\n| x | y |\n\n!!! note\n    Word.\n\n=== "A"\n\n    Word.\n\n![x](x.png)'),
        prose("```html\n<script>alert(1)</script>\n::: os\n{{ x }}\n```"),
        code("print('a <', size, '< b', 'data: three')"),
    ],
}


def cases(table: dict[str, list[tuple[str, str, str]]]) -> list[object]:
    return [
        pytest.param(code, *case, id=f"{code}-{n}") for code, found in table.items() for n, case in enumerate(found)
    ]


def test_the_scaffold_is_an_article_that_keeps_every_rule() -> None:
    """What the other tests edit has no fault of its own."""
    assert [str(fault) for fault in faults(ARTICLE)] == []


@pytest.mark.parametrize(("rule", "text", "line", "message"), cases(BREAKS))
def test_what_breaks_a_rule_is_found_with_its_line(rule: str, text: str, line: str, message: str) -> None:
    """Code, line and message of the fault."""
    found = [fault for fault in faults(text) if fault.rule.code == rule]
    assert found
    assert any(line in text.split("\n")[fault.line - 1] and message in fault.message for fault in found), found


@pytest.mark.parametrize(
    ("rule", "text"),
    [pytest.param(code, text, id=f"{code}-{n}") for code in KEEPS for n, text in enumerate(KEEPS[code])],
)
def test_what_keeps_a_rule_is_left_alone(rule: str, text: str) -> None:
    """A rule that cries wolf would be ignored."""
    assert [str(fault) for fault in faults(text) if fault.rule.code == rule] == []


@pytest.mark.parametrize("text", [*SWALLOWED, *LISTED])
def test_markdown_swallows_what_the_rule_says(text: str) -> None:
    """The rule knows Markdown by what it does."""
    html = markdown(text, extensions=["admonition", "tables", "pymdownx.superfences"])
    assert bool(re.search(r"<(?:li|h\d)>\s*(?:<p>)?swallowed", html)) == (text in LISTED)


def test_terms_are_checked_where_the_glossary_is_known() -> None:
    """A page that is checked without it links to what it likes."""
    assert checks.check_article(parse("A [cut](../glossary.md#cut).", "docs/x.md")) == []


def test_quotations_are_checked_where_the_articles_are_known(tmp_path: Path) -> None:
    """Of an article that cannot be read, nothing can be quoted."""
    block = '\n\n```python exec="on"\nlines(id="drawn")\n```\n'
    (tmp_path / "good.md").write_text("`#!calc x | usd`, `#!calc good: y | usd`" + block, encoding="utf-8")
    (tmp_path / "bad.md").write_text('```python exce="on"\n1\n```\n', encoding="utf-8")
    assert checks.quotable(tmp_path) == {"good": {"x | usd", "drawn | figure"}}
    assert checks.check_article(parse("It is `#!calc bad: x | usd`.", "docs/x.md")) == []


def test_every_rule_has_a_text_that_breaks_it_and_one_that_keeps_it() -> None:
    """So that no rule is added untested."""
    codes = [rule.code for rule in checks.RULES]
    assert codes == sorted(set(codes))
    assert set(codes) == set(BREAKS) == set(KEEPS)


def test_codes_are_stable() -> None:
    """A code never changes its meaning: pull requests and comments name it."""
    assert {rule.code: rule.name for rule in checks.RULES} == {
        "PN001": "unreadable",
        "PN101": "front matter",
        "PN102": "long description",
        "PN103": "sections",
        "PN104": "perspective",
        "PN105": "to write",
        "PN106": "repeated id",
        "PN201": "typed number",
        "PN202": "unlinked term",
        "PN203": "source without link",
        "PN204": "lost quotation",
        "PN205": "swallowed line",
        "PN206": "dead term",
        "PN301": "rebound name",
        "PN302": "idle block",
        "PN303": "figure without text",
        "PN304": "answer without value",
        "PN305": "example imports",
        "PN306": "unbound name",
        "PN307": "unknown unit",
        "PN308": "wrong argument",
        "PN401": "unsafe code",
        "PN402": "active markup",
        "PN501": "key number without kind",
        "PN502": "kind that the code contradicts",
        "PN503": "simulated without range",
        "PN504": "measured without record",
        "PN505": "example without figure",
        "PN506": "published without example",
        "PN507": "typed figure",
    }


def test_a_page_that_is_no_article_needs_no_anatomy_but_safe_code() -> None:
    """Home, glossary and contribution guide run code, too."""
    assert faults("# Page\n\nIt has 12 lines.\n", "docs/page.md") == []
    text = '# Page\n\n```python exec="on"\nimport os\n```\n'
    assert [(fault.line, fault.rule.code) for fault in faults(text, "docs/page.md")] == [(4, "PN401")]


def test_a_page_whose_text_is_at_fault_can_be_run() -> None:
    """What it computes helps to mend it; only code that may do harm must not run."""
    text = '# Page\n\nA line\n- item\n\n```python exec="on"\nimport os\n```\n'
    assert [fault.rule.code for fault in checks.refused(parse(text, "docs/page.md"))] == ["PN401"]


def test_a_page_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    """It names the line, and nothing else is reported."""
    page = tmp_path / "x.md"
    page.write_text('# X\n\n```python exce="on"\n1\n```\n')
    (fault,) = checks.check(page)
    assert (fault.line, fault.rule.code) == (3, "PN001")
    assert str(fault).startswith(f"{page.as_posix()}:3: PN001 unknown option exce")


def test_a_fault_says_what_to_do() -> None:
    """Path, line, code, message, fix: enough to act on without looking anything up."""
    (fault,) = faults(prose("A loss of 12%."))
    assert str(fault) == (
        "docs/insights/idea.md:21: PN201 12% is typed, not computed "
        "(write `#!calc expression | unit`, or words, or link the source of a fact in the same sentence)"
    )


def test_the_list_of_rules_is_made_from_the_rules() -> None:
    """The page cannot fall behind the code."""
    text = checks.rule_list()
    for rule in checks.RULES:
        assert f"### {rule.code}: {rule.name}\n" in text
        assert rule.reason[1:] in text


def test_pages_can_be_read_and_reach_for_nothing() -> None:
    """No page of the site breaks a rule that holds for every page."""
    quotable = checks.quotable(ROOT / "docs/insights")
    found = [fault for page in (ROOT / "docs").rglob("*.md") for fault in checks.check(page, quotable=quotable)]
    assert [str(fault) for fault in found if fault.rule.everywhere] == []

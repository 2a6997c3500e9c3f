"""What was tried against the checks, by class; each is refused before anything runs. `SECURITY.md` says how many."""

from __future__ import annotations

# Code of a block that runs, one attack between two rules.
CODE = {
    "a module reached through another": """
import numpy as np
np.lib.npyio.os.system('id')
---
import statistics
statistics.random._os.system('id')
---
import dataclasses as d
d.sys.modules
---
import numpy as np
everything = (np, 1)
first, *rest = everything
first.testing.measure('1', 1)
---
import numpy as np
for tool in [np]:
    tool.ctypeslib
---
import numpy as np
if (tool := np):
    tool.f2py
---
import numpy as np
def use(tool=np):
    return tool.lib
print(use())
---
import numpy as np
class A:
    kept = np
    def use(self):
        return self.kept.lib
print(A().use())
---
import numpy as np
match np:
    case tool:
        tool.lib
---
import numpy as np
print([tool.lib for tool in (np,)])
---
import numpy as np
(lambda tool: tool.lib)(np)
---
from perpnotes import stress
stress.np
---
import perpnotes.publish.compute.worker
---
from perpnotes.publish import compute
---
import perpnotes
perpnotes.publish
---
from math import *
---
from . import os
---
import collections.abc as c
c.sys
""",
    "a private name": """
print(().__class__)
---
print((lambda: 0).__code__.co_consts)
---
import numpy as np
class A:
    def reach(self):
        return self._core
    def claim(self):
        self._core = 1
print(A.reach(np))
---
class A:
    def reach(self):
        return self.__globals
    def claim(self):
        self.__globals = 1
---
__builtins__
---
print(__name__)
---
from perpnotes import _export
---
from perpnotes.stress import _validate
---
import numpy as np
match np:
    case object(_core=kept):
        print(kept)
""",
    "a name by text": """
getattr(1, '__class__')
---
name = '__cla' + 'ss__'
getattr(1, name)
---
reach = getattr
print(reach)
---
setattr(1, 'x', 1)
---
vars(print)
---
print('{0.real}'.format(1))
---
print('{x.real}'.format_map({'x': 1}))
---
print(list(map(str.format, ['{0.real}'], [1])))
---
from operator import attrgetter
---
from operator import methodcaller
---
from string import Formatter
---
from string import Template
---
print(f"{1:{().__class__.__name__}}")
---
hasattr(print, 'x')
""",
    "what is evaluated as text": """
eval('1')
---
exec('1')
---
f = compile
print(f('1', '', 'eval'))
---
import numpy as np
a = [1]
print(np.r_['a, a'])
---
import numpy as np
print(np.bmat('a'))
---
from dataclasses import dataclass
@dataclass
class A:
    x: "__import__('os').system('id')"
---
from dataclasses import make_dataclass
---
def f(x: 'print(1)'):
    return x
---
def f(x) -> f"{1}":
    return x
---
from typing import get_type_hints
---
from collections import namedtuple
---
from enum import Enum
E = Enum('E', {'__array_interface__': {}})
---
import numpy as np
np.dtype('O')
---
import numpy as np
print(np.array([1], dtype=[('__class__', 'i4')]))
---
import numpy as np
print(np.zeros(1).astype('i4,' * 3))
---
import numpy as np
np.fromstring('1', sep=',')
---
import doctest
doctest.testmod()
---
from functools import singledispatch
---
from dataclasses import replace
from perpnotes.publish import verify
replace(verify().groups[0], say="__import__('os').system('id')")
""",
    "files and memory": """
open('/etc/passwd')
---
import numpy as np
np.genfromtxt('/etc/passwd', dtype=str)
---
import numpy as np
np.loadtxt('x')
---
import numpy as np
np.zeros(1).tofile('x')
---
import numpy as np
np.zeros(1).dump('x')
---
import numpy as np
np.memmap('x')
---
import numpy as np
np.DataSource()
---
import numpy as np
print(np.zeros(1).ctypes, np.zeros(1).data)
---
import numpy as np
np.frombuffer(b'1')
---
import numpy as np
class A:
    __array_interface__ = {'data': (1, False)}
np.array(A())
---
from perpnotes.feeds import read
---
from perpnotes import feeds
feeds.read('/etc/passwd')
---
memoryview(b'1')
---
from pathlib import Path
""",
    "frames and errors": """
print((x for x in []).gi_frame)
---
try:
    print(1)
except ValueError as error:
    print(error.__traceback__.tb_frame)
---
try:
    print(1)
except AttributeError as error:
    print(error.obj)
---
try:
    print(1)
except:
    print(2)
---
try:
    print(1)
except BaseException:
    print(2)
---
try:
    print(1)
except* ValueError:
    print(2)
---
async def f():
    return 1
print(f().cr_frame)
---
async def f():
    return [x async for x in f()]
---
def f():
    yield 1
f().throw(ValueError)
""",
    "names of Python": """
@__import__
class os:
    pass
---
def eval(x):
    return x
---
def f(exec):
    return exec
print(exec('1'))
---
import math as open
---
kind = type
print(kind('X', (), {}))
---
class A(Exception):
    pass
---
class A(metaclass=print):
    pass
---
class A:
    def __getattr__(self, name):
        return name
---
class A:
    def __reduce__(self):
        return print, ()
---
class A:
    def __del__(self):
        print(1)
---
class A:
    def __set_name__(self, owner, name):
        print(owner)
---
class A:
    __match_args__ = ('__class__',)
---
class A:
    def __init_subclass__(cls):
        print(cls)
---
from functools import wraps
@wraps(print)
def f():
    return 1
---
@print
def f():
    return 1
---
global x
x = 1
---
def f():
    x = 1
    def g():
        nonlocal x
        x = 2
    return g
---
x = 1
del x
---
import numpy as np
np.sqrt = abs
---
from perpnotes import stress
stress.grid = print
---
def f(**names):
    return names
f(__class__=1)
---
globals()
---
breakpoint()
---
help()
---
print(input())
""",
}

# Text of a page.
TEXT = {
    "an element": """
<script>alert(1)</script>
---
a <script src=x.js></script> b
---
<ScRiPt >alert(1)</sCrIpT>
---
<iframe src="x"></iframe>
---
<object data="x"></object>
---
<embed src="x">
---
<meta http-equiv="refresh" content="0;url=https://example.org">
---
<base href="https://example.org/">
---
<form action="https://example.org"><input name="q"></form>
---
<style>body { display: none }</style>
---
<link rel="stylesheet" href="x.css">
---
<svg><a xlink:href="javascript:alert(1)">x</a></svg>
---
<svg><animate attributeName="href" to="javascript:alert(1)"/></svg>
---
<math><maction xlink:href="javascript:alert(1)">x</maction></math>
---
<template><p>x</p></template>
---
<textarea>x</textarea>
---
<video src="x"></video>
---
<button>x</button>
---
<title><p id="</title><script>alert(1)</script>"></p></title>
---
<noscript><p>x</p></noscript>
---
<!--><script>alert(1)</script>-->
---
<p <script>alert(1)</script>
---
<?php echo 1 ?>
---
<![CDATA[<script>alert(1)</script>]]>
---
</article></main>
---
<details>
---
<div class="pn-plot" markdown>

<script type="application/json">{}</script>

</div>
""",
    "an attribute": """
<p onclick="alert(1)">x</p>
---
<img src="x.png" alt="x" onerror=alert(1)>
---
<details ontoggle="alert(1)" open><summary>x</summary></details>
---
# Title { onclick="alert(1)" }
---
Word
{: onmouseover="alert(1)" }
---
Word
{: style="position:fixed;top:0" }
---
<div style="display:none">x</div>
---
<div style="background:url(https://example.org/x)">x</div>
---
<div class="md-overlay">x</div>
---
<span class="calc">$5</span>
---
<data class="calc" value="5">$5</data>
---
<div id="__config">{"base": "https://example.org"}</div>
---
<div data-md-component="announce">x</div>
---
<p contenteditable>x</p>
---
<a href="x.md" target="_blank" ping="https://example.org">x</a>
---
<img srcset="https://example.org/x.png" alt="x" src="x.png">
---
<img src="x.png" alt="x" height="99999">
---
<div style="aspect-ratio:1/99999">x</div>
---
<span tabindex="999">x</span>
""",
    "an address": """
[x](javascript:alert(1))
---
[x](JaVaScRiPt:alert(1))
---
[x](&#106;avascript:alert(1))
---
[x](java&#x0A;script:alert(1))
---
[x](&#x01;javascript:alert(1))
---
[x](javascript%3Aalert(1))
---
[x](vbscript:msgbox)
---
[x](data:text/html;base64,PHNjcmlwdD4=)
---
[x](file:///etc/passwd)
---
[x](//example.org/x)
---
[x](\\\\example.org)
---
<javascript:alert(1)>
---
[x][y]

[y]: javascript:alert(1)
---
![x](https://example.org/x.png)
---
![x](data:image/svg+xml,x)
---
<a href="javascript:alert(1)">x</a>
---
[x](https://user@example.org:1/)
---
[![x](//example.org/x.png)](x.md)
""",
    "what a generator would include": """
::: perpnotes.publish
---
::: os
---
### ::: os
---
- ::: os
---
> ::: os
---
A line
::: os
---
--8<-- "/etc/passwd"
---
;--8<-- "x"
---
{{ config.site_url }}
---
{% include "x" %}
""",
    "what nobody sees": """
A word\u202eturned\u202c.
---
A wo\u200brd.
---
A word\x07.
""",
    "code that runs by other means": """
```bash exec="on"
id
```
---
```python exec="true"
print(1)
```
---
```python exec="on" seconds="121"
print(1)
```
---
```python exec="on" session="x"
print(1)
```
---
```python exec="on" html="yes"
print(1)
```
---
``` { .html onclick="alert(1)" }
x
```
---
``` { .html style="position:fixed" }
x
```
---
It is `#!calc open('x').read()`.
---
It is `:::calc ().__class__`.
---
It is `#!calc [x for x in (print, eval)]`.
""",
    "markup in what code shows": """
```python exec="on" output="markdown"
print('<script>alert(1)</script>')
```
---
```python exec="on"
from perpnotes.publish import answer
answer('<img src=x onerror=alert(1)>', f'{1}')
```
---
```python exec="on"
from perpnotes.publish import table
table([{'a': 1}], columns={'a': ('<svg onload=alert(1)>', 'usd')}, caption='c', id='x')
```
---
```python exec="on" output="markdown"
print('[x](javascript:alert(1))')
```
---
```python exec="on" output="markdown"
print(f'<iframe src="{1}">')
```
""",
}

# The beginning of a page.
FRONT = (
    "---\ntitle: <script>alert(1)</script>\n---\n",
    "---\ntitle: x\ndescription: '{{ config }}'\n---\n",
    "---\ntitle: x\ntemplate: redirect.html\n---\n",
    "---\ntitle: x\nstatus: new\n---\n",
    "---\ntitle: x\nicon: ../../../etc/passwd\n---\n",
    "---\ntitle: x\nhide: [navigation]\n---\n",
    "---\ntitle: x\nrender_macros: true\n---\n",
    "---\ntitle: x\nextra_css: [https://example.org/x.css]\n---\n",
    "---\ntitle: x\nsearch: {exclude: true}\n---\n",
    "---\ntitle: !!python/object/apply:os.system [id]\n---\n",
    "---\ntitle: !!binary aGk=\n---\n",
    "---\ntitle: &a x\ndescription: *a\n---\n",
    "---\ntitle: x\ntitle: y\n---\n",
    "---\ntags: [{a: b}]\n---\n",
    "---\nclaim: '[x](javascript:alert(1))'\n---\n",
    "---\nclaim: '`#!calc 1`'\n---\n",
    '---\ntitle: "a\\u202eb"\n---\n',
    "---\n- template\n---\n",
    "---\ntitle: x\n",
    "template: redirect.html\nlocation: https://example.org\n",
    "\n---\ntemplate: redirect.html\n---\n",
    "+++\ntemplate = 'x'\n+++\n",
)

# Files of a branch: name, and what is in it; a link where it begins with an arrow.
FILES = {
    "docs/insights/x.markdown": "# X",
    "docs/insights/x.MD": "# X",
    "docs/insights/X.md": "# X",
    "docs/x.html": "<p>x</p>",
    "docs/x.ipynb": "{}",
    "docs/hook.py": "",
    "docs/.cache/x.json": "{}",
    ".cache/x.json": "{}",
    "docs/assets/x.svg": '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "docs/assets/y.svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>',
    "docs/secret.md": "-> /etc/passwd",
    "docs/insights/out.md": "-> ../../../out.md",
    "sitecustomize.py": "",
    "perpnotes/usercustomize.py": "",
    "conftest.py": "",
    "perpnotes/conftest.py": "",
    "x.pth": "import os",
    "main.py": "",
    "numpy/__init__.py": "",
    "yaml.py": "",
    "zensical.toml": "",
    "setup.py": "",
    "pytest.ini": "",
    "perpnotes/x.so": "",
    "perpnotes/publish/theme/partials/x.js": "",
    ".gitattributes": "*.md filter=x",
    ".gitmodules": "",
}

# Code whose output has markup that no check can see before it runs; a build stops at each.
BUILT = {
    "a script": "print('<scr' + 'ipt>alert(1)</scr' + 'ipt>')",
    "an attribute": "print('<' + 'p onclick=\"alert(1)\">x<' + '/p>')",
    "an address": "print('[x](java' + 'script:alert(1))')",
    "a picture of another host": "print('![x](https:' + '//example.org/x.png)')",
    "data in a script": "print('<scr' + 'ipt type=\"application/json\">{}</scr' + 'ipt>')",
    "what is never closed": "print('<' + 'details><' + 'summary>x<' + '/summary>')",
    "an overlay": "print('<' + 'div class=\"md-overlay\">x<' + '/div>')",
    "documentation": "print(':' + '::' + ' os')",
    "a number that looks computed": "print('<' + 'data class=\"calc\" value=\"1\">1<' + '/data>')",
    "a figure by hand": "print('<' + 'svg><' + 'text>1<' + '/text><' + '/svg>')",
    "style": "print('<' + 'div style=\"position:fixed\">x<' + '/div>')",
}


def each(block: str) -> list[str]:
    """The attacks in a text, one between two rules of their own."""
    return [part.strip("\n") for part in block.strip("\n").split("\n---\n")]

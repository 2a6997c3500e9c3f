"""Links names of the library in shown code to their reference; what the copy button copies stays the same."""

from __future__ import annotations

import ast
import re
from html import unescape
from importlib.util import find_spec

from markdown import Markdown

_CODE = re.compile(r"(?<=<code>).*?(?=</code>)", re.DOTALL)
_DOT = r'<span class="o">\.</span>'
_NAME = re.compile(rf'(?<!{_DOT})<span class="n">(\w+)</span>(?:{_DOT}<span class="n">(\w+)</span>)?')


def links(_md: Markdown, text: str) -> str:
    """Follows the imports of a page's blocks, in order; autorefs, which both generators have, knows the addresses."""
    imported: dict[str, str] = {}

    def code(found: re.Match[str]) -> str:
        if "perpnotes" not in found[0] and not any(f'"n">{name}<' in found[0] for name in imported):
            return found[0]  # without parsing it: most code shows no name of the library
        try:
            tree = ast.parse(unescape(re.sub(r"<[^>]+>", "", found[0])))
        except SyntaxError:  # another language, or a terminal
            return found[0]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and re.fullmatch(r"perpnotes(\.(?!publish)\w+)?", node.module or ""):
                imported.update({name.asname or name.name: f"{node.module}.{name.name}" for name in node.names})
        return _NAME.sub(name, found[0])

    def name(found: re.Match[str]) -> str:
        target, rest = imported.get(found[1]), ""
        if target and target.count(".") == 1 and find_spec(target):  # a module: its member is what is documented
            target = f"{target}.{found[2]}" if found[2] else None
        elif target and found[2]:
            rest = found[0].partition("</span>")[2]
        shown = found[0].removesuffix(rest)
        return f'<autoref identifier="{target}" optional>{shown}</autoref>{rest}' if target else found[0]

    return _CODE.sub(code, text)

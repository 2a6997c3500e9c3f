"""What generators write and a page is better without, put right in the built pages."""

from __future__ import annotations

import re
from pathlib import Path

_CODE = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
_NEEDLESS = re.compile(
    r'</(?:td|th|tr|thead|tbody|li)>\s*| (?:xmlns="[^"]*2000/svg"|focusable="false"|data-search-exclude(?:="")?)'
    r'|<meta name="generator"[^>]*>\s*'
)
_PLAIN = re.compile(r'<span class="(?:n|sa|w|p|o|ow|kc)">([^<]*)</span>|<span></span>')
_ALIKE = re.compile(r'<span class="(s|m|k)(?:1|2|b|i|f|n)">')  # strings, numbers and keywords have one color each
_SPAN = re.compile(r"<span[^>]*>([^<]*)</span>")
_RUN = re.compile(r'(<span class="s">[^<]*)</span><span class="s">')


def valid(html: str) -> str:
    """A page without attributes where HTML does not know them.

    A check box completes nothing, and an empty `tabindex` is no number: the theme's script looks for the attribute, so
    it stays, with what browsers make of it.
    """
    html = re.sub(r'(<input [^>]*type="(?:checkbox|radio)"[^>]*) autocomplete="off"', r"\1", html)
    return html.replace(' tabindex=""', ' tabindex="-1"')


def plain(html: str) -> str:
    """A page without the weight that nobody sees.

    That is indentation, the ends of cells, rows and items, what a drawing says to other programs and a part to the
    search, the generator's name, and parts of speech that look like all other code.
    """
    parts = _CODE.split(html)
    parts[::2] = [_NEEDLESS.sub("", re.sub(r"\n\s+", "\n", between)) for between in parts[::2]]
    for place, code in enumerate(parts[1::2]):
        if parts[2 * place].rpartition("<details")[2].startswith(' class="pn-code"'):  # folded: without colors
            parts[2 * place + 1] = _SPAN.sub(r"\1", code)
            continue
        code, more = _ALIKE.sub(r'<span class="\1">', _PLAIN.sub(r"\1", code)), 1
        while more:
            code, more = _RUN.subn(r"\1", code)
        parts[2 * place + 1] = code
    return "".join(parts)


def tidy(site: Path) -> int:
    """Writes the pages of a built site again.

    Parameters:
        site: the folder that a generator has written.

    Returns:
        How many pages changed.
    """
    changed = 0
    for file in sorted(site.rglob("*.html")):
        was = file.read_text(encoding="utf-8")
        if (now := plain(valid(was))) != was:
            file.write_text(now, encoding="utf-8")
            changed += 1
    return changed

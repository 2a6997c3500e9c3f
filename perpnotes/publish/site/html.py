"""What generators write and a page is better without, put right in the built pages."""

from __future__ import annotations

import re

_CODE = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
_NEEDLESS = re.compile(
    r'</(?:td|th|tr|thead|tbody|li)>\s*| (?:focusable="false"|data-search-exclude(?:="")?)'
    r'| data-md-(?:component|type|scrollfix|color-primary|color-accent)(?:="[^"]*")?|<meta name="generator"[^>]*>\s*'
)
_PLAIN = re.compile(r'<span class="(?:n|sa|w|p|o|ow|kc)">([^<]*)</span>|<span></span>')
_ALIKE = re.compile(r'<span class="(s|m|k)(?:1|2|b|i|f|n)">')  # strings, numbers and keywords have one color each
_SPAN = re.compile(r"<span[^>]*>([^<]*)</span>")
_OPEN = re.compile(r"<(?:td|th|g|path|line|circle|text|tspan)\b[^<>]*>")  # of tables and drawings, hundreds on a page
_QUOTED = re.compile(r"=\"([^\s\"'=<>`]+)\"(?=[ >])")
_RUN = re.compile(r'(<span class="s">[^<]*)</span><span class="s">')


def tidy(html: str) -> str:
    """A page without attributes that HTML does not know, and without the weight that nobody sees.

    That is indentation, the ends of cells, rows and items, what a drawing says to other programs, a part to the search
    or an element to the theme's script, who found a link, the generator's name, quotes that a cell or a shape does not
    need, and parts of speech that look like all other code. An empty `tabindex` is no number: it stays, with what
    browsers make of it.
    """
    html = re.sub(r'(<input [^>]*type="(?:checkbox|radio)"[^>]*) autocomplete="off"', r"\1", html)
    html = html.replace(' tabindex=""', ' tabindex="-1"').replace(' class="autorefs autorefs-internal"', "")
    parts = _CODE.split(html)
    for place, between in enumerate(parts[::2]):
        text = _NEEDLESS.sub("", re.sub(r"\s*\n\s*", " ", between))
        parts[2 * place] = _OPEN.sub(lambda tag: _QUOTED.sub(r"=\1", tag[0]), text)
    for place, code in enumerate(parts[1::2]):
        if parts[2 * place].rpartition("<details")[2].startswith(' class="pn-code"'):  # folded: without colors
            parts[2 * place + 1] = _SPAN.sub(r"\1", code)
            continue
        code, more = _ALIKE.sub(r'<span class="\1">', _PLAIN.sub(r"\1", code)), 1
        while more:
            code, more = _RUN.subn(r"\1", code)
        parts[2 * place + 1] = code
    return "".join(parts)

"""What generators write and a page is better without, put right in the built pages."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

_CODE = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
_PLAIN = re.compile(r'<span class="(?:n|sa|w)">([^<]*)</span>|<span></span>')


def valid(html: str) -> str:
    """A page without attributes where HTML does not know them.

    A check box completes nothing, and an empty `tabindex` is no number: the theme's script looks for the attribute, so
    it stays, with what browsers make of it.
    """
    html = re.sub(r'(<input [^>]*type="(?:checkbox|radio)"[^>]*) autocomplete="off"', r"\1", html)
    return html.replace(' tabindex=""', ' tabindex="-1"')


def plain(html: str) -> str:
    """A page without the weight that nobody sees: indentation, and parts of speech that look like all other code."""
    parts = _CODE.split(html)
    parts[::2] = [re.sub(r"\n\s+", "\n", between) for between in parts[::2]]
    parts[1::2] = [_PLAIN.sub(r"\1", code) for code in parts[1::2]]
    return "".join(parts)


def copying(html: str) -> str:
    """A page whose buttons for copying code are there when it arrives.

    The theme's script makes each of them while the page opens, and styles and lays out the page anew for it. It listens
    to those that are there already, and beside the code, where it does not look for a place, they are valid HTML.
    """
    blocks = itertools.count()

    def one(match: re.Match[str]) -> str:
        name = f"code-{next(blocks)}"  # the theme names the element around it
        return (
            f'{match[1]}<div class="md-code__nav"><button class="md-code__button" title="Copy to clipboard" '
            f'data-clipboard-target="#{name}" data-md-type="copy"></button></div><pre><code id="{name}"'
        )

    return re.sub(r'(<div class="highlight">(?:<span class="filename">[^<]*</span>)?)<pre><code', one, html).replace(
        '"content.code.copy", ', "", 1
    )


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
        if (now := copying(plain(valid(was)))) != was:
            file.write_text(now, encoding="utf-8")
            changed += 1
    return changed

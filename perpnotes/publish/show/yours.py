"""From an article to the reader's own book: a link that carries a position."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from html import escape
from typing import Any

from perpnotes.book import report
from perpnotes.publish.compute.outputs import Output, show


def yours(book: Mapping[str, Any], text: str) -> None:
    """Show a link to the page `book`, where the reader finds these positions filled in and can change them.

    A site without Python for browsers leaves it out.

    Parameters:
        book: as `book.report` takes it.
        text: what the link says; not empty.

    Raises:
        ValueError: for no text, or what `book.report` refuses.
    """
    if not text.strip():
        raise ValueError("a link must have a text")
    report(book)
    stated = json.dumps(book, separators=(",", ":"))
    content = f'<p class="pn-yours"><a href="{fragment(stated)}">{escape(text)}</a></p>'
    show(Output("text", content, "html", f"{text}: {stated}"))


def fragment(stated: str) -> str:
    """The part of an address that carries a book; `docs/assets/book.js` reads it.

    Parameters:
        stated: the book as JSON.

    Examples:
        >>> fragment("{}")
        '#v1=q64FAA'
    """
    packed = zlib.compress(stated.encode(), 9, wbits=-zlib.MAX_WBITS)
    return f"#v1={base64.urlsafe_b64encode(packed).decode().rstrip('=')}"

"""What a browser may do with a page: run the site's own scripts, and ask no other host for anything.

A Content-Security-Policy in each page, for what should get past every check of an article. The scripts that the
templates write around a page's text are named by their hash; any other, in the text, an attribute or an address, does
not run. Styles may stand in a page, because figures state their shape so.
"""

from __future__ import annotations

import base64
import hashlib
import re

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_TEXT = re.compile(r"<article\b.*</article>", re.DOTALL)
_CHARSET = re.compile(r'(<meta charset="[^"]*">)(?:<meta http-equiv="Content-Security-Policy"[^>]*>)?')
_ALLOWED = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
}


def policy(html: str) -> str:
    """The policy of a page, with the hashes of the scripts of the templates that stand in it.

    Parameters:
        html: the page, as it is served.
    """
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(_TEXT.sub("", html)))
    scripts = " ".join(
        [_ALLOWED["script-src"], *(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)]
    )
    return "; ".join(f"{name} {allowed}" for name, allowed in {**_ALLOWED, "script-src": scripts}.items())


def restrict(html: str) -> str:
    """A page with its policy, before anything that it holds for; nothing may change its scripts after this.

    Parameters:
        html: the page.
    """
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(html)}">'
    return _CHARSET.sub(rf"\1{meta}", html, count=1)

"""A page's policy names the scripts of the theme, and none that stands in its text."""

from __future__ import annotations

import base64
import hashlib

from perpnotes.publish.site.policy import policy


def test_only_scripts_around_the_text_are_named() -> None:
    """So that one in the text, however it got there, does not run."""
    html = "<head><script>a</script></head><body><article><script>b</script></article><script>c</script></body>"
    named = policy(html)
    for script, is_named in (("a", True), ("b", False), ("c", True)):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert (digest in named) == is_named

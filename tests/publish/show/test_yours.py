"""The link to the reader's own book: it carries the positions, and nothing that the library refuses."""

import base64
import json
import re
import zlib

import pytest

from perpnotes.publish.compute.outputs import collect
from perpnotes.publish.show.yours import yours

BOOK = {
    "legs": [{"coin": "BTC", "size": -0.5, "entry": 60_000.0}],
    "marks": {"BTC": 61_000.0},
    "collateral": [{"amount": 5_000.0, "currency": "USD"}],
}


def test_the_link_carries_the_book() -> None:
    """Packed into letters that an address may have; the ledger shows what is in it."""
    with collect() as shown:
        yours(BOOK, "Try <this>")
    found = re.fullmatch(r'<p class="pn-yours"><a href="#v1=([\w-]+)">Try &lt;this&gt;</a></p>', shown[0].content)
    assert found
    packed = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))
    assert json.loads(zlib.decompress(packed, wbits=-zlib.MAX_WBITS)) == BOOK
    assert json.loads(shown[0].text.partition(": ")[2]) == BOOK


def test_a_link_without_text_or_with_a_wrong_book_is_refused() -> None:
    with pytest.raises(ValueError, match="must have a text"):
        yours(BOOK, " ")
    with pytest.raises(ValueError, match=r"legs\[0\].size"):
        yours({**BOOK, "legs": [{"coin": "BTC", "size": 0}]}, "Try it")

"""The primer makes every claim once, in order, with a number that its article publishes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perpnotes.publish import articles
from perpnotes.publish.compute import ledger
from perpnotes.publish.show.listing import grouped

ROOT = Path(__file__).parents[2]
PRIMER = articles.read(ROOT / "docs/primer.md")
# Number of the claim, its anchor, and the ideas whose articles prove it. Others link to these anchors: they stay.
CLAIMS = {
    1: ("explainable", {"guardrails"}),
    2: ("heavy-lifting", {"anomalies", "feeds", "pipeline"}),
    3: ("definitions", {"prices"}),
    4: ("funding", {"funding"}),
    5: ("fallback", {"guardrails"}),
    6: ("latency", {"latency", "fees"}),
    7: ("correlation", {"correlation", "stress"}),
    8: ("liquidation-price", {"liquidation"}),
    9: ("margin-mode", {"margin"}),
    10: ("sizing", {"sizing"}),
    11: ("pipeline", {"pipeline"}),
    12: ("trade", {"crowding"}),
    13: ("build", {"cascades"}),
    14: ("manage", {"anomalies", "drift"}),
    15: ("liquidation-band", {"bands"}),
    16: ("what-the-model-flags", {"anomalies"}),
    17: ("advice", set()),
    18: ("stress-grids", {"stress"}),
}
KINDLESS = {"anomalies", "cascades", "pipeline"}
"""The ideas whose verdicts rest on several simulated numbers, each with a range of its own: none is the verdict's."""
_CLAIM = re.compile(
    r"^(?:### (?P<number>\d+)\. .*\{ #(?P<anchor>[a-z-]+) \}|"
    r'<details [^>]*id="(?P<id>[a-z-]+)".*\n<summary>(?:(?P<n>\d+)\. )?)',
    re.MULTILINE,
)


def claims() -> dict[int, tuple[str, str]]:
    """Anchor and text of each numbered claim, in the order of the page."""
    found = list(_CLAIM.finditer(PRIMER.prose))
    ends = [match.start() for match in found[1:]] + [len(PRIMER.prose)]
    return {
        int(match["number"] or match["n"]): (match["anchor"] or match["id"], PRIMER.prose[match.start() : end])
        for match, end in zip(found, ends, strict=True)
        if match["number"] or match["n"]
    }


def test_the_claims_stand_in_order_at_their_anchors() -> None:
    """An address that somebody has linked to keeps its meaning."""
    assert [(number, anchor) for number, (anchor, _) in claims().items()] == [
        (number, anchor) for number, (anchor, _) in CLAIMS.items()
    ]


@pytest.mark.parametrize("number", CLAIMS)
def test_a_claim_quotes_and_links_the_articles_that_prove_it(number: int) -> None:
    """Each with a number of its own."""
    text, ideas = claims()[number][1], CLAIMS[number][1]
    assert set(re.findall(r"\]\(insights/([a-z]+)\.md", text)) == ideas
    assert set(re.findall(r"`#!calc ([a-z]+): ", text)) == ideas


@pytest.mark.parametrize("number", sorted(CLAIMS.keys() - {16, 17}))
def test_a_claim_begins_with_the_verdict_of_its_article(number: int) -> None:
    """It holds, it holds if something else is true, or it does not hold as said; the words are the article's.

    Words before it may say which part of the claim it judges.
    """
    text = claims()[number][1].split("\n\n", 1)[1]
    found = re.search(
        r"(?:^\*\*Verdict(?:\.\*\*|\*\* [^.`]+\.)|As a claim:) `#!calc (\w+): (claim|fallback) \| text`\.", text
    )
    assert found
    published = (ROOT / ledger.FOLDER / f"{found[1]}.txt").read_text(encoding="utf-8")
    said = re.search(rf"^`{found[2]} \| text( \| \w.*)?` = (.*)$", published, re.MULTILINE)
    assert said
    assert re.match(r"Holds$|Holds if \S|Does not hold as said: \S", said[2])
    assert said[1] or found[1] in KINDLESS


def test_a_verdict_that_two_claims_share_is_printed_once() -> None:
    """The sixteenth refers to the second, which quotes the same article."""
    assert f"As a claim it has the verdict of the [second](#{CLAIMS[2][0]}). " in claims()[16][1]


def test_no_number_is_computed_or_typed_on_the_page() -> None:
    """All are quoted, so that the primer and its articles cannot differ; what remains are years and claims' numbers."""
    assert PRIMER.executed == PRIMER.evaluated == ()
    numbered = r"`#!calc [^`]*`|\{ #[a-z-]+ \}|^---$.*?^---$|^(### |<summary>)\d+\. |(since|May) 20\d\d\b"
    text = re.sub(numbered, "", PRIMER.text, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\d+", text) == []


def test_a_quoted_number_is_in_the_articles_ledger() -> None:
    """In the same words: whoever follows the link finds it."""
    for value in PRIMER.values:
        if value.pictures:
            continue
        lines = (ROOT / ledger.FOLDER / f"{value.idea}.txt").read_text(encoding="utf-8")
        kind = r"(?: \| [a-z]+(?:\(.*\))?)?"
        assert re.search(rf"^`{re.escape(value.asked)}{kind}` = ", lines, re.MULTILINE), value.source


def test_every_article_answers_a_question_of_the_navigation() -> None:
    """Once, in one of its groups; and whatever the primer claims, it leads to the article."""
    shown = [Path(file).stem for files in grouped(str(ROOT / "mkdocs.yml")).values() for file in files]
    claimed = {idea for _, ideas in CLAIMS.values() for idea in ideas}
    assert sorted(shown) == sorted(path.stem for path in (ROOT / "docs/insights").glob("*.md"))
    assert claimed == set(re.findall(r"\]\(insights/([a-z_]+)\.md", PRIMER.text)) <= set(shown)

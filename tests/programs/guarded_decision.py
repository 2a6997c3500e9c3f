"""A guardrail decision with its trace: feeds judged, rules and model combined, the record written and replayed."""

from perpnotes.guardrails import Action, FeedLimits, Reading, Record, Rule, Validity, allowed, stale_bounds, validity

RULES = [
    Rule("margin", {"equity": 1.0, "maintenance": -1.5}, 0.0, Action.REDUCE_ONLY),
    Rule("insurance fund", {"fund": 1.0}, 50_000.0, Action.HALT),
]


def decide(equity: float, maintenance: float, scores: dict[str, float], usable: bool) -> Record:
    """One decision from this minute's readings."""
    readings = [
        Reading("equity", equity, "ledger", 1_700_000_000.0),
        Reading("maintenance", maintenance, "ledger", 1_700_000_000.0),
        Reading("fund", 80_000.0, "treasury", 1_700_000_000.0),
    ]
    return Record(readings, RULES, scores, threshold=3.0, usable=usable)


def main() -> None:
    """Print the decision, what would clear it, and its derivation."""
    states = validity(
        [60_000.0, 60_010.0],
        average=60_005.0,
        half_width=12.0,
        age_seconds=[2.0, 400.0],
        points=20,
        limits=FeedLimits(),
    )
    usable = bool(allowed("margin", states).all())
    low, high = stale_bounds(60_010.0, 0.6, 400.0)
    width: float = high - low
    record = decide(1_400.0, 1_000.0, {"cancels": 2.5, "imbalance": 1.0}, usable)
    needed: float | None = record.clearing("equity")
    assert record.action is Action.REDUCE_ONLY
    assert needed is not None
    assert needed > 0
    assert Record.replay(record.text).digest == record.digest
    print(f"feeds: {[Validity(state).name for state in states.tolist()]}; the stale one is within ±{width / 2:,.2f}")
    print(f"{record.action.name}: equity must rise by {needed:,.2f}")
    print(record.why())


if __name__ == "__main__":
    main()

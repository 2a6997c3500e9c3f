"""Guardrails: every cell of the tables, the precedence of rules, and records that replay."""

import itertools
import json
import math

import numpy as np
import pytest
import scipy
from cases import AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes.guardrails import (
    USES,
    Action,
    Agreement,
    FeedLimits,
    Latch,
    Reading,
    Record,
    Rule,
    Validity,
    agreement,
    allowed,
    latch,
    recall,
    resolve,
    stale_bounds,
    validity,
)

ACTIONS = st.sampled_from(list(Action))
GOOD = {"price": 100.0, "average": 100.0, "half_width": 0.5, "age_seconds": 1.0, "points": 10}


def record(equity: float = 900.0, maintenance: float = 1_000.0, **change: object) -> Record:
    readings = [
        Reading("equity", equity, "account", 1_000.0),
        Reading("maintenance", maintenance, "margin engine", 1_000.0),
    ]
    rules = [
        Rule("early warning", {"equity": 1.0, "maintenance": -1.25}, 0.0, Action.WARN),
        Rule("maintenance", {"equity": 1.0, "maintenance": -1.0}, 0.0, Action.CANCEL_ALL),
    ]
    given = {"readings": readings, "rules": rules, "scores": {"cancels": 2.0, "leverage": -0.5}, "threshold": 1.0}
    return Record(**given | change)  # type: ignore[arg-type]


class TestFeed:
    @pytest.mark.parametrize(
        ("change", "state"),
        [
            ({}, Validity.VALID),
            ({"age_seconds": 5.01}, Validity.STALE_FOR_FILLS),
            ({"points": 2}, Validity.TOO_FEW_POINTS),
            ({"age_seconds": 60.01}, Validity.STALE_FOR_MARGIN),
            ({"half_width": 2.01}, Validity.TOO_UNCERTAIN),
            ({"price": 501.0}, Validity.TOO_VOLATILE),
            ({"price": 19.9, "half_width": 0.1}, Validity.TOO_VOLATILE),
            ({"price": 0.0}, Validity.NOT_POSITIVE),
            ({"price": -5.0}, Validity.NOT_POSITIVE),
        ],
    )
    def test_each_state_begins_just_past_its_limit(self, change: dict[str, float], state: Validity) -> None:
        """A value on its limit is still in the better state; a little past it, it is not."""
        assert validity(**GOOD | change) == state

    @pytest.mark.parametrize(
        "at", [{"age_seconds": 5.0}, {"points": 3}, {"half_width": 2.0}, {"price": 500.0}, {"price": 20.0}]
    )
    def test_the_limit_itself_is_allowed(self, at: dict[str, float]) -> None:
        """Limits are exceeded, not reached."""
        assert validity(**GOOD | {"half_width": 0.1} | at) == Validity.VALID

    def test_the_worst_state_counts(self) -> None:
        """An old, thin and wild feed is reported as wild."""
        assert validity(500.1, average=100.0, half_width=50.0, age_seconds=1e4, points=0) == Validity.TOO_VOLATILE

    def test_every_cell_of_the_action_table(self) -> None:
        """The seven states down, the five uses across, written out as the source has them."""
        expected = {
            "fill": [1, 0, 0, 0, 0, 0, 0],
            "margin": [1, 1, 1, 0, 0, 0, 0],
            "funding": [1, 1, 1, 1, 0, 0, 0],
            "trigger": [1, 1, 1, 1, 1, 0, 0],
            "liquidation": [1, 1, 1, 1, 1, 0, 0],
        }
        assert {use: allowed(use, list(Validity)).astype(int).tolist() for use in USES} == expected

    def test_a_worse_state_never_allows_more(self) -> None:
        """Each column of the table is a run of yes and then a run of no."""
        for use in USES:
            assert (np.diff(allowed(use, list(Validity)).astype(int)) <= 0).all()

    def test_a_silent_feed_widens_with_the_root_of_time(self) -> None:
        """No width at once, twice the width after four times as long, never below zero."""
        low, high = stale_bounds(100.0, 0.8, [0.0, 60.0, 240.0])
        assert (high - low)[0] == 0.0
        assert (high - low)[2] == pytest.approx(2 * (high - low)[1], rel=1e-13)
        assert stale_bounds(100.0, 5.0, 365 * 86_400.0)[0] == 0.0
        assert stale_bounds(100.0, 0.25, 365 * 86_400.0, deviations=2.0) == (50.0, 150.0)  # a year

    def test_the_bounds_hold_as_often_as_they_say(self) -> None:
        """Independent derivation: of simulated normal moves, 0.27% lie beyond three deviations."""
        moves = np.random.default_rng(5).normal(size=400_000) * 0.6 * math.sqrt(60 / (365 * 86_400))
        low, high = stale_bounds(1.0, 0.6, 60.0)
        outside = np.mean((1 + moves < low) | (1 + moves > high))
        # the normal tail beyond 3 is 0.0026998; four standard errors of the share
        assert outside == pytest.approx(0.0026998, abs=4 * math.sqrt(0.0027 / 400_000))


class TestPrecedence:
    @pytest.mark.parametrize("cap", Action)
    @pytest.mark.parametrize("usable", [True, False])
    def test_a_model_never_loosens_a_rule(self, cap: Action, usable: bool) -> None:
        """For every rule and output of the model the action is at least the rules', and beyond them at most the cap."""
        rule, model = np.meshgrid(list(Action), list(Action))
        action = resolve(rule, model, cap=cap, usable=usable)
        assert (action >= rule).all()
        assert (action <= np.maximum(rule, cap)).all()

    @given(st.lists(st.tuples(ACTIONS, ACTIONS), min_size=1))
    def test_an_average_loosens_what_the_model_alone_would_loosen(self, pairs: list[tuple[Action, Action]]) -> None:
        """Rounded down, it is below the rules just where the model is, and never further than the model."""
        rule, model = np.array(pairs).T
        average = (rule + model) // 2
        assert ((average < rule) == (model < rule)).all()
        assert (average >= np.minimum(rule, model)).all()

    @given(rule=ACTIONS, model=ACTIONS, cap=ACTIONS)
    def test_without_a_usable_feed_the_model_has_no_say(self, rule: Action, model: Action, cap: Action) -> None:
        """The rules alone, whatever the model says; and the same where the model says nothing."""
        assert resolve(rule, model, cap=cap, usable=False) == rule
        assert resolve(rule, Action.ALLOW, cap=cap) == rule

    def test_it_is_monotone_in_every_input(self) -> None:
        """A tighter rule, model or cap never gives a looser action: all pairs of all triples."""
        for rule, model, cap in itertools.product(Action, repeat=3):
            here = resolve(rule, model, cap=cap)
            for tighter in Action:
                assert resolve(max(rule, tighter), model, cap=cap) >= here
                assert resolve(rule, max(model, tighter), cap=cap) >= here
                assert resolve(rule, model, cap=max(cap, tighter)) >= here

    def test_agreement_counts_every_decision_once(self) -> None:
        """The four cells add up to the number of decisions."""
        rng = np.random.default_rng(2)
        rule, model = rng.integers(0, 5, 500), rng.integers(0, 5, 500)
        cells = agreement(rule, model)
        assert cells.both + cells.rule_only + cells.model_only + cells.neither == 500
        assert cells.both + cells.rule_only == (rule > 0).sum()
        assert agreement([0], [0]) == Agreement(0, 0, 0, 1)


class TestLatch:
    def test_between_the_limits_nothing_changes(self) -> None:
        """A value that crosses one line back and forth switches a simple limit each time, and this one once."""
        values = [0.5, 1.0, 0.99, 1.0, 0.99, 1.0]
        assert latch(values, enter=1.0, leave=0.8).tolist() == [False, True, True, True, True, True]

    def test_it_cools_before_it_leaves(self) -> None:
        """It takes `hold` calm values in a row; one that is not calm starts the count anew."""
        values = [1.0, 0.8, 0.8, 0.9, 0.8, 0.8, 0.8]
        assert latch(values, enter=1.0, leave=0.8, hold=3).tolist() == [True] * 6 + [False]

    def test_a_step_at_a_time_is_the_whole_series(self) -> None:
        """What is left after each value is above zero just where the limit is on."""
        values, limit, left = [0.5, 1.0, 0.8, 0.9, 0.8, 0.8], Latch(1.0, 0.8, 2), 0
        seen = [(left := limit.step(left, value)) > 0 for value in values]
        assert seen == latch(values, enter=1.0, leave=0.8, hold=2).tolist()
        with pytest.raises(ValueError, match="left must be <= 2"):
            limit.step(3, 0.5)

    @given(st.lists(st.floats(-2, 2), min_size=1, max_size=40), st.floats(0, 1), st.integers(1, 4))
    def test_a_wider_gap_or_a_longer_hold_never_switches_off_sooner(
        self, values: list[float], gap: float, hold: int
    ) -> None:
        """Whatever a plain threshold holds, the latch holds too."""
        on = latch(values, enter=1.0, leave=1.0 - gap, hold=hold)
        assert (on >= (np.array(values) >= 1.0)).all()
        assert (on >= latch(values, enter=1.0, leave=1.0 - gap / 2, hold=1)).all() or gap == 0 or hold == 1


class TestRecord:
    def test_the_action_follows_from_the_record(self) -> None:
        """Below maintenance the rules cancel; above the warning only the model is left, and it is capped."""
        assert record(900.0).action == Action.CANCEL_ALL
        assert record(1_200.0).by_rules == Action.WARN
        assert record(2_000.0).action == Action.REDUCE_ONLY  # the model proposes to halt; the cap is reduce only
        assert record(2_000.0, usable=False).action == Action.ALLOW
        assert record(2_000.0, scores={"cancels": 0.5}).action == Action.ALLOW

    def test_a_rule_fires_on_its_limit(self) -> None:
        """Equity equal to maintenance is a liquidation check that fires: `<=`, as margin has it."""
        assert record(1_000.0).by_rules == Action.CANCEL_ALL
        assert record(math.nextafter(1_000.0, 2_000.0)).by_rules == Action.WARN

    @given(equity=st.floats(-1e6, 1e6), part=st.floats(-10, 10), usable=st.booleans())
    def test_a_record_replays_bit_for_bit(self, equity: float, part: float, usable: bool) -> None:
        """Text, digest and action of the replayed record are the same, for any double."""
        made = record(equity, scores={"cancels": part}, usable=usable)
        again = Record.replay(made.text)
        assert (again.text, again.digest, again.action) == (made.text, made.digest, made.action)

    def test_the_digest_is_that_of_the_canonical_text(self) -> None:
        """Stable across runs and machines: names sorted, no spaces; one bit of an input changes it."""
        made = record()
        assert made.text == json.dumps(json.loads(made.text), sort_keys=True, separators=(",", ":"))
        assert record(math.nextafter(900.0, 901.0)).digest != made.digest

    @given(equity=st.floats(0, 3_000), maintenance=st.floats(100, 2_000))
    def test_the_counterfactual_clears_exactly(self, equity: float, maintenance: float) -> None:
        """A little past the change nothing that fired fires any more; a little before it something still does."""
        made = record(equity, maintenance)
        change = made.clearing("equity")
        assert change is not None
        if made.by_rules == Action.ALLOW:
            assert change == 0.0
        else:
            step = 1e-6 * maintenance
            assert record(equity + change + step, maintenance).by_rules == Action.ALLOW
            assert record(equity + change - step, maintenance).by_rules > Action.ALLOW

    def test_what_cannot_clear_says_so(self) -> None:
        """A reading that no firing rule looks at cannot clear it."""
        rules = [Rule("equity", {"equity": 1.0}, 1_000.0, Action.WARN)]
        assert record(rules=rules).clearing("maintenance") is None
        assert record(rules=rules).clearing("equity") == 100.0

    def test_equal_records_have_equal_digests(self) -> None:
        """Whole numbers, numpy's numbers and plain floats of one value are one record."""
        plain = record(900.0, scores={"cancels": 2.0}, threshold=1.0)
        for number in (int, np.int64, np.float32, np.array):
            same = record(number(900), scores={"cancels": number(2)}, threshold=number(1))  # type: ignore[operator]
            assert same == plain
            assert same.digest == plain.digest

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"usable": "yes"}, "usable must be True or False"),
            ({"usable": 1}, "usable must be True or False"),
            ({"cap": 9}, "cap must be <= 4"),
            ({"proposal": 2.5}, "proposal must be a whole number"),
            ({"scores": [1.0]}, "scores must map names to numbers"),
            ({"scores": {"": 1.0}}, "scores key must be a non-empty string"),
        ],
    )
    def test_what_is_no_record_is_refused_when_it_is_made(self, change: dict[str, object], message: str) -> None:
        """Not when somebody asks why, months later."""
        with pytest.raises(ValueError, match=message):
            record(**change)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("name", "weights", "action", "message"),
        [
            ("", {"x": 1.0}, Action.WARN, "name must be"),
            ("a", {}, Action.WARN, "weights must name"),
            ("a", [1.0], Action.WARN, "weights must map"),
            ("a", {1: 1.0}, Action.WARN, "weights key must be"),
            ("a", {"x": 1.0}, [1, 2], "action must be one number"),
        ],
    )
    def test_what_is_no_rule_is_refused(self, name: str, weights: object, action: object, message: str) -> None:
        """A rule has a name, weights with names, and one action."""
        with pytest.raises(ValueError, match=message):
            Rule(name, weights, 0.0, action)  # type: ignore[arg-type]

    def test_two_rules_on_their_limit_that_pull_apart_cannot_both_be_cleared(self) -> None:
        """Both fire where they are, and each side of it one of them does."""
        rules = [Rule("up", {"equity": 1.0}, 900.0, Action.WARN), Rule("down", {"equity": -1.0}, -900.0, Action.WARN)]
        assert record(900.0, rules=rules).by_rules == Action.WARN
        assert record(900.0, rules=rules).clearing("equity") is None
        assert record(900.0, rules=rules[:1]).clearing("equity") == 0.0

    def test_two_rules_that_pull_apart_cannot_both_be_cleared(self) -> None:
        """One wants more of a reading, the other less: no change does."""
        rules = [Rule("up", {"equity": 1.0}, 1e3, Action.WARN), Rule("down", {"equity": -1.0}, -1e2, Action.WARN)]
        assert record(rules=rules).clearing("equity") is None

    def test_what_is_shown_ends_in_the_action(self) -> None:
        """The derivation names the slack of each rule, the parts of the score and the result."""
        why = record(900.0).why()
        assert why["s_{2}"] == -100.0
        assert why["S"] == 1.5
        assert why.value == Action.CANCEL_ALL

    @pytest.mark.parametrize("text", ["{}", "[]", '{"readings":[]}', "1", "null", "nonsense"])
    def test_a_text_that_is_no_record_is_refused(self, text: str) -> None:
        """A replay of something else is an error, never a decision."""
        with pytest.raises(ValueError, match=r"\w"):
            Record.replay(text)

    def test_a_missing_or_double_reading_is_refused(self) -> None:
        """A rule without its input must not pass as one that does not fire."""
        with pytest.raises(ValueError, match="readings must hold maintenance"):
            record(readings=[Reading("equity", 1.0, "account", 0.0)])
        with pytest.raises(ValueError, match="different names"):
            record(readings=[Reading("equity", 1.0, "a", 0.0), Reading("equity", 2.0, "b", 0.0)])


class TestRecall:
    RATES = (0.001, 0.02, 0.3, 0.5, 0.9)

    def test_without_skill_the_strained_are_flagged_as_often_as_all(self) -> None:
        """Flagging at random finds as many as it flags."""
        base, alarm = np.meshgrid(self.RATES, self.RATES)
        assert recall(0.0, base_rate=base, alarm_rate=alarm) == pytest.approx(alarm, rel=1e-15)

    def test_with_perfect_skill_alarms_are_spent_on_the_strained_first(self) -> None:
        """As many as there are alarms, at most all."""
        assert recall(1.0, base_rate=0.2, alarm_rate=0.1) == 0.5
        assert recall(1.0, base_rate=0.1, alarm_rate=0.2) == 1.0

    @pytest.mark.parametrize("skill", [0.1, 0.5, 0.8, 0.99, 0.9999])
    def test_halves_have_a_closed_form(self, skill: float) -> None:
        """Sheppard: both above their medians with a chance of `1/4 + asin(rho) / 2 pi`."""
        exact = 0.5 + math.asin(skill) / math.pi
        assert recall(skill, base_rate=0.5, alarm_rate=0.5) == pytest.approx(exact, rel=1e-13)

    @pytest.mark.parametrize("skill", [0.3, 0.8, 0.99, 0.9999])
    def test_it_is_the_bivariate_normal_distribution(self, skill: float) -> None:
        """As SciPy has it, for rare and for common strain."""
        for base, alarm in itertools.product(self.RATES, repeat=2):
            limits = scipy.stats.norm.ppf([base, alarm])
            both = float(scipy.stats.multivariate_normal([0.0, 0.0], [[1.0, skill], [skill, 1.0]]).cdf(limits))
            assert recall(skill, base_rate=base, alarm_rate=alarm) == pytest.approx(both / base, rel=1e-11)

    def test_more_skill_and_more_alarms_find_more(self) -> None:
        """Never above what perfect skill would find."""
        skill, alarm = np.linspace(0.0, 1.0, 41)[:, None], np.linspace(0.01, 0.99, 30)
        found = recall(skill, base_rate=0.05, alarm_rate=alarm)
        assert (np.diff(found, axis=0) >= -1e-14).all()
        assert (np.diff(found, axis=1) >= -1e-14).all()
        assert (found <= np.minimum(1.0, alarm / 0.05)).all()


STATE = {"zero"}
BAD_INPUT = {
    "validity": case(
        lambda price, average, half_width, age_seconds, points: validity(
            price, average=average, half_width=half_width, age_seconds=age_seconds, points=points
        ),
        price=(1, {"zero", "negative", "shape"}),
        average=(1, POSITIVE),
        half_width=(0, AT_LEAST_0),
        age_seconds=(0, AT_LEAST_0),
        points=(3, AT_LEAST_0),
    ),
    "FeedLimits": case(
        FeedLimits,
        fill_seconds=(1.0, NOTHING, "(0, 60]"),
        margin_seconds=(60.0, NOTHING, "[1, inf)"),
        points=(3, NOTHING, "1.."),
        half_width=(0.1, NOTHING, "(0, inf)"),
        ratio=(5.0, NOTHING, "(1, inf)"),
    ),
    "allowed": case(lambda state: allowed("fill", state), state=(1, STATE, "0..6")),
    "resolve": case(lambda rule, model: resolve(rule, model), rule=(1, STATE, "0..4"), model=(1, STATE, "0..4")),
    "agreement": case(lambda rule: agreement(rule, 1), rule=(1, STATE, "0..4")),
    "recall": case(
        lambda skill, base_rate, alarm_rate: recall(skill, base_rate=base_rate, alarm_rate=alarm_rate),
        skill=(0.5, AT_LEAST_0, "[0, 1]"),
        base_rate=(0.1, POSITIVE, "(0, 1)"),
        alarm_rate=(0.1, POSITIVE, "(0, 1)"),
    ),
    "stale_bounds": case(
        lambda price, volatility, age_seconds, deviations: stale_bounds(
            price, volatility, age_seconds, deviations=deviations
        ),
        price=(1, POSITIVE),
        volatility=(1, AT_LEAST_0),
        age_seconds=(1, AT_LEAST_0),
        deviations=(1, AT_LEAST_0),
    ),
    "Latch": case(
        Latch,
        enter=(1.0, {"zero", "negative"}, "[-1, inf)"),
        leave=(-1.0, {"zero", "negative"}, "(-inf, 1]"),
        hold=(1, NOTHING, "1.."),
    ),
    "Latch.step": case(
        lambda left, value: Latch(1.0, 0.5, 2).step(left, value),
        left=(1, {"zero"}, "0..2"),
        value=(0.7, {"zero", "negative"}),
    ),
    "latch": case(
        lambda values, enter, leave, hold: latch(values, enter=enter, leave=leave, hold=hold),
        values=([1.0], NOTHING, "(-inf, inf)"),
        enter=(1.0, {"zero", "negative"}, "[-1, inf)"),
        leave=(-1.0, {"zero", "negative"}, "(-inf, 1]"),
        hold=(1, NOTHING, "1.."),
    ),
    "Reading": case(
        lambda value, time: Reading("a", value, "b", time),
        value=(1, {"zero", "negative"}),
        time=(1, {"zero", "negative"}),
    ),
    "Rule": case(
        lambda weight, limit: Rule("a", {"x": weight}, limit, Action.WARN),
        weight=(1, {"zero", "negative"}),
        limit=(1, {"zero", "negative"}),
    ),
    "Record": case(lambda threshold: record(threshold=threshold), threshold=(1, {"zero", "negative"})),
    "Action": None,
    "Agreement": None,
    "USES": None,
    "Validity": None,
}

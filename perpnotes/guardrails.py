"""Rules over a model: which feed may be used for what, which action wins, and the record that says why.

A model may tighten what the rules decide, up to a cap, and never loosen it. While a feed cannot be used, the model has
no say at all: it was trained on data that arrived. Every decision can be replayed from its record, bit for bit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from itertools import accumulate
from statistics import NormalDist
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue, freeze
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import broadcast, defined, flags, items, one_of, real, scalar, whole

__all__ = [
    "USES",
    "Action",
    "Agreement",
    "FeedLimits",
    "Latch",
    "Reading",
    "Record",
    "Rule",
    "Validity",
    "agreement",
    "allowed",
    "latch",
    "recall",
    "resolve",
    "stale_bounds",
    "validity",
]

_YEAR_SECONDS = 365.0 * 86_400.0


class Action(IntEnum):
    """What an account may still do, from the loosest to the tightest: whole numbers with a name.

    Attributes:
        ALLOW: 0, everything.
        WARN: 1, everything, with a warning.
        REDUCE_ONLY: 2, only orders that make positions smaller.
        CANCEL_ALL: 3, nothing new, and open orders are canceled.
        HALT: 4, nothing.
    """

    ALLOW = 0
    WARN = 1
    REDUCE_ONLY = 2
    CANCEL_ALL = 3
    HALT = 4


class Validity(IntEnum):
    """State of a price feed, from good to bad: whole numbers with a name. Where several apply, the worst one counts.

    Attributes:
        VALID: 0, none of the following.
        STALE_FOR_FILLS: 1, older than `fill_seconds` of `FeedLimits`.
        TOO_FEW_POINTS: 2, fewer observations than `points`.
        STALE_FOR_MARGIN: 3, older than `margin_seconds`.
        TOO_UNCERTAIN: 4, a half-width above `half_width`, as a fraction of the price.
        TOO_VOLATILE: 5, price and average further apart than the factor `ratio`.
        NOT_POSITIVE: 6, the price is not above 0.
    """

    VALID = 0
    STALE_FOR_FILLS = 1
    TOO_FEW_POINTS = 2
    STALE_FOR_MARGIN = 3
    TOO_UNCERTAIN = 4
    TOO_VOLATILE = 5
    NOT_POSITIVE = 6


USES: Mapping[str, Validity] = {
    "fill": Validity.VALID,
    "margin": Validity.TOO_FEW_POINTS,
    "funding": Validity.STALE_FOR_MARGIN,
    "trigger": Validity.TOO_UNCERTAIN,
    "liquidation": Validity.TOO_UNCERTAIN,
}
"""For each use of a price, the worst state in which it is still allowed.

A liquidation tolerates more than a fill: to stop liquidating because a price is late lets the loss grow.
After the action table of Drift's protocol-v2. `fill` is its fill against the automated market maker; it lets two orders
that match each other fill at an older price.
"""


@dataclass(frozen=True, slots=True)
class FeedLimits:
    """Where a feed's state changes.

    Parameters:
        fill_seconds: older than this is stale for fills, `> 0`.
        margin_seconds: older than this is stale for margin, at least `fill_seconds`.
        points: fewer observations than this are too few, `>= 1`.
        half_width: a half-width above this fraction of the price is too uncertain, `> 0`.
        ratio: price and average further apart than this factor are too volatile, `> 1`.

    Raises:
        ValueError: for a value outside its range.

    Source: the defaults of Drift's protocol-v2 (10 and 120 slots of about half a second, 2%, factor 5).
    """

    fill_seconds: float = 5.0
    margin_seconds: float = 60.0
    points: int = 3
    half_width: float = 0.02
    ratio: float = 5.0

    def __post_init__(self) -> None:
        scalar("fill_seconds", self.fill_seconds, gt=0)
        scalar("margin_seconds", self.margin_seconds, ge=self.fill_seconds)
        whole("points", self.points, ge=1)
        scalar("half_width", self.half_width, gt=0)
        scalar("ratio", self.ratio, gt=1)


def validity(
    price: ArrayLike,
    *,
    average: ArrayLike,
    half_width: ArrayLike,
    age_seconds: ArrayLike,
    points: ArrayLike,
    limits: FeedLimits | None = None,
) -> npt.NDArray[np.int64]:
    """The state of a feed, as a number of `Validity`: the worst of those that apply.

    Parameters:
        price: the last price, any finite number; not above 0 is a state, not an error. The arguments broadcast.
        average: its time-weighted average, `> 0`.
        half_width: half-width that the feed reports, in units of the price, `>= 0`.
        age_seconds: since the price was published, `>= 0`.
        points: observations behind it, `>= 0`.
        limits: where the state changes; the defaults of `FeedLimits` without one.

    Returns:
        Numbers of `Validity`, the broadcast shape; 0 is a feed without fault.

    Raises:
        ValueError: for a non-finite value, an empty array, a value outside its range or other limits than `FeedLimits`.

    Examples:
        >>> states = validity(
        ...     [100.0, 100.0, -1.0],
        ...     average=100.0,
        ...     half_width=0.1,
        ...     age_seconds=[1, 90, 1],
        ...     points=9,
        ... )
        >>> [Validity(state).name for state in states]
        ['VALID', 'STALE_FOR_MARGIN', 'NOT_POSITIVE']

    Source: after Drift's protocol-v2, oracle validity.
    """
    limit = FeedLimits() if limits is None else limits
    if not isinstance(limit, FeedLimits):
        raise ValueError(f"limits must be FeedLimits, got {limits!r}")
    p, mean = real("price", price), real("average", average, gt=0)
    width, age = real("half_width", half_width, ge=0), real("age_seconds", age_seconds, ge=0)
    count = real("points", points, ge=0)
    broadcast(price=p, average=mean, half_width=width, age_seconds=age, points=count)
    positive = np.where(p > 0, p, mean)  # a price that is not positive is the worst state whatever its ratio
    apart = np.maximum(positive, mean) / np.minimum(positive, mean)
    states = (
        (age > limit.fill_seconds, Validity.STALE_FOR_FILLS),
        (count < limit.points, Validity.TOO_FEW_POINTS),
        (age > limit.margin_seconds, Validity.STALE_FOR_MARGIN),
        (width / positive > limit.half_width, Validity.TOO_UNCERTAIN),
        (apart > limit.ratio, Validity.TOO_VOLATILE),
        (p <= 0, Validity.NOT_POSITIVE),
    )
    worst = np.zeros(np.broadcast_shapes(*(applies.shape for applies, _ in states)), dtype=np.int64)
    for applies, state in states:
        worst = np.maximum(worst, np.where(applies, int(state), 0))
    return np.asarray(worst)[()]


def allowed(use: str, state: ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether a price in this state may be used for this: `state <= USES[use]`.

    Parameters:
        use: one of `USES`.
        state: numbers of `Validity`, from 0 to 6; any shape.

    Returns:
        True or False, the shape of `state`.

    Raises:
        ValueError: for an unknown use or state.

    Examples:
        >>> allowed("liquidation", Validity.STALE_FOR_MARGIN)
        np.True_
        >>> allowed("margin", Validity.STALE_FOR_MARGIN)
        np.False_
    """
    worst = USES[one_of("use", use, tuple(USES))]
    states = real("state", state, ge=0, le=max(Validity))
    if np.any(states != np.floor(states)):
        raise ValueError(f"state must be a number of Validity, got {states[states != np.floor(states)].flat[0]:g}")
    return states <= int(worst)


def resolve(
    rule: ArrayLike, model: ArrayLike, *, cap: Action = Action.REDUCE_ONLY, usable: ArrayLike = True
) -> npt.NDArray[np.int64]:
    """The action that wins: `max(rule, min(model, cap))`, and the rule alone while the feed cannot be used.

    For every output of the model the result is at least what the rules say: a model can be wrong in one direction only.

    Parameters:
        rule: numbers of `Action` that the rules decide; any shape, the arguments broadcast.
        model: numbers of `Action` that the model proposes.
        cap: the tightest action that the model may cause alone.
        usable: whether the feeds behind the model can be used.

    Returns:
        Numbers of `Action`, the broadcast shape.

    Raises:
        ValueError: for a number that is no `Action`, or a `usable` that is not True or False.

    Examples:
        >>> Action(resolve(Action.WARN, Action.HALT)).name
        'REDUCE_ONLY'
        >>> Action(resolve(Action.HALT, Action.ALLOW)).name
        'HALT'
        >>> Action(resolve(Action.WARN, Action.HALT, usable=False)).name
        'WARN'
    """
    by_rule, by_model = _actions("rule", rule), _actions("model", model)
    top = int(_action("cap", cap))
    trusted = flags("usable", usable)
    broadcast(rule=by_rule, model=by_model, usable=trusted)
    return np.asarray(np.maximum(by_rule, np.where(trusted, np.minimum(by_model, top), 0)))[()]


def _actions(name: str, value: Any) -> npt.NDArray[np.int64]:
    numbers = real(name, value, ge=0, le=Action.HALT)
    if np.any(numbers != np.floor(numbers)):
        raise ValueError(f"{name} must be a number of Action, got {numbers[numbers != np.floor(numbers)].flat[0]:g}")
    return np.asarray(numbers.astype(np.int64))


def _action(name: str, value: Any) -> Action:
    whole(name, value, ge=0, le=Action.HALT)
    return Action(int(value))


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a non-empty string, got {value!r}")
    return value


def _numbers(name: str, value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must map names to numbers, got {value!r}")
    return {_word(f"{name} key", key): scalar(f"{name}[{key!r}]", number) for key, number in value.items()}


@overload
def stale_bounds(
    price: float, volatility: float, age_seconds: float, *, deviations: float = ...
) -> tuple[float, float]: ...
@overload
def stale_bounds(
    price: ArrayLike, volatility: ArrayLike, age_seconds: ArrayLike, *, deviations: ArrayLike = ...
) -> tuple[FloatArray, FloatArray]: ...
def stale_bounds(
    price: ArrayLike, volatility: ArrayLike, age_seconds: ArrayLike, *, deviations: ArrayLike = 3.0
) -> tuple[Floats, Floats]:
    """The range in which a price may be after it went silent: `P (1 ± z sigma sqrt(age))`, from 0 up.

    `P` is the price, `sigma` the volatility and the age in years. Value a long at the lower end and a short at the
    upper one. At four times the age the range is twice as wide.

    Parameters:
        price: the last good price, `> 0`. The arguments broadcast.
        volatility: per square root of a year, `>= 0`.
        age_seconds: since the last good price, `>= 0`.
        deviations: `z`, `>= 0`.

    Returns:
        The lower end, `>= 0`, and the upper end, in units of the price.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> low, high = stale_bounds(60_000.0, 0.6, 60.0)
        >>> round(float(low), 2), round(float(high), 2)
        (59851.03, 60148.97)
    """
    p, sigma = real("price", price, gt=0), real("volatility", volatility, ge=0)
    age, z = real("age_seconds", age_seconds, ge=0), real("deviations", deviations, ge=0)
    broadcast(price=p, volatility=sigma, age_seconds=age, deviations=z)
    reach = defined(z * sigma * np.sqrt(age / _YEAR_SECONDS), "deviations", "volatility", "age_seconds")
    return np.asarray(p * np.maximum(0.0, 1.0 - reach))[()], np.asarray(p * (1.0 + reach))[()]


@dataclass(frozen=True, slots=True)
class Latch:
    """A limit that does not flicker: on at `enter`, off after `hold` values in a row at or below `leave`.

    Parameters:
        enter: on when a value is at or above this.
        leave: counts toward off when a value is at or below this; at most `enter`.
        hold: how many such values in a row it takes, `>= 1`.

    Raises:
        ValueError: for a non-finite number, `leave` above `enter`, or a `hold` below 1.
    """

    enter: float
    leave: float
    hold: int = 1

    def __post_init__(self) -> None:
        scalar("leave", self.leave, le=scalar("enter", self.enter))
        whole("hold", self.hold, ge=1)

    def step(self, left: int, value: float) -> int:
        """What is left after one more value: how many calm ones until it is off; 0 is off.

        Parameters:
            left: what was left before, from 0 to `hold`; 0 at the start.
            value: what is watched.

        Returns:
            From 0 to `hold`.

        Raises:
            ValueError: for a `left` that is no such number, or a value that is not finite.
        """
        return self._after(whole("left", left, ge=0, le=self.hold), scalar("value", value))

    def _after(self, left: int, value: float) -> int:
        if value >= self.enter:
            return self.hold
        return left if left == 0 else left - 1 if value <= self.leave else self.hold


def latch(values: ArrayLike, *, enter: float, leave: float, hold: int = 1) -> npt.NDArray[np.bool_]:
    """Whether a `Latch` is on after each value.

    Parameters:
        values: what is watched, in order of time, shape `(n,)`.
        enter: on when a value is at or above this.
        leave: counts toward off when a value is at or below this; at most `enter`.
        hold: how many such values in a row it takes, `>= 1`.

    Returns:
        Whether the limit is on after each value, shape `(n,)`.

    Raises:
        ValueError: for a non-finite value, an empty array, or `leave` above `enter`.

    Examples:
        >>> values = [0.9, 1.0, 0.95, 0.7, 0.7, 0.7]
        >>> latch(values, enter=1.0, leave=0.8, hold=2).tolist()
        [False, True, True, True, False, False]
    """
    series, limit = real("values", values, ndim=1), Latch(enter, leave, hold)
    return np.array(list(accumulate(series.tolist(), limit._after, initial=0))[1:]) > 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One input of a decision.

    Parameters:
        name: what it is.
        value: a finite number; kept as a float, as every number of a record, so that equal records have one text.
        source: where it came from.
        time: Unix time at which it was true, seconds.

    Raises:
        ValueError: for a value or time that is not a finite number, or an empty name or source.
    """

    name: str
    value: float
    source: str
    time: float

    def __post_init__(self) -> None:
        for label in ("name", "source"):
            _word(label, getattr(self, label))
        for label in ("value", "time"):
            object.__setattr__(self, label, scalar(label, getattr(self, label)))


@dataclass(frozen=True, eq=False, slots=True)
class Rule(ByValue):
    """A limit on a weighted sum of the readings: it fires at `sum_i w_i x_i <= limit`.

    `w_i` is the weight of the reading `x_i`. Because it is linear, what would clear it has a closed form.

    Parameters:
        name: what it guards.
        weights: reading to weight `w_i`; at least one.
        limit: it fires at or below this value.
        action: what it then asks for.

    Raises:
        ValueError: for an empty name, no weights, a weight or limit that is not a finite number, or no `Action`.
    """

    name: str
    weights: Mapping[str, float]
    limit: float
    action: Action

    def __post_init__(self) -> None:
        _word("name", self.name)
        if not self.weights:
            raise ValueError(f"weights must name at least one reading, got {self.weights!r}")
        object.__setattr__(self, "weights", _numbers("weights", self.weights))
        object.__setattr__(self, "limit", scalar("limit", self.limit))
        object.__setattr__(self, "action", _action("action", self.action))
        freeze(self)

    def slack(self, readings: Sequence[Reading]) -> float:
        """How far the rule is from firing, `> 0`, or past it, in the unit of its limit.

        Parameters:
            readings: with all that the rule weighs; others are passed over.

        Raises:
            ValueError: for a reading that the rule needs and does not get.
        """
        values = {reading.name: reading.value for reading in items("readings", readings, (Reading,))}
        if missing := self.weights.keys() - values.keys():
            raise ValueError(f"readings must hold {', '.join(sorted(missing))} for the rule {self.name!r}")
        return math.fsum((-self.limit, *(weight * values[name] for name, weight in self.weights.items())))


@dataclass(frozen=True, eq=False, slots=True)
class Record(ByValue):
    """A decision with everything that it was made from.

    Parameters:
        readings: the inputs.
        rules: the rules, in order.
        scores: feature to its part of the model's score, which is their sum.
        threshold: the model proposes `proposal` where its score is at or above this.
        proposal: what the model then asks for.
        cap: the tightest action that the model may cause alone.
        usable: whether the feeds behind the model can be used.

    Raises:
        ValueError: for no readings, two of one name, no rules, scores without names, a number that is not finite, no
            `Action`, or a `usable` that is not True or False.
    """

    readings: Sequence[Reading]
    rules: Sequence[Rule]
    scores: Mapping[str, float]
    threshold: float
    proposal: Action = Action.HALT
    cap: Action = Action.REDUCE_ONLY
    usable: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "readings", items("readings", self.readings, (Reading,)))
        object.__setattr__(self, "rules", items("rules", self.rules, (Rule,)))
        names = [reading.name for reading in self.readings]
        if len(set(names)) < len(names):
            raise ValueError(f"readings must have different names, got {', '.join(names)}")
        object.__setattr__(self, "scores", _numbers("scores", self.scores))
        object.__setattr__(self, "threshold", scalar("threshold", self.threshold))
        for label in ("proposal", "cap"):
            object.__setattr__(self, label, _action(label, getattr(self, label)))
        if not isinstance(self.usable, bool | np.bool_):
            raise ValueError(f"usable must be True or False, got {self.usable!r}")
        object.__setattr__(self, "usable", bool(self.usable))
        for rule in self.rules:
            rule.slack(self.readings)
        freeze(self)

    @property
    def slacks(self) -> tuple[float, ...]:
        """Slack of each rule, in the rule's own unit."""
        return tuple(rule.slack(self.readings) for rule in self.rules)

    @property
    def by_rules(self) -> Action:
        """What the rules decide: the tightest action of those that fire."""
        fired = [rule.action for rule, slack in zip(self.rules, self.slacks, strict=True) if slack <= 0]
        return Action(max(fired, default=Action.ALLOW))

    @property
    def score(self) -> float:
        """The model's score: the sum of its parts."""
        return math.fsum(self.scores.values())

    @property
    def by_model(self) -> Action:
        """What the model proposes, before the cap."""
        return self.proposal if self.score >= self.threshold else Action.ALLOW

    @property
    def action(self) -> Action:
        """What is done."""
        return Action(int(resolve(self.by_rules, self.by_model, cap=self.cap, usable=self.usable)))

    @property
    def text(self) -> str:
        """The whole record as canonical JSON: sorted names, no spaces, shortest digits that give the same number."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), allow_nan=False)

    @property
    def digest(self) -> str:
        """SHA-256 of `text`: equal records have equal digests on every machine."""
        import hashlib  # slow to import, and only needed here

        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def replay(cls, text: str) -> Record:
        """The record from its text; its action is then computed anew.

        Parameters:
            text: as `text` of a record.

        Raises:
            ValueError: for a text that is not a record.
        """
        try:
            data = json.loads(text)
            data["readings"] = [Reading(**reading) for reading in data["readings"]]
            data["rules"] = [Rule(**rule) for rule in data["rules"]]
            return cls(**data)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"text must be a record as `text` writes it: {error}") from None

    def clearing(self, reading: str) -> float | None:
        """How much one reading must change, the others fixed, until every rule that fires now stops.

        A rule still fires on its limit, so it takes a little more than this.

        Parameters:
            reading: the name of one.

        Returns:
            The change with the smallest size, 0 where no rule fires or one is just on its limit, or None where this
            reading cannot clear them all.

        Raises:
            ValueError: for an unknown name.
        """
        one_of("reading", reading, [r.name for r in self.readings])
        low, high = -math.inf, math.inf
        for rule, slack in zip(self.rules, self.slacks, strict=True):
            weight = rule.weights.get(reading, 0.0)
            if slack <= 0:
                if weight == 0:
                    return None
                change = -slack / weight
                low, high = (max(low, change), high) if weight > 0 else (low, min(high, change))
        if low >= high:  # on one limit or the other, some rule fires
            return None
        return min(max(0.0, low), high) if math.isfinite(low) or math.isfinite(high) else 0.0

    def why(self) -> Derivation:
        """The terms behind the action: each rule's slack, the parts of the score, and the step that decided."""
        rules = tuple(
            Term(f"s_{{{k}}}", f"slack of {rule.name} ({rule.action.name.lower()})", slack)
            for k, (rule, slack) in enumerate(zip(self.rules, self.slacks, strict=True), start=1)
        )
        parts = tuple(
            Term(f"m_{{{k}}}", f"model: {name}", part) for k, (name, part) in enumerate(self.scores.items(), start=1)
        )
        return Derivation(
            (
                *rules,
                Term("R", f"rules say {self.by_rules.name.lower()}", self.by_rules),
                *parts,
                Term("S", "score of the model", self.score, "", r"\sum_k m_k"),
                Term("m", f"model proposes {self.by_model.name.lower()}", self.by_model),
                Term("c", f"cap of the model, {self.cap.name.lower()}", self.cap),
                Term("u", "model may be used", self.usable),
                Term("A", f"action: {self.action.name.lower()}", self.action, "", r"\max(R, u \min(m, c))"),
            )
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often rules and model fired, alone and together. Made by `agreement`.

    Parameters:
        both: both fired.
        rule_only: the rules fired and the model did not.
        model_only: the model fired and the rules did not.
        neither: none fired.
    """

    both: int
    rule_only: int
    model_only: int
    neither: int


def agreement(rule: ArrayLike, model: ArrayLike) -> Agreement:
    """The 2 × 2 table of rules against model, over many decisions.

    Parameters:
        rule: numbers of `Action` that the rules decided, any shape; above `ALLOW` they fired.
        model: numbers of `Action` that the model proposed, the same shape.

    Returns:
        The four counts, which add up to the number of decisions.

    Raises:
        ValueError: for a number that is no `Action`, or shapes that differ.

    Examples:
        >>> agreement([0, 1, 2, 0], [0, 0, 4, 4])
        Agreement(both=1, rule_only=1, model_only=1, neither=1)
    """
    r, m = _actions("rule", rule) > 0, _actions("model", model) > 0
    if r.shape != m.shape:
        raise ValueError(f"model must have the shape of rule {r.shape}, got {m.shape}")
    return Agreement(int((r & m).sum()), int((r & ~m).sum()), int((~r & m).sum()), int((~r & ~m).sum()))


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)  # enough for 13 digits up to a skill of 0.9999


@overload
def recall(skill: float, *, base_rate: float, alarm_rate: float) -> float: ...
@overload
def recall(skill: ArrayLike, *, base_rate: ArrayLike, alarm_rate: ArrayLike) -> FloatArray: ...
def recall(skill: ArrayLike, *, base_rate: ArrayLike, alarm_rate: ArrayLike) -> Floats:
    """The share of truly strained accounts that a model flags, when it flags a given share of all accounts.

    Strain and score are jointly normal. The strained are the `base_rate` of accounts with the most strain, the flagged
    the `alarm_rate` of accounts with the highest score. A score without skill flags the same share of both.

    Parameters:
        skill: correlation of score and strain, `0..1`. The arguments broadcast.
        base_rate: share of accounts that are strained, above 0 and below 1.
        alarm_rate: share of accounts that the model flags, above 0 and below 1.

    Returns:
        A share, `0..1`; at a skill of one `min(1, alarm_rate / base_rate)`.

    Raises:
        ValueError: for a non-finite value, an empty array or a value outside its range.

    Examples:
        >>> import numpy as np
        >>> np.round(recall([0.0, 0.8, 1.0], base_rate=0.02, alarm_rate=0.1), 3)
        array([0.1  , 0.842, 1.   ])

    Source: the bivariate normal distribution as an integral over its correlation, Drezner and Wesolowsky (1990).
    """
    rho = real("skill", skill, ge=0, le=1)
    base, alarm = real("base_rate", base_rate, gt=0, lt=1), real("alarm_rate", alarm_rate, gt=0, lt=1)
    broadcast(skill=rho, base_rate=base, alarm_rate=alarm)
    # the limits that strain and score must pass: both are far above zero for a small share
    h, k = (-np.vectorize(NormalDist().inv_cdf, otypes=[float])(share)[..., None] for share in (base, alarm))
    half = np.arcsin(rho)[..., None] / 2
    sine = np.sin(half * (_NODES + 1))
    inner = np.exp(-(h**2 + k**2 - 2 * h * k * sine) / (2 * (1 - sine**2)))
    share = alarm + (half * _WEIGHTS * inner).sum(axis=-1) / (2 * np.pi * base)
    perfect = np.minimum(1.0, alarm / base)
    return np.asarray(np.where(rho == 1, perfect, np.minimum(share, perfect)))[()]

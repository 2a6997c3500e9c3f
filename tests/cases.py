"""How an idea's test file says which input its public names accept: a table `BAD_INPUT`, read by test_public.

A parameter has a value that works, the odd kinds of input that are legal too, and the range of what is legal:

    case(fees.round_trips, leverage=(5, NOTHING, "(0, 100)"), fee=(0.001, {"zero", "negative"}, "(-1, 1)"))

A range is `[0, 1)` for numbers (an end in a square bracket is legal, one in a round bracket is not; `~` stands before
an end that comes out of a computation, so that only its surroundings are certain), `2..9` or `2..` for whole numbers,
`{-1, 1}` for single values. The ends are tried, and the next floats beyond them. POSITIVE, AT_LEAST_0 and ANY without
a range have no other end than the one that they name; every other single number states its range, or "" where the
legal values are no range.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

SMALL, LARGE = 1e-9, 1e9
"""What a range must accept that is open at 0, and one that does not end."""

BLUR = 1e-9
"""How far from a computed end, as a part of it, a value is certainly legal or not."""

ODD: Mapping[str, Any] = {
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "zero": 0.0,
    "negative": -0.75,
    "shape": np.full((2, 3, 5), 0.75),
    "empty": [],
    "numeral": "0.75",
    "none": None,
    "complex": 0.75 + 0.75j,
    "decimal nan": Decimal("nan"),
    "huge": 10**400,
    "nat": np.datetime64("NaT", "s"),
    "truth": True,
}
"""What every numeric parameter of every public name is fed, one at a time."""

WITHIN: Mapping[str, Any] = {
    "nan": math.nan,
    "inf": math.inf,
    "none": None,
    "numeral": "0.75",
    "truth": True,
    "complex": 0.75 + 0.75j,
    "decimal nan": Decimal("nan"),
    "huge": 10**400,
    "nat": np.datetime64("NaT", "s"),
}
"""What takes the place of the last member of an array that works, which stays right in all else."""

ALIKE: Mapping[str, Callable[[Any], Any]] = {
    "masked": lambda valid: np.ma.masked_array(valid, mask=np.ones(np.shape(valid), dtype=bool)),
    "dates": lambda valid: np.asarray(valid).astype("datetime64[s]"),
    "spans": lambda valid: np.asarray(valid).astype("timedelta64[s]"),
    "truths": lambda valid: np.ones(np.shape(valid), dtype=bool),
    "numerals": lambda valid: np.asarray(valid).astype(str),
    "things": lambda valid: np.full(np.shape(valid), object(), dtype=object),
}
"""What looks like the value that works and is of another kind."""

NOT_REFUSED_YET: frozenset[str] = frozenset()
"""Kinds that the library does not refuse everywhere; they are not tried."""

NOT_REFUSED_YET_IN_A_LIST: frozenset[str] = frozenset({"truths"})
"""Kinds that it reads as numbers where they stand in a list with numbers; not tried for the names of `MAKE_A_LIST`.

Of truths it is the array without a dimension, `[np.array(True), 0.5]`.
"""

MAKE_A_LIST = {
    *("bands.band", "contracts.holding", "feeds.Book", "feeds.History", "funding.impact_price", "funding.mean_premium"),
    "funding.timed_mean",
    *("funding.total", *(f"drift.{name}" for name in ("adwin", "cusum", "ks", "mmd", "psi", "psi_limit", "switches"))),
}
"""The cases whose call puts its argument into a list."""

# What may be legal, by kind of parameter; the rest must raise ValueError.
NOTHING: frozenset[str] = frozenset()
POSITIVE = frozenset({"shape"})  # > 0, any shape
AT_LEAST_0 = frozenset({"zero", "shape"})  # >= 0, any shape
ANY = frozenset({"zero", "negative", "shape"})  # any finite number, any shape


def _range(legal: frozenset[str]) -> str | None:
    """The range that goes without saying."""
    if {"zero", "negative"} <= legal:
        return "(-inf, inf)"
    return {POSITIVE: "(0, inf)", AT_LEAST_0: "[0, inf)"}.get(legal)


@dataclass(frozen=True)
class Case:
    """A call that works, what each of its numeric parameters may be instead, and from where to where."""

    call: Callable[..., Any]
    valid: Mapping[str, Any]
    legal: Mapping[str, frozenset[str]]
    ranges: Mapping[str, str] = field(default_factory=dict)

    def inputs(self, parameter: str) -> Iterator[tuple[str, Any, bool]]:
        """What is tried in place of the value that works: what it is, the value, and whether it is legal."""
        valid, legal = self.valid[parameter], self.legal[parameter]
        for kind, value in ODD.items():
            yield kind, value, kind in legal
        if not _objects(valid):
            for kind, alike in ALIKE.items():
                yield kind, alike(valid), kind in legal
            if np.ndim(valid):
                for kind, value in WITHIN.items():
                    yield f"{kind} within", _within(valid, value), f"{kind} within" in legal
        if self.ranges.get(parameter):
            good, bad = edges(self.ranges[parameter])
            for values, allowed in ((good, True), (bad, False)):
                for value in values:
                    yield f"{self.ranges[parameter]}:", _within(valid, value) if np.ndim(valid) else value, allowed


def _objects(valid: Any) -> bool:
    """Whether a value is made of something else than numbers."""
    return np.asarray(valid).dtype.kind not in "iuf"


def _within(valid: Any, value: Any) -> Any:
    """An array that works, its last member replaced."""
    array = np.array(valid, dtype=float if type(value) is float else object)
    array.flat[-1] = value
    return array


def edges(text: str) -> tuple[list[float], list[float]]:
    """The values at the ends of a range that are legal, and those that are not.

    >>> edges("(0, 1]")
    ([1e-09, 1.0], [0.0, 1.0000000000000002])
    >>> edges("2..9")
    ([2.0, 9.0], [1.0, 2.5, 10.0])
    """
    if found := re.fullmatch(r"(-?\d+)\.\.(-?\d+)?", text):
        ends = [float(end) for end in found.groups() if end is not None]
        return ends, [ends[0] - 1, ends[0] + 0.5, *(end + 1 for end in ends[1:])]
    if text.startswith("{"):
        members = [float(member) for member in text.strip("{}").split(",")]
        beyond = {near for member in members for near in (math.nextafter(member, 9), math.nextafter(member, -9))}
        return members, sorted(beyond | {sum(members) / len(members)} - set(members))
    found = re.fullmatch(r"([\[(])(~?)(\S+), (~?)(\S+)([\])])", text)
    if not found:
        raise ValueError(f"a range is written like [0, 1) or 2..9 or {{-1, 1}}, got {text!r}")
    good, bad = [], []
    lower, upper = (found[1] == "[", found[2], float(found[3]), -1), (found[6] == "]", found[4], float(found[5]), 1)
    for closed, blurred, end, outward in (lower, upper):
        if math.isinf(end):
            good.append(end if closed else outward * LARGE)
        elif blurred:
            good.append(end - outward * BLUR * abs(end))
            bad.append(end + outward * BLUR * abs(end))
        elif closed:
            good.append(end)
            bad.append(math.nextafter(end, outward * math.inf))
        else:
            good.append(math.nextafter(end, -outward * math.inf) if end else -outward * SMALL)
            bad.append(end)
    return good, bad


def case(call: Callable[..., Any], **parameters: tuple[Any, frozenset[str] | set[str]] | tuple[Any, Any, str]) -> Case:
    """`call` with, for each numeric parameter, a value that works, the odd kinds that are legal too, and its range."""
    legal = {name: frozenset(given[1]) for name, given in parameters.items()}
    ranges = {name: given[2] if len(given) == 3 else _range(legal[name]) for name, given in parameters.items()}
    return Case(
        call,
        {name: given[0] for name, given in parameters.items()},
        legal,
        {name: text for name, text in ranges.items() if text is not None},
    )

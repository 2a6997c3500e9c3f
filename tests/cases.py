"""How an idea's test file says which odd input its public names accept: a table `BAD_INPUT`, read by test_public."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

ODD: Mapping[str, Any] = {
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "zero": 0.0,
    "negative": -0.75,
    "shape": np.full((2, 3, 5), 0.75),
    "empty": [],
    "numeral": "0.75",
}
"""What every numeric parameter of every public name is fed, one at a time."""

# What may be legal, by kind of parameter; the rest must raise ValueError.
NOTHING: frozenset[str] = frozenset()
POSITIVE = frozenset({"shape"})  # > 0, any shape
AT_LEAST_0 = frozenset({"zero", "shape"})  # >= 0, any shape
ANY = frozenset({"zero", "negative", "shape"})  # any finite number, any shape


@dataclass(frozen=True)
class Case:
    """A call that works, and what each of its numeric parameters may be instead."""

    call: Callable[..., Any]
    valid: Mapping[str, Any]
    legal: Mapping[str, frozenset[str]]


def case(call: Callable[..., Any], **parameters: tuple[Any, frozenset[str] | set[str]]) -> Case:
    """`call` with, for each numeric parameter, a value that works and the odd values that are legal too."""
    return Case(
        call,
        {name: value for name, (value, _) in parameters.items()},
        {name: frozenset(legal) for name, (_, legal) in parameters.items()},
    )

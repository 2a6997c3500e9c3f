"""What a frozen object holds cannot change under it, and two objects that hold the same are equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import NoneType
from typing import Any

import numpy as np


class ByValue:
    """Base of a `@dataclass(frozen=True, eq=False)` that holds arrays, lists or mappings: equal and hashed by value.

    Two objects of one class are equal when every field is: arrays in shape and values (NaN equals NaN), mappings in
    their order too, which can matter. What the caller passed is copied by `freeze`.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        freeze(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(_key(self) == _key(other))

    def __hash__(self) -> int:
        return hash(_key(self))


def freeze(made: Any) -> None:
    """Replace what a dataclass was given by what only it holds: read-only arrays, tuples for lists, new mappings."""
    for name in made.__dataclass_fields__:
        given = getattr(made, name)
        if (own := _own(given)) is not given:
            object.__setattr__(made, name, own)


_PLAIN = {float, int, str, bool, NoneType}


def _own(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN or isinstance(value, ByValue) or (kind is tuple and _PLAIN.issuperset(map(type, value))):
        return value
    if isinstance(value, np.ndarray):
        if value.flags.writeable or value.base is not None:  # what looks read-only can be somebody's view
            value = value.copy()
            value.flags.writeable = False
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(*map(_own, value)) if hasattr(value, "_fields") else tuple(map(_own, value))
    if isinstance(value, (dict, Mapping)):
        return {key: _own(member) for key, member in value.items()}
    return value


def _key(value: Any) -> Any:
    """`value` as something that compares and hashes by what it says."""
    if isinstance(value, ByValue):
        named = fields(value)  # type: ignore[arg-type]  # all that is compared by value is a dataclass
        return (type(value), *(_key(getattr(value, field.name)) for field in named))
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            value = np.where(np.isnan(value), np.nan, value + 0.0)  # one NaN, one zero
        return (value.shape, value.dtype.kind, value.tobytes())
    if isinstance(value, Mapping):
        return tuple((key, _key(member)) for key, member in value.items())
    if isinstance(value, tuple):
        return tuple(map(_key, value))
    return "NaN" if isinstance(value, float) and value != value else value

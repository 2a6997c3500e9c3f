"""Argument checks: the parameter, the value, what is allowed; nothing is repaired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]


def real(
    name: str,
    value: Any,
    *,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    ndim: int | None = None,
    infinite: bool = False,
) -> FloatArray:
    """`value` as a non-empty array of finite floats within the bounds, or a `ValueError` that names it.

    With `infinite`, infinity (not minus infinity) is a value too.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number or an array of numbers, got {value!r}") from None
    if array.size == 0:
        raise ValueError(f"{name} must not be empty")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension{'s'[: ndim != 1]}, got shape {array.shape}")
    checks: Sequence[tuple[npt.NDArray[np.bool_], str]] = [
        (np.isfinite(array) | (infinite & np.isposinf(array)), "finite"),
        *([(array > gt, f"> {gt:g}")] if gt is not None else []),
        *([(array >= ge, f">= {ge:g}")] if ge is not None else []),
        *([(array < lt, f"< {lt:g}")] if lt is not None else []),
        *([(array <= le, f"<= {le:g}")] if le is not None else []),
    ]
    for good, rule in checks:
        if not good.all():
            raise ValueError(f"{name} must be {rule}, got {array[~good].flat[0]:g}")
    return array


def scalar(
    name: str,
    value: Any,
    *,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
) -> float:
    """Like `real`, for exactly one number."""
    array = real(name, value, gt=gt, ge=ge, lt=lt, le=le)
    if array.ndim:
        raise ValueError(f"{name} must be one number, got shape {array.shape}")
    return float(array)


def whole(name: str, value: Any, *, ge: int, le: int | None = None) -> int:
    """Like `scalar`, for a whole number."""
    number = scalar(name, value, ge=ge, le=le)
    if number != int(number):
        raise ValueError(f"{name} must be a whole number, got {number:g}")
    return int(number)


def items(name: str, value: Any, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    """`value` as a non-empty tuple whose members are all of the `kinds`, or a `ValueError` that names them."""
    try:
        members = tuple(value)
    except TypeError:
        members = (value,)
    if not members:
        raise ValueError(f"{name} must not be empty")
    for member in members:
        if not isinstance(member, kinds):
            allowed = " or ".join(kind.__name__ for kind in kinds)
            raise ValueError(f"{name} must hold {allowed}, got {member!r}")
    return members


def one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    """`value` when it is one of the `allowed` words, or a `ValueError` that lists them."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
    return value

"""Argument checks: the parameter, the value, what is allowed; nothing is repaired."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]

_NO_NUMBERS = (str, bytes, bool, np.bool_, type(None))


def brief(value: Any) -> str:
    """`value` as an error shows it: in one line, and of a long one the beginning."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def numbers(name: str, value: Any, *, truths: bool = False) -> FloatArray:
    """`value` as an array of floats, NaN and infinity included, or a `ValueError`; a numeral or a truth is no number.

    With `truths`, an array of True and False is one of 1 and 0.
    """
    try:
        array = np.asarray(value)
        kind = array.dtype.kind
        if kind == "O" and any(isinstance(member, _NO_NUMBERS) for member in array.flat):
            raise TypeError
        if kind not in ("iufOb" if truths else "iufO"):
            raise TypeError
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number or an array of numbers, got {brief(value)}") from None


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
    truths: bool = False,
) -> FloatArray:
    """`value` as a non-empty array of finite floats within the bounds, or a `ValueError` that names it.

    With `infinite`, infinity (not minus infinity) is a value too; with `truths`, True and False are 1 and 0.
    """
    array = numbers(name, value, truths=truths)
    if array.size == 0:
        raise ValueError(f"{name} must not be empty")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension{'s'[: ndim != 1]}, got shape {array.shape}")
    # Where the smallest and the largest are allowed, all are; a NaN would be both of them, and no comparison holds.
    low, high = (array.item(),) * 2 if array.ndim == 0 else (float(array.min()), float(array.max()))
    if (
        low > -math.inf
        and (high < math.inf or infinite)
        and (gt is None or low > gt)
        and (ge is None or low >= ge)
        and (lt is None or high < lt)
        and (le is None or high <= le)
    ):
        return array
    checks: Sequence[tuple[npt.NDArray[np.bool_], str]] = [
        (np.isfinite(array) | (infinite & np.isposinf(array)), "finite"),
        *([(array > gt, f"> {gt:g}")] if gt is not None else []),
        *([(array >= ge, f">= {ge:g}")] if ge is not None else []),
        *([(array < lt, f"< {lt:g}")] if lt is not None else []),
        *([(array <= le, f"<= {le:g}")] if le is not None else []),
    ]
    good, rule = next((good, rule) for good, rule in checks if not good.all())
    raise ValueError(f"{name} must be {rule}, got {array[~good].flat[0]:g}")


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


def sides(value: Any) -> FloatArray:
    """The `side` of positions: 1 for a long, -1 for a short; else a `ValueError`."""
    side = real("side", value)
    if (odd := np.abs(side) != 1).any():
        raise ValueError(f"side must be 1 or -1, got {side[odd].flat[0]:g}")
    return side


def broadcast(**arrays: npt.NDArray[Any]) -> None:
    """A `ValueError` with names and shapes, where the arrays do not broadcast."""
    shapes = {name: array.shape for name, array in arrays.items() if array.ndim}
    if len(set(shapes.values())) < 2:
        return
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        raise ValueError(f"{_and(shapes)} must broadcast, got shapes {_and(shapes.values())}") from None


def _and(things: Iterable[Any]) -> str:
    *first, last = map(str, things)
    return f"{', '.join(first)} and {last}"


def whole(name: str, value: Any, *, ge: int, le: int | None = None) -> int:
    """Like `scalar`, for a whole number."""
    number = scalar(name, value, ge=ge, le=le)
    if number != int(number):
        raise ValueError(f"{name} must be a whole number, got {number:g}")
    return int(number)


def flags(name: str, value: Any) -> npt.NDArray[np.bool_]:
    """`value` as an array of True and False, or a `ValueError`: nothing else is read as one of the two."""
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.empty(0)
    if array.dtype != np.bool_ or array.size == 0:
        raise ValueError(f"{name} must be True or False, got {brief(value)}")
    return array


def flag(name: str, value: Any) -> bool:
    """Like `flags`, for exactly one."""
    array = flags(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be one of True and False, got shape {array.shape}")
    return bool(array)


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
            raise ValueError(f"{name} must hold {allowed}, got {brief(member)}")
    return members


def text(name: str, value: Any) -> str:
    """`value` when it is a string that says something, or a `ValueError`."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a non-empty string, got {brief(value)}")
    return value


def one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    """`value` when it is one of the `allowed` words, or a `ValueError` that lists them."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {brief(value)}")
    return value

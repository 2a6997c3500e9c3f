"""Argument checks: the parameter, the value, what is allowed; nothing is repaired."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from perpnotes._types import FloatArray as FloatArray

_T = TypeVar("_T")

_PLAIN: set[type] = {float, int, np.float64}
_TRUTHS = (bool, np.bool_)
_WHOLE = 2**63 - 1  # the largest that numpy counts with
_least, _most = np.minimum.reduce, np.maximum.reduce  # what the methods of an array call


def brief(value: Any) -> str:
    """`value` as an error shows it: in one line, and of a long one the beginning."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python does not write out an integer of thousands of digits
        text = f"an {type(value).__name__} too long to show"
    return text if len(text) <= 60 else f"{text[:59]}…"


def instance(name: str, value: Any, *kinds: type[_T]) -> _T:
    """`value` when it is one of the `kinds`, or a `ValueError` that names them."""
    if not isinstance(value, kinds):
        allowed = " or ".join(f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}" for kind in kinds)
        raise ValueError(f"{name} must be {allowed}, got {brief(value)}")
    return value


def numbers(name: str, value: Any, *, truths: bool = False) -> FloatArray:
    """`value` as an array of floats, NaN and infinity included, or a `ValueError`.

    A number is what Python or numpy calls real, and a `Decimal` or a `Fraction` too, where a float can hold it. A
    numeral, a truth, a date or a complex number is none, and neither is a masked array, whose masked values would
    count. With `truths`, True and False are 1 and 0.
    """
    if type(value) is np.ndarray and value.dtype == np.float64:
        return value
    if type(value) is float or (type(value) in _PLAIN and -_WHOLE <= value <= _WHOLE):
        return np.asarray(value, dtype=np.float64)
    try:
        if kinds := _kinds(value) - _PLAIN:
            if _holds(kinds, _masked()):
                raise ValueError(
                    f"{name} must not be a masked array: fill or compress it first, as its masked values would count"
                )
            if not truths and _holds(kinds, _TRUTHS):
                raise TypeError
        array = np.asarray(value)
        if array.dtype == np.float64:
            return array
        if array.dtype.kind == "O":
            return _floats(array, truths)
        if array.dtype.kind not in ("iufb" if truths else "iuf"):
            raise TypeError
        with np.errstate(over="ignore"):
            floats = array.astype(np.float64, copy=False)
        if array.dtype.itemsize > 8 and (lost := np.isinf(floats) & np.isfinite(array)).any():
            raise _too_large(name, array[lost].flat[0])
        return floats
    except OverflowError:
        raise _too_large(name, value) from None
    except (TypeError, ValueError) as error:
        if str(error).startswith(f"{name} must "):
            raise
        raise ValueError(f"{name} must be a number or an array of numbers, got {brief(value)}") from None


def _floats(array: npt.NDArray[Any], truths: bool) -> FloatArray:
    """An array of objects as floats, one by one: numpy would read numerals, dates and None."""
    from decimal import Decimal  # slow to import, and seldom met

    result = np.empty(array.size)
    for i, member in enumerate(array.flat):
        if not isinstance(member, Real | Decimal | np.bool_) or (isinstance(member, _TRUTHS) and not truths):
            raise TypeError
        result[i] = number = float(member)
        if math.isinf(number) and member != number:
            raise OverflowError
    return result.reshape(array.shape)


def _too_large(name: str, value: Any) -> ValueError:
    return ValueError(f"{name} must be of a size that a float can hold, up to 1.8e308, got {brief(value)}")


def _masked() -> tuple[type, ...]:
    """The type of masked arrays, where somebody has imported them: numpy itself does so only when asked."""
    module = sys.modules.get("numpy.ma")
    return () if module is None else (module.MaskedArray,)


def _kinds(value: Any) -> set[type]:
    """The types of all that is in a list, however nested; of anything else its own."""
    if not isinstance(value, list | tuple):
        return {type(value)}
    kinds = set(map(type, value))
    if any(issubclass(kind, list | tuple) for kind in kinds - _PLAIN):
        return set().union(*map(_kinds, value))
    return kinds


def _holds(kinds: set[type], odd: tuple[type, ...]) -> bool:
    return any(issubclass(kind, odd) for kind in kinds)


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
    if type(value) in _PLAIN and -_WHOLE <= value <= _WHOLE and not ndim and _between(value, value, gt, ge, lt, le):
        return np.asarray(value, dtype=np.float64)  # without the ways around
    array = numbers(name, value, truths=truths)
    if array.size == 0:
        raise ValueError(f"{name} must not be empty")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension{'s'[: ndim != 1]}, got shape {array.shape}")
    # Where the smallest and the largest are allowed, all are; a NaN would be both of them, and no comparison holds.
    low, high = (array.item(),) * 2 if array.ndim == 0 else (_least(array, None), _most(array, None))
    if low > -math.inf and (high < math.inf or infinite) and _between(low, high, gt, ge, lt, le):
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


def _between(low: float, high: float, gt: float | None, ge: float | None, lt: float | None, le: float | None) -> bool:
    return (
        (gt is None or low > gt)
        and (ge is None or low >= ge)
        and (lt is None or high < lt)
        and (le is None or high <= le)
    )


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
    if (
        type(value) in _PLAIN
        and -_WHOLE <= value <= _WHOLE
        and (gt is None or value > gt)
        and (ge is None or value >= ge)
        and (lt is None or value < lt)
        and (le is None or value <= le)
    ):
        return float(value)  # without an array or a call, which cost more than all else
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
    try:
        np.broadcast(*arrays.values())
    except ValueError:
        shapes = {name: array.shape for name, array in arrays.items() if array.ndim}
        raise ValueError(f"{_and(shapes)} must broadcast, got shapes {_and(shapes.values())}") from None


def _and(things: Iterable[Any]) -> str:
    *first, last = map(str, things)
    return f"{', '.join(first)} and {last}"


def whole(name: str, value: Any, *, ge: int, le: int | None = None) -> int:
    """Like `scalar`, for a whole number; an integer keeps all of its digits."""
    if type(value) is int and abs(value) <= _WHOLE and value >= ge and (le is None or value <= le):
        return value
    number = scalar(name, value, ge=ge, le=le)
    if number != int(number):
        raise ValueError(f"{name} must be a whole number, got {number:g}")
    if abs(number) > _WHOLE:
        raise ValueError(f"{name} must be a whole number of at most 2^63 - 1, got {number:g}")
    return int(value) if isinstance(value, np.integer) else int(number)


def defined(result: FloatArray, *names: str) -> FloatArray:
    """`result`, or a `ValueError` where sizes that no float holds together left no number: `inf - inf`, `0 * inf`."""
    if math.isnan(result.min()):
        raise ValueError(f"{_and(names)} must be of sizes that floats can hold together: their result is no number")
    return result


def flags(name: str, value: Any) -> npt.NDArray[np.bool_]:
    """`value` as an array of True and False, or a `ValueError`: nothing else is read as one of the two."""
    try:
        array: npt.NDArray[Any] = np.asarray(value)
    except ValueError:
        array = np.empty(0)
    if array.dtype != np.bool_ or array.size == 0 or _holds(_kinds(value), _masked()):
        raise ValueError(f"{name} must be True or False, got {brief(value)}")
    return array


def flag(name: str, value: Any) -> bool:
    """Like `flags`, for exactly one."""
    if value is True or value is False:
        return value
    array = flags(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be one of True and False, got shape {array.shape}")
    return bool(array)


def items(name: str, value: Any, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    """`value` as a non-empty tuple whose members are all of the `kinds`, or a `ValueError` that names them.

    One member alone, a word too, is a tuple of it.
    """
    try:
        members = (value,) if isinstance(value, str) else tuple(value)
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

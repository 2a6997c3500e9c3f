"""Labels of tables from elsewhere: nothing here reorders by them, so two tables that have them must agree."""

from __future__ import annotations

from typing import Any

from perpnotes._validate import brief


def agree(first: str, one: Any, second: str, other: Any) -> None:
    """A `ValueError` where both have labels and the labels or their order differ; `one` and `other` are from `of`."""
    if one is None or other is None or one == other:
        return
    if sorted(map(repr, one)) == sorted(map(repr, other)):
        raise ValueError(f"{first} must have the labels of {second} in the same order, got {brief(one)}")
    raise ValueError(f"{first} must have the labels of {second}, {brief(other)}, got {brief(one)}")


def of(table: Any, axis: str) -> list[Any] | None:
    """The labels of a data frame's `"columns"` or of the `"index"` of a frame or series; None for what has none."""
    found = getattr(table, axis, None)
    if found is None or callable(found):  # a list has a method of that name
        return None
    return list(found)

"""A book as everybody passes it: pairs of a contract and its quantity, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perpnotes._validate import FloatArray, brief, items, real
from perpnotes.contracts import Cash, Contract


def legs(book: Sequence[tuple[Contract, float]], kinds: tuple[type, ...]) -> tuple[tuple[Any, ...], FloatArray]:
    """The contracts of a book, all of the `kinds`, and their quantities."""
    try:
        pairs = [(contract, quantity) for contract, quantity in book]
    except (TypeError, ValueError):
        raise ValueError(f"book must hold pairs of a contract and a quantity, got {brief(book)}") from None
    contracts = items("book", [contract for contract, _ in pairs], kinds)
    quantities = real("quantities", [quantity for _, quantity in pairs], ndim=1)
    for contract, quantity in zip(contracts, quantities, strict=True):
        if isinstance(contract, Cash) and contract.haircut and quantity < 0:  # it would make the debt smaller
            raise ValueError(f"haircut of {contract.currency} must be 0 for a debt, got {contract.haircut:g}")
    return contracts, quantities

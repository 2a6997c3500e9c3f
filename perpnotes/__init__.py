"""Perpetual-futures risk, computed and explained.

One module per topic; each has an article, a test file and a reference page of the same name.

Conventions, the same in every module:

- `size > 0` is long, `size < 0` is short.
- P&L `> 0` is a gain. Anything called *loss* is `>= 0`.
- A funding rate `> 0` is paid by longs. A funding *payment* is the cash flow to the holder.
- Rates, moves and haircuts are fractions, never percent: `0.005` is half a percent.
- Volatilities are per square root of a year. Times are in seconds, minutes, hours or years, as the name or text says.
- Prices are in quote currency (USD) per coin.
- Objects are frozen and compared by value, arrays included. Arrays in them are read-only copies of what was passed.
- Bad input raises `ValueError` with the parameter, the value and what is allowed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perpnotes import (
        anomalies,
        bands,
        book,
        cascades,
        contracts,
        correlation,
        crowding,
        deleveraging,
        drift,
        feeds,
        fees,
        funding,
        guardrails,
        latency,
        liquidation,
        margin,
        pipeline,
        portfolio,
        prices,
        sizing,
        stress,
    )
    from perpnotes._derivation import Derivation, Term

__version__ = "0.1.0"

__all__ = [
    "Derivation",
    "Term",
    "anomalies",
    "bands",
    "book",
    "cascades",
    "contracts",
    "correlation",
    "crowding",
    "deleveraging",
    "drift",
    "feeds",
    "fees",
    "funding",
    "guardrails",
    "latency",
    "liquidation",
    "margin",
    "pipeline",
    "portfolio",
    "prices",
    "sizing",
    "stress",
]

# An idea is loaded when it is first asked for: who needs one does not wait for all of them.
if not TYPE_CHECKING:  # with this function in sight, a type checker would let any name pass

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name in ("Derivation", "Term"):
            return getattr(import_module("perpnotes._derivation"), name)
        return import_module(f"perpnotes.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""The report of a book of ten legs, as the page asks for it at each keystroke; a browser takes about twice as long."""

from collections.abc import Iterator
from typing import Any

from perpnotes import book
from tests.bench.timing import best

MARKS = {"BTC": 60_000.0, "ETH": 3_000.0, "SOL": 150.0, "XRP": 2.0, "DOGE": 0.2, "AVAX": 30.0, "BNB": 600.0}


def run() -> Iterator[tuple[str, str]]:
    """Time the report, and with it what the page shows: plain values, text and two derivations."""
    for name, given in BOOKS.items():
        report, shown = best(lambda: book.report(given), lambda: ask(given), times=20)  # noqa: B023
        yield f"report of {name} (aim: 30 ms)", f"{report * 1e3:.1f} ms"
        yield "with all that the page shows (aim: 30 ms)", f"{shown * 1e3:.1f} ms"


def ask(given: dict[str, Any]) -> None:
    """What a keystroke asks."""
    found = book.report(given)
    found.to_dict()
    str(found)
    found.terms("accounts[0].ratio")
    found.terms("prices[0].together")


def option(coin: str, size: float, strike: float, days: float, *, call: bool) -> dict[str, Any]:
    """A leg."""
    leg = {"coin": coin, "kind": "option", "size": size, "strike": strike * MARKS[coin], "days": days, "call": call}
    return leg | ({"maintenance": 0.1} if size < 0 else {})


def perpetual(coin: str, notional: float, kind: str = "linear") -> dict[str, Any]:
    """A leg of so many dollars."""
    size = notional if kind == "inverse" else notional / MARKS[coin]
    return {"coin": coin, "kind": kind, "size": size, "maintenance": 0.01}


MONEY = [{"amount": 60_000.0}, {"amount": 100_000.0, "currency": "MXN", "haircut": 0.05}]
BITCOIN = [
    option("BTC", -2, 0.83, 7, call=False),
    option("BTC", 3, 0.87, 7, call=False),
    option("BTC", 1, 1.00, 30, call=True),
    option("BTC", -2, 1.08, 30, call=True),
    option("BTC", -1, 1.17, 91, call=True),
    option("BTC", 2, 0.75, 91, call=False),
]
ETHER = [option("ETH", -1, 1.00, 91, call=False), option("ETH", 1, 1.33, 182, call=True)]
BOOKS: dict[str, dict[str, Any]] = {
    "ten perpetuals on seven coins": {
        "legs": [
            *(perpetual(coin, size) for coin, size in zip(MARKS, (9e3, 6e3, -3e3, 2e3, -2e3, 1e3, 1e3), strict=True)),
            *(perpetual(coin, -3e3, "inverse") for coin in ("BTC", "ETH", "SOL")),
        ],
        "marks": MARKS,
        "collateral": MONEY,
    },
    "two perpetuals and eight options on two coins": {
        "legs": [perpetual("BTC", 9e4), perpetual("ETH", -6e4), *BITCOIN, *ETHER],
        "marks": MARKS,
        "collateral": MONEY,
    },
}

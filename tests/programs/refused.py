"""What a type checker refuses, each line an error that has to be there: an ignore without one is an error itself."""

from typing import TYPE_CHECKING

from perpnotes.contracts import Contract, Linear, linear_pnl, to_step
from perpnotes.liquidation import price
from perpnotes.margin import Position, Tiers
from perpnotes.stress import Market, evaluate, grid

if TYPE_CHECKING:
    number: float = linear_pnl([1.0, 2.0], 100.0, 101.0)  # type: ignore[assignment]
    linear_pnl(object(), 100.0, 101.0)  # type: ignore[call-overload]
    to_step(1.04, 0.1, toward="sideways")  # type: ignore[call-overload]
    price(1.0, 100.0, 10.0, 0.01, basis="last")  # type: ignore[call-overload]
    Position(Contract(), 1.0, 100.0, 100.0, Tiers.flat(0.01))  # type: ignore[arg-type]
    evaluate([("BTC", 1.0)], Market({"BTC": 100.0}), grid(price=[-0.1]))  # type: ignore[list-item]
    evaluate([(Linear("BTC"), "1")], Market({"BTC": 100.0}), grid(price=[-0.1]))  # type: ignore[list-item]

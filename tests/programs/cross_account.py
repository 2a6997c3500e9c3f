"""A cross account with linear and inverse legs and a coin as collateral: where is it liquidated, and why there?"""

import math

from perpnotes.contracts import Inverse, Linear, linear_pnl
from perpnotes.liquidation import Interval, interval, price
from perpnotes.margin import Account, Collateral, Position, Tiers

TABLE = Tiers.flat(0.005)


def account() -> Account:
    """Long Bitcoin in coins, short in dollars, and Ether beside them."""
    legs = [
        Position(Linear("BTC"), 1.5, 58_000.0, 60_000.0, TABLE, leverage=10),
        Position(Inverse("BTC"), -30_000.0, 61_000.0, 60_000.0, TABLE, leverage=5),
        Position(Linear("ETH"), -20.0, 3_100.0, 3_000.0, TABLE, basis="entry"),
    ]
    return Account(legs, [Collateral(4_000.0), Collateral(0.05, "BTC", haircut=0.1, fx=60_000.0)])


def report(book: Account) -> dict[str, float]:
    """The numbers of a risk screen."""
    state = book.assess()
    found: dict[str, Interval] = {
        "Ether stays": interval(book, "BTC"),
        "Ether follows": interval(book, "BTC", {"ETH": 1.2}),
    }
    rows = {"equity": state.equity, "ratio": state.ratio}
    for name, prices in found.items():
        rows[f"{name}: low"], rows[f"{name}: distance"] = prices.low, prices.distance
    return rows


def main() -> None:
    """Print the screen, the derivation and a plain position for comparison."""
    book = account()
    for name, value in report(book).items():
        print(f"{name:<24}{value:>12,.4f}")
    print(book.assess().why("equity"))
    alone: float = price(1.5, 58_000.0, 9_000.0, 0.005, close_fee=0.0005)
    lost: float = linear_pnl(1.5, 58_000.0, alone)
    assert math.isclose(9_000.0 + lost, 1.5 * alone * 0.0055)
    print(f"the first leg alone: {alone:,.2f}")


if __name__ == "__main__":
    main()

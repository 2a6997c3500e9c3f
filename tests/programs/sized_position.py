"""How large may it be? A size that survives named failures, beside Kelly, and how likely the price gets there."""

import numpy as np

from perpnotes.bands import band, hit_hours, hit_probability
from perpnotes.contracts import to_step
from perpnotes.fees import forced_loss, round_trip
from perpnotes.liquidation import Estimate
from perpnotes.margin import published_tiers
from perpnotes.sizing import Mode, Sizing, growth, kelly, together


def main() -> None:
    """Print the size, which failure sets it, and the odds over a week."""
    gap = Mode("gap", gap=0.12)
    carry = Mode("carry", fees=0.001, funding=90 * 0.0002)
    depeg = Mode("depeg", unusable=0.15)
    modes = [gap, carry, depeg, together([gap, carry, depeg])]
    sizing = Sizing(10_000.0, 60_000.0, published_tiers("binance_btcusdt_2024_10"), modes)
    size: float = to_step(sizing.size, 0.001, toward="down")
    cost: float = round_trip(size * 60_000.0, 0.0002, 0.0005)
    print(f"{size:.3f} BTC, set by {sizing.binding.name!r}, {sizing.leverage:.2f}x; a round trip costs {cost:,.2f} USD")
    best: float = kelly(0.3, 0.6, 2.0, 0.12)
    curve = growth(np.linspace(0.0, 2.0 * best, 5), 0.3, 0.6, 2.0, 0.12)
    assert curve.argmax() == 2
    print(f"Kelly would take {best:.2f}x, growing by {growth(best, 0.3, 0.6, 2.0, 0.12):.1%} a year")
    position = Estimate(size, 60_000.0, 10_000.0, 0.005)
    chance: float = hit_probability(60_000.0, position.price, 0.6, 7 * 24.0)
    median: float = hit_hours(60_000.0, position.price, 0.6, 0.5)
    levels = band(position).hours(60_000.0, 0.6, [0.1, 0.5])
    taken: float = forced_loss(sizing.leverage, 0.005, 0.002)
    print(f"reached within a week with {chance:.3%}, one time in two within {median:,.0f} hours; takes {taken:.1%}")
    print({name: hours.round(0).tolist() for name, hours in levels.items()})
    print(sizing.why())


if __name__ == "__main__":
    main()

"""Facts that venues published: margin-tier tables and portfolio-margin scenario sets, each with its source.

Numbers only; nothing here computes. The modules that use them check them like any other input.
"""

from __future__ import annotations

from typing import Any

# name: (tier floors in USD, maintenance rates, maximum leverage)
TIERS: dict[str, tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]] = {
    # Binance leverage and margin brackets, as recorded on 2024-10-24 in freqtrade's binance_leverage_tiers.json
    "binance_btcusdt_2024_10": (
        (0, 50e3, 600e3, 3e6, 12e6, 70e6, 100e6, 230e6, 480e6, 600e6, 800e6, 1.2e9),
        (0.004, 0.005, 0.0065, 0.01, 0.02, 0.025, 0.05, 0.1, 0.125, 0.15, 0.25, 0.5),
        (125, 100, 75, 50, 25, 20, 10, 5, 4, 3, 2, 1),
    ),
    "binance_ethusdt_2024_10": (
        (0, 50e3, 600e3, 3e6, 12e6, 50e6, 65e6, 150e6, 320e6, 400e6, 530e6, 800e6),
        (0.004, 0.005, 0.0065, 0.01, 0.02, 0.025, 0.05, 0.1, 0.125, 0.15, 0.25, 0.5),
        (125, 100, 75, 50, 25, 20, 10, 5, 4, 3, 2, 1),
    ),
    # Hyperliquid documentation, "Margin tiers" (2025 edition); the maintenance rate is half of 1/(maximum leverage)
    "hyperliquid_btc_2025": ((0, 150e6), (0.0125, 0.025), (40, 20)),
    "hyperliquid_eth_2025": ((0, 100e6), (0.02, 1 / 30), (25, 15)),
    "hyperliquid_sol_2025": ((0, 70e6), (0.025, 0.05), (20, 10)),
}

_PARADEX = (
    (0.16, "up", 1), (0.12, "up", 1), (0.12, "down", 1), (0.08, "up", 1), (0.08, "down", 1), (0.04, "up", 1),
    (0.04, "down", 1), (0, "up", 1), (0, "down", 1), (-0.04, "up", 1), (-0.04, "down", 1), (-0.08, "up", 1),
    (-0.08, "down", 1), (-0.12, "up", 1), (-0.12, "down", 1), (-0.16, "up", 1),
    (-0.66, "up", 0.24), (-0.33, "up", 0.48), (0.5, "up", 0.32), (1, "up", 0.16), (2, "up", 0.08), (3, "up", 0.0533),
    (4, "up", 0.04), (5, "up", 0.032),
)  # fmt: skip


def _derive(step: float) -> tuple[tuple[float, str, float], ...]:
    """Derive's regular rows: nine prices, each with volatility up, unchanged and down; only up at the two ends."""
    ends = (4 * step, "up", 1.0), (-4 * step, "up", 1.0)
    inner = tuple((k * step, vol, 1.0) for k in range(3, -4, -1) for vol in ("up", "none", "down"))
    return (ends[0], *inner, ends[1])


_DERIVE_2_TAILS = (
    (-0.66, "up", 0.21), (-0.33, "up", 0.42), (0.5, "up", 0.2772), (1.0, "up", 0.1386), (2.0, "up", 0.0693),
    (3.0, "up", 0.0462), (4.0, "up", 0.03465), (5.0, "up", 0.02772),
)  # fmt: skip

# name: (rows of relative spot move, volatility direction, weight on the P&L; volatility up; volatility down;
#        exponents of the volatility move's term structure below and above 30 days; initial and maintenance factor)
GRIDS: dict[
    str, tuple[tuple[tuple[float, str, float], ...], float, float, tuple[float, float], tuple[float, float]]
] = {
    # docs.paradex.trade, "Portfolio margin" (beta, stored 2026): maintenance is half of the initial requirement
    "paradex": (_PARADEX, 0.40, -0.22, (0.30, 0.13), (1.0, 0.5)),
    # derivexyz/v2-core at 7736900, scripts/config-mainnet.sol, getDefaultScenarios and getPMRMParams (2026-01-21)
    "derive_pmrm_v1": (_derive(0.05), 0.60, -0.30, (0.30, 0.13), (1.25, 1.0)),
    # the same file, getDefaultPM2Scenarios and getPMRM2Params; without its two skew rows, which move no forward, and
    # without the absolute floor on shocked volatility: neither touches a book without options
    "derive_pmrm_v2": (_derive(0.045) + _DERIVE_2_TAILS, 0.50, -0.30, (0.30, 0.13), (1.0, 0.8)),
}

# name of a grid: what its venue charges beside the scenarios, as `stress.MarginRule` names it
RULES: dict[str, dict[str, Any]] = {
    # derivexyz/v2-core at 7736900, scripts/config-mainnet.sol, getPMRMParams (2026-01-21)
    "derive_pmrm_v1": {
        "basis_moves": (0.05, -0.05), "basis_charge": 1.0, "basis_charge_year": 1.2,
        "discount": 0.95, "discount_rate": 1.0, "discount_spread": 0.12,
        "perpetual": 0.03, "spot": 0.03, "short_option": 0.02,
        "trust_threshold": 0.55, "trust_charge": 1.0, "peg_threshold": 0.99, "peg_factor": 4.0,
    },
}  # fmt: skip

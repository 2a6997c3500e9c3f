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

Rows = tuple[tuple[float, str, float], ...]
"""Relative spot move, direction of the volatility move, weight on the P&L."""


def _steps(step: float, tails: tuple[float, ...] = (), *, none: bool = True) -> Rows:
    """Nine prices, each with volatility up, unchanged (where `none`) and down, only up at the two ends; then tails.

    The tails are weights of moves by -66, -33, +50, +100, +200, +300, +400 and +500 %, with volatility up.
    """
    inner = [(k, vol) for k in range(3, -4, -1) for vol in ("up", "none", "down") if none or vol != "none"]
    regular = ((4 * step, "up", 1.0), *((k * step, vol, 1.0) for k, vol in inner), (-4 * step, "up", 1.0))
    moves = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
    return (*regular, *((move, "up", weight) for move, weight in zip(moves, tails, strict=False) if weight))


_DERIVE_2 = (0.21, 0.42, 0.27, 0.13, 0.069, 0.046, 0.034, 0.027)
_DERIVE_2_CHAIN_BTC = (0.122624, 0.245, 0.161741, 0.080871, 0.020218, 0.008976, 0.005044, 0.003228)
_DERIVE_2_CHAIN_ETH = (0.14, 0.28, 0.1848, 0.0924, 0.0231, 0.010267, 0.005775, 0.003696)
_DERIVE_2_CHAIN_HYPE = (0.3273, 0.6545, 0.432, 0.216, 0.05065, 0.024, 0.0135, 0.00864)
_PARADEX = (0.18, 0.36, 0.24, 0.12, 0.06, 0.04, 0.03, 0.024)
_PARADEX_HYPE = (0.3, 0.5, 0.4, 0.2, 0.1, 0.07, 0.05, 0.04)

Grid = tuple[Rows, float, float, float, tuple[float, float], tuple[float, float]]

# name: (rows; volatility up; volatility down; least volatility in the rows with volatility up;
#        exponents of the volatility move's term structure below and above 30 days; initial and maintenance factor)
GRIDS: dict[str, Grid] = {
    # tradeparadex/paradex-docs at 9b82a75 (2026-08-20), "Portfolio margin", tabs BTC and ETH, HYPE and CL:
    # maintenance is half of the initial requirement
    "paradex": (_steps(0.04, _PARADEX, none=False), 0.40, -0.22, 0.40, (0.30, 0.13), (1.0, 0.5)),
    "paradex_hype": (_steps(0.07, _PARADEX_HYPE, none=False), 0.64, -0.352, 0.60, (0.30, 0.13), (1.0, 0.5)),
    # derivexyz/v2-core at 7736900, scripts/config-mainnet.sol, getDefaultScenarios and getPMRMParams (2026-01-21)
    "derive_pmrm_v1": (_steps(0.05), 0.60, -0.30, 0.0, (0.30, 0.13), (1.25, 1.0)),
    # docs.derive.xyz, "Portfolio Manager [New]" (2025-26). The script of the repository above has other values
    # (volatility down 30 %, exact tail weights): it is what the contracts began with, and not the documentation
    "derive_pmrm_v2": (_steps(0.045, _DERIVE_2), 0.50, -0.275, 0.40, (0.30, 0.13), (1.0, 0.8)),
    "derive_pmrm_v2_sol": (
        _steps(0.0675, (0.36, 0.72, 0.48, 0.24, 0.12, 0.08, 0.06, 0.048)), 0.60, -0.30, 0.60, (0.30, 0.13), (1.1, 0.9),
    ),
    "derive_pmrm_v2_hype": (
        _steps(0.0825, (0.49, 0.0, 0.66, 0.33, 0.165, 0.11, 0.0825, 0.066)), 0.65, -0.30, 0.60, (0.30, 0.13),
        (1.15, 0.95),
    ),
    # the state of the live contracts since 2026-08-20 as a third party read it: gelatotrade/Derive-Option-Surface,
    # results/p2/params (secondary)
    "derive_pmrm_v2_2026_08": (_steps(0.035, _DERIVE_2_CHAIN_BTC), 0.40, -0.25, 0.50, (0.30, 0.13), (1.0, 0.8)),
    "derive_pmrm_v2_2026_08_eth": (_steps(0.04, _DERIVE_2_CHAIN_ETH), 0.40, -0.25, 0.50, (0.30, 0.13), (1.0, 0.8)),
    "derive_pmrm_v2_2026_08_hype": (_steps(0.0675, _DERIVE_2_CHAIN_HYPE), 0.50, -0.30, 0.60, (0.30, 0.13), (1.0, 0.8)),
}  # fmt: skip


def _second(step: float, perpetual: tuple[float, float], option: tuple[float, float], **more: float) -> dict[str, Any]:
    """Derive's second manager: charges for maintenance, and what initial margin adds to them."""
    return {
        "basis_moves": (step, -step), "basis_charge": 0.5, "basis_charge_year": 2.0, "outside": True, "present": True,
        "discount": 0.98, "discount_spread": 0.10, "debt": 1.02, "debt_spread": 0.10,
        "perpetual": perpetual[0], "perpetual_initial": perpetual[1],
        "short_option": option[0], "short_option_initial": option[1],
        "trust_threshold": 0.55, "trust_charge": 1.0, "peg_threshold": 0.99, "peg_factor": 4.0,
    } | more  # fmt: skip


# grid of a Derive manager: what is charged beside the scenarios, as `portfolio.MarginRule` names it
CHARGES: dict[str, dict[str, Any]] = {
    # derivexyz/v2-core at 7736900, scripts/config-mainnet.sol, getPMRMParams (2026-01-21)
    "derive_pmrm_v1": {
        "basis_moves": (0.05, -0.05), "basis_charge": 1.0, "basis_charge_year": 1.2,
        "discount": 0.95, "discount_rate": 1.0, "discount_spread": 0.12,
        "perpetual": 0.03, "spot": 0.03, "short_option": 0.02,
        "trust_threshold": 0.55, "trust_charge": 1.0, "peg_threshold": 0.99, "peg_factor": 4.0,
    },
    # docs.derive.xyz as above. The page prints totals for initial margin, but for the options of BTC and ETH. The
    # option charge of SOL is inferred from it, that of HYPE is what the contract held (secondary). Haircuts are those
    # of ETH, of wrapped BTC and of HYPE; SOL's are not on the page
    "derive_pmrm_v2": _second(0.045, (0.03, 0.01), (0.003, 0.002), spot=0.056, spot_initial=0.014),
    "derive_pmrm_v2_btc": _second(0.045, (0.03, 0.01), (0.003, 0.002), spot=0.106, spot_initial=0.014),
    "derive_pmrm_v2_sol": _second(0.0675, (0.05, 0.01), (0.015, 0.005)),
    "derive_pmrm_v2_hype": _second(0.0825, (0.075, 0.025), (0.0175, 0.0075), spot=0.1, spot_initial=0.1),
    # gelatotrade/Derive-Option-Surface as above (secondary); haircuts as in the documentation
    "derive_pmrm_v2_2026_08": _second(
        0.035, (0.0075, 0.0075), (0.0015, 0.001), spot=0.106, spot_initial=0.014, trust_charge=0.4,
    ),
    "derive_pmrm_v2_2026_08_eth": _second(
        0.04, (0.0075, 0.0075), (0.0015, 0.001), spot=0.056, spot_initial=0.014, trust_charge=0.4,
    ),
    "derive_pmrm_v2_2026_08_hype": _second(
        0.0675, (0.01, 0.0075), (0.003, 0.002), spot=0.1, spot_initial=0.1, trust_charge=0.4, basis_charge=0.25,
    ),
}  # fmt: skip

# the two rows of Derive's second manager that turn the volatility surface, as `portfolio.Skew` names them
SKEWS: tuple[dict[str, Any], ...] = (
    {"kind": "linear", "cap": 0.25, "cap_slope": -0.1, "least": 0.01, "width": 4.0, "level": 0.6},
    {"kind": "absolute", "cap": 0.25, "cap_slope": -0.1, "least": 0.01, "width": 4.0, "level": 0.6},
)

# what Paradex charges beside its scenarios, as `portfolio.FloorRule` names it; the same page
FLOORS: dict[str, dict[str, float]] = {
    "paradex": {"net": 0.02, "hedged": 0.01},
    "paradex_hype": {"net": 0.03, "hedged": 0.015},
}

# Deribit, as `portfolio.ShockRule` names it: the answers of `private/simulate_portfolio` in the documentation
# (2024-06-17) and of a recorded call of 2026-02-15; eight extended moves as in support article 25944756247837. The
# delta shock is secondary (docs.oreome.com)
SHOCKS: dict[str, dict[str, Any]] = {
    "deribit_btc_2024_06": {
        "reach": 0.16, "up": 0.50, "down": 0.25, "lowest": 0.50, "roll_year": 0.075, "roll": 0.01, "dampener": 100e3,
        "offset": 0.0, "delta_share": 0.1, "delta_slope": 5e-5, "delta_free": 20e6,
    },
    "deribit_eth_2026_02": {
        "reach": 0.18, "up": 0.40, "down": 0.25, "lowest": 0.50, "roll_year": 0.05, "roll": 0.005, "dampener": 200e3,
        "offset": 0.6, "offset_cap": 20e6, "delta_share": 0.1, "delta_slope": 4e-6, "delta_free": 20e6,
    },
}  # fmt: skip

# OKX, linear perpetuals on BTC and ETH, as `portfolio.LayeredRule` names it: announcement of 2025-01-02 for the moves;
# the charges for basis and minimum follow from the position builder's answer in the API reference; the sizes at which
# the minimum grows are those until 2025-01-15 (okx.com support 4417291853837) and since (secondary)
LAYERS: dict[str, dict[str, Any]] = {
    "okx_2025": {
        "moves": (0.04, 0.08, 0.12), "extreme": 0.24, "extreme_share": 0.5, "basis": 0.002, "minimum": 0.0045,
        "sizes": (0.0, 250e3, 500e3, 1e6, 2e6, 3e6, 4e6), "multipliers": (1, 2, 4, 6, 8, 10, 12), "initial_factor": 1.3,
    },
}  # fmt: skip
OKX_SIZES_2024 = (0.0, 10e3, 70e3, 170e3, 300e3, 470e3, 700e3)

"""Facts that venues published: margin tiers, portfolio-margin scenarios, liquidation rules, each with its source.

Numbers only; nothing here computes. The modules that use them check them like any other input.
"""

from __future__ import annotations

from typing import Any

Table = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
"""Floors of the tiers, maintenance rates, maximum leverage."""

# name: (tier floors in USD, maintenance rates, maximum leverage)
TIERS: dict[str, Table] = {
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
    # Bybit, /v5/market/risk-limit, as freqtrade stored it on 2025-12-29 (erikubingf-del/tradingtest at 30f3720). The
    # largest positions are 1.2e9 and 1e9. Answers of 2026-09 have one more tier for Bitcoin: 0.0033 up to 300,000
    "bybit_btcusdt_2025_12": (
        (0, 2e6, 2.6e6, 3.2e6, 3.8e6, 4.4e6, 5e6, 5.6e6, 8.5e6, 10e6, 14e6, 20e6, 28e6, 38e6, 50e6, 55e6, 60e6, 65e6,
         70e6, 75e6, 80e6, 85e6, 90e6, 95e6, 100e6, 105e6, 110e6, 115e6, 120e6, 150e6, 200e6, 250e6, 400e6, 600e6,
         800e6),
        (0.005, 0.0056, 0.0063, 0.0067, 0.0071, 0.0077, 0.0091, 0.01, 0.013, 0.015, 0.016, 0.02, 0.025, 0.029, 0.03,
         0.035, 0.036, 0.038, 0.04, 0.045, 0.05, 0.055, 0.06, 0.065, 0.07, 0.085, 0.095, 0.1, 0.12, 0.14, 0.18, 0.3,
         0.42, 0.5, 0.6),
        (100, 90, 80, 75, 70, 65, 55, 50, 45, 40, 35, 30, 25, 20, *range(19, 1, -1), 1.43, 1.28, 1),
    ),
    "bybit_ethusdt_2025_12": (
        (0, 0.9e6, 1.2e6, 1.5e6, 1.8e6, 2.4e6, 3.2e6, 4e6, 5e6, 8e6, 12e6, 16e6, 22e6, 28e6, 32e6, 34e6, 36e6, 38e6,
         40e6, 42e6, 44e6, 46e6, 48e6, 50e6, 52e6, 54e6, 58e6, 62e6, 66e6, 72e6, 80e6, 100e6, 200e6, 400e6, 600e6),
        (0.005, 0.0056, 0.0063, 0.0067, 0.0071, 0.0077, 0.0091, 0.01, 0.012, 0.013, 0.014, 0.015, 0.02, 0.025, 0.03,
         0.033, 0.035, 0.038, 0.039, 0.042, 0.045, 0.05, 0.055, 0.06, 0.068, 0.075, 0.09, 0.1, 0.12, 0.14, 0.18, 0.3,
         0.42, 0.5, 0.6),
        (100, 90, 80, 75, 70, 65, 55, 50, 45, 40, 35, 30, 25, 20, *range(19, 1, -1), 1.43, 1.28, 1),
    ),
    # Hyperliquid documentation, "Margin tiers" (2025 edition); the maintenance rate is half of 1/(maximum leverage)
    "hyperliquid_btc_2025": ((0, 150e6), (0.0125, 0.025), (40, 20)),
    "hyperliquid_eth_2025": ((0, 100e6), (0.02, 1 / 30), (25, 15)),
    "hyperliquid_sol_2025": ((0, 70e6), (0.025, 0.05), (20, 10)),
}  # fmt: skip


def _okx(second: float, third: float, step: float) -> Table:
    """OKX's tiers: three of their own, then 96 of one width, each with rates half a percent above those before it."""
    more = range(96)
    return (
        (0.0, second, third, *(step * (k + 1) for k in more)),
        (0.004, 0.005, 0.0075, *(round(0.0125 + 0.005 * k, 4) for k in more)),
        (100.0, 1 / 0.015, 50.0, *(1 / (0.025 + 0.005 * k) for k in more)),
    )


# name: (tier floors in coins, maintenance rates, maximum leverage: one over the least initial rate)
SIZE_TIERS: dict[str, Table] = {
    # OKX, /api/v5/public/position-tiers, as freqtrade stored it on 2026-05-28 (loveolu/crypto-strategy-research at
    # 346d4b7), in contracts of 0.01 BTC and 0.1 ETH. The largest positions are 19,400 BTC and 242,500 ETH
    "okx_btcusdt_2026_05": _okx(10.0, 50.0, 200.0),
    "okx_ethusdt_2026_05": _okx(500.0, 1_000.0, 2_500.0),
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

# key: (document, address, date of the copy that was read); a date with a second year spans several copies
DOCUMENTS: dict[str, tuple[str, str, str]] = {
    "binance": (
        "Binance, FAQ 360033525271, Liquidation protocols",
        "https://www.binance.com/en/support/faq/360033525271",
        "2020 to 2024",
    ),
    "binance tiers": (
        "Binance, leverage brackets as recorded by freqtrade",
        "https://github.com/freqtrade/freqtrade/blob/develop/freqtrade/exchange/binance_leverage_tiers.json",
        "2024-10-24",
    ),
    "binance symbols": (
        "Binance, exchangeInfo of USDS-M futures, stored answers",
        "https://developers.binance.com/docs/derivatives",
        "undated",
    ),
    "binance funding": (
        "Binance, announcement on the cap and floor of funding, as mirrored",
        "",
        "2025-05-02",
    ),
    "binance stream": (
        "Binance, API of USDS-M futures, Event: Balance and Position Update",
        "https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Balance-and-Position-Update",
        "undated",
    ),
    "binance notes": ("notes of a third party that cite Binance's FAQs", "", "2026-07"),
    "bybit": (
        "Bybit, help center, Liquidation Process (Unified Trading Account)",
        "https://www.bybit.com/en/help-center",
        "2023-10-19 to 2024-09-10",
    ),
    "bybit price": (
        "Bybit, help center, Liquidation Price (USDT Contract)",
        "https://www.bybit.com/en/help-center",
        "undated",
    ),
    "bybit margin": (
        "Bybit, help center 000001391, Position Margin",
        "https://www.bybit.com/en-US/help-center/bybitHC_Article/?id=000001391",
        "2024-03-14",
    ),
    "bybit tiers": (
        "Bybit, V5 API, risk-limit, answers as stored by freqtrade",
        "https://bybit-exchange.github.io/docs/v5/market/risk-limit",
        "2025-12-29",
    ),
    "bybit api": (
        "Bybit, V5 API, instruments-info, sample answers",
        "https://bybit-exchange.github.io/docs",
        "undated",
    ),
    "bybit notes": ("notes of a third party on Bybit", "", "undated"),
    "okx": (
        "OKX, help, Tiered maintenance margin ratio rules",
        "https://www.okx.com/help",
        "2025-05-16",
    ),
    "okx deleveraging": (
        "OKX, Automatic-Deleveraging: what it is and how it affects your positions",
        "https://www.okx.com/help/iv-introduction-to-auto-deleveraging-adl",
        "2025-03",
    ),
    "okx funding": ("OKX, announcement on the collection of funding, as third parties report it", "", "2024-06-07"),
    "okx notes": ("notes of a third party on OKX", "", "undated"),
    "hyperliquid": (
        "Hyperliquid, Liquidations",
        "https://hyperliquid.gitbook.io/hyperliquid-docs/trading/liquidations",
        "2025 to 2026",
    ),
    "hyperliquid deleveraging": (
        "Hyperliquid, Auto-deleveraging",
        "https://hyperliquid.gitbook.io/hyperliquid-docs/trading/auto-deleveraging",
        "2025 to 2026",
    ),
    "hyperliquid prices": (
        "Hyperliquid, Robust price indices",
        "https://hyperliquid.gitbook.io/hyperliquid-docs/trading/robust-price-indices",
        "2025 to 2026",
    ),
    "hyperliquid funding": (
        "Hyperliquid, Funding",
        "https://hyperliquid.gitbook.io/hyperliquid-docs/trading/funding",
        "2025 to 2026",
    ),
    "hyperliquid oracle": (
        "Hyperliquid, HyperCore: oracle",
        "https://hyperliquid.gitbook.io/hyperliquid-docs/hypercore/oracle",
        "2025 to 2026",
    ),
    "dydx": (
        "dYdX, v4-chain at 84d4664: genesis parameters and the keeper of liquidations",
        "https://github.com/dydxprotocol/v4-chain/tree/84d4664bae71e3a077adaac67fb77ad19cd28d30/protocol",
        "2026-03-04",
    ),
    "dydx accounts": (
        "dYdX, v4-chain at 25a8ec1 and 039290b: how a subaccount is settled, and isolated markets",
        "https://github.com/dydxprotocol/v4-chain/tree/25a8ec1fd530a69423062e1f815991a5183c2b63/protocol/x/subaccounts",
        "undated",
    ),
    "drift": (
        "Drift, protocol-v2 at 0ae3e3b: liquidation and funding",
        "https://github.com/drift-labs/protocol-v2/tree/0ae3e3b/programs/drift/src",
        "2026-04-01",
    ),
    "deribit": (
        "Deribit, support 25944777576477, Insurance fund",
        "https://support.deribit.com/hc/en-us/articles/25944777576477",
        "undated",
    ),
    "deribit funding": (
        "Deribit, support 31424939178397, Funding specifications",
        "https://support.deribit.com/hc/en-us/articles/31424939178397",
        "undated",
    ),
    "deribit mark": (
        "Deribit, support 25954404865949, Linear Futures",
        "https://support.deribit.com/hc/en-us/articles/25954404865949",
        "undated",
    ),
    "deribit old": (
        "Deribit, documentation of liquidations and insurance",
        "https://www.deribit.com/pages/docs",
        "2019 to 2020",
    ),
    "deribit notes": ("notes of a third party on Deribit", "", "undated"),
    "bitmex": ("BitMEX, Liquidation", "https://www.bitmex.com/app/liquidation", "undated"),
    "bitmex notes": ("notes of a third party on BitMEX", "", "undated"),
    "bitmex deleveraging": ("BitMEX, Auto-deleveraging", "https://www.bitmex.com/app/autoDeleveraging", "undated"),
    "bitmex answer": (
        "BitMEX, answer of its support in a forum",
        "https://www.reddit.com/r/BitMEX/comments/ib9q4x",
        "2020-08-19",
    ),
    "bitmex funding": ("BitMEX, blog on funding caps", "https://blog.bitmex.com", "2020-04-17"),
    "kraken": (
        "Kraken, support 360022835671, Equity Protection Process",
        "https://support.kraken.com/articles/360022835671",
        "2026-03",
    ),
    "kraken funding": (
        "Kraken, support 360022835911, Inverse perpetual specifications",
        "https://support.kraken.com/articles/360022835911",
        "undated",
    ),
    "paradex": (
        "Paradex, paradex-docs at 9b82a75: liquidations, cross-margin requirement, socialized losses",
        "https://github.com/tradeparadex/paradex-docs/tree/9b82a75",
        "2026-08-20",
    ),
    "derive": (
        "Derive, v2-core at 7736900: dutch auction, perpetual and feeds as deployed",
        "https://github.com/derivexyz/v2-core/tree/7736900",
        "2026-01-21",
    ),
}

TOPICS: dict[str, str] = {
    "maintenance": "what maintenance margin is charged on",
    "close fee": "whether the check counts the fee of the close",
    "fee": "the liquidation fee",
    "remainder": "who gets what the close leaves",
    "partial": "how much is closed at a time",
    "last resort": "who pays when the margin does not",
    "mark": "the price that is compared",
    "funding": "how often funding is paid, and its cap",
    "isolated funding": "what pays the funding of an isolated position",
    "stale": "what happens when a feed is stale or off",
}

# venue: topic: (what its documents say, in our words; the document; "" read there, "second" hand, or "derived" here
#                from numbers that it prints). A topic that is missing was looked for and not found.
PRACTICE: dict[str, dict[str, tuple[str, str, str]]] = {
    "Binance": {
        "maintenance": ("notional at the mark, in tiers with a deduction", "binance", ""),
        "close fee": ("no: the clearance fee does not move the liquidation price", "binance", ""),
        "fee": ("per symbol and tier, on the notional of the fill; 1.25% for BTCUSDT", "binance symbols", ""),
        "remainder": (
            "the trader, if one order restores the account; else the fund: position at bankruptcy, part of the rest",
            "binance",
            "",
        ),
        "partial": (
            "all orders canceled, then one large immediate order that stops as soon as it is enough",
            "binance",
            "",
        ),
        "last resort": ("insurance fund, then deleveraging by profit and leverage", "binance", ""),
        "mark": (
            "median of the index with funding, the index with a 30-second basis, and the contract's price",
            "binance notes",
            "second",
        ),
        "funding": (
            "8 hours, or 4, or 1; majors at most 0.75 times the maintenance rate, 0.3% for BTCUSDT",
            "binance funding",
            "second",
        ),
        "isolated funding": (
            "the event of a payment lists balance and position; for a cross position it lists the balance only",
            "binance stream",
            "",
        ),
        "stale": (
            "a source more than 3% off the median is capped; one older than 5 minutes has no weight",
            "binance notes",
            "second",
        ),
    },
    "Bybit": {
        "maintenance": ("isolated: notional at entry; cross: a rate of the account", "bybit price", ""),
        "close fee": ("reserved in both margins, at the bankruptcy price", "bybit price", ""),
        "remainder": ("the fund: the position is taken over at the bankruptcy price", "bybit", ""),
        "partial": (
            "lowest tier: everything; above: one all-or-nothing order down to the next tier, then the rest",
            "bybit",
            "",
        ),
        "last resort": ("insurance fund, then deleveraging by leveraged return", "bybit notes", "second"),
        "funding": ("8 hours; 0.5% for BTCUSDT", "bybit api", ""),
        "isolated funding": ("the available balance; what it lacks, the position's margin", "bybit margin", ""),
    },
    "OKX": {
        "maintenance": ("notional at the mark, all of it at the rate of its tier", "okx", ""),
        "close fee": ("yes: maintenance plus the taker fee", "okx", ""),
        "fee": ("the taker fee of the account's tier", "okx notes", "second"),
        "remainder": ("the fund: the position is taken over at the bankruptcy price", "okx notes", "second"),
        "partial": (
            "from the third tier on down by two tiers at a time, then again after about a minute",
            "okx notes",
            "second",
        ),
        "last resort": (
            "insurance fund, then the winners by return over margin ratio, at the mark",
            "okx deleveraging",
            "",
        ),
        "mark": ("index plus a moving average of the basis", "okx notes", "second"),
        "isolated funding": (
            "the position's margin, for Bitcoin since 2024-07-01; before, the transferable balance first",
            "okx funding",
            "second",
        ),
    },
    "Hyperliquid": {
        "maintenance": ("notional at the mark: half of the initial margin at the highest leverage", "hyperliquid", ""),
        "close fee": ("no", "hyperliquid", ""),
        "fee": ("none", "hyperliquid", ""),
        "remainder": (
            "the trader, if the book closes it; below two thirds of maintenance a vault takes position and margin",
            "hyperliquid",
            "",
        ),
        "partial": (
            "above 100,000 USD first a fifth; every order of the next 30 seconds is for the whole position",
            "hyperliquid",
            "",
        ),
        "last resort": (
            "deleveraging at the previous mark; a trader without a position never pays",
            "hyperliquid deleveraging",
            "",
        ),
        "mark": (
            "median of the oracle with a 150-second basis, the book's own prices, and a weighted median of five venues",
            "hyperliquid prices",
            "",
        ),
        "funding": ("1 hour, an eighth of the 8-hour rate; at most 4%", "hyperliquid funding", ""),
        "stale": ("the oracle is a stake-weighted median over validators, every 3 seconds", "hyperliquid oracle", ""),
    },
    "dYdX": {
        "maintenance": ("notional at the oracle price: a part of the initial rate", "dydx", ""),
        "close fee": ("no", "dydx", ""),
        "fee": ("1.5% of the fill, at most what it brings above bankruptcy", "dydx", ""),
        "remainder": ("the trader, after the fee", "dydx", ""),
        "partial": (
            "in each block at most a tenth of the position, at least 1,000 USD, at most 100,000 USD an account",
            "dydx",
            "",
        ),
        "last resort": ("insurance fund, then deleveraging at the bankruptcy price, from a random start", "dydx", ""),
        "mark": ("the oracle price, a consensus median", "dydx", ""),
        "funding": ("1 hour; the 8-hour rate at most 6 times initial less maintenance rate", "dydx", ""),
        "isolated funding": ("the cash of the subaccount; an isolated market has one of its own", "dydx accounts", ""),
    },
    "Deribit": {
        "maintenance": ("notional at the mark, at a rate that grows with the size", "deribit old", ""),
        "fee": ("an extra fee on every liquidation order: 0.5% for Bitcoin, 0.9% for Ether", "deribit old", ""),
        "remainder": ("the trader", "deribit old", ""),
        "partial": (
            "small orders, up to twenty rounds a second, until the account meets its maintenance",
            "deribit old",
            "",
        ),
        "last resort": ("insurance fund, then the winners of the day", "deribit", ""),
        "mark": ("index plus an exponential average of the basis, bounded around the index", "deribit mark", ""),
        "funding": ("every millisecond; nothing inside a dead band of 0.025%", "deribit funding", ""),
        "stale": ("an index move of more than 10% in a second halts", "deribit notes", "second"),
    },
    "BitMEX": {
        "maintenance": ("notional at the mark", "bitmex", ""),
        "close fee": ("yes: the taker fee and the funding due", "bitmex notes", "second"),
        "remainder": ("the fund: the engine takes the whole maintenance margin", "bitmex", ""),
        "partial": (
            "higher tiers: down a tier, then one all-or-nothing order; then everything, at the bankruptcy price",
            "bitmex",
            "",
        ),
        "last resort": ("deleveraging at the bankruptcy price, by profit and leverage", "bitmex deleveraging", ""),
        "mark": ("fair price: index and funding basis", "bitmex", ""),
        "funding": ("8 hours; at most 0.75 times initial less maintenance rate", "bitmex funding", ""),
        "isolated funding": ("the position's margin, which also receives it", "bitmex answer", ""),
    },
    "Kraken": {
        "maintenance": ("notional at the mark", "kraken", "derived"),
        "close fee": ("no", "kraken", ""),
        "remainder": ("the trader: whatever is better than bankruptcy", "kraken", ""),
        "partial": ("an immediate order limited at the bankruptcy price; parts since 2026-03-26", "kraken", ""),
        "last resort": ("assignment to providers, then the other side is unwound", "kraken", ""),
        "funding": ("accrues continuously, settled every hour", "kraken funding", ""),
    },
    "Paradex": {
        "maintenance": ("notional at the mark: half of initial, plus the taker fee of the exit", "paradex", ""),
        "close fee": ("yes: the taker fee", "paradex", ""),
        "fee": ("70% of the maintenance margin of what is closed", "paradex", ""),
        "remainder": ("the trader, after the fee; the fund takes the position over", "paradex", ""),
        "partial": (
            "all positions by the same share, in steps of a fifth, until maintenance is 90% of equity",
            "paradex",
            "",
        ),
        "last resort": ("withdrawals are cut by a common factor", "paradex", ""),
        "mark": ("oracle plus a fair basis, blended with a median of venues", "paradex", ""),
        "funding": ("every second; 2% in 8 hours for Bitcoin, Ether and Solana", "paradex", ""),
        "stale": ("no funding over gaps of more than 30 seconds", "paradex", ""),
    },
    "Drift": {
        "maintenance": ("notional at the oracle price, at a rate that grows with the root of the size", "drift", ""),
        "close fee": ("no", "drift", ""),
        "fee": ("a liquidator's fee that grows after ten minutes, and one for the fund", "drift", ""),
        "remainder": ("the trader", "drift", ""),
        "partial": ("enough to reach maintenance plus 2%; the share grows with time", "drift", ""),
        "last resort": (
            "insurance fund up to a cap by tier, then all positions by size, through the funding index",
            "drift",
            "",
        ),
        "mark": ("liquidation at the oracle price", "drift", ""),
        "funding": ("1 hour, a 24th of the daily premium; the spread clamped at 3, 5 or 10% by tier", "drift", ""),
        "stale": ("funding is skipped while the oracle is invalid", "drift", ""),
    },
    "Derive": {
        "maintenance": ("the worst of scenarios, at the prices of the feeds", "derive", ""),
        "close fee": ("no", "derive", ""),
        "fee": ("a tenth of the auctioned share of the account's value", "derive", ""),
        "remainder": ("the trader: the bids are cash in the account", "derive", ""),
        "partial": (
            "an auction of a share of the whole account: 95 to 70% of its value in 15 minutes, to 0 in 12 hours",
            "derive",
            "",
        ),
        "last resort": ("a security module, then those who hold cash", "derive", ""),
        "mark": ("spot plus a difference of at most 6% of spot", "derive", ""),
        "funding": ("continuous; at most 0.4% an hour", "derive", ""),
        "stale": ("nothing is liquidated while a feed is too old; limits from 3 to 60 minutes", "derive", ""),
    },
}

# venue: (maintenance rate of a small linear Bitcoin position; its basis; whether the taker fee is inside the check; the
#         liquidation fee as a part of the fill's notional and of the maintenance margin, or None where it was
#         not found; whether the trader keeps the rest; the documents of the numbers)
LIQUIDATIONS: dict[str, tuple[float, str, bool, float | None, float | None, bool, tuple[str, ...]]] = {
    "Binance": (0.004, "mark", False, 0.0125, 0.0, True, ("binance tiers", "binance symbols")),
    "Bybit": (0.005, "entry", False, None, None, False, ("bybit price", "bybit tiers")),
    "Hyperliquid": (0.0125, "mark", False, 0.0, 0.0, True, ("hyperliquid",)),
    "dYdX": (0.012, "mark", False, 0.015, 0.0, True, ("dydx",)),  # large caps at genesis
    "BitMEX": (0.005, "mark", True, None, None, False, ("bitmex", "bitmex notes")),
    "Kraken": (0.01, "mark", False, None, None, True, ("kraken",)),  # the rate of its printed example
    "Paradex": (0.01, "mark", True, 0.0, 0.70, True, ("paradex",)),  # the rate of its printed example
}

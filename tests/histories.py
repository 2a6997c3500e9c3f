"""Where tests find real market data: files kept beside the repository and never copied into it."""

import csv
import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

BINANCE = "funding/supervik_BTC_binance_2020-01-01_2024-01-01.csv"
BINANCE_EXPORT = "funding/ahahh_binance_BTCUSDT_funding_raw_export_2019-09_2024-08.csv"
BYBIT = "funding/supervik_ETH_bybit_2021-01-01_2024-01-01.csv"
DYDX = "funding/supervik_BTC_dydx_2022-01-01_2024-01-01.csv"
HYPERLIQUID = "funding/hyperliquid_BTC_2023-05-12_2023-07-17.csv"
PRICES = "klines/ahahh_BTC_spot_vs_perp_basis_1h_2021-07_2024-07.csv"
BOOKS = {  # recorded streams: the file, the contract, and what a size counts
    "linear": ("books/hftbacktest_BTCUSDT_perp_raw_2024-08-08T23-54.gz", None, "coins", 1.0),
    "inverse": ("books/hftbacktest_BTCUSD_PERP_coinm_raw_2024-08-08T23-54.gz", None, "USD", 100.0),
    "spot": ("books/hftbacktest_BTCUSDT_spot_raw_2024-08-08T23-54.gz", None, "coins", 1.0),
    "hyperliquid": ("books/hftbacktest_BTC_hyperliquid_raw_2025-01-26.gz", None, "coins", 1.0),
    "bitmex": ("books/cryptofeed_BITMEX.ws.1.0.gz", "XBTUSD", "USD", 1.0),
    "snapshots": ("books/cryptofeed_BINANCE_FUTURES.http.0.0.gz", "SUSHIUSDT", "coins", 1.0),
}
FUNDING = (BINANCE, BINANCE_EXPORT, BYBIT, DYDX, HYPERLIQUID)

LONDON = ZoneInfo("Europe/London")
PLUS_3 = dt.timezone(dt.timedelta(hours=3))
CLOCKS: dict[str, dt.tzinfo] = {BINANCE: PLUS_3, BYBIT: PLUS_3, BINANCE_EXPORT: LONDON, DYDX: dt.UTC}


class Funding(NamedTuple):
    """One row of a funding history."""

    hours: float  # since the epoch, UTC; with the jitter of the file
    rate: float
    premium: float | None


def locate(name: str) -> Path:
    """The path of a data file, or a skipped test that says what is missing."""
    beside = Path(__file__).parents[1] / "../shared/data"
    folder = Path(os.environ.get("PERPNOTES_DATA", beside))
    if not (folder / name).is_file():
        pytest.skip(f"real data not here: {name} is neither in PERPNOTES_DATA nor in ../shared/data")
    return folder / name


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, with its byte-order mark removed."""
    with locate(name).open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def funding(name: str) -> list[Funding]:
    """A funding history, oldest first, on UTC, with rates as fractions."""
    history = []
    for row in rows(name):
        if name == HYPERLIQUID:
            history.append(Funding(int(row["time_ms"]) / 3.6e6, float(row["fundingRate"]), float(row["premium"])))
            continue
        stamp = dt.datetime.fromisoformat(row["Time" if name == BINANCE_EXPORT else "Date"]).replace(
            tzinfo=CLOCKS[name]
        )
        text = row["Funding Rate"]
        rate = float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
        history.append(Funding(stamp.timestamp() / 3600, rate, None))
    return sorted(history)

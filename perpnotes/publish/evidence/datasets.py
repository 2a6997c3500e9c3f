"""Reads the data sets that records are measured from, and cuts those again that consist of a few public files.

What is here is for the expressions in `tests/records/`: layouts that `perpnotes.feeds` does not read, days that two
series share, windows that roll.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from perpnotes import crowding, liquidation

FloatArray = npt.NDArray[np.float64]


def column(
    path: Path, name: str, *, first: str = "", last: str = "", where: Mapping[str, str] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Times and values of a column, without the rows where it is empty.

    Parameters:
        path: comma-separated text, compressed where its name ends in `.gz`; the first column holds dates or UTC stamps.
        name: of the column.
        first: the first date or stamp that counts; empty for all.
        last: the last one.
        where: what other columns must hold, such as the coin in a table of several.

    Returns:
        Hours since 1970 in UTC, and the values. Shape `(n,)`.

    Raises:
        ValueError: no such column, or stamps that do not rise.
    """
    columns = _columns(path.read_bytes())
    if name not in columns:
        raise ValueError(f"name must be one of {', '.join(columns)}, got {name!r}")
    stamps = next(iter(columns.values()))
    kept = [
        place
        for place, (stamp, entry) in enumerate(zip(stamps, columns[name], strict=True))
        if entry and (not first or stamp >= first) and (not last or stamp <= last)
    ]
    for other, wanted in (where or {}).items():
        kept = [place for place in kept if columns[other][place] == wanted]
    hours, values = [_hours(stamps[place]) for place in kept], [float(columns[name][place]) for place in kept]
    times = np.array(hours)
    if (np.diff(times) <= 0).any():
        raise ValueError(f"the stamps of {path.name} must rise")
    return times, np.array(values)


def table(path: Path) -> Mapping[str, Any]:
    """Every column of a table without stamps: numbers where each entry is one, text otherwise.

    Parameters:
        path: comma-separated text, compressed where its name ends in `.gz`; an empty entry is NaN.

    Returns:
        By name; shape `(n,)`.
    """
    return {name: _typed(entries) for name, entries in _columns(path.read_bytes()).items()}


def shared(*series: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, ...]:
    """The times that all series have, and the values of each at them.

    Parameters:
        series: times and values of each, as from `column`.
    """
    times = series[0][0]
    for other, _ in series[1:]:
        times = np.intersect1d(times, other)
    return (times, *(values[np.searchsorted(own, times)] for own, values in series))


def rolling(
    first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray], window: int
) -> tuple[FloatArray, FloatArray]:
    """The correlation of the logarithmic returns of two prices over the last `window` days that both have.

    Parameters:
        first: times and prices, as from `column`.
        second: of the other.
        window: returns in a window, at least 3.

    Returns:
        The time of the last price of each window, and the correlation.
    """
    times, x, y = shared(first, second)
    return times[window:], correlations(np.diff(np.log(x)), np.diff(np.log(y)), window)


def correlations(x: Any, y: Any, window: int) -> FloatArray:
    """Pearson's correlation of the last `window` pairs, at each pair that has so many up to it.

    Parameters:
        x: shape `(n,)`.
        y: shape `(n,)`.
        window: at least 3, at most `n`.

    Returns:
        Shape `(n - window + 1,)`.
    """
    pairs = np.stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    views = sliding_window_view(pairs, window, axis=1)
    a, b = views - views.mean(axis=2, keepdims=True)
    result: FloatArray = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return result


def trailing(values: Any, window: int) -> FloatArray:
    """The root mean square of the last `window` values, at each that has so many up to it.

    Parameters:
        values: shape `(n,)`.
        window: at least 1, at most `n`.

    Returns:
        Shape `(n - window + 1,)`.
    """
    total = np.concatenate([[0.0], np.cumsum(np.asarray(values, dtype=float) ** 2)])
    result: FloatArray = np.sqrt(np.maximum(0.0, total[window:] - total[:-window]) / window)
    return result


def at(series: tuple[FloatArray, FloatArray], date: str) -> float:
    """The value of a day.

    Parameters:
        series: times and values.
        date: such as 2020-03-12.
    """
    (found,) = series[1][series[0] == _hours(date)]
    return float(found)


def rolling_sum(times: FloatArray, values: FloatArray, days: float, interval: float) -> tuple[FloatArray, FloatArray]:
    """The sum of the payments of so many days, at each payment whose window has no hole.

    Parameters:
        times: hours. Shape `(n,)`.
        values: one a payment. Shape `(n,)`.
        days: length of a window.
        interval: hours between payments.

    Returns:
        The hour of the last payment of each window, and its sum.
    """
    count = round(24 * days / interval)
    sums = np.convolve(values, np.ones(count), "valid")
    whole = np.isclose(times[count - 1 :] - times[: times.size - count + 1], (count - 1) * interval, atol=0.01)
    return times[count - 1 :][whole], sums[whole]


def missing(series: tuple[FloatArray, FloatArray], year: str, days: float, interval: float) -> FloatArray:
    """The part of a year's sum that a hole of so many days takes away, at each place of the hole in the year.

    Parameters:
        series: times and payments, as from `column`.
        year: such as 2020; the series must have all of it.
        days: length of the hole.
        interval: hours between payments.

    Returns:
        Shape `(places,)`; below 0 where the hole leaves out payments of the other sign.

    Raises:
        ValueError: the series has not all payments of the year.
    """
    begin, end = _hours(f"{year}-01-01"), _hours(f"{int(year) + 1}-01-01")
    inside = (series[0] >= begin) & (series[0] < end)
    if inside.sum() != round((end - begin) / interval):
        raise ValueError(f"{year} must have {(end - begin) / interval:.0f} payments, got {inside.sum()}")
    paid = series[1][inside]
    lost: FloatArray = np.convolve(paid, np.ones(round(24 * days / interval)), "valid") / paid.sum()
    return lost


def every(series: tuple[FloatArray, FloatArray], hours: int) -> tuple[FloatArray, FloatArray]:
    """What stands at whole multiples of so many hours, within a minute; the stamps become those hours.

    Parameters:
        series: times and values, as from `column`.
        hours: such as 8.
    """
    times, values = series
    whole = np.round(times / hours) * hours
    kept = np.abs(times - whole) < 1 / 60
    return whole[kept], values[kept]


def hourly(series: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """A value for every hour from the first to the last: where one is missing, the last one before it.

    Parameters:
        series: times and values, as from `column`.
    """
    times, values = every(series, 1)
    whole = np.arange(times[0], times[-1] + 1)
    return whole, values[np.searchsorted(times, whole, side="right") - 1]


def mapped(
    rates: tuple[FloatArray, FloatArray], closes: tuple[FloatArray, FloatArray], days: int, memory: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Trailing ranks of funding, and of the volatility of the days before it, at each payment that has both.

    Parameters:
        rates: times and rates of payments without a hole.
        closes: times and prices, one an hour, as from `hourly`.
        days: of volatility.
        memory: payments that a rank looks back at.

    Returns:
        Hours since 1970, ranks of funding and ranks of volatility. Shape `(n,)` each.
    """
    start = closes[0][0]
    known = (rates[0] >= start + 24 * days) & (rates[0] <= closes[0][-1])
    times, paid = rates[0][known], rates[1][known]
    sigma = crowding.realized_volatility(closes[1], 24 * days, 1.0)[(times - start).astype(np.int64) - 24 * days]
    return times[memory - 1 :], crowding.trailing_rank(paid, memory), crowding.trailing_rank(sigma, memory)


def ahead(closes: tuple[FloatArray, FloatArray], times: FloatArray, hours: int) -> FloatArray:
    """The lowest close of the hours after each time, over the close at it, less one; NaN where the prices end.

    Parameters:
        closes: times and prices, one an hour, as from `hourly`.
        times: hours since 1970, each one of those. Shape `(n,)`.
        hours: how far.
    """
    at_ = (times - closes[0][0]).astype(np.int64)
    inside = at_ + hours < closes[1].size
    lowest = sliding_window_view(closes[1], hours).min(axis=1)
    result = np.full(times.shape, np.nan)
    result[inside] = lowest[at_[inside] + 1] / closes[1][at_[inside]] - 1
    return result


def exits(
    prices: tuple[FloatArray, FloatArray],
    rates: tuple[FloatArray, FloatArray],
    *,
    leverage: float,
    gap: float,
    maintenance: float,
    days: float,
    side: int = 1,
    open_fee: float = 0.0,
    free: float | None = None,
) -> tuple[FloatArray, FloatArray]:
    """How isolated positions would have ended that were opened at each funding payment, with a stop and no new margin.

    The stop is set once, so far from the first liquidation price as `gap` says. Liquidation then moves with the funding
    that the position pays, at the notional of its entry. The end is the first hourly close at or beyond one of the two.

    Parameters:
        prices: hours and hourly closes, as from `column`.
        rates: hours and funding rates.
        leverage: notional over margin.
        gap: of the stop, as a part of the first liquidation price.
        maintenance: maintenance rate.
        days: how long it is watched.
        side: 1 for longs, -1 for shorts.
        open_fee: paid from the margin.
        free: a balance that pays and receives the funding first, over the margin; the margin pays what it lacks. None
            where the margin pays and receives.

    Returns:
        The hour at which each was opened, and how it ended: 0 not within these days, 1 at the stop, 2 in an hour that
        ended beyond both, with the stop nearer, 3 at a liquidation price that had passed the stop. Shape `(n,)`.
    """
    hours, closes = prices
    due, steps = np.round(rates[0]), int(24 * days)
    total = np.concatenate([[0.0], np.cumsum(rates[1])])
    at = np.searchsorted(hours, due)
    starts = at[at + steps < hours.size]
    starts = starts[np.isin(hours[starts], due)]
    paid = np.searchsorted(due, hours, side="right")  # how many payments there have been by each hour
    ends, left = np.zeros(starts.size), np.arange(starts.size)
    for span in (min(72, steps), min(360, steps), steps):  # many end in the first days
        for part in np.array_split(left, max(1, left.size * span // 100_000)) if left.size else []:
            first = starts[part]
            entry, path = closes[first][:, None], side * sliding_window_view(closes, span)[first + 1]
            count = sliding_window_view(paid, span)[first + 1] - paid[first][:, None]
            after = paid[first][:, None] + np.arange(count.max() + 1)  # payments, of which the last may be too late
            funding = total[np.minimum(after, total.size - 1)] - total[paid[first]][:, None]
            if free is not None:
                most = np.maximum.accumulate(side * funding, axis=1)
                funding = side * np.maximum(0.0, most - free / leverage)
            liquidated = side * liquidation.price(
                side, entry, entry / leverage, maintenance, open_fee=open_fee, funding=funding
            )
            stop = liquidated[:, :1] * (1 + side * gap)
            ended = path <= np.take_along_axis(np.maximum(liquidated, stop), count, axis=1)
            when = (np.arange(part.size), ended.argmax(axis=1))
            at_end = liquidated[when[0], count[when]]
            passed, gone = at_end >= stop[:, 0], path[when] <= at_end
            ends[part] = np.where(ended.any(axis=1), np.where(passed, 3, np.where(gone, 2, 1)), 0)
        left = left[ends[left] == 0]
    return hours[starts], ends


def realized(prices: tuple[FloatArray, FloatArray], window: int) -> tuple[FloatArray, FloatArray]:
    """The volatility of the last hours, per square root of a year, from their squared logarithmic returns.

    Parameters:
        prices: hours and hourly closes, as from `column`.
        window: hours.

    Returns:
        The last hour of each window without a hole, and its volatility.
    """
    hours, closes = prices
    squares = np.convolve(np.diff(np.log(closes)) ** 2, np.ones(window), "valid")
    whole = hours[window:] - hours[: hours.size - window] == window
    result: FloatArray = np.sqrt(squares[whole] * 8760 / window)
    return hours[window:][whole], result


def journeys(prices: tuple[FloatArray, FloatArray], hours: int, every: int) -> FloatArray:
    """How far a price has moved in each hour after a start, for starts in equal distances, without those with a hole.

    Parameters:
        prices: hours and hourly closes, as from `column`.
        hours: how many are followed.
        every: rows between starts.

    Returns:
        Relative moves, shape `(starts, hours)`.
    """
    whole = (prices[0][hours:] - prices[0][:-hours] == hours)[::every]
    views = sliding_window_view(prices[1], hours + 1)[::every][whole]
    result: FloatArray = views[:, 1:] / views[:, :1] - 1
    return result


def emptied(path: Path, seconds: float) -> FloatArray:
    """How many levels of a book are emptied in each step of time, by cancels and trades, as the venue's messages say.

    Parameters:
        path: raw messages, each after the receiver's nanoseconds, compressed.
        seconds: length of a step, of the venue's clock.

    Returns:
        Whole steps between the first message and the last. Shape `(steps,)`.
    """
    stamps, counts = [], []
    for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines():
        message = json.loads(line.partition(" ")[2])
        data = message.get("data", message)
        if data.get("e") == "depthUpdate":
            stamps.append(float(data["E"]) / 1000)
            counts.append(sum(float(size) == 0 for _, size in [*data["b"], *data["a"]]))
    step = ((np.array(stamps) - stamps[0]) // seconds).astype(np.int64)
    total: FloatArray = np.asarray(np.bincount(step, weights=np.array(counts, dtype=np.float64))[:-1], dtype=np.float64)
    return total


def thinned(values: Any, most: int) -> FloatArray:
    """Evenly spaced ones of many values, the first and the last among them.

    Parameters:
        values: shape `(n,)`.
        most: how many to keep.
    """
    array = np.asarray(values, dtype=float)
    kept: FloatArray = array[np.linspace(0, array.size - 1, min(most, array.size)).round().astype(np.int64)]
    return kept


def years(hours: Any) -> FloatArray:
    """Hours since 1970 as years of the calendar with their fraction, for an axis.

    Parameters:
        hours: any shape.
    """
    seconds = np.asarray(hours, dtype=float) * 3600
    whole = seconds.astype("datetime64[s]").astype("datetime64[Y]")
    begin, end = (year.astype("datetime64[s]").astype(float) for year in (whole, whole + np.timedelta64(1, "Y")))
    result: FloatArray = whole.astype(np.int64) + 1970 + (seconds - begin) / (end - begin)
    return result


def day(hours: float) -> str:
    """The date of an hour since 1970.

    Parameters:
        hours: in UTC.
    """
    return str(np.datetime64(int(hours * 3600), "s").astype("datetime64[D]"))


def span(times: FloatArray) -> list[str]:
    """The first and the last date.

    Parameters:
        times: hours since 1970, in order.
    """
    return [day(float(times[0])), day(float(times[-1]))]


def closes(published: Mapping[str, Path]) -> str:
    """The daily closes of gold and two funds from three published files, as one table from 2017 on.

    Parameters:
        published: the files, by their paths in the repository.
    """
    names = {"data/xauusd.csv": "XAUUSD_close", "data/spy.csv": "SPY_close", "data/eww.csv": "EWW_close"}
    table: dict[str, dict[str, str]] = {}
    for path, name in names.items():
        columns = _columns(published[path].read_bytes())
        for date, close in zip(columns["Date"], columns["close"], strict=True):
            if date >= "2017-01-01" and close:
                table.setdefault(date, {})[name] = f"{float(close):.9g}"
    return _table("date", list(names.values()), table)


def as_published(published: Mapping[str, Path]) -> str:
    """The one published file as it is.

    Parameters:
        published: the file, by its path in the repository.
    """
    (path,) = published.values()
    return path.read_bytes().decode("utf-8")


def _table(first: str, columns: Sequence[str], rows: Mapping[str, Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([first, *columns])
    writer.writerows([key, *(rows[key].get(name, "") for name in columns)] for key in sorted(rows))
    return text.getvalue()


@lru_cache(maxsize=8)
def _columns(content: bytes) -> Mapping[str, Sequence[str]]:
    """The entries of each column of a file; many records ask the same few files, and several columns of each."""
    text = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode("utf-8-sig")
    names, *rows = (row for row in csv.reader(io.StringIO(text, newline="")) if row)
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _typed(entries: Sequence[str]) -> npt.NDArray[Any]:
    try:
        return np.array([float(entry or "nan") for entry in entries])
    except ValueError:
        return np.array(entries)


@lru_cache(maxsize=1 << 18)
def _hours(stamp: str) -> float:
    moment = dt.datetime.fromisoformat(stamp)
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp() / 3600

"""What a linear and an inverse position paid in funding, from histories of rates and marks."""

from datetime import UTC, datetime, timedelta

from perpnotes.feeds import History, join, parse
from perpnotes.funding import AR1, annual, payment, settlements, survival, total


def table(column: str, values: list[float]) -> str:
    """A file as a venue gives it out: one stamp every eight hours."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = (f"{(start + timedelta(hours=8 * i)).isoformat()},{value!r}" for i, value in enumerate(values))
    return "\n".join([f"time,{column}", *rows])


def main() -> None:
    """Print the bill of each position, the rate over a year, and how long a leveraged long lasts at it."""
    rates: History = parse(table("rate", [0.0001, 0.0003, 0.0002, -0.0001, 0.0001, 0.0004]))
    marks: History = parse(table("mark", [42_000.0, 42_500.0, 43_000.0, 42_000.0, 41_500.0, 42_500.0]))
    both = join(rates, marks)
    opened, closed = float(both.hours[0]) + 1.0, float(both.hours[-1])
    due: float = settlements(opened, closed)
    linear: float = total(0.5, both.hours, both.second, both.first, opened, closed)
    inverse: float = total(21_000.0, both.hours, both.second, both.first, opened, closed, inverse=True)
    one_by_one = payment(0.5, both.second[1:], both.first[1:])
    assert due == one_by_one.size == 5
    assert abs(linear - float(one_by_one.sum())) < 1e-9
    print(f"linear: {linear:.4f} USD, inverse: {inverse:.8f} BTC, over {due:.0f} settlements")
    mean = float(both.first.mean())
    yearly: float = annual(mean)
    lasts = survival(20.0, 0.005, mean)
    deviation: float = AR1(mean, 0.8, 0.0001).sum_deviation(90)
    print(f"{yearly:.2%} a year; {lasts.payments:.0f} payments at 20x; ±{deviation:.2%} over 90 payments")
    print(lasts.why())


if __name__ == "__main__":
    main()

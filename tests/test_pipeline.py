"""One venue, one bad day: nothing is created or lost, limits with a closed form, and one day by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from cases import NOTHING, case

from perpnotes import funding, latency, liquidation
from perpnotes.pipeline import PARTS, SHAPES, Day, Outcome, Traders, Venue, bad_day, crowd, run

DAY, CROWD = bad_day(2, minutes=720), crowd(2, 400)


def quiet(index: list[float], density: float = 1e9) -> Day:
    """A day on which both feeds say the index, orders are in time and, unless told, no order moves the book."""
    n = len(index)
    return Day(np.array(index), np.full(n, density), np.zeros(n), np.zeros((2, n), int), np.zeros((2, n)))


def traders(sizes: list[float], deposits: list[float]) -> Traders:
    """Who never adds."""
    return Traders(np.array(sizes), np.array(deposits), np.ones(len(sizes)))


def same(first: Outcome, second: Outcome) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in ("mark", "equity", "cash"))


@pytest.mark.parametrize("without", [(), *[(part,) for part in PARTS], PARTS], ids="+".join)
def test_positions_and_cash_are_conserved_at_every_step(without: tuple[str, ...]) -> None:
    """Sizes sum to zero; what traders, maker, fund and venue have together is what there was in the morning."""
    end = run(DAY, CROWD, without=without)
    fund = 0.0 if "insurance fund" in without else Venue().fund
    assert end.liquidated.any()
    assert np.abs(end.position).max() < 1e-9 * np.abs(CROWD.sizes).sum()
    assert end.cash == pytest.approx(CROWD.deposits.sum() + fund, rel=1e-12)


@pytest.mark.parametrize("without", [(), *[(part,) for part in PARTS], PARTS], ids="+".join)
def test_flows_lead_from_the_morning_to_the_evening(without: tuple[str, ...]) -> None:
    """Each USD that the traders have less has a name; the fund's own account closes too."""
    end = run(DAY, CROWD, without=without)
    assert end.why().value == pytest.approx(end.equity.sum(), rel=1e-12)
    assert end.why()["E_0"] == CROWD.deposits.sum()
    fund = 0.0 if "insurance fund" in without else Venue().fund
    fees, debt = end.flows["liquidation fees"], end.flows["bad debt"]
    assert end.fund[-1] == pytest.approx(fund - fees - debt + end.deleveraged.sum(), abs=1e-4)
    assert end.fund.min() >= 0
    assert end.bad_debt == debt > 0
    assert (end.deleveraged.sum() == pytest.approx(debt)) == ("insurance fund" in without)


@pytest.mark.parametrize("late", [0.0, 100.0])
def test_one_forced_close_by_hand(late: float) -> None:
    """A long of 10 coins, 60 USD behind it; the price falls from 100 to 95, and a part is closed into a thin book."""
    rules = Venue(permanent=0.25, recovery=10.0, maker=0.0, taker=0.0005, penalty=0.005, fund=70.0)
    day = quiet([100.0, 95.0, 95.0], density=2.0)
    end = run(replace(day, latency=np.full(3, late)), traders([10.0], [60.0]), rules)
    at_once = run(replace(quiet([100.0, 95.0], 2.0), latency=np.full(2, late)), traders([10.0], [60.0]), rules)

    equity = 60.0 - 10 * 5.0
    coins = (1.5 * 0.02 * 95 * 10 - equity) / ((1.5 * 0.02 - 0.0005 - 0.005) * 95)
    move = -coins / (2.0 * 95)
    fill = 95 * (1 - math.exp(move)) / -move
    late_share = 1.0 if late else math.exp(-10.0) * sum(10.0**j / math.factorial(j) for j in range(5))
    fee = 0.0005 * late_share * coins * fill
    proceeds, least = coins * fill - fee, coins * 95 - coins / 10 * equity
    to_fund = min(0.005 * proceeds, proceeds - least)
    assert 0 < coins < 10
    assert to_fund < 0  # the close lacks money
    assert end.forced[1] == pytest.approx(coins)
    assert end.fund[1] == pytest.approx(70.0 + to_fund)
    assert end.outside == pytest.approx([100.0, 95.0, 95 * math.exp(0.25 * move)])
    assert end.own[2] == pytest.approx(95 * math.exp(0.25 * move + 0.75 * move * math.exp(-0.1)))
    assert end.mark[2] == pytest.approx(95 * math.exp(0.25 * move))  # two feeds outvote the book
    assert at_once.flows["fees"] == pytest.approx(-fee)
    assert at_once.equity == pytest.approx(equity + coins * (fill - 95) - fee - to_fund)
    assert end.liquidated.tolist() == end.ruined.tolist() == [True]


def test_in_a_deep_book_those_go_whose_liquidation_price_was_reached() -> None:
    """The closed form of `liquidation.price` on a day that only falls, longs and shorts."""
    rng = np.random.default_rng(5)
    sizes = rng.normal(0.0, 1.0, 300)
    deposits = np.abs(sizes) * 100.0 * rng.uniform(0.03, 0.3, 300)
    end = run(quiet(np.linspace(100.0, 85.0, 40).tolist()), traders(sizes.tolist(), deposits.tolist()))
    price = liquidation.price(sizes, 100.0, deposits, 0.02)
    reached = (sizes > 0) & (price > 85.0)
    assert end.liquidated.tolist() == reached.tolist()
    assert 0 < reached.sum() < 300


def test_where_nothing_happens_equity_follows_price_and_funding() -> None:
    """A calm day is the sum of its parts; at 8 hours longs pay the interest rate of funding."""
    end = run(quiet(np.linspace(100.0, 101.0, 500).tolist()), traders([1.0, -2.0], [50.0, 100.0]))
    at = end.mark[479]
    paid = np.array([1.0, -2.0]) * at * float(funding.rate(0.0))
    assert not end.liquidated.any()
    assert end.equity == pytest.approx(np.array([51.0, 98.0]) - paid)
    assert end.flows["funding"] == pytest.approx(-paid.sum())


def test_a_wrong_print_does_nothing_to_the_median_and_much_to_the_first_feed() -> None:
    """The feed says nothing of its error: no check of the feed can find it."""
    day = replace(quiet([100.0, 100.0, 100.0]), errors=[[0.0, -0.12, 0.0], [0.0, 0.0, 0.0]])
    crowded = traders([1.0, 1.0], [10.0, 40.0])
    assert run(day, crowded).mark.tolist() == [100.0, 100.0, 100.0]
    assert not run(day, crowded).liquidated.any()
    alone = run(day, crowded, without="median mark")
    assert alone.mark.tolist() == pytest.approx([100.0, 88.0, 100.0])
    assert alone.liquidated.tolist() == [True, False]


def test_feeds_that_say_they_are_late_are_not_used() -> None:
    """After a minute without news the mark follows the book; unchecked, the median stays with the two that froze."""
    day = replace(quiet([100.0, 99.0, 98.0, 97.0, 96.0]), ages=[[0, 0, 1, 2, 3]] * 2)
    checked, taken = run(day, traders([1.0], [50.0])), run(day, traders([1.0], [50.0]), without=["feed checks"])
    assert checked.usable.tolist() == [True, True, True, False, False]
    assert checked.mark == pytest.approx([100.0, 99.0, 99.0, 97.0, 96.0])
    assert taken.mark == pytest.approx([100.0, 99.0, 99.0, 99.0, 99.0])


def test_while_the_rules_warn_nobody_adds() -> None:
    """The same day as with a crowd that never adds; and without the warning it is another one."""
    rules = Venue(warning=1e-9, window=0.9)
    never = Traders(CROWD.sizes, CROWD.deposits, np.ones(len(CROWD.sizes)))
    assert same(run(DAY, CROWD, rules), run(DAY, never, rules))
    assert not same(run(DAY, CROWD, rules, without=["early warning"]), run(DAY, never, rules))


def test_twice_the_market_is_twice_the_day() -> None:
    """Sizes, deposits, depth and fund doubled: prices as before, money doubled."""
    once = run(DAY, CROWD)
    twice = run(
        replace(DAY, density=2 * DAY.density),
        Traders(2 * CROWD.sizes, 2 * CROWD.deposits, CROWD.steps),
        Venue(fund=2 * Venue().fund),
    )
    assert twice.mark == pytest.approx(once.mark)
    assert twice.equity == pytest.approx(2 * once.equity, rel=1e-9, abs=1e-6)


def test_late_orders_pay_the_takers_fee() -> None:
    """Out of time to rest, a forced order takes: on the same day the fees rise."""
    timely, late = (replace(DAY, latency=np.full(len(DAY.index), seconds)) for seconds in (0.0, 100.0))
    fees = [-run(day, CROWD, Venue(maker=0.0)).flows["fees"] for day in (timely, late)]
    assert fees[0] < fees[1]
    assert float(latency.fill_probability(5, 0.5, 20.0)) > 0.9


def test_lists_and_whole_floats_are_a_day_and_a_crowd() -> None:
    """What is checked as numbers is kept as arrays, so that a day of one's own need not be one of arrays."""
    day = Day([100.0, 95.0], [2.0, 2.0], [0.0, 0.0], [[0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]])  # type: ignore[arg-type]
    of_arrays = replace(quiet([100.0, 95.0], 2.0), ages=np.array([[0, 0], [0, 1]]))
    crowd_of_one = Traders([10.0], [60.0], [1.0])  # type: ignore[arg-type]
    assert same(run(day, crowd_of_one), run(of_arrays, traders([10.0], [60.0])))


def test_an_account_on_its_maintenance_is_closed() -> None:
    """Equity equal to maintenance fires the check, as margin and guardrails have it; a little more does not."""
    day, rules = quiet([128.0, 96.0]), Venue(maintenance=0.125, initial=0.25)
    at_it = run(day, traders([1.0, 1.0], [44.0, 44.25]), rules)  # 44 - 32 = 0.125 * 96
    assert at_it.liquidated.tolist() == [True, False]


def test_what_is_wrong_is_named() -> None:
    """The parameter that the caller knows."""
    with pytest.raises(ValueError, match="steps must be > 0"):
        Traders([1.0], [1.0], [0.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"deposits must have shape \(1,\)"):
        Traders([1.0], [1.0, 2.0], [1.0])  # type: ignore[arg-type]
    for arguments, name in (((None, CROWD), "day"), ((DAY, None), "traders"), ((DAY, CROWD, {}), "venue")):
        with pytest.raises(ValueError, match=f"{name} must be a"):
            run(*arguments)  # type: ignore[arg-type]


def test_a_bad_day_rises_falls_and_recovers_a_little() -> None:
    """On average of 60 days 3% up, 8.5% down and 3% up, in logarithms; to four standard errors of the noise."""
    days = [np.log(bad_day(seed, minutes=600).index) for seed in range(60)]
    noise = 4 * 0.6 / np.sqrt(365 * 1_440 / 600) / np.sqrt(60)
    assert np.mean([day[-1] - day[0] for day in days]) == pytest.approx(-0.025, rel=0, abs=noise)
    lows = [np.argmin(day[200:330]) + 200 for day in days]  # the fall begins after 210 to 270 minutes and takes 45
    assert np.mean([day[low] - day[: low - 45].max() for low, day in zip(lows, days, strict=True)]) < -0.08
    assert 250 < np.median(lows) < 310
    later = np.mean([day[low + 135 :].max() - day[low] for low, day in zip(lows, days, strict=True)])
    assert 0.02 < later < 0.06


def test_equal_seeds_give_equal_days_and_other_seeds_others() -> None:
    """All that is random is in the seeds."""
    assert same(run(bad_day(7, minutes=600), crowd(7, 50)), run(bad_day(7, minutes=600), crowd(7, 50)))
    assert (bad_day(7).index != bad_day(8).index).any()
    assert (crowd(7, 50).sizes != crowd(8, 50).sizes).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_day_falls_as_its_shape_says(shape: str) -> None:
    """How deep, how fast, and how much of it comes back, over thirty seeds."""
    days = [bad_day(seed, shape=shape, minutes=1_000) for seed in range(30)]
    worst = np.array([int(day.index.argmin()) for day in days])
    top = np.array([day.index[max(low - 330, 0) : low + 1].max() for day, low in zip(days, worst, strict=True)])
    deep = 1 - np.array([day.index.min() for day in days]) / top
    later = np.array([day.index[min(low + 45, 999)] for day, low in zip(days, worst, strict=True)])
    lowest = np.array([day.index.min() for day in days])
    regained = (later - lowest) / (top - lowest)
    assert 0.05 < np.median(deep) < (0.2 if shape == "october" else 0.12)
    assert (np.median(regained) > 0.45) == (shape in ("wick", "october"))
    thinnest = np.array([day.density.min() / day.density[0] for day in days])
    assert thinnest == pytest.approx(0.1 if shape == "october" else 0.4, abs=0.01)


def test_only_parts_that_there_are_can_be_removed() -> None:
    """A typing error must not be a day with everything in place."""
    with pytest.raises(ValueError, match="without must be one of 'feed checks'"):
        run(DAY, CROWD, without=["median"])
    with pytest.raises(ValueError, match="shape must be one of 'fall'"):
        bad_day(1, shape="crash")
    with pytest.raises(ValueError, match="ages must be whole minutes"):
        replace(quiet([100.0, 100.0]), ages=np.array([[1, 0], [0, 0]]))


_DAY = {"index": [100.0], "density": [1.0], "latency": [0.0], "ages": [[0], [0]], "errors": [[0.0], [0.0]]}
BAD_INPUT = {
    "Day": case(Day, **{name: (value, NOTHING) for name, value in _DAY.items()}),
    "Traders": case(
        Traders, sizes=([1.0], NOTHING), deposits=([1.0], NOTHING, "[0, inf)"), steps=([1.0], NOTHING, "(0, 1]")
    ),
    "Venue": case(
        Venue,
        maintenance=(0.01, NOTHING, "(0, 0.05)"),
        initial=(0.05, NOTHING, "(0.01, 1)"),
        restore=(1.5, NOTHING, "[1, inf)"),
        maker=(0.0, {"zero"}, "[0, 1)"),
        taker=(0.0, {"zero"}, "[0, 1)"),
        penalty=(0.0, {"zero"}, "[0, 1)"),
        fund=(1.0, {"zero"}, "[0, inf)"),
        window=(0.05, NOTHING, "(0, 1)"),
        warning=(0.5, NOTHING, "(0, inf)"),
        calm=(1, NOTHING, "1.."),
        outlier=(6.0, NOTHING, "(0, inf)"),
        permanent=(0.5, {"zero"}, "[0, 1]"),
        recovery=(1.0, NOTHING, "(0, inf)"),
    ),
    "bad_day": case(
        lambda seed, price, density, minutes: bad_day(seed, price=price, density=density, minutes=minutes),
        seed=(1, {"zero"}, "0.."),
        price=(100.0, NOTHING, "(0, inf)"),
        density=(1.0, NOTHING, "(0, inf)"),
        minutes=(600, NOTHING, "600..1440"),
    ),
    "crowd": case(
        lambda seed, accounts, price, coins: crowd(seed, accounts, price=price, coins=coins),
        seed=(1, {"zero"}, "0.."),
        accounts=(3, NOTHING, "1.."),
        price=(100.0, NOTHING, "(0, inf)"),
        coins=(1.0, NOTHING, "(0, inf)"),
    ),
    "run": None,
    "Outcome": None,
    "PARTS": None,
    "SHAPES": None,
}

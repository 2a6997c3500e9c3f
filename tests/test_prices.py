"""Prices: filters against their step responses, the median of three, and the conventions of the trigger."""

from typing import Any

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import prices
from perpnotes.prices import Basis, Closed, Trigger, Window, crossing_seconds, mark_path, median_mark, wick_depth

PRICE = st.floats(0.01, 1e6)
REBOUND = np.concatenate([np.full(300, 100.0), np.full(40, 80.0), np.full(160, 95.0)])  # models: tick 360 is 95


class TestIndex:
    def test_the_median_does_not_care_how_far_an_outlier_is(self) -> None:
        """Of five feeds two may say anything."""
        assert prices.index([100.0, 101.0, 102.0, 1e9, 1e12]) == 102.0
        assert prices.index([1e-9, 1e-9, 100.0, 101.0, 102.0]) == 100.0

    def test_a_stale_feed_is_dropped(self) -> None:
        """It counts neither in the median nor in the mean; without a fresh one there is no index."""
        feeds = {"prices": [90.0, 100.0, 102.0], "ages_seconds": [61.0, 1.0, 60.0], "max_age_seconds": 60.0}
        assert prices.index(**feeds) == 101.0
        assert prices.index(**feeds, method="mean", weights=[5.0, 1.0, 3.0]) == pytest.approx(101.5, rel=1e-15)
        with pytest.raises(ValueError, match="fresh"):
            prices.index([1.0], ages_seconds=61.0, max_age_seconds=60.0)

    @given(feeds=st.lists(PRICE, min_size=3, max_size=3), wrong=PRICE, cap=st.floats(0.001, 0.5))
    def test_a_capped_mean_stays_within_the_cap(self, feeds: list[float], wrong: float, cap: float) -> None:
        """Whatever one feed says, the index is within the cap of the median."""
        rows = [*feeds, wrong]
        middle = np.median(rows)
        assert abs(prices.index(rows, method="mean", cap=cap) / middle - 1) <= cap * (1 + 1e-12)

    def test_a_feed_without_a_weight_moves_nothing(self) -> None:
        """Not the mean, and not the median that caps the others; a row of such feeds has no index."""
        feeds = [100.0, 102.0, 150.0]
        assert prices.index(feeds, method="mean", weights=[1, 1, 0], cap=0.001) == prices.index(
            feeds[:2], method="mean", cap=0.001
        )
        with pytest.raises(ValueError, match="weight"):
            prices.index(feeds, method="mean", weights=0.0)

    def test_a_row_without_a_fresh_feed_has_no_index(self) -> None:
        """That the same feeds are fresh in another row does not help it."""
        assert prices.index([[1.0, 2.0], [3.0, 4.0]], ages_seconds=[[1, 9], [9, 1]], max_age_seconds=5).tolist() == [
            1,
            4,
        ]
        with pytest.raises(ValueError, match="fresh"):
            prices.index([[1.0, 2.0], [3.0, 4.0]], ages_seconds=[[1, 1], [9, 9]], max_age_seconds=5)

    def test_weights_for_a_median_are_refused(self) -> None:
        """It has none, and an argument that does nothing is a mistake."""
        with pytest.raises(ValueError, match="weights must be None"):
            prices.index([1.0, 2.0, 3.0], weights=[1.0, 2.0, 1.0])

    @given(feeds=st.lists(PRICE, min_size=1, max_size=6), cap=st.floats(0.001, 0.5))
    def test_a_cap_does_not_move_the_median(self, feeds: list[float], cap: float) -> None:
        """Whoever is moved toward the middle does not pass it."""
        assert prices.index(feeds, cap=cap) == prices.index(feeds)

    def test_it_works_on_many_rows(self) -> None:
        """Rows are independent."""
        rows = np.random.default_rng(1).uniform(90, 110, (50, 5))
        alone = [prices.index(row, method="mean", cap=0.02) for row in rows]
        np.testing.assert_array_equal(prices.index(rows, method="mean", cap=0.02), alone)


class TestFilters:
    def test_a_smoothed_basis_has_the_step_response_of_an_exponential(self) -> None:
        """After a step of h for t seconds the mark has moved h (1 - exp(-t/tau)), at any tick size."""
        for tick in (0.1, 0.5, 1.0):
            book = np.r_[100.0, np.full(int(20 / tick), 90.0)]
            marks = mark_path(Basis(5.0, tick), np.full(len(book), 100.0), book)
            elapsed = np.arange(len(book)) * tick
            np.testing.assert_allclose(marks, 100 - 10 * -np.expm1(-elapsed / 5.0), rtol=1e-12)

    def test_the_crossing_time_is_the_published_one(self) -> None:
        """A step of 0.10 moves the mark by 0.06 after 4.5815 s at tau = 5 s; it never moves it by 0.10."""
        assert crossing_seconds(0.10, 0.06, 5.0) == pytest.approx(4.5815, abs=5e-5)
        assert np.isinf(crossing_seconds(0.10, [0.10, 0.11], 5.0)).all()

    def test_a_window_falls_while_spot_stands_above_it(self) -> None:
        """100, then 80 for 40 ticks, then 95: at tick 360 the mark is 90.95 and the next one is 90.90."""
        marks = mark_path(Window(100), REBOUND, REBOUND)
        assert marks[360:362].tolist() == pytest.approx([90.95, 90.90], rel=1e-13)
        assert REBOUND[360] > marks[360] > marks[361]

    @given(st.lists(st.floats(50, 150), min_size=2, max_size=60), st.floats(0.5, 50))
    def test_an_exponential_never_falls_while_the_price_is_above_it(self, path: list[float], tau: float) -> None:
        """With a fixed index, the smoothed mark moves toward the book price, always."""
        book = np.array(path)
        marks = mark_path(Basis(tau), np.full(len(book), 100.0), book)
        towards = (book[1:] - marks[:-1]) * (marks[1:] - marks[:-1])
        assert (towards >= -1e-9).all()  # rounding of prices near 100

    def test_a_wick_is_followed_as_far_as_the_closed_forms_say(self) -> None:
        """The lowest mark of a simulated wick equals the formula, for both shapes."""
        for seconds in (1, 3, 12):
            book = np.r_[np.full(50, 100.0), np.full(seconds, 90.0), np.full(50, 100.0)]
            spot = np.full(len(book), 100.0)
            for rule in (Basis(4.0), Window(10)):
                assert 100 - mark_path(rule, spot, book).min() == pytest.approx(
                    wick_depth(10.0, seconds, rule), rel=1e-12
                )

    def test_many_paths_at_once(self) -> None:
        """A filter over columns gives each column's own mark."""
        book = np.random.default_rng(4).uniform(90, 110, (80, 3))
        for rule in (Basis(7.0), Window(9)):
            alone = np.stack([mark_path(rule, book[:, 0], book[:, i]) for i in range(3)], axis=1)
            np.testing.assert_array_equal(mark_path(rule, np.repeat(book[:, :1], 3, axis=1), book), alone)

    @given(a=PRICE, b=PRICE, wrong=PRICE)
    def test_one_wrong_input_of_three_moves_the_median_no_further_than_the_other_two(
        self, a: float, b: float, wrong: float
    ) -> None:
        """In whichever place it stands; and the median is the middle one."""
        for order in ((a, b, wrong), (a, wrong, b), (wrong, a, b)):
            mark = median_mark(*order)
            assert min(a, b) <= mark <= max(a, b)
            assert mark == sorted(order)[1]

    def test_a_rule_that_is_no_filter_is_refused(self) -> None:
        """By name, and the time between ticks is checked for either filter."""
        with pytest.raises(ValueError, match="rule must be a Basis or a Window"):
            wick_depth(10.0, 2.0, "window")
        with pytest.raises(ValueError, match="tick_seconds must be > 0"):
            wick_depth(10.0, 2.0, Basis(4.0), tick_seconds=-1.0)

    def test_a_window_of_a_whole_float_is_that_many_ticks(self) -> None:
        """4.0 passes the check of a whole number, so it must also run."""
        path = [100.0, 90.0, 95.0]
        assert mark_path(Window(4.0), path, path).tolist() == mark_path(Window(4), path, path).tolist()


class TestTrigger:
    def test_the_limit_itself_fires_or_not(self) -> None:
        """At equity equal to maintenance `<=` fires and `<` does not: 100 - 90 = 10 = margin, rate 0."""
        terms = {"size": 1.0, "entry": 100.0, "wallet": 10.0, "maintenance": 0.0, "price": 90.0}
        assert Trigger().fires(**terms)
        assert not Trigger(inclusive=False).fires(**terms)

    def test_the_price_at_which_it_fires_has_the_closed_form(self) -> None:
        """Long: (qE - W)/(q (1 - m - fee)); a step above it nothing fires, with the fee inside or outside."""
        for fee in (0.0, 0.0006):
            price = (10 - 2) / (1 - 0.01 - fee)
            rule = Trigger(close_fee=fee)
            assert rule.fires(1.0, 10.0, 2.0, 0.01, price * (1 - 1e-12))
            assert not rule.fires(1.0, 10.0, 2.0, 0.01, price * (1 + 1e-12))

    def test_the_notional_of_the_margin_decides_the_price(self) -> None:
        """3x at 10 with m = 1%: 6.7667 where margin is charged at the entry (Bybit), 6.7340 where it is at the mark."""
        for basis, published in (("entry", 6.766667), ("mark", (10 - 10 / 3) / 0.99)):
            rule = Trigger(basis=basis)
            assert rule.fires(1.0, 10.0, 10 / 3, 0.01, published - 1e-6)  # six decimals are published
            assert not rule.fires(1.0, 10.0, 10 / 3, 0.01, published + 1e-6)

    @given(wallet=st.floats(-5, 50), rate=st.floats(0, 0.2), size=st.sampled_from([-2.0, 1.0]))
    def test_the_two_bases_agree_at_the_entry_and_without_a_rate(self, wallet: float, rate: float, size: float) -> None:
        """Where the price is the entry, or nothing is charged, the notional does not matter."""
        mark, entry = Trigger(), Trigger(basis="entry")
        assert mark.fires(size, 100.0, wallet, rate, 100.0) == entry.fires(size, 100.0, wallet, rate, 100.0)
        assert mark.fires(size, 100.0, wallet, 0.0, 80.0) == entry.fires(size, 100.0, wallet, 0.0, 80.0)

    @pytest.mark.parametrize("size", [2.0, -2.0])
    @pytest.mark.parametrize("multiple", [0.5, 1.0, 1.5])
    def test_it_fires_where_equity_is_the_multiple_of_rate_and_fee(self, size: float, multiple: float) -> None:
        """The closed form of both bases: a part in 10^9 of the price before it nothing happens, behind it it does."""
        entry, wallet, rate, fee, side = 100.0, 30.0, 0.01, 0.002, np.sign(size)
        asked = multiple * (rate + fee)
        places = {
            "mark": (size * entry - wallet) / (size - asked * abs(size)),
            "entry": entry + (asked * abs(size) * entry - wallet) / size,
        }
        for basis, price in places.items():
            trigger = Trigger(basis=basis, multiple=multiple, close_fee=fee)
            around = price * (1 + side * np.array([-1e-9, 1e-9]))
            assert trigger.fires(size, entry, wallet, rate, around).tolist() == [True, False]

    def test_what_is_not_stated_is_the_plain_convention(self) -> None:
        """By the mark, inclusive, at the requirement itself, without a fee, at every tick; ticks are a second long."""
        assert Trigger() == Trigger("mark", True, 1.0, "mark", 0.0, 1)
        assert Basis(5.0) == Basis(5.0, 1.0)
        assert wick_depth(10.0, 2.0, Window(10)) == wick_depth(10.0, 2.0, Window(10), tick_seconds=1.0)
        assert prices.index([1.0, 5.0]) == prices.index([1.0, 5.0], method="median", ages_seconds=0.0)

    def test_a_fee_inside_and_a_higher_multiple_fire_earlier(self) -> None:
        """Each convention only adds to the limit."""
        grid = np.linspace(80, 100, 4001)
        plain = Trigger().fires(1.0, 100.0, 10.0, 0.005, grid)
        for rule in (Trigger(close_fee=0.001), Trigger(multiple=1.25)):
            assert (rule.fires(1.0, 100.0, 10.0, 0.005, grid) >= plain).all()

    def test_which_price_counts_decides_who_is_liquidated(self) -> None:
        """A wick in the last price liquidates by last and not by mark; a check every ten ticks may miss it."""
        last = np.r_[np.full(55, 100.0), np.full(3, 88.0), np.full(42, 100.0)]
        spot = np.full(100, 100.0)
        mark = mark_path(Basis(30.0), spot, last)
        terms = (1.0, 100.0, 10.0, 0.005)
        assert Trigger(price="last").first(*terms, mark=mark, spot=spot, last=last) == 55
        assert Trigger(price="last", every=10).first(*terms, mark=mark, spot=spot, last=last) is None
        assert Trigger(price="last", every=7).first(*terms, mark=mark, spot=spot, last=last) == 56
        assert Trigger().first(*terms, mark=mark) is None
        assert Trigger(price="index").first(*terms, mark=mark, spot=spot) is None

    def test_the_history_that_counts_must_be_there(self) -> None:
        """No price is silently replaced by another."""
        with pytest.raises(ValueError, match="last must be given"):
            Trigger(price="last").first(1.0, 100.0, 10.0, 0.005, mark=[100.0])
        with pytest.raises(ValueError, match="spot must be given"):
            Trigger(price="index").first(1.0, 100.0, 10.0, 0.005, mark=[100.0])

    @pytest.mark.parametrize("place", range(4))
    def test_a_history_is_checked_for_one_position(self, place: int) -> None:
        """Three sizes and three ticks would pair up, tick by tick, and give a number that means nothing."""
        terms: list[Any] = [1.0, 100.0, 10.0, 0.005]
        terms[place] = [terms[place]] * 3
        with pytest.raises(ValueError, match="must be one number"):
            Trigger().first(*terms, mark=[100.0, 90.0, 80.0])

    def test_the_close_is_done_at_another_price_than_the_check_looks_at(self) -> None:
        """By hand: a long of two coins from 100 with 20, checked at the mark, closed on the book two lower, fee 1%."""
        closed = Trigger().close(
            2.0, 100.0, 20.0, 0.0, mark=[100.0, 95.0, 90.0, 99.0], fills=[100.0, 93.0, 88.0, 97.0], fee=0.01
        )
        assert closed == Closed(2, 88.0, 20.0 - 24.0 - 1.76)
        assert closed.owed == pytest.approx(5.76)
        assert closed.returned == 0.0

    @given(
        wallet=st.floats(1, 40),
        size=st.sampled_from([-3.0, 0.5, 2.0]),
        fills=st.lists(st.floats(50, 150), min_size=9, max_size=9),
    )
    def test_the_money_adds_up(self, wallet: float, size: float, fills: list[float]) -> None:
        """What was put in and the P&L of the close are what comes back less what is owed; only one is above 0."""
        marks = 100.0 - np.sign(size) * np.linspace(0, 60, 9)
        closed = Trigger().close(size, 100.0, wallet, 0.01, mark=marks, fills=fills)
        if closed is None:
            assert Trigger().first(size, 100.0, wallet, 0.01, mark=marks) is None
            return
        assert closed.returned - closed.owed == pytest.approx(wallet + size * (closed.price - 100.0), abs=1e-9)
        assert min(closed.returned, closed.owed) == 0.0
        assert closed.price == fills[closed.tick]

    def test_closes_pair_with_the_history_that_counts(self) -> None:
        """One fill a tick; nothing is closed where nothing fires."""
        with pytest.raises(ValueError, match="fills must have the shape"):
            Trigger().close(1.0, 100.0, 10.0, 0.005, mark=[100.0, 80.0], fills=[80.0])
        assert Trigger().close(1.0, 100.0, 10.0, 0.005, mark=[100.0, 99.0], fills=[80.0, 80.0]) is None


TERMS = {"size": (1, ANY), "entry": (1, POSITIVE), "wallet": (1, ANY), "maintenance": (0.1, AT_LEAST_0, "[0, 1)")}
BAD_INPUT = {
    "index": case(
        lambda prices_, weights, ages_seconds, max_age_seconds, cap: prices.index(
            prices_,
            method="mean",
            weights=weights,
            ages_seconds=ages_seconds,
            max_age_seconds=max_age_seconds,
            cap=cap,
        ),
        prices_=([1.0, 2.0], POSITIVE),
        weights=(1.0, {"none"}, ""),
        ages_seconds=(1.0, {"zero"}, "[0, 60]"),
        max_age_seconds=(60.0, {"inf"}, "[1, inf)"),
        cap=(0.1, {"none"}, "(0, 1)"),
    ),
    "median_mark": case(median_mark, first=(1, POSITIVE), second=(1, POSITIVE), third=(1, POSITIVE)),
    "mark_path": case(
        lambda spot, book: mark_path(Basis(1.0), spot, book),
        spot=([1.0], NOTHING, "(0, inf)"),
        book=([1.0], NOTHING, "(0, inf)"),
    ),
    "crossing_seconds": case(crossing_seconds, depth=(1, POSITIVE), distance=(1, POSITIVE), tau_seconds=(1, POSITIVE)),
    "wick_depth": case(
        lambda depth, seconds, tick_seconds: wick_depth(depth, seconds, Window(3), tick_seconds=tick_seconds),
        depth=(1, POSITIVE),
        seconds=(1, AT_LEAST_0),
        tick_seconds=(1, NOTHING, "(0, inf)"),
    ),
    "Basis": case(Basis, tau_seconds=(1, NOTHING, "(0, inf)"), tick_seconds=(1, NOTHING, "(0, inf)")),
    "Basis.step": case(
        lambda spot, book: Basis(1.0).step(np.zeros(()), spot, book), spot=(1, POSITIVE), book=(1, POSITIVE)
    ),
    "Basis.start": case(Basis(1.0).start, spot=(1, POSITIVE), book=(1, POSITIVE)),
    "Window.step": case(lambda book: Window(2).step(np.ones(2), 1.0, book), book=(1, NOTHING, "(0, inf)")),
    "Window": case(Window, ticks=(3, NOTHING, "1..")),
    "Trigger": case(
        Trigger, multiple=(1, NOTHING, "(0, inf)"), close_fee=(0, {"zero"}, "[0, 1)"), every=(1, NOTHING, "1..")
    ),
    "Trigger.fires": case(Trigger().fires, **TERMS, price=(1, POSITIVE)),
    "Trigger.first": case(lambda mark: Trigger().first(1, 1, 1, 0.1, mark=mark), mark=([1.0], NOTHING, "(0, inf)")),
    "Trigger.close": case(
        lambda fills, fee: Trigger().close(1.0, 100.0, 10.0, 0.1, mark=[80.0], fills=fills, fee=fee).left,
        fills=([90.0], NOTHING, "(0, inf)"),
        fee=(0.001, {"zero"}, "[0, inf)"),
    ),
    "Closed": None,
    "Filter": None,
}

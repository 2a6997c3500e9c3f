"""A book as plain values: the same answers as from the functions that it stands on, and faults named where they are."""

import inspect
import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from perpnotes import book, liquidation, portfolio, stress
from perpnotes.contracts import Inverse, Linear, Option, option_value
from perpnotes.margin import Account, Collateral, Position, Tiers, published_size_tiers, published_tiers

ROOT = Path(__file__).parent
BTC: dict[str, Any] = {"coin": "BTC", "size": 0.5, "mark": 60_000.0}
ETH: dict[str, Any] = {"coin": "ETH", "size": 5.0, "mark": 3_000.0}
CASH = [{"amount": 5_000.0}]
BOOK: dict[str, Any] = {
    "legs": [BTC, ETH],
    "collateral": CASH,
    "volatility": {"BTC": 0.5, "ETH": 0.7},
    "correlation": 0.8,
}
CALL: dict[str, Any] = {
    "coin": "BTC",
    "kind": "option",
    "size": -2.0,
    "strike": 65_000.0,
    "days": 30,
    "maintenance": 0.1,
}
PUT: dict[str, Any] = {"coin": "BTC", "kind": "option", "size": 1.0, "strike": 55_000.0, "days": 7, "call": False}
NOTHING = {**PUT, "days": 0, "strike": 1e-6}  # an option that expired without a value


def changed(**fields: Any) -> dict[str, Any]:
    return {**BOOK, **fields}


class TestLiquidationPrices:
    @pytest.mark.parametrize("venue", ["Binance", "BitMEX", "Bybit"])
    @pytest.mark.parametrize("size", [0.5, -0.5])
    def test_an_isolated_leg_has_the_price_of_the_formula(self, venue: str, size: float) -> None:
        """Tiers, basis and close fee of the venue; the fee of opening and the funding of ten days are paid before."""
        leg = {**BTC, "size": size, "margin": 3_000.0, "open_fee": 0.0005}
        found = book.report({"legs": [leg], "venue": venue, "days": 10, "funding": 0.0002, "taker": 0.001})
        rule = liquidation.published_rule(venue)
        expected = liquidation.price(
            size, 60_000.0, 3_000.0,
            published_tiers("binance_btcusdt_2024_10") if venue == "Binance" else rule.maintenance,
            basis=rule.basis, close_fee=0.001 if rule.counts_fee else 0.0, open_fee=0.0005, funding=0.006,
        )  # fmt: skip
        (prices,) = found.prices
        assert prices.alone.low if size > 0 else prices.alone.high == pytest.approx(expected, rel=1e-12)
        assert prices.alone == prices.following == prices.together

    def test_an_isolated_inverse_leg_has_its_margin_in_coins(self) -> None:
        leg = {"coin": "BTC", "kind": "inverse", "size": 60_000.0, "entry": 50_000.0, "mark": 52_000.0, "margin": 0.12}
        found = book.report({"legs": [{**leg, "maintenance": 0.005, "open_fee": 0.001}], "days": 1, "funding": 0.0001})
        paid = 0.12 - 60_000 / 50_000 * 0.001 - 60_000 / 52_000 * 0.0003
        expected = liquidation.price(60_000.0, 50_000.0, paid, 0.005, inverse=True)
        assert found.prices[0].alone.low == pytest.approx(expected, rel=1e-12)

    def test_a_cross_account_is_asked_three_times(self) -> None:
        """Frozen; with `rho sigma_i / sigma_j`; and with the ratio of the volatilities alone, for each coin."""
        found = book.report(BOOK)
        account = Account(
            [
                Position(Linear("BTC"), 0.5, 60_000.0, 60_000.0, published_tiers("binance_btcusdt_2024_10"), 10.0),
                Position(Linear("ETH"), 5.0, 3_000.0, 3_000.0, published_tiers("binance_ethusdt_2024_10"), 10.0),
            ],
            [Collateral(5_000.0)],
        )
        assert found.accounts[0].assessment == account.assess()
        for prices, coin, other, ratio in zip(
            found.prices, ("BTC", "ETH"), ("ETH", "BTC"), (1.4, 1 / 1.4), strict=True
        ):
            for interval, betas in (
                (prices.alone, {}),
                (prices.following, {other: 0.8 * ratio}),
                (prices.together, {other: ratio}),
            ):
                expected = liquidation.interval(account, coin, betas)
                assert interval.low == pytest.approx(expected.low, rel=1e-12)
                assert interval.high == expected.high == math.inf

    def test_the_price_alone_follows_from_the_formula_with_the_rest_of_the_account_in_it(self) -> None:
        """Only where no other leg and no money moves with the coin: else no formula has one price in it."""
        legs = [
            {**BTC, "entry": 61_000.0, "open_fee": 0.001},
            {**ETH, "size": -5.0, "entry": 3_100.0, "stop": 3_300.0},
            {
                "coin": "BTC",
                "kind": "inverse",
                "size": 20_000.0,
                "entry": 58_000.0,
                "margin": 0.05,
                "maintenance": 0.01,
            },
        ]
        money = [{"amount": 9_000.0}, {"amount": 20_000.0, "currency": "MXN"}]
        found = book.report({"legs": legs, "collateral": money, "days": 5, "venue": "Bybit"})
        names = [name for name in found.reasons if re.search(r"\.(low|high)$", name)]
        assert names == ["prices[0].alone.low", "prices[1].alone.high", "prices[2].alone.low"]
        for prices, end in zip(found.prices, ("low", "high", "low"), strict=True):
            assert prices.estimate is not None
            assert prices.estimate.price == pytest.approx(getattr(prices.alone, end), rel=1e-12)
        first = found.prices[0].estimate
        assert first is not None
        assert first.wallet == pytest.approx(9_000 + 20_000 * book.report({"legs": legs, "currency": "MXN"}).usd + 22.5)
        assert first.other_pnl == pytest.approx(500.0)
        for more in ({"legs": [BTC, {**BTC, "size": 1.0}]}, {"collateral": [{"amount": 1.0, "currency": "BTC"}]}):
            assert book.report({"legs": [BTC], "collateral": CASH, **more}).prices[0].estimate is None

    def test_a_formula_is_offered_only_for_a_price_that_is_told(self) -> None:
        """Where options are held, a price is looked for only so far: what the formula has beyond is not reported.

        How far does not depend on how much other coins would move if they followed.
        """
        option = {"coin": "BTC", "kind": "option", "size": 1.0, "strike": 60_000.0, "days": 30.0}
        short = {"coin": "ETH", "size": -0.01, "maintenance": 0.01}
        given = {"legs": [option, short], "marks": {"BTC": 60_000.0, "ETH": 3_000.0}, "collateral": CASH}
        near = book.report({**given, "volatility": {"BTC": 0.1, "ETH": 2.0}})
        assert near.prices[1].estimate is not None
        assert near.prices[1].alone.high == pytest.approx(near.prices[1].estimate.price, rel=1e-9)
        assert "prices[1].alone.high" in near.reasons
        far = book.report({**given, "legs": [option, {**short, "size": -1e-12}]})
        assert far.prices[1].alone.high == math.inf
        assert "prices[1].alone.high" not in far.reasons

    def test_a_coin_that_is_held_counts_and_moves(self) -> None:
        """As a leg, with its haircut, it is what it is as collateral; and a hedge of it has no liquidation price."""
        short = {**BTC, "size": -0.5}
        spot = {"coin": "BTC", "kind": "spot", "size": 0.5, "haircut": 0.1}
        one = book.report({"legs": [short, spot], "collateral": CASH})
        two = book.report({"legs": [short], "collateral": [*CASH, {"amount": 0.5, "currency": "BTC", "haircut": 0.1}]})
        assert one.prices[0].alone.high == pytest.approx(two.prices[0].alone.high, rel=1e-12)
        assert one.accounts[0].assessment.equity == two.accounts[0].assessment.equity == 32_000.0
        whole = book.report({"legs": [{**short, "maintenance": 1e-9}, {**spot, "haircut": 0.0}], "collateral": CASH})
        assert whole.prices[0].alone.low == 0.0
        assert whole.prices[0].alone.high > 1e9

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.sampled_from([-3.0, -1.0, 0.5, 2.0]), min_size=2, max_size=3), st.floats(500.0, 20_000.0))
    def test_options_that_are_worth_nothing_change_no_price(self, sizes: list[float], amount: float) -> None:
        """The search that options need finds what the exact one finds; beyond its reach both say so."""
        marks = {"BTC": 60_000.0, "ETH": 3_000.0, "SOL": 150.0}
        legs = [
            {"coin": coin, "size": size * 6_000.0 / mark, "mark": mark, "maintenance": 0.01}
            for size, (coin, mark) in zip(sizes, marks.items(), strict=False)
        ]
        one, two = (
            book.report({"legs": [*legs, *more], "collateral": [{"amount": amount}]}) for more in ([], [NOTHING])
        )
        for exact, searched in zip(one.prices, two.prices, strict=True):
            for name in ("alone", "following", "together"):
                a, b = getattr(exact, name), getattr(searched, name)
                assert b.low == pytest.approx(a.low, rel=1e-9, abs=1e-6)
                assert b.high == pytest.approx(a.high, rel=1e-9) or min(a.high, b.high) > 1e9 * a.mark

    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(st.tuples(st.sampled_from([-2.0, -1.0, 1.0, 3.0]), st.floats(0.8, 1.25), st.integers(1, 90),
                           st.booleans()), min_size=1, max_size=4),
        st.sampled_from([-1.0, -0.2, 0.4, 1.5]),
        st.floats(15_000.0, 80_000.0),
    )  # fmt: skip
    def test_with_options_equity_meets_maintenance_there_and_nowhere_before(
        self, options: list[tuple[float, float, int, bool]], size: float, amount: float
    ) -> None:
        """By Black's formula on a dense grid of prices between the marks that were found."""
        legs = [{**CALL, "size": q, "strike": 60_000.0 * k, "days": days, "call": call} for q, k, days, call in options]
        future = {**BTC, "size": size, "maintenance": 0.01}
        money = [{"amount": amount}]
        found = book.report({"legs": [future, *legs], "collateral": money, "volatility": {"BTC": 0.6}})
        interval = found.prices[0].alone

        def gap(price: Any) -> Any:
            result = amount + size * (price - 60_000.0) - 0.01 * abs(size) * price
            for q, k, days, call in options:
                result = result + q * option_value(price, 60_000.0 * k, 0.6, days / 365, call=call)
                result = result - 0.1 * max(0.0, -q) * price
            return result

        assert found.accounts[0].assessment.buffer == pytest.approx(float(gap(60_000.0)))
        if gap(60_000.0) <= 0:
            assert interval.distance == 0.0
            return
        ends = max(interval.low, 60.0) * (1 + 1e-9), min(interval.high, 6e6) * (1 - 1e-9)
        assert (gap(np.linspace(*ends, 4_001)) > 0).all()
        for end in (interval.low, interval.high):
            if 60.0 < end < 6e6:
                assert float(gap(end)) == pytest.approx(0.0, abs=1e-5)

    @settings(max_examples=10, deadline=None)
    @given(st.floats(1_000.0, 60_000.0))
    def test_more_money_never_fails_earlier(self, amount: float) -> None:
        less, more = (book.report(changed(collateral=[{"amount": each}])) for each in (amount, 1.1 * amount))
        assert more.fails_at >= less.fails_at
        assert more.prices[0].together.low <= less.prices[0].together.low

    @pytest.mark.parametrize("leg", [{**PUT, "call": True}, PUT, {**PUT, "days": 0}, {"coin": "BTC", "kind": "spot"}])
    def test_what_is_bought_and_paid_is_never_liquidated(self, leg: dict[str, Any]) -> None:
        """Not even where an option is worth so little that floats tell it from nothing no more."""
        given = {"legs": [{**leg, "size": 1.0}], "marks": {"BTC": 60_000.0}}
        found = book.report(given)
        assert (found.prices[0].alone.low, found.prices[0].alone.high) == (0.0, math.inf)
        assert not found.fails.any()
        assert book.report({**given, "collateral": [{"amount": -1e6}]}).fails.all()

    def test_an_account_that_is_too_late_is_liquidated_where_it_is(self) -> None:
        for legs in ([BTC], [BTC, CALL]):
            found = book.report({"legs": legs, "collateral": [{"amount": 10.0}]})
            assert found.prices[0].alone.distance == 0.0
            assert found.fails_at == 0.0


class TestIsolatedLegs:
    BOOK: ClassVar[dict[str, Any]] = {"legs": [BTC, {**ETH, "margin": 900.0}], "collateral": CASH}

    def test_they_are_accounts_of_their_own(self) -> None:
        found = book.report(self.BOOK)
        alone = book.report({"legs": [BTC], "collateral": CASH})
        assert [account.name for account in found.accounts] == ["cross", "ETH +5"]
        assert found.accounts[0] == alone.accounts[0]
        assert found.prices[0].together == alone.prices[0].together
        assert found.rules == alone.rules
        assert found.accounts[1].assessment.equity == 900.0

    def test_they_lose_at_most_their_margin(self) -> None:
        """Ether falls by more than its margin bears; what is beyond it is not the reader's loss."""
        found = book.report(self.BOOK)
        assert found.stressed.worst.contributions == pytest.approx((-4_800.0, -900.0))
        coin = {
            "coin": "BTC",
            "kind": "inverse",
            "size": 60_000.0,
            "mark": 60_000.0,
            "margin": 0.1,
            "maintenance": 0.01,
        }
        inverse = book.report({"legs": [coin], "moves": [-0.08, -0.16]})
        assert inverse.stressed.pnl.round(6).tolist() == [-6_000.0, -5_280.0]
        assert inverse.rules is None

    def test_what_is_lost_already_is_not_lost_again(self) -> None:
        """Below its margin an isolated leg has nothing left to lose, however far the price falls."""
        found = book.report({"legs": [{**BTC, "entry": 70_000.0, "margin": 3_000.0}], "moves": [-0.1, 0.1]})
        assert found.accounts[0].assessment.equity == -2_000.0
        assert found.stressed.pnl.tolist() == [0.0, 3_000.0]

    def test_a_book_without_cross_money_has_no_cross_account(self) -> None:
        found = book.report({"legs": [{**BTC, "margin": 3_000.0}]})
        assert [account.isolated for account in found.accounts] == [True]
        assert not found.fails.any()


class TestHowItEnds:
    @pytest.mark.parametrize("venue", book.VENUES)
    def test_an_isolated_leg_gets_back_what_the_rule_gives_back(self, venue: str) -> None:
        """A stop pays the taker fee; a liquidation what the venue asks, and keeps what the venue keeps."""
        leg = {**BTC, "margin": 3_000.0, "stop": 56_000.0, "maintenance": liquidation.published_rule(venue).maintenance}
        (found,) = book.report({"legs": [leg], "venue": venue, "taker": 0.0005, "slippage": 0.001}).legs
        rule = liquidation.published_rule(venue)
        position = rule.position(0.5, 60_000.0, 3_000.0, taker=0.0005)
        assert found.stop is not None
        assert found.liquidation is not None
        expected = liquidation.settle(position, 56_000.0, slippage=0.001, fee=0.0005)
        assert found.stop.settlement.returned == pytest.approx(expected.returned)
        expected = rule.settle(position, slippage=0.001)
        assert found.liquidation.settlement.returned == pytest.approx(expected.returned)
        assert found.liquidation.settlement.to_fund == pytest.approx(expected.to_fund)
        assert found.liquidation.complete == rule.complete

    def test_a_short_and_an_inverse_leg_slip_the_other_way(self) -> None:
        short = {**BTC, "size": -0.5, "margin": 3_000.0, "stop": 64_000.0}
        (found,) = book.report({"legs": [short], "slippage": 0.01, "taker": 0.0}).legs
        assert found.stop is not None
        assert found.stop.settlement.returned == pytest.approx(3_000 - 0.5 * (64_000 * 1.01 - 60_000))
        coin = {"coin": "BTC", "kind": "inverse", "size": 30_000.0, "mark": 60_000.0, "margin": 0.05, "stop": 57_000.0}
        (inverse,) = book.report({"legs": [{**coin, "maintenance": 0.01}], "slippage": 0.01, "taker": 0.001}).legs
        assert inverse.stop is not None
        coins = 0.05 + 30_000 * (1 / 60_000 - 1 / (57_000 * 0.99)) - 0.001 * 30_000 / (57_000 * 0.99)
        assert inverse.stop.settlement.returned == pytest.approx(57_000 * coins, rel=1e-12)

    @pytest.mark.parametrize("size", [30_000.0, -30_000.0])
    def test_an_inverse_leg_has_its_gain_in_coins_which_move_too(self, size: float) -> None:
        """So equity at the liquidation price is the maintenance margin there, and a cell is worth its coins."""
        leg = {"coin": "BTC", "kind": "inverse", "size": size, "entry": 50_000.0, "mark": 60_000.0, "margin": 0.2}
        found = book.report({"legs": [{**leg, "maintenance": 0.01}], "moves": [0.05], "slippage": 0.0})
        liquidation = found.legs[0].liquidation
        assert liquidation is not None
        assert liquidation.settlement.equity == pytest.approx(300.0)
        held = 0.2 + size * (1 / 50_000 - 1 / np.array([60_000.0, 63_000.0]))
        assert found.stressed.pnl == pytest.approx(held[1] * 63_000 - held[0] * 60_000)

    def test_a_stop_beyond_liquidation_comes_too_late(self) -> None:
        (found,) = book.report({"legs": [{**BTC, "margin": 600.0, "stop": 50_000.0}]}).legs
        assert found.stop is not None
        assert found.liquidation is not None
        assert not found.stop.in_time
        assert found.stop.settlement == found.liquidation.settlement

    def test_a_cross_liquidation_closes_every_perpetual(self) -> None:
        """Each slips, and each pays the fee, at its own mark; the stop closes one leg alone."""
        found = book.report(
            changed(
                venue="dYdX", legs=[{**BTC, "stop": 55_000.0}, {**ETH, "maintenance": 0.02}], slippage=0.001, taker=0.0
            )
        )
        leg = found.legs[0]
        assert leg.stop is not None
        assert leg.liquidation is not None
        low = found.prices[0].alone.low
        equity = 5_000 + 0.5 * (low - 60_000)
        filled = 0.5 * low + 5 * 3_000
        expected = equity - 0.001 * filled - 0.015 * 0.999 * filled
        assert leg.liquidation.settlement.returned == pytest.approx(max(0.0, expected))
        assert leg.liquidation.settlement.fee == pytest.approx(0.015 * 0.999 * filled)
        assert leg.stop.settlement.returned == pytest.approx(2_500.0 - 0.001 * 27_500)


class TestGrid:
    def test_the_worst_cell_adds_up_and_fails_where_equity_is_gone(self) -> None:
        found = book.report(changed(collateral=[{"amount": 8_000.0}]))
        assert sum(found.stressed.worst.contributions) == pytest.approx(found.stressed.worst.pnl)
        assert 0.0 < found.fails_at < 1.0
        assert book.report(changed(collateral=[{"amount": 80_000.0}])).fails_at == math.inf

    def test_cells_fail_beyond_the_liquidation_prices(self) -> None:
        """At the market's own correlations beyond *following*, at one beyond *together*: one law, asked twice."""
        found = book.report(changed(collateral=[{"amount": 6_500.0}], moves=np.linspace(-0.3, 0.3, 61).tolist()))
        cells = found.to_dict()["grid"]
        assert cells["correlation"][0] == 0.0
        assert cells["correlation"][-1] == 1.0
        for row, interval in ((0, found.prices[0].following), (-1, found.prices[0].together)):
            marks = 60_000.0 * (1.0 + np.array(cells["price"]))
            assert cells["fails"][row] == ((marks <= interval.low) | (marks >= interval.high)).tolist()

    def test_the_stress_at_which_it_fails_is_told_to_a_hundredth(self) -> None:
        """A leg's beta is `(1 - theta) rho + theta` times the ratio of volatilities."""
        found = book.report(changed(collateral=[{"amount": 8_000.0}]))

        def left(theta: float) -> float:
            ether = 3_000.0 * (0.84 ** (((1 - theta) * 0.8 + theta) * 1.4))
            return 8_000 - 0.16 * 30_000 + 5 * (ether - 3_000) - 0.004 * (0.84 * 30_000 + 5 * ether)

        assert left(found.fails_at) <= 0 < left(found.fails_at - 0.01)
        assert found.fails_at == pytest.approx(round(found.fails_at, 2))

    def test_it_is_the_grid_of_stress(self) -> None:
        found = book.report(changed(legs=[BTC, ETH, PUT]))
        market = stress.Market({"BTC": 60_000.0, "ETH": 3_000.0}, {"BTC": 0.5, "ETH": 0.7}, [[1.0, 0.8], [0.8, 1.0]])
        held = [(Linear("BTC"), 0.5), (Linear("ETH"), 5.0), (Option("BTC", 55_000.0, 7 / 365, call=False), 1.0)]
        axes = found.stressed.scenarios.axes
        assert list(axes) == ["price", "volatility", "correlation"]
        expected = stress.evaluate(held, market, stress.grid(**axes))
        assert np.array_equal(found.stressed.pnl, expected.pnl)
        surface = found.to_dict()["grid"]["pnl"]
        assert surface == expected.surface("correlation", "price").tolist()

    def test_the_driver_can_be_another_coin(self) -> None:
        found = book.report(changed(driver="ETH", moves=[-0.1]))
        assert found.to_dict()["grid"]["driver"] == "ETH"
        assert found.stressed.cell(0).contributions[1] == pytest.approx(-1_500.0)
        assert found.stressed.cell(0).contributions[0] == pytest.approx(30_000 * (0.9 ** (0.8 / 1.4) - 1))

    def test_money_in_another_currency_moves_too(self) -> None:
        money = [*CASH, {"amount": 100_000.0, "currency": "MXN", "haircut": 0.1}, {"amount": 0.1, "currency": "BTC"}]
        found = book.report({"legs": [BTC], "collateral": money, "fx": {"MXN": 0.05}})
        worst = found.to_dict()["grid"]["worst"]
        assert worst["others"] == pytest.approx({"MXN": 4_500 * -0.0609397, "BTC": 6_000 * -0.16})
        assert found.accounts[0].assessment.equity == pytest.approx(5_000 + 4_500 + 6_000)


class TestBesides:
    def test_rules_are_those_of_portfolio(self) -> None:
        found = book.report(BOOK)
        market = stress.Market({"BTC": 60_000.0, "ETH": 3_000.0}, {"BTC": 0.5, "ETH": 0.7}, [[1.0, 0.8], [0.8, 1.0]])
        expected = portfolio.compare([(Linear("BTC"), 0.5), (Linear("ETH"), 5.0)], market)
        shown = found.to_dict()
        assert found.rules == expected
        assert shown["ranked"] == [row.venue.name for row in expected.ranked()]
        assert [row["ratio"] for row in shown["rules"]] == [
            row.maintenance and row.maintenance / 5_000 for row in expected.rows
        ]

    def test_money_beside_an_isolated_leg_changes_nothing_of_it(self) -> None:
        """The cross account then holds no leg, and cannot be liquidated."""
        leg = {**BTC, "margin": 3_000.0, "stop": 58_000.0}
        alone, beside = book.report({"legs": [leg]}), book.report({"legs": [leg], "collateral": CASH})
        assert [each.name for each in beside.accounts] == ["cross", alone.accounts[0].name]
        assert beside.accounts[0].assessment.equity == 5_000.0
        assert [replace(each, account=0) for each in beside.prices] == list(alone.prices)
        assert [replace(each, account=0) for each in beside.legs] == list(alone.legs)
        assert str(beside)
        assert beside.to_dict()["accounts"][0]["ratio"] == 0.0

    @pytest.mark.parametrize("legs", [[BTC, ETH], [BTC, CALL, PUT], [{**BTC, "margin": 3_000.0}]])
    def test_rules_can_be_asked_for_alone_and_left_out(self, legs: list[dict[str, Any]]) -> None:
        whole = book.report(changed(legs=legs))
        assert book.rules(changed(legs=legs)) == whole.rules
        without = book.report(changed(legs=legs), with_rules=False)
        assert without == replace(whole, rules=None)
        assert without.to_dict() == whole.to_dict() | {"rules": [], "ranked": []}

    def test_a_rule_that_covers_no_part_of_the_book_is_not_ranked(self) -> None:
        shown = book.report(changed(legs=[BTC, {**CALL, "coin": "BTC"}])).to_dict()
        row = shown["rules"][[row["venue"] for row in shown["rules"]].index("binance_tiers_2024_10")]
        assert row["status"] == "at least"
        assert "binance_tiers_2024_10" not in shown["ranked"]
        assert "paradex_2026_08" in shown["ranked"]

    def test_holding_costs_are_paid_by_longs_and_received_by_shorts(self) -> None:
        """Thirty payments of a basis point on 45,000 USD cost 135 USD; closing costs the fee of the notional."""
        costs = book.report(changed(days=10, funding=0.0001, taker=0.0005)).to_dict()["costs"]
        assert costs == pytest.approx({"open_fees": 0.0, "funding": -135.0, "closing": 22.5, "payments": 30})
        short = changed(days=10, funding={"BTC": 0.0001, "ETH": 0.0}, legs=[{**BTC, "size": -0.5}, ETH])
        assert book.report(short).accounts[0].funding == pytest.approx(90.0)
        hourly = book.report(changed(days=1, hours=1, funding=0.0001))
        assert hourly.payments == 24

    def test_a_coin_that_is_only_collateral_moves_wherever_its_price_stands(self) -> None:
        given = {"legs": [BTC], "collateral": [*CASH, {"amount": 1.0, "currency": "ETH"}]}
        by_rate, by_mark = (book.report({**given, field: {"ETH": 3_000.0}}) for field in ("fx", "marks"))
        assert by_rate == by_mark
        assert by_rate.prices[0].together.low > by_rate.prices[0].alone.low

    def test_a_currency_moves_by_what_is_stated_and_a_peso_by_default(self) -> None:
        """What another currency may do in a day is not measured, so it stands still unless the book says."""
        money = [{"amount": 1_000.0, "currency": "EUR"}]
        still, moved = (
            book.report({"legs": [BTC], "collateral": money, "fx": {"EUR": 1.1}, "fx_moves": each})
            for each in (None, [-0.1])
        )
        assert "fx" not in still.stressed.scenarios.axes
        assert moved.stressed.scenarios.axes["fx"].tolist() == [-0.1, 0.0]
        assert moved.stressed.worst.contributions[1] == pytest.approx(-110.0)

    def test_an_account_in_a_coin_has_digits(self) -> None:
        assert "equity in BTC: 0.083333\n" in str(book.report({"legs": [BTC], "collateral": CASH, "currency": "BTC"}))

    def test_results_are_told_in_the_currency_of_the_account(self) -> None:
        found = book.report(changed(currency="MXN", fx={"MXN": 0.05}))
        (account,) = found.to_dict()["accounts"]
        assert account["currency"]["equity"] == pytest.approx(100_000.0)
        assert "equity in MXN: 100,000.00" in str(found)
        assert book.report(changed(currency="BTC")).usd == 60_000.0

    def test_options_count_at_their_value_and_a_sold_one_is_charged(self) -> None:
        found = book.report({"legs": [BTC, CALL, PUT], "collateral": CASH, "volatility": {"BTC": 0.6}})
        values = [
            -2 * option_value(60_000.0, 65_000.0, 0.6, 30 / 365),
            option_value(60_000.0, 55_000.0, 0.6, 7 / 365, call=False),
        ]
        assert [leg.value for leg in found.legs] == [None, *(pytest.approx(float(value)) for value in values)]
        assert [leg.maintenance for leg in found.legs] == [pytest.approx(120.0), pytest.approx(12_000.0), 0.0]
        assert found.accounts[0].assessment.equity == pytest.approx(5_000 + sum(values))
        legs = [BTC, {**CALL, "entry": 2_000.0}, {**PUT, "entry": 900.0}]
        paid = book.report({"legs": legs, "collateral": CASH, "volatility": {"BTC": 0.6}}).legs
        assert [leg.unrealized for leg in paid] == pytest.approx([0.0, values[0] + 4_000.0, values[1] - 900.0])

    def test_equity_is_derived_from_all_that_is_in_it(self) -> None:
        """Options, fees and funding where there are any; where there are none, collateral and P&L alone."""
        legs = [{**BTC, "entry": 59_000.0, "open_fee": 0.001}, PUT]
        found = book.report({"legs": legs, "collateral": CASH, "days": 1, "funding": 0.0001})
        why = found.why("accounts[0].equity")
        value = found.legs[1].value
        assert dict(why) == pytest.approx(
            {"C": 5_000.0, "V": value, "F_o": 29.5, "F": -9.0, "U": 500.0, "E": 5_000 + value - 29.5 - 9.0 + 500}
        )
        assert [term.equation for term in why][-1] == "E = C + U + V - F_o + F"
        assert list(dict(book.report(BOOK).why("accounts[0].buffer"))) == ["C", "U", "E", "M", "B"]

    @pytest.mark.parametrize(
        ("margin", "leverage"), [(3_000.0, 10.0), (2_000.0, 15.0), (100.0, 125.0), (50_000.0, 1.0)]
    )
    def test_an_isolated_leg_has_the_leverage_of_its_margin(self, margin: float, leverage: float) -> None:
        """So its margin is what it needed, unless the table allows no such leverage."""
        found = book.report({"legs": [{**BTC, "margin": margin}]})
        assert found.legs[0].initial == pytest.approx(30_000 / leverage)
        assert ("legs[0].leverage", leverage) in [(each.field, each.value) for each in found.assumed]

    def test_leverage_is_ten_or_what_the_table_allows(self) -> None:
        legs = book.report({"legs": [{**BTC, "size": 3_000.0}, ETH], "collateral": CASH}).legs
        assert [leg.initial for leg in legs] == [180e6 / 10, 1_500.0]
        large = book.report({"legs": [{**BTC, "size": 6_000.0}], "collateral": CASH}).legs
        assert large[0].initial == 360e6 / 5


class TestDefaults:
    """What counts where a book says nothing is measured or published, and the source is told."""

    RECORD = yaml.safe_load((ROOT / "records/book-defaults.yaml").read_text())["figures"]
    SLIP = yaml.safe_load((ROOT / "records/liquidation-slip.yaml").read_text())["figures"]
    FACTS = yaml.safe_load((ROOT / "facts.yaml").read_text())

    def test_they_are_those_of_the_records(self) -> None:
        legs = [{"coin": coin, "size": 1.0, "mark": 100.0, "maintenance": 0.01} for coin in self.RECORD["coins"]["is"]]
        found = book.report({"legs": legs, "collateral": [{"amount": 1.0, "currency": "MXN"}], "days": 1})
        assumed = {each.field: each.value for each in found.assumed}
        coins = self.RECORD["coins"]["is"]
        for i, coin in enumerate(coins):
            assert assumed[f"volatility.{coin}"] == self.RECORD["volatility"]["is"][i]
            assert assumed[f"funding.{coin}"] == self.RECORD["funding"]["is"][0] == self.RECORD["funding"]["is"][1]
            for k, other in enumerate(coins[:i]):
                assert assumed[f"correlation.{other}-{coin}"] == self.RECORD["correlation"]["is"][i][k]
        assert assumed["fx.MXN"] == self.RECORD["peso_last"]["is"]
        assert self.RECORD["peso_last_day"]["is"] in next(
            each.source for each in found.assumed if each.field == "fx.MXN"
        )
        assert assumed["fx_moves[0]"] == self.RECORD["peso_fall"]["is"]
        axis = found.stressed.scenarios.axes["fx"].tolist()
        assert axis == [self.RECORD["peso_fall"]["is"], 0.0, self.RECORD["peso_rise"]["is"]]
        assert assumed["slippage"] == self.SLIP["median"]["is"]
        assert assumed["taker"] == self.FACTS["hyperliquid_taker_fee"]["value"]

    def test_what_is_stated_is_not_assumed(self) -> None:
        legs = [{**leg, "maintenance": 0.01, "leverage": 5} for leg in (BTC, ETH)]
        assert book.report(changed(legs=legs, taker=0.0, slippage=0.0, days=1, funding=0.0)).assumed == ()

    def test_the_rate_that_is_told_is_that_of_the_tier_that_is_reached(self) -> None:
        found = book.report({"legs": [{**BTC, "size": 20.0}, ETH], "collateral": CASH})
        rates = {each.field: each.value for each in found.assumed}
        assert rates["legs[0].maintenance"] == published_tiers("binance_btcusdt_2024_10").rates[2] == 0.0065
        assert rates["legs[1].maintenance"] == 0.004

    def test_a_pair_that_is_not_stated_is_the_measured_one(self) -> None:
        sol = {"coin": "SOL", "size": 10.0, "mark": 150.0, "maintenance": 0.01}
        found = book.report({"legs": [BTC, ETH, sol], "collateral": CASH, "correlation": {"ETH-BTC": 0.5}})
        fields = [each.field for each in found.assumed if each.field.startswith("correlation")]
        assert fields == ["correlation.BTC-SOL", "correlation.ETH-SOL"]

    def test_the_table_of_the_venue_counts_unless_a_leg_has_its_own(self) -> None:
        legs = [{**BTC, "maintenance": "hyperliquid_btc_2025"}, {**ETH, "maintenance": 0.01}]
        assert [leg.maintenance for leg in book.report(changed(legs=legs)).legs] == [375.0, 150.0]
        assert [leg.maintenance for leg in book.report(changed(venue="Hyperliquid")).legs] == [375.0, 300.0]
        assert [leg.maintenance for leg in book.report(changed(venue="Bybit")).legs] == [150.0, 75.0]
        large = {**BTC, "size": 20.0, "maintenance": "okx_btcusdt_2026_05"}  # in the second tier, by its size
        rate = published_size_tiers("okx_btcusdt_2026_05").rates[1]
        assert book.report(changed(legs=[large])).legs[0].maintenance == pytest.approx(rate * 1_200_000)


class TestAsPlainValues:
    FULL = changed(
        legs=[
            {**BTC, "stop": 55_000.0},
            ETH,
            PUT,
            CALL,
            {"coin": "ETH", "kind": "spot", "size": 1.0},
            {
                "coin": "BTC",
                "kind": "inverse",
                "size": -10_000.0,
                "margin": 0.05,
                "maintenance": 0.01,
                "stop": 66_000.0,
            },
        ],
        collateral=[{"amount": 20_000.0}, {"amount": 50_000.0, "currency": "MXN"}],
        days=3,
    )

    def test_the_report_can_be_written_as_json(self) -> None:
        found = book.report(self.FULL)
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()
        assert book.report(json.loads(json.dumps(self.FULL))) == found

    def test_none_is_the_same_as_a_field_left_out(self) -> None:
        assert book.report(changed(days=None, legs=[{**BTC, "stop": None}, ETH])) == book.report(BOOK)

    @pytest.mark.parametrize("given", [FULL, changed(collateral=[{"amount": 100.0}])])
    def test_every_reason_leads_to_the_number_at_its_place(self, given: dict[str, Any]) -> None:
        """Where the account is liquidated already, too: that is at the mark, not where a formula had it before."""
        found = book.report(given)
        shown = found.to_dict()
        assert len(found.reasons) > 15
        for name in found.reasons:
            value: Any = shown
            for key in re.findall(r"\w+", name):
                value = value[int(key) if key.isdigit() else key]
            if isinstance(value, dict):
                value = value.get("distance", value.get("returned", -value.get("pnl", 0.0)))
            assert found.why(name).value == (math.inf if value is None else pytest.approx(value)), name
            assert [term["meaning"] for term in found.terms(name)] == [term.meaning for term in found.why(name)]
        with pytest.raises(ValueError, match=r"name must be one of 'accounts\[0\]\.ratio'"):
            found.why("nothing")

    @pytest.mark.parametrize("given", [BOOK, FULL])
    def test_the_script_prints_the_same_text(self, given: dict[str, Any]) -> None:
        """Without this repository's other packages: `-S` leaves them out, numpy's folder comes back by its path."""
        numpy = Path(np.__file__).parents[1]
        run = subprocess.run(
            [sys.executable, "-"],
            input=book.as_python(given), capture_output=True, text=True, check=True,
            cwd=ROOT.parent, env={"PYTHONPATH": f"{ROOT.parent}:{numpy}", "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert run.stdout == f"{book.report(given)}\n"

    def test_a_script_is_made_of_plain_values_only(self) -> None:
        with pytest.raises(ValueError, match="book must be of plain values"):
            book.as_python(changed(moves=np.array([-0.1, 0.1])))

    def test_the_printed_report_says_what_the_values_say(self) -> None:
        found = book.report({**self.FULL, "currency": "MXN"})
        shown, text = found.to_dict(), str(found)
        for account in found.accounts:
            assert (
                f"account: {account.name}\n{account.why()}\nequity in MXN: {account.assessment.equity / found.usd:,.2f}"
                in text
            )
        for name, leg in zip((leg.name for leg in found.legs), shown["legs"], strict=True):
            for kind in ("stop", "liquidation"):
                if leg[kind] is not None:
                    assert (
                        f"{name}, {kind} at {leg[kind]['price']:,.0f}: {leg[kind]['returned']:,.2f} USD left\n" in text
                    )
        worst = shown["grid"]["worst"]
        names = [*(leg.name for leg in found.legs), *(f"collateral in {name}" for name in worst["others"])]
        for name, pnl in zip(names, [*worst["contributions"], *worst["others"].values()], strict=True):
            assert re.search(rf"  {re.escape(name)} +{pnl:,.0f}\n", text)
        for row in shown["rules"]:
            least = "from " if row["status"] == "at least" else ""
            margins = [f"{least}{row[kind]:,.0f}" for kind in ("initial", "maintenance") if row[kind] is not None]
            assert re.search(rf"{re.escape(row['title'])} +{' +'.join(margins) or row['status']}\n", text)
        assert (
            f"closing all costs {found.closing:,.2f} USD; 9 payments of funding {shown['costs']['funding']:+,.2f} USD"
            in text
        )
        for each in found.assumed:
            assert f"assumed {each.field}: {each.value:.4g} ({each.source})" in text

    @pytest.mark.parametrize(
        ("mark", "times", "printed"),
        [
            (60_000.0, 9.0, "none to 594,059"),
            (60_000.0, 9.2, "none to over 10×"),
            (60.0, 1.0, "none to 118.81"),
            (0.06, 1.0, "none to 0.1188"),
        ],
    )
    def test_the_printed_prices_say_none_and_far(self, mark: float, times: float, printed: str) -> None:
        """A short with so many times its notional as margin; the digits follow the size of the price."""
        leg = {"coin": "BTC", "size": -2.0, "mark": mark, "margin": 2 * mark * times, "maintenance": 0.01}
        found = book.report({"legs": [leg]})
        assert found.prices[0].alone.high == pytest.approx(mark * (times + 1) / 1.01)
        assert f"{'BTC':16} {printed:>19} {printed:>19} {printed:>19}\n" in str(found)

    def test_a_large_size_is_written_out(self) -> None:
        leg = {"coin": "DOGE", "size": -5e8, "mark": 1e-5, "maintenance": 0.02}
        assert book.report({"legs": [leg], "collateral": CASH}).legs[0].name == "DOGE -500,000,000"

    def test_a_hedge_that_is_exact_but_for_rounding_loses_nothing(self) -> None:
        short = {"coin": "BTC", "kind": "inverse", "size": -60_000.0, "maintenance": 0.01}
        found = book.report({"legs": [{"coin": "BTC", "kind": "spot", "size": 1.0}, short], "marks": {"BTC": 60_000.0}})
        assert found.stressed.worst.pnl < 0
        assert re.search(r"^worst cell: price \+8%: 0 USD$", str(found), re.MULTILINE)

    def test_a_stop_that_is_late_and_a_fee_that_is_not_published_are_said(self) -> None:
        leg = {**BTC, "margin": 600.0, "stop": 50_000.0, "maintenance": 0.005}
        text = str(book.report({"legs": [leg], "venue": "Kraken"}))
        assert re.search(r"stop at 50,000: at most [\d.]+ USD left: liquidation comes first\n", text)


class TestPositions:
    """Exports in the layouts of venues; what could be read in two ways is refused with its column."""

    @pytest.mark.parametrize(
        ("text", "legs"),
        [
            ("symbol,side,size,entry price\nBTCUSDT,Long,0.5,\"60,000\"\nETHUSDT,Short,2,3000",
             [{"coin": "BTC", "size": 0.5, "entry": 60_000.0}, {"coin": "ETH", "size": -2.0, "entry": 3_000.0}]),
            ("Coin\tSize\tMark\nBTC\t\u22120.5\t1e5\n", [{"coin": "BTC", "size": -0.5, "mark": 1e5}]),
            # Binance: signed, a side that says nothing, a wallet of 0 for cross, and positions that are none
            (('[{"symbol":"BTCUSDT","positionAmt":"-0.5","entryPrice":"6e4","markPrice":"61000.1","marginType":"isolated",'
             '"isolatedWallet":"1000","isolatedMargin":"900","positionSide":"BOTH","leverage":"20"},'
             '{"symbol":"ETHUSDT","positionAmt":"1","marginType":"cross","isolatedWallet":"0","positionSide":"LONG"},'
             '{"symbol":"SOLUSDT","positionAmt":"0.0","marginType":"isolated"}]'),
             [{"coin": "BTC", "size": -0.5, "entry": 60_000.0, "mark": 61_000.1, "margin": 1_000.0, "leverage": 20.0},
              {"coin": "ETH", "size": 1.0}]),
            # Bybit: below `result` and `list`, with a side
            ('{"retCode":0,"result":{"list":[{"symbol":"BTCUSDT","side":"Sell","size":"0.5","avgPrice":"60000"}]}}',
             [{"coin": "BTC", "size": -0.5, "entry": 60_000.0}]),
            # Hyperliquid: each below `position`, with the leverage and its type in one place
            (('{"assetPositions":[{"type":"oneWay","position":{"coin":"ETH","szi":"-0.03","entryPx":"2986.3",'
             '"leverage":{"type":"cross","value":20}}}]}'),
             [{"coin": "ETH", "size": -0.03, "entry": 2_986.3, "leverage": 20.0}]),
            # Deribit and Kraken have inverse contracts of a dollar; so may a row that says its kind
            ("symbol,size\nBTC-PERPETUAL,-30000\nPI_XBTUSD,1\nPF_XBTUSD,2",
             [{"coin": "BTC", "kind": "inverse", "size": -30_000.0}, {"coin": "BTC", "kind": "inverse", "size": 1.0},
              {"coin": "BTC", "size": 2.0}]),
            ("pair,size,kind\nBTC/USD,3,linear", [{"coin": "BTC", "kind": "linear", "size": 3.0}]),
            ("instrument_name,size,kind,direction\nBTC-PERPETUAL,50,future,buy\nETH_USDC-PERPETUAL,-2,future,sell",
             [{"coin": "BTC", "kind": "inverse", "size": 50.0}, {"coin": "ETH", "size": -2.0}]),
            ("coin,size,maintenance\nBTC,1,okx_btcusdt_2026_05",
             [{"coin": "BTC", "size": 1.0, "maintenance": "okx_btcusdt_2026_05"}]),
            ("coin,kind,size,strike,days,call,maintenance\nBTC,option,-1,60000,30,false,0.1",
             [{"coin": "BTC", "kind": "option", "size": -1.0, "strike": 60_000.0, "days": 30.0, "call": False,
               "maintenance": 0.1}]),
        ],
    )  # fmt: skip
    def test_a_layout_is_read(self, text: str, legs: list[dict[str, Any]]) -> None:
        assert book.parse(text) == legs

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "text must not be empty"),
            ("[1", "text must be JSON where it begins like it"),
            ('{"a": 1}', "text must hold mappings with a coin"),
            ("symbol,size\nBTC,0,5", "line 2 "),
            ("symbol,entry\nBTC,1", "row 1 must have a size: one of size, szi"),
            ("name,size\nBTC,1", "row 1 must have a coin: one of coin, symbol"),
            ("symbol,size,qty\nBTC,1,2", "row 1 must have one of size and qty: they differ"),
            ("symbol,pos\nBTCUSDT,3", "row 1, pos must be a size in coins"),
            ("symbol,size\nBTC,1\nBTC,0.5 BTC", "row 2, size must be a number such as 1,234.5, got '0.5 BTC'"),
            ('symbol,size\nBTC,"0,500"', "row 1, size must be a number such as"),
            ("symbol,size\nBTC,nan", "row 1, size must be a number such as"),
            ("symbol,side,size\nBTC,up,1", "row 1, side must be one of long, buy, .* got 'up'"),
            ("symbol,side,size\nBTC,buy,-1", "row 1, size must be > 0 beside side buy, got -1"),
            ("hello", "text must have two columns at least, got one"),
            ("symbol,size,kind\nBTC,1,quanto", "row 1, kind must be one of 'linear', 'inverse'"),
            ("symbol,size\nBTCUSD,1", "row 1, symbol must say whether BTCUSD is linear or inverse"),
            ("symbol,size\nBTC-27DEC26,1", "row 1, symbol must be a coin or the symbol of a perpetual"),
            ("symbol,size,marginMode\nBTC,1,isolated", "row 1 must have the margin of an isolated position"),
        ],
    )
    def test_what_is_not_clear_is_refused(self, text: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            book.parse(text)

    def test_an_export_with_its_marks_makes_a_report(self) -> None:
        legs = book.parse("symbol,side,size,mark\nBTCUSDT,long,0.5,60000\nETHUSDT,long,5,3000")
        assert book.report(changed(legs=legs)) == book.report(BOOK)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leg": []}, "book must have legs, .* and no other field, got 'leg'"),
        ({"legs": None}, "legs must be stated"),
        ({"legs": []}, "legs must hold at least one leg"),
        ({"legs": {}}, "legs must be a list"),
        ({"legs": [7]}, r"legs\[0\] must be a mapping"),
        ({"legs": [{"coin": "BTC", "size": 1.0}]}, r"legs\[0\]\.mark must be stated"),
        ({"legs": [{"coin": "BTC", "mark": 1.0}]}, r"legs\[0\]\.size must be stated"),
        ({"legs": [{"size": 1.0}]}, r"legs\[0\]\.coin must be stated"),
        ({"legs": [BTC, {**ETH, "size": 0}]}, r"legs\[1\]\.size must not be 0"),
        ({"legs": [BTC, {**ETH, "size": "2"}]}, r"legs\[1\]\.size must be a number"),
        ({"legs": [BTC, {**ETH, "kind": "quanto"}]}, r"legs\[1\]\.kind must be one of"),
        ({"legs": [{**BTC, "strike": 1.0}]}, r"legs\[0\]\.strike must be left out for a linear leg"),
        ({"legs": [BTC, {**PUT, "margin": 1.0}]}, r"legs\[1\]\.margin must be left out for an option leg"),
        ({"legs": [BTC, {**PUT, "days": None}]}, r"legs\[1\]\.days must be stated"),
        ({"legs": [BTC, {**BTC, "mark": 1.0}]}, r"legs\[1\]\.mark must be the price of BTC that legs\[0\] has"),
        ({"marks": {"BTC": 1.0}}, r"legs\[0\]\.mark must be the price of BTC that marks has, 1, got 60000"),
        ({"legs": [{**BTC, "stop": 61_000.0}]}, r"legs\[0\]\.stop must be below the mark 60000 for a long"),
        ({"legs": [{**BTC, "size": -1.0, "stop": 59_000.0}]}, r"legs\[0\]\.stop must be above the mark"),
        ({"legs": [{**BTC, "leverage": 200}]}, r"legs\[0\]\.leverage must be <= 125"),
        ({"legs": [{**BTC, "maintenance": "mine"}]}, r"legs\[0\]\.maintenance must be one of 'binance_btcusdt"),
        ({"legs": [{**BTC, "coin": "XRP"}]}, r"legs\[0\]\.maintenance must be stated: Binance's rate for XRP"),
        ({"legs": [{**BTC, "kind": "inverse"}]}, r"legs\[0\]\.maintenance must be stated"),
        ({"legs": [{**CALL, "maintenance": None, "mark": 1.0}]}, r"legs\[0\]\.maintenance must be stated"),
        ({"venue": "BitMEX", "legs": [{**BTC, "margin": -1}]}, r"legs\[0\]\.margin must be > 0"),
        ({"venue": "Mine"}, "venue must be one of 'Binance'"),
        ({"collateral": [{"amount": 1.0, "currency": "EUR"}]}, r"fx\.EUR must be stated"),
        ({"collateral": [{"amount": 1.0, "haircut": 1.0}]}, r"collateral\[0\]\.haircut must be < 1"),
        ({"collateral": [{"amount": 1.0, "fx": 1.0}]}, r"collateral\[0\] must have amount, currency, haircut and no"),
        ({"currency": "EUR"}, r"fx\.EUR must be stated"),
        ({"fx": {"USD": 2.0}}, r"fx\.USD must be 1"),
        ({"fx": {"MXN": 0.0}}, r"fx\.MXN must be > 0"),
        ({"volatility": {"SOL": 0.0}}, r"volatility\.SOL must be > 0"),
        ({"volatility": {"BTC": 0.0}}, r"volatility\.BTC must be > 0"),
        ({"legs": [{**BTC, "coin": "PEPE", "maintenance": 0.1}, ETH], "volatility": {}}, r"volatility\.PEPE must be s"),
        ({"legs": [{**BTC, "coin": "PEPE", "maintenance": 0.1}, ETH], "volatility": {"PEPE": 1.0}, "correlation": None},
         r"correlation\.PEPE-ETH must be stated"),
        ({"correlation": 2.0}, "correlation must be"),
        ({"correlation": [[1.0]]}, r"correlation must have shape \(2, 2\)"),
        ({"correlation": {"BTC-ETH": 2.0}}, r"correlation\.BTC-ETH must be <= 1"),
        ({"correlation": [[1.0, 0.5], [0.4, 1.0]]}, "correlation must be symmetric"),
        ({"days": -1}, "days must be >= 0"),
        ({"hours": 0}, "hours must be > 0"),
        ({"days": 1, "funding": {"BTC": "x"}}, r"funding\.BTC must be a number"),
        ({"moves": [-1.0]}, "moves must be > -1"),
        ({"moves": [0.0]}, "moves must hold one that is not 0"),
        ({"legs": [{**BTC, "leverage": 0.5}]}, r"legs\[0\]\.leverage must be >= 1"),
        ({"fx_moves": [-1.5]}, "fx_moves must be > -1"),
        ({"legs": [BTC, {**PUT, "volatility": 1.5}, {**PUT, "volatility": 1}]}, r"legs\[2\]\.volatility must be 1\.5"),
        ({"legs": [{**BTC, "mark": 1e300, "maintenance": 0.1}, {**PUT, "size": 1e300}]}, "book must be of sizes"),
        ({"driver": "SOL"}, "driver must be one of 'BTC', 'ETH'"),
        ({"days": 1e308}, "days must be a finite number of payments at hours of 8"),
    ],
)  # fmt: skip
def test_a_fault_is_named_where_it_stands(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        book.report({**BOOK, **change})


def test_an_inverse_leg_is_counted_in_dollars_of_contracts() -> None:
    leg = {"coin": "BTC", "kind": "inverse", "size": -30_000.0, "mark": 60_000.0, "maintenance": 0.005, "leverage": 1.0}
    found = book.report({"legs": [leg], "collateral": [{"amount": 0.5, "currency": "BTC"}]})
    assert found.accounts[0].assessment.notional == pytest.approx(30_000.0)
    position = Position(Inverse("BTC"), -30_000.0, 60_000.0, 60_000.0, Tiers.flat(0.005))
    expected = liquidation.interval(Account([position], [Collateral(0.5, "BTC", fx=60_000.0)]), "BTC")
    assert found.prices[0].alone == expected


class TestTrade:
    """What a trade leaves is the book that one would write down after it."""

    @pytest.mark.parametrize("kind", ["linear", "inverse"])
    @pytest.mark.parametrize("size", [-0.2, 0.3, -0.8])
    def test_a_trade_in_a_coin_changes_its_position_and_no_equity(self, kind: str, size: float) -> None:
        """At the mark nothing is won or lost; the margin is that of what is left, not of two positions."""
        unit = {"linear": 1.0, "inverse": 60_000.0}[kind]
        leg = {
            "coin": "BTC",
            "kind": kind,
            "size": 0.5 * unit,
            "entry": 58_000.0,
            "stop": 50_000.0,
            "maintenance": 0.01,
        }
        given = {"legs": [leg, ETH], "marks": {"BTC": 60_000.0}, "collateral": CASH}
        after = book.traded(given, {"coin": "BTC", "kind": kind, "size": size * unit})
        assert len(after["legs"]) == 2
        found, before = book.report(after), book.report(given)
        assert found.legs[0].size == pytest.approx((0.5 + size) * unit)
        assert (found.legs[0].stop is not None) == (0.5 + size > 0)
        assert found.accounts[0].assessment.equity == pytest.approx(before.accounts[0].assessment.equity)
        assert found.legs[0].maintenance == pytest.approx(abs(0.5 + size) * 600.0)
        assert given["collateral"] == CASH

    def test_a_close_leaves_what_it_realized(self) -> None:
        given = {"legs": [{**BTC, "entry": 58_000.0, "open_fee": 0.001}, ETH], "collateral": CASH, "driver": "BTC"}
        after = book.traded(given, {"coin": "BTC", "size": -0.5, "entry": 61_000.0, "open_fee": 0.0005})
        assert after["legs"] == [ETH]
        assert [each["amount"] for each in after["collateral"]] == pytest.approx([5_000.0, 1_500 - 29.0 - 15.25])
        assert book.report(after).accounts[0].assessment.maintenance == pytest.approx(60.0)
        assert book.traded({**given, "legs": given["legs"][:1]}, {"coin": "BTC", "size": -0.5})["legs"] == []

    @pytest.mark.parametrize("bought", [{**PUT, "entry": 900.0}, {"coin": "BTC", "kind": "spot", "size": 0.1}])
    def test_what_is_bought_is_paid(self, bought: dict[str, Any]) -> None:
        after = book.traded(BOOK, bought)
        assert after["legs"][-1] == bought
        assert after["collateral"][-1]["amount"] == pytest.approx(-bought["size"] * bought.get("entry", 60_000.0))
        again = book.traded(after, {**bought, "size": -bought["size"]})
        assert again["legs"] == BOOK["legs"]
        assert sum(each["amount"] for each in again["collateral"]) == pytest.approx(5_000.0)

    def test_isolated_legs_and_other_coins_stay_as_they_are(self) -> None:
        for mine, trade in (
            (changed(legs=[{**BTC, "margin": 3_000.0}]), {"coin": "BTC", "size": -0.5}),
            (BOOK, {"coin": "BTC", "size": -0.5, "margin": 1_000.0}),
            (BOOK, {"coin": "SOL", "size": 1.0, "mark": 150.0, "maintenance": 0.01}),
        ):
            assert book.traded(mine, trade)["legs"] == [*mine["legs"], trade]

    def test_where_the_book_has_both_sides_the_other_one_is_closed(self) -> None:
        both = changed(legs=[BTC, {**BTC, "size": -0.3}])
        assert [leg["size"] for leg in book.traded(both, {"coin": "BTC", "size": 0.1})["legs"]] == pytest.approx(
            [0.5, -0.2]
        )

    def test_a_fault_of_it_is_that_of_the_last_leg(self) -> None:
        with pytest.raises(ValueError, match=r"^legs\[2\]\.mark must be stated"):
            book.traded(BOOK, {"coin": "SOL", "size": 1.0})


def test_report_documents_every_field_and_its_default() -> None:
    """Each stands at the beginning of a line, and a changed default is changed there, too."""
    text = inspect.getdoc(book.report) or ""
    assert set(re.findall(r"`(\w+)`", text)) >= {*book._BOOK, *book._LEG, *book._MONEY}
    said = dict(re.findall(r"- `(\w+)`:[^:]*Default:\s+([\d.]*\d)", text))
    for name, value in ("taker", book._TAKER), ("slippage", book._SLIPPAGE), ("funding", book._FUNDING):
        assert float(said[name]) == value


BAD_INPUT = dict.fromkeys(book.__all__)

"""Margin: tiers, equity and distance against published numbers, closed forms and an independent search."""

import math
from typing import Any

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes.contracts import Inverse, Linear
from perpnotes.funding import payment
from perpnotes.liquidation import price
from perpnotes.margin import (
    Account,
    Assessment,
    Collateral,
    Position,
    SizeTiers,
    Tiers,
    close_reserve,
    crowded_rate,
    grown_haircut,
    grown_rate,
    maintenance_rate,
    published_size_tiers,
    published_tiers,
)
from perpnotes.portfolio import size_charge

FLAT = Tiers.flat(0.005)
BINANCE_2021 = Tiers((0, 50e3, 250e3, 1e6, 10e6), (0.004, 0.005, 0.01, 0.025, 0.05))
CENT = 0.005  # published to two decimals


def linear(size: float, entry: float, mark: float, tiers: Tiers = FLAT, **rules: object) -> Position:
    return Position(Linear("BTC"), size, entry, mark, tiers, **rules)  # type: ignore[arg-type]


# the amounts `mmDeduction` in Bybit's answers, in order; the lowest tier has none
BYBIT = {
    "bybit_btcusdt_2025_12": (
        0, 1200, 3020, 4300, 5820, 8460, 15460, 20500, 46000, 66000, 80000, 160000, 300000, 452000, 502000, 777000,
        837000, 967000, 1107000, 1482000, 1882000, 2307000, 2757000, 3232000, 3732000, 5307000, 6407000, 6982000,
        9382000, 12382000, 20382000, 50382000, 98382000, 146382000, 226382000,
    ),
    "bybit_ethusdt_2025_12": (
        0, 540, 1380, 1980, 2700, 4140, 8620, 12220, 22220, 30220, 42220, 58220, 168220, 308220, 468220, 570220,
        642220, 756220, 796220, 922220, 1054220, 1284220, 1524220, 1774220, 2190220, 2568220, 3438220, 4058220,
        5378220, 6818220, 10018220, 22018220, 46018220, 78018220, 138018220,
    ),
}  # fmt: skip


class TestTiers:
    def test_deductions_are_the_published_ones(self) -> None:
        """Binance publishes these amounts beside these rates; they follow from continuity alone."""
        assert BINANCE_2021.deductions == pytest.approx((0, 50, 1300, 16300, 266300), rel=1e-12)

    def test_published_tables_have_the_published_amounts(self) -> None:
        """The cumulative amounts printed with the 2024 tables, in order."""
        btc = (0, 50, 950, 11450, 131450, 481450, 2981450, 14481450, 26481450, 41481450, 121481450, 421481450)
        eth = (0, 50, 950, 11450, 131450, 381450, 2006450, 9506450, 17506450, 27506450, 80506450, 280506450)
        assert published_tiers("binance_btcusdt_2024_10").deductions == pytest.approx(btc, rel=1e-12)
        assert published_tiers("binance_ethusdt_2024_10").deductions == pytest.approx(eth, rel=1e-12)

    def test_maintenance_is_half_of_the_initial_margin_of_a_bracket(self) -> None:
        """Binance's brackets, whose initial rate is one over the leverage; two of them are rounded down."""
        for name in ("binance_btcusdt_2024_10", "binance_ethusdt_2024_10"):
            table = published_tiers(name)
            parts = np.array(table.rates) * np.array(table.max_leverage)
            assert parts == pytest.approx([0.5, 0.5, 0.4875, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.45, 0.5, 0.5], rel=1e-12)

    @pytest.mark.parametrize("name", BYBIT)
    def test_deductions_of_all_tiers_of_bybit(self, name: str) -> None:
        """One wrong floor or rate would move every amount after it."""
        assert published_tiers(name).deductions == pytest.approx(BYBIT[name], rel=1e-12)

    @pytest.mark.parametrize("floor", [50e3, 250e3, 1e6, 10e6])
    def test_the_requirement_is_continuous(self, floor: float) -> None:
        """On each floor the old tier and the new one ask the same; without the deduction the new one asks more."""
        below, at = BINANCE_2021.maintenance([floor * (1 - 1e-9), floor])
        assert at == pytest.approx(below, rel=1e-7)  # slope times 1e-9 of the notional

    @given(a=st.floats(0, 2e7), b=st.floats(0, 2e7))
    def test_the_requirement_is_convex(self, a: float, b: float) -> None:
        """Two positions never need more than one of their average size twice."""
        middle = BINANCE_2021.maintenance((a + b) / 2)
        assert 2 * middle <= BINANCE_2021.maintenance(a) + BINANCE_2021.maintenance(b) + 1e-6


class TestSizeTiers:
    @pytest.mark.parametrize("name", ["okx_btcusdt_2026_05", "okx_ethusdt_2026_05"])
    def test_a_floor_belongs_to_the_tier_below_it(self, name: str) -> None:
        """OKX prints "to 1000" and "from 1000.01": on the floor the lower rate, beyond it the higher one."""
        table = published_size_tiers(name)
        assert [table.at(floor).rates[0] for floor in table.floors[1:]] == list(table.rates[:-1])
        assert [table.at(np.nextafter(floor, np.inf)).rates[0] for floor in table.floors] == list(table.rates)
        assert table.at(0.0) == table.at(1e-9)

    def test_all_of_the_position_pays_the_rate_of_its_tier(self) -> None:
        """Twice as much on both sides of a floor: no deduction makes up for the step, and the side does not matter."""
        table = SizeTiers((0, 10), (0.004, 0.008), (100, 50))
        assert table.at(10).maintenance(600_000) == pytest.approx(2_400)
        assert table.at(-10.001).maintenance(600_000) == pytest.approx(4_800)
        assert (table.at(10).max_leverage, table.at(11).max_leverage) == ((100.0,), (50.0,))
        assert SizeTiers((0, 10), (0.004, 0.008)).at(11).max_leverage == ()

    @given(size=st.floats(0.01, 20_000), wallet=st.floats(0.55, 0.9))
    def test_the_tier_does_not_change_on_the_way(self, size: float, wallet: float) -> None:
        """A long of deposit `w` of its notional is liquidated at `(1 - w)/(1 - m)`, with the one rate of its size."""
        tiers = published_size_tiers("okx_btcusdt_2026_05").at(size)
        account = Account([linear(size, 100, 100, tiers)], [Collateral(wallet * size * 100)])
        left = (1 - wallet) / (1 - tiers.rates[0])
        assert account.distance({"BTC": -1}).move == pytest.approx(1 - left, rel=1e-9)

    def test_the_least_initial_rate_limits_the_leverage(self) -> None:
        """66.66 is what OKX prints of 1/1.5%."""
        tiers = published_size_tiers("okx_btcusdt_2026_05").at(20.0)
        assert linear(20, 60_000, 60_000, tiers, leverage=66.66).leverage == 66.66
        with pytest.raises(ValueError, match=r"leverage must be <= 66\.6667"):
            linear(20, 60_000, 60_000, tiers, leverage=67.0)
        with pytest.raises(ValueError, match="tiers must be a Tiers table, got"):
            linear(20, 60_000, 60_000, published_size_tiers("okx_btcusdt_2026_05"))  # type: ignore[arg-type]


class TestAccount:
    def test_isolated_long_distance_has_the_closed_form(self) -> None:
        """(1/L - m)/(1 - m) for a long and (1/L - m)/(1 + m) for a short, at L = 10 and m = 0.5%."""
        deposit = [Collateral(10.0)]
        assert Account([linear(1, 100, 100)], deposit).distance({"BTC": -1}).move == pytest.approx(
            (0.1 - 0.005) / (1 - 0.005), rel=1e-12
        )
        assert Account([linear(-1, 100, 100)], deposit).distance({"BTC": 1}).move == pytest.approx(
            (0.1 - 0.005) / (1 + 0.005), rel=1e-12
        )

    @pytest.mark.parametrize(
        ("wallet", "size", "entry", "rate", "deduction", "published"),
        [
            (1535443.01, 3683.979, 1456.84, 0.10, 135365.0, 1114.78),
            (1535443.01, 109.488, 32481.98, 0.025, 16300.0, 18778.73),
        ],
        ids=["binance-eth", "binance-btc"],
    )
    def test_isolated_reproduces_binance(
        self, wallet: float, size: float, entry: float, rate: float, deduction: float, published: float
    ) -> None:
        """Binance's FAQ example, isolated: the price at which equity meets maintenance, to the cent."""
        tiers = one_tier(rate, deduction)
        account = Account([linear(size, entry, entry, tiers)], [Collateral(wallet)])
        assert account.distance({"BTC": -1}).prices["BTC"] == pytest.approx(published, abs=CENT)

    def test_cross_reproduces_binance(self) -> None:
        """Binance's FAQ example, cross: each leg's price with the other leg frozen at its mark, to the cent."""
        eth = Position(Linear("ETH"), 3683.979, 1456.84, 1335.18, one_tier(0.10, 135365.0))
        btc = Position(Linear("BTC"), 109.488, 32481.98, 31967.27, one_tier(0.025, 16300.0))
        account = Account([eth, btc], [Collateral(1535443.01)])
        assert account.distance({"ETH": -1}).prices["ETH"] == pytest.approx(1153.26, abs=CENT)
        assert account.distance({"BTC": -1}).prices["BTC"] == pytest.approx(26316.89, abs=CENT)

    def test_close_fee_inside_maintenance_reproduces_gate(self) -> None:
        """Gate's form adds the taker fee to the rate: 5x long at 10, m = 1%, fee = 0.06%."""
        account = Account([linear(1, 10, 10, Tiers.flat(0.01), close_fee=0.0006)], [Collateral(2.0)])
        assert account.distance({"BTC": -1}).prices["BTC"] == pytest.approx(8.085708510208207, rel=1e-14)

    def test_entry_basis_reproduces_bybit(self) -> None:
        """Bybit charges maintenance on entry notional: long 3x at 10 with m = 1% is E(1 - 1/L + m)."""
        account = Account([linear(1, 10, 10, Tiers.flat(0.01), basis="entry")], [Collateral(10 / 3)])
        assert account.distance({"BTC": -1}).prices["BTC"] == pytest.approx(10 * (1 - 1 / 3 + 0.01), rel=1e-14)

    def test_inverse_has_the_closed_form(self) -> None:
        """Q(1 + m)/(Q/E + M): 60,000 USD of contracts at 50,000 on 0.12 coins with m = 0.5%."""
        long = Position(Inverse("BTC"), 60_000.0, 50_000.0, 50_000.0, FLAT)
        account = Account([long], [Collateral(0.12, "BTC", fx=50_000.0)])
        expected = 60_000 * 1.005 / (60_000 / 50_000 + 0.12)
        assert account.distance({"BTC": -1}).prices["BTC"] == pytest.approx(expected, rel=1e-13)
        assert expected == pytest.approx(45681.818182, abs=5e-7)

    def test_an_inverse_short_at_one_times_is_never_liquidated(self) -> None:
        """It is worth the same dollars at every price; its maintenance is a part of them."""
        short = Position(Inverse("BTC"), -60_000.0, 50_000.0, 50_000.0, FLAT)
        account = Account([short], [Collateral(1.2, "BTC", fx=50_000.0)])
        assert math.isinf(account.distance({"BTC": 1}).move)
        assert math.isinf(account.distance({"BTC": -1}).move)

    def test_a_fully_paid_long_is_never_liquidated(self) -> None:
        """With leverage 1 equity reaches maintenance only where the price is 0, and 0 is no price."""
        account = Account([linear(1, 100, 100)], [Collateral(100.0)])
        assert math.isinf(account.distance({"BTC": -1}).move)

    @given(
        wallet=st.floats(2e4, 5e5),
        size=st.floats(1.0, 60.0),
        short=st.floats(0.0, 600.0),
        beta=st.floats(-1.5, 1.5),
        sign=st.sampled_from([-1.0, 1.0]),
    )
    def test_distance_is_where_an_independent_search_finds_it(
        self, wallet: float, size: float, short: float, beta: float, sign: float
    ) -> None:
        """Bisection on equity less maintenance, rebuilt from the definitions, finds the same crossing across tiers."""
        positions = [linear(size, 60_000.0, 60_000.0, BINANCE_2021)]
        if short:
            positions.append(Position(Linear("ETH"), -short, 3_000.0, 3_000.0, BINANCE_2021))
        direction = {"BTC": sign} | ({"ETH": sign * beta} if short else {})
        actual = Account(positions, [Collateral(wallet)]).distance(direction).move

        def gap(log: Any) -> Any:
            btc, eth = 60_000.0 * np.exp(log), 3_000.0 * np.exp(beta * log)
            need = BINANCE_2021.maintenance(size * btc) + BINANCE_2021.maintenance(short * eth)
            return wallet + size * (btc - 60_000.0) - short * (eth - 3_000.0) - need

        points = sign * np.arange(1200) / 400
        lost = np.flatnonzero(gap(points) <= 0)
        if not lost.size:
            assert actual > abs(math.expm1(points[-2]))
        elif not lost[0]:
            assert actual == 0.0
        else:
            low, high = points[lost[0] - 1 : lost[0] + 1].tolist()
            for _ in range(80):
                middle = (low + high) / 2
                low, high = (middle, high) if gap(middle) > 0 else (low, middle)
            assert actual == pytest.approx(abs(math.expm1(high)), rel=1e-9, abs=1e-9)

    def test_no_other_coin_ends_the_search(self) -> None:
        """A coin that falls faster than the driver never reaches zero, so it hides no liquidation behind it."""
        table = Tiers.flat(0.01)
        legs = [
            Position(Linear("BTC"), 1.0, 60_000.0, 60_000.0, table),
            Position(Linear("DOGE"), -1_000.0, 0.1, 0.1, table),
        ]
        account = Account(legs, [Collateral(33_000.0)])
        for beta in (1.9, 2.0, 5.0):
            found = account.distance({"BTC": -1.0, "DOGE": -beta})
            left = 1.0 - found.move
            equity = 33_000.0 - 60_000.0 * found.move + 100.0 * (1.0 - left**beta)
            assert equity == pytest.approx(0.01 * (60_000.0 * left + 100.0 * left**beta), rel=1e-12)
            assert found.prices == pytest.approx({"BTC": 60_000.0 * left, "DOGE": 0.1 * left**beta}, rel=1e-12)

    @given(beta=st.floats(-3.0, 3.0).filter(lambda b: abs(b) > 0.01), scale=st.floats(0.1, 10.0))
    def test_the_order_of_a_direction_is_only_its_unit(self, beta: float, scale: float) -> None:
        """Whichever coin is named first, the same prices are found; `move` counts in the moves of the first."""
        legs = [linear(1, 60_000, 60_000), Position(Linear("ETH"), -15.0, 3_000.0, 3_000.0, FLAT)]
        account = Account(legs, [Collateral(9_000.0)])
        one = account.distance({"BTC": -scale, "ETH": -scale * beta})
        other = account.distance({"ETH": -scale * beta, "BTC": -scale})
        assert one.prices == pytest.approx(other.prices, rel=1e-9)
        if one.prices:
            assert one.prices["BTC"] == pytest.approx(60_000.0 * (1.0 - scale * one.move), rel=1e-12)
            assert one.prices["ETH"] == pytest.approx(3_000.0 * (1.0 - scale * beta * other.move), rel=1e-12)

    def test_isolated_is_cross_with_nothing_else(self) -> None:
        """One leg far too small to matter leaves the distance of the other where it was."""
        alone = Account([linear(1, 100, 100)], [Collateral(10.0)])
        dust = Position(Linear("ETH"), 1e-12, 1.0, 1.0, FLAT)
        both = Account([linear(1, 100, 100), dust], [Collateral(10.0)])
        assert both.distance({"BTC": -1}).move == pytest.approx(alone.distance({"BTC": -1}).move, rel=1e-12)

    def test_a_fall_of_the_collateral_currency_moves_the_margin(self) -> None:
        """Equity is collateral at its FX rate after the haircut; a debt is counted whole."""
        pesos = Collateral(200_000.0, "MXN", haircut=0.05, fx=0.055)
        debt = Collateral(-1_000.0, "EUR", haircut=0.05, fx=1.1)
        assessment = Account([linear(0.1, 60_000, 60_000)], [pesos, debt]).assess()
        assert assessment.equity == pytest.approx(200_000 * 0.055 * 0.95 - 1_100, rel=1e-12)

    def test_what_is_shown_adds_up(self) -> None:
        """Every derivation ends in the number that it explains."""
        account = Account([linear(1, 60_000, 61_000, leverage=10.0)], [Collateral(5_000.0)])
        assessment = account.assess()
        assert assessment.why("equity").value == assessment.equity == 6_000.0
        assert assessment.why("ratio").value == assessment.ratio == pytest.approx(305 / 6_000, rel=1e-12)
        assert assessment.why("buffer").value == assessment.buffer == 6_000 - 305
        assert assessment.why("available").value == assessment.available == 6_000 - 6_100
        assert account.distance({"BTC": -1}).why().value == account.distance({"BTC": -1}).move

    def test_why_says_nothing_of_a_place_that_is_not_there(self) -> None:
        """Where nothing ends the account there are no marks and no equity; where it is over, the equity is today's."""
        paid = Account([linear(1, 100, 100)], [Collateral(100.0)]).distance({"BTC": -1}).why()
        assert [term.symbol for term in paid.terms] == ["B", "t"]
        over = Account([linear(1, 100, 100)], [Collateral(0.2)]).distance({"BTC": -1}).why()
        assert (over["E"], over["P_{BTC}"], over.value) == (0.2, 100.0, 0.0)
        assert "equal" not in str(over)  # equity of 0.2 is not the maintenance margin of 0.5

    def test_no_equity_is_an_infinite_ratio(self) -> None:
        """An account below zero is past liquidation, not at a negative ratio."""
        assessment = Account([linear(1, 60_000, 40_000)], [Collateral(5_000.0)]).assess()
        assert assessment.ratio == math.inf
        assert assessment.buffer < 0

    def test_an_account_that_is_too_late_is_at_distance_zero(self) -> None:
        """Equity at or below maintenance now: no move is needed."""
        account = Account([linear(1, 60_000, 50_000)], [Collateral(10_100.0)])
        assert account.distance({"BTC": -1}).move == 0.0

    @given(scale=st.floats(1e-300, 1e300))
    def test_the_distance_is_a_multiple_of_the_direction(self, scale: float) -> None:
        """Twice the direction is half the distance, at any size of the direction; the prices are the same."""
        account = Account([linear(1, 100, 100)], [Collateral(10.0)])
        actual, one = account.distance({"BTC": -scale}), account.distance({"BTC": -1.0})
        assert actual.move * scale == pytest.approx(one.move, rel=1e-12)
        assert actual.prices == one.prices


class TestRejects:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"floors": (0, 0)}, "floors must rise"),
            ({"floors": (1, 2)}, "floors must begin at 0, got 1"),
            ({"rates": (0.01, 0.005)}, "rates must rise"),
            ({"rates": (0.01,)}, "rates must have one entry a floor"),
            ({"max_leverage": (20, 50)}, "max_leverage must fall"),
        ],
    )
    def test_tiers_out_of_order(self, change: dict[str, tuple[float, ...]], message: str) -> None:
        """A table that is out of order is refused, not sorted."""
        for kind in (Tiers, SizeTiers):
            with pytest.raises(ValueError, match=message):
                kind(**({"floors": (0, 50e3), "rates": (0.004, 0.005)} | change))

    def test_more_leverage_than_the_tier_allows(self) -> None:
        """A large position may not use the leverage of a small one."""
        table = published_tiers("binance_btcusdt_2024_10")
        with pytest.raises(ValueError, match="leverage must be <= 75"):
            linear(20, 60_000, 60_000, table, leverage=100.0)
        assert linear(20, 60_000, 60_000, table, leverage=75.0).initial_usd == pytest.approx(
            20 * 60_000 / 75, rel=1e-15
        )

    def test_two_marks_for_one_coin(self) -> None:
        """One underlying has one mark, as contract and as collateral."""
        with pytest.raises(ValueError, match="mark of BTC must be one price"):
            Account([linear(1, 100, 100), linear(-1, 100, 101)], [Collateral(10.0)])
        with pytest.raises(ValueError, match="fx of BTC must equal its mark"):
            Account([linear(1, 100, 100)], [Collateral(1.0, "BTC", fx=101.0)])

    def test_a_currency_without_its_rate(self) -> None:
        """What one unit of another currency is worth is nothing to be guessed; a dollar is a dollar."""
        for currency in ("BTC", "MXN", "USDT"):
            with pytest.raises(ValueError, match=f"fx must be stated for {currency}"):
                Collateral(1.0, currency)
        assert Collateral(1.0).usd == Collateral(1.0, "USD", fx=1.0).usd == 1.0

    def test_betas_that_no_float_holds(self) -> None:
        """A direction whose parts are beyond any ratio is refused."""
        legs = [linear(1, 100, 100), Position(Linear("ETH"), 1.0, 1.0, 1.0, FLAT)]
        with pytest.raises(ValueError, match="beta of 'ETH' must be finite"):
            Account(legs, [Collateral(10.0)]).distance({"BTC": 1e-300, "ETH": 1e300})

    def test_a_direction_that_is_no_mapping(self) -> None:
        """A bare number does not say what moves."""
        with pytest.raises(ValueError, match="direction must map underlyings to moves, got -1"):
            ACCOUNT.distance(-1.0)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="direction must have a move that is not 0"):
            ACCOUNT.distance({})


class TestDefaults:
    def test_what_is_not_stated_costs_nothing(self) -> None:
        """A position without leverage is paid in full, without a close fee it owes none, and dollars count in full."""
        position = Position(Linear("BTC"), 2.0, 100.0, 110.0, FLAT)
        assert position.initial_usd == position.notional_usd == 220.0
        assert position.maintenance_usd == pytest.approx(0.005 * 220.0, rel=1e-15)
        assert Collateral(7.0).usd == 7.0
        assert maintenance_rate(0.1) == 0.05  # half, as at Hyperliquid

    def test_a_haircut_is_for_what_is_owned(self) -> None:
        """A debt counts in full: a venue that cut it too would lend more the less a currency is worth."""
        assert Collateral(100.0, "MXN", 0.1, 0.05).usd == pytest.approx(4.5, rel=1e-15)
        assert Collateral(-100.0, "MXN", 0.1, 0.05).usd == pytest.approx(-5.0, rel=1e-15)
        assert Collateral(0.5, "BTC", 0.1, 60_000.0).usd == pytest.approx(27_000.0, rel=1e-15)  # of part of a coin too

    def test_equity_that_is_just_the_requirement_is_too_late(self) -> None:
        """Liquidation begins where equity equals maintenance, not below it."""
        account = Account([linear(1, 100, 100)], [Collateral(100 * 0.005)])
        assert account.assess().buffer == 0.0
        found = account.distance({"BTC": -1.0})
        assert (found.move, found.equity, found.prices) == (0.0, 0.5, {"BTC": 100.0})
        assert [term.meaning for term in found.why().terms][-2] == "equity now, not above maintenance"


class TestWhereItEnds:
    @pytest.mark.parametrize("size", [60_000.0, -60_000.0])
    def test_a_coin_margined_position_that_crosses_a_tier_ends_where_equity_is_the_requirement(
        self, size: float
    ) -> None:
        """Tiers of an inverse contract are in coins, which a fall makes more and a rise fewer: assessed there anew."""
        table = Tiers((0, 0.8, 1.1), (0.005, 0.05, 0.1))

        def account(mark: float) -> Account:
            position = Position(Inverse("BTC"), size, 60_000.0, mark, table)
            return Account([position], [Collateral(0.3 if size > 0 else 0.02, "BTC", fx=mark)])

        start = account(60_000.0) if size > 0 else account(20_000.0)
        found = start.distance({"BTC": -1.0 if size > 0 else 1.0})
        there = account(found.prices["BTC"]).assess()
        assert 0 < found.move < math.inf
        assert there.buffer == pytest.approx(0.0, abs=1e-8 * there.notional)
        assert found.equity == pytest.approx(there.equity, rel=1e-9)

    def test_a_coin_that_follows_backward_leaves_room_beyond_a_doubling(self) -> None:
        """Where the driver rises and the other coin falls by its root, no price ends the search before the account."""
        legs = [linear(-1, 100, 100), Position(Linear("ETH"), 0.01, 100.0, 100.0, FLAT)]
        found = Account(legs, [Collateral(160.0)]).distance({"BTC": 1.0, "ETH": -0.5})
        other = 100 * (1 + found.move) ** -0.5
        equity, asked = 160 - 100 * found.move + 0.01 * (other - 100), 0.005 * (100 * (1 + found.move) + 0.01 * other)
        assert found.move > 1
        assert equity == pytest.approx(asked, rel=1e-9)

    def test_half_a_dollar_of_room_is_room(self) -> None:
        """However small the buffer, its end lies ahead, where equity equals maintenance."""
        found = Account([linear(1, 100, 100)], [Collateral(1.0)]).distance({"BTC": -1.0})
        assert found.buffer == 0.5
        assert found.move == pytest.approx(0.5 / 99.5, rel=1e-12)  # 1 - 100 t = 0.5 (1 - t)
        assert [term.meaning for term in found.why().terms][-2] == "equity there, equal to maintenance"

    def test_equity_of_nothing_is_an_infinite_ratio(self) -> None:
        """At 0 there is no number of times that the requirement fits into it."""
        assert Assessment(10.0, -10.0, 100.0, 10.0, 0.5).ratio == math.inf


class TestRates:
    def test_half_of_the_initial_rate_is_the_published_table(self) -> None:
        """Hyperliquid's own tiers: maintenance is half of one over the highest leverage, tier by tier."""
        for name in ("hyperliquid_btc_2025", "hyperliquid_eth_2025", "hyperliquid_sol_2025"):
            table = published_tiers(name)
            assert table.rates == pytest.approx(maintenance_rate(1 / np.array(table.max_leverage)), rel=1e-12)

    @given(base=st.floats(0.01, 1), low=st.floats(0, 1e8), width=st.floats(1, 1e8), part=st.floats(0, 1))
    def test_the_rate_rises_in_a_line_between_the_bounds(
        self, base: float, low: float, width: float, part: float
    ) -> None:
        """At the lower bound the base, at the upper one the whole notional, beyond them no further."""
        at = [0.0, low, low + part * width, low + width, 2 * (low + width)]
        rates = crowded_rate(base, at, low, low + width)
        expected = [base, base, base + (1 - base) * part, 1.0, 1.0]
        assert rates == pytest.approx(expected, rel=1e-7)  # the bound is up to 1e8 times its width

    def test_equal_bounds_switch_it_off(self) -> None:
        """A tier without bounds states 0 for both; bounds in the wrong order are refused."""
        assert crowded_rate(0.2, [0.0, 1e12], 0.0, 0.0).tolist() == [0.2, 0.2]
        with pytest.raises(ValueError, match="upper must be >= lower"):
            crowded_rate(0.2, 1.0, 2.0, 1.0)

    @given(base=st.floats(0.005, 0.1), size=st.floats(0.1, 1e4), part=st.floats(0, 1), power=st.floats(0.1, 1))
    def test_a_grown_rate_starts_at_the_base_and_doubles_where_it_says(
        self, base: float, size: float, part: float, power: float
    ) -> None:
        """With a slope of `base / size^power` the coins add one base to the part it starts from; either side alike."""
        slope = base / size**power
        actual = grown_rate(base, [size, -size, 0.0], slope, power=power, start=part)
        assert actual == pytest.approx([base * (1 + part), base * (1 + part), base], rel=1e-12)
        assert price(size, 100.0, size * 20.0, actual[0]) == pytest.approx(80.0 / (1 - actual[0]), rel=1e-9)

    def test_a_size_that_must_be_paid_in_full(self) -> None:
        with pytest.raises(ValueError, match=r"size must have a rate below 1, got a rate of 1\.01"):
            grown_rate(0.01, [1.0, 100.0], 0.01)
        with pytest.raises(ValueError, match=r"size must have a rate below 1, got a rate of 1$"):
            grown_rate(0.5, 1.0, 0.5)

    @given(base=st.floats(0, 0.5), slope=st.floats(0, 1), amount=st.floats(0, 1e8))
    def test_a_grown_haircut_is_the_larger_of_two(self, base: float, slope: float, amount: float) -> None:
        """A hundred times the coins are counted as if the slope were ten times as steep; never below the base."""
        found = float(grown_haircut(base, amount, slope))
        assert found == max(base, found)
        assert float(grown_haircut(base, 100.0 * amount, slope / 10.0)) == pytest.approx(found, rel=1e-9, abs=1e-12)
        if found > base:
            assert (1.0 - found) * (1.0 + slope * math.sqrt(amount)) == pytest.approx(1.1, rel=1e-9)
        assert Collateral(amount, "BTC", found, 2.0).usd == pytest.approx(2.0 * amount * (1.0 - found), rel=1e-12)

    def test_a_haircut_for_each_part_of_an_amount(self) -> None:
        """A table of tiers, each with a haircut of its own, by hand: what `portfolio.size_charge` takes away."""
        floors, haircuts, amount, lost = [0.0, 5.0, 20.0], [0.02, 0.1, 0.5], 30.0, 0.0
        for floor, end, haircut in zip(floors, [*floors[1:], math.inf], haircuts, strict=True):
            lost += haircut * (min(amount, end) - floor)
        assert size_charge(amount, floors, haircuts) == pytest.approx(lost, rel=1e-12)

    @given(side=st.sampled_from([1, -1]), rate=st.floats(-0.003, 0.003), taker=st.floats(0, 0.001))
    def test_funding_due_is_a_charge_where_the_check_counts_it(self, side: int, rate: float, taker: float) -> None:
        """By hand, along the prices: at the one found, equity is maintenance, fee and the payment to come."""
        due = max(0.0, side * rate)
        leg = Position(Linear("BTC"), 2.0 * side, 100.0, 100.0, Tiers.flat(0.01), close_fee=taker + due)
        at = Account([leg], [Collateral(30.0)]).distance({"BTC": -side}).prices["BTC"]
        paid = max(0.0, -float(payment(2.0 * side, at, rate)))
        assert 30.0 + 2.0 * side * (at - 100.0) == pytest.approx(2.0 * at * (0.01 + taker) + paid, rel=1e-9)
        assert price(2.0 * side, 100.0, 30.0, 0.01, close_fee=taker + due) == pytest.approx(at, rel=1e-9)

    def test_funding_that_is_due_and_not_yet_taken_is_a_debt(self) -> None:
        """The same as a wallet that has paid it; a payment to come in is money like any other."""
        due = float(payment(1.0, 60_000.0, 0.0005))
        owing = Account([linear(1, 60_000, 60_000)], [Collateral(6_000.0), Collateral(due)])
        settled = Account([linear(1, 60_000, 60_000)], [Collateral(6_000.0 + due)])
        assert (owing.assess(), owing.distance({"BTC": -1.0})) == (settled.assess(), settled.distance({"BTC": -1.0}))

    def test_the_reserve_is_the_taker_fee_at_the_bankruptcy_price(self) -> None:
        """In dollars and in coins it is one fee: of a coin-margined position the coins are worth the same dollars."""
        linear_fee = close_reserve(-2.0, 9_000.0, 0.0006)
        coins = close_reserve(18_000.0, 9_000.0, 0.0006, inverse=True)
        assert float(linear_fee) == pytest.approx(float(coins) * 9_000.0, rel=1e-12)
        with pytest.raises(ValueError, match="inverse must be True or False"):
            close_reserve(1.0, 1.0, 0.1, inverse=1)  # type: ignore[arg-type]


def one_tier(rate: float, deduction: float) -> Tiers:
    """A table whose second tier has this rate and this deduction, with the first tier's floor out of the way."""
    low = rate / 1e6
    return Tiers((0, deduction / (rate - low)), (low, rate))


LONG = linear(1, 100, 100)
ACCOUNT = Account([LONG], [Collateral(10.0)])

BAD_INPUT = {
    "maintenance_rate": case(maintenance_rate, initial=(0.1, POSITIVE, "(0, 1]"), fraction=(0.5, AT_LEAST_0, "[0, 1]")),
    "crowded_rate": case(
        crowded_rate,
        base=(0.1, POSITIVE, "(0, 1]"),
        open_interest=(1, AT_LEAST_0),
        lower=(0.5, AT_LEAST_0, "[0, 3]"),
        upper=(3, {"shape"}, "[0.5, inf)"),
    ),
    "grown_rate": case(
        lambda base, size, slope, power: grown_rate(base, size, slope, power=power),
        base=(0.1, POSITIVE, "(0, ~0.99)"),
        size=(1, ANY, "(~-8100, ~8100)"),
        slope=(0.01, AT_LEAST_0, "[0, ~0.9)"),
        power=(0.5, POSITIVE, "(0, 1]"),
    ),
    "grown_haircut": case(
        grown_haircut, base=(0.1, AT_LEAST_0, "[0, 1)"), amount=(1, AT_LEAST_0), slope=(0.1, AT_LEAST_0)
    ),
    "grown_rate.start": case(lambda start: grown_rate(0.1, 1, 0.1, start=start), start=(0.5, AT_LEAST_0, "[0, 1]")),
    "close_reserve": case(close_reserve, size=(1, ANY), bankruptcy=(1, POSITIVE), fee=(0.1, AT_LEAST_0, "[0, 1)")),
    "Tiers": case(
        Tiers,
        floors=((0, 1), NOTHING, "(0, inf)"),
        rates=((0.1, 0.2), NOTHING, "(0.1, 1)"),
        max_leverage=((9, 3), {"empty"}, "[1, 9)"),
    ),
    "Position.maintenance_at": case(linear(1, 1, 1).maintenance_at, mark=(1, POSITIVE)),
    "SizeTiers": case(
        SizeTiers,
        floors=((0, 1), NOTHING, "(0, inf)"),
        rates=((0.1, 0.2), NOTHING, "(0.1, 1)"),
        max_leverage=((9, 3), {"empty"}, "[1, 9)"),
    ),
    "SizeTiers.at": case(published_size_tiers("okx_btcusdt_2026_05").at, size=(1, {"zero", "negative"})),
    "Tiers.flat": case(Tiers.flat, rate=(0.1, NOTHING, "(0, 1)")),
    "Tiers.tier": case(FLAT.tier, notional=(1, AT_LEAST_0)),
    "Tiers.maintenance": case(FLAT.maintenance, notional=(1, AT_LEAST_0)),
    "Collateral": case(
        lambda amount, haircut, fx: Collateral(amount, "MXN", haircut, fx),
        amount=(1, {"zero", "negative"}),
        haircut=(0, {"zero"}, "[0, 1)"),
        fx=(1, NOTHING, "(0, inf)"),
    ),
    "Position": case(
        lambda size, entry, mark, leverage, close_fee: linear(
            size, entry, mark, leverage=leverage, close_fee=close_fee
        ),
        size=(1, {"negative"}, "(-inf, inf)"),
        entry=(1, NOTHING, "(0, inf)"),
        mark=(1, NOTHING, "(0, inf)"),
        leverage=(1, NOTHING, "[1, inf)"),
        close_fee=(0, {"zero"}, "[0, 1)"),
    ),
    "Account": case(Account, positions=([LONG], NOTHING), collateral=([Collateral(1.0)], NOTHING)),
    "Account.distance": case(lambda move: ACCOUNT.distance({"BTC": move}), move=(-1, {"negative"}, "(-inf, inf)")),
    "Assessment": None,
    "Distance": None,
    "published_tiers": None,
    "published_size_tiers": None,
}

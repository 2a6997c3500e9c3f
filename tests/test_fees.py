"""Fees: check values, limits, and a ledger that pays each fee by itself."""

import math

import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import fees
from perpnotes.contracts import Linear, linear_pnl
from perpnotes.funding import distance, equity_left, survival
from perpnotes.latency import orders_left
from perpnotes.margin import Account, Collateral, Position, Tiers
from perpnotes.prices import Trigger

LEVERAGE = st.floats(1, 50)


def test_round_trips_have_the_published_numbers() -> None:
    """At 10x and m = 0.5%: 316.67 trips as a maker at 1.5 bp, 105.56 as a taker at 4.5 bp."""
    assert fees.round_trips(10.0, 0.005, 0.00015).trips == pytest.approx(316.6667, abs=5e-5)
    assert fees.round_trips(10.0, 0.005, 0.00045).trips == pytest.approx(105.5556, abs=5e-5)


def test_equity_at_held_leverage_has_the_published_numbers() -> None:
    """Fifty trips at 10x, each a payment of two fees, leave 0.8605 as a maker and 0.6363 as a taker."""
    actual = equity_left(10.0, [2 * 0.00015, 2 * 0.00045], 50, hold="leverage")
    assert actual.tolist() == pytest.approx([0.8605, 0.6363], abs=5e-5)


def test_the_liquidation_fee_has_the_published_numbers() -> None:
    """0.5 coins at 1.30: 40 bp of the mark is 0.0026; 20 bp of it with 10 bp of the execution at 1.32 is 0.00196."""
    assert fees.liquidation_fee(0.5, 1.30, 1.32, mark_rate=0.004) == pytest.approx(0.0026, rel=1e-14)
    actual = fees.liquidation_fee(-0.5, 1.30, 1.32, mark_rate=0.002, execution_rate=0.001)
    assert actual == pytest.approx(0.00196, rel=1e-14)


@given(
    base=st.floats(0, 0.05), slope=st.floats(0, 0.001), room=st.floats(0, 0.2), grace=st.integers(0, 20),
)  # fmt: skip
def test_a_ramped_fee_is_what_a_clock_adds_up(base: float, slope: float, room: float, grace: int) -> None:
    """Independent loop: each tick adds the slope, and nothing is asked of it before the grace is over."""
    asked, expected = base, []
    for tick in range(40):
        expected.append(min(asked, base + room) if tick >= grace else base)
        asked += slope
    actual = fees.ramped_fee(base, range(40), slope, base + room, grace=grace)
    assert actual.tolist() == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_a_ramped_fee_without_grace_grows_from_the_start() -> None:
    """And a largest fee below the first one is refused; the same is a fee that does not grow."""
    assert fees.ramped_fee(0.01, [0.0, 0.5], 0.01, 0.05).tolist() == pytest.approx([0.01, 0.015], rel=1e-12)
    assert fees.ramped_fee(0.02, 9.0, 0.01, 0.02) == 0.02
    with pytest.raises(ValueError, match="most must be >= base"):
        fees.ramped_fee(0.02, 0.0, 0.01, [0.05, 0.019])


@given(trips=st.integers(0, 60), leverage=LEVERAGE, fee=st.floats(-0.001, 0.003))
def test_equity_is_what_a_ledger_of_single_fees_has(trips: int, leverage: float, fee: float) -> None:
    """Independent loop: each order pays on its own notional, with the size or with the leverage held."""
    held, resized = 1.0, 1.0
    for _ in range(trips):
        held -= leverage * fee + leverage * fee
        resized -= 2 * (resized * leverage) * fee
    assert equity_left(leverage, 2 * fee, trips) == pytest.approx(held, rel=1e-9, abs=1e-12)
    actual = equity_left(leverage, 2 * fee, trips, hold="leverage")
    assert actual == pytest.approx(resized, rel=1e-9, abs=1e-12)


@given(trips=st.integers(0, 300), leverage=st.floats(1.01, 50), fee=st.floats(0, 0.001))
def test_distance_is_that_of_an_account_which_has_paid(trips: int, leverage: float, fee: float) -> None:
    """An account whose wallet is smaller by the fees has this distance, by the margin module."""
    rate = 0.005
    expected = distance(leverage, rate, 2 * trips * fee)
    wallet = 100.0 / leverage - 2 * trips * fee * 100.0
    position = Position(Linear("BTC"), 1.0, 100.0, 100.0, Tiers.flat(rate))
    actual = Account([position], [Collateral(wallet)]).distance({"BTC": -1.0}).move
    assert actual == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(leverage=st.floats(1, 100), fee=st.floats(1e-5, 0.01))
def test_after_the_last_trip_the_distance_is_zero(leverage: float, fee: float) -> None:
    """The number of trips is where the distance ends, and no sooner; its derivation ends in it."""
    answer = fees.round_trips(leverage, 0.005, fee)
    assert distance(leverage, 0.005, 2 * fee * answer.trips) == pytest.approx(0.0, abs=1e-12)
    half = distance(leverage, 0.005, fee * answer.trips)
    assert half == pytest.approx(distance(leverage, 0.005) / 2, rel=1e-9)
    assert answer.why().value == answer.trips


@given(leverage=st.floats(1, 60), rate=st.floats(0.001, 0.01), fee=st.floats(1e-4, 0.01))
def test_the_last_trip_is_the_first_that_a_ledger_cannot_survive(leverage: float, rate: float, fee: float) -> None:
    """Independent loop: pay trip after trip until equity is at the requirement, and count."""
    equity, count = 1 / leverage, 0
    while equity > rate * (1 + 1e-9):  # the sum of many fees is off by rounding
        equity, count = equity - 2 * fee, count + 1
    last = fees.round_trips(leverage, rate, fee).last
    assert count in (last, last - 1)
    assert equity_left(leverage, 2 * fee, last) / leverage <= rate * (1 + 1e-9)
    assert equity_left(leverage, 2 * fee, last - 1) / leverage > rate * (1 - 1e-9)


def test_a_room_of_exactly_some_trips_ends_with_the_last_of_them() -> None:
    """0.09 of room at 0.0009 a trip is 100 trips, in spite of rounding; a little less room is 100 too."""
    assert fees.round_trips(10.0, 0.01, 0.00045).last == 100.0
    assert fees.round_trips(10.0, 0.01001, 0.00045).last == 100.0
    assert fees.round_trips(10.0, 0.00999, 0.00045).last == 101.0


@given(
    open_fee=st.floats(-0.01, 0.01), close_fee=st.floats(-0.01, 0.01), side=st.sampled_from([1.0, -1.0]),
)  # fmt: skip
def test_at_the_break_even_the_profit_is_the_fees(open_fee: float, close_fee: float, side: float) -> None:
    """Profit by the contracts module, fees by the round trip: equal at that move, for both sides and for rebates."""
    move = float(fees.breakeven_move(open_fee, close_fee, side=side))
    profit = linear_pnl(side, 100.0, 100.0 * (1 + move))
    assert profit == pytest.approx(fees.round_trip(100.0, open_fee, close_fee, move=move), rel=1e-9, abs=1e-12)


@given(leverage=LEVERAGE, fee=st.floats(1e-5, 0.003))
def test_trips_payments_and_orders_count_the_same_room(leverage: float, fee: float) -> None:
    """A round trip is a funding payment of two fees and two orders of one: all three end the position together."""
    trips = fees.round_trips(leverage, 0.005, fee)
    assert trips.last == survival(leverage, 0.005, 2 * fee).payments
    assert trips.trips == pytest.approx(orders_left(leverage, 0.005, fee) / 2, rel=1e-12)


@given(
    rate=st.floats(0.001, 0.05), cost=st.floats(0, 0.02), price=st.floats(50, 150), size=st.sampled_from([1.0, -3.0])
)
def test_a_cost_inside_the_trigger_is_a_step_of_the_maintenance_rate(
    rate: float, cost: float, price: float, size: float
) -> None:
    """A close fee of c inside maintenance fires where a rate higher by c does without one."""
    terms = {"size": size, "entry": 100.0, "wallet": 10.0, "price": price}
    assert Trigger(close_fee=cost).fires(**terms, maintenance=rate) == Trigger().fires(**terms, maintenance=rate + cost)


@pytest.mark.parametrize("leverage", [5.0, 10.0, 50.0])
def test_a_forced_loss_is_what_an_account_has_lost(leverage: float) -> None:
    """Walk there: equity at the price where the trigger fires, less the cost on the notional at that price."""
    rate, cost, entry = 0.005, 0.002, 100.0
    wallet = entry / leverage
    price = entry * (1 - float(distance(leverage, rate)))
    assert Trigger().fires(1.0, entry, wallet, rate, price * (1 - 1e-12))
    assert not Trigger().fires(1.0, entry, wallet, rate, price * (1 + 1e-12))
    left = (
        wallet + float(linear_pnl(1.0, entry, price)) - float(fees.liquidation_fee(1.0, price, price, mark_rate=cost))
    )
    assert fees.forced_loss(leverage, rate, cost) == pytest.approx(1 - left / wallet, rel=1e-12)


def test_more_than_rounding_counts_as_a_trip() -> None:
    """A part in 10^12 of the trips is rounding; three parts, or a hundredth of a trip, are one more to make."""
    for trips, last in ((1_000 * (1 + 5e-13), 1_000), (1_000 * (1 + 3e-12), 1_001), (0.1, 1), (1.01, 2)):
        fee = (1 / 10.0 - 0.005) / (2 * trips)
        assert fees.round_trips(10.0, 0.005, fee).last == last


def test_a_position_is_long_where_no_side_is_named() -> None:
    """The break-even of a long is a rise, and the one that is meant without a side."""
    assert fees.breakeven_move(0.0005, 0.0005) == fees.breakeven_move(0.0005, 0.0005, side=1) > 0


def test_what_is_not_stated_costs_nothing() -> None:
    """Without a move the close is charged on the notional of the open, and an execution fee is one that is named."""
    assert fees.round_trip(100.0, 0.001, 0.002) == pytest.approx(0.3, rel=1e-14)
    assert fees.liquidation_fee(2.0, 10.0, 20.0, mark_rate=0.01) == pytest.approx(0.2, rel=1e-14)


def test_a_rebate_never_liquidates() -> None:
    """A trip that costs nothing or earns can be made for ever."""
    for fee in (0.0, -0.0001):
        answer = fees.round_trips(10.0, 0.005, fee)
        assert answer.trips == answer.last == math.inf
    assert fees.round_trip(60_000.0, -0.0001, 0.0001) == 0.0


def test_the_close_is_charged_on_the_notional_of_then() -> None:
    """A position that doubled pays twice the closing fee."""
    assert fees.round_trip(100.0, 0.001, 0.001, move=1.0) == pytest.approx(0.3, rel=1e-14)


def test_a_forced_close_takes_all_where_its_cost_is_the_margin() -> None:
    """Cost equal to the maintenance rate leaves nothing; without cost, maintenance is left; a higher cost is a debt."""
    for leverage in (5.0, 10.0, 50.0):
        assert fees.forced_loss(leverage, 0.005, 0.005) == pytest.approx(1.0, rel=1e-14)
        price = 1 - (1 / leverage - 0.005) / 0.995
        assert 1 - fees.forced_loss(leverage, 0.005, 0.0) == pytest.approx(leverage * 0.005 * price, rel=1e-12)
        assert fees.forced_loss(leverage, 0.005, 0.01) > 1.0


@given(rate=st.floats(0.001, 0.1), fee=st.floats(0, 0.01))
def test_the_slippage_that_is_covered_is_where_the_loss_is_whole(rate: float, fee: float) -> None:
    """Slippage of that size and the fee together take exactly the equity."""
    slippage = float(fees.slippage_covered(rate, fee))
    if slippage > 0:
        assert fees.forced_loss(5.0, rate, fee + slippage) == pytest.approx(1.0, rel=1e-12)


def test_holding_the_leverage_needs_something_left() -> None:
    """A trip that costs the whole equity cannot be followed by another."""
    with pytest.raises(ValueError, match="must be < 1"):
        equity_left(1_000.0, 2 * 0.0005, 1, hold="leverage")


class TestInsuranceFlow:
    @given(side=st.sampled_from([1, -1]), cash=st.floats(1, 1e6), better=st.floats(-1e5, 1e5), cap=st.floats(0, 1))
    def test_the_account_and_the_fund_share_what_the_close_brings(
        self, side: int, cash: float, better: float, cap: float
    ) -> None:
        """The fund takes no more than its fee and no more than there is; a shortfall it pays in full."""
        flow = float(fees.insurance_flow(side * cash, side * cash - better, cap))
        left = (side * cash) - (side * cash - better) - flow  # what stays with the account, in floats
        assert left >= -1e-9 * cash
        assert flow <= cap * cash
        if better < 0:
            assert flow == pytest.approx(better, abs=1e-9 * cash)

    def test_a_close_at_the_bankruptcy_price_moves_nothing(self) -> None:
        """Neither a fee nor a shortfall, on both sides."""
        assert fees.insurance_flow([5_100.0, -4_900.0], [5_100.0, -4_900.0], 0.5).tolist() == [0.0, 0.0]


BAD_INPUT = {
    "insurance_flow": case(
        fees.insurance_flow, proceeds=(1, ANY), bankruptcy=(1, ANY), max_fee=(0.1, AT_LEAST_0, "[0, 1]")
    ),
    "round_trip": case(
        fees.round_trip,
        notional=(1, AT_LEAST_0),
        open_fee=(0.001, ANY, "(-1, 1)"),
        close_fee=(0.001, ANY, "(-1, 1)"),
        move=(0, ANY, "(-1, inf)"),
    ),
    "breakeven_move": case(
        fees.breakeven_move,
        open_fee=(0.001, ANY, "(-1, 1)"),
        close_fee=(0.001, ANY, "(-1, 1)"),
        side=(1, NOTHING, "{-1, 1}"),
    ),
    "round_trips": case(
        fees.round_trips,
        leverage=(5, NOTHING, "(0, 100)"),
        maintenance=(0.01, NOTHING, "(0, ~0.2)"),
        fee=(0.001, {"zero", "negative"}, "(-1, 1)"),
    ),
    "liquidation_fee": case(
        fees.liquidation_fee,
        size=(1, ANY),
        mark=(1, POSITIVE),
        execution=(1, POSITIVE),
        mark_rate=(0.1, AT_LEAST_0, "[0, 1)"),
        execution_rate=(0.1, AT_LEAST_0, "[0, 1)"),
    ),
    "ramped_fee": case(
        lambda base, elapsed, slope, most, grace: fees.ramped_fee(base, elapsed, slope, most, grace=grace),
        base=(0.1, AT_LEAST_0, "[0, 0.9]"),
        elapsed=(1, AT_LEAST_0),
        slope=(0.1, AT_LEAST_0),
        most=(0.9, POSITIVE, "[0.1, 1)"),
        grace=(0, AT_LEAST_0),
    ),
    "forced_loss": case(
        fees.forced_loss,
        leverage=(1, POSITIVE, "(0, 10]"),
        maintenance=(0.1, AT_LEAST_0, "[0, 1)"),
        cost=(0.1, AT_LEAST_0),
    ),
    "slippage_covered": case(fees.slippage_covered, maintenance=(0.1, AT_LEAST_0, "[0, 1)"), fee=(0.1, ANY, "(-1, 1)")),
    "RoundTrips": None,
}

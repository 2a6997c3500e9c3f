"""Fees: check values, limits, and a ledger that pays each fee by itself."""

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import fees
from perpnotes.contracts import Linear
from perpnotes.margin import Account, Collateral, Position, Tiers

LEVERAGE = st.floats(1, 50)


def test_round_trips_have_the_published_numbers() -> None:
    """At 10x and m = 0.5%: 316.67 trips as a maker at 1.5 bp, 105.56 as a taker at 4.5 bp."""
    assert fees.round_trips(10.0, 0.005, 0.00015).trips == pytest.approx(316.6667, abs=5e-5)
    assert fees.round_trips(10.0, 0.005, 0.00045).trips == pytest.approx(105.5556, abs=5e-5)


def test_equity_at_held_leverage_has_the_published_numbers() -> None:
    """Fifty trips at 10x leave 0.8605 as a maker and 0.6363 as a taker."""
    actual = fees.equity_after(50, 10.0, [0.00015, 0.00045], hold="leverage")
    assert actual.tolist() == pytest.approx([0.8605, 0.6363], abs=5e-5)


def test_the_liquidation_fee_has_the_published_numbers() -> None:
    """0.5 coins at 1.30: 40 bp of the mark is 0.0026; 20 bp of it with 10 bp of the execution at 1.32 is 0.00196."""
    assert fees.liquidation_fee(0.5, 1.30, 1.32, mark_rate=0.004) == pytest.approx(0.0026, rel=1e-14)
    actual = fees.liquidation_fee(-0.5, 1.30, 1.32, mark_rate=0.002, execution_rate=0.001)
    assert actual == pytest.approx(0.00196, rel=1e-14)


@given(trips=st.integers(0, 60), leverage=LEVERAGE, fee=st.floats(-0.001, 0.003))
def test_equity_is_what_a_ledger_of_single_fees_has(trips: int, leverage: float, fee: float) -> None:
    """Independent loop: each order pays on its own notional, with the size or with the leverage held."""
    held, resized = 1.0, 1.0
    for _ in range(trips):
        held -= leverage * fee + leverage * fee
        resized -= 2 * (resized * leverage) * fee
    assert fees.equity_after(trips, leverage, fee) == pytest.approx(held, rel=1e-9, abs=1e-12)
    actual = fees.equity_after(trips, leverage, fee, hold="leverage")
    assert actual == pytest.approx(resized, rel=1e-9, abs=1e-12)


@given(trips=st.integers(0, 300), leverage=st.floats(1.01, 50), fee=st.floats(0, 0.001))
def test_distance_is_that_of_an_account_which_has_paid(trips: int, leverage: float, fee: float) -> None:
    """An account whose wallet is smaller by the fees has this distance, by the margin module."""
    rate = 0.005
    expected = fees.distance_after(trips, leverage, rate, fee)
    wallet = 100.0 / leverage - 2 * trips * fee * 100.0
    position = Position(Linear("BTC"), 1.0, 100.0, 100.0, Tiers.flat(rate))
    actual = Account([position], [Collateral(wallet)]).distance({"BTC": -1.0}).move
    assert actual == pytest.approx(max(0.0, expected), rel=1e-9, abs=1e-9)


@given(leverage=st.floats(1, 100), fee=st.floats(1e-5, 0.01))
def test_after_the_last_trip_the_distance_is_zero(leverage: float, fee: float) -> None:
    """The number of trips is where the distance ends, and its derivation ends in it."""
    answer = fees.round_trips(leverage, 0.005, fee)
    assert fees.distance_after(answer.trips, leverage, 0.005, fee) == pytest.approx(0.0, abs=1e-12)
    assert answer.why().value == answer.trips


def test_a_rebate_never_liquidates() -> None:
    """A trip that costs nothing or earns can be made for ever."""
    assert np.isinf(fees.round_trips(10.0, 0.005, 0.0).trips)
    assert np.isinf(fees.round_trips(10.0, 0.005, -0.0001).trips)
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
        fees.equity_after(1, 1_000.0, 0.0005, hold="leverage")


BAD_INPUT = {
    "round_trip": case(
        fees.round_trip, notional=(1, AT_LEAST_0), open_fee=(0.001, ANY), close_fee=(0.001, ANY), move=(0, ANY)
    ),
    "equity_after": case(fees.equity_after, trips=(1, AT_LEAST_0), leverage=(1, POSITIVE), fee=(0.001, ANY)),
    "distance_after": case(
        fees.distance_after, trips=(1, AT_LEAST_0), leverage=(1, POSITIVE), rate=(0.1, AT_LEAST_0), fee=(0.001, ANY)
    ),
    "round_trips": case(
        fees.round_trips, leverage=(5, NOTHING), rate=(0.01, NOTHING), fee=(0.001, {"zero", "negative"})
    ),
    "liquidation_fee": case(
        fees.liquidation_fee,
        size=(1, ANY),
        mark=(1, POSITIVE),
        execution=(1, POSITIVE),
        mark_rate=(0.1, AT_LEAST_0),
        execution_rate=(0.1, AT_LEAST_0),
    ),
    "forced_loss": case(fees.forced_loss, leverage=(1, POSITIVE), rate=(0.1, AT_LEAST_0), cost=(0.1, AT_LEAST_0)),
    "slippage_covered": case(fees.slippage_covered, rate=(0.1, AT_LEAST_0), fee=(0.1, ANY)),
    "RoundTrips": None,
}

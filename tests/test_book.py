"""A book as plain values: the same answers as from the functions that it stands on, and faults named where they are."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import book, liquidation
from perpnotes.contracts import Inverse, Linear
from perpnotes.margin import Account, Collateral, Position, Tiers

BOOK = {
    "legs": [
        {"coin": "BTC", "size": 0.5, "entry": 60_000.0, "mark": 60_000.0, "close_fee": 0.0005},
        {"coin": "ETH", "size": 5.0, "entry": 3_000.0, "mark": 3_000.0},
    ],
    "collateral": [{"amount": 5_000.0}],
    "volatility": {"BTC": 0.5, "ETH": 0.7},
    "funding": 0.0001,
    "payments": 30,
}


def test_one_leg_has_the_price_of_the_formula() -> None:
    """Isolated is cross with nothing else: the closed form for one linear position."""
    found = book.report({"legs": [BOOK["legs"][0]], "collateral": [{"amount": 3_000.0}]})  # type: ignore[index]
    expected = liquidation.price(0.5, 60_000.0, 3_000.0, 0.005, close_fee=0.0005)
    assert found.frozen["BTC"].low == pytest.approx(expected, rel=1e-12)
    assert found.following == found.together == found.frozen


def test_the_three_prices_are_those_of_an_account_with_the_same_betas() -> None:
    found = book.report(BOOK)
    account = Account(
        [
            Position(Linear("BTC"), 0.5, 60_000.0, 60_000.0, Tiers.flat(0.005), 10.0, close_fee=0.0005),
            Position(Linear("ETH"), 5.0, 3_000.0, 3_000.0, Tiers.flat(0.005), 10.0),
        ],
        [Collateral(5_000.0)],
    )
    for betas, prices in (({}, found.frozen), ({"ETH": 0.8 * 1.4}, found.following), ({"ETH": 1.4}, found.together)):
        assert prices["BTC"].low == pytest.approx(liquidation.interval(account, "BTC", betas).low, rel=1e-12)
    assert found.account == account.assess()


def test_what_holding_costs_is_paid_by_longs_and_received_by_shorts() -> None:
    """Thirty payments of a basis point on 45,000 USD cost 135 USD; closing costs the fee of the leg that has one."""
    found = book.report(BOOK)
    assert found.funding == pytest.approx(-135.0)
    assert found.closing == pytest.approx(15.0)
    short = {**BOOK, "legs": [{**leg, "size": -leg["size"]} for leg in BOOK["legs"]]}  # type: ignore[attr-defined]
    assert book.report(short).funding == pytest.approx(135.0)


@given(st.floats(1_000.0, 60_000.0))
def test_more_money_never_fails_earlier(amount: float) -> None:
    """The stress from which it fails does not fall with collateral, and no price comes nearer."""
    less, more = (book.report({**BOOK, "collateral": [{"amount": each}]}) for each in (amount, 1.1 * amount))
    assert more.fails_at >= less.fails_at
    assert more.together["BTC"].low <= less.together["BTC"].low


def test_the_worst_cell_adds_up_and_fails_where_it_exceeds_the_buffer() -> None:
    found = book.report({**BOOK, "collateral": [{"amount": 8_000.0}]})
    assert sum(found.worst.contributions) == pytest.approx(found.worst.pnl)
    assert 0.0 < found.fails_at < 1.0
    assert found.worst.loss > found.account.buffer
    assert book.report({**BOOK, "collateral": [{"amount": 80_000.0}]}).fails_at == math.inf


def test_an_inverse_leg_is_counted_in_dollars_of_contracts() -> None:
    leg = {"coin": "BTC", "size": -30_000.0, "entry": 60_000.0, "mark": 60_000.0, "inverse": True, "leverage": 1.0}
    coins = {"amount": 0.5, "currency": "BTC", "fx": 60_000.0}
    found = book.report({"legs": [leg], "collateral": [coins]})
    assert found.account.notional == pytest.approx(30_000.0)
    position = Position(Inverse("BTC"), -30_000.0, 60_000.0, 60_000.0, Tiers.flat(0.005))
    expected = liquidation.interval(Account([position], [Collateral(0.5, "BTC", fx=60_000.0)]), "BTC")
    assert found.frozen["BTC"] == expected


def test_a_book_can_be_written_as_json_and_read_again() -> None:
    assert book.report(json.loads(json.dumps(BOOK))) == book.report(BOOK)


def test_the_printed_report_names_every_coin_and_leg() -> None:
    text = str(book.report(BOOK))
    for words in ("margin ratio", "BTC +0.5", "ETH +5", "worst cell: price -16%, correlation 1.0", "-135.00 USD"):
        assert words in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leg": []}, "book must have legs, .* and no other field, got 'leg'"),
        ({"legs": []}, "legs must be a list with at least one entry"),
        ({"legs": [{"coin": "BTC", "size": 1.0, "entry": 1.0}]}, r"legs\[0\] must have mark"),
        ({"legs": [BOOK["legs"][0], {**BOOK["legs"][1], "size": 0}]}, r"legs\[1\]\.size must not be 0"),  # type: ignore[index]
        ({"legs": [{**BOOK["legs"][0], "inverse": "yes"}]}, r"legs\[0\]\.inverse must be True or False"),  # type: ignore[index]
        ({"collateral": [{"amount": 1.0, "currency": "MXN"}]}, r"collateral\[0\]\.fx must be stated for MXN"),
        ({"volatility": {"BTC": 0.5}}, "volatility must have ETH"),
        ({"correlation": 2.0}, "correlation must be"),
        ({"correlation": [[1.0]]}, r"correlation must have shape \(2, 2\)"),
        ({"payments": -1}, "payments must be"),
    ],
)
def test_a_fault_is_named_where_it_stands(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        book.report({**BOOK, **change})


BAD_INPUT = {"Report": None, "report": None}

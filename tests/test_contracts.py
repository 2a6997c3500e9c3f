"""Contracts: P&L, notional and Black-76 against closed forms, limits and identities."""

import math

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import contracts
from perpnotes.contracts import Cash, Inverse, Linear, Option, Spot

PRICE = st.floats(1e-2, 1e6)
SIZE = st.floats(-1e6, 1e6)
ROUNDING = 1e-12  # relative: a handful of double-precision operations


@given(size=SIZE, entry=PRICE, mark=PRICE)
def test_a_short_is_a_long_with_the_sign_turned(size: float, entry: float, mark: float) -> None:
    """The P&L is odd in the size, for both kinds of contract."""
    assert contracts.linear_pnl(-size, entry, mark) == -contracts.linear_pnl(size, entry, mark)
    assert contracts.inverse_pnl(-size, entry, mark) == -contracts.inverse_pnl(size, entry, mark)


def test_a_gain_is_positive() -> None:
    """Size > 0 is long and P&L > 0 is a gain: a long gains when the mark rises."""
    assert contracts.linear_pnl(1.0, 100.0, 110.0) == 10.0
    assert contracts.inverse_pnl(100.0, 100.0, 125.0) == pytest.approx(0.2, rel=ROUNDING)


@given(before=PRICE, after=PRICE)
def test_an_inverse_perpetual_is_linear_in_dollars(before: float, after: float) -> None:
    """Coins won, valued at the new price, are `after/before - 1` for each USD of contracts."""
    actual = Inverse("BTC").pnl_usd(before, after)
    # `1/before - 1/after` cancels when the prices are close, so the error is absolute in units of after/before
    assert actual == pytest.approx(after / before - 1.0, abs=1e-12 * max(1.0, after / before))


def test_a_one_times_inverse_short_on_its_own_coin_is_a_dollar() -> None:
    """Holding Q/P coins and a short of Q USD of contracts is worth Q USD at every price."""
    before, after = 50_000.0, np.array([1_000.0, 25_000.0, 50_000.0, 400_000.0])
    coins = Spot("BTC").pnl_usd(before, after) * (60_000.0 / before)
    short = Inverse("BTC").pnl_usd(before, after) * -60_000.0
    np.testing.assert_allclose(coins + short, 0.0, atol=1e-8)  # of amounts of up to half a million USD


@given(forward=st.floats(10, 1e5), money=st.floats(0.2, 5), volatility=st.floats(0.01, 3), years=st.floats(0.003, 3))
def test_put_call_parity(forward: float, money: float, volatility: float, years: float) -> None:
    """A call less a put with the same terms is the discounted forward less the strike."""
    strike = forward * money
    call = contracts.option_value(forward, strike, volatility, years, discount=0.97)
    put = contracts.option_value(forward, strike, volatility, years, call=False, discount=0.97)
    assert call - put == pytest.approx(0.97 * (forward - strike), rel=1e-10, abs=1e-10 * forward)


def test_black_76_equals_the_integral_that_defines_it() -> None:
    """Independent derivation: the expected payoff under a lognormal forward, by numerical integration."""
    forward, strike, volatility, years = 60_000.0, 66_000.0, 0.8, 0.2
    s = volatility * math.sqrt(years)
    z = np.linspace(-12.0, 12.0, 480_001)
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    payoff = np.maximum(0.0, forward * np.exp(s * z - s**2 / 2) - strike)
    expected = np.trapezoid(payoff * density, z)
    # the trapezoid's error is about h^2 at the kink: (5e-5)^2 of values near 1e5
    assert contracts.option_value(forward, strike, volatility, years) == pytest.approx(expected, rel=1e-8)


def test_black_76_limits() -> None:
    """Without volatility an option is its intrinsic value; with endless volatility a call is the forward."""
    forwards = np.array([50.0, 100.0, 150.0])
    assert contracts.option_value(forwards, 100.0, 0.0, 1.0).tolist() == [0.0, 0.0, 50.0]
    assert contracts.option_value(forwards, 100.0, 0.5, 0.0, call=False).tolist() == [50.0, 0.0, 0.0]
    assert contracts.option_delta(forwards, 100.0, 0.0, 1.0).tolist() == [0.0, 0.5, 1.0]
    assert contracts.option_value(100.0, 100.0, 100.0, 1.0) == pytest.approx(100.0, rel=ROUNDING)


def test_the_normal_distribution_is_the_standard_librarys() -> None:
    """Delta at unit volatility is N(ln F/K + 1/2): it agrees with `math.erfc` between and beyond the table's points."""
    d = np.random.default_rng(5).uniform(-12, 12, 40_000)
    expected = [0.5 * math.erfc(-x / math.sqrt(2)) for x in d.tolist()]
    # ln(exp(d)) is right to 1e-15, which a tail twelve deviations out multiplies by 12
    np.testing.assert_allclose(contracts.option_delta(np.exp(d - 0.5), 1.0, 1.0, 1.0), expected, rtol=1e-13)


def test_the_far_tail_keeps_its_digits() -> None:
    """A call ten standard deviations out is tiny but not zero: erfc keeps what 1 - erf would lose."""
    value = contracts.option_value(100.0, 100.0 * math.exp(1.0), 0.1, 1.0)
    # expected: mpmath at 50 digits; d1 is right to 1e-15 of 10, and a tail ten deviations out multiplies that by 10
    assert value == pytest.approx(1.2308359836427042e-23, rel=1e-11, abs=0.0)


@pytest.mark.parametrize("call", [True, False])
def test_greeks_are_the_slopes_of_the_value(call: bool) -> None:
    """Delta and vega agree with central differences of the value."""
    f, k, v, t, h = 100.0, 110.0, 0.6, 0.4, 1e-4
    up, down = (contracts.option_value(f + d, k, v, t, call=call) for d in (h, -h))
    assert contracts.option_delta(f, k, v, t, call=call) == pytest.approx((up - down) / (2 * h), rel=1e-7)
    up, down = (contracts.option_value(f, k, v + d, t, call=call) for d in (h, -h))
    assert contracts.option_vega(f, k, v, t) == pytest.approx((up - down) / (2 * h), rel=1e-6)


def test_what_is_not_stated_is_the_plain_case() -> None:
    """An undiscounted call, fills without fees on a linear contract, money without a haircut, the nearest step."""
    terms = (100.0, 110.0, 0.6, 0.4)
    assert contracts.option_value(*terms) == contracts.option_value(*terms, call=True, discount=1.0)
    assert contracts.option_delta(*terms) == contracts.option_delta(*terms, call=True)
    assert Option("BTC", 100.0, 0.1) == Option("BTC", 100.0, 0.1, call=True)
    assert contracts.holding([1.0, -1.0], [100.0, 90.0]).net == -10.0
    assert Cash("MXN") == Cash("MXN", haircut=0.0)
    assert contracts.to_step([0.26, 0.24], 0.5).tolist() == [0.5, 0.0]


def test_every_contract_gains_nothing_when_nothing_moves() -> None:
    """The P&L of each instrument is zero when after equals before."""
    assert Linear("BTC").pnl_usd(60_000.0, 60_000.0) == 0.0
    assert Inverse("BTC").pnl_usd(60_000.0, 60_000.0) == 0.0
    assert Spot("BTC").pnl_usd(60_000.0, 60_000.0) == 0.0
    assert Cash("MXN", haircut=0.1).pnl_usd(0.05, 0.05) == 0.0
    assert Option("BTC", 70_000.0, 0.1).pnl_usd(60_000.0, 60_000.0, 0.5, 0.5) == 0.0


class TestQuanto:
    @given(size=SIZE, entry=PRICE, mark=PRICE, settlement=PRICE)
    def test_its_coins_are_linear_and_its_dollars_a_product(
        self, size: float, entry: float, mark: float, settlement: float
    ) -> None:
        """As many coins as a linear contract pays dollars, each worth what a coin is worth then."""
        actual = contracts.quanto_pnl(size, entry, mark, settlement)
        assert actual == pytest.approx(contracts.linear_pnl(size, entry, mark) * settlement, rel=1e-12)

    @given(up=st.floats(0.001, 0.9), beta=st.floats(0.05, 1.0))
    def test_a_long_wins_more_than_it_loses_where_both_move_together(self, up: float, beta: float) -> None:
        """The same move up and down, the settlement with it by a part: they differ by twice that part of its square."""
        won, lost = contracts.quanto_pnl(1.0, 100.0, [100 * (1 + up), 100 * (1 - up)], [1 + beta * up, 1 - beta * up])
        assert won + lost == pytest.approx(200.0 * beta * up**2, rel=1e-9)
        short = contracts.quanto_pnl(-1.0, 100.0, [100 * (1 + up), 100 * (1 - up)], [1 + beta * up, 1 - beta * up])
        assert short.sum() == pytest.approx(-(won + lost), rel=1e-12)

    def test_the_mean_gain_is_that_of_simulated_prices(self) -> None:
        """Two lognormal martingales: the mean P&L over the notional, within 4 standard errors."""
        rho, s, other, years, n = 0.8, 0.7, 0.5, 0.25, 400_000
        x, y = np.random.default_rng(3).standard_normal((2, n))
        y = rho * x + math.sqrt(1 - rho**2) * y
        mark = 100.0 * np.exp(s * math.sqrt(years) * x - s**2 * years / 2)
        settlement = np.exp(other * math.sqrt(years) * y - other**2 * years / 2)
        gains = contracts.quanto_pnl(1.0, 100.0, mark, settlement) / 100.0
        expected = contracts.quanto_gain(rho, s, other, years)
        assert gains.mean() == pytest.approx(expected, abs=4 * gains.std() / math.sqrt(n))

    def test_it_has_no_gain_where_nothing_moves_together(self) -> None:
        assert contracts.quanto_gain(0.0, 0.7, 0.5, 3.0) == 0.0
        assert contracts.quanto_gain([0.9, -0.9], 0.7, [0.0, 0.5], [9.0, 0.0]).tolist() == [0.0, 0.0]


class TestToStep:
    @given(value=st.floats(-1e9, 1e9), step=st.sampled_from([1e-6, 0.01, 0.5, 1.0, 25.0]))
    def test_each_direction_is_what_it_says(self, value: float, step: float) -> None:
        """Below and above are one step apart, or the same; nearest is the nearer; toward zero is the smaller."""
        below, above, zero, near = (
            float(contracts.to_step(value, step, toward=t)) for t in ("down", "up", "zero", "nearest")
        )
        noise = 1e-12 * (abs(value) + step)
        assert below - noise <= value <= above + noise
        assert above - below == pytest.approx(0.0, abs=noise) or above - below == pytest.approx(step, abs=noise)
        assert abs(zero) == min(abs(below), abs(above))
        assert near in (below, above)
        assert abs(near - value) <= step / 2 + noise

    def test_what_floats_put_beside_a_step_is_on_it(self) -> None:
        """0.1 * 3 lies above 0.3 and 1.1 * 1.1 above 1.21: neither is one step more; a real excess is."""
        for product, exact, step in ((0.1 * 3, 0.3, 0.1), (1.1 * 1.1, 1.21, 0.01)):
            assert product > exact
            assert contracts.to_step(product, step, toward="up") == pytest.approx(exact, rel=1e-12)
        assert contracts.to_step(0.3 + 1e-9, 0.1, toward="up") == pytest.approx(0.4, rel=1e-12)

    def test_halves_go_away_from_zero(self) -> None:
        """Python's own round would give 0, 2 and -2."""
        assert contracts.to_step([0.5, 1.5, -2.5], 1.0).tolist() == [1.0, 2.0, -3.0]


FILLS = st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.floats(50, 150)), min_size=1, max_size=12)


class TestHolding:
    @pytest.mark.parametrize("inverse", [False, True])
    @given(fills=FILLS, mark=st.floats(50, 150))
    def test_realized_and_open_pnl_are_those_of_the_fills(
        self, inverse: bool, fills: list[tuple[int, float]], mark: float
    ) -> None:
        """However the fills net, realized plus open P&L at any mark is the sum over all fills held to that mark."""
        pnl = contracts.inverse_pnl if inverse else contracts.linear_pnl
        sizes, prices = zip(*fills, strict=True)
        after = contracts.holding(sizes, prices, inverse=inverse)
        open_pnl = float(pnl(after.size, after.entry, mark)) if after.size else 0.0
        each = pnl(np.array(sizes, dtype=float), np.array(prices), mark)
        scale = float(np.abs(each).sum()) + sum(map(abs, sizes)) * (1 / 50 if inverse else 150)
        assert after.size == sum(sizes)
        assert after.realized + open_pnl == pytest.approx(float(each.sum()), rel=0, abs=1e-11 * scale)

    def test_reducing_keeps_the_entry_and_crossing_zero_takes_the_new_one(self) -> None:
        """Sold in part, the rest cost what it cost; sold through zero, the short was opened at the last price."""
        assert contracts.holding([2, -1], [100.0, 120.0]) == contracts.Holding(1.0, 100.0, 20.0, 0.0)
        assert contracts.holding([2, -3], [100.0, 120.0]) == contracts.Holding(-1.0, 120.0, 40.0, 0.0)
        assert contracts.holding([2, -2], [100.0, 120.0]) == contracts.Holding(0.0, 0.0, 40.0, 0.0)

    def test_fees_are_charged_on_each_fill(self) -> None:
        """Linear fees in dollars, inverse ones in coins; a rebate is a fee below 0."""
        assert contracts.holding([2, -1], [100.0, 120.0], fee=0.001).fees == pytest.approx(0.32, rel=1e-12)
        assert contracts.holding([200, -120], [100.0, 120.0], fee=-0.001, inverse=True).fees == pytest.approx(
            -0.003, rel=1e-12
        )
        assert contracts.holding([2, -1], [100.0, 120.0], fee=0.001).net == pytest.approx(19.68, rel=1e-12)

    def test_every_fill_has_a_price(self) -> None:
        """Two fills and one price are refused, and so is a contract that is neither kind."""
        with pytest.raises(ValueError, match="one entry a fill"):
            contracts.holding([1, 1], [100.0])
        with pytest.raises(ValueError, match="sizes and prices must be of sizes that floats can hold together"):
            contracts.holding([1e-62, 1e187], [1e77, 1e142])  # without a fee, of an infinite cost
        with pytest.raises(ValueError, match="inverse must be True or False"):
            contracts.holding([1], [100.0], inverse="yes")  # type: ignore[arg-type]

    def test_fills_that_no_float_holds_together_are_refused(self) -> None:
        """Their cost is beyond floats, so the realized P&L would be no number."""
        with pytest.raises(ValueError, match="sizes and prices must be of sizes that floats can hold together"):
            contracts.holding([-1.0, -1e293, -1.0], [100.0, 1e291, 101.0])


BLACK = {"forward": (1, POSITIVE), "strike": (1, POSITIVE), "volatility": (1, AT_LEAST_0), "years": (1, AT_LEAST_0)}
MOVE = {"before": (1, POSITIVE), "after": (1, POSITIVE)}

BAD_INPUT = {
    "to_step": case(contracts.to_step, value=(1, ANY), step=(0.1, POSITIVE)),
    "holding": case(
        lambda size, price, fee: contracts.holding([1.0, size], [1.0, price], fee=fee),
        size=(1, {"zero", "negative"}, "(-inf, inf)"),
        price=(1, NOTHING, "(0, inf)"),
        fee=(0.001, {"zero", "negative"}, "(-1, 1)"),
    ),
    "Holding": None,
    "linear_pnl": case(contracts.linear_pnl, size=(1, ANY), entry=(1, POSITIVE), mark=(1, POSITIVE)),
    "linear_notional": case(contracts.linear_notional, size=(1, ANY), mark=(1, POSITIVE)),
    "inverse_pnl": case(contracts.inverse_pnl, size=(1, ANY), entry=(1, POSITIVE), mark=(1, POSITIVE)),
    "inverse_notional": case(contracts.inverse_notional, size=(1, ANY), mark=(1, POSITIVE)),
    "quanto_pnl": case(
        contracts.quanto_pnl, size=(1, ANY), entry=(1, POSITIVE), mark=(1, POSITIVE), settlement=(1, POSITIVE)
    ),
    "quanto_gain": case(
        contracts.quanto_gain,
        correlation=(0.5, ANY, "[-1, 1]"),
        volatility=(1, AT_LEAST_0),
        settlement_volatility=(1, AT_LEAST_0),
        years=(1, AT_LEAST_0),
    ),
    "option_value": case(contracts.option_value, **BLACK, discount=(1, POSITIVE)),
    "option_delta": case(contracts.option_delta, **BLACK),
    "option_vega": case(contracts.option_vega, **BLACK | {"volatility": (1, POSITIVE), "years": (1, POSITIVE)}),
    "Linear.pnl_usd": case(Linear("A").pnl_usd, **MOVE),
    "Inverse.pnl_usd": case(Inverse("A").pnl_usd, **MOVE),
    "Spot.pnl_usd": case(Spot("A").pnl_usd, **MOVE),
    "Cash": case(lambda haircut: Cash("MXN", haircut), haircut=(0.1, {"zero"}, "[0, 1)")),
    "Cash.pnl_usd": case(Cash("MXN").pnl_usd, **MOVE),
    "Option": case(
        lambda strike, years: Option("A", strike, years),
        strike=(1, NOTHING, "(0, inf)"),
        years=(1, {"zero"}, "[0, inf)"),
    ),
    "Option.pnl_usd": case(
        Option("A", 1.0, 1.0).pnl_usd, **MOVE, volatility_before=(1, AT_LEAST_0), volatility_after=(1, AT_LEAST_0)
    ),
    "Contract": None,
}

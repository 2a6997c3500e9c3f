"""Latency: published forms, closed forms, limits, and simulations that know nothing of the formulas."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from cases import AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes.contracts import Linear
from perpnotes.funding import distance, equity_left
from perpnotes.latency import Execution, Regimes, fill_probability, orders_left, stale_quote, switch_latency
from perpnotes.margin import Account, Collateral, Position, Tiers

BP = 1e-4
ORDER = Execution(1.5 * BP, 4.5 * BP, 0.5 * BP, adverse=0.3 * BP, miss=1.5 * BP)
FRACTIONS = st.floats(0, 0.01)


class TestExecution:
    def test_the_check_values(self) -> None:
        """Taken 5.0 bp, attempted 3.38 bp at p = 0.6, break-even at p = 0.28846."""
        assert ORDER.taker == pytest.approx(5.0 * BP, rel=1e-13, abs=0)
        assert ORDER.cost(0.6) == pytest.approx(3.38 * BP, rel=1e-13, abs=0)
        assert ORDER.breakeven == pytest.approx(1.5 / 5.2, rel=1e-13)

    def test_certain_fill_and_certain_miss(self) -> None:
        """At p = 1 it is the filled maker order; at p = 0 the taker order, dearer by the drift while waiting."""
        assert ORDER.cost(1.0) == ORDER.filled
        assert ORDER.cost(0.0) == ORDER.taker + ORDER.miss

    def test_without_a_drift_waiting_is_free(self) -> None:
        """Where a miss costs nothing and a fill saves something, any probability of a fill is enough."""
        assert replace(ORDER, miss=0.0).breakeven == 0.0

    def test_a_fill_that_costs_more_than_taking_is_never_worth_it(self) -> None:
        """Adverse selection above the saving: no fill probability is enough, with or without a drift."""
        toxic = replace(ORDER, adverse=4.1 * BP)
        assert toxic.breakeven == replace(toxic, miss=0.0).breakeven == math.inf
        assert (toxic.cost(np.linspace(0, 1, 11)) > toxic.taker).all()

    @given(maker=st.floats(-0.001, 0.001), taker=FRACTIONS, half=FRACTIONS, adverse=FRACTIONS, miss=FRACTIONS)
    def test_the_break_even_is_where_the_two_cost_the_same(
        self, maker: float, taker: float, half: float, adverse: float, miss: float
    ) -> None:
        """At the break-even the attempt costs what taking costs; above it less, below it more."""
        order = Execution(maker, taker, half, adverse, miss)
        p = order.breakeven
        if math.isinf(p):
            assert order.filled > order.taker
            return
        assert 0 <= p <= 1
        if miss:
            assert order.cost(p) == pytest.approx(order.taker, rel=1e-9, abs=1e-15)
        assert order.cost((p + 1) / 2) <= order.taker + 1e-15  # rounding of fractions of a percent
        assert order.cost(p / 2) >= order.taker - 1e-15

    @given(p=st.floats(0.01, 1))
    def test_the_adverse_limit_is_the_same_equality_solved_for_another_letter(self, p: float) -> None:
        """With adverse selection at its limit, an attempt at this fill probability costs what taking costs."""
        at_limit = replace(ORDER, adverse=float(ORDER.adverse_limit(p)))
        assert at_limit.cost(p) == pytest.approx(ORDER.taker, rel=1e-11, abs=0)

    def test_what_is_shown_is_the_cost(self) -> None:
        """The derivation ends in the number that it explains."""
        assert ORDER.why(0.6).value == ORDER.cost(0.6)
        assert ORDER.why(0.6)["C_T"] == ORDER.taker


class TestFillProbability:
    def test_the_check_value(self) -> None:
        """Fifth in the queue, six departures expected: the regularized gamma function P(5, 6)."""
        assert fill_probability(5, 2.0, 3.0) == pytest.approx(0.7149435, abs=5e-8)

    def test_the_front_of_the_queue_waits_exponentially(self) -> None:
        """Place 1: 1 - exp(-rate * t)."""
        t = np.array([0.0, 0.1, 1.0, 10.0])
        assert fill_probability(1, 0.5, t) == pytest.approx(-np.expm1(-0.5 * t), rel=1e-14, abs=1e-15)

    @pytest.mark.parametrize(("position", "expected"), [(3, 1.5), (20, 24.0), (400, 380.0)])
    def test_it_is_the_integral_of_the_erlang_density(self, position: int, expected: float) -> None:
        """Independent derivation: Gauss-Legendre integration of x^(k-1) e^-x / (k-1)!."""
        nodes, weights = np.polynomial.legendre.leggauss(200)
        x = expected / 2 * (nodes + 1)
        density = np.exp((position - 1) * np.log(x) - x - math.lgamma(position))
        integral = expected / 2 * float(weights @ density)
        assert fill_probability(position, 1.0, expected) == pytest.approx(integral, rel=1e-11)

    def test_it_is_the_share_of_simulated_queues(self) -> None:
        """The sum of four exponential waits of mean half a second, below 2.5 s: within 4 standard errors."""
        waits = np.random.default_rng(4).exponential(0.5, size=(200_000, 4)).sum(axis=1)
        p = float(fill_probability(4, 2.0, 2.5))
        assert (waits <= 2.5).mean() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 200_000))

    def test_limits(self) -> None:
        """No time or no flow: never. So much flow that the exponential underflows: surely."""
        assert fill_probability(3, 0.0, 9.0) == 0.0
        assert fill_probability(3, 9.0, 0.0) == 0.0
        assert fill_probability(5, 1_000.0, 10.0) == 1.0

    @given(position=st.integers(1, 60), rate=st.floats(0, 5), seconds=st.floats(0, 60))
    def test_one_place_back_is_the_next_poisson_count(self, position: int, rate: float, seconds: float) -> None:
        """P(k) - P(k+1) is the probability of exactly k departures, and never negative."""
        ahead, behind = fill_probability([position, position + 1], rate, seconds)
        x = rate * seconds
        exactly = math.exp(position * math.log(x) - x - math.lgamma(position + 1)) if x else 0.0
        assert ahead - behind == pytest.approx(exactly, abs=1e-13)  # sums of up to 60 terms below 1


class TestStaleQuote:
    def test_the_check_values(self) -> None:
        """60% volatility, half-spread 0.5 bp: 0.0207, 0.4442, 2.2253 and 6.115 bp at 0.1, 1, 10 and 60 seconds."""
        actual = stale_quote(0.5 * BP, 0.6, [0.01, 0.1, 1.0, 10.0, 60.0]) / BP
        assert actual.tolist() == pytest.approx([0.0, 0.0207, 0.4442, 2.2253, 6.115], abs=5e-4)
        assert 0.6 / math.sqrt(365 * 86_400) / BP == pytest.approx(1.0684, abs=5e-5)

    def test_without_a_spread_it_is_the_mean_absolute_move(self) -> None:
        """At h = 0: sigma sqrt(t) sqrt(2/pi)."""
        expected = 0.6 * math.sqrt(3.0 / (365 * 86_400) * 2 / math.pi)
        assert stale_quote(0.0, 0.6, 3.0) == pytest.approx(expected, rel=1e-13, abs=0)

    @pytest.mark.parametrize("deviations", [0.3, 2.0, 6.0])
    def test_it_is_the_integral_over_the_moves_beyond_the_quote(self, deviations: float) -> None:
        """Independent derivation: Gauss-Legendre integration of 2 (x - h) times the normal density from h on."""
        sd = 0.6 * math.sqrt(1.0 / (365 * 86_400))
        nodes, weights = np.polynomial.legendre.leggauss(80)
        x = deviations + 5 * (nodes + 1)  # ten standard deviations: the rest is below 1e-20 of it
        density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        expected = sd * 2 * 5 * float(weights @ ((x - deviations) * density))
        actual = stale_quote(deviations * sd, 0.6, 1.0)
        assert actual == pytest.approx(expected, rel=1e-9, abs=0)  # cancellation far out of the money

    def test_nothing_moves_nothing_is_lost(self) -> None:
        """No volatility or no delay: 0, also for a quote at the mid price."""
        assert stale_quote([0.0, 0.001], [[0.0], [0.6]], 0.0).tolist() == [[0.0, 0.0], [0.0, 0.0]]
        assert stale_quote(0.0, 0.0, 5.0) == 0.0

    def test_a_sniper_who_takes_whenever_it_pays_earns_it(self) -> None:
        """Simulation: the mean of max(|move| - h, 0), and of max(move - h, 0) over moves toward one order."""
        sd, h = 0.6 * math.sqrt(10.0 / (365 * 86_400)), 0.5 * BP
        moves = np.random.default_rng(11).normal(0.0, sd, 1_000_000)
        taken = np.maximum(np.abs(moves) - h, 0.0)
        actual = float(stale_quote(h, 0.6, 10.0))
        assert taken.mean() == pytest.approx(actual, abs=4 * taken.std() / 1_000)
        toward = moves[moves > 0]
        assert np.maximum(toward - h, 0.0).mean() == pytest.approx(actual, abs=4 * taken.std() / math.sqrt(len(toward)))

    @given(h=st.floats(0, 0.01), sigma=st.floats(0.01, 3), t=st.floats(0, 600), factor=st.floats(1, 3))
    def test_it_rises_with_time_and_falls_with_the_spread(
        self, h: float, sigma: float, t: float, factor: float
    ) -> None:
        """A longer delay is a longer option; a wider quote is further out of the money; never below 0."""
        loss = stale_quote(h, sigma, t)
        assert 0.0 <= loss <= stale_quote(h, sigma, t * factor) * (1 + 1e-9) + 1e-18
        assert loss >= stale_quote(h * factor, sigma, t) * (1 - 1e-9) - 1e-18


class TestSwitch:
    @given(p=st.floats(0.35, 1), sigma=st.floats(0.05, 3), half=st.floats(0, 0.001), adverse=st.floats(0, 0.00005))
    def test_at_the_switch_the_two_cost_the_same(self, p: float, sigma: float, half: float, adverse: float) -> None:
        """With the option's value at that latency added to the adverse selection, making costs what taking costs."""
        order = replace(ORDER, half_spread=half, adverse=adverse)
        seconds = switch_latency(order, p, sigma)
        late = replace(order, adverse=adverse + float(stale_quote(half, sigma, seconds)))
        if order.cost(p) >= order.taker:
            assert seconds == 0.0
        else:
            assert late.cost(p) == pytest.approx(order.taker, rel=1e-9, abs=0)

    def test_double_the_volatility_takes_a_quarter_of_the_time(self) -> None:
        """Only sigma^2 t matters."""
        assert switch_latency(ORDER, 0.6, 1.2) == pytest.approx(switch_latency(ORDER, 0.6, 0.6) / 4, rel=1e-12)

    def test_the_whole_edge_is_gone_between_ten_seconds_and_a_minute(self) -> None:
        """A sure fill without other adverse selection: the fee gap and the spread, 4 bp, at 60% volatility."""
        assert 10 < switch_latency(replace(ORDER, adverse=0.0), 1.0, 0.6) < 60

    def test_a_taker_order_that_is_cheaper_at_once(self) -> None:
        """Below the break-even probability there is nothing left for latency to take."""
        assert switch_latency(ORDER, ORDER.breakeven * 0.99, 0.6) == 0.0

    def test_it_needs_an_order(self) -> None:
        """The costs of one, not one of its costs."""
        with pytest.raises(ValueError, match="order must be an Execution"):
            switch_latency(ORDER.taker, 0.6, 0.6)  # type: ignore[arg-type]


class TestRegimes:
    @pytest.mark.parametrize("hours", [0.01, 0.5, 7.0])
    def test_it_is_the_sum_over_every_path(self, hours: float) -> None:
        """Independent derivation: all 2^8 sequences of weather, each with the matrix exponential's probabilities."""
        regimes = Regimes(9.0, 1.5)
        generator = np.array([[-1 / 9.0, 1 / 9.0], [1 / 1.5, -1 / 1.5]])
        # two states: the eigenvalues are real, in whatever type numpy gives them
        values, vectors = (part.real for part in np.linalg.eig(generator))
        step = (vectors * np.exp(values * hours)) @ np.linalg.inv(vectors)
        start = [1 - regimes.share, regimes.share]
        expected = np.zeros(9)
        for path in itertools.product((0, 1), repeat=8):
            moves = [step[a, b] for a, b in itertools.pairwise(path)]
            expected[sum(path)] += start[path[0]] * math.prod(moves)
        assert regimes.spiked_orders(8, hours).tolist() == pytest.approx(expected.tolist(), rel=1e-11, abs=1e-16)

    @given(calm=st.floats(0.1, 200), spike=st.floats(0.01, 20), hours=st.floats(0.001, 100), orders=st.integers(1, 80))
    def test_the_mean_does_not_depend_on_the_spacing(
        self, calm: float, spike: float, hours: float, orders: int
    ) -> None:
        """It is a distribution, and its mean is orders * share."""
        regimes = Regimes(calm, spike)
        law = regimes.spiked_orders(orders, hours)
        assert law.sum() == pytest.approx(1.0, rel=1e-11)
        assert law @ np.arange(orders + 1) == pytest.approx(orders * regimes.share, rel=1e-9)

    def test_far_apart_is_binomial_and_close_together_is_one_draw(self) -> None:
        """Independent weather at one end; the same weather for all at the other."""
        regimes = Regimes(3.0, 1.0)
        binomial = [math.comb(6, j) * 0.25**j * 0.75 ** (6 - j) for j in range(7)]
        assert regimes.spiked_orders(6, 1e6).tolist() == pytest.approx(binomial, rel=1e-12)
        together = regimes.spiked_orders(6, 1e-9)
        assert (together[0], together[6]) == pytest.approx((0.75, 0.25), rel=1e-7)

    def test_the_variance_has_the_closed_form(self) -> None:
        """It is share (1 - share) (n + 2 sum_k (n - k) memory^k): an autocorrelation that decays with the gap."""
        regimes, n, hours = Regimes(19.0, 1.0), 200, 0.25
        law, counts = regimes.spiked_orders(n, hours), np.arange(n + 1)
        memory = math.exp(-hours * (1 / 19.0 + 1))
        k = np.arange(1, n)
        expected = 0.05 * 0.95 * (n + 2 * float(((n - k) * memory**k).sum()))
        assert law @ counts**2 - (law @ counts) ** 2 == pytest.approx(expected, rel=1e-9)


class TestOrdersLeft:
    def test_the_check_values(self) -> None:
        """At 10x and m = 0.5%: 316.67 round trips at 1.5 bp, 105.56 at 4.5 bp; 50 of them leave .8605 and .6363."""
        fees = np.array([1.5, 4.5]) * BP
        assert orders_left(10.0, 0.005, fees) / 2 == pytest.approx([316.67, 105.56], abs=0.005)
        assert equity_left(10.0, 2 * fees, 50, hold="leverage") == pytest.approx([0.8605, 0.6363], abs=5e-5)

    def test_the_account_that_paid_for_them_is_at_its_end(self) -> None:
        """Independent route: an isolated account whose collateral has shrunk by the orders stands at maintenance."""
        position = Position(Linear("BTC"), 1.0, 60_000.0, 60_000.0, Tiers.flat(0.005))
        paid = 60_000.0 * 4.5 * BP * float(orders_left(10.0, 0.005, 4.5 * BP))
        assert Account([position], [Collateral(6_000.0 - paid)]).assess().buffer == pytest.approx(0.0, abs=1e-9)

    @given(leverage=st.floats(1, 100), cost=st.floats(1e-6, 0.01))
    def test_after_that_many_orders_nothing_is_left(self, leverage: float, cost: float) -> None:
        """It is where the distance reaches 0, for a long and for a short."""
        n = orders_left(leverage, 0.005, cost)
        assert distance(leverage, 0.005, n * cost, side=[1, -1]) == pytest.approx([0, 0], abs=1e-15)
        assert (distance(leverage, 0.005, 0.5 * n * cost) > 0) == (n > 0)

    def test_a_position_beyond_its_leverage_has_no_orders_left(self) -> None:
        """Margin at or below maintenance: 0 orders, distance 0."""
        assert orders_left(400.0, 0.005, BP) == distance(400.0, 0.005) == 0.0


BAD_INPUT = {
    "Execution": case(
        Execution,
        maker_fee=(0.0001, {"zero", "negative"}),
        taker_fee=(0.0005, {"zero", "negative"}),
        half_spread=(0.0001, {"zero"}, "[0, inf)"),
        adverse=(0.0, {"zero", "negative"}),
        miss=(0.0001, {"zero"}, "[0, inf)"),
        impact=(0.0, {"zero"}, "[0, inf)"),
    ),
    "Execution.cost": case(ORDER.cost, fill=(0.5, AT_LEAST_0, "[0, 1]")),
    "Execution.adverse_limit": case(ORDER.adverse_limit, fill=(0.5, POSITIVE, "(0, 1]")),
    "Execution.why": case(lambda fill: ORDER.why(fill).value, fill=(0.5, {"zero"}, "[0, 1]")),
    "fill_probability": case(
        fill_probability, position=(3, NOTHING, "1..100000"), departures=(1.0, AT_LEAST_0), seconds=(1.0, AT_LEAST_0)
    ),
    "stale_quote": case(
        stale_quote, half_spread=(0.0001, AT_LEAST_0), volatility=(0.6, AT_LEAST_0), seconds=(1.0, AT_LEAST_0)
    ),
    "switch_latency": case(
        lambda fill, volatility: switch_latency(ORDER, fill, volatility),
        fill=(0.6, NOTHING, "(0, 1]"),
        volatility=(0.6, NOTHING, "(0, inf)"),
    ),
    "Regimes": case(Regimes, calm_hours=(9.0, NOTHING, "(0, inf)"), spike_hours=(1.0, NOTHING, "(0, inf)")),
    "Regimes.spiked_orders": case(
        Regimes(9.0, 1.0).spiked_orders, orders=(3, NOTHING, "1..10000"), hours_between=(1.0, NOTHING, "(0, inf)")
    ),
    "orders_left": case(
        orders_left, leverage=(10.0, POSITIVE), maintenance=(0.005, AT_LEAST_0, "[0, 1)"), cost=(0.0001, POSITIVE)
    ),
}

"""Latency: published forms, closed forms, limits, and simulations that know nothing of the formulas."""

import itertools
import math
from dataclasses import fields, replace

import numpy as np
import pytest
from cases import AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes.contracts import Linear
from perpnotes.feeds import Quote, Trade
from perpnotes.funding import distance, equity_left
from perpnotes.latency import Attempt, Market, Placed, Regimes, attempt, fill_probability, orders_left, placed
from perpnotes.margin import Account, Collateral, Position, Tiers

BP = 1e-4
MARKET = Market(0.9 * BP, 0.4, 0.01 * BP, place=50, leaving=18.0)


class TestAttempt:
    @pytest.mark.parametrize("late", [0.0, 0.7, 6.0])
    @pytest.mark.parametrize("market", [MARKET, replace(MARKET, place=3, leaving=1.5, moves=0.1, joining=1.0)])
    def test_it_is_the_share_and_the_mean_cost_of_simulated_orders(self, market: Market, late: float) -> None:
        """Simulation: each order walks alone, and pays its own price; within 4 standard errors.

        Nothing in it knows what a fill saves or a sweep loses, or that the price has no drift.
        """
        maker, taker, patience = 1.5 * BP, 4.5 * BP, 8.0
        rng, n = np.random.default_rng(5), 20_000
        pace = 2 * market.moves + market.leaving
        rounds = int(pace * patience + 8 * math.sqrt(pace * patience)) + 20
        moments = rng.exponential(1 / pace, (n, rounds)).cumsum(axis=1)
        kinds = rng.choice(3, (n, rounds), p=[market.moves / pace, market.moves / pace, market.leaving / pace])
        place, above = np.full(n, math.ceil(market.place + market.joining * late)), np.zeros(n, dtype=int)
        ends = np.full(n, "resting")
        for now, kind in zip(moments.T, kinds.T, strict=True):
            open_ = ends == "resting"
            ends[open_ & (now > late) & (above < 0)] = "crossed"  # it met the opposite quote when it arrived
            ends[(ends == "resting") & (now > patience)] = "missed"
            going = ends == "resting"
            above += going * np.array([1, -1, 0])[kind]
            rests = going & (now > late)
            ends[rests & (above < 0)] = "swept"
            place -= rests & (kind == 2) & (above == 0)
            ends[rests & (place == 0)] = "queued"
        filled = (ends == "queued") | (ends == "swept")
        costs = np.where(filled, maker - market.half_spread, taker + market.half_spread + above * market.step)
        order = attempt(market, late, patience)
        for name in ("crossed", "queued", "swept", "missed"):
            p = getattr(order, name)
            assert (ends == name).mean() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / n) + 1e-12)
        assert costs.mean() == pytest.approx(order.cost(maker, taker), abs=4 * float(costs.std()) / math.sqrt(n))

    @given(
        moves=st.floats(0, 2),
        leaving=st.floats(0, 5),
        place=st.integers(1, 8),
        late=st.floats(0, 5),
        more=st.floats(0, 5),
    )
    def test_the_four_add_up_and_latency_only_takes(
        self, moves: float, leaving: float, place: int, late: float, more: float
    ) -> None:
        """Probabilities; and while a step costs less than a fill saves, no attempt costs more than taking."""
        market = Market(1.0 * BP, moves, 0.2 * BP, place, leaving)
        early, order = (attempt(market, seconds, 10.0) for seconds in (late, late + more))
        assert order.crossed + order.queued + order.swept + order.missed == pytest.approx(1.0, abs=1e-11)
        assert order.filled <= early.filled + 1e-11
        assert order.cost(1.5 * BP, 4.5 * BP) <= order.taker(4.5 * BP) + 1e-15
        assert early.cost(1.5 * BP, 4.5 * BP) <= order.cost(1.5 * BP, 4.5 * BP) + 1e-14

    def test_a_price_that_stands_still_leaves_the_queue_alone(self) -> None:
        """Without moves: the Erlang law of the queue, for the time that is left."""
        order = attempt(Market(BP, 0.0, 0.0, 5, 2.0), 1.0, 4.0)
        assert order.queued == pytest.approx(fill_probability(5, 2.0, 3.0), abs=1e-12)
        assert (order.crossed, order.swept) == (0.0, 0.0)

    def test_a_queue_that_stands_still_leaves_the_price_alone(self) -> None:
        """Without departures, at once: the first passage of a random walk, from Bessel's recurrence for its maximum."""
        order = attempt(Market(BP, 0.5, 0.0, 1, 0.0), 0.0, 6.0)
        # P(S_t >= 1) + P(S_t > 1), by reflection of a walk with steps of one
        rng = np.random.default_rng(2)
        walks = rng.poisson(3.0, 400_000) - rng.poisson(3.0, 400_000)
        reflected = (walks >= 1).mean() + (walks > 1).mean()
        assert order.swept == pytest.approx(reflected, abs=4 * math.sqrt(2 / 400_000))
        assert order.queued == 0.0

    def test_an_order_without_time_to_rest_is_a_taker(self) -> None:
        """Latency of the whole patience: no fill, and exactly the cost of a taker order."""
        order = attempt(MARKET, 10.0, 10.0)
        assert order.filled == 0.0
        assert order.cost(1.5 * BP, 4.5 * BP) == order.taker(4.5 * BP)
        assert order.limit(1.5 * BP, 4.5 * BP) == math.inf

    def test_at_the_limit_the_two_cost_the_same(self) -> None:
        """A step of that length takes back what the fills save; a longer one makes the attempt the more expensive."""
        order = attempt(MARKET, 0.5, 10.0)
        limit = order.limit(1.5 * BP, 4.5 * BP)
        at_limit = replace(order, step=limit)
        assert at_limit.cost(1.5 * BP, 4.5 * BP) == pytest.approx(order.taker(4.5 * BP), rel=1e-12)
        assert at_limit.adverse == pytest.approx(3.0 * BP + 2 * order.half_spread, rel=1e-12)
        assert replace(order, step=2 * limit).cost(1.5 * BP, 4.5 * BP) > order.taker(4.5 * BP)

    def test_the_volatility_is_that_of_the_steps(self) -> None:
        """A variance of step^2 for each move in either direction."""
        seconds = 365 * 86_400
        assert MARKET.volatility**2 == pytest.approx(MARKET.step**2 * 2 * MARKET.moves * seconds, rel=1e-12)

    def test_what_is_shown_is_the_cost(self) -> None:
        """The derivation ends in the number that it explains."""
        order = attempt(MARKET, 0.5, 10.0)
        assert order.why(1.5 * BP, 4.5 * BP).value == order.cost(1.5 * BP, 4.5 * BP)
        assert order.why(1.5 * BP, 4.5 * BP)["C_T"] == order.taker(4.5 * BP)

    def test_it_refuses_what_is_no_order_and_what_takes_too_long(self) -> None:
        """Probabilities that do not add up, a step within the spread, a chain of millions of events, a far place."""
        with pytest.raises(ValueError, match="add up to 1"):
            Attempt(0.5, 0.5, 0.5, 0.5, BP, 0.0)
        with pytest.raises(ValueError, match="step must be >= 2"):
            replace(MARKET, half_spread=BP)
        with pytest.raises(ValueError, match="at most 20,000"):
            attempt(replace(MARKET, moves=1_000.0), 0.0, 3_600.0)
        with pytest.raises(ValueError, match="place of at most"):
            attempt(replace(MARKET, joining=1_000.0), 2.0, 3.0)


def tape(*events: Quote | Trade) -> list[Quote | Trade]:
    """A market that begins at 99 to 101, one coin a side, and lasts twenty seconds."""
    first = Quote(99.0, 1.0, 101.0, 1.0, received=0.0)
    end = (
        [each for each in events if isinstance(each, Quote)][-1] if any(isinstance(e, Quote) for e in events) else first
    )
    return [first, *events, replace(end, received=20.0)]


def only(messages: list[Quote | Trade], latency: float = 0.5, side: int = 1) -> Placed:
    """The order of the first moment."""
    return placed(messages, latency, 5.0, side=side, every=100.0)


class TestPlaced:
    def test_an_order_behind_one_coin_waits_for_more_than_one(self) -> None:
        """Trades of exactly what stood ahead do not reach it; a little more does, at its own price."""
        exactly = only(tape(Trade(99.0, -1.0, received=1.0)))
        assert exactly.missed.all()
        assert exactly.paid.tolist() == [0.01]
        more = only(tape(Trade(99.0, -1.0, received=1.0), Trade(99.0, -0.1, received=2.0)))
        assert more.queued.all()
        assert more.paid.tolist() == [-0.01]

    def test_trades_before_it_arrives_do_not_count_and_buyers_never_do(self) -> None:
        assert only(tape(Trade(99.0, -9.0, received=0.4), Trade(99.0, 9.0, received=1.0))).missed.all()

    def test_a_price_that_passes_fills_whatever_the_queue(self) -> None:
        """By a trade below it, or by the opposite quote at it; the mid price is then beyond it."""
        below = Quote(96.0, 1.0, 98.0, 1.0, received=1.02)
        swept = only(tape(Trade(98.0, -0.1, received=1.0), below))
        assert swept.swept.all()
        assert swept.lost.tolist() == [0.02]
        assert only(tape(replace(below, ask=99.0))).swept.all()

    def test_it_crosses_what_has_come_to_it(self) -> None:
        """At the price that it meets, which can be better than its own."""
        fell = only(tape(Quote(96.0, 1.0, 98.0, 1.0, received=0.2)))
        assert fell.crossed.all()
        assert fell.paid.tolist() == [-0.02]

    def test_a_better_price_has_no_queue_and_one_that_was_left_has_the_old_one(self) -> None:
        alone = tape(Quote(98.0, 5.0, 101.0, 1.0, received=0.2), Trade(99.0, -0.1, received=1.0))
        assert only(alone).filled.all()
        left = tape(Quote(100.0, 5.0, 101.0, 1.0, received=0.2), Trade(99.0, -1.1, received=1.0))
        assert only(left).filled.all()
        fewer = tape(Quote(100.0, 5.0, 101.0, 1.0, received=0.2), Trade(99.0, -0.9, received=1.0))
        assert only(fewer).missed.all()

    def test_an_ask_is_a_bid_in_the_mirror(self) -> None:
        """Prices about 100 turned over: the same fate, the same price and the same loss."""
        bids = tape(Trade(98.0, -0.1, received=1.0), Quote(96.0, 1.0, 98.0, 1.0, received=1.02))
        asks = tape(Trade(102.0, 0.1, received=1.0), Quote(102.0, 1.0, 104.0, 1.0, received=1.02))
        assert only(bids) == only(asks, side=-1)

    def test_orders_in_a_row_are_answered_each_as_if_alone(self) -> None:
        """Independent route: the tape cut off before each decision, after the quote that stands then."""
        events = (
            Trade(99.0, -0.6, received=1.3),
            Trade(99.0, -0.6, received=2.6),
            Quote(98.0, 2.0, 100.0, 1.0, received=4.1),
            Trade(98.0, -1.5, received=6.2),
            Quote(97.0, 1.0, 98.0, 1.0, received=8.4),
            Quote(99.0, 1.0, 101.0, 1.0, received=8.7),
            Quote(97.0, 1.0, 98.0, 1.0, received=15.1),
        )
        row = placed(tape(*events), 0.5, 5.0, every=0.25)
        assert all(fate.any() for fate in (row.crossed, row.queued, row.swept, row.missed))
        for k in range(row.paid.size):
            past = [each for each in tape(*events) if each.received <= 0.25 * k]
            stands = next(each for each in reversed(past) if isinstance(each, Quote))
            order = only([replace(stands, received=0.25 * k), *tape(*events)[len(past) :]])
            for field in fields(Placed):
                assert getattr(order, field.name)[0] == getattr(row, field.name)[k]

    def test_costs_are_the_price_and_the_fee_of_the_kind_of_fill(self) -> None:
        filled, missed = only(tape(Trade(99.0, -2.0, received=1.0))), only(tape())
        assert filled.cost(1 * BP, 5 * BP) == pytest.approx([-0.01 + 1 * BP])
        assert missed.cost(1 * BP, 5 * BP) == pytest.approx([0.01 + 5 * BP])

    def test_a_recording_must_last(self) -> None:
        """Longer than an order waits, with quotes in it, in the order of their receipt."""
        for messages in (tape()[:1], [Trade(99.0, 1.0, received=1.0)], tape()[::-1]):
            with pytest.raises(ValueError, match="messages must hold quotes"):
                placed(messages, 0.5, 5.0)
        with pytest.raises(ValueError, match="100,000"):
            placed(tape(), 0.5, 5.0, every=1e-9)


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
    "Market": case(
        Market,
        step=(0.0001, NOTHING, "[~0.00002, inf)"),
        moves=(1.0, {"zero"}, "[0, 1000]"),
        half_spread=(0.00001, {"zero"}, "[0, ~0.00005]"),
        place=(3, NOTHING, "1..1000"),
        leaving=(1.0, {"zero"}, "[0, 1000]"),
        joining=(1.0, {"zero"}, "[0, 1000]"),
    ),
    "Attempt": case(
        Attempt,
        crossed=(0.25, NOTHING, ""),
        queued=(0.25, NOTHING, ""),
        swept=(0.25, NOTHING, ""),
        missed=(0.25, NOTHING, ""),
        step=(0.0001, {"zero"}, "[0, inf)"),
        half_spread=(0.0001, {"zero"}, "[0, inf)"),
    ),
    "Attempt.taker": case(attempt(MARKET, 0.5, 5.0).taker, taker_fee=(0.0005, {"zero", "negative"})),
    "Attempt.cost": case(
        attempt(MARKET, 0.5, 5.0).cost,
        maker_fee=(0.0001, {"zero", "negative"}),
        taker_fee=(0.0005, {"zero", "negative"}),
    ),
    "Attempt.limit": case(
        attempt(MARKET, 0.5, 5.0).limit,
        maker_fee=(0.0001, {"zero", "negative"}),
        taker_fee=(0.0005, {"zero", "negative"}),
    ),
    "Attempt.why": case(
        lambda maker_fee, taker_fee: attempt(MARKET, 0.5, 5.0).why(maker_fee, taker_fee).value,
        maker_fee=(0.0001, {"zero", "negative"}),
        taker_fee=(0.0005, {"zero", "negative"}),
    ),
    "attempt": case(
        lambda latency, patience: attempt(MARKET, latency, patience),
        latency=(0.5, {"zero"}, "[0, 2]"),
        patience=(2.0, NOTHING, "[0.5, ~1064.30851064]"),
    ),
    "placed": case(
        lambda latency, patience, side, every, settle: placed(
            tape(), latency, patience, side=side, every=every, settle=settle
        ),
        latency=(0.5, {"zero"}, "[0, 5]"),
        patience=(5.0, NOTHING, "[0.5, ~19.9)"),
        side=(1, NOTHING, "{-1, 1}"),
        every=(1.0, NOTHING, "[~0.000149, inf)"),
        settle=(0.1, {"zero"}, "[0, ~15)"),
    ),
    "Placed.cost": case(
        only(tape()).cost, maker_fee=(0.0001, {"zero", "negative"}), taker_fee=(0.0005, {"zero", "negative"})
    ),
    "fill_probability": case(
        fill_probability, position=(3, NOTHING, "1..100000"), departures=(1.0, AT_LEAST_0), seconds=(1.0, AT_LEAST_0)
    ),
    "Regimes": case(Regimes, calm_hours=(9.0, NOTHING, "(0, inf)"), spike_hours=(1.0, NOTHING, "(0, inf)")),
    "Regimes.spiked_orders": case(
        Regimes(9.0, 1.0).spiked_orders, orders=(3, NOTHING, "1..10000"), hours_between=(1.0, NOTHING, "(0, inf)")
    ),
    "orders_left": case(
        orders_left, leverage=(10.0, POSITIVE), maintenance=(0.005, AT_LEAST_0, "[0, 1)"), cost=(0.0001, POSITIVE)
    ),
}

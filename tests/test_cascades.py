"""Cascades: the exact end against the definition in a loop, the graph against its rounds."""

import math
from itertools import permutations

import numpy as np
import pytest
from cases import AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import assume, given
from hypothesis import strategies as st

from perpnotes import cascades
from perpnotes.cascades import Book, cascade, linear_impact

FALLING = Book([100.0, 99.0, 97.0], [2.0, 3.0, 5.0])


def coins(count: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(0.1, 3), min_size=count, max_size=count)


class TestImpact:
    def test_a_walked_book_pays_each_level_its_price(self) -> None:
        """Four coins: two at 100, two at 99."""
        assert FALLING.fill([2.0, 4.0, 10.0]).tolist() == [100.0, 99.5, (200 + 297 + 485) / 10]
        assert FALLING.impact([0.0, 2.0, 2.1, 5.0, 10.0, 10.1]).tolist() == [0, 0, 1, 1, 3, math.inf]
        assert FALLING.depth([0.0, 0.9, 1.0, 50.0]).tolist() == [2, 2, 5, 10]

    def test_asks_are_walked_upward(self) -> None:
        """The same book, mirrored: a purchase pays more, and moves the price as far."""
        asks = Book([100.0, 101.0, 103.0], [2.0, 3.0, 5.0])
        assert asks.fill(4.0) == 100.5
        assert asks.impact(4.0) == FALLING.impact(4.0)

    def test_an_even_book_walked_is_the_linear_impact(self) -> None:
        """In the limit of fine levels, and the average is half of the way."""
        fine = Book(100.0 - 0.001 * np.arange(20_000), np.full(20_000, 0.005))  # 5 coins per USD
        assert fine.impact(40.0) == pytest.approx(linear_impact(40.0, 5.0), abs=0.002)  # two levels
        assert fine.fill(40.0) == pytest.approx(100 - linear_impact(40.0, 5.0) / 2, abs=0.002)

    @given(share=st.floats(0, 0.999), total=st.floats(1, 1e6), scale=st.floats(0.01, 1e4))
    def test_the_exponential_book_is_its_own_inverse(self, share: float, total: float, scale: float) -> None:
        """Depth within the impact of a quantity is that quantity."""
        distance = cascades.exponential_impact(share * total, total, scale)
        # The condition of the logarithm near the end of the book is 1/(1 - share).
        assert cascades.exponential_depth(distance, total, scale) == pytest.approx(share * total, rel=1e-9, abs=1e-9)

    def test_the_exponential_book_is_even_at_first_and_ends(self) -> None:
        """Slope `λ / D_0` at zero, and no price for the last coin."""
        assert cascades.exponential_impact(1e-6, 100.0, 50.0) == pytest.approx(1e-6 * 50 / 100, rel=1e-6)
        assert cascades.exponential_impact([100.0, 200.0], 100.0, 50.0).tolist() == [math.inf, math.inf]
        assert cascades.exponential_impact(0.0, 100.0, 50.0) == 0.0

    def test_the_square_root_law(self) -> None:
        """One percent of the daily volume at 3% volatility moves 30 bp; four times the size, twice the move."""
        assert cascades.square_root_impact(1.0, 100.0, 0.03) == pytest.approx(0.003, rel=1e-12)
        one, four = cascades.square_root_impact([1.0, 4.0], 100.0, 0.03)
        assert four == pytest.approx(2 * one, rel=1e-12)

    def test_levels_out_of_order_are_no_book(self) -> None:
        for prices in ([100.0, 101.0, 99.0], [100.0, 100.0, 99.0]):
            with pytest.raises(ValueError, match="prices must be strictly falling or strictly rising"):
                Book(prices, [1.0, 1.0, 1.0])
        with pytest.raises(ValueError, match=r"sizes must have one entry per price, 2, got 1"):
            Book([2.0, 1.0], [1.0])


def kleene(price: float, shock: float, levels: np.ndarray, sizes: np.ndarray, impact: cascades.Impact) -> np.ndarray:
    """The definition, from below: who is under water at the price that the ones before have left."""
    gone = np.zeros(len(levels), dtype=bool)
    while True:
        now = levels >= price - shock - impact(np.array([sizes[gone].sum()]))[0]
        if (now == gone).all():
            return gone
        gone = now


class TestCascade:
    @given(
        levels=st.lists(st.integers(0, 100), min_size=1, max_size=12),
        shock=st.integers(0, 60),
        slope=st.integers(0, 8),
        data=st.data(),
    )
    def test_it_is_the_least_fixed_point(self, levels: list[int], shock: int, slope: int, data: st.DataObject) -> None:
        """Iterating the definition from nobody upward ends at the same accounts; whole numbers, so exactly."""
        sizes = np.array(data.draw(st.lists(st.integers(0, 5), min_size=len(levels), max_size=len(levels))), float)
        level = np.array(levels, float)

        def impact(q: np.ndarray) -> np.ndarray:
            return slope * q

        found = cascade(100.0, float(shock), level, sizes, impact)
        gone = kleene(100.0, float(shock), level, sizes, impact)
        assert found.accounts.item() == gone.sum()
        assert found.coins.item() == sizes[gone].sum()
        assert found.direct.item() == (level >= 100 - shock).sum()

    def test_all_shocks_at_once_are_each_alone(self) -> None:
        """On a walked book that runs out, too."""
        rng = np.random.default_rng(3)
        levels, sizes = rng.integers(50, 100, 400).astype(float), rng.integers(1, 5, 400).astype(float)
        book = Book(100.0 - np.arange(60.0), np.full(60, 15.0))
        shocks = np.arange(0.0, 60.0)
        together = cascade(100.0, shocks, levels, sizes, book.impact)
        for index, shock in enumerate(shocks):
            gone = kleene(100.0, shock, levels, sizes, book.impact)
            assert together.accounts[index] == gone.sum()
            assert together.coins[index] == sizes[gone].sum()
        assert math.isinf(together.impact[-1])
        assert together.end[-1] == 0.0

    def test_an_even_crowd_multiplies_the_shock(self) -> None:
        """`d / (1 - n)`: at a branching ratio of 0.6 the fall is 2.5 times the shock."""
        levels = 100.0 - 0.001 * np.arange(1, 40_001)  # a thousand accounts a dollar
        sizes = np.full(40_000, 0.06)  # 60 coins a dollar, and a book of 100
        found = cascade(100.0, [1.0, 2.0, 5.0], levels, sizes, lambda q: linear_impact(q, 100.0))
        assert cascades.branching_ratio(60.0, 100.0) == 0.6
        # Accounts come in steps: of 0.001 USD in price, multiplied by at most 2.5.
        assert (found.shocks + found.impact) == pytest.approx(2.5 * found.shocks, abs=0.005)
        assert found.amplification == pytest.approx([2.5] * 3, abs=0.005)

    def test_at_a_branching_ratio_of_one_only_the_end_of_the_crowd_stops_it(self) -> None:
        levels = 100.0 - 0.01 * np.arange(1, 2_001)  # down to 80
        found = cascade(100.0, 1.0, levels, np.full(2_000, 1.0), lambda q: linear_impact(q, 99.0))
        assert found.accounts.item() == 2_000
        assert found.end.item() == pytest.approx(100 - 1 - 2_000 / 99, rel=1e-12)

    def test_the_order_of_the_accounts_does_not_matter(self) -> None:
        levels, sizes = [95.0, 94.0, 90.0], [1.0, 2.0, 3.0]
        ends = {
            cascade(
                100.0, 5.0, [levels[i] for i in order], [sizes[i] for i in order], lambda q: linear_impact(q, 1.0)
            ).end.item()
            for order in permutations(range(3))
        }
        assert ends == {92.0}  # three coins; the last account is out of reach

    def test_no_shock_and_nobody_at_the_price_is_no_cascade(self) -> None:
        found = cascade(100.0, 0.0, [90.0], [1.0], lambda q: q)
        assert (found.accounts.item(), found.end.item(), found.amplification.item()) == (0, 100.0, 1.0)

    def test_an_impact_that_is_none_is_refused(self) -> None:
        falling = np.array([0.0, 2.0, 1.0])
        for impact in (lambda q: q + 1, lambda q: -q, lambda _: np.array([0.0]), lambda _: falling):
            with pytest.raises(ValueError, match="impact must be 0 at 0 and not fall"):
                cascade(100.0, 1.0, [99.0, 98.0], [1.0, 1.0], impact)
        with pytest.raises(ValueError, match=r"impact must be a function of coins, such as Book.impact, got a Book"):
            cascade(100.0, 1.0, [99.0], [1.0], FALLING)  # type: ignore[arg-type]

    def test_the_derivation_adds_up(self) -> None:
        found = cascade(100.0, [0.0, 5.0], [95.0, 94.0], [1.0, 1.0], lambda q: linear_impact(q, 1.0))
        terms = {term.symbol: term.value for term in found.why(1).terms}
        assert terms["p_0"] - terms["d"] - terms["I"] == terms["p"] == 93.0
        with pytest.raises(ValueError, match="index must be <= 1"):
            found.why(2)


class TestRunningRatio:
    @given(
        levels=st.lists(st.floats(40, 100), min_size=1, max_size=12),
        shock=st.floats(0, 30),
        steps=st.lists(st.floats(0.1, 3), min_size=4, max_size=12),
        data=st.data(),
    )
    def test_a_cascade_ends_where_the_book_outweighs_the_crowd(
        self, levels: list[float], shock: float, steps: list[float], data: st.DataObject
    ) -> None:
        """At the end the ratio is at most 1, and on the way there it is above 1."""
        sizes = data.draw(st.lists(st.floats(0.1, 3), min_size=len(levels), max_size=len(levels)))
        bids = Book(100.0 - np.cumsum([0.0, *steps]), data.draw(coins(len(steps) + 1)))
        fall = float(cascade(100.0, shock, levels, sizes, bids.impact).impact[0])
        on_the_way = np.abs(bids.prices - 100.0)
        found = cascades.running_ratio(100.0, shock, levels, sizes, bids.depth, on_the_way)
        assert (found[on_the_way < fall] > 1).all()
        assert math.isinf(fall) or cascades.running_ratio(100.0, shock, levels, sizes, bids.depth, [fall])[0] <= 1

    def test_of_an_even_crowd_below_an_even_book_it_falls_to_the_branching_ratio(self) -> None:
        """`(d + x) l / (x D)`: far below the shock only `l / D` is left."""
        levels = 100.0 - np.arange(1, 9001) / 100
        found = cascades.running_ratio(100.0, 1.0, levels, np.full(9000, 0.006), lambda x: x, [1.0, 4.0, 60.0])
        assert found == pytest.approx([1.2, 0.75, 0.61], rel=1e-9)

    def test_no_bid_and_no_crowd(self) -> None:
        bids = Book([100.0], [1.0])
        assert cascades.running_ratio(100.0, 0.0, [50.0], [3.0], bids.depth, [10.0, 60.0]).tolist() == [0.0, 3.0]
        assert cascades.running_ratio(100.0, 9.0, [99.0], [3.0], lambda x: 0 * x, [1.0]).tolist() == [math.inf]

    def test_refill_is_depth(self) -> None:
        """With half of every fill replaced, twice the coins go as far."""
        assert FALLING.refilled(0.5).impact(5.0) == FALLING.impact(2.5)
        with pytest.raises(ValueError, match="share must be"):
            FALLING.refilled(1.0)


class TestRounds:
    @given(
        levels=st.lists(st.integers(1, 99), min_size=1, max_size=10), shock=st.integers(0, 60), slope=st.integers(1, 8)
    )
    def test_with_longs_in_one_asset_it_ends_where_the_cascade_ends(
        self, levels: list[int], shock: int, slope: int
    ) -> None:
        """A long of q coins with the level P has the buffer q (p - P); powers of two, so exactly."""
        level, sizes = np.array(levels, float), 2.0 ** (np.arange(len(levels)) % 3)
        found = cascades.rounds(sizes[:, None], sizes * (100 - level), [float(shock)], [2.0**-slope])
        exact = cascade(100.0, float(shock), level, sizes, lambda q: 2.0**slope * q)
        assert found.closed.sum() == exact.accounts.item()
        assert -found.moves[-1, 0] == shock + exact.impact.item()

    @given(data=st.data())
    def test_it_ends_after_at_most_as_many_rounds_as_accounts(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, 8))
        pairs = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=count, max_size=count)
        held = np.array(data.draw(pairs), float)
        found = cascades.rounds(held, np.full(count, 3.0), [2.0, -1.0], [1.0, 0.5])
        assert len(found.moves) <= count + 1
        assert not found.closed[(held == 0).all(axis=1)].any()
        assert found.moves[-1] == pytest.approx(-np.array([2.0, -1.0]) - held[found.closed].sum(axis=0) / [1.0, 0.5])

    def test_each_can_save_the_other_by_going_first(self) -> None:
        """Long two A and short one B; long one B. Both are under after a fall of both by five. Closing either alone
        leaves the other standing: three orders, three ends, and the definition takes the one that looks at all at once.
        """
        held, buffers, fall = np.array([[2.0, -1.0], [0.0, 1.0]]), np.array([5.0, 5.0]), np.array([5.0, 5.0])
        assert cascades.rounds(held, buffers, fall, [1.0, 1.0]).closed.tolist() == [True, True]
        for first, other in ((0, 1), (1, 0)):
            moved = -fall - held[first]  # one coin a USD
            assert held[other] @ moved > -buffers[other]

    def test_up_and_down_are_mirrored(self) -> None:
        """Shorts under a rise are longs under a fall."""
        down = cascades.rounds([[1.0], [1.0]], [5.0, 6.0], [5.0], [1.0])
        up = cascades.rounds([[-1.0], [-1.0]], [5.0, 6.0], [-5.0], [1.0])
        assert (up.moves == -down.moves).all()
        assert (up.closed == down.closed).all()

    def test_a_short_squeeze_can_follow_a_fall(self) -> None:
        """A pair that is closed buys what it was short of, and that rise closes a short who never saw the fall."""
        held = [[2.0, -3.0], [0.0, -1.0]]
        found = cascades.rounds(held, [10.0, 2.0], [5.0, 0.0], [1.0, 1.0])
        assert found.closed.tolist() == [True, True]
        assert found.moves.tolist() == [[-5.0, 0.0], [-7.0, 3.0], [-7.0, 4.0]]


class TestGraph:
    GRAPH = ((0.3, 0.2), (0.1, 0.4))

    def test_the_whole_fall_is_the_sum_of_its_rounds(self) -> None:
        """`(I - G)^(-1) d` = `d + G d + G² d + …`; here twice the shock."""
        assert cascades.spread(self.GRAPH, [1.0, 1.0]) == pytest.approx([2.0, 2.0], rel=1e-12)
        path = cascades.spread_path(self.GRAPH, [1.0, 1.0], 1, 60)
        assert path[-1] == pytest.approx([2.0, 2.0], rel=1e-12)  # 0.5^60 is below rounding
        assert path[:3].tolist() == [[1.0, 1.0], [1.5, 1.5], [1.75, 1.75]]

    def test_delays_move_the_clock_and_not_the_end(self) -> None:
        """Twice the delay everywhere is the same path at half the speed; a slow edge ends at the same place."""
        fast = cascades.spread_path(self.GRAPH, [1.0, 0.5], 1, 40)
        slow = cascades.spread_path(self.GRAPH, [1.0, 0.5], 2, 80)
        assert slow[::2] == pytest.approx(fast, rel=1e-12)
        mixed = cascades.spread_path(self.GRAPH, [1.0, 0.5], [[1, 5], [3, 2]], 400)
        assert mixed[-1] == pytest.approx(cascades.spread(self.GRAPH, [1.0, 0.5]), rel=1e-12)

    def test_a_delay_beyond_the_end_never_arrives(self) -> None:
        """Also one that no integer of the machine holds."""
        for late in (5.0, 2.0**63, 1e300):
            path = cascades.spread_path(self.GRAPH, [1.0, 0.5], late, 4)
            assert path.tolist() == [[1.0, 0.5]] * 5

    @given(entries=st.lists(st.floats(0.01, 1.0), min_size=9, max_size=9))
    def test_the_radius_has_its_mode_and_its_importance(self, entries: list[float]) -> None:
        """`G v = r v` and `w G = r w`, both positive."""
        graph = np.array(entries).reshape(3, 3)
        r, mode, importance = cascades.radius(graph)
        assert graph @ mode == pytest.approx(r * mode, rel=1e-8)
        assert importance @ graph == pytest.approx(r * importance, rel=1e-8)
        assert (mode > 0).all()
        assert (importance > 0).all()
        assert (mode.sum(), importance.sum()) == (pytest.approx(1.0), pytest.approx(1.0))

    def test_a_graph_that_runs_has_no_end(self) -> None:
        for graph in ([[1.0]], [[0.0, 2.0], [2.0, 0.0]]):
            with pytest.raises(ValueError, match="graph must have a radius below 1"):
                cascades.spread(graph, np.ones(len(graph)))

    def test_one_node_is_the_branching_ratio(self) -> None:
        """The graph of one asset on one venue says what `cascade` says of an even crowd."""
        graph = cascades.venue_impact([100.0], 0.0) * 60.0
        assert cascades.radius(graph)[0] == pytest.approx(cascades.branching_ratio(60.0, 100.0), rel=1e-15)
        assert cascades.spread(graph, [1.0]) == pytest.approx([2.5], rel=1e-12)

    def test_a_cross_account_couples_what_it_holds(self) -> None:
        """Isolated, the same coins are forced by their own price only."""
        cross = cascades.forced([[1.0, 10.0]], [100.0], [200.0, 20.0])
        assert cross.tolist() == [[1 / 200, 1 / 20], [10 / 200, 10 / 20]]
        isolated = cascades.forced([[1.0, 0.0], [0.0, 10.0]], [100.0, 100.0], [200.0, 20.0])
        assert isolated.tolist() == [[1 / 200, 0.0], [0.0, 10 / 20]]

    def test_a_window_that_reaches_nobody_forces_nothing(self) -> None:
        assert not cascades.forced([[1.0, 10.0]], [100.0], [99.0, 9.0]).any()

    def test_instant_arbitrage_makes_one_book(self) -> None:
        """The ratio is the pooled one: between those of the venues, which is what each has without arbitrage."""
        density, crowd = np.array([10.0, 40.0]), np.array([9.0, 8.0])
        ratios = [cascades.radius(cascades.venue_impact(density, shared) * crowd)[0] for shared in (0.0, 0.3, 0.7, 1.0)]
        assert ratios[0] == pytest.approx(max(crowd / density), rel=1e-12)
        assert ratios[-1] == pytest.approx(crowd.sum() / density.sum(), rel=1e-12)
        assert sorted(ratios, reverse=True) == ratios


@given(levels=st.lists(st.floats(1, 99), min_size=1, max_size=30), slope=st.floats(0.01, 5))
def test_a_larger_shock_never_liquidates_fewer(levels: list[float], slope: float) -> None:
    """The end is monotone in the shock, and in how thin the book is."""
    shocks = np.linspace(0, 50, 21)
    thick = cascade(100.0, shocks, levels, np.ones(len(levels)), lambda q: slope * q)
    thin = cascade(100.0, shocks, levels, np.ones(len(levels)), lambda q: 2 * slope * q)
    assume(len(set(levels)) > 1)
    assert (np.diff(thick.accounts) >= 0).all()
    assert (thin.accounts >= thick.accounts).all()


def _even(quantity: np.ndarray) -> np.ndarray:
    return linear_impact(quantity, 1.0)


BAD_INPUT = {
    "Book": case(Book, prices=([2.0, 1.0], NOTHING, "(0, 2)"), sizes=([1.0, 1.0], NOTHING, "(0, inf)")),
    "Cascade": None,
    "Rounds": None,
    "branching_ratio": case(cascades.branching_ratio, forced=(1.0, AT_LEAST_0), depth=(2.0, POSITIVE)),
    "cascade": case(
        lambda price, shocks, levels, sizes: cascade(price, shocks, levels, sizes, _even),
        price=(100.0, NOTHING, "[99, inf)"),
        shocks=([1.0], {"zero"}, "[0, inf)"),
        levels=([99.0], NOTHING, "[0, 100]"),
        sizes=([1.0], NOTHING, "[0, inf)"),
    ),
    "exponential_depth": case(
        cascades.exponential_depth, distance=(1.0, AT_LEAST_0), total=(2.0, POSITIVE), scale=(1.0, POSITIVE)
    ),
    "exponential_impact": case(
        cascades.exponential_impact, quantity=(1.0, AT_LEAST_0), total=(2.0, POSITIVE), scale=(1.0, POSITIVE)
    ),
    "forced": case(
        cascades.forced,
        positions=([[1.0]], NOTHING, "[0, inf)"),
        buffers=([1.0], NOTHING, "(0, inf)"),
        window=([1.0], NOTHING, "(0, inf)"),
    ),
    "linear_impact": case(linear_impact, quantity=(1.0, AT_LEAST_0), density=(2.0, POSITIVE)),
    "radius": case(cascades.radius, graph=([[0.5]], NOTHING)),
    "rounds": case(
        cascades.rounds,
        positions=([[1.0]], NOTHING),
        buffers=([5.0], NOTHING, "(0, inf)"),
        shock=([1.0], NOTHING),
        density=([2.0], NOTHING, "(0, inf)"),
    ),
    "running_ratio": case(
        lambda price, shock, levels, sizes, distances: cascades.running_ratio(
            price, shock, levels, sizes, FALLING.depth, distances
        ),
        price=(100.0, NOTHING, "[99, inf)"),
        shock=(1.0, {"zero"}, "[0, inf)"),
        levels=([99.0], NOTHING, "[0, 100]"),
        sizes=([1.0], NOTHING, "[0, inf)"),
        distances=([1.0], NOTHING, "[0, inf)"),
    ),
    "spread": case(cascades.spread, graph=([[0.5]], NOTHING, "[0, ~1)"), shock=([1.0], NOTHING, "[0, inf)")),
    "spread_path": case(
        cascades.spread_path,
        graph=([[0.5]], NOTHING),
        shock=([1.0], NOTHING),
        delays=(1, NOTHING, "1.."),
        steps=(2, NOTHING, "1.."),
    ),
    "square_root_impact": case(
        cascades.square_root_impact,
        quantity=(1.0, AT_LEAST_0),
        volume=(2.0, POSITIVE),
        volatility=(0.03, AT_LEAST_0),
        coefficient=(1.0, NOTHING, "(0, inf)"),
    ),
    "venue_impact": case(
        cascades.venue_impact, density=([1.0, 2.0], NOTHING, "(0, inf)"), shared=(0.5, {"zero"}, "[0, 1]")
    ),
}

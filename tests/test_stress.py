"""Stress grids: identities, limits and published facts."""

import itertools
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from cases import AT_LEAST_0, NOTHING, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import stress
from perpnotes._legs import legs
from perpnotes._venues import GRIDS
from perpnotes.contracts import Cash, Inverse, Linear, Option, Spot, option_value
from perpnotes.stress import Market, grid, published_grid

MARKET = Market(
    {"BTC": 60_000.0, "ETH": 3_000.0, "GOLD": 4_000.0},
    {"BTC": 0.5, "ETH": 0.7, "GOLD": 0.18},
    [[1.0, 0.8, -0.1], [0.8, 1.0, -0.1], [-0.1, -0.1, 1.0]],
    fx={"MXN": 0.055},
)
BOOK = [(Linear("BTC"), 1.0), (Linear("ETH"), 8.0), (Linear("GOLD"), 4.0)]
JOINT = grid(price=np.linspace(-0.16, 0.16, 9), correlation=np.linspace(0, 1, 6))
QUANTITIES = st.lists(st.floats(-100, 100), min_size=3, max_size=3)


def worst(quantities: list[float]) -> float:
    return stress.evaluate(list(zip([c for c, _ in BOOK], quantities, strict=True)), MARKET, JOINT).worst.loss


class TestIdentities:
    def test_a_grid_is_every_combination_with_the_last_axis_fastest(self) -> None:
        """Scenarios are the Cartesian product of the axes, in the order of AXES."""
        scenarios = grid(correlation=[0.0, 1.0], price=[-0.1, 0.0, 0.1])
        actual = list(zip(scenarios.moves["price"], scenarios.moves["correlation"], strict=True))
        assert actual == list(itertools.product([-0.1, 0.0, 0.1], [0.0, 1.0]))

    def test_contributions_add_up_to_the_worst_cell(self) -> None:
        """The legs' P&L in the worst cell is the book's, so the loss is explained to the cent."""
        result = stress.evaluate(BOOK, MARKET, JOINT)
        assert sum(result.worst.contributions) == pytest.approx(result.worst.pnl, rel=1e-14)
        assert result.worst.pnl == result.pnl.min()
        assert result.why().value == result.initial == result.worst.loss

    @given(quantities=QUANTITIES, factor=st.floats(0, 50))
    def test_worst_loss_is_positively_homogeneous(self, quantities: list[float], factor: float) -> None:
        """A book `factor` times the size loses `factor` times as much."""
        assert worst([q * factor for q in quantities]) == pytest.approx(factor * worst(quantities), rel=1e-9, abs=1e-6)

    @given(a=QUANTITIES, b=QUANTITIES)
    def test_worst_loss_is_subadditive(self, a: list[float], b: list[float]) -> None:
        """Two books together never lose more than the two alone."""
        together = worst([x + y for x, y in zip(a, b, strict=True)])
        assert together <= worst(a) + worst(b) + 1e-6  # rounding on losses of up to a few millions

    @given(quantities=QUANTITIES)
    def test_more_scenarios_never_lower_the_margin(self, quantities: list[float]) -> None:
        """Adding values to an axis adds scenarios, and a maximum over more is no smaller."""
        fewer = grid(price=[-0.16, 0.16], correlation=[0.0])
        book = list(zip([c for c, _ in BOOK], quantities, strict=True))
        assert worst(quantities) >= stress.evaluate(book, MARKET, fewer).worst.loss - 1e-9

    def test_each_leg_is_valued_on_its_own(self) -> None:
        """A book's legs are the unit values times the quantities: no leg sees another."""
        scenarios = grid(price=[-0.3, 0.2], volatility=[-0.2, 0.4], correlation=[0.0, 0.7], basis=[0.0, 0.01])
        contracts = [Linear("ETH"), Inverse("BTC"), Spot("GOLD"), Option("ETH", 3_500.0, 0.1)]
        unit = stress.unit_pnl(contracts, MARKET, scenarios)
        result = stress.evaluate(list(zip(contracts, [2.0, -3.0, 5.0, 7.0], strict=True)), MARKET, scenarios)
        np.testing.assert_array_equal(result.legs, unit * [2.0, -3.0, 5.0, 7.0])


class TestAxes:
    def test_without_a_matrix_all_move_alike(self) -> None:
        """A market without correlations has beta one: 10% down is 10% down for every underlying."""
        market = Market({"BTC": 60_000.0, "ETH": 3_000.0})
        unit = stress.unit_pnl([Linear("BTC"), Linear("ETH")], market, grid(price=[-0.1, 0.1]))
        np.testing.assert_allclose(unit, [[-6000, -300], [6000, 300]], rtol=1e-12)

    def test_at_correlation_one_log_moves_are_in_the_ratio_of_the_volatilities(self) -> None:
        """Theta = 1 makes beta sigma_i / sigma_driver; theta = 0 makes it rho times that."""
        assert MARKET.beta("ETH", [0.0, 1.0]) == pytest.approx([0.8 * 1.4, 1.4], rel=1e-14)
        unit = stress.unit_pnl([Linear("ETH")], MARKET, grid(price=[-0.16], correlation=[1.0]))
        assert unit[0, 0] == pytest.approx(3_000 * (0.84**1.4 - 1), rel=1e-14)

    def test_the_conditional_median_is_what_a_simulation_finds(self) -> None:
        """Independent derivation: the median log move of one coin among joint draws with the driver near its move."""
        rng = np.random.default_rng(7)
        draws = rng.multivariate_normal([0, 0], [[0.25, 0.8 * 0.35], [0.8 * 0.35, 0.49]], size=2_000_000)
        near = draws[np.abs(draws[:, 0] - np.log(0.84)) < 0.01, 1]
        expected = float(MARKET.beta("ETH", 0.0)) * np.log(0.84)
        # standard error of a median: 1.2533 * sd / sqrt(n), sd = 0.7 * sqrt(1 - 0.64)
        assert np.median(near) == pytest.approx(expected, abs=4 * 1.2533 * 0.42 / np.sqrt(len(near)))

    def test_funding_is_paid_by_longs_on_the_shocked_notional(self) -> None:
        """A rate above zero is a cash flow from longs to shorts; it adds up to nothing."""
        scenarios = grid(price=[-0.1], funding=[0.001])
        long = stress.evaluate([(Linear("BTC"), 1.0)], MARKET, scenarios)
        short = stress.evaluate([(Linear("BTC"), -1.0)], MARKET, scenarios)
        assert long.pnl[0] == pytest.approx(-6_000 - 54_000 * 0.001, rel=1e-13)
        assert long.pnl[0] + short.pnl[0] == 0.0
        inverse = stress.evaluate([(Inverse("BTC"), 60_000.0)], MARKET, scenarios)
        assert inverse.pnl[0] == pytest.approx(-6_000 - 60_000 * 0.001, rel=1e-13)

    def test_basis_moves_perpetuals_and_forwards_but_not_spot(self) -> None:
        """The basis sits between the index and the contract; spot is the index."""
        option = Option("BTC", 60_000.0, 0.25)
        unit = stress.unit_pnl([Linear("BTC"), Spot("BTC"), option], MARKET, grid(basis=[-0.01]))
        expected = option_value(59_400.0, 60_000.0, 0.5, 0.25) - option_value(60_000.0, 60_000.0, 0.5, 0.25)
        assert unit[0].tolist() == pytest.approx([-600.0, 0.0, float(expected)], rel=1e-9)

    def test_an_own_move_comes_on_top(self) -> None:
        """What Ether does by itself multiplies what it does with Bitcoin, and touches nothing else."""
        scenarios = grid(price=[-0.16, 0.0], own={"ETH": [-0.1, 0.0]})
        unit = stress.unit_pnl([Linear("BTC"), Linear("ETH"), Spot("GOLD")], MARKET, scenarios)
        plain = stress.unit_pnl([Linear("BTC"), Linear("ETH"), Spot("GOLD")], MARKET, grid(price=[-0.16, 0.0]))
        assert unit[::2, 1] == pytest.approx((3_000 + plain[:, 1]) * 0.9 - 3_000, rel=1e-12)
        np.testing.assert_array_equal(unit[1::2], plain)
        np.testing.assert_array_equal(unit[::2, [0, 2]], plain[:, [0, 2]])
        found = stress.evaluate(BOOK, MARKET, scenarios)
        assert found.worst.moves == {"price": -0.16, "own ETH": -0.1}
        assert found.surface("own ETH", "price").shape == (2, 2)
        with pytest.raises(ValueError, match="must name 'SOL', which the scenarios move"):
            stress.evaluate(BOOK, MARKET, grid(own={"SOL": [0.1, 0.2]}))
        with pytest.raises(ValueError, match=r"own must be a mapping, got 0\.1"):
            grid(own=0.1)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="or 'own …', got 'ETH'"):
            stress.Scenarios({**scenarios.moves, "ETH": np.zeros(4)}, scenarios.weight, {})

    def test_the_peso_moves_only_what_is_held_in_pesos(self) -> None:
        """The FX axis changes counted collateral without any perpetual moving; USD never moves."""
        unit = stress.unit_pnl([Cash("MXN", haircut=0.05), Cash("USD"), Linear("BTC")], MARKET, grid(fx=[-0.1]))
        assert unit[0].tolist() == pytest.approx([-0.1 * 0.055 * 0.95, 0.0, 0.0], rel=1e-12)

    def test_volatility_moves_scale_with_time_to_expiry(self) -> None:
        """Published rule: (30 days / max(1 day, DTE))^0.30 below and ^0.13 beyond 30 days; never below zero."""
        up = published_grid("derive_pmrm_v1")
        row = int(np.flatnonzero(up.moves["volatility"] > 0)[0])
        days = np.array([30.0, 7.5, 120.0, 1 / 24, 0.0])
        moves = 0.6 * np.array([1.0, 4**0.30, 0.25**0.13, 30**0.30, 30**0.30])
        assert up.volatility(np.ones(5), days / 365)[row] == pytest.approx(1 + moves, rel=1e-14)
        assert grid(volatility=[-1.0]).volatility([0.5], [0.1]).tolist() == [[0.0]]

    def test_volatility_has_a_floor_in_its_rows_and_may_move_by_points(self) -> None:
        """The floor acts on the level after the move, where a row has one; points are added, not below 0."""
        rows = stress.listed([0.0, 0.0, 0.0], [0.5, 0.5, -2.0], lowest=[0.4, 0.0, 0.0])
        assert rows.volatility([0.2, 0.4], [0.1, 0.1]).tolist() == pytest.approx(
            np.array([[0.4, 0.6], [0.3, 0.6], [0, 0]])
        )
        added = stress.listed([0.0, 0.0], [0.1, -0.5], points=True)
        assert added.volatility([0.3], [1.0]).ravel() == pytest.approx([0.4, 0.0])

    def test_a_volatility_move_stops_growing_at_the_floor_of_time(self) -> None:
        """Below the floor, time to expiry counts as the floor; the exponent is that of the time itself."""
        rows = stress.listed([0.0], [0.5], term=(0.3, 0.1), term_floor=60.0)
        assert rows.volatility([1.0, 1.0], [10 / 365, 90 / 365]).ravel() == pytest.approx(
            [1 + 0.5 * 0.5**0.3, 1 + 0.5 * (30 / 90) ** 0.1], rel=1e-14
        )

    def test_a_surface_takes_the_worst_over_the_other_axes(self) -> None:
        """Every cell of a surface is the lowest P&L of the scenarios behind it, in the order that was asked for."""
        scenarios = grid(price=[-0.1, 0.1], volatility=[-0.2, 0.3], correlation=[0.0, 0.5, 1.0])
        result = stress.evaluate([(Linear("BTC"), -1.0), (Option("ETH", 3_000.0, 0.1), -9.0)], MARKET, scenarios)
        actual = result.surface("correlation", "price")
        assert actual.shape == (3, 2)
        for i, theta in enumerate([0.0, 0.5, 1.0]):
            for j, move in enumerate([-0.1, 0.1]):
                behind = (scenarios.moves["correlation"] == theta) & (scenarios.moves["price"] == move)
                assert actual[i, j] == result.pnl[behind].min()

    def test_a_move_of_currencies_leaves_options_where_they_are(self) -> None:
        """Beside a currency each option is worth in every third row what it is worth without."""
        held = [Option("BTC", 65_000.0, 0.1), Cash("MXN"), Option("ETH", 2_500.0, 0.3, call=False)]
        axes = {"price": [-0.1, 0.0, 0.2], "volatility": [-0.2, 0.4], "correlation": [0.0, 0.7]}
        alone = stress.unit_pnl(held, MARKET, grid(**axes))
        beside = stress.unit_pnl(held, MARKET, grid(**axes, fx=[-0.1, 0.0, 0.1]))
        for k in range(3):
            np.testing.assert_array_equal(beside[k::3, [0, 2]], alone[:, [0, 2]])
        assert len(np.unique(beside[:, 1])) == 3


class TestCorrelationJump:
    def test_it_destroys_netting_in_a_long_book_and_makes_it_in_a_pair(self) -> None:
        """Longs that diversify lose their netting at correlation one; a long-short pair gains it."""
        longs = stress.evaluate(BOOK, MARKET, JOINT).netting()
        pair = stress.evaluate([(Linear("BTC"), 1.0), (Linear("ETH"), -14.0)], MARKET, JOINT).netting()
        assert longs.destroyed > 0 > pair.destroyed
        assert (longs.benefit >= -1e-9).all()
        assert longs.benefit[-1] == pytest.approx(0.0, abs=1e-9)  # at one, all longs lose in the same cell

    def test_one_leg_has_nothing_to_net(self) -> None:
        """A single position saves nothing at any correlation."""
        netting = stress.evaluate(BOOK[:1], MARKET, JOINT).netting()
        assert netting.benefit.tolist() == [0.0] * 6

    def test_what_is_destroyed_is_shown(self) -> None:
        """The derivation of the netting ends in what the highest stress takes from the benefit at the lowest."""
        netting = stress.evaluate(BOOK, MARKET, JOINT).netting()
        why = netting.why()
        assert why.value == netting.destroyed == why["B_0"] - why["B_1"]
        assert (why["θ_0"], why["θ_1"]) == (0.0, 1.0)
        assert why["A_0"] - why["L_0"] == why["B_0"] == netting.benefit[0]


class TestPublishedGrids:
    @pytest.mark.parametrize(
        ("name", "rows", "tails", "edge"),
        [
            ("paradex", 24, 8, 0.16),
            ("paradex_hype", 24, 8, 0.28),
            ("derive_pmrm_v1", 23, 0, 0.20),
            ("derive_pmrm_v2", 31, 8, 0.18),
            ("derive_pmrm_v2_hype", 30, 7, 0.33),
            ("derive_pmrm_v2_2026_08", 31, 8, 0.14),
        ],
    )
    def test_sizes(self, name: str, rows: int, tails: int, edge: float) -> None:
        """The number of rows, of dampened rows, and the edge of the regular grid, as published."""
        scenarios = published_grid(name)
        assert len(scenarios) == rows
        assert (scenarios.weight < 1).sum() == tails
        assert np.abs(scenarios.moves["price"][scenarios.weight == 1]).max() == pytest.approx(edge, rel=1e-15)

    @pytest.mark.parametrize("name", list(GRIDS))
    def test_a_far_move_counts_for_as_much_as_a_near_one(self, name: str) -> None:
        """Its weight times its size: alike for the nearest four, and no more for any that is further out."""
        losses = [abs(move) * weight for move, _, weight in GRIDS[name][0] if weight != 1.0]
        if losses:
            assert min(losses[:4]) == pytest.approx(max(losses[:4]), rel=0.2)
            assert all(0 < further <= 1.1 * max(losses[:4]) for further in losses[4:])
            assert len(losses) in (7, 8)

    @pytest.mark.parametrize(
        ("name", "edge", "up", "down", "tails"),
        [
            ("paradex", 16, 40, -22, [18, 36, 24, 12, 6, 4, 3, 2.4]),
            ("paradex_hype", 28, 64, -35.2, [30, 50, 40, 20, 10, 7, 5, 4]),
        ],
    )
    def test_rows_read_a_second_time(self, name: str, edge: float, up: float, down: float, tails: list[float]) -> None:
        """The table of Paradex's page, in percent: four prices to either side, eight far ones, and their weights."""
        rows = [(edge * k / 4, up, 100.0) for k in range(-4, 5)] + [(edge * k / 4, down, 100.0) for k in range(-3, 4)]
        rows += zip([-66, -33, 50, 100, 200, 300, 400, 500], [up] * 8, tails, strict=True)
        found = published_grid(name)
        columns = (found.moves["price"], found.moves["volatility"], found.weight)
        ours = sorted(tuple(100 * float(x) for x in row) for row in zip(*columns, strict=True))
        for row, printed in zip(ours, sorted(rows), strict=True):
            assert row == pytest.approx(printed, rel=1e-12, abs=1e-12)
        assert set(found.lowest[found.moves["volatility"] > 0]) == {0.6 if name == "paradex_hype" else 0.4}
        assert (found.term, found.factors, found.term_floor) == ((0.30, 0.13), (1.0, 0.5), 1.0)

    def test_margin_factors(self) -> None:
        """Paradex maintains at half the initial margin; Derive's first manager asks 1.25 times the loss initially."""
        book = [(Linear("BTC"), 1.0)]
        paradex = stress.evaluate(book, MARKET, published_grid("paradex"))
        assert (paradex.initial, paradex.maintenance) == pytest.approx((9_600, 4_800), rel=1e-12)
        derive = stress.evaluate(book, MARKET, published_grid("derive_pmrm_v1"))
        assert (derive.initial, derive.maintenance) == pytest.approx((15_000, 12_000), rel=1e-12)

    @pytest.mark.parametrize("name", ["paradex", "derive_pmrm_v2"])
    @pytest.mark.parametrize("size", [1.0, -1.0])
    def test_no_tail_row_binds_a_linear_book(self, name: str, size: float) -> None:
        """Weight times move is below the edge of the regular grid in every dampened row."""
        result = stress.evaluate([(Linear("BTC"), size)], MARKET, published_grid(name))
        assert result.worst.weight == 1.0

    def test_a_tail_row_binds_a_short_call_far_out(self) -> None:
        """Convexity is what the tails are for: a call at twice the price loses most in a dampened row."""
        book = [(Option("BTC", 120_000.0, 30 / 365), -1.0)]
        assert stress.evaluate(book, MARKET, published_grid("paradex")).worst.weight < 1.0


class Frame:
    """What the library sees of a data frame or series: labels, and an array when it asks for one."""

    def __init__(self, values: object, columns: list[str] | None, index: list[str] | None = None) -> None:
        self.values, self.index = np.array(values), index
        if columns is not None:
            self.columns = columns

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        return self.values


class TestManyAccounts:
    def test_blocks_agree_with_one_book_at_a_time(self) -> None:
        """Blocked over accounts, the losses and the cells are those of each book alone."""
        scenarios = published_grid("derive_pmrm_v2")
        contracts = [Linear("BTC"), Linear("ETH"), Option("BTC", 80_000.0, 0.05), Cash("MXN")]
        unit = stress.unit_pnl(contracts, MARKET, scenarios)
        books = np.random.default_rng(3).normal(size=(700, 4)) * [1, 20, 5, 1e5]
        losses, cells = stress.worst_cases(books, unit, scenarios.weight)
        for book, loss, cell in zip(books, losses, cells, strict=True):
            alone = stress.evaluate(list(zip(contracts, book, strict=True)), MARKET, scenarios).worst
            assert loss == pytest.approx(alone.loss, rel=1e-12)
            assert cell == alone.index

    def test_labels_must_agree_where_both_have_them(self) -> None:
        """Nothing is reordered by them, so another order is refused; a table without labels is taken as it is."""
        books, unit = [[1.0, 2.0], [-1.0, 0.5]], [[-6_000.0, -30.0], [6_000.0, 15.0]]
        plain = stress.worst_cases(books, unit)
        same = stress.worst_cases(Frame(books, ["BTC", "ETH"]), Frame(unit, ["BTC", "ETH"]))
        half = stress.worst_cases(Frame(books, ["BTC", "ETH"]), unit)
        assert plain[0].tolist() == same[0].tolist() == half[0].tolist() == [6_060.0, 5_992.5]
        with pytest.raises(ValueError, match="columns of quantities must have the labels of unit in the same order"):
            stress.worst_cases(Frame(books, ["ETH", "BTC"]), Frame(unit, ["BTC", "ETH"]))
        with pytest.raises(ValueError, match=r"must have the labels of unit, \['BTC', 'ETH'\], got \['BTC', 'SOL'\]"):
            stress.worst_cases(Frame(books, ["BTC", "SOL"]), Frame(unit, ["BTC", "ETH"]))
        with pytest.raises(ValueError, match="index of weight must have the labels of unit in the same order"):
            stress.worst_cases(
                books, Frame(unit, ["BTC", "ETH"], ["down", "up"]), Frame([1.0, 0.5], None, ["up", "down"])
            )

    def test_a_correlation_matrix_with_labels_is_that_of_the_prices(self) -> None:
        """Rows and columns in another order than the prices are refused, not read by place."""
        prices, sigma = {"BTC": 60_000.0, "ETH": 3_000.0}, {"BTC": 0.5, "ETH": 0.7}
        matrix = [[1.0, 0.8], [0.8, 1.0]]
        names = ["BTC", "ETH"]
        labeled = Market(prices, sigma, Frame(matrix, names, names))
        assert labeled.beta("ETH", 0.0) == Market(prices, sigma, matrix).beta("ETH", 0.0)
        for index, columns in ((names[::-1], names), (names, names[::-1])):
            with pytest.raises(ValueError, match="of correlation must have the labels of prices in the same order"):
                Market(prices, sigma, Frame(matrix, columns, index))

    def test_a_book_that_only_gains_loses_nothing(self) -> None:
        """A loss is never negative."""
        losses, _ = stress.worst_cases([[1.0]], [[2.0], [3.0]])
        assert losses.tolist() == [0.0]

    @pytest.mark.parametrize(("instruments", "scenarios"), [(1, 1), (60, 861), (300, 33), (700, 200)])
    def test_products_in_panels_are_the_whole_product(self, instruments: int, scenarios: int) -> None:
        """Many instruments or scenarios are multiplied in panels, over both; nothing is lost between them."""
        rng = np.random.default_rng(4)
        books, unit = rng.normal(size=(50, instruments)), rng.normal(size=(scenarios, instruments))
        losses, cells = stress.worst_cases(books, unit)
        pnl = (books[:, None, :] * unit).sum(axis=2)
        np.testing.assert_array_equal(cells, pnl.argmin(axis=1))
        # rounding of sums of as many products, each of the size of one
        np.testing.assert_allclose(losses, np.maximum(0.0, -pnl.min(axis=1)), rtol=0, atol=1e-13 * instruments)

    @given(
        shape=st.tuples(st.integers(1, 90), st.integers(1, 40), st.integers(1, 70)),
        cuts=st.lists(st.integers(0, 90), max_size=5),
        fortran=st.booleans(),
        seed=st.integers(0, 1000),
    )
    def test_parts_have_the_bits_of_the_whole(
        self, shape: tuple[int, int, int], cuts: list[int], fortran: bool, seed: int
    ) -> None:
        """A book's loss does not depend, in any bit, on the books beside it or on how their memory is laid out."""
        many, instruments, scenarios = shape
        rng = np.random.default_rng(seed)
        books, unit = rng.normal(size=(many, instruments)), rng.normal(size=(scenarios, instruments))
        whole = stress.worst_cases(books, unit)
        ends = [0, *sorted(min(cut, many) for cut in cuts), many]
        parts = [books[start:stop] for start, stop in itertools.pairwise(ends)]
        pieces = [stress.worst_cases(np.asfortranarray(part) if fortran else part, unit) for part in parts]
        for k in range(2):
            assert np.concatenate([piece[k] for piece in pieces]).tobytes() == whole[k].tobytes()

    @pytest.mark.parametrize("kernel", ["", "Prescott", "Nehalem", "Sandybridge", "Haswell", "SkylakeX"])
    def test_every_place_in_a_block_adds_in_the_same_order(self, kernel: str) -> None:
        """The same book everywhere and the same scenario everywhere: one loss, and the first of the equal scenarios.

        With each set of kernels of OpenBLAS that the processor can run; where numpy has another library, with that.
        """
        script = """
import numpy as np
from perpnotes import stress
rng = np.random.default_rng(5)
for instruments in (1, 2, 3, 5, 7, 8, 10, 13, 31, 64, 300):
    for scenarios in (1, 2, 9, 24, 33, 861):
        book, values = rng.normal(size=(2, instruments))
        found = stress.worst_cases(np.tile(-np.sign(book @ values) * book, (601, 1)), np.tile(values, (scenarios, 1)))
        assert [len(set(part.tolist())) for part in found] == [1, 1], (instruments, scenarios)
        assert found[1][0] == 0 < found[0][0]
"""
        found = subprocess.run([sys.executable, "-c", script], env={**os.environ, "OPENBLAS_CORETYPE": kernel})
        if found.returncode == -signal.SIGILL:
            pytest.skip("this processor does not have the instructions of these kernels")
        assert found.returncode == 0

    def test_it_works_in_the_calling_thread(self) -> None:
        """Threads that wait for each other are slow on busy cores; none is used, however many are allowed.

        Threads that share the work do so in most calls; those that OpenBLAS has just started spin in the first ones.
        """
        script = """
import statistics, time
import numpy as np
from perpnotes import stress
rng = np.random.default_rng(6)
for many, instruments, scenarios in ((20_000, 10, 861), (500, 300, 861)):
    books, unit = rng.normal(size=(many, instruments)), rng.normal(size=(scenarios, instruments))
    ratios = []
    for _ in range(9):
        process, thread = time.process_time(), time.thread_time()
        stress.worst_cases(books, unit)
        ratios.append((time.process_time() - process) / (time.thread_time() - thread))
    assert statistics.median(ratios) < 1.2, ratios
"""
        subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "4"})

    def test_an_empty_partition_has_no_losses(self) -> None:
        """No books, no losses; no columns or no scenarios are a mistake."""
        losses, cells = stress.worst_cases(np.empty((0, 2)), [[1.0, 2.0]])
        assert (losses.shape, losses.dtype, cells.shape, cells.dtype) == ((0,), np.float64, (0,), np.intp)
        for quantities, unit in ((np.empty((0, 3)), [[1.0, 2.0]]), (np.empty((2, 0)), np.empty((1, 0)))):
            with pytest.raises(ValueError, match="quantities must"):
                stress.worst_cases(quantities, unit)

    def test_a_sum_beyond_the_largest_number_is_refused(self) -> None:
        """An infinite loss, or one that is not a number, would be the answer for finite input."""
        with pytest.raises(ValueError, match="quantities must give finite losses"):
            stress.worst_cases([[1e308, 1e308]], [[-10.0, 10.0]])


def accounts(count: int, texts: bool) -> list[int] | list[str]:
    return [f"account {n}" for n in range(count)] if texts else list(range(count))


class TestWorstAccounts:
    @given(
        losses=st.lists(st.integers(-2, 3), max_size=12),
        parts=st.integers(1, 4),
        top=st.integers(1, 6),
        texts=st.booleans(),
        data=st.data(),
    )
    def test_any_merge_of_any_parts_is_the_single_pass(
        self, losses: list[int], parts: int, top: int, texts: bool, data: st.DataObject
    ) -> None:
        """Merging is associative and commutative: parts of any accounts, in any order and grouping, make the whole."""
        names, books, unit = accounts(len(losses), texts), np.array(losses, dtype=float).reshape(-1, 1), [[-1.0], [0.5]]
        whole = stress.worst_accounts(names, books, unit, top=top)
        where = np.array(data.draw(st.lists(st.integers(0, parts - 1), min_size=len(losses), max_size=len(losses))))
        pieces = []
        for part in range(parts):
            own = data.draw(st.permutations(np.flatnonzero(where == part).tolist()))
            pieces.append(stress.worst_accounts([names[n] for n in own], books[own], unit, top=top))
        while len(pieces) > 1:
            first = pieces.pop(data.draw(st.integers(0, len(pieces) - 1)))
            second = pieces.pop(data.draw(st.integers(0, len(pieces) - 1)))
            pieces.append(stress.merge_worst(first, second))
        assert pieces[0] == whole

    def test_it_keeps_the_largest_losses_with_their_labels(self) -> None:
        """The largest first; of equal losses the smaller label, not the earlier row."""
        found = stress.worst_accounts([7, 3, 9, 4], [[2.0], [1.0], [1.0], [-4.0]], [[-1.0], [1.0]], [1.0, 0.5], top=3)
        assert found == stress.WorstAccounts(3, 4, np.array([4, 7, 3]), np.array([2.0, 2.0, 1.0]), np.array([1, 0, 0]))

    def test_labels_are_texts_or_whole_numbers(self) -> None:
        """Those that numpy would round, mix or mask are refused, and so is an account that is kept twice."""
        books, unit = [[1.0], [2.0]], [[-1.0]]
        for labels in (np.array([1, 2], np.uint8), np.array(["a", "b"], object), np.array([1, 2**63 - 1], np.uint64)):
            assert stress.worst_accounts(labels, books, unit).accounts.tolist() == labels.tolist()[::-1]
        masked = np.ma.MaskedArray([1, 2], [True, False])
        huge = np.array([1, 2**63], np.uint64)
        for odd in ([1.0, 2.0], ["a", None], [b"a", b"b"], [True, False], [["a"], ["b"]], masked, huge):
            with pytest.raises(ValueError, match="accounts must be texts or whole numbers"):
                stress.worst_accounts(odd, books, unit)
        with pytest.raises(ValueError, match=r"accounts must have shape \(2,\), one label a book, got \(3,\)"):
            stress.worst_accounts([1, 2, 3], books, unit)
        with pytest.raises(ValueError, match="accounts must be one book each, got 'a' twice"):
            stress.worst_accounts(["a", "a"], books, unit)

    def test_what_cannot_be_merged(self) -> None:
        """Another number of accounts to keep, other labels, the same account in both, and what is no result."""
        one = stress.worst_accounts([1], [[1.0]], [[-1.0]], top=2)
        with pytest.raises(ValueError, match="second must keep as many accounts as first, 2, got 3"):
            stress.merge_worst(one, stress.worst_accounts([2], [[1.0]], [[-1.0]], top=3))
        with pytest.raises(ValueError, match="accounts of second must be texts or whole numbers as those of first"):
            stress.merge_worst(one, stress.worst_accounts(["2"], [[1.0]], [[-1.0]], top=2))
        with pytest.raises(ValueError, match="accounts must be one book each, got 1 twice"):
            stress.merge_worst(one, one)
        for pair in ((one, None), (None, one)):
            with pytest.raises(ValueError, match="must be a WorstAccounts, got None"):
                stress.merge_worst(*pair)  # type: ignore[arg-type]


def test_money_with_a_haircut_may_be_none_and_no_debt() -> None:
    """A part of a debt that does not count would make it smaller; without one, or of nothing, there is no such part."""
    coin = Cash("USDC", haircut=0.1)
    for contract, quantity in ((coin, 0.0), (coin, 5.0), (Cash("USDC"), -5.0)):
        assert legs([(contract, quantity)], (Cash,))[1].tolist() == [quantity]
    with pytest.raises(ValueError, match="haircut of USDC must be 0 for a debt"):
        legs([(coin, -1e-9)], (Cash,))


class TestRejects:
    def test_a_market_that_does_not_price_the_book(self) -> None:
        """An unknown underlying, currency or volatility is named, never taken as zero."""
        scenarios = grid(price=[-0.1])
        for contract, message in (
            (Linear("SOL"), "prices of the market must name 'SOL'"),
            (Cash("EUR"), "fx of the market must name 'EUR'"),
        ):
            with pytest.raises(ValueError, match=message):
                stress.evaluate([(contract, 1.0)], MARKET, scenarios)
        with pytest.raises(ValueError, match="give a volatility"):
            stress.evaluate([(Option("BTC", 1.0, 1.0), 1.0)], Market({"BTC": 1.0}), scenarios)

    def test_a_correlation_stress_needs_a_matrix(self) -> None:
        """Without a matrix there is nothing to stress."""
        with pytest.raises(ValueError, match="theta must be 0"):
            stress.evaluate([(Linear("BTC"), 1.0)], Market({"BTC": 1.0}), grid(correlation=[1.0]))

    def test_a_matrix_that_is_no_correlation_matrix(self) -> None:
        """The market refuses it; nothing is repaired in silence."""
        prices, volatilities = {"A": 1.0, "B": 1.0, "C": 1.0}, {"A": 1.0, "B": 1.0, "C": 1.0}
        with pytest.raises(ValueError, match="eigenvalue"):
            Market(prices, volatilities, [[1, 0.9, 0.7], [0.9, 1, -0.9], [0.7, -0.9, 1]])

    def test_axes_without_order(self) -> None:
        """A surface needs two different axes of the grid; a list of rows has none."""
        result = stress.evaluate(BOOK, MARKET, JOINT)
        with pytest.raises(ValueError, match="rows must be one of"):
            result.surface("volatility", "price")
        with pytest.raises(ValueError, match="columns must be one of"):
            result.surface("price", "price")
        with pytest.raises(ValueError, match="rows and columns must be two axes of the grid, which has none"):
            stress.evaluate(BOOK[:1], MARKET, published_grid("paradex")).surface("price", "volatility")

    def test_a_market_of_something_else(self) -> None:
        """What is no mapping is named, implied volatilities belong to options, and a dollar is a dollar."""
        for broken, message in (
            ({"prices": [60_000.0]}, r"prices must be a mapping, got \[60000.0\]"),
            ({"volatilities": 0.5}, "volatilities must be a mapping, got 0.5"),
            ({"implied": {"BTC": 0.5}}, "implied must hold Option, got 'BTC'"),
            ({"fx": {"USD": 2.0}}, r"fx\['USD'\] must be 1, got 2"),
        ):
            with pytest.raises(ValueError, match=message):
                Market(**({"prices": {"BTC": 60_000.0}} | broken))

    @pytest.mark.parametrize("book", [[Linear("BTC")], [(Linear("BTC"),)], {"BTC": 1.0}, 3.0])
    def test_a_book_that_is_no_list_of_pairs(self, book: object) -> None:
        """A forgotten quantity is an error that says what a book is."""
        with pytest.raises(ValueError, match="book must hold pairs of a contract and a quantity"):
            stress.evaluate(book, MARKET, JOINT)  # type: ignore[arg-type]

    def test_a_debt_with_a_haircut(self) -> None:
        """A haircut lowers what is held. On what is owed it would make the loss smaller than it is."""
        owed, scenarios = -100_000.0, grid(fx=[0.1])
        plain = stress.evaluate([(Cash("MXN"), owed)], MARKET, scenarios).worst.loss
        assert plain == pytest.approx(100_000 * 0.055 * 0.1, rel=1e-12)
        with pytest.raises(ValueError, match="haircut of MXN must be 0 for a debt"):
            stress.evaluate([(Cash("MXN", 0.05), owed)], MARKET, scenarios)

    def test_scenarios_of_ones_own(self) -> None:
        """Scenarios made by hand keep the rules of those that a function makes."""
        for moves, message in (
            ({"price": JOINT.moves["price"]}, "moves must name price, volatility"),
            ({**JOINT.moves, "fx": [0.0]}, r"fx must have shape \(54,\) like weight, got \(1,\)"),
            ({**JOINT.moves, "basis": np.full(54, -1.0)}, "basis must be > -1"),
        ):
            with pytest.raises(ValueError, match=message):
                stress.Scenarios(moves, JOINT.weight, {})
        with pytest.raises(ValueError, match=r"lowest must have shape \(54,\) like weight, got \(1,\)"):
            stress.Scenarios(JOINT.moves, JOINT.weight, {}, lowest=[0.1])
        with pytest.raises(ValueError, match=r"years must have shape \(1,\) like implied, got \(2,\)"):
            JOINT.volatility([0.5], [0.1, 0.2])
        with pytest.raises(ValueError, match="volatility must have shape"):
            stress.listed([0.1, 0.2], [0.1])
        with pytest.raises(ValueError, match="weight must be one number or have shape"):
            stress.listed([0.1, 0.2], [0.1, 0.0], [1.0, 1.0, 1.0])


ONE = stress.evaluate([(Linear("BTC"), 1.0)], MARKET, JOINT)
MOVES = {"zero", "negative"}

BAD_INPUT = {
    "grid": case(
        grid,
        **dict.fromkeys(("price", "basis", "fx"), (0, MOVES, "(-1, inf)")),
        volatility=(0, MOVES),
        correlation=(0, {"zero"}, "[0, 1]"),
        funding=(0, MOVES),
    ),
    "Market": case(
        lambda price, volatility, fx, rho: Market({"A": price}, {"A": volatility}, rho, fx={"MXN": fx}),
        price=(1, NOTHING, "(0, inf)"),
        volatility=(1, NOTHING, "(0, inf)"),
        fx=(1, NOTHING, "(0, inf)"),
        rho=([[1.0]], {"none"}),
    ),
    "Market.beta": case(lambda theta: MARKET.beta("ETH", theta), theta=(0.5, AT_LEAST_0, "[0, 1]")),
    "unit_pnl": case(lambda contracts: stress.unit_pnl(contracts, MARKET, JOINT), contracts=([Linear("BTC")], NOTHING)),
    "evaluate": case(lambda size: stress.evaluate([(Linear("BTC"), size)], MARKET, JOINT), size=(1, MOVES)),
    "worst_cases": case(
        stress.worst_cases,
        quantities=([[1.0]], NOTHING, "(-inf, inf)"),
        unit=([[1.0]], NOTHING, "(-inf, inf)"),
        weight=(1.0, {"zero"}, "[0, inf)"),
    ),
    "worst_accounts": case(
        lambda quantities, unit, weight, top: stress.worst_accounts([1], quantities, unit, weight, top=top),
        quantities=([[1.0]], NOTHING, "(-inf, inf)"),
        unit=([[1.0]], NOTHING, "(-inf, inf)"),
        weight=(1.0, {"zero"}, "[0, inf)"),
        top=(1, NOTHING, "1.."),
    ),
    "WorstAccounts": None,
    "merge_worst": None,
    "Evaluation.cell": case(ONE.cell, index=(0, {"zero"}, "0..53")),
    "listed": case(
        stress.listed,
        price=([0.1], NOTHING),
        volatility=([0.1], NOTHING),
        weight=(1.0, {"zero"}, "[0, inf)"),
        term=((0.3, 0.1), {"none"}),
        factors=((1.25, 1.0), NOTHING),
        lowest=(0.4, {"zero"}, "[0, inf)"),
        term_floor=(1.0, {"zero"}, "[0, inf)"),
    ),
    "AXES": None,
    "Cell": None,
    "Netting": None,
    "Scenarios": case(
        lambda move, weight: stress.Scenarios({**JOINT.moves, "funding": move}, weight, {}),
        move=(np.zeros(54), NOTHING),
        weight=(np.ones(54), NOTHING),
    ),
    "Scenarios.volatility": case(
        published_grid("paradex").volatility, implied=([0.5], NOTHING, "[0, inf)"), years=([0.1], NOTHING, "[0, inf)")
    ),
    "Market.implied_volatilities": None,
    "published_grid": None,
}

"""Stress grids: identities, limits and published facts."""

import itertools

import numpy as np
import pytest
from cases import AT_LEAST_0, NOTHING, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import stress
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

    def test_the_peso_moves_only_what_is_held_in_pesos(self) -> None:
        """The FX axis changes counted collateral without any perpetual moving; USD never moves."""
        unit = stress.unit_pnl([Cash("MXN", haircut=0.05), Cash("USD"), Linear("BTC")], MARKET, grid(fx=[-0.1]))
        assert unit[0].tolist() == pytest.approx([-0.1 * 0.055 * 0.95, 0.0, 0.0], rel=1e-12)

    def test_volatility_moves_scale_with_time_to_expiry(self) -> None:
        """Published rule: (30 days / max(1 day, DTE))^0.30 below and ^0.13 beyond 30 days; never below zero."""
        up = published_grid("derive_pmrm_v1")
        row = int(np.flatnonzero(up.moves["volatility"] > 0)[0])
        assert up.volatility_factor(30 / 365)[row] == pytest.approx(1.6, rel=1e-14)
        assert up.volatility_factor(7.5 / 365)[row] == pytest.approx(1 + 0.6 * 4**0.30, rel=1e-14)
        assert up.volatility_factor(120 / 365)[row] == pytest.approx(1 + 0.6 * 0.25**0.13, rel=1e-14)
        assert up.volatility_factor(1 / 24 / 365)[row] == pytest.approx(1 + 0.6 * 30**0.30, rel=1e-14)
        assert grid(volatility=[-1.0]).volatility_factor(0.1).tolist() == [0.0]

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


class TestPublishedGrids:
    @pytest.mark.parametrize(
        ("name", "rows", "tails", "edge"),
        [("paradex", 24, 8, 0.16), ("derive_pmrm_v1", 23, 0, 0.20), ("derive_pmrm_v2", 31, 8, 0.18)],
    )
    def test_sizes(self, name: str, rows: int, tails: int, edge: float) -> None:
        """The number of rows, of dampened rows, and the edge of the regular grid, as published."""
        scenarios = published_grid(name)
        assert len(scenarios) == rows
        assert (scenarios.weight < 1).sum() == tails
        assert np.abs(scenarios.moves["price"][scenarios.weight == 1]).max() == pytest.approx(edge, rel=1e-15)

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


class TestManyAccounts:
    @pytest.mark.parametrize("block", [1, 3, 512])
    def test_blocks_agree_with_one_book_at_a_time(self, block: int) -> None:
        """Blocked over accounts, the losses and the cells are those of each book alone."""
        scenarios = published_grid("derive_pmrm_v2")
        contracts = [Linear("BTC"), Linear("ETH"), Option("BTC", 80_000.0, 0.05), Cash("MXN")]
        unit = stress.unit_pnl(contracts, MARKET, scenarios)
        books = np.random.default_rng(3).normal(size=(7, 4)) * [1, 20, 5, 1e5]
        losses, cells = stress.worst_cases(books, unit, scenarios.weight, block=block)
        for book, loss, cell in zip(books, losses, cells, strict=True):
            alone = stress.evaluate(list(zip(contracts, book, strict=True)), MARKET, scenarios).worst
            assert loss == pytest.approx(alone.loss, rel=1e-12)
            assert cell == alone.index

    def test_a_book_that_only_gains_loses_nothing(self) -> None:
        """A loss is never negative."""
        losses, _ = stress.worst_cases([[1.0]], [[2.0], [3.0]])
        assert losses.tolist() == [0.0]


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


ONE = stress.evaluate([(Linear("BTC"), 1.0)], MARKET, JOINT)
MOVES = {"zero", "negative"}

BAD_INPUT = {
    "grid": case(grid, **{name: (0, {"zero"} if name == "correlation" else MOVES) for name in stress.AXES}),
    "Market": case(
        lambda price, volatility, fx, rho: Market({"A": price}, {"A": volatility}, rho, fx={"MXN": fx}),
        price=(1, NOTHING),
        volatility=(1, NOTHING),
        fx=(1, NOTHING),
        rho=([[1.0]], NOTHING),
    ),
    "Market.beta": case(lambda theta: MARKET.beta("ETH", theta), theta=(0.5, AT_LEAST_0)),
    "unit_pnl": case(lambda contracts: stress.unit_pnl(contracts, MARKET, JOINT), contracts=([Linear("BTC")], NOTHING)),
    "evaluate": case(lambda size: stress.evaluate([(Linear("BTC"), size)], MARKET, JOINT), size=(1, MOVES)),
    "worst_cases": case(
        stress.worst_cases,
        quantities=([[1.0]], NOTHING),
        unit=([[1.0]], NOTHING),
        weight=(1.0, NOTHING),
        block=(1, NOTHING),
    ),
    "Evaluation.cell": case(ONE.cell, index=(0, {"zero"})),
    "AXES": None,
    "Cell": None,
    "Netting": None,
    "Scenarios": None,
    "published_grid": None,
}

"""Deleveraging: every rule to the coin and the dollar, what a closed position costs, the examples of venues."""

import numpy as np
import pytest
from cases import ANY, AT_LEAST_0, NOTHING, POSITIVE, case
from hypothesis import given
from hypothesis import strategies as st

from perpnotes import deleveraging
from perpnotes.deleveraging import capped, close, deficit, pro_rata, queue, walk

WINNERS = np.array([8.0, 4.0, 0.5])  # unrealized profits of accounts with equities of 10, 5 and 1
amounts = st.lists(st.floats(0.1, 10.0), min_size=1, max_size=6)


class TestScores:
    def test_effective_leverage_is_notional_over_equity(self) -> None:
        """Of a long, a short and an inverse long, each from its own bankruptcy price."""
        long = deleveraging.effective_leverage(2 * 110.0, 2 * 99.0)  # equity 22
        short = deleveraging.effective_leverage(-2 * 110.0, -2 * 115.5)  # equity 11
        inverse = deleveraging.effective_leverage(-100.0 / 50, -100.0 / 40)  # 2 coins over 0.5 of equity
        assert (long, short, inverse) == (10.0, 20.0, 4.0)
        with pytest.raises(ValueError, match="bankruptcy_value must be below mark_value"):
            deleveraging.effective_leverage(100.0, 100.0)

    def test_leverage_raises_a_winner_and_shields_a_loser(self) -> None:
        """The score of a gain grows with leverage; of a loss it comes nearer to 0 with it, from below."""
        up = deleveraging.return_score(0.2, [1.0, 2.0, 5.0])
        down = deleveraging.return_score(-0.2, [1.0, 2.0, 5.0])
        assert up.tolist() == pytest.approx([0.2, 0.4, 1.0], rel=1e-15)
        assert down.tolist() == pytest.approx([-0.2, -0.1, -0.04], rel=1e-15)

    def test_the_ratio_of_prices_as_printed_spares_the_short_that_won_more(self) -> None:
        """With the same leverage; by return it is the other way."""
        entries, mark = np.array([80.0, 60.0]), 50.0
        assert np.argmax(deleveraging.price_score(entries, mark, 3.0)) == 1
        assert np.argmax(deleveraging.return_score((entries - mark) / entries, 3.0)) == 0

    def test_a_wallet_below_a_dollar_counts_as_one_and_a_bankrupt_account_as_nothing(self) -> None:
        found = deleveraging.margin_score([10.0, 10.0, -5.0], [0.5, 20.0, 4.0], 3.0)
        assert found.tolist() == pytest.approx([10.0 * 3 / 10.5, 0.5 * 3 / 30, 0.0], rel=1e-15)

    def test_requirement_over_equity_may_be_beyond_floats(self) -> None:
        """Who has lost scores 0 there too, and who has gained the number that the formula has."""
        assert deleveraging.margin_score([-1e-300, 2e-300], 2e-300, 1e299) == pytest.approx([0.0, 5e298], rel=1e-12)


class TestAllocation:
    def test_the_fund_pays_first(self) -> None:
        equities = [10.0, 5.0, 1.0, -3.0, -12.0]
        assert deficit(equities) == (15.0, 0.0, 15.0)
        assert deficit(equities, 7.5) == (15.0, 7.5, 7.5)
        assert deficit(equities, 100.0) == (15.0, 15.0, 0.0)

    def test_the_published_example(self) -> None:
        """Half of a deficit of 15, from equities of 10, 5 and 1: 0.46875 of each (arXiv 2512.01112)."""
        equities = np.array([10.0, 5.0, 1.0])
        assert (pro_rata(equities, 7.5) / equities).tolist() == [0.46875] * 3

    def test_three_rules_by_hand(self) -> None:
        """Half of a deficit of 15 from profits of 8, 4 and 0.5."""
        assert pro_rata(WINNERS, 7.5) == pytest.approx([4.8, 2.4, 0.3], rel=1e-12)
        assert queue(WINNERS, 7.5, [2.0, 3.0, 1.0]).tolist() == [3.5, 4.0, 0.0]
        level = capped(WINNERS, 7.5, [0.5, 0.9, 0.9])
        assert level / WINNERS == pytest.approx([0.5, 7 / 9, 7 / 9], rel=1e-12)

    @given(claims=amounts, part=st.floats(0, 1), data=st.data())
    def test_every_rule_raises_the_amount_and_takes_no_more_than_there_is(
        self, claims: list[float], part: float, data: st.DataObject
    ) -> None:
        claim = np.array(claims)
        unit = st.lists(st.floats(0.1, 1), min_size=len(claims), max_size=len(claims))
        caps = np.array(data.draw(unit))
        for taken, amount, most in (
            (pro_rata(claim, part * claim.sum()), part * claim.sum(), claim),
            (queue(claim, part * claim.sum(), caps), part * claim.sum(), claim),
            (capped(claim, part * (caps * claim).sum(), caps), part * (caps * claim).sum(), caps * claim),
        ):
            assert taken.sum() == pytest.approx(amount, rel=1e-12, abs=1e-12)  # amounts may be 0
            assert (taken >= 0).all()
            assert (taken <= most * (1 + 1e-12)).all()

    @given(claims=amounts, part=st.floats(0.01, 1), share=st.floats(0.1, 0.9))
    def test_splitting_an_account_changes_nothing_pro_rata(
        self, claims: list[float], part: float, share: float
    ) -> None:
        """And nobody overtakes anybody."""
        claim = np.array(claims)
        amount = part * claim.sum()
        first = claim[0]
        whole = pro_rata(claim, amount)
        split = pro_rata([share * first, (1 - share) * first, *claim[1:]], amount)
        assert split[:2].sum() == pytest.approx(whole[0], rel=1e-9)
        left = claim - whole
        assert (np.argsort(claim, kind="stable") == np.argsort(left, kind="stable")).all() or part > 1 - 1e-9

    def test_a_queue_can_be_gamed_by_splitting(self) -> None:
        """A part with less leverage stands further back, and keeps what the whole would have lost."""
        whole = queue([8.0, 4.0], 6.0, [3.0, 2.0])
        split = queue([4.0, 4.0, 4.0], 6.0, [3.0, 1.0, 2.0])
        assert (whole[0], split[:2].sum()) == (6.0, 4.0)

    def test_enough_equity_is_not_enough_profit(self) -> None:
        """Winners hold 16 of equity and 12.5 of profit; 15 cannot be taken without touching a deposit."""
        assert np.array([10.0, 5.0, 1.0]).sum() > 15.0 > WINNERS.sum()
        with pytest.raises(ValueError, match=r"amount must be at most what may be taken, 12\.5, got 15"):
            pro_rata(WINNERS, 15.0)

    def test_caps_that_bind_everywhere(self) -> None:
        assert capped([1.0, 2.0], 1.5, 0.5).tolist() == [0.5, 1.0]
        assert capped([0.0, 0.0], 0.0, 0.5).tolist() == [0.0, 0.0]
        with pytest.raises(ValueError, match="amount must be at most what may be taken"):
            capped([1.0, 2.0], 1.6, 0.5)

    def test_the_cap_is_the_least_that_the_hardest_hit_can_lose(self) -> None:
        """Against every other way on a grid: none raises the amount within the caps with a smaller largest part."""
        equity, profit, amount = np.array([10.0, 5.0, 2.0]), np.array([2.0, 4.0, 1.0]), 4.2
        largest = (capped(equity, amount, profit / equity) / equity).max()
        grid = np.linspace(0.0, 1.0, 41)
        parts = np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(-1, 3) * profit
        raises = parts[parts.sum(axis=1) >= amount]
        assert largest <= (raises / equity).max(axis=1).min() + 1e-12
        assert largest == pytest.approx((4.2 - 2.0) / 7.0, rel=1e-12)  # the first gives its whole profit

    @given(claims=amounts, part=st.floats(0, 1), start=st.integers(0, 5))
    def test_a_walk_is_a_queue_in_the_order_of_the_accounts(self, claims: list[float], part: float, start: int) -> None:
        """From the start to the last, then from the first."""
        claim, first = np.array(claims), start % len(claims)
        places = (np.arange(len(claim)) - first) % len(claim)
        amount = part * claim.sum()
        assert walk(claim, amount, first).tolist() == queue(claim, amount, -places).tolist()

    def test_the_place_says_how_much_must_be_closed_before_one_is_gone(self) -> None:
        """Closing that part of all coins takes all of it, and none of those behind."""
        claim, scores = np.array([4.0, 6.0, 8.0, 2.0]), [0.3, 0.7, 0.4, 0.2]
        found = deleveraging.place(claim, scores)
        for account, part in enumerate(found):
            taken = queue(claim, part * claim.sum(), scores)
            assert taken[account] == pytest.approx(claim[account], rel=1e-12)
            assert taken[found > part].sum() == pytest.approx(0.0, abs=1e-12)
        with pytest.raises(ValueError, match="claims must not all be 0"):
            deleveraging.place([0.0], [1.0])

    def test_a_random_start_is_fair_to_nobody_in_particular(self) -> None:
        """Of equal positions each gives the same on average, and one start takes all from a few."""
        claim = np.full(5, 2.0)
        every = np.array([walk(claim, 4.0, start) for start in range(5)])
        assert every.mean(axis=0).tolist() == [0.8] * 5
        assert sorted(every[3].tolist()) == [0.0, 0.0, 0.0, 2.0, 2.0]

    def test_a_socialized_loss_takes_from_those_who_have_gained_nothing(self) -> None:
        """It may take more than a profit, where the other rules refuse."""
        assert deleveraging.socialized([1.0, 1.0], 10.0).tolist() == [5.0, 5.0]
        with pytest.raises(ValueError, match="amount must be at most"):
            pro_rata([1.0, 1.0], 10.0)
        with pytest.raises(ValueError, match="weights must not all be 0"):
            deleveraging.socialized([0.0, 0.0], 1.0)

    def test_a_cut_of_withdrawals_is_never_more_than_all(self) -> None:
        assert deleveraging.withdrawal_cut([0.0, 50.0, 300.0], 200.0).tolist() == [0.0, 0.25, 1.0]


SHORTS = np.array([-4.0, -6.0, -8.0, -2.0])
ENTRIES = np.array([63_000.0, 58_000.0, 55_000.0, 66_000.0])


class TestClosing:
    @given(start=st.integers(0, 3), rank=st.permutations(range(4)))
    def test_at_the_bankruptcy_price_the_money_goes_from_hand_to_hand(self, start: int, rank: list[int]) -> None:
        """Whoever is chosen: the winners give up at the mark what the bankrupt account is short of."""
        size, entry, deposit, mark = 10.0, 60_000.0, 30_000.0, 54_000.0
        bankruptcy = entry - deposit / size
        missing = deficit([deposit + size * (mark - entry)])[0]
        rules = (walk(-SHORTS, size, start), queue(-SHORTS, size, rank), pro_rata(-SHORTS, size))
        for coins in rules:
            assert close(SHORTS, ENTRIES, coins, bankruptcy).cost(mark).sum() == pytest.approx(missing, rel=1e-12)

    def test_a_price_beyond_the_entry_turns_a_profit_into_a_loss(self) -> None:
        """The third short is up 1,000 a coin at the mark, and realizes a loss of 2,000 a coin."""
        found = close(SHORTS, ENTRIES, [0.0, 0.0, 8.0, 0.0], 57_000.0)
        assert found.kept.tolist() == [0.0, 0.0, -16_000.0, 0.0]
        assert found.left.tolist() == [-4.0, -6.0, 0.0, -2.0]

    def test_what_is_kept_given_up_and_left_is_what_there_was(self) -> None:
        """Profit at the mark before = kept + given up + profit of what is left."""
        mark, coins = 54_000.0, pro_rata(-SHORTS, 7.0)
        found = close(SHORTS, ENTRIES, coins, 57_000.0)
        before = SHORTS * (mark - ENTRIES)
        after = found.left * (mark - ENTRIES)
        assert found.kept + found.cost(mark) + after == pytest.approx(before, rel=1e-12)

    def test_a_later_price_adds_luck(self) -> None:
        """A further fall costs the closed short more than the transfer, a rebound beyond the price pays it."""
        found = close([-10.0], [63_000.0], [10.0], 57_000.0)
        assert [found.cost(price)[0] for price in (54_000.0, 50_000.0, 58_000.0)] == [30_000.0, 70_000.0, -10_000.0]

    def test_longs_are_mirrored(self) -> None:
        """A bankrupt short is bought back from longs."""
        found = close([3.0, 5.0], [90.0, 100.0], [3.0, 1.0], 110.0)
        assert (found.kept.tolist(), found.left.tolist(), found.cost(120.0).tolist()) == (
            [60.0, 10.0],
            [0.0, 4.0],
            [30.0, 10.0],
        )

    def test_the_derivation_adds_up(self) -> None:
        found = close(SHORTS, ENTRIES, pro_rata(-SHORTS, 10.0), 57_000.0)
        terms = {term.symbol: term.value for term in found.why(2, 54_000.0).terms}
        assert terms["q"] + terms["c"] == terms["q'"] == -4.0
        assert (terms["K"], terms["X"]) == (-8_000.0, 12_000.0)
        with pytest.raises(ValueError, match="index must be <= 3"):
            found.why(4, 54_000.0)

    def test_more_than_there_is_cannot_be_closed(self) -> None:
        with pytest.raises(ValueError, match="coins must be at most what each account holds"):
            close([-1.0], [100.0], [1.1], 90.0)
        with pytest.raises(ValueError, match="one entry per account, got 1, 2 and 1"):
            close([-1.0], [100.0, 100.0], [1.0], 90.0)


BAD_INPUT = {
    "Closed": None,
    "capped": case(
        capped,
        claims=([1.0], NOTHING, "[~0.66666666667, inf)"),
        amount=(0.5, {"zero"}, "[0, ~0.75]"),
        caps=(0.75, NOTHING, "[~0.5, 1]"),
    ),
    "close": case(
        close,
        sizes=([-1.0], NOTHING),
        entries=([100.0], NOTHING, "(0, inf)"),
        coins=([0.5], NOTHING, "[0, ~1]"),
        price=(90.0, NOTHING, "(0, inf)"),
    ),
    "deficit": case(deficit, equities=([-1.0], ANY), fund=(1.0, {"zero"}, "[0, inf)")),
    "effective_leverage": case(
        deleveraging.effective_leverage,
        mark_value=(0.5, ANY, "(-1, inf)"),
        bankruptcy_value=(-1.0, {"zero", "negative"}, "(-inf, 0.5)"),
    ),
    "margin_score": case(
        deleveraging.margin_score, profit=(1.0, ANY), wallet=(2.0, AT_LEAST_0), maintenance=(0.5, AT_LEAST_0)
    ),
    "place": case(deleveraging.place, claims=([1.0], NOTHING, "(0, inf)"), scores=([1.0], NOTHING, "(-inf, inf)")),
    "price_score": case(
        deleveraging.price_score, entry=(50.0, POSITIVE), mark=(55.0, POSITIVE), leverage=(2.0, POSITIVE)
    ),
    "pro_rata": case(pro_rata, claims=([1.0], NOTHING, "[~0.5, inf)"), amount=(0.5, {"zero"}, "[0, ~1]")),
    "queue": case(
        queue,
        claims=([1.0], NOTHING, "[~0.5, inf)"),
        amount=(0.5, {"zero"}, "[0, ~1]"),
        scores=([1.0], NOTHING, "(-inf, inf)"),
    ),
    "return_score": case(deleveraging.return_score, gain=(0.1, ANY), leverage=(2.0, POSITIVE)),
    "socialized": case(
        deleveraging.socialized, weights=([1.0], NOTHING, "(0, inf)"), amount=(1.0, {"zero"}, "[0, inf)")
    ),
    "walk": case(
        walk,
        claims=([1.0], NOTHING, "[~0.5, inf)"),
        amount=(0.5, {"zero"}, "[0, ~1]"),
        start=(0, {"zero"}, "0..0"),
    ),
    "withdrawal_cut": case(deleveraging.withdrawal_cut, shortfall=(1.0, AT_LEAST_0), claims=(4.0, POSITIVE)),
}

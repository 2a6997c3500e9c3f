"""Where a position is liquidated: the price, with fees, funding, tiers and the rest of the account in it.

A position is liquidated at the first mark at which `equity <= multiple * maintenance + close fee`. The equity at any
mark is the wallet plus the P&L of the position plus the P&L of the other legs.

An inverse contract is a linear one in the reciprocal price with its side reversed, so one solver serves both. And in
a continuous tier table the maintenance margin is the *largest* of the lines `m_k N - c_k`, so the liquidation price is
the most adverse of the prices of the tiers, with no search for the right one.

Some positions cannot be liquidated, and some are at every mark. A long is liquidated at every mark `<=` its price and
a short at every mark `>=` its price, over all marks above 0 and below infinity. So 0 means *never* for a long and *at
every mark* for a short; infinity means *never* for a short and *at every mark* for a long.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, overload

import numpy as np

from perpnotes import _normal
from perpnotes._crossing import first_move
from perpnotes._derivation import Derivation, Term
from perpnotes._frozen import ByValue
from perpnotes._types import ArrayLike, FloatArray, Floats
from perpnotes._validate import brief, broadcast, defined, flag, flags, instance, one_of, real, scalar, sides, text
from perpnotes._venues import DOCUMENTS, LIQUIDATIONS, PRACTICE
from perpnotes._venues import TOPICS as _TOPICS
from perpnotes.margin import Account, Assessment, Tiers

__all__ = [
    "TOPICS",
    "VENUES",
    "Budget",
    "Estimate",
    "Interval",
    "Rule",
    "Settlement",
    "Statement",
    "bankruptcy_value",
    "budget",
    "cross_move",
    "interval",
    "intervals",
    "overtaken",
    "price",
    "published_practice",
    "published_rule",
    "settle",
    "stop_deviations",
    "stop_slippage",
]

TOPICS: Mapping[str, str] = _TOPICS
"""What `published_practice` can be asked about, and what each topic means.

- `maintenance`: what maintenance margin is charged on
- `close fee`: whether the check counts the fee of the close
- `fee`: the liquidation fee
- `remainder`: who gets what the close leaves
- `partial`: how much is closed at a time
- `last resort`: who pays when the margin does not
- `mark`: the price that is compared
- `funding`: how often funding is paid, and its cap
- `isolated funding`: what pays the funding of an isolated position
- `stale`: what happens when a feed is stale or off
"""

VENUES: tuple[str, ...] = tuple(PRACTICE)
"""The venues that `published_practice` knows; `published_rule` knows those of them that print numbers.

Binance, Bybit, OKX, Hyperliquid, dYdX, Deribit, BitMEX, Kraken, Paradex, Drift, Derive.
"""

_BLOCK = 8192  # accounts at a time: the few buffers of the tier loop stay in the cache
_YEAR_SECONDS = 365 * 86_400


@overload
def price(
    size: float,
    entry: float,
    wallet: float,
    maintenance: float,
    *,
    deduction: float = ...,
    inverse: bool = ...,
    basis: Literal["mark", "entry"] = ...,
    open_fee: float = ...,
    close_fee: float = ...,
    funding: float = ...,
    other_pnl: float = ...,
    other_maintenance: float = ...,
    multiple: float = ...,
) -> float: ...
@overload
def price(
    size: ArrayLike,
    entry: ArrayLike,
    wallet: ArrayLike,
    maintenance: ArrayLike,
    *,
    deduction: ArrayLike = ...,
    inverse: bool = ...,
    basis: Literal["mark", "entry"] = ...,
    open_fee: ArrayLike = ...,
    close_fee: ArrayLike = ...,
    funding: ArrayLike = ...,
    other_pnl: ArrayLike = ...,
    other_maintenance: ArrayLike = ...,
    multiple: ArrayLike = ...,
) -> FloatArray: ...
def price(
    size: ArrayLike,
    entry: ArrayLike,
    wallet: ArrayLike,
    maintenance: ArrayLike,
    *,
    deduction: ArrayLike = 0.0,
    inverse: bool = False,
    basis: Literal["mark", "entry"] = "mark",
    open_fee: ArrayLike = 0.0,
    close_fee: ArrayLike = 0.0,
    funding: ArrayLike = 0.0,
    other_pnl: ArrayLike = 0.0,
    other_maintenance: ArrayLike = 0.0,
    multiple: ArrayLike = 1.0,
) -> Floats:
    """Liquidation price: the most adverse over the tiers of `(s q E - B - l c_k) / (q (s - l m_k - phi))`.

    `s = +1` long, `-1` short; `q` is the size without its sign, `E` the entry, `m_k` and `c_k` are rate and deduction
    of tier `k`, `l` is the multiple, `phi` the close fee and `B` the equity at the entry, after the open fee and the
    funding, that the other legs' maintenance leaves free:
    `B = wallet - (open_fee + s funding) N_E + other_pnl - l other_maintenance`, with the notional `N_E` at the entry.
    For an inverse contract the same holds in `1/P`, one over the price, with the side reversed. On the entry basis it
    is `E + s (l MM(N_E) + phi N_E - B) / q`, where `MM(N_E)` is the maintenance margin of that notional.

    Parameters:
        size: coins, or USD of contracts with `inverse`; long `> 0`, short `< 0`, not 0. Any shape; all numbers
            broadcast.
        entry: average entry price, `> 0`, USD per coin; or any price, with the equity at that price as `wallet`.
        wallet: what backs the position before the open fee and the funding below, in the settlement currency (USD, or
            coins with `inverse`): the position's margin if isolated, the account's balance if cross. Either sign.
        maintenance: a `Tiers` table in the settlement currency, or maintenance rates in `[0, 1)`.
        deduction: the amount `c` of the tier, `>= 0`; only with maintenance rates, 0 with a table.
        inverse: True for an inverse contract.
        basis: whether maintenance and close fee are charged on `"mark"` or on `"entry"` notional.
        open_fee: fee to open as a fraction of the entry notional; `< 0` is a rebate. 0 if the wallet has paid it.
        close_fee: fee to close as a fraction of the notional, in `[0, 1)`; 0 where the check leaves it out. Where the
            check counts the next funding payment too, as BitMEX's does, with the rate that will be paid.
        funding: sum of the rates expected until then, on the entry notional: longs pay `> 0`. `np.cumsum(path)` gives
            the price after each payment of a path.
        other_pnl: unrealized P&L of the other legs, at frozen marks, settlement currency.
        other_maintenance: maintenance margin of the other legs, `>= 0`, settlement currency. With it and `other_pnl` it
            is a cross price; without, isolated.
        multiple: the multiple of maintenance at which it happens, `>= 0`: 1 is liquidation, 0 is bankruptcy.

    Returns:
        USD per coin, `>= 0`. For a long, 0 is *never* and infinity *at every mark*; for a short, the other way round.

    Raises:
        ValueError: for a non-finite value or one outside its range, a size of 0, a deduction beside a table, or a
            multiple that makes maintenance and fee reach the notional.

    Examples:
        >>> sizes = [1.0, -1.0]
        >>> price(sizes, 60_000.0, 6_000.0, 0.005, close_fee=0.0005).round(2)
        array([54298.64, 65638.99])
        >>> price(60_000.0, 50_000.0, 0.12, 0.005, inverse=True).round(6)
        np.float64(45681.818182)
        >>> price(1.0, 60_000.0, 60_000.0, 0.005)  # a fully paid long: never
        np.float64(0.0)
        >>> both = [1.0, 0.0]  # liquidation and bankruptcy
        >>> price(1.0, 60_000.0, 6_000.0, 0.005, multiple=both).round(2)
        array([54271.36, 54000.  ])

    Source: the form of Binance's, Gate's and dYdX's documentation (mark basis) and of Bybit's (entry basis); the tiers
    as a maximum, by convexity.
    """
    signed, start = real("size", size), real("entry", entry, gt=0)
    if not signed.all():
        raise ValueError("size must not be 0")
    flag("inverse", inverse)
    one_of("basis", basis, ("mark", "entry"))
    cash, opening, fee = real("wallet", wallet), real("open_fee", open_fee), real("close_fee", close_fee, ge=0, lt=1)
    rates, offset = real("funding", funding), real("deduction", deduction, ge=0)
    gained, held = real("other_pnl", other_pnl), real("other_maintenance", other_maintenance, ge=0)
    scale = real("multiple", multiple, ge=0)
    if isinstance(maintenance, Tiers):
        if offset.any():
            raise ValueError("deduction must be 0 beside a Tiers table, which has its own")
        lines = [(np.asarray(m), np.asarray(c)) for m, c in zip(maintenance.rates, maintenance.deductions, strict=True)]
    else:
        lines = [(real("maintenance", maintenance, ge=0, lt=1), offset)]
    broadcast(
        size=signed, entry=start, wallet=cash, maintenance=lines[-1][0], deduction=offset, open_fee=opening,
        close_fee=fee, funding=rates, other_pnl=gained, other_maintenance=held, multiple=scale,
    )  # fmt: skip
    if np.max(scale * lines[-1][0] + fee) >= 1:
        raise ValueError("multiple * maintenance + close_fee must be < 1: else no price is safe")

    side, coins = np.sign(signed), np.abs(signed)
    unit = 1.0 / start if inverse else start  # settlement currency for one unit of size, at entry
    free = cash + gained - scale * held
    per_unit = free / coins - (opening + side * rates) * unit
    turned = -side if inverse else side
    if basis == "entry":
        notional = coins * unit
        asked = np.max([m * notional - c for m, c in lines], axis=0)
        root = turned * unit + (scale * asked + fee * notional) / coins - per_unit
    else:
        root = _most_adverse(turned * unit - per_unit, turned, scale / coins, scale, fee, lines)
    root = np.asarray(turned * root)
    root = np.where(root > 1e-12 * unit, root, 0.0)[()]  # rounding must not turn no price into one
    if not inverse:
        return root
    inverted: FloatArray = np.divide(1.0, root, out=np.full(root.shape, np.inf), where=root > 0)
    return inverted[()]


def _most_adverse(
    base: FloatArray,
    side: FloatArray,
    per: FloatArray,
    scale: FloatArray,
    fee: FloatArray,
    lines: list[tuple[FloatArray, FloatArray]],
) -> FloatArray:
    """`max_k (base - c_k per) / (1 - side (scale m_k + fee))`, in blocks; a price times its side."""
    shape = np.broadcast_shapes(*(a.shape for a in (base, side, per, scale, fee, *lines[-1])))
    total = math.prod(shape)

    def flat(values: FloatArray) -> FloatArray:
        return values if values.ndim == 0 else np.broadcast_to(values, shape).ravel()

    columns = [flat(values) for values in (base, side, per, scale, fee)]
    table = [(flat(m), flat(c)) for m, c in lines]
    result = np.full(total, -np.inf)
    for start in range(0, total, _BLOCK):
        part = slice(start, min(start + _BLOCK, total))
        b, s, u, lam, f = (values if values.ndim == 0 else values[part] for values in columns)
        best = result[part]
        for rates, amounts in table:
            m, c = (values if values.ndim == 0 else values[part] for values in (rates, amounts))
            np.maximum(best, (b - c * u) / (1.0 - s * (lam * m + f)), out=best)
    return result.reshape(shape)[()]


@overload
def bankruptcy_value(size: float, mark: float, equity: float, *, share: float = ...) -> float: ...
@overload
def bankruptcy_value(size: ArrayLike, mark: ArrayLike, equity: ArrayLike, *, share: ArrayLike = ...) -> FloatArray: ...
def bankruptcy_value(size: ArrayLike, mark: ArrayLike, equity: ArrayLike, *, share: ArrayLike = 1.0) -> Floats:
    """Cash that closing a part must bring to cost the account exactly the equity behind it.

    It is `size * mark - share * equity`.

    Over the size it is the bankruptcy price. A cross account has one equity for all legs; a venue splits it, for
    instance by maintenance margin. As cash it may take either sign where a price may not: a long that is paid for in
    full can be given away.

    Parameters:
        size: coins to be closed, with the sign of the position. Any shape; the arguments broadcast.
        mark: mark price, `> 0`, USD per coin.
        equity: equity of the account, USD; either sign.
        share: the part of the equity that stands behind what is closed, in `[0, 1]`.

    Returns:
        Cash to the account, USD: `> 0` is received for a long, `< 0` is paid to buy back a short.

    Raises:
        ValueError: for a non-finite value or one outside its range.

    Examples:
        >>> bankruptcy_value([0.1, -0.1], 50_000.0, 499.0).tolist()
        [4501.0, -5499.0]

    Source: the bankruptcy price of the dYdX v4 protocol, which splits by maintenance margin.
    """
    q, p = real("size", size), real("mark", mark, gt=0)
    worth, part = real("equity", equity), real("share", share, ge=0, le=1)
    broadcast(size=q, mark=p, equity=worth, share=part)
    return q * p - part * worth


@dataclass(frozen=True, slots=True)
class Estimate:
    """One position with every assumption in its liquidation price; the parameters are those of `price`.

    Change an assumption with `dataclasses.replace`.

    Parameters:
        size: coins, or USD of contracts with `inverse`; long `> 0`, short `< 0`, not 0.
        entry: average entry price, `> 0`, USD per coin.
        wallet: what backs the position before the open fee and the funding, settlement currency.
        maintenance: a `Tiers` table, or one maintenance rate in `[0, 1)`.
        deduction: the amount of the tier, `>= 0`; only with a rate.
        inverse: True for an inverse contract.
        basis: `"mark"` or `"entry"`.
        open_fee: fee to open, a fraction of the entry notional.
        close_fee: fee to close, a fraction of the notional, in `[0, 1)`.
        funding: sum of the expected rates; longs pay `> 0`.
        other_pnl: unrealized P&L of the other legs.
        other_maintenance: maintenance margin of the other legs, `>= 0`.

    Raises:
        ValueError: for what `price` refuses, or an array.

    Examples:
        >>> position = Estimate(
        ...     0.5, 60_000.0, 3_000.0, 0.005, close_fee=0.0005, funding=0.003
        ... )
        >>> print(position.why())
        size, long above 0              0.5        q
        entry price                60,000.00 USD   E
        wallet                      3,000.00 USD   W
        open fee                        0.00 USD   F_o = φ_o N_E
        funding to be paid             90.00 USD   F = s f N_E
        P&L of other legs               0.00 USD   U
        maintenance of other legs       0.00 USD   M_o
        what backs it at entry      2,910.00 USD   B = W - F_o - F + U - M_o
        maintenance rate there          0.005      m_k
        deduction of that tier          0.00 USD   c_k
        close fee                       0.0005     φ
        bankruptcy price           54,207.10 USD   P_0 = P at M = 0
        liquidation price          54,479.64 USD   P = (s q E - B - c_k)/(q (s - m_k - φ))
    """

    size: float
    entry: float
    wallet: float
    maintenance: Tiers | float
    deduction: float = 0.0
    inverse: bool = False
    basis: Literal["mark", "entry"] = "mark"
    open_fee: float = 0.0
    close_fee: float = 0.0
    funding: float = 0.0
    other_pnl: float = 0.0
    other_maintenance: float = 0.0
    _price: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, value in self._assumptions().items():
            if name not in ("maintenance", "inverse", "basis"):
                scalar(name, value)
        if not isinstance(self.maintenance, Tiers):
            scalar("maintenance", self.maintenance)
        object.__setattr__(self, "_price", float(self.at(1.0)))

    def _assumptions(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.init}

    @overload
    def at(self, multiple: float) -> float: ...
    @overload
    def at(self, multiple: ArrayLike) -> FloatArray: ...
    def at(self, multiple: ArrayLike) -> Floats:
        """The price at which equity is this multiple of maintenance, plus the close fee: `price(..., multiple=...)`.

        Parameters:
            multiple: `>= 0`; any shape.

        Returns:
            USD per coin, the shape of `multiple`; 0 and infinity mean what they mean in `price`.

        Raises:
            ValueError: for a negative or non-finite multiple, or one that makes maintenance and fee reach the notional.
        """
        return price(**self._assumptions(), multiple=multiple)

    @property
    def side(self) -> int:
        """1 for a long, -1 for a short."""
        return 1 if self.size > 0 else -1

    @property
    def price(self) -> float:
        """Liquidation price, USD; for a long, 0 is *never* and infinity *at every mark*, for a short the reverse."""
        return self._price

    @property
    def bankruptcy(self) -> float:
        """The price at which the equity, after the close fee, is 0; USD, with the same meaning of 0 and infinity."""
        return float(self.at(0.0))

    @property
    def exists(self) -> bool:
        """Whether liquidation begins at some mark: above 0 and below infinity."""
        return 0 < self.price < math.inf

    def distance(self, mark: float) -> float:
        """Relative adverse move from `mark` to liquidation: `side * (1 - price / mark)`; below 0 where it is too late.

        Parameters:
            mark: mark price, `> 0`, USD per coin.

        Returns:
            A fraction of `mark`; for a position that is never liquidated 1 if long and infinity if short.

        Raises:
            ValueError: for a mark that is not positive and finite.
        """
        return self.side * (1.0 - self.price / scalar("mark", mark, gt=0))

    def equity(self, mark: float) -> float:
        """Equity at a mark, settlement currency: the wallet after open fee and funding, plus the P&L of all legs.

        Parameters:
            mark: mark price, `> 0`, USD per coin.

        Raises:
            ValueError: for a mark that is not positive and finite.
        """
        at = scalar("mark", mark, gt=0)
        gained = self.size * (1 / self.entry - 1 / at if self.inverse else at - self.entry)
        paid = (self.open_fee + self.side * self.funding) * self._notional(self.entry)
        return self.wallet - paid + gained + self.other_pnl

    def maintenance_at(self, mark: float) -> float:
        """Maintenance margin of this leg at a mark, settlement currency; on the entry basis it is the same at each.

        Parameters:
            mark: mark price, `> 0`, USD per coin.

        Raises:
            ValueError: for a mark that is not positive and finite.
        """
        at = scalar("mark", mark, gt=0)
        notional = self._notional(self.entry if self.basis == "entry" else at)
        if isinstance(self.maintenance, Tiers):
            return float(self.maintenance.maintenance(notional))
        return max(0.0, self.maintenance * notional - self.deduction)

    def _notional(self, mark: float) -> float:
        return abs(self.size) * (1 / mark if self.inverse else mark)

    def why(self) -> Derivation:
        """The terms behind the liquidation price."""
        currency = "coins" if self.inverse else "USD"
        entry_notional = abs(self.size) * (1 / self.entry if self.inverse else self.entry)
        rate, amount = float(self.maintenance) if not isinstance(self.maintenance, Tiers) else 0.0, self.deduction
        if isinstance(self.maintenance, Tiers):
            there = self.price if self.exists and self.basis == "mark" else self.entry
            tier = int(self.maintenance.tier(abs(self.size) * (1 / there if self.inverse else there)))
            rate, amount = self.maintenance.rates[tier], self.maintenance.deductions[tier]
        if self.basis == "entry":
            formula = r"E + s (m_k N_E - c_k + {\phi} N_E - B) / q"
        elif self.inverse:
            formula = r"\frac{q (1 + s m_k + s {\phi})}{q/E + s (B + c_k)}"
        else:
            formula = r"\frac{s q E - B - c_k}{q (s - m_k - {\phi})}"
        never = self.price == (0.0 if self.side > 0 else math.inf)
        opening, paid = self.open_fee * entry_notional, self.side * self.funding * entry_notional
        backing = self.wallet - opening - paid + self.other_pnl - self.other_maintenance
        name = "liquidation price" if self.exists else f"no liquidation price, {'never' if never else 'at every mark'}"
        return Derivation(
            (
                Term("q", "size, long above 0", self.size),
                Term("E", "entry price", self.entry, "USD"),
                Term("W", "wallet", self.wallet, currency),
                Term("F_o", "open fee", opening, currency, r"{\phi}_o N_E"),
                Term("F", "funding to be paid", self.side * self.funding * entry_notional, currency, "s f N_E"),
                Term("U", "P&L of other legs", self.other_pnl, currency),
                Term("M_o", "maintenance of other legs", self.other_maintenance, currency),
                Term("B", "what backs it at entry", backing, currency, "W - F_o - F + U - M_o"),
                Term("m_k", "maintenance rate there", rate),
                Term("c_k", "deduction of that tier", amount, currency),
                Term(r"\phi", "close fee", self.close_fee),
                Term("P_0", "bankruptcy price", self.bankruptcy, "USD", r"P \text{ at } M = 0"),
                Term("P", name, self.price, "USD", formula),
            )
        )


@dataclass(frozen=True, eq=False, slots=True)
class Budget(ByValue):
    """Two answers for one position, and which assumption stands between them. Made by `budget`.

    Parameters:
        optimistic: the position on the kind assumptions.
        conservative: the same position on the cautious ones.
        steps: each assumption that differs and how far it alone brings the price closer, USD, in the order given;
            `< 0` takes it away. They add up to the gap.
    """

    optimistic: Estimate
    conservative: Estimate
    steps: Mapping[str, float]

    @property
    def gap(self) -> float:
        """How much closer to the mark the cautious price is, USD per coin."""
        return math.fsum(self.steps.values())

    def why(self) -> Derivation:
        """The terms behind the gap."""
        steps = (
            Term(rf"\Delta_{{{i}}}", name.replace("_", " "), step, "USD")
            for i, (name, step) in enumerate(self.steps.items(), start=1)
        )
        return Derivation(
            (
                Term("P_o", "optimistic price", self.optimistic.price, "USD"),
                *steps,
                Term("P_c", "conservative price", self.conservative.price, "USD"),
                Term(r"\Delta", "gap", self.gap, "USD", r"s (P_c - P_o) = \sum_i \Delta_i"),
            )
        )


def budget(optimistic: Estimate, conservative: Estimate) -> Budget:
    """The gap between an optimistic and a conservative liquidation price, assumption by assumption: the budget.

    The assumptions are exchanged one after the other, in the order of the parameters of `Estimate`, so that their steps
    add up; what two of them do together counts with the later one.

    Parameters:
        optimistic: the position on the kind assumptions.
        conservative: the same size, side, entry and kind of contract on the cautious ones.

    Returns:
        Both positions, and the step of each assumption that differs, USD per coin: `> 0` brings the price closer to the
        mark, infinite where it alone decides whether a short has a price.

    Raises:
        ValueError: for what is no `Estimate`, or where size, entry or kind of contract differ: that would be another
            position.

    Examples:
        >>> from dataclasses import replace
        >>> kind = Estimate(1.0, 60_000.0, 6_000.0, 0.005)
        >>> cautious = replace(
        ...     kind, maintenance=0.01, close_fee=0.001, funding=0.006
        ... )
        >>> steps = budget(kind, cautious).steps
        >>> {name: round(step, 2) for name, step in steps.items()}
        {'maintenance': 274.1, 'close_fee': 55.15, 'funding': 364.0}
    """
    for name, estimate in (("optimistic", optimistic), ("conservative", conservative)):
        instance(name, estimate, Estimate)
    for name in ("size", "entry", "inverse"):
        if getattr(optimistic, name) != getattr(conservative, name):
            raise ValueError(
                f"{name} must be the same in both, got {getattr(optimistic, name)} and {getattr(conservative, name)}"
            )
    names = [name for name in optimistic._assumptions() if name not in ("size", "entry", "inverse", "deduction")]
    now = optimistic
    steps: dict[str, float] = {}
    for name in names:  # a table brings its own deductions, so rate and deduction change together
        group = ("maintenance", "deduction") if name == "maintenance" else (name,)
        after = replace(now, **{part: getattr(conservative, part) for part in group})
        if after != now:
            before, then = now.price, after.price
            steps[name] = 0.0 if before == then else now.side * (then - before)
        now = after
    return Budget(optimistic, conservative, steps)


@dataclass(frozen=True, slots=True)
class Interval:
    """The marks of one coin between which an account is not liquidated. Made by `interval`.

    Parameters:
        mark: the mark now, USD.
        low: the account is liquidated at every mark from here down to the first; 0 where there is none.
        high: the same above; infinity where there is none.
    """

    mark: float
    low: float
    high: float

    @property
    def distance(self) -> float:
        """The smaller relative move to either end, a fraction; 0 where it is too late, infinite without an end."""
        return min(self._moves)

    @property
    def _moves(self) -> tuple[float, float]:
        """Relative moves down and up to an end; infinite where there is none."""
        return 1.0 - self.low / self.mark if self.low > 0 else math.inf, self.high / self.mark - 1.0

    def why(self) -> Derivation:
        """The terms behind the distance; an end that is not there is left out."""
        down, up = self._moves
        ends = []
        if down < math.inf:
            ends += [
                Term("P_l", "liquidated from here down", self.low, "USD"),
                Term("d", "move down", down, "", "1 - P_l / P"),
            ]
        if up < math.inf:
            ends += [
                Term("P_h", "liquidated from here up", self.high, "USD"),
                Term("u", "move up", up, "", "P_h / P - 1"),
            ]
        found = {(True, True): r"\min(d, u)", (True, False): "d", (False, True): "u", (False, False): ""}
        name = "distance" if ends else "no liquidation price, never"
        formula = found[down < math.inf, up < math.inf]
        return Derivation((Term("P", "mark", self.mark, "USD"), *ends, Term("x", name, self.distance, "", formula)))


def interval(account: Account, driver: str, betas: Mapping[str, float] | None = None) -> Interval:
    """The first liquidation price of an account below and above the mark of one coin, while the others follow it.

    When the driver moves by `r`, another coin `i` moves to `(1 + r)^betas[i]` of its mark, as in `stress`. No betas
    freeze the other legs, as the one number on a venue's screen does; estimated betas let them follow; ratios of
    volatilities `sigma_i / sigma_driver` are the betas at correlation one. An account of several legs can have a
    liquidation price on both sides.

    Parameters:
        account: positions and collateral.
        driver: the underlying whose price is asked for.
        betas: beta of each other underlying to the driver, on log prices; those not named stay where they are.

    Returns:
        The mark now and the two prices, USD per coin: `low` is 0 and `high` infinite where there is none, and both are
        the mark where the account is liquidated already.

    Raises:
        ValueError: for what is no `Account`, an underlying that it does not hold, betas that are no mapping, a beta of
            the driver itself, or a non-finite beta.

    Examples:
        >>> from perpnotes.margin import Account, Tiers
        >>> from perpnotes.contracts import Linear
        >>> from perpnotes.margin import Collateral, Position
        >>> table = Tiers.flat(0.01)
        >>> legs = [
        ...     Position(Linear("BTC"), 1.0, 60_000.0, 60_000.0, table),
        ...     Position(Linear("ETH"), -30.0, 3_000.0, 3_000.0, table),
        ... ]
        >>> account = Account(legs, [Collateral(9_000.0)])
        >>> frozen = interval(account, "BTC")
        >>> round(frozen.low, 2), frozen.high
        (52424.24, inf)
        >>> following = interval(account, "BTC", {"ETH": 1.2})
        >>> following.low, round(following.high, 2)
        (0.0, 68785.85)
    """
    return intervals(account, [(driver, {} if betas is None else betas)])[0]


def intervals(account: Account, asked: Sequence[tuple[str, Mapping[str, float]]]) -> tuple[Interval, ...]:
    """The `interval` of each of several questions; to ask them at once takes little longer than one of them.

    Parameters:
        account: positions and collateral.
        asked: pairs of a driver and the betas of the others, as in `interval`; at least one.

    Returns:
        One `Interval` a question, in the order asked.

    Raises:
        ValueError: as `interval`, or for something else than pairs.

    Examples:
        >>> from perpnotes.margin import Account, Tiers
        >>> from perpnotes.contracts import Linear
        >>> from perpnotes.margin import Collateral, Position
        >>> coins = {"BTC": (1.0, 60_000.0), "ETH": (-30.0, 3_000.0)}
        >>> legs = [
        ...     Position(Linear(coin), size, price, price, Tiers.flat(0.01))
        ...     for coin, (size, price) in coins.items()
        ... ]
        >>> account = Account(legs, [Collateral(9_000.0)])
        >>> asked = [("BTC", {}), ("ETH", {}), ("ETH", {"BTC": 1.0})]
        >>> found = intervals(account, asked)
        >>> [(round(each.low, 2), round(each.high, 2)) for each in found]
        [(52424.24, inf), (0.0, 3247.52), (0.0, 3714.29)]
    """
    if not isinstance(account, Account):
        raise ValueError(f"account must be an Account, got {brief(account)}")
    try:
        pairs = [(driver, betas) for driver, betas in asked]
    except (TypeError, ValueError):
        raise ValueError(f"asked must hold pairs of a driver and betas, got {brief(asked)}") from None
    coins, checked = sorted({p.contract.underlying for p in account.positions}), list[tuple[str, dict[str, float]]]()
    for driver, betas in pairs:
        if not isinstance(betas, Mapping):
            raise ValueError(f"betas must map underlyings to numbers, got {brief(betas)}")
        one_of("driver", driver, coins)
        follow = {name: scalar(f"betas[{name!r}]", beta) for name, beta in betas.items()}
        if driver in follow:
            raise ValueError(f"betas must not name the driver {driver!r}: its beta is 1")
        account._check_names(follow)
        checked.append((driver, follow))
    return _intervals(account, account.assess(), checked)


def _intervals(
    account: Account, now: Assessment, asked: Sequence[tuple[str, Mapping[str, float]]]
) -> tuple[Interval, ...]:
    """The same for checked questions about an account of which is known where it stands."""
    marks = {p.contract.underlying: p.mark for p in account.positions}
    if now.buffer <= 0:
        return tuple(Interval(marks[driver], marks[driver], marks[driver]) for driver, _ in asked)
    directions = [(driver, step, {**betas, driver: 1.0}) for driver, betas in asked for step in (-1.0, 1.0)]
    moves = account._first_moves(now.equity, directions) if asked else []
    return tuple(
        Interval(marks[driver], 0.0 if math.isinf(down) else marks[driver] * (1.0 - down), marks[driver] * (1.0 + up))
        for (driver, _), down, up in zip(asked, moves[::2], moves[1::2], strict=True)
    )


def cross_move(
    size: ArrayLike,
    entry: ArrayLike,
    mark: ArrayLike,
    wallet: ArrayLike,
    maintenance: ArrayLike,
    *,
    beta: ArrayLike = 1.0,
    down: bool = True,
    inverse: ArrayLike = False,
    close_fee: ArrayLike = 0.0,
) -> FloatArray:
    """How far a driver must move to liquidate cross accounts of several legs: `Account.distance`, for many at once.

    The first move `|r|` at which `wallet + sum_j pnl_j <= sum_j (MM_j + phi_j N_j)`, where `MM_j` is the maintenance
    margin of leg `j`, `phi_j` its close fee, `N_j` its notional, and its mark `P_j` becomes `P_j (1 + r)^beta_j`. A
    beta of 1 moves with the driver, 0 stays where it is; where all are one of the two, it is a closed form for each
    tier.

    Parameters:
        size: coins, or USD of contracts with `inverse`; long `> 0`, short `< 0`, 0 for none. Shape `(..., L)`: accounts
            first, legs last; what has a leg axis broadcasts with it.
        entry: average entry price, `> 0`, USD per coin, shape `(..., L)`.
        mark: mark price now, `> 0`, USD per coin, shape `(..., L)`.
        wallet: USD, either sign, shape `(...)`. A coin held as collateral is a leg with its mark as entry and no
            maintenance, and its value counts here.
        maintenance: a `Tiers` table for all legs, a list of one table a leg, each in the settlement currency of its
            leg; or maintenance rates in `[0, 1)`, shape `(..., L)`.
        beta: of each leg to the driver, on log prices, shape `(..., L)`.
        down: True for a fall of the driver, False for a rise.
        inverse: True for an inverse contract; one or shape `(L,)`.
        close_fee: fee to close as a fraction of the notional, in `[0, 1)`, shape `(..., L)`.

    Returns:
        The move as a fraction, `>= 0`, shape `(...)`: 0 where it is too late, infinite where it never comes. The price
        is `mark (1 - move)`, or `mark (1 + move)` for a rise.

    Raises:
        ValueError: for a value outside its range, or shapes that do not fit.

    Examples:
        >>> books = [[1.0, 10.0], [1.0, -10.0]]  # Bitcoin long, Ether either
        >>> marks = [60_000.0, 3_000.0]
        >>> frozen, following = [1.0, 0.0], [1.0, 1.2]  # what Ether does
        >>> cross_move(
        ...     books, marks, marks, 9_000.0, 0.01, beta=frozen
        ... ).round(6).tolist()
        [0.136364, 0.136364]
        >>> cross_move(
        ...     books, marks, marks, 9_000.0, 0.01, beta=following
        ... ).round(6).tolist()
        [0.085508, 0.332306]

    Source: the definition; the joint move is the one of `stress`.
    """
    held, start, now = real("size", size), real("entry", entry, gt=0), real("mark", mark, gt=0)
    cash, follow, fee = real("wallet", wallet), real("beta", beta), real("close_fee", close_fee, ge=0, lt=1)
    reciprocal, falls = flags("inverse", inverse), flag("down", down)
    tables = [maintenance] if isinstance(maintenance, Tiers) else None
    if isinstance(maintenance, list | tuple) and maintenance and all(isinstance(one, Tiers) for one in maintenance):
        tables = list(maintenance)
    rates = np.zeros(1) if tables else real("maintenance", maintenance, ge=0, lt=1)
    legged = {"size": held, "entry": start, "mark": now, "maintenance": rates, "beta": follow, "close_fee": fee}
    broadcast(**legged, inverse=reciprocal, **({"tables": np.empty(len(tables))} if tables else {}))
    shape = np.broadcast_shapes(*(part.shape for part in legged.values()), reciprocal.shape, (len(tables or "1"),))
    broadcast(wallet=cash, accounts=np.empty(shape[:-1]))
    accounts = np.broadcast_shapes(cash.shape, shape[:-1])
    count, legs = math.prod(accounts), shape[-1]

    def columns(part: Any) -> Any:
        """Legs by accounts, one column where all accounts share it."""
        part = np.atleast_1d(part)
        if part.ndim == 1:
            return np.broadcast_to(part, (legs,))[:, None]
        return np.broadcast_to(part, (*accounts, legs)).reshape(count, legs).T

    q, e, p, m, b, f = (columns(part) for part in legged.values())
    coined = columns(reciprocal)
    steps = max((len(table.floors) for table in tables or []), default=1)

    def padded(kind: str) -> FloatArray:
        rows = [getattr(table, kind) for table in tables or []]
        return np.array([[row[min(k, len(row) - 1)] for row in rows] for k in range(steps)])[..., None]

    rate, deduction = (padded("rates"), padded("deductions")) if tables else (m[None], np.zeros((1, 1, 1)))

    def lines(part: slice) -> tuple[FloatArray, FloatArray]:
        """What each leg adds in its relative price, one line a tier: its value now and its slope."""
        s, o, x, c, r = (a if a.shape[-1] == 1 else a[..., part] for a in (q, e, p, f, rate))
        worth = np.where(coined, s * (x / o), s * x)  # how the P&L grows with the relative price
        gained = np.where(coined, worth - s, s * (x - o))
        notional = np.where(coined, np.abs(s), np.abs(s) * x)
        asked, freed = (r + c) * notional, deduction * np.where(coined, x, 1.0)
        values, slopes = gained - asked + freed, worth + np.where(coined, freed, -asked)
        wide = (*values.shape[:-1], part.stop - part.start)
        return np.broadcast_to(values, (steps, legs, wide[-1])), np.broadcast_to(slopes, (steps, legs, wide[-1]))

    money = np.broadcast_to(cash, accounts).reshape(count)
    return first_move(money, lines, b, down=falls).reshape(accounts)[()]


@overload
def stop_deviations(
    stop: float, liquidation: float, volatility: float, seconds: float, *, side: float = ..., slippage: float = ...
) -> float: ...
@overload
def stop_deviations(
    stop: ArrayLike,
    liquidation: ArrayLike,
    volatility: ArrayLike,
    seconds: ArrayLike,
    *,
    side: ArrayLike = ...,
    slippage: ArrayLike = ...,
) -> FloatArray: ...
def stop_deviations(
    stop: ArrayLike,
    liquidation: ArrayLike,
    volatility: ArrayLike,
    seconds: ArrayLike,
    *,
    side: ArrayLike = 1,
    slippage: ArrayLike = 0.0,
) -> Floats:
    """How many standard deviations of the move in a delay lie between a stop and liquidation.

    `k = s ln(P_s (1 - s x) / P_liq) / (sigma sqrt(tau))`: what the slippage `x` leaves of the gap between the stop
    `P_s` and liquidation `P_liq`, over the move of the log price in that time: `s` is the side, `sigma` the volatility
    and `tau` the seconds in years. Below 0 the slippage alone crosses the gap, or the stop lies beyond the liquidation
    price.

    Parameters:
        stop: price that triggers the stop, `> 0`, USD per coin. Any shape; the arguments broadcast.
        liquidation: liquidation price from `price`, `>= 0`; 0 and infinity are answers.
        volatility: volatility per square root of a year, `> 0`.
        seconds: from the mark's touching the stop until the order is filled, `> 0`.
        side: 1 for a long position, -1 for a short one.
        slippage: adverse move of the order's own fill, a fraction of the stop price, in `[0, 1)`.

    Returns:
        Standard deviations, the broadcast shape; infinite for a position that is never liquidated, minus infinity for
        one that is liquidated at every mark.

    Raises:
        ValueError: for a NaN, or a value outside its range.

    Examples:
        >>> stop_deviations(100.5, 100.0, 0.9, [30.0, 300.0]).round(3).tolist()
        [5.682, 1.797]
    """
    trigger, end = real("stop", stop, gt=0), _answer("liquidation", liquidation)
    sigma, late = real("volatility", volatility, gt=0), real("seconds", seconds, gt=0)
    s, slip = sides(side), real("slippage", slippage, ge=0, lt=1)
    broadcast(stop=trigger, liquidation=end, volatility=sigma, seconds=late, side=s, slippage=slip)
    with np.errstate(divide="ignore"):
        gap = s * (np.log(trigger * (1.0 - s * slip)) - np.log(end))
    return defined(gap / (sigma * np.sqrt(late / _YEAR_SECONDS)), "stop", "liquidation", "volatility", "seconds")


@overload
def overtaken(
    stop: float, liquidation: float, volatility: float, seconds: float, *, side: float = ..., slippage: float = ...
) -> float: ...
@overload
def overtaken(
    stop: ArrayLike,
    liquidation: ArrayLike,
    volatility: ArrayLike,
    seconds: ArrayLike,
    *,
    side: ArrayLike = ...,
    slippage: ArrayLike = ...,
) -> FloatArray: ...
def overtaken(
    stop: ArrayLike,
    liquidation: ArrayLike,
    volatility: ArrayLike,
    seconds: ArrayLike,
    *,
    side: ArrayLike = 1,
    slippage: ArrayLike = 0.0,
) -> Floats:
    """Probability that the mark reaches liquidation before a triggered stop is filled: `2 N(-k)`, at most 1.

    The first-passage law of a log price without drift; `k` is `stop_deviations`, and `N` the normal distribution
    function. With slippage it is the probability that the mark comes so close that a fill there would be no better than
    the liquidation price. Jumps are not in it, nor a book that thins out in the same minute: where `k` is large, it
    says too little.

    Parameters:
        stop: price that triggers the stop, `> 0`, USD per coin. Any shape; the arguments broadcast.
        liquidation: liquidation price from `price`, `>= 0`; 0 and infinity are answers.
        volatility: volatility per square root of a year, `> 0`.
        seconds: from the mark's touching the stop until the order is filled, `> 0`.
        side: 1 for a long position, -1 for a short one.
        slippage: adverse move of the order's own fill, a fraction of the stop price, in `[0, 1)`.

    Returns:
        A probability in `[0, 1]`, the broadcast shape: 1 where the slippage alone crosses the gap or the stop lies
        beyond the liquidation price, 0 for a position that is never liquidated.

    Raises:
        ValueError: for a NaN, or a value outside its range.

    Examples:
        >>> overtaken(100.5, 100.0, 0.9, [30.0, 300.0]).round(4).tolist()
        [0.0, 0.0724]
        >>> overtaken(99.0, 100.0, 0.9, 0.5)  # a stop beyond liquidation
        np.float64(1.0)

    Source: the reflection principle; after Bachelier (1900).
    """
    k = stop_deviations(stop, liquidation, volatility, seconds, side=side, slippage=slippage)
    return np.minimum(1.0, 2.0 * _normal.cdf(-k))


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where the equity behind a position goes when all of it is closed. Made by `settle`.

    What comes back, what fees and fund get and what the fill loses add up to the equity at the mark, less a shortfall
    that somebody else pays.

    Parameters:
        equity: at the mark, before the close; either sign. All amounts are in the settlement currency.
        slipped: what the fill loses against the mark, `>= 0`.
        fee: what is charged for the close, `>= 0`, if so much is left.
        keeps: whether the rest is the trader's; else a fund takes it.
        currency: of all amounts.
    """

    equity: float
    slipped: float
    fee: float
    keeps: bool
    currency: str = "USD"

    def __post_init__(self) -> None:
        text("currency", self.currency)
        scalar("equity", self.equity)
        scalar("slipped", self.slipped, ge=0)
        scalar("fee", self.fee, ge=0)
        flag("keeps", self.keeps)

    @property
    def left(self) -> float:
        """What the fill leaves, before the fee; below 0 it is a debt."""
        return self.equity - self.slipped

    @property
    def charged(self) -> float:
        """The part of the fee that can be paid."""
        return min(self.fee, max(0.0, self.left))

    @property
    def returned(self) -> float:
        """What the trader gets back, `>= 0`."""
        return max(0.0, self.left - self.charged) if self.keeps else 0.0

    @property
    def to_fund(self) -> float:
        """What a fund takes beside the fee, `>= 0`: the rest, where it is not the trader's."""
        return 0.0 if self.keeps else max(0.0, self.left - self.charged)

    @property
    def shortfall(self) -> float:
        """What the close costs more than there was, `>= 0`; a fund or the winners pay it."""
        return max(0.0, -self.left)

    def why(self) -> Derivation:
        """The terms behind what comes back."""
        return Derivation(
            (
                Term("e", "equity at the mark", self.equity, self.currency),
                Term("x", "lost by the fill", self.slipped, self.currency),
                Term(r"\phi", "fee asked", self.fee, self.currency),
                Term("F", "fee that can be paid", self.charged, self.currency, r"\min({\phi}, \max(0, e - x))"),
                Term("I", "to a fund", self.to_fund, self.currency),
                Term("S", "paid by others", self.shortfall, self.currency, r"\max(0, x - e)"),
                Term("R", "comes back", self.returned, self.currency, "e - x - F - I + S"),
            )
        )


def settle(
    position: Estimate,
    mark: float,
    *,
    slippage: float = 0.0,
    fee: float = 0.0,
    margin_fee: float = 0.0,
    keeps: bool = True,
) -> Settlement:
    """What comes back when all of a position is closed at a mark: by a stop, by its owner or by a liquidation.

    A stop charges the taker fee and the trader keeps the rest. A liquidation may charge a fee on the fill, a fee on the
    maintenance margin, or take over the position at its bankruptcy price, so that nothing comes back however good the
    fill. Price both with the same slippage: the same order is sold into the same book.

    Parameters:
        position: with everything that its wallet has paid by then.
        mark: mark at which it is closed, `> 0`, USD per coin; for a liquidation the liquidation price or one beyond.
        slippage: adverse move of the fill, a fraction of the mark, in `[0, 1)`.
        fee: on the notional of the fill, in `[0, 1)`.
        margin_fee: on the maintenance margin at the mark, in `[0, 1]`.
        keeps: whether the trader keeps the rest; False where a fund or a vault takes it.

    Returns:
        What becomes of the equity, each part in the settlement currency: `returned` to the trader, `charged`,
        `to_fund`, and the `shortfall` that others pay, all `>= 0`.

    Raises:
        ValueError: for what is no `Estimate`, or a value outside its range.

    Examples:
        >>> long = Estimate(0.5, 60_000.0, 1_500.0, 0.004)
        >>> for mark in (57_500.0, long.price):  # a stop, or too late for one
        ...     closed = settle(long, mark, slippage=0.001, fee=0.0005)
        ...     print(round(closed.returned, 2))
        206.89
        71.55
        >>> settle(long, long.price, slippage=0.001, fee=0.0125).returned
        0.0
        >>> print(settle(long, long.price, slippage=0.001, keeps=False).why())
        equity at the mark    114.46 USD   e
        lost by the fill       28.61 USD   x
        fee asked               0.00 USD   φ
        fee that can be paid    0.00 USD   F = min(φ, max(0, e - x))
        to a fund              85.84 USD   I
        paid by others          0.00 USD   S = max(0, x - e)
        comes back              0.00 USD   R = e - x - F - I + S

    Source: the definitions; the forms of the fee are Binance's, dYdX's (on the fill) and Paradex's (on the margin).
    """
    instance("position", position, Estimate)
    at, off = scalar("mark", mark, gt=0), scalar("slippage", slippage, ge=0, lt=1)
    rate, part = scalar("fee", fee, ge=0, lt=1), scalar("margin_fee", margin_fee, ge=0, le=1)
    flag("keeps", keeps)
    filled = at * (1.0 - position.side * off)
    worth = position.equity(at)
    slipped = max(0.0, worth - position.equity(filled))
    asked = rate * position._notional(filled) + part * position.maintenance_at(at)
    return Settlement(worth, slipped, asked, keeps, "coins" if position.inverse else "USD")


def stop_slippage(position: Estimate, stop: float, returned: float = 0.0, *, fee: float = 0.0) -> float:
    """The slippage from which a stop brings back no more than something else would: a liquidation, or nothing.

    Compare like with like: what a liquidation returns has slipped, too.

    Parameters:
        position: with everything that its wallet has paid by then.
        stop: mark that triggers the stop, `> 0`, USD per coin.
        returned: what the other way brings back, `>= 0`, settlement currency: from `settle`.
        fee: of the stop, on the notional of its fill, in `[0, 1)`.

    Returns:
        A fraction of the stop price, in `[0, 1]`; 0 where the stop is no better even without slippage.

    Raises:
        ValueError: for what is no `Estimate`, or a value outside its range.

    Examples:
        >>> long = Estimate(0.5, 60_000.0, 1_500.0, 0.004)
        >>> free = settle(long, long.price, slippage=0.001)
        >>> round(stop_slippage(long, 57_500.0, free.returned, fee=0.0005), 6)
        0.005212
    """
    instance("position", position, Estimate)
    at, rate = scalar("stop", stop, gt=0), scalar("fee", fee, ge=0, lt=1)
    least = scalar("returned", returned, ge=0)
    side, coins = position.side, abs(position.size)
    if position.inverse:  # what comes back is a line in one over the fill
        inverted = 1 / at + (position.equity(at) - rate * coins / at - least) / (coins * (side + rate))
        fill = 1 / inverted if inverted > 0 else math.inf
        return min(1.0, max(0.0, side * (1.0 - fill / at)))
    spare = position.equity(at) - rate * coins * at - least
    return min(1.0, max(0.0, spare / (coins * at * (1.0 - side * rate))))


@dataclass(frozen=True, slots=True)
class Rule:
    """How one venue liquidates a small position, in numbers. Made by `published_rule`.

    Parameters:
        venue: whose rule it is.
        maintenance: maintenance rate, in `[0, 1)`.
        basis: whether it is charged on `"mark"` or on `"entry"` notional.
        counts_fee: whether the check counts the taker fee of the close.
        fee: liquidation fee on the notional of the fill, in `[0, 1)`.
        margin_fee: liquidation fee on the maintenance margin, in `[0, 1]`.
        keeps: whether the trader keeps the rest.
        complete: False where the fee was not found, and is 0 here: what comes back is then *at most* what `settle`
            says, and nothing where the trader does not keep the rest.
    """

    venue: str
    maintenance: float
    basis: Literal["mark", "entry"] = "mark"
    counts_fee: bool = False
    fee: float = 0.0
    margin_fee: float = 0.0
    keeps: bool = True
    complete: bool = True

    def __post_init__(self) -> None:
        text("venue", self.venue)
        scalar("maintenance", self.maintenance, ge=0, lt=1)
        one_of("basis", self.basis, ("mark", "entry"))
        scalar("fee", self.fee, ge=0, lt=1)
        scalar("margin_fee", self.margin_fee, ge=0, le=1)
        for name in ("counts_fee", "keeps", "complete"):
            flag(name, getattr(self, name))

    def position(self, size: float, entry: float, wallet: float, *, taker: float = 0.0) -> Estimate:
        """A linear position under this rule.

        Parameters:
            size: coins; long `> 0`, short `< 0`, not 0.
            entry: average entry price, `> 0`, USD per coin.
            wallet: its margin, USD; either sign.
            taker: taker fee, in `[0, 1)`, less than 1 with the maintenance rate; counted where the check counts it.

        Raises:
            ValueError: for a value outside its range.
        """
        charged = scalar("taker", taker, ge=0, lt=1)
        return Estimate(
            size, entry, wallet, self.maintenance, basis=self.basis, close_fee=charged if self.counts_fee else 0.0
        )

    def settle(self, position: Estimate, *, slippage: float = 0.0) -> Settlement:
        """What comes back when this rule liquidates all of a position at its liquidation price.

        Parameters:
            position: from `position`, or with other assumptions.
            slippage: adverse move of the fill, a fraction of the mark, in `[0, 1)`.

        Returns:
            The parts of the equity, as from `settle`; what comes back is at most that where the rule is not `complete`.

        Raises:
            ValueError: for what is no `Estimate`, a position without a liquidation price, or a value outside its range.
        """
        instance("position", position, Estimate)
        if not position.exists:
            raise ValueError("position must have a liquidation price")
        return settle(
            position,
            position.price,
            slippage=slippage,
            fee=self.fee,
            margin_fee=self.margin_fee,
            keeps=self.keeps,
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """What the documents of a venue say on one point, in our words. Made by `published_practice`.

    Parameters:
        words: empty where it was looked for and not found; then the rest is empty, too.
        document: where it stands.
        url: of the document; empty for a third party's notes.
        date: of the copy that was read, as `2026-03` or `2020 to 2024`; `undated` where it has none.
        basis: `"read"` in the document, `"second"` hand, or `"derived"` from numbers that it prints.
    """

    words: str
    document: str = ""
    url: str = ""
    date: str = ""
    basis: str = ""


def published_rule(venue: str) -> Rule:
    """How a venue liquidates a small linear position in Bitcoin, as far as it publishes numbers.

    Parameters:
        venue: one of `"Binance"`, `"Bybit"`, `"Hyperliquid"`, `"dYdX"`, `"BitMEX"`, `"Kraken"`, `"Paradex"`.

    Returns:
        The rule, for `Rule.position` and `Rule.settle`; where its `complete` is False, a fee that was not found is 0 in
        it.

    Raises:
        ValueError: for a venue without such numbers.

    Examples:
        >>> rule = published_rule("Hyperliquid")
        >>> long = rule.position(0.5, 60_000.0, 1_500.0)
        >>> round(long.price, 2)
        57721.52
        >>> round(rule.settle(long, slippage=0.001).returned, 2)
        331.9

    Source: in `perpnotes/_venues.py`, beside each rule; `published_practice` says it in words.
    """
    rate, basis, counts, fee, margin_fee, keeps, _ = LIQUIDATIONS[one_of("venue", venue, tuple(LIQUIDATIONS))]
    known = fee is not None and margin_fee is not None
    return Rule(
        venue, rate, "entry" if basis == "entry" else "mark", counts, fee or 0.0, margin_fee or 0.0, keeps, known
    )


def published_practice(venue: str, topic: str) -> Statement:
    """What the documents of a venue say on one point of its liquidations, with the document and its date.

    Parameters:
        venue: one of `VENUES`.
        topic: one of `TOPICS`.

    Returns:
        The words with their document, its address and its date; the words are empty where it was looked for and not
        found.

    Raises:
        ValueError: for an unknown venue or topic.

    Examples:
        >>> published_practice("Hyperliquid", "fee").words
        'none'
        >>> published_practice("Bybit", "stale").words  # not found
        ''
    """
    found = PRACTICE[one_of("venue", venue, VENUES)].get(one_of("topic", topic, tuple(TOPICS)))
    if found is None:
        return Statement("")
    words, key, basis = found
    return Statement(words, *DOCUMENTS[key], basis or "read")


def _answer(name: str, value: Any) -> FloatArray:
    """A liquidation price, for which 0 and infinity are answers too."""
    return real(name, value, ge=0, infinite=True)

"""A stress grid over a table of accounts: one contract a column, one account a row, the labels checked."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from perpnotes.contracts import Cash, Contract, Inverse, Linear, Option, Spot
from perpnotes.portfolio import portfolio_margin, published_rule
from perpnotes.stress import Market, evaluate, grid, unit_pnl, worst_cases


class Frame:
    """As much of a data frame as a table of quantities needs."""

    def __init__(self, rows: Sequence[Sequence[float]], columns: Sequence[str]) -> None:
        self.values = np.array(rows, dtype=float)
        self.columns = list(columns)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[np.float64]:
        return self.values


def main() -> None:
    """Print the worst loss of each account, and the worst cell of the first with its derivation."""
    put = Option("BTC", 55_000.0, 0.25, call=False)
    contracts = [Linear("BTC"), Inverse("BTC"), Spot("ETH"), put, Cash("MXN", haircut=0.05)]
    market = Market(
        {"BTC": 60_000.0, "ETH": 3_000.0}, {"BTC": 0.5, "ETH": 0.6}, [[1, 0.8], [0.8, 1]], {put: 0.55}, {"MXN": 0.05}
    )
    scenarios = grid(price=np.linspace(-0.3, 0.3, 7), volatility=[0.0, 0.4], correlation=[0.0, 1.0], fx=[-0.1, 0])
    accounts = Frame([[1, -20_000, 3, -2, 10_000], [-2, 0, 10, 5, 0]], ["linear", "inverse", "spot", "put", "cash"])
    losses, cells = worst_cases(accounts, unit_pnl(contracts, market, scenarios), scenarios.weight)
    books = [list(zip(contracts, row, strict=True)) for row in accounts.values.tolist()]
    for book, loss, cell in zip(books, losses.tolist(), cells.tolist(), strict=True):
        result = evaluate(book, market, scenarios)
        assert abs(result.worst.loss - loss) < 1e-9 * loss
        print(f"{loss:>12,.2f} in cell {cell}, netting saves {result.netting().benefit.max():,.2f}")
    first: Sequence[tuple[Contract, float]] = books[0]
    print(evaluate(first, market, scenarios).why("maintenance"))
    options = [(put, -2.0), (Linear("BTC"), 1.0)]
    whole = portfolio_margin(options, Market({"BTC": 60_000.0}, {"BTC": 0.5}), published_rule("derive_pmrm_v1"))
    print(f"the whole rule: {whole.initial:,.2f}")


if __name__ == "__main__":
    main()

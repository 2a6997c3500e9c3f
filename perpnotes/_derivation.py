"""The shared vocabulary of a result that shows its work."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ", "Sigma": "Σ",
    "tau": "τ", "phi": "φ", "varphi": "φ", "Phi": "Φ", "pi": "π",
}  # fmt: skip
_SIGNS = {
    "sum": "Σ", "cdot": "·", "times": "×", "le": "≤", "ge": "≥", "min": "min", "max": "max",
    "ln": "ln", "exp": "exp", "sqrt": "√", "infty": "∞", "left": "", "right": "", "pm": "±",
    "in": "∈", "quad": "  ",
}  # fmt: skip


def _plain(latex: str) -> str:
    """`latex` as one readable line for a terminal."""
    text = re.sub(r"\\(?:text|mathrm|mathbf|operatorname)\{([^{}]*)\}", r"\1", latex)
    text = re.sub(r"\\[td]?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"(\1)/(\2)", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda m: _GREEK.get(m[1], _SIGNS.get(m[1], m[1])), text)
    text = re.sub(r"\\[,;! ]", " ", text)
    return re.sub(r" {2,}", " ", text.replace("{", "").replace("}", "")).strip()


@dataclass(frozen=True, slots=True)
class Term:
    """One quantity of a derivation.

    Parameters:
        symbol: the symbol in LaTeX, as in the formulas.
        meaning: what it is, in a few words.
        value: its value, in `unit`.
        unit: `"USD"`, `"BTC"`, …; empty for a pure number or a fraction.
        formula: the right-hand side in LaTeX; empty for an input.
    """

    symbol: str
    meaning: str
    value: float
    unit: str = ""
    formula: str = ""

    def __str__(self) -> str:
        amount = f"{self.value:,.2f}" if self.unit else f"{self.value:.6g}"
        equation = _plain(self.symbol) + (f" = {_plain(self.formula)}" if self.formula else "")
        return f"{self.meaning}: {amount}{' ' + self.unit if self.unit else ''}   [{equation}]"


@dataclass(frozen=True, slots=True)
class Derivation:
    """The terms behind one number, in the order in which they were computed; the last is the result.

    Parameters:
        terms: inputs first, then what follows from them, the result last.

    Examples:
        >>> why = Derivation((
        ...     Term("N", "notional", 65_000.0, "USD"),
        ...     Term("m", "maintenance rate", 0.005),
        ...     Term("M", "maintenance margin", 325.0, "USD", "m N"),
        ... ))
        >>> print(why)
        notional: 65,000.00 USD   [N]
        maintenance rate: 0.005   [m]
        maintenance margin: 325.00 USD   [M = m N]
        >>> why["m"], why.value
        (0.005, 325.0)
    """

    terms: tuple[Term, ...]

    @property
    def value(self) -> float:
        """The result: the value of the last term."""
        return self.terms[-1].value

    def __getitem__(self, symbol: str) -> float:
        for term in self.terms:
            if term.symbol == symbol:
                return term.value
        raise KeyError(symbol)

    def __str__(self) -> str:
        return "\n".join(map(str, self.terms))

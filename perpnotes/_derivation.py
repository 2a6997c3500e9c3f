"""The shared vocabulary of a result that shows its work."""

from __future__ import annotations

import re
import textwrap
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
_PHONE = 38  # characters that a narrow screen shows without scrolling
_LEAST = 16  # of them, for a meaning beside a very long number


def _plain(latex: str) -> str:
    """`latex` as one readable line for a terminal."""
    text = re.sub(r"\\(?:text|mathrm|mathbf|operatorname)\{([^{}]*)\}", r"\1", latex)
    text = re.sub(r"\\[td]?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"(\1)/(\2)", text)
    text = re.sub(r"\\sqrt\{((?:[^{}]|\{[^{}]*\})*)\}", r"√(\1)", text)
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

    @property
    def _number(self) -> str:
        return f"{self.value:,.2f}" if self.unit else f"{self.value:.6g}"

    @property
    def _equation(self) -> str:
        return _plain(self.symbol) + (f" = {_plain(self.formula)}" if self.formula else "")

    def __str__(self) -> str:
        return f"{self.meaning}: {f'{self._number} {self.unit}'.rstrip()}   [{self._equation}]"


@dataclass(frozen=True, slots=True)
class Derivation:
    """The terms behind one number, in the order in which they were computed; the last is the result.

    Printed, it is a table: meanings, amounts with their decimal points below each other, symbols and formulas. Meanings
    are wrapped so that the amounts stand within the width of a phone; formulas are not.

    Parameters:
        terms: inputs first, then what follows from them, the result last.

    Examples:
        >>> why = Derivation((
        ...     Term("N", "notional", 65_000.0, "USD"),
        ...     Term("m", "maintenance rate", 0.005),
        ...     Term("M", "maintenance margin", 325.0, "USD", "m N"),
        ... ))
        >>> print(why)
        notional            65,000.00 USD   N
        maintenance rate         0.005      m
        maintenance margin     325.00 USD   M = m N
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
        numbers = [term._number for term in self.terms]
        wholes = [len(number.partition(".")[0]) for number in numbers]
        numbers = [" " * (max(wholes) - whole) + number for whole, number in zip(wholes, numbers, strict=True)]
        amounts = [f"{number} {term.unit}".rstrip() for number, term in zip(numbers, self.terms, strict=True)]
        room = max(_LEAST, _PHONE - len("  ") - max(map(len, numbers)))
        meanings = [textwrap.wrap(term.meaning, room, subsequent_indent="  ") or [""] for term in self.terms]
        left, right = max(len(line) for lines in meanings for line in lines), max(map(len, amounts))
        rows: list[str] = []
        for term, amount, (first, *more) in zip(self.terms, amounts, meanings, strict=True):
            rows += [f"{first:<{left}}  {amount:<{right}}   {term._equation}", *more]
        return "\n".join(row.rstrip() for row in rows)

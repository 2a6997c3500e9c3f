"""The shared vocabulary of a result that shows its work."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

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


@lru_cache(maxsize=1024)  # the same few equations again and again, whatever the numbers
def _plain(latex: str) -> str:
    """`latex` as one readable line for a terminal."""
    text = re.sub(r"\\(?:text|mathrm|mathbf|operatorname)\{([^{}]*)\}", r"\1", latex)
    text = re.sub(r"\\[td]?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"(\1)/(\2)", text)
    text = re.sub(r"\\sqrt\{((?:[^{}]|\{[^{}]*\})*)\}", r"√(\1)", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda m: _GREEK.get(m[1], _SIGNS.get(m[1], m[1])), text)
    text = re.sub(r"\\[,;! ]", " ", text)
    return re.sub(r" {2,}", " ", text.replace("{", "").replace("}", "")).strip()


def _lines(meaning: str, room: int) -> list[str]:
    return [meaning] if len(meaning) <= room else textwrap.wrap(meaning, room, subsequent_indent="  ")


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

    def _number(self, noise: float = 0.0) -> str:
        """Pure numbers with six digits; amounts with two decimals, and below 10 with five digits where they have them.

        A pure number is written without an exponent from a billionth up, so that decimal points stand below each other.

        An amount that is not above `noise` is 0.
        """
        size = abs(self.value)
        if not self.unit:
            text = f"{self.value:.6g}"
            return f"{self.value:.{5 - math.floor(math.log10(size))}f}".rstrip("0") if 1e-9 <= size < 1e-4 else text
        if size <= noise:
            return "0.00"
        if 0 < size < 1e-9:
            return f"{self.value:.5g}"
        if not size < 10:
            return f"{self.value:,.2f}"
        whole, _, part = f"{self.value:.{4 - math.floor(math.log10(size))}f}".partition(".")
        return f"{whole}.{part.rstrip('0').ljust(2, '0')}"

    @property
    def key(self) -> str:
        """The symbol as it is printed: `"Δ_1"` for a Delta with the index 1."""
        return _plain(self.symbol)

    @property
    def equation(self) -> str:
        """The symbol and, of what was computed, the formula, as they are printed."""
        return self.key + (f" = {_plain(self.formula)}" if self.formula else "")

    def __str__(self) -> str:
        return f"{self.meaning}: {f'{self._number()} {self.unit}'.rstrip()}   [{self.equation}]"


@dataclass(frozen=True, slots=True)
class Derivation:
    """The terms behind one number, in the order in which they were computed; the last is the result.

    Printed, it is a table: meanings, amounts with their decimal points below each other, symbols and formulas. Meanings
    are wrapped so that the amounts stand within the width of a phone; formulas are not. It iterates over its terms. A
    value is found by the symbol, as printed or in LaTeX, or by the meaning; `dict` has all of them by printed symbol.

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
        >>> why["m"], why["maintenance rate"], why.value
        (0.005, 0.005, 325.0)
        >>> dict(why)
        {'N': 65000.0, 'm': 0.005, 'M': 325.0}
        >>> [term.meaning for term in why if term.formula]
        ['maintenance margin']
    """

    terms: tuple[Term, ...]

    @property
    def value(self) -> float:
        """The result: the value of the last term."""
        return self.terms[-1].value

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __getitem__(self, name: str) -> float:
        found = [term for term in self.terms if name in (term.symbol, term.key)]
        for term in (*found, *self.terms):
            if term in found or name == term.meaning:
                return term.value
        raise KeyError(f"{name!r} is none of {', '.join(map(repr, self.keys()))}")

    def keys(self) -> tuple[str, ...]:
        """The symbols as they are printed, in order."""
        return tuple(term.key for term in self.terms)

    def __str__(self) -> str:
        amounts = [abs(term.value) for term in self.terms if term.unit and math.isfinite(term.value)]
        noise = 1e-13 * max(amounts, default=0.0)  # what is left of a difference of amounts this large
        numbers = [term._number(noise) for term in self.terms]
        wholes = [len(number.partition(".")[0]) for number in numbers]
        numbers = [" " * (max(wholes) - whole) + number for whole, number in zip(wholes, numbers, strict=True)]
        shown = [f"{number} {term.unit}".rstrip() for number, term in zip(numbers, self.terms, strict=True)]
        room = max(_LEAST, _PHONE - len("  ") - max(map(len, numbers)))
        meanings = [_lines(term.meaning, room) for term in self.terms]
        left, right = max(len(line) for lines in meanings for line in lines), max(map(len, shown))
        rows: list[str] = []
        for term, amount, (first, *more) in zip(self.terms, shown, meanings, strict=True):
            rows += [f"{first:<{left}}  {amount:<{right}}   {term.equation}", *more]
        return "\n".join(row.rstrip() for row in rows)

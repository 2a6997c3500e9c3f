"""Formulas are MathML when the page leaves the build."""

from __future__ import annotations

from collections.abc import Callable

from conftest import Site


def test_formulas_are_mathml_in_the_page(site: Callable[..., Site], generator: str) -> None:
    """No script is needed to read them, and the LaTeX stays with them, for search and for copying."""
    built = site(a="# A\n\nSo `#!math a < b`.\n\n```math\nx = \\frac{1}{2}\n```\n")
    assert built.build(generator).returncode == 0
    page = built.page("a")
    assert '<math alttext="a &lt; b"><mi>a</mi><mo>&lt;</mo><mi>b</mi></math>' in page
    assert '<div class="pn-math" tabindex="0"><math alttext="x = \\frac{1}{2}" display="block">' in page
    assert "<p><div" not in page


def test_a_fault_in_a_formula_stops_the_build_at_its_line(site: Callable[..., Site], generator: str) -> None:
    """A formula in red on a published page helps nobody."""
    for formula in ("`#!math \\frax{1}`", "```math\n\\frax{1}\n```"):
        line = 3 + formula.count("`", 0, 4) // 3
        result = site(a=f"# A\n\n{formula}\n").build(generator)
        assert result.returncode != 0
        assert f"docs/a.md:{line}: LaTeX: " in result.stderr

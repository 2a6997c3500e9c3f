"""The public API as one thing: bad input is refused, every name is documented, every idea has its four files."""

import ast
import builtins
import dataclasses
import doctest
import importlib
import inspect
import itertools
import math
import operator
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import interface
import numpy as np
import pytest
from cases import MAKE_A_LIST, NOT_REFUSED_YET, NOT_REFUSED_YET_IN_A_LIST, Case

import perpnotes
from perpnotes._validate import brief

ROOT = Path(__file__).parents[1]
IDEAS = interface.IDEAS


def cases(idea: str) -> dict[str, Case | None]:
    """The table of an idea's test file: public name or `Class.method` to its case; None has no number of its own."""
    table: dict[str, Case | None] = importlib.import_module(f"test_{idea}").BAD_INPUT
    return table


def named_cases() -> list[Any]:
    return [
        pytest.param(f"{idea}.{name}", case, id=f"{idea}.{name}")
        for idea in IDEAS
        for name, case in cases(idea).items()
        if case is not None
    ]


def numbers(result: Any) -> Iterator[float]:
    """Every number in a result, however it is nested."""
    if dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from numbers(getattr(result, field.name))
    elif isinstance(result, Mapping):
        for value in result.values():
            yield from numbers(value)
    elif isinstance(result, np.ndarray):
        flat = result.ravel().tolist()
        yield from flat if result.dtype.kind in "biuf" else numbers(flat)
    elif isinstance(result, list | tuple):
        for value in result:
            yield from numbers(value)
    elif isinstance(result, float | int | np.number):
        yield float(result)


def outcome(call: Callable[[], Any]) -> str:
    """What a call did: `refused` with a ValueError that says something, `numbers` without NaN, or what else."""
    try:
        result = call()
    except ValueError as error:
        return "refused" if re.search(r"\w", str(error)) else "a ValueError that says nothing"
    except Exception as error:  # what a caller gets instead of the ValueError is what the violation must say
        return f"{type(error).__name__}: {error}"
    return "NaN in the result" if any(math.isnan(number) for number in numbers(result)) else "numbers"


@pytest.mark.parametrize(("name", "case"), named_cases())
def test_bad_input_is_refused_and_legal_input_gives_numbers(name: str, case: Case) -> None:
    """What is no number, or outside the range: a `ValueError`, never a silent NaN. All within the range: numbers."""
    violations = []
    untried = NOT_REFUSED_YET | (NOT_REFUSED_YET_IN_A_LIST if name in MAKE_A_LIST else set())
    for parameter in case.legal:
        for kind, value, legal in case.inputs(parameter):
            if kind in untried:
                continue
            found = outcome(partial(case.call, **{**case.valid, parameter: value}))
            if found != ("numbers" if legal else "refused"):
                violations.append(
                    f"{name}: {parameter}, {kind} {brief(value)}: {'' if legal else 'not '}legal, got {found}"
                )
    assert not violations, "\n".join(["", *violations])


@pytest.mark.parametrize(("name", "case"), named_cases())
def test_shapes_that_do_not_broadcast_are_refused_by_name(name: str, case: Case) -> None:
    """What numpy says of operands names no parameter; our errors say what a parameter must be."""
    violations = []
    for pair in itertools.combinations([name for name, legal in case.legal.items() if "shape" in legal], 2):
        unlike = {name: np.full(length, case.valid[name]) for name, length in zip(pair, (2, 3), strict=True)}
        with pytest.raises(ValueError, match=r"\w") as error:
            case.call(**{**case.valid, **unlike})
        if not re.search(r"must .*got shapes? .*\([23],\)", str(error.value)):
            violations.append(f"{name}: {' and '.join(pair)}: {error.value}")
    assert not violations, "\n".join(["", *violations])


@pytest.mark.parametrize("idea", IDEAS)
def test_a_single_number_states_its_range(idea: str) -> None:
    """Where a number may begin and end is part of what a public name promises, so both ends are tried."""
    for name, case in cases(idea).items():
        silent = {} if case is None else case.legal.keys() - case.ranges.keys()
        assert not [p for p in silent if not np.ndim(case.valid[p])], f'{name}: add a range such as "(0, inf)"'


@pytest.mark.parametrize("idea", IDEAS)
def test_the_interface_is_the_one_that_was_reviewed(idea: str) -> None:
    """A changed name or default changes what users get, so a review has to see it; a new idea has no lines yet."""
    known = [line for line in interface.FILE.read_text(encoding="utf-8").splitlines() if line.startswith(f"{idea}.")]
    assert known in ([], list(interface.lines(idea))), "python -m tests.interface writes the interface anew"


@pytest.mark.parametrize("idea", IDEAS)
def test_the_table_of_bad_input_knows_every_public_name(idea: str) -> None:
    """A new public name must say which odd inputs are legal for it."""
    assert set(getattr(perpnotes, idea).__all__) - {name.partition(".")[0] for name in cases(idea)} == set()


@pytest.mark.parametrize("idea", IDEAS)
def test_all_is_what_the_module_defines(idea: str) -> None:
    """`__all__` holds every public function and class of the module, and names that exist."""
    module = getattr(perpnotes, idea)
    own = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }
    assert own <= set(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("idea", IDEAS)
def test_every_public_function_is_documented(idea: str) -> None:
    """Each says its parameters and what it raises, and shows an example that runs."""
    module = getattr(perpnotes, idea)
    for name in module.__all__:
        value = getattr(module, name)
        if not inspect.isfunction(value):
            continue
        doc = inspect.getdoc(value) or ""
        for section in ("Parameters:", "Raises:", "Examples:", ">>>"):
            assert section in doc, f"{idea}.{name} lacks {section}"
        for parameter in inspect.signature(value).parameters:
            assert f"{parameter}:" in doc, f"{idea}.{name} does not say {parameter}"
        assert not re.search(r"Returns:\n +\w+ *(\(.*\))?:", doc), f"{idea}.{name}: a page shows this as a name"


@pytest.mark.parametrize("idea", IDEAS)
def test_an_example_can_be_pasted_after_an_import_of_the_module(idea: str) -> None:
    """Beside the public names of its module, it uses what it imports or makes itself."""
    module = getattr(perpnotes, idea)
    for name in module.__all__:
        value = getattr(module, name)
        for found in doctest.DocTestFinder().find(value, name, inspect.getmodule(value)):
            nodes = [*ast.walk(ast.parse("".join(each.source for each in found.examples)))]
            read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
            made = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
            made |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
            made |= {node.arg for node in nodes if isinstance(node, ast.arg)}
            assert read <= {*made, *module.__all__, *dir(builtins)}, f"{idea}.{found.name}"


@pytest.mark.parametrize("idea", IDEAS)
def test_what_one_can_choose_from_is_documented(idea: str) -> None:
    """The words in a public value and the members of an enumeration can be read on the page of the module."""
    module = getattr(perpnotes, idea)
    source = Path(module.__file__).read_text(encoding="utf-8")
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) and issubclass(value, Enum):
            said, words = inspect.getdoc(value) or "", [*value.__members__]
        elif isinstance(value, Mapping | tuple):
            said = re.findall(rf'^{name}\b.*?""".*?"""', source, re.DOTALL | re.MULTILINE)[0]
            words = [*value, *(value.values() if isinstance(value, Mapping) else ())]
        else:
            continue
        assert [word for word in words if isinstance(word, str) and word not in said] == [], f"{idea}.{name}"


@pytest.mark.parametrize("idea", IDEAS)
def test_a_public_class_checks_what_it_is_given_or_says_who_makes_it(idea: str) -> None:
    """Whoever may build it is told what is wrong; a result is built by the function that its docstring names."""
    module = getattr(perpnotes, idea)
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) and dataclasses.is_dataclass(value):
            makers = re.findall(r"Made by `([\w.]+)`(?: and `(\w+)`)?", inspect.getdoc(value) or "")
            assert "__post_init__" in vars(value) or makers, f"{idea}.{name} checks nothing and names no maker"
            for maker in filter(None, itertools.chain(*makers)):
                assert callable(operator.attrgetter(maker)(module)), f"{idea}.{name} is not made by {maker}"


@pytest.mark.parametrize("idea", IDEAS)
def test_a_public_dataclass_is_frozen(idea: str) -> None:
    """What was checked when it was made stays as it was checked."""
    module = getattr(perpnotes, idea)
    classes = [value for name in module.__all__ if dataclasses.is_dataclass(value := getattr(module, name))]
    assert [value for value in classes if not value.__dataclass_params__.frozen] == []


@pytest.mark.parametrize("idea", IDEAS)
def test_one_idea_is_one_module_one_article_one_test_one_reference(idea: str) -> None:
    """Whoever knows one of the four knows where the other three are."""
    for path in (
        f"perpnotes/{idea}.py",
        "docs/book.md" if idea == "book" else f"docs/insights/{idea}.md",  # it is a page to be used, not an article
        f"tests/test_{idea}.py",
        f"docs/reference/{idea}.md",
    ):
        assert (ROOT / path).is_file(), path


def test_no_file_stands_alone() -> None:
    """Every article, reference page and module belongs to an idea."""
    assert {p.stem for p in (ROOT / "docs/insights").glob("*.md")} == set(IDEAS) - {"book"}
    assert {p.stem for p in (ROOT / "docs/reference").glob("*.md")} - {"index"} == {*IDEAS, "perpnotes"}
    assert {p.stem for p in (ROOT / "perpnotes").glob("[!_]*.py")} == set(IDEAS)


def loaded_by(code: str) -> set[str]:
    """The modules that a statement loads in a fresh interpreter."""
    script = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"
    return set(
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    )


def test_importing_the_library_brings_numpy_alone() -> None:
    """A copied example needs nothing else, and the publishing layer stays out of it."""
    loaded = loaded_by("from perpnotes import *")
    roots = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert roots == {"numpy", "perpnotes"}
    assert {f"perpnotes.{idea}" for idea in IDEAS} <= loaded
    assert not any(name.startswith("perpnotes.publish") for name in loaded)


def test_importing_an_idea_loads_what_it_stands_on_and_no_other_idea() -> None:
    """One idea costs little, and a change in one it does not need cannot concern it."""
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0][
        "layers"
    ]
    below = {name for layer in layers[layers.index("perpnotes.fees") :] for name in layer.split(" | ")}
    for code in ("import perpnotes.fees", "from perpnotes import fees", "import perpnotes; perpnotes.fees"):
        loaded = {name for name in loaded_by(code) if name.startswith("perpnotes.")}
        assert "perpnotes.fees" in loaded
        assert loaded <= below
    assert {name for name in loaded_by("import perpnotes") if name.startswith(("numpy", "perpnotes."))} == set()


def test_the_package_names_what_it_has_and_refuses_the_rest() -> None:
    """Names that are loaded late are listed, and a typing error is an error as in any other module."""
    assert set(perpnotes.__all__) <= set(dir(perpnotes))
    with pytest.raises(AttributeError, match="module 'perpnotes' has no attribute 'fee'"):
        perpnotes.fee  # type: ignore[attr-defined]  # noqa: B018


def test_whole_numbers_have_64_bits_everywhere() -> None:
    """Milliseconds overflow the default integer where it has 32 bits, as in a browser."""
    for file in (ROOT / "perpnotes").rglob("*.py"):
        assert not re.findall(r"astype\(int\)|dtype=int\b|np\.int_\b", file.read_text(encoding="utf-8")), file

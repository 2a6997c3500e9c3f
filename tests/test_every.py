"""What holds for every public function and class, tried on calls that the examples of the docstrings lead to."""

import contextlib
import copy
import dataclasses
import inspect
import math
import random
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, get_overloads

import calls
import numpy as np
import pytest
from test_public import numbers

from perpnotes import anomalies, feeds, stress

NAMES = [name for name, _, _ in calls.public()]
CLASSES = sorted({name for name, value, _ in calls.public() if inspect.isclass(value)})
FILES = {"feeds.read", "feeds.read_book", "feeds.read_messages"}  # those of the examples are gone

WRONG: Mapping[str, Any] = {
    "an object": object(),
    "a word": "derive_pmrm_v1",
    "nothing": None,
    "bytes": b",",
    "a truth": True,
    "a function": len,
    "a number": 0.5,
    "a whole number": 7,
    "a complex number": 1j,
    "an integer beyond floats": 10**400,
    "a decimal that is none": Decimal("NaN"),
    "a mapping": {"a": 1.0},
    "a mapping of numbers": {1: 1.0},
    "a mapping to objects": {"a": object()},
    "a set": {1},
    "an empty list": [],
    "a list": [1.0],
    "a list of nothing": [None],
    "a list of objects": [object()],
    "a ragged list": [[1.0], [1.0, 2.0]],
    "pairs": [("a", "b")],
    "a date among numbers": [1.0, np.datetime64("NaT", "s")],
    "a masked array": np.ma.array([1.0, 2.0], mask=[False, True]),
}


def test_the_examples_lead_to_every_public_name() -> None:
    """So that none is left out below; a name without an example of its own is called in `calls._more`."""
    assert set(NAMES) - set(calls.found()) == FILES


@pytest.mark.parametrize("name", sorted(set(NAMES) - FILES))
def test_an_argument_of_the_wrong_kind_is_a_value_error(name: str) -> None:
    """Whatever a parameter is given, the answer is a result or a `ValueError` that says which parameter."""
    call = calls.found()[name]
    for parameter in call.arguments:
        for kind, value in WRONG.items():
            if parameter != "self":
                try:
                    call(**{parameter: value})
                except ValueError:
                    continue
                except Exception as error:
                    pytest.fail(f"{parameter} = {kind}: {type(error).__name__}: {error}")


# --- Sizes ---

SLOW = {  # work, or memory, that grows with a number given: such numbers have no bound
    *("anomalies.episode", "cascades.spread_path", "correlation.equicorrelation", "correlation.nearest"),
    *("drift.run_length", "funding.AR1.expected", "latency.Regimes.spiked_orders", "latency.fill_probability"),
    *("pipeline.bad_day", "pipeline.crowd", "pipeline.run"),
}
UNSTAMPED = {"feeds.Book", "feeds.Quote", "feeds.parse_book", "feeds.parse_messages"}  # a stamp that is missing is NaN
GIVEN = {  # results: what these get is what a function found
    name for name, value, _ in calls.public() if inspect.isclass(value) and "Made by" in (inspect.getdoc(value) or "")
}


def a_number(value: Any) -> bool:
    return isinstance(value, float | int | np.floating | np.integer) and not isinstance(value, bool | np.bool_)


def of_any_size(value: Any, chance: random.Random) -> Any:
    """`value` with some of its numbers replaced by others, from 1e-300 to 1e300 in size, often near an end."""
    if a_number(value):
        power = chance.choice([-300, chance.randint(-300, 299), 299])
        size = chance.choice([1.0, 1.0, -1.0]) * chance.uniform(1.0, 9.5) * 10.0**power
        return chance.choice([value, size])
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.array([of_any_size(member, chance) for member in value.ravel().tolist()]).reshape(value.shape)
    if isinstance(value, list) and all(map(a_number, value)):
        return [of_any_size(member, chance) for member in value]
    return value


@pytest.mark.parametrize("name", sorted(set(NAMES) - FILES - SLOW - UNSTAMPED - GIVEN))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_of_any_size_give_a_number_or_a_value_error(name: str) -> None:
    """From 1e-300 to 1e300, drawn sixty times: numpy may say that something overflowed, but no result is NaN."""
    call, chance = calls.found()[name], random.Random(name)  # noqa: S311
    given = {key: value for key, value in call.arguments.items() if key != "self"}
    assert not any(map(math.isnan, numbers(call.answer)))
    for _ in range(60):
        drawn = {key: new for key, value in given.items() if (new := of_any_size(value, chance)) is not value}
        if drawn:
            with contextlib.suppress(ValueError):
                assert not any(map(math.isnan, numbers(call(**drawn)))), drawn


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("bands.fillable", {"equity": 1e300, "requirement": 1e-300, "adjustment": 0.0}),
        ("cascades.square_root_impact", {"quantity": 0.0, "volatility": 1e200, "coefficient": 1e200}),
        ("cascades.square_root_impact", {"quantity": 1e300, "volume": 1e-300, "volatility": 0.0}),
        ("deleveraging.place", {"claims": [1e308] * 6}),
        ("funding.skew_rate", {"mark": 1e200, "index": 1e-200, "sensitivity": 0.0}),
        ("funding.total", {"size": 0.0, "marks": [100.0, 1e300, 99.0], "rates": [0.0, 1e300, 0.0]}),
        ("guardrails.stale_bounds", {"volatility": 1e200, "age_seconds": 0.0, "deviations": 1e200}),
        ("liquidation.overtaken", {"liquidation": 0.0, "volatility": 1e200, "seconds": 1e300}),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_infinity_times_nothing_is_refused(name: str, given: Mapping[str, Any]) -> None:
    """What the draws above seldom meet: a zero beside a size that overflows, and infinity over infinity."""
    with pytest.raises(ValueError, match="must be of sizes that floats can hold together"):
        calls.found()[name](**given)


# --- Types ---

OVERLOADED = sorted(name for name, function, _ in calls.public() if get_overloads(function))


def simplest(value: Any, kind: str) -> Any:
    """One number of an array or a list of them, all of them where a row is asked for, anything else as it is."""
    row = np.ravel(value).tolist() if isinstance(value, np.ndarray | list) else [value]
    return row if kind == "Sequence[float]" else row[0]


def leaves(result: Any) -> list[Any]:
    """The floats or arrays of a result that may hold several."""
    return list(result.values()) if isinstance(result, Mapping) else list(result) if type(result) is tuple else [result]


def test_overloads_are_found() -> None:
    """Or the next test would have no case."""
    assert len(OVERLOADED) > 70


@pytest.mark.parametrize("name", OVERLOADED)
def test_numbers_alone_give_a_float_and_an_array_gives_an_array(name: str) -> None:
    """As the two signatures of the function say."""
    call = calls.found()[name]
    numbers_alone = get_overloads(call.function)[0].__annotations__
    each = [key for key in call.arguments if numbers_alone.get(key) in ("float", "Sequence[float]")]
    plain = {key: simplest(call.arguments[key], numbers_alone[key]) for key in each}
    kind = np.bool_ if numbers_alone["return"] == "np.bool_" else float
    assert all(isinstance(number, kind) for number in leaves(call(**plain)))
    one = next(key for key in each if "ArrayLike" in get_overloads(call.function)[1].__annotations__[key])
    for answer in leaves(call(**{**plain, one: np.array([plain[one]])})):
        assert isinstance(answer, np.ndarray)
        assert answer.shape == (1,)


# --- Objects ---


def arrays(value: Any) -> Iterator[np.ndarray]:
    """Every array in a value, however nested."""
    if isinstance(value, np.ndarray):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from arrays(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from arrays(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from arrays(member)


def other(value: Any) -> Any:
    """A value that differs a little."""
    if isinstance(value, np.ndarray) and value.size:
        changed = value.copy()
        changed.flat[-1] = not changed.flat[-1] if value.dtype == np.bool_ else changed.flat[-1] + 1
        return changed
    if isinstance(value, Mapping) and value:
        *rest, (key, last) = value.items()
        return {**dict(rest), key: other(last)}
    return ("another", value)


def of(name: str) -> list[Any]:
    """The objects of a class that the calls make, take or give."""
    idea, kind = name.split(".")
    return calls.objects()[getattr(sys.modules[f"perpnotes.{idea}"], kind)]


@pytest.mark.parametrize("name", CLASSES)
def test_the_arrays_of_a_frozen_object_are_read_only(name: str) -> None:
    for thing in of(name):
        for array in arrays(thing):
            assert not array.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


@pytest.mark.parametrize("name", CLASSES)
def test_equal_objects_are_equal_and_hash_alike(name: str) -> None:
    """By value: a deep copy is equal; what differs in one field, be it in one entry of an array, is not."""
    for thing in of(name):
        twin = copy.deepcopy(thing)
        assert twin is not thing
        assert twin == thing
        assert hash(twin) == hash(thing)
        assert thing != "something else"
        for field in dataclasses.fields(thing):
            clone = copy.copy(thing)
            object.__setattr__(clone, field.name, other(getattr(thing, field.name)))
            assert clone != thing, field.name


@pytest.mark.parametrize("name", CLASSES)
def test_a_frozen_object_keeps_nothing_of_the_caller_that_can_change(name: str) -> None:
    """Arrays, lists and mappings are copied: what the caller does to them afterwards changes no object."""
    call, mine = calls.found()[name], {}
    for parameter, value in call.arguments.items():
        if isinstance(value, np.ndarray):
            mine[parameter] = value.copy()
        elif isinstance(value, Mapping):
            mine[parameter] = {key: v.copy() if isinstance(v, np.ndarray) else v for key, v in value.items()}
        elif isinstance(value, list):
            mine[parameter] = copy.deepcopy(value)
            with contextlib.suppress(TypeError, ValueError):
                mine[parameter] = np.array(value, dtype=float)
    made = call(**mine)
    before = copy.deepcopy(made)
    for value in mine.values():
        for array in arrays(value):
            array[...] = 0
        if not isinstance(value, np.ndarray):
            value.clear()
    assert made == before


def test_equality_knows_shapes_nan_and_the_order_of_a_mapping() -> None:
    """The first price of a market is the driver, so two markets that name another one first differ."""

    def history(last: float) -> feeds.History:
        return feeds.History([0.0, 60.0, 120.0], [1.0, 2.0, last], "price")

    assert history(math.nan) == history(math.nan) != history(3.0)
    assert history(0.0) == history(-0.0)
    assert hash(history(0.0)) == hash(history(-0.0))
    assert stress.Market({"A": 1.0, "B": 2.0}) != stress.Market({"B": 2.0, "A": 1.0})
    assert anomalies.Score(("a", "b"), np.ones((1, 2))) != anomalies.Score(("a", "b"), np.ones((2, 1)))

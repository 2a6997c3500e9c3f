"""Calls of the library that work, found by running the examples of its docstrings: one for each public function.

Whoever adds a public function writes an example for it, so a rule that holds for all of them is tested on it too.
"""

import contextlib
import dataclasses
import doctest
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import CodeType, FrameType
from typing import Any

import perpnotes
from perpnotes import (
    anomalies,
    bands,
    contracts,
    feeds,
    funding,
    guardrails,
    liquidation,
    prices,
    sizing,
    stress,
)

IDEAS = [module for name in perpnotes.__all__ if inspect.ismodule(module := getattr(perpnotes, name))]


@dataclasses.dataclass(frozen=True)
class Call:
    """A public function or method, arguments that it takes, and its answer; those of a method begin with the object."""

    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    answer: Any = None

    def __call__(self, /, **changed: Any) -> Any:
        """What it answers to the arguments, some of them changed."""
        values = {**self.arguments, **changed}
        args, kwargs = [], {}
        for name, parameter in _parameters(self.function).items():
            if name in values:
                if parameter.kind is parameter.VAR_POSITIONAL:
                    args += values[name]
                elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                    args.append(values[name])
                else:
                    kwargs[name] = values[name]
        return self.function(*args, **kwargs)


@cache
def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function).parameters


def public() -> Iterator[tuple[str, Callable[..., Any], CodeType]]:
    """Every public function, method that takes something, and class of the ideas; of a class what its call executes."""
    for module in IDEAS:
        for name in module.__all__:
            value = getattr(module, name)
            label = f"{module.__name__.removeprefix('perpnotes.')}.{name}"
            if inspect.isfunction(value):
                yield label, value, value.__code__
            elif inspect.isclass(value) and dataclasses.is_dataclass(value):
                yield label, value, value.__init__.__code__
                for key, member in vars(value).items():
                    if key.startswith("_"):
                        continue
                    if isinstance(member, classmethod):
                        yield f"{label}.{key}", getattr(value, key), member.__func__.__code__
                    elif inspect.isfunction(member) and len(inspect.signature(member).parameters) > 1:
                        yield f"{label}.{key}", member, member.__code__


@cache
def found() -> Mapping[str, Call]:
    """A call of each public function that an example leads to, directly or through others, and that can be repeated."""
    wanted = {id(code): (name, function) for name, function, code in public()}  # equal codes are not the same
    seen: list[Call] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (known := wanted.get(id(frame.f_code))):
            name, function = known
            keys = [key for key in inspect.signature(function).parameters if key in frame.f_locals]
            seen.append(Call(name, function, {key: frame.f_locals[key] for key in keys}))

    parser, runner = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    # an idea may export what another module defines
    homes = {sys.modules[function.__module__] for _, function in wanted.values()}
    examples = [
        lambda test=test: runner.run(test, clear_globs=False)
        for home in sorted(homes, key=str)
        for test in parser.find(home)
    ]
    calls: dict[str, Call] = {}
    before = sys.getprofile()
    for run in (*examples, _more):
        sys.setprofile(watch)
        try:
            run()
        finally:
            sys.setprofile(before)
        for call in seen:
            if call.name not in calls:
                with contextlib.suppress(ValueError, OSError):  # an example of an error, or of a file that is gone
                    calls[call.name] = dataclasses.replace(call, answer=call())
        seen.clear()
    return calls


def _more() -> None:
    """What has no example of its own, or one that cannot be repeated."""
    minute = [60.0 * k for k in range(4)]
    feeds.History(minute, [1.0, 2.0, 3.0, 4.0], "price")
    feeds.Quote(99.0, 1.0, 101.0, 2.0)
    sizing.Mode("gap", gap=0.1)
    funding.AR1.fit([1.0, 2.0, 3.0, 3.0, 2.0, 1.0]).expected(0.0001, 3)
    weather = guardrails.Reading("equity", 5.0, "ledger", 0.0)
    rule = guardrails.Rule("margin", {"equity": 1.0}, 10.0, guardrails.Action.HALT)
    record = guardrails.Record([weather], [rule], {"cancels": 1.0}, 2.0)
    record.clearing("equity")
    guardrails.Record.replay(record.text)
    rule.slack([weather])
    estimate = liquidation.Estimate(1.0, 100.0, 10.0, 0.01)
    estimate.distance(100.0)
    bands.band(estimate, {"warning": 2.0, "end": 1.0}).hours(100.0, 0.6, 0.5)
    prices.Trigger().first(1.0, 100.0, 10.0, 0.01, mark=[100.0, 80.0])
    market = stress.Market({"A": 100.0, "B": 10.0}, {"A": 0.5, "B": 0.6}, [[1.0, 0.5], [0.5, 1.0]])
    scenarios = stress.grid(price=[-0.1, 0.1], correlation=[0.0, 1.0])
    tested = stress.evaluate([(contracts.Linear("A"), 1.0), (contracts.Linear("B"), -9.0)], market, scenarios)
    tested.netting()
    tested.surface("price", "correlation")
    anomalies.alarms([0, 5], 3.0, [1], horizon=3).per_day()


@cache
def objects() -> Mapping[type, list[Any]]:
    """Objects of each public class: made by these calls, or taken or given by them."""
    seen: dict[type, dict[int, Any]] = {}

    def keep(value: Any) -> None:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            alike = seen.setdefault(type(value), {})
            if id(value) in alike:  # what many share, once
                return
            alike[id(value)] = value
            for field in dataclasses.fields(value):
                keep(getattr(value, field.name))
        elif isinstance(value, Mapping):
            for member in value.values():
                keep(member)
        elif isinstance(value, list | tuple):
            for member in value:
                keep(member)

    for call in found().values():
        keep(call.answer)
        for argument in call.arguments.values():
            keep(argument)
    return {kind: list(alike.values()) for kind, alike in seen.items()}

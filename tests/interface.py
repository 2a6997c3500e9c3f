"""What a caller of the library relies on, as text: every public name with its parameters, defaults and constants.

A change of it is a change for users, so it stands in `interface.txt`, where a review sees it. Run as a program, this
writes the file anew.
"""

import inspect
from collections.abc import Iterator
from enum import EnumType
from pathlib import Path
from typing import Any

import perpnotes

FILE = Path(__file__).with_name("interface.txt")
IDEAS = [name for name in perpnotes.__all__ if inspect.ismodule(getattr(perpnotes, name))]


def lines(idea: str) -> Iterator[str]:
    """One line for each name of an idea, in alphabetical order; methods and properties after their class."""
    module = getattr(perpnotes, idea)
    for name in sorted(module.__all__):
        value = getattr(module, name)
        if not callable(value):
            yield f"{idea}.{name} = {value!r}" if len(repr(value)) <= 200 else f"{idea}.{name}"
            continue
        if isinstance(value, EnumType):
            yield f"{idea}.{name}: {', '.join(f'{member.name} = {member.value}' for member in value)}"
            continue
        yield f"{idea}.{name}{parameters(value)}"
        for member, inner in sorted(vars(value).items() if inspect.isclass(value) else ()):
            if not member.startswith("_"):
                function = inner.__func__ if isinstance(inner, classmethod | staticmethod) else inner
                if inspect.isfunction(function):
                    yield f"{idea}.{name}.{member}{parameters(function)}"
                elif isinstance(function, property):
                    yield f"{idea}.{name}.{member}"


def parameters(function: Any) -> str:
    """Names and defaults in parentheses, without types."""
    signature = inspect.signature(function)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


if __name__ == "__main__":
    FILE.write_text("".join(f"{line}\n" for idea in IDEAS for line in lines(idea)), encoding="utf-8")

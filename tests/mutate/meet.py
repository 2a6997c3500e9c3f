"""What a mutant meets, in a process of its own; multiprocessing finds no function of a `__main__`."""

import os
import re
import sys
from pathlib import Path

import pytest


class Only:
    """Of the tests of all public names, those of some modules."""

    def __init__(self, ideas: list[str]) -> None:
        self.theirs = re.compile(rf"\[({'|'.join(ideas)})[.\]]")

    def pytest_collection_modifyitems(self, items: list) -> None:
        items[:] = [i for i in items if "test_public" not in i.nodeid or self.theirs.search(i.nodeid)]


def run(tree: str, ideas: list[str], files: list[str]) -> None:
    """In a process of its own: pytest's answer on a copy of the tree, as the exit code."""
    os.setsid()
    os.chdir(tree)
    sys.path[:0] = [tree]
    with Path("mutant.log").open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"]
        code = pytest.main([*options, *files])
        if code == 0:  # the slow half
            code = pytest.main([*options, "tests/published", "tests/test_public.py"], plugins=[Only(ideas)])
        log.flush()
    os._exit(int(code))

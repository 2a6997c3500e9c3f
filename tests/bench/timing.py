"""How the benchmarks measure."""

import time
from collections.abc import Callable


def best(*works: Callable[[], object], times: int = 3) -> list[float]:
    """The shortest run of each, seconds; they take turns, so that a busy moment of the machine hits all alike."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, runs in zip(works, seconds, strict=True):
            start = time.perf_counter()
            work()
            runs.append(time.perf_counter() - start)
    return [min(runs) for runs in seconds]

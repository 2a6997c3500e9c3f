"""Mutation testing of the library: change one operator or constant at a time, and see whether a test notices.

The mutations are cosmic-ray's. What runs them is here: cosmic-ray itself takes a mutant that ran out of time for one
that was noticed, draws no sample and changes the working tree; mutmut leaves out what is decorated, so every property.

Places are drawn by seed, and one mutation for each. A mutant meets the tests of its module, its doctests, the published
examples and the table of bad input, in a copy of the tree that has no raw data beside it.
"""

import argparse
import ast
import datetime as dt
import itertools
import math
import multiprocessing
import os
import queue
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from perpnotes.publish.compute.records import Record
from perpnotes.publish.evidence.measure import measure as measure_record
from perpnotes.publish.evidence.measure import text
from tests.mutate.meet import run

ROOT, HERE = Path(__file__).parents[2], Path(__file__).parent
AIM, Z = 0.95, 1.959964
PRELOAD = ["numpy", "pytest", "hypothesis", "yaml", "playwright.sync_api", "scipy.stats", "scipy.optimize"]
# An operator is replaced by one of its kind: `|` in place of `*` would break any call with floats.
KINDS = (
    *({"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"}, {"BitOr", "BitAnd", "BitXor"}, {"Is", "IsNot"}),
    *({"Eq", "NotEq"}, {"Lt", "LtE", "Gt", "GtE"}, {"Delete", "USub"}, {"Delete", "Not"}, {"Delete", "Invert"}),
)
OTHERS = {
    *("AddNot", "NumberReplacer", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr"),
    *("ReplaceOrWithAnd", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
}
PLANTED = {  # what is added to a module so that its tests must pass, and so that they must not
    "lived": "\n# planted\n",
    "died": """
globals().update({n: lambda *a, **k: None for n, f in globals().items() if hasattr(f, '__code__')})
[tables.clear() for n, tables in globals().items() if n.isupper() and isinstance(tables, dict)]
""",
}


class Mutant(NamedTuple):
    """The source of a module with one change in it."""

    line: int
    before: str
    after: str
    source: str


def places(source: str) -> list[list[tuple[str, int]]]:
    """The mutations of each place, in order: of no annotation and no `*` among parameters."""
    annotations = [
        ((part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset))
        for node in ast.walk(ast.parse(source))
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if part is not None
    ]
    found = defaultdict(list)
    nodes = list(ast_nodes(get_ast(source)))
    stars = {node.start_pos for node in nodes if node.parent is not None and node.parent.type == "parameters"}
    for name in OperatorProvider():
        if name in OTHERS or any(set(name.split("_")[1:]) <= kind for kind in KINDS if "_" in name):
            positions = [start for node in nodes for start, _ in OperatorProvider()[name]().mutation_positions(node)]
            for occurrence, start in enumerate(positions):
                if start not in stars and not any(first <= start < last for first, last in annotations):
                    found[start].append((name, occurrence))
    return [found[start] for start in sorted(found)]


def mutants(module: str, source: str, seed: int) -> Iterator[Mutant]:
    """One mutation for each place, in random order; no known equivalent."""
    same, known = equivalents(module, source), places(source)
    rng = np.random.default_rng(seed)
    for place in map(known.__getitem__, rng.permutation(len(known))):
        name, occurrence = place[rng.integers(len(place))]
        changed = mutate_code(source, OperatorProvider()[name](), occurrence)
        try:
            if ast.dump(ast.parse(changed)) == ast.dump(ast.parse(source)):  # 1e300 + 1 is 1e300
                continue
        except SyntaxError:  # `not found := …` lacks the parentheses that it needs
            continue
        pairs = enumerate(zip(source.splitlines(), changed.splitlines(), strict=False), 1)
        line, before, after = next((n, old.strip(), new.strip()) for n, (old, new) in pairs if old != new)
        if not any(after == variant for old, new in same for variant in _variants(before, old, new)):
            yield Mutant(line, before, after, changed)


def _variants(line: str, old: str, new: str) -> Iterator[str]:
    """A line with one of its parts replaced, once for each place where it has that part."""
    for found in re.finditer(re.escape(old), line):
        yield line[: found.start()] + new + line[found.end() :]


def equivalents(module: str, source: str) -> set[tuple[str, str]]:
    """The changes of lines that are known to change nothing; a line that is no longer in the source is an error.

    What holds for every module is a part of a line.
    """
    pattern = re.compile(r"^(\S+)\n- (.+)\n\+ (.+)\nbecause .+$", re.MULTILINE)
    text = (HERE / "equivalent.txt").read_text()
    found = pattern.findall(text)
    if len(found) != len([block for block in text.split("\n\n") if not block.startswith("#")]):
        raise SystemExit("equivalent.txt: a block is the module, the line as it is, as mutated, and because of what")
    known = {(before, after) for name, before, after in found if name in (module, "every")}
    lines = set(map(str.strip, source.splitlines()))
    if gone := [before for name, before, _ in found if name == module and before not in lines]:
        raise SystemExit(f"equivalent.txt: {module} has no line {gone[0]!r} any more")
    return known


def targets(module: str) -> list[str]:
    """The files with a module's tests; of a private module that has none, those of the modules that import it."""
    name = module.lstrip("_")
    if (ROOT / f"tests/test_{name}.py").exists():
        return [f"tests/test_{name}.py", f"perpnotes/{module}.py"]
    return [file for idea in ideas(module) for file in targets(idea)]


def ideas(module: str) -> list[str]:
    """The public modules with which a module is tried: itself, or those that import it."""
    if not module.startswith("_"):
        return [module]
    imported = re.compile(rf"^from perpnotes(\.{module} import| import .*\b{module}\b)", re.MULTILINE)
    found = [path.stem for path in (ROOT / "perpnotes").glob("[!_]*.py") if imported.search(path.read_text())]
    if not found:
        raise SystemExit(f"{module}: no public module imports it")
    return sorted(found)


def outcome(tree: Path, module: str, source: str, files: list[str], limit: float) -> str:
    """What became of a mutant: lived, died or timeout."""
    path = tree / f"perpnotes/{module}.py"
    path.write_text(source)
    shutil.rmtree(tree / "perpnotes/__pycache__", ignore_errors=True)  # two sources of one second and length look alike
    process = multiprocessing.get_context("forkserver").Process(target=run, args=(str(tree), ideas(module), files))
    process.start()
    process.join(limit)
    if process.exitcode is None:
        os.killpg(process.pid, signal.SIGKILL)
        return "timeout"
    if process.exitcode not in (0, 1, 2):  # 2: the module can no longer be imported
        raise SystemExit(f"{module}: pytest ended with {process.exitcode}\n{(tree / 'mutant.log').read_text()[-2000:]}")
    return "lived" if process.exitcode == 0 else "died"


def measure(module: str, trees: list[Path], sample: int, seed: int) -> tuple[int, int]:
    """Print a module's survivors and its score; how many mutants died, and of how many."""
    source, files = (ROOT / f"perpnotes/{module}.py").read_text(), targets(module)
    began = time.monotonic()
    for expected, addition in PLANTED.items():
        if (found := outcome(trees[0], module, source + addition, files, 600)) != expected:
            log = (trees[0] / "mutant.log").read_text()[-2000:]
            raise SystemExit(f"{module}: the mutant planted as one that {expected} {found}\n{log}")
    limit = 20 + 5 * (time.monotonic() - began)
    free: queue.Queue[Path] = queue.Queue()
    for tree in trees:
        free.put(tree)

    def meet(mutant: Mutant) -> str:
        tree = free.get()
        try:
            return outcome(tree, module, mutant.source, files, limit)
        finally:
            (tree / f"perpnotes/{module}.py").write_text(source)
            free.put(tree)

    drawn = list(itertools.islice(mutants(module, source, seed), sample))
    with ThreadPoolExecutor(len(trees)) as pool:
        found = list(pool.map(meet, drawn))
    for mutant, what in sorted(zip(drawn, found, strict=True)):
        if what != "died":
            print(f"  perpnotes/{module}.py:{mutant.line}: {what}\n    - {mutant.before}\n    + {mutant.after}")
    count, n = Counter(found), len(drawn)
    print(
        f"{module}: {score(count['died'], n)}, {count['lived']} lived, {count['timeout']} timed out; seed {seed}",
        flush=True,
    )
    return count["died"], n


def score(died: int, of: int) -> str:
    """In words."""
    low, high = wilson(died, of)
    return f"{died} of {of} mutants died, {died / of:.1%} (95% interval {low:.1%} to {high:.1%})"


def recorded(found: dict[str, tuple[int, int]], seed: int) -> None:
    """Write what was found to the record that the site quotes."""
    died, of = (sum(column) for column in zip(*found.values(), strict=True))
    # The ends of Wilson's interval.
    end = "(noticed + z**2 / 2 {} z * np.sqrt(noticed * (tried - noticed) / tried + z**2 / 4)) / (tried + z**2)"
    calls = {"share": "noticed / tried", "low": end.format("-"), "high": end.format("+")}
    counts = {name: f"{d} of {n}" for name, (d, n) in sorted(found.items())}
    record = Record(
        "mutants",
        "Small changes of the library that its tests notice, and the 95% interval of the share",
        "",
        given={
            "day": dt.date.today().isoformat(),
            "seed": seed,
            "noticed": died,
            "tried": of,
            "z": Z,
            "modules": counts,
        },
        figures={
            "day": {"call": "day", "unit": "text", "is": ""},
            **{name: {"call": name, "unit": "count", "is": 0} for name in ("noticed", "tried")},
            **{name: {"call": call, "unit": "pct.1", "is": 0} for name, call in calls.items()},
        },
    )
    (ROOT / "tests/records/mutants.yaml").write_text(text(measure_record(record, None)), encoding="utf-8")


def wilson(k: int, n: int, z: float = Z) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion.

    >>> [round(end, 4) for end in wilson(9, 10)]
    [0.5958, 0.9821]
    """
    middle, half = k + z * z / 2, z * math.sqrt(k * (n - k) / n + z * z / 4)
    return (middle - half) / (n + z * z), (middle + half) / (n + z * z)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("modules", nargs="*", help="names of modules, such as fees; every one when none is named")
    parser.add_argument("--sample", type=int, default=60, help="places in each module (default 60)")
    parser.add_argument("--library", type=int, help="places drawn from all of them, in the place of so many in each")
    parser.add_argument("--record", action="store_true", help="write the score to tests/records/mutants.yaml")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    modules = args.modules or sorted(p.stem for p in (ROOT / "perpnotes").glob("*.py") if p.stem != "__init__")
    samples = dict.fromkeys(modules, args.sample)
    if args.library:
        sizes = [len(places((ROOT / f"perpnotes/{module}.py").read_text())) for module in modules]
        drawn = np.random.default_rng(args.seed).multivariate_hypergeometric(sizes, args.library)
        samples = {module: int(n) for module, n in zip(modules, drawn, strict=True) if n}
    for module in samples:
        equivalents(module, (ROOT / f"perpnotes/{module}.py").read_text())  # a line that is gone ends it now, not late
    os.environ.pop("PERPNOTES_DATA", None)
    os.environ.update(OPENBLAS_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="")
    multiprocessing.set_forkserver_preload(PRELOAD)
    with tempfile.TemporaryDirectory() as folder:
        trees = [Path(folder, f"{n}/perpnotes") for n in range(args.jobs)]
        for tree in trees:
            for name in ("perpnotes", "tests", "docs"):
                shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            for name in ("pyproject.toml", "README.md"):
                shutil.copy(ROOT / name, tree)
        found = {module: measure(module, trees, sample, args.seed) for module, sample in samples.items()}
    died, of = (sum(column) for column in zip(*found.values(), strict=True))
    if len(found) > 1:
        print(f"all: {score(died, of)}; seed {args.seed}")
    if args.record:
        recorded(found, args.seed)
    return 0 if all(d >= AIM * n for d, n in ([(died, of)] if args.library else found.values())) else 1


if __name__ == "__main__":
    sys.exit(main())

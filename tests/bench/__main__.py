"""`make bench`: every benchmark in this folder, each against a baseline timed in the same run.

Machines are shared and noisy, so nothing here is a test: read the ratios, not the seconds.
"""

from importlib import import_module
from pathlib import Path

BENCHES = sorted(file.stem for file in Path(__file__).parent.glob("bench_*.py"))


def main() -> None:
    """Run each benchmark and print what it measured."""
    for bench in map(import_module, (f"tests.bench.{name}" for name in BENCHES)):
        summary = (bench.__doc__ or "").splitlines()[0]
        print(f"\n{summary}", flush=True)
        for label, value in bench.run():
            print(f"  {label:<62} {value}")


if __name__ == "__main__":
    main()

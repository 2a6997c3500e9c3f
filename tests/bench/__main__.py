"""`make bench`: every benchmark in this folder, each against a baseline timed in the same run.

Machines are shared and noisy, so nothing here is a test: read the ratios, not the seconds.
"""

from tests.bench import (
    bench_anomalies,
    bench_build,
    bench_cascades,
    bench_feeds,
    bench_formulas,
    bench_liquidation,
    bench_pipeline,
    bench_prices,
    bench_scale,
    bench_serve,
    bench_stress,
)


def main() -> None:
    """Run each benchmark and print what it measured."""
    for bench in (
        bench_anomalies,
        bench_build,
        bench_cascades,
        bench_feeds,
        bench_formulas,
        bench_liquidation,
        bench_pipeline,
        bench_prices,
        bench_scale,
        bench_serve,
        bench_stress,
    ):
        summary = (bench.__doc__ or "").splitlines()[0]
        print(f"\n{summary}")
        for label, value in bench.run():
            print(f"  {label:<62} {value}")


if __name__ == "__main__":
    main()

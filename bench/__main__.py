"""`make bench`: runs every `bench_*.py`, prints a table and writes `results.json` beside it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench._result import Result
from paybridge.app.collector import spare_what_is_loaded

HERE = Path(__file__).parent
WIDEST = 130

Run = Callable[[], Awaitable[list[Result]]]


def benchmarks(wanted: Sequence[str]) -> dict[str, Run]:
    """The `run` of each benchmark by its short name; all of them if none is named."""
    names = sorted(file.stem.removeprefix("bench_") for file in HERE.glob("bench_*.py"))
    unknown = set(wanted) - set(names)
    if unknown:
        raise SystemExit(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    return {name: import_module(f"bench.bench_{name}").run for name in wanted or names}


async def run_all(runs: dict[str, Run], console: Console) -> list[Result]:
    """Every result, one benchmark after the other: side by side they would measure each other."""
    results: list[Result] = []
    for name, run in runs.items():
        console.print(f"measuring {name} …", style="dim")
        begun = time.perf_counter()
        results += await run()
        console.print(f"measured {name} in {time.perf_counter() - begun:.0f} s", style="dim")
    return results


def table(results: Iterable[Result]) -> Table:
    """The results as people read them."""
    drawn = Table("name", "value", "floor", "ratio", "goal", "holds")
    for column in drawn.columns[1:5]:
        column.justify = "right"
    for result in results:
        side = "≥" if result.wants == "at_least" else "≤"
        goal = f"{side} {result.goal:g}" if result.goal else ""
        drawn.add_row(
            result.name,
            f"{result.value:,.2f}",
            f"{result.floor:,.2f}",
            f"{result.ratio:.2f}",
            goal,
            ("yes" if result.holds else "NO") if goal else "",
        )
    return drawn


def main(wanted: Sequence[str]) -> int:
    """Run, print, write; the exit code says whether every goal holds."""
    console = Console()
    runs = benchmarks(wanted)
    spare_what_is_loaded()  # as `paybridge run` does
    results = asyncio.run(run_all(runs, console))
    console.width = max(console.width, WIDEST)  # a row stays one line in a file too
    console.print(table(results))
    rows = [result.as_row() for result in results]
    (HERE / "results.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

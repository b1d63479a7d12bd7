"""Run seeds: `python -m tests.simulation --seeds 100000 --jobs 2`, or one of them again with `--seed 7`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from tests.simulation.run import prepare, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.simulation.run import Outcome

SEEDS: Final = 100_000
AT_ONCE: Final = 50
"""Seeds that a process takes at a time."""

SECONDS_BETWEEN_LINES: Final = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 1 if anything did not hold, and then each seed's own command is printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=None, help="run this one, and print all that happens in it"
    )
    options = parser.parse_args(arguments)
    if options.seed is not None:
        return _show(options.seed)
    return _run(range(options.first, options.first + options.seeds), options.jobs)


def _show(seed: int) -> int:
    outcome = simulate(seed, keep=True)
    for line in outcome.lines:
        _tell(line)
    _tell(f"seed {seed}: {outcome.wrong or 'all held'}; trace {outcome.digest}")
    return 1 if outcome.wrong else 0


def _run(seeds: range, jobs: int) -> int:
    began = said = time.monotonic()
    counts: Counter[str] = Counter()
    done, failed = 0, 0
    for outcome in _outcomes(seeds, jobs):
        done += 1
        counts += outcome.counts
        if outcome.wrong:
            failed += 1
            _tell(f"FAILED: make simulate SEED={outcome.seed}   # {outcome.wrong}")
        if time.monotonic() - said > SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            rate = f"{done / (said - began):.0f} a second"
            _tell(
                f"{done} of {len(seeds)} seeds, {failed} failed, {rate}; FIRST={seeds[0] + done} goes on here"
            )
    seconds = time.monotonic() - began
    _tell(", ".join(f"{what} {count}" for what, count in counts.most_common()))
    _tell(f"{done} seeds in {seconds:.0f} s ({done / seconds:.0f} a second), {failed} failed")
    return 1 if failed else 0


def _outcomes(seeds: range, jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        prepare()
        yield from map(simulate, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, prepare) as pool:
        yield from pool.imap(simulate, seeds, chunksize=AT_ONCE)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Tell the bot strange things: does it fall, forget or grow? `python -m tests.fuzz --inputs 100000`."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fuzz.run import FellError, Outcome, fuzz

if TYPE_CHECKING:
    from collections.abc import Sequence

INPUTS: Final = 100_000
SLACK: Final = 8 * 2**20
SLACK_PER_INPUT: Final = 100
"""Bytes: sound room keys are kept for ever, some of every hundred inputs; SQLite keeps pages of its files."""

MIB: Final = 2**20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; 1 if the bot fell, let something through that it should not have, or grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="strange events (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="to repeat the choices of another run")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    _tell(f"seed {seed}: {options.inputs} inputs")
    folder = Path(tempfile.mkdtemp(prefix="paybridge-fuzz-"))
    try:
        outcome = asyncio.run(fuzz(options.inputs, seed, folder, _tell))
    except FellError as error:
        kept = Path(tempfile.mkdtemp(prefix="paybridge-fell-")) / "answer.json"
        kept.write_bytes(error.answer)
        _tell(f"FELL: {error}; the last answer: {kept}")
        raise
    finally:
        shutil.rmtree(folder)
    return _judged(outcome)


def _judged(outcome: Outcome) -> int:
    before, after = outcome.memory
    bound = SLACK + SLACK_PER_INPUT * outcome.inputs
    watch = outcome.watch
    lost = outcome.canaries - watch.canaries
    wrong = [
        *watch.wrong,
        *outcome.log.bugs,
        *([f"{lost} canaries lost"] if lost else []),
        *([] if after - before <= bound else [f"grew by more than {bound / MIB:.0f} MiB"]),
    ]
    _tell(
        f"{outcome.inputs} inputs in {outcome.answers} answers, {outcome.nonsense} nonsensical replies;"
        f" {outcome.inputs / outcome.seconds:.0f} inputs/s"
    )
    _tell(f"letters {watch.letters}, told {dict(watch.told.most_common())}")
    _tell(f"logged {dict(outcome.log.lines.most_common())}")
    _tell(f"canaries {watch.canaries} of {outcome.canaries}")
    _tell(f"memory {before / MIB:.1f} MiB after the warm-up, {after / MIB:.1f} MiB at the end")
    for line in wrong[:20]:
        _tell(f"WRONG: {line}")
    return 1 if wrong else 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""A market day, then its judge: `python -m tests.marketday --people 20 --orders 200`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from paybridge.demo.homeserver import Homeserver
from tests.marketday.day import Size, play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.marketday.judge import Verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Play one day; 1 if anything is wrong, and then everything is kept to be looked into."""
    parser = argparse.ArgumentParser(prog="python -m tests.marketday", description=__doc__)
    for one in fields(Size):
        parser.add_argument(f"--{one.name}", type=int, default=one.default, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="to repeat the choices of another day")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    size = Size(**{one.name: getattr(options, one.name) for one in fields(Size)})
    logging.disable(logging.CRITICAL)  # what the people's client library tells of its own work is no finding
    directory = Path(tempfile.mkdtemp(prefix="paybridge-marketday-"))
    _tell(f"seed {seed}: {size}")
    verdict = None
    try:
        verdict = asyncio.run(_play(directory, size, seed))
    finally:
        if verdict is not None and not verdict.wrong:
            shutil.rmtree(directory)
        else:
            _tell(f"kept: {directory}")
    _tell(
        f"{verdict.orders} orders: {verdict.paid} paid, {verdict.sold_out} sold out, "
        f"{verdict.refunded} refunded; {verdict.pieces} pieces sold; of {verdict.tickets} tickets wanted "
        f"{verdict.tickets_sold} sold and {verdict.let_in} let in once"
    )
    for line in verdict.wrong:
        _tell(f"WRONG: {line}")
    return 1 if verdict.wrong else 0


async def _play(directory: Path, size: Size, seed: int) -> Verdict:
    async with Homeserver(directory / "homeserver") as homeserver:
        return await play(homeserver, directory, size, seed, _tell)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

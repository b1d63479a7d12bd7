"""The bot of the crash tests: the whole house as `paybridge run` has it, on the homeserver that is two files.

`python -m tests.crashes.house FOLDER PERSON...` runs it until all that was typed is answered and settled.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from paybridge.app import wiring
from paybridge.config import load_config
from paybridge.failpoints import arm
from tests.crashes.homeserver import FileMatrix

if TYPE_CHECKING:
    from collections.abc import Sequence

PEOPLE = tuple(f"@p{number}:hs" for number in range(64))


async def live(folder: Path, people: Sequence[str] = PEOPLE) -> None:
    """Run the house until everything is done."""
    FileMatrix.people = people
    FileMatrix.ended = asyncio.Event()
    cast("Any", wiring).MatrixSide = FileMatrix
    house = asyncio.create_task(wiring.run(load_config(folder / "config.yaml", {})))
    ended = asyncio.create_task(FileMatrix.ended.wait())
    await asyncio.wait({house, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if not house.done():
        house.cancel()
    await asyncio.wait({house})
    if not house.cancelled():
        house.result()


if __name__ == "__main__":
    arm(os.environ.get("FAILPOINTS", ""))
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2:]))

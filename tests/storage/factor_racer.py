"""One of two processes that use the same one-time code at the same moment."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from paybridge.app import SystemChance
from paybridge.services.factors import CountedError, Factors
from paybridge.services.ports import StaleError, Step
from paybridge.storage.database import open_database
from paybridge.vault import MasterKey, open_vault
from tests.fakes.database import StoodClock

if TYPE_CHECKING:
    from paybridge.storage.database import Database
    from paybridge.vault import Vault

STEP_SECONDS = 30


async def race(database: Database, vault: Vault, person: str) -> None:
    """For each line with a time step and a code: look at the factor, say so, and use it when told to go."""
    clock = StoodClock()
    factors = Factors(database.book, vault, clock, SystemChance())
    for line in iter(sys.stdin.readline, ""):
        step, digits = line.split()
        clock.at = clock.at.fromtimestamp(int(step) * STEP_SECONDS, tz=clock.at.tzinfo)
        owner = await database.book.person(person)
        assert owner is not None
        used = await factors.use(owner, digits, None)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        try:
            await database.book.commit(Step(records=(used,)))
        except StaleError:
            # Decided again on what is true now, as the dispatcher does.
            try:
                await factors.use(owner, digits, None)
            except CountedError as error:
                sys.stdout.write(f"{error.key}\n")
            else:
                sys.stdout.write("twice\n")
        else:
            sys.stdout.write("won\n")
        sys.stdout.flush()


async def main(url: str, person: str, check: str) -> None:
    database = await open_database(url, StoodClock())
    try:
        await race(database, open_vault(MasterKey(bytes(32)), bytes.fromhex(check)), person)
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

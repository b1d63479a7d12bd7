"""Brings a database to its newest version as its owner, and lets another role run the bot."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from paybridge.storage.errors import DatabaseError
from paybridge.storage.postgres.connection import AWAY, place_error, server_of
from paybridge.storage.postgres.roles import grant
from paybridge.storage.postgres.schema import check_guards, upgrade

OWNER_URL = "PAYBRIDGE_OWNER_URL"


async def prepare(url: str, role: str) -> None:
    """Migrate, check, and grant; or `DatabaseError`."""
    server = server_of(url)
    try:
        await upgrade(server)
        async with server.connected({}) as connection:
            await check_guards(connection)
            await grant(connection, role)
    except AWAY as error:
        raise place_error(server, error) from error


def main() -> int:
    """Run from the command line; the URL comes from the environment, where `ps` does not show it."""
    parser = argparse.ArgumentParser(prog="python -m paybridge.storage.postgres", description=__doc__)
    parser.add_argument("--role", required=True, help="the role in the bot's own database.url")
    role = parser.parse_args().role
    try:
        asyncio.run(prepare(os.environ.get(OWNER_URL, ""), role))
    except DatabaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"The database is at its newest version; {role} may run the bot.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

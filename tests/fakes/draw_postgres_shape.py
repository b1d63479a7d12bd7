"""Draws paybridge/storage/postgres/shape.json from the migrations; run by `make docs`."""

from __future__ import annotations

import asyncio
import json
import warnings

from paybridge.storage.postgres.schema import EXPECTED, shape_of
from tests.fakes import postgres


def drawn(shape: dict[str, str]) -> str:
    """The file for this shape."""
    return json.dumps(dict(sorted(shape.items())), indent=1, ensure_ascii=False) + "\n"


async def main() -> None:
    connection = await postgres.connect(await postgres.fresh_database())
    EXPECTED.write_text(drawn(dict(await shape_of(connection))), encoding="utf-8")
    await connection.close()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(main())

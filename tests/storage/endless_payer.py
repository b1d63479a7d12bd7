"""A process that writes steps until it is killed, and prints the name of each that was acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from paybridge.services.ports import Post, Step
from tests.fakes.database import START, open_book
from tests.fakes.records import a_person, a_topup

if TYPE_CHECKING:
    from paybridge.services.ports import Book


async def pay_on(book: Book, lane: int) -> None:
    for number in itertools.count():
        name = f"{lane}-{number}"
        await book.commit(
            Step(
                records=(a_person(name),),
                journals=(a_topup(name, "payee", 1),),
                posts=(Post(name, "!room:test", None, None, b"sealed", START),),
                done=(f"${name}",),
            )
        )
        sys.stdout.write(name + "\n")
        sys.stdout.flush()


async def main(folder: Path) -> None:
    book, _, _, _ = await open_book(folder)
    await asyncio.gather(*(pay_on(book, lane) for lane in range(8)))


asyncio.run(main(Path(sys.argv[1])))

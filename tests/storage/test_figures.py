"""What is counted is what lies in the tables, and is found by reading only what is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from paybridge.domain.leg import LegState
from paybridge.domain.request import RequestState
from paybridge.domain.transfer import TransferState
from paybridge.services.figures import OpenLegs
from paybridge.services.ports import Letter, Post, StaleError, Step
from paybridge.storage.figures import SqlFigures
from tests.fakes.database import START
from tests.fakes.records import a_leg, a_request, a_transfer, people

if TYPE_CHECKING:
    from paybridge.services.ports import Mailbox
    from paybridge.storage.database import Database

MINUTE = timedelta(minutes=1)


async def test_an_empty_house_has_empty_queues(database: Database) -> None:
    figures = await SqlFigures(database.reader).figures(START)

    assert list(figures.legs) == []
    assert figures.expiring == {}
    assert (figures.open_requests, figures.letters_waiting, figures.posts_waiting) == (0, 0, 0)
    assert (figures.oldest_letter, figures.oldest_post) == (None, None)


async def test_every_queue_is_counted(database: Database, mailbox: Mailbox) -> None:
    unsure, reserved, settled = LegState.UNSURE, LegState.RESERVED, LegState.SETTLED
    await database.book.commit(people("anna"))
    await database.book.commit(
        Step(
            records=(
                a_request("r1"),
                replace(a_request("r2"), state=RequestState.PAID),
                a_transfer("PB-1", state=TransferState.APPROVED),
                a_transfer("PB-2"),
                a_transfer("PB-3", state=TransferState.CLAIMABLE),
                a_transfer("PB-4", state=TransferState.CLAIMED),
                a_leg("1", "PB-1", number=1, state=unsure, due=START - MINUTE),
                a_leg("2", "PB-1", number=2, state=unsure, due=START - 2 * MINUTE),
                a_leg("3", "PB-1", number=3, state=unsure, due=START + MINUTE),
                replace(a_leg("4", "PB-1", number=4, state=reserved, due=START + MINUTE), rail="other"),
                a_leg("5", "PB-1", number=5, state=settled),
            ),
            posts=(Post("p1", "!room:test", None, None, b"sealed", START),),
        )
    )
    await mailbox.receive([Letter("$1", "!room:test", "@anna:test", START, b"sealed")], "next")

    figures = await SqlFigures(database.reader).figures(START)

    assert list(figures.legs) == [
        OpenLegs("bank", "unsure", 3, 2, START - 2 * MINUTE),
        OpenLegs("other", "reserved", 1, 0, None),
    ]
    assert figures.expiring == {"awaiting_approval": 1, "claimable": 1}
    assert (figures.open_requests, figures.letters_waiting, figures.posts_waiting) == (1, 1, 1)
    assert (figures.oldest_letter, figures.oldest_post) == (START, START)


async def test_steps_are_tallied_by_whether_they_were_taken(database: Database) -> None:
    await database.book.commit(people("anna"))
    refused = 0
    try:
        await database.book.commit(people("anna"))
    except StaleError:
        refused += 1

    assert (database.book.tally.committed, database.book.tally.refused) == (1, refused) == (1, 1)

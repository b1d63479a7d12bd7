"""What operators asked for keeps its terms and ends once; the database holds to who approves, and when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.acts import Via
from paybridge.domain.motions import Motion, MotionKind, MotionState
from paybridge.services.ports import StaleError, Step
from paybridge.storage.motions_beside import ask_beside, lying_beside, stop_beside, waiting_beside
from tests.fakes.database import START, ask_raw
from tests.fakes.records import euros

if TYPE_CHECKING:
    from paybridge.storage.database import Database

ROOT = "@root:hs"
HOUR = timedelta(hours=1)
MOTION = Motion(
    "A-22222",
    MotionKind.WRITE_OFF,
    ROOT,
    Via.ROOM,
    "p",
    START,
    START + HOUR,
    needs_second=False,
    amount=euros(300),
)


async def test_nobody_approves_of_their_own_nothing_is_early_and_terms_stay(database: Database) -> None:
    book = database.book
    await book.commit(Step(records=(MOTION, replace(MOTION, id="A-33333", needs_second=True))))
    plain, second = await book.admin.waiting()
    done = MotionState.DONE
    wrong = (
        replace(second, state=done, ended=START, ended_by=ROOT),
        replace(second, state=done, ended=START),
        replace(second, state=done, ended=START + HOUR, ended_by="@ada:hs"),
        replace(plain, state=done, ended=START),
        replace(plain, person="q"),
        replace(plain, amount=euros(400)),
    )

    for one in wrong:
        with pytest.raises(Exception, match=r"[Mm]otion"):
            await book.commit(Step(records=(one,)))
    await book.commit(Step(records=(replace(second, state=done, ended=START, ended_by="@ada:hs"),)))
    stopped = replace(plain, state=MotionState.STOPPED, ended=START, ended_by=ROOT)
    await book.commit(Step(records=(stopped,)))
    with pytest.raises(StaleError):
        await book.commit(Step(records=(replace(plain, state=done, ended=START + HOUR),)))
    assert await book.admin.waiting() == []
    assert await book.admin.motion("A-22222") == replace(stopped, version=2)
    for change in ("DELETE FROM motion", "UPDATE motion SET person = 'q'", "UPDATE motion SET due = 0"):
        with pytest.raises(Exception, match="stays written"):
            await ask_raw(database, change)


async def test_it_is_asked_for_and_stopped_beside_the_bot(database: Database) -> None:
    asked = replace(MOTION, by="ops", via=Via.COMMAND_LINE)
    await asyncio.to_thread(ask_beside, database.url, asked)
    waiting = await asyncio.to_thread(waiting_beside, database.url)
    seen = await database.book.admin.waiting()
    await asyncio.to_thread(stop_beside, database.url, "A-22222", "ops", START)

    assert waiting == [(replace(asked, version=1), None)]
    assert seen == [replace(asked, version=1)]
    assert await database.book.admin.waiting() == []
    assert await asyncio.to_thread(lying_beside, database.url) == {"suspense": [], "orders": [], "debts": []}
    assert [act.kind for act in await database.book.admin.acts(9)] == ["stop", "ask"]

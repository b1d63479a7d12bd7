"""The log of operators only grows, at its end, from the room and from the command line alike."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.acts import ActKind, Deal, Via, follow
from paybridge.services.ports import StaleError, Step, StepRefusedError
from paybridge.storage.acting import NothingChangedError, told_acts, write_act
from paybridge.storage.audit import audit
from tests.fakes.database import START, StoodClock, ask_raw, open_book

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.storage.database import Database

ROOT = "@root:hs"


async def test_of_two_that_take_one_place_the_second_is_stale_and_a_gap_is_refused(
    database: Database,
) -> None:
    first = follow(None, START, ROOT, Via.ROOM, ActKind.FREEZE, Deal(person="anna", reason=b"sealed"))
    await database.book.commit(Step(records=(first,)))
    second = follow(first, START, ROOT, Via.ROOM, ActKind.UNFREEZE)

    with pytest.raises(StaleError):
        await database.book.commit(Step(records=(follow(None, START, "@ada:hs", Via.ROOM, ActKind.FREEZE),)))
    for wrong in (replace(second, number=7), replace(second, prev_hash=bytes(32))):
        with pytest.raises(StepRefusedError, match="follow"):
            await database.book.commit(Step(records=(wrong,)))
    await database.book.commit(Step(records=(second,)))
    assert await database.book.admin.acts(10) == [replace(second, version=1), replace(first, version=1)]
    for change in ("DELETE FROM act", "UPDATE act SET told = ''"):
        with pytest.raises(Exception, match="stays written"):
            await ask_raw(database, change)


async def test_the_command_line_writes_beside_the_bot_and_each_act_follows_on_the_last(
    database: Database,
) -> None:
    await database.book.commit(
        Step(records=(follow(None, START, ROOT, Via.ROOM, ActKind.FREEZE, Deal(told="ü")),))
    )
    several = [
        asyncio.to_thread(write_act, database.url, START, f"root{n}", ActKind.THAW, Deal(), None)
        for n in range(5)
    ]
    await asyncio.gather(*several)
    told = await asyncio.to_thread(told_acts, database.url, 100)

    assert [act["number"] for act in told] == [1, 2, 3, 4, 5, 6]
    assert {act["by"] for act in told} == {ROOT, "root0", "root1", "root2", "root3", "root4"}
    assert (await asyncio.to_thread(audit, database.url)).problems == ()


async def test_an_act_whose_change_comes_too_late_is_not_written(database: Database) -> None:
    change = ("UPDATE person SET stopped = NULL WHERE id = ?", ("nobody",))

    with pytest.raises(NothingChangedError):
        await asyncio.to_thread(write_act, database.url, START, "root", ActKind.THAW, Deal(), change)
    assert await asyncio.to_thread(told_acts, database.url, 100) == []


async def test_the_audit_finds_an_act_that_was_rewritten_behind_the_guards(tmp_path: Path) -> None:
    _, _, _, database = await open_book(tmp_path, StoodClock())
    await asyncio.to_thread(write_act, database.url, START, "root", ActKind.THAW, Deal(), None)
    await ask_raw(database, "DROP TRIGGER act_update")
    await ask_raw(database, "UPDATE act SET by = 'somebody else'")
    (problem,) = (await asyncio.to_thread(audit, database.url)).problems
    await database.close()

    assert problem.startswith("act 1: ")

"""On each engine a repeat comes back as it was written, and a period has one payment, for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.people import NOBODY
from paybridge.domain.repeat import Ending, Repeat, RepeatState, instalment_of
from paybridge.domain.rhythm import Rhythm, Unit
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import StaleError, Step, StepRefusedError
from tests.fakes.database import START
from tests.fakes.records import a_transfer, euros, people

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Record

MINUTE = timedelta(minutes=1)
RENT = Repeat(
    id="PB-RENT2",
    state=RepeatState.ACTIVE,
    payer="anna",
    payer_mxid="@anna:test",
    payee="bob",
    payee_mxid="@bob:test",
    amount=euros(600_00),
    cap=euros(650_00),
    rhythm=Rhythm(Unit.MONTH, 1, date(2026, 3, 31), 31),
    until=date(2027, 6, 30),
    room="!room:test",
    created=START + timedelta(microseconds=1),
    nonce="nonce",
    number=3,
    act=START + MINUTE,
    told=START,
    tries=1,
    note=b"sealed",
)


async def write(book: Book, *records: Record) -> None:
    await book.commit(Step(records=records))


async def test_every_field_comes_back_as_it_was_written(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    odd = replace(
        RENT,
        id="PB-DD222",
        state=RepeatState.ENDED,
        rhythm=Rhythm(Unit.WEEK, 2, date(2026, 3, 6)),
        until=None,
        act=None,
        told=None,
        transfer="PB-1",
        ending=Ending.REPLACED,
        note=None,
        replaces="PB-RENT2",
    )
    row = instalment_of(odd, "PB-1")
    await write(book, a_transfer("PB-1"), RENT, odd, row)

    assert await book.repeat(RENT.id) == replace(RENT, version=1)
    assert await book.repeat(odd.id) == replace(odd, version=1)
    assert await book.instalment("PB-DD222/3") == replace(row, version=1)
    assert await book.instalments(odd.id) == [replace(row, version=1)]
    assert await book.repeats_of("anna") == [replace(RENT, version=1)]
    assert await book.repeat("PB-22222") is None


async def test_what_is_to_be_done_is_found_in_its_time(book: Book) -> None:
    await book.commit(people("anna", "bob"))

    assert await book.next_repeat() is None

    waits = replace(RENT, id="PB-WA222", act=None, transfer="PB-1")
    await write(book, a_transfer("PB-1", state=TransferState.APPROVED), RENT, waits)

    assert await book.next_repeat() == START + MINUTE
    assert await book.due_repeats(START, 10) == []
    assert await book.due_repeats(START + MINUTE, 10) == [replace(RENT, version=1)]
    assert await book.ended_repeats(10) == []

    under_way = await book.transfer("PB-1")
    assert under_way is not None
    await write(book, replace(under_way, state=TransferState.REFUSED))
    at = await book.next_repeat()
    assert at is not None

    assert at < START
    assert await book.ended_repeats(10) == [replace(waits, version=1)]


async def test_a_period_is_paid_once_and_again_only_if_that_was_refused(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    first, other = a_transfer("PB-1", state=TransferState.APPROVED), a_transfer("PB-2")
    await write(book, first, other, RENT, instalment_of(RENT, "PB-1"))
    kept = await book.instalment("PB-RENT2/3")
    assert kept is not None

    with pytest.raises(StaleError):
        await write(book, instalment_of(RENT, "PB-2"))
    with pytest.raises(StepRefusedError):
        await write(book, replace(kept, transfer="PB-2"))
    assert await book.instalment("PB-RENT2/3") == kept

    under_way = await book.transfer("PB-1")
    assert under_way is not None
    await write(book, replace(under_way, state=TransferState.REFUSED))
    await write(book, replace(kept, transfer="PB-2"))

    assert await book.instalments(RENT.id) == [replace(kept, transfer="PB-2", version=2)]


async def test_it_goes_on_only_and_what_ended_stays_so(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    await write(book, RENT)
    kept = replace(RENT, version=1)

    with pytest.raises(StepRefusedError):
        await write(book, replace(kept, number=2))

    ended = replace(kept, state=RepeatState.ENDED, ending=Ending.ASKED, act=None)
    await write(book, ended)

    with pytest.raises(StepRefusedError):
        await write(book, replace(ended, state=RepeatState.ACTIVE, version=2))
    assert await book.repeat(RENT.id) == replace(ended, version=2)


async def test_whoever_is_forgotten_is_named_by_none(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    theirs = replace(
        RENT, id="PB-BACK2", payer="bob", payer_mxid="@bob:test", payee="anna", payee_mxid="@anna:test"
    )
    ended = replace(RENT, state=RepeatState.ENDED, ending=Ending.ASKED, act=None)
    await write(book, ended, theirs)
    anna = await book.person("anna")
    assert anna is not None
    await book.commit(Step(records=(replace(anna, key=b"", frozen=START),), forgets=("anna",)))
    hers, his = await book.repeat(RENT.id), await book.repeat("PB-BACK2")
    assert hers is not None
    assert his is not None

    assert (hers.payer_mxid, hers.payee_mxid, hers.note) == (NOBODY, "@bob:test", None)
    assert (his.payer_mxid, his.payee_mxid, his.note) == ("@bob:test", NOBODY, b"sealed")

"""On each engine memberships come back as they were written, and keep what they promised."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.membership import Club, ClubState, Member
from paybridge.domain.people import NOBODY
from paybridge.domain.repeat import Ending, RepeatState, instalment_of
from paybridge.domain.rhythm import Rhythm, Unit
from paybridge.domain.shop import Shop, ShopState
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Step, StepRefusedError
from tests.fakes.database import START
from tests.fakes.records import a_transfer, euros, people
from tests.storage.test_repeats import RENT

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Record

SHOP = Shop("shop", ShopState.OPEN, "bob", "@bob:test", b"sealed", START)
CLUB = Club(
    id="club",
    state=ClubState.OPEN,
    shop="shop",
    owner="bob",
    owner_mxid="@bob:test",
    name=b"sealed",
    price=euros(10_00),
    rhythm=Rhythm(Unit.MONTH, 1, date(2026, 3, 31), 31),
    floats=True,
    notice=30,
    created=START,
)
ANNA = Member("club/anna", "club", "anna", "@anna:test", START, date(2026, 4, 30), date(2026, 5, 31))
DUES = replace(RENT, id="PB-DUES2", club="club", number=0)


async def write(book: Book, *records: Record) -> None:
    await book.commit(Step(records=records))


async def furnished(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    await write(book, SHOP, CLUB, ANNA, DUES)


async def test_every_field_comes_back_as_it_was_written(book: Book) -> None:
    await furnished(book)
    closed = replace(CLUB, id="gone", state=ClubState.CLOSED, floats=False, room="!club:test")
    await write(book, closed)

    assert await book.club("club") == replace(CLUB, version=1)
    assert await book.club("gone") == replace(closed, version=1)
    assert await book.clubs("shop") == [replace(CLUB, version=1)]
    assert await book.member("club/anna") == replace(ANNA, version=1)
    assert await book.members("club") == await book.memberships_of("anna") == [replace(ANNA, version=1)]
    assert await book.repeats_for("club") == [replace(DUES, version=1)]
    assert await book.repeats_of_member("club", "anna") == [replace(DUES, version=1)]
    assert await book.repeats_of_member("club", "bob") == []


async def test_a_person_has_one_repeat_that_pays_for_one_membership(book: Book) -> None:
    await furnished(book)
    second = replace(DUES, id="PB-DUES3", state=RepeatState.PAUSED, act=None)

    with pytest.raises(StepRefusedError):
        await write(book, second)

    await write(book, replace(second, state=RepeatState.OFFERED))

    assert len(await book.repeats_of_member("club", "anna")) == 2


async def test_a_day_of_a_membership_is_paid_once_whatever_repeat_pays(book: Book) -> None:
    await furnished(book)
    await write(book, a_transfer("PB-1", state=TransferState.SETTLED), instalment_of(DUES, "PB-1"))
    await write(book, replace(DUES, version=1, state=RepeatState.ENDED, ending=Ending.ASKED, act=None))
    second = replace(DUES, id="PB-DUES3")
    await write(book, second, a_transfer("PB-2"))

    with pytest.raises(StepRefusedError):
        await write(book, instalment_of(second, "PB-2"))
    await write(book, instalment_of(replace(second, number=1), "PB-2"))

    assert [one.day for one in await book.instalments(second.id)] == [date(2026, 4, 30)]


async def test_what_was_promised_is_kept(book: Book) -> None:
    await furnished(book)
    club, member = replace(CLUB, version=1), replace(ANNA, version=1)
    await write(book, replace(club, price=euros(12_00), state=ClubState.CLOSED))

    with pytest.raises(StepRefusedError):
        await write(book, replace(club, version=2))
    await write(book, replace(member, mxid="@anna:other", paid_until=None, leaves=None))

    assert await book.member("club/anna") == replace(
        member, mxid="@anna:other", paid_until=None, leaves=None, version=2
    )


async def test_whoever_is_forgotten_is_named_by_none(book: Book) -> None:
    await furnished(book)
    for who in ("anna", "bob"):
        person = await book.person(who)
        assert person is not None
        await book.commit(
            Step(records=(replace(person, key=b"", frozen=START + timedelta(1)),), forgets=(who,))
        )
    club, member = await book.club("club"), await book.member("club/anna")
    assert club is not None
    assert member is not None

    assert (club.owner_mxid, member.mxid) == (NOBODY, NOBODY)

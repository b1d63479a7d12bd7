"""On each engine a kitty comes back as it was written; what was decided about it stays, and happens once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain import ledger
from paybridge.domain.kitty import (
    Assent,
    Kitty,
    KittyState,
    Proposal,
    ProposalKind,
    ProposalState,
    Treasurer,
)
from paybridge.domain.people import NOBODY
from paybridge.services.ports import OverdraftError, StaleError, Step, StepRefusedError
from tests.fakes.database import START
from tests.fakes.records import a_person, a_topup, a_transfer, euros, people

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Record

LATER = START + timedelta(days=3)
FLAT = Kitty("PB-FLAT2", KittyState.OPEN, "anna", "EUR", "!room:test", START, 2, b"sealed")
ANNA = Treasurer("PB-FLAT2/anna", FLAT.id, "anna", "@anna:test")
BOB = Treasurer("PB-FLAT2/bob", FLAT.id, "bob", "@bob:test")
PIZZA = Proposal(
    id="PB-PZZA2",
    kitty=FLAT.id,
    kind=ProposalKind.PAY,
    state=ProposalState.OPEN,
    by="anna",
    by_mxid="@anna:test",
    created=START,
    expires=LATER,
    nonce="nonce",
    person="bob",
    mxid="@bob:test",
    amount=euros(30_00),
    note=b"sealed",
)
THREE = replace(
    PIZZA, id="PB-THREE", kind=ProposalKind.NEEDS, person=None, mxid=None, amount=None, needs=3, note=None
)
YES = Assent(
    id="PB-PZZA2/anna",
    proposal=PIZZA.id,
    person="anna",
    mxid="@anna:test",
    code=PIZZA.code,
    approves=True,
    strong=False,
    at=START,
)
DONE = replace(PIZZA, state=ProposalState.DONE, needed=2, version=1)


async def write(book: Book, *records: Record) -> None:
    await book.commit(Step(records=records))


@pytest.fixture
async def flat(book: Book) -> Book:
    await book.commit(people("anna", "bob") + Step(records=(a_person(FLAT.id),)))
    await write(book, FLAT, ANNA, BOB, PIZZA, THREE)
    await write(book, YES)
    return book


async def test_every_field_comes_back_as_it_was_written(flat: Book) -> None:
    assert await flat.kitty(FLAT.id) == replace(FLAT, version=1)
    assert await flat.kitty_in("!room:test") == replace(FLAT, version=1)
    assert await flat.kitties_of("bob") == [replace(FLAT, version=1)]
    assert await flat.treasurers(FLAT.id) == [replace(ANNA, version=1), replace(BOB, version=1)]
    assert await flat.proposals(FLAT.id) == [replace(PIZZA, version=1), replace(THREE, version=1)]
    assert await flat.assents(PIZZA.id) == [replace(YES, version=1)]
    assert await flat.kitty_in("!other:test") is None


async def test_a_room_has_one_open_kitty(flat: Book) -> None:
    with pytest.raises(StaleError):
        await write(flat, replace(FLAT, id="PB-HXME2"))

    await write(flat, replace(FLAT, state=KittyState.CLOSED, version=1))
    await write(flat, replace(FLAT, id="PB-HXME2"))

    assert await flat.kitty_in("!room:test") == replace(FLAT, id="PB-HXME2", version=1)


async def test_a_treasurer_says_one_thing_to_a_proposal(flat: Book) -> None:
    with pytest.raises(StaleError):
        await write(flat, replace(YES, id="another", approves=False))


@pytest.mark.parametrize("state", [ProposalState.DONE, ProposalState.OPEN])
async def test_a_proposal_that_ended_stays_so(flat: Book, state: ProposalState) -> None:
    await write(flat, replace(PIZZA, state=ProposalState.DECLINED, version=1))

    needed = 2 if state is ProposalState.DONE else None

    with pytest.raises(StepRefusedError):
        await write(flat, replace(PIZZA, state=state, needed=needed, version=2))


async def test_a_closed_kitty_stays_closed(flat: Book) -> None:
    await write(flat, replace(FLAT, state=KittyState.CLOSED, version=1))

    with pytest.raises(StepRefusedError):
        await write(flat, replace(FLAT, version=2))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PIZZA, id="PB-WRXNG", amount=None),
        replace(PIZZA, id="PB-WRXNG", person=None),
        replace(THREE, id="PB-WRXNG", needs=None),
        replace(THREE, id="PB-WRXNG", state=ProposalState.DONE),
        replace(FLAT, id="PB-WRXNG", room="!other:test", needs=0),
    ],
)
async def test_what_says_too_little_or_too_much_is_refused(flat: Book, wrong: Record) -> None:
    with pytest.raises(StepRefusedError):
        await write(flat, wrong)


async def test_a_payment_of_a_proposal_is_written_once(flat: Book) -> None:
    payment = a_transfer(PIZZA.id, payer=FLAT.id, payee="bob", cents=30_00)
    await write(flat, DONE, payment)

    with pytest.raises(StaleError):
        await write(flat, DONE, payment)
    with pytest.raises(StaleError):
        await write(flat, payment)


async def test_what_is_in_a_kitty_never_falls_below_nothing(flat: Book) -> None:
    await flat.commit(Step(journals=(a_topup("t/1", FLAT.id, 20_00),)))
    giver, taker = ledger.person(FLAT.id), ledger.person("bob")
    taken = ledger.move("x", "book", "PB-PZZA2", euros(20_01), giver=giver, taker=taker)

    with pytest.raises(OverdraftError):
        await flat.commit(Step(journals=(taken,)))
    assert await flat.balance(FLAT.id, "EUR") == euros(20_00)


async def test_what_was_approved_by_code_alone_is_summed_up(flat: Book) -> None:
    strong = replace(YES, id="PB-PZZA2/bob", person="bob", strong=True)
    await write(flat, replace(YES, id="PB-THREE/anna", proposal=THREE.id), strong)

    assert await flat.assented_lightly("anna", "EUR") == (1, 30_00)
    assert await flat.assented_lightly("anna", "USD") == (0, 0)
    assert await flat.assented_lightly("bob", "EUR") == (0, 0)


async def test_who_was_forgotten_is_nobody_to_a_kitty(flat: Book) -> None:
    gone = replace(a_person("anna"), key=b"", version=1)
    await flat.commit(Step(records=(gone,), forgets=("anna",)))

    assert [one.mxid for one in await flat.treasurers(FLAT.id)] == ["@bob:test", NOBODY]
    assert {one.by_mxid for one in await flat.proposals(FLAT.id)} == {NOBODY}
    assert [one.mxid for one in await flat.assents(PIZZA.id)] == [NOBODY]


async def test_what_is_over_is_found_by_its_time(flat: Book) -> None:
    assert await flat.next_proposal_expiry() == LATER
    assert await flat.expired_proposals(LATER - timedelta(seconds=1), 10) == []
    assert len(await flat.expired_proposals(LATER, 1)) == 1

    await write(flat, DONE, replace(THREE, state=ProposalState.EXPIRED, version=1))

    assert await flat.next_proposal_expiry() is None

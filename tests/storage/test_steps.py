"""A step is written as a whole and once, or not at all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain import ledger
from paybridge.domain.leg import Leg, LegKind, LegState
from paybridge.domain.people import Identity, LinkState
from paybridge.domain.transfer import Transfer, TransferKind, TransferState
from paybridge.services.ports import (
    AlreadyDoneError,
    BookUnavailableError,
    OverdraftError,
    Post,
    StaleError,
    Step,
    StepRefusedError,
)
from tests.fakes.database import START
from tests.fakes.records import (
    a_booking,
    a_leg,
    a_link,
    a_person,
    a_request,
    a_topup,
    a_transfer,
    euros,
    people,
)

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Mailbox
    from paybridge.storage.database import Database


def a_post(name: str) -> Post:
    return Post(name, "!room:test", None, None, b"sealed", START)


async def test_a_record_gets_its_first_version_when_it_is_written(book: Book) -> None:
    await book.commit(people("anna"))

    assert await book.person("anna") == replace(a_person("anna"), version=1)


async def test_an_update_of_a_version_that_has_passed_is_stale(book: Book) -> None:
    await book.commit(people("anna") + Step(records=(a_transfer("PB-1"),)))
    drafted = await book.transfer("PB-1")
    assert drafted is not None
    approved = replace(drafted, state=TransferState.APPROVED)
    await book.commit(Step(records=(approved,)))

    with pytest.raises(StaleError):
        await book.commit(Step(records=(replace(drafted, state=TransferState.CANCELLED),)))
    assert await book.transfer("PB-1") == replace(approved, version=2)


async def test_two_inserts_of_one_record_make_the_second_stale(book: Book) -> None:
    await book.commit(people("anna"))

    with pytest.raises(StaleError):
        await book.commit(people("anna"))


async def test_of_two_concurrent_moves_exactly_one_wins(book: Book) -> None:
    await book.commit(people("anna") + Step(records=(a_transfer("PB-1", state=TransferState.CLAIMABLE),)))
    found = await book.transfer("PB-1")
    assert found is not None
    moves = [
        Step(records=(replace(found, state=to),)) for to in (TransferState.CLAIMED, TransferState.RETURNED)
    ]

    outcomes = await asyncio.gather(*map(book.commit, moves), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), StaleError]


async def test_a_journal_is_written_once(book: Book) -> None:
    await book.commit(Step(journals=(a_topup("t/1", "anna", 500),)))

    with pytest.raises(AlreadyDoneError):
        await book.commit(Step(journals=(a_topup("t/1", "anna", 500),)))
    assert await book.balances("anna") == [euros(500)]


async def test_a_post_is_written_once(book: Book, mailbox: Mailbox) -> None:
    await book.commit(Step(posts=(a_post("p1"),)))

    with pytest.raises(AlreadyDoneError):
        await book.commit(Step(posts=(a_post("p1"),)))
    assert [post for _, post in await mailbox.posts(0, 10)] == [a_post("p1")]


async def test_an_event_is_answered_once_even_if_it_never_was_in_the_inbox(
    book: Book, mailbox: Mailbox
) -> None:
    await book.commit(Step(done=("$event",)))

    assert await mailbox.is_done("$event")
    with pytest.raises(AlreadyDoneError):
        await book.commit(people("anna") + Step(done=("$event",)))
    assert await book.person("anna") is None


async def test_an_overdraft_is_refused_and_nothing_of_its_step_is_written(
    book: Book, mailbox: Mailbox
) -> None:
    await book.commit(people("anna", "bob") + Step(journals=(a_topup("t/1", "anna", 500),)))
    step = Step(
        records=(a_transfer("PB-1"),),
        journals=(a_booking("b/1", "anna", "bob", 300), a_booking("b/2", "anna", "bob", 201)),
        posts=(a_post("p1"),),
        done=("$event",),
    )

    with pytest.raises(OverdraftError):
        await book.commit(step)
    assert await book.balances("anna") == [euros(500)]
    assert await book.balances("bob") == []
    assert await book.transfer("PB-1") is None
    assert await mailbox.posts(0, 10) == []
    assert not await mailbox.is_done("$event")


async def test_a_refused_step_sinks_none_of_those_committed_with_it(book: Book) -> None:
    await book.commit(people("anna", "bob") + Step(journals=(a_topup("t/1", "anna", 50),)))
    steps = [Step(journals=(a_booking(f"b/{number}", "anna", "bob", 1),)) for number in range(50)]
    steps.insert(20, Step(journals=(a_booking("b/much", "anna", "bob", 51),)))

    outcomes = await asyncio.gather(*map(book.commit, steps), return_exceptions=True)

    assert [number for number, outcome in enumerate(outcomes) if outcome is not None] == [20]
    assert isinstance(outcomes[20], OverdraftError)
    assert await book.balances("bob") == [euros(50)]


async def test_a_hundred_parallel_spends_never_make_a_balance_negative(book: Book) -> None:
    await book.commit(Step(journals=(a_topup("t/1", "anna", 1000),)))
    spends = [Step(journals=(a_booking(f"b/{number}", "anna", "bob", 30),)) for number in range(100)]

    outcomes = await asyncio.gather(*map(book.commit, spends), return_exceptions=True)

    assert outcomes.count(None) == 33
    assert await book.balance("anna", "EUR") == euros(10)
    assert await book.balance("bob", "EUR") == euros(990)


async def test_what_breaks_in_one_step_is_told_to_its_caller_alone(book: Book) -> None:
    broken = Step(records=(replace(a_transfer("PB-1"), created=START.replace(tzinfo=None)),))

    outcomes = await asyncio.gather(book.commit(broken), book.commit(people("anna")), return_exceptions=True)

    assert isinstance(outcomes[0], TypeError)
    assert outcomes[1] is None


async def test_an_amount_that_no_row_may_hold_is_refused(book: Book) -> None:
    await book.commit(people("anna"))

    with pytest.raises(StepRefusedError, match="transfer_amount"):
        await book.commit(Step(records=(a_transfer("PB-1", cents=0),)))


async def test_a_default_link_moves_on_in_one_step_whatever_the_order(book: Book) -> None:
    await book.commit(people("anna") + Step(records=(a_link("first", "anna", is_default=True),)))
    first = await book.link("first")
    assert first is not None

    await book.commit(
        Step(records=(a_link("second", "anna", is_default=True), replace(first, is_default=False)))
    )

    assert [(link.id, link.is_default) for link in await book.links("anna")] == [
        ("first", False),
        ("second", True),
    ]


async def test_a_person_has_one_default_link(book: Book) -> None:
    removed = a_link("removed", "anna", is_default=True, state=LinkState.REMOVED)
    await book.commit(people("anna") + Step(records=(removed, a_link("first", "anna", is_default=True))))

    with pytest.raises(StaleError):
        await book.commit(Step(records=(a_link("second", "anna", is_default=True),)))


async def test_a_matrix_id_speaks_for_one_person(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    stolen = Identity("@anna:test", "bob", START)

    with pytest.raises(StaleError):
        await book.commit(Step(records=(stolen,)))


async def test_a_transfer_has_one_leg_of_each_number(book: Book) -> None:
    await book.commit(people("anna") + Step(records=(a_leg("l1", "PB-1"), a_transfer("PB-1"))))

    with pytest.raises(StaleError):
        await book.commit(Step(records=(a_leg("l2", "PB-1"),)))


async def test_a_request_has_one_live_payment(book: Book) -> None:
    first = a_transfer("PB-1", request="r1")
    await book.commit(people("anna") + Step(records=(first, a_request("r1"))))

    with pytest.raises(StaleError):
        await book.commit(Step(records=(a_transfer("PB-2", request="r1"),)))
    await book.commit(Step(records=(replace(first, state=TransferState.CANCELLED, version=1),)))
    await book.commit(Step(records=(a_transfer("PB-2", request="r1"),)))


async def test_each_part_of_a_request_has_one_live_payment(book: Book) -> None:
    whole = (a_request("r1"), a_transfer("PB-1", request="r1"))
    await book.commit(people("anna") + Step(records=whole))
    rest = replace(a_transfer("PB-2", request="r1"), paid_before=500)
    await book.commit(Step(records=(rest,)))

    with pytest.raises(StaleError):
        await book.commit(Step(records=(replace(rest, id="PB-3"),)))


async def test_a_settled_leg_stays_settled(book: Book) -> None:
    settled = a_leg("l1", "PB-1", state=LegState.SETTLED)
    await book.commit(people("anna") + Step(records=(a_transfer("PB-1"), settled)))

    with pytest.raises(StepRefusedError, match="stays as it ended"):
        await book.commit(Step(records=(replace(settled, state=LegState.UNSURE, version=1),)))


@pytest.mark.parametrize("kind", [LegKind.COLLECT, LegKind.PAYOUT])
async def test_what_went_through_a_rail_can_be_reversed_and_moved_late(book: Book, kind: LegKind) -> None:
    settled = a_leg("l1", "PB-1", kind=kind, state=LegState.SETTLED)
    refused = a_leg("l2", "PB-1", number=2, kind=kind, state=LegState.REFUSED)
    await book.commit(people("anna") + Step(records=(a_transfer("PB-1"), settled, refused)))
    gone = replace(settled, state=LegState.REVERSED, taken_back=1250, version=1)
    late = replace(refused, state=LegState.SUSPENDED, version=1)
    await book.commit(Step(records=(gone, late)))

    assert [leg.state for leg in await book.legs("PB-1")] == [LegState.REVERSED, LegState.SUSPENDED]
    for leg, state in ((gone, LegState.SETTLED), (late, LegState.REFUSED)):
        with pytest.raises(StepRefusedError, match="stays as it ended"):
            await book.commit(Step(records=(replace(leg, state=state, taken_back=0, version=2),)))


@pytest.mark.parametrize(
    ("leg", "after"),
    [
        (a_leg("l1", "PB-1", state=LegState.SETTLED), LegState.REVERSED),
        (a_leg("l1", "PB-1", state=LegState.REFUSED), LegState.SUSPENDED),
        (a_leg("l1", "PB-1", kind=LegKind.COLLECT, state=LegState.REFUSED), LegState.REVERSED),
        (a_leg("l1", "PB-1", kind=LegKind.COLLECT, state=LegState.CANCELLED), LegState.SUSPENDED),
    ],
)
async def test_nothing_else_that_ended_moves_on(book: Book, leg: Leg, after: LegState) -> None:
    await book.commit(people("anna") + Step(records=(a_transfer("PB-1"), leg)))
    back = 1 if after is LegState.REVERSED else 0

    with pytest.raises(StepRefusedError, match="stays as it ended"):
        await book.commit(Step(records=(replace(leg, state=after, taken_back=back, version=1),)))


@pytest.mark.parametrize(
    ("state", "back"), [(LegState.REVERSED, 0), (LegState.REVERSED, 1251), (LegState.SETTLED, 1)]
)
async def test_exactly_a_reversed_leg_has_given_something_back(
    book: Book, state: LegState, back: int
) -> None:
    settled = a_leg("l1", "PB-1", kind=LegKind.COLLECT, state=LegState.SETTLED)
    await book.commit(people("anna") + Step(records=(a_transfer("PB-1"), settled)))

    with pytest.raises(StepRefusedError, match="leg_taken_back"):
        await book.commit(Step(records=(replace(settled, state=state, taken_back=back, version=1),)))


@pytest.mark.parametrize("state", [TransferState.SETTLED, TransferState.CLAIMED])
async def test_no_more_is_refunded_than_was_paid_and_no_refund_is_undone(
    book: Book, state: TransferState
) -> None:
    paid = a_transfer("PB-1", state=state)
    await book.commit(people("anna") + Step(records=(paid,)))
    await book.commit(Step(records=(replace(paid, refunded=1000, version=1),)))

    for refunded, why in ((1251, "transfer_refunded"), (999, "no refund is undone")):
        with pytest.raises(StepRefusedError, match=why):
            await book.commit(Step(records=(replace(paid, refunded=refunded, version=2),)))


@pytest.mark.parametrize(
    "paid",
    [
        a_transfer("PB-1", state=TransferState.CLAIMABLE),
        a_transfer("PB-1", state=TransferState.REVERSED),
        a_transfer("PB-1", state=TransferState.SETTLED, kind=TransferKind.TOPUP),
    ],
)
async def test_only_what_was_paid_is_refunded(book: Book, paid: Transfer) -> None:
    await book.commit(people("anna") + Step(records=(paid,)))

    with pytest.raises(StepRefusedError, match="only what was paid"):
        await book.commit(Step(records=(replace(paid, refunded=1, version=1),)))


async def test_a_refund_names_its_original_and_nothing_else_names_one(book: Book) -> None:
    paid = a_transfer("PB-1", state=TransferState.SETTLED)
    refund = a_transfer("PB-2", payer="bob", payee="anna", kind=TransferKind.REFUND)
    await book.commit(people("anna", "bob") + Step(records=(paid,)))

    for wrong in (refund, a_transfer("PB-3")):
        original = None if wrong is refund else "PB-1"
        with pytest.raises(StepRefusedError, match="transfer_original"):
            await book.commit(Step(records=(replace(wrong, original=original),)))
    with pytest.raises(StepRefusedError):
        await book.commit(Step(records=(replace(refund, original="PB-9"),)))
    await book.commit(Step(records=(replace(refund, original="PB-1"),)))
    with pytest.raises(StepRefusedError, match="keeps its terms"):
        await book.commit(Step(records=(replace(refund, original="PB-2", version=1),)))


async def test_a_step_that_leaves_nothing_in_an_account_is_stale_if_more_has_come(book: Book) -> None:
    await book.commit(people("anna", "bob") + Step(journals=(a_topup("t/1", "anna", 500),)))
    empties = ((ledger.person("anna"), "EUR"),)
    with pytest.raises(StaleError):
        await book.commit(Step(journals=(a_booking("b/1", "anna", "bob", 499),), empties=empties))
    kept = await book.balance("anna", "EUR")
    await book.commit(Step(journals=(a_booking("b/2", "anna", "bob", 500),), empties=empties))

    assert kept.minor == 500
    assert (await book.balance("anna", "EUR")).is_zero
    assert (await book.balance("bob", "EUR")).minor == 500


async def test_what_needs_somebody_not_to_be_frozen_is_stale_once_they_are(book: Book) -> None:
    await book.commit(people("anna"))
    anna = await book.person("anna")
    assert anna is not None
    await book.commit(Step(records=(a_transfer("PB-1"),), unfrozen=("anna",)))
    await book.commit(Step(records=(replace(anna, frozen=START),)))

    with pytest.raises(StaleError):
        await book.commit(Step(records=(a_transfer("PB-2"),), unfrozen=("anna",)))
    assert await book.person("anna") == replace(anna, frozen=START, version=2)
    assert await book.transfer("PB-2") is None


@pytest.mark.parametrize("freeze_first", [True, False])
async def test_a_freeze_and_what_it_stops_have_one_order_also_in_one_batch(
    book: Book, *, freeze_first: bool
) -> None:
    await book.commit(people("anna"))
    anna = await book.person("anna")
    assert anna is not None
    freeze = Step(records=(replace(anna, frozen=START),))
    paying = [Step(records=(a_transfer(f"PB-{number}"),), unfrozen=("anna",)) for number in range(3)]
    steps = [freeze, *paying] if freeze_first else [*paying, freeze]
    outcomes = await asyncio.gather(*map(book.commit, steps), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, StaleError)]

    assert len(refused) == (3 if freeze_first else 0)
    assert outcomes.count(None) == 4 - len(refused)


async def test_a_transfer_keeps_its_terms(book: Book) -> None:
    await book.commit(people("anna") + Step(records=(a_transfer("PB-1"),)))

    with pytest.raises(StepRefusedError, match="keeps its terms"):
        await book.commit(Step(records=(replace(a_transfer("PB-1", cents=9999), version=1),)))


async def test_a_closed_database_takes_no_step(database: Database) -> None:
    await database.close()

    with pytest.raises(BookUnavailableError):
        await database.book.commit(people("anna"))


async def test_closing_finishes_what_was_asked_for(database: Database) -> None:
    asked = [database.book.commit(people(name)) for name in ("anna", "bob")]

    assert await asyncio.gather(*asked, database.close()) == [None, None, None]

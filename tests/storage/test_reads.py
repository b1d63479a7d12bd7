"""What the book answers is what was written, in the order that people read it in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from paybridge.domain import ledger
from paybridge.domain.history import Mark
from paybridge.domain.leg import LegKind, LegState
from paybridge.domain.money import Money
from paybridge.domain.people import Identity, LinkState
from paybridge.domain.policy import Asking, Policy, Receipts, RoomPolicy
from paybridge.domain.region import Level, Spans, Spent
from paybridge.domain.request import RequestState
from paybridge.domain.standing import Standing
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.domain.webhook import webhook
from paybridge.domain.windows import Window
from paybridge.services.acquaintances import ReminderTimes
from paybridge.services.ports import ApprovedSoFar, Due, Errand, StaleError, Step
from paybridge.storage.book import SqlBook
from paybridge.storage.postgres.gathering import asked_together
from paybridge.storage.postgres.reader import compiled as compiled_for_postgres
from paybridge.storage.sqlite.reader import SqliteReader
from paybridge.storage.tables import metadata
from tests.fakes.database import START, ask_raw
from tests.fakes.records import (
    a_ceremony,
    a_leg,
    a_link,
    a_passkey,
    a_person,
    a_request,
    a_topup,
    a_transfer,
    euros,
    people,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy import Executable

    from paybridge.domain.transfer import Transfer
    from paybridge.services.ports import Book, Record
    from paybridge.storage.database import Database
    from paybridge.storage.reading import Facts, Reading
    from paybridge.storage.row import Row

DIALECT = sqlite.dialect(paramstyle="named")
MINUTE = timedelta(minutes=1)


async def write(book: Book, *records: Record) -> None:
    await book.commit(Step(records=records))


def names(found: Sequence[Transfer]) -> list[str]:
    return [transfer.id for transfer in found]


async def test_every_field_of_every_record_comes_back_as_it_was_written(book: Book) -> None:
    odd = START + timedelta(microseconds=123457)
    person = replace(a_person("anna"), language="zh", created=odd)
    link = a_link("link", "anna", is_default=True)
    request = replace(a_request("r1"), note=b"note", reason=b"reason", transfer="PB-1", expires=odd)
    transfer = replace(
        a_transfer("PB-1", request="r1"),
        source="link",
        destination="elsewhere",
        note=b"\x00note",
        times=3,
        reason="why",
        updated=odd,
        approved=odd,
        fee=euros(7),
        house_fee=5,
    )
    leg = replace(
        a_leg("l1", "PB-1", kind=LegKind.PAYOUT, highest_fee=20, due=odd),
        link="token",
        to_claim=True,
        handle="handle",
        remote_id="remote",
        code="code",
        attempts=4,
        fee=euros(3),
    )
    policy = RoomPolicy("!room:test", Policy("EUR", Receipts.PRIVATE, Asking.NOBODY, euros(2000)))
    standing = Standing("anna", Level.NAMED, "Europe/Rome", "Asia/Tokyo", odd, "2026-11", odd, approvals=3)
    passkey = replace(a_passkey("k1"), last_used=odd)
    ceremony = replace(a_ceremony("c1"), expires=odd)
    await write(book, person, link, request, transfer, leg, policy, standing, passkey, ceremony)

    assert await book.person("anna") == replace(person, version=1)
    assert await book.link("link") == replace(link, version=1)
    assert await book.request("r1") == replace(request, version=1)
    assert await book.transfer("PB-1") == replace(transfer, version=1)
    assert await book.legs("PB-1") == [replace(leg, version=1)]
    assert await book.leg_by_reference("l1") == replace(leg, version=1)
    assert await book.room_policy("!room:test") == replace(policy, version=1)
    assert await book.standing("anna") == replace(standing, version=1)
    assert await book.passkeys("anna") == [replace(passkey, version=1)]
    assert await book.ceremony("c1") == replace(ceremony, version=1)


async def test_what_is_not_there_is_none(book: Book) -> None:
    assert await book.person("nobody") is None
    assert await book.person_of("@nobody:test") is None
    assert await book.link("none") is None
    assert await book.transfer("PB-0") is None
    assert await book.request("r0") is None
    assert await book.leg_by_reference("l0") is None
    assert await book.room_policy("!other:test") is None
    assert await book.standing("nobody") is None
    assert await book.passkeys("nobody") == []
    assert await book.ceremony("none") is None
    assert await book.next_due(Errand.ASK, START - MINUTE) is None
    assert await book.next_expiry() is None
    assert await book.balance("nobody", "EUR") == euros(0)


async def test_a_person_is_found_by_each_of_their_matrix_ids(book: Book) -> None:
    await book.commit(people("anna"))
    await write(book, Identity("@ghost:test", "anna", START + MINUTE))

    assert await book.person_of("@ghost:test") == replace(a_person("anna"), version=1)
    assert await book.mxids_of("anna") == ["@anna:test", "@ghost:test"]


async def test_balances_are_per_currency_and_leave_out_nothing_but_nothing(book: Book) -> None:
    yen = ledger.move(
        "t/2", "topup", "PB-1", Money(500, "JPY"), giver=ledger.clearing("bank"), taker=ledger.person("anna")
    )
    hold = ledger.move(
        "h/1", "hold", "PB-1", euros(100), giver=ledger.person("anna"), taker=ledger.held("anna")
    )
    await book.commit(Step(journals=(a_topup("t/1", "anna", 100), yen, hold)))

    assert await book.balances("anna") == [Money(500, "JPY")]
    assert await book.held("anna") == [euros(100)]
    assert await book.balance("anna", "JPY") == Money(500, "JPY")


async def test_links_are_listed_oldest_first_without_removed_ones(book: Book) -> None:
    await book.commit(people("anna"))
    await write(
        book,
        replace(a_link("young", "anna"), created=START + MINUTE),
        a_link("old", "anna", state=LinkState.PENDING),
        a_link("gone", "anna", state=LinkState.REMOVED),
    )

    assert [link.id for link in await book.links("anna")] == ["old", "young"]


async def test_open_cards_and_payments_under_way_are_listed_newest_first(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    await write(
        book,
        a_transfer("card-1"),
        a_transfer("card-2", created=START + MINUTE),
        a_transfer("other", payer="bob"),
        a_transfer("way-1", state=TransferState.APPROVED),
        a_transfer("way-2", state=TransferState.APPROVED, created=START + MINUTE),
        a_transfer("ended", state=TransferState.APPROVED),
        a_leg("l1", "way-1"),
        a_leg("l2", "way-2", state=LegState.UNSURE),
        a_leg("l3", "ended", state=LegState.SETTLED),
    )

    assert names(await book.awaiting_approval("anna")) == ["card-2", "card-1"]
    assert names(await book.under_way("anna")) == ["way-2", "way-1"]


async def test_what_was_sent_is_summed_up_in_each_span_by_when_it_was_approved(book: Book) -> None:
    day, month = timedelta(days=1), timedelta(days=31)
    spans = Spans(
        UTC,
        day=Window(START - MINUTE, START + day),
        month=Window(START - 5 * day, START + month),
        night=Window(START + 2 * MINUTE, START + day),
    )
    sent = replace(a_transfer("PB-1", cents=1, state=TransferState.SETTLED), approved=START)
    others = (
        replace(sent, id="PB-2", amount=euros(10), approved=START + 2 * MINUTE),
        replace(sent, id="PB-3", amount=euros(100), created=START - 2 * MINUTE, approved=START - MINUTE),
        replace(sent, id="PB-4", amount=euros(1000), created=START - day, approved=START - day),
        replace(sent, id="PB-5", amount=euros(10000), created=START - 6 * day, approved=START - 6 * day),
        replace(sent, id="PB-6", amount=euros(100000), approved=None),
        replace(sent, id="PB-7", amount=Money(1, "JPY"), fee=Money(0, "JPY")),
        replace(sent, id="not counted", kind=TransferKind.TOPUP),
        *(replace(sent, id=state, state=state) for state in (TransferState.REFUSED, TransferState.CANCELLED)),
    )
    await book.commit(people("anna", "bob"))
    await write(book, sent, *others)

    spent = await book.spent("anna", "EUR", {TransferKind.PAY}, spans)
    by_day = await book.spent(
        "anna", "EUR", {TransferKind.PAY, TransferKind.TOPUP}, replace(spans, night=None)
    )
    assert spent == Spent(count=5, day=euros(100111), month=euros(101111), night=euros(10))
    assert by_day == Spent(count=6, day=euros(100112), month=euros(101112), night=euros(0))
    assert await book.spent("bob", "EUR", {TransferKind.PAY}, spans) == Spent(0, *[euros(0)] * 3)


async def test_claimable_money_is_seen_from_both_sides(book: Book) -> None:
    await book.commit(people("anna"))
    await write(book, a_transfer("PB-1", state=TransferState.CLAIMABLE), a_transfer("PB-2"))

    assert names(await book.claimable("bob")) == ["PB-1"]
    assert names(await book.claimable_from("anna")) == ["PB-1"]
    assert names(await book.claimable_from("bob")) == []


async def test_history_pages_newest_first_through_what_was_paid_and_got(book: Book) -> None:
    await book.commit(people("anna", "bob", "carl"))
    settled = TransferState.SETTLED
    await write(
        book,
        *(a_transfer(f"paid-{n}", state=settled, created=START + n * 2 * MINUTE) for n in range(3)),
        *(
            a_transfer(
                f"got-{n}", payer="bob", payee="anna", state=settled, created=START + (n * 2 + 1) * MINUTE
            )
            for n in range(3)
        ),
        a_transfer("between others", payer="bob", payee="carl", state=settled),
    )

    page = await book.history("anna", 4)
    rest = await book.history("anna", 4, after=Mark(page[-1].created, page[-1].id))
    assert names(page) == ["got-2", "paid-2", "got-1", "paid-1"]
    assert names(rest) == ["got-0", "paid-0"]


async def test_history_shows_ones_own_cards_and_nobody_elses(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    unseen = (TransferState.AWAITING_APPROVAL, TransferState.CANCELLED, TransferState.EXPIRED)
    await write(
        book,
        *(a_transfer(f"PB-{state}", state=state) for state in unseen),
        a_transfer("PB-approved", state=TransferState.APPROVED, created=START + MINUTE),
        a_transfer("PB-self", payee="anna", created=START - MINUTE),
    )

    assert names(await book.history("bob", 10)) == ["PB-approved"]
    assert names(await book.history("anna", 10)) == [
        "PB-approved",
        "PB-expired",
        "PB-cancelled",
        "PB-awaiting_approval",
        "PB-self",
    ]


async def test_approved_so_far_counts_payments_only_and_not_those_that_came_to_nothing(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    assert await book.approved_so_far("anna") == ApprovedSoFar(0, {})

    await write(book, *(a_transfer(f"PB-{state}", state=state, cents=100) for state in TransferState))
    await write(
        book,
        a_transfer("topup", kind=TransferKind.TOPUP, state=TransferState.SETTLED),
        a_transfer("bob's", payer="bob", state=TransferState.SETTLED),
    )
    yen = replace(
        a_transfer("yen", state=TransferState.SETTLED), amount=Money(900, "JPY"), fee=Money(0, "JPY")
    )
    await write(book, yen)
    counted = 7  # approved, settled, claimable, claimed, returned, reversed; and the yen

    assert await book.approved_so_far("anna") == ApprovedSoFar(counted, {"EUR": 600, "JPY": 900})


async def test_cards_claims_and_requests_expire_and_nothing_else(book: Book) -> None:
    await book.commit(people("anna"))
    ends = START + 10 * MINUTE
    await write(
        book,
        a_transfer("card"),
        a_transfer("later", created=START + MINUTE),
        a_transfer("claim", state=TransferState.CLAIMABLE, created=START - MINUTE),
        a_transfer("settled", state=TransferState.SETTLED, created=START - 9 * MINUTE),
        replace(a_request("r1"), expires=ends - 5 * MINUTE),
        replace(a_request("r2"), expires=ends, state=RequestState.DECLINED),
    )

    assert names(await book.expired_transfers(ends, 10)) == ["claim", "card"]
    assert names(await book.expired_transfers(ends, 1)) == ["claim"]
    assert await book.expired_transfers(ends - 2 * MINUTE, 10) == []
    assert [request.id for request in await book.expired_requests(ends, 10)] == ["r1"]
    assert await book.next_expiry() == ends - 5 * MINUTE


async def test_due_legs_are_those_of_one_rail_on_one_errand_oldest_first(book: Book) -> None:
    await book.commit(people("anna"))
    reserved = LegState.RESERVED
    first = a_leg("first", "PB-2", due=START, state=LegState.PREPARED)
    await write(
        book,
        a_transfer("PB-1", state=TransferState.APPROVED),
        a_transfer("PB-2", state=TransferState.APPROVED),
        a_leg("second", "PB-1", due=START + MINUTE, state=reserved),
        first,
        a_leg("not due", "PB-2", number=2, due=START + 3 * MINUTE, state=reserved),
        a_leg("no due", "PB-1", number=2, state=reserved),
        a_leg("over", "PB-1", number=3, due=START + MINUTE, state=LegState.REFUSED),
        a_leg("ended", "PB-2", number=3, state=LegState.SETTLED),
        a_leg("to ask", "PB-1", number=4, due=START, state=LegState.UNSURE),
        replace(a_leg("elsewhere", "PB-1", number=5, due=START, state=reserved), rail="other"),
    )
    in_two = START + 2 * MINUTE

    due = await book.due_legs(Errand.SEND, "bank", in_two, 10)
    second = a_transfer("PB-2", state=TransferState.APPROVED)
    assert due[0] == Due(replace(first, version=1), replace(second, version=1))
    assert [one.leg.id for one in due] == ["first", "second"]
    assert [one.leg.id for one in await book.due_legs(Errand.SEND, "bank", in_two, 1)] == ["first"]
    assert [one.leg.id for one in await book.due_legs(Errand.ASK, "bank", in_two, 10)] == ["to ask", "over"]
    assert await book.open_legs(Errand.SEND, "bank") == ["first", "second", "not due"]
    assert [one.leg.id for one in await book.legs_on(Errand.ASK, ["first", "to ask"])] == ["to ask"]
    assert await book.next_due(Errand.SEND, START - MINUTE) == START
    assert await book.next_due(Errand.SEND, in_two) == START + 3 * MINUTE
    assert await book.next_due(Errand.ASK, START) == START + MINUTE
    assert await book.next_due(Errand.ASK, START + MINUTE) is None
    assert [leg.id for leg in await book.legs("PB-1")][:2] == ["second", "no due"]


@pytest.mark.parametrize("many", [0, 1, 2, 3, 5, 8])
async def test_any_number_of_legs_comes_with_their_transfers(book: Book, many: int) -> None:
    await book.commit(people("anna"))
    for number in range(9):
        await write(
            book,
            a_transfer(f"PB-{number}", state=TransferState.APPROVED),
            a_leg(f"leg-{number}", f"PB-{number}", due=START, state=LegState.RESERVED),
        )
    asked = [f"leg-{number}" for number in range(many)]

    found = await book.legs_on(Errand.SEND, asked)
    assert sorted(due.leg.id for due in found) == asked
    assert all(due.transfer.id == due.leg.transfer for due in found)
    assert len(await book.due_legs(Errand.SEND, "bank", START, many)) == many


async def test_requests_are_listed_while_they_are_open(book: Book) -> None:
    await write(
        book,
        a_request("r1"),
        replace(a_request("r2"), created=START + MINUTE),
        replace(a_request("r3"), state=RequestState.PAID),
    )

    assert [request.id for request in await book.requests_of("bob")] == ["r2", "r1"]
    assert [request.id for request in await book.requests_to("anna")] == ["r2", "r1"]
    assert await book.requests_of("anna") == []


async def test_a_webhook_was_heard_by_its_event_or_by_what_it_says_about_an_order(book: Book) -> None:
    first = webhook("bank", "evt_1", "leg-1", b"{}", START)
    before = await book.heard(first)
    await write(book, first)

    assert before is False
    assert await book.heard(first)
    assert await book.heard(webhook("bank", "evt_1", "leg-2", b"other", START))
    assert await book.heard(webhook("bank", "evt_2", "leg-1", b"{}", START))
    assert not await book.heard(webhook("bank", "evt_2", "leg-2", b"{}", START))
    assert not await book.heard(webhook("other", "evt_1", "leg-1", b"{}", START))
    for again in (first, replace(first, id="bank/evt_2"), replace(first, body="0" * 64)):
        with pytest.raises(StaleError):
            await write(book, again)


class ListeningReader:
    """Hands every question on, and keeps it."""

    def __init__(self, reader: Reading) -> None:
        self._reader = reader
        self.asked: list[tuple[Any, Facts]] = []

    async def rows(self, statement: Executable, facts: Facts | None = None) -> Sequence[Row]:
        self.asked.append((statement, facts or {}))
        return await self._reader.rows(statement, facts)

    async def first(self, statement: Executable, facts: Facts | None = None) -> Row | None:
        self.asked.append((statement, facts or {}))
        return await self._reader.first(statement, facts)

    async def scalar(self, statement: Executable, facts: Facts | None = None) -> object:
        self.asked.append((statement, facts or {}))
        return await self._reader.scalar(statement, facts)


async def walked_through(database: Database, statement: Any, facts: Facts) -> set[str]:  # noqa: ANN401 - as asked
    """The tables that the engine would read from their first row to their last."""
    if isinstance(database.reader, SqliteReader):
        made = statement.params(facts).compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        plan = database.reader.connection.execute(f"EXPLAIN QUERY PLAN {made}", made.params).fetchall()
        return {detail.removeprefix("SCAN ").split(" ")[0] for *_, detail in plan}
    asked, names = asked_together(statement) if facts else compiled_for_postgres(statement)[:2]
    nulls = f"({', '.join('NULL' for _ in names)})" if names else ""
    # Of an empty table it would always read the whole.
    forced = f"SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; PREPARE asked AS {asked}"
    lines = await ask_raw(database, f"EXPLAIN EXECUTE asked {nulls}", first=forced)
    return {line.split("Seq Scan on ")[1].split(" ")[0] for (line,) in lines if "Seq Scan" in line}


@pytest.mark.parametrize(
    "ask",
    [
        lambda book: book.awaiting_approval("anna"),
        lambda book: book.under_way("anna"),
        lambda book: book.claimable("anna"),
        lambda book: book.claimable_from("anna"),
        lambda book: book.history("anna", 10),
        lambda book: book.paid_before("anna"),
        lambda book: book.balance("anna", "EUR"),
        lambda book: book.person("anna"),
        lambda book: book.link("link"),
        lambda book: book.transfer("PB-1"),
        lambda book: book.leg_by_reference("PB-1/1"),
        lambda book: book.room_policy("!room:test"),
        lambda book: book.expired_transfers(START, 10),
        lambda book: book.expired_requests(START, 10),
        lambda book: book.not_reminded(START, 10),
        lambda book: book.not_claimed(ReminderTimes(START, START, START), 10),
        lambda book: book.requests_of("anna"),
        lambda book: book.requests_to("anna"),
        lambda book: book.due_legs(Errand.SEND, "bank", START, 10),
        lambda book: book.open_legs(Errand.ASK, "bank"),
        lambda book: book.legs_on(Errand.ASK, ["PB-1/1", "PB-1/2"]),
        lambda book: book.next_due(Errand.SEND, START),
        lambda book: book.next_expiry(),
        lambda book: book.balances("anna"),
        lambda book: book.legs("PB-1"),
        lambda book: book.booked("PB-1"),
        lambda book: book.links("anna"),
        lambda book: book.approved_so_far("anna"),
        lambda book: book.person_of("@anna:test"),
        lambda book: book.heard(webhook("bank", "evt_1", "leg", b"{}", START)),
        lambda book: book.one_time_link("a" * 64),
        lambda book: book.repeats_of("anna"),
        lambda book: book.kitty("PB-FLAT2"),
        lambda book: book.kitty_in("!room:test"),
        lambda book: book.kitties_of("anna"),
        lambda book: book.treasurers("PB-FLAT2"),
        lambda book: book.proposals("PB-FLAT2"),
        lambda book: book.assents("PB-PZZA2"),
        lambda book: book.assented_lightly("anna", "EUR"),
        lambda book: book.expired_proposals(START, 10),
        lambda book: book.next_proposal_expiry(),
        lambda book: book.put_into("PB-FLAT2"),
        lambda book: book.paid_out_of("PB-FLAT2"),
        lambda book: book.trip("PB-TRXP2"),
        lambda book: book.trip_in("!room:test"),
        lambda book: book.travellers("PB-TRXP2"),
        lambda book: book.due_repeats(START, 10),
        lambda book: book.instalments("PB-RENT2"),
        lambda book: book.ended_repeats(10),
        lambda book: book.next_repeat(),
        lambda book: book.shop_of("anna"),
        lambda book: book.invoices("shop"),
        lambda book: book.invoice("r1"),
        lambda book: book.items("shop"),
        lambda book: book.sales_of("shop"),
        lambda book: book.sales_to("anna"),
        lambda book: book.takings("PB-1"),
        lambda book: book.sale_numbered("shop", 1),
        lambda book: book.staff_of("shop"),
        lambda book: book.acts_for("anna"),
        lambda book: book.acts_of("shop", 5),
        lambda book: book.refund_lines("PB-1"),
        lambda book: book.refunds_to_confirm("anna"),
        lambda book: book.gig("EV-1"),
        lambda book: book.gigs_of("shop"),
        lambda book: book.all_gigs_of("shop"),
        lambda book: book.booking("PB-1"),
        lambda book: book.ticket("PB-1-1"),
        lambda book: book.tickets("PB-1"),
        lambda book: book.tickets_for("EV-1"),
        lambda book: book.tickets_held_by("anna"),
        lambda book: book.doorkeeper("EV-1/anna"),
        lambda book: book.doorkeepers("EV-1"),
        lambda book: book.doors_of("anna"),
        lambda book: book.wait("EV-1", "anna"),
        lambda book: book.waiting("EV-1"),
        lambda book: book.to_be_offered(START, 10),
        lambda book: book.lapsed_offers(START, 10),
        lambda book: book.next_offer_end(),
    ],
)
async def test_every_question_is_one_statement_answered_by_an_index(
    database: Database, ask: Callable[[Book], Awaitable[object]]
) -> None:
    listening = ListeningReader(database.reader)
    await ask(SqlBook(database.writer, listening))

    ((statement, facts),) = listening.asked
    walked = await walked_through(database, statement, facts)
    assert walked & set(metadata.tables) == set()


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"read.?only"):
        await database.reader.scalar(text("INSERT INTO memory (name, value) VALUES ('a', 'b')"))


async def test_every_committed_step_is_seen_at_once(book: Book) -> None:
    for number in range(1, 30):
        await book.commit(Step(journals=(a_topup(f"t/{number}", "anna", 1),)))

        assert await book.balance("anna", "EUR") == euros(number)


async def test_times_come_back_in_utc(book: Book) -> None:
    await book.commit(people("anna"))
    found = await book.person("anna")

    assert found is not None
    assert found.created == datetime.fromisoformat("2026-03-02T10:00:00+01:00")
    assert found.created.utcoffset() == timedelta(0)

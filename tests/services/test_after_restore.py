"""After a restore a rail is first asked what it did: nothing that it knows is sent to it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.leg import LegState
from paybridge.domain.money import Money
from paybridge.services.admin_room import AdminRoom
from paybridge.services.after_restore import MARKER, AfterRestore, Restored
from paybridge.services.ports import NoStatementError, NotSentError, Order, Page, RailError, StatementLine
from paybridge.storage.rail_legs import RailLegs
from tests.fakes.house import ALICE, BOB, DINNER, QuietBell, keys, words
from tests.fakes.rail import SETTLES, Script, ScriptedRail

if TYPE_CHECKING:
    from tests.fakes.house import House

ADMINS = "!admins:hs"
HOUR = timedelta(hours=1)


@dataclass
class Peer(ScriptedRail):
    """A rail that the bot of before used; `told` is its statement, `fault` what asking for it comes to."""

    name: str = "bank"
    told: list[StatementLine] = field(default_factory=list)
    fault: RailError | None = None

    async def statement(self, cursor: str | None) -> Page:
        if self.fault is not None:
            raise self.fault
        return Page(() if cursor else self.told, None, None)


async def waits_to_be_sent(house: House) -> str:
    """Alice's approved payment, not sent: what the books knew when they were copied. The order's id."""
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    (card,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    order = f"{card.facts['payment']}/1"
    assert await state(house, order) is LegState.RESERVED
    return order


async def state(house: House, order: str) -> LegState:
    leg = await house.book.leg_by_reference(order)
    assert leg is not None
    return leg.state


async def sent_by_the_old_bot(house: House, order: str, script: Script = SETTLES) -> None:
    """The rail is told and executes, and the books of now do not hear of it."""
    house.rail.script = script
    handle = await prepared_by_the_old_bot(house, order)
    await house.rail.execute(handle, "the old bot's", Money(0, "EUR"))


async def prepared_by_the_old_bot(house: House, order: str) -> str:
    leg = await house.book.leg_by_reference(order)
    assert leg is not None
    assert leg.link is not None
    return await house.rail.prepare(Order(order, leg.kind, leg.amount, leg.link, ""))


def clearing(house: House) -> AfterRestore:
    return AfterRestore(
        book=house.book,
        books=RailLegs(house.database.url),
        mailbox=house.mailbox,
        clock=house.clock,
        admin=AdminRoom(house.book, house.desk.vault, house.clock, QuietBell(), ADMINS, "en"),
    )


async def restored(house: House) -> None:
    marker = Restored(house.clock.now() - HOUR, house.clock.now())
    await house.mailbox.remember(MARKER, marker.written())


def executed(house: House) -> int:
    return sum(call == "execute" for call, _ in house.rail.calls)


async def test_an_order_that_the_old_bot_sent_is_asked_about_and_not_sent_again(house: House) -> None:
    order = await waits_to_be_sent(house)
    await sent_by_the_old_bot(house, order)
    await restored(house)
    await clearing(house).clear("bank", house.rail)
    said = await house.said()
    after = await house.carry()

    assert words(said[-1:]).endswith(
        "of 1 orders that waited to be sent it knows 1, which are asked about instead."
    )
    assert executed(house) == 1
    assert len(house.rail.moved) == 1
    assert await state(house, order) is LegState.SETTLED
    assert "pay.receipt" in keys(after)
    assert await house.balance(BOB) == 500


async def test_an_order_that_the_rail_has_forgotten_but_its_statement_tells_is_not_sent_again(
    house: House,
) -> None:
    order = await waits_to_be_sent(house)
    await sent_by_the_old_bot(house, order)
    house.rail.forget(order)
    peer = Peer(told=[StatementLine("ent_1", order, Money(500, "EUR"), house.clock.now())])
    await restored(house)
    await clearing(house).clear("bank", peer)
    await house.carry()

    assert executed(house) == 1
    assert await state(house, order) is LegState.EXECUTING


async def test_an_order_that_the_rail_does_not_know_is_sent_once(house: House) -> None:
    order = await waits_to_be_sent(house)
    await restored(house)
    await clearing(house).clear("bank", house.rail)
    await house.carry()

    assert executed(house) == 1
    assert await state(house, order) is LegState.SETTLED


async def test_orders_that_the_books_do_not_know_are_counted_for_the_operators(house: House) -> None:
    told = [StatementLine(f"ent_{n}", f"lost-{n}", Money(1, "EUR"), house.clock.now()) for n in range(3)]
    await restored(house)
    await clearing(house).clear("bank", Peer(told=told))
    said = await house.said()

    assert keys(said) == ["restored.compared"]
    assert "moved money for 3 orders that the books do not know" in words(said)


async def test_a_rail_without_a_statement_is_asked_order_by_order_and_that_is_said(house: House) -> None:
    order = await waits_to_be_sent(house)
    peer = Peer(fault=NoStatementError())
    await restored(house)
    await clearing(house).clear("bank", peer)

    assert ("query", order) in peer.calls
    assert "It has no statement" in words(await house.said())


async def test_a_rail_that_is_away_is_not_cleared_and_nothing_is_sent(house: House) -> None:
    order = await waits_to_be_sent(house)
    await restored(house)
    with pytest.raises(RailError):
        await clearing(house).clear("bank", Peer(fault=NotSentError("away")))

    assert await state(house, order) is LegState.RESERVED
    assert await house.mailbox.recall(f"{MARKER}/bank") is None


async def test_an_order_whose_fate_the_rail_leaves_open_is_unsure_after_some_tries(house: House) -> None:
    order = await waits_to_be_sent(house)
    await sent_by_the_old_bot(house, order, Script(answers_query=False))
    await restored(house)
    one = clearing(house)
    for _ in range(4):
        with pytest.raises(RailError):
            await one.clear("bank", house.rail)
    await one.clear("bank", house.rail)
    await house.carry()

    assert await state(house, order) is LegState.UNSURE
    assert executed(house) == 1


async def test_what_is_done_is_done_once_for_each_restore(house: House) -> None:
    await restored(house)
    await clearing(house).clear("bank", house.rail)
    first = keys(await house.said())
    await clearing(house).clear("bank", house.rail)
    second = keys(await house.said())
    house.clock.pass_by(HOUR)
    await restored(house)
    await clearing(house).clear("bank", house.rail)

    assert (first, second) == (["restored.compared"], [])
    assert keys(await house.said()) == ["restored.compared"]


async def test_a_clearing_that_ends_half_way_is_made_again(house: House) -> None:
    order = await waits_to_be_sent(house)
    await sent_by_the_old_bot(house, order)
    await restored(house)

    class Killed(Exception):  # noqa: N818 - not an error of ours
        pass

    async def killed(name: str, value: str) -> None:
        raise Killed(name, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.mailbox, "remember", killed)
        with pytest.raises(Killed):
            await clearing(house).clear("bank", house.rail)
    await clearing(house).clear("bank", house.rail)
    await house.carry()

    assert executed(house) == 1
    assert await state(house, order) is LegState.SETTLED


async def test_without_a_restore_nothing_is_asked(house: House) -> None:
    await clearing(house).clear("bank", house.rail)

    assert house.rail.calls == []


async def test_an_order_that_the_old_bot_only_prepared_is_left_to_be_sent(house: House) -> None:
    order = await waits_to_be_sent(house)
    await prepared_by_the_old_bot(house, order)
    await restored(house)
    await clearing(house).clear("bank", house.rail)

    assert await state(house, order) is LegState.RESERVED
    assert "it knows 0" in words(await house.said())

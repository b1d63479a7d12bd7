"""A webhook is kept together with what it sets off; however it comes again, it is one thing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.leg import LegState
from paybridge.domain.webhook import webhook
from paybridge.services.ports import BookUnavailableError, RailEvent, Step
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, DINNER
from tests.fakes.rail import UNSURE_THEN_SETTLED, Script

if TYPE_CHECKING:
    from paybridge.domain.webhook import Webhook
    from tests.fakes.house import House

RAW = b'{"what": "settled"}'


async def an_unsure_order(house: House, script: Script = UNSURE_THEN_SETTLED) -> str:
    """A payment of Alice's that the rail executes without saying so, not asked about yet."""
    house.rail.script = script
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.courier.settle_down()
    return f"{card.facts['payment']}/1"


async def kept(house: House) -> list[str]:
    return [row[0] for row in await ask_raw(house.database, "SELECT id FROM webhook ORDER BY id")]


def heard(house: House, order: str, event: str = "evt_1", raw: bytes = RAW) -> Webhook:
    return webhook("bank", event, order, raw, house.clock.now())


async def hint(house: House, order: str, event: str = "evt_1", raw: bytes = RAW) -> None:
    await house.reconciler.hint(RailEvent(event, order), heard(house, order, event, raw))


def asked(house: House, order: str) -> int:
    return house.rail.calls.count(("query", order))


async def test_an_event_that_comes_twice_is_asked_about_once(house: House) -> None:
    order = await an_unsure_order(house, Script(answers_execute=False, answers_query=False))
    await hint(house, order)
    await house.reconciler.settle_down()
    first = asked(house, order)
    await hint(house, order)
    await house.reconciler.settle_down()

    assert (first, asked(house, order)) == (1, 1)
    assert await kept(house) == ["bank/evt_1"]


async def test_the_same_body_under_another_event_id_is_the_same_news(house: House) -> None:
    order = await an_unsure_order(house, Script(answers_execute=False, answers_query=False))
    await hint(house, order, "evt_1")
    await house.reconciler.settle_down()
    await hint(house, order, "evt_2")
    await house.reconciler.settle_down()
    again = asked(house, order)
    await hint(house, order, "evt_3", b"other news")
    await house.reconciler.settle_down()

    assert (again, asked(house, order)) == (1, 2)
    assert await kept(house) == ["bank/evt_1", "bank/evt_3"]


async def test_one_body_about_two_orders_is_news_of_each(house: House) -> None:
    await hint(house, "leg-1", "evt_1")
    await hint(house, "leg-2", "evt_2")

    assert await kept(house) == ["bank/evt_1", "bank/evt_2"]


async def test_the_same_event_id_of_another_rail_is_another_event(house: House) -> None:
    for rail in ("bank", "stripe"):
        event = webhook(rail, "evt_1", "leg-1", RAW, house.clock.now())
        await house.reconciler.hint(RailEvent("evt_1", "leg-1"), event)

    assert await kept(house) == ["bank/evt_1", "stripe/evt_1"]


async def test_fifty_at_once_are_one(house: House) -> None:
    order = await an_unsure_order(house)
    await asyncio.gather(*(hint(house, order, f"evt_{number % 2}") for number in range(50)))
    await house.carry()
    leg = await house.book.leg_by_reference(order)

    assert leg is not None
    assert leg.state is LegState.SETTLED
    assert len(await kept(house)) == 1
    assert asked(house, order) == 1


async def test_what_could_not_be_kept_is_no_news_and_counts_when_it_comes_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await an_unsure_order(house)
    before = await house.book.leg_by_reference(order)

    async def full(_step: Step) -> None:
        raise BookUnavailableError("the disk is full")

    monkeypatch.setattr(house.book, "commit", full)
    with pytest.raises(BookUnavailableError):
        await hint(house, order)
    monkeypatch.undo()
    after = await house.book.leg_by_reference(order)
    await hint(house, order)

    assert before == after
    assert await kept(house) == ["bank/evt_1"]

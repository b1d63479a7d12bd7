"""The scripted rail that other tests use keeps the contract, and follows its scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import (
    NotFound,
    NotSentError,
    Order,
    Pending,
    Prepared,
    Rail,
    Refused,
    Settled,
    ThrottledError,
    Unsure,
)
from tests.fakes.rail import (
    BAD_ACCOUNT,
    CODE,
    NEVER,
    UNSURE_THEN_SETTLED,
    UNSURE_WITHOUT_EFFECT,
    Script,
    ScriptedRail,
    not_sent,
    refuses,
    slow,
    throttled,
)
from tests.rails.contract import LinkedRailContract

FREE = Money.zero("EUR")


class ScriptedTrial:
    details = "DE89370400440532013000"
    bad_details = BAD_ACCOUNT

    def __init__(self) -> None:
        self.rail = ScriptedRail(fee=7)
        self._numbers = count(1)

    async def order(self, kind: LegKind | None = None) -> Order:
        return self._order(kind or LegKind.COLLECT, self.rail.verified_link())

    async def refused_order(self) -> Order:
        return self._order(LegKind.COLLECT, self.rail.verified_link(refuses("insufficient_funds")))

    async def proof(self, token: str) -> str:
        assert token
        return CODE

    async def webhook(self, order: Order) -> tuple[dict[str, str], bytes, datetime]:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return *self.rail.webhook("event-1", order.reference, now), now

    async def rail_to_no_sandbox(self) -> Rail:
        return ScriptedRail(sandbox=False)

    async def moved(self, reference: str) -> list[Money]:
        return [order.amount for order in self.rail.moved if order.reference == reference]

    def _order(self, kind: LegKind, link: str) -> Order:
        return Order(f"leg-{next(self._numbers)}", kind, Money(1250, "EUR"), link, "pizza")


@pytest.fixture
def trial() -> ScriptedTrial:
    return ScriptedTrial()


class TestScriptedRail(LinkedRailContract):
    pass


async def prepared(rail: ScriptedRail, script: Script) -> str:
    order = Order("leg", LegKind.PAYOUT, Money(1250, "EUR"), rail.verified_link(script), "")
    return await rail.prepare(order)


async def test_unsure_then_settled_has_moved_once() -> None:
    rail = ScriptedRail()
    handle = await prepared(rail, UNSURE_THEN_SETTLED)

    assert isinstance(await rail.execute(handle, "key", FREE), Unsure)
    assert isinstance(await rail.query("leg", handle), Settled)
    assert isinstance(await rail.execute(handle, "key", FREE), Settled)
    assert len(rail.moved) == 1


async def test_unsure_without_effect_is_still_prepared() -> None:
    rail = ScriptedRail()
    handle = await prepared(rail, UNSURE_WITHOUT_EFFECT)

    assert isinstance(await rail.execute(handle, "key", FREE), Unsure)
    assert await rail.query("leg", handle) == Prepared()
    assert rail.moved == []


async def test_never_is_unsure_for_ever() -> None:
    rail = ScriptedRail()
    handle = await prepared(rail, NEVER)

    assert isinstance(await rail.execute(handle, "key", FREE), Unsure)
    assert isinstance(await rail.query("leg", handle), Unsure)
    assert isinstance(await rail.query("leg", None), Unsure)


async def test_slow_settles_with_the_question_that_was_named() -> None:
    rail = ScriptedRail()
    handle = await prepared(rail, slow(2))

    assert isinstance(await rail.execute(handle, "key", FREE), Pending)
    assert isinstance(await rail.query("leg", handle), Pending)
    assert rail.moved == []
    assert isinstance(await rail.query("leg", handle), Settled)
    assert len(rail.moved) == 1


async def test_not_sent_and_throttled_settle_after_that_many_tries() -> None:
    for script, error in ((not_sent(2), NotSentError), (throttled(2), ThrottledError)):
        rail = ScriptedRail()
        handle = await prepared(rail, script)
        for _ in range(2):
            with pytest.raises(error):
                await rail.execute(handle, "key", FREE)

        assert isinstance(await rail.execute(handle, "key", FREE), Settled)


async def test_refuses_says_its_code() -> None:
    rail = ScriptedRail()
    handle = await prepared(rail, refuses("account_closed"))

    assert await rail.execute(handle, "key", FREE) == Refused("account_closed")


async def test_an_order_that_was_forgotten_is_not_found() -> None:
    rail = ScriptedRail()
    await prepared(rail, NEVER)
    rail.forget("leg")

    assert await rail.query("leg", None) == NotFound(final=True)


async def test_an_unreachable_rail_is_sent_nothing_and_a_question_is_unsure() -> None:
    rail = ScriptedRail()
    handle = await prepared(rail, Script())
    rail.reachable = False

    with pytest.raises(NotSentError):
        await rail.execute(handle, "key", FREE)
    assert isinstance(await rail.query("leg", handle), Unsure)
    assert rail.moved == []

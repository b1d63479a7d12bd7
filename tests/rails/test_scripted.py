"""The scripted rail that other tests use follows its scripts."""

from __future__ import annotations

import pytest

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import (
    NotFound,
    NotSentError,
    Order,
    Pending,
    Prepared,
    Refused,
    Settled,
    ThrottledError,
    Unsure,
)
from tests.fakes.rail import (
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

FREE = Money.zero("EUR")


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

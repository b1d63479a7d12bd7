"""A rail that thinks again about an order that is over is an alert; nothing is booked or sent by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from paybridge.domain.leg import LegState
from paybridge.services.ports import RailEvent
from tests.fakes.house import ALICE, BOB, DINNER
from tests.fakes.rail import SETTLES, Script, refuses

if TYPE_CHECKING:
    from tests.fakes.house import House

OVER = [(SETTLES, LegState.SETTLED), (refuses("insufficient_funds"), LegState.REFUSED)]


async def a_payment_that_is_over(house: House, script: Script) -> str:
    """Alice's payment to Bob, as far as the rail lets it go; returns its collect's id."""
    house.rail.script = script
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    (card,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    return f"{card.facts['payment']}/1"


async def balances(house: House) -> tuple[int, int]:
    return await house.balance(ALICE), await house.balance(BOB)


@pytest.mark.parametrize(("script", "state"), OVER)
async def test_a_rail_that_changes_its_mind_is_an_alert_and_moves_nothing_of_ours(
    house: House, script: Script, state: LegState
) -> None:
    reference = await a_payment_that_is_over(house, script)
    before = await house.book.leg_by_reference(reference), await balances(house)
    house.rail.change_its_mind(reference)
    with capture_logs() as logs:
        await house.reconciler.hint(RailEvent("1", reference))
        said = await house.carry()

    assert before[0] is not None
    assert before[0].state is state
    assert [(line["log_level"], line["leg"]) for line in logs] == [("error", reference)]
    assert house.reconciler.contradictions == 1
    assert (await house.book.leg_by_reference(reference), await balances(house)) == before
    assert said == []


@pytest.mark.parametrize(("script", "state"), OVER)
async def test_a_rail_that_still_says_the_same_alerts_nobody(
    house: House, script: Script, state: LegState
) -> None:
    reference = await a_payment_that_is_over(house, script)
    asked = len(house.rail.calls)
    with capture_logs() as logs:
        await house.reconciler.hint(RailEvent("1", reference))
        await house.reconciler.hint(RailEvent("2", reference, says=state.value))

    assert logs == []
    assert house.reconciler.contradictions == 0
    # Only the webhook that did not say what the books say was worth a question.
    assert house.rail.calls[asked:] == [("query", reference)]


async def test_a_rail_that_does_not_say_what_is_new_is_not_taken_for_a_contradiction(house: House) -> None:
    reference = await a_payment_that_is_over(house, SETTLES)
    house.rail.reachable = False
    with capture_logs() as logs:
        await house.reconciler.hint(RailEvent("1", reference))

    assert [line["log_level"] for line in logs] == ["warning"]
    assert house.reconciler.contradictions == 0

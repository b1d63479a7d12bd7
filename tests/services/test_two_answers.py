"""One order's answer comes twice at once, to the courier and to the reconciler say: the first counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain import leg as legs
from paybridge.domain.leg import LegHappening, LegState
from paybridge.services.outcomes import Outcomes
from paybridge.services.ports import Errand, Settled, StaleError, Step
from tests.fakes.house import ALICE, QuietBell, direct

if TYPE_CHECKING:
    from tests.fakes.house import House


async def test_the_second_answer_of_an_order_that_has_settled_is_stale(house: House) -> None:
    await house.link(ALICE)
    await house.hear(ALICE, "!topup 5 EUR", direct(ALICE))
    await house.hear(ALICE, "!yes", direct(ALICE))
    (due,) = await house.book.due_legs(Errand.SEND, "bank", house.clock.now(), 1)
    prepared, _ = legs.advance(replace(due.leg, handle="handle"), LegHappening.PREPARE)
    executing, _ = legs.advance(prepared, LegHappening.EXECUTE)
    await house.book.commit(Step(records=(executing,)))
    sent = replace(executing, version=executing.version + 1)
    desk = house.desk
    outcomes = Outcomes(
        desk.book, desk.vault, desk.clock, desk.settings, desk.news, desk.requests, QuietBell(),
        jitter=lambda: 0,
    )  # fmt: skip
    settled = Settled("remote", sent.amount, due.transfer.fee, timedelta(0))
    await outcomes.take(sent, due.transfer, settled)
    with pytest.raises(StaleError):
        await outcomes.take(sent, due.transfer, settled)
    kept = await house.book.leg_by_reference(sent.id)

    assert kept is not None
    assert kept.state is LegState.SETTLED
    assert await house.balance(ALICE) == 500

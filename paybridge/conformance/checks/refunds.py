"""What a rail promises that can give back what it collected."""

from __future__ import annotations

import asyncio

from paybridge.conformance.bench import Bench, NotOfferedError, promised
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import Order, Refunding, Refused, Reversed, Settled


async def check_refund_in_part(bench: Bench) -> None:
    """A refund in part gives back so much once, however often its key comes, and a question tells of it."""
    refunding, order, handle = await _settled(bench)
    part = Money(order.amount.minor // 3, order.amount.currency)

    first = await refunding.refund(order.reference, handle, part, "refund-1")
    again = await asyncio.gather(
        *(refunding.refund(order.reference, handle, part, "refund-1") for _ in range(10))
    )
    asked = await bench.rail.query(order.reference, handle)

    promised(isinstance(first, Settled) and first.amount == part, f"it was answered {first}")
    promised(all(one == first for one in again), f"first {first}, then {again}")
    promised(isinstance(asked, Reversed) and asked.amount == part, f"asked, it was answered {asked}")
    await _keeps(bench, order, order.amount - part)


async def check_refund_of_too_much(bench: Bench) -> None:
    """More than is left of an order is not given back, neither at once nor in parts."""
    refunding, order, handle = await _settled(bench)
    one = Money(1, order.amount.currency)

    at_once = await refunding.refund(order.reference, handle, order.amount + one, "refund-1")
    part = await refunding.refund(order.reference, handle, one, "refund-2")
    whole = await refunding.refund(order.reference, handle, order.amount, "refund-3")
    rest = await refunding.refund(order.reference, handle, order.amount - one, "refund-4")
    more = await refunding.refund(order.reference, handle, one, "refund-5")

    promised(isinstance(at_once, Refused), f"more than the whole was answered {at_once}")
    promised(isinstance(part, Settled), f"a part was answered {part}")
    promised(isinstance(whole, Refused), f"the whole, after a part, was answered {whole}")
    promised(isinstance(rest, Settled), f"the rest was answered {rest}")
    promised(isinstance(more, Refused), f"when nothing was left, more was answered {more}")
    await _keeps(bench, order, Money.zero(one.currency))


async def check_refund_of_nothing(bench: Bench) -> None:
    """An order that was not executed has nothing to give back."""
    refunding = _refunding(bench)
    order = await bench.order(LegKind.COLLECT)
    handle, _ = await bench.prepared(order)

    outcome = await refunding.refund(order.reference, handle, order.amount, "refund-1")

    promised(isinstance(outcome, Refused), f"it was answered {outcome}")
    await bench.moved_nothing(order)


def _refunding(bench: Bench) -> Refunding:
    if not isinstance(bench.rail, Refunding):
        raise NotOfferedError("it gives nothing back")
    return bench.rail


async def _settled(bench: Bench) -> tuple[Refunding, Order, str]:
    refunding = _refunding(bench)
    order = await bench.order(LegKind.COLLECT)
    handle, outcome = await bench.executed(order)
    promised(isinstance(outcome, Settled), f"the order itself was answered {outcome}")
    return refunding, order, handle


async def _keeps(bench: Bench, order: Order, left: Money) -> None:
    total = sum(one.minor for one in await bench.moved(order))
    promised(total == left.minor, f"{left} should be left of it, and {total} minor units are")

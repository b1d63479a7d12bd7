"""What every rail promises about orders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Final

from paybridge.conformance.bench import Bench, NotOfferedError, key_of, promised
from paybridge.conformance.trial import Behaviour
from paybridge.domain.leg import LegKind
from paybridge.domain.money import MAX_MINOR, Money
from paybridge.services.ports import (
    NotFound,
    Order,
    OrderRefusedError,
    Pending,
    Prepared,
    Refused,
    Settled,
    Unsure,
)
from paybridge.services.sense import sensible_capabilities

MANY: Final = 50


async def _refuses(call: Awaitable[object], what: str) -> None:
    try:
        await call
    except OrderRefusedError:
        return
    promised(truth=False, otherwise=f"{what} was not refused with OrderRefusedError")


async def check_capabilities(bench: Bench) -> None:
    """Its capabilities make sense, and its keys last."""
    await bench.rail.prove_sandbox()
    can = sensible_capabilities(bench.rail.capabilities())

    promised(bool(can.idempotency_window), "it remembers no key")


async def check_preparing(bench: Bench) -> None:
    """Preparing an order, also ten times at once, is one order and moves nothing."""
    order = await bench.order()

    handles = await asyncio.gather(*(bench.rail.prepare(order) for _ in range(10)))

    promised(len(set(handles)) == 1, f"there were {len(set(handles))} handles")
    promised(await bench.rail.prepare(order) == handles[0], "preparing later was another handle")
    await bench.moved_nothing(order)


async def check_reference_reused(bench: Bench) -> None:
    """Another amount under the same reference is refused."""
    order = await bench.order()
    await bench.rail.prepare(order)

    await _refuses(bench.rail.prepare(replace(order, amount=order.amount + order.amount)), "another amount")


async def check_limits(bench: Bench) -> None:
    """An order of nothing, of too much or in a foreign currency is refused."""
    order = await bench.order()
    can = bench.rail.capabilities()
    currency = order.amount.currency
    await _refuses(bench.rail.prepare(replace(order, amount=Money.zero(currency))), "an order of nothing")
    if can.most_of(currency) < MAX_MINOR:
        too_much = replace(order, amount=Money(can.most_of(currency) + 1, currency))
        await _refuses(bench.rail.prepare(too_much), "an order of too much")
    for foreign in sorted({"EUR", "JPY", "KWD"} - can.currencies)[:1]:
        await _refuses(
            bench.rail.prepare(replace(order, amount=Money(1000, foreign))), f"an order in {foreign}"
        )


async def check_kinds(bench: Bench) -> None:
    """An order of a kind that the rail does not take is refused."""
    order = await bench.order()
    for kind in set(LegKind) - bench.rail.capabilities().flows:
        await _refuses(bench.rail.prepare(replace(order, kind=kind)), f"a {kind}")


async def check_settling(bench: Bench) -> None:
    """Every kind of order settles for exactly its amount, within the fee that was quoted."""
    for kind in sorted(bench.rail.capabilities().flows):
        order = await bench.order(kind)
        cap = (await bench.rail.quote(order)).highest_fee
        _, outcome = await bench.executed(order)

        promised(isinstance(outcome, Settled), f"a {kind} was answered {outcome}")
        if isinstance(outcome, Settled):
            promised(outcome.amount == order.amount, f"{order.amount} was ordered, and {outcome.amount} told")
            promised(outcome.fee <= cap, f"the fee was {outcome.fee}, and quoted {cap}")
        await bench.moved_once(order)


async def check_key_at_once(bench: Bench) -> None:
    """The same key fifty times at once is one effect."""
    order = await bench.order()
    handle, cap = await bench.prepared(order)

    outcomes = await asyncio.gather(
        *(bench.rail.execute(handle, key_of(order), cap) for _ in range(MANY)), return_exceptions=True
    )

    settled = {outcome.remote_id for outcome in outcomes if isinstance(outcome, Settled)}
    promised(len(settled) == 1, f"there were {len(settled)} payments")
    promised(
        not any(isinstance(outcome, Refused | NotFound | Prepared) for outcome in outcomes),
        "some were told that nothing moved",
    )
    await bench.moved_once(order)


async def check_key_again(bench: Bench) -> None:
    """The same key later is the same answer, and no other effect."""
    order = await bench.order()
    handle, first = await bench.executed(order)
    again = await bench.rail.execute(handle, key_of(order), (await bench.rail.quote(order)).highest_fee)

    promised(
        isinstance(first, Settled) and isinstance(again, Settled) and first.remote_id == again.remote_id,
        f"first {first}, then {again}",
    )
    await bench.moved_once(order)


async def check_key_of_another(bench: Bench) -> None:
    """The same key for another order is never answered as if that one had settled when it had not."""
    first, second = await bench.order(), await bench.order()
    second = replace(second, amount=second.amount + Money(1, second.amount.currency))
    handle, cap = await bench.prepared(first)
    await bench.rail.execute(handle, key_of(first), cap)

    handle, cap = await bench.prepared(second)
    outcome = await bench.rail.execute(handle, key_of(first), cap)

    await bench.moved_once(first)
    if isinstance(outcome, Settled):
        promised(outcome.amount == second.amount, f"{second.amount} was ordered, {outcome.amount} told")
        await bench.moved_once(second)
    else:
        promised(isinstance(outcome, Unsure | Refused), f"it was answered {outcome}")
        await bench.moved_nothing(second)


async def check_capturing_twice(bench: Bench) -> None:
    """Another key for an executed order does not move its money again."""
    order = await bench.order()
    handle, _ = await bench.executed(order)

    await bench.rail.execute(handle, "another", (await bench.rail.quote(order)).highest_fee)

    await bench.moved_once(order)


async def check_asking(bench: Bench) -> None:
    """A question tells where an order stands, with and without its handle."""
    order = await bench.order()
    unknown = await bench.rail.query(order.reference, None)
    handle, cap = await bench.prepared(order)
    prepared = await bench.rail.query(order.reference, handle)
    done = await bench.rail.execute(handle, key_of(order), cap)

    final = bench.rail.capabilities().not_found_is_final
    promised(unknown == NotFound(final), f"an unknown order was answered {unknown}")
    promised(prepared == Prepared(), f"a prepared order was answered {prepared}")
    for known in (handle, None):
        settled = await bench.rail.query(order.reference, known)
        promised(
            isinstance(settled, Settled)
            and isinstance(done, Settled)
            and replace(settled, took=None) == replace(done, took=None),
            f"a settled order was answered {settled}, and before {done}",
        )


async def check_capturing_after_cancel(bench: Bench) -> None:
    """A cancelled order is never executed."""
    order = await bench.order()
    handle, cap = await bench.prepared(order)
    await bench.rail.cancel(handle)
    await bench.rail.cancel(handle)

    outcome = await bench.rail.execute(handle, key_of(order), cap)
    asked = await bench.rail.query(order.reference, handle)

    promised(isinstance(outcome, Refused), f"executing it was answered {outcome}")
    promised(isinstance(asked, Refused), f"asking was answered {asked}")
    await bench.moved_nothing(order)


async def check_cancelling_too_late(bench: Bench) -> None:
    """An executed order cannot be cancelled."""
    order = await bench.order()
    handle, _ = await bench.executed(order)

    await _refuses(bench.rail.cancel(handle), "cancelling it")
    await bench.moved_once(order)


async def check_refusal(bench: Bench) -> None:
    """A refusal is final, whatever key is tried, and moves nothing."""
    order = await bench.order(behaviour=Behaviour.REFUSES)
    handle, cap = await bench.prepared(order)

    outcome = await bench.rail.execute(handle, key_of(order), cap)
    again = await bench.rail.execute(handle, key_of(order), cap)
    await bench.rail.execute(handle, "another", cap)
    asked = await bench.rail.query(order.reference, handle)

    promised(isinstance(outcome, Refused), f"it was answered {outcome}")
    promised(again == outcome == asked, f"first {outcome}, then {again}, and asked {asked}")
    await bench.moved_nothing(order)


async def check_fee_over_cap(bench: Bench) -> None:
    """A fee over the cap is refused, and moves nothing."""
    order = await _with_a_fee(bench)
    handle, cap = await bench.prepared(order)

    outcome = await bench.rail.execute(handle, key_of(order), cap - Money(1, cap.currency))

    promised(isinstance(outcome, Refused), f"it was answered {outcome}")
    await bench.moved_nothing(order)


async def check_fee_quoted(bench: Bench) -> None:
    """The fee that was quoted is the fee that is taken."""
    order = await _with_a_fee(bench)
    quote = await bench.rail.quote(order)
    _, outcome = await bench.executed(order)

    promised(
        isinstance(outcome, Settled) and quote.fee <= outcome.fee <= quote.highest_fee,
        f"{quote.fee} was quoted, and it was answered {outcome}",
    )


async def check_late_success(bench: Bench) -> None:
    """An order that settles late is pending, also when asked, until it has settled."""
    passing = bench.passing
    order = await bench.order(behaviour=Behaviour.SETTLES_LATE)
    handle, outcome = await bench.executed(order)
    soon = await bench.rail.query(order.reference, handle)
    await passing.let_settle()
    late = await bench.rail.query(order.reference, handle)

    promised(isinstance(outcome, Pending) and isinstance(soon, Pending), f"first {outcome}, then {soon}")
    promised(isinstance(late, Settled) and late.amount == order.amount, f"when it had settled: {late}")
    await bench.moved_once(order)


async def check_other_amount(bench: Bench) -> None:
    """Another amount than ordered is unsure, however often it is reported."""
    order = await bench.order(behaviour=Behaviour.MISREPORTS)
    handle, outcome = await bench.executed(order)
    asked = await bench.rail.query(order.reference, handle)

    promised(isinstance(outcome, Unsure) and isinstance(asked, Unsure), f"first {outcome}, then {asked}")


async def check_expired(bench: Bench) -> None:
    """An order that was not executed in time is refused, and moves nothing."""
    expiring = bench.expiring
    order = await bench.order()
    handle, cap = await bench.prepared(order)
    await expiring.let_expire()

    outcome = await bench.rail.execute(handle, key_of(order), cap)
    asked = await bench.rail.query(order.reference, handle)

    promised(isinstance(outcome, Refused), f"it was answered {outcome}")
    promised(isinstance(asked, Refused), f"asked, it was answered {asked}")
    await bench.moved_nothing(order)


async def _with_a_fee(bench: Bench) -> Order:
    for kind in sorted(bench.rail.capabilities().flows):
        order = await bench.stand.order(kind)
        if order is not None and (await bench.rail.quote(order)).fee.is_positive:
            return order
    raise NotOfferedError("it is free")

"""What a rail promises when the program is killed: a rail built anew goes on where the old one was."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from paybridge.conformance.bench import Bench, key_of, promised
from paybridge.conformance.proxy import Fault
from paybridge.domain.money import Money
from paybridge.services.ports import NotFound, Prepared, RailError, Settled


async def check_killed_between(bench: Bench) -> None:
    """Killed between preparing, executing and asking: a new rail knows the order, and does it once."""
    assert bench.reached.address
    order = await bench.order()
    handle = await bench.stand.rail().prepare(order)
    same = await bench.stand.rail().prepare(order)
    before = await bench.stand.rail().query(order.reference, handle)
    cap = (await bench.rail.quote(order)).highest_fee
    first = await bench.stand.rail().execute(handle, key_of(order), cap)
    again = await bench.stand.rail().execute(handle, key_of(order), cap)
    asked = await bench.stand.rail().query(order.reference, None)

    promised(same == handle, "a new rail prepared another order")
    promised(isinstance(before, Prepared | NotFound), f"before, it was answered {before}")
    for outcome in (first, again, asked):
        promised(isinstance(outcome, Settled), f"first {first}, again {again}, and asked {asked}")
    await bench.moved_once(order)


async def check_killed_before_the_effect(bench: Bench) -> None:
    """Killed while executing, before the peer heard of it: a new rail does it once."""
    await _killed(bench, Fault.DROPPED_BEFORE)


async def check_killed_after_the_effect(bench: Bench) -> None:
    """Killed while executing, after the effect: a new rail finds it settled, and does it no more."""
    await _killed(bench, Fault.NO_ANSWER)


async def _killed(bench: Bench, fault: Fault) -> None:
    reached = bench.reached
    order = await bench.order()
    handle, cap = await bench.prepared(order)
    async with bench.proxy(reached.executes) as proxy, asyncio.TaskGroup() as group:
        proxy.fault = fault
        dying = group.create_task(_last_words(bench, proxy.address, handle, key_of(order), cap))
        if fault.reaches_peer:
            await proxy.reached.wait()
            dying.cancel()
    asked = await bench.stand.rail().query(order.reference, handle)
    await bench.stand.rail().execute(handle, key_of(order), cap)
    later = await bench.stand.rail().query(order.reference, handle)

    promised(
        isinstance(asked, Settled) if fault.reaches_peer else isinstance(asked, Prepared | NotFound),
        f"asked, it was answered {asked}",
    )
    promised(isinstance(later, Settled), f"later, it was answered {later}")
    await bench.moved_once(order)


async def _last_words(bench: Bench, address: str, handle: str, key: str, cap: Money) -> None:
    """Nobody hears them."""
    with suppress(RailError):
        await bench.stand.rail(address).execute(handle, key, cap)

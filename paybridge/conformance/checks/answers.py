"""What a rail promises when the way to its peer breaks: unsure, and the same key still moves money once."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from aiohttp import web

from paybridge.conformance.bench import NOTHING, Bench, key_of, promised
from paybridge.conformance.proxy import Fault
from paybridge.services.ports import (
    NotFound,
    NotSentError,
    Prepared,
    RailError,
    Refused,
    Settled,
    ThrottledError,
    Unsure,
)

IMPATIENT = 0.5
PATIENT = 30.0
NOWHERE = "http://127.0.0.1:1"


async def _breaks(bench: Bench, fault: Fault) -> None:
    """Break the answer to an execution, and see that it is unsure, told truly, and done once."""
    reached = bench.reached
    order = await bench.order()
    handle, cap = await bench.prepared(order)
    async with bench.proxy(reached.executes) as proxy:
        proxy.fault = fault
        patience = IMPATIENT if fault is Fault.NO_ANSWER else PATIENT
        outcome = await bench.stand.rail(proxy.address, patience=patience).execute(handle, key_of(order), cap)
        sent = sum(1 for asked in proxy.seen if asked.startswith("POST"))
    truth = await bench.rail.query(order.reference, handle)
    moved = await bench.moved(order)

    promised(isinstance(outcome, Unsure), f"it was answered {outcome}")
    promised(sent == 1, f"it was sent {sent} times")
    if fault.reaches_peer:
        promised(isinstance(truth, Settled), f"asked, it was answered {truth}, and had settled")
    else:
        promised(isinstance(truth, Prepared | NotFound), f"asked, it was answered {truth}, and nothing moved")
        promised(moved == NOTHING, "something moved")
    await bench.rail.execute(handle, key_of(order), cap)
    promised(isinstance(await bench.rail.query(order.reference, handle), Settled), "it never settled")
    await bench.moved_once(order)


async def check_dropped_before(bench: Bench) -> None:
    """Hung up before the effect: unsure, and the same key moves money once."""
    await _breaks(bench, Fault.DROPPED_BEFORE)


async def check_dropped_after(bench: Bench) -> None:
    """Hung up after the effect: unsure, and the same key moves no more money."""
    await _breaks(bench, Fault.DROPPED_AFTER)


async def check_half_closed(bench: Bench) -> None:
    """Hung up in the middle of the answer: unsure, and the same key moves no more money."""
    await _breaks(bench, Fault.HALF_CLOSED)


async def check_cut_json(bench: Bench) -> None:
    """Half of the JSON: unsure, and the same key moves no more money."""
    await _breaks(bench, Fault.CUT_JSON)


async def check_no_answer(bench: Bench) -> None:
    """An answer that does not come in time: unsure, and the same key moves no more money."""
    await _breaks(bench, Fault.NO_ANSWER)


async def check_bad_gateway_before(bench: Bench) -> None:
    """A page of HTML with 502 before the effect: unsure, and the same key moves money once."""
    await _breaks(bench, Fault.BAD_GATEWAY_BEFORE)


async def check_bad_gateway_after(bench: Bench) -> None:
    """A page of HTML with 502 after the effect: unsure, and the same key moves no more money."""
    await _breaks(bench, Fault.BAD_GATEWAY_AFTER)


async def check_doubled(bench: Bench) -> None:
    """A request that reaches the peer twice moves money once."""
    reached = bench.reached
    order = await bench.order()
    handle, cap = await bench.prepared(order)
    async with bench.proxy(reached.executes) as proxy:
        proxy.fault = Fault.DOUBLED
        outcome = await bench.stand.rail(proxy.address).execute(handle, key_of(order), cap)
    truth = await bench.rail.query(order.reference, handle)

    promised(isinstance(outcome, Settled | Unsure), f"it was answered {outcome}")
    promised(isinstance(truth, Settled), f"asked, it was answered {truth}")
    await bench.moved_once(order)


async def check_broken_question(bench: Bench) -> None:
    """A question that fails, in whatever way, is unsure and says nothing about the payment."""
    reached = bench.reached
    order = await bench.order()
    handle, _ = await bench.executed(order)
    for fault in Fault:
        if fault is Fault.DOUBLED:
            continue
        async with bench.proxy(reached.asks) as proxy:
            proxy.fault = fault
            patience = IMPATIENT if fault is Fault.NO_ANSWER else PATIENT
            rail = bench.stand.rail(proxy.address, patience=patience)
            for known in (handle, None):
                outcome = await rail.query(order.reference, known)

                promised(isinstance(outcome, Unsure), f"{fault}: it was answered {outcome}")


async def check_broken_preparing(bench: Bench) -> None:
    """Preparing again after a broken answer is still one order."""
    reached = bench.reached
    order = await bench.order()
    handles = []
    for fault in (Fault.DROPPED_BEFORE, Fault.DROPPED_AFTER, Fault.CUT_JSON, Fault.BAD_GATEWAY_AFTER):
        async with bench.proxy(reached.prepares) as proxy:
            proxy.fault = fault
            # A rail that looks for the order first may find what was prepared before an answer was lost.
            with suppress(RailError):
                handles.append(await bench.stand.rail(proxy.address).prepare(order))
    handles += [await bench.rail.prepare(order), await bench.stand.rail().prepare(order)]

    promised(len(set(handles)) == 1, f"there were {len(set(handles))} orders")
    await bench.moved_nothing(order)
    await bench.executed(order)
    await bench.moved_once(order)


async def check_peer_away(bench: Bench) -> None:
    """A peer that is not there was sent nothing: NotSentError, and a question is unsure."""
    assert bench.reached.address != NOWHERE
    order = await bench.order()
    handle, cap = await bench.prepared(order)
    away = bench.stand.rail(NOWHERE)
    for call in (away.execute(handle, key_of(order), cap), away.prepare(order), away.alive()):
        try:
            told = await call
        except NotSentError:
            continue
        promised(truth=False, otherwise=f"it was answered {told}")

    outcome = await away.query(order.reference, handle)
    promised(isinstance(outcome, Unsure), f"asked, it was answered {outcome}")
    await bench.moved_nothing(order)


async def check_throttled(bench: Bench) -> None:
    """A peer that asks to wait (429) has not refused: the order is throttled, and settles later."""
    reached = bench.reached
    order = await bench.order()
    handle, cap = await bench.prepared(order)
    async with bench.proxy(reached.executes) as proxy:
        proxy.instead = lambda: web.Response(status=429, headers={"Retry-After": "17"})
        try:
            outcome = await bench.stand.rail(proxy.address).execute(handle, key_of(order), cap)
        except ThrottledError as throttled:
            promised(throttled.after.total_seconds() > 0, "it would try again at once")
        else:
            promised(isinstance(outcome, Unsure), f"it was answered {outcome}")
    await bench.moved_nothing(order)

    await bench.rail.execute(handle, key_of(order), cap)
    await bench.moved_once(order)


async def check_refusal_elsewhere(bench: Bench) -> None:
    """Only the peer's own no is a refusal: 400, 403 or 404 from something in between is not."""
    reached = bench.reached
    order = await bench.order()
    handle, cap = await bench.prepared(order)
    for status in (400, 403, 404):
        async with bench.proxy(reached.executes) as proxy:
            proxy.instead = partial(web.Response, status=status, text="<html>no</html>")
            outcome = await bench.stand.rail(proxy.address).execute(handle, key_of(order), cap)

        promised(not isinstance(outcome, Refused | Settled | NotFound), f"{status} was answered {outcome}")
    await bench.rail.execute(handle, key_of(order), cap)
    await bench.moved_once(order)

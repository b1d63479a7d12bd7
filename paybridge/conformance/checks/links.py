"""What a rail promises about the accounts that people link."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

from paybridge.conformance.bench import Bench, key_of, promised
from paybridge.services.ports import (
    LinkRefusedError,
    OrderRefusedError,
    PayeeChecking,
    PayeeMatch,
    Refused,
)
from paybridge.services.sense import sensible_check


async def _refused(call: Awaitable[object], what: str) -> LinkRefusedError:
    try:
        await call
    except LinkRefusedError as refused:
        return refused
    promised(truth=False, otherwise=f"{what} was not refused with LinkRefusedError")
    raise AssertionError


async def check_link_shows_little(bench: Bench) -> None:
    """A link shows little of the account, and waits for proof."""
    bench.links_must_wait_for_proof()
    linking = bench.linking
    linked = await bench.rail.link(linking.details)

    promised(not linked.verified, "it was taken for proven at once")
    promised(linking.details not in linked.masked, "it shows the whole account")
    promised(linked.token not in linking.details, "its token is a part of the account's number")


async def check_link_of_nothing(bench: Bench) -> None:
    """An account that is none cannot be linked."""
    linking = bench.linking

    await _refused(bench.rail.link(linking.bad_details), "linking it")


async def check_link_without_proof(bench: Bench) -> None:
    """No order is taken for a link without proof."""
    bench.links_must_wait_for_proof()
    linking = bench.linking
    linked = await bench.rail.link(linking.details)
    order = replace(await bench.order(), link=linked.token)
    try:
        handle, cap = await bench.prepared(order)
        outcome = await bench.rail.execute(handle, key_of(order), cap)
    except OrderRefusedError:
        pass
    else:
        promised(isinstance(outcome, Refused), f"it was answered {outcome}")
    await bench.moved_nothing(order)


async def check_link_proof(bench: Bench) -> None:
    """A wrong proof is refused, and the right one still counts, also when it comes twice."""
    linking, holding = bench.linking, bench.holding
    linked = await bench.rail.link(linking.details)
    await _refused(bench.rail.verify(linked.token, "wrong"), "a wrong proof")

    await bench.rail.verify(linked.token, await holding.proof(linked.token))
    await bench.rail.verify(linked.token, await holding.proof(linked.token))


async def check_link_guessing(bench: Bench) -> None:
    """A proof cannot be guessed: tries are counted down, and then the right one comes too late."""
    linking, holding = bench.linking, bench.holding
    linked = await bench.rail.link(linking.details)
    left = [(await _refused(bench.rail.verify(linked.token, "wrong"), "a wrong proof")).tries_left]
    while left[-1] and len(left) < 10:  # noqa: PLR2004  ten guesses are too many
        left.append((await _refused(bench.rail.verify(linked.token, "wrong"), "a wrong proof")).tries_left)

    promised(left[-1] == 0, f"the tries left were {left}")
    await _refused(
        bench.rail.verify(linked.token, await holding.proof(linked.token)), "the right one, too late"
    )


async def check_link_taken_back(bench: Bench) -> None:
    """A link taken back, also twice, takes no orders, not even one that was prepared."""
    assert bench.linking.details
    order = await bench.order()
    later = replace(order, reference=f"{order.reference}-later")
    handle, cap = await bench.prepared(order)
    await bench.rail.unlink(order.link)
    await bench.rail.unlink(order.link)
    await bench.rail.unlink("nothing")

    outcome = await bench.rail.execute(handle, key_of(order), cap)
    promised(isinstance(outcome, Refused), f"the one that was prepared was answered {outcome}")
    await bench.moved_nothing(order)
    try:
        await bench.rail.prepare(later)
    except OrderRefusedError:
        return
    promised(truth=False, otherwise="a later order was taken")


async def check_link_holder(bench: Bench) -> None:
    """Its holder's name matches, another one does not, and who asks for another is not told the right one."""
    naming, linking, rail = bench.naming, bench.linking, bench.rail
    linked = await rail.link(linking.details)
    promised(rail.capabilities().checks_payees, "it says that it checks no payees")
    promised(isinstance(rail, PayeeChecking), "it has no check_payee")
    assert isinstance(rail, PayeeChecking)

    right = sensible_check(await rail.check_payee(linked.token, await naming.holder(linked.token)))
    wrong = sensible_check(await rail.check_payee(linked.token, "Nobody Whatsoever"))

    promised(right.match is PayeeMatch.MATCH, f"the holder's own name was {right.match}")
    promised(wrong.match is PayeeMatch.NONE, f"another name was {wrong.match}")
    promised(wrong.holder is None, "the holder's name was told to somebody who did not know it")

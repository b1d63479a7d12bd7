"""Webhooks that name an order by an id of the peer's alone: the rail finds out which of ours it is."""

from __future__ import annotations

from dataclasses import replace

from paybridge.services.ports import EventNaming, Rail, RailError, RailEvent


async def by_our_reference(rail: Rail, event: RailEvent) -> RailEvent | None:
    """The event by our reference; None if it is about no order of ours. `RailError` if nobody can say."""
    if not event.by_their_id:
        return event
    if not isinstance(rail, EventNaming):
        raise RailError(f"{rail.name} cannot name the orders of its own webhooks")
    reference = await rail.reference_of(event.reference)
    return None if reference is None else replace(event, reference=reference, by_their_id=False)

"""People at a table with the bot, and what hostile ones among them do with their clients."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from paybridge.matrix.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.demo.person import Person
    from tests.harness import People
    from tests.hostile.house import House
    from tests.hostile.proxy import Event, HostileHomeserver


async def sit_down(house: House, people: People, *names: str) -> tuple[str, list[Person]]:
    """A room with new people of these names, each of whom has an account; the first has opened it."""
    guests = [await people.arrive(name) for name in names]
    await house.enroll(*guests)
    return await open_room(house, *guests), guests


async def open_room(
    house: House,
    host: Person,
    *others: Person,
    encrypted: bool = True,
    **options: Any,  # noqa: ANN401 - nio's own
) -> str:
    """A room of the host in which the others and the bot have arrived, seen by everyone."""
    everyone = [*(guest.user_id for guest in others), house.me]
    room = await host._create(name="Dinner", invite=everyone, encrypted=encrypted, **options)  # noqa: SLF001 - rooms that no decent person opens
    for guest in (host, *others):
        for who in everyone:
            await guest.wait_for_member(room, who)
    return room


def machine(person: Person) -> Any:  # noqa: ANN401 - nio's own
    """The person's encryption, to be used as no decent client does."""
    return person.client.olm


@asynccontextmanager
async def as_them(person: Person) -> AsyncIterator[Wire]:
    """Requests that no decent client makes."""
    wire = Wire(str(person.client.homeserver))
    wire.token = person.client.access_token
    yield wire
    await wire.close()


async def send_raw(person: Person, room: str, kind: str, content: Event) -> str:
    """Send an event exactly as it is."""
    async with as_them(person) as wire:
        answer = await wire.put("rooms", room, "send", kind, secrets.token_hex(8), body=content)
    return str(answer["event_id"])


async def post(person: Person, *path: str, **body: Any) -> None:  # noqa: ANN401 - whatever is asked
    async with as_them(person) as wire:
        await wire.post(*path, body=body)


def event_told(hostile: HostileHomeserver, event_id: str) -> Event:
    """An event as the bot was told of it in a sync."""
    for exchange in hostile.log:
        if exchange.path != "sync" or not isinstance(exchange.answer, dict):
            continue
        for told in exchange.answer.get("rooms", {}).get("join", {}).values():
            for event in told.get("timeline", {}).get("events", []):
                if event.get("event_id") == event_id:
                    return dict(event)
    raise LookupError(event_id)


def is_said_by(person: Person, event: Event) -> bool:
    """Whether this is a message of the person's, readable or not."""
    return event.get("sender") == person.user_id and event.get("type") in {
        "m.room.encrypted",
        "m.room.message",
    }

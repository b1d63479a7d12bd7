"""Ghosts that become somebody's, and whoever would be taken for them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest_asyncio

from paybridge.config.bridges import BridgeRow
from paybridge.domain.bridges import Tier
from tests.harness.bridge import BridgeLike, Ghost
from tests.hostile.house import keys, open_house, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.demo.person import Person
    from paybridge.services.says import Say
    from tests.harness import People
    from tests.hostile.house import House, MovableClock
    from tests.hostile.proxy import HostileHomeserver

NAMES_ONLY = (BridgeRow(id="whatsapp", profile="mautrix-whatsapp", tier=Tier.NICK),)
"""Whatever its ghosts are: here anybody may take their names."""


@pytest_asyncio.fixture(loop_scope="session")
async def house(
    hostile: HostileHomeserver, me: str, tmp_path: Path, clock: MovableClock
) -> AsyncIterator[House]:
    async with open_house(hostile.url, me, tmp_path / "bot", clock=clock, bridges=NAMES_ONLY) as house:
        yield house
        hostile.behave()


@pytest_asyncio.fixture(loop_scope="session")
async def bridge(people: People) -> AsyncIterator[BridgeLike]:
    async with AsyncExitStack() as stack:
        bridge = await BridgeLike.open(people, "whatsapp")
        stack.push_async_callback(bridge.close)
        yield bridge


async def hears(house: House, bridge: BridgeLike, ghost: Ghost, room: str, line: str) -> list[Say]:
    return await house.answered(await bridge.says(ghost, room, line))


async def claimed(
    house: House, bridge: BridgeLike, ghost: Ghost, room: str, alice: Person
) -> tuple[str, list[Say]]:
    """Alice asks for a code, and the ghost says it; her direct message, and what was said of it."""
    direct = await alice.direct_room_with(house.me)
    (code,) = await house.hears(alice, direct, "!me whatsapp")
    return direct, await hears(house, bridge, ghost, room, code.lines[0])


async def test_bridge_rule_08_a_code_links_nobody_before_matrix_says_yes_to_who_said_it(
    house: House, people: People, bridge: BridgeLike
) -> None:
    alice = await people.arrive("Alice")
    thief = await bridge.ghost("4915112345678", "Alice")
    room = await bridge.portal(house.me, alice, ghosts=[thief])
    direct, said = await claimed(house, bridge, thief, room, alice)
    before = await house.desk.book.person_of(thief.user_id)
    await house.hears(alice, direct, "!me no")
    too_late = await house.hears(alice, direct, "!me yes")

    assert keys(said) == ["ghost.said", "ghost.claimed"]
    assert thief.user_id in words(said[1:])
    assert before is None
    assert keys(too_late) == ["error.nobody_claimed"]
    assert await house.desk.book.person_of(thief.user_id) is None


async def test_bridge_rule_06_a_name_that_left_and_came_back_moves_nothing(
    house: House, people: People, bridge: BridgeLike
) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    iris = await bridge.ghost("4915112345678", "iris")
    await house.enroll(alice, bob)
    room = await bridge.portal(house.me, alice, bob, ghosts=[iris])
    direct, _ = await claimed(house, bridge, iris, room, alice)
    await house.hears(alice, direct, "!me yes")
    asked = await hears(house, bridge, iris, room, f"!pay {bob.user_id} 5 EUR")
    await bridge.leaves(iris, room)
    await bridge.comes(iris, room)
    thief = await hears(house, bridge, iris, room, f"!pay {bob.user_id} 6 EUR")
    void = await house.hears(alice, direct, asked[-1].lines[0])

    assert keys(asked) == ["ghost.waits", "ghost.asks", "pay.card"]
    assert keys(thief) == ["ghost.stopped.left", "error.ghost_stopped"]
    assert keys(void) == ["error.ghost_stopped"]
    assert house.moved == []

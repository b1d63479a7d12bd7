"""A room's policy counts as far as the homeserver says that its sender may set it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from paybridge.domain.policy import Flaw, Policy, Receipts, StatedPolicy
from paybridge.domain.power import EVERYTHING
from paybridge.matrix.policy import CREATE, LEVELS, TOMBSTONE, Rules
from paybridge.matrix.wire import NotNowError, RefusedError

NEW, OLD = "!new:hs", "!old:hs"
ANNA, BOB = "@anna:hs", "@bob:hs"
POLICY = "org.paybridge.policy"
PRIVATE = {"v": 1, "receipts": "private"}


@dataclass
class Server:
    """The state of rooms, as (sender, content) by room and type."""

    state: dict[tuple[str, str], tuple[str, dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    tells_senders: bool = True
    away: bool = False

    async def get(self, *path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        _, room, _, kind, _ = path
        self.asked.append(kind)
        if self.away:
            raise NotNowError("away")
        if room in self.forbidden:
            raise RefusedError(403, "M_FORBIDDEN", "state")
        if (room, kind) not in self.state:
            raise RefusedError(404, "M_NOT_FOUND", "state")
        sender, content = self.state[room, kind]
        if self.tells_senders and query == {"format": "event"}:
            return {"type": kind, "sender": sender, "state_key": "", "content": content}
        return content


@pytest.fixture
def server() -> Server:
    """Anna made a room and is its admin."""
    return Server(
        {
            (NEW, CREATE): (ANNA, {"room_version": "11"}),
            (NEW, LEVELS): (ANNA, {"users": {ANNA: 100}}),
            (NEW, POLICY): (ANNA, PRIVATE),
        }
    )


@pytest.fixture
def rules(server: Server) -> Rules:
    return Rules(server)


async def test_what_somebody_with_the_power_says_counts(rules: Rules) -> None:
    assert await rules.stated_policy(NEW) == StatedPolicy(Policy(receipts=Receipts.PRIVATE))


async def test_a_room_that_says_nothing_has_no_policy(server: Server, rules: Rules) -> None:
    del server.state[NEW, POLICY]

    assert await rules.stated_policy(NEW) == StatedPolicy()
    assert server.asked == [POLICY]


@pytest.mark.parametrize(
    ("levels", "counts"),
    [
        ({}, False),
        ({"users": {BOB: 49}}, False),
        ({"users": {BOB: 50}}, True),
        ({"users": {BOB: 50}, "events": {POLICY: 51}}, False),
        ({"users": {BOB: 10}, "events": {POLICY: 10}}, True),
        ({"users": {BOB: 50}, "state_default": 100}, False),
        ({"users_default": 50}, True),
        ({"users": {BOB: "admin"}}, False),
    ],
)
async def test_the_sender_needs_the_level_of_that_event(
    server: Server, rules: Rules, levels: dict[str, Any], *, counts: bool
) -> None:
    server.state[NEW, LEVELS] = (ANNA, levels)
    server.state[NEW, POLICY] = (BOB, PRIVATE)

    told = await rules.stated_policy(NEW)
    assert told.flaws == (() if counts else (Flaw.SENDER,))
    assert (told.policy == Policy()) is not counts


async def test_a_policy_whose_sender_is_not_told_does_not_count(server: Server, rules: Rules) -> None:
    server.tells_senders = False
    server.state[NEW, POLICY] = (BOB, {"sender": ANNA, "content": PRIVATE})

    assert await rules.stated_policy(NEW) == StatedPolicy(flaws=(Flaw.SENDER,))


async def test_everything_is_asked_once_until_it_changes(server: Server, rules: Rules) -> None:
    first = await rules.stated_policy(NEW)
    server.state[NEW, POLICY] = (ANNA, {})
    assert await rules.stated_policy(NEW) == first
    assert (await rules.powers(NEW)).of(ANNA) == 100
    assert sorted(server.asked) == sorted([POLICY, CREATE, LEVELS])

    rules.changed("!another:hs")
    assert await rules.stated_policy(NEW) == first
    rules.changed(NEW)
    assert await rules.stated_policy(NEW) == StatedPolicy()


async def test_what_changes_while_it_is_asked_is_asked_again(server: Server) -> None:
    class Slow(Server):
        async def get(self, *path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
            found = await super().get(*path, query=query)
            if len(self.asked) == 1:
                asking.changed(NEW)
            return found

    slow = Slow(server.state)
    asking = Rules(slow)
    await asking.stated_policy(NEW)
    await asking.stated_policy(NEW)

    assert slow.asked.count(POLICY) == 2


async def test_an_answer_that_does_not_come_is_not_an_empty_room(server: Server, rules: Rules) -> None:
    server.away = True
    with pytest.raises(NotNowError):
        await rules.stated_policy(NEW)
    server.away = False

    assert (await rules.stated_policy(NEW)).policy.receipts is Receipts.PRIVATE


async def test_creators_of_new_rooms_are_almighty(server: Server, rules: Rules) -> None:
    server.state[NEW, CREATE] = (ANNA, {"room_version": "12", "additional_creators": [BOB]})
    server.state[NEW, LEVELS] = (ANNA, {"events": {POLICY: 100}})
    server.state[NEW, POLICY] = (BOB, PRIVATE)
    powers = await rules.powers(NEW)

    assert (powers.of(ANNA), powers.of(BOB), powers.of("@carol:hs")) == (EVERYTHING, EVERYTHING, 0)
    assert (await rules.stated_policy(NEW)).flaws == ()


async def test_a_room_that_the_bot_is_not_in_says_nothing_and_gives_nobody_power(
    server: Server, rules: Rules
) -> None:
    server.forbidden = {NEW}

    assert await rules.stated_policy(NEW) == StatedPolicy()
    assert (await rules.powers(NEW)).of(ANNA) == 0
    assert await rules.predecessor(NEW) is None


@pytest.mark.parametrize(
    ("named", "replacement", "before"),
    [
        ({"room_id": OLD}, NEW, OLD),
        ({"room_id": OLD}, "!third:hs", None),
        ({"room_id": OLD}, None, None),
        ({"room_id": "!unknown:hs"}, NEW, None),
        ({"room_id": "../" * 100}, NEW, None),
        ({"room_id": "!" + "x" * 300}, NEW, None),
        ({"room_id": 7}, NEW, None),
        ({}, NEW, None),
        ("!old:hs", NEW, None),
        (None, NEW, None),
    ],
)
async def test_a_room_is_an_upgrade_if_both_rooms_say_so(
    server: Server, rules: Rules, named: object, replacement: str | None, before: str | None
) -> None:
    server.state[NEW, CREATE] = (ANNA, {"room_version": "11", "predecessor": named})
    if replacement is not None:
        server.state[OLD, TOMBSTONE] = (ANNA, {"replacement_room": replacement})

    assert await rules.predecessor(NEW) == before


async def test_a_tombstone_that_comes_later_still_counts(server: Server, rules: Rules) -> None:
    server.state[NEW, CREATE] = (ANNA, {"predecessor": {"room_id": OLD}})
    assert await rules.predecessor(NEW) is None
    server.state[OLD, TOMBSTONE] = (ANNA, {"replacement_room": NEW})

    assert await rules.predecessor(NEW) == OLD


@pytest.mark.parametrize(
    ("tombstone", "replaced"),
    [(None, False), ({}, False), ({"replacement_room": 5}, False), ({"replacement_room": NEW}, True)],
)
async def test_a_room_is_replaced_once_its_tombstone_names_another(
    rules: Rules, server: Server, tombstone: dict[str, Any] | None, *, replaced: bool
) -> None:
    assert not await rules.replaced(OLD)

    if tombstone is not None:
        server.state[OLD, TOMBSTONE] = (ANNA, tombstone)
    rules.changed(OLD)

    assert await rules.replaced(OLD) is replaced

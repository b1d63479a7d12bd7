"""A homeserver that is busy, broken or out of its mind, events of any shape, and rails that raise or hang."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from paybridge.app import SystemChance
from paybridge.domain.money import Money
from paybridge.matrix.backoff import Backoff
from paybridge.services.ports import Outcome
from tests.fakes.rail import ScriptedRail
from tests.hostile.house import House, keys, open_house, words
from tests.hostile.table import is_said_by, open_room, send_raw, sit_down

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import People
    from tests.hostile.proxy import Event, Exchange, HostileHomeserver

SLOW_DOWN = {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 200}
SEND = "rooms/[^/]+/send/.*"
DEEP = "@deep@"
DEPTH = 20_000


class BrokenRail(ScriptedRail):
    """Raises what no rail should, and nobody can ask it what became of an order."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        await ScriptedRail.execute(self, handle, key, fee_cap)
        raise ZeroDivisionError

    async def query(self, reference: str, handle: str | None) -> Outcome:
        await asyncio.sleep(0)
        raise ZeroDivisionError((reference, handle))

    async def alive(self) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError


class HangingRail(ScriptedRail):
    """Never answers."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError((handle, key, fee_cap))

    async def alive(self) -> None:
        await asyncio.Event().wait()


async def test_case_27_whatever_an_event_is_made_of_it_costs_nobody_else_anything(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    strange = _strange_events(alice.user_id)

    def beside_others(_: str, event: Event) -> list[Event]:
        """In the very answer that brings what Alice says, however often it is asked for."""
        return [*strange, event | {"unsigned": {"deep": DEEP}}] if is_said_by(alice, event) else [event]

    hostile.change_events(beside_others)
    hostile.on_answer("sync", _deepen)
    for body in ("!pay " + "x" * 60_000, "!" * 60_000, "!pay " + "\u202e" * 20_000, "!pay\n" * 10_000):
        await send_raw(alice, room, "m.room.message", {"msgtype": "m.text", "body": body})
    nested: dict[str, Any] = {"msgtype": "m.text", "body": "!pay"}
    for _ in range(40):
        nested = {"msgtype": "m.text", "body": "!pay", "m.relates_to": nested}
    await send_raw(alice, room, "m.room.message", {"msgtype": "m.text", "body": "!pay", "deep": nested})
    said = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")

    assert keys(said) == ["pay.card"]
    assert len(house.rows()["transfer"]) == 1
    assert all(len(words([say])) < 2_000 for say in house.said)
    assert house.matrix.readiness() is None


async def test_case_61_whatever_the_homeserver_answers_no_reply_is_lost_or_said_twice(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    await house.hears(alice, room, "!help")
    for path in (SEND, "sync"):
        hostile.fail(path, 429, SLOW_DOWN)
        # Some answers are lost although the homeserver has done as it was told.
        hostile.fail(path, 500, {"errcode": "M_UNKNOWN"}, lets_through=True)
        hostile.fail(path, 502, b"<html>Bad Gateway</html>")
        hostile.fail(path, 200, b"no json at all", lets_through=True)
        hostile.fail(path, None, lets_through=True)
    hostile.fail("keys/.*|sendToDevice/.*|rooms/[^/]+/members", 503, b"", times=2)

    lines = [f"!pay {bob.user_id} {euros} EUR" for euros in range(1, 5)]
    cards = [await house.hears(alice, room, line) for line in lines]
    last = await alice.wait_for(room, lambda seen: "4.00 EUR" in seen.body and seen.sender == house.me)
    posted = [seen.body for seen in alice.timeline(room) if seen.sender == house.me]
    shown = [body for body in posted if "To pay, type" in body]

    assert [keys(card) for card in cards] == [["pay.card"]] * 4
    assert [f"{euros}.00 EUR" in body for euros, body in enumerate(shown, 1)] == [True] * 4
    assert len(posted) == len(set(posted)) == 5
    assert last.readable
    assert hostile.faults_left == 0
    assert len(hostile.asked_for("POST", "login")) == 1


async def test_case_61_a_sync_of_the_wrong_shape_is_asked_for_again(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice,) = await sit_down(house, people, "Alice")
    for garbage in (b"[]", b'{"next_batch": 5}', b"\xff\xfe", b"[" * DEPTH):
        hostile.fail("sync", 200, garbage)
    strange: list[Event] = [
        {"rooms": 5},
        {"rooms": {"join": []}},
        {"rooms": {"join": {room: 7}}},
        {"rooms": {"join": {room: {"timeline": {"events": {"a": 1}, "limited": "yes"}, "state": 1}}}},
        {"rooms": {"invite": {room: [[]]}, "leave": "x"}},
        {"to_device": [1]},
        {"to_device": {"events": [5, {}, {"type": 7}]}, "device_one_time_keys_count": "none"},
        {"device_lists": {"changed": 3}},
    ]
    for news in strange:
        hostile.tell(news)

    said = await house.hears(alice, room, "!help")

    assert said
    assert hostile.faults_left == 0
    assert house.matrix.readiness() is None
    assert len(hostile.asked_for("POST", "login")) == 1


@pytest.mark.parametrize("bad", [BrokenRail, HangingRail])
async def test_case_62_a_rail_that_raises_or_hangs_stops_only_itself_and_health_names_it(
    hostile: HostileHomeserver, people: People, me: str, tmp_path: Path, bad: type[ScriptedRail]
) -> None:
    rails = {"bank": bad(name="bank"), "other": ScriptedRail(name="other")}
    async with open_house(hostile.url, me, tmp_path / "bot", rails=rails) as house:
        room, (bob,) = await sit_down(house, people, "Bob")
        alice, carol = await people.arrive("Alice"), await people.arrive("Carol")
        await house.enroll(alice)
        await house.enroll(carol, rail="other")
        room = await open_room(house, alice, bob, carol)
        stuck = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
        await house.hears(alice, room, "!yes")
        await house.hears(carol, room, f"!pay {bob.user_id} 6 EUR")
        await house.hears(carol, room, "!yes")
        receipt = await house.until_said("pay.receipt")
        status, parts = await _ready(house)

        assert keys(stuck) == ["pay.card"]
        assert "6.00 EUR" in words([receipt])
        assert [order.amount.minor for order in rails["other"].moved] == [600]
        assert (status, parts["rail bank"] == "ok") == (503, False)
        assert {name for name, word in parts.items() if word != "ok"} == {"rail bank"}
        assert len(rails["bank"].moved) <= 1
        assert await house.hears(alice, room, "!help")


def test_nio_row_a_wait_that_the_homeserver_asks_for_is_kept() -> None:
    backoff = Backoff(SystemChance())
    asked = timedelta(seconds=90)

    assert [backoff.seconds(asked) >= asked.total_seconds() for _ in range(12)] == [True] * 12


async def _ready(house: House) -> tuple[int, dict[str, str]]:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8)) as session,
        session.get(f"{house.web_url}/readyz") as answer,
    ):
        return answer.status, (await answer.json())["parts"]


def _deepen(asked: Exchange) -> None:
    """JSON deeper than any parser goes, which no homeserver would pass on but a hostile one might make."""
    if isinstance(asked.answer, dict):
        text = asked.raw()
        if DEEP.encode() in text:
            asked.answer = text.replace(f'"{DEEP}"'.encode(), b"[" * DEPTH + b"]" * DEPTH)


def _strange_events(sender: str) -> list[Event]:
    whole: Event = {
        "type": "m.room.message",
        "event_id": "$strange",
        "sender": sender,
        "origin_server_ts": 0,
        "content": {"msgtype": "m.text", "body": "!pay"},
    }
    cipher = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": "x", "ciphertext": "AAAA"}
    shapes: list[Event] = [{}, {"content": DEEP}, whole | {"content": {"msgtype": "m.text", "body": DEEP}}]
    anything: list[object] = [None, 5, [], {}, "", "\ud800", "\u0000", True, DEEP, 10**400]
    shapes += [whole | {name: strange} for name in whole for strange in anything]
    sealed = whole | {"type": "m.room.encrypted"}
    shapes += [sealed | {"content": cipher | {name: strange}} for name in cipher for strange in anything]
    for kind in ("m.room.member", "m.room.encryption", "m.room.power_levels", "m.room.join_rules"):
        state = whole | {"type": kind, "state_key": ""}
        shapes += [state | {"state_key": strange} for strange in anything]
        shapes += [state | {"content": strange} for strange in anything]
    for kind, inside in (("m.reaction", "m.relates_to"), ("m.room.redaction", "redacts")):
        shapes += [whole | {"type": kind, "content": {inside: strange}} for strange in anything]
    # Some under ids of their own, so that none hides behind one that was seen before.
    own = [shape | {"event_id": f"$strange-{number}"} for number, shape in enumerate(shapes)]
    return shapes + own

"""What was said once or long ago: replays, restarts, lost tokens, late keys, clocks that lie."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.services.expirer import Expirer
from tests.hostile.house import MovableClock, code_of, keys, open_house, words
from tests.hostile.table import event_told, is_said_by, machine, open_room, sit_down

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import People
    from tests.hostile.house import House
    from tests.hostile.proxy import Event, Exchange, HostileHomeserver

MINUTE = 60_000


async def test_case_02_a_message_replayed_after_a_restart_approves_nothing(
    hostile: HostileHomeserver, people: People, me: str, tmp_path: Path
) -> None:
    async with open_house(hostile.url, me, tmp_path / "bot") as house:
        room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
        await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
        yes = await alice.say(room, "!yes")
        await house.answered(yes)
        await house.until_said("pay.receipt")
        await house.hears(alice, room, f"!pay {bob.user_id} 20 EUR")
        before = house.rows()
    async with open_house(hostile.url, me, tmp_path / "bot", rails=house.rails) as house:
        hostile.tell_room(room, event_told(hostile, yes) | {"event_id": "$replayed"})
        said = await house.answered("$replayed")

        assert keys(said) == ["trouble.replayed"]
        assert (house.rows(), house.moved) == (before, [500])


async def test_case_02_a_message_that_was_moved_to_another_room_is_not_read_there(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, _bob) = await sit_down(house, people, "Alice", "Bob")
    impostor = await people.arrive("Bob")
    await house.enroll(impostor)
    trap = await open_room(house, alice, impostor)
    await house.hears(alice, trap, "!help")
    moved: list[Event] = []

    def divert(_: str, event: Event) -> Event | None:
        if is_said_by(alice, event) and event["event_id"] != "$moved":
            moved.append(event | {"event_id": "$moved"})
            return None
        return event

    hostile.change_events(divert)
    await alice.say(room, "!pay Bob 5 EUR")
    async with asyncio.timeout(10):
        while not moved:  # noqa: ASYNC110 - the proxy rings nobody
            await asyncio.sleep(0.02)
    hostile.tell_room(trap, *moved)
    said = await house.answered("$moved")

    assert keys(said) == ["trouble.unreadable"]
    assert house.rows()["transfer"] == []


async def test_case_12_a_command_that_can_be_read_only_an_hour_later_is_not_run(
    hostile: HostileHomeserver, people: People, me: str, tmp_path: Path, clock: MovableClock
) -> None:
    held: list[Event] = []

    def hold(asked: Exchange) -> None:
        held.extend(asked.answer.pop("to_device", {}).get("events", []))

    async with open_house(hostile.url, me, tmp_path / "bot", clock=clock) as house:
        room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
        hostile.on_answer("sync", hold)
        event = await alice.say(room, f"!pay {bob.user_id} 5 EUR")
        async with asyncio.timeout(10):
            while event not in {letter.event for letter in await house.desk.mailbox.letters()}:  # noqa: ASYNC110 - nothing rings
                await asyncio.sleep(0.02)
    hostile.behave()
    clock.pass_by(timedelta(hours=1))
    async with open_house(hostile.url, me, tmp_path / "bot", clock=clock) as house:
        hostile.tell({"to_device": {"events": held}})
        said = await house.answered(event)

        assert keys(said) == ["reply.too_old"]
        assert f"!pay {bob.user_id} 5 EUR" in words(said)
        assert house.rows()["transfer"] == []


async def test_case_12_what_could_not_be_read_is_said_and_never_run_when_its_key_comes(
    house: House, people: People
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    await house.hears(alice, room, "!help")
    olm = machine(alice)
    olm.create_outbound_group_session(room)
    parcels = list(olm.share_group_session_parallel(room, [house.me], ignore_unverified_devices=True))
    olm.outbound_group_sessions[room].shared = True

    said = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    for number, (_, parcel) in enumerate(parcels):
        path = f"/sendToDevice/m.room.encrypted/late-{number}"
        await alice._device.call("PUT", path, parcel)  # noqa: SLF001 - as no decent client does
    await house.is_through(alice, room)

    assert keys(said) == ["trouble.unreadable"]
    assert "Please send it again" in words(said)
    assert house.rows()["transfer"] == []


async def test_case_13_a_time_that_is_far_away_makes_no_command(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    now = int(time.time() * 1000)
    stamps = [0, -1, now - 6 * MINUTE, now + 7 * MINUTE, 2**53, -(2**53), 10**30]
    stamped: dict[str, int] = {}

    def stamp(_: str, event: Event) -> Event:
        if is_said_by(alice, event):
            event["origin_server_ts"] = stamped.setdefault(event["event_id"], stamps[len(stamped)])
        return event

    hostile.change_events(stamp)
    said = [await house.hears(alice, room, f"!pay {bob.user_id} {euros} EUR") for euros in range(1, 8)]

    assert keys(said[0]) == ["reply.too_old"]
    # It is said once an hour, however many come.
    assert [keys(more) for more in said[1:]] == [[]] * 6
    assert house.rows()["transfer"] == []


async def test_case_13_a_card_expires_by_the_local_clock(
    hostile: HostileHomeserver,
    people: People,
    me: str,
    tmp_path: Path,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nobody clears the card away, so that only its own time is against it.
    monkeypatch.setattr(Expirer, "run", lambda _: asyncio.Event().wait())

    def stamp(_: str, event: Event) -> Event:
        return event | {"origin_server_ts": int(clock.now().timestamp() * 1000) - 2 * MINUTE}

    async with open_house(hostile.url, me, tmp_path / "bot", clock=clock) as house:
        room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
        card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
        clock.pass_by(timedelta(minutes=6))
        hostile.change_events(stamp)
        said = await house.hears(alice, room, f"!confirm {code_of(card)}")

        assert keys(said) == ["error.card_expired"]
        assert house.moved == []


@pytest.mark.parametrize("lost", ["its place", "everything"])
async def test_case_14_who_has_lost_the_sync_token_runs_no_old_command(
    hostile: HostileHomeserver, people: People, me: str, tmp_path: Path, lost: str
) -> None:
    folder = tmp_path / "bot"
    async with open_house(hostile.url, me, folder) as house:
        room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
        await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
        await house.hears(alice, room, "!yes")
        await house.until_said("pay.receipt")
        before = house.rows()
    if lost == "its place":
        with closing(sqlite3.connect(folder / "paybridge.db", isolation_level=None)) as database:
            database.execute("DELETE FROM memory WHERE name LIKE 'sync_token%'")
    else:
        folder = tmp_path / "anew"
        before = {table: [] for table in before}
    hostile.on_request("sync", _with_everything)
    async with open_house(hostile.url, me, folder, rails=house.rails) as house:
        await house.is_through(alice, room)
        left = await house.desk.mailbox.letters()

        assert ([spoken.body for spoken in house.spoken], left) == (["!help"], [])
        assert (house.rows(), house.moved) == (before, [500])


async def test_case_14_a_full_sync_out_of_turn_runs_no_command_again(
    hostile: HostileHomeserver, people: People, house: House
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    await house.hears(alice, room, "!yes")
    await house.until_said("pay.receipt")
    before = house.rows()

    told = [
        event
        for exchange in hostile.log
        if exchange.path == "sync" and isinstance(exchange.answer, dict)
        for event in exchange.answer.get("rooms", {})
        .get("join", {})
        .get(room, {})
        .get("timeline", {})
        .get("events", [])
        if is_said_by(alice, event)
    ]
    hostile.tell_room(room, *told)
    await house.is_through(alice, room)

    assert len(told) == 2
    assert len(house.spoken) == 3
    assert (house.rows(), house.moved) == (before, [500])


async def test_case_15_one_event_that_comes_many_times_at_once_is_one_payment(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")

    def echo(_: str, event: Event) -> list[Event]:
        return [dict(event) for _ in range(5)] if is_said_by(alice, event) else [event]

    hostile.change_events(echo)
    drafted = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    await house.hears(alice, room, "!yes")
    await house.until_said("pay.receipt")
    await house.is_through(alice, room)

    assert len(drafted) == 1
    assert len(house.rows()["transfer"]) == 1
    assert house.moved == [500]


def _with_everything(asked: Exchange) -> None:
    """The homeserver tells more of the past than it was asked for."""
    asked.query["filter"] = asked.query["filter"].replace('"limit": 1,', '"limit": 100,')

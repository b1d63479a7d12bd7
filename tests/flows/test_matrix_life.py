"""The bot's life on a real homeserver: restarts, lost stores, revoked tokens, invitations, long absences."""

from __future__ import annotations

import asyncio
import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.spoken import Spoken
from paybridge.matrix.login import CannotLogInError
from paybridge.matrix.wire import TokenRevokedError, Wire
from tests.flows.bot import running
from tests.harness import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.demo.person import Person
    from tests.harness import People


@pytest.fixture
async def me(people: People) -> str:
    return await people.account("PayBridge")


async def room_with(person: Person, other: str, *, encrypted: bool = True) -> str:
    room = await person.create_room("Pizza", [other], encrypted=encrypted)
    await person.wait_for_member(room, other)
    return room


async def test_a_command_that_was_received_and_not_handled_is_handled_once_after_a_restart(
    people: People, me: str, tmp_path: Path
) -> None:
    begun = asyncio.Event()

    async def never(_: Spoken) -> None:
        begun.set()
        await asyncio.Event().wait()

    alice = await people.arrive("Alice")
    folder = tmp_path / "bot"
    async with running(people.homeserver.url, me, folder, password=PASSWORD, handler=never) as bot:
        room = await room_with(alice, me)
        event = await alice.say(room, "!pay @bob:hs 5 EUR")
        await begun.wait()
    async with running(people.homeserver.url, me, folder) as bot:
        spoken = await bot.until_told("!pay @bob:hs 5 EUR")
        await alice.say(room, "!end")
        await bot.until_told("!end")
        told = [heard.body for heard in bot.told]
    async with running(people.homeserver.url, me, folder) as bot:
        await alice.say(room, "!end")
        await bot.until_told("!end")

    assert (spoken.event, spoken.trouble) == (event, None)
    assert spoken.proof == OwnDevice(Trust.CROSS_SIGNED_TOFU, alice.device_id)
    assert told == ["!pay @bob:hs 5 EUR", "!end"]
    assert [heard.body for heard in bot.told] == ["!end"]


async def test_everything_that_was_said_while_the_bot_was_away_is_heard_in_order(
    people: People, me: str, tmp_path: Path
) -> None:
    alice = await people.arrive("Alice")
    folder = tmp_path / "bot"
    async with running(people.homeserver.url, me, folder, password=PASSWORD):
        room = await room_with(alice, me, encrypted=False)
    said = [f"!number {number}" for number in range(120)]
    for text in said:
        await alice.say_plain(room, text)
    async with running(people.homeserver.url, me, folder) as bot:
        await bot.until_told(said[-1])

    assert [spoken.body for spoken in bot.told] == said


async def test_the_password_is_used_once_and_what_is_kept_is_for_the_owner_alone(
    people: People, me: str, tmp_path: Path
) -> None:
    folder = tmp_path / "bot"
    async with running(people.homeserver.url, me, folder, password=PASSWORD):
        first = account_in(folder)
    async with running(people.homeserver.url, me, folder):
        second = account_in(folder)
    devices = await devices_of(people.homeserver.url, second["access_token"])
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in secrets_in(folder)}

    assert first == second
    assert devices == [first["device_id"]]
    assert set(modes.values()) == {0o600}
    assert len(modes) >= 3


async def test_a_token_from_the_configuration_needs_no_login(people: People, me: str, tmp_path: Path) -> None:
    wire = Wire(people.homeserver.url)
    login = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": me},
        "password": PASSWORD,
    }
    given = await wire.post("login", body=login)
    await wire.close()
    token, device = given["access_token"], given["device_id"]
    alice = await people.arrive("Alice")

    async with running(
        people.homeserver.url, me, tmp_path / "bot", access_token=token, device_id=device
    ) as bot:
        room = await room_with(alice, me)
        await alice.say(room, "!help")
        await bot.until_told("!help")

    assert await devices_of(people.homeserver.url, token) == [device]
    with pytest.raises(CannotLogInError, match="could not"):
        async with running(people.homeserver.url, me, tmp_path / "elsewhere", access_token=token):
            pass


async def test_a_lost_crypto_store_means_a_new_device_with_the_same_identity(
    people: People, me: str, tmp_path: Path
) -> None:
    alice = await people.arrive("Alice", signed_devices_only=True)
    folder = tmp_path / "bot"
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        room = await room_with(alice, me)
        await alice.say(room, "!before")
        await bot.until_told("!before")
        before = account_in(folder)
    for file in (folder / "crypto").iterdir():
        file.unlink()
    with pytest.raises(CannotLogInError, match="configure a password"):
        async with running(people.homeserver.url, me, folder):
            pass
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        after = account_in(folder)
        await alice.say(room, "!after")
        await bot.until_told("!after")
        await bot.say("heard", room=room)
        await alice.wait_for(room, lambda seen: seen.body == "heard")

    assert after["device_id"] != before["device_id"]
    assert await devices_of(people.homeserver.url, after["access_token"]) == [after["device_id"]]


async def test_a_revoked_token_ends_the_tasks_with_a_clear_line_and_no_new_login(
    people: People, me: str, tmp_path: Path
) -> None:
    folder = tmp_path / "bot"
    reasons: list[str | None] = []

    async def lose_the_token() -> None:
        async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
            await log_out(people.homeserver.url, account_in(folder)["access_token"])
            await bot.until_ended()
            reasons.append(bot.side.readiness())

    with pytest.raises(ExceptionGroup) as ended:
        await lose_the_token()
    with pytest.raises(TokenRevokedError, match="no longer accepts"):
        async with running(people.homeserver.url, me, folder, password=PASSWORD):
            pass

    assert reasons == ["matrix: the access token was revoked"]
    assert {type(error) for error in ended.value.exceptions} == {TokenRevokedError}


async def test_the_bot_goes_only_where_its_own_people_invite_it(
    people: People, me: str, tmp_path: Path
) -> None:
    alice, mallory = await people.arrive("Alice"), await people.arrive("Mallory")

    def may_invite(mxid: str) -> bool:
        return mxid == alice.user_id

    async with running(people.homeserver.url, me, tmp_path / "bot", password=PASSWORD, may_invite=may_invite):
        refused = await mallory.create_room("Casino", [me])
        wanted = await room_with(alice, me)
        await mallory.wait_until(lambda: ("leave", me) in memberships(mallory, refused))

    assert ("join", me) in memberships(alice, wanted)
    assert ("join", me) not in memberships(mallory, refused)


async def test_if_wished_the_bot_also_goes_where_somebody_invites_it_whom_it_shares_a_room_with(
    people: People, me: str, tmp_path: Path
) -> None:
    alice, bob, mallory = [await people.arrive(name) for name in ("Alice", "Bob", "Mallory")]

    async with running(
        people.homeserver.url,
        me,
        tmp_path / "bot",
        password=PASSWORD,
        may_invite=lambda mxid: mxid == alice.user_id,
        invites_from_shared_rooms=True,
    ):
        shared = await room_with(alice, me)
        await alice.invite(shared, bob.user_id)
        await bob.wait_for_member(shared, bob.user_id)
        refused = await mallory.create_room("Casino", [me])
        wanted = await room_with(bob, me)
        await mallory.wait_until(lambda: ("leave", me) in memberships(mallory, refused))

    assert ("join", me) in memberships(bob, wanted)
    assert ("join", me) not in memberships(mallory, refused)


def memberships(person: Person, room: str) -> list[tuple[str, str]]:
    events = [event for event in person.raw(room) if event["type"] == "m.room.member"]
    return [(event["content"]["membership"], event["state_key"]) for event in events]


def account_in(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "matrix.json").read_text()))


def secrets_in(folder: Path) -> list[Path]:
    return [folder / "matrix.json", folder / "cross-signing.json", *(folder / "crypto").iterdir()]


async def log_out(url: str, token: str) -> None:
    wire = Wire(url)
    wire.token = token
    await wire.post("logout", body={})
    await wire.close()


async def devices_of(url: str, token: str) -> list[str]:
    wire = Wire(url)
    wire.token = token
    answer = await wire.get("devices")
    await wire.close()
    return [device["device_id"] for device in answer["devices"]]

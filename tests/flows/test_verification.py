"""People verify the bot from Element, as it does that: by codes, in a room or device to device."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from asyncio.subprocess import PIPE, STDOUT
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.domain.proof import OwnDevice, Trust
from paybridge.matrix.verification.asking import ask
from paybridge.matrix.verification.cases import Judgement
from paybridge.matrix.verification.looking import OUTCOMES
from paybridge.matrix.wire import Wire
from tests.flows.bot import PATIENCE_SECONDS, Bot, running
from tests.flows.test_matrix_life import account_in
from tests.harness import PASSWORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from paybridge.demo.stage import Stage
    from tests.flows.element import ElementPeople, ElementPerson, Shown
    from tests.harness import People

pytestmark = pytest.mark.flow

both_ways = pytest.mark.parametrize("in_room", [True, False], ids=["in a room", "to the device"])


@pytest.fixture
async def me(people: People) -> str:
    return await people.account("PayBridge")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bot"


async def compare(eve: ElementPerson, me: str, folder: Path, *, in_room: bool = True) -> Shown:
    room = await eve.direct_room_with(me)
    await eve.wait_for_member(room, me)
    if in_room:
        return await eve.compare_codes(me, room_id=room)
    return await eve.compare_codes(me, device_id=account_in(folder)["device_id"])


async def until_joined(bot: Bot, me: str, room: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while me not in (await bot.side.rooms.facts(room)).members:  # noqa: ASYNC110 - nothing rings
            await asyncio.sleep(0.02)


async def operator(folder: Path, **order: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return await asyncio.to_thread(ask, folder, order)


async def until_they_agreed(folder: Path) -> Mapping[str, Any]:
    """The one verification, as the operator sees it once the person has confirmed."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            (pending,) = (await operator(folder, order="list"))["pending"]
            if pending["they_agree"]:
                return dict(pending)


def codes_told(bot: Bot, to: str) -> list[str]:
    return [
        str(facts["emoji"]) for mxid, key, facts in bot.notices if (mxid, key) == (to, "verification.compare")
    ]


def as_told(shown: Shown) -> str:
    return ", ".join(f"{picture} {name}" for picture, name in shown.emoji)


@both_ways
@pytest.mark.parametrize("signed_devices_only", [False, True])
async def test_element_verifies_the_bot_and_shows_it_as_verified(
    people: People,
    element_people: ElementPeople,
    me: str,
    folder: Path,
    *,
    in_room: bool,
    signed_devices_only: bool,
) -> None:
    eve = await element_people.arrive("Eve", signed_devices_only=signed_devices_only)
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        shown = await compare(eve, me, folder, in_room=in_room)
        before = await eve.trust_in(me)
        (pending,) = (await operator(folder, order="list"))["pending"]
        await eve.say_that_they_match()
        await eve.wait_until_verified(me)
        after = await eve.trust_in(me)
        room = await eve.direct_room_with(me)
        await bot.say("hello", room=room)
        heard = await eve.wait_for(room, lambda seen: seen.body == "hello")
        await eve.say(room, "!status")
        spoken = await bot.until_told("!status")

    assert not before.verified
    assert after.verified
    assert after.devices == {account_in(folder)["device_id"]: True}
    assert (heard.encrypted, heard.shield) == (True, None)
    assert codes_told(bot, eve.user_id) == [as_told(shown)]
    assert pending["person"] == eve.user_id
    assert tuple(pending["decimals"]) == shown.decimals
    assert tuple(map(tuple, pending["emoji"])) == shown.emoji
    # Nobody looked for the bot: it trusts her as before.
    assert spoken.proof == OwnDevice(Trust.CROSS_SIGNED_TOFU, eve.device_id)


@pytest.mark.parametrize("operator_first", [True, False])
async def test_the_operator_who_saw_the_same_codes_has_the_bot_trust_the_person(
    people: People, element_people: ElementPeople, me: str, folder: Path, *, operator_first: bool
) -> None:
    eve = await element_people.arrive("Eve")
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        await compare(eve, me, folder)
        (pending,) = (await operator(folder, order="list"))["pending"]
        number = pending["number"]
        if operator_first:
            judged = await operator(folder, order="judge", number=number, alike=True)
            await eve.say_that_they_match()
        else:
            await eve.say_that_they_match()
            await until_they_agreed(folder)
            judged = await operator(folder, order="judge", number=number, alike=True)
        await eve.say(await eve.direct_room_with(me), "!status")
        spoken = await bot.until_told("!status")
        signers = await signers_of(people.homeserver.url, folder, eve.user_id)
    async with running(people.homeserver.url, me, folder) as bot:
        await eve.say(await eve.direct_room_with(me), "!again")
        again = await bot.until_told("!again")

    assert judged == {"judgement": "waiting" if operator_first else "verified"}
    assert spoken.proof == again.proof == OwnDevice(Trust.CROSS_SIGNED_VERIFIED, eve.device_id)
    assert me in signers


@both_ways
async def test_codes_that_differ_end_it_and_nobody_trusts_anybody(
    people: People, element_people: ElementPeople, me: str, folder: Path, *, in_room: bool
) -> None:
    eve = await element_people.arrive("Eve")
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        await compare(eve, me, folder, in_room=in_room)
        await eve.say_that_they_differ()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await operator(folder, order="list"))["pending"]:
                pass
        trust = await eve.trust_in(me)

    assert not trust.verified
    assert [key for _, key, _ in bot.notices] == ["verification.compare", "verification.differed"]


async def test_the_operator_who_saw_other_codes_ends_it(
    people: People, element_people: ElementPeople, me: str, folder: Path
) -> None:
    eve = await element_people.arrive("Eve")
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        await compare(eve, me, folder)
        (pending,) = (await operator(folder, order="list"))["pending"]
        judged = await operator(folder, order="judge", number=pending["number"], alike=False)
        again = await operator(folder, order="judge", number=pending["number"], alike=True)
        why = await eve.why_stopped()
        trust = await eve.trust_in(me)

    assert (judged, again) == ({"judgement": "refused"}, {"judgement": "gone"})
    assert why == "m.mismatched_sas"
    assert not trust.verified
    assert bot.notices[-1][:2] == (eve.user_id, "verification.differed")


@both_ways
async def test_whoever_stopped_can_begin_again(
    people: People, element_people: ElementPeople, me: str, folder: Path, *, in_room: bool
) -> None:
    eve = await element_people.arrive("Eve")
    async with running(people.homeserver.url, me, folder, password=PASSWORD):
        first = await compare(eve, me, folder, in_room=in_room)
        await eve.stop_comparing()
        second = await compare(eve, me, folder, in_room=in_room)
        await eve.say_that_they_match()
        await eve.wait_until_verified(me)
        trust = await eve.trust_in(me)

    assert first != second
    assert trust.verified


async def test_a_new_device_of_the_bot_is_still_verified(
    people: People, element_people: ElementPeople, me: str, folder: Path
) -> None:
    eve = await element_people.arrive("Eve", signed_devices_only=True)
    async with running(people.homeserver.url, me, folder, password=PASSWORD):
        await compare(eve, me, folder)
        await eve.say_that_they_match()
        await eve.wait_until_verified(me)
        before = account_in(folder)["device_id"]
    for file in (folder / "crypto").iterdir():
        file.unlink()
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        after = account_in(folder)["device_id"]
        room = await eve.direct_room_with(me)
        await bot.say("hello again", room=room)
        heard = await eve.wait_for(room, lambda seen: seen.body == "hello again")
        trust = await eve.trust_in(me)

    assert after != before
    assert trust.verified
    assert trust.devices == {after: True}
    assert heard.shield is None


async def test_the_whole_program_says_its_codes_to_the_person_and_to_its_operator(
    stage: Stage, element_people: ElementPeople
) -> None:
    eve = await element_people.arrive("Eve")
    shown = await compare(eve, stage.bot_id, stage.data_dir)
    said = await eve.wait_for(None, lambda seen: "You are verifying me" in seen.body)
    asked = await paybridge_verify(stage, "yes\n")
    await eve.say_that_they_match()
    await eve.wait_until_verified(stage.bot_id)
    again = await paybridge_verify(stage, "")

    assert as_told(shown) in said.body
    assert " ".join(map(str, shown.decimals)) in said.body
    assert (said.encrypted, said.shield) == (True, None)
    assert eve.user_id in asked
    assert all(f"{picture} {name}" in asked for picture, name in shown.emoji)
    assert OUTCOMES[Judgement.WAITING] in asked
    assert eve.user_id not in again


async def paybridge_verify(stage: Stage, typed: str) -> str:
    """What the operator's command prints."""
    command = (sys.executable, "-m", "paybridge", "verify", "--config", str(stage.config_file))
    ran = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=STDOUT)
    output, _ = await ran.communicate(typed.encode())
    assert ran.returncode == 0, output
    return output.decode()


async def test_whoever_may_not_use_the_bot_is_not_answered(
    people: People, element_people: ElementPeople, me: str, folder: Path
) -> None:
    eve = await element_people.arrive("Eve")
    now = int(datetime.now(UTC).timestamp() * 1000)
    request = {"transaction_id": "t", "from_device": "D", "methods": ["m.sas.v1"], "timestamp": now}
    async with (
        running(
            people.homeserver.url, me, folder, password=PASSWORD, may_invite=lambda who: who == eve.user_id
        ),
        stranger(people) as mallory,
    ):
        body = {"messages": {me: {account_in(folder)["device_id"]: request}}}
        await mallory.put("sendToDevice", "m.key.verification.request", "1", body=body)
        await compare(eve, me, folder)
        pending = (await operator(folder, order="list"))["pending"]

    assert [row["person"] for row in pending] == [eve.user_id]


async def test_garbage_ends_neither_the_sync_nor_the_verification_of_others(
    people: People, element_people: ElementPeople, me: str, folder: Path
) -> None:
    eve = await element_people.arrive("Eve")
    kinds = ("request", "ready", "start", "accept", "key", "mac", "done", "cancel", "x", "")
    odd: tuple[Any, ...] = ({}, {"transaction_id": 5}, {"transaction_id": "x", "from_device": ["y"]})
    async with (
        running(people.homeserver.url, me, folder, password=PASSWORD) as bot,
        stranger(people) as mallory,
    ):
        room = (await mallory.post("createRoom", body={"invite": [me]}))["room_id"]
        await until_joined(bot, me, room)
        device = account_in(folder)["device_id"]
        for number, (kind, content) in enumerate(product(kinds, odd)):
            event, body = f"m.key.verification.{kind}", {"messages": {me: {device: content}}}
            await mallory.put("sendToDevice", event, str(number), body=body)
        message = {"msgtype": "m.text", "body": "hello"}
        said = await mallory.put("rooms", room, "send", "m.room.message", "first", body=message)
        for number, kind in enumerate(kinds[:-1]):
            reference = {"rel_type": "m.reference", "event_id": said["event_id"]}
            relation = {"m.relates_to": reference, "methods": 7}
            event = f"m.key.verification.{kind}"
            await mallory.put("rooms", room, "send", event, str(number), body=relation)
        asked = {"msgtype": "m.key.verification.request", "to": me, "body": "!verify", "methods": {}}
        await mallory.put("rooms", room, "send", "m.room.message", "request", body=asked)
        await compare(eve, me, folder)
        await eve.say_that_they_match()
        await mallory.put(
            "rooms", room, "send", "m.room.message", "last", body={"msgtype": "m.text", "body": "!still"}
        )
        await bot.until_told("!still")
        await eve.wait_until_verified(me)
        trust = await eve.trust_in(me)

    assert trust.verified


async def test_when_a_stranger_took_all_one_time_keys_and_the_fallback_key_there_are_new_ones(
    people: People, me: str, folder: Path
) -> None:
    alice = await people.arrive("Alice")
    async with running(people.homeserver.url, me, folder, password=PASSWORD):
        account = account_in(folder)
        token, device = account["access_token"], account["device_id"]
        first = await key_counts(people.homeserver.url, token)
    async with stranger(people) as mallory:
        wanted = {"one_time_keys": {me: {device: "signed_curve25519"}}}
        claims = [await mallory.post("keys", "claim", body=wanted) for _ in range(first[0] + 2)]
    left = await key_counts(people.homeserver.url, token)
    taken = [key for claimed in claims for key in claimed["one_time_keys"][me][device].values()]
    async with running(people.homeserver.url, me, folder) as bot:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await key_counts(people.homeserver.url, token) != first:
                pass
        room = await alice.create_room("Pizza", [me])
        await alice.wait_for_member(room, me)
        await alice.say(room, "!heard")
        spoken = await bot.until_told("!heard")

    assert first == (50, ["signed_curve25519"])
    assert left == (0, [])
    assert [key.get("fallback", False) for key in taken] == [False] * 50 + [True] * 2
    assert spoken.trouble is None


@asynccontextmanager
async def with_token(url: str, token: str) -> AsyncIterator[Wire]:
    wire = Wire(url)
    wire.token = token
    try:
        yield wire
    finally:
        await wire.close()


@asynccontextmanager
async def stranger(people: People) -> AsyncIterator[Wire]:
    """Somebody with an account, who says to the homeserver what they like."""
    user = await people.account("Mallory")
    wire = Wire(people.homeserver.url)
    identifier = {"type": "m.id.user", "user": user}
    login = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD}
    try:
        wire.token = (await wire.post("login", body=login))["access_token"]
        yield wire
    finally:
        await wire.close()


async def key_counts(url: str, token: str) -> tuple[int, list[str]]:
    """How many one-time keys the server has of a device, and of which kinds an unused fallback key."""
    nothing: dict[str, list[str]] = {"types": []}
    only = json.dumps({"room": {"rooms": []}, "presence": nothing, "account_data": nothing})
    async with with_token(url, token) as wire:
        # A homeserver may answer the same first sync from memory; it never waits in one.
        answer = await wire.get("sync", query={"filter": only, "timeout": str(secrets.randbelow(10**6))})
    counts, unused = answer["device_one_time_keys_count"], answer["device_unused_fallback_key_types"]
    return counts.get("signed_curve25519", 0), unused


async def signers_of(url: str, folder: Path, mxid: str) -> list[str]:
    """Who has signed a person's master key, as far as the bot is shown it."""
    async with with_token(url, account_in(folder)["access_token"]) as wire:
        answer = await wire.post("keys", "query", body={"device_keys": {mxid: []}})
    return list(answer["master_keys"][mxid]["signatures"])

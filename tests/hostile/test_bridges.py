"""People of other networks through bridges like mautrix's, and whoever would be taken for them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from paybridge.config.bridges import BridgeRow
from paybridge.domain.bridges import Bridges
from paybridge.domain.people import Identity
from paybridge.domain.proof import ViaBridgeBot
from paybridge.matrix.bridgecheck import check_bridges
from paybridge.services.finding import State
from paybridge.services.ports import Step
from tests.harness.bridge import NOT_BRIDGED, SHAPES, BridgeLike, Ghost
from tests.hostile.house import code_of, keys, open_house, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.demo.person import Person
    from paybridge.services.says import Say
    from tests.harness import People
    from tests.hostile.house import House, MovableClock
    from tests.hostile.proxy import HostileHomeserver

Open = Callable[..., Awaitable[BridgeLike]]

REMOTE = {
    "whatsapp": "4915112345678",
    "telegram": "123456",
    "signal": "5f1d2c3b-0a9e-4c7d-8b6a-112233445566",
    "discord": "1234567890",
}
ROWS = tuple(BridgeRow(id=name, profile=shape.profile) for name, shape in SHAPES.items())
NOT_THE_BRIDGES = ["trouble.not_the_bridges_device"]
SHARED = ["trouble.shared_sender"]


@pytest_asyncio.fixture(loop_scope="session")
async def house(
    hostile: HostileHomeserver, me: str, tmp_path: Path, clock: MovableClock
) -> AsyncIterator[House]:
    async with open_house(hostile.url, me, tmp_path / "bot", clock=clock, bridges=ROWS) as house:
        yield house
        hostile.behave()


@pytest_asyncio.fixture(loop_scope="session")
async def opened(people: People) -> AsyncIterator[Open]:
    """Opens bridges, and closes them when the test is over."""
    async with AsyncExitStack() as stack:

        async def open_one(name: str, **options: Any) -> BridgeLike:  # noqa: ANN401 - as there
            bridge = await BridgeLike.open(people, name, **options)
            stack.push_async_callback(bridge.close)
            return bridge

        yield open_one


@pytest_asyncio.fixture(loop_scope="session")
async def whatsapp(opened: Open) -> BridgeLike:
    return await opened("whatsapp")


async def make_one(house: House, ghost: Ghost, person: Person) -> None:
    """Link the two, and let the person have paid whom they like: a link is another test's."""
    known = await house.desk.people.know(person.user_id)
    identity = Identity(ghost.user_id, known.person.id, house.clock.now())
    await house.desk.book.commit(Step(records=(identity,)))


async def hears(
    house: House, bridge: BridgeLike, ghost: Ghost, room: str, line: str, **more: object
) -> list[Say]:
    return await house.answered(await bridge.says(ghost, room, line, **more))


async def pays(house: House, bridge: BridgeLike, ghost: Ghost, room: str, line: str) -> list[Say]:
    """Type a payment and confirm it."""
    card = await hears(house, bridge, ghost, room, line)
    return await hears(house, bridge, ghost, room, f"!confirm {code_of(card)}")


@pytest.mark.parametrize(
    "encrypted", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["plain", "encrypted"]
)
async def test_bridge_rule_01_a_ghost_in_the_table_is_believed_as_its_bridge_vouches_for_it(
    house: House, opened: Open, *, encrypted: bool
) -> None:
    said: list[Say] = []
    for name in SHAPES:
        bridge = await opened(name)
        wanda = await bridge.ghost(REMOTE[name], "Wanda")
        room = await bridge.portal(house.me, ghosts=[wanda], encrypted=encrypted)
        said += await hears(house, bridge, wanda, room, "/help")

    assert keys(said) == ["help.all"] * len(SHAPES)
    assert [spoken.proof for spoken in house.spoken] == [ViaBridgeBot(name) for name in SHAPES]


@pytest.mark.slow
async def test_bridge_rule_01_whoever_is_in_no_row_is_an_ordinary_person(
    house: House, people: People, whatsapp: BridgeLike
) -> None:
    bot = await whatsapp.ghost("bot-meta", "Meta AI")
    stranger = await people.arrive("whatsapp_4915112345678")
    room = await whatsapp.portal(house.me, stranger, ghosts=[bot])
    await house.enroll(stranger)

    card = await house.hears(stranger, room, f"!pay {bot.user_id} 1 EUR")
    said = await house.hears(stranger, room, "!yes")

    assert keys(card) == ["error.room_not_encrypted"]
    assert keys(said) == ["error.nothing_to_confirm"]


async def test_bridge_rule_02_bots_channels_and_relays_are_not_heard_and_not_answered(
    house: House, people: People, whatsapp: BridgeLike
) -> None:
    alice = await people.arrive("Alice")
    meta = await whatsapp.ghost("bot-meta", "Meta AI")
    room = await whatsapp.portal(house.me, alice, ghosts=[meta])
    for line in ("!help", "!pay", "!balance"):
        await whatsapp.says_itself(room, line)
        await whatsapp.says(meta, room, line)
    await whatsapp.says_itself(room, NOT_BRIDGED, "m.notice")

    await house.is_through(alice, room)

    assert [spoken.sender for spoken in house.spoken] == [alice.user_id]
    assert keys(house.said) == ["help.all"]


@pytest.mark.slow
async def test_bridge_rule_02_a_profile_or_a_webhook_authorises_nothing_and_a_guilds_name_does(
    house: House, opened: Open
) -> None:
    discord = await opened("discord")
    dora, hook = await discord.ghost("111", "Dora"), await discord.ghost("222", "Alerts")
    room = await discord.portal(house.me, ghosts=[dora, hook])
    profile = "com.beeper.per_message_profile"

    own = await hears(house, discord, dora, room, "!help", **{profile: {"id": "777_111", "displayname": "D"}})
    others = await hears(house, discord, dora, room, "!help", **{profile: {"id": "777_222"}})
    meta: dict[str, Any] = {profile: {"id": "777_222"}, "fi.mau.discord.webhook_metadata": {"id": "222"}}
    through_hook = await hears(house, discord, hook, room, "!help", **meta)

    assert keys(own) == ["help.all"]
    assert keys(others) == keys(through_hook) == SHARED


@pytest.mark.slow
async def test_bridge_rule_03_two_commands_in_one_message_are_none_and_say_so(
    house: House, whatsapp: BridgeLike
) -> None:
    wanda = await whatsapp.ghost(REMOTE["whatsapp"], "Wanda")
    room = await whatsapp.portal(house.me, ghosts=[wanda])

    said = await hears(house, whatsapp, wanda, room, "!requests\n!help")

    assert keys(said) == ["trouble.several_lines"]
    assert "!requests" in words(said)


@pytest.mark.slow
async def test_bridge_rule_05_an_account_behind_a_bridge_pays_little_to_whom_it_knows(
    house: House, people: People, whatsapp: BridgeLike
) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    wanda = await whatsapp.ghost(REMOTE["whatsapp"], "Wanda")
    await house.enroll(alice, bob)
    room = await whatsapp.portal(house.me, alice, bob, ghosts=[wanda], encrypted=True)
    await make_one(house, wanda, alice)

    stranger = await hears(house, whatsapp, wanda, room, f"!pay {bob.user_id} 1 EUR")
    by_ghost = await hears(house, whatsapp, wanda, room, f"!confirm {code_of(stranger[-1:])}")
    await house.hears(alice, room, f"!confirm {code_of(stranger[-1:])}")
    await house.until(lambda: house.moved == [100], "the first payment")
    too_much = await hears(house, whatsapp, wanda, room, f"!pay {bob.user_id} 10.01 EUR")
    await hears(house, whatsapp, wanda, room, "!cancel")
    await pays(house, whatsapp, wanda, room, f"!pay {bob.user_id} 10 EUR")
    await house.until(lambda: house.moved == [100, 1000], "the payment from the other side")
    await pays(house, whatsapp, wanda, room, f"!pay {bob.user_id} 10 EUR")
    await house.until(lambda: house.moved == [100, 1000, 1000], "another one")
    over = await hears(house, whatsapp, wanda, room, f"!pay {bob.user_id} 9.50 EUR")

    assert keys(stranger) == keys(too_much) == keys(over) == ["ghost.waits", "ghost.asks", "pay.card"]
    assert keys(by_ghost) == ["error.stranger_from_a_bridge"]


async def test_bridge_rule_09_no_device_but_the_bridge_bots_speaks_for_a_ghost(
    house: House, people: People, whatsapp: BridgeLike, hostile: HostileHomeserver
) -> None:
    mallory = await people.arrive("Mallory")
    wanda = await whatsapp.ghost(REMOTE["whatsapp"], "Wanda")
    room = await whatsapp.portal(house.me, mallory, ghosts=[wanda], encrypted=True)
    hostile.change_events(
        lambda _, event: event | {"sender": wanda.user_id} if event["sender"] == mallory.user_id else event
    )

    forged = await house.hears(mallory, room, "!help")
    plain = await house.answered(await whatsapp.says_plainly(wanda, room, "!help"))

    assert keys(forged) == NOT_THE_BRIDGES
    assert keys(plain) == ["trouble.plaintext_in_encrypted"]


@pytest.mark.slow
async def test_bridge_rule_09_a_bridge_bot_that_signed_no_device_of_its_own_speaks_for_nobody(
    house: House, opened: Open
) -> None:
    signal = await opened("signal", self_signed=False)
    sina = await signal.ghost(REMOTE["signal"], "Sina")
    room = await signal.portal(house.me, ghosts=[sina], encrypted=True)

    said = await hears(house, signal, sina, room, "!help")

    assert keys(said) == NOT_THE_BRIDGES


@pytest.mark.slow
async def test_bridge_double_puppets_have_the_bridges_proof_and_an_unknown_source_has_none(
    house: House, people: People, whatsapp: BridgeLike
) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    await house.enroll(alice, bob)
    wanda = await whatsapp.ghost(REMOTE["whatsapp"], "Wanda")
    room = await whatsapp.portal(house.me, alice, bob, ghosts=[wanda], encrypted=True)
    before = house.rows()["transfer"]

    card = await house.answered(await whatsapp.says_for(alice, room, f"!pay {bob.user_id} 1 EUR"))
    said = await house.answered(await whatsapp.says_for(alice, room, f"!confirm {code_of(card)}"))
    marked = {"msgtype": "m.text", "body": "!help", "fi.mau.double_puppet_source": "mautrix-icq"}
    unknown = await house.answered(await alice.send_content(room, marked))

    assert before == []
    assert keys(said) == ["error.puppet_not_linked"]
    assert keys(unknown) == ["trouble.unknown_bridge"]
    assert house.moved == []


@pytest.mark.slow
async def test_bridge_rule_12_whoever_is_kicked_by_a_bridge_says_nothing_more_there(
    house: House, people: People, whatsapp: BridgeLike
) -> None:
    alice = await people.arrive("Alice")
    wanda = await whatsapp.ghost(REMOTE["whatsapp"], "Wanda")
    room = await whatsapp.portal(house.me, alice, ghosts=[wanda])
    await hears(house, whatsapp, wanda, room, "!help")
    said = len(house.said)

    await whatsapp.kick(room, house.me)
    await whatsapp.says(wanda, room, "!help")
    elsewhere = await alice.direct_room_with(house.me)
    await alice.wait_for_member(elsewhere, house.me)
    await house.is_through(alice, elsewhere)

    assert keys(house.said[said:]) == ["help.all"]


async def test_bridge_doctor_tells_what_is_in_the_rooms_and_not_in_the_table(
    house: House, whatsapp: BridgeLike
) -> None:
    wanda = await whatsapp.ghost(REMOTE["whatsapp"], "Wanda")
    await whatsapp.portal(house.me, ghosts=[wanda])
    wire, table = house.matrix._wire, house.matrix._options.bridges  # noqa: SLF001 - what the doctor is given
    (row,) = [bridge for bridge in table.rows if bridge.id == "whatsapp"]

    right = await check_bridges(wire, Bridges((row,)))
    wrong = await check_bridges(
        wire, Bridges((replace(row, bot="@nobody-there:demo.local", ghosts=re.compile("@wa_.*")),))
    )
    nothing = await check_bridges(wire, Bridges())

    assert [(one.part, one.state) for one in right] == [
        ("bridge whatsapp", State.GOOD),
        ("bridges", State.GOOD),
    ]
    assert [(one.part, one.state) for one in wrong] == [
        ("bridge whatsapp", State.BAD),
        ("bridges", State.NOTE),
        ("bridges", State.NOTE),
    ]
    assert whatsapp.bot.user_id in wrong[1].says
    assert wanda.user_id in wrong[2].says
    assert [whatsapp.bot.user_id in one.says or wanda.user_id in one.says for one in nothing] == [True, True]

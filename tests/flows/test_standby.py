"""Two bots on one PostgreSQL: one acts, one follows silently, and goes on where the first was killed."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio

from paybridge.demo.homeserver import free_port
from paybridge.demo.program import Program
from paybridge.demo.stage import Choices, Stage
from paybridge.matrix.predecessor import POST
from tests.fakes import postgres
from tests.flows.dinner import before_long, dinner, payment_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.demo.homeserver import Homeserver
    from tests.flows.dinner import Guest
    from tests.harness import People

pytestmark = pytest.mark.slow

log = logging.getLogger(__name__)

ALICE_AND_BOB = ("Alice", "Bob")
STANDS_BY = "stands by: another process acts on this database"


class Standby:
    """A second bot, as an operator makes it: the same config and master key, a folder of its own."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        port = free_port()
        self.web_url = f"http://127.0.0.1:{port}"
        self.data_dir = folder / "data"
        config = json.loads(stage.config_file.read_text())
        config |= {"data_dir": str(self.data_dir), "web": {"listen": f"127.0.0.1:{port}"}}
        self.data_dir.mkdir(mode=0o700)
        shutil.copy(stage.data_dir / "master.key", self.data_dir)
        file = folder / "standby.yaml"
        file.touch(mode=0o600)
        file.write_text(json.dumps(config))
        self.program = Program("paybridge", "run", "--config", str(file), output=folder / "standby.out")

    async def stands_by(self) -> bool:
        parts = await parts_at(self.web_url)
        return parts.get("turn") == STANDS_BY and parts.get("matrix") == "ok"

    async def acts(self) -> bool:
        return await is_well(self.web_url)


async def parts_at(web_url: str) -> dict[str, Any]:
    """What readiness says of each part; nothing while nobody answers."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{web_url}/readyz") as answer:
            told: dict[str, Any] = (await answer.json())["parts"]
            return told
    except aiohttp.ClientError:
        return {}


async def follows(web_url: str) -> bool:
    return (await parts_at(web_url)).get("turn") == STANDS_BY


async def is_well(web_url: str) -> bool:
    return set((await parts_at(web_url)).values()) == {"ok"}


@pytest_asyncio.fixture(loop_scope="session")
async def stage(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Stage]:
    name = await postgres.empty_database()
    choices = Choices(
        localpart=f"hot-{name.replace('_', '-')}", config={"database": {"url": postgres.url_of(name)}}
    )
    (tmp_path / "stage").mkdir()
    async with Stage(tmp_path / "stage", homeserver, choices=choices) as standing:
        yield standing
    await postgres.drop(name)


@pytest_asyncio.fixture(loop_scope="session")
async def standby(stage: Stage, tmp_path: Path) -> AsyncIterator[Standby]:
    second = Standby(stage, tmp_path)
    await second.program.start(second.stands_by)
    yield second
    await second.program.stop()


async def is_paid_once_and_told_once(payer: Guest, card_of: str, cents: int) -> None:
    receipt = await payer.sees(card_of, "settled")
    states = [edit["org.paybridge.payment"]["state"] for edit in payer.edits_of(receipt)]

    assert len(payer.messages_about(card_of)) == 1
    assert states.count("settled") == 1
    assert await payer.moved(card_of) == [-cents]


def marks(guest: Guest) -> list[str]:
    """Those of all posts that the bot has sent to the room."""
    events = guest.person.raw(guest.room)
    return [event["content"][POST] for event in events if POST in event.get("content", {})]


async def test_under_load_nothing_is_lost_and_nothing_said_or_paid_twice_when_the_first_is_killed(
    stage: Stage, standby: Standby, people: People
) -> None:
    tables = await asyncio.gather(
        *(dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB) for _ in range(4))
    )
    killed = asyncio.Event()
    paid: list[tuple[Guest, str, int]] = []

    async def pay(payer: Guest, payee: Guest) -> None:
        """Until some time after the kill, one after the other."""
        for cents in range(101, 105):
            card = await payer.drafts(f"!pay {payee.id} 1.{cents - 100:02} EUR")
            await payer.confirms(card)
            paid.append((payer, payment_of(card), cents))
            if len(paid) == len(tables) * 2 - 1:
                killed.set()
            await payer.sees(payment_of(card), "settled")

    async with asyncio.TaskGroup() as group:
        for alice, bob in tables:
            group.create_task(pay(alice, bob))
        await killed.wait()
        still = await standby.stands_by()
        await stage.bot.kill()
        begun = asyncio.get_running_loop().time()
        await before_long(standby.acts)
        log.info("took over after %.1f s", asyncio.get_running_loop().time() - begun)

    assert still
    assert len(paid) == len(tables) * 4
    for payer, payment, cents in paid:
        await is_paid_once_and_told_once(payer, payment, cents)
        assert len(marks(payer)) == len(set(marks(payer)))
    audited = await stage.audit()
    assert audited.passed, audited.output


async def test_what_the_first_had_sent_and_not_noted_is_found_in_the_room_and_not_said_again(
    stage: Stage, standby: Standby, people: People, tmp_path: Path
) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB)
    await stage.bot.stop()
    await before_long(standby.acts)
    doomed = Program(
        "tests.crashes.armed", "run", "--config", str(stage.config_file),
        output=tmp_path / "doomed.out", environment={"FAILPOINTS": "outbox.after_send=kill"},
    )  # fmt: skip
    await doomed.start(lambda: follows(stage.web_url))
    await standby.program.stop()
    await before_long(lambda: is_well(stage.web_url))
    await standby.program.start(standby.stands_by)
    typed = await alice.types(f"!pay {bob.id} 2 EUR")
    card = await alice.hears("2.00 EUR", after=typed)
    await before_long(standby.acts)
    await alice.confirms(card)
    await is_paid_once_and_told_once(alice, payment_of(card), 200)
    answers = await alice.answers_to(typed)
    await doomed.kill()

    assert [seen.event_id for seen in answers] == [card.event_id]
    assert "post_found_in_its_room" in standby.program.printed()
    assert len(marks(alice)) == len(set(marks(alice)))

"""Bridges that complain that the bot was not heard: who is told, how often, and what is no complaint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.domain.facts import Facts
from paybridge.matrix.overhearing import Heard, either, nobody
from paybridge.matrix.unheard import MOST_WAITING, Unheard
from paybridge.matrix.wire import NotNowError, RefusedError
from tests.fakes.database import open_book
from tests.fakes.ghosts import TABLE, WANDA, WHATSAPPBOT
from tests.fakes.house import ALICE, BOT
from tests.flows.bot import RealChance

if TYPE_CHECKING:
    from pathlib import Path

ROOM = "!portal:hs"
DAY = 86_400_000
NOTICE = {"msgtype": "m.notice", "body": "\u26a0\ufe0f Your message was not bridged: you're not logged in"}
STATUS = {"status": "FAIL_PERMANENT", "network": "whatsapp", "error": "you're not logged in"}


def reply_to(event: str) -> dict[str, Any]:
    return {"m.relates_to": {"m.in_reply_to": {"event_id": event}}}


def refers_to(event: str) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": event}}


EVENTS: dict[str, dict[str, Any]] = {
    "$card": {"sender": BOT, "content": {"org.paybridge.payment": {"id": "PB-7K3QD", "payer": ALICE}}},
    "$help": {"sender": BOT, "content": {"msgtype": "m.text", "body": "...", **reply_to("$asked")}},
    "$asked": {"sender": ALICE, "content": {"body": "!help"}},
    "$ghost": {"sender": BOT, "content": {"org.paybridge.payment": {"id": "PB-9XW2M", "payer": WANDA}}},
    "$hers": {"sender": ALICE, "content": {"body": "hello"}},
}


class Homeserver:
    """Knows some events, and is away when it is first asked."""

    def __init__(self, *, away: bool) -> None:
        self.away = away

    async def get(self, *path: str) -> dict[str, Any]:
        self.away, away = False, self.away
        if away:
            raise NotNowError("away")
        if path[-1] not in EVENTS:
            raise RefusedError(404, "M_NOT_FOUND", "event")
        return EVENTS[path[-1]]


class Told:
    """What people were told."""

    def __init__(self) -> None:
        self.words: list[tuple[str, str, Facts]] = []

    async def __call__(self, mxid: str, key: str, facts: Facts) -> None:
        self.words.append((mxid, key, facts))


@asynccontextmanager
async def listening(folder: Path, *, away: bool = False) -> AsyncIterator[tuple[Unheard, Told]]:
    _, mailbox, _, database = await open_book(folder)
    told = Told()
    unheard = Unheard(Homeserver(away=away), mailbox, TABLE, BOT, RealChance(), told)
    running = asyncio.ensure_future(unheard.run())
    try:
        yield unheard, told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.close()


def says(unheard: Unheard, content: Mapping[str, Any], *, at: int = 1, by: str = WHATSAPPBOT) -> bool:
    kind = "com.beeper.message_send_status" if "status" in content else "m.room.message"
    heard = Heard(ROOM, f"${len(str(content))}-{at}", by, at)
    return either(nobody, unheard.in_room)(heard, kind, content, None)


async def all_followed(unheard: Unheard, told: Told, count: int) -> None:
    async with asyncio.timeout(10):
        while unheard.waiting or len(told.words) < count:  # noqa: ASYNC110 - nothing rings
            await asyncio.sleep(0.01)


async def test_the_payer_is_told_which_payment_the_other_side_did_not_hear(tmp_path: Path) -> None:
    async with listening(tmp_path, away=True) as (unheard, told):
        heard = says(unheard, NOTICE | reply_to("$card"))
        await all_followed(unheard, told, 1)

    assert heard
    facts = {"network": "WhatsApp", "which": ({"payment": "PB-7K3QD"},)}
    assert told.words == [(ALICE, "reply.not_passed_on", facts)]


async def test_once_a_day_however_often_and_in_whatever_form_the_bridge_complains(tmp_path: Path) -> None:
    async with listening(tmp_path) as (unheard, told):
        for at in (1, 2, 3):
            says(unheard, NOTICE | reply_to("$card"), at=at)
            says(unheard, STATUS | refers_to("$help"), at=at)
        says(unheard, STATUS | refers_to("$help"), at=DAY + 1)
        await all_followed(unheard, told, 2)

    assert [mxid for mxid, _, _ in told.words] == [ALICE, ALICE]
    assert told.words[1][2] == {"network": "WhatsApp", "which": ()}


@pytest.mark.parametrize(
    "content",
    [
        NOTICE,
        NOTICE | reply_to("$hers"),
        NOTICE | reply_to("$ghost"),
        NOTICE | reply_to("$unknown"),
        NOTICE | {"m.relates_to": "no"},
    ],
)
async def test_a_complaint_about_nothing_of_ours_is_taken_and_nobody_is_told(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    async with listening(tmp_path) as (unheard, told):
        heard = says(unheard, content)
        says(unheard, NOTICE | reply_to("$card"), at=2)
        await all_followed(unheard, told, 1)

    assert heard
    assert [mxid for mxid, _, _ in told.words] == [ALICE]


@pytest.mark.parametrize(
    ("content", "by"),
    [
        (NOTICE | reply_to("$card"), ALICE),
        (NOTICE | reply_to("$card"), WANDA),
        (NOTICE | reply_to("$card") | {"msgtype": "m.text"}, WHATSAPPBOT),
        ({"msgtype": "m.notice", "body": "Bridged to WhatsApp", **reply_to("$card")}, WHATSAPPBOT),
        ({"status": "SUCCESS", **refers_to("$card")}, WHATSAPPBOT),
        ({"msgtype": "m.notice", "body": 5}, WHATSAPPBOT),
    ],
)
async def test_what_others_say_and_what_went_well_is_no_complaint(
    tmp_path: Path, content: dict[str, Any], by: str
) -> None:
    async with listening(tmp_path) as (unheard, told):
        heard = says(unheard, content, by=by)

    assert not heard
    assert told.words == []


async def test_a_flood_of_complaints_and_a_process_that_only_follows_keep_nothing(tmp_path: Path) -> None:
    _, mailbox, _, database = await open_book(tmp_path)
    unheard = Unheard(Homeserver(away=False), mailbox, TABLE, BOT, RealChance(), Told())
    for at in range(2 * MOST_WAITING):
        says(unheard, NOTICE | reply_to("$card"), at=at)
    flooded = unheard.waiting
    follower = Unheard(Homeserver(away=False), mailbox, TABLE, BOT, RealChance(), Told())
    follower.listens = False
    taken = says(follower, NOTICE | reply_to("$card"))
    await database.close()

    assert flooded == MOST_WAITING
    assert (taken, follower.waiting) == (True, 0)

"""Webhooks: signed so that anybody can check them, and posted until they are taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import aiohttp

from paybridge.bank import BankOptions, running_bank
from paybridge.bank.scripts import SCRIPTED
from tests.bank.bank_client import KEY, BankClient, MovableClock, webhook_inbox
from tests.bank.conftest import OpenBank

OLD_KEY, NEW_KEY = b"the key that is on its way out", b"the key that takes over from it"
SECRETS = tuple("whsec_" + base64.b64encode(key).decode() for key in (OLD_KEY, NEW_KEY))
BY_NAME = {script.name: script.iban for script in SCRIPTED}


def is_signed_with(key: bytes, headers: dict[str, str], body: bytes) -> bool:
    """Check a webhook from the words of the Standard Webhooks specification alone."""
    signed = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, given) for given in headers["webhook-signature"].split(" "))


async def test_a_settled_order_is_told_once_signed_with_every_secret(
    open_bank: OpenBank, clock: MovableClock
) -> None:
    async with webhook_inbox() as (url, inbox):
        bank = await open_bank(webhook_url=url, webhook_secrets=SECRETS)
        answer = await bank.execute(await bank.prepared(await bank.link()))
        headers, body = await inbox.arrived.get()

    assert json.loads(body) == {
        "type": "order.settled",
        "timestamp": "2026-03-01T12:00:00.000000Z",
        "data": answer.body,
    }
    assert headers["webhook-id"].startswith("msg_")
    assert headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    assert is_signed_with(OLD_KEY, headers, body)
    assert is_signed_with(NEW_KEY, headers, body)
    assert not is_signed_with(b"a key of somebody else", headers, body)
    assert not is_signed_with(NEW_KEY, headers, body.replace(b"1250", b"9250"))


async def test_a_refused_order_is_told_and_a_prepared_one_is_not(open_bank: OpenBank) -> None:
    async with webhook_inbox() as (url, inbox):
        bank = await open_bank(webhook_url=url, webhook_secrets=SECRETS)
        await bank.execute(await bank.prepared(await bank.link(), 9_999_99))
        _, body = await inbox.arrived.get()

        told = json.loads(body)
        assert (told["type"], told["data"]["code"]) == ("order.refused", "insufficient_funds")
        assert inbox.arrived.empty()


async def test_a_slow_order_is_told_when_it_settles_without_anybody_asking(
    open_bank: OpenBank, clock: MovableClock
) -> None:
    async with webhook_inbox() as (url, inbox):
        bank = await open_bank(webhook_url=url, webhook_secrets=SECRETS)
        await bank.execute(await bank.prepared(await bank.link(BY_NAME["slow"])))
        clock.move(seconds=3)
        _, body = await inbox.arrived.get()

    assert json.loads(body)["type"] == "order.settled"


async def test_told_twice_comes_twice_under_one_id_and_once_under_another(open_bank: OpenBank) -> None:
    async with webhook_inbox() as (url, inbox):
        bank = await open_bank(webhook_url=url, webhook_secrets=SECRETS)
        await bank.execute(await bank.prepared(await bank.link(BY_NAME["told twice"])))
        arrived = [await inbox.arrived.get() for _ in range(3)]

    ids = [headers["webhook-id"] for headers, _ in arrived]
    assert sorted(ids.count(one) for one in set(ids)) == [1, 2]
    assert len({body for _, body in arrived}) == 1
    assert all(is_signed_with(NEW_KEY, headers, body) for headers, body in arrived)


async def test_a_webhook_that_is_not_taken_comes_again_later_under_the_same_id(
    open_bank: OpenBank, clock: MovableClock
) -> None:
    async with webhook_inbox(500, 302) as (url, inbox):
        bank = await open_bank(webhook_url=url, webhook_secrets=SECRETS)
        await bank.execute(await bank.prepared(await bank.link()))
        arrived = [await inbox.arrived.get()]
        for _ in range(2):
            clock.move(minutes=5)
            arrived.append(await inbox.arrived.get())

    assert len({headers["webhook-id"] for headers, _ in arrived}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in arrived}) == 3
    assert all(is_signed_with(NEW_KEY, headers, body) for headers, body in arrived)


async def test_a_webhook_that_nobody_took_is_posted_after_a_restart(
    tmp_path: Path, session: aiohttp.ClientSession, clock: MovableClock
) -> None:
    async with webhook_inbox(503) as (url, inbox):
        options = BankOptions(data=tmp_path, api_key=KEY, webhook_url=url, webhook_secrets=SECRETS)
        async with running_bank(options, clock=clock) as address:
            bank = BankClient(session, address)
            await bank.execute(await bank.prepared(await bank.link()))
            first, _ = await inbox.arrived.get()
        clock.move(minutes=5)
        async with running_bank(options, clock=clock):
            second, _ = await inbox.arrived.get()

    assert second["webhook-id"] == first["webhook-id"]

"""Scripted accounts: each misbehaves exactly as docs/sandbox.md says."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest
from schwifty import IBAN as ORACLE

from paybridge.bank.scripts import ORDINARY, SCRIPTED, Script
from tests.bank.bank_client import BankClient, MovableClock
from tests.bank.conftest import OpenBank

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"
BY_NAME = {script.name: script.iban for script in SCRIPTED}
OPENED = 1_000_01


@pytest.mark.parametrize("script", [ORDINARY, *SCRIPTED], ids=lambda script: script.name)
def test_every_scripted_account_is_a_valid_iban_of_its_own(script: Script) -> None:
    assert str(ORACLE(script.iban, validate_bban=False)) == script.iban
    assert [other.name for other in (ORDINARY, *SCRIPTED) if other.digits == script.digits] == [script.name]


def test_the_docs_table_is_the_table_of_scripts() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| `DE\d\d ", line)]

    assert rows == [
        f"| `{ORACLE(script.iban).formatted}` | {script.name} | {script.does} |"
        for script in (ORDINARY, *SCRIPTED)
    ]


async def prepared(bank: BankClient, name: str, direction: str = "collect") -> str:
    return await bank.prepared(await bank.link(BY_NAME[name]), direction=direction)


async def test_no_funds_refuses_to_be_collected_from(bank: BankClient) -> None:
    answer = await bank.execute(await prepared(bank, "no funds"))

    assert (answer.body["state"], answer.body["code"]) == ("refused", "insufficient_funds")
    assert await bank.balances(BY_NAME["no funds"]) == (OPENED, 0)


async def test_closed_cannot_be_linked(bank: BankClient) -> None:
    answer = await bank.call("POST", "/v1/links", {"iban": BY_NAME["closed"]})

    assert (answer.status, answer.body["error"]) == (422, "unknown_account")


async def test_slow_is_pending_until_its_time_and_in_nobodys_account_meanwhile(
    bank: BankClient, clock: MovableClock
) -> None:
    order = await prepared(bank, "slow")

    answer = await bank.execute(order)
    meanwhile = await bank.order(order), await bank.balances(BY_NAME["slow"])
    clock.move(seconds=3)
    after = await bank.order(order)

    assert (answer.body["state"], answer.body["settled_at"]) == ("pending", None)
    assert answer.body["settles_at"] == "2026-03-01T12:00:03.000000Z"
    assert meanwhile == (answer.body, (OPENED - 1250, 0))
    assert (after["state"], after["settled_at"]) == ("settled", "2026-03-01T12:00:03.000000Z")
    assert await bank.balances(BY_NAME["slow"]) == (OPENED - 1250, 1250)
    assert (await bank.execute(order)).body == answer.body


@pytest.mark.parametrize("direction", ["collect", "payout"])
async def test_takes_back_settles_and_goes_back_after_its_time(
    open_bank: OpenBank, clock: MovableClock, direction: str
) -> None:
    bank = await open_bank(settlement_opening_minor=2000)
    order = await prepared(bank, "takes back", direction)
    settled = (await bank.execute(order)).body["state"]
    moved = await bank.balances(BY_NAME["takes back"])
    clock.move(seconds=9)
    not_yet = (await bank.order(order))["state"]
    clock.move(seconds=1)
    after = await bank.order(order)
    signed = 1250 if direction == "collect" else -1250

    assert (settled, not_yet, after["state"]) == ("settled", "settled", "reversed")
    assert moved == (OPENED - signed, 2000 + signed)
    assert after["reversed_at"] == "2026-03-01T12:00:10.000000Z"
    assert await bank.balances(BY_NAME["takes back"]) == (OPENED, 2000)


async def test_what_is_spent_is_taken_back_once_it_is_there_again(
    open_bank: OpenBank, clock: MovableClock
) -> None:
    bank = await open_bank()
    collected = await prepared(bank, "takes back")
    await bank.execute(collected)
    link = await bank.link(ORDINARY.iban)
    paid_out = await bank.prepared(link, 1000, direction="payout", reference="PB-2")
    await bank.execute(paid_out, "key-2")
    clock.move(seconds=10)
    waiting = (await bank.order(collected))["state"]
    await bank.execute(await bank.prepared(link, 1000, reference="PB-3"), "key-3")

    assert waiting == "settled"
    assert (await bank.order(collected))["state"] == "reversed"


async def test_slow_cannot_be_cancelled_while_it_is_pending(bank: BankClient) -> None:
    order = await prepared(bank, "slow")
    await bank.execute(order)

    answer = await bank.call("POST", f"/v1/orders/{order}/cancel")

    assert (answer.status, answer.body["error"]) == (409, "already_executed")


async def test_a_slow_payout_arrives_later(open_bank: OpenBank, clock: MovableClock) -> None:
    bank = await open_bank(settlement_opening_minor=2000, payout_fee_minor=5)
    order = await prepared(bank, "slow", "payout")

    await bank.execute(order, fee_cap=5)
    meanwhile = await bank.balances(BY_NAME["slow"])
    clock.move(seconds=3)

    assert meanwhile == (OPENED, 745)
    assert await bank.balances(BY_NAME["slow"]) == (OPENED + 1250, 745)


async def test_silent_settles_without_a_word_and_tells_when_asked(bank: BankClient) -> None:
    order = await prepared(bank, "silent, settles")

    with pytest.raises(aiohttp.ClientConnectionError):
        await bank.execute(order)

    assert (await bank.order(order))["state"] == "settled"
    assert (await bank.execute(order)).body["state"] == "settled"
    assert await bank.balances(BY_NAME["silent, settles"]) == (OPENED - 1250, 1250)


async def test_silent_does_nothing_however_often_it_is_told(bank: BankClient) -> None:
    order = await prepared(bank, "silent, does nothing")

    for _ in range(2):
        with pytest.raises(aiohttp.ClientConnectionError):
            await bank.execute(order)

    assert (await bank.order(order))["state"] == "prepared"
    assert await bank.balances(BY_NAME["silent, does nothing"]) == (OPENED, 0)
    assert (await bank.call("POST", f"/v1/orders/{order}/cancel")).body["state"] == "cancelled"


@pytest.mark.parametrize(
    ("name", "state", "balances"),
    [("502 before", "prepared", (OPENED, 0)), ("502 after", "settled", (OPENED - 1250, 1250))],
)
async def test_a_502_page_says_nothing_about_the_effect(
    bank: BankClient, name: str, state: str, balances: tuple[int, int]
) -> None:
    order = await prepared(bank, name)

    answer = await bank.execute(order)

    assert (answer.status, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "<h1>502 Bad Gateway</h1>" in answer.body
    assert (await bank.order(order))["state"] == state
    assert await bank.balances(BY_NAME[name]) == balances


async def test_wrong_amount_is_reported_a_cent_too_high_and_booked_right(bank: BankClient) -> None:
    order = await prepared(bank, "wrong amount")

    answer = await bank.execute(order)

    assert answer.body["amount"] == (await bank.order(order))["amount"] == 1251
    assert await bank.balances(BY_NAME["wrong amount"]) == (OPENED - 1250, 1250)


async def test_takes_nothing_refuses_payouts(open_bank: OpenBank) -> None:
    bank = await open_bank(settlement_opening_minor=2000)
    link = await bank.link(BY_NAME["takes nothing"])

    refused = await bank.execute(await bank.prepared(link, direction="payout"), "a")
    collected = await bank.execute(await bank.prepared(link, reference="B"), "b")

    assert (refused.body["state"], refused.body["code"]) == ("refused", "account_closed")
    assert collected.body["state"] == "settled"

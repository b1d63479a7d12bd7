"""Direct payments at the bank: from one linked account to another, past the settlement account."""

from __future__ import annotations

from typing import Any

import pytest

from paybridge.bank.scripts import SCRIPTED
from tests.bank.bank_client import IBAN, BankClient
from tests.bank.conftest import OpenBank

OTHER = "DE02120300000000202051"
BY_NAME = {script.name: script.iban for script in SCRIPTED}


async def paid(
    bank: BankClient, link: str, to: str, amount: int = 1250, fee_cap: int = 0
) -> dict[str, object]:
    order = await bank.prepared(link, amount, direction="direct", to=to)
    body: dict[str, object] = (await bank.execute(order, fee_cap=fee_cap)).body
    return body


async def test_money_goes_from_one_account_to_the_other_and_nowhere_else(open_bank: OpenBank) -> None:
    bank = await open_bank(collect_fee_minor=7)
    link, to = await bank.link(), await bank.link(OTHER)

    order = await paid(bank, link, to, fee_cap=7)

    assert (order["state"], order["direction"], order["to"], order["fee"]) == ("settled", "direct", to, 7)
    assert (await bank.account())["balance"] == 1_000_01 - 1250 - 7
    assert (await bank.account(OTHER))["balance"] == 1_000_01 + 1250
    assert (await bank.statement("?currency=all"))["entries"] == []


async def test_the_receiver_s_account_has_a_say(bank: BankClient) -> None:
    link, to = await bank.link(), await bank.link(BY_NAME["takes nothing"])

    order = await paid(bank, link, to)

    assert (order["state"], order["code"]) == ("refused", "account_closed")
    assert (await bank.account())["balance"] == 1_000_01


async def test_a_link_taken_back_meanwhile_is_paid_nothing(bank: BankClient) -> None:
    link, to = await bank.link(), await bank.link(OTHER)
    order = await bank.prepared(link, direction="direct", to=to)
    await bank.call("DELETE", f"/v1/links/{to}")

    assert (await bank.execute(order)).body["code"] == "link_not_verified"


async def test_what_is_paid_directly_counts_for_the_sender_s_limits(bank: BankClient) -> None:
    numbers = ("anna@okbank", "bob@okbank")
    links = []
    for number in numbers:
        made = await bank.call("POST", "/v1/links", {"upi_id": number})
        links.append(made.body["id"])
        await bank.verify(made.body["id"], await bank.code(number))
    one = {"currency": "INR", "to": links[1], "direction": "direct"}
    for place in range(20):
        order = await bank.prepared(links[0], 100, **one, reference=f"PB-{place}")
        await bank.execute(order, f"key-{place}")

    order = await bank.prepared(links[0], 100, **one, reference="PB-20")

    assert (await bank.execute(order, "key-20")).body["code"] == "daily_limit"
    asked = {"direction": "direct", "amount": 100, "currency": "INR", "link": links[0]}
    assert (await bank.call("POST", "/v1/quotes", asked)).body["error"] == "daily_limit"


@pytest.mark.parametrize(
    ("direction", "to", "error"),
    [
        ("direct", None, "bad_to"),
        ("collect", OTHER, "bad_to"),
        ("direct", IBAN, "bad_to"),
        ("direct", "lnk_none", "link_not_verified"),
    ],
)
async def test_an_order_that_names_no_other_account_is_refused(
    bank: BankClient, direction: str, to: str | None, error: str
) -> None:
    link = await bank.link()
    other: dict[str, Any] = {}
    if to is not None:
        other["to"] = to if to.startswith("lnk_") else await bank.link(to)

    answer = await bank.prepare(link, direction=direction, **other)

    assert (answer.status, answer.body["error"]) == (422, error)

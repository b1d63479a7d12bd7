"""Linking an account: only who can read its statement gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.bank.schemes import SCHEMES, BadNumberError
from tests.bank.bank_client import IBAN, BankClient


async def test_a_new_account_opens_with_a_thousand_euros_and_a_cent_that_carries_the_code(
    bank: BankClient,
) -> None:
    made = await bank.call("POST", "/v1/links", {"iban": "de89 3704 0044 0532 0130 00"})
    account = await bank.account()

    assert made.status == 201
    assert made.body == {
        "id": made.body["id"],
        "masked": "DE89 •••• 3000",
        "bank_name": "Commerzbank",
        "state": "pending",
    }
    assert made.body["id"].startswith("lnk_")
    assert account["balance"] == 1_000_01
    assert [entry["amount"] for entry in account["entries"]] == [1, 1_000_00]
    assert [entry["balance_after"] for entry in account["entries"]] == [1_000_01, 1_000_00]


async def test_the_code_from_the_statement_verifies_and_may_be_given_again(bank: BankClient) -> None:
    link = await bank.link()

    again = await bank.verify(link, "no longer looked at")

    assert (again.status, again.body["state"]) == (200, "verified")


async def test_three_wrong_codes_end_a_link_even_for_the_right_one(bank: BankClient) -> None:
    link = (await bank.call("POST", "/v1/links", {"iban": IBAN})).body["id"]
    right = await bank.code()
    wrong = f"{(int(right) + 1) % 10_000:04d}"

    answers = [await bank.verify(link, code) for code in (wrong, wrong, wrong, right)]

    assert [answer.status for answer in answers] == [422] * 4
    assert [(answer.body["error"], answer.body["tries_left"]) for answer in answers] == [
        ("wrong_code", 2),
        ("wrong_code", 1),
        ("link_failed", 0),
        ("link_failed", 0),
    ]


@pytest.mark.parametrize(
    "number",
    [
        "",
        "DE89370400440532013001",
        "nonsense",
        "XX00",
        "DE" + "8" * 400,
        "ÄÖ12",
        "TR88000960QNNMAH4NHBCEAG6R",
    ],
)
async def test_what_is_no_iban_is_refused(bank: BankClient, number: str) -> None:
    answer = await bank.call("POST", "/v1/links", {"iban": number})

    assert (answer.status, answer.body["error"]) == (422, "bad_iban")


@pytest.mark.parametrize("body", [{}, {"iban": 5}, {"upi": "a@b"}, [], "x"])
async def test_a_link_needs_the_number_of_an_account(bank: BankClient, body: object) -> None:
    answer = await bank.call("POST", "/v1/links", body)

    assert (answer.status, answer.body["error"]) == (400, "bad_request")


async def test_our_own_settlement_account_cannot_be_linked(bank: BankClient) -> None:
    answer = await bank.call("POST", "/v1/links", {"iban": SCHEMES[0].settlement_number})

    assert (answer.status, answer.body["error"]) == (422, "unknown_account")


async def test_an_order_needs_a_verified_link(bank: BankClient) -> None:
    pending = (await bank.call("POST", "/v1/links", {"iban": IBAN})).body["id"]
    removed = await bank.link("DE02120300000000202051")
    deleted = [(await bank.call("DELETE", f"/v1/links/{removed}")).status for _ in range(2)]

    answers = [await bank.prepare(link) for link in (pending, removed, "lnk_nobody")]

    assert deleted == [204, 204]
    assert [(answer.status, answer.body["error"]) for answer in answers] == [(422, "link_not_verified")] * 3
    assert (await bank.verify(removed, "0000")).body["error"] == "link_failed"


async def test_a_link_removed_after_preparing_refuses_the_execution(bank: BankClient) -> None:
    link = await bank.link()
    order = await bank.prepared(link)
    await bank.call("DELETE", f"/v1/links/{link}")

    answer = await bank.execute(order)

    assert (answer.status, answer.body["state"], answer.body["code"]) == (200, "refused", "link_not_verified")


async def test_an_account_linked_twice_is_opened_once(bank: BankClient) -> None:
    first, second = await bank.link(), await bank.link()

    assert first != second
    assert (await bank.account())["balance"] == 1_000_02


@given(given_number=st.one_of(st.text(max_size=40), st.from_regex(r"\w\w\d\d[\w ]{11,30}", fullmatch=True)))
def test_any_text_is_an_iban_or_is_refused(given_number: str) -> None:
    scheme = SCHEMES[0]
    try:
        number = scheme.read(given_number)
    except BadNumberError:
        return

    assert scheme.read(number.written) == number
    assert number.written.isascii()

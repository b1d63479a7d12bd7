"""Verification of payee: whose an account is, and how near a name must be."""

from __future__ import annotations

import pytest

from paybridge.bank.names import Match, compare
from paybridge.bank.scripts import SCRIPTED
from tests.bank.bank_client import IBAN, BankClient

BY_NAME = {script.name: script.iban for script in SCRIPTED}


async def checked(bank: BankClient, name: str, **details: str) -> tuple[object, object]:
    answer = await bank.call("POST", "/v1/payee-checks", {"name": name, **details})
    return answer.body.get("result", answer.body.get("error")), answer.body.get("name")


@pytest.mark.parametrize(
    ("asked", "holder", "match"),
    [
        ("Anna Schmidt", "Anna Schmidt", Match.MATCH),
        ("SCHMIDT, anna", "Anna Schmidt", Match.MATCH),
        ("Dr. Anna Müller", "Anna Muller", Match.MATCH),
        ("José Ângelo", "jose angelo", Match.MATCH),
        ("王小明", "王小明", Match.MATCH),
        ("Anna Schmitt", "Anna Schmidt", Match.CLOSE),
        ("A. Schmidt", "Anna Schmidt", Match.CLOSE),
        ("Anna Schmidt", "Anna Maria Schmidt", Match.CLOSE),
        ("A. S.", "Anna Schmidt", Match.NONE),
        ("Anna", "Anna Maria Schmidt", Match.NONE),
        ("Bernd Schmidt", "Anna Schmidt", Match.NONE),
        ("王小明", "李小龙", Match.NONE),
        ("...", "Anna Schmidt", Match.NONE),
    ],
)
def test_names_match_closely_or_not(asked: str, holder: str, match: Match) -> None:
    assert compare(asked, holder) is match
    assert compare(holder, asked) is match


async def test_the_first_name_that_is_asked_for_becomes_the_holder_s(bank: BankClient) -> None:
    link = await bank.link()

    assert await checked(bank, "Anna  Schmidt", link=link) == ("match", None)
    assert await checked(bank, "Anna Schmitt", iban=IBAN) == ("close_match", "Anna Schmidt")
    assert await checked(bank, "Bernd Meier", link=link) == ("no_match", None)
    assert (await bank.account())["holder"] == "Anna Schmidt"


@pytest.mark.parametrize(
    ("script", "result"),
    [
        ("another name", "no_match"),
        ("a close name", "close_match"),
        ("no word of its name", "not_possible"),
    ],
)
async def test_a_scripted_account_answers_the_same_for_every_name(
    bank: BankClient, script: str, result: str
) -> None:
    await bank.link(BY_NAME[script])

    answers = [await checked(bank, name, iban=BY_NAME[script]) for name in ("Anna", "Bernd")]

    named = "Account holder at Commerzbank" if result == "close_match" else None
    assert answers == [(result, named)] * 2


@pytest.mark.parametrize(
    ("details", "name", "error"),
    [
        ({"iban": "DE02120300000000202051"}, "Anna", "unknown_account"),
        ({"iban": "DE41370400440000000001"}, "Anna", "unknown_account"),
        ({"iban": IBAN}, " ", "bad_name"),
        ({"iban": IBAN}, "a" * 141, "bad_name"),
        ({"link": "lnk_none"}, "Anna", "not_found"),
        ({}, "Anna", "bad_request"),
    ],
)
async def test_what_cannot_be_checked_is_refused(
    bank: BankClient, details: dict[str, str], name: str, error: str
) -> None:
    await bank.link()

    assert await checked(bank, name, **details) == (error, None)


async def test_asking_moves_nothing(bank: BankClient) -> None:
    link = await bank.link()
    before = await bank.balances()

    await checked(bank, "Anna", link=link)

    assert await bank.balances() == before

"""Receipts are short, say everything in plain text first, and name no amount where no room must see one."""

from __future__ import annotations

import pytest

from paybridge.domain.facts import Fact, Facts, Who
from paybridge.domain.money import Money
from paybridge.texts import Texts

TEXTS = Texts()
AMOUNTS = {"amount", "fee", "total", "each", "sum", "back", "left", "spendable"}
KEYS = TEXTS.keys()
PRIVATE = sorted(key for key in KEYS if ".private." in key)
RECEIPTS = ("pay.receipt", "pay.waiting", "pay.claimed", "pay.received", "pay.own.receipt", "refund.receipt")
MOST_LETTERS = 150
"""Of the first line, without names: it fits a phone's screen."""


@pytest.mark.parametrize("language", TEXTS.languages)
@pytest.mark.parametrize("key", PRIVATE)
def test_no_sentence_for_a_private_room_has_a_place_for_an_amount(key: str, language: str) -> None:
    assert TEXTS.placeholders(key, language) & AMOUNTS == set()


def facts_of(key: str, language: str) -> Facts:
    facts: dict[str, Fact] = {}
    for name in TEXTS.placeholders(key, language):
        match name:
            case "amount" | "fee":
                facts[name] = Money(1250, "EUR")
            case "payer" | "payee":
                facts[name] = Who(f"@{name}:example.org", name)
            case "note" | "kept" | "straight" | "times":
                facts[name] = ()
            case _:
                facts[name] = f"({name})"
    return facts


@pytest.mark.parametrize("language", TEXTS.languages)
@pytest.mark.parametrize("key", RECEIPTS)
def test_the_first_line_of_a_receipt_says_it_all_in_plain_text(key: str, language: str) -> None:
    first, *rest = TEXTS.render(key, language, facts_of(key, language)).text.strip().split("\n")

    assert "12.50 EUR" in first
    assert "(payment)" in first
    assert "@payer:example.org" in first or "@payee:example.org" in first
    assert len(first) <= MOST_LETTERS
    assert len(rest) <= 1
    assert set("*`<>&") & set(first) == set()

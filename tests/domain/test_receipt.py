"""A receipt is one line: what is written is read again, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from paybridge.domain.receipt import (
    Booked,
    NotAReceiptError,
    is_proven,
    read_receipt,
    receipt_line,
    receipt_text,
)
from paybridge.domain.transfer import TransferKind, TransferState
from tests.fakes.database import START
from tests.fakes.records import a_transfer

PAID = replace(a_transfer("PB-7K3QD", state=TransferState.SETTLED), refunded=250)
KEY, SIGNATURE = bytes(range(32)), bytes(range(64))
BOOKED = Booked(7, b"\xab" * 32)


def line(*, hides: bool = False, booked: Booked | None = BOOKED) -> str:
    text = receipt_text(PAID, booked, START + timedelta(hours=1), KEY, hides=hides)
    return receipt_line(text, SIGNATURE)


def test_a_line_says_what_was_paid_and_is_read_again() -> None:
    read = read_receipt(line())

    assert read.fields == {
        "payment": "PB-7K3QD",
        "kind": "pay",
        "state": "settled",
        "amount": "12.50",
        "currency": "EUR",
        "refunded": "2.50",
        "payer": "@anna:test",
        "payee": "@bob:test",
        "agreed": "2026-03-02T09:00:00Z",
        "said": "2026-03-02T10:00:00Z",
        "entry": "7",
        "hash": "ab" * 32,
    }
    assert (read.key, read.signature) == (KEY, SIGNATURE)
    assert f"{read.text} sig={SIGNATURE.hex()}" == line()


def test_space_that_changed_on_the_way_does_not_matter() -> None:
    assert read_receipt(f"  {line().replace(' ', '  ', 3)}\n") == read_receipt(line())


def test_a_line_for_a_private_room_tells_no_amount() -> None:
    assert "12.50" not in line(hides=True)
    assert "EUR" not in line(hides=True)
    assert "2.50" not in line(hides=True)
    assert "payer=@anna:test payee=@bob:test" in line(hides=True)


def test_a_payment_past_the_ledger_has_no_place_in_it() -> None:
    assert " entry=none hash=none " in line(booked=None)


@pytest.mark.parametrize(
    "changed",
    [
        "",
        "paybridge-receipt-2" + line().removeprefix("paybridge-receipt-1"),
        line().replace(" amount=12.50", ""),
        line().replace(" sig=", " more=1 sig="),
        line().replace(" sig=", " words sig="),
        line().replace(" sig=", " amount=1.00 sig="),
        line().replace("kind=pay state=settled", "state=settled kind=pay"),
        line()[:-1],
        line() + "zz",
    ],
)
def test_what_is_no_whole_receipt_is_refused(changed: str) -> None:
    with pytest.raises(NotAReceiptError):
        read_receipt(changed)


def test_only_money_that_moved_between_people_is_proven() -> None:
    moved = {state for state in TransferState if is_proven(replace(PAID, state=state))}

    assert moved == {"settled", "claimable", "claimed", "returned", "reversed"}
    assert is_proven(replace(PAID, kind=TransferKind.REFUND))
    assert not is_proven(replace(PAID, kind=TransferKind.TOPUP))
    assert not is_proven(replace(PAID, kind=TransferKind.CASHOUT))

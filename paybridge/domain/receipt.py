"""A receipt as one signed line of text: what it says, and how it is written and read again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.transfer import Transfer

NAME: Final = "paybridge-receipt-1"
PROVEN_STATES: Final = frozenset(
    {
        TransferState.SETTLED,
        TransferState.CLAIMABLE,
        TransferState.CLAIMED,
        TransferState.RETURNED,
        TransferState.REVERSED,
    }
)
"""States in which money was moved: there is something to prove."""
_HIDDEN: Final = "hidden"
_FIELD: Final = re.compile(r"([a-z]+)=(\S+)")
_FIELDS: Final = (
    "payment", "kind", "state", "amount", "currency", "refunded", "payer", "payee", "agreed", "said", "entry",
    "hash",
)  # fmt: skip


class NotAReceiptError(ValueError):
    """The text is not a receipt as this house writes them."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A journal of the ledger: its place in the chain, counted from 1, and its link of it (32 bytes)."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A receipt apart: its fields, the text that is signed, the key (32 bytes) and the signature (64)."""

    fields: Mapping[str, str]
    text: str
    key: bytes
    signature: bytes


def is_proven(transfer: Transfer) -> bool:
    """Whether a receipt can be given: money went from one person to another."""
    return transfer.kind.between_people and transfer.state in PROVEN_STATES


def receipt_text(
    transfer: Transfer, booked: Booked | None, said: datetime, key: bytes, *, hides: bool
) -> str:
    """The text to sign: what was paid, where it stands at `said`, and its last place in the ledger's chain.

    A payment straight between two accounts at a rail has no place there. `hides` leaves the amounts out.
    """
    refunded = Money(transfer.refunded, transfer.amount.currency)
    facts = {
        "payment": transfer.id,
        "kind": transfer.kind.value,
        "state": transfer.state.value,
        "amount": _HIDDEN if hides else transfer.amount.plain(),
        "currency": _HIDDEN if hides else transfer.amount.currency,
        "refunded": _HIDDEN if hides else refunded.plain(),
        "payer": transfer.payer_mxid,
        "payee": transfer.payee_mxid,
        "agreed": _moment(transfer.created),
        "said": _moment(said),
        "entry": str(booked.number) if booked else "none",
        "hash": booked.hash.hex() if booked else "none",
    }
    fields = " ".join(f"{name}={facts[name]}" for name in _FIELDS)
    return f"{NAME} {fields} key={key.hex()}"


def receipt_line(text: str, signature: bytes) -> str:
    """The line that people keep."""
    return f"{text} sig={signature.hex()}"


def read_receipt(line: str) -> Signed:
    """Take a line apart, or `NotAReceiptError`; whether its signature is good is not looked at.

    Space between the fields may have changed on the way.
    """
    name, *words = line.split() or [""]
    found = [_FIELD.fullmatch(word) for word in words]
    fields = {match[1]: match[2] for match in found if match}
    if name != NAME or tuple(fields) != (*_FIELDS, "key", "sig") or len(words) != len(fields):
        raise NotAReceiptError("this is not a whole receipt")
    try:
        key, signature = bytes.fromhex(fields.pop("key")), bytes.fromhex(fields.pop("sig"))
    except ValueError as error:
        raise NotAReceiptError("the key and the signature are hex digits") from error
    return Signed(fields, " ".join([name, *words[:-1]]), key, signature)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

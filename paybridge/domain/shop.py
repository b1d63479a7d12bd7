"""A shop: who a merchant is on an invoice, and how its invoices are numbered. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from datetime import datetime

MOST_LETTERS: Final = 200
_PREFIX: Final = re.compile(r"[A-Z0-9]{1,8}")
_TAX_ID: Final = re.compile(r"[A-Za-z0-9./ -]{4,30}")


class ShopWordsError(UserError):
    """A part of what a shop says about itself is not there, too long, or in letters that it must not have."""

    key = "error.shop_words"

    def __init__(self, *, part: str, typed: str) -> None:
        super().__init__(part=part, typed=typed)


class ShopState(StrEnum):
    """Where a shop stands."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Details:
    """What stands on an invoice about its seller. `prefix` begins each number."""

    name: str
    address: str = ""
    tax_id: str = ""
    prefix: str = ""

    def to_json(self) -> str:
        told = {"name": self.name, "address": self.address, "tax_id": self.tax_id, "prefix": self.prefix}
        return json.dumps(told, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant's shop. `details` are sealed under the key of its owner (a person id).

    `hours` are as `opening.read_hours` reads them; without any it is always open.
    """

    id: str
    state: ShopState
    owner: str
    owner_mxid: str
    details: bytes
    created: datetime
    hours: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """The invoices of one shop in one year: `last` is the highest number that was given, without a gap."""

    id: str
    shop: str
    year: int
    last: int = 0
    version: int = 0


def details_from_json(text: str) -> Details:
    """What `Details.to_json` wrote."""
    return Details(**json.loads(text))


def checked(details: Details) -> Details:
    """The details as they stand on paper, or ShopWordsError."""
    prefix = details.prefix.upper()
    if not details.name or len(details.name) > MOST_LETTERS:
        raise ShopWordsError(part="name", typed=details.name[:40])
    if len(details.address) > MOST_LETTERS:
        raise ShopWordsError(part="address", typed=details.address[:40])
    if details.tax_id and not _TAX_ID.fullmatch(details.tax_id):
        raise ShopWordsError(part="taxid", typed=details.tax_id[:40])
    if prefix and not _PREFIX.fullmatch(prefix):
        raise ShopWordsError(part="prefix", typed=details.prefix[:40])
    return Details(details.name, details.address, details.tax_id, prefix)


def number_text(prefix: str, year: int, number: int) -> str:
    """The number as it stands on the invoice: "CC-2026-00007"."""
    front = f"{prefix}-" if prefix else ""
    return f"{front}{year}-{number:05}"

"""One-time links to a web page: a secret that opens one page for one person, for ten minutes and one deed."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

LIFE: Final = timedelta(minutes=10)
MOST_WRONG: Final = 3
"""So many wrong codes end a link: fewer than lock a second factor, which only its owner shall be able to."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Purpose(StrEnum):
    """What a link is for: the first part of its path."""

    APPROVE = "approve"
    ENROL = "enrol"
    PASSKEY = "passkey"
    LINK = "link"
    SHOP = "shop"


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link that was given to a person; `id` is the hash of its token, which is kept nowhere.

    `subject` is what it is about: the payment to approve, or where the secret of the factor was said.
    `wrong` counts wrong codes that were given on its page.
    """

    id: str
    person: str
    purpose: Purpose
    subject: str
    expires: datetime
    used: bool = False
    wrong: int = 0
    version: int = 0

    def is_open(self, now: datetime) -> bool:
        """Whether something can still be done by it."""
        return not self.used and now < self.expires


def spell_token(bits: bytes) -> str:
    """The token of 256 random bits, as it stands in an address (RFC 4648 section 5, without padding)."""
    return base64.urlsafe_b64encode(bits).rstrip(b"=").decode()


def looks_like_token(text: str) -> bool:
    """Whether this could be a token at all."""
    return _TOKEN.fullmatch(text) is not None


def hash_of(token: str) -> str:
    """What is kept of a token: SHA-256 as 64 hex digits, enough for what has 256 bits by itself."""
    return hashlib.sha256(token.encode()).hexdigest()


def used(link: OneTimeLink) -> OneTimeLink:
    """The link after its deed."""
    return replace(link, used=True)


def failed(link: OneTimeLink) -> OneTimeLink:
    """The link after a wrong code on its page; the third ends it."""
    wrong = link.wrong + 1
    return replace(link, wrong=wrong, used=wrong >= MOST_WRONG)

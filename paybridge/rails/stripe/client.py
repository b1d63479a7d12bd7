"""How Stripe writes what it says: forms there, JSON back, a no with a type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias
from urllib.parse import urlencode

import aiohttp

from paybridge.rails import _http
from paybridge.rails._http import Said, complaint_in
from paybridge.rails.stripe.options import StripeOptions

LONGEST_ANSWER: Final = 4 * 1024 * 1024
INTENTS: Final = "/v1/payment_intents"
ITS_OWN_NO: Final = range(400, 500)  # RFC 9110 section 15.5; from 500 on it says nothing about the order


class Complaint(Said):
    """What an error says: its type, and a code that only some have."""

    type: str
    code: str | None = None

    @property
    def word(self) -> str:
        return self.type


class _Complained(Said):
    error: Complaint


Answer: TypeAlias = "_http.Answer[Complaint]"


class StripeClient:
    """Speaks with Stripe."""

    def __init__(self, options: StripeOptions, http: aiohttp.ClientSession) -> None:
        """Keep the address and the key; nothing is sent yet."""
        self._peer = _http.Peer(
            "Stripe",
            options.url,
            options.api_key,
            options.timeout_seconds,
            LONGEST_ANSWER,
            complaint,
            http,
        )

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """As `Peer.ask`."""
        return await self._peer.ask("GET", path, params=params)

    async def post(self, path: str, form: Mapping[str, str], key: str | None = None) -> Answer:
        """As `Peer.ask`, with a form; an idempotency key has at most 255 characters."""
        written = ("application/x-www-form-urlencoded", urlencode(form).encode())
        return await self._peer.ask("POST", path, body=written, key=key)


def date_of(answer: Answer) -> datetime:
    """When it was given, by Stripe's own clock (RFC 9110 section 6.6.1); without that, long ago."""
    try:
        return parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def complaint(status: int, body: bytes) -> Complaint | None:
    """Stripe's own no; None if this is a yes, an error of its own, or somebody else's page."""
    complained = complaint_in(_Complained, body) if status in ITS_OWN_NO else None
    return None if complained is None else complained.error

"""How the bank writes what it says: JSON both ways, a no with a code, and how long it worked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypeAlias

import aiohttp

from paybridge.rails import _http
from paybridge.rails._http import Said, complaint_in
from paybridge.rails.bank.options import BankOptions

LONGEST_ANSWER: Final = 1024 * 1024
ERRORS_BEGIN: Final = 400  # RFC 9110 section 15.5
_TIMING: Final = re.compile(r"(?:^|[\s,])bank;dur=([0-9]{1,9}(?:\.[0-9]{1,9})?)(?![0-9.])", re.ASCII)


class Complaint(Said):
    """The bank's no: a stable code, and facts that some codes come with."""

    error: str
    tries_left: int | None = None
    final: bool | None = None

    @property
    def word(self) -> str:
        return self.error


Answer: TypeAlias = "_http.Answer[Complaint]"


class BankClient:
    """Speaks with the bank."""

    def __init__(self, options: BankOptions, http: aiohttp.ClientSession) -> None:
        """Keep the address and the key; nothing is sent yet."""
        self._peer = _http.Peer(
            "the bank",
            options.url,
            options.api_key,
            options.timeout_seconds,
            LONGEST_ANSWER,
            complaint,
            http,
        )

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        params: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Answer:
        """As `Peer.ask`, with a body in JSON."""
        written = None if body is None else ("application/json", json.dumps(body).encode())
        return await self._peer.ask(method, path, params=params, body=written, key=key)


def complaint(status: int, body: bytes) -> Complaint | None:
    """The bank's own no; None if this is a yes, or an error page from something in between."""
    return complaint_in(Complaint, body) if status >= ERRORS_BEGIN else None


def took(answer: Answer) -> timedelta | None:
    """How long the bank says that it worked."""
    found = _TIMING.search(answer.headers.get("Server-Timing", ""))
    return timedelta(milliseconds=float(found[1])) if found else None

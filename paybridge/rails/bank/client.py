"""One request to the bank and its answer, with the two ways to fail told apart: not sent, and lost track."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from pydantic import BaseModel, ConfigDict, ValidationError

from paybridge.failpoints import failpoint
from paybridge.rails._frame import NotSentError, RailError, ThrottledError
from paybridge.rails.bank.options import BankOptions

Read = TypeVar("Read", bound=BaseModel)

LONGEST_ANSWER: Final = 1024 * 1024
TOO_MANY_REQUESTS: Final = 429
DEFAULT_WAIT: Final = timedelta(seconds=5)
_SECONDS: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_TIMING: Final = re.compile(r"(?:^|[\s,])bank;dur=([0-9]{1,9}(?:\.[0-9]{1,9})?)(?![0-9.])", re.ASCII)


class Said(BaseModel):
    """A part of an answer: fields that we do not know are passed over, a wrong type is not."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Complaint(Said):
    """The bank's no: a stable code, and facts that some codes come with."""

    error: str
    tries_left: int | None = None
    final: bool | None = None


class LostTrackError(RailError):
    """The request may have reached the bank, and no answer that can be read came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole; `took` is how long the bank says that it worked."""

    status: int
    body: bytes
    took: timedelta | None

    def read(self, shape: type[Read]) -> Read:
        """What a 2xx answer says, or `LostTrackError`."""
        if not 200 <= self.status < 300:  # noqa: PLR2004  RFC 9110 section 15.3
            complaint = self.complaint()
            raise LostTrackError(f"HTTP {self.status}" + (f" {complaint.error[:40]}" if complaint else ""))
        try:
            return shape.model_validate_json(self.body)
        except ValidationError as error:
            raise LostTrackError(f"unreadable answer ({error.error_count()} faults)") from error

    def complaint(self) -> Complaint | None:
        """The bank's own no; None if this is a yes, or an error page from something in between."""
        if self.status < 400:  # noqa: PLR2004  RFC 9110 section 15.5
            return None
        try:
            return Complaint.model_validate_json(self.body)
        except ValidationError:
            return None


class _Body(aiohttp.BytesPayload):
    """A body after which a failpoint stands: the bytes have left, and no answer has come."""

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        await super().write_with_length(writer, content_length)
        failpoint("rail.sent")


class BankClient:
    """Speaks HTTP to the bank. Nothing is sent twice: no redirects, no retries of what has an effect."""

    def __init__(self, options: BankOptions, http: aiohttp.ClientSession) -> None:
        """Keep the address and the key; nothing is sent yet."""
        self._root = options.url
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=options.timeout_seconds)
        self._headers = {"Authorization": f"Bearer {options.api_key.get_secret_value()}"}

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        params: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Answer:
        """The answer, whatever its status but 429.

        `NotSentError` if not a byte left, `ThrottledError` on 429, `LostTrackError` if the answer is missing
        or incomplete: then the request may have had its effect.
        """
        if self._http.closed:
            raise NotSentError("the connection to the bank is closed")
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        failpoint("rail.before_send")
        try:
            async with self._http.request(
                method,
                self._root + path,
                data=None
                if body is None
                else _Body(json.dumps(body).encode(), content_type="application/json"),
                params=params,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                answer = Answer(response.status, await _whole(response), _took(response))
                wait = _wait(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(str(error)) from error
        except TimeoutError as error:
            raise LostTrackError("no answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise LostTrackError(f"{type(error).__name__}: {error}"[:200]) from error
        failpoint("rail.answered")
        if answer.status == TOO_MANY_REQUESTS:
            raise ThrottledError(wait)
        return answer


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise ValueError("the answer does not end")
    return bytes(body)


def _took(response: aiohttp.ClientResponse) -> timedelta | None:
    found = _TIMING.search(response.headers.get("Server-Timing", ""))
    return timedelta(milliseconds=float(found[1])) if found else None


def _wait(response: aiohttp.ClientResponse) -> timedelta:
    seconds = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if _SECONDS.fullmatch(seconds) else DEFAULT_WAIT

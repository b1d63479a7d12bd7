"""One request to Stripe and its answer, with the two ways to fail told apart: not sent, and lost track."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

import aiohttp
from pydantic import BaseModel, ConfigDict, ValidationError

from paybridge.rails._frame import NotSentError, RailError, ThrottledError
from paybridge.rails.stripe.options import StripeOptions

Read = TypeVar("Read", bound=BaseModel)

LONGEST_ANSWER: Final = 4 * 1024 * 1024
TOO_MANY_REQUESTS: Final = 429
DEFAULT_WAIT: Final = timedelta(seconds=5)
_SECONDS: Final = re.compile(r"[0-9]{1,5}", re.ASCII)


class Said(BaseModel):
    """A part of an answer: fields that we do not know are passed over, a wrong type is not."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Complaint(Said):
    """What an error says: its type, and a code that only some have."""

    type: str
    code: str | None = None


class _Complained(Said):
    error: Complaint


class LostTrackError(RailError):
    """The request may have reached Stripe, and no answer that can be read came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    body: bytes

    def read(self, shape: type[Read]) -> Read:
        """What a 2xx answer says, or `LostTrackError`."""
        if not 200 <= self.status < 300:  # noqa: PLR2004  RFC 9110 section 15.3
            complaint = self.complaint()
            raise LostTrackError(f"HTTP {self.status}" + (f" {complaint.type[:40]}" if complaint else ""))
        try:
            return shape.model_validate_json(self.body)
        except ValidationError as error:
            raise LostTrackError(f"unreadable answer ({error.error_count()} faults)") from error

    def complaint(self) -> Complaint | None:
        """Stripe's own no (4xx); None if this is a yes, an error of its own, or somebody else's page."""
        if not 400 <= self.status < 500:  # noqa: PLR2004  RFC 9110 section 15.5
            return None
        try:
            return _Complained.model_validate_json(self.body).error
        except ValidationError:
            return None


class StripeClient:
    """Speaks HTTP to Stripe. Nothing is sent twice: no redirects, no retries."""

    def __init__(self, options: StripeOptions, http: aiohttp.ClientSession) -> None:
        """Keep the address and the key; nothing is sent yet."""
        self._root = options.url
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=options.timeout_seconds)
        self._headers = {"Authorization": f"Bearer {options.api_key.get_secret_value()}"}

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """As `_ask`."""
        return await self._ask("GET", path, params, None, self._headers)

    async def post(self, path: str, form: Mapping[str, str], key: str | None = None) -> Answer:
        """As `_ask`, under an idempotency key of at most 255 characters if one is given."""
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        return await self._ask("POST", path, None, form, headers)

    async def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """The answer, whatever its status but 429.

        `NotSentError` if not a byte left, `ThrottledError` on 429, `LostTrackError` if the answer is missing
        or incomplete: then the request may have had its effect.
        """
        if self._http.closed:
            raise NotSentError("the connection to Stripe is closed")
        try:
            async with self._http.request(
                method,
                self._root + path,
                params=params,
                data=form,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                answer = Answer(response.status, await _whole(response))
                seconds = response.headers.get("Retry-After", "")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(str(error)) from error
        except TimeoutError as error:
            raise LostTrackError("no answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise LostTrackError(f"{type(error).__name__}: {error}"[:200]) from error
        if answer.status == TOO_MANY_REQUESTS:
            wait = timedelta(seconds=int(seconds)) if _SECONDS.fullmatch(seconds) else DEFAULT_WAIT
            raise ThrottledError(wait)
        return answer


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise ValueError("the answer does not end")
    return bytes(body)

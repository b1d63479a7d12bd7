"""One request to a rail's peer and its answer; two ways to fail are told apart: not sent, and lost track."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, Protocol, TypeVar

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from paybridge.failpoints import failpoint
from paybridge.rails._frame import NotSentError, RailError, ThrottledError

TOO_MANY_REQUESTS: Final = 429
DEFAULT_WAIT: Final = timedelta(seconds=5)
_SECONDS: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_LONGEST_WORD: Final = 40


class Said(BaseModel):
    """A part of an answer: fields that we do not know are passed over, a wrong type is not."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Complaint(Protocol):
    """A peer's own no, as each peer writes it."""

    @property
    def word(self) -> str:
        """What it is called by the peer."""


class LostTrackError(RailError):
    """The request may have reached the peer, and no answer that can be read came back."""


Read = TypeVar("Read", bound=BaseModel)
No = TypeVar("No", bound=Complaint)


@dataclass(frozen=True, slots=True)
class Answer(Generic[No]):
    """What came back, whole. `complaint` is the peer's own no; a page from something in between is none."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    complaint: No | None

    def read(self, shape: type[Read]) -> Read:
        """What a 2xx answer says, or `LostTrackError`."""
        if not 200 <= self.status < 300:  # noqa: PLR2004  RFC 9110 section 15.3
            word = f" {self.complaint.word[:_LONGEST_WORD]}" if self.complaint is not None else ""
            raise LostTrackError(f"HTTP {self.status}{word}")
        try:
            return shape.model_validate_json(self.body)
        except ValidationError as error:
            raise LostTrackError(f"unreadable answer ({error.error_count()} faults)") from error


def complaint_in(shape: type[Read], body: bytes) -> Read | None:
    """The body as this shape; None if it is something else, such as an error page."""
    try:
        return shape.model_validate_json(body)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class Peer(Generic[No]):
    """Whom a rail speaks HTTP with. Nothing is sent twice: no redirects, no retries.

    `complaint` finds the peer's own no in a status and a body; `longest` is the most bytes of an answer that
    are read. `key_in` is the header that shows the key, as `Bearer` where it is the usual one.
    """

    name: str
    root: str
    key: SecretStr
    timeout_seconds: float
    longest: int
    complaint: Callable[[int, bytes], No | None]
    http: aiohttp.ClientSession
    key_in: str = "Authorization"

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: tuple[str, bytes] | None = None,
        key: str | None = None,
    ) -> Answer[No]:
        """The answer, whatever its status but 429; `body` is a content type and bytes, `key` for idempotency.

        `NotSentError` if not a byte left, `ThrottledError` on 429, `LostTrackError` if the answer is missing
        or incomplete: then the request may have had its effect.
        """
        if self.http.closed:
            raise NotSentError(f"the connection to {self.name} is closed")
        secret = self.key.get_secret_value()
        headers = {self.key_in: f"Bearer {secret}" if self.key_in == "Authorization" else secret}
        if key is not None:
            headers["Idempotency-Key"] = key
        failpoint("rail.before_send")
        try:
            async with self.http.request(
                method,
                self.root + path,
                data=None if body is None else _Body(body[1], content_type=body[0]),
                params=params,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self.timeout_seconds),
                allow_redirects=False,
            ) as response:
                status, told = response.status, response.headers
                whole = await _whole(response, self.longest)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(str(error)) from error
        except TimeoutError as error:
            raise LostTrackError("no answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise LostTrackError(f"{type(error).__name__}: {error}"[:200]) from error
        failpoint("rail.answered")
        if status == TOO_MANY_REQUESTS:
            raise ThrottledError(_wait(told.get("Retry-After", "")))
        return Answer(status, whole, told, self.complaint(status, whole))


class _Body(aiohttp.BytesPayload):
    """A body after which a failpoint stands: the bytes have left, and no answer has come."""

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        await super().write_with_length(writer, content_length)
        failpoint("rail.sent")


async def _whole(response: aiohttp.ClientResponse, longest: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > longest:
            raise ValueError("the answer does not end")
    return bytes(body)


def _wait(seconds: str) -> timedelta:
    return timedelta(seconds=int(seconds)) if _SECONDS.fullmatch(seconds) else DEFAULT_WAIT

"""Requests to the homeserver, and the three ways in which they fail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp

from paybridge.matrix.parsing import parse
from paybridge.services.ports import RoomsAwayError

API = "/_matrix/client/v3"
MEDIA = "/_matrix/media/v3"
PATIENCE_SECONDS = 30.0
MOST_WAIT = timedelta(minutes=5)
REVOKED = "M_UNKNOWN_TOKEN"
NOT_LOGGED_IN = "M_MISSING_TOKEN"


class NotNowError(RoomsAwayError):
    """The homeserver is away, busy or out of its mind; the same may work later, `after` if it said when."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class RefusedError(Exception):
    """The homeserver will not do this, however often it is asked."""

    def __init__(self, status: int, code: str, what: str) -> None:
        super().__init__(f"{what}: {status} {code}")
        self.status = status
        self.code = code


class TokenRevokedError(Exception):
    """The access token no longer works. Nobody logs in again by itself: an operator has to look."""

    def __init__(self) -> None:
        super().__init__(
            "the homeserver no longer accepts the bot's access token: someone has logged its device out; "
            "remove matrix.json from the data directory (or set a new token) to start with a new device"
        )


class Wire:
    """One connection pool to one homeserver, as one device. `working` says how the last request went."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.token = ""
        self.working = True
        self.revoked = False
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self, *path: str, query: Mapping[str, str] | None = None, patience: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        return await self.call("GET", *path, query=query, patience=patience)

    async def post(self, *path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self.call("POST", *path, body=body)

    async def put(self, *path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self.call("PUT", *path, body=body)

    async def upload(self, sealed: bytes) -> str:
        """The `mxc:` address of a file that the homeserver keeps and cannot read; fails as `call` does."""
        if self.revoked:
            raise TokenRevokedError
        what = "POST upload"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/octet-stream"}
        patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        try:
            async with self.session.post(
                f"{self.url}{MEDIA}/upload", data=sealed, headers=headers, timeout=patience
            ) as reply:
                status, answer = reply.status, await _answer(reply)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.working = False
            raise NotNowError(f"{what}: {type(error).__name__}") from error
        return str(self._judged(what, status, answer)["content_uri"])

    async def call(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> dict[str, Any]:
        """The answer, or `NotNowError`, `RefusedError` or `TokenRevokedError`.

        `path` are the parts after `/_matrix/client/v3`; each is quoted, so that ids are safe in it.
        """
        if self.revoked:
            raise TokenRevokedError
        what = f"{method} {path[0]}"
        try:
            status, answer = await self._exchange(method, path, query, body, patience)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.working = False
            raise NotNowError(f"{what}: {type(error).__name__}") from error
        except UnicodeEncodeError as error:
            # JSON may hold halves of characters, which nothing can be asked about.
            raise RefusedError(HTTPStatus.BAD_REQUEST, "no text", what) from error
        return self._judged(what, status, answer)

    async def _exchange(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        patience: float,
    ) -> tuple[int, Mapping[str, Any] | None]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        async with self.session.request(
            method,
            f"{self.url}{API}/{'/'.join(quote(part, safe='') for part in path)}",
            params=query,
            data=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=patience),
        ) as reply:
            return reply.status, await _answer(reply)

    def _judged(self, what: str, status: int, answer: Mapping[str, Any] | None) -> dict[str, Any]:
        if status == HTTPStatus.OK and answer is not None:
            self.working = True
            return dict(answer)
        named = (answer or {}).get("errcode")
        code = named if isinstance(named, str) else "no error code"
        if status == HTTPStatus.UNAUTHORIZED and code == REVOKED:
            self.revoked = True
            raise TokenRevokedError
        if status == HTTPStatus.UNAUTHORIZED and code == NOT_LOGGED_IN:
            # Money that a crash left open is booked while the bot still logs in.
            raise NotNowError(f"{what}: not logged in yet")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise NotNowError(f"{what}: asked to wait", _wait(answer))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or not isinstance(named, str):
            # A proxy in between answers in its own words, and a page of HTML decides nothing.
            self.working = False
            raise NotNowError(f"{what}: {status} {code}")
        self.working = True
        raise RefusedError(status, code, what)


async def _answer(reply: aiohttp.ClientResponse) -> Mapping[str, Any] | None:
    try:
        answer = parse(await reply.read())
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _wait(answer: Mapping[str, Any] | None) -> timedelta | None:
    asked = (answer or {}).get("retry_after_ms")
    if not isinstance(asked, int | float) or not asked >= 0:
        return None
    return min(timedelta(milliseconds=min(asked, MOST_WAIT.total_seconds() * 1000)), MOST_WAIT)

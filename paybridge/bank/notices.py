"""Webhooks: written with the effect they tell of, then posted until somebody takes them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import sqlite3
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

import aiohttp

from paybridge.bank.counter import Counter
from paybridge.bank.desk import Desk
from paybridge.bank.options import secret_bytes
from paybridge.bank.surroundings import stamp

ATTEMPTS = 20
LONGEST_WAIT = 300
AT_ONCE = 8
PATIENCE = aiohttp.ClientTimeout(total=10)
log = logging.getLogger(__name__)


def announce(desk: Desk, kind: str, data: dict[str, object], *, copies: int = 1) -> None:
    """Put an event in the queue, in `copies` that share its id."""
    event, body = desk.new_id("msg_"), json.dumps({"type": kind, "timestamp": desk.at, "data": data})
    desk.books.executemany(
        "INSERT INTO notice (event, body, next_at) VALUES (?, ?, ?)", [(event, body, desk.at)] * copies
    )


def signature(secrets: tuple[str, ...], event: str, timestamp: str, body: str) -> str:
    """The `webhook-signature` header: one HMAC-SHA256 per secret, as Standard Webhooks 1.0 signs."""
    signed = f"{event}.{timestamp}.{body}".encode()
    digests = (hmac.digest(secret_bytes(secret), signed, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


class Messenger:
    """Posts what waits in the queue, and tries again later where nobody took it."""

    def __init__(self, counter: Counter, session: aiohttp.ClientSession) -> None:
        self._counter = counter
        self._session = session

    async def deliver_due(self) -> bool:
        """Post the notices that are due, some at once; whether any still wait."""
        due = await self._counter.run(_due)
        await asyncio.gather(*(self._deliver(notice) for notice in due))
        return await self._counter.run(_is_any_waiting)

    async def _deliver(self, notice: sqlite3.Row) -> None:
        # The wait counts from when the attempt began, however long the receiver took to say no.
        began = self._counter.around.clock()
        taken = await self._post(notice["event"], notice["body"], began)
        attempts = notice["attempts"] + 1
        next_at = None
        if not taken and attempts < ATTEMPTS:
            next_at = stamp(began + timedelta(seconds=min(2 ** (attempts - 1), LONGEST_WAIT)))
        elif not taken:
            log.warning("webhook %s was given up after %d attempts", notice["event"], attempts)
        await self._counter.run(partial(_write_down, (attempts, next_at, notice["id"])))

    async def _post(self, event: str, body: str, at: datetime) -> bool:
        options = self._counter.options
        timestamp = str(int(at.timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": event,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(options.webhook_secrets, event, timestamp, body),
        }
        posting = self._session.post(
            options.webhook_url or "",
            data=body.encode(),
            headers=headers,
            timeout=PATIENCE,
            allow_redirects=False,
        )
        try:
            async with posting as answer:
                return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.info("webhook %s was not taken: %s", event, error)
            return False


def _due(desk: Desk) -> list[sqlite3.Row]:
    return desk.books.execute(
        "SELECT * FROM notice WHERE next_at <= ? ORDER BY next_at, id LIMIT ?", (desk.at, AT_ONCE)
    ).fetchall()


def _is_any_waiting(desk: Desk) -> bool:
    return desk.books.execute("SELECT 1 FROM notice WHERE next_at IS NOT NULL LIMIT 1").fetchone() is not None


def _write_down(outcome: tuple[int, str | None, int], desk: Desk) -> None:
    desk.books.execute("UPDATE notice SET attempts = ?, next_at = ? WHERE id = ?", outcome)

"""A homeserver without a network: it stands in for the bot's connection, and talks nonsense at times."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fuzz.mutations import encoded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from random import Random

    from tests.fuzz.friend import Friend
    from tests.fuzz.mutations import Json, Mutator

ME = "@paybridge:hs"
API = "/_matrix/client/v3/"
SAFE_ROOM = "!safe:hs"
GAP = "gap"
"""Where what a sync left out begins."""

NONSENSE = 0.04
NOT_FOUND = (404, {"errcode": "M_NOT_FOUND", "error": "no"})
TROUBLES: tuple[tuple[int, bytes], ...] = (
    (200, b""), (200, b"<html>"), (200, b"[]"), (200, b"5"), (200, b"{}"), (200, b'{"chunk": {}}'),
    (500, b"oops"), (502, b"<html>"), (404, b'{"errcode": 7}'), (403, b'{"errcode": "M_FORBIDDEN"}'),
    (429, b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 3}'),
    (429, b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": "soon"}'),
    (429, b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": NaN}'), (429, b"{}"), (200, b'{"a": \xff}'),
)  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """An answer as aiohttp gives it."""

    status: int
    body: bytes

    async def read(self) -> bytes:
        return self.body

    async def json(self, content_type: None) -> Json:
        assert content_type is None
        return json.loads(self.body)


class Homeserver:
    """What the bot is told, and what the others have uploaded; `gap` is what the last sync left out."""

    def __init__(self, mutator: Mutator, chance: Random, people: Mapping[str, Friend], safe: str) -> None:
        self.bot_keys: dict[str, Any] = {}
        self.one_time_keys: dict[str, Any] = {}
        self.misbehaves = False
        self.nonsense = 0
        self.gap: list[Json] = []
        self._mutator = mutator
        self._chance = chance
        self._people = people
        self._safe = safe
        self._syncs: asyncio.Queue[bytes] = asyncio.Queue()
        self._asked = asyncio.Event()
        self._since = ""

    async def tell(self, answer: bytes, token: str | None) -> None:
        """Give the bot this answer to its sync, and return when it asks for what comes after `token`.

        As long as it asks for the same again it is told the same again, unless no token is known.
        """
        await self._asked.wait()
        while True:
            self._asked.clear()
            self._syncs.put_nowait(answer)
            await self._asked.wait()
            if token in {None, self._since}:
                return

    async def close(self) -> None:
        """As the session that it stands in for."""

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        data: bytes | None = None,
        **_: object,
    ) -> AsyncIterator[Reply]:
        path = tuple(url.partition(API)[2].replace("%21", "!").replace("%40", "@").split("/"))
        path = tuple(part.replace("%3A", ":") for part in path)
        yield await self._answer(method, path, params or {}, json.loads(data) if data else {})

    @asynccontextmanager
    async def post(self, url: str, json: Json, **_: object) -> AsyncIterator[Reply]:
        yield await self._answer("POST", tuple(url.partition(API)[2].split("/")), {}, json)

    async def _answer(
        self, method: str, path: tuple[str, ...], params: Mapping[str, str], body: Mapping[str, Any]
    ) -> Reply:
        if path == ("sync",):
            self._since = params.get("since", "")
            self._asked.set()
            return Reply(200, await self._syncs.get())
        await asyncio.sleep(0)
        status, sound = self._sound(method, path, params, body)
        if self.misbehaves and not self._must_be_sound(path, body) and self._chance.random() < NONSENSE:
            self.nonsense += 1
            if self._chance.random() < 0.5 and path != ("keys", "upload"):
                return Reply(200, encoded(self._mutator.mutated(sound)))
            troubles = [one for one in TROUBLES if path != ("keys", "upload") or one[0] >= 429]
            return Reply(*self._chance.choice(troubles))
        return Reply(status, encoded(sound))

    def _must_be_sound(self, path: tuple[str, ...], body: Mapping[str, Any]) -> bool:
        """What is about the one person and room in which the bot must go on working."""
        return SAFE_ROOM in path or self._safe in body.get("device_keys", {})

    def _sound(  # noqa: C901, PLR0911, PLR0912 - one line an answer
        self, method: str, path: tuple[str, ...], params: Mapping[str, str], body: Mapping[str, Any]
    ) -> tuple[int, Json]:
        match method, path:
            case "POST", ("login",):
                return 200, {"user_id": ME, "access_token": "token", "device_id": body["device_id"]}
            case "GET", ("profile", _):
                return 200, {"displayname": "PayBridge"}
            case "POST", ("keys", "query"):
                return 200, self._query(body)
            case "POST", ("keys", "upload"):
                return 200, self._upload(body)
            case "POST", ("keys", "claim"):
                return 200, {"one_time_keys": self._claim(body)}
            case "GET", ("rooms", room, "members"):
                return 200, {"chunk": self._members(room)}
            case "GET", ("rooms", _, "messages"):
                chunk = self.gap if params["from"] == GAP else []
                return 200, {"chunk": chunk, "start": params["from"], "end": f"{params['from']}x"}
            case "GET", ("rooms", _, "event", event):
                return 200, self._chance.choice(self.gap or [{"event_id": event, "sender": "@alice:hs"}])
            case "GET", ("rooms", room, "state", "m.room.encryption", *_):
                return (200, {"algorithm": "m.megolm.v1.aes-sha2"}) if "plain" not in room else NOT_FOUND
            case "POST", ("createRoom",):
                return 200, {"room_id": f"!made{self._chance.randrange(9)}:hs"}
            case ("GET", ("user", _, "account_data", _)) | ("GET", ("rooms", _, "state", *_)):
                return NOT_FOUND
            case "PUT", ("rooms", _, "send", *_):
                return 200, {"event_id": f"$own{self._chance.randrange(10**9)}"}
            case _:
                return 200, {}

    def _query(self, body: Mapping[str, Any]) -> Json:
        asked = body["device_keys"]
        found: dict[str, Any] = {mxid: {} for mxid in asked}
        for mxid in asked:
            if mxid in self._people:
                friend = self._people[mxid]
                found[mxid] = {friend.device: friend.device_keys}
        if ME in asked and self.bot_keys:
            found[ME] = {self.bot_keys["device_id"]: self.bot_keys}
        return {"device_keys": found, "failures": {}}

    def _upload(self, body: Mapping[str, Any]) -> Json:
        self.bot_keys = body.get("device_keys", self.bot_keys)
        # The first are enough for whoever writes to the bot; strangers make it upload new ones without end.
        self.one_time_keys = self.one_time_keys or body.get("one_time_keys", {})
        return {"one_time_key_counts": {"signed_curve25519": 50}}

    def _claim(self, body: Mapping[str, Any]) -> Json:
        claimed: dict[str, Any] = {}
        for mxid in body["one_time_keys"]:
            if mxid in self._people:
                friend = self._people[mxid]
                claimed[mxid] = {friend.device: dict([self._chance.choice([*friend.one_time_keys.items()])])}
        return claimed

    def _members(self, room: str) -> Json:
        people = [ME, *self._people] if room != SAFE_ROOM else [ME, self._safe]
        return [
            {"type": "m.room.member", "state_key": mxid, "sender": mxid, "content": {"membership": "join"}}
            for mxid in people
        ]

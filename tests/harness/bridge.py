"""An application service that behaves as the mautrix bridges do, with nobody on its other side."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from paybridge.demo import words as typed
from paybridge.demo.person import Person

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.harness import People

API = "/_matrix/client/v3"
NOT_BRIDGED = "\u26a0 Your message was not bridged: you're not logged in and the room has no relay"
DOUBLE_PUPPET = "fi.mau.double_puppet_source"


@dataclass(frozen=True)
class Shape:
    """What of a bridge can be seen from Matrix."""

    profile: str
    protocol: str
    name: str
    bot: str
    prefix: str

    def ids_like(self, server: str) -> str:
        return rf"^@{self.prefix}.*:{re.escape(server)}$"

    def registration(self, server: str) -> dict[str, Any]:
        """Its registration file as the homeserver has it."""
        bot = f"^@{self.bot}:{re.escape(server)}$"
        return {
            "id": self.profile,
            "url": None,
            "as_token": token_of(self),
            "hs_token": f"hs-{self.profile}",
            "sender_localpart": f"{self.bot}-sender",
            "rate_limited": False,
            "namespaces": {
                "users": [{"exclusive": True, "regex": regex} for regex in (self.ids_like(server), bot)]
            },
        }


SHAPES = {
    "whatsapp": Shape("mautrix-whatsapp", "whatsapp", "WhatsApp", "whatsappbot", "whatsapp_"),
    "telegram": Shape("mautrix-telegram", "telegram", "Telegram", "telegrambot", "telegram_"),
    "signal": Shape("mautrix-signal", "signal", "Signal", "signalbot", "signal_"),
    "discord": Shape("mautrix-discord", "discordgo", "Discord", "discordbot", "discord_"),
}


def token_of(shape: Shape) -> str:
    return f"as-{shape.profile}"


def registered(folder: Path, server: str) -> Mapping[str, Any]:
    """Settings for a homeserver on which each of these bridges is registered."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{shape.profile}.json" for shape in SHAPES.values()]
    for file, shape in zip(files, SHAPES.values(), strict=True):
        # JSON is YAML too.
        file.write_text(json.dumps(shape.registration(server)), encoding="utf-8")
    return {"app_service_config_files": [str(file) for file in files]}


@dataclass(frozen=True)
class Ghost:
    """Somebody on the other side."""

    user_id: str


class BridgeLike:
    """One bridge: its bot, which is a whole client, its ghosts, and its portals."""

    def __init__(self, shape: Shape, bot: Person, session: aiohttp.ClientSession) -> None:
        self.shape = shape
        self.bot = bot
        self._session = session

    @classmethod
    async def open(cls, people: People, name: str, *, self_signed: bool = True) -> BridgeLike:
        """The bridge of this name; with `self_signed` its bot has signed its own device."""
        shape, url = SHAPES[name], people.homeserver.url
        session = aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {token_of(shape)}"})
        try:
            await _register(session, shape.bot)
            user_id = f"@{shape.bot}:{people.homeserver.server_name}"
            await people.homeserver.set_password(user_id, people.password)
            bot = await people.arrive(f"{shape.name} bridge bot", user_id=user_id, cross_signed=self_signed)
        except BaseException:
            await session.close()
            raise
        return cls(shape, bot, session)

    async def close(self) -> None:
        await self._session.close()

    async def ghost(self, remote: str, name: str) -> Ghost:
        """The ghost of somebody whose id on the other side is `remote`."""
        localpart = f"{self.shape.prefix}{remote}"
        await _register(self._session, localpart)
        ghost = Ghost(f"@{localpart}:{self.bot.user_id.partition(':')[2]}")
        await self._as(ghost, "PUT", f"/profile/{ghost.user_id}/displayname", {"displayname": name})
        return ghost

    async def portal(
        self, me: str, *others: Person, ghosts: Sequence[Ghost] = (), encrypted: bool = False
    ) -> str:
        """A room that the bridge has made for a chat of the other side, in which everybody has arrived."""
        everyone = [*(one.user_id for one in others), *(ghost.user_id for ghost in ghosts), me]
        room = await self.bot._create(name="Portal", invite=everyone, encrypted=encrypted)  # noqa: SLF001 - as tables of tests do
        for ghost in ghosts:
            await self.comes(ghost, room)
        bridge = {
            "bridgebot": self.bot.user_id,
            "creator": self.bot.user_id,
            "protocol": {"id": self.shape.protocol, "displayname": self.shape.name},
            "channel": {"id": "chat", "displayname": "Portal"},
        }
        for kind in ("m.bridge", "uk.half-shot.bridge"):
            path = f"/rooms/{room}/state/{kind}/fi.mau.{self.shape.protocol}"
            await self.bot._device.call("PUT", path, bridge)  # noqa: SLF001 - as above
        for who in everyone:
            await self.bot.wait_for_member(room, who)
            for one in others:
                await one.wait_for_member(room, who)
        return room

    async def comes(self, ghost: Ghost, room: str) -> None:
        """Into a room that it was asked into, or where it was before."""
        await self._as(ghost, "POST", f"/join/{room}", {})

    async def leaves(self, ghost: Ghost, room: str) -> None:
        """As somebody does who quits; the bridge lets them in again."""
        await self._as(ghost, "POST", f"/rooms/{room}/leave", {})
        path = f"/rooms/{room}/invite"
        await self.bot._device.call("POST", path, {"user_id": ghost.user_id})  # noqa: SLF001 - as above

    async def says(self, ghost: Ghost, room: str, body: str, **more: Any) -> str:  # noqa: ANN401 - any JSON
        """What somebody typed on the other side, encrypted by the bot if the room is."""
        return await self._send(ghost, room, *await self._sealed(room, _content(body) | more))

    async def says_plainly(self, ghost: Ghost, room: str, body: str) -> str:
        """The same without encryption, whatever the room asks for."""
        return await self._send(ghost, room, "m.room.message", _content(body))

    async def says_for(self, person: Person, room: str, body: str) -> str:
        """What a person who is on both sides typed on the other one: under their own Matrix id."""
        kind, content = await self._sealed(room, _content(body) | {DOUBLE_PUPPET: self.shape.profile})
        path = f"/rooms/{room}/send/{kind}/{secrets.token_hex(8)}"
        return str((await person._device.call("PUT", path, content))["event_id"])  # noqa: SLF001 - with their token, as double puppeting does

    async def says_itself(self, room: str, body: str, kind: str = "m.text") -> str:
        """What the bot says."""
        return await self.bot.send_content(room, _content(body) | {"msgtype": kind})

    async def kick(self, room: str, mxid: str) -> None:
        """As it does with whoever has no account on the other side and is not relayed."""
        path = f"/rooms/{room}/kick"
        await self.bot._device.call("POST", path, {"user_id": mxid, "reason": NOT_BRIDGED})  # noqa: SLF001 - as above

    async def _sealed(self, room: str, content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        await self.bot._see(room)  # noqa: SLF001 - as above
        if not self.bot.client.rooms[room].encrypted:
            return "m.room.message", content
        await self.bot._device.prepare_keys(room)  # noqa: SLF001 - as above
        client = self.bot.client
        assert client.olm is not None
        if not client.rooms[room].members_synced:
            await client.joined_members(room)
        if client.olm.should_share_group_session(room):
            await client.share_group_session(room, ignore_unverified_devices=True)
        kind, cipher = client.encrypt(room, "m.room.message", content)
        return kind, dict(cipher)

    async def _send(self, ghost: Ghost, room: str, kind: str, content: Mapping[str, Any]) -> str:
        path = f"/rooms/{room}/send/{kind}/{secrets.token_hex(8)}"
        return str((await self._as(ghost, "PUT", path, content))["event_id"])

    async def _as(self, ghost: Ghost, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await _call(self._session, method, path, body, user_id=ghost.user_id)


def _content(body: str) -> dict[str, Any]:
    """Bridges write no mentions but what the message holds."""
    content = typed.plain(body)
    del content["m.mentions"]
    return content


async def _register(session: aiohttp.ClientSession, localpart: str) -> None:
    body = {"type": "m.login.application_service", "username": localpart, "inhibit_login": True}
    async with session.post(f"{API}/register", json=body) as answer:
        told = await answer.json()
        assert answer.ok or told.get("errcode") == "M_USER_IN_USE", told


async def _call(
    session: aiohttp.ClientSession, method: str, path: str, body: Mapping[str, Any], *, user_id: str
) -> dict[str, Any]:
    async with session.request(method, f"{API}{path}", json=body, params={"user_id": user_id}) as answer:
        assert answer.ok, await answer.text()
        return dict(await answer.json())

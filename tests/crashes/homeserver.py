"""The Matrix side of the crash tests: real intake, sync, hearing and outbox; the homeserver is two files.

`typed.jsonl` holds what people type, one event a line, and is only ever added to; the bot's place in it is
its sync token. `said.jsonl` holds what the bot sends, each line with its transaction id, as a homeserver
would compare it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import func, select

from paybridge.domain.policy import StatedPolicy
from paybridge.domain.power import Powers
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.spoken import Spoken
from paybridge.matrix import letters
from paybridge.matrix.hearing import Hearing
from paybridge.matrix.held import Held
from paybridge.matrix.intake import Intake
from paybridge.matrix.outbox import Outbox
from paybridge.matrix.place import Place
from paybridge.matrix.predecessor import Predecessor
from paybridge.matrix.reading import Me
from paybridge.matrix.sync import SyncLoop
from paybridge.services.ports import BookUnavailableError, RoomFacts
from paybridge.storage.tables import transfer

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.matrix.account import MatrixOptions
    from paybridge.matrix.hearing import Handler
    from paybridge.services.ports import Letter, Mailbox, Vault

BOT = "@paybridge:hs"
ROOM = "!everyone:hs"
TYPED, SAID = "typed.jsonl", "said.jsonl"
AT_ONCE = 64
LOOK_SECONDS = 0.05
UNDER_WAY = select(func.count()).select_from(transfer).where(transfer.c.state == "approved")


class Files:
    """The homeserver, and everything around a client of it that the Matrix side asks for."""

    device_id = "BOT"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._typed = folder / TYPED
        self._said = folder / SAID
        self.synced_all = asyncio.Event()

    async def get(self, *_: str, query: Mapping[str, str], patience: float = 0) -> dict[str, Any]:
        """The next events after the token; waits for ever when there are none."""
        del patience
        if "since" not in query:
            return {"next_batch": "0"}
        since = int(query["since"])
        lines = self._typed.read_text("utf-8").splitlines()[since : since + AT_ONCE]
        if not lines:
            self.synced_all.set()
            await asyncio.Event().wait()
        now = int(datetime.now(UTC).timestamp() * 1000)
        rooms: dict[str, list[Any]] = {}
        for event in map(json.loads, lines):
            content = {"msgtype": "m.text", "body": event["body"]}
            rooms.setdefault(event["room"], []).append(
                {
                    "type": "m.room.message",
                    "event_id": event["event"],
                    "sender": event["sender"],
                    "origin_server_ts": now,
                    "content": content,
                }
            )
        joined = {room: {"timeline": {"events": events}} for room, events in rooms.items()}
        return {"next_batch": str(since + len(lines)), "rooms": {"join": joined}}

    async def put(self, *path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take a message; its event id follows from its transaction id."""
        _, room, *_, transaction = path
        line = json.dumps({"transaction": transaction, "room": room, "body": body.get("body")}) + "\n"
        with self._said.open("ab", buffering=0) as said:
            said.write(line.encode())
        return {"event_id": f"${transaction}"}

    # The rest has nothing to say here.

    def take(self, _: object) -> frozenset[tuple[str, str]]:
        return frozenset()

    def outdated(self, _: object) -> None: ...
    def counted(self, *_: object) -> None: ...
    def offer(self, *_: object) -> None: ...
    def settled(self, _: str) -> None: ...
    def changed(self, _: str) -> None: ...
    def rules_changed(self, _: str) -> None: ...
    async def now_encrypted(self, _: str) -> None: ...
    async def encrypted(self, _: str) -> bool:
        return False

    async def room(self, mxid: str) -> str:
        return direct(mxid)


class Rooms:
    """One room with everybody, and a direct room for each."""

    def __init__(self, people: Sequence[str]) -> None:
        self._everyone = RoomFacts(ROOM, encrypted=True, direct=False, members=dict.fromkeys([*people, BOT]))

    async def facts(self, room: str) -> RoomFacts:
        if room == ROOM:
            return self._everyone
        mxid = f"@{room.removeprefix('!direct-')}"
        return replace(self._everyone, id=room, direct=True, members={mxid: None, BOT: None})

    async def stated_policy(self, _: str) -> StatedPolicy:
        return StatedPolicy()

    async def powers(self, _: str) -> Powers:
        return Powers()

    async def predecessor(self, _: str) -> str | None:
        return None


class Understood:
    """Everybody speaks from a proven device."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def missing_key(self, _: Letter) -> None: ...
    async def of(self, letter: Letter) -> Spoken:
        told = letters.unseal(self._vault, letter.payload)
        now = datetime.now(UTC)
        return Spoken(
            event=letter.event,
            room=letter.room,
            sender=letter.sender,
            proof=OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE"),
            body=(told.content or {})["body"],
            sent=now,
            seen=now,
            encrypted=True,
            direct=letter.room != ROOM,
        )


class FileMatrix:
    """`MatrixSide`, as far as the house sees it."""

    people: Sequence[str] = ()
    ended: asyncio.Event

    def __init__(self, options: MatrixOptions, *, mailbox: Mailbox, vault: Vault, **around: Any) -> None:  # noqa: ANN401 - what `MatrixSide` is given
        files: Any = Files(options.data_dir)
        self._files = files
        self._mailbox = mailbox
        self._vault = vault
        self._around = around
        self.rooms = Rooms(self.people)
        self._outbox = Outbox(
            mailbox=mailbox,
            vault=vault,
            render=around["render"],
            wire=files,
            rooms=files,
            direct=files,
            room_keys=files,
            chance=around["chance"],
            on_set_aside=around["on_set_aside"],
            predecessor=Predecessor(files, mailbox, vault, BOT),
        )

    async def start(self, handler: Handler) -> None:
        files, chance = self._files, self._around["chance"]
        self._hearing = Hearing(
            mailbox=self._mailbox,
            understanding=cast("Any", Understood(self._vault)),
            handler=handler,
            chance=chance,
        )
        intake = Intake(
            wire=files,
            crypto=files,
            rooms=files,
            vault=self._vault,
            clock=self._around["clock"],
            me=Me(BOT),
        )
        self._sync = SyncLoop(
            wire=files,
            crypto=files,
            devices=files,
            upkeep=files,
            rooms=files,
            invites=files,
            intake=intake,
            mailbox=self._mailbox,
            place=Place(self._files.folder, BOT),
            held=Held(self._mailbox, self._around["clock"]),
            chance=chance,
            heard=self._hearing.heard,
        )

    async def take_over(self) -> None:
        """Its homeserver knows posts by their ids, whoever sends them."""

    def following_tasks(self) -> Mapping[str, Any]:
        return {}

    def tasks(self) -> Mapping[str, Any]:
        return {
            "matrix-sync": self._sync.run,
            "matrix-hearing": self._hearing.run,
            "matrix-outbox": self._outbox.run,
            "end": self._watch_for_the_end,
        }

    async def _watch_for_the_end(self) -> None:
        """Set `ended` once everything typed is answered and every answer is sent."""
        await self._files.synced_all.wait()
        while True:
            try:
                waiting = await self._mailbox.letters() or await self._mailbox.posts(0, 1)
                if not waiting and not await self._under_way():
                    break
            except BookUnavailableError:
                pass
            await asyncio.sleep(LOOK_SECONDS)
        self.ended.set()
        await asyncio.Event().wait()

    async def _under_way(self) -> int:
        reader = cast("Any", self._mailbox)._reader  # noqa: SLF001 - no port asks for all payments
        return int(await reader.scalar(UNDER_WAY))

    def ring(self) -> None:
        self._outbox.ring()

    def readiness(self) -> str | None:
        return None

    async def close(self) -> None: ...


def direct(mxid: str) -> str:
    return f"!direct-{mxid[1:]}"


def write(folder: Path, events: Sequence[Mapping[str, str]]) -> None:
    """People type: added to the journal before the bot runs, and durable."""
    with (folder / TYPED).open("a", encoding="utf-8") as typed:
        typed.writelines(json.dumps(event) + "\n" for event in events)
        typed.flush()
        os.fsync(typed.fileno())

"""The operator's side: a socket in the data directory by which `paybridge verify` asks the running bot."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from paybridge.matrix.verification.asking import FOLDER, LONGEST_LINE, SOCKET, address

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.matrix.verification.cases import Pending
    from paybridge.matrix.verification.verifier import Verifier

SECONDS_TO_ASK = 2.0
IMPATIENT = 8

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The bot's own keys, which its operator may publish where the homeserver has no say."""

    user: str
    device: str
    device_key: str
    master_key: str


class Terminal:
    """Whoever can reach the socket is the operator: only the owner of the data directory can."""

    def __init__(self, data_dir: Path, verifier: Verifier, ours: Fingerprints) -> None:
        self._folder = data_dir / FOLDER
        self._verifier = verifier
        self._ours = ours

    async def run(self) -> None:
        try:
            listening = self._listen()
        except OSError as error:
            # People can go on paying, so this is no reason not to be ready.
            log.warning("paybridge_verify_cannot_ask", why=str(error))
            await asyncio.Event().wait()
            return
        server = await asyncio.start_unix_server(self._serve, sock=listening, limit=LONGEST_LINE)
        try:
            async with server:
                await server.serve_forever()
        finally:
            (self._folder / SOCKET).unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        file = self._folder / SOCKET
        file.unlink(missing_ok=True)  # left behind by a kill
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with address(self._folder) as name:
                listening.bind(name)
            file.chmod(0o600)
            listening.listen(IMPATIENT)
        except OSError:
            listening.close()
            raise
        return listening

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SECONDS_TO_ASK):
                line = await reader.readline()
            answer = await self._answer(json.loads(line))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except Exception as error:  # noqa: BLE001 - whoever asks badly gets no answer, and the next one does
            log.warning("operator_unanswered", error=type(error).__name__)
        finally:
            writer.close()

    async def _answer(self, order: object) -> Mapping[str, Any]:
        match order:
            case {"order": "list"}:
                return {
                    "user": self._ours.user,
                    "device": self._ours.device,
                    "device_key": self._ours.device_key,
                    "master_key": self._ours.master_key,
                    "pending": [_row(pending) for pending in self._verifier.pending()],
                }
            case {"order": "judge", "number": int(number), "alike": bool(alike)}:
                return {"judgement": await self._verifier.judge(number, alike=alike)}
        raise ValueError("no such order")


def _row(pending: Pending) -> Mapping[str, Any]:
    codes = pending.codes
    return {
        "number": pending.number,
        "person": pending.person,
        "device": pending.device,
        "emoji": None if codes is None else codes.emoji,
        "decimals": None if codes is None else codes.decimals,
        "they_agree": pending.they_agree,
        "you_agree": pending.you_agree,
    }

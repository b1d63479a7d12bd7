"""An IRC network on loopback: a real ngircd, and people whose client is a line of text at a time."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from paybridge.demo.homeserver import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

NGIRCD: Final = shutil.which("ngircd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
MISSING: Final = "NGIRCD IS NOT INSTALLED (Debian package ngircd): nobody speaks over a real IRC bridge"
HOST: Final = "127.0.0.1"
PATIENCE_SECONDS: Final = 90.0
"""The bridge holds back what it passes on, a line at a time."""
LONGEST_LINE: Final = 512
"""RFC 2812 section 2.3, with what ends it."""
STARTING: Final = re.compile(r"^:\S+ 001 ")
SAID: Final = re.compile(r"^:(?P<nick>[^!\s]+)\S* (?P<how>PRIVMSG|NOTICE) (?P<where>\S+) :?(?P<text>.*)$")

CONFIG: Final = """
[Global]
Name = irc.example.net
Info = loopback
Listen = {host}
Ports = {port}
MotdPhrase = hello
[Limits]
MaxNickLength = 30
MaxConnectionsIP = 0
MaxPenaltyTime = 0
PingTimeout = 300
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local1
[Channel]
Name = #market
Topic = nobody is its operator, not even who comes first
"""


class IrcError(Exception):
    """The server did not come up, or a person did not hear what they waited for."""


class IrcServer:
    """One ngircd with nobody in it."""

    def __init__(self, directory: Path) -> None:
        self._config = directory / "ngircd.conf"
        self._process: Process | None = None
        self.port = free_port()
        self.people: list[IrcPerson] = []

    async def __aenter__(self) -> Self:
        assert NGIRCD is not None  # asked before
        self._config.write_text(CONFIG.format(host=HOST, port=self.port), encoding="ascii")
        self._process = await asyncio.create_subprocess_exec(
            *(NGIRCD, "--nodaemon", "--config", str(self._config)),
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._answers():  # noqa: ASYNC110 - a port can only be tried
                await asyncio.sleep(0.05)
        return self

    async def __aexit__(self, *_: object) -> None:
        for person in self.people:
            await person.leaves()
        assert self._process is not None  # since the start
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await self._process.wait()

    async def _answers(self) -> bool:
        if self._process is not None and self._process.returncode is not None:
            raise IrcError(f"ngircd ended with code {self._process.returncode}")
        try:
            _, writer = await asyncio.open_connection(HOST, self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True


@dataclass(frozen=True, slots=True)
class Line:
    """What a person read: who said what where; `bytes` is how long it was on the wire."""

    nick: str
    where: str
    text: str
    bytes: int
    notice: bool = False


@dataclass
class IrcPerson:
    """Somebody at an IRC client, which shows `lines`."""

    nick: str
    channel: str
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    lines: list[Line] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _listening: asyncio.Task[None] | None = None

    @classmethod
    async def arrive(cls, server: IrcServer, nick: str, channel: str) -> Self:
        reader, writer = await asyncio.open_connection(HOST, server.port)
        person = cls(nick, channel, reader, writer)
        server.people.append(person)
        person.send(f"NICK {nick}")
        person.send(f"USER {nick} 0 * :{nick}")
        person._listening = asyncio.create_task(person._listen(), name=f"{nick} reads IRC")
        await person._until(lambda: any(STARTING.match(line) for line in person.raw), "a welcome")
        await person.joins()
        return person

    async def joins(self) -> None:
        seen = len(self.raw)
        self.send(f"JOIN {self.channel}")
        await self._until(lambda: any(" 366 " in line for line in self.raw[seen:]), "the list of names")

    async def calls_themselves(self, nick: str) -> None:
        seen = len(self.raw)
        self.send(f"NICK {nick}")
        await self._until(
            lambda: any(re.match(rf":\S+ NICK :?{re.escape(nick)}$", line) for line in self.raw[seen:]),
            f"the nick {nick}",
        )
        self.nick = nick

    def says(self, *texts: str) -> int:
        """Say these lines in the channel, all at once; returns how many lines had been read before."""
        before = len(self.lines)
        for text in texts:
            self.send(f"PRIVMSG {self.channel} :{text}")
            # A server tells nobody what they said themselves; their client shows it.
            self.lines.append(Line(self.nick, self.channel, text, 0))
        return before

    async def hears(self, *words: str, after: int = 0) -> Line:
        """Wait until somebody has said a line with all these words, and return the first."""

        def found() -> list[Line]:
            others = [line for line in self.lines[after:] if line.nick != self.nick]
            return [line for line in others if all(word in line.text for word in words)]

        await self._until(lambda: bool(found()), f"a line with {words}")
        return found()[0]

    async def asks(self, text: str, *words: str) -> Line:
        return await self.hears(*words, after=self.says(text))

    async def leaves(self) -> None:
        if self._listening is None:
            return
        self.send("QUIT :bye")
        listening, self._listening = self._listening, None
        await asyncio.wait([listening], timeout=PATIENCE_SECONDS)
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def send(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())

    async def _until(self, reached: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
                await self._changed.wait_for(reached)
        except TimeoutError as error:
            last = "\n".join(self.raw[-15:])
            raise IrcError(f"{self.nick} waited for {what}; the last lines were:\n{last}") from error

    async def _listen(self) -> None:
        while read := await self._reader.readline():
            text = read.decode(errors="replace").rstrip("\r\n")
            if text.startswith("PING"):
                self.send(text.replace("PING", "PONG", 1))
            said = SAID.match(text)
            if said is not None:
                notice = said["how"] == "NOTICE"
                self.lines.append(Line(said["nick"], said["where"], said["text"], len(read), notice))
            async with self._changed:
                self.raw.append(text)
                self._changed.notify_all()

"""One world of the crash tests: a bank that lives on, a bot that does not, and people who type."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import traceback
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from schwifty import IBAN

from paybridge.bank.scripts import SCRIPTED
from paybridge.failpoints import arm
from tests.crashes import homeserver
from tests.crashes.house import PEOPLE, live

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

KEY = "bank_test_for_the_crashes"
SECRET = "whsec_Zm9yIHRoZSBjcmFzaGVzIGFsb25l"
KILLED = -9
REPOSITORY = Path(__file__).parents[2]
SCRIPTS = ("slow", "502 after", "silent, settles", "told twice", "no funds")
"""What the first accounts do; all others settle at once."""

CONFIG = """
homeserver: {{url: "http://127.0.0.1:9", user_id: "{bot}", password: unused}}
data_dir: {folder}
database: {{url: "{url}"}}
vault: {{master_key: "{key}"}}
web: {{listen: "127.0.0.1:{web}"}}
approval: {{without_factor: {{each: "1000", total: "1000000", count: 1000000}}}}
rules:
  limits: {{unchecked: {{EUR: {{each: unlimited, day: unlimited, month: unlimited, count: unlimited}}}}}}
rails:
  bank:
    {{url: "http://127.0.0.1:{bank}", api_key: {api_key}, webhook_secret: {secret}, timeout_seconds: 2}}
"""


class DeadBotError(Exception):
    """The bot ended by itself, or does not come to an end."""


@dataclass
class World:
    """`life` is one run of the bot."""

    folder: Path
    url: str
    people: Sequence[str] = PEOPLE
    forks: bool = True
    """A program with threads must not; it starts a program of its own instead, which takes longer."""

    typed: int = 0
    _bank: subprocess.Popen[bytes] | None = None
    ports: dict[str, int] = field(default_factory=lambda: {"bank": free_port(), "web": free_port()})

    def open(self) -> None:
        """Start the bank, and have everybody link an account."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.yaml").write_text(
            CONFIG.format(
                bot=homeserver.BOT,
                folder=self.folder,
                url=self.url,
                key="00" * 32,
                api_key=KEY,
                secret=SECRET,
                **self.ports,
            )
        )
        self._start_bank()
        ibans = [account(PEOPLE.index(who)) for who in self.people]
        self._type([(who, f"!link bank {iban}") for who, iban in zip(self.people, ibans, strict=True)])
        self.finish()
        codes = dict(
            self.bank("SELECT account.number, link.code FROM link JOIN account ON account.id = link.account")
        )
        proofs = [f"!link verify {codes[iban]}" for iban in ibans]
        self._type(list(zip(self.people, proofs, strict=True)))
        self.finish()

    def close(self) -> None:
        if self._bank is not None:
            self._bank.terminate()
            self._bank.communicate()

    def pay(self, chance: Random) -> None:
        """Everybody types one payment, cash-out or topup, and approves it."""
        lines: list[tuple[str, str]] = []
        for who in self.people:
            amount = f"{chance.randrange(1, 200) / 100:.2f} EUR"
            payee, another = chance.sample([other for other in self.people if other != who], 2)
            typed = chance.choice(
                (
                    f"!pay {payee} {amount}",
                    f"!pay {payee} {another} {amount} each",
                    f"!topup {amount}",
                    f"!cashout {amount}",
                )
            )
            lines += [(who, typed), (who, "!yes")]
        self._type(lines)

    def _type(self, lines: Sequence[tuple[str, str]]) -> None:
        events = []
        for who, body in lines:
            room = homeserver.direct(who) if body.startswith("!link") else homeserver.ROOM
            events.append({"event": f"$typed-{self.typed}", "sender": who, "room": room, "body": body})
            self.typed += 1
        homeserver.write(self.folder, events)

    # ------------------------------------------------------------ lives

    def life(self, orders: str = "", seconds: float = 120.0) -> int:
        """Run the bot armed with `orders`; kill it after `seconds`. 0 if all was done, or `KILLED`."""
        child = os.fork()
        if child == 0:
            self._be_the_bot(orders)
        watched = os.pidfd_open(child)
        try:
            ended, _, _ = select.select([watched], [], [], seconds)
            if not ended:
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        finally:
            os.close(watched)
        code = os.waitstatus_to_exitcode(status)
        if code not in {0, KILLED}:
            raise DeadBotError(f"the bot ended with {code}\n{self.tail()}")
        return code

    def _be_the_bot(self, orders: str) -> None:
        code = 1
        try:
            log = os.open(self.folder / "bot.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            arm(orders)
            asyncio.run(live(self.folder, self.people))
            code = 0
        except BaseException:  # noqa: BLE001 - it is written down, and `life` raises
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def begin(self) -> subprocess.Popen[bytes]:
        """A life in a program of its own, for whoever has threads and must not fork."""
        command = [sys.executable, "-m", "tests.crashes.house", str(self.folder), *self.people]
        with (self.folder / "bot.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=REPOSITORY)  # noqa: S603 - our own

    def finish(self) -> None:
        """Live until everything is done."""
        ended = self.life(seconds=180) if self.forks else self.begin().wait(180)
        if ended != 0:
            raise DeadBotError(f"not done in the end\n{self.tail()}")

    def tail(self) -> str:
        log = self.folder / "bot.log"
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-30:]) if log.exists() else ""

    # ------------------------------------------------------------ what is true

    def books(self, question: str) -> list[tuple[Any, ...]]:
        """Asked of the bot's database, past everything of ours."""
        if self.url.startswith("sqlite"):
            path = self.url.removeprefix("sqlite+aiosqlite:///")
            with closing(sqlite3.connect(path)) as opened:
                return opened.execute(question).fetchall()
        return asyncio.run(_fetch(self.url, question))

    def bank(self, question: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "bank" / "bank.sqlite3")) as opened:
            return opened.execute(question).fetchall()

    def backlog(self) -> int:
        """How many lines wait to be read or handled."""
        (token,) = self.books("SELECT value FROM memory WHERE name = 'sync_token'") or [("0",)]
        ((waiting,),) = self.books("SELECT count(*) FROM letter WHERE done = 0")
        return self.typed - int(token[0]) + int(waiting)

    def said(self) -> list[dict[str, str]]:
        with suppress(FileNotFoundError):
            text = (self.folder / homeserver.SAID).read_text("utf-8")
            # A line that a kill cut short never reached the homeserver.
            return [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        return []

    def _start_bank(self) -> None:
        command = [sys.executable, "-m", "paybridge.bank", "--data", str(self.folder / "bank")]
        command += ["--port", str(self.ports["bank"]), "--api-key", KEY, "--webhook-secret", SECRET]
        command += ["--webhook-url", f"http://127.0.0.1:{self.ports['web']}/hooks/bank"]
        command += ["--slow-seconds", "0.3", "--hang-seconds", "3", "--settlement-opening-minor", "10000000"]
        self._bank = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own program
        assert self._bank.stdout is not None
        self._bank.stdout.readline()


async def _fetch(url: str, question: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return [tuple(row) for row in await connection.fetch(question)]
    finally:
        await connection.close()


def account(number: int) -> str:
    """The IBAN of a person's account: the first few follow a script, the rest settle at once."""
    if number < len(SCRIPTS):
        return next(script.iban for script in SCRIPTED if script.name == SCRIPTS[number])
    return str(IBAN.generate("DE", bank_code="37040044", account_code=f"0532{number:06}"))


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def wait_until(true: Any, seconds: float = 120.0) -> None:  # noqa: ANN401 - any function without arguments
    """Return when `true()` is; what it is about happens in another process."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)

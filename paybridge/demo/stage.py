"""The stage: a throwaway homeserver, the bank simulator and the bot, each a program on loopback."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from asyncio.subprocess import PIPE, STDOUT
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp

from paybridge.demo.homeserver import Homeserver, free_port
from paybridge.demo.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

BOT_NAME: Final = "PayBridge"
_ANSWER_SECONDS: Final = 5


def _nothing_told(_: str) -> None:
    """Progress that nobody wants to hear."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a stage may do otherwise: another account, more config for the bot, more options for the bank."""

    localpart: str = "paybridge"
    config: Mapping[str, Any] | None = None
    bank: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """Whether the audit passed, and what it printed."""

    passed: bool
    output: str


class Stage:
    """Everything that a conversation needs but the people."""

    def __init__(
        self,
        directory: Path,
        homeserver: Homeserver,
        *,
        tell: Callable[[str], None] = _nothing_told,
        choices: Choices | None = None,
    ) -> None:
        self.directory = directory
        self.homeserver = homeserver
        self.bot_id = ""
        self.bank_url = ""
        self.web_url = ""
        self._tell = tell
        self._choices = choices or Choices()
        self._bank_key = f"bank_test_{secrets.token_urlsafe(16)}"
        self._session: aiohttp.ClientSession | None = None
        self.config_file = directory / "config.yaml"
        self.data_dir = directory / "bot"
        self._bank: Program | None = None
        self._bot: Program | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS))
        try:
            await self._raise()
        except BaseException:
            await self.strike()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.strike()

    @property
    def bot(self) -> Program:
        """The bot's program, to be stopped, killed and started again."""
        assert self._bot is not None  # set while the stage stands
        return self._bot

    @property
    def bank(self) -> Program:
        """The bank's program, likewise."""
        assert self._bank is not None  # set while the stage stands
        return self._bank

    async def strike(self) -> None:
        """Stop the bot and the bank, and leave nothing running."""
        for program in (self._bot, self._bank):
            if program is not None:
                await program.stop()
        if self._session is not None:
            await self._session.close()

    async def start_bot(self) -> None:
        """Start the bot (again), until it is ready for people."""
        await self.bot.start(lambda: self._answers(f"{self.web_url}/readyz"))

    async def start_bank(self) -> None:
        """Start the bank simulator (again)."""
        await self.bank.start(lambda: self._answers(f"{self.bank_url}/healthz"))

    async def statement(self, iban: str) -> dict[str, Any]:
        """An account's statement, as its owner's bank shows it."""
        compact = iban.replace(" ", "")
        return await self._get(f"{self.bank_url}/accounts/{compact}/statement")

    async def code_in_statement(self, iban: str) -> str:
        """The newest proof of ownership that the bank has booked to an account."""
        entries = sorted((await self.statement(iban))["entries"], key=lambda entry: str(entry["at"]))
        texts = [str(entry["text"]) for entry in entries]
        return next(text for text in reversed(texts) if text.startswith("PAYBRIDGE ")).split()[-1]

    async def audit(self) -> Audited:
        """What `paybridge audit` says of the bot's books."""
        command = (sys.executable, "-m", "paybridge", "audit", "--config", str(self.config_file))
        ran = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
        output, _ = await ran.communicate()
        return Audited(ran.returncode == 0, output.decode(errors="replace"))

    async def bank_api(self, path: str) -> dict[str, Any]:
        """What the bank tells the bot, for those who check its work."""
        return await self._get(f"{self.bank_url}{path}", {"Authorization": f"Bearer {self._bank_key}"})

    async def _raise(self) -> None:
        password = secrets.token_urlsafe(16)
        self.bot_id = await self.homeserver.register(self._choices.localpart, password, BOT_NAME)
        await self.homeserver.set_ratelimit_override(self.bot_id)
        bank_port, web_port = free_port(), free_port()
        self.bank_url, self.web_url = f"http://127.0.0.1:{bank_port}", f"http://127.0.0.1:{web_port}"
        secret = f"whsec_{secrets.token_hex(16)}"
        self._bank = Program(
            "paybridge.bank", "--data", str(self.directory / "bank"), "--port", str(bank_port),
            "--api-key", self._bank_key, "--webhook-url", f"{self.web_url}/hooks/bank",
            "--webhook-secret", secret, *self._choices.bank,
            output=self.directory / "bank.out",
        )  # fmt: skip
        self._write_config(password, secret, web_port)
        self._bot = Program(
            "paybridge", "run", "--config", str(self.config_file),
            output=self.directory / "bot.out", environment=self._choices.environment,
        )  # fmt: skip
        self._tell("starting the bank simulator")
        await self.start_bank()
        self._tell("starting the bot: it logs in, makes its keys and signs its device")
        await self.start_bot()

    def _write_config(self, password: str, webhook_secret: str, web_port: int) -> None:
        """JSON is YAML too."""
        config: dict[str, Any] = {
            "homeserver": {"url": self.homeserver.url, "user_id": self.bot_id, "password": password},
            "data_dir": str(self.data_dir),
            "web": {"listen": f"127.0.0.1:{web_port}"},
            "rails": {
                "bank": {
                    "url": self.bank_url, "api_key": self._bank_key, "webhook_secret": webhook_secret,
                }
            },
            **(self._choices.config or {}),
        }  # fmt: skip
        self.config_file.touch(mode=0o600)
        self.config_file.write_text(json.dumps(config, indent=1))

    async def _answers(self, url: str) -> bool:
        try:
            async with self._open_session().get(url) as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        async with self._open_session().get(url, headers=headers) as answer:
            answer.raise_for_status()
            told: dict[str, Any] = await answer.json()
            return told

    def _open_session(self) -> aiohttp.ClientSession:
        assert self._session is not None  # open while the stage stands
        return self._session

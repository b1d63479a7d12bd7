"""A throwaway Matrix homeserver: a real Synapse on loopback, all of whose files lie under one directory."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections, so that a port stays free over a restart."""

START_SECONDS = 60.0
STOP_SECONDS = 15.0
ANSWER_SECONDS = 2.0
POLL_SECONDS = 0.03
PORT_ATTEMPTS = 5
TAIL_LINES = 40
TAIL_WIDTH = 300
TALKATIVE = ("synapse.access", "synapse.storage", "synapse.handlers.e2e_keys")
"""Each request, statement and one-time key would be a line: half of the time of a busy server."""

BIRTHMARK = "org.paybridge.throwaway"
PORT_TAKEN = ("Address already in use", "CannotListenError")


_FAST = {"per_second": 10_000, "burst_count": 10_000}
GENEROUS: Mapping[str, Any] = {
    "rc_message": _FAST,
    "rc_registration": _FAST,
    "rc_registration_token_validity": _FAST,
    "rc_login": {"address": _FAST, "account": _FAST, "failed_attempts": _FAST},
    "rc_admin_redaction": _FAST,
    "rc_joins": {"local": _FAST, "remote": _FAST},
    "rc_joins_per_room": _FAST,
    "rc_key_requests": _FAST,
    "rc_3pid_validation": _FAST,
    "rc_invites": {"per_room": _FAST, "per_user": _FAST, "per_issuer": _FAST},
    "rc_third_party_invite": _FAST,
    "rc_media_create": _FAST,
    "rc_presence": {"per_user": _FAST},
    "rc_delayed_event_mgmt": _FAST,
    "rc_room_creation": _FAST,
    "rc_reports": _FAST,
    "rc_user_directory": _FAST,
    "rc_profile": _FAST,
}
"""No rate limit that a test or a demo could meet by being quick."""

QUIET: Mapping[str, Any] = {
    "report_stats": False,
    "trusted_key_servers": [],
    "federation_domain_whitelist": [],
    "send_federation": False,
    "allow_public_rooms_over_federation": False,
    "push": {"enabled": False},
    "enable_registration": False,
    "enable_metrics": False,
    "url_preview_enabled": False,
    "presence": {"enabled": False},
    "bcrypt_rounds": 4,
    "encryption_enabled_by_default_for_room_type": "off",
}
"""Nothing leaves the machine, and nothing runs that nobody here looks at."""


class HomeserverError(Exception):
    """The homeserver did not come up, its last log lines in the text, or refused what it was asked."""


class PortTakenError(HomeserverError):
    """Someone else took the port between our look and Synapse's."""


class Homeserver:
    """One Synapse with SQLite, no federation and no traffic to the outside.

    `settings` is merged over our own configuration, for a test that needs, say, an application service.
    """

    def __init__(
        self, directory: Path, *, server_name: str = "demo.local", settings: Mapping[str, Any] | None = None
    ) -> None:
        self.directory = directory
        self.server_name = server_name
        self.url = ""
        self._settings = dict(settings or {})
        self._secret = secrets.token_urlsafe(32)
        self._birthmark = secrets.token_hex(16)
        self._config = directory / "homeserver.json"
        self._log = directory / "homeserver.log"
        self._output = directory / "homeserver.out"
        self._process: Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self._admin_token = ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it answers; after a `stop` it has the same address and data."""
        if self._process is not None:
            raise HomeserverError("the homeserver is already running")
        if self.url:
            await self._start_on(int(self.url.rpartition(":")[2]))
            return
        for _ in range(PORT_ATTEMPTS):
            try:
                await self._start_on(free_port())
            except PortTakenError:
                continue
            return
        raise HomeserverError(f"lost the race for a free port {PORT_ATTEMPTS} times")

    async def stop(self) -> None:
        """Let it close its database and leave; kill it if it will not."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it without warning, as a crash would."""
        await self._end(signal.SIGKILL)

    async def register(
        self, localpart: str, password: str, display_name: str | None = None, *, admin: bool = False
    ) -> str:
        """Create an account and return its user id."""
        return str((await self._register(localpart, password, display_name, admin=admin))["user_id"])

    async def set_ratelimit_override(self, user_id: str) -> None:
        """Lift every rate limit on what this user sends, as an operator does for a bridge."""
        await self._operate(
            "POST",
            f"/_synapse/admin/v1/users/{user_id}/override_ratelimit",
            body={"messages_per_second": 0, "burst_count": 0},
        )

    async def set_password(self, user_id: str, password: str) -> None:
        """Give an account a password that was made without one, as those of application services are."""
        body = {"password": password, "logout_devices": False}
        await self._operate("PUT", f"/_synapse/admin/v2/users/{user_id}", body=body)

    async def devices(self, user_id: str) -> list[str]:
        """The ids of all devices on which this user is logged in."""
        known = await self._operate("GET", f"/_synapse/admin/v2/users/{user_id}/devices")
        return [str(device["device_id"]) for device in known["devices"]]

    def tail(self) -> str:
        """Return the last lines that it logged or printed."""
        lines = [*_lines(self._log)[-TAIL_LINES:], *_lines(self._output)[-TAIL_LINES:]]
        return "\n".join(line[:TAIL_WIDTH] for line in lines)

    async def _start_on(self, port: int) -> None:
        url = f"http://{HOST}:{port}"
        self._write_config(port, url)
        self._session = aiohttp.ClientSession(url)
        with self._output.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", str(Path(__file__).with_name("leash.py"))),
                *("synapse.app.homeserver", "--config-path", str(self._config)),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=self.directory,
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._until_it_answers()
        except TimeoutError as error:
            msg = f"the homeserver did not answer within {START_SECONDS:.0f} seconds\n{self.tail()}"
            await self.stop()
            raise HomeserverError(msg) from error
        except BaseException:
            await self.stop()
            raise
        self.url = url

    async def _until_it_answers(self) -> None:
        while not await self._answers():
            if self._process is not None and self._process.returncode is not None:
                printed = "\n".join(_lines(self._output))
                kind = PortTakenError if any(words in printed for words in PORT_TAKEN) else HomeserverError
                raise kind(f"the homeserver ended with code {self._process.returncode}\n{self.tail()}")
            await asyncio.sleep(POLL_SECONDS)

    async def _answers(self) -> bool:
        """Ask for something that only our own Synapse knows: another program may have won the port."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                known = await self._call("GET", "/.well-known/matrix/client")
        except (aiohttp.ClientError, HomeserverError, TimeoutError, ValueError):
            return False
        return known.get(BIRTHMARK) == self._birthmark

    async def _end(self, by: signal.Signals) -> None:
        session, process = self._session, self._process
        self._session = self._process = None
        if session is not None:
            await session.close()
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(by)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if process.stdin is not None:
            process.stdin.close()

    async def _register(
        self, localpart: str, password: str, display_name: str | None, *, admin: bool
    ) -> dict[str, Any]:
        path = "/_synapse/admin/v1/register"
        nonce = (await self._call("GET", path))["nonce"]
        words = (nonce, localpart, password, "admin" if admin else "notadmin")
        proof = hmac.new(self._secret.encode(), "\0".join(words).encode(), hashlib.sha1).hexdigest()
        account = {"nonce": nonce, "username": localpart, "password": password, "admin": admin, "mac": proof}
        # Without a login there is no device, so that a person starts with only those that they really have.
        account |= {"displayname": display_name or localpart, "inhibit_login": not admin}
        return await self._call("POST", path, body=account)

    async def _operate(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        if not self._admin_token:
            name, password = f"operator-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
            self._admin_token = (await self._register(name, password, None, admin=True))["access_token"]
        return await self._call(method, path, body=body, token=self._admin_token)

    async def _call(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, token: str = ""
    ) -> dict[str, Any]:
        if self._session is None:
            raise HomeserverError("the homeserver is not running")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(method, path, json=body, headers=headers) as answer:
            if not answer.ok:
                raise HomeserverError(f"{method} {path}: {answer.status} {await answer.text()}")
            return dict(await answer.json())

    def _write_config(self, port: int, url: str) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        logging = self.directory / "logging.json"
        logging.write_text(json.dumps(_logging(self._log)), encoding="utf-8")
        signing_key = self.directory / "signing.key"
        if not signing_key.exists():
            # Synapse's own form, so that it need not be run once more just to make a key.
            seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
            signing_key.write_text(f"ed25519 a_1 {seed}\n", encoding="utf-8")
        config = {
            "server_name": self.server_name,
            "public_baseurl": f"{url}/",
            "extra_well_known_client_content": {BIRTHMARK: self._birthmark},
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": self._secret,
            "form_secret": self._secret,
            "signing_key_path": str(signing_key),
            "log_config": str(logging),
            "media_store_path": str(self.directory / "media"),
            "database": {"name": "sqlite3", "args": {"database": str(self.directory / "homeserver.db")}},
            "listeners": [_listener(port)],
            **QUIET,
            **GENEROUS,
            **self._settings,
        }
        # JSON is YAML too.
        self._config.write_text(json.dumps(config, indent=1), encoding="utf-8")


def free_port() -> int:
    """Find a loopback port that nobody listens on right now."""
    for _ in PORTS:
        port = secrets.choice(PORTS)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
            try:
                attempt.bind((HOST, port))
            except OSError:
                continue
            return port
    raise HomeserverError(f"no free port between {PORTS.start} and {PORTS.stop}")


def _listener(port: int) -> dict[str, Any]:
    return {
        "port": port,
        "type": "http",
        "bind_addresses": [HOST],
        "tls": False,
        "resources": [{"names": ["client"], "compress": False}],
    }


def _logging(file: Path) -> dict[str, Any]:
    line = "%(asctime)s %(levelname)s %(name)s %(request)s %(message)s"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": line, "defaults": {"request": ""}}},
        "handlers": {"file": {"class": "logging.FileHandler", "formatter": "line", "filename": str(file)}},
        "root": {"level": "INFO", "handlers": ["file"]},
        "loggers": {name: {"level": "WARNING"} for name in TALKATIVE},
    }


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []

"""Writes a new config with new secrets, readable by its owner alone."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from paybridge.config.errors import ConfigError
from paybridge.config.load import known_options, load_config
from paybridge.config.model import MASTER_KEY_FILE, Config
from paybridge.config.reference import PLACEHOLDERS, example
from paybridge.vault import MasterKey, MasterKeyError

API_KEY_FILE: Final = "bank-api-key"
WEBHOOK_SECRET_FILE: Final = "bank-webhook-secret"  # noqa: S105  a file's name

Randomness = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What only the operator knows. A relative `data_dir` starts at the config's folder."""

    homeserver: str
    user_id: str
    password: str | None = None
    access_token: str | None = None
    device_id: str | None = None
    data_dir: Path = Path("data")
    bank_url: str | None = None
    admin: str | None = None

    def values(self) -> dict[str, object]:
        """The config's keys that these answers set, secrets of our own left out."""
        keys = {
            "homeserver.url": self.homeserver,
            "homeserver.user_id": self.user_id,
            "homeserver.password": self.password,
            "homeserver.access_token": self.access_token,
            "homeserver.device_id": self.device_id,
            "data_dir": str(self.data_dir),
            "admins": [self.admin] if self.admin else None,
            "rails.bank.url": self.bank_url,
            "rails.bank.allow_hosts": _elsewhere(self.bank_url),
        }
        return {key: value for key, value in keys.items() if value is not None} | {"rails.internal": None}


class AlreadyThereError(Exception):
    """There is a config already, and it was not to be replaced; the text is one line for the operator."""


def write_fresh(path: Path, answers: Answers, randomness: Randomness, *, force: bool = False) -> Config:
    """Write a config to `path` and its secrets into the data folder; `ConfigError` or `AlreadyThereError`.

    Nothing is written unless the answers make a sound config. Secrets that are there already are kept, also
    with `force`: a new master key would make the books unreadable.
    """
    if path.exists() and not force:
        raise AlreadyThereError(f"{path} is there already; --force replaces it and keeps its secrets")
    _check(answers)
    values = answers.values()
    if answers.bank_url is not None:
        values["rails.bank.api_key_file"] = str(answers.data_dir / API_KEY_FILE)
        values["rails.bank.webhook_secret_file"] = str(answers.data_dir / WEBHOOK_SECRET_FILE)
    _write(path, answers.data_dir, values, randomness, bank=answers.bank_url is not None)
    return load_config(path, {})


def write_unedited(path: Path, randomness: Randomness) -> None:
    """Write a config for an operator to fill in, with all its secrets beside it; `ConfigError`.

    What the example has in the place of their own values is what `check_edited` asks them to replace.
    """
    account = {key: value for key, value in PLACEHOLDERS.items() if key.startswith("homeserver.")}
    _write(path, Path(), account | {"data_dir": ".", "rails.internal": None}, randomness, bank=True)


def _write(
    path: Path, data_dir: Path, values: Mapping[str, object], randomness: Randomness, *, bank: bool
) -> None:
    """Write secrets that are not there yet, and then the config; what fails is one line."""
    folder = path.absolute().parent / data_dir.expanduser()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / MASTER_KEY_FILE).exists():
            MasterKey.generate(folder / MASTER_KEY_FILE, randomness)
        if bank:
            _keep(folder / API_KEY_FILE, _new_api_key(randomness))
            _keep(folder / WEBHOOK_SECRET_FILE, _new_webhook_secret(randomness))
        _replace(path, example(known_options(), values))
    except MasterKeyError as error:
        raise ConfigError.at(str(folder), f"{error} (as user {os.geteuid()})") from None
    except OSError as error:
        where, user = str(error.filename or path), os.geteuid()
        raise ConfigError.at(where, f"cannot be written by user {user}: {error.strerror}") from None


def is_on_this_machine(url: str) -> bool:
    """Whether an address is a loopback one."""
    return (urlsplit(url).hostname or "") in {"localhost", "127.0.0.1", "::1"}


def _elsewhere(url: str | None) -> list[str] | None:
    """The host of a bank that is not on this machine, which has to be allowed by name."""
    host = None if url is None or is_on_this_machine(url) else urlsplit(url).hostname
    return [host] if host else None


def _check(answers: Answers) -> None:
    """See that the answers make a sound config, with made-up secrets, before anything is written for good."""
    values = answers.values()
    if answers.bank_url is not None:
        values["rails.bank.api_key"] = _new_api_key(bytes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(example(known_options(), values), encoding="utf-8")
        load_config(path, {})


def _new_api_key(randomness: Randomness) -> str:
    return "bank_test_" + randomness(24).hex()


def _new_webhook_secret(randomness: Randomness) -> str:
    return "whsec_" + base64.b64encode(randomness(32)).decode()


def _keep(path: Path, secret: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret + "\n")


def _replace(path: Path, text: str) -> None:
    """Write the file whole or not at all, for its owner alone from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise

"""Checks that the registration file of a bridge reserves its ghosts, so that nobody else can be one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from paybridge.config.bridges import BridgeRow, beginning, ghosts_of
from paybridge.config.errors import ConfigError
from paybridge.domain.bridges import Bridge, Tier

LARGEST: Final = 262_144
SHARED: Final = "does not say exclusive: true of the ghosts, so that anybody may register as one"
NOT_ALL: Final = "does not reserve all ids that the bridge's `ghosts` fits"
BOT_FREE: Final = "does not reserve the bot's id, {bot}"
ANYTHING: Final = (".*", ".+", "[^:]*", "[^:]+")


def check_registrations(rows: Sequence[BridgeRow], bridges: Sequence[Bridge], server: str) -> None:
    """See that each registration that the config names reserves its bridge's ghosts, or `ConfigError`."""
    for number, (row, bridge) in enumerate(zip(rows, bridges, strict=True)):
        if row.registration is not None:
            fault = registration_fault(row.registration, row, bridge, server)
            if fault is not None:
                raise ConfigError.at(f"bridges[{number}].registration", fault)


def registration_fault(path: Path, row: BridgeRow, bridge: Bridge, server: str) -> str | None:
    """What is wrong with the file, without showing anything of it: it also holds the bridge's tokens."""
    try:
        with path.open("rb") as file:
            told = YAML(typ="safe", pure=True).load(file.read(LARGEST).decode())
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    except (UnicodeDecodeError, YAMLError):
        return f"{path} is not YAML"
    users = _users(told)
    if users is None:
        return f"{path} is no registration: it has no namespaces.users"
    fault = None if bridge.tier is Tier.DENIED else _not_reserved(users, row, server)
    if fault is None and f"@{told.get('sender_localpart')}:{server}" != bridge.bot:
        fault = None if any(_fits(regex, bridge.bot) for regex in _exclusive(users)) else BOT_FREE
    return f"{path} {fault.format(bot=bridge.bot)}" if fault else None


def _not_reserved(users: Sequence[Mapping[str, object]], row: BridgeRow, server: str) -> str | None:
    ghosts = ghosts_of(row, server)
    if any(_covers(regex, ghosts, server) for regex in _exclusive(users)):
        return None
    shared = any(_covers(str(user.get("regex")), ghosts, server) for user in users)
    return SHARED if shared else NOT_ALL


def _exclusive(users: Sequence[Mapping[str, object]]) -> list[str]:
    return [str(user.get("regex")) for user in users if user.get("exclusive") is True]


def _users(told: object) -> list[Mapping[str, object]] | None:
    namespaces = told.get("namespaces") if isinstance(told, Mapping) else None
    users = namespaces.get("users") if isinstance(namespaces, Mapping) else None
    if not isinstance(users, list):
        return None
    return [user for user in users if isinstance(user, Mapping)]


def _covers(regex: str, ours: str, server: str) -> bool:
    """Whether each localpart that `ours` fits surely is the regex's, on this server.

    Surely means: it says the same, or it takes everything that begins like them. A homeserver matches the
    regex with the beginning of an id, so that one without a server takes this server's too.
    """
    theirs, colon, where = regex.removeprefix("^").removeprefix("@").removesuffix("$").rpartition(":")
    if not colon:
        theirs = where
    elif not _fits(where, server):
        return False
    if theirs == ours:
        return True
    begins = beginning(theirs)
    takes_all_else = theirs.removeprefix(begins) in ANYTHING
    return takes_all_else and beginning(ours).replace("\\", "").startswith(begins.replace("\\", ""))


def _fits(regex: str, text: str) -> bool:
    try:
        return re.match(regex, text) is not None
    except re.error:
        return False

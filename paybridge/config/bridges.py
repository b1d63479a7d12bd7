"""Makes the table of bridges of its rows in the config and of the profiles that come with PayBridge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field
from ruamel.yaml import YAML

from paybridge.config.sections import MatrixId, Section, at_key
from paybridge.domain.bridges import Bridge, Bridges, Tier

ProfileName = Literal[
    "mautrix-whatsapp",
    "mautrix-telegram",
    "mautrix-signal",
    "mautrix-discord",
    "mautrix-slack",
    "mautrix-meta",
    "mautrix-gmessages",
    "heisenbridge",
    "matrix-appservice-irc",
    "matterbridge",
    "matrix-hookshot",
]
PROFILES: Final[tuple[ProfileName, ...]] = (
    "mautrix-whatsapp",
    "mautrix-telegram",
    "mautrix-signal",
    "mautrix-discord",
    "mautrix-slack",
    "mautrix-meta",
    "mautrix-gmessages",
    "heisenbridge",
    "matrix-appservice-irc",
    "matterbridge",
    "matrix-hookshot",
)
STRICTNESS: Final = (Tier.ACCOUNT, Tier.NICK, Tier.DENIED)
SHORTEST_BEGINNING: Final = 3

# A letter that stands for itself, and is not made optional or repeated by what follows it.
_BEGINNING: Final = re.compile(r"(?:(?:[A-Za-z0-9_=/-]|\\[.\-/+=])(?![*?+{]))*")


def _tier(value: object) -> Tier:
    try:
        return Tier(str(value))
    except ValueError:
        raise ValueError("must be account, nick or denied") from None


class BridgeProfile(Section):
    """A file of `paybridge/bridges`: ids without their server, which is the operator's own."""

    network: str
    bot: str
    ghosts: str
    denied: tuple[str, ...]
    tier: Annotated[Tier, BeforeValidator(_tier)]
    double_puppets: str | None = None
    guild_names: bool = False


class BridgeRow(Section):
    """One bridge, as the operator writes it down: a profile, and what is different here; or everything."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    profile: ProfileName | None = None
    network: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    ghosts: str | None = None
    bot: MatrixId | None = None
    tier: Annotated[Tier, BeforeValidator(_tier)] | None = None
    denied: tuple[str, ...] = ()
    double_puppets: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    registration: Path | None = None

    def settled(self, folder: Path) -> BridgeRow:
        """The same row, a relative path taken to start at `folder`."""
        if self.registration is None:
            return self
        return self.model_copy(update={"registration": folder / self.registration.expanduser()})


def bridge_profile(name: str) -> BridgeProfile:
    """The profile of this name that comes with PayBridge."""
    written = (files("paybridge") / "bridges" / f"{name}.yaml").read_text(encoding="utf-8")
    return BridgeProfile.model_validate(YAML(typ="safe", pure=True).load(written))


def bridges_of(rows: Sequence[BridgeRow], server: str, people: Iterable[str]) -> Bridges:
    """The table; a fault is told at its key. `people` are Matrix ids that no bridge may call its ghosts."""
    bridges: list[Bridge] = []
    for number, row in enumerate(rows):
        key = f"bridges[{number}]"
        bridge = _bridge(key, row, server)
        if any(bridge.id == other.id for other in bridges):
            raise at_key(f"{key}.id", "is another bridge's")
        if any(bridge.bot == other.bot for other in bridges):
            raise at_key(f"{key}.bot", "is another bridge's")
        for mxid in people:
            if bridge.ghosts.fullmatch(mxid) or bridge.denies(mxid):
                raise at_key(f"{key}.ghosts", f"also fits {mxid}, who is no ghost")
        bridges.append(bridge)
    return Bridges(tuple(bridges))


def _bridge(key: str, row: BridgeRow, server: str) -> Bridge:
    profile = bridge_profile(row.profile) if row.profile else None
    network = row.network or (profile.network if profile else None)
    tier = _stricter(key, row.tier, profile)
    if network is None:
        raise at_key(f"{key}.network", "is missing: say how people call it, or name a profile")
    if row.bot is not None and not row.bot.endswith(f":{server}"):
        raise at_key(f"{key}.bot", f"must be on your own server, {server}")
    bot = row.bot or (f"@{profile.bot}:{server}" if profile else None)
    if bot is None:
        raise at_key(f"{key}.bot", "is missing: give its full Matrix id, or name a profile")
    if row.ghosts is not None:
        ghosts = ids_like(f"{key}.ghosts", row.ghosts, server, shortest=_shortest(tier))
    elif profile is not None:
        ghosts = ids_like(f"{key}.ghosts", written_out(profile.ghosts, server), server, shortest=0)
    else:
        raise at_key(f"{key}.ghosts", "is missing: say which ids are its ghosts, or name a profile")
    denied = [written_out(pattern, server) for pattern in profile.denied] if profile else []
    return Bridge(
        id=row.id,
        network=network,
        ghosts=ghosts,
        bot=bot,
        tier=tier,
        denied=tuple(
            ids_like(f"{key}.denied", pattern, server, shortest=0) for pattern in [*denied, *row.denied]
        ),
        double_puppets=row.double_puppets or (profile.double_puppets if profile else None),
        guild_names=profile is not None and profile.guild_names,
    )


def ghosts_of(row: BridgeRow, server: str) -> str:
    """The pattern of its ghosts' localparts; the row has been read before."""
    if row.ghosts is not None:
        return localparts_of(row.ghosts, server) or ""
    return bridge_profile(row.profile).ghosts if row.profile else ""


def _stricter(key: str, tier: Tier | None, profile: BridgeProfile | None) -> Tier:
    """The operator's tier, which may trust less than the profile, and never more."""
    if profile is None:
        if tier is None:
            raise at_key(f"{key}.tier", "is missing: account, nick or denied, or name a profile")
        return tier
    if tier is None:
        return profile.tier
    if STRICTNESS.index(tier) < STRICTNESS.index(profile.tier):
        raise at_key(f"{key}.tier", f"{profile.network} is no more than {profile.tier}")
    return tier


def _shortest(tier: Tier) -> int:
    return 0 if tier is Tier.DENIED else SHORTEST_BEGINNING


def written_out(localparts: str, server: str) -> str:
    """A profile's pattern of localparts as the operator would write it."""
    return f"@{localparts}:{re.escape(server)}"


def beginning(localparts: str) -> str:
    """What each localpart that the pattern fits begins with, as a pattern that has no choices."""
    found = _BEGINNING.match(localparts)
    assert found is not None  # it also fits nothing
    return found[0]


def localparts_of(pattern: str, server: str) -> str | None:
    """The part of a pattern of Matrix ids between `@` and the server, None if it does not end with that."""
    stripped = pattern.removeprefix("^").removesuffix("$")
    end = f":{re.escape(server)}"
    if not stripped.startswith("@") or not stripped.endswith(end):
        return None
    return stripped[1 : -len(end)]


def ids_like(key: str, pattern: str, server: str, *, shortest: int) -> re.Pattern[str]:
    """The pattern, bound to the server and to its own beginning of at least `shortest` letters.

    So bound, no alternative that stands in it can reach another server, or people whose ids begin otherwise.
    """
    localparts = localparts_of(pattern, server)
    if localparts is None:
        raise at_key(key, f"must begin with @ and end with :{re.escape(server)}, your own server")
    begins = beginning(localparts)
    if len(begins.replace("\\", "")) < shortest:
        raise at_key(key, f"must begin with @ and at least {shortest} letters that all its ghosts share")
    try:
        re.compile(localparts)
        return re.compile(rf"@(?={begins}[^:]*:{re.escape(server)}\Z)(?:{localparts}):{re.escape(server)}")
    except re.error as error:
        raise at_key(key, f"is not a regular expression: {error.msg}") from None

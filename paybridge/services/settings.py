"""The operator's choices that the use cases follow, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from paybridge.domain.bridges import Bridges
from paybridge.domain.policy import Policy
from paybridge.domain.proof import Trust
from paybridge.domain.region import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.approval import Allowance
    from paybridge.domain.bridged import Bridged
    from paybridge.domain.permissions import Permissions


@dataclass(frozen=True, slots=True)
class Settings:
    """What the config says, for the use cases.

    `bot` is the bot's Matrix id. `freshness` is how old a command may be, by either clock.
    `policy` holds in every room; a room's own can only tighten it. `region` has the rules of the region.
    `public_url` is how people reach the web pages; without it no links to them are offered.
    `bridges` says whose ghosts are whose, and is the only thing that does; `bridged` is what ghosts may
    approve by themselves, nothing if it is None.
    After `ghost_silence` a linked ghost is confirmed again.
    `admin_room` is where operators give orders; what moves money or loosens something waits for
    `admin_delay`, or for a second one if it takes `two_admins`.
    `languages` are those that people can choose: from each name that chooses one to its code.
    `version` is that of the program.
    """

    bot: str
    currency: str
    allowance: Allowance
    permissions: Permissions
    required_trust: Trust = Trust.CROSS_SIGNED_TOFU
    language: str = "en"
    card_life: timedelta = timedelta(minutes=5)
    request_life: timedelta = timedelta(days=7)
    claim_life: timedelta = timedelta(days=7)
    freshness: timedelta = timedelta(minutes=5)
    freeze_life: timedelta = timedelta(hours=24)
    policy: Policy = field(default_factory=Policy)
    region: Region = field(default_factory=Region)
    public_url: str | None = None
    admin_room: str | None = None
    admin_delay: timedelta = timedelta(hours=1)
    two_admins: bool = False
    bridged: Bridged | None = None
    ghost_silence: timedelta = timedelta(days=180)
    bridges: Bridges = field(default_factory=Bridges)
    languages: Mapping[str, str] = field(default_factory=dict)
    version: str = ""

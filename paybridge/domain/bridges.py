"""Bridges: which Matrix ids are ghosts of people on other networks, and how far such a ghost is trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence


class Tier(StrEnum):
    """What stands behind a ghost, and so what it may do by itself."""

    ACCOUNT = "account"
    """An account of one person at the other network (WhatsApp, Signal): small payments to known payees."""
    NICK = "nick"
    """A name that anybody may take (IRC): receives; whoever it is linked to approves what it pays."""
    DENIED = "denied"
    """One account for many people (matterbridge): never heard."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """One row of the operator's table. `ghosts` and `denied` match whole Matrix ids, server name included.

    `network` is how people call the other side, `WhatsApp`. `bot` is the Matrix id of the bridge bot.
    `denied` are senders behind which no single person stands: relays, channels, bots of the other side.
    `double_puppets` is what the bridge writes into what it sends under the Matrix ids of people who are on
    both sides. With `guild_names`, a profile of a message that is named `<guild>_<ghost>` is the ghost's own.
    """

    id: str
    network: str
    ghosts: re.Pattern[str]
    bot: str
    tier: Tier
    denied: Sequence[re.Pattern[str]] = field(default=())
    double_puppets: str | None = None
    guild_names: bool = False

    @property
    def takes_people(self) -> bool:
        """Whether a ghost of it can be somebody's."""
        return self.tier is not Tier.DENIED

    def has_ghost(self, mxid: str) -> bool:
        """Whether this Matrix id is one of its ghosts behind which one person stands."""
        return self.ghosts.fullmatch(mxid) is not None and not self.denies(mxid)

    def denies(self, mxid: str) -> bool:
        """Whether nothing that this sender says is ever authorised: the bot, relays, channels."""
        if self.tier is Tier.DENIED and self.ghosts.fullmatch(mxid):
            return True
        return mxid == self.bot or any(pattern.fullmatch(mxid) for pattern in self.denied)

    def gives_name(self, mxid: str, profile: str) -> bool:
        """Whether a message's profile is the name that this very ghost has in one guild of the other side."""
        guild, _, person = profile.partition("_")
        figures = guild.isdigit() and person.isdigit()
        return self.guild_names and figures and mxid.partition(":")[0].endswith(f"_{person}")


@dataclass(frozen=True, slots=True)
class Bridges:
    """The operator's table: the only source of trust in ghosts. An unknown ghost is an ordinary user."""

    rows: Sequence[Bridge] = ()

    def reach(self, members: Iterable[str]) -> bool:
        """Whether what is said to these people is read on another network: a ghost or a bot hears it."""
        return bool(self.rows) and any(self.of(mxid) or self.denying(mxid) for mxid in members)

    def of(self, mxid: str) -> Bridge | None:
        """The bridge whose ghost this is."""
        return next((bridge for bridge in self.rows if bridge.has_ghost(mxid)), None)

    def denying(self, mxid: str) -> Bridge | None:
        """The bridge for which this sender speaks without being one person: its bot, a relay, a channel."""
        return next((bridge for bridge in self.rows if bridge.denies(mxid)), None)

    def marking(self, source: str) -> Bridge | None:
        """The bridge that marks with `source` what it sends under people's own Matrix ids."""
        return next((bridge for bridge in self.rows if bridge.double_puppets == source), None)

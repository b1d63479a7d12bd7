"""Who may do what: a role for a Matrix id, a whole server, or everyone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERYONE: Final = "*"


class NotAllowedError(UserError):
    """The operator does not let this person do that."""

    key = "error.not_allowed"


class Role(IntEnum):
    """What somebody may do here; each role may do all that a lower one may."""

    BLOCKED = 0
    """Nothing: the bot does not answer them, and nobody can pay them."""
    RECEIVE = 1
    """Be paid, and claim and cash out what they got."""
    USER = 2
    """Pay, request and split as well."""
    MERCHANT = 3
    ADMIN = 4

    @property
    def label(self) -> str:
        """The name as it stands in the config, `merchant`."""
        return self.name.lower()

    @classmethod
    def named(cls, label: str) -> Role:
        """The role with this config name, or ValueError."""
        for role in cls:
            if role.label == label:
                return role
        raise ValueError(label)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Roles by Matrix id, by server name, and by `*`; the most exact one counts, and nobody else has any."""

    roles: Mapping[str, Role] = field(default_factory=dict)

    def role_of(self, mxid: str) -> Role:
        """The role of a full Matrix id. Letters of another case are another name, as everywhere in Matrix."""
        mark, _, rest = mxid.partition("@")
        server = rest.partition(":")[2]
        if mark or not server:
            return Role.BLOCKED  # no Matrix id at all: it must not pass for a server's name
        for name in (mxid, server, EVERYONE):
            if name in self.roles:
                return self.roles[name]
        return Role.BLOCKED

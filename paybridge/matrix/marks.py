"""What bridges and relays write into what they send: that it is somebody else's than its sender's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PROFILES: Final = ("com.beeper.per_message_profile", "m.per_message_profile")
WEBHOOK: Final = "fi.mau.discord.webhook_metadata"
DOUBLE_PUPPET: Final = "fi.mau.double_puppet_source"
LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one message.

    `profile` is the id of the profile under which it is shown instead of its sender's, empty if that cannot
    be read; `webhook`: it came through one; `puppet` is which bridge sent it under a person's own Matrix id.
    """

    profile: str | None = None
    webhook: bool = False
    puppet: str | None = None


UNMARKED: Final = Marks()


def read(content: Mapping[str, object]) -> Marks:
    """The marks in a content; never raises, whatever it is given."""
    profiles = [content[name] for name in PROFILES if name in content]
    ids = {_text(one.get("id")) if isinstance(one, Mapping) else "" for one in profiles}
    return Marks(
        profile=None if not profiles else "" if len(ids) > 1 else ids.pop(),
        webhook=WEBHOOK in content,
        puppet=_text(content[DOUBLE_PUPPET]) if DOUBLE_PUPPET in content else None,
    )


def kept(content: Mapping[str, object]) -> dict[str, object]:
    """As much of a content as `read` needs to read the same again, and nothing of unknown size or depth."""
    found = read(content)
    less: dict[str, object] = {}
    if found.profile is not None:
        less[PROFILES[0]] = {"id": found.profile}
    if found.webhook:
        less[WEBHOOK] = {}
    if found.puppet is not None:
        less[DOUBLE_PUPPET] = found.puppet
    return less


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST and value.isprintable() else ""

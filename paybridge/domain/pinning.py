"""The master key by which a Matrix id was first met; while it shows another one, nothing is done for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Freeze:
    """Another key than the pinned one, seen since `since`; None if the identity has none at all any more.

    From `until` on the other key is taken. Without a key there is nothing to take, and so no end.
    """

    other: str | None
    since: datetime
    until: datetime | None

    def is_over(self, at: datetime) -> bool:
        """Whether the other key may take the pinned one's place."""
        return self.until is not None and at >= self.until


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A Matrix id's public master key as it was at first, unpadded base64, and its freeze if there is one."""

    mxid: str
    key: str
    freeze: Freeze | None = None
    version: int = 0


def look_again(pinned: PinnedKey, shown: str | None, at: datetime, life: timedelta) -> PinnedKey:
    """What is pinned once the identity shows the master key `shown` at `at`; the same if that is no news.

    Each key that comes has to wait for `life` by itself. Going back to the pinned one ends a freeze at once.
    """
    if shown == pinned.key:
        return pinned if pinned.freeze is None else replace(pinned, freeze=None)
    if pinned.freeze is None or pinned.freeze.other != shown:
        return replace(pinned, freeze=Freeze(shown, at, None if shown is None else at + life))
    return thaw(pinned, at)


def thaw(pinned: PinnedKey, at: datetime) -> PinnedKey:
    """The other key pinned if its time has come, else the same."""
    freeze = pinned.freeze
    if freeze is None or freeze.other is None or not freeze.is_over(at):
        return pinned
    return replace(pinned, key=freeze.other, freeze=None)

"""A visit of a shop's owner to the shop's pages: a secret in one browser, for a while; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

IDLE: Final = timedelta(minutes=30)
"""So long a session may stand unused."""
LONGEST: Final = timedelta(hours=8)
"""So long it lasts at most: a day at the counter."""
WITHOUT_PASSKEY: Final = timedelta(minutes=15)
"""So long one lasts that was begun by the link alone."""
NOTED_EACH: Final = timedelta(minutes=1)
"""How often it is written down that it is used: not at each page."""


@dataclass(frozen=True, slots=True)
class ShopSession:
    """A session of a person with their shop's pages; `id` is the hash of its token, which is kept nowhere.

    `passkey` is the one that was shown when it began, None if the person had none. `ends` is when it is over
    however much it is used, `seen` when it was last noted that it is.
    """

    id: str
    person: str
    shop: str
    passkey: str | None
    started: datetime
    ends: datetime
    seen: datetime
    closed: bool = False
    version: int = 0

    def is_open(self, now: datetime) -> bool:
        """Whether its pages may be seen now."""
        return not self.closed and now < self.ends and now < self.seen + IDLE


def started(token_hash: str, person: str, shop: str, passkey: str | None, now: datetime) -> ShopSession:
    """A session that begins now."""
    life = WITHOUT_PASSKEY if passkey is None else LONGEST
    return ShopSession(token_hash, person, shop, passkey, now, now + life, now)


def is_to_note(session: ShopSession, now: datetime) -> bool:
    """Whether it is long ago that its use was written down."""
    return now - session.seen >= NOTED_EACH


def noted(session: ShopSession, now: datetime) -> ShopSession:
    """The session once a page of it was seen; a clock that was set back takes nothing away."""
    return replace(session, seen=max(session.seen, now))


def closed(session: ShopSession) -> ShopSession:
    """The session once it is over."""
    return replace(session, closed=True)

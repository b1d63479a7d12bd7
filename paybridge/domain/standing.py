"""What the region's rules depend on of one person: how well they are known, and where their days begin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from paybridge.domain.region import Level

ZONE_DELAY: Final = timedelta(hours=24)
"""How long a new zone waits: whoever has somebody's phone could else end a night, or begin a new day."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's standing. `zone` None is the region's; `next_zone` takes its place at `next_from`.

    `terms` is the version of the terms that they agreed to, at `agreed`. `approvals` counts what they have
    approved under a cap: of two approvals that counted on the same past, only one can be the next.
    """

    person: str
    level: Level = Level.UNCHECKED
    zone: str | None = None
    next_zone: str | None = None
    next_from: datetime | None = None
    terms: str | None = None
    agreed: datetime | None = None
    approvals: int = 0
    version: int = 0

    def zone_at(self, at: datetime) -> str | None:
        """The name of the zone that counts at this time; None is the region's."""
        if self.next_from is not None and at >= self.next_from:
            return self.next_zone
        return self.zone

    def moving_to(self, zone: str, at: datetime) -> Standing:
        """The standing once the person has said at `at` that they live in `zone`."""
        return replace(self, zone=self.zone_at(at), next_zone=zone, next_from=at + ZONE_DELAY)

    def having_approved(self) -> Standing:
        """The standing after one more approval under a cap."""
        return replace(self, approvals=self.approvals + 1)

"""Bugs planted by hand, to see that the simulation finds them; each is undone when its block ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, update

from paybridge.domain.leg import Leg
from paybridge.domain.transfer import Transfer
from paybridge.services.outcomes import Outcomes
from paybridge.storage.kinds import KEY_OF, TABLE_OF, TERMS_OF
from paybridge.storage.sqlite import statements

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from paybridge.services.ports import Record


def key_of_each_attempt(patch: pytest.MonkeyPatch) -> None:
    """An order that is sent again is sent under another idempotency key."""
    patch.setattr(Leg, "key", property(lambda leg: f"paybridge-{leg.id}-{leg.attempts}"))


def release_on_timeout(patch: pytest.MonkeyPatch) -> None:
    """What nobody knows is taken for refused, and what was held for it is released."""

    async def lose_track(self: Outcomes, leg: Leg, transfer: Transfer, reason: str) -> Leg:
        del reason
        return await self.refuse(leg, transfer, "timeout")

    patch.setattr(Outcomes, "lose_track", lose_track)


def lost_update(patch: pytest.MonkeyPatch) -> None:
    """A record is written over whatever somebody else has made of it in the meantime."""
    for kind in (Leg, Transfer):
        patch.setitem(statements.UPDATE_OF, kind, _unconditional(kind))


def _unconditional(kind: type[Record]) -> statements.Statement:
    table, key = TABLE_OF[kind], KEY_OF[kind]
    kept = {key, *TERMS_OF[kind]}
    changed = [column.name for column in table.columns if column.name not in kept]
    made = update(table).where(table.c[key] == bindparam(f"_{key}"))
    return statements._statement(made, changed, {f"_{key}": key})  # noqa: SLF001 - compiled as the true one is


PLANTS: Final[dict[str, Callable[[pytest.MonkeyPatch], None]]] = {
    plant.__name__: plant for plant in (key_of_each_attempt, release_on_timeout, lost_update)
}

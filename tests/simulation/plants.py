"""Bugs planted by hand, to see that the simulation finds them; each is undone when its block ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, update

from paybridge.domain import reversal
from paybridge.domain.leg import Leg
from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer
from paybridge.services import late_news
from paybridge.services.approvals import Approvals
from paybridge.services.outcomes import Outcomes
from paybridge.storage.kinds import KEY_OF, TABLE_OF, TERMS_OF
from paybridge.storage.sqlite import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    from paybridge.domain.ledger import Journal
    from paybridge.domain.reversal import Loss
    from paybridge.services.ports import Record, Step
    from paybridge.services.says import Say


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


def refund_not_counted(patch: pytest.MonkeyPatch) -> None:
    """A refund is approved like any payment from the balance, whatever was refunded before."""

    async def refund(self: Approvals, approved: Transfer) -> tuple[Step, tuple[Say, ...]]:
        return await self._book_at_once(approved)

    patch.setattr(Approvals, "_refund", refund)


def owed_though_it_is_there(patch: pytest.MonkeyPatch) -> None:
    """What a rail takes back is owed at once, whatever the payee still has."""

    def take_back(
        transfer: Transfer, leg: Leg, amount: Money, spendable: Mapping[str, Money]
    ) -> tuple[Journal, tuple[Loss, ...]]:
        nothing = dict.fromkeys(spendable, Money.zero(amount.currency))
        return reversal.take_back(transfer, leg, amount, nothing)

    patch.setattr(late_news, "take_back", take_back)


def _unconditional(kind: type[Record]) -> statements.Statement:
    table, key = TABLE_OF[kind], KEY_OF[kind]
    kept = {key, *TERMS_OF[kind]}
    changed = [column.name for column in table.columns if column.name not in kept]
    made = update(table).where(table.c[key] == bindparam(f"_{key}"))
    return statements._statement(made, changed, {f"_{key}": key})  # noqa: SLF001 - compiled as the true one is


PLANTS: Final[dict[str, Callable[[pytest.MonkeyPatch], None]]] = {
    plant.__name__: plant
    for plant in (
        key_of_each_attempt,
        release_on_timeout,
        lost_update,
        refund_not_counted,
        owed_though_it_is_there,
    )
}

"""`AdminBook` on the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Integer, Text, bindparam, func, select, text

from paybridge.domain.ledger import AccountKind
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.domain.own_cap import own_cap_id
from paybridge.services.admin_book import Debt, Stood
from paybridge.storage.act_rows import act_of
from paybridge.storage.act_tables import act
from paybridge.storage.moments import moment_or_none
from paybridge.storage.motion_rows import motion_of
from paybridge.storage.motion_tables import IS_WAITING, motion
from paybridge.storage.own_cap_tables import own_cap, own_cap_of
from paybridge.storage.pause_tables import rail_pause, rail_pause_of
from paybridge.storage.rows import leg_of
from paybridge.storage.tables import (
    IS_OPEN,
    IS_STOOD_STILL,
    IS_SUSPENDED_LEG,
    IS_TO_SETTLE,
    account,
    entry,
    identity,
    journal,
    leg,
    person,
    transfer,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.acts import Act, ActKind
    from paybridge.domain.leg import Leg
    from paybridge.domain.motions import Motion
    from paybridge.domain.own_cap import OwnCap
    from paybridge.domain.rail_pause import RailPause
    from paybridge.storage.reading import Reading

ACTS: Final = select(act).order_by(act.c.number.desc()).limit(bindparam("limit", type_=Integer))
STOOD: Final = (
    select(identity.c.mxid, person.c.frozen, person.c.stopped)
    .select_from(person.join(identity, identity.c.person == person.c.id))
    .where(text(IS_STOOD_STILL))
    .order_by(identity.c.mxid)
)
OPEN_PAYMENTS: Final = (
    select(transfer.c.state, func.count().label("count")).where(text(IS_OPEN)).group_by(transfer.c.state)
)
LAST_OF: Final = (
    select(act).where(act.c.kind == bindparam("kind", type_=Text)).order_by(act.c.number.desc()).limit(1)
)
PAUSED: Final = select(rail_pause).where(rail_pause.c.since.is_not(None)).order_by(rail_pause.c.rail)
PAUSE: Final = select(rail_pause).where(rail_pause.c.rail == bindparam("rail"))
OWN_CAP: Final = select(own_cap).where(own_cap.c.id == bindparam("id"))
MOTION: Final = select(motion).where(motion.c.id == bindparam("id"))
WAITING: Final = select(motion).where(text(IS_WAITING)).order_by(motion.c.due, motion.c.id)
_ASSIGNED: Final = select(journal.c.id).where(journal.c.idem == leg.c.id + "/assigned").exists()
_LIES: Final = (
    select(leg)
    # Of a payment straight from account to account, nothing is in our books.
    .where(text(f"leg.{IS_SUSPENDED_LEG}"), leg.c.kind != LegKind.DIRECT.value, ~_ASSIGNED)
    .order_by(leg.c.transfer, leg.c.number)
)
SUSPENDED: Final = _LIES.limit(bindparam("limit", type_=Integer))
UNASSIGNED: Final = _LIES.where(leg.c.transfer == bindparam("payment"))
TO_SETTLE: Final = (
    select(account.c.id, account.c.owner, account.c.kind, account.c.currency, account.c.balance)
    .where(text(f"account.{IS_TO_SETTLE}"), account.c.balance != 0)
    .order_by(account.c.kind, account.c.currency, account.c.owner)
)
CAME_FROM: Final = (
    select(journal.c.transfer)
    .join_from(entry, journal, journal.c.id == entry.c.journal)
    .where(entry.c.account == bindparam("account", type_=BigInteger), entry.c.amount < 0)
    .order_by(entry.c.version.desc())
    .limit(3)
)


class SqlAdminBook:
    """Reads for operators; every question is answered by an index."""

    def __init__(self, reader: Reading) -> None:
        self._reader = reader

    async def last_act(self) -> Act | None:
        return next(iter(await self.acts(1)), None)

    async def acts(self, limit: int) -> Sequence[Act]:
        return [act_of(row) for row in await self._reader.rows(ACTS, {"limit": limit})]

    async def standing_still(self) -> Sequence[Stood]:
        return [
            Stood(row["mxid"], moment_or_none(row["frozen"]), moment_or_none(row["stopped"]))
            for row in await self._reader.rows(STOOD, {})
        ]

    async def last_of(self, kind: ActKind) -> Act | None:
        row = await self._reader.first(LAST_OF, {"kind": kind.value})
        return None if row is None else act_of(row)

    async def paused(self) -> Sequence[RailPause]:
        return [rail_pause_of(row) for row in await self._reader.rows(PAUSED, {})]

    async def own_cap(self, person: str, currency: str) -> OwnCap | None:
        row = await self._reader.first(OWN_CAP, {"id": own_cap_id(person, currency)})
        return None if row is None else own_cap_of(row)

    async def pause(self, rail: str) -> RailPause | None:
        row = await self._reader.first(PAUSE, {"rail": rail})
        return None if row is None else rail_pause_of(row)

    async def motion(self, motion: str) -> Motion | None:
        row = await self._reader.first(MOTION, {"id": motion})
        return None if row is None else motion_of(row)

    async def waiting(self) -> Sequence[Motion]:
        return [motion_of(row) for row in await self._reader.rows(WAITING, {})]

    async def suspended(self, limit: int) -> Sequence[Leg]:
        return [leg_of(row) for row in await self._reader.rows(SUSPENDED, {"limit": limit})]

    async def unassigned(self, payment: str) -> Sequence[Leg]:
        return [leg_of(row) for row in await self._reader.rows(UNASSIGNED, {"payment": payment})]

    async def in_suspense(self) -> Sequence[tuple[str, Money]]:
        rows = await self._reader.rows(TO_SETTLE, {})
        return [
            (row["owner"], Money(row["balance"], row["currency"]))
            for row in rows
            if row["kind"] == AccountKind.SUSPENSE.value
        ]

    async def debts(self) -> Sequence[Debt]:
        found = []
        for row in await self._reader.rows(TO_SETTLE, {}):
            if row["kind"] != AccountKind.RECEIVABLE.value:
                continue
            came = await self._reader.rows(CAME_FROM, {"account": row["id"]})
            payments = tuple(dict.fromkeys(one["transfer"] for one in came))
            found.append(Debt(row["owner"], Money(-row["balance"], row["currency"]), payments))
        return found

    async def open_payments(self) -> Mapping[str, int]:
        return {row["state"]: row["count"] for row in await self._reader.rows(OPEN_PAYMENTS, {})}

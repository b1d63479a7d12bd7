"""The book: steps go to the writer, questions to the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, and_, func, select, text, union_all

from paybridge.domain.ledger import AccountKind
from paybridge.domain.leg import ENDED_AT_A_RAIL, LegState
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferState
from paybridge.services.figures import StepTally
from paybridge.services.ports import ApprovedSoFar, Due, Errand, StepRefusedError
from paybridge.storage import questions as ask
from paybridge.storage import rows, tables
from paybridge.storage.rows import microseconds, moment
from paybridge.storage.tables import (
    account,
    identity,
    leg,
    origin,
    pinned_key,
    request,
    transfer,
)
from paybridge.storage.works import WriteStep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.leg import Leg
    from paybridge.domain.people import Link, Person
    from paybridge.domain.pinning import PinnedKey
    from paybridge.domain.policy import RoomPolicy
    from paybridge.domain.request import Request
    from paybridge.domain.transfer import Transfer
    from paybridge.services.ports import Step
    from paybridge.storage.reading import Facts, Reading
    from paybridge.storage.writing import Writing

_NEVER: Final = 2**63 - 1  # microseconds; later than every time that is stored
_OPEN_TRANSFERS: Final = text(tables.IS_OPEN)
_EXPIRING_TRANSFERS: Final = text(tables.IS_EXPIRING)
_CLAIMABLE_TRANSFERS: Final = text(tables.IS_CLAIMABLE)
_OPEN_REQUESTS: Final = text(tables.IS_OPEN_REQUEST)
_ON: Final = {
    Errand.SEND: and_(
        text(f"leg.{tables.IS_DUE_LEG}"), leg.c.state.in_([LegState.RESERVED.value, LegState.PREPARED.value])
    ),
    Errand.ASK: and_(
        text(f"leg.{tables.IS_DUE_LEG}"),
        leg.c.state.in_(
            [state.value for state in (LegState.EXECUTING, LegState.UNSURE, *sorted(ENDED_AT_A_RAIL))]
        ),
    ),
}
_HAS_OPEN_LEG: Final = select(leg.c.id).where(
    leg.c.transfer == transfer.c.id, text(f"leg.{tables.IS_OPEN_LEG}")
)


class SqlBook:
    """`Book` on the database."""

    def __init__(self, writer: Writing, reader: Reading) -> None:
        self._writer = writer
        self._reader = reader
        self.tally = StepTally()

    async def commit(self, step: Step) -> None:
        try:
            await self._writer.run(WriteStep(step))
        except StepRefusedError:
            self.tally.refused += 1
            raise
        self.tally.committed += 1

    # ------------------------------------------------------------ people

    async def person(self, person: str) -> Person | None:
        row = await self._reader.first(ask.PERSON, {"id": person})
        return None if row is None else rows.person_of(row)

    async def person_of(self, mxid: str) -> Person | None:
        row = await self._reader.first(ask.PERSON_OF, {"mxid": mxid})
        return None if row is None else rows.person_of(row)

    async def mxids_of(self, person: str) -> Sequence[str]:
        found = select(identity.c.mxid).where(identity.c.person == person)
        listed = await self._reader.rows(found.order_by(identity.c.since, identity.c.mxid))
        return [row["mxid"] for row in listed]

    async def links(self, person: str) -> Sequence[Link]:
        return [rows.link_of(row) for row in await self._reader.rows(ask.LINKS, {"person": person})]

    async def link(self, link: str) -> Link | None:
        row = await self._reader.first(ask.LINK, {"id": link})
        return None if row is None else rows.link_of(row)

    # ------------------------------------------------------------ money

    async def balances(self, person: str) -> Sequence[Money]:
        return await self._moneys(person, AccountKind.PERSON)

    async def held(self, person: str) -> Sequence[Money]:
        return await self._moneys(person, AccountKind.HELD)

    async def balance(self, person: str, currency: str) -> Money:
        minor = await self._reader.scalar(ask.BALANCE, {"owner": person, "currency": currency})
        return Money(minor or 0, currency)

    async def _moneys(self, owner: str, kind: AccountKind) -> Sequence[Money]:
        found = select(account.c.balance, account.c.currency).where(
            account.c.owner == owner, account.c.kind == kind.value, account.c.balance != 0
        )
        listed = await self._reader.rows(found.order_by(account.c.currency))
        return [Money(row["balance"], row["currency"]) for row in listed]

    # ------------------------------------------------------------ transfers

    async def transfer(self, transfer: str) -> Transfer | None:
        row = await self._reader.first(ask.TRANSFER, {"id": transfer})
        return None if row is None else rows.transfer_of(row)

    async def awaiting_approval(self, payer: str) -> Sequence[Transfer]:
        return await self._open_of(payer, TransferState.AWAITING_APPROVAL)

    async def under_way(self, payer: str) -> Sequence[Transfer]:
        found = ask.newest_first(_open_transfers(payer, TransferState.APPROVED).where(_HAS_OPEN_LEG.exists()))
        return await self._transfers(found)

    async def claimable_from(self, payer: str) -> Sequence[Transfer]:
        return await self._open_of(payer, TransferState.CLAIMABLE)

    async def claimable(self, payee: str) -> Sequence[Transfer]:
        found = select(transfer).where(_CLAIMABLE_TRANSFERS, transfer.c.payee == payee)
        return await self._transfers(ask.newest_first(found))

    async def history(self, person: str, before: datetime | None, limit: int) -> Sequence[Transfer]:
        """Transfers in which the person pays or is paid, newest first; of others only those once approved."""
        asked: Facts = {
            "person": person,
            "before": _NEVER if before is None else microseconds(before),
            "limit": limit,
        }
        return [rows.transfer_of(row) for row in await self._reader.rows(ask.HISTORY, asked)]

    async def paid_before(self, payer: str) -> Sequence[str]:
        return [row["payee_mxid"] for row in await self._reader.rows(ask.PAID_BEFORE, {"payer": payer})]

    async def approved_so_far(self, payer: str) -> ApprovedSoFar:
        listed = await self._reader.rows(ask.APPROVED_SO_FAR, {"payer": payer})
        return ApprovedSoFar(
            sum(row["count"] for row in listed), {row["currency"]: int(row["sum"]) for row in listed}
        )

    async def expired_transfers(self, at: datetime, limit: int) -> Sequence[Transfer]:
        found = select(transfer).where(_EXPIRING_TRANSFERS, transfer.c.expires <= microseconds(at))
        return await self._transfers(found.order_by(transfer.c.expires).limit(limit))

    async def _open_of(self, payer: str, state: TransferState) -> Sequence[Transfer]:
        listed = await self._reader.rows(ask.OPEN_OF_PAYER, {"payer": payer, "state": state.value})
        return [rows.transfer_of(row) for row in listed]

    async def _transfers(self, statement: Select[Any]) -> Sequence[Transfer]:
        return [rows.transfer_of(row) for row in await self._reader.rows(statement)]

    # ------------------------------------------------------------ legs

    async def legs(self, transfer: str) -> Sequence[Leg]:
        return [rows.leg_of(row) for row in await self._reader.rows(ask.LEGS, {"transfer": transfer})]

    async def due_legs(self, errand: Errand, rail: str, at: datetime, limit: int) -> Sequence[Due]:
        due = select(leg).where(_ON[errand], leg.c.rail == rail, leg.c.due <= microseconds(at))
        return await self._due(due.order_by(leg.c.due).limit(limit))

    async def open_legs(self, errand: Errand, rail: str) -> Sequence[str]:
        found = select(leg.c.id).where(_ON[errand], leg.c.rail == rail)
        return [row["id"] for row in await self._reader.rows(found.order_by(leg.c.due))]

    async def legs_on(self, errand: Errand, legs: Sequence[str]) -> Sequence[Due]:
        return await self._due(select(leg).where(_ON[errand], leg.c.id.in_(legs)))

    async def next_due(self, errand: Errand, after: datetime) -> datetime | None:
        due = select(leg.c.due).where(_ON[errand], leg.c.due > microseconds(after))
        earliest = await self._reader.scalar(due.order_by(leg.c.due).limit(1))
        return None if earliest is None else moment(earliest)

    async def _due(self, statement: Select[Any]) -> Sequence[Due]:
        """The legs with their transfers, in two questions however many there are."""
        found = await self._legs(statement)
        owners = select(transfer).where(transfer.c.id.in_({one.transfer for one in found}))
        by_id = {one.id: one for one in await self._transfers(owners)} if found else {}
        return [Due(one, by_id[one.transfer]) for one in found]

    async def leg_by_reference(self, reference: str) -> Leg | None:
        row = await self._reader.first(ask.LEG, {"id": reference})
        return None if row is None else rows.leg_of(row)

    async def _legs(self, statement: Select[Any]) -> Sequence[Leg]:
        return [rows.leg_of(row) for row in await self._reader.rows(statement)]

    # ------------------------------------------------------------ requests

    async def request(self, request: str) -> Request | None:
        row = await self._reader.first(select(tables.request).where(tables.request.c.id == request))
        return None if row is None else rows.request_of(row)

    async def requests_of(self, asker: str) -> Sequence[Request]:
        found = select(request).where(_OPEN_REQUESTS, request.c.asker == asker)
        return await self._requests(found.order_by(request.c.created.desc(), request.c.id.desc()))

    async def requests_to(self, asked: str) -> Sequence[Request]:
        found = select(request).where(_OPEN_REQUESTS, request.c.asked == asked)
        return await self._requests(found.order_by(request.c.created.desc(), request.c.id.desc()))

    async def expired_requests(self, at: datetime, limit: int) -> Sequence[Request]:
        found = select(request).where(_OPEN_REQUESTS, request.c.expires <= microseconds(at))
        return await self._requests(found.order_by(request.c.expires).limit(limit))

    async def _requests(self, statement: Select[Any]) -> Sequence[Request]:
        return [rows.request_of(row) for row in await self._reader.rows(statement)]

    async def room_policy(self, room: str) -> RoomPolicy | None:
        row = await self._reader.first(ask.ROOM_POLICY, {"room": room})
        return None if row is None else rows.room_policy_of(row)

    async def made_by(self, event: str) -> Sequence[str]:
        made = select(origin.c.payment).where(origin.c.event == event).order_by(origin.c.payment)
        return [row["payment"] for row in await self._reader.rows(made)]

    async def pinned_key(self, mxid: str) -> PinnedKey | None:
        row = await self._reader.first(select(pinned_key).where(pinned_key.c.mxid == mxid))
        return None if row is None else rows.pinned_key_of(row)

    async def frozen_keys(self) -> Sequence[PinnedKey]:
        frozen = select(pinned_key).where(text("since IS NOT NULL")).order_by(pinned_key.c.mxid)
        return [rows.pinned_key_of(row) for row in await self._reader.rows(frozen)]

    async def next_expiry(self) -> datetime | None:
        """When the next card, claimable transfer or request runs out."""
        ends = union_all(
            select(func.min(transfer.c.expires).label("at")).where(_EXPIRING_TRANSFERS),
            select(func.min(request.c.expires).label("at")).where(_OPEN_REQUESTS),
        ).subquery()
        earliest = await self._reader.scalar(select(func.min(ends.c.at)))
        return None if earliest is None else moment(earliest)


def _open_transfers(payer: str, state: TransferState) -> Select[Any]:
    return select(transfer).where(_OPEN_TRANSFERS, transfer.c.payer == payer, transfer.c.state == state.value)

"""What a person's history is asked for: one statement for each set of things that are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    TextClause,
    bindparam,
    select,
    text,
    tuple_,
    union,
)

from paybridge.domain.history import Sort
from paybridge.domain.ledger import AccountKind
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.storage.history_tables import IS_NO_PAYMENT, bookmark
from paybridge.storage.moments import microseconds
from paybridge.storage.tables import account, entry, identity, journal, request, transfer

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

    from paybridge.domain.history import Mark, Sought
    from paybridge.storage.reading import Facts

Condition: TypeAlias = "ColumnElement[bool] | TextClause"

NEVER_APPROVED: Final = (
    TransferState.DRAFTED,
    TransferState.AWAITING_APPROVAL,
    TransferState.CANCELLED,
    TransferState.EXPIRED,
)
_NEVER: Final = 2**63 - 1  # microseconds; later than every time that is stored
_ONE_SIDED: Final = frozenset({Sort.SENT, Sort.RECEIVED, Sort.TOPUPS, Sort.CASHOUTS})
_KINDS: Final = {
    Sort.REFUNDS: TransferKind.REFUND,
    Sort.TOPUPS: TransferKind.TOPUP,
    Sort.CASHOUTS: TransferKind.CASHOUT,
}
_LIMIT: Final = bindparam("limit", type_=Integer)
_BEFORE: Final = tuple_(bindparam("before", type_=BigInteger), bindparam("before_id", type_=Text))
_SINCE: Final = bindparam("since", type_=BigInteger)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a statement asks about, without the values."""

    other: bool
    room: bool
    sort: Sort | None


def shape_of(sought: Sought) -> Shape:
    return Shape(sought.other is not None, sought.room is not None, sought.sort)


def facts_of(person: str, sought: Sought, after: Mark | None, limit: int) -> Facts:
    """The values for the statement of this shape. A month ends where the next one begins."""
    since, before = 0, _NEVER
    if sought.month is not None:
        zone = ZoneInfo(sought.zone)
        since = microseconds(sought.month.begins(zone))
        before = microseconds(sought.month.moved(1).begins(zone))
    facts: dict[str, str | int] = {"person": person, "since": since, "limit": limit}
    facts |= {"before": before, "before_id": ""}
    if after is not None:
        facts |= {"before": microseconds(after.created), "before_id": after.id}
    if sought.other is not None:
        facts["other"] = sought.other
    if sought.room is not None:
        facts["room"] = sought.room
    return facts


@cache
def transfers_of(shape: Shape) -> Select[Any]:
    """The person's newest transfers of this shape; of others' only those once approved."""
    seen = [transfer.c.state != state.value for state in NEVER_APPROVED]
    # Each side reads the newest few by its own index; together they would sort the person's whole past.
    paid = _side(shape, transfer, transfer.c.payer, transfer.c.payee, _of_sort(shape.sort))
    got = _side(shape, transfer, transfer.c.payee, transfer.c.payer, [*_of_sort(shape.sort), *seen])
    if shape.sort in _ONE_SIDED:
        return got if shape.sort is Sort.RECEIVED else paid
    return _both(paid, got)


@cache
def requests_of(shape: Shape) -> Select[Any]:
    """The requests that the person made or was sent."""
    made = _side(shape, request, request.c.asker, request.c.asked, [])
    sent = _side(shape, request, request.c.asked, request.c.asker, [])
    return _both(made, sent)


def _of_sort(sort: Sort | None) -> list[Condition]:
    if sort in {Sort.SENT, Sort.RECEIVED}:
        return [transfer.c.kind == TransferKind.PAY.value]
    if sort in _KINDS:
        # SQLite takes a partial index only where its condition stands word for word.
        return [text(f"transfer.{IS_NO_PAYMENT}"), text(f"transfer.kind = '{_KINDS[sort].value}'")]
    return []


def _side(
    shape: Shape, table: Table, mine: Column[str], others: Column[str], more: list[Condition]
) -> Select[Any]:
    asked: list[Condition] = [mine == bindparam("person", type_=Text), *more]
    if shape.other:
        asked.append(others == bindparam("other", type_=Text))
    if shape.room:
        asked.append(table.c.room == bindparam("room", type_=Text))
    mark = tuple_(table.c.created, table.c.id)
    found = select(table).where(*asked, table.c.created >= _SINCE, mark < _BEFORE)
    return found.order_by(table.c.created.desc(), table.c.id.desc()).limit(_LIMIT)


def _both(one: Select[Any], other: Select[Any]) -> Select[Any]:
    both = union(select(one.subquery()), select(other.subquery())).subquery()
    return select(both).order_by(both.c.created.desc(), both.c.id.desc()).limit(_LIMIT)


BOOKMARK: Final = select(bookmark).where(bookmark.c.person == bindparam("person"))
NAMESAKES: Final = (
    select(identity.c.mxid)
    .where(
        identity.c.mxid >= bindparam("first", type_=Text), identity.c.mxid < bindparam("behind", type_=Text)
    )
    .order_by(identity.c.mxid)
    .limit(_LIMIT)
)
_BALANCES_OF: Final = (
    account.c.owner == bindparam("person", type_=Text),
    account.c.kind == AccountKind.PERSON.value,
)
CURRENCIES: Final = select(account.c.currency).where(*_BALANCES_OF).order_by(account.c.currency)
BOOKINGS: Final = (
    select(
        entry.c.version.label("number"),
        entry.c.amount,
        entry.c.balance_after,
        entry.c.currency,
        journal.c.created,
        journal.c.kind,
        journal.c.transfer,
    )
    .join_from(account, entry, entry.c.account == account.c.id)
    .join(journal, journal.c.id == entry.c.journal)
    .where(
        *_BALANCES_OF,
        account.c.currency == bindparam("currency", type_=Text),
        entry.c.version < bindparam("before", type_=BigInteger),
    )
    .order_by(entry.c.version.desc())
    .limit(_LIMIT)
)

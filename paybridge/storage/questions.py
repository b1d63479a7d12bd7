"""What a payment asks the book again and again: statements made once, with named parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    func,
    select,
    text,
    union,
)

from paybridge.domain.ledger import AccountKind
from paybridge.domain.people import LinkState
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.storage.columns import in_list
from paybridge.storage.tables import (
    IS_OPEN,
    account,
    identity,
    leg,
    link,
    person,
    room_policy,
    transfer,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import TextClause

_NEVER_APPROVED: Final = (
    TransferState.DRAFTED,
    TransferState.AWAITING_APPROVAL,
    TransferState.CANCELLED,
    TransferState.EXPIRED,
)
_LIMIT: Final = bindparam("limit", type_=Integer)
_BEFORE: Final = bindparam("before", type_=BigInteger)


def newest_first(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(transfer.c.created.desc(), transfer.c.id.desc())


def _is_none_of(states: Iterable[TransferState]) -> TextClause:
    return text(f"NOT ({in_list('transfer.state', states)})")


def _approved_by_payer() -> tuple[ColumnElement[bool] | TextClause, ...]:
    """The payments to others that the person approved and no rail refused."""
    return (
        transfer.c.payer == bindparam("payer"),
        transfer.c.kind == TransferKind.PAY.value,
        _is_none_of((*_NEVER_APPROVED, TransferState.REFUSED)),
    )


def _history() -> Select[Any]:
    approved = _is_none_of(_NEVER_APPROVED)
    earlier = transfer.c.created < _BEFORE
    who: BindParameter[str] = bindparam("person")
    # Each side reads the newest few by its own index; together they would sort the person's whole past.
    paid = newest_first(select(transfer).where(transfer.c.payer == who, earlier)).limit(_LIMIT)
    got = newest_first(select(transfer).where(transfer.c.payee == who, approved, earlier)).limit(_LIMIT)
    both = union(select(paid.subquery()), select(got.subquery())).subquery()
    return select(both).order_by(both.c.created.desc(), both.c.id.desc()).limit(_LIMIT)


PERSON: Final = select(person).where(person.c.id == bindparam("id"))
PERSON_OF: Final = (
    select(person)
    .select_from(person.join(identity, identity.c.person == person.c.id))
    .where(identity.c.mxid == bindparam("mxid"))
)
LINK: Final = select(link).where(link.c.id == bindparam("id"))
LINKS: Final = (
    select(link)
    .where(link.c.person == bindparam("person"), link.c.state != LinkState.REMOVED.value)
    .order_by(link.c.created, link.c.id)
)
BALANCE: Final = select(account.c.balance).where(
    account.c.owner == bindparam("owner"),
    account.c.kind == AccountKind.PERSON.value,
    account.c.currency == bindparam("currency"),
)
TRANSFER: Final = select(transfer).where(transfer.c.id == bindparam("id"))
OPEN_OF_PAYER: Final = newest_first(
    select(transfer).where(
        text(IS_OPEN), transfer.c.payer == bindparam("payer"), transfer.c.state == bindparam("state")
    )
)
HISTORY: Final = _history()
PAID_BEFORE: Final = (
    select(transfer.c.payee_mxid).distinct().where(*_approved_by_payer()).order_by(transfer.c.payee_mxid)
)
APPROVED_SO_FAR: Final = (
    select(transfer.c.currency, func.count().label("count"), func.sum(transfer.c.amount).label("sum"))
    .where(*_approved_by_payer())
    .group_by(transfer.c.currency)
)
LEGS: Final = select(leg).where(leg.c.transfer == bindparam("transfer")).order_by(leg.c.number)
LEG: Final = select(leg).where(leg.c.id == bindparam("id"))
ROOM_POLICY: Final = select(room_policy).where(room_policy.c.room == bindparam("room"))

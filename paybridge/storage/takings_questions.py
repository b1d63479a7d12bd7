"""What a shop's takings are summed from: entries of its owner's balance, between two of their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    bindparam,
    case,
    distinct,
    func,
    literal,
    select,
    text,
    tuple_,
)

from paybridge.domain.ledger import AccountKind
from paybridge.domain.takings import MOST_DAYS, Whose
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.storage.columns import in_list
from paybridge.storage.sale_tables import IS_TO_DO, sale
from paybridge.storage.shop_tables import invoice
from paybridge.storage.tables import account, entry, journal, transfer

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

EDGES: Final = tuple(f"edge{number}" for number in range(1, MOST_DAYS))
"""The parameters that say where each day but the first begins."""

ARRIVED: Final = (TransferState.SETTLED, TransferState.CLAIMABLE, TransferState.CLAIMED)
"""States in which money has left its payer for good, as far as anybody knows."""

_PERSON: Final = bindparam("person", type_=Text)
_SHOP: Final = bindparam("shop", type_=Text)
_LIMIT: Final = bindparam("limit", type_=Integer)
_BALANCE_OF: Final = (
    account.c.owner == _PERSON,
    account.c.kind == AccountKind.PERSON.value,
    account.c.currency == bindparam("currency", type_=Text),
)
_original: Final = transfer.alias("original")


def _day(at: ColumnElement[int]) -> ColumnElement[int]:
    """Which day a moment is in, counted from 0."""
    begins = (bindparam(name, type_=BigInteger) for name in EDGES)
    return case(*((at < edge, literal(number)) for number, edge in enumerate(begins)), else_=len(EDGES))


_WHOSE: Final = case(
    (sale.c.id.is_not(None), Whose.ORDER.value),
    (invoice.c.id.is_not(None), Whose.INVOICE.value),
    else_=Whose.NOTHING.value,
)
# A refund is for what the payment that it gives back was for.
_OF_SALE: Final = (sale.c.id == func.coalesce(transfer.c.original, transfer.c.id)) & (sale.c.shop == _SHOP)
_OF_INVOICE: Final = (invoice.c.id == func.coalesce(_original.c.request, transfer.c.request)) & (
    invoice.c.shop == _SHOP
)

LAST: Final = (
    select(entry.c.version)
    .join_from(account, entry, entry.c.account == account.c.id)
    .where(*_BALANCE_OF)
    .order_by(entry.c.version.desc())
    .limit(1)
)
BOOKED_AT: Final = (
    select(journal.c.created)
    .join_from(account, entry, entry.c.account == account.c.id)
    .join(journal, journal.c.id == entry.c.journal)
    .where(*_BALANCE_OF, entry.c.version == bindparam("number", type_=BigInteger))
)
_booked_day: Final = _day(journal.c.created).label("day")
_booked_incoming: Final = (transfer.c.payee == _PERSON).label("incoming")
_gain: Final = (entry.c.amount > 0).label("gain")
_whose: Final = _WHOSE.label("whose")
TAKEN: Final = (
    select(
        _booked_day,
        transfer.c.kind,
        _booked_incoming,
        _whose,
        _gain,
        func.count(distinct(transfer.c.id)).label("count"),
        func.sum(entry.c.amount).label("minor"),
    )
    .join_from(account, entry, entry.c.account == account.c.id)
    .join(journal, journal.c.id == entry.c.journal)
    .join(transfer, transfer.c.id == journal.c.transfer)
    .outerjoin(_original, _original.c.id == transfer.c.original)
    .outerjoin(sale, _OF_SALE)
    .outerjoin(invoice, _OF_INVOICE)
    .where(
        *_BALANCE_OF,
        entry.c.version >= bindparam("first", type_=BigInteger),
        entry.c.version < bindparam("behind", type_=BigInteger),
    )
    .group_by(text("1"), text("2"), text("3"), text("4"), text("5"))
)


def _straight(
    side: ColumnElement[bool], past: ColumnElement[bool], kind: TransferKind
) -> Select[tuple[Any, ...]]:
    """Payments that passed the owner's balance by, by the day on which they were asked for."""
    return (
        select(
            _day(transfer.c.created).label("day"),
            transfer.c.kind,
            transfer.c.currency,
            _whose,
            func.count().label("count"),
            func.sum(transfer.c.amount).label("minor"),
        )
        .select_from(transfer)
        .outerjoin(_original, _original.c.id == transfer.c.original)
        .outerjoin(sale, _OF_SALE)
        .outerjoin(invoice, _OF_INVOICE)
        .where(
            side,
            past,
            transfer.c.kind == kind.value,
            text(f"transfer.{in_list('state', ARRIVED)}"),
            transfer.c.created >= bindparam("since", type_=BigInteger),
            transfer.c.created < bindparam("until", type_=BigInteger),
        )
        .group_by(text("1"), text("2"), text("3"), text("4"))
    )


STRAIGHT_IN: Final = _straight(
    transfer.c.payee == _PERSON, transfer.c.destination.is_not(None), TransferKind.PAY
)
STRAIGHT_OUT: Final = _straight(
    transfer.c.payer == _PERSON, transfer.c.source.is_not(None), TransferKind.REFUND
)

_PLACE: Final = tuple_(sale.c.created, sale.c.id)
_AFTER: Final = tuple_(bindparam("after", type_=BigInteger), bindparam("after_id", type_=Text))
TO_DO: Final = (
    select(sale)
    .where(text(f"sale.{IS_TO_DO}"), sale.c.shop == _SHOP, _PLACE > _AFTER)
    .order_by(sale.c.created, sale.c.id)
    .limit(_LIMIT)
)
"""Oldest first: whoever waits longest is served first."""
ORDERS: Final = (
    select(sale)
    .where(sale.c.shop == _SHOP, _PLACE < _AFTER)
    .order_by(sale.c.created.desc(), sale.c.id.desc())
    .limit(_LIMIT)
)
HOW_MANY_TO_DO: Final = (
    select(func.count()).select_from(sale).where(text(f"sale.{IS_TO_DO}"), sale.c.shop == _SHOP)
)

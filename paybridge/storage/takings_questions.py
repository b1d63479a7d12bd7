"""What a shop's takings are summed from: entries of its owner's balance, between two of their numbers.

A journal's time has no index, so that the numbers are sought first, entry by entry (`BOOKED_AT`).
"""

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
    or_,
    select,
    text,
    tuple_,
)

from paybridge.domain.ledger import AccountKind
from paybridge.domain.takings import MOST_DAYS, Whose
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.storage.columns import in_list
from paybridge.storage.membership_tables import club
from paybridge.storage.repeat_tables import instalment, repeat
from paybridge.storage.sale_tables import IS_TO_DO, sale, taking
from paybridge.storage.shop_tables import invoice
from paybridge.storage.tables import account, entry, journal, transfer
from paybridge.storage.ticket_tables import booking, gig

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
    (gig.c.id.is_not(None), Whose.TICKET.value),
    (club.c.id.is_not(None), Whose.DUES.value),
    else_=Whose.NOTHING.value,
)
# A refund is for what the payment that it gives back was for.
_PAID: Final = func.coalesce(transfer.c.original, transfer.c.id)
_OF_SALE: Final = (sale.c.id == _PAID) & (sale.c.shop == _SHOP)
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
_whose: Final = _WHOSE.label("whose")
_SPAN: Final = (
    *_BALANCE_OF,
    entry.c.version >= bindparam("first", type_=BigInteger),
    entry.c.version < bindparam("behind", type_=BigInteger),
)
_TIME: Final = (
    text(f"transfer.{in_list('state', ARRIVED)}"),
    transfer.c.created >= bindparam("since", type_=BigInteger),
    transfer.c.created < bindparam("until", type_=BigInteger),
)
_CAME_STRAIGHT: Final = (
    transfer.c.payee == _PERSON,
    transfer.c.destination.is_not(None),
    transfer.c.kind == TransferKind.PAY.value,
)
_WENT_STRAIGHT: Final = (
    transfer.c.payer == _PERSON,
    transfer.c.source.is_not(None),
    transfer.c.kind == TransferKind.REFUND.value,
)


def _booked(*columns: ColumnElement[Any]) -> Select[tuple[Any, ...]]:
    """Of each entry of the span: its journal and transfer, and what of the shop that is for."""
    return _for_shop(
        select(*columns)
        .join_from(account, entry, entry.c.account == account.c.id)
        .join(journal, journal.c.id == entry.c.journal)
        .join(transfer, transfer.c.id == journal.c.transfer)
        .where(*_SPAN)
    )


def _for_shop(asked: Select[tuple[Any, ...]]) -> Select[tuple[Any, ...]]:
    return (
        asked.outerjoin(_original, _original.c.id == transfer.c.original)
        .outerjoin(sale, _OF_SALE)
        .outerjoin(invoice, _OF_INVOICE)
        .outerjoin(booking, booking.c.id == _PAID)
        .outerjoin(gig, (gig.c.id == booking.c.gig) & (gig.c.shop == _SHOP))
        .outerjoin(instalment, instalment.c.transfer == _PAID)
        .outerjoin(repeat, repeat.c.id == instalment.c.repeat)
        .outerjoin(club, (club.c.id == repeat.c.club) & (club.c.shop == _SHOP))
    )


def _by(asked: Select[tuple[Any, ...]], columns: int) -> Select[tuple[Any, ...]]:
    """One row for all that have their first columns alike."""
    return asked.group_by(*(text(str(number)) for number in range(1, columns + 1)))


def _straight(*side: ColumnElement[bool]) -> Select[tuple[Any, ...]]:
    """Payments that passed the owner's balance by, by the day on which they were asked for."""
    columns = (
        _day(transfer.c.created).label("day"),
        transfer.c.kind,
        transfer.c.currency,
        _whose,
        func.count().label("count"),
        func.sum(transfer.c.amount).label("minor"),
    )
    return _by(_for_shop(select(*columns).select_from(transfer).where(*side, *_TIME)), 4)


TAKEN: Final = _by(
    _booked(
        _day(journal.c.created).label("day"),
        transfer.c.kind,
        (transfer.c.payee == _PERSON).label("incoming"),
        _whose,
        (entry.c.amount > 0).label("gain"),
        func.count(distinct(transfer.c.id)).label("count"),
        func.sum(entry.c.amount).label("minor"),
    ),
    5,
)
CAME_STRAIGHT: Final = _straight(*_CAME_STRAIGHT)
WENT_STRAIGHT: Final = _straight(*_WENT_STRAIGHT)

# What was sold: pieces of items, of orders whose money came.
_SOLD: Final = (
    taking.c.item,
    func.sum(taking.c.pieces).label("pieces"),
    func.sum(taking.c.pieces * taking.c.price).label("minor"),
)
_IS_PAID: Final = (transfer.c.kind == TransferKind.PAY.value, sale.c.shop == _SHOP)
SOLD: Final = (
    select(*_SOLD)
    .join_from(account, entry, entry.c.account == account.c.id)
    .join(journal, journal.c.id == entry.c.journal)
    .join(transfer, transfer.c.id == journal.c.transfer)
    .join(sale, sale.c.id == transfer.c.id)
    .join(taking, taking.c.sale == sale.c.id)
    .where(*_SPAN, *_IS_PAID, entry.c.amount > 0)
    .group_by(taking.c.item)
)
SOLD_STRAIGHT: Final = (
    select(*_SOLD)
    .join_from(transfer, sale, sale.c.id == transfer.c.id)
    .join(taking, taking.c.sale == sale.c.id)
    .where(*_CAME_STRAIGHT, *_TIME, *_IS_PAID, transfer.c.currency == bindparam("currency", type_=Text))
    .group_by(taking.c.item)
)

# What has to be read paper by paper: what came on invoices, and what was given back of anything.
_PAPER: Final = func.coalesce(sale.c.id, invoice.c.id).label("id")
PAPERS: Final = _by(
    _booked(_PAPER, _whose, transfer.c.id.label("payment"), func.sum(entry.c.amount).label("minor")).where(
        or_(sale.c.id.is_not(None), invoice.c.id.is_not(None)),
        or_(sale.c.id.is_(None), transfer.c.kind != TransferKind.PAY.value, entry.c.amount < 0),
    ),
    3,
)


def _papers(*side: ColumnElement[bool]) -> Select[tuple[Any, ...]]:
    columns = (_PAPER, _whose, transfer.c.id.label("payment"), func.sum(transfer.c.amount).label("minor"))
    asked = _for_shop(select(*columns).select_from(transfer).where(*side, *_TIME))
    return _by(asked.where(transfer.c.currency == bindparam("currency", type_=Text)), 3)


PAPERS_CAME: Final = _papers(*_CAME_STRAIGHT, invoice.c.id.is_not(None))
PAPERS_WENT: Final = _papers(*_WENT_STRAIGHT, or_(sale.c.id.is_not(None), invoice.c.id.is_not(None)))

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

"""What the book asks about contacts, block lists and who asks too much: made once, with named parameters."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Integer, bindparam, func, or_, select, text

from paybridge.storage.contact_tables import IS_KEPT, IS_ON, block, contact
from paybridge.storage.tables import IS_CLAIMABLE, IS_EXPIRING, IS_NOT_REMINDED, request, transfer

CONTACTS: Final = select(contact).where(text(IS_KEPT), contact.c.person == bindparam("person"))
BLOCK: Final = select(block).where(block.c.id == bindparam("id"))
BLOCKED_BY: Final = select(block.c.other).where(text(IS_ON), block.c.person == bindparam("person"))
REQUESTS_MADE: Final = (
    select(func.count())
    .select_from(request)
    .where(request.c.asker == bindparam("asker"), request.c.created > bindparam("since", type_=BigInteger))
)
NOT_REMINDED: Final = (
    select(request)
    .where(text(IS_NOT_REMINDED), request.c.created <= bindparam("asked_before", type_=BigInteger))
    .order_by(request.c.created)
    .limit(bindparam("limit", type_=Integer))
)
NOT_CLAIMED: Final = (
    select(transfer)
    .where(
        text(IS_EXPIRING),
        text(IS_CLAIMABLE),
        transfer.c.expires <= bindparam("first", type_=BigInteger),
        or_(
            transfer.c.reminded.is_(None),
            (transfer.c.expires <= bindparam("last", type_=BigInteger))
            & (transfer.c.reminded <= bindparam("reminded_before", type_=BigInteger)),
        ),
    )
    .order_by(transfer.c.expires)
    .limit(bindparam("limit", type_=Integer))
)

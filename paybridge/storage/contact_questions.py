"""What the book asks about contacts, block lists and who asks too much: made once, with named parameters."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, bindparam, func, select, text

from paybridge.storage.contact_tables import IS_KEPT, IS_ON, block, contact
from paybridge.storage.tables import request

CONTACTS: Final = select(contact).where(text(IS_KEPT), contact.c.person == bindparam("person"))
BLOCK: Final = select(block).where(block.c.id == bindparam("id"))
BLOCKED_BY: Final = select(block.c.other).where(text(IS_ON), block.c.person == bindparam("person"))
REQUESTS_MADE: Final = (
    select(func.count())
    .select_from(request)
    .where(request.c.asker == bindparam("asker"), request.c.created > bindparam("since", type_=BigInteger))
)

"""Where each person stopped reading, and the indexes by which a page of history is found at once."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from paybridge.storage.columns import TEXT, number_column, text_column, where
from paybridge.storage.tables import metadata, request, transfer

IS_NO_PAYMENT: Final = "kind <> 'pay'"
"""Topups, cash-outs and refunds, which are few among payments."""

bookmark: Final = Table(
    "bookmark",
    metadata,
    Column("person", TEXT, ForeignKey("person.id"), primary_key=True),
    text_column("sought"),
    number_column("created"),
    text_column("id"),
    number_column("version"),
    sqlite_strict=True,
)

Index("transfer_between", transfer.c.payer, transfer.c.payee, transfer.c.created)
Index("transfer_of_payer_in_room", transfer.c.payer, transfer.c.room, transfer.c.created)
Index("transfer_of_payee_in_room", transfer.c.payee, transfer.c.room, transfer.c.created)
Index(
    "transfer_of_payer_by_kind",
    transfer.c.payer,
    transfer.c.kind,
    transfer.c.created,
    **where(IS_NO_PAYMENT),
)
Index(
    "transfer_of_payee_by_kind",
    transfer.c.payee,
    transfer.c.kind,
    transfer.c.created,
    **where(IS_NO_PAYMENT),
)
Index("request_of_asker", request.c.asker, request.c.created)
Index("request_of_asked", request.c.asked, request.c.created)

"""Between sessions with a shop's pages and their rows, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.shop_session import ShopSession
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def shop_session_row(session: ShopSession) -> dict[str, Any]:
    return {
        "id": session.id,
        "person": session.person,
        "shop": session.shop,
        "passkey": session.passkey,
        "started": microseconds(session.started),
        "ends": microseconds(session.ends),
        "seen": microseconds(session.seen),
        "closed": int(session.closed),
        "version": session.version,
    }


def shop_session_of(row: Row) -> ShopSession:
    return ShopSession(
        id=row["id"],
        person=row["person"],
        shop=row["shop"],
        passkey=row["passkey"],
        started=moment(row["started"]),
        ends=moment(row["ends"]),
        seen=moment(row["seen"]),
        closed=bool(row["closed"]),
        version=row["version"],
    )

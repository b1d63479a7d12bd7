"""Between one-time links and their rows, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.one_time_link import OneTimeLink, Purpose
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def one_time_link_row(link: OneTimeLink) -> dict[str, Any]:
    return {
        "id": link.id,
        "person": link.person,
        "purpose": link.purpose.value,
        "subject": link.subject,
        "expires": microseconds(link.expires),
        "used": int(link.used),
        "wrong": link.wrong,
        "version": link.version,
    }


def one_time_link_of(row: Row) -> OneTimeLink:
    return OneTimeLink(
        id=row["id"],
        person=row["person"],
        purpose=Purpose(row["purpose"]),
        subject=row["subject"],
        expires=moment(row["expires"]),
        used=bool(row["used"]),
        wrong=row["wrong"],
        version=row["version"],
    )

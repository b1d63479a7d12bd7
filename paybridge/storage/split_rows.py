"""Between splits with their shares and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.money import Money
from paybridge.domain.split import How, Share, ShareState, Split, SplitState
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def split_row(split: Split) -> dict[str, Any]:
    return {
        "id": split.id,
        "state": split.state.value,
        "payer": split.payer,
        "payer_mxid": split.payer_mxid,
        "amount": split.amount.minor,
        "currency": split.amount.currency,
        "room": split.room,
        "created": microseconds(split.created),
        "note": split.note,
        "reminded": None if split.reminded is None else microseconds(split.reminded),
        "trip": split.trip,
        "version": split.version,
    }


def split_of(row: Row) -> Split:
    return Split(
        id=row["id"],
        state=SplitState(row["state"]),
        payer=row["payer"],
        payer_mxid=row["payer_mxid"],
        amount=Money(row["amount"], row["currency"]),
        room=row["room"],
        created=moment(row["created"]),
        note=row["note"],
        reminded=None if row["reminded"] is None else moment(row["reminded"]),
        trip=row["trip"],
        version=row["version"],
    )


def share_row(share: Share) -> dict[str, Any]:
    return {
        "id": share.id,
        "split": share.split,
        "person": share.person,
        "mxid": share.mxid,
        "how": share.how.value,
        "weight": share.weight,
        "amount": share.amount.minor,
        "currency": share.amount.currency,
        "state": share.state.value,
        "odd": int(share.odd),
        "request": share.request,
        "version": share.version,
    }


def share_of(row: Row) -> Share:
    return Share(
        id=row["id"],
        split=row["split"],
        person=row["person"],
        mxid=row["mxid"],
        how=How(row["how"]),
        weight=row["weight"],
        amount=Money(row["amount"], row["currency"]),
        state=ShareState(row["state"]),
        odd=bool(row["odd"]),
        request=row["request"],
        version=row["version"],
    )

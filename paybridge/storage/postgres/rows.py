"""Rows as PostgreSQL's statements take them, made of what is no record: letters, posts, journals."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from paybridge.storage.chain import said_by
from paybridge.storage.moments import microseconds
from paybridge.storage.postgres.statements import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paybridge.domain.ledger import Journal
    from paybridge.services.ports import Post, Step

Row = dict[str, Any]


def looked_at(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Rows for `LOCK_PEOPLE`, in one order for every writer."""
    paying = {person for step in steps for person in step.unfrozen}
    there = {person for step in steps for person in step.alive} - paying
    rows = [{"id": person} for person in paying] + [{"id": person, "frozen": 0} for person in there]
    return sorted(rows, key=itemgetter("id"))


def letter_done(event: str, now: int) -> Row:
    """A letter that is done; `now` in microseconds counts if it was never received."""
    return {"event": event, "room": "", "sender": "", "received": now, "payload": "\\x", "done": 1}


def booking_of(journals: Sequence[Journal], now: int) -> tuple[str, str]:
    """What `book` takes: the accounts in their order, and the journals; `now` in microseconds."""
    accounts = {
        (line.account.owner, line.account.kind.value, line.amount.currency): None
        if line.account.kind.may_be_negative
        else 0
        for journal in journals
        for line in journal.lines
    }
    told = [
        {
            "idem": journal.idem,
            "kind": journal.kind,
            "transfer": journal.transfer,
            "created": now,
            "said": said_by(journal, now),
            "lines": [
                [line.account.owner, line.account.kind.value, line.amount.currency, line.amount.minor]
                for line in journal.lines
            ],
        }
        for journal in journals
    ]
    return as_json([[*named, floor] for named, floor in sorted(accounts.items())]), as_json(told)


def post_row(post: Post) -> Row:
    return {
        "id": post.id,
        "room": post.room,
        "person": post.person,
        "slot": post.slot,
        "payload": post.payload,
        "created": microseconds(post.created),
        "state": "waiting",
    }

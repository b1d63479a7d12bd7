"""Between repeats with their payments and the rows of their tables, both ways."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from paybridge.domain.money import Money
from paybridge.domain.repeat import Ending, Instalment, Repeat, RepeatState
from paybridge.domain.rhythm import Rhythm, Unit
from paybridge.storage.moments import microseconds, microseconds_or_none, moment, moment_or_none

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def repeat_row(repeat: Repeat) -> dict[str, Any]:
    return {
        "id": repeat.id,
        "state": repeat.state.value,
        "payer": repeat.payer,
        "payer_mxid": repeat.payer_mxid,
        "payee": repeat.payee,
        "payee_mxid": repeat.payee_mxid,
        "amount": repeat.amount.minor,
        "cap": repeat.cap.minor,
        "currency": repeat.amount.currency,
        "unit": repeat.rhythm.unit.value,
        "every": repeat.rhythm.every,
        "start": repeat.rhythm.start.isoformat(),
        "day": repeat.rhythm.day,
        "until": None if repeat.until is None else repeat.until.isoformat(),
        "room": repeat.room,
        "created": microseconds(repeat.created),
        "nonce": repeat.nonce,
        "number": repeat.number,
        "act": microseconds_or_none(repeat.act),
        "told": microseconds_or_none(repeat.told),
        "tries": repeat.tries,
        "transfer": repeat.transfer,
        "ending": None if repeat.ending is None else repeat.ending.value,
        "note": repeat.note,
        "replaces": repeat.replaces,
        "club": repeat.club,
        "version": repeat.version,
    }


def repeat_of(row: Row) -> Repeat:
    currency = row["currency"]
    return Repeat(
        id=row["id"],
        state=RepeatState(row["state"]),
        payer=row["payer"],
        payer_mxid=row["payer_mxid"],
        payee=row["payee"],
        payee_mxid=row["payee_mxid"],
        amount=Money(row["amount"], currency),
        cap=Money(row["cap"], currency),
        rhythm=Rhythm(Unit(row["unit"]), row["every"], date.fromisoformat(row["start"]), row["day"]),
        until=None if row["until"] is None else date.fromisoformat(row["until"]),
        room=row["room"],
        created=moment(row["created"]),
        nonce=row["nonce"],
        number=row["number"],
        act=moment_or_none(row["act"]),
        told=moment_or_none(row["told"]),
        tries=row["tries"],
        transfer=row["transfer"],
        ending=None if row["ending"] is None else Ending(row["ending"]),
        note=row["note"],
        replaces=row["replaces"],
        club=row["club"],
        version=row["version"],
    )


def instalment_row(instalment: Instalment) -> dict[str, Any]:
    return {
        "id": instalment.id,
        "repeat": instalment.repeat,
        "number": instalment.number,
        "day": instalment.day.isoformat(),
        "transfer": instalment.transfer,
        "version": instalment.version,
    }


def instalment_of(row: Row) -> Instalment:
    day = date.fromisoformat(row["day"])
    return Instalment(row["id"], row["repeat"], row["number"], day, row["transfer"], row["version"])

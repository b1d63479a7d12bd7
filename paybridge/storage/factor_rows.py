"""Between the records of second factors, and of what operators decide, and their rows, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.deeds import Deed, DeedKind
from paybridge.domain.factor import Factor, FactorState, RecoveryCode
from paybridge.domain.passkey import Ceremony, Passkey, PasskeyState, Purpose
from paybridge.storage.moments import microseconds, microseconds_or_none, moment, moment_or_none

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def deed_row(deed: Deed) -> dict[str, Any]:
    return {
        "id": deed.id,
        "kind": deed.kind.value,
        "person": deed.person,
        "at": microseconds(deed.at),
        "done": microseconds_or_none(deed.done),
        "version": deed.version,
    }


def deed_of(row: Row) -> Deed:
    return Deed(
        id=row["id"],
        kind=DeedKind(row["kind"]),
        person=row["person"],
        at=moment(row["at"]),
        done=moment_or_none(row["done"]),
        version=row["version"],
    )


def factor_row(factor: Factor) -> dict[str, Any]:
    return {
        "person": factor.person,
        "secret": factor.secret,
        "state": factor.state.value,
        "since": microseconds(factor.since),
        "last_step": factor.last_step,
        "wrong": factor.wrong,
        "locked_until": microseconds_or_none(factor.locked_until),
        "reset_at": microseconds_or_none(factor.reset_at),
        "light_count": factor.light_count,
        "light_sum": factor.light_sum,
        "devices": "\n".join(factor.devices),
        "version": factor.version,
    }


def factor_of(row: Row) -> Factor:
    return Factor(
        person=row["person"],
        secret=row["secret"],
        state=FactorState(row["state"]),
        since=moment(row["since"]),
        last_step=row["last_step"],
        wrong=row["wrong"],
        locked_until=moment_or_none(row["locked_until"]),
        reset_at=moment_or_none(row["reset_at"]),
        light_count=row["light_count"],
        light_sum=row["light_sum"],
        devices=tuple(row["devices"].splitlines()),
        version=row["version"],
    )


def recovery_code_of(row: Row) -> RecoveryCode:
    return RecoveryCode(row["id"], row["person"], row["hash"], bool(row["used"]), row["version"])


def recovery_code_row(code: RecoveryCode) -> dict[str, Any]:
    return {
        "id": code.id,
        "person": code.person,
        "hash": code.hash,
        "used": int(code.used),
        "version": code.version,
    }


def passkey_row(passkey: Passkey) -> dict[str, Any]:
    return {
        "id": passkey.id,
        "person": passkey.person,
        "mark": passkey.mark,
        "credential": passkey.credential,
        "public_key": passkey.public_key,
        "name": passkey.name,
        "added": microseconds(passkey.added),
        "sign_count": passkey.sign_count,
        "state": passkey.state.value,
        "last_used": microseconds_or_none(passkey.last_used),
        "version": passkey.version,
    }


def passkey_of(row: Row) -> Passkey:
    return Passkey(
        id=row["id"],
        person=row["person"],
        mark=row["mark"],
        credential=row["credential"],
        public_key=row["public_key"],
        name=row["name"],
        added=moment(row["added"]),
        sign_count=row["sign_count"],
        state=PasskeyState(row["state"]),
        last_used=moment_or_none(row["last_used"]),
        version=row["version"],
    )


def ceremony_row(ceremony: Ceremony) -> dict[str, Any]:
    return {
        "id": ceremony.id,
        "person": ceremony.person,
        "purpose": ceremony.purpose.value,
        "bound": ceremony.bound,
        "expires": microseconds(ceremony.expires),
        "used": int(ceremony.used),
        "version": ceremony.version,
    }


def ceremony_of(row: Row) -> Ceremony:
    return Ceremony(
        id=row["id"],
        person=row["person"],
        purpose=Purpose(row["purpose"]),
        bound=row["bound"],
        expires=moment(row["expires"]),
        used=bool(row["used"]),
        version=row["version"],
    )

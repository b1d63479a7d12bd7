"""Between the records of second factors, and of what operators decide, and their rows, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.deeds import Deed, DeedKind
from paybridge.domain.factor import Factor, FactorState, RecoveryCode
from paybridge.storage.moments import microseconds, microseconds_or_none, moment, moment_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping


def deed_row(deed: Deed) -> dict[str, Any]:
    return {
        "id": deed.id,
        "kind": deed.kind.value,
        "person": deed.person,
        "at": microseconds(deed.at),
        "done": microseconds_or_none(deed.done),
        "version": deed.version,
    }


def deed_of(row: Mapping[str, Any]) -> Deed:
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


def factor_of(row: Mapping[str, Any]) -> Factor:
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


def recovery_code_of(row: Mapping[str, Any]) -> RecoveryCode:
    return RecoveryCode(row["id"], row["person"], row["hash"], bool(row["used"]), row["version"])


def recovery_code_row(code: RecoveryCode) -> dict[str, Any]:
    return {
        "id": code.id,
        "person": code.person,
        "hash": code.hash,
        "used": int(code.used),
        "version": code.version,
    }

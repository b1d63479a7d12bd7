"""What waits for its time, written and read beside a bot that may be running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.acts import ActKind, Deal
from paybridge.domain.money import Money
from paybridge.domain.motions import MotionState, NoSuchMotionError, end
from paybridge.domain.own_cap import OwnCap, own_cap_id
from paybridge.storage.acting import write_act
from paybridge.storage.errors import DatabaseError
from paybridge.storage.moments import microseconds
from paybridge.storage.motion_rows import motion_of, motion_row
from paybridge.storage.motion_tables import IS_WAITING, motion
from paybridge.storage.outside import opened
from paybridge.storage.tables import IS_SUSPENDED_LEG, IS_TO_SETTLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.motions import Motion
    from paybridge.storage.outside import Outside

_COLUMNS: Final = tuple(column.name for column in motion.columns)
_NAMES: Final = ", ".join(f'"{name}"' for name in _COLUMNS)
_ASK: Final = f"INSERT INTO motion ({_NAMES}) VALUES ({', '.join('?' for _ in _COLUMNS)})"  # noqa: S608 - our own names
_STOP: Final = (
    "UPDATE motion SET state = 'stopped', ended = ?, ended_by = ?, version = version + 1"
    " WHERE id = ? AND state = 'waiting'"
)
_WAITING: Final = f"SELECT {_NAMES} FROM motion WHERE {IS_WAITING} ORDER BY due, id"  # noqa: S608 - our own names
_ONE: Final = f"SELECT {_NAMES} FROM motion WHERE id = ?"  # noqa: S608 - our own names
_MXID: Final = "SELECT mxid FROM identity WHERE person = ? ORDER BY since, mxid"
_SIDES: Final = "SELECT payer, payee FROM transfer WHERE id = ?"
_LYING: Final = f"""
    SELECT leg.transfer, leg.kind, leg.rail, leg.amount, leg.currency FROM leg
    WHERE leg.{IS_SUSPENDED_LEG} AND leg.kind <> 'direct'
        AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.idem = leg.id || '/assigned')
    ORDER BY leg.transfer, leg.number
    """  # noqa: S608 - our own words
_TO_SETTLE: Final = f"""
    SELECT owner, kind, currency, balance FROM account WHERE {IS_TO_SETTLE} AND balance <> 0
    ORDER BY kind, currency, owner
    """  # noqa: S608 - our own words
_LEVEL: Final = "SELECT level FROM standing WHERE person = ?"
_OWN_CAP: Final = "SELECT day FROM own_cap WHERE id = ?"


def ask_beside(url: str, asked: Motion) -> None:
    """Have something wait, and say so in the log; or `DatabaseError`."""
    row = motion_row(asked) | {"version": 1}
    deal = Deal(asked.person, asked.id, asked.told("them"))
    change = (_ASK, tuple(row[name] for name in _COLUMNS))
    write_act(url, asked.at, asked.by, ActKind.ASK, deal, change)


def stop_beside(url: str, name: str, by: str, at: datetime) -> Motion:
    """Stop what waits.

    Raises `NoSuchMotionError`, `MotionOverError`, or `DatabaseError`, also if the bot was first.
    """
    with opened(url, "read") as outside:
        found = next((_read(row) for row in outside.rows(_ONE, name)), None)
    if found is None:
        raise NoSuchMotionError(motion=name)
    stopped = end(found, MotionState.STOPPED, at, by)
    deal = Deal(found.person, found.id, found.told("them"))
    write_act(url, at, by, ActKind.STOP, deal, (_STOP, (microseconds(at), by, name)))
    return stopped


def waiting_beside(url: str) -> Sequence[tuple[Motion, str | None]]:
    """Everything that waits, by its time, and about which Matrix id it is; or `DatabaseError`."""
    with opened(url, "read") as outside:
        found = [_read(row) for row in outside.rows(_WAITING)]
        return [(one, _mxid(outside, one.person)) for one in found]


def lying_beside(url: str) -> Mapping[str, Any]:
    """What is to be settled by hand, as JSON takes it; or `DatabaseError`."""
    with opened(url, "read") as outside:
        accounts = list(outside.rows(_TO_SETTLE))
        return {
            "suspense": [
                {"rail": owner, "minor": balance, "currency": currency}
                for owner, kind, currency, balance in accounts
                if kind == "suspense"
            ],
            "orders": [
                {"payment": payment, "kind": kind, "rail": rail, "minor": amount, "currency": currency}
                for payment, kind, rail, amount, currency in outside.rows(_LYING)
            ],
            "debts": [
                {"user": _mxid(outside, owner), "minor": -balance, "currency": currency}
                for owner, kind, currency, balance in accounts
                if kind == "receivable"
            ],
        }


def check_side(url: str, payment: str, person: str) -> None:
    """`DatabaseError` unless something lies in suspense for the payment, and the person is a side of it."""
    with opened(url, "read") as outside:
        sides = next(outside.rows(_SIDES, payment), None)
        lies = payment in {row[0] for row in outside.rows(_LYING)}
    if sides is None:
        raise DatabaseError(f"there is no payment {payment}")
    if not lies:
        raise DatabaseError(f"nothing lies in suspense for {payment}")
    if person not in sides:
        raise DatabaseError(f"{payment} goes to whoever paid it or was to be paid by it, and to nobody else")


def debt_of(url: str, person: str) -> Money | None:
    """What the person owes in the first currency in which they do; or `DatabaseError`."""
    with opened(url, "read") as outside:
        for owner, kind, currency, balance in outside.rows(_TO_SETTLE):
            if (owner, kind) == (person, "receivable"):
                return Money(-balance, currency)
    return None


def level_of(url: str, person: str) -> str | None:
    """The level that the person has, None if none was ever given; or `DatabaseError`."""
    with opened(url, "read") as outside:
        found = list(outside.rows(_LEVEL, person))
    return found[0][0] if found else None


def own_cap_beside(url: str, person: str, currency: str) -> OwnCap | None:
    """What an operator lets the person send in a day, None if none has set it; or `DatabaseError`."""
    name = own_cap_id(person, currency)
    with opened(url, "read") as outside:
        found = list(outside.rows(_OWN_CAP, name))
    return OwnCap(name, person, Money(found[0][0], currency)) if found else None


def _mxid(outside: Outside, person: str) -> str | None:
    return next((mxid for (mxid,) in outside.rows(_MXID, person)), None)


def _read(row: Sequence[Any]) -> Motion:
    return motion_of(dict(zip(_COLUMNS, row, strict=True)))

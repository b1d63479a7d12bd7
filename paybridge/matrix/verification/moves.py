"""The course of one verification: which happening leads where, and that nothing else may happen."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """How far a verification has come; it was asked for by the other side, and the bot is ready for it."""

    READY = "ready"
    ACCEPTED = "accepted"
    SHOWN = "shown"
    CONFIRMED = "confirmed"
    DONE = "done"
    CANCELLED = "cancelled"


class Happening(StrEnum):
    """What the other side says, the clock brings, or the operator decides."""

    START = "start"
    KEY = "key"
    MAC = "mac"
    DONE = "done"
    CANCEL = "cancel"
    OVERTIME = "overtime"
    DENY = "deny"


UNDER_WAY = (State.READY, State.ACCEPTED, State.SHOWN, State.CONFIRMED)

MOVES: Mapping[tuple[State, Happening], State] = {
    (State.READY, Happening.START): State.ACCEPTED,
    (State.ACCEPTED, Happening.KEY): State.SHOWN,
    (State.SHOWN, Happening.MAC): State.CONFIRMED,
    (State.CONFIRMED, Happening.DONE): State.DONE,
    **{
        (state, ending): State.CANCELLED
        for state in UNDER_WAY
        for ending in (Happening.CANCEL, Happening.OVERTIME)
    },
    # The operator may look later than the person did.
    **{(state, Happening.DENY): State.CANCELLED for state in (State.SHOWN, State.CONFIRMED, State.DONE)},
}

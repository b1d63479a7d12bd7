"""Verifications as the bot keeps them and as the operator sees them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from paybridge.matrix.verification.moves import State

if TYPE_CHECKING:
    from paybridge.matrix.verification.carrier import InRoom
    from paybridge.matrix.verification.incoming import News
    from paybridge.matrix.verification.sas import Codes
    from paybridge.matrix.verification.verification import Verification


class Judgement(StrEnum):
    """What came of the operator's word."""

    GONE = "gone"
    TOO_EARLY = "too_early"
    REFUSED = "refused"
    WAITING = "waiting"
    NO_IDENTITY = "no_identity"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Pending:
    """A verification as the operator sees it; no codes yet before the person has begun to compare."""

    number: int
    person: str
    device: str
    codes: Codes | None
    they_agree: bool
    you_agree: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One person's verification. `alike` once the operator said so; `master` is what they vouched for."""

    number: int
    verification: Verification
    way: InRoom | None
    alike: bool = False
    master: str | None = None

    def is_meant_by(self, news: News) -> bool:
        same_way = (self.way and self.way.room) == (news.way and news.way.room)
        return same_way and self.verification.transaction == news.transaction


def pending(case: Case) -> Pending:
    current = case.verification
    agreed = current.state in {State.CONFIRMED, State.DONE}
    return Pending(case.number, current.them.mxid, current.them.device, current.codes, agreed, case.alike)

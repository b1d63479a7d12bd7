"""A kitty: a room's shared purse, and what its treasurers decide about it together; pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.ids import code_for
from paybridge.domain.transfer import TransferState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.money import Money
    from paybridge.domain.transfer import Transfer

MOST_TREASURERS: Final = 20
_SERVER: Final = ":kitty.invalid"
_PAID_IN: Final = frozenset({TransferState.SETTLED})


class TooManyTreasurersError(UserError):
    """A kitty has no more treasurers than a message can show."""

    key = "error.too_many_treasurers"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class NeedsNotPossibleError(UserError):
    """A kitty needs the approval of one treasurer at least, and of no more than it has."""

    key = "error.kitty_needs"

    def __init__(self, *, treasurers: int) -> None:
        super().__init__(treasurers=treasurers)


class ProposalOverError(UserError):
    """Nothing more can be said to the proposal: it was carried out, declined, or its time is over."""

    key = "error.proposal_over"

    def __init__(self, *, proposal: str, state: str) -> None:
        super().__init__(proposal=proposal, state=state)


class SaidAlreadyError(UserError):
    """A treasurer says yes or no once."""

    key = "error.said_already"


class KittyState(StrEnum):
    """Whether money can be put in."""

    OPEN = "open"
    CLOSED = "closed"


class ProposalKind(StrEnum):
    """What treasurers decide together."""

    PAY = "pay"
    ADD = "add"
    REMOVE = "remove"
    NEEDS = "needs"
    CLOSE = "close"


class ProposalState(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Kitty:
    """A purse of one room in one currency. Its id is that of the person who owns its account in the ledger.

    `name` is sealed under that person's key; `opener` is a person id. `needs` is how many treasurers must
    approve what is to happen. Every step that decides about it writes it too, so that no two do at once.
    """

    id: str
    state: KittyState
    opener: str
    currency: str
    room: str
    created: datetime
    needs: int
    name: bytes
    version: int = 0

    @property
    def mxid(self) -> str:
        """What stands for a Matrix id where it pays or is paid."""
        return kitty_mxid(self.id)


@dataclass(frozen=True, slots=True)
class Treasurer:
    """Somebody who may propose and approve; `active` until they are taken out again."""

    id: str
    kitty: str
    person: str
    mxid: str
    active: bool = True
    version: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a treasurer (`by`, person id) wants to happen, approved by its code as a payment is.

    `person` is who is to be paid, added or taken out, `amount` what they are to be paid, and `needs` the
    number that is to hold. `note` is sealed under the key of the kitty's person. `needed` is how many
    approvals it had to have, once it is done. A payment that it becomes has its id.
    """

    id: str
    kitty: str
    kind: ProposalKind
    state: ProposalState
    by: str
    by_mxid: str
    created: datetime
    expires: datetime
    nonce: str
    person: str | None = None
    mxid: str | None = None
    amount: Money | None = None
    needs: int | None = None
    note: bytes | None = None
    needed: int | None = None
    version: int = 0

    @property
    def terms(self) -> str:
        """What is approved: any change of it makes another code."""
        amount = f"{self.amount.plain()} {self.amount.currency}" if self.amount else ""
        who = (self.person or "", self.mxid or "")
        return "\n".join((self.id, self.kitty, self.kind, amount, *who, str(self.needs or "")))

    @property
    def code(self) -> str:
        """The approval code of exactly these terms."""
        return code_for(self.terms, self.nonce)


@dataclass(frozen=True, slots=True)
class Assent:
    """What a treasurer said to the terms with this `code`: yes or no, once; `strong` if by their factor."""

    id: str
    proposal: str
    person: str
    mxid: str
    code: str
    approves: bool
    strong: bool
    at: datetime
    version: int = 0


def kitty_mxid(kitty: str) -> str:
    """What stands for the Matrix id of this kitty; no server has that name (RFC 2606)."""
    return f"@kitty-{kitty.removeprefix('PB-').lower()}{_SERVER}"


def is_kitty(mxid: str) -> bool:
    """Whether this stands for a kitty, which nobody can write to."""
    return mxid.endswith(_SERVER)


def check_needs(needs: int, treasurers: int) -> int:
    """Give back `needs`, or raise `NeedsNotPossibleError` unless so many of the treasurers could approve."""
    if not 1 <= needs <= treasurers:
        raise NeedsNotPossibleError(treasurers=treasurers)
    return needs


def check_open(proposal: Proposal, at: datetime) -> None:
    """Raise `ProposalOverError` unless the proposal can still be approved or declined."""
    if proposal.state is not ProposalState.OPEN or proposal.expires <= at:
        over = ProposalState.EXPIRED if proposal.state is ProposalState.OPEN else proposal.state
        raise ProposalOverError(proposal=proposal.id, state=over.value)


def needed(kitty: Kitty, kind: ProposalKind, fit: int) -> int:
    """How many of `fit` treasurers, those who could approve now, must approve.

    Closing gives everybody back their own: where fewer are left than are needed, those who are left may.
    """
    return min(kitty.needs, max(fit, 1)) if kind is ProposalKind.CLOSE else kitty.needs


def counted(assents: Sequence[Assent], fit: Collection[str]) -> tuple[Assent, ...]:
    """Those approvals that count: each treasurer's once, and of those (person ids) alone who are `fit`."""
    first = {one.person: one for one in reversed(assents) if one.approves and one.person in fit}
    return tuple(one for one in assents if first.get(one.person) is one)


def is_hopeless(assents: Sequence[Assent], fit: Collection[str], needs: int) -> bool:
    """Whether so many of the `fit` said no that the others are fewer than are needed."""
    against = {one.person for one in assents if not one.approves}
    return len(set(fit) - against) < needs


def ended(proposal: Proposal, state: ProposalState, had: int | None = None) -> Proposal:
    """The proposal as it ended; nothing ends twice (`ProposalOverError`)."""
    if proposal.state is not ProposalState.OPEN:
        raise ProposalOverError(proposal=proposal.id, state=proposal.state.value)
    return replace(proposal, state=state, needed=had)


def put_in(transfers: Sequence[Transfer], kitty: str) -> Mapping[str, int]:
    """What each person (id) has put into the kitty and not got back of it, in minor units."""
    found: dict[str, int] = defaultdict(int)
    for transfer in transfers:
        if transfer.payee == kitty and transfer.state in _PAID_IN:
            found[transfer.payer] += transfer.amount.minor - transfer.refunded
    return {person: minor for person, minor in found.items() if minor > 0}


def shares(left: Money, put: Mapping[str, int]) -> Mapping[str, Money]:
    """What is left, in proportion to what each put in; together exactly that, by largest remainder.

    `put` is not empty, in minor units. Who would get nothing is left out.
    """
    people = sorted(put)
    parts = left.split([put[person] for person in people])
    return {person: part for person, part in zip(people, parts, strict=True) if part.is_positive}

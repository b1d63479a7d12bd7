"""What the use cases need from outside: the book, rails, the vault, the clock, rooms; as Protocols."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from paybridge.domain.acts import Act
from paybridge.domain.contact import Block, Contact
from paybridge.domain.deeds import Deed
from paybridge.domain.history import Bookmark
from paybridge.domain.leg import Leg
from paybridge.domain.motions import Motion
from paybridge.domain.own_cap import OwnCap
from paybridge.domain.people import Identity, Link, Person
from paybridge.domain.pinning import PinnedKey
from paybridge.domain.policy import RoomPolicy
from paybridge.domain.rail_pause import RailPause
from paybridge.domain.request import Request
from paybridge.domain.spoken import Origin
from paybridge.domain.standing import Standing
from paybridge.domain.transfer import Transfer, TransferKind
from paybridge.domain.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.bundle import Bundle
    from paybridge.domain.ledger import Account, Journal
    from paybridge.domain.money import Money
    from paybridge.domain.region import Spans, Spent
from paybridge.services.acquaintances import Acquaintances
from paybridge.services.admin_book import AdminBook
from paybridge.services.factor_book import FactorBook, FactorRecord
from paybridge.services.kitty_book import KittyBook, KittyRecord
from paybridge.services.mail import Letter, Mailbox, Post
from paybridge.services.membership_book import MembershipBook, MembershipRecord
from paybridge.services.past import Past
from paybridge.services.rail import (
    Capabilities,
    EventNaming,
    Linked,
    LinkRefusedError,
    NoStatementError,
    NotASandboxError,
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    PayeeCheck,
    PayeeChecking,
    PayeeMatch,
    Pending,
    Prepared,
    Quote,
    Rail,
    RailError,
    RailEvent,
    Refunding,
    Refused,
    Reversed,
    Settled,
    StatementLine,
    ThrottledError,
    Unsure,
    WebhookRefusedError,
)
from paybridge.services.repeat_book import RepeatBook, RepeatRecord
from paybridge.services.rooms import RoomFacts, Rooms, RoomsAwayError, Seat
from paybridge.services.sale_book import SaleBook, SaleRecord
from paybridge.services.sealing import SealBrokenError, Vault
from paybridge.services.shop_book import ShopBook, ShopRecord
from paybridge.services.shop_view_book import ShopViewBook, ShopViewRecord
from paybridge.services.split_book import SplitBook, SplitRecord
from paybridge.services.ticket_book import TicketBook, TicketRecord
from paybridge.services.tie_book import TieBook, TieRecord
from paybridge.services.trip_book import TripBook, TripRecord

__all__ = [
    "AlreadyDoneError",
    "ApprovedSoFar",
    "Book",
    "BookUnavailableError",
    "Capabilities",
    "Chance",
    "Clock",
    "Due",
    "Errand",
    "EventNaming",
    "Letter",
    "LinkRefusedError",
    "Linked",
    "Mailbox",
    "NoStatementError",
    "NotASandboxError",
    "NotFound",
    "NotSentError",
    "Order",
    "OrderRefusedError",
    "Outcome",
    "OverdraftError",
    "Page",
    "PayeeCheck",
    "PayeeChecking",
    "PayeeMatch",
    "Pending",
    "Post",
    "Prepared",
    "Quote",
    "Rail",
    "RailError",
    "RailEvent",
    "Record",
    "Refunding",
    "Refused",
    "Reversed",
    "RoomFacts",
    "Rooms",
    "RoomsAwayError",
    "SealBrokenError",
    "Seat",
    "Settled",
    "StaleError",
    "StatementLine",
    "Step",
    "StepRefusedError",
    "ThrottledError",
    "Unsure",
    "Vault",
    "Wakeup",
    "WebhookRefusedError",
]

# ---------------------------------------------------------------- the book

Record = (
    Person
    | Identity
    | Link
    | Transfer
    | Leg
    | Request
    | RoomPolicy
    | PinnedKey
    | Origin
    | Webhook
    | FactorRecord
    | Bookmark
    | Contact
    | Block
    | Deed
    | Standing
    | SplitRecord
    | TripRecord
    | KittyRecord
    | MembershipRecord
    | RepeatRecord
    | TieRecord
    | Act
    | ShopRecord
    | Motion
    | RailPause
    | SaleRecord
    | ShopViewRecord
    | TicketRecord
    | OwnCap
)


@dataclass(frozen=True, slots=True)
class Step:
    """Everything that one decision changes, written in one transaction or not at all.

    A record with version 0 is inserted, any other updates the row that still has that version (the new row
    has version + 1). `done` are inbox events that this step has answered. `empties` are accounts, with their
    currency, that hold nothing after its journals; `unfrozen` are persons who may pay when it is written, and
    `alive` those who have not had themselves erased; else the step is stale. `forgets` are persons whose key
    its records destroy: all that only concerns them is taken out.
    """

    records: tuple[Record, ...] = ()
    journals: tuple[Journal, ...] = ()
    posts: tuple[Post, ...] = ()
    done: tuple[str, ...] = ()
    empties: tuple[tuple[Account, str], ...] = ()
    unfrozen: tuple[str, ...] = ()
    alive: tuple[str, ...] = ()
    forgets: tuple[str, ...] = ()

    def __add__(self, other: Step) -> Step:
        return Step(
            self.records + other.records,
            self.journals + other.journals,
            self.posts + other.posts,
            self.done + other.done,
            self.empties + other.empties,
            self.unfrozen + other.unfrozen,
            self.alive + other.alive,
            self.forgets + other.forgets,
        )


class StepRefusedError(Exception):
    """The database refused a step; nothing of it was written."""


class StaleError(StepRefusedError):
    """A conditional update hit no row, or an insert met one: somebody else was first. Decide again."""


class AlreadyDoneError(StepRefusedError):
    """The step's journal, post or inbox event is there already: it was written before."""


class OverdraftError(StepRefusedError):
    """An account would fall below its floor."""


class BookUnavailableError(Exception):
    """The database cannot be written now (disk full, locked, closed); it is tried afresh next time.

    The step was not acknowledged, and nobody should count on it either way: load and decide again.
    """


@dataclass(frozen=True, slots=True)
class ApprovedSoFar:
    """What a person has approved by code alone in all: how many payments, and their sum per currency."""

    count: int
    sums: Mapping[str, int]


class Errand(StrEnum):
    """What a leg waits for: to be sent to its rail (reserved, prepared), or to be asked about there.

    Of legs that are over, those are asked about that have a `due`.
    """

    SEND = "send"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Due:
    """A leg that something is to be done about, and the transfer that it belongs to."""

    leg: Leg
    transfer: Transfer


class Book(
    Acquaintances,
    FactorBook,
    MembershipBook,
    Past,
    RepeatBook,
    SaleBook,
    ShopBook,
    ShopViewBook,
    SplitBook,
    TicketBook,
    TripBook,
    KittyBook,
    Protocol,
):
    """The database as the use cases see it. Reads see every committed step."""

    @property
    def admin(self) -> AdminBook:
        """What is read for operators."""

    @property
    def ties(self) -> TieBook:
        """What is read of ghosts that speak for people of Matrix."""

    async def commit(self, step: Step) -> None:
        """Write `step` durably, or raise a `StepRefusedError` or `BookUnavailableError`."""

    async def person(self, person: str) -> Person | None: ...
    async def person_of(self, mxid: str) -> Person | None: ...
    async def mxids_of(self, person: str) -> Sequence[str]: ...
    async def balances(self, person: str) -> Sequence[Money]:
        """Spendable balance per currency, zero ones left out."""

    async def held(self, person: str) -> Sequence[Money]: ...
    async def owed(self, person: str) -> Sequence[Money]:
        """What the person owes after a reversal, per currency, positive."""

    async def balance(self, person: str, currency: str) -> Money: ...
    async def links(self, person: str) -> Sequence[Link]:
        """Every link of the person that is not removed, oldest first."""

    async def link(self, link: str) -> Link | None: ...
    async def transfer(self, transfer: str) -> Transfer | None: ...
    async def bundle(self, bundle: str) -> Bundle | None:
        """The payments that one card shows together."""

    async def legs(self, transfer: str) -> Sequence[Leg]:
        """The legs in their order."""

    async def awaiting_approval(self, payer: str) -> Sequence[Transfer]:
        """The payer's open cards, newest first."""

    async def under_way(self, payer: str) -> Sequence[Transfer]:
        """The payer's approved transfers whose legs have not all ended, newest first."""

    async def coming_to(self, payee: str) -> Sequence[Transfer]:
        """Payments to this person that are approved and have not arrived, newest first."""

    async def claimable(self, payee: str) -> Sequence[Transfer]: ...
    async def claimable_from(self, payer: str) -> Sequence[Transfer]: ...
    async def request(self, request: str) -> Request | None: ...
    async def requests_of(self, asker: str) -> Sequence[Request]:
        """Open requests that the person made, newest first."""

    async def requests_to(self, asked: str) -> Sequence[Request]: ...
    async def paid_before(self, payer: str) -> Sequence[str]:
        """The Matrix ids of everyone to whom the person has approved a payment that was not refused."""

    async def approved_so_far(self, payer: str) -> ApprovedSoFar:
        """Payments (kind `pay`) that the person ever approved, except those refused or cancelled."""

    async def spent(self, payer: str, currency: str, kinds: Collection[TransferKind], spans: Spans) -> Spent:
        """What the person has approved in the spans of these kinds, except what was refused or cancelled."""

    async def standing(self, person: str) -> Standing | None: ...
    async def expired_transfers(self, at: datetime, limit: int) -> Sequence[Transfer]:
        """Open cards past their expiry, and claimable transfers whose claim time (`expires`) is over."""

    async def expired_requests(self, at: datetime, limit: int) -> Sequence[Request]: ...
    async def due_legs(self, errand: Errand, rail: str, at: datetime, limit: int) -> Sequence[Due]:
        """The rail's legs on the errand whose `due` is not after `at`, oldest first."""

    async def open_legs(self, errand: Errand, rail: str) -> Sequence[str]:
        """The ids of all the rail's legs on the errand that have a `due`, earliest first."""

    async def legs_on(self, errand: Errand, legs: Sequence[str]) -> Sequence[Due]:
        """Those of the legs with these ids that are on the errand."""

    async def next_due(self, errand: Errand, after: datetime) -> datetime | None:
        """The earliest `due` of a leg on the errand, of any rail, that is later than `after`."""

    async def next_expiry(self) -> datetime | None: ...
    async def leg_by_reference(self, reference: str) -> Leg | None:
        """The leg with this id (it is the `reference` that rails are given)."""

    async def heard(self, webhook: Webhook) -> bool:
        """Whether this event, or this body about the same order, was taken before."""

    async def made_by(self, event: str) -> Sequence[str]:
        """The ids of the payments and requests that this message made."""

    async def open_deeds(self) -> Sequence[Deed]:
        """What operators decided and the bot has not done, oldest first."""

    async def pinned_key(self, mxid: str) -> PinnedKey | None:
        """The master key by which this Matrix id was first met."""

    async def frozen_keys(self) -> Sequence[PinnedKey]:
        """Everyone who is frozen."""

    async def room_policy(self, room: str) -> RoomPolicy | None:
        """What is kept of a room's policy: typed there, or inherited at its upgrade."""


# ---------------------------------------------------------------- the rest


class Clock(Protocol):
    """The time, handed in."""

    def now(self) -> datetime:
        """Now, with time zone UTC."""


class Chance(Protocol):
    """Randomness, handed in."""

    def number(self) -> int:
        """A random number of 64 bits from a cryptographic source."""

    def token(self) -> str:
        """A random text of 128 bits, for opaque ids and nonces."""


class Wakeup(Protocol):
    """Rings the tasks that wait for work."""

    def ring(self) -> None: ...

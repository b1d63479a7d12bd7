"""A rail: a way for money to move outside our ledger, and everything that it can answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a rail can do. `flows` are the leg kinds it takes; amounts are per order, inclusive.

    `links` are the kinds of account that it links (`iban`). `shapes` has, for those kinds that people need
    not name, the regular expression that their numbers match, without spaces and in any case. `most_in` has
    the currencies whose `most` is another. `checks_payees` says that the rail is `PayeeChecking`.
    """

    currencies: frozenset[str]
    flows: frozenset[LegKind]
    links: frozenset[str]
    least: int
    most: int
    idempotency_window: timedelta
    not_found_is_final: bool
    money_can_come_back_for: timedelta
    most_in: Mapping[str, int] = field(default_factory=dict)
    shapes: Mapping[str, str] = field(default_factory=dict)
    checks_payees: bool = False

    def most_of(self, currency: str) -> int:
        """The most of one order in this currency, in minor units."""
        return self.most_in.get(currency, self.most)


@dataclass(frozen=True, slots=True)
class Order:
    """One order to a rail.

    `reference` is ours and unique; `link` is the rail's token of the linked account, `to` that of the account
    which a direct order pays.
    """

    reference: str
    kind: LegKind
    amount: Money
    link: str
    text: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order will cost, on top of its amount, and the most that it may cost."""

    fee: Money
    highest_fee: Money


@dataclass(frozen=True, slots=True)
class Linked:
    """A linked account at the rail: its token, and what may be shown of it.

    `currency` is the one that the account holds; None if it takes each that the rail does.
    """

    token: str
    masked: str
    verified: bool
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The money moved: amount to the payee's side, fee on top. `took` is the rail's own reported time."""

    remote_id: str
    amount: Money
    fee: Money
    took: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Reversed:
    """The money moved and was taken back later: a chargeback, a returned debit, a returned payout.

    `amount` is how much of the order's amount came back in all, at most the whole of it. `fee` is what the
    order had cost, which the rail keeps; None if it does not say, and then it is taken to be what was quoted.
    """

    remote_id: str
    amount: Money
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """The rail has the order and is working on it; ask again after `next_poll`.

    `asks` is what the payer has to open if it is their turn: an address or a payment link (RFC 3986).
    """

    next_poll: timedelta
    asks: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The rail refused for good, by one of its listed codes; no money moved."""

    code: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The rail does not know the order; `final` if it never will unless we send it again."""

    final: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rail knows the order, and it has not been executed."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody knows whether money moved. Ask, never resend under a new key."""

    reason: str


class PayeeMatch(StrEnum):
    """What the holder's bank says of a name (EPC218-23, the EPC's scheme for verification of payee)."""

    MATCH = "match"
    CLOSE = "close_match"
    NONE = "no_match"
    NOT_POSSIBLE = "not_possible"


@dataclass(frozen=True, slots=True)
class PayeeCheck:
    """Whether an account's holder is called as somebody thinks; `holder` is told with a close match alone."""

    match: PayeeMatch
    holder: str | None = None


Outcome = Settled | Reversed | Pending | Refused | NotFound | Prepared | Unsure


class RailError(Exception):
    """A rail could not do what it was asked; no order of ours left."""


class NotSentError(RailError):
    """Refused before a byte was written: safe to try later."""


class ThrottledError(RailError):
    """The rail asks to wait."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(str(after))
        self.after = after


class LinkRefusedError(RailError):
    """The rail refuses this account, for `code`; `tries_left` of a proof if the rail counts them."""

    def __init__(self, code: str, tries_left: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.tries_left = tries_left


class OrderRefusedError(RailError):
    """The rail refuses to prepare the order; nothing moved."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotASandboxError(RailError):
    """The peer could not prove that it is a sandbox: refused at start."""


class NoStatementError(RailError):
    """The peer has no statement of our account, so that nothing can be compared with it."""


@dataclass(frozen=True, slots=True)
class RailEvent:
    """A verified webhook: the order `reference` has news. The rail is then asked.

    `says` is what the webhook claims, `settled`, `refused` or `reversed`, if it does: where the books say the
    same of an order that is over, the rail need not be asked.

    `by_their_id` says that `reference` is not ours: it is an id of the peer's, and the rail, which is then
    `EventNaming`, finds out which order it stands for.
    """

    id: str
    reference: str
    says: str | None = None
    by_their_id: bool = False


class WebhookRefusedError(RailError):
    """The webhook's signature, age or shape is wrong."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of our settlement account at the rail; `amount` is signed, from our side."""

    id: str
    reference: str | None
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the statement; `next` is the cursor to go on with, None at the end.

    `balance`, or `balances` in several currencies, is what the account holds behind its last line; it
    counts on the last page, and the books are compared with it.
    """

    lines: Sequence[StatementLine]
    next: str | None
    balance: Money | None
    balances: Sequence[Money] = ()


@runtime_checkable
class PayeeChecking(Protocol):
    """What a rail has beside `Rail` if it can ask whose an account is."""

    async def check_payee(self, token: str, name: str) -> PayeeCheck:
        """Whether a linked account's holder is called `name`; moves nothing. `RailError` if nobody says."""
        ...


@runtime_checkable
class EventNaming(Protocol):
    """What a rail has beside `Rail` if some webhooks of its peer name orders by an id of the peer's alone."""

    async def reference_of(self, their_id: str) -> str | None:
        """Our reference of the order that has this id; None if it is none of ours. `RailError`."""
        ...


@runtime_checkable
class Refunding(Protocol):
    """What a rail has beside `Rail` if it can give back what it collected to where it came from."""

    async def refund(self, reference: str, handle: str, amount: Money, key: str) -> Outcome:
        """Give back `amount` of a settled collect, once per `key`, however often it is asked for.

        `Settled` is about the refund: its own id and amount. `Refused("more_than_is_left")` if so much is not
        left of the order, or `Refused` with one of the rail's codes. From then on `query` answers `Reversed`
        with all that came back. Anything unclear is `Unsure`, and asked for again under the same key.
        `NotSentError` and `ThrottledError` if nothing was sent.
        """
        ...


class Rail(Protocol):
    """A way for money to move outside our ledger. See docs/add-a-rail.md."""

    name: str

    def capabilities(self) -> Capabilities: ...

    async def prove_sandbox(self) -> None:
        """Raise `NotASandboxError` unless the peer is a sandbox, `NotSentError` if it cannot be reached."""

    async def quote(self, order: Order) -> Quote: ...

    async def link(self, details: str) -> Linked:
        """Begin to link the account that `details` (an IBAN, say) names, or `LinkRefusedError`."""

    async def verify(self, token: str, evidence: str) -> None:
        """Prove ownership of a link, or `LinkRefusedError`."""

    async def unlink(self, token: str) -> None: ...

    async def prepare(self, order: Order) -> str:
        """Tell the rail of the order; MUST NOT move money. The same order has the same handle."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        """Move the money, once per `key`."""

    async def query(self, reference: str, handle: str | None) -> Outcome:
        """Where the order stands. A failed question is `Unsure` and says nothing about the payment."""

    async def cancel(self, handle: str) -> None: ...

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]: ...

    async def statement(self, cursor: str | None) -> Page:
        """The page at `cursor`, in one order of time throughout, or `NoStatementError` if there is none."""

    async def alive(self) -> None:
        """Return if the rail answers, else raise `RailError`."""

    async def close(self) -> None: ...

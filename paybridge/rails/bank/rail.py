"""The bank as a rail: links IBANs, UPI ids and Pix keys; prepares orders and executes each under one key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import quote as quoted

import aiohttp

from paybridge.rails._frame import (
    Capabilities,
    LegKind,
    Linked,
    LinkRefusedError,
    Money,
    MoneyError,
    NotASandboxError,
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    PayeeCheck,
    PayeeMatch,
    Quote,
    RailError,
    RailEvent,
    Refused,
    StatementLine,
    ThrottledError,
    Unsure,
)
from paybridge.rails._http import LostTrackError, Said
from paybridge.rails.bank.answers import (
    LIMITS,
    About,
    CheckTold,
    EntryTold,
    Handle,
    LinkTold,
    OrderTold,
    QuoteTold,
    StatementTold,
    meaning,
)
from paybridge.rails.bank.client import Answer, BankClient, took
from paybridge.rails.bank.numbers import SCHEMES, kind_of
from paybridge.rails.bank.options import BankOptions
from paybridge.rails.bank.webhook import read_secrets, read_webhook

T = TypeVar("T")

LONGEST_TEXT: Final = 140
PAGE: Final = 200
NOT_FOUND: Final = 404

CANNOT_BE_PREPARED: Final = LIMITS | {
    *(
        "reference_reused",
        "link_not_verified",
        "bad_amount",
        "bad_currency",
        "bad_reference",
        "bad_text",
        "bad_to",
    ),
}
CANNOT_BE_LINKED: Final = frozenset(
    {
        *("bad_iban", "bad_upi_id", "bad_pix_key", "unknown_account"),
        *("wrong_code", "link_failed", "not_found"),
    }
)
CAN_NO_LONGER_BE_EXECUTED: Final = frozenset({"order_cancelled", "order_expired"})


class BankRail:
    """Collects from linked accounts and pays out to them: euros by IBAN, rupees by UPI, reais by Pix."""

    name = "bank"
    protocol = 1
    Options = BankOptions

    def __init__(self, options: BankOptions, http: aiohttp.ClientSession, /) -> None:
        """Keep the options; nothing is sent before `prove_sandbox`."""
        self._options = options
        self._bank = BankClient(options, http)
        secret = options.webhook_secret
        self._webhook_secrets = () if secret is None else read_secrets(secret.get_secret_value())
        # Nothing until the bank has said it, so that no key is relied upon before.
        self._window = timedelta(0)

    def capabilities(self) -> Capabilities:
        """One scheme for each currency, and each final once settled (EPC004-16 for SCT Inst)."""
        return Capabilities(
            currencies=frozenset(scheme.currency for scheme in SCHEMES.values()),
            flows=frozenset({LegKind.COLLECT, LegKind.PAYOUT, LegKind.DIRECT}),
            links=frozenset(SCHEMES),
            least=1,
            most=max(scheme.most for scheme in SCHEMES.values()),
            idempotency_window=self._window,
            not_found_is_final=True,
            money_can_come_back_for=timedelta(0),
            most_in={scheme.currency: scheme.most for scheme in SCHEMES.values()},
            shapes={kind: scheme.shape for kind, scheme in SCHEMES.items()},
            checks_payees=True,
        )

    async def prove_sandbox(self) -> None:
        """The host must be this machine or listed, and the bank must call itself a sandbox.

        The host is looked at first, so that the key is never shown to a stranger.
        """
        if not self._options.may_be_spoken_to:
            raise NotASandboxError(
                f"rails.bank.url: {self._options.host} is neither this machine nor in rails.bank.allow_hosts"
            )
        try:
            answer = await self._bank.ask("GET", "/v1/about")
        except LostTrackError as error:
            raise NotSentError(str(error)) from error
        try:
            about = answer.read(About)
        except LostTrackError as error:
            raise NotASandboxError(f"rails.bank.url: the bank does not say what it is: {error}") from error
        if not about.sandbox:
            raise NotASandboxError("rails.bank.url: the bank says that it is no sandbox")
        self._window = timedelta(seconds=about.idempotency_window_seconds)

    async def quote(self, order: Order) -> Quote:
        """What the bank takes on top of the amount, or `OrderRefusedError` if it takes no such order.

        A limit of the account's day or night that the order would break is said already here.
        """
        answer = await self._bank.ask(
            "POST",
            "/v1/quotes",
            body={
                "direction": _direction(order),
                "amount": order.amount.minor,
                "currency": order.amount.currency,
                "link": order.link,
            },
        )
        _raise_if_refused(answer)
        told = answer.read(QuoteTold)
        if not 0 <= told.fee <= told.highest_fee:
            raise RailError("the bank quotes a fee that cannot be")
        currency = order.amount.currency
        return Quote(Money(told.fee, currency), Money(told.highest_fee, currency))

    async def link(self, details: str) -> Linked:
        """Begin to link the account with this IBAN, UPI id or Pix key; its statement then shows the code."""
        kind = kind_of(details)
        if kind is None:
            raise LinkRefusedError("bad_number")
        scheme = SCHEMES[kind]
        answer = await self._bank.ask("POST", "/v1/links", body={scheme.field: details})
        _raise_if_unlinkable(answer)
        told = answer.read(LinkTold)
        return Linked(told.id, told.masked, told.state == "verified", scheme.currency)

    async def verify(self, token: str, evidence: str) -> None:
        """Prove a link by the code in the account's statement."""
        answer = await self._bank.ask("POST", f"/v1/links/{_segment(token)}/verify", body={"code": evidence})
        _raise_if_unlinkable(answer)
        answer.read(Said)

    async def check_payee(self, token: str, name: str) -> PayeeCheck:
        """What the bank says of the name; a name that it cannot take is nobody's."""
        asked = _printable(name)
        if not asked:
            return PayeeCheck(PayeeMatch.NOT_POSSIBLE)
        answer = await self._bank.ask("POST", "/v1/payee-checks", body={"link": token, "name": asked})
        told = answer.read(CheckTold)
        return PayeeCheck(told.result, told.name if told.result is PayeeMatch.CLOSE else None)

    async def unlink(self, token: str) -> None:
        """Take a link back; one that the bank does not know is gone already."""
        answer = await self._bank.ask("DELETE", f"/v1/links/{_segment(token)}")
        complaint = answer.complaint
        if answer.status != NOT_FOUND or complaint is None or complaint.error != "not_found":
            _raise_unless_done(answer)

    async def prepare(self, order: Order) -> str:
        """Tell the bank of the order. The handle names the bank's order and what was ordered."""
        answer = await self._bank.ask(
            "POST",
            "/v1/orders",
            body={
                "reference": order.reference,
                "direction": _direction(order),
                "link": order.link,
                "amount": order.amount.minor,
                "currency": order.amount.currency,
                "text": _printable(order.text),
            }
            | ({} if order.to is None else {"to": order.to}),
        )
        _raise_if_refused(answer)
        told = answer.read(OrderTold)
        if told.reference != order.reference:
            raise RailError("the bank prepared another order")
        return str(Handle(told.id, order.amount))

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        """Move the money once. `NotSentError` and `ThrottledError` are the only ways to fail without a trace.

        Everything that is not the bank's plain yes, wait or listed no is `Unsure`.
        """
        ordered = Handle.read(handle)
        if fee_cap.currency != ordered.amount.currency:
            raise RailError(f"a fee in {fee_cap.currency} cannot be capped for {ordered.amount}")
        try:
            answer = await self._bank.ask(
                "POST",
                f"/v1/orders/{_segment(ordered.order)}/execute",
                body={"fee_cap": fee_cap.minor},
                key=key,
            )
            complaint = answer.complaint
            if complaint is not None and complaint.error in CAN_NO_LONGER_BE_EXECUTED:
                return Refused(complaint.error)
            return meaning(answer.read(OrderTold), took(answer), ordered, fee_cap)
        except LostTrackError as error:
            return Unsure(str(error))

    async def query(self, reference: str, handle: str | None) -> Outcome:
        """Where the order stands. Without a handle the amount is the bank's word: compare it."""
        ordered = None if handle is None else Handle.read(handle)
        try:
            if ordered is None:
                answer = await self._bank.ask("GET", "/v1/orders", params={"reference": reference})
            else:
                answer = await self._bank.ask("GET", f"/v1/orders/{_segment(ordered.order)}")
            complaint = answer.complaint
            if answer.status == NOT_FOUND and complaint is not None and complaint.final is not None:
                return NotFound(complaint.final)
            told = answer.read(OrderTold)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(f"could not ask: {error}")
        if told.reference != reference:
            return Unsure("the answer is about another order")
        return meaning(told, took(answer), ordered, None)

    async def cancel(self, handle: str) -> None:
        """Never execute this order; `OrderRefusedError` if it was executed already."""
        answer = await self._bank.ask("POST", f"/v1/orders/{_segment(Handle.read(handle).order)}/cancel")
        complaint = answer.complaint
        if complaint is not None and complaint.error == "already_executed":
            raise OrderRefusedError(complaint.error)
        told = answer.read(OrderTold)
        if told.state not in {"cancelled", "expired"}:
            raise OrderRefusedError(f"still_{told.state}")

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:
        """The order that a webhook signed with one of our secrets speaks of, or `WebhookRefusedError`."""
        return read_webhook(self._webhook_secrets, headers, raw, now)

    async def statement(self, cursor: str | None) -> Page:
        """Entries of our settlement accounts behind `cursor`, oldest first; an empty page is the end."""
        params = {"currency": "all", "limit": str(PAGE)} | ({} if cursor is None else {"after": cursor})
        told = (await self._bank.ask("GET", "/v1/statement", params=params)).read(StatementTold)
        lines = tuple(_line(entry) for entry in told.entries)
        try:
            balances = tuple(Money(minor, currency) for currency, minor in told.balances.items())
        except MoneyError as error:
            raise RailError(f"unreadable statement: {error}") from error
        return Page(lines, told.next if lines else None, None, balances)

    async def alive(self) -> None:
        """The bank answers, and is still a sandbox."""
        await self.prove_sandbox()

    async def close(self) -> None:
        """The session is not ours to close."""


def _direction(order: Order) -> str:
    if order.kind not in {LegKind.COLLECT, LegKind.PAYOUT, LegKind.DIRECT}:
        raise OrderRefusedError("bad_kind")
    return order.kind.value


def _segment(part: str) -> str:
    return quoted(part, safe="")


def _printable(text: str) -> str:
    """The text as the bank takes it: one line, without what cannot be printed, at most 140 characters."""
    kept = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(kept.split())[:LONGEST_TEXT]


def _line(entry: EntryTold) -> StatementLine:
    if entry.at.tzinfo is None:
        raise RailError("the bank's statement has a time without a zone")
    try:
        return StatementLine(entry.id, entry.reference, Money(entry.amount, entry.currency), entry.at)
    except ValueError as error:
        raise RailError(f"unreadable statement: {error}") from error


def _raise_if_refused(answer: Answer) -> None:
    complaint = answer.complaint
    if complaint is not None and complaint.error in CANNOT_BE_PREPARED:
        raise OrderRefusedError(complaint.error)


def _raise_if_unlinkable(answer: Answer) -> None:
    complaint = answer.complaint
    if complaint is not None and complaint.error in CANNOT_BE_LINKED:
        raise LinkRefusedError(complaint.error, complaint.tries_left)


def _raise_unless_done(answer: Answer) -> None:
    if answer.status != 204:  # noqa: PLR2004  RFC 9110 section 15.3.5
        answer.read(Said)

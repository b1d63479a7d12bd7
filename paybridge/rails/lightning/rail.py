"""LNbits as a rail: top-ups by invoice, payouts to lightning addresses, each invoice's hash its identity."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import aiohttp

from paybridge.rails._frame import (
    Capabilities,
    LegKind,
    Linked,
    LinkRefusedError,
    Money,
    NotASandboxError,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    Pending,
    Prepared,
    Quote,
    RailError,
    RailEvent,
    Refused,
    Settled,
    StatementLine,
    ThrottledError,
    Unsure,
    check_order,
)
from paybridge.rails._http import LostTrackError
from paybridge.rails._outside import ForbiddenAddressError, NobodyThereError, Outside
from paybridge.rails.lightning.answers import (
    COLLECT,
    LINK,
    MSAT,
    OVER,
    PAID,
    PAYOUT,
    SAT,
    Handle,
    Hash,
    Note,
    Row,
    Told,
    meaning,
    paid,
)
from paybridge.rails.lightning.client import About, LNbitsClient
from paybridge.rails.lightning.invoice import Invoice
from paybridge.rails.lightning.options import LightningOptions
from paybridge.rails.lightning.payees import ADDRESS, LNURL, Payees
from paybridge.rails.lightning.webhook import proof_of, read_webhook

OLDEST: Final = (1, 6)
"""The first LNbits that keeps ids of ours with payments; before 0.12.6 it may call failed what is paid."""

NO_NODE: Final = "FakeWallet"
REAL: Final = "bc"
LONGEST_TEXT: Final = 140
LONGEST_ANSWER: Final = 64 * 1024
PAYERS_TAKE: Final = timedelta(seconds=10)
WEBHOOK_FAILS_FOR: Final = timedelta(minutes=1)
"""When to look again for a payer's money, without a webhook and with one: it is sent once and may be lost."""

PATIENCE_WITH_PAYEES: Final = 5.0
"""Seconds for each of two questions: a payee whose server hangs shall hold up nobody else."""

_VERSION: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})\b", re.ASCII)


class LightningRail:
    """Collects satoshis by invoices, and pays them out to lightning addresses and LNURLs.

    LNbits knows no idempotency keys. An invoice's payment hash can be paid once, and LNbits is only asked to
    pay one that it keeps a note of under the order's reference.
    """

    name = "lightning"
    protocol = 1
    Options = LightningOptions

    def __init__(self, options: LightningOptions, http: aiohttp.ClientSession, /) -> None:
        """Keep the options; nothing is sent before `prove_sandbox`."""
        self._options = options
        self._lnbits = LNbitsClient(options, http)
        patience = min(options.timeout_seconds, PATIENCE_WITH_PAYEES)
        self._payees = Payees(Outside(options.payee_hosts, patience, LONGEST_ANSWER))
        self._key = options.admin_key.get_secret_value()
        self._look_again = PAYERS_TAKE if options.webhook_url is None else WEBHOOK_FAILS_FOR
        self._network: str | None = None
        self._source: str | None = None
        self._preparing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def capabilities(self) -> Capabilities:
        """Whole satoshis; what was paid over Lightning never comes back, and a hash is paid once for ever."""
        return Capabilities(
            currencies=frozenset({SAT}),
            flows=frozenset({LegKind.COLLECT, LegKind.PAYOUT}),
            links=frozenset({"lightning_address", "lnurl"}),
            least=1,
            most=self._options.most,
            idempotency_window=timedelta(days=36_500),
            not_found_is_final=False,
            money_can_come_back_for=timedelta(0),
            shapes={"lightning_address": ADDRESS, "lnurl": LNURL},
        )

    async def prove_sandbox(self) -> None:
        """The host must be this machine or listed, and no node of LNbits' may be on the real network.

        Either LNbits says that its funding source is FakeWallet, or it makes an invoice of a test network.
        """
        if not self._options.may_be_spoken_to:
            raise NotASandboxError(
                f"rails.lightning.url: {self._options.host} is neither this machine nor in "
                "rails.lightning.allow_hosts"
            )
        try:
            about = await self._about()
            network = REAL if about.funding_source == NO_NODE else await self._network_of_a_node()
        except LostTrackError as error:
            raise NotASandboxError(f"rails.lightning: LNbits does not say what it is: {error}") from error
        self._network, self._source = network, about.funding_source

    async def quote(self, order: Order) -> Quote:
        """Free for a top-up. What routing a payout costs is known afterwards, and its most before."""
        check_order(order, self.capabilities())
        free = Money.zero(SAT)
        if order.kind is LegKind.COLLECT:
            return Quote(free, free)
        share = -(-order.amount.minor * self._options.reserve_percent // 100)
        return Quote(free, Money(max(share, self._options.reserve_least), SAT))

    async def link(self, details: str) -> Linked:
        """Link a lightning address or an LNURL at which somebody is paid.

        There is nothing to prove: who names another's address gives money away, and takes none.
        """
        named = self._payees.named(details)
        await self._payees.must_be_there(named.url)
        kept = await self._lnbits.note("link", {"what": LINK, "pays": named.url})
        return Linked(kept.payment_hash, named.masked, verified=True, currency=SAT)

    async def verify(self, token: str, evidence: str) -> None:  # noqa: ARG002  nothing is left to prove
        """Always `LinkRefusedError`: a link is proven when it is made."""
        raise LinkRefusedError("nothing_to_prove")

    async def unlink(self, token: str) -> None:
        """Take the link back; one that is not there is gone already."""
        if await self._payee(token) is not None:
            await self._lnbits.note(_unlinked(token), {"what": OVER, "code": "unlinked"})

    async def prepare(self, order: Order) -> str:
        """Make the invoice of a top-up, or have the payee make one and note it at LNbits.

        What carries the reference already is the order.
        """
        check_order(order, self.capabilities())
        network = await self._proven()
        lock = self._preparing.setdefault(order.reference, asyncio.Lock())
        async with lock:
            told = await self._lnbits.told(order.reference)
            row = next(iter(told.orders), None) or await self._make(order, network)
        here = Handle.of(row, order.reference)
        assert row.note is not None  # a row without one stands for no order
        if (here.kind, here.amount, row.note.link) != (order.kind.value, order.amount, order.link):
            raise OrderRefusedError("reference_reused")
        return str(here)

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        """Pay the invoice of a payout; a top-up waits for its payer, who is given the invoice.

        LNbits is asked first where the order stands. A no of its own counts only if it stands so afterwards.
        """
        ordered = Handle.read(handle)
        if fee_cap.is_negative:
            raise RailError("a fee cannot be capped below zero")
        try:
            await self._proven()
            ready = await self._ready(ordered, fee_cap)
            if not isinstance(ready, Note):
                return ready
            answer = await self._lnbits.pay(ready.pays, ordered.reference, {"what": PAID}, key)
        except LostTrackError as error:
            return Unsure(str(error))
        # From here on something was sent: nothing that fails may say that it was not.
        try:
            if answer.complaint is None:
                return paid(answer.read(Row), ordered)
            return await self._after_a_no(ordered, answer.complaint.word)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(str(error))

    async def query(self, reference: str, handle: str | None) -> Outcome:
        """Where the order stands, by LNbits' own list of what carries its reference."""
        try:
            ordered = None if handle is None else Handle.read(handle)
            if ordered is not None and ordered.reference != reference:
                return Unsure("the handle is another order's")
            return meaning(await self._lnbits.told(reference), ordered, self._look_again)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(f"could not ask: {error}")

    async def cancel(self, handle: str) -> None:
        """Give the order up; `OrderRefusedError` if it was paid, or is being paid.

        A top-up's invoice remains payable until it expires: what then comes in after all settles the order.
        """
        ordered = Handle.read(handle)
        outcome = meaning(await self._lnbits.told(ordered.reference), ordered)
        waits = ordered.kind == COLLECT and isinstance(outcome, Pending)
        if isinstance(outcome, Settled) or (isinstance(outcome, Pending) and not waits):
            raise OrderRefusedError("already_executed")
        if waits or isinstance(outcome, Prepared):
            outcome = await self._give_up(ordered, "cancelled")
        if not isinstance(outcome, Refused):
            raise RailError(f"not cancelled: {outcome}")

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:  # noqa: ARG002  LNbits signs nothing
        """The order of a webhook that carries the proof which its invoice was given."""
        return read_webhook(self._key, raw)

    async def statement(self, cursor: str | None) -> Page:
        """What moved our wallet, in the order in which it was begun; fees are in the amounts."""
        offset = int(cursor) if cursor is not None and cursor.isdecimal() else 0
        page = await self._lnbits.page(offset)
        lines = [_line(row) for row in page.data if row.status == "success"]
        after = offset + len(page.data)
        return Page(lines, str(after) if page.data and after < page.total else None, None)

    async def alive(self) -> None:
        """LNbits answers, and pays from where it did when it was proven to be a sandbox."""
        try:
            same = self._network is not None and (await self._about()).funding_source == self._source
        except LostTrackError as error:
            raise NotSentError(str(error)) from error
        if not same:
            self._network = None
            await self.prove_sandbox()

    async def close(self) -> None:
        """The session is not ours to close, and none to payees is kept."""

    async def _proven(self) -> str:
        """The network that invoices must be of; nothing is ordered before it is known."""
        if self._network is None:
            await self.prove_sandbox()
        assert self._network is not None  # else it was no sandbox
        return self._network

    async def _about(self) -> About:
        """What LNbits says of itself; `NotASandboxError` if it is too old."""
        try:
            answer = await self._lnbits.about()
        except LostTrackError as error:
            raise NotSentError(str(error)) from error
        about = answer.read(About)
        version = _VERSION.match(about.version)
        if version is None or (int(version[1]), int(version[2])) < OLDEST:
            raise NotASandboxError("rails.lightning.url: LNbits is older than 1.6")
        return about

    async def _network_of_a_node(self) -> str:
        made = await self._lnbits.invoice("network", {"what": "network"}, 1, "PayBridge", 60, None)
        try:
            network = Invoice.read(made.bolt11).network
        except ValueError as error:
            raise LostTrackError(f"unreadable invoice: {error}") from error
        if network == REAL:
            raise NotASandboxError("rails.lightning.url: the invoices of LNbits are for real money")
        return network

    async def _make(self, order: Order, network: str) -> Row:
        address = await self._payee(order.link)
        if address is None:
            raise OrderRefusedError("bad_link")
        amount, reference = order.amount.minor, order.reference
        if order.kind is LegKind.COLLECT:
            facts = {"what": COLLECT, "link": order.link, "proof": proof_of(self._key, reference)}
            options = self._options
            text = order.text[:LONGEST_TEXT] or "PayBridge"
            return await self._lnbits.invoice(
                reference, facts, amount, text, options.invoice_seconds, options.webhook_url
            )
        try:
            pays = await self._payees.invoice(address, amount * MSAT)
        except (ForbiddenAddressError, NobodyThereError) as error:
            raise OrderRefusedError("payee_away") from error
        invoice = Invoice.read(pays)
        if invoice.network != network:
            raise OrderRefusedError("bad_network")
        # An invoice of ours, or one that another order pays: paying it would settle two at once.
        if await self._lnbits.of_hash(invoice.payment_hash) is not None:
            raise OrderRefusedError("invoice_reused")
        facts = {"what": PAYOUT, "link": order.link, "pays": pays}
        return await self._lnbits.note(reference, facts, amount)

    async def _ready(self, ordered: Handle, fee_cap: Money) -> Note | Outcome:
        """The note of a payout that can be paid now, or else where the order stands."""
        told = await self._lnbits.told(ordered.reference)
        outcome = meaning(told, ordered, self._look_again)
        found = told.order(ordered) if isinstance(outcome, Prepared) else None
        note = None if found is None else found[0].note
        if note is None:
            return outcome
        if await self._payee(note.link) is None:
            return await self._give_up(ordered, "link_gone")
        if await self._lnbits.reserve(note.pays) > fee_cap.minor:
            return await self._give_up(ordered, "fee_over_cap")
        return note

    async def _after_a_no(self, ordered: Handle, word: str) -> Outcome:
        outcome = meaning(await self._lnbits.told(ordered.reference), ordered)
        if not isinstance(outcome, Prepared):
            return outcome
        other = await self._lnbits.of_hash(ordered.payment_hash)
        if other is not None and other.status == "success":
            return await self._give_up(ordered, "invoice_reused")
        return Unsure(word[:80])

    async def _give_up(self, ordered: Handle, code: str) -> Outcome:
        """Note that the order is over; a payment of it that is there all the same counts more."""
        await self._lnbits.note(ordered.reference, {"what": OVER, "code": code})
        return meaning(await self._lnbits.told(ordered.reference), ordered)

    async def _payee(self, token: str) -> str | None:
        """The address that a link names; None if there is no such link, or not any more."""
        if not Hash.fullmatch(token):
            return None
        row = await self._lnbits.of_hash(token)
        if row is None or row.note is None or row.note.what != LINK:
            return None
        gone: Told = await self._lnbits.told(_unlinked(token))
        return None if gone.rows else row.note.pays


def _unlinked(token: str) -> str:
    return f"unlinked-{token}"


def _line(row: Row) -> StatementLine:
    reference = row.external_id if row.what in {COLLECT, PAID} else None
    return StatementLine(row.checking_id, reference, row.moved, row.at)

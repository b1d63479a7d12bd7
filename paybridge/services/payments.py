"""Drafting: a person says an amount, and gets a card that they can approve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from paybridge.domain import transfer as transfers
from paybridge.domain.bundle import bundled
from paybridge.domain.errors import UserError
from paybridge.domain.ids import payment_id
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.domain.one_time_link import Purpose
from paybridge.domain.people import check_not_frozen
from paybridge.domain.permissions import Role
from paybridge.domain.transfer import Transfer, TransferHappening, TransferKind, TransferState
from paybridge.services.bridged import is_bridged
from paybridge.services.notes import seal_note
from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Step, Vault
from paybridge.services.sources import NotEnoughBalanceError, Source, Sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.bundle import Bundle
    from paybridge.domain.people import Link
    from paybridge.services.accounts import Accounts
    from paybridge.services.bridged import Bridged
    from paybridge.services.holders import Holder, Holders
    from paybridge.services.limits import Limits
    from paybridge.services.one_time_links import OneTimeLinks
    from paybridge.services.people import Known
    from paybridge.services.policies import Policies
    from paybridge.services.settings import Settings
    from paybridge.services.strength import Strength

MOST_PAYEES: Final = 30
"""On one card."""


class PayingYourselfError(UserError):
    """Payer and payee are one person."""

    key = "error.paying_yourself"


class PayingTheBotError(UserError):
    """The payee is the bot."""

    key = "error.paying_the_bot"


class NamedTwiceError(UserError):
    """Two of the payees are one person."""

    key = "error.named_twice"

    def __init__(self, *, payee: str) -> None:
        super().__init__(payee=payee)


class TooManyPayeesError(UserError):
    """One card shows no more payees than somebody can check."""

    key = "error.too_many_payees"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class PayeeNotHereError(UserError):
    """The payee is not joined to the room in which they are to be paid."""

    key = "error.payee_not_here"

    def __init__(self, *, payee: str) -> None:
        super().__init__(payee=payee)


class PayeeBlockedError(UserError):
    """The operator of the bot does not let this person be paid."""

    key = "error.payee_blocked"

    def __init__(self, *, payee: str) -> None:
        super().__init__(payee=payee)


class RoomNotEncryptedError(UserError):
    """Payments are made in encrypted rooms only."""

    key = "error.room_not_encrypted"


class NothingInBalanceError(UserError):
    """There is nothing to cash out."""

    key = "error.nothing_in_balance"


@dataclass(frozen=True, slots=True)
class Drafted:
    """A card to show: the transfer awaiting approval, its source, and the step that writes it.

    `holder` is what the bank says of whom the money goes to, where it goes to an account. `page` is a
    one-time link to approve it by, where the second factor is needed and there are pages.
    """

    transfer: Transfer
    source: Source
    step: Step
    holder: Holder | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True)
class DraftedBundle:
    """A card for several payments, all of them from `link` (None: the balance), and the step that writes it.

    `holders` are what the bank says of those whose accounts the money goes to, by payee's Matrix id.
    """

    bundle: Bundle
    link: Link | None
    step: Step
    holders: Mapping[str, Holder]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the payer said: whom, how much, what for, `times` of "3 x 12.50", and which `source`, if any.

    `paid_before` is how much of a request that it answers was paid already, in minor units. `into_kitty` says
    that the payee is the room's kitty, which sits nowhere. A shop that was
    found by its page is paid from `anywhere`: it needs not be joined to the room.
    """

    payee: Known
    amount: Money
    note: str = ""
    times: int | None = None
    source: str = ""
    paid_before: int = 0
    into_kitty: bool = False
    anywhere: bool = False


class Payments:
    """Drafts payments, topups and cash-outs. Nothing moves before the approval."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that a draft asks
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        sources: Sources,
        accounts: Accounts,
        holders: Holders,
        policies: Policies,
        strength: Strength,
        limits: Limits,
        links: OneTimeLinks,
        bridged: Bridged,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._sources = sources
        self._accounts = accounts
        self._holders = holders
        self._policies = policies
        self._strength = strength
        self._limits = limits
        self._links = links
        self._bridged = bridged

    async def draft(self, payer: Known, wish: Wish, room: RoomFacts, request: str | None = None) -> Drafted:
        """A card for paying `wish.payee`, who must be joined to `room`."""
        await self.check(payer, wish, room)
        await self._limits.check(TransferKind.PAY, payer.person.id, [wish.amount])
        charged = wish.amount + self._house_fee(wish)
        source = await self._sources.for_payment(payer.person.id, charged, wish.source)
        transfer, source, holder = await self._new_payment(payer, wish, source, room, request)
        # Said now rather than when it is approved, where it is asked again.
        await self._strength.check(transfer)
        await self._bridged.check_draft(transfer)
        step = payer.introduction + wish.payee.introduction + Step(records=(transfer,))
        return await self._with_page(Drafted(transfer, source, step, holder))

    async def _with_page(self, drafted: Drafted) -> Drafted:
        """With a link to its page, if the second factor is to approve it."""
        card = drafted.transfer
        if not self._links.offered or not await self._strength.needs_factor(card):
            return drafted
        made = self._links.make(card.payer, Purpose.APPROVE, card.id)
        return replace(drafted, step=drafted.step + made.step, page=made.url) if made else drafted

    async def draft_many(self, payer: Known, wishes: Sequence[Wish], room: RoomFacts) -> DraftedBundle:
        """One card for paying each of `wishes`, which differ in their payees; all come from one source."""
        if len(wishes) > MOST_PAYEES:
            raise TooManyPayeesError(most=MOST_PAYEES)
        for number, wish in enumerate(wishes):
            await self.check(payer, wish, room)
            before = [other.payee for other in wishes[:number]]
            if any(
                wish.payee.mxid == other.mxid or wish.payee.person.id == other.person.id for other in before
            ):
                raise NamedTwiceError(payee=wish.payee.mxid)
        amounts = [wish.amount for wish in wishes]
        await self._limits.check(TransferKind.PAY, payer.person.id, amounts)
        charged = [wish.amount + self._house_fee(wish) for wish in wishes]
        sources = await self._sources.for_payments(payer.person.id, charged, wishes[0].source)
        name, nonce = payment_id(self._chance.number()), self._chance.token()
        step, parts, holders = payer.introduction, [], {}
        for wish, source in zip(wishes, sources, strict=True):
            transfer, _, holder = await self._new_payment(payer, wish, source, room)
            parts.append(replace(transfer, bundle=name, nonce=nonce))
            step += wish.payee.introduction
            if holder is not None:
                holders[wish.payee.mxid] = holder
        bundle = bundled(name, parts)
        await self._strength.check(bundle)
        await self._bridged.check_draft(bundle)
        return DraftedBundle(bundle, sources[0].link, step + Step(records=bundle.parts), holders)

    async def check(self, payer: Known, wish: Wish, room: RoomFacts) -> None:
        """Raise unless `payer` may pay so much to this payee in `room`, wherever the money comes from."""
        if wish.payee.mxid == self._settings.bot:
            raise PayingTheBotError
        if wish.payee.person.id == payer.person.id:
            raise PayingYourselfError
        await self._bridged.check_payer(payer)
        if wish.into_kitty or wish.anywhere:
            check_encrypted(room, self._settings)
        else:
            check_place(room, wish.payee.mxid, self._settings)
        if not wish.into_kitty:
            check_may_be_paid(wish.payee.mxid, self._settings)
        await self._policies.check_payment(room.id, wish.amount)

    async def _new_payment(
        self, payer: Known, wish: Wish, source: Source, room: RoomFacts, request: str | None = None
    ) -> tuple[Transfer, Source, Holder | None]:
        """The payment, what it comes from, and the holder of the account that it goes to, if it does."""
        source, payees = await self._straight_if_wanted(source, wish)
        transfer = self.new(TransferKind.PAY, payer, wish, source, room.id, request)
        transfer = replace(transfer, house_fee=self._house_fee(wish).minor)
        if payees is None:
            return transfer, source, None
        holder = await self._holders.check(wish.payee.person, payees)
        return replace(transfer, destination=payees.id), source, holder

    def _house_fee(self, wish: Wish) -> Money:
        return self._settings.region.fee(wish.amount)

    async def _straight_if_wanted(self, source: Source, wish: Wish) -> tuple[Source, Link | None]:
        """With the payee's account, if they want to be paid straight into one and the source's rail can."""
        # What goes past our books leaves nothing of itself to the house.
        if source.link is None or self._house_fee(wish).is_positive:
            return source, None
        payees = await self._accounts.direct(wish.payee.person.id, source.link, wish.amount.currency)
        if payees is None:
            return source, None
        quote = await self._sources.quote(LegKind.DIRECT, source.link, wish.amount)
        return Source(source.link, quote), payees

    async def topup(self, person: Known, amount: Money, room: str, said: str = "") -> Drafted:
        """A card for moving `amount` from the person's account (the one called `said`) to their balance."""
        await self._limits.check(TransferKind.TOPUP, person.person.id, [amount])
        link = await self._accounts.choose(person.person.id, LegKind.COLLECT, amount.currency, said)
        source = Source(link, await self._sources.quote(LegKind.COLLECT, link, amount))
        transfer = self.new(TransferKind.TOPUP, person, Wish(person, amount), source, room)
        return Drafted(transfer, source, Step(records=(transfer,)))

    async def cashout(self, person: Known, amount: Money | None, room: str, said: str = "") -> Drafted:
        """A card for moving `amount` (None: all of the balance) to the person's account, called `said`."""
        wanted_in = amount.currency if amount else None
        link = await self._accounts.choose(person.person.id, LegKind.PAYOUT, wanted_in, said)
        currency = wanted_in or link.currency or self._settings.currency
        spendable = await self._book.balance(person.person.id, currency)
        if spendable.is_zero and amount is None:
            raise NothingInBalanceError
        wanted = amount or spendable
        quote = await self._sources.quote(LegKind.PAYOUT, link, wanted)
        if amount is None:
            wanted = spendable - quote.highest_fee
        if not wanted.is_positive or wanted + quote.highest_fee > spendable:
            raise NotEnoughBalanceError(needed=(amount or spendable) + quote.highest_fee, spendable=spendable)
        await self._limits.check(TransferKind.CASHOUT, person.person.id, [wanted])
        source = Source(link, quote)
        transfer = self.new(TransferKind.CASHOUT, person, Wish(person, wanted), source, room)
        holder = await self._holders.check(person.person, link)
        return await self._with_page(Drafted(transfer, source, Step(records=(transfer,)), holder))

    def new(
        self,
        kind: TransferKind,
        payer: Known,
        wish: Wish,
        source: Source,
        room: str,
        request: str | None = None,
    ) -> Transfer:
        """A transfer with these terms, awaiting approval; whether they may be, the caller has checked.

        Raises `FrozenError` for a payer who has stopped everything.
        """
        check_not_frozen(payer.person)
        now = self._clock.now()
        link = source.link.id if source.link else None
        drafted = Transfer(
            id=payment_id(self._chance.number()),
            kind=kind,
            state=TransferState.DRAFTED,
            payer=payer.person.id,
            payer_mxid=payer.mxid,
            payee=wish.payee.person.id,
            payee_mxid=wish.payee.mxid,
            amount=wish.amount,
            fee=source.quote.highest_fee,
            room=room,
            created=now,
            expires=now + self._settings.card_life,
            nonce=self._chance.token(),
            source=None if kind is TransferKind.CASHOUT else link,
            destination=link if kind is TransferKind.CASHOUT else None,
            note=seal_note(self._vault, payer.person, wish.note),
            times=wish.times,
            request=request,
            paid_before=wish.paid_before,
        )
        return transfers.advance(drafted, TransferHappening.SHOW, now)


def check_may_be_paid(mxid: str, settings: Settings) -> None:
    """Raise unless the operator lets this person be paid, and it is one person."""
    if settings.permissions.role_of(mxid) < Role.RECEIVE or settings.bridges.denying(mxid) is not None:
        raise PayeeBlockedError(payee=mxid)


def check_encrypted(room: RoomFacts, settings: Settings) -> None:
    """Raise unless nobody outside of `room` reads what is said there, or it is bridged.

    What is said in a bridged room is read on the other side too, and there is not always encryption to have.
    """
    if not room.encrypted and not is_bridged(room, settings):
        raise RoomNotEncryptedError


def check_place(room: RoomFacts, payee: str, settings: Settings) -> None:
    """Raise unless `payee` (Matrix id) is joined to `room`, which is encrypted or bridged."""
    check_encrypted(room, settings)
    if payee not in room.members:
        raise PayeeNotHereError(payee=payee)

"""Approving: the code is bound to exactly one payment, and what it sets off is one step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain import leg as legs
from paybridge.domain import transfer as transfers
from paybridge.domain.approval import FactorNeededError
from paybridge.domain.bridged import FactorOverBridgeError
from paybridge.domain.bundle import Bundle, Card, parts_of
from paybridge.domain.errors import UserError
from paybridge.domain.factor import lightly_approved, strongly_approved
from paybridge.domain.kitty import is_kitty
from paybridge.domain.leg import Leg, LegEffect, LegHappening, LegKind, LegState
from paybridge.domain.people import Link, LinkState, Person, check_not_frozen
from paybridge.domain.proof import (
    DeviceNotProvenError,
    HomeserverOnly,
    OpenRoomError,
    OwnDevice,
    Proof,
    ViaBridgeBot,
    may_move_money,
)
from paybridge.domain.standing import Standing
from paybridge.domain.transfer import Transfer, TransferHappening, TransferKind
from paybridge.services.accounts import NoLinkedAccountError
from paybridge.services.open_cards import CardExpiredError, find_card
from paybridge.services.payments import check_encrypted, check_place
from paybridge.services.ports import Book, Clock, Rooms, Step
from paybridge.services.rail_pauses import check_not_paused
from paybridge.services.refunds import check_refund

if TYPE_CHECKING:
    from paybridge.services.bridged import Bridged
    from paybridge.services.bundle_news import BundleNews
    from paybridge.services.factors import Factors
    from paybridge.services.goods import Goods
    from paybridge.services.limits import Limits
    from paybridge.services.news import News
    from paybridge.services.passkeys import Passkeys
    from paybridge.services.people import People
    from paybridge.services.policies import Policies
    from paybridge.services.purses import Purses
    from paybridge.services.requests import Requests
    from paybridge.services.says import Say
    from paybridge.services.settings import Settings
    from paybridge.services.strength import Strength


class PayeesAccountGoneError(UserError):
    """The account that the card named is the payee's no longer, or they want no money there any more."""

    key = "error.payees_account_gone"

    def __init__(self, *, payee: str) -> None:
        super().__init__(payee=payee)


class PayeeErasedError(UserError):
    """Whoever the card names had themselves erased since."""

    key = "error.payee_erased"


class Approvals:
    """Turns an open card into an approved transfer with its legs."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that an approval sets off
        self,
        book: Book,
        clock: Clock,
        settings: Settings,
        people: People,
        rooms: Rooms,
        news: News,
        bundle_news: BundleNews,
        requests: Requests,
        policies: Policies,
        factors: Factors,
        strength: Strength,
        limits: Limits,
        passkeys: Passkeys,
        goods: Goods,
        bridged: Bridged,
        purses: Purses,
    ) -> None:
        self._book = book
        self._clock = clock
        self._settings = settings
        self._people = people
        self._rooms = rooms
        self._news = news
        self._bundle_news = bundle_news
        self._requests = requests
        self._policies = policies
        self._factors = factors
        self._strength = strength
        self._limits = limits
        self._passkeys = passkeys
        self._goods = goods
        self._bridged = bridged
        self._purses = purses

    async def find(self, payer: str, code: str | None) -> Card:
        """The payer's open card with this code; without a code their only open one."""
        return await find_card(self._book, self._clock, payer, code)

    async def approve(
        self, card: Card, proof: Proof, digits: str | None = None
    ) -> tuple[Step, tuple[Say, ...]]:
        """Approve exactly these terms, with the `digits` of the second factor where it is needed.

        Of a bundle, every payment is approved in this one step.

        Raises what makes it impossible now: an unproven device, a payer who froze, a payee who left, a room's
        limit, a cap of the region's, a used-up allowance, a missing or wrong second factor; and
        `NeedsLinkedError` for what may not be approved from behind a bridge.
        """
        if isinstance(proof, ViaBridgeBot):
            return await self._approve_bridged(card, proof)
        if isinstance(proof, HomeserverOnly):
            raise OpenRoomError(code=card.code)
        if not may_move_money(proof, self._settings.required_trust) or not isinstance(proof, OwnDevice):
            raise DeviceNotProvenError
        payer = await self._payer(card)
        within = await self._check_still_allowed(card, payer)
        counted = await self._proven(card, await self._approver(card, payer), proof.device, digits)
        return await self._carry_out(card, within + counted)

    async def _approve_bridged(self, card: Card, proof: ViaBridgeBot) -> tuple[Step, tuple[Say, ...]]:
        """Within what the bridge's tier allows; never with a second factor, whose code others would read."""
        payer = await self._payer(card)
        within = await self._check_still_allowed(card, payer)
        counted = await self._bridged.count(card, proof)
        if any(isinstance(record, Standing) for record in within.records):
            # It counts the same approval, once.
            counted = Step()
        if await self._strength.needs_factor(card):
            raise FactorOverBridgeError(network=self._bridged.named(proof.bridge).network)
        return await self._carry_out(card, within + counted + await self._proven(card, payer, None, None))

    async def approve_by_passkey(self, card: Card, answer: str) -> tuple[Step, tuple[Say, ...]]:
        """Approve exactly these terms by a passkey's answer to a question about them.

        It is a strong approval of any amount, and proves by itself who approves: no device is asked for.
        Raises what `approve` does, and `PasskeyRefusedError` or another `CountedError`, whose step is to be
        written.
        """
        for part in parts_of(card):
            transfers.advance(part, TransferHappening.APPROVE, self._clock.now())
        if card.expires <= self._clock.now():
            raise CardExpiredError(payment=card.id)
        payer = await self._payer(card)
        within = await self._check_still_allowed(card, payer)
        counted = await self._passkeys.use(payer, card, answer)
        return await self._carry_out(card, within + counted)

    async def approve_by_factor(self, card: Card, digits: str) -> tuple[Step, tuple[Say, ...]]:
        """Approve exactly these terms where no device is proven: by the second factor, whatever the amount.

        Raises what makes it impossible now, as `approve` does; `NoFactorError` if there is no second factor.
        """
        payer = await self._payer(card)
        within = await self._check_still_allowed(card, payer)
        return await self._carry_out(card, within + await self._used(payer, digits, None))

    async def approve_beforehand(self, card: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """Carry out a payment of a repeat, which its payer approved with all that follow (article 14 there).

        The step writes the transfer, which nobody was shown. Raises what makes it impossible now, as
        `approve` does.
        """
        payer = await self._payer(card)
        return await self._carry_out(card, await self._check_still_allowed(card, payer))

    async def _check_still_allowed(self, card: Card, payer: Person) -> Step:
        """Raise unless it may be approved now; the step counts it in the limits and in the stock."""
        check_not_frozen(payer)
        await self._bridged.check_still_theirs(card)
        await self._check_there(card)
        into = Step()
        if card.kind is TransferKind.PAY:
            room = await self._rooms.facts(card.room)
            # An order is paid to an open shop, which may have been found by its page alone.
            ordered = await self._book.sale(card.id) is not None
            for part in parts_of(card):
                purse = await self._purses.into(part)
                if purse is None and not ordered:
                    check_place(room, part.payee_mxid, self._settings)
                else:
                    check_encrypted(room, self._settings)
                if purse is not None:
                    into += Step(records=(purse,))
                await self._policies.check_payment(card.room, part.amount)
        counted = await self._limits.count(card.kind, payer.id, [part.amount for part in parts_of(card)])
        counted += into
        return counted if isinstance(card, Bundle) else counted + await self._goods.taken(card)

    async def _payer(self, card: Card) -> Person:
        payer = await self._book.person(card.payer)
        assert payer is not None  # a transfer's payer is a foreign key
        return payer

    async def _approver(self, card: Card, payer: Person) -> Person:
        """Who confirms it: the payer, or for a refund whoever asked for it in the shop's name."""
        asked = await self._book.sale_refund(card.id) if card.kind is TransferKind.REFUND else None
        if asked is None or asked.actor == payer.id:
            return payer
        actor = await self._book.person(asked.actor)
        assert actor is not None  # they asked for it a moment ago
        check_not_frozen(actor)
        return actor

    async def _used(self, payer: Person, digits: str, device: str | None) -> Step:
        return Step(records=(strongly_approved(await self._factors.use(payer, digits, device)),))

    async def _carry_out(self, card: Card, counted: Step) -> tuple[Step, tuple[Say, ...]]:
        step = counted
        says = await self._bundle_news.approved(card) if isinstance(card, Bundle) else ()
        for part in parts_of(card):
            approved = transfers.advance(part, TransferHappening.APPROVE, self._clock.now())
            more, told = await self._set_off(approved)
            step, says = step + more, (*says, *told)
        orders = {leg.rail for leg in step.records if isinstance(leg, Leg) and leg.kind is not LegKind.BOOK}
        await check_not_paused(self._book, orders)
        payees = tuple(part.payee for part in parts_of(card))
        return step + Step(unfrozen=(card.payer,), alive=payees), says

    async def _check_there(self, card: Card) -> None:
        for part in parts_of(card):
            payee = await self._book.person(part.payee)
            assert payee is not None  # a transfer's payee is introduced with it
            if payee.is_erased:
                raise PayeeErasedError

    async def _proven(self, card: Card, approver: Person, device: str | None, digits: str | None) -> Step:
        """What the approval changes of the second factor, whose code is used in the step that it approves."""
        factor = await self._factors.active(approver.id)
        if factor is None:
            await self._strength.check_by_code(card)
            return Step()
        if digits is not None:
            return await self._used(approver, digits, device)
        if await self._strength.needs_factor(card, device):
            raise FactorNeededError(code=card.code)
        if card.kind is TransferKind.PAY:
            light = lightly_approved(factor, card.amount.minor, len(parts_of(card)))
            return Step(records=(light,))
        return Step()

    async def _set_off(self, approved: Transfer) -> tuple[Step, tuple[Say, ...]]:
        match approved.kind:
            case TransferKind.CASHOUT:
                return await self._pay_out(approved)
            case TransferKind.REFUND:
                return await self._refund(approved)
            case _ if approved.source is None:
                return await self._book_at_once(approved)
            case _ if approved.is_direct:
                return await self._pay_directly(approved)
            case _:
                return await self._collect(approved)

    async def _book_at_once(self, approved: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """From the balance: one book leg, settled in the step that approves."""
        booked, effect = legs.advance(await self._book_leg(approved, number=1), LegHappening.BOOK)
        journals = legs.journals(booked, effect, held_before=False)
        ended = end(approved, booked, self._settings, self._clock)
        followed, more = await self._requests.follow(ended)
        says = await self._news.arrived(ended)
        return Step(records=(ended, booked), journals=journals) + followed, (*says, *more)

    async def _refund(self, approved: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """The original counts it in the same step, so that no two refunds together exceed it."""
        check_encrypted(await self._rooms.facts(approved.room), self._settings)
        assert approved.original is not None  # a refund is made with it
        original = await self._book.transfer(approved.original)
        assert original is not None  # a refund's original is a foreign key
        check_refund(original, approved.amount, self._clock.now())
        counted = replace(original, refunded=original.refunded + approved.amount.minor)
        step, says = await self._book_at_once(approved)
        of_goods, told = await self._goods.refunded(counted, approved)
        return Step(records=(counted,)) + of_goods + step, (*says, *told)

    async def _collect(self, approved: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """From a linked account: a collect for the courier, and the booking that follows it."""
        link = await self._usable(approved.source)
        collect = replace(
            self._leg(approved, 1, LegKind.COLLECT, link.rail),
            amount=approved.amount + approved.for_house,
            link=link.token,
            due=self._clock.now(),
        )
        reserved, _ = legs.advance(collect, LegHappening.RESERVE)
        book = await self._book_leg(approved, number=2)
        return Step(records=(approved, reserved, book)), await self._news.on_its_way(approved)

    async def _pay_directly(self, approved: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """From a linked account to the payee's: one leg, and nothing of it in our books."""
        link = await self._usable(approved.source)
        payees = await self._book.link(approved.destination) if approved.destination else None
        if payees is None or payees.state is not LinkState.VERIFIED or not payees.takes_direct:
            raise PayeesAccountGoneError(payee=approved.payee_mxid)
        leg = replace(
            self._leg(approved, 1, LegKind.DIRECT, link.rail),
            link=link.token,
            to=approved.payee,
            to_link=payees.token,
            due=self._clock.now(),
        )
        reserved, _ = legs.advance(leg, LegHappening.RESERVE)
        return Step(records=(approved, reserved)), await self._news.on_its_way(approved)

    async def _pay_out(self, approved: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """To a linked account: the money is held in the step that approves."""
        link = await self._usable(approved.destination)
        leg = replace(
            self._leg(approved, 1, LegKind.PAYOUT, link.rail), link=link.token, due=self._clock.now()
        )
        reserved, effect = legs.advance(leg, LegHappening.RESERVE)
        journals = legs.journals(reserved, effect, held_before=False)
        assert effect is LegEffect.HOLD  # a payout always holds
        return Step(records=(approved, reserved), journals=journals), await self._news.on_its_way(approved)

    async def _usable(self, link_id: str | None) -> Link:
        link = await self._book.link(link_id) if link_id else None
        if link is None or link.state is not LinkState.VERIFIED:
            raise NoLinkedAccountError
        return link

    async def _book_leg(self, transfer: Transfer, number: int) -> Leg:
        # Whoever paid with this bot can be paid by it, and a refund is theirs whatever they have linked now.
        waits = transfer.kind is TransferKind.PAY and not is_kitty(transfer.payee_mxid)
        to_claim = waits and not await self._people.enrolled(transfer.payee)
        leg = self._leg(transfer, number, LegKind.BOOK, "internal")
        fee = transfer.for_house
        return replace(leg, fee=fee, highest_fee=fee, to=transfer.payee, to_claim=to_claim)

    @staticmethod
    def _leg(transfer: Transfer, number: int, kind: LegKind, rail: str) -> Leg:
        return Leg(
            id=f"{transfer.id}/{number}",
            transfer=transfer.id,
            number=number,
            kind=kind,
            state=LegState.READY,
            rail=rail,
            owner=transfer.payer,
            amount=transfer.amount,
            fee=transfer.fee,
            highest_fee=transfer.fee,
        )


def end(transfer: Transfer, booked: Leg, settings: Settings, clock: Clock) -> Transfer:
    """The transfer once its money is booked: settled, or waiting to be claimed from now on."""
    now = clock.now()
    if booked.to_claim:
        waiting = transfers.advance(transfer, TransferHappening.AWAIT_CLAIM, now)
        return replace(waiting, expires=now + settings.claim_life)
    return transfers.advance(transfer, TransferHappening.SETTLE, now)

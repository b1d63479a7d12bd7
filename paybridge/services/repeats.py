"""Repeats: a payment that is approved once, strongly, and then comes round by itself until it is stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from paybridge.domain import repeat as repeats
from paybridge.domain.approval import FactorNeededError
from paybridge.domain.bundle import cards
from paybridge.domain.errors import UserError
from paybridge.domain.factor import strongly_approved
from paybridge.domain.ids import payment_id, read_payment_id
from paybridge.domain.membership import PriceOfClubError
from paybridge.domain.people import check_not_frozen
from paybridge.domain.proof import DeviceNotProvenError, OwnDevice, may_move_money
from paybridge.domain.repeat import Ending, Repeat, RepeatState
from paybridge.domain.rhythm import Rhythm
from paybridge.domain.windows import zone_named
from paybridge.services.notes import open_note, seal_note
from paybridge.services.open_cards import CardExpiredError, SeveralCardsOpenError
from paybridge.services.payments import Wish
from paybridge.services.people import Known
from paybridge.services.ports import Step
from paybridge.services.request_errors import NoSuchPaymentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from paybridge.domain.money import Money
    from paybridge.domain.proof import Proof
    from paybridge.services.dues import Dues
    from paybridge.services.factors import Factors
    from paybridge.services.payments import Payments
    from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Vault
    from paybridge.services.repeat_news import RepeatNews
    from paybridge.services.says import Say
    from paybridge.services.settings import Settings

MOST_REPEATS: Final = 30
"""Of one payer: a list that somebody can still read."""

Done = tuple[Step, "tuple[Say, ...]"]


class RepeatNeedsFactorError(UserError):
    """What later goes by itself is approved with a second factor, which this person has not."""

    key = "error.repeat_needs_factor"

    def lines(self) -> tuple[str, ...]:
        return ("!mfa on",)


class TooManyRepeatsError(UserError):
    """The person has as many as anybody may."""

    key = "error.too_many_repeats"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class NoRepeatError(UserError):
    """Nothing of this person's repeats."""

    key = "error.no_repeat"

    def lines(self) -> tuple[str, ...]:
        return ("!help repeat",)


class WhichRepeatError(UserError):
    """Several things of this person's repeat."""

    key = "error.which_repeat"

    def __init__(self, *, repeats: Sequence[str]) -> None:
        super().__init__(repeats=", ".join(repeats))


@dataclass(frozen=True, slots=True)
class Terms:
    """What the payer said: how much, at most how much, how often, until when, what for; for which `club`."""

    amount: Money
    cap: Money
    rhythm: Rhythm
    until: date | None
    note: str = ""
    club: str | None = None


class Repeats:
    """The use cases of a payer. What is paid when its time has come is the repeater's."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that it asks
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        payments: Payments,
        factors: Factors,
        news: RepeatNews,
        dues: Dues,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._payments = payments
        self._factors = factors
        self._news = news
        self._dues = dues

    async def offer(self, payer: Known, payee: Known, terms: Terms, room: RoomFacts) -> tuple[Repeat, Step]:
        """A card for paying `payee` by these terms in `room`; nothing comes round before it is approved.

        Raises what a payment does, CapTooLowError, RepeatNeedsFactorError and TooManyRepeatsError.
        """
        check_not_frozen(payer.person)
        repeats.check_cap(terms.amount, terms.cap)
        await self._payments.check(payer, Wish(payee, terms.amount), room)
        await self._payments.check(payer, Wish(payee, terms.cap), room)
        if await self._factors.active(payer.person.id) is None:
            raise RepeatNeedsFactorError
        if len(await self._book.repeats_of(payer.person.id)) >= MOST_REPEATS:
            raise TooManyRepeatsError(most=MOST_REPEATS)
        now = self._clock.now()
        offered = Repeat(
            id=payment_id(self._chance.number()),
            state=RepeatState.OFFERED,
            payer=payer.person.id,
            payer_mxid=payer.mxid,
            payee=payee.person.id,
            payee_mxid=payee.mxid,
            amount=terms.amount,
            cap=terms.cap,
            rhythm=terms.rhythm,
            until=terms.until,
            room=room.id,
            created=now,
            nonce=self._chance.token(),
            act=now + self._settings.card_life,
            note=seal_note(self._vault, payer.person, terms.note),
            club=terms.club,
        )
        return offered, payer.introduction + payee.introduction + Step(records=(offered,))

    async def offered(self, payer: str, code: str | None) -> Repeat | None:
        """The person's open card with this code, or without a code the only one; None if that is no repeat.

        Raises CardExpiredError, and without a code SeveralCardsOpenError if other cards are open as well.
        """
        waiting = [one for one in await self._book.repeats_of(payer) if one.state is RepeatState.OFFERED]
        if code is None and len(waiting) != 1:
            if waiting:
                raise SeveralCardsOpenError(codes=[one.code for one in waiting])
            return None
        found = next((one for one in waiting if code in {None, one.code}), None)
        if found is None:
            return None
        now = self._clock.now()
        if code is None:
            others = [card for card in cards(await self._book.awaiting_approval(payer)) if card.expires > now]
            if others:
                raise SeveralCardsOpenError(codes=[found.code, *(card.code for card in others)])
        if found.act is None or found.act <= now:
            raise CardExpiredError(payment=found.id)
        return found

    async def approve(self, repeat: Repeat, payer: Known, proof: Proof, digits: str | None) -> Done:
        """Approve all that will come round, with the `digits` of the second factor (RTS 2018/389 article 14).

        Raises FactorNeededError without digits, and what a wrong code does, whose step is to be written.
        """
        device = self._proven(proof)
        check_not_frozen(payer.person)
        if digits is None:
            raise FactorNeededError(code=repeat.code)
        now, zone = self._clock.now(), zone_named(await self._news.zone(repeat))
        begun = repeats.approved(repeat, now, zone)
        step = Step(records=(begun,), unfrozen=(repeat.payer,), alive=(repeat.payee,))
        if repeat.replaces is not None:
            step += Step(records=(await self._replaced(repeat),))
        if repeat.club is not None:
            joined, says = await self._dues.begun(begun, now)
            step += joined
        else:
            says = await self._news.begun(begun)
        used = strongly_approved(await self._factors.use(payer.person, digits, device))
        return step + Step(records=(used,)), says

    async def _replaced(self, new: Repeat) -> Repeat:
        """The one whose place it takes, ended; it must stand where it stood when the card was made."""
        old = await self._book.repeat(new.replaces or "")
        if old is None or old.state is RepeatState.ENDED or repeats.following(old) != new.rhythm:
            raise repeats.RepeatNotPossibleNowError(repeat=new.id, state=new.state)
        return repeats.stopped(old, Ending.REPLACED)

    async def own(self, payer: Known) -> Sequence[Repeat]:
        """The person's repeats that have begun and not ended, oldest first."""
        found = await self._book.repeats_of(payer.person.id)
        return [one for one in found if one.state is not RepeatState.OFFERED]

    async def find(self, payer: Known, typed: str) -> Repeat:
        """The person's repeat with the id that was typed; without one, their only one."""
        if typed:
            found = await self._book.repeat(read_payment_id(typed))
            if found is None or found.payer != payer.person.id:
                raise NoSuchPaymentError(payment=read_payment_id(typed))
            return found
        own = await self.own(payer)
        if not own:
            raise NoRepeatError
        if len(own) > 1:
            raise WhichRepeatError(repeats=[one.id for one in own])
        return own[0]

    async def pause(self, repeat: Repeat) -> Repeat:
        """Nothing of it is paid until it is resumed."""
        return repeats.paused(repeat)

    async def resume(self, repeat: Repeat, payer: Known, proof: Proof) -> Repeat:
        """It goes on with the first day that is still to come."""
        self._proven(proof)
        check_not_frozen(payer.person)
        return repeats.resumed(repeat, self._clock.now(), zone_named(await self._news.zone(repeat)))

    async def skip(self, repeat: Repeat) -> Repeat:
        """The next payment of it is left out."""
        return repeats.skipped(repeat, zone_named(await self._news.zone(repeat)))

    async def stop(self, repeat: Repeat) -> Repeat:
        """It ends for good."""
        return repeats.stopped(repeat)

    async def change(
        self, repeat: Repeat, payer: Known, amount: Money, room: RoomFacts, proof: Proof
    ) -> tuple[Repeat, Step]:
        """Another amount: at once within the cap, else a card for one that takes its place."""
        self._proven(proof)
        check_not_frozen(payer.person)
        if repeat.club is not None:
            raise PriceOfClubError
        if amount.currency == repeat.amount.currency and amount > repeat.cap:
            return await self._replace(repeat, payer, amount, room)
        changed = repeats.changed(repeat, amount)
        return changed, Step(records=(changed,))

    async def _replace(
        self, old: Repeat, payer: Known, amount: Money, room: RoomFacts
    ) -> tuple[Repeat, Step]:
        if old.state is not RepeatState.ACTIVE:
            raise repeats.RepeatNotPossibleNowError(repeat=old.id, state=old.state)
        payee = await self._book.person(old.payee)
        assert payee is not None  # introduced with the first card
        note = open_note(self._vault, payer.person, old.note) or ""
        terms = Terms(amount, amount, repeats.following(old), old.until, note)
        offered, step = await self.offer(payer, Known(payee, old.payee_mxid, Step()), terms, room)
        new = replace(offered, replaces=old.id)
        return new, replace(step, records=(new,))

    def _proven(self, proof: Proof) -> str:
        """The device, which may move money, or DeviceNotProvenError."""
        if not may_move_money(proof, self._settings.required_trust) or not isinstance(proof, OwnDevice):
            raise DeviceNotProvenError
        return proof.device

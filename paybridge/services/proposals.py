"""What treasurers decide about a kitty: proposed by one, approved by several, carried out once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain import kitty as rules
from paybridge.domain import transfer as transfers
from paybridge.domain.approval import FactorNeededError, check_allowance
from paybridge.domain.factor import lightly_approved, strongly_approved
from paybridge.domain.ids import payment_id
from paybridge.domain.kitty import (
    MOST_TREASURERS,
    Assent,
    Proposal,
    ProposalKind,
    ProposalState,
    TooManyTreasurersError,
    Treasurer,
    check_needs,
)
from paybridge.domain.money import Money
from paybridge.domain.proof import DeviceNotProvenError, OwnDevice
from paybridge.domain.transfer import Transfer, TransferHappening, TransferKind, TransferState
from paybridge.services import kitty_pages
from paybridge.services.kitty_errors import (
    KittyShortError,
    NoSuchProposalError,
    NoSuchTreasurerError,
    NotATreasurerError,
    TooManyProposalsError,
    TreasurerAlreadyError,
)
from paybridge.services.notes import open_note, seal_note
from paybridge.services.payments import PayingTheBotError, check_may_be_paid, check_place
from paybridge.services.ports import Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.facts import Facts
    from paybridge.domain.kitty import Kitty
    from paybridge.domain.proof import Proof
    from paybridge.services.approvals import Approvals
    from paybridge.services.factors import Factors
    from paybridge.services.kitties import Kitties, Purse
    from paybridge.services.kitty_closing import KittyClosing
    from paybridge.services.people import Known
    from paybridge.services.policies import Policies
    from paybridge.services.ports import Book, Chance, Clock, Vault
    from paybridge.services.settings import Settings
    from paybridge.services.strength import Strength

MOST_OPEN: Final = 10
"""Proposals that wait at once: a list that somebody can still read."""
LIFE: Final = timedelta(days=3)

Done = tuple[Step, "tuple[Say, ...]"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a treasurer asks for: whom it is about, how much, which number, what for."""

    kind: ProposalKind
    someone: Known | None = None
    amount: Money | None = None
    needs: int | None = None
    note: str = ""


class Proposals:
    """The use cases of treasurers. Every step writes the kitty: of two at once, one decides again."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that it asks
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        kitties: Kitties,
        policies: Policies,
        factors: Factors,
        strength: Strength,
        approvals: Approvals,
        closing: KittyClosing,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._kitties = kitties
        self._policies = policies
        self._factors = factors
        self._strength = strength
        self._approvals = approvals
        self._closing = closing

    async def propose(self, by: Known, purse: Purse, wanted: Wanted, proof: Proof) -> Done:
        """Ask the treasurers for something; the one who asks approves it by its code as the others do.

        Raises what a payment from a balance does, and `KittyShortError` where there is less than is to be
        paid. Nothing is held: what counts is what is there when the last approval comes.
        """
        self._kitties.check_proven(proof)
        self._check_treasurer(purse, by)
        await self._kitties.check_shown(purse.room.id)
        await self._check(purse, wanted)
        if len(purse.proposals) >= MOST_OPEN:
            raise TooManyProposalsError(most=MOST_OPEN)
        now, about = self._clock.now(), wanted.someone
        one = Proposal(
            id=payment_id(self._chance.number()),
            kitty=purse.kitty.id,
            kind=wanted.kind,
            state=ProposalState.OPEN,
            by=by.person.id,
            by_mxid=by.mxid,
            created=now,
            expires=now + LIFE,
            nonce=self._chance.token(),
            person=about.person.id if about else None,
            mxid=about.mxid if about else None,
            amount=wanted.amount,
            needs=wanted.needs,
            note=seal_note(self._vault, purse.person, wanted.note),
        )
        step = about.introduction if about else Step()
        said = await self._card(purse, one, (), wanted.note)
        return step + Step(records=(purse.kitty, one), unfrozen=(by.person.id,)), (said,)

    async def waiting(self, person: str, code: str) -> Proposal | None:
        """The open proposal with this code of a kitty whose treasurer the person is."""
        for kitty in await self._book.kitties_of(person):
            for one in await self._book.open_proposals(kitty.id):
                if one.code == code:
                    return one
        return None

    async def found(self, person: str, code: str | None) -> Proposal:
        """The same, or `NoSuchProposalError`."""
        one = await self.waiting(person, code) if code else None
        if one is None:
            raise NoSuchProposalError
        return one

    async def approve(self, one: Proposal, by: Known, proof: Proof, digits: str | None) -> Done:
        """Approve exactly these terms; whoever is the last one needed sets it off, in the same step.

        A treasurer approves as they would approve a payment of their own: from a proven device, with the
        second factor where that takes it; whatever is no payment with the second factor, if they have one.
        Raises what makes it impossible now, and then nothing counts.
        """
        self._kitties.check_proven(proof)
        if not isinstance(proof, OwnDevice):
            raise DeviceNotProvenError
        purse, assents = await self._open(one, by)
        self._check_once(assents, by)
        counted, strong = await self._proven(one, by, proof.device, digits)
        assent = self._assent(one, by, approves=True, strong=strong)
        everybody = (*assents, assent)
        have = rules.counted(everybody, purse.fit)
        needed = rules.needed(purse.kitty, one.kind, len(purse.fit))
        step = counted + Step(records=(assent,), unfrozen=(by.person.id,))
        if len(have) < needed:
            card = await self._card(purse, one, everybody)
            return step + Step(records=(purse.kitty,)), (card, await self._counted(purse, one, by, everybody))
        done = rules.ended(one, ProposalState.DONE, needed)
        more, says = await self._carry_out(purse, one)
        return step + Step(records=(done,)) + more, says

    async def decline(self, one: Proposal, by: Known) -> Done:
        """Say no. It is over if whoever proposed it says so, or if too few are left who could approve."""
        purse, assents = await self._open(one, by)
        over = rules.ended(one, ProposalState.DECLINED)
        if one.by == by.person.id:
            return Step(records=(purse.kitty, over)), (await self._over(purse, over, by, "kitty.declined"),)
        self._check_once(assents, by)
        assent = self._assent(one, by, approves=False, strong=False)
        everybody = (*assents, assent)
        step = Step(records=(purse.kitty, assent))
        needed = rules.needed(purse.kitty, one.kind, len(purse.fit))
        if rules.is_hopeless(everybody, purse.fit, needed):
            return step + Step(records=(over,)), (await self._over(purse, over, by, "kitty.declined"),)
        return step, (await self._counted(purse, one, by, everybody, key="kitty.against"),)

    async def expire(self, one: Proposal) -> Done:
        """Its time is over; the room is told."""
        kitty = await self._book.kitty(one.kitty)
        assert kitty is not None  # a foreign key
        purse = await self._kitties.purse(kitty)
        over = rules.ended(one, ProposalState.EXPIRED)
        return Step(records=(kitty, over)), (await self._over(purse, over, None, "kitty.expired"),)

    # ------------------------------------------------------------ rules

    async def _open(self, one: Proposal, by: Known) -> tuple[Purse, Sequence[Assent]]:
        """The purse and what was said so far, if `by` may still say something."""
        rules.check_open(one, self._clock.now())
        kitty = await self._book.kitty(one.kitty)
        assert kitty is not None  # a foreign key
        purse = await self._kitties.purse(kitty)
        self._check_treasurer(purse, by)
        return purse, await self._book.assents(one.id)

    @staticmethod
    def _check_once(assents: Sequence[Assent], by: Known) -> None:
        if any(each.person == by.person.id for each in assents):
            raise rules.SaidAlreadyError

    @staticmethod
    def _check_treasurer(purse: Purse, by: Known) -> None:
        if by.person.id not in purse.fit:
            raise NotATreasurerError(treasurers=", ".join(one.mxid for one in purse.treasurers))

    async def _check(self, purse: Purse, wanted: Wanted) -> None:
        """Raise unless this can be done now: asked when it is proposed, and again when it is carried out."""
        someone, kitty = wanted.someone, purse.kitty
        people = {one.person for one in purse.treasurers}
        match wanted.kind:
            case ProposalKind.PAY:
                assert someone is not None  # both are read with it
                assert wanted.amount is not None
                await self._check_payment(purse, someone.mxid, wanted.amount)
            case ProposalKind.ADD:
                assert someone is not None
                check_place(purse.room, someone.mxid, self._settings)
                if someone.person.id in people:
                    raise TreasurerAlreadyError(who=someone.mxid)
                if len(people) >= MOST_TREASURERS:
                    raise TooManyTreasurersError(most=MOST_TREASURERS)
            case ProposalKind.REMOVE:
                assert someone is not None
                if someone.person.id not in people:
                    raise NoSuchTreasurerError(who=someone.mxid)
                check_needs(kitty.needs, len(people) - 1)
            case ProposalKind.NEEDS:
                check_needs(wanted.needs or 0, len(people))
            case ProposalKind.CLOSE:
                await self._closing.check(kitty)

    async def _check_payment(self, purse: Purse, payee: str, amount: Money) -> None:
        self._kitties.check_currency(purse, amount)
        if payee == self._settings.bot:
            raise PayingTheBotError
        check_place(purse.room, payee, self._settings)
        check_may_be_paid(payee, self._settings)
        await self._policies.check_payment(purse.room.id, amount)
        needed = amount + self._settings.region.fee(amount)
        if needed > purse.balance:
            raise KittyShortError(needed=needed, balance=purse.balance)

    async def _proven(self, one: Proposal, by: Known, device: str, digits: str | None) -> tuple[Step, bool]:
        """What the approval changes of the treasurer's second factor, and whether it was given."""
        factor = await self._factors.active(by.person.id)
        if factor is not None and digits is not None:
            used = strongly_approved(await self._factors.use(by.person, digits, device))
            return Step(records=(used,)), True
        if one.kind is not ProposalKind.PAY:
            if factor is not None:
                raise FactorNeededError(code=one.code)
            return Step(), False
        assert one.amount is not None  # of every payment
        theirs = replace(self._payment(one, ""), payer=by.person.id, payer_mxid=by.mxid)
        if factor is None:
            count, minor = await self._book.assented_lightly(by.person.id, one.amount.currency)
            before = await self._book.approved_so_far(by.person.id)
            spent = Money(before.sums.get(one.amount.currency, 0) + minor, one.amount.currency)
            check_allowance(theirs, self._settings.allowance, count=before.count + count, spent=spent)
            return Step(), False
        if await self._strength.needs_factor(theirs, device):
            raise FactorNeededError(code=one.code)
        return Step(records=(lightly_approved(factor, one.amount.minor, 1),)), False

    def _assent(self, one: Proposal, by: Known, *, approves: bool, strong: bool) -> Assent:
        return Assent(
            id=f"{one.id}/{by.person.id}",
            proposal=one.id,
            person=by.person.id,
            mxid=by.mxid,
            code=one.code,
            approves=approves,
            strong=strong,
            at=self._clock.now(),
        )

    # ------------------------------------------------------------ carrying out

    async def _carry_out(self, purse: Purse, one: Proposal) -> Done:
        kitty = purse.kitty
        if one.kind is ProposalKind.PAY:
            assert one.amount is not None  # of every payment
            assert one.mxid is not None
            await self._check_payment(purse, one.mxid, one.amount)
            step, says = await self._approvals.approve_beforehand(self._payment(one, kitty.room))
            return step + Step(records=(kitty,)), says
        if one.kind is ProposalKind.CLOSE:
            return await self._closing.close(purse, one)
        if one.kind is ProposalKind.NEEDS:
            needs = check_needs(one.needs or 0, len(purse.treasurers))
            changed: tuple[Kitty | Treasurer, ...] = (replace(kitty, needs=needs),)
        else:
            changed = (kitty, await self._turned(purse, one))
        return Step(records=changed), (await self._over(purse, one, None, "kitty.decided"),)

    async def _turned(self, purse: Purse, one: Proposal) -> Treasurer:
        """Who becomes a treasurer, or is one no more."""
        assert one.person is not None  # of both kinds
        assert one.mxid is not None
        before = next(
            (old for old in await self._book.treasurers(purse.kitty.id) if old.person == one.person), None
        )
        if one.kind is ProposalKind.ADD:
            check_place(purse.room, one.mxid, self._settings)
            new = Treasurer(f"{purse.kitty.id}/{one.person}", purse.kitty.id, one.person, one.mxid)
            return new if before is None else replace(before, active=True)
        check_needs(purse.kitty.needs, len(purse.treasurers) - 1)
        assert before is not None  # it was one when it was proposed
        return replace(before, active=False)

    def _payment(self, one: Proposal, room: str) -> Transfer:
        """The payment that the proposal becomes: it has its id, so that there is never a second one."""
        assert one.amount is not None  # asked for payments alone
        assert one.person is not None
        assert one.mxid is not None
        now = self._clock.now()
        drafted = Transfer(
            id=one.id,
            kind=TransferKind.PAY,
            state=TransferState.DRAFTED,
            payer=one.kitty,
            payer_mxid=rules.kitty_mxid(one.kitty),
            payee=one.person,
            payee_mxid=one.mxid,
            amount=one.amount,
            fee=one.amount - one.amount,
            room=room,
            created=now,
            expires=one.expires,
            nonce=one.nonce,
            note=one.note,
            house_fee=self._settings.region.fee(one.amount).minor,
        )
        return transfers.advance(drafted, TransferHappening.SHOW, now)

    # ------------------------------------------------------------ words

    async def _card(
        self, purse: Purse, one: Proposal, said: Sequence[Assent], note: str | None = None
    ) -> Say:
        facts = self._facts(purse, one, said, note)
        lines = (f"!confirm {one.code}", f"!kitty decline {one.code}")
        return await self._say(purse, f"{one.id}/card/{len(said)}", "kitty.proposal", facts, one.id, lines)

    async def _counted(
        self, purse: Purse, one: Proposal, by: Known, said: Sequence[Assent], key: str = "kitty.approved"
    ) -> Say:
        facts = {**self._facts(purse, one, said), "who": kitty_pages.who(by.mxid, purse.room.members)}
        return await self._say(purse, f"{one.id}/said/{by.person.id}", key, facts)

    async def _over(self, purse: Purse, one: Proposal, by: Known | None, key: str) -> Say:
        facts = dict(self._facts(purse, one, await self._book.assents(one.id)))
        facts["who"] = kitty_pages.who(by.mxid if by else one.by_mxid, purse.room.members)
        return await self._say(purse, f"{one.id}/over", key, facts, one.id)

    def _facts(self, purse: Purse, one: Proposal, said: Sequence[Assent], note: str | None = None) -> Facts:
        words = open_note(self._vault, purse.person, one.note) if note is None else note
        return kitty_pages.proposal(purse, one, words or "", said)

    async def _say(
        self,
        purse: Purse,
        name: str,
        key: str,
        facts: Facts,
        slot: str | None = None,
        lines: tuple[str, ...] = (),
    ) -> Say:
        language = await self._policies.language(purse.kitty.room, None)
        room = purse.kitty.room
        return Say(name, key=key, language=language, room=room, facts=facts, slot=slot, lines=lines)

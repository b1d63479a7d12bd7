"""Closing a kitty: what is left goes back to those who put it in, in proportion, and to the last cent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.domain import kitty as rules
from paybridge.domain import ledger
from paybridge.domain import leg as legs
from paybridge.domain import transfer as transfers
from paybridge.domain.ids import payment_id
from paybridge.domain.kitty import KittyState, ProposalState
from paybridge.domain.leg import Leg, LegHappening, LegKind, LegState
from paybridge.domain.people import NOBODY
from paybridge.domain.transfer import Transfer, TransferHappening, TransferKind, TransferState
from paybridge.services import kitty_pages
from paybridge.services.kitty_errors import KittyUnderWayError, NobodyToPayBackError
from paybridge.services.notes import seal_note
from paybridge.services.ports import Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.kitty import Kitty, Proposal
    from paybridge.domain.money import Money
    from paybridge.services.kitties import Purse
    from paybridge.services.policies import Policies
    from paybridge.services.ports import Book, Chance, Clock, Vault
    from paybridge.services.settings import Settings

_UNDER_WAY: Final = frozenset({TransferState.APPROVED, TransferState.CLAIMABLE})


class KittyClosing:
    """Pays back and closes in one step, or not at all."""

    def __init__(
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        policies: Policies,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._policies = policies

    async def check(self, kitty: Kitty) -> None:
        """Raise `KittyUnderWayError` while money is on its way in or could still come back."""
        moving = [*await self._book.put_into(kitty.id), *await self._book.paid_out_of(kitty.id)]
        under_way = [one.id for one in moving if one.state in _UNDER_WAY]
        if under_way:
            raise KittyUnderWayError(payments=under_way)

    async def close(self, purse: Purse, by: Proposal) -> tuple[Step, tuple[Say, ...]]:
        """Pay back what is left and close; what else was proposed is over.

        Shares are of what each put in and did not get back, by largest remainder. Whoever had themselves
        erased has no share; `NobodyToPayBackError` if that is everybody. Paying back costs nothing and
        counts in nobody's limits.
        """
        kitty = purse.kitty
        await self.check(kitty)
        step = Step(records=(replace(kitty, state=KittyState.CLOSED),))
        for other in await self._book.open_proposals(kitty.id):
            if other.id != by.id:
                step += Step(records=(rules.ended(other, ProposalState.DECLINED),))
        paid: list[tuple[str, Money]] = []
        away: tuple[Say, ...] = ()
        for person, part in (await self._shares(purse)).items():
            mxid = next(iter(await self._book.mxids_of(person)), NOBODY)
            back = self._back(purse, person, mxid, part)
            step += back + Step(alive=(person,))
            paid.append((mxid, part))
            if mxid not in purse.room.members:
                away += (await self._said(purse, f"{by.id}/back/{person}", "kitty.back", (mxid, part)),)
        # Money that came in since it was looked at makes this stale.
        step += Step(empties=((ledger.person(kitty.id), kitty.currency),))
        facts = kitty_pages.closed(purse, paid)
        language = await self._policies.language(kitty.room, None)
        told = Say(f"{by.id}/over", "kitty.closed", language, room=kitty.room, facts=facts, slot=by.id)
        return step, (told, *away)

    async def _shares(self, purse: Purse) -> Mapping[str, Money]:
        if not purse.balance.is_positive:
            return {}
        put = rules.put_in(await self._book.put_into(purse.kitty.id), purse.kitty.id)
        theirs = {}
        for person, minor in put.items():
            owner = await self._book.person(person)
            if owner is not None and not owner.is_erased:
                theirs[person] = minor
        if not theirs:
            raise NobodyToPayBackError
        return rules.shares(purse.balance, theirs)

    def _back(self, purse: Purse, person: str, mxid: str, part: Money) -> Step:
        """One payment from the kitty, booked at once; whoever put money in has an account to take it."""
        now, kitty = self._clock.now(), purse.kitty
        name, nothing = payment_id(self._chance.number()), part - part
        drafted = Transfer(
            id=name,
            kind=TransferKind.PAY,
            state=TransferState.DRAFTED,
            payer=kitty.id,
            payer_mxid=kitty.mxid,
            payee=person,
            payee_mxid=mxid,
            amount=part,
            fee=nothing,
            room=kitty.room,
            created=now,
            expires=now,
            nonce=self._chance.token(),
            note=seal_note(self._vault, purse.person, purse.name),
        )
        ended = drafted
        for happening in (TransferHappening.SHOW, TransferHappening.APPROVE, TransferHappening.SETTLE):
            ended = transfers.advance(ended, happening, now)
        leg = Leg(
            id=f"{name}/1",
            transfer=name,
            number=1,
            kind=LegKind.BOOK,
            state=LegState.READY,
            rail="internal",
            owner=kitty.id,
            amount=part,
            fee=nothing,
            highest_fee=nothing,
            to=person,
        )
        booked, effect = legs.advance(leg, LegHappening.BOOK)
        return Step(records=(ended, booked), journals=legs.journals(booked, effect, held_before=False))

    async def _said(self, purse: Purse, name: str, key: str, part: tuple[str, Money]) -> Say:
        """To somebody who has left the room, in their direct message."""
        mxid, amount = part
        person = await self._book.person_of(mxid)
        language = (person.language if person else None) or self._settings.language
        return Say(name, key, language, person=mxid, facts={"name": purse.name, "amount": amount})

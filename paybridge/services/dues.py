"""What becomes of a membership by what becomes of the repeat that pays for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain import repeat as repeats
from paybridge.domain.facts import Facts, Who
from paybridge.domain.membership import Club, ClubState, Member, member_id, paid_by
from paybridge.domain.repeat import Ending, Repeat, RepeatNotPossibleNowError, RepeatState
from paybridge.domain.shop import ShopState
from paybridge.services.notes import open_note
from paybridge.services.ports import Step
from paybridge.services.repeat_news import how_often
from paybridge.services.says import Say

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from paybridge.services.ports import Book, Vault
    from paybridge.services.settings import Settings

Told = tuple[Say, ...]


class Dues:
    """Moves members in the steps that move their repeats, and tells them and the shop."""

    def __init__(self, book: Book, vault: Vault, settings: Settings) -> None:
        self._book = book
        self._vault = vault
        self._settings = settings

    async def begun(self, repeat: Repeat, at: datetime) -> tuple[Step, Told]:
        """What approving it makes of the person: a member, told to them and to the shop.

        Raises RepeatNotPossibleNowError if the offer is not what it was when the card was shown, or if the
        person is a member by now, or a day that it would pay for is paid.
        """
        club, member = await self._of(repeat)
        fresh = Member(
            id=member_id(club.id, repeat.payer),
            club=club.id,
            person=repeat.payer,
            mxid=repeat.payer_mxid,
            joined=at,
        )
        member = member or fresh
        others = [
            one
            for one in await self._book.repeats_of_member(club.id, repeat.payer)
            if one.id != repeat.id
            and (one.state in {RepeatState.ACTIVE, RepeatState.PAUSED} or one.transfer is not None)
        ]
        is_offered = await self.is_open(club) and club.price == repeat.amount
        if others or not is_offered or member.is_paid(repeat.rhythm.start):
            raise RepeatNotPossibleNowError(repeat=repeat.id, state=repeat.state)
        joined = replace(member, mxid=repeat.payer_mxid, leaves=None)
        says = (
            await self.say(repeat, "membership.begun", {"day": repeat.day}),
            await self.say_shop(club, repeat, "membership.joined", {"day": repeat.day}),
            *self._invitation(club, repeat),
        )
        return Step(records=(joined,)), says

    def _invitation(self, club: Club, repeat: Repeat) -> Told:
        """Whoever joins is asked into the club's room."""
        if club.room is None or self._settings.bridges.of(repeat.payer_mxid) is not None:
            return ()
        name = f"{repeat.id}/invitation"
        language = self._settings.language
        return (
            Say(
                id=name, key="membership.begun", language=language, room=club.room, invites=repeat.payer_mxid
            ),
        )

    async def instead(self, repeat: Repeat, zone: tzinfo) -> tuple[Repeat, Told] | None:
        """What is done instead of telling or paying: nobody pays who left, nor what is paid already."""
        club, member = await self._of(repeat)
        assert member is not None  # made when it was approved
        if not await self.is_open(club):
            ended = repeats.stopped(repeat)
            return ended, (await self.say(ended, "membership.closed", paid_facts(member)),)
        if member.leaves is not None and member.leaves <= repeat.day:
            return repeats.stopped(repeat), ()
        if member.is_paid(repeat.day):
            return repeats.too_late(repeat, zone), ()
        return None

    async def paid(self, repeat: Repeat) -> Step:
        """The period that it is at is paid, or being paid."""
        _, member = await self._of(repeat)
        assert member is not None  # made when it was approved
        return Step(records=(replace(member, paid_until=paid_by(repeat)),))

    async def unpaid(self, repeat: Repeat) -> Step:
        """The period that it is at was not paid after all: nobody is a member for it."""
        _, member = await self._of(repeat)
        assert member is not None  # made when it was approved
        if member.paid_until != paid_by(repeat):
            return Step()
        return Step(records=(replace(member, paid_until=repeat.day),))

    async def given_up(self, refused: Repeat, says: Told) -> tuple[Repeat, Told]:
        """A repeat whose payment was refused: after the last try the membership lapses, and both are told."""
        if (refused.state, refused.ending) != (RepeatState.PAUSED, Ending.FAILED):
            return refused, says
        club, _ = await self._of(refused)
        ended = repeats.stopped(refused, Ending.FAILED)
        name = await self.name(refused)
        again = (f'!membership join "{name}"',)
        lapsed = await self.say(ended, "membership.lapsed", {"day": refused.day}, again)
        shop = await self.say_shop(club, ended, "membership.lapsed_there", {"day": refused.day})
        return ended, (lapsed, *says[1:], shop)

    async def name(self, repeat: Repeat) -> str:
        """What the member knows it as: the note of every payment."""
        payer = await self._book.person(repeat.payer)
        assert payer is not None  # introduced with the card
        return open_note(self._vault, payer, repeat.note) or ""

    async def say(self, repeat: Repeat, key: str, facts: Facts, lines: tuple[str, ...] = ()) -> Say:
        """A message to the member."""
        payer = await self._book.person(repeat.payer)
        return Say(
            id=f"{repeat.id}/{key}/{repeat.version}",
            key=key,
            language=(payer.language if payer else None) or self._settings.language,
            person=repeat.payer_mxid,
            facts={**await self._facts(repeat), "owner": Who(repeat.payee_mxid), **facts},
            lines=lines,
        )

    async def say_shop(self, club: Club, repeat: Repeat, key: str, facts: Facts) -> Say:
        """A message to whoever has the shop."""
        owner = await self._book.person(club.owner)
        return Say(
            id=f"{repeat.id}/{key}/{repeat.version}",
            key=key,
            language=(owner.language if owner else None) or self._settings.language,
            person=club.owner_mxid,
            facts={**await self._facts(repeat), "member": Who(repeat.payer_mxid), **facts},
        )

    async def _facts(self, repeat: Repeat) -> Facts:
        name = await self.name(repeat)
        return {"name": name, "payment": repeat.id, "amount": repeat.amount, **how_often(repeat.rhythm)}

    async def _of(self, repeat: Repeat) -> tuple[Club, Member | None]:
        assert repeat.club is not None  # asked by the callers
        club = await self._book.club(repeat.club)
        assert club is not None  # a foreign key
        return club, await self._book.member(member_id(club.id, repeat.payer))

    async def is_open(self, club: Club) -> bool:
        """Whether people can join, and members pay: the offer stands, and so does its shop."""
        shop = await self._book.shop(club.shop)
        return club.state is ClubState.OPEN and shop is not None and shop.state is ShopState.OPEN


def paid_facts(member: Member | None) -> Facts:
    """Until when it is paid, if it ever was."""
    paid = None if member is None else member.paid_until
    return {"paid": () if paid is None else ({"day": paid},)}

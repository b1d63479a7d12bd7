"""Linking a ghost to a person of Matrix: a code that the ghost says, and who said it, confirmed in Matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain import ledger
from paybridge.domain import tie as ties
from paybridge.domain.bundle import cards
from paybridge.domain.facts import Who
from paybridge.domain.money import Money
from paybridge.domain.people import Identity, Person, check_not_frozen
from paybridge.domain.tie import Guesses, Tie, TieState, Why
from paybridge.services import ghost_errors as wrong
from paybridge.services.ports import Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.bridges import Bridge
    from paybridge.services.cancellations import Cancellations
    from paybridge.services.factors import Factors
    from paybridge.services.people import Known
    from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Rooms, Vault
    from paybridge.services.settings import Settings
    from paybridge.services.ties import Ties


@dataclass(frozen=True, slots=True)
class Offered:
    """A code to say on the other side, for ten minutes; its hash is all that `step` keeps."""

    code: str
    network: str
    step: Step


@dataclass(frozen=True, slots=True)
class Changed:
    """A tie as it will be, the step that writes it, what is said besides, and the money that moves."""

    tie: Tie
    step: Step
    says: tuple[Say, ...] = ()
    moved: Sequence[Money] = ()
    waiting: Sequence[Money] = ()


class Ghosts:
    """The use cases behind `!me`. The ghost alone is never enough, and neither is Matrix alone."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases around a person
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        rooms: Rooms,
        settings: Settings,
        ties: Ties,
        factors: Factors,
        cancellations: Cancellations,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._rooms = rooms
        self._settings = settings
        self._ties = ties
        self._factors = factors
        self._cancellations = cancellations

    # ------------------------------------------------------------ in Matrix, and on the other side

    async def offer(self, owner: Known, word: str) -> Offered:
        """A one-time code for the network that `word` names; what was given before it ends."""
        bridge = self._named(word)
        now = self._clock.now()
        me = owner.person.id
        if await self._book.ties.offered_since(me, now - ties.OFFER_SPAN) >= ties.MOST_OFFERS:
            raise wrong.TooManyCodesError
        code = ties.spell_code(self._chance.number())
        tie = Tie(
            id=self._chance.token(),
            person=me,
            mxid=owner.mxid,
            bridge=bridge.id,
            code=self._hash(code),
            state=TieState.OFFERED,
            created=now,
            expires=now + ties.CODE_LIFE,
        )
        waiting = await self._book.ties.waiting(me)
        before = (ties.ended(waiting),) if waiting is not None else ()
        return Offered(code, bridge.network, owner.introduction + Step(records=(*before, tie)))

    async def claim(self, ghost: Known, words: str, room: RoomFacts) -> Changed:
        """The ghost says a code; whoever was given it is told which ghost did, and has to confirm."""
        bridge = self._settings.bridges.of(ghost.mxid)
        assert bridge is not None  # its bridge vouches for the message
        now = self._clock.now()
        guesses = await self._book.ties.guesses(ghost.mxid)
        if guesses is not None and guesses.too_many(now):
            raise wrong.TooManyGuessesError
        code = ties.read_tie_code(words)
        if code is None:
            raise wrong.NoTieCodeError
        counted = guesses.another(now) if guesses is not None else Guesses(ghost.mxid, 1, now)
        tie = await self._book.ties.of_code(self._hash(code))
        if tie is None or tie.state is not TieState.OFFERED or tie.bridge != bridge.id:
            raise wrong.WrongTieCodeError(Step(records=(counted,)))
        if not tie.waits(now):
            raise wrong.TieCodeOverError(Step(records=(counted,)))
        if await self._book.ties.of_ghost(ghost.mxid) is not None:
            raise wrong.AlreadyTiedError
        seat = await self._ties.seat(ghost.mxid, bridge, room)
        if seat is None:
            raise wrong.WrongTieCodeError(Step(records=(counted,)))
        after = ties.claimed(tie, ghost.mxid, room.id, seat, now)
        owner = await self._person(tie)
        said = Say(
            id=f"{tie.id}/claimed",
            key="ghost.claimed",
            language=owner.language or self._settings.language,
            person=tie.mxid,
            facts={
                "ghost": Who(ghost.mxid, room.members.get(ghost.mxid)),
                "id": ghost.mxid,
                "network": bridge.network,
                "factor": ({},) if await self._factors.active(tie.person) is not None else (),
            },
            lines=("!me yes", "!me no"),
        )
        return Changed(after, Step(records=(after,)), (said,))

    async def confirm(
        self, owner: Known, number: int | None, digits: str | None, device: str | None
    ) -> Changed:
        """The ghost that has said the code is the owner's; or one that had stopped still is.

        Whoever has a second factor gives its `digits`. Raises a `CountedError`, whose step is to be written.
        """
        waiting = await self._book.ties.waiting(owner.person.id)
        claims = (
            waiting is not None and waiting.state is TieState.CLAIMED and waiting.waits(self._clock.now())
        )
        if number is None and waiting is not None and claims:
            return await self._tie(owner, waiting, await self._given(owner, digits, device))
        tie = await self._stopped(owner, number)
        given = await self._given(owner, digits, device)
        seat = await self._ties.seat_of(tie)
        if seat is None or seat != tie.seat:
            raise wrong.GhostChangedError(
                Step(records=(ties.stopped(tie, tie.why or Why.LEFT, seat),)), bridge=tie.bridge
            )
        after = ties.confirmed_again(tie, self._clock.now())
        return Changed(after, given + Step(records=(after,)), (self._to_ghost(after, "ghost.tied.to_ghost"),))

    async def refuse(self, owner: Known) -> Changed:
        """Whoever said the code is somebody else."""
        waiting = await self._book.ties.waiting(owner.person.id)
        if waiting is None:
            raise wrong.NobodyClaimedError
        after = ties.ended(waiting)
        return Changed(after, Step(records=(after,)))

    async def of(self, owner: Known) -> Sequence[Tie]:
        """The owner's ghosts, in the order of their numbers."""
        return [tie for tie in await self._book.ties.of_person(owner.person.id) if tie.holds]

    async def remove(self, owner: Known, number: int | None) -> Changed:
        """The ghost is the owner's no longer: it is a stranger, and its money stays with the owner."""
        tie = await self._numbered(owner, number)
        step, says = await self._close_cards(owner.person.id, tie)
        stranger = Person(id=self._chance.token(), key=self._vault.new_key(), created=self._clock.now())
        identity = await self._book.ties.identity(tie.ghost or "")
        if identity is not None and identity.person == owner.person.id:
            step += Step(records=(stranger, replace(identity, person=stranger.id, since=self._clock.now())))
        after = ties.ended(tie)
        told = (*says, self._to_ghost(tie, "ghost.removed.to_ghost"))
        return Changed(after, step + Step(records=(after,)), told)

    async def stop(self, ghost: Known) -> Changed:
        """The other side wants it to end: the ghost does nothing until Matrix confirms or removes it."""
        tie = await self._book.ties.of_ghost(ghost.mxid)
        if tie is None or tie.state is TieState.STOPPED:
            raise wrong.NoSuchGhostError
        step, says = await self._close_cards(tie.person, tie)
        after = ties.stopped(tie, Why.ASKED, tie.seat)
        return Changed(after, step + Step(records=(after,)), (*says, await self._ties.told(after)))

    # ------------------------------------------------------------ inside

    async def _tie(self, owner: Known, tie: Tie, given: Step) -> Changed:
        ghost = tie.ghost or ""
        if await self._book.ties.of_ghost(ghost) is not None:
            raise wrong.AlreadyTiedError
        if await self._ties.seat_of(tie) != tie.seat:
            raise wrong.GhostChangedError(Step(records=(ties.ended(tie),)), bridge=tie.bridge)
        now = self._clock.now()
        identity = await self._book.ties.identity(ghost)
        before = await self._book.person_of(ghost)
        step, says, moved = given, tuple[Say, ...](), list[Money]()
        if identity is None or before is None:
            step += Step(records=(Identity(ghost, owner.person.id, now),))
        elif before.id != owner.person.id:
            handed, says, moved = await self._hand_over(before, owner, tie)
            step += handed + Step(records=(replace(identity, person=owner.person.id, since=now),))
        former = before.id if before is not None and before.id != owner.person.id else None
        after = ties.tied(tie, former, now)
        step += Step(records=(after,), unfrozen=(owner.person.id,))
        waiting = [one.amount for one in await self._book.claimable(former)] if former else ()
        return Changed(after, step, (*says, self._to_ghost(after, "ghost.tied.to_ghost")), moved, waiting)

    async def _hand_over(
        self, before: Person, owner: Known, tie: Tie
    ) -> tuple[Step, tuple[Say, ...], list[Money]]:
        """Move what the ghost had by itself to its person; what it was about to pay ends."""
        check_not_frozen(before)
        busy = [*await self._book.under_way(before.id), *await self._book.coming_to(before.id)]
        if busy or await self._book.held(before.id) or await self._book.owed(before.id):
            raise wrong.GhostUnderWayError
        step, says = Step(unfrozen=(before.id,)), tuple[Say, ...]()
        for card in cards(await self._book.awaiting_approval(before.id)):
            more, told = await self._cancellations.close_card(card)
            step, says = step + more, (*says, *told)
        moved = list(await self._book.balances(before.id))
        giver, taker = ledger.person(before.id), ledger.person(owner.person.id)
        for money in moved:
            journal = ledger.move(
                f"{tie.id}/{money.currency}", "link", tie.id, money, giver=giver, taker=taker
            )
            # Money that comes in since it was looked at makes this stale.
            step += Step(journals=(journal,), empties=((giver, money.currency),))
        return step, says, moved

    async def _close_cards(self, person: str, tie: Tie) -> tuple[Step, tuple[Say, ...]]:
        """End what the ghost has asked for and nobody has approved."""
        step, says = Step(), tuple[Say, ...]()
        for card in cards(await self._book.awaiting_approval(person)):
            if card.payer_mxid == tie.ghost:
                more, told = await self._cancellations.close_card(card)
                step, says = step + more, (*says, *told)
        return step, says

    async def _given(self, owner: Known, digits: str | None, device: str | None) -> Step:
        if await self._factors.active(owner.person.id) is None:
            return Step()
        if digits is None:
            raise wrong.TieFactorNeededError
        return Step(records=(await self._factors.use(owner.person, digits, device),))

    async def _stopped(self, owner: Known, number: int | None) -> Tie:
        if number is not None:
            tie = await self._numbered(owner, number)
            if tie.state is not TieState.STOPPED:
                raise wrong.NobodyClaimedError
            return tie
        mine = await self.of(owner)
        stopped = [place for place, tie in enumerate(mine, start=1) if tie.state is TieState.STOPPED]
        if not stopped:
            raise wrong.NobodyClaimedError
        if len(stopped) > 1:
            raise wrong.WhichGhostError(numbers=stopped)
        return mine[stopped[0] - 1]

    async def _numbered(self, owner: Known, number: int | None) -> Tie:
        mine = await self.of(owner)
        if number is None or not 1 <= number <= len(mine):
            raise wrong.NoSuchGhostError
        return mine[number - 1]

    def _named(self, word: str) -> Bridge:
        rows = [row for row in self._settings.bridges.rows if row.takes_people]
        meant = word.casefold()
        found = next((row for row in rows if meant in {row.id.casefold(), row.network.casefold()}), None)
        if found is None:
            raise wrong.NoSuchBridgeError(typed=word[:40], bridges=[row.id for row in rows])
        return found

    def _hash(self, code: str) -> str:
        return self._vault.fingerprint("tie.code", (ties.read_tie_code(code) or "").encode()).hex()

    def _to_ghost(self, tie: Tie, key: str) -> Say:
        """What the other side reads of it; whose it is, it does not."""
        return Say(
            id=f"{tie.id}/{key}/{tie.version}",
            key=key,
            language=self._settings.language,
            room=tie.room,
            facts={"ghost": Who(tie.ghost or "")},
            notify=(tie.ghost or "",),
        )

    async def _person(self, tie: Tie) -> Person:
        person = await self._book.person(tie.person)
        assert person is not None  # a tie's person is a foreign key
        return person

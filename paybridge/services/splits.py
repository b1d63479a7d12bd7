"""Splitting what one person paid: a request to each of the others, and the moves that a split can make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.ids import payment_id
from paybridge.domain.request import Request, RequestState
from paybridge.domain.split import (
    Share,
    ShareState,
    Split,
    SplitState,
    Wanted,
    divide,
    wanted_again,
    with_piece,
)
from paybridge.domain.transfer import NotPossibleNowError
from paybridge.services.boards import Boards, settled, stands
from paybridge.services.notes import open_note, seal_note
from paybridge.services.payments import NamedTwiceError
from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Rooms, Step, Vault
from paybridge.services.request_errors import NoSuchPaymentError
from paybridge.services.requests import Requests
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.money import Money
    from paybridge.services.people import Known, People
    from paybridge.services.settings import Settings

MOST_PEOPLE: Final = 30
REMINDER_PAUSE: Final = timedelta(days=1)
Done = tuple[Step, tuple[Say, ...]]


class TooManySharesError(UserError):
    """One split has no more people than somebody can keep in view."""

    key = "error.too_many_shares"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class NobodyToSplitWithError(UserError):
    """Nobody but whoever paid has a share."""

    key = "error.nobody_to_split_with"


class NoSplitOpenError(UserError):
    """The person has no open split."""

    key = "error.no_split_open"


class WhichSplitError(UserError):
    """Several splits of this person's are open."""

    key = "error.which_split"

    def __init__(self, *, splits: str) -> None:
        super().__init__(splits=splits)
        self.ids = tuple(splits.split(", "))


class NoShareError(UserError):
    """Somebody owes nothing in the split."""

    key = "error.no_share"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)


class SplitCurrencyError(UserError):
    """A split keeps its currency."""

    key = "error.split_currency"

    def __init__(self, *, currency: str) -> None:
        super().__init__(currency=currency)


class RemindedTodayError(UserError):
    """One reminder a day is enough."""

    key = "error.reminded_today"


class NobodyToRemindError(UserError):
    """Nobody has still to answer."""

    key = "error.nobody_to_remind"


@dataclass(frozen=True, slots=True)
class Stand:
    """A split with its shares and the requests for them."""

    split: Split
    shares: tuple[Share, ...]
    requests: Mapping[str, Request]

    @property
    def owing(self) -> tuple[Share, ...]:
        """The shares that are neither paid nor carried, whatever has become of their requests."""
        over = {"own", "cash", "left_out", "paid"}
        return tuple(share for share in self.shares if stands(share, self.requests) not in over)


class Splits:
    """The use cases around splits; everything but opening one is for whoever opened it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that a split needs
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        people: People,
        rooms: Rooms,
        requests: Requests,
        boards: Boards,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._people = people
        self._rooms = rooms
        self._requests = requests
        self._boards = boards

    async def open(
        self,
        payer: Known,
        total: Money,
        wanted: Sequence[Wanted],
        note: str,
        room: RoomFacts,
        *,
        trip: str | None = None,
    ) -> Done:
        """Ask each of the others for their share of `total` (which `payer` has paid), and show the board.

        With a `trip` (its id) the total is what the payer gets from them when that is settled.
        Raises what a request raises, and what is wrong with the shares; then nobody is asked.
        """
        _check_people(wanted)
        pieces = divide(total, wanted)
        split = Split(
            id=payment_id(self._chance.number()),
            state=SplitState.OPEN,
            payer=payer.person.id,
            payer_mxid=payer.mxid,
            amount=total,
            room=room.id,
            created=self._clock.now(),
            note=seal_note(self._vault, payer.person, note),
            trip=trip,
        )
        step = payer.introduction + Step(records=(split,))
        says: tuple[Say, ...] = ()
        shares: list[Share] = []
        requests: dict[str, Request] = {}
        seen: set[str] = set()
        for number, (one, piece) in enumerate(zip(wanted, pieces, strict=True)):
            known = payer if one.own else await self._people.know(one.mxid)
            if known.person.id in seen:
                raise NamedTwiceError(payee=one.mxid)
            seen.add(known.person.id)
            share = Share(
                id=f"{split.id}/{number}",
                split=split.id,
                person=known.person.id,
                mxid=one.mxid,
                how=one.how,
                weight=one.weight,
                amount=piece.amount,
                state=ShareState.OWN,
                odd=piece.odd,
            )
            if not one.own:
                asked = await self._requests.ask(payer, known, piece.amount, note, room)
                requests[asked.request.id] = asked.request
                share = replace(share, state=ShareState.ASKED, request=asked.request.id)
                step += known.introduction + Step(records=(asked.request,))
                says = (*says, *asked.says[1:])
            shares.append(share)
        step += Step(records=tuple(shares))
        board = await self._boards.show(split, shares, requests, ping=True)
        return step, (*board, *says)

    async def own(self, payer: Known) -> Sequence[Stand]:
        """The person's open splits, newest first."""
        return [await self._stand(split) for split in await self._book.splits_of(payer.person.id)]

    async def find(self, payer: Known, name: str) -> Stand:
        """The person's split with this id; without one their only open one."""
        if name:
            split = await self._book.split(name)
            if split is None or split.payer != payer.person.id:
                raise NoSuchPaymentError(payment=name)
            return await self._stand(split)
        found = await self._book.splits_of(payer.person.id)
        if not found:
            raise NoSplitOpenError
        if len(found) > 1:
            raise WhichSplitError(splits=", ".join(split.id for split in found))
        return await self._stand(found[0])

    async def remind(self, stand: Stand) -> Done:
        """Ping whoever has not answered, at most once a day."""
        split, now = stand.split, self._clock.now()
        _check_open(split, "remind")
        if split.reminded is not None and now < split.reminded + REMINDER_PAUSE:
            raise RemindedTodayError
        waiting = [one.mxid for one in stand.owing if stands(one, stand.requests) == RequestState.OPEN]
        if not waiting:
            raise NobodyToRemindError
        payer = await self._book.person(split.payer)
        reminder = Say(
            id=f"{split.id}/reminder/{split.version}",
            key="split.reminder",
            language=(payer.language if payer else None) or self._settings.language,
            room=split.room,
            facts={"payment": split.id, "people": ", ".join(waiting), "payer": split.payer_mxid},
            notify=tuple(waiting),
        )
        return Step(records=(replace(split, reminded=now),)), (reminder,)

    async def paid_in_cash(self, stand: Stand, mxid: str) -> Done:
        """Somebody's share came another way: they are asked no longer, and their part counts as paid."""
        share = _owed_by(stand, mxid)
        step, says = await self._withdraw(stand, [share])
        return await self._board(stand, step, says, [replace(share, state=ShareState.CASH)])

    async def leave_out(self, stand: Stand, mxid: str) -> Done:
        """Somebody is asked for nothing; those who have not paid carry their part too."""
        share = _owed_by(stand, mxid)
        nothing = share.amount - share.amount
        out = replace(share, state=ShareState.LEFT_OUT, amount=nothing, odd=False)
        return await self._divided(stand, stand.split.amount, out)

    async def change(self, stand: Stand, total: Money) -> Done:
        """Another sum: what is paid stays, the rest is divided anew among those who have not."""
        _check_open(stand.split, "change")
        if total.currency != stand.split.amount.currency:
            raise SplitCurrencyError(currency=stand.split.amount.currency)
        return await self._divided(stand, total)

    async def close(self, stand: Stand) -> Done:
        """Nobody is asked any more; what was paid stays paid."""
        _check_open(stand.split, "close")
        step, says = await self._withdraw(stand, stand.owing)
        closed = replace(stand.split, state=SplitState.CLOSED)
        withdrawn = {request.id: request for request in _requests_in(step)}
        board = await self._boards.show(closed, stand.shares, {**stand.requests, **withdrawn})
        return step + Step(records=(closed,)), (*board, *says)

    async def _divided(self, stand: Stand, total: Money, out: Share | None = None) -> Done:
        owing = [share for share in stand.owing if out is None or share.id != out.id]
        live = [share for share in stand.shares if share.state is not ShareState.LEFT_OUT]
        live = [share for share in live if out is None or share.id != out.id]
        moving = {share.id for share in owing} | {s.id for s in live if s.state is ShareState.OWN}
        kept = [share.id for share in live if share.id not in moving]
        pieces = divide(total, wanted_again(live, kept))
        step, says = await self._withdraw(stand, [*owing, *([out] if out else [])])
        changed: list[Share] = [] if out is None else [out]
        room = await self._rooms.facts(stand.split.room)
        payer = await self._people.know(stand.split.payer_mxid)
        note = open_note(self._vault, payer.person, stand.split.note) or ""
        for share, piece in zip(live, pieces, strict=True):
            new = with_piece(share, piece)
            if share in owing:
                known = await self._people.know(share.mxid)
                asked = await self._requests.ask(payer, known, piece.amount, note, room)
                new = replace(new, request=asked.request.id)
                step += Step(records=(asked.request,))
                says = (*says, *asked.says[1:])
            if share.id in moving:
                changed.append(new)
        return await self._board(
            replace(stand, split=replace(stand.split, amount=total)), step, says, changed
        )

    async def _board(self, stand: Stand, step: Step, says: tuple[Say, ...], changed: Sequence[Share]) -> Done:
        """The step with the changed shares, and the board as it is then."""
        by_id = {share.id: share for share in (*stand.shares, *changed)}
        requests = {**stand.requests, **{request.id: request for request in _requests_in(step)}}
        shares = list(by_id.values())
        split = settled(stand.split, shares, requests)
        board = await self._boards.show(split, shares, requests)
        return step + Step(records=(split, *changed)), (*board, *says)

    async def _withdraw(self, stand: Stand, shares: Sequence[Share]) -> Done:
        """Ask these people no longer; a payment that is being confirmed cannot be stopped so."""
        step, says = Step(), tuple[Say, ...]()
        for share in shares:
            request = stand.requests.get(share.request or "")
            if request is not None and request.state in {RequestState.OPEN, RequestState.ACCEPTED}:
                asked = await self._requests.withdraw(request)
                step, says = step + asked.step, (*says, *asked.says)
        return step, says

    async def _stand(self, split: Split) -> Stand:
        shares = tuple(await self._book.shares(split.id))
        return Stand(split, shares, await self._boards.requests(shares))


def _requests_in(step: Step) -> list[Request]:
    return [record for record in step.records if isinstance(record, Request)]


def _check_people(wanted: Sequence[Wanted]) -> None:
    if len(wanted) > MOST_PEOPLE:
        raise TooManySharesError(most=MOST_PEOPLE)
    if all(one.own for one in wanted):
        raise NobodyToSplitWithError
    names = [one.mxid for one in wanted]
    for name in names:
        if names.count(name) > 1:
            raise NamedTwiceError(payee=name)


def _check_open(split: Split, wanted: str) -> None:
    if split.state is not SplitState.OPEN:
        raise NotPossibleNowError(payment=split.id, state=split.state, wanted=wanted)


def _owed_by(stand: Stand, mxid: str) -> Share:
    _check_open(stand.split, "change")
    for share in stand.owing:
        if share.mxid == mxid:
            return share
    raise NoShareError(who=mxid)

"""Trips: one list per room of what people paid for each other, settled by requests as any split is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.ids import payment_id
from paybridge.domain.people import NOBODY
from paybridge.domain.split import How, Wanted
from paybridge.domain.trip import (
    MOST_EXPENSES,
    Balance,
    Debt,
    Entry,
    Expense,
    ExpenseState,
    Part,
    Traveller,
    Trip,
    TripState,
    Way,
    balances,
    checked,
    convert,
    debts,
    divide_spent,
    fewest,
)
from paybridge.services.notes import open_note, seal_note
from paybridge.services.payments import NamedTwiceError, PayeeNotHereError, check_place
from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Step, Vault
from paybridge.services.request_errors import RequestNotTakenError
from paybridge.services.splits import MOST_PEOPLE, TooManySharesError
from paybridge.services.trip_errors import (
    AlreadyTravellingError,
    NobodyTravelsAlongError,
    NoSuchExpenseError,
    NotEvenError,
    NoTripError,
    NotTravellingError,
    NotYourTripError,
    RateMissingError,
    TooManyExpensesError,
    TripOpenError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from paybridge.domain.money import Money
    from paybridge.services.blocking import Blocking
    from paybridge.services.people import Known, People
    from paybridge.services.policies import Policies
    from paybridge.services.says import Say
    from paybridge.services.settings import Settings
    from paybridge.services.splits import Splits


@dataclass(frozen=True, slots=True)
class Outline:
    """A trip with all that stands in it: its name, who is in it, the expenses and what they are for.

    `notes` are opened, by the ids of the expenses; `travellers` are in the order of their Matrix ids.
    """

    trip: Trip
    name: str
    travellers: tuple[Traveller, ...]
    entries: tuple[Entry, ...] = ()
    notes: Mapping[str, str] | None = None

    @property
    def mxids(self) -> Mapping[str, str]:
        """The Matrix id of everybody in it, by person id."""
        return {one.person: one.mxid for one in self.travellers}

    @property
    def counted(self) -> tuple[Entry, ...]:
        """The expenses that were not removed."""
        return tuple(one for one in self.entries if one.expense.state is ExpenseState.COUNTED)

    @property
    def balances(self) -> tuple[Balance, ...]:
        """What everybody in it paid and carries."""
        return balances(self.entries, self.trip.currency, [one.person for one in self.travellers])

    def plan(self, way: Way) -> tuple[Debt, ...]:
        """The payments that settle it, by Matrix ids: one for each pair, or the fewest that there can be."""
        found = (
            debts(self.entries, self.trip.currency)
            if way is Way.PAIRS
            else fewest(self.balances, self.trip.currency)
        )
        mxids = self.mxids
        return tuple(sorted(found, key=lambda debt: (mxids[debt.debtor], mxids[debt.creditor])))


@dataclass(frozen=True, slots=True)
class Told:
    """An expense as somebody tells it: what was spent, at which rate, who paid and who carries which share.

    Without `sharers` everybody in the trip carries the same, but for those `without` (Matrix ids).
    """

    spent: Money
    rate: Decimal | None
    payers: tuple[Wanted, ...]
    sharers: tuple[Wanted, ...]
    without: tuple[str, ...]
    note: str


class Trips:
    """The use cases around trips. Nothing here moves money: settling asks, and who is asked may decline."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that a trip needs
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        people: People,
        policies: Policies,
        blocking: Blocking,
        splits: Splits,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._people = people
        self._policies = policies
        self._blocking = blocking
        self._splits = splits

    async def start(
        self, opener: Known, name: str, currency: str, people: Sequence[str], room: RoomFacts
    ) -> tuple[Step, Outline]:
        """Open the room's trip for `opener` and `people` (Matrix ids), all of whom must be joined to it."""
        if await self._book.trip_in(room.id) is not None:
            raise TripOpenError
        others = [mxid for mxid in dict.fromkeys(people) if mxid != opener.mxid]
        if not others:
            raise NobodyTravelsAlongError
        trip = Trip(
            id=payment_id(self._chance.number()),
            state=TripState.OPEN,
            opener=opener.person.id,
            currency=currency,
            room=room.id,
            created=self._clock.now(),
            name=seal_note(self._vault, opener.person, name),
        )
        empty = Outline(trip, name, ())
        step, outline = await self._take_along(empty, opener, [opener.mxid, *others], room)
        return Step(records=(trip,)) + step, outline

    async def find(self, known: Known, room: str) -> Outline:
        """The room's open trip, for somebody who is in it."""
        trip = await self._book.trip_in(room)
        if trip is None:
            raise NoTripError
        travellers = tuple(await self._book.travellers(trip.id))
        if known.person.id not in {one.person for one in travellers}:
            raise NotYourTripError(who=known.mxid)
        entries = tuple(await self._book.entries(trip.id))
        opener = await self._book.person(trip.opener)
        name = open_note(self._vault, opener, trip.name) if opener else None
        return Outline(trip, name or "", travellers, entries, await self._notes(entries))

    async def take_along(
        self, outline: Outline, by: Known, people: Sequence[str], room: RoomFacts
    ) -> tuple[Step, Outline]:
        """More people (Matrix ids) in the trip, who must be joined to its room."""
        step, more = await self._take_along(outline, by, people, room)
        return step + Step(records=(outline.trip,)), more

    async def add(self, outline: Outline, writer: Known, told: Told) -> tuple[Step, Entry]:
        """Write an expense down. Both columns of its parts, what was paid and what is carried, come to it.

        What does not divide goes in single minor units to whoever paid, then by Matrix id. Raises what the
        shares do, `RateMissingError`, `NotTravellingError`, or `TooManyExpensesError`.
        """
        trip = outline.trip
        if trip.expenses >= MOST_EXPENSES:
            raise TooManyExpensesError(most=MOST_EXPENSES)
        amount = _amount(told, trip.currency)
        payers = told.payers or (Wanted(writer.mxid),)
        payers = tuple(replace(one, own=not place) for place, one in enumerate(payers))
        sharers = told.sharers or tuple(
            Wanted(one.mxid) for one in outline.travellers if one.mxid not in {NOBODY, *told.without}
        )
        sharers = tuple(replace(one, own=one.mxid == payers[0].mxid) for one in sharers)
        person_of = {
            mxid: await self._traveller(outline, mxid)
            for mxid in (*told.without, *(one.mxid for one in (*payers, *sharers)))
        }
        for column in (payers, sharers):
            _check_once([one.mxid for one in column], person_of)
        expense = Expense(
            id=f"{trip.id}/{trip.expenses + 1}",
            trip=trip.id,
            number=trip.expenses + 1,
            writer=writer.person.id,
            amount=amount,
            spent=told.spent,
            state=ExpenseState.COUNTED,
            created=self._clock.now(),
            rate=None if told.rate is None else f"{told.rate:f}",
            note=seal_note(self._vault, writer.person, told.note),
        )
        nothing = amount - amount
        parts: dict[str, Part] = {}
        for one, piece in zip(payers, divide_spent(told.spent, amount, payers), strict=True):
            person = person_of[one.mxid]
            parts[person] = Part(f"{expense.id}/{person}", expense.id, person, piece.amount, nothing)
        for one, piece in zip(sharers, divide_spent(told.spent, amount, sharers), strict=True):
            person = person_of[one.mxid]
            part = parts.get(person) or Part(f"{expense.id}/{person}", expense.id, person, nothing, nothing)
            parts[person] = replace(part, owed=piece.amount, odd=piece.odd)
        entry = Entry(expense, tuple(parts.values()))
        counted = replace(trip, expenses=expense.number)
        return Step(records=(counted, expense, *entry.parts)), entry

    async def remove(self, outline: Outline, number: int) -> tuple[Step, Entry]:
        """The expense with this number counts no more."""
        found = next((one for one in outline.counted if one.expense.number == number), None)
        if found is None:
            raise NoSuchExpenseError(number=number)
        gone = replace(found.expense, state=ExpenseState.REMOVED)
        # The trip is a part of the step: what was settled in the same moment is decided again.
        return Step(records=(outline.trip, gone)), found

    async def settle(
        self, outline: Outline, by: Known, way: Way, room: RoomFacts
    ) -> tuple[Step, tuple[Say, ...]]:
        """End the trip: whoever gets something asks those who give it, as with a split of theirs.

        `by` could ask everybody in the plan for money. Raises what a request does; then nobody is asked.
        """
        plan = outline.plan(way)
        mxids = outline.mxids
        for person in sorted({one for debt in plan for one in (debt.debtor, debt.creditor)}):
            check_place(room, mxids[person], self._settings)
            if await self._blocking.refuses(person, by.person.id):
                raise RequestNotTakenError(asked=mxids[person])
        step = Step(records=(replace(outline.trip, state=TripState.SETTLED),))
        says: tuple[Say, ...] = ()
        gets: dict[str, list[Debt]] = defaultdict(list)
        for debt in plan:
            await self._policies.check_request(room.id, by.mxid, debt.amount)
            gets[debt.creditor].append(debt)
        for creditor, owed in sorted(gets.items(), key=lambda item: mxids[item[0]]):
            payee = await self._people.know(mxids[creditor])
            wanted = [Wanted(mxids[debt.debtor], How.EXACT, debt.amount.minor) for debt in owed]
            total = sum((debt.amount for debt in owed[1:]), owed[0].amount)
            asked, told = await self._splits.open(
                payee, total, wanted, outline.name, room, trip=outline.trip.id
            )
            step, says = step + asked, (*says, *told)
        return step, says

    @staticmethod
    def close(outline: Outline, *, anyway: bool) -> Step:
        """End the trip, and nobody is asked for anything; `anyway` also if somebody still owes something."""
        if not anyway and any(not one.left.is_zero for one in outline.balances):
            raise NotEvenError
        return Step(records=(replace(outline.trip, state=TripState.CLOSED),))

    async def _take_along(
        self, outline: Outline, by: Known, people: Sequence[str], room: RoomFacts
    ) -> tuple[Step, Outline]:
        there = {one.person for one in outline.travellers}
        if len(there) + len(people) > MOST_PEOPLE:
            raise TooManySharesError(most=MOST_PEOPLE)
        step = Step()
        more: list[Traveller] = []
        for mxid in people:
            known = by if mxid == by.mxid else await self._people.know(mxid)
            if mxid == self._settings.bot:
                raise PayeeNotHereError(payee=mxid)
            check_place(room, mxid, self._settings)
            if known.person.id in there:
                raise AlreadyTravellingError(who=mxid)
            if await self._blocking.refuses(known.person.id, by.person.id):
                raise RequestNotTakenError(asked=mxid)
            there.add(known.person.id)
            name = f"{outline.trip.id}/{known.person.id}"
            more.append(Traveller(name, outline.trip.id, known.person.id, mxid))
            step += known.introduction
        everybody = sorted((*outline.travellers, *more), key=lambda one: one.mxid)
        return step + Step(records=tuple(more)), replace(outline, travellers=tuple(everybody))

    async def _traveller(self, outline: Outline, mxid: str) -> str:
        """The person behind this Matrix id, who is in the trip."""
        found = next((one.person for one in outline.travellers if one.mxid == mxid), None)
        if found is None:
            person = await self._book.person_of(mxid)
            found = person.id if person is not None and person.id in outline.mxids else None
        if found is None:
            raise NotTravellingError(who=mxid)
        return found

    async def _notes(self, entries: Sequence[Entry]) -> Mapping[str, str]:
        writers = {one: await self._book.person(one) for one in {each.expense.writer for each in entries}}
        found: dict[str, str] = {}
        for each in entries:
            writer = writers[each.expense.writer]
            note = open_note(self._vault, writer, each.expense.note) if writer is not None else None
            if note:
                found[each.expense.id] = note
        return found


def _amount(told: Told, currency: str) -> Money:
    spent = told.spent
    if spent.currency == currency:
        return checked(spent.minor, currency)
    if told.rate is None:
        raise RateMissingError(spent=spent.currency, currency=currency)
    return convert(spent, told.rate, currency)


def _check_once(mxids: Sequence[str], person_of: Mapping[str, str]) -> None:
    seen: set[str] = set()
    for mxid in mxids:
        if person_of[mxid] in seen:
            raise NamedTwiceError(payee=mxid)
        seen.add(person_of[mxid])

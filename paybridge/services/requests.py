"""Requests: asking for money, accepting with a card, declining, and following the payment's fate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from paybridge.domain import request as requests
from paybridge.domain.facts import Facts, Who
from paybridge.domain.ids import payment_id, read_payment_id
from paybridge.domain.invoice import InvoiceAsAWholeError
from paybridge.domain.request import Request, RequestHappening, RequestState
from paybridge.domain.transfer import NotPossibleNowError, Transfer, TransferState
from paybridge.services.news import called, names_in
from paybridge.services.notes import open_note, seal_note
from paybridge.services.payments import Drafted, PayingTheBotError, Payments, Wish, check_place
from paybridge.services.people import Known, People
from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Rooms, Step, Vault
from paybridge.services.request_errors import (
    AskedInCurrencyError,
    AskingYourselfError,
    MoreThanLeftError,
    NoSuchPaymentError,
    NothingAskedError,
    NothingToAnswerError,
    RemindedAlreadyError,
    RequestExpiredError,
    RequestNotTakenError,
    ShareInPartsError,
    TooManyRequestsError,
    TooManyTodayError,
    WhichReminderError,
    WhichRequestError,
)
from paybridge.services.says import Say
from paybridge.services.told import without_amounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from paybridge.domain.money import Money
    from paybridge.domain.people import Person
    from paybridge.services.blocking import Blocking
    from paybridge.services.boards import Boards
    from paybridge.services.goods import Goods
    from paybridge.services.limits import Limits
    from paybridge.services.policies import Policies
    from paybridge.services.settings import Settings

MOST_OPEN_PER_PAIR = 5
MOST_OPEN_TO_ONE = 30
MOST_A_DAY = 20
REMINDED_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was made or has changed, the step that writes it, and what is said about it."""

    request: Request
    step: Step
    says: tuple[Say, ...]


class Requests:
    """The use cases around requests."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, each once
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        people: People,
        rooms: Rooms,
        policies: Policies,
        limits: Limits,
        blocking: Blocking,
        boards: Boards,
        goods: Goods,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._people = people
        self._rooms = rooms
        self._policies = policies
        self._limits = limits
        self._blocking = blocking
        self._boards = boards
        self._goods = goods

    async def ask(  # noqa: PLR0913 - who asks whom for what, where, until when, in which way
        self,
        asker: Known,
        asked: Known,
        amount: Money,
        note: str,
        room: RoomFacts,
        until: datetime | None = None,
        *,
        flexible: bool = False,
        most_a_day: int = MOST_A_DAY,
    ) -> Asked:
        """Ask `asked`, who must be joined to `room`, for `amount`, until a day's end or as long as usual.

        Who is asked for a `flexible` amount pays as much as they wish, once.
        """
        if asked.mxid == self._settings.bot:
            raise PayingTheBotError
        if asked.person.id == asker.person.id:
            raise AskingYourselfError
        check_place(room, asked.mxid, self._settings)
        self._limits.check_requests()
        await self._policies.check_request(room.id, asker.mxid, amount)
        pending = [
            one for one in await self._book.requests_of(asker.person.id) if one.asked == asked.person.id
        ]
        if len(pending) >= MOST_OPEN_PER_PAIR:
            raise TooManyRequestsError(most=MOST_OPEN_PER_PAIR)
        now = self._clock.now()
        if await self._book.requests_made(asker.person.id, now - timedelta(days=1)) >= most_a_day:
            raise TooManyTodayError(most=most_a_day)
        # One answer for both, so that nobody learns that they are blocked.
        flooded = len(await self._book.requests_to(asked.person.id)) >= MOST_OPEN_TO_ONE
        if flooded or await self._blocking.refuses(asked.person.id, asker.person.id):
            raise RequestNotTakenError(asked=asked.mxid)
        request = Request(
            id=payment_id(self._chance.number()),
            state=RequestState.OPEN,
            asker=asker.person.id,
            asker_mxid=asker.mxid,
            asked=asked.person.id,
            asked_mxid=asked.mxid,
            amount=amount,
            room=room.id,
            created=now,
            expires=until or now + self._settings.request_life,
            note=seal_note(self._vault, asker.person, note),
            flexible=flexible,
        )
        step = asker.introduction + asked.introduction + Step(records=(request,))
        says = await self._says(request, asker.person, room.members, "asked", asked.mxid)
        return Asked(request, step, says)

    async def made_by(self, person: Known, typed: str) -> Request:
        """The person's request with the id that was typed; without one, the only one that is open."""
        if typed:
            found = await self.find(read_payment_id(typed))
            if found.asker != person.person.id:
                raise NoSuchPaymentError(payment=found.id)
            return found
        own = await self._book.requests_of(person.person.id)
        if not own:
            raise NothingAskedError
        if len(own) > 1:
            raise WhichReminderError(requests=[request.id for request in own])
        return own[0]

    async def remind(self, request: Request, asker: Known) -> Asked:
        """Tell whoever was asked once more; at most once in a day, and not on the day of the request."""
        if request.state is not RequestState.OPEN:
            raise NotPossibleNowError(payment=request.id, state=request.state, wanted="remind")
        now = self._clock.now()
        again = (request.reminded or request.created) + REMINDED_AFTER
        if now < again:
            raise RemindedAlreadyError(payment=request.id, until=again)
        members = await names_in(self._rooms, request.room, request.asker_mxid, request.asked_mxid)
        if request.asked_mxid not in members or await self._blocking.refuses(request.asked, request.asker):
            raise RequestNotTakenError(asked=request.asked_mxid)
        reminded = replace(request, reminded=now)
        what = f"reminded.{now:%Y%m%d%H%M}"
        says = await self._says(request, asker.person, members, "reminded", request.asked_mxid)
        # A message of its own, which rings; the first one stays what it is.
        fresh = tuple(replace(say, id=say.id.replace("/reminded", f"/{what}", 1), slot=None) for say in says)
        return Asked(reminded, Step(records=(reminded,)), fresh)

    async def find(self, request_id: str) -> Request:
        """The request with this id, or `NoSuchPaymentError`."""
        request = await self._book.request(request_id)
        if request is None:
            raise NoSuchPaymentError(payment=request_id)
        return request

    async def asked_of(self, person: Known, typed: str) -> Request:
        """The request with the id that was typed; without one, the only one that waits for this person."""
        if typed:
            return await self.find(read_payment_id(typed))
        waiting = await self._book.requests_to(person.person.id)
        if not waiting:
            raise NothingToAnswerError
        if len(waiting) > 1:
            raise WhichRequestError(requests=[request.id for request in waiting])
        return waiting[0]

    async def accept(
        self,
        request: Request,
        payer: Known,
        payments: Payments,
        room: RoomFacts,
        source: str = "",
        part: Money | None = None,
        tip: Money | None = None,
    ) -> Drafted:
        """A card for paying the request, or a `part` of it, in its room; the request waits for its fate.

        A `tip` comes on top of all that is left. Raises `MoreThanLeftError` for a part that is more than is
        left, `AskedInCurrencyError`, `ShareInPartsError` and `InvoiceAsAWholeError`.
        """
        if not await self._is_asked(request, payer):
            raise NoSuchPaymentError(payment=request.id)
        if request.expires <= self._clock.now() and request.state is RequestState.OPEN:
            raise RequestExpiredError(payment=request.id)
        accepted = requests.advance(request, RequestHappening.ACCEPT)
        asker = await self._asker(request)
        payee = Known(await self._heir(asker), request.asker_mxid, Step())
        note = open_note(self._vault, asker, request.note) or ""
        amount = request.left if part is None else await self._part(request, part)
        if tip is not None and amount < request.left:
            raise InvoiceAsAWholeError(payment=request.id)
        given = amount if tip is None else amount + tip
        wish = Wish(payee, given, note, source=source, paid_before=request.paid)
        drafted = await payments.draft(payer, wish, room, request.id)
        waiting = replace(accepted, transfer=drafted.transfer.id)
        return replace(drafted, step=drafted.step + Step(records=(waiting,)))

    async def _part(self, request: Request, part: Money) -> Money:
        left = request.left
        if part.currency != left.currency:
            raise AskedInCurrencyError(payment=request.id, amount=left)
        if request.flexible:
            return part
        if part > left:
            raise MoreThanLeftError(payment=request.id, left=left)
        if part < left and await self._book.share_asked_by(request.id) is not None:
            raise ShareInPartsError(payment=request.id)
        invoice = await self._book.invoice(request.id) if part < left else None
        if invoice is not None and not invoice.parts:
            raise InvoiceAsAWholeError(payment=request.id)
        return part

    async def _is_asked(self, request: Request, person: Known) -> bool:
        """Whether the person is asked, or what a ghost of theirs was before it was theirs."""
        asked = request.asked
        return asked == person.person.id or await self._book.ties.heir(asked) == person.person.id

    async def _heir(self, asker: Person) -> Person:
        """Whose the asker is, if it is a ghost that was linked since; else the asker."""
        heir = await self._book.ties.heir(asker.id)
        return await self._book.person(heir) or asker if heir is not None else asker

    async def decline(self, request: Request, by: Known, reason: str) -> Asked:
        """The asked person says no."""
        if not await self._is_asked(request, by):
            raise NoSuchPaymentError(payment=request.id)
        declined = requests.advance(request, RequestHappening.DECLINE)
        sealed = replace(declined, reason=seal_note(self._vault, by.person, reason))
        return await self._changed(sealed, "declined", request.asker_mxid, reason)

    async def cancel(self, request: Request) -> Asked:
        """The asker takes the request back."""
        return await self._changed(requests.advance(request, RequestHappening.CANCEL), "cancelled")

    async def withdraw(self, request: Request) -> Asked:
        """Take back a request of a split, whose board says so; at most the person asked is told, alone."""
        taken = requests.advance(request, RequestHappening.CANCEL)
        members = await names_in(self._rooms, taken.room, taken.asker_mxid, taken.asked_mxid)
        says = await self._says(taken, await self._asker(taken), members, "cancelled")
        return Asked(taken, Step(records=(taken,)), says[1:])

    async def expire(self, request: Request) -> Asked:
        """The request's time is over."""
        return await self._changed(requests.advance(request, RequestHappening.EXPIRE), "expired")

    async def follow(self, transfer: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """What a transfer's new state means for the request that it answers, or the order that it is for."""
        if transfer.request is None:
            return await self._goods.follow(transfer)
        request = await self._book.request(transfer.request)
        if request is None or request.state is not RequestState.ACCEPTED:
            return Step(), ()
        match transfer.state:
            case TransferState.SETTLED | TransferState.CLAIMABLE:
                due = transfer.amount if request.flexible else min(transfer.amount, request.left)
                tip = transfer.amount - due
                paid = requests.count(request, due)
                changed = await self._changed(paid, f"part.{paid.paid}" if paid.paid_in_part else "paid")
                return changed.step + await self._tipped(request.id, tip), changed.says
            case TransferState.REFUSED | TransferState.CANCELLED | TransferState.EXPIRED:
                reopened = requests.advance(request, RequestHappening.REOPEN)
                return Step(records=(replace(reopened, transfer=None),)), ()
            case _:
                return Step(), ()

    async def _tipped(self, request: str, tip: Money) -> Step:
        """What was given on top of an invoice stands beside it."""
        invoice = await self._book.invoice(request) if tip.is_positive else None
        return Step() if invoice is None else Step(records=(replace(invoice, tip=tip.minor),))

    async def _asker(self, request: Request) -> Person:
        asker = await self._book.person(request.asker)
        assert asker is not None  # a request's asker is a foreign key
        return asker

    async def _changed(
        self, request: Request, what: str, notify: str | None = None, reason: str = ""
    ) -> Asked:
        members = await names_in(self._rooms, request.room, request.asker_mxid, request.asked_mxid)
        says = await self._says(request, await self._asker(request), members, what, notify, reason)
        step = Step(records=(request,))
        split = await self._boards.after(request)
        if split is not None:
            # The board stands for the message about each request, but a refusal is told to whoever asked.
            says = (*split[1], *(says if notify else says[1:]))
            step += split[0]
        return Asked(request, step, says)

    async def _says(
        self,
        request: Request,
        asker: Person,
        names: Mapping[str, str | None],
        what: str,
        notify: str | None = None,
        reason: str = "",
    ) -> tuple[Say, ...]:
        """The message in the room; where that must not see amounts, whom it concerns is told them alone."""
        note = open_note(self._vault, asker, request.note)
        shown: Facts = {
            "payment": request.id,
            "asker": Who(request.asker_mxid, names.get(request.asker_mxid)),
            "asked": Who(request.asked_mxid, names.get(request.asked_mxid)),
            "asked_name": called(request.asked_mxid, names),
            "until": request.expires,
        }
        facts: Facts = {
            **shown,
            "amount": request.shown,
            "paid": request.paid_so_far,
            "flexible": ({"payment": request.id},) if request.flexible else (),
            "note": ({"words": note},) if note else (),
            "reason": ({"words": reason},) if reason else (),
        }
        said = Say(
            id=f"{request.id}/{what}",
            key=f"request.{what.partition('.')[0]}",
            language=await self._policies.language(request.room, asker.language),
            room=request.room,
            facts=facts,
            slot=request.id,
            notify=(notify,) if notify else (),
            about=about(request),
        )
        if not await self._policies.hides_amounts(request.room):
            return (said,)
        hidden = replace(
            said,
            key=f"request.private.{what.partition('.')[0]}",
            facts=shown,
            about=without_amounts(about(request)),
        )
        return hidden, await self._told_alone(said, notify or request.asked_mxid)

    async def _told_alone(self, said: Say, mxid: str) -> Say:
        """The same with its amounts, in the one message about it in this person's direct room."""
        person = await self._book.person_of(mxid)
        return replace(
            said,
            id=f"{said.id}/alone",
            language=(person.language if person else None) or self._settings.language,
            room=None,
            person=mxid,
            slot=f"{said.slot}/{mxid}",
            notify=(),
        )


def about(request: Request) -> Mapping[str, object]:
    """The content of `org.paybridge.payment` of a request; the payer is the person asked."""
    paid = request.paid_so_far
    return {
        "v": 1,
        "id": request.id,
        "kind": "request",
        "state": request.state.value,
        "amount": {"value": request.amount.plain(), "currency": request.amount.currency},
        **({"paid": {"value": paid.plain(), "currency": paid.currency}} if request.paid else {}),
        **({"flexible": True} if request.flexible else {}),
        "payer": request.asked_mxid,
        "payee": request.asker_mxid,
        "expires_ts": int(request.expires.astimezone(UTC).timestamp() * 1000),
    }

"""What people do to messages: taking back their own, crossing out the bot's. It only ever stops something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.request import RequestState
from paybridge.domain.spoken import Gesture, GestureKind
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Book, Mailbox, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.request import Request
    from paybridge.services.cancellations import Cancellations
    from paybridge.services.people import People
    from paybridge.services.requests import Requests
    from paybridge.services.says import Say

Followed = tuple[Step, tuple["Say", ...]]
NOTHING: Followed = (Step(), ())


class Gestures:
    """Ends what is still open; nothing proves who sent a gesture, so that it never does more."""

    def __init__(
        self, book: Book, mailbox: Mailbox, people: People, requests: Requests, cancellations: Cancellations
    ) -> None:
        self._book = book
        self._mailbox = mailbox
        self._people = people
        self._requests = requests
        self._cancellations = cancellations

    async def follow(self, gesture: Gesture) -> Followed:
        """What becomes of the cards and requests that the gesture concerns; nothing if they have moved on."""
        step, says = NOTHING
        for payment in await self._concerned(gesture):
            more, told = await self._stop(gesture, payment)
            step, says = step + more, (*says, *told)
        return step, says

    async def _concerned(self, gesture: Gesture) -> Sequence[str]:
        if gesture.kind is GestureKind.TAKEN_BACK:
            return await self._book.made_by(gesture.target)
        slot = await self._mailbox.slot_of(gesture.target, gesture.room)
        return [slot.partition("/")[0]] if slot else []

    async def _stop(self, gesture: Gesture, payment: str) -> Followed:
        transfer = await self._book.transfer(payment)
        if transfer is not None:
            is_open = transfer.state is TransferState.AWAITING_APPROVAL
            if is_open and transfer.payer_mxid == gesture.sender:
                return await self._cancellations.close_card(transfer)
            return NOTHING
        bundle = await self._book.bundle(payment)
        if bundle is not None:
            if bundle.is_open and bundle.payer_mxid == gesture.sender:
                return await self._cancellations.close_card(bundle)
            return NOTHING
        request = await self._book.request(payment)
        if request is None or request.state is not RequestState.OPEN:
            return NOTHING
        return await self._end_request(gesture, request)

    async def _end_request(self, gesture: Gesture, request: Request) -> Followed:
        if gesture.kind is GestureKind.TAKEN_BACK and request.asker_mxid == gesture.sender:
            ended = await self._requests.cancel(request)
        elif gesture.kind is GestureKind.CROSSED_OUT and request.asked_mxid == gesture.sender:
            ended = await self._requests.decline(request, await self._people.know(gesture.sender), "")
        else:
            return NOTHING
        return ended.step, ended.says

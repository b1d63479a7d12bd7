"""What people do to messages: taking back their own, crossing out the bot's. It only ever stops something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.request import RequestState
from paybridge.domain.split import SplitState
from paybridge.domain.spoken import Gesture, GestureKind
from paybridge.domain.transfer import NotPossibleNowError, TransferState
from paybridge.services.ports import Book, Mailbox, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.request import Request
    from paybridge.domain.split import Split
    from paybridge.services.cancellations import Cancellations
    from paybridge.services.people import People
    from paybridge.services.requests import Requests
    from paybridge.services.says import Say
    from paybridge.services.splits import Splits

Followed = tuple[Step, tuple["Say", ...]]
NOTHING: Followed = (Step(), ())


class Gestures:
    """Ends what is still open; nothing proves who sent a gesture, so that it never does more."""

    def __init__(
        self,
        book: Book,
        mailbox: Mailbox,
        people: People,
        requests: Requests,
        splits: Splits,
        cancellations: Cancellations,
    ) -> None:
        self._book = book
        self._mailbox = mailbox
        self._people = people
        self._requests = requests
        self._splits = splits
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
            is_own = bundle.is_open and bundle.payer_mxid == gesture.sender
            return await self._cancellations.close_card(bundle) if is_own else NOTHING
        return await self._stop_asking(gesture, payment)

    async def _stop_asking(self, gesture: Gesture, payment: str) -> Followed:
        split = await self._book.split(payment)
        if split is not None:
            return await self._close_split(gesture, split)
        request = await self._book.request(payment)
        if request is None or request.state is not RequestState.OPEN:
            return NOTHING
        return await self._end_request(gesture, request)

    async def _close_split(self, gesture: Gesture, split: Split) -> Followed:
        """Taking back the command that opened a split closes it."""
        is_own = gesture.kind is GestureKind.TAKEN_BACK and split.payer_mxid == gesture.sender
        if not is_own or split.state is not SplitState.OPEN:
            return NOTHING
        try:
            stand = await self._splits.find(await self._people.know(gesture.sender), split.id)
            return await self._splits.close(stand)
        except NotPossibleNowError:
            # Somebody is confirming their share at this moment.
            return NOTHING

    async def _end_request(self, gesture: Gesture, request: Request) -> Followed:
        if gesture.kind is GestureKind.TAKEN_BACK and request.asker_mxid == gesture.sender:
            ended = await self._requests.cancel(request)
        elif gesture.kind is GestureKind.CROSSED_OUT and request.asked_mxid == gesture.sender:
            ended = await self._requests.decline(request, await self._people.know(gesture.sender), "")
        else:
            return NOTHING
        return ended.step, ended.says

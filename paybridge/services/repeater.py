"""The repeater: pays what comes round when its time has come, and tells its payer a day before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.domain import repeat as repeats
from paybridge.domain.errors import UserError
from paybridge.domain.repeat import ErrandOfRepeat, Repeat, RepeatState, instalment_of
from paybridge.domain.transfer import Transfer, TransferState
from paybridge.domain.windows import zone_named
from paybridge.services.after_restore import MARKER, read_marker
from paybridge.services.chores import Chores
from paybridge.services.notes import open_note
from paybridge.services.payments import Wish
from paybridge.services.people import Known
from paybridge.services.ports import OverdraftError, StaleError, Step
from paybridge.services.sources import RailAwayError

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from paybridge.services.desk import Desk
    from paybridge.services.lanes import Bell
    from paybridge.services.outcomes import Outcomes

log = structlog.get_logger(__name__)

WHILE_AWAY: Final = timedelta(hours=1)
"""How long a rail that is away is left alone, which counts as no try."""

_PAID: Final = frozenset(
    {TransferState.SETTLED, TransferState.CLAIMABLE, TransferState.CLAIMED, TransferState.RETURNED}
)


class Repeater:
    """Makes each payment at its time, once for each period: the database has one row for it.

    What could not be done is set aside for a while, so that it holds up nothing else.
    """

    def __init__(self, desk: Desk, outcomes: Outcomes, bell: Bell) -> None:
        self._book = desk.book
        self._mailbox = desk.mailbox
        self._vault = desk.vault
        self._clock = desk.clock
        self._rooms = desk.rooms
        self._outcomes = outcomes
        self._payments = desk.payments
        self._approvals = desk.approvals
        self._news = desk.repeat_news
        self._dues = desk.dues
        self._bell = bell
        # Where its payer, or another payment, was first, it is decided again on what is true now.
        beaten = (StaleError, OverdraftError)
        self._chores = Chores(desk.clock, outcomes.delay, beaten, done="repeated", what="repeat")

    async def run(self) -> None:
        """Work for ever. A bell, which every step rings, costs one question while nothing is due."""
        await self._chores.run(self._book.next_repeat, self.settle_down, self._bell)

    async def settle_down(self) -> None:
        """Do everything whose time has come, and see how those payments ended that were under way."""
        now, limit = self._clock.now(), self._chores.limit()
        for repeat in [*await self._book.ended_repeats(limit), *await self._book.due_repeats(now, limit)]:
            await self._chores.do(repeat.id, partial(self._one, repeat))

    async def _one(self, repeat: Repeat) -> None:
        if repeat.transfer is not None:
            await self._follow(repeat, repeat.transfer)
        else:
            await self._act(repeat)

    async def _act(self, repeat: Repeat) -> None:
        now, zone = self._clock.now(), await self._zone(repeat)
        if repeat.club is not None and repeat.state is RepeatState.ACTIVE:
            instead = await self._dues.instead(repeat, zone)
            if instead is not None:
                moved, says = instead
                await self._outcomes.commit(Step(records=(moved,)), says)
                return
        match repeats.errand(repeat, now, zone, await self._restored()):
            case ErrandOfRepeat.LAPSE:
                await self._outcomes.commit(Step(records=(repeats.lapsed(repeat),)))
            case ErrandOfRepeat.NOTICE:
                told = repeats.told(repeat, now, zone)
                await self._outcomes.commit(Step(records=(told,)), await self._news.notice(told))
            case ErrandOfRepeat.TOO_LATE:
                missed = repeats.too_late(repeat, zone)
                await self._outcomes.commit(Step(records=(missed,)), await self._news.too_late(repeat))
            case ErrandOfRepeat.MAY_BE_PAID:
                asked = repeats.too_late(repeat, zone)
                await self._outcomes.commit(Step(records=(asked,)), await self._news.may_be_paid(repeat))
            case ErrandOfRepeat.PAY:
                await self._pay(repeat, zone)

    async def _pay(self, repeat: Repeat, zone: tzinfo) -> None:
        room = await self._rooms.facts(repeat.room)
        payer, payee = await self._known(repeat)
        note = open_note(self._vault, payer.person, repeat.note) or ""
        try:
            # Its own step would show a card; what is approved already is written approved.
            drafted = await self._payments.draft(payer, Wish(payee, repeat.amount, note), room)
            step, says = await self._approvals.approve_beforehand(drafted.transfer)
        except RailAwayError:
            later = repeats.later(repeat, self._clock.now() + WHILE_AWAY)
            await self._outcomes.commit(Step(records=(later,)))
            return
        except UserError as error:
            log.info("repeat refused", repeat=repeat.id, why=error.key)
            await self._refused(repeat, error)
            return
        made = next(one for one in step.records if isinstance(one, Transfer))
        moved = (
            repeats.paid(repeat, zone)
            if made.state in _PAID
            else repeats.under_way(repeat, drafted.transfer.id)
        )
        row = instalment_of(repeat, drafted.transfer.id)
        before = await self._book.instalment(row.id)
        row = row if before is None else replace(before, transfer=row.transfer)
        if repeat.club is not None:
            step += await self._dues.paid(repeat)
        await self._outcomes.commit(step + Step(records=(moved, row)), says)

    async def _follow(self, repeat: Repeat, payment: str) -> None:
        transfer = await self._book.transfer(payment)
        assert transfer is not None  # a foreign key
        zone = await self._zone(repeat)
        if transfer.state is TransferState.REFUSED:
            await self._refused(repeat, None)
        else:
            # Paid; or its payer took it back in time, which is their word on this period.
            step = Step(records=(repeats.paid(repeat, zone),))
            if repeat.club is not None and transfer.state not in _PAID:
                step += await self._dues.unpaid(repeat)
            await self._outcomes.commit(step)

    async def _refused(self, repeat: Repeat, error: UserError | None) -> None:
        refused = repeats.refused(repeat, self._clock.now())
        ended = refused.state is RepeatState.ENDED
        says = () if ended else await self._news.not_paid(refused, error)
        step = Step()
        if repeat.club is not None:
            step = await self._dues.unpaid(repeat)
            refused, says = await self._dues.given_up(refused, says)
        await self._outcomes.commit(step + Step(records=(refused,)), says)

    async def _restored(self) -> datetime | None:
        """When these books were restored from a backup last, if ever."""
        marker = await self._mailbox.recall(MARKER)
        return None if marker is None else read_marker(marker).at

    async def _known(self, repeat: Repeat) -> tuple[Known, Known]:
        payer, payee = await self._book.person(repeat.payer), await self._book.person(repeat.payee)
        assert payer is not None  # both were introduced with its card
        assert payee is not None
        return Known(payer, repeat.payer_mxid, Step()), Known(payee, repeat.payee_mxid, Step())

    async def _zone(self, repeat: Repeat) -> tzinfo:
        return zone_named(await self._news.zone(repeat))

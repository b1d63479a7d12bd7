"""The courier takes approved transfers to the rails, leg by leg; the reconciler asks about what is open.

Crash safety: `executing` is committed before bytes leave, an order is only ever sent under its one key,
and a leg that was executing is asked about before anything is sent again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from paybridge.domain import leg as legs
from paybridge.domain.leg import Leg, LegHappening, LegState
from paybridge.failpoints import failpoint
from paybridge.services.outcomes import Outcomes, backoff
from paybridge.services.ports import (
    Book,
    Clock,
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Pending,
    Prepared,
    Rail,
    RailError,
    Step,
    StepRefusedError,
    ThrottledError,
    Unsure,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.transfer import Transfer
    from paybridge.services.news import News

log = structlog.get_logger(__name__)

AT_ONCE: Final = 16
EXECUTE_PATIENCE: Final = timedelta(seconds=60)
"""How long after `executing` a leg is left to the call that executes it."""


class Bell(Protocol):
    """Rings when there may be work."""

    async def wait(self, patience: float | None, /) -> object:
        """Return when it rings, or after `patience` seconds."""


class Courier:
    """Drives every open leg forward; one instance per process."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        rails: Mapping[str, Rail],
        outcomes: Outcomes,
        news: News,
        bell: Bell,
    ) -> None:
        self._book = book
        self._clock = clock
        self._rails = rails
        self._outcomes = outcomes
        self._news = news
        self._bell = bell
        self._driving: set[str] = set()

    async def run(self) -> None:
        """Work for ever. First everything that a crash left open, then what falls due."""
        async with asyncio.TaskGroup() as group:
            await self._round(group, datetime.max.replace(tzinfo=self._clock.now().tzinfo))
            while True:
                await self._bell.wait(await self._patience())
                await self._round(group, self._clock.now())

    async def settle_down(self) -> None:
        """Drive every leg that is due now, and return when none is being driven (for tests and tools)."""
        async with asyncio.TaskGroup() as group:
            await self._round(group, self._clock.now())

    async def look_at(self, reference: str) -> None:
        """A rail hints that an order has news: ask about it now."""
        leg = await self._book.leg_by_reference(reference)
        asked_about = leg is not None and leg.state in {LegState.EXECUTING, LegState.UNSURE}
        if leg is not None and asked_about and leg.id not in self._driving:
            self._driving.add(leg.id)
            await self._drive_once(leg)

    async def _patience(self) -> float | None:
        due = await self._book.next_due()
        if due is None:
            return None
        return max((due - self._clock.now()).total_seconds(), 0.05)

    async def _round(self, group: asyncio.TaskGroup, until: datetime) -> None:
        for leg in await self._book.due_legs(until, AT_ONCE * 4):
            if len(self._driving) >= AT_ONCE:
                return
            if leg.id not in self._driving:
                self._driving.add(leg.id)
                group.create_task(self._drive_once(leg), name=f"leg {leg.id}")

    async def _drive_once(self, leg: Leg) -> None:
        try:
            await self._drive(leg)
        except StepRefusedError as refused:
            # Somebody else moved the leg, a webhook's hint say: what they wrote stands.
            log.info("leg moved meanwhile", leg=leg.id, why=type(refused).__name__)
        except Exception:
            log.exception("leg not driven", leg=leg.id)
            await self._postpone(leg)
        finally:
            self._driving.discard(leg.id)

    async def _postpone(self, leg: Leg) -> None:
        """Whatever went wrong, the leg is looked at again later, and the others go on."""
        fresh = await self._book.leg_by_reference(leg.id)
        if fresh is not None and fresh.due is not None:
            await self._outcomes.ask_again(fresh, backoff(fresh.attempts + 1))

    async def _drive(self, leg: Leg) -> None:
        transfer = await self._book.transfer(leg.transfer)
        assert transfer is not None  # a leg's transfer is a foreign key
        rail = self._rails.get(leg.rail)
        if rail is None or leg.link is None:
            log.error("leg without its rail", leg=leg.id, rail=leg.rail)
            await self._outcomes.ask_again(leg, backoff(leg.attempts + 1))
            return
        match leg.state:
            case LegState.RESERVED | LegState.PREPARED:
                await self._send(leg, transfer, rail)
            case LegState.EXECUTING | LegState.UNSURE:
                await self._ask(leg, transfer, rail)
            case _:
                log.error("leg is due in a state that has nothing to do", leg=leg.id, state=leg.state)

    async def _send(self, leg: Leg, transfer: Transfer, rail: Rail) -> None:
        """Prepare, save `executing`, execute."""
        assert leg.link is not None  # `_drive` looked
        order = Order(leg.id, leg.kind, leg.amount, leg.link, transfer.id)
        try:
            handle = leg.handle or await rail.prepare(order)
            failpoint("courier.after_prepare")
        except OrderRefusedError as refused:
            await self._outcomes.refuse(leg, transfer, refused.code)
            return
        except RailError as error:
            await self._later(leg, transfer, error)
            return
        prepared = leg
        if leg.state is LegState.RESERVED:
            prepared, _ = legs.advance(leg, LegHappening.PREPARE)
        executing, _ = legs.advance(replace(prepared, handle=handle), LegHappening.EXECUTE)
        executing = replace(executing, due=self._clock.now() + EXECUTE_PATIENCE)
        await self._outcomes.commit(Step(records=(executing,)))
        await self._execute(replace(executing, version=leg.version + 1), transfer, rail)

    async def _execute(self, leg: Leg, transfer: Transfer, rail: Rail) -> None:
        """Bytes leave, under the leg's one key; the leg is `executing` in the book already."""
        assert leg.handle is not None  # saved together with `executing`
        try:
            failpoint("courier.before_execute")
            outcome = await rail.execute(leg.handle, leg.key, leg.highest_fee)
            failpoint("courier.after_execute")
        except (NotSentError, ThrottledError) as error:
            await self._later(leg, transfer, error)
            return
        except Exception as error:  # noqa: BLE001 - once bytes may have left, it is "don't know"
            outcome = Unsure(type(error).__name__)
        await self._outcomes.take(leg, transfer, outcome)

    async def _ask(self, leg: Leg, transfer: Transfer, rail: Rail) -> None:
        """Ask first; send again, under the same key, only if the rail has surely not executed it."""
        try:
            failpoint("courier.before_query")
            outcome = await rail.query(leg.id, leg.handle)
            failpoint("courier.after_query")
        except RailError as error:
            outcome = Unsure(type(error).__name__)
        match outcome:
            case Prepared() | NotFound(final=True) if leg.handle is not None:
                await self._again(leg, transfer, rail)
            case Prepared() | NotFound():
                await self._outcomes.ask_again(leg, backoff(leg.attempts + 1))
            case Pending(next_poll=wait):
                await self._outcomes.ask_again(leg, wait)
            case known:
                await self._outcomes.take(leg, transfer, known)

    async def _again(self, leg: Leg, transfer: Transfer, rail: Rail) -> None:
        window = rail.capabilities().idempotency_window
        began = transfer.updated or transfer.created
        if self._clock.now() - began > window:
            await self._outcomes.lose_track(leg, transfer, "the rail's idempotency window is over")
            return
        resumed = leg
        if leg.state is LegState.UNSURE:
            resumed, _ = legs.advance(leg, LegHappening.RESUME)
        resumed = replace(resumed, attempts=leg.attempts + 1, due=self._clock.now() + EXECUTE_PATIENCE)
        await self._outcomes.commit(Step(records=(resumed,)))
        await self._execute(replace(resumed, version=leg.version + 1), transfer, rail)

    async def _later(self, leg: Leg, transfer: Transfer, error: RailError) -> None:
        """Nothing left us. Try later, and tell the person the first time."""
        wait = error.after if isinstance(error, ThrottledError) else backoff(leg.attempts + 1)
        later = replace(leg, attempts=leg.attempts + 1, due=self._clock.now() + wait)
        says = await self._news.delayed(transfer, unsure=False) if leg.attempts == 0 else ()
        log.warning("rail not reached", leg=leg.id, rail=leg.rail, tries=later.attempts)
        await self._outcomes.commit(Step(records=(later,)), says)

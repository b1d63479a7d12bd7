"""Reminders by themselves: what waits for a person stands in one message to them, a day after it began."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.services.acquaintances import ReminderTimes
from paybridge.services.ports import Book, BookUnavailableError, Clock, StaleError, Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.facts import Facts
    from paybridge.domain.request import Request
    from paybridge.domain.transfer import Transfer
    from paybridge.services.blocking import Blocking
    from paybridge.services.outcomes import Outcomes
    from paybridge.services.settings import Settings

log = structlog.get_logger(__name__)

A_DAY: Final = timedelta(days=1)
EVERY: Final = timedelta(minutes=10)
AT_ONCE: Final = 100
MOST_LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one person: requests for their answer, payments to be claimed."""

    mxid: str
    requests: Sequence[Request]
    payments: Sequence[Transfer]

    @property
    def count(self) -> int:
        return len(self.requests) + len(self.payments)


class Reminders:
    """Reminds whoever must act: of what is a day old, and of unclaimed money a day before it goes back too.

    Whoever is reminded of one thing is told of everything that waits for them, so that they get one message
    in a day at most. Nobody hears of what somebody asks whom they have blocked.
    """

    def __init__(
        self,
        book: Book,
        clock: Clock,
        settings: Settings,
        outcomes: Outcomes,
        blocking: Blocking,
        pause: Callable[[float], Awaitable[object]],
    ) -> None:
        self._book = book
        self._clock = clock
        self._settings = settings
        self._outcomes = outcomes
        self._blocking = blocking
        self._pause = pause

    async def run(self) -> None:
        """Look for ever; a look costs two questions while nobody is to be reminded."""
        while True:
            await self.look()
            await self._pause(EVERY.total_seconds())

    async def look(self) -> None:
        """Remind everybody whose time has come (one round of `run`)."""
        now = self._clock.now()
        begun = now - A_DAY + self._settings.claim_life
        times = ReminderTimes(first=begun, last=now + A_DAY, reminded=now - A_DAY)
        people = {request.asked: request.asked_mxid for request in await self._not_reminded()}
        people |= {
            payment.payee: payment.payee_mxid for payment in await self._book.not_claimed(times, AT_ONCE)
        }
        for person, mxid in people.items():
            try:
                await self._remind(person, mxid)
            except StaleError:
                # Answered or claimed in the same moment: the next look sees what is left.
                log.info("not reminded after all", person=person)
            except BookUnavailableError:
                raise
            except Exception:
                log.exception("not reminded", person=person)

    async def _not_reminded(self) -> Sequence[Request]:
        return await self._book.not_reminded(self._clock.now() - A_DAY, AT_ONCE)

    async def _remind(self, person: str, mxid: str) -> None:
        now = self._clock.now()
        requests = await self._book.requests_to(person)
        heard = [one for one in requests if not await self._blocking.refuses(person, one.asker)]
        payments = await self._book.claimable(person)
        says = await self._says(person, Waiting(mxid, heard, payments))
        step = Step(records=tuple(replace(one, reminded=now) for one in requests))
        step += Step(records=tuple(replace(one, reminded=now) for one in payments))
        await self._outcomes.commit(step, says)

    async def _says(self, person: str, waiting: Waiting) -> tuple[Say, ...]:
        if not waiting.count:
            return ()
        known = await self._book.person(person)
        listed = waiting.requests[:MOST_LISTED], waiting.payments[:MOST_LISTED]
        more = waiting.count - sum(map(len, listed))
        facts: Facts = {
            "requests": tuple(_request(one) for one in listed[0]),
            "payments": tuple(_payment(one) for one in listed[1]),
            "more": ({"count": more},) if more else (),
        }
        return (
            Say(
                id=f"reminder/{person}/{self._clock.now():%Y%m%d%H%M%S}",
                key="reminder.waiting",
                language=(known.language if known else None) or self._settings.language,
                person=waiting.mxid,
                facts=facts,
            ),
        )


def _request(request: Request) -> Facts:
    return {
        "payment": request.id,
        "asker": request.asker_mxid,
        "amount": request.left,
        "until": request.expires,
    }


def _payment(payment: Transfer) -> Facts:
    return {
        "payment": payment.id,
        "payer": payment.payer_mxid,
        "amount": payment.amount,
        "until": payment.expires,
    }

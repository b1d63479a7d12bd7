"""The guard around every rail: one that hangs, raises anything or answers nonsense harms only itself."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog

from paybridge.app.breaker import Breaker, Pass
from paybridge.app.supervisor import FatalError
from paybridge.domain.money import Money
from paybridge.services.figures import Durations
from paybridge.services.ports import (
    Capabilities,
    EventNaming,
    Linked,
    LinkRefusedError,
    NoStatementError,
    NotASandboxError,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    PayeeCheck,
    PayeeChecking,
    PayeeMatch,
    Quote,
    Rail,
    RailError,
    RailEvent,
    Refunding,
    Refused,
    Settled,
    ThrottledError,
    Unsure,
    WebhookRefusedError,
)
from paybridge.services.sense import (
    LONGEST_WAIT,
    sensible_capabilities,
    sensible_check,
    sensible_events,
    sensible_handle,
    sensible_link,
    sensible_outcome,
    sensible_page,
    sensible_quote,
    sensible_reference,
)

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

BEHAVED: Final = (
    LinkRefusedError,
    NoStatementError,
    NotASandboxError,
    NotSentError,
    OrderRefusedError,
    ThrottledError,
    WebhookRefusedError,
)
"""The ways to fail that the protocol gives a rail."""


class MisbehavedError(RailError):
    """The rail hung, raised what no rail may raise, or answered nonsense."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a rail may take: with an order, while a person waits, or to say that it is there."""

    order: float = 60.0
    person: float = 20.0
    alive: float = 10.0


class GuardedRail:
    """Fits `Rail`, and keeps its promises also for a rail that does not.

    What executes or asks is `Unsure` when the rail misbehaves; everything else is a `RailError`. After
    three misbehaviours in a row the rail is left alone for a while: nothing is sent, and nothing is known.
    A rail that cannot reach its peer and says so does not misbehave. One that blocks the event loop itself
    cannot be helped from here.
    """

    def __init__(self, rail: Rail, breaker: Breaker, patience: Patience = Patience()) -> None:
        """`rail` is spoken to through this guard only from now on."""
        self._rail = rail
        self._breaker = breaker
        self._patience = patience
        self._calls: set[asyncio.Task[Any]] = set()
        self._can: Capabilities | None = None
        self.took: defaultdict[str, Durations] = defaultdict(Durations)
        self.name = rail.name

    def trouble(self) -> str | None:
        """Why the rail is left alone just now, in words that strangers may read; None while it is not."""
        return f"left alone, {self._breaker.reason}" if self._breaker.resting else None

    def capabilities(self) -> Capabilities:
        """What the rail says that it can; what it last said, if it now says nonsense."""
        try:
            self._can = sensible_capabilities(self._rail.capabilities())
        except Exception as error:
            log.warning("rail misbehaved", rail=self.name, call="capabilities", why=_named(error))
            if self._can is None:
                raise MisbehavedError(f"capabilities: {_named(error)}") from error
        return self._can

    async def prove_sandbox(self) -> None:
        """As the rail does; one whose capabilities are nonsense has proven nothing."""
        await self._look("prove_sandbox", self._rail.prove_sandbox)
        self.capabilities()

    async def quote(self, order: Order) -> Quote:
        """As the rail does, in the order's currency."""

        def check(told: object) -> Quote:
            return sensible_quote(told, order.amount.currency)

        return await self._call("quote", lambda: self._rail.quote(order), check, self._patience.person)

    async def link(self, details: str) -> Linked:
        """As the rail does."""
        return await self._call(
            "link", lambda: self._rail.link(details), sensible_link, self._patience.person
        )

    async def verify(self, token: str, evidence: str) -> None:
        """As the rail does."""
        await self._call("verify", lambda: self._rail.verify(token, evidence), _any, self._patience.person)

    async def unlink(self, token: str) -> None:
        """As the rail does."""
        await self._call("unlink", lambda: self._rail.unlink(token), _any, self._patience.person)

    async def check_payee(self, token: str, name: str) -> PayeeCheck:
        """As the rail does; not possible at one that cannot."""
        rail = self._rail
        if not isinstance(rail, PayeeChecking):
            return PayeeCheck(PayeeMatch.NOT_POSSIBLE)
        checking = rail
        return await self._call(
            "check_payee", lambda: checking.check_payee(token, name), sensible_check, self._patience.person
        )

    async def prepare(self, order: Order) -> str:
        """As the rail does."""
        return await self._call(
            "prepare", lambda: self._rail.prepare(order), sensible_handle, self._patience.order
        )

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        """As the rail does. `NotSentError` if it is left alone; `Unsure` for what it may not raise or say."""

        def check(told: object) -> Outcome:
            outcome = sensible_outcome(told, fee_cap.currency)
            if isinstance(outcome, Settled) and outcome.fee > fee_cap:
                return Unsure(f"fee differs: at most {fee_cap}, taken {outcome.fee}")
            return outcome

        try:
            return await self._call(
                "execute", lambda: self._rail.execute(handle, key, fee_cap), check, self._patience.order
            )
        except (NotSentError, ThrottledError):
            raise
        except RailError as error:
            return Unsure(str(error) or _named(error))

    async def refund(self, reference: str, handle: str, amount: Money, key: str) -> Outcome:
        """As the rail does; `Refused("no_refunds")` by one that cannot, and `Unsure` as in `execute`."""
        rail = self._rail
        if not isinstance(rail, Refunding):
            return Refused("no_refunds")
        refunding = rail

        def check(told: object) -> Outcome:
            outcome = sensible_outcome(told, amount.currency)
            if isinstance(outcome, Settled) and outcome.amount != amount:
                return Unsure(f"amount differs: {amount} was to be given back, {outcome.amount} was")
            return outcome

        try:
            return await self._call(
                "refund",
                lambda: refunding.refund(reference, handle, amount, key),
                check,
                self._patience.order,
            )
        except (NotSentError, ThrottledError):
            raise
        except RailError as error:
            return Unsure(str(error) or _named(error))

    async def query(self, reference: str, handle: str | None) -> Outcome:
        """As the rail does; a question that fails in any way is `Unsure`."""
        try:
            return await self._call(
                "query", lambda: self._rail.query(reference, handle), sensible_outcome, self._patience.order
            )
        except RailError as error:
            return Unsure(f"could not ask: {error}")

    async def cancel(self, handle: str) -> None:
        """As the rail does."""
        await self._call("cancel", lambda: self._rail.cancel(handle), _any, self._patience.order)

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:
        """As the rail does; whatever it stumbles over is refused."""
        try:
            return sensible_events(self._rail.parse_webhook(headers, raw, now))
        except WebhookRefusedError:
            raise
        except Exception as error:
            log.warning("rail misbehaved", rail=self.name, call="parse_webhook", why=_named(error))
            raise WebhookRefusedError("the rail could not read it") from error

    async def reference_of(self, their_id: str) -> str | None:
        """As the rail does; one that cannot has no such webhooks."""
        rail = self._rail
        if not isinstance(rail, EventNaming):
            raise MisbehavedError("it cannot name the orders of its own webhooks")
        naming = rail
        return await self._call(
            "reference_of", lambda: naming.reference_of(their_id), sensible_reference, self._patience.person
        )

    async def statement(self, cursor: str | None) -> Page:
        """As the rail does."""
        return await self._call(
            "statement", lambda: self._rail.statement(cursor), sensible_page, self._patience.order
        )

    async def alive(self) -> None:
        """As the rail does."""
        await self._look("alive", self._rail.alive)

    async def close(self) -> None:
        """Let the rail go, and what it still does; it is not waited for longer than for a sign of life."""
        try:
            await self._within(self._rail.close, self._patience.alive)
        except Exception as error:  # noqa: BLE001  the others are still to be let go
            log.warning("rail misbehaved", rail=self.name, call="close", why=_named(error))
        for call in self._calls:
            call.cancel()

    async def _look(self, what: str, call: Callable[[], Awaitable[object]]) -> None:
        """A look from outside: refused while the rail rests, and no proof that it is well again."""
        if self._breaker.resting:
            raise NotSentError(self._breaker.reason)
        await self._watched(what, call, _any, self._patience.alive, Pass.LOOK)

    async def _call(
        self, what: str, call: Callable[[], Awaitable[object]], check: Callable[[object], T], seconds: float
    ) -> T:
        passed = self._breaker.enter()
        if passed is Pass.NO:
            raise NotSentError(self._breaker.reason)
        return await self._watched(what, call, check, seconds, passed)

    async def _watched(
        self,
        what: str,
        call: Callable[[], Awaitable[object]],
        check: Callable[[object], T],
        seconds: float,
        passed: Pass,
    ) -> T:
        began = self._breaker.monotonic()
        try:
            answer = check(await self._within(call, seconds))
        except BEHAVED as error:
            self._breaker.good(passed, what)
            raise _bounded(error) from None
        except asyncio.CancelledError:
            self._breaker.give_back(passed)
            raise
        except Exception as error:
            self._breaker.bad(passed, what, _named(error))
            log.warning("rail misbehaved", rail=self.name, call=what, why=str(error), exc_info=error)
            raise MisbehavedError(f"{what}: {_named(error)}") from error
        finally:
            self.took[what].took(self._breaker.monotonic() - began)
        self._breaker.good(passed, what)
        return answer

    async def _within(self, call: Callable[[], Awaitable[T]], seconds: float) -> T:
        """What `call` returns or raises, or `TimeoutError`; a call that cannot be stopped is left behind."""
        task = asyncio.create_task(_own(call), name=f"rail {self.name}")
        self._calls.add(task)
        task.add_done_callback(self._forget)
        try:
            await asyncio.wait({task}, timeout=seconds)
        finally:
            task.cancel()
        if not task.done():
            raise TimeoutError
        if task.cancelled():
            raise _StoppedError  # by the rail itself: whoever called goes on
        return task.result()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._calls.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waited has it; nobody else needs to hear of it


class _StoppedError(Exception):
    """The rail ended the call in a way that would end more than the call."""


async def _own(call: Callable[[], Awaitable[T]]) -> T:
    """The call in a task of its own, from which nothing but an `Exception` comes out by the rail's doing."""
    try:
        return await call()
    except SystemExit as error:
        raise _StoppedError from error


def _any(told: object) -> None:
    """What comes back is not looked at."""


def _bounded(error: RailError) -> RailError:
    """The same error; a wait in it that cannot be becomes the longest or none."""
    if isinstance(error, ThrottledError):
        try:
            return ThrottledError(min(max(error.after, timedelta(0)), LONGEST_WAIT))
        except TypeError:
            return ThrottledError(LONGEST_WAIT)
    return error


def _named(error: BaseException) -> str:
    return "hung" if isinstance(error, TimeoutError) else type(error).__name__


def guard_rail(
    name: str, make: Callable[[], Rail], monotonic: Callable[[], float], patience: Patience = Patience()
) -> GuardedRail:
    """The rail that `make` makes, guarded; `FatalError` if it cannot be made."""
    try:
        return GuardedRail(make(), Breaker(monotonic), patience)
    except Exception as error:
        raise FatalError(f"rail {name} cannot be made: {type(error).__name__}") from error

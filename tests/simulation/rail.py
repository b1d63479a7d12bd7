"""A bank behind a bad network: what is asked of it may be lost, late, twice or answered with a lie.

The bank keeps the ground truth about money. It moves money once for each idempotency key, as banks do: an
order that comes under a second key is paid a second time, which is then a violation.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import (
    Capabilities,
    Linked,
    LinkRefusedError,
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    Pending,
    Prepared,
    Quote,
    RailEvent,
    Refused,
    Reversed,
    Settled,
    StatementLine,
    ThrottledError,
)
from tests.simulation.violations import ViolationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.simulation.dice import Dice, Trace

T = TypeVar("T")

CODE: Final = "1234"
FEE: Final = 10
HIGHEST_FEE: Final = 15
STATEMENT_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
CAPABILITIES: Final = Capabilities(
    currencies=frozenset({"EUR"}),
    flows=frozenset({LegKind.COLLECT, LegKind.PAYOUT}),
    links=frozenset({"iban"}),
    least=1,
    most=100_000_00,
    idempotency_window=timedelta(days=30),
    not_found_is_final=True,
    money_can_come_back_for=timedelta(0),
)


class Stage(StrEnum):
    """Where an order stands at the bank."""

    PREPARED = "prepared"
    PENDING = "pending"
    SETTLED = "settled"
    REFUSED = "refused"


@dataclass(slots=True)
class Kept:
    """One order as the bank has it. `settles` is whether the bank will move the money once it is told to."""

    order: Order
    settles: bool
    slow: float
    fee: int
    stage: Stage = Stage.PREPARED
    keys: set[str] = field(default_factory=set)
    taken_back: int = 0
    """How much of what it moved it has taken back, in minor units."""
    thought_again: bool = False
    """Whether it said at first that it would not move the money, or that it had."""


@dataclass(slots=True)
class Misfortunes:
    """How probable each misfortune is at each call; drawn for each seed."""

    lost_before: float = 0.0
    lost_after: float = 0.0
    broken_after: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    lies: float = 0.0
    refused_connection: float = 0.0
    throttled: float = 0.0


class Bank:
    """The bank's own program: it has one truth, and outlives every engine."""

    def __init__(self, dice: Dice, trace: Trace, loop: asyncio.AbstractEventLoop) -> None:
        self.dice = dice
        self.trace = trace
        self.loop = loop
        self.misfortunes = Misfortunes()
        self.down_until = 0.0
        self.orders: dict[str, Kept] = {}
        self.moved: list[StatementLine] = []
        self.links: dict[str, bool] = {}
        self.tell: Callable[[RailEvent], None] = lambda _: None

    # ---------------------------------------------------------------- what it does

    def link(self, _details: str) -> Linked:
        token = f"link-{len(self.links) + 1}"
        self.links[token] = False
        return Linked(token, "DE..3000", verified=False)

    def verify(self, token: str, evidence: str) -> None:
        if evidence != CODE or token not in self.links:
            raise LinkRefusedError("wrong_code", 2)
        self.links[token] = True

    def prepare(self, order: Order) -> str:
        known = self.orders.get(order.reference)
        if known is None:
            self.orders[order.reference] = Kept(
                order,
                settles=self.dice.chance(0.85),
                slow=self.dice.between(1, 7200) if self.dice.chance(0.3) else 0.0,
                fee=self.dice.whole(0, HIGHEST_FEE),
            )
        elif known.order != order:
            raise OrderRefusedError("reference_reused")
        return f"handle-{order.reference}"

    def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        kept = self.orders.get(handle.removeprefix("handle-"))
        if kept is None:
            return NotFound(final=True)
        if key in kept.keys:
            return self._outcome(kept)
        kept.keys.add(key)
        if kept.fee > fee_cap.minor or not (kept.settles or len(kept.keys) > 1):
            kept.stage = Stage.REFUSED
        elif kept.slow:
            kept.stage = Stage.PENDING
            self.loop.call_later(kept.slow, self._settle, kept)
        else:
            self._settle(kept)
        return self._outcome(kept)

    def query(self, reference: str) -> Outcome:
        kept = self.orders.get(reference)
        return NotFound(final=True) if kept is None else self._outcome(kept)

    def reverse(self, reference: str, minor: int) -> None:
        """Take back so much of what was settled: with a line in the statement, and with news."""
        kept = self.orders[reference]
        kept.taken_back, kept.thought_again = minor, True
        amount = Money(minor, kept.order.amount.currency)
        back = -amount if kept.order.kind is LegKind.COLLECT else amount
        self.moved.append(StatementLine(f"line-{len(self.moved)}", reference, back, STATEMENT_TIME))
        self._news(kept)

    def succeed_late(self, reference: str) -> None:
        """Move what was refused."""
        kept = self.orders[reference]
        kept.thought_again = True
        self._settle(kept)

    def in_stage(self, stage: Stage) -> Sequence[str]:
        """The orders that stand there, and on which the bank has not come back."""
        return [
            reference
            for reference, kept in self.orders.items()
            if kept.stage is stage and not kept.thought_again
        ]

    def tell_again(self) -> None:
        """News of second thoughts that was lost is told until it is heard."""
        for kept in self.orders.values():
            if kept.thought_again:
                self._news(kept)

    def effects(self, reference: str) -> int:
        """How often money moved for this order; what was taken back is another matter."""
        collects = self.orders[reference].order.kind is LegKind.COLLECT if reference in self.orders else False
        return sum(line.reference == reference and line.amount.is_positive is collects for line in self.moved)

    def _settle(self, kept: Kept) -> None:
        kept.stage = Stage.SETTLED
        reference = kept.order.reference
        self.trace.add(self.loop.time(), "bank moves", f"{reference} {kept.order.amount.minor}")
        if self.effects(reference):
            raise ViolationError(f"the bank moved money twice for {reference}")
        amount = kept.order.amount
        signed = amount if kept.order.kind is LegKind.COLLECT else -amount - Money(kept.fee, amount.currency)
        self.moved.append(StatementLine(f"line-{len(self.moved)}", reference, signed, STATEMENT_TIME))
        self._news(kept)

    def _news(self, kept: Kept) -> None:
        event = RailEvent(f"event-{kept.order.reference}", kept.order.reference)
        for _ in range(2 if self.dice.happens(self.misfortunes.twice) else 1):
            if not self.dice.happens(self.misfortunes.lost_before):
                self.loop.call_later(self.dice.between(0.01, 5), self.tell, event)

    @staticmethod
    def _outcome(kept: Kept) -> Outcome:
        fee = Money(kept.fee if kept.order.kind is LegKind.PAYOUT else 0, "EUR")
        if kept.taken_back:
            return Reversed(f"remote-{kept.order.reference}", Money(kept.taken_back, "EUR"), fee)
        match kept.stage:
            case Stage.PREPARED:
                return Prepared()
            case Stage.PENDING:
                return Pending(timedelta(seconds=min(kept.slow / 3 + 1, 600)))
            case Stage.REFUSED:
                return Refused("insufficient_funds")
            case Stage.SETTLED:
                return Settled(f"remote-{kept.order.reference}", kept.order.amount, fee, timedelta(0))


class BankRail:
    """`Rail`, as one engine sees the bank through the network; `edge` says that this engine is dead now."""

    name = "bank"

    def __init__(self, bank: Bank, edge: Callable[[str], bool]) -> None:
        self._bank = bank
        self._edge = edge

    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def prove_sandbox(self) -> None:
        """It has nothing else to be."""

    async def quote(self, order: Order) -> Quote:
        fee, most = (FEE, HIGHEST_FEE) if order.kind is LegKind.PAYOUT else (0, HIGHEST_FEE)
        currency = order.amount.currency
        return Quote(Money(fee, currency), Money(most, currency))

    async def link(self, details: str) -> Linked:
        return await self._ask("link", lambda: self._bank.link(details))

    async def verify(self, token: str, evidence: str) -> None:
        await self._ask("verify", lambda: self._bank.verify(token, evidence))

    async def unlink(self, token: str) -> None:
        await self._ask("unlink", lambda: self._bank.links.pop(token, None))

    async def prepare(self, order: Order) -> str:
        return await self._ask(f"prepare {order.reference}", lambda: self._bank.prepare(order))

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        return await self._ask(f"execute {key}", lambda: self._bank.execute(handle, key, fee_cap), lie=True)

    async def query(self, reference: str, handle: str | None) -> Outcome:  # noqa: ARG002 - one handle for one reference
        return await self._ask(f"query {reference}", lambda: self._bank.query(reference), lie=True)

    async def cancel(self, handle: str) -> None:
        """Nobody asks for it."""

    def parse_webhook(self, _headers: Mapping[str, str], _raw: bytes, _now: datetime) -> Sequence[RailEvent]:
        return ()

    async def statement(self, cursor: str | None) -> Page:
        del cursor
        return Page(tuple(self._bank.moved), None, None)

    async def alive(self) -> None:
        """It is."""

    async def close(self) -> None:
        """There is nothing to let go."""

    # ---------------------------------------------------------------- the network

    async def _ask(self, what: str, serve: Callable[[], T], *, lie: bool = False) -> T:
        """Send a question and wait for its answer; the bank may get it although nobody waits any more."""
        bank, dice, bad = self._bank, self._bank.dice, self._bank.misfortunes
        if self._edge("asks"):
            raise asyncio.CancelledError
        bank.trace.add(bank.loop.time(), "ask", what)
        if dice.happens(bad.refused_connection) or bank.loop.time() < bank.down_until:
            raise NotSentError("refused")
        if dice.happens(bad.throttled):
            raise ThrottledError(timedelta(seconds=dice.between(0.1, 30)))
        answer: asyncio.Future[Any] = bank.loop.create_future()
        there = dice.between(20, 200) if dice.happens(bad.late) else dice.between(0.001, 0.4)
        if not dice.happens(bad.lost_before):
            bank.loop.call_later(there, partial(self._arrive, what, serve, answer, lie=lie))
        if dice.happens(bad.twice):
            late = there + dice.between(0.001, 120)
            nobody: asyncio.Future[Any] = bank.loop.create_future()
            bank.loop.call_later(late, partial(self._arrive, what, serve, nobody, lie=False))
        told: T | Exception = await answer
        if self._edge("answered"):
            raise asyncio.CancelledError
        if isinstance(told, Exception):
            raise told
        return told

    def _arrive(self, what: str, serve: Callable[[], Any], answer: asyncio.Future[Any], *, lie: bool) -> None:
        bank, dice, bad = self._bank, self._bank.dice, self._bank.misfortunes
        if bank.loop.time() < bank.down_until:
            return
        try:
            told = serve()
        except (LinkRefusedError, OrderRefusedError) as error:
            told = error
        bank.trace.add(bank.loop.time(), "bank", f"{what}: {type(told).__name__}")
        if dice.happens(bad.lost_after):
            return
        if dice.happens(bad.broken_after):
            told = ConnectionResetError("cut in the answer")
        elif lie and dice.happens(bad.lies):
            told = self._lie(told)
        bank.loop.call_later(dice.between(0.001, 0.3), _answer, answer, told)

    def _lie(self, told: Outcome) -> object:
        """Nonsense, another amount, another currency, or never heard of it; never an end that it is not."""
        dice = self._bank.dice
        self._bank.trace.add(self._bank.loop.time(), "bank lies", type(told).__name__)
        match told:
            case Settled():
                more = replace(told, amount=told.amount + Money(dice.whole(1, 500), "EUR"))
                other = replace(told, amount=Money(told.amount.minor, "USD"), fee=Money(0, "USD"))
                return (more, other, None, Pending(timedelta(seconds=1)), "settled")[dice.whole(0, 4)]
            case Pending() | Prepared():
                return (NotFound(final=False), NotFound(final=True), None)[dice.whole(0, 2)]
            case _:
                return None


def _answer(answer: asyncio.Future[Any], told: object) -> None:
    if not answer.done():
        answer.set_result(told)

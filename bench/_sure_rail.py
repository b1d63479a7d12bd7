"""A rail in this process that settles every order at once, as `Rail` says, and is asked without a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bench._money import START
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import (
    Capabilities,
    Linked,
    NotFound,
    Order,
    Outcome,
    Page,
    Prepared,
    Quote,
    RailEvent,
    Settled,
    StatementLine,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_NOTHING: Final = Money(0, "EUR")


@dataclass(slots=True)
class SureRail:
    """Knows the orders that were prepared, and `moved` of them money; each once, whatever the key."""

    name: str = "sure"
    prepared: dict[str, Order] = field(default_factory=dict)
    moved: dict[str, Order] = field(default_factory=dict)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            currencies=frozenset({"EUR"}),
            flows=frozenset({LegKind.COLLECT, LegKind.PAYOUT}),
            links=frozenset({"iban"}),
            least=1,
            most=10**9,
            idempotency_window=timedelta(days=30),
            not_found_is_final=True,
            money_can_come_back_for=timedelta(0),
        )

    async def prove_sandbox(self) -> None:
        """It is none of a bank's."""

    async def quote(self, order: Order) -> Quote:  # noqa: ARG002 - it takes nothing
        return Quote(_NOTHING, _NOTHING)

    async def link(self, details: str) -> Linked:
        return Linked(details, details, verified=True)

    async def verify(self, token: str, evidence: str) -> None:
        """Every account is proven."""

    async def unlink(self, token: str) -> None:
        """No account is kept."""

    async def prepare(self, order: Order) -> str:
        self.prepared[order.reference] = order
        return order.reference

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:  # noqa: ARG002 - a handle is enough
        return self._settle(handle)

    async def query(self, reference: str, handle: str | None) -> Outcome:  # noqa: ARG002 - the reference is enough
        if reference in self.moved:
            return self._settle(reference)
        return Prepared() if reference in self.prepared else NotFound(final=True)

    async def cancel(self, handle: str) -> None:
        del self.prepared[handle]

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:  # noqa: ARG002 - it sends none
        return ()

    async def statement(self, cursor: str | None) -> Page:  # noqa: ARG002 - one page holds all
        lines = tuple(
            StatementLine(f"line-{order.reference}", order.reference, order.amount, START)
            for order in self.moved.values()
        )
        return Page(lines, None, sum((line.amount for line in lines), _NOTHING))

    async def alive(self) -> None:
        """It is."""

    async def close(self) -> None:
        """Nothing is open."""

    def _settle(self, reference: str) -> Outcome:
        order = self.moved.setdefault(reference, self.prepared[reference])
        return Settled(f"remote-{reference}", order.amount, _NOTHING)

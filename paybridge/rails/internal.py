"""Balance to balance inside our own ledger: nothing leaves the house, so nothing can be lost on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import aiohttp

from paybridge.rails._frame import (
    EXPONENTS,
    MAX_MINOR,
    Capabilities,
    LegKind,
    Linked,
    LinkRefusedError,
    Money,
    NotFound,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    Prepared,
    Quote,
    RailError,
    RailEvent,
    RailOptions,
    Refused,
    Settled,
    WebhookRefusedError,
)

A_CENTURY = timedelta(days=36_500)
"""For ever, but still a time that can be added to a date."""


class InternalOptions(RailOptions):
    """There is nothing to set."""


class _Stage(StrEnum):
    PREPARED = "prepared"
    EXECUTED = "executed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class _Known:
    order: Order
    stage: _Stage


class InternalRail:
    """Takes book orders. The journal that moves the money is ours, so executing here only says yes.

    It remembers orders for as long as the process lives. Forgetting one is harmless: an order that it does
    not know was booked by nobody here, and `NotFound` is final.
    """

    name = "internal"
    protocol = 1
    Options = InternalOptions

    def __init__(self, _options: InternalOptions, _http: aiohttp.ClientSession, /) -> None:
        """Begin with no orders."""
        self._orders: dict[str, _Known] = {}

    def capabilities(self) -> Capabilities:
        """Every currency in any amount, without links, for ever repeatable."""
        return Capabilities(
            currencies=frozenset(EXPONENTS),
            flows=frozenset({LegKind.BOOK}),
            links=frozenset(),
            least=1,
            most=MAX_MINOR,
            idempotency_window=A_CENTURY,
            not_found_is_final=True,
            money_can_come_back_for=timedelta(0),
        )

    async def prove_sandbox(self) -> None:
        """Nothing to prove: there is no peer."""

    async def quote(self, order: Order) -> Quote:
        """Free."""
        nothing = Money.zero(order.amount.currency)
        return Quote(nothing, nothing)

    async def link(self, details: str) -> Linked:  # noqa: ARG002  nothing can be linked, whatever it is
        """Always `LinkRefusedError`."""
        raise LinkRefusedError("no_links")

    async def verify(self, token: str, evidence: str) -> None:  # noqa: ARG002  there is no link to prove
        """Always `LinkRefusedError`."""
        raise LinkRefusedError("no_links")

    async def unlink(self, token: str) -> None:
        """Nothing is linked, so nothing is left to do."""

    async def prepare(self, order: Order) -> str:
        """The order's reference; `OrderRefusedError` if it is no book order or differs from the one known."""
        if order.kind is not LegKind.BOOK:
            raise OrderRefusedError("bad_kind")
        if not order.amount.is_positive:
            raise OrderRefusedError("bad_amount")
        known = self._orders.setdefault(order.reference, _Known(order, _Stage.PREPARED))
        if known.order != order:
            raise OrderRefusedError("reference_reused")
        return order.reference

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:  # noqa: ARG002  free, and once anyway
        """`Settled`, however often, or `Refused` if it was cancelled."""
        known = self._orders.get(handle)
        if known is None:
            return NotFound(final=True)
        if known.stage is _Stage.PREPARED:
            self._orders[handle] = replace(known, stage=_Stage.EXECUTED)
        return self._outcome(handle)

    async def query(self, reference: str, handle: str | None) -> Outcome:  # noqa: ARG002  the handle is the reference
        """Where the order stands."""
        return self._outcome(reference)

    async def cancel(self, handle: str) -> None:
        """Never execute this order; `OrderRefusedError` if it was."""
        known = self._orders.get(handle)
        if known is None:
            raise RailError(f"no order {handle}")
        if known.stage is _Stage.EXECUTED:
            raise OrderRefusedError("already_executed")
        self._orders[handle] = replace(known, stage=_Stage.CANCELLED)

    def parse_webhook(
        self,
        headers: Mapping[str, str],  # noqa: ARG002  nobody sends any
        raw: bytes,  # noqa: ARG002  as above
        now: datetime,  # noqa: ARG002  as above
    ) -> Sequence[RailEvent]:
        """Always `WebhookRefusedError`."""
        raise WebhookRefusedError("this rail sends no webhooks")

    async def statement(self, cursor: str | None) -> Page:  # noqa: ARG002  always the same page
        """Empty: our own ledger is the statement."""
        return Page((), None, None)

    async def alive(self) -> None:
        """It is."""

    async def close(self) -> None:
        """Nothing to let go of."""

    def _outcome(self, reference: str) -> Outcome:
        known = self._orders.get(reference)
        if known is None:
            return NotFound(final=True)
        match known.stage:
            case _Stage.PREPARED:
                return Prepared()
            case _Stage.CANCELLED:
                return Refused("order_cancelled")
            case _Stage.EXECUTED:
                amount = known.order.amount
                return Settled(reference, amount, Money.zero(amount.currency), timedelta(0))

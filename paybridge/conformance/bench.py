"""What a check works with: the stand, the proxy before its peer, and words for what a rail has promised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from paybridge.conformance.proxy import FaultProxy
from paybridge.conformance.trial import (
    Behaviour,
    ByHand,
    Credentialed,
    Expiring,
    Holding,
    Linking,
    Naming,
    Passing,
    Proving,
    Reached,
    Rotating,
    Stand,
    Telling,
)
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails._frame import RailClass
from paybridge.services.ports import Order, Outcome, Pending, Rail

NOTHING: tuple[Money, ...] = ()


class BrokenPromiseError(AssertionError):
    """The rail did not do what every rail promises; the text says what it did."""


class NotOfferedError(Exception):
    """The trial has no means for this check; the text says which."""

    @classmethod
    def of(cls, means: type) -> Self:
        """For a protocol in `trial.py`."""
        return cls(f"not offered: {(means.__doc__ or means.__name__).rstrip('.').lower()}")


def promised(truth: bool, otherwise: str) -> None:  # noqa: FBT001  the promise itself
    """Go on if `truth`, else `BrokenPromiseError` with what happened instead."""
    if not truth:
        raise BrokenPromiseError(otherwise)


def key_of(order: Order) -> str:
    """The one key of an order."""
    return f"key-{order.reference}"


@dataclass(slots=True)
class Bench:
    """One check's own."""

    stand: Stand
    kind: RailClass | None = None
    """The rail's class, if it could be found by its name."""

    rail: Rail = field(init=False)
    """Straight to the peer."""

    def __post_init__(self) -> None:
        """Build the rail."""
        self.rail = self.stand.rail()

    @property
    def reached(self) -> Reached:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Reached):
            raise NotOfferedError.of(Reached)
        return self.stand

    @property
    def linking(self) -> Linking:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Linking):
            raise NotOfferedError.of(Linking)
        return self.stand

    @property
    def naming(self) -> Naming:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Naming):
            raise NotOfferedError.of(Naming)
        return self.stand

    @property
    def holding(self) -> Holding:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Holding):
            raise NotOfferedError.of(Holding)
        return self.stand

    def links_must_wait_for_proof(self) -> None:
        """`NotOfferedError` if they are proven when they are made."""
        _ = self.holding

    @property
    def passing(self) -> Passing:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Passing):
            raise NotOfferedError.of(Passing)
        return self.stand

    @property
    def expiring(self) -> Expiring:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Expiring):
            raise NotOfferedError.of(Expiring)
        return self.stand

    @property
    def telling(self) -> Telling:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Telling):
            raise NotOfferedError.of(Telling)
        return self.stand

    @property
    def rotating(self) -> Rotating:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Rotating):
            raise NotOfferedError.of(Rotating)
        return self.stand

    @property
    def proving(self) -> Proving:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Proving):
            raise NotOfferedError.of(Proving)
        return self.stand

    @property
    def credentialed(self) -> Credentialed:
        """The stand's means, or `NotOfferedError`."""
        if not isinstance(self.stand, Credentialed):
            raise NotOfferedError.of(Credentialed)
        return self.stand

    async def order(self, kind: LegKind | None = None, behaviour: Behaviour = Behaviour.SETTLES) -> Order:
        """A new order, or `NotOfferedError`."""
        order = await self.stand.order(kind, behaviour)
        if order is None:
            raise NotOfferedError(f"the peer has no account that {behaviour}")
        return order

    async def prepared(self, order: Order) -> tuple[str, Money]:
        """The order's handle, and the fee that it may cost."""
        return await self.rail.prepare(order), (await self.rail.quote(order)).highest_fee

    async def executed(self, order: Order) -> tuple[str, Outcome]:
        """The handle of an order that was prepared and executed, and what came of it.

        An order that waits for its payer is paid by them, once the rail has said what they have to open.
        """
        handle, cap = await self.prepared(order)
        outcome = await self.rail.execute(handle, key_of(order), cap)
        payer = self.stand
        if isinstance(payer, ByHand) and order.kind in payer.by_hand and isinstance(outcome, Pending):
            promised(outcome.asks is not None, "the payer was not told what to open")
            await payer.let_pay(outcome.asks or "")
            outcome = await self.rail.query(order.reference, handle)
        return handle, outcome

    async def moved(self, order: Order) -> Sequence[Money]:
        """What really moved for the order."""
        return tuple(await self.stand.moved(order.reference))

    async def moved_once(self, order: Order) -> None:
        """`BrokenPromiseError` unless exactly the order's amount moved."""
        moved = await self.moved(order)
        promised(moved == (order.amount,), f"{order.amount} was ordered, and {listed(moved)} moved")

    async def moved_nothing(self, order: Order) -> None:
        """`BrokenPromiseError` if anything moved for the order."""
        moved = await self.moved(order)
        promised(moved == NOTHING, f"{listed(moved)} moved, and nothing should have")

    @asynccontextmanager
    async def proxy(self, where: str) -> AsyncIterator[FaultProxy]:
        """A proxy before the peer that may break the requests that `where` finds."""
        async with FaultProxy(self.reached.address) as proxy:
            proxy.where = where
            yield proxy


def listed(moved: Sequence[Money]) -> str:
    """Amounts, for people."""
    return " and ".join(str(amount) for amount in moved) or "nothing"

"""What a rail's author gives to the kit: how to start the peer, and means to look behind it.

`Trial` and `Stand` are needed; each of the other protocols is offered by a stand that has its methods, and
makes more checks possible. A check whose means are not offered is left out, and shown as left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

import aiohttp

from paybridge.conformance.inbox import Inbox
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import Order, Rail


class Behaviour(StrEnum):
    """What the account of an order does."""

    SETTLES = "settles"
    REFUSES = "refuses"
    SETTLES_LATE = "settles late"
    MISREPORTS = "misreports"
    TELLS_OFTEN = "tells often"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a peer may live during one check: an empty folder, a session, and a place to send webhooks to."""

    folder: Path
    http: aiohttp.ClientSession
    inbox: Inbox


class Stand(Protocol):
    """A running peer with a rail to it, and what really happened at the peer."""

    def rail(self, address: str | None = None, *, patience: float = 30.0) -> Rail:
        """A new rail, as after a restart: straight to the peer, or to `address`, which passes requests on.

        It gives up on an answer after `patience` seconds.
        """

    async def order(
        self, kind: LegKind | None = None, behaviour: Behaviour = Behaviour.SETTLES
    ) -> Order | None:
        """A new order with a reference of its own, on an account that behaves so.

        Of `kind`, or of any kind that the rail takes. None if the peer has no such account.
        """

    async def moved(self, reference: str) -> Sequence[Money]:
        """Every amount that moved for an order by the peer's own books, less refunds and without fees."""


class Trial(Protocol):
    """Named by an entry point in the group `paybridge.trials`; made once, without arguments."""

    rail: str
    """The rail's name."""

    peer: str
    """What it is tried against, for people."""

    def stand(self, ground: Ground) -> AbstractAsyncContextManager[Stand]:
        """The peer, running for one check."""


@runtime_checkable
class Reached(Protocol):
    """The peer is reached by HTTP."""

    address: str
    """The root that a rail is told; the kit puts its fault proxy before it."""

    executes: str
    """A regular expression that finds `METHOD /path` of the request that moves money, and no other."""

    asks: str
    """The same for the requests by which the rail asks where an order stands."""

    prepares: str
    """The same for the request by which an order is prepared."""


@runtime_checkable
class Linking(Protocol):
    """Accounts are linked."""

    details: str
    """Names an account that can be linked."""

    bad_details: str
    """Names none."""


@runtime_checkable
class Holding(Protocol):
    """Accounts are linked by a proof of their holder's."""

    async def proof(self, token: str) -> str:
        """What the account's holder knows, and we do not."""


@runtime_checkable
class Naming(Protocol):
    """The peer knows whose an account is, and the rail can ask."""

    async def holder(self, token: str) -> str:
        """The name of the holder of a linked account."""


@runtime_checkable
class ByHand(Protocol):
    """Some orders wait for their payer, who pays by what `Pending` asks of them."""

    by_hand: frozenset[LegKind]
    """The kinds that do."""

    async def let_pay(self, asks: str) -> None:
        """The payer opens this and pays."""


@runtime_checkable
class Passing(Protocol):
    """Time passes at the peer when it is told to."""

    async def let_settle(self) -> None:
        """What settles late has settled now."""


@runtime_checkable
class Expiring(Protocol):
    """Orders that are not executed expire."""

    async def let_expire(self) -> None:
        """What was prepared and not executed is too old now."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A genuine webhook as it came, and when."""

    headers: Mapping[str, str]
    raw: bytes
    at: datetime


@runtime_checkable
class Telling(Protocol):
    """The peer sends signed webhooks."""

    webhook_age: timedelta
    """How old a webhook may be."""

    async def webhooks(self, order: Order, count: int = 1) -> Sequence[Delivery]:
        """The first `count` webhooks about this order, for which it may be executed."""


@runtime_checkable
class Rotating(Protocol):
    """The peer signs webhooks with keys that can be changed."""

    def rail_after_rotation(self) -> Rail:
        """A rail that knows the next key of the webhooks, while the peer signs with the old and the next."""

    def rail_with_another_key(self) -> Rail:
        """A rail that knows no key that the peer signs with."""


@runtime_checkable
class Proving(Protocol):
    """The peer says whether it is a sandbox."""

    about: str
    """A regular expression that finds `METHOD /path` of the request by which the rail asks."""

    def as_if_live(self, body: bytes) -> bytes:
        """The answer to it, turned into what a peer with real money would say."""


@runtime_checkable
class Credentialed(Protocol):
    """The rail's options hold credentials."""

    live_options: Sequence[Mapping[str, object]]
    """Options with credentials for real money, which must be refused before anything is sent."""

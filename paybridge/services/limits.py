"""What the region lets a person send: asked where money is to move, and counted where it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.own_cap import within
from paybridge.domain.region import Level, Spans, check_each, check_sums, left_of
from paybridge.domain.standing import Standing
from paybridge.domain.transfer import TransferKind
from paybridge.domain.windows import zone_named
from paybridge.services.ports import Book, Clock, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.money import Money
    from paybridge.domain.region import Caps, Spent
    from paybridge.services.settings import Settings


class RequestsOffError(UserError):
    """The region's rules let nobody ask for money."""

    key = "error.requests_off"


@dataclass(frozen=True, slots=True)
class Usage:
    """What one may send in one currency, what was sent, and when it frees up."""

    currency: str
    caps: Caps
    spent: Spent
    spans: Spans

    @property
    def left_today(self) -> Money | None:
        """None where there is no cap; so too below."""
        return left_of(self.caps.day, self.spent.day) if self.caps.day else None

    @property
    def left_this_month(self) -> Money | None:
        return left_of(self.caps.month, self.spent.month) if self.caps.month else None

    @property
    def left_tonight(self) -> Money | None:
        return left_of(self.caps.night, self.spent.night) if self.caps.night else None

    @property
    def left_count(self) -> int | None:
        """How many payments the day may still have."""
        return None if self.caps.count is None else max(self.caps.count - self.spent.count, 0)


@dataclass(frozen=True, slots=True)
class Told:
    """What holds for one person now: how well they are known, their zone's name, and each currency's usage.

    Without usages, nothing is limited.
    """

    level: Level
    zone: str
    usages: tuple[Usage, ...]


class Limits:
    """The region's rules, with what the book knows of whoever sends."""

    def __init__(self, book: Book, clock: Clock, settings: Settings) -> None:
        self._book = book
        self._clock = clock
        self._region = settings.region

    async def standing(self, person: str) -> Standing:
        """The person's standing; of somebody whom nobody has counted yet, the one to begin with."""
        return await self._book.standing(person) or Standing(person)

    def zone(self, standing: Standing, at: datetime) -> str:
        """The name of the zone in which the person's days begin at this time."""
        return standing.zone_at(at) or self._region.zone

    async def check(self, kind: TransferKind, person: str, amounts: Sequence[Money]) -> None:
        """Raise a `CapError` or `CurrencyNotSentError` unless the person could send `amounts` now.

        They are those of one card: one or more, in one currency.
        """
        await self._checked(kind, person, amounts)

    async def count(self, kind: TransferKind, person: str, amounts: Sequence[Money]) -> Step:
        """What the approval of `amounts` changes, in the step that approves; raises as `check` does.

        Where what was sent before counts, the step is stale if another was approved since that was looked up.
        """
        standing = await self._checked(kind, person, amounts)
        return Step() if standing is None else Step(records=(standing.having_approved(),))

    async def told(self, kind: TransferKind, person: str) -> Told:
        """What holds now for transfers of this kind, in each currency that the person may send."""
        standing = await self.standing(person)
        limits = self._region.limits if kind in self._region.covers else None
        caps_of = {} if limits is None else limits[standing.level]
        spans = self._spans(standing)
        usages = [
            Usage(
                currency,
                await self._own(person, currency, caps),
                await self._spent(person, currency, spans),
                spans,
            )
            for currency, caps in caps_of.items()
        ]
        return Told(standing.level, self.zone(standing, self._clock.now()), tuple(usages))

    def check_requests(self) -> None:
        """Raise `RequestsOffError` if nobody may ask for money here."""
        if not self._region.requests:
            raise RequestsOffError

    async def _checked(self, kind: TransferKind, person: str, amounts: Sequence[Money]) -> Standing | None:
        """The standing on which it was decided; None if what was sent before does not matter."""
        if self._region.limits is None or kind not in self._region.covers:
            return None
        standing = await self.standing(person)
        currency = amounts[0].currency
        caps = await self._own(person, currency, self._region.caps(kind, standing.level, currency))
        check_each(amounts, caps)
        if not caps.sum_up:
            return None
        spans = self._spans(standing)
        check_sums(amounts, caps, await self._spent(person, currency, spans), spans)
        return standing

    async def _own(self, person: str, currency: str, caps: Caps) -> Caps:
        return within(caps, await self._book.admin.own_cap(person, currency))

    async def day_cap(self, person: str, currency: str) -> Money | None:
        """What the person may send in a day now, None if that is not limited."""
        level = (await self.standing(person)).level
        return (await self._own(person, currency, self._region.caps(TransferKind.PAY, level, currency))).day

    async def _spent(self, person: str, currency: str, spans: Spans) -> Spent:
        return await self._book.spent(person, currency, self._region.covers, spans)

    def _spans(self, standing: Standing) -> Spans:
        now = self._clock.now()
        return Spans.of(now, zone_named(self.zone(standing, now)), self._region.night)

"""Shops: a merchant says who they are on an invoice; one shop for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.opening import ShopClosedNowError, read_hours
from paybridge.domain.shop import Details, Shop, ShopState, checked, details_from_json
from paybridge.domain.shop_session import closed
from paybridge.domain.windows import zone_named
from paybridge.services.ports import Step

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.domain.opening import Hours
    from paybridge.domain.people import Person
    from paybridge.services.people import Known
    from paybridge.services.ports import Book, Chance, Clock, Vault


class ShopOpenAlreadyError(UserError):
    """The person has a shop."""

    key = "error.shop_open_already"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def lines(self) -> tuple[str, ...]:
        return ("!shop",)


class NoShopError(UserError):
    """The person has no shop."""

    key = "error.no_shop"

    def lines(self) -> tuple[str, ...]:
        return ('!shop open "Corner Café"',)


class Shops:
    """The use cases of a merchant about their shop itself."""

    def __init__(self, book: Book, vault: Vault, clock: Clock, chance: Chance) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance

    async def open(self, owner: Known, details: Details) -> Step:
        """A shop of these details; raises ShopOpenAlreadyError and ShopWordsError."""
        there = await self._book.shop_of(owner.person.id)
        if there is not None:
            raise ShopOpenAlreadyError(name=self.details(there, owner.person).name)
        shop = Shop(
            id=self._chance.token(),
            state=ShopState.OPEN,
            owner=owner.person.id,
            owner_mxid=owner.mxid,
            details=self._sealed(owner.person, checked(details)),
            created=self._clock.now(),
        )
        return owner.introduction + Step(records=(shop,))

    async def of(self, owner: Known) -> Shop:
        """The person's shop, or NoShopError."""
        found = await self._book.shop_of(owner.person.id)
        if found is None:
            raise NoShopError
        return found

    async def change(self, owner: Known, **parts: str) -> tuple[Details, Step]:
        """Other details from now on; what was issued keeps those that it has."""
        shop = await self.of(owner)
        details = checked(replace(self.details(shop, owner.person), **parts))
        return details, Step(records=(replace(shop, details=self._sealed(owner.person, details)),))

    async def open_at(self, owner: Known, hours: Hours | None) -> Step:
        """Take orders in these hours alone, or always."""
        shop = await self.of(owner)
        return Step(records=(replace(shop, hours=None if hours is None else str(hours)),))

    def check_open(self, shop: Shop, owner: Person, zone: str) -> None:
        """Raise ShopClosedNowError if it is none of the shop's hours, by the clocks of the `zone`."""
        opens = opens_next(shop, self._clock.now(), zone)
        if opens is not None:
            raise ShopClosedNowError(shop=self.details(shop, owner).name, opens=opens)

    async def close(self, owner: Known) -> Step:
        """No invoice is issued any more; those that are open stay so."""
        shop = await self.of(owner)
        return Step(records=(replace(shop, state=ShopState.CLOSED),))

    async def end_visits(self, owner: Known) -> Step:
        """Every session with the shop's pages is over; raises NoShopError."""
        await self.of(owner)
        sessions = await self._book.shop_sessions(owner.person.id)
        return Step(records=tuple(closed(session) for session in sessions))

    def details(self, shop: Shop, owner: Person) -> Details:
        """What the shop says of itself."""
        return details_from_json(self._vault.open(owner.key, _context(owner), shop.details).decode())

    def _sealed(self, owner: Person, details: Details) -> bytes:
        return self._vault.seal(owner.key, _context(owner), details.to_json().encode())


def _context(owner: Person) -> str:
    return f"shop|{owner.id}|details"


def opens_next(shop: Shop, at: datetime, zone: str) -> datetime | None:
    """When the shop opens again, by the clocks of the `zone`; None while it is open."""
    if shop.hours is None:
        return None
    hours, there = read_hours(shop.hours), zone_named(zone)
    return None if hours.is_open(at, there) else hours.opens_next(at, there)

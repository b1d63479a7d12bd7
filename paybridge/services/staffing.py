"""Who acts for a shop besides its owner: rights are given and taken, checked, and what they do is logged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.permissions import NotAllowedError, Role
from paybridge.domain.shop import ShopState
from paybridge.domain.shop_staff import (
    MOST_STAFF,
    ActOfShop,
    Right,
    RightMissingError,
    ShopAct,
    Staff,
    TooManyStaffError,
)
from paybridge.services.people import Known
from paybridge.services.ports import Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.facts import Facts
    from paybridge.domain.shop import Shop
    from paybridge.services.ports import Book, Chance, Clock
    from paybridge.services.settings import Settings
    from paybridge.services.shops import Shops

LOGGED: Final = 20
"""How much of the log is told at once."""


class OwnShopError(UserError):
    """The owner of a shop has every right in it already."""

    key = "error.own_shop"


class NotStaffError(UserError):
    """The person does not act for the shop."""

    key = "error.not_staff"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)


class WhichCounterError(UserError):
    """The person acts for several shops, and it is not said for which."""

    key = "error.which_counter"

    def __init__(self, *, shops: Sequence[str]) -> None:
        super().__init__(shops=", ".join(shops))


@dataclass(frozen=True, slots=True)
class Done:
    """One line of a shop's log, with the Matrix ids of whoever did it and of whom it is about.

    It is about a payment or a person. None stands for somebody who had themselves erased.
    """

    act: ShopAct
    actor: str | None
    about: str | None


class Staffing:
    """The use cases of a shop's staff."""

    def __init__(self, book: Book, clock: Clock, chance: Chance, settings: Settings, shops: Shops) -> None:
        self._book = book
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._shops = shops

    # ------------------------------------------------------------ rights

    async def shops_of(self, person: str) -> Sequence[Shop]:
        """The open shops that the person acts for: their own first."""
        own = await self._book.shop_of(person)
        others = [await self._book.shop(staff.shop) for staff in await self._book.acts_for(person)]
        there = [shop for shop in others if shop is not None and shop.state is ShopState.OPEN]
        return there if own is None else [own, *there]

    async def seller(self, person: Known, members: Sequence[str]) -> Known:
        """In whose name the person issues an invoice here: their own, or that of a shop whose staff they are.

        Of several shops, that one whose owner is among the `members`. Raises NotAllowedError for whoever is
        no merchant and acts for none, RightMissingError and WhichCounterError.
        """
        is_merchant = self._settings.permissions.role_of(person.mxid) >= Role.MERCHANT
        shops = await self.shops_of(person.person.id)
        if is_merchant and (not shops or shops[0].owner == person.person.id):
            return person
        if len(shops) > 1:
            shops = [shop for shop in shops if shop.owner_mxid in members] or shops
        if not shops:
            raise NotAllowedError
        if len(shops) > 1:
            raise WhichCounterError(shops=[shop.owner_mxid for shop in shops])
        (shop,) = shops
        await check_right(self._book, shop, person.person.id, Right.INVOICE)
        if self._settings.permissions.role_of(shop.owner_mxid) < Role.MERCHANT:
            raise NotAllowedError
        owner = await self._book.person(shop.owner)
        assert owner is not None  # introduced with the shop
        return Known(owner, shop.owner_mxid, Step())

    async def hire(self, owner: Known, other: Known, rights: frozenset[Right]) -> tuple[Step, Say]:
        """Give somebody these rights, and no others, in the owner's shop; they are told.

        Raises OwnShopError and TooManyStaffError.
        """
        shop = await self._shops.of(owner)
        if other.person.id == owner.person.id:
            raise OwnShopError
        now = self._clock.now()
        name = f"{shop.id}/{other.person.id}"
        before = await self._book.staff(name)
        active = [one for one in await self._book.staff_of(shop.id) if one.rights and one.id != name]
        if len(active) >= MOST_STAFF:
            raise TooManyStaffError(most=MOST_STAFF)
        staff = replace(before or Staff(name, shop.id, other.person.id, rights, now), rights=rights)
        step = other.introduction + Step(records=(staff,))
        told = self._told(owner, shop, other, "shop.hired", rights)
        return step + self._noted(shop, owner, ActOfShop.STAFF, other.person.id), told

    async def dismiss(self, owner: Known, other: Known) -> tuple[Step, Say]:
        """Take all rights from somebody, who is told; raises NotStaffError."""
        shop = await self._shops.of(owner)
        staff = await self._book.staff(f"{shop.id}/{other.person.id}")
        if staff is None or not staff.rights:
            raise NotStaffError(who=other.mxid)
        told = self._told(owner, shop, other, "shop.dismissed", frozenset())
        step = Step(records=(replace(staff, rights=frozenset()),))
        return step + self._noted(shop, owner, ActOfShop.STAFF_GONE, other.person.id), told

    def _told(self, owner: Known, shop: Shop, other: Known, key: str, rights: frozenset[Right]) -> Say:
        name = self._shops.details(shop, owner.person).name
        return Say(
            id=f"{self._chance.token()}/staff",
            key=key,
            language=other.person.language or self._settings.language,
            person=other.mxid,
            facts={"shop": name, "owner": owner.mxid, **rights_facts(rights)},
        )

    # ------------------------------------------------------------ telling

    async def staff_of(self, shop: Shop) -> Sequence[tuple[str, frozenset[Right]]]:
        """Whoever acts for the shop, by Matrix id."""
        found = [(await self._mxid(one.person), one.rights) for one in await self._book.staff_of(shop.id)]
        return [(mxid, rights) for mxid, rights in found if mxid is not None and rights]

    async def log(self, owner: Known) -> Sequence[Done]:
        """The newest of what was done in the name of the owner's shop; raises NoShopError."""
        shop = await self._shops.of(owner)
        people = {ActOfShop.STAFF, ActOfShop.STAFF_GONE}
        return [
            Done(
                act,
                await self._mxid(act.actor),
                await self._mxid(act.subject) if act.what in people else act.subject,
            )
            for act in await self._book.acts_of(shop.id, LOGGED)
        ]

    async def _mxid(self, person: str) -> str | None:
        return next(iter(await self._book.mxids_of(person)), None)

    async def changed(self, owner: Known) -> Step:
        """The line of the log that says that the owner changed what the shop says of itself."""
        return self._noted(await self._shops.of(owner), owner, ActOfShop.SETTINGS, "")

    def _noted(self, shop: Shop, actor: Known, what: ActOfShop, subject: str) -> Step:
        act = ShopAct(self._chance.token(), shop.id, self._clock.now(), actor.person.id, what, subject)
        return Step(records=(act,))


async def rights_in(book: Book, shop: Shop, person: str) -> frozenset[Right]:
    """What the person may do in the name of the shop; its owner everything."""
    if shop.owner == person:
        return frozenset(Right)
    staff = await book.staff(f"{shop.id}/{person}")
    return frozenset() if staff is None else staff.rights


async def check_right(book: Book, shop: Shop, person: str, right: Right) -> None:
    """Raise RightMissingError unless the person may do this in the name of the shop."""
    if right not in await rights_in(book, shop, person):
        raise RightMissingError(right=right)


def rights_facts(rights: frozenset[Right]) -> Facts:
    """Rights as facts, each by its name."""
    return {right.value: ({},) if right in rights else () for right in Right}

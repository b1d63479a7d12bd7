"""The catalogue of a shop and what people order of it: a basket, and a card."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.invoice import Bill, Line, Paper, TooManyLinesError
from paybridge.domain.sale import (
    MOST_ITEMS,
    Item,
    ItemState,
    NoSuchItemError,
    Sale,
    SaleState,
    Taking,
    as_named,
    check_left,
    is_called,
)
from paybridge.services.payments import Wish
from paybridge.services.people import Known
from paybridge.services.ports import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.facts import Facts
    from paybridge.domain.money import Money
    from paybridge.domain.people import Person
    from paybridge.domain.sale import Wanted
    from paybridge.domain.shop import Shop
    from paybridge.services.payments import Drafted, Payments
    from paybridge.services.ports import Book, Chance, Clock, RoomFacts
    from paybridge.services.shops import Shops
    from paybridge.services.stock import Stock


class NoShopHereError(UserError):
    """Nobody in the room has an open shop."""

    key = "error.no_shop_here"


class WhichShopError(UserError):
    """Several people in the room have shops."""

    key = "error.which_shop"

    def __init__(self, *, owners: Sequence[str]) -> None:
        super().__init__(owners=", ".join(owners))
        self._owners = tuple(owners)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!menu {owner}" for owner in self._owners[:3])


class ItemThereError(UserError):
    """The shop sells something of that name already."""

    key = "error.item_there"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop that people stand before: who owns it, its name, and what it sells, by its name."""

    shop: Shop
    owner: Person
    name: str
    items: tuple[tuple[str, Item], ...]

    def find(self, typed: str) -> tuple[str, Item]:
        """The item that is called so, or NoSuchItemError."""
        for name, item in self.items:
            if is_called(name, as_named(typed)):
                return name, item
        raise NoSuchItemError(typed=typed[:40])


def menu_row(name: str, item: Item) -> Facts:
    """An item as facts: its name, its price, and how many are left, if that is counted."""
    return {
        "name": name,
        "price": item.price,
        "left": ({"left": item.stock},) if item.stock else (),
        "out": ({},) if item.stock == 0 else (),
    }


class Orders:
    """The use cases of catalogues and orders."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        chance: Chance,
        shops: Shops,
        payments: Payments,
        stock: Stock,
    ) -> None:
        self._book = book
        self._clock = clock
        self._chance = chance
        self._shops = shops
        self._payments = payments
        self._stock = stock

    # ------------------------------------------------------------ the catalogue

    async def own(self, owner: Known) -> Counter:
        """The person's shop with what it sells, or NoShopError."""
        return await self._counter(await self._shops.of(owner), owner.person)

    async def here(self, room: RoomFacts, owner: str | None) -> Counter:
        """The shop in the room, that of `owner` (Matrix id) if named; NoShopHereError or WhichShopError."""
        shops = [
            shop
            for shop in await self._book.open_shops()
            if shop.owner_mxid in room.members and owner in {None, shop.owner_mxid}
        ]
        if not shops:
            raise NoShopHereError
        if len(shops) > 1:
            raise WhichShopError(owners=[shop.owner_mxid for shop in shops])
        person = await self._book.person(shops[0].owner)
        assert person is not None  # introduced with the shop
        return await self._counter(shops[0], person)

    async def _counter(self, shop: Shop, owner: Person) -> Counter:
        items = await self._book.items(shop.id)
        named = tuple((self._stock.name(item, owner), item) for item in items)
        return Counter(shop, owner, self._shops.details(shop, owner).name, named)

    async def add(self, counter: Counter, line: Line, stock: int | None) -> tuple[Item, Step]:
        """One more item: the line's name, price and tax. Raises ItemThereError and TooManyLinesError."""
        if len(counter.items) >= MOST_ITEMS:
            raise TooManyLinesError(most=MOST_ITEMS)
        if any(is_called(name, as_named(line.words)) for name, _ in counter.items):
            raise ItemThereError(name=line.words)
        item = Item(
            id=self._chance.token(),
            shop=counter.shop.id,
            state=ItemState.OFFERED,
            name=self._stock.sealed_name(line.words, counter.owner),
            price=line.each,
            rate=line.rate,
            stock=stock,
            created=self._clock.now(),
        )
        return item, Step(records=(item,))

    def restock(self, item: Item, stock: int | None) -> tuple[Item, Step]:
        """So many are there now, whatever was before."""
        changed = replace(item, stock=stock)
        return changed, Step(records=(changed,))

    def reprice(self, item: Item, price: Money) -> tuple[Item, Step]:
        """Another price; cards that are open with the old one cannot be approved any more."""
        if price.currency != item.price.currency:
            raise NoSuchItemError(typed=price.currency)
        changed = replace(item, price=price)
        return changed, Step(records=(changed,))

    def remove(self, item: Item) -> Step:
        """It is sold no more."""
        return Step(records=(replace(item, state=ItemState.GONE),))

    # ------------------------------------------------------------ orders

    async def order(
        self,
        buyer: Known,
        counter: Counter,
        wanted: Sequence[Wanted],
        room: RoomFacts,
        *,
        anywhere: bool = False,
    ) -> tuple[Drafted, Paper]:
        """A card for paying what is wanted of it; the pieces leave the stock when it is approved.

        From `anywhere`: whoever comes by an item's page needs not share a room with the shop.

        Raises what a payment does, NoSuchItemError, SoldOutError and ShopClosedNowError.
        """
        self._shops.check_open(counter.shop, counter.owner, await self._stock.zone(counter.owner.id))
        found = [(one.pieces, *counter.find(one.name)) for one in wanted]
        for pieces, name, item in found:
            check_left(item, name, pieces)
        bill = Bill(tuple(Line(name, pieces, item.price, item.rate) for pieces, name, item in found))
        said = ", ".join(f"{pieces} {name}" for pieces, name, _ in found)
        payee = Known(counter.owner, counter.shop.owner_mxid, Step())
        wish = Wish(payee, bill.total, f"{counter.name}: {said}", anywhere=anywhere)
        drafted = await self._payments.draft(buyer, wish, room)
        payment, now = drafted.transfer.id, self._clock.now()
        details = self._shops.details(counter.shop, counter.owner)
        paper = Paper(details, payment, now, bill)
        sale = Sale(
            id=payment,
            shop=counter.shop.id,
            buyer=buyer.person.id,
            state=SaleState.PENDING,
            paper=self._stock.sealed_paper(paper, counter.owner),
            created=now,
        )
        takings = tuple(
            Taking(f"{payment}/{item.id}", payment, item.id, pieces, item.price.minor)
            for pieces, _, item in found
        )
        return replace(drafted, step=drafted.step + Step(records=(sale, *takings))), paper

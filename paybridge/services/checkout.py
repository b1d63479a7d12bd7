"""The public pages of invoices and items: what anybody who has the address may see, and how it is paid."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.invoice import Bill, Line
from paybridge.domain.request import RequestState
from paybridge.domain.sale import Item, ItemState, NoSuchItemError
from paybridge.domain.shop import ShopState
from paybridge.services.checkout_addresses import invoice_url, item_url, page_seal
from paybridge.services.orders import Counter

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.domain.facts import Facts
    from paybridge.domain.money import Money
    from paybridge.domain.request import Request
    from paybridge.services.invoices import Invoices
    from paybridge.services.ports import Book, Clock, Vault
    from paybridge.services.settings import Settings
    from paybridge.services.shops import Shops
    from paybridge.services.stock import Stock

_INVOICE: Final = re.compile(r"(PB-[0-9A-Z]{1,12})\.([0-9a-f]{32})")
_ITEM: Final = re.compile(r"[0-9a-f]{32}")


class NoSuchPageError(LookupError):
    """Nothing stands at this address; whether something ever did is not said."""


class PageState(StrEnum):
    """Where the invoice or the item stands, as its page says it."""

    OPEN = "open"
    PART = "part"
    PAYING = "paying"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    OFFERED = "offered"
    SOLD_OUT = "sold_out"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: no person stands on it, but the shop that asks. `url` is its own address.

    `number` is that of an invoice, `payment` its id; `left` is what is still to be paid (for an item, its
    price), `until` when an invoice ends. `typed` is the line that pays it in the chat, None if nothing does
    now. `mark` changes whenever the page does.
    """

    url: str
    shop: str
    bill: Bill
    left: Money
    state: PageState
    mark: str
    typed: str | None
    number: str | None = None
    payment: str | None = None
    until: datetime | None = None


class Checkout:
    """What stands on the pages. Without `public_url` there are none."""

    def __init__(
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        settings: Settings,
        shops: Shops,
        invoices: Invoices,
        stock: Stock,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._shops = shops
        self._invoices = invoices
        self._stock = stock

    def item_rows(self, item: Item) -> tuple[Facts, ...]:
        """The address of the item's page as facts, if it has one."""
        url = item_url(self._settings, item)
        return () if url is None else ({"checkout": url},)

    # ------------------------------------------------------------ pages

    async def invoice(self, name: str) -> Shown:
        """The page of the invoice with this address, or NoSuchPageError."""
        request = await self._request(name)
        issued = await self._invoices.of(request)
        if issued is None:
            raise NoSuchPageError
        state = self._state(request)
        payable = state in {PageState.OPEN, PageState.PART}
        return Shown(
            url=invoice_url(self._vault, self._settings, request.id) or "",
            shop=issued.paper.seller.name,
            bill=issued.paper.bill,
            left=request.left,
            state=state,
            mark=self._invoice_mark(request),
            typed=f"!accept {request.id}" if payable else None,
            number=issued.paper.number,
            payment=request.id,
            until=request.expires,
        )

    async def item(self, name: str) -> Shown:
        """The page of the item with this address, or NoSuchPageError."""
        found = await self._item(name)
        counter = await self._counter(found)
        state = await self._offered(found)
        line = Line(counter.items[0][0], 1, found.price, found.rate)
        return Shown(
            url=item_url(self._settings, found) or "",
            shop=counter.name,
            bill=Bill((line,)),
            left=found.price,
            state=state,
            mark=await self._item_mark(found),
            typed=f"!buy {found.id}" if state is PageState.OFFERED else None,
        )

    async def invoice_mark(self, name: str) -> str:
        """The `mark` of an invoice's page as it is now, or NoSuchPageError: asked often, it costs little."""
        return self._invoice_mark(await self._request(name))

    async def item_mark(self, name: str) -> str:
        """The same of an item's page."""
        return await self._item_mark(await self._item(name))

    async def counter(self, name: str) -> Counter:
        """The shop that sells the item with this id, with that item alone; or NoSuchItemError."""
        try:
            found = await self._item(name)
            counter = await self._counter(found)
        except NoSuchPageError:
            raise NoSuchItemError(typed=name[:40]) from None
        if await self._offered(found) is PageState.CLOSED:
            raise NoSuchItemError(typed=counter.items[0][0])
        return counter

    # ------------------------------------------------------------ inside

    async def _request(self, name: str) -> Request:
        read = _INVOICE.fullmatch(name)
        if read is None or not hmac.compare_digest(read[2], page_seal(self._vault, read[1])):
            raise NoSuchPageError
        found = await self._book.request(read[1])
        if found is None:
            raise NoSuchPageError
        return found

    async def _item(self, name: str) -> Item:
        found = await self._book.item(name) if _ITEM.fullmatch(name) else None
        if found is None:
            raise NoSuchPageError
        return found

    async def _counter(self, item: Item) -> Counter:
        shop = await self._book.shop(item.shop)
        owner = None if shop is None else await self._book.person(shop.owner)
        if shop is None or owner is None or owner.is_erased:
            raise NoSuchPageError
        name = self._stock.name(item, owner)
        return Counter(shop, owner, self._shops.details(shop, owner).name, ((name, item),))

    async def _offered(self, item: Item) -> PageState:
        shop = await self._book.shop(item.shop)
        if shop is None or shop.state is not ShopState.OPEN or item.state is not ItemState.OFFERED:
            return PageState.CLOSED
        return PageState.SOLD_OUT if item.stock == 0 else PageState.OFFERED

    def _state(self, request: Request) -> PageState:
        match request.state:
            case RequestState.OPEN if request.expires <= self._clock.now():
                return PageState.EXPIRED
            case RequestState.OPEN:
                return PageState.PART if request.paid_in_part else PageState.OPEN
            case RequestState.ACCEPTED:
                return PageState.PAYING
            case _:
                return PageState(request.state.value)

    def _invoice_mark(self, request: Request) -> str:
        return f"{self._state(request)}.{request.paid}"

    async def _item_mark(self, item: Item) -> str:
        return f"{await self._offered(item)}.{item.price.minor}"

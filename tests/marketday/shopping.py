"""What customers do: everybody orders at once, everybody pays at once, and some of it is given back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.chaos.facts import FINAL, FROM_BALANCE, About, Typed
from tests.flows.dinner import payment_of
from tests.marketday.square import GIG, PATIENCE_SECONDS, Shop, Square

if TYPE_CHECKING:
    from tests.chaos.talker import Talker
    from tests.marketday.square import Goods

TWICE: Final = 0.15
MOST_PIECES: Final = 3
OPEN: Final = "awaiting_approval"
ONCE: Final = "is confirmed already"


@dataclass
class Basket:
    """One order as its customer knows it. `payment` is empty while nothing came but a refusal."""

    customer: Talker
    shop: Shop
    goods: Goods
    pieces: int
    typed: Typed
    payment: str = ""
    refused: str = ""
    given_back: int = 0

    @property
    def is_ticket(self) -> bool:
        return self.goods is GIG

    @property
    def cents(self) -> int:
        return self.goods.cents * self.pieces

    @property
    def told(self) -> About:
        return self.customer.heard.last(self.payment)

    @property
    def is_from_balance(self) -> bool:
        """Whether its card said so, rather than a bank account."""
        told = self.customer.heard.payments[self.payment]
        return any(FROM_BALANCE in said.body for said in told if said.about and said.about.state == OPEN)

    @property
    def is_paid(self) -> bool:
        return bool(self.payment) and self.told.state == "settled"


@dataclass
class Shopping:
    """All orders of the day."""

    square: Square
    baskets: list[Basket] = field(default_factory=list)
    confirms: list[Typed] = field(default_factory=list)
    _typed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def everybody_orders(self, orders: int) -> None:
        """Type all orders at once, and wait until there is a card for each, or a refusal."""
        customers = self.square.customers
        each = [orders // len(customers) + (n < orders % len(customers)) for n in range(len(customers))]
        await asyncio.gather(
            *(self._orders(customer, many) for customer, many in zip(customers, each, strict=True))
        )

    async def everybody_pays(self) -> None:
        """Confirm every card at once; an impatient thumb does it twice."""
        await asyncio.gather(*(self._pays(customer) for customer in self.square.customers))

    async def half_is_confirmed(self) -> None:
        """Wait until half of the cards have been confirmed, whatever came of it so far."""
        cards = sum(bool(basket.payment) for basket in self.baskets)
        async with self._typed:
            await self._typed.wait_for(lambda: len(self.confirms) * 2 >= cards)

    async def until_over(self) -> None:
        """Wait until every order is paid, refused or sold out."""
        for customer in self.square.customers:
            mine = [basket for basket in self.baskets if basket.customer is customer and basket.payment]
            await customer.person.wait_until(partial(self._are_over, mine), PATIENCE_SECONDS)

    async def shops_give_back(self, one_in: int) -> None:
        """Every so many paid orders are refunded by their shop."""
        paid = [basket for basket in self.baskets if basket.is_paid and not basket.is_ticket]
        wrong = [[one for one in paid if one.shop is shop][::one_in] for shop in self.square.shops]
        await asyncio.gather(*map(self._give_back, wrong))

    async def _orders(self, customer: Talker, many: int) -> None:
        wanted = []
        for _ in range(many):
            shop = customer.chance.choice(self.square.shops)
            goods = customer.chance.choice(shop.stall.goods)
            wanted.append((shop, goods, customer.chance.randint(1, MOST_PIECES)))
        await self._wants(customer, [(*one, f"!order {one[2]} {one[1].name}") for one in wanted])

    async def everybody_wants_tickets(self, shop: Shop, tickets: int) -> None:
        """All of them at once, one each in turn."""
        customers, one = self.square.customers, (shop, GIG, 1, f"!ticket {GIG.name}")
        each = [[one] * len(range(at, tickets, len(customers))) for at in range(len(customers))]
        await asyncio.gather(
            *(self._wants(customer, mine) for customer, mine in zip(customers, each, strict=True))
        )

    async def _wants(self, customer: Talker, wanted: Sequence[tuple[Shop, Goods, int, str]]) -> None:
        """Type each line at once, and wait until there is a card for it, or a refusal."""
        typed = [
            Basket(customer, shop, goods, pieces, await customer.types("order", line, shop.room))
            for shop, goods, pieces, line in wanted
        ]
        self.baskets += typed
        await customer.person.wait_until(lambda: self._have_answers(customer, typed), PATIENCE_SECONDS)

    def _have_answers(self, customer: Talker, baskets: Sequence[Basket]) -> bool:
        """Match cards with orders: a card names no message, but its shop, its sum and who is to pay it."""
        heard = customer.listen()
        known = {basket.payment for basket in baskets}
        fresh = {
            payment: heard.last(payment)
            for payment in heard.payments
            if payment not in known and heard.last(payment).payer == customer.id
        }
        for basket in baskets:
            if basket.payment or basket.refused:
                continue
            if replies := heard.replies.get(basket.typed.event):
                basket.refused = replies[0].body
                continue
            fits = (
                p for p, told in fresh.items() if (told.payee, told.minor) == (basket.shop.id, basket.cents)
            )
            basket.payment = next(fits, "")
            fresh.pop(basket.payment, None)
        return all(basket.payment or basket.refused for basket in baskets)

    async def _pays(self, customer: Talker) -> None:
        confirmed = {typed.subject for typed in self.confirms}
        for basket in self.baskets:
            if basket.customer is not customer or not basket.payment or basket.payment in confirmed:
                continue
            for _ in range(2 if customer.chance.random() < TWICE else 1):
                line, room = f"!confirm {basket.told.code}", basket.shop.room
                typed = await customer.types("confirm", line, room, basket.payment)
                async with self._typed:
                    self.confirms.append(typed)
                    self._typed.notify_all()

    def _are_over(self, baskets: Sequence[Basket]) -> bool:
        return all(map(self._is_over, baskets))

    def _is_over(self, basket: Basket) -> bool:
        """Paid or refused by its card; or, not approved at all, by an answer to its `!confirm`."""
        heard = basket.customer.listen()
        if basket.told.state != OPEN:
            return basket.told.state in FINAL
        mine = [typed for typed in self.confirms if typed.subject == basket.payment]
        replies = [said.body for typed in mine for said in heard.replies.get(typed.event, [])]
        if len(mine) > 1:  # the second was answered before the card itself said that it is approved
            replies = [body for body in replies if ONCE not in body]
        basket.refused = replies[0] if replies else ""
        return bool(replies)

    async def _give_back(self, baskets: Sequence[Basket]) -> None:
        for basket in baskets:
            guest = basket.shop.talker.guest
            card = await guest.drafts(f"!refund {basket.payment}")
            await guest.confirms(card)
            await guest.sees(payment_of(card), "settled")
            basket.given_back = basket.cents

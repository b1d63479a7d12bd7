"""What a shop does about its orders: it says how far they are, calls them off, and gives back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.ids import looks_like_payment_id, read_payment_id
from paybridge.domain.money import Money
from paybridge.domain.order_refund import MoreThanOrderedError, NotInOrderError, RefundLine, SaleRefund
from paybridge.domain.sale import OrderNotPossibleNowError, SaleState, Taking, is_called, moved
from paybridge.domain.shop_staff import ActOfShop, Right, RightMissingError, ShopAct, done
from paybridge.domain.transfer import TransferState
from paybridge.services.people import Known
from paybridge.services.ports import Step
from paybridge.services.refunds import RefundedAlreadyError, RefundNeedsBalanceError, left_of
from paybridge.services.request_errors import NoSuchPaymentError
from paybridge.services.staffing import rights_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.invoice import Paper
    from paybridge.domain.people import Person
    from paybridge.domain.sale import Sale, Wanted
    from paybridge.domain.shop import Shop
    from paybridge.domain.transfer import Transfer
    from paybridge.services.cancellations import Cancellations
    from paybridge.services.payments import Drafted
    from paybridge.services.ports import Book, Clock, RoomFacts
    from paybridge.services.refunds import Refunds
    from paybridge.services.says import Say
    from paybridge.services.staffing import Staffing
    from paybridge.services.stock import Stock


class NoSuchOrderError(UserError):
    """No order of the person's, or of a shop of theirs, has this number."""

    key = "error.no_such_order"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!orders",)


class WhichOrderError(UserError):
    """Several shops that the person acts for have an order with this number."""

    key = "error.which_order"

    def __init__(self, *, payments: Sequence[str]) -> None:
        super().__init__(payments=", ".join(payments))
        self._payments = tuple(payments)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!order {payment}" for payment in self._payments[:3])


class ShopCannotRefundError(UserError):
    """The balance of the shop's owner, which staff must not be told, does not cover the refund."""

    key = "error.shop_cannot_refund"


@dataclass(frozen=True, slots=True)
class Placed:
    """An order as its shop or its buyer sees it: with its payment, its lines, and what was given back."""

    sale: Sale
    transfer: Transfer
    shop: Shop
    owner: Person
    paper: Paper | None
    """None once the owner of the shop had themselves erased."""
    takings: tuple[tuple[str, Taking], ...]
    """By the names of their items."""


@dataclass(frozen=True, slots=True)
class Back:
    """A refund to confirm: its card, and so many pieces of each line (by name) that it gives back."""

    drafted: Drafted
    lines: tuple[tuple[str, int], ...]


class Serving:
    """The use cases of a shop's owner and staff about the orders of its customers."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        stock: Stock,
        refunds: Refunds,
        cancellations: Cancellations,
        staffing: Staffing,
    ) -> None:
        self._book = book
        self._clock = clock
        self._staffing = staffing
        self._stock = stock
        self._refunds = refunds
        self._cancellations = cancellations

    # ------------------------------------------------------------ looking

    async def look(self, person: Known, named: str) -> Placed:
        """The order of this name (payment id, or number), as its buyer or its shop may see it.

        Raises NoSuchPaymentError and NoSuchOrderError, also where it is somebody else's.
        """
        sale = await self._named(person, named)
        if sale is not None and sale.buyer == person.person.id:
            return await self._placed(sale)
        return await self._theirs(person, sale, named, None)

    async def find(self, person: Known, named: str, right: Right) -> Placed:
        """The order of this name about which the person may do this; raises as `look` does.

        RightMissingError for staff of the shop that may not.
        """
        return await self._theirs(person, await self._named(person, named), named, right)

    async def _theirs(self, person: Known, sale: Sale | None, named: str, right: Right | None) -> Placed:
        if sale is not None:
            placed = await self._placed(sale)
            rights = await rights_in(self._book, placed.shop, person.person.id)
            if rights and right is not None and right not in rights:
                raise RightMissingError(right=right)
            if rights:
                return placed
        if looks_like_payment_id(named):
            raise NoSuchPaymentError(payment=read_payment_id(named))
        raise NoSuchOrderError(typed=named[:40])

    async def _named(self, person: Known, named: str) -> Sale | None:
        if looks_like_payment_id(named):
            return await self._book.sale(read_payment_id(named))
        number = int(named[:6]) if named.isascii() and named.isdecimal() else 0
        shops = await self._staffing.shops_of(person.person.id)
        found = [await self._book.sale_numbered(shop.id, number) for shop in shops]
        sales = [sale for sale in found if sale is not None]
        if len(sales) > 1:
            raise WhichOrderError(payments=[sale.id for sale in sales])
        if sales:
            return sales[0]
        mine = await self._book.sales_to(person.person.id)
        return next((sale for sale in mine if sale.number == number), None)

    async def _placed(self, sale: Sale) -> Placed:
        shop, transfer = await self._book.shop(sale.shop), await self._book.transfer(sale.id)
        assert shop is not None  # foreign keys
        assert transfer is not None
        owner = await self._book.person(shop.owner)
        assert owner is not None  # introduced with the shop
        takings = await self._book.takings(sale.id)
        named = [(await self._stock.name_of(taking, owner), taking) for taking in takings]
        paper = None if owner.is_erased else self._stock.paper(sale, owner)
        return Placed(sale, transfer, shop, owner, paper, tuple(named))

    async def open_orders(self, person: Known) -> Sequence[Placed]:
        """What the person has to do as a shop, and what is to come to them."""
        sales = [*await self._book.sales_to(person.person.id)]
        for shop in await self._staffing.shops_of(person.person.id):
            sales += await self._book.sales_of(shop.id)
        return [await self._placed(sale) for sale in {sale.id: sale for sale in sales}.values()]

    # ------------------------------------------------------------ going on

    async def move(self, person: Known, named: str, to: SaleState) -> tuple[Placed, Step, tuple[Say, ...]]:
        """The shop says how far an order is (ready, shipped, completed), and its buyer is told once."""
        placed = await self.find(person, named, Right.SERVE)
        if to not in {SaleState.READY, SaleState.SHIPPED, SaleState.COMPLETED}:
            raise OrderNotPossibleNowError(payment=placed.sale.id)
        changed = moved(placed.sale, to)
        told = await self._stock.to_buyer(changed, placed.transfer, placed.owner)
        act = self._noted(placed, person, ActOfShop(to.value))
        return replace(placed, sale=changed), Step(records=(changed, act)), (told,)

    def _noted(self, placed: Placed, person: Known, what: ActOfShop) -> ShopAct:
        return done(placed.shop.id, self._clock.now(), person.person.id, what, placed.sale.id)

    async def decline(self, person: Known, placed: Placed) -> tuple[Step, tuple[Say, ...]]:
        """Call off an order that nobody has paid: its card is closed, and its buyer told."""
        if placed.transfer.state is not TransferState.AWAITING_APPROVAL:
            raise OrderNotPossibleNowError(payment=placed.sale.id)
        step, says = await self._cancellations.stop(placed.transfer)
        told = await self._stock.to_buyer(placed.sale, placed.transfer, placed.owner, "declined")
        act = self._noted(placed, person, ActOfShop.DECLINED)
        return step + Step(records=(act,)), (*says, told)

    # ------------------------------------------------------------ giving back

    async def give_back(
        self,
        person: Known,
        placed: Placed,
        wanted: Sequence[Wanted],
        room: RoomFacts,
        *,
        restocks: bool = True,
        cancels: bool = False,
    ) -> Back:
        """A card for giving back these pieces, or all that is left; approved, it goes on as any refund does.

        Whoever asks confirms it, and it comes out of the balance of the shop's owner. Raises what a refund
        does, NotInOrderError and MoreThanOrderedError, and OrderNotPossibleNowError for what is over or
        cannot be called off any more.
        """
        sale, original = placed.sale, placed.transfer
        if sale.state is SaleState.REFUNDED or sale.state is SaleState.CANCELLED:
            raise RefundedAlreadyError(payment=sale.id)
        moved(sale, SaleState.CANCELLED if cancels else SaleState.REFUNDED)
        lines = [(name, taking, pieces) for name, taking, pieces in _chosen(placed, wanted) if pieces]
        currency = original.amount.currency
        amount = left_of(original)
        if wanted:
            amount = Money(sum(taking.price * pieces for _, taking, pieces in lines), currency)
        payer = Known(placed.owner, placed.shop.owner_mxid, Step())
        note = ", ".join(f"{pieces} {name}" for name, _, pieces in lines)
        try:
            drafted = await self._refunds.draft(original, payer, amount, note, room)
        except RefundNeedsBalanceError as error:
            if person.person.id == placed.owner.id:
                raise
            raise ShopCannotRefundError from error
        refund = drafted.transfer.id
        asked = SaleRefund(refund, sale.id, person.person.id, restocks, cancels)
        parts = [
            RefundLine(f"{refund}/{at}", refund, taking.id, pieces)
            for at, (_, taking, pieces) in enumerate(lines)
        ]
        named = tuple((name, pieces) for name, _, pieces in lines)
        step = drafted.step + Step(records=(asked, *parts))
        return Back(replace(drafted, step=step), named)


def _chosen(placed: Placed, wanted: Sequence[Wanted]) -> Sequence[tuple[str, Taking, int]]:
    """Of each line so many pieces; without words all that are left."""
    if not wanted:
        return [(name, taking, taking.left) for name, taking in placed.takings]
    chosen = []
    for one in wanted:
        found = [(name, taking) for name, taking in placed.takings if is_called(name, one.name)]
        if not found:
            raise NotInOrderError(typed=one.name[:40], payment=placed.sale.id)
        ((name, taking),) = found
        if one.pieces > taking.left:
            raise MoreThanOrderedError(name=name, left=taking.left, payment=placed.sale.id)
        chosen.append((name, taking, one.pieces))
    return chosen

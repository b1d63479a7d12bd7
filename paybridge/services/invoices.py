"""Invoices: a request for money that a shop makes, with lines, tax and the next number of its year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.facts import Facts, Who
from paybridge.domain.invoice import Invoice, Paper, check_tip, paper_from_json, part_of, rate_text
from paybridge.domain.money import Money
from paybridge.domain.shop import Series, number_text
from paybridge.domain.shop_staff import ActOfShop, done
from paybridge.domain.windows import zone_named
from paybridge.services.checkout_addresses import invoice_url
from paybridge.services.ports import Step
from paybridge.services.request_errors import NoSuchPaymentError
from paybridge.services.says import Say

if TYPE_CHECKING:
    from paybridge.domain.invoice import Bill
    from paybridge.domain.invoice_words import InvoiceWords
    from paybridge.domain.people import Person
    from paybridge.domain.request import Request
    from paybridge.services.limits import Limits
    from paybridge.services.people import Known
    from paybridge.services.policies import Policies
    from paybridge.services.ports import Book, Clock, RoomFacts, Vault
    from paybridge.services.requests import Requests
    from paybridge.services.serving import Placed
    from paybridge.services.settings import Settings
    from paybridge.services.shops import Shops

MOST_A_DAY: Final = 1000
"""Of one shop: a busy day at a counter."""


class ShopWithoutAddressError(UserError):
    """An invoice must say where its seller is (Directive 2006/112/EC article 226)."""

    key = "error.shop_without_address"

    def lines(self) -> tuple[str, ...]:
        return ('!shop set address "Main Street 1, 10115 Berlin"',)


class NotAnInvoiceError(UserError):
    """There is such a request, and it is no invoice."""

    key = "error.not_an_invoice"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice as its seller or its buyer may see it."""

    invoice: Invoice
    request: Request
    paper: Paper


class Invoices:
    """The use cases around invoices. They are paid, declined, reminded of and cancelled as requests are."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that it asks
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        settings: Settings,
        shops: Shops,
        requests: Requests,
        limits: Limits,
        policies: Policies,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._shops = shops
        self._requests = requests
        self._limits = limits
        self._policies = policies

    async def issue(
        self, seller: Known, buyer: Known, said: InvoiceWords, room: RoomFacts, actor: str | None = None
    ) -> tuple[Step, tuple[Say, ...]]:
        """Ask `buyer` for the bill's total, under the next number of the shop's year.

        `actor` (a person id) does it in the seller's name. The number is given in the step that writes the
        invoice: if another one was first, the step is stale and decided again. Raises what a request does,
        NoShopError and ShopWithoutAddressError.
        """
        shop = await self._shops.of(seller)
        details = self._shops.details(shop, seller.person)
        if not details.address:
            raise ShopWithoutAddressError
        now = self._clock.now()
        zone = self._limits.zone(await self._limits.standing(seller.person.id), now)
        issued = now.astimezone(zone_named(zone))
        series = await self._next(shop.id, issued.year)
        number = number_text(details.prefix, issued.year, series.last)
        until = None if said.life is None else now + said.life
        asked = await self._requests.ask(
            seller, buyer, said.bill.total, f"{details.name} {number}", room, until, most_a_day=MOST_A_DAY
        )
        paper = Paper(details, number, issued, said.bill)
        invoice = Invoice(
            id=asked.request.id,
            shop=shop.id,
            year=issued.year,
            number=series.last,
            paper=self._vault.seal(seller.person.key, _context(seller.person), paper.to_json().encode()),
            tips=said.tips,
            parts=said.parts,
        )
        act = done(shop.id, now, actor or seller.person.id, ActOfShop.INVOICED, invoice.id)
        step = asked.step + Step(records=(series, invoice, act))
        lines = await self._lines(Issued(invoice, asked.request, paper), room, seller.person)
        return step, (*lines, *asked.says)

    async def _next(self, shop: str, year: int) -> Series:
        name = f"{shop}/{year}"
        before = await self._book.series(name) or Series(name, shop, year)
        return replace(before, last=before.last + 1)

    async def find(self, reader: Known, payment: str) -> Issued:
        """The invoice with this id, for whoever sells or buys by it."""
        request = await self._requests.find(payment)
        if reader.person.id not in {request.asker, request.asked}:
            raise NoSuchPaymentError(payment=payment)
        issued = await self.of(request)
        if issued is None:
            raise NotAnInvoiceError(payment=payment)
        return issued

    async def of(self, request: Request) -> Issued | None:
        """The invoice that the request is; None if it is none, or its seller had themselves erased."""
        invoice = await self._book.invoice(request.id)
        seller = await self._book.person(request.asker)
        if invoice is None or seller is None or seller.is_erased:
            return None
        return Issued(invoice, request, self.paper(invoice, seller))

    def paper(self, invoice: Invoice, seller: Person) -> Paper:
        """What stands on it."""
        return paper_from_json(self._vault.open(seller.key, _context(seller), invoice.paper).decode())

    async def tip(self, request: Request, rate: int | None, tip: Money | None) -> Money:
        """What is given on top of the request: `rate` (hundredths of a percent) of its total, or `tip`.

        Raises NotAnInvoiceError, NoTipHereError and TipTooMuchError.
        """
        invoice = await self._book.invoice(request.id)
        if invoice is None:
            raise NotAnInvoiceError(payment=request.id)
        wanted = tip if tip is not None else part_of(request.amount, rate or 0)
        check_tip(invoice, wanted, request.amount)
        return wanted

    async def _lines(self, issued: Issued, room: RoomFacts, seller: Person) -> tuple[Say, ...]:
        """What is billed: in the room; where that must not see amounts, to each of the two alone."""
        request = issued.request
        said = Say(
            id=f"{request.id}/invoice",
            key="invoice.issued",
            language=await self._policies.language(room.id, seller.language),
            room=room.id,
            facts=self.facts(issued, room.members.get(request.asker_mxid)),
        )
        if not await self._policies.hides_amounts(room.id):
            return (said,)
        return tuple(
            replace(said, id=f"{said.id}/{mxid}", room=None, person=mxid)
            for mxid in (request.asker_mxid, request.asked_mxid)
        )

    def facts(self, issued: Issued, seller: str | None = None) -> Facts:
        """What stands on the invoice."""
        paper, request, bill = issued.paper, issued.request, issued.paper.bill
        url = invoice_url(self._vault, self._settings, request.id)
        return {
            "payment": request.id,
            "number": paper.number,
            "shop": paper.seller.name,
            "seller": Who(request.asker_mxid, seller),
            "buyer": Who(request.asked_mxid),
            "day": paper.issued.date(),
            "until": request.expires,
            **_billed(bill),
            "checkout": () if url is None else ({"checkout": url},),
            "tip": ({"payment": request.id},) if issued.invoice.tips else (),
            "address": paper.seller.address,
            "taxid": paper.seller.tax_id,
            "paid": Money(request.paid, request.amount.currency),
            "given": Money(issued.invoice.tip, request.amount.currency),
            "state": request.state.value,
        }

    async def of_order(self, placed: Placed) -> Facts:
        """What stands on the invoice of an order, which has its number since it was paid.

        Raises NotAnInvoiceError for one that was not.
        """
        sale, transfer, paper = placed.sale, placed.transfer, placed.paper
        if sale.number is None or sale.year is None or sale.paid is None or paper is None:
            raise NotAnInvoiceError(payment=sale.id)
        zone = self._limits.zone(await self._limits.standing(placed.owner.id), sale.paid)
        return {
            "payment": sale.id,
            "number": number_text(paper.seller.prefix, sale.year, sale.number),
            "shop": paper.seller.name,
            "seller": Who(transfer.payee_mxid),
            "buyer": Who(transfer.payer_mxid),
            "day": sale.paid.astimezone(zone_named(zone)).date(),
            **_billed(paper.bill),
            "address": paper.seller.address,
            "taxid": paper.seller.tax_id,
            "paid": transfer.amount,
            "back": Money(transfer.refunded, transfer.amount.currency),
            "state": "given_back" if transfer.refunded else "ordered",
        }


def _billed(bill: Bill) -> Facts:
    return {
        "lines": tuple(_line(bill, at) for at in range(len(bill.lines))),
        "discount": ({"off": bill.reduced_by},) if bill.reduced_by.is_positive else (),
        "taxes": tuple(
            {"rate": rate_text(one.rate), "net": one.net, "tax": one.tax, "gross": one.gross}
            for one in bill.taxes
        ),
        "total": bill.total,
    }


def _line(bill: Bill, at: int) -> Facts:
    line = bill.lines[at]
    return {
        "pieces": line.pieces,
        "words": line.words,
        "each": line.each,
        "sum": line.sum,
        "rate": rate_text(line.rate),
    }


def _context(seller: Person) -> str:
    return f"invoice|{seller.id}|paper"

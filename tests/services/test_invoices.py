"""`!shop` and `!invoice`: a request with lines, tax and a number without gaps, paid as any other is."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from pypdfium2 import PdfDocument

from paybridge.domain.invoice_words import read_invoice
from paybridge.domain.policy import Policy, Receipts, StatedPolicy
from paybridge.services.ports import StaleError
from paybridge.storage.audit import audit
from paybridge.texts.files import make_file
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, TEXTS, House, keys, words

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.says import Say

OPEN = '!shop open "Corner Café" address "Main Street 1, 10115 Berlin" taxid DE123456789 prefix cc'
LATTE = f'!invoice {BOB} "2x Latte 3.20; Cake 4.50" tax 7% tip ok expires 2h'


async def opened(house: House) -> None:
    """Carol, a merchant, has a shop; Bob can pay."""
    await house.link(CAROL, "DE02100500000054540402")
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 200_00)
    assert keys(await house.hear(CAROL, OPEN)) == ["shop.opened"]


async def issued(house: House, line: str = LATTE) -> str:
    said = await house.hear(CAROL, line, DINNER)
    assert keys(said) == ["invoice.issued", "request.asked"], words(said)
    return str(said[0].facts["payment"])


async def pay(house: House, line: str) -> list[Say]:
    card = await house.hear(BOB, line, DINNER)
    assert keys(card) == ["pay.card"], words(card)
    return [*card, *await house.hear(BOB, "!yes", DINNER), *await house.carry()]


def page(say: Say) -> tuple[str, bytes]:
    made = make_file(TEXTS, say)
    assert made.mimetype == "application/pdf"
    with closing(PdfDocument(made.data)) as document:
        return document[0].get_textpage().get_text_range(), made.data


def codes_on(data: bytes) -> list[str]:
    """What a phone reads that looks at the printed page."""
    with closing(PdfDocument(data)) as document:
        seen = document[0].render(scale=3, grayscale=True)
        shades = memoryview(bytes(seen.buffer)).cast("B", shape=(seen.height, seen.stride))
    return [read.text for read in zxingcpp.read_barcodes(shades)]


# ---------------------------------------------------------------- the shop


async def test_a_shop_is_a_merchants_and_tells_what_stands_on_its_invoices(house: House) -> None:
    assert keys(await house.hear(BOB, '!shop open "Mine"')) == ["error.not_allowed"]
    assert keys(await house.hear(CAROL, "!shop")) == ["error.no_shop"]
    (first,) = await house.hear(CAROL, '!shop open "Corner Café"')
    again = await house.hear(CAROL, '!shop open "Another"')
    without = await house.hear(CAROL, LATTE, DINNER)
    await house.hear(CAROL, '!shop set address "Main Street 1" taxid DE1234 prefix CC')

    assert "Before the first invoice I need the address" in words([first])
    assert keys(again) == ["error.shop_open_already"]
    assert keys(without) == ["error.shop_without_address"]
    assert "Corner Café, Main Street 1, tax id DE1234; numbers begin with CC" in words(
        await house.hear(CAROL, "!shop")
    )
    assert keys(await house.hear(CAROL, "!shop set colour red")) == ["error.shop_not_read"]
    assert keys(await house.hear(CAROL, "!shop set prefix ?")) == ["error.shop_words"]
    assert keys(await house.hear(CAROL, "!shop close")) == ["shop.closed"]
    assert keys(await house.hear(CAROL, LATTE, DINNER)) == ["error.no_shop"]


async def test_nobody_but_a_merchant_issues_an_invoice(house: House) -> None:
    assert keys(await house.hear(ALICE, LATTE, DINNER)) == ["error.not_allowed"]


# ---------------------------------------------------------------- the invoice


async def test_an_invoice_says_every_line_and_is_paid_as_a_request_with_a_tip(house: House) -> None:
    await opened(house)
    said = await house.hear(CAROL, LATTE, DINNER)
    told, invoice = words(said), str(said[0].facts["payment"])
    paid = await pay(house, f"!accept {invoice} tip 10%")
    kept = await house.book.invoice(invoice)
    assert kept is not None

    assert "Invoice CC-2026-00001 of Corner Café, for @bob:hs" in told
    assert "Latte, 3.20 EUR each: 6.40 EUR" in told
    assert "· with 7 % tax in it: 0.71 EUR on 10.19 EUR" in told
    assert "Total 10.90 EUR, before Mar 2, 2026 11:00 UTC" in told
    assert "Corner Café CC-2026-00001" in told
    assert "11.99 EUR" in words(paid)
    assert keys(paid)[-1] == "request.paid"
    assert await house.balance(CAROL) == 11_99
    assert kept.tip == 1_09


async def test_each_invoice_of_a_shop_has_the_next_number_of_its_year(house: House) -> None:
    await opened(house)
    first = await issued(house)
    await house.hear(CAROL, f"!cancel {first}", DINNER)
    second = await issued(house)
    refused = await house.hear(CAROL, f'!invoice {BOB} "Latte 0"', DINNER)
    house.clock.at = datetime(2027, 1, 1, 9, tzinfo=UTC)
    third = await issued(house)
    numbers = [await house.book.invoice(name) for name in (first, second, third)]

    assert keys(refused) == ["error.zero_amount"]
    assert [(one.year, one.number) for one in numbers if one] == [(2026, 1), (2026, 2), (2027, 1)]


async def test_a_hundred_invoices_at_once_have_a_hundred_numbers_without_a_gap(house: House) -> None:
    await opened(house)
    buyers = [f"@buyer{number}:hs" for number in range(100)]
    for buyer in buyers:
        house.rooms.join(DINNER, buyer)
    said = read_invoice('@x "Latte 3.20"', "EUR")
    room = await house.rooms.facts(DINNER)
    stale = 0

    async def issue(mxid: str) -> None:
        nonlocal stale
        while True:
            seller, buyer = await house.desk.people.know(CAROL), await house.desk.people.know(mxid)
            step, _ = await house.desk.invoices.issue(seller, buyer, said, room)
            try:
                await house.book.commit(step)
            except StaleError:
                stale += 1
                continue
            return

    await asyncio.gather(*(issue(buyer) for buyer in buyers))
    carol = await house.book.person_of(CAROL)
    assert carol is not None
    shop = await house.book.shop_of(carol.id)
    assert shop is not None

    assert stale > 0
    assert [one.number for one in await house.book.invoices(shop.id)] == list(range(1, 101))


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("!accept {} tip 1 EUR", "pay.card"),
        ("!accept {} tip 200%", "error.not_a_number"),
        ("!accept {} tip 11 EUR", "error.tip_too_much"),
        ("!accept {} 5 EUR", "error.invoice_as_a_whole"),
        ("!accept {} 5 EUR tip 1 EUR", "error.invoice_as_a_whole"),
        ("!accept {} 10.90 EUR tip 1 EUR", "pay.card"),
    ],
)
async def test_a_tip_comes_on_top_of_the_whole(house: House, line: str, key: str) -> None:
    await opened(house)
    invoice = await issued(house)

    assert keys(await house.hear(BOB, line.format(invoice), DINNER)) == [key]


async def test_an_invoice_that_says_so_is_paid_in_parts_with_the_tip_at_the_end(house: House) -> None:
    await opened(house)
    invoice = await issued(house, f'!invoice {BOB} "Chair 24 EUR" tax 19% tip ok parts ok')
    await pay(house, f"!accept {invoice} 10 EUR")
    said = await pay(house, f"!accept {invoice} tip 5 EUR")
    kept, request = await house.book.invoice(invoice), await house.book.request(invoice)
    assert kept is not None
    assert request is not None

    assert keys(said)[-1] == "request.paid"
    assert (request.paid, kept.tip) == (24_00, 5_00)
    assert await house.balance(CAROL) == 29_00


async def test_a_tip_on_what_takes_none_is_refused(house: House) -> None:
    await opened(house)
    bare = await issued(house, f'!invoice {BOB} "Latte 3.20"')
    (asked,) = await house.hear(CAROL, f"!request {BOB} 5 EUR", DINNER)

    assert keys(await house.hear(BOB, f"!accept {bare} tip 1 EUR", DINNER)) == ["error.no_tip_here"]
    assert keys(await house.hear(BOB, f"!accept {asked.facts['payment']} tip 1 EUR", DINNER)) == [
        "error.not_an_invoice"
    ]


async def test_it_is_reminded_of_declined_and_expires_as_requests_do(house: House) -> None:
    await opened(house)
    invoice = await issued(house, f'!invoice {BOB} "Latte 3.20" expires 3d')
    house.clock.pass_by(timedelta(days=1))
    reminded = await house.hear(CAROL, f"!remind {invoice}", DINNER)
    house.clock.pass_by(timedelta(days=2))
    expired = await house.expire()
    other = await issued(house)

    assert keys(reminded) == ["request.reminded"]
    assert keys(expired) == ["request.expired"]
    assert keys(await house.hear(BOB, f"!decline {other}", DINNER)) == ["request.declined"]


async def test_a_room_that_hides_amounts_reads_none_and_the_two_are_told_alone(house: House) -> None:
    await opened(house)
    house.rooms.stated[DINNER] = StatedPolicy(Policy(receipts=Receipts.PRIVATE))
    said = await house.hear(CAROL, LATTE, DINNER)
    invoices = [say for say in said if say.key == "invoice.issued"]
    in_room = words([say for say in said if say.room == DINNER])

    assert [say.person for say in invoices] == [CAROL, BOB]
    assert "10.90" not in in_room
    assert "Latte" not in in_room


# ---------------------------------------------------------------- the paper


async def test_its_pages_have_what_an_invoice_needs_and_a_code_to_pay_by(house: House) -> None:
    await opened(house)
    invoice = await issued(house, f'!invoice {BOB} "2x Latte 3.20 7%; Mug 10 19%" discount 10% tip ok')
    (said,) = await house.hear(BOB, f"!invoice {invoice}")
    text, data = page(said)
    (code,) = codes_on(data)

    assert (said.key, said.person or said.room) == ("invoice.file", "!direct-bob:hs")
    for needed in (
        "Invoice CC-2026-00001",
        "Corner Café, Main Street 1, 10115 Berlin",
        "Tax id: DE123456789",
        "Date of the invoice and of the supply: Mar 2, 2026",
        "To: @bob:hs",
        "Latte",
        "6.40 EUR",
        "-1.64 EUR",
        "19 % 7.56 EUR 1.44 EUR 9.00 EUR",
        "7 % 5.38 EUR 0.38 EUR 5.76 EUR",
        "Total: 14.76 EUR",
        "paid so far: 0.00 EUR",
    ):
        assert needed in text, text
    assert code == f"!accept {invoice}"


async def test_the_paper_says_that_it_was_paid_and_keeps_the_seller_as_they_were(house: House) -> None:
    await opened(house)
    invoice = await issued(house)
    await house.hear(CAROL, '!shop set address "Elsewhere 9"')
    await pay(house, f"!accept {invoice} tip 1 EUR")
    (hers,) = await house.hear(CAROL, f"!invoice {invoice}")
    text, data = page(hers)

    assert "Main Street 1" in text
    assert "Paid: 10.90 EUR; tip: 1.00 EUR." in text
    assert codes_on(data) == []
    assert page(hers)[1] == data


async def test_only_the_two_have_the_file(house: House) -> None:
    await opened(house)
    invoice = await issued(house)
    (asked,) = await house.hear(CAROL, f"!request {BOB} 5 EUR", DINNER)

    assert keys(await house.hear(ALICE, f"!invoice {invoice}")) == ["error.no_such_payment"]
    assert keys(await house.hear(BOB, "!invoice PB-22222")) == ["error.no_such_payment"]
    assert keys(await house.hear(BOB, f"!invoice {asked.facts['payment']}")) == ["error.not_an_invoice"]


async def test_the_database_keeps_numbers_and_papers(house: House, tmp_path: Path) -> None:
    await opened(house)
    await issued(house)

    with closing(sqlite3.connect(tmp_path / "paybridge.db")) as raw:
        for attack in (
            "DELETE FROM invoice",
            "DELETE FROM series",
            "DELETE FROM shop",
            "UPDATE invoice SET number = 2",
            "UPDATE invoice SET paper = x'00'",
            "UPDATE series SET last = 3",
            "UPDATE series SET last = 0",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute(attack)


async def test_the_audit_names_a_tip_that_nobody_gave(house: House, tmp_path: Path) -> None:
    await opened(house)
    invoice = await issued(house)
    await pay(house, f"!accept {invoice} tip 1 EUR")
    with closing(sqlite3.connect(tmp_path / "paybridge.db")) as raw:
        raw.execute("UPDATE invoice SET tip = 50")
        raw.commit()
        wrong = audit(f"sqlite+aiosqlite:///{tmp_path / 'paybridge.db'}").problems
        raw.execute("UPDATE invoice SET tip = 100")
        raw.commit()

    assert [problem for problem in wrong if invoice in problem] == list(wrong) != []

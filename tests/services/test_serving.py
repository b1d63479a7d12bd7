"""What a shop does about its orders: each step told once, money back line by line and never twice."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest
from pypdfium2 import PdfDocument

from paybridge.domain.policy import Policy, Receipts, StatedPolicy
from paybridge.domain.sale import SaleState
from paybridge.storage.audit import audit
from paybridge.texts.files import make_file
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, TEXTS, House, keys, words
from tests.services.test_orders import opened, ordered, state, stock


async def bought(house: House, line: str = "!order 2 latte, 1 cake") -> str:
    sale = await ordered(house, line)
    assert "order.processing" in keys(await house.hear(BOB, "!yes", DINNER))
    return sale


async def left(house: House) -> tuple[int | None, int | None]:
    return await stock(house, "latte"), await stock(house, "cake")


# ---------------------------------------------------------------- how far it is


async def test_the_shop_names_its_orders_by_their_numbers_and_the_buyer_hears_of_each_step(
    house: House,
) -> None:
    await opened(house)
    first, second = await bought(house), await bought(house, "!order 1 latte")
    todo = words(await house.hear(CAROL, "!orders"))
    ready = await house.hear(CAROL, "!order ready 1")
    shipped = await house.hear(CAROL, "!order shipped 2")
    shown = words(await house.hear(BOB, "!order 2", DINNER))
    done = [*await house.hear(CAROL, "!order done 1"), *await house.hear(CAROL, "!order done 2")]

    assert f"{first}, no. 1, paid, being made" in todo
    assert f"{second}, no. 2" in todo
    assert [say.key for say in ready if say.person == BOB] == ["order.ready"]
    assert [say.key for say in shipped if say.person == BOB] == ["order.shipped"]
    assert f"Your order at Carol ({CAROL}) · {second}, no. 2: on its way" in shown
    assert "1 × Latte: 3.20 EUR" in shown  # noqa: RUF001 - as it is said
    assert keys(done).count("order.completed") == 2
    assert [await state(house, sale) for sale in (first, second)] == [SaleState.COMPLETED] * 2
    assert "completed" in words(await house.hear(BOB, f"!status {first}", DINNER))


@pytest.mark.parametrize(
    ("who", "line", "key"),
    [
        (CAROL, "!order ready 7", "error.no_such_order"),
        (BOB, "!order 7", "error.no_such_order"),
        (ALICE, "!order 1", "error.no_such_order"),
        (ALICE, "!order ready 1", "error.no_such_order"),
        (ALICE, "!order refund 1", "error.no_such_order"),
        (BOB, "!order refund 1", "error.no_such_order"),
        (BOB, "!order cancel 1", "error.no_such_order"),
        (CAROL, "!order done", "error.order_not_named"),
        (CAROL, "!order refund 1 mug", "error.not_in_order"),
        (CAROL, "!order refund 1 3 latte", "error.more_than_ordered"),
        (CAROL, "!order refund 1 5 EUR", "error.not_in_order"),
    ],
)
async def test_what_cannot_be_done_about_an_order_changes_nothing(
    house: House, who: str, line: str, key: str
) -> None:
    await opened(house)
    sale = await bought(house)
    said = await house.hear(who, line)

    assert keys(said) == [key]
    assert "Nothing was sent" in words(said)
    assert await state(house, sale) is SaleState.PROCESSING


async def test_a_step_that_was_made_is_not_made_again(house: House) -> None:
    await opened(house)
    sale = await bought(house)
    await house.hear(CAROL, "!order done 1")

    for line in ("done", "ready", "shipped", "cancel"):
        said = await house.hear(CAROL, f"!order {line} 1")

        assert keys(said) == ["error.order_not_possible_now"]
        assert f"!order {sale}" in words(said)


async def test_an_order_that_nobody_paid_is_declined_by_the_shop_or_dropped_by_its_buyer(
    house: House,
) -> None:
    await opened(house)
    first, second = await ordered(house, "!order 1 latte"), await ordered(house, "!order 1 cake")
    declined = await house.hear(CAROL, f"!order cancel {first}")
    dropped = await house.hear(BOB, f"!order cancel {second}", DINNER)

    assert [say.key for say in declined if say.person == BOB] == ["order.declined"]
    assert keys(dropped) == ["pay.cancelled"]
    assert [await state(house, sale) for sale in (first, second)] == [SaleState.CANCELLED] * 2
    assert keys(await house.hear(BOB, "!yes", DINNER)) == ["error.nothing_to_confirm"]
    assert await house.balance(BOB) == 200_00


# ---------------------------------------------------------------- giving back


async def test_a_line_goes_back_with_its_tax_and_its_piece_and_then_the_rest(house: House) -> None:
    await opened(house)
    sale = await bought(house)
    card = await house.hear(CAROL, "!order refund 1 1 latte")
    before = (await house.balance(BOB), await left(house))
    part = await house.hear(CAROL, "!yes")
    after = (await house.balance(BOB), await left(house), await state(house, sale))
    shown = words(await house.hear(BOB, "!order 1"))
    rest = [*await house.hear(CAROL, "!order refund 1"), *await house.hear(CAROL, "!yes")]

    assert keys(card) == ["order.giving_back", "refund.card"]
    assert "It will be in the stock again" in words(card)
    assert before == (189_10, (38, 1))
    assert "order.part" in keys(part)
    assert "Latte: 3.20 EUR\n· with 7 % tax in it: 0.21 EUR on 2.99 EUR" in words(part)
    assert after == (192_30, (39, 1), SaleState.PROCESSING)
    assert "(1 given back)" in shown
    assert "given back so far: 3.20 EUR" in shown
    assert "order.refunded" in keys(rest)
    assert "in it: 0.50 EUR on 7.20 EUR" in words(rest)
    assert (await house.balance(BOB), await left(house)) == (200_00, (40, 2))
    assert await state(house, sale) is SaleState.REFUNDED
    assert keys(await house.hear(CAROL, "!order refund 1")) == ["error.refunded_already"]
    assert await house.balance(CAROL) == 0


async def test_cancelling_what_was_paid_gives_all_of_it_back(house: House) -> None:
    await opened(house)
    sale = await bought(house)
    await house.hear(CAROL, "!order cancel 1")
    told = await house.hear(CAROL, "!yes")

    assert [say.key for say in told if say.person == BOB and say.key.startswith("order.")] == [
        "order.cancelled"
    ]
    assert "called off your order and gave back what you paid, 10.90 EUR" in words(told)
    assert await state(house, sale) is SaleState.CANCELLED
    assert (await house.balance(BOB), await left(house)) == (200_00, (40, 2))


@pytest.mark.parametrize(
    ("before", "words_behind", "there"),
    [("ready", "without stock", 38), ("ready", "", 39), ("done", "", 38), ("done", "with stock", 39)],
)
async def test_whether_a_piece_is_there_again_is_said_or_follows_from_its_state(
    house: House, before: str, words_behind: str, there: int
) -> None:
    await opened(house)
    await bought(house)
    await house.hear(CAROL, f"!order {before} 1")
    await house.hear(CAROL, f"!order refund 1 latte {words_behind}")
    await house.hear(CAROL, "!yes")

    assert await house.balance(BOB) == 192_30
    assert await stock(house, "latte") == there


async def test_two_cards_for_the_same_piece_give_it_back_once(house: House) -> None:
    await opened(house)
    await bought(house)
    codes = []
    for _ in range(2):
        said = await house.hear(CAROL, "!order refund 1 1 cake")
        codes.append(str(said[-1].facts["code"]))
    says = await asyncio.gather(*(house.hear(CAROL, f"!confirm {code}") for code in codes))
    told = keys(list({say.id: say for said in says for say in said}.values()))

    assert told.count("order.part") == 1
    assert told.count("error.more_than_ordered") == 1
    assert await house.balance(BOB) == 200_00 - 6_40
    assert await left(house) == (38, 2)


async def test_of_ten_refunds_confirmed_at_once_the_line_is_never_paid_back_twice(house: House) -> None:
    await opened(house, '"Tea" 2 EUR stock 10')
    await bought(house, "!order 5 tea")
    carol = await house.desk.people.know(CAROL)
    for _ in range(10):
        await house.hear(CAROL, "!order refund 1 1 tea")
    cards = await house.book.refunds_to_confirm(carol.person.id)
    for _ in range(5):  # whoever was too late a few times is asked to try again
        codes = [card.code for card in await house.book.refunds_to_confirm(carol.person.id)]
        await asyncio.gather(*(house.hear(CAROL, f"!confirm {code}") for code in codes))
    original = await house.book.transfer(str(cards[0].original))
    (taking,) = await house.book.takings(str(cards[0].original))
    assert original is not None

    assert len(cards) == 10
    assert (taking.refunded, taking.restocked, original.refunded) == (5, 5, 10_00)
    assert await house.balance(BOB) == 200_00
    assert await stock(house, "tea") == 10
    assert (await asyncio.to_thread(audit, house.database.url)).problems == ()


async def test_money_given_back_without_a_line_is_never_given_back_with_one(house: House) -> None:
    await opened(house)
    sale = await bought(house, "!order 1 latte")
    await house.hear(CAROL, f"!refund {sale} 1 EUR")
    await house.hear(CAROL, "!yes")
    by_line = await house.hear(CAROL, "!order refund 1 1 latte")
    rest = [*await house.hear(CAROL, "!order refund 1"), *await house.hear(CAROL, "!yes")]

    assert keys(by_line) == ["error.more_than_was_paid"]
    assert "order.refunded" in keys(rest)
    assert await house.balance(BOB) == 200_00


async def test_a_room_that_must_not_see_amounts_sees_none_of_a_refund(house: House) -> None:
    await opened(house)
    await bought(house)
    house.rooms.stated[DINNER] = StatedPolicy(Policy(receipts=Receipts.PRIVATE))
    said = [
        *await house.hear(CAROL, "!order refund 1 1 latte", DINNER),
        *await house.hear(CAROL, "!yes", DINNER),
        *await house.hear(BOB, "!order 1", DINNER),
    ]

    assert "order.part" in keys(said)
    assert "EUR" not in words([say for say in said if say.room == DINNER])


# ---------------------------------------------------------------- the paper


async def test_each_paid_order_has_an_invoice_of_the_shops_own_numbers(house: House) -> None:
    await opened(house)
    await house.hear(CAROL, "!shop set prefix CC")
    asked = await house.hear(CAROL, f'!invoice {BOB} "Cake 4.50 EUR"', DINNER)
    sale = await bought(house)
    (_, sent) = await house.hear(BOB, f"!invoice {sale}", DINNER)
    made = make_file(TEXTS, sent)
    with closing(PdfDocument(made.data)) as document:
        page = document[0].get_textpage().get_text_range()
    await house.hear(CAROL, "!order refund 1 1 cake")

    assert keys([sent]) == ["invoice.file"]
    assert sent.facts["number"] == "CC-2026-00002"
    assert asked[0].facts["number"] == "CC-2026-00001"
    assert "CC-2026-00002" in page
    assert "Latte" in page
    assert "10.90" in page
    assert "Paid on" in page
    assert keys(await house.hear(ALICE, f"!invoice {sale}")) == ["error.no_such_payment"]


async def test_an_order_that_was_not_paid_has_no_invoice(house: House) -> None:
    await opened(house)
    sale = await ordered(house, "!order 1 latte")

    assert keys(await house.hear(BOB, f"!invoice {sale}")) == ["error.not_an_invoice"]
    await house.hear(BOB, f"!cancel {sale}", DINNER)
    await bought(house)

    assert "no. 1" in words(await house.hear(CAROL, "!orders"))

"""Who is asked for a flexible amount pays as much as they wish, once."""

from __future__ import annotations

import pytest

from tests.fakes.house import ALICE, BOB, DINNER, House, keys, words


async def asked(house: House, line: str = "20 EUR flexible for the gift") -> str:
    await house.link(ALICE)
    (say,) = await house.hear(BOB, f"!request {ALICE} {line}", DINNER)
    assert say.key == "request.asked"
    return str(say.facts["payment"])


async def state_of(house: House, request: str) -> str:
    kept = await house.book.request(request)
    assert kept is not None
    return kept.state.value


async def paid(house: House, line: str) -> str:
    (card,) = await house.hear(ALICE, line, DINNER)
    assert card.key == "pay.card"
    await house.hear(ALICE, "!yes", DINNER)
    said = await house.carry()
    assert keys(said)[-1] == "request.paid"
    return words(said[-1:])


@pytest.mark.parametrize(
    ("line", "flexible", "note"),
    [
        ("20 EUR flexible for the gift", True, "the gift"),
        ("20 EUR for the gift flexible", True, "the gift"),
        ("20 EUR for the gift by saturday flexible", True, "the gift"),
        ("20 EUR FLEXIBLE", True, ""),
        ("20 EUR 随意", True, ""),
        ("20 EUR for flexible tubes", False, "flexible tubes"),
        ("20 EUR for flexible", False, "flexible"),
        ("20 EUR for the gift", False, "the gift"),
    ],
)
async def test_the_word_counts_where_it_is_no_part_of_the_note(
    house: House, line: str, *, flexible: bool, note: str
) -> None:
    request = await asked(house, line)
    kept = await house.book.request(request)

    assert kept is not None
    assert kept.flexible is flexible

    (say,) = await house.hear(BOB, f"!cancel {request}", DINNER)

    assert (say.facts["note"] == ({"words": note},)) is bool(note)


async def test_the_question_says_how_to_pay_another_amount(house: House) -> None:
    await house.link(ALICE)
    flexible = await house.hear(BOB, f"!request {ALICE} 20 EUR flexible", DINNER)
    plain = await house.hear(BOB, f"!request {ALICE} 20 EUR", DINNER)

    assert "as much as you wish" in words(flexible)
    assert flexible[0].about is not None
    assert flexible[0].about["flexible"] is True
    assert "as much as you wish" not in words(plain)


@pytest.mark.parametrize("amount", ["5", "20", "27.50"])
async def test_less_or_more_than_was_proposed_settles_it(house: House, amount: str) -> None:
    request = await asked(house)
    told = await paid(house, f"!accept {request} {amount} EUR")
    page = await house.hear(BOB, "!history requests")

    assert f"{float(amount):.2f} EUR" in told
    assert await state_of(house, request) == "paid"
    assert f"{float(amount):.2f} EUR" in words(page)
    assert keys(await house.hear(ALICE, f"!accept {request} 1 EUR", DINNER)) == ["error.not_possible_now"]


async def test_without_an_amount_what_was_proposed_is_paid(house: House) -> None:
    assert "20.00 EUR" in await paid(house, f"!accept {await asked(house)}")


async def test_another_currency_is_refused_with_the_line_that_works(house: House) -> None:
    request = await asked(house)
    (refused,) = await house.hear(ALICE, f"!accept {request} 8 USD", DINNER)

    assert refused.key == "error.asked_in_currency"
    assert refused.lines == (f"!accept {request} 20.00 EUR",)
    assert await state_of(house, request) == "open"


async def test_a_payment_that_is_not_made_leaves_it_open_for_any_amount(house: House) -> None:
    request = await asked(house)
    await house.hear(ALICE, f"!accept {request} 5 EUR", DINNER)
    await house.hear(ALICE, "!cancel", DINNER)

    assert await state_of(house, request) == "open"
    assert "30.00 EUR" in await paid(house, f"!accept {request} 30 EUR")


async def test_status_tells_that_the_amount_is_open_and_what_was_paid(house: House) -> None:
    request = await asked(house)

    assert "chooses how much" in words(await house.hear(ALICE, f"!status {request}", DINNER))

    await paid(house, f"!accept {request} 5 EUR")

    assert "5.00 EUR" in words(await house.hear(ALICE, f"!status {request}", DINNER))


async def test_status_and_history_of_a_part_tell_what_is_left(house: House) -> None:
    request = await asked(house, "20 EUR for taxi")
    await house.hear(ALICE, f"!accept {request} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    told = words(await house.hear(ALICE, f"!status {request}", DINNER))

    assert "for 15.00 EUR" in told
    assert "5.00 EUR of 20.00 EUR is paid" in told
    assert "15.00 EUR" in words(await house.hear(ALICE, "!history requests"))

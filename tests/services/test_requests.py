"""Asking for money, and what becomes of a request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paybridge.domain.power import Powers
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, direct, keys, words
from tests.fakes.rail import refuses


def euros(plain: str) -> dict[str, str]:
    return {"value": plain, "currency": "EUR"}


async def asked(house: House, amount: str = "8") -> str:
    """Bob asks Alice, who can pay; returns the request's id."""
    await house.link(ALICE)
    (say,) = await house.hear(BOB, f"!request {ALICE} {amount} EUR for taxi", DINNER)
    return str(say.facts["payment"])


async def state_of(house: House, request: str) -> str:
    (say,) = await house.hear(BOB, f"!status {request}", DINNER)
    return say.key.removeprefix("status.request.")


async def test_a_request_is_posted_once_and_names_who_is_asked(house: House) -> None:
    (say,) = await house.hear(BOB, f"!request {ALICE} 8 EUR for taxi", DINNER)

    assert (say.key, say.notify, say.slot) == ("request.asked", (ALICE,), say.facts["payment"])
    assert say.about is not None
    assert (say.about["kind"], say.about["payer"], say.about["payee"]) == ("request", ALICE, BOB)


async def test_accepting_shows_a_card_and_paying_closes_the_request(house: House) -> None:
    request = await asked(house)
    (card,) = await house.hear(ALICE, f"!accept {request.lower()}", DINNER)
    assert card.about is not None
    assert (card.about["payee"], card.about["amount"]) == (BOB, {"value": "8.00", "currency": "EUR"})
    assert await state_of(house, request) == "accepted"
    await house.hear(ALICE, "!yes", DINNER)
    said = await house.carry()

    assert keys(said) == ["pay.waiting", "claim.waiting", "request.paid"]
    assert await state_of(house, request) == "paid"


async def test_accept_without_an_id_takes_the_only_request(house: House) -> None:
    await asked(house)

    assert keys(await house.hear(ALICE, "!accept", DINNER)) == ["pay.card"]
    assert keys(await house.hear(ALICE, "!accept", DINNER)) == ["error.nothing_to_answer"]


async def test_a_request_is_paid_only_once(house: House) -> None:
    request = await asked(house)
    await house.hear(ALICE, f"!accept {request}", DINNER)

    assert keys(await house.hear(ALICE, f"!accept {request}", DINNER)) == ["error.not_possible_now"]


async def test_a_card_that_lapses_opens_the_request_again(house: House) -> None:
    request = await asked(house)
    await house.hear(ALICE, f"!accept {request}", DINNER)
    house.clock.pass_by(timedelta(minutes=6))
    await house.expire()

    assert await state_of(house, request) == "open"
    assert keys(await house.hear(ALICE, f"!accept {request}", DINNER)) == ["pay.card"]


async def test_a_refused_payment_opens_the_request_again(house: House) -> None:
    house.rail.script = refuses("insufficient_funds")
    request = await asked(house)
    await house.hear(ALICE, f"!accept {request}", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()

    assert await state_of(house, request) == "open"


async def test_only_who_is_asked_can_accept_or_decline(house: House) -> None:
    request = await asked(house)

    for verb in ("accept", "decline"):
        assert keys(await house.hear(CAROL, f"!{verb} {request}", DINNER)) == ["error.no_such_payment"]
        assert keys(await house.hear(BOB, f"!{verb} {request}", DINNER)) == ["error.no_such_payment"]
    assert keys(await house.hear(CAROL, f"!status {request}", DINNER)) == ["error.no_such_payment"]


async def test_declining_tells_who_asked_and_why(house: House) -> None:
    request = await asked(house)
    (say,) = await house.hear(ALICE, f"!decline {request} wrong amount", DINNER)

    assert (say.key, say.notify, say.facts["reason"]) == (
        "request.declined",
        (BOB,),
        ({"words": "wrong amount"},),
    )
    assert keys(await house.hear(ALICE, f"!accept {request}", DINNER)) == ["error.not_possible_now"]


async def test_a_reason_alone_declines_the_only_request_there_is(house: House) -> None:
    await asked(house)
    (say,) = await house.hear(ALICE, "!decline I was not there", DINNER)
    (again,) = await house.hear(ALICE, "!decline I was not there", DINNER)

    assert (say.key, say.facts["reason"]) == ("request.declined", ({"words": "I was not there"},))
    assert again.key == "error.nothing_to_answer"


async def test_a_reason_alone_declines_nothing_where_several_are_open(house: House) -> None:
    requests = [await asked(house) for _ in range(2)]
    (say,) = await house.hear(ALICE, "!decline I was not there", DINNER)

    assert say.key == "error.which_request"
    assert set(say.lines) == {f"!decline {request} I was not there" for request in requests}


async def test_who_asked_can_take_it_back(house: House) -> None:
    request = await asked(house)

    assert keys(await house.hear(BOB, "!cancel", DINNER)) == ["request.cancelled"]
    assert keys(await house.hear(ALICE, f"!accept {request}", DINNER)) == ["error.not_possible_now"]


async def test_a_request_ends_by_itself_after_a_week(house: House) -> None:
    request = await asked(house)
    house.clock.pass_by(timedelta(days=7, seconds=1))

    assert keys(await house.hear(ALICE, f"!accept {request}", DINNER)) == ["error.request_expired"]
    assert keys(await house.expire()) == ["request.expired"]
    assert await house.expire() == []


async def test_five_open_requests_between_two_people_are_the_most(house: House) -> None:
    for _ in range(5):
        await house.hear(BOB, f"!request {ALICE} 1 EUR", DINNER)

    assert keys(await house.hear(BOB, f"!request {ALICE} 1 EUR", DINNER)) == ["error.too_many_requests"]


async def test_a_part_is_paid_and_the_request_stays_open_for_the_rest(house: House) -> None:
    request = await asked(house)
    (card,) = await house.hear(ALICE, f"!accept {request} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    said = {say.key: say for say in await house.carry()}
    (listed,) = await house.hear(ALICE, "!requests", direct(ALICE))
    (rest,) = await house.hear(ALICE, f"!accept {request}", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    paid = await house.carry()

    assert card.about is not None
    assert rest.about is not None
    assert (card.about["amount"], rest.about["amount"]) == (euros("5.00"), euros("3.00"))
    assert said["request.part"].slot == request
    assert "3.00 EUR" in words([said["request.part"]])
    assert "3.00 EUR" in words([listed])
    assert keys(paid)[-1] == "request.paid"
    assert "8.00 EUR" in words(paid[-1:])
    assert await state_of(house, request) == "paid"


async def test_parts_of_one_amount_are_payments_of_their_own(house: House) -> None:
    request = await asked(house)
    for _ in range(2):
        await house.hear(ALICE, "!accept 4", DINNER)
        await house.hear(ALICE, "!yes", DINNER)
        await house.carry()

    assert await state_of(house, request) == "paid"
    assert keys(await house.hear(ALICE, f"!accept {request} 4", DINNER)) == ["error.not_possible_now"]


@pytest.mark.parametrize(
    ("line", "why"), [("8.01 EUR", "error.more_than_left"), ("8 USD", "error.asked_in_currency")]
)
async def test_more_than_is_left_or_another_currency_is_refused(house: House, line: str, why: str) -> None:
    request = await asked(house)
    (refused,) = await house.hear(ALICE, f"!accept {request} {line}", DINNER)

    assert refused.key == why
    assert await state_of(house, request) == "open"


async def test_what_was_paid_in_part_is_counted_when_more_is_asked_for(house: House) -> None:
    request = await asked(house)
    await house.hear(ALICE, f"!accept {request} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()

    assert keys(await house.hear(ALICE, f"!accept {request} 3.01 EUR", DINNER)) == ["error.more_than_left"]
    assert keys(await house.hear(ALICE, f"!accept {request} 0 EUR", DINNER)) != ["pay.card"]
    assert keys(await house.hear(BOB, f"!cancel {request}", DINNER)) == ["request.cancelled"]


async def test_a_part_that_is_not_paid_counts_nothing(house: House) -> None:
    request = await asked(house)
    await house.hear(ALICE, f"!accept {request} 5 EUR", DINNER)
    await house.hear(ALICE, "!cancel", DINNER)
    (card,) = await house.hear(ALICE, f"!accept {request}", DINNER)

    assert card.about is not None
    assert card.about["amount"] == euros("8.00")


async def test_one_part_is_under_way_at_a_time(house: House) -> None:
    request = await asked(house)
    await house.hear(ALICE, f"!accept {request} 5 EUR", DINNER)

    assert keys(await house.hear(ALICE, f"!accept {request} 3 EUR", DINNER)) == ["error.not_possible_now"]


async def test_a_word_that_is_neither_id_nor_amount_accepts_nothing(house: House) -> None:
    await asked(house)

    assert keys(await house.hear(ALICE, "!accept taxi", DINNER)) == ["error.not_an_id"]


async def test_a_share_of_a_split_is_paid_as_a_whole(house: House) -> None:
    await house.link(ALICE)
    await house.hear(BOB, f"!split 16 EUR {ALICE} me", DINNER)

    assert keys(await house.hear(ALICE, "!accept 5 EUR", DINNER)) == ["error.share_in_parts"]
    assert keys(await house.hear(ALICE, "!accept 8 EUR", DINNER)) == ["pay.card"]


async def test_where_amounts_are_hidden_a_part_is_told_to_whoever_pays_alone(house: House) -> None:
    request = await asked(house)
    house.rooms.levels[DINNER] = Powers({BOB: 50})
    await house.hear(BOB, "!policy receipts private", DINNER)
    await house.hear(ALICE, f"!accept {request} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    told = {say.key: say for say in await house.carry() if say.key.startswith("request.")}

    assert told["request.private.part"].room == DINNER
    assert "EUR" not in words([told["request.private.part"]])
    assert told["request.part"].person == ALICE


async def test_lists_say_what_was_paid_of_a_request_and_whether_its_amount_is_free(house: House) -> None:
    request = await asked(house, "10")
    await house.fund(ALICE, 5000)
    await house.link(BOB)
    await house.hear(BOB, f"!request {ALICE} 20 EUR flexible for flowers", DINNER)
    await house.hear(ALICE, f"!accept {request} 4 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    listed = words(await house.hear(ALICE, "!requests"))
    by_bob = words(await house.hear(BOB, "!requests"))
    history = words(await house.hear(BOB, "!history requests"))

    for said in (listed, by_bob, history):
        assert said.count("(4.00 EUR of 10.00 EUR is paid)") == 1
        assert f"{request}" in said
        assert "6.00 EUR" in said
    for said in (listed, by_bob):
        assert said.count("(flexible)") == 1

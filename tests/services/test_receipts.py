"""`!verify`: genuine or not, only to those who may see it, with a signature that anybody can check."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paybridge.domain.policy import Policy, Receipts, StatedPolicy
from paybridge.domain.receipt import read_receipt
from paybridge.services.says import Say
from paybridge.vault import is_signed
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, PLAIN, House, direct, keys, words

OTHER = "!other:hs"


async def paid(house: House, line: str = "!pay 12.50 EUR @bob dinner") -> str:
    """Alice pays in the room; the id of the payment."""
    if await house.balance(ALICE) == 0:
        await house.link(ALICE)
        await house.link(BOB, "DE02120300000000202051")
        await house.fund(ALICE, 5000)
    card = await house.hear(ALICE, line, DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    return str(card[-1].facts["payment"])


async def verified(house: House, mxid: str, payment: str, room: str | None = None) -> list[Say]:
    return await house.hear(mxid, f"!verify {payment}", room)


def signed(house: House, said: list[Say]) -> bool:
    receipt = read_receipt(said[-1].lines[0])
    return is_signed(house.desk.vault.public_key, receipt.text.encode(), receipt.signature)


async def test_everybody_in_the_room_reads_that_a_payment_is_genuine(house: House) -> None:
    payment = await paid(house)
    said = await verified(house, CAROL, payment, DINNER)

    assert [(say.key, say.room) for say in said] == [("verify.paid", DINNER)]
    assert words(said).startswith(
        f"Genuine: Alice (@alice:hs) paid Bob (@bob:hs) 12.50 EUR, {payment} of Mar 2, 2026 09:00 UTC.\n"
    )
    assert signed(house, said)
    assert read_receipt(said[-1].lines[0]).fields["amount"] == "12.50"


async def test_the_place_in_the_chain_is_that_of_the_last_journal(house: House) -> None:
    payment = await paid(house)
    fields = read_receipt((await verified(house, ALICE, payment))[-1].lines[0]).fields
    booked = await house.book.booked(payment)
    await paid(house, "!pay 1 EUR @bob")

    assert booked is not None
    assert (fields["entry"], fields["hash"]) == (str(booked.number), booked.hash.hex())
    assert await house.book.booked(payment) == booked
    assert await house.book.booked(payment[:-1]) is None


async def test_elsewhere_only_the_two_people_are_told_and_by_direct_message(house: House) -> None:
    payment = await paid(house)
    house.rooms.known[OTHER] = house.rooms.known[PLAIN]
    here = await verified(house, BOB, payment)
    elsewhere = await verified(house, BOB, payment, PLAIN)

    assert [(say.key, say.room) for say in here] == [("verify.paid", direct(BOB))]
    assert [(say.key, say.room, say.person) for say in elsewhere] == [
        ("reply.see_direct_message", PLAIN, None),
        ("verify.paid", None, BOB),
    ]


@pytest.mark.parametrize("room", [None, PLAIN])
async def test_case_44_a_guessed_id_tells_others_nothing(house: House, room: str | None) -> None:
    payment = await paid(house)
    theirs = await verified(house, CAROL, payment, room)
    nobodys = await verified(house, CAROL, "PB-99999", room)

    assert keys(theirs) == keys(nobodys) == ["error.no_such_payment"]
    assert words(theirs).replace(payment, "PB-99999") == words(nobodys)
    assert theirs[0].facts.keys() == nobodys[0].facts.keys() == {"payment"}


async def test_a_private_room_reads_who_paid_whom_and_no_amount(house: House) -> None:
    house.rooms.stated[DINNER] = StatedPolicy(Policy(receipts=Receipts.PRIVATE))
    payment = await paid(house)
    said = await verified(house, CAROL, payment, DINNER)
    own = await verified(house, BOB, payment)

    assert words(said).startswith(f"Genuine: Alice (@alice:hs) paid Bob (@bob:hs), {payment} of")
    assert "12.50" not in words(said) + str(said[-1].facts)
    assert signed(house, said)
    assert " 12.50 EUR, " in words(own)


async def test_what_was_refunded_since_is_said_and_the_refund_is_genuine_too(house: House) -> None:
    payment = await paid(house)
    card = await house.hear(BOB, f"!refund {payment} 2.50 EUR", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    await house.carry()
    of_payment = await verified(house, CAROL, payment, DINNER)
    of_refund = await verified(house, CAROL, str(card[-1].facts["payment"]), DINNER)

    assert "2.50 EUR of it was refunded." in words(of_payment)
    assert read_receipt(of_payment[-1].lines[0]).fields["refunded"] == "2.50"
    assert "Bob (@bob:hs) paid Alice (@alice:hs) 2.50 EUR" in words(of_refund)
    assert f"It is a refund of {payment}." in words(of_refund)


async def test_what_was_not_paid_is_never_called_genuine_and_not_signed(house: House) -> None:
    await paid(house)
    card = await house.hear(ALICE, "!pay 3 EUR @bob", DINNER)
    payment = str(card[-1].facts["payment"])
    waits = await verified(house, CAROL, payment, DINNER)
    house.clock.pass_by(timedelta(minutes=6))
    await house.expire()
    expired = await verified(house, CAROL, payment, DINNER)

    for said in (waits, expired):
        assert keys(said) == ["verify.not_paid"]
        assert said[-1].lines == ()
        assert "Nothing was paid." in words(said)


async def test_money_that_waits_to_be_claimed_and_money_that_went_back_is_told_apart(house: House) -> None:
    await paid(house)
    payment = await paid(house, "!pay 3 EUR @carol")
    waiting = await verified(house, BOB, payment, DINNER)
    await house.hear(CAROL, f"!return {payment}", DINNER)
    returned = await verified(house, BOB, payment, DINNER)

    assert keys(waiting) == ["verify.waiting"]
    assert keys(returned) == ["verify.returned"]
    assert read_receipt(returned[-1].lines[0]).fields["state"] == "returned"
    assert signed(house, returned)


async def test_ones_own_topup_needs_no_proof(house: House) -> None:
    await house.link(ALICE)
    card = await house.hear(ALICE, "!topup 5 EUR")
    payment = str(card[-1].facts["payment"])

    assert keys(await verified(house, ALICE, payment)) == ["error.not_between_people"]
    assert keys(await verified(house, BOB, payment)) == ["error.no_such_payment"]


async def test_a_receipt_of_another_house_or_a_changed_one_is_not_signed(house: House) -> None:
    line = (await verified(house, ALICE, await paid(house)))[-1].lines[0]
    changed = read_receipt(line.replace("12.50", "92.50"))
    other = bytes([1]) * 32

    assert not is_signed(house.desk.vault.public_key, changed.text.encode(), changed.signature)
    assert not is_signed(other, read_receipt(line).text.encode(), read_receipt(line).signature)
    assert not is_signed(b"short", read_receipt(line).text.encode(), read_receipt(line).signature)


async def test_one_payment_is_one_message_in_the_room_that_ends_as_its_receipt(house: House) -> None:
    await paid(house, "!pay 1 EUR @bob")
    said = await house.hear(ALICE, "!pay 2 EUR @bob", DINNER)
    said += await house.hear(ALICE, "!yes", DINNER)
    said += await house.carry()
    in_room = [say for say in said if say.room == DINNER]

    assert {say.slot for say in in_room} == {said[0].facts["payment"]}
    assert keys(in_room)[0] == "pay.card"
    assert keys(in_room)[-1] == "pay.receipt"
    assert keys(in_room).count("pay.receipt") == 1


async def test_a_refusal_tells_a_private_room_nothing_of_the_amount(house: House) -> None:
    payment = await paid(house)
    open_room = await house.hear(BOB, f"!refund {payment} 99 EUR", DINNER)
    house.rooms.stated[DINNER] = StatedPolicy(Policy(receipts=Receipts.PRIVATE))
    pointer, told = await house.hear(BOB, f"!refund {payment} 99 EUR", DINNER)

    assert [(say.key, say.room) for say in open_room] == [("error.more_than_was_paid", DINNER)]
    assert (pointer.key, pointer.room, pointer.facts) == ("reply.see_direct_message", DINNER, {})
    assert "12.50" not in words([pointer])
    assert (told.key, told.room, told.person) == ("error.more_than_was_paid", None, BOB)
    assert "12.50" in words([told])

"""Whoever wants to be forgotten gets their money out first; then nothing leads to them and the books sum."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.people import NOBODY
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import SealBrokenError, StaleError
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words
from tests.fakes.rail import slow
from tests.services.authenticator import with_factor

if TYPE_CHECKING:
    from paybridge.domain.people import Person
    from paybridge.services.ports import Step

PROVEN = OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE")
DO_IT = "!forget-me for-ever"


async def a_life(house: House) -> Person:
    """Alice has an account, paid Bob with a note, and has nothing left."""
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(ALICE, 1_000)
    await house.hear(ALICE, "!pay @bob:hs 10 EUR secret pizza", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    person = await house.book.person_of(ALICE)
    assert person is not None
    await house.send_all()
    await house.said()
    return person


async def everything_stored(house: House) -> str:
    tables = await ask_raw(house.database, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    return "\n".join(
        [str(row) for (table,) in tables for row in await ask_raw(house.database, f"SELECT * FROM {table}")]  # noqa: S608 - its own tables
    )


async def test_a_first_line_tells_and_a_second_erases_all_that_leads_to_the_person(house: House) -> None:
    person = await a_life(house)
    (asked,) = await house.hear(ALICE, "!forget-me")
    still = await house.book.person_of(ALICE)
    done = await house.hear(ALICE, DO_IT)
    await house.send_all()
    after = await house.book.person(person.id)
    paid = (await house.book.history(person.id, 10))[0]
    stored = await everything_stored(house)

    assert (asked.key, asked.lines) == ("forget.asked", ("!forget-me for-ever",))
    assert still == person
    assert keys(done) == ["forget.done"]
    assert after is not None
    assert after.is_erased
    assert await house.book.person_of(ALICE) is None
    assert await house.book.links(person.id) == []
    assert (paid.payer_mxid, paid.payee_mxid, paid.note, paid.amount.minor) == (NOBODY, BOB, None, 1_000)
    assert await house.balance(BOB) == 1_000
    assert ALICE not in stored
    with pytest.raises(SealBrokenError):
        house.desk.vault.open(after.key, "note|x|words", b"x" * 60)


async def test_others_still_see_their_side_and_nobody_is_named(house: House) -> None:
    await a_life(house)
    await house.hear(ALICE, DO_IT)
    listed = words(await house.hear(BOB, "!history"))

    assert "10.00" in listed
    assert "pizza" not in listed
    assert "alice" not in listed


async def test_who_comes_back_is_a_new_person(house: House) -> None:
    person = await a_life(house)
    await house.hear(ALICE, DO_IT)
    await house.hear(ALICE, "!link bank DE89370400440532013000")
    (linked,) = await house.hear(ALICE, "!link verify 1234")
    again = await house.book.person_of(ALICE)

    assert again is not None
    assert again.id != person.id
    assert linked.key == "link.verified"
    assert "10.00" not in words(await house.hear(ALICE, "!history"))


async def test_with_a_factor_it_needs_a_code_once(house: House) -> None:
    phone, codes = await with_factor(house)
    (asked,) = await house.hear(ALICE, "!forget-me")
    without = keys(await house.hear(ALICE, DO_IT))
    wrong = keys(await house.hear(ALICE, f"{DO_IT} ABCD-EFGH-2345-6723"))
    unproven = keys(await house.hear(ALICE, DO_IT, proof=OwnDevice(Trust.UNVERIFIED, "NEW")))
    in_room = keys(await house.hear(ALICE, DO_IT, DINNER))
    done = keys(await house.hear(ALICE, f"{DO_IT} {phone.shows_next()}"))

    assert asked.lines == ("!forget-me for-ever 123456",)
    assert without == wrong == ["error.wrong_code"]
    assert unproven == ["error.device_not_proven"]
    assert in_room == ["error.direct_only"]
    assert done == ["forget.done"]
    assert len(codes) == 10
    assert await ask_raw(house.database, "SELECT * FROM factor") == []
    assert await ask_raw(house.database, "SELECT * FROM recovery_code") == []


# ---------------------------------------------------------------- what comes first


async def test_money_is_cashed_out_first(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 1_000)
    (said,) = await house.hear(ALICE, DO_IT)

    assert (said.key, said.lines) == ("error.cash_out_first", ("!cashout 10.00 EUR",))
    assert "10.00" in words([said])
    assert await house.balance(ALICE) == 1_000


async def test_nothing_is_erased_while_a_bank_has_not_answered_on_either_side(house: House) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    house.rail.script = slow(3)
    await house.hear(ALICE, "!topup 5 EUR")
    await house.hear(ALICE, "!yes")
    await house.hear(BOB, "!pay @alice:hs 5 EUR from bank", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    await house.carry()
    payer = keys(await house.hear(BOB, DO_IT))
    payee = keys(await house.hear(ALICE, DO_IT))

    assert payer == payee == ["error.under_way_first"]


async def test_what_nobody_has_claimed_is_taken_back_first(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 1_000)
    await house.hear(ALICE, "!pay @carol:hs 10 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    (said,) = await house.hear(ALICE, DO_IT)

    assert said.key == "error.unclaimed_first"
    assert said.lines[0].startswith("!cancel PB-")


async def test_what_waits_for_them_goes_back_and_what_is_open_ends(house: House) -> None:
    await a_life(house)
    await house.hear(BOB, "!pay @carol:hs 4 EUR", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    await house.hear(BOB, "!request @carol:hs 1 EUR", DINNER)
    await house.hear(CAROL, "!request @bob:hs 2 EUR", DINNER)
    carol = await house.book.person_of(CAROL)
    assert carol is not None
    (asked,) = await house.hear(CAROL, "!forget-me")
    before = await house.balance(BOB)
    done = await house.hear(CAROL, DO_IT)

    assert "1 payment that waits for you" in words([asked])
    assert before == 600
    assert await house.balance(BOB) == 1_000
    assert {"pay.returned.sent_back", "request.cancelled", "request.declined", "forget.done"} <= set(
        keys(done)
    )
    assert await house.book.requests_of(carol.id) == []
    assert await house.book.requests_to(carol.id) == []


async def test_nothing_is_kept_of_somebody_unknown(house: House) -> None:
    assert keys(await house.hear(CAROL, "!forget-me")) == ["error.nobody_to_forget"]
    assert keys(await house.hear(CAROL, DO_IT)) == ["error.nobody_to_forget"]


# ---------------------------------------------------------------- afterwards


async def test_a_card_to_somebody_who_is_gone_is_refused_and_so_is_a_refund(house: House) -> None:
    await a_life(house)
    await house.hear(BOB, "!pay @alice:hs 1 EUR", DINNER)
    person = await house.book.person_of(BOB)
    assert person is not None
    (card,) = await house.book.awaiting_approval(person.id)
    paid = next(one for one in await house.book.history(person.id, 10) if one.payee == person.id)
    await house.hear(ALICE, DO_IT)
    by_code = keys(await house.hear(BOB, f"!confirm {card.code}", DINNER))
    approved = keys(await house.hear(BOB, "!yes", DINNER))
    await house.hear(BOB, "!cancel", DINNER)
    refund = keys(await house.hear(BOB, f"!refund {paid.id}", DINNER))

    assert by_code == ["error.wrong_code"]
    assert approved == ["error.payee_erased"]
    assert refund == ["error.payee_blocked"]
    assert await house.balance(BOB) == 1_000


async def decided_together(house: House) -> tuple[Step, Step, str]:
    """Alice's end and Bob's payment to her, each decided before the other is written; the payment's id."""
    await a_life(house)
    await house.hear(BOB, "!pay @alice:hs 1 EUR", DINNER)
    bob = await house.book.person_of(BOB)
    assert bob is not None
    (card,) = await house.book.awaiting_approval(bob.id)
    known = await house.desk.people.know(ALICE)
    erasing, _ = await house.desk.forgetting.forget(known, "", "PHONE")
    paying, _ = await house.desk.approvals.approve(card, PROVEN)
    return erasing, paying, card.id


async def test_money_that_comes_in_the_same_moment_is_not_lost(house: House) -> None:
    erasing, paying, _ = await decided_together(house)
    await house.book.commit(paying)

    with pytest.raises(StaleError):
        await house.book.commit(erasing)
    assert await house.balance(ALICE) == 100


async def test_money_that_was_decided_before_the_end_does_not_arrive_after_it(house: House) -> None:
    erasing, paying, card = await decided_together(house)
    await house.book.commit(erasing)

    with pytest.raises(StaleError):
        await house.book.commit(paying)
    assert await house.balance(BOB) == 1_000
    kept = await house.book.transfer(card)
    assert kept is not None
    assert kept.state is TransferState.AWAITING_APPROVAL
    house.clock.pass_by(timedelta(minutes=6))
    assert keys(await house.expire()) == ["pay.expired"]

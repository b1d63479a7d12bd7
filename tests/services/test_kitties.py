"""A room's kitty: members put money in, and it goes out when enough of its treasurers approve."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.power import Powers
from paybridge.storage.export import export
from tests.fakes.house import ALICE, BOB, BOT, CAROL, DINNER, House, direct, keys, open_house, words
from tests.services.authenticator import with_factor

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.domain.kitty import Kitty

DAVE = "@dave:hs"
OPEN = f'!kitty open "Flat 12" EUR treasurers {ALICE} {BOB} {CAROL} needs 2'


async def told(house: House, who: str, line: str, room: str = DINNER) -> str:
    return words(await house.hear(who, line, room))


async def kitty(house: House) -> Kitty:
    found = await house.book.kitty_in(DINNER)
    assert found is not None
    return found


async def in_it(house: House) -> int:
    """What is in the kitty, in cents."""
    return (await house.book.balance((await kitty(house)).id, "EUR")).minor


async def fund(house: House, who: str, euros: int) -> None:
    await house.link(who)
    await house.fund(who, euros * 100)


async def put(house: House, who: str, euros: int) -> None:
    """Put so much in, with as many payments as a code alone may approve."""
    await fund(house, who, euros)
    for part in (min(euros, 30), euros - 30):
        if part > 0:
            await house.hear(who, f"!kitty put {part} EUR", DINNER)
            assert keys(await house.hear(who, "!yes", DINNER)) == ["pay.receipt"]


@pytest.fixture
async def flat(house: House) -> House:
    """Alice, Bob and Carol are treasurers, two of whom must approve; Dave lives there too."""
    house.rooms.join(DINNER, DAVE)
    home = house.rooms.known[direct(ALICE)]
    house.rooms.known[direct(DAVE)] = replace(home, id=direct(DAVE), members={DAVE: "Dave", BOT: None})
    house.rooms.levels[DINNER] = Powers(users={ALICE: 50})
    assert keys(await house.hear(ALICE, OPEN, DINNER)) == ["kitty.opened"]
    return house


async def test_a_kitty_is_opened_with_its_treasurers_and_shown_to_everybody(flat: House) -> None:
    shown = await told(flat, DAVE, "!kitty")

    assert "Kitty “Flat 12”: 0.00 EUR · PB-" in shown
    assert "Treasurers, of whom 2 must approve:\n· Alice (@alice:hs)\n· Bob (@bob:hs)\n" in shown


async def test_who_may_not_set_the_rooms_policy_opens_no_kitty(house: House) -> None:
    house.rooms.levels[DINNER] = Powers(users={ALICE: 50})

    assert keys(await house.hear(BOB, OPEN, DINNER)) == ["error.kitty_needs_power"]
    assert await house.book.kitty_in(DINNER) is None


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("!kitty", "error.no_kitty"),
        ("!kitty put 5 EUR", "error.no_kitty"),
        ("!kitty open", "error.kitty_name_missing"),
        (f"!kitty open Flat EUR treasurers {ALICE} {BOB} needs 3", "error.kitty_needs"),
        (f"!kitty open Flat EUR treasurers {ALICE} needs 0", "error.kitty_needs"),
        (f"!kitty open Flat EUR treasurers {ALICE} @zoe:hs", "error.payee_not_here"),
        ("!kitty open Flat EUR treasurers Zoe", "error.unknown_payee"),
    ],
)
async def test_what_makes_no_kitty_is_refused_and_nothing_is_half_made(
    house: House, line: str, key: str
) -> None:
    house.rooms.levels[DINNER] = Powers(users={ALICE: 50})

    assert keys(await house.hear(ALICE, line, DINNER)) == [key]
    assert await house.book.kitty_in(DINNER) is None


async def test_a_room_has_one_kitty(flat: House) -> None:
    assert keys(await flat.hear(ALICE, OPEN, DINNER)) == ["error.kitty_open"]


async def test_anybody_in_the_room_puts_money_in_by_an_ordinary_card(flat: House) -> None:
    await fund(flat, DAVE, 50)
    card = await told(flat, DAVE, "!kitty put 20 EUR for July")
    said = await flat.hear(DAVE, "!yes", DINNER)
    receipt = words(said)

    assert "20.00 EUR" in card
    assert "Flat 12" in card
    assert "for July" not in card
    assert "July" in card
    assert "Flat 12" in receipt
    assert "!cashout" not in receipt
    assert (await in_it(flat), await flat.balance(DAVE)) == (20_00, 30_00)
    assert all(say.person is None for say in said)
    payment = said[0].facts["payment"]
    for line in ("!history", f"!status {payment}", f"!verify {payment}"):
        shown = words(await flat.hear(DAVE, line))

        assert "Flat 12" in shown, line
        assert "kitty.invalid" not in shown.partition("paybridge-receipt-1")[0], line


async def test_money_from_an_account_reaches_the_kitty_when_the_rail_has_it(flat: House) -> None:
    await flat.link(DAVE)
    await flat.hear(DAVE, "!kitty put 20 EUR", DINNER)
    await flat.hear(DAVE, "!yes", DINNER)
    said = await flat.carry()

    assert keys(said)[-1] == "pay.receipt"
    assert await in_it(flat) == 20_00


async def test_a_kitty_holds_its_own_currency_alone(flat: House) -> None:
    assert keys(await flat.hear(DAVE, "!kitty put 20 USD", DINNER)) == ["error.kitty_currency"]


async def test_nobody_pays_what_only_stands_for_a_kitty(flat: House) -> None:
    await fund(flat, DAVE, 50)
    mxid = (await kitty(flat)).mxid

    assert keys(await flat.hear(DAVE, f"!pay {mxid} 5 EUR", DINNER)) == ["error.payee_not_here"]
    assert keys(await flat.hear(DAVE, f"!pay {BOT} 5 EUR", DINNER)) == ["error.paying_the_bot"]


async def test_a_room_that_hides_amounts_has_no_kitty(house: House) -> None:
    house.rooms.levels[DINNER] = Powers(users={ALICE: 50})
    await house.hear(ALICE, "!policy receipts private", DINNER)

    assert keys(await house.hear(ALICE, OPEN, DINNER)) == ["error.kitty_hidden"]


async def test_a_kitty_goes_with_its_room_when_that_is_upgraded(flat: House) -> None:
    flat.rooms.known["!new:hs"] = replace(flat.rooms.known[DINNER], id="!new:hs")
    flat.rooms.upgraded["!new:hs"] = DINNER

    assert "Flat 12" in await told(flat, DAVE, "!kitty", "!new:hs")
    moved = await flat.book.kitty_in("!new:hs")
    assert moved is not None
    assert await flat.book.kitty_in(DINNER) is None


PIZZA = f"!kitty pay {DAVE} 30 EUR for pizza"


async def code_of(house: House) -> str:
    """The code of the newest proposal that waits."""
    return (await house.book.open_proposals((await kitty(house)).id))[-1].code


@pytest.fixture
async def filled(flat: House) -> House:
    """Dave has put in 50 EUR."""
    await put(flat, DAVE, 50)
    return flat


async def propose(house: House, who: str = ALICE, line: str = PIZZA) -> str:
    """Have somebody propose, and give back the code."""
    assert keys(await house.hear(who, line, DINNER)) == ["kitty.proposal"]
    return await code_of(house)


async def test_two_of_three_treasurers_pay_and_the_room_reads_who_approved(filled: House) -> None:
    card = words(await filled.hear(ALICE, PIZZA, DINNER))
    code = await code_of(filled)
    first = await filled.hear(ALICE, f"!confirm {code}", DINNER)
    second = await filled.hear(BOB, f"!confirm {code}", DINNER)

    assert "Alice (@alice:hs) proposes for the kitty “Flat 12”: pay 30.00 EUR to" in card
    assert f"!confirm {code}" in card
    assert keys(first) == ["kitty.proposal", "kitty.approved"]
    assert "has approved (1 of 2)" in words(first)
    assert keys(second) == ["pay.receipt"]
    assert "pizza" in words(second)
    assert (await in_it(filled), await filled.balance(DAVE)) == (20_00, 30_00)


async def test_a_treasurers_own_approval_counts_once(filled: House) -> None:
    code = await propose(filled)
    await filled.hear(ALICE, f"!confirm {code}", DINNER)

    assert keys(await filled.hear(ALICE, f"!confirm {code}", DINNER)) == ["error.said_already"]
    assert await in_it(filled) == 50_00


async def test_nobody_else_proposes_or_approves(filled: House) -> None:
    code = await propose(filled)

    assert keys(await filled.hear(DAVE, PIZZA, DINNER)) == ["error.not_a_treasurer"]
    assert keys(await filled.hear(DAVE, f"!confirm {code}", DINNER)) == ["error.nothing_to_confirm"]
    assert keys(await filled.hear(DAVE, f"!kitty decline {code}", DINNER)) == ["error.no_such_proposal"]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f"!kitty pay {DAVE} 50.01 EUR", "error.kitty_short"),
        (f"!kitty pay {DAVE} 5 USD", "error.kitty_currency"),
        ("!kitty pay @zoe:hs 5 EUR", "error.payee_not_here"),
        (f"!kitty pay {BOT} 5 EUR", "error.paying_the_bot"),
        ("!kitty treasurers add", "error.kitty_what"),
        (f"!kitty treasurers add {BOB}", "error.treasurer_already"),
        (f"!kitty treasurers remove {DAVE}", "error.no_such_treasurer"),
        ("!kitty needs 4", "error.kitty_needs"),
        ("!kitty needs none", "error.kitty_needs"),
        ("!kitty dance", "error.kitty_what"),
        ("!kitty decline", "error.no_such_proposal"),
    ],
)
async def test_what_cannot_be_is_refused_before_anybody_is_asked(filled: House, line: str, key: str) -> None:
    assert keys(await filled.hear(ALICE, line, DINNER)) == [key]
    assert await filled.book.open_proposals((await kitty(filled)).id) == []


async def test_more_than_there_is_is_refused_with_the_balance(filled: House) -> None:
    said = words(await filled.hear(ALICE, f"!kitty pay {DAVE} 50.01 EUR", DINNER))

    assert "That takes 50.01 EUR, and there is 50.00 EUR in the kitty." in said


async def test_of_two_proposals_the_one_approved_first_is_paid(filled: House) -> None:
    one = await propose(filled)
    two = await propose(filled, BOB)
    for code in (one, two):
        await filled.hear(ALICE, f"!confirm {code}", DINNER)
    paid = await filled.hear(BOB, f"!confirm {one}", DINNER)
    short = await filled.hear(BOB, f"!confirm {two}", DINNER)

    assert (keys(paid), keys(short)) == (["pay.receipt"], ["error.kitty_short"])
    assert await in_it(filled) == 20_00


async def test_who_left_or_is_frozen_or_blocked_counts_no_more(filled: House) -> None:
    code = await propose(filled)
    await filled.hear(ALICE, f"!confirm {code}", DINNER)
    filled.rooms.leave(DINNER, ALICE)
    said = words(await filled.hear(BOB, f"!confirm {code}", DINNER))

    assert "has approved (1 of 2)" in said
    await filled.hear(CAROL, "!freeze")
    assert keys(await filled.hear(CAROL, f"!confirm {code}", DINNER)) == ["error.frozen"]
    shown = await told(filled, DAVE, "!kitty")
    assert shown.count("does not count at the moment") == 2
    assert await in_it(filled) == 50_00


async def test_a_proposal_expires_and_says_so(filled: House) -> None:
    code = await propose(filled)
    await filled.hear(ALICE, f"!confirm {code}", DINNER)
    filled.clock.at += timedelta(days=3)
    late = await filled.hear(BOB, f"!confirm {code}", DINNER)
    said = await filled.expire()

    assert keys(late) == ["error.proposal_over"]
    assert keys(said) == ["kitty.expired"]
    assert await in_it(filled) == 50_00


async def test_treasurers_decline_until_too_few_are_left(filled: House) -> None:
    code = await propose(filled)
    one = await filled.hear(BOB, f"!kitty decline {code}", DINNER)
    two = await filled.hear(CAROL, f"!kitty decline {code}", DINNER)

    assert (keys(one), keys(two)) == (["kitty.against"], ["kitty.declined"])
    assert keys(await filled.hear(ALICE, f"!confirm {code}", DINNER))[0].startswith("error.")


async def test_whoever_proposed_takes_it_back_alone(filled: House) -> None:
    code = await propose(filled)
    await filled.hear(ALICE, f"!confirm {code}", DINNER)

    assert keys(await filled.hear(ALICE, f"!kitty decline {code}", DINNER)) == ["kitty.declined"]


async def test_a_treasurer_gives_the_second_factor_where_a_payment_of_theirs_takes_it(filled: House) -> None:
    phone, _ = await with_factor(filled)
    code = await propose(filled)
    asked = await filled.hear(ALICE, f"!confirm {code}", DINNER)
    given = await filled.hear(ALICE, f"!confirm {code} {phone.shows_next()}")

    assert keys(asked) == ["error.factor_needed"]
    assert keys(given) == ["kitty.thanks", "kitty.proposal", "kitty.approved"]
    (assent,) = await filled.book.assents((await filled.book.open_proposals((await kitty(filled)).id))[0].id)
    assert (assent.strong, assent.code) == (True, code)


async def test_who_has_no_factor_approves_what_the_allowance_lets_them_pay(flat: House) -> None:
    await put(flat, DAVE, 50)
    code = await propose(flat, ALICE, f"!kitty pay {DAVE} 30.01 EUR")

    assert keys(await flat.hear(ALICE, f"!confirm {code}", DINNER)) == ["error.over_the_each_limit"]


async def test_twenty_approvals_at_once_are_one_payment(filled: House) -> None:
    code = await propose(filled)
    await filled.hear(ALICE, f"!confirm {code}", DINNER)
    await asyncio.gather(
        *(filled.hear(who, f"!confirm {code}", DINNER) for who in (BOB, CAROL) for _ in range(10))
    )

    assert (await in_it(filled), await filled.balance(DAVE)) == (20_00, 30_00)
    paid = await filled.book.paid_out_of((await kitty(filled)).id)
    assert [one.amount.minor for one in paid] == [30_00]


async def test_a_proposal_is_carried_out_by_a_bot_that_was_started_again(
    filled: House, tmp_path: Path
) -> None:
    code = await propose(filled)
    await filled.hear(ALICE, f"!confirm {code}", DINNER)
    await filled.database.close()
    later = await open_house(tmp_path, first_id=1000)
    later.rooms.known.update(filled.rooms.known)

    assert "pay.receipt" in keys(await later.hear(BOB, f"!confirm {code}", DINNER, event="$after-1"))
    assert "error" in keys(await later.hear(CAROL, f"!confirm {code}", DINNER, event="$after-2"))[-1]
    assert await in_it(later) == 20_00
    await later.database.close()


async def agree(house: House, line: str) -> list[str]:
    """Have Alice propose it, and Alice and Bob approve; what is said in the end."""
    code = await propose(house, ALICE, line)
    await house.hear(ALICE, f"!confirm {code}", DINNER)
    return keys(await house.hear(BOB, f"!confirm {code}", DINNER))


async def test_treasurers_decide_who_is_one_and_how_many_it_takes(filled: House) -> None:
    assert await agree(filled, f"!kitty treasurers add {DAVE}") == ["kitty.decided"]
    assert await agree(filled, f"!kitty treasurers remove {CAROL}") == ["kitty.decided"]
    assert await agree(filled, "!kitty needs 3") == ["kitty.decided"]
    shown = await told(filled, DAVE, "!kitty")

    assert "of whom 3 must approve" in shown
    assert "@dave:hs" in shown
    assert "@carol:hs" not in shown
    assert keys(await filled.hear(ALICE, f"!kitty treasurers remove {BOB}", DINNER)) == ["error.kitty_needs"]


async def test_closing_pays_everybody_back_in_proportion(filled: House) -> None:
    await put(filled, CAROL, 25)
    await filled.link(BOB)
    await agree(filled, f"!kitty pay {BOB} 15 EUR")
    assert await agree(filled, "!kitty close") == ["kitty.closed"]

    assert (await filled.balance(DAVE), await filled.balance(CAROL)) == (40_00, 20_00)
    assert keys(await filled.hear(DAVE, "!kitty", DINNER)) == ["error.no_kitty"]
    assert keys(await filled.hear(ALICE, OPEN, DINNER)) == ["kitty.opened"]


async def test_a_kitty_with_money_on_its_way_is_not_closed(filled: House) -> None:
    await filled.link(CAROL)
    await filled.hear(CAROL, "!kitty put 20 EUR", DINNER)
    await filled.hear(CAROL, "!yes", DINNER)

    assert keys(await filled.hear(ALICE, "!kitty close", DINNER)) == ["error.kitty_under_way"]


async def test_money_for_a_kitty_that_was_closed_meanwhile_is_not_taken(filled: House) -> None:
    await filled.link(CAROL)
    await filled.hear(CAROL, "!kitty put 20 EUR", DINNER)
    await agree(filled, "!kitty close")

    assert keys(await filled.hear(CAROL, "!yes", DINNER)) == ["error.kitty_closed"]


async def test_those_who_are_left_close_a_kitty_that_has_too_few_treasurers(filled: House) -> None:
    filled.rooms.leave(DINNER, ALICE)
    filled.rooms.leave(DINNER, BOB)
    code = await propose(filled, CAROL, "!kitty close")

    assert keys(await filled.hear(CAROL, f"!confirm {code}", DINNER)) == ["kitty.closed"]
    assert await filled.balance(DAVE) == 50_00


async def test_the_statement_tells_who_put_what_in_what_was_paid_and_who_approved(filled: House) -> None:
    await agree(filled, PIZZA)
    said = await told(filled, DAVE, "!kitty statement")

    assert "put in by @dave:hs: 30.00 EUR" in said
    assert "paid to @dave:hs: 30.00 EUR · “pizza” · approved by Alice, Bob · PB-" in said
    assert "In it now: 20.00 EUR" in said


async def test_who_was_forgotten_neither_counts_nor_gets_a_share(filled: House) -> None:
    await put(filled, CAROL, 25)
    await filled.hear(CAROL, "!forget-me for-ever")
    await agree(filled, "!kitty close")

    person = await filled.book.person_of(CAROL)
    assert person is None or person.is_erased
    assert await filled.balance(DAVE) == 75_00


async def test_the_export_shows_a_kitty_beside_the_people(filled: House) -> None:
    found = await kitty(filled)
    lines = list(export(filled.database.url, "csv"))

    assert any(f",person,{found.id},EUR,30.00" in line for line in lines)

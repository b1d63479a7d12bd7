"""`!ticket`: tickets are sold exactly, come once as signed codes, and go from hand to hand."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from paybridge.domain.power import Powers
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.spoken import Pill
from paybridge.domain.ticket import BookingState
from paybridge.domain.ticket_code import NotATicketError, read_ticket_code
from paybridge.domain.ticket_words import NotAGigError, read_gig
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import RailEvent, RoomFacts, StaleError, StepRefusedError
from paybridge.vault import is_signed
from tests.fakes.house import ALICE, BOB, BOT, CAROL, DINNER, House, keys, words
from tests.fakes.rail import refuses
from tests.services.test_orders import crowd

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.says import Say

GIG = '"Gig" 15 EUR x80'
BACKSTAGE = "!backstage:hs"


async def opened(house: House, gig: str = GIG) -> None:
    """Carol's club sells tickets; Bob can pay."""
    await house.link(CAROL, "DE02100500000054540402")
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 200_00)
    await house.hear(CAROL, '!shop open "Club"')
    assert keys(await house.hear(CAROL, f"!ticket new {gig}")) == ["ticket.new"]


async def bought(house: House, line: str = "!ticket Gig", who: str = BOB) -> list[Say]:
    """What is said when the tickets are paid."""
    said = await house.hear(who, line, DINNER)
    assert keys(said) == ["ticket.order", "pay.card"], words(said)
    return await house.hear(who, "!yes", DINNER)


def codes(says: list[Say]) -> list[str]:
    return [say.lines[0] for say in says if say.key == "ticket.yours"]


async def held(house: House) -> int:
    carol = await house.desk.people.know(CAROL)
    return (await house.desk.tickets.own(carol, "Gig")).gig.held


# ---------------------------------------------------------------- words


def test_an_event_is_read_in_any_order() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    one = read_gig('"Gig" 15 EUR x80 in #gig:hs refund until 2026-12-01 on 2026-12-05 20:00', "EUR", berlin)
    other = read_gig("on 2026-12-05 20:00 x80 15 “Gig” refund until 2026-12-01 in #gig:hs", "EUR", berlin)

    assert one == other
    assert (one.name, str(one.price), one.places, one.room) == ("Gig", "15.00 EUR", 80, "#gig:hs")
    assert one.starts is not None
    assert one.refund_until is not None
    assert (one.starts.isoformat(), one.refund_until.isoformat()) == (
        "2026-12-05T19:00:00+00:00",
        "2026-12-01T22:59:59+00:00",
    )


@pytest.mark.parametrize(
    "line",
    [
        "Gig 15 EUR x80",
        '"Gig" 15 EUR',
        '"Gig" 15 EUR x0',
        '"Gig" 15 EUR x9999999',
        '"Gig" 15 EUR x80 on friday 20:00',
        '"Gig" 15 EUR x80 on 2026-12-05',
        '"Gig" 15 EUR x80 in gig',
        '"Gig" 15 EUR x80 refund until',
        f'"{"G" * 81}" 15 EUR x80',
    ],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(NotAGigError):
        read_gig(line, "EUR", UTC)


@pytest.mark.parametrize("typed", ["", "PB-7K3QD", "PBT1:ABC", "PBT1:23456789:7K3QD:1:0:AAAA", "PB-7K3QD-0"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(NotATicketError):
        read_ticket_code(typed)


# ---------------------------------------------------------------- selling and buying


async def test_a_ticket_is_sold_and_comes_as_a_signed_code_once_it_is_paid(house: House) -> None:
    await opened(house, '"Gig" 15 EUR x80 on 2027-12-05 20:00 refund until 2027-12-01')
    listed = words(await house.hear(BOB, "!ticket", DINNER))
    card = await house.hear(BOB, "!ticket 2 gig", DINNER)
    before = await held(house)
    said = await house.hear(BOB, "!yes", DINNER)
    code = read_ticket_code(codes(said)[1])

    assert "Gig, Dec 5, 2027 20:00 UTC: 15.00 EUR each, 80 left, sold by Carol (@carol:hs)" in listed
    assert "30.00 EUR" in words(card)
    assert "You can give them back until Dec 1, 2027 23:59 UTC." in words(card)
    assert (before, await held(house)) == (0, 2)
    assert keys(said) == ["pay.receipt", *["ticket.yours", "ticket.picture"] * 2]
    assert {say.person for say in said[1:]} == {BOB}
    assert f"!ticket refund {code.ticket}" in words(said)
    assert [say.qr for say in said if say.key == "ticket.picture"] == codes(said)
    assert is_signed(house.desk.vault.public_key, code.text.encode(), code.signature)
    assert not is_signed(
        house.desk.vault.public_key, code.text.replace(":2:", ":3:").encode(), code.signature
    )
    assert code.ticket.endswith("-2")
    assert await house.balance(CAROL) == 30_00


async def test_a_ticket_waits_for_the_bank_and_frees_its_place_if_that_refuses(house: House) -> None:
    await opened(house)
    await house.hear(BOB, "!cashout all")
    await house.hear(BOB, "!yes")
    await house.carry()
    under_way = await bought(house)
    while_away = await held(house)
    paid = await house.carry()
    house.rail.script = refuses("insufficient_funds")
    await bought(house, "!ticket 2 Gig")
    taken = await held(house)
    refused = await house.carry()

    assert codes(under_way) == []
    assert while_away == 1
    assert len(codes(paid)) == 1
    assert taken == 3
    assert codes(refused) == []
    assert await held(house) == 1


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("!ticket 3 Gig", "error.tickets_gone"),
        ("!ticket Concert", "error.no_such_gig"),
        ("!ticket 11 Gig", "error.too_many_tickets"),
        ("!ticket 0 Gig", "error.too_many_tickets"),
        ("!ticket show PB-22222-1", "error.no_such_ticket"),
        ("!ticket show it", "error.not_a_ticket"),
        ("!ticket give PB-22222-1 to @alice:hs", "error.no_such_ticket"),
        ('!ticket new "Gig" 15 EUR x80', "error.not_allowed"),
        ("!ticket close Gig", "error.no_shop"),
    ],
)
async def test_what_cannot_be_bought_costs_nobody_anything(house: House, line: str, key: str) -> None:
    await opened(house, '"Gig" 15 EUR x2')
    said = await house.hear(BOB, line, DINNER)

    assert keys(said) == [key], words(said)
    assert "Nothing was sent" in words(said)
    assert (await held(house), await house.balance(BOB)) == (0, 200_00)


async def test_an_event_is_there_once_and_its_sale_ends(house: House) -> None:
    await opened(house)
    again = await house.hear(CAROL, '!ticket new "gig" 9 EUR x3')
    await house.hear(BOB, "!ticket Gig", DINNER)
    closed = await house.hear(CAROL, "!ticket close Gig")
    late = await house.hear(BOB, "!yes", DINNER)

    assert keys(again) == ["error.gig_there"]
    assert keys(closed) == ["ticket.closed"]
    assert keys(late) == ["error.ticket_sale_over"]
    assert keys(await house.hear(BOB, "!ticket Gig", DINNER)) == ["error.no_such_gig"]
    assert keys(await house.hear(BOB, "!ticket", DINNER)) == ["ticket.none_here"]
    assert keys(await house.hear(CAROL, '!ticket new "gig" 9 EUR x3')) == ["ticket.new"]
    assert await house.balance(BOB) == 200_00


async def test_a_shop_without_an_account_sells_no_tickets(house: House) -> None:
    await opened(house)
    await house.hear(CAROL, "!link remove 1")
    said = await house.hear(BOB, "!ticket Gig", DINNER)

    assert keys(said) == ["error.link_first"]


async def test_whoever_lost_a_ticket_sees_it_again(house: House) -> None:
    await opened(house)
    (code,) = codes(await bought(house))
    listed = await house.hear(BOB, "!ticket mine", DINNER)
    again = await house.hear(BOB, f"!ticket show {read_ticket_code(code).ticket}")

    assert [say.person or say.room for say in listed if say.key == "ticket.mine"] != [DINNER]
    assert codes(again) == [code]
    assert keys(await house.hear(ALICE, f"!ticket show {code}")) == ["error.no_such_ticket"]
    assert keys(await house.hear(ALICE, "!ticket mine")) == ["ticket.none_mine"]


async def test_buyers_are_invited_into_the_events_room(house: House) -> None:
    house.rooms.aliases["#gig:hs"] = BACKSTAGE
    house.rooms.known[BACKSTAGE] = RoomFacts(
        BACKSTAGE, encrypted=True, direct=False, members={CAROL: None, BOT: None}
    )
    await opened(house, '"Gig" 15 EUR x80 in #gig:hs')
    said = await bought(house)

    assert [(say.room, say.invites) for say in said if say.invites] == [(BACKSTAGE, BOB)]
    assert "You are invited to the event" in words(said)


async def test_nobody_is_invited_where_the_owner_may_not(house: House) -> None:
    await opened(house)
    there = RoomFacts(BACKSTAGE, encrypted=True, direct=False, members={CAROL: None, BOT: None})
    house.rooms.known[BACKSTAGE] = there
    house.rooms.aliases["#gig:hs"] = BACKSTAGE
    said = [await house.hear(CAROL, '!ticket new "A" 1 EUR x1 in #other:hs')]
    house.rooms.levels[BACKSTAGE] = Powers(users={BOT: 50}, invite=50)
    said.append(await house.hear(CAROL, '!ticket new "A" 1 EUR x1 in #gig:hs'))
    house.rooms.known[BACKSTAGE] = replace(there, members={CAROL: None})
    house.rooms.levels[BACKSTAGE] = Powers()
    said.append(await house.hear(CAROL, '!ticket new "A" 1 EUR x1 in #gig:hs'))

    assert [keys(one) for one in said] == [["error.gig_room"]] * 3


# ---------------------------------------------------------------- from hand to hand


async def test_a_ticket_given_on_has_a_new_code(house: House) -> None:
    await opened(house)
    (old,) = codes(await bought(house))
    ticket = read_ticket_code(old).ticket
    said = await house.hear(BOB, f"!ticket give {old} to {ALICE}", DINNER)
    (new,) = codes(said)

    assert [say.person for say in said if say.lines] == [ALICE]
    assert read_ticket_code(new).ticket == ticket
    assert (read_ticket_code(old).turn, read_ticket_code(new).turn) == (0, 1)
    assert ticket in words(await house.hear(ALICE, "!ticket mine"))
    assert keys(await house.hear(BOB, f"!ticket give {ticket} to {ALICE}", DINNER)) == [
        "error.no_such_ticket"
    ]
    assert keys(await house.hear(ALICE, f"!ticket give {ticket} to {ALICE}", DINNER)) == [
        "error.holds_it_already"
    ]


# ---------------------------------------------------------------- at once


async def test_a_hundred_buyers_at_once_get_the_places_there_are_and_no_more(house: House) -> None:
    await opened(house, '"Gig" 5 EUR x35')
    guests = await crowd(house, 100)
    for guest in guests:
        await house.hear(guest, "!ticket Gig", DINNER)
    answers = await asyncio.gather(*(house.hear(guest, "!yes", DINNER) for guest in guests))
    # Whoever reads what is new meanwhile may read it twice.
    said = list({say.id: say for says in answers for say in says}.values())
    balances = [await house.balance(guest) for guest in guests]

    assert await held(house) == 35
    assert len(set(codes(said))) == len(codes(said)) == 35
    assert keys(said).count("error.event_sold_out") == 65
    assert {say.lines for say in said if say.key == "error.event_sold_out"} == {('!ticket wait "Gig"',)}
    assert sorted(balances) == [5_00] * 35 + [10_00] * 65
    assert await house.balance(CAROL) == 35 * 5_00


async def test_the_database_itself_sells_no_place_twice_and_makes_no_ticket_twice(
    house: House, tmp_path: Path
) -> None:
    await opened(house, '"Gig" 5 EUR x1')
    await house.link(ALICE)
    await house.fund(ALICE, 50_00)
    said = await house.hear(ALICE, "!ticket Gig", DINNER)
    card = await house.book.transfer(str(said[0].facts["payment"]))
    assert card is not None
    late = await house.desk.ticket_issue.taken(card)
    await bought(house)
    booking = await house.book.booking(card.id)
    assert booking is not None
    settled = replace(card, state=TransferState.SETTLED)
    same = "holder, 'valid', 0, NULL, NULL, NULL, 1 FROM ticket"

    with pytest.raises(StaleError):
        await house.book.commit(late)
    with pytest.raises(StepRefusedError):
        await house.book.commit((await house.desk.ticket_issue.follow(settled))[0])
    assert booking.state is BookingState.OPEN
    with closing(sqlite3.connect(tmp_path / "paybridge.db")) as raw:
        for attack in (
            "DELETE FROM gig",
            "DELETE FROM ticket",
            "DELETE FROM booking",
            "UPDATE gig SET held = 2",
            "UPDATE gig SET places = 2",
            "UPDATE booking SET pieces = 2",
            "UPDATE booking SET state = 'back' WHERE state = 'taken'",
            "UPDATE ticket SET holder = 'x'",
            "UPDATE ticket SET turn = 2",
            f"INSERT INTO ticket SELECT 'x', booking, gig, 1, {same}",
            f"INSERT INTO ticket SELECT 'x', booking, gig, 2, {same}",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute(attack)


# ---------------------------------------------------------------- the door


async def test_each_code_lets_in_once_and_the_door_says_what_it_is_worth(house: House) -> None:
    await opened(house)
    await house.link(ALICE)
    await house.fund(ALICE, 50_00)
    mine, other = codes(await bought(house, "!ticket 2 Gig"))
    (hers,) = codes(await bought(house, "!ticket Gig", ALICE))
    (new,) = codes(await house.hear(BOB, f"!ticket give {other} to {ALICE}", DINNER))
    forged = mine.replace(":1:0:", ":2:0:")
    first = await house.hear(CAROL, f"!ticket door {mine.lower()}")
    house.clock.pass_by(timedelta(minutes=5))
    later = words(await house.hear(CAROL, f"!ticket door Gig {mine}, {other} {new} {forged} x {hers} {hers}"))

    assert "valid, let them in (Gig)" in words(first)
    assert later.count(": valid") == 2
    assert later.count(": used already, on Mar 2, 2026 09:00 UTC, let in by Carol (@carol:hs) (Gig)") == 1
    assert later.count(": used already, on Mar 2, 2026 09:05 UTC") == 1
    assert later.count("handed on, this code is dead") == 1
    assert later.count("not a ticket of this house") == 2


async def test_only_who_was_put_at_the_door_looks_at_tickets(house: House) -> None:
    await opened(house)
    (code,) = codes(await bought(house))
    stranger = await house.hear(ALICE, f"!ticket door {code}")
    await house.hear(CAROL, "!ticket staff Gig Alice", DINNER, pills=(Pill(ALICE, "Alice"),))
    helper = words(await house.hear(ALICE, f"!ticket door {code}"))
    listed = await house.hear(ALICE, "!ticket list Gig", DINNER)
    await house.hear(CAROL, f"!ticket staff Gig {ALICE} leave", DINNER)

    assert keys(stranger) == ["error.not_at_the_door"]
    assert "valid, let them in" in helper
    assert "Gig: 1 of 80 sold, 1 there, 0 waiting" in words(listed)
    assert "Bob" in words(listed) or BOB in words(listed)
    assert ", is there" in words(listed)
    assert not [say for say in listed if say.key == "ticket.door_list" and say.room == DINNER]
    assert keys(await house.hear(ALICE, f"!ticket door {code}")) == ["error.not_at_the_door"]
    assert keys(await house.hear(ALICE, "!ticket list Gig")) == ["error.no_such_gig"]


async def test_a_ticket_of_another_event_is_told_so(house: House) -> None:
    await opened(house)
    await house.hear(CAROL, '!ticket new "Matinee" 5 EUR x8')
    (code,) = codes(await bought(house, "!ticket matinee"))
    said = words(await house.hear(CAROL, f"!ticket door Gig {code}"))

    assert "for another event, Matinee" in said
    assert "valid" in words(await house.hear(CAROL, f"!ticket door {code}"))


async def test_of_two_doors_at_the_same_moment_one_lets_in(house: House) -> None:
    await opened(house)
    (code,) = codes(await bought(house))
    await house.hear(CAROL, f"!ticket staff Gig {ALICE}", DINNER)
    said = await asyncio.gather(
        house.hear(CAROL, f"!ticket door {code}"), house.hear(ALICE, f"!ticket door {code}")
    )
    told = {say.id: say for says in said for say in says}

    assert sorted("valid" in words([say]) for say in told.values()) == [False, True]
    assert sum("used already" in words([say]) for say in told.values()) == 1


async def test_a_device_that_is_not_proven_lets_nobody_in(house: House) -> None:
    await opened(house)
    (code,) = codes(await bought(house))
    weak = OwnDevice(Trust.UNVERIFIED, "NEW")

    for line in (
        f"door {code}",
        f"give {code} to {ALICE}",
        f"refund {code}",
        'new "A" 1 EUR x1',
        "close Gig",
    ):
        who = CAROL if line.startswith(("door", "new", "close")) else BOB
        said = await house.hear(who, f"!ticket {line}", DINNER, proof=weak)

        assert keys(said) == ["error.device_not_proven"], line


async def test_a_ticket_whose_money_the_bank_took_back_lets_nobody_in(house: House) -> None:
    await opened(house)
    await house.hear(BOB, "!cashout all")
    await house.hear(BOB, "!yes")
    await house.carry()
    await bought(house)
    (code,) = codes(await house.carry())
    payment = read_ticket_code(code).ticket[:-2]
    house.rail.take_back(f"{payment}/1")
    await house.reconciler.hint(RailEvent("event", f"{payment}/1", "reversed"))
    await house.carry()
    told = words(await house.hear(CAROL, f"!ticket door {code}"))

    assert "bank took the money back" in told
    assert "valid" not in told


# ---------------------------------------------------------------- given back


async def test_a_holder_gives_a_ticket_back_until_the_date(house: House) -> None:
    await opened(house, '"Gig" 15 EUR x2 refund until 2026-03-10')
    one, other = codes(await bought(house, "!ticket 2 Gig"))
    said = await house.hear(BOB, f"!ticket refund {one}", DINNER)
    again = await house.hear(BOB, f"!ticket refund {one}", DINNER)
    door = words(await house.hear(CAROL, f"!ticket door {one}"))
    after = (await held(house), await house.balance(BOB), await house.balance(CAROL))
    house.clock.pass_by(timedelta(days=9))
    late = await house.hear(BOB, f"!ticket refund {other}", DINNER)

    assert sorted(keys(said)) == ["refund.receipt", "ticket.refunded"]
    assert keys(again) == ["error.ticket_not_valid"]
    assert "given back, good for nothing" in door
    assert after == (1, 185_00, 15_00)
    assert keys(late) == ["error.ticket_refund_over"]


async def test_the_last_ticket_of_an_order_is_given_back_too(house: House) -> None:
    await opened(house, '"Gig" 15 EUR x2 refund until 2026-03-10')
    for code in codes(await bought(house, "!ticket 2 Gig")):
        said = await house.hear(BOB, f"!ticket refund {code}", DINNER)

        assert keys(said).count("ticket.refunded") == 1
    assert (await held(house), await house.balance(BOB), await house.balance(CAROL)) == (0, 200_00, 0)


async def test_a_refund_that_the_seller_cannot_pay_changes_nothing(house: House) -> None:
    await opened(house, '"Gig" 15 EUR x2 refund until 2026-03-10')
    (code,) = codes(await bought(house))
    await house.hear(CAROL, "!cashout all")
    await house.hear(CAROL, "!yes")
    await house.carry()

    assert keys(await house.hear(BOB, f"!ticket refund {code}", DINNER)) == ["error.shop_cannot_refund"]
    assert await held(house) == 1


async def test_money_goes_back_only_to_who_paid(house: House) -> None:
    await opened(house, '"Gig" 15 EUR x2 refund until 2026-03-10')
    (code,) = codes(await bought(house))
    await house.hear(BOB, f"!ticket give {code} to {ALICE}", DINNER)
    ticket = read_ticket_code(code).ticket
    (refused,) = await house.hear(ALICE, f"!ticket refund {ticket}", DINNER)

    assert (refused.key, refused.lines) == ("error.ticket_was_given", (f"!ticket give {ticket} to {BOB}",))
    assert await house.balance(BOB) == 185_00


async def test_the_seller_gives_money_back_at_any_time_by_a_card(house: House) -> None:
    await opened(house)
    one, other = codes(await bought(house, "!ticket 2 Gig"))
    none = await house.hear(BOB, f"!ticket refund {one}", DINNER)
    card = await house.hear(CAROL, f"!ticket refund {one}", DINNER)
    before = await held(house)
    said = await house.hear(CAROL, "!yes", DINNER)
    whole = await house.hear(CAROL, f"!refund {read_ticket_code(one).ticket[:-2]}", DINNER)
    await house.hear(CAROL, "!yes", DINNER)

    assert keys(none) == ["error.ticket_refund_over"]
    assert keys(card) == keys(whole) == ["refund.card"]
    assert before == 2
    assert [say.person for say in said if say.key == "ticket.refunded"] == [BOB]
    assert "given back" in words(await house.hear(CAROL, f"!ticket door {other}"))
    assert (await held(house), await house.balance(BOB), await house.balance(CAROL)) == (0, 200_00, 0)


async def test_a_ticket_used_meanwhile_is_not_given_back(house: House) -> None:
    await opened(house)
    (code,) = codes(await bought(house))
    await house.hear(CAROL, f"!ticket refund {code}", DINNER)
    await house.hear(CAROL, f"!ticket door {code}")

    assert keys(await house.hear(CAROL, "!yes", DINNER)) == ["error.ticket_not_valid"]
    assert await house.balance(BOB) == 185_00


# ---------------------------------------------------------------- waiting


async def test_whoever_waits_is_offered_what_is_free_in_order_and_for_a_while(house: House) -> None:
    await opened(house, '"Gig" 15 EUR x1 refund until 2026-03-10')
    early = await house.hear(BOB, "!ticket wait Gig", DINNER)
    (code,) = codes(await bought(house))
    await house.link(ALICE)
    await house.fund(ALICE, 50_00)
    (guest,) = await crowd(house, 1)
    sold_out = await house.hear(ALICE, "!ticket Gig", DINNER)
    waits = [await house.hear(who, "!ticket wait Gig", DINNER) for who in (ALICE, guest)]
    twice = await house.hear(ALICE, "!ticket wait Gig", DINNER)
    nothing = await house.offer()
    await house.hear(BOB, f"!ticket refund {code}", DINNER)
    offered = await house.offer()
    meanwhile = await house.hear(BOB, "!ticket Gig", DINNER)
    house.clock.pass_by(timedelta(minutes=31))
    passed_on = await house.offer()
    too_late = await house.hear(ALICE, "!ticket Gig", DINNER)
    guest_buys = await house.hear(guest, "!ticket Gig", DINNER)

    assert keys(early) == ["error.places_left"]
    assert [keys(one) for one in waits] == [["ticket.waits"]] * 2
    assert "number 2" in words(waits[1])
    assert keys(twice) == ["error.waits_already"]
    assert sold_out[0].lines == ('!ticket wait "Gig"',)
    assert nothing == []
    assert [(say.key, say.person, say.lines) for say in offered] == [
        ("ticket.offered", ALICE, ('!ticket "Gig"',))
    ]
    assert keys(meanwhile) == ["error.event_sold_out"]
    assert [(say.key, say.person) for say in passed_on] == [
        ("ticket.offer_over", ALICE),
        ("ticket.offered", guest),
    ]
    assert keys(too_late) == ["error.event_sold_out"]
    # Ten euros are not enough, and the place stays theirs until they have more.
    assert keys(guest_buys) != ["error.event_sold_out"]


async def test_an_offer_is_taken_by_who_has_it(house: House) -> None:
    await opened(house, '"Gig" 15 EUR x1 refund until 2026-03-10')
    (code,) = codes(await bought(house))
    await house.link(ALICE)
    await house.fund(ALICE, 50_00)
    await house.hear(ALICE, "!ticket wait Gig", DINNER)
    await house.hear(BOB, f"!ticket refund {code}", DINNER)
    await house.offer()
    (hers,) = codes(await bought(house, "!ticket Gig", ALICE))

    assert read_ticket_code(hers).ticket != read_ticket_code(code).ticket
    assert await held(house) == 1
    assert await house.offer() == []


async def test_whoever_waits_no_more_makes_room_for_the_next(house: House) -> None:
    await opened(house, '"Gig" 15 EUR x1 refund until 2026-03-10')
    (code,) = codes(await bought(house))
    for who in (ALICE, CAROL):
        await house.hear(who, "!ticket wait Gig", DINNER)
    await house.hear(BOB, f"!ticket refund {code}", DINNER)
    await house.offer()
    left = await house.hear(ALICE, "!ticket wait Gig leave", DINNER)
    not_there = await house.hear(ALICE, "!ticket wait Gig leave", DINNER)

    assert keys(left) == ["ticket.waits_no_more"]
    assert keys(not_there) == ["error.waits_not"]
    assert [(say.key, say.person) for say in await house.offer()] == [("ticket.offered", CAROL)]

"""Linking a ghost to a person of Matrix: both have to say so, and either can end it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.proof import HomeserverOnly, ViaBridgeBot
from paybridge.services.ports import Seat
from tests.fakes.ghosts import (
    CHANNEL,
    IRIS,
    PORTAL,
    VIA_IRC,
    VIA_WHATSAPP,
    WALT,
    WANDA,
    open_bridged_house,
)
from tests.fakes.house import ALICE, BOB, DINNER, direct, keys, words
from tests.services.authenticator import with_factor

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.says import Say
    from tests.fakes.house import House

LATE = timedelta(hours=13)
PROOFS = {IRIS: (CHANNEL, VIA_IRC), WANDA: (PORTAL, VIA_WHATSAPP), WALT: (PORTAL, VIA_WHATSAPP)}


@pytest.fixture
async def house(tmp_path: Path) -> House:
    house = await open_bridged_house(tmp_path)
    await house.link(ALICE)
    await house.fund(ALICE, 10_000)
    sit(house, CHANNEL, IRIS, "$joined")
    return house


def sit(house: House, room: str, ghost: str, event: str, name: str | None = None) -> None:
    """Have the ghost come (again) into the room, by that event, and perhaps under another name."""
    facts = house.rooms.known[room]
    members = {**facts.members, ghost: name or facts.members.get(ghost)}
    seats = {**facts.seats, ghost: Seat(event)}
    house.rooms.known[room] = replace(facts, members=members, seats=seats)


async def by(house: House, ghost: str, line: str) -> list[Say]:
    """Have a ghost type a line in its room."""
    room, proof = PROOFS[ghost]
    return await house.hear(ghost, line, room, proof=proof)


async def code_for(house: House, network: str, mxid: str = ALICE) -> str:
    """The line with a fresh code that a person is to say on the network."""
    return (await house.hear(mxid, f"!me {network}"))[0].lines[0]


async def tie(house: House, ghost: str, network: str) -> list[Say]:
    """Link the ghost to Alice; what is said at her yes."""
    await by(house, ghost, await code_for(house, network))
    said = await house.hear(ALICE, "!me yes")
    house.clock.pass_by(timedelta(minutes=1))
    return said


async def test_a_ghost_that_says_the_code_is_linked_once_matrix_confirms_who_said_it(house: House) -> None:
    offered = await house.hear(ALICE, "!me whatsapp")
    said = await by(house, WANDA, offered[0].lines[0])
    before = await house.book.person_of(WANDA)
    confirmed = await house.hear(ALICE, "!me yes")
    alice, wanda = await house.book.person_of(ALICE), await house.book.person_of(WANDA)

    assert keys(offered) == ["ghost.code"]
    assert keys(said) == ["ghost.said", "ghost.claimed"]
    assert [say.person for say in said] == [None, ALICE]
    assert all(part in words(said[1:]) for part in (WANDA, "Wanda (WA)", "WhatsApp"))
    assert ALICE not in words(said[:1])
    assert before is None
    assert keys(confirmed) == ["ghost.tied", "ghost.tied.to_ghost"]
    assert alice is not None
    assert wanda == alice


async def test_the_ghost_may_also_say_it_as_link(house: House) -> None:
    line = await code_for(house, "WhatsApp")
    said = await by(house, WANDA, line.lower().replace("!me", "!link"))

    assert keys(said) == ["ghost.said", "ghost.claimed"]


async def test_without_a_yes_nothing_is_linked_and_a_no_ends_the_code(house: House) -> None:
    line = await code_for(house, "whatsapp")
    await by(house, WANDA, line)
    refused = await house.hear(ALICE, "!me no")
    again = await by(house, WANDA, line)
    yes = await house.hear(ALICE, "!me yes")

    assert keys(refused) == ["ghost.refused"]
    assert keys(again) == ["error.wrong_tie_code"]
    assert keys(yes) == ["error.nobody_claimed"]
    assert await house.book.person_of(WANDA) is None


async def test_a_code_is_good_for_ten_minutes_and_so_is_what_was_said(house: House) -> None:
    line = await code_for(house, "whatsapp")
    house.clock.pass_by(timedelta(minutes=10))
    too_late = await by(house, WANDA, line)
    await by(house, WANDA, await code_for(house, "whatsapp"))
    house.clock.pass_by(timedelta(minutes=10))
    unconfirmed = await house.hear(ALICE, "!me yes")

    assert keys(too_late) == ["error.tie_code_over"]
    assert keys(unconfirmed) == ["error.nobody_claimed"]


async def test_a_code_counts_for_one_network_and_a_new_one_ends_it(house: House) -> None:
    first = await code_for(house, "whatsapp")
    elsewhere = await by(house, IRIS, first)
    second = await code_for(house, "whatsapp")
    ended = await by(house, WANDA, first)
    good = await by(house, WANDA, second)

    assert keys(elsewhere) == keys(ended) == ["error.wrong_tie_code"]
    assert keys(good) == ["ghost.said", "ghost.claimed"]


async def test_after_five_wrong_codes_a_ghost_is_not_listened_to_for_an_hour(house: House) -> None:
    right = await code_for(house, "whatsapp")
    wrong = [await by(house, WANDA, f"!me 0000-000{place}") for place in range(5)]
    even_right = await by(house, WANDA, right)
    another = await by(house, WALT, right)
    house.clock.pass_by(timedelta(hours=1))
    later = await by(house, WANDA, await code_for(house, "whatsapp"))

    assert [keys(said) for said in wrong] == [["error.wrong_tie_code"]] * 5
    assert keys(even_right) == ["error.too_many_guesses"]
    assert keys(another) == keys(later) == ["ghost.said", "ghost.claimed"]


async def test_a_person_is_given_five_codes_in_an_hour(house: House) -> None:
    given = [await house.hear(ALICE, "!me irc") for _ in range(6)]

    assert [keys(said) for said in given] == [*[["ghost.code"]] * 5, ["error.too_many_tie_codes"]]


async def test_of_two_ghosts_that_say_a_code_at_once_one_is_asked_about(house: House) -> None:
    line = await code_for(house, "whatsapp")
    room = house.rooms.known[PORTAL]
    wanda, walt = await house.desk.people.know(WANDA), await house.desk.people.know(WALT)
    first = await house.desk.ghosts.claim(wanda, line.split()[1], room)
    second = await house.desk.ghosts.claim(walt, line.split()[1], room)
    ended = await asyncio.gather(
        house.book.commit(first.step), house.book.commit(second.step), return_exceptions=True
    )
    waiting = await house.book.ties.waiting((await house.desk.people.know(ALICE)).person.id)

    assert sorted(type(one).__name__ for one in ended) == ["NoneType", "StaleError"]
    assert waiting is not None
    assert waiting.ghost in {WANDA, WALT}


async def test_the_code_is_kept_as_a_hash_alone(house: House) -> None:
    line = await code_for(house, "whatsapp")
    waiting = await house.book.ties.waiting((await house.desk.people.know(ALICE)).person.id)

    assert waiting is not None
    assert line.split()[1].replace("-", "") not in repr(waiting)


async def test_only_a_proven_device_in_the_direct_message_is_given_a_code_or_confirms(house: House) -> None:
    in_room = await house.hear(ALICE, "!me irc", DINNER)
    unproven = await house.hear(ALICE, "!me irc", proof=HomeserverOnly())
    puppet = await house.hear(ALICE, "!me yes", PORTAL, proof=ViaBridgeBot("whatsapp", puppet=True))

    assert keys(in_room) == ["error.direct_only"]
    assert keys(unproven) == ["error.device_not_proven"]
    assert keys(puppet) == ["error.only_ghosts"]


async def test_what_the_ghost_had_moves_to_its_person_and_stays_there(house: House) -> None:
    place = direct(WANDA)
    house.rooms.known[place] = replace(house.rooms.known[direct(ALICE)], id=place, members={WANDA: None})
    await house.link(WANDA)
    await house.fund(WANDA, 2_000)
    confirmed = await tie(house, WANDA, "whatsapp")
    together = await house.balance(ALICE)
    removed = await house.hear(ALICE, "!me remove 1")
    listed = await house.hear(ALICE, "!me list")

    assert "20.00 EUR" in words(confirmed[:1])
    assert "20.00" not in words(confirmed[1:])
    assert together == 12_000
    assert keys(removed) == ["ghost.removed", "ghost.removed.to_ghost"]
    assert keys(listed) == ["ghost.none"]
    assert await house.balance(ALICE) == 12_000
    assert await house.balance(WANDA) == 0


async def test_a_linked_nick_asks_and_its_person_approves_in_matrix_with_the_code(house: House) -> None:
    await tie(house, IRIS, "irc")
    asked = await by(house, IRIS, f"!pay {BOB} 5 EUR lunch")
    by_yes = await house.hear(ALICE, "!yes")
    receipt = await house.hear(ALICE, asked[-1].lines[0])

    assert keys(asked) == ["ghost.waits", "ghost.asks", "pay.card"]
    assert [say.room for say in asked] == [CHANNEL, None, None]
    assert [say.person for say in asked] == [None, ALICE, ALICE]
    code = asked[-1].lines[0].split()[1]
    assert code not in words(asked[:1]) + str(asked[0].about)
    assert "5.00 EUR" in words(asked[2:])
    assert BOB in words(asked[2:])
    assert keys(by_yes) == ["error.asked_by_ghost"]
    assert [(say.key, say.room, say.person) for say in receipt] == [
        ("pay.waiting", CHANNEL, None),
        ("claim.waiting", None, BOB),
        ("pay.own.waiting", None, ALICE),
    ]
    assert await house.balance(ALICE) == 9_500


async def test_a_ghost_approves_nothing_that_was_asked_for_elsewhere(house: House) -> None:
    await tie(house, WANDA, "whatsapp")
    house.clock.pass_by(LATE)
    await house.hear(ALICE, f"!pay {BOB} 1 EUR", DINNER)
    said = await by(house, WANDA, "!yes")

    assert keys(said) == ["error.not_its_own"]
    assert await house.balance(ALICE) == 10_000


async def test_for_twelve_hours_a_new_ghost_approves_nothing_and_then_little(house: House) -> None:
    await house.hear(ALICE, f"!pay {BOB} 1 EUR", DINNER)
    await house.hear(ALICE, "!yes")
    await tie(house, WANDA, "whatsapp")
    at_first = await by(house, WANDA, f"!pay {BOB} 1 EUR")
    await house.hear(ALICE, "!cancel")
    house.clock.pass_by(LATE)
    later = await by(house, WANDA, f"!pay {BOB} 1 EUR")
    receipt = await by(house, WANDA, "!yes")

    assert keys(at_first) == ["ghost.waits", "ghost.asks", "pay.card"]
    assert keys(later) == ["pay.card"]
    assert keys(receipt)[0] == "pay.waiting"


async def test_money_for_a_linked_ghost_goes_to_its_person_who_reads_of_it(house: House) -> None:
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 1_000)
    await tie(house, IRIS, "irc")
    await house.hear(BOB, f"!pay {IRIS} 5 EUR", CHANNEL, proof=HomeserverOnly())
    receipt = await house.hear(BOB, "!yes")

    assert ("pay.received", None, ALICE) in [(say.key, say.room, say.person) for say in receipt]
    assert await house.balance(ALICE) == 10_500


async def test_a_nick_that_left_and_came_back_does_nothing_until_it_is_confirmed_again(house: House) -> None:
    await tie(house, IRIS, "irc")
    asked = await by(house, IRIS, f"!pay {BOB} 5 EUR")
    sit(house, CHANNEL, IRIS, "$somebody-else")
    void = await house.hear(ALICE, asked[-1].lines[0])
    thief = await by(house, IRIS, f"!pay {BOB} 90 EUR")
    confirmed = await house.hear(ALICE, "!me yes")
    still_void = await house.hear(ALICE, asked[-1].lines[0])
    house.clock.pass_by(timedelta(seconds=1))
    anew = await by(house, IRIS, f"!pay {BOB} 5 EUR")

    assert keys(void) == ["ghost.stopped.left", "error.ghost_stopped"]
    assert keys(thief) == ["error.ghost_stopped"]
    assert keys(confirmed) == ["ghost.tied", "ghost.tied.to_ghost"]
    assert keys(still_void) == ["error.card_void"]
    assert keys(anew) == ["ghost.waits", "ghost.asks", "pay.card"]
    assert await house.balance(ALICE) == 10_000


async def test_a_nick_that_changes_hands_once_more_before_the_yes_is_not_confirmed(house: House) -> None:
    await tie(house, IRIS, "irc")
    sit(house, CHANNEL, IRIS, "$back")
    await by(house, IRIS, "!requests")
    sit(house, CHANNEL, IRIS, "$thief")
    said = await house.hear(ALICE, "!me yes")

    assert keys(said) == ["error.ghost_changed"]
    assert keys(await by(house, IRIS, f"!pay {BOB} 1 EUR")) == ["error.ghost_stopped"]


async def test_a_nick_that_left_before_the_first_yes_is_not_linked(house: House) -> None:
    await by(house, IRIS, await code_for(house, "irc"))
    sit(house, CHANNEL, IRIS, "$thief")
    said = await house.hear(ALICE, "!me yes")

    assert keys(said) == ["error.ghost_changed"]
    assert await house.book.person_of(IRIS) is None


async def test_an_account_with_another_name_is_confirmed_again(house: House) -> None:
    await tie(house, WANDA, "whatsapp")
    sit(house, PORTAL, WANDA, "$renamed", "Wolf (WA)")
    said = await by(house, WANDA, f"!pay {BOB} 1 EUR")

    assert keys(said) == ["ghost.stopped.profile", "error.ghost_stopped"]


async def test_an_account_that_was_silent_for_long_is_confirmed_again(house: House) -> None:
    await tie(house, WANDA, "whatsapp")
    house.clock.pass_by(timedelta(days=100))
    heard = await by(house, WANDA, "!requests")
    house.clock.pass_by(timedelta(days=179))
    still = await by(house, WANDA, "!requests")
    house.clock.pass_by(timedelta(days=180))
    said = await by(house, WANDA, "!requests")

    assert "error.ghost_stopped" not in keys(heard) + keys(still)
    assert keys(said) == ["ghost.stopped.silent", "error.ghost_stopped"]


async def test_the_other_side_can_only_stop_a_link(house: House) -> None:
    await tie(house, WANDA, "whatsapp")
    stopped = await by(house, WANDA, "!me remove")
    listed = await house.hear(ALICE, "!me list")
    refused = await by(house, WANDA, f"!pay {BOB} 1 EUR")

    assert keys(stopped) == ["ghost.stopped.here", "ghost.stopped.asked"]
    assert "!me yes 1" in words(listed)
    assert keys(refused) == ["error.ghost_stopped"]
    assert await house.book.person_of(WANDA) == await house.book.person_of(ALICE)


async def test_whoever_has_a_second_factor_confirms_with_it(house: House) -> None:
    phone, _ = await with_factor(house)
    await by(house, WANDA, await code_for(house, "whatsapp"))
    without = await house.hear(ALICE, "!me yes")
    confirmed = await house.hear(ALICE, f"!me yes {phone.shows_next()}")

    assert keys(without) == ["error.tie_factor_needed"]
    assert keys(confirmed) == ["ghost.tied", "ghost.tied.to_ghost"]


async def test_money_that_waited_for_a_ghost_waits_for_its_person(house: House) -> None:
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 1_000)
    await house.hear(BOB, f"!pay {WANDA} 5 EUR", PORTAL, proof=HomeserverOnly())
    await house.hear(BOB, "!yes")
    confirmed = await tie(house, WANDA, "whatsapp")
    claimed = await house.hear(ALICE, "!claim")
    past = await house.hear(ALICE, "!history")
    statement = await house.hear(ALICE, "!statement 2026-03")

    assert "5.00 EUR" in words(confirmed[:1])
    assert "claim.done" in keys(claimed)
    assert await house.balance(ALICE) == 10_500
    assert BOB in words(past)
    assert "error.internal" not in keys(statement)


async def test_an_account_behind_a_bridge_claims_into_its_balance_and_a_name_does_not(house: House) -> None:
    for ghost, room in ((WANDA, PORTAL), (IRIS, CHANNEL)):
        await house.hear(ALICE, f"!pay {ghost} 5 EUR", room, proof=HomeserverOnly())
        await house.hear(ALICE, "!yes")
    by_account = await by(house, WANDA, "!claim")
    by_nick = await by(house, IRIS, "!claim")

    assert "claim.done" in keys(by_account)
    assert keys(by_nick) == ["error.not_from_a_bridge"]
    assert await house.balance(WANDA) == 500
    assert await house.balance(IRIS) == 0


async def test_what_a_ghost_claimed_is_a_line_of_its_own_in_its_persons_statement(house: House) -> None:
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 1_000)
    await house.hear(BOB, f"!pay {WANDA} 5 EUR", PORTAL, proof=HomeserverOnly())
    await house.hear(BOB, "!yes")
    await by(house, WANDA, "!claim")
    await tie(house, WANDA, "whatsapp")
    statement = await house.hear(ALICE, "!statement 2026-03")

    assert await house.balance(ALICE) == 10_500
    assert "error.internal" not in keys(statement)
    assert any("Linked account" in str(say.facts) or "linked" in str(say.facts) for say in statement)


async def test_requests_of_and_to_a_ghost_follow_it(house: House) -> None:
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 1_000)
    asked = await by(house, WANDA, f"!request {BOB} 3 EUR")
    await house.hear(BOB, f"!request {WANDA} 2 EUR", PORTAL, proof=HomeserverOnly())
    await tie(house, WANDA, "whatsapp")
    listed = await house.hear(ALICE, "!requests")
    request = str(asked[0].facts["payment"])
    await house.hear(BOB, f"!accept {request}", PORTAL, proof=HomeserverOnly())
    await house.hear(BOB, "!yes")

    assert "3.00 EUR" in words(listed)
    assert "2.00 EUR" in words(listed)
    assert await house.balance(ALICE) == 10_300


async def test_whoever_is_forgotten_is_so_with_what_their_ghost_was(house: House) -> None:
    await by(house, WANDA, f"!request {BOB} 3 EUR")
    await tie(house, WANDA, "whatsapp")
    alice = await house.book.person_of(ALICE)
    assert alice is not None
    (former,) = await house.book.ties.formers(alice.id)
    await house.hear(ALICE, "!cashout all")
    await house.hear(ALICE, "!yes")
    await house.carry()
    gone = await house.hear(ALICE, "!forget-me for-ever")
    was = await house.book.person(former)

    assert "forget.done" in keys(gone)
    assert was is not None
    assert was.is_erased
    assert await house.book.person_of(WANDA) is None


async def test_what_a_ghosts_own_money_does_is_told_to_its_person_alone(house: House) -> None:
    await tie(house, IRIS, "irc")
    asked = await by(house, IRIS, "!cashout 20 EUR")
    approved = await house.hear(ALICE, asked[-1].lines[0])
    arrived = await house.carry()

    assert keys(asked) == ["reply.see_direct_message", "ghost.asks", "cashout.card"]
    assert approved
    assert arrived
    assert {say.person for say in (*asked[1:], *approved, *arrived)} == {ALICE}
    assert await house.balance(ALICE) == 8_000


async def test_a_number_and_a_hidden_number_are_two_people_until_both_are_linked(house: House) -> None:
    await tie(house, WANDA, "whatsapp")
    other = await by(house, WALT, "!me remove")
    listed = await house.hear(ALICE, "!me list")

    assert keys(other) == ["error.no_such_ghost"]
    assert WANDA in words(listed)
    assert WALT not in words(listed)


async def test_whoever_blocked_a_ghost_takes_no_requests_from_its_person(house: House) -> None:
    await by(house, WANDA, "!requests")
    await house.hear(BOB, f"!block {WANDA}", PORTAL, proof=HomeserverOnly())
    await tie(house, WANDA, "whatsapp")
    asked = await house.hear(ALICE, f"!request {BOB} 3 EUR", DINNER)
    listed = await house.hear(BOB, "!block list")
    await house.hear(BOB, f"!unblock {WANDA}")
    again = await house.hear(ALICE, f"!request {BOB} 4 EUR", DINNER)

    assert not any(say.person == BOB or BOB in say.notify for say in asked)
    assert WANDA in words(listed)
    assert any(say.person == BOB or BOB in say.notify for say in again)

"""A trip: people write down who paid what for whom, see why they owe it, and settle by requests."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.facts import Who
from paybridge.domain.people import Identity
from paybridge.domain.power import Powers
from paybridge.domain.spoken import Pill
from paybridge.services.ports import StaleError, Step
from paybridge.storage.audit import audit
from tests.fakes.house import ALICE, BOB, BOT, CAROL, DINNER, PLAIN, House, direct, keys, words

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.says import Say

DAVE = "@dave:hs"


async def say(house: House, who: str, line: str) -> Say:
    """The one answer to a line that somebody types in the room."""
    (answer,) = await house.hear(who, line, DINNER)
    return answer


async def told(house: House, who: str, line: str) -> str:
    return words([await say(house, who, line)])


async def parts(house: House, number: int) -> dict[str, tuple[int, int]]:
    """What everybody paid and carries of an expense, in minor units."""
    trip = await house.book.trip_in(DINNER)
    assert trip is not None
    mxids = {one.person: one.mxid for one in await house.book.travellers(trip.id)}
    entry = next(one for one in await house.book.entries(trip.id) if one.expense.number == number)
    return {mxids[part.person]: (part.paid.minor, part.owed.minor) for part in entry.parts}


@pytest.fixture
async def rome(house: House) -> House:
    """Alice, Bob and Carol are on their way to Rome."""
    assert keys(await house.hear(ALICE, "!trip start Rome EUR", DINNER)) == ["trip.people"]
    return house


async def test_everybody_in_the_room_is_in_a_trip_where_nobody_is_named(house: House) -> None:
    answer = await told(house, ALICE, "!trip start Rome EUR")

    assert "The trip “Rome” in EUR is open" in answer
    assert "· Alice (@alice:hs)\n· Bob (@bob:hs)\n· Carol (@carol:hs)\n" in answer
    assert "PayBridge" not in answer


async def test_who_may_not_pay_is_in_no_trip_unless_named(house: House) -> None:
    house.rooms.join(DINNER, "@shy:hs")

    assert "@shy:hs" not in await told(house, ALICE, "!trip start Rome EUR")
    assert "@shy:hs" in await told(house, ALICE, "!trip with @shy:hs")


async def test_who_is_named_is_in_it_and_others_are_taken_along_later(house: House) -> None:
    await house.hear(ALICE, f"!trip start Rome EUR with {BOB}", DINNER)
    stranger = await say(house, CAROL, "!trip add 5 EUR gelato")
    taken = await told(house, BOB, f"!trip with {CAROL}")

    assert (stranger.key, stranger.lines) == ("error.not_your_trip", (f"!trip with {CAROL}",))
    assert "Carol" in taken
    assert (await say(house, CAROL, "!trip add 5 EUR gelato")).key == "trip.added"
    assert (await say(house, BOB, f"!trip with {CAROL}")).key == "error.already_travelling"


@pytest.mark.parametrize(
    ("line", "shares"),
    [
        ("30 EUR dinner @all", {ALICE: (3000, 1000), BOB: (0, 1000), CAROL: (0, 1000)}),
        ("30 dinner", {ALICE: (3000, 1000), BOB: (0, 1000), CAROL: (0, 1000)}),
        ("10 EUR pizza for all of us", {ALICE: (1000, 334), BOB: (0, 333), CAROL: (0, 333)}),
        (f"10 EUR pizza by {BOB} @all", {ALICE: (0, 333), BOB: (1000, 334), CAROL: (0, 333)}),
        (f"30 EUR taxi {BOB} {CAROL}", {ALICE: (3000, 0), BOB: (0, 1500), CAROL: (0, 1500)}),
        (f"30 EUR taxi {BOB} and me", {ALICE: (3000, 1500), BOB: (0, 1500)}),
        (f"30 EUR taxi {BOB} x2 {CAROL}", {ALICE: (3000, 0), BOB: (0, 2000), CAROL: (0, 1000)}),
        (f"30 EUR taxi {BOB} 12.50 EUR me rest", {ALICE: (3000, 1750), BOB: (0, 1250)}),
        ("30 EUR taxi for Bob and me", {ALICE: (3000, 1500), BOB: (0, 1500)}),
        ("30 EUR wine without Carol", {ALICE: (3000, 1500), BOB: (0, 1500)}),
        (f"30 EUR hotel by {BOB} @all", {ALICE: (0, 1000), BOB: (3000, 1000), CAROL: (0, 1000)}),
        ("30 EUR hotel paid by Bob", {ALICE: (0, 1000), BOB: (3000, 1000), CAROL: (0, 1000)}),
        (f"by {BOB} hotel 30 EUR", {ALICE: (0, 1000), BOB: (3000, 1000), CAROL: (0, 1000)}),
        (f"90 EUR hotel by {BOB} and me", {ALICE: (4500, 3000), BOB: (4500, 3000), CAROL: (0, 3000)}),
        (
            f"90 EUR hotel by {BOB} 60 EUR and me 30 EUR",
            {ALICE: (3000, 3000), BOB: (6000, 3000), CAROL: (0, 3000)},
        ),
        ("4000 JPY at 0.0061 ramen @all", {ALICE: (2440, 814), BOB: (0, 813), CAROL: (0, 813)}),
        (f"4000 JPY at 0.0061 ramen {BOB} 1000 JPY me", {ALICE: (2440, 1830), BOB: (0, 610)}),
    ],
)
async def test_an_expense_is_read_as_it_is_said(
    rome: House, line: str, shares: dict[str, tuple[int, int]]
) -> None:
    assert (await say(rome, ALICE, f"!trip add {line}")).key == "trip.added"
    assert await parts(rome, 1) == shares


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("30 EUR dinner at Luigi @all", "dinner at Luigi"),
        ("30 EUR for dinner @all", "dinner"),
        ("30 EUR @all 2 beers each", "2 beers each"),
        (f"30 EUR tickets {BOB} and drinks", "tickets and drinks"),
        ("30 EUR by the sea", "by the sea"),
        ("30 EUR at 9 @all", "at 9"),
        ("30 EUR rest of the wine", "rest of the wine"),
    ],
)
async def test_the_other_words_are_its_note(rome: House, line: str, note: str) -> None:
    answer = await say(rome, ALICE, f"!trip add {line}")

    assert answer.facts["note"] == ({"words": note},)


async def test_pills_name_who_paid_and_who_shares(rome: House) -> None:
    await rome.hear(
        ALICE,
        "!trip add 30 EUR dinner by Bob Carol",
        DINNER,
        pills=(Pill(BOB, "Bob"), Pill(CAROL, "Carol")),
    )

    assert await parts(rome, 1) == {BOB: (1500, 1000), CAROL: (1500, 1000), ALICE: (0, 1000)}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("!trip add dinner @all", "error.no_amount"),
        ("!trip add 4000 JPY ramen", "error.rate_missing"),
        ("!trip add 4000 JPY at x ramen", "error.rate_not_read"),
        ("!trip add 4000 JPY at 0 ramen", "error.rate_not_read"),
        ("!trip add 1 JPY at 0.0001 ramen", "error.rate_too_small"),
        ("!trip add 900000000000 EUR castle", "error.amount_too_large"),
        (f"!trip add 5 EUR {BOB} 7 EUR", "error.split_too_much"),
        (f"!trip add 5 EUR {BOB} 2.50 EUR", "error.split_too_little"),
        (f"!trip add 5 EUR {BOB} {BOB}", "error.named_twice"),
        (f"!trip add 0.02 EUR {ALICE} {BOB} {CAROL}", "error.share_too_small"),
        (f"!trip add 5 EUR dinner by {DAVE}", "error.not_travelling"),
        (f"!trip add 5 EUR dinner {DAVE}", "error.not_travelling"),
        ("!trip add 5 EUR dinner without @zoe:hs", "error.not_travelling"),
        ("!trip remove 1", "error.no_such_expense"),
        ("!trip remove", "error.no_such_expense"),
        ("!trip start Paris EUR", "error.trip_open"),
    ],
)
async def test_what_is_refused_writes_nothing_down(rome: House, line: str, key: str) -> None:
    assert (await say(rome, ALICE, line)).key == key
    trip = await rome.book.trip_in(DINNER)
    assert trip is not None
    assert await rome.book.entries(trip.id) == []


async def test_the_list_tells_every_expense_and_how_everybody_stands(rome: House) -> None:
    await rome.hear(ALICE, "!trip add 30 EUR dinner @all", DINNER)
    await rome.hear(BOB, f"!trip add 1000 JPY at 0.0061 gelato {ALICE}", DINNER)
    listed = await told(rome, CAROL, "!trip")

    assert "1. 30.00 EUR · “dinner” · paid by Alice for Alice, Bob, Carol\n" in listed
    assert "2. 6.10 EUR (1,000 JPY at 0.0061) · “gelato” · paid by Bob for Alice\n" in listed
    assert "Together: 36.10 EUR\n" in listed
    assert "· Alice (@alice:hs): paid 30.00 EUR, carries 16.10 EUR, so gets 13.90 EUR\n" in listed
    assert "· Carol (@carol:hs): paid 0.00 EUR, carries 10.00 EUR, so owes 10.00 EUR\n" in listed


async def test_many_who_share_are_counted_and_a_long_plan_leaves_the_reasons_to_the_list(
    house: House,
) -> None:
    guests = [f"@guest{number}:hs" for number in range(4)]
    for guest in guests:
        house.rooms.join(DINNER, guest)
    await house.hear(ALICE, f"!trip start Rome EUR {' '.join(guests)}", DINNER)
    for number in range(15):
        await house.hear(ALICE, f"!trip add {number + 1} EUR gelato", DINNER)
    short = await told(house, ALICE, "!trip settle")
    await house.hear(ALICE, "!trip add 20 EUR gelato", DINNER)

    assert "“gelato” · paid by Alice for 5 people" in await told(house, ALICE, "!trip")
    assert short.count("- expense 15") == 4
    assert "- expense" not in await told(house, ALICE, "!trip settle")
    assert "The same with" not in short


async def test_anybody_in_it_takes_an_expense_out_again(rome: House) -> None:
    await rome.hear(ALICE, "!trip add 30 EUR dinner", DINNER)
    gone = await told(rome, BOB, "!trip remove 1")

    assert gone.startswith("Expense 1 counts no more: 30.00 EUR · “dinner”")
    assert (await say(rome, BOB, "!trip remove 1")).key == "error.no_such_expense"
    assert "Together: 0.00 EUR" in await told(rome, ALICE, "!trip")
    assert "Expense 2:" in await told(rome, ALICE, "!trip add 5 EUR gelato")


async def in_a_chain(house: House) -> None:
    """Bob owes Alice ten and Carol owes Bob ten, less what Alice owes Bob for a coffee."""
    await house.hear(ALICE, f"!trip add 12 EUR dinner {BOB}", DINNER)
    await house.hear(BOB, f"!trip add 2 EUR coffee {ALICE}", DINNER)
    await house.hear(BOB, f"!trip add 10 EUR museum {CAROL}", DINNER)


async def test_the_plan_says_who_owes_whom_and_why_and_asks_nobody(rome: House) -> None:
    await in_a_chain(rome)
    plan = await say(rome, CAROL, "!trip settle")
    text = words([plan])

    assert plan.lines == ("!trip settle net", "!trip settle pairs")
    assert (
        "· Bob (@bob:hs) owes Alice (@alice:hs) 10.00 EUR\n"
        "- expense 1 · “dinner”: 12.00 EUR\n"
        "- expense 2 · “coffee”: less 2.00 EUR, the other way round\n"
    ) in text
    assert "· Carol (@carol:hs) owes Bob (@bob:hs) 10.00 EUR\n- expense 3 · “museum”: 10.00 EUR" in text
    assert "The same with 1 payment instead of 2" in text
    assert "· Carol (@carol:hs) pays Alice (@alice:hs) 10.00 EUR\n" in text
    assert "· Bob (@bob:hs): paid 12.00 EUR, carries 12.00 EUR, so is even" in text
    assert keys(await rome.hear(BOB, "!accept", DINNER)) == ["error.nothing_to_answer"]
    assert (await say(rome, BOB, "!trip")).key == "trip.status"


async def test_a_plan_is_in_the_order_of_names_whatever_people_are_called_inside(rome: House) -> None:
    await rome.hear(ALICE, "!trip add 30 EUR dinner @all", DINNER)
    await rome.hear(BOB, f"!trip add 10 EUR museum {CAROL}", DINNER)
    plan = await say(rome, CAROL, "!trip settle")
    debts = plan.facts["debts"]
    assert isinstance(debts, tuple)

    assert [(debt["debtor"], debt["creditor"]) for debt in debts] == [
        (Who(BOB, "Bob"), Who(ALICE, "Alice")),
        (Who(CAROL, "Carol"), Who(ALICE, "Alice")),
        (Who(CAROL, "Carol"), Who(BOB, "Bob")),
    ]


async def test_settling_asks_with_the_fewest_payments_and_who_is_asked_pays_like_any_request(
    rome: House,
) -> None:
    await rome.link(CAROL)
    await in_a_chain(rome)
    ended, board = await rome.hear(BOB, "!trip settle net", DINNER)

    assert (ended.key, board.key, board.notify) == ("trip.settled", "split.open", (CAROL,))
    assert words([board]).startswith("Alice (@alice:hs) gets 10.00 EUR from the trip “Rome” · PB-")
    assert keys(await rome.hear(BOB, "!accept", DINNER)) == ["error.nothing_to_answer"]

    assert keys(await rome.hear(CAROL, "!accept", DINNER)) == ["pay.card"]
    paid = [*await rome.hear(CAROL, "!yes", DINNER), *await rome.carry()]

    assert "has got the 10.00 EUR from the trip “Rome”: everybody has paid" in words(paid)
    assert (await say(rome, ALICE, "!trip")).key == "error.no_trip"
    assert (await say(rome, ALICE, "!trip start Paris EUR")).key == "trip.people"


async def test_each_pair_may_settle_for_itself_and_a_share_may_come_in_cash(rome: House) -> None:
    await in_a_chain(rome)
    ended, alices, bobs = await rome.hear(CAROL, "!trip settle pairs", DINNER)
    cash = await rome.hear(ALICE, f"!split paid {BOB}", DINNER)

    assert ended.key == "trip.settled"
    assert (alices.notify, bobs.notify) == ((BOB,), (CAROL,))
    assert keys(cash) == ["split.settled"]


async def test_where_nobody_owes_anything_the_trip_just_ends(rome: House) -> None:
    await rome.hear(ALICE, f"!trip add 5 EUR coffee {BOB}", DINNER)
    await rome.hear(BOB, f"!trip add 5 EUR coffee {ALICE}", DINNER)

    assert keys(await rome.hear(BOB, "!trip settle", DINNER)) == ["trip.even"]
    assert (await say(rome, BOB, "!trip")).key == "error.no_trip"


async def test_a_trip_is_not_closed_by_accident_while_somebody_owes_something(rome: House) -> None:
    await in_a_chain(rome)
    refused = await say(rome, BOB, "!trip close")
    closed = await rome.hear(BOB, "!trip close anyway", DINNER)

    assert (refused.key, refused.lines) == ("error.not_even", ("!trip settle", "!trip close anyway"))
    assert keys(closed) == ["trip.closed"]
    assert keys(await rome.hear(CAROL, "!accept", DINNER)) == ["error.nothing_to_answer"]


async def test_whoever_left_the_room_can_neither_be_asked_nor_ask(rome: House) -> None:
    await in_a_chain(rome)
    rome.rooms.leave(DINNER, CAROL)

    assert (await say(rome, BOB, "!trip settle net")).key == "error.payee_not_here"
    assert (await say(rome, BOB, "!trip")).key == "trip.status"


async def test_whoever_left_the_room_does_not_ask_in_it(rome: House) -> None:
    await in_a_chain(rome)
    rome.rooms.leave(DINNER, ALICE)

    assert (await say(rome, BOB, "!trip settle net")).key == "error.payee_not_here"
    assert keys(await rome.hear(CAROL, "!accept", DINNER)) == ["error.nothing_to_answer"]


async def test_whoever_has_two_matrix_ids_is_in_the_trip_once(rome: House) -> None:
    bob = await rome.desk.people.know(BOB)
    await rome.book.commit(Step(records=(Identity("@bobby:hs", bob.person.id, rome.clock.now()),)))
    rome.rooms.join(DINNER, "@bobby:hs")
    assert (await say(rome, ALICE, "!trip with @bobby:hs")).key == "error.already_travelling"
    assert (await say(rome, ALICE, f"!trip add 5 EUR tea {BOB} @bobby:hs")).key == "error.named_twice"
    assert (await say(rome, ALICE, "!trip add 5 EUR tea by @bobby:hs for me")).key == "trip.added"

    assert await parts(rome, 1) == {BOB: (500, 0), ALICE: (0, 500)}


async def test_who_blocks_somebody_is_neither_taken_along_nor_asked_at_their_word(rome: House) -> None:
    await in_a_chain(rome)
    await rome.hear(CAROL, f"!block {BOB}")

    assert (await say(rome, BOB, "!trip settle net")).key == "error.request_not_taken"
    assert keys(await rome.hear(ALICE, "!trip settle net", DINNER)) == ["trip.settled", "split.open"]
    assert (await say(rome, BOB, f"!trip start Paris EUR {CAROL}")).key == "error.request_not_taken"


async def test_who_may_not_ask_in_the_room_settles_no_trip(rome: House) -> None:
    await in_a_chain(rome)
    rome.rooms.levels[DINNER] = Powers(users={ALICE: 100})
    assert keys(await rome.hear(ALICE, "!policy requests moderators", DINNER)) == ["policy.shown"]

    assert (await say(rome, BOB, "!trip settle net")).key == "error.only_moderators_may_ask"
    assert keys(await rome.hear(CAROL, "!accept", DINNER)) == ["error.nothing_to_answer"]


async def test_a_room_that_must_not_see_amounts_reads_none(rome: House) -> None:
    rome.rooms.levels[DINNER] = Powers(users={ALICE: 100})
    assert keys(await rome.hear(ALICE, "!policy receipts private", DINNER)) == ["policy.shown"]
    await rome.link(CAROL)
    said = await rome.hear(ALICE, f"!trip add 12.34 EUR dinner {CAROL}", DINNER)
    for line in ("!trip", "!trip settle", "!trip settle net"):
        said += await rome.hear(ALICE, line, DINNER)
    in_the_room = [one for one in said if one.room == DINNER]

    assert "12.34" not in words(in_the_room)
    assert "12.34" in words([one for one in said if one.person == ALICE])
    assert "split.private.open" in keys(in_the_room)


async def test_nobody_ends_a_trip_in_which_something_has_changed_that_they_have_not_seen(rome: House) -> None:
    trips = rome.desk.trips
    alice, bob = await rome.desk.people.know(ALICE), await rome.desk.people.know(BOB)
    outline = await trips.find(alice, DINNER)
    assert (await say(rome, BOB, "!trip add 5 EUR gelato")).key == "trip.added"

    with pytest.raises(StaleError):
        await rome.book.commit(trips.close(outline, anyway=True))
    outline = await trips.find(bob, DINNER)
    assert outline.trip.expenses == 1
    assert (await say(rome, ALICE, "!trip remove 1")).key == "trip.removed"
    with pytest.raises(StaleError):
        await rome.book.commit(trips.close(outline, anyway=True))
    outline = await trips.find(bob, DINNER)
    rome.rooms.join(DINNER, DAVE)
    assert (await say(rome, ALICE, f"!trip with {DAVE}")).key == "trip.people"
    with pytest.raises(StaleError):
        await rome.book.commit(trips.close(outline, anyway=True))


async def test_thirty_people_are_the_most_and_the_bot_is_none_of_them(house: House) -> None:
    guests = [f"@guest{number}:hs" for number in range(30)]
    for guest in guests:
        house.rooms.join(DINNER, guest)

    everybody = " ".join(guests)
    assert (await say(house, ALICE, f"!trip start Rome EUR {everybody}")).key == "error.too_many_shares"
    assert (await say(house, ALICE, f"!trip start Rome EUR {BOT}")).key == "error.payee_not_here"
    assert (await say(house, ALICE, f"!trip start Rome EUR {everybody[:-10]}".rsplit(" ", 1)[0])).key == (
        "trip.people"
    )


async def test_fifty_expenses_are_the_most(rome: House) -> None:
    trip = await rome.book.trip_in(DINNER)
    assert trip is not None
    await rome.book.commit(Step(records=(replace(trip, expenses=50),)))

    assert (await say(rome, ALICE, "!trip add 5 EUR gelato")).key == "error.too_many_expenses"


async def test_a_trip_is_in_an_encrypted_room_with_others(house: House) -> None:
    assert keys(await house.hear(ALICE, "!trip start Rome EUR", PLAIN)) == ["error.room_not_encrypted"]
    assert keys(await house.hear(ALICE, "!trip start Rome EUR", direct(ALICE))) == [
        "error.nobody_travels_along"
    ]
    assert (await say(house, ALICE, "!trip start Rome EUR @zoe:hs")).key == "error.payee_not_here"
    assert (await say(house, ALICE, f"!trip start Rome EUR {ALICE}")).key == "error.nobody_travels_along"
    assert (await say(house, ALICE, "!trip add 5 EUR gelato")).key == "error.no_trip"


async def test_whoever_forgot_themselves_is_asked_for_nothing(rome: House) -> None:
    await in_a_chain(rome)
    assert "forget.done" in keys(await rome.hear(CAROL, "!forget-me for-ever"))
    listed = await told(rome, ALICE, "!trip")

    assert "@erased:erased.invalid" in listed
    assert CAROL not in listed
    assert (await say(rome, BOB, "!trip settle net")).key == "error.payee_not_here"
    assert (await say(rome, BOB, "!trip add 5 EUR gelato")).key == "trip.added"
    assert {mxid: owed for mxid, (_, owed) in (await parts(rome, 4)).items()} == {ALICE: 250, BOB: 250}


async def test_the_audit_names_an_expense_that_was_changed_by_hand(rome: House, tmp_path: Path) -> None:
    await in_a_chain(rome)
    await rome.hear(BOB, "!trip settle net", DINNER)
    kept, copied = tmp_path / "paybridge.db", tmp_path / "copied.db"
    with closing(sqlite3.connect(kept)) as source, closing(sqlite3.connect(copied)) as copy:
        source.backup(copy)
        copy.execute("DROP TRIGGER expense_part_kept")
        copy.execute("UPDATE expense_part SET owed = owed + 1 WHERE paid = 0")
        copy.commit()
    (first, *_) = audit(f"sqlite+aiosqlite:///{copied}").problems

    assert "and its parts sum to 1200 paid and 1201 carried" in first
    assert audit(f"sqlite+aiosqlite:///{kept}").problems == ()

"""Dividing what one person paid: requests, a board that is kept up to date, and changes meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.money import Money
from paybridge.domain.people import NOBODY
from paybridge.domain.power import Powers
from paybridge.domain.spoken import GestureKind, Pill
from paybridge.services.ports import Step, StepRefusedError
from paybridge.services.says import Say
from paybridge.storage.audit import audit
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words

if TYPE_CHECKING:
    from pathlib import Path

SPLIT = f"!split 100 EUR {BOB} {CAROL} for dinner"


def asked(board: Say) -> dict[str, str]:
    """The requests on a board, by who is asked."""
    assert board.about is not None
    shares = board.about["shares"]
    assert isinstance(shares, list)
    return {share["payer"]: share["request"] for share in shares}


def states(board: Say) -> dict[str, str]:
    assert board.about is not None
    shares = board.about["shares"]
    assert isinstance(shares, list)
    return {share["payer"]: share["state"] for share in shares}


async def amounts(house: House, board: Say) -> dict[str, int]:
    shares = await house.book.shares(str(board.facts["payment"]))
    return {share.mxid: share.amount.minor for share in shares}


async def opened(house: House, line: str = SPLIT) -> Say:
    """Alice opens a split; Bob and Carol can pay."""
    await house.link(BOB)
    await house.link(CAROL)
    (board,) = await house.hear(ALICE, line, DINNER)
    assert board.key == "split.open", board
    return board


async def paid(house: House, who: str, request: str) -> Say:
    """Somebody accepts and pays; the board as it is then."""
    assert keys(await house.hear(who, f"!accept {request}", DINNER)) == ["pay.card"]
    said = [*await house.hear(who, "!yes", DINNER), *await house.carry()]
    return next(say for say in reversed(said) if say.key.startswith("split."))


async def test_one_message_shows_every_share_with_its_cents_and_pings_who_is_asked(house: House) -> None:
    board = await opened(house, f"!split 100.01 EUR {BOB} {CAROL} for dinner")
    told = words([board])

    assert (board.notify, board.slot) == ((BOB, CAROL), board.facts["payment"])
    assert "Alice (@alice:hs): 33.34 EUR (with the odd 0.01 EUR) · own share" in told
    assert "Bob (@bob:hs): 33.34 EUR (with the odd 0.01 EUR) · not paid yet: !accept PB-" in told
    assert "Carol (@carol:hs): 33.33 EUR · not paid yet" in told
    assert "Paid so far: 0.00 EUR of 66.67 EUR." in told


async def test_the_board_says_who_has_paid_and_settles_with_the_last(house: House) -> None:
    board = await opened(house, f"!split 30 EUR {BOB} {CAROL}")
    requests = asked(board)
    first = await paid(house, BOB, requests[BOB])
    last = await paid(house, CAROL, requests[CAROL])

    assert (first.key, first.slot) == ("split.open", board.slot)
    assert states(first) == {ALICE: "own", BOB: "paid", CAROL: "open"}
    assert "Bob (@bob:hs): 10.00 EUR · ✓ paid" in words([first])
    assert "Paid so far: 10.00 EUR of 20.00 EUR." in words([first])
    assert (last.key, last.slot) == ("split.settled", board.slot)
    assert keys(await house.hear(ALICE, "!split", DINNER)) == ["split.none"]


async def test_whoever_declines_stays_on_the_board_and_who_paid_is_told(house: House) -> None:
    requests = asked(await opened(house))
    said = await house.hear(BOB, f"!decline {requests[BOB]} not my dinner", DINNER)

    assert keys(said) == ["split.open", "request.declined"]
    assert said[1].notify == (ALICE,)
    assert "Bob (@bob:hs): 33.33 EUR · declined" in words(said)


async def test_who_does_not_answer_in_time_is_said_so(house: House) -> None:
    board = await opened(house)
    house.clock.pass_by(timedelta(days=8))
    said = await house.expire()

    assert keys(said) == ["split.open", "split.open"]
    assert states(said[-1]) == {ALICE: "own", BOB: "expired", CAROL: "expired"}
    assert said[-1].slot == board.slot


@pytest.mark.parametrize(
    ("words_of_it", "shares"),
    [
        (f"{BOB} x2 {CAROL}", {ALICE: 1500, BOB: 3000, CAROL: 1500}),
        (f"{BOB}=2 {CAROL}=1", {ALICE: 1500, BOB: 3000, CAROL: 1500}),
        (f"{BOB} 40% {CAROL} 60% not me", {BOB: 2400, CAROL: 3600}),
        (f"{BOB} 40% {CAROL} 60%", {ALICE: 0, BOB: 2400, CAROL: 3600}),
        (f"{BOB} 12 EUR {CAROL} rest not me", {BOB: 1200, CAROL: 4800}),
        (f"{BOB}=30.10 rest", {ALICE: 2990, BOB: 3010}),
        ("Bob, Carol and me for 2 pizzas", {ALICE: 2000, BOB: 2000, CAROL: 2000}),
        (f"me x2 {BOB}", {ALICE: 4000, BOB: 2000}),
        (f"not me {BOB} {CAROL}", {BOB: 3000, CAROL: 3000}),
    ],
)
async def test_shares_are_read_as_they_are_said(
    house: House, words_of_it: str, shares: dict[str, int]
) -> None:
    board = await opened(house, f"!split 60 EUR {words_of_it}")

    assert await amounts(house, board) == shares


async def test_mentions_one_behind_the_other_each_have_their_share(house: House) -> None:
    line, pills = "!split 60 EUR Bob Carol x2 for dinner", (Pill(BOB, "Bob"), Pill(CAROL, "Carol"))
    (board,) = await house.hear(ALICE, line, DINNER, pills=pills)

    assert await amounts(house, board) == {ALICE: 1500, BOB: 1500, CAROL: 3000}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f"!split 60 EUR {BOB} 70 EUR {CAROL}", "error.split_too_much"),
        (f"!split 60 EUR {BOB} 30% not me", "error.split_too_little"),
        (f"!split 0.01 EUR {BOB}", "error.share_too_small"),
        ("!split 60 EUR me", "error.nobody_to_split_with"),
        (f"!split 60 EUR {BOB} {BOB}", "error.named_twice"),
        (f"!split 60 EUR {BOB} 5 {CAROL}", "error.share_not_read"),
        (f"!split 60 EUR {BOB} @zoe:hs", "error.payee_not_here"),
        (f"!split {BOB} {CAROL}", "error.no_amount"),
        ("!split remind", "error.no_split_open"),
        ("!split close PB-22222", "error.no_such_payment"),
    ],
)
async def test_a_refused_split_asks_nobody(house: House, line: str, key: str) -> None:
    assert keys(await house.hear(ALICE, line, DINNER)) == [key]
    assert keys(await house.hear(BOB, "!accept", DINNER)) == ["error.nothing_to_answer"]


async def test_the_room_is_listed_first_and_its_line_asks_everybody_in_it(house: House) -> None:
    (listed,) = await house.hear(ALICE, "!split 60 EUR room for dinner", DINNER)
    assert keys(await house.hear(BOB, "!accept", DINNER)) == ["error.nothing_to_answer"]
    (board,) = await house.hear(ALICE, listed.lines[0], DINNER)

    assert (listed.key, listed.lines) == ("split.room", (f"!split 60.00 EUR {BOB} {CAROL} for dinner",))
    assert await amounts(house, board) == {ALICE: 2000, BOB: 2000, CAROL: 2000}


async def test_thirty_people_are_the_most(house: House) -> None:
    guests = [f"@guest{number}:hs" for number in range(30)]
    for guest in guests:
        house.rooms.join(DINNER, guest)

    assert keys(await house.hear(ALICE, f"!split 60 EUR {' '.join(guests)}", DINNER)) == [
        "error.too_many_shares"
    ]


async def test_one_reminder_a_day_pings_those_who_have_not_answered(house: House) -> None:
    requests = asked(await opened(house))
    await house.hear(BOB, f"!decline {requests[BOB]}", DINNER)
    (reminder,) = await house.hear(ALICE, "!split remind", DINNER)
    assert keys(await house.hear(ALICE, "!split remind", DINNER)) == ["error.reminded_today"]
    house.clock.pass_by(timedelta(days=1))
    (again,) = await house.hear(ALICE, "!split remind", DINNER)

    assert (reminder.key, reminder.notify, again.notify) == ("split.reminder", (CAROL,), (CAROL,))


async def test_what_was_paid_in_cash_counts_and_is_asked_for_no_more(house: House) -> None:
    requests = asked(await opened(house))
    (board,) = await house.hear(ALICE, f"!split paid {BOB} cash", DINNER)

    assert states(board) == {ALICE: "own", BOB: "cash", CAROL: "open"}
    assert "Paid so far: 33.33 EUR of 66.66 EUR." in words([board])
    assert keys(await house.hear(BOB, f"!accept {requests[BOB]}", DINNER)) == ["error.not_possible_now"]
    assert keys(await house.hear(ALICE, f"!split paid {BOB}", DINNER)) == ["error.no_share"]


async def test_who_is_left_out_is_asked_for_nothing_and_the_others_carry_their_part(house: House) -> None:
    before = asked(await opened(house))
    (board,) = await house.hear(ALICE, f"!split leave-out {BOB}", DINNER)

    assert await amounts(house, board) == {ALICE: 5000, BOB: 0, CAROL: 5000}
    assert states(board) == {ALICE: "own", BOB: "left_out", CAROL: "open"}
    assert keys(await house.hear(CAROL, f"!accept {before[CAROL]}", DINNER)) == ["error.not_possible_now"]
    assert asked(board)[CAROL] != before[CAROL]


async def test_another_sum_leaves_what_is_paid_and_divides_the_rest(house: House) -> None:
    board = await opened(house, f"!split 60 EUR {BOB} {CAROL}")
    await paid(house, BOB, asked(board)[BOB])
    (changed,) = await house.hear(ALICE, f"!split change {board.slot} 66 EUR", DINNER)

    assert await amounts(house, changed) == {ALICE: 2300, BOB: 2000, CAROL: 2300}
    assert states(changed) == {ALICE: "own", BOB: "paid", CAROL: "open"}
    assert (await paid(house, CAROL, asked(changed)[CAROL])).key == "split.settled"


async def test_what_is_paid_cannot_be_more_than_the_new_sum(house: House) -> None:
    board = await opened(house, f"!split 60 EUR {BOB} {CAROL}")
    await paid(house, BOB, asked(board)[BOB])

    assert keys(await house.hear(ALICE, "!split change 10 EUR", DINNER)) == ["error.split_too_much"]
    assert await amounts(house, board) == {ALICE: 2000, BOB: 2000, CAROL: 2000}


async def test_nothing_is_changed_under_a_payment_that_is_being_confirmed(house: House) -> None:
    board = await opened(house, f"!split 60 EUR {BOB} {CAROL}")
    await house.hear(BOB, f"!accept {asked(board)[BOB]}", DINNER)

    for line in (f"!split paid {BOB}", f"!split leave-out {BOB}", "!split change 66 EUR", "!split close"):
        assert keys(await house.hear(ALICE, line, DINNER)) == ["error.not_possible_now"]
    assert await amounts(house, board) == {ALICE: 2000, BOB: 2000, CAROL: 2000}


async def test_closing_asks_nobody_any_more_and_keeps_what_was_paid(house: House) -> None:
    board = await opened(house, f"!split 60 EUR {BOB} {CAROL}")
    await paid(house, BOB, asked(board)[BOB])
    (closed,) = await house.hear(ALICE, "!split close", DINNER)

    assert (closed.key, closed.slot) == ("split.closed", board.slot)
    assert states(closed) == {ALICE: "own", BOB: "paid", CAROL: "cancelled"}
    assert keys(await house.hear(CAROL, "!accept", DINNER)) == ["error.nothing_to_answer"]
    assert keys(await house.hear(ALICE, f"!split close {board.slot}", DINNER)) == ["error.not_possible_now"]


async def test_taking_back_the_command_closes_the_split(house: House) -> None:
    (board,) = await house.hear(ALICE, SPLIT, DINNER, event="$typed")
    assert await house.gesture(BOB, GestureKind.TAKEN_BACK, "$typed") == []
    said = await house.gesture(ALICE, GestureKind.TAKEN_BACK, "$typed")

    assert keys(said) == ["split.closed"]
    assert states(said[0]) == {ALICE: "own", BOB: "cancelled", CAROL: "cancelled"}
    assert board.slot == said[0].slot


async def test_the_same_message_twice_is_one_split(house: House) -> None:
    await house.hear(ALICE, SPLIT, DINNER, event="$typed")
    assert await house.hear(ALICE, SPLIT, DINNER, event="$typed") == []

    assert keys(await house.hear(ALICE, "!split remind", DINNER)) == ["split.reminder"]


async def test_open_splits_are_listed_and_only_to_whoever_opened_them(house: House) -> None:
    board = await opened(house)
    other = (await house.hear(ALICE, f"!split 10 EUR {BOB}", DINNER))[0]
    (listed,) = await house.hear(ALICE, "!split", DINNER)
    (shown,) = await house.hear(ALICE, f"!split {board.slot}", DINNER)

    assert words([listed]).index(str(other.slot)) < words([listed]).index(str(board.slot))
    assert shown.key == "split.open"
    assert keys(await house.hear(ALICE, "!split close", DINNER)) == ["error.which_split"]
    assert keys(await house.hear(BOB, f"!split {board.slot}", DINNER)) == ["error.no_such_payment"]
    assert keys(await house.hear(BOB, "!split", DINNER)) == ["split.none"]


async def test_whoever_is_forgotten_asks_nobody_any_more_and_stands_on_no_board(house: House) -> None:
    board = await opened(house)
    await house.hear(ALICE, f"!split 10 EUR {BOB}", DINNER)
    said = await house.hear(ALICE, "!forget-me for-ever")
    await house.hear(BOB, "!forget-me for-ever")
    split = await house.book.split(str(board.slot))
    shares = await house.book.shares(str(board.slot))

    assert keys(said).count("split.closed") == 2
    assert split is not None
    assert (split.payer_mxid, split.note) == (NOBODY, None)
    assert sorted(share.mxid for share in shares) == [CAROL, NOBODY, NOBODY]
    assert keys(await house.hear(CAROL, "!accept", DINNER)) == ["error.nothing_to_answer"]


async def test_a_room_that_hides_amounts_reads_none_and_each_is_told_their_own(house: House) -> None:
    house.rooms.levels[DINNER] = Powers({ALICE: 50})
    await house.hear(ALICE, "!policy receipts private", DINNER)
    said = await house.hear(ALICE, SPLIT, DINNER)
    told = words(said[:1])

    assert [(say.key, say.room or say.person) for say in said] == [
        ("split.private.open", DINNER),
        ("split.open", ALICE),
        ("request.asked", BOB),
        ("request.asked", CAROL),
    ]
    assert "33" not in told
    assert "EUR" not in told
    assert "not paid yet" in told


async def test_the_database_keeps_a_splits_terms_and_one_share_for_each(house: House) -> None:
    board = await opened(house)
    split = await house.book.split(str(board.slot))
    assert split is not None
    share = (await house.book.shares(split.id))[1]
    for record in (
        replace(split, room="!other:hs"),
        replace(share, weight=2),
        replace(share, amount=Money(0, "EUR")),
        replace(share, request=None),
        replace(share, id="another", version=0, request=None),
    ):
        with pytest.raises(StepRefusedError):
            await house.book.commit(Step(records=(record,)))
    await house.hear(ALICE, "!split close", DINNER)
    closed = await house.book.split(split.id)
    assert closed is not None
    with pytest.raises(StepRefusedError):
        await house.book.commit(Step(records=(replace(closed, state=split.state),)))

    assert await house.book.split(split.id) == closed


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ("UPDATE share SET amount = amount + 1 WHERE state = 'own'", "and its shares sum to 10001"),
        ("UPDATE request SET amount = 1", "somebody is asked for something else than their share"),
    ],
)
async def test_the_audit_names_a_split_that_was_changed_by_hand(
    house: House, tmp_path: Path, changed: str, named: str
) -> None:
    await opened(house)
    kept, copied = tmp_path / "paybridge.db", tmp_path / "copied.db"
    with closing(sqlite3.connect(kept)) as source, closing(sqlite3.connect(copied)) as copy:
        source.backup(copy)
        for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.execute(f"DROP TRIGGER {name}")
        copy.execute(changed)
        copy.commit()
    problems = audit(f"sqlite+aiosqlite:///{copied}").problems

    assert [problem for problem in problems if named in problem] != []
    assert audit(f"sqlite+aiosqlite:///{kept}").problems == ()

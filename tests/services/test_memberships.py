"""`!membership`: joined with one approval, paid once for each period, left, lapsed, and joined again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.people import NOBODY
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import RoomFacts
from tests.fakes.house import ALICE, BOB, BOT, CAROL, DINNER, House, direct, keys, open_house, words
from tests.fakes.rail import SETTLES, refuses
from tests.services.authenticator import Authenticator, with_factor

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.domain.membership import Member
    from paybridge.services.says import Say

HOUR = timedelta(hours=1)
JOIN = '!membership join "Chess Club"'
LEAVE = '!membership leave "Chess Club"'


async def opened(
    house: House, offer: str = '"Chess Club" 10 EUR monthly', *, cents: int = 500_00
) -> Authenticator:
    """Carol's shop offers a membership; Alice has money and a second factor."""
    await house.link(CAROL, "DE02100500000054540402")
    await house.hear(CAROL, '!shop open "Corner Café"')
    said = await house.hear(CAROL, f"!membership new {offer}")
    assert keys(said) == ["membership.offered"], words(said)
    phone, _ = await with_factor(house)
    await house.fund(ALICE, cents)
    return phone


async def joined(house: House, phone: Authenticator, line: str = JOIN, room: str = DINNER) -> str:
    """Alice joins; the id of the repeat that pays."""
    said = await house.hear(ALICE, line, room)
    assert keys(said)[-1] == "membership.card", words(said)
    assert keys(await house.hear(ALICE, phone.shows_next())) == ["membership.begun", "membership.joined"]
    return str(said[-1].facts["payment"])


async def until(house: House, at: datetime) -> list[Say]:
    """Let time pass hour by hour, as the task and the rails would see it; what is said on the way."""
    said: list[Say] = []
    while house.clock.now() < at:
        house.clock.pass_by(min(HOUR, at - house.clock.now()))
        said += [*await house.repeat(), *await house.carry(), *await house.repeat()]
    return said


async def alice(house: House) -> Member:
    person = await house.book.person_of(ALICE)
    assert person is not None
    (member,) = await house.book.memberships_of(person.id)
    return member


async def paid_days(house: House) -> list[str]:
    """The days that Alice paid for, by whichever repeat; each by a payment that arrived."""
    member = await alice(house)
    days = []
    for repeat in await house.book.repeats_of_member(member.club, member.person):
        for one in await house.book.instalments(repeat.id):
            payment = await house.book.transfer(one.transfer)
            assert payment is not None
            if payment.state is not TransferState.REFUSED:
                assert payment.state is TransferState.SETTLED
                days.append(one.day.isoformat())
    return sorted(days)


def at(day: str, hour: int = 9) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + hour * HOUR


# ---------------------------------------------------------------- offering and joining


async def test_the_card_shows_the_terms_and_the_first_payment_goes_on_the_day_of_joining(
    house: House,
) -> None:
    phone = await opened(house, '"Chess Club" 10 EUR monthly notice 30 days')
    _, card = await house.hear(ALICE, JOIN, DINNER)
    shown = words([card])
    said = await house.hear(ALICE, phone.shows_next())
    paid = await house.repeat()

    assert "Membership Chess Club of Carol (@carol:hs): 10.00 EUR every month, first on Mar 2, 2026" in shown
    assert "· Mar 2, 2026\n· Apr 2, 2026\n· May 2, 2026" in shown
    assert '!membership leave "Chess Club", and you still pay what falls due within 30 days' in shown
    assert "never more than 10.00 EUR without your approval" in shown
    assert [(one.key, one.person) for one in said] == [
        ("membership.begun", ALICE),
        ("membership.joined", CAROL),
    ]
    assert keys(paid) == ["pay.receipt"]
    assert (await alice(house)).paid_until == date(2026, 4, 2)
    assert await house.balance(CAROL) == 10_00


async def test_only_the_second_factor_makes_somebody_a_member(house: House) -> None:
    await opened(house)
    _, card = await house.hear(ALICE, JOIN, DINNER)

    assert keys(await house.hear(ALICE, f"!confirm {card.facts['code']}")) == ["error.factor_needed"]
    assert (
        await house.book.members(str((await house.desk.memberships.here(house.rooms.known[DINNER]))[0][1].id))
        == []
    )
    assert keys(await house.hear(BOB, JOIN, DINNER)) == ["error.repeat_needs_factor"]


@pytest.mark.parametrize(
    ("who", "line", "key"),
    [
        (ALICE, '!membership new "Band" 5 EUR monthly', "error.not_allowed"),
        (CAROL, '!membership new "chess club" 5 EUR monthly', "error.club_there"),
        (CAROL, '!membership new "Band" 5 EUR', "error.no_rhythm"),
        (CAROL, '!membership new "Band" monthly', "error.no_amount"),
        (CAROL, '!membership new "Band" 5 EUR daily', "error.too_often"),
        (CAROL, '!membership new "Band" 5 EUR monthly until 2027-01', "error.membership_not_read"),
        (CAROL, '!membership new "Band" 5 EUR monthly notice 3 years', "error.membership_not_read"),
        (CAROL, "!membership new", "error.membership_not_read"),
        (CAROL, '!membership list "Band"', "error.no_such_club"),
        (CAROL, JOIN, "error.paying_yourself"),
        (ALICE, '!membership join "Band"', "error.no_such_club"),
        (ALICE, "!membership join", "error.membership_not_read"),
        (ALICE, f"{JOIN} max 5 EUR", "error.cap_too_low"),
        (ALICE, LEAVE, "error.no_such_club"),
        (ALICE, "!membership dance", "error.membership_not_read"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_kept(
    house: House, who: str, line: str, key: str
) -> None:
    await opened(house)
    said = await house.hear(who, line, DINNER)

    assert keys(said) == [key], words(said)
    assert "Nothing was sent" in words(said)
    assert keys(await house.hear(ALICE, "!membership")) == ["membership.none"]
    assert await house.book.next_repeat() is None


async def test_whoever_joins_is_invited_into_the_clubs_room(house: House) -> None:
    there = RoomFacts("!club:hs", encrypted=True, direct=False, members={CAROL: None, BOT: None})
    house.rooms.known[there.id] = there
    house.rooms.aliases["#club:hs"] = there.id
    phone = await opened(house, '"Chess Club" 10 EUR monthly in #club:hs notice 2 weeks')
    await house.hear(ALICE, JOIN, DINNER)
    said = await house.hear(ALICE, phone.shows_next())
    elsewhere = await house.hear(CAROL, '!membership new "Band" 5 EUR monthly in #other:hs')

    assert [(one.room, one.invites) for one in said if one.invites] == [(there.id, ALICE)]
    assert keys(elsewhere) == ["error.gig_room"]


async def test_a_rhythm_with_a_day_of_its_own_is_everybodys(house: House) -> None:
    phone = await opened(house, '"Chess Club" 10 EUR monthly 1st')
    await joined(house, phone)
    await until(house, at("2026-05-02"))

    assert await paid_days(house) == ["2026-04-01", "2026-05-01"]


async def test_a_new_card_takes_the_place_of_one_that_nobody_approved(house: House) -> None:
    phone = await opened(house)
    _, old = await house.hear(ALICE, JOIN, DINNER)
    repeat = await joined(house, phone)
    await house.repeat()
    again = await house.hear(ALICE, f"!confirm {old.facts['code']} {phone.shows_next()}")

    assert keys(again) == ["error.nothing_to_confirm"]
    assert keys(await house.hear(ALICE, JOIN, DINNER)) == ["error.member_already"]
    assert (await alice(house)).paid_until == date(2026, 4, 2)
    assert [one.id for one in await house.book.repeats_for((await alice(house)).club)] == [repeat]


async def test_lists_tell_members_and_shop_until_when_it_is_paid(house: House) -> None:
    phone = await opened(house)
    none = words(await house.hear(CAROL, '!membership list "Chess Club"'))
    offered = words(await house.hear(BOB, "!membership", DINNER))
    await joined(house, phone)
    await house.repeat()
    own = words(await house.hear(ALICE, "!membership"))
    shop = words(await house.hear(CAROL, "!membership list chess club"))

    assert none.endswith("Nobody has joined yet.")
    assert "Offered here:\n· Chess Club of Carol (@carol:hs), 10.00 EUR every month" in offered
    assert "· Chess Club, paid until Apr 2, 2026; next payment on Apr 2, 2026" in own
    assert "· @alice:hs, paid until Apr 2, 2026; next payment on Apr 2, 2026" in shop


# ---------------------------------------------------------------- what comes round


@pytest.mark.parametrize("restarts", [0, 6])
async def test_over_a_leap_year_each_period_is_paid_once(tmp_path: Path, restarts: int) -> None:
    """Joined on the 31st of January of a leap year, in a zone that changes its clocks; by half days."""
    house = await open_house(tmp_path)
    house.clock.at = at("2028-01-30")
    phone = await opened(house)
    await house.hear(ALICE, "!zone Europe/Berlin")
    house.clock.at = at("2028-01-31", 12)
    await joined(house, phone)
    strides = 0
    while house.clock.now() < at("2029-03-01", 12):
        await house.repeater.settle_down()
        house.clock.pass_by(timedelta(hours=12))
        strides += 1
        if restarts and strides % (790 // restarts) == 0:
            now = house.clock.now()
            await house.database.close()
            house = await open_house(tmp_path, first_id=1000 * strides)
            house.clock.at = now
    days, member = await paid_days(house), await alice(house)
    await house.database.close()

    assert days[:4] == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]
    assert len(days) == 14
    assert days[-1] == "2029-02-28"
    assert [day[:7] for day in days] == sorted({day[:7] for day in days})
    assert member.paid_until == date(2029, 3, 31)


async def test_a_member_is_told_a_day_before_and_may_skip_pause_or_stop(house: House) -> None:
    phone = await opened(house)
    repeat = await joined(house, phone)
    await house.repeat()
    notice = await until(house, at("2026-04-01", 8))
    await house.hear(ALICE, f"!repeat skip {repeat}")
    await until(house, at("2026-05-02"))
    stopped = await house.hear(ALICE, f"!repeat stop {repeat}")
    nothing = await until(house, at("2026-07-03"))

    assert keys(notice) == ["repeat.notice"]
    assert notice[0].lines == tuple(f"!repeat {word} {repeat}" for word in ("skip", "pause", "stop"))
    assert [(one.key, one.person) for one in stopped] == [
        ("repeat.stopped", None),
        ("membership.left_there", CAROL),
    ]
    assert nothing == []
    assert await paid_days(house) == ["2026-03-02", "2026-05-02"]
    assert "paid until Jun 2, 2026; no member any more" in words(await house.hear(ALICE, "!membership"))


async def test_after_downtime_a_period_is_paid_once(house: House) -> None:
    phone = await opened(house)
    await joined(house, phone)
    await until(house, at("2026-04-01", 10))
    house.clock.at = at("2026-04-07", 12)

    assert keys(await house.repeat()) == ["pay.receipt"]
    assert await house.repeat() == []
    assert await paid_days(house) == ["2026-03-02", "2026-04-02"]


# ---------------------------------------------------------------- leaving and joining again


async def test_whoever_leaves_and_joins_again_on_one_day_pays_no_day_twice(house: House) -> None:
    phone = await opened(house)
    for _ in range(3):
        await joined(house, phone)
        await until(house, house.clock.now() + HOUR)
        left = await house.hear(ALICE, LEAVE)
        assert keys(left) == ["membership.left", "membership.left_there"]
        assert "It is paid until Apr 2, 2026" in words(left[:1])
    await joined(house, phone)
    before = await until(house, at("2026-04-01", 7))
    await until(house, at("2026-05-02"))

    assert before == []
    assert await paid_days(house) == ["2026-03-02", "2026-04-02", "2026-05-02"]
    assert await house.balance(CAROL) == 30_00


async def test_the_31st_stays_the_31st_for_whoever_leaves_and_joins_again(house: House) -> None:
    house.clock.at = at("2026-03-30", 8)
    phone = await opened(house)
    house.clock.at = at("2026-03-31", 8)
    await joined(house, phone)
    await until(house, at("2026-03-31", 10))
    await house.hear(ALICE, LEAVE)
    await joined(house, phone)
    await until(house, at("2026-06-01"))

    assert await paid_days(house) == ["2026-03-31", "2026-04-30", "2026-05-31"]


async def test_whoever_joins_again_after_a_while_begins_on_that_day(house: House) -> None:
    phone = await opened(house)
    await joined(house, phone)
    await house.repeat()
    await house.hear(ALICE, LEAVE)
    await until(house, at("2026-04-10", 12))
    await joined(house, phone, room=direct(ALICE))
    await until(house, at("2026-05-10"))

    assert await paid_days(house) == ["2026-03-02", "2026-04-10", "2026-05-10"]


async def test_with_notice_what_falls_due_in_it_is_paid_and_then_it_ends(house: House) -> None:
    phone = await opened(house, '"Chess Club" 10 EUR monthly notice 30 days')
    await joined(house, phone)
    await until(house, at("2026-03-20"))
    left = await house.hear(ALICE, LEAVE)
    await until(house, at("2026-07-03"))

    assert keys(left) == ["membership.leaves", "membership.left_there"]
    assert left[0].facts["day"] == date(2026, 5, 2)
    assert await paid_days(house) == ["2026-03-02", "2026-04-02"]
    assert "no member any more" in words(await house.hear(ALICE, "!membership"))


async def test_leaving_can_be_taken_back_while_the_notice_runs(house: House) -> None:
    phone = await opened(house, '"Chess Club" 10 EUR monthly notice 30 days')
    await joined(house, phone)
    await until(house, at("2026-03-20"))
    await house.hear(ALICE, LEAVE)
    stays = await house.hear(ALICE, JOIN, DINNER)
    await until(house, at("2026-05-02"))

    assert keys(stays)[-1] == "membership.stays"
    assert await paid_days(house) == ["2026-03-02", "2026-04-02", "2026-05-02"]


async def test_nobody_joins_again_while_it_is_unknown_until_when_they_paid(house: House) -> None:
    phone = await opened(house, cents=1_00)
    await joined(house, phone)
    await house.repeat()
    await house.hear(ALICE, LEAVE)
    waits = await house.hear(ALICE, JOIN, DINNER)
    house.rail.script = refuses("insufficient_funds")
    await house.carry()
    await house.repeat()
    house.rail.script = SETTLES
    unpaid = (await alice(house)).paid_until
    await joined(house, phone)
    await until(house, at("2026-03-02", 14))

    assert keys(waits) == ["error.dues_under_way"]
    assert unpaid == date(2026, 3, 2)
    assert await paid_days(house) == ["2026-03-02"]
    assert await house.balance(CAROL) == 10_00


async def test_the_database_itself_refuses_a_second_payment_for_a_day(house: House, tmp_path: Path) -> None:
    phone = await opened(house)
    first = await joined(house, phone)
    await house.repeat()
    await house.hear(ALICE, LEAVE)
    second = await joined(house, phone)
    with closing(sqlite3.connect(tmp_path / "paybridge.db")) as raw:
        (other,) = raw.execute("SELECT id FROM transfer WHERE kind = 'topup'").fetchone()
        with pytest.raises(sqlite3.IntegrityError, match="a period of a membership is paid once"):
            raw.execute("INSERT INTO instalment VALUES ('x', ?, 0, '2026-03-02', ?, 1)", (second, other))
        for attack in (
            "UPDATE member SET person = 'x'",
            "DELETE FROM member",
            "DELETE FROM club",
            "UPDATE club SET notice = 3",
            "UPDATE repeat SET club = NULL",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute(attack)
    assert first != second


# ---------------------------------------------------------------- what the shop does


async def test_a_higher_price_is_taken_within_the_cap_and_told_a_whole_day_before(house: House) -> None:
    phone = await opened(house)
    await joined(house, phone, f"{JOIN} max 12 EUR")
    await until(house, at("2026-04-02", 7))
    told = await house.hear(CAROL, '!membership price "Chess Club" 12 EUR')
    notice = await house.repeat()
    early = await until(house, at("2026-04-03", 6))
    await until(house, at("2026-04-03", 8))

    assert [(one.key, one.person) for one in told] == [
        ("membership.priced", None),
        ("membership.repriced", ALICE),
    ]
    assert (told[0].facts["kept"], told[0].facts["asked"]) == (1, 0)
    assert keys(notice) == ["repeat.notice"]
    assert "12.00 EUR goes to @carol:hs by itself: Apr 3, 2026 07:00 UTC" in words(notice)
    assert early == []
    assert await paid_days(house) == ["2026-03-02", "2026-04-02"]
    assert await house.balance(CAROL) == 22_00


async def test_above_the_cap_members_are_asked_anew_and_pay_nothing_until_they_approve(house: House) -> None:
    phone = await opened(house)
    await joined(house, phone)
    await house.repeat()
    told = await house.hear(CAROL, '!membership price "Chess Club" 12 EUR')
    nothing = await until(house, at("2026-04-20"))
    await joined(house, phone, told[1].lines[0], direct(ALICE))
    await until(house, at("2026-04-20", 12))

    assert [one.key for one in told] == ["membership.priced", "membership.asked_anew"]
    assert "Your membership is paid until Apr 2, 2026" in words(told[1:])
    assert told[1].lines == (JOIN,)
    assert nothing == []
    assert await paid_days(house) == ["2026-03-02", "2026-04-20"]
    assert await house.balance(CAROL) == 22_00


async def test_a_card_of_the_old_price_approves_nothing(house: House) -> None:
    phone = await opened(house)
    _, card = await house.hear(ALICE, JOIN, DINNER)
    await house.hear(CAROL, '!membership price "Chess Club" 9 EUR')
    said = await house.hear(ALICE, f"!confirm {card.facts['code']} {phone.shows_next()}")

    assert keys(said) == ["error.nothing_to_confirm"]
    assert await house.balance(CAROL) == 0


async def test_a_member_cannot_change_the_price(house: House) -> None:
    phone = await opened(house)
    repeat = await joined(house, phone)

    assert keys(await house.hear(ALICE, f"!repeat change {repeat} 5 EUR")) == ["error.price_of_club"]


@pytest.mark.parametrize("line", ['!membership close "Chess Club"', "!shop close"])
async def test_of_what_is_closed_nothing_more_is_paid(house: House, line: str) -> None:
    phone = await opened(house)
    await joined(house, phone)
    await house.repeat()
    said = await house.hear(CAROL, line)
    said += await until(house, at("2026-05-03"))

    assert keys(said)[-1] == "membership.closed"
    assert said[-1].person == ALICE
    assert await paid_days(house) == ["2026-03-02"]
    assert keys(await house.hear(ALICE, JOIN, DINNER)) == ["error.no_such_club"]


# ---------------------------------------------------------------- what goes wrong


async def test_without_money_it_is_tried_on_three_days_and_then_lapses_told_to_both(house: House) -> None:
    phone = await opened(house, cents=15_00)
    await joined(house, phone)
    await house.repeat()
    await house.hear(ALICE, "!link remove 1")
    await until(house, at("2026-04-02", 8))
    first = await until(house, at("2026-04-02"))
    second = await until(house, at("2026-04-03"))
    third = await until(house, at("2026-04-04"))
    after = await until(house, at("2026-05-03"))

    assert keys(first) == keys(second) == ["repeat.again", "error.nothing_to_pay_with"]
    assert [(one.key, one.person) for one in third] == [
        ("membership.lapsed", ALICE),
        ("error.nothing_to_pay_with", ALICE),
        ("membership.lapsed_there", CAROL),
    ]
    assert third[0].lines == (JOIN,)
    assert after == []
    assert (await alice(house)).paid_until == date(2026, 4, 2)
    assert "no member any more" in words(await house.hear(CAROL, '!membership list "Chess Club"'))


async def test_a_bank_that_refuses_leaves_the_day_unpaid_until_it_is_paid(house: House) -> None:
    phone = await opened(house, cents=1_00)
    house.rail.script = refuses("insufficient_funds")
    await joined(house, phone)
    await until(house, at("2026-03-02", 12))
    unpaid = (await alice(house)).paid_until
    house.rail.script = SETTLES
    await until(house, at("2026-03-03", 14))

    assert unpaid == date(2026, 3, 2)
    assert (await alice(house)).paid_until == date(2026, 4, 2)
    assert await paid_days(house) == ["2026-03-02"]
    assert await house.balance(CAROL) == 10_00


async def test_whoever_is_forgotten_is_named_in_no_list_of_members(house: House) -> None:
    phone = await opened(house, cents=10_00)
    await joined(house, phone)
    await house.repeat()
    said = await house.hear(ALICE, f"!forget-me for-ever {phone.shows_next()}")
    (member,) = await house.book.members(
        (await house.desk.memberships.here(house.rooms.known[DINNER]))[0][1].id
    )

    assert "forget.done" in keys(said), words(said)
    assert member.mxid == NOBODY
    assert await until(house, at("2026-05-03")) == []

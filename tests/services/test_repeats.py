"""`!repeat`: approved once, strongly; then each period is announced and paid once, until it is stopped."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.people import NOBODY
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.repeat import RepeatState
from paybridge.domain.transfer import TransferState
from paybridge.services.after_restore import MARKER, Restored
from paybridge.services.ports import StaleError, Step, StepRefusedError
from tests.fakes.house import ALICE, BOB, DINNER, House, keys, open_house, words
from tests.fakes.rail import SETTLES, refuses
from tests.services.authenticator import Authenticator, with_factor

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.domain.repeat import Repeat
    from paybridge.services.says import Say

RENT = f"!repeat {BOB} 600 EUR monthly 1st max 650 for rent"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def begun(house: House, line: str = RENT, *, cents: int = 10_000_00) -> tuple[str, Authenticator]:
    """Alice, who has money and a second factor, approves a repeat; its id, and her phone."""
    phone, _ = await with_factor(house)
    await house.fund(ALICE, cents)
    return await approved(house, phone, line), phone


async def approved(house: House, phone: Authenticator, line: str) -> str:
    said = await house.hear(ALICE, line, DINNER)
    assert keys(said) == ["reply.see_direct_message", "repeat.card"], words(said)
    assert keys(await house.hear(ALICE, phone.shows_next())) == ["repeat.begun"]
    return str(said[1].facts["payment"])


async def until(house: House, at: datetime) -> list[Say]:
    """Let time pass hour by hour, as the task and the rails would see it; what is said on the way."""
    said: list[Say] = []
    while house.clock.now() < at:
        house.clock.pass_by(min(HOUR, at - house.clock.now()))
        said += [*await house.repeat(), *await house.carry(), *await house.repeat()]
    return said


async def paid_days(house: House, repeat: str) -> list[str]:
    """The days that were paid, each by a payment that arrived."""
    found = await house.book.instalments(repeat)
    for one in found:
        payment = await house.book.transfer(one.transfer)
        assert payment is not None
        assert payment.state is TransferState.SETTLED
    return [one.day.isoformat() for one in found]


async def kept(house: House, repeat: str) -> Repeat:
    found = await house.book.repeat(repeat)
    assert found is not None
    return found


def at(day: str, hour: int = 9) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + hour * HOUR


# ---------------------------------------------------------------- the approval


async def test_the_card_names_every_term_and_only_the_second_factor_approves_it(house: House) -> None:
    phone, _ = await with_factor(house)
    _, card = await house.hear(ALICE, f"{RENT} until 2026-07", DINNER)
    told = words([card])
    code = card.facts["code"]

    assert card.person == ALICE
    assert "600.00 EUR to Bob (@bob:hs) for “rent”, every month, until Jul 31, 2026" in told
    assert "· Apr 1, 2026\n· May 1, 2026\n· Jun 1, 2026" in told
    assert "never more than 650.00 EUR without your approval" in told
    assert keys(await house.hear(ALICE, f"!confirm {code}")) == ["error.factor_needed"]
    assert keys(await house.hear(ALICE, f"!confirm {code} 000000")) == ["error.wrong_code"]

    unproven = OwnDevice(Trust.UNVERIFIED, "NEW")

    assert keys(await house.hear(ALICE, f"!confirm {code} {phone.shows_next()}", proof=unproven)) == [
        "error.device_not_proven"
    ]
    assert keys(await house.hear(BOB, f"!confirm {code} {phone.shows()}")) == ["error.nothing_to_confirm"]
    assert keys(await house.hear(ALICE, f"!confirm {code} {phone.shows()}")) == ["repeat.begun"]
    assert (await kept(house, str(card.facts["payment"]))).state is RepeatState.ACTIVE


async def test_whoever_has_no_second_factor_is_told_how_to_get_one(house: House) -> None:
    await house.link(ALICE)
    (said,) = await house.hear(ALICE, RENT, DINNER)

    assert (said.key, said.lines) == ("error.repeat_needs_factor", ("!mfa on",))


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f"!repeat {BOB} 600 EUR monthly max 500", "error.cap_too_low"),
        (f"!repeat {BOB} 600 EUR monthly max 650 USD", "error.cap_too_low"),
        (f"!repeat {BOB} 600 EUR", "error.no_rhythm"),
        (f"!repeat {BOB} 5 EUR daily", "error.too_often"),
        (f"!repeat {ALICE} 5 EUR weekly", "error.paying_yourself"),
        ("!repeat @paybridge:hs 5 EUR weekly", "error.paying_the_bot"),
        ("!repeat @mallory:hs 5 EUR weekly", "error.payee_not_here"),
        ("!repeat 5 EUR weekly", "error.payee_missing"),
        (f"!repeat {BOB} monthly", "error.no_amount"),
        ("!repeat stop", "error.no_repeat"),
        ("!repeat stop PB-22222", "error.no_such_payment"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_kept(house: House, line: str, key: str) -> None:
    await with_factor(house)
    said = await house.hear(ALICE, line, DINNER)

    assert keys(said) == [key]
    assert "Nothing was sent" in words(said)
    assert keys(await house.hear(ALICE, "!repeat")) == ["repeat.none"]


async def test_a_card_that_nobody_approves_lapses(house: House) -> None:
    phone, _ = await with_factor(house)
    _, card = await house.hear(ALICE, RENT, DINNER)
    house.clock.pass_by(HOUR)
    said = await house.hear(ALICE, f"!confirm {card.facts['code']} {phone.shows()}")
    await house.repeat()

    assert keys(said) == ["error.card_expired"]
    assert (await kept(house, str(card.facts["payment"]))).state is RepeatState.ENDED
    assert await house.book.next_repeat() is None


async def test_two_open_cards_are_told_apart_by_their_codes(house: House) -> None:
    phone, _ = await with_factor(house)
    await house.hear(ALICE, RENT, DINNER)
    await house.hear(ALICE, f"!pay {BOB} 5 EUR from bank", DINNER)

    assert keys(await house.hear(ALICE, f"!yes {phone.shows_next()}")) == ["error.several_cards_open"]


# ---------------------------------------------------------------- what comes round


async def test_a_payment_is_announced_a_day_before_and_then_goes_by_itself(house: House) -> None:
    repeat, _ = await begun(house)
    before = await until(house, at("2026-03-31", 7))
    notice = await until(house, at("2026-03-31", 8))
    nothing = await until(house, at("2026-04-01", 8))
    said = await until(house, at("2026-04-01"))

    assert (before, nothing) == ([], [])
    assert keys(notice) == ["repeat.notice"]
    assert notice[0].lines == tuple(f"!repeat {word} {repeat}" for word in ("skip", "pause", "stop"))
    assert "600.00 EUR goes to @bob:hs by itself: Apr 1, 2026 09:00" in words(notice)
    assert (keys(said), said[0].room, said[0].notify) == (["pay.receipt"], DINNER, (BOB,))
    assert await house.balance(BOB) == 600_00
    assert await paid_days(house, repeat) == ["2026-04-01"]


@pytest.mark.parametrize(("years", "restarts"), [(1, 8), (5, 0)])
async def test_over_years_no_period_is_missed_and_none_is_paid_twice(
    tmp_path: Path, years: int, restarts: int
) -> None:
    """The clock goes on in strides of half a day; now and then the process begins anew, books and all."""
    house = await open_house(tmp_path)
    phone, _ = await with_factor(house)
    await house.fund(ALICE, 90_000_00)
    rent = await approved(house, phone, f"!repeat {BOB} 600 EUR monthly 31st")
    lunch = await approved(house, phone, f"!repeat {BOB} 5 EUR every 2 weeks")
    end = datetime(2026 + years, 3, 2, tzinfo=UTC)
    strides, ended = 0, 0
    while house.clock.now() < end:
        house.clock.pass_by(timedelta(hours=12))
        strides += 1
        await house.repeater.settle_down()
        if restarts and strides % (730 // restarts) == 0:
            now = house.clock.now()
            await house.database.close()
            house = await open_house(tmp_path, first_id=1000 * strides)
            house.clock.at = now
            ended += 1
            await house.repeater.settle_down()
    monthly, weekly = await paid_days(house, rent), await paid_days(house, lunch)
    await house.database.close()
    months = [day[:7] for day in monthly]

    assert ended == restarts
    assert monthly[:3] == ["2026-03-31", "2026-04-30", "2026-05-31"]
    assert months == [f"{2026 + at // 12}-{at % 12 + 1:02}" for at in range(2, 2 + 12 * years)]
    assert len(weekly) == len(set(weekly)) == years * 365 // 14
    assert {date.fromisoformat(day).weekday() for day in weekly} == {0}


async def test_after_a_week_of_downtime_what_fell_due_is_told_first_and_paid_once(house: House) -> None:
    repeat, _ = await begun(house, f"!repeat {BOB} 5 EUR weekly fri")
    await until(house, at("2026-03-06", 10))
    house.clock.at = at("2026-03-14", 12)
    woken = await house.repeat()
    again = await house.repeat()
    said = await until(house, at("2026-03-15", 12))

    assert (keys(woken), again) == (["repeat.notice"], [])
    assert "Mar 15, 2026 12:00 UTC, for Mar 13, 2026" in words(woken)
    assert keys(said) == ["pay.receipt"]
    assert await paid_days(house, repeat) == ["2026-03-06", "2026-03-13"]


async def test_what_was_announced_before_the_downtime_is_paid_at_once_after_it(house: House) -> None:
    repeat, _ = await begun(house)
    await until(house, at("2026-03-31", 10))
    house.clock.at = at("2026-04-06", 12)

    assert keys(await house.repeat()) == ["pay.receipt"]
    assert await house.repeat() == []
    assert await paid_days(house, repeat) == ["2026-04-01"]


async def test_what_is_older_than_a_week_is_asked_about_and_not_paid(house: House) -> None:
    repeat, _ = await begun(house)
    await until(house, at("2026-03-31", 10))
    house.clock.at = at("2026-04-08", 12)
    (said,) = await house.repeat()

    assert (said.key, said.lines) == ("repeat.too_late", (f"!pay {BOB} 600.00 EUR",))
    assert await house.repeat() == []
    assert await house.balance(BOB) == 0
    assert (await kept(house, repeat)).day == date(2026, 5, 1)


async def test_what_fell_due_before_a_restore_may_be_paid_already_and_is_asked_about(house: House) -> None:
    repeat, _ = await begun(house)
    await until(house, at("2026-03-31", 10))
    house.clock.at = at("2026-04-02")
    await house.mailbox.remember(MARKER, Restored(at("2026-03-31", 12), at("2026-04-02")).written())
    (said,) = await house.repeat()
    await until(house, at("2026-05-01"))

    assert (said.key, said.lines) == ("repeat.may_be_paid", (f"!pay {BOB} 600.00 EUR",))
    assert await paid_days(house, repeat) == ["2026-05-01"]


async def test_days_are_those_of_the_payers_zone_across_the_change_of_its_clocks(house: House) -> None:
    phone, _ = await with_factor(house)
    await house.fund(ALICE, 1_000_00)
    await house.hear(ALICE, "!zone Europe/Berlin")
    house.clock.pass_by(timedelta(hours=25))
    repeat = await approved(house, phone, f"!repeat {BOB} 5 EUR weekly sun")
    moments: list[str] = []
    for _ in range(4):
        while len(await house.book.instalments(repeat)) == len(moments):
            house.clock.at = await next_act(house, repeat)
            await house.repeat()
        moments.append(house.clock.now().isoformat())

    assert moments == [
        "2026-03-08T08:00:00+00:00",
        "2026-03-15T08:00:00+00:00",
        "2026-03-22T08:00:00+00:00",
        "2026-03-29T07:00:00+00:00",
    ]


async def next_act(house: House, repeat: str) -> datetime:
    act = (await kept(house, repeat)).act
    assert act is not None
    return act


async def test_of_two_processes_one_pays(house: House) -> None:
    repeat, _ = await begun(house)
    await until(house, at("2026-04-01", 8))
    house.clock.at = at("2026-04-01")
    (due,) = await house.book.due_repeats(house.clock.now(), 10)
    await asyncio.gather(house.repeater.settle_down(), house.repeater.settle_down())
    said = await house.said()

    assert due.id == repeat
    assert keys(said) == ["pay.receipt"]
    assert await paid_days(house, repeat) == ["2026-04-01"]


async def test_the_database_itself_has_one_payment_for_each_period(house: House, tmp_path: Path) -> None:
    repeat, _ = await begun(house)
    await until(house, at("2026-04-01"))
    (first,) = await house.book.instalments(repeat)
    other = await house.book.transfer(first.transfer)
    assert other is not None
    second = replace(other, id="PB-OTHER", version=0, state=TransferState.APPROVED)

    with pytest.raises(StaleError):
        await house.book.commit(Step(records=(second, replace(first, transfer=second.id, version=0))))
    with pytest.raises(StepRefusedError):
        await house.book.commit(Step(records=(second, replace(first, transfer=second.id))))
    with closing(sqlite3.connect(tmp_path / "paybridge.db")) as raw:
        for attack in (
            "DELETE FROM instalment",
            "DELETE FROM repeat",
            "UPDATE instalment SET day = '2026-05-01'",
            "UPDATE repeat SET cap = cap + 1",
            "UPDATE repeat SET number = 0",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute(attack)


async def test_it_ends_with_its_last_day(house: House) -> None:
    repeat, _ = await begun(house, f"{RENT} until 2026-04")
    await until(house, at("2026-05-02"))

    assert await paid_days(house, repeat) == ["2026-04-01"]
    assert (await kept(house, repeat)).state is RepeatState.ENDED
    assert keys(await house.hear(ALICE, "!repeat")) == ["repeat.none"]


# ---------------------------------------------------------------- what its payer does about it


async def test_one_is_skipped_and_the_next_one_comes(house: House) -> None:
    repeat, _ = await begun(house)
    await until(house, at("2026-03-31", 10))
    (said,) = await house.hear(ALICE, f"!repeat skip {repeat}")
    await until(house, at("2026-05-01"))

    assert "Next to @bob:hs on May 1, 2026" in words([said])
    assert await paid_days(house, repeat) == ["2026-05-01"]


async def test_while_it_is_paused_nothing_is_paid_nor_later_for_that_time(house: House) -> None:
    repeat, _ = await begun(house)
    assert keys(await house.hear(ALICE, "!repeat pause")) == ["repeat.paused"]
    assert await until(house, at("2026-05-10")) == []
    assert "paused" in words(await house.hear(ALICE, "!repeat"))
    resumed = await house.hear(ALICE, f"!repeat resume {repeat}")
    await until(house, at("2026-06-01"))

    assert keys(resumed) == ["repeat.resumed"]
    assert await paid_days(house, repeat) == ["2026-06-01"]


async def test_stopped_it_stays_so(house: House) -> None:
    repeat, _ = await begun(house)
    await until(house, at("2026-03-31", 10))

    assert keys(await house.hear(BOB, f"!repeat stop {repeat}")) == ["error.no_such_payment"]
    assert keys(await house.hear(ALICE, f"!repeat stop {repeat}")) == ["repeat.stopped"]
    assert keys(await house.hear(ALICE, f"!repeat resume {repeat}")) == ["error.repeat_not_possible_now"]
    assert await until(house, at("2026-04-02")) == []


async def test_within_the_cap_an_amount_changes_at_once_and_above_it_by_a_new_approval(house: House) -> None:
    repeat, phone = await begun(house)
    within = await house.hear(ALICE, f"!repeat change {repeat} 650 EUR")
    await until(house, at("2026-04-01"))
    _, card = await house.hear(ALICE, f"!repeat change {repeat} 700 EUR", DINNER)
    new = str(card.facts["payment"])
    await until(house, at("2026-04-01", 9) + timedelta(minutes=1))
    assert (await kept(house, repeat)).state is RepeatState.ACTIVE
    begins = await house.hear(ALICE, f"!confirm {card.facts['code']} {phone.shows_next()}")
    await until(house, at("2026-05-01"))

    assert keys(within) == ["repeat.changed"]
    assert keys(begins) == ["repeat.begun"]
    assert (await kept(house, repeat)).state is RepeatState.ENDED
    assert await paid_days(house, repeat) == ["2026-04-01"]
    assert await paid_days(house, new) == ["2026-05-01"]
    assert await house.balance(BOB) == 650_00 + 700_00


# ---------------------------------------------------------------- what goes wrong


async def test_without_money_it_is_told_tried_on_three_days_and_then_paused(house: House) -> None:
    repeat, _ = await begun(house, cents=100_00)
    await house.hear(ALICE, "!link remove 1")
    await until(house, at("2026-04-01", 8))
    first = await until(house, at("2026-04-01"))
    second = await until(house, at("2026-04-02"))
    third = await until(house, at("2026-04-03"))

    assert keys(first) == ["repeat.again", "error.nothing_to_pay_with"]
    assert "I try again: Apr 2, 2026 09:00 UTC" in words(first)
    assert keys(second) == ["repeat.again", "error.nothing_to_pay_with"]
    assert keys(third) == ["repeat.given_up", "error.nothing_to_pay_with"]
    assert third[0].lines == (f"!repeat resume {repeat}",)
    assert await until(house, at("2026-05-02")) == []
    assert await house.balance(BOB) == 0


async def test_money_that_comes_in_time_is_taken_on_the_next_day(house: House) -> None:
    repeat, _ = await begun(house, cents=100_00)
    await house.hear(ALICE, "!link remove 1")
    await until(house, at("2026-04-01", 10))
    await house.link(ALICE)
    await house.fund(ALICE, 900_00)
    await until(house, at("2026-04-03"))

    assert await paid_days(house, repeat) == ["2026-04-01"]
    assert await house.balance(BOB) == 600_00


async def test_a_bank_that_refuses_is_asked_again_a_day_later_and_the_period_is_paid_once(
    house: House,
) -> None:
    repeat, _ = await begun(house, cents=1_00)
    await until(house, at("2026-04-01", 8))
    house.rail.script = refuses("insufficient_funds")
    refused = await until(house, at("2026-04-01"))
    house.rail.script = SETTLES
    said = await until(house, at("2026-04-02", 10))
    (only,) = await house.book.instalments(repeat)

    assert "pay.refused" in keys(refused)
    assert keys(refused)[-1] == "repeat.again"
    assert "pay.receipt" in keys(said)
    assert await paid_days(house, repeat) == ["2026-04-01"]
    assert only.day == date(2026, 4, 1)
    assert await house.balance(BOB) == 600_00


async def test_whoever_froze_pays_nothing_and_is_told(house: House) -> None:
    await begun(house)
    await house.hear(ALICE, "!freeze")
    await until(house, at("2026-04-01", 8))
    said = await until(house, at("2026-04-01"))

    assert keys(said) == ["repeat.again", "error.frozen"]
    assert keys(await house.hear(ALICE, "!repeat stop")) == ["repeat.stopped"]
    assert await house.balance(BOB) == 0


async def test_a_payee_who_left_the_room_is_not_paid(house: House) -> None:
    await begun(house)
    house.rooms.leave(DINNER, BOB)
    await until(house, at("2026-04-01", 8))

    assert keys(await until(house, at("2026-04-01"))) == ["repeat.again", "error.payee_not_here"]


async def test_while_the_homeserver_is_away_nothing_is_lost(house: House) -> None:
    repeat, _ = await begun(house)
    await until(house, at("2026-04-01", 8))
    house.rooms.away = True
    house.clock.at = at("2026-04-01")
    away = await house.repeat()
    house.rooms.away = False
    house.clock.pass_by(HOUR)

    assert away == []
    assert keys(await house.repeat()) == ["pay.receipt"]
    assert await paid_days(house, repeat) == ["2026-04-01"]


async def test_whoever_is_forgotten_leaves_nothing_that_comes_round(house: House) -> None:
    repeat, phone = await begun(house, cents=1_00)
    await house.hear(ALICE, "!cashout all")
    await house.hear(ALICE, phone.shows_next())
    await house.carry()
    said = await house.hear(ALICE, f"!forget-me for-ever {phone.shows_next()}")
    left = await kept(house, repeat)

    assert "forget.done" in keys(said), words(said)
    assert (left.state, left.payer_mxid, left.note) == (RepeatState.ENDED, NOBODY, None)
    assert await until(house, at("2026-04-02")) == []

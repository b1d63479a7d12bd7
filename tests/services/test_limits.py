"""What the region lets a person send holds when they draft, and again when they approve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from paybridge.domain.money import Money
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.region import Caps, Level, OverTheDayCapError, Region
from paybridge.domain.standing import Standing
from paybridge.domain.transfer import TransferKind
from paybridge.services.ports import StaleError, Step
from paybridge.storage.audit import audit
from paybridge.storage.database import open_database
from paybridge.vault import MasterKey, found_vault
from tests.fakes import postgres
from tests.fakes.database import StoodClock
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, direct, keys, open_house, words
from tests.fakes.rail import SETTLES, refuses
from tests.fakes.records import euros

PHONE = OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE")
CAPS = Caps(each=euros(1500), day=euros(2000), month=euros(4500), night=euros(500), count=3)
REGION = Region(
    name="eu",
    zone="Europe/Brussels",
    limits={
        Level.UNCHECKED: {"EUR": CAPS},
        Level.NAMED: {"EUR": replace(CAPS, each=euros(2000))},
        Level.CHECKED: {"EUR": Caps()},
    },
)


async def a_house(folder: Path, engine: str, region: Region) -> tuple[House, str]:
    """A house under the region's rules, in which Alice and Bob have accounts; and its database's URL."""
    if engine == "sqlite":
        url = f"sqlite+aiosqlite:///{folder / 'paybridge.db'}"
        house = await open_house(folder, region=region)
    else:
        url = postgres.url_of(await postgres.fresh_database())
        database = await open_database(url, StoodClock())
        vault, check = found_vault(MasterKey(bytes(32)))
        await database.keep_vault_check(check)
        opened = (database.book, database.mailbox, vault, database)
        house = await open_house(folder, opened=opened, region=region)
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    return house, url


@pytest.fixture(params=["sqlite", "postgres"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    house, url = await a_house(tmp_path, request.param, REGION)
    yield house
    await house.database.close()
    if request.param == "postgres":
        await postgres.give_back(url.partition("@/")[2].partition("?")[0])


@pytest.fixture
async def capped(tmp_path: Path) -> AsyncIterator[House]:
    house, url = await a_house(tmp_path, "sqlite", REGION)
    yield house
    await house.database.close()

    assert audit(url).problems == ()


async def pays(house: House, amount: str, payee: str = BOB) -> list[str]:
    """Alice drafts and confirms a payment, which settles; what was said in the end."""
    drafted = keys(await house.hear(ALICE, f"!pay {payee} {amount}", DINNER))
    if drafted != ["pay.card"]:
        return drafted
    said = keys(await house.hear(ALICE, "!yes", DINNER))
    return keys(await house.carry()) or said


async def becomes(house: House, level: Level) -> None:
    """Alice is known so well from now on."""
    person = await house.book.person_of(ALICE)
    assert person is not None
    standing = await house.book.standing(person.id) or Standing(person.id)
    await house.book.commit(Step(records=(replace(standing, level=level),)))


async def test_one_payment_may_not_be_more_than_the_region_lets_it(capped: House) -> None:
    said = await capped.hear(ALICE, f"!pay {BOB} 15.01 EUR", DINNER)

    assert keys(said) == ["reply.see_direct_message", "error.over_the_each_cap"]
    assert "at most 15.00 EUR" in words(said)
    assert "Nothing was sent." in words(said[1:])
    assert await pays(capped, "15 EUR") == ["pay.receipt"]


async def test_a_day_is_used_up_and_the_refusal_says_what_is_left_and_until_when(capped: House) -> None:
    assert await pays(capped, "15 EUR") == ["pay.receipt"]
    said = await capped.hear(ALICE, f"!pay {BOB} 5.01 EUR", DINNER)

    assert keys(said)[-1] == "error.over_the_day_cap"
    assert "5.00 EUR left" in words(said)
    assert "Mar 3, 2026 00:00 UTC+1" in words(said)
    assert await pays(capped, "5 EUR") == ["pay.receipt"]


async def test_the_next_local_day_is_a_new_one_and_the_month_goes_on(capped: House) -> None:
    for _ in range(2):
        assert await pays(capped, "15 EUR") == ["pay.receipt"]
        assert await pays(capped, "5 EUR") == ["pay.receipt"]
        # It is nine in the morning UTC: ten in Brussels.
        capped.clock.pass_by(timedelta(days=1))
    assert await pays(capped, "5.01 EUR") == ["reply.see_direct_message", "error.over_the_month_cap"]
    assert await pays(capped, "5 EUR") == ["pay.receipt"]
    capped.clock.pass_by(timedelta(days=29))

    assert capped.clock.now().month == 4
    assert await pays(capped, "5.01 EUR") == ["error.allowance_used_up"]


async def test_the_day_ends_at_local_midnight(capped: House) -> None:
    capped.clock.at = capped.clock.at.replace(hour=12)
    assert await pays(capped, "15 EUR") == ["pay.receipt"]
    capped.clock.at = capped.clock.at.replace(hour=22, minute=59)
    assert (await pays(capped, "5 EUR"))[-1] == "pay.receipt"
    assert (await pays(capped, "1 EUR"))[-1] == "error.over_the_night_cap"
    capped.clock.at = capped.clock.at.replace(hour=23, minute=0)

    assert (await pays(capped, "1 EUR"))[-1] == "error.over_the_night_cap"
    capped.clock.pass_by(timedelta(hours=7))
    assert await pays(capped, "15 EUR") == ["pay.receipt"]


async def test_only_so_many_payments_a_day(capped: House) -> None:
    for _ in range(3):
        assert await pays(capped, "1 EUR") == ["pay.receipt"]

    assert await pays(capped, "1 EUR") == ["reply.see_direct_message", "error.over_the_count_cap"]


async def test_several_who_are_paid_by_one_card_count_together(capped: House) -> None:
    over = await capped.hear(ALICE, f"!pay {BOB} {CAROL} 10.01 EUR each", DINNER)
    within = await capped.hear(ALICE, f"!pay {BOB} {CAROL} 10 EUR each", DINNER)
    await capped.hear(ALICE, "!yes", DINNER)
    await capped.carry()

    assert keys(over)[-1] == "error.over_the_day_cap"
    assert keys(within)[-1].endswith("card")
    assert (await pays(capped, "0.01 EUR"))[-1] == "error.over_the_day_cap"


async def test_what_the_bank_refused_counts_for_nothing(capped: House) -> None:
    capped.rail.script = refuses("insufficient_funds")
    assert await pays(capped, "15 EUR") == ["pay.refused", "refused.insufficient_funds"]
    capped.rail.script = SETTLES

    assert await pays(capped, "15 EUR") == ["pay.receipt"]


async def test_being_better_known_raises_the_caps(capped: House) -> None:
    assert (await pays(capped, "16 EUR"))[-1] == "error.over_the_each_cap"
    await becomes(capped, Level.NAMED)
    assert await pays(capped, "16 EUR") == ["pay.receipt"]
    assert (await pays(capped, "5 EUR"))[-1] == "error.over_the_day_cap"
    await becomes(capped, Level.CHECKED)

    assert await pays(capped, "30 EUR") == ["pay.receipt"]


async def test_a_card_drafted_below_a_cap_is_refused_once_the_cap_is_used_up(either: House) -> None:
    (first,) = await either.hear(ALICE, f"!pay {BOB} 12 EUR", DINNER)
    (second,) = await either.hear(ALICE, f"!pay {CAROL} 12 EUR", DINNER)
    codes = [str(card.about["code"]) for card in (first, second) if card.about]
    assert keys(await either.hear(ALICE, f"!confirm {codes[0]}", DINNER)) == ["pay.on_its_way"]
    said = await either.hear(ALICE, f"!confirm {codes[1]}", DINNER)

    assert keys(said)[-1] == "error.over_the_day_cap"
    assert "8.00 EUR left" in words(said)
    await either.carry()
    assert [order.amount.minor for order in either.rail.moved] == [1200]


async def test_of_two_payments_that_were_checked_at_once_one_is_decided_again(either: House) -> None:
    approvals = either.desk.approvals
    for payee in (BOB, CAROL):
        await either.hear(ALICE, f"!pay {payee} 12 EUR", DINNER)
    person = await either.book.person_of(ALICE)
    assert person is not None
    cards = await either.book.awaiting_approval(person.id)
    (one, _), (other, _) = [await approvals.approve(card, PHONE) for card in cards]
    await either.book.commit(one)
    with pytest.raises(StaleError):
        await either.book.commit(other)

    with pytest.raises(OverTheDayCapError):
        await approvals.approve(cards[1], PHONE)


async def test_two_who_confirm_at_once_do_not_both_slip_under_a_cap(either: House) -> None:
    cards = [(await either.hear(ALICE, f"!pay {payee} 12 EUR", DINNER))[0] for payee in (BOB, CAROL)]
    lines = [f"!confirm {card.about['code']}" for card in cards if card.about]
    said = await asyncio.gather(*(either.hear(ALICE, line, DINNER) for line in lines))
    await either.carry()

    assert [order.amount.minor for order in either.rail.moved] == [1200]
    assert "error.over_the_day_cap" in keys([say for says in said for say in says])


async def test_topup_and_cashout_count_where_the_region_says_so(tmp_path: Path) -> None:
    everything = frozenset({TransferKind.PAY, TransferKind.TOPUP, TransferKind.CASHOUT})
    house, _ = await a_house(tmp_path, "sqlite", replace(REGION, covers=everything))
    here = direct(ALICE)
    assert keys(await house.hear(ALICE, "!topup 16 EUR", here)) == ["error.over_the_each_cap"]
    await house.fund(ALICE, 1500)
    cashout = await house.hear(ALICE, "!cashout 6 EUR", here)
    paying = await house.hear(ALICE, f"!pay {BOB} 6 EUR", DINNER)
    await house.database.close()

    assert keys(cashout) == ["error.over_the_day_cap"]
    assert keys(paying)[-1] == "error.over_the_day_cap"


async def test_topup_and_cashout_are_free_where_it_does_not(capped: House) -> None:
    await capped.fund(ALICE, 9000)
    said = keys(await capped.hear(ALICE, "!cashout 80 EUR", direct(ALICE)))

    assert said == ["cashout.card"]
    assert await capped.balance(ALICE) == 9000


async def test_a_currency_that_the_region_does_not_know_cannot_be_sent(capped: House) -> None:
    said = await capped.hear(ALICE, f"!pay {BOB} 100 JPY", DINNER)

    assert keys(said) == ["error.currency_not_sent"]
    assert "JPY cannot be sent here, only EUR" in words(said)


async def test_where_the_region_lets_nobody_ask_no_request_is_made(tmp_path: Path) -> None:
    house, _ = await a_house(tmp_path, "sqlite", replace(REGION, requests=False))
    said = await house.hear(BOB, f"!request {ALICE} 5 EUR", DINNER)
    asked = await house.book.requests_of((await house.desk.people.know(BOB)).person.id)
    await house.database.close()

    assert keys(said) == ["error.requests_off"]
    assert asked == []


async def test_a_refused_draft_leaves_nothing_behind(capped: House) -> None:
    await capped.hear(ALICE, f"!pay {BOB} 15.01 EUR", DINNER)
    person = await capped.book.person_of(ALICE)
    assert person is not None
    standing = await capped.book.standing(person.id)

    assert standing is not None
    assert standing.approvals == 0
    assert await capped.book.awaiting_approval(person.id) == []
    assert await capped.book.balance(person.id, "EUR") == Money.zero("EUR")

"""What moves money or loosens something waits, can be stopped, and is done exactly once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.acts import Via
from paybridge.domain.motions import Motion, MotionKind, MotionOverError
from paybridge.domain.permissions import Permissions, Role
from paybridge.domain.region import Caps, Level, Region
from paybridge.services.ports import RailEvent
from paybridge.services.says import unseal
from paybridge.storage.acting import told_acts
from paybridge.storage.audit import audit
from paybridge.storage.errors import DatabaseError
from paybridge.storage.motions_beside import ask_beside, check_side, lying_beside, stop_beside
from tests.fakes.database import ask_raw
from tests.fakes.house import (
    ADA,
    ALICE,
    BOB,
    CAROL,
    DINNER,
    EVE,
    OFFICE,
    ROOT,
    House,
    keys,
    open_house,
    words,
)
from tests.fakes.rail import SETTLES, refuses
from tests.fakes.records import euros

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

HOUR = timedelta(hours=1)
REGION = Region(
    name="eu",
    limits={
        Level.UNCHECKED: {"EUR": Caps(each=euros(1000))},
        Level.NAMED: {"EUR": Caps(each=euros(2000))},
        Level.CHECKED: {"EUR": Caps()},
    },
)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[House]:
    """A house where such an order takes two operators."""
    opened = await open_house(tmp_path, two_admins=True)
    yield opened
    await opened.database.close()

    assert audit(opened.database.url).problems == ()


async def asked(house: House, line: str, admin: str = ROOT) -> str:
    """Ask for something in the operators' room; the id under which it waits."""
    said = await house.hear(admin, line, OFFICE)
    assert said[-1].key in {"admin.motion_waits", "admin.motion_needs_second"}, keys(said)
    return str(said[-1].facts["id"])


async def looked(house: House) -> list[str]:
    """What is said when the bot next looks at what waits."""
    await house.desk.motions.look()
    return keys(await house.said())


async def suspended(house: House) -> str:
    """A payment of 5 EUR of Alice's to Bob that the bank refused, and then collected all the same."""
    house.rail.script = refuses("insufficient_funds")
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    (card,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    payment = str(card.facts["payment"])
    house.rail.move_late(f"{payment}/1")
    await house.reconciler.hint(RailEvent("event", f"{payment}/1"))
    await house.carry()
    house.rail.script = SETTLES
    return payment


async def in_debt(house: House) -> None:
    """Bob has spent 3 of 5 EUR that the bank then takes back."""
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    (card,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    await house.hear(BOB, "!cashout 3 EUR")
    await house.hear(BOB, "!yes")
    await house.carry()
    house.rail.take_back(f"{card.facts['payment']}/1")
    await house.reconciler.hint(RailEvent("event", f"{card.facts['payment']}/1"))
    await house.carry()


async def owed(house: House) -> Sequence[object]:
    return await ask_raw(house.database, "SELECT balance FROM account WHERE kind = 'receivable'")


async def test_an_unfreeze_waits_an_hour_and_is_then_done_once_and_told(house: House) -> None:
    await house.link(ALICE)
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    name = await asked(house, f"!admin unfreeze {ALICE}")
    again = await house.hear(ADA, f"!admin unfreeze {ALICE}", OFFICE)
    house.clock.pass_by(HOUR - timedelta(seconds=1))
    early = await looked(house)
    still = await house.hear(ALICE, "!topup 5 EUR")
    house.clock.pass_by(timedelta(seconds=1))
    done = await looked(house)
    more = await looked(house)

    assert keys(again) == ["error.asked_already"]
    assert (early, keys(still)) == ([], ["error.stopped"])
    assert sorted(done) == ["admin.motion_done", "freeze.over_by_operator"]
    assert more == []
    assert keys(await house.hear(ALICE, "!topup 5 EUR")) == ["topup.card"]
    assert keys(await house.hear(ADA, f"!admin stop {name}", OFFICE)) == ["error.motion_over"]
    told = await asyncio.to_thread(told_acts, house.database.url, 10)
    assert [(act["kind"], act["by"]) for act in told] == [
        ("freeze", ROOT),
        ("ask", ROOT),
        ("carry_out", ROOT),
    ]


async def test_a_freeze_of_ones_own_stays_when_an_operators_ends(house: House) -> None:
    await house.link(ALICE)
    await house.hear(ALICE, "!freeze")
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    await asked(house, f"!admin unfreeze {ALICE}")
    house.clock.pass_by(HOUR)

    assert "freeze.half_over_by_operator" in await looked(house)
    assert keys(await house.hear(ALICE, "!topup 5 EUR")) == ["error.frozen"]
    await asked(house, f"!admin unfreeze {ALICE}")
    house.clock.pass_by(HOUR)
    assert "freeze.over_by_operator" in await looked(house)
    assert keys(await house.hear(ALICE, "!topup 5 EUR")) == ["topup.card"]
    assert keys(await house.hear(ROOT, f"!admin unfreeze {ALICE}", OFFICE)) == ["error.is_not_frozen"]


async def test_any_operator_stops_what_waits_and_it_is_never_done(house: House) -> None:
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    name = await asked(house, f"!admin unfreeze {ALICE}")
    listed = words(await house.hear(ADA, "!admin waiting", OFFICE))
    stopped = await house.hear(ADA, f"!admin stop {name.lower()}", OFFICE)
    house.clock.pass_by(HOUR)

    assert f"{name} !admin unfreeze {ALICE}, by {ROOT}" in listed
    assert keys(stopped) == ["admin.motion_stopped"]
    assert await looked(house) == []
    assert keys(await house.hear(ROOT, "!admin waiting", OFFICE)) == ["admin.nothing_waits"]
    assert keys(await house.hear(ROOT, "!admin stop A-22222", OFFICE)) == ["error.no_such_motion"]
    assert keys(await house.hear(ROOT, "!admin stop everything", OFFICE)) == ["error.not_a_motion_id"]
    assert keys(await house.hear(ADA, f"!admin approve {name}", OFFICE)) == ["error.motion_over"]


async def test_what_is_stopped_in_the_moment_in_which_it_is_due_ends_one_way_only(house: House) -> None:
    payment = await suspended(house)
    name = await asked(house, f"!admin suspense {payment} to {ALICE}")
    house.clock.pass_by(HOUR)
    await asyncio.gather(house.desk.motions.look(), house.hear(ADA, f"!admin stop {name}", OFFICE))
    ((state,),) = await ask_raw(house.database, "SELECT state FROM motion")

    assert await house.balance(ALICE) == (500 if state == "done" else 0)


async def test_what_lies_in_suspense_goes_to_a_side_of_its_payment_once(house: House) -> None:
    payment = await suspended(house)
    listed = words(await house.hear(ROOT, "!admin suspense", OFFICE))
    stranger = await house.hear(ROOT, f"!admin suspense {payment} to {CAROL}", OFFICE)
    await asked(house, f"!admin suspense {payment} to {ALICE}")
    await asked(house, f"!admin suspense {payment} to {BOB}", ADA)
    house.clock.pass_by(HOUR)
    said = await looked(house)

    assert f"{payment}, collect of 5.00 EUR at bank" in listed
    assert keys(stranger) == ["error.not_a_side"]
    assert sorted(said) == [
        "admin.motion_done",
        "admin.motion_failed",
        "error.nothing_suspended",
        "suspense.given",
    ]
    assert sorted([await house.balance(ALICE), await house.balance(BOB)]) == [0, 500]
    assert keys(await house.hear(ROOT, "!admin suspense", OFFICE)) == ["admin.nothing_suspended"]
    assert keys(await house.hear(ROOT, f"!admin suspense {payment} to {BOB}", OFFICE)) == [
        "error.nothing_suspended"
    ]
    assert keys(await house.hear(ALICE, "!statement csv")) == ["statement.sent"]


async def test_a_payout_that_went_through_all_the_same_is_taken_from_whoever_got_it(house: House) -> None:
    await house.link(BOB)
    await house.fund(BOB, 400)
    house.rail.script = refuses("account_closed")
    (card,) = await house.hear(BOB, "!cashout 4 EUR")
    await house.hear(BOB, "!yes")
    await house.carry()
    payment = str(card.facts["payment"])
    house.rail.move_late(f"{payment}/1")
    await house.reconciler.hint(RailEvent("event", f"{payment}/1"))
    await house.carry()
    house.rail.script = SETTLES
    await house.hear(BOB, f"!pay {CAROL} 1 EUR from balance", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    await house.carry()
    await asked(house, f"!admin suspense {payment} to {BOB}")
    house.clock.pass_by(HOUR)

    assert "suspense.taken" in await looked(house)
    assert await house.balance(BOB) == 0
    assert await owed(house) == [(-100,)]
    assert keys(await house.hear(ROOT, "!admin suspense", OFFICE)) == ["admin.suspense"]


async def test_a_debt_is_written_off_as_a_whole_or_not_at_all(house: House) -> None:
    await in_debt(house)
    listed = words(await house.hear(ROOT, "!admin suspense", OFFICE))
    await asked(house, f"!admin suspense {BOB} write-off")
    house.clock.pass_by(HOUR)
    said = await looked(house)
    nobody = await house.hear(ROOT, f"!admin suspense {ALICE} write-off", OFFICE)
    other = await house.hear(ROOT, f"!admin suspense {BOB} forgive", OFFICE)

    assert f"{BOB} owes 3.00 EUR" in listed
    assert sorted(said) == ["admin.motion_done", "suspense.written_off"]
    assert await owed(house) == [(0,)]
    assert keys(nobody) == ["error.owes_nothing"]
    assert keys(other) == ["error.what_to_settle"]


async def test_limits_are_shown_lowered_at_once_and_raised_after_an_hour(tmp_path: Path) -> None:
    house = await open_house(tmp_path, region=REGION)
    await house.link(ALICE)
    shown = words(await house.hear(ROOT, f"!admin limits {ALICE}", OFFICE))
    await asked(house, f"!admin limits {ALICE} named")
    before = await house.hear(ALICE, f"!pay {BOB} 15 EUR", DINNER)
    house.clock.pass_by(HOUR)
    raised = await looked(house)
    after = await house.hear(ALICE, f"!pay {BOB} 15 EUR", DINNER)
    lowered = await house.hear(ROOT, f"!admin limits {ALICE} unchecked", OFFICE)
    confirmed = await house.hear(ALICE, "!yes", DINNER)
    same = await house.hear(ROOT, f"!admin limits {ALICE} unchecked", OFFICE)
    unknown = await house.hear(ROOT, f"!admin limits {ALICE} emperor", OFFICE)
    await house.database.close()

    assert f"{ALICE} has the level unchecked" in shown
    assert "EUR: 10.00 EUR in a payment" in shown
    assert before[-1].key.startswith("error.over_the_each_cap")
    assert sorted(raised) == ["admin.motion_done", "limits.raised.named"]
    assert after[-1].key == "pay.card"
    assert keys(lowered) == ["admin.lowered"]
    assert confirmed[-1].key.startswith("error.over_the_each_cap")
    assert keys(same) == ["error.has_this_level"]
    assert keys(unknown) == ["error.no_such_level"]


async def test_an_amount_for_a_day_is_set_for_one_person_within_the_regions_most(tmp_path: Path) -> None:
    caps = {Level.UNCHECKED: euros(2000), Level.NAMED: euros(5000), Level.CHECKED: euros(9000)}
    region = Region(name="eu", limits={level: {"EUR": Caps(day=day)} for level, day in caps.items()})
    house = await open_house(tmp_path, region=region)
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    over = await house.hear(ROOT, f"!admin limits {ALICE} 90.01 EUR", OFFICE)
    unknown = await house.hear(ROOT, f"!admin limits {ALICE} 5 INR", OFFICE)
    lowered = await house.hear(ROOT, f"!admin limits {ALICE} 5 EUR", OFFICE)
    six = await house.hear(ALICE, f"!pay {BOB} 6 EUR", DINNER)
    others = await house.hear(BOB, f"!pay {ALICE} 6 EUR", DINNER)
    shown = words(await house.hear(ADA, f"!admin limits {ALICE}", OFFICE))
    name = await asked(house, f"!admin limits {ALICE} 60 EUR")
    again = await house.hear(ROOT, f"!admin limits {ALICE} 5 EUR", OFFICE)
    house.clock.pass_by(HOUR)
    raised = await looked(house)
    more = await house.hear(ALICE, f"!pay {BOB} 30 EUR", DINNER)
    told = await asyncio.to_thread(told_acts, house.database.url, 10)
    await house.database.close()

    assert keys(over) == ["error.more_than_the_regions_most"]
    assert keys(unknown) == ["error.nothing_limited"]
    assert keys(lowered) == ["admin.capped"]
    assert six[-1].key == "error.over_the_day_cap"
    assert others[-1].key == "pay.card"
    assert "today 5.00 EUR of 5.00 EUR left" in shown
    assert keys(again) == ["error.has_this_level"]
    assert sorted(raised) == ["admin.motion_done", "limits.set"]
    assert more[-1].key == "pay.card"
    assert [(act["kind"], act["about"]) for act in told] == [
        ("lower", None),
        ("ask", name),
        ("carry_out", name),
    ]


async def test_where_two_are_needed_another_operator_approves_and_it_is_done_at_once(pair: House) -> None:
    payment = await suspended(pair)
    name = await asked(pair, f"!admin suspense {payment} to {ALICE}")
    own = await pair.hear(ROOT, f"!admin approve {name}", OFFICE)
    outside = await pair.hear(ADA, f"!admin approve {name}", DINNER)
    nobody = await pair.hear(BOB, f"!admin approve {name}", OFFICE)
    await asyncio.gather(
        pair.hear(ADA, f"!admin approve {name}", OFFICE), pair.hear(EVE, f"!admin approve {name}", OFFICE)
    )
    posted = [unseal(pair.desk.vault, post).key for _, post in await pair.mailbox.posts(0, 1000)]
    outcomes = {"admin.motion_done", "error.motion_over", "suspense.given"}

    assert [keys(said) for said in (own, outside, nobody)] == [
        ["error.own_motion"],
        ["error.not_allowed"],
        ["error.not_allowed"],
    ]
    assert sorted(key for key in posted if key in outcomes) == sorted(outcomes)
    assert await pair.balance(ALICE) == 500
    assert await looked(pair) == []


async def test_what_no_second_operator_approves_of_lapses_after_a_day(pair: House) -> None:
    await pair.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    name = await asked(pair, f"!admin unfreeze {ALICE}")
    pair.clock.pass_by(timedelta(hours=24))
    late = await pair.hear(ADA, f"!admin approve {name}", OFFICE)

    assert keys(late) == ["error.motion_over"]
    assert await looked(pair) == ["admin.motion_lapsed"]
    assert keys(await pair.hear(ALICE, "!topup 5 EUR")) == ["error.stopped"]


async def test_without_two_operators_an_approval_makes_nothing_earlier(house: House) -> None:
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    name = await asked(house, f"!admin unfreeze {ALICE}")

    assert keys(await house.hear(ADA, f"!admin approve {name}", OFFICE)) == ["error.no_second_needed"]


async def test_who_is_no_operator_any_more_when_its_time_comes_has_asked_in_vain(house: House) -> None:
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    await asked(house, f"!admin unfreeze {ALICE}")
    settings = house.desk.motions._settings  # noqa: SLF001 - as after a start with another config
    roles = {**settings.permissions.roles, ROOT: Role.USER}
    house.desk.motions._settings = replace(settings, permissions=Permissions(roles))  # noqa: SLF001 - see above
    house.clock.pass_by(HOUR)

    assert await looked(house) == ["admin.motion_failed", "error.not_allowed"]
    assert keys(await house.hear(ALICE, "!topup 5 EUR")) == ["error.stopped"]


async def test_an_operator_who_is_frozen_gives_no_orders_and_what_they_asked_for_is_not_done(
    house: House,
) -> None:
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    await asked(house, f"!admin unfreeze {ALICE}")
    await house.hear(ADA, f"!admin freeze {ROOT} taken over", OFFICE)
    own = await house.hear(ROOT, f"!admin unfreeze {ROOT}", OFFICE)
    house.clock.pass_by(HOUR)

    assert keys(own) == ["error.stopped"]
    assert await looked(house) == ["admin.motion_failed", "error.not_allowed"]
    assert keys(await house.hear(ALICE, "!topup 5 EUR")) == ["error.stopped"]


async def test_after_a_start_it_is_done_from_the_database_and_not_twice(tmp_path: Path) -> None:
    house = await open_house(tmp_path)
    payment = await suspended(house)
    await asked(house, f"!admin suspense {payment} to {ALICE}")
    await house.database.close()
    again = await open_house(tmp_path)
    again.clock.pass_by(2 * HOUR)
    await again.desk.motions.look()
    await again.database.close()
    third = await open_house(tmp_path)
    third.clock.pass_by(3 * HOUR)
    await third.desk.motions.look()

    assert await third.balance(ALICE) == 500
    await third.database.close()
    assert audit(house.database.url).problems == ()


async def test_the_same_message_delivered_again_asks_for_nothing_more(house: House) -> None:
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    await house.hear(ROOT, f"!admin unfreeze {ALICE}", OFFICE, event="$once")
    name = (await house.desk.motions.waiting())[0].id
    await house.hear(ADA, f"!admin stop {name}", OFFICE)

    assert await house.hear(ROOT, f"!admin unfreeze {ALICE}", OFFICE, event="$once") == []
    assert await house.desk.motions.waiting() == []


async def test_what_was_asked_for_at_the_command_line_is_told_in_the_room_and_stopped_from_either(
    house: House,
) -> None:
    await house.link(ALICE)
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE)
    person = await house.book.person_of(ALICE)
    assert person is not None
    now, url = house.clock.now(), house.database.url
    motion = Motion(
        "A-22222",
        MotionKind.UNFREEZE,
        "ops",
        Via.COMMAND_LINE,
        person.id,
        now,
        now + HOUR,
        needs_second=False,
    )
    await asyncio.to_thread(ask_beside, url, motion)
    told = await looked(house)
    again = await looked(house)
    await house.hear(ADA, "!admin stop A-22222", OFFICE)
    other = replace(motion, id="A-33333")
    await asyncio.to_thread(ask_beside, url, other)
    await asyncio.to_thread(stop_beside, url, "A-33333", "ops", now)
    with pytest.raises(MotionOverError):
        await asyncio.to_thread(stop_beside, url, "A-22222", "ops", now)
    third = replace(motion, id="A-44444")
    await asyncio.to_thread(ask_beside, url, third)
    house.clock.pass_by(HOUR)
    done = await looked(house)

    assert (told, again) == (["admin.motion_waits"], [])
    assert sorted(done) == ["admin.motion_done", "admin.motion_waits", "freeze.over_by_operator"]
    acts = await asyncio.to_thread(told_acts, url, 100)
    assert [(act["kind"], act["by"], act["about"]) for act in acts[1:]] == [
        ("ask", "ops", "A-22222"),
        ("stop", ADA, "A-22222"),
        ("ask", "ops", "A-33333"),
        ("stop", "ops", "A-33333"),
        ("ask", "ops", "A-44444"),
        ("carry_out", "ops", "A-44444"),
    ]


async def test_the_books_beside_the_bot_tell_what_is_to_be_settled(house: House) -> None:
    payment = await suspended(house)
    bob = await house.book.person_of(BOB)
    assert bob is not None
    lying = await asyncio.to_thread(lying_beside, house.database.url)
    await asyncio.to_thread(check_side, house.database.url, payment, bob.id)
    for wrong, why in ((("PB-22222", bob.id), "no payment"), ((payment, "somebody"), "nobody else")):
        with pytest.raises(DatabaseError, match=why):
            await asyncio.to_thread(check_side, house.database.url, *wrong)

    assert lying == {
        "suspense": [{"rail": "bank", "minor": 500, "currency": "EUR"}],
        "orders": [{"payment": payment, "kind": "collect", "rail": "bank", "minor": 500, "currency": "EUR"}],
        "debts": [],
    }

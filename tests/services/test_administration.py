"""Operators act in their room only, with proof; what they do is written down, once and for ever."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.deeds import Deed, DeedKind
from paybridge.domain.proof import HomeserverOnly, OwnDevice, Trust
from paybridge.storage.acting import told_acts
from paybridge.storage.audit import audit
from paybridge.storage.deeds import order_deed
from tests.fakes.database import ask_raw
from tests.fakes.house import ADA, ALICE, BOB, DINNER, OFFICE, ROOT, House, direct, keys, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


async def acts(house: House) -> Sequence[Mapping[str, Any]]:
    """The log, as the command line reads it."""
    return await asyncio.to_thread(told_acts, house.database.url, 100)


async def test_nobody_but_an_operator_in_their_room_with_a_proven_device_is_heard(house: House) -> None:
    await house.link(ALICE)
    line = f"!admin freeze {ALICE}"
    house.rooms.known[OFFICE] = replace(house.rooms.known[OFFICE], members={BOB: "Bob"})
    unproven = OwnDevice(Trust.UNVERIFIED, "NEW")
    refused = [
        await house.hear(BOB, line, OFFICE),
        await house.hear(BOB, line, DINNER),
        await house.hear(ROOT, line, DINNER),
        await house.hear(ROOT, line, direct(ROOT)),
        await house.hear(ROOT, line, OFFICE, proof=unproven),
        await house.hear(ROOT, line, OFFICE, proof=HomeserverOnly()),
    ]
    house.rooms.known[OFFICE] = replace(house.rooms.known[OFFICE], encrypted=False)
    refused.append(await house.hear(ROOT, line, OFFICE))

    assert [keys(said) for said in refused] == [
        ["error.not_allowed"],
        ["error.not_allowed"],
        ["error.not_allowed"],
        ["error.not_allowed"],
        ["error.device_not_proven"],
        ["error.device_not_proven"],
        ["error.not_allowed"],
    ]
    assert OFFICE not in words(refused[2])
    assert await acts(house) == []
    assert keys(await house.hear(ALICE, "!topup 5 EUR")) == ["topup.card"]


async def test_an_operators_freeze_ends_what_is_open_is_told_and_is_not_the_persons_to_end(
    house: House,
) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 5000)
    await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    said = await house.hear(ROOT, f"!admin freeze {ALICE} stolen phone", OFFICE)
    told = next(say for say in said if say.person == ALICE)
    again = await house.hear(ADA, f"!admin freeze {ALICE}", OFFICE)
    own = await house.hear(ALICE, "!unfreeze 123456")
    paying = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    leaving = await house.hear(ALICE, "!forget-me for-ever")
    confirmed = await house.hear(ALICE, "!yes")

    assert told.key == "freeze.by_operator"
    assert "stolen phone" in words([told])
    assert "1 open card" in words([told])
    assert said[0].key == "admin.frozen"
    assert keys(again) == ["error.stopped_already"]
    assert [keys(one) for one in (own, paying, leaving)] == [["error.stopped"]] * 3
    assert confirmed[-1].key.startswith("error.")
    assert await house.balance(ALICE) == 5000
    ((kind, by, via, user),) = [
        (act["kind"], act["by"], act["via"], act["user"]) for act in await acts(house)
    ]
    assert (kind, by, via, user) == ("freeze", ROOT, "room", ALICE)


async def test_somebody_who_was_never_met_can_be_frozen_and_stays_so(house: House) -> None:
    await house.hear(ROOT, "!admin freeze @stranger:hs", OFFICE)
    house.rooms.known[DINNER] = replace(
        house.rooms.known[DINNER], members={"@stranger:hs": None, **house.rooms.known[DINNER].members}
    )

    assert keys(await house.hear("@stranger:hs", f"!pay {BOB} 5 EUR", DINNER)) == ["error.stopped"]


async def test_one_message_freezes_once_however_often_it_is_delivered(house: House) -> None:
    await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE, event="$once")

    assert await house.hear(ROOT, f"!admin freeze {ALICE}", OFFICE, event="$once") == []
    assert len(await acts(house)) == 1


async def test_the_log_is_read_in_the_room_and_beside_it_and_stands_when_a_person_is_erased(
    house: House,
) -> None:
    await house.link(BOB)
    empty = await house.hear(ROOT, "!admin log", OFFICE)
    await house.hear(ROOT, f"!admin freeze {ALICE} stolen phone", OFFICE)
    person = await house.book.person_of(BOB)
    assert person is not None
    deed = Deed("d1", DeedKind.FREEZE, person.id, house.clock.now())
    await asyncio.to_thread(order_deed, house.database.url, deed, "root")
    await house.deeds.settle_down()
    (told,) = await house.said()
    shown = words(await house.hear(ADA, "!admin log", OFFICE))
    url = house.database.url

    assert keys(empty) == ["admin.log_empty"]
    assert (told.key, told.person) == ("freeze.by_operator", BOB)
    assert f"{ROOT}: freeze {ALICE} (stolen phone)" in shown
    assert f"root: freeze {BOB}" in shown
    assert keys(await house.hear(BOB, "!topup 5 EUR")) == ["error.stopped"]
    assert audit(url).problems == ()
    for change in ("DELETE FROM act", "UPDATE act SET by = 'nobody'", "UPDATE act SET reason = NULL"):
        with pytest.raises(Exception, match="stays written"):
            await ask_raw(house.database, change)


async def test_the_status_tells_what_is_open_who_is_frozen_and_which_rail_is_away(house: House) -> None:
    await house.link(ALICE)
    await house.hear(ALICE, "!topup 5 EUR")
    await house.hear(ROOT, f"!admin freeze {BOB}", OFFICE)
    said = await house.hear(ADA, "!admin status", OFFICE)
    shown = words(said)

    assert said[0].room == OFFICE
    assert "PayBridge 1.2.3" in shown
    assert "1 waiting to be approved, 0 under way" in shown
    assert f"Frozen by an operator: {BOB}" in shown
    assert f"freeze by {ROOT}" in shown
    assert "Rails that answer: bank" in shown


async def test_without_words_or_with_wrong_ones_it_says_what_there_is(house: House) -> None:
    assert keys(await house.hear(ROOT, "!admin", OFFICE)) == ["admin.all"]
    assert keys(await house.hear(ROOT, "!admin print money", OFFICE)) == ["error.what_to_administer"]
    assert keys(await house.hear(ROOT, "!管理 状态", OFFICE)) == ["admin.status"]

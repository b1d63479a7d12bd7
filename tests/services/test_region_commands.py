"""People see what the region's rules mean for them, and say where their days begin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.region import Caps, Level, Region
from paybridge.domain.standing import Standing
from paybridge.domain.windows import Night
from paybridge.services.ports import Step
from tests.fakes.house import ALICE, BOB, DINNER, House, direct, keys, open_house, words
from tests.fakes.records import euros

CAPS = Caps(each=euros(1500), day=euros(2000), month=euros(4500), night=euros(500), count=3)
REGION = Region(
    name="eu",
    zone="Europe/Brussels",
    limits={level: {"EUR": CAPS} for level in Level},
    night=Night(time(22), time(6)),
    terms="2026-11",
    retention_years=5,
)


@pytest.fixture
async def capped(tmp_path: Path) -> AsyncIterator[House]:
    """It is ten in the morning of the second of March in Brussels."""
    opened = await open_house(tmp_path, region=REGION)
    yield opened
    await opened.database.close()


async def standing_of(house: House, mxid: str) -> Standing | None:
    person = await house.book.person_of(mxid)
    return None if person is None else await house.book.standing(person.id)


async def test_limits_tell_what_is_left_and_when_it_frees_up(capped: House) -> None:
    await capped.link(ALICE)
    await capped.link(BOB, "DE02120300000000202051")
    await capped.hear(ALICE, f"!pay {BOB} 12 EUR", DINNER)
    await capped.hear(ALICE, "!yes", DINNER)
    await capped.carry()
    said = await capped.hear(ALICE, "!limits", DINNER)

    assert keys(said) == ["reply.see_direct_message", "limits.told"]
    told = words(said[1:])
    for line in (
        "Who you are has not been checked.",
        "Europe/Brussels",
        "one payment: at most 15.00 EUR",
        "today: 8.00 EUR left of 20.00 EUR; the next day begins Mar 3, 2026 00:00 UTC+1",
        "this month: 33.00 EUR left of 45.00 EUR; the next one begins Apr 1, 2026 00:00 UTC+2",
        "at night: 5.00 EUR",
        "payments left for today: 2 of 3",
    ):
        assert line in told


async def test_at_night_limits_tell_what_is_left_of_the_night(capped: House) -> None:
    capped.clock.at = capped.clock.at.replace(hour=23)
    told = words(await capped.hear(ALICE, "!limits", direct(ALICE)))

    assert "tonight: 5.00 EUR left of 5.00 EUR; the night ends Mar 3, 2026 06:00 UTC+1" in told
    assert "at night" not in told


async def test_limits_say_so_where_nothing_is_limited(tmp_path: Path) -> None:
    house = await open_house(tmp_path)
    told = words(await house.hear(ALICE, "!limits", direct(ALICE)))
    await house.hear(ALICE, "!lang zh", direct(ALICE))
    in_chinese = words(await house.hear(ALICE, "!限额", direct(ALICE)))
    await house.database.close()

    assert "What you send is not limited." in told
    assert "您的付款不受限额" in in_chinese


async def test_a_currency_without_caps_is_said_to_be_free(tmp_path: Path) -> None:
    free = replace(REGION, limits={level: {"EUR": Caps()} for level in Level})
    house = await open_house(tmp_path, region=free)
    told = words(await house.hear(ALICE, "!limits", direct(ALICE)))
    await house.database.close()

    assert "EUR\n• not limited" in told


async def test_a_refusal_over_a_cap_ends_with_the_line_that_tells_all_of_them(capped: House) -> None:
    await capped.link(ALICE)
    said = await capped.hear(ALICE, f"!pay {BOB} 15.01 EUR", DINNER)

    assert words(said).endswith("!limits")


async def test_a_new_zone_counts_after_a_day_and_is_told_until_then(capped: House) -> None:
    assert "Europe/Brussels." in words(await capped.hear(ALICE, "!zone", direct(ALICE)))
    changed = await capped.hear(ALICE, "!zone Asia/Tokyo", direct(ALICE))
    assert keys(changed) == ["zone.changed"]
    assert "From Mar 3, 2026 09:00 UTC on" in words(changed)
    waiting = words(await capped.hear(ALICE, "!zone", direct(ALICE)))
    capped.clock.pass_by(timedelta(days=1))
    after = words(await capped.hear(ALICE, "!zone", direct(ALICE)))

    assert waiting.startswith("Your days begin in the time zone Europe/Brussels. From Mar 3")
    assert after == "Your days begin in the time zone Asia/Tokyo."
    # It is six in the evening there.
    assert "Mar 4, 2026 00:00 UTC+9" in words(await capped.hear(ALICE, "!limits", direct(ALICE)))


@pytest.mark.parametrize("typed", ["Berlin", "Europe/Atlantis", "../../../etc/passwd", "UTC+1", "x" * 200])
async def test_a_zone_that_does_not_exist_changes_nothing(capped: House, typed: str) -> None:
    said = await capped.hear(ALICE, f"!zone {typed}", direct(ALICE))

    assert keys(said) == ["error.no_such_zone"]
    assert words(said).endswith("!zone Europe/Berlin")
    assert await standing_of(capped, ALICE) is None


async def test_nobody_changes_a_zone_from_a_device_that_is_not_proven(capped: House) -> None:
    said = await capped.hear(ALICE, "!zone Asia/Tokyo", direct(ALICE), proof=HomeserverOnly())

    assert keys(said) == ["error.device_not_proven"]
    assert await standing_of(capped, ALICE) is None


async def test_the_first_link_agrees_to_the_terms_of_that_day(capped: House) -> None:
    before = words(await capped.hear(ALICE, "!terms", direct(ALICE)))
    await capped.link(ALICE)
    linked = capped.clock.now()
    capped.clock.pass_by(timedelta(days=1))
    after = words(await capped.hear(ALICE, "!terms", direct(ALICE)))
    standing = await standing_of(capped, ALICE)

    assert "Terms, version 2026-11 (region eu)" in before
    assert "By linking an account (!link) you agree" in before
    assert "You agreed to version 2026-11 on Mar 2, 2026 09:00 UTC." in after
    assert standing is not None
    assert (standing.terms, standing.agreed) == ("2026-11", linked)


async def test_a_second_link_agrees_to_nothing_anew_unless_the_terms_have_changed(capped: House) -> None:
    await capped.link(ALICE)
    capped.clock.pass_by(timedelta(days=1))
    await capped.link(ALICE, "DE02120300000000202051")
    same = await standing_of(capped, ALICE)
    assert same is not None
    assert same.version == 1
    await capped.book.commit(Step(records=(replace(same, terms="2025-01"),)))
    told = words(await capped.hear(ALICE, "!terms", direct(ALICE)))
    await capped.link(ALICE, "DE75512108001245126199")
    changed = await standing_of(capped, ALICE)

    assert "You agreed to version 2025-01" in told
    assert changed is not None
    assert (changed.terms, changed.agreed) == ("2026-11", capped.clock.now())


async def test_terms_say_where_nobody_may_ask_for_money(tmp_path: Path) -> None:
    house = await open_house(tmp_path, region=replace(REGION, name="in", requests=False))
    told = words(await house.hear(ALICE, "!terms", direct(ALICE)))
    await house.database.close()

    assert "Nobody may ask you for money through the bot." in told


async def test_privacy_says_what_is_read_and_kept_and_for_how_long(capped: House) -> None:
    said = await capped.hear(ALICE, "!privacy", DINNER)

    assert keys(said) == ["reply.see_direct_message", "privacy.told"]
    told = words(said)
    assert "everything that is said in a room where I am" in told
    assert "Who paid whom how much and when is not" in told
    assert "at least 5 years" in told


@pytest.mark.parametrize("line", ["!limits", "!zone", "!terms", "!privacy", "!zone Asia/Tokyo"])
async def test_whoever_is_new_is_answered_too_and_in_chinese(capped: House, line: str) -> None:
    await capped.hear(BOB, "!lang zh", direct(BOB))
    said = await capped.hear(BOB, line, direct(BOB))

    assert len(said) == 1
    assert said[0].language == "zh"
    assert not said[0].key.startswith("error.")
    assert words(said)

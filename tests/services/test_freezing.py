"""Another master key than at first: its owner is frozen, told, and let go after a day or by the operator."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.spoken import Trouble
from paybridge.services.pinning import LOOK_AGAIN_SECONDS, Pins
from paybridge.storage.identities import NotFrozenError, accept_identity, frozen_identities
from tests.fakes.house import ALICE, BOB, DINNER, House, keys, settings, words

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.says import Say

DAY = timedelta(hours=24)
CHANGED = {
    "proof": OwnDevice(Trust.CROSS_SIGNED_UNTRUSTED, "PHONE"),
    "trouble": Trouble.MASTER_KEY_CHANGED,
}


@pytest.fixture
async def frozen(house: House) -> House:
    """Alice's house, in which she has just shown another key than the first one."""
    assert not await house.pins.meet(ALICE, "first", vouched=True)
    assert await house.pins.meet(ALICE, "second", vouched=True)
    return house


async def thaw(house: House) -> list[Say]:
    await house.pins.settle_down()
    return await house.said()


async def test_the_first_key_that_is_vouched_for_is_pinned(house: House) -> None:
    assert not await house.pins.meet(ALICE, "planted", vouched=False)
    assert not await house.pins.meet(ALICE, None, vouched=False)
    assert not await house.pins.meet(ALICE, "first", vouched=True)

    assert await house.pins.meet(ALICE, "planted", vouched=True)


async def test_who_is_frozen_is_told_once_in_the_direct_message_until_when(frozen: House) -> None:
    assert await frozen.pins.meet(ALICE, "second", vouched=True)
    (said,) = await frozen.said()

    assert (said.key, said.person, said.room) == ("identity.changed", ALICE, None)
    assert said.facts == {"until": frozen.clock.now() + DAY}
    assert "Mar 3, 2026 9:00" in words([said]).replace("09:00", "9:00")


async def test_a_freeze_is_in_the_database_and_outlives_the_program(frozen: House) -> None:
    database = frozen.database
    again = Pins(database.book, frozen.desk.vault, frozen.clock, settings(), *[frozen.pins._bell] * 2)  # noqa: SLF001 - as at a start

    assert await again.frozen(ALICE)
    assert not await again.frozen(BOB)


async def test_a_minute_before_its_end_it_holds_and_then_it_ends_by_itself(frozen: House) -> None:
    await frozen.said()
    frozen.clock.pass_by(DAY - timedelta(minutes=1))
    early = await thaw(frozen)
    frozen.clock.pass_by(timedelta(minutes=1))
    (said,) = await thaw(frozen)

    assert early == []
    assert (said.key, said.person) == ("identity.taken", ALICE)
    assert not await frozen.pins.frozen(ALICE)
    assert not await frozen.pins.meet(ALICE, "second", vouched=True)
    assert await frozen.pins.meet(ALICE, "first", vouched=True)


async def test_a_further_change_starts_anew(frozen: House) -> None:
    await frozen.said()
    frozen.clock.pass_by(DAY - timedelta(minutes=1))
    assert await frozen.pins.meet(ALICE, "third", vouched=True)
    (told,) = await frozen.said()
    frozen.clock.pass_by(timedelta(minutes=1))
    nothing = await thaw(frozen)
    frozen.clock.pass_by(DAY)

    assert told.facts == {"until": frozen.clock.now() - timedelta(minutes=1)}
    assert nothing == []
    assert keys(await thaw(frozen)) == ["identity.taken"]


async def test_without_any_key_the_freeze_has_no_end(house: House) -> None:
    await house.pins.meet(ALICE, "first", vouched=True)
    await house.pins.meet(ALICE, None, vouched=False)
    told = await house.said()
    house.clock.pass_by(100 * DAY)

    assert keys(told) == ["identity.gone"]
    assert await thaw(house) == []
    assert await house.pins.frozen(ALICE)


async def test_the_first_key_again_ends_the_freeze_and_says_so(frozen: House) -> None:
    await frozen.said()
    assert not await frozen.pins.meet(ALICE, "first", vouched=True)
    back = await frozen.said()
    assert await frozen.pins.meet(ALICE, "second", vouched=True)

    assert keys(back) == ["identity.back"]
    assert keys(await frozen.said()) == ["identity.changed"]


def url_in(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'paybridge.db'}"


async def test_an_operator_can_take_the_new_key_at_once(frozen: House, tmp_path: Path) -> None:
    await frozen.said()
    file = url_in(tmp_path)
    listed = frozen_identities(file)
    accept_identity(file, ALICE, frozen.clock.now(), "root")

    assert [(pinned.mxid, pinned.key) for pinned in listed] == [(ALICE, "first")]
    assert not await frozen.pins.frozen(ALICE)
    assert not await frozen.pins.meet(ALICE, "second", vouched=True)
    assert keys(await frozen.said()) == ["identity.taken"]
    assert frozen_identities(file) == []
    with pytest.raises(NotFrozenError, match="not frozen"):
        accept_identity(file, ALICE, frozen.clock.now(), "root")


async def test_what_an_operator_took_is_found_without_anybody_speaking(frozen: House, tmp_path: Path) -> None:
    waits: list[float | None] = []

    class AcceptingBell:
        async def wait(self, patience: float | None) -> None:
            waits.append(patience)
            if patience is None:
                raise TimeoutError
            accept_identity(url_in(tmp_path), ALICE, frozen.clock.now(), "root")

        def ring(self) -> None:
            """Heard by nobody."""

    bell = AcceptingBell()
    pins = Pins(frozen.book, frozen.desk.vault, frozen.clock, settings(), bell, bell)
    with pytest.raises(TimeoutError):
        await pins.run()

    assert waits == [LOOK_AGAIN_SECONDS, None]
    assert keys(await frozen.said())[-1] == "identity.taken"


async def test_a_key_that_came_after_the_operators_word_is_not_the_one_that_was_taken(
    frozen: House, tmp_path: Path
) -> None:
    accept_identity(url_in(tmp_path), ALICE, frozen.clock.now(), "root")

    assert await frozen.pins.meet(ALICE, "third", vouched=True)


async def test_no_identity_at_all_cannot_be_accepted(house: House, tmp_path: Path) -> None:
    await house.pins.meet(ALICE, "first", vouched=True)
    await house.pins.meet(ALICE, None, vouched=False)

    with pytest.raises(NotFrozenError, match="no encryption identity"):
        accept_identity(url_in(tmp_path), ALICE, house.clock.now(), "root")


@pytest.mark.parametrize("typed", ["!yes", "!pay @bob:hs 1 EUR", "!balance", "!history", "!status PB-22222"])
async def test_a_frozen_person_is_refused_everything(house: House, typed: str) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 2000)
    (card,) = await house.hear(ALICE, f"!pay {BOB} 12.50 EUR", DINNER)

    said = await house.hear(ALICE, typed, DINNER, **CHANGED)  # type: ignore[arg-type]  # two of its options

    assert card.key == "pay.card"
    assert keys(said) == ["trouble.master_key_changed"]
    assert await house.balance(BOB) == 0


async def test_a_frozen_person_gets_help(house: House) -> None:
    said = await house.hear(ALICE, "!help", DINNER, **CHANGED)  # type: ignore[arg-type]  # two of its options

    assert keys(said) == [key for key in keys(said) if key.startswith("help")]
    assert said


async def test_money_for_a_frozen_person_waits(frozen: House) -> None:
    await frozen.link(BOB)
    await frozen.fund(BOB, 2000)
    await frozen.hear(BOB, f"!pay {ALICE} 5 EUR", DINNER)
    await frozen.hear(BOB, "!yes", DINNER)
    await frozen.hear(ALICE, "!claim", DINNER, **CHANGED)  # type: ignore[arg-type]  # two of its options

    alice = await frozen.book.person_of(ALICE)
    assert alice is not None
    assert len(await frozen.book.claimable(alice.id)) == 1

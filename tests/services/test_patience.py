"""When a ghost that writes too much is no longer answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from paybridge.services.patience import MOST, MOST_GHOSTS, WITHIN, Patience
from tests.fakes.ghosts import CHANNEL, IRIS, TABLE, VIA_IRC, WANDA, open_bridged_house
from tests.fakes.house import ALICE

if TYPE_CHECKING:
    from pathlib import Path


class Hand:
    """The hand of a clock, moved by the test."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 28, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def test_a_ghost_gets_a_few_answers_in_a_minute_and_then_the_next_ones() -> None:
    hand = Hand()
    patience = Patience(TABLE, hand)
    first = [patience.is_over(IRIS) for _ in range(MOST + 3)]
    hand.at += WITHIN
    later = patience.is_over(IRIS)

    assert first == [False] * MOST + [True] * 3
    assert not later


def test_another_ghost_and_people_of_matrix_are_answered_meanwhile() -> None:
    patience = Patience(TABLE, Hand())
    for _ in range(MOST):
        patience.is_over(IRIS)

    assert not patience.is_over(WANDA)
    assert not any(patience.is_over(ALICE) for _ in range(3 * MOST))


def test_ghosts_that_were_silent_for_a_while_are_forgotten() -> None:
    hand = Hand()
    patience = Patience(TABLE, hand)
    for number in range(MOST_GHOSTS):
        patience.is_over(f"@irc_libera_{number}:hs")
    hand.at += WITHIN + timedelta(seconds=1)
    patience.is_over(IRIS)

    assert list(patience._answered) == [IRIS]  # noqa: SLF001 - what it keeps shows nowhere else


async def test_a_flood_of_one_ghost_is_answered_a_few_times_and_what_changes_something_always(
    tmp_path: Path,
) -> None:
    house = await open_bridged_house(tmp_path)
    await house.hear(IRIS, f"!request {ALICE} 1 EUR", CHANNEL, proof=VIA_IRC)
    said = [await house.hear(IRIS, f"!pay {ALICE} 1 EUR", CHANNEL, proof=VIA_IRC) for _ in range(2 * MOST)]
    asked = await house.hear(IRIS, f"!request {ALICE} 2 EUR", CHANNEL, proof=VIA_IRC)
    native = await house.hear(ALICE, "!help", CHANNEL)

    assert [len(says) for says in said] == [1] * MOST + [0] * MOST
    assert [say.key for say in asked] == ["request.asked"]
    assert [say.key for say in native] == ["help.all"]

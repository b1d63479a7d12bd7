"""What another master key than the first one means, and when it takes the first one's place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from paybridge.domain.pinning import Freeze, PinnedKey, look_again, thaw

DAY = timedelta(hours=24)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIRST = PinnedKey("@alice:hs", "first", version=1)
CHANGED = PinnedKey("@alice:hs", "first", Freeze("second", NOON, NOON + DAY), version=2)
GONE = PinnedKey("@alice:hs", "first", Freeze(None, NOON, None), version=2)


def test_the_same_key_is_no_news() -> None:
    assert look_again(FIRST, "first", NOON, DAY) is FIRST


def test_another_key_freezes_for_a_day() -> None:
    assert look_again(FIRST, "second", NOON, DAY).freeze == Freeze("second", NOON, NOON + DAY)


def test_no_key_at_all_freezes_without_an_end() -> None:
    gone = look_again(FIRST, None, NOON, DAY)

    assert gone.freeze == Freeze(None, NOON, None)
    assert thaw(gone, NOON + 365 * DAY) is gone


def test_the_same_other_key_keeps_its_time() -> None:
    assert look_again(CHANGED, "second", NOON + DAY / 2, DAY) is CHANGED


def test_a_third_key_begins_anew() -> None:
    later = NOON + DAY - timedelta(seconds=1)

    assert look_again(CHANGED, "third", later, DAY).freeze == Freeze("third", later, later + DAY)
    assert look_again(GONE, "second", later, DAY).freeze == Freeze("second", later, later + DAY)


def test_a_third_key_waits_even_if_it_comes_when_the_second_ones_time_is_over() -> None:
    later = NOON + 2 * DAY

    assert look_again(CHANGED, "third", later, DAY).freeze == Freeze("third", later, later + DAY)


def test_after_a_day_the_other_key_is_the_pinned_one() -> None:
    taken = look_again(CHANGED, "second", NOON + DAY, DAY)

    assert taken == thaw(CHANGED, NOON + DAY) == PinnedKey("@alice:hs", "second", version=2)


def test_a_moment_earlier_it_is_not() -> None:
    assert thaw(CHANGED, NOON + DAY - timedelta(microseconds=1)) is CHANGED


def test_the_first_key_again_ends_the_freeze_and_what_came_in_between_waits_from_anew() -> None:
    back = look_again(CHANGED, "first", NOON + DAY / 2, DAY)

    assert back.freeze is None
    assert look_again(back, "second", NOON + DAY, DAY).freeze == Freeze("second", NOON + DAY, NOON + 2 * DAY)

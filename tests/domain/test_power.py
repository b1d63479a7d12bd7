"""Who has which power in a room, whatever its state says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.power import EVERYTHING, MODERATOR, Powers, read_powers

ANNA, BOB, CAROL = "@anna:hs", "@bob:hs", "@carol:hs"
POLICY = "org.paybridge.policy"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def created(version: object, more: object = None) -> dict[str, Any]:
    """Anna made the room; `more` are additional creators."""
    content = {"room_version": version, "additional_creators": more}
    return {"type": "m.room.create", "sender": ANNA, "content": content}


def test_people_and_events_without_a_level_of_their_own_have_the_default() -> None:
    powers = read_powers(
        created("10"), {"users": {BOB: 50}, "users_default": 5, "events": {POLICY: 75}, "state_default": 60}
    )

    assert (powers.of(BOB), powers.of(CAROL)) == (50, 5)
    assert (powers.needed_to_send(POLICY), powers.needed_to_send("m.room.name")) == (75, 60)


def test_what_is_left_out_is_as_the_specification_says() -> None:
    powers = read_powers(created("10"), {})

    assert (powers.of(ANNA), powers.of(BOB), powers.needed_to_send(POLICY)) == (0, 0, MODERATOR)
    assert (powers.invite, read_powers(created("10"), {"invite": 60}).invite) == (0, 60)


@pytest.mark.parametrize("version", ["1", "10", "11"])
def test_without_levels_the_creator_rules_and_others_do_not(version: str) -> None:
    powers = read_powers(created(version), None)

    assert (powers.of(ANNA), powers.of(BOB), powers.needed_to_send(POLICY)) == (100, 0, MODERATOR)


@pytest.mark.parametrize("version", ["12", "13", "120"])
def test_creators_are_almighty_since_version_12(version: str) -> None:
    powers = read_powers(created(version, [BOB, 7]), {"users": {CAROL: 100}})

    assert (powers.of(ANNA), powers.of(BOB), powers.of(CAROL)) == (EVERYTHING, EVERYTHING, 100)


@pytest.mark.parametrize("version", [None, "1", "11", "org.example.12", "-12", "١٢", 12])
def test_creators_are_not_almighty_in_other_rooms(version: object) -> None:
    powers = read_powers(created(version, [BOB]), {"users": {}})

    assert (powers.of(ANNA), powers.of(BOB)) == (0, 0)


def test_the_content_names_the_creator_only_where_nobody_else_does() -> None:
    told = {"content": {"room_version": "9", "creator": BOB}}

    assert read_powers(told, None).of(BOB) == 100
    assert read_powers({**told, "sender": ANNA}, None).of(BOB) == 0
    assert read_powers({"content": {"room_version": "12", "creator": BOB}}, None).of(BOB) == 0


@pytest.mark.parametrize(("level", "read"), [("50", 50), (" -7 ", -7), (50, 50), ("+3", 3)])
def test_old_rooms_write_levels_as_text(level: object, read: int) -> None:
    assert read_powers(created("9"), {"users": {BOB: level}}).of(BOB) == read


@pytest.mark.parametrize("level", [None, True, 50.0, "fifty", [50], {"level": 50}, 2**60, "9" * 30])
def test_a_level_that_cannot_be_read_gives_nobody_power(level: object) -> None:
    levels = {"users": {BOB: level}, "users_default": level, "events": {POLICY: level}}
    powers = read_powers(created("10"), levels)

    assert (powers.of(BOB), powers.of(CAROL)) == (0, 0)
    assert powers.needed_to_send(POLICY) == EVERYTHING
    assert read_powers(created("10"), {"state_default": level}).needed_to_send(POLICY) == EVERYTHING


@given(create=JSON, levels=JSON)
def test_whatever_the_state_says_there_is_an_answer(create: object, levels: object) -> None:
    powers = read_powers(create, levels)

    assert isinstance(powers, Powers)
    assert -EVERYTHING < powers.of(ANNA) <= EVERYTHING
    assert -EVERYTHING < powers.needed_to_send(POLICY) <= EVERYTHING


@given(
    name=st.sampled_from(["users", "events", "users_default", "state_default"]),
    value=JSON,
    version=st.sampled_from(["1", "9", "11", "12"]),
    more=JSON,
)
def test_no_nonsense_makes_a_stranger_powerful(name: str, value: object, version: str, more: object) -> None:
    if isinstance(more, list):
        more = [who for who in more if who != BOB]
    powers = read_powers(created(version, more), {name: value})

    if name not in {"users", "users_default"}:
        assert powers.of(BOB) == 0

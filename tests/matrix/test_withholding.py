"""Room keys that are kept back: what is noted of others' words, and what others are told."""

from __future__ import annotations

from typing import Any

import pytest

from paybridge.matrix.withholding import MEGOLM, MOST_NOTED, NO_OLM, UNVERIFIED, WITHHELD, KeptBack, notice

ALICE, ROOM = "@alice:hs", "!room:hs"


def told(session: str = "session", code: str = UNVERIFIED, **other: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    content = {"algorithm": MEGOLM, "room_id": ROOM, "session_id": session, "code": code}
    return {"type": WITHHELD, "sender": ALICE, "content": {**content, **other}}


@pytest.mark.parametrize("code", ["m.unverified", "m.blacklisted"])
def test_a_key_that_is_kept_back_on_purpose_is_noted_for_its_owner_room_and_session(code: str) -> None:
    kept = KeptBack()
    kept.take([told(code=code)])

    assert kept.by(ALICE, ROOM, "session")
    assert not kept.by("@bob:hs", ROOM, "session")
    assert not kept.by(ALICE, "!other:hs", "session")
    assert not kept.by(ALICE, ROOM, "other")
    assert not kept.by(ALICE, ROOM, None)


@pytest.mark.parametrize("code", ["m.unavailable", "m.no_olm", "m.unauthorised", None, 5])
def test_what_is_kept_back_for_another_reason_changes_nothing(code: Any) -> None:  # noqa: ANN401 - JSON
    kept = KeptBack()
    kept.take([told(code=code)])

    assert not kept.by(ALICE, ROOM, "session")


@pytest.mark.parametrize(
    "event",
    [
        5,
        {"type": WITHHELD},
        {"type": WITHHELD, "sender": ALICE, "content": []},
        {**told(), "sender": None},
        told(algorithm="other"),
        told(room_id=["!room:hs"]),
        told(session="s" * 300),
    ],
)
def test_strange_words_are_passed_over(event: object) -> None:
    kept = KeptBack()
    kept.take([event, told(session="good")])

    assert kept.by(ALICE, ROOM, "good")


def test_of_a_flood_the_oldest_are_forgotten() -> None:
    kept = KeptBack()
    kept.take(told(session=str(number)) for number in range(MOST_NOTED + 1))

    assert not kept.by(ALICE, ROOM, "0")
    assert kept.by(ALICE, ROOM, str(MOST_NOTED))


def test_each_device_is_told_which_key_it_does_not_get() -> None:
    body = notice(ROOM, "session", "curve", [(ALICE, "A"), (ALICE, "B"), ("@bob:hs", "C")], UNVERIFIED)

    assert {mxid: set(devices) for mxid, devices in body["messages"].items()} == {
        ALICE: {"A", "B"},
        "@bob:hs": {"C"},
    }
    content = body["messages"][ALICE]["A"]
    assert (content["room_id"], content["session_id"], content["sender_key"]) == (ROOM, "session", "curve")


def test_without_a_channel_it_is_about_every_key() -> None:
    content = notice(ROOM, "session", "curve", [(ALICE, "A")], NO_OLM)["messages"][ALICE]["A"]

    assert not {"room_id", "session_id"} & content.keys()

"""Which redactions and reactions are heard, whatever else they hold."""

from __future__ import annotations

from typing import Any

import pytest

from paybridge.domain.spoken import GestureKind
from paybridge.matrix.gestures import read
from paybridge.matrix.letters import Sign

TARGET = "$target"


def reaction(key: object, **more: object) -> dict[str, Any]:
    relation = {"rel_type": "m.annotation", "event_id": TARGET, "key": key} | more
    return {"type": "m.reaction", "content": {"m.relates_to": relation}}


@pytest.mark.parametrize("key", ["\u274c", "\u274c\ufe0f", "\U0001f6ab", "no", "No", "NO"])
def test_a_cross_is_heard(key: str) -> None:
    assert read(reaction(key)) == Sign(GestureKind.CROSSED_OUT, TARGET)


@pytest.mark.parametrize("key", ["\u2705", "\U0001f44d", "yes", "nope", "no way", "", None, 5, ["no"]])
def test_nothing_else_is(key: object) -> None:
    assert read(reaction(key)) is None


@pytest.mark.parametrize("target", [None, 5, "target", "$" + "x" * 255, "$tar\nget"])
def test_a_gesture_needs_an_event(target: object) -> None:
    assert read(reaction("no", event_id=target)) is None
    assert read({"type": "m.room.redaction", "content": {"redacts": target}}) is None


def test_another_relation_is_no_reaction() -> None:
    assert read(reaction("no", rel_type="m.thread")) is None
    assert read({"type": "m.reaction", "content": {"m.relates_to": "no"}}) is None
    assert read({"type": "m.reaction", "content": []}) is None


@pytest.mark.parametrize(
    "event",
    [
        {"type": "m.room.redaction", "content": {"redacts": TARGET}},
        {"type": "m.room.redaction", "content": {}, "redacts": TARGET},
        {"type": "m.room.redaction", "content": {"redacts": TARGET}, "redacts": "$other"},
    ],
)
def test_a_redaction_is_heard_in_every_room_version(event: dict[str, Any]) -> None:
    assert read(event) == Sign(GestureKind.TAKEN_BACK, TARGET)


def test_messages_are_no_gestures() -> None:
    assert read({"type": "m.room.message", "content": {"msgtype": "m.text", "body": "no"}}) is None

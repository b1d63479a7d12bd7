"""The marks of bridges: read alike before and after they were kept, whatever a content holds."""

from __future__ import annotations

from typing import Any

import pytest

from paybridge.matrix import marks, reading
from paybridge.matrix.marks import Marks

PROFILE, WEBHOOK, PUPPET = marks.PROFILES[0], marks.WEBHOOK, marks.DOUBLE_PUPPET
CONTENTS: list[tuple[dict[str, Any], Marks]] = [
    ({}, Marks()),
    ({PROFILE: {"id": "a", "displayname": "A"}}, Marks(profile="a")),
    ({"m.per_message_profile": {"id": "a"}}, Marks(profile="a")),
    ({PROFILE: {"id": "a"}, "m.per_message_profile": {"id": "b"}}, Marks(profile="")),
    ({PROFILE: {}}, Marks(profile="")),
    ({PROFILE: None}, Marks(profile="")),
    ({PROFILE: {"id": "a" * 256}}, Marks(profile="")),
    ({PROFILE: {"id": ["a"]}}, Marks(profile="")),
    ({WEBHOOK: {"id": "1"}}, Marks(webhook=True)),
    ({WEBHOOK: None}, Marks(webhook=True)),
    ({PUPPET: "mautrix-signal"}, Marks(puppet="mautrix-signal")),
    ({PUPPET: 7}, Marks(puppet="")),
    ({PUPPET: "a\n"}, Marks(puppet="")),
]


@pytest.mark.parametrize(("content", "expected"), CONTENTS)
def test_marks_are_read_and_survive_being_kept(content: dict[str, Any], expected: Marks) -> None:
    said = content | {"msgtype": "m.text", "body": "!pay @bob:hs 5"}
    words = reading.read(said, reading.Me("@bot:hs"))
    assert words is not None

    kept = reading.kept(said, words)

    assert marks.read(content) == marks.read(kept) == expected
    assert len(str(kept)) < 1000

"""What a person sees of a room: edits in their place, whatever order the events come in."""

from __future__ import annotations

from typing import Any

from paybridge.demo import words
from paybridge.demo.timeline import Timeline

ALICE, BOB = "@alice:demo.local", "@bob:demo.local"


def _said(event_id: str, content: dict[str, Any], sender: str = ALICE) -> dict[str, Any]:
    return {"type": "m.room.message", "event_id": event_id, "sender": sender, "content": content}


def test_an_edit_that_comes_before_its_message_waits_for_it() -> None:
    timeline = Timeline("!room")
    timeline.add(_said("$edit", words.edit_of("$1", words.plain("six"))))
    timeline.add(_said("$1", words.plain("five")))

    assert [(seen.body, seen.edited) for seen in timeline.messages()] == [("six", 1)]


def test_an_edit_by_someone_else_is_no_edit_and_no_message() -> None:
    timeline = Timeline("!room")
    timeline.add(_said("$1", words.plain("five")))
    timeline.add(_said("$edit", words.edit_of("$1", words.plain("six")), sender=BOB))

    assert [(seen.body, seen.edited) for seen in timeline.messages()] == [("five", 0)]


def test_a_message_whose_key_comes_later_appears_in_its_old_place() -> None:
    timeline = Timeline("!room")
    timeline.add(_said("$1", {"algorithm": "m.megolm.v1.aes-sha2"}), encrypted=True, failure="no key for it")
    timeline.add(_said("$2", words.plain("second")))
    before = [(seen.body, seen.readable) for seen in timeline.messages()]
    timeline.add(_said("$1", words.plain("first")), encrypted=True)

    assert before == [("", False), ("second", True)]
    assert [(seen.body, seen.readable) for seen in timeline.messages()] == [("first", True), ("second", True)]


def test_an_edit_that_could_not_be_read_at_first_is_not_left_as_a_message() -> None:
    timeline = Timeline("!room")
    timeline.add(_said("$1", words.plain("five")), encrypted=True)
    timeline.add(_said("$edit", {}), encrypted=True, failure="no key for it")
    timeline.add(_said("$edit", words.edit_of("$1", words.plain("six"))), encrypted=True)

    assert [(seen.body, seen.encrypted) for seen in timeline.messages()] == [("six", True)]


def test_an_edit_in_the_clear_takes_the_lock_off_a_message() -> None:
    timeline = Timeline("!room")
    timeline.add(_said("$1", words.plain("five")), encrypted=True)
    timeline.add(_said("$edit", words.edit_of("$1", words.plain("six"))))

    assert [(seen.body, seen.encrypted) for seen in timeline.messages()] == [("six", False)]


def test_an_event_that_comes_twice_is_one_message() -> None:
    timeline = Timeline("!room")
    timeline.add(_said("$1", words.plain("five")))
    timeline.add(_said("$1", words.plain("five")))

    assert len(timeline.messages()) == len(timeline.raw) == 1


def test_a_redacted_message_stays_as_an_empty_one_and_no_edit_fills_it() -> None:
    timeline = Timeline("!room")
    timeline.add(_said("$1", words.plain("five")))
    timeline.add({"type": "m.room.redaction", "event_id": "$gone", "sender": ALICE, "redacts": "$1"})
    timeline.add(_said("$edit", words.edit_of("$1", words.plain("six"))))

    assert [(seen.body, seen.redacted) for seen in timeline.messages()] == [("", True)]


def test_a_pill_stands_where_the_id_stood_or_else_in_front() -> None:
    inside = words.with_pill(f"!pay {BOB} 5 EUR", BOB, "Bob & Co")
    in_front = words.with_pill("thanks", BOB, "Bob & Co")
    pill = '<a href="https://matrix.to/#/@bob:demo.local">Bob &amp; Co</a>'

    assert (inside["body"], inside["formatted_body"]) == ("!pay Bob & Co 5 EUR", f"!pay {pill} 5 EUR")
    assert (in_front["body"], in_front["formatted_body"]) == ("Bob & Co: thanks", f"{pill}: thanks")

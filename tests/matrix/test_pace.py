"""How quickly the bot speaks in a bridged room."""

from __future__ import annotations

from paybridge.matrix.pace import BURST, SECONDS_EACH, Pace


class Hand:
    """The hand of a clock, moved by the test."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_few_messages_are_said_at_once_and_the_next_ones_wait_their_turn() -> None:
    hand = Hand()
    pace = Pace(hand)
    waits = []
    for _ in range(BURST + 2):
        waits.append(pace.seconds("!r:hs"))
        hand.at += waits[-1]
        pace.said("!r:hs")

    assert waits == [0.0] * BURST + [SECONDS_EACH] * 2


def test_another_room_does_not_wait_and_silence_is_forgotten() -> None:
    hand = Hand()
    pace = Pace(hand)
    for _ in range(BURST):
        pace.said("!r:hs")
    other = pace.seconds("!other:hs")
    hand.at += BURST * SECONDS_EACH
    rested = pace.seconds("!r:hs")

    assert (other, rested) == (0.0, 0.0)

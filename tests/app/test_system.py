"""The real clock is in UTC, and the real chance is as wide as promised."""

from __future__ import annotations

from datetime import UTC

from paybridge.app import SystemChance, SystemClock


def test_the_clock_tells_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_chance_gives_64_bits_and_128_bits_of_text() -> None:
    chance = SystemChance()

    assert all(0 <= chance.number() < 2**64 for _ in range(100))
    assert len({chance.token() for _ in range(100)}) == 100
    assert len(bytes.fromhex(chance.token())) == 16

"""An address that asks too often waits, and nobody else does."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
import pytest

from paybridge.web import serve_web
from paybridge.web.pace import MOST_ADDRESSES, Pace
from tests.web.desk import Desk, no_metrics


@dataclass
class Seconds:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def allowed(pace: Pace, address: str, times: int) -> int:
    return sum(pace.allows(address) for _ in range(times))


def test_a_burst_is_let_through_and_then_as_many_as_each_second_brings(seconds: Seconds) -> None:
    pace = Pace(2.0, 5, seconds)
    burst = allowed(pace, "a", 9)
    seconds.now += 1.0
    second = allowed(pace, "a", 9)
    seconds.now += 1000.0
    rested = allowed(pace, "a", 9)

    assert (burst, second, rested) == (5, 2, 5)


def test_what_was_not_allowed_costs_nothing(seconds: Seconds) -> None:
    pace = Pace(1.0, 1, seconds)
    allowed(pace, "a", 50)
    seconds.now += 1.0

    assert pace.allows("a")


def test_one_address_takes_nothing_from_another(seconds: Seconds) -> None:
    pace = Pace(1.0, 2, seconds)
    allowed(pace, "a", 9)

    assert allowed(pace, "b", 9) == 2


def test_many_addresses_are_forgotten_but_not_whoever_keeps_asking(seconds: Seconds) -> None:
    pace = Pace(0.0, 1, seconds)
    allowed(pace, "a", 2)
    for number in range(MOST_ADDRESSES * 2):
        pace.allows(f"other-{number}")
        if number % 100 == 0:
            assert not pace.allows("a")

    assert len(pace._stores) == MOST_ADDRESSES  # noqa: SLF001 - that memory is bounded is the promise


async def test_a_webhook_too_many_is_answered_429_before_it_is_read_and_health_is_not_paced() -> None:
    desk = Desk()
    server = await serve_web(
        "127.0.0.1",
        0,
        version="1",
        parts={},
        take_webhook=desk.take,
        metrics=no_metrics(),
        pace=Pace(0.0, 2, Seconds()),
    )
    statuses = []
    async with aiohttp.ClientSession(server.url) as client:
        for _ in range(4):
            async with client.post("/hooks/bank", data=b"x") as answer:
                statuses.append((answer.status, answer.headers.get("Retry-After")))
        async with client.get("/healthz") as answer:
            health = answer.status
    await server.close()

    assert statuses == [(204, None), (204, None), (429, "1"), (429, "1")]
    assert len(desk.taken) == 2
    assert health == 200

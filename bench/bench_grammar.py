"""How long the longest message that Matrix carries keeps the bot, whatever it is made of.

The floor is what nobody can avoid: parsing the JSON of the same event. Milliseconds of CPU, the best of five.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from html import escape

from bench._result import Result
from paybridge.commands._frame import Named, read_payment, read_refund
from paybridge.commands._verbs import LONGEST, read_verb, types_card_number
from paybridge.domain.errors import UserError
from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.spoken import Pill, Spoken
from paybridge.matrix import reading

BYTES = 64_000
"""An event may have 65,536 bytes, the rest of it included."""
SHAPES = (
    "1",
    "1 ",
    "1.",
    "1,234 ",
    "4111 ",
    "x",
    "@",
    "@a:b ",
    "for ",
    "to ",
    "-",
    "(",
    "é",
    "给",
    "\u200b",
    "½",
    "[a](",
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ME = reading.Me("@pay:hs", "PayBridge")
MEMBERS = {f"@p{number}:hs": f"Person {number}" for number in range(500)}
LIMIT = 10.0
"""Milliseconds that a message may cost at most, whatever stands in it."""


async def run() -> list[Result]:
    """The slowest whole body, and the slowest line of those that are read, with 200 mentions of one name."""
    bodies = {shape: "!pay " + shape * ((BYTES - 5) // len(shape.encode())) for shape in SHAPES}
    slowest = max((_spent(partial(_hear, body)), shape) for shape, body in bodies.items())
    body = bodies[slowest[1]]
    floor = _spent(lambda: json.loads(json.dumps({"msgtype": "m.text", "body": body})))
    lines = {shape: (body[:LONGEST], _crowd(shape)) for shape, body in bodies.items()}
    worst = max((_spent(partial(_read, line, crowd)), shape) for shape, (line, crowd) in lines.items())
    return [
        Result(
            f"64 KB to hear, slowest shape {slowest[1]!r} (ms, beside its JSON)",
            slowest[0],
            floor,
            0,
            "at_most",
        ),
        Result("64 KB to hear (ms, beside the limit)", slowest[0], LIMIT, 1, "at_most"),
        Result(
            f"{LONGEST} letters and 200 mentions to read, {worst[1]!r} (ms, beside the limit)",
            worst[0],
            LIMIT,
            1,
            "at_most",
        ),
    ]


def _hear(body: str) -> None:
    """All that is done with a message before it is a command or none."""
    content = {"msgtype": "m.text", "body": body, "format": reading.HTML, "formatted_body": escape(body)}
    words = reading.read(content, ME)
    spoken = _spoken(words.body if words else body, ())
    types_card_number(spoken)
    read_verb(spoken)


def _read(line: str, crowd: tuple[Pill, ...]) -> None:
    """All that is done with the words of a command."""
    types_card_number(_spoken(line, crowd))
    people = Named(crowd, is_reply=False, reply_author=None, members=MEMBERS)
    with contextlib.suppress(UserError):
        read_payment(line, people, "EUR")
    with contextlib.suppress(UserError):
        read_refund(line, "EUR")


def _crowd(shape: str) -> tuple[Pill, ...]:
    return tuple(Pill(f"@{number}:hs", shape.strip() or "x") for number in range(200))


def _spoken(body: str, pills: tuple[Pill, ...]) -> Spoken:
    return Spoken(
        event="$1", room="!r:hs", sender="@a:hs", proof=HomeserverOnly(), body=body, sent=NOON, seen=NOON,
        encrypted=True, direct=True, pills=pills,
    )  # fmt: skip


def _spent(work: Callable[[], object]) -> float:
    spent: list[float] = []
    for _ in range(5):
        begun = time.process_time()
        work()
        spent.append((time.process_time() - begun) * 1000)
    return min(spent)

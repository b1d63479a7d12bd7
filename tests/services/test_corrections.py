"""Whoever is refused reads what to type instead: a line of a command that exists, whatever the refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.commands._corrections import corrections
from paybridge.commands._frame import Call, commands
from paybridge.commands._verbs import find
from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.spoken import Spoken
from tests.fakes.house import ALICE, BOB, DINNER, TEXTS, House
from tests.fakes.refusals import made, refusals

if TYPE_CHECKING:
    from paybridge.domain.errors import UserError

NO_COMMAND = {
    "error.card_number_typed": "what is asked for is to delete the message",
}
"""Sentences of refusals that no command makes, and why nothing is to be copied."""


async def call_of(house: House, body: str) -> Call:
    now = house.clock.now()
    spoken = Spoken(
        event="$1", room=DINNER, sender=BOB, proof=HomeserverOnly(), body=body, sent=now, seen=now,
        encrypted=True, direct=False,
    )  # fmt: skip
    return Call(
        spoken=spoken,
        speaker=await house.desk.people.know(BOB),
        room=house.rooms.known[DINNER],
        words=body.partition(" ")[2],
        verb=body[1:].split(maxsplit=1)[0],
        desk=house.desk,
        language="en",
    )


@pytest.mark.parametrize("kind", refusals())
async def test_every_refusal_of_every_command_has_a_line_to_copy(house: House, kind: type[UserError]) -> None:
    lines = {
        (command.verb, line)
        for command in commands().values()
        for line in corrections(command, await call_of(house, f"{command.examples[0]} (typed)"), made(kind))
    }

    assert {verb for verb, _ in lines} == set(commands())
    assert [line for _, line in lines if not line.startswith("!")] == []
    assert {verb for verb, line in lines if find(commands(), line[1:].split()[0]) is None} == set()


def test_every_sentence_of_a_refusal_belongs_to_one_that_a_command_can_make() -> None:
    kinds = {kind.key for kind in refusals()}
    sentences = {key for key in TEXTS.keys("en") if key.startswith("error.") and key.count(".") == 1}

    assert sentences - kinds == set(NO_COMMAND)


async def test_the_line_names_somebody_of_the_room(house: House) -> None:
    call = await call_of(house, "!pay pizza")

    (line,) = corrections(
        commands()["pay"], call, made(next(k for k in refusals() if k.key == "error.no_amount"))
    )

    assert line == f"!pay {ALICE} 12.50 EUR for pizza"

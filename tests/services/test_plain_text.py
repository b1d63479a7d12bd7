"""What people write beside an amount stays on its line: in cards, receipts, requests, boards, the history."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from paybridge.texts.saying import render_say
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paybridge.services.says import Say
    from tests.fakes.house import House

LONGEST_LINE = 350
ODD_NOTE = "for the\ttaxi\x07 \u202eixat\u200b and\u2028tip\x1b[31m"
LONG_NOTE = "for " + "a dinner with everybody " * 5


async def typed(house: House, note: str) -> list[Say]:
    """A card, its receipt, a request and a board, each with this note."""
    said = [
        await house.hear(ALICE, f"!pay {BOB} 5 EUR {note}", DINNER),
        await house.hear(ALICE, "!yes", DINNER),
        await house.carry(),
        await house.hear(BOB, f"!request {ALICE} 8 EUR {note}", DINNER),
        await house.hear(BOB, f"!split 9 EUR {ALICE} {CAROL} {note}", DINNER),
        await house.hear(ALICE, "!history"),
    ]
    return [say for says in said for say in says]


def lines(says: Iterable[Say]) -> list[list[str]]:
    return [render_say(TEXTS, say).text.split("\n") for say in says]


async def test_what_is_hidden_in_a_note_adds_no_line_and_moves_no_word(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 5000)
    odd = lines(await typed(house, ODD_NOTE))
    usual = lines(await typed(house, "for the taxi"))
    control = {char for text in odd for line in text for char in line if unicodedata.category(char) == "Cc"}

    assert [len(text) for text in odd[:4]] == [len(text) for text in usual[:4]]
    assert control == set()


async def test_the_longest_note_leaves_lines_that_can_be_read(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 5000)
    said = lines(await typed(house, LONG_NOTE))

    assert max(len(line) for text in said for line in text) <= LONGEST_LINE
    assert any(LONG_NOTE.removeprefix("for ").strip() in line for text in said for line in text)

"""The evening of docs/tour.md and the day of docs/shop-day.md, on a real homeserver."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from pypdfium2 import PdfDocument

from paybridge.demo import shop_day
from paybridge.demo.evening import NAMES, Evening
from paybridge.demo.shop_day import ShopDay
from paybridge.demo.stage import Choices, Stage
from paybridge.demo.tour import EVENING, PAGE, SHOP_DAY, SHOP_PAGE, page

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.demo.homeserver import Homeserver
    from tests.harness import People

HOST = re.compile(r"@(\w+?)(?:-[0-9a-f]{8})?:[\w.\-]+")
WHITE = 255


def as_in_the_tour(scene: Evening | ShopDay, head: str = EVENING) -> list[str]:
    """What was typed and said, with the Matrix ids that people have in `make tour`."""
    return HOST.sub(r"@\1:demo.local", page(scene.told, head)).splitlines()


@pytest.mark.slow
async def test_six_people_spend_an_evening_as_the_tour_tells_it(stage: Stage, people: People) -> None:
    evening = Evening(stage, {name: await people.arrive(name) for name in NAMES})
    await evening.spend()
    told = as_in_the_tour(evening)
    balances = {name: (await evening.balance(name)).split(": ")[1].split("\n")[0] for name in NAMES}
    assert evening.board is not None
    assert evening.statement is not None
    with closing(PdfDocument(evening.pages)) as opened:
        words = opened[0].get_textpage().get_text_range()
        shades = bytes(opened[0].render(grayscale=True).buffer)

    assert told == PAGE.read_text(encoding="utf-8").splitlines(), "run `make tour`"
    assert balances == {
        "Alice": "47.00 EUR",
        "Bob": "4.00 EUR",
        "Carol": "8.40 EUR",
        "Dave": "3.00 EUR",
        "Erin": "35.00 EUR",
        "Frank": "1.00 EUR",
    }
    assert "everybody has paid their share" in evening.board.body
    assert evening.board.body.count("20.00 EUR · ✓ paid") == 3
    assert evening.statement.encrypted
    assert "url" not in evening.statement.content
    assert "Received 3 60.00 EUR" in words
    assert "Closing balance 47.00 EUR" in words
    assert 0 < sum(shade < WHITE for shade in shades) < len(shades) / 2


@pytest.mark.slow
async def test_a_shop_has_a_day_as_its_page_tells_it(
    homeserver: Homeserver, people: People, tmp_path: Path
) -> None:
    choices = Choices(localpart="market", config={"permissions": {homeserver.server_name: "merchant"}})
    async with Stage(tmp_path, homeserver, choices=choices) as market:
        day = ShopDay(market, {name: await people.arrive(name) for name in shop_day.NAMES})
        await day.spend()
        told, audited = as_in_the_tour(day, SHOP_DAY), await market.audit()
    with closing(PdfDocument(day.invoice)) as opened:
        words = opened[0].get_textpage().get_text_range()

    assert told == SHOP_PAGE.read_text(encoding="utf-8").splitlines(), "run `make tour`"
    assert audited.passed, audited.output
    assert "FS-" in words
    assert "24.80" in words
    assert "Market Square 1" in words


def test_the_tour_shows_every_kind_of_line() -> None:
    tour = PAGE.read_text(encoding="utf-8")

    for verb in ("link", "split", "trip", "accept", "pay", "refund", "request", "decline", "contact",
                 "confirm", "balance", "history", "statement"):  # fmt: skip
        assert re.search(rf"^\[(?:Friday|direct)\] \w+: !{verb}\b", tour, re.MULTILINE), verb
    for name in NAMES:
        assert f"[Friday] {name}: !" in tour
    assert "[Friday] PayBridge (edited): " in tour
    assert "5 EUR each" in tour
    assert "from bank" in tour
    assert "[direct] paybridge-2026-11.csv:\n" in tour
    assert "Did you mean this?\n    !pay " in tour

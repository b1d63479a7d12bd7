"""People on IRC and in Matrix, over a real heisenbridge and a real ngircd."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from paybridge.services.patience import MOST
from paybridge.texts.narrow import BYTES, LINES
from tests.flows.dinner import Guest
from tests.harness import heisenbridge
from tests.harness.irc import LONGEST_LINE, MISSING, NGIRCD
from tests.harness.market import PAGE, Market, page
from tests.harness.plumbed import RELAY, Town, open_town
from tests.house import _tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [
    pytest.mark.flow,
    pytest.mark.slow,
    pytest.mark.skipif(NGIRCD is None, reason=MISSING),
    pytest.mark.skipif(not heisenbridge.is_installed(), reason=heisenbridge.MISSING),
]

TYPED = re.compile(r"^(?:\[.*\] (?:Alice|Robert): |<bob> |<mallory> ).*$", re.MULTILINE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        yield await open_town(tmp_path_factory.mktemp("town"), stack)


async def test_a_day_on_the_market_is_read_on_both_sides_as_the_page_tells_it(town: Town) -> None:
    market = Market(town)
    await market.day()
    told = page(market.chapters)
    audited = await town.stage.audit()
    moved = [await market.alice.moved(payment) for payment in market.paid]
    heard = [line for line in market.bob.lines if line.nick == RELAY]

    assert TYPED.findall(told) == TYPED.findall(PAGE.read_text(encoding="utf-8")), "run `make market`"
    assert audited.passed, audited.output
    assert moved == [[-500], [-300], []]
    assert max(line.bytes for line in heard) <= LONGEST_LINE
    assert not [line for line in heard if line.notice or line.text.startswith("!")]
    assert not [line for line in heard if "truncated" in line.text]


async def test_a_flood_from_long_names_neither_loops_nor_keeps_others_waiting(town: Town) -> None:
    alice = await town.people.arrive("Alice" + " of the long name" * 4)
    room = await town.plumb("#fair", alice)
    guest = Guest(alice, town.stage, room)
    dan, eve = [await town.comes_by(name * 10, "#fair", room) for name in ("dan", "eve")]
    for number in range(10):
        # One after the other, or the bridge makes one message of them.
        dan.says(f"!pay {'nobody-of-that-name' * 20} {number} EUR")
        await eve.hears(f" {number} EUR")
        eve.says(f"!claim {number}")
        await dan.hears(f"!claim {number}")
    await alice.wait_for(room, lambda seen: seen.body == "!claim 9")
    await guest.asks("!help", "I move money")
    timeline = alice.timeline(room)
    ghosts = [seen for seen in timeline if seen.sender.startswith("@irc_")]
    answers = [seen for seen in timeline if seen.sender == town.stage.bot_id]

    assert len(ghosts) >= 2 * MOST
    assert len(answers) <= 2 * MOST + 1
    assert all(len(seen.body.split("\n")) <= LINES for seen in answers)
    assert max(len(line.encode()) for seen in answers for line in seen.body.split("\n")) <= BYTES


def test_continuous_integration_names_the_irc_server() -> None:
    assert "apt-get install -y -q ngircd" in _tree.text(".ci/run")

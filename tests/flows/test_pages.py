"""The web pages as people come to them: by a link in an encrypted direct message, the whole bot behind it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import pytest_asyncio

from paybridge.demo.stage import Choices, Stage
from tests.flows.dinner import dinner, payment_of
from tests.flows.test_second_factor import LINK, is_gone, next_code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from paybridge.demo.homeserver import Homeserver
    from paybridge.demo.timeline import Seen
    from tests.harness import People

PAGE = re.compile(r"http://localhost:\d+/(?:approve|enrol)/[\w-]{43}")
PROOF = re.compile(r'name="proof" value="([0-9a-f]+)"')
SENT_BY_A_BROWSER = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage_with_pages(
    homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    choices = Choices(localpart="pages")
    async with Stage(tmp_path_factory.mktemp("pages"), homeserver, choices=choices) as stage:
        await stage.bot.stop()
        config = json.loads(stage.config_file.read_text())
        config["web"]["public_url"] = f"http://localhost:{urlsplit(stage.web_url).port}"
        stage.config_file.write_text(json.dumps(config))
        await stage.start_bot()
        yield stage


def page_in(seen: Seen) -> str:
    found = PAGE.search(seen.body)
    assert found is not None, seen.body
    return found[0]


async def fill_in(page: str, **form: str) -> str:
    """Open a page and send its form, as a browser does; what comes back."""
    async with aiohttp.ClientSession() as http:
        async with http.get(page) as shown:
            proof = PROOF.search(await shown.text())
        assert proof is not None
        sent = {"proof": proof[1], **form}
        async with http.post(page, data=sent, headers=SENT_BY_A_BROWSER) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.text()


async def test_a_factor_is_set_up_and_a_payment_approved_by_links_in_the_direct_message(
    stage_with_pages: Stage, people: People
) -> None:
    alice, bob = await dinner(stage_with_pages, people, "Alice", "Bob", linked=("Alice", "Bob"))
    await alice.types("!mfa on", alice.chat)
    begun = await alice.hears("otpauth://", alice.chat)
    link = LINK.search(begun.body)
    assert link is not None
    digits, step = next_code(link[0])
    on = await fill_in(page_in(begun), digits=digits)
    await alice.hears("was set up on the web page", alice.chat)
    await alice.person.wait_for(alice.chat, is_gone(begun))
    card = await alice.drafts(f"!pay {bob.id} 40 EUR")
    own = await alice.hears("approve it on its page", alice.chat)
    digits, _ = next_code(link[0], step)
    approved = await fill_in(page_in(own), deed="approve", digits=digits)
    await bob.sees(payment_of(card), "settled")

    assert len(re.findall(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", on)) == 10
    assert "Approved" in approved
    assert PAGE.search(card.body) is None
    assert await alice.moved(payment_of(card)) == [-4000]

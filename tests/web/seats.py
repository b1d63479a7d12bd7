"""A real browser before the pages of a house."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.app.pages import visiting
from paybridge.demo.homeserver import free_port
from paybridge.web import serve_web
from tests.fakes.house import TEXTS, House, QuietBell, open_house
from tests.web.axe import axe_source
from tests.web.chromium import Tab, a_tab
from tests.web.desk import Desk, no_metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

VIOLATIONS = """
axe.run({resultTypes: ["violations"]}).then(found => found.violations.map(
    one => one.id + ": " + one.nodes.map(node => node.html + " " + node.failureSummary).join(" | ")
))
"""


@dataclass
class Seat:
    """Somebody before a browser, and the house whose pages it shows."""

    house: House
    tab: Tab
    url: str


@asynccontextmanager
async def a_seat(folder: Path) -> AsyncIterator[Seat]:
    async with AsyncExitStack() as stack:
        port = free_port()
        url = f"http://localhost:{port}"
        house = await open_house(folder, public_url=url)
        stack.push_async_callback(house.database.close)
        server = await serve_web(
            "127.0.0.1",
            port,
            version="1.2.3",
            parts={},
            take_webhook=Desk().take,
            metrics=no_metrics(),
            visiting=visiting(house.desk, QuietBell(), TEXTS, lambda: house.clock.now().timestamp()),
        )
        stack.push_async_callback(server.close)
        tab = await stack.enter_async_context(a_tab(folder))
        yield Seat(house, tab, url)


async def violations(tab: Tab) -> list[str]:
    """What axe finds that keeps people from using the page."""
    await tab.js(await asyncio.to_thread(axe_source))
    found: list[str] = await tab.js(VIOLATIONS)
    return found

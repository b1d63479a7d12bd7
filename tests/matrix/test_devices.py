"""Whose devices the homeserver tells us, and what it means when it does not."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from paybridge.matrix.account import Account
from paybridge.matrix.crypto import Crypto
from paybridge.matrix.devices import Devices
from paybridge.matrix.wire import NotNowError, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ALICE, BOB = "@alice:hs", "@bob:hs"


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, '{"errcode": "M_FORBIDDEN"}'), (404, '{"errcode": 7}'), (200, '{"device_keys": {}}')],
    ids=["refused", "out of its mind", "about nobody"],
)
async def test_without_an_answer_about_devices_nobody_is_believed_to_have_none(
    tmp_path: Path, status: int, body: str
) -> None:
    async with asked(tmp_path, status, body) as devices:
        with pytest.raises(NotNowError):
            await devices.of(ALICE)


async def test_a_refusal_to_tell_devices_says_nothing_about_anybody(tmp_path: Path) -> None:
    async with asked(tmp_path, 403, '{"errcode": "M_FORBIDDEN"}') as devices:
        assert await devices.of_all([ALICE, BOB]) == {}


@asynccontextmanager
async def asked(folder: Path, status: int, body: str) -> AsyncIterator[Devices]:
    """The devices of everybody, asked of a homeserver that gives the same answer to everything."""
    crypto = Crypto(Account("@paybridge:hs", "DEVICE", secrets.token_hex(16)), folder)
    app = web.Application()

    async def answers(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json")

    app.router.add_route("*", "/{path:.*}", answers)
    async with TestServer(app) as server:
        wire = Wire(str(server.make_url("/")))
        yield Devices(wire, crypto)
        await wire.close()
    crypto.close()

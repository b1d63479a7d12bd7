"""The throwaway homeserver: it comes up beside others, keeps its data, and never outlives who started it."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import sys
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paybridge.demo import homeserver as module
from paybridge.demo.homeserver import Homeserver, HomeserverError
from paybridge.matrix.crosssigning import NotPublishedError, Seeds, describe_device, publish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import People

pytestmark = pytest.mark.flow

STARTS_ONE_AND_IS_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from paybridge.demo.homeserver import Homeserver

async def main():
    homeserver = Homeserver(Path(sys.argv[1]))
    await homeserver.start()
    print(homeserver.url, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_port_that_someone_holds_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind((module.HOST, 0))
        taken.listen()
        busy, free = taken.getsockname()[1], module.free_port()
        ports = iter([busy, free])
        # The race that it may lose: the port was free when it looked.
        monkeypatch.setattr(module, "free_port", lambda: next(ports))

        async with Homeserver(tmp_path) as homeserver:
            user_id = await homeserver.register("alice", "secret")

    assert homeserver.url == f"http://{module.HOST}:{free}"
    assert user_id == "@alice:demo.local"


async def test_a_homeserver_that_cannot_start_says_why(tmp_path: Path) -> None:
    homeserver = Homeserver(tmp_path, settings={"database": {"name": "abacus"}})

    with pytest.raises(HomeserverError, match="abacus"):
        await homeserver.start()


async def test_accounts_and_address_outlive_a_crash(tmp_path: Path) -> None:
    async with Homeserver(tmp_path, server_name="elsewhere.example") as homeserver:
        await homeserver.register("alice", "secret")
        address = homeserver.url
        await homeserver.kill()
        await homeserver.start()

        assert homeserver.url == address
        with pytest.raises(HomeserverError, match="M_USER_IN_USE"):
            await homeserver.register("alice", "secret")


async def test_it_goes_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTS_ONE_AND_IS_KILLED, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await starter.communicate()
    host, port = told.decode().strip().removeprefix("http://").split(":")

    assert starter.returncode == -signal.SIGKILL
    async with asyncio.timeout(30):
        await _end_of_connection(host, int(port))


async def test_a_lifted_rate_limit_is_lifted(people: People) -> None:
    user_id = await people.account("Bot")

    await people.homeserver.set_ratelimit_override(user_id)


async def test_publishing_the_same_keys_again_changes_nothing_and_asks_no_password(people: People) -> None:
    alice = await people.arrive("Alice")
    if alice.seeds is None or alice.client.olm is None:
        pytest.fail("Alice arrived without keys")
    device = describe_device(alice.user_id, alice.device_id, **alice.client.olm.account.identity_keys)
    where = {"homeserver": people.homeserver.url, "access_token": alice.client.access_token}

    async with aiohttp.ClientSession() as http:
        await publish(http, **where, user_id=alice.user_id, device_keys=device, seeds=alice.seeds)


async def test_another_identity_is_published_only_against_the_password(people: People) -> None:
    alice = await people.arrive("Alice")
    if alice.client.olm is None:
        pytest.fail("Alice arrived without keys")
    device = describe_device(alice.user_id, alice.device_id, **alice.client.olm.account.identity_keys)
    where = {"homeserver": people.homeserver.url, "access_token": alice.client.access_token}
    who, seeds = alice.user_id, Seeds.new(secrets.token_bytes)

    async with aiohttp.ClientSession() as http:
        with pytest.raises(NotPublishedError):
            await publish(http, **where, user_id=who, device_keys=device, seeds=seeds)
        with pytest.raises(NotPublishedError):
            await publish(http, **where, user_id=who, device_keys=device, seeds=seeds, password="wrong")
        await publish(http, **where, user_id=who, device_keys=device, seeds=seeds, password=people.password)
        await publish(http, **where, user_id=who, device_keys=device, seeds=seeds)


async def _end_of_connection(host: str, port: int) -> None:
    """Wait until whoever listens there hangs up; at once if nobody does."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return
    try:
        await reader.read()
    except ConnectionError:
        return
    finally:
        writer.close()

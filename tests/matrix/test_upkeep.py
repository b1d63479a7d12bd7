"""The device's keys on the server: never without, never out of one-time keys, and what if it refuses."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.matrix.account import Account
from paybridge.matrix.crypto import Crypto
from paybridge.matrix.upkeep import KeysRefusedError, Upkeep
from paybridge.matrix.wire import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SIGNED = "signed_curve25519"


class Server:
    """Takes keys and counts those that it has, or refuses them."""

    def __init__(self) -> None:
        self.uploads: list[Mapping[str, Any]] = []
        self.refuses = False

    async def post(self, *path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert path == ("keys", "upload")
        if self.refuses:
            raise RefusedError(400, "M_UNKNOWN", "POST keys")
        self.uploads.append(body)
        return {"one_time_key_counts": {SIGNED: 50}}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def upkeep(server: Server, tmp_path: Path) -> Iterator[Upkeep]:
    crypto = Crypto(Account("@paybridge:hs", "DEVICE", secrets.token_hex(16)), tmp_path)
    yield Upkeep(server, crypto, None, None)  # type: ignore[arg-type]  # no session is broken here
    crypto.close()


async def test_a_new_device_uploads_its_keys_and_one_to_fall_back_on(upkeep: Upkeep, server: Server) -> None:
    await upkeep.tend()
    (upload,) = server.uploads
    (fallback,) = upload["fallback_keys"].values()

    assert upload["device_keys"]["device_id"] == "DEVICE"
    assert len(upload["one_time_keys"]) == 50
    assert fallback["fallback"] is True
    assert set(fallback["signatures"]["@paybridge:hs"]) == {"ed25519:DEVICE"}


async def test_a_server_that_has_enough_is_not_asked_again(upkeep: Upkeep, server: Server) -> None:
    await upkeep.tend()
    upkeep.counted({SIGNED: 50}, [SIGNED])
    await upkeep.tend()

    assert len(server.uploads) == 1


@pytest.mark.parametrize("counts", [{SIGNED: 0}, {}, {SIGNED: "none"}])
async def test_none_left_is_filled_up_again(upkeep: Upkeep, server: Server, counts: object) -> None:
    await upkeep.tend()
    upkeep.counted(counts, [SIGNED])
    await upkeep.tend()

    assert len(server.uploads[1]["one_time_keys"]) == 50


async def test_a_fallback_key_that_was_used_is_replaced(upkeep: Upkeep, server: Server) -> None:
    await upkeep.tend()
    upkeep.counted({SIGNED: 50}, [])
    await upkeep.tend()
    first, second = (upload["fallback_keys"] for upload in server.uploads)

    assert first.keys().isdisjoint(second)


async def test_a_server_that_refuses_the_keys_ends_it_with_what_to_do(upkeep: Upkeep, server: Server) -> None:
    server.refuses = True

    with pytest.raises(KeysRefusedError, match="start with a new device"):
        await upkeep.tend()

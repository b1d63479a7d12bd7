"""TLS that is cut: before the request could leave nothing was sent, and after that nobody knows."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from paybridge.rails._http import LostTrackError, Peer
from paybridge.rails.stripe.client import Complaint, complaint
from paybridge.services.ports import NotSentError

HALF = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def certificate(folder: Path) -> Path:
    """One for this machine that signs itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "peer.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem


@asynccontextmanager
async def peer(serve: Serve, pem: Path, *, speaks_tls: bool = True) -> AsyncIterator[Peer[Complaint]]:
    """Whom a rail speaks HTTPS with, served so."""
    ours = ssl.create_default_context(cafile=pem)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(pem)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=theirs if speaks_tls else None)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ours)) as http:
        key = SecretStr("sk_test_1234")
        yield Peer("Stripe", f"https://127.0.0.1:{port}", key, 10.0, 10_000, complaint, http)


async def test_tls_that_is_cut_while_hands_are_shaken_sent_nothing(tmp_path: Path) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    async with peer(cut, certificate(tmp_path), speaks_tls=False) as stripe:
        with pytest.raises(NotSentError):
            await stripe.ask("POST", "/v1/payouts", key="key")


@pytest.mark.parametrize("said", [b"", HALF], ids=["before the answer", "in the middle of the answer"])
async def test_tls_that_is_cut_after_the_request_leaves_us_unsure(tmp_path: Path, said: bytes) -> None:
    heard = []

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(said)
        await writer.drain()
        writer.transport.abort()

    async with peer(cut, certificate(tmp_path)) as stripe:
        with pytest.raises(LostTrackError):
            await stripe.ask("POST", "/v1/payouts", key="key")

    assert len(heard) == 1


async def test_a_peer_whose_certificate_nobody_vouches_for_is_sent_nothing(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with peer(serve, certificate(tmp_path)) as stripe, aiohttp.ClientSession() as stranger:
        distrustful = Peer("Stripe", stripe.root, stripe.key, 10.0, 10_000, complaint, stranger)
        with pytest.raises(NotSentError):
            await distrustful.ask("POST", "/v1/payouts", key="key")

"""Every answer is guarded, and a port that is taken is one line."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import aiohttp
import pytest
from structlog.testing import capture_logs

from paybridge.web import WebError, WebServer, serve_web
from tests.web.desk import no_metrics


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/nowhere", "/hooks/bank"])
async def test_every_answer_has_security_headers_and_hides_what_it_runs_on(
    client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(path) as answer:
        headers = answer.headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers


async def test_a_forged_host_changes_nothing(client: aiohttp.ClientSession) -> None:
    async with client.get("/healthz", headers={"Host": "evil.example"}) as answer:
        assert answer.status == 200
        assert "evil" not in str(answer.headers) + await answer.text()


async def test_only_errors_are_logged(client: aiohttp.ClientSession) -> None:
    with capture_logs() as lines:
        async with client.get("/healthz"), client.get("/nowhere"):
            pass
        async with client.post("/hooks/bank", data=b"broken") as answer:
            assert answer.status == 500

    assert [(line["event"], line["path"]) for line in lines] == [("request failed", "/hooks/{rail}")]


async def test_what_is_no_http_is_refused_and_not_logged(
    server: WebServer, caplog: pytest.LogCaptureFixture
) -> None:
    port = urlsplit(server.url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x16\x03\x01 no http\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.split(b"\r\n")[0] == b"HTTP/1.0 400 Bad Request"
    assert caplog.records == []


async def test_a_taken_port_is_told_in_one_line(server: WebServer) -> None:
    port = urlsplit(server.url).port
    assert port is not None

    with pytest.raises(WebError) as caught:
        await serve_web("127.0.0.1", port, version="1", parts={}, take_webhook=_nothing, metrics=no_metrics())

    assert (
        str(caught.value) == f"web.listen: cannot listen on 127.0.0.1:{port}: another program listens there"
    )


async def test_a_closed_server_answers_no_more() -> None:
    server = await serve_web(
        "127.0.0.1", 0, version="1", parts={}, take_webhook=_nothing, metrics=no_metrics()
    )
    await server.close()

    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{server.url}/healthz")


async def _nothing(*_: object) -> None:
    pass

"""Addresses that people give: nothing but the public Internet is asked, unless the operator says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from paybridge.rails._outside import ForbiddenAddressError, NobodyThereError, Outside, is_public, looked_up

LONGEST = 1000


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/small"})

    async def small(request: web.Request) -> web.Response:
        return web.Response(text=f"small {request.query_string} {dict(request.cookies)}")

    async def long(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * (LONGEST + 1))

    async def sets_a_cookie(_: web.Request) -> web.Response:
        return web.Response(headers={"Set-Cookie": "seen=1"})

    app = web.Application()
    app.add_routes(
        [
            web.get("/small", small),
            web.get("/moved", moved),
            web.get("/long", long),
            web.get("/cookie", sets_a_cookie),
        ]
    )
    running = TestServer(app)
    async with running:
        yield running


def outside(*trusted: str) -> Outside:
    return Outside(frozenset(trusted), 5.0, LONGEST)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  an address that somebody may give
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "localhost",
        "127.1",
        "",
    ],
)
def test_an_address_that_leads_to_a_private_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1./",
        "http://ln.example.org/",
        "https://ln.example.org:8443/",
        "https://ln.example.org:22/",
        "https://who@ln.example.org/",
        "https://who:word@ln.example.org/",
        "https://:word@ln.example.org/",
        "https:///nobody",
        "ftp://ln.example.org/",
        "file:///etc/passwd",
        "gopher://ln.example.org/",
        "https://ln.exämple.org/",
        "//ln.example.org/",
        "ln.example.org",
        "https://ln.example.org:99999/",
        "https://[::1/",
        "https://ln.example.org/" + "x" * 2000,
        "",
    ],
)
def test_an_address_of_a_form_that_no_payee_has_is_refused_before_anything_is_looked_up(url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        outside().allowed(url)


async def test_what_the_operator_trusts_may_be_private_and_plain(server: TestServer) -> None:
    here = outside(f"127.0.0.1:{server.port}")

    assert await here.get(f"http://127.0.0.1:{server.port}/small", {"amount": "5"}) == b"small amount=5 {}"
    assert await outside("127.0.0.1").get(f"http://127.0.0.1:{server.port}/small") == b"small  {}"


async def test_another_port_of_a_trusted_host_and_port_is_not_trusted(server: TestServer) -> None:
    with pytest.raises(ForbiddenAddressError):
        await outside(f"127.0.0.1:{server.port}1").get(f"http://127.0.0.1:{server.port}/small")


@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], []])
async def test_a_public_name_of_a_private_address_is_refused_at_the_connection(found: list[str]) -> None:
    async def lookup(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("rebound.example.org", 443)
        return found

    with pytest.raises(ForbiddenAddressError):
        await Outside(frozenset(), 5.0, LONGEST, lookup).get("https://rebound.example.org/")


async def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_found(
    server: TestServer,
) -> None:
    asked = []

    async def lookup(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        # Somebody else's server answers under the second answer: nobody may ask for it.
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    trusting = Outside(frozenset({"ln.example.org"}), 5.0, LONGEST, lookup)

    assert await trusting.get(f"http://ln.example.org:{server.port}/small") == b"small  {}"
    assert asked == ["ln.example.org"]


async def test_the_system_resolver_finds_this_machine() -> None:
    assert set(await looked_up("localhost", 80)) <= {"127.0.0.1", "::1"}


async def test_localhost_is_looked_up_and_refused() -> None:
    with pytest.raises(ForbiddenAddressError):
        await outside().get("https://localhost/")


async def test_a_redirect_is_not_followed(server: TestServer) -> None:
    with pytest.raises(NobodyThereError, match="HTTP 302"):
        await outside("127.0.0.1").get(f"http://127.0.0.1:{server.port}/moved")


async def test_an_answer_that_does_not_end_is_not_read(server: TestServer) -> None:
    with pytest.raises(NobodyThereError, match="too long"):
        await outside("127.0.0.1").get(f"http://127.0.0.1:{server.port}/long")


async def test_nothing_is_kept_from_one_question_to_the_next(server: TestServer) -> None:
    here = outside("127.0.0.1")
    await here.get(f"http://127.0.0.1:{server.port}/cookie")

    assert await here.get(f"http://127.0.0.1:{server.port}/small") == b"small  {}"


async def test_nobody_there_says_no_more_than_that() -> None:
    with pytest.raises(NobodyThereError) as error:
        await outside("127.0.0.1").get("http://127.0.0.1:1/")

    assert "127.0.0.1" not in str(error.value)

"""The HTTP side: who may ask, how errors look, and what account holders see."""

from __future__ import annotations

import re

import aiohttp
import pytest

from tests.bank.bank_client import IBAN, KEY, BankClient

HTML = {"Accept": "text/html,application/xhtml+xml"}


async def test_about_says_that_this_is_a_sandbox(bank: BankClient) -> None:
    about = (await bank.call("GET", "/v1/about")).body

    assert about["sandbox"] is True
    assert about["currencies"] == ["EUR", "INR", "BRL"]
    assert about["idempotency_window_seconds"] == 30 * 86_400
    assert (await bank.account(about["settlement_iban"]))["balance"] == 0


@pytest.mark.parametrize(
    "header", ["", "Bearer", f"Basic {KEY}", f"Bearer {KEY}x", f"bearer{KEY}", "Bearer é"]
)
@pytest.mark.parametrize("path", ["/v1/about", "/v1/statement", "/v1/nothing-here"])
async def test_the_provider_side_is_closed_without_the_key(bank: BankClient, header: str, path: str) -> None:
    answer = await bank.call("GET", path, headers={"Authorization": header})

    assert (answer.status, answer.body["error"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/v1/nothing-here", 404, "not_found"),
        ("GET", "/nothing-here", 404, "not_found"),
        ("PUT", "/v1/about", 405, "method_not_allowed"),
        ("GET", "/v1/orders", 400, "bad_request"),
        ("GET", f"/accounts/{IBAN}/statement", 404, "unknown_account"),
        ("GET", "/accounts/nonsense/statement", 404, "unknown_account"),
    ],
)
async def test_errors_are_json_and_every_answer_carries_the_banks_own_time(
    bank: BankClient, method: str, path: str, status: int, error: str
) -> None:
    answer = await bank.call(method, path)

    assert (answer.status, answer.body["error"]) == (status, error)
    assert answer.body["message"]
    assert re.fullmatch(r"bank;dur=\d+\.\d{3}", answer.headers["Server-Timing"])


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b"[" * 60_000])
async def test_a_body_that_is_no_json_object_is_a_bad_request(bank: BankClient, raw: bytes) -> None:
    answer = await bank.call("POST", "/v1/links", raw=raw)

    assert (answer.status, answer.body["error"]) == (400, "bad_request")


async def test_a_huge_body_is_not_read(bank: BankClient) -> None:
    answer = await bank.call("POST", "/v1/links", raw=b" " * 200_000)

    assert answer.status == 413


async def test_the_statement_page_shows_what_was_written_and_runs_none_of_it(bank: BankClient) -> None:
    text = '<script>alert(1)</script> & "co" 🍕'
    await bank.execute(await bank.prepared(await bank.link(), text=text))

    page = await bank.call("GET", f"/accounts/{IBAN}/statement", headers=HTML)

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in page.body
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;co&#34; 🍕" in page.body
    assert "987.51\N{NO-BREAK SPACE}EUR" in page.body
    assert "\N{MINUS SIGN}12.50\N{NO-BREAK SPACE}EUR" in page.body
    assert "DE89 3704 0044 0532 0130 00" in page.body
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")


async def test_the_first_page_lists_the_accounts_and_leads_to_their_statements(
    bank: BankClient, session: aiohttp.ClientSession
) -> None:
    await bank.link()
    page = await bank.call("GET", "/", headers=HTML)
    style = await bank.call("GET", "/bank.css")
    links = re.findall(r'href="(/accounts/[^"]+)"', page.body)

    followed = [(await bank.call("GET", link, headers=HTML)).status for link in links]

    assert followed == [200] * 4, "our account in each scheme, and the one that was linked"
    assert style.headers["Content-Type"].startswith("text/css")
    async with session.get(f"{bank.url}/healthz") as health:
        assert (health.status, await health.json()) == (200, {"ok": True})


async def test_the_account_holders_side_asks_for_no_key(bank: BankClient) -> None:
    await bank.link()

    answer = await bank.call("GET", f"/accounts/{IBAN}/statement", headers={"Authorization": ""})

    assert answer.status == 200

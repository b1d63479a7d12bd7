"""The bank's rail keeps the contract with a running bank, and takes nothing else for one."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from pydantic import SecretStr, ValidationError

from paybridge.bank.notices import signature
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails.bank import BankRail
from paybridge.rails.bank.options import BankOptions
from paybridge.services.ports import (
    NotASandboxError,
    NotFound,
    NotSentError,
    OrderRefusedError,
    Pending,
    Prepared,
    RailError,
    RailEvent,
    Refused,
    Settled,
    Unsure,
    WebhookRefusedError,
)
from tests.rails.bank_trial import CAP, KEY, NEXT_SECRET, SECRET, SLOW, BankTrial
from tests.rails.contract import MOVED_NOTHING, LinkedRailContract

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def trial(bank: BankTrial) -> BankTrial:
    return bank


class TestBankRail(LinkedRailContract):
    pass


async def test_a_slow_account_is_pending_until_it_has_settled(bank: BankTrial) -> None:
    order = await bank.order_on("slow", LegKind.COLLECT)
    handle, outcome = await bank.execute(order)
    soon = await bank.rail.query(order.reference, handle)
    bank.watch.ahead = SLOW
    late = await bank.rail.query(order.reference, handle)

    assert isinstance(outcome, Pending)
    assert isinstance(soon, Pending)
    assert isinstance(late, Settled)
    assert late.amount == order.amount


async def test_an_order_that_was_not_executed_in_time_is_refused(bank: BankTrial) -> None:
    order = await bank.order()
    handle = await bank.rail.prepare(order)
    bank.watch.ahead = timedelta(hours=2)

    assert await bank.rail.execute(handle, "key", CAP) == Refused("order_expired")
    assert await bank.rail.query(order.reference, handle) == Refused("order_expired")
    assert await bank.rail.prepare(order) == handle


async def test_a_payout_to_an_account_that_takes_nothing_is_refused(bank: BankTrial) -> None:
    order = await bank.order_on("takes nothing", LegKind.PAYOUT)

    assert (await bank.execute(order))[1] == Refused("account_closed")


async def test_another_amount_than_ordered_is_unsure_each_time_it_is_reported(bank: BankTrial) -> None:
    order = await bank.order_on("wrong amount", LegKind.COLLECT)
    handle, outcome = await bank.execute(order)

    for told in (outcome, await bank.rail.query(order.reference, handle)):
        assert isinstance(told, Unsure)
        assert told.reason.startswith("amount differs")


@pytest.mark.parametrize(
    ("script", "truth"), [("502 after", Settled), ("502 before", Prepared)], ids=["after", "before"]
)
async def test_a_gateway_error_is_unsure_until_asked(bank: BankTrial, script: str, truth: type) -> None:
    order = await bank.order_on(script, LegKind.COLLECT)
    handle, outcome = await bank.execute(order)

    assert outcome == Unsure("HTTP 502")
    assert type(await bank.rail.query(order.reference, handle)) is truth


async def test_a_bank_that_is_not_there_was_sent_nothing(bank: BankTrial) -> None:
    order = await bank.order()
    handle = await bank.rail.prepare(order)
    away = bank.rail_to(NOWHERE)

    questions: list[Awaitable[object]] = [
        away.execute(handle, "key", CAP),
        away.prepare(order),
        away.quote(order),
        away.cancel(handle),
        away.unlink("link"),
        away.prove_sandbox(),
        away.alive(),
    ]
    for question in questions:
        with pytest.raises(NotSentError):
            await question
    assert isinstance(await away.query(order.reference, handle), Unsure)
    assert await bank.moved(order.reference) == MOVED_NOTHING


async def test_nothing_is_sent_through_a_session_that_was_closed(bank: BankTrial) -> None:
    handle = await bank.rail.prepare(await bank.order())
    async with aiohttp.ClientSession() as session:
        rail = BankRail(BankOptions(url=bank.proxy.target, api_key=SecretStr(KEY)), session)

    with pytest.raises(NotSentError):
        await rail.execute(handle, "key", CAP)


async def test_a_wrong_key_is_no_sandbox_and_an_order_under_it_is_unsure(bank: BankTrial) -> None:
    handle = await bank.rail.prepare(await bank.order())
    options = BankOptions(url=bank.proxy.target, api_key=SecretStr("bank_test_wrong"))
    rail = BankRail(options, bank.http)

    with pytest.raises(NotASandboxError):
        await rail.prove_sandbox()
    assert await rail.execute(handle, "key", CAP) == Unsure("HTTP 401 unauthorized")


async def test_a_host_elsewhere_is_refused_before_it_sees_the_key(bank: BankTrial) -> None:
    options = BankOptions(url="http://bank.example.org", api_key=SecretStr(KEY))
    rail = BankRail(options, bank.http)

    with pytest.raises(NotASandboxError, match=r"rails\.bank\.allow_hosts"):
        await rail.prove_sandbox()


@pytest.mark.parametrize(
    ("url", "allowed", "fine"),
    [
        ("http://127.0.0.1:1", (), True),
        ("http://127.8.8.8", (), True),
        ("http://[::1]:8090", (), True),
        ("http://LOCALHOST:8090", (), True),
        ("https://bank.example.org", ("Bank.Example.org",), True),
        ("https://bank.example.org", ("example.org",), False),
        ("http://127.0.0.1.example.org", (), False),
        ("http://0.0.0.0", (), False),
        ("http://2130706433", (), False),
        ("http://10.0.0.1", (), False),
    ],
)
def test_only_this_machine_and_listed_hosts_are_spoken_to(
    url: str, allowed: tuple[str, ...], *, fine: bool
) -> None:
    options = BankOptions(url=url, api_key=SecretStr(KEY), allow_hosts=frozenset(allowed))

    assert options.may_be_spoken_to is fine


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"api_key": "bank_live_sesame"}, "only test keys (bank_test_…) are accepted"),
        ({"api_key": "bank_test_"}, "only test keys (bank_test_…) are accepted"),
        ({"api_key": "bank_test_a\nb"}, "contains a character that no key has"),
        ({"url": "ftp://127.0.0.1"}, "must be http://HOST:PORT or https://HOST"),
        ({"url": "http://user:sesame@127.0.0.1"}, "must be http://HOST:PORT or https://HOST"),
        ({"url": "http://127.0.0.1:99999"}, "must be http://HOST:PORT or https://HOST"),
        ({"webhook_secret": "sesame"}, "is written whsec_ and then base64"),
        ({"webhook_secret": f"{SECRET},whsec_§"}, "is written whsec_ and then base64"),
        ({"allow_hosts": ["http://bank"]}, "lists bare host names"),
        ({"timeout_seconds": 0}, "greater than 0"),
        ({"sesame": 1}, "not permitted"),
    ],
)
def test_wrong_options_are_told_in_one_line_that_repeats_no_secret(
    wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        BankOptions.model_validate({"url": NOWHERE, "api_key": KEY, **wrong})

    (error,) = refused.value.errors(include_input=False)
    assert message in error["msg"]
    assert "\n" not in error["msg"]
    assert "sesame" not in str(refused.value).replace("\nsesame\n", "")


async def test_an_unknown_order_is_not_found_for_good(bank: BankTrial) -> None:
    assert await bank.rail.query("leg-of-nobody", None) == NotFound(final=True)
    assert await bank.rail.query("leg-of-nobody", "ord_none:1:EUR") == NotFound(final=True)


@pytest.mark.parametrize("handle", ["", "ord_1", "ord_1:x:EUR", "ord_1:1:XXY", "a:b:c:d"])
async def test_what_is_no_handle_is_never_sent(bank: BankTrial, handle: str) -> None:
    with pytest.raises(RailError):
        await bank.rail.execute(handle, "key", CAP)


async def test_a_fee_can_only_be_capped_in_the_currency_of_the_order(bank: BankTrial) -> None:
    order = await bank.order()
    handle = await bank.rail.prepare(order)

    with pytest.raises(RailError):
        await bank.rail.execute(handle, "key", Money(7, "JPY"))
    assert await bank.moved(order.reference) == MOVED_NOTHING


async def test_a_currency_that_the_bank_does_not_move_is_refused(bank: BankTrial) -> None:
    order = await bank.order()
    foreign = type(order)(order.reference, order.kind, Money(100, "JPY"), order.link, "")

    with pytest.raises(OrderRefusedError):
        await bank.rail.prepare(foreign)
    with pytest.raises(OrderRefusedError):
        await bank.rail.quote(foreign)


async def test_the_idempotency_window_is_the_banks_own(bank: BankTrial) -> None:
    before = bank.rail.capabilities().idempotency_window
    await bank.rail.prove_sandbox()

    assert before == timedelta(0)
    assert bank.rail.capabilities().idempotency_window == timedelta(days=30)


async def test_every_secret_that_is_listed_may_have_signed(bank: BankTrial) -> None:
    headers, raw, now = await bank.webhook(await bank.order())
    reads = {
        secrets: BankRail(
            BankOptions(url=NOWHERE, api_key=SecretStr(KEY), webhook_secret=SecretStr(secrets)), bank.http
        )
        for secrets in (SECRET, NEXT_SECRET, f"{SECRET}, {NEXT_SECRET}", "whsec_b3RoZXI=")
    }
    other = reads.pop("whsec_b3RoZXI=")

    for rail in reads.values():
        assert len(rail.parse_webhook(headers, raw, now)) == 1
    with pytest.raises(WebhookRefusedError):
        other.parse_webhook(headers, raw, now)


async def test_without_a_secret_every_webhook_is_refused(bank: BankTrial) -> None:
    headers, raw, now = await bank.webhook(await bank.order())
    rail = BankRail(BankOptions(url=NOWHERE, api_key=SecretStr(KEY)), bank.http)

    with pytest.raises(WebhookRefusedError):
        rail.parse_webhook(headers, raw, now)


async def test_an_event_that_comes_twice_keeps_its_id(bank: BankTrial) -> None:
    order = await bank.order_on("told twice", LegKind.COLLECT)
    first = await bank.webhook(order)
    others = [await bank.inbox.next() for _ in range(2)]

    events = [bank.rail.parse_webhook(headers, raw, first[2])[0] for headers, raw in (first[:2], *others)]

    assert {event.reference for event in events} == {order.reference}
    assert len({event.id for event in events}) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": ""},
        {"webhook-id": "\udcff"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "-1"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,§ v1 v2,AAAA"},
    ],
)
async def test_broken_webhook_headers_are_refused(bank: BankTrial, changed: dict[str, str]) -> None:
    headers, raw, now = await bank.webhook(await bank.order())
    lowered = {name.lower(): value for name, value in headers.items()}

    with pytest.raises(WebhookRefusedError):
        bank.rail.parse_webhook({**lowered, **changed}, raw, now)


@pytest.mark.parametrize(
    ("event", "body", "fine"),
    [
        ("msg_1", '{"data": {"reference": "leg-1"}, "new": 1}', True),
        ("", '{"data": {"reference": "leg-1"}}', False),
        ("msg_1", '{"data": {"reference": ""}}', False),
        ("msg_1", '{"data": {"reference": 1}}', False),
        ("msg_1", '{"data": []}', False),
        ("msg_1", "[" * 10_000, False),
        ("msg_1", "", False),
    ],
)
async def test_a_webhook_that_is_signed_must_also_make_sense(
    bank: BankTrial, event: str, body: str, *, fine: bool
) -> None:
    now = datetime.now(UTC)
    timestamp = str(int(now.timestamp()))
    headers = {
        "webhook-id": event,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature((SECRET,), event, timestamp, body),
    }
    if fine:
        assert bank.rail.parse_webhook(headers, body.encode(), now) == (RailEvent("msg_1", "leg-1"),)
    else:
        with pytest.raises(WebhookRefusedError):
            bank.rail.parse_webhook(headers, body.encode(), now)

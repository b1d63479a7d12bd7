"""Orders: two steps, one effect, whatever is asked how often."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.bank.bank_client import IBAN, BankClient, MovableClock
from tests.bank.conftest import OpenBank

OTHER_IBAN = "DE02120300000000202051"


async def test_collecting_moves_the_amount_from_the_payer_to_us_and_both_statements_tell(
    bank: BankClient,
) -> None:
    order = await bank.prepared(await bank.link(), 1250)
    before = await bank.balances()

    answer = await bank.execute(order)

    assert answer.status == 200
    assert {name: answer.body[name] for name in ("state", "code", "amount", "fee", "remote_id")} == {
        "state": "settled",
        "code": None,
        "amount": 1250,
        "fee": 0,
        "remote_id": order,
    }
    assert answer.body["settled_at"] == "2026-03-01T12:00:00.000000Z"
    assert before == (1_000_01, 0)
    assert await bank.balances() == (1_000_01 - 1250, 1250)
    [ours] = (await bank.statement())["entries"]
    assert (ours["order"], ours["reference"], ours["amount"], ours["currency"], ours["text"]) == (
        order,
        "PB-7K3QD",
        1250,
        "EUR",
        "pizza",
    )
    newest = (await bank.account())["entries"][0]
    assert (newest["amount"], newest["text"], newest["counterparty"]) == (-1250, "pizza", "PayBridge")


async def test_paying_out_moves_the_amount_from_us_to_the_payee(open_bank: OpenBank) -> None:
    bank = await open_bank(settlement_opening_minor=5000)
    order = await bank.prepared(await bank.link(), 2000, direction="payout")

    answer = await bank.execute(order)

    assert answer.body["state"] == "settled"
    assert await bank.balances() == (1_000_01 + 2000, 3000)
    assert [entry["amount"] for entry in (await bank.statement())["entries"]] == [5000, -2000]


async def test_fees_come_on_top_and_from_whoever_sends(open_bank: OpenBank) -> None:
    bank = await open_bank(collect_fee_minor=10, payout_fee_minor=7)
    link = await bank.link()
    quote = await bank.call("POST", "/v1/quotes", {"direction": "collect", "amount": 1000, "currency": "EUR"})

    collected = await bank.execute(await bank.prepared(link, 1000, reference="A"), "a", fee_cap=10)
    after_collecting = await bank.balances()
    paid = await bank.execute(
        await bank.prepared(link, 500, reference="B", direction="payout"), "b", fee_cap=7
    )

    assert (quote.body["fee"], quote.body["highest_fee"]) == (10, 10)
    assert quote.body["expires_at"] == "2026-03-01T12:10:00.000000Z"
    assert (collected.body["amount"], collected.body["fee"]) == (1000, 10)
    assert after_collecting == (1_000_01 - 1010, 1000)
    assert (paid.body["amount"], paid.body["fee"]) == (500, 7)
    assert await bank.balances() == (1_000_01 - 1010 + 500, 1000 - 507)
    ours = (await bank.statement())["entries"]
    assert [(entry["kind"], entry["amount"]) for entry in ours] == [
        ("payment", 1000),
        ("payment", -500),
        ("fee", -7),
    ]


async def test_preparing_moves_nothing(bank: BankClient) -> None:
    link = await bank.link()
    before = await bank.balances()

    answer = await bank.prepare(link)

    assert (answer.status, answer.body["state"], answer.body["remote_id"]) == (201, "prepared", None)
    assert await bank.balances() == before


async def test_the_same_reference_is_the_same_order_unless_anything_differs(bank: BankClient) -> None:
    link = await bank.link()
    first = await bank.prepare(link)

    again = await bank.prepare(link)
    others = [
        await bank.prepare(link, 1251),
        await bank.prepare(link, direction="payout"),
        await bank.prepare(link, text="pasta"),
        await bank.prepare(await bank.link(OTHER_IBAN)),
    ]

    assert (again.status, again.body) == (200, first.body)
    assert [(other.status, other.body["error"]) for other in others] == [(409, "reference_reused")] * 4


async def test_preparing_one_reference_many_times_at_once_makes_one_order(bank: BankClient) -> None:
    link = await bank.link()

    answers = await asyncio.gather(*(bank.prepare(link) for _ in range(20)))

    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.body["id"] for answer in answers}) == 1


async def test_one_key_fifty_times_at_once_debits_once_and_answers_alike(bank: BankClient) -> None:
    order = await bank.prepared(await bank.link())

    answers = await asyncio.gather(*(bank.execute(order) for _ in range(50)))

    assert {answer.status for answer in answers} == {200}
    assert all(answer.body == answers[0].body for answer in answers)
    assert await bank.balances() == (1_000_01 - 1250, 1250)


async def test_one_order_under_fifty_keys_at_once_is_executed_under_one(bank: BankClient) -> None:
    order = await bank.prepared(await bank.link())

    answers = await asyncio.gather(*(bank.execute(order, f"key-{number}") for number in range(50)))

    assert sorted(answer.status for answer in answers) == [200] + [409] * 49
    assert {answer.body["error"] for answer in answers if answer.status == 409} == {"already_executed"}
    assert await bank.balances() == (1_000_01 - 1250, 1250)


async def test_a_key_never_stands_for_a_second_request(bank: BankClient) -> None:
    link = await bank.link()
    first, second = await bank.prepared(link), await bank.prepared(link, reference="other")
    await bank.execute(first, "key")

    other_order = await bank.execute(second, "key")
    other_cap = await bank.execute(first, "key", fee_cap=1)

    assert [(answer.status, answer.body["error"]) for answer in (other_order, other_cap)] == [
        (409, "key_reused"),
        (409, "key_reused"),
    ]
    assert (await bank.order(second))["state"] == "prepared"


async def test_a_forgotten_key_still_cannot_execute_twice(open_bank: OpenBank, clock: MovableClock) -> None:
    bank = await open_bank(idempotency_window_seconds=60)
    order = await bank.prepared(await bank.link())
    first = await bank.execute(order)
    clock.move(seconds=60)
    replayed = await bank.execute(order)
    clock.move(seconds=1)

    answer = await bank.execute(order)

    assert replayed.body == first.body
    assert (answer.status, answer.body["error"]) == (409, "already_executed")


async def test_a_fee_over_the_cap_is_refused_and_the_refusal_is_replayed(open_bank: OpenBank) -> None:
    bank = await open_bank(collect_fee_minor=10)
    order = await bank.prepared(await bank.link())

    answers = [await bank.execute(order, fee_cap=9) for _ in range(2)]

    assert answers[0].body == answers[1].body
    assert (answers[0].body["state"], answers[0].body["code"]) == ("refused", "fee_over_cap")
    assert (await bank.order(order))["state"] == "refused"
    assert await bank.balances() == (1_000_01, 0)


@pytest.mark.parametrize(("direction", "amount"), [("collect", 1_000_02), ("payout", 1)])
async def test_nobody_can_send_what_is_not_there(bank: BankClient, direction: str, amount: int) -> None:
    order = await bank.prepared(await bank.link(), amount, direction=direction)

    answer = await bank.execute(order)

    assert (answer.body["state"], answer.body["code"]) == ("refused", "insufficient_funds")
    assert await bank.balances() == (1_000_01, 0)


async def test_everything_on_an_account_can_be_sent(bank: BankClient) -> None:
    order = await bank.prepared(await bank.link(), 1_000_01)

    answer = await bank.execute(order)

    assert answer.body["state"] == "settled"
    assert await bank.balances() == (0, 1_000_01)


async def test_a_cancelled_order_is_never_executed(bank: BankClient) -> None:
    link = await bank.link()
    order = await bank.prepared(link)

    cancelled = [await bank.call("POST", f"/v1/orders/{order}/cancel") for _ in range(2)]
    executed = await bank.execute(order)

    assert [(answer.status, answer.body["state"]) for answer in cancelled] == [(200, "cancelled")] * 2
    assert (executed.status, executed.body["error"]) == (409, "order_cancelled")
    assert (await bank.prepare(link)).body["state"] == "cancelled"
    assert await bank.balances() == (1_000_01, 0)


async def test_an_executed_order_cannot_be_cancelled(bank: BankClient) -> None:
    order = await bank.prepared(await bank.link())
    await bank.execute(order)

    answer = await bank.call("POST", f"/v1/orders/{order}/cancel")

    assert (answer.status, answer.body["error"]) == (409, "already_executed")


async def test_a_prepared_order_expires_after_an_hour(bank: BankClient, clock: MovableClock) -> None:
    order = await bank.prepared(await bank.link())
    clock.move(minutes=60)

    answer = await bank.execute(order)

    assert (answer.status, answer.body["error"]) == (409, "order_expired")
    assert (await bank.order(order))["state"] == "expired"


async def test_an_order_is_found_by_id_and_by_reference_and_its_absence_is_final(bank: BankClient) -> None:
    order = await bank.prepared(await bank.link())

    found = await bank.call("GET", "/v1/orders?reference=PB-7K3QD")
    missing = [await bank.call("GET", path) for path in ("/v1/orders?reference=PB-2", "/v1/orders/ord_1")]

    assert (found.status, found.body["id"]) == (200, order)
    assert found.body == await bank.order(order)
    assert [(answer.status, answer.body["error"], answer.body["final"]) for answer in missing] == [
        (404, "not_found", True)
    ] * 2


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"amount": 0}, 422, "bad_amount"),
        ({"amount": -5}, 422, "bad_amount"),
        ({"amount": 10**30}, 422, "bad_amount"),
        ({"amount": 1.5}, 400, "bad_request"),
        ({"amount": True}, 400, "bad_request"),
        ({"amount": "5"}, 400, "bad_request"),
        ({"currency": "USD"}, 422, "bad_currency"),
        ({"direction": "steal"}, 400, "bad_request"),
        ({"reference": ""}, 422, "bad_reference"),
        ({"reference": "r" * 65}, 422, "bad_reference"),
        ({"reference": None}, 400, "bad_request"),
        ({"text": "x" * 141}, 422, "bad_text"),
        ({"text": "a\nb"}, 400, "bad_request"),
        ({"text": "\ud800"}, 400, "bad_request"),
    ],
)
async def test_a_bad_order_is_refused_by_name(
    bank: BankClient, change: dict[str, Any], status: int, error: str
) -> None:
    answer = await bank.prepare(await bank.link(), **change)

    assert (answer.status, answer.body["error"]) == (status, error)


async def test_executing_needs_a_key_and_a_fee_cap(bank: BankClient) -> None:
    order = await bank.prepared(await bank.link())
    path = f"/v1/orders/{order}/execute"

    without_key = await bank.call("POST", path, {"fee_cap": 0})
    without_cap = await bank.call("POST", path, {}, headers={"Idempotency-Key": "k"})
    of_nothing = await bank.execute("ord_nothing")

    assert (without_key.status, without_key.body["error"]) == (400, "bad_key")
    assert (without_cap.status, without_cap.body["error"]) == (400, "bad_request")
    assert (of_nothing.status, of_nothing.body["error"]) == (404, "not_found")


async def test_the_statement_comes_in_pages_that_neither_repeat_nor_skip(bank: BankClient) -> None:
    link = await bank.link(IBAN)
    for number in range(5):
        await bank.execute(await bank.prepared(link, 100 + number, reference=f"R{number}"), f"key-{number}")

    pages = [await bank.statement("?limit=2")]
    while pages[-1]["entries"]:
        pages.append(await bank.statement(f"?limit=2&after={pages[-1]['next']}"))

    assert [[entry["reference"] for entry in page["entries"]] for page in pages] == [
        ["R0", "R1"],
        ["R2", "R3"],
        ["R4"],
        [],
    ]
    assert sum(entry["amount"] for page in pages for entry in page["entries"]) == pages[-1]["balance"] == 510
    assert pages[-1]["next"] == pages[-2]["next"]


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?limit=0", "?limit=1001", "?limit=a"])
async def test_a_bad_page_is_refused(bank: BankClient, query: str) -> None:
    assert (await bank.call("GET", f"/v1/statement{query}")).status == 400

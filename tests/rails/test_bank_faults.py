"""What the bank's rail says when the way to the bank breaks: unsure, and asking tells the truth."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from paybridge.conformance.proxy import Fault
from paybridge.domain.money import Money
from paybridge.rails._http import Answer, LostTrackError
from paybridge.rails.bank.answers import Handle, OrderTold, meaning
from paybridge.rails.bank.client import Complaint, complaint, took
from paybridge.services.ports import (
    NotASandboxError,
    NotSentError,
    Prepared,
    RailError,
    Refused,
    Reversed,
    Settled,
    ThrottledError,
    Unsure,
)
from tests.rails.bank_trial import CAP, IBANS, RunningBank

ANSWER = {
    "id": "ord_1",
    "reference": "leg-1",
    "state": "settled",
    "code": None,
    "amount": 1250,
    "currency": "EUR",
    "fee": 7,
    "remote_id": "ord_1",
}
BROKEN = [fault for fault in Fault if fault is not Fault.DOUBLED]
ORDERED = Handle("ord_1", Money(1250, "EUR"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def said(status: int, body: bytes) -> Answer[Complaint]:
    return Answer(status, body, {}, complaint(status, body))


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_broken_answer_is_unsure_and_the_same_key_moves_money_once(
    bank: RunningBank, fault: Fault
) -> None:
    order = await bank.order()
    handle = await bank.rail.prepare(order)
    patience = 1 if fault is Fault.NO_ANSWER else 30
    broken = bank.rail_to(bank.proxy.address, timeout_seconds=patience)
    bank.proxy.fault = fault

    outcome = await broken.execute(handle, "key", CAP)
    truth = await bank.rail.query(order.reference, handle)
    moved = await bank.moved(order.reference)
    again = await bank.rail.execute(handle, "key", CAP)

    assert isinstance(outcome, Unsure)
    assert type(truth) is (Settled if fault.reaches_peer else Prepared)
    assert moved == ([order.amount] if fault.reaches_peer else [])
    assert isinstance(again, Settled)
    assert await bank.moved(order.reference) == [order.amount]
    assert bank.proxy.seen.count(f"POST /v1/orders/{Handle.read(handle).order}/execute") == 1


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_broken_question_is_unsure_and_says_nothing_about_the_payment(
    bank: RunningBank, fault: Fault
) -> None:
    order = await bank.order()
    handle, _ = await bank.execute(order)
    patience = 1 if fault is Fault.NO_ANSWER else 30
    broken = bank.rail_to(bank.proxy.address, timeout_seconds=patience)
    bank.proxy.where, bank.proxy.fault = "", fault

    for known_handle in (handle, None):
        assert isinstance(await broken.query(order.reference, known_handle), Unsure)


@pytest.mark.parametrize("fault", [fault for fault in BROKEN if fault is not Fault.NO_ANSWER])
async def test_preparing_again_after_a_broken_answer_is_still_one_order(
    bank: RunningBank, fault: Fault
) -> None:
    order = await bank.order()
    broken = bank.rail_to(bank.proxy.address)
    bank.proxy.where, bank.proxy.fault = "/orders$", fault

    with pytest.raises(RailError):
        await broken.prepare(order)
    bank.proxy.fault = None

    assert await broken.prepare(order) == await bank.rail.prepare(order)


async def test_too_many_requests_is_throttled_for_as_long_as_the_bank_says(bank: RunningBank) -> None:
    order = await bank.order()
    handle = await bank.rail.prepare(order)
    rail = bank.rail_to(bank.proxy.address)
    for header, wait in (("17", 17), ("Fri, 31 Dec 1999 23:59:59 GMT", 5), ("", 5)):
        bank.proxy.instead = partial(_throttle, header)

        with pytest.raises(ThrottledError) as throttled:
            await rail.execute(handle, "key", CAP)
        assert throttled.value.after == timedelta(seconds=wait)
    assert await bank.moved(order.reference) == []


def _throttle(header: str) -> web.Response:
    return web.Response(status=429, headers={"Retry-After": header})


async def test_a_redirect_is_not_followed(bank: RunningBank) -> None:
    handle = await bank.rail.prepare(await bank.order())
    bank.proxy.instead = lambda: web.Response(status=307, headers={"Location": "/elsewhere"})

    assert await bank.rail_to(bank.proxy.address).execute(handle, "key", CAP) == Unsure("HTTP 307")
    assert "POST /elsewhere" not in bank.proxy.seen


async def test_an_answer_without_end_is_unsure(bank: RunningBank) -> None:
    handle = await bank.rail.prepare(await bank.order())
    bank.proxy.rewrite = lambda body: body + b" " * 2_000_000

    assert isinstance(await bank.rail_to(bank.proxy.address).execute(handle, "key", CAP), Unsure)


async def test_an_answer_about_another_order_is_unsure(bank: RunningBank) -> None:
    order = await bank.order()
    handle, _ = await bank.execute(order)
    bank.proxy.where = ""
    bank.proxy.rewrite = lambda body: body.replace(order.reference.encode(), b"leg-of-others")

    outcome = await bank.rail_to(bank.proxy.address).query(order.reference, handle)

    assert outcome == Unsure("the answer is about another order")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"sandbox": "yes"}', b'{"sandbox": 1}', b"<html>"])
async def test_a_peer_that_does_not_say_what_it_is_is_no_sandbox(bank: RunningBank, body: bytes) -> None:
    bank.proxy.where, bank.proxy.rewrite = "/about", lambda _: body

    with pytest.raises(NotASandboxError):
        await bank.rail_to(bank.proxy.address).prove_sandbox()


async def test_a_peer_that_hangs_up_has_proven_nothing_either_way(bank: RunningBank) -> None:
    bank.proxy.where, bank.proxy.fault = "/about", Fault.DROPPED_AFTER

    with pytest.raises(NotSentError):
        await bank.rail_to(bank.proxy.address).prove_sandbox()


@pytest.mark.parametrize(
    ("where", "body"),
    [
        ("/quotes", b'{"fee": 7.5, "highest_fee": 8}'),
        ("/quotes", b'{"fee": 9, "highest_fee": 8}'),
        ("/quotes", b'{"fee": -1, "highest_fee": 8}'),
        ("/statement", b'{"entries": {}, "next": "", "balance": 0}'),
        ("/orders", b'{"id": "../about"}'),
        ("/orders", json.dumps({**ANSWER, "reference": "other"}).encode()),
        ("/links", b'{"id": "a/b", "masked": "", "state": "pending"}'),
    ],
)
async def test_an_answer_of_the_wrong_shape_is_an_error_and_no_crash(
    bank: RunningBank, where: str, body: bytes
) -> None:
    order = await bank.order()
    bank.proxy.where, bank.proxy.rewrite = f"{where}$", lambda _: body
    rail = bank.rail_to(bank.proxy.address)
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "/quotes": lambda: rail.quote(order),
        "/statement": lambda: rail.statement(None),
        "/orders": lambda: rail.prepare(order),
        "/links": lambda: rail.link(IBANS["ordinary"]),
    }

    with pytest.raises(RailError):
        await questions[where]()


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "ord_2"},
        {"amount": 1251},
        {"amount": 0},
        {"currency": "SEK"},
        {"currency": "XXY"},
        {"fee": 8},
        {"fee": -1},
        {"remote_id": None},
        {"remote_id": ""},
        {"state": "reversed", "amount": 1251},
        {"state": "vanished"},
    ],
)
def test_an_answer_that_does_not_add_up_is_unsure(changed: dict[str, object]) -> None:
    told = OrderTold.model_validate({**ANSWER, **changed})

    assert isinstance(meaning(OrderTold.model_validate(ANSWER), None, ORDERED, CAP), Settled)
    assert isinstance(meaning(told, None, ORDERED, CAP), Unsure)


def test_an_order_that_was_taken_back_has_moved_and_come_back_whole() -> None:
    told = OrderTold.model_validate({**ANSWER, "state": "reversed"})
    outcome = meaning(told, None, ORDERED, CAP)

    assert outcome == Reversed(str(ANSWER["remote_id"]), ORDERED.amount, Money(7, "EUR"))


@given(field=st.sampled_from(sorted(ANSWER)), value=JSON)
def test_only_an_answer_that_adds_up_is_settled(field: str, value: object) -> None:
    answer = said(200, json.dumps({**ANSWER, field: value}).encode())
    try:
        outcome = meaning(answer.read(OrderTold), took(answer), ORDERED, CAP)
    except LostTrackError:
        return

    if isinstance(outcome, Settled):
        assert outcome.amount == ORDERED.amount
        assert Money.zero("EUR") <= outcome.fee <= CAP
        assert field not in {"id", "state", "currency", "amount"} or value == ANSWER[field]


@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_answer_whatever_it_is_gets_past_the_reader(body: bytes) -> None:
    for status in (200, 302, 409, 502):
        with pytest.raises(LostTrackError):
            said(status, body).read(OrderTold)


@given(code=st.text(max_size=200))
def test_only_a_listed_code_is_a_refusal(code: str) -> None:
    told = OrderTold.model_validate({**ANSWER, "state": "refused", "code": code})

    assert isinstance(meaning(told, None, ORDERED, CAP), Unsure)


@pytest.mark.parametrize(
    "code", ["insufficient_funds", "account_closed", "fee_over_cap", "link_not_verified"]
)
def test_every_listed_code_is_a_refusal(code: str) -> None:
    told = OrderTold.model_validate({**ANSWER, "state": "refused", "code": code})

    assert meaning(told, None, ORDERED, CAP) == Refused(code)

"""What the conformance kit does not ask of the lightning rail: cheating payees, top-ups, networks, hooks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paybridge.conformance.inbox import Inbox
from paybridge.conformance.proxy import FaultProxy
from paybridge.conformance.trial import Ground
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails.lightning import LightningRail
from paybridge.rails.lightning.answers import Handle, Row, Told, meaning
from paybridge.rails.lightning.options import LightningOptions
from paybridge.rails.lightning.webhook import proof_of, read_webhook
from paybridge.services.ports import (
    LinkRefusedError,
    NotASandboxError,
    NotFound,
    Order,
    OrderRefusedError,
    Pending,
    Prepared,
    RailError,
    Refused,
    Settled,
    Unsure,
    WebhookRefusedError,
)
from tests.rails.lightning_trial import LightningStand, LightningTrial
from tests.rails.lnbits import MISSING, is_installed
from tests.rails.strangers import mint

needs_lnbits = [pytest.mark.slow, pytest.mark.skipif(not is_installed(), reason=MISSING)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CAP = Money(100, "SAT")
FREE = Money.zero("SAT")
HASH = "0001020304050607080900010203040506070809000102030405060708090102"
COFFEE = (
    "lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpuaztr"
    "nwngzn3kdzw5hydlzf03qdgm2hdq27cqv3agm2awhz5se903vruatfhq77w3ls4evs3ch9zw97j25emudupq63nyw24cg27h2rspfj9srp"
)
OTHER = "ff" * 32
PAYOUT = Handle("payout", HASH, Money(250_000, "SAT"), "leg-1")
COLLECT = Handle("collect", OTHER, Money(250_000, "SAT"), "leg-1")
OPTIONS = {"url": "http://127.0.0.1:5000", "admin_key": "key", "access_token": "token"}


@pytest.fixture
async def stand(tmp_path: Path, inbox: Inbox) -> AsyncIterator[LightningStand]:
    async with (
        aiohttp.ClientSession() as http,
        LightningTrial().stand(Ground(tmp_path, http, inbox)) as stand,
    ):
        yield stand


class TestAtLNbits:
    """With three wallets and a stranger's server."""

    pytestmark = needs_lnbits

    async def test_a_fee_that_might_be_over_the_cap_is_refused_before_anything_is_sent(
        self, stand: LightningStand
    ) -> None:
        order = await stand.order_to(stand.details)
        rail = stand.rail()
        handle = await rail.prepare(order)

        assert await rail.execute(handle, "key", Money(1, "SAT")) == Refused("fee_over_cap")
        assert await rail.execute(handle, "key", CAP) == Refused("fee_over_cap")
        assert await stand.rail().query(order.reference, handle) == Refused("fee_over_cap")
        assert await stand.moved(order.reference) == []

    async def test_what_fees_came_to_is_told_in_whole_satoshis_and_leaves_our_wallet(
        self, stand: LightningStand
    ) -> None:
        told = stand.options | {"reserve_percent": 2}
        rail = LightningRail(LightningOptions.model_validate(told), stand.http)
        order = await stand.order_to(stand.details)
        cap = (await rail.quote(order)).highest_fee
        # Half a percent of 1,250 satoshis is 6.25 of them.
        async with stand.peer.charging(stand.http, 0.5, stand.payer):
            handle = await rail.prepare(order)
            settled = await rail.execute(handle, "key", cap)
        asked = await rail.query(order.reference, handle)
        lines = (await rail.statement(None)).lines

        assert settled == asked == Settled(Handle.read(handle).payment_hash, order.amount, Money(7, "SAT"))
        assert lines[-1].amount == Money(-1257, "SAT")

    async def test_fees_over_what_the_operator_said_are_not_paid(self, stand: LightningStand) -> None:
        order = replace(await stand.order_to(stand.details), amount=Money(50_000, "SAT"))
        rail = stand.rail()
        cap = (await rail.quote(order)).highest_fee
        async with stand.peer.charging(stand.http, 0.5, stand.payer):
            outcome = await rail.execute(await rail.prepare(order), "key", cap)

        assert cap == Money(500, "SAT")
        assert outcome == Refused("fee_over_cap")
        assert await stand.moved(order.reference) == []

    async def test_what_is_set_aside_for_fees_is_what_was_quoted(self, stand: LightningStand) -> None:
        order = await stand.order_to(stand.details)
        rail = stand.rail()
        highest = (await rail.quote(order)).highest_fee

        assert isinstance(await rail.execute(await rail.prepare(order), "key", highest), Settled)
        assert (await rail.quote(order)).highest_fee == Money(13, "SAT")

    async def test_a_wallet_that_is_too_empty_is_no_refusal_and_pays_once_it_is_filled(
        self, stand: LightningStand
    ) -> None:
        poor = LightningRail(
            LightningOptions.model_validate(stand.options | {"admin_key": stand.payee.key}), stand.http
        )
        linked = await poor.link(f"{stand.payer.name}@{stand.address.removeprefix('http://')}")
        order = Order("leg-poor", LegKind.PAYOUT, Money(100, "SAT"), linked.token, "")
        handle = await poor.prepare(order)
        empty = await poor.execute(handle, "key", CAP)
        before = await poor.query(order.reference, handle)
        given = await stand.order_to(stand.details)
        await stand.rail().execute(await stand.rail().prepare(given), "key", CAP)
        filled = await poor.execute(handle, "key", CAP)

        assert isinstance(empty, Unsure)
        assert before == Prepared()
        assert isinstance(filled, Settled)

    @pytest.mark.parametrize(
        ("cheat", "value", "code"),
        [
            ("over", 1000, "bad_invoice"),
            ("meant", "00" * 32, "bad_invoice"),
            ("network", "bcrt", "bad_network"),
            ("always", "lnbc1nonsense", "bad_invoice"),
            ("always", COFFEE, "bad_invoice"),
        ],
    )
    async def test_an_invoice_for_anything_else_than_was_asked_is_not_paid(
        self, stand: LightningStand, cheat: str, value: object, code: str
    ) -> None:
        order = await stand.order_to(stand.stranger.lightning_address)
        setattr(stand.stranger, cheat, value)

        with pytest.raises(OrderRefusedError, match=code):
            await stand.rail().prepare(order)

    async def test_one_invoice_for_two_orders_settles_one_of_them(self, stand: LightningStand) -> None:
        stranger, rail = stand.stranger, stand.rail()
        mine = {"out": False, "amount": 1250, "description_hash": stranger.meant}
        stranger.always = (await stand.tell_as(stand.payee, "POST", "/api/v1/payments", mine))["bolt11"]
        first, second, third = [await stand.order_to(stranger.lightning_address) for _ in range(3)]
        handles = [await rail.prepare(first), await rail.prepare(second)]
        outcomes = [await rail.execute(handle, "key", CAP) for handle in handles]
        asked = await rail.query(second.reference, handles[1])

        assert isinstance(outcomes[0], Settled)
        assert outcomes[1] == asked == Refused("invoice_reused")
        with pytest.raises(OrderRefusedError, match="invoice_reused"):
            await rail.prepare(third)

    async def test_a_payee_who_gives_one_of_our_own_invoices_is_not_paid(self, stand: LightningStand) -> None:
        mine = {"out": False, "amount": 1250, "description_hash": stand.stranger.meant}
        stand.stranger.always = (await stand.tell("POST", "/api/v1/payments", mine))["bolt11"]
        order = await stand.order_to(stand.stranger.lightning_address)

        with pytest.raises(OrderRefusedError, match="invoice_reused"):
            await stand.rail().prepare(order)

    async def test_a_top_up_waits_for_its_payer_and_settles_when_they_pay(
        self, stand: LightningStand
    ) -> None:
        order = await stand.order_to(stand.details, LegKind.COLLECT)
        rail = stand.rail()
        handle = await rail.prepare(order)
        waiting = await rail.execute(handle, "key", FREE)
        assert isinstance(waiting, Pending)
        again = await rail.query(order.reference, None)
        await stand.let_pay(waiting.asks or "")

        assert waiting == again
        assert (waiting.asks or "").startswith("lightning:lnbc12500n1")
        assert await rail.query(order.reference, handle) == Settled(
            Handle.read(handle).payment_hash, Money(1250, "SAT"), FREE
        )

    async def test_a_top_up_that_was_given_up_and_paid_all_the_same_is_settled(
        self, stand: LightningStand
    ) -> None:
        order = await stand.order_to(stand.details, LegKind.COLLECT)
        rail = stand.rail()
        handle = await rail.prepare(order)
        waiting = await rail.execute(handle, "key", FREE)
        assert isinstance(waiting, Pending)
        await rail.cancel(handle)
        given_up = await rail.query(order.reference, handle)
        await stand.let_pay(waiting.asks or "")

        assert given_up == Refused("cancelled")
        assert isinstance(await rail.query(order.reference, handle), Settled)

    async def test_a_link_that_was_taken_back_is_paid_no_more(self, stand: LightningStand) -> None:
        order = await stand.order_to(stand.details)
        rail = stand.rail()
        handle = await rail.prepare(order)
        for token in (order.link, order.link, "nothing", OTHER):
            await rail.unlink(token)

        assert await rail.execute(handle, "key", CAP) == Refused("link_gone")
        assert await stand.moved(order.reference) == []
        with pytest.raises(OrderRefusedError, match="bad_link"):
            await rail.prepare(Order("leg-later", LegKind.PAYOUT, Money(1, "SAT"), order.link, ""))

    @pytest.mark.parametrize("words", ["Not Found", "Wallet not found.", ["Payment does not exist."]])
    async def test_a_404_of_something_else_does_not_end_an_order(
        self, stand: LightningStand, words: object
    ) -> None:
        order = await stand.order_to(stand.details)
        handle = await stand.rail().prepare(order)
        async with FaultProxy(stand.address) as proxy:
            proxy.where = f"^GET /api/v1/payments/{order.link}$"
            proxy.instead = lambda: web.json_response({"detail": words}, status=404)
            outcome = await stand.rail(proxy.address).execute(handle, "key", CAP)

        assert isinstance(outcome, Unsure)
        assert isinstance(await stand.rail().execute(handle, "key", CAP), Settled)

    async def test_an_order_of_ours_is_no_link(self, stand: LightningStand) -> None:
        order = await stand.order_to(stand.details, LegKind.COLLECT)
        handle = Handle.read(await stand.rail().prepare(order))

        with pytest.raises(OrderRefusedError, match="bad_link"):
            await stand.rail().prepare(
                Order("leg-later", LegKind.PAYOUT, Money(1, "SAT"), handle.payment_hash, "")
            )

    async def test_nobody_is_linked_where_nobody_is_paid(self, stand: LightningStand) -> None:
        nobody = stand.details.replace(stand.payee.name, "nobody")
        for details in (nobody, "anna@127.0.0.1:1", "anna@localhost", "anna@10.0.0.1"):
            with pytest.raises(LinkRefusedError):
                await stand.rail().link(details)

    async def test_a_lightning_address_is_shown_by_its_first_letter(self, stand: LightningStand) -> None:
        linked = await stand.rail().link(stand.stranger.lightning_address)

        assert (linked.masked, linked.verified) == (f"s••@{stand.stranger.host}", True)
        assert linked.currency == "SAT"

    async def test_a_webhook_of_lnbits_names_its_order(self, stand: LightningStand, inbox: Inbox) -> None:
        told = stand.options | {"webhook_url": inbox.address}
        rail = LightningRail(LightningOptions.model_validate(told), stand.http)
        order = await stand.order_to(stand.details, LegKind.COLLECT)
        waiting = await rail.execute(await rail.prepare(order), "key", FREE)
        assert isinstance(waiting, Pending)
        await stand.let_pay(waiting.asks or "")
        headers, raw = await inbox.next()
        (event,) = rail.parse_webhook(headers, raw, NOW)

        assert event.reference == order.reference
        assert rail.parse_webhook({}, raw, NOW) == (event,)

    async def test_a_funding_source_that_is_real_is_refused(self, stand: LightningStand) -> None:
        async with FaultProxy(stand.address) as proxy:
            proxy.where, proxy.rewrite = stand.about, stand.as_if_live
            with pytest.raises(NotASandboxError, match="real money"):
                await stand.rail(proxy.address).prove_sandbox()
            # Nothing is ordered of it either, whoever forgot to ask.
            order = await stand.order_to(stand.details)
            with pytest.raises(NotASandboxError):
                await stand.rail(proxy.address).prepare(order)

    async def test_a_funding_source_that_changes_is_looked_at_again(self, stand: LightningStand) -> None:
        async with FaultProxy(stand.address) as proxy:
            rail = stand.rail(proxy.address)
            await rail.prove_sandbox()
            await rail.alive()
            asked = list(proxy.seen)
            proxy.where, proxy.rewrite = stand.about, stand.as_if_live
            with pytest.raises(NotASandboxError, match="real money"):
                await rail.alive()
            order = await stand.order_to(stand.details)
            with pytest.raises(NotASandboxError, match="real money"):
                await rail.prepare(order)

        assert asked == ["GET /api/v1/status"] * 2

    async def test_a_payee_who_is_away_is_no_trouble_of_the_rail(self, stand: LightningStand) -> None:
        order = await stand.order_to(stand.stranger.lightning_address)
        await stand.stranger.leave()

        with pytest.raises(OrderRefusedError, match="payee_away"):
            await stand.rail().prepare(order)

    async def test_an_lnbits_that_is_too_old_is_refused(self, stand: LightningStand) -> None:
        async with FaultProxy(stand.address) as proxy:
            proxy.where = stand.about
            proxy.rewrite = lambda body: body.replace(b'"1.6.', b'"0.12.')
            with pytest.raises(NotASandboxError, match="older than"):
                await stand.rail(proxy.address).prove_sandbox()

    async def test_a_statement_is_what_moved(self, stand: LightningStand) -> None:
        rail = stand.rail()
        out = await stand.order_to(stand.details)
        await rail.execute(await rail.prepare(out), "key", CAP)
        refused = await stand.order_to(stand.stranger.lightning_address)
        await rail.execute(await rail.prepare(refused), "key", CAP)
        page = await rail.statement(None)

        assert [(line.reference, line.amount) for line in page.lines] == [
            (None, Money(1_000_000, "SAT")),
            (out.reference, Money(-1250, "SAT")),
        ]


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason=MISSING)
@pytest.mark.parametrize(("network", "sandbox"), [("bcrt", True), ("tb", True), ("tbs", True), ("bc", False)])
async def test_a_node_of_a_test_network_is_a_sandbox(network: str, sandbox: bool) -> None:  # noqa: FBT001  a table
    invoice = await mint(1000, OTHER, network)

    async def about(_: web.Request) -> web.Response:
        return web.json_response({"version": "1.6.2"})

    async def make(request: web.Request) -> web.Response:
        asked = await request.json()
        return web.json_response(
            row(bolt11=invoice, external_id=asked["external_id"], extra=asked["extra"]), status=201
        )

    app = web.Application()
    app.add_routes([web.get("/api/v1/status", about), web.post("/api/v1/payments", make)])
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        options = LightningOptions.model_validate(OPTIONS | {"url": f"http://127.0.0.1:{server.port}"})
        rail = LightningRail(options, http)
        if sandbox:
            await rail.prove_sandbox()
            return
        with pytest.raises(NotASandboxError, match="real money"):
            await rail.prove_sandbox()


async def test_an_lnbits_elsewhere_must_be_listed(http: aiohttp.ClientSession) -> None:
    elsewhere = LightningOptions.model_validate(OPTIONS | {"url": "https://lnbits.example.org"})

    with pytest.raises(NotASandboxError, match="allow_hosts"):
        await LightningRail(elsewhere, http).prove_sandbox()


def row(**changed: object) -> dict[str, Any]:
    """A payment as LNbits writes it: one of ours that goes out, and is done."""
    return {
        "checking_id": "internal_1",
        "payment_hash": HASH,
        "amount": -250_000_000,
        "fee": -1500,
        "bolt11": COFFEE,
        "status": "success",
        "external_id": "leg-1",
        "extra": {"paybridge": {"what": "paid"}},
        "created_at": "2026-01-01T00:00:00",
        "webhook": None,
        **changed,
    }


def note(**changed: object) -> dict[str, Any]:
    facts = {"paybridge": {"what": "payout", "link": "l", "pays": COFFEE}}
    return row(payment_hash=OTHER, amount=250_000_000, status="failed", extra=facts) | changed


def top_up(**changed: object) -> dict[str, Any]:
    return note(status="pending", extra={"paybridge": {"what": "collect", "link": "l"}}) | changed


OVER = note(extra={"paybridge": {"what": "over", "code": "cancelled"}}, payment_hash="ee" * 32)


@pytest.mark.parametrize(
    ("rows", "ordered", "outcome"),
    [
        ([], PAYOUT, NotFound(final=False)),
        ([], None, NotFound(final=False)),
        ([OVER], PAYOUT, NotFound(final=False)),
        ([note()], PAYOUT, Prepared()),
        ([note()], None, Prepared()),
        ([note(), row()], PAYOUT, Settled(HASH, PAYOUT.amount, Money(2, "SAT"))),
        ([note(), row(fee=0)], None, Settled(HASH, PAYOUT.amount, FREE)),
        ([note(), row(status="failed")], PAYOUT, Refused("payment_failed")),
        ([note(), OVER], PAYOUT, Refused("cancelled")),
        ([note(), OVER, row(fee=0)], PAYOUT, Settled(HASH, PAYOUT.amount, FREE)),
        ([top_up(status="success")], COLLECT, Settled(OTHER, COLLECT.amount, FREE)),
        ([top_up(status="success"), OVER], COLLECT, Settled(OTHER, COLLECT.amount, FREE)),
        ([top_up(status="failed")], COLLECT, Refused("invoice_expired")),
        ([top_up(), OVER], COLLECT, Refused("cancelled")),
    ],
)
def test_what_lnbits_says_has_one_meaning(
    rows: list[dict[str, Any]], ordered: Handle | None, outcome: object
) -> None:
    assert (
        meaning(Told("leg-1", [Row.model_validate_json(json.dumps(one)) for one in rows]), ordered) == outcome
    )


@pytest.mark.parametrize(
    ("rows", "ordered"),
    [
        ([row()], PAYOUT),
        ([note(), row(amount=-250_000_001)], PAYOUT),
        ([note(), row(payment_hash=OTHER)], PAYOUT),
        ([note(), row(), row(checking_id="other")], PAYOUT),
        ([note(), row(status="strange")], PAYOUT),
        ([note(amount=250_001_000)], PAYOUT),
        ([note(amount=250_000_001)], PAYOUT),
        ([note(extra={"paybridge": {"what": "payout", "pays": "nonsense"}})], PAYOUT),
        ([note()], COLLECT),
        ([top_up(status="strange")], COLLECT),
        ([top_up(payment_hash="ab" * 32)], COLLECT),
    ],
)
def test_what_does_not_add_up_is_unsure(rows: list[dict[str, Any]], ordered: Handle) -> None:
    told = Told("leg-1", [Row.model_validate_json(json.dumps(one)) for one in rows])

    assert isinstance(meaning(told, ordered), Unsure)


def test_a_part_of_a_satoshi_is_rounded_against_us() -> None:
    moved = [
        Row.model_validate_json(json.dumps(one)).moved
        for one in (row(), row(fee=0), row(amount=2999, fee=0), row(amount=-1000, fee=-1))
    ]

    assert moved == [Money(-250_002, "SAT"), Money(-250_000, "SAT"), Money(2, "SAT"), Money(-2, "SAT")]


def test_a_handle_is_read_as_it_was_written() -> None:
    assert Handle.read(str(PAYOUT)) == PAYOUT


@given(st.text(max_size=200))
def test_no_other_text_is_a_handle(text: str) -> None:
    with pytest.raises(RailError):
        Handle.read(text)


def hook(**changed: object) -> bytes:
    facts = {"paybridge": {"what": "collect", "proof": proof_of("key", "leg-1")}}
    return json.dumps(json.dumps(row(extra=facts) | changed)).encode()


def test_a_webhook_is_known_by_the_proof_in_it() -> None:
    (event,) = read_webhook("key", hook())
    (later,) = read_webhook("key", hook(status="failed"))

    assert event.reference == later.reference == "leg-1"
    assert event.id != later.id


@pytest.mark.parametrize(
    "raw",
    [
        hook(external_id="leg-2"),
        hook(extra={"paybridge": {"proof": proof_of("another", "leg-1")}}),
        hook(extra={"paybridge": {"proof": "é"}}),
        hook(extra={}),
        hook(payment_hash="x"),
        hook(external_id=None),
        b'"\\ud800"',
        b'"[[[["',
    ],
)
def test_a_webhook_without_its_proof_is_refused(raw: bytes) -> None:
    with pytest.raises(WebhookRefusedError):
        read_webhook("key", raw)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"url": "lnbits.example.org"}, "must be http"),
        ({"url": "http://who@127.0.0.1"}, "must be http"),
        ({"webhook_url": "hooks"}, "must be http"),
        ({"admin_key": ""}, "no key has"),
        ({"access_token": "a b"}, "no key has"),
        ({"payee_hosts": ["https://ln.test"]}, "bare host names"),
        ({"allow_hosts": ["*"]}, "bare host names"),
        ({"invoice_seconds": 5}, "60"),
    ],
)
def test_options_that_cannot_be_are_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        LightningOptions.model_validate(OPTIONS | changed)

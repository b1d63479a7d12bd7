"""What every rail must keep, run over each rail and its real peer.

A test class per rail inherits one of the contracts and gives it a fixture `trial`. `RailContract` is for all,
`LinkedRailContract` for rails that reach people's accounts elsewhere.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import (
    LinkRefusedError,
    NotASandboxError,
    NotFound,
    Order,
    OrderRefusedError,
    Prepared,
    Rail,
    Refused,
    Settled,
    StatementLine,
    WebhookRefusedError,
)

MOVED_NOTHING: list[Money] = []


class Trial(Protocol):
    """A rail on trial, and means to look behind it."""

    @property
    def rail(self) -> Rail: ...

    async def order(self, kind: LegKind | None = None) -> Order:
        """A new order that will settle, with a reference of its own; of a kind that the rail takes."""

    async def moved(self, reference: str) -> list[Money]:
        """Every amount that moved for an order, without fees, by the peer's own books."""


class LinkedTrial(Trial, Protocol):
    """The same for a rail with links and webhooks. The rail's fee for a collect is 7 minor units."""

    details: str
    """Names an account that can be linked."""

    bad_details: str
    """Names none."""

    async def refused_order(self) -> Order:
        """A new order that the peer will refuse."""

    async def proof(self, token: str) -> str:
        """What the account's holder knows, and we do not."""

    async def webhook(self, order: Order) -> tuple[dict[str, str], bytes, datetime]:
        """A genuine webhook about this order, for which it may be executed, and when it came."""

    async def rail_to_no_sandbox(self) -> Rail:
        """The same rail, towards a peer that says that its money is real."""


def key_of(order: Order) -> str:
    return f"key-{order.reference}"


async def quoted(rail: Rail, order: Order) -> Money:
    return (await rail.quote(order)).highest_fee


class RailContract:
    """For every rail."""

    async def test_preparing_twice_is_one_order_and_moves_nothing(self, trial: Trial) -> None:
        order = await trial.order()

        first, second = await trial.rail.prepare(order), await trial.rail.prepare(order)

        assert first == second
        assert await trial.moved(order.reference) == MOVED_NOTHING

    async def test_preparing_many_times_at_once_is_one_order(self, trial: Trial) -> None:
        order = await trial.order()

        handles = await asyncio.gather(*(trial.rail.prepare(order) for _ in range(10)))

        assert len(set(handles)) == 1

    async def test_another_amount_under_the_same_reference_is_refused(self, trial: Trial) -> None:
        order = await trial.order()
        await trial.rail.prepare(order)

        with pytest.raises(OrderRefusedError):
            await trial.rail.prepare(replace(order, amount=order.amount + order.amount))

    async def test_an_order_of_nothing_is_refused(self, trial: Trial) -> None:
        order = await trial.order()

        with pytest.raises(OrderRefusedError):
            await trial.rail.prepare(replace(order, amount=Money.zero(order.amount.currency)))

    async def test_an_order_of_a_kind_that_the_rail_does_not_take_is_refused(self, trial: Trial) -> None:
        order = await trial.order()
        for kind in set(LegKind) - trial.rail.capabilities().flows:
            with pytest.raises(OrderRefusedError):
                await trial.rail.prepare(replace(order, kind=kind))

    async def test_every_kind_of_order_settles_for_exactly_its_amount(self, trial: Trial) -> None:
        for kind in sorted(trial.rail.capabilities().flows):
            order = await trial.order(kind)
            cap = await quoted(trial.rail, order)
            outcome = await trial.rail.execute(await trial.rail.prepare(order), key_of(order), cap)

            assert isinstance(outcome, Settled)
            assert outcome.amount == order.amount
            assert outcome.fee <= cap
            assert outcome.took is not None
            assert await trial.moved(order.reference) == [order.amount]

    async def test_the_same_key_fifty_times_at_once_moves_money_once(self, trial: Trial) -> None:
        order = await trial.order()
        handle, cap = await trial.rail.prepare(order), await quoted(trial.rail, order)

        outcomes = await asyncio.gather(*(trial.rail.execute(handle, key_of(order), cap) for _ in range(50)))

        assert {type(outcome) for outcome in outcomes} == {Settled}
        assert len({outcome.remote_id for outcome in outcomes if isinstance(outcome, Settled)}) == 1
        assert await trial.moved(order.reference) == [order.amount]

    async def test_another_key_does_not_move_money_again(self, trial: Trial) -> None:
        order = await trial.order()
        handle, cap = await trial.rail.prepare(order), await quoted(trial.rail, order)
        await trial.rail.execute(handle, key_of(order), cap)

        await trial.rail.execute(handle, "another", cap)

        assert await trial.moved(order.reference) == [order.amount]

    async def test_a_question_tells_where_an_order_stands(self, trial: Trial) -> None:
        order = await trial.order()
        unknown = await trial.rail.query(order.reference, None)
        handle = await trial.rail.prepare(order)
        prepared = await trial.rail.query(order.reference, handle)
        done = await trial.rail.execute(handle, key_of(order), await quoted(trial.rail, order))

        assert unknown == NotFound(final=trial.rail.capabilities().not_found_is_final)
        assert prepared == Prepared()
        for known_handle in (handle, None):
            settled = await trial.rail.query(order.reference, known_handle)
            assert isinstance(settled, Settled)
            assert isinstance(done, Settled)
            assert replace(settled, took=None) == replace(done, took=None)

    async def test_a_cancelled_order_is_never_executed(self, trial: Trial) -> None:
        order = await trial.order()
        handle = await trial.rail.prepare(order)
        await trial.rail.cancel(handle)
        await trial.rail.cancel(handle)

        outcome = await trial.rail.execute(handle, key_of(order), await quoted(trial.rail, order))

        assert isinstance(outcome, Refused)
        assert await trial.rail.query(order.reference, handle) == outcome
        assert await trial.moved(order.reference) == MOVED_NOTHING

    async def test_an_executed_order_cannot_be_cancelled(self, trial: Trial) -> None:
        order = await trial.order()
        handle = await trial.rail.prepare(order)
        await trial.rail.execute(handle, key_of(order), await quoted(trial.rail, order))

        with pytest.raises(OrderRefusedError):
            await trial.rail.cancel(handle)
        assert await trial.moved(order.reference) == [order.amount]

    async def test_it_is_a_sandbox_and_alive(self, trial: Trial) -> None:
        await trial.rail.prove_sandbox()
        await trial.rail.alive()

    async def test_its_capabilities_make_sense(self, trial: Trial) -> None:
        await trial.rail.prove_sandbox()
        can = trial.rail.capabilities()

        assert can.flows
        assert 0 < can.least <= can.most
        for currency in can.currencies:
            assert Money(can.most, currency).is_positive
        assert can.idempotency_window > timedelta(0)
        assert can.money_can_come_back_for >= timedelta(0)

    async def test_nobody_can_forge_a_webhook_out_of_nothing(self, trial: Trial) -> None:
        with pytest.raises(WebhookRefusedError):
            trial.rail.parse_webhook({}, b"{}", datetime.fromisoformat("2026-01-01T00:00:00+00:00"))


class LinkedRailContract(RailContract):
    """For rails that reach people's accounts elsewhere."""

    async def test_a_refusal_is_final_and_moves_nothing(self, trial: LinkedTrial) -> None:
        order = await trial.refused_order()
        handle, cap = await trial.rail.prepare(order), await quoted(trial.rail, order)

        outcome = await trial.rail.execute(handle, key_of(order), cap)
        again = await trial.rail.execute(handle, key_of(order), cap)
        await trial.rail.execute(handle, "another", cap)

        assert isinstance(outcome, Refused)
        assert again == outcome
        assert await trial.rail.query(order.reference, handle) == outcome
        assert await trial.moved(order.reference) == MOVED_NOTHING

    async def test_a_fee_over_the_cap_is_refused(self, trial: LinkedTrial) -> None:
        order = await trial.order(LegKind.COLLECT)
        handle = await trial.rail.prepare(order)

        outcome = await trial.rail.execute(handle, key_of(order), Money(6, order.amount.currency))

        assert isinstance(outcome, Refused)
        assert await trial.moved(order.reference) == MOVED_NOTHING

    async def test_the_fee_that_was_quoted_is_taken(self, trial: LinkedTrial) -> None:
        order = await trial.order(LegKind.COLLECT)
        quote = await trial.rail.quote(order)
        outcome = await trial.rail.execute(await trial.rail.prepare(order), key_of(order), quote.highest_fee)

        assert quote.fee == Money(7, order.amount.currency)
        assert isinstance(outcome, Settled)
        assert outcome.fee == quote.fee

    async def test_a_link_shows_little_of_the_account_and_waits_for_proof(self, trial: LinkedTrial) -> None:
        linked = await trial.rail.link(trial.details)

        assert not linked.verified
        assert trial.details not in linked.masked
        assert linked.token not in trial.details

    async def test_an_account_that_is_none_cannot_be_linked(self, trial: LinkedTrial) -> None:
        with pytest.raises(LinkRefusedError):
            await trial.rail.link(trial.bad_details)

    async def test_no_order_is_taken_for_a_link_without_proof(self, trial: LinkedTrial) -> None:
        linked = await trial.rail.link(trial.details)
        order = replace(await trial.order(LegKind.COLLECT), link=linked.token)

        with pytest.raises(OrderRefusedError):
            await trial.rail.prepare(order)

    async def test_a_wrong_proof_uses_up_a_try_and_a_right_one_still_counts(self, trial: LinkedTrial) -> None:
        linked = await trial.rail.link(trial.details)
        with pytest.raises(LinkRefusedError) as refused:
            await trial.rail.verify(linked.token, "wrong")
        await trial.rail.verify(linked.token, await trial.proof(linked.token))
        await trial.rail.verify(linked.token, await trial.proof(linked.token))

        assert refused.value.tries_left == 2

    async def test_after_too_many_wrong_proofs_the_right_one_comes_too_late(self, trial: LinkedTrial) -> None:
        linked = await trial.rail.link(trial.details)
        left = []
        for _ in range(3):
            with pytest.raises(LinkRefusedError) as refused:
                await trial.rail.verify(linked.token, "wrong")
            left.append(refused.value.tries_left)

        assert left == [2, 1, 0]
        with pytest.raises(LinkRefusedError):
            await trial.rail.verify(linked.token, await trial.proof(linked.token))

    async def test_a_link_taken_back_takes_no_orders(self, trial: LinkedTrial) -> None:
        order = await trial.order(LegKind.COLLECT)
        later = replace(order, reference=f"{order.reference}-later")
        handle, cap = await trial.rail.prepare(order), await quoted(trial.rail, order)
        await trial.rail.unlink(order.link)
        await trial.rail.unlink(order.link)
        await trial.rail.unlink("nothing")

        with pytest.raises(OrderRefusedError):
            await trial.rail.prepare(later)
        assert isinstance(await trial.rail.execute(handle, key_of(order), cap), Refused)
        assert await trial.moved(order.reference) == MOVED_NOTHING

    async def test_a_peer_that_is_no_sandbox_is_refused(self, trial: LinkedTrial) -> None:
        rail = await trial.rail_to_no_sandbox()

        with pytest.raises(NotASandboxError):
            await rail.prove_sandbox()

    async def test_a_webhook_names_the_order_and_twice_the_same_is_one_event(
        self, trial: LinkedTrial
    ) -> None:
        order = await trial.order()
        headers, raw, now = await trial.webhook(order)

        once = trial.rail.parse_webhook(headers, raw, now)
        twice = trial.rail.parse_webhook({name.upper(): value for name, value in headers.items()}, raw, now)

        assert [event.reference for event in once] == [order.reference]
        assert twice == once

    async def test_a_forged_webhook_is_refused(self, trial: LinkedTrial) -> None:
        order = await trial.order()
        headers, raw, now = await trial.webhook(order)

        with pytest.raises(WebhookRefusedError):
            trial.rail.parse_webhook(headers, raw.replace(order.reference.encode(), b"other"), now)

    @pytest.mark.parametrize("away", [timedelta(minutes=6), timedelta(minutes=-6)])
    async def test_a_stale_webhook_is_refused(self, trial: LinkedTrial, away: timedelta) -> None:
        order = await trial.order()
        headers, raw, now = await trial.webhook(order)

        with pytest.raises(WebhookRefusedError):
            trial.rail.parse_webhook(headers, raw, now + away)

    async def test_the_statement_tells_every_movement_once(self, trial: LinkedTrial) -> None:
        collect, payout = await trial.order(LegKind.COLLECT), await trial.order(LegKind.PAYOUT)
        for order in (collect, payout):
            handle, cap = await trial.rail.prepare(order), await quoted(trial.rail, order)
            await trial.rail.execute(handle, key_of(order), cap)

        lines = await self._whole_statement(trial.rail)

        told = Counter(line.reference for line in lines)
        assert told[collect.reference] == 1
        assert told[payout.reference] >= 1
        assert sum(line.amount.minor for line in lines if line.reference == collect.reference) == (
            collect.amount.minor
        )
        assert max(Counter(line.id for line in lines).values()) == 1

    @staticmethod
    async def _whole_statement(rail: Rail) -> list[StatementLine]:
        lines: list[StatementLine] = []
        page = await rail.statement(None)
        while page.next is not None:
            lines += page.lines
            page = await rail.statement(page.next)
        return lines

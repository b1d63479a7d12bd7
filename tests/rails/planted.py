"""Rails with one planted bug each: what the conformance kit must find, and what it must name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from paybridge.domain.money import Money
from paybridge.rails.bank import BankRail
from paybridge.rails.bank.answers import Handle, OrderTold
from paybridge.rails.stripe import StripeRail
from paybridge.services.ports import (
    Linked,
    NotASandboxError,
    NotFound,
    NotSentError,
    Order,
    Outcome,
    Page,
    PayeeCheck,
    PayeeMatch,
    Pending,
    Prepared,
    RailEvent,
    Refused,
    Reversed,
    Settled,
    Unsure,
)
from tests.rails.bank_trial import BankTrial
from tests.rails.stripe_trial import StripeTrial

_FRESH = count(1)


class TimeoutIsFailed(BankRail):
    """Takes an answer that does not come in time for a no."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        outcome = await super().execute(handle, key, fee_cap)
        return Refused("timeout") if outcome == Unsure("no answer in time") else outcome


class HangingUpIsNotSent(BankRail):
    """Says that nothing was sent when the peer hung up."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        outcome = await super().execute(handle, key, fee_cap)
        if isinstance(outcome, Unsure) and outcome.reason.startswith("ServerDisconnectedError"):
            raise NotSentError(outcome.reason)
        return outcome


class BadGatewayIsRefused(BankRail):
    """Gives the held money back for a page of 502."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        outcome = await super().execute(handle, key, fee_cap)
        return Refused("bad_gateway") if outcome == Unsure("HTTP 502") else outcome


class ClientErrorIsRefused(BankRail):
    """Takes every 4xx for the bank's own no."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        outcome = await super().execute(handle, key, fee_cap)
        if isinstance(outcome, Unsure) and outcome.reason.startswith("HTTP 4"):
            return Refused("client_error")
        return outcome


class HalfAnAnswerIsSettled(BankRail):
    """Believes an answer of which it could read only a half."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        outcome = await super().execute(handle, key, fee_cap)
        if isinstance(outcome, Unsure) and outcome.reason.startswith("unreadable"):
            return Settled("half", Handle.read(handle).amount, fee_cap)
        return outcome


class KeyForgotten(BankRail):
    """Sends every execution as a new order: what an idempotency key is there to prevent."""

    def __init__(self, *given: Any) -> None:  # noqa: ANN401  handed on
        super().__init__(*given)
        self._ordered: dict[str, Order] = {}
        self._executed: set[str] = set()

    async def prepare(self, order: Order) -> str:
        handle = await super().prepare(order)
        self._ordered[handle] = order
        return handle

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        if handle not in self._executed or handle not in self._ordered:
            self._executed.add(handle)
            return await super().execute(handle, key, fee_cap)
        order = self._ordered[handle]
        again = await super().prepare(replace(order, reference=f"{order.reference}-{next(_FRESH)}"))
        return await super().execute(again, f"{key}-{next(_FRESH)}", fee_cap)


class PreparingAgainMoves(BankRail):
    """Creates and confirms in one, when it is told of an order that it knows."""

    def __init__(self, *given: Any) -> None:  # noqa: ANN401  handed on
        super().__init__(*given)
        self._prepared: set[str] = set()

    async def prepare(self, order: Order) -> str:
        handle = await super().prepare(order)
        if handle in self._prepared:
            await super().execute(handle, "prepared", Money(7, "EUR"))
        self._prepared.add(handle)
        return handle


class CapForgotten(BankRail):
    """Executes for whatever it costs."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        return await super().execute(handle, key, fee_cap + Money(100, "EUR"))


class OtherAmountAccepted(BankRail):
    """Does not compare what settled with what was ordered."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        return _believed(handle, await super().execute(handle, key, fee_cap))

    async def query(self, reference: str, handle: str | None) -> Outcome:
        return _believed(handle, await super().query(reference, handle))


def _believed(handle: str | None, outcome: Outcome) -> Outcome:
    if handle and isinstance(outcome, Unsure) and outcome.reason.startswith("amount differs"):
        return Settled("id", Handle.read(handle).amount, Money(7, "EUR"))
    return outcome


class PendingIsRefused(BankRail):
    """Has no patience with what settles late."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        outcome = await super().execute(handle, key, fee_cap)
        return Refused("too_slow") if isinstance(outcome, Pending) else outcome


class FailedQuestionIsNotFound(BankRail):
    """Takes a question that failed for an order that does not exist."""

    async def query(self, reference: str, handle: str | None) -> Outcome:
        outcome = await super().query(reference, handle)
        if isinstance(outcome, Unsure) and outcome.reason.startswith("could not ask"):
            return NotFound(final=True)
        return outcome


class CancelForgotten(BankRail):
    """Says that it cancelled, and does nothing."""

    async def cancel(self, handle: str) -> None:
        if not isinstance(await super().query(*await self._names(handle)), Prepared):
            await super().cancel(handle)

    async def _names(self, handle: str) -> tuple[str, str]:
        told = (await self._bank.ask("GET", f"/v1/orders/{Handle.read(handle).order}")).read(OrderTold)
        return told.reference, handle


class ForgedWebhookAccepted(BankRail):
    """Reads webhooks without looking who signed them."""

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:
        given = {name.lower(): value for name, value in headers.items()}
        sent = float(given.get("webhook-timestamp", 0))
        if abs(now.timestamp() - sent) > timedelta(minutes=5).total_seconds():
            return super().parse_webhook(headers, raw, now)
        return [RailEvent(given["webhook-id"], json.loads(raw)["data"]["reference"])]


class StaleWebhookAccepted(BankRail):
    """Takes a webhook of any age."""

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:
        given = {name.lower(): value for name, value in headers.items()}
        sent = given.get("webhook-timestamp")
        then = now if sent is None else datetime.fromtimestamp(float(sent), now.tzinfo)
        return super().parse_webhook(headers, raw, then)


class OneIdForAll(BankRail):
    """Gives all events of an order one id, so that the second is lost as a duplicate."""

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:
        return [
            RailEvent(event.reference, event.reference) for event in super().parse_webhook(headers, raw, now)
        ]


class UnprovenLinkTrusted(BankRail):
    """Calls every link proven as soon as it is there."""

    async def link(self, details: str) -> Linked:
        return replace(await super().link(details), verified=True)


class WholeNumberShown(BankRail):
    """Shows the account's whole number."""

    async def link(self, details: str) -> Linked:
        return replace(await super().link(details), masked=details)


class EveryNameMatches(BankRail):
    """Takes what the bank says of a name for a yes."""

    async def check_payee(self, token: str, name: str) -> PayeeCheck:
        await super().check_payee(token, name)
        return PayeeCheck(PayeeMatch.MATCH)


class SandboxNotAsked(BankRail):
    """Takes every peer for a sandbox."""

    async def prove_sandbox(self) -> None:
        try:
            await super().prove_sandbox()
        except NotASandboxError:
            self._window = timedelta(days=1)


class StatementForgetsReferences(BankRail):
    """Leaves our references out of the statement."""

    async def statement(self, cursor: str | None) -> Page:
        page = await super().statement(cursor)
        return replace(page, lines=[replace(line, reference=None) for line in page.lines])


class StatementNumbersAnew(BankRail):
    """Numbers the lines of each page anew, so that a line has another id when it is read again."""

    async def statement(self, cursor: str | None) -> Page:
        page = await super().statement(cursor)
        return replace(page, lines=[replace(line, id=str(next(_FRESH))) for line in page.lines])


class RefusedIsUnsure(BankRail):
    """Never says no, so that held money is never given back."""

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        outcome = await super().execute(handle, key, fee_cap)
        if outcome == Refused("insufficient_funds"):
            return Unsure("no funds")
        return outcome


class RefundKeyForgotten(StripeRail):
    """Refunds under a new key each time."""

    async def refund(self, reference: str, handle: str, amount: Money, key: str) -> Outcome:
        return await super().refund(reference, handle, amount, f"{key}-{next(_FRESH)}")


class RefundsWithoutLooking(StripeRail):
    """Leaves it to the peer to say that so much is not left."""

    async def refund(self, reference: str, handle: str, amount: Money, key: str) -> Outcome:
        if not isinstance(await self.query(reference, handle), Settled | Reversed):
            return Refused("not_settled")
        outcome = await super().refund(reference, handle, amount, key)
        if outcome != Refused("more_than_is_left"):
            return outcome
        form = {"payment_intent": handle.partition(":")[0], "amount": str(amount.minor)}
        await self._stripe.post("/v1/refunds", form, key)
        return Settled("re_1", amount, Money.zero(amount.currency))


class RefundNotSeen(StripeRail):
    """Goes on telling an order as settled that was given back."""

    async def query(self, reference: str, handle: str | None) -> Outcome:
        outcome = await super().query(reference, handle)
        free = Money.zero("EUR")
        return (
            Settled(outcome.remote_id, Money(1250, "EUR"), free) if isinstance(outcome, Reversed) else outcome
        )


class NothingRefused(StripeRail):
    """Says that it gave back what it never had."""

    async def refund(self, reference: str, handle: str, amount: Money, key: str) -> Outcome:
        outcome = await super().refund(reference, handle, amount, key)
        if outcome == Refused("not_settled"):
            return Settled("re_1", amount, Money.zero(amount.currency))
        return outcome


@dataclass(frozen=True, slots=True)
class Planted:
    """A rail with a bug, and the checks that must find it: these and no others."""

    kind: type[BankRail | StripeRail]
    found_by: frozenset[str]


def _planted(kind: type[BankRail | StripeRail], *found_by: str) -> Planted:
    return Planted(kind, frozenset(found_by))


PLANTED: Final = (
    _planted(TimeoutIsFailed, "no_answer"),
    _planted(HangingUpIsNotSent, "dropped_before", "dropped_after"),
    _planted(BadGatewayIsRefused, "bad_gateway_before", "bad_gateway_after"),
    _planted(ClientErrorIsRefused, "refusal_elsewhere"),
    _planted(HalfAnAnswerIsSettled, "cut_json"),
    _planted(KeyForgotten, "key_at_once", "key_again"),
    _planted(PreparingAgainMoves, "preparing"),
    _planted(CapForgotten, "fee_over_cap"),
    _planted(OtherAmountAccepted, "other_amount"),
    _planted(PendingIsRefused, "late_success"),
    _planted(FailedQuestionIsNotFound, "broken_question", "peer_away"),
    _planted(CancelForgotten, "capturing_after_cancel"),
    _planted(ForgedWebhookAccepted, "webhook_forged", "webhook_by_a_stranger"),
    _planted(StaleWebhookAccepted, "webhook_stale"),
    _planted(OneIdForAll, "webhook_ids"),
    _planted(UnprovenLinkTrusted, "link_shows_little"),
    _planted(WholeNumberShown, "link_shows_little"),
    _planted(EveryNameMatches, "link_holder"),
    _planted(SandboxNotAsked, "no_sandbox", "sandbox_unproven"),
    _planted(StatementForgetsReferences, "statement_complete"),
    _planted(StatementNumbersAnew, "statement_overlapping"),
    _planted(RefusedIsUnsure, "refusal"),
    _planted(RefundKeyForgotten, "refund_in_part"),
    _planted(RefundsWithoutLooking, "refund_of_too_much"),
    _planted(RefundNotSeen, "refund_in_part"),
    _planted(NothingRefused, "refund_of_nothing"),
)


def trial_of(planted: Planted) -> BankTrial | StripeTrial:
    """The trial of the bank or of Stripe, with this rail in its place."""
    trial: BankTrial | StripeTrial
    if issubclass(planted.kind, StripeRail):
        trial = StripeTrial()
        trial.kind = planted.kind
        return trial
    trial = BankTrial()
    trial.kind = planted.kind
    return trial

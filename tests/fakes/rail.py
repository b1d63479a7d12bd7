"""A rail in memory whose outcomes are scripted, for tests of what is built on rails."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails._frame import check_order
from paybridge.services.ports import (
    Capabilities,
    Linked,
    LinkRefusedError,
    NotASandboxError,
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    Pending,
    Prepared,
    Quote,
    RailError,
    RailEvent,
    Refused,
    Reversed,
    Settled,
    StatementLine,
    ThrottledError,
    Unsure,
    WebhookRefusedError,
)

CODE: Final = "1234"
"""What proves every link."""

BAD_ACCOUNT: Final = "nobody"
"""What cannot be linked."""

TRIES: Final = 3
STATEMENT_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
_WEBHOOK_KEY: Final = b"scripted"


@dataclass(frozen=True, slots=True)
class Script:
    """What becomes of an order: whether it moves money, whether anybody hears of it, and when."""

    moves: bool = True
    code: str | None = None
    answers_execute: bool = True
    answers_query: bool = True
    polls: int = 0
    not_sent: int = 0
    throttled: int = 0
    asks: str | None = None


SETTLES: Final = Script()
UNSURE_THEN_SETTLED: Final = Script(answers_execute=False)
UNSURE_WITHOUT_EFFECT: Final = Script(answers_execute=False, moves=False)
NEVER: Final = Script(answers_execute=False, answers_query=False, moves=False)


def refuses(code: str) -> Script:
    """Refused for good; nothing moves."""
    return Script(moves=False, code=code)


def slow(polls: int) -> Script:
    """Pending, until it was asked about so many times."""
    return Script(polls=polls)


def not_sent(times: int) -> Script:
    """Cannot be reached so many times, then settles."""
    return Script(not_sent=times)


def throttled(times: int) -> Script:
    """Asks to wait so many times, then settles."""
    return Script(throttled=times)


class _Stage(StrEnum):
    PREPARED = "prepared"
    PENDING = "pending"
    SETTLED = "settled"
    REFUSED = "refused"
    REVERSED = "reversed"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class _Kept:
    order: Order
    handle: str
    script: Script
    stage: _Stage = _Stage.PREPARED
    code: str = ""
    key: str | None = None
    asked: int = 0
    attempts: int = 0
    back: int = 0


@dataclass(slots=True)
class _KeptLink:
    verified: bool = False
    removed: bool = False
    tries_left: int = TRIES


@dataclass(slots=True)
class ScriptedRail:
    """Collects and pays out in euros as `scripts` says for a link, else as `script` says.

    What is `in_turn` goes before both: one script for each order to come, until there are no more.

    `moved` is the truth about money, `calls` what was asked of it, in order. Set `reachable` to False and
    nothing is sent.
    """

    name: str = "scripted"
    script: Script = SETTLES
    fee: int = 0
    sandbox: bool = True
    reachable: bool = True
    window: timedelta = timedelta(days=30)
    flows: frozenset[LegKind] = frozenset({LegKind.COLLECT, LegKind.PAYOUT})
    links: frozenset[str] = frozenset({"iban"})
    scripts: dict[str, Script] = field(default_factory=dict)
    in_turn: list[Script] = field(default_factory=list)
    moved: list[Order] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    _orders: dict[str, _Kept] = field(default_factory=dict)
    _links: dict[str, _KeptLink] = field(default_factory=dict)

    # -------------------------------------------------------- for tests

    def verified_link(self, script: Script | None = None) -> str:
        """The token of an account that is linked and proven already, and follows `script`."""
        token = self._new_link(_KeptLink(verified=True))
        if script is not None:
            self.scripts[token] = script
        return token

    def forget(self, reference: str) -> None:
        """Know this order no longer."""
        del self._orders[reference]

    def move_late(self, reference: str) -> None:
        """What was refused settles after all."""
        self._settle(self._orders[reference])

    def take_back(self, reference: str, cents: int | None = None) -> None:
        """Reverse what had settled: all of it, or so many cents."""
        kept = self._orders[reference]
        kept.stage, kept.back = _Stage.REVERSED, cents or kept.order.amount.minor

    def webhook(self, event: str, reference: str, at: datetime) -> tuple[dict[str, str], bytes]:
        """Headers and body of a webhook that `parse_webhook` takes for five minutes from `at`."""
        raw = json.dumps({"id": event, "reference": reference, "at": at.isoformat()}).encode()
        return {"Scripted-Signature": hmac.new(_WEBHOOK_KEY, raw, hashlib.sha256).hexdigest()}, raw

    # -------------------------------------------------------- the rail

    def capabilities(self) -> Capabilities:
        return Capabilities(
            currencies=frozenset({"EUR"}),
            flows=self.flows,
            links=self.links,
            least=1,
            most=1_000_000_00,
            idempotency_window=self.window,
            not_found_is_final=True,
            money_can_come_back_for=timedelta(0),
        )

    async def prove_sandbox(self) -> None:
        await self._be_called("prove_sandbox", "")
        if not self.sandbox:
            raise NotASandboxError("the scripted rail says that it is no sandbox")

    async def quote(self, order: Order) -> Quote:
        await self._be_called("quote", order.reference)
        check_order(order, self.capabilities())
        fee = Money(self.fee, order.amount.currency)
        return Quote(fee, fee)

    async def link(self, details: str) -> Linked:
        await self._be_called("link", details)
        if details == BAD_ACCOUNT:
            raise LinkRefusedError("unknown_account")
        return Linked(self._new_link(_KeptLink()), f"•••• {details[-4:]}", verified=False)

    async def verify(self, token: str, evidence: str) -> None:
        await self._be_called("verify", token)
        link = self._links.get(token)
        if link is None or link.removed or (not link.verified and not link.tries_left):
            raise LinkRefusedError("link_failed", 0)
        if link.verified:
            return
        if evidence != CODE:
            link.tries_left -= 1
            raise LinkRefusedError("wrong_code" if link.tries_left else "link_failed", link.tries_left)
        link.verified = True

    async def unlink(self, token: str) -> None:
        await self._be_called("unlink", token)
        if token in self._links:
            self._links[token].removed = True

    async def prepare(self, order: Order) -> str:
        await self._be_called("prepare", order.reference)
        known = self._orders.get(order.reference)
        if known is not None:
            if known.order != order:
                raise OrderRefusedError("reference_reused")
            return known.handle
        check_order(order, self.capabilities())
        if not self._is_verified(order.link):
            raise OrderRefusedError("link_not_verified")
        script = self.in_turn.pop(0) if self.in_turn else self.scripts.get(order.link, self.script)
        kept = _Kept(order, f"handle-{order.reference}", script)
        self._orders[order.reference] = kept
        return kept.handle

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        await self._be_called("execute", key)
        kept = self._by_handle(handle)
        if kept is None:
            return NotFound(final=True)
        kept.attempts += 1
        if kept.attempts <= kept.script.not_sent:
            raise NotSentError("scripted")
        if kept.attempts <= kept.script.throttled:
            raise ThrottledError(timedelta(seconds=1))
        if kept.stage is _Stage.PREPARED:
            return self._first_answer(kept, key, fee_cap)
        if kept.key not in {None, key}:
            return Unsure("already_executed")
        return self._outcome(kept)

    async def query(self, reference: str, handle: str | None) -> Outcome:
        try:
            await self._be_called("query", reference)
        except NotSentError as error:
            return Unsure(str(error))
        kept = self._orders.get(reference)
        if kept is None:
            return NotFound(final=True)
        if not kept.script.answers_query or handle not in {None, kept.handle}:
            return Unsure("scripted")
        if kept.stage is _Stage.PENDING:
            kept.asked += 1
            if kept.asked >= kept.script.polls:
                self._settle(kept)
        return self._outcome(kept)

    async def cancel(self, handle: str) -> None:
        await self._be_called("cancel", handle)
        kept = self._by_handle(handle)
        if kept is None:
            raise RailError("no such order")
        if kept.key is not None:
            raise OrderRefusedError("already_executed")
        kept.stage, kept.code = _Stage.CANCELLED, "order_cancelled"

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:
        given = {name.lower(): value for name, value in headers.items()}.get("scripted-signature", "")
        if not hmac.compare_digest(given, hmac.new(_WEBHOOK_KEY, raw, hashlib.sha256).hexdigest()):
            raise WebhookRefusedError("forged")
        said = json.loads(raw)
        if abs(now - datetime.fromisoformat(said["at"])) > timedelta(minutes=5):
            raise WebhookRefusedError("stale")
        return (RailEvent(said["id"], said["reference"]),)

    async def statement(self, cursor: str | None) -> Page:
        await self._be_called("statement", cursor or "")
        first = int(cursor or 0)
        lines = tuple(
            StatementLine(f"line-{number}", order.reference, self._on_our_side(order), STATEMENT_TIME)
            for number, order in enumerate(self.moved[first:], first)
        )
        balance = sum((self._on_our_side(order) for order in self.moved), Money.zero("EUR"))
        return Page(lines, str(first + len(lines)) if lines else None, balance)

    async def alive(self) -> None:
        await self._be_called("alive", "")

    async def close(self) -> None:
        await asyncio.sleep(0)

    # -------------------------------------------------------- inside

    async def _be_called(self, what: str, about: str) -> None:
        await asyncio.sleep(0)  # others get a turn, as with any real peer
        if not self.reachable:
            raise NotSentError("unreachable")
        self.calls.append((what, about))

    def _first_answer(self, kept: _Kept, key: str, fee_cap: Money) -> Outcome:
        script = kept.script
        code = "fee_over_cap" if self.fee > fee_cap.minor else script.code
        if not self._is_verified(kept.order.link):
            code = "link_not_verified"
        if code is not None:
            kept.stage, kept.code, kept.key = _Stage.REFUSED, code, key
        elif script.moves and script.polls:
            kept.stage, kept.key = _Stage.PENDING, key
        elif script.moves:
            kept.key = key
            self._settle(kept)
        return self._outcome(kept) if script.answers_execute else Unsure("scripted")

    def _outcome(self, kept: _Kept) -> Outcome:
        match kept.stage:
            case _Stage.PREPARED:
                return Prepared()
            case _Stage.PENDING:
                return Pending(timedelta(seconds=1), kept.script.asks)
            case _Stage.REFUSED | _Stage.CANCELLED:
                return Refused(kept.code)
            case _Stage.REVERSED:
                back = Money(kept.back, kept.order.amount.currency)
                return Reversed(f"remote-{kept.order.reference}", back, Money(self.fee, back.currency))
            case _Stage.SETTLED:
                fee = Money(self.fee, kept.order.amount.currency)
                return Settled(f"remote-{kept.order.reference}", kept.order.amount, fee, timedelta(0))

    def _settle(self, kept: _Kept) -> None:
        kept.stage = _Stage.SETTLED
        self.moved.append(replace(kept.order))

    def _by_handle(self, handle: str) -> _Kept | None:
        return next((kept for kept in self._orders.values() if kept.handle == handle), None)

    def _new_link(self, link: _KeptLink) -> str:
        token = f"link-{len(self._links) + 1}"
        self._links[token] = link
        return token

    def _is_verified(self, token: str) -> bool:
        link = self._links.get(token)
        return link is not None and link.verified and not link.removed

    def _on_our_side(self, order: Order) -> Money:
        return order.amount if order.kind is LegKind.COLLECT else -order.amount - Money(self.fee, "EUR")

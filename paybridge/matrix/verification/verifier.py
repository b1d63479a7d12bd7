"""All verifications that people ask the bot for, one for each person at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import structlog

from paybridge.matrix.verification import messages, verification
from paybridge.matrix.verification.carrier import InRoom, patiently
from paybridge.matrix.verification.cases import Case, Judgement, Pending, pending
from paybridge.matrix.verification.limits import PATIENCE, Attempts, is_timely
from paybridge.matrix.verification.messages import Cancel, Done, MalformedError, Request
from paybridge.matrix.verification.moves import State
from paybridge.matrix.verification.sas import Codes, Side
from paybridge.matrix.verification.verification import FoulError, Turn, Verification
from paybridge.matrix.wire import NotNowError, RefusedError, TokenRevokedError

if TYPE_CHECKING:
    from vodozemac import Sas

    from paybridge.domain.facts import Facts
    from paybridge.matrix.devices import Household
    from paybridge.matrix.letters import Seal
    from paybridge.matrix.verification.incoming import Incoming, News
    from paybridge.services.ports import Chance, Clock

Tell: TypeAlias = Callable[[str, str, "Facts"], Awaitable[None]]
"""Tells a person something in their direct message: Matrix id, key of the sentence, facts."""

MOST_VERIFICATIONS = 100
EVERY_DEVICE = "*"

log = structlog.stdlib.get_logger(__name__)


class Carries(Protocol):
    """Whoever takes messages to the other side."""

    async def send(
        self, to: Side, way: InRoom | None, transaction: str, kind: str, content: Mapping[str, Any]
    ) -> None: ...


class KnowsDevices(Protocol):
    """Whoever can be asked for people's devices."""

    def outdated(self, people: Iterable[str]) -> None: ...
    async def of(self, mxid: str) -> Household: ...


class ProvesSenders(Protocol):
    """Whoever knows if an event was encrypted by a device of its sender."""

    async def owns(self, sender: str, seal: Seal) -> bool: ...


class Vouches(Protocol):
    """Whoever remembers which master keys were found right."""

    async def vouch(self, mxid: str, master: str) -> None: ...


class Verifier:
    """Answers for the bot. What goes wrong in one verification ends that one, and never the sync."""

    def __init__(  # noqa: PLR0913 - who we are, who is asked, and who is told
        self,
        *,
        us: Side,
        keys: Mapping[str, str],
        incoming: Incoming,
        carrier: Carries,
        devices: KnowsDevices,
        senders: ProvesSenders,
        vouching: Vouches,
        clock: Clock,
        chance: Chance,
        tell: Tell,
        new_sas: Callable[[], Sas],
    ) -> None:
        self._us = us
        self._keys = keys
        self._incoming = incoming
        self._carrier = carrier
        self._devices = devices
        self._senders = senders
        self._vouching = vouching
        self._clock = clock
        self._chance = chance
        self._tell = tell
        self._new_sas = new_sas
        self._cases: dict[str, Case] = {}
        self._numbers = 0
        self._attempts = Attempts()
        self._working = asyncio.Lock()

    async def run(self) -> None:
        while True:
            news = await self._next()
            if news is not None:
                await self.take(news)
            await self.tidy()

    async def _next(self) -> News | None:
        ends = [case.verification.until for case in self._cases.values()]
        wait = (min(ends) - self._clock.now()).total_seconds() if ends else None
        try:
            async with asyncio.timeout(None if wait is None else max(wait, 0)):
                return await self._incoming.next()
        except TimeoutError:
            return None

    async def take(self, news: News) -> None:
        """Take one message; whatever goes wrong with it ends no more than its own verification."""
        async with self._working:
            try:
                await self._take(news)
            except TokenRevokedError:
                raise
            except Exception as error:  # noqa: BLE001 - one person's verification must not cost others theirs
                log.warning("verification_failed", person=news.sender, error=type(error).__name__)
                self._cases.pop(news.sender, None)

    async def tidy(self) -> None:
        """End what took too long."""
        now = self._clock.now()
        async with self._working:
            for mxid, case in list(self._cases.items()):
                if case.verification.until > now:
                    continue
                del self._cases[mxid]
                if case.verification.state is not State.DONE:
                    await self._try_to_answer(case, verification.expire(case.verification))

    # ------------------------------------------------------------ the other side

    async def _take(self, news: News) -> None:
        if news.seal is not None and not await self._senders.owns(news.sender, news.seal):
            return
        case = self._cases.get(news.sender)
        known = case is not None and case.is_meant_by(news)
        try:
            message = messages.read(news.kind, news.content)
        except MalformedError:
            if case is not None and known:
                await self._end(case, verification.INVALID, "not well formed")
            return
        if isinstance(message, Request):
            await self._begin(news, message, case)
        elif case is not None and known:
            await self._go_on(case, message)
        elif news.way is None and message is not None and not isinstance(message, Cancel | Done):
            # In a room it may well be somebody else's.
            code, reason = verification.UNKNOWN_TRANSACTION, "not known here"
            await self._answer(
                _stranger(news), None, news.transaction, verification.cancellation(code, reason)
            )

    async def _begin(self, news: News, request: Request, before: Case | None) -> None:
        now = self._clock.now()
        them = Side(news.sender, request.device)
        if news.sent is None or not is_timely(news.sent, now):
            return
        if before is not None:
            await self._end(before, verification.USER, "another one was begun")
        full = len(self._cases) >= MOST_VERIFICATIONS
        if full or not self._attempts.one_more(news.sender, now):
            answer = verification.cancellation(verification.USER, "too many")
        else:
            self._numbers += 1
            begun = Verification(news.transaction, self._us, them, now + PATIENCE)
            case = Case(self._numbers, begun, news.way)
            ready = verification.begin(begun, request)
            self._keep(news.sender, replace(case, verification=ready.verification))
            (answer,) = ready.answers
        await self._answer(them, news.way, news.transaction, answer)

    async def _go_on(self, case: Case, message: messages.Message | None) -> None:
        if message is None:
            await self._end(case, verification.UNEXPECTED, "that is for us to say")
            return
        mxid = case.verification.them.mxid
        master, theirs = await self._their_keys(case, message)
        turn = verification.hear(case.verification, message, self._new_sas(), self._keys, theirs)
        before, after = case.verification.state, turn.verification.state
        case = replace(case, verification=turn.verification)
        if after is State.CONFIRMED:
            vouched = master if _id_of(master) in turn.verification.vouched else None
            # Time for the operator to look, who may be asked only now.
            until = replace(turn.verification, until=self._clock.now() + PATIENCE)
            case = replace(case, verification=until, master=vouched)
        self._keep(mxid, case)
        await self._answer_all(case, turn)
        if after is State.SHOWN and turn.verification.codes is not None:
            await self._tell(mxid, "verification.compare", _facts(turn.verification.codes))
        if after is State.CONFIRMED and case.alike and case.master is not None:
            await self._vouching.vouch(mxid, case.master)
        if isinstance(message, Cancel) and message.code == verification.MISMATCHED_SAS and before != after:
            await self._tell(mxid, "verification.differed", {})

    async def _their_keys(self, case: Case, message: messages.Message) -> tuple[str | None, dict[str, str]]:
        """The master key, and the keys by id that they may vouch for; asked for when they do."""
        if not isinstance(message, messages.Mac):
            return None, {}
        them = case.verification.them
        # The homeserver tells of changes only while there is a room in common.
        self._devices.outdated([them.mxid])
        household = await patiently(lambda: self._devices.of(them.mxid), self._chance)
        keys = {_id_of(household.master): household.master} if household.master is not None else {}
        if them.device in household.keys:
            keys[f"ed25519:{them.device}"] = household.keys[them.device][1]
        return household.master, keys

    # ------------------------------------------------------------ the operator

    def pending(self) -> list[Pending]:
        """Everything that the operator may look at, oldest first."""
        cases = sorted(self._cases.values(), key=lambda case: case.number)
        return [pending(case) for case in cases if not case.alike or case.verification.state != State.DONE]

    async def judge(self, number: int, *, alike: bool) -> Judgement:
        """Take the operator's word, who has seen the codes of both sides."""
        async with self._working:
            case = next((case for case in self._cases.values() if case.number == number), None)
            if case is None or case.verification.until <= self._clock.now():
                return Judgement.GONE
            return await (self._agree(case) if alike else self._deny(case))

    async def _agree(self, case: Case) -> Judgement:
        state, mxid = case.verification.state, case.verification.them.mxid
        if case.verification.codes is None:
            return Judgement.TOO_EARLY
        if state is State.SHOWN:
            self._cases[mxid] = replace(case, alike=True)
            return Judgement.WAITING
        if case.master is None:
            return Judgement.NO_IDENTITY
        self._keep(mxid, replace(case, alike=True))
        await self._vouching.vouch(mxid, case.master)
        return Judgement.VERIFIED

    async def _deny(self, case: Case) -> Judgement:
        try:
            turn = verification.deny(case.verification)
        except FoulError:
            return Judgement.TOO_EARLY
        mxid = case.verification.them.mxid
        del self._cases[mxid]
        log.warning("verification_refused", person=mxid)
        await self._try_to_answer(case, turn)
        await self._tell(mxid, "verification.differed", {})
        return Judgement.REFUSED

    # ------------------------------------------------------------ both

    def _keep(self, mxid: str, case: Case) -> None:
        """Keep it for as long as anyone has anything to say to it."""
        state = case.verification.state
        if state is State.CANCELLED or (state is State.DONE and case.alike):
            self._cases.pop(mxid, None)
        else:
            self._cases[mxid] = case

    async def _end(self, case: Case, code: str, reason: str) -> None:
        self._cases.pop(case.verification.them.mxid, None)
        await self._answer_all(case, verification.end(case.verification, code, reason))

    async def _answer_all(self, case: Case, turn: Turn) -> None:
        current = case.verification
        for answer in turn.answers:
            await self._answer(current.them, case.way, current.transaction, answer)

    async def _try_to_answer(self, case: Case, turn: Turn) -> None:
        """Answer if that is possible: for the bot it is over either way."""
        try:
            await self._answer_all(case, turn)
        except (NotNowError, RefusedError) as error:
            log.warning("verification_ended_unheard", error=type(error).__name__)

    async def _answer(
        self, to: Side, way: InRoom | None, transaction: str, answer: verification.Answer
    ) -> None:
        kind, content = answer
        await self._carrier.send(to, way, transaction, kind, content)


def _stranger(news: News) -> Side:
    """Whom to answer who did not say from which device they ask."""
    device = news.content.get("from_device")
    return Side(news.sender, device if isinstance(device, str) else EVERY_DEVICE)


def _id_of(key: str | None) -> str:
    return f"ed25519:{key}"


def _facts(codes: Codes) -> Facts:
    return {
        "emoji": ", ".join(f"{picture} {name}" for picture, name in codes.emoji),
        "numbers": " ".join(map(str, codes.decimals)),
    }

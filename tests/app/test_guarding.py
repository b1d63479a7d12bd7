"""A rail that hangs, raises anything or answers nonsense is named, left alone, and harms no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from paybridge.app.breaker import Breaker
from paybridge.app.guarding import GuardedRail, MisbehavedError, Patience, guard_rail
from paybridge.app.proving import ProvenRails
from paybridge.app.supervisor import Backoff, FatalError
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import (
    Linked,
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Page,
    PayeeCheck,
    PayeeMatch,
    Pending,
    Quote,
    Rail,
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
from paybridge.services.sense import LONGEST_WAIT
from tests.fakes.rail import ScriptedRail

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CAP = Money(7, "EUR")
ONE = Money(1, "EUR")
ORDER = Order("leg-1", LegKind.COLLECT, Money(1250, "EUR"), "link", "pizza")
AT_ONCE = Patience(order=0.01, person=0.01, alive=0.01)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class BadRail(ScriptedRail):
    @classmethod
    def that(cls, what: Callable[[], Awaitable[Any]], *calls: str) -> BadRail:
        """Does `what` in each of `calls`."""
        rail = cls(name="bad")
        vars(rail).update({call: lambda *_: what() for call in calls})
        return rail


def saying(answer: object) -> Callable[[], Awaitable[Any]]:
    async def say() -> object:
        return answer

    return say


def raising(error: BaseException) -> Callable[[], Awaitable[Any]]:
    async def fail() -> object:
        raise error

    return fail


async def hang() -> object:
    return await asyncio.Event().wait()


async def hang_on() -> object:
    """Hangs, and does not let itself be cancelled the first time."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()
    return None


def other(thing: object) -> Any:  # noqa: ANN401  what a careless rail puts where something else belongs
    return thing


MISBEHAVIOURS: dict[str, Callable[[], Awaitable[Any]]] = {
    "hangs": hang,
    "hangs on": hang_on,
    "raises": raising(ZeroDivisionError()),
    "raises a bare rail error": raising(RailError("?")),
    "exits": raising(SystemExit(1)),
    "cancels": raising(asyncio.CancelledError()),
    "answers nonsense": saying(object()),
}


def guarded(rail: Rail, clock: Clock | None = None) -> GuardedRail:
    return GuardedRail(rail, Breaker(clock or Clock()), AT_ONCE)


@pytest.mark.parametrize("how", MISBEHAVIOURS)
async def test_an_order_is_unsure_and_everything_else_an_error(how: str) -> None:
    calls = ("quote", "link", "prepare", "execute", "query", "statement")
    rail = guarded(BadRail.that(MISBEHAVIOURS[how], *calls))

    assert isinstance(await rail.execute("handle", "key", CAP), Unsure)
    assert isinstance(await rail.query("leg-1", "handle"), Unsure)
    questions: list[Awaitable[object]] = [
        rail.quote(ORDER),
        rail.link("account"),
        rail.prepare(ORDER),
        rail.statement(None),
    ]
    for question in questions:
        with pytest.raises(MisbehavedError):
            await question
    await rail.close()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Settled("", ONE, ONE),
        Settled("id", Money(0, "EUR"), ONE),
        Settled("id", ONE, Money(-1, "EUR")),
        Settled("id", ONE, Money(8, "EUR")),
        Settled("id", ONE, Money(1, "JPY")),
        Reversed("id", ONE, Money(-1, "EUR")),
        Reversed("id", ONE, Money(1, "JPY")),
        Settled("id", Money(1, "JPY"), Money(1, "JPY")),
        Settled("id", other(12.5), ONE),
        Settled("id", ONE, ONE, other(3)),
        Pending(timedelta(seconds=-1)),
        Pending(timedelta(days=400)),
        Pending(other(5)),
        Refused(other(None)),
        NotFound(other("no")),
        Settled,
    ],
)
async def test_an_outcome_that_cannot_be_is_unsure(answer: object) -> None:
    outcome = await guarded(BadRail.that(saying(answer), "execute")).execute("handle", "key", CAP)

    assert isinstance(outcome, Unsure)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("quote", Quote(Money(1, "JPY"), Money(1, "JPY"))),
        ("quote", Quote(Money(2, "EUR"), ONE)),
        ("quote", Quote(Money(-1, "EUR"), ONE)),
        ("link", Linked("", "••••", verified=False)),
        ("link", Linked("token", "••••", verified=other("yes"))),
        ("prepare", ""),
        ("prepare", 7),
        ("prepare", "x" * 1001),
        ("statement", Page(other([None]), None, None)),
        ("statement", Page([StatementLine("1", None, ONE, NOW.replace(tzinfo=None))], None, None)),
        ("statement", Page((), other(7), None)),
    ],
)
async def test_any_other_answer_that_cannot_be_is_an_error(call: str, answer: object) -> None:
    rail = guarded(BadRail.that(saying(answer), call))
    argument = {"quote": ORDER, "prepare": ORDER, "link": "account", "statement": None}[call]

    with pytest.raises(MisbehavedError, match=f"{call}: NonsenseError"):
        await getattr(rail, call)(argument)


async def test_what_the_protocol_lets_a_rail_raise_passes_and_opens_nothing() -> None:
    for error in (NotSentError("away"), ThrottledError(timedelta(seconds=3))):
        rail = guarded(BadRail.that(raising(error), "execute", "prepare", "alive"))
        for _ in range(9):
            with pytest.raises(type(error)):
                await rail.execute("handle", "key", CAP)

        assert rail.trouble() is None
    with pytest.raises(OrderRefusedError):
        await guarded(BadRail.that(raising(OrderRefusedError("bad_link")), "prepare")).prepare(ORDER)


@pytest.mark.parametrize(
    ("said", "meant"),
    [(timedelta(days=-1), timedelta(0)), (timedelta.max, LONGEST_WAIT), (other("soon"), LONGEST_WAIT)],
)
async def test_a_wait_that_cannot_be_is_bounded(said: timedelta, meant: timedelta) -> None:
    with pytest.raises(ThrottledError) as throttled:
        await guarded(BadRail.that(raising(ThrottledError(said)), "execute")).execute("handle", "key", CAP)

    assert throttled.value.after == meant


async def test_after_three_misbehaviours_in_a_row_nothing_is_sent_for_a_while() -> None:
    clock, bad = Clock(), BadRail.that(hang, "execute")
    rail = guarded(bad, clock)
    for _ in range(3):
        await rail.quote(ORDER)
        assert rail.trouble() is None
        await rail.execute("handle", "key", CAP)
    asked = len(bad.calls)

    assert rail.trouble() == "left alone, execute: hung"
    with pytest.raises(NotSentError):
        await rail.execute("handle", "key", CAP)
    with pytest.raises(NotSentError):
        await rail.quote(ORDER)
    assert isinstance(await rail.query("leg-1", None), Unsure)
    assert len(bad.calls) == asked


async def test_a_rail_that_rests_is_tried_by_one_call_and_rests_longer_if_that_fails() -> None:
    clock, bad = Clock(), BadRail.that(hang, "execute")
    rail = guarded(bad, clock)
    for _ in range(3):
        await rail.execute("handle", "key", CAP)
    clock.seconds = 5
    probe, *others = await asyncio.gather(
        *(rail.execute("handle", "key", CAP) for _ in range(5)), return_exceptions=True
    )

    assert isinstance(probe, Unsure)
    assert {type(other) for other in others} == {NotSentError}
    clock.seconds = 14
    assert rail.trouble() is not None
    clock.seconds = 15
    assert rail.trouble() is None


async def test_a_probe_that_goes_well_lets_everything_pass_again() -> None:
    clock, bad = Clock(), BadRail.that(hang, "execute")
    rail = guarded(bad, clock)
    for _ in range(3):
        await rail.execute("handle", "key", CAP)
    clock.seconds = 5
    del vars(bad)["execute"]

    assert await rail.execute("handle", "key", CAP) == NotFound(final=True)
    assert await rail.query("leg-1", None) == NotFound(final=True)


async def test_a_sign_of_life_is_no_proof_that_orders_work() -> None:
    clock, bad = Clock(), BadRail.that(hang, "execute")
    rail = guarded(bad, clock)
    for _ in range(3):
        await rail.execute("handle", "key", CAP)
    with pytest.raises(NotSentError):
        await rail.alive()
    clock.seconds = 5
    await rail.alive()
    await rail.execute("handle", "key", CAP)

    assert rail.trouble() == "left alone, execute: hung"


async def test_a_probe_that_is_taken_back_leaves_room_for_another() -> None:
    clock, bad = Clock(), BadRail.that(hang, "execute")
    rail = guarded(bad, clock)
    for _ in range(3):
        await rail.execute("handle", "key", CAP)
    clock.seconds = 5
    probe = asyncio.create_task(rail.execute("handle", "key", CAP))
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe

    assert await rail.quote(ORDER) == Quote(Money.zero("EUR"), Money.zero("EUR"))


async def test_capabilities_that_cannot_be_prove_nothing_and_the_last_good_ones_count() -> None:
    good, bad = ScriptedRail(), ScriptedRail(window=timedelta(-1))
    rail = guarded(good)
    said = rail.capabilities()
    good.window = timedelta(-1)

    assert rail.capabilities() == said
    with pytest.raises(MisbehavedError):
        await guarded(bad).prove_sandbox()


@pytest.mark.parametrize("answer", [None, [None], [RailEvent("", "leg")], [RailEvent("1", "leg")] * 1001])
def test_a_webhook_that_a_rail_stumbles_over_is_refused(answer: object) -> None:
    rail = BadRail.that(hang)
    vars(rail)["parse_webhook"] = lambda *_: answer

    with pytest.raises(WebhookRefusedError):
        guarded(rail).parse_webhook({}, b"", NOW)


async def test_a_rail_that_misbehaves_is_named_and_the_others_go_on() -> None:
    clock, there = Clock(), asyncio.Queue[str]()
    rails = ProvenRails(
        {"bad": guarded(BadRail.that(hang, "execute"), clock), "good": guarded(ScriptedRail(), clock)},
        Backoff(jitter=lambda: 0),
        there.put_nowait,
    )
    proving = asyncio.create_task(rails.prove_all())
    assert {await there.get(), await there.get()} == {"bad", "good"}
    for _ in range(3):
        await rails["bad"].execute("handle", "key", CAP)

    assert await rails.check("bad")() == "bad is left alone, execute: hung"
    assert await rails.check("good")() is None
    assert isinstance(await rails["good"].quote(ORDER), Quote)
    proving.cancel()
    await asyncio.wait({proving})


def test_a_rail_that_cannot_be_made_is_told_in_one_line() -> None:
    def make() -> Rail:
        raise KeyError("secret")

    with pytest.raises(FatalError, match=r"^rail tin cannot be made: KeyError$"):
        guard_rail("tin", make, Clock())


class GivingBack(ScriptedRail):
    """Says what it is told to say of every refund and of every id."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    async def refund(self, reference: str, handle: str, amount: Money, key: str) -> Any:  # noqa: ANN401 - nonsense of any type
        del reference, handle, amount, key
        return _given(self.answer)

    async def reference_of(self, their_id: str) -> Any:  # noqa: ANN401 - nonsense of any type
        del their_id
        return _given(self.answer)


def _given(answer: object) -> object:
    if isinstance(answer, Exception):
        raise answer
    return answer


FIVE = Money(500, "EUR")


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (Settled("re_1", FIVE, Money.zero("EUR")), Settled),
        (Settled("re_1", Money(499, "EUR"), Money.zero("EUR")), Unsure),
        (Refused("more_than_is_left"), Refused),
        (None, Unsure),
        (KeyError("x"), Unsure),
        (RailError("lost"), Unsure),
    ],
)
async def test_a_refund_that_is_not_clear_is_unsure(told: object, outcome: type) -> None:
    assert type(await guarded(GivingBack(told)).refund("leg-1", "handle", FIVE, "key")) is outcome


async def test_a_refund_that_did_not_leave_is_told_so_and_a_rail_without_any_refuses() -> None:
    with pytest.raises(NotSentError):
        await guarded(GivingBack(NotSentError("away"))).refund("leg-1", "handle", FIVE, "key")
    assert await guarded(ScriptedRail()).refund("leg-1", "handle", FIVE, "key") == Refused("no_refunds")


async def test_an_order_is_named_by_a_rail_that_can_and_nonsense_is_misbehaviour() -> None:
    assert await guarded(GivingBack("leg-1")).reference_of("pi_1") == "leg-1"
    assert await guarded(GivingBack(None)).reference_of("pi_1") is None
    for rail in (GivingBack(""), GivingBack(1), ScriptedRail()):
        with pytest.raises(MisbehavedError):
            await guarded(rail).reference_of("pi_1")


class Naming(ScriptedRail):
    """Says what it is told to say of every name."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    async def check_payee(self, token: str, name: str) -> Any:  # noqa: ANN401 - nonsense of any type
        del token, name
        return self.answer


async def test_a_name_is_checked_by_a_rail_that_can() -> None:
    told = PayeeCheck(PayeeMatch.CLOSE, "Anna Schmidt")

    assert await guarded(Naming(told)).check_payee("token", "Anna") is told
    assert await guarded(ScriptedRail()).check_payee("token", "Anna") == PayeeCheck(PayeeMatch.NOT_POSSIBLE)


@pytest.mark.parametrize(
    "told", [None, "match", PayeeCheck(PayeeMatch.MATCH, ""), PayeeCheck(cast("PayeeMatch", 1))]
)
async def test_nonsense_about_a_name_is_misbehaviour(told: object) -> None:
    with pytest.raises(MisbehavedError):
        await guarded(Naming(told)).check_payee("token", "Anna")


async def test_how_long_each_call_took_is_counted_also_of_one_that_failed() -> None:
    clock = Clock()

    async def slow() -> object:
        clock.seconds += 7
        raise ZeroDivisionError

    rail = guarded(BadRail.that(slow, "quote"), clock)
    await rail.alive()
    with pytest.raises(MisbehavedError):
        await rail.quote(ORDER)

    assert {call: (took.up_to()[-1], took.total) for call, took in rail.took.items()} == {
        "alive": (1, 0),
        "quote": (1, 7),
    }

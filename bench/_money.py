"""What benchmarks of the ledger measure with: people with money, steps to take, callers that take them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain import ledger
from paybridge.domain.money import Money
from paybridge.domain.people import Identity, Link, LinkState, Person
from paybridge.domain.transfer import Transfer, TransferKind, TransferState
from paybridge.services.ports import Post, Step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from paybridge.services.ports import Book

    Work = Callable[[], Awaitable[object]]

PEOPLE: Final = 500
ROOM: Final = "!room:bench"
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Measured:
    """How it went: what was done in a second, and how long callers waited, in milliseconds."""

    rate: float
    p50: float
    p99: float


async def measure(works: Iterable[Work], callers: int) -> Measured:
    """Do all of `works`, `callers` at once."""
    return await measure_each([iter(works)] * callers)


async def measure_each(callers: Sequence[Iterator[Work]]) -> Measured:
    """Let every caller do what is left of their own works, all at once."""
    waits: list[float] = []

    async def call(left: Iterator[Work]) -> None:
        for work in left:
            begun = time.perf_counter()
            await work()
            waits.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(call(left) for left in callers))
    spent = time.perf_counter() - begun
    waits.sort()
    return Measured(len(waits) / spent, _percentile(waits, 50), _percentile(waits, 99))


def best(rounds: Sequence[Measured]) -> Measured:
    """The round in which other programs disturbed least."""
    return max(rounds, key=lambda measured: measured.rate)


def _percentile(waits: Sequence[float], percent: int) -> float:
    return waits[len(waits) * percent // 100] * 1000


def pair(number: int) -> tuple[int, int]:
    """Two different people, spread over all of them."""
    payer = number * 7919 % PEOPLE
    return payer, (payer + 1 + number % (PEOPLE - 1)) % PEOPLE


def mxid(number: int) -> str:
    return f"@person-{number}:bench"


def approved(number: int) -> Transfer:
    """A payment of a cent that waits to be settled."""
    payer, payee = pair(number)
    return Transfer(
        id=f"PB-{number}",
        kind=TransferKind.PAY,
        state=TransferState.APPROVED,
        payer=f"person-{payer}",
        payer_mxid=mxid(payer),
        payee=f"person-{payee}",
        payee_mxid=mxid(payee),
        amount=Money(1, "EUR"),
        fee=Money(0, "EUR"),
        room=ROOM,
        created=START + timedelta(seconds=number),
        expires=START + timedelta(days=1),
        nonce="nonce",
    )


def settling(number: int) -> Step:
    """The step that settles `approved(number)`: conditional update, journal of two lines, outbox row."""
    before = approved(number)
    settled = replace(before, state=TransferState.SETTLED, version=1)
    journal = ledger.move(
        f"leg-{number}/book",
        "book",
        settled.id,
        before.amount,
        giver=ledger.person(before.payer),
        taker=ledger.person(before.payee),
    )
    post = Post(f"post-{number}", ROOM, None, None, bytes(200), START)
    return Step(records=(settled,), journals=(journal,), posts=(post,))


async def fill(book: Book, transfers: int = 0, key: bytes = b"key") -> None:
    """Write everybody down with 10,000 euros and a linked account, and `transfers` payments to settle."""
    people = [Person(f"person-{number}", key, START) for number in range(PEOPLE)]
    identities = [Identity(mxid(number), f"person-{number}", START) for number in range(PEOPLE)]
    links = [
        Link(
            id=f"link-{number}",
            person=f"person-{number}",
            rail="bank",
            token=f"token-{number}",
            masked="••00",
            number=b"sealed",
            number_hash=number.to_bytes(32),
            state=LinkState.VERIFIED,
            is_default=True,
            created=START,
        )
        for number in range(PEOPLE)
    ]
    money = tuple(
        ledger.move(
            f"topup-{person.id}",
            "topup",
            "PB-TOPUP",
            Money(1_000_000, "EUR"),
            giver=ledger.clearing("bank"),
            taker=ledger.person(person.id),
        )
        for person in people
    )
    await book.commit(Step(records=(*people, *identities, *links), journals=money))
    for some in portions(range(transfers), _AT_ONCE):
        await book.commit(Step(records=tuple(approved(number) for number in some)))


def portions(numbers: range, most: int) -> Iterator[range]:
    return (numbers[at : at + most] for at in range(0, len(numbers), most))

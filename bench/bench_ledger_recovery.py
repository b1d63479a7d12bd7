"""How long it takes after a crash until 10,000 orders that were under way are settled, by the real tasks."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench._money import START, approved, mxid, portions
from bench._office import Office, room_of, settings
from bench._result import Result
from bench._sure_rail import SureRail
from paybridge.app.bells import Bells
from paybridge.app.system import SystemClock
from paybridge.domain import leg as legs
from paybridge.domain.leg import Leg, LegHappening, LegKind, LegState
from paybridge.domain.transfer import TransferKind
from paybridge.services.courier import Courier
from paybridge.services.execution import PATIENCE, Execution
from paybridge.services.late_news import LateNews
from paybridge.services.outcomes import Outcomes
from paybridge.services.ports import Errand, Order, Step
from paybridge.services.reconciler import Reconciler
from paybridge.storage import open_database
from paybridge.storage.audit import audit

if TYPE_CHECKING:
    from paybridge.services.ports import Book

IN_FLIGHT: Final = int(os.environ.get("IN_FLIGHT", "10000"))
PATIENCE_SECONDS: Final = 30.0
RAIL: Final = "bank"
_A_STEP: Final = 200

# Where a crash finds them, turn by turn: whether the rail has the order by then, and whether it is done.
_FOUND: Final = (
    (LegState.RESERVED, False, False),
    (LegState.RESERVED, True, False),
    (LegState.EXECUTING, True, False),
    (LegState.EXECUTING, True, True),
    (LegState.UNSURE, True, True),
)


async def run() -> list[Result]:
    """Seconds from the start of the tasks until nothing is open, over those that it may take."""
    with tempfile.TemporaryDirectory(prefix="paybridge-bench-") as folder:
        path = Path(folder) / "paybridge.db"
        spent = await _recover(path)
        problems = (await asyncio.to_thread(audit, f"sqlite+aiosqlite:///{path}")).problems
        if problems:
            raise RuntimeError(f"{len(problems)} problems after the recovery: {problems[0]}")
    name = f"ledger: recovery of {IN_FLIGHT:,} orders under way, s"
    return [Result(name, spent, PATIENCE_SECONDS, 1.0, "at_most")]


async def _recover(path: Path) -> float:
    clock, bells, rail = SystemClock(), Bells(), SureRail()
    database = await open_database(f"sqlite+aiosqlite:///{path}", clock)
    try:
        office, vault = await Office.open(database.book, database.mailbox, {RAIL: rail})
        await _crash(database.book, rail)
        book, desk, rails = database.book, office.desk, {RAIL: rail}
        outcomes = Outcomes(
            book, vault, clock, settings(), desk.news, desk.requests, bells, jitter=random.random
        )
        execution = Execution(clock, outcomes, desk.news, _nobody_is_told)
        courier = Courier(book, clock, rails, outcomes, execution, bells.bell("courier"))
        late_news = LateNews(book, clock, outcomes, desk.news)
        reconciler = Reconciler(
            book,
            clock,
            rails,
            outcomes,
            execution,
            late_news,
            bells.bell("reconciler"),
            lambda: courier.driving,
        )
        begun = time.perf_counter()
        tasks = [asyncio.create_task(courier.run()), asyncio.create_task(reconciler.run())]
        while await _is_under_way(book) and not any(task.done() for task in tasks):  # noqa: ASYNC110 - no event says that all is over
            await asyncio.sleep(0.1)  # asked seldom: the asking would be measured too
        spent = time.perf_counter() - begun
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if len(rail.moved) != IN_FLIGHT:
            raise RuntimeError(f"the rail moved money {len(rail.moved)} times, not {IN_FLIGHT}")
        return spent
    finally:
        await database.close()


async def _is_under_way(book: Book) -> bool:
    return any([await book.next_due(errand, START) for errand in Errand])


def _nobody_is_told(rail: str) -> None:
    raise RuntimeError(f"{rail} is in this process and cannot be lost")


async def _crash(book: Book, rail: SureRail) -> None:
    """Write cash-outs down as a crash would leave them, and tell the rail what it had heard by then."""
    found = cycle(_FOUND)
    for some in portions(range(IN_FLIGHT), _A_STEP):
        step = Step()
        for number in some:
            state, heard, done = next(found)
            leg, one = _under_way(number, state)
            step += one
            order = Order(leg.id, leg.kind, leg.amount, leg.link or "", leg.transfer)
            if heard:
                rail.prepared[leg.id] = order
            if done:
                rail.moved[leg.id] = order
        await book.commit(step)


def _under_way(number: int, state: LegState) -> tuple[Leg, Step]:
    transfer = approved(number)
    payer = int(transfer.payer.removeprefix("person-"))
    now = SystemClock().now()
    transfer = replace(
        transfer,
        kind=TransferKind.CASHOUT,
        payee=transfer.payer,
        payee_mxid=mxid(payer),
        room=room_of(payer),
        destination=f"link-{payer}",
        created=now,
    )
    ready = Leg(
        id=f"{transfer.id}/1",
        transfer=transfer.id,
        number=1,
        kind=LegKind.PAYOUT,
        state=LegState.READY,
        rail=RAIL,
        owner=transfer.payer,
        amount=transfer.amount,
        fee=transfer.fee,
        highest_fee=transfer.fee,
        link=f"token-{payer}",
        due=now,
    )
    reserved, effect = legs.advance(ready, LegHappening.RESERVE)
    hold = legs.journals(reserved, effect, held_before=False)
    leg = replace(reserved, state=state)
    if state is not LegState.RESERVED:
        # The courier leaves an order alone that may still be executing; the crash came at any time before.
        spread = PATIENCE * (number % 60) / 60
        leg = replace(leg, handle=leg.id, due=now + (timedelta(0) if state is LegState.UNSURE else spread))
    return leg, Step(records=(transfer, leg), journals=hold)

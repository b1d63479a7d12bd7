"""`make kills`: SIGKILL while orders are paid through each peer; none may be paid twice, none be missing."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from paybridge.conformance.inbox import Inbox
from paybridge.conformance.trial import Ground
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import Order
from tests.rails.bank_trial import BankTrial
from tests.rails.lightning_trial import LightningTrial
from tests.rails.payer import Kept, Task
from tests.rails.stripe_trial import StripeTrial

AT_STRIPE = (LegKind.COLLECT, LegKind.PAYOUT)
AT_THE_BANK = (LegKind.COLLECT, LegKind.PAYOUT, LegKind.DIRECT)


@dataclass(slots=True)
class Count:
    """What a run came to."""

    peer: str
    payments: int = 0
    kills: int = 0
    left_open: int = 0
    """How many orders were executing when a kill hit, in all."""
    twice: int = 0
    missing: int = 0

    def __str__(self) -> str:
        return (
            f"{self.peer}: {self.payments} payments, {self.kills} kills that left {self.left_open} "
            f"executing, {self.twice} paid twice, {self.missing} missing"
        )

    def judge(self, order: Order, moved: Sequence[Money]) -> None:
        """Count what is wrong with what the peer's books say of an order."""
        self.twice += len(moved) > 1
        self.missing += order.amount not in moved


async def run(
    trial: BankTrial | StripeTrial | LightningTrial, payments: int, kills: int, chance: random.Random
) -> Count:
    """Pay so many orders, kill the payer so many times, let it finish, and look at the peer's books.

    At the bank and at Stripe they are of each kind in turn, elsewhere of the one that the stand makes.
    """
    count = Count(trial.peer, payments)
    kinds: tuple[LegKind | None, ...] = (None,)
    if isinstance(trial, BankTrial | StripeTrial):
        kinds = AT_THE_BANK if isinstance(trial, BankTrial) else AT_STRIPE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = folder / "journal"
        async with (
            aiohttp.ClientSession() as http,
            Inbox() as inbox,
            trial.stand(Ground(folder, http, inbox)) as stand,
        ):
            orders: list[Order] = []
            for number in range(payments):
                order = await stand.order(kinds[number % len(kinds)])
                assert order is not None
                # Small, so that an account lasts, and each another amount.
                orders.append(replace(order, amount=Money(100 + number, order.amount.currency)))
            task = folder / "task"
            task.write_text(Task(trial.rail, stand.options, tuple(orders)).written(), encoding="utf-8")
            # Each life begins fewer new orders than there are left for it, so that none ends by itself.
            share = payments // kills - 1
            while count.kills < kills:
                await _killed(task, journal, share, chance)
                count.kills += 1
                count.left_open += len(_kept(journal).executing)
            payer = await _start(task, journal)
            assert await payer.wait() == 0
            for order in orders:
                count.judge(order, await stand.moved(order.reference))
    return count


async def _killed(task: Path, journal: Path, share: int, chance: random.Random) -> None:
    """Start the payer for a share of new orders, and kill it once it has settled some of them."""
    until = len(_kept(journal).settled) + chance.randint(1, share)
    payer = await _start(task, journal, str(share))
    while len(_kept(journal).settled) < until:
        assert payer.returncode is None, "the payer ended by itself"
        await asyncio.sleep(0.005)
    await asyncio.sleep(chance.random() * 0.02)
    payer.kill()
    await payer.wait()


def _kept(journal: Path) -> Kept:
    return Kept.read(journal.read_bytes() if journal.exists() else b"")


async def _start(task: Path, journal: Path, *share: str) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "tests.rails.payer", str(task), str(journal), *share)
    return await asyncio.create_subprocess_exec(*command)


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rails.kills", description=__doc__)
    parser.add_argument("--payments", type=int, default=150, help="how many through each peer")
    parser.add_argument("--kills", type=int, default=10, help="how many for each peer")
    parser.add_argument(
        "--seed", type=int, default=None, help="makes the same choices as the run that printed it"
    )
    given = parser.parse_args()
    if given.payments < 2 * given.kills:
        parser.error("--payments must be at least twice --kills")
    seed = random.SystemRandom().randrange(10_000) if given.seed is None else given.seed
    sys.stdout.write(f"seed {seed}\n")
    bad = 0
    for trial in (BankTrial(), StripeTrial(), LightningTrial()):
        count = await run(trial, given.payments, given.kills, random.Random(seed))  # noqa: S311  no secret
        sys.stdout.write(f"{count}\n")
        bad += count.twice + count.missing
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

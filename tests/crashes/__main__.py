"""`make crashes`: kills the bot at every failpoint and at random, while 64 people pay, and then compares."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.crashes.house import PEOPLE
from tests.crashes.judge import judge
from tests.crashes.world import KILLED, World

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILPOINTS = {
    "storage.before_commit": 60,
    "storage.after_commit": 60,
    "courier.after_prepare": 40,
    "courier.before_execute": 40,
    "courier.after_execute": 40,
    "reconciler.before_query": 3,
    "reconciler.after_query": 3,
    "rail.before_send": 100,
    "rail.sent": 100,
    "rail.answered": 100,
    "webhook.received": 20,
    "webhook.handled": 20,
    "sync.received": 2,
    "sync.kept": 2,
    "outbox.before_send": 150,
    "outbox.after_send": 150,
}
"""Every failpoint, and at which of its hits at most a life ends."""

MOST_WAITING = 250
LONGEST_LIFE = 4.0


def orders(chance: Random, kills: int, *, each: bool) -> Iterator[tuple[str, float]]:
    """How each life is to end: at a failpoint's n-th hit, or after so many seconds."""
    for number in range(kills):
        name = list(FAILPOINTS)[number % len(FAILPOINTS)]
        if each:
            yield f"{name}=kill@1", LONGEST_LIFE
        elif number % 3 == 2:
            yield "", chance.uniform(0.05, 2.0)
        else:
            name = chance.choice(list(FAILPOINTS))
            yield f"{name}=kill@{chance.randint(1, FAILPOINTS[name])}", LONGEST_LIFE


def run(folder: Path, url: str, kills: int, seed: int, *, each: bool) -> bool:
    """Kill until there were so many, then compare; True if nothing was lost, doubled or wrong."""
    chance = Random(seed)  # noqa: S311 - a run can be repeated
    began = time.monotonic()
    world = World(folder, url, PEOPLE[:8] if each else PEOPLE)
    killed: Counter[str] = Counter()
    try:
        world.open()
        for armed, seconds in orders(chance, kills, each=each):
            if world.backlog() < MOST_WAITING:
                world.pay(chance)
            if world.life(armed, seconds) == KILLED:
                killed[armed.partition("=")[0] or "at random"] += 1
        world.finish()
        verdict = judge(world)
    finally:
        world.close()
    unreached = [name for name in FAILPOINTS if name not in killed] if each else []
    _say(*(f"  {name:<26} {count}" for name, count in sorted(killed.items())))
    _say(
        f"{url.partition(':')[0]}: {killed.total()} kills, {world.typed} lines typed,"
        f" {verdict.payments} payments ({verdict.refused} refused), {verdict.at_the_bank} at the bank,"
        f" lost {len(verdict.lost)}, doubled {len(verdict.doubled)}, wrong {len(verdict.wrong)},"
        f" {time.monotonic() - began:.0f} s",
        *verdict.faults[:40],
        *(f"  never reached: {name}" for name in unreached),
    )
    return not (verdict.faults or unreached)


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--each", action="store_true", help="each failpoint once, and nothing at random")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = parser.parse_args()
    seed = secrets.randbelow(10_000) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="paybridge-crashes-"))
    _say(f"seed {seed}, in {folder}")
    kills = len(FAILPOINTS) if given.each else given.kills
    return 0 if run(folder, _url(given.database, folder), kills, seed, each=given.each) else 1


def _url(database: str, folder: Path) -> str:
    if database == "sqlite":
        return f"sqlite+aiosqlite:///{folder}/paybridge.db"
    import asyncio  # noqa: PLC0415 - only for a server that is started for this run

    from tests.fakes import postgres  # noqa: PLC0415 - as above

    return postgres.url_of(asyncio.run(postgres.empty_database()))


if __name__ == "__main__":
    sys.exit(main())

"""Use the bot steadily for a long time, then judge: `python -m tests.soak --minutes 60`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from paybridge.demo.homeserver import Homeserver
from paybridge.demo.stage import Stage
from tests.chaos.judge import judge, judge_books
from tests.chaos.killer import DATABASE
from tests.chaos.party import CHOICES, Party, gather
from tests.harness import People
from tests.soak.figures import Minute, files_of, growth, memory_of, percentile
from tests.soak.people import Crowd

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTES: Final = 60
MINUTE_SECONDS: Final = 60.0
RESTART_EVERY: Final = 7
"""Minutes between restarts of the homeserver; a shorter run has one in its middle."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; 1 if anything was lost, doubled or wrong, or grew, and then everything is kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=MINUTES, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="to repeat the choices of another run")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    # What the people's client library tells of its own work, and what they do not hear, is no finding.
    logging.disable(logging.CRITICAL)
    directory = Path(tempfile.mkdtemp(prefix="paybridge-soak-"))
    _tell(f"seed {seed}: {options.minutes} minutes")
    clean = False
    try:
        clean = asyncio.run(_play(directory, Random(seed), options.minutes))  # noqa: S311 - to be repeated
    finally:
        if clean:
            shutil.rmtree(directory)
        else:
            _tell(f"kept: {directory}")
    return 0 if clean else 1


async def _play(directory: Path, chance: Random, minutes: int) -> bool:
    homeserver = Homeserver(directory / "homeserver")
    (directory / "stage").mkdir()
    async with homeserver, Stage(directory / "stage", homeserver, choices=CHOICES) as stage:
        people = People(homeserver, directory / "people")
        try:
            party = await gather(stage, people, chance)
            passed = await _soak(party, Crowd(party, chance), minutes)
            await party.until_drained()
            await party.ask_once_more()
            await party.until_drained()
            return await _tell_all(party, passed)
        finally:
            await people.leave()


async def _soak(party: Party, crowd: Crowd, minutes: int) -> list[Minute]:
    passed: list[Minute] = []
    restarts = range(min(RESTART_EVERY, (minutes + 1) // 2), minutes, RESTART_EVERY)
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for talker in party.talkers:
            tasks.create_task(crowd.talk(talker, enough))
        begun = time.monotonic()
        for number in range(1, minutes + 1):
            await asyncio.sleep(max(0.0, begun + number * MINUTE_SECONDS - time.monotonic()))
            passed.append(_minute(number, party, crowd))
            _tell(str(passed[-1]))
            if number in restarts:
                await crowd.restart_homeserver()
                _tell("            the homeserver was restarted")
        enough.set()
    _tell(f"{crowd.reconnects} times somebody's client was offline and came back")
    return passed


def _minute(number: int, party: Party, crowd: Crowd) -> Minute:
    commands, answer_seconds = crowd.taken()
    bot, file = party.stage.bot.pid, party.stage.data_dir / DATABASE
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as books:
        (letters,) = books.execute("SELECT count(*) FROM letter WHERE done = 0").fetchone()
        (posts,) = books.execute("SELECT count(*) FROM post WHERE state = 'waiting'").fetchone()
    return Minute(
        number=number,
        commands=commands,
        answer_seconds=answer_seconds,
        memory=memory_of(bot),
        files=files_of(bot),
        letters=letters,
        posts=posts,
        late=crowd.late(),
        doubled=len(judge(party.run()).doubled),
    )


async def _tell_all(party: Party, passed: Sequence[Minute]) -> bool:
    run = await party.run_with_books()
    verdict, books, audited = judge(run), judge_books(run), await party.stage.audit()
    told, at_bank = sum(run.balances.values()), await party.at_the_bank()
    wrong = [
        *(f"left waiting: {what}" for what in party.waiting()),
        *party.unreadable(),
        *verdict.wrong,
        *books.wrong,
        *growth(passed),
        *([] if audited.passed else [f"the audit: {audited.output}"]),
        *([] if told == at_bank else [f"balances come to {told}, the bank holds {at_bank}"]),
    ]
    lost, doubled = (*verdict.lost, *books.lost), (*verdict.doubled, *books.doubled)
    waits = [seconds for minute in passed for seconds in minute.answer_seconds]
    _tell(
        f"{sum(minute.commands for minute in passed)} commands, {len(waits)} answers awaited: "
        f"p50 {percentile(waits, 50):.2f} s, p95 {percentile(waits, 95):.2f} s; expired {verdict.expired}"
    )
    _tell(f"audit: {'the books are sound' if audited.passed else 'WRONG'}")
    _tell(f"lost {len(lost)}, doubled {len(doubled)}, otherwise wrong {len(wrong)}")
    for kind, lines in (("LOST", lost), ("DOUBLED", doubled), ("WRONG", wrong)):
        for line in lines:
            _tell(f"{kind}: {line}")
    return not (lost or doubled or wrong)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

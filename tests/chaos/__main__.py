"""Kill the bot again and again while people use it, then judge: `python -m tests.chaos --kills 30`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import secrets
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from paybridge.demo.homeserver import Homeserver
from paybridge.demo.stage import Stage
from tests.chaos.facts import Heard
from tests.chaos.judge import Run, Verdict, approved, judge, judge_books
from tests.chaos.killer import DeadBotError, Killer
from tests.chaos.party import CHOICES, Party, gather
from tests.harness import People

if TYPE_CHECKING:
    from collections.abc import Sequence

KILLS: Final = 30
BANK_KILLS: Final = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; 1 if anything was lost, doubled or wrong, and then everything is kept to be looked into."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="kills of the bot (%(default)s)")
    parser.add_argument("--bank-kills", type=int, default=BANK_KILLS, help="and of the bank (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="to repeat the choices of another run")
    parser.add_argument("--keep", action="store_true", help="keep what the programs wrote")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    # What the people's client library tells of its own work, and what they do not hear, is no finding.
    logging.disable(logging.CRITICAL)
    directory = Path(tempfile.mkdtemp(prefix="paybridge-chaos-"))
    _tell(f"seed {seed}: {options.kills} kills of the bot, {options.bank_kills} of the bank")
    clean = False
    try:
        clean = asyncio.run(_play(directory, Random(seed), options))  # noqa: S311 - to be repeated
    except KeyboardInterrupt:
        _tell("stopped; nothing is left running")
    except (DeadBotError, ExceptionGroup) as error:
        _tell(f"the run broke off: {_innermost(error)}")
    finally:
        if clean and not options.keep:
            shutil.rmtree(directory)
        else:
            _tell(f"kept: {directory}")
    return 0 if clean else 1


async def _play(directory: Path, chance: Random, options: argparse.Namespace) -> bool:
    began = time.monotonic()
    homeserver = Homeserver(directory / "homeserver")
    (directory / "stage").mkdir()
    async with homeserver, Stage(directory / "stage", homeserver, choices=CHOICES) as stage:
        people = People(homeserver, directory / "people")
        try:
            party = await gather(stage, people, chance)
            killer = Killer(stage, party.talkers, chance)
            _tell(f"{len(party.talkers)} people are talking after {time.monotonic() - began:.0f} s")
            enough = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                for talker in party.talkers:
                    tasks.create_task(talker.talk(enough))
                await killer.run(options.kills, options.bank_kills)
                enough.set()
            _tell(f"{killer.kills} kills after {time.monotonic() - began:.0f} s; waiting for what is open")
            await _come_to_rest(party, killer)
            clean = await _tell_all(party, killer, directory)
        finally:
            await people.leave()
    _tell(f"took {time.monotonic() - began:.0f} s")
    return clean


async def _come_to_rest(party: Party, killer: Killer) -> None:
    """Until everything is answered; then one more start, after which nothing may be said again."""
    await killer.until_ready()
    if await party.until_drained():
        await killer.kill_bot()
        await killer.until_ready()
        await party.ask_once_more()
        await party.until_drained()


async def _tell_all(party: Party, killer: Killer, directory: Path) -> bool:
    run = await party.run_with_books()
    verdict, books, audited = judge(run), judge_books(run), await party.stage.audit()
    told, at_bank = sum(run.balances.values()), await party.at_the_bank()
    wrong = [
        *(f"the bot ended by itself: {tail}" for tail in killer.ended_by_itself),
        *(f"left waiting: {what}" for what in party.waiting()),
        *party.unreadable(),
        *verdict.wrong,
        *books.wrong,
        *([] if audited.passed else [f"the audit: {audited.output}"]),
        *([] if told == at_bank else [f"balances come to {told}, the bank holds {at_bank}"]),
        *([] if len(run.balances) == len(party.talkers) else ["somebody was told no balance"]),
    ]
    lost, doubled = (*verdict.lost, *books.lost), (*verdict.doubled, *books.doubled)
    _tell_figures(run, verdict, killer)
    _tell(f"audit: {'the books are sound' if audited.passed else 'WRONG'}")
    _tell(f"balances told: {told / 100:.2f} EUR; held by the bank for us: {at_bank / 100:.2f} EUR")
    _tell(f"lost {len(lost)}, doubled {len(doubled)}, otherwise wrong {len(wrong)}")
    for kind, lines in (("LOST", lost), ("DOUBLED", doubled), ("WRONG", wrong)):
        for line in lines:
            _tell(f"{kind}: {line}")
    (directory / "record.json").write_text(json.dumps(asdict(run), indent=1))
    return not (lost or doubled or wrong)


def _tell_figures(run: Run, verdict: Verdict, killer: Killer) -> None:
    heard = Heard(run.said)
    expecting = [typed for typed in run.typed if typed.expects]
    agreed = approved(heard)
    states = [about.state for about in agreed]
    debits = sum(entry.minor < 0 for entries in run.statements.values() for entry in entries)
    credits_ = sum(entry.minor > 0 for entries in run.statements.values() for entry in entries)
    receipts = {
        said.about.id for said in run.said if said.about is not None and said.about.state == "settled"
    }
    _tell(
        f"kills achieved {killer.kills} of the bot ({killer.in_hand} with work in hand), "
        f"{killer.bank_kills} of the bank; "
        f"homeserver restarts {killer.homeserver_stops}"
    )
    _tell(
        f"commands sent {len(expecting)} and {len(run.typed) - len(expecting)} lines of chat; "
        f"answered {len(expecting) - verdict.expired - len(verdict.lost)}, expired {verdict.expired}"
    )
    _tell(
        f"approved {len(agreed)}: settled {states.count('settled')}, refused {states.count('refused')}; "
        f"receipts {len(receipts)}; at the bank {debits} debits, {credits_} credits"
    )


def _innermost(error: Exception) -> str:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Our books against the statements of the configured rails, by a program that is not the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import aiohttp

from paybridge.domain.leg import Leg, LegKind
from paybridge.rails._frame import find_rails
from paybridge.services.daily_check import NO_STATEMENT
from paybridge.services.ports import Clock, NoStatementError, Rail, RailError, StatementLine
from paybridge.services.reconciliation import Compared, Match, compare
from paybridge.services.statement_check import Checked, check
from paybridge.services.statements import read
from paybridge.storage.errors import DatabaseError
from paybridge.storage.rail_legs import RailLegs

if TYPE_CHECKING:
    from paybridge.config import Config

T = TypeVar("T")

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What does not agree, one line each, and the rails that could not be asked, with why."""

    problems: tuple[str, ...]
    silent: Mapping[str, str]


def reconcile(config: Config, read: Callable[[], Sequence[Leg]]) -> Reconciled:
    """Compare our legs with the statement of each configured rail; nothing is written anywhere.

    `read` reads the legs. It is asked before the statements and after them: an order that went on meanwhile
    is under way, whatever the statement says of it. Not for the event loop.
    """
    before = read()
    answers = asyncio.run(statements(config))
    known = {leg.id: leg for leg in before}
    went_on = {leg.id for leg in read() if known.get(leg.id) != leg}
    of_rail: dict[str, list[Leg]] = {}
    for leg in before:
        of_rail.setdefault(leg.rail, []).append(leg)
    problems: list[str] = []
    silent = {rail: "is not configured any more" for rail in of_rail if rail not in config.rails}
    for rail, told in answers.items():
        if isinstance(told, RailError):
            silent[rail] = str(told) or type(told).__name__
            continue
        wrong = (one for one in compare(of_rail.get(rail, ()), told) if not one.match.closes_itself)
        problems += [f"rail {rail}: {_said(one)}" for one in wrong if one.reference not in went_on]
    return Reconciled(tuple(problems), silent)


def _said(one: Compared) -> str:
    where = f" (lines {', '.join(one.lines)})" if one.lines else ""
    match one.match:
        case Match.MISSING_HERE:
            return f"order {one.reference} moved {one.theirs} there and nothing here{where}"
        case Match.MISSING_THERE:
            return f"order {one.reference} moved {one.ours} here and nothing there"
        case Match.DUPLICATE:
            return f"order {one.reference} moved {one.theirs} there, several times {one.ours}{where}"
        case _:
            return f"order {one.reference} moved {one.theirs} there and {one.ours} here{where}"


async def statements(config: Config) -> Mapping[str, tuple[StatementLine, ...] | RailError]:
    """By rail, every line of our account's statement there, or why it could not be read.

    Only rails that move money outside of our ledger have one.
    """

    async def whole(rail: Rail) -> tuple[StatementLine, ...]:
        return tuple((await read(rail, None)).lines)

    return await _each(config, whole)


async def compare_windows(
    config: Config, days: int | None, clock: Clock
) -> Mapping[str, Checked | RailError]:
    """By rail, how the books stand to its statement of the last `days` (None: the whole one).

    What the bot's own comparisons have found to differ is compared as well; nothing is written anywhere.
    """
    books = RailLegs(config.database.url)
    since = None if days is None else clock.now() - timedelta(days=days)

    async def compared(rail: Rail) -> Checked:
        kept = await books.kept(rail.name)
        return await check(rail, books, since, () if kept is None else kept.differences)

    return await _each(config, compared)


async def _each(config: Config, ask: Callable[[Rail], Awaitable[T]]) -> Mapping[str, T | RailError]:
    found = find_rails()
    told: dict[str, T | RailError] = {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS)) as http:
        for name, options in config.rails.items():
            rail = found[name](options, http)
            try:
                if {LegKind.COLLECT, LegKind.PAYOUT} & rail.capabilities().flows:
                    await rail.prove_sandbox()
                    told[name] = await ask(rail)
            except NoStatementError:
                told[name] = NoStatementError(NO_STATEMENT)
            except RailError as error:
                told[name] = error
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; the others are asked still
                told[name] = RailError(type(error).__name__)
            finally:
                await rail.close()
    return told

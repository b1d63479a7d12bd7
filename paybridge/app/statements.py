"""Our books against the statements of the configured rails, by a program that is not the bot."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import aiohttp

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails._frame import find_rails
from paybridge.services.daily_check import NO_STATEMENT
from paybridge.services.ports import Clock, NoStatementError, Rail, RailError
from paybridge.services.reconciliation import Compared, Match, compare
from paybridge.services.statement_check import Checked, check, without
from paybridge.services.statements import Told, read
from paybridge.storage.errors import DatabaseError
from paybridge.storage.rail_legs import RailBooks, RailLegs

if TYPE_CHECKING:
    from paybridge.config import Config

T = TypeVar("T")

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RailBalance:
    """What a rail says that it holds for us, what the books say, and what the statement explains of that.

    Explained are lines that name no order (an opening balance, interest), and orders that the rail has
    otherwise, each of which is told by itself, or that are under way.
    """

    rail: str
    there: Money
    here: Money
    explained: Money

    @property
    def agrees(self) -> bool:
        """Whether nothing is left over."""
        return self.there == self.here + self.explained


@dataclass(frozen=True, slots=True)
class Reconciled:
    """By rail, what does not agree; what rails hold; and the rails that could not be asked, with why."""

    differences: Mapping[str, tuple[Compared, ...]]
    balances: tuple[RailBalance, ...]
    silent: Mapping[str, str]

    @property
    def problems(self) -> tuple[str, ...]:
        """One line for each thing that is wrong."""
        orders = (f"rail {rail}: {_said(one)}" for rail, found in self.differences.items() for one in found)
        held = (
            f"rail {one.rail}: holds {one.there}, the books say {one.here}"
            f" and its statement explains {one.explained} of it"
            for one in self.balances
            if not one.agrees
        )
        return (*orders, *held)


def reconcile(config: Config, look: Callable[[], RailBooks]) -> Reconciled:
    """Compare the books with the whole statement of each configured rail; nothing is written anywhere.

    `look` reads the books. It is asked before the statements and after them: an order that went on meanwhile
    is under way, whatever the statement says of it, and balances are then left alone. Not for the event loop.
    """
    before = look()
    answers = asyncio.run(statements(config))
    after = look()
    known = {leg.id: leg for leg in before.legs}
    went_on = {leg.id for leg in after.legs if known.get(leg.id) != leg}
    quiet = not went_on and before.clearing == after.clearing
    differences: dict[str, tuple[Compared, ...]] = {}
    balances: list[RailBalance] = []
    rails = {leg.rail for leg in before.legs}
    silent = {rail: "is not configured any more" for rail in rails if rail not in config.rails}
    for rail, told in answers.items():
        if isinstance(told, RailError):
            silent[rail] = str(told) or type(told).__name__
            continue
        found = compare((leg for leg in before.legs if leg.rail == rail), told.lines)
        differences[rail] = tuple(
            one
            for one in found
            if not one.match.closes_itself
            and one.reference not in went_on
            and one.code not in config.reconciliation.closed
        )
        if quiet:
            balances += _balances(rail, told, found, before.clearing)
    return Reconciled(differences, tuple(balances), silent)


def _balances(
    rail: str, told: Told, found: Sequence[Compared], clearing: Mapping[tuple[str, str], int]
) -> Iterator[RailBalance]:
    of_orders = {line for one in found for line in one.lines}
    explained: Counter[str] = Counter()
    for line in told.lines:
        if line.id not in of_orders:
            explained[line.amount.currency] += line.amount.minor
    for one in found:
        for money, sign in ((one.theirs, 1), (one.ours, -1)):
            if money is not None:
                explained[money.currency] += sign * money.minor
    for there in told.balances:
        here = Money(-clearing.get((rail, there.currency), 0), there.currency)
        yield RailBalance(rail, there, here, Money(explained[there.currency], there.currency))


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


async def statements(config: Config) -> Mapping[str, Told | RailError]:
    """By rail, our account's whole statement there, or why it could not be read.

    Only rails that move money outside of our ledger have one.
    """

    async def whole(rail: Rail) -> Told:
        return await read(rail, None)

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
        found = await check(rail, books, since, () if kept is None else kept.differences)
        return without(found, config.reconciliation.closed)

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

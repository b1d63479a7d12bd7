"""Finds checks and trials, and runs one check of one trial."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import aiohttp

from paybridge.conformance.bench import Bench
from paybridge.conformance.checks import (
    answers,
    links,
    orders,
    refunds,
    restarts,
    sandbox,
    statements,
    webhooks,
)
from paybridge.conformance.inbox import Inbox
from paybridge.conformance.trial import Ground, Trial
from paybridge.rails._frame import find_rails

TRIALS: Final = "paybridge.trials"
"""The entry-point group in which a package offers its trial; the entry's name is the rail's."""

PARTS: Final = (orders, refunds, links, answers, restarts, webhooks, statements, sandbox)


class NoTrialError(Exception):
    """There is no such trial; the message is one line for whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One promise. `says` is the sentence that is true if it is kept."""

    name: str
    says: str
    run: Callable[[Bench], Awaitable[None]]


def all_checks() -> tuple[Check, ...]:
    """Every check, in the order in which the parts stand."""
    return tuple(check for part in PARTS for check in _in(part))


def trial_of(rail: str) -> Trial:
    """The trial that an installed package offers for this rail, or `NoTrialError`."""
    found = entry_points(group=TRIALS, name=rail)
    if len(found) != 1:
        raise NoTrialError(f"{len(found)} packages offer a trial for the rail {rail} (entry points {TRIALS})")
    (entry,) = found
    return _made(entry.load(), entry.value)


def trial_at(place: str) -> Trial:
    """The trial at `module:name`, or `NoTrialError`."""
    module, _, name = place.partition(":")
    try:
        return _made(getattr(import_module(module), name), place)
    except (ImportError, AttributeError, ValueError) as error:
        raise NoTrialError(f"no trial at {place}: {error}") from error


async def run_check(check: Check, trial: Trial, folder: Path) -> None:
    """Run `check` on a stand of its own in the empty `folder`; `BrokenPromiseError`, `NotOfferedError`."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        inbox = await stack.enter_async_context(Inbox())
        stand = await stack.enter_async_context(trial.stand(Ground(folder, http, inbox)))
        bench = Bench(stand, find_rails().get(trial.rail))
        stack.push_async_callback(bench.rail.close)
        await check.run(bench)


def _in(part: ModuleType) -> Iterator[Check]:
    for name, thing in vars(part).items():
        if name.startswith("check_"):
            says = " ".join((inspect.getdoc(thing) or name).split()).rstrip(".")
            yield Check(name.removeprefix("check_"), says, thing)


def _made(offered: Any, place: str) -> Trial:  # noqa: ANN401  whatever a stranger's entry point names
    trial: Trial = offered() if callable(offered) else offered
    if not all(hasattr(trial, name) for name in ("rail", "peer", "stand")):
        raise NoTrialError(f"{place} is no trial: it needs rail, peer and stand")
    return trial

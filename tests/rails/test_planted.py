"""The conformance kit finds every planted bug, by the checks that are meant for it and by no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from paybridge.conformance.bench import NotOfferedError
from paybridge.conformance.running import Check, all_checks, run_check
from paybridge.conformance.trial import Trial
from paybridge.rails.stripe import StripeRail
from tests.rails import localstripe
from tests.rails.planted import PLANTED, Planted, trial_of

AT_ONCE = asyncio.Semaphore(12)


async def _found(check: Check, trial: Trial, folder: Path) -> str | None:
    async with AT_ONCE:
        await asyncio.to_thread(folder.mkdir)
        try:
            await run_check(check, trial, folder)
        except NotOfferedError:
            return None
        except Exception as error:  # noqa: BLE001  a check may fail in any way
            return repr(error)
    return None


def _marked(planted: Planted) -> object:
    needs = not issubclass(planted.kind, StripeRail) or localstripe.is_installed()
    skip = pytest.mark.skipif(not needs, reason="python -m tests.rails.localstripe")
    return pytest.param(planted, id=planted.kind.__name__, marks=skip)


@pytest.mark.parametrize("planted", [_marked(one) for one in PLANTED])
async def test_a_planted_bug_is_found_by_the_checks_meant_for_it(planted: Planted, tmp_path: Path) -> None:
    found = await _all_found(
        planted, tmp_path, [check for check in all_checks() if check.name in planted.found_by]
    )

    assert found.keys() == planted.found_by


@pytest.mark.slow
@pytest.mark.parametrize("planted", [_marked(one) for one in PLANTED])
async def test_a_planted_bug_is_found_by_no_other_check(planted: Planted, tmp_path: Path) -> None:
    found = await _all_found(planted, tmp_path, all_checks())

    assert found.keys() == planted.found_by, found


async def _all_found(planted: Planted, folder: Path, checks: Sequence[Check]) -> dict[str, str]:
    trial = trial_of(planted)
    said = await asyncio.gather(*(_found(check, trial, folder / check.name) for check in checks))
    return {check.name: words for check, words in zip(checks, said, strict=True) if words is not None}

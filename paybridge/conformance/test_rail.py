"""Runs every check on every rail that was asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from paybridge.conformance.bench import BrokenPromiseError, NotOfferedError
from paybridge.conformance.plugin import RESULTS, trials
from paybridge.conformance.running import Check, all_checks, run_check
from paybridge.conformance.trial import Trial


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each check and trial."""
    found = trials(metafunc.config)
    if not found:
        raise pytest.UsageError("name a rail with --rail NAME, or a trial with --trial MODULE:NAME")
    pairs = [(check, trial) for trial in found for check in all_checks()]
    metafunc.parametrize(
        ("check", "trial"), pairs, ids=[f"{trial.rail}-{check.name}" for check, trial in pairs]
    )


def test_it_keeps_what_rails_promise(
    check: Check, trial: Trial, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each promise; one that the trial has no means for is skipped, and says why."""
    results, place = request.config.stash[RESULTS], (trial.rail, trial.peer, check.says)
    results[place] = "broken"
    try:
        asyncio.run(run_check(check, trial, tmp_path))
    except NotOfferedError as error:
        results[place] = f"left out, {error}"
        pytest.skip(str(error))
    except BrokenPromiseError as error:
        pytest.fail(f"{check.says}: {error}", pytrace=False)
    results[place] = "kept"

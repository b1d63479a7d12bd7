"""Every rail of the house keeps what the conformance kit checks, on its real peer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paybridge.conformance.bench import NotOfferedError
from paybridge.conformance.running import Check, all_checks, run_check
from paybridge.conformance.trial import Trial
from paybridge.rails._frame import find_rails
from tests.rails import lnbits, localstripe
from tests.rails.__main__ import BEGIN, END, PAGE
from tests.rails.lightning_trial import LightningTrial
from tests.rails.scripted_trial import ScriptedTrial
from tests.rails.stripe_trial import StripeTrial
from tests.rails.trials import TRIALS

ON_TRIAL: tuple[type[Trial], ...] = (*TRIALS, ScriptedTrial)


def _named(trial: type[Trial]) -> str:
    """The rail, and the scheme by which it is tried, if there are several."""
    return f"{trial.rail}{trial.peer.partition(', by ')[2]}"


STARTS_A_PROGRAM: set[type[Trial]] = {StripeTrial, LightningTrial}
ALL = [
    pytest.param(trial(), id=_named(trial), marks=[pytest.mark.slow] if trial in STARTS_A_PROGRAM else [])
    for trial in ON_TRIAL
]


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.name)
@pytest.mark.parametrize("trial", ALL)
async def test_every_rail_keeps_what_rails_promise(check: Check, trial: Trial, tmp_path: Path) -> None:
    if trial.rail == "stripe" and not localstripe.is_installed():
        pytest.skip("localstripe is not installed: python -m tests.rails.localstripe")
    if trial.rail == "lightning" and not lnbits.is_installed():
        pytest.skip(lnbits.MISSING)
    try:
        await run_check(check, trial, tmp_path)
    except NotOfferedError as error:
        pytest.skip(str(error))


def test_every_rail_of_the_house_is_on_trial() -> None:
    assert set(find_rails()) <= {trial.rail for trial in TRIALS}


def test_the_page_of_rails_tells_every_check_and_none_that_is_broken() -> None:
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)

    assert rows[2:-1] == [check.says for check in all_checks()], "run `make kit`"
    assert all(f"`{trial.rail}` on {trial.peer}" in table for trial in TRIALS), "run `make kit`"
    assert "✗" not in table

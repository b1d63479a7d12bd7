"""Failpoints do what they were armed with, at the hit that was meant, and nothing otherwise."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from paybridge.failpoints import BadFailpointError, FailpointError, arm, failpoint, hits


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


def test_a_failpoint_raises_at_the_hit_that_was_meant_and_at_no_other() -> None:
    arm("some.place=raise@2")
    failpoint("some.place")

    with pytest.raises(FailpointError, match=r"some\.place"):
        failpoint("some.place")
    failpoint("some.place")
    failpoint("other.place")

    assert hits("some.place") == 3


def test_what_is_armed_anew_forgets_what_was_armed_before() -> None:
    arm("some.place=raise")
    arm("other.place=count")
    failpoint("some.place")
    failpoint("other.place")

    assert hits("other.place") == 1


@pytest.mark.parametrize(
    "orders", ["some.place", "some.place=explode", "x=kill@0", "x=delay:", "x=kill;y=kill"]
)
def test_an_order_that_cannot_be_read_is_refused_and_changes_nothing(orders: str) -> None:
    arm("some.place=count")

    with pytest.raises(BadFailpointError):
        arm(orders)
    failpoint("some.place")
    assert hits("some.place") == 1


def test_kill_ends_the_process_without_another_word() -> None:
    program = (
        "from paybridge.failpoints import arm, failpoint\n"
        "arm('some.place=kill@2')\n"
        "failpoint('some.place')\nprint('once', flush=True)\nfailpoint('some.place')\nprint('twice')\n"
    )
    ended = _run(program)

    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, "once\n")


def test_nothing_in_the_environment_arms_a_failpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAILPOINTS", "PAYBRIDGE_FAILPOINTS", "PAYBRIDGE_FAILPOINT"):
        monkeypatch.setenv(name, "some.place=kill")
    program = "from paybridge.failpoints import failpoint\nfailpoint('some.place')\nprint('lives')\n"
    ended = _run(program)

    assert (ended.returncode, ended.stdout) == (0, "lives\n")


def _run(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words

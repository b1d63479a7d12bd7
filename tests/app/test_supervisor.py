"""A task that fails is started again, named while it is not well, and takes no other down."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from paybridge.app import Backoff, FatalError, Supervisor


class Stopwatch:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def supervisor(stopwatch: Stopwatch) -> Supervisor:
    return Supervisor(Backoff(jitter=lambda: 0.0, first=0, most=0), monotonic=stopwatch)


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    with capture_logs():
        yield
    structlog.reset_defaults()


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_failing_task_runs_again_and_the_others_go_on(supervisor: Supervisor) -> None:
    starts: list[str] = []

    async def shaky() -> None:
        starts.append("shaky")
        if len(starts) == 4:
            supervisor.stop()
            await for_ever()
        raise ConnectionError("refused")

    async def steady() -> None:
        starts.append("steady")
        await for_ever()

    await supervisor.run({"shaky": shaky, "steady": steady})

    assert starts == ["shaky", "steady", "shaky", "shaky"]


async def test_a_task_is_named_as_failing_until_it_has_run_steadily(
    supervisor: Supervisor, stopwatch: Stopwatch
) -> None:
    seen = []
    runs = iter(range(2))

    async def shaky() -> None:
        if next(runs) == 0:
            seen.append(supervisor.failing())
            raise ConnectionError("a secret")
        seen.append(supervisor.failing())
        stopwatch.seconds += supervisor.backoff.steady
        seen.append(supervisor.failing())
        supervisor.stop()

    await supervisor.run({"shaky": shaky})

    assert seen == [{}, {"shaky": "failed: ConnectionError"}, {}]


async def test_a_task_that_just_ends_has_failed_too(supervisor: Supervisor) -> None:
    runs: list[None] = []

    async def short() -> None:
        runs.append(None)
        if len(runs) == 2:
            supervisor.stop()

    await supervisor.run({"short": short})

    assert supervisor.failing() == {"short": "failed: EndedError"}


async def test_a_fatal_error_ends_every_task_and_comes_out(supervisor: Supervisor) -> None:
    ended: list[str] = []

    async def doomed() -> None:
        raise FatalError("the access token was revoked")

    async def steady() -> None:
        try:
            await for_ever()
        finally:
            ended.append("steady")

    with pytest.raises(FatalError, match="the access token was revoked"):
        await supervisor.run({"steady": steady, "doomed": doomed})

    assert ended == ["steady"]


async def test_other_errors_can_be_named_as_fatal(stopwatch: Stopwatch) -> None:
    supervisor = Supervisor(Backoff(jitter=lambda: 0.0), monotonic=stopwatch, fatal=(FatalError, LookupError))

    async def doomed() -> None:
        raise KeyError("token")

    with pytest.raises(KeyError):
        await supervisor.run({"doomed": doomed})


async def test_spawned_work_that_fails_is_logged_and_nothing_else(supervisor: Supervisor) -> None:
    async def errand() -> None:
        supervisor.stop()
        raise ConnectionError

    async def sends() -> None:
        supervisor.spawn("errand", errand())
        await for_ever()

    with capture_logs() as lines:
        await supervisor.run({"sends": sends})

    assert [(line["event"], line["task"]) for line in lines] == [("work failed", "errand")]
    assert supervisor.failing() == {}


async def test_spawned_work_can_be_fatal_and_is_ended_with_the_rest(supervisor: Supervisor) -> None:
    ended: list[str] = []

    async def waiting() -> None:
        try:
            await for_ever()
        finally:
            ended.append("waiting")

    async def doomed() -> None:
        await asyncio.sleep(0)
        raise FatalError("no")

    async def sends() -> None:
        supervisor.spawn("waiting", waiting())
        supervisor.spawn("doomed", doomed())
        await for_ever()

    with pytest.raises(FatalError):
        await supervisor.run({"sends": sends})

    assert ended == ["waiting"]


async def test_nothing_is_spawned_once_all_is_stopping(supervisor: Supervisor) -> None:
    supervisor.stop()
    supervisor.spawn("late", for_ever())

    await supervisor.run({})


async def test_a_task_that_does_not_end_is_named_and_left_behind(stopwatch: Stopwatch) -> None:
    supervisor = Supervisor(Backoff(jitter=lambda: 0.0), monotonic=stopwatch, patience=0.01)
    free = asyncio.Event()

    async def stubborn() -> None:
        supervisor.stop()
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    with capture_logs() as lines:
        await supervisor.run({"stubborn": stubborn})
    free.set()

    assert [(line["event"], line["task"]) for line in lines] == [("task does not end", "stubborn")]


def test_waits_double_up_to_the_most_and_jitter_shortens_them() -> None:
    whole = Backoff(jitter=lambda: 0.0, first=0.5, most=60)
    halved = Backoff(jitter=lambda: 1.0, first=0.5, most=60)

    assert [whole.wait(failures) for failures in (1, 2, 3, 7, 8, 10_000)] == [0.5, 1, 2, 32, 60, 60]
    assert halved.wait(8) == 30


PROGRAM = """
import asyncio, sys, time
from paybridge.app import Backoff, Supervisor

async def works():
    print("working", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("put away", flush=True)

async def main():
    supervisor = Supervisor(Backoff(jitter=lambda: 0.0), monotonic=time.monotonic)
    await supervisor.run({"works": works})
    print("closed", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_tasks_and_the_program(number: signal.Signals) -> None:
    with subprocess.Popen(  # noqa: S603  our own program, above
        [sys.executable, "-c", textwrap.dedent(PROGRAM)], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        first = program.stdout.readline()
        program.send_signal(number)
        rest, _ = program.communicate(timeout=30)

    assert (first, rest, program.returncode) == ("working\n", "put away\nclosed\n", 0)

"""How the book and the mailbox write: works are lined up, and each is answered once it is durable."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from paybridge.services.ports import BookUnavailableError
from paybridge.storage.works import Answer, Failed, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Writing(Protocol):
    """A writer, whichever engine it writes to."""

    async def run(self, work: Work) -> Answer:
        """What the work is answered by, once it is durable; else why it was refused."""

    def submit(self, work: Work) -> asyncio.Future[Answer]:
        """Line the work up; whatever is lined up later is never durable before it."""


@dataclass(frozen=True, slots=True)
class Job:
    """A work, and the caller who waits for its answer."""

    work: Work
    answer: asyncio.Future[Answer]


class Gathering:
    """Gathers the works of one turn of the event loop and hands them over together."""

    def __init__(self, hand_over: Callable[[list[Job]], None]) -> None:
        self._hand_over_jobs = hand_over
        self._loop = asyncio.get_running_loop()
        self._gathered: list[Job] = []
        self.closed = False

    async def run(self, work: Work) -> Answer:
        return await self.submit(work)

    def submit(self, work: Work) -> asyncio.Future[Answer]:
        if self.closed:
            raise BookUnavailableError("the database is closed")
        job = Job(work, self._loop.create_future())
        # Callers woken by one commit come back in one turn of the loop: hand them over together.
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(job)
        return job.answer

    def close(self) -> bool:
        """Take nothing more and hand over what there is; False if it was closed before."""
        if self.closed:
            return False
        self.closed = True
        self._hand_over()
        return True

    def _hand_over(self) -> None:
        if self._gathered:
            jobs, self._gathered = self._gathered, []
            self._hand_over_jobs(jobs)


def answer_all(jobs: Sequence[Job], outcomes: Sequence[Answer | Failed]) -> None:
    """Tell every caller its outcome; in the event loop."""
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.answer.done():  # its caller was cancelled; the work is written all the same
            continue
        if isinstance(outcome, Failed):
            job.answer.set_exception(outcome.error)
        else:
            job.answer.set_result(outcome)


def unavailable(error: Exception) -> Failed:
    """The outcome of everyone in a transaction that came to nothing."""
    if isinstance(error, BookUnavailableError):
        return Failed(error)
    told = BookUnavailableError(str(error) or type(error).__name__)
    told.__cause__ = error
    return Failed(told)

"""A program of ours that runs beside the demo, on a leash: it ends when the demo does, however that ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

PATIENCE_SECONDS: Final = 60.0
_LOOK_EVERY: Final = 0.05
_TAIL_LINES: Final = 30


class ProgramError(Exception):
    """The program ended, or never became ready; its last lines say why."""


class Program:
    """One run after another of `python -m MODULE ARGUMENTS`, its output in one file."""

    def __init__(
        self, module: str, *arguments: str, output: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._module = module
        self._arguments = arguments
        self._output = output
        self._environment = {**os.environ, **(environment or {})}
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process that runs now."""
        if self._process is None:
            raise ProgramError(f"{self._module} is not running")
        return self._process.pid

    async def start(self, ready: Callable[[], Awaitable[bool]]) -> None:
        """Start it and wait until `ready`."""
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "paybridge.demo.leash", self._module, *self._arguments,
                stdin=PIPE, stdout=output, stderr=output, env=self._environment, start_new_session=True,
            )  # fmt: skip
        for _ in range(int(PATIENCE_SECONDS / _LOOK_EVERY)):
            if self._process.returncode is not None:
                break
            if await ready():
                return
            await asyncio.sleep(_LOOK_EVERY)
        await self.kill()
        raise ProgramError(f"{self._module} did not start:\n{self.tail()}")

    async def stop(self) -> int | None:
        """Ask it to end, and wait. Returns its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> int | None:
        """End it without warning, as a crash would."""
        return await self._end(signal.SIGKILL)

    def tail(self) -> str:
        """The last lines that it printed."""
        return "\n".join(self.printed().splitlines()[-_TAIL_LINES:])

    def printed(self) -> str:
        """Everything that it has printed so far."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    async def _end(self, by: signal.Signals) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            process.send_signal(by)
        return await process.wait()

"""What a soak run is judged by besides its books: how long people wait, and what the bot's process holds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

MIB: Final = 2**20
GROWTH: Final = 1.15
"""Between the first and the last third of a run; more is growth, and `SLACK` on top of it."""

SLACK: Final = 8
FILES_SLACK: Final = 12
MOST_WAITING: Final = 40
FEWEST_MINUTES: Final = 3


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute: commands typed, seconds until each answer, and the bot at its end (memory in MiB)."""

    number: int
    commands: int
    answer_seconds: Sequence[float]
    memory: float
    files: int
    letters: int
    posts: int
    late: int
    doubled: int

    def __str__(self) -> str:
        waits = [percentile(self.answer_seconds, percent) for percent in (50, 95)]
        return (
            f"minute {self.number:3}: {self.commands:4} commands, {len(self.answer_seconds):4} answers, "
            f"p50 {waits[0]:.2f} s, p95 {waits[1]:.2f} s; bot {self.memory:.1f} MiB, {self.files} files, "
            f"inbox {self.letters}, outbox {self.posts}; late {self.late}, doubled {self.doubled}"
        )


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` of a hundred do not exceed; not a number if there are none."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1] if values else math.nan


def growth(minutes: Sequence[Minute]) -> list[str]:
    """What grew from the first third of the run, without its first minute, to the last; a line each."""
    if len(minutes) < FEWEST_MINUTES:
        return []
    third = max(1, len(minutes) // 3)
    early, late = minutes[1 : 1 + third], minutes[-third:]
    memory = [median(minute.memory for minute in part) for part in (early, late)]
    files = [median(minute.files for minute in part) for part in (early, late)]
    waiting = median(minute.letters + minute.posts for minute in late)
    found = []
    if memory[1] > memory[0] * GROWTH + SLACK:
        found.append(f"memory grew from {memory[0]:.1f} to {memory[1]:.1f} MiB")
    if files[1] > files[0] + FILES_SLACK:
        found.append(f"open files grew from {files[0]} to {files[1]}")
    if waiting > MOST_WAITING:
        found.append(f"{waiting} letters and posts wait in the end")
    return found


def memory_of(process: int) -> float:
    """The MiB that a process holds now."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) * 1024 / MIB


def files_of(process: int) -> int:
    """How many files and sockets a process has open."""
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())

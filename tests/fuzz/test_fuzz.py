"""A short fuzz run; `make fuzz` is the long one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.run import fuzz

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = 2_000
SEED = 5


async def test_nothing_strange_makes_the_bot_fall_or_forget(tmp_path: Path) -> None:
    outcome = await fuzz(INPUTS, SEED, tmp_path, lambda _: None)

    assert outcome.inputs >= INPUTS
    assert outcome.watch.wrong == []
    assert outcome.watch.canaries == outcome.canaries > 0
    assert outcome.log.bugs == []

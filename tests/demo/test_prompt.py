"""The demo's prompt: where the lines that are typed come from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from paybridge.demo.prompt import lines_of

if TYPE_CHECKING:
    from pathlib import Path


async def test_lines_may_come_from_a_file_and_its_end_is_told(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_text("alice: !balance\nbob# !menu\n")
    with file.open() as typed:
        lines = lines_of(typed)
        heard = [await asyncio.wait_for(lines.get(), 30) for _ in range(3)]

    assert heard == ["alice: !balance\n", "bob# !menu\n", None]
